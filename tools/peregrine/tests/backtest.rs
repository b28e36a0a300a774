//! `peregrine backtest`, from the command line: the same input gives the same bytes, its journal
//! replays identically, every number has its name, and what is wrong is said.
#![allow(clippy::unwrap_used, clippy::panic)]

use engine::event::{Body, Event, flag, kind};
use engine::id::{AssetId, InstrumentId, Side};
use engine::instrument::{Instrument, Kind, Symbol};
use engine::num::{Grid, Price, Qty};
use engine::time::Nanos;
use research::tape::{Listed, Tape, TapeWriter};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use strategies::random::Random;

const BEGAN: u64 = 1_700_000_000_000_000_000;
static COUNT: AtomicU64 = AtomicU64::new(0);

/// A folder of one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("peregrine-backtest-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn peregrine(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peregrine"));
    command.args(args).env_remove("PEREGRINE_CONFIG").output().unwrap()
}

/// Its JSON, the exit code being as told.
fn json(args: &[&str], code: i32) -> Value {
    let output = peregrine(args);
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}\n{err}"))
}

/// The same without what depends on the machine, and on where it was kept.
fn timeless(mut object: Value) -> Value {
    for key in ["events_per_s", "took_s", "files"] {
        object.as_object_mut().unwrap().remove(key);
    }
    object
}

fn listed(name: &str) -> Listed {
    let grids = (Grid { decimals: 1, step: 1 }, Grid { decimals: 3, step: 1 });
    let symbol = Symbol::new("BTCUSDT").unwrap();
    let one = Instrument::new(InstrumentId(0), symbol, (AssetId(0), AssetId(1)), grids);
    let instrument = Instrument { kind: Kind::Linear, margin_ppm: 200_000, qty_min: Qty(1), ..one };
    Listed { name: name.into(), base: "BTC".into(), quote: "USDT".into(), instrument }
}

/// A tape of one venue: a walk with a book of eight levels a side, best prices and trades.
fn tape(path: &Path, name: &str, seed: u64) -> u64 {
    tape_of(path, (name, seed), 6_000)
}

/// The same of so many messages.
fn tape_of(path: &Path, (name, seed): (&str, u64), turns: u64) -> u64 {
    let mut writer = TapeWriter::create(path, &[listed(name)]).unwrap();
    let mut random = Random::new(seed);
    let (mut at, mut bid, mut update, mut rows) = (BEGAN + seed * 1_000, 600_000_i64, 1, 0);
    let mut push = |at: u64, id: u64, flags: u8, body: Body| {
        let row = Event::new(Nanos(at), InstrumentId(0), id, body).with(flags);
        writer.push(&Event { venue_delta_us: 400, ..row }).unwrap();
        rows += 1;
    };
    for turn in 0..turns {
        at += 1_000_000 + random.bits() % 9_000_000;
        update += 1;
        let is_book = turn % 50 == 0;
        bid += (random.bits() % 5) as i64 - 2;
        if is_book {
            for place in 0..16_i64 {
                let side = Side::BOTH[(place % 2) as usize];
                let away = place / 2;
                let price = if side == Side::Buy { bid - away } else { bid + 2 + away };
                let first = if place == 0 { flag::FIRST } else { 0 };
                let last = if place == 15 { flag::LAST } else { 0 };
                let body = Body::Level { side, price: Price(price), qty: Qty(50) };
                push(at, update, flag::SNAPSHOT | first | last, body);
            }
        } else if turn % 3 == 0 {
            let taker = Side::BOTH[(random.bits() % 2) as usize];
            let price = if taker == Side::Buy { bid + 4 } else { bid - 2 };
            let body = Body::Trade { price: Price(price), qty: Qty(400), taker };
            push(at, update, flag::LAST, body);
        } else {
            let (bid, ask) = (Price(bid), Price(bid + 2));
            let body = Body::Best { bid, bid_qty: Qty(30), ask, ask_qty: Qty(30) };
            push(at, update, flag::LAST, body);
        }
    }
    writer.finish().unwrap();
    rows
}

