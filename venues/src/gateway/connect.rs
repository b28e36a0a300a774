//! The gateway's connections: dialled, set up, watched, replaced in time, and REST standing in.

use super::line::Line;
use super::out::Route;
use super::pending::{HTTP, Then};
use super::session::{Phase, Signal};
use super::{Dialing, Gateway, GatewayFault, Rest, SwitchState};
use crate::wire::{Ask, Door, Kind, Step, Switch, Wire};
use engine::event::LinkState;
use engine::time::{Clock, Nanos, Trace};
use feeds::net::{Dial, Dialed, HttpReply, NetError, Socket};

/// How long an old connection stays after its successor is in use, at most.
const DRAIN_MAX: Nanos = Nanos::from_s(5);
/// Shortest time between two measurements of the clocks.
const CLOCK_EVERY_MIN: Nanos = Nanos::from_s(1);

impl<W: Wire> Gateway<W> {
    /// Picks up what was dialled and asked over HTTP.
    pub(super) fn pick_up<C: Clock, T: Trace>(&mut self, clock: &C, trace: &mut T) -> usize {
        let mut done = 0;
        while let Some(dialed) = self.dial.poll() {
            let now = clock.now();
            done += 1;
            match dialed {
                Dialed::WebSocket { tag, result } => {
                    // Of a connection that is no more, nothing is wanted.
                    let Some(dialing) = self.dialing.take_if(|one| one.tag == tag) else {
                        continue;
                    };
                    match result {
                        Ok(socket) => self.connected(dialing, socket, (clock, &mut *trace)),
                        Err(error) => self.not_connected(dialing, error, now),
                    }
                }
                Dialed::Http { tag, result } => self.http(tag, result, now),
            }
        }
        done
    }

    fn http(&mut self, tag: u32, result: Result<HttpReply, NetError>, now: Nanos) {
        let Some(id) = self.session.pending.by_tag(tag) else { return };
        match result {
            Ok(mut reply) => {
                let session = &mut self.session;
                self.wire.on_http(id, &mut reply, &mut |heard| session.hear(heard, now));
                self.session.reports.end();
            }
            Err(error) => {
                let unsent = matches!(
                    error,
                    NetError::Request { sent: false, .. }
                        | NetError::Connect { .. }
                        | NetError::Address { .. }
                        | NetError::Tls { .. }
                );
                self.error = Some(error);
                if unsent {
                    self.session.unsent(id, now);
                } else {
                    self.session.lose_one(id, now);
                }
            }
        }
    }

    fn connected<C: Clock, T: Trace>(
        &mut self,
        dialing: Dialing,
        socket: Box<Socket>,
        ports: (&C, &mut T),
    ) {
        let now = ports.0.now();
        if self.fault.is_some() || self.session.phase == Phase::Halted {
            return;
        }
        let number = if dialing.door == Door::Stream {
            let place = usize::from(dialing.line);
            let Some(line) = self.lines.get_mut(place).and_then(Option::as_mut) else { return };
            line.open(dialing.door, socket, &self.config, now);
            place
        } else {
            let Some(free) = self.lines.iter().position(Option::is_none) else { return };
            self.session.counters.connects += 1;
            self.lines[free] = Some(Line::new(socket, &self.config, now));
            free
        };
        self.advance(number as u8, ports);
    }

    fn not_connected(&mut self, dialing: Dialing, error: NetError, now: Nanos) {
        self.session.counters.dial_failures += 1;
        if dialing.door == Door::Stream {
            return self.drop_line(dialing.line, Some(error), now);
        }
        self.error = Some(error);
        self.dial_at = now.after(self.backoff.next());
    }

    /// Does what signals ask for.
    pub(super) fn act<C: Clock, T: Trace>(&mut self, clock: &C, trace: &mut T) -> usize {
        let mut done = 0;
        if let (Some(code), None) = (self.session.refused_key, &self.fault) {
            let at = self.wire.url(Door::Entry).split('?').next().unwrap_or_default().to_owned();
            self.fault = Some(GatewayFault::Auth { at, code });
            self.session.signals.clear();
            for number in 0..self.lines.len() as u8 {
                self.drop_line(number, None, clock.now());
            }
            self.rest = Rest::Off;
            self.session.lose(HTTP, clock.now());
            self.session.down(clock.now());
        }
        while let Some(signal) = self.session.signals.pop_front() {
            done += 1;
            let now = clock.now();
            match signal {
                Signal::SetUp { line: HTTP, done, .. } => self.rest_clock(done, now),
                Signal::SetUp { line, kind, done } => {
                    self.set_up((line, kind, done), (clock, &mut *trace));
                }
                Signal::Closing => self.replace_now = true,
                Signal::StreamEnded | Signal::Hopeless => match self.current {
                    Some(line) => self.drop_line(line, None, now),
                    None => self.rest_off(now),
                },
                Signal::Clock => {
                    let due = now.since(self.clock_at) >= CLOCK_EVERY_MIN;
                    if let (true, Some(route)) = (due, self.route(&Ask::Time)) {
                        self.clock_at = now;
                        let ask = (Ask::Time, Then::Nothing);
                        self.transmit(ask, route, (now, None), (clock, &mut *trace));
                    }
                }
            }
        }
        done
    }

