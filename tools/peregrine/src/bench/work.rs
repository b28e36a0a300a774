//! The hot functions, each with all that it works on: `peregrine bench` times them, and the
//! project's instruction budget counts them. The names are those of the promised rows.

use super::desk::{Check, Quotes, Unchanged};
use super::feed::{Decode, Update};
use super::keep::{JournalRow, Span};
use super::order::{Frame, Signing};
use super::tick::{Message, Tick};
use super::triangular::{Search, Shape};
use std::fmt;

/// One hot function: a turn of it is some operations over what it was made with.
pub trait Work {
    /// What has to be put back before a turn; not measured.
    fn prepare(&mut self) {}
    /// One turn; how many operations it was.
    fn run(&mut self) -> usize;
}

/// Why a work cannot be made.
#[derive(Debug)]
pub struct Unfit(String);

impl Unfit {
    /// For this reason.
    pub fn new(why: impl fmt::Display) -> Self {
        Self(why.to_string())
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unfit {}

/// A work by its name.
pub type Named = (&'static str, fn() -> Result<Box<dyn Work>, Unfit>);

fn boxed<W: Work + 'static>(work: W) -> Result<Box<dyn Work>, Unfit> {
    Ok(Box::new(work))
}

/// All of them, in the order of the data's way.
pub const ALL: &[Named] = &[
    ("book_ticker_decode", || boxed(Decode::book_tickers())),
    ("trade_decode", || boxed(Decode::trades())),
    ("diff_20_decode", || boxed(Decode::diffs(20))),
    ("diff_100_decode", || boxed(Decode::diffs(100))),
    ("book_update_best", || boxed(Update::new()?)),
    ("quote_avellaneda_stoikov", || boxed(Quotes::new()?)),
    ("triangular_search", || boxed(Search::new(Shape::Dense, 3.0, true)?)),
    ("reconcile_2x5", || boxed(Unchanged::new())),
    ("gate", || boxed(Check::new(true))),
    ("order_frame", || boxed(Frame::new(Signing::Session)?)),
    ("order_hmac", || boxed(Frame::new(Signing::Hmac)?)),
    ("inline_book_ticker", || boxed(Tick::new(Message::BookTicker)?)),
    ("inline_diff_20", || boxed(Tick::new(Message::Diff)?)),
    ("journal_record", || boxed(JournalRow::new()?)),
    ("telemetry_record", || boxed(Span::new())),
];

/// A work by its name.
pub fn make(name: &str) -> Result<Box<dyn Work>, Unfit> {
    let found = ALL.iter().find(|(known, _)| *known == name);
    let (_, make) = found.ok_or_else(|| Unfit::new(format_args!("no work is named {name}")))?;
    make()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_work_can_be_done_again_and_again() {
        for (name, make) in ALL {
            let mut work = make().unwrap_or_else(|unfit| panic!("{name}: {unfit}"));
            let mut counts = Vec::new();
            for _ in 0..3 {
                work.prepare();
                counts.push(work.run());
            }
            assert!(counts[0] > 0 && counts.iter().all(|count| *count == counts[0]), "{name}");
        }
    }

    #[test]
    fn an_unknown_work_is_told() {
        let unfit = make("gait").err().map(|unfit| unfit.to_string());
        assert_eq!(unfit.as_deref(), Some("no work is named gait"));
    }
}
