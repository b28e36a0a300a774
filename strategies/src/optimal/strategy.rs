//! The strategy as the engine drives it: which event is told to what, and the plan that comes of
//! it.

use super::{Optimal, Quoting};
use crate::parameter::from_nano;
use crate::tactic::{BuildError, Role, Tactic};
use engine::book::BookState;
use engine::event::{Body, Event, kind};
use engine::id::InstrumentId;
use engine::instrument::{Instrument, Status};
use engine::plan::Plan;
use engine::state::{Sink, Source};
use engine::strategy::{Reading, Strategy, View};

impl<P: Quoting> Strategy for Optimal<P> {
    #[inline]
    fn learn(&mut self, event: &Event, view: &View<'_>) {
        let ours = event.instrument == self.instrument;
        match event.kind {
            kind::LEVEL | kind::BEST if !ours => return,
            kind::TRADE => {
                if ours && let Some(Body::Trade { price, taker, .. }) = event.body() {
                    self.flow.on_trade(event.at, venue_ms(event), taker, price);
                }
                return;
            }
            kind::TIMER => self.on_time(event.at),
            kind::FILTERS if ours => {
                if let Some(listing) = view.listing(self.instrument) {
                    self.rebase(event.at, &listing.instrument);
                }
            }
            _ => {}
        }
        let Some(listing) = view.listing(self.instrument) else { return };
        if listing.book.state() == BookState::Partial {
            return;
        }
        match listing.book.touch().filter(|_| view.market.flows(listing.instrument.feed)) {
            Some(((bid, _), (ask, _))) => self.on_best(event.at, bid, ask),
            None if self.flow.mid().is_some() => self.flow.blank(event.at),
            None => {}
        }
    }

    #[inline]
    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        let Some(plan) = plans.get_mut(self.instrument.index()) else { return };
        let Some(listing) = view.listing(self.instrument) else { return };
        if listing.instrument.status != Status::Trading {
            return;
        }
        if let Some(((bid, _), (ask, _))) = listing.book.touch() {
            self.catch_up(view.now);
            let position = view.position(self.instrument);
            self.quote(position, bid, ask, |side, price, qty| {
                plan.quote(side, price, qty);
            });
        }
    }

    fn set(&mut self, key: u64, value: i64) -> bool {
        u16::try_from(key).is_ok_and(|id| self.change(id, from_nano(value)).is_ok())
    }

    fn carry(&mut self, old: &Self) {
        Tactic::carry(self, old);
    }

    fn reading(&self, instrument: InstrumentId) -> Reading {
        if instrument == self.instrument { self.shown() } else { Reading::default() }
    }
}

impl<P: Quoting> Tactic for Optimal<P> {
    type Parameters = P;
    const ROLES: &'static [Role] = &[Role::any("instrument", "what is quoted")];

    fn build(parameters: P, instruments: &[Instrument]) -> Result<Self, BuildError> {
        let [instrument] = BuildError::exactly(Self::ROLES, instruments)?;
        Ok(Self::new(parameters, &instrument)?)
    }

    fn parameters(&self) -> &P {
        &self.parameters
    }

    fn configure(&mut self, parameters: P) {
        self.configure_as(parameters);
    }

    #[inline]
    fn learn(&mut self, event: &Event, view: &View<'_>) {
        Strategy::learn(self, event, view);
    }

    #[inline]
    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        Strategy::plan(self, view, plans);
    }

    fn reading(&self, instrument: InstrumentId) -> Reading {
        Strategy::reading(self, instrument)
    }

    fn save_learnt(&self, sink: &mut dyn Sink) {
        Self::save_learnt(self, sink);
    }

    fn load_learnt(&mut self, source: &mut dyn Source) -> Option<()> {
        Self::load_learnt(self, source)
    }

    /// The book is gone, and the time without it does not count.
    fn wake(&mut self) {
        self.flow.blank(self.flow.refresh_at());
    }
}

impl<P: Quoting> Optimal<P> {
    /// Other parameters: estimates stay as far as they mean the same.
    pub(super) fn configure_as(&mut self, parameters: P) {
        self.parameters = parameters;
        self.flow.configure(parameters.flow());
        self.quoter.configure(parameters, *self.quoter.scale());
    }
}

/// When the venue executed a trade, milliseconds since 1970; the event time where it does not tell.
fn venue_ms(event: &Event) -> u64 {
    let read_us = (event.read_at().0 / 1000).cast_signed();
    read_us.saturating_sub(i64::from(event.venue_delta_us)).max(0).cast_unsigned() / 1000
}
