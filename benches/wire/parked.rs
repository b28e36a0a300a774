//! The rival: the same engine, strategy, gate, decoder and encoder behind tokio-tungstenite, whose
//! thread sleeps in the system until a socket wakes it. It keeps no journal, no pending table and
//! no telemetry, which the product does, so it is measured at its best.

use super::driver::{Driver, Timed};
use super::{Failed, TICKS, WARM_UP, pin, venue};
use benches::corpus;
use engine::asset::Assets;
use engine::engine::{Engine, step};
use engine::event::{Body, End, Event, Link, LinkState, Reason};
use engine::id::{AssetId, InstrumentId};
use engine::instrument::Instrument;
use engine::intent::Outgoing;
use engine::num::{Amount, Qty};
use engine::ports::Ports;
use engine::session::Phase;
use engine::time::{Clock as _, Nanos, Stage};
use feeds::binance_spot::{BinanceSpot as Feed, BinanceSpotConfig};
use feeds::net::Payload;
use feeds::net::frame::SPARE;
use feeds::protocol::{Intake, Message, Protocol};
use futures_util::{SinkExt as _, StreamExt as _};
use peregrine::assemble;
use peregrine::clock::TscClock;
use peregrine::config::Config;
use std::collections::VecDeque;
use strategies::any::Any;
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::Message as Text;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use venues::binance_spot::{BinanceSpot as Gateway, Config as Dialect, SelfTrade};
use venues::credentials::Credentials;
use venues::sign::Signer;
use venues::wire::{Ask, RequestId, Wire as _};

/// The engine's doors: queues in, texts out.
struct Doors {
    clock: TscClock,
    market: VecDeque<Event>,
    reports: VecDeque<Event>,
    gateway: Gateway,
    requests: u64,
    answers: Vec<Event>,
    out: VecDeque<String>,
    instrument: InstrumentId,
}

impl Doors {
    fn answer(&mut self, id: u64, body: Body) {
        self.answers.push(Event::new(Nanos::ZERO, self.instrument, id, body));
    }
}

impl Ports for Doors {
    fn now(&mut self) -> Nanos {
        self.clock.now()
    }

    fn next(&mut self) -> Option<Event> {
        self.reports.pop_front().or_else(|| self.market.pop_front())
    }

    fn record(&mut self, _: &Event) {}

    fn send(&mut self, item: Outgoing) {
        let (ask, at) = match &item {
            Outgoing::Place(approved) => (Ask::from(*approved.intent()), approved.at()),
            _ => return,
        };
        self.requests += 1;
        let id = RequestId::new(self.requests, ask.kind());
        if let Ok(text) = self.gateway.encode(&ask, id, at.as_ms()) {
            self.out.push_back(String::from_utf8_lossy(text).into_owned());
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

    fn mark(&mut self, _: Stage) {}
}

/// Takes all rows as they are.
struct All<'a>(&'a mut VecDeque<Event>);

impl Intake for All<'_> {
    fn wants_best(&self, _: InstrumentId, _: u64) -> bool {
        true
    }

    fn take(&mut self, message: Message<'_>) {
        match message {
            Message::Best(row) | Message::Trade(row) => self.0.push_back(row),
            Message::Depth { rows, .. } => self.0.extend(rows),
            _ => {}
        }
    }
}

struct Parked {
    feed: Feed,
    engine: Engine<Any>,
    doors: Doors,
    buffer: Vec<u8>,
}

impl Parked {
    fn new(config: &Config, instrument: Instrument) -> Result<Self, Failed> {
        let dialect = BinanceSpotConfig::new("wss://host", "https://host", vec![instrument]);
        let doors = Doors {
            clock: TscClock::start(),
            market: VecDeque::with_capacity(8192),
            reports: VecDeque::with_capacity(64),
            gateway: gateway(instrument)?,
            requests: 0,
            answers: Vec::with_capacity(64),
            out: VecDeque::with_capacity(64),
            instrument: instrument.id,
        };
        let engine =
            assemble::engine(config, &[instrument]).map_err(|failure| failure.render(false))?;
        Ok(Self { feed: Feed::new(&dialect), engine, doors, buffer: vec![0; 1 << 16] })
    }

