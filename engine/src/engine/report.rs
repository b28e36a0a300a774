//! What the venue reports of orders: fills in any state, answers, and reconciliation.

use super::{Engine, Found, REPAIRS_MAX, scene};
use crate::desk::Desk;
use crate::event::{Body, End, Event, Fill, Reason, Request, Standing, flag};
use crate::id::{AssetId, ClientId, InstrumentId, OrderId, VenueId};
use crate::instrument::Kind;
use crate::intent::{Outgoing, Place, Reduce, Tif};
use crate::num::{Amount, Notional, Qty};
use crate::order::{Order, OrderState, Report, Wake};
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
                self.change(order, Report::Accepted, |order| {
                    // What a conditional order became has an id of its own, which stays, whatever
                    // is told late of the one before.
                    let other = order.venue_order != 0 && order.venue_order != venue_order;
                    if other && order.wake == Wake::Awake {
                        return;
                    }
                    if other {
                        order.wake = Wake::Awake;
                    }
                    order.venue_order = venue_order;
                });
            }
            Body::Triggered { order, venue_order } => {
                self.change(order, Report::Accepted, |order| {
                    order.venue_order = venue_order;
                    order.wake = Wake::Awake;
                });
            }
            Body::Done { order, end, reason, filled } => {
                self.on_done(order, end, reason, filled, asked);
            }
            Body::Amended { order, price, qty } => {
                self.change(order, Report::Amended, |order| {
                    order.qty = qty;
                    let moved = order.moving.map(|(price, _)| price);
                    order.price = price.or(moved).unwrap_or(order.price);
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

    /// Has an order asked for at once.
    fn doubt(&mut self, id: OrderId) {
        let Some(place) = self.owner(id) else { return };
        self.desks[place].orders.update(id, &mut self.exposure, |order| {
            if !order.state.is_terminal() {
                order.doubt(Nanos::ZERO);
            }
        });
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
        let Some(venue) = self.venues.get_mut(instrument.venue.index()) else {
            self.counters.odd_rows += 1;
            return;
        };
        if venue.account.started() {
            let (fee_base, fee_value) = venue.account.fill(instrument, fill);
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
        let scene = scene(self.now, &self.market, &self.venues, &self.exposure);
        self.desks[place].learn(event, &scene);
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
            order.wake = Wake::Awake;
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
        let became = before.venue_order != standing.venue_order && before.wake != Wake::Awake;
        let now = self.now;
        self.change(standing.order, Report::Standing, |order| {
            order.venue_order = standing.venue_order;
            order.named = true;
            // What trails has no price before it fires.
            order.price = if standing.price.0 > 0 { standing.price } else { order.price };
            order.qty = standing.qty;
            // What was seen here and not there was another price.
            order.wake = match (standing.waits, order.wake) {
                (true, Wake::Dormant) => Wake::Dormant,
                (true, _) => Wake::Asleep,
                (false, _) => Wake::Awake,
            };
            if standing.waits {
                order.asked_at = now;
            }
            if behind && !before.state.is_terminal() && order.awaits.is_none() {
                order.awaits = Some((Report::Standing, standing.filled));
            }
        });
        if became && !standing.waits {
            // That it fired is known, not what came of it: asked for by its new id.
            self.doubt(standing.order);
        }
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
        order.wake = if standing.waits { Wake::Asleep } else { Wake::Awake };
        order.named = true;
        order.apart = standing.waits;
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

    pub(super) fn on_reconcile(&mut self, number: VenueId, done: bool) {
        let Some(venue) = self.venues.get_mut(number.index()) else {
            self.counters.odd_rows += 1;
            return;
        };
        let listings = self.market.listings();
        let of_it = |order: &Order| {
            let listing = listings.get(order.instrument.index());
            listing.is_some_and(|listing| listing.instrument.venue == number)
        };
        if !done {
            venue.reconciled = false;
            venue.reconciling = true;
            venue.reconcile_at = self.now;
            for desk in &mut self.desks {
                let mut cursor = Cursor::default();
                while let Some(id) = desk.orders.walk(&mut cursor) {
                    desk.orders.update(id, &mut self.exposure, |order| {
                        order.named &= !of_it(order);
                    });
                }
            }
            return;
        }
        if !venue.reconciling {
            // The end of one that the link did not survive.
            self.counters.odd_rows += 1;
            return;
        }
        venue.reconciling = false;
        venue.account.start();
        venue.reconciled = true;
        let since = venue.reconcile_at;
        for desk in &mut self.desks {
            let mut cursor = Cursor::default();
            while let Some(id) = desk.orders.walk(&mut cursor) {
                let mut lost = false;
                desk.orders.update(id, &mut self.exposure, |order| {
                    let dormant = order.wake == Wake::Dormant;
                    let live = !order.state.is_terminal() && of_it(order) && !dormant;
                    lost = !order.named && order.sent_at <= since && live;
                    if lost {
                        order.doubt(Nanos::ZERO);
                    }
                });
                desk.counters.unknown_orders += u64::from(lost);
            }
        }
        // Nothing is quoted anywhere before everything that we hold is known.
        let known = self.venues.iter().all(|venue| venue.account.started());
        if self.phase == Phase::Reconciling && known {
            self.phase = Phase::Quoting;
        }
    }

    /// The venue tells a position: compared with ours.
    pub(super) fn on_position(&mut self, event: &Event, told: (i64, Notional)) {
        let (now, listing) = (self.now, self.market.listing(event.instrument));
        let Some(instrument) = listing.map(|listing| &listing.instrument) else {
            self.counters.odd_rows += 1;
            return;
        };
        match self.venues.get_mut(instrument.venue.index()) {
            Some(venue) if instrument.kind == Kind::Linear => {
                venue.account.told_position(instrument, told, now);
            }
            _ => self.counters.odd_rows += 1,
        }
    }

    /// Funding was paid or received: booked once, shared among the desks that hold the position.
    pub(super) fn on_funding(&mut self, event: &Event, payment: (AssetId, Amount)) {
        let listing = self.market.listing(event.instrument);
        let Some(instrument) = listing.map(|listing| &listing.instrument) else {
            self.counters.odd_rows += 1;
            return;
        };
        let id = instrument.id.index();
        let Some(venue) = self.venues.get_mut(instrument.venue.index()) else { return };
        if !venue.account.fund(instrument, event.id, payment) {
            return;
        }
        let held = |desk: &Desk<S>| desk.positions.get(id).map_or(0, |one| i128::from(one.base.0));
        let sum: i128 = self.desks.iter().map(held).sum();
        let mut rest = i128::from(payment.1.0);
        let holders = self.desks.iter().filter(|desk| held(desk) != 0).count();
        let mut left = holders;
        for desk in &mut self.desks {
            let own = held(desk);
            if own == 0 {
                continue;
            }
            left -= 1;
            let part =
                if left == 0 || sum == 0 { rest } else { i128::from(payment.1.0) * own / sum };
            rest -= part;
            if let Some(position) = desk.positions.get_mut(id) {
                let part = Notional(i64::try_from(part).unwrap_or(0));
                position.funding = position.funding.saturating_add(part);
            }
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
