//! Who gathers what is drawn of a run: curves that are thinned, distributions, and the two minutes
//! with the most fills as they were. Memory does not grow with the length of the run.

use super::thin::Thinned;
use crate::metrics::Measures;
use crate::run::{Delayed, Filled, Funded, Leg, Look, Marked, Market, Meta, Sent, Witness};
use engine::id::Side;
use engine::time::Nanos;
use hdrhistogram::Histogram;
use std::collections::VecDeque;

/// How long the close look is.
const CLOSE: Nanos = Nanos::from_s(120);
/// Looks of it that are kept at most.
const CLOSE_LOOKS: usize = 4_800;
/// Rows of the heat map at most: then two days become one row.
const HEAT_ROWS: usize = 62;
/// Buckets of the curves of fills: each point of them is drawn as a sign.
const FILL_BUCKETS: usize = 256;
const HOUR_NS: i64 = 3_600_000_000_000;

/// Some minutes of a market, as they were.
#[derive(Clone, Debug, Default)]
pub struct Close {
    /// How the market stood.
    pub looks: VecDeque<Look>,
    /// Fills meanwhile.
    pub fills: VecDeque<Filled>,
}

impl Close {
    fn forget(&mut self, before: Nanos) {
        while self.looks.pop_front_if(|look| look.at < before).is_some() {}
        while self.fills.pop_front_if(|fill| fill.at < before).is_some() {}
    }
}

/// One market's curves.
#[derive(Clone, Debug)]
pub struct Place {
    /// Which.
    pub market: Market,
    /// Its mid.
    pub mid: Thinned,
    /// What is held, base units.
    pub position: Thinned,
    /// Prices of fills bought, and of those sold.
    pub fills: [Thinned; 2],
    /// The two minutes with the most fills.
    pub close: Close,
    now: Close,
}

impl Place {
    fn look(&mut self, look: &Look) {
        self.mid.push(look.at, (look.bid + look.ask) / 2.0);
        self.position.push(look.at, look.position);
        self.now.looks.push_back(*look);
        if self.now.looks.len() > CLOSE_LOOKS {
            self.now.looks.pop_front();
        }
        self.now.forget(Nanos(look.at.0.saturating_sub(CLOSE.0)));
        let is_full = self.close.fills.len() < self.now.fills.len();
        if is_full || self.close.fills.is_empty() {
            self.close = self.now.clone();
        }
    }
}

/// What was won by hour of the day, a row for so many days.
#[derive(Clone, Debug, Default)]
pub struct Heat {
    /// UTC day of the first row, since 1970.
    pub first: i64,
    /// Days of a row; a power of two.
    pub days: i64,
    /// What was won in each hour; not a number where there was nothing.
    pub rows: Vec<[f64; 24]>,
    last: Option<f64>,
}

impl Heat {
    fn push(&mut self, utc_ns: i64, equity: f64) {
        let hours = utc_ns.div_euclid(HOUR_NS);
        let (day, hour) = (hours.div_euclid(24), hours.rem_euclid(24) as usize);
        if self.rows.is_empty() {
            (self.first, self.days) = (day, 1);
        }
        let mut row = (day - self.first).max(0) / self.days;
        while row >= HEAT_ROWS as i64 {
            self.halve();
            row = (day - self.first).max(0) / self.days;
        }
        let row = row as usize;
        if row >= self.rows.len() {
            self.rows.resize(row + 1, [f64::NAN; 24]);
        }
        let won = equity - self.last.unwrap_or(equity);
        self.last = Some(equity);
        let cell = &mut self.rows[row][hour];
        *cell = if cell.is_nan() { won } else { *cell + won };
    }

    fn halve(&mut self) {
        self.days *= 2;
        let rows = self.rows.chunks(2).map(|pair| {
            let mut sum = pair[0];
            for (cell, more) in sum.iter_mut().zip(pair.get(1).into_iter().flatten()) {
                *cell = match (cell.is_nan(), more.is_nan()) {
                    (_, true) => *cell,
                    (true, _) => *more,
                    _ => *cell + more,
                };
            }
            sum
        });
        self.rows = rows.collect();
    }
}

