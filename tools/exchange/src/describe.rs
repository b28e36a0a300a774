//! How the generated market compares with a recording: the same measures of both, side by side.
//!
//! Both are reduced to the same observations (best prices, public trades, book changes, depth each
//! second) and measured by the same code, so that a difference is one of the markets. A measure
//! holds when the two are within a factor of two.

use crate::error::Error;
use crate::event::Event;
use crate::flow::{Drive, Flow, Style};
use crate::json::{Object, array};
use crate::listing::{Changed, Listing};
use crate::order::Side;
use crate::recording::{Frame, Recording};
use crate::replay::Recorded;
use crate::symbol::Symbol;
use crate::venue::Venue;
use std::path::Path;

/// Distances from the mid, in basis points, at which depth is summed (both sides, inclusive).
const DEPTH_BPS: [f64; 6] = [0.1, 0.5, 1.0, 2.0, 5.0, 10.0];
/// Lags, in taker orders, at which the signs' autocorrelation is measured.
const SIGN_LAGS: [usize; 4] = [1, 2, 5, 10];

/// One measure of both markets.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// What is measured, with its unit.
    pub name: String,
    /// Of the generated market.
    pub generated: f64,
    /// Of the recording; none where no recording is given.
    pub recorded: Option<f64>,
}

impl Measure {
    /// Generated over recorded.
    pub fn ratio(&self) -> Option<f64> {
        self.recorded.map(|recorded| self.generated / recorded)
    }

    /// Whether the two are within a factor of two.
    pub fn holds(&self) -> Option<bool> {
        self.ratio().map(|ratio| (0.5..=2.0).contains(&ratio))
    }
}

/// The comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Seed of the generated market.
    pub seed: u64,
    /// Simulated seconds.
    pub seconds: f64,
    /// All measures.
    pub measures: Vec<Measure>,
}

impl Description {
    /// Whether every measure is within a factor of two; true without a recording.
    pub fn holds(&self) -> bool {
        self.measures.iter().all(|measure| measure.holds() != Some(false))
    }

    /// As JSON.
    pub fn json(&self) -> String {
        let measures = array(self.measures.iter().map(|measure| {
            Object::new()
                .put("name", &measure.name)
                .put("generated", measure.generated)
                .put("recorded", measure.recorded)
                .put("ratio", measure.ratio())
                .put("holds", measure.holds())
                .end()
        }));
        Object::new()
            .put("seed", self.seed)
            .put("seconds", self.seconds)
            .put("holds", self.holds())
            .raw("measures", &measures)
            .end()
    }

    /// As a table.
    pub fn table(&self) -> String {
        let mut out = format!(
            "{:<44}{:>14}{:>14}{:>8}  within 2x\n",
            format!("measure (seed {}, {:.0} s)", self.seed, self.seconds),
            "generated",
            "recorded",
            "ratio"
        );
        for measure in &self.measures {
            let verdict = match measure.holds() {
                Some(true) => "yes",
                Some(false) => "NO",
                None => "-",
            };
            let number = |value: Option<f64>| value.map_or("-".into(), |v| format!("{v:.4}"));
            let ratio = measure.ratio().map_or("-".into(), |ratio| format!("{ratio:.2}"));
            out.push_str(&format!(
                "{:<44}{:>14}{:>14}{:>8}  {verdict}\n",
                measure.name,
                number(Some(measure.generated)),
                number(measure.recorded),
                ratio
            ));
        }
        out
    }
}

/// What both markets are reduced to.
#[derive(Default)]
struct Observed {
    seconds: f64,
    spreads: Vec<f64>,
    mid_changes: u64,
    bests: u64,
    trades: u64,
    ids: u64,
    diff_levels: u64,
    diffs: u64,
    /// Taker orders: size in units of the base asset, and sign.
    takers: Vec<(f64, f64)>,
    taker_at: (u64, bool),
    depth: [f64; DEPTH_BPS.len()],
    depths: u64,
    last_mid: f64,
    /// Mid at the end of each second.
    mids: Vec<f64>,
}

impl Observed {
    /// A best bid and ask in ticks.
    fn best(&mut self, bid: i64, ask: i64) {
        self.bests += 1;
        self.spreads.push((ask - bid) as f64);
        let mid = (bid + ask) as f64 / 2.0;
        self.mid_changes += u64::from(mid != self.last_mid);
        self.last_mid = mid;
    }

