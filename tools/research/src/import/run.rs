//! The import itself: plans become sources, sources one order, and that a tape.

use super::bands::Bands;
use super::check::{Check, Fault};
use super::error::ImportError;
use super::facts::Table as Instruments;
use super::frames::Frames;
use super::journal::{self, Journal};
use super::look::{Form, Plan, look};
use super::npz::Npz;
use super::record::delta_us;
use super::report::Report;
use super::source::{Head, Source, Tabled};
use super::table::{Csv, Table};
use super::text::Tally;
use super::{Input, Progress, Request};
use crate::tape::{Listed, Tape, TapeWriter, venue_at};
use engine::event::{Event, flag};
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::time::Nanos;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Messages between two signs of life.
const SIGN: u64 = 1 << 14;
/// Sources at once: each is an open file.
const SOURCES_MAX: usize = 512;

/// A plan, and the instrument that it is of; a journal has its own.
type Planned = (Plan, Option<Instrument>);

/// Imports; `told` hears from time to time how far it is.
///
/// # Errors
/// When a file cannot be read as what it should be: with its name and line. No tape is left then.
pub fn import(request: &Request, told: &mut dyn FnMut(Progress)) -> Result<Report, ImportError> {
    if request.out.exists() {
        return Err(crate::tape::TapeError::Exists { path: request.out.clone() }.into());
    }
    let (plans, instruments) = plan(request)?;
    let passes = if request.least_latency_us.is_some() { 2 } else { 1 };
    let sizes = plans.iter().flat_map(|(plan, _)| &plan.files).map(size).sum::<u64>();
    let mut run = Run {
        request,
        plans: &plans,
        listed: &instruments.listed,
        tally: Tally::default(),
        bytes_all: sizes * passes,
        shift: BTreeMap::new(),
    };
    if let Some(least) = request.least_latency_us {
        let first = run.pass(None, told)?;
        run.shift = shifts(&instruments.listed, &first.latencies, i64::from(least));
    }
    let mut writer = TapeWriter::create(&request.out, &instruments.listed)?;
    let mut report = run.pass(Some(&mut writer), told)?;
    if report.rows == 0 {
        return Err(ImportError::Usage("nothing of a market is in these files".into()));
    }
    writer.finish()?;
    let notes = instruments.notes.into_iter().chain(report.notes);
    report.notes = notes.collect();
    report.shift_us = run.shift.into_iter().collect();
    let tape = Tape::open(&request.out)?;
    report.span = tape.span();
    report.bytes = size(&request.out);
    report.out = request.out.clone();
    report.instruments = instruments.listed;
    Ok(report)
}

/// What brings the least latency of each venue to `least`: its instruments share one clock.
fn shifts(
    listed: &[Listed],
    latencies: &BTreeMap<InstrumentId, i64>,
    least: i64,
) -> BTreeMap<InstrumentId, i64> {
    let of = |listed: &&Listed| latencies.get(&listed.instrument.id).copied();
    let shift = |one: &Listed| {
        let same = listed.iter().filter(|other| other.instrument.venue == one.instrument.venue);
        let found = same.filter_map(|other| of(&other)).min();
        found.map(|us| (one.instrument.id, least - us))
    };
    listed.iter().filter_map(shift).collect()
}

fn size(path: &PathBuf) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

/// What the inputs are, and the instruments in them.
fn plan(request: &Request) -> Result<(Vec<Planned>, Instruments), ImportError> {
    let (mut plans, mut instruments) = (Vec::new(), Instruments::default());
    for Input { venue, symbol, path } in &request.inputs {
        for mut plan in look(path, request.from, &request.mapping)? {
            if matches!(plan.form, Form::Journal) {
                journaled(request, &plan, &mut instruments)?;
                plans.push((plan, None));
                continue;
            }
            plan.shown.symbol = plan.shown.symbol.take().or_else(|| symbol.clone());
            let said = venue.as_deref().or(request.facts.venue.as_deref());
            let first = plan.files.first().unwrap_or(path);
            let instrument = instruments.take(&request.facts, &plan.shown, said, first)?;
            plans.push((plan, Some(instrument)));
        }
    }
    let journals = plans.iter().filter(|(_, instrument)| instrument.is_none()).count();
    if journals > 1 || journals == 1 && plans.len() > 1 {
        let why = "a journal is imported alone: its instruments have numbers of their own";
        return Err(ImportError::Usage(why.into()));
    }
    if plans.is_empty() {
        return Err(ImportError::Usage("nothing to import; name a file or a folder".into()));
    }
    if plans.len() > SOURCES_MAX {
        let why = format!("{} files at once; import {SOURCES_MAX} at a time", plans.len());
        return Err(ImportError::Usage(why));
    }
    Ok((plans, instruments))
}

