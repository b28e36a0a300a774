//! A drawn run as a page and as pictures: well-formed, whole, and not blank.

use super::*;
use crate::run::divergence::Fills;
use crate::run::{AFTER, Delayed, Filled, Leg, Look, Marked, Market, Meta, Sent, Witness};
use engine::id::Side;
use engine::time::Nanos;
use std::sync::atomic::{AtomicU64, Ordering};

static COUNT: AtomicU64 = AtomicU64::new(0);

struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("peregrine-report-{}-{number}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A generator of few lines, so that a seed names a run.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A market maker on a walk of this many seconds.
fn tell<W: Witness>(witness: &mut W, seconds: u64, markets: usize) {
    let market = |number: usize| Market {
        name: format!("sim:BTC<{number}>&USDT"),
        base: "BTC".into(),
        quote: "USDT".into(),
        tick: 0.1,
        lot: 0.001,
        is_margined: true,
    };
    let markets: Vec<Market> = (0..markets).map(market).collect();
    let utc_ns = 1_723_075_200_000_000_000;
    let count = markets.len();
    let (name, asset) = ("a \"drawn\" <run> & more".into(), "USDT".into());
    witness.begins(&Meta { name, markets, equity: 10_000.0, asset, utc_ns });
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut mids, mut held) = (vec![60_000.0; count], vec![0.0; count]);
    let mut money = 10_000.0;
    for s in 0..=seconds {
        let at = Nanos::from_s(s);
        let equity = money + held.iter().zip(&mids).map(|(held, mid)| held * mid).sum::<f64>();
        for market in 0..count {
            let mid: f64 = mids[market];
            let (bid, ask) = (mid - 0.5, mid + 0.5);
            let own_bid = if held[market] < 0.05 { mid - 1.0 } else { f64::NAN };
            let own_ask = if held[market] > -0.05 { mid + 1.0 } else { f64::NAN };
            let (position, rate) = (held[market], 1.0);
            witness.looks(&Look { at, market, bid, ask, own_bid, own_ask, position, rate, equity });
        }
        let market = (random.unit() * count as f64) as usize % count;
        let (mid, qty, order) = (mids[market], 0.001, s);
        let buys = random.unit() < 0.5 - held[market] * 5.0;
        let (side, sign) = if buys { (Side::Buy, 1.0) } else { (Side::Sell, -1.0) };
        let price = mid - sign * 1.0;
        let at = Nanos(at.0 + 5_000_000);
        witness.sent(&Sent { at, market, order, side, price, qty });
        witness.delayed(&Delayed {
            at,
            leg: Leg::Decision,
            ns: 500 + (random.unit() * 900.0) as u64,
        });
        let ns = (1e6 * (1.0 + 4.0 * random.unit())) as u64;
        witness.delayed(&Delayed { at, leg: Leg::RoundTrip, ns });
        if random.unit() < 0.3 {
            let (desk, fee, is_maker) = (0, -0.0002, s % 20 != 0);
            witness.filled(&Filled {
                at,
                market,
                desk,
                order,
                side,
                price,
                qty,
                fee,
                is_maker,
                mid,
            });
            held[market] += sign * qty;
            money -= sign * qty * price + fee;
            for after in 0..AFTER.len() {
                let mid = mid + (random.unit() - 0.5 - sign * 0.1) * (after + 1) as f64;
                let mid_then = mids[market];
                witness.marked(&Marked { at, market, side, price, qty, mid_then, after, mid });
            }
        }
        mids.iter_mut().for_each(|mid| *mid += (random.unit() - 0.5) * 4.0);
    }
    witness.ends(Nanos::from_s(seconds));
}

fn drawn(seconds: u64, markets: usize) -> Drawing {
    let mut drawing = Drawing::default();
    tell(&mut drawing, seconds, markets);
    drawing
}

/// A page without its document type, which XML parsers shun.
fn parsed(text: &str) -> roxmltree::Document<'_> {
    let body = text.strip_prefix("<!DOCTYPE html>\n").unwrap();
    roxmltree::Document::parse(body).unwrap()
}

