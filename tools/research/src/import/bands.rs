//! Tables whose lines are several records each: whole books (Tardis), bands of depth and candles
//! (Binance). The last two say less than a market does, and the report says so.

use super::check::Fault;
use super::error::ImportError;
use super::number::{Exact, time};
use super::record::{Part, Record, Told};
use super::source::{Place, Reader};
use super::table::{Csv, number};
use engine::id::Side;
use engine::num::{Grid, POW10};
use std::collections::VecDeque;

/// Which of them.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// `book_snapshot_N`: places of price and quantity of each level.
    Books { local: Option<usize>, time: usize, levels: Vec<(Side, usize, usize)> },
    /// `bookDepth`: time, distance from the mid in percent, and the sum of quantity and of
    /// notional up to there.
    Depth,
    /// `klines`: open time, open, high, low, close, volume, close time, …, taker's volume at 9.
    Candles,
}

impl Shape {
    /// Of a header with `asks[0].price` and the like.
    pub fn of_books(header: &[String]) -> Option<Self> {
        let place = |name: &str| header.iter().position(|one| one.eq_ignore_ascii_case(name));
        let mut levels = Vec::new();
        for (side, name) in [(Side::Buy, "bids"), (Side::Sell, "asks")] {
            for level in 0.. {
                let price = place(&format!("{name}[{level}].price"));
                let qty = place(&format!("{name}[{level}].amount"));
                let (Some(price), Some(qty)) = (price, qty) else { break };
                levels.push((side, price, qty));
            }
        }
        let time = place("timestamp")?;
        let local = place("local_timestamp");
        (!levels.is_empty()).then_some(Self::Books { local, time, levels })
    }
}

/// A table of this shape.
pub(super) struct Bands {
    csv: Csv,
    shape: Shape,
    /// Candles: when the next one should open, and how long they are.
    next: u64,
    span: u64,
    hole: Option<String>,
    /// Depth: lines of one time.
    held: Vec<(u64, i64, Exact, Exact)>,
    /// The steps that made-up prices and quantities are brought to.
    grids: Option<(Grid, Grid)>,
    ended: bool,
}

impl Bands {
    pub fn new(csv: Csv, shape: Shape, grids: Option<(Grid, Grid)>) -> Self {
        let held = Vec::new();
        Self { csv, shape, next: 0, span: 0, hole: None, held, grids, ended: false }
    }

    fn books(&self, out: &mut VecDeque<Record>) -> Result<(), String> {
        let Shape::Books { local, time: venue, levels } = &self.shape else { return Ok(()) };
        let local = local.map_or(Ok(0), |place| time(self.csv.field(place)))?;
        let venue = time(self.csv.field(*venue))?;
        let line = self.csv.line;
        for (side, price, qty) in levels {
            if self.csv.field(*price).is_empty() {
                continue;
            }
            let (price, qty) =
                (number(&self.csv, *price, "price")?, number(&self.csv, *qty, "amount")?);
            let told = Told::Level { side: *side, price, qty };
            out.push_back(Record { line, local, venue, id: 0, part: Part::Numbered(line), told });
        }
        Ok(())
    }

    /// A candle as four trades: its open, its extremes in the order that its close suggests, its
    /// close; each a quarter of the volume, sides by the takers' share.
    fn candle(&mut self, out: &mut VecDeque<Record>) -> Result<(), String> {
        let opens = time(self.csv.field(0))?;
        let closes = time(self.csv.field(6))?;
        let prices = [1, 2, 3, 4].map(|place| number(&self.csv, place, "a price"));
        let [open, high, low, close] = prices;
        let (open, high, low, close) = (open?, high?, low?, close?);
        let (volume, bought) =
            (number(&self.csv, 5, "volume")?, number(&self.csv, 9, "taker volume")?);
        if self.next > 0 && opens > self.next && self.span > 0 {
            let missing = (opens - self.next) / self.span.max(1);
            self.hole = Some(format!("{missing} candles are missing"));
        }
        self.span = closes.saturating_sub(opens) + 1_000_000;
        self.next = opens + self.span;
        let rises = float(close) >= float(open);
        let path = if rises { [open, low, high, close] } else { [open, high, low, close] };
        let quarter = self.to_lots(float(volume) / 4.0);
        let buys = (float(bought) / float(volume).max(f64::MIN_POSITIVE) * 4.0).round() as usize;
        for (place, price) in path.into_iter().enumerate() {
            let venue = opens + closes.saturating_sub(opens) * place as u64 / 3;
            let towards = if rises { place != 1 } else { place == 2 };
            let taker = match buys {
                0 => Side::Sell,
                4.. => Side::Buy,
                _ if towards => Side::Buy,
                _ => Side::Sell,
            };
            if let Some(qty) = quarter {
                let told = Told::Trade { price, qty, taker };
                let (line, part) = (self.csv.line, Part::Change);
                out.push_back(Record { line, local: 0, venue, id: 0, part, told });
            }
        }
        Ok(())
    }

