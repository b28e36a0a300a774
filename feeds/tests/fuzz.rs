//! The fast readers of frames against the general one: whatever a frame is, both say the same. On
//! generated messages of both markets, on every corruption of one byte, on every truncation, and on
//! random changes; with instructions of every width that the machine has.
//!
//! `PEREGRINE_FUZZ=600 cargo test -p feeds --test fuzz` tries random frames for so many seconds;
//! `PEREGRINE_FUZZ_SEED` begins where a failure was.
#![allow(clippy::unwrap_used, clippy::panic)]

mod corpus;

use corpus::{Corpus, instruments};
use engine::time::Nanos;
use feeds::binance::{Decoder, Flavour, Sizes, Width};
use feeds::net::Payload;
use feeds::net::frame::SPARE;
use feeds::protocol::Message;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::time::{Duration, Instant};

const AT: Nanos = Nanos(1_723_161_266_991_000_123);

/// A fast decoder of one width and a general one.
struct Pair {
    width: Width,
    fast: Decoder,
    general: Decoder,
}

impl Pair {
    /// `None` where the machine does not have the width.
    fn new(flavour: Flavour, width: Width) -> Option<Self> {
        let sizes = Sizes { snapshot_levels: 5, diff_levels_max: 300 };
        let decoder = || Decoder::new(flavour, &instruments(), sizes);
        let (mut fast, general) = (decoder(), decoder());
        if !fast.set_width(width) {
            println!("skipped: this machine has no {width:?}");
            return None;
        }
        Some(Self { width, fast, general })
    }

    fn all(flavour: Flavour) -> impl Iterator<Item = Self> {
        Width::ALL.into_iter().filter_map(move |width| Self::new(flavour, width))
    }

    /// Both read `text` with `behind` in the spare bytes; true when it was a message.
    fn check(&mut self, text: &[u8], behind: &[u8]) -> bool {
        let mut bytes = text.to_vec();
        bytes.extend(behind.iter().copied().chain([b'0'; SPARE]).take(SPARE));
        let mut copy = bytes.clone();
        let general = Payload::new(&mut copy, text.len()).unwrap();
        let general = self.general.decode_any(general, AT, |_, _| true);
        let fast = Payload::new(&mut bytes, text.len()).unwrap();
        let fast = self.fast.decode(fast, AT, |_, _| true);
        let said = String::from_utf8_lossy(text);
        assert_eq!(fast, general, "{:?} reads {said}", self.width);
        let is_market = |message: &Message<'_>| {
            matches!(
                message,
                Message::Best(_)
                    | Message::Trade(_)
                    | Message::Bundle { .. }
                    | Message::Depth { .. }
            )
        };
        fast.is_ok_and(|message| is_market(&message))
    }

    /// How many frames were not read in the fast way.
    fn missed(&self) -> u64 {
        let ways = self.fast.ways();
        ways.plain + ways.general
    }
}

const FLAVOURS: [Flavour; 2] = [Flavour::Spot, Flavour::Usdm];

#[test]
fn generated_messages_are_read_alike_and_fast() {
    for flavour in FLAVOURS {
        for mut pair in Pair::all(flavour) {
            let mut corpus = Corpus::new(7, flavour);
            let mut count = 0;
            for _ in 0..3_000 {
                let text = corpus.message();
                assert!(pair.check(&text, b""), "{}", String::from_utf8_lossy(&text));
                count += 1;
            }
            let (missed, width) = (pair.missed(), pair.width);
            println!("{flavour:?} {width:?}: {missed} of {count} not read fast");
            assert!(width == Width::Plain || missed * 20 < count, "{width:?}: {missed} of {count}");
        }
    }
}