fn journaled(
    request: &Request,
    plan: &Plan,
    instruments: &mut Instruments,
) -> Result<(), ImportError> {
    let Some(path) = plan.files.first() else { return Ok(()) };
    let names: Vec<String> = request.facts.known.iter().map(|known| known.name.clone()).collect();
    instruments.listed = journal::instruments(path, &names, request.facts.venue.as_deref())?;
    Ok(())
}

/// One import on its way.
struct Run<'a> {
    request: &'a Request,
    plans: &'a [Planned],
    listed: &'a [Listed],
    tally: Tally,
    bytes_all: u64,
    /// What is added to latencies, µs, by instrument.
    shift: BTreeMap<InstrumentId, i64>,
}

impl Run<'_> {
    fn open(&self, (plan, instrument): &Planned) -> Result<Box<dyn Source>, ImportError> {
        let tally = &self.tally;
        let latency_ns = u64::from(self.request.latency_us) * 1_000;
        let path = plan.files.first();
        let path = path.ok_or_else(|| ImportError::Usage("there is no file".into()))?;
        let Some(instrument) = *instrument else {
            return Ok(Box::new(Journal::open(path, self.listed)?));
        };
        Ok(match &plan.form {
            Form::Journal => Box::new(Journal::open(path, self.listed)?),
            Form::Frames(dialect) => {
                Box::new(Frames::open(plan.files.clone(), *dialect, instrument, tally)?)
            }
            Form::Npz => Box::new(Tabled::new(Npz::open(path, tally)?, instrument, latency_ns)),
            Form::Table(columns, begins_empty) => {
                let symbol = plan.shown.symbol.clone();
                let csv = Csv::open(path, tally)?;
                let table = Table::new(csv, *columns.clone(), *begins_empty, symbol);
                Box::new(Tabled::new(table, instrument, latency_ns))
            }
            Form::Bands(shape) => {
                let grids = Some((instrument.tick, instrument.lot));
                let bands = Bands::new(Csv::open(path, tally)?, shape.clone(), grids);
                Box::new(Tabled::new(bands, instrument, latency_ns))
            }
        })
    }

    /// All messages of all sources, in order, into a tape if there is one.
    fn pass(
        &self,
        mut writer: Option<&mut TapeWriter>,
        told: &mut dyn FnMut(Progress),
    ) -> Result<Report, ImportError> {
        let mut heads = Vec::new();
        for planned in self.plans {
            heads.push(Head::new(self.open(planned)?)?);
        }
        let is_next = |(place, head): (usize, &Head)| {
            (head.at.0 < u64::MAX).then_some(Reverse((head.at, place)))
        };
        let mut order: BinaryHeap<_> = heads.iter().enumerate().filter_map(is_next).collect();
        let (mut check, mut report, mut last) = (Check::default(), Report::default(), Nanos::ZERO);
        while let Some(Reverse((at, place))) = order.pop() {
            let head = &mut heads[place];
            let found = head.source.place();
            head.source.faults(&mut |fault, line, what| {
                let found = super::source::Place { line, path: found.path.clone() };
                check.found(fault, &found, at, what);
            });
            if at < last {
                let behind = format!("{} µs before the line above", last.since(at).0 / 1_000);
                check.found(Fault::OutOfOrder, &found, at, behind);
            }
            for row in &mut head.rows {
                self.place(row, last);
                report.latency(row);
            }
            check.message(&mut head.rows, &found);
            last = head.rows.first().map_or(last, |row| row.at);
            if let Some(writer) = writer.as_deref_mut() {
                writer.extend(&head.rows)?;
            }
            report.message(&head.rows);
            if report.messages % SIGN == 0 {
                let bytes = self.tally.load(Ordering::Relaxed);
                told(Progress { bytes, bytes_all: self.bytes_all, rows: report.rows });
            }
            head.advance()?;
            if head.at.0 < u64::MAX {
                order.push(Reverse((head.at, place)));
            }
        }
        report.notes.extend(heads.iter().flat_map(|head| head.source.notes()));
        report.unstamped = check.unstamped;
        report.stamped = check.stamped;
        report.faults = check.faults;
        Ok(report)
    }

    /// Brings a row in order, and onto one clock.
    fn place(&self, row: &mut Event, last: Nanos) {
        let stamped = row.venue_delta_us != 0;
        if row.at < last {
            let venue = venue_at(row).0;
            let late = last.since(row.at).0.saturating_add(u64::from(row.recv_delta_ns));
            row.recv_delta_ns = u32::try_from(late).unwrap_or(u32::MAX);
            row.at = last;
            if stamped {
                row.venue_delta_us = delta_us(row.read_at(), venue);
            }
        }
        if stamped && let Some(shift) = self.shift.get(&row.instrument) {
            let moved = i64::from(row.venue_delta_us) + shift;
            // A whole book may be stamped by what follows it; it cannot come before it happened.
            let moved = if row.has(flag::SNAPSHOT) { moved.max(1) } else { moved };
            row.venue_delta_us =
                i32::try_from(moved).unwrap_or(if moved < 0 { i32::MIN } else { i32::MAX });
        }
    }
}
