//! One venue as the engine knows it: our account there, and the link that orders go over.

use crate::account::Account;
use crate::instrument::Instrument;
use crate::state::{Sink, Source, State};
use crate::time::Nanos;

/// Our account at a venue and the state of its order link.
#[derive(Debug)]
pub struct Venue {
    /// Balances and margined positions.
    pub account: Account,
    /// Whether the order link is up.
    pub(crate) orders_up: bool,
    /// Whether everything was told since the link came up.
    pub(crate) reconciled: bool,
    /// Whether everything is being told.
    pub(crate) reconciling: bool,
    /// When that began last.
    pub(crate) reconcile_at: Nanos,
    /// Orders that the gateway may still send.
    pub(crate) budget_orders: u32,
}

impl Venue {
    /// A venue of which nothing is known, with room for positions of these instruments.
    pub fn new(instruments: &[Instrument]) -> Self {
        Self {
            account: Account::new(instruments),
            orders_up: false,
            reconciled: false,
            reconciling: false,
            reconcile_at: Nanos::ZERO,
            budget_orders: u32::MAX,
        }
    }

    /// Whether its order link is up and reconciled.
    #[inline]
    pub const fn is_reconciled(&self) -> bool {
        self.orders_up && self.reconciled
    }
}

impl State for Venue {
    fn save(&self, sink: &mut dyn Sink) {
        self.account.save(sink);
        sink.flag(self.orders_up);
        sink.flag(self.reconciled);
        sink.flag(self.reconciling);
        sink.word(self.reconcile_at.0);
        sink.word(u64::from(self.budget_orders));
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.account.load(source)?;
        self.orders_up = source.flag()?;
        self.reconciled = source.flag()?;
        self.reconciling = source.flag()?;
        self.reconcile_at = Nanos(source.word()?);
        self.budget_orders = u32::try_from(source.word()?).ok()?;
        Some(())
    }
}
