//! Rows in the order of the venue's own time, of a tape that lies in the order of receipt.
//!
//! Each group says the earliest venue time in it. Rows that are not later than the earliest of all
//! groups to come are in their final place once they are sorted; the rest waits for the next group.
//! What a venue tells very late would make all others wait: beyond [`HELD_MAX`] rows they do not,
//! and what then comes too late is given at once, and counted.

use super::window::Groups;
use super::{GROUP, Tape, TapeError, venue_at};
use engine::event::Event;
use engine::time::Nanos;

/// Rows that wait at most for what happened before them.
const HELD_MAX: usize = 4 * GROUP;

/// Rows by the venue's time. At most `HELD_MAX` rows and a few groups are in memory at a time.
#[derive(Debug)]
pub struct ByVenue<'a> {
    groups: Groups<'a>,
    sorted: Sorted,
}

impl<'a> ByVenue<'a> {
    pub(super) fn new(tape: &'a Tape, from: Nanos, to: Nanos) -> Self {
        let groups = Groups::new(tape, from, to);
        Self { sorted: Sorted::new(&groups), groups }
    }

    /// The next rows; `None` when the window is over.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn next_rows(&mut self) -> Result<Option<&[Event]>, TapeError> {
        self.sorted.turn(&mut self.groups)?;
        Ok(Some(self.sorted.ready()).filter(|rows| !rows.is_empty()))
    }

    /// Rows that came too late for their place so far.
    pub const fn late(&self) -> u64 {
        self.sorted.late
    }
}

/// The rows that are sorted, of which the first ones are in their final place.
#[derive(Debug)]
pub(super) struct Sorted {
    at: Vec<Nanos>,
    rows: Vec<Event>,
    /// The first row that was not passed.
    next: usize,
    /// The first row that waits.
    safe: usize,
    /// The next group, and the earliest venue time from each group on.
    place: usize,
    earliest: Vec<Nanos>,
    /// The time of the last row in its final place.
    last: Nanos,
    pub late: u64,
    keys: Vec<(Nanos, u32)>,
    unsorted: Vec<Event>,
}

impl Sorted {
    pub fn new(groups: &Groups<'_>) -> Self {
        let range = groups.range.clone();
        let mut earliest: Vec<Nanos> =
            groups.tape.groups.get(range.clone()).map_or_else(Vec::new, |groups| {
                groups.iter().map(|group| Nanos(group.venue)).collect()
            });
        let mut least = Nanos(u64::MAX);
        for at in earliest.iter_mut().rev() {
            least = least.min(*at);
            *at = least;
        }
        Self {
            at: Vec::new(),
            rows: Vec::new(),
            next: 0,
            safe: 0,
            place: range.start,
            earliest,
            last: Nanos::ZERO,
            late: 0,
            keys: Vec::new(),
            unsorted: Vec::new(),
        }
    }

    /// Rows that are in their final place.
    pub fn ready(&self) -> &[Event] {
        self.rows.get(self.next..self.safe).unwrap_or_default()
    }

    /// Makes the next ones ready, unless there are no more.
    pub fn turn(&mut self, groups: &mut Groups<'_>) -> Result<(), TapeError> {
        self.next = self.safe;
        while self.next >= self.safe && self.place < groups.range.end {
            groups.read(self.place)?;
            self.place += 1;
            let earliest = self.earliest.get(self.place - groups.range.start);
            let earliest = earliest.copied().unwrap_or(Nanos(u64::MAX));
            self.add(groups.rows(), earliest);
        }
        Ok(())
    }

    /// Sorts what waits and a group; later groups have nothing before `earliest`.
    fn add(&mut self, rows: &[Event], earliest: Nanos) {
        self.unsorted.clear();
        self.unsorted.extend_from_slice(self.rows.get(self.next..).unwrap_or_default());
        self.keys.clear();
        self.keys.extend(self.at.get(self.next..).unwrap_or_default().iter().map(|at| (*at, 0)));
        self.unsorted.extend_from_slice(rows);
        for row in rows {
            let at = venue_at(row);
            self.late += u64::from(at < self.last);
            self.keys.push((at.max(self.last), 0));
        }
        for (place, key) in self.keys.iter_mut().enumerate() {
            key.1 = place as u32;
        }
        self.keys.sort_unstable();
        self.at.clear();
        self.at.extend(self.keys.iter().map(|(at, _)| *at));
        self.rows.clear();
        let unsorted = &self.unsorted;
        let placed = self.keys.iter().filter_map(|(_, place)| unsorted.get(*place as usize));
        self.rows.extend(placed.copied());
        self.next = 0;
        let safe = self.at.partition_point(|at| *at <= earliest);
        self.safe = safe.max(self.at.len().saturating_sub(HELD_MAX));
        self.last = self.safe.checked_sub(1).map_or(self.last, |place| self.at[place]);
    }
}
