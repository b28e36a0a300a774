//! Bytes in to order bytes out, in one thread: frame → decoder → rows → ring → `engine::step` with
//! Avellaneda–Stoikov → risk gate → encoded request. Each tick moves the market, so each makes the
//! strategy replace both of its quotes; the answers of the venue come between the ticks, untimed.
//! The socket itself (its read and write calls) is not in it.

use benches::corpus::{self, Walk, frame};
use benches::stage::{Bar, Row, Stage};
use engine::asset::Assets;
use engine::desk::DeskSettings;
use engine::engine::{Engine, Settings, step};
use engine::event::{Body, End, Event, Link, LinkState, Reason};
use engine::id::{AssetId, InstrumentId};
use engine::instrument::Instrument;
use engine::intent::{Intent, Outgoing};
use engine::num::{Amount, Notional, Qty};
use engine::ports::Ports;
use engine::reconcile::Tolerance;
use engine::risk::Limits;
use engine::session::Phase;
use engine::time::{Nanos, Stage as Mark};
use feeds::binance_spot::{BinanceSpot as Feed, BinanceSpotConfig};
use feeds::net::Frame;
use feeds::net::frame::FrameReader;
use feeds::protocol::{Message, Protocol};
use hdrhistogram::Histogram;
use quanta::Clock;
use std::collections::VecDeque;
use std::hint::black_box;
use strategies::avellaneda_stoikov::{AvellanedaStoikov, Parameters};
use venues::binance_spot::{BinanceSpot as Gateway, Config, SelfTrade};
use venues::credentials::Credentials;
use venues::sign::Signer;
use venues::wire::{Ask, RequestId, Wire};

const EPOCH_NS: u64 = 1_723_161_254_000_000_000;
const WARM_UP: usize = 20_000;
const TICKS: usize = 200_000;
const P50_MAX: f64 = 1_000.0;
/// What other work touches between two ticks in the cold row: more than the second cache holds.
const OTHER: usize = 3 << 20;

type Failed = Box<dyn std::error::Error>;

/// The engine's doors: a ring in, an encoder out.
struct Doors {
    clock: Clock,
    started: u64,
    market: rtrb::Consumer<Event>,
    reports: VecDeque<Event>,
    gateway: Gateway,
    requests: u64,
    answers: Vec<Event>,
    first_at: Option<u64>,
    bytes: usize,
    instrument: InstrumentId,
    /// Time of the last event, and whether the next one is stamped anew: as in the product, rows
    /// within a message share the time of the one before them.
    stamp: (Nanos, bool),
}

impl Doors {
    fn time(&self) -> Nanos {
        Nanos(EPOCH_NS + self.clock.delta_as_nanos(self.started, self.clock.raw()))
    }

    fn answer(&mut self, id: u64, body: Body) {
        let row = Event::new(Nanos::ZERO, self.instrument, id, body);
        self.answers.push(row);
    }
}

impl Ports for Doors {
    fn now(&mut self) -> Nanos {
        if self.stamp.1 {
            self.stamp.0 = self.time();
        }
        self.stamp.0
    }

    fn next(&mut self) -> Option<Event> {
        let event = match self.reports.pop_front() {
            Some(report) => report,
            None => self.market.pop().ok()?,
        };
        self.stamp.1 = !event.is_inner();
        Some(event)
    }

    fn record(&mut self, _: &Event) {}

    fn send(&mut self, item: Outgoing) {
        let (ask, at) = match &item {
            Outgoing::Place(approved) => match *approved.intent() {
                Intent::Place(place) => (Ask::Place(place), approved.at()),
                Intent::Replace { old, new } => (Ask::Replace { old, new }, approved.at()),
            },
            _ => return,
        };
        self.requests += 1;
        let id = RequestId::new(self.requests, ask.kind());
        if let Ok(text) = self.gateway.encode(&ask, id, at.as_ms()) {
            self.bytes += black_box(text).len();
            self.first_at.get_or_insert_with(|| self.clock.raw());
        }
        let venue_order = 12_569_099_453 + self.requests;
        if let Ask::Replace { old, .. } = ask {
            let (end, reason) = (End::Cancelled, Reason::None);
            self.answer(0, Body::Done { order: old.order(), end, reason, filled: Some(Qty(0)) });
        }
        if let Ask::Replace { new, .. } | Ask::Place(new) = ask {
            self.answer(0, Body::Accepted { order: new.client.order, venue_order });
        }
    }

