//! The threads of a session: rings between them, agents on them, and who watches whom.

use crate::agents::{FeedAgent, GatewayAgent, NOTICES_MAX, Notice, Notices, Told, halted, link};
use crate::assemble::{self, Terms};
use crate::board::{Board, BoardBuilder, Part};
use crate::clock::TscClock;
use crate::config::{Config, Cores, JournalSync, Layout};
use crate::drill::Drill;
use crate::exit::Failure;
use crate::hot::{self, Agent, EngineSeat, HotPorts, Idle, engine_counter_names};
use crate::housekeeping::scale;
use crate::journal::{Facts, Journal, JournalWork};
use crate::latency::{self, Tally};
use crate::ports::{Keys, LivePorts, MarketRing, PaperPorts, Recorder, RingEnds};
use crate::publish::EnginePanels;
use crate::session::pin;
use engine::engine::Engine;
use engine::event::{Body, Event};
use engine::id::InstrumentId;
use engine::intent::Outgoing;
use engine::time::{Clock as _, Nanos};
use feeds::binance_spot::BinanceSpot;
use feeds::feed::{Feed, FeedPorts};
use feeds::net::{Dialer, dial_pair, dial_pair_with};
use rtrb::{Consumer, Producer, RingBuffer};
use shm::panel::{CountersPanel, EngineState, LatencyPanel, LinkPanel, SessionPanel};
use shm::words::text;
use shm::{Answer, Key, PanelWriter, Writers};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use strategies::any::Any;
use strategies::avellaneda_stoikov::Parameters;
use strategies::parameter::Table;
use venues::credentials::Credentials;
use venues::gateway::{Gateway, GatewayState};
use venues::guard::{Guard, Heartbeat, Watch, heartbeat};
use venues::sim::SimVenue;

/// Wishes for snapshots that may wait.
const RESYNCS_MAX: usize = 64;
/// How often the guard looks.
const GUARD_EVERY: Duration = Duration::from_millis(5);

/// What a session's threads are built from.
pub struct Build<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The clock.
    pub clock: &'a TscClock,
    /// Where threads are pinned.
    pub cores: Cores,
    /// `inline` or `pipelined`.
    pub layout: Layout,
    /// The session's epoch.
    pub epoch: u32,
}

/// Per instrument, the own trade from which on those of a dead session are asked for.
type NextTrades = Vec<(InstrumentId, u64)>;

/// Flags between threads.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// The engine has ended.
    pub done: Arc<AtomicBool>,
    /// The engine is to stop in order.
    pub stop: Arc<AtomicBool>,
    /// The engine is to end at once.
    pub abandon: Arc<AtomicBool>,
}

/// Threads that trade, and what the housekeeping thread needs beside them.
pub struct Started {
    /// The engine's thread; `None` when it panicked.
    pub engine: JoinHandle<Option<Engine<Any>>>,
    /// Threads that end after the engine.
    pub others: Vec<Worker>,
    /// Flags between them.
    pub flags: Flags,
    /// What dials for the agents.
    pub dialers: Vec<Dialer>,
    /// Histograms of the hot threads.
    pub tallies: Vec<Tally>,
    /// Counters of all agents.
    pub board: Arc<Board>,
    /// What hot threads want logged.
    pub notices: Notices,
    /// Where counters are shown.
    pub counters: PanelWriter<CountersPanel>,
    /// Where latencies are shown.
    pub latency: PanelWriter<LatencyPanel>,
    /// Names of assets.
    pub assets: engine::asset::Assets,
    /// `inline` or `pipelined`.
    pub layout: Layout,
    /// Whether the engine lives.
    pub watch: Watch,
    /// Threads of the journal, which end after the engine.
    pub journal: Vec<JoinHandle<()>>,
}

impl Started {
    /// Whether a hot thread was found dead: nothing is traded any more.
    pub fn is_halted(&self) -> bool {
        self.watch.halted() || self.others.iter().any(Worker::is_halted)
    }

