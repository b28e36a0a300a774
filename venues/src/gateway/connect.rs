//! The gateway's connections: dialled, set up, watched, replaced in time, and REST standing in.

use super::line::{Line, Stage};
use super::out::Route;
use super::pending::{HTTP, Then};
use super::session::{Phase, Signal};
use super::{Gateway, GatewayFault, Rest};
use crate::wire::{Ask, Kind, Wire};
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
                Dialed::WebSocket { result: Ok(socket), .. } => {
                    self.connected(socket, (clock, &mut *trace));
                }
                Dialed::WebSocket { result: Err(error), .. } => {
                    self.dialing = false;
                    self.session.counters.dial_failures += 1;
                    self.error = Some(error);
                    self.dial_at = now.after(self.backoff.next());
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

    fn connected<C: Clock, T: Trace>(&mut self, socket: Box<Socket>, ports: (&C, &mut T)) {
        self.dialing = false;
        let now = ports.0.now();
        let free = self.lines.iter().position(Option::is_none);
        let (Some(number), None, false) = (free, &self.fault, self.session.phase == Phase::Halted)
        else {
            return;
        };
        self.session.counters.connects += 1;
        self.lines[number] = Some(Line::new(socket, &self.config, now));
        let route = Route::Line(number as u8);
        self.transmit((Ask::Time, Then::Nothing), route, (now, None), ports);
    }

    /// Does what signals ask for.
    pub(super) fn act<C: Clock, T: Trace>(&mut self, clock: &C, trace: &mut T) -> usize {
        let mut done = 0;
        if let (Some(code), None) = (self.session.refused_key, &self.fault) {
            let at = self.wire.url().split('?').next().unwrap_or_default().to_owned();
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
        let now = clock.now();
        let (logs_on, guarding) = (self.wire.logs_on(), self.guarding);
        let Some(line) = self.lines.get_mut(usize::from(number)).and_then(Option::as_mut) else {
            return;
        };
        if line.stage == Stage::Up {
            return;
        }
        if !done {
            return self.drop_line(number, None, now);
        }
        line.stage = match kind {
            Kind::Time if logs_on => Stage::Logon,
            Kind::Time | Kind::Logon if !guarding => Stage::Subscribe,
            _ => Stage::Up,
        };
        let ask = match line.stage {
            Stage::Logon => Ask::Logon,
            Stage::Subscribe => Ask::Subscribe,
            _ => return self.line_up(number, now),
        };
        self.transmit((ask, Then::Nothing), Route::Line(number), (now, None), (clock, trace));
    }

    /// A connection is ready for use.
    fn line_up(&mut self, number: u8, now: Nanos) {
        self.backoff.reset();
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
        // A good-bye that does not get through changes nothing.
        let _ = line.socket.close(1_000, b"");
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
            match line.beat(now) {
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
            let _ = line.socket.close(1_000, b"");
            self.session.lose(number as u8, now);
        }
    }

    fn dial_if_due(&mut self, now: Nanos) {
        let stopped = self.fault.is_some() || self.session.phase == Phase::Halted;
        if self.dialing || stopped || now < self.dial_at {
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
            self.dial_next();
        }
    }

    /// Asks for another connection. What is asked with is allocated here and nowhere else.
    #[cold]
    #[inline(never)]
    fn dial_next(&mut self) {
        let (tag, url) = (0, self.wire.url().to_owned());
        self.dialing = self.dial.ask(Dial::WebSocket { tag, url });
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
