//! A best price of one venue and the order that it causes at another: from the last byte read to
//! the order's frame. The strategy is cross-exchange market making, whose quotes at the second
//! venue follow the first one's price; both are moved by each tick.
//!
//! Beside it, tick by tick, the way that stays at the first venue: Avellaneda–Stoikov's quotes
//! there follow the same price. Both sessions follow both venues with the same parts
//! ([`benches::fleet`]), so that what differs is the strategy, the ring and the encoder that the
//! order goes through.

use benches::corpus;
use benches::fleet::dialect::{Dialect, instruments};
use benches::fleet::player::Tape;
use benches::fleet::program::tell;
use benches::fleet::setup::{LIMITS, setup};
use benches::fleet::speech::Speaker;
use benches::fleet::story::{Book, Level};
use benches::fleet::{Fleet, Plays, Way};
use benches::row::Against;
use benches::stage::{Bar, Row, Stage, median, quantile};
use engine::time::Nanos;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::sync::Arc;

const RATIO_MAX: f64 = 1.5;
const SINGLE: &str = "single venue";
/// Ticks of a turn, and turns.
const TICKS: usize = 500;
const TURNS: usize = 61;
/// Ticks after which journals go to disk.
const CHORES_EVERY: usize = 250;
/// Where the walk begins, hundredths; a step is a tick of ten.
const MIDDLE: i64 = 6_183_760;
const STEP: i64 = 10;
const LEVELS: i64 = 400;

type Failed = Box<dyn std::error::Error>;

const CROSS: &str = r#"
strategy = "cross-market"
[desk.parameters]
order_qty = 0.01
profit_bps = 5.0
profit_min_bps = 5.0
drift_bps = 0.0
age_max_s = 60.0
position_max = 10.0
[quotes]
price_tolerance_ticks = 0
life_min_ms = 0
"#;

const ALONE: &str = r#"
strategy = "avellaneda-stoikov"
[desk.parameters]
order_qty = 0.01
levels = 1
spread_min_bps = 1.0
sigma_start = 1.0
kappa_start = 0.5
kappa_estimated = false
[quotes]
price_tolerance_ticks = 0
life_min_ms = 0
"#;

/// A session that follows two venues.
struct Session {
    fleet: Fleet,
    /// Where its orders go.
    orders_at: usize,
}

impl Session {
    /// Quotes at the second venue after the first one's price, or at the first alone.
    fn open(pair: [Dialect; 2], cross: bool) -> Result<Self, Failed> {
        let all = instruments(&pair, 1);
        let [first, second] = pair.map(|one| format!("{}:{}", one.name(), one.symbol(0)));
        let (list, rest) = match cross {
            true => (format!("[\"{second}\", \"{first}\"]"), CROSS),
            false => (format!("[\"{first}\"]"), ALONE),
        };
        let desk = format!("[[desk]]\nname = \"bench\"\ninstruments = {list}{rest}");
        let text = setup((&pair, &all), &[&desk, LIMITS]);
        let nothing = || Plays::Frames(Arc::new(Tape::default()));
        let fleet = Fleet::open(&text, (&pair, &all), &[nothing(), nothing()], false)?;
        Ok(Self { fleet, orders_at: usize::from(cross) })
    }

    fn begin(&mut self, speakers: &[Speaker; 2]) -> Result<(), Failed> {
        self.fleet.settle();
        for (feed, speaker) in speakers.iter().enumerate() {
            tell(&mut self.fleet, (feed, 0), &speaker.whole(Nanos::ZERO, LEVELS as usize));
            self.fleet.settle();
        }
        self.fleet.check()
    }

    /// The first venue's frame, timed; then the second one's.
    fn tick(&mut self, frames: &[Vec<u8>; 2]) -> Option<Way> {
        let way = self.fleet.tick(0, 0, &frames[0]);
        self.fleet.settle();
        self.fleet.tick(1, 0, &frames[1]);
        self.fleet.settle();
        way
    }
}

/// A best price that walks, told by both venues.
struct Walk {
    speakers: [Speaker; 2],
    random: SmallRng,
    bid: i64,
    id: u64,
}

