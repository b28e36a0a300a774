//! Faults that lie between keys: each is fine alone, and together nothing could be traded.

use super::build::Parts;
use super::money::{Risk, decimal_text};
use super::section::Section;
use super::{DeskSettings, InstrumentSettings, ShadowSettings};
use rust_decimal::Decimal;
use strategies::any::Settings;

/// Reports quotes that the risk gate would refuse every time.
pub(super) fn check(
    parts: &Parts<'_, '_>,
    instruments: &[InstrumentSettings],
    desks: &[DeskSettings],
) {
    for desk in desks {
        for (place, risk) in &desk.traded {
            let Some(instrument) = instruments.get(*place) else { continue };
            let named = |section: &&Section<'_>| symbol_of(section) == instrument.symbol;
            let Some(own) = parts.instruments.iter().find(named) else { continue };
            check_one(parts, own, (instrument, risk, &desk.strategy));
        }
    }
}

/// The same of shadows, which have the limits of their desks.
pub(super) fn check_shadows(
    parts: &Parts<'_, '_>,
    instruments: &[InstrumentSettings],
    (desks, shadows): (&[DeskSettings], &[ShadowSettings]),
    sections: &[Section<'_>],
) {
    for shadow in shadows {
        let own = |section: &&Section<'_>| section.peek("name").as_deref() == Some(&shadow.name);
        let Some(section) = sections.iter().find(own) else { continue };
        let strategy = section.table("parameters");
        let desk = DeskSettings { strategy: shadow.strategy, ..desks[shadow.desk].clone() };
        check(&Parts { strategy: &strategy, ..*parts }, instruments, &[desk]);
    }
}

fn check_one(
    parts: &Parts<'_, '_>,
    own: &Section<'_>,
    (instrument, risk, strategy): (&InstrumentSettings, &Risk, &Settings),
) {
    let symbol = &instrument.symbol;
    // Formulas' numbers are floats; their decimal text is compared with the limits' text.
    let number = |value: f64| Decimal::from_f64_retain(value).map(|value| value.round_dp(9));
    let set = |key: &str| {
        let parameter = strategy.listed().parameter(key)?;
        strategy.get(parameter.id)
    };
    let Some(order_qty) = set("order_qty").and_then(number) else { return };
    let report = |section: &Section<'_>, key: &str, message: String, help: String| {
        section.problem(section.span(), key, message, help);
    };
    let levels = set("levels").unwrap_or(1.0).max(1.0) as i32;
    let growth = set("level_growth").unwrap_or(1.0).max(1.0).powi(levels - 1);
    let largest = set("order_qty").and_then(|qty| number(qty * growth)).unwrap_or(order_qty);
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
    let half = set("spread_min_bps").and_then(|bps| number(bps / 2.0)).unwrap_or_default();
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
