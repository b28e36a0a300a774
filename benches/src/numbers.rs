//! The rows that the project promises figures for, each with the bench and the title that it is
//! measured under. `bench.json` has one entry for each of them, measured or not: what was not run
//! must not look like what was met.

/// One promised row.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// Its name in `bench.json`, in the instruction budget too.
    pub name: &'static str,
    /// The bench that measures it.
    pub bench: &'static str,
    /// Titles of its row there; the first one found counts, such as that of recorded messages
    /// before that of generated ones.
    pub titles: &'static [&'static str],
    /// What is promised, for a row that was not run.
    pub bar: &'static str,
}

const fn number(
    name: &'static str,
    bench: &'static str,
    titles: &'static [&'static str],
    bar: &'static str,
) -> Number {
    Number { name, bench, titles, bar }
}

const MESSAGE: &str = "≥ 8× serde_json, ≥ 6× simd-json tape, ≥ 5× sonic-rs typed";
const DIFF: &str = "≥ 8× serde_json, ≥ 5× sonic-rs typed";
const GROWTH: &str = "within 1.5×";
const CROSS: &str = "within 1.5× of single venue";
const VENUES: &str = "cpu_percent ≤ 30, rows_lost ≤ 0";
const TWICE: &str = "≥ 2× hftbacktest";
const RESYNC: &str = "own_rows_max ≤ 1024";

/// All of them, in the order of the data's way.
pub const NUMBERS: &[Number] = &[
    number("book_ticker_decode", "decode", &["bookTicker, recorded", "bookTicker"], MESSAGE),
    number("trade_decode", "decode", &["trade, recorded", "trade"], MESSAGE),
    number("diff_20_decode", "decode", &["depth of 20 levels"], DIFF),
    number("diff_100_decode", "decode", &["depth of 100 levels"], DIFF),
    number(
        "book_update_best",
        "book",
        &["usdm/btcusdt", "generated"],
        "≥ 5× BTreeMap book, ≥ 1.8× hftbacktest's array book",
    ),
    number("ring_hop", "ring", &["hop of one row"], "within 1.2× of raw atomic ping-pong"),
    number("quote_avellaneda_stoikov", "quote", &["avellaneda-stoikov, cached"], "≤ 10 ns"),
    number("gate", "risk", &["approved"], "≤ 20 ns"),
    number("reconcile_2x5", "quote", &["reconcile 2×5 levels, unchanged"], "≤ 30 ns"),
    number("order_frame", "encode", &["order.place, frame"], "≤ 30 ns"),
    number("order_hmac", "encode", &["order.place, signed by HMAC"], "≤ 220 ns"),
    number(
        "inline_book_ticker",
        "inline",
        &["bookTicker to first order"],
        "≤ 200 ns, p99 ≤ 300 ns, ≤ 2035 instructions",
    ),
    number("inline_book_ticker_paced", "inline", &["bookTicker, paced to first order"], "–"),
    number("inline_book_ticker_cold", "inline", &["bookTicker, cold to first order"], "–"),
    number(
        "inline_diff_20",
        "inline",
        &["depth of 20 levels to first order"],
        "≤ 360 ns, p99 ≤ 500 ns, ≤ 7077 instructions",
    ),
    number("inline_diff_20_paced", "inline", &["depth of 20 levels, paced to first order"], "–"),
    number("inline_diff_20_cold", "inline", &["depth of 20 levels, cold to first order"], "–"),
    number("pipelined_book_ticker", "inline", &["bookTicker, pipelined"], "≤ 450 ns"),
    number(
        "wire_to_wire",
        "wire",
        &["bookTicker to order, plain WebSocket"],
        "within 1.25× of a bare echo, ≥ 5× a parked tokio-tungstenite",
    ),
    number("engine_rows", "engine", &["recorded market, a row"], "≤ 125 ns"),
    number("triangular_search", "triangular", &["30 instruments, densest"], "≤ 1000 ns"),
    number("cross_spot_usdm", "cross", &["binance-spot to binance-usdm"], CROSS),
    number("cross_usdm_bybit", "cross", &["binance-usdm to bybit"], CROSS),
    number("cross_bybit_okx", "cross", &["bybit to okx"], CROSS),
    number("cross_okx_spot", "cross", &["okx to binance-spot"], CROSS),
    number("venues_paced", "venues", &["200,000 rows a second, a row"], VENUES),
    number(
        "venues_paced_decoded",
        "venues",
        &["200,000 rows a second, a row, decoded beforehand"],
        VENUES,
    ),
    number("venues_paced_sockets", "venues", &["200,000 rows a second, a row, over sockets"], "–"),
    number("venues_full_speed", "venues", &["full speed, a row"], "–"),
    number("resync_before", "resync", &["binance-spot of 5000 levels, before"], RESYNC),
    number("resync_during", "resync", &["binance-spot of 5000 levels, during"], RESYNC),
    number("resync_after", "resync", &["binance-spot of 5000 levels, after"], RESYNC),
    number("growth_levels", "growth", &["levels"], GROWTH),
    number("growth_orders", "growth", &["standing orders"], GROWTH),
    number("growth_instruments", "growth", &["instruments"], GROWTH),
    number("journal_record", "journal", &["record, a drain beside it"], "≤ 30 ns"),
    number("telemetry_record", "telemetry", &["stamp and record"], "≤ 20 ns"),
    number("sim_row", "sim", &["row, no order"], "≤ 25 ns"),
    number("sim_row_16_orders", "sim", &["row, 16 orders"], "–"),
    number("backtest_replay", "backtest", &["replay only"], TWICE),
    number("backtest_quotes_1", "backtest", &["1+1 quotes"], TWICE),
    number("backtest_quotes_8", "backtest", &["8+8 quotes"], TWICE),
    number("tune_two_jobs", "tune", &["a trial, 2 jobs"], "≥ 1.8× one job"),
];

/// The promised row that a bench's row is, if it is one.
pub fn named(bench: &str, title: &str) -> Option<&'static Number> {
    NUMBERS.iter().find(|number| number.bench == bench && number.titles.contains(&title))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_snake_case_and_once_each() {
        let names: BTreeSet<&str> = NUMBERS.iter().map(|number| number.name).collect();
        assert_eq!(names.len(), NUMBERS.len());
        for name in names {
            let plain = |one: u8| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'_';
            assert!(name.bytes().all(plain), "{name}");
        }
    }

    #[test]
    fn titles_are_those_of_the_benches() {
        // Where titles are put together from parts, this cannot look.
        let made = ["decode", "inline", "cross", "venues", "resync"];
        for number in NUMBERS.iter().filter(|number| !made.contains(&number.bench)) {
            let file = crate::setting::root().join("benches").join(number.bench);
            let text = std::fs::read_to_string(file.with_extension("rs")).unwrap();
            for title in number.titles {
                let said = text.contains(&format!("\"{title}\""));
                // The book's is the part of a file's name before the underscore.
                assert!(said || text.contains(&format!("\"{title}_")), "{title}");
            }
        }
    }
}
