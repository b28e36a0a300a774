//! A venue that answers by a script, over real sockets: HTTP and WebSockets on one address each.
//! For what an exchange would not do at our wish: lose one socket, repeat a fill, let a key expire.

use super::rig::Wall;
use super::*;
use crate::wire::Usage;
use engine::asset::Assets;
use engine::id::{AssetId, ClientId, OrderId};
use engine::instrument::{Instrument, Kind as InstrumentKind, Symbol};
use engine::intent::OrderRef;
use engine::num::Grid;
use engine::time::NoTrace;
use feeds::net::dial_pair;
use futures_util::{SinkExt, StreamExt};
use rtrb::{Consumer, Producer};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

/// What is asked of the venue: over which path (with its method where it is HTTP), and the text.
pub type Script = dyn Fn(&mut Memory, &str, &str) -> Vec<Say> + Send;

/// What the venue says then.
pub enum Say {
    /// The body of the HTTP answer, or a message on the socket that asked.
    Back(String),
    /// A message on the socket of this path.
    On(&'static str, String),
}

/// What a script remembers.
#[derive(Default)]
pub struct Memory {
    pub asked: Vec<String>,
    pub orders: u64,
    pub list: Vec<String>,
}

#[derive(Default)]
struct Shared {
    memory: Memory,
    sockets: Vec<(String, UnboundedSender<Option<String>>)>,
}

/// The running venue.
pub struct Scripted {
    pub http: String,
    pub ws: String,
    shared: Arc<Mutex<Shared>>,
    runtime: tokio::runtime::Runtime,
}

impl Scripted {
    pub fn start(script: impl Fn(&mut Memory, &str, &str) -> Vec<Say> + Send + 'static) -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        let shared = Arc::<Mutex<Shared>>::default();
        let script: Arc<Mutex<Box<Script>>> = Arc::new(Mutex::new(Box::new(script)));
        let bind = || runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let (http, ws) = (bind(), bind());
        let addresses = [&http, &ws].map(|one| one.local_addr().unwrap());
        for (listener, is_http) in [(http, true), (ws, false)] {
            let (shared, script) = (Arc::clone(&shared), Arc::clone(&script));
            runtime.spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (shared, script) = (Arc::clone(&shared), Arc::clone(&script));
                    if is_http {
                        tokio::spawn(serve_http(stream, shared, script));
                    } else {
                        tokio::spawn(serve_ws(stream, shared, script));
                    }
                }
            });
        }
        let (http, ws) = (format!("http://{}", addresses[0]), format!("ws://{}", addresses[1]));
        Self { http, ws, shared, runtime }
    }

    pub fn dial(&self) -> DialPort {
        let (port, dialer) = dial_pair(32);
        self.runtime.spawn(dialer.run());
        port
    }

    /// Says something on the sockets whose path begins so; `None` closes them.
    pub fn say(&self, path: &str, text: Option<&str>) {
        let shared = self.shared.lock().unwrap();
        for (_, socket) in shared.sockets.iter().filter(|(of, _)| of.starts_with(path)) {
            let _ = socket.send(text.map(str::to_owned));
        }
    }

    pub fn change(&self, change: impl FnOnce(&mut Memory)) {
        change(&mut self.shared.lock().unwrap().memory);
    }

    /// How often something that begins so was asked.
    pub fn asked(&self, start: &str) -> usize {
        let shared = self.shared.lock().unwrap();
        shared.memory.asked.iter().filter(|one| one.starts_with(start)).count()
    }
}

fn run(shared: &Mutex<Shared>, script: &Mutex<Box<Script>>, path: &str, text: &str) -> Vec<String> {
    let mut shared = shared.lock().unwrap();
    let shared = &mut *shared;
    shared.memory.asked.push(format!("{path} {text}"));
    let script = script.lock().unwrap();
    let mut back = Vec::new();
    for say in script(&mut shared.memory, path, text) {
        match say {
            Say::Back(text) => back.push(text),
            Say::On(path, text) => {
                let sockets = shared.sockets.iter().filter(|(of, _)| of.starts_with(path));
                sockets.for_each(|(_, socket)| drop(socket.send(Some(text.clone()))));
            }
        }
    }
    back
}

async fn serve_http(
    mut stream: TcpStream,
    shared: Arc<Mutex<Shared>>,
    script: Arc<Mutex<Box<Script>>>,
) {
    let mut bytes = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                return;
            }
        };
        let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
        let length = text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.and_then(|text| text.parse().ok()).unwrap_or(0);
        while bytes.len() < head + length {
            if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                return;
            }
        }
        let first = String::from_utf8_lossy(&bytes[..head]).into_owned();
        let target = first.lines().next().unwrap_or("").trim_end_matches(" HTTP/1.1").to_owned();
        let body = String::from_utf8_lossy(&bytes[head..head + length]).into_owned();
        bytes.drain(..head + length);
        let answer = run(&shared, &script, &target, &body).pop().unwrap_or_default();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn serve_ws(stream: TcpStream, shared: Arc<Mutex<Shared>>, script: Arc<Mutex<Box<Script>>>) {
    let mut path = String::new();
    #[allow(clippy::result_large_err)] // the library's own type
    let upgrade = |request: &Request, response: Response| {
        path = request.uri().path().to_owned();
        Ok(response)
    };
    let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, upgrade).await else { return };
    let (mut out, mut come) = socket.split();
    let (send, mut sent) = unbounded_channel();
    shared.lock().unwrap().sockets.push((path.clone(), send));
    loop {
        tokio::select! {
            message = sent.recv() => match message {
                Some(Some(text)) => drop(out.send(Message::text(text)).await),
                _ => return drop(out.close().await),
            },
            message = come.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    for text in run(&shared, &script, &path, text.as_str()) {
                        let _ = out.send(Message::text(text)).await;
                    }
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return,
            },
        }
    }
}