    fn mark(&mut self, _: Mark) {}
}

/// One thread's worth of everything.
struct Inline {
    reader: FrameReader,
    feed: Feed,
    ring: rtrb::Producer<Event>,
    engine: Engine<AvellanedaStoikov>,
    doors: Doors,
    lost: usize,
}

impl Inline {
    fn new(instrument: Instrument) -> Result<Self, Failed> {
        let (ring, market) = rtrb::RingBuffer::new(4096);
        let config = BinanceSpotConfig::new("wss://host", "https://host", vec![instrument]);
        let clock = Clock::new();
        let doors = Doors {
            started: clock.raw(),
            clock,
            market,
            reports: VecDeque::with_capacity(64),
            gateway: gateway(instrument)?,
            requests: 0,
            answers: Vec::with_capacity(64),
            first_at: None,
            bytes: 0,
            instrument: instrument.id,
            stamp: (Nanos::ZERO, true),
        };
        let desk = DeskSettings {
            instruments: vec![instrument.id],
            tolerance: Tolerance {
                price_ticks: 0,
                excess_ppm: 0,
                shortage_ppm: 0,
                life_min: Nanos::ZERO,
            },
            limits: limits(),
        };
        let strategy = AvellanedaStoikov::new(parameters(), &instrument)?;
        let engine = Engine::new(vec![instrument], vec![(desk, strategy)], Settings::default());
        let reader = FrameReader::new(1 << 20);
        Ok(Self { reader, feed: Feed::new(&config), ring, engine, doors, lost: 0 })
    }

    /// Links up, balances told, a book, and the first quotes standing.
    fn open(&mut self, snapshot: &mut Vec<u8>) -> Result<(), Failed> {
        let (at, up) = (self.doors.time(), LinkState::Up);
        let big = Amount(1_000_000_000_000_000);
        let balance = |asset| Body::Balance { asset, free: big, locked: Amount(0) };
        for body in [
            Body::Start { epoch: 1_723_161_254, config_hash: 0 },
            Body::Link { link: Link::Market, state: up },
            Body::Link { link: Link::Orders, state: up },
            Body::Reconcile { done: false },
            balance(AssetId(0)),
            balance(AssetId(1)),
            Body::Reconcile { done: true },
        ] {
            let id = match body {
                Body::Start { epoch, .. } => u64::from(epoch),
                Body::Balance { asset, .. } => u64::from(asset.0),
                _ => 0,
            };
            self.doors.reports.push_back(Event::new(at, InstrumentId(0), id, body));
        }
        let rows = self.feed.on_snapshot(0, snapshot, at)?.rows.to_vec();
        for row in rows {
            self.ring.push(row)?;
        }
        self.turn();
        self.settle();
        match self.engine.phase() {
            Phase::Quoting if self.engine.live_orders() == 2 => Ok(()),
            phase => {
                let (live, desk) = (self.engine.live_orders(), &self.engine.desks[0]);
                let refused = desk.gate.refusals();
                Err(format!("{phase:?}, {live} orders, {:?}, {refused:?}", desk.counters).into())
            }
        }
    }

    fn turn(&mut self) {
        while step(&mut self.engine, &mut self.doors) {}
    }

    /// What is not timed: the venue answers, and time passes for the strategy.
    fn settle(&mut self) {
        while !self.doors.answers.is_empty() {
            let at = self.doors.time();
            for mut answer in self.doors.answers.drain(..) {
                answer.at = at;
                self.doors.reports.push_back(answer);
            }
            while step(&mut self.engine, &mut self.doors) {}
        }
        let timer = Event::new(self.doors.time(), InstrumentId(0), 0, Body::Timer);
        self.doors.reports.push_back(timer);
        while step(&mut self.engine, &mut self.doors) {}
    }

