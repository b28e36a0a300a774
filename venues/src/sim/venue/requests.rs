//! Requests: their way to the venue, and what it does with them before its market sees them.

use super::super::faults::Luck;
use super::super::latency::Trip;
use super::super::order::{Ask, NewOrder, Open, Tif};
use super::account::lock_of;
use super::{BUDGET, BUDGET_EVERY, Held, SimVenue, Wish};
use engine::event::{Body, End, Event, Reason, Request, Standing, flag};
use engine::id::{InstrumentId, OrderId};
use engine::instrument::{Kind, Status};
use engine::intent::{self, Approved, Intent, Place, Reduce};
use engine::num::{Amount, Price, Qty};
use engine::time::Nanos;

impl SimVenue {
    /// Takes an approved order at `now`. It arrives after the entry latency.
    pub fn place(&mut self, now: Nanos, approved: Approved) {
        self.send(now, *approved.intent());
    }

    /// Takes a request that only reduces at `now`. It arrives after the entry latency.
    pub fn reduce(&mut self, now: Nanos, reduce: Reduce) {
        let wish = match reduce {
            Reduce::Cancel(order) => {
                self.board(order.instrument).map(|at| Wish::Cancel(at, order.order().0))
            }
            Reduce::Amend { order, qty } => {
                self.board(order.instrument).map(|at| Wish::Amend(at, order.order().0, qty))
            }
            Reduce::CancelAll(instrument) => self.board(instrument).map(Wish::CancelAll),
            Reduce::Query(order) => Some(Wish::Query(order.instrument, order.order())),
            Reduce::Reconcile(_) => Some(Wish::Reconcile),
            Reduce::Renew(_) => None,
        };
        if let Some(wish) = wish {
            self.ask(now, wish);
        }
    }

    pub(in crate::sim) fn send(&mut self, now: Nanos, intent: Intent) {
        self.ask(now, Wish::Place(intent));
    }

    fn ask(&mut self, now: Nanos, wish: Wish) {
        self.asked += 1;
        if self.is_down {
            return self.unsent(now, &wish, Reason::NotConnected);
        }
        let luck = self.trouble.draw(matches!(wish, Wish::Place(_)));
        match self.entering.entry(now, self.feed()) {
            Trip::Refused(span) => self.unsent(now.after(span), &wish, Reason::Other),
            Trip::Arrives(_) if luck == Luck::Lost => {}
            Trip::Arrives(span) => {
                if self.entry.push(now.after(span), (wish, luck)).is_err() {
                    self.unsent(now, &wish, Reason::Budget);
                }
            }
        }
        self.plan();
    }

    /// A request that the venue never saw; that is known at `at`.
    fn unsent(&mut self, at: Nanos, wish: &Wish, reason: Reason) {
        let instrument = |board: usize| self.boards[board].instrument.id;
        let refused = |order, request| Body::Refused { order, request, reason };
        let (instrument, first, second) = match *wish {
            Wish::Place(intent) => {
                let new = intent.place();
                let (first, second) = legs(&intent, reason);
                (new.instrument, first, second)
            }
            Wish::Cancel(board, key) => {
                (instrument(board), Some(refused(OrderId(key), Request::Cancel)), None)
            }
            Wish::Amend(board, key, _) => {
                (instrument(board), Some(refused(OrderId(key), Request::Amend)), None)
            }
            Wish::Query(instrument, order) => {
                (instrument, Some(refused(order, Request::Query)), None)
            }
            Wish::CancelAll(_) | Wish::Reconcile => {
                self.rows_dropped += u64::from(reason == Reason::Budget);
                return;
            }
        };
        for body in first.into_iter().chain(second) {
            self.push_local(Event::new(at, instrument, 0, body), at);
        }
    }

