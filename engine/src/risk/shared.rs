//! Limits that all desks share: what the accounts together may have at stake.

use super::Bucket;
use crate::num::Notional;
use crate::state::{Sink, Source, State};
use crate::time::Nanos;

/// The limits, in the money that the market counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedLimits {
    /// Largest sum of all positions' values and all live orders' notionals.
    pub gross_notional_max: Notional,
    /// Most live orders.
    pub open_orders_max: u32,
    /// Orders a second, in the long run.
    pub orders_per_s: u32,
    /// Orders at once after a pause.
    pub orders_burst: u32,
    /// Loss of all desks since the start of the day (UTC) at which trading halts.
    pub daily_loss_max: Notional,
}

/// The limits and how much of the rate is used.
#[derive(Clone, Debug)]
pub struct Shared {
    limits: SharedLimits,
    bucket: Bucket,
}

impl Shared {
    /// With nothing used.
    pub const fn new(limits: SharedLimits) -> Self {
        Self { limits, bucket: Bucket::new(limits.orders_per_s, limits.orders_burst) }
    }

    /// The limits.
    pub const fn limits(&self) -> &SharedLimits {
        &self.limits
    }

    /// Which of gross notional, open orders and rate an order of this notional would pass.
    #[inline]
    pub fn passes(
        &self,
        notional: Notional,
        (gross, open): (Notional, usize),
        now: Nanos,
    ) -> [bool; 3] {
        [
            gross.saturating_add(notional) > self.limits.gross_notional_max,
            open >= self.limits.open_orders_max as usize,
            !self.bucket.clone().has(now),
        ]
    }

    /// An order left.
    #[inline]
    pub fn take(&mut self, now: Nanos) {
        if self.bucket.has(now) {
            self.bucket.take();
        }
    }
}

impl State for Shared {
    fn save(&self, sink: &mut dyn Sink) {
        self.bucket.save(sink);
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.bucket.load(source)
    }
}
