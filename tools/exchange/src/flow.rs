//! The generated market: many traders around a latent fair price, from a seed.
//!
//! * Background traders post limit orders at distances drawn from a profile and take them back
//!   after exponential lives; their number and sizes give the depth by distance.
//! * Touch makers keep a queue at the best prices around the fair price and close gaps.
//! * Takers split large orders into children (Lillo, Mike and Farmer 2005): each arrival serves one
//!   of a few parent orders whose lengths have a Pareto tail, which gives trade signs their long
//!   positive memory. Sizes are lognormal: a heavy tail.
//! * The fair price jumps. Makers on the wrong side run for it, most in time, while informed takers
//!   sweep what is left: whoever quotes and is late is filled.
//!
//! The fair price moves by itself, or follows the latent price of a world ([`Drive`]).
//!
//! The order of events depends on the seed and on what others do to the book, never on the clock.

use crate::order::{Side, SymbolId, Tif, Why};
use crate::venue::{HOUSE, Venue};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;

/// How a symbol's market differs from the one that was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Style {
    /// Factor on distances in ticks.
    pub distance: f64,
    /// Factor on quantities.
    pub size: f64,
    /// Factor on rates.
    pub rate: f64,
    /// Factor on the rate of takers who know nothing.
    pub takers: f64,
    /// Factor on the number of takers who have seen the fair price move.
    pub sweeps: f64,
    /// How far the best prices stand from the fair price, in ticks.
    pub half_spread: f64,
    /// Share of large orders that go the way in which the latent price leans.
    pub informed: f64,
}

impl Style {
    /// The market that was measured.
    pub(crate) const MEASURED: Self = Self {
        distance: 1.0,
        size: 1.0,
        rate: 1.0,
        takers: 1.0,
        sweeps: 1.0,
        half_spread: 0.0,
        informed: 0.0,
    };
}

/// Where a market's fair price comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drive {
    /// It jumps by itself.
    Own,
    /// [`Flow::follow`] moves it.
    Followed,
}

/// One bucket of the background profile, per side.
struct Bucket {
    /// Distance from the fair price in ticks.
    near: f64,
    far: f64,
    /// Arrivals per second.
    rate: f64,
    /// Mean life in seconds.
    life_s: f64,
    /// Mean size in whole units of the base asset.
    size: f64,
}

const fn bucket(near: f64, far: f64, rate: f64, life_s: f64, size: f64) -> Bucket {
    Bucket { near, far, rate, life_s, size }
}

/// Tuned so that `--describe` stays within a factor of two of the recording.
const PROFILE: [Bucket; 7] = [
    bucket(2.0, 62.0, 20.0, 3.0, 0.012),
    bucket(62.0, 310.0, 20.0, 5.0, 0.010),
    bucket(310.0, 620.0, 15.0, 8.0, 0.014),
    bucket(620.0, 1240.0, 15.0, 10.0, 0.020),
    bucket(1240.0, 3090.0, 18.0, 15.0, 0.08),
    bucket(3090.0, 6180.0, 10.0, 20.0, 0.14),
    bucket(6180.0, 20600.0, 8.0, 30.0, 0.10),
];

