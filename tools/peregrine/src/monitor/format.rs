//! Numbers as people read them: money by its grid, spans with a unit that fits.

use engine::num::{Decimal, Grid, POW10};
use engine::time::Nanos;

/// An amount of 1e-8 units with the places that matter: at least two, trailing zeros cut.
pub fn amount(units: i64) -> String {
    let text = Decimal { value: units, decimals: 8 }.to_string();
    let point = text.find('.').map_or(text.len(), |point| point + 3);
    let end = text.trim_end_matches('0').len().max(point.min(text.len()));
    text[..end].to_owned()
}

/// An amount of 1e-8 units with two places, as money is looked at; cut toward zero.
pub fn cents(units: i64) -> String {
    Decimal { value: units / 1_000_000, decimals: 2 }.to_string()
}

/// Thousandths of a tick as a price.
pub fn milliticks(grid: Grid, value: i64) -> String {
    let decimals = grid.decimals.saturating_add(3).min(18);
    Decimal { value: value.saturating_mul(grid.step), decimals }.to_string()
}

/// A number of 10^-`decimals` units with at most `places` places, cut toward zero.
pub fn short(value: i64, decimals: u8, places: u8) -> String {
    let decimals = decimals.min(18);
    let cut = decimals.saturating_sub(places);
    let value = value / POW10[usize::from(cut)];
    Decimal { value, decimals: decimals - cut }.to_string()
}

/// A number of 10^-`decimals` units in at most `width` characters: with four places or fewer, and
/// with a letter for thousands and so on where even the whole part is too long. A number is never
/// cut at its front.
pub fn fitting(value: i64, decimals: u8, width: usize) -> String {
    let texts = (0..=4).rev().map(|places| short(value, decimals, places));
    texts.into_iter().find(|text| text.len() <= width).unwrap_or_else(|| {
        let whole = value / POW10[usize::from(decimals.min(18))];
        let sign = if whole < 0 { "-" } else { "" };
        format!("{sign}{}", count(whole.unsigned_abs()))
    })
}

/// A span in ns, µs, ms, s, min or h, with three digits or so.
pub fn span(span: Nanos) -> String {
    let with = |unit: u64, name: &str| {
        let (whole, tenths) = (span.0 / unit, span.0 % unit * 10 / unit);
        if whole < 100 { format!("{whole}.{tenths} {name}") } else { format!("{whole} {name}") }
    };
    match span.0 {
        0..1_000 => format!("{} ns", span.0),
        1_000..1_000_000 => with(1_000, "µs"),
        1_000_000..1_000_000_000 => with(1_000_000, "ms"),
        1_000_000_000..120_000_000_000 => with(1_000_000_000, "s"),
        120_000_000_000..7_200_000_000_000 => with(60_000_000_000, "min"),
        _ => with(3_600_000_000_000, "h"),
    }
}

/// A count with a letter for thousands, millions and so on.
pub fn count(count: u64) -> String {
    let with = |unit: u64, letter: char| {
        let (whole, tenths) = (count / unit, count % unit * 10 / unit);
        if whole < 100 { format!("{whole}.{tenths}{letter}") } else { format!("{whole}{letter}") }
    };
    match count {
        0..100_000 => count.to_string(),
        100_000..10_000_000 => with(1_000, 'k'),
        10_000_000..10_000_000_000 => with(1_000_000, 'M'),
        _ => with(1_000_000_000, 'G'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        assert_eq!(amount(123_450_000_000), "1234.50");
        assert_eq!(amount(-123_456), "-0.00123456");
        assert_eq!(amount(0), "0.00");
        assert_eq!(cents(-1_999_999_999), "-19.99");
        assert_eq!(milliticks(Grid { decimals: 2, step: 1 }, 6_183_763_500), "61837.63500");
        assert_eq!(short(123_456_789, 9, 4), "0.1234");
        assert_eq!(short(5, 0, 4), "5");
        assert_eq!(short(i64::MIN, 255, 0), "-9");
        assert_eq!(fitting(10_000_000_000_000, 8, 9), "100000.00");
        assert_eq!(fitting(10_000_000_000_000, 8, 6), "100000");
        assert_eq!(fitting(-12_345_678_900_000_000, 8, 8), "-123M");
        assert_eq!(fitting(7, 0, 1), "7");
        assert_eq!(span(Nanos(850)), "850 ns");
        assert_eq!(span(Nanos(12_340)), "12.3 µs");
        assert_eq!(span(Nanos::from_s(119)), "119 s");
        assert_eq!(span(Nanos::from_s(7_199)), "119 min");
        assert_eq!(count(99_999), "99999");
        assert_eq!(count(1_234_567), "1234k");
        assert_eq!(count(12_345_678), "12.3M");
    }
}
