//! Text in, settings or faults out.

use super::super::tests::check;
use super::*;
use crate::config::Config;

const PAPER: &str = r#"
mode = "paper"
[venue.binance]
preset = "mainnet"
[venue.okx]
preset = "mainnet"
[[instrument]]
symbol = "BTCUSDT"
venue = "binance"
[[instrument]]
symbol = "BTC-USDT"
venue = "okx"
[[desk]]
name = "near"
strategy = "avellaneda-stoikov"
instruments = ["binance:BTCUSDT"]
[[desk]]
name = "far"
strategy = "avellaneda-stoikov"
instruments = ["okx:BTC-USDT"]
[risk]
collar_mid_bps = "50"
collar_trade_bps = 50
order_qty_max = 0.01
order_notional_max = "1000"
position_max = "0.05"
open_orders_max = 8
gross_notional_max = "5000"
orders_per_s = 5
orders_burst = 20
market_age_max_ms = 2000
daily_loss_max = "20.5"
"#;

fn read(paper: &str) -> Paper {
    match Config::parse("c.toml", &format!("{PAPER}{paper}")) {
        Ok(config) => config.paper,
        Err(problems) => panic!("{:?}", problems.list),
    }
}

#[test]
fn what_is_left_out_is_a_near_and_faultless_venue() {
    let paper = read("");
    assert_eq!(paper, Paper::default());
    assert_eq!(paper.of("okx").entry, WaySettings::Constant(Nanos::from_ms(2)));
}

#[test]
fn a_venue_has_its_own_or_what_holds_for_all() {
    let paper = read(
        r#"
[paper]
entry_latency_us = 700
queue = "power3"
queue_exponent = 3
seed = 9
reject_ppm = 100
[paper.response]
model = "log-normal"
median_us = 900
sigma = 0.4
spike_ppm = 50
spike_us = 30000
[[paper.outage]]
after_ms = 60000
for_ms = 500
[[paper.fee_tier]]
volume = "0"
maker_fee_bps = "2"
taker_fee_bps = "5"
[[paper.fee_tier]]
volume = "1000000"
maker_fee_bps = "-0.5"
taker_fee_bps = "3"
[paper.balances]
USDT = "1000"
[paper.venue.okx]
priority = "lost"
rules = "hftbacktest-partial"
seed = 10
[paper.venue.okx.entry]
model = "feed"
factor = "1.5"
offset_us = -20
[paper.venue.okx.balances]
USDT = "7"
"#,
    );
    let (all, okx) = (paper.of("binance"), paper.of("okx"));
    let constant = WaySettings::Constant(Nanos(700_000));
    assert_eq!((&all.entry, all.queue, all.seed), (&constant, QueueModel::Power3(3.0), 9));
    let (median, spike) = (Nanos(900_000), Nanos(30_000_000));
    let spread = Spread { median, sigma: 0.4, spike_ppm: 50, spike };
    assert_eq!(all.response, WaySettings::Spread(spread));
    let outage = Outage { after: Nanos::from_s(60), span: Nanos::from_ms(500) };
    assert_eq!((all.faults.reject_ppm, &all.faults.outages[..]), (100, &[outage][..]));
    assert_eq!((all.tiers[1].maker_ppm, all.tiers[1].taker_ppm), (-50, 300));
    assert_eq!(okx.entry, WaySettings::Feed { factor_ppm: 1_500_000, offset_ns: -20_000 });
    assert_eq!((okx.priority, okx.seed), (Priority::Lost, 10));
    assert_eq!(okx.rules, Rules::Hftbacktest { partial: true });
    assert_eq!((&okx.response, &okx.tiers), (&all.response, &all.tiers));
    assert_eq!(okx.balances, [("USDT".to_owned(), Decimal::from(7))]);
}

#[test]
fn faults_say_what_would_do() {
    let wrong = r#"[paper]
queue = "log"
queue_exponent = 2
rules = "their"
seed = -1
lose_ppm = 2000000
entry_latency_us = 5
maintenance_margin_bps = -50
liquidation_fee_bps = "-0.5"
[paper.entry]
model = "guess"
[paper.response]
model = "recorded"
[[paper.outage]]
after_ms = 5
[paper.venue.okx]
queue = "fifo"
[strategy]"#;
    check(
        &[("[strategy]", wrong)],
        &[
            "11:18 paper.queue_exponent: is for queue = \"power\", \"power2\" and \"power3\" only \
             | remove it, or choose one of them",
            "12:9 paper.rules: `their` is not one of own, hftbacktest, hftbacktest-partial | \
             known here: hftbacktest, hftbacktest-partial, own",
            "13:8 paper.seed: -1 is out of range | from 0 to 9223372036854775807 ",
            "14:12 paper.lose_ppm: 2000000 is out of range | from 0 to 1000000 of a million",
            "16:26 paper.maintenance_margin_bps: -50 is out of range | 0 or more",
            "17:23 paper.liquidation_fee_bps: -0.5 is out of range | 0 or more",
            "18:1 paper.entry: stands beside entry_latency_us | keep one of both",
            "19:9 paper.entry.model: `guess` is not one of constant, feed, log-normal, recorded | \
             known here: constant, feed, log-normal, recorded",
            "20:1 paper.response.file: is missing | CSV with the columns asked_ns, taken_ns, \
             told_ns",
            "22:1 paper.outage[0].for_ms: is missing | add for_ms = 5000",
            "24:1 paper.venue.okx: there is no [venue.okx] | known here: binance",
        ],
    );
}
