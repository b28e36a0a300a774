//! What every dialect must do: requests to text, text to what it says, and no panic whatever comes.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows tests by attribute only

use engine::asset::Assets;
use engine::id::{ClientId, InstrumentId, OrderId, Side};
use engine::instrument::{Instrument, Symbol};
use engine::intent::{OrderRef, Place, Tif};
use engine::num::{Grid, Price, Qty};
use engine::time::Nanos;
use feeds::net::HttpReply;
use proptest::prelude::*;
use venues::binance_spot::{BinanceSpot, Config, SelfTrade};
use venues::credentials::Credentials;
use venues::wire::{Ask, Heard, Kind, RequestId, Verdict, Wire};

const HMAC: &str = r#"{"kind":"hmac","api_key":"key","secret":"secretsecret"}"#;
const ED25519: &str = r#"{"kind":"ed25519","api_key":"TESTKEY",
 "private_key_pem":"-----BEGIN PRIVATE KEY-----
 MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u
 -----END PRIVATE KEY-----"}"#;

/// Joins lines that were broken for the reader: JSON here has none of its own.
fn one_line(text: &str) -> String {
    text.lines().map(str::trim_start).collect()
}

const AT_MS: u64 = 1_700_000_000_000;
const ID: &str = "pg-6a1f3b20-0000000f-00000ba9ca2bb3";

fn instrument() -> Instrument {
    let mut assets = Assets::default();
    let mut asset = |name: &str| assets.intern(Symbol::new(name).unwrap()).unwrap();
    let pair = (asset("BTC"), asset("USDT"));
    let grid = |decimals| Grid { decimals, step: 1 };
    Instrument::new(InstrumentId(0), Symbol::new("BTCUSDT").unwrap(), pair, (grid(2), grid(5)))
}

fn wire(key: &str) -> BinanceSpot {
    let mut assets = Assets::default();
    for name in ["BTC", "USDT", "BNB"] {
        assets.intern(Symbol::new(name).unwrap()).unwrap();
    }
    let config = Config {
        ws_api_url: "wss://ws-api.binance.com:443/ws-api/v3".to_owned(),
        rest_url: "https://api.binance.com".to_owned(),
        recv_window_ms: 2_000,
        self_trade_prevention: SelfTrade::ExpireTaker,
        limits: Vec::new(),
    };
    let credentials = Credentials::from_json(one_line(key).as_bytes(), "test").unwrap();
    BinanceSpot::new(config, credentials, &[instrument()], assets)
}

fn order(venue_order: u64) -> OrderRef {
    let client = ClientId { order: OrderId::new(0x6a1f_3b20, 15), cause: 50_093_239_219 };
    OrderRef { client, venue_order, instrument: InstrumentId(0) }
}

fn place(tif: Tif) -> Place {
    Place {
        client: order(0).client,
        instrument: InstrumentId(0),
        side: Side::Sell,
        price: Price(5_200_000),
        qty: Qty(1_000),
        tif,
    }
}

fn sent(key: &str, ask: Ask) -> String {
    let mut wire = wire(key);
    let id = RequestId::new(1, ask.kind());
    let text = wire.encode(&ask, id, AT_MS).unwrap();
    let value: serde_json::Value = serde_json::from_slice(text).expect("it is JSON");
    assert!(value["id"].is_string() && value["method"].is_string());
    String::from_utf8(text.to_vec()).unwrap()
}

