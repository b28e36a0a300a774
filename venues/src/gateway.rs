//! The gateway: takes what the engine sends, talks to the venue, and tells the engine what came of it.
//!
//! ```text
//!  connecting ─▶ logging on ─▶ subscribing ─▶ reconciling ─▶ ready      (any fault: connecting again)
//!                                              engine dead ─▶ halting ─▶ halted
//! ```
//!
//! An agent: [`Gateway::work`] is called again and again, never blocks, and starts no thread.
//! Cancels leave before places and places before queries. A place that cannot leave at once is
//! refused at once. Over the WebSocket nothing is allocated from ring to socket.

mod counters;
mod known;
mod line;
mod pending;
mod reconcile;
mod reports;
mod session;
#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod tests;

use crate::budget::{Class, Denied, Reserve};
use crate::guard::Watch;
use crate::wire::{Ask, Kind, RequestId, Wire};
pub use counters::Counters;
use engine::event::{Event, LinkState, Reason};
use engine::id::{InstrumentId, OrderId};
use engine::intent::{Intent, Outgoing, Reduce};
use engine::time::{Clock, Nanos, Stage as Span, Trace};
use feeds::net::{Backoff, Dial, DialPort, Dialed, Frame, HttpReply, NetError, Socket};
use line::{Line, Stage};
use pending::{HTTP, Then};
use reports::Reports;
use rtrb::{Consumer, Producer};
use session::{Phase, Session, Signal};
use std::collections::VecDeque;

/// Items that are taken from the engine's ring in one turn at most.
const TAKEN_MAX: usize = 64;
/// Items that wait in each queue at most.
const QUEUE_MAX: usize = 256;
/// How long an old connection stays after its successor is in use, at most.
const DRAIN_MAX: Nanos = Nanos::from_s(5);
/// Shortest time between two measurements of the clocks.
const CLOCK_EVERY_MIN: Nanos = Nanos::from_s(1);

/// By which transport orders go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Entry {
    /// The WebSocket API; REST while that is down for long.
    #[default]
    WebSocket,
    /// REST always. The private stream and questions still use the WebSocket API while it is up.
    Rest,
}

/// Settings of a gateway. Addresses and keys are the dialect's.
#[derive(Clone, Debug)]
pub struct Config {
    /// By which transport orders go.
    pub entry: Entry,
    /// A request without an answer for so long is given up: its outcome is unknown.
    pub request_timeout: Nanos,
    /// How often we ping.
    pub ping_every: Nanos,
    /// A connection on which nothing came for so long is given up.
    pub stale_after: Nanos,
    /// First and longest wait before connecting again.
    pub reconnect: (Nanos, Nanos),
    /// Seed of the jitter of these waits.
    pub seed: u64,
    /// Age at which a connection is replaced; the venue closes it at 24 hours.
    pub rollover_after: Nanos,
    /// How long the WebSocket API may be down before REST stands in.
    pub rest_after: Nanos,
    /// How often everything is asked for while REST stands in: there is no private stream then.
    pub rest_every: Nanos,
    /// How long a halt tries to have its cancels confirmed.
    pub halt_limit: Nanos,
    /// What is kept of the venue's weight for cancels and places.
    pub reserve: Reserve,
    /// Requests that may wait for their answers; rounded up to a power of two.
    pub pending_max: usize,
    /// How much longer than the venue's window a place is thought to be under way: covers the
    /// venue's allowance for clocks that are ahead.
    pub late_margin: Nanos,
    /// From saved state, the trade id per instrument from which on own trades are new. Without it
    /// trades before the start are not told.
    pub next_trades: Vec<(InstrumentId, u64)>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            entry: Entry::WebSocket,
            request_timeout: Nanos::from_s(2),
            ping_every: Nanos::from_s(2),
            stale_after: Nanos::from_s(5),
            reconnect: (Nanos::from_ms(100), Nanos::from_s(10)),
            seed: 1,
            rollover_after: Nanos::from_s(23 * 3_600 + 1_800),
            rest_after: Nanos::from_s(10),
            rest_every: Nanos::from_s(2),
            halt_limit: Nanos::from_s(30),
            reserve: Reserve::default(),
            pending_max: 1_024,
            late_margin: Nanos::from_s(1),
            next_trades: Vec::new(),
        }
    }
}