    /// A public trade; trades of one taker order share their stamp and direction.
    fn trade(&mut self, stamp: u64, buyer_maker: bool, units: f64) {
        self.trades += 1;
        if self.taker_at == (stamp, buyer_maker)
            && let Some(last) = self.takers.last_mut()
        {
            last.0 += units;
            return;
        }
        self.taker_at = (stamp, buyer_maker);
        self.takers.push((units, if buyer_maker { -1.0 } else { 1.0 }));
    }

    /// The book as it stands, once a second.
    fn second(&mut self, spec: &Symbol, levels: impl Fn(Side) -> Vec<(i64, i64)>) {
        self.mids.push(self.last_mid);
        self.depths += 1;
        let unit = spec.lot as f64 / crate::symbol::SCALE as f64;
        for side in [Side::Buy, Side::Sell] {
            for (price, lots) in levels(side) {
                let bps = (price as f64 - self.last_mid).abs() / self.last_mid * 1e4;
                for (sum, reach) in self.depth.iter_mut().zip(DEPTH_BPS) {
                    *sum += if bps <= reach { lots as f64 * unit } else { 0.0 };
                }
            }
        }
    }

    fn measures(mut self) -> Vec<(String, f64)> {
        let per_second = |count: u64| count as f64 / self.seconds;
        let mut out = vec![
            ("best-price changes per s".into(), per_second(self.bests)),
            ("mid changes per s".into(), per_second(self.mid_changes)),
            ("trades per s".into(), per_second(self.trades)),
            ("taker orders per s".into(), self.takers.len() as f64 / self.seconds),
            ("book changes (update ids) per s".into(), per_second(self.ids)),
            (
                "levels per 100 ms depth message".into(),
                self.diff_levels as f64 / self.diffs.max(1) as f64,
            ),
        ];
        self.spreads.sort_by(f64::total_cmp);
        out.push(("spread median, ticks".into(), quantile(&self.spreads, 0.5)));
        out.push(("spread mean, ticks".into(), mean(&self.spreads)));
        for (sum, reach) in self.depth.iter().zip(DEPTH_BPS) {
            out.push((format!("depth within {reach} bp, base"), sum / self.depths.max(1) as f64));
        }
        let mut sizes: Vec<f64> = self.takers.iter().map(|(size, _)| *size).collect();
        sizes.sort_by(f64::total_cmp);
        out.push(("taker size median, base".into(), quantile(&sizes, 0.5)));
        out.push(("taker size p90, base".into(), quantile(&sizes, 0.9)));
        out.push(("taker size p99, base".into(), quantile(&sizes, 0.99)));
        out.push(("taker size tail (Hill index, top 10 %)".into(), hill(&sizes, 0.1)));
        let signs: Vec<f64> = self.takers.iter().map(|(_, sign)| *sign).collect();
        for lag in SIGN_LAGS {
            out.push((format!("sign autocorrelation, lag {lag}"), autocorrelation(&signs, lag)));
        }
        let steps: Vec<f64> = self.mids.windows(2).map(|w| (w[1] - w[0]).powi(2)).collect();
        out.push(("mid deviation over 1 s, ticks".into(), mean(&steps).sqrt()));
        out
    }
}

