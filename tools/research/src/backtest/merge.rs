//! Several sources of rows as one, by time. Rows of one instant come in the order of the sources,
//! so that no message is broken up.

use super::rows::{Failed, Rows};
use engine::event::Event;
use engine::time::Nanos;

/// Most rows of a batch that is put together.
const BATCH: usize = 8_192;

/// Behind every row of every source.
const END: (Nanos, usize) = (Nanos(u64::MAX), usize::MAX);

/// Sources of rows, merged. One alone is handed through as it is.
#[derive(Debug)]
pub struct Merged<R> {
    sources: Vec<Source<R>>,
    batch: Vec<Event>,
}

#[derive(Debug)]
struct Source<R> {
    rows: R,
    place: usize,
    over: bool,
}

impl<R: Rows> Source<R> {
    fn at(&self) -> Nanos {
        self.rows.rows().get(self.place).map_or(Nanos(u64::MAX), |row| row.at)
    }

    /// Has a row at hand unless it is over.
    fn fill(&mut self) -> Result<(), Failed> {
        if !self.over && self.place >= self.rows.rows().len() {
            self.over = !self.rows.turn()?;
            self.place = 0;
        }
        Ok(())
    }
}

impl<R: Rows> Merged<R> {
    /// Of these.
    pub fn new(sources: impl IntoIterator<Item = R>) -> Self {
        let source = |rows| Source { rows, place: 0, over: false };
        let sources: Vec<_> = sources.into_iter().map(source).collect();
        let room = if sources.len() > 1 { BATCH } else { 0 };
        Self { sources, batch: Vec::with_capacity(room) }
    }

    /// Moves rows of the source whose next one is first, up to where another one's begin; false
    /// when none has any.
    fn take(&mut self) -> Result<bool, Failed> {
        // By time, then by place: the first source, and where the second one begins.
        let (mut first, mut second) = (END, END);
        for (place, source) in self.sources.iter_mut().enumerate() {
            source.fill()?;
            let next = (source.at(), place);
            if next < first {
                (first, second) = (next, first);
            } else if next < second {
                second = next;
            }
        }
        let place = first.1;
        let Some(source) = self.sources.get_mut(place) else { return Ok(false) };
        let rows = &source.rows.rows()[source.place..];
        let end = rows.partition_point(|row| (row.at, place) < second);
        let end = end.min(BATCH - self.batch.len());
        self.batch.extend_from_slice(&rows[..end]);
        source.place += end;
        Ok(end > 0)
    }
}

impl<R: Rows> Rows for Merged<R> {
    #[inline]
    fn rows(&self) -> &[Event] {
        match self.sources.as_slice() {
            [one] => one.rows.rows(),
            _ => &self.batch,
        }
    }

    fn turn(&mut self) -> Result<bool, Failed> {
        if let [one] = self.sources.as_mut_slice() {
            return one.rows.turn();
        }
        self.batch.clear();
        while self.batch.len() < BATCH && self.take()? {}
        Ok(!self.batch.is_empty())
    }
}
