//! The world: several venues whose prices follow the same latent prices.
//!
//! ```text
//!  latent BTC ──delay──▶ + noise + basis ──▶ fair price of one listing ──▶ its traders (flow)
//!      │  β + spread                                                          │
//!  latent ETH ──delay──▶ …                                        book of one venue ◀── our orders
//! ```
//!
//! Each latent price, each listing's noise and each listing's traders draw from their own seeded
//! stream, so what somebody does on one venue changes nothing on another. The order of events
//! depends on the seed and on others' orders, never on the clock: the caller says what time it is,
//! and may let the world run as fast as it can.

mod build;
mod latent;
mod open;
mod text;

pub(crate) use open::open;
pub use text::{FollowText, LatentText, ListingText, SCENARIOS, VenueText, WorldText};

use crate::floor::{App, SharedFloor};
use crate::flow::Flow;
use crate::kind::VenueKind;
use crate::order::{Side, SymbolId};
use crate::symbol::SCALE;
use latent::{Latent, Noise, exponential, normal, stream};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Time between looks at marks, funding, margin and countdowns.
const PULSE_US: u64 = 10_000;
/// Mean time between steps of a noise or a spread.
const NOISE_US: f64 = 100_000.0;

/// One venue of the world.
pub(crate) struct Room {
    pub kind: VenueKind,
    pub app: App,
    /// Whether it goes on from a ledger.
    recovered: bool,
    /// Where its ledger is kept.
    ledger: Option<PathBuf>,
}

/// What ties a listing to the latent prices.
struct Tie {
    /// The latent prices of base and quote; none stands for one USDT.
    base: usize,
    quote: Option<usize>,
    delay_us: u64,
    noise: Noise,
    noise_at_us: u64,
    basis: f64,
    /// Log of the latent price as this listing knows it.
    known: f64,
    random: StdRng,
    tick: f64,
}

impl Tie {
    /// The fair price in ticks.
    fn fair(&self) -> f64 {
        (self.known + self.noise.value + self.basis).exp() / self.tick
    }
}

/// One listing with its traders.
struct Market {
    room: usize,
    symbol: SymbolId,
    flow: Flow,
    /// None where the listing's price moves by itself.
    tie: Option<Tie>,
}

/// Something that is due.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Jump {
        latent: usize,
    },
    Back {
        latent: usize,
        size: f64,
    },
    Spread {
        latent: usize,
        since_us: u64,
    },
    /// The latent price, as it was a delay ago, reaches a market.
    Follow {
        market: usize,
        known: f64,
        news: Option<Side>,
    },
    Noise {
        market: usize,
    },
    Pulse,
}

/// All venues, their traders, and the prices that they follow.
pub(crate) struct World {
    latents: Vec<Latent>,
    rooms: Vec<Room>,
    markets: Vec<Market>,
    agenda: BTreeMap<(u64, u64), Act>,
    sequence: u64,
    now_us: u64,
    random: StdRng,
}

