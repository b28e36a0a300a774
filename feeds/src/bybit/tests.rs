//! Where the streams are, what is asked for, and frames as the venue documents them.

use super::*;
use crate::net::frame::SPARE;
use crate::protocol::Message;
use engine::event::Event;
use engine::id::{AssetId, InstrumentId};
use engine::instrument::Symbol;
use engine::num::Grid;

fn config(market: Market) -> BybitConfig {
    let grids = (Grid { decimals: 2, step: 10 }, Grid { decimals: 3, step: 1 });
    let symbol = Symbol::new("BTCUSDT").unwrap();
    let one = Instrument::new(InstrumentId(3), symbol, (AssetId(0), AssetId(1)), grids);
    BybitConfig::new("ws://h:1/", market, vec![one])
}

struct Told(Vec<String>);

impl Intake for Told {
    fn wants_best(&self, _: InstrumentId, _: u64) -> bool {
        true
    }

    fn take(&mut self, message: Message<'_>) {
        let row = |row: &Event| format!("#{} {:?} {}us", row.id, row.body(), row.venue_delta_us);
        let rows = |rows: &[Event]| rows.iter().map(row).collect::<Vec<_>>().join(", ");
        self.0.push(match message {
            Message::Best(one) | Message::Reference(one) | Message::Print { row: one, .. } => {
                row(&one)
            }
            Message::Depth { head, rows: all, .. } => {
                format!("{}..{}: {}", head.before, head.last, rows(all))
            }
            Message::Book { book, anew, .. } => {
                format!("book {} {anew}: {}", book.last, rows(book.rows))
            }
            Message::Heard(..) => return,
            other => format!("{other:?}"),
        });
    }
}

/// Reads frames one after the other.
fn read(frames: &[&str]) -> String {
    let mut venue = Bybit::new(&config(Market::Linear));
    let mut told = Told(Vec::new());
    for frame in frames {
        let mut bytes = frame.as_bytes().to_vec();
        bytes.resize(frame.len() + SPARE, 0);
        let payload = Payload::new(&mut bytes, frame.len()).unwrap();
        let at = Nanos(1_672_304_486_866_000_000);
        if let Err(error) = venue.on_bytes(payload, at, &mut told) {
            told.0.push(error.to_string());
        }
    }
    told.0.join("; ")
}

#[test]
fn it_connects_and_asks_by_the_venues_names() {
    let venue = Bybit::new(&config(Market::Linear));
    let [endpoint] = venue.endpoints() else { panic!() };
    assert_eq!(endpoint.url, "ws://h:1/v5/public/linear");
    let mut out = Vec::new();
    let request = Request { leaves: false, id: 120, topics: &endpoint.topics };
    venue.write_request(&request, &mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        r#"{"req_id":"120","op":"subscribe","args":["orderbook.1.BTCUSDT","orderbook.50.BTCUSDT","#
            .to_owned()
            + r#""publicTrade.BTCUSDT","tickers.BTCUSDT","allLiquidation.BTCUSDT"]}"#
    );
    let mut out = Vec::new();
    venue.write_request(&Request { leaves: true, id: 0, topics: &endpoint.topics[1..2] }, &mut out);
    let expect = r#"{"req_id":"0","op":"unsubscribe","args":["orderbook.50.BTCUSDT"]}"#;
    assert_eq!(String::from_utf8(out).unwrap(), expect);
    let spot = Bybit::new(&config(Market::Spot));
    assert_eq!(spot.endpoints()[0].url, "ws://h:1/v5/public/spot");
    assert_eq!(spot.endpoints()[0].topics.len(), 3, "spot has no marks and no liquidations");
}

#[test]
fn every_fault_of_a_configuration_is_named() {
    assert_eq!(config(Market::Spot).check(), Vec::<String>::new());
    let linear = config(Market::Linear);
    assert_eq!(linear.check(), Vec::<String>::new());
    let wrong = BybitConfig { market: Market::Spot, levels: 500, ws_url: "h".into(), ..linear };
    assert_eq!(wrong.check().len(), 3, "{:?}", wrong.check());
}