    /// A step of a connection's set-up is answered: the next one follows.
    fn set_up<C: Clock, T: Trace>(
        &mut self,
        (number, kind, done): (u8, Kind, bool),
        (clock, trace): (&C, &mut T),
    ) {
        let line = self.lines.get_mut(usize::from(number)).and_then(Option::as_mut);
        match line {
            Some(line) if !line.up && line.waits == Some(kind) => {
                line.waits = None;
                if done {
                    self.advance(number, (clock, trace));
                } else {
                    self.drop_line(number, None, clock.now());
                }
            }
            // Of one in use, the clocks were measured again or its key was renewed.
            _ => {}
        }
    }

    /// Goes to the next step of a connection's set-up.
    fn advance<C: Clock, T: Trace>(&mut self, number: u8, (clock, trace): (&C, &mut T)) {
        let now = clock.now();
        loop {
            let line = self.lines.get_mut(usize::from(number)).and_then(Option::as_mut);
            let Some(line) = line else { return };
            let step = self.wire.set_up().get(line.step).copied();
            line.step += 1;
            match step {
                None => return self.line_up(number, now),
                // A guard only cancels: it needs no stream.
                Some(
                    Step::DialStream
                    | Step::Ask(Ask::Key | Ask::Subscribe, _)
                    | Step::Ask(_, Door::Stream),
                ) if self.guarding => {}
                Some(Step::DialStream) => return self.dial_next(Door::Stream, number),
                Some(Step::Ask(ask, door)) => {
                    line.waits = Some(ask.kind());
                    let route = match door {
                        Door::Rest => Route::HttpOf(number),
                        door => Route::Line(number, door),
                    };
                    let then = (ask, Then::Nothing);
                    return self.transmit(then, route, (now, None), (clock, trace));
                }
            }
        }
    }

    /// A connection is ready for use.
    fn line_up(&mut self, number: u8, now: Nanos) {
        self.backoff.reset();
        if let Some(line) = &mut self.lines[usize::from(number)] {
            line.up = true;
            line.key_at = now;
        }
        self.renew_at = Nanos::ZERO;
        if self.session.abilities.switch != Switch::None {
            self.session.switch = SwitchState::Unset;
        }
        (self.down_since, self.error, self.replace_now) = (None, None, false);
        self.rest = Rest::Off;
        let old = self.current.replace(number);
        if self.session.phase == Phase::Halting {
            return self.session.begin_halt();
        }
        if self.guarding {
            self.session.phase = Phase::Ready;
            return;
        }
        match old.and_then(|old| self.lines[usize::from(old)].as_mut()) {
            Some(line) => {
                line.drain_by = Some(now.after(DRAIN_MAX));
                self.session.counters.rollovers += 1;
                self.session.begin_reconcile(now);
            }
            None => self.session.up(now),
        }
    }

    /// A connection is given up. `error` is what was wrong with it, if it was not our own wish.
    pub(super) fn drop_line(&mut self, number: u8, error: Option<NetError>, now: Nanos) {
        let Some(mut line) = self.lines[usize::from(number)].take() else { return };
        line.close();
        self.dialing.take_if(|one| one.door == Door::Stream && one.line == number);
        self.session.counters.disconnects += 1;
        if error.is_some() {
            self.error = error;
        }
        self.dial_at = now.after(self.backoff.next());
        self.session.lose(number, now);
        if self.current == Some(number) {
            self.current = None;
            self.session.down(now);
            self.replace_now = false;
        }
    }

