//! Time and operators: what is asked again, what halts, what shuts down.

use super::Engine;
use super::report::live_ids;
use crate::event::{Command, Event, Request};
use crate::id::{InstrumentId, OrderId, Side};
use crate::intent::{Outgoing, Reduce};
use crate::num::{Amount, Price};
use crate::order::OrderState;
use crate::plan::Take;
use crate::session::{Halt, Phase, Repair, RepairKind};
use crate::strategy::Strategy;
use crate::time::Nanos;

const STOP_AGAIN: Nanos = Nanos::from_s(1);
const FLATTEN_AGAIN: Nanos = Nanos::from_ms(250);
const ASK_DOUBLINGS_MAX: u32 = 5;

impl<S: Strategy> Engine<S> {
    pub(super) fn on_timer(&mut self) {
        for place in 0..self.desks.len() {
            self.watch_orders(place);
            self.watch_day(place);
        }
        self.watch_balances();
        if matches!(self.phase, Phase::Stopping | Phase::Halted)
            && self.live_orders() > 0
            && self.now.since(self.asked_to_stop_at) >= STOP_AGAIN
        {
            self.cancel_all();
        }
        if self.phase == Phase::Stopping && self.live_orders() == 0 {
            self.phase = Phase::Stopped;
        }
    }

    /// Requests unanswered for too long become unknown; unknown orders are asked for.
    fn watch_orders(&mut self, place: usize) {
        let now = self.now;
        for id in live_ids(&self.desks[place]).iter().flatten() {
            let desk = &mut self.desks[place];
            let Some(order) = desk.orders.get(*id).copied() else { continue };
            let late = now.since(order.sent_at) > self.settings.answer_max;
            if order.state.is_pending() && late && self.orders_up {
                desk.counters.unknown_orders += 1;
                desk.orders.update(*id, |order| {
                    order.state = OrderState::Unknown;
                    order.asked = 0;
                    order.asked_at = Nanos::ZERO;
                });
            } else if order.state == OrderState::Unknown && self.orders_up && self.reconciled {
                let doublings = order.asked.min(ASK_DOUBLINGS_MAX);
                let wait = Nanos(self.settings.ask_after.0 << doublings);
                if now.since(order.asked_at) >= wait {
                    self.ask(place, *id);
                }
            }
        }
    }

    fn ask(&mut self, place: usize, id: OrderId) {
        let now = self.now;
        let desk = &mut self.desks[place];
        let Some(order) = desk.orders.get(id) else { return };
        if self.outbox.push(Outgoing::Reduce(Reduce::Query(order.reference()))) {
            desk.counters.queries += 1;
            desk.orders.update(id, |order| {
                order.asked += 1;
                order.asked_at = now;
            });
        }
    }

    fn watch_day(&mut self, place: usize) {
        let day = self.now.day();
        let pnl = self.desks[place].pnl(&self.market);
        let desk = &mut self.desks[place];
        if desk.day_start.0 != day {
            desk.day_start = (day, pnl);
        }
        let lost = pnl.saturating_sub(desk.day_start.1).0 <= -desk.gate.limits().daily_loss_max.0;
        if lost && matches!(self.phase, Phase::Quoting | Phase::Paused) {
            self.halt_for(Halt::DailyLoss);
        }
    }

    fn watch_balances(&mut self) {
        let (now, limit) = (self.now, self.settings.differs_max);
        if !self.reconciled || !self.account.started() {
            return;
        }
        let mut found = [None; 4];
        for (place, difference) in found.iter_mut().zip(self.account.differences(now, limit)) {
            *place = Some(difference);
        }
        for (asset, detail) in found.into_iter().flatten() {
            let order = OrderId::default();
            let kind = RepairKind::BalanceDifference;
            self.note(Repair { kind, at: now, order, asset, detail });
            self.halt_for(Halt::BalanceDifference);
        }
    }

    /// Cancels everything and stays still until an operator resumes.
    pub fn halt_for(&mut self, halt: Halt) {
        if matches!(self.phase, Phase::Stopping | Phase::Stopped) {
            return;
        }
        self.phase = Phase::Halted;
        self.halt = halt;
        self.cancel_all();
    }

