//! Time and operators: what is asked again, what halts, what shuts down.

use super::Engine;
use crate::desk::Desk;
use crate::event::{Command, Event, kind};
use crate::held::{HeldState, Trigger};
use crate::id::{AssetId, InstrumentId, OrderId, Side, VenueId};
use crate::instrument::{PRICE_MAX, QTY_MAX};
use crate::intent::{Outgoing, Reduce};
use crate::num::{Amount, Grid, Notional, POW10, Price, Qty};
use crate::order::{OrderState, Wake};
use crate::orders::Cursor;
use crate::plan::Take;
use crate::session::{Halt, Phase, Repair, RepairKind};
use crate::strategy::Strategy;
use crate::time::Nanos;

const STOP_AGAIN: Nanos = Nanos::from_s(1);
const FLATTEN_AGAIN: Nanos = Nanos::from_ms(250);
const ASK_DOUBLINGS_MAX: u32 = 5;
/// How often an order that waits for its price is asked for: not every venue tells of its end.
const ASK_ASLEEP: Nanos = Nanos::from_s(15);

impl<S: Strategy> Engine<S> {
    pub(super) fn on_timer(&mut self) {
        for place in 0..self.desks.len() {
            self.watch_orders(place);
            self.watch_day(place);
        }
        self.watch_shared_day();
        self.watch_balances();
        self.reconcile_in_time();
        if self.phase == Phase::Stopped && self.live_orders() > 0 {
            self.phase = Phase::Stopping;
        }
        if matches!(self.phase, Phase::Stopping | Phase::Halted | Phase::Flattening)
            && self.live_orders() > 0
            && self.now.since(self.asked_to_stop_at) >= STOP_AGAIN
        {
            self.cancel_all();
        }
        if self.phase == Phase::Stopping && self.live_orders() == 0 {
            self.phase = Phase::Stopped;
        }
    }

    fn reconcile_in_time(&mut self) {
        let every = self.settings.reconcile_every;
        if every == Nanos::ZERO {
            return;
        }
        for (place, venue) in self.venues.iter_mut().enumerate() {
            let reconcile = Reduce::Reconcile(VenueId(place as u8));
            if venue.is_reconciled()
                && self.now.since(venue.reconcile_at) >= every
                && self.outbox.push(Outgoing::Reduce(reconcile))
            {
                venue.reconcile_at = self.now;
            }
        }
    }