/// A gateway of any dialect with the far ends of its rings.
pub struct Bench<W: Wire> {
    pub gateway: Gateway<W>,
    pub orders: Option<Producer<Outgoing>>,
    pub rows: Vec<String>,
    reports: Consumer<Event>,
}

const EPOCH: u32 = 0x6a1f_3b20;

pub fn name(n: u32) -> ClientId {
    ClientId { order: OrderId::new(EPOCH, n), cause: 5 }
}

pub fn unnamed(n: u32) -> OrderRef {
    OrderRef { client: name(n), venue_order: 0, instrument: InstrumentId(0), waits: false }
}

/// A margined instrument: prices to 0.1, lots of 0.001.
pub fn instrument(symbol: &str) -> (Instrument, Assets) {
    let mut assets = Assets::default();
    let mut asset = |name: &str| assets.intern(Symbol::new(name).unwrap()).unwrap();
    let pair: (AssetId, AssetId) = (asset("BTC"), asset("USDT"));
    let grid = |decimals| Grid { decimals, step: 1 };
    let symbol = Symbol::new(symbol).unwrap();
    let mut one = Instrument::new(InstrumentId(0), symbol, pair, (grid(1), grid(3)));
    one.kind = InstrumentKind::Linear;
    (one, assets)
}

pub fn key() -> crate::credentials::Credentials {
    let text = br#"{"kind":"hmac","api_key":"key","secret":"secret","passphrase":"phrase"}"#;
    crate::credentials::Credentials::from_json(text, "test").unwrap()
}

pub const NO_LIMITS: Vec<Usage> = Vec::new();

impl<W: Wire> Bench<W> {
    pub fn new(wire: W, venue: &Scripted, watch: Option<Watch>) -> Self {
        let (orders, taken) = rtrb::RingBuffer::new(64);
        let (told, reports) = rtrb::RingBuffer::new(1_024);
        let config = Config {
            venue: engine::id::VenueId(3),
            reconnect: (Nanos::from_ms(1), Nanos::from_ms(50)),
            rest_after: Nanos::from_s(3_600),
            renew_every: Nanos::from_ms(1),
            ..Config::default()
        };
        let gateway = Gateway::new(wire, config, venue.dial(), (taken, told), watch);
        Self { gateway, orders: Some(orders), rows: Vec::new(), reports }
    }

    /// Works until something is so, or far too long has passed.
    pub fn until(&mut self, what: &str, mut so: impl FnMut(&mut Self) -> bool) {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            self.gateway.work(&Wall, &mut NoTrace);
            while let Ok(row) = self.reports.pop() {
                self.rows.push(text(&row));
            }
            if so(self) {
                return;
            }
            assert!(
                Instant::now() < until,
                "never {what}: {:?} {:?} {:#?}\n{:#?}",
                self.gateway.state(),
                self.gateway.last_error(),
                self.rows,
                self.gateway.counters()
            );
            std::thread::yield_now();
        }
    }

    pub fn ready(&mut self) {
        self.until("ready", |bench| bench.gateway.state() == GatewayState::Ready);
    }

    pub fn has(&self, start: &str) -> bool {
        self.rows.iter().any(|row| row.starts_with(start))
    }

    pub fn count(&self, start: &str) -> usize {
        self.rows.iter().filter(|row| row.starts_with(start)).count()
    }

    /// As approved by the engine: tests have no gate, so it goes in behind the ring.
    pub fn send(&mut self, ask: Ask) {
        match ask {
            Ask::Place(_) | Ask::Move { .. } | Ask::Pair { .. } | Ask::Bracket { .. } => {
                self.gateway.places.push_back((ask, [Wall.now(); 2]));
            }
            _ => self.gateway.cancels.push_back(ask),
        }
    }
}

fn text(row: &Event) -> String {
    let number = |order: OrderId| format!("#{}", order.counter());
    let of_venue = format!("venue {}", row.venue().0);
    let mut text = match row.body().expect("a row that means something") {
        Body::Link { state, .. } => format!("link {state:?} of {of_venue}").to_lowercase(),
        Body::Reconcile { done } => {
            format!("reconcile {} of {of_venue}", if done { "done" } else { "begins" })
        }
        Body::Accepted { order, .. } => format!("accepted {}", number(order)),
        Body::Amended { order, qty, price } => {
            format!("amended {} {} at {:?}", number(order), qty.0, price.map(|price| price.0))
        }
        Body::Done { order, end, reason, filled } => {
            format!("done {} {end:?} {reason:?} {:?}", number(order), filled.map(|qty| qty.0))
        }
        Body::Refused { order, request, reason } => {
            format!("refused {} {request:?} {reason:?}", number(order))
        }
        Body::Unknown { order, request } => format!("unknown {} {request:?}", number(order)),
        Body::Fill(fill) => format!("fill {} {:?} {}", number(fill.order), fill.side, fill.qty.0),
        Body::Standing(one) => format!("standing {} {}", number(one.order), one.qty.0),
        Body::Balance { asset, free, .. } => {
            format!("balance of {} {} of {of_venue}", asset.0, free.0)
        }
        Body::Position { lots, entry } => format!("position {lots} at {}", entry.0),
        Body::Funding { amount, .. } => format!("funding {} of {}", amount.0, row.instrument.0),
        Body::TradesTold { .. } => "trades told".to_owned(),
        Body::Budget { .. } => format!("budget of {of_venue}"),
        Body::ClockOffset { .. } => format!("clock of {of_venue}"),
        other => format!("{other:?}"),
    };
    if row.has(flag::SNAPSHOT) {
        text.push_str(" snapshot");
    } else if row.has(flag::ASKED) {
        text.push_str(" asked");
    }
    text
}
