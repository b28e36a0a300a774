//! The threads of a session: rings between them, agents on them, and who watches whom.

mod written;

use crate::agents::{FeedAbout, GatewayAbout, NOTICES_MAX, Notice, Notices, halted, link};
use crate::assemble::{self, GatewayPorts, Next, Terms, simulated};
use crate::board::{Board, BoardBuilder, Part};
use crate::clock::TscClock;
use crate::config::{Config, Cores, Layout};
use crate::drill::Drill;
use crate::exit::Failure;
use crate::hot::{self, EngineSeat, HotPorts, Idle, engine_counter_names};
use crate::housekeeping::scale;
use crate::journal::Journal;
use crate::latency::{self, Tally};
use crate::ports::{Keys, LivePorts, MarketRing, PaperPorts, RingEnds};
use crate::publish::EnginePanels;
use crate::session::pin;
use crate::shadow::Report;
use engine::engine::Engine;
use engine::event::{Body, Event};
use engine::id::{InstrumentId, VenueId};
use engine::instrument::{Instrument, Kind, Symbol};
use engine::intent::Outgoing;
use engine::time::{Clock as _, Nanos};
use feeds::feed::FeedPorts;
use feeds::net::{Dialer, dial_pair, dial_pair_with};
use rtrb::{Consumer, Producer, RingBuffer};
use shm::panel::{CountersPanel, EngineState, LatencyPanel, LinkPanel, SessionPanel};
use shm::words::text;
use shm::{PanelWriter, Writers};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use strategies::any::Any;
use venues::credentials::Credentials;
use venues::gateway::GatewayState;
use venues::guard::{Heartbeat, Watch, heartbeat};
use venues::sim::SimVenues;
use written::Beside;

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
    /// The shadows, which end after the journal.
    pub shadow: Option<JoinHandle<Report>>,
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
        self.has_traded() && self.shadow.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Whether all has ended that trades or writes the journal.
    pub fn has_traded(&self) -> bool {
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

/// A feed's ends: rows to the engine, and the engine's wishes for snapshots.
type FeedEnds = (Producer<Event>, Consumer<InstrumentId>);

/// The ends of the rings that the agents hold, by feed and by venue.
struct AgentEnds {
    feeds: Vec<FeedEnds>,
    venues: Vec<(Consumer<Outgoing>, Producer<Event>)>,
}

/// The agents with what runs beside them.
struct Agents {
    list: hot::Crew,
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
    feeds: Vec<Part>,
    gateways: Vec<Part>,
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

/// The places of all counters. With one feed and one venue they are called `feed` and `gateway`.
fn board(feeds: &[Symbol], venues: &[Symbol]) -> Result<(Arc<Board>, Parts), Failure> {
    let mut builder = BoardBuilder::default();
    builder.part("", engine_counter_names());
    let alone = feeds.len() == 1;
    for name in feeds {
        let prefix = if alone { "feed".to_owned() } else { format!("feed.{name}") };
        builder.part(&prefix, feeds::feed::Counters::default().named().map(|(name, _)| name));
    }
    let alone = venues.len() == 1;
    for name in venues {
        let prefix = if alone { "gateway".to_owned() } else { format!("gateway.{name}") };
        builder.part(&prefix, venues::gateway::Counters::default().named().map(|(name, _)| name));
    }
    let (board, parts) = builder.finish();
    let mut parts = parts.into_iter();
    let engine = parts.next().ok_or_else(|| Failure::error("the counter board has no parts"))?;
    let feeds = parts.by_ref().take(feeds.len()).collect();
    Ok((board, Parts { feeds, gateways: parts.collect(), engine }))
}

impl Build<'_> {
    /// Starts everything.
    pub fn start(
        &self,
        mut terms: Terms,
        writers: Writers,
        keys: Option<Vec<Credentials>>,
        mut journal: Option<Journal>,
    ) -> Result<Started, Failure> {
        let (ends, agent_ends) = self.rings(&terms, keys.is_none());
        let (flags, limit) = (Flags::default(), self.config.engine.heartbeat_limit);
        let hearts = Hearts { engine: heartbeat(limit), io: heartbeat(limit) };
        let mut engine = assemble::engine(self.config, &terms.instruments)?;
        journal.iter_mut().try_for_each(|journal| journal.carry(&mut engine))?;
        let paper = match keys {
            Some(_) => None,
            None => Some(simulated(self.config, &mut terms, (&engine, self.clock.now()))?),
        };
        let keys = keys.map(|keys| keys.into_iter().zip(self.next(&engine)).collect());
        let (recorder, journal) = self.journal(journal, &engine, &terms)?;
        let (board, parts) = board(&self.feed_names(&terms), &self.venue_names())?;
        let Writers { heartbeat, commands, session, links, instruments, .. } = writers;
        let (about, assets) = (self.about(), terms.assets.clone());
        let instruments = instruments.into_iter().take(terms.instruments.len()).collect();
        let (orders, balances) = (writers.orders, writers.balances);
        let (risk, gauges) = (writers.risk, writers.gauges);
        let panels = EnginePanels {
            heartbeat,
            session,
            about,
            instruments,
            orders,
            balances,
            risk,
            gauges,
            assets,
            venues: self.venue_names(),
        };
        let engine_part = parts.engine.clone();
        let agents = self.agents(&terms, agent_ends, (parts, links), (keys, &hearts))?;
        let (core, said) = ((self.cores.cold, &flags.done), (&agents.notices, writers.shadows));
        let beside = journal.map(|written| written.start(self.clock, core, said)).transpose()?;
        let Beside { journal, shadow } = beside.unwrap_or_default();
        let (probe, tally) = latency::pair(self.config.engine.sample_every, scale(self.config));
        let start = (self.start_events(&terms), self.keys());
        let ports =
            LivePorts::new(self.clock.clone(), ends, commands, flags.stop.clone(), probe, start)
                .timed(self.config.engine.timer)
                .recorded(recorder);
        let drill = Drill::asked(self.config)?;
        let (beat, notices) = (hearts.engine.0.clone(), agents.notices.clone());
        let seat = Seat { panels, part: engine_part, beat, flags: flags.clone(), drill, notices };
        let hot = self.hot(engine, (ports, paper), (seat, &hearts), agents.list)?;
        let tallies = [Some(tally), hot.tally].into_iter().flatten().collect();
        Ok(Started {
            engine: hot.engine,
            others: agents.others.into_iter().chain(hot.io).collect(),
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
            shadow,
        })
    }

    /// The parameters that operators may set and promote.
    fn keys(&self) -> Keys {
        Keys::new(&self.config.desks, &self.config.shadows)
    }

    /// The simulated venue of `paper` trading is to see each best price: none is left out.
    fn rings(&self, terms: &Terms, paper: bool) -> (RingEnds, AgentEnds) {
        let sizes = self.config.engine.rings;
        let behind = if paper { 0 } else { self.config.engine.conflate_behind };
        let mut agents = AgentEnds { feeds: Vec::new(), venues: Vec::new() };
        let (mut markets, mut resyncs) = (Vec::new(), Vec::new());
        for _ in terms.feeds() {
            let (rows, market) = RingBuffer::new(sizes.market);
            let (resync, wishes) = RingBuffer::new(RESYNCS_MAX);
            markets.push(MarketRing::new(market, behind));
            resyncs.push(resync);
            agents.feeds.push((rows, wishes));
        }
        let (mut reports, mut requests) = (Vec::new(), Vec::new());
        for _ in &self.config.venues {
            let (rows, report) = RingBuffer::new(sizes.reports);
            let (request, taken) = RingBuffer::new(sizes.orders);
            reports.push(report);
            requests.push(request);
            agents.venues.push((taken, rows));
        }
        let (market, orders) = ((markets, resyncs), (reports, requests));
        let rows = self.config.engine.rows_a_turn;
        (RingEnds::new(market, orders, &terms.instruments, rows), agents)
    }

    /// From which on each venue is asked for what the engine was not told.
    fn next(&self, engine: &Engine<Any>) -> Vec<Next> {
        let all: Vec<_> = engine.next_trades().filter(|(_, next)| *next > 0).collect();
        let of = |place: usize| {
            let venue = VenueId(u8::try_from(place).unwrap_or(u8::MAX));
            let own = |id: InstrumentId| {
                engine.market.listing(id).is_some_and(|one| one.instrument.venue == venue)
            };
            let trades = all.iter().copied().filter(|(id, _)| own(*id)).collect();
            Next { trades, payment: engine.next_payment(venue) }
        };
        (0..self.config.venues.len()).map(of).collect()
    }

    /// What people call each venue: its name in the file, short enough for a panel.
    fn venue_names(&self) -> Vec<Symbol> {
        let names = self.config.venues.iter().map(|venue| symbol(&venue.name));
        names.collect()
    }

    /// What people call each feed: its venue, and the market where a venue has two feeds.
    fn feed_names(&self, terms: &Terms) -> Vec<Symbol> {
        let feeds = terms.feeds();
        let venue_of = |feed: &Vec<Instrument>| feed.first().map_or(0, |one| one.venue.index());
        let name = |feed: &Vec<Instrument>| {
            let venue = venue_of(feed);
            let name = &self.config.venues[venue].name;
            let several = feeds.iter().filter(|other| venue_of(other) == venue).count() > 1;
            match feed.first().map(|one| one.kind) {
                Some(Kind::Linear) if several => symbol(&format!("{name}-linear")),
                Some(Kind::Spot) if several => symbol(&format!("{name}-spot")),
                _ => symbol(name),
            }
        };
        feeds.iter().map(name).collect()
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
            strategy: text(&self.config.strategies()),
            account: text(&self.config.account()),
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
        (parts, links): (Parts, [PanelWriter<LinkPanel>; 16]),
        (keys, hearts): (Option<Vec<(Credentials, Next)>>, &Hearts),
    ) -> Result<Agents, Failure> {
        let mut links = links.into_iter();
        let mut writer = || {
            links.next().ok_or_else(|| Failure::error("more links than the region has panels for"))
        };
        let notices: Notices = Arc::new(crossbeam::queue::ArrayQueue::new(NOTICES_MAX));
        let mut agents = Agents {
            list: hot::Crew::default(),
            dialers: Vec::new(),
            others: Vec::new(),
            notices: notices.clone(),
        };
        self.feeds(terms, (ends.feeds, parts.feeds), &mut writer, &mut agents)?;
        let (age_limit, tuned) = (self.config.feed.connection_stale, assemble::dial(self.config));
        let Some(keys) = keys else { return Ok(agents) };
        let inline = self.layout == Layout::Inline;
        let alone = keys.len() == 1;
        let venues = keys.into_iter().zip(self.venue_names()).enumerate();
        for ((number, ((key, next), name)), (rings, part)) in
            venues.zip(ends.venues.into_iter().zip(parts.gateways))
        {
            let venue = VenueId(u8::try_from(number).unwrap_or(u8::MAX));
            let (dial, dialer) = dial_pair_with(64, tuned.clone());
            let name = if alone { symbol("orders") } else { symbol(&format!("{name}-orders")) };
            let about = GatewayAbout {
                name,
                part,
                writer: writer()?,
                panel: link(name.as_str(), age_limit),
                notices: notices.clone(),
                watch: hearts.engine.1.clone(),
            };
            let watch = (!inline).then(|| hearts.engine.1.clone());
            let ports = GatewayPorts { dial, rings, watch };
            let gateway = assemble::gateway(self.config, terms, (venue, key, next), ports, about)?;
            agents.list.gateways.push(gateway);
            agents.dialers.push(dialer);
        }
        let guarded = match inline {
            true => ("engine", hearts.engine.1.clone()),
            false => ("gateway", hearts.io.1.clone()),
        };
        self.guard(terms, guarded, &mut agents)?;
        Ok(agents)
    }

    fn feeds(
        &self,
        terms: &Terms,
        (ends, parts): (Vec<FeedEnds>, Vec<Part>),
        writer: &mut impl FnMut() -> Result<PanelWriter<LinkPanel>, Failure>,
        agents: &mut Agents,
    ) -> Result<(), Failure> {
        let (age_limit, tuned) = (self.config.feed.connection_stale, assemble::dial(self.config));
        let alone = ends.len() == 1;
        let feeds = terms.feeds().into_iter().zip(self.feed_names(terms));
        for ((instruments, name), ((events, wishes), part)) in
            feeds.zip(ends.into_iter().zip(parts))
        {
            let (dial, dialer) = dial_pair_with(8 + instruments.len(), tuned.clone());
            let name = if alone { symbol("market") } else { name };
            let about = FeedAbout {
                name,
                instruments: instruments.iter().map(|one| one.id).collect(),
                part,
                writer: writer()?,
                panel: link(name.as_str(), age_limit),
                notices: agents.notices.clone(),
            };
            let ports = FeedPorts { dial, events, wishes };
            agents.list.feeds.push(assemble::feed(self.config, &instruments, ports, about)?);
            agents.dialers.push(dialer);
        }
        Ok(())
    }

    /// The guards' thread: a parked one with a connection of its own to each venue.
    fn guard(
        &self,
        terms: &Terms,
        (guarded, watch): (&'static str, Watch),
        agents: &mut Agents,
    ) -> Result<(), Failure> {
        let mut guards = Vec::new();
        for (number, venue) in self.config.venues.iter().enumerate() {
            let (dial, dialer) = dial_pair(16);
            agents.dialers.push(dialer);
            // Each session with the venue owns a key.
            let key = assemble::credentials(venue)?;
            let at = VenueId(u8::try_from(number).unwrap_or(u8::MAX));
            guards.push(assemble::guard(self.config, terms, (at, key), (dial, watch.clone()))?);
        }
        let (clock, core) = (self.clock.clone(), self.cores.cold);
        let notices = agents.notices.clone();
        let thread = spawn("guard", move || {
            pin(core, "guard");
            let over = |state| matches!(state, GatewayState::Halted | GatewayState::Faulted);
            while !watch.ended() && !guards.iter().all(|guard| over(guard.state())) {
                guards.iter_mut().for_each(|guard| guard.work(&clock));
                std::thread::park_timeout(GUARD_EVERY);
                // Nobody trades unguarded: a guard that one venue refuses ends the session.
                if guards.iter().any(|guard| guard.fault().is_some()) {
                    break;
                }
            }
            for guard in &guards {
                let end = match guard.fault() {
                    Some(fault) => format!("the guard cannot watch: {fault}"),
                    None if watch.ended() || !over(guard.state()) => continue,
                    None => halted(guarded, "guard", &guard.counters()),
                };
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
        (live, paper): (LivePorts, Option<SimVenues>),
        (seat, hearts): (Seat, &Hearts),
        agents: hot::Crew,
    ) -> Result<Hot, Failure> {
        let settings = &self.config.engine;
        let idle = Idle::new(settings.wait, settings.rehearse);
        let (publish, cores) = (settings.publish, self.cores);
        let inline = self.layout == Layout::Inline;
        let (mine, theirs) =
            if inline { (agents, hot::Crew::default()) } else { (hot::Crew::default(), agents) };
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
                Some(venues) => {
                    let ports = PaperPorts::new(live, venues);
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
    notices: Notices,
}

impl Seat {
    fn run<P: HotPorts>(self, engine: Engine<Any>, ports: P, publish: Nanos) -> EngineSeat<P> {
        let all = (engine, ports, self.panels);
        let about = (self.flags.abandon, self.drill, self.notices);
        EngineSeat::new(all, self.part, self.beat, publish, about)
    }
}

/// A name that fits a panel.
fn symbol(name: &str) -> Symbol {
    let end =
        name.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|at| *at <= 23).last();
    Symbol::new(&name[..end.unwrap_or(0)]).unwrap_or(Symbol::UNNAMED)
}
