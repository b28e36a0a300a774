//! Bybit v5, spot and linear. Inverse contracts, market, trigger and hedged orders are none that we
//! send.

use super::{
    Exception, assets, each_rest, each_ws, header, instrument, key, object, old, parts, place,
    query, signer, vectors, without,
};
use engine::id::Side;
use engine::instrument::{Instrument, Kind};
use engine::intent::Tif;
use serde_json::Value;
use venues::bybit::{Bybit, Config, SelfTrade, limits};
use venues::wire::{Ask, RequestId, Wire};

const EXCEPTIONS: [Exception; 6] = [
    ("orderLinkId", "ours are of our form, and every order has one"),
    ("timeInForce", "GTC is the default there, and always said here; others are compared below"),
    ("orderFilter", "Order, as the venue's default is"),
    ("execType", "theirs asks for trades alone; liquidations and deleveraging are fills too"),
    ("limit", "as many as one page holds"),
    ("startTime", "ours follows from the id of the newest trade"),
];

fn both() -> [Instrument; 2] {
    [
        instrument(0, "BTCUSDT", Kind::Spot, [2, 6, 6]),
        instrument(1, "BTCUSDT", Kind::Linear, [1, 3, 3]),
    ]
}

fn wire(vectors: &Value) -> Bybit {
    let config = Config {
        trade_url: "wss://stream.bybit.com/v5/trade".to_owned(),
        stream_url: "wss://stream.bybit.com/v5/private".to_owned(),
        rest_url: "https://api.bybit.com".to_owned(),
        recv_window_ms: 5_000,
        self_trade_prevention: SelfTrade::Default,
        protect_s: 60,
        limits: limits(),
    };
    Bybit::new(config, key(vectors), &both(), assets().0).unwrap()
}

/// What we would send for the witness's case; `None` for orders that we never send.
fn ask(method: &str, words: &str, symbol: &str) -> Option<Ask> {
    let one = match symbol {
        "BTC/USDT" => both()[0],
        "BTC/USDT:USDT" => both()[1],
        _ => return None,
    };
    let limit = |side, of, tif| Some(Ask::Place(place(&one, side, of, tif)));
    let usual = ("36000.5", "0.01");
    let order = old(1_234_567_890, one.id);
    let words = words.split(" BTC/").next().unwrap_or("");
    match (method, words) {
        ("createOrder" | "createOrderWs", "limit buy" | "limit buy client id" | "ws limit buy") => {
            limit(Side::Buy, usual, Tif::Gtc)
        }
        ("createOrder", "limit buy post-only") => limit(Side::Buy, usual, Tif::PostOnly),
        ("createOrder", "limit buy IOC") => limit(Side::Buy, usual, Tif::Ioc),
        ("createOrder", "limit buy FOK") => limit(Side::Buy, usual, Tif::Fok),
        ("createOrder", "limit sell") => limit(Side::Sell, usual, Tif::Gtc),
        ("createOrder", "limit sell post-only + client id") => {
            limit(Side::Sell, usual, Tif::PostOnly)
        }
        ("createOrder", "limit buy odd decimals (rounding)") => {
            limit(Side::Buy, ("36004.9", "0.012"), Tif::Gtc)
        }
        ("editOrder", "edit price+amount") | ("editOrderWs", "ws edit") => {
            let new = place(&one, Side::Buy, ("35640.5", "0.01"), Tif::Gtc);
            Some(Ask::Move { old: order, new })
        }
        ("cancelOrder", "cancel by id") | ("cancelOrderWs", "ws cancel") => {
            Some(Ask::Cancel(order))
        }
        ("cancelAllOrders", _) => Some(Ask::CancelAll { instrument: one.id, waiting: false }),
        ("cancelAllOrdersAfter", _) if one.kind == Kind::Linear => Some(Ask::Renew(one.id)),
        ("fetchOpenOrders", _) => Some(Ask::OpenOrders { instrument: one.id, list: 0, page: 0 }),
        ("fetchMyTrades", _) => Some(Ask::Trades { instrument: one.id, from: None, page: 0 }),
        ("fetchBalance", _) => Some(Ask::Balances),
        ("fetchPositions", _) => Some(Ask::Position(one.id)),
        _ => None,
    }
}

