//! What the book offers beyond its best prices: the price of a size, the depth to a price, the
//! weighted mid and the imbalance. Integers throughout: a price that is a mean is a fraction.
//!
//! Each looks at the levels it needs and no more, some nanoseconds a level, and at
//! [`LOOK_LEVELS_MAX`] at most.

use super::{Book, Level};
use crate::id::Side;
use crate::num::{Price, Qty};

/// Levels that one question looks at at most.
pub const LOOK_LEVELS_MAX: usize = 1_024;

/// An exact quotient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    /// What is divided.
    pub numerator: i128,
    /// By what; above 0.
    pub denominator: i64,
}

impl Fraction {
    /// In steps of which so many make one, rounded down; sticks at the ends of 64 bits. With 1 a
    /// mean price in whole ticks, with 1000 in thousandths of a tick.
    #[inline]
    pub fn floor(&self, steps: i64) -> i64 {
        let scaled = self.numerator.saturating_mul(i128::from(steps));
        let floor = scaled.div_euclid(i128::from(self.denominator.max(1)));
        i64::try_from(floor).unwrap_or(if floor < 0 { i64::MIN } else { i64::MAX })
    }
}

/// What taking a quantity off one side would give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Taken {
    /// How much of the quantity there is.
    pub qty: Qty,
    /// Sum of price times quantity, in ticks times lots.
    pub value: i128,
    /// The last price that is needed; 0 when there is nothing.
    pub worst: Price,
    /// How many levels are touched.
    pub levels: u32,
}

impl Taken {
    /// Mean price in ticks, weighted by quantity; `None` when there is nothing.
    #[inline]
    pub fn mean(&self) -> Option<Fraction> {
        let mean = Fraction { numerator: self.value, denominator: self.qty.0 };
        Some(mean).filter(|mean| mean.denominator > 0)
    }
}

impl Book {
    /// Takes a quantity off a side, best level first: what it would give, be it less than that.
    #[inline]
    pub fn take_off(&self, side: Side, qty: Qty) -> Taken {
        let mut taken = Taken::default();
        for (price, stands) in self.levels(side).take(LOOK_LEVELS_MAX) {
            let rest = qty.0.saturating_sub(taken.qty.0);
            if rest <= 0 {
                break;
            }
            let here = stands.0.min(rest);
            taken.qty.0 += here;
            taken.value += i128::from(price.0) * i128::from(here);
            taken.worst = price;
            taken.levels += 1;
        }
        taken
    }

    /// How much stands on a side at this price or better.
    #[inline]
    pub fn depth_to(&self, side: Side, price: Price) -> Qty {
        let better = |(level, _): &Level| match side {
            Side::Buy => *level >= price,
            Side::Sell => *level <= price,
        };
        let levels = self.levels(side).take(LOOK_LEVELS_MAX).take_while(better);
        Qty(levels.map(|(_, qty)| qty.0).fold(0, i64::saturating_add))
    }

    /// How much stands on the best levels of a side, so many of them; levels behind those that are
    /// `enough` together are not looked at.
    #[inline]
    pub fn depth_of(&self, side: Side, levels: usize, enough: Qty) -> Qty {
        let mut depth = Qty(0);
        for (_, qty) in self.levels(side).take(levels.min(LOOK_LEVELS_MAX)) {
            depth.0 = depth.0.saturating_add(qty.0);
            if depth >= enough {
                break;
            }
        }
        depth
    }

    /// The mid weighted by the quantities across, in ticks:
    /// (bid · ask quantity + ask · bid quantity) / (bid quantity + ask quantity); the simplest of
    /// the micro-prices in Stoikov, "The micro-price", 2018. Of a live book with both sides.
    #[inline]
    pub fn micro_price(&self) -> Option<Fraction> {
        let ((bid, bid_qty), (ask, ask_qty)) = self.touch()?;
        let numerator =
            i128::from(bid.0) * i128::from(ask_qty.0) + i128::from(ask.0) * i128::from(bid_qty.0);
        let denominator = bid_qty.0.saturating_add(ask_qty.0);
        Some(Fraction { numerator, denominator }).filter(|price| price.denominator > 0)
    }

    /// The queue imbalance over the best levels, so many of each side, from -1 (only asks) to 1:
    /// (bids - asks) / (bids + asks); Gould and Bonart, "Queue imbalance as a one-tick-ahead price
    /// predictor", 2016. Of a live book with both sides.
    #[inline]
    pub fn imbalance(&self, levels: usize) -> Option<Fraction> {
        self.touch()?;
        let [bids, asks] = Side::BOTH.map(|side| self.depth_of(side, levels, Qty(i64::MAX)).0);
        let numerator = i128::from(bids) - i128::from(asks);
        let denominator = bids.saturating_add(asks);
        Some(Fraction { numerator, denominator }).filter(|share| share.denominator > 0)
    }
}
