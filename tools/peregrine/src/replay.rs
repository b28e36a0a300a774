//! `peregrine replay`: runs the engine on a journal again and compares everything it sends, and
//! every digest, with what was recorded; or prints the rows; or asks what other parameters do.

pub mod closed;
pub mod course;
pub mod difference;
pub mod latency;
pub mod open;
pub mod ports;
pub mod simulated;
pub mod walk;
pub mod what_if;

use crate::cli::{self, ReplayArgs};
use crate::exit::{Exit, Failure};
use crate::{journal, print};
use closed::{ClosedLoop, Outcome};
use difference::Difference;
use engine::asset::Assets;
use engine::engine::Engine;
use open::{OpenLoop, Shadow};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use shm::journal::Row;
use std::io::{BufWriter, IsTerminal as _, Write as _};
use strategies::any::Any;
use walk::{Replay, Totals, Watch};
use what_if::Change;

/// Rows between two signs of life on a terminal.
const PROGRESS_ROWS: u64 = 1 << 20;
/// Where dead engines' rows stay.
const MEMORY: &str = "/dev/shm";

/// Replays, reports.
pub fn run(args: &ReplayArgs) -> Result<Exit, Failure> {
    if !args.what_if.is_empty() {
        return ask(args);
    }
    let mut replay = Replay::<Any>::open(&args.folder, from(args), until(args))?;
    let started = spent_s();
    let found = if args.print {
        let mut printer = Printer::new(args);
        replay.run(&mut printer)?
    } else {
        replay.run(&mut Progress::new(args))?
    };
    let took_s = spent_s() - started;
    is_known(args.instrument.as_deref(), replay.engine())?;
    let verdict = Verdict { replay: &replay, found, took_s, until: until(args) };
    if args.json {
        cli::print(&verdict.json());
    } else if args.print {
        cli::complain(format_args!("{}", verdict.text().trim_end()));
    } else {
        cli::say(format_args!("{}", verdict.text().trim_end()));
    }
    if args.json {
        verdict.warnings().iter().for_each(|line| cli::complain(format_args!("{line}")));
    }
    Ok(if verdict.found.is_none() { Exit::Ok } else { Exit::Error })
}

/// An instrument that is asked for and not there is a mistake in the command line.
fn is_known(wanted: Option<&str>, engine: Option<&Engine<Any>>) -> Result<(), Failure> {
    let (Some(wanted), Some(engine)) = (wanted, engine) else { return Ok(()) };
    let listings = engine.market.listings().iter();
    let names: Vec<&str> = listings.map(|one| one.instrument.symbol.as_str()).collect();
    if names.contains(&wanted) {
        return Ok(());
    }
    let names = names.join(", ");
    Err(Failure::usage(format!("no instrument {wanted} is in this journal; there are {names}")))
}

/// What other parameters would have done.
fn ask(args: &ReplayArgs) -> Result<Exit, Failure> {
    let parsed: Result<Vec<Vec<Change>>, Failure> =
        args.what_if.iter().map(|text| Change::parse(text)).collect();
    let changes = parsed?.concat();
    let refused = |refused: bool| match refused {
        true => Err(Failure::error(format!(
            "the strategy refuses {}: its parameters would not fit together",
            what_if::name(&changes)
        ))),
        false => Ok(()),
    };
    let (found, desks, lines) = if args.closed_loop {
        let mut replay = Replay::<Any>::open(&args.folder, from(args), until(args))?;
        let observed = latency::observe(&args.folder, replay.totals().first)?;
        let mut watch = ClosedLoop::new(changes.clone(), observed);
        let found = replay.run(&mut watch)?;
        refused(watch.refused)?;
        let objects: Vec<Value> = watch.outcomes.iter().map(Outcome::json).collect();
        let lines: String = watch.outcomes.iter().map(Outcome::text).collect();
        (found, objects, lines)
    } else {
        let mut replay = Replay::<Shadow>::open(&args.folder, from(args), until(args))?;
        let mut watch = OpenLoop::new(&changes);
        let found = replay.run(&mut watch)?;
        refused(watch.refused)?;
        let (mut objects, mut lines) = (Vec::new(), String::new());
        let market = replay.engine().map(|engine| &engine.market);
        for (place, desk) in watch.desks().iter().enumerate() {
            if let Some(market) = market {
                objects.push(desk.json(place, market));
                lines += &desk.text(place, market);
            }
        }
        (found, objects, lines)
    };
    let identical = found.is_none();
    let name = what_if::name(&changes);
    tell(args, &name, (identical, desks, &lines));
    Ok(if identical { Exit::Ok } else { Exit::Error })
}

fn tell(args: &ReplayArgs, name: &str, (identical, list, lines): (bool, Vec<Value>, &str)) {
    if args.json {
        let list_name = if args.closed_loop { "sessions" } else { "desks" };
        let mut object = json!({
            "what_if": name,
            "loop": if args.closed_loop { "closed" } else { "open" },
            "simulated": args.closed_loop,
            "recorded_identical": identical,
        });
        object[list_name] = list.into();
        cli::print(&object);
        return;
    }
    let mark = if args.closed_loop { "simulated: " } else { "" };
    cli::say(format_args!("{mark}what if {name}"));
    cli::say(format_args!("{}", lines.trim_end()));
    if !identical {
        cli::complain(format_args!(
            "{mark}the recorded run itself does not replay identically: see peregrine replay {}",
            args.folder.display()
        ));
    }
}

