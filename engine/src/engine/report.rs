//! What the venue reports of orders: fills in any state, answers, and reconciliation.

use super::{Engine, Found, REPAIRS_MAX};
use crate::event::{Body, End, Event, Fill, Reason, Request, Standing, flag};
use crate::id::{AssetId, ClientId, InstrumentId, OrderId};
use crate::intent::{Outgoing, Place, Reduce, Tif};
use crate::num::{Amount, Qty};
use crate::order::{Order, OrderState, Report};
use crate::orders::Cursor;
use crate::session::{Halt, Phase, Repair, RepairKind};
use crate::strategy::Strategy;
use crate::time::Nanos;

impl<S: Strategy> Engine<S> {
    pub(super) fn on_report(&mut self, event: &Event, body: &Body) {
        let asked = event.has(flag::ASKED);
        self.about = event.instrument;
        match *body {
            Body::Fill(fill) => self.on_fill(event, &fill, asked),
            Body::Standing(standing) => self.on_standing(event.instrument, &standing, asked),
            Body::Accepted { order, .. } if !asked && self.is_strange(order) => {
                self.halt_for(Halt::OtherEngine);
            }
            Body::Accepted { order, venue_order } => {
                self.change(order, Report::Accepted, |order| order.venue_order = venue_order);
            }
            Body::Done { order, end, reason, filled } => {
                self.on_done(order, end, reason, filled, asked);
            }
            Body::Amended { order, price, qty } => {
                self.change(order, Report::Amended, |order| {
                    order.qty = qty;
                    order.price = price.unwrap_or(order.price);
                });
            }
            Body::Refused { order, request, reason } => self.on_refused(order, request, reason),
            Body::Unknown { order, request } => {
                self.change(order, Report::Unknown(request), |_| {});
            }
            Body::Absent { order } => {
                if self.change(order, Report::Absent, |_| {}) {
                    self.mend(RepairKind::OrderAbsent, order, 0);
                }
            }
            _ => self.counters.odd_rows += 1,
        }
    }

    /// The desk that an order is or was of: it nearly always trades what the report is about.
    #[inline]
    fn owner(&self, id: OrderId) -> Option<usize> {
        let knows = |place: &usize| self.desks[*place].knows(id);
        let likely = self.traders(self.about).iter().map(|place| usize::from(*place)).find(knows);
        likely.or_else(|| (0..self.desks.len()).find(knows))
    }

    /// Applies a report to an order of any desk, after `more` has changed what else it tells; true
    /// when the order was live before.
    fn change(&mut self, id: OrderId, report: Report, more: impl FnOnce(&mut Order)) -> bool {
        let now = self.now;
        let Some(place) = self.owner(id) else {
            self.counters.reports_of_unknown_orders += 1;
            return false;
        };
        let desk = &mut self.desks[place];
        let (mut was_live, mut lost) = (false, None);
        let mut became_unknown = false;
        let untracked = desk.orders.untracked();
        desk.orders.update(id, &mut self.exposure, |order| {
            let before = order.state;
            was_live = !before.is_terminal();
            more(order);
            order.apply(report);
            became_unknown = order.state == OrderState::Unknown && before != OrderState::Unknown;
            if became_unknown {
                order.doubt(now);
                lost = Some(order.reference());
            }
        });
        if desk.orders.untracked() > untracked {
            // No room to follow an order that stands after all: it must not go on standing.
            self.counters.untracked_orders += 1;
            if let Some(order) = lost {
                self.outbox.push(Outgoing::Reduce(Reduce::Cancel(order)));
            }
        } else {
            desk.counters.unknown_orders += u64::from(became_unknown);
        }
        was_live
    }

    /// Whether an order bears our prefix and the number of a session that is none of ours.
    fn is_strange(&self, order: OrderId) -> bool {
        let other = !order.is_foreign() && order.epoch() != self.epoch;
        other && self.owner(order).is_none()
    }

