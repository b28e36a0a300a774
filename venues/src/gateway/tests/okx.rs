//! OKX by script: orders are found and cancelled some at a time, the timer is renewed while the
//! engine lives, funding is asked for when the stream says that there was some.

use super::scripted::{Bench, Memory, NO_LIMITS, Say, Scripted, instrument, key, name};
use super::*;
use crate::client::{COMPACT_LEN, write_compact};
use crate::okx::{self, Okx};
use crate::wire::Twin;
use engine::condition::{By, Condition, Watched};

fn data(items: &str) -> String {
    format!(r#"{{"code":"0","msg":"","data":[{items}]}}"#)
}

/// What it says of orders over REST; in its memory those that wait have their kind before them.
fn algos(memory: &mut Memory, path: &str, text: &str) -> Option<String> {
    if let Some(rest) = path.strip_prefix("GET /api/v5/trade/orders-algo-pending?ordType=") {
        let kind = rest.split('&').next().unwrap();
        let mine = memory.list.iter().filter_map(|one| one.split_once(':'));
        let open = mine.filter(|(of, _)| *of == kind).map(|(_, id)| {
            format!(
                r#"{{"instId":"BTC-USDT-SWAP","algoId":"{id}","algoClOrdId":"","ordType":"{kind}",
                 "sz":"1","side":"sell","slOrdPx":"-1","ordId":"","state":"live"}}"#
            )
        });
        return Some(data(&open.collect::<Vec<_>>().join(",")));
    }
    if path == "POST /api/v5/trade/cancel-algos" {
        let all: serde_json::Value = serde_json::from_str(text).unwrap();
        let ids: Vec<&str> =
            all.as_array().unwrap().iter().filter_map(|one| one["algoId"].as_str()).collect();
        assert!(ids.len() <= 10, "more than the venue takes: {text}");
        memory.list.retain(|one| !ids.iter().any(|id| one.ends_with(&format!(":{id}"))));
        let ended = ids.iter().map(|id| format!(r#"{{"algoId":"{id}","sCode":"0"}}"#));
        return Some(data(&ended.collect::<Vec<_>>().join(",")));
    }
    match path {
        "POST /api/v5/trade/order-algo" => Some(data(r#"{"algoId":"901","sCode":"0"}"#)),
        "POST /api/v5/trade/order" => Some(data(r#"{"ordId":"71","sCode":"0"}"#)),
        _ => None,
    }
}

/// The venue: its memory lists the open orders.
fn script(memory: &mut Memory, path: &str, text: &str) -> Vec<Say> {
    let back = |text: String| vec![Say::Back(text)];
    if path.starts_with("GET /api/v5/public/time") {
        return back(data(&format!(r#"{{"ts":"{}"}}"#, Wall.now().as_ms())));
    }
    if let Some(text) = algos(memory, path, text) {
        return back(text);
    }
    if path.starts_with("GET /api/v5/trade/orders-pending") {
        let open = memory.list.iter().filter(|one| !one.contains(':')).map(|id| {
            format!(
                r#"{{"instId":"BTC-USDT-SWAP","ordId":"{id}","clOrdId":"","px":"100","sz":"1",
                 "side":"buy","accFillSz":"0","state":"live"}}"#
            )
        });
        return back(data(&open.collect::<Vec<_>>().join(",")));
    }
    if path.starts_with("GET /api/v5/account/bills") && memory.orders > 0 {
        let at = Wall.now().as_ms();
        return back(data(&format!(
            r#"{{"billId":"77","ccy":"USDT","type":"8","instId":"BTC-USDT-SWAP","balChg":"-0.5",
                "ts":"{}"}}"#,
            at / 100_000 * 100_000
        )));
    }
    if path.starts_with("GET ") || path.starts_with("POST ") {
        return back(data(""));
    }
    if text == "ping" {
        return back("pong".to_owned());
    }
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    match value["op"].as_str().unwrap() {
        "login" => back(r#"{"event":"login","code":"0"}"#.to_owned()),
        "subscribe" => {
            let each = value["args"].as_array().unwrap().iter();
            each.map(|arg| Say::Back(format!(r#"{{"event":"subscribe","arg":{arg}}}"#))).collect()
        }
        op => {
            let ended: Vec<&str> = value["args"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|one| one["ordId"].as_str())
                .collect();
            memory.list.retain(|id| !ended.contains(&id.as_str()));
            let id = value["id"].as_str().unwrap();
            back(format!(r#"{{"id":"{id}","op":"{op}","code":"0","data":[{{"sCode":"0"}}]}}"#))
        }
    }
}

fn wire(venue: &Scripted) -> Okx {
    let config = okx::Config {
        ws_url: format!("{}/ws/v5/private", venue.ws),
        rest_url: venue.http.clone(),
        demo: true,
        order_window_ms: 1_000,
        margin: okx::Margin::Cross,
        self_trade_prevention: okx::SelfTrade::Default,
        switch_s: 30,
        codes: vec![(InstrumentId(0), 11)],
        limits: NO_LIMITS,
    };
    let (one, assets) = instrument("BTC-USDT-SWAP");
    Okx::new(config, key(), &[one], assets).unwrap()
}

#[test]
fn all_open_orders_are_found_and_cancelled_ten_at_a_time() {
    let venue = Scripted::start(script);
    let mut bench = Bench::new(wire(&venue), &venue, None);
    bench.ready();
    assert!(bench.has("position 0 at 0 snapshot"), "not named is flat: {:?}", bench.rows);
    venue.change(|memory| memory.list = (1..=45).map(|id| id.to_string()).collect());
    let all = Outgoing::Reduce(Reduce::CancelAll(InstrumentId(0)));
    bench.orders.as_mut().unwrap().push(all).unwrap();
    bench.until("cancelled", |bench| bench.gateway.counters().cancel_alls == 5);
    let mut left = usize::MAX;
    bench.until("none", |bench| {
        venue.change(|memory| left = memory.list.len());
        left == 0 && bench.gateway.is_idle()
    });
    let asked = venue.asked("/ws/v5/private {\"id\":");
    assert!(asked >= 6, "a subscription and five cancels, not one each: {asked}");
    assert!(asked < 12);
}

/// Each kind of those that wait has a list of its own; none is left by a cancel-all.
#[test]
fn orders_that_wait_are_found_in_every_list() {
    let venue = Scripted::start(script);
    let mut bench = Bench::new(wire(&venue), &venue, None);
    bench.ready();
    for kind in ["trigger", "oco", "move_order_stop"] {
        let asked = format!("GET /api/v5/trade/orders-algo-pending?ordType={kind}&");
        assert_eq!(venue.asked(&asked), 1, "{kind}: once in a reconciliation");
    }
    let of = |kind: &'static str, ids: std::ops::Range<u32>| ids.map(move |id| (kind, id));
    let waiting = of("trigger", 100..112).chain(of("oco", 200..203));
    let waiting = waiting.chain(of("move_order_stop", 300..302));
    let mut all: Vec<String> = waiting.map(|(kind, id)| format!("{kind}:{id}")).collect();
    all.extend((1..=5).map(|id| id.to_string()));
    venue.change(|memory| memory.list = all);
    let reduce = Outgoing::Reduce(Reduce::CancelAll(InstrumentId(0)));
    bench.orders.as_mut().unwrap().push(reduce).unwrap();
    let mut left = usize::MAX;
    bench.until("none", |bench| {
        venue.change(|memory| left = memory.list.len());
        left == 0 && bench.gateway.is_idle()
    });
    let asked = venue.asked("POST /api/v5/trade/cancel-algos");
    assert!((2..=5).contains(&asked), "of seventeen, some at a time: {asked}");
}

fn order(n: u32, side: Side, price: i64) -> Place {
    let (price, qty, tif) = (Price(price), Qty(10), Tif::Gtc);
    Place { client: name(n), instrument: InstrumentId(0), side, price, qty, tif }
}

const fn twin(price: i64) -> Twin {
    let (price, watched, tif) = (Price(price), Watched::Last, Tif::Gtc);
    Twin { price, trigger: price, watched, tif, is_named: false }
}

/// A fill of what the algo order of this name became.
fn fired(n: u32, order: u64) -> String {
    let mut client = [0; COMPACT_LEN];
    write_compact(name(n), &mut client);
    let client = String::from_utf8(client.to_vec()).unwrap();
    let at = Wall.now().as_ms();
    format!(
        r#"{{"arg":{{"channel":"orders","instType":"ANY"}},"data":[{{"instId":"BTC-USDT-SWAP",
            "ordId":"{order}","clOrdId":"","algoId":"901","algoClOrdId":"{client}","px":"95.0",
            "sz":"0.010","side":"sell","fillPx":"95.0","fillSz":"0.010","tradeId":"{order}",
            "fillTime":"{at}","fillFee":"-0.01","fillFeeCcy":"USDT","accFillSz":"0.010",
            "state":"filled","uTime":"{at}"}}]}}"#
    )
}

#[test]
fn linked_orders_are_one_order_that_waits_and_what_it_becomes_bears_its_name() {
    let venue = Scripted::start(script);
    let mut bench = Bench::new(wire(&venue), &venue, None);
    bench.ready();
    let until =
        Condition { price: Price(950), by: By::Price, watched: Watched::Last, rises: false };
    bench.send(Ask::Pair { stop: order(1, Side::Sell, 950), until, take: twin(1_100) });
    bench.until("accepted", |bench| bench.has("accepted #1"));
    assert_eq!((bench.count("accepted"), venue.asked("POST /api/v5/trade/order-algo")), (1, 1));
    venue.say("/ws", Some(&fired(1, 81)));
    bench.until("filled", |bench| bench.has("fill #1 Sell 10"));
    bench.send(Ask::Bracket {
        entry: order(2, Side::Buy, 1_000),
        stop: Twin { is_named: true, ..twin(950) },
        take: twin(1_100),
    });
    bench.until("accepted", |bench| bench.has("accepted #2"));
    assert_eq!(venue.asked("POST /api/v5/trade/order {"), 1);
    assert_eq!(bench.count("accepted #3"), 0, "of what sleeps nothing is told");
    venue.say("/ws", Some(&fired(3, 82)));
    bench.until("filled", |bench| bench.has("fill #3 Sell 10"));
    assert_eq!(bench.gateway.counters().malformed, 0);
}

#[test]
fn the_timer_is_renewed_while_the_engine_lives_and_a_dead_one_leaves_nothing() {
    let venue = Scripted::start(script);
    let (heart, watch) = heartbeat(Nanos::from_s(3_600));
    let mut bench = Bench::new(wire(&venue), &venue, Some(watch));
    bench.ready();
    heart.beat(Wall.now());
    bench.until("renewed", |bench| bench.gateway.counters().switch_set >= 3);
    assert!(matches!(bench.gateway.switch(), SwitchState::Set(_)));
    venue.change(|memory| memory.list = (1..=30).map(|id| id.to_string()).collect());
    heart.panicked();
    bench.until("halted", |bench| bench.gateway.state() == GatewayState::Halted);
    venue.change(|memory| assert!(memory.list.is_empty()));
    let renewed = venue.asked("POST /api/v5/trade/cancel-all-after");
    let mut turns = 0;
    bench.until("many turns", |_| {
        turns += 1;
        turns > 1_000
    });
    assert_eq!(venue.asked("POST /api/v5/trade/cancel-all-after"), renewed);
    assert_eq!(bench.gateway.counters().halts_unconfirmed, 0);
}

#[test]
fn funding_is_asked_for_and_told_once() {
    let venue = Scripted::start(script);
    let mut bench = Bench::new(wire(&venue), &venue, None);
    bench.ready();
    venue.change(|memory| memory.orders = 1);
    let due = r#"{"arg":{"channel":"balance_and_position"},"data":[{"eventType":"funding_fee"}]}"#;
    venue.say("/ws", Some(due));
    bench.until("told", |bench| bench.has("funding -50000000 of 0 asked"));
    let asked = venue.asked("GET /api/v5/account/bills");
    venue.say("/ws", Some(due));
    bench.until("asked again", |bench| {
        venue.asked("GET /api/v5/account/bills") > asked && bench.gateway.is_idle()
    });
    assert_eq!((bench.count("funding"), bench.gateway.counters().payments), (1, 1));
}