impl World {
    fn new(rooms: Vec<Room>, latents: Vec<Latent>, seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed ^ stream("world"));
        Self {
            latents,
            rooms,
            markets: Vec::new(),
            agenda: BTreeMap::new(),
            sequence: 0,
            now_us: 0,
            random,
        }
    }

    /// Starts the latent prices, the noises and the pulse.
    fn start(&mut self) {
        for n in 0..self.latents.len() {
            if let Some(wait) = self.latents[n].wait_us() {
                self.at(wait, Act::Jump { latent: n });
            }
            if self.latents[n].follows.is_some() {
                self.at(NOISE_US, Act::Spread { latent: n, since_us: 0 });
            }
        }
        for n in 0..self.markets.len() {
            if self.markets[n].tie.as_ref().is_some_and(|tie| !tie.noise.is_silent()) {
                self.at(NOISE_US, Act::Noise { market: n });
            }
        }
        self.at(PULSE_US as f64, Act::Pulse);
    }

    /// The venues.
    pub(crate) fn rooms(&self) -> &[Room] {
        &self.rooms
    }

    /// The floor of a venue.
    pub(crate) fn floor(&self, kind: VenueKind) -> Option<&SharedFloor> {
        self.rooms.iter().find(|room| room.kind == kind).map(|room| &room.app.floor)
    }

    fn at(&mut self, delay_us: f64, act: Act) {
        self.sequence += 1;
        let at = self.now_us.saturating_add(delay_us.max(1.0) as u64);
        self.agenda.insert((at, self.sequence), act);
    }

    /// The market whose next event is the first, and when that is.
    fn first_market(&self) -> (u64, usize) {
        let due = self.markets.iter().enumerate().map(|(n, market)| (market.flow.due_us(), n));
        due.min().unwrap_or((u64::MAX, 0))
    }

    /// When the next event is due, in µs of the world's own time.
    pub(crate) fn due_us(&self) -> u64 {
        let agenda = self.agenda.first_key_value().map_or(u64::MAX, |((at, _), _)| *at);
        agenda.min(self.first_market().0)
    }

    /// Carries out the next event.
    pub(crate) fn step(&mut self, now_ms: u64) {
        let (at, n) = self.first_market();
        if self.agenda.first_key_value().is_none_or(|((due, _), _)| *due > at) {
            let Some(market) = self.markets.get_mut(n) else { return };
            self.now_us = self.now_us.max(at);
            let mut floor = self.rooms[market.room].app.floor.lock();
            market.flow.step(&mut floor.venue, now_ms);
            floor.flush(now_ms);
            return;
        }
        let Some(((at, _), act)) = self.agenda.pop_first() else { return };
        self.now_us = self.now_us.max(at);
        match act {
            Act::Jump { latent } => self.jump(latent),
            Act::Back { latent, size } => {
                self.latents[latent].shift(size);
                self.spread_news(latent, Some(if size > 0.0 { Side::Buy } else { Side::Sell }));
            }
            Act::Spread { latent, since_us } => self.step_spread(latent, since_us),
            Act::Follow { market, known, news } => self.follow(market, known, news),
            Act::Noise { market } => self.step_noise(market),
            Act::Pulse => self.pulse(now_ms),
        }
    }

    /// Runs until this time of the world, as fast as it can; `start_ms` is what time it was at its
    /// beginning.
    pub(crate) fn run_until(&mut self, until_us: u64, start_ms: u64) {
        while self.due_us() <= until_us {
            let now_ms = start_ms + self.due_us() / 1000;
            self.step(now_ms);
        }
    }

    /// Log of an asset's latent price.
    fn log_price(&self, latent: usize) -> f64 {
        let one = &self.latents[latent];
        let led = one.follows.map_or(0.0, |(other, beta, _)| beta * self.latents[other].own());
        one.start() + one.own() + led
    }

    /// Log of the latent price of a market.
    fn target(&self, market: usize) -> Option<f64> {
        let tie = self.markets[market].tie.as_ref()?;
        let quote = tie.quote.map_or(0.0, |quote| self.log_price(quote));
        Some(self.log_price(tie.base) - quote)
    }

    fn jump(&mut self, latent: usize) {
        let jump = self.latents[latent].jump(self.now_us);
        if let Some((size, wait_us)) = jump.back {
            self.at(wait_us as f64, Act::Back { latent, size });
        }
        self.at(jump.next_us, Act::Jump { latent });
        let lean = self.latents[latent].lean();
        self.spread_news(latent, Some(lean));
    }

    fn step_spread(&mut self, latent: usize, since_us: u64) {
        let span_s = (self.now_us - since_us) as f64 * 1e-6;
        if self.latents[latent].step(span_s) {
            self.spread_news(latent, None);
        }
        let wait = exponential(&mut self.random, NOISE_US);
        self.at(wait, Act::Spread { latent, since_us: self.now_us });
    }

    /// Sends a latent price that moved to all markets that depend on it, each with its delay.
    fn spread_news(&mut self, latent: usize, news: Option<Side>) {
        let concerns = |one: usize, latents: &[Latent]| {
            one == latent || latents[one].follows.is_some_and(|(other, ..)| other == latent)
        };
        for market in 0..self.markets.len() {
            let Some(tie) = &self.markets[market].tie else { continue };
            let base = concerns(tie.base, &self.latents);
            let quote = tie.quote.is_some_and(|quote| concerns(quote, &self.latents));
            let delay_us = tie.delay_us as f64;
            // A cross pair moves against its quote asset.
            let news = if base { news } else { news.map(Side::other) };
            if let (true, Some(known)) = (base || quote, self.target(market)) {
                self.at(delay_us, Act::Follow { market, known, news });
            }
        }
    }

    fn follow(&mut self, market: usize, known: f64, news: Option<Side>) {
        let now_us = self.now_us;
        let Market { room, flow, tie, .. } = &mut self.markets[market];
        let Some(tie) = tie else { return };
        tie.known = known;
        let floor = self.rooms[*room].app.floor.lock();
        flow.follow(&floor.venue, tie.fair(), news, now_us);
    }

    fn step_noise(&mut self, market: usize) {
        let now_us = self.now_us;
        let Market { room, flow, tie, .. } = &mut self.markets[market];
        let Some(tie) = tie else { return };
        let span_s = (now_us - tie.noise_at_us) as f64 * 1e-6;
        tie.noise_at_us = now_us;
        tie.noise.step(span_s, normal(&mut tie.random));
        let floor = self.rooms[*room].app.floor.lock();
        flow.follow(&floor.venue, tie.fair(), None, now_us);
        drop(floor);
        let wait = exponential(&mut tie.random, NOISE_US);
        self.at(wait, Act::Noise { market });
    }

    /// Index prices, and everything that the venues do by the clock.
    fn pulse(&mut self, now_ms: u64) {
        for market in &self.markets {
            let mut floor = self.rooms[market.room].app.floor.lock();
            let listing = floor.venue.listing_mut(market.symbol);
            let price = market.tie.as_ref().map(|tie| (tie.known.exp() * SCALE as f64) as i64);
            if let (Some(price), true) = (price, listing.symbol.perp.is_some()) {
                floor.venue.set_index(market.symbol, price);
            }
        }
        for room in &self.rooms {
            let mut floor = room.app.floor.lock();
            floor.pulse(now_ms);
        }
        self.at(PULSE_US as f64, Act::Pulse);
    }
}

#[cfg(test)]
mod tests;
