//! A running exchange, a dialer, and a gateway whose rows are turned into text.

use super::*;
use crate::binance_spot::metadata::{body, exchange_info_request, listings};
use crate::binance_spot::{self, BinanceSpot};
use crate::credentials::Credentials;
use engine::asset::Assets;
use engine::id::{ClientId, OrderId, VenueId};
use engine::instrument::{Fees, Instrument};
use engine::intent::OrderRef;
use engine::num::{AMOUNT_DECIMALS, Decimal, Qty};
use engine::time::NoTrace;
use feeds::net::{Dialed, HttpRequest, Method, dial_pair};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

/// The real clock.
pub struct Wall;

impl Clock for Wall {
    fn now(&self) -> Nanos {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Nanos(since.map_or(0, |since| since.as_nanos() as u64))
    }
}

/// The exchange and the dialers on a thread with a runtime.
pub struct Venue {
    pub address: SocketAddr,
    runtime: tokio::runtime::Runtime,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    over: Option<std::sync::mpsc::Receiver<()>>,
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

impl Venue {
    pub fn start(options: exchange::Options) -> Self {
        let runtime = runtime();
        let (ready, address) = std::sync::mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (ended, over) = std::sync::mpsc::channel();
        runtime.spawn(async move {
            let tell = move |address| ready.send(address).unwrap();
            let end = async {
                let _ = stopped.await;
            };
            let result = exchange::serve(options, tell, end).await;
            if let Err(error) = result {
                eprintln!("exchange: {error}");
            }
            let _ = ended.send(());
        });
        let address = address.recv_timeout(Duration::from_secs(20)).expect("it listens");
        Self { address, runtime, stop: Some(stop), over: Some(over) }
    }

    /// An address where nothing listens.
    pub fn nowhere() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, runtime: runtime(), stop: None, over: None }
    }

    pub fn stop(&mut self) {
        if let (Some(stop), Some(over)) = (self.stop.take(), self.over.take()) {
            let _ = stop.send(());
            let _ = over.recv_timeout(Duration::from_secs(20));
        }
    }

    pub fn dial(&self) -> DialPort {
        let (port, dialer) = dial_pair(16);
        self.runtime.spawn(dialer.run());
        port
    }

    pub fn get(&self, request: HttpRequest) -> Vec<u8> {
        let mut port = self.dial();
        assert!(port.ask(feeds::net::Dial::Http { tag: 0, request }));
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(Dialed::Http { result, .. }) = port.poll() {
                let reply = result.unwrap();
                return body("request", reply.status, &reply.body).unwrap().to_vec();
            }
            assert!(Instant::now() < until, "no answer");
            std::thread::yield_now();
        }
    }

    pub fn best_ask(&self) -> String {
        let url = format!("http://{}/api/v3/ticker/bookTicker?symbol=BTCUSDT", self.address);
        let headers = Vec::new();
        let request =
            HttpRequest { method: Method::Get, url, headers, body: None, timeout_ms: 5_000 };
        let text = self.get(request);
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
        value["askPrice"].as_str().unwrap().to_owned()
    }

    /// A price so many millionths above (below) the best ask, to whole units of the quote asset.
    pub fn near(&self, ppm: i64) -> String {
        let ask: f64 = self.best_ask().parse().unwrap();
        format!("{:.0}", ask * (1.0 + ppm as f64 / 1e6))
    }
}

pub fn wrong_key(kind: usize) -> String {
    serde_json::to_string(&exchange::demo_keys(77)[kind]).unwrap()
}

/// A gateway with the far ends of its rings.
pub struct Rig {
    pub gateway: Gateway<BinanceSpot>,
    pub orders: Option<Producer<Outgoing>>,
    pub instrument: Instrument,
    pub rows: Vec<String>,
    reports: Consumer<Event>,
    named: Vec<(OrderId, u64)>,
}

const EPOCH: u32 = 0x6a1f_3b20;

impl Rig {
    pub fn new(venue: &Venue, kind: usize, change: impl FnOnce(&mut Config)) -> Self {
        let key = serde_json::to_string(&exchange::demo_keys(1)[kind]).unwrap();
        Self::with_key(venue, &key, change)
    }