/// Touch makers: arrivals per second and side, mean life, mean size.
const TOUCH: Bucket = bucket(0.0, 1.0, 12.0, 2.0, 0.22);
/// Takers: arrivals per second, median size, log deviation, largest size.
const TAKER_RATE: f64 = 7.0;
const TAKER_MEDIAN: f64 = 0.0022;
const TAKER_SIGMA: f64 = 2.6;
const TAKER_MAX: f64 = 6.0;
/// How far beyond the best a taker goes, in ticks.
const TAKER_REACH: f64 = 400.0;
/// Parent orders under way, Pareto exponent of their lengths, longest.
const PARENTS: usize = 2;
const PARENT_ALPHA: f64 = 1.2;
const PARENT_MAX: f64 = 400.0;
/// Jumps of the fair price: per second, median ticks, log deviation, largest.
const JUMP_RATE: f64 = 2.4;
const JUMP_MEDIAN: f64 = 115.0;
const JUMP_SIGMA: f64 = 1.35;
const JUMP_MAX: f64 = 3000.0;
/// Share of jumps that come back at least this far within a mean of so many µs.
const BACK_SHARE: f64 = 0.3;
const BACK_LEAST: f64 = 0.3;
const BACK_US: f64 = 5000.0;
/// Share of overtaken makers that run in time, and how long they take (µs).
const RUN_SHARE: f64 = 0.9;
const RUN_US: f64 = 500.0;
/// Informed takers: delay (µs); median size, which grows by itself with each so many ticks of the
/// jump, and log deviation; ticks that bring one taker more, and most takers.
const SWEEP_US: f64 = 1000.0;
const SWEEP_MEDIAN: f64 = 0.004;
const SWEEP_GAIN: f64 = 50.0;
const SWEEP_EACH: f64 = 150.0;
const SWEEPS_MAX: u32 = 3;
const SWEEP_SIGMA: f64 = 1.8;
/// Share of jumps that go the way of a parent order under way.
const JUMP_WITH_PARENT: f64 = 0.8;
/// Orders a side that fill the gap after a jump, and how long they take (µs); share of
/// sides where one is quicker than all others.
const REFILL: u32 = 4;
const REFILL_US: f64 = 60000.0;
const QUICK_SHARE: f64 = 0.4;
/// Log deviation of makers' sizes.
const MAKER_SIGMA: f64 = 1.9;

/// Something that is due.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Background { bucket: usize, side: Side },
    Touch { side: Side },
    Take,
    Jump,
    Back { ticks: i64 },
    Cancel { order: u64 },
    Sweep { side: Side, ticks: i64 },
    Clear { side: Side },
    Refill { side: Side },
}

/// The generated market of one symbol.
pub(crate) struct Flow {
    symbol: SymbolId,
    style: Style,
    drive: Drive,
    /// Which way the latent price leans, as far as this market knows.
    lean: Option<Side>,
    random: StdRng,
    agenda: BTreeMap<(u64, u64), Act>,
    sequence: u64,
    now_us: u64,
    /// Fair price in ticks; the best bid belongs at its floor.
    fair: f64,
    parents: [(Side, u32); PARENTS],
    /// Lots in one unit of the base asset.
    lots_per_unit: f64,
    lots_min: i64,
}

impl Flow {
    /// A market whose book is empty until [`Flow::open`].
    pub(crate) fn new(
        venue: &Venue,
        symbol: SymbolId,
        seed: u64,
        style: Style,
        drive: Drive,
    ) -> Self {
        let listing = venue.listing(symbol);
        let spec = &listing.symbol;
        let fair = listing.last as f64 + 0.5;
        let lots_per_unit = crate::symbol::SCALE as f64 / spec.lot as f64;
        let least = spec.notional_min as f64 / (fair * spec.unit() as f64);
        Self {
            symbol,
            style,
            drive,
            lean: None,
            random: StdRng::seed_from_u64(seed ^ (u64::from(symbol) << 32)),
            agenda: BTreeMap::new(),
            sequence: 0,
            now_us: 0,
            fair,
            parents: [(Side::Buy, 0), (Side::Sell, 0)],
            lots_per_unit,
            lots_min: least.ceil().max(1.0) as i64,
        }
    }

