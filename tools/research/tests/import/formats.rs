//! Each form from a small file.

use super::rig::{Folder, facts, imported, request, same};
use research::import::{Facts, Input, Mapping, Origin, Request};
use std::io::Write as _;

/// Imports one file with these steps; gives its rows.
#[track_caller]
fn rows_of(name: &str, text: &str, facts: Facts) -> Vec<String> {
    let folder = Folder::new();
    let file = folder.file(name, text);
    let (_, rows) = imported(&request(&folder, &[file], facts)).unwrap();
    rows
}

#[test]
fn binance_trades_of_spot_and_futures_in_ms_and_us() {
    let expect = "1000 ? BTCUSDT buy 57410.3 0.002 #7 .
        2000 ? BTCUSDT sell 57410.2 0.010 #8 .";
    let spot = "7,57410.30,0.002,114.8,1723109400001,False,True\n\
                8,57410.20,0.01,574.1,1723109400002,True,True\n";
    same(&rows_of("BTCUSDT-trades-2024-08-08.csv", spot, facts("0.1", "0.001")), expect);
    let us = spot.replace("400001,", "400001000,").replace("400002,", "400002000,");
    same(&rows_of("BTCUSDT-trades-2025-01-01.csv", &us, facts("0.1", "0.001")), expect);
    let futures = "id,price,qty,quote_qty,time,is_buyer_maker\n\
                   7,57410.3,0.002,114.8,1723109400001,false\n\
                   8,57410.2,0.010,574.1,1723109400002,true\n";
    same(&rows_of("BTCUSDT-trades-2024-08-08.csv", futures, facts("", "")), expect);
}

#[test]
fn binance_aggregated_trades_with_header_and_without() {
    let expect = "1000 ? BTCUSDT buy 57410.3 0.002 #7 .";
    let line = "7,57410.30,0.002,70,71,1723109400001,false";
    let names = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,\
                 is_buyer_maker";
    for text in [format!("{line},true\n"), format!("{line}\n"), format!("{names}\n{line}\n")] {
        same(&rows_of("BTCUSDT-aggTrades-2024-08.csv", &text, facts("", "")), expect);
    }
}

#[test]
fn binance_dumps_lie_in_zips_and_a_way_to_us_can_be_assumed() {
    let folder = Folder::new();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("BTCUSDT-bookTicker-2024-08-08.csv", options).unwrap();
    let text = "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,\
                transaction_time,event_time\n\
                5,57410.2,1.5,57410.3,2,1723109400001,1723109400003\n";
    zip.write_all(text.as_bytes()).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    let file = folder.file("BTCUSDT-bookTicker-2024-08-08.zip", bytes);
    let request = Request { latency_us: 250, ..request(&folder, &[file], facts("0.1", "0.001")) };
    let (report, rows) = imported(&request).unwrap();
    same(&rows, "1250 1000 BTCUSDT best 57410.2 1.500 57410.3 2.000 .");
    let one = &report.instruments[0];
    assert_eq!((one.name.as_str(), one.base.as_str()), ("import:BTCUSDT", "BTC"));
    assert_eq!(one.instrument.kind, engine::instrument::Kind::Linear);
}

#[test]
fn binance_candles_become_trades_and_bands_of_depth_coarse_books() {
    let candles = "1723109400000,100,104,98,102,8,1723109459999,800,9,6,600,0\n\
                   1723109460000,102,103,97,99,8,1723109519999,800,9,0,600,0\n";
    let rows = rows_of("BTCUSDT-1m-2024-08-08.csv", candles, facts("", "0.1"));
    same(
        &rows,
        "0 ? BTCUSDT buy 100 2.0 .
        19999666 ? BTCUSDT sell 98 2.0 .
        39999333 ? BTCUSDT buy 104 2.0 .
        59999000 ? BTCUSDT buy 102 2.0 .
        60000000 ? BTCUSDT sell 102 2.0 .
        79999666 ? BTCUSDT sell 103 2.0 .
        99999333 ? BTCUSDT sell 97 2.0 .
        119999000 ? BTCUSDT sell 99 2.0 .",
    );
    let depth = "timestamp,percentage,depth,notional\n\
                 2024-08-08 09:30:07,-2,30,2940\n2024-08-08 09:30:07,-1,10,990\n\
                 2024-08-08 09:30:07,1,5,505\n2024-08-08 09:30:37,-1,1,99\n";
    let rows = rows_of("BTCUSDT-bookDepth-2024-08-08.csv", depth, facts("0.5", "1"));
    same(
        &rows,
        "7000000 ? BTCUSDT bid 99.0 10 first whole
        7000000 ? BTCUSDT bid 97.5 20 whole
        7000000 ? BTCUSDT ask 101.0 5 whole .
        37000000 ? BTCUSDT bid 99.0 1 first whole .",
    );
}

