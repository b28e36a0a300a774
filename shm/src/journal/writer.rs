//! The writing end, on the engine's thread: a row is sealed, copied into memory and published.
//!
//! No system call, no lock, no allocation. Segments come from a ring that the drain fills and go
//! to it by another one, each with the header that it begins with.

use super::header::SegmentHeader;
use super::memory::Memory;
use super::row::{self, END, OUTGOING};
use engine::event::Event;
use engine::time::Nanos;
use rtrb::{Consumer, Producer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is wrong with the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Trouble {
    /// Only the room that is reserved for the shutdown is left in memory.
    Low = 1,
    /// The disk takes no more.
    Disk = 2,
}

/// A word on cache lines of its own: what one end stores often does not slow the other down.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Line(AtomicU64);

impl std::ops::Deref for Line {
    type Target = AtomicU64;

    #[inline]
    fn deref(&self) -> &AtomicU64 {
        &self.0
    }
}

/// What both ends know.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Rows below it are in memory: released by the writer, acquired by the drain.
    pub written: Line,
    /// Rows below it are on disk: released by the drain, acquired by the writer.
    pub durable: Line,
    /// First row plus one of the segment that the drain wants closed; 0: none. The writer loads it
    /// with each row, and the drain hardly ever stores it.
    pub rotate: Line,
    /// 1 while the disk takes no more. Relaxed: it carries nothing but itself.
    pub disk: Line,
}

/// A segment that the writer has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opened {
    pub slot: usize,
    pub header: SegmentHeader,
}

/// The engine's end of a journal.
#[derive(Debug)]
pub struct JournalWriter {
    shared: Arc<Shared>,
    memory: Arc<[Memory]>,
    ready: Consumer<usize>,
    opened: Producer<Opened>,
    current: usize,
    header: SegmentHeader,
    /// Rows in the current segment.
    place: usize,
    rows: usize,
    reserve: u64,
    sent: u64,
    digest: u64,
    lost: u64,
    /// Time of the last row.
    at: Nanos,
}

/// The digest of sent rows with one more: everything but how long it took.
#[inline]
pub fn roll(digest: u64, row: &Event) -> u64 {
    let tail = u64::from(row.instrument.0) | u64::from(row.kind) << 16 | u64::from(row.flags) << 24;
    let [a, b, c, d] = row.payload;
    [row.at.0, row.id, a, b, c, d, tail].into_iter().fold(digest, |digest, word| {
        (digest ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23)
    })
}

impl JournalWriter {
    /// Over memory whose slot `opened` has begun with this header already.
    pub(super) fn new(
        (shared, memory): (Arc<Shared>, Arc<[Memory]>),
        (ready, mut opened): (Consumer<usize>, Producer<Opened>),
        (slot, header): (usize, SegmentHeader),
        reserve: u64,
    ) -> Self {
        let rows = memory[slot].rows();
        memory[slot].put_header(&header.to_bytes());
        shared.written.store(header.first, Ordering::Release);
        // The ring holds all slots there are.
        let _ = opened.push(Opened { slot, header });
        Self {
            shared,
            memory,
            ready,
            opened,
            current: slot,
            header,
            place: 0,
            rows,
            reserve,
            sent: 0,
            digest: 0,
            lost: 0,
            at: Nanos::ZERO,
        }
    }

    /// Writes an event that is about to be applied, and gives its place. `None` when there is no
    /// room at all, or when its kind is no event's: then it must not be applied.
    #[inline]
    pub fn record(&mut self, event: &Event) -> Option<u64> {
        if matches!(event.kind, 1..OUTGOING) { self.push(event) } else { self.refuse() }
    }

    #[cold]
    fn refuse(&mut self) -> Option<u64> {
        self.lost += 1;
        None
    }

    #[inline]
    fn push(&mut self, event: &Event) -> Option<u64> {
        let is_wanted = self.shared.rotate.load(Ordering::Relaxed) == self.header.first + 1;
        let is_full = self.place >= self.rows;
        if is_full || is_wanted {
            let has_room = self.switch() || !is_full;
            if !has_room {
                return self.refuse();
            }
        }
        let seq = self.seq();
        let bytes = row::seal(event, seq);
        self.memory[self.current].put(self.place, &bytes);
        self.place += 1;
        self.at = event.at;
        // Pairs with the drain's acquire: the row is in memory before it counts.
        self.shared.written.store(seq + 1, Ordering::Release);
        Some(seq)
    }

    /// Writes what is about to be sent, a row of [`super::sent`]. `None`: it must not be sent.
    #[inline]
    pub fn sent(&mut self, row: &Event) -> Option<u64> {
        if row.kind < OUTGOING || row.kind == END {
            return self.refuse();
        }
        let seq = self.push(row)?;
        self.sent += 1;
        self.digest = roll(self.digest, row);
        Some(seq)
    }

    /// Writes that the session ends in order, at the time of the row before; false when there is no
    /// room.
    pub fn end(&mut self) -> bool {
        let mut row = Event { at: self.at, id: self.sent, kind: END, ..Event::default() };
        row.payload[0] = self.digest;
        self.push(&row).is_some()
    }

    /// The next segment; false when none is ready.
    #[cold]
    fn switch(&mut self) -> bool {
        if self.place == 0 {
            return false;
        }
        let Ok(slot) = self.ready.pop() else { return false };
        let (sent, sent_digest) = (self.sent, self.digest);
        let header = SegmentHeader { first: self.seq(), sent, sent_digest, ..self.header };
        // A slot is in one of the rings or in use, so that there is always room in this one.
        self.memory[slot].put_header(&header.to_bytes());
        let _ = self.opened.push(Opened { slot, header });
        (self.current, self.header, self.place) = (slot, header, 0);
        true
    }

    /// Place of the next row.
    #[inline]
    pub const fn seq(&self) -> u64 {
        self.header.first + self.place as u64
    }

    /// Of the journal.
    #[inline]
    pub const fn journal(&self) -> u64 {
        self.header.journal
    }

    /// Rows below it are on disk, as far as `sync` promises.
    #[inline]
    pub fn durable(&self) -> u64 {
        // Pairs with the drain's release after the disk has them.
        self.shared.durable.load(Ordering::Acquire)
    }

    /// What is wrong, if anything.
    pub fn trouble(&self) -> Option<Trouble> {
        let free = (self.rows - self.place) as u64 + (self.ready.slots() * self.rows) as u64;
        if self.shared.disk.load(Ordering::Relaxed) != 0 {
            Some(Trouble::Disk)
        } else {
            (free < self.reserve).then_some(Trouble::Low)
        }
    }

    /// Rows that found no room.
    pub const fn lost(&self) -> u64 {
        self.lost
    }
}
