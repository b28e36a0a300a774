//! A journal replayed: rows a second of processor time on one core, with books, Avellaneda–Stoikov,
//! reconciliation and risk, every sent row compared. The journal is that of an engine over recorded
//! streams (levels, best prices, trades as they came) with the simulated venue answering its
//! orders; it lies on disk and is read from there each time, checksums and all.
//!
//! Processor time of the thread, not wall time: that is what one core can do, whatever else runs.

use benches::corpus;
use benches::stage::{Bar, Row, Stage, median};
use engine::desk::DeskSettings;
use engine::engine::{Engine, Settings, step};
use engine::event::{Body, Event, Link, LinkState};
use engine::id::{AssetId, InstrumentId};
use engine::instrument::Instrument;
use engine::intent::Outgoing;
use engine::num::{Amount, Notional, Qty};
use engine::ports::Ports;
use engine::reconcile::Tolerance;
use engine::risk::Limits;
use engine::state::{Digest, State as _};
use engine::time::{Nanos, Stage as Mark};
use feeds::binance_spot::{BinanceSpot, BinanceSpotConfig, Flavour};
use feeds::net::Payload;
use feeds::net::frame::SPARE;
use feeds::protocol::{Message, Protocol};
use peregrine::replay::walk::{Replay, Totals};
use rustix::time::{ClockId, clock_gettime};
use shm::journal::{Drain, JournalWriter, Start, Sync, WriterSettings, begin, keep, sent};
use std::path::{Path, PathBuf};
use strategies::any::Any;
use strategies::avellaneda_stoikov::{AvellanedaStoikov, Parameters};
use venues::sim::{Latency, SimVenue, VenueSettings};

/// 5 million rows a second.
const NS_MAX: f64 = 200.0;
const BEGAN: Nanos = Nanos(1_723_161_255_000_000_000);
const SEGMENT_ROWS: u64 = 1 << 17;
const TIMER_EVERY: Nanos = Nanos(10_000_000);
const ROUNDS: usize = 9;

type Failed = Box<dyn std::error::Error>;

/// Messages of a recording as rows, one list a message, each with its receive time.
fn stream(name: &str, instrument: Instrument, flavour: Flavour) -> Vec<Vec<Event>> {
    let mut config = BinanceSpotConfig::new("wss://host", "https://host", vec![instrument]);
    config.flavour = flavour;
    let mut protocol = BinanceSpot::new(&config);
    let messages = corpus::recording(name);
    let mut all = Vec::new();
    let (mut newest, mut at) = (0, BEGAN);
    let is_answer = |message: &&Vec<u8>| message.starts_with(b"{\"lastUpdateId\"");
    if let Some(answer) = messages.iter().find(is_answer)
        && let Ok(snapshot) = protocol.on_snapshot(0, &mut answer.clone(), at)
    {
        newest = snapshot.last;
        all.push(snapshot.rows.to_vec());
    }
    for message in messages.iter().filter(|message| !is_answer(message)) {
        // About as dense as it was: the recording's own times are not kept.
        at = at.after(Nanos(3_000_000));
        let mut bytes = message.clone();
        bytes.resize(message.len() + SPARE, 0);
        let Some(payload) = Payload::new(&mut bytes, message.len()) else { continue };
        match protocol.decoder().decode(payload, at, |_, _| true) {
            Ok(Message::Best(row) | Message::Trade(row)) => all.push(vec![row]),
            Ok(Message::Depth { head, rows, .. }) if head.last > newest => {
                all.push(rows.to_vec());
            }
            _ => {}
        }
    }
    all
}

/// Doors that write the journal.
struct Doors {
    writer: JournalWriter,
    venue: SimVenue,
    now: Nanos,
    next: Option<Event>,
    cause: u64,
    failed: bool,
}

impl Ports for Doors {
    fn now(&mut self) -> Nanos {
        self.now
    }
    fn next(&mut self) -> Option<Event> {
        self.next.take()
    }
    fn record(&mut self, event: &Event) {
        match self.writer.record(event) {
            Some(seq) => self.cause = seq,
            None => self.failed = true,
        }
        self.venue.on_event(event);
    }
    fn send(&mut self, item: Outgoing) {
        self.failed |= self.writer.sent(&sent::row(&item, self.cause, self.now, 0)).is_none();
        match item {
            Outgoing::Place(approved) => self.venue.place(self.now, approved),
            Outgoing::Reduce(reduce) => self.venue.reduce(self.now, reduce),
            Outgoing::Resync(_) => {}
        }
    }
    fn mark(&mut self, _: Mark) {}
}

fn engine(instrument: Instrument) -> Result<Engine<Any>, Failed> {
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
        daily_loss_max: Notional(i64::MAX / 2),
    };
    let tolerance =
        Tolerance { price_ticks: 0, excess_ppm: 0, shortage_ppm: 0, life_min: Nanos::ZERO };
    let parameters = Parameters { kappa_start: 0.5, sigma_start: 1.0, ..Parameters::default() };
    let desk = DeskSettings { instruments: vec![instrument.id], tolerance, limits };
    let strategy = Any::AvellanedaStoikov(AvellanedaStoikov::new(parameters, &instrument)?);
    Ok(Engine::new(vec![instrument], vec![(desk, strategy)], Settings::default()))
}

/// A session being recorded.
struct Session {
    engine: Engine<Any>,
    doors: Doors,
    drain: Drain,
    timer_at: Nanos,
    /// How much later than the recording it is, having gone through it before.
    shift: Nanos,
}

