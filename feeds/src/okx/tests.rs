//! Where the streams are, what is asked for, and frames as the venue documents them.

use super::*;
use crate::net::frame::SPARE;
use crate::protocol::Asked;
use engine::event::Event;
use engine::id::{AssetId, InstrumentId};
use engine::instrument::Symbol;
use engine::num::Grid;

fn config() -> OkxConfig {
    let instrument = |id, symbol, kind, size| {
        let grids = (Grid { decimals: 2, step: 1 }, Grid { decimals: 4, step: 1 });
        let symbol = Symbol::new(symbol).unwrap();
        let one = Instrument::new(InstrumentId(id), symbol, (AssetId(0), AssetId(1)), grids);
        Instrument { kind, size, ..one }
    };
    let contracts = Grid { decimals: 1, step: 1 };
    let swap = instrument(3, "BTC-USDT-SWAP", Kind::Linear, contracts);
    let spot = instrument(4, "BTC-USDT", Kind::Spot, Grid { decimals: 4, step: 1 });
    OkxConfig::new("ws://h:1/", "http://h:2/", vec![swap, spot])
}

struct Told(Vec<String>);

impl Intake for Told {
    fn wants_best(&self, _: InstrumentId, _: u64) -> bool {
        true
    }

    fn take(&mut self, message: Message<'_>) {
        let row = |row: &Event| {
            let [price, qty, ..] = row.payload;
            let plain = Event { payload: [price, qty, 0, 0], ..*row };
            let body = row.body().or(plain.body());
            format!("#{} {body:?} {}us", row.id, row.venue_delta_us)
        };
        let rows = |rows: &[Event]| rows.iter().map(row).collect::<Vec<_>>().join(", ");
        self.0.push(match message {
            Message::Best(one) | Message::Reference(one) | Message::Print { row: one, .. } => {
                row(&one)
            }
            Message::Bundle { row: one, first } => format!("{first}.. {}", row(&one)),
            Message::Depth { head, rows: all, .. } => {
                format!("{}..{}: {}", head.before, head.last, rows(all))
            }
            Message::Book { book, .. } => format!("book {}: {}", book.last, rows(book.rows)),
            Message::Heard(..) => return,
            other => format!("{other:?}"),
        });
    }
}

/// Reads frames one after the other.
fn read(frames: &[&str]) -> String {
    let mut venue = Okx::new(&config());
    let mut told = Told(Vec::new());
    for frame in frames {
        let mut bytes = frame.as_bytes().to_vec();
        bytes.resize(frame.len() + SPARE, 0);
        let payload = Payload::new(&mut bytes, frame.len()).unwrap();
        let at = Nanos(1_597_026_383_086_000_000);
        if let Err(error) = venue.on_bytes(payload, at, &mut told) {
            told.0.push(error.to_string());
        }
    }
    told.0.join("; ")
}

