//! Round trips: what was opened by one fill, from then until the last of it was closed.
//!
//! Lots are closed first in, first out, for each market and desk. A trade's P&L is the difference
//! of prices less its part of the fees of all fills involved; it closes at the mean time of its
//! closing fills, weighted by quantity.

use crate::run::Filled;
use engine::id::Side;
use engine::time::Nanos;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// Lots that are held at most for a market and desk: beyond, the two oldest count as one.
const LOTS_MAX: usize = 65_536;

/// A round trip.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Trade {
    /// Which market.
    pub market: usize,
    /// Side that opened it: buys are long.
    #[serde(serialize_with = "side_name")]
    pub side: Side,
    /// When it was opened, event time in ns.
    #[serde(serialize_with = "ns")]
    pub opened: Nanos,
    /// When it was closed, on average.
    #[serde(serialize_with = "ns")]
    pub closed: Nanos,
    /// How much of the base asset.
    pub qty: f64,
    /// Price that opened it.
    pub entry: f64,
    /// Mean price that closed it.
    pub exit: f64,
    /// What it won after fees, in the quote asset of its market.
    pub pnl: f64,
}

fn side_name<S: serde::Serializer>(side: &Side, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if *side == Side::Buy { "buy" } else { "sell" })
}

fn ns<S: serde::Serializer>(at: &Nanos, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(at.0)
}

#[derive(Clone, Copy, Debug)]
struct Lot {
    side: Side,
    opened: Nanos,
    price: f64,
    qty: f64,
    left: f64,
    /// Fees so far: of the fill that opened it, and of what closed it.
    fees: f64,
    /// Sums over what closed it: quantity x price, quantity x ns since it was opened.
    exits: f64,
    waits: f64,
}

impl Lot {
    fn new(fill: &Filled, qty: f64) -> Self {
        Self {
            side: fill.side,
            opened: fill.at,
            price: fill.price,
            qty,
            left: qty,
            fees: fill.fee * qty / fill.qty,
            exits: 0.0,
            waits: 0.0,
        }
    }

    fn close(&mut self, fill: &Filled, part: f64) {
        self.left -= part;
        self.fees += fill.fee * part / fill.qty;
        self.exits += part * fill.price;
        self.waits += part * fill.at.since(self.opened).0 as f64;
    }

    fn trade(&self, market: usize) -> Trade {
        let exit = self.exits / self.qty;
        let sign = self.side.sign() as f64;
        Trade {
            market,
            side: self.side,
            opened: self.opened,
            closed: self.opened.after(Nanos((self.waits / self.qty) as u64)),
            qty: self.qty,
            entry: self.price,
            exit,
            pnl: sign * (exit - self.price) * self.qty - self.fees,
        }
    }

    /// Both as one, opened at their mean price.
    fn with(&self, other: &Self) -> Self {
        let qty = self.qty + other.qty;
        let price = (self.price * self.qty + other.price * other.qty) / qty;
        let left = self.left + other.left;
        let fees = self.fees + other.fees;
        let (exits, waits) = (self.exits + other.exits, self.waits + other.waits);
        Self { price, qty, left, fees, exits, waits, ..*self }
    }
}

/// What is open, by market and desk.
#[derive(Clone, Debug, Default)]
pub struct Lots {
    open: BTreeMap<(usize, usize), VecDeque<Lot>>,
}

impl Lots {
    /// Takes a fill; gives each trade that it completes to `done`. Less than `least` is nothing.
    pub fn fill(&mut self, fill: &Filled, least: f64, mut done: impl FnMut(Trade)) {
        let lots = self.open.entry((fill.market, fill.desk)).or_default();
        let mut left = fill.qty;
        while left > least {
            let Some(lot) = lots.front_mut().filter(|lot| lot.side != fill.side) else { break };
            let part = left.min(lot.left);
            lot.close(fill, part);
            left -= part;
            if lot.left <= least {
                done(lot.trade(fill.market));
                lots.pop_front();
            }
        }
        if left > least {
            lots.push_back(Lot::new(fill, left));
        }
        if lots.len() > LOTS_MAX
            && let (Some(oldest), Some(next)) = (lots.pop_front(), lots.front_mut())
        {
            *next = oldest.with(next);
        }
    }
}

/// What trades came to, as they come.
#[derive(Clone, Debug, Default)]
pub struct Tradings {
    /// How many.
    pub count: u64,
    /// How many of them won.
    pub won: u64,
    /// Sum of what was won, and of what was lost (negative).
    pub gains: (f64, f64),
    mean: f64,
    squares: f64,
}

