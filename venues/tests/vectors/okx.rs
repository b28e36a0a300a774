//! OKX v5, spot and swaps margined in USDT. Inverse contracts, market and hedged orders
//! are none that we send.

use super::{
    Exception, assets, each_rest, each_ws, header, instrument, key, object, old, parts, place,
    query, signer, vectors, without,
};
use engine::condition::{By, Condition, Watched};
use engine::id::{InstrumentId, Side};
use engine::instrument::{Instrument, Kind};
use engine::intent::Tif;
use engine::num::Price;
use serde_json::Value;
use venues::okx::{Config, Margin, Okx, SelfTrade, limits};
use venues::wire::{Ask, RequestId, Twin, Wire};

const EXCEPTIONS: [Exception; 7] = [
    ("attachAlgoClOrdId", "ours are of our form"),
    ("algoClOrdId", "the witness names algo orders as others, which the venue does not take"),
    ("triggerPxType", "the last price is the default, and ours says so"),
    ("clOrdId", "ours are of our form"),
    ("tag", "the witness's broker"),
    ("tgtCcy", "says in which currency the size of a market order is; ours have a price"),
    ("begin", "ours follows from the id of the newest trade"),
];

fn both() -> [Instrument; 2] {
    [
        instrument(0, "BTC-USDT", Kind::Spot, [1, 8, 8]),
        instrument(1, "BTC-USDT-SWAP", Kind::Linear, [1, 4, 2]),
    ]
}

fn wire(vectors: &Value) -> Okx {
    let config = Config {
        ws_url: "wss://ws.okx.com/ws/v5/private".to_owned(),
        rest_url: "https://www.okx.com".to_owned(),
        demo: false,
        order_window_ms: 5_000,
        margin: Margin::Cross,
        self_trade_prevention: SelfTrade::Default,
        switch_s: 60,
        codes: vec![(InstrumentId(0), 10), (InstrumentId(1), 11)],
        limits: limits(2),
    };
    let mut wire = Okx::new(config, key(vectors), &both(), assets().0).unwrap();
    wire.doom(&[1, 2].map(|order| old(order, InstrumentId(0))));
    wire
}

/// What we would send for the witness's case; `None` for orders that we never send.
fn ask(method: &str, words: &str, symbol: &str) -> Option<Ask> {
    let (one, size) = match symbol {
        "BTC/USDT" => (both()[0], "0.01"),
        "BTC/USDT:USDT" => (both()[1], "0.5"),
        _ => return None,
    };
    let limit = |side, of, tif| Some(Ask::Place(place(&one, side, of, tif)));
    let usual = ("36000.5", size);
    let order = old(1_234_567_890, one.id);
    let words = words.split(" BTC/").next().unwrap_or("");
    match (method, words) {
        ("createOrder" | "createOrderWs", "limit buy" | "limit buy client id" | "ws limit buy") => {
            limit(Side::Buy, usual, Tif::Gtc)
        }
        ("createOrder", "limit buy post-only") => limit(Side::Buy, usual, Tif::PostOnly),
        ("createOrder", "limit buy IOC") => limit(Side::Buy, usual, Tif::Ioc),
        ("createOrder", "limit buy FOK") => limit(Side::Buy, usual, Tif::Fok),
        ("createOrder", "trigger (stop) limit sell") if symbol == "BTC/USDT" => {
            let order = place(&one, Side::Sell, ("34200.5", size), Tif::Gtc);
            let price = one.price(b"34560.5").unwrap();
            let until = Condition { by: By::Price, price, watched: Watched::Last, rises: false };
            Some(Ask::Conditional { order, until })
        }
        ("createOrder", "limit sell") => limit(Side::Sell, usual, Tif::Gtc),
        ("createOrder", "limit sell post-only + client id") => {
            limit(Side::Sell, usual, Tif::PostOnly)
        }
        ("createOrder", "limit buy odd decimals (rounding)") => {
            limit(Side::Buy, ("36004.9", "0.61"), Tif::Gtc)
        }
        ("editOrder", "edit price+amount") | ("editOrderWs", "ws edit") => {
            let new = place(&one, Side::Buy, ("35640.5", size), Tif::Gtc);
            Some(Ask::Move { old: order, new })
        }
        ("cancelOrder", "cancel by id") | ("cancelOrderWs", "ws cancel") => {
            Some(Ask::Cancel(order))
        }
        ("cancelOrders" | "cancelOrdersWs", _) => Some(Ask::CancelSome(one.id)),
        ("cancelAllOrdersAfter", _) => Some(Ask::Renew(one.id)),
        ("fetchOpenOrders", _) => Some(Ask::OpenOrders { instrument: one.id, list: 0, page: 0 }),
        ("fetchOrder", _) => Some(Ask::Query { order, by_venue_id: true, ended: false }),
        // Older than three days, as the witness always asks.
        ("fetchMyTrades", _) => Some(Ask::Trades { instrument: one.id, from: Some(0), page: 0 }),
        ("fetchBalance", _) => Some(Ask::Balances),
        ("fetchPositions", _) => Some(Ask::Position(one.id)),
        _ => None,
    }
}

