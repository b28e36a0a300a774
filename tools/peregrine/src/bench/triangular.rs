//! The search for triangles that pay, over thirty instruments: a best price moves, the strategy
//! learns of it, takes its rates anew and judges every cycle through it. None pays here, as nearly
//! always, so that each tick is the search and nothing else.

use super::work::{Unfit, Work};
use engine::event::{Body, Event, Link, LinkState, flag};
use engine::exposure::Exposure;
use engine::id::{AssetId, InstrumentId, Side};
use engine::instrument::{Fees, Instrument, Symbol};
use engine::market::Market;
use engine::num::{Grid, Price, Qty};
use engine::orders::Orders;
use engine::plan::Plan;
use engine::position::Position;
use engine::strategy::{Strategy as _, View};
use engine::time::Nanos;
use engine::venue::Venue;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::hint::black_box;
use strategies::any::{Any, Settings};

/// Instruments that are searched.
pub const INSTRUMENTS: usize = 30;
/// Ticks of a turn: each instrument as often as each other.
const TICKS: usize = INSTRUMENTS * 10;
/// Fees, so that no cycle pays.
const FEES: Fees = Fees { maker_ppm: 1_000, taker_ppm: 1_000 };

/// How the instruments hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As at a venue: nine assets, each against the same three, and those among each other. Two of
    /// three instruments have two triangles, the one between the two largest ten.
    Listed,
    /// As many triangles as thirty instruments can make, nearly: nine assets, most pairs of them.
    Dense,
}

impl Shape {
    /// The pairs of assets, base and quote; asset 0 is what values are counted in.
    fn pairs(self) -> Vec<(u16, u16)> {
        match self {
            Self::Listed => {
                let others = (3..12).flat_map(|base| (0..3).map(move |quote| (base, quote)));
                [(1, 0), (2, 0), (2, 1)].into_iter().chain(others).collect()
            }
            Self::Dense => {
                let all = (1..9).flat_map(|base| (0..base).map(move |quote| (base, quote)));
                all.take(INSTRUMENTS).collect()
            }
        }
    }
}

/// The strategy, what it sees, and what moves.
pub struct Search {
    strategy: Any,
    market: Market,
    venues: Vec<Venue>,
    exposure: Exposure,
    positions: Vec<Position>,
    orders: Orders,
    plans: Vec<Plan>,
    ticks: Vec<Event>,
    now: Nanos,
    id: u64,
    /// Whether the strategy is asked at all.
    searches: bool,
}

impl Search {
    /// Cycles of three, or of up to four, over instruments of this shape. Where it does not search,
    /// the books take the ticks and that is all: what is to be taken off.
    pub fn new(shape: Shape, length_max: f64, searches: bool) -> Result<Self, Unfit> {
        let instruments: Vec<Instrument> =
            shape.pairs().into_iter().enumerate().map(instrument).collect();
        let mut settings = Settings::of("triangular").ok_or_else(|| Unfit::new("no triangular"))?;
        let length = settings.listed().parameter("length_max").map(|one| one.id);
        settings.set(length.unwrap_or(0), length_max).map_err(Unfit::new)?;
        let strategy = settings.build(&instruments).map_err(Unfit::new)?;
        let Any::Triangular(of) = &strategy else { return Err(Unfit::new("another strategy")) };
        if of.cycles().len() < 2 * INSTRUMENTS / 3 {
            return Err(Unfit::new(format_args!("only {} cycles", of.cycles().len())));
        }
        let mut search = Self {
            strategy,
            market: Market::new(instruments.clone()),
            venues: vec![Venue::new(&instruments)],
            exposure: Exposure::new(instruments.clone()),
            positions: vec![Position::default(); INSTRUMENTS],
            orders: Orders::new(INSTRUMENTS, INSTRUMENTS),
            plans: vec![Plan::default(); INSTRUMENTS],
            ticks: ticks(&instruments),
            now: Nanos::from_s(1),
            id: 10,
            searches,
        };
        search.open(&instruments);
        Ok(search)
    }

    /// How many cycles there are.
    pub fn cycles(&self) -> usize {
        match &self.strategy {
            Any::Triangular(of) => of.cycles().len(),
            _ => 0,
        }
    }