/// After each bad frame a good one is read, and in the fast way again soon: guesses about what
/// messages look like are not spoilt.
#[test]
fn every_corruption_of_one_byte_is_read_alike_or_refused() {
    let mut accepted = 0_u64;
    for flavour in FLAVOURS {
        let messages = Corpus::new(1, flavour).one_of_each();
        for mut pair in Pair::all(flavour) {
            for good in &messages {
                let mut text = good.clone();
                for place in 0..text.len() {
                    let byte = text[place];
                    for other in corruptions(byte) {
                        text[place] = other;
                        accepted += u64::from(pair.check(&text, b""));
                    }
                    text[place] = byte;
                    assert!(pair.check(good, b""));
                    let before = pair.missed();
                    assert!(pair.check(good, b""));
                    let plain = pair.width == Width::Plain;
                    assert!(plain || pair.missed() == before, "spoilt at {place}");
                }
            }
        }
    }
    println!("{accepted} corrupted messages were still messages");
    assert!(accepted > 1_000, "{accepted}: too few to tell anything");
}

/// All bytes where each counts; elsewhere those that mean something, and some that do not.
fn corruptions(byte: u8) -> impl Iterator<Item = u8> {
    let few = b"0123456789.,:\"\\[]{}-+eEtfn \0\x7f\x80\xff/";
    let near = [byte ^ 1, byte ^ 0x80, byte.wrapping_add(10), byte.wrapping_sub(10)];
    few.iter().copied().chain(near).filter(move |other| *other != byte)
}

/// What lies behind the end is the rest of the message: nothing may be taken from there.
#[test]
fn every_truncation_is_read_alike() {
    for flavour in FLAVOURS {
        let messages = Corpus::new(2, flavour).one_of_each();
        for mut pair in Pair::all(flavour) {
            for text in &messages {
                for end in 0..text.len() {
                    assert!(!pair.check(&text[..end], &text[end..]));
                }
                let doubled = [text.as_slice(), text].concat();
                for end in text.len()..doubled.len() {
                    let (message, rest) = doubled.split_at(end);
                    assert!(end == text.len() || !pair.check(message, rest));
                }
            }
        }
    }
}

/// A best bid and ask that nobody wants is told to be stale by both; what is wrong behind its
/// symbol, only the general reader sees.
#[test]
fn stale_messages_are_told_alike() {
    for flavour in FLAVOURS {
        let mut corpus = Corpus::new(3, flavour);
        for mut pair in Pair::all(flavour) {
            let text = corpus.best();
            let mut bytes = [text.as_slice(), &[0; SPARE]].concat();
            let mut copy = bytes.clone();
            let general = Payload::new(&mut copy, text.len()).unwrap();
            let general = pair.general.decode_any(general, AT, |_, _| false);
            let fast = Payload::new(&mut bytes, text.len()).unwrap();
            let fast = pair.fast.decode(fast, AT, |_, _| false);
            assert_eq!(fast, general);
            assert!(matches!(fast, Ok(Message::Stale(..))));
        }
    }
}

#[test]
fn random_changes_are_read_alike() {
    let seconds = std::env::var("PEREGRINE_FUZZ").ok().and_then(|text| text.parse().ok());
    let seed = std::env::var("PEREGRINE_FUZZ_SEED").ok().and_then(|text| text.parse().ok());
    let (first, start) = (seed.unwrap_or(1), Instant::now());
    let end = seconds.map(|seconds: u64| start + Duration::from_secs(seconds));
    let (mut seed, mut accepted, mut tried) = (first, 0_u64, 0_u64);
    while end.map_or(seed < first + 24, |end| Instant::now() < end) {
        // Shown when a check fails.
        println!("PEREGRINE_FUZZ_SEED={seed}");
        for flavour in FLAVOURS {
            for mut pair in Pair::all(flavour) {
                let mut random = SmallRng::seed_from_u64(seed);
                let mut corpus = Corpus::new(seed, flavour);
                for _ in 0..200 {
                    let mut text = corpus.message();
                    let behind = corpus.message();
                    for _ in 0..random.random_range(0..4) {
                        change(&mut text, &mut random);
                    }
                    accepted += u64::from(pair.check(&text, &behind));
                    tried += 1;
                }
            }
        }
        seed += 1;
    }
    println!("{accepted} of {tried} changed messages were still messages");
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
            let end = (place + random.random_range(1..24)).min(text.len());
            let piece = text[place..end].to_vec();
            text.splice(place..place, piece);
        }
    }
}