    /// Fills the book as it would stand after a long time, and starts every trader.
    pub(crate) fn open(&mut self, venue: &mut Venue, now_ms: u64) {
        for side in [Side::Buy, Side::Sell] {
            for (n, bucket) in PROFILE.iter().enumerate() {
                let standing = (bucket.rate * bucket.life_s) as u32;
                for _ in 0..standing {
                    self.background(venue, n, side, now_ms);
                }
                self.again(self.style.rate * bucket.rate, Act::Background { bucket: n, side });
            }
            for _ in 0..(TOUCH.rate * TOUCH.life_s) as u32 {
                self.touch(venue, side, now_ms);
            }
            self.again(self.style.rate * TOUCH.rate, Act::Touch { side });
        }
        if self.style.takers > 0.0 {
            self.again(self.style.rate * self.style.takers * TAKER_RATE, Act::Take);
        }
        if self.drive == Drive::Own {
            self.again(self.style.rate * JUMP_RATE, Act::Jump);
        }
    }

    /// The fair price, in ticks.
    pub(crate) fn fair(&self) -> f64 {
        self.fair
    }

    /// Moves the fair price to `fair` (ticks) at `now_us`. What is `news` brings informed takers
    /// and tells which way the latent price leans; anything else only makes makers quote anew.
    pub(crate) fn follow(&mut self, venue: &Venue, fair: f64, news: Option<Side>, now_us: u64) {
        self.now_us = self.now_us.max(now_us);
        let ticks = fair.max(1.0) - self.fair;
        if news.is_some() {
            self.lean = news;
            self.shift(venue, ticks);
        } else if ticks.abs() < 1.0 {
            self.fair += ticks;
        } else {
            self.fair += ticks;
            self.requote(venue, ticks > 0.0);
            for side in [Side::Buy, Side::Sell] {
                let delay = RUN_US + self.exponential(REFILL_US);
                self.at(delay, Act::Refill { side });
            }
        }
    }

    /// When the next event is due, in µs of the market's own time.
    pub(crate) fn due_us(&self) -> u64 {
        self.agenda.first_key_value().map_or(u64::MAX, |((at, _), _)| *at)
    }

    /// Carries out the next event.
    pub(crate) fn step(&mut self, venue: &mut Venue, now_ms: u64) {
        let Some(((at, _), act)) = self.agenda.pop_first() else { return };
        self.now_us = at;
        match act {
            Act::Background { bucket, side } => {
                self.background(venue, bucket, side, now_ms);
                self.again(self.style.rate * PROFILE[bucket].rate, act);
            }
            Act::Touch { side } => {
                self.touch(venue, side, now_ms);
                self.again(self.style.rate * TOUCH.rate, act);
            }
            Act::Take => {
                self.take(venue, now_ms);
                self.again(self.style.rate * self.style.takers * TAKER_RATE, act);
            }
            Act::Jump => {
                self.jump(venue);
                self.again(self.style.rate * JUMP_RATE, act);
            }
            Act::Back { ticks } => self.shift(venue, ticks as f64),
            Act::Cancel { order } => {
                if venue.orders.get(&order).is_some_and(|order| order.account == HOUSE) {
                    venue.cancel(order, Why::User, "", now_ms);
                }
            }
            Act::Sweep { side, ticks } => self.sweep(venue, side, ticks, now_ms),
            Act::Clear { side } => self.clear(venue, side, now_ms),
            Act::Refill { side } => self.touch(venue, side, now_ms),
        }
    }

    fn at(&mut self, delay_us: f64, act: Act) {
        self.sequence += 1;
        let at = self.now_us.saturating_add(delay_us.max(1.0) as u64);
        self.agenda.insert((at, self.sequence), act);
    }

    /// Schedules the next arrival of a Poisson stream.
    fn again(&mut self, per_second: f64, act: Act) {
        let wait = self.exponential(1e6 / per_second.max(1e-9));
        self.at(wait, act);
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        let u: f64 = self.random.random_range(f64::EPSILON..1.0);
        -u.ln() * mean
    }

    /// A standard normal variate (Box–Muller).
    fn normal(&mut self) -> f64 {
        let u: f64 = self.random.random_range(f64::EPSILON..1.0);
        let v: f64 = self.random.random_range(0.0..std::f64::consts::TAU);
        (-2.0 * u.ln()).sqrt() * v.cos()
    }

