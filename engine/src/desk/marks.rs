//! What a desk's positions are worth, kept as mids move: the gate asks with every order.

use crate::market::Listing;
use crate::num::{Notional, Price};
use crate::position::Position;
use alloc::vec::Vec;

/// One instrument at its last mid.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    mid_twice: Option<i64>,
    /// What the position was when it was marked.
    position: Position,
    pnl: Notional,
    held: Notional,
}

/// All instruments of a desk, by lane.
#[derive(Debug)]
pub(super) struct Marks {
    lanes: Vec<Mark>,
    pnl: i128,
    held: i128,
}

impl Marks {
    /// Nothing held, nothing won.
    pub fn new(lanes: usize) -> Self {
        Self { lanes: alloc::vec![Mark::default(); lanes], pnl: 0, held: 0 }
    }

    /// Takes a lane's mid and position in.
    #[inline]
    pub fn mark(&mut self, lane: usize, position: &Position, listing: &Listing) {
        let Some(mark) = self.lanes.get_mut(lane) else { return };
        let mid_twice = listing.last_mid_twice;
        let is_flat = position.base.is_zero() && position.cost.is_zero();
        if mark.position == *position && (is_flat || mark.mid_twice == mid_twice) {
            return;
        }
        let instrument = &listing.instrument;
        let mid = Price(mid_twice.unwrap_or(0) / 2);
        let new = Mark {
            mid_twice,
            position: *position,
            pnl: position.pnl(instrument, mid_twice),
            held: instrument.value(position.base, mid).abs(),
        };
        self.pnl += i128::from(new.pnl.0) - i128::from(mark.pnl.0);
        self.held += i128::from(new.held.0) - i128::from(mark.held.0);
        *mark = new;
    }

    /// Profit or loss of all fills, and notional of all that is held; both stick at the ends of the
    /// range.
    #[inline]
    pub fn sums(&self) -> (Notional, Notional) {
        let fit = |sum: i128| {
            Notional(i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX }))
        };
        (fit(self.pnl), fit(self.held))
    }
}