#[test]
fn the_page_is_well_formed_and_needs_nothing_from_outside() {
    let scratch = Scratch::new();
    let mut fills = [Fills::default(), Fills::default()];
    tell(&mut fills[0], 3_000, 1);
    tell(&mut fills[1], 2_000, 1);
    let found = Divergence::of(&fills[0], &fills[1]);
    assert_eq!((found.recall, found.alone.is_empty()), (1.0, false));
    let drawing = drawn(3_000, 1);
    let written = write(&scratch.0, &drawing, Some((&found, "the <live> one"))).unwrap();
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), written.len());
    let text = fs::read_to_string(&written[0]).unwrap();
    let page = parsed(&text);
    let names: Vec<&str> = page.descendants().map(|node| node.tag_name().name()).collect();
    for forbidden in ["script", "link", "img", "image", "iframe", "use", "object"] {
        assert!(!names.contains(&forbidden), "<{forbidden}>");
    }
    for node in page.descendants() {
        for one in node.attributes() {
            assert!(!["src", "href"].contains(&one.name()), "{}", one.value());
        }
    }
    assert!(!text.contains("@import") && !text.contains("url("));
    let pictures = pictures(&drawing, &drawing.measures.metrics()).unwrap();
    assert_eq!(names.iter().filter(|name| **name == "svg").count(), pictures.len());
    // Every colour follows the paper.
    assert!(page.descendants().filter(|node| node.tag_name().name() == "polyline").all(|line| {
        line.attribute("stroke").is_some_and(|stroke| stroke.starts_with("var(--"))
    }));
    let all: Vec<&str> = page.descendants().filter_map(|node| node.text()).collect();
    for words in ["Sharpe ratio, annualised", "a \"drawn\" <run> & more", "the <live> one"] {
        assert!(all.iter().any(|text| text.contains(words)), "{words}");
    }
}

#[test]
fn pictures_decode_and_are_not_blank() {
    let drawing = drawn(2_000, 2);
    let raster = raster::Raster::default();
    let metrics = drawing.measures.metrics();
    let pictures = pictures(&drawing, &metrics).unwrap();
    let names: Vec<&str> = pictures.iter().map(|picture| picture.name.as_str()).collect();
    let expected = "equity drawdown price-0 quotes-0 inventory-0 price-1 quotes-1 inventory-1 pnl \
        markouts latency heat held-0 held-1 holding";
    assert_eq!(names, expected.split_whitespace().collect::<Vec<_>>());
    for picture in &pictures {
        let mut bytes = Vec::new();
        raster.write(&picture.svg, &mut bytes).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(reader.info().width, frame::WIDTH, "{}", picture.name);
        let count = pixels.chunks_exact(3).filter(|pixel| **pixel != [255; 3]).count();
        assert!(count > 3_000, "{} has {count} pixels", picture.name);
        let letters = pixels.chunks_exact(3).filter(|pixel| pixel.iter().all(|one| *one < 90));
        assert!(letters.count() > 100, "{} has no letters", picture.name);
    }
}

#[test]
fn a_run_in_which_nothing_happened_has_a_page() {
    let scratch = Scratch::new();
    let drawing = drawn(0, 1);
    let written = write(&scratch.0, &drawing, None).unwrap();
    parsed(&fs::read_to_string(&written[0]).unwrap());
    let mut nothing = Drawing::default();
    let (name, asset) = ("nothing".into(), "USDT".into());
    nothing.begins(&Meta { name, markets: Vec::new(), equity: 0.0, asset, utc_ns: 0 });
    let written = write(&scratch.0, &nothing, None).unwrap();
    parsed(&fs::read_to_string(&written[0]).unwrap());
}

#[test]
fn pages_of_long_runs_are_no_longer() {
    let [short, long] = [40_000, 120_000].map(|seconds| {
        let drawing = drawn(seconds, 1);
        let metrics = drawing.measures.metrics();
        let pictures = pictures(&drawing, &metrics).unwrap();
        pictures.iter().map(|picture| picture.svg.len()).sum::<usize>()
    });
    assert!(long < short * 3 / 2, "{short} bytes, {long} bytes");
}

/// Writes a report to look at, where `PEREGRINE_REPORT` says.
#[test]
fn a_report_to_look_at() {
    let Ok(folder) = std::env::var("PEREGRINE_REPORT") else { return };
    write(Path::new(&folder), &drawn(200_000, 1), None).unwrap();
}
