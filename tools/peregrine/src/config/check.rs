//! Faults that lie between keys: each is fine alone, and together nothing could be traded.

use super::InstrumentSettings;
use super::build::Parts;
use super::money::decimal_text;
use super::section::Section;
use rust_decimal::Decimal;

/// Reports quotes that the risk gate would refuse every time.
pub(super) fn check(parts: &Parts<'_, '_>, instruments: &[InstrumentSettings]) {
    for instrument in instruments {
        let own = parts.instruments.iter().find(|section| symbol_of(section) == instrument.symbol);
        let Some(own) = own else { continue };
        check_one(parts, own, instrument);
    }
}

fn check_one(parts: &Parts<'_, '_>, own: &Section<'_>, instrument: &InstrumentSettings) {
    let InstrumentSettings { symbol, risk, parameters, .. } = instrument;
    // Formulas' numbers are floats; their decimal text is compared with the limits' text.
    let number = |value: f64| Decimal::from_f64_retain(value).map(|value| value.round_dp(9));
    let Some(order_qty) = number(parameters.order_qty) else { return };
    let report = |section: &Section<'_>, key: &str, message: String, help: String| {
        section.problem(section.span(), key, message, help);
    };
    let growth = parameters.level_growth.max(1.0).powi(parameters.levels.max(1) as i32 - 1);
    let largest = number(parameters.order_qty * growth).unwrap_or(order_qty);
    if largest > risk.order_qty_max {
        let section = if own.table("strategy").has("order_qty") { own } else { parts.strategy };
        let message = format!(
            "quotes of {} {symbol} are larger than risk.order_qty_max = {}: all would be refused",
            decimal_text(largest),
            decimal_text(risk.order_qty_max)
        );
        report(section, "order_qty", message, "lower order_qty or raise order_qty_max".into());
    }
    if order_qty > risk.position_max {
        let message = format!(
            "risk.position_max = {} is less than one order of {symbol}: all would be refused",
            decimal_text(risk.position_max)
        );
        report(parts.risk, "position_max", message, "raise it, or lower order_qty".into());
    }
    let half = number(parameters.spread_min_bps / 2.0).unwrap_or_default();
    if half > risk.collar_mid_bps {
        let message = format!(
            "half of spread_min_bps lies beyond risk.collar_mid_bps = {}: all would be refused",
            decimal_text(risk.collar_mid_bps)
        );
        let help = "lower spread_min_bps, or widen the collar".to_owned();
        report(parts.strategy, "spread_min_bps", message, help);
    }
    if risk.order_notional_max > risk.gross_notional_max {
        let message = "is above gross_notional_max".to_owned();
        report(parts.risk, "order_notional_max", message, "lower it".into());
    }
}

fn symbol_of(section: &Section<'_>) -> String {
    section.peek("symbol").unwrap_or_default()
}
