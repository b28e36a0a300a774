//! The numbers of a run as lines for people: in groups, with units; a page and a terminal show the
//! same.

use super::frame::{number, span};
use crate::metrics::{Held, Metrics, Quantiles};

/// How a number is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Neither good nor bad.
    Plain,
    /// Won.
    Good,
    /// Lost.
    Bad,
}

/// A line: its name in JSON, what people call it, and the number with its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its name in JSON.
    pub key: String,
    /// For people.
    pub name: String,
    /// The number with its unit.
    pub text: String,
    /// Won or lost.
    pub tone: Tone,
}

/// A group of lines with its heading.
pub type Group = (&'static str, Vec<Line>);

fn line(key: &str, name: &str, text: String) -> Line {
    Line { key: key.to_owned(), name: name.to_owned(), text, tone: Tone::Plain }
}

/// The same, coloured by the sign.
fn signed(key: &str, name: &str, (value, text): (f64, String)) -> Line {
    let tone = match value {
        value if value > 0.0 => Tone::Good,
        value if value < 0.0 => Tone::Bad,
        _ => Tone::Plain,
    };
    Line { tone, ..line(key, name, text) }
}

/// A number with so many digits that a small one does not vanish.
pub(crate) fn plain(value: f64) -> String {
    let places = match value.abs() {
        value if value >= 1_000.0 || value == 0.0 => 2,
        value if value >= 1.0 => 4,
        value => (3.0 - value.log10().floor()).clamp(2.0, 10.0) as usize,
    };
    if value.abs() >= 1e15 { format!("{value:.3e}") } else { number(value, places) }
}

/// A quantity: nothing behind its last digit.
fn quantity(value: f64) -> String {
    let text = number(value, 8);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn percent(value: f64) -> String {
    if value.is_finite() { format!("{} %", plain(value * 100.0)) } else { plain(f64::NAN) }
}

fn bps(value: f64) -> String {
    if value.is_finite() { format!("{} bp", number(value, 3)) } else { plain(f64::NAN) }
}

fn whole(value: u64) -> String {
    number(value as f64, 0)
}

fn seconds(value: f64) -> String {
    if value.is_finite() { span(value * 1e9) } else { plain(value) }
}

fn spread(found: &Quantiles, write: impl Fn(f64) -> String) -> String {
    let [low, middle, high] = [found.p05, found.p50, found.p95].map(&write);
    format!("{low} … {middle} … {high}")
}

/// All numbers.
pub fn groups(metrics: &Metrics, asset: &str) -> Vec<Group> {
    vec![
        ("P&L", won(metrics, asset)),
        ("Return and risk", risk(metrics, asset)),
        ("Trades", trades(metrics, asset)),
        ("Fills and quotes", quoting(metrics, asset)),
        ("Inventory", inventory(metrics)),
    ]
}

fn won(metrics: &Metrics, asset: &str) -> Vec<Line> {
    let money = |value: f64| (value, format!("{} {asset}", plain(value)));
    let plain_money = |value: f64| money(value).1;
    vec![
        line("equity_start", "equity at the start", plain_money(metrics.equity_start)),
        line("equity", "equity at the end", plain_money(metrics.equity)),
        signed("pnl", "P&L", money(metrics.pnl)),
        signed("pnl_spread", "  by the spread", money(metrics.pnl_spread)),
        signed("pnl_inventory", "  by inventory", money(metrics.pnl_inventory)),
        signed("pnl_fees", "  by fees", money(metrics.pnl_fees)),
        signed("pnl_funding", "  by funding", money(metrics.pnl_funding)),
        line("seconds", "time", seconds(metrics.seconds)),
    ]
}

fn risk(metrics: &Metrics, asset: &str) -> Vec<Line> {
    let share = |value: f64| (value, percent(value));
    let ratio = |value: f64| (value, plain(value));
    let period = format!("{} of {}", whole(metrics.returns), seconds(metrics.return_period_s));
    let deepest = format!("{} {asset}", plain(metrics.max_drawdown_quote));
    vec![
        signed("total_return", "total return", share(metrics.total_return)),
        signed("annualised_return", "annualised return", share(metrics.annualised_return)),
        line("returns", "returns", period),
        signed("sharpe", "Sharpe ratio, annualised", ratio(metrics.sharpe)),
        signed("sortino", "Sortino ratio, annualised", ratio(metrics.sortino)),
        signed("calmar", "Calmar ratio", ratio(metrics.calmar)),
        line("max_drawdown", "deepest drawdown", percent(metrics.max_drawdown)),
        line("max_drawdown_quote", "  in money", deepest),
        line("max_drawdown_s", "longest drawdown", seconds(metrics.max_drawdown_s)),
        line("ulcer_index", "ulcer index", percent(metrics.ulcer_index)),
        line("var_95", "value at risk, 95 %", percent(metrics.var_95)),
        line("cvar_95", "  and the mean beyond it", percent(metrics.cvar_95)),
    ]
}

fn trades(metrics: &Metrics, asset: &str) -> Vec<Line> {
    let money = (metrics.expectancy, format!("{} {asset}", plain(metrics.expectancy)));
    vec![
        line("trades", "round trips", whole(metrics.trades)),
        line("win_rate", "won", percent(metrics.win_rate)),
        line("profit_factor", "profit factor", plain(metrics.profit_factor)),
        signed("expectancy", "expectancy of a trade", money),
        signed("sqn", "system quality number", (metrics.sqn, plain(metrics.sqn))),
        line("holding_s", "held, 5 … 50 … 95 %", spread(&metrics.holding_s, seconds)),
    ]
}

fn quoting(metrics: &Metrics, asset: &str) -> Vec<Line> {
    let point = |value: f64| (value, bps(value));
    vec![
        line("fills", "fills", whole(metrics.fills)),
        line("orders", "orders sent", whole(metrics.orders)),
        line("turnover", "turnover", format!("{} {asset}", plain(metrics.turnover))),
        line("fill_ratio", "filled of what was sent", percent(metrics.fill_ratio)),
        line("maker_share", "as maker", percent(metrics.maker_share)),
        line("quote_uptime", "both sides quoted", percent(metrics.quote_uptime)),
        line("time_at_best", "at the best price", percent(metrics.time_at_best)),
        signed("spread_captured", "spread captured", point(metrics.spread_captured)),
        signed("markout_100ms", "markout after 0.1 s", point(metrics.markout_100ms)),
        signed("markout_1s", "markout after 1 s", point(metrics.markout_1s)),
        signed("markout_10s", "markout after 10 s", point(metrics.markout_10s)),
        signed("markout_60s", "markout after 60 s", point(metrics.markout_60s)),
        line("adverse_selection", "adverse selection in 10 s", bps(metrics.adverse_selection)),
        line("slippage", "slippage of takers", bps(metrics.slippage)),
    ]
}

fn inventory(metrics: &Metrics) -> Vec<Line> {
    let held = match &metrics.position {
        Held::One(one) => quantity(*one),
        Held::Each(all) => {
            let each = all.iter().map(|(name, held)| format!("{name} {}", quantity(*held)));
            each.collect::<Vec<_>>().join(", ")
        }
    };
    let mut lines = vec![line("position", "held at the end", held)];
    for (name, found) in &metrics.inventory {
        let name = format!("{name}, 5 … 50 … 95 %");
        lines.push(line("inventory", &name, spread(found, quantity)));
    }
    lines
}

/// As text for a terminal, coloured where `colour` says so.
pub fn text(groups: &[Group], colour: bool) -> String {
    let wide = groups.iter().flat_map(|(_, lines)| lines).map(|line| line.name.chars().count());
    let wide = wide.max().unwrap_or(0);
    let paint = |code: &str, text: &str| match colour {
        true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    };
    let mut out = String::new();
    for (heading, lines) in groups {
        out += &paint("1", heading);
        out.push('\n');
        for line in lines {
            let gap = " ".repeat(wide - line.name.chars().count() + 2);
            let text = match line.tone {
                Tone::Plain => line.text.clone(),
                Tone::Good => paint("32", &line.text),
                Tone::Bad => paint("31", &line.text),
            };
            out += &format!("  {}{gap}{text}\n", line.name);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Measures;

    #[test]
    fn every_number_is_shown_under_its_name_in_json() {
        let metrics = Measures::default().metrics();
        let groups = groups(&metrics, "USDT");
        let json = serde_json::to_value(&metrics).unwrap();
        let shown: Vec<&str> =
            groups.iter().flat_map(|(_, lines)| lines).map(|line| line.key.as_str()).collect();
        let known = json.as_object().unwrap();
        assert!(shown.iter().all(|key| known.contains_key(*key)), "{shown:?}");
        let hidden = ["return_period_s", "inventory"];
        let mut all = known.keys().filter(|key| !hidden.contains(&key.as_str()));
        assert!(all.all(|key| shown.contains(&key.as_str())), "{shown:?}");
    }

    #[test]
    fn colours_are_used_only_where_they_are_wanted() {
        let lines = vec![signed("pnl", "P&L", (-1.0, "−1 USDT".into()))];
        let groups = [("P&L", lines)];
        assert_eq!(text(&groups, false), "P&L\n  P&L  −1 USDT\n");
        assert!(text(&groups, true).contains("\u{1b}[31m−1 USDT\u{1b}[0m"));
    }

    #[test]
    fn small_numbers_do_not_vanish_and_large_ones_fit() {
        assert_eq!([-0.003, 0.0, 1200.0].map(quantity), ["−0.003", "0", "1200"]);
        let found = [0.0, 0.000123, 12.5, -1234567.891, 1e20, f64::NAN].map(plain);
        assert_eq!(found, ["0.00", "0.0001230", "12.5000", "−1 234 567.89", "1.000e20", "–"]);
    }
}