/// Each object of a body, or the query.
fn fields(text: &str) -> Vec<super::Fields> {
    let value = match text.starts_with(['{', '[']) {
        true => serde_json::from_str::<Value>(text).unwrap(),
        false => return vec![without(query(text), &EXCEPTIONS)],
    };
    let list = value.as_array().cloned().unwrap_or_else(|| vec![value]);
    list.iter().map(|one| without(object(one), &EXCEPTIONS)).collect()
}

#[test]
fn rest_requests_agree() {
    let Some(vectors) = vectors("okx") else { return };
    let (mut wire, signer) = (wire(&vectors), signer(&vectors));
    let at_ms = vectors["clock_ms"].as_u64().unwrap();
    let mut compared = 0;
    each_rest(&vectors, |method, words, case, theirs| {
        let Some(ask) = ask(method, words, case["symbol"].as_str().unwrap_or("BTC/USDT")) else {
            return;
        };
        let ours = wire.encode_http(&ask, at_ms).unwrap();
        let url = theirs["url"].as_str().unwrap();
        assert_eq!(parts(&ours.url).0, parts(url).0, "{method} {words}");
        let verb = format!("{:?}", ours.method).to_uppercase();
        assert_eq!(theirs["httpMethod"], verb.as_str(), "{method}");
        for name in ["OK-ACCESS-KEY", "OK-ACCESS-PASSPHRASE", "OK-ACCESS-TIMESTAMP"] {
            assert_eq!(header(&ours, name), theirs["headers"][name], "{method} {words}: {name}");
        }
        let sent = theirs["body"].as_str().unwrap_or("");
        let mine = ours.body.as_deref().unwrap_or("");
        let (a, b) = match mine {
            "" => (fields(parts(&ours.url).1), fields(parts(url).1)),
            _ => (fields(mine), fields(sent)),
        };
        // Ours asks for a page of its own size.
        let sized = |mut all: Vec<super::Fields>| {
            all.iter_mut().for_each(|one| drop(one.remove("limit")));
            all
        };
        assert_eq!(sized(a), sized(b), "{method} {words}");
        for (url, body, signature) in [
            (ours.url.as_str(), mine, header(&ours, "OK-ACCESS-SIGN")),
            (url, sent, theirs["headers"]["OK-ACCESS-SIGN"].as_str().unwrap()),
        ] {
            let path = url.trim_start_matches("https://www.okx.com");
            let payload = format!("2023-11-14T22:13:20.000Z{verb}{path}{body}");
            let signed = signer.sign_base64(payload.as_bytes());
            assert_eq!(signed.as_str(), signature, "{method} {words}");
        }
        compared += 1;
    });
    assert!(compared >= 18, "only {compared} vectors were compared");
}

