//! The compared strategy: a symmetric grid around the mid, looked at anew each 100 ms and left
//! alone between. Both backtesters run it by these functions.

use engine::event::{Event, kind};
use engine::id::{InstrumentId, Side};
use engine::num::{Price, Qty};
use engine::plan::Plan;
use engine::state::{Sink, Source, State};
use engine::strategy::{Reading, Strategy, View};
use engine::time::Nanos;

/// How often the grid is looked at.
pub const EVERY: Nanos = Nanos::from_ms(100);

/// Its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Quotes a side; 0: it only watches.
    pub levels: i64,
    /// Ticks from the mid to the first one.
    pub half: i64,
    /// Ticks between two.
    pub step: i64,
    /// Lots of each.
    pub lots: i64,
}

impl Grid {
    /// The price of the n-th quote, on a lattice of `step`.
    pub fn price(&self, side: Side, mid_twice: i64, level: i64) -> i64 {
        let step = self.step.max(1);
        match side {
            Side::Buy => (mid_twice - 2 * self.half).div_euclid(2 * step) * step - level * step,
            Side::Sell => {
                -(-(mid_twice + 2 * self.half)).div_euclid(2 * step) * step + level * step
            }
        }
    }
}

/// The grid as a strategy of the engine.
#[derive(Clone, Copy, Debug)]
pub struct Quoter {
    grid: Grid,
    timer_at: Nanos,
}

impl Quoter {
    /// Of this shape.
    pub const fn new(grid: Grid) -> Self {
        Self { grid, timer_at: Nanos::ZERO }
    }
}

impl State for Quoter {
    fn save(&self, sink: &mut dyn Sink) {
        sink.word(self.timer_at.0);
    }
    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.timer_at = Nanos(source.word()?);
        Some(())
    }
}

impl Strategy for Quoter {
    #[inline]
    fn learn(&mut self, event: &Event, _: &View<'_>) {
        if event.kind == kind::TIMER {
            self.timer_at = event.at;
        }
    }

    #[inline]
    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        let id = InstrumentId(0);
        let mid = view.listing(id).and_then(|listing| listing.book.mid_twice());
        let Some(plan) = plans.first_mut() else { return };
        let Some(mid) = mid.filter(|_| view.now == self.timer_at) else { return plan.keep() };
        for side in Side::BOTH {
            for level in 0..self.grid.levels {
                let price = Price(self.grid.price(side, mid, level));
                plan.quote(side, price, Qty(self.grid.lots));
            }
        }
    }

    fn set(&mut self, _: u64, _: i64) -> bool {
        false
    }

    fn reading(&self, _: InstrumentId) -> Reading {
        Reading::default()
    }
}