const TWO: &str = r#"
mode = "paper"
[venue.binance]
kind = "binance-usdm"
preset = "mainnet"
[venue.bybit]
kind = "bybit"
preset = "mainnet"
[[instrument]]
venue = "binance"
symbol = "BTCUSDT"
[[instrument]]
venue = "bybit"
symbol = "BTCUSDT"
market = "linear"
[strategy]
kind = "market-making"
order_qty = 0.01
bid_spread_bps = 0.02
ask_spread_bps = 0.02
inventory_max = 1.0
[risk]
collar_mid_bps = "100"
collar_trade_bps = "200"
order_qty_max = "0.1"
order_notional_max = "20000"
position_max = "2"
open_orders_max = 20
gross_notional_max = "1000000"
orders_per_s = 100
orders_burst = 100
market_age_max_ms = 5000
daily_loss_max = "100000"
[paper.balances]
USDT = "100000"
"#;

fn two_venues(folder: &Folder) -> (String, [String; 2], u64) {
    let config = folder.path("two.toml");
    std::fs::write(&config, TWO).unwrap();
    let tapes = [folder.path("binance.tape"), folder.path("bybit.tape")];
    let rows = tape(tapes[0].as_ref(), "binance:BTCUSDT", 1)
        + tape(tapes[1].as_ref(), "bybit:BTCUSDT:linear", 2);
    (config, tapes, rows)
}

/// All files of a folder, by their places in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path.strip_prefix(folder).unwrap().to_owned()),
            }
        }
    }
    found.sort();
    found
}

#[test]
fn who_is_asked_to_end_leaves_nothing() {
    let folder = Folder::new();
    let (config, [one, two], _) = two_venues(&folder);
    let long = folder.path("long.tape");
    tape_of(long.as_ref(), ("binance:BTCUSDT", 1), 300_000);
    std::fs::remove_file(&one).unwrap();
    let out = folder.path("out");
    let args = ["backtest", "--config", &config, "--data", &long, &two, "--out", &out];
    let mut run = Command::new(env!("CARGO_BIN_EXE_peregrine")).args(args).spawn().unwrap();
    while !Path::new(&out).join("journal").exists() {
        assert!(run.try_wait().unwrap().is_none(), "it ended before it was asked to");
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&run);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(143));
    assert!(!Path::new(&out).exists());
}

#[test]
fn two_venues_are_merged_and_the_same_input_gives_the_same() {
    let folder = Folder::new();
    let (config, [one, two], rows) = two_venues(&folder);
    let plain = ["backtest", "--config", &config, "--data", &one, &two, "--json"];
    let first = json(&plain, 0);
    assert_eq!(first["events"], rows);
    assert!(first["fills"].as_u64().unwrap() > 20, "{first}");
    assert_eq!(first["halt"], Value::Null);
    assert_eq!(first["position"].as_object().unwrap().len(), 2, "{first}");
    assert_eq!(timeless(first.clone()), timeless(json(&plain, 0)));
    // What is kept is the same too, byte for byte, and its journal replays identically.
    let kept = [folder.path("kept"), folder.path("again")];
    for out in &kept {
        let object = json(&[&plain[..], &["--out", out]].concat(), 0);
        assert_eq!(timeless(object), timeless(first.clone()));
    }
    let files = kept.each_ref().map(|out| files(out.as_ref()));
    assert!(files[0].len() > 8, "{files:?}");
    assert_eq!(files[0], files[1]);
    for file in &files[0] {
        let [one, two] = kept.each_ref().map(|out| std::fs::read(Path::new(out).join(file)));
        assert!(one.unwrap() == two.unwrap(), "{} differs", file.display());
    }
    let journal = format!("{}/journal", kept[0]);
    let replayed = json(&["replay", &journal, "--json"], 0);
    assert_eq!(replayed["identical"], true, "{replayed}");
    assert_eq!(replayed["intents"], first["sent"]);
    assert!(Path::new(&kept[0]).join("report/report.html").is_file());
    // A folder that is there is not written into.
    let object = json(&[&plain[..], &["--out", &kept[0]]].concat(), 2);
    assert!(object["error"].as_str().unwrap().contains("is there already"), "{object}");
}

