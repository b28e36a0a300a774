//! What live orders lock of each asset of each account, kept as they change.
//!
//! The gate asks for it with every order, so that it is a sum that is kept and not one that is
//! taken: [`crate::orders::Orders`] tells each change of what an order could still fill.

use crate::asset::ASSETS_MAX;
use crate::id::{AssetId, InstrumentId, Side, VenueId};
use crate::instrument::{Instrument, Kind};
use crate::num::{Amount, Notional, Price, Qty};
use alloc::vec::Vec;

/// Locked amounts of all accounts, all desks together.
#[derive(Clone, Debug)]
pub struct Exposure {
    instruments: Vec<Instrument>,
    /// By venue and asset.
    locked: Vec<i128>,
}

impl Exposure {
    /// Nothing stands on these instruments.
    pub fn new(instruments: Vec<Instrument>) -> Self {
        let venues = instruments.iter().map(|one| one.venue.index() + 1).max().unwrap_or(1);
        Self { instruments, locked: alloc::vec![0; ASSETS_MAX * venues] }
    }

    /// Forgets what stands and takes other grids over; everything is to be added anew.
    pub fn restart<'a>(&mut self, instruments: impl Iterator<Item = &'a Instrument>) {
        self.locked.fill(0);
        self.instruments.clear();
        self.instruments.extend(instruments);
    }

    /// What all live orders lock of an asset of a venue's account, pending and unknown ones
    /// included; sticks at the ends of the range.
    #[inline]
    pub fn locked(&self, venue: VenueId, asset: AssetId) -> Amount {
        let place = venue.index() * ASSETS_MAX + asset.index();
        let sum = self.locked.get(place).copied().unwrap_or(0);
        Amount(i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX }))
    }

    /// A live order of this side and price could fill `after` from now on instead of `before`: the
    /// change of its notional.
    #[inline]
    pub(crate) fn moves(
        &mut self,
        (instrument, side): (InstrumentId, Side),
        before: (Price, Qty),
        after: (Price, Qty),
    ) -> i128 {
        let Some(instrument) = self.instruments.get(instrument.index()) else { return 0 };
        let notional = |(price, qty): (Price, Qty)| match qty {
            Qty(0) => Notional(0),
            qty => instrument.notional(price, qty),
        };
        let change = i128::from(notional(after).0) - i128::from(notional(before).0);
        let (asset, locks) = match (instrument.kind, side) {
            (Kind::Linear, _) => {
                let margin = |of| i128::from(instrument.margin(notional(of)).0);
                (instrument.quote, margin(after) - margin(before))
            }
            (Kind::Spot, Side::Buy) => (instrument.quote, change),
            (Kind::Spot, Side::Sell) => {
                let amount = |qty: Qty| i128::from(instrument.base_amount(qty).0);
                (instrument.base, amount(after.1) - amount(before.1))
            }
        };
        let place = instrument.venue.index() * ASSETS_MAX + asset.index();
        if let Some(locked) = self.locked.get_mut(place) {
            *locked += locks;
        }
        change
    }
}
