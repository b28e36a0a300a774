//! The usual readers of Bybit's and OKX's frames against their general ones: whatever a frame is,
//! both say the same. On messages in the venues' layout, on every corruption of one byte, on every
//! truncation, and on random changes.
//!
//! `PEREGRINE_FUZZ=600 cargo test -p feeds --test fuzz_v5` tries random frames for so many seconds;
//! `PEREGRINE_FUZZ_SEED` begins where a failure was.
#![allow(clippy::unwrap_used, clippy::panic)]

use engine::event::Event;
use engine::id::{AssetId, InstrumentId};
use engine::instrument::{Instrument, Kind, Symbol};
use engine::num::Grid;
use engine::time::Nanos;
use feeds::bybit::{Bybit, BybitConfig, Market};
use feeds::net::Payload;
use feeds::net::frame::SPARE;
use feeds::okx::{Okx, OkxConfig};
use feeds::protocol::{DecodeError, Intake, Message, Protocol};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::time::{Duration, Instant};

const AT: Nanos = Nanos(1_723_161_266_991_000_123);

/// What was handed on, as text; rows with every word.
#[derive(Default)]
struct Told(Vec<String>);

impl Intake for Told {
    fn wants_best(&self, _: InstrumentId, id: u64) -> bool {
        !id.is_multiple_of(5)
    }

    fn take(&mut self, message: Message<'_>) {
        let rows = |rows: &[Event]| format!("{rows:?}");
        self.0.push(match message {
            Message::Depth { instrument, head, rows: all } => {
                format!("depth {instrument:?} {head:?} {}", rows(all))
            }
            Message::Book { instrument, book, anew, .. } => {
                format!("book {instrument:?} {} {anew} {}", book.last, rows(book.rows))
            }
            other => format!("{other:?}"),
        });
    }
}