#[test]
fn a_window_begins_with_whole_books_and_rules_can_be_others() {
    let folder = Folder::new();
    let (config, [one, two], rows) = two_venues(&folder);
    let plain = ["backtest", "--config", &config, "--data", &one, &two, "--json"];
    let window = ["--from", "2023-11-14T22:13:30", "--to", "2023-11-14T22:13:45"];
    let object = json(&[&plain[..], &window].concat(), 0);
    let events = object["events"].as_u64().unwrap();
    assert!(events > rows / 4 && events < rows * 3 / 4, "{events} of {rows}");
    assert!(object["fills"].as_u64().unwrap() > 5, "{object}");
    assert_eq!(object["began_ns"], 1_700_000_010_000_000_000_u64);
    let theirs = json(&[&plain[..], &["--compat", "hftbacktest"]].concat(), 0);
    assert_ne!(theirs["fills"], json(&plain, 0)["fills"]);
}

#[test]
fn what_is_wrong_is_said_and_leaves_nothing() {
    let folder = Folder::new();
    let (config, [one, two], _) = two_venues(&folder);
    let out = folder.path("out");
    let missing = ["backtest", "--config", &config, "--data", &one, "--json", "--out", &out];
    let object = json(&missing, 1);
    let error = object["error"].as_str().unwrap();
    assert!(error.contains("no data of bybit:BTCUSDT") && error.contains("binance:"), "{error}");
    assert!(!Path::new(&out).exists());
    let nothing = ["backtest", "--config", &config, "--data", &folder.path("no.tape"), "--json"];
    let object = json(&nothing, 1);
    assert!(object["error"].as_str().unwrap().contains("no.tape"), "{object}");
    let twice = ["backtest", "--config", &config, "--data", &one, &two, &one, "--json"];
    let object = json(&twice, 2);
    assert!(object["error"].as_str().unwrap().contains("twice"), "{object}");
    let backward = ["--from", "2024-01-02", "--to", "2024-01-01"];
    let object = json(&[&missing[..], &backward].concat(), 2);
    assert!(object["error"].as_str().unwrap().contains("--from is not before --to"), "{object}");
    let wrong = peregrine(&[&missing[..], &["--from", "yesterday"]].concat());
    assert_eq!(wrong.status.code(), Some(2));
}

/// The rows of a tape, changed, as another.
fn changed(from: &str, to: &str, name: &str, change: impl Fn(&mut Event) -> bool) {
    let tape = Tape::open(from.as_ref()).unwrap();
    let mut writer = TapeWriter::create(to.as_ref(), &[listed(name)]).unwrap();
    let mut window = tape.window(Nanos(0), Nanos(u64::MAX));
    while let Some(rows) = window.next_rows().unwrap() {
        for mut row in rows.iter().copied() {
            if change(&mut row) {
                writer.push(&row).unwrap();
            }
        }
    }
    writer.finish().unwrap();
}