/// The columns that each of Tardis' files begins with.
const TARDIS: &str = "exchange,symbol,timestamp,local_timestamp";

/// Their values, by when it happened and was received, in µs.
fn tardis(venue: u64, local: u64) -> String {
    let [venue, local] = [venue, local].map(|us| 1_723_109_400_000_000 + us);
    format!("binance-futures,BTCUSDT,{venue},{local}")
}

#[test]
fn a_book_told_whole_again_begins_anew() {
    let again = format!(
        "{TARDIS},is_snapshot,side,price,amount\n{0},true,bid,100.0,5\n{1},true,bid,99.0,1\n\
         {1},true,ask,99.5,1\n",
        tardis(10, 500),
        tardis(900, 1500)
    );
    let rows = rows_of("again_incremental_book_L2.csv", &again, facts("", ""));
    same(
        &rows,
        "500 10 BTCUSDT bid 100.0 5 first whole .
        1500 900 BTCUSDT bid 99.0 1 first whole
        1500 900 BTCUSDT ask 99.5 1 whole .",
    );
}

#[test]
fn tardis_levels_trades_quotes_and_books() {
    let (head, at) = (TARDIS, tardis);
    let levels = format!(
        "{head},is_snapshot,side,price,amount\n{0},true,bid,100.0,5\n{0},true,ask,100.5,4\n\
         {1},false,bid,100.0,0\n{1},false,bid,99.5,2\n",
        at(10, 500),
        at(900, 1500)
    );
    let rows = rows_of(
        "binance-futures_incremental_book_L2_2024-08-08_BTCUSDT.csv",
        &levels,
        facts("", ""),
    );
    same(
        &rows,
        "500 10 BTCUSDT bid 100.0 5 first whole
        500 10 BTCUSDT ask 100.5 4 whole .
        1500 900 BTCUSDT bid 100.0 0
        1500 900 BTCUSDT bid 99.5 2 .",
    );
    let trades = format!(
        "{head},id,side,price,amount\n{},77,sell,100.0,5\n{},78,unknown,100.5,5\n",
        at(10, 500),
        at(20, 600)
    );
    let rows = rows_of("t_trades.csv", &trades, facts("", ""));
    same(&rows, "500 10 BTCUSDT sell 100.0 5 #77 .\n600 20 BTCUSDT buy 100.5 5 #78 .");
    let books = format!(
        "{head},asks[0].price,asks[0].amount,bids[0].price,bids[0].amount,asks[1].price,\
         asks[1].amount\n{},100.5,1,100.0,2,101.0,3\n",
        at(10, 500)
    );
    let rows = rows_of("t_book_snapshot_5.csv", &books, facts("", ""));
    same(
        &rows,
        "500 10 BTCUSDT bid 100.0 2 first whole
        500 10 BTCUSDT ask 100.5 1 whole
        500 10 BTCUSDT ask 101.0 3 whole .",
    );
    let ticker = format!(
        "{head},funding_timestamp,funding_rate,predicted_funding_rate,open_interest,last_price,\
         index_price,mark_price\n{0},1723132800000000,0.0001,,9,100.0,100.1,100.25\n\
         {1},1723132800000000,0.0001,,9,100.0,100.1,100.25\n",
        at(10, 500),
        at(20, 600)
    );
    let rows = rows_of("t_derivative_ticker.csv", &ticker, facts("0.5", "1"));
    same(
        &rows,
        "500 10 BTCUSDT Mark { mark: Notional(10025000000), index: Notional(10010000000) } .
        500 10 BTCUSDT FundingRate { rate: Amount(10000), next_ms: 1723132800000 } .",
    );
}