/// What a gateway is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayState {
    /// No connection.
    Connecting,
    /// Connected; clocks are measured and the session is authenticated.
    LoggingOn,
    /// The private stream is being asked for.
    Subscribing,
    /// Open orders, balances and missed trades are being learnt.
    Reconciling,
    /// Orders may be placed.
    Ready,
    /// The engine is dead: all is being cancelled.
    Halting,
    /// Nothing is sent any more.
    Halted,
    /// Something that trying again does not mend; see [`Gateway::fault`].
    Faulted,
}

/// What trying again does not mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayFault {
    /// The key, its permissions or the signature were refused.
    #[error(
        "{at}: the venue refused the API key (error {code}): check that key and secret belong \
         together and to this venue, that the key may trade, and that this address is on its list"
    )]
    Auth {
        /// Where.
        at: String,
        /// The venue's number.
        code: i32,
    },
}

/// The agent between engine and venue.
#[derive(Debug)]
pub struct Gateway<W: Wire> {
    wire: W,
    config: Config,
    session: Session,
    dial: DialPort,
    orders: Option<Consumer<Outgoing>>,
    lines: [Option<Line>; 2],
    current: Option<u8>,
    dialing: bool,
    dial_at: Nanos,
    backoff: Backoff,
    replace_now: bool,
    down_since: Option<Nanos>,
    clock_at: Nanos,
    rest: Rest,
    watch: Option<Watch>,
    guarding: bool,
    halt_by: Option<Nanos>,
    fault: Option<GatewayFault>,
    error: Option<NetError>,
    cancels: VecDeque<Ask>,
    places: VecDeque<(Ask, Nanos)>,
    queries: VecDeque<Ask>,
}

/// Whether REST stands in for the WebSocket API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Off,
    /// The clocks are being measured over REST.
    Clock,
    /// It does; everything is asked for anew at this instant.
    On(Nanos),
}

/// Which way a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Line(u8),
    Http,
}

impl<W: Wire> Gateway<W> {
    /// Between the engine's rings and a venue. `watch` is given where the engine has a thread of
    /// its own; an abandoned ring is noticed without it.
    pub fn new(
        wire: W,
        config: Config,
        dial: DialPort,
        (orders, reports): (Consumer<Outgoing>, Producer<Event>),
        watch: Option<Watch>,
    ) -> Self {
        Self::assemble(wire, config, dial, (Some(orders), Some(reports)), watch)
    }

    /// One that takes no orders and only watches.
    pub(crate) fn guard(wire: W, config: Config, dial: DialPort, watch: Watch) -> Self {
        Self::assemble(wire, config, dial, (None, None), Some(watch))
    }

    fn assemble(
        wire: W,
        config: Config,
        dial: DialPort,
        (orders, reports): (Option<Consumer<Outgoing>>, Option<Producer<Event>>),
        watch: Option<Watch>,
    ) -> Self {
        let (floor, cap) = config.reconnect;
        let venue = (wire.limits(), wire.window());
        let session = Session::new(&config, Reports::new(reports), wire.instruments(), venue);
        Self {
            backoff: Backoff::new(floor, cap, 2, 50, config.seed),
            session,
            wire,
            dial,
            guarding: orders.is_none(),
            orders,
            lines: [None, None],
            current: None,
            dialing: false,
            dial_at: Nanos::ZERO,
            replace_now: false,
            down_since: None,
            clock_at: Nanos::ZERO,
            rest: Rest::Off,
            watch,
            halt_by: None,
            fault: None,
            error: None,
            cancels: VecDeque::with_capacity(QUEUE_MAX + 1),
            places: VecDeque::with_capacity(QUEUE_MAX + 1),
            queries: VecDeque::with_capacity(QUEUE_MAX + 1),
            config,
        }
    }