    pub(super) fn carry_out(&mut self, at: Nanos, wish: Wish, luck: Luck) {
        self.is_mute = luck == Luck::Mute;
        match wish {
            Wish::Place(intent) if luck == Luck::Rejected => {
                let (first, second) = legs(&intent, Reason::Other);
                for body in first.into_iter().chain(second) {
                    self.push(Event::new(at, intent.place().instrument, 0, body), at);
                }
            }
            Wish::Place(intent) => self.arrive(at, &intent),
            Wish::Cancel(place, key) => self.apply(at, place, Ask::Cancel(key)),
            Wish::Amend(place, key, qty) => self.apply(at, place, Ask::Amend { key, qty }),
            Wish::CancelAll(place) => self.apply(at, place, Ask::CancelAll),
            // A question whose answer is lost is asked again.
            Wish::Query(..) | Wish::Reconcile if self.is_mute => {}
            Wish::Query(instrument, order) => self.query(at, instrument, order),
            Wish::Reconcile => self.reconcile(at),
        }
        self.is_mute = false;
        if self.asked >= BUDGET_EVERY {
            self.asked = 0;
            self.row(at, 0, Body::Budget { orders: BUDGET, weight: BUDGET });
        }
    }

    fn arrive(&mut self, at: Nanos, intent: &Intent) {
        let new = intent.place();
        let Some(board) = self.board(new.instrument) else {
            return self.reject(at, new, Reason::Filter);
        };
        let old = match intent {
            Intent::Place(_) | Intent::Entry(_) => None,
            Intent::Replace { old, .. } => Some(old.order().0),
            // Its instruments say that they cannot.
            Intent::Conditional { .. } => return self.reject(at, new, Reason::Other),
            Intent::Move { old, new } => return self.shift(at, board, old.order(), new),
        };
        if let Some(reason) = self.refusal(board, new, old) {
            let cancels = old.is_none_or(|key| self.held.iter().any(|held| held.order.key == key));
            if let Some(key) = old {
                self.apply(at, board, Ask::Cancel(key));
            }
            return self.reject(at, new, if cancels { reason } else { Reason::NotAttempted });
        }
        let order = NewOrder {
            key: new.client.order.0,
            side: new.side,
            limit: Some(new.price),
            qty: new.qty,
            tif: tif(new.tif),
        };
        self.held.push(Held { board, order: open(&order, new.price) });
        let ask = match old {
            None => Ask::New(order),
            Some(old) => Ask::Replace { old, new: order },
        };
        self.apply(at, board, ask);
    }

    /// An order is to stand elsewhere, under its own name.
    fn shift(&mut self, at: Nanos, board: usize, order: OrderId, new: &Place) {
        let reason = match self.refusal(board, new, Some(order.0)) {
            Some(reason) if self.held.iter().any(|held| held.order.key == order.0) => reason,
            _ => {
                let (price, qty) = (new.price, new.qty);
                return self.apply(at, board, Ask::Move { key: order.0, price, qty });
            }
        };
        let refused = Body::Refused { order, request: Request::Amend, reason };
        self.answer(Event::new(at, new.instrument, 0, refused), at);
    }

    /// Why the venue would not even hand the order to its market.
    fn refusal(&self, board: usize, new: &Place, old: Option<u64>) -> Option<Reason> {
        let instrument = &self.boards[board].instrument;
        if instrument.status != Status::Trading {
            return Some(Reason::Closed);
        }
        let over = |value: i64, limit: i64| limit > 0 && value > limit;
        let notional = instrument.notional(new.price, new.qty);
        let outside = new.price < instrument.price_min
            || over(new.price.0, instrument.price_max.0)
            || new.qty < instrument.qty_min
            || over(new.qty.0, instrument.qty_max.0)
            || notional < instrument.notional_min
            || over(notional.0, instrument.notional_max.0);
        if outside {
            return Some(Reason::Filter);
        }
        if instrument.kind == Kind::Linear {
            return (!self.has_margin(board, new, old)).then_some(Reason::Balance);
        }
        let (asset, cost) = lock_of(instrument, new.side, new.price, new.qty);
        let freed = self.held.iter().find(|held| Some(held.order.key) == old);
        let freed = freed.map_or(Amount::ZERO, |held| {
            let (side, price, leaves) = (held.order.side, held.order.price, held.order.leaves());
            let (of, amount) = lock_of(&self.boards[held.board].instrument, side, price, leaves);
            if of == asset { amount } else { Amount::ZERO }
        });
        (self.ledger.free(asset).saturating_add(freed) < cost).then_some(Reason::Balance)
    }