    /// One frame from its last byte: ns to the first order's bytes and to the last one's.
    fn tick(&mut self, frame: &[u8]) -> Option<(u64, u64)> {
        let space = self.reader.space().get_mut(..frame.len())?;
        space.copy_from_slice(frame);
        self.reader.filled(frame.len());
        self.doors.first_at = None;
        let start = self.doors.clock.raw();
        let at = self.doors.time();
        let Ok(Some(Frame::Text(payload))) = self.reader.next_frame() else { return None };
        match self.feed.decoder().decode(payload, at, |_, _| true) {
            Ok(Message::Best(row) | Message::Trade(row)) => {
                self.lost += usize::from(self.ring.push(row).is_err());
            }
            Ok(Message::Depth { rows, .. }) => {
                for row in rows {
                    self.lost += usize::from(self.ring.push(*row).is_err());
                }
            }
            _ => return None,
        }
        self.turn();
        let end = self.doors.clock.raw();
        let first = self.doors.first_at?;
        let clock = &self.doors.clock;
        Some((clock.delta_as_nanos(start, first), clock.delta_as_nanos(start, end)))
    }
}

fn parameters() -> Parameters {
    Parameters {
        kappa_estimated: false,
        kappa_start: 0.5,
        sigma_start: 1.0,
        spread_min_bps: 1.0,
        ..Parameters::default()
    }
}

fn limits() -> Limits {
    Limits {
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
        daily_loss_max: Notional(1_000_000_000_000),
    }
}

fn gateway(instrument: Instrument) -> Result<Gateway, Failed> {
    let config = Config {
        ws_api_url: "wss://host".to_owned(),
        rest_url: "https://host".to_owned(),
        recv_window_ms: 5_000,
        self_trade_prevention: SelfTrade::ExpireTaker,
        limits: Vec::new(),
    };
    let signer = Signer::ed25519(corpus::PEM)?;
    let credentials = Credentials::new("bench", signer, "bench")?;
    Ok(Gateway::new(config, credentials, &[instrument], Assets::default()))
}

/// Runs the ticks; `other` is memory that other work touches between two of them.
fn measure(
    stage: &mut Stage,
    title: &str,
    mut message: impl FnMut(&mut Walk) -> Vec<u8>,
    other: &mut [u8],
) -> Result<(), Failed> {
    let mut inline = Inline::new(corpus::spot())?;
    let mut walk = Walk::new(5);
    inline.open(&mut walk.snapshot(1_000))?;
    let (warm_up, ticks) = if stage.smoke() { (10, 100) } else { (WARM_UP, TICKS) };
    let ticks = if other.is_empty() { ticks } else { ticks / 10 };
    let mut first = Histogram::<u64>::new_with_bounds(1, 1_000_000_000, 3)?;
    let mut whole = first.clone();
    let mut silent = 0;
    for tick in 0..warm_up + ticks {
        let frame = frame(&message(&mut walk));
        for byte in other.iter_mut().step_by(64) {
            *byte = byte.wrapping_add(1);
        }
        match inline.tick(&frame) {
            Some((to_first, to_last)) if tick >= warm_up => {
                first.record(to_first)?;
                whole.record(to_last)?;
            }
            Some(_) => {}
            None => silent += 1,
        }
        inline.settle();
    }
    let desk = &inline.engine.desks[0];
    assert_eq!(inline.lost, 0, "{title}: rows that found the ring full");
    assert!(silent * 20 < ticks, "{title}: {silent} ticks caused no order");
    assert_eq!(inline.engine.live_orders(), 2, "{title}: {:?}", desk.counters);
    if stage.smoke() {
        println!(
            "inline/{title}: {} orders of {} bytes",
            inline.doors.requests, inline.doors.bytes
        );
        return Ok(());
    }
    // The bar is for a path that is warm; what cold memory adds is shown beside it.
    let bar = if other.is_empty() { Bar::NsMax(P50_MAX) } else { Bar::None };
    keep(stage, format!("{title} to first order"), &first, bar);
    keep(stage, format!("{title} to both orders"), &whole, Bar::None);
    Ok(())
}

fn keep(stage: &mut Stage, title: String, histogram: &Histogram<u64>, bar: Bar) {
    let at = |quantile| histogram.value_at_quantile(quantile) as f64;
    let tail_ns = Some([at(0.99), at(0.999)]);
    stage.keep(Row { tail_ns, bar, ..Row::new("inline", title, at(0.5)) });
}

fn main() -> Result<(), Failed> {
    let mut stage = Stage::new("inline");
    let mut other = vec![0; OTHER];
    measure(&mut stage, "bookTicker", Walk::book_ticker, &mut [])?;
    measure(&mut stage, "depth of 20 levels", Walk::depth, &mut [])?;
    measure(&mut stage, "bookTicker, cold", Walk::book_ticker, &mut other)?;
    stage.finish();
    Ok(())
}
