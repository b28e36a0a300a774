//! The product's parts as its `inline` thread joins them, with journal, histograms and stamps on,
//! over real sockets to a scripted venue: what is measured is what runs. Parts: [`pair`] the same
//! in the `pipelined` layout, `journal` the journal with what brings it to disk.

mod journal;
pub mod pair;

pub use journal::Journal;

use crate::corpus::{self, Walk, frame};
use crate::venue::Venue;
use engine::asset::Assets;
use engine::engine::{Engine, step};
use engine::event::{Body, Event};
use engine::id::{InstrumentId, VenueId};
use engine::instrument::Symbol;
use engine::session::Phase;
use engine::time::{Clock as _, Nanos, Stage, Trace};
use feeds::binance_spot::BinanceSpot as Dialect;
use feeds::feed::{Feed, FeedPorts};
use feeds::net::{Dialer, dial_pair};
use peregrine::assemble::{self, Terms};
use peregrine::clock::TscClock;
use peregrine::config::Config;
use peregrine::hot::{Crew, Idle};
use peregrine::latency::{self, Probe, Scale};
use peregrine::ports::{LivePorts, MarketRing, RingEnds};
use shm::{Birth, Region, RegionPath, Writers};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use strategies::any::Any;
use venues::binance_spot::BinanceSpot as Wire;
use venues::credentials::Credentials;
use venues::gateway::Gateway;
use venues::sign::Signer;

/// What ends a session that cannot go on.
pub type Failed = Box<dyn std::error::Error>;

/// The number of each session.
pub const EPOCH: u32 = 1_723_161_254;
const SEGMENT_ROWS: u64 = 262_144;

/// What the strategy trades with: each tick moves both quotes.
const CONFIG: &str = r#"
mode = "testnet"
[venue.binance]
preset = "local"
account = "bench"
entry = "ws"
[[instrument]]
symbol = "BTCUSDT"
[strategy]
kind = "avellaneda-stoikov"
order_qty = 0.01
levels = 1
spread_min_bps = 1.0
sigma_start = 1.0
kappa_start = 0.5
kappa_estimated = false
[quotes]
price_tolerance_ticks = 0
life_min_ms = 0
[risk]
collar_mid_bps = "200"
collar_trade_bps = "300"
order_qty_max = "1"
order_notional_max = "100000"
position_max = "10000"
open_orders_max = 50
gross_notional_max = "1000000000"
orders_per_s = 10000
orders_burst = 10000
market_age_max_ms = 10000
daily_loss_max = "10000000"
[engine]
wait = "spin"
layout = "inline"
heartbeat_limit_ms = 30000
[shm]
name = "bench"
"#;

/// How long after the read of its cause the first order of a turn was framed, and all of them were
/// handed to the socket.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// The first frame is whole.
    pub first: Nanos,
    /// Both are handed over in one write.
    pub handed: Nanos,
}

/// Passes spans on to the product's histograms and keeps the first order's.
struct First<'a> {
    probe: &'a mut Probe,
    first: Option<Nanos>,
    handed: Option<Nanos>,
}

impl<'a> First<'a> {
    const fn new(probe: &'a mut Probe) -> Self {
        Self { probe, first: None, handed: None }
    }

    fn way(&self) -> Option<Way> {
        Some(Way { first: self.first?, handed: self.handed? })
    }
}

impl Trace for First<'_> {
    #[inline]
    fn record(&mut self, stage: Stage, span: Nanos) {
        if stage == Stage::TickToOrder && self.handed.is_none() {
            self.handed = Some(span);
        }
        self.probe.record(stage, span);
    }

    #[inline]
    fn sampled(&self) -> bool {
        self.probe.sampled()
    }

    #[inline]
    fn framed<C: engine::time::Clock>(&mut self, clock: &C, read_at: Nanos) {
        if self.first.is_none() {
            self.first = Some(clock.now().since(read_at));
        }
    }
}