    pub fn with_key(venue: &Venue, key: &str, change: impl FnOnce(&mut Config)) -> Self {
        Self::assemble(venue, key, change, None)
    }

    pub fn watched(venue: &Venue, kind: usize, watch: Watch) -> Self {
        let key = serde_json::to_string(&exchange::demo_keys(1)[kind]).unwrap();
        Self::assemble(venue, &key, |_| {}, Some(watch))
    }

    fn assemble(
        venue: &Venue,
        key: &str,
        change: impl FnOnce(&mut Config),
        watch: Option<Watch>,
    ) -> Self {
        let (wire, instrument) = wire(venue, key);
        let (orders, taken) = rtrb::RingBuffer::new(64);
        let (told, reports) = rtrb::RingBuffer::new(256);
        let reconnect = (Nanos::from_ms(1), Nanos::from_ms(50));
        let mut config = Config { reconnect, ..Config::default() };
        change(&mut config);
        let gateway = Gateway::new(wire, config, venue.dial(), (taken, told), watch);
        let (orders, rows, named) = (Some(orders), Vec::new(), Vec::new());
        Self { gateway, orders, instrument, rows, reports, named }
    }

    pub fn wire(&self, venue: &Venue, kind: usize) -> BinanceSpot {
        wire(venue, &serde_json::to_string(&exchange::demo_keys(1)[kind]).unwrap()).0
    }