#[test]
fn web_socket_requests_agree() {
    let Some(vectors) = vectors("okx") else { return };
    let mut wire = wire(&vectors);
    let at_ms = vectors["clock_ms"].as_u64().unwrap();
    let mut compared = [0; 3];
    each_ws(&vectors, |method, words, theirs| {
        let id = RequestId::default();
        let mut sent = |ask: &Ask| -> Value {
            serde_json::from_slice(wire.encode(ask, id, at_ms).unwrap()).unwrap()
        };
        if theirs["op"] == "login" {
            assert_eq!(&sent(&Ask::Logon), theirs, "{words}");
            compared[0] += 1;
            return;
        }
        if theirs["op"] == "subscribe" && method != "watchOrderBook" {
            // Ours takes all instruments at once; channels of the market are the feed's.
            let ours = sent(&Ask::Subscribe);
            let channels: Vec<&Value> =
                ours["args"].as_array().unwrap().iter().map(|arg| &arg["channel"]).collect();
            let private = ["watchOrders", "watchMyTrades", "watchBalance", "watchPositions"];
            if private.contains(&method) {
                assert!(channels.contains(&&theirs["args"][0]["channel"]), "{words}");
                compared[1] += 1;
            }
            return;
        }
        let symbol = words.rsplit(' ').next().unwrap_or("");
        let Some(ask) = ask(method, words, symbol) else { return };
        let ours = sent(&ask);
        // One order is a batch of one there.
        let op = theirs["op"].as_str().unwrap();
        let op = if op == "batch-orders" { "order" } else { op };
        assert_eq!(ours["op"], op, "{words}");
        let (mine, other) = (ours["args"].to_string(), theirs["args"].to_string());
        assert_eq!(fields(&mine), fields(&other), "{words}");
        compared[2] += 1;
    });
    assert!(
        compared[0] >= 10 && compared[1] >= 8 && compared[2] >= 5,
        "only {compared:?} vectors were compared"
    );
}

/// Of these the witness has no vectors: beside the examples and tables of the venue's documentation
/// (`POST /api/v5/trade/order-algo`, and `attachAlgoOrds` of `POST /api/v5/trade/order`).
#[test]
fn orders_that_trail_or_are_linked_are_as_documented() {
    let key = serde_json::json!({"apiKey": "key", "secret": "secret", "password": "phrase"});
    let mut wire = wire(&serde_json::json!({"credentials": key}));
    let [spot, swap] = both();
    let watched = Watched::Last;
    let back = |by, price| Condition { by, price: Price(price), watched, rises: false };
    let stop = place(&swap, Side::Sell, ("34900.5", "0.5"), Tif::Ioc);
    let until = Condition { price: Price(350_000), ..back(By::Price, 0) };
    let leg = |price, tif| Twin { price, trigger: price, watched, tif, is_named: false };
    let entry = place(&spot, Side::Buy, ("36000.5", "0.01"), Tif::Gtc);
    let [low, high] = [350_000, 370_000].map(Price);
    let cases = [
        (
            Ask::Conditional { order: stop, until: back(By::Share, 50_000) },
            "order-algo",
            r#"{"instId":"BTC-USDT-SWAP","tdMode":"cross","side":"sell","sz":"0.5",
                "ordType":"move_order_stop","callbackRatio":"0.05"}"#,
        ),
        (
            Ask::Conditional { order: stop, until: back(By::Distance, 2_505) },
            "order-algo",
            r#"{"instId":"BTC-USDT-SWAP","tdMode":"cross","side":"sell","sz":"0.5",
                "ordType":"move_order_stop","callbackSpread":"250.5"}"#,
        ),
        (
            Ask::Pair { stop, until, take: leg(high, Tif::Gtc) },
            "order-algo",
            r#"{"instId":"BTC-USDT-SWAP","tdMode":"cross","side":"sell","sz":"0.5","ordType":"oco",
                "slTriggerPx":"35000","slTriggerPxType":"last","slOrdPx":"-1",
                "tpTriggerPx":"37000","tpTriggerPxType":"last","tpOrdPx":"37000"}"#,
        ),
        (
            Ask::Bracket { entry, stop: leg(low, Tif::Ioc), take: leg(high, Tif::Ioc) },
            "order",
            r#"{"instId":"BTC-USDT","tdMode":"cash","side":"buy","ordType":"limit","px":"36000.5",
                "sz":"0.01","attachAlgoOrds":[{
                "slTriggerPx":"35000","slTriggerPxType":"last","slOrdPx":"-1",
                "tpTriggerPx":"37000","tpTriggerPxType":"last","tpOrdPx":"-1"}]}"#,
        ),
    ];
    for (ask, path, documented) in cases {
        let sent = wire.encode_http(&ask, 1_700_000_000_000).unwrap();
        assert_eq!(sent.url, format!("https://www.okx.com/api/v5/trade/{path}"));
        let flat = |text: &str| {
            let mut all: Value = serde_json::from_str(text).unwrap();
            let attached = all.as_object_mut().unwrap().remove("attachAlgoOrds");
            let attached = attached.map(|list| without(object(&list[0]), &EXCEPTIONS));
            (without(object(&all), &EXCEPTIONS), attached)
        };
        assert_eq!(flat(sent.body.as_deref().unwrap()), flat(documented), "{path}");
    }
}
