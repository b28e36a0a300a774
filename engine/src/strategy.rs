//! What a strategy is: it learns from events, sees a view, and writes plans. It never talks to a
//! venue.

use crate::event::Event;
use crate::exposure::Exposure;
use crate::id::{InstrumentId, Side};
use crate::market::{Listing, Market};
use crate::num::{Amount, Qty};
use crate::orders::Orders;
use crate::plan::Plan;
use crate::position::Position;
use crate::state::State;
use crate::time::Nanos;
use crate::venue::Venue;

/// What all desks see alike.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Event time.
    pub now: Nanos,
    /// Books, trades and instruments.
    pub market: &'a Market,
    /// Accounts and order links, by venue.
    pub venues: &'a [Venue],
    /// What live orders lock of each asset of each account.
    pub exposure: &'a Exposure,
}

/// All that a strategy can see.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Event time.
    pub now: Nanos,
    /// Books, trades and instruments.
    pub market: &'a Market,
    /// Accounts and order links, by venue.
    pub venues: &'a [Venue],
    /// What live orders lock of each asset of each account.
    pub exposure: &'a Exposure,
    /// Positions of its desk, by instrument id.
    pub positions: &'a [Position],
    /// Orders of its desk, for what is in flight.
    pub orders: &'a Orders,
}

impl<'a> Scene<'a> {
    /// What a desk with these positions and orders sees.
    #[inline]
    pub const fn of(&self, positions: &'a [Position], orders: &'a Orders) -> View<'a> {
        let Self { now, market, venues, exposure } = *self;
        View { now, market, venues, exposure, positions, orders }
    }
}

impl<'a> View<'a> {
    /// One instrument.
    #[inline]
    pub fn listing(&self, id: InstrumentId) -> Option<&'a Listing> {
        self.market.listing(id)
    }

    /// What its desk holds of the base asset.
    #[inline]
    pub fn position(&self, id: InstrumentId) -> Amount {
        self.positions.get(id.index()).map_or(Amount(0), |position| position.base)
    }

    /// What may still be spent of the asset that an order of this side locks, all orders and margin
    /// taken off: the quote asset for buys and for perpetuals, the base asset for sells of spot.
    #[inline]
    pub fn spendable(&self, id: InstrumentId, side: Side) -> Amount {
        let Some(listing) = self.market.listing(id) else { return Amount(0) };
        let (venue, asset) = (listing.instrument.venue, listing.instrument.locks(side));
        let free = self.venues.get(venue.index()).map_or(Amount(0), |at| at.account.free(asset));
        free.saturating_sub(self.exposure.locked(venue, asset))
    }

    /// Whether orders can be sent for this instrument now: its venue is connected and reconciled.
    #[inline]
    pub fn can_send(&self, id: InstrumentId) -> bool {
        let venue = self.market.listing(id).map(|one| one.instrument.venue.index());
        venue.and_then(|venue| self.venues.get(venue)).is_some_and(Venue::is_reconciled)
    }

    /// What its live orders of a side could still fill.
    #[inline]
    pub fn in_flight(&self, id: InstrumentId, side: Side) -> Qty {
        self.orders.remaining(id, side)
    }
}

/// What a strategy shows of itself; for people only. Prices in thousandths of a tick, the rest in
/// 1e-9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Reading {
    /// Reservation price (fair value shifted by inventory), 1e-3 ticks.
    pub reservation: i64,
    /// Half of the optimal spread before rounding, 1e-3 ticks.
    pub half_spread: i64,
    /// Volatility, price per square root of a second, 1e-9.
    pub sigma: i64,
    /// Decay of the arrival intensity by distance, bid and ask, 1 / price, 1e-9.
    pub kappa: [i64; 2],
    /// Arrival intensity at distance zero, bid and ask, 1 / s, 1e-9.
    pub arrival: [i64; 2],
}

/// One way to quote. `State` is what it has learnt.
pub trait Strategy: State {
    /// Learns from a market event, or one of its fills, after the books have taken it.
    fn learn(&mut self, event: &Event, view: &View<'_>);
    /// Writes what should stand now; `plans` is by instrument id and comes cleared.
    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]);
    /// Changes a parameter: key from its own table, value in units of 1e-9. False when it refuses.
    fn set(&mut self, key: u64, value: i64) -> bool;
    /// Takes over what an earlier session's strategy had learnt, as far as it still means the same;
    /// parameters stay.
    fn carry(&mut self, old: &Self)
    where
        Self: Sized,
    {
        let _ = old;
    }
    /// What it shows of itself on an instrument.
    fn reading(&self, instrument: InstrumentId) -> Reading;
}
