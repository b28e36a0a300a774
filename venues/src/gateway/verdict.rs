//! What a verdict means for the orders of a request, leg by leg, as rows.

use super::pending::{Entry, Then};
use super::session::{ASKS_MAX, Session};
use crate::wire::{Ask, Leg, OrderTold, Refusal, Standing, Verdict, following, order_id};
use engine::event::{Body, End, Event, Reason, Request, Standing as StandingRow, flag};
use engine::id::{ClientId, InstrumentId, OrderId};
use engine::intent::OrderRef;
use engine::num::Qty;
use engine::time::Nanos;

impl Session {
    /// What the answer to a query of the engine tells: the order, its trades first, or that there
    /// is none.
    pub(super) fn query_answer(&mut self, entry: &Entry, verdict: Verdict, at: Nanos) {
        let Ask::Query { order: asked, by_venue_id, ended } = entry.ask else { return };
        let order = asked.order();
        match (verdict, entry.told) {
            (Verdict::Done | Verdict::Taken, Some(told)) => {
                // The answer may name the order otherwise; we know which one was asked for.
                let client = if order.is_foreign() { None } else { Some(asked.client) };
                let told = OrderTold { client, ..told };
                if told.filled.is_zero() || self.asks.len() >= ASKS_MAX {
                    self.tell(&told, at);
                } else {
                    let of = OrderRef { venue_order: told.venue_order, ..asked };
                    self.asks.push_back((Ask::TradesOf(of), Then::Tell(told)));
                }
            }
            // It is none of those that are open or ended just now; there is another place to look.
            (Verdict::Refused(refusal), _)
                if refusal.reason == Reason::UnknownOrder
                    && self.abilities.ended_apart
                    && !ended
                    && self.asks.len() < ASKS_MAX =>
            {
                let ask = Ask::Query { order: asked, by_venue_id, ended: true };
                self.asks.push_back((ask, Then::Nothing));
            }
            (Verdict::Refused(refusal), _) if refusal.reason == Reason::UnknownOrder => {
                // It may still be on its way: only the end of its window makes "no" final.
                if at.since(self.sent.latest(order)) > self.arrival_max {
                    self.reports.row(at, asked.instrument, 0, Body::Absent { order });
                } else {
                    self.counters.absent_early += 1;
                }
            }
            _ => {
                let body = Body::Unknown { order, request: Request::Query };
                self.reports.row(at, asked.instrument, 0, body);
            }
        }
    }

    /// An order as a query found it.
    pub(super) fn tell(&mut self, told: &OrderTold, at: Nanos) {
        match told.standing {
            Standing::Live | Standing::Waits => self.reports.push(standing_row(told, at)),
            Standing::Ended(end, reason) => {
                let order = order_id(told.client, told.venue_order);
                let body = Body::Done { order, end, reason, filled: Some(told.filled) };
                let row = Event::new(at, told.instrument, 0, body).with(flag::ASKED);
                self.reports.push(row);
            }
        }
    }

