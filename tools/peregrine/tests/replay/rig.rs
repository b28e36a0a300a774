//! A journal to replay: an engine with Avellaneda–Stoikov over a market drawn from a seed and the
//! simulated venue, recorded as a live one is.

use engine::desk::DeskSettings;
use engine::engine::{Engine, Settings, step};
use engine::event::{Body, Event, Link, LinkState, flag};
use engine::id::{AssetId, InstrumentId, Side};
use engine::instrument::{Instrument, Symbol};
use engine::intent::Outgoing;
use engine::num::{Amount, Grid, Notional, Price, Qty};
use engine::ports::Ports;
use engine::reconcile::Tolerance;
use engine::risk::Limits;
use engine::state::Digest;
use engine::time::{Nanos, Stage};
use shm::journal::{
    Directory, Drain, JournalWriter, Start, StateFile, Sync, WriterSettings, begin, sent,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use strategies::any::Any;
use strategies::avellaneda_stoikov::{AvellanedaStoikov, Parameters};
use venues::sim::{Latency, SimVenue, VenueSettings};

pub const BEGAN: u64 = 1_700_000_000_000_000_000;
pub const STEP: u64 = 3_000_000;
pub const POOL: &str = "pool";
static COUNT: AtomicU64 = AtomicU64::new(0);

/// A folder of one test, gone with it.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("peregrine-replay-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(path.join(POOL)).unwrap();
        Self(path)
    }

    pub fn segments(&self) -> Vec<PathBuf> {
        Directory::read(&self.0).unwrap().segments.into_iter().map(|one| one.path).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A small generator, so that a seed names a run.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % limit.max(1)
    }
}

pub fn instrument() -> Instrument {
    let grids = (Grid { decimals: 2, step: 1 }, Grid { decimals: 5, step: 1 });
    let symbol = Symbol::new("BTCUSDT").unwrap();
    Instrument {
        qty_min: Qty(1),
        ..Instrument::new(InstrumentId(0), symbol, (AssetId(0), AssetId(1)), grids)
    }
}

pub fn parameters() -> Parameters {
    Parameters {
        kappa_estimated: false,
        kappa_start: 5.0,
        sigma_start: 1.0,
        spread_min_bps: 0.0,
        ..Parameters::default()
    }
}

pub fn engine(parameters: Parameters) -> Engine<Any> {
    let tolerance =
        Tolerance { price_ticks: 0, excess_ppm: 0, shortage_ppm: 0, life_min: Nanos::ZERO };
    let limits = Limits {
        collar_mid_ppm: 20_000,
        collar_trade_ppm: 30_000,
        order_qty_max: Qty(100_000),
        order_notional_max: Notional(10_000_000_000_000),
        position_max: Amount(1_000_000_000_000),
        open_orders_max: 64,
        gross_notional_max: Notional(i64::MAX / 2),
        orders_per_s: 100_000_000,
        orders_burst: 1_000_000,
        market_age_max: Nanos::from_s(10),
        daily_loss_max: Notional(1_000_000_000_000_000),
    };
    let instrument = instrument();
    let desk = DeskSettings::alike(&[instrument.id], tolerance, limits);
    let strategy = Any::AvellanedaStoikov(AvellanedaStoikov::new(parameters, &instrument).unwrap());
    Engine::new(vec![instrument], vec![(desk, strategy)], Settings::default())
}

/// Doors that write the journal.
pub struct Recorder {
    pub writer: JournalWriter,
    pub drain: Drain,
    pub venue: SimVenue,
    pub now: Nanos,
    next: Option<Event>,
    cause: (u64, Nanos),
    pub sent: u64,
}

impl Ports for Recorder {
    fn now(&mut self) -> Nanos {
        self.now
    }
    fn next(&mut self) -> Option<Event> {
        self.next.take()
    }
    fn record(&mut self, event: &Event) {
        self.cause = (self.writer.record(event).unwrap(), event.at);
        self.venue.on_event(event);
    }
    fn send(&mut self, item: Outgoing) {
        let (cause, at) = self.cause;
        self.writer.sent(&sent::row(&item, cause, at, 77)).unwrap();
        self.sent += 1;
        match item {
            Outgoing::Place(approved) => self.venue.place(self.now, approved),
            Outgoing::Reduce(reduce) => self.venue.reduce(self.now, reduce),
            Outgoing::Resync(_) => {}
        }
    }
    fn mark(&mut self, _: Stage) {}
}