    /// Works until something is so, or far too long has passed.
    pub fn until(&mut self, what: &str, mut so: impl FnMut(&mut Self) -> bool) {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            self.gateway.work(&Wall, &mut NoTrace);
            self.drain();
            if so(self) {
                return;
            }
            let state = self.gateway.state();
            assert!(
                Instant::now() < until,
                "never {what}: {state:?} {:?} {:#?}\n{:#?}",
                self.gateway.last_error(),
                self.rows,
                self.gateway.counters()
            );
            std::thread::yield_now();
        }
    }

    pub fn drain(&mut self) {
        while let Ok(row) = self.reports.pop() {
            if let Some(Body::Accepted { order, venue_order }) = row.body() {
                self.named.push((order, venue_order));
            }
            let text = self.text(&row);
            if !text.is_empty() {
                self.rows.push(text);
            }
        }
    }

    pub fn has(&self, start: &str) -> bool {
        self.rows.iter().any(|row| row.starts_with(start))
    }

    pub fn check(&self, expect: &[&str]) {
        assert_eq!(self.rows, expect);
    }

    /// Drops the engine's end of the ring of orders.
    pub fn abandon(&mut self) {
        self.orders = None;
    }

    pub fn qty(&self, text: &str) -> Qty {
        self.instrument.qty(text.as_bytes()).unwrap()
    }

    pub fn order(&self, n: u32, side: Side, price: &str, qty: &str, tif: Tif) -> Place {
        let price: Price = self.instrument.price(price.as_bytes()).unwrap();
        let client = ClientId { order: OrderId::new(EPOCH, n), cause: 5 };
        let (instrument, qty) = (self.instrument.id, self.qty(qty));
        Place { client, instrument, side, price, qty, tif }
    }

    /// As approved by the engine: tests have no gate, so it goes in behind the ring.
    pub fn place(&mut self, n: u32, side: Side, price: &str, qty: &str, tif: Tif) {
        let place = self.order(n, side, price, qty, tif);
        let Intent::Place(place) = Intent::Place(place) else { return };
        self.gateway.places.push_back((Ask::Place(place), [Wall.now(); 2]));
    }

    pub fn send(&mut self, ask: Ask) {
        match ask {
            _ if ask.places().is_some() => {
                self.gateway.places.push_back((ask, [Wall.now(); 2]));
            }
            Ask::Query { .. } => self.gateway.queries.push_back(ask),
            _ => self.gateway.cancels.push_back(ask),
        }
    }

    /// An order without the venue's id.
    pub fn unnamed(&self, n: u32) -> OrderRef {
        let client = ClientId { order: OrderId::new(EPOCH, n), cause: 5 };
        OrderRef { client, venue_order: 0, instrument: self.instrument.id, waits: false }
    }

    /// An order with the venue's id, as it was accepted.
    pub fn named(&self, n: u32) -> OrderRef {
        let order = OrderId::new(EPOCH, n);
        let found = self.named.iter().rev().find(|(one, _)| *one == order);
        OrderRef { venue_order: found.map_or(0, |(_, id)| *id), ..self.unnamed(n) }
    }

    fn text(&self, row: &Event) -> String {
        let number = |order: OrderId| format!("#{}", order.counter());
        let qty = |qty: Qty| self.instrument.lot.decimal(qty.0);
        let mut text = match row.body().expect("a row that means something") {
            Body::Link { state, .. } => format!("link {state:?}").to_lowercase(),
            Body::Reconcile { done: false } => "reconcile begins".to_owned(),
            Body::Reconcile { done: true } => "reconcile done".to_owned(),
            Body::Accepted { order, .. } => format!("accepted {}", number(order)),
            Body::Triggered { order, .. } => format!("triggered {}", number(order)),
            Body::Amended { order, qty: whole, .. } => {
                format!("amended {} {}", number(order), qty(whole))
            }
            Body::Done { order, end, reason, filled } => {
                let filled = filled.map_or("?".to_owned(), |filled| qty(filled).to_string());
                format!("done {} {end:?} {reason:?} {filled}", number(order))
            }
            Body::Refused { order, request, reason } => {
                format!("refused {} {request:?} {reason:?}", number(order))
            }
            Body::Unknown { order, request } => format!("unknown {} {request:?}", number(order)),
            Body::Absent { order } => format!("absent {}", number(order)),
            Body::Fill(fill) => {
                format!("fill {} {:?} {}", number(fill.order), fill.side, qty(fill.qty))
            }
            Body::Standing(one) => format!(
                "{} {} {:?} {} {} filled {}",
                if one.waits { "waiting" } else { "standing" },
                number(one.order),
                one.side,
                self.instrument.tick.decimal(one.price.0),
                qty(one.qty),
                qty(one.filled)
            ),
            Body::Balance { asset, free, locked } if row.has(flag::SNAPSHOT) => {
                let assets = self.gateway.wire.assets();
                let name = assets.name(asset).map_or("?", |name| name.as_str());
                let amount = |value| Decimal { value, decimals: AMOUNT_DECIMALS };
                format!("balance {name} {} {}", amount(free.0), amount(locked.0))
            }
            _ => return String::new(),
        };
        if row.has(flag::SNAPSHOT) {
            text.push_str(" snapshot");
        } else if row.has(flag::ASKED) {
            text.push_str(" asked");
        }
        text
    }
}

fn wire(venue: &Venue, key: &str) -> (BinanceSpot, Instrument) {
    let credentials = Credentials::from_json(key.as_bytes(), "demo key").unwrap();
    let rest_url = format!("http://{}", venue.address);
    let (mut assets, mut limits) = (Assets::default(), Vec::new());
    let instrument = if venue.stop.is_some() {
        let text = venue.get(exchange_info_request(&rest_url, &["BTCUSDT"]));
        let info = listings(&text).unwrap();
        limits = info.limits.clone();
        let listing = info.listing("BTCUSDT").unwrap();
        let id = InstrumentId(0);
        listing.instrument(id, VenueId(0), &mut assets, Fees::default()).unwrap()
    } else {
        let symbol = engine::instrument::Symbol::new("BTCUSDT").unwrap();
        let grid = |decimals| engine::num::Grid { decimals, step: 1 };
        let pair = (engine::id::AssetId(0), engine::id::AssetId(1));
        Instrument::new(InstrumentId(0), symbol, pair, (grid(2), grid(5)))
    };
    let config = binance_spot::Config {
        ws_api_url: format!("ws://{}/ws-api/v3", venue.address),
        rest_url,
        recv_window_ms: 2_000,
        self_trade_prevention: binance_spot::SelfTrade::Default,
        limits,
    };
    (BinanceSpot::new(config, credentials, &[instrument], assets), instrument)
}