impl Walk {
    fn new(pair: [Dialect; 2]) -> Self {
        let side = |sign: i64| -> BTreeMap<i64, i64> {
            (0..LEVELS)
                .map(|n| (MIDDLE + i64::from(sign > 0) * STEP + sign * n * STEP, 1_250))
                .collect()
        };
        let book: Book = [side(-1), side(1)];
        let speakers = pair.map(|one| Speaker::new(one, 0, (1_000, book.clone())));
        Self { speakers, random: SmallRng::seed_from_u64(5), bid: MIDDLE, id: 2_000 }
    }

    fn next(&mut self) -> [Vec<u8>; 2] {
        let size = self.random.random_range(1..=5) * STEP;
        let up = match self.bid - MIDDLE {
            away if away > 100 * STEP => false,
            away if away < -100 * STEP => true,
            _ => self.random.random_bool(0.5),
        };
        self.bid += if up { size } else { -size };
        self.id += 3;
        let mut level = |price| -> Level { (price, self.random.random_range(1_000..9_000)) };
        let best = [level(self.bid), level(self.bid + STEP)];
        let ms = 1_723_161_255_030 + self.id;
        let text = |speaker: &Speaker| corpus::frame(speaker.best(&best, self.id, ms).as_bytes());
        self.speakers.each_ref().map(text)
    }
}

fn spans(ways: &[Way], span: fn(&Way) -> Nanos) -> Vec<f64> {
    ways.iter().map(|way| span(way).0 as f64).collect()
}

fn measure(stage: &mut Stage, pair: [Dialect; 2]) -> Result<(), Failed> {
    let title = format!("{} to {}", pair[0].name(), pair[1].name());
    let mut walk = Walk::new(pair);
    let mut sessions = [Session::open(pair, true)?, Session::open(pair, false)?];
    for session in &mut sessions {
        session.begin(&walk.speakers)?;
    }
    let turns = if stage.smoke() { 1 } else { TURNS };
    let (mut all, mut ratios, mut singles) = (Vec::new(), Vec::new(), Vec::new());
    // The first turn warms up.
    for turn in 0..=turns {
        let mut ways = [Vec::new(), Vec::new()];
        for number in 0..TICKS {
            let frames = walk.next();
            for (session, ways) in sessions.iter_mut().zip(&mut ways) {
                ways.extend(session.tick(&frames));
                if number % CHORES_EVERY == 0 {
                    session.fleet.chores()?;
                }
            }
        }
        for (session, ways) in sessions.iter().zip(&ways) {
            if ways.len() * 20 < TICKS * 19 {
                session.fleet.check()?;
                return Err(
                    format!("{title}: {} of {TICKS} ticks caused an order", ways.len()).into()
                );
            }
        }
        let first = |ways: &[Way]| spans(ways, |way| way.first.since(way.read));
        let [cross, single] = ways.each_ref().map(|ways| median(first(ways)));
        if turn > 0 {
            ratios.push(single / cross);
            singles.push(single);
            all.extend(first(&ways[0]));
        }
    }
    for session in &sessions {
        session.fleet.check()?;
        let (there, all) = (session.fleet.taken_at(session.orders_at), session.fleet.taken());
        assert_eq!(there.requests, all.requests, "{title}: all orders go to one venue");
    }
    if stage.smoke() {
        return Ok(());
    }
    let tail_ns = Some([quantile(all.clone(), 0.99), quantile(all.clone(), 0.999)]);
    let against = Against { name: SINGLE.into(), ns: median(singles), ratio: median(ratios) };
    let (bar, against) = (Bar::within(RATIO_MAX, SINGLE), vec![against]);
    stage.keep(Row { tail_ns, bar, against, ..Row::new("cross", title, median(all)) });
    Ok(())
}

fn main() -> Result<(), Failed> {
    let mut stage = Stage::new("cross");
    use Dialect::{Bybit, Okx, Spot, Usdm};
    for pair in [[Spot, Usdm], [Usdm, Bybit], [Bybit, Okx], [Okx, Spot]] {
        measure(&mut stage, pair)?;
    }
    stage.finish();
    Ok(())
}
