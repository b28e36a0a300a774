//! The fastest way through frames that look as their stream's frames always do: every byte is
//! checked against what is expected while numbers go straight to ticks and lots, many bytes at a
//! time, and what is wrong is looked at once, in the end.
//!
//! Whatever differs in any way makes it give up with [`Found::Nothing`], and another reader
//! decides: this one accepts nothing that the general reader would not read the same. One thing it
//! leaves out: of a best bid and ask that nobody wants, it reads the id and the symbol alone.

mod best;
mod depth;
mod reading;
mod trade;

use super::look::Look;
use super::streams::{Kind, Stream, Streams};
use super::{Flavour, Width};
use crate::reading::Rows;
use crate::sequence::DiffHead;
use crate::simd::avx2::Avx2;
use crate::simd::block::{self, Block, PLACES, Row};
use crate::simd::level::{Level, Machine, Task};
use crate::simd::text::{Text, part};
use engine::event::Event;
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::time::Nanos;
use reading::Reading;

/// What a frame was. Its rows are left with the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Not for this reader.
    Nothing,
    /// A best bid and ask, in [`Fast::row`].
    Best,
    /// A trade, in [`Fast::row`].
    Trade,
    /// A diff of this instrument, its head in [`Fast::head`].
    Depth(InstrumentId),
    /// A best bid and ask of this instrument that was not wanted.
    Stale(InstrumentId),
}

/// The reader's tables and what it found last.
#[derive(Debug)]
pub(super) struct Fast {
    level: Option<Level>,
    flavour: Flavour,
    streams: Streams,
    looks: Vec<Look>,
    scratch: Box<Scratch>,
    /// The row of the last best bid and ask or trade.
    pub row: Row,
    /// The head of the last diff.
    pub head: DiffHead,
}

/// Memory for the levels of one message.
#[derive(Debug)]
struct Scratch {
    block: Block,
    points: block::Places,
}

/// A frame to be read.
struct Frame<'a, W> {
    text: Text<'a>,
    at: Nanos,
    wants_best: &'a W,
    fast: &'a mut Fast,
    rows: &'a mut Rows,
}

impl Fast {
    /// With the highest level that this machine has.
    pub fn new(flavour: Flavour, instruments: &[Instrument]) -> Self {
        let looks: Vec<Look> = instruments.iter().filter_map(Look::new).collect();
        let whole = looks.len() == instruments.len();
        Self {
            level: Level::detect().filter(|_| whole),
            flavour,
            streams: Streams::new(instruments, flavour),
            looks,
            scratch: Box::new(Scratch { block: Block::new(), points: [0; PLACES] }),
            row: Row(Event::default()),
            head: DiffHead { before: 0, last: 0, at: Nanos::ZERO },
        }
    }

    /// Reads with this width from now on, where the machine has it; with one byte, it finds
    /// nothing.
    pub fn set_width(&mut self, width: Width) -> bool {
        let has = |level: &Level| match level {
            Level::Avx2(_) => width == Width::Avx2,
            Level::Avx512(_) => width == Width::Avx512,
        };
        let level = Level::all().into_iter().find(has);
        if level.is_some() || width == Width::Plain {
            self.level = level;
        }
        level.is_some() || width == Width::Plain
    }

    /// Reads a frame.
    #[inline]
    pub fn read<W>(
        &mut self,
        frame: (&[u8], usize),
        at: Nanos,
        wants_best: &W,
        rows: &mut Rows,
    ) -> Found
    where
        W: Fn(InstrumentId, u64) -> bool,
    {
        let text = Text::new(frame.0, frame.1);
        let Some((level, text)) = self.level.zip(text) else { return Found::Nothing };
        level.run(Frame { text, at, wants_best, fast: self, rows })
    }

    /// A frame of the n-th instrument was read by another reader.
    #[cold]
    pub fn missed(&mut self, place: usize, frame: &[u8]) {
        if let Some(look) = self.looks.get_mut(place).filter(|_| self.level.is_some()) {
            look.learn(frame);
        }
    }
}

impl<W: Fn(InstrumentId, u64) -> bool> Task for Frame<'_, W> {
    type Out = Found;

    #[inline(always)]
    fn run<M: Machine>(self, machine: M) -> Found {
        let Self { text, at, wants_best, fast, rows } = self;
        let Fast { streams, looks, scratch, row, head, flavour, .. } = fast;
        let Some((stream, look)) = stream_of(machine.avx2(), text, streams, looks) else {
            return Found::Nothing;
        };
        let reading =
            Reading { machine, lanes: machine.avx2(), text, at, stream, flavour: *flavour };
        let found = match stream.kind {
            Kind::Best => best::read(&reading, look, wants_best, row),
            Kind::Trade => trade::read(&reading, look, row),
            Kind::Depth => depth::read(&reading, look, scratch, (head, rows)),
        };
        found.unwrap_or(Found::Nothing)
    }
}

/// The stream whose head the frame has, and how its instrument's messages look.
#[inline(always)]
fn stream_of<'s>(
    lanes: Avx2,
    text: Text<'_>,
    streams: &'s Streams,
    looks: &'s mut [Look],
) -> Option<(&'s Stream, &'s mut Look)> {
    let window = text.window::<128>(0)?;
    let stream = streams.find(window)?;
    let len = usize::from(stream.head_len);
    let (middle, last) = (len.wrapping_sub(32).min(32), len.wrapping_sub(32));
    let same = lanes.all_same([
        (part(window, 0)?, part(&stream.head, 0)?),
        (part(window, middle)?, part(&stream.head, middle)?),
        (part(window, last)?, part(&stream.head, last)?),
    ]);
    let look = looks.get_mut(usize::from(stream.place))?;
    if same && look.readable { Some((stream, look)) } else { None }
}
