//! One engine thread over several venues, without their sockets: real feeds' insides that are
//! played ([`player`]), the product's rings, ports and engine with desks as a configuration makes
//! them, journal and stamps on, and the venues' real encoders, whose requests are acknowledged
//! ([`entry`]). Parts: [`dialect`] what is traded where, [`story`] what happened, [`speech`] how a
//! venue tells it, [`program`] the tapes of all feeds, [`setup`] the configuration, [`rows`]
//! counting doors, [`server`] and [`socket`] the same over loopback.

pub mod dialect;
pub mod entry;
pub mod player;
pub mod program;
pub mod rows;
pub mod server;
pub mod setup;
pub mod socket;
pub mod speech;
pub mod story;

use crate::rig::{EPOCH, Failed, Journal};
use dialect::{Dialect, USDT};
use engine::engine::{Engine, step};
use engine::event::{Body, Event, Link, LinkState};
use engine::id::{AssetId, InstrumentId};
use engine::instrument::{Instrument, Kind};
use engine::num::{Amount, Notional};
use engine::session::Phase;
use engine::time::{Clock as _, Nanos};
use entry::{Entry, Taken};
use feeds::feed::Counters;
use peregrine::assemble;
use peregrine::clock::TscClock;
use peregrine::config::Config;
use peregrine::latency::{self, Scale, Tally};
use peregrine::ports::{LivePorts, MarketRing, RingEnds};
use player::{Player, Rows, Tape};
use rows::{Counting, FEEDS_MAX};
use rtrb::{Consumer, Producer, RingBuffer};
use shm::{Birth, Region, RegionPath, Writers};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use strategies::any::Any;

/// What each feed plays.
#[derive(Clone, Debug)]
pub enum Plays {
    /// Frames.
    Frames(Arc<Tape>),
    /// What frames would become.
    Rows(Arc<Rows>),
    /// What a server sends.
    Sockets(SocketAddr),
}

/// When an order's way was gone.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// The last byte of its cause was there.
    pub read: Nanos,
    /// The first frame was whole.
    pub first: Nanos,
    /// All frames of the turn were.
    pub done: Nanos,
}

/// Everything on one thread.
pub struct Fleet {
    /// The clock of all stamps.
    pub clock: TscClock,
    /// The engine.
    pub engine: Engine<Any>,
    /// The feeds, by venue.
    pub feeds: Vec<Box<dyn Player>>,
    /// Market rows that the engine took.
    pub counting: Counting,
    /// Most rows that a feed may give in a turn.
    pub rows_a_turn: u32,
    ports: LivePorts,
    entries: Vec<Box<dyn Entry>>,
    now: Nanos,
    journal: Journal,
    tally: Tally,
    _aside: Aside,
}

/// What lies around a session, and goes with it.
struct Aside {
    folder: PathBuf,
    _region: Region,
}

