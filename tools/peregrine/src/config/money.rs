//! Limits as they are written, and as the gate takes them once an instrument's grid is known.

use super::section::{At, Section};
use engine::instrument::Instrument;
use engine::num::{Amount, Notional, NumError, Qty, parse_decimal};
use engine::risk::Limits;
use engine::time::Nanos;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::ops::Range;

/// Limits in the units of the file. None can be switched off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risk {
    /// Farthest an order's price may lie from mid, bp.
    pub collar_mid_bps: Decimal,
    /// Farthest an order's price may lie from the last trade, bp.
    pub collar_trade_bps: Decimal,
    /// Largest quantity of one order, base.
    pub order_qty_max: Decimal,
    /// Largest notional of one order, quote.
    pub order_notional_max: Decimal,
    /// Largest position, base.
    pub position_max: Decimal,
    /// Most live orders.
    pub open_orders_max: u32,
    /// Largest sum of the position's value and all live orders' notionals, quote.
    pub gross_notional_max: Decimal,
    /// Orders a second, in the long run.
    pub orders_per_s: u32,
    /// Orders at once after a pause.
    pub orders_burst: u32,
    /// Oldest market data that may be quoted on.
    pub market_age_max: Nanos,
    /// Loss since the start of the day (UTC) at which trading halts, quote.
    pub daily_loss_max: Decimal,
}

/// A limit that the instrument's grid cannot express.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("risk.{key} = {value}: {why} for {symbol}; change it in the configuration")]
pub struct MoneyError {
    /// Which limit.
    pub key: &'static str,
    /// Its value.
    pub value: Decimal,
    /// For which instrument.
    pub symbol: engine::instrument::Symbol,
    /// Why not.
    pub why: NumError,
}

/// Digits and point, no more places than needed: what the engine's own numbers are read from.
pub fn decimal_text(value: Decimal) -> String {
    value.normalize().to_string()
}

impl Risk {
    /// The gate's limits for an instrument. A quantity finer than the lot is an error, an amount
    /// beyond 64 bits is one too.
    pub fn limits(&self, instrument: &Instrument) -> Result<Limits, MoneyError> {
        let fail =
            |key, value| move |why| MoneyError { key, value, symbol: instrument.symbol, why };
        let amount = |key, value: Decimal| {
            parse_decimal(decimal_text(value).as_bytes(), 8).map_err(fail(key, value))
        };
        let order_qty = decimal_text(self.order_qty_max);
        let order_qty_max = instrument
            .lot
            .parse(order_qty.as_bytes())
            .map_err(fail("order_qty_max", self.order_qty_max))?;
        Ok(Limits {
            collar_mid_ppm: ppm(self.collar_mid_bps),
            collar_trade_ppm: ppm(self.collar_trade_bps),
            order_qty_max: Qty(order_qty_max),
            order_notional_max: Notional(amount("order_notional_max", self.order_notional_max)?),
            position_max: Amount(amount("position_max", self.position_max)?),
            open_orders_max: self.open_orders_max,
            gross_notional_max: Notional(amount("gross_notional_max", self.gross_notional_max)?),
            orders_per_s: self.orders_per_s,
            orders_burst: self.orders_burst,
            market_age_max: self.market_age_max,
            daily_loss_max: Notional(amount("daily_loss_max", self.daily_loss_max)?),
        })
    }

    /// These limits, where they are others than `base`; else those of `shared`, which were read
    /// over the same base.
    pub(super) fn over(&self, base: &Self, shared: &Self) -> Self {
        fn pick<T: Clone + PartialEq>(own: &T, base: &T, shared: &T) -> T {
            if own == base { shared.clone() } else { own.clone() }
        }
        macro_rules! picked {
            ($($key:ident),*) => {
                Self { $($key: pick(&self.$key, &base.$key, &shared.$key)),* }
            };
        }
        picked!(
            collar_mid_bps,
            collar_trade_bps,
            order_qty_max,
            order_notional_max,
            position_max,
            open_orders_max,
            gross_notional_max,
            orders_per_s,
            orders_burst,
            market_age_max,
            daily_loss_max
        )
    }

