//! Where the streams are, and the frames that spot does not have.

use super::*;
use crate::net::Payload;
use crate::net::frame::SPARE;
use crate::protocol::{Intake, Message, Protocol as _};
use engine::event::Event;
use engine::id::{AssetId, InstrumentId};
use engine::instrument::Symbol;
use engine::num::Grid;
use engine::time::Nanos;

fn config() -> BinanceUsdmConfig {
    let grids = (Grid { decimals: 2, step: 10 }, Grid { decimals: 3, step: 1 });
    let symbol = Symbol::new("BTCUSDT").unwrap();
    let one = Instrument::new(InstrumentId(3), symbol, (AssetId(0), AssetId(1)), grids);
    BinanceUsdmConfig::new("ws://h:1/", "http://h:2/", vec![one])
}

struct Told(Vec<String>);

impl Intake for Told {
    fn wants_best(&self, _: InstrumentId, _: u64) -> bool {
        true
    }

    fn take(&mut self, message: Message<'_>) {
        let row = |row: Event| format!("#{} {:?} {}us", row.id, row.body(), row.venue_delta_us);
        self.0.push(match message {
            Message::Reference(one) => row(one),
            Message::Bundle { row: one, first } => format!("{first}.. {}", row(one)),
            Message::Print { row: one, .. } => format!("print {}", row(one)),
            Message::Depth { head, .. } => format!("depth {}..{}", head.before, head.last),
            other => format!("{other:?}"),
        });
    }
}

fn check(frame: &str, expect: &str) {
    let mut venue = BinanceUsdm::new(&config());
    let mut bytes = frame.as_bytes().to_vec();
    bytes.resize(frame.len() + SPARE, 0);
    let mut told = Told(Vec::new());
    let payload = Payload::new(&mut bytes, frame.len()).unwrap();
    let said = match venue.on_bytes(payload, Nanos(1_568_014_460_893_000_000), &mut told) {
        Ok(()) => told.0.join("; "),
        Err(error) => error.to_string(),
    };
    assert_eq!(said, expect, "{frame}");
}

#[test]
fn the_two_paths_carry_what_they_carry() {
    let venue = BinanceUsdm::new(&config());
    let urls: Vec<&str> = venue.endpoints().iter().map(|one| one.url.as_str()).collect();
    let public = "ws://h:1/public/stream?streams=btcusdt@bookTicker/btcusdt@depth@100ms";
    let market = "ws://h:1/market/stream?streams=btcusdt@aggTrade/btcusdt@markPrice@1s\
                  /btcusdt@forceOrder";
    assert_eq!(urls, [public, market]);
    let request = venue.snapshot_request(0).unwrap();
    assert_eq!(request.url, "http://h:2/fapi/v1/depth?symbol=BTCUSDT&limit=1000");
    let whole = BinanceUsdmConfig { routed: false, ..config() };
    let venue = BinanceUsdm::new(&whole);
    let [one] = venue.endpoints() else { panic!("{:?}", venue.endpoints()) };
    assert!(one.url.starts_with("ws://h:1/stream?streams=btcusdt@bookTicker/"), "{}", one.url);
    let streams = Streams { trade: false, mark: false, liquidation: false, ..Streams::default() };
    assert_eq!(BinanceUsdm::new(&BinanceUsdmConfig { streams, ..config() }).endpoints().len(), 1);
}

#[test]
fn every_fault_of_a_configuration_is_named() {
    assert_eq!(config().check(), Vec::<String>::new());
    let wrong = BinanceUsdmConfig { snapshot_levels: 400, ws_url: "h".into(), ..config() };
    assert_eq!(wrong.check().len(), 2, "{:?}", wrong.check());
}

#[test]
fn documented_frames_become_rows() {
    let bundle = concat!(
        r#"{"e":"aggTrade","E":1568014460892,"s":"BTCUSDT","a":5933014,"p":"100.10","q":"0.2","#,
        r#""nq":"0.1","f":100,"l":105,"T":1568014460891,"m":true}"#
    );
    let said = "5933014.. #5933014 Some(Trade { price: Price(1001), qty: Qty(200), taker: Sell }) \
                1000us";
    check(bundle, said);
    check(&format!(r#"{{"stream":"btcusdt@aggTrade","data":{bundle}}}"#), said);
    check(&bundle.replace(r#""nq":"0.1","#, ""), said);
    check(&bundle.replace(r#""f":100,"#, r#""f":100,"st":1,"#), said);
    let mark = concat!(
        r#"{"e":"markPriceUpdate","E":1568014460892,"s":"BTCUSDT","p":"11794.15000000","#,
        r#""ap":"11794.15000000","i":"11784.62659091","P":"11784.25641265","r":"-0.00038167","#,
        r#""T":1562306400000}"#
    );
    let price = "#1568014460892 Some(Mark { mark: Notional(1179415000000), \
                 index: Notional(1178462659091) }) 1000us";
    let rate = "#1568014460892 Some(FundingRate { rate: Amount(-38167), next_ms: 1562306400000 }) \
                1000us";
    check(mark, &format!("{price}; {rate}"));
    check(&mark.replace("-0.00038167", ""), price);
    let force = concat!(
        r#"{"e":"forceOrder","E":1568014460892,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","#,
        r#""f":"IOC","q":"0.014","p":"9910","ap":"9910.07","X":"FILLED","l":"0.014","#,
        r#""z":"0.014","T":1568014460891}}"#
    );
    let said = "print #1568014460891 Some(Liquidation { price: Price(99100), qty: Qty(14), \
                taker: Sell }) 1000us";
    check(force, said);
    check(&format!(r#"{{"stream":"btcusdt@forceOrder","data":{force}}}"#), said);
}

#[test]
fn what_no_market_has_is_refused() {
    let mark = r#"{"e":"markPriceUpdate","E":1,"s":"BTCUSDT","p":"0","i":"1","r":"0","T":5}"#;
    check(mark, "field p is out of range; the venue sent a number that no market has");
    let rate = mark.replace(r#""p":"0""#, r#""p":"1""#).replace(r#""r":"0""#, r#""r":"x""#);
    check(&rate, "field r is out of range; the venue sent a number that no market has");
    check(&mark.replace("BTCUSDT", "XUSDT"), "Unknown");
}