/// A dialect with its two ways to read.
trait Reads: Protocol {
    fn general(&mut self, frame: Payload<'_>, told: &mut Told) -> Result<(), DecodeError>;
    fn messages(random: &mut SmallRng) -> Vec<u8>;
    fn make() -> Self;
}

fn instrument(symbol: &str, id: u16) -> Instrument {
    let grids = (Grid { decimals: 2, step: 5 }, Grid { decimals: 3, step: 1 });
    let symbol = Symbol::new(symbol).unwrap();
    let one = Instrument::new(InstrumentId(id), symbol, (AssetId(0), AssetId(1)), grids);
    Instrument { kind: Kind::Linear, ..one }
}

fn price(random: &mut SmallRng) -> String {
    let steps = random.random_range(1..2_000_000_u64) * 5;
    match random.random_range(0..3) {
        0 => format!("{}.{:02}", steps / 100, steps % 100),
        1 => format!("{}", steps / 100 + 1),
        _ => format!("{}.{}", steps / 100, steps % 100 / 10).replace(".5", ".50"),
    }
}

fn qty(random: &mut SmallRng) -> String {
    let lots = random.random_range(0..5_000_000_u64);
    match random.random_range(0..5) {
        0 => "0".to_string(),
        1 => format!("{lots}"),
        2 => format!("{}.{:04}", lots / 10_000, lots % 10_000),
        _ => format!("{}.{:03}", lots / 1_000, lots % 1_000),
    }
}

fn levels(random: &mut SmallRng, behind: &str) -> String {
    let count = [0, 1, 2, 9][random.random_range(0..4)];
    let one = |random: &mut SmallRng| format!(r#"["{}","{}"{behind}]"#, price(random), qty(random));
    let all: Vec<String> = (0..count).map(|_| one(random)).collect();
    format!("[{}]", all.join(","))
}

/// A best bid below a best ask; a side may be empty.
fn touch(random: &mut SmallRng, behind: &str) -> [String; 2] {
    let bid = random.random_range(1..1_000_u64);
    let ask = bid + random.random_range(1..9);
    [bid, ask].map(|price| match random.random_range(0..8) {
        0 => "[]".to_string(),
        _ => format!(r#"[["{price}.05","{}"{behind}]]"#, qty(random)),
    })
}

impl Reads for Bybit {
    fn general(&mut self, frame: Payload<'_>, told: &mut Told) -> Result<(), DecodeError> {
        self.read_any(frame, AT, told)
    }

    fn make() -> Self {
        let all = vec![instrument("BTCUSDT", 0), instrument("ETHUSDT", 3)];
        Self::new(&BybitConfig::new("ws://h", Market::Linear, all))
    }

    fn messages(random: &mut SmallRng) -> Vec<u8> {
        let symbol = ["BTCUSDT", "ETHUSDT"][random.random_range(0..2)];
        let (u, seq) = (random.random_range(1..300_u64), random.random_range(1..90_000_u64));
        let ts = 1_723_161_266_000_u64 + random.random_range(0..9_999);
        let book = |head: &str, bids: &str, asks: &str| {
            let data = format!(r#""s":"{symbol}","b":{bids},"a":{asks},"u":{u},"seq":{seq}"#);
            format!(r#"{{{head},"data":{{{data}}},"cts":{ts}}}"#)
        };
        let text = match random.random_range(0..3) {
            0 => {
                let [bids, asks] = touch(random, "");
                let topic = format!(r#""topic":"orderbook.1.{symbol}""#);
                book(&format!(r#"{topic},"ts":{ts},"type":"snapshot""#), &bids, &asks)
            }
            1 => {
                let kind = ["snapshot", "delta"][random.random_range(0..2)];
                let (bids, asks) = (levels(random, ""), levels(random, ""));
                let topic = format!(r#""topic":"orderbook.50.{symbol}""#);
                book(&format!(r#"{topic},"type":"{kind}","ts":{ts}"#), &bids, &asks)
            }
            _ => {
                let one = |random: &mut SmallRng| {
                    let side = ["Buy", "Sell"][random.random_range(0..2)];
                    let block: bool = random.random();
                    let (qty, price) = (qty(random), price(random));
                    let head = format!(r#""T":{ts},"s":"{symbol}","S":"{side}","v":"{qty}""#);
                    let rest = format!(r#""p":"{price}","L":"PlusTick","i":"20f43950-d8dd-{seq}""#);
                    format!(r#"{{{head},{rest},"BT":{block},"RPI":false,"seq":{seq}}}"#)
                };
                let all: Vec<String> =
                    (0..random.random_range(1..4)).map(|_| one(random)).collect();
                let topic = format!(r#""topic":"publicTrade.{symbol}","type":"snapshot""#);
                format!(r#"{{{topic},"ts":{ts},"data":[{}]}}"#, all.join(","))
            }
        };
        text.into_bytes()
    }
}

impl Reads for Okx {
    fn general(&mut self, frame: Payload<'_>, told: &mut Told) -> Result<(), DecodeError> {
        self.read_any(frame, AT, told)
    }

    fn make() -> Self {
        let all = vec![instrument("BTC-USDT-SWAP", 0), instrument("ETH-USDT", 3)];
        Self::new(&OkxConfig::new("ws://h", "http://h", all))
    }

    fn messages(random: &mut SmallRng) -> Vec<u8> {
        let symbol = ["BTC-USDT-SWAP", "ETH-USDT"][random.random_range(0..2)];
        let (before, seq) = (random.random_range(1..300_u64), random.random_range(1..90_000_u64));
        let ts = 1_723_161_266_000_u64 + random.random_range(0..9_999);
        let behind = r#","0","13""#;
        let (channel, rest) = match random.random_range(0..3) {
            0 => {
                let [bids, asks] = touch(random, behind);
                let ids = format!(r#""ts":"{ts}","seqId":{seq}"#);
                ("bbo-tbt", format!(r#""data":[{{"asks":{asks},"bids":{bids},{ids}}}]"#))
            }
            1 => {
                let whole: bool = random.random();
                let (action, before) = match whole {
                    true => ("snapshot", "-1".to_string()),
                    false => ("update", before.to_string()),
                };
                let sum = [0, random.random::<i32>()][random.random_range(0..2)];
                let (bids, asks) = (levels(random, behind), levels(random, behind));
                let sum = format!(r#""ts":"{ts}","checksum":{sum}"#);
                let ids = match random.random::<bool>() {
                    true => format!(r#"{sum},"prevSeqId":{before},"seqId":{seq}"#),
                    false => format!(r#"{sum},"seqId":{seq},"prevSeqId":{before}"#),
                };
                let data = format!(r#"{{"asks":{asks},"bids":{bids},{ids}}}"#);
                ("books", format!(r#""action":"{action}","data":[{data}]"#))
            }
            _ => {
                let side = ["buy", "sell"][random.random_range(0..2)];
                let head = format!(r#""instId":"{symbol}","tradeId":"{seq}""#);
                let what = format!(r#""px":"{}","sz":"{}""#, price(random), qty(random));
                let tail = format!(r#""side":"{side}","ts":"{ts}","count":"3","source":"0""#);
                ("trades", format!(r#""data":[{{{head},{what},{tail},"seqId":12}}]"#))
            }
        };
        format!(r#"{{"arg":{{"channel":"{channel}","instId":"{symbol}"}},{rest}}}"#).into_bytes()
    }
}

/// Both ways to read of a dialect.
struct Pair<D> {
    usual: D,
    general: D,
}

impl<D: Reads> Pair<D> {
    fn new() -> Self {
        Self { usual: D::make(), general: D::make() }
    }

    /// Both read `text` with `behind` in the spare bytes; true when it was read.
    fn check(&mut self, text: &[u8], behind: &[u8]) -> bool {
        let mut bytes = text.to_vec();
        bytes.extend(behind.iter().copied().chain([b'0'; SPARE]).take(SPARE));
        let mut copy = bytes.clone();
        let (mut one, mut two) = (Told::default(), Told::default());
        let frame = Payload::new(&mut bytes, text.len()).unwrap();
        let usual = self.usual.on_bytes(frame, AT, &mut one);
        let frame = Payload::new(&mut copy, text.len()).unwrap();
        let general = self.general.general(frame, &mut two);
        let said = String::from_utf8_lossy(text);
        assert_eq!((usual, &one.0), (general, &two.0), "{said}");
        usual.is_ok() && one.0.iter().all(|one| !one.starts_with("Unknown"))
    }
}

fn generated<D: Reads>() {
    let (mut pair, mut random) = (Pair::<D>::new(), SmallRng::seed_from_u64(7));
    let (count, mut read) = (3_000, 0);
    for _ in 0..count {
        read += u64::from(pair.check(&D::messages(&mut random), b""));
    }
    let general = pair.usual.ways().general;
    println!("{read} of {count} read, {general} by the general reader");
    // Best prices of random sides may meet, and a snapshot may be of nothing.
    assert!(read * 10 > count * 9, "{read} of {count} read");
    assert!(general * 10 < count, "{general} of {count} not read in the usual way");
}

#[test]
fn generated_messages_are_read_alike_and_in_the_usual_way() {
    generated::<Bybit>();
    generated::<Okx>();
}

/// All bytes where each counts; elsewhere those that mean something, and some that do not.
fn corruptions(byte: u8) -> impl Iterator<Item = u8> {
    let few = b"0123456789.,:\"\\[]{}-+eEtfn \0\x7f\x80\xff/";
    let near = [byte ^ 1, byte ^ 0x80, byte.wrapping_add(10), byte.wrapping_sub(10)];
    few.iter().copied().chain(near).filter(move |other| *other != byte)
}

fn corrupted<D: Reads>() {
    let mut random = SmallRng::seed_from_u64(3);
    let (mut pair, mut accepted) = (Pair::<D>::new(), 0_u64);
    for _ in 0..12 {
        let good = D::messages(&mut random);
        let mut text = good.clone();
        for place in 0..text.len() {
            let byte = text[place];
            for other in corruptions(byte) {
                text[place] = other;
                accepted += u64::from(pair.check(&text, b""));
            }
            text[place] = byte;
        }
        for end in 0..good.len() {
            assert!(!pair.check(&good[..end], &good[end..]), "a part of a message was read");
        }
        let doubled = [good.as_slice(), &good].concat();
        for end in good.len() + 1..doubled.len() {
            assert!(!pair.check(&doubled[..end], &doubled[end..]), "more than a message was read");
        }
    }
    println!("{accepted} corrupted messages were still messages");
    assert!(accepted > 1_000, "{accepted}: too few to tell anything");
}

#[test]
fn corrupted_and_cut_messages_are_read_alike_or_refused() {
    corrupted::<Bybit>();
    corrupted::<Okx>();
}

/// One change: a byte is another one, new, gone, or a piece is there twice.
fn change(text: &mut Vec<u8>, random: &mut SmallRng) {
    let bytes = b"0123456789.,:\"\\[]{}-eEt \0\xff";
    if text.is_empty() {
        return;
    }
    let place = random.random_range(0..text.len());
    let byte = bytes[random.random_range(0..bytes.len())];
    match random.random_range(0..5) {
        0 => text[place] = byte,
        1 => text[place] = random.random(),
        2 => text.insert(place, byte),
        3 => {
            text.remove(place);
        }
        _ => {
            let end = (place + random.random_range(1..40)).min(text.len());
            let piece = text[place..end].to_vec();
            text.splice(place..place, piece);
        }
    }
}

fn changed<D: Reads>(seed: u64) {
    let (mut pair, mut random) = (Pair::<D>::new(), SmallRng::seed_from_u64(seed));
    for _ in 0..300 {
        let mut text = D::messages(&mut random);
        let behind = D::messages(&mut random);
        for _ in 0..random.random_range(0..4) {
            change(&mut text, &mut random);
        }
        pair.check(&text, &behind);
    }
}

#[test]
fn random_changes_are_read_alike() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (seconds, first) = (number("PEREGRINE_FUZZ"), number("PEREGRINE_FUZZ_SEED").unwrap_or(1));
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut seed = first;
    while end.map_or(seed < first + 24, |end| Instant::now() < end) {
        // Shown when a check fails.
        println!("PEREGRINE_FUZZ_SEED={seed}");
        changed::<Bybit>(seed);
        changed::<Okx>(seed);
        seed += 1;
    }
}