    /// A made-up quantity in whole lots, none below one.
    fn to_lots(&self, qty: f64) -> Option<Exact> {
        let lot = self.grids.map_or(Grid { decimals: 8, step: 1 }, |(_, lot)| lot);
        on_grid(qty, lot)
    }

    fn depth_line(&mut self) -> Result<(u64, i64, Exact, Exact), String> {
        let percent = number(&self.csv, 1, "percentage")?;
        let hundredths = (float(percent) * 100.0).round() as i64;
        let (depth, notional) = (number(&self.csv, 2, "depth")?, number(&self.csv, 3, "notional")?);
        Ok((time(self.csv.field(0))?, hundredths, depth, notional))
    }

    /// The lines of one time as a book of one level a band, at its average price.
    fn bands(&mut self, out: &mut VecDeque<Record>) {
        let tick = self.grids.map_or(Grid { decimals: 8, step: 1 }, |(tick, _)| tick);
        let line = self.csv.line;
        for side in Side::BOTH {
            let mut of_side: Vec<_> =
                self.held.iter().filter(|one| (one.1 < 0) == (side == Side::Buy)).collect();
            of_side.sort_by_key(|one| one.1.abs());
            let (mut qty, mut notional) = (0.0, 0.0);
            for (at, _, depth, sum) in of_side {
                let (more, worth) = (float(*depth) - qty, float(*sum) - notional);
                (qty, notional) = (float(*depth), float(*sum));
                if more <= 0.0 || worth <= 0.0 {
                    continue;
                }
                let level = (on_grid(worth / more, tick), self.to_lots(more));
                if let (Some(price), Some(qty)) = level {
                    let told = Told::Level { side, price, qty };
                    let part = Part::Numbered(*at);
                    out.push_back(Record { line, local: 0, venue: *at, id: 0, part, told });
                }
            }
        }
        self.held.clear();
    }

    fn depth(&mut self, more: bool, out: &mut VecDeque<Record>) -> Result<(), String> {
        if !more {
            self.bands(out);
            return Ok(());
        }
        let line = self.depth_line()?;
        if self.held.first().is_some_and(|held| held.0 != line.0) {
            self.bands(out);
        }
        self.held.push(line);
        Ok(())
    }
}

fn float(exact: Exact) -> f64 {
    exact.value as f64 / POW10[usize::from(exact.places.min(18))] as f64
}

/// A made-up number on a grid; none below one step.
fn on_grid(number: f64, grid: Grid) -> Option<Exact> {
    let steps = (number / grid.step_f64()).round();
    if !(1.0..9e15).contains(&steps) {
        return None;
    }
    let value = (steps as i64).checked_mul(grid.step)?;
    Some(Exact { value, places: grid.decimals })
}

impl Reader for Bands {
    fn read(&mut self, out: &mut VecDeque<Record>) -> Result<bool, ImportError> {
        let more = self.csv.next()?;
        if !more && std::mem::replace(&mut self.ended, true) {
            return Ok(false);
        }
        let read = match (&self.shape, more) {
            (Shape::Depth, _) => self.depth(more, out),
            (_, false) => return Ok(false),
            (Shape::Books { .. }, true) => self.books(out),
            (Shape::Candles, true) => self.candle(out),
        };
        read.map_err(|why| self.csv.wrong(why))?;
        Ok(true)
    }

    fn place(&self) -> Place {
        self.csv.place()
    }

    fn faults(&mut self, take: &mut dyn FnMut(Fault, u64, String)) {
        if let Some(hole) = self.hole.take() {
            take(Fault::Gap, self.csv.line, hole);
        }
    }

    fn notes(&self) -> Vec<String> {
        let path = self.csv.path.display();
        match self.shape {
            Shape::Books { .. } => Vec::new(),
            Shape::Depth => vec![format!(
                "{path}: bands of depth became one level each, at their average prices: coarse"
            )],
            Shape::Candles => {
                vec![format!("{path}: each candle became four trades; there is no book in candles")]
            }
        }
    }
}
