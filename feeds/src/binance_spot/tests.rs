//! Frames as the venue sends them, and as it might.

use super::*;
use crate::binance::Decoder;
use crate::net::Payload;
use crate::net::frame::SPARE;
use crate::protocol::{DecodeError, Message, Protocol as _};
use engine::event::{Body, flag};
use engine::id::{AssetId, InstrumentId};
use engine::instrument::Symbol;
use engine::num::Grid;
use engine::time::Nanos;
use proptest::prelude::*;

fn config() -> BinanceSpotConfig {
    let instrument = |id, symbol| {
        let grids = (Grid { decimals: 2, step: 1 }, Grid { decimals: 5, step: 1 });
        let symbol = Symbol::new(symbol).unwrap();
        Instrument::new(InstrumentId(id), symbol, (AssetId(0), AssetId(1)), grids)
    };
    let instruments = vec![instrument(3, "BTCUSDT"), instrument(4, "ETHUSDT")];
    let config = BinanceSpotConfig::new("ws://h:1/", "http://h:2", instruments);
    BinanceSpotConfig { snapshot_levels: 5, diff_levels_max: 4, ..config }
}

fn decoder(flavour: Flavour) -> Decoder {
    let sizes = Sizes { snapshot_levels: 5, diff_levels_max: 4 };
    Decoder::new(flavour, &config().instruments, sizes)
}

const AT: Nanos = Nanos(1_672_515_782_137_000_000);

/// What both readers say, which must be the same.
fn decode(decoder: &mut Decoder, text: &[u8], floor: u64) -> String {
    let [general, both] = [false, true].map(|fast| decode_by(decoder, text, floor, fast));
    assert_eq!(both, general, "{}", String::from_utf8_lossy(text));
    both
}

fn decode_by(decoder: &mut Decoder, text: &[u8], floor: u64, fast: bool) -> String {
    let mut bytes = text.to_vec();
    bytes.resize(text.len() + SPARE, b'}');
    let frame = Payload::new(&mut bytes, text.len()).unwrap();
    let row = |row: &engine::event::Event| {
        let last = if row.has(flag::LAST) { " last" } else { "" };
        format!("{:?} #{} i{} {}us{last}", row.body(), row.id, row.instrument.0, row.venue_delta_us)
    };
    let decoded = if fast {
        decoder.decode(frame, AT, |_, id| id > floor)
    } else {
        decoder.decode_any(frame, AT, |_, id| id > floor)
    };
    match decoded {
        Ok(Message::Best(best)) => format!("best {}", row(&best)),
        Ok(Message::Trade(trade)) => format!("trade {}", row(&trade)),
        Ok(Message::Depth { instrument, head, rows }) => {
            let rows: Vec<String> = rows.iter().map(row).collect();
            format!("depth {} {}..{} {}", instrument.0, head.before, head.last, rows.join("; "))
        }
        Ok(other) => format!("{other:?}"),
        Err(error) => error.to_string(),
    }
}

fn check(text: &str, expect: &str) {
    let mut decoder = decoder(Flavour::Spot);
    assert_eq!(decode(&mut decoder, text.as_bytes(), 9), expect, "{text}");
}

const BEST: &str = r#"{"u":40,"s":"ETHUSDT","b":"25.35000000","B":"31.21","a":"25.36","A":"4"}"#;
const TRADE: &str = concat!(
    r#"{"e":"trade","E":1672515782136,"s":"BTCUSDT","t":12345,"p":"0.01","#,
    r#""q":"100","T":1672515782136,"m":true,"M":true}"#
);
const DEPTH: &str = concat!(
    r#"{"e":"depthUpdate","E":1672515782136,"s":"BTCUSDT","U":157,"u":160,"#,
    r#""b":[["0.02","10"]],"a":[["0.03","0.00000000"]]}"#
);

