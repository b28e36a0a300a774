//! The gateway: takes what the engine sends, talks to the venue, and tells what came of it.
//!
//! ```text
//!  connecting ─▶ logging on ─▶ subscribing ─▶ reconciling ─▶ ready
//!        ▲────────────── any fault ──────────────│    engine dead ─▶ halting ─▶ halted
//! ```
//!
//! An agent: [`Gateway::work`] is called again and again, never blocks, and starts no thread.
//! Cancels leave before places and places before queries. A place that cannot leave at once is
//! refused at once. Over the WebSocket nothing is allocated from ring to socket.

mod config;
mod connect;
mod counters;
mod halt;
mod hear;
mod known;
mod line;
mod linked;
mod moves;
mod out;
mod pending;
mod reconcile;
mod rehearse;
mod reports;
mod session;
#[cfg(test)]
mod session_tests;
mod take;
#[cfg(test)]
mod tests;
mod told;
mod verdict;

use crate::budget::Class;
use crate::guard::Watch;
use crate::wire::{Ask, Door, Kind, RequestId, Switch, Wire};
pub use config::{Config, Entry, GatewayFault, GatewayState, SwitchState};
pub use counters::Counters;
use engine::event::Event;
use engine::id::InstrumentId;
use engine::intent::{OrderRef, Outgoing};
use engine::num::Qty;
use engine::time::{Clock, Nanos, Stage as Span, Trace};
use feeds::net::{Backoff, DialPort, Frame, NetError, Socket};
use line::{DOORS, Line};
use linked::Linked;
use pending::Then;
use reports::Reports;
use rtrb::{Consumer, Producer};
use session::{Phase, Session};
use std::collections::VecDeque;

/// Items that are taken from the engine's ring in one turn at most.
const TAKEN_MAX: usize = 64;
/// Items that wait in each queue at most.
const QUEUE_MAX: usize = 256;

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
    dialing: Option<Dialing>,
    dials: u32,
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
    /// With the times when their cause was read, and when they were approved.
    places: VecDeque<(Ask, [Nanos; 2])>,
    /// Orders that wait for the other ones of their request.
    linked: Linked,
    queries: VecDeque<Ask>,
    /// Requests that were framed and not yet handed to the system, with when their cause was read.
    framed: Vec<(RequestId, Option<Nanos>)>,
    /// Orders that one request is about to cancel.
    doomed: Vec<OrderRef>,
    /// When the dead-man's switch is to be renewed next.
    renew_at: Nanos,
    /// By instrument and side, the quantity of the last order.
    qtys: Vec<[Qty; 2]>,
    /// When the encoding of this turn began, where it is stamped.
    encoding_at: Nanos,
}

