//! Binance USDⓈ-M.

use super::{
    Exception, assets, each_rest, each_ws, header, instrument, key, object, old, parts, place,
    query, signer, vectors, without,
};
use engine::condition::{By, Condition, Watched};
use engine::id::{InstrumentId, Side};
use engine::instrument::{Instrument, Kind};
use engine::intent::Tif;
use serde_json::Value;
use venues::binance_usdm::{BinanceUsdm, Config, SelfTrade};
use venues::wire::{Ask, RequestId, Wire};

const EXCEPTIONS: [Exception; 11] = [
    ("clientAlgoId", "ours are of our form"),
    ("timestamp", "compared by signing what was sent: the witness leaves it out of algo orders"),
    ("timeInForce", "GTC is the default, and ours says so"),
    ("workingType", "the contract price is the default, and ours says so"),
    ("newClientOrderId", "ours are of our form"),
    ("newOrderRespType", "RESULT there, ACK here: faster, and the stream tells the rest"),
    ("recvWindow", "a setting"),
    ("signature", "compared by signing what was sent"),
    ("returnRateLimits", "we want to be told"),
    ("startTime", "trades are asked for from an id"),
    ("limit", "as many as one page holds"),
];
const ONE: InstrumentId = InstrumentId(0);

fn wire(vectors: &Value) -> BinanceUsdm {
    let config = Config {
        ws_api_url: "wss://ws-fapi.binance.com/ws-fapi/v1".to_owned(),
        stream_url: "wss://fstream.binance.com/private".to_owned(),
        rest_url: "https://fapi.binance.com".to_owned(),
        recv_window_ms: 5_000,
        self_trade_prevention: SelfTrade::Default,
        switch_ms: 0,
        limits: Vec::new(),
    };
    BinanceUsdm::new(config, key(vectors), &[one()], assets().0)
}

fn one() -> Instrument {
    instrument(0, "BTCUSDT", Kind::Linear, [1, 3, 3])
}

/// What we would send for the witness's case; `None` for orders that we never send.
fn ask(method: &str, words: &str) -> Option<Ask> {
    let one = one();
    let limit = |tif| Some(Ask::Place(place(&one, Side::Buy, ("36000.5", "0.01"), tif)));
    let order = old(1_234_567_890, ONE);
    match (method, words) {
        ("createOrder", "limit buy" | "limit buy client id") => limit(Tif::Gtc),
        ("createOrder", "limit buy post-only") => limit(Tif::PostOnly),
        ("createOrder", "limit buy IOC") => limit(Tif::Ioc),
        ("createOrder", "trigger (stop) limit sell") => {
            let order = place(&one, Side::Sell, ("34200.5", "0.01"), Tif::Gtc);
            let price = one.price(b"34560.5").unwrap();
            let until = Condition { by: By::Price, price, watched: Watched::Last, rises: false };
            Some(Ask::Conditional { order, until })
        }
        ("editOrder", _) | ("editOrderWs", _) => {
            let new = place(&one, Side::Buy, ("35640.5", "0.01"), Tif::Gtc);
            Some(Ask::Move { old: order, new })
        }
        ("cancelOrder", "cancel by id") | ("cancelOrderWs", _) => Some(Ask::Cancel(order)),
        ("cancelAllOrders", _) => Some(Ask::CancelAll { instrument: ONE, waiting: false }),
        ("fetchOpenOrders", _) => Some(Ask::OpenOrders { instrument: ONE, list: 0, page: 0 }),
        ("fetchOrder", _) => Some(Ask::Query { order, by_venue_id: true, ended: false }),
        ("fetchMyTrades", _) => Some(Ask::Trades { instrument: ONE, from: None, page: 0 }),
        ("fetchPositions", _) => Some(Ask::Position(ONE)),
        // Balances: theirs reads `/fapi/v3/account`, ours `/fapi/v3/balance`, as the notes say.
        _ => None,
    }
}

#[test]
fn rest_requests_agree() {
    let Some(vectors) = vectors("binanceusdm") else { return };
    let (mut wire, signer) = (wire(&vectors), signer(&vectors));
    let at_ms = vectors["clock_ms"].as_u64().unwrap();
    let mut compared = 0;
    each_rest(&vectors, |method, words, _, theirs| {
        let Some(ask) = ask(method, words) else { return };
        let ours = wire.encode_http(&ask, at_ms).unwrap();
        let (path, params) = parts(&ours.url);
        let (their_path, in_url) = parts(theirs["url"].as_str().unwrap());
        assert_eq!(path, their_path, "{method} {words}");
        assert_eq!(theirs["httpMethod"], format!("{:?}", ours.method).to_uppercase(), "{method}");
        assert_eq!(header(&ours, "X-MBX-APIKEY"), theirs["headers"]["X-MBX-APIKEY"]);
        let sent = theirs["body"].as_str().filter(|body| !body.is_empty()).unwrap_or(in_url);
        let mut mine = without(query(params), &EXCEPTIONS);
        if method == "fetchPositions" {
            // Theirs reads all positions, ours that of one symbol.
            mine.remove("symbol");
        }
        assert_eq!(mine, without(query(sent), &EXCEPTIONS), "{method} {words}");
        for text in [params, sent] {
            let (payload, signature) = text.split_once("&signature=").unwrap();
            assert_eq!(signer.sign(payload.as_bytes()).as_str(), signature, "{method} {words}");
        }
        compared += 1;
    });
    assert!(compared >= 10, "only {compared} vectors were compared");
}

#[test]
fn web_socket_requests_agree() {
    let Some(vectors) = vectors("binanceusdm") else { return };
    let (mut wire, signer) = (wire(&vectors), signer(&vectors));
    let at_ms = vectors["clock_ms"].as_u64().unwrap();
    let mut compared = 0;
    each_ws(&vectors, |method, words, theirs| {
        let Some(ask) = ask(method, words) else { return };
        let id = RequestId::new(1, ask.kind());
        let ours: Value = serde_json::from_slice(wire.encode(&ask, id, at_ms).unwrap()).unwrap();
        assert_eq!(theirs["method"], ours["method"], "{method}");
        let both = [object(&ours["params"]), object(&theirs["params"])];
        let [mine, other] = both.each_ref().map(|all| without(all.clone(), &EXCEPTIONS));
        assert_eq!(mine, other, "{method}");
        for message in [&ours, theirs] {
            let params = message["params"].as_object().unwrap();
            let mut pairs: Vec<String> = params
                .iter()
                .filter(|(key, _)| *key != "signature")
                .map(|(key, value)| match value.as_str() {
                    Some(text) => format!("{key}={text}"),
                    None => format!("{key}={value}"),
                })
                .collect();
            pairs.sort();
            let signature = signer.sign(pairs.join("&").as_bytes());
            assert_eq!(signature.as_str(), params["signature"], "{method}");
        }
        compared += 1;
    });
    assert!(compared >= 2, "only {compared} vectors were compared");
}