#[test]
fn a_session_sends_orders_without_signatures() {
    let check = |ask: Ask, expect: &str| assert_eq!(sent(ED25519, ask), one_line(expect));
    check(
        Ask::Place(place(Tif::PostOnly)),
        &format!(
            r#"{{"id":"0000000000000023","method":"order.place","params":{{"recvWindow":2000,
             "timestamp":1700000000000,"symbol":"BTCUSDT","side":"SELL","type":"LIMIT_MAKER",
             "newOrderRespType":"ACK","selfTradePreventionMode":"EXPIRE_TAKER",
             "newClientOrderId":"{ID}","price":"52000.00","quantity":"0.01000"}}}}"#
        ),
    );
    check(
        Ask::Cancel(order(12_569_099_453)),
        r#"{"id":"0000000000000025","method":"order.cancel","params":{"recvWindow":2000,
         "timestamp":1700000000000,"symbol":"BTCUSDT","orderId":12569099453}}"#,
    );
    check(
        Ask::Cancel(order(0)),
        &format!(
            r#"{{"id":"0000000000000025","method":"order.cancel","params":{{"recvWindow":2000,
             "timestamp":1700000000000,"symbol":"BTCUSDT","origClientOrderId":"{ID}"}}}}"#
        ),
    );
    check(
        Ask::Amend { order: order(7), qty: Qty(500) },
        &format!(
            r#"{{"id":"0000000000000026","method":"order.amend.keepPriority",
             "params":{{"recvWindow":2000,"timestamp":1700000000000,"symbol":"BTCUSDT",
             "newClientOrderId":"{ID}","orderId":7,"newQty":"0.00500"}}}}"#
        ),
    );
    check(Ask::Time, r#"{"id":"0000000000000020","method":"time"}"#);
    check(
        Ask::Logon,
        r#"{"id":"0000000000000021","method":"session.logon","params":{"apiKey":"TESTKEY",
         "timestamp":1700000000000,
         "signature":"yPN9U5r5SLMlMZBE/SOqMx5eWb0wPWIoGPwP84l7NWbl
          KCRy5vNNM+77QT4Ef2+joXTrTe5r6MvBa7KBw6A2DQ=="}}"#,
    );
    check(Ask::Subscribe, r#"{"id":"0000000000000022","method":"userDataStream.subscribe"}"#);
}

#[test]
fn a_replace_names_the_old_order_as_it_is_known() {
    let check = |old: OrderRef, name: &str| {
        let text = sent(ED25519, Ask::Replace { old, new: place(Tif::Ioc) });
        assert!(text.contains(name), "{text}");
        assert!(text.contains(r#""cancelReplaceMode":"STOP_ON_FAILURE""#), "{text}");
        assert!(text.contains(r#""type":"LIMIT""#) && text.contains(r#""timeInForce":"IOC""#));
    };
    check(order(12), r#""cancelOrderId":12}"#);
    check(order(0), &format!(r#""cancelOrigClientOrderId":"{ID}""#));
}

/// Signs with the library that the product does not use for it, over parameters read back from the
/// message and sorted as documented.
#[test]
fn every_hmac_request_carries_a_right_signature() {
    let new = place(Tif::Gtc);
    let asks = [
        Ask::Place(place(Tif::PostOnly)),
        Ask::Place(new),
        Ask::Replace { old: order(0), new },
        Ask::Replace { old: order(99), new },
        Ask::Cancel(order(0)),
        Ask::Cancel(order(99)),
        Ask::Amend { order: order(99), qty: Qty(1) },
        Ask::CancelAll(InstrumentId(0)),
        Ask::Query { order: order(99), by_venue_id: false, ended: false },
        Ask::Query { order: order(99), by_venue_id: true, ended: false },
        Ask::OpenOrders { instrument: InstrumentId(0), page: 0 },
        Ask::Balances,
        Ask::Trades { instrument: InstrumentId(0), from: None, page: 0 },
        Ask::Trades { instrument: InstrumentId(0), from: Some(5), page: 0 },
        Ask::TradesOf(order(5)),
        Ask::Subscribe,
    ];
    for ask in asks {
        let text = sent(HMAC, ask);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let params = value["params"].as_object().unwrap();
        let mut pairs: Vec<String> = params
            .iter()
            .filter(|(key, _)| *key != "signature")
            .map(|(key, value)| match value.as_str() {
                Some(text) => format!("{key}={text}"),
                None => format!("{key}={value}"),
            })
            .collect();
        pairs.sort();
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"secretsecret");
        let expect = hex::encode(aws_lc_rs::hmac::sign(&key, pairs.join("&").as_bytes()));
        assert_eq!(params["signature"].as_str(), Some(expect.as_str()), "{text}");
    }
}

fn heard(wire: &mut BinanceSpot, text: &str) -> Vec<Heard> {
    let mut heard = Vec::new();
    let mut bytes = one_line(text).into_bytes();
    let read = wire.on_bytes(&mut bytes, &mut |what| heard.push(what));
    assert_eq!(read.is_err(), text.contains("surprise"), "{text}");
    heard
}

fn id(kind: Kind) -> String {
    let mut text = [0; 16];
    RequestId::new(1, kind).write(&mut text);
    String::from_utf8(text.to_vec()).unwrap()
}

fn check_answer(kind: Kind, rest: &str, expect: &str) {
    let mut wire = wire(ED25519);
    let text = format!(r#"{{"id":"{}",{rest}}}"#, id(kind));
    let all = heard(&mut wire, &text);
    let shown: Vec<String> = all
        .iter()
        .map(|what| match what {
            Heard::Answer(_, verdict) => format!("{verdict:?}"),
            Heard::Usage(usage) => format!("used {}", usage.used),
            Heard::Limited { until_ms, banned } => format!("limited {until_ms} {banned}"),
            other => format!("{other:?}"),
        })
        .collect();
    let shown = shown.join("; ");
    assert!(shown.contains(expect), "{text}\n  {shown}");
}

#[test]
fn answers_say_what_became_of_a_request() {
    let check = check_answer;
    check(
        Kind::Place,
        r#""status":200,"result":{"symbol":"BTCUSDT","orderId":12569099453,"orderListId":-1,
         "clientOrderId":"mm-1","transactTime":1},"rateLimits":[{"rateLimitType":"ORDERS",
         "interval":"SECOND","intervalNum":10,"limit":50,"count":7}]"#,
        "used 7; Placed { venue_order: 12569099453 }",
    );
    check(
        Kind::Place,
        r#""status":400,"error":{"code":-2010,"msg":"Order would immediately match and take."}"#,
        "Refused(Refusal { reason: WouldTake, code: -2010 })",
    );
    check(Kind::Place, r#""status":504,"error":{"code":-1007,"msg":"Timeout"}"#, "Unknown");
    check(Kind::Place, r#""status":200,"result":{"surprise":1}"#, "Unknown");
    check(
        Kind::Place,
        r#""status":429,"error":{"code":-1003,"msg":"slow","data":{"serverTime":1,
         "retryAfter":1700000005000}}"#,
        "limited 1700000005000 false; Refused(Refusal { reason: RateLimit",
    );
}

#[test]
fn a_replace_is_told_leg_by_leg() {
    let check = check_answer;
    let done = r#"{"symbol":"BTCUSDT","orderId":5,"executedQty":"0.00100000","origQty":"0.01"}"#;
    let failed = r#"{"code":-2011,"msg":"Unknown order sent."}"#;
    let rejected = r#"{"code":-2010,"msg":"Order would immediately match and take."}"#;
    let both = |status: u16, code: i32, cancel: (&str, &str), place: (&str, &str)| {
        let legs = format!(
            r#"{{"cancelResult":"{}","newOrderResult":"{}","cancelResponse":{},
             "newOrderResponse":{}}}"#,
            cancel.0, place.0, cancel.1, place.1
        );
        if status == 200 {
            format!(r#""status":200,"result":{legs}"#)
        } else {
            format!(r#""status":{status},"error":{{"code":{code},"msg":"x","data":{legs}}}"#)
        }
    };
    check(
        Kind::Replace,
        &both(200, 0, ("SUCCESS", done), ("SUCCESS", r#"{"symbol":"BTCUSDT","orderId":6}"#)),
        "cancel: Done { venue_order: 5, filled: Some(Qty(100)) }, place: Done { venue_order: 6",
    );
    check(
        Kind::Replace,
        &both(409, -2021, ("SUCCESS", done), ("FAILURE", rejected)),
        "filled: Some(Qty(100)) }, place: Refused(Refusal { reason: WouldTake",
    );
    check(
        Kind::Replace,
        &both(400, -2022, ("FAILURE", failed), ("NOT_ATTEMPTED", "null")),
        "cancel: Refused(Refusal { reason: UnknownOrder, code: -2011 }), place: NotAttempted",
    );
    check(
        Kind::Replace,
        &both(409, -2021, ("SUCCESS", done), ("FAILURE", r#"{"code":-1007,"msg":"?"}"#)),
        "place: Unknown",
    );
    check(Kind::CancelAll, r#""status":400,"error":{"code":-2011,"msg":"Unknown order"}"#, "Done");
    check(Kind::Subscribe, r#""status":400,"error":{"code":-2035,"msg":"active"}"#, "Done");
    check(Kind::Time, r#""status":200,"result":{"serverTime":1700000000123}"#, "1700000000123");
}

#[test]
fn the_private_stream_says_what_became_of_an_order() {
    let mut wire = wire(HMAC);
    let base = |x: &str, status: &str, c: &str, original: &str, more: &str| {
        format!(
            r#"{{"subscriptionId":0,"event":{{"e":"executionReport","E":1760000000123,
             "s":"BTCUSDT","c":"{c}","S":"SELL","o":"LIMIT_MAKER","f":"GTC","q":"0.01000000",
             "p":"52000.00000000","g":-1,"C":"{original}","x":"{x}","X":"{status}","r":"NONE",
             "i":12569099453,"l":"0.00400000","z":"0.00400000","L":"52000.00000000",
             "n":"0.20800000","N":"USDT","t":1650422481,"I":8641984,"w":true,"m":true{more}}}}}"#
        )
    };
    let mut check = |text: String, expect: &[&str]| {
        let all = heard(&mut wire, &text);
        let shown = format!("{all:?}");
        for part in expect {
            assert!(shown.contains(part), "{text}\n  {shown}\n  lacks {part}");
        }
    };
    let fill = base("TRADE", "PARTIALLY_FILLED", ID, "", "");
    check(fill, &["trade: 1650422481", "Sell", "Qty(400)", "Amount(20800000)", "maker: true"]);
    let cancel = base("CANCELED", "CANCELED", "web_1", ID, "");
    check(cancel, &["#6a1f3b20-0000000f", "end: Cancelled", "filled: Some(Qty(400))"]);
    check(base("NEW", "NEW", "web_1", "", ""), &["client: None", "Accepted"]);
    check(base("REPLACED", "NEW", ID, ID, ""), &["Amended { price: None, qty: Qty(1000) }"]);
    check(base("TRADE_PREVENTION", "EXPIRED_IN_MATCH", ID, "", ""), &["SelfTrade"]);
    let expired = base("EXPIRED", "EXPIRED", ID, "", r#","eR":"UNFILLED_IOC_QUANTITY_EXPIRED""#);
    check(expired, &["end: Expired", "reason: Expired"]);
    check(r#"{"event":{"e":"serverShutdown","E":1}}"#.to_owned(), &["Closing"]);
    check(r#"{"subscriptionId":0,"event":{"e":"eventStreamTerminated"}}"#.into(), &["StreamEnded"]);
    check(
        r#"{"event":{"e":"outboundAccountPosition","u":1,"B":[{"a":"BNB","f":"1.5",
         "l":"0.00000001"}]}}"#
            .into(),
        &["asset: AssetId(2), free: Amount(150000000), locked: Amount(1)"],
    );
    let revoked = r#"{"id":null,"status":401,"error":{"code":-2015,"msg":"Invalid API-key"}}"#;
    check(revoked.into(), &["AuthRefused { code: -2015 }"]);
}

#[test]
fn rest_says_the_same() {
    let mut wire = wire(ED25519);
    let request = wire.encode_http(&Ask::Cancel(order(12)), AT_MS).unwrap();
    let (plain, signature) = request.url.split_once("&signature=").unwrap();
    assert_eq!(
        plain,
        "https://api.binance.com/api/v3/order?recvWindow=2000&timestamp=1700000000000\
         &symbol=BTCUSDT&orderId=12"
    );
    assert!(signature.ends_with("%3D%3D") && !signature.contains('+'), "{signature}");
    assert_eq!(request.headers, [("X-MBX-APIKEY".to_owned(), "TESTKEY".to_owned())]);
    let mut check = |kind: Kind, status: u16, body: &str, expect: &str| {
        let mut reply =
            HttpReply { status, body: body.as_bytes().to_vec(), ..HttpReply::default() };
        let mut heard = Vec::new();
        wire.on_http(RequestId::new(1, kind), &mut reply, &mut |what| heard.push(what));
        assert!(format!("{heard:?}").contains(expect), "{body}\n  {heard:?}");
    };
    check(Kind::Place, 200, r#"{"symbol":"BTCUSDT","orderId":3}"#, "Placed { venue_order: 3 }");
    check(Kind::Place, 502, "<html>bad gateway</html>", "Unknown");
    check(Kind::Place, 429, "<html>slow down</html>", "Limited");
    check(Kind::Place, 400, r#"{"code":-2010,"msg":"insufficient balance"}"#, "Balance");
}

#[test]
fn limits_of_the_transport_hold() {
    let mut wire = wire(HMAC);
    assert_eq!(wire.window(), Nanos::from_ms(2_000));
    let foreign = ClientId { order: OrderId::new(OrderId::FOREIGN_EPOCH, 4), cause: 0 };
    let by_id = OrderRef { client: foreign, venue_order: 44, instrument: InstrumentId(0) };
    let request = RequestId::new(1, Kind::Cancel);
    let text = wire.encode(&Ask::Cancel(by_id), request, AT_MS).unwrap().to_vec();
    assert!(String::from_utf8(text).unwrap().contains(r#""orderId":44"#));
    let nameless = OrderRef { venue_order: 0, ..by_id };
    assert!(wire.encode(&Ask::Cancel(nameless), request, AT_MS).is_err());
    let elsewhere = OrderRef { instrument: InstrumentId(7), ..by_id };
    assert!(wire.encode(&Ask::Cancel(elsewhere), request, AT_MS).is_err());
}

proptest! {
    /// Whatever comes, nothing panics, and a place is only ever answered once.
    #[test]
    fn no_bytes_break_it(cut in 0_usize..600, at in 0_usize..600, byte: u8, kind in 0_usize..13) {
        let mut wire = wire(HMAC);
        let samples = [
            format!(r#"{{"id":"{}","status":200,"result":[{{"symbol":"BTCUSDT","id":1,
             "orderId":2,"price":"1.00","qty":"0.00001","commission":"0.1",
             "commissionAsset":"BNB","isBuyer":true,"isMaker":true}}],
             "rateLimits":[{{"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,"limit":9,
             "count":1}}]}}"#, id(Kind::ALL[kind])),
            format!(r#"{{"id":"{}","status":400,"error":{{"code":-2022,"msg":"x",
             "data":{{"cancelResult":"FAILURE","newOrderResult":"NOT_ATTEMPTED",
             "cancelResponse":{{"code":-2011,"msg":"y"}},
             "newOrderResponse":null}}}}}}"#, id(Kind::ALL[kind])),
            r#"{"subscriptionId":0,"event":{"e":"executionReport","E":1,"s":"BTCUSDT","c":"a",
             "S":"BUY","q":"0.01","C":"","x":"TRADE","X":"FILLED","i":9,"l":"0.01","z":"0.01",
             "L":"5.00","n":"0","N":null,"t":5,"m":false}}"#.to_owned(),
        ];
        for sample in samples {
            let mut bytes = one_line(&sample).into_bytes();
            bytes.truncate(cut);
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            let mut answers = 0;
            let mut copy = bytes.clone();
            let _ = wire.on_bytes(&mut bytes, &mut |what| {
                answers += usize::from(matches!(what, Heard::Answer(_, _)));
            });
            prop_assert!(answers <= 1);
            let body = core::mem::take(&mut copy);
            let mut reply = HttpReply { status: 200, body, ..HttpReply::default() };
            let mut last = None;
            wire.on_http(RequestId::new(1, Kind::Place), &mut reply, &mut |what| last = Some(what));
            let answered = matches!(
                last,
                Some(Heard::Answer(_, Verdict::Placed { .. } | Verdict::Unknown { .. }))
            );
            prop_assert!(answered, "a reply of 200 is an order or an open outcome: {:?}", last);
        }
    }
}