    /// One turn: engine to venue, venue to engine, then whatever time asks for. Returns the amount
    /// of work done.
    pub fn work<C: Clock, T: Trace>(&mut self, clock: &C, trace: &mut T) -> usize {
        let mut done = self.send(clock, trace);
        // While reports wait no socket is read: the venue's side has to hold them back.
        if self.session.reports.flush() {
            done += self.receive(clock, trace);
        }
        let now = clock.now();
        self.session.sent.running(now);
        done += self.pick_up(clock, trace);
        done += self.act(clock, trace);
        done += self.look_after_engine(now);
        done += self.ask(clock, trace);
        self.tick(now);
        done
    }

    /// The first part of [`Gateway::work`] alone: takes what the engine sent and hands it to the
    /// socket. For a thread that has just run the engine.
    #[inline]
    pub fn send<C: Clock, T: Trace>(&mut self, clock: &C, trace: &mut T) -> usize {
        let taken = self.take(clock);
        while let Some(ask) = self.cancels.pop_front() {
            self.send_cancel(ask, clock, trace);
        }
        while let Some((ask, read_at)) = self.places.pop_front() {
            self.send_place(ask, read_at, clock, trace);
        }
        while let Some(ask) = self.queries.front().copied() {
            if !self.send_query(ask, clock, trace) {
                break;
            }
            self.queries.pop_front();
        }
        taken
    }

    #[inline]
    fn take<C: Clock>(&mut self, clock: &C) -> usize {
        let mut taken = 0;
        while taken < TAKEN_MAX && self.queries.len() < QUEUE_MAX {
            let Some(Ok(item)) = self.orders.as_mut().map(Consumer::pop) else { break };
            taken += 1;
            match item {
                Outgoing::Place(approved) => {
                    let ask = match *approved.intent() {
                        Intent::Place(place) => Ask::Place(place),
                        Intent::Replace { old, new } => Ask::Replace { old, new },
                    };
                    self.places.push_back((ask, approved.read_at()));
                }
                Outgoing::Reduce(reduce) => self.take_reduce(reduce, clock),
                Outgoing::Resync(_) => self.session.counters.ignored += 1,
            }
        }
        taken
    }

    fn take_reduce<C: Clock>(&mut self, reduce: Reduce, clock: &C) {
        match reduce {
            Reduce::Cancel(order) => {
                if !self.withdraw(|ask| placed(ask) == Some(order.order()), clock) {
                    self.cancels.push_back(Ask::Cancel(order));
                }
            }
            Reduce::Amend { order, qty } => self.cancels.push_back(Ask::Amend { order, qty }),
            Reduce::CancelAll(instrument) => {
                self.withdraw(|ask| ask.instrument() == instrument, clock);
                self.cancels.push_back(Ask::CancelAll(instrument));
            }
            Reduce::Query(order) => {
                let by_venue_id = order.order().is_foreign();
                self.queries.push_back(Ask::Query { order, by_venue_id });
            }
            Reduce::Reconcile => {
                if self.session.phase == Phase::Ready {
                    self.session.begin_reconcile(clock.now());
                }
            }
            // Spot has no dead-man's switch to renew.
            Reduce::Renew => self.session.counters.ignored += 1,
        }
    }

    /// Withdraws places that were taken in this same turn and are cancelled in it too: cancels
    /// leave first, and would miss them. Whether there were any.
    fn withdraw<C: Clock>(&mut self, which: impl Fn(&Ask) -> bool, clock: &C) -> bool {
        let (mut place, mut any) = (0, false);
        while let Some((ask, _)) = self.places.get(place).copied() {
            if !which(&ask) {
                place += 1;
                continue;
            }
            any = true;
            self.places.remove(place);
            if let Ask::Replace { old, .. } = ask {
                self.cancels.push_back(Ask::Cancel(old));
            }
            if let Some(order) = placed(&ask) {
                self.session.withdraw(order, ask.instrument(), clock.now());
            }
        }
        any
    }

