//! A tape as rows of a run: its instruments by the numbers that the run gives them, in either
//! order.

use super::rows::{Failed, Rows};
use crate::tape::{ByVenue, Tape, TapeError, Window, venue_at};
use engine::event::{Event, kind};
use engine::id::InstrumentId;
use engine::time::Nanos;
use rand10::rngs::StdRng;
use rand10::{RngExt as _, SeedableRng as _};

/// What a tape's instrument and feed numbers are in the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// By the tape's instrument id; rows of one that the run has not are left out.
    pub instruments: Vec<Option<InstrumentId>>,
}

impl Numbers {
    /// The number of a row's instrument in the run; none where it is of no concern. Tapes have no
    /// links: a run's feeds are up.
    #[inline]
    fn of(&self, row: &Event) -> Option<InstrumentId> {
        let number = self.instruments.get(row.instrument.index()).copied().flatten();
        number.filter(|_| row.kind != kind::LINK)
    }
}

enum Order<'a> {
    Received(Window<'a>),
    Happened(ByVenue<'a>),
}

/// Rows of a window of a tape. Those of a group are in memory at a time.
pub struct TapeRows<'a> {
    order: Order<'a>,
    numbers: &'a Numbers,
    rows: Vec<Event>,
    /// What stands before the first row.
    books: Vec<Event>,
    at: Nanos,
    missed: Option<Missed>,
}

/// Trades that are left out by chance.
struct Missed {
    share: f64,
    rng: StdRng,
}

impl Missed {
    fn takes(&mut self, row: &Event) -> bool {
        row.kind == kind::TRADE && self.rng.random::<f64>() < self.share
    }
}

impl<'a> TapeRows<'a> {
    /// By receipt.
    pub fn received(tape: &'a Tape, span: (Nanos, Nanos), numbers: &'a Numbers) -> Self {
        Self::new(Order::Received(tape.window(span.0, span.1)), numbers)
    }

    /// By the venue's time.
    pub fn happened(tape: &'a Tape, span: (Nanos, Nanos), numbers: &'a Numbers) -> Self {
        Self::new(Order::Happened(tape.by_venue(span.0, span.1)), numbers)
    }

    const fn new(order: Order<'a>, numbers: &'a Numbers) -> Self {
        let at = Nanos::ZERO;
        Self { order, numbers, rows: Vec::new(), books: Vec::new(), at, missed: None }
    }

    /// The same without a share of the trades, from 0 to 1, drawn by this seed.
    #[must_use]
    pub fn missing(mut self, share: f64, seed: u64) -> Self {
        let missed = || Missed { share, rng: StdRng::seed_from_u64(seed) };
        self.missed = (share > 0.0).then(missed);
        self
    }

    /// The same with books that stand when it begins, at this time; nothing comes before it.
    #[must_use]
    pub fn after(mut self, books: &[Event], began: Nanos) -> Self {
        self.at = began;
        let row = |row: &Event| {
            let instrument = self.numbers.of(row)?;
            Some(Event { at: began, instrument, recv_delta_ns: 0, venue_delta_us: 0, ..*row })
        };
        self.books = books.iter().filter_map(row).collect();
        self
    }
}

impl Rows for TapeRows<'_> {
    #[inline]
    fn rows(&self) -> &[Event] {
        &self.rows
    }

    fn turn(&mut self) -> Result<bool, Failed> {
        self.rows.clear();
        self.rows.append(&mut self.books);
        while self.rows.is_empty() {
            let failed = |error: TapeError| Failed(error.to_string());
            let (rows, is_happened) = match &mut self.order {
                Order::Received(window) => (window.next_rows().map_err(failed)?, false),
                Order::Happened(by_venue) => (by_venue.next_rows().map_err(failed)?, true),
            };
            let Some(rows) = rows else { return Ok(false) };
            for row in rows {
                let Some(instrument) = self.numbers.of(row) else { continue };
                if self.missed.as_mut().is_some_and(|missed| missed.takes(row)) {
                    continue;
                }
                // Rows that came too late for their place come when they came.
                let at = if is_happened { venue_at(row) } else { row.at }.max(self.at);
                let recv_delta_ns = if is_happened { 0 } else { row.recv_delta_ns };
                self.at = at;
                self.rows.push(Event { at, instrument, recv_delta_ns, ..*row });
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::{Listed, TapeWriter};
    use engine::event::{Body, flag};
    use engine::id::{AssetId, Side};
    use engine::instrument::{Instrument, Symbol};
    use engine::num::{Grid, Price, Qty};

    /// Levels and trades by turns.
    fn tape(rows: u64) -> Tape {
        let path = std::env::temp_dir().join(format!("missed-{}.tape", std::process::id()));
        let grids = (Grid { decimals: 1, step: 1 }, Grid { decimals: 3, step: 1 });
        let symbol = Symbol::new("BTCUSDT").expect("short");
        let instrument = Instrument::new(InstrumentId(0), symbol, (AssetId(0), AssetId(1)), grids);
        let name = "binance:BTCUSDT".to_owned();
        let listed = Listed { name, base: "BTC".into(), quote: "USDT".into(), instrument };
        let mut writer = TapeWriter::create(&path, &[listed]).expect("created");
        for at in 1..=rows {
            let (price, qty) = (Price(600_000), Qty(1));
            let body = match at % 2 {
                0 => Body::Level { side: Side::Buy, price, qty },
                _ => Body::Trade { price, qty, taker: Side::Sell },
            };
            let row = Event::new(Nanos(at), InstrumentId(0), at, body).with(flag::LAST);
            writer.push(&row).expect("written");
        }
        writer.finish().expect("whole");
        let tape = Tape::open(&path).expect("a tape");
        // What is mapped stays readable.
        std::fs::remove_file(&path).expect("removed");
        tape
    }

    #[test]
    fn a_share_of_the_trades_is_missing_and_nothing_else() {
        let tape = tape(20_000);
        let numbers = Numbers { instruments: vec![Some(InstrumentId(0))] };
        let seen = |share: f64, seed: u64| {
            let span = (Nanos::ZERO, Nanos(u64::MAX));
            let mut rows = TapeRows::happened(&tape, span, &numbers).missing(share, seed);
            let mut all = Vec::new();
            while rows.turn().expect("readable") {
                all.extend_from_slice(rows.rows());
            }
            all
        };
        let count = |rows: &[Event], of: u8| rows.iter().filter(|row| row.kind == of).count();
        let (whole, some) = (seen(0.0, 1), seen(0.1, 1));
        assert_eq!((count(&whole, kind::TRADE), count(&whole, kind::LEVEL)), (10_000, 10_000));
        assert_eq!(count(&some, kind::LEVEL), 10_000);
        assert!((8_800..9_200).contains(&count(&some, kind::TRADE)), "about nine of ten");
        assert!(some == seen(0.1, 1) && some != seen(0.1, 2), "the seed says which");
        assert_eq!(count(&seen(1.0, 1), kind::TRADE), 0);
    }
}
