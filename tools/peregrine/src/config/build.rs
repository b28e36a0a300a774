//! From text to a checked configuration, with every fault of it.

use super::check::{check, check_shadows};
use super::desk::{Ground, desks};
use super::engine::EngineSettings;
use super::instrument::instruments;
use super::money::Risk;
use super::problem::{Problem, Problems, place_of};
use super::section::{Collector, Section};
use super::shadow::shadows;
use super::shared::shared;
use super::venue::Venue;
use super::{
    Config, DeskSettings, FeedSettings, Found, InstrumentSettings, JournalSettings,
    LatencySettings, Mode, Paper, Quotes, ShadowSettings, ShmSettings,
};
use engine::time::Nanos;
use std::path::PathBuf;
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
    let venue_sections = root.table("venue").named_tables();
    let sections = root.tables("instrument");
    let venues = venues(&venue_sections, &sections, &root, mode);
    let risk_section = root.table("risk");
    let risk = Risk::read(&risk_section, None);
    let none: &[Venue] = &[];
    let known = venues.as_deref().unwrap_or(none);
    let instruments = instruments(&root, &sections, known, risk.as_ref());
    let quotes_section = root.table("quotes");
    let quotes = Quotes::read(&quotes_section, None);
    let strategy_section = root.table("strategy");
    let desk_sections = root.tables("desk");
    let ground = Ground {
        venues: known,
        instruments: &instruments,
        sections: &sections,
        risk: risk.as_ref(),
        quotes: &quotes,
    };
    let desks = desks(&desk_sections, &strategy_section, &ground);
    let shared_section = root.table("shared");
    let (shared, netting) = shared(&shared_section);
    let engine_section = root.table("engine");
    let engine = EngineSettings::read(&engine_section);
    let feed = feed(root.table("feed"));
    let (found, reconcile_every) = reconcile(root.table("reconcile"));
    let paper = Paper::read(root.table("paper"), known);
    let latency = latency(root.table("latency"));
    let shm = shm_settings(root.table("shm"), mode);
    let journal = JournalSettings::read(root.table("journal"));
    let parts = Parts { strategy: &strategy_section, risk: &risk_section, instruments: &sections };
    check(&parts, &instruments, &desks);
    let (tried, shadows) = tried(&root, &parts, (&instruments, &desks, desk_sections.len()));
    for section in
        [root, strategy_section, risk_section, quotes_section, engine_section, shared_section]
    {
        section.finish();
    }
    venue_sections.into_iter().for_each(|(_, section)| section.finish());
    sections.into_iter().chain(desk_sections).chain(tried).for_each(Section::finish);
    Some(Config {
        file: file.to_owned(),
        sha256,
        mode: mode?,
        venues: venues?,
        instruments,
        desks,
        shadows,
        shared,
        netting,
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

/// The shadows with their sections, and what is wrong with them; so many desks have a section of
/// their own.
fn tried<'a>(
    root: &Section<'a>,
    parts: &Parts<'a, '_>,
    (instruments, desks, listed): (&[InstrumentSettings], &[DeskSettings], usize),
) -> (Vec<Section<'a>>, Vec<ShadowSettings>) {
    let sections = root.tables("shadow");
    let all = if listed == 0 { parts.instruments.len() } else { listed };
    let shadows = shadows(&sections, desks, desks.len() == all);
    check_shadows(parts, instruments, (desks, &shadows), &sections);
    (sections, shadows)
}

fn mode(root: &Section<'_>) -> Option<Mode> {
    let found = root.choice("mode", &Mode::NAMES).map(|mode| mode.value);
    if found.is_none() && !root.has("mode") {
        root.missing("mode", "add mode = \"paper\", \"testnet\" or \"live\" at the top");
    }
    found
}

/// All venues, in the order of the file's names; those of the first instruments come first.
fn venues(
    sections: &[(String, Section<'_>)],
    instruments: &[Section<'_>],
    root: &Section<'_>,
    mode: Option<Mode>,
) -> Option<Vec<Venue>> {
    if sections.is_empty() {
        root.missing("venue", "add [venue.binance] with preset = \"mainnet\", or another venue");
    }
    let read: Vec<_> =
        sections.iter().map(|(name, section)| Venue::read(name, section, mode)).collect();
    let mut venues: Vec<Venue> = read.into_iter().collect::<Option<_>>()?;
    let first_of = |venue: &Venue| {
        let named = |one: &Section<'_>| one.peek("venue").as_deref() == Some(&venue.name);
        instruments.iter().position(named).unwrap_or(usize::MAX)
    };
    venues.sort_by_key(first_of);
    (!venues.is_empty()).then_some(venues)
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
