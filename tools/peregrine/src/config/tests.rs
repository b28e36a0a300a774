//! Text in, faults out; and that the files we give are faultless.

use super::*;

/// A small faultless live configuration.
pub(crate) const LIVE: &str = r#"
mode = "live"
[venue.binance]
preset = "mainnet"
account = "main"
key_env = "PEREGRINE_BINANCE"
[[instrument]]
symbol = "BTCUSDT"
[strategy]
kind = "avellaneda-stoikov"
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

/// All faults of a file, one a line.
pub(crate) fn faults(text: &str) -> Vec<String> {
    let Err(problems) = Config::parse("c.toml", text) else { return Vec::new() };
    let line = |problem: &Problem| {
        let Problem { line, column, key, message, help, .. } = problem;
        format!("{line}:{column} {key}: {message} | {help}")
    };
    problems.list.iter().map(line).collect()
}

/// Each change is `from => to` in the small configuration; the faults must be these.
pub(crate) fn check(changes: &[(&str, &str)], expect: &[&str]) {
    let mut text = LIVE.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    assert_eq!(faults(&text), expect, "{text}");
}

#[test]
fn every_fault_is_found_at_once_with_its_place() {
    check(&[], &[]);
    check(
        &[
            ("mode = \"live\"", "mode = \"life\"\nfeeds = true"),
            ("symbol = \"BTCUSDT\"", "symbol = \"btc-usdt\""),
            ("[strategy]", "[strategy]\ngama = 0.1\nlevels = 99"),
            ("order_qty_max = 0.01", "order_qty_mx = 0.01"),
            ("orders_per_s = 5", "orders_per_s = \"five\""),
            ("daily_loss_max = \"20.5\"", "daily_loss_max = \"-1\"\n[engin]\nwait = \"spin\""),
        ],
        &[
            "2:8 mode: `life` is not one of paper, testnet, live | did you mean `live`?",
            "3:1 feeds: is not a known key | did you mean `feed`?",
            "9:10 instrument[0].symbol: `btc-usdt` is not a symbol of this venue | did you mean \
             \"BTCUSDT\"?",
            "11:1 strategy.gama: is not a known key | did you mean `gamma`?",
            "12:10 strategy.levels: 99 is out of range | from 1 to 8 count, a whole number. Levels \
             on each side.",
            "14:1 risk.order_qty_max: is missing | add order_qty_max = \"0.01\"; no limit can be \
             left out",
            "17:1 risk.order_qty_mx: is not a known key | did you mean `order_qty_max`?",
            "22:16 risk.orders_per_s: expected a whole number, found text | from 1 to 10000 ",
            "25:18 risk.daily_loss_max: -1 must be above 0 | from 0.00000001 to 92000000000",
            "26:2 engin: is not a known key | did you mean `engine`?",
        ],
    );
}

#[test]
fn connections_and_polling_have_limits() {
    let more = "[strategy]\n";
    let feed = "[feed]\nconnections = 9\nbusy_poll_us = 20000\nkernel_stamps = 1\n[strategy]\n";
    check(
        &[(more, feed)],
        &[
            "10:15 feed.connections: 9 is out of range | from 1 to 4 connections",
            "11:16 feed.busy_poll_us: 20000 is out of range | from 0 to 10000 µs (0: never)",
            "12:17 feed.kernel_stamps: expected true or false, found a whole number | without \
             quotes",
        ],
    );
}

#[test]
fn modes_addresses_and_keys_must_fit() {
    check(
        &[("preset = \"mainnet\"", "preset = \"testnet\"")],
        &["4:10 venue.binance.preset: `testnet` does not fit the mode | mode = \"live\" needs \
           mainnet"],
    );
    check(
        &[("mode = \"live\"", "mode = \"testnet\"")],
        &["4:10 venue.binance.preset: `mainnet` does not fit the mode | mode = \"testnet\" needs \
           testnet, demo or local"],
    );
    check(
        &[("key_env = \"PEREGRINE_BINANCE\"", "rest_url = \"http://api.binance.com\"")],
        &[
            "3:1 venue.binance.key_env: is missing | add key_env = \"PEREGRINE_BINANCE\" or \
             key_file = \"~/binance.json\"",
            "6:12 venue.binance.rest_url: `http://api.binance.com` must begin with https:// | such \
             as https://host:port",
        ],
    );
    check(
        &[("account = \"main\"", "account = \"my account\"")],
        &["5:11 venue.binance.account: `my account` cannot name an account | 1 to 32 of a-z, \
             A-Z, 0-9, - _ . @"],
    );
}

#[test]
fn a_pasted_key_is_not_repeated() {
    let secret = "x8fQ2secret";
    let text = LIVE.replace("PEREGRINE_BINANCE", secret);
    let problems = Config::parse("c.toml", &text).unwrap_err();
    assert!(!problems.json().to_string().contains(secret));
}