impl Drop for Aside {
    fn drop(&mut self) {
        // What cannot be removed is the system's to clear: it is a temporary place.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The engine's and the others' ends of all rings.
struct Rings {
    markets: (Vec<Producer<Event>>, Vec<MarketRing>),
    requests: (Vec<Producer<engine::intent::Outgoing>>, Vec<entry::Rings>),
    reports: Vec<Consumer<Event>>,
    resyncs: Vec<Producer<InstrumentId>>,
    wishes: Vec<Consumer<InstrumentId>>,
}

fn rings(config: &Config, venues: usize) -> Rings {
    let sizes = config.engine.rings;
    let mut rings = Rings {
        markets: Default::default(),
        requests: Default::default(),
        reports: Vec::new(),
        resyncs: Vec::new(),
        wishes: Vec::new(),
    };
    for _ in 0..venues {
        let (rows, market) = RingBuffer::new(sizes.market);
        rings.markets.0.push(rows);
        rings.markets.1.push(MarketRing::new(market, config.engine.conflate_behind));
        let (requests, asked) = RingBuffer::new(sizes.orders);
        let (told, reports) = RingBuffer::new(sizes.reports);
        rings.requests.0.push(requests);
        rings.requests.1.push((asked, told));
        rings.reports.push(reports);
        let (resyncs, wishes) = RingBuffer::new(64);
        rings.resyncs.push(resyncs);
        rings.wishes.push(wishes);
    }
    rings
}

/// A folder of its own, for journal and panels.
fn folder() -> Result<PathBuf, Failed> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("peregrine-fleet-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

impl Fleet {
    /// Everything connected, nothing played yet. Where `aside` is set a thread brings the journal
    /// to disk, else [`Fleet::chores`] does.
    pub fn open(
        text: &str,
        (dialects, instruments): (&[Dialect], &[Instrument]),
        plays: &[Plays],
        aside: bool,
    ) -> Result<Self, Failed> {
        let mut config = Config::parse("bench.toml", text)
            .map_err(|problems| format!("the bench's configuration: {problems:?}"))?;
        // More than any venue takes: ticks may come back to back.
        for (_, risk) in config.desks.iter_mut().flat_map(|desk| &mut desk.traded) {
            (risk.orders_per_s, risk.orders_burst) = (100_000_000, 1_000_000);
        }
        let (clock, folder) = (TscClock::start(), folder()?);
        let path = RegionPath::within(&folder, "fleet")?;
        let birth = Birth { started_at: clock.now(), epoch: u64::from(EPOCH) };
        let (region, Writers { commands, .. }) = Region::create(&path, birth)?;
        let rings = rings(&config, dialects.len());
        let mut feeds: Vec<Box<dyn Player>> = Vec::new();
        let mut entries: Vec<Box<dyn Entry>> = Vec::new();
        let ways = rings.markets.0.into_iter().zip(rings.wishes).zip(rings.requests.1).zip(plays);
        for ((venue, dialect), (ends, plays)) in dialects.iter().enumerate().zip(ways) {
            let ((ring, wishes), orders) = ends;
            let own = instruments.iter().filter(|one| one.venue.index() == venue);
            let own: Vec<Instrument> = own.copied().collect();
            feeds.push(match plays {
                Plays::Frames(tape) => player::frames(*dialect, &own, tape.clone(), ring),
                Plays::Rows(rows) => player::rows(rows.clone(), ring),
                Plays::Sockets(at) => socket::feed(*dialect, &own, *at, ((ring, wishes), &clock)),
            });
            entries.push(entry::entry(*dialect, &own, orders)?);
        }
        let engine = assemble::engine(&config, instruments)?;
        let (recorder, journal) = Journal::begin(&folder, clock.now(), aside)?;
        let body = Body::Start { epoch: EPOCH, config_hash: config.hash() };
        let mut begin = opening(dialects.len(), instruments, clock.now());
        begin.push(Event::new(clock.now(), InstrumentId(0), u64::from(EPOCH), body));
        let (market, orders) =
            ((rings.markets.1, rings.resyncs), (rings.reports, rings.requests.0));
        let rows_a_turn = config.engine.rows_a_turn;
        let ends = RingEnds::new(market, orders, instruments, rows_a_turn);
        let scale = Scale { span_max: Nanos::from_s(60), digits: 3 };
        let (probe, tally) = latency::pair(config.engine.sample_every, scale);
        let (stop, keys) = (Arc::new(AtomicBool::new(false)), peregrine::ports::Keys::default());
        let ports = LivePorts::new(clock.clone(), ends, commands, stop, probe, (begin, keys))
            .timed(config.engine.timer)
            .recorded(Some(recorder));
        let (counting, now) = (Counting::new(instruments), clock.now());
        let _aside = Aside { folder, _region: region };
        let mut fleet = Self {
            clock,
            engine,
            feeds,
            counting,
            rows_a_turn,
            ports,
            entries,
            now,
            journal,
            tally,
            _aside,
        };
        let at = fleet.clock.now();
        fleet.feeds.iter_mut().for_each(|feed| feed.join(at));
        Ok(fleet)
    }

    /// The engine's part of a turn: events until none is left, or one made something leave.
    #[inline]
    fn decide(&mut self) -> usize {
        self.ports.turn(self.now);
        let mut work = 0;
        while step(&mut self.engine, &mut self.counting.over(&mut self.ports)) {
            work += 1;
            if self.ports.take_sent() {
                break;
            }
        }
        work
    }

    #[inline]
    fn send(&mut self) -> Option<Nanos> {
        let clock = &self.clock;
        let all = self.entries.iter_mut().map(|entry| entry.send(clock));
        all.fold(None, Option::or)
    }

    /// One turn of the product's inline thread, where the feeds play what has come until `due`
    /// since the beginning. Work done.
    #[inline]
    pub fn turn(&mut self, due: Nanos) -> usize {
        let mut work = 0;
        for place in 0..self.feeds.len() {
            work += self.feeds[place].read(due, &self.clock);
            let taken = self.decide();
            work += taken;
            if taken > 0 {
                self.send();
            }
        }
        work += self.decide();
        self.send();
        work + self.tend()
    }

    /// The rest of a turn.
    pub fn tend(&mut self) -> usize {
        self.now = self.clock.now();
        self.feeds.iter_mut().for_each(|feed| feed.tend(self.now));
        self.entries.iter_mut().map(|entry| entry.answer(self.now)).sum()
    }

    /// The same turn, telling the rows of each feed and the time of every engine's turn in it.
    pub fn turn_watched(
        &mut self,
        due: Nanos,
        mut watch: impl FnMut([u64; FEEDS_MAX], Nanos),
    ) -> usize {
        let mut work = 0;
        let mut decide = |fleet: &mut Self| {
            let (before, began) = (fleet.counting.rows, fleet.clock.now());
            let taken = fleet.decide();
            let mut rows = fleet.counting.rows;
            rows.iter_mut().zip(before).for_each(|(rows, before)| *rows -= before);
            watch(rows, fleet.clock.now().since(began));
            if taken > 0 {
                fleet.send();
            }
            taken
        };
        for place in 0..self.feeds.len() {
            work += self.feeds[place].read(due, &self.clock);
            work += decide(self);
        }
        work += decide(self);
        work + self.tend()
    }

    /// One frame of a feed and the way of the orders that it causes; `None` where it causes none.
    #[inline(never)]
    pub fn tick(&mut self, feed: usize, endpoint: usize, frame: &[u8]) -> Option<Way> {
        let read = self.feeds[feed].frame(endpoint, frame, &self.clock)?;
        self.decide();
        let first = self.send();
        let done = self.clock.now();
        first.map(|first| Way { read, first, done })
    }

    /// Turns until nothing is left to be done.
    pub fn settle(&mut self) {
        while self.decide() + usize::from(self.send().is_some()) + self.tend() > 0 {}
    }

    /// What other threads do in the product: the journal goes to disk, histograms are collected.
    pub fn chores(&mut self) -> Result<(), Failed> {
        self.ports.probe().rotate();
        self.tally.collect();
        self.journal.empty()
    }

    /// What the feeds counted.
    pub fn counters(&self) -> Vec<Counters> {
        self.feeds.iter().map(|feed| feed.counters()).collect()
    }

    /// What the order entry of a venue took.
    pub fn taken_at(&self, venue: usize) -> Taken {
        self.entries.get(venue).map_or(Taken::default(), |entry| entry.taken())
    }

    /// What the order entries took, together.
    pub fn taken(&self) -> Taken {
        let all = self.entries.iter().map(|entry| entry.taken());
        all.fold(Taken::default(), |sum, one| Taken {
            requests: sum.requests + one.requests,
            bytes: sum.bytes + one.bytes,
            lost: sum.lost + one.lost,
        })
    }

    /// Best prices that were left out because newer ones already waited.
    pub fn conflated(&self) -> u64 {
        self.ports.conflated()
    }

    /// Rows, orders and frames that found no room or could not be read: there should be none.
    pub fn lost(&self) -> u64 {
        let full = self.ports.full();
        let of_feeds = self.counters().into_iter().map(|one| {
            one.ring_full + one.decode_errors + one.gaps + one.held_full + one.links_dropped
        });
        let journal = u64::from(self.ports.journal_is_lost());
        of_feeds.sum::<u64>() + full[0] + full[1] + self.taken().lost + journal
    }

    /// Fails unless it trades with nothing lost.
    pub fn check(&self) -> Result<(), Failed> {
        if self.lost() == 0 && self.engine.phase() == Phase::Quoting {
            return Ok(());
        }
        let (counters, taken, full) = (self.counters(), self.taken(), self.ports.full());
        let (phase, halt) = (self.engine.phase(), self.engine.halt());
        Err(format!("{phase:?}, {halt:?}, {counters:#?}, {taken:?}, rings full {full:?}").into())
    }
}

/// What venues tell at the beginning, the last first.
fn opening(venues: usize, instruments: &[Instrument], at: Nanos) -> Vec<Event> {
    let big = Amount(1_000_000_000_000_000);
    let mut all = Vec::new();
    for place in 0..venues {
        let venue = InstrumentId(place as u16);
        let mut of_venue = |id, body| all.push(Event::new(at, venue, id, body));
        of_venue(0, Body::Link { link: Link::Orders, state: LinkState::Up });
        of_venue(0, Body::Reconcile { done: false });
        let own = instruments.iter().filter(|one| one.venue.index() == place);
        let bases = own.clone().map(|one| one.base);
        for asset in bases.chain([USDT]).collect::<std::collections::BTreeSet<AssetId>>() {
            let body = Body::Balance { asset, free: big, locked: Amount(0) };
            of_venue(u64::from(asset.0), body);
        }
        for one in own.filter(|one| one.kind == Kind::Linear) {
            let body = Body::Position { lots: 0, entry: Notional(0) };
            all.push(Event::new(at, one.id, 0, body));
        }
        all.push(Event::new(at, venue, 0, Body::Reconcile { done: true }));
    }
    all.reverse();
    all
}
