//! Orders of Binance that trail or are linked, of which the witness has no vectors: beside the
//! tables and examples of the venue's documentation (its requests `orderList.place.oco`,
//! `orderList.place.otoco` and `algoOrder.place`, and its page about trailing stops).

use super::{Fields, assets, instrument, object, place, query, without};
use engine::condition::{By, Condition, Watched};
use engine::id::Side;
use engine::instrument::{Instrument, Kind};
use engine::intent::Tif;
use engine::num::Price;
use serde_json::Value;
use venues::binance_spot::{self, BinanceSpot};
use venues::binance_usdm::{self, BinanceUsdm};
use venues::credentials::Credentials;
use venues::sign::Signer;
use venues::wire::{Ask, RequestId, Twin, Wire};

const AT_MS: u64 = 1_712_544_408_509;

/// Parameters of each request: those that it must have, and others that it may have. A leg must
/// have its price, trigger and time in force because its type says so.
const OCO: [&str; 2] = [
    "symbol side quantity aboveType belowType abovePrice aboveStopPrice aboveTimeInForce belowPrice
     belowStopPrice belowTimeInForce apiKey timestamp signature",
    "listClientOrderId aboveClientOrderId belowClientOrderId newOrderRespType recvWindow
     selfTradePreventionMode",
];
const OTOCO: [&str; 2] = [
    "symbol workingType workingSide workingPrice workingQuantity workingTimeInForce pendingSide
     pendingQuantity pendingAboveType pendingAbovePrice pendingAboveStopPrice
     pendingAboveTimeInForce pendingBelowType pendingBelowPrice pendingBelowStopPrice
     pendingBelowTimeInForce apiKey timestamp signature",
    "listClientOrderId workingClientOrderId pendingAboveClientOrderId pendingBelowClientOrderId
     newOrderRespType recvWindow selfTradePreventionMode",
];
const ALGO: [&str; 2] = [
    "algoType symbol side type quantity callbackRate apiKey timestamp signature",
    "workingType clientAlgoId selfTradePreventionMode recvWindow activatePrice reduceOnly",
];

fn credentials() -> Credentials {
    let text = br#"{"kind":"hmac","api_key":"key","secret":"secretsecret"}"#;
    Credentials::from_json(text, "test").unwrap()
}

fn spot() -> (BinanceSpot, Instrument) {
    let config = binance_spot::Config {
        ws_api_url: "wss://ws-api.binance.com:443/ws-api/v3".to_owned(),
        rest_url: "https://api.binance.com".to_owned(),
        recv_window_ms: 5_000,
        self_trade_prevention: binance_spot::SelfTrade::ExpireMaker,
        limits: Vec::new(),
    };
    let one = instrument(0, "BTCUSDT", Kind::Spot, [2, 5, 5]);
    (BinanceSpot::new(config, credentials(), &[one], assets().0), one)
}

fn usdm() -> (BinanceUsdm, Instrument) {
    let config = binance_usdm::Config {
        ws_api_url: "wss://ws-fapi.binance.com/ws-fapi/v1".to_owned(),
        stream_url: "wss://fstream.binance.com/private".to_owned(),
        rest_url: "https://fapi.binance.com".to_owned(),
        recv_window_ms: 5_000,
        self_trade_prevention: binance_usdm::SelfTrade::ExpireTaker,
        switch_ms: 0,
        limits: Vec::new(),
    };
    let one = instrument(0, "BTCUSDT", Kind::Linear, [1, 3, 3]);
    (BinanceUsdm::new(config, credentials(), &[one], assets().0), one)
}

