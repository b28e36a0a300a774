//! Bybit by script: two sockets, answers that only take on, fills that come twice or not at all.

use super::scripted::{Bench, Memory, NO_LIMITS, Say, Scripted, instrument, key, name, unnamed};
use super::*;
use crate::bybit::{self, Bybit};

const WHEN: u64 = 1_700_000_000_000;

fn order(n: u64, status: &str, rest: &str) -> String {
    let mut client = [0; engine::id::CLIENT_ID_LEN];
    name(n as u32).write(&mut client);
    let client = String::from_utf8(client.to_vec()).unwrap();
    format!(
        r#"{{"category":"linear","symbol":"BTCUSDT","orderId":"a4c1718e-4a3b-4b8e-9f0a-{n:012}",
         "orderLinkId":"{client}","side":"Buy","orderStatus":"{status}",{rest}}}"#
    )
}

fn execution(n: u64, trade: u32, qty: &str) -> String {
    order(
        n,
        "",
        &format!(
            r#""execId":"7e2ae69c-4edf-5800-a352-{trade:012}","execType":"Trade",
             "execPrice":"100.0","execQty":"{qty}","execFee":"0.01","execTime":"{WHEN}",
             "isMaker":true"#
        ),
    )
}

fn topic(topic: &str, items: &str) -> String {
    format!(r#"{{"topic":"{topic}","creationTime":{WHEN},"data":[{items}]}}"#)
}

fn list(items: &str) -> String {
    format!(r#"{{"retCode":0,"result":{{"category":"linear","list":[{items}]}}}}"#)
}

/// The venue: what stands in its memory is the list of executions.
fn script(memory: &mut Memory, path: &str, text: &str) -> Vec<Say> {
    let back = |text: String| vec![Say::Back(text)];
    let stands = |memory: &Memory, what: &str| {
        let rest = format!(r#""price":"100.0","qty":"{what}","cumExecQty":"0""#);
        Say::On("/v5/private", topic("order", &order(memory.orders, "New", &rest)))
    };
    if path.starts_with("GET /v5/market/time") {
        let now = Wall.now().0;
        return back(format!(r#"{{"retCode":0,"result":{{"timeNano":"{now}"}}}}"#));
    }
    if path.contains("execType=Funding") {
        return back(list(""));
    }
    if path.starts_with("GET /v5/execution/list") {
        return back(list(&memory.list.join(",")));
    }
    if path.starts_with("GET /v5/position/list") {
        return back(list(r#"{"symbol":"BTCUSDT","side":"Sell","size":"0.5","avgPrice":"99.5"}"#));
    }
    if path.starts_with("GET /v5/account/wallet-balance") {
        return back(list(r#"{"coin":[{"coin":"USDT","walletBalance":"1000","locked":"0"}]}"#));
    }
    if path.starts_with("GET ") || path.starts_with("POST ") {
        return back(list(""));
    }
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let id = value["reqId"].as_str().unwrap_or("");
    let ok = |data: &str| format!(r#"{{"reqId":"{id}","retCode":0,"op":"x","data":{data}}}"#);
    match (value["op"].as_str().unwrap(), path) {
        ("auth", "/v5/trade") => back(r#"{"retCode":0,"op":"auth"}"#.to_owned()),
        (op @ ("auth" | "subscribe"), _) => back(format!(r#"{{"success":true,"op":"{op}"}}"#)),
        ("order.create", _) => {
            memory.orders += 1;
            let id = format!(r#"{{"orderId":"a4c1718e-4a3b-4b8e-9f0a-{:012}"}}"#, memory.orders);
            vec![stands(memory, "0.010"), Say::Back(ok(&id))]
        }
        ("order.amend", _) => {
            let qty = value["args"][0]["qty"].as_str().unwrap();
            let rest = format!(
                r#""price":"{}","qty":"{qty}","cumExecQty":"0""#,
                value["args"][0]["price"].as_str().unwrap()
            );
            let stands = topic("order", &order(memory.orders, "New", &rest));
            vec![Say::On("/v5/private", stands), Say::Back(ok("{}"))]
        }
        ("order.cancel", _) => {
            let rest = r#""price":"100.0","qty":"0.010","cumExecQty":"0.004",
                          "cancelType":"CancelByUser""#;
            let ended = topic("order", &order(memory.orders, "Cancelled", rest));
            vec![Say::Back(ok("{}")), Say::On("/v5/private", ended)]
        }
        _ => back(r#"{"op":"pong","success":true}"#.to_owned()),
    }
}

fn wire(venue: &Scripted) -> Bybit {
    let config = bybit::Config {
        trade_url: format!("{}/v5/trade", venue.ws),
        stream_url: format!("{}/v5/private", venue.ws),
        rest_url: venue.http.clone(),
        recv_window_ms: 5_000,
        self_trade_prevention: bybit::SelfTrade::Default,
        protect_s: 10,
        limits: NO_LIMITS,
    };
    let (one, assets) = instrument("BTCUSDT");
    Bybit::new(config, key(), &[one], assets).unwrap()
}

fn place(n: u32, price: i64) -> Place {
    let (side, price, qty, tif) = (Side::Buy, Price(price), Qty(10), Tif::PostOnly);
    Place { client: name(n), instrument: InstrumentId(0), side, price, qty, tif }
}

#[test]
fn two_sockets_are_one_connection() {
    let venue = Scripted::start(script);
    let mut bench = Bench::new(wire(&venue), &venue, None);
    bench.ready();
    let expect = [
        "clock of venue 3",
        "clock of venue 3",
        "link up of venue 3",
        "reconcile begins of venue 3",
        "position -500 at 9950000000 snapshot",
        "balance of 1 100000000000 of venue 3 snapshot",
        "trades told",
        "reconcile done of venue 3",
    ];
    assert_eq!(bench.rows[..expect.len()], expect);
    bench.until("protected", |bench| matches!(bench.gateway.switch(), SwitchState::Set(_)));
    assert_eq!(venue.asked("POST /v5/order/disconnected-cancel-all"), 1, "once a connection");
    venue.say("/v5/private", None);
    bench.until("down", |bench| bench.has("link down"));
    assert_eq!(bench.gateway.sockets().count(), 0, "the other one goes with it");
    bench.until("up again", |bench| bench.count("reconcile done") == 2);
    assert_eq!(
        (venue.asked("/v5/trade {\"op\":\"auth\""), bench.gateway.counters().malformed),
        (2, 0)
    );
}

#[test]
fn what_was_taken_on_is_told_by_the_stream() {
    let venue = Scripted::start(script);
    let mut bench = Bench::new(wire(&venue), &venue, None);
    bench.ready();
    bench.rows.clear();
    bench.send(Ask::Place(place(1, 1_000)));
    bench.until("accepted", |bench| bench.has("accepted #1"));
    let new = Place { qty: Qty(8), ..place(1, 1_010) };
    bench.send(Ask::Move { old: unnamed(1), new });
    bench.until("moved", |bench| bench.has("amended #1 8 at Some(1010)"));
    assert_eq!(bench.count("amended"), 1);
    bench.send(Ask::Cancel(unnamed(1)));
    bench.until("cancelled", |bench| bench.has("done #1 Cancelled None Some(4)"));
    assert_eq!(bench.count("done"), 1, "the answer alone says nothing: {:?}", bench.rows);
}

#[test]
fn each_fill_is_told_once_however_it_comes() {
    let venue = Scripted::start(script);
    let mut bench = Bench::new(wire(&venue), &venue, None);
    bench.ready();
    bench.send(Ask::Place(place(1, 1_000)));
    bench.until("accepted", |bench| bench.has("accepted #1"));
    let stream = |trade| topic("execution", &execution(1, trade, "0.002"));
    venue.say("/v5/private", Some(&stream(1)));
    venue.say("/v5/private", Some(&stream(2)));
    venue.say("/v5/private", Some(&stream(1)));
    bench.until("repeated", |bench| bench.gateway.counters().trades_repeated == 1);
    assert_eq!(bench.count("fill #1 Buy 2"), 2);
    // The venue knows both, and two more of the same span that the stream never told.
    venue.change(|memory| {
        memory.list = [4, 2, 3, 1].map(|trade| execution(1, trade, "0.002")).to_vec();
    });
    venue.say("/v5/private", None);
    bench.until("again", |bench| bench.count("reconcile done") == 2);
    assert_eq!(bench.count("fill #1 Buy 2 asked"), 2, "{:#?}", bench.rows);
    venue.say("/v5/private", Some(&stream(3)));
    bench.until("repeated", |bench| bench.gateway.counters().trades_repeated == 2);
    assert_eq!((bench.count("fill"), bench.gateway.counters().trades_missed), (4, 2));
}
