//! Bad files, and files with each of the faults in them.

use super::rig::{Folder, facts, imported, request, same};
use research::import::{Fault, Request};

const HEAD: &str = "local_timestamp,timestamp,id,side,price,amount\n";
const START: u64 = 1_723_109_400_000_000;

/// A table of trades: receive time and venue's time in ms, and id.
fn trades(lines: &[(i64, i64, u64)]) -> String {
    let at = |ms: &i64| START.strict_add_signed(ms * 1_000);
    let line = |(local, venue, id): &(i64, i64, u64)| {
        format!("{},{},{id},buy,100.5,1\n", at(local), at(venue))
    };
    HEAD.to_owned() + &lines.iter().map(line).collect::<String>()
}

fn bought() -> research::import::Facts {
    research::import::Facts { symbol: Some("BTCUSDT".into()), ..facts("0.5", "1") }
}

#[test]
fn a_bad_file_is_named_with_its_line_and_leaves_nothing() {
    let good = trades(&[(1, 0, 1), (2, 1, 2)]);
    let cases = [
        (good.replace("2,buy,100.5", "2,buy,1o0.5"), "bad.csv:3: price: `1o0.5` is not a number"),
        (good.replace("2,buy", "2,bought"), "bad.csv:3: `bought` is no side: buy or sell"),
        (good.replace("2,buy,100.5", "2,buy,100.3"), "bad.csv:3: a price of 100.3 is no multiple"),
        (good.replace("2,buy,100.5", "2,buy,-100.5"), "bad.csv:3: a price of -100.5 is below 0"),
        (good.replace(",100.5,1\n", "\n"), "bad.csv:2: the line has 4 columns"),
        (HEAD.replace("price", "prize"), "bad.csv:1: its columns"),
        (String::new(), "bad.csv: it is empty"),
        ("1723109400000100000 {\"a\":\n".to_owned(), "bad.csv: its frames are of no venue"),
    ];
    for (text, expect) in cases {
        let folder = Folder::new();
        let file = folder.file("bad.csv", &text);
        let error = imported(&request(&folder, &[file], bought())).unwrap_err();
        assert!(error.contains(expect), "{error}\nwanted: {expect}");
        assert_eq!(folder.left(&["bad.csv"]), Vec::<String>::new());
    }
}

#[test]
fn a_frame_that_cannot_be_read_is_named_with_its_line() {
    let trade = r#""s":"BTCUSDT","t":9,"p":"100.5","q":"1","m":false"#;
    let head = r#"1723109400000100000 {"stream":"btcusdt@trade","data":{"e":"trade""#;
    let diff = format!("{head},\"E\":1723109400002,\"T\":1723109400002,{trade}}}}}");
    let folder = Folder::new();
    let cut = format!("{diff}\n{}\n", &diff[..80]);
    let file = folder.file("btcusdt_20240808.txt", cut);
    let error = imported(&request(&folder, &[file], bought())).unwrap_err();
    assert!(error.contains("btcusdt_20240808.txt:2: the frame is no whole JSON"), "{error}");
    assert_eq!(folder.left(&["btcusdt_20240808.txt"]), Vec::<String>::new());
}

#[test]
fn what_is_not_known_of_an_instrument_is_asked_for() {
    let folder = Folder::new();
    let file = folder.file("t.csv", trades(&[(1, 0, 1)]));
    let error =
        imported(&request(&folder, std::slice::from_ref(&file), facts("1", "1"))).unwrap_err();
    assert!(error.contains("it does not say its symbol") && error.contains("--symbol"), "{error}");
    let depth = folder.file(
        "BTCUSDT-bookDepth-2024-08-08.csv",
        "timestamp,percentage,depth,notional\n2024-08-08 09:30:07,-1,10,990\n",
    );
    let error = imported(&request(&folder, &[depth], facts("", ""))).unwrap_err();
    assert!(error.contains("give --tick"), "{error}");
    std::fs::write(folder.0.join("out.tape"), "mine").unwrap();
    let error = imported(&request(&folder, &[file], bought())).unwrap_err();
    assert!(error.contains("exists already"), "{error}");
    assert_eq!(std::fs::read(folder.0.join("out.tape")).unwrap(), b"mine");
}

#[test]
fn a_configuration_names_what_a_file_is_of() {
    let known = |name: &str| research::import::Known {
        name: name.into(),
        symbol: "BTCUSDT".into(),
        kind: engine::instrument::Kind::Spot,
        fees: engine::instrument::Fees { maker_ppm: 20, taker_ppm: 50 },
        margin_ppm: 1_000_000,
    };
    let of = |names: &[&str], venue: Option<&str>| {
        let folder = Folder::new();
        let file = folder.file("t.csv", trades(&[(1, 0, 1)]));
        let known = names.iter().map(|name| known(name)).collect();
        let venue = venue.map(str::to_owned);
        let facts = research::import::Facts { known, venue, ..bought() };
        imported(&request(&folder, &[file], facts)).map(|(report, _)| {
            let one = &report.instruments[0];
            (one.name.clone(), one.instrument.fees.maker_ppm)
        })
    };
    assert_eq!(of(&["one:BTCUSDT"], None), Ok(("one:BTCUSDT".into(), 20)));
    let two = ["one:BTCUSDT", "two:BTCUSDT"];
    assert_eq!(of(&two, Some("two")), Ok(("two:BTCUSDT".into(), 20)));
    let error = of(&two, None).unwrap_err();
    assert!(error.contains("not in the configuration") && error.contains("--venue"), "{error}");
}

