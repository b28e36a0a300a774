//! Measures a run that standard input describes, and prints its metrics as JSON: so that others can
//! compute the same numbers from the same series.
//!
//! Input is one JSON object: `period_s`, `returns` (one each period, equity begins at a million)
//! and `trades` (the P&L of each round trip, none of which has a fee).
#![forbid(unsafe_code)]

use engine::id::Side;
use engine::time::Nanos;
use research::metrics::Measures;
use research::run::{Filled, Look, Market, Meta, Witness};
use serde::Deserialize;
use std::io::Write as _;

#[derive(Deserialize)]
struct Series {
    period_s: u64,
    returns: Vec<f64>,
    trades: Vec<f64>,
}

const EQUITY: f64 = 1e6;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let series: Series = serde_json::from_reader(std::io::stdin())?;
    let mut measures = Measures::default();
    let market = Market {
        name: "sim:BTCUSDT".into(),
        base: "BTC".into(),
        quote: "USDT".into(),
        tick: 0.01,
        lot: 1e-5,
        is_margined: false,
    };
    let (name, asset) = ("series".into(), "USDT".into());
    measures.begins(&Meta { name, markets: vec![market], equity: EQUITY, asset, utc_ns: 0 });
    let mut equity = EQUITY;
    let look = |place: usize, equity: f64| Look {
        at: Nanos::from_s(place as u64 * series.period_s),
        market: 0,
        bid: 99.0,
        ask: 101.0,
        own_bid: 99.0,
        own_ask: 101.0,
        position: 0.0,
        rate: 1.0,
        equity,
    };
    measures.looks(&look(0, equity));
    for (place, one) in series.returns.iter().enumerate() {
        equity *= 1.0 + one;
        measures.looks(&look(place + 1, equity));
    }
    for (order, pnl) in series.trades.iter().enumerate() {
        for (side, price) in [(Side::Buy, 1e4), (Side::Sell, 1e4 + pnl)] {
            let at = Nanos::from_s(order as u64);
            let (qty, fee, is_maker, mid) = (1.0, 0.0, true, f64::NAN);
            let order = order as u64;
            let (market, desk) = (0, 0);
            let fill = Filled { at, market, desk, order, side, price, qty, fee, is_maker, mid };
            measures.filled(&fill);
        }
    }
    let metrics = serde_json::to_string(&measures.metrics())?;
    writeln!(std::io::stdout(), "{metrics}")?;
    Ok(())
}