    /// Links up, balances told, a book, and the first quotes standing.
    fn open(&mut self, snapshot: &mut Vec<u8>) -> Result<(), Failed> {
        let (at, up) = (self.doors.clock.now(), LinkState::Up);
        let big = Amount(1_000_000_000_000_000);
        let balance = |asset| Body::Balance { asset, free: big, locked: Amount(0) };
        let epoch = u32::try_from(at.0 / 1_000_000_000)?;
        for (id, body) in [
            (u64::from(epoch), Body::Start { epoch, config_hash: 0 }),
            (0, Body::Link { link: Link::Market, state: up }),
            (0, Body::Link { link: Link::Orders, state: up }),
            (0, Body::Reconcile { done: false }),
            (0, balance(AssetId(0))),
            (1, balance(AssetId(1))),
            (0, Body::Reconcile { done: true }),
        ] {
            self.doors.reports.push_back(Event::new(at, InstrumentId(0), id, body));
        }
        let rows = self.feed.on_snapshot(0, snapshot, at)?.rows;
        self.doors.market.extend(rows);
        while step(&mut self.engine, &mut self.doors) {}
        self.settle();
        match self.engine.phase() {
            Phase::Quoting => Ok(()),
            phase => Err(format!("the rival's engine is {phase:?}").into()),
        }
    }

    /// Takes a message; whether something is to be sent.
    fn read(&mut self, text: &[u8]) -> Result<(), Failed> {
        let at = self.doors.clock.now();
        self.buffer[..text.len()].copy_from_slice(text);
        let Some(payload) = Payload::new(&mut self.buffer[..text.len() + SPARE], text.len()) else {
            return Err("a message without room".into());
        };
        self.feed.on_bytes(payload, at, &mut All(&mut self.doors.market))?;
        Ok(())
    }

    /// Goes on until something is to be sent, or nothing is left.
    fn turn(&mut self) -> Option<String> {
        while self.doors.out.is_empty() && step(&mut self.engine, &mut self.doors) {}
        self.doors.out.pop_front()
    }

    /// The venue's answers, which take no time here, and time for the strategy.
    fn settle(&mut self) {
        while !self.doors.answers.is_empty() {
            let at = self.doors.clock.now();
            for mut answer in self.doors.answers.drain(..) {
                answer.at = at;
                self.doors.reports.push_back(answer);
            }
            while step(&mut self.engine, &mut self.doors) {}
        }
        let at = self.doors.clock.now();
        self.doors.reports.push_back(Event::new(at, InstrumentId(0), 0, Body::Timer));
        while step(&mut self.engine, &mut self.doors) {}
    }
}

fn gateway(instrument: Instrument) -> Result<Gateway, Failed> {
    let config = Dialect {
        ws_api_url: "wss://host".to_owned(),
        rest_url: "https://host".to_owned(),
        recv_window_ms: 5_000,
        self_trade_prevention: SelfTrade::ExpireTaker,
        limits: Vec::new(),
    };
    let credentials = Credentials::new("bench", Signer::ed25519(corpus::PEM)?, "bench")?;
    Ok(Gateway::new(config, credentials, &[instrument], Assets::default()))
}

/// Trades over two parked connections until one of them ends.
async fn run(address: std::net::SocketAddr, mut parked: Parked) -> Result<(), Failed> {
    // The default buffer of 128 KiB is cleared before each read: a rival at its best has a small
    // one.
    let config = Some(WebSocketConfig::default().read_buffer_size(4 << 10));
    let url = |path| format!("ws://{address}/{path}");
    let (mut market, _) = connect_async_with_config(url("stream"), config, true).await?;
    let (mut orders, _) = connect_async_with_config(url("ws-api/v3"), config, true).await?;
    loop {
        tokio::select! {
            message = market.next() => {
                let Some(Ok(Text::Text(text))) = message else { return Ok(()) };
                parked.read(text.as_bytes())?;
                while let Some(text) = parked.turn() {
                    orders.send(Text::text(text)).await?;
                }
                parked.settle();
                while let Some(text) = parked.doors.out.pop_front() {
                    orders.send(Text::text(text)).await?;
                }
            }
            message = orders.next() => {
                let Some(Ok(_)) = message else { return Ok(()) };
            }
        }
    }
}

/// Ticks to orders by the parked rival.
pub fn measure(config: &Config, part: usize) -> Result<Timed, Failed> {
    let (address, venue, ends) = venue::start(true)?;
    let mut parked = Parked::new(config, corpus::spot())?;
    let mut snapshot = venue::locked(&venue.walk).snapshot(1_000);
    parked.open(&mut snapshot)?;
    let rival = std::thread::spawn(move || {
        pin(1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let ended = runtime.map_err(Failed::from).and_then(|r| r.block_on(run(address, parked)));
        ended.map_err(|error| error.to_string())
    });
    pin(0);
    let mut driver = Driver::new(&venue, &ends, false).ok_or("the rival did not connect")?;
    let timed = driver.drive(WARM_UP / part, TICKS / part)?;
    drop(driver);
    rival.join().map_err(|_| "the rival panicked")??;
    Ok(timed)
}