/// A session under way.
pub struct Session {
    pub engine: Engine<Any>,
    pub doors: Recorder,
    pub start: StateFile,
    /// Digest of the engine before the first row of each later segment.
    pub digests: BTreeMap<u64, u64>,
    random: Random,
    bid: i64,
    /// Where the levels of the depth stand.
    depth_bid: i64,
    update: u64,
    segment_rows: u64,
    first: u64,
    turns: u64,
}

pub struct Terms<'a> {
    pub folder: &'a Path,
    pub epoch: u32,
    pub first: u64,
    pub journal: Option<u64>,
    pub rows: u64,
    pub seed: u64,
    pub parameters: Parameters,
}

impl Session {
    pub fn begin(terms: &Terms<'_>) -> Self {
        let engine = engine(terms.parameters);
        let mut words: Vec<u64> = Vec::new();
        engine::state::State::save(&engine, &mut words);
        let digest = Digest::of(&engine);
        let start = Start {
            journal: terms.journal,
            config: 1,
            binary: 2,
            epoch: terms.epoch,
            first: terms.first,
            started_at: Nanos(BEGAN),
            digest,
            words: &words,
        };
        let settings = WriterSettings {
            folder: terms.folder.into(),
            pool_folder: terms.folder.join(POOL),
            segment_rows: terms.rows,
            pool: 4,
            reserve_rows: 16,
            rotate_every: Nanos::from_s(100_000),
            sync: Sync::Off,
        };
        let (writer, drain) = begin(settings, &start).unwrap();
        let path = shm::journal::directory::state_path(terms.folder, terms.first);
        let now = Nanos(BEGAN + u64::from(terms.epoch) * 1_000_000_000_000);
        let balances = [(AssetId(0), Amount(10_000_000_000)), (AssetId(1), Amount(1 << 50))];
        let latency = Latency { entry: Nanos(2_000_000), response: Nanos(3_000_000) };
        let settings = VenueSettings {
            latency: latency.into(),
            fee_in_quote: true,
            ..VenueSettings::default()
        };
        let venue = SimVenue::new(now, &[instrument()], &balances, settings);
        let cause = (0, now);
        let doors = Recorder { writer, drain, venue, now, next: None, cause, sent: 0 };
        let mut session = Self {
            engine,
            doors,
            start: StateFile::read(&path).unwrap(),
            digests: BTreeMap::new(),
            random: Random::new(terms.seed),
            bid: 6_183_763,
            depth_bid: 6_183_763,
            update: 1,
            segment_rows: terms.rows,
            first: terms.first,
            turns: 0,
        };
        session.tell(u64::from(terms.epoch), Body::Start { epoch: terms.epoch, config_hash: 1 });
        session.tell(0, Body::Link { link: Link::Market, state: LinkState::Up });
        session.snapshot();
        session
    }

    fn tell(&mut self, id: u64, body: Body) {
        self.apply(Event::new(self.doors.now, InstrumentId(0), id, body).with(flag::LAST));
    }

    pub fn apply(&mut self, event: Event) {
        // Read a while before the engine takes it.
        let read = Nanos(self.doors.now.0 - self.random.below(5_000));
        self.doors.next = Some(Event { at: read, ..event });
        step(&mut self.engine, &mut self.doors);
        let seq = self.doors.writer.seq();
        if (seq - self.first).is_multiple_of(self.segment_rows) {
            self.digests.insert(seq, Digest::of(&self.engine));
        }
        self.drain();
    }

    fn drain(&mut self) {
        while self.doors.drain.work(self.doors.now).unwrap() > 0 {}
    }