#[test]
fn limits_that_refuse_every_quote_are_faults() {
    check(
        &[("[strategy]", "[strategy]\norder_qty = 0.1")],
        &[
            "9:1 strategy.order_qty: quotes of 0.1 BTCUSDT are larger than risk.order_qty_max = \
             0.01: all would be refused | lower order_qty or raise order_qty_max",
            "12:1 risk.position_max: risk.position_max = 0.05 is less than one order of BTCUSDT: \
             all would be refused | raise it, or lower order_qty",
        ],
    );
    check(
        &[("[strategy]", "[strategy]\nspread_min_bps = 150")],
        &["9:1 strategy.spread_min_bps: half of spread_min_bps lies beyond risk.collar_mid_bps = \
           50: all would be refused | lower spread_min_bps, or widen the collar"],
    );
    check(
        &[("[strategy]", "[strategy]\nspread_min_bps = 30\nspread_max_bps = 20")],
        &["9:1 strategy: spread_min_bps = 30 lies above spread_max_bps = 20: lower it, or raise \
           spread_max_bps | "],
    );
}

#[test]
fn what_is_no_toml_is_said_so() {
    let found = faults("mode = live\n[risk\n");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("1:8 : not TOML: string values must be quoted"), "{found:?}");
    assert_eq!(faults(""), faults("# nothing"), "an empty file lacks the same");
    assert!(faults("").len() > 12);
}

#[test]
fn money_is_exact() {
    let config = Config::parse("c.toml", LIVE).unwrap();
    assert_eq!(decimal_text(config.risk.order_qty_max), "0.01");
    let text = LIVE.replace("0.01", "1e-2");
    assert_eq!(Config::parse("c.toml", &text).unwrap().risk, config.risk);
    check(
        &[("0.01", "0.000000001")],
        &["14:17 risk.order_qty_max: 0.000000001 has more than 8 decimal places | from \
             0.00000001 to 92000000000"],
    );
    check(
        &[("\"50\"", "\"0.001\"")],
        &["12:18 risk.collar_mid_bps: 0.001 is no such distance | basis points: from 0.01 to \
             10000 in steps of 0.01; 50 is 0.5 %"],
    );
}

#[test]
fn limits_become_the_gates_own() {
    use ::engine::id::{AssetId, InstrumentId};
    use ::engine::instrument::{Instrument, Symbol};
    use ::engine::num::{Amount, Grid, Notional, Qty};
    let config = Config::parse("c.toml", LIVE).unwrap();
    let grid = |decimals| Grid { decimals, step: 1 };
    let symbol = Symbol::new("BTCUSDT").unwrap();
    let assets = (AssetId(0), AssetId(1));
    let instrument = Instrument::new(InstrumentId(0), symbol, assets, (grid(2), grid(5)));
    let limits = config.risk.limits(&instrument).unwrap();
    assert_eq!(limits.collar_mid_ppm, 5_000);
    assert_eq!(limits.order_qty_max, Qty(1_000));
    assert_eq!(limits.position_max, Amount(5_000_000));
    assert_eq!(limits.daily_loss_max, Notional(2_050_000_000));
    let coarse = Instrument::new(InstrumentId(0), symbol, assets, (grid(2), grid(1)));
    assert_eq!(
        config.risk.limits(&coarse).unwrap_err().to_string(),
        "risk.order_qty_max = 0.01: finer than the instrument's step for BTCUSDT; change it in the \
         configuration"
    );
}

#[test]
fn an_instrument_may_have_limits_and_parameters_of_its_own() {
    let text = LIVE.replace(
        "[strategy]",
        "[instrument.risk]\nposition_max = \"0.5\"\n[instrument.strategy]\ngamma = 0.5\n\
         [strategy]\n\
         gamma = 0.25",
    );
    let config = Config::parse("c.toml", &text).unwrap();
    let own = &config.instruments[0];
    let strategy = config.desks[0].strategy;
    let gamma = strategy.listed().parameter("gamma").unwrap();
    assert_eq!(strategy.get(gamma.id), Some(0.5));
    assert_eq!(decimal_text(own.risk.position_max), "0.5");
    assert_eq!(own.risk.order_qty_max, config.risk.order_qty_max);
}

#[test]
fn faults_are_drawn_where_they_are() {
    let text = LIVE.replace("kind =", "knid =");
    let drawn = Config::parse("c.toml", &text).unwrap_err().render(false);
    for part in ["strategy.knid: is not a known key", "c.toml:10:1", "did you mean `kind`?"] {
        assert!(drawn.contains(part), "{part} in\n{drawn}");
    }
    assert!(!drawn.contains('\u{1b}'), "no colours");
}

#[test]
fn the_files_that_come_with_it_have_no_fault() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // What `tune` may change is no configuration.
        let is_space = path.file_stem().is_some_and(|name| name == "space");
        if is_space || path.extension().is_none_or(|kind| kind != "toml") {
            continue;
        }
        if let Err(problems) = Config::load(&path) {
            panic!("{}", problems.render(false));
        }
        count += 1;
    }
    assert_eq!(count, 15);
}

