//! What the venue reports of orders: fills in any state, answers, and reconciliation.

use super::{Engine, Found, REPAIRS_MAX};
use crate::event::{Body, End, Event, Fill, Reason, Request, Standing, flag};
use crate::id::{AssetId, ClientId, InstrumentId, OrderId};
use crate::intent::{Outgoing, Place, Reduce, Tif};
use crate::num::{Amount, Qty};
use crate::order::{Order, OrderState, Report, next};
use crate::session::{Phase, Repair, RepairKind};
use crate::strategy::Strategy;
use crate::time::Nanos;

impl<S: Strategy> Engine<S> {
    pub(super) fn on_report(&mut self, event: &Event, body: &Body) {
        let asked = event.has(flag::ASKED);
        match *body {
            Body::Fill(fill) => self.on_fill(event, &fill, asked),
            Body::Standing(standing) => self.on_standing(event.instrument, &standing, asked),
            Body::Accepted { order, venue_order } => {
                self.change(order, Report::Accepted, |order| order.venue_order = venue_order);
            }
            Body::Done { order, end, reason, filled } => {
                self.on_done(order, end, reason, filled, asked);
            }
            Body::Amended { order, qty } => {
                self.change(order, Report::Amended, |order| order.qty = qty);
            }
            Body::Refused { order, reason, .. } => {
                let unknown = reason == Reason::UnknownOrder;
                let report = if unknown { Report::RefusedUnknown } else { Report::Refused };
                self.change(order, report, |_| {});
            }
            Body::Unknown { order, request } => self.on_unknown(order, request),
            Body::Absent { order } => {
                if self.change(order, Report::Absent, |_| {}) {
                    self.mend(RepairKind::OrderAbsent, order, 0);
                }
            }
            _ => self.counters.odd_rows += 1,
        }
    }

    /// Applies a report to an order of any desk; true when it was live before.
    fn change(&mut self, id: OrderId, report: Report, more: impl FnOnce(&mut Order)) -> bool {
        let now = self.now;
        let mut was_live = false;
        let mut became_unknown = false;
        let mut more = Some(more);
        for desk in &mut self.desks {
            let known = desk.orders.update(id, |order| {
                was_live = !order.state.is_terminal();
                let state = next(order.state, report);
                became_unknown = state == OrderState::Unknown && order.state != OrderState::Unknown;
                order.state = state;
                if became_unknown {
                    order.asked = 0;
                    order.asked_at = now;
                }
                if let Some(more) = more.take() {
                    more(order);
                }
            });
            if known {
                desk.counters.unknown_orders += u64::from(became_unknown);
                return was_live;
            }
        }
        self.counters.reports_of_unknown_orders += 1;
        false
    }

    fn on_unknown(&mut self, order: OrderId, request: Request) {
        self.change(order, Report::Unknown(request), |_| {});
    }

    fn on_fill(&mut self, event: &Event, fill: &Fill, asked: bool) {
        let owner = self.desks.iter().position(|desk| desk.knows(fill.order));
        let trader = || self.desks.iter().position(|desk| desk.trades(event.instrument));
        let Some(place) = owner.or_else(trader) else {
            self.counters.odd_rows += 1;
            return;
        };
        let Some(listing) = self.market.listing(event.instrument) else {
            self.counters.odd_rows += 1;
            return;
        };
        let desk = &mut self.desks[place];
        if !desk.orders.first_sight(event.instrument, fill) {
            desk.counters.repeated_fills += 1;
            return;
        }
        let instrument = &listing.instrument;
        let (fee_base, fee_value) = self.account.fill(instrument, fill, self.now);
        let mid = listing.last_mid_twice;
        if let Some(position) = desk.positions.get_mut(event.instrument.index()) {
            position.apply(instrument, fill, fee_base, fee_value, mid);
        }
        let mut before = None;
        desk.orders.update(fill.order, |order| {
            before = Some(order.state);
            order.filled += fill.qty;
            let full = order.filled >= order.qty;
            order.state = next(order.state, if full { Report::FullFill } else { Report::PartFill });
        });
        let partial = desk.orders.get(fill.order).is_some_and(|order| order.filled < order.qty);
        desk.counters.fills[fill.side.index()] += 1;
        desk.counters.maker_fills += u64::from(fill.maker);
        desk.counters.partial_fills += u64::from(partial);
        match before {
            Some(OrderState::PendingCancel) => desk.counters.fills_in_cancel += 1,
            Some(state) if state.is_terminal() => desk.counters.fills_after_end += 1,
            _ => {}
        }
        desk.learn(event, &self.market, self.now);
        if owner.is_none() {
            self.mend(RepairKind::FillOfUnknownOrder, fill.order, fill.trade as i64);
        } else if asked {
            self.mend(RepairKind::MissedFill, fill.order, fill.trade as i64);
        }
    }

