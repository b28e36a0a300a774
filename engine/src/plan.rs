//! A plan: the quotes that should stand on one book, and what to take once.
//!
//! A strategy writes what should be; how orders get there is for `reconcile` alone.

use crate::id::Side;
use crate::instrument::{PRICE_MAX, QTY_MAX};
use crate::num::{Price, Qty};

/// Most quotes a side.
pub const LEVELS_MAX: usize = 8;

/// A price and a quantity that should stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Quote {
    /// Limit price, post-only.
    pub price: Price,
    /// Open quantity.
    pub qty: Qty,
}

/// An order that takes, sent once for each id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Take {
    /// A number that grows with each new take of its instrument; the same number is not sent
    /// twice.
    pub id: u64,
    /// Buy or sell.
    pub side: Side,
    /// Limit price; what is not filled at once is cancelled.
    pub price: Price,
    /// Quantity.
    pub qty: Qty,
}

/// What should stand on one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Plan {
    quotes: [[Quote; LEVELS_MAX]; 2],
    len: [u8; 2],
    keeps: bool,
    /// What to take once.
    pub take: Option<Take>,
}

impl Plan {
    /// Nothing should stand.
    #[inline]
    pub fn clear(&mut self) {
        self.len = [0; 2];
        self.keeps = false;
        self.take = None;
    }

    /// What stands is as it should be, whatever it is: for strategies that look at their quotes at
    /// times, and pay nothing between two looks. Quotes of the same plan mean nothing then.
    #[inline]
    pub const fn keep(&mut self) {
        self.keeps = true;
    }

    /// Whether what stands is as it should be.
    #[inline]
    pub const fn keeps(&self) -> bool {
        self.keeps
    }

    /// Adds a quote behind those already written of its side. False when the side is full, or price
    /// or quantity are not positive or more than rows can carry.
    #[inline]
    pub fn quote(&mut self, side: Side, price: Price, qty: Qty) -> bool {
        let len = usize::from(self.len[side.index()]);
        let inside = (1..=PRICE_MAX).contains(&price.0) && (1..=QTY_MAX).contains(&qty.0);
        if !inside || len >= LEVELS_MAX {
            return false;
        }
        self.quotes[side.index()][len] = Quote { price, qty };
        self.len[side.index()] += 1;
        true
    }

    /// The quotes of a side, in the order they were written.
    #[inline]
    pub fn quotes(&self, side: Side) -> &[Quote] {
        &self.quotes[side.index()][..usize::from(self.len[side.index()])]
    }
}