#[test]
fn documented_books_and_trades_become_rows() {
    let book = concat!(
        r#"{"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":1672304484978,"data":{"#,
        r#""s":"BTCUSDT","b":[["16493.50","0.006"]],"a":[["16611.00","0.029"]],"u":18521288,"#,
        r#""seq":7961638724},"cts":1672304486865}"#
    );
    let bid = "#7961638724 Some(Level { side: Buy, price: Price(164935), qty: Qty(6) }) 1000us";
    let ask = "#7961638724 Some(Level { side: Sell, price: Price(166110), qty: Qty(29) }) 1000us";
    assert_eq!(read(&[book]), format!("book 18521288 false: {bid}, {ask}"));
    let diff = book.replace("snapshot", "delta");
    assert_eq!(read(&[&diff]), format!("18521287..18521288: {bid}, {ask}"));
    let anew = diff.replace("18521288", "1");
    assert_eq!(read(&[&anew]), format!("book 1 true: {bid}, {ask}"));
    let touch = book.replace("orderbook.50", "orderbook.1");
    let best = "#7961638724 Some(Best { bid: Price(164935), bid_qty: Qty(6), \
                ask: Price(166110), ask_qty: Qty(29) }) 1000us";
    assert_eq!(read(&[&touch]), best);
    let trade = concat!(
        r#"{"T":1672304486865,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"16578.50","#,
        r#""L":"PlusTick","i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false,"RPI":false,"#,
        r#""seq":1783284617}"#
    );
    let head = r#""topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868"#;
    let block = trade.replace(r#""BT":false"#, r#""BT":true"#);
    let trades = format!(r#"{{{head},"data":[{trade},{block},{}]}}"#, trade.replace("Buy", "Sell"));
    let said = |taker| {
        format!(
            "#1783284617 Some(Trade {{ price: Price(165785), qty: Qty(1), taker: {taker} }}) \
             1000us"
        )
    };
    assert_eq!(read(&[&trades]), format!("{}; {}", said("Buy"), said("Sell")));
}

#[test]
fn tickers_tell_what_changed() {
    let frame = |kind: &str, ts: u64, data: &str| {
        let head = format!(r#""topic":"tickers.BTCUSDT","type":"{kind}""#);
        let data = format!(r#""data":{{"symbol":"BTCUSDT",{data}}}"#);
        format!(r#"{{{head},{data},"cs":24987956059,"ts":{ts}}}"#)
    };
    let all = r#""lastPrice":"5","markPrice":"17217.33","indexPrice":"17227.36",
        "nextFundingTime":"1673280000000","fundingRate":"-0.000212","fundingIntervalHour":"8""#;
    let first = frame("snapshot", 1_672_304_486_865, all);
    let mark = frame("delta", 1_672_304_486_866, r#""markPrice":"17218""#);
    let rate = frame("delta", 1_672_304_486_867, r#""fundingRate":"0.0001""#);
    let nothing = frame("delta", 1_672_304_486_868, r#""lastPrice":"6","fundingRate":"""#);
    let old = frame("delta", 1_672_304_486_001, r#""markPrice":"1""#);
    let told = read(&[&first, &mark, &rate, &nothing, &old]);
    assert_eq!(
        told,
        "#1672304486865 Some(Mark { mark: Notional(1721733000000), \
         index: Notional(1722736000000) }) 1000us; \
         #1672304486865 Some(FundingRate { rate: Amount(-21200), next_ms: 1673280000000 }) \
         1000us; \
         #1672304486866 Some(Mark { mark: Notional(1721800000000), \
         index: Notional(1722736000000) }) 0us; \
         #1672304486867 Some(FundingRate { rate: Amount(10000), next_ms: 1673280000000 }) -1000us"
    );
    let wrong = frame("delta", 1, r#""markPrice":"-1""#);
    assert!(read(&[&wrong]).contains("markPrice is out of range"), "{}", read(&[&wrong]));
}

#[test]
fn whoever_takes_a_liquidated_long_over_sells() {
    let head = r#""topic":"allLiquidation.BTCUSDT","type":"snapshot","ts":1739502303204"#;
    let one = r#"{"T":1672304486865,"s":"BTCUSDT","S":"Buy","v":"20","p":"16578.57"}"#;
    let told = read(&[&format!(r#"{{{head},"data":[{one},{one}]}}"#)]);
    let said = "#1672304486865 Some(Liquidation { price: Price(165785), qty: Qty(20000), \
                taker: Sell }) 1000us";
    assert_eq!(told, format!("{said}; {said}"));
}

#[test]
fn what_is_wrong_is_said() {
    let book = concat!(
        r#"{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":{"s":"BTCUSDT","#,
        r#""b":[["5.10","1"]],"a":[],"u":7,"seq":9},"cts":1}"#
    );
    let check = |from: &str, to: &str, expect: &str| {
        let told = read(&[&book.replace(from, to)]);
        assert!(told.contains(expect), "{from} → {to}: {told}");
    };
    check(r#""u":7"#, r#""u":0"#, "field u");
    check(r#","seq":9"#, "", "field seq");
    check("delta", "odd", "field type");
    check("5.10", "5.11", "field bids: finer");
    check(r#""1"]"#, r#""-1"]"#, "field bids is out of range");
    check("orderbook.50.BTCUSDT", "orderbook.50", "Unknown");
    check("}", "", "not JSON");
    let touch = book.replace(".50.", ".1.").replace(r#""a":[]"#, r#""a":[["5.10","1"]]"#);
    assert!(read(&[&touch]).contains("field b is out of range"));
}