#[test]
fn any_table_by_a_mapping_and_several_inputs_by_time() {
    let folder = Folder::new();
    let one = folder.file("mine.csv", "ts;px\n".replace(';', ",") + "");
    std::fs::write(&one, "when,px,amt,way\n1723109400.002,10.5,3,S\n1723109400.004,10.0,1,b\n")
        .unwrap();
    let two = folder.file("best.csv", "1723109400003000,9.5,1,10.5,2\n");
    let mapping = Mapping::parse("time=when,price=px,qty=amt,side=way").unwrap();
    let named = |symbol: &str, path: std::path::PathBuf| Input {
        venue: Some("mine".into()),
        symbol: Some(symbol.into()),
        path,
    };
    let first = Request {
        inputs: vec![named("ABCUSDT", one)],
        mapping,
        ..request(&folder, &[], facts("", ""))
    };
    let (_, rows) = imported(&first).unwrap();
    same(&rows, "2000 ? ABCUSDT sell 10.5 3 .\n4000 ? ABCUSDT buy 10.0 1 .");
    let mapping = Mapping::parse("time=1,bid=2,bid_qty=3,ask=4,ask_qty=5").unwrap();
    let dump = folder.file("ABCUSDT-trades-2024-08-08.csv", "1,10.5,3,1,1723109400002,true,true\n");
    let second = Request {
        inputs: vec![named("ABCUSDT", two), named("ABCUSDT", dump)],
        mapping,
        out: folder.0.join("two.tape"),
        ..request(&folder, &[], facts("0.5", "1"))
    };
    let (report, rows) = imported(&second).unwrap();
    same(&rows, "2000 ? ABCUSDT sell 10.5 3 #1 .\n3000 ? ABCUSDT best 9.5 1 10.5 2 .");
    assert_eq!(report.instruments.len(), 1);
    assert_eq!(report.instruments[0].name, "mine:ABCUSDT");
}

/// An event file as `numpy.savez` writes it.
pub fn npz(rows: &[(u64, i64, i64, f64, f64, u64)]) -> Vec<u8> {
    let names = ["ev", "exch_ts", "local_ts", "px", "qty", "order_id", "ival", "fval"];
    let types = ["u8", "i8", "i8", "f8", "f8", "u8", "i8", "f8"];
    let fields: Vec<String> =
        names.iter().zip(types).map(|(name, kind)| format!("('{name}', '<{kind}')")).collect();
    let mut header = format!(
        "{{'descr': [{}], 'fortran_order': False, 'shape': ({},), }}",
        fields.join(", "),
        rows.len()
    );
    header += &" ".repeat(63 - (header.len() + 10) % 64);
    header.push('\n');
    let mut array = b"\x93NUMPY\x01\x00".to_vec();
    array.extend((header.len() as u16).to_le_bytes());
    array.extend(header.as_bytes());
    for (ev, exch, local, px, qty, order) in rows {
        let words = [*ev, *exch as u64, *local as u64, px.to_bits(), qty.to_bits(), *order, 0, 0];
        words.iter().for_each(|word| array.extend(word.to_le_bytes()));
    }
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("data.npy", stored).unwrap();
    zip.write_all(&array).unwrap();
    zip.finish().unwrap().into_inner()
}