impl Tradings {
    /// One more, by Welford's method.
    pub fn push(&mut self, pnl: f64) {
        self.count += 1;
        self.won += u64::from(pnl > 0.0);
        if pnl > 0.0 {
            self.gains.0 += pnl;
        } else {
            self.gains.1 += pnl;
        }
        let away = pnl - self.mean;
        self.mean += away / self.count as f64;
        self.squares += away * (pnl - self.mean);
    }

    /// Mean of a trade; not a number where there is none.
    pub fn expectancy(&self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.mean }
    }

    /// System quality number: root of the count, times mean over standard deviation (Tharp 2008).
    pub fn sqn(&self) -> f64 {
        let deviation = (self.squares / (self.count as f64 - 1.0)).sqrt();
        super::formulas::defined((self.count as f64).sqrt() * self.mean, deviation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(s: u64, side: Side, price: f64, qty: f64, fee: f64) -> Filled {
        let at = Nanos::from_s(s);
        let (market, desk, order, is_maker, mid) = (0, 0, 1, true, f64::NAN);
        Filled { at, market, desk, order, side, price, qty, fee, is_maker, mid }
    }

    /// `buy 10 1 0.1` (price, quantity, fee), one a second.
    fn check(script: &str, expected: &str) {
        let mut lots = Lots::default();
        let mut found = String::new();
        for (s, line) in script.trim().lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let side = if words[0] == "buy" { Side::Buy } else { Side::Sell };
            let numbers: Vec<f64> = words[1..].iter().map(|one| one.parse().unwrap()).collect();
            let fill = fill(s as u64, side, numbers[0], numbers[1], numbers[2]);
            lots.fill(&fill, 1e-9, |trade| {
                let side = if trade.side == Side::Buy { "long" } else { "short" };
                let held = trade.closed.since(trade.opened).as_s_f64();
                found += &format!("{side} {} held {held} won {:.4}\n", trade.qty, trade.pnl);
            });
        }
        let lines: Vec<&str> = expected.trim().lines().map(str::trim).collect();
        assert_eq!(found.trim().lines().collect::<Vec<_>>(), lines);
    }

    #[test]
    fn the_oldest_lot_is_closed_first_and_carries_the_fees_of_both_ends() {
        check(
            "buy 10 1 0.1\nbuy 12 1 0.1\nsell 13 2 0.2",
            "long 1 held 2 won 2.8000\nlong 1 held 1 won 0.8000",
        );
    }

    #[test]
    fn a_fill_that_turns_the_position_closes_and_opens() {
        check(
            "buy 10 1 0\nsell 11 3 0.3\nbuy 9 2 0",
            "long 1 held 1 won 0.9000\nshort 2 held 1 won 3.8000",
        );
    }

    #[test]
    fn a_lot_closed_in_parts_is_one_trade_at_their_mean() {
        check("sell 10 3 0\nbuy 9 1 0\nbuy 6 2 0", "short 3 held 1.666666666 won 9.0000");
    }

    #[test]
    fn lots_are_bounded_and_merging_keeps_what_was_won() {
        let (mut lots, mut won, mut count) = (Lots::default(), 0.0, 0);
        let opened = LOTS_MAX + 10;
        for s in 0..opened {
            lots.fill(&fill(s as u64, Side::Buy, 1.0 + s as f64, 1.0, 0.0), 1e-9, |_| {});
        }
        let close = fill(1 << 20, Side::Sell, 0.0, opened as f64, 0.0);
        lots.fill(&close, 1e-9, |trade| {
            won += trade.pnl;
            count += 1;
        });
        assert_eq!(count, LOTS_MAX);
        assert_eq!(won, -((opened * (opened + 1) / 2) as f64));
    }

    #[test]
    fn the_quality_of_trades_is_as_computed_by_hand() {
        let mut trades = Tradings::default();
        [2.0, -1.0, 3.0, -2.0].into_iter().for_each(|pnl| trades.push(pnl));
        assert_eq!((trades.count, trades.won, trades.gains), (4, 2, (5.0, -3.0)));
        assert!((trades.expectancy() - 0.5).abs() < 1e-12);
        // Squares about the mean: 2.25 + 2.25 + 6.25 + 6.25 = 17.
        assert!((trades.sqn() - 2.0 * 0.5 / (17.0_f64 / 3.0).sqrt()).abs() < 1e-12);
    }
}