    /// Requests unanswered for too long become unknown; unknown orders are asked for.
    fn watch_orders(&mut self, place: usize) {
        let now = self.now;
        let mut cursor = Cursor::default();
        while let Some(id) = self.desks[place].orders.walk(&mut cursor) {
            let desk = &mut self.desks[place];
            let Some(order) = desk.orders.get(id) else { continue };
            let is_open = order.state == OrderState::Open;
            if is_open && order.wake == Wake::Awake && !order.tif.is_immediate() {
                continue;
            }
            let order = *order;
            let listing = self.market.listing(order.instrument);
            let venue = listing.and_then(|one| self.venues.get(one.instrument.venue.index()));
            let (up, known) = venue.map_or((false, false), |v| (v.orders_up, v.is_reconciled()));
            let late = now.since(order.sent_at) > self.settings.answer_max;
            let waits = order.state.is_pending()
                || is_open && matches!(order.wake, Wake::Awake | Wake::Due);
            if waits && late && up {
                desk.counters.unknown_orders += 1;
                desk.orders.update(id, &mut self.exposure, |order| order.doubt(Nanos::ZERO));
            } else if is_open && order.wake == Wake::Asleep && known {
                if now.since(order.asked_at.max(order.sent_at)) >= ASK_ASLEEP {
                    self.ask(place, id);
                }
            } else if order.state == OrderState::Unknown && known {
                let doublings = order.asked.min(ASK_DOUBLINGS_MAX);
                let wait = Nanos(self.settings.ask_after.0 << doublings);
                if now.since(order.asked_at) >= wait {
                    self.ask(place, id);
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
            desk.orders.update(id, &mut self.exposure, |order| {
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
        let lost = pnl.saturating_sub(desk.day_start.1).0
            <= desk.gate.limits(0).daily_loss_max.0.saturating_neg();
        if lost && matches!(self.phase, Phase::Quoting | Phase::Paused) {
            self.halt_for(Halt::DailyLoss);
        }
    }

    fn watch_shared_day(&mut self) {
        let Some(shared) = &self.shared else { return };
        let days = self.desks.iter().map(|desk| desk.day_pnl(&self.market));
        let day = days.fold(Notional(0), Notional::saturating_add);
        let lost = day.0 <= shared.limits().daily_loss_max.0.saturating_neg();
        if lost && matches!(self.phase, Phase::Quoting | Phase::Paused) {
            self.halt_for(Halt::DailyLoss);
        }
    }

    fn watch_balances(&mut self) {
        for place in 0..self.venues.len() {
            self.watch_account(VenueId(place as u8));
        }
    }

    fn watch_account(&mut self, number: VenueId) {
        let (now, limit) = (self.now, self.settings.differs_max);
        let listings = self.market.listings();
        let at_it = |id: InstrumentId| {
            listings.get(id.index()).is_some_and(|one| one.instrument.venue == number)
        };
        // Fills of an unknown order may be what differs; it is being asked for.
        let orders = self.desks.iter().flat_map(|desk| desk.orders.live());
        let unknown = orders
            .filter(|order| order.state == OrderState::Unknown)
            .any(|order| at_it(order.instrument));
        let Some(venue) = self.venues.get_mut(number.index()) else { return };
        if !venue.reconciled || !venue.account.started() || unknown {
            return;
        }
        let of_it = listings.iter().map(|one| &one.instrument).filter(|one| one.venue == number);
        let (mut taken, mut found, mut positions) = ([None; 4], [None; 4], [None; 4]);
        let costs = venue.account.take_costs(of_it.clone(), (now, limit));
        for (place, by) in taken.iter_mut().zip(costs) {
            *place = Some(by);
        }
        for (place, difference) in found.iter_mut().zip(venue.account.differences(now, limit)) {
            *place = Some(difference);
        }
        let differences = venue.account.position_differences(of_it, (now, limit));
        for (place, difference) in positions.iter_mut().zip(differences) {
            *place = Some(difference);
        }
        let order = OrderId::default();
        for (asset, detail) in taken.iter().copied().flatten() {
            let kind = RepairKind::CostBasis;
            self.note(Repair { kind, at: now, order, asset, detail });
        }
        for (asset, detail) in found.iter().copied().flatten() {
            let kind = RepairKind::BalanceDifference;
            self.note(Repair { kind, at: now, order, asset, detail });
        }
        for (instrument, lots) in positions.iter().copied().flatten() {
            let (kind, detail) = (RepairKind::PositionDifference, Amount(lots));
            let asset = AssetId(instrument.0);
            self.note(Repair { kind, at: now, order, asset, detail });
        }
        if positions[0].is_some() {
            self.halt_for(Halt::PositionDifference);
        } else if found[0].is_some() {
            self.halt_for(Halt::BalanceDifference);
        }
    }

    /// Cancels everything and stays still until an operator resumes.
    pub fn halt_for(&mut self, halt: Halt) {
        if matches!(self.phase, Phase::Stopping | Phase::Stopped) {
            return;
        }
        self.phase = Phase::Halted;
        if self.halt != Halt::Killed {
            self.halt = halt;
        }
        self.cancel_all();
    }

    pub(super) fn cancel_all(&mut self) {
        self.asked_to_stop_at = self.now;
        let now = self.now;
        for listing in 0..self.market.listings().len() {
            self.outbox.push(Outgoing::Reduce(Reduce::CancelAll(InstrumentId(listing as u16))));
        }
        for desk in &mut self.desks {
            let mut cursor = Cursor::default();
            while let Some(id) = desk.orders.walk(&mut cursor) {
                let mut cancelled = false;
                desk.orders.update(id, &mut self.exposure, |order| {
                    // What sleeps behind an entry ends with it.
                    cancelled = matches!(order.state, OrderState::Open | OrderState::PendingAmend)
                        && order.wake != Wake::Dormant;
                    if cancelled {
                        order.sent_at = now;
                        order.state = OrderState::PendingCancel;
                    }
                });
                desk.counters.cancels += u64::from(cancelled);
            }
        }
    }

    pub(super) fn on_command(&mut self, event: &Event, command: Command, value: i64) {
        let stopping = matches!(self.phase, Phase::Stopping | Phase::Stopped);
        let killed = self.halt == Halt::Killed;
        match command {
            Command::Stop => {
                if self.phase != Phase::Stopped {
                    self.phase = Phase::Stopping;
                    self.cancel_all();
                }
            }
            Command::JournalFull => {
                if self.halt != Halt::Killed {
                    self.halt = Halt::Journal;
                }
                if self.phase != Phase::Stopped {
                    self.phase = Phase::Stopping;
                    self.cancel_all();
                }
            }
            Command::Set => {
                let (key, of) = Command::set_of(event.id);
                let meant = |desk: &&mut Desk<S>| of.is_none_or(|of| desk.id.0 == of);
                for desk in self.desks.iter_mut().filter(meant) {
                    let taken = desk.strategy.set(key, value);
                    self.counters.sets_refused += u64::from(!taken);
                }
            }
            _ if stopping => {}
            Command::Kill => {
                for desk in &mut self.desks {
                    desk.gate.kill();
                }
                self.halt_for(Halt::Killed);
            }
            Command::CancelAll if killed => self.cancel_all(),
            // Nothing but a restart leaves the kill switch.
            Command::Pause | Command::Flatten | Command::Resume if killed => {}
            Command::Pause => self.phase = Phase::Paused,
            Command::CancelAll => {
                self.phase = Phase::Paused;
                self.release(0);
                self.cancel_all();
            }
            Command::Flatten => {
                self.phase = Phase::Flattening;
                self.release(0);
                self.cancel_all();
            }
            Command::Resume => {
                self.halt = Halt::None;
                self.phase = Phase::Quoting;
            }
        }
    }

    /// Takes against the position half-way to the nearer collar, again and again, until less than
    /// the smallest order is left. True when there is something to take now.
    pub(super) fn plan_flatten(&mut self, place: usize, index: usize) -> bool {
        let (now, instrument) = (self.now, self.desks[place].lanes[index].instrument);
        let can_send = self.can_send(instrument);
        let desk = &mut self.desks[place];
        let lane = &mut desk.lanes[index];
        lane.is_flat = false;
        let Some(listing) = self.market.listing(instrument) else { return false };
        let spec = &listing.instrument;
        let held = desk.positions.get(instrument.index()).map_or(Amount(0), |p| p.base);
        let lots = spec.lots(held.abs());
        if lots < spec.qty_min.max(Qty(1)) {
            lane.is_flat = true;
            return false;
        }
        let Some(mid_twice) = listing.book.mid_twice() else { return false };
        let mid = Price(mid_twice / 2);
        if spec.notional(mid, lots) < spec.notional_min {
            lane.is_flat = true;
            return false;
        }
        let early = now.since(lane.flatten_at) < FLATTEN_AGAIN;
        let busy = Side::BOTH.iter().any(|side| desk.orders.side(instrument, *side).count() > 0);
        if busy || early || !can_send {
            return false;
        }
        let side = if held.0 > 0 { Side::Sell } else { Side::Buy };
        let Some(price) = self.reach(place, instrument, side) else { return false };
        let desk = &mut self.desks[place];
        let lane = &mut desk.lanes[index];
        let limits = desk.gate.limits(index);
        let most = limits.order_notional_max.0 / spec.notional(price, Qty(1)).0.max(1);
        let qty = lots.min(limits.order_qty_max).min(Qty(most));
        lane.flatten_at = now;
        lane.take = Some(Take { id: 0, side, price, qty });
        true
    }

    /// Flattening ends when every desk is flat and nothing stands.
    pub(super) fn end_flattening(&mut self) {
        let flat = self.desks.iter().all(|desk| desk.lanes.iter().all(|lane| lane.is_flat));
        if self.phase == Phase::Flattening && flat && self.live_orders() == 0 {
            self.phase = Phase::Paused;
        }
    }

    /// The grids of an instrument that this event is about to change.
    pub(super) fn grids(&self, event: &Event) -> Option<(Grid, Grid)> {
        if event.kind != kind::FILTERS {
            return None;
        }
        let listing = self.market.listing(event.instrument)?;
        Some((listing.instrument.tick, listing.instrument.lot))
    }

    /// Orders that stand and those that are held keep their prices and quantities when the grids
    /// under them change.
    pub(super) fn rebase(&mut self, id: InstrumentId, (tick, lot): (Grid, Grid)) {
        let Some(listing) = self.market.listing(id) else { return };
        let (new_tick, new_lot) = (listing.instrument.tick, listing.instrument.lot);
        for held in self.held.iter_mut().filter(|held| held.instrument == id) {
            let price = |one: Price| Price(regrid(one.0, tick, new_tick, PRICE_MAX));
            let qty = |one: Qty| Qty(regrid(one.0, lot, new_lot, QTY_MAX));
            if !matches!(held.hold.trigger, Trigger::TrailingShare | Trigger::Now) {
                held.hold.price = price(held.hold.price);
            }
            held.hold.limit = held.hold.limit.map(price);
            (held.hold.qty, held.filled) = (qty(held.hold.qty), qty(held.filled));
            if let HeldState::Armed(Some(best)) = &mut held.state {
                *best = price(*best);
            }
        }
        for desk in &mut self.desks {
            let mut cursor = Cursor::default();
            while let Some(order) = desk.orders.walk(&mut cursor) {
                desk.orders.update(order, &mut self.exposure, |order| {
                    if order.instrument == id {
                        order.price = Price(regrid(order.price.0, tick, new_tick, PRICE_MAX));
                        order.qty = Qty(regrid(order.qty.0, lot, new_lot, QTY_MAX));
                        order.filled = Qty(regrid(order.filled.0, lot, new_lot, QTY_MAX));
                        order.moving = order.moving.map(|(price, qty)| {
                            let price = Price(regrid(price.0, tick, new_tick, PRICE_MAX));
                            (price, Qty(regrid(qty.0, lot, new_lot, QTY_MAX)))
                        });
                        order.awaits = order.awaits.map(|(told, filled)| {
                            (told, Qty(regrid(filled.0, lot, new_lot, QTY_MAX)))
                        });
                    }
                });
            }
        }
    }

    /// Reports of a venue may be late: all that lives there becomes unknown and is asked for.
    pub(super) fn doubt_everything(&mut self, venue: VenueId) {
        let listings = self.market.listings();
        for desk in &mut self.desks {
            let mut cursor = Cursor::default();
            while let Some(id) = desk.orders.walk(&mut cursor) {
                desk.orders.update(id, &mut self.exposure, |order| {
                    let listing = listings.get(order.instrument.index());
                    // What sleeps behind an entry is asked for when that is no more.
                    let asked = order.wake != Wake::Dormant;
                    if asked && listing.is_some_and(|one| one.instrument.venue == venue) {
                        order.doubt(Nanos::ZERO);
                    }
                });
            }
        }
        self.halt_for(Halt::ReportsLate);
    }
}

/// Steps of one grid as steps of another, up to the next whole one, so that nothing is counted too
/// small.
fn regrid(steps: i64, from: Grid, to: Grid, most: i64) -> i64 {
    let unit = |grid: Grid| {
        let places = usize::from(12_u8.saturating_sub(grid.decimals));
        i128::from(grid.step).saturating_mul(i128::from(POW10[places]))
    };
    let (value, step) = (i128::from(steps).saturating_mul(unit(from)), unit(to).max(1));
    i64::try_from((value / step).saturating_add(i128::from(value % step > 0)))
        .unwrap_or(most)
        .min(most)
}