    fn on_done(&mut self, id: OrderId, end: End, reason: Reason, filled: Option<Qty>, asked: bool) {
        if let Some(desk) = self.desks.iter_mut().find(|desk| desk.knows(id)) {
            if end == End::Rejected {
                desk.counters.venue_rejects += 1;
                desk.counters.post_only_rejects += u64::from(reason == Reason::WouldTake);
            }
            let ours = desk.orders.get(id).map_or(Qty(0), |order| order.filled);
            if filled.is_some_and(|told| told > ours) {
                // Ended, but fills of it are missing here: ask until they came.
                self.change(id, Report::Unknown(Request::Place), |_| {});
                return;
            }
        }
        if self.change(id, Report::Done(end), |_| {}) && asked {
            self.mend(RepairKind::OrderEnded, id, 0);
        }
    }

    fn on_standing(&mut self, instrument: InstrumentId, standing: &Standing, asked: bool) {
        let known = self.desks.iter().find_map(|desk| desk.orders.get(standing.order)).copied();
        let Some(before) = known else { return self.on_found(instrument, standing) };
        self.change(standing.order, Report::Standing, |order| {
            order.venue_order = standing.venue_order;
            order.named = true;
            order.qty = standing.qty;
            if standing.filled > order.filled {
                // Fills of it are missing here: ask until they came.
                order.state = OrderState::Unknown;
            }
        });
        if asked && before.state == OrderState::Unknown && standing.filled <= before.filled {
            self.mend(RepairKind::OrderFound, standing.order, 0);
        }
    }

    /// An order at the venue that no desk knows.
    fn on_found(&mut self, instrument: InstrumentId, standing: &Standing) {
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
        let adopted = desk.is_some_and(|desk| desk.orders.insert(order));
        let keep = adopted && self.settings.found == Found::Adopt;
        if keep {
            self.mend(RepairKind::OrderAdopted, standing.order, 0);
            return;
        }
        self.outbox.push(Outgoing::Reduce(Reduce::Cancel(order.reference())));
        if adopted {
            let now = self.now;
            for desk in &mut self.desks {
                desk.orders.update(standing.order, |order| {
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
            self.reconcile_at = self.now;
            for desk in &mut self.desks {
                for id in live_ids(desk).iter().flatten() {
                    desk.orders.update(*id, |order| order.named = false);
                }
            }
            return;
        }
        if !self.account.started() {
            self.account.start();
        }
        for desk in &mut self.desks {
            for id in live_ids(desk).iter().flatten() {
                let mut lost = false;
                let since = self.reconcile_at;
                desk.orders.update(*id, |order| {
                    lost = !order.named && order.sent_at <= since;
                    if lost {
                        order.state = OrderState::Unknown;
                        order.asked = 0;
                        order.asked_at = Nanos::ZERO;
                    }
                });
                desk.counters.unknown_orders += u64::from(lost);
            }
        }
        self.reconciled = true;
        if self.phase == Phase::Reconciling {
            self.phase = if self.resume_to_pause { Phase::Paused } else { Phase::Quoting };
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

/// Ids of a desk's live orders, so that they can be changed one by one.
pub(super) fn live_ids<S>(
    desk: &crate::desk::Desk<S>,
) -> [Option<OrderId>; crate::orders::LIVE_MAX] {
    let mut ids = [None; crate::orders::LIVE_MAX];
    for (place, order) in ids.iter_mut().zip(desk.orders.live()) {
        *place = Some(order.id());
    }
    ids
}
