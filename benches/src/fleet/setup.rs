//! What the product would be told in its configuration: venues and instruments, then whatever a
//! bench adds.

use super::dialect::Dialect;
use engine::instrument::Instrument;
use std::fmt::Write as _;

/// Limits that hold nothing up, and an engine as it is shipped.
pub const LIMITS: &str = r#"
[risk]
collar_mid_bps = "200"
collar_trade_bps = "300"
order_qty_max = "1"
order_notional_max = "100000"
position_max = "10000"
open_orders_max = 50
gross_notional_max = "1000000000"
orders_per_s = 10000
orders_burst = 10000
market_age_max_ms = 10000
daily_loss_max = "10000000"
[engine]
wait = "park"
layout = "inline"
[shm]
name = "bench"
"#;

/// The sections of venues and instruments, with `rest` behind them.
pub fn setup((dialects, instruments): (&[Dialect], &[Instrument]), rest: &[&str]) -> String {
    let mut text = String::from("mode = \"testnet\"\n");
    for dialect in dialects {
        let name = dialect.name();
        // Writing to a text cannot fail.
        let _ = write!(text, "[venue.{name}]\npreset = \"local\"\naccount = \"{name}\"\n");
    }
    for one in instruments {
        let dialect = dialects[one.venue.index()];
        let (name, symbol) = (dialect.name(), one.symbol);
        let market = if dialect == Dialect::Bybit { "market = \"linear\"\n" } else { "" };
        let _ = write!(
            text,
            "[[instrument]]\nvenue = \"{name}\"\nsymbol = \"{symbol}\"\n{market}leverage = 10\n"
        );
    }
    text + &rest.concat()
}
