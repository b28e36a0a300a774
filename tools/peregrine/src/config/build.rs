//! From text to a checked configuration, with every fault of it.

use super::check::check;
use super::engine::EngineSettings;
use super::money::{Risk, positive_amount};
use super::problem::{Problem, Problems, place_of};
use super::section::{At, Collector, Section};
use super::venue::Venue;
use super::{
    Config, FeedSettings, Found, InstrumentSettings, JournalSettings, LatencySettings, Mode, Paper,
    Quotes, ShmSettings, StrategySettings,
};
use engine::instrument::{Fees, Symbol};
use engine::time::Nanos;
use rust_decimal::Decimal;
use std::path::PathBuf;
use strategies::any::STRATEGIES;
use strategies::avellaneda_stoikov::Parameters;
use strategies::parameter::{Parameter, Table};
use toml::Spanned;
use toml::de::DeTable;

/// Where each part stands, for faults that concern several.
pub(super) struct Parts<'a, 'p> {
    pub strategy: &'p Section<'a>,
    pub risk: &'p Section<'a>,
    pub instruments: &'p [Section<'a>],
}

/// Reads all of it; any fault makes it fail, with all faults.
pub(super) fn build(file: &str, text: &str, sha256: [u8; 32]) -> Result<Config, Problems> {
    let problems = |list| Problems { file: file.to_owned(), text: text.to_owned(), list };
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let mut list: Vec<Problem> = errors.iter().map(|error| syntax(text, error)).collect();
        list.sort_by_key(|problem| problem.span.start);
        return Err(problems(list));
    }
    let collector = Collector::new(text);
    let config = read(file, &table, &collector, sha256);
    let list = collector.finish();
    match config {
        Some(config) if list.is_empty() => Ok(config),
        _ => Err(problems(list)),
    }
}

fn syntax(text: &str, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let (line, column) = place_of(text, span.start);
    let message = format!("not TOML: {}", error.message());
    let help = "text needs quotes, sections are [name], lists of them [[name]]".to_owned();
    Problem { line, column, key: String::new(), message, help, span }
}

fn read<'a>(
    file: &str,
    table: &'a Spanned<DeTable<'a>>,
    collector: &'a Collector<'a>,
    sha256: [u8; 32],
) -> Option<Config> {
    let root = Section::root(table, collector);
    let mode = mode(&root);
    let venues = root.table("venue");
    let binance = venues.table("binance");
    let venue = Venue::read(&binance, mode);
    let strategy_section = root.table("strategy");
    let strategy = strategy(&strategy_section);
    let risk_section = root.table("risk");
    let risk = Risk::read(&risk_section, None);
    let sections = root.tables("instrument");
    let instruments = instruments(&root, &sections, strategy.as_ref(), risk.as_ref());
    let quotes_section = root.table("quotes");
    let quotes = Quotes::read(&quotes_section);
    let engine_section = root.table("engine");
    let engine = EngineSettings::read(&engine_section);
    let feed = feed(root.table("feed"));
    let (found, reconcile_every) = reconcile(root.table("reconcile"));
    let paper = paper(root.table("paper"));
    let latency = latency(root.table("latency"));
    let shm = shm_settings(root.table("shm"), mode);
    let journal = JournalSettings::read(root.table("journal"));
    let parts = Parts { strategy: &strategy_section, risk: &risk_section, instruments: &sections };
    check(&parts, &instruments);
    for section in
        [root, venues, binance, strategy_section, risk_section, quotes_section, engine_section]
    {
        section.finish();
    }
    sections.into_iter().for_each(Section::finish);
    Some(Config {
        file: file.to_owned(),
        sha256,
        mode: mode?,
        venue: venue?,
        instruments,
        strategy: strategy?,
        risk: risk?,
        quotes,
        engine,
        feed,
        found,
        reconcile_every,
        paper,
        latency,
        shm: shm?,
        journal,
    })
}

fn mode(root: &Section<'_>) -> Option<Mode> {
    let found = root.choice("mode", &Mode::NAMES).map(|mode| mode.value);
    if found.is_none() && !root.has("mode") {
        root.missing("mode", "add mode = \"paper\", \"testnet\" or \"live\" at the top");
    }
    found
}

fn strategy(section: &Section<'_>) -> Option<StrategySettings> {
    // Desks here have one instrument and the first strategy's parameters.
    let names: Vec<_> = STRATEGIES.iter().take(1).map(|one| (one.name, one.name)).collect();
    let kind = section.choice("kind", &names);
    if kind.is_none() && !section.has("kind") {
        section.missing("kind", format!("add kind = \"{}\"", STRATEGIES[0].name));
    }
    let parameters = parameters(section, Parameters::default());
    Some(StrategySettings { kind: kind?.value, parameters: parameters? })
}

