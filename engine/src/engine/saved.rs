//! The whole engine as words, and an engine of words alone.

use super::{Counters, Engine, Found, Netting, REPAIRS_MAX, Settings};
use crate::desk::Desk;
use crate::held::{HELD_MAX, Held};
use crate::id::{AssetId, OrderId};
use crate::instrument::Instrument;
use crate::market::Market;
use crate::num::{Amount, Notional};
use crate::risk::{Shared, SharedLimits};
use crate::session::{Halt, Phase, Repair, RepairKind};
use crate::state::{Restore, STATE_VERSION, Sink, Source, State};
use crate::strategy::Strategy;
use crate::time::Nanos;
use alloc::vec::Vec;

/// Desks of one engine at most.
const DESKS_MAX: usize = 255;

impl Counters {
    fn words(&mut self) -> [&mut u64; 17] {
        [
            &mut self.events,
            &mut self.market_events,
            &mut self.odd_rows,
            &mut self.reports_of_unknown_orders,
            &mut self.budget_deferred,
            &mut self.rate_deferred,
            &mut self.repairs_lost,
            &mut self.order_link_losses,
            &mut self.market_link_losses,
            &mut self.orders_full,
            &mut self.untracked_orders,
            &mut self.fills_before_start,
            &mut self.sets_refused,
            &mut self.netted,
            &mut self.holds_refused,
            &mut self.held_fired,
            &mut self.held_at_venue,
        ]
    }
}

impl State for Settings {
    fn save(&self, sink: &mut dyn Sink) {
        sink.flag(self.found == Found::Adopt);
        let times = [self.answer_max, self.ask_after, self.differs_max, self.reconcile_every];
        times.into_iter().for_each(|time| sink.word(time.0));
        sink.flag(self.netting == Netting::Inside);
        sink.flag(self.shared.is_some());
        if let Some(shared) = self.shared {
            sink.int(shared.gross_notional_max.0);
            sink.word(u64::from(shared.open_orders_max));
            sink.word(u64::from(shared.orders_per_s));
            sink.word(u64::from(shared.orders_burst));
            sink.int(shared.daily_loss_max.0);
        }
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.found = if source.flag()? { Found::Adopt } else { Found::Cancel };
        self.answer_max = Nanos(source.word()?);
        self.ask_after = Nanos(source.word()?);
        self.differs_max = Nanos(source.word()?);
        self.reconcile_every = Nanos(source.word()?);
        self.netting = if source.flag()? { Netting::Inside } else { Netting::Refuse };
        self.shared = None;
        if source.flag()? {
            let number = |word: u64| u32::try_from(word).ok();
            self.shared = Some(SharedLimits {
                gross_notional_max: Notional(source.int()?),
                open_orders_max: number(source.word()?)?,
                orders_per_s: number(source.word()?)?,
                orders_burst: number(source.word()?)?,
                daily_loss_max: Notional(source.int()?),
            });
        }
        Some(())
    }
}

impl Repair {
    fn save(&self, sink: &mut dyn Sink) {
        sink.word(self.kind as u64);
        sink.word(self.at.0);
        sink.word(self.order.0);
        sink.word(u64::from(self.asset.0));
        sink.int(self.detail.0);
    }

    fn restore(source: &mut dyn Source) -> Option<Self> {
        Some(Self {
            kind: *RepairKind::ALL.get(source.count(RepairKind::ALL.len() - 1)?)?,
            at: Nanos(source.word()?),
            order: OrderId(source.word()?),
            asset: AssetId(u16::try_from(source.word()?).ok()?),
            detail: Amount(source.int()?),
        })
    }
}

impl<S: Strategy> Engine<S> {
    fn save_session(&self, sink: &mut dyn Sink) {
        self.settings.save(sink);
        if let Some(shared) = &self.shared {
            shared.save(sink);
        }
        sink.word(self.phase as u64);
        sink.word(self.halt as u64);
        sink.word(self.now.0);
        sink.word(u64::from(self.epoch));
        sink.word(u64::from(self.next_counter));
        sink.word(self.asked_to_stop_at.0);
        let mut counters = self.counters;
        counters.words().into_iter().for_each(|count| sink.word(*count));
        sink.word(self.repairs.len() as u64);
        self.repairs.iter().for_each(|repair| repair.save(sink));
        self.next_trades.iter().for_each(|next| sink.word(*next));
        sink.word(self.held.len() as u64);
        self.held.iter().for_each(|held| held.save(sink));
    }

    fn load_session(&mut self, source: &mut dyn Source) -> Option<()> {
        let number = |word: u64| u32::try_from(word).ok();
        self.settings.load(source)?;
        self.shared = self.settings.shared.map(Shared::new);
        if let Some(shared) = &mut self.shared {
            shared.load(source)?;
        }
        self.phase = *Phase::ALL.get(source.count(Phase::ALL.len() - 1)?)?;
        self.halt = *Halt::ALL.get(source.count(Halt::ALL.len() - 1)?)?;
        self.now = Nanos(source.word()?);
        self.epoch = number(source.word()?)?;
        self.next_counter = number(source.word()?)?;
        self.asked_to_stop_at = Nanos(source.word()?);
        for count in self.counters.words() {
            *count = source.word()?;
        }
        for _ in 0..source.count(REPAIRS_MAX)? {
            self.repairs.push(Repair::restore(source)?);
        }
        for next in &mut self.next_trades {
            *next = source.word()?;
        }
        for _ in 0..source.count(HELD_MAX)? {
            self.held.push(Held::restore(source)?);
        }
        Some(())
    }
}

/// Everything that later decisions depend on, and what is counted. What waits in the outbox is not
/// among it: between two events there is nothing.
impl<S: Strategy> State for Engine<S> {
    fn save(&self, sink: &mut dyn Sink) {
        sink.word(STATE_VERSION);
        self.market.save(sink);
        sink.word(self.desks.len() as u64);
        self.desks.iter().for_each(|desk| desk.save(sink));
        self.venues.iter().for_each(|venue| venue.save(sink));
        self.save_session(sink);
    }

    /// Not for engines: they are made by [`Engine::restore`], whatever they were before.
    fn load(&mut self, _source: &mut dyn Source) -> Option<()> {
        None
    }
}

impl<S: Strategy + Restore> Engine<S> {
    /// An engine of what [`State::save`] gave; `None` when the words do not fit.
    pub fn restore(source: &mut dyn Source) -> Option<Self> {
        if source.word()? != STATE_VERSION {
            return None;
        }
        let mut market = Market::new(Vec::new());
        market.load(source)?;
        let all: Vec<Instrument> =
            market.listings().iter().map(|listing| listing.instrument).collect();
        let mut desks: Vec<Desk<S>> = Vec::new();
        for place in 0..source.count(DESKS_MAX)? {
            desks.push(Desk::restore(place, source, &all)?);
        }
        let mut engine = Self::new(all, Vec::new(), Settings::default());
        engine.venues.iter_mut().try_for_each(|venue| venue.load(source))?;
        engine.market = market;
        engine.traders = super::traders(&desks, engine.market.listings().len());
        engine.wishing = Vec::with_capacity(desks.len());
        engine.desks = desks;
        engine.recount();
        engine.load_session(source)?;
        Some(engine)
    }
}
