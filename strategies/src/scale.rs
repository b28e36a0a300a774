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
        // Casts cut toward zero.
        (base / self.lot + libm::copysign(1e-6, base)) as i64
    }

    /// Fewest lots that the venue takes at a price: its own least, or the least notional.
    pub fn least(&self, price: f64) -> i64 {
        let by_notional = ceil(self.notional_min / (price * self.lot) - 1e-6);
        self.qty_min.0.max(by_notional as i64).max(1)
    }

    /// The largest quantity of one order, lots.
    pub const fn most(&self) -> i64 {
        if self.qty_max.0 > 0 { self.qty_max.0 } else { i64::MAX }
    }
}

/// The largest whole number that is not above, as [`libm::floor`] has it, in a few instructions for
/// what prices and quantities are.
#[inline]
pub fn floor(value: f64) -> f64 {
    /// Up to here floats hold every whole number.
    const WHOLE_MAX: f64 = 9e15;
    if !(-WHOLE_MAX..=WHOLE_MAX).contains(&value) {
        return libm::floor(value);
    }
    let whole = value as i64 as f64;
    if whole > value { whole - 1.0 } else { whole }
}

/// The smallest whole number that is not below.
#[inline]
pub fn ceil(value: f64) -> f64 {
    -floor(-value)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn whole_numbers_are_the_librarys() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let near = (state >> 24) as f64 / 997.0 - 5e8;
            for value in [f64::from_bits(state), near, libm::round(near), near / 1e6] {
                let both = [(floor(value), libm::floor(value)), (ceil(value), libm::ceil(value))];
                for (ours, theirs) in both {
                    assert!(ours == theirs || ours.is_nan() && theirs.is_nan(), "{value}");
                }
            }
        }
    }
}
