//! The way out: a request is permitted, entered as pending, encoded and framed; the frames of a
//! turn are handed to the system in one call a connection.

use super::line::DOORS;
use super::pending::{HTTP, Then};
use super::session::Phase;
use super::{Entry, Gateway, Rest, TAKEN_MAX};
use crate::budget::{Class, Denied};
use crate::guard::Watch;
use crate::wire::{Ask, Door, RequestId, Wire};
use engine::event::Reason;
use engine::time::{Clock, Nanos, Stage as Span, Trace};
use feeds::net::Dial;

/// Which way a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Over a socket of this connection.
    Line(u8, Door),
    /// Over REST.
    Http,
    /// Over REST, as a step of this connection's set-up: lost with it.
    HttpOf(u8),
}

impl<W: Wire> Gateway<W> {
    #[inline]
    pub(super) fn route(&self, ask: &Ask) -> Option<Route> {
        let by_choice = ask.kind().is_order() && self.config.entry == Entry::Rest;
        let over_rest = by_choice || self.wire.door(ask) == Door::Rest;
        match (self.current, self.rest) {
            _ if self.session.phase == Phase::Halted || self.fault.is_some() => None,
            (Some(_), _) | (_, Rest::On(_)) if over_rest => Some(Route::Http),
            (Some(line), _) => Some(Route::Line(line, Door::Entry)),
            (None, Rest::On(_)) => Some(Route::Http),
            (None, _) => None,
        }
    }

    pub(super) fn send_cancel<C: Clock, T: Trace>(&mut self, ask: Ask, clock: &C, trace: &mut T) {
        let now = clock.now();
        let Some(route) = self.route(&ask) else {
            return self.session.refuse(&ask, Reason::NotConnected, now);
        };
        match self.session.permits(Class::Cancel, self.wire.cost(&ask), now) {
            Ok(()) => {
                self.transmit((ask, Then::Nothing), route, (now, None), (clock, trace));
            }
            Err(denied) => {
                self.session.counters.cancels_stopped += 1;
                let stopped = matches!(denied, Denied::Stopped(_));
                let reason = if stopped { Reason::RateLimit } else { Reason::Budget };
                self.session.refuse(&ask, reason, now);
            }
        }
    }

    #[inline]
    pub(super) fn send_place<C: Clock, T: Trace>(
        &mut self,
        ask: Ask,
        [read_at, approved_at]: [Nanos; 2],
        clock: &C,
        trace: &mut T,
    ) {
        // An order that had to wait carries its old time: the venue's window runs from there.
        let now = approved_at;
        let halted = self.watch.as_ref().is_some_and(Watch::halted);
        let route = self.route(&ask).filter(|_| self.session.phase == Phase::Ready && !halted);
        let Some(route) = route else {
            return self.session.refuse(&ask, Reason::NotConnected, now);
        };
        match (self.session.permits(Class::Place, self.wire.cost(&ask), now), ask) {
            (Ok(()), _) => {
                if let Ask::Place(new) | Ask::Replace { new, .. } | Ask::Move { new, .. } = &ask
                    && let Some(qtys) = self.qtys.get_mut(new.instrument.index())
                {
                    qtys[new.side.index()] = new.qty;
                }
                self.transmit((ask, Then::Nothing), route, (now, Some(read_at)), (clock, trace));
            }
            // The new order does not fit, but what it was to replace is still to go.
            (Err(Denied::Weight | Denied::Orders), Ask::Replace { old, new }) => {
                self.session.refuse(&Ask::Place(new), Reason::Budget, now);
                self.send_cancel(Ask::Cancel(old), clock, trace);
            }
            (Err(_), _) => self.session.refuse(&ask, Reason::Budget, now),
        }
    }

    /// False when it has to wait.
    pub(super) fn send_query<C: Clock, T: Trace>(
        &mut self,
        ask: Ask,
        clock: &C,
        trace: &mut T,
    ) -> bool {
        let now = clock.now();
        let Some(route) = self.route(&ask) else {
            // The engine asks again; after the next connect it is told everything anyway.
            self.session.counters.ignored += 1;
            return true;
        };
        if self.session.permits(Class::Query, self.wire.cost(&ask), now).is_err()
            || !self.session.pending.has_room()
        {
            return false;
        }
        self.transmit((ask, Then::Nothing), route, (now, None), (clock, trace));
        true
    }

    /// Hands one request to its way. It is entered as pending before its first byte leaves.
    #[inline]
    pub(super) fn transmit<C: Clock, T: Trace>(
        &mut self,
        (ask, then): (Ask, Then),
        route: Route,
        (now, read_at): (Nanos, Option<Nanos>),
        (clock, trace): (&C, &mut T),
    ) {
        let cost = self.wire.cost(&ask);
        let number = match route {
            Route::Line(number, _) | Route::HttpOf(number) => number,
            Route::Http => HTTP,
        };
        let Some(id) = self.session.enter(ask, then, cost, number) else {
            return self.session.refuse(&ask, Reason::Budget, now);
        };
        let at_ms = self.session.venue_now(now).as_ms();
        let Route::Line(_, door) = route else {
            return self.transmit_http(&ask, id, at_ms, now);
        };
        let line = self.lines.get_mut(usize::from(number)).and_then(Option::as_mut);
        let Some(socket) = line.and_then(|line| line.socket(door)) else {
            return self.session.unsent(id, now);
        };
        let Ok(frame) = self.wire.encode(&ask, id, at_ms) else {
            return self.session.unsent(id, now);
        };
        let framed = socket.frame_text(frame);
        if let Some(read_at) = read_at {
            trace.framed(clock, read_at);
        }
        self.session.sending(id, now);
        if self.framed.len() >= TAKEN_MAX {
            self.hand_over(clock, trace);
        }
        self.framed.push((id, read_at));
        if let Err(error) = framed {
            self.drop_line(number, Some(error), now);
        }
    }

    /// Hands what was framed to the system: one call a connection, however many requests there are.
    #[inline]
    pub(super) fn hand_over<C: Clock, T: Trace>(&mut self, clock: &C, trace: &mut T) {
        if self.framed.is_empty() {
            return;
        }
        let handed_at = clock.now();
        for (number, door) in (0..self.lines.len()).flat_map(|n| (0..DOORS).map(move |d| (n, d))) {
            let line = self.lines[number].as_mut();
            let Some((socket, _)) = line.and_then(|line| line.door(door)) else { continue };
            if socket.unsent() > 0
                && let Err(error) = socket.flush()
            {
                self.drop_line(number as u8, Some(error), handed_at);
            }
        }
        let mut is_order = false;
        for (id, read_at) in self.framed.drain(..) {
            if let Some(entry) = self.session.pending.get(id) {
                entry.sent_at = handed_at;
            }
            if let Some(read_at) = read_at {
                is_order = true;
                trace.record(Span::TickToOrder, handed_at.since(read_at));
            }
        }
        if is_order && trace.sampled() {
            trace.record(Span::Encode, handed_at.since(self.encoding_at));
            trace.record(Span::Write, clock.now().since(handed_at));
        }
    }

    pub(super) fn transmit_http(&mut self, ask: &Ask, id: RequestId, at_ms: u64, now: Nanos) {
        let Ok(request) = self.wire.encode_http(ask, at_ms) else {
            return self.session.unsent(id, now);
        };
        self.session.sending(id, now);
        self.session.counters.rest_requests += 1;
        let tag = id.counter() as u32;
        if !self.dial.ask(Dial::Http { tag, request }) {
            self.session.unsent(id, now);
        }
    }
}