    /// What a verdict means for the orders of a request.
    pub(super) fn order_verdict(&mut self, ask: &Ask, verdict: Verdict, at: Nanos) {
        // Of what was taken on, the private stream tells the rest.
        if verdict == Verdict::Taken {
            return;
        }
        match *ask {
            // What sleeps until an entry is filled is told of by its own reports, from then on.
            Ask::Place(place)
            | Ask::Conditional { order: place, .. }
            | Ask::Bracket { entry: place, .. } => {
                let leg = match verdict {
                    Verdict::Placed { venue_order } => Leg::Done { venue_order, filled: None },
                    Verdict::Refused(refusal) => Leg::Refused(refusal),
                    _ => Leg::Unknown,
                };
                self.place_leg((place.client, place.instrument), leg, at);
            }
            // Both stand or none: of a pair that was taken on, the private stream tells the ids.
            Ask::Pair { stop, take, .. } => {
                let leg = match verdict {
                    Verdict::Placed { venue_order } => Leg::Done { venue_order, filled: None },
                    Verdict::Refused(refusal) => Leg::Refused(refusal),
                    _ => Leg::Unknown,
                };
                for many in 0..=u32::from(take.is_named) {
                    self.place_leg((following(stop.client, many), stop.instrument), leg, at);
                }
            }
            Ask::Replace { old, new } => {
                let (cancel, place) = match verdict {
                    Verdict::Replaced { cancel, place } => (cancel, place),
                    Verdict::Refused(refusal) => (Leg::Refused(refusal), Leg::Refused(refusal)),
                    _ => (Leg::Unknown, Leg::Unknown),
                };
                self.cancel_leg((old.order(), old.instrument), cancel, at);
                self.place_leg((new.client, new.instrument), place, at);
            }
            Ask::Cancel(order) => {
                let leg = match verdict {
                    Verdict::Cancelled { filled } => Leg::Done { venue_order: 0, filled },
                    Verdict::Refused(refusal) => Leg::Refused(refusal),
                    _ => Leg::Unknown,
                };
                self.cancel_leg((order.order(), order.instrument), leg, at);
            }
            Ask::Amend { order, .. } | Ask::Move { old: order, .. } => {
                let (order, instrument, request) =
                    (order.order(), order.instrument, Request::Amend);
                self.moves.over(order);
                let body = match verdict {
                    Verdict::Amended { price, qty } => Body::Amended { order, price, qty },
                    Verdict::Refused(Refusal { reason, .. }) => {
                        Body::Refused { order, request, reason }
                    }
                    _ => Body::Unknown { order, request },
                };
                self.reports.row(at, instrument, 0, body);
            }
            _ => {}
        }
    }

    fn place_leg(&mut self, (client, instrument): (ClientId, InstrumentId), leg: Leg, at: Nanos) {
        let order = client.order;
        let rejected = |reason| (End::Rejected, reason);
        match leg {
            Leg::Done { venue_order, .. } => {
                self.known.learn(instrument, venue_order, Some(client));
                if self.known.has_ended(instrument, venue_order) {
                    return;
                }
                self.reports.row(at, instrument, 0, Body::Accepted { order, venue_order });
            }
            Leg::Refused(refusal) => {
                self.done(at, instrument, order, rejected(refusal.reason), Some(Qty::ZERO));
            }
            Leg::NotAttempted => {
                self.done(at, instrument, order, rejected(Reason::NotAttempted), Some(Qty::ZERO));
            }
            Leg::Unknown => {
                let body = Body::Unknown { order, request: Request::Place };
                self.reports.row(at, instrument, 0, body);
            }
        }
    }

    fn cancel_leg(&mut self, (order, instrument): (OrderId, InstrumentId), leg: Leg, at: Nanos) {
        let request = Request::Cancel;
        let refused = |reason| Body::Refused { order, request, reason };
        let body = match leg {
            Leg::Done { filled, .. } => {
                let (end, reason) = (End::Cancelled, Reason::None);
                Body::Done { order, end, reason, filled }
            }
            Leg::Refused(refusal) => refused(refusal.reason),
            Leg::NotAttempted => refused(Reason::NotAttempted),
            Leg::Unknown => Body::Unknown { order, request },
        };
        self.reports.row(at, instrument, 0, body);
    }

    pub(super) fn done(
        &mut self,
        at: Nanos,
        instrument: InstrumentId,
        order: OrderId,
        (end, reason): (End, Reason),
        filled: Option<Qty>,
    ) {
        self.reports.row(at, instrument, 0, Body::Done { order, end, reason, filled });
    }
}

/// An open order as an answer tells it.
pub(super) fn standing_row(told: &OrderTold, at: Nanos) -> Event {
    let order = order_id(told.client, told.venue_order);
    let body = Body::Standing(StandingRow {
        order,
        venue_order: told.venue_order,
        side: told.side,
        price: told.price,
        qty: told.qty,
        filled: told.filled,
        waits: told.standing == Standing::Waits,
    });
    Event::new(at, told.instrument, 0, body).with(flag::ASKED)
}