fn quantile(sorted: &[f64], q: f64) -> f64 {
    sorted.get((sorted.len() as f64 * q) as usize).copied().unwrap_or(f64::NAN)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Hill's estimator over the largest share of the sample (Hill 1975).
fn hill(sorted: &[f64], share: f64) -> f64 {
    let count = (sorted.len() as f64 * share) as usize;
    if count == 0 {
        return f64::NAN;
    }
    let tail = &sorted[sorted.len() - count..];
    count as f64 / tail.iter().map(|x| (x / tail[0]).ln()).sum::<f64>()
}

fn autocorrelation(values: &[f64], lag: usize) -> f64 {
    let middle = mean(values);
    let variance: f64 = values.iter().map(|v| (v - middle).powi(2)).sum();
    let pairs = values.iter().zip(values.iter().skip(lag));
    pairs.map(|(a, b)| (a - middle) * (b - middle)).sum::<f64>() / variance
}

const SECOND_US: u64 = 1_000_000;
const DIFF_US: u64 = 100_000;

/// Runs the generated market without a clock and observes it.
fn generated(seed: u64, seconds: u64) -> Observed {
    let mut venue = Venue::new(vec![Listing::new(Symbol::btcusdt(), 1, 1)]);
    venue.listing_mut(0).views = vec![Changed::default()];
    let mut flow = Flow::new(&venue, 0, seed, Style::MEASURED, Drive::Own);
    flow.open(&mut venue, 0);
    venue.commit(0);
    venue.events.clear();
    let mut seen = Observed { seconds: seconds as f64, ..Observed::default() };
    let first = venue.listing(0).update;
    let (mut next_diff, mut next_second) = (DIFF_US, SECOND_US);
    let mut told = [None; 2];
    let unit = venue.listing(0).symbol.lot as f64 / crate::symbol::SCALE as f64;
    let mut takers = 0;
    while flow.due_us() < seconds * SECOND_US {
        while flow.due_us() >= next_diff {
            let changed = std::mem::take(&mut venue.listing_mut(0).views[0]);
            seen.diffs += 1;
            seen.diff_levels += changed.levels.len() as u64;
            next_diff += DIFF_US;
        }
        if flow.due_us() >= next_second {
            let listing = venue.listing(0);
            seen.second(&listing.symbol, |side| listing.book.levels(side).collect());
            next_second += SECOND_US;
        }
        flow.step(&mut venue, flow.due_us() / 1000);
        venue.commit(0);
        takers += 1;
        for event in std::mem::take(&mut venue.events) {
            match event {
                // One step holds at most one taker order: its number is the stamp.
                Event::Trade { tick, .. } => {
                    seen.trade(takers, tick.buyer_maker, tick.lots as f64 * unit);
                }
                Event::Touch { .. } => {
                    let listing = venue.listing(0);
                    let best = [Side::Buy, Side::Sell].map(|side| listing.best(side));
                    if best != told
                        && let [Some(bid), Some(ask)] = best
                    {
                        seen.best(bid.0, ask.0);
                    }
                    told = best;
                }
                _ => {}
            }
        }
    }
    seen.ids = venue.listing(0).update - first;
    seen
}

/// Observes a recording.
fn recorded(recording: &Recording) -> Observed {
    let spec = recording.spec(&[Symbol::btcusdt(), Symbol::ethusdt()]);
    let mut book = Recorded::new(&spec, recording);
    let first_ns = recording.frames.first().map_or(0, |(at, _)| *at);
    let last_ns = recording.frames.last().map_or(0, |(at, _)| *at);
    let mut seen = Observed { seconds: (last_ns - first_ns) as f64 / 1e9, ..Observed::default() };
    let unit = 1.0 / crate::symbol::SCALE as f64;
    let mut next_second = first_ns + 1_000_000_000;
    for (at_ns, frame) in &recording.frames {
        if *at_ns >= next_second && seen.last_mid > 0.0 {
            seen.second(&spec, |side| book.levels(side).collect());
            next_second += 1_000_000_000;
        }
        book.on_frame(*at_ns, frame);
        match frame {
            Frame::Best { bid, ask, .. } => seen.best(bid.0 / spec.tick, ask.0 / spec.tick),
            Frame::Trade { trade_ms, qty, buyer_maker, .. } => {
                seen.trade(*trade_ms, *buyer_maker, *qty as f64 * unit);
            }
            Frame::Depth { first, last, sides, .. } => {
                seen.diffs += 1;
                seen.diff_levels += (sides[0].len() + sides[1].len()) as u64;
                seen.ids += last - first + 1;
            }
            Frame::Snapshot { .. } => {}
        }
    }
    seen
}

/// Measures `seconds` of the generated market and, where a recording is given, the same of it.
pub fn describe(seed: u64, seconds: u64, recording: Option<&Path>) -> Result<Description, Error> {
    let real = match recording {
        Some(path) => Some(recorded(&Recording::read(path)?).measures()),
        None => None,
    };
    let measures = generated(seed, seconds).measures().into_iter().enumerate();
    let measures = measures.map(|(n, (name, generated))| {
        let recorded = real.as_ref().and_then(|real| real.get(n)).map(|(_, value)| *value);
        Measure { name, generated, recorded }
    });
    Ok(Description { seed, seconds: seconds as f64, measures: measures.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_market() {
        let once = describe(3, 5, None).unwrap();
        assert_eq!(once.json(), describe(3, 5, None).unwrap().json());
        assert_ne!(once.json(), describe(4, 5, None).unwrap().json());
    }

    #[test]
    fn generated_market_is_within_a_factor_of_two_of_the_recording() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../../shared/data/spot/btcusdt_20240808.gz");
        if !path.exists() {
            println!("skipped: {} is not here", path.display());
            return;
        }
        for seed in [1, 2] {
            let description = describe(seed, 346, Some(&path)).unwrap();
            assert!(description.holds(), "{}", description.table());
        }
    }
}