/// Everything on one thread.
pub struct Rig {
    /// The clock of all stamps.
    pub clock: TscClock,
    /// The engine.
    pub engine: Engine<Any>,
    feed: Feed<Dialect>,
    gateway: Gateway<Wire>,
    ports: LivePorts,
    /// The other side.
    pub venue: Venue,
    now: Nanos,
    aside: Aside,
}

/// What lies around a session, and goes with it.
struct Aside {
    folder: PathBuf,
    _journal: Journal,
    _region: Region,
}

impl Rig {
    /// A session that has connected, reconciled and placed its first two quotes.
    pub fn open(walk: &Walk) -> Result<Self, Failed> {
        let venue = Venue::start(walk.snapshot(1_000))?;
        let config = config(&venue)?;
        let instrument = corpus::spot();
        let mut assets = Assets::default();
        for name in ["BTC", "USDT"] {
            let name = Symbol::new(name).ok_or("a name of an asset")?;
            assets.intern(name);
        }
        let instruments = vec![instrument];
        let limits = vec![Vec::new()];
        let terms =
            Terms { instruments, assets, limits, codes: Vec::new(), conversions: Vec::new() };
        let clock = TscClock::start();
        let folder = std::env::temp_dir().join(format!("peregrine-rig-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let path = RegionPath::within(&folder, "rig")?;
        let birth = Birth { started_at: clock.now(), epoch: u64::from(EPOCH) };
        let (region, Writers { commands, .. }) = Region::create(&path, birth)?;
        let sizes = config.engine.rings;
        let (market_in, market) = rtrb::RingBuffer::new(sizes.market);
        let (reports_in, reports) = rtrb::RingBuffer::new(sizes.reports);
        let (requests, requests_out) = rtrb::RingBuffer::new(sizes.orders);
        let (resyncs, wishes) = rtrb::RingBuffer::new(64);
        let scale = Scale { span_max: Nanos::from_s(60), digits: 3 };
        let (probe, _tally) = latency::pair(config.engine.sample_every, scale);
        let dialect = assemble::spot_feed(&config, config.home(), &terms.instruments);
        let limits = assemble::limits(&config, dialect.snapshot_rows_max());
        let (feed_dial, feed_dialer) = dial_pair(16);
        let (gateway_dial, gateway_dialer) = dial_pair(64);
        dial([feed_dialer, gateway_dialer]);
        let ports = FeedPorts { dial: feed_dial, events: market_in, wishes };
        let feed = Feed::new(Dialect::new(&dialect), limits, ports);
        let key = Credentials::new("bench", Signer::ed25519(corpus::PEM)?, "bench")?;
        let wire = assemble::spot_wire(config.home(), &terms, (VenueId(0), key));
        let rings = (requests_out, reports_in);
        let gateway =
            Gateway::new(wire, assemble::settings(&config, VenueId(0)), gateway_dial, rings, None);
        let engine = assemble::engine(&config, &terms.instruments)?;
        let (recorder, journal) = Journal::begin(&folder, clock.now(), true)?;
        let body = Body::Start { epoch: EPOCH, config_hash: config.hash() };
        let start = Event::new(clock.now(), InstrumentId(0), u64::from(EPOCH), body);
        let market = MarketRing::new(market, config.engine.conflate_behind);
        let (market, orders) = ((vec![market], vec![resyncs]), (vec![reports], vec![requests]));
        let rows = config.engine.rows_a_turn;
        let ends = RingEnds::new(market, orders, &terms.instruments, rows);
        let stop = Arc::new(AtomicBool::new(false));
        let keys = peregrine::ports::Keys::default();
        let ports = LivePorts::new(clock.clone(), ends, commands, stop, probe, (vec![start], keys))
            .timed(config.engine.timer)
            .recorded(Some(recorder));
        let now = clock.now();
        let aside = Aside { folder, _journal: journal, _region: region };
        let mut rig = Self { clock, engine, feed, gateway, ports, venue, now, aside };
        rig.settle(Duration::from_secs(20), |rig| {
            let open = rig.gateway.counters().places as usize >= 2;
            open && rig.engine.phase() == Phase::Quoting && rig.quotes() == 2
        })?;
        Ok(rig)
    }

    /// A turn that answers a message: a function of its own, so that callgrind finds it.
    #[inline(never)]
    fn answering_turn(&mut self) -> Option<Way> {
        self.turn()
    }

    /// The hot half of a turn, as the product's inline thread runs it.
    #[inline(always)]
    fn turn(&mut self) -> Option<Way> {
        self.feed.read(&self.clock, self.ports.probe());
        self.ports.turn(self.now);
        while step(&mut self.engine, &mut self.ports) {
            if self.ports.take_sent() {
                break;
            }
        }
        let mut first = First::new(self.ports.probe());
        self.gateway.send(&self.clock, &mut first);
        first.way()
    }

    /// The rest of a turn.
    fn tend(&mut self) {
        self.feed.tend(&self.clock);
        self.gateway.tend(&self.clock, self.ports.probe());
        self.now = self.clock.now();
    }

    /// Orders that stand and wait for nothing.
    pub fn quotes(&self) -> usize {
        let live = self.engine.desks.iter().flat_map(|desk| desk.orders.live());
        live.filter(|order| order.state == engine::order::OrderState::Open).count()
    }

    /// Turns until this holds; the venue answers meanwhile.
    pub fn settle(
        &mut self,
        within: Duration,
        holds: impl Fn(&Self) -> bool,
    ) -> Result<(), Failed> {
        let began = Instant::now();
        while !holds(self) {
            self.turn();
            self.tend();
            self.venue.listen()?;
            self.venue.answer()?;
            if began.elapsed() > within {
                let (feed, gateway) = (self.feed.counters(), self.gateway.counters());
                let phase = self.engine.phase();
                let desk = &self.engine.desks[0];
                return Err(format!(
                    "not settled: {phase:?}, {} quotes, {:?}, {:?}, {feed:?}, {gateway:?}",
                    self.quotes(),
                    desk.counters,
                    desk.gate.refusals(),
                )
                .into());
            }
        }
        Ok(())
    }

    /// Turns of the product's thread while nothing comes, for so long; it rehearses where asked.
    pub fn idle(&mut self, span: Duration, mut idle: Idle) {
        let until = Instant::now() + span;
        while Instant::now() < until {
            self.turn();
            self.tend();
            if let Some(turn) = idle.turn(0, self.now, &Crew::default()) {
                self.engine.rehearse(turn);
                self.gateway.rehearse(turn, &self.clock);
            }
        }
    }

    /// One message of the market and its orders' way, then everything is answered, so that both
    /// quotes stand again. `None` where it caused no order.
    pub fn tick(&mut self, text: &[u8]) -> Result<Option<Way>, Failed> {
        self.venue.tell(&frame(text))?;
        let way = self.answering_turn();
        self.settle(Duration::from_secs(5), |rig| rig.quotes() == 2)?;
        Ok(way)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn config(venue: &Venue) -> Result<Config, Failed> {
    let mut config = Config::parse("bench.toml", CONFIG)
        .map_err(|problems| format!("the bench's configuration: {problems:?}"))?;
    let address = venue.address();
    config.venues[0].endpoints.stream = format!("ws://{address}");
    config.venues[0].endpoints.ws_api = format!("ws://{address}/ws-api/v3");
    config.venues[0].endpoints.rest = format!("http://{address}");
    // More than any venue takes: ticks come back to back.
    for instrument in &mut config.instruments {
        instrument.risk.orders_per_s = 100_000_000;
        instrument.risk.orders_burst = 1_000_000;
    }
    Ok(config)
}

/// A thread that dials; it ends when nobody asks any more.
fn dial(dialers: [Dialer; 2]) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        let [one, two] = dialers;
        runtime.block_on(async { tokio::join!(one.run(), two.run()) });
    });
}