    fn snapshot(&mut self) {
        self.update += 1;
        self.depth_bid = self.bid;
        let mut rows = Vec::new();
        for away in 0..8 {
            let (bid, ask) = (Price(self.bid - away), Price(self.bid + 2 + away));
            let qty = Qty(20_000);
            rows.push(Body::Level { side: Side::Buy, price: bid, qty });
            rows.push(Body::Level { side: Side::Sell, price: ask, qty });
        }
        self.message(&rows, flag::SNAPSHOT);
    }

    fn message(&mut self, rows: &[Body], flags: u8) {
        for (place, body) in rows.iter().enumerate() {
            let first = if place == 0 && flags != 0 { flag::FIRST } else { 0 };
            let last = if place + 1 == rows.len() { flag::LAST } else { 0 };
            let event = Event::new(self.doors.now, InstrumentId(0), self.update, *body);
            self.apply(event.with(flags | first | last));
        }
    }

    /// A moment of the market, and what the venue answers by then.
    pub fn turn(&mut self) {
        self.turns += 1;
        self.doors.now = self.doors.now.after(Nanos(STEP));
        while let Some(report) = self.doors.venue.poll(self.doors.now) {
            self.apply(report);
        }
        if self.turns.is_multiple_of(4) {
            self.tell(self.turns, Body::Timer);
        }
        let step = self.random.below(7) as i64 - 3;
        self.update += 1 + self.random.below(5);
        match self.random.below(8) {
            0 => {
                let taker = Side::BOTH[self.random.below(2) as usize];
                let reach = self.random.below(60) as i64;
                let at = if taker == Side::Buy { self.bid + 2 + reach } else { self.bid - reach };
                let body = Body::Trade { price: Price(at), qty: Qty(900), taker };
                self.tell(self.update, body);
            }
            1 if self.random.below(40) == 0 => self.snapshot(),
            2 => self.depth(step),
            _ => {
                self.bid += step;
                let (bid, ask) = (Price(self.bid), Price(self.bid + 2));
                let (bid_qty, ask_qty) = (Qty(400), Qty(700));
                self.tell(self.update, Body::Best { bid, bid_qty, ask, ask_qty });
            }
        }
    }

    fn depth(&mut self, step: i64) {
        let before = self.depth_bid;
        self.bid += step;
        self.depth_bid = self.bid;
        let (top, low) = (before.max(self.bid), before.min(self.bid));
        let mut rows = Vec::new();
        for price in low - 2..=top + 4 {
            let qty = |stands: bool| Qty(if stands { 300 + price % 7 } else { 0 });
            let bids = qty(price <= self.bid);
            rows.push(Body::Level { side: Side::Buy, price: Price(price), qty: bids });
            let asks = qty(price >= self.bid + 2);
            rows.push(Body::Level { side: Side::Sell, price: Price(price), qty: asks });
        }
        self.message(&rows, 0);
    }

    /// Ends in order; the place behind it.
    pub fn end(mut self) -> u64 {
        assert!(self.doors.writer.end());
        let seq = self.doors.writer.seq();
        drop(self.doors.writer);
        self.doors.drain.finish().unwrap();
        seq
    }

    /// Dies where it is.
    pub fn die(self) -> u64 {
        let seq = self.doors.writer.seq();
        drop(self.doors.writer);
        self.doors.drain.finish().unwrap();
        seq
    }
}

/// Three sessions of about this many rows in all, the second of which dies.
pub fn journal(rows: u64, segment_rows: u64) -> Folder {
    let folder = Folder::new();
    let (mut first, mut journal) = (0, None);
    for epoch in 1..=3 {
        let terms = Terms {
            folder: &folder.0,
            epoch,
            first,
            journal,
            rows: segment_rows,
            seed: u64::from(epoch),
            parameters: parameters(),
        };
        let mut session = Session::begin(&terms);
        journal = Some(session.start.journal);
        while session.doors.writer.seq() - first < rows / 3 {
            session.turn();
        }
        assert!(session.doors.sent > rows / 200, "too quiet: {} sent", session.doors.sent);
        first = if epoch == 2 { session.die() } else { session.end() };
    }
    folder
}