    fn on_refused(&mut self, id: OrderId, request: Request, reason: Reason) {
        let report = if reason == Reason::UnknownOrder && request != Request::Query {
            Report::RefusedUnknown
        } else {
            Report::Refused(request)
        };
        let now = self.now;
        self.change(id, report, |order| {
            order.refused_at = now;
            order.amend_refused |=
                request == Request::Amend && matches!(reason, Reason::Filter | Reason::Other);
        });
    }

    fn on_fill(&mut self, event: &Event, fill: &Fill, asked: bool) {
        let owner = self.owner(fill.order);
        let trader = || self.desks.iter().position(|desk| desk.trades(event.instrument));
        let Some(place) = owner.or_else(trader) else {
            self.counters.odd_rows += 1;
            return;
        };
        let Some(listing) = self.market.listing(event.instrument) else {
            self.counters.odd_rows += 1;
            return;
        };
        let seen = self.desks.iter().any(|desk| desk.orders.has_seen(event.instrument, fill));
        let desk = &mut self.desks[place];
        if seen || !desk.orders.first_sight(event.instrument, fill) {
            desk.counters.repeated_fills += 1;
            return;
        }
        let instrument = &listing.instrument;
        if let Some(next) = self.next_trades.get_mut(event.instrument.index()) {
            *next = fill.trade.saturating_add(1).max(*next);
        }
        if self.account.started() {
            let (fee_base, fee_value) = self.account.fill(instrument, fill);
            let mid = listing.last_mid_twice;
            if let Some(position) = desk.positions.get_mut(event.instrument.index()) {
                position.apply(instrument, fill, fee_base, fee_value, mid);
            }
            desk.mark(listing);
            desk.counters.fills[fill.side.index()] += 1;
            desk.counters.maker_fills += u64::from(fill.maker);
        } else {
            // The starting balances, which are still being told, hold it already.
            self.counters.fills_before_start += 1;
        }
        self.fill_order(place, fill);
        self.desks[place].learn(event, &self.market, self.now);
        if owner.is_none() {
            self.mend(RepairKind::FillOfUnknownOrder, fill.order, fill.trade as i64);
        } else if asked {
            self.mend(RepairKind::MissedFill, fill.order, fill.trade as i64);
        }
    }

    fn fill_order(&mut self, place: usize, fill: &Fill) {
        let now = self.now;
        let desk = &mut self.desks[place];
        let (mut before, mut partial, mut unknown) = (None, false, false);
        desk.orders.update(fill.order, &mut self.exposure, |order| {
            before = Some(order.state);
            order.filled = order.filled.saturating_add(fill.qty);
            partial = order.filled < order.qty;
            order.apply(if partial { Report::PartFill } else { Report::FullFill });
            unknown = order.state == OrderState::Unknown && before != Some(OrderState::Unknown);
            if unknown {
                order.doubt(now);
            }
        });
        desk.counters.partial_fills += u64::from(partial);
        desk.counters.unknown_orders += u64::from(unknown);
        match before {
            Some(OrderState::PendingCancel) => desk.counters.fills_in_cancel += 1,
            Some(state) if state.is_terminal() => desk.counters.fills_after_end += 1,
            _ => {}
        }
    }

    fn on_done(&mut self, id: OrderId, end: End, reason: Reason, filled: Option<Qty>, asked: bool) {
        let mut end_known = false;
        if let Some(place) = self.owner(id) {
            let desk = &mut self.desks[place];
            if end == End::Rejected {
                desk.counters.venue_rejects += 1;
                desk.counters.post_only_rejects += u64::from(reason == Reason::WouldTake);
            }
            end_known = desk
                .orders
                .get(id)
                .is_some_and(|order| matches!(order.awaits, Some((Report::Done(_), _))));
        }
        let was_live = self.change(id, Report::Done(end), |order| {
            let whole = if end == End::Filled { order.qty } else { Qty(0) };
            let told = filled.unwrap_or(whole).min(order.qty);
            order.awaits = (told > order.filled).then_some((Report::Done(end), told));
        });
        if was_live && asked && !end_known {
            self.mend(RepairKind::OrderEnded, id, 0);
        }
    }

