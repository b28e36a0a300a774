//! Numbers as OKX writes them, and sizes: base quantity for spot, contracts for swaps.

use super::args::Args;
use super::denial::Denial;
use crate::order::Kind;
use crate::refusal::Refusal;
use crate::symbol::Symbol;
use engine::num::Decimal;

/// A number in 1e-8 without trailing zeros.
pub(crate) fn plain(value: i64) -> String {
    let text = Decimal { value, decimals: 8 }.to_string();
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// A price in ticks.
pub(crate) fn price(symbol: &Symbol, ticks: i64) -> String {
    plain(ticks * symbol.tick)
}

/// Lots as a size in 1e-8.
pub(crate) fn size(symbol: &Symbol, lots: i64) -> i64 {
    match symbol.perp {
        Some(_) => symbol.contracts_of(lots),
        None => lots * symbol.lot,
    }
}

/// Lots as the text of a size.
pub(crate) fn text(symbol: &Symbol, lots: i64) -> String {
    plain(size(symbol, lots))
}

/// A base quantity in 1e-8 as the text of a size.
pub(crate) fn of_base(symbol: &Symbol, base: i64) -> String {
    text(symbol, base / symbol.lot)
}

/// The size parameter `name` as lots.
pub(crate) fn read(symbol: &Symbol, args: &Args, name: &str, kind: Kind) -> Result<i64, Denial> {
    let off_grid = || Denial::from(Refusal::Quantity);
    let Some(value) = args.decimal(name)? else { return Err(Denial::missing(name)) };
    let value = value.map_err(|_| off_grid())?;
    let base = match symbol.perp {
        Some(_) => symbol.base_of(value).ok_or_else(off_grid)?,
        None => value,
    };
    if value == 0 {
        return Err(Denial::parameter(name));
    }
    if base < symbol.lot {
        return Err(Refusal::Notional.into());
    }
    if base % symbol.lot != 0 {
        return Err(off_grid());
    }
    if base > symbol.qty_max {
        let msg = "Order amount exceeds the maximum amount of a limit order.";
        return Err(Denial::new(51101, msg));
    }
    Ok(symbol.lots(base, kind)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbol::{SCALE, Terms};

    #[test]
    fn swaps_count_in_contracts_and_spot_in_coins() {
        let spot = Symbol::btcusdt();
        let swap = Symbol {
            contract: SCALE / 100,
            lot: SCALE / 10_000,
            perp: Some(Terms::default()),
            ..Symbol::btcusdt()
        };
        let check = |symbol: &Symbol, sz: &str, expect: Result<i64, i32>| {
            let args = Args::from_query(&format!("sz={sz}")).unwrap();
            let got = read(symbol, &args, "sz", Kind::Limit).map_err(|denial| denial.code);
            assert_eq!(got, expect, "{sz}");
        };
        check(&swap, "2.5", Ok(250));
        check(&swap, "0.01", Ok(1));
        check(&swap, "0.015", Err(51121));
        check(&swap, "0.001", Err(51020));
        check(&swap, "0", Err(51000));
        check(&swap, "-1", Err(51000));
        check(&swap, "99999999", Err(51101));
        check(&spot, "0.00001", Ok(1));
        check(&spot, "0.000011", Err(51121));
        assert_eq!((text(&swap, 250), text(&spot, 250)), ("2.5".into(), "0.0025".into()));
        assert_eq!((plain(0), plain(-150_000_000)), ("0".into(), "-1.5".into()));
    }
}
