//! `peregrine replay`: runs the engine on a journal again and compares everything it sends, and
//! every digest, with what was recorded; or prints the rows; or asks what other parameters do.

pub mod course;
pub mod difference;
pub mod ports;
pub mod walk;

use crate::cli::{self, ReplayArgs};
use crate::exit::{Exit, Failure};
use crate::{journal, print};
use difference::Difference;
use engine::engine::Engine;
use serde_json::{Value, json};
use shm::journal::Row;
use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::time::Instant;
use strategies::any::Any;
use walk::{Replay, Totals, Watch};

/// Rows between two signs of life on a terminal.
const PROGRESS_ROWS: u64 = 1 << 20;
/// Where dead engines' rows stay.
const MEMORY: &str = "/dev/shm";

/// Replays, reports.
pub fn run(args: &ReplayArgs) -> Result<Exit, Failure> {
    let mut replay = Replay::<Any>::open(&args.folder, from(args), until(args))?;
    let started = Instant::now();
    let found = if args.print {
        let mut printer = Printer::new(args);
        replay.run(&mut printer)?
    } else {
        replay.run(&mut Progress::new(args))?
    };
    let took_s = started.elapsed().as_secs_f64();
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
    gone: bool,
}

impl<'a> Printer<'a> {
    fn new(args: &'a ReplayArgs) -> Self {
        let out = BufWriter::new(std::io::stdout());
        Self { out, from: from(args), instrument: args.instrument.as_deref(), gone: false }
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
            let line = print::Line::new(row, &engine.market);
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
             events {events}, sent {intents}, checkpoints {checkpoints}, {} events/s\n",
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