#[test]
fn the_live_example_shows_every_parameter() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/live.example.toml");
    let text = std::fs::read_to_string(path).unwrap();
    for parameter in strategies::avellaneda_stoikov::PARAMETERS {
        let key = format!("\n{} = ", parameter.key);
        assert!(text.contains(&key), "{}", parameter.key);
    }
}

/// Two venues, each with a market of the same name, and a desk over both.
const TWO: &str = r#"
mode = "testnet"
[venue.maker]
kind = "bybit"
preset = "testnet"
key_env = "PEREGRINE_MAKER"
[venue.binance]
preset = "testnet"
key_env = "PEREGRINE_BINANCE"
[[instrument]]
venue = "maker"
symbol = "BTCUSDT"
market = "linear"
leverage = 10
[instrument.risk]
position_max = "0.2"
[[instrument]]
venue = "binance"
symbol = "BTCUSDT"
[[desk]]
name = "both"
strategy = "avellaneda-stoikov"
instruments = ["maker:BTCUSDT:linear"]
[desk.parameters]
gamma = 0.5
[desk.risk]
order_qty_max = "0.02"
position_max = "0.3"
[desk.quotes]
price_tolerance_ticks = 7
[[desk]]
name = "other"
strategy = "avellaneda-stoikov"
instruments = ["binance:BTCUSDT"]
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
[shared]
netting = "inside"
gross_notional_max = "9000"
open_orders_max = 12
orders_per_s = 8
orders_burst = 30
daily_loss_max = "30"
"#;

#[test]
fn several_venues_and_desks_are_read() {
    let config = Config::parse("c.toml", TWO).unwrap();
    let kinds: Vec<_> = config.venues.iter().map(|one| (one.name.as_str(), one.kind)).collect();
    assert_eq!(kinds, [("maker", VenueKind::Bybit), ("binance", VenueKind::BinanceSpot)]);
    let names: Vec<_> = config.instruments.iter().map(|one| one.name(&config.venues)).collect();
    assert_eq!(names, ["maker:BTCUSDT:linear", "binance:BTCUSDT"]);
    assert_eq!(config.instruments[0].leverage, 10);
    let [both, other] = &config.desks[..] else { panic!("{:?}", config.desks) };
    let (place, risk) = &both.traded[0];
    let text = |money| decimal_text(money);
    assert_eq!(
        (*place, text(risk.order_qty_max), text(risk.position_max)),
        (0, "0.02".into(), "0.2".into())
    );
    assert_eq!((both.quotes.price_tolerance_ticks, other.quotes.price_tolerance_ticks), (7, 0));
    assert_eq!(text(other.traded[0].1.position_max), "0.05");
    assert_eq!(config.netting, Netting::Inside);
    assert_eq!(config.shared.map(|shared| shared.open_orders_max), Some(12));
    assert_eq!(config.account(), "testnet+testnet");
}

#[test]
fn faults_of_venues_and_desks_are_found() {
    let change = |from: &str, to: &str| {
        assert!(TWO.contains(from), "{from}");
        faults(&TWO.replacen(from, to, 1))
    };
    assert_eq!(
        change("venue = \"maker\"", "venue = \"makr\""),
        ["11:9 instrument[0].venue: there is no [venue.makr] | did you mean `maker`?",],
    );
    assert_eq!(
        change("market = \"linear\"\n", ""),
        ["10:1 instrument[0].market: is missing | add market = \"spot\" or \"linear\"",],
    );
    assert_eq!(
        change("[\"maker:BTCUSDT:linear\"]", "[\"binance:ETHUSDT\"]"),
        ["23:16 desk[0].instruments: there is no [[instrument]] binance:ETHUSDT | known \
             here: binance:BTCUSDT, maker:BTCUSDT:linear"],
    );
    assert_eq!(
        change("[\"maker:BTCUSDT:linear\"]", "[\"BTCUSDT\"]"),
        ["23:16 desk[0].instruments: `BTCUSDT` could be several instruments | name the venue: \
             one of maker:BTCUSDT:linear, binance:BTCUSDT"],
    );
    assert_eq!(
        change("[\"binance:BTCUSDT\"]", "[\"binance:BTCUSDT\", \"maker:BTCUSDT\"]"),
        ["33:12 desk[1].strategy: avellaneda-stoikov cannot trade 2 instruments | it takes 1 to \
          1: instrument"],
    );
    assert_eq!(
        change("open_orders_max = 12\n", ""),
        ["47:1 shared.open_orders_max: is missing | add open_orders_max = 100; no limit can be \
          left out"],
    );
    assert_eq!(
        change("kind = \"bybit\"\n", ""),
        ["3:1 venue.maker.kind: is missing | add kind = one of \"binance-spot\", \
          \"binance-usdm\", \"bybit\", \"okx\""]
    );
}
