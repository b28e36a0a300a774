//! The hot threads: which agents run on which, and what they do between turns. Part: [`Idle`] what
//! they do when there is nothing to do.

mod idle;

use crate::agents::{Notice, Notices};
use crate::board::Part;
use crate::clock::TscClock;
use crate::drill::{Drill, Target};
use crate::latency::Probe;
use crate::ports::{LivePorts, PaperPorts};
use crate::publish::EnginePanels;
use arrayvec::ArrayVec;
use engine::engine::{Engine, step};
use engine::ports::Ports;
use engine::session::Phase;
use engine::time::{Clock, Nanos};
pub use idle::{Idle, PARK};
use rustix::event::PollFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use strategies::any::Any;
use venues::guard::Heartbeat;

/// Why an engine ends at once when its journal has no room left, not even for stopping in order.
const JOURNAL_LOST: &str = "the journal has no room left: the disk took no rows for longer than \
    its memory lasts; raise `segments` or `segment_mib` in [journal], or give it a quicker disk, \
    or more room on it";

/// Sockets that a parking thread waits for.
pub type Sockets<'a> = ArrayVec<PollFd<'a>, 32>;

/// Something with sockets that is polled: the feed, the gateway.
pub trait Agent {
    /// What the order's way needs of a turn: the feed reads, the gateway sends. Returns the amount
    /// of work done.
    fn hot(&mut self, clock: &TscClock, probe: &mut Probe) -> usize;
    /// Everything else of the turn. Returns the amount of work done.
    fn tend(&mut self, clock: &TscClock, probe: &mut Probe) -> usize;
    /// Walks the order's way without sending anything; `turn` counts up.
    fn rehearse(&mut self, _turn: usize, _clock: &TscClock) {}
    /// Shows its counters and links.
    fn publish(&mut self, now: Nanos);
    /// Adds its sockets to those that a parking thread waits for; more than fit are left out.
    fn sockets<'a>(&'a self, out: &mut Sockets<'a>);
    /// Whether nothing is left for it to do when the engine has gone.
    fn is_finished(&self) -> bool {
        true
    }
}

/// The agents of a thread: those that bring, and those that take away.
#[derive(Default)]
pub struct Crew {
    /// The market feeds.
    pub feeds: Vec<Box<dyn Agent + Send>>,
    /// The gateways.
    pub gateways: Vec<Box<dyn Agent + Send>>,
}

impl Crew {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &(dyn Agent + Send)> {
        self.feeds.iter().chain(&self.gateways).map(|agent| &**agent)
    }

    fn each(&mut self, mut act: impl FnMut(&mut (dyn Agent + Send))) {
        self.feeds.iter_mut().chain(&mut self.gateways).for_each(|agent| act(&mut **agent));
    }
}

/// Ports that own the probe and tell when something was sent.
pub trait HotPorts: Ports {
    /// The doors to rings, commands and clock.
    fn live(&mut self) -> &mut LivePorts;
    /// Whether somebody at the other end of a ring is gone.
    fn is_abandoned(&self) -> bool;
    /// Counters that no agent has.
    fn lost(&self) -> u64 {
        0
    }
}

impl HotPorts for LivePorts {
    fn live(&mut self) -> &mut LivePorts {
        self
    }
    fn is_abandoned(&self) -> bool {
        Self::is_abandoned(self)
    }
}

impl HotPorts for PaperPorts {
    fn live(&mut self) -> &mut LivePorts {
        Self::live(self)
    }
    fn is_abandoned(&self) -> bool {
        Self::is_abandoned(self)
    }
    fn lost(&self) -> u64 {
        self.fills_missed()
    }
}

/// The engine with everything around it that its thread owns.
pub struct EngineSeat<P> {
    /// The engine.
    pub engine: Engine<Any>,
    /// Its doors.
    pub ports: P,
    /// Its panels.
    pub panels: EnginePanels,
    /// Its counters.
    pub part: Part,
    /// That it lives, for the gateway or the guard.
    pub heartbeat: Heartbeat,
    /// Time between publications.
    pub publish_every: Nanos,
    /// Set when the time to stop in order is over.
    pub abandon: Arc<AtomicBool>,
    /// What happens to this thread on purpose, in a test.
    pub drill: Option<Drill>,
    /// Where it says why it ended early.
    pub notices: Notices,
    started: Nanos,
    publish_at: Nanos,
}

