//! A gate as words: limits, bucket, counts.

use super::Gate;
use crate::id::OrderId;
use crate::num::{Amount, Notional, Qty};
use crate::risk::Limits;
use crate::state::{Sink, Source, State};
use crate::time::Nanos;

impl State for Limits {
    fn save(&self, sink: &mut dyn Sink) {
        sink.int(self.collar_mid_ppm);
        sink.int(self.collar_trade_ppm);
        sink.int(self.order_qty_max.0);
        sink.int(self.order_notional_max.0);
        sink.int(self.position_max.0);
        sink.word(u64::from(self.open_orders_max));
        sink.int(self.gross_notional_max.0);
        sink.word(u64::from(self.orders_per_s));
        sink.word(u64::from(self.orders_burst));
        sink.word(self.market_age_max.0);
        sink.int(self.daily_loss_max.0);
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.collar_mid_ppm = source.int()?;
        self.collar_trade_ppm = source.int()?;
        self.order_qty_max = Qty(source.int()?);
        self.order_notional_max = Notional(source.int()?);
        self.position_max = Amount(source.int()?);
        self.open_orders_max = u32::try_from(source.word()?).ok()?;
        self.gross_notional_max = Notional(source.int()?);
        self.orders_per_s = u32::try_from(source.word()?).ok()?;
        self.orders_burst = u32::try_from(source.word()?).ok()?;
        self.market_age_max = Nanos(source.word()?);
        self.daily_loss_max = Notional(source.int()?);
        Some(())
    }
}

impl State for Gate {
    fn save(&self, sink: &mut dyn Sink) {
        sink.word(self.limits.len() as u64);
        self.limits.iter().for_each(|limits| limits.save(sink));
        self.bucket.save(sink);
        sink.flag(self.killed);
        sink.word(self.last_id.0);
        sink.word(self.approved);
        self.refusals.iter().for_each(|count| sink.word(*count));
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        if source.count(self.limits.len())? != self.limits.len() {
            return None;
        }
        self.limits.iter_mut().try_for_each(|limits| limits.load(source))?;
        self.bucket.load(source)?;
        self.killed = source.flag()?;
        self.last_id = OrderId(source.word()?);
        self.approved = source.word()?;
        for count in &mut self.refusals {
            *count = source.word()?;
        }
        Some(())
    }
}

impl Gate {
    /// What outlives a session: how many orders the rate still allows and, where it died, the kill
    /// switch.
    pub fn carry(&mut self, old: &Self, died: bool) {
        self.bucket.carry(&old.bucket);
        self.killed |= old.killed && died;
    }
}