/// The parameters of a request over the WebSocket, all of which the venue documents.
fn sent<W: Wire>(wire: &mut W, ask: &Ask, method: &str, documented: [&str; 2]) -> Fields {
    let id = RequestId::new(1, ask.kind());
    let text = wire.encode(ask, id, AT_MS).unwrap();
    let message: Value = serde_json::from_slice(text).unwrap();
    assert_eq!(message["method"], method);
    let params = message["params"].as_object().unwrap();
    let [must, may] = documented.map(|names| names.split_whitespace().collect::<Vec<&str>>());
    for name in &must {
        assert!(params.contains_key(*name), "{method} without {name}");
    }
    for name in params.keys() {
        let known = must.contains(&name.as_str()) || may.contains(&name.as_str());
        assert!(known, "{method} has no {name}");
    }
    let mut pairs: Vec<String> = params
        .iter()
        .filter(|(name, _)| *name != "signature")
        .map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name}={text}"),
            None => format!("{name}={value}"),
        })
        .collect();
    pairs.sort();
    let signer = Signer::hmac(b"secretsecret").unwrap();
    assert_eq!(signer.sign(pairs.join("&").as_bytes()).as_str(), params["signature"], "{method}");
    let rest = wire.encode_http(ask, AT_MS).unwrap();
    let (payload, signature) = rest.url.split_once("&signature=").unwrap();
    let payload = payload.split_once('?').unwrap().1;
    assert_eq!(signer.sign(payload.as_bytes()).as_str(), signature, "{method} over REST");
    let fields = object(&message["params"]);
    let twin = without(query(payload), &[]);
    assert_eq!(without(fields.clone(), &[("apiKey", ""), ("signature", "")]), twin, "{method}");
    fields
}

fn twin(one: &Instrument, price: &str, trigger: &str, tif: Tif) -> Twin {
    let [price, trigger] =
        [price, trigger].map(|text| -> Price { one.price(text.as_bytes()).unwrap() });
    Twin { price, trigger, watched: Watched::Last, tif, is_named: true }
}

fn check(fields: &Fields, expect: &[(&str, &str)]) {
    for (name, value) in expect {
        assert_eq!(fields.get(*name).map(String::as_str), Some(*value), "{name}");
    }
}

/// "SELL: take-profit > last price > stop-loss", the higher one being the above order; of a buy the
/// other way round.
#[test]
fn the_legs_of_a_pair_are_above_and_below() {
    let (mut wire, one) = spot();
    let pair = |side: Side, stop: (&str, &str), take: (&str, &str)| {
        let order = place(&one, side, (stop.1, "0.01"), Tif::Ioc);
        let until = twin(&one, stop.1, stop.0, Tif::Ioc).until(side == Side::Buy);
        Ask::Pair { stop: order, until, take: twin(&one, take.1, take.0, Tif::Gtc) }
    };
    let ask = pair(Side::Sell, ("39000", "38500"), ("41000", "41010.5"));
    let fields = sent(&mut wire, &ask, "orderList.place.oco", OCO);
    let (first, second) =
        ("pg-00000001-00000001-00000000000000", "pg-00000001-00000002-00000000000000");
    check(
        &fields,
        &[
            ("side", "SELL"),
            ("quantity", "0.01"),
            ("aboveType", "TAKE_PROFIT_LIMIT"),
            ("aboveTimeInForce", "GTC"),
            ("aboveStopPrice", "41000"),
            ("abovePrice", "41010.5"),
            ("aboveClientOrderId", second),
            ("belowType", "STOP_LOSS_LIMIT"),
            ("belowTimeInForce", "IOC"),
            ("belowStopPrice", "39000"),
            ("belowPrice", "38500"),
            ("belowClientOrderId", first),
        ],
    );
    let ask = pair(Side::Buy, ("41000", "41500"), ("39000", "38990"));
    let fields = sent(&mut wire, &ask, "orderList.place.oco", OCO);
    check(
        &fields,
        &[
            ("side", "BUY"),
            ("aboveType", "STOP_LOSS_LIMIT"),
            ("aboveStopPrice", "41000"),
            ("abovePrice", "41500"),
            ("aboveClientOrderId", first),
            ("belowType", "TAKE_PROFIT_LIMIT"),
            ("belowStopPrice", "39000"),
            ("belowPrice", "38990"),
            ("belowClientOrderId", second),
        ],
    );
}