impl<P: HotPorts> EngineSeat<P> {
    /// A seat that publishes at its first turn.
    pub fn new(
        (engine, ports, panels): (Engine<Any>, P, EnginePanels),
        part: Part,
        heartbeat: Heartbeat,
        publish_every: Nanos,
        (abandon, drill, notices): (Arc<AtomicBool>, Option<Drill>, Notices),
    ) -> Self {
        let mut ports = ports;
        let (started, publish_at) = (ports.live().clock().now(), Nanos::ZERO);
        let drill = drill.and_then(|drill| drill.of(Target::Engine));
        Self {
            engine,
            ports,
            panels,
            part,
            heartbeat,
            publish_every,
            abandon,
            drill,
            notices,
            started,
            publish_at,
        }
    }

    /// Takes events until none is left, or one made something leave.
    #[inline]
    pub fn turn(&mut self, now: Nanos) -> usize {
        self.ports.live().turn(now);
        let mut work = 0;
        while step(&mut self.engine, &mut self.ports) {
            work += 1;
            if self.ports.live().take_sent() {
                break;
            }
        }
        work
    }

    /// Between turns: heartbeat, panels, and whether to go on.
    fn between(&mut self, now: Nanos) -> bool {
        self.heartbeat.beat(now);
        if now >= self.publish_at {
            self.publish_at = now.after(self.publish_every);
            self.panels.publish(&self.engine, now);
            self.store();
            if self.drill.is_some_and(|drill| drill.carry_out(self.started, now)) {
                self.ports.live().lose_journal();
            }
            // A watcher that has halted has cancelled all: what it did not see must not be sent.
            let over = self.abandon.load(Ordering::Relaxed)
                || self.heartbeat.halted()
                || self.ports.live().journal_is_lost();
            if over || self.ports.is_abandoned() {
                return false;
            }
        }
        self.engine.phase() != Phase::Stopped
    }

    fn store(&mut self) {
        let counters = engine_counters(&self.engine);
        let full = self.ports.live().full();
        let lost = self.ports.lost();
        let extra = [full[0], full[1], lost, self.ports.live().conflated()];
        self.part.store(counters.into_iter().map(|(_, value)| value).chain(extra));
    }

    /// Runs to the end of the session: with agents on this thread, or with the engine alone.
    pub fn run(self, agents: Crew, idle: Idle, inline: bool) -> Engine<Any> {
        if inline { run_inline(self, agents, idle) } else { run_engine(self, idle) }
    }

    fn end(mut self) -> Engine<Any> {
        // An end out of order leaves orders behind: whoever watches is to cancel them at once.
        match self.engine.phase() {
            Phase::Stopped => {
                self.heartbeat.end();
                self.ports.live().end_journal();
            }
            _ => {
                if self.ports.live().journal_is_lost() {
                    let _ = self.notices.push(Notice::Warning(JOURNAL_LOST.to_owned()));
                }
                self.heartbeat.panicked();
            }
        }
        self.store();
        let now = self.ports.live().clock().now();
        self.panels.publish(&self.engine, now);
        self.ports.live().probe().rotate();
        self.engine
    }
}

/// Names of the engine's counters, in the order in which they are stored.
pub fn engine_counter_names() -> Vec<&'static str> {
    let engine = Engine::<Any>::new(Vec::new(), Vec::new(), Default::default());
    let mut names: Vec<_> = engine_counters(&engine).iter().map(|(name, _)| *name).collect();
    names.extend(["ring_full.requests", "ring_full.resyncs"]);
    names.extend(["paper_fills_missed", "conflated_bests"]);
    names
}

