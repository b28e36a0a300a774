//! Triangular arbitrage: around a cycle of instruments and back to the asset that one began with,
//! all legs at once.
//!
//! **Formula.** Each instrument offers two steps: selling the base at the bid b, a factor
//! b·(1 − f) from base to quote, and buying it at the ask a, a factor 1/(a·(1 + f)) from quote to
//! base. A cycle of steps pays when the product of its factors exceeds 1 + profit_min, that is
//!
//! ```text
//! Σ ln factorᵢ > ln(1 + profit_min)
//! ```
//!
//! **Search.** All cycles of three steps (of four too, where `length_max` says so) over the
//! instruments are found when the strategy is built. The logarithm of each step is kept; when a
//! book moves, its two are taken anew, and only the cycles through it are summed: a few nanoseconds
//! each, no allocation.
//!
//! **Size.** The largest quantity that every leg's best price, the accounts and `value_max` allow,
//! carried around the cycle and rounded down to whole lots at each step; what rounding leaves
//! behind counts as lost when the profit is judged. All legs are sent in the same turn, from
//! balances that are there already.
//!
//! **Source.** The textbook rule (Aiba et al., "Triangular arbitrage as an interaction among
//! foreign exchange rates", Physica A 310, 2002, define the same product of rates); negative
//! cycles of −ln rates, with the cycles listed beforehand instead of searched by Bellman–Ford.
//!
//! **Broken legs.** When all answers are there and a leg missed its quantity by more than
//! `dust_share`, what is cheaper by the prices of then is done: completing the rest, or undoing
//! what was filled; within `repair_cap_bps`, and after `repair_s` within `late_cap_bps`. Until it
//! is done nothing else is shot.
//!
//! **Edge.** Three books that are quoted by different people. **Fails** when others are faster,
//! which turns a profit of basis points into repairs of spreads; and where fees are not those that
//! are configured.

mod cycles;
mod parameters;
mod repair;
mod shot;

use crate::leg::Leg;
use crate::parameter::Table;
use crate::tactic::{BuildError, Role, Tactic};
use crate::takes::{Takes, span};
use alloc::vec::Vec;
use cycles::Cycles;
use engine::event::{Event, kind};
use engine::id::{InstrumentId, Side};
use engine::instrument::Instrument;
use engine::num::Amount;
use engine::plan::Plan;
use engine::state::{Sink, Source};
use engine::strategy::{Reading, View};
use engine::time::Nanos;
use shot::Shot;

pub use cycles::{Cycle, STEPS_MAX, Step};
pub use parameters::{PARAMETERS, Parameters};

/// Most instruments: one bit each.
pub const INSTRUMENTS_MAX: usize = 64;

/// The strategy over its instruments.
#[derive(Clone, Debug)]
pub struct Triangular {
    parameters: Parameters,
    instruments: Vec<Instrument>,
    legs: Vec<Leg>,
    takes: Vec<Takes>,
    cycles: Cycles,
    /// Logarithm of the factor of buying and of selling, by leg; −∞ where it cannot be dealt in.
    rates: Vec<[f64; 2]>,
    /// Legs whose books moved since their rates were taken, a bit each.
    moved: u64,
    /// Legs whose cycles were not judged since.
    unjudged: u64,
    shot: Option<Shot>,
    shot_at: Nanos,
}

impl Triangular {
    /// All cycles, for reports.
    pub fn cycles(&self) -> &[Cycle] {
        self.cycles.all()
    }

    /// Takes the rates of the legs that moved anew.
    #[inline]
    fn rate(&mut self, view: &View<'_>) {
        let mut moved = core::mem::take(&mut self.moved);
        self.unjudged |= moved;
        while moved != 0 {
            let at = moved.trailing_zeros() as usize;
            moved &= moved - 1;
            let (Some(leg), Some(rates)) = (self.legs.get(at), self.rates.get_mut(at)) else {
                return;
            };
            *rates = match leg.open(view) {
                Some(open) => [
                    -libm::log(leg.price(open.ask.0) * (1.0 + leg.taker)),
                    libm::log(leg.price(open.bid.0) * (1.0 - leg.taker)),
                ],
                None => [f64::NEG_INFINITY; 2],
            };
        }
    }

    /// The best cycle among those through legs that moved, where one pays.
    #[inline]
    fn judge(&mut self) -> Option<usize> {
        let mut best = (libm::log1p(self.parameters.profit_min_bps / 1e4), None);
        let mut unjudged = core::mem::take(&mut self.unjudged);
        while unjudged != 0 {
            let leg = unjudged.trailing_zeros() as usize;
            unjudged &= unjudged - 1;
            for number in self.cycles.through(leg) {
                let Some(cycle) = self.cycles.get(*number as usize) else { continue };
                let rate = |step: &Step| {
                    let rates = self.rates.get(usize::from(step.leg));
                    rates.map_or(f64::NEG_INFINITY, |rates| rates[step.side.index()])
                };
                let gain: f64 = cycle.steps().iter().map(rate).sum();
                if gain > best.0 {
                    best = (gain, Some(*number as usize));
                }
            }
        }
        best.1
    }

