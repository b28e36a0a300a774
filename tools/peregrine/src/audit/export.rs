//! `peregrine journal export`: a journal as tables.

use super::args::ExportArgs;
use super::orders::Orders;
use super::table::{Schema, Table, Value};
use super::tables;
use crate::cli;
use crate::exit::{Exit, Failure};
use crate::replay::walk::{Replay, Watch};
use engine::engine::Engine;
use engine::event::Body;
use serde_json::json;
use shm::journal::{Row, SegmentHeader};
use std::collections::BTreeSet;
use strategies::any::Any;

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum What {
    /// One row an order, with what became of it.
    Orders,
    /// One row a fill.
    Fills,
    /// One row an event.
    Events,
    /// One row for everything that was sent, with its cause and the market then.
    Decisions,
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Fills => "fills",
            Self::Events => "events",
            Self::Decisions => "decisions",
        }
    }

    const fn schema(self) -> Schema {
        match self {
            Self::Orders => super::orders::SCHEMA,
            Self::Fills => tables::FILLS,
            Self::Events => tables::EVENTS,
            Self::Decisions => tables::DECISIONS,
        }
    }
}

/// Writes tables while a journal is gone through.
struct Exporter {
    tables: Vec<(What, Table)>,
    from: u64,
    orders: Orders,
    /// Trades that were told: private stream and questions may tell one twice.
    trades: BTreeSet<(u16, usize, u64)>,
    cause: Option<Row>,
    failed: Option<Failure>,
}

impl Exporter {
    fn push(&mut self, what: What, row: impl FnOnce() -> Vec<Value>) {
        let found = self.tables.iter_mut().find(|(kind, _)| *kind == what);
        if let Some((_, table)) = found
            && self.failed.is_none()
        {
            self.failed = table.push(&row()).err();
        }
    }
}

impl Watch<Any> for Exporter {
    fn begin(&mut self, _: &mut Engine<Any>, _: &SegmentHeader) {
        self.cause = None;
    }

    fn after(&mut self, row: &Row, engine: &Engine<Any>) {
        if row.is_end() {
            return;
        }
        if !row.is_sent() {
            self.cause = Some(*row);
        }
        let cause = self.cause;
        if let Some(Body::Fill(fill)) = row.event.body()
            && !self.trades.insert((row.event.instrument.0, fill.side.index(), fill.trade))
        {
            if row.seq >= self.from {
                self.push(What::Events, || tables::event(row, engine));
            }
            return;
        }
        self.orders.take(row, cause.as_ref(), engine);
        if row.seq < self.from {
            return;
        }
        if row.is_sent() {
            self.push(What::Decisions, || tables::decision(row, cause.as_ref(), engine));
        } else {
            self.push(What::Events, || tables::event(row, engine));
            if let Some(fill) = tables::fill(row, engine) {
                self.push(What::Fills, || fill);
            }
        }
    }
}

/// Writes what was asked for; everything or nothing.
pub fn run(args: &ExportArgs) -> Result<Exit, Failure> {
    let mut what = args.what.clone();
    what.sort_unstable();
    what.dedup();
    let begin = |what: &What| {
        let kind = (what.schema(), args.to);
        Table::begin(&args.out, what.name(), kind, args.force).map(|table| (*what, table))
    };
    let (from, until) = (args.from.unwrap_or(0), args.until.unwrap_or(u64::MAX - 1));
    let mut replay = Replay::<Any>::open(&args.folder, from, until).map_err(Failure::error)?;
    let mut exporter = Exporter {
        tables: what.iter().map(begin).collect::<Result<_, _>>()?,
        from,
        orders: Orders::new(&args.folder),
        trades: BTreeSet::new(),
        cause: None,
        failed: None,
    };
    let found = replay.run(&mut exporter).map_err(Failure::error)?;
    if let Some(failure) = exporter.failed {
        return Err(failure);
    }
    if let Some(found) = found {
        let text = format!(
            "this program decides otherwise than the one that wrote the journal, from row {} on: \
             nothing is exported; peregrine replay shows the difference",
            found.seq
        );
        return Err(Failure::error(text));
    }
    let mut files = Vec::new();
    for (what, mut table) in exporter.tables {
        if what == What::Orders {
            exporter.orders.rows().try_for_each(|row| table.push(&row))?;
        }
        let (path, rows) = table.finish()?;
        files.push((what, path, rows));
    }
    if args.json {
        let file = |(what, path, rows): &(What, std::path::PathBuf, u64)| {
            let path = path.display().to_string();
            json!({ "what": what.name(), "path": path, "rows": rows })
        };
        cli::print(&json!({ "files": files.iter().map(file).collect::<Vec<_>>() }));
    } else {
        for (what, path, rows) in files {
            cli::say(format_args!("{rows} {} in {}", what.name(), path.display()));
        }
    }
    Ok(Exit::Ok)
}