/// All that is drawn of a run.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    /// The facts of the run.
    pub meta: Option<Meta>,
    /// Its numbers.
    pub measures: Measures,
    /// Equity.
    pub equity: Thinned,
    /// How far it is below its peak, as a share.
    pub drawdown: Thinned,
    /// Each market.
    pub places: Vec<Place>,
    /// What was won by hour and day.
    pub heat: Heat,
    /// By [`Leg`], ns.
    pub delays: Vec<Option<Histogram<u64>>>,
    peak: f64,
    last: Option<Nanos>,
}

impl Drawing {
    /// UTC ns of event time.
    pub fn utc_ns(&self, at: u64) -> i64 {
        let zero = self.meta.as_ref().map_or(0, |meta| meta.utc_ns);
        zero.saturating_add(i64::try_from(at).unwrap_or(i64::MAX))
    }
}

impl Witness for Drawing {
    const LOOKS: bool = true;

    fn begins(&mut self, meta: &Meta) {
        self.measures.begins(meta);
        let place = |market: &Market| Place {
            market: market.clone(),
            mid: Thinned::default(),
            position: Thinned::default(),
            fills: [Thinned::new(FILL_BUCKETS), Thinned::new(FILL_BUCKETS)],
            close: Close::default(),
            now: Close::default(),
        };
        self.places = meta.markets.iter().map(place).collect();
        self.delays = vec![None; Leg::ALL.len()];
        self.meta = Some(meta.clone());
        self.peak = meta.equity;
    }

    fn looks(&mut self, look: &Look) {
        self.measures.looks(look);
        if let Some(place) = self.places.get_mut(look.market) {
            place.look(look);
        }
        if self.last.is_none_or(|last| look.at > last) && look.equity.is_finite() {
            self.last = Some(look.at);
            self.equity.push(look.at, look.equity);
            self.peak = self.peak.max(look.equity);
            let below = if self.peak > 0.0 { 1.0 - look.equity / self.peak } else { 0.0 };
            self.drawdown.push(look.at, below);
            self.heat.push(self.utc_ns(look.at.0), look.equity);
        }
    }

    fn sent(&mut self, sent: &Sent) {
        self.measures.sent(sent);
    }

    fn filled(&mut self, fill: &Filled) {
        self.measures.filled(fill);
        if let Some(place) = self.places.get_mut(fill.market) {
            place.fills[usize::from(fill.side == Side::Sell)].push(fill.at, fill.price);
            place.now.fills.push_back(*fill);
        }
    }

    fn marked(&mut self, marked: &Marked) {
        self.measures.marked(marked);
    }

    fn delayed(&mut self, delayed: &Delayed) {
        let Some(slot) = self.delays.get_mut(delayed.leg as usize) else { return };
        if slot.is_none() {
            // From 1 ns to an hour, two digits.
            *slot = Histogram::new_with_bounds(1, 3_600_000_000_000, 2).ok();
        }
        if let Some(histogram) = slot {
            histogram.saturating_record(delayed.ns);
        }
    }

    fn funded(&mut self, funded: &Funded) {
        self.measures.funded(funded);
    }

    fn ends(&mut self, at: Nanos) {
        self.measures.ends(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heat_of_years_has_few_rows_and_loses_nothing() {
        let mut heat = Heat::default();
        let hours = 3 * 365 * 24;
        (0..=hours).for_each(|hour| heat.push(hour * HOUR_NS, 2.0 * hour as f64));
        assert!(heat.rows.len() <= HEAT_ROWS && heat.days == 32, "{}", heat.days);
        let sum: f64 = heat.rows.iter().flatten().filter(|cell| !cell.is_nan()).sum();
        assert_eq!(sum, 2.0 * hours as f64);
        let mut short = Heat::default();
        short.push(5 * HOUR_NS, 10.0);
        short.push(5 * HOUR_NS + 1, 13.0);
        short.push(31 * HOUR_NS, 12.0);
        let (one, two) = (short.rows[0][5], short.rows[1][7]);
        assert_eq!((short.rows.len(), one, two), (2, 3.0, -1.0));
        assert!(short.rows[0][6].is_nan());
    }
}