fn arg(channel: &str, of: &str) -> String {
    format!(r#""arg":{{"channel":"{channel}","instId":"{of}"}}"#)
}

#[test]
fn it_connects_and_asks_by_the_venues_names() {
    let venue = Okx::new(&config());
    let [endpoint] = venue.endpoints() else { panic!() };
    assert_eq!(endpoint.url, "ws://h:1/ws/v5/public");
    let mut out = Vec::new();
    venue.write_request(&Request { leaves: false, id: 1, topics: &endpoint.topics[..2] }, &mut out);
    let expect = concat!(
        r#"{"id":"1","op":"subscribe","args":[{"channel":"bbo-tbt","instId":"BTC-USDT-SWAP"},"#,
        r#"{"channel":"books","instId":"BTC-USDT-SWAP"}]}"#
    );
    assert_eq!(String::from_utf8(out).unwrap(), expect);
    let names: Vec<&str> = endpoint.topics.iter().map(|topic| topic.name.as_str()).collect();
    let swap =
        ["bbo-tbt", "books", "trades", "mark-price"].map(|one| format!("{one} BTC-USDT-SWAP"));
    let spot = ["bbo-tbt", "books", "trades"].map(|one| format!("{one} BTC-USDT"));
    assert_eq!(names[..4], swap);
    assert_eq!(names[4..6], ["index-tickers BTC-USDT", "funding-rate BTC-USDT-SWAP"]);
    assert_eq!(names[6..9], spot);
    assert_eq!(names[9..], ["liquidation-orders SWAP"]);
    let request = venue.snapshot_request(1).unwrap();
    assert_eq!(request.url, "http://h:2/api/v5/market/books?instId=BTC-USDT&sz=400");
    assert!(request.headers.is_empty());
    let demo = Okx::new(&OkxConfig { demo: true, ..config() }).snapshot_request(1).unwrap();
    assert_eq!(demo.headers, [("x-simulated-trading".to_string(), "1".to_string())]);
}

#[test]
fn every_fault_of_a_configuration_is_named() {
    assert_eq!(config().check(), Vec::<String>::new());
    let streams = Streams { depth: false, ..Streams::default() };
    let wrong = OkxConfig { streams, ws_url: "h".into(), rest_url: "h".into(), ..config() };
    assert_eq!(wrong.check().len(), 3, "{:?}", wrong.check());
}

#[test]
fn documented_books_and_trades_become_rows() {
    let of = arg("books", "BTC-USDT-SWAP");
    let sides = r#""asks":[["8476.98","415","0","13"]],"bids":[["8476.97","256","0","12"]]"#;
    let tail = r#""ts":"1597026383085","checksum":0,"prevSeqId":-1,"seqId":123456"#;
    let book = format!(r#"{{{of},"action":"snapshot","data":[{{{sides},{tail}}}]}}"#);
    let ask = "#123456 Some(Level { side: Sell, price: Price(847698), qty: Qty(4150) }) 1000us";
    let bid = "#123456 Some(Level { side: Buy, price: Price(847697), qty: Qty(2560) }) 1000us";
    assert_eq!(read(&[&book]), format!("book 123456: {ask}, {bid}"), "quantities are contracts");
    let diff = book.replace("snapshot", "update").replace("-1,", "123450,");
    assert_eq!(read(&[&diff]), format!("123450..123456: {ask}, {bid}"));
    let of = arg("bbo-tbt", "BTC-USDT");
    let best = format!(r#"{{{of},"data":[{{{sides},"ts":"1597026383085","seqId":363996337}}]}}"#);
    let said = "#363996337 Some(Best { bid: Price(847697), bid_qty: Qty(2560000), \
                ask: Price(847698), ask_qty: Qty(4150000) }) 1000us";
    assert_eq!(read(&[&best]), said);
    let of = arg("trades", "BTC-USDT");
    let trade = concat!(
        r#"{"instId":"BTC-USDT","tradeId":"130639474","px":"42219.9","sz":"0.12060306","#,
        r#""side":"buy","ts":"1597026383085","count":"3"}"#
    );
    let said = "130639472.. #130639474 Some(Trade { price: Price(4221990), qty: Qty(1206), \
                taker: Buy }) 1000us";
    assert_eq!(read(&[&format!(r#"{{{of},"data":[{trade}]}}"#)]), said);
}

#[test]
fn marks_follow_two_channels_and_funding_is_of_the_next_payment() {
    let mark = format!(
        r#"{{{},"data":[{{"instType":"SWAP","instId":"BTC-USDT-SWAP","markPx":"42310.6","#,
        arg("mark-price", "BTC-USDT-SWAP")
    ) + r#""ts":"1597026383085"}]}"#;
    let index = format!(
        r#"{{{},"data":[{{"instId":"BTC-USDT","idxPx":"42300.000000001","#,
        arg("index-tickers", "BTC-USDT")
    ) + r#""high24h":"5","ts":"1597026383086"}]}"#;
    let alone = "#1597026383085 Some(Mark { mark: Notional(4231060000000), index: Notional(0) }) \
                 1000us";
    let both = "#1597026383086 Some(Mark { mark: Notional(4231060000000), \
                index: Notional(4230000000000) }) 0us";
    assert_eq!(read(&[&index]), "", "no mark is known");
    assert_eq!(read(&[&mark, &index]), format!("{alone}; {both}"));
    let rate = format!(
        r#"{{{},"data":[{{"fundingRate":"0.0001875391284828","fundingTime":"1700726400000","#,
        arg("funding-rate", "BTC-USDT-SWAP")
    ) + r#""nextFundingRate":"","nextFundingTime":"1700755200000","ts":"1597026383085"}]}"#;
    let said = "#1597026383085 Some(FundingRate { rate: Amount(18753), next_ms: 1700726400000 }) \
                1000us";
    assert_eq!(read(&[&rate]), said);
}

#[test]
fn answers_are_matched_to_their_topics() {
    let granted = format!(r#"{{"event":"subscribe",{},"connId":"a"}}"#, arg("books", "BTC-USDT"));
    assert_eq!(read(&[&granted]), "Granted(Topic(7))");
    let refused = r#"{"event":"error","code":"60012","msg":"Invalid","connId":"a"}"#;
    assert_eq!(read(&[refused]), format!("Refused({:?}, \"Invalid\")", Asked::Unsaid));
    let refused = refused.replace(r#""event""#, r#""id":"7","event""#);
    assert_eq!(read(&[&refused]), "Refused(Request(7), \"Invalid\")");
    assert_eq!(read(&["pong"]), "Answer");
}

#[test]
fn snapshots_over_rest_are_of_the_same_numbers() {
    let mut venue = Okx::new(&config());
    let sides = r#""asks":[["8476.98","4","0","13"]],"bids":[["8476.97","2","0","12"]]"#;
    let data = format!(r#"{{{sides},"ts":"1597026383085","seqId":77}}"#);
    let body = format!(r#"{{"code":"0","msg":"","data":[{data}]}}"#);
    let book = venue.on_snapshot(1, &mut body.into_bytes(), Nanos(5)).unwrap();
    assert_eq!((book.last, book.rows.len()), (77, 2));
    assert!(book.rows.iter().all(|row| row.instrument == InstrumentId(4)));
    let wrong = br#"{"code":"51001","msg":"Instrument ID does not exist","data":[]}"#;
    assert!(venue.on_snapshot(1, &mut wrong.to_vec(), Nanos(5)).is_err());
}

#[test]
fn what_is_wrong_is_said() {
    let of = arg("books", "BTC-USDT-SWAP");
    let data = r#"{"asks":[],"bids":[["5.1","1","0","1"]],"ts":"1","prevSeqId":6,"seqId":9}"#;
    let book = format!(r#"{{{of},"action":"update","data":[{data}]}}"#);
    let check = |from: &str, to: &str, expect: &str| {
        let told = read(&[&book.replace(from, to)]);
        assert!(told.contains(expect), "{from} → {to}: {told}");
    };
    check(r#","seqId":9"#, "", "field seqId");
    check(r#""prevSeqId":6,"#, "", "field prevSeqId");
    check(r#""prevSeqId":6"#, r#""prevSeqId":-1"#, "ids descend");
    check("update", "odd", "field action");
    check("5.1", "5.111", "field bids: finer");
    check(r#""1","0","1"]"#, r#""-1"]"#, "field bids is out of range");
    check("SWAP", "FUTURES", "Unknown");
    check("}]}", "}", "not JSON");
}