/// Reads all parameters over some; wrong ones are reported and the rest is checked together.
fn parameters(section: &Section<'_>, mut parameters: Parameters) -> Option<Parameters> {
    let mut whole = true;
    for parameter in strategies::avellaneda_stoikov::PARAMETERS {
        let Parameter { id, key, names, min, max, unit, .. } = *parameter;
        let Some(At { value, span }) = section.number(key, names) else {
            whole &= !section.has(key);
            continue;
        };
        if parameters.set(id, value).is_err() {
            whole = false;
            let kind = if unit == "count" { ", a whole number" } else { "" };
            let help = format!("from {min} to {max} {unit}{kind}. {}", parameter.help);
            section.problem(span, key, format!("{value} is out of range"), help);
        }
    }
    match parameters.validate() {
        Ok(()) if whole => Some(parameters),
        Err(error) if whole => {
            section.problem(section.span(), "", error.to_string(), "");
            None
        }
        _ => None,
    }
}

fn instruments(
    root: &Section<'_>,
    sections: &[Section<'_>],
    strategy: Option<&StrategySettings>,
    risk: Option<&Risk>,
) -> Vec<InstrumentSettings> {
    if sections.is_empty() && !root.has("instrument") {
        root.missing("instrument", "add [[instrument]] with symbol = \"BTCUSDT\"");
    }
    let mut out: Vec<InstrumentSettings> = Vec::new();
    for (place, section) in sections.iter().enumerate() {
        if place == Config::INSTRUMENTS_MAX {
            let message = format!("is more than {} instruments", Config::INSTRUMENTS_MAX);
            section.problem(section.span(), "symbol", message, "run a second engine for the rest");
        }
        let symbol = symbol(section, &out);
        let fee = |key| section.decimal(key).and_then(|at| fee_ppm(section, key, at)).unwrap_or(0);
        let fees = Fees { maker_ppm: fee("maker_fee_bps"), taker_ppm: fee("taker_fee_bps") };
        let own_risk = section.table("risk");
        let risk = risk.and_then(|base| Risk::read(&own_risk, Some(base)));
        own_risk.finish_if(risk.is_some());
        let own_strategy = section.table("strategy");
        let base = strategy.map(|strategy| strategy.parameters);
        let parameters = base.and_then(|base| parameters(&own_strategy, base));
        own_strategy.finish_if(base.is_some());
        if let (Some(symbol), Some(risk), Some(parameters)) = (symbol, risk, parameters) {
            out.push(InstrumentSettings { symbol, fees, risk, parameters });
        }
    }
    out
}

fn symbol(section: &Section<'_>, before: &[InstrumentSettings]) -> Option<String> {
    let Some(At { value, span }) = section.text("symbol") else {
        if !section.has("symbol") {
            section.missing("symbol", "add symbol = \"BTCUSDT\"");
        }
        return None;
    };
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    if !value.bytes().all(plain) || Symbol::new(&value).is_none() {
        let upper: String =
            value.to_uppercase().chars().filter(char::is_ascii_alphanumeric).collect();
        let message = format!("`{value}` is not a symbol of this venue");
        section.problem(span, "symbol", message, format!("did you mean \"{upper}\"?"));
        return None;
    }
    if before.iter().any(|other| other.symbol == value) {
        section.problem(span, "symbol", format!("{value} is there twice"), "remove one of them");
        return None;
    }
    Some(value)
}

fn fee_ppm(section: &Section<'_>, key: &str, at: At<Decimal>) -> Option<i64> {
    use rust_decimal::prelude::ToPrimitive;
    let ppm = at.value * Decimal::ONE_HUNDRED;
    let limit = Decimal::from(100_000);
    if ppm.is_integer() && ppm.abs() <= limit {
        return ppm.to_i64();
    }
    let help = "basis points: from -1000 to 1000 in steps of 0.01; 10 is 0.1 %";
    section.problem(at.span, key, format!("{} is no such fee", at.value), help);
    None
}

fn feed(section: Section<'_>) -> FeedSettings {
    let ms =
        |key, range, default| Nanos::from_ms(section.whole(key, range, "ms").unwrap_or(default));
    let levels = section.whole("snapshot_levels", 5..=5_000, "levels").unwrap_or(1_000);
    let most = feeds::feed::CONNECTIONS_MAX as u64;
    let connections = section.whole("connections", 1..=most, "connections").unwrap_or(1);
    let busy_poll = section.whole("busy_poll_us", 0..=10_000, "µs (0: never)").unwrap_or(50);
    let acks = section.choice("acks", &feeds::net::Acks::NAMES);
    let settings = FeedSettings {
        acks: acks.map_or(feeds::net::Acks::Late, |choice| choice.value),
        connections: connections as usize,
        busy_poll_us: busy_poll as u32,
        kernel_stamps: section.flag("kernel_stamps").unwrap_or(true),
        ping_every: ms("ping_ms", 100..=60_000, 2_000),
        connection_stale: ms("connection_stale_ms", 200..=120_000, 5_000),
        stream_stale: ms("stream_stale_ms", 200..=3_600_000, 30_000),
        backoff_min: ms("backoff_min_ms", 10..=60_000, 100),
        backoff_max: ms("backoff_max_ms", 10..=600_000, 30_000),
        roll_over: Nanos::from_s(section.whole("roll_over_s", 10..=86_000, "s").unwrap_or(84_600)),
        snapshot_levels: u32::try_from(levels).unwrap_or(1_000),
    };
    if settings.connection_stale <= settings.ping_every {
        let help = "at least twice ping_ms, so that one lost answer is no alarm";
        let message = "is not longer than ping_ms".to_owned();
        section.problem(section.span(), "connection_stale_ms", message, help);
    }
    if settings.backoff_max < settings.backoff_min {
        let message = "is below backoff_min_ms".to_owned();
        section.problem(section.span(), "backoff_max_ms", message, "raise it");
    }
    section.finish();
    settings
}

fn reconcile(section: Section<'_>) -> (Found, Option<Nanos>) {
    let names = [("adopt", Found::Adopt), ("cancel", Found::Cancel)];
    let found = section.choice("found", &names).map_or(Found::Cancel, |choice| choice.value);
    let every = section.whole("every_s", 0..=86_400, "s (0: only after connecting)").unwrap_or(0);
    section.finish();
    (found, (every > 0).then(|| Nanos::from_s(every)))
}

fn paper(section: Section<'_>) -> Paper {
    let us = |key, default| {
        Nanos(section.whole(key, 0..=10_000_000, "µs").unwrap_or(default).saturating_mul(1_000))
    };
    let mut balances = Vec::new();
    for (asset, At { value, span }) in section.decimals("balances") {
        let named = Symbol::new(&asset).is_some();
        if !named {
            let message = format!("`{asset}` cannot name an asset");
            section.problem(span.clone(), "balances", message, "at most 23 letters, such as BTC");
        }
        if let Some(amount) = positive_amount(&section, &format!("balances.{asset}"), value, span)
            && named
        {
            balances.push((asset, amount));
        }
    }
    let settings = Paper {
        entry: us("entry_latency_us", 2_000),
        response: us("response_latency_us", 2_000),
        fee_in_quote: section.flag("fee_in_quote").unwrap_or(false),
        balances,
    };
    section.finish();
    settings
}

fn latency(section: Section<'_>) -> LatencySettings {
    let span = section.whole("span_max_ms", 1..=600_000, "ms").unwrap_or(60_000);
    let every = section.whole("log_every_s", 1..=3_600, "s").unwrap_or(10);
    let settings = LatencySettings {
        span_max: Nanos::from_ms(span),
        digits: section.whole("digits", 1..=4, "digits").unwrap_or(3) as u8,
        log: section
            .text("log")
            .filter(|at| !at.value.is_empty())
            .map(|at| PathBuf::from(at.value)),
        log_every: Nanos::from_s(every),
    };
    section.finish();
    settings
}

fn shm_settings(section: Section<'_>, mode: Option<Mode>) -> Option<ShmSettings> {
    let given = section.text("name");
    let span = given.as_ref().map_or(section.span(), |at| at.span.clone());
    let name = given.map_or_else(|| mode.map_or("", Mode::name).to_owned(), |at| at.value);
    let directory = section.text("directory").map_or_else(|| "/dev/shm".into(), |at| at.value);
    let settings = ShmSettings { name, directory: PathBuf::from(directory) };
    let fault = settings.path().err().filter(|_| mode.is_some() || section.has("name"));
    if let Some(error) = &fault {
        section.problem(span, "name", error.to_string(), "such as \"main\"");
    }
    section.finish();
    fault.is_none().then_some(settings)
}
