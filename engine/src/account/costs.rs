//! What perpetuals have realised against what the open ones cost: the two change with the order of
//! fills, their difference does not.
//!
//! A fill that was missed is told after later ones. By average cost, a position then comes out the
//! same while another part of its result counts as realised, and the venue's wallet, which has what
//! is realised, differs from ours by exactly as much as the costs differ. Where that explains a
//! lasting difference, the venue's order is taken over: nobody has won or lost anything.

use super::{Account, Holding, worth};
use crate::id::AssetId;
use crate::instrument::{Instrument, Kind};
use crate::num::{Amount, Notional};
use crate::time::Nanos;

/// Venues round average prices: so much of the cost may be left unexplained, 1 in …
const ROUNDING: i64 = 10_000_000;
/// And so many 1e-8, for each fill's own rounding.
const DUST: i64 = 100;

impl Holding {
    /// By how much the venue's cost is above ours; `None` while lots differ or nothing was told.
    fn cost_difference(&self, instrument: &Instrument) -> Option<i64> {
        let (_, entry) = self.told?;
        let theirs = worth(self.position.base, entry);
        let same = self.difference(instrument) == 0;
        same.then(|| theirs.0.saturating_sub(self.position.cost.0))
    }

    /// So much more was realised, and so much more did what is open cost.
    fn shift_cost(&mut self, instrument: &Instrument, by: i64) {
        self.position.cost = self.position.cost.saturating_add(Notional(by));
        self.position.realised = self.position.realised.saturating_add(Notional(by));
        self.mark(instrument, self.mark);
    }
}

impl Account {
    /// Takes the venue's costs over where they explain why a balance has differed for longer than
    /// `limit`; says which, and by how much. `own` are the instruments of this account.
    pub fn take_costs<'a>(
        &mut self,
        own: impl Iterator<Item = &'a Instrument> + Clone,
        times: (Nanos, Nanos),
    ) -> impl Iterator<Item = (AssetId, Amount)> {
        (0..self.told_end).filter_map(move |place| {
            let asset = AssetId(place as u16);
            Some((asset, self.take_costs_of(own.clone(), asset, times)?))
        })
    }

    fn take_costs_of<'a>(
        &mut self,
        own: impl Iterator<Item = &'a Instrument> + Clone,
        asset: AssetId,
        (now, limit): (Nanos, Nanos),
    ) -> Option<Amount> {
        let balance = self.balances.get(asset.index())?;
        let since = balance.differs_since.filter(|since| *since != Nanos(u64::MAX))?;
        if now.since(since) < limit {
            return None;
        }
        let (free, locked) = balance.told?;
        let difference = free.saturating_add(locked).saturating_sub(balance.total).0;
        let settled = own.filter(|one| one.kind == Kind::Linear && one.quote == asset);
        let (mut explained, mut slack, mut any) = (0_i64, DUST, false);
        for instrument in settled.clone() {
            let holding = self.holding(instrument.id);
            // What was never told and never held explains nothing, and stands in nobody's way.
            if holding.told.is_none() && holding.position.base.is_zero() {
                continue;
            }
            explained = explained.saturating_add(holding.cost_difference(instrument)?);
            slack = slack.saturating_add(holding.position.cost.0.saturating_abs() / ROUNDING);
            any = true;
        }
        if !any || difference.saturating_sub(explained).saturating_abs() > slack {
            return None;
        }
        for instrument in settled {
            let own = self.holding(instrument.id).cost_difference(instrument).unwrap_or(0);
            self.hold(instrument, |holding| holding.shift_cost(instrument, own));
        }
        let balance = self.balances.get_mut(asset.index())?;
        balance.total = free.saturating_add(locked);
        balance.settle();
        Some(Amount(difference))
    }
}