    /// Reads the section. What is missing is taken from `base`; an error where there is none.
    pub(super) fn read(section: &Section<'_>, base: Option<&Self>) -> Option<Self> {
        let money = |key, example: &str, pick: fn(&Self) -> Decimal| {
            amount_of(section, key, example, base.map(pick))
        };
        let bps = |key, pick: fn(&Self) -> Decimal| {
            let value = amount_of(section, key, "50", base.map(pick))?;
            bps_of(section, key, value)
        };
        let whole = |key, range, pick: fn(&Self) -> u32| {
            whole_of(section, key, range, base.map(|base| u64::from(pick(base))))
                .and_then(|value| u32::try_from(value).ok())
        };
        // Every key is read before the first missing one gives up, so that all faults are found.
        let collar_mid_bps = bps("collar_mid_bps", |risk| risk.collar_mid_bps);
        let collar_trade_bps = bps("collar_trade_bps", |risk| risk.collar_trade_bps);
        let order_qty_max = money("order_qty_max", "0.01", |risk| risk.order_qty_max);
        let order_notional_max =
            money("order_notional_max", "1000", |risk| risk.order_notional_max);
        let position_max = money("position_max", "0.05", |risk| risk.position_max);
        let open_orders_max = whole("open_orders_max", 1..=1_000, |risk| risk.open_orders_max);
        let gross_notional_max =
            money("gross_notional_max", "10000", |risk| risk.gross_notional_max);
        let orders_per_s = whole("orders_per_s", 1..=10_000, |risk| risk.orders_per_s);
        let orders_burst = whole("orders_burst", 1..=10_000, |risk| risk.orders_burst);
        let age = base.map(|base| base.market_age_max.as_ms());
        let age = whole_of(section, "market_age_max_ms", 1..=60_000, age);
        let daily_loss_max = money("daily_loss_max", "100", |risk| risk.daily_loss_max);
        Some(Self {
            collar_mid_bps: collar_mid_bps?,
            collar_trade_bps: collar_trade_bps?,
            order_qty_max: order_qty_max?,
            order_notional_max: order_notional_max?,
            position_max: position_max?,
            open_orders_max: open_orders_max?,
            gross_notional_max: gross_notional_max?,
            orders_per_s: orders_per_s?,
            orders_burst: orders_burst?,
            market_age_max: Nanos::from_ms(age?),
            daily_loss_max: daily_loss_max?,
        })
    }
}

fn amount_of(
    section: &Section<'_>,
    key: &'static str,
    example: &str,
    base: Option<Decimal>,
) -> Option<Decimal> {
    let Some(At { value, span }) = section.decimal(key) else {
        if base.is_none() && !section.has(key) {
            section.missing(key, format!("add {key} = \"{example}\"; no limit can be left out"));
        }
        return base;
    };
    positive_amount(section, key, value, span)
}

/// A decimal above zero with at most 8 places and at most 92 billion.
pub(super) fn positive_amount(
    section: &Section<'_>,
    key: &str,
    value: Decimal,
    span: Range<usize>,
) -> Option<Decimal> {
    let fault = match parse_decimal(decimal_text(value).as_bytes(), 8) {
        Ok(units) if units > 0 => return Some(value),
        Ok(_) => "must be above 0",
        Err(NumError::OffGrid) => "has more than 8 decimal places",
        Err(_) => "is too large",
    };
    section.problem(span, key, format!("{value} {fault}"), "from 0.00000001 to 92000000000");
    None
}

fn bps_of(section: &Section<'_>, key: &'static str, value: Decimal) -> Option<Decimal> {
    if value <= Decimal::from(10_000) && (value * Decimal::ONE_HUNDRED).is_integer() {
        return Some(value);
    }
    let span = section.decimal(key).map_or(section.span(), |at| at.span);
    let help = "basis points: from 0.01 to 10000 in steps of 0.01; 50 is 0.5 %";
    section.problem(span, key, format!("{value} is no such distance"), help);
    None
}

fn whole_of(
    section: &Section<'_>,
    key: &'static str,
    range: std::ops::RangeInclusive<u64>,
    base: Option<u64>,
) -> Option<u64> {
    let example = (*range.end()).min(100);
    let found = section.whole(key, range, "");
    if found.is_none() && base.is_none() && !section.has(key) {
        section.missing(key, format!("add {key} = {example}; no limit can be left out"));
    }
    found.or(base)
}

fn ppm(bps: Decimal) -> i64 {
    (bps * Decimal::ONE_HUNDRED).to_i64().unwrap_or(1_000_000)
}