#[test]
fn documented_frames_become_rows() {
    let best = "best Some(Best { bid: Price(2535), bid_qty: Qty(3121000), ask: Price(2536), \
                ask_qty: Qty(400000) }) #40 i4 0us last";
    check(BEST, best);
    check(&format!(r#"{{"stream":"ethusdt@bookTicker","data":{BEST}}}"#), best);
    check(&format!(r#"{{"data":{BEST},"stream":"ethusdt@bookTicker"}}"#), best);
    let trade = "trade Some(Trade { price: Price(1), qty: Qty(10000000), taker: Sell }) \
                 #12345 i3 1000us last";
    check(TRADE, trade);
    check(&TRADE.replace("2136", "2136000"), trade);
    let depth = "depth 3 156..160 Some(Level { side: Buy, price: Price(2), qty: Qty(1000000) }) \
                 #160 i3 1000us; Some(Level { side: Sell, price: Price(3), qty: Qty(0) }) #160 i3 \
                 1000us last";
    check(DEPTH, depth);
    let reordered = concat!(
        r#"{"a":[["0.03","0"]],"b":[["0.02","10",[]]],"new":{"e":[1]},"u":160,"#,
        r#""U":157,"s":"BTCUSDT","E":1672515782136,"e":"depthUpdate"}"#
    );
    check(reordered, depth);
    check(
        &DEPTH.replace(r#"[["0.02","10"]]"#, "[]").replace(r#"[["0.03","0.00000000"]]"#, "[]"),
        "depth 3 156..160 ",
    );
}

#[test]
fn quantities_off_the_lot_grid_are_whole_lots_and_never_none() {
    let check = |qty: &str, expect: &str| {
        let text = DEPTH.replace("\"10\"", &format!("\"{qty}\""));
        let told = decode(&mut decoder(Flavour::Spot), text.as_bytes(), 0);
        assert!(told.contains(expect), "{qty}: {told}");
    };
    check("25.42618900", "Qty(2542618)");
    check("0.00000100", "Qty(1)");
    check("0.00000000", "Qty(0)");
    check("0.0000010x", "field bids");
    check("-0.00000100", "field bids");
    check("99999999999999.00000001", "field bids");
}

#[test]
fn what_is_no_news_or_not_ours_is_named() {
    check(r#"{"result":null,"id":1}"#, "Answer");
    check(
        r#"{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}"#,
        "Shutdown",
    );
    check(r#"{"e":"serverShutdown","E":1770123456789}"#, "Shutdown");
    check(r#"{"code":2,"msg":"Invalid request"}"#, "Unknown");
    check(r#"{"e":"kline","s":"BTCUSDT"}"#, "Unknown");
    check(&BEST.replace("ETHUSDT", "BNBUSDT"), "Unknown");
    check(&BEST.replace("40", "9"), "Stale(InstrumentId(4), Nanos(1672515782137000000))");
}

#[test]
fn what_is_wrong_is_said_and_the_next_frame_is_read() {
    let mut decoder = decoder(Flavour::Spot);
    let mut check = |text: &str, expect: &str| {
        let told = decode(&mut decoder, text.as_bytes(), 0);
        assert!(told.contains(expect), "{text}: {told}");
        assert!(decode(&mut decoder, BEST.as_bytes(), 0).starts_with("best"));
    };
    check("", "not JSON");
    check("{", "not JSON");
    check("[1,2]", "field object");
    check("\u{1}", "not JSON");
    check(&BEST.replace("25.36\"", "25.361\""), "field a: finer than the instrument's step");
    check(&BEST.replace("\"b\":\"25.35000000\",", ""), "field b is missing");
    check(&BEST.replace("40", "-40"), "field u is missing");
    check(&BEST.replace("40", "4e3"), "field u is missing");
    check(&TRADE.replace("true", "1"), "field m is missing");
    check(&TRADE.replace("\"100\"", "\"9999999999999999\""), "field q: too large");
    check(&BEST.replace("25.36\"", "25.35\""), "field b is out of range");
    check(&BEST.replace("31.21", "-31.21"), "field B is out of range");
    check(&TRADE.replace("0.01", "0"), "field p is out of range");
    check(&DEPTH.replace("0.02", "-0.02"), "field bids is out of range");
    check(&DEPTH.replace("157", "161"), "ids descend");
    check(&DEPTH.replace("[\"0.02\",\"10\"]", "[\"0.02\"]"), "field bids");
    check(&DEPTH.replace("[\"0.02\",\"10\"]", &["[\"0.02\",\"10\"]"; 5].join(",")), "more than 4");
}

#[test]
fn futures_are_chained_by_their_previous_id() {
    let mut decoder = decoder(Flavour::Usdm);
    let text = DEPTH.replace("\"u\":160,", "\"u\":160,\"pu\":149,");
    assert!(decode(&mut decoder, text.as_bytes(), 0).starts_with("depth 3 149..160"));
    assert!(decode(&mut decoder, DEPTH.as_bytes(), 0).contains("field pu"));
}

#[test]
fn snapshots_are_flagged_and_cut_to_what_was_asked_for() {
    let mut spot = BinanceSpot::new(&config());
    let level = r#"["4.00","431.00000000"]"#;
    let bids = [level; 7].join(",");
    let text = format!(r#"{{"lastUpdateId":1027024,"bids":[{bids}],"asks":[["4.01","1"]]}}"#);
    let snapshot = spot.on_snapshot(1, &mut text.into_bytes(), AT).unwrap();
    assert_eq!((snapshot.last, snapshot.rows.len()), (1_027_024, 6));
    let flags: Vec<u8> = snapshot.rows.iter().map(|row| row.flags & !flag::SELL).collect();
    let (inner, first, last) = (flag::SNAPSHOT, flag::FIRST, flag::LAST);
    assert_eq!(flags, [inner | first, inner, inner, inner, inner, inner | last]);
    assert!(snapshot.rows.iter().all(|row| row.instrument == InstrumentId(4)));
    assert!(matches!(
        snapshot.rows[5].body(),
        Some(Body::Level { side: engine::id::Side::Sell, .. })
    ));
    let empty = br#"{"lastUpdateId":1,"bids":[],"asks":[]}"#;
    assert_eq!(spot.on_snapshot(1, &mut empty.to_vec(), AT), Err(DecodeError::Ids));
    let wrong = br#"{"code":-1121,"msg":"Invalid symbol."}"#;
    assert!(spot.on_snapshot(1, &mut wrong.to_vec(), AT).is_err());
    assert!(spot.on_snapshot(9, &mut empty.to_vec(), AT).is_err());
}

#[test]
fn it_subscribes_and_asks_by_the_venues_names() {
    let spot = BinanceSpot::new(&config());
    assert_eq!(
        spot.endpoints()[0].url,
        "ws://h:1/stream?streams=btcusdt@bookTicker/btcusdt@depth@100ms/btcusdt@trade/\
         ethusdt@bookTicker/ethusdt@depth@100ms/ethusdt@trade"
    );
    let request = spot.snapshot_request(1).unwrap();
    assert_eq!(request.url, "http://h:2/api/v3/depth?symbol=ETHUSDT&limit=5");
}

#[test]
fn every_fault_of_a_configuration_is_named() {
    assert_eq!(config().check(), Vec::<String>::new());
    let mut wrong = config();
    wrong.instruments[1] = wrong.instruments[0];
    let streams = Streams { depth: false, ..Streams::default() };
    let urls = ("http://h".to_string(), "h".to_string());
    let wrong = BinanceSpotConfig { ws_url: urls.0, rest_url: urls.1, streams, ..wrong };
    let told = BinanceSpotConfig { snapshot_levels: 5_001, ..wrong }.check();
    assert_eq!(told.len(), 5, "{told:?}");
}

proptest! {
    /// Bytes changed, lost or doubled anywhere: both readers read the same or refuse alike, nothing
    /// panics, and the decoder goes on.
    #[test]
    fn corrupt_frames_are_read_alike_or_refused(
        (which, wrapped) in (0_usize..3, any::<bool>()),
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), 0_u8..3, prop_oneof![
                any::<u8>(), prop::sample::select(b"0123456789.-\"\\[]{},:eE ".to_vec()),
            ]), 1..3),
    ) {
        let mut decoder = decoder(Flavour::Spot);
        let mut text = [BEST, TRADE, DEPTH][which].as_bytes().to_vec();
        if wrapped {
            let around: [&[u8]; 3] = [b"{\"stream\":\"x@y\",\"data\":", &text, b"}"];
            text = around.concat();
        }
        for (place, how, byte) in changes {
            let place = place.index(text.len());
            match how {
                0 => text[place] = byte,
                1 => text.insert(place, byte),
                _ => { text.remove(place); }
            }
        }
        decode(&mut decoder, &text, 0);
        prop_assert!(decode(&mut decoder, BEST.as_bytes(), 0).starts_with("best"));
    }
}
