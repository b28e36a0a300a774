//! An account as words: the assets that were ever told of.

use super::{Account, Balance};
use crate::asset::ASSETS_MAX;
use crate::num::{Amount, Notional};
use crate::state::{Sink, Source, State};
use crate::time::Nanos;

impl State for Account {
    fn save(&self, sink: &mut dyn Sink) {
        sink.flag(self.started);
        sink.word(self.balances().count() as u64);
        for (asset, balance) in self.balances() {
            sink.word(u64::from(asset.0));
            sink.int(balance.start.0);
            sink.int(balance.total.0);
            sink.flag(balance.told.is_some());
            let (free, locked) = balance.told.unwrap_or_default();
            sink.int(free.0);
            sink.int(locked.0);
            sink.maybe(balance.differs_since.map(|at| at.0));
            sink.int(balance.fees.0);
            sink.maybe(balance.conversion.map(|price| price.0 as u64));
            sink.int(balance.margin.0);
            sink.int(balance.unrealised.0);
        }
        self.holdings.iter().for_each(|holding| holding.save(sink));
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.started = source.flag()?;
        for _ in 0..source.count(ASSETS_MAX)? {
            let asset = source.count(ASSETS_MAX - 1)?;
            let (start, total) = (Amount(source.int()?), Amount(source.int()?));
            let there = source.flag()?;
            self.told_end = self.told_end.max(asset + 1);
            let told = (Amount(source.int()?), Amount(source.int()?));
            self.balances[asset] = Balance {
                start,
                total,
                told: there.then_some(told),
                differs_since: source.maybe()?.map(Nanos),
                fees: Amount(source.int()?),
                conversion: source.maybe()?.map(|price| Notional(price as i64)),
                margin: Notional(source.int()?),
                unrealised: Notional(source.int()?),
            };
        }
        self.holdings.iter_mut().try_for_each(|holding| holding.load(source))
    }
}

impl Account {
    /// What the venue told before is old, and compared anew when it tells again.
    pub fn forget_told(&mut self) {
        for balance in &mut self.balances {
            balance.told = None;
            balance.differs_since = None;
        }
        for holding in &mut self.holdings {
            holding.told = None;
            holding.differs_since = None;
        }
    }
}
