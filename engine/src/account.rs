//! Balances of one account: what we started with plus our own fills, compared with what the venue
//! says and never copied from it after the start.

use crate::asset::ASSETS_MAX;
use crate::event::Fill;
use crate::id::{AssetId, InstrumentId};
use crate::instrument::{Instrument, Kind};
use crate::num::{Amount, Notional};
use crate::position::flows;
use crate::time::Nanos;
use alloc::vec::Vec;

/// One asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Balance {
    /// What we started with.
    pub start: Amount,
    /// Start plus our own fills less our own fees.
    pub total: Amount,
    /// Free and locked as the venue last said.
    pub told: Option<(Amount, Amount)>,
    /// Since when the venue's sum differs from ours.
    pub differs_since: Option<Nanos>,
    /// Fees paid in this asset.
    pub fees: Amount,
    /// Value of one unit in the account's quote asset, where it was told.
    pub conversion: Option<Notional>,
    /// Initial margin of positions that are settled in it.
    pub margin: Notional,
    /// What these positions have won or lost so far at their mark prices.
    pub unrealised: Notional,
}

/// All assets and margined positions of an account.
#[derive(Debug)]
pub struct Account {
    balances: Vec<Balance>,
    /// Behind the last asset that the venue ever told of: only those before it can differ.
    told_end: usize,
    /// By instrument id.
    holdings: Vec<Holding>,
    started: bool,
}

impl Account {
    /// Empty balances, and no position in any of these instruments.
    pub fn new(instruments: &[Instrument]) -> Self {
        Self {
            balances: alloc::vec![Balance::default(); ASSETS_MAX],
            told_end: 0,
            holdings: alloc::vec![Holding::default(); instruments.len()],
            started: false,
        }
    }

    /// One asset; an unknown one is empty.
    #[inline]
    pub fn balance(&self, asset: AssetId) -> Balance {
        self.balances.get(asset.index()).copied().unwrap_or_default()
    }

    /// What is held of an asset, locked or not.
    #[inline]
    pub fn total(&self, asset: AssetId) -> Amount {
        self.balances.get(asset.index()).map_or(Amount(0), |balance| balance.total)
    }

    /// What may still be spent of an asset by new orders and margin: what is held, less the margin
    /// of positions, with what they have lost or won so far.
    #[inline]
    pub fn free(&self, asset: AssetId) -> Amount {
        self.balances.get(asset.index()).map_or(Amount(0), |balance| {
            let open = balance.unrealised.0.saturating_sub(balance.margin.0);
            Amount(balance.total.0.saturating_add(open))
        })
    }

    /// A margined position; flat where there is none.
    #[inline]
    pub fn holding(&self, instrument: InstrumentId) -> Holding {
        self.holdings.get(instrument.index()).copied().unwrap_or_default()
    }