    /// Whether nobody works any more but perhaps threads that hang: those cannot be ended from
    /// outside, and all orders are cancelled by then.
    pub fn is_given_up(&self) -> bool {
        let engine = self.watch.halted() || self.flags.done.load(Ordering::Acquire);
        let out = |worker: &Worker| worker.is_halted() || worker.thread.is_finished();
        engine && self.is_halted() && self.others.iter().all(out)
    }

    /// Whether all has ended.
    pub fn is_over(&self) -> bool {
        let done = self.flags.done.load(Ordering::Acquire);
        let written = self.journal.iter().all(JoinHandle::is_finished);
        done && written && self.others.iter().all(|worker| worker.thread.is_finished())
    }
}

/// A thread that ends after the engine.
pub struct Worker {
    /// The thread.
    pub thread: JoinHandle<()>,
    /// Whether it lives, where somebody looks.
    watch: Option<Watch>,
}

impl Worker {
    fn is_halted(&self) -> bool {
        self.watch.as_ref().is_some_and(Watch::halted)
    }
}

/// The ends of the rings that the agents hold.
struct AgentEnds {
    market: Producer<Event>,
    wishes: Consumer<InstrumentId>,
    reports: Producer<Event>,
    requests: Consumer<Outgoing>,
}

/// The agents with what runs beside them.
struct Agents {
    list: Vec<Box<dyn Agent + Send>>,
    dialers: Vec<Dialer>,
    others: Vec<Worker>,
    notices: Notices,
}

/// The hearts of the two hot threads, each with who looks after it: the gateway after the engine
/// and the guard after the gateway, or in one thread the guard after both.
struct Hearts {
    engine: (Heartbeat, Watch),
    io: (Heartbeat, Watch),
}

/// The parts of the board, by agent.
struct Parts {
    feed: Part,
    gateway: Part,
    engine: Part,
}

/// Starts a named thread.
fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Failure> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(run).map_err(|error| Failure::error(format!("thread {name}: {error}")))
}

/// The number of a strategy's parameter, if it may have this value, in 1e-9.
fn parameter(key: &Key, value: i64) -> Result<u16, Answer> {
    let found = match key {
        Key::Name(name) => Parameters::by_key(name),
        Key::Id(id) => u16::try_from(*id).ok().and_then(Parameters::by_id),
    };
    let parameter = found.ok_or(Answer::UnknownKey)?;
    let value = value as f64 / 1e9;
    Parameters::default().set(parameter.id, value).map_err(|_| Answer::BadValue)?;
    Ok(parameter.id)
}

fn board() -> Result<(Arc<Board>, Parts), Failure> {
    let mut builder = BoardBuilder::default();
    builder.part("", engine_counter_names());
    builder.part("feed", feeds::feed::Counters::default().named().map(|(name, _)| name));
    builder.part("gateway", venues::gateway::Counters::default().named().map(|(name, _)| name));
    let (board, parts) = builder.finish();
    let mut parts = parts.into_iter();
    let parts = match (parts.next(), parts.next(), parts.next()) {
        (Some(engine), Some(feed), Some(gateway)) => Parts { feed, gateway, engine },
        _ => return Err(Failure::error("the counter board has too few parts")),
    };
    Ok((board, parts))
}

