//! What live orders lock of each asset of the account, kept as they change.
//!
//! The gate asks for it with every order, so that it is a sum that is kept and not one that is
//! taken: [`crate::orders::Orders`] tells each change of what an order could still fill.

use crate::asset::ASSETS_MAX;
use crate::id::{AssetId, InstrumentId, Side};
use crate::instrument::Instrument;
use crate::num::{Amount, Notional, Price, Qty};
use alloc::vec::Vec;

/// Locked amounts of one account, all desks together.
#[derive(Clone, Debug)]
pub struct Exposure {
    instruments: Vec<Instrument>,
    locked: Vec<i128>,
}

impl Exposure {
    /// Nothing stands on these instruments.
    pub fn new(instruments: Vec<Instrument>) -> Self {
        Self { instruments, locked: alloc::vec![0; ASSETS_MAX] }
    }

    /// Forgets what stands and takes other grids over; everything is to be added anew.
    pub fn restart<'a>(&mut self, instruments: impl Iterator<Item = &'a Instrument>) {
        self.locked.fill(0);
        self.instruments.clear();
        self.instruments.extend(instruments);
    }

    /// What all live orders lock of an asset, pending and unknown ones included; sticks at the ends
    /// of the range.
    #[inline]
    pub fn locked(&self, asset: AssetId) -> Amount {
        let sum = self.locked.get(asset.index()).copied().unwrap_or(0);
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
        let (asset, locks) = match side {
            Side::Buy => (instrument.quote, change),
            Side::Sell => {
                let amount = |qty: Qty| i128::from(instrument.base_amount(qty).0);
                (instrument.base, amount(after.1) - amount(before.1))
            }
        };
        if let Some(locked) = self.locked.get_mut(asset.index()) {
            *locked += locks;
        }
        change
    }
}