#[test]
fn each_fault_is_counted_and_placed() {
    let folder = Folder::new();
    let text = trades(&[
        (10, 5, 1),
        (20, 15, 2),
        (20, 15, 2),       // line 4: again
        (30, 40, 3),       // line 5: before it happened
        (5_000, 45, 4),    // line 6: a clock was set
        (4_900, 4_890, 5), // line 7: received before line 6, and the clock is set back
    ]);
    let file = folder.file("t.csv", text);
    let (report, rows) = imported(&request(&folder, &[file], bought())).unwrap();
    let first = |fault: Fault| {
        let faults = report.faults.get(&fault).cloned().unwrap_or_default();
        let place = faults.first.first().map(|one| one.place.clone()).unwrap_or_default();
        (faults.count, place.rsplit(':').next().unwrap_or_default().to_owned())
    };
    let found = |count: u64, line: &str| (count, line.to_owned());
    assert_eq!(first(Fault::Duplicate), found(1, "4"));
    assert_eq!(first(Fault::NegativeLatency), found(1, "5"));
    assert_eq!(first(Fault::ClockJump), found(2, "6"));
    assert_eq!(first(Fault::OutOfOrder), found(1, "7"));
    assert_eq!(first(Fault::Gap), found(0, ""));
    same(
        &rows,
        "10000 5000 BTCUSDT buy 100.5 1 #1 .
        20000 15000 BTCUSDT buy 100.5 1 #2 .
        30000 40000 BTCUSDT buy 100.5 1 #3 .
        5000000 45000 BTCUSDT buy 100.5 1 #4 .
        5000000 4890000 BTCUSDT buy 100.5 1 #5 .",
    );
    let text = report.text();
    assert!(text.contains("duplicates             1  "), "{text}");
    assert_eq!(report.json()["faults"]["clock_jumps"]["count"], 2);
    assert_eq!(report.json()["faults"]["gaps"]["count"], 0);
}

#[test]
fn trades_without_numbers_that_are_alike_are_several() {
    let folder = Folder::new();
    let line = format!("{START},buy,100.5,1\n");
    let text = format!("ts,side,px,size\n{}", line.repeat(3));
    let file = folder.file("alike.csv", text);
    let mapping = research::import::Mapping::parse("time=ts,side=side,price=px,qty=size").unwrap();
    let request = Request { mapping, ..request(&folder, &[file], bought()) };
    let (report, rows) = imported(&request).unwrap();
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert_eq!(report.faults.get(&Fault::Duplicate).map_or(0, |found| found.count), 0);
}

#[test]
fn gaps_and_crossed_books_are_counted_and_placed() {
    let folder = Folder::new();
    let dump = "1,10.5,3,1,1723109400002,true\n2,10.5,3,1,1723109400003,true\n\
                5,10.5,3,1,1723109400004,true\n";
    let dump = folder.file("ABCUSDT-trades-2024-08-08.csv", dump);
    let head = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n";
    let line = |at: u64, whole: bool, side: &str, price: &str, qty: u32| {
        let at = START + at;
        format!("x,ABCUSDT,{at},{at},{whole},{side},{price},{qty}\n")
    };
    let levels = head.to_owned()
        + &line(1_000, false, "bid", "9.5", 1)
        + &line(1_500, true, "bid", "10.0", 1)
        + &line(1_500, true, "ask", "10.5", 1)
        + &line(2_500, false, "bid", "10.5", 1)
        + &line(2_600, false, "bid", "10.0", 3)
        + &line(2_700, false, "ask", "10.5", 0);
    let levels = folder.file("levels.csv", levels);
    let request = request(&folder, &[dump, levels], facts("0.5", "1"));
    let (report, _) = imported(&request).unwrap();
    let gaps = &report.faults[&Fault::Gap];
    let places: Vec<String> = gaps.first.iter().map(|one| one.place.clone()).collect();
    assert_eq!(gaps.count, 2, "{gaps:?}");
    assert!(places[0].ends_with("levels.csv:2"), "{places:?}");
    assert!(gaps.first[1].what.contains("trades 3 to 4 are missing"), "{gaps:?}");
    let crossed = &report.faults[&Fault::Crossed];
    assert_eq!(crossed.count, 1, "{crossed:?}");
    assert!(crossed.first[0].place.ends_with("levels.csv:5"), "{crossed:?}");
}

#[test]
fn clocks_are_brought_together_on_demand() {
    let folder = Folder::new();
    let file = folder.file("t.csv", trades(&[(10, 1_210, 1), (20, 1_217, 2), (31, 1_230, 3)]));
    let request = Request { least_latency_us: Some(1_000), ..request(&folder, &[file], bought()) };
    let (report, rows) = imported(&request).unwrap();
    same(
        &rows,
        "10000 9000 BTCUSDT buy 100.5 1 #1 .
        20000 16000 BTCUSDT buy 100.5 1 #2 .
        31000 29000 BTCUSDT buy 100.5 1 #3 .",
    );
    assert_eq!(report.count(Fault::NegativeLatency), 0);
    assert_eq!(report.json()["instruments"][0]["shift_us"], 1_201_000);
    assert_eq!(report.json()["instruments"][0]["least_latency_us"], 1_000);
}