    fn on_standing(&mut self, instrument: InstrumentId, standing: &Standing, asked: bool) {
        let owner = self.owner(standing.order).and_then(|place| self.desks.get(place));
        let known = owner.and_then(|desk| desk.orders.get(standing.order)).copied();
        let Some(before) = known else { return self.on_found(instrument, standing) };
        let behind = standing.filled > before.filled;
        self.change(standing.order, Report::Standing, |order| {
            order.venue_order = standing.venue_order;
            order.named = true;
            order.qty = standing.qty;
            if behind && !before.state.is_terminal() && order.awaits.is_none() {
                order.awaits = Some((Report::Standing, standing.filled));
            }
        });
        if asked && before.state == OrderState::Unknown && before.awaits.is_none() {
            self.mend(RepairKind::OrderFound, standing.order, 0);
        }
    }

    /// An order at the venue that no desk knows.
    fn on_found(&mut self, instrument: InstrumentId, standing: &Standing) {
        // A session that began after ours lives: its orders are not ours to touch.
        if self.is_strange(standing.order) && standing.order.epoch() > self.epoch {
            return self.halt_for(Halt::OtherEngine);
        }
        let client = ClientId { order: standing.order, cause: 0 };
        let place = Place {
            client,
            instrument,
            side: standing.side,
            price: standing.price,
            qty: standing.qty,
            tif: Tif::Gtc,
        };
        let mut order = Order::new(&place, self.now);
        order.venue_order = standing.venue_order;
        order.filled = standing.filled;
        order.state = OrderState::Open;
        order.named = true;
        let desk = self.desks.iter_mut().find(|desk| desk.trades(instrument));
        let adopted = desk.is_some_and(|desk| desk.orders.insert(order, &mut self.exposure));
        let keep = adopted && self.settings.found == Found::Adopt;
        if keep {
            self.mend(RepairKind::OrderAdopted, standing.order, 0);
            return;
        }
        self.outbox.push(Outgoing::Reduce(Reduce::Cancel(order.reference())));
        if adopted {
            let now = self.now;
            for desk in &mut self.desks {
                desk.orders.update(standing.order, &mut self.exposure, |order| {
                    order.sent_at = now;
                    order.state = OrderState::PendingCancel;
                });
            }
        }
        self.mend(RepairKind::OrderCancelled, standing.order, 0);
    }

    pub(super) fn on_reconcile(&mut self, done: bool) {
        if !done {
            self.reconciled = false;
            self.reconciling = true;
            self.reconcile_at = self.now;
            for desk in &mut self.desks {
                let mut cursor = Cursor::default();
                while let Some(id) = desk.orders.walk(&mut cursor) {
                    desk.orders.update(id, &mut self.exposure, |order| order.named = false);
                }
            }
            return;
        }
        if !self.reconciling {
            // The end of one that the link did not survive.
            self.counters.odd_rows += 1;
            return;
        }
        self.reconciling = false;
        self.account.start();
        for desk in &mut self.desks {
            let mut cursor = Cursor::default();
            while let Some(id) = desk.orders.walk(&mut cursor) {
                let mut lost = false;
                let since = self.reconcile_at;
                desk.orders.update(id, &mut self.exposure, |order| {
                    lost = !order.named && order.sent_at <= since && !order.state.is_terminal();
                    if lost {
                        order.doubt(Nanos::ZERO);
                    }
                });
                desk.counters.unknown_orders += u64::from(lost);
            }
        }
        self.reconciled = true;
        if self.phase == Phase::Reconciling {
            self.phase = Phase::Quoting;
        }
    }

    pub(super) fn mend(&mut self, kind: RepairKind, order: OrderId, detail: i64) {
        self.note(Repair {
            kind,
            at: self.now,
            order,
            asset: AssetId::default(),
            detail: Amount(detail),
        });
    }

    pub(super) fn note(&mut self, repair: Repair) {
        if self.repairs.len() < REPAIRS_MAX {
            self.repairs.push(repair);
        } else {
            self.counters.repairs_lost += 1;
        }
    }
}
