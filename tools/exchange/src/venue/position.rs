//! Positions in perpetuals: what an account holds, what it cost, and what closing it realises.
//!
//! A position keeps its cost as an exact sum, so that over all accounts wallets less costs never
//! change by a trade, whatever is rounded where.

use crate::order::{Leg, Side, SymbolId};
use crate::symbol::{SCALE, Symbol};
use serde::{Deserialize, Serialize};

/// One position of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    pub symbol: SymbolId,
    pub leg: Leg,
    /// Signed: a short position is negative.
    pub lots: i64,
    /// What the open lots cost, in 1e-8 of the quote asset; signed as `lots`.
    pub cost: i64,
    /// Profit realised since the account began, without fees and funding.
    pub realised: i64,
    /// Funding received since the account began, less what was paid.
    pub funding: i64,
    pub updated_ms: u64,
}

impl Position {
    /// Books a trade of `lots` at a price in ticks; returns the profit that it realises. `unit` is
    /// the amount of one lot at one tick.
    pub(crate) fn apply(&mut self, side: Side, lots: i64, price: i64, unit: i64) -> i64 {
        let sign = side.sign();
        let closing = if self.lots * sign < 0 { lots.min(self.lots.abs()) } else { 0 };
        let mut realised = 0;
        if closing > 0 {
            let part = i128::from(self.cost) * i128::from(closing) / i128::from(self.lots.abs());
            let released = part as i64;
            realised = -sign * price * closing * unit - released;
            self.cost -= released;
            self.lots += sign * closing;
        }
        let opening = lots - closing;
        self.lots += sign * opening;
        self.cost += sign * price * opening * unit;
        self.realised += realised;
        realised
    }

    /// Average entry price in 1e-8; zero where it is flat.
    pub(crate) fn entry(&self, symbol: &Symbol) -> i64 {
        let base = i128::from(self.lots) * i128::from(symbol.lot);
        if base == 0 {
            return 0;
        }
        (i128::from(self.cost) * i128::from(SCALE) / base) as i64
    }

    /// What it is worth at a price in 1e-8, in 1e-8 of the quote asset; signed as `lots`.
    pub(crate) fn worth(&self, symbol: &Symbol, price: i64) -> i64 {
        worth(symbol, self.lots, price)
    }

    /// Profit that closing it at a price in 1e-8 would realise.
    pub(crate) fn unrealised(&self, symbol: &Symbol, price: i64) -> i64 {
        self.worth(symbol, price) - self.cost
    }

    /// Side of an order that makes it smaller; none where it is flat.
    pub(crate) fn closing(&self) -> Option<Side> {
        match self.lots {
            0 => None,
            lots if lots > 0 => Some(Side::Sell),
            _ => Some(Side::Buy),
        }
    }
}

/// What lots are worth at a price in 1e-8, in 1e-8 of the quote asset.
pub(crate) fn worth(symbol: &Symbol, lots: i64, price: i64) -> i64 {
    let base = i128::from(lots) * i128::from(symbol.lot);
    (base * i128::from(price) / i128::from(SCALE)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trades_open_close_and_turn_a_position() {
        let mut position = Position::default();
        let mut check = |side, lots, price, realised, left: (i64, i64)| {
            assert_eq!(position.apply(side, lots, price, 10), realised);
            assert_eq!((position.lots, position.cost), left);
        };
        check(Side::Buy, 3, 100, 0, (3, 3_000));
        check(Side::Buy, 1, 104, 0, (4, 4_040));
        check(Side::Sell, 2, 110, 180, (2, 2_020));
        check(Side::Sell, 5, 100, -20, (-3, -3_000));
        check(Side::Buy, 3, 90, 300, (0, 0));
        assert_eq!(position.realised, 460);
    }

    #[test]
    fn entry_and_profit_are_told_in_prices() {
        let symbol = Symbol::btcusdt();
        let mut position = Position::default();
        position.apply(Side::Sell, 100_000, 6_000_000, symbol.unit());
        assert_eq!(position.entry(&symbol), 60_000 * SCALE);
        assert_eq!(position.unrealised(&symbol, 59_000 * SCALE), 1_000 * SCALE);
        assert_eq!(position.closing(), Some(Side::Buy));
    }
}