    #[inline]
    fn route(&self, ask: &Ask) -> Option<Route> {
        let order = matches!(
            ask.kind(),
            Kind::Place | Kind::Replace | Kind::Cancel | Kind::Amend | Kind::CancelAll
        );
        match (self.current, self.rest) {
            _ if self.session.phase == Phase::Halted || self.fault.is_some() => None,
            (Some(_), _) | (_, Rest::On(_)) if order && self.config.entry == Entry::Rest => {
                Some(Route::Http)
            }
            (Some(line), _) => Some(Route::Line(line)),
            (None, Rest::On(_)) => Some(Route::Http),
            (None, _) => None,
        }
    }

    fn send_cancel<C: Clock, T: Trace>(&mut self, ask: Ask, clock: &C, trace: &mut T) {
        let now = clock.now();
        let Some(route) = self.route(&ask) else {
            return self.session.refuse(&ask, Reason::NotConnected, now);
        };
        match self.session.permits(Class::Cancel, self.wire.cost(&ask), now) {
            Ok(()) => {
                self.transmit((ask, Then::Nothing), route, None, (clock, trace));
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
    fn send_place<C: Clock, T: Trace>(
        &mut self,
        ask: Ask,
        read_at: Nanos,
        clock: &C,
        trace: &mut T,
    ) {
        let now = clock.now();
        let halted = self.watch.as_ref().is_some_and(Watch::halted);
        let route = self.route(&ask).filter(|_| self.session.phase == Phase::Ready && !halted);
        let Some(route) = route else {
            return self.session.refuse(&ask, Reason::NotConnected, now);
        };
        match (self.session.permits(Class::Place, self.wire.cost(&ask), now), ask) {
            (Ok(()), _) => {
                self.transmit((ask, Then::Nothing), route, Some(read_at), (clock, trace));
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
    fn send_query<C: Clock, T: Trace>(&mut self, ask: Ask, clock: &C, trace: &mut T) -> bool {
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
        self.transmit((ask, Then::Nothing), route, None, (clock, trace));
        true
    }

    /// Hands one request to its way. It is entered as pending before its first byte leaves.
    #[inline]
    fn transmit<C: Clock, T: Trace>(
        &mut self,
        (ask, then): (Ask, Then),
        route: Route,
        read_at: Option<Nanos>,
        (clock, trace): (&C, &mut T),
    ) {
        let now = clock.now();
        let cost = self.wire.cost(&ask);
        let number = match route {
            Route::Line(number) => number,
            Route::Http => HTTP,
        };
        let Some(id) = self.session.enter(ask, then, cost, number) else {
            return self.session.refuse(&ask, Reason::Budget, now);
        };
        let at_ms = self.session.venue_now(now).as_ms();
        let Some(line) = self.lines.get_mut(usize::from(number)).and_then(Option::as_mut) else {
            return self.transmit_http(&ask, id, at_ms, now);
        };
        let Ok(frame) = self.wire.encode(&ask, id, at_ms) else {
            return self.session.unsent(id, now);
        };
        self.session.sending(id, now);
        let handed_at = clock.now();
        let sent = line.socket.send_text(frame);
        if let Some(entry) = self.session.pending.get(id) {
            entry.sent_at = handed_at;
        }
        if let Some(read_at) = read_at {
            trace.record(Span::TickToOrder, handed_at.since(read_at));
            if trace.sampled() {
                trace.record(Span::Encode, handed_at.since(now));
                trace.record(Span::Write, clock.now().since(handed_at));
            }
        }
        if let Err(error) = sent {
            self.drop_line(number, Some(error), handed_at);
        }
    }

    fn transmit_http(&mut self, ask: &Ask, id: RequestId, at_ms: u64, now: Nanos) {
        let Ok(request) = self.wire.encode_http(ask, at_ms) else {
            return self.session.unsent(id, now);
        };
        self.session.sending(id, now);
        let tag = id.counter() as u32;
        if !self.dial.ask(Dial::Http { tag, request }) {
            self.session.unsent(id, now);
        }
    }

    /// Reads both sockets and tells what came.
    fn receive<C: Clock, T: Trace>(&mut self, clock: &C, trace: &mut T) -> usize {
        let mut done = 0;
        for number in 0..self.lines.len() {
            let Some(line) = &mut self.lines[number] else { continue };
            let lost = match line.socket.poll() {
                Ok(0) => continue,
                Ok(_) => {
                    let now = clock.now();
                    done += 1;
                    line.heard(now);
                    read_frames(&mut line.socket, &mut self.wire, &mut self.session, trace, now)
                }
                Err(error) => Some(Some(error)),
            };
            if let Some(error) = lost {
                self.drop_line(number as u8, error, clock.now());
            }
        }
        done
    }

    /// Picks up what was dialled and asked over HTTP.
    fn pick_up<C: Clock, T: Trace>(&mut self, clock: &C, trace: &mut T) -> usize {
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
        self.transmit((Ask::Time, Then::Nothing), route, None, ports);
    }

    /// Does what signals ask for.
    fn act<C: Clock, T: Trace>(&mut self, clock: &C, trace: &mut T) -> usize {
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
                        self.transmit(ask, route, None, (clock, &mut *trace));
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
        self.transmit((ask, Then::Nothing), Route::Line(number), None, (clock, trace));
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
    fn drop_line(&mut self, number: u8, error: Option<NetError>, now: Nanos) {
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

    /// Sends the session's own questions, as far as the budget allows.
    fn ask<C: Clock, T: Trace>(&mut self, clock: &C, trace: &mut T) -> usize {
        let mut done = 0;
        while let Some((ask, then)) = self.session.asks.front().copied() {
            let now = clock.now();
            let Some(route) = self.route(&ask) else { break };
            let class = match ask {
                Ask::CancelAll(_) => Class::Cancel,
                // What a halt asks may use what is kept for cancels.
                _ if then == Then::Halt => Class::Cancel,
                _ => Class::Query,
            };
            if self.session.permits(class, self.wire.cost(&ask), now).is_err()
                || !self.session.pending.has_room()
            {
                break;
            }
            self.session.asks.pop_front();
            done += 1;
            self.transmit((ask, then), route, None, (clock, &mut *trace));
        }
        done
    }

    /// Begins a halt when the engine is dead; ends it when all is confirmed or time is up.
    fn look_after_engine(&mut self, now: Nanos) -> usize {
        match self.session.phase {
            Phase::Halted => return usize::from(self.close_all(now)),
            Phase::Halting => {
                if self.halt_by.is_some_and(|by| now >= by) {
                    self.session.counters.halts_unconfirmed += 1;
                    self.session.phase = Phase::Halted;
                }
                return 0;
            }
            _ => {}
        }
        let ended = self.watch.as_ref().is_some_and(Watch::ended);
        let dead = self.watch.as_ref().is_some_and(|watch| watch.dead(now) || watch.halted());
        let orders = self.orders.as_ref();
        let abandoned = orders.is_some_and(|ring| ring.is_abandoned() && ring.is_empty());
        if !dead && (!abandoned || ended) {
            return 0;
        }
        self.session.counters.halts += 1;
        self.halt_by = Some(now.after(self.config.halt_limit));
        if let Some(watch) = &self.watch {
            watch.halt();
        }
        self.session.begin_halt();
        1
    }

    /// Closes what is still open; whether there was anything.
    fn close_all(&mut self, now: Nanos) -> bool {
        let any = self.lines.iter().any(Option::is_some);
        for number in 0..self.lines.len() as u8 {
            self.drop_line(number, None, now);
        }
        any
    }

    /// What only time asks for.
    fn tick(&mut self, now: Nanos) {
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
            let (tag, url) = (0, self.wire.url().to_owned());
            self.dialing = self.dial.ask(Dial::WebSocket { tag, url });
        }
    }

    /// Lets REST stand in when the WebSocket API is down for too long, and asks for everything anew
    /// while it does.
    fn stand_in(&mut self, now: Nanos) {
        if self.current.is_some() || self.fault.is_some() || self.guarding {
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

    /// What it is doing.
    pub fn state(&self) -> GatewayState {
        if self.fault.is_some() {
            return GatewayState::Faulted;
        }
        let stage = self.lines.iter().flatten().map(|line| line.stage).max();
        match (self.session.phase, stage) {
            (Phase::Reconciling, _) => GatewayState::Reconciling,
            (Phase::Ready, _) => GatewayState::Ready,
            (Phase::Halting, _) => GatewayState::Halting,
            (Phase::Halted, _) => GatewayState::Halted,
            (Phase::Down, None) => GatewayState::Connecting,
            (Phase::Down, Some(Stage::Subscribe)) => GatewayState::Subscribing,
            (Phase::Down, Some(_)) => GatewayState::LoggingOn,
        }
    }

    /// What makes it useless, if something does: to be shown, and the process to be ended.
    pub const fn fault(&self) -> Option<&GatewayFault> {
        self.fault.as_ref()
    }

    /// Why there is no connection, if there is none: a text to be shown while it tries again.
    pub const fn last_error(&self) -> Option<&NetError> {
        self.error.as_ref()
    }

    /// Counts since the start.
    pub fn counters(&self) -> Counters {
        Counters {
            rows: self.session.reports.rows,
            reports_ring_full: self.session.reports.ring_full,
            ..self.session.counters
        }
    }

    /// Per instrument, the trade id from which on own trades are new: to be saved, and given back as
    /// [`Config::next_trades`].
    pub fn next_trades(&self) -> impl Iterator<Item = (InstrumentId, u64)> + '_ {
        self.session.next_trades()
    }

    /// Whether nothing waits: no request, no report, nothing taken and not sent.
    pub fn is_idle(&self) -> bool {
        self.session.pending.open() == 0 && self.session.asks.is_empty() && self.queries.is_empty()
    }

    /// The dialect, for its assets and for new filters of an instrument.
    pub const fn wire_mut(&mut self) -> &mut W {
        &mut self.wire
    }
}

/// The order that a request places.
const fn placed(ask: &Ask) -> Option<OrderId> {
    match ask {
        Ask::Place(new) | Ask::Replace { new, .. } => Some(new.client.order),
        _ => None,
    }
}

/// Reads all frames that have come. `Some` when the connection is over: with an error, or closed.
fn read_frames<W: Wire, T: Trace>(
    socket: &mut Socket,
    wire: &mut W,
    session: &mut Session,
    trace: &mut T,
    now: Nanos,
) -> Option<Option<NetError>> {
    loop {
        let mut ping = [0_u8; 125];
        let pinged = match socket.frame() {
            Ok(None) => return None,
            Err(error) => return Some(Some(error)),
            Ok(Some(Frame::Close(..))) => return Some(None),
            Ok(Some(Frame::Pong(_))) => continue,
            Ok(Some(Frame::Ping(payload))) => {
                let len = payload.len().min(ping.len());
                ping[..len].copy_from_slice(&payload[..len]);
                len
            }
            Ok(Some(Frame::Binary(_))) => {
                session.counters.malformed += 1;
                continue;
            }
            Ok(Some(Frame::Text(mut payload))) => {
                if wire.on_bytes(&mut payload, &mut |heard| session.hear(heard, now)).is_err() {
                    session.counters.malformed += 1;
                }
                session.reports.end();
                if let Some(span) = session.acknowledged.take() {
                    trace.record(Span::OrderToAck, span);
                }
                continue;
            }
        };
        if let Err(error) = socket.pong(&ping[..pinged]) {
            return Some(Some(error));
        }
    }
}