    fn lots(&self, units: f64) -> i64 {
        ((units * self.style.size * self.lots_per_unit) as i64).max(self.lots_min)
    }

    /// A maker's size with this mean.
    fn maker_lots(&mut self, mean: f64) -> i64 {
        let median = mean / (MAKER_SIGMA * MAKER_SIGMA / 2.0).exp();
        let units = median * (MAKER_SIGMA * self.normal()).exp();
        self.lots(units.min(mean * 60.0))
    }

    /// Where the best price of a side belongs.
    fn place_of(&self, side: Side) -> i64 {
        match side {
            Side::Buy => (self.fair - self.style.half_spread).floor() as i64,
            Side::Sell => (self.fair + self.style.half_spread).floor() as i64 + 1,
        }
    }

    /// Posts without taking: a price that would cross stays one tick behind the other side.
    fn post(&mut self, venue: &mut Venue, side: Side, price: i64, lots: i64, life_s: f64, ms: u64) {
        let other = venue.listing(self.symbol).best(side.other());
        let price = match (side, other) {
            (Side::Buy, Some((ask, _))) => price.min(ask - 1),
            (Side::Sell, Some((bid, _))) => price.max(bid + 1),
            (_, None) => price,
        };
        if let Some(order) = venue.house_limit(self.symbol, side, (price, lots), Tif::Gtc, ms) {
            let life = self.exponential(life_s * 1e6 / self.style.rate);
            self.at(life, Act::Cancel { order });
        }
    }

    fn background(&mut self, venue: &mut Venue, bucket: usize, side: Side, now_ms: u64) {
        let shape = &PROFILE[bucket];
        let distance = self.random.random_range(shape.near..shape.far) * self.style.distance;
        let distance = distance as i64;
        let price = match side {
            Side::Buy => self.place_of(side) - distance,
            Side::Sell => self.place_of(side) + distance,
        };
        let lots = self.maker_lots(shape.size);
        self.post(venue, side, price, lots, shape.life_s, now_ms);
    }

    fn touch(&mut self, venue: &mut Venue, side: Side, now_ms: u64) {
        let lots = self.maker_lots(TOUCH.size);
        self.post(venue, side, self.place_of(side), lots, TOUCH.life_s, now_ms);
    }

    /// One child of a parent order.
    fn take(&mut self, venue: &mut Venue, now_ms: u64) {
        let n = self.random.random_range(0..PARENTS);
        if self.parents[n].1 == 0 {
            let u: f64 = self.random.random_range(f64::EPSILON..1.0);
            let length = u.powf(-1.0 / PARENT_ALPHA).min(PARENT_MAX) as u32;
            let side = if self.random.random_bool(0.5) { Side::Buy } else { Side::Sell };
            let side = match self.lean {
                Some(lean) if self.random.random_bool(self.style.informed) => lean,
                _ => side,
            };
            self.parents[n] = (side, length.max(1));
        }
        self.parents[n].1 -= 1;
        let side = self.parents[n].0;
        let units = TAKER_MEDIAN * (TAKER_SIGMA * self.normal()).exp();
        let lots = self.lots(units.min(TAKER_MAX));
        let Some((best, _)) = venue.listing(self.symbol).best(side.other()) else { return };
        let reach = (TAKER_REACH * self.style.distance) as i64;
        let limit = if side == Side::Buy { best + reach } else { best - reach };
        venue.house_limit(self.symbol, side, (limit, lots), Tif::Ioc, now_ms);
    }

    /// The fair price moves; overtaken makers run, informed takers come.
    fn jump(&mut self, venue: &Venue) {
        let ticks = (JUMP_MEDIAN * (JUMP_SIGMA * self.normal()).exp()).min(JUMP_MAX);
        let ticks = (ticks * self.style.distance).max(1.0);
        let ticks = ticks.min(self.fair / 4.0);
        let parent = self.parents[self.random.random_range(0..PARENTS)].0 == Side::Buy;
        let up = parent == self.random.random_bool(JUMP_WITH_PARENT);
        let ticks = if up { ticks } else { -ticks };
        if self.random.random_bool(BACK_SHARE) {
            let delay = self.exponential(BACK_US);
            let part = self.random.random_range(BACK_LEAST..1.0);
            self.at(delay, Act::Back { ticks: (-ticks * part) as i64 });
        }
        self.shift(venue, ticks);
    }