    pub(super) fn cancel_all(&mut self) {
        self.asked_to_stop_at = self.now;
        let now = self.now;
        for listing in 0..self.market.listings().len() {
            self.outbox.push(Outgoing::Reduce(Reduce::CancelAll(InstrumentId(listing as u16))));
        }
        for desk in &mut self.desks {
            for id in live_ids(desk).iter().flatten() {
                desk.counters.cancels += 1;
                desk.orders.update(*id, |order| {
                    if matches!(order.state, OrderState::Open | OrderState::PendingAmend) {
                        order.sent_at = now;
                        order.state = OrderState::PendingCancel;
                    }
                });
            }
        }
    }

    pub(super) fn on_command(&mut self, event: &Event, command: Command, value: i64) {
        let stopping = matches!(self.phase, Phase::Stopping | Phase::Stopped);
        match command {
            Command::Stop => {
                if self.phase != Phase::Stopped {
                    self.phase = Phase::Stopping;
                    self.cancel_all();
                }
            }
            Command::Set => {
                for desk in &mut self.desks {
                    desk.strategy.set(event.id, value);
                }
            }
            _ if stopping => {}
            Command::Kill => {
                for desk in &mut self.desks {
                    desk.gate.kill();
                }
                self.halt_for(Halt::Killed);
            }
            Command::Pause => {
                self.resume_to_pause = true;
                self.phase = Phase::Paused;
            }
            Command::CancelAll => {
                self.resume_to_pause = true;
                self.phase = Phase::Paused;
                self.cancel_all();
            }
            Command::Flatten => {
                self.resume_to_pause = true;
                self.phase = Phase::Flattening;
                self.cancel_all();
            }
            Command::Resume => {
                if self.halt != Halt::Killed {
                    self.resume_to_pause = false;
                    self.halt = Halt::None;
                    self.phase = Phase::Quoting;
                }
            }
        }
    }

    /// Takes against the position at the collar's half, again and again, until less than the smallest
    /// order is left.
    pub(super) fn plan_flatten(&mut self, place: usize, instrument: InstrumentId) {
        let now = self.now;
        let Some(listing) = self.market.listing(instrument) else { return };
        let desk = &mut self.desks[place];
        let spec = &listing.instrument;
        let held = desk.positions.get(instrument.index()).map_or(Amount(0), |p| p.base);
        let lots = spec.lots(held.abs());
        let Some(mid_twice) = listing.book.mid_twice() else { return };
        let mid = Price(mid_twice / 2);
        let small = lots < spec.qty_min.max(crate::num::Qty(1))
            || spec.notional(mid, lots) < spec.notional_min;
        if small {
            if desk.orders.live_len() == 0 {
                self.phase = Phase::Paused;
            }
            return;
        }
        if desk.orders.live_len() > 0 || now.since(self.flatten_at) < FLATTEN_AGAIN {
            return;
        }
        let side = if held.0 > 0 { Side::Sell } else { Side::Buy };
        let reach = (i128::from(mid.0) * i128::from(desk.gate.limits().collar_mid_ppm / 2)
            / 1_000_000) as i64;
        let price = Price(mid.0 + reach * side.sign());
        let qty = lots.min(desk.gate.limits().order_qty_max);
        if let Some(plan) = desk.plans.get_mut(instrument.index()) {
            plan.take = Some(Take { id: desk.last_take + 1, side, price, qty });
            self.flatten_at = now;
        }
    }

    /// The gateway may have lost reports: everything pending becomes unknown and is asked for.
    pub fn doubt_everything(&mut self) {
        for place in 0..self.desks.len() {
            for id in live_ids(&self.desks[place]).iter().flatten() {
                self.desks[place].orders.update(*id, |order| {
                    order.state = crate::order::next(
                        order.state,
                        crate::order::Report::Unknown(Request::Place),
                    );
                    order.asked = 0;
                    order.asked_at = Nanos::ZERO;
                });
            }
        }
        self.halt_for(Halt::ReportsLate);
    }
}
