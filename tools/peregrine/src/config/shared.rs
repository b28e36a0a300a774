//! Limits that all desks share, and what becomes of orders of two desks that would meet.

use super::money::{decimal_text, positive_amount};
use super::section::Section;
use engine::engine::Netting;
use engine::num::{Notional, parse_decimal};
use engine::risk::SharedLimits;
use rust_decimal::Decimal;

/// Reads the section; without it each desk has its own limits alone.
pub(super) fn shared(section: &Section<'_>) -> (Option<SharedLimits>, Netting) {
    let names = [("refuse", Netting::Refuse), ("inside", Netting::Inside)];
    let netting = section.choice("netting", &names).map_or(Netting::Refuse, |one| one.value);
    let amount = |key: &'static str, example: &str| {
        let Some(at) = section.decimal(key) else {
            if section.is_there() && !section.has(key) {
                section
                    .missing(key, format!("add {key} = \"{example}\"; no limit can be left out"));
            }
            return None;
        };
        positive_amount(section, key, at.value, at.span).and_then(notional)
    };
    let whole = |key: &'static str| {
        let found = section.whole(key, 1..=100_000, "");
        if found.is_none() && section.is_there() && !section.has(key) {
            section.missing(key, format!("add {key} = 100; no limit can be left out"));
        }
        found.and_then(|value| u32::try_from(value).ok())
    };
    let gross = amount("gross_notional_max", "10000");
    let loss = amount("daily_loss_max", "100");
    let (open, rate, burst) =
        (whole("open_orders_max"), whole("orders_per_s"), whole("orders_burst"));
    let limits = || {
        Some(SharedLimits {
            gross_notional_max: gross?,
            open_orders_max: open?,
            orders_per_s: rate?,
            orders_burst: burst?,
            daily_loss_max: loss?,
        })
    };
    (limits(), netting)
}

fn notional(value: Decimal) -> Option<Notional> {
    parse_decimal(decimal_text(value).as_bytes(), 8).ok().map(Notional)
}