#[test]
fn what_is_odd_of_a_run_is_warned_of() {
    let folder = Folder::new();
    let (config, [one, two], _) = two_venues(&folder);
    let warnings = |object: &Value| object["warnings"].to_string();
    let run = |config: &str, one: &str| {
        json(&["backtest", "--config", config, "--data", one, &two, "--json"], 0)
    };
    assert_eq!(warnings(&run(&config, &one)), "[]");
    let early = folder.path("early.tape");
    changed(&one, &early, "binance:BTCUSDT", |row| {
        row.venue_delta_us = -5_000;
        true
    });
    let object = run(&config, &early);
    let said = warnings(&object);
    assert!(
        said.contains("100 % of the first rows of") && said.contains("--clock shift"),
        "{said}"
    );
    let bare = folder.path("bare.tape");
    changed(&one, &bare, "binance:BTCUSDT", |row| row.kind != kind::LEVEL);
    let object = run(&config, &bare);
    // The other market is traded, and measured although this one has no price.
    assert!(object["sent"].as_u64() > Some(0) && object["orders"] != 0.0, "{object}");
    let lone = folder.path("lone.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let cut = text.find("[[instrument]]\nvenue = \"bybit\"").unwrap();
    let rest = text.find("[strategy]").unwrap();
    let text = format!("{}{}", &text[..cut], &text[rest..]);
    let text = text.replace("[venue.bybit]\nkind = \"bybit\"\npreset = \"mainnet\"\n", "");
    std::fs::write(&lone, text).unwrap();
    let object = json(&["backtest", "--config", &lone, "--data", &bare, "--json"], 0);
    let said = warnings(&object);
    assert!(said.contains("no order was sent: binance:BTCUSDT has no book"), "{said}");
}

#[test]
fn orders_that_never_reach_a_venue_are_no_quotes() {
    let folder = Folder::new();
    let (config, [one, two], _) = two_venues(&folder);
    let lost = folder.path("lost.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace("[paper.balances]", "[paper]\nlose_ppm = 1000000\n[paper.balances]");
    std::fs::write(&lost, text).unwrap();
    let uptime = |config: &str| {
        let run = ["backtest", "--config", config, "--data", &one, &two, "--json"];
        json(&run, 0)["quote_uptime"].as_f64().unwrap()
    };
    assert!(uptime(&config) > 0.2);
    assert_eq!(uptime(&lost), 0.0);
}

/// Each name of the report's numbers.
const NAMES: [&str; 43] = [
    "total_return",
    "annualised_return",
    "sharpe",
    "sortino",
    "calmar",
    "max_drawdown",
    "max_drawdown_s",
    "win_rate",
    "profit_factor",
    "expectancy",
    "sqn",
    "ulcer_index",
    "var_95",
    "cvar_95",
    "turnover",
    "fill_ratio",
    "maker_share",
    "quote_uptime",
    "time_at_best",
    "spread_captured",
    "markout_100ms",
    "markout_1s",
    "markout_10s",
    "markout_60s",
    "adverse_selection",
    "pnl",
    "pnl_spread",
    "pnl_inventory",
    "pnl_fees",
    "pnl_funding",
    "inventory",
    "holding_s",
    "slippage",
    "events",
    "events_per_s",
    "fills",
    "position",
    "equity",
    "rules",
    "sent",
    "refused",
    "halt",
    "files",
];

#[test]
fn a_recorded_market_is_imported_traded_kept_and_replayed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let recording = root.join("../shared/data/usdm/btcusdt_20240808.gz");
    if !recording.is_file() {
        println!("skipped: no recording at ../shared/data/usdm/btcusdt_20240808.gz");
        return;
    }
    let folder = Folder::new();
    let config = root.join("config/backtest.toml").display().to_string();
    let recording = recording.display().to_string();
    let tape = folder.path("btcusdt.tape");
    let import = ["import", &recording, "--out", &tape, "--clock", "shift", "--config", &config];
    let imported = json(&[&import[..], &["--json"]].concat(), 0);
    let out = folder.path("kept");
    let kept =
        json(&["backtest", "--config", &config, "--data", &tape, "--out", &out, "--json"], 0);
    for name in NAMES {
        assert!(kept.get(name).is_some(), "{name} is not in {kept}");
    }
    assert_eq!(kept["events"], imported["rows"], "{imported}");
    assert!(kept["fills"].as_u64().unwrap() > 10, "{kept}");
    let journal = format!("{out}/journal");
    assert_eq!(json(&["replay", &journal, "--json"], 0)["identical"], true);
    // The recording itself, made a tape on the way, is the same market.
    let direct = json(&["backtest", "--config", &config, "--data", &recording, "--json"], 0);
    assert_eq!(timeless(direct), timeless(kept));
}