    /// Makers on the wrong side of the fair price run for it, most in time; the rest give up later.
    fn requote(&mut self, venue: &Venue, up: bool) {
        let stale = if up { Side::Sell } else { Side::Buy };
        let limit = self.place_of(stale.other());
        let overtaken: Vec<u64> = venue
            .listing(self.symbol)
            .book
            .entries(stale)
            .take_while(|(price, _)| if up { *price <= limit } else { *price >= limit })
            .filter(|(_, entry)| entry.account == HOUSE)
            .map(|(_, entry)| entry.id)
            .collect();
        for order in overtaken {
            if self.random.random_bool(RUN_SHARE) {
                let delay = self.random.random_range(0.0..RUN_US);
                self.at(delay, Act::Cancel { order });
            }
        }
        self.at(6.0 * RUN_US, Act::Clear { side: stale });
    }

    /// How many informed takers a move of so many ticks brings.
    fn sweepers(&mut self, ticks: f64) -> u32 {
        let count = 1 + (ticks / self.style.distance / SWEEP_EACH) as u32;
        let count = count.min(SWEEPS_MAX);
        if self.style.sweeps == 1.0 {
            return count;
        }
        let wanted = f64::from(count) * self.style.sweeps;
        wanted as u32 + u32::from(self.random.random_bool(wanted.fract()))
    }

    /// The fair price moves by so many ticks, and everyone whom that concerns gets going.
    fn shift(&mut self, venue: &Venue, ticks: f64) {
        let up = ticks > 0.0;
        self.fair += ticks;
        let ticks = ticks.abs();
        self.requote(venue, up);
        let side = if up { Side::Buy } else { Side::Sell };
        for _ in 0..self.sweepers(ticks) {
            let delay = self.exponential(SWEEP_US);
            self.at(delay, Act::Sweep { side, ticks: ticks as i64 });
        }
        for side in [Side::Buy, Side::Sell] {
            if self.random.random_bool(QUICK_SHARE) {
                let delay = self.exponential(RUN_US);
                self.at(delay, Act::Refill { side });
            }
            for _ in 1..REFILL {
                let delay = RUN_US + self.exponential(REFILL_US);
                self.at(delay, Act::Refill { side });
            }
        }
    }

    /// An informed taker takes what stands on the wrong side of the fair price.
    fn sweep(&mut self, venue: &mut Venue, side: Side, ticks: i64, now_ms: u64) {
        let limit = self.place_of(side);
        let gain = ticks as f64 / self.style.distance;
        let median = SWEEP_MEDIAN * (1.0 + gain / SWEEP_GAIN);
        let units = median * (SWEEP_SIGMA * self.normal()).exp();
        let lots = self.lots(units.min(TAKER_MAX));
        venue.house_limit(self.symbol, side, (limit, lots), Tif::Ioc, now_ms);
    }

    /// Makers that were still overtaken give up.
    fn clear(&mut self, venue: &mut Venue, side: Side, now_ms: u64) {
        let limit = self.place_of(side.other());
        let stale: Vec<u64> = venue
            .listing(self.symbol)
            .book
            .entries(side)
            .take_while(|(price, _)| match side {
                Side::Sell => *price <= limit,
                Side::Buy => *price >= limit,
            })
            .filter(|(_, entry)| entry.account == HOUSE)
            .map(|(_, entry)| entry.id)
            .collect();
        for order in stale {
            venue.cancel(order, Why::User, "", now_ms);
        }
    }
}

#[cfg(test)]
mod tests;