    /// What only time asks for.
    pub(super) fn tick(&mut self, now: Nanos) {
        self.session.expire(now, self.config.request_timeout);
        self.session.reconcile_tick(now);
        for number in 0..self.lines.len() {
            let Some(line) = &mut self.lines[number] else { continue };
            match line.beat(self.session.abilities.ping, now) {
                Ok(false) => {}
                Ok(true) => {
                    self.session.counters.stale += 1;
                    if self.current == Some(number as u8) {
                        self.session.link(LinkState::Stale, now);
                    }
                    self.drop_line(number as u8, None, now);
                    continue;
                }
                Err(error) => {
                    self.drop_line(number as u8, Some(error), now);
                    continue;
                }
            }
            self.drain(number, now);
        }
        if self.session.phase == Phase::Ready && !self.guarding {
            self.session.tell_budget(now);
        }
        self.renew(now);
        self.renew_key(now);
        self.dial_if_due(now);
        self.stand_in(now);
    }

    /// Closes a connection whose successor is in use, once nothing waits on it.
    fn drain(&mut self, number: usize, now: Nanos) {
        let Some(by) = self.lines[number].as_ref().and_then(|line| line.drain_by) else { return };
        let settled =
            self.session.phase == Phase::Ready && self.session.pending.open_on(number as u8) == 0;
        if (settled || now >= by)
            && let Some(mut line) = self.lines[number].take()
        {
            line.close();
            self.session.lose(number as u8, now);
        }
    }

    fn dial_if_due(&mut self, now: Nanos) {
        let stopped = self.fault.is_some() || self.session.phase == Phase::Halted;
        if self.dialing.is_some() || stopped || now < self.dial_at {
            return;
        }
        let old = self.current.and_then(|number| self.lines[usize::from(number)].as_ref());
        let due = match old {
            Some(line) => self.replace_now || now.since(line.up_at) >= self.config.rollover_after,
            None => true,
        };
        // At most one connection beside the one in use, whatever it is there for.
        let beside = self.lines.iter().flatten().count() - usize::from(old.is_some());
        if due && beside == 0 {
            self.dial_next(Door::Entry, 0);
        }
    }

    /// Keeps the key of the private stream alive.
    fn renew_key(&mut self, now: Nanos) {
        let every = self.session.abilities.key_every;
        let line = self.current.and_then(|number| self.lines[usize::from(number)].as_mut());
        let Some(line) = line.filter(|line| every > Nanos::ZERO && now.since(line.key_at) >= every)
        else {
            return;
        };
        if !self.guarding && self.session.phase == Phase::Ready {
            line.key_at = now;
            self.session.asks.push_back((Ask::Key, Then::Nothing));
        }
    }

    /// Asks for another socket. What is asked with is allocated here and nowhere else.
    #[cold]
    #[inline(never)]
    fn dial_next(&mut self, door: Door, line: u8) {
        self.dials = self.dials.wrapping_add(1);
        let (tag, url) = (self.dials, self.wire.url(door).to_owned());
        if self.dial.ask(Dial::WebSocket { tag, url }) {
            self.dialing = Some(Dialing { tag, door, line });
        } else if door == Door::Stream {
            // No room among what is dialled: the connection is made anew.
            self.drop_line(line, None, self.dial_at);
        }
    }

    /// Lets REST stand in when the WebSocket API is down for too long, and asks for everything anew
    /// while it does.
    fn stand_in(&mut self, now: Nanos) {
        // A guard needs a way only when there is something to cancel.
        let idle = self.guarding && self.session.phase != Phase::Halting;
        if self.current.is_some() || self.fault.is_some() || idle {
            return;
        }
        let since = *self.down_since.get_or_insert(now);
        match self.rest {
            Rest::Off if now.since(since) >= self.config.rest_after => {
                self.rest = Rest::Clock;
                let (ask, cost) = (Ask::Time, self.wire.cost(&Ask::Time));
                match self.session.enter(ask, Then::Nothing, cost, HTTP) {
                    Some(id) => self.transmit_http(&ask, id, 0, now),
                    None => self.rest_off(now),
                }
            }
            Rest::On(at) if now >= at && self.session.phase == Phase::Ready => {
                self.rest = Rest::On(now.after(self.config.rest_every));
                self.session.begin_reconcile(now);
            }
            _ => {}
        }
    }

    fn rest_clock(&mut self, done: bool, now: Nanos) {
        if self.rest != Rest::Clock {
            return;
        }
        if !done {
            return self.rest_off(now);
        }
        self.rest = Rest::On(now.after(self.config.rest_every));
        if self.session.phase == Phase::Halting {
            self.session.begin_halt();
        } else {
            self.session.up(now);
        }
    }

    fn rest_off(&mut self, now: Nanos) {
        if matches!(self.rest, Rest::On(_)) {
            self.session.down(now);
        }
        self.rest = Rest::Off;
        // Not again before the same wait is over.
        self.down_since = Some(now);
    }
}
