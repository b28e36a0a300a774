//! Numbers as Bybit writes them: decimal strings with the places of the symbol's grid.

use crate::json::{Object, array};
use crate::symbol::{SCALE, Symbol};
use engine::num::Decimal;

/// Places of a step in 1e-8.
pub(crate) fn places(step: i64) -> u8 {
    let mut places = 8;
    let mut rest = step;
    while places > 0 && rest % 10 == 0 {
        rest /= 10;
        places -= 1;
    }
    places
}

/// An amount in 1e-8 with so many places; what lies beyond them is cut off.
pub(crate) fn with_places(value: i64, places: u8) -> String {
    let unit = 10_i64.pow(u32::from(8 - places.min(8)));
    Decimal { value: value / unit, decimals: places.min(8) }.to_string()
}

/// A step in 1e-8 as short as it can be written.
pub(crate) fn plain(value: i64) -> String {
    if value == 0 { "0".into() } else { with_places(value, places(value)) }
}

/// A price in ticks.
pub(crate) fn price(symbol: &Symbol, ticks: i64) -> String {
    with_places(ticks * symbol.tick, places(symbol.tick))
}

/// A quantity in lots; nothing is "0".
pub(crate) fn qty(symbol: &Symbol, lots: i64) -> String {
    if lots == 0 { "0".into() } else { with_places(lots * symbol.lot, places(symbol.lot)) }
}

/// A price in 1e-8 on the symbol's places.
pub(crate) fn price8(symbol: &Symbol, value: i64) -> String {
    with_places(value, places(symbol.tick))
}

/// Levels: `[["price","size"],…]`, in ticks and lots.
pub(crate) fn levels(symbol: &Symbol, levels: impl Iterator<Item = (i64, i64)>) -> String {
    array(
        levels.map(|(ticks, lots)| {
            format!(r#"["{}","{}"]"#, price(symbol, ticks), qty(symbol, lots))
        }),
    )
}

/// `value` of `part` per whole, in 1e-8: `part × SCALE ÷ whole`.
pub(crate) fn ratio(part: i64, whole: i64) -> i64 {
    if whole == 0 {
        return 0;
    }
    i64::try_from(i128::from(part) * i128::from(SCALE) / i128::from(whole)).unwrap_or(0)
}

/// `{"list":…}` with what belongs around it.
pub(crate) fn page(category: &str, list: &str, cursor: &str) -> String {
    Object::new().put("category", category).raw("list", list).put("nextPageCursor", cursor).end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_grids_places() {
        let symbol = Symbol::btcusdt();
        assert_eq!(price(&symbol, 6_183_760), "61837.60");
        assert_eq!(qty(&symbol, 100_000), "1.00000");
        assert_eq!((qty(&symbol, 0), plain(0)), ("0".into(), "0".into()));
        assert_eq!((plain(SCALE), plain(SCALE / 10)), ("1".into(), "0.1".into()));
        assert_eq!(places(50_000_000), 1);
        assert_eq!(with_places(-150_000_000, 4), "-1.5000");
    }
}
