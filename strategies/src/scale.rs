//! An instrument's grids and limits as formulas want them.

use engine::instrument::Instrument;
use engine::num::{AMOUNT_DECIMALS, POW10, Qty};

/// Units of an amount or notional in one of its asset.
pub const AMOUNT_ONE: f64 = POW10[AMOUNT_DECIMALS as usize] as f64;

/// Grids and limits as floats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Price units in one tick.
    pub tick: f64,
    /// Base units in one lot.
    pub lot: f64,
    /// Smallest quantity of an order.
    pub qty_min: Qty,
    /// Largest quantity of an order; 0 is no limit.
    pub qty_max: Qty,
    /// Smallest price times quantity of an order, quote units.
    pub notional_min: f64,
}

impl Scale {
    /// Of an instrument.
    pub fn of(instrument: &Instrument) -> Self {
        Self {
            tick: instrument.tick.step_f64(),
            lot: instrument.lot.step_f64(),
            qty_min: instrument.qty_min,
            qty_max: instrument.qty_max,
            notional_min: instrument.notional_min.0 as f64 / AMOUNT_ONE,
        }
    }

    /// A base quantity in lots, toward zero; a text like 0.3 that misses its lot by rounding of
    /// binary fractions still finds it.
    pub fn lots(&self, base: f64) -> i64 {
        libm::trunc(base / self.lot + libm::copysign(1e-6, base)) as i64
    }

    /// Fewest lots that the venue takes at a price: its own least, or the least notional.
    pub fn least(&self, price: f64) -> i64 {
        let by_notional = libm::ceil(self.notional_min / (price * self.lot) - 1e-6);
        self.qty_min.0.max(by_notional as i64).max(1)
    }

    /// The largest quantity of one order, lots.
    pub const fn most(&self) -> i64 {
        if self.qty_max.0 > 0 { self.qty_max.0 } else { i64::MAX }
    }
}