/// A socket that is being dialled, and for which connection where that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Dialing {
    tag: u32,
    door: Door,
    line: u8,
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
        let places = wire.instruments().iter().map(|one| one.id.index() + 1).max().unwrap_or(0);
        let reports = Reports::new(reports, config.venue);
        let venue = (wire.instruments(), wire.abilities());
        let session = Session::new(&config, reports, venue, (wire.limits(), wire.window()));
        let wire_batch = wire.abilities().cancels_at_once;
        Self {
            backoff: Backoff::new(floor, cap, 2, 50, config.seed),
            session,
            wire,
            dial,
            guarding: orders.is_none(),
            orders,
            lines: [None, None],
            current: None,
            dialing: None,
            dials: 0,
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
            linked: Linked::default(),
            queries: VecDeque::with_capacity(QUEUE_MAX + 1),
            framed: Vec::with_capacity(TAKEN_MAX),
            doomed: Vec::with_capacity(wire_batch),
            renew_at: Nanos::ZERO,
            qtys: vec![[Qty(1); 2]; places],
            encoding_at: Nanos::ZERO,
            config,
        }
    }

    /// One turn: engine to venue, venue to engine, then whatever time asks for. Returns the amount
    /// of work done.
    pub fn work<C: Clock, T: Trace>(&mut self, clock: &C, trace: &mut T) -> usize {
        self.send(clock, trace) + self.tend(clock, trace)
    }

    /// The other part of [`Gateway::work`]: venue to engine, then whatever time asks for.
    pub fn tend<C: Clock, T: Trace>(&mut self, clock: &C, trace: &mut T) -> usize {
        let mut done = 0;
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
        if self.cancels.is_empty() && self.places.is_empty() && self.queries.is_empty() {
            return taken;
        }
        if trace.sampled() {
            self.encoding_at = clock.now();
        }
        while let Some(ask) = self.cancels.pop_front() {
            self.send_cancel(ask, clock, trace);
        }
        while let Some((ask, times)) = self.places.pop_front() {
            self.send_place(ask, times, clock, trace);
        }
        while let Some(ask) = self.queries.front().copied() {
            if !self.send_query(ask, clock, trace) {
                break;
            }
            self.queries.pop_front();
        }
        self.hand_over(clock, trace);
        taken
    }

    /// Reads all sockets and tells what came.
    fn receive<C: Clock, T: Trace>(&mut self, clock: &C, trace: &mut T) -> usize {
        let mut done = 0;
        for (number, door) in (0..self.lines.len()).flat_map(|n| (0..DOORS).map(move |d| (n, d))) {
            let line = self.lines[number].as_mut();
            let Some((socket, pulse)) = line.and_then(|line| line.door(door)) else { continue };
            let lost = match socket.poll() {
                Ok(0) => continue,
                Ok(_) => {
                    let now = clock.now();
                    done += 1;
                    pulse.heard(now);
                    read_frames(socket, &mut self.wire, &mut self.session, trace, now)
                }
                Err(error) => Some(Some(error)),
            };
            if let Some(error) = lost {
                self.drop_line(number as u8, error, clock.now());
            }
        }
        done
    }

    /// Sends the session's own questions, as far as the budget allows.
    fn ask<C: Clock, T: Trace>(&mut self, clock: &C, trace: &mut T) -> usize {
        let mut done = 0;
        while let Some((ask, then)) = self.session.asks.front().copied() {
            let now = clock.now();
            let Some(mut route) = self.route(&ask) else { break };
            let class = match ask {
                Ask::CancelAll { .. } | Ask::CancelSome(_) | Ask::Renew(_) => Class::Cancel,
                // What a halt asks may use what is kept for cancels.
                _ if matches!(then, Then::Halt | Then::Doom) => Class::Cancel,
                _ => Class::Query,
            };
            if self.session.permits(class, self.wire.cost(&ask), now).is_err()
                || !self.session.pending.has_room()
            {
                break;
            }
            self.session.asks.pop_front();
            done += 1;
            if let Ask::CancelSome(instrument) = ask {
                self.session.next_doomed(instrument, &mut self.doomed);
                if self.doomed.is_empty() {
                    continue;
                }
                self.wire.doom(&self.doomed);
                // Which way it goes depends on what it cancels.
                route = self.route(&ask).unwrap_or(route);
            }
            self.transmit((ask, then), route, (now, None), (clock, &mut *trace));
        }
        self.hand_over(clock, trace);
        done
    }

    /// Renews the dead-man's switch while orders may be placed and the engine is alive. A switch
    /// that watches the connection is set once for each.
    fn renew(&mut self, now: Nanos) {
        let timer = self.session.abilities.switch == Switch::Timer;
        if self.session.phase != Phase::Ready || now < self.renew_at || self.guarding {
            return;
        }
        self.renew_at = if timer { now.after(self.config.renew_every) } else { Nanos(u64::MAX) };
        if self.watch.as_ref().is_some_and(|watch| watch.dead(now) || watch.ended()) {
            self.session.counters.switch_withheld += 1;
            return;
        }
        for place in 0..self.wire.switches().len() {
            let waiting = (Ask::Renew(self.wire.switches()[place]), Then::Nothing);
            if !self.session.asks.contains(&waiting) {
                self.session.asks.push_back(waiting);
            }
        }
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

    /// Its sockets, for a thread that parks until something came.
    pub fn sockets(&self) -> impl Iterator<Item = &Socket> {
        self.lines.iter().flatten().flat_map(Line::sockets)
    }

    /// What it is doing.
    pub fn state(&self) -> GatewayState {
        if self.fault.is_some() {
            return GatewayState::Faulted;
        }
        let line = self.lines.iter().flatten().next();
        match (self.session.phase, line.map(|line| line.waits)) {
            (Phase::Reconciling, _) => GatewayState::Reconciling,
            (Phase::Ready, _) => GatewayState::Ready,
            (Phase::Halting, _) => GatewayState::Halting,
            (Phase::Halted, _) => GatewayState::Halted,
            (Phase::Down, None) => GatewayState::Connecting,
            (Phase::Down, Some(Some(Kind::Subscribe))) => GatewayState::Subscribing,
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
            venue_ids_forgotten: self.wire.ids_forgotten(),
            ..self.session.counters
        }
    }

    /// Per instrument, the trade id from which on own trades are new: to be saved, and given back
    /// as [`Config::next_trades`].
    pub fn next_trades(&self) -> impl Iterator<Item = (InstrumentId, u64)> + '_ {
        self.session.next_trades()
    }

    /// How the venue's dead-man's switch stands.
    pub const fn switch(&self) -> SwitchState {
        self.session.switch
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
