//! The scripted venue on loopback: streams, WebSocket API and REST on one thread of its own.

use super::ledger::Ledger;
use super::market::Lane;
use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::Uri;
use axum::routing::get;
use futures_util::SinkExt as _;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

/// The symbols, each with a market of its own.
pub const SYMBOLS: [&str; 4] = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"];
const ASSETS: [&str; 5] = ["BTC", "ETH", "SOL", "XRP", "USDT"];
/// Diffs left out of each symbol's stream.
const GAPS: u32 = 4;

/// What the test asks the venue to do.
#[derive(Default)]
pub struct Orders {
    /// Drop the market's connection, once.
    pub drop_market: AtomicBool,
    /// Drop the connection with the private stream, once, and fill orders before it is back.
    pub drop_private: AtomicBool,
}

struct Venue {
    lanes: Mutex<Vec<Lane>>,
    ledger: Mutex<Ledger>,
    orders: Arc<Orders>,
}

type Shared = State<Arc<Venue>>;

/// Starts it on a thread that ends with the test.
pub fn start() -> (SocketAddr, Arc<Orders>) {
    let orders = Arc::new(Orders::default());
    let lanes = (1_u64..).zip(SYMBOLS).map(|(seed, symbol)| Lane::new(symbol, seed, GAPS));
    let venue = Arc::new(Venue {
        lanes: Mutex::new(lanes.collect()),
        ledger: Mutex::new(Ledger::new(&ASSETS)),
        orders: orders.clone(),
    });
    let (ready, address) = mpsc::channel();
    std::thread::Builder::new()
        .name("venue".into())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                let router = Router::new()
                    .route("/api/v3/exchangeInfo", get(async || exchange_info()))
                    .route("/api/v3/account", get(account))
                    .route("/api/v3/depth", get(depth))
                    .route("/stream", get(stream))
                    .route("/ws-api/v3", get(ws_api))
                    .with_state(venue);
                let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
                    stream.set_nodelay(true).unwrap();
                });
                axum::serve(listener, router).await.unwrap();
            });
        })
        .unwrap();
    (address.recv().unwrap(), orders)
}

fn exchange_info() -> String {
    let symbol = |(name, base): (&&str, &&str)| {
        json!({"symbol": name, "status": "TRADING", "baseAsset": base, "quoteAsset": "USDT",
            "baseAssetPrecision": 8, "quoteAssetPrecision": 8, "cancelReplaceAllowed": true,
            "amendAllowed": true, "defaultSelfTradePreventionMode": "NONE",
            "allowedSelfTradePreventionModes": ["NONE"], "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01000000",
                "maxPrice": "1000000.00000000", "tickSize": "0.01000000"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000",
                "stepSize": "0.00001000"},
            {"filterType": "NOTIONAL", "minNotional": "5.00000000",
                "maxNotional": "9000000.00000000"}]})
    };
    let symbols: Vec<Value> = SYMBOLS.iter().zip(&ASSETS).map(symbol).collect();
    json!({"timezone": "UTC", "serverTime": super::now_ms(), "rateLimits": limits(0),
        "symbols": symbols})
    .to_string()
}

fn limits(count: u64) -> Value {
    json!([{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1,
            "limit": 100_000_000, "count": count},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10,
            "limit": 10_000_000, "count": count}])
}

async fn account(State(venue): Shared) -> String {
    venue.ledger.lock().unwrap().account().to_string()
}

async fn depth(State(venue): Shared, uri: Uri) -> String {
    let query = uri.query().unwrap_or_default();
    let mut lanes = venue.lanes.lock().unwrap();
    let lane = lanes.iter_mut().find(|lane| query.contains(lane.symbol)).unwrap();
    lane.snapshot()
}

async fn stream(State(venue): Shared, upgrade: WebSocketUpgrade) -> axum::response::Response {
    upgrade.on_upgrade(async move |socket| {
        let _ = market(venue, socket).await;
    })
}

/// As fast as the client reads: after each move of all markets a ping, whose answer is waited for.
async fn market(venue: Arc<Venue>, mut socket: WebSocket) -> Result<(), axum::Error> {
    loop {
        let turns: Vec<Vec<String>> = {
            let mut lanes = venue.lanes.lock().unwrap();
            lanes.iter_mut().map(|lane| lane.turn(super::now_ms())).collect()
        };
        for text in turns.into_iter().flatten() {
            socket.feed(Message::text(text)).await?;
        }
        socket.send(Message::Ping("turn".into())).await?;
        loop {
            match socket.recv().await {
                Some(Ok(Message::Pong(text))) if text == "turn" => break,
                Some(Ok(_)) => {}
                _ => return Ok(()),
            }
        }
        if venue.orders.drop_market.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        // The private stream's turn.
        tokio::task::yield_now().await;
    }
}

async fn ws_api(State(venue): Shared, upgrade: WebSocketUpgrade) -> axum::response::Response {
    upgrade.on_upgrade(async move |socket| {
        let _ = private(venue, socket).await;
    })
}

async fn private(venue: Arc<Venue>, mut socket: WebSocket) -> Result<(), axum::Error> {
    let mut subscribed = false;
    let mut count = 0;
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(text) = message else { continue };
        if subscribed && venue.orders.drop_private.swap(false, Ordering::Relaxed) {
            // The request is lost with the connection: its order is unknown to the client.
            venue.ledger.lock().unwrap().fill_unheard();
            return Ok(());
        }
        let ask: Value = serde_json::from_str(&text).unwrap();
        let method = ask["method"].as_str().unwrap();
        subscribed |= method.starts_with("userDataStream.subscribe");
        count += 1;
        let reply = venue.ledger.lock().unwrap().answer(method, &ask["params"]);
        let part = if reply.status == 200 { "result" } else { "error" };
        let answer = json!({"id": ask["id"], "status": reply.status, part: reply.body,
            "rateLimits": limits(count)});
        // Either may come first.
        if count % 2 == 0 {
            socket.feed(Message::text(answer.to_string())).await?;
        }
        for event in reply.events.iter().filter(|_| subscribed) {
            let event = json!({"subscriptionId": 0, "event": event});
            socket.feed(Message::text(event.to_string())).await?;
        }
        if count % 2 == 1 {
            socket.feed(Message::text(answer.to_string())).await?;
        }
        socket.flush().await?;
    }
    Ok(())
}