fn engine_counters(engine: &Engine<Any>) -> [(&'static str, u64); 33] {
    let desk = |pick: fn(&engine::desk::DeskCounters) -> u64| {
        engine.desks.iter().map(|desk| pick(&desk.counters)).sum()
    };
    let own = &engine.counters;
    [
        ("events", own.events),
        ("market_events", own.market_events),
        ("odd_rows", own.odd_rows),
        ("reports_of_unknown_orders", own.reports_of_unknown_orders),
        ("budget_deferred", own.budget_deferred),
        ("rate_deferred", own.rate_deferred),
        ("order_link_losses", own.order_link_losses),
        ("market_link_losses", own.market_link_losses),
        ("orders_full", own.orders_full),
        ("sets_refused", own.sets_refused),
        ("netted", own.netted),
        ("holds_refused", own.holds_refused),
        ("held_fired", own.held_fired),
        ("held_at_venue", own.held_at_venue),
        ("repairs", engine.repairs().len() as u64 + own.repairs_lost),
        ("book_gaps", engine.market.blanks()),
        ("book_crossings", engine.market.crossings()),
        ("places", desk(|c| c.places)),
        ("replaces", desk(|c| c.replaces)),
        ("moves", desk(|c| c.moves)),
        ("amends", desk(|c| c.amends)),
        ("cancels", desk(|c| c.cancels)),
        ("queries", desk(|c| c.queries)),
        ("fills", desk(|c| c.fills[0] + c.fills[1])),
        ("partial_fills", desk(|c| c.partial_fills)),
        ("fills_in_cancel", desk(|c| c.fills_in_cancel)),
        ("fills_after_end", desk(|c| c.fills_after_end)),
        ("repeated_fills", desk(|c| c.repeated_fills)),
        ("post_only_rejects", desk(|c| c.post_only_rejects)),
        ("venue_rejects", desk(|c| c.venue_rejects)),
        ("unknown_orders", desk(|c| c.unknown_orders)),
        ("stale_withdrawals", desk(|c| c.stale_withdrawals)),
        ("one_sided_ms", desk(|c| c.one_sided_ns / 1_000_000)),
    ]
}

/// One thread from socket to socket: what the market's bytes cause leaves in the same turn.
fn run_inline<P: HotPorts>(
    mut seat: EngineSeat<P>,
    mut agents: Crew,
    mut idle: Idle,
) -> Engine<Any> {
    let clock = seat.ports.live().clock().clone();
    let (mut agents_at, mut now) = (Nanos::ZERO, clock.now());
    loop {
        let (mut work, mut answered) = (0, false);
        // What a feed read is answered, and the answer sent, before anything else is done.
        for feed in &mut agents.feeds {
            work += feed.hot(&clock, seat.ports.live().probe());
            let taken = seat.turn(now);
            work += taken;
            if taken > 0 {
                answered = true;
                work += send(&mut agents.gateways, &clock, seat.ports.live().probe());
            }
        }
        if !answered {
            work += send(&mut agents.gateways, &clock, seat.ports.live().probe());
        }
        work += seat.turn(now);
        agents.each(|agent| work += agent.tend(&clock, seat.ports.live().probe()));
        now = clock.now();
        if now >= agents_at {
            agents_at = now.after(seat.publish_every);
            agents.each(|agent| agent.publish(now));
        }
        if !seat.between(now) {
            break;
        }
        if let Some(turn) = idle.turn(work, now, &agents) {
            seat.engine.rehearse(turn);
            agents.each(|agent| agent.rehearse(turn, &clock));
        }
    }
    agents.each(|agent| agent.publish(now));
    seat.end()
}

/// Has the gateways send what the engine gave them.
#[inline]
fn send(gateways: &mut [Box<dyn Agent + Send>], clock: &TscClock, probe: &mut Probe) -> usize {
    gateways.iter_mut().map(|gateway| gateway.hot(clock, probe)).sum()
}

/// The engine's own thread, in the pipelined layout.
fn run_engine<P: HotPorts>(mut seat: EngineSeat<P>, mut idle: Idle) -> Engine<Any> {
    let clock = seat.ports.live().clock().clone();
    let mut now = clock.now();
    loop {
        let work = seat.turn(now);
        now = clock.now();
        if !seat.between(now) {
            return seat.end();
        }
        if let Some(turn) = idle.turn(work, now, &Crew::default()) {
            seat.engine.rehearse(turn);
        }
    }
}

/// The thread of feed and gateway, in the pipelined layout. Ends when the engine has gone and
/// nothing is left to be done for it: a dead engine's orders are cancelled here. Its own heart
/// beats for the guard.
pub fn run_agents(
    mut agents: Crew,
    (clock, mut probe): (TscClock, Probe),
    (mut idle, publish_every): (Idle, Nanos),
    (heartbeat, drill): (Heartbeat, Option<Drill>),
    gone: impl Fn() -> bool,
) {
    let (started, drill) = (clock.now(), drill.and_then(|drill| drill.of(Target::Gateway)));
    let mut publish_at = Nanos::ZERO;
    loop {
        probe.turn();
        let mut work = 0;
        agents.each(|agent| {
            work += agent.hot(&clock, &mut probe);
            work += agent.tend(&clock, &mut probe);
        });
        if work > 0 {
            probe.touch();
        }
        let now = clock.now();
        heartbeat.beat(now);
        if now >= publish_at {
            publish_at = now.after(publish_every);
            agents.each(|agent| agent.publish(now));
            probe.rotate();
            if let Some(drill) = drill {
                drill.carry_out(started, now);
            }
            if heartbeat.halted() || gone() && agents.iter().all(|agent| agent.is_finished()) {
                break;
            }
        }
        if let Some(turn) = idle.turn(work, now, &agents) {
            agents.each(|agent| agent.rehearse(turn, &clock));
        }
    }
    let now = clock.now();
    agents.each(|agent| agent.publish(now));
    probe.rotate();
}
