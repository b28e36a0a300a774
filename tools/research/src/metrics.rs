//! Every number by which a run is judged, each with its formula, measured as the run goes.
//!
//! Memory does not grow with the length of a run, but for one number a day. What is not defined (a
//! ratio over nothing) is not a number, and `null` in JSON.

pub mod formulas;
pub mod measures;
pub mod returns;
pub mod tally;
pub mod trades;

pub use measures::Measures;
pub use tally::{Quantiles, Tally};
pub use trades::Trade;

use serde::Serialize;
use std::collections::BTreeMap;

/// What is held: of the one market, or of each by its name.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Held {
    /// Base units.
    One(f64),
    /// Base units by the market's name.
    Each(BTreeMap<String, f64>),
}

/// What a run came to.
///
/// Money is in [`crate::run::Meta::asset`]; other markets' money is counted at the rate of its
/// moment. Returns are of even periods of `return_period_s`: the longest of second, minute, hour
/// and day of which the run has 30. `spread_captured`, markouts, `adverse_selection` and `slippage`
/// are in basis points of the value traded, each fill weighted by its value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metrics {
    /// From the first look to the end, seconds.
    pub seconds: f64,
    /// Equity at the start.
    pub equity_start: f64,
    /// Equity at the end.
    pub equity: f64,
    /// What is held at the end, in base units.
    pub position: Held,
    /// Equity at the end less equity at the start.
    pub pnl: f64,
    /// The part of `pnl` won by trading away from mid: sum of sign x (mid - price) x quantity.
    pub pnl_spread: f64,
    /// The part won or lost on what was held as mids moved: the rest, and so with the other three
    /// the whole. Where each fill has its mid, it is the sum of position x change of mid.
    pub pnl_inventory: f64,
    /// The part paid as fees (negative), or received as rebates.
    pub pnl_fees: f64,
    /// The part received as funding, or paid (negative).
    pub pnl_funding: f64,
    /// `pnl` over equity at the start.
    pub total_return: f64,
    /// [`formulas::annualised`] of it.
    pub annualised_return: f64,
    /// Seconds of one return.
    pub return_period_s: f64,
    /// How many returns there are.
    pub returns: u64,
    /// [`formulas::sharpe`], annualised.
    pub sharpe: f64,
    /// [`formulas::sortino`], annualised.
    pub sortino: f64,
    /// Annualised return over `max_drawdown` (Young 1991).
    pub calmar: f64,
    /// The deepest fall from the highest equity so far, as a share of that; above 0.
    pub max_drawdown: f64,
    /// The same in money.
    pub max_drawdown_quote: f64,
    /// The longest time from a highest equity until it was reached again, or to the end, seconds.
    pub max_drawdown_s: f64,
    /// [`returns::Drawdown::ulcer`].
    pub ulcer_index: f64,
    /// [`formulas::value_at_risk`] of 5 % of the returns.
    pub var_95: f64,
    /// [`formulas::conditional_value_at_risk`] of 5 % of the returns.
    pub cvar_95: f64,
    /// Round trips ([`Trade`]): what one fill opened, closed first in, first out.
    pub trades: u64,
    /// Share of trades that won.
    pub win_rate: f64,
    /// What winning trades won over what losing trades lost.
    pub profit_factor: f64,
    /// Mean P&L of a trade, after fees.
    pub expectancy: f64,
    /// [`trades::Tradings::sqn`].
    pub sqn: f64,
    /// Fills.
    pub fills: u64,
    /// Orders sent.
    pub orders: u64,
    /// Sum of price x quantity of all fills.
    pub turnover: f64,
    /// Value filled over value of all orders sent.
    pub fill_ratio: f64,
    /// Share of turnover whose order rested.
    pub maker_share: f64,
    /// Share of looks at which quotes of both sides stood.
    pub quote_uptime: f64,
    /// Share of looks and sides at which our quote was at the best price.
    pub time_at_best: f64,
    /// Sign x (mid - price) of the fills.
    pub spread_captured: f64,
    /// Sign x (mid 0.1 s after - price).
    pub markout_100ms: f64,
    /// Sign x (mid 1 s after - price).
    pub markout_1s: f64,
    /// Sign x (mid 10 s after - price).
    pub markout_10s: f64,
    /// Sign x (mid 60 s after - price).
    pub markout_60s: f64,
    /// How far the mid went against the fills within 10 s: sign x (mid then - mid 10 s after).
    pub adverse_selection: f64,
    /// What taking cost: sign x (price - mid) of the fills that took.
    pub slippage: f64,
    /// Inventory at the looks, base units, by market.
    pub inventory: BTreeMap<String, Quantiles>,
    /// How long trades were held, seconds.
    pub holding_s: Quantiles,
}