    /// Assets that were ever told of or traded, by id.
    pub fn balances(&self) -> impl Iterator<Item = (AssetId, Balance)> + '_ {
        let all = self.balances.iter().enumerate();
        let used = all.filter(|(_, balance)| **balance != Balance::default());
        used.map(|(place, balance)| (AssetId(place as u16), *balance))
    }

    /// Whether the starting balances have been told.
    pub const fn started(&self) -> bool {
        self.started
    }

    /// The starting balances are complete: from now on the venue's are compared.
    pub const fn start(&mut self) {
        self.started = true;
    }

    /// The venue says what it has. Before the start it is copied, afterwards compared.
    pub fn told(&mut self, asset: AssetId, free: Amount, locked: Amount, at: Nanos) {
        let started = self.started;
        let Some(balance) = self.balances.get_mut(asset.index()) else { return };
        balance.told = Some((free, locked));
        self.told_end = self.told_end.max(asset.index() + 1);
        if !started {
            balance.start = free.saturating_add(locked);
            balance.total = balance.start;
        }
        balance.compare(at);
    }

    /// One unit of an asset is worth this much in the quote asset.
    pub fn convert(&mut self, asset: AssetId, price: Notional) {
        if let Some(balance) = self.balances.get_mut(asset.index()) {
            balance.conversion = Some(price);
        }
    }

    /// The venue says what position it has. Before the start it is copied, afterwards compared.
    pub fn told_position(&mut self, instrument: &Instrument, told: (i64, Notional), at: Nanos) {
        let started = self.started;
        self.hold(instrument, |holding| holding.told(instrument, told, started, at));
    }

    /// A new mark price of a perpetual.
    #[inline]
    pub fn mark(&mut self, instrument: &Instrument, mark: Notional) {
        self.hold(instrument, |holding| holding.mark(instrument, mark));
    }

    /// Funding received, or paid when below 0, under the venue's number; false when it was booked
    /// before.
    pub fn fund(
        &mut self,
        instrument: &Instrument,
        number: u64,
        (asset, amount): (AssetId, Amount),
    ) -> bool {
        let Some(holding) = self.holdings.get_mut(instrument.id.index()) else { return false };
        if number < holding.next_funding || !self.started {
            return false;
        }
        holding.next_funding = number.saturating_add(1);
        self.add(asset, amount);
        true
    }

    /// Changes a holding and keeps the sums over all of them.
    #[inline]
    fn hold<R: Default>(
        &mut self,
        instrument: &Instrument,
        change: impl FnOnce(&mut Holding) -> R,
    ) -> R {
        let Some(holding) = self.holdings.get_mut(instrument.id.index()) else {
            return R::default();
        };
        let before = (holding.margin.0, holding.unrealised.0);
        let result = change(holding);
        let Some(balance) = self.balances.get_mut(instrument.quote.index()) else { return result };
        balance.margin.0 = balance.margin.0.saturating_add(holding.margin.0 - before.0);
        balance.unrealised.0 = balance.unrealised.0.saturating_add(holding.unrealised.0 - before.1);
        result
    }

    /// Books a fill of ours and returns (fee in base, value of the whole fee in quote). Of a
    /// perpetual, what it realised comes in and nothing else.
    pub fn fill(&mut self, instrument: &Instrument, fill: &Fill) -> (Amount, Notional) {
        match instrument.kind {
            Kind::Spot => {
                let notional = instrument.notional(fill.price, fill.qty);
                let amount = instrument.base_amount(fill.qty);
                let (base, quote) = flows(fill.side, amount, notional);
                self.add(instrument.base, base);
                self.add(instrument.quote, quote);
            }
            Kind::Linear => {
                let realised = self.hold(instrument, |holding| holding.fill(instrument, fill));
                self.add(instrument.quote, Amount(realised.0));
            }
        }
        self.add(fill.fee_asset, Amount(fill.fee.0.saturating_neg()));
        if let Some(balance) = self.balances.get_mut(fill.fee_asset.index()) {
            balance.fees = balance.fees.saturating_add(fill.fee);
        }
        if fill.fee_asset == instrument.quote {
            (Amount(0), Notional(fill.fee.0))
        } else if fill.fee_asset == instrument.base {
            (fill.fee, instrument.value(fill.fee, fill.price))
        } else {
            let unit = self.balance(fill.fee_asset).conversion.unwrap_or_default();
            let value = i128::from(fill.fee.0) * i128::from(unit.0) / 100_000_000;
            (Amount(0), Notional(i64::try_from(value).unwrap_or(i64::MAX)))
        }
    }

    fn add(&mut self, asset: AssetId, delta: Amount) {
        if let Some(balance) = self.balances.get_mut(asset.index()) {
            balance.total = balance.total.saturating_add(delta);
            balance.settle();
        }
    }

    /// Assets whose sum has differed from the venue's for longer than `limit`; each is named once
    /// per difference.
    pub fn differences(
        &mut self,
        now: Nanos,
        limit: Nanos,
    ) -> impl Iterator<Item = (AssetId, Amount)> + '_ {
        self.balances[..self.told_end].iter_mut().enumerate().filter_map(move |(place, balance)| {
            let since = balance.differs_since?;
            if since == Nanos(u64::MAX) || now.since(since) < limit {
                return None;
            }
            balance.differs_since = Some(Nanos(u64::MAX));
            let (free, locked) = balance.told?;
            let told = free.saturating_add(locked);
            Some((AssetId(place as u16), told.saturating_sub(balance.total)))
        })
    }
}

impl Account {
    /// Perpetuals whose position has differed from the venue's for longer than `limit`, by how many
    /// lots the venue has more; each is named once per difference.
    pub fn position_differences<'a>(
        &'a mut self,
        instruments: impl Iterator<Item = &'a Instrument> + 'a,
        (now, limit): (Nanos, Nanos),
    ) -> impl Iterator<Item = (InstrumentId, i64)> + 'a {
        let holdings = &mut self.holdings;
        instruments.filter_map(move |instrument| {
            let holding = holdings.get_mut(instrument.id.index())?;
            let since = holding.differs_since?;
            if since == Nanos(u64::MAX) || now.since(since) < limit {
                return None;
            }
            holding.differs_since = Some(Nanos(u64::MAX));
            Some((instrument.id, holding.difference(instrument)))
        })
    }
}

impl Balance {
    /// What the venue says now is compared.
    fn compare(&mut self, at: Nanos) {
        self.differs_since = self.differs_since.or(Some(at));
        self.settle();
    }

    /// A change of ours can end a difference but not begin one: what was told before it is older.
    fn settle(&mut self) {
        if self.told.is_none_or(|(free, locked)| free.saturating_add(locked) == self.total) {
            self.differs_since = None;
        }
    }
}

mod costs;
mod holding;
mod saved;

pub use holding::Holding;
use holding::worth;

#[cfg(test)]
mod tests;
