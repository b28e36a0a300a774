//! Rows in an order, some at a time: what a tape gives, and what stays in memory.

use crate::tape::venue_at;
use engine::event::Event;
use engine::time::Nanos;
use std::fmt;

/// Why a run could not go on: for people, with the file and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed(pub String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

/// Rows by growing `at`, a batch at a time.
pub trait Rows {
    /// The batch at hand; empty before the first [`Rows::turn`] and at the end.
    fn rows(&self) -> &[Event];

    /// Goes on to the next batch, which is not empty; false at the end, and then the batch is
    /// empty.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn turn(&mut self) -> Result<bool, Failed>;
}

/// Rows as the venue has them, by growing time there, a batch at a time.
pub trait Moments {
    /// A row of the batch at hand, and when it happened; none behind the last one.
    fn moment(&self, place: usize) -> Option<(Nanos, &Event)>;

    /// See [`Rows::turn`].
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn turn(&mut self) -> Result<bool, Failed>;
}

impl<R: Rows> Moments for R {
    #[inline]
    fn moment(&self, place: usize) -> Option<(Nanos, &Event)> {
        self.rows().get(place).map(|row| (row.at, row))
    }

    fn turn(&mut self) -> Result<bool, Failed> {
        Rows::turn(self)
    }
}

/// When rows happened and their places, by the venue's time, those of an instant in the order of
/// their receipt; four billion rows at most.
pub fn by_venue(received: &[Event]) -> Vec<(Nanos, u32)> {
    let moments = received.iter().zip(0..).map(|(row, place)| (venue_at(row), place));
    let mut order: Vec<_> = moments.collect();
    order.sort_unstable();
    order
}

/// So many rows before its turn one is brought near.
const AHEAD: usize = 32;

/// Rows in memory that lie by receipt, gone through by the venue's time. What one order has brought
/// near is near for the other.
#[derive(Clone, Debug)]
pub struct HeldMoments<'a> {
    all: &'a [Event],
    order: &'a [(Nanos, u32)],
    begun: bool,
    over: bool,
}

impl<'a> HeldMoments<'a> {
    /// Of these, in the order of [`by_venue`].
    pub const fn new(all: &'a [Event], order: &'a [(Nanos, u32)]) -> Self {
        Self { all, order, begun: false, over: false }
    }

    /// The first moment.
    pub fn first(&self) -> Option<Nanos> {
        Some(self.order.first()?.0)
    }
}

impl Moments for HeldMoments<'_> {
    #[inline]
    fn moment(&self, place: usize) -> Option<(Nanos, &Event)> {
        if let Some((_, soon)) = self.order.get(place + AHEAD) {
            shm::bring_near(self.all, *soon as usize);
        }
        let (at, place) = *self.order.get(place)?;
        let row = self.all.get(place as usize)?;
        (self.begun && !self.over).then_some((at, row))
    }

    fn turn(&mut self) -> Result<bool, Failed> {
        self.over = self.begun || self.all.is_empty();
        self.begun = true;
        Ok(!self.over)
    }
}

/// Rows that are all in memory.
#[derive(Clone, Debug)]
pub struct Held<T> {
    all: T,
    begun: bool,
    over: bool,
}

impl<T: AsRef<[Event]>> Held<T> {
    /// These, which are in order.
    pub const fn new(all: T) -> Self {
        Self { all, begun: false, over: false }
    }
}

impl<T: AsRef<[Event]>> Rows for Held<T> {
    #[inline]
    fn rows(&self) -> &[Event] {
        if self.begun && !self.over { self.all.as_ref() } else { &[] }
    }

    fn turn(&mut self) -> Result<bool, Failed> {
        self.over = self.begun || self.all.as_ref().is_empty();
        self.begun = true;
        Ok(!self.over)
    }
}
