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
    rate: i64,
}

/// All instruments of a desk, by lane.
#[derive(Debug)]
pub(super) struct Marks {
    lanes: Vec<Mark>,
    pnl: i128,
    held: i128,
    /// Whether a quote asset is not the money that the market counts in.
    converts: bool,
}

impl Marks {
    /// Nothing held, nothing won.
    pub fn new(lanes: usize) -> Self {
        Self { lanes: alloc::vec![Mark::default(); lanes], pnl: 0, held: 0, converts: false }
    }

    /// Takes a lane's mid and position in.
    #[inline]
    pub fn mark(&mut self, lane: usize, position: &Position, listing: &Listing) {
        let Some(mark) = self.lanes.get_mut(lane) else { return };
        let mid_twice = listing.last_mid_twice;
        let is_flat = position.base.is_zero() && position.cost.is_zero();
        let same_rate = mark.rate == listing.rate;
        if same_rate && mark.position == *position && (is_flat || mark.mid_twice == mid_twice) {
            return;
        }
        self.converts |= listing.counted(Notional(1)) != Notional(1);
        let instrument = &listing.instrument;
        let mid = Price(mid_twice.unwrap_or(0) / 2);
        let new = Mark {
            mid_twice,
            position: *position,
            pnl: listing.counted(position.pnl(instrument, mid_twice)),
            held: listing.counted(instrument.value(position.base, mid).abs()),
            rate: listing.rate,
        };
        self.pnl += i128::from(new.pnl.0) - i128::from(mark.pnl.0);
        self.held += i128::from(new.held.0) - i128::from(mark.held.0);
        *mark = new;
    }

    /// Whether notionals of orders have to be converted, each at the rate of its lane.
    #[inline]
    pub const fn converts(&self) -> bool {
        self.converts
    }

    /// An amount of a lane's quote asset in the money that the market counts in.
    pub fn counted(&self, lane: usize, amount: Notional) -> Notional {
        let rate = self.lanes.get(lane).map_or(0, |mark| mark.rate);
        let product = i128::from(amount.0) * i128::from(rate) / 100_000_000;
        Notional(i64::try_from(product).unwrap_or(i64::MAX))
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
