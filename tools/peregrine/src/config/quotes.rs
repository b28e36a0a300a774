//! Which differences between plan and standing orders are worth a request.

use super::section::Section;
use engine::reconcile::Tolerance;
use engine::time::Nanos;

/// Tolerances of reconciliation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotes {
    /// A price this many ticks off is left.
    pub price_tolerance_ticks: u32,
    /// A quantity larger than planned by this many percent is left; beyond, it is amended.
    pub qty_excess_pct: u32,
    /// A quantity smaller than planned, by fills, by this many percent is left; beyond, it is
    /// replaced.
    pub qty_shortage_pct: u32,
    /// An order younger than this is not moved, only cancelled.
    pub life_min: Nanos,
}

impl Quotes {
    /// Reads the section; what is missing is taken from `base`.
    pub(super) fn read(section: &Section<'_>, base: Option<&Self>) -> Self {
        let base = base.copied().unwrap_or(Self {
            price_tolerance_ticks: 0,
            qty_excess_pct: 10,
            qty_shortage_pct: 50,
            life_min: Nanos::ZERO,
        });
        let life_min = u32::try_from(base.life_min.as_ms()).unwrap_or(0);
        let whole = |key, range, unit, default: u32| {
            let value = section.whole(key, range, unit).unwrap_or(u64::from(default));
            u32::try_from(value).unwrap_or(default)
        };
        Self {
            price_tolerance_ticks: whole(
                "price_tolerance_ticks",
                0..=1_000_000,
                "ticks",
                base.price_tolerance_ticks,
            ),
            qty_excess_pct: whole("qty_excess_pct", 0..=1_000, "%", base.qty_excess_pct),
            qty_shortage_pct: whole("qty_shortage_pct", 0..=100, "%", base.qty_shortage_pct),
            life_min: Nanos::from_ms(whole("life_min_ms", 0..=600_000, "ms", life_min).into()),
        }
    }

    /// As the engine takes them.
    pub const fn tolerance(&self) -> Tolerance {
        Tolerance {
            price_ticks: self.price_tolerance_ticks as i64,
            excess_ppm: self.qty_excess_pct as i64 * 10_000,
            shortage_ppm: self.qty_shortage_pct as i64 * 10_000,
            life_min: self.life_min,
        }
    }
}
