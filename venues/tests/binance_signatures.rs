//! Binance's two kinds of keys: with Ed25519 a session is authenticated once and its orders carry
//! no signature; with HMAC each request is signed. What is sent beside signatures, and what is
//! heard, is in the conformance suite.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows tests by attribute only

use engine::asset::Assets;
use engine::id::{ClientId, InstrumentId, OrderId, Side};
use engine::instrument::{Instrument, Symbol};
use engine::intent::{OrderRef, Place, Tif};
use engine::num::{Grid, Price, Qty};
use engine::time::Nanos;
use venues::binance_spot::{BinanceSpot, Config, SelfTrade};
use venues::credentials::Credentials;
use venues::wire::{Ask, Kind, RequestId, Wire};

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
    OrderRef { client, venue_order, instrument: InstrumentId(0), waits: false }
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
        Ask::CancelAll { instrument: InstrumentId(0), waiting: false },
        Ask::Query { order: order(99), by_venue_id: false, ended: false },
        Ask::Query { order: order(99), by_venue_id: true, ended: false },
        Ask::OpenOrders { instrument: InstrumentId(0), list: 0, page: 0 },
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

#[test]
fn a_session_still_signs_over_rest() {
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
}

#[test]
fn limits_of_the_transport_hold() {
    let mut wire = wire(HMAC);
    assert_eq!(wire.window(), Nanos::from_ms(2_000));
    let foreign = ClientId { order: OrderId::new(OrderId::FOREIGN_EPOCH, 4), cause: 0 };
    let by_id =
        OrderRef { client: foreign, venue_order: 44, instrument: InstrumentId(0), waits: false };
    let request = RequestId::new(1, Kind::Cancel);
    let text = wire.encode(&Ask::Cancel(by_id), request, AT_MS).unwrap().to_vec();
    assert!(String::from_utf8(text).unwrap().contains(r#""orderId":44"#));
    let nameless = OrderRef { venue_order: 0, ..by_id };
    assert!(wire.encode(&Ask::Cancel(nameless), request, AT_MS).is_err());
    let elsewhere = OrderRef { instrument: InstrumentId(7), ..by_id };
    assert!(wire.encode(&Ask::Cancel(elsewhere), request, AT_MS).is_err());
}