#[test]
fn event_files_of_hftbacktest_with_clears_bests_and_single_orders() {
    const T: i64 = 1_723_109_400_000_000_000;
    const BOTH: u64 = 0b11 << 30;
    const BID: u64 = BOTH | 1 << 29;
    const ASK: u64 = BOTH | 1 << 28;
    let at = |exch: i64, local: i64| (T + exch * 1_000, T + local * 1_000);
    let row = |ev: u64, (exch, local): (i64, i64), px: f64, qty: f64, order: u64| {
        (ev, exch, local, px, qty, order)
    };
    let bytes = npz(&[
        row(BID | 4, at(1, 100), 100.1, 5.0, 0),
        row(ASK | 4, at(1, 100), 100.2, 4.0, 0),
        row(BID | 1, at(50, 200), 100.0, 3.0, 0),
        row(ASK | 2, at(60, 300), 100.1, 2.0, 0),
        // Seen by the venue alone: its twin comes when we receive it.
        row(BID & !(1 << 30) | 1, at(90, 500), 99.9, 1.0, 0),
        row(BID | 3, at(70, 400), 100.1, 0.0, 0),
        row(BID & !(1 << 31) | 1, at(90, 500), 99.9, 1.0, 0),
        row(BID | 5, at(91, 600), 100.0, 3.0, 0),
        row(ASK | 5, at(92, 700), 100.2, 4.0, 0),
        row(BID | 10, at(93, 800), 99.8, 2.0, 7),
        row(BID | 12, at(94, 900), 99.8, 1.5, 7),
        row(BID | 11, at(95, 1000), 99.8, 1.5, 7),
    ]);
    let folder = Folder::new();
    let file = folder.file("btcusdt.npz", bytes);
    let said = Facts { symbol: Some("BTCUSDT".into()), ..facts("0.1", "0.5") };
    let (_, rows) = imported(&request(&folder, &[file], said)).unwrap();
    same(
        &rows,
        "100 1 BTCUSDT bid 100.1 5.0 first whole
        100 1 BTCUSDT ask 100.2 4.0 whole .
        200 50 BTCUSDT bid 100.0 3.0 .
        300 60 BTCUSDT sell 100.1 2.0 .
        400 70 BTCUSDT bid 100.1 0.0 .
        500 90 BTCUSDT bid 99.9 1.0 .
        700 92 BTCUSDT best 100.0 3.0 100.2 4.0 .
        800 93 BTCUSDT bid 99.8 2.0 .
        900 94 BTCUSDT bid 99.8 0.0
        900 94 BTCUSDT bid 99.8 1.5 .
        1000 95 BTCUSDT bid 99.8 0.0 .",
    );
}

#[test]
fn recordings_of_a_collector_are_joined_by_the_venues_rule() {
    let frame = |ms: u32, name: &str, kind: &str, rest: &str| {
        let at = 1_723_109_400_000_u64 + u64::from(ms);
        let head = format!(r#"{{"stream":"btcusdt@{name}","data":{{"e":"{kind}","E":{at}"#);
        format!("{at}100000 {head},\"T\":{at},\"s\":\"BTCUSDT\",{rest}}}}}\n")
    };
    let levels = r#""U":5,"u":8,"pu":4,"b":[["100.0","3"]],"a":[]"#;
    let trade = r#""t":9,"p":"100.5","q":"1","X":"MARKET","m":false"#;
    let best = r#""u":9,"b":"100.0","B":"3","a":"100.5","A":"3.5""#;
    let sides = r#""bids":[["100.0","5"]],"asks":[["100.5","4.5"]]"#;
    let text = frame(0, "depth@0ms", "depthUpdate", levels)
        + &format!("1723109400001100000 {{\"lastUpdateId\":6,{sides}}}\n")
        + &frame(2, "trade", "trade", trade)
        + &frame(3, "bookTicker", "bookTicker", best);
    let rows = rows_of("btcusdt_20240808.txt", &text, facts("", ""));
    same(
        &rows,
        "1100 0 BTCUSDT bid 100.0 5.0 first whole
        1100 0 BTCUSDT ask 100.5 4.5 whole .
        1100 0 BTCUSDT bid 100.0 3.0 .
        2100 2000 BTCUSDT buy 100.5 1.0 #9 .
        3100 3000 BTCUSDT best 100.0 3.0 100.5 3.5 .",
    );
    let folder = Folder::new();
    let file = folder.file("x.csv", "a,b\n1,2\n");
    let from = Request { from: Some(Origin::Tardis), ..request(&folder, &[file], facts("", "")) };
    let error = imported(&from).unwrap_err();
    assert!(error.contains("x.csv:1: its columns a, b mean nothing"), "{error}");
}