#[test]
fn what_sleeps_behind_an_entry_is_of_the_other_side() {
    let (mut wire, one) = spot();
    let entry = place(&one, Side::Buy, ("39990", "0.01"), Tif::Gtc);
    let stop = twin(&one, "38500", "39000", Tif::Ioc);
    let take = twin(&one, "40900", "41000", Tif::Ioc);
    let ask = Ask::Bracket { entry, stop, take };
    let fields = sent(&mut wire, &ask, "orderList.place.otoco", OTOCO);
    check(
        &fields,
        &[
            ("workingType", "LIMIT"),
            ("workingTimeInForce", "GTC"),
            ("workingSide", "BUY"),
            ("workingPrice", "39990"),
            ("workingQuantity", "0.01"),
            ("workingClientOrderId", "pg-00000001-00000001-00000000000000"),
            ("pendingSide", "SELL"),
            ("pendingQuantity", "0.01"),
            ("pendingAboveType", "TAKE_PROFIT_LIMIT"),
            ("pendingAboveStopPrice", "41000"),
            ("pendingAboveClientOrderId", "pg-00000001-00000003-00000000000000"),
            ("pendingBelowType", "STOP_LOSS_LIMIT"),
            ("pendingBelowStopPrice", "39000"),
            ("pendingBelowClientOrderId", "pg-00000001-00000002-00000000000000"),
        ],
    );
}

fn trails(one: &Instrument, side: Side, ppm: i64, watched: Watched) -> Ask {
    let order = place(one, side, ("37500", "0.01"), Tif::Ioc);
    let (price, by, rises) = (Price(ppm), By::Share, side == Side::Buy);
    Ask::Conditional { order, until: Condition { price, by, watched, rises } }
}

/// "Placing a trailing stop `STOP_LOSS_LIMIT SELL` order, with a price of 37,500.0 and a trailing
/// stop of 2.5%", without a stop price.
#[test]
fn a_trailing_stop_of_spot_is_as_in_the_example() {
    let example = "symbol=BTCUSDT&side=SELL&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=0.01\
        &price=37500&trailingDelta=250";
    let (mut wire, one) = spot();
    let request =
        wire.encode_http(&trails(&one, Side::Sell, 25_000, Watched::Last), AT_MS).unwrap();
    assert!(request.url.starts_with("https://api.binance.com/api/v3/order?"), "{}", request.url);
    let ours = query(request.url.split_once('?').unwrap().1);
    let exceptions = [
        ("timeInForce", "what fires takes: ours is IOC"),
        ("newClientOrderId", "ours are of our form"),
        ("newOrderRespType", "ACK: the stream tells the rest"),
        ("selfTradePreventionMode", "a setting"),
        ("recvWindow", "a setting"),
        ("timestamp", "of each request"),
        ("signature", "compared by signing"),
    ];
    assert_eq!(without(ours, &exceptions), without(query(example), &exceptions));
    let mark = wire.encode_http(&trails(&one, Side::Sell, 25_000, Watched::Mark), AT_MS);
    assert!(mark.is_err(), "Spot has no mark price");
}

/// "`callbackRate`: min 0.1, max 10 where 1 for 1%"; without a price to be activated at it trails
/// from now.
#[test]
fn a_trailing_stop_of_usdm_is_an_order_of_the_algo_service() {
    let (mut wire, one) = usdm();
    for (ppm, rate, watched, by) in [
        (1_000, "0.1", Watched::Last, "CONTRACT_PRICE"),
        (12_000, "1.2", Watched::Mark, "MARK_PRICE"),
        (100_000, "10", Watched::Last, "CONTRACT_PRICE"),
    ] {
        let ask = trails(&one, Side::Buy, ppm, watched);
        let fields = sent(&mut wire, &ask, "algoOrder.place", ALGO);
        check(
            &fields,
            &[
                ("algoType", "CONDITIONAL"),
                ("type", "TRAILING_STOP_MARKET"),
                ("side", "BUY"),
                ("callbackRate", rate),
                ("workingType", by),
            ],
        );
    }
}