impl Build<'_> {
    /// Starts everything.
    pub fn start(
        &self,
        mut terms: Terms,
        writers: Writers,
        key: Option<Credentials>,
        mut journal: Option<Journal>,
    ) -> Result<Started, Failure> {
        let (ends, agent_ends) = self.rings(key.is_none());
        let flags = Flags::default();
        let limit = self.config.engine.heartbeat_limit;
        let hearts = Hearts { engine: heartbeat(limit), io: heartbeat(limit) };
        let mut engine = assemble::engine(self.config, &terms.instruments)?;
        journal.iter_mut().try_for_each(|journal| journal.carry(&mut engine))?;
        let paper = match key {
            Some(_) => None,
            None => Some(assemble::paper(self.config, &mut terms, (&engine, self.clock.now()))?),
        };
        let next_trades: Vec<_> = engine.next_trades().filter(|(_, next)| *next > 0).collect();
        let (recorder, journal) = self.journal(journal, &engine, &terms)?;
        let (board, parts) = board()?;
        let Writers { heartbeat, commands, session, links, instruments, .. } = writers;
        let panels = EnginePanels {
            heartbeat,
            session,
            about: self.about(),
            instruments: instruments.into_iter().take(terms.instruments.len()).collect(),
            orders: writers.orders,
            balances: writers.balances,
            risk: writers.risk,
            gauges: writers.gauges,
            assets: terms.assets.clone(),
        };
        let engine_part = parts.engine.clone();
        let key = key.map(|key| (key, next_trades));
        let agents = self.agents(&terms, agent_ends, (parts, links), (key, &hearts))?;
        let done = (self.cores.cold, flags.done.clone());
        let journal = match journal {
            Some(work) => work.start(self.clock.clone(), done, agents.notices.clone())?,
            None => Vec::new(),
        };
        let (probe, tally) = latency::pair(self.config.engine.sample_every, scale(self.config));
        let start = (self.start_events(&terms), parameter as Keys);
        let ports =
            LivePorts::new(self.clock.clone(), ends, commands, flags.stop.clone(), probe, start)
                .timed(self.config.engine.timer)
                .recorded(recorder);
        let drill = Drill::asked(self.config)?;
        let beat = hearts.engine.0.clone();
        let seat = Seat { panels, part: engine_part, beat, flags: flags.clone(), drill };
        let hot = self.hot(engine, (ports, paper), (seat, &hearts), agents.list)?;
        let mut others = agents.others;
        let mut tallies = vec![tally];
        others.extend(hot.io);
        tallies.extend(hot.tally);
        Ok(Started {
            engine: hot.engine,
            others,
            flags,
            dialers: agents.dialers,
            tallies,
            board,
            notices: agents.notices,
            counters: writers.counters,
            latency: writers.latency,
            assets: terms.assets,
            layout: self.layout,
            watch: hearts.engine.1,
            journal,
        })
    }

    /// Begins the journal's session, with the engine as it is now.
    fn journal(
        &self,
        journal: Option<Journal>,
        engine: &Engine<Any>,
        terms: &Terms,
    ) -> Result<(Option<Recorder>, Option<JournalWork>), Failure> {
        let Some(journal) = journal else { return Ok((None, None)) };
        let now = self.clock.now();
        let names = (terms.instruments.as_slice(), &terms.assets);
        let facts = Facts::new(self.config, names, (self.epoch, now.0));
        let (writer, work) = journal.begin((self.config, engine), (facts, self.epoch, now))?;
        let holds = self.config.journal.sync == JournalSync::Each;
        Ok((Some(Recorder::new(writer, holds)), Some(work)))
    }

    /// The simulated venue of `paper` trading is to see each best price: none is left out.
    fn rings(&self, paper: bool) -> (RingEnds, AgentEnds) {
        let sizes = self.config.engine.rings;
        let (market_in, market) = RingBuffer::new(sizes.market);
        let (reports_in, reports) = RingBuffer::new(sizes.reports);
        let (requests, requests_out) = RingBuffer::new(sizes.orders);
        let (resyncs, wishes) = RingBuffer::new(RESYNCS_MAX);
        let agents =
            AgentEnds { market: market_in, wishes, reports: reports_in, requests: requests_out };
        let behind = if paper { 0 } else { self.config.engine.conflate_behind };
        let market = MarketRing::new(market, behind);
        (RingEnds { market, reports, requests, resyncs }, agents)
    }

    /// What of the session panel does not change.
    fn about(&self) -> SessionPanel {
        let list = [self.cores.engine, self.cores.io, self.cores.cold];
        let cores: Vec<String> = list.into_iter().flatten().map(|core| core.to_string()).collect();
        SessionPanel {
            state: EngineState::Starting,
            mode: text(self.config.mode.name()),
            layout: text(self.layout.name()),
            wait: text(self.config.engine.wait.name()),
            strategy: text(self.config.strategy.kind),
            account: text(&self.config.venue.account),
            cores: text(&cores.join(",")),
            started_at: self.clock.now(),
            at: Nanos(0),
            events: 0,
            halt_code: 0,
            halt_reason: text(""),
        }
    }

    /// What the engine is told first; the last one of the list comes first.
    fn start_events(&self, terms: &Terms) -> Vec<Event> {
        let now = self.clock.now();
        let told = terms.conversions.iter().map(|(asset, price)| {
            let body = Body::Conversion { asset: *asset, price: *price };
            Event::new(now, InstrumentId(0), 0, body)
        });
        let mut events: Vec<Event> = told.collect();
        let body = Body::Start { epoch: self.epoch, config_hash: self.config.hash() };
        events.push(Event::new(now, InstrumentId(0), u64::from(self.epoch), body));
        events
    }

    fn agents(
        &self,
        terms: &Terms,
        ends: AgentEnds,
        (parts, links): (Parts, [PanelWriter<LinkPanel>; 8]),
        (key, hearts): (Option<(Credentials, NextTrades)>, &Hearts),
    ) -> Result<Agents, Failure> {
        let mut links = links.into_iter();
        let (Some(market_link), Some(orders_link)) = (links.next(), links.next()) else {
            return Err(Failure::error("the region has too few link panels"));
        };
        let notices: Notices = Arc::new(crossbeam::queue::ArrayQueue::new(NOTICES_MAX));
        let (dialect, limits) = assemble::feed(self.config, &terms.instruments);
        let wrong = limits.check(self.config.engine.rings.market);
        if !wrong.is_empty() {
            return Err(Failure::error(wrong.join("; ")));
        }
        let tuned = assemble::dial(self.config);
        let (dial, dialer) = dial_pair_with(8 + terms.instruments.len(), tuned.clone());
        let ports = FeedPorts { dial, events: ends.market, wishes: ends.wishes };
        let age_limit = self.config.feed.connection_stale;
        let feed = FeedAgent {
            feed: Feed::new(BinanceSpot::new(&dialect), limits, ports),
            instruments: terms.instruments.iter().map(|one| one.id).collect(),
            part: parts.feed,
            writer: market_link,
            panel: link("market", age_limit),
            notices: notices.clone(),
            silences: 0,
        };
        let mut agents =
            Agents { list: vec![Box::new(feed)], dialers: vec![dialer], others: vec![], notices };
        let Some((key, next_trades)) = key else { return Ok(agents) };
        let guard_key = credentials_again(self.config)?;
        let (dial, dialer) = dial_pair_with(64, tuned);
        agents.dialers.push(dialer);
        let inline = self.layout == Layout::Inline;
        let gateway = Gateway::new(
            assemble::wire(self.config, terms, key),
            venues::gateway::Config { next_trades, ..assemble::gateway(self.config) },
            dial,
            (ends.requests, ends.reports),
            (!inline).then(|| hearts.engine.1.clone()),
        );
        agents.list.push(Box::new(GatewayAgent {
            gateway,
            part: parts.gateway,
            writer: orders_link,
            panel: link("orders", age_limit),
            notices: agents.notices.clone(),
            watch: hearts.engine.1.clone(),
            told: Told::default(),
        }));
        let guarded = match inline {
            true => ("engine", hearts.engine.1.clone()),
            false => ("gateway", hearts.io.1.clone()),
        };
        self.guard(terms, guarded, guard_key, &mut agents)?;
        Ok(agents)
    }

    /// The guard's thread: a parked one with a connection of its own.
    fn guard(
        &self,
        terms: &Terms,
        (guarded, watch): (&'static str, Watch),
        key: Credentials,
        agents: &mut Agents,
    ) -> Result<(), Failure> {
        let (dial, dialer) = dial_pair(16);
        agents.dialers.push(dialer);
        let wire = assemble::wire(self.config, terms, key);
        let mut guard = Guard::new(wire, assemble::gateway(self.config), dial, watch.clone());
        let (clock, core) = (self.clock.clone(), self.cores.cold);
        let notices = agents.notices.clone();
        let thread = spawn("guard", move || {
            pin(core, "guard");
            let over = |state| matches!(state, GatewayState::Halted | GatewayState::Faulted);
            while !watch.ended() && !over(guard.state()) {
                guard.work(&clock);
                std::thread::park_timeout(GUARD_EVERY);
            }
            // Nobody trades unguarded: a guard that the venue refuses ends the session too.
            let end = match guard.fault() {
                Some(fault) => Some(format!("the guard cannot watch: {fault}")),
                None if watch.ended() => None,
                None => Some(halted(guarded, "guard", &guard.counters())),
            };
            if let Some(end) = end {
                let _ = notices.push(Notice::Fatal(end));
            }
        })?;
        agents.others.push(Worker { thread, watch: None });
        Ok(())
    }

    /// The hot threads.
    fn hot(
        &self,
        engine: Engine<Any>,
        (live, paper): (LivePorts, Option<SimVenue>),
        (seat, hearts): (Seat, &Hearts),
        agents: Vec<Box<dyn Agent + Send>>,
    ) -> Result<Hot, Failure> {
        let settings = &self.config.engine;
        let idle = Idle::new(settings.wait, settings.rehearse);
        let (publish, cores) = (settings.publish, self.cores);
        let inline = self.layout == Layout::Inline;
        let (mine, theirs) = if inline { (agents, Vec::new()) } else { (Vec::new(), agents) };
        let (done, beat) = (seat.flags.done.clone(), seat.beat.clone());
        let mut io = None;
        let mut io_tally = None;
        if !inline {
            let (probe, tally) = latency::pair(settings.sample_every, scale(self.config));
            io_tally = Some(tally);
            let (clock, done, drill) = (self.clock.clone(), done.clone(), seat.drill);
            let (engine, (beat, watch)) = (hearts.engine.1.clone(), hearts.io.clone());
            let gone = move || done.load(Ordering::Relaxed) || engine.halted();
            let thread = spawn("io", move || {
                pin(cores.io, "io");
                let heart = (beat.clone(), drill);
                let all = || hot::run_agents(theirs, (clock, probe), (idle, publish), heart, gone);
                match catch_unwind(AssertUnwindSafe(all)) {
                    Ok(()) => beat.end(),
                    Err(_) => beat.panicked(),
                }
            })?;
            io = Some(Worker { thread, watch: Some(watch) });
        }
        let run = move || {
            pin(cores.engine, "engine");
            let all = AssertUnwindSafe(move || match paper {
                Some(venue) => {
                    let ports = PaperPorts::new(live, venue);
                    seat.run(engine, ports, publish).run(mine, idle, inline)
                }
                None => seat.run(engine, live, publish).run(mine, idle, inline),
            });
            let engine = catch_unwind(all).ok();
            if engine.is_none() {
                beat.panicked();
            }
            done.store(true, Ordering::Release);
            engine
        };
        Ok(Hot { engine: spawn("engine", run)?, io, tally: io_tally })
    }
}

struct Hot {
    engine: JoinHandle<Option<Engine<Any>>>,
    io: Option<Worker>,
    tally: Option<Tally>,
}

/// What the engine's thread owns beside engine and ports.
struct Seat {
    panels: EnginePanels,
    part: Part,
    beat: Heartbeat,
    flags: Flags,
    drill: Option<Drill>,
}

impl Seat {
    fn run<P: HotPorts>(self, engine: Engine<Any>, ports: P, publish: Nanos) -> EngineSeat<P> {
        let all = (engine, ports, self.panels);
        EngineSeat::new(all, self.part, self.beat, publish, (self.flags.abandon, self.drill))
    }
}

/// The key once more: each session with the venue owns one.
fn credentials_again(config: &Config) -> Result<Credentials, Failure> {
    assemble::credentials(&config.venue)
}