    fn place_of(&self, id: InstrumentId) -> Option<usize> {
        self.legs.iter().position(|leg| leg.id == id)
    }

    fn all(&self) -> u64 {
        u64::MAX >> (INSTRUMENTS_MAX - self.legs.len().clamp(1, INSTRUMENTS_MAX))
    }

    fn find_cycles(
        parameters: &Parameters,
        instruments: &[Instrument],
    ) -> Result<Cycles, BuildError> {
        let length = parameters.length_max as usize;
        Cycles::find(instruments, length, parameters.same_venue)
    }
}

impl Tactic for Triangular {
    type Parameters = Parameters;
    const ROLES: &'static [Role] = &[
        Role::any("numeraire", "an instrument whose quote asset values are counted in"),
        Role::any("instrument", "a side of triangles"),
        Role::any("instrument", "a side of triangles"),
    ];
    const INSTRUMENTS_MAX: usize = INSTRUMENTS_MAX;

    fn build(parameters: Parameters, instruments: &[Instrument]) -> Result<Self, BuildError> {
        parameters.validate()?;
        BuildError::check(Self::ROLES, Self::INSTRUMENTS_MAX, instruments)?;
        let cycles = Self::find_cycles(&parameters, instruments)?;
        let count = instruments.len();
        let mut strategy = Self {
            parameters,
            instruments: instruments.to_vec(),
            legs: instruments.iter().map(Leg::of).collect(),
            takes: alloc::vec![Takes::default(); count],
            cycles,
            rates: alloc::vec![[f64::NEG_INFINITY; 2]; count],
            moved: 0,
            unjudged: 0,
            shot: None,
            shot_at: Nanos::ZERO,
        };
        strategy.moved = strategy.all();
        Ok(strategy)
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Other lengths or venues mean other cycles; where there are none of them the old ones stay.
    fn configure(&mut self, parameters: Parameters) {
        let old = core::mem::replace(&mut self.parameters, parameters);
        let same = (old.length_max, old.same_venue)
            == (self.parameters.length_max, self.parameters.same_venue);
        if !same
            && self.shot.is_none()
            && let Ok(cycles) = Self::find_cycles(&self.parameters, &self.instruments)
        {
            self.cycles = cycles;
        }
        self.moved = self.all();
    }

    #[inline]
    fn learn(&mut self, event: &Event, view: &View<'_>) {
        match event.kind {
            kind::LEVEL | kind::BEST | kind::GAP | kind::STATUS | kind::FILTERS => {
                let Some(at) = self.place_of(event.instrument) else { return };
                self.moved |= 1 << (at % INSTRUMENTS_MAX);
                if event.kind == kind::FILTERS
                    && let (Some(leg), Some(listing)) =
                        (self.legs.get_mut(at), view.listing(event.instrument))
                {
                    *leg = Leg::of(&listing.instrument);
                }
            }
            kind::LINK => self.moved = self.all(),
            _ => {}
        }
    }

    #[inline]
    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        self.rate(view);
        if let Some(shot) = self.shot {
            self.shot = self.repair(view, shot, plans);
            return;
        }
        let rested = self.shot_at == Nanos::ZERO
            || view.now.since(self.shot_at).0 >= span(self.parameters.pause_s).0;
        if rested && let Some(cycle) = self.judge() {
            self.shoot(view, cycle, plans);
        }
    }

    /// It shows nothing of single instruments.
    fn reading(&self, _: InstrumentId) -> Reading {
        Reading::default()
    }

    /// Rates follow from books, which are saved with the market.
    fn save_learnt(&self, sink: &mut dyn Sink) {
        self.rates.iter().flatten().for_each(|rate| sink.float(*rate));
        sink.word(self.moved);
        sink.word(self.unjudged);
        sink.word(self.shot_at.0);
        self.takes.iter().for_each(|takes| takes.save(sink));
        sink.flag(self.shot.is_some());
        if let Some(shot) = &self.shot {
            shot.save(sink);
        }
    }

    fn load_learnt(&mut self, source: &mut dyn Source) -> Option<()> {
        for rate in self.rates.iter_mut().flatten() {
            *rate = source.float().filter(|rate| !rate.is_nan())?;
        }
        let all = self.all();
        self.moved = source.word().filter(|bits| bits & !all == 0)?;
        self.unjudged = source.word().filter(|bits| bits & !all == 0)?;
        self.shot_at = Nanos(source.word()?);
        self.takes.iter_mut().try_for_each(|takes| takes.load(source))?;
        self.shot = None;
        if source.flag()? {
            self.shot = Some(Shot::load(source, self.legs.len())?);
        }
        Some(())
    }

    fn wake(&mut self) {
        self.moved = self.all();
    }
}

/// So much of a leg's base asset, bought above 0.
fn signed(leg: &Leg, side: Side, qty: engine::num::Qty) -> Amount {
    Amount(leg.amount(qty).0.saturating_mul(side.sign()))
}

#[cfg(test)]
mod tests;