    fn reject(&mut self, at: Nanos, new: &Place, reason: Reason) {
        let order = new.client.order;
        let body = Body::Done { order, end: End::Rejected, reason, filled: Some(Qty::ZERO) };
        self.answer(Event::new(at, new.instrument, 0, body), at);
    }

    fn query(&mut self, at: Nanos, instrument: InstrumentId, order: OrderId) {
        let held = self.held.iter().find(|held| held.order.key == order.0);
        let ended = self.ended.iter().rfind(|ended| ended.order == order);
        let body = match (held, ended) {
            (Some(held), _) => Body::Standing(standing(&held.order)),
            (None, Some(ended)) => {
                let (end, filled) = (ended.end, Some(ended.filled));
                Body::Done { order, end, reason: Reason::None, filled }
            }
            (None, None) => Body::Absent { order },
        };
        self.push(Event::new(at, instrument, 0, body).with(flag::ASKED), at);
    }

    pub(super) fn reconcile(&mut self, at: Nanos) {
        self.row(at, 0, Body::Reconcile { done: false });
        for place in 0..self.held.len() {
            let Held { board, order } = self.held[place];
            let instrument = self.boards[board].instrument.id;
            let row = Event::new(at, instrument, 0, Body::Standing(standing(&order)));
            self.push(row.with(flag::ASKED), at);
        }
        let balances: Vec<_> = self.ledger.rows().collect();
        for (asset, free, locked) in balances {
            let row = Body::Balance { asset, free, locked };
            let row = Event::new(at, self.venue, u64::from(asset.0), row);
            self.push(row.with(flag::ASKED), at);
        }
        self.ledger.all_told();
        for place in 0..self.boards.len() {
            if self.boards[place].instrument.kind == Kind::Linear {
                self.tell_position(at, place, flag::ASKED);
            }
        }
        self.row(at, 0, Body::Budget { orders: BUDGET, weight: BUDGET });
        self.row(at, 0, Body::Reconcile { done: true });
    }
}

/// What a request to place comes to when it is refused as a whole: of its old order and its new.
fn legs(intent: &Intent, reason: Reason) -> (Option<Body>, Option<Body>) {
    let refused = |order, request| Some(Body::Refused { order, request, reason });
    let done = |new: &Place| {
        let (order, end, filled) = (new.client.order, End::Rejected, Some(Qty::ZERO));
        Some(Body::Done { order, end, reason, filled })
    };
    match intent {
        Intent::Place(new) | Intent::Entry(new) | Intent::Conditional { order: new, .. } => {
            (None, done(new))
        }
        Intent::Replace { old, new } => (refused(old.order(), Request::Cancel), done(new)),
        Intent::Move { old, .. } => (refused(old.order(), Request::Amend), None),
    }
}

fn open(order: &NewOrder, price: Price) -> Open {
    Open {
        key: order.key,
        venue_order: 0,
        side: order.side,
        price,
        qty: order.qty,
        filled: Qty::ZERO,
        ahead: Qty::ZERO,
    }
}

fn standing(order: &Open) -> Standing {
    Standing {
        order: OrderId(order.key),
        venue_order: order.venue_order,
        side: order.side,
        price: order.price,
        qty: order.qty,
        filled: order.filled,
        waits: false,
    }
}

fn tif(tif: intent::Tif) -> Tif {
    match tif {
        intent::Tif::PostOnly => Tif::PostOnly,
        intent::Tif::Gtc => Tif::Gtc,
        intent::Tif::Ioc => Tif::Ioc,
        intent::Tif::Fok => Tif::Fok,
    }
}