#[test]
fn rest_requests_agree() {
    let Some(vectors) = vectors("bybit") else { return };
    let (mut wire, signer) = (wire(&vectors), signer(&vectors));
    let at_ms = vectors["clock_ms"].as_u64().unwrap();
    let mut compared = 0;
    each_rest(&vectors, |method, words, case, theirs| {
        let Some(ask) = ask(method, words, case["symbol"].as_str().unwrap_or("BTC/USDT")) else {
            return;
        };
        let ours = wire.encode_http(&ask, at_ms).unwrap();
        let (path, params) = parts(&ours.url);
        let (their_path, in_url) = parts(theirs["url"].as_str().unwrap());
        assert_eq!(path, their_path, "{method} {words}");
        assert_eq!(theirs["httpMethod"], format!("{:?}", ours.method).to_uppercase(), "{method}");
        for name in ["X-BAPI-API-KEY", "X-BAPI-TIMESTAMP", "X-BAPI-RECV-WINDOW"] {
            assert_eq!(header(&ours, name), theirs["headers"][name], "{method} {words}: {name}");
        }
        let sent = theirs["body"].as_str().filter(|body| !body.is_empty()).unwrap_or(in_url);
        let mine = ours.body.as_deref().unwrap_or(params);
        let fields = |text: &str| match text.starts_with('{') {
            true => object(&serde_json::from_str(text).unwrap()),
            false => query(text),
        };
        assert_eq!(
            without(fields(mine), &EXCEPTIONS),
            without(fields(sent), &EXCEPTIONS),
            "{method} {words}"
        );
        let tif = |text: &str| fields(text).get("timeInForce").cloned().unwrap_or("GTC".into());
        assert_eq!(tif(mine), tif(sent), "{method} {words}");
        for (text, signature) in [
            (mine, header(&ours, "X-BAPI-SIGN")),
            (sent, theirs["headers"]["X-BAPI-SIGN"].as_str().unwrap()),
        ] {
            let payload = format!("{at_ms}key5000{text}");
            assert_eq!(signer.sign(payload.as_bytes()).as_str(), signature, "{method} {words}");
        }
        compared += 1;
    });
    assert!(compared >= 17, "only {compared} vectors were compared");
}

#[test]
fn web_socket_requests_agree() {
    let Some(vectors) = vectors("bybit") else { return };
    let mut wire = wire(&vectors);
    let at_ms = vectors["clock_ms"].as_u64().unwrap();
    let mut compared = [0; 2];
    each_ws(&vectors, |method, words, theirs| {
        if theirs["op"] == "auth" {
            let id = RequestId::default();
            let ours: Value =
                serde_json::from_slice(wire.encode(&Ask::Logon, id, at_ms).unwrap()).unwrap();
            // The time is text there and a number here, as the notes have it.
            let plain = |message: &Value| -> Vec<String> {
                message["args"].as_array().unwrap().iter().map(super::plain).collect()
            };
            assert_eq!(plain(&ours), plain(theirs), "{words}");
            compared[0] += 1;
            return;
        }
        let symbol = words.rsplit(' ').next().unwrap_or("");
        let Some(ask) = ask(method, words, symbol) else { return };
        let id = RequestId::new(1, ask.kind());
        let ours: Value = serde_json::from_slice(wire.encode(&ask, id, at_ms).unwrap()).unwrap();
        assert_eq!(ours["op"], theirs["op"], "{words}");
        assert_eq!(ours["header"], theirs["header"], "{words}");
        let fields = |message: &Value| without(object(&message["args"][0]), &EXCEPTIONS);
        assert_eq!(fields(&ours), fields(theirs), "{words}");
        compared[1] += 1;
    });
    assert!(compared[0] >= 10 && compared[1] >= 4, "only {compared:?} vectors were compared");
}