/// Processor time of this thread so far, s: how fast replay is does not depend on what else runs.
pub(crate) fn spent_s() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn from(args: &ReplayArgs) -> u64 {
    args.from.unwrap_or(0)
}

fn until(args: &ReplayArgs) -> u64 {
    args.until.unwrap_or(u64::MAX - 1)
}

/// Says on a terminal how far it is.
struct Progress {
    shown: bool,
}

impl Progress {
    fn new(args: &ReplayArgs) -> Self {
        Self { shown: !args.json && std::io::stderr().is_terminal() }
    }
}

impl Watch<Any> for Progress {
    #[inline]
    fn before(&mut self, row: &Row, _: &Engine<Any>) {
        if row.seq.is_multiple_of(PROGRESS_ROWS) && self.shown {
            let mut out = std::io::stderr().lock();
            // A terminal that went away is no error.
            let _ = write!(out, "\rrow {} ", row.seq);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }
}

/// Prints rows as text.
struct Printer<'a> {
    out: BufWriter<std::io::Stdout>,
    from: u64,
    instrument: Option<&'a str>,
    assets: Assets,
    gone: bool,
}

impl<'a> Printer<'a> {
    fn new(args: &'a ReplayArgs) -> Self {
        let out = BufWriter::new(std::io::stdout());
        let (instrument, assets) = (args.instrument.as_deref(), journal::assets(&args.folder));
        Self { out, from: from(args), instrument, assets, gone: false }
    }

    fn wants(&self, row: &Row, engine: &Engine<Any>) -> bool {
        let Some(wanted) = self.instrument else { return true };
        let id = print::instrument(&row.event);
        let listing = id.and_then(|id| engine.market.listing(id));
        listing.is_some_and(|listing| listing.instrument.symbol.as_str() == wanted)
    }
}

impl Watch<Any> for Printer<'_> {
    fn before(&mut self, row: &Row, engine: &Engine<Any>) {
        if row.seq >= self.from && !self.gone && self.wants(row, engine) {
            let line = print::Line::new(row, &engine.market).named(&self.assets);
            // A reader that went away wants no more lines.
            self.gone = writeln!(self.out, "{line}").is_err();
        }
    }
}

/// What came of it.
struct Verdict<'a> {
    replay: &'a Replay<Any>,
    found: Option<Difference>,
    took_s: f64,
    until: u64,
}

impl Verdict<'_> {
    fn totals(&self) -> &Totals {
        self.replay.totals()
    }

    fn per_s(&self) -> u64 {
        (self.totals().events as f64 / self.took_s.max(1e-9)) as u64
    }

    fn json(&self) -> Value {
        let totals = self.totals();
        let segment = |segment: &walk::Segment| {
            json!({
                "file": segment.file,
                "first": segment.first,
                "rows": segment.rows,
                "epoch": segment.epoch,
                "compressed": segment.compressed,
            })
        };
        let market = self.replay.engine().map(|engine| &engine.market);
        let found = self.found.as_ref().zip(market).map(|(found, market)| found.json(market));
        json!({
            "events": totals.events,
            "intents": totals.intents,
            "checkpoints": totals.checkpoints,
            "segments": totals.segments.iter().map(segment).collect::<Vec<_>>(),
            "identical": self.found.is_none(),
            "first_difference": found,
            "events_per_s": self.per_s(),
        })
    }

    fn text(&self) -> String {
        let Totals { events, intents, checkpoints, segments, first, end, .. } = self.totals();
        let rows = end.saturating_sub(*first);
        let mut text = format!(
            "rows {first} to {}: {rows} rows in {} segments\n\
             events {events}, sent {intents}, checkpoints {checkpoints}; {} events a second of \
             processor time\n",
            end.saturating_sub(1),
            segments.len(),
            self.per_s(),
        );
        for line in self.warnings() {
            text += &line;
            text.push('\n');
        }
        let market = self.replay.engine().map(|engine| &engine.market);
        match self.found.as_ref().zip(market) {
            Some((found, market)) => text += &found.report(market),
            None => text += "identical\n",
        }
        text
    }

    /// What is worth knowing and no difference.
    fn warnings(&self) -> Vec<String> {
        let totals = self.totals();
        let mut lines = Vec::new();
        let other = totals.segments.iter().any(|segment| segment.binary != journal::binary_id());
        if other {
            lines.push("warning: another binary wrote this journal".to_owned());
        }
        if totals.cut > 0 {
            lines.push(format!("warning: {} sessions before the last were cut short", totals.cut));
        }
        if self.found.is_some() || totals.ended || totals.end > self.until {
            return lines;
        }
        lines.push("warning: the last session replayed does not end in order".to_owned());
        if has_memory(totals.journal) {
            let place = format!("{MEMORY}/peregrine-journal-{:016x}-*", totals.journal);
            lines.push(format!(
                "warning: rows may be in {place} that are not on disk: the engine runs, or died \
                 and the next start of it brings them to disk"
            ));
        }
        lines
    }
}

fn has_memory(journal: u64) -> bool {
    let prefix = format!("peregrine-journal-{journal:016x}-");
    let Ok(entries) = std::fs::read_dir(MEMORY) else { return false };
    let mut names = entries.flatten().map(|entry| entry.file_name());
    names.any(|name| name.to_string_lossy().starts_with(&prefix))
}
