//! What a fill costs.

use engine::id::Side;
use engine::num::{AMOUNT_DECIMALS, Amount, Grid, Notional, POW10, Price, Qty};

/// The grids of an instrument: what its ticks and lots are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Tick size.
    pub tick: Grid,
    /// Lot size.
    pub lot: Grid,
}

impl Scale {
    /// Price times quantity in 1e-8 of the quote asset, cut off below; sticks at the ends.
    pub fn notional(&self, price: Price, qty: Qty) -> Notional {
        let steps = i128::from(self.tick.step) * i128::from(self.lot.step);
        let units = (i128::from(price.0) * i128::from(qty.0)).saturating_mul(steps);
        Notional(rescale(units, self.tick.decimals + self.lot.decimals))
    }

    /// A quantity in 1e-8 of the base asset, cut off below; sticks at the ends.
    pub fn base_amount(&self, qty: Qty) -> Amount {
        let units = i128::from(qty.0) * i128::from(self.lot.step);
        Amount(rescale(units, self.lot.decimals))
    }
}

/// Units of 10^-`places` in units of 1e-8.
fn rescale(units: i128, places: u8) -> i64 {
    let power = |n: u8| i128::from(POW10[usize::from(n.min(18))]);
    let scaled = match places.checked_sub(AMOUNT_DECIMALS) {
        Some(finer) => units / power(finer),
        None => units.saturating_mul(power(AMOUNT_DECIMALS - places)),
    };
    i64::try_from(scaled).unwrap_or(if scaled < 0 { i64::MIN } else { i64::MAX })
}

/// The asset that a fee is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeeIn {
    /// What is bought and sold.
    Base,
    /// What is paid with.
    Quote,
}

/// Fees in millionths, and in which asset they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct FeeSchedule {
    /// For orders that rest; negative is a rebate.
    pub maker_ppm: i64,
    /// For orders that take.
    pub taker_ppm: i64,
    /// Take every fee in the quote asset; otherwise in the asset received, as spot venues do.
    pub always_quote: bool,
}

impl FeeSchedule {
    /// The fee of one fill, cut off below 1e-8, and its asset.
    pub fn of(&self, scale: &Scale, fill: (Side, Price, Qty), maker: bool) -> (Amount, FeeIn) {
        let (side, price, qty) = fill;
        let ppm = if maker { self.maker_ppm } else { self.taker_ppm };
        let fee_in = match side {
            Side::Buy if !self.always_quote => FeeIn::Base,
            _ => FeeIn::Quote,
        };
        let amount = match fee_in {
            FeeIn::Base => scale.base_amount(qty).0,
            FeeIn::Quote => scale.notional(price, qty).0,
        };
        let fee = i128::from(amount) * i128::from(ppm) / 1_000_000;
        (Amount(i64::try_from(fee).unwrap_or(i64::MAX)), fee_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::id::{AssetId, InstrumentId};
    use engine::instrument::{Instrument, Symbol};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn a_scale_counts_as_the_engine_does(
            price in 0..1_i64 << 40,
            qty in 0..1_i64 << 40,
            tick in (0..9_u8, 1..100_i64),
            lot in (0..9_u8, 1..100_i64),
        ) {
            let tick = Grid { decimals: tick.0, step: tick.1 };
            let lot = Grid { decimals: lot.0, step: lot.1 };
            let symbol = Symbol::new("X").unwrap();
            let assets = (AssetId(0), AssetId(1));
            let instrument = Instrument::new(InstrumentId(0), symbol, assets, (tick, lot));
            let scale = Scale { tick, lot };
            let (price, qty) = (Price(price), Qty(qty));
            prop_assert_eq!(scale.notional(price, qty), instrument.notional(price, qty));
            prop_assert_eq!(scale.base_amount(qty), instrument.base_amount(qty));
        }
    }

    #[test]
    fn fees_are_taken_in_what_is_received() {
        let grid = |decimals| Grid { decimals, step: 1 };
        let scale = Scale { tick: grid(1), lot: grid(2) };
        let fees = FeeSchedule { maker_ppm: -100, taker_ppm: 1000, always_quote: false };
        let check = |fees: FeeSchedule, side, maker, expect| {
            // 2.00 at 100.0
            assert_eq!(fees.of(&scale, (side, Price(1000), Qty(200)), maker), expect);
        };
        check(fees, Side::Buy, false, (Amount(200_000), FeeIn::Base));
        check(fees, Side::Sell, false, (Amount(20_000_000), FeeIn::Quote));
        check(fees, Side::Buy, true, (Amount(-20_000), FeeIn::Base));
        let quote = FeeSchedule { always_quote: true, ..fees };
        check(quote, Side::Buy, false, (Amount(20_000_000), FeeIn::Quote));
    }
}