impl Session {
    fn begin(folder: &Path, instrument: Instrument) -> Result<Self, Failed> {
        let engine = engine(instrument)?;
        let mut words: Vec<u64> = Vec::new();
        engine.save(&mut words);
        let start = Start {
            journal: None,
            config: 0,
            binary: 0,
            epoch: 1,
            first: 0,
            started_at: BEGAN,
            digest: Digest::of(&engine),
            words: &words,
        };
        let settings = WriterSettings {
            folder: folder.into(),
            pool_folder: folder.join("pool"),
            segment_rows: SEGMENT_ROWS,
            pool: 3,
            reserve_rows: 1_024,
            rotate_every: Nanos::from_s(1_000_000),
            sync: Sync::Off,
        };
        let (writer, drain) = begin(settings, &start)?;
        let big = Amount(1_000_000_000_000_000);
        let balances = [(AssetId(0), big), (AssetId(1), big)];
        let latency = Latency { entry: Nanos(2_000_000), response: Nanos(2_000_000) };
        let settings = VenueSettings { latency, fee_in_quote: true, ..VenueSettings::default() };
        let venue = SimVenue::new(BEGAN, &[instrument], &balances, settings);
        let doors = Doors { writer, venue, now: BEGAN, next: None, cause: 0, failed: false };
        let (timer_at, shift) = (BEGAN, Nanos::ZERO);
        let mut session = Self { engine, doors, drain, timer_at, shift };
        let up = Body::Link { link: Link::Market, state: LinkState::Up };
        for (id, body) in [(1, Body::Start { epoch: 1, config_hash: 0 }), (0, up)] {
            session.take(Event::new(BEGAN, InstrumentId(0), id, body))?;
        }
        Ok(session)
    }

    fn take(&mut self, event: Event) -> Result<(), Failed> {
        self.doors.now = self.doors.now.max(event.at);
        self.doors.next = Some(event);
        step(&mut self.engine, &mut self.doors);
        if self.doors.failed {
            return Err("the journal has no room".into());
        }
        Ok(())
    }

    fn message(&mut self, rows: &[Event]) -> Result<(), Failed> {
        let Some(first) = rows.first() else { return Ok(()) };
        let now = first.at.after(self.shift);
        while let Some(report) = self.doors.venue.poll(now) {
            self.take(report)?;
        }
        if now >= self.timer_at {
            self.timer_at = now.after(TIMER_EVERY);
            self.take(Event::new(now, InstrumentId(0), 0, Body::Timer))?;
        }
        for row in rows {
            self.take(Event { at: now, ..*row })?;
        }
        while self.drain.work(now)? > 0 {}
        Ok(())
    }
}

/// Records at least so many rows; the folder.
fn record(
    messages: &[Vec<Event>],
    (instrument, least): (Instrument, u64),
) -> Result<PathBuf, Failed> {
    let name = format!("peregrine-replay-bench-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("pool"))?;
    let mut session = Session::begin(&folder, instrument)?;
    while session.doors.writer.seq() < least {
        for message in messages {
            session.message(message)?;
        }
        session.shift = session.doors.now.since(BEGAN);
    }
    session.doors.writer.end();
    drop(session.doors);
    session.drain.finish()?;
    Ok(folder)
}

/// Processor time of this thread so far, ns.
fn spent() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// ns a row.
fn replay(folder: &Path) -> Result<(f64, Totals), Failed> {
    let before = spent();
    let mut replay = Replay::<Any>::open(folder, 0, u64::MAX - 1)?;
    if let Some(found) = replay.run(&mut ())? {
        return Err(format!("{found:?}").into());
    }
    let took = spent() - before;
    let totals = replay.totals();
    Ok((took / (totals.end - totals.first) as f64, totals.clone()))
}

fn measure(
    stage: &mut Stage,
    (title, flavour): (&str, Flavour),
    (name, instrument): (&str, Instrument),
) -> Result<(), Failed> {
    let messages = stream(name, instrument, flavour);
    if messages.is_empty() {
        return Ok(());
    }
    let least = if stage.smoke() { 1 } else { 2_000_000 };
    let folder = record(&messages, (instrument, least))?;
    let (_, totals) = replay(&folder)?;
    let Totals { events, intents, end, .. } = totals;
    println!("replay/{title}: {end} rows, {events} events, {intents} sent rows compared");
    if !stage.smoke() {
        let rounds = || -> Result<f64, Failed> {
            let all: Result<Vec<f64>, Failed> =
                (0..ROUNDS).map(|_| replay(&folder).map(|(ns, _)| ns)).collect();
            Ok(median(all?))
        };
        let plain = rounds()?;
        keep_row(stage, title.to_owned(), plain, Bar::NsMax(NS_MAX));
        let place = shm::journal::directory::state_path(&folder, end);
        // A state behind the last row, so that all segments count as closed.
        let start = shm::journal::StateFile { seq: end, ..Default::default() };
        start.write(&folder)?;
        while keep::tidy(&folder, (0, None), Nanos(0))?.compressed > 0 {}
        std::fs::remove_file(place)?;
        let packed = rounds()?;
        keep_row(stage, format!("{title}, compressed"), packed, Bar::None);
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

fn keep_row(stage: &mut Stage, title: String, ns: f64, bar: Bar) {
    let (stage_name, against) = ("replay".to_owned(), Vec::new());
    stage.keep(Row { stage: stage_name, title, ns, tail_ns: None, against, bar });
}

fn main() -> Result<(), Failed> {
    let mut stage = Stage::new("replay");
    let usdm = ("usdm/btcusdt_20240808.gz", corpus::usdm());
    measure(&mut stage, ("USDM BTCUSDT, a row", Flavour::Usdm), usdm)?;
    let spot = ("spot/btcusdt_20240808.gz", corpus::spot());
    measure(&mut stage, ("spot BTCUSDT, a row", Flavour::Spot), spot)?;
    stage.finish();
    Ok(())
}