    fn open(&mut self, instruments: &[Instrument]) {
        let up = Body::Link { link: Link::Market, state: LinkState::Up };
        self.market.apply(&Event::new(self.now, InstrumentId(0), 0, up).with(flag::LAST));
        for one in instruments {
            let (bid, ask) = touch(one, 0);
            for (side, price, flags) in [
                (Side::Buy, bid, flag::SNAPSHOT | flag::FIRST),
                (Side::Sell, ask, flag::SNAPSHOT | flag::LAST),
            ] {
                let body = Body::Level { side, price, qty: Qty(1_000_000) };
                self.market.apply(&Event::new(self.now, one.id, 1, body).with(flags));
            }
        }
    }

    /// One best price: the book takes it, the strategy learns and plans.
    #[inline]
    fn tick(&mut self, tick: Event) {
        self.market.apply(&tick);
        if !self.searches {
            return;
        }
        let view = View {
            now: self.now,
            market: &self.market,
            venues: &self.venues,
            exposure: &self.exposure,
            positions: &self.positions,
            orders: &self.orders,
        };
        self.strategy.learn(&tick, &view);
        self.strategy.plan(&view, &mut self.plans);
    }
}

impl Work for Search {
    fn run(&mut self) -> usize {
        for place in 0..self.ticks.len() {
            self.now = self.now.after(Nanos(1_000));
            self.id += 1;
            let tick = Event { at: self.now, id: self.id, ..self.ticks[place] };
            self.tick(black_box(tick));
        }
        let shot = self.plans.iter().filter(|plan| plan.take.is_some()).count();
        assert_eq!(black_box(shot), 0, "no cycle pays");
        self.ticks.len()
    }
}

/// What a unit of each asset is worth; only ratios matter.
fn worth(asset: u16) -> f64 {
    f64::from(1_u32 << (asset % 8)) * 1.37
}

fn instrument((place, (base, quote)): (usize, (u16, u16))) -> Instrument {
    let symbol = Symbol::new(&format!("A{base}/A{quote}")).unwrap_or(Symbol::UNNAMED);
    let grids = (Grid { decimals: 7, step: 1 }, Grid { decimals: 4, step: 1 });
    let id = InstrumentId(place as u16);
    let plain = Instrument::new(id, symbol, (AssetId(base), AssetId(quote)), grids);
    Instrument { fees: FEES, ..plain }
}

/// Best prices around what the assets are worth, so many ticks off.
fn touch(one: &Instrument, off: i64) -> (Price, Price) {
    let fair = (worth(one.base.0) / worth(one.quote.0) * 1e7) as i64;
    (Price(fair - 20 + off), Price(fair + 20 + off))
}

/// Best prices of all instruments, in an order that jumps.
fn ticks(instruments: &[Instrument]) -> Vec<Event> {
    let mut random = SmallRng::seed_from_u64(8);
    let tick = |number: usize| {
        // Seven and thirty have no common divisor: each comes once a round.
        let one = &instruments[number * 7 % instruments.len()];
        let (bid, ask) = touch(one, random.random_range(-5..=5));
        let (bid_qty, ask_qty) = (Qty(random.random_range(1..90_000)), Qty(70_000));
        let body = Body::Best { bid, bid_qty, ask, ask_qty };
        Event::new(Nanos(0), one.id, 0, body).with(flag::LAST)
    };
    (0..TICKS).map(tick).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::state::State as _;

    fn cycles(shape: Shape, length: f64) -> usize {
        Search::new(shape, length, true).unwrap_or_else(|unfit| panic!("{unfit}")).cycles()
    }

    #[test]
    fn both_shapes_have_thirty_instruments_and_their_cycles() {
        for shape in [Shape::Listed, Shape::Dense] {
            assert_eq!(shape.pairs().len(), INSTRUMENTS);
        }
        // Nine times three triangles and the one among the three, both ways around.
        assert_eq!(cycles(Shape::Listed, 3.0), 2 * (9 * 3 + 1));
        // All of eight assets, and the ninth with two of them.
        assert_eq!(cycles(Shape::Dense, 3.0), 2 * (56 + 1));
    }

    #[test]
    fn every_instrument_has_its_rates_so_that_every_cycle_is_summed() {
        let mut search = Search::new(Shape::Listed, 3.0, true).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(search.run(), TICKS);
        let mut words: Vec<u64> = Vec::new();
        search.strategy.save(&mut words);
        let unknown = words.iter().filter(|word| **word == f64::NEG_INFINITY.to_bits()).count();
        assert_eq!(unknown, 0);
        let known =
            |word: &&u64| (-20.0..20.0).contains(&f64::from_bits(**word)) && **word >> 52 > 0;
        assert!(words.iter().filter(known).count() >= 2 * INSTRUMENTS, "{words:?}");
    }
}
