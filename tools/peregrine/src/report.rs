//! `peregrine report`: a run measured and drawn, be it a backtest's or a live session's; and where
//! its fills differ from another one's.

mod session;

use crate::cli;
use crate::exit::{Exit, Failure};
use crate::logging;
use clap::Args;
use research::report::frame::{number, span, utc};
use research::report::{self, Drawing, numbers};
use research::run::Witness;
use research::run::divergence::{Divergence, Fills};
use research::run::folder::Run;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Where a backtest's folder has its run.
const RUN: &str = "run";
/// Differences that a terminal shows.
const ALONE_SHOWN: usize = 10;

/// Flags of `report`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  peregrine report backtest/                      of a backtest, as --out named it
  peregrine report out/ --out pages/              of a session, from its journal
  peregrine report backtest/ --versus out/        does a backtest find the session's fills again?
  peregrine report out/ --json | jq .sharpe
Writes report.html, which needs nothing else, and its pictures as PNG. Everything is measured in
the quote asset of the first instrument.")]
pub struct ReportArgs {
    /// Folder of a run, or of a journal
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Compare fills with those of this run or journal, which is taken for the truth
    #[arg(long, value_name = "OTHER")]
    pub versus: Option<PathBuf>,
    /// Folder of the page and the pictures; those that are there are replaced
    #[arg(long, value_name = "DIR", default_value = "report")]
    pub out: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Plays whatever lies in a folder: a run that was kept, or a journal. Gives what is to be warned
/// of.
pub fn play<W: Witness>(folder: &Path, witness: &mut W) -> Result<Vec<String>, Failure> {
    for folder in [folder, &folder.join(RUN)] {
        if Run::is_in(folder) {
            Run::open(folder).and_then(|run| run.play(witness)).map_err(Failure::error)?;
            return Ok(Vec::new());
        }
    }
    session::play(folder, witness)
}

/// Measures, draws, compares, tells.
pub fn run(args: &ReportArgs) -> Result<Exit, Failure> {
    let mut both = (Drawing::default(), Fills::default());
    let mut warnings = play(&args.run, &mut both)?;
    let (drawing, fills) = both;
    let versus = match &args.versus {
        None => None,
        Some(other) => {
            let mut theirs = Fills::default();
            warnings.extend(play(other, &mut theirs)?);
            Some((Divergence::of(&fills, &theirs), other.display().to_string()))
        }
    };
    let compared = versus.as_ref().map(|(found, name)| (found, name.as_str()));
    let written = report::write(&args.out, &drawing, compared).map_err(Failure::error)?;
    warnings.iter().for_each(|line| cli::complain(format_args!("warning: {line}")));
    if args.json {
        cli::print(&object(&drawing, versus.as_ref().map(|(found, _)| found), &written)?);
        return Ok(Exit::Ok);
    }
    let metrics = drawing.measures.metrics();
    let asset = drawing.meta.as_ref().map_or("", |meta| &meta.asset);
    let groups = numbers::groups(&metrics, asset);
    let table = numbers::text(&groups, logging::colour_on_stdout());
    cli::say(format_args!("{}", table.trim_end()));
    if let Some((found, name)) = &versus {
        cli::say(format_args!("{}", differences(found, name).trim_end()));
    }
    if let Some((page, pictures)) = written.split_first() {
        cli::say(format_args!("{} and {} pictures beside it", page.display(), pictures.len()));
    }
    Ok(Exit::Ok)
}

fn object(
    drawing: &Drawing,
    versus: Option<&Divergence>,
    written: &[PathBuf],
) -> Result<Value, Failure> {
    let mut object = serde_json::to_value(drawing.measures.metrics()).map_err(Failure::error)?;
    if let Some(meta) = &drawing.meta {
        object["name"] = meta.name.clone().into();
        object["asset"] = meta.asset.clone().into();
    }
    object["files"] = written.iter().map(|path| path.display().to_string()).collect();
    object["versus"] = match versus {
        None => Value::Null,
        Some(found) => serde_json::to_value(found).map_err(Failure::error)?,
    };
    Ok(object)
}

/// For a terminal: how much is common, and the first of what is not.
pub(crate) fn differences(found: &Divergence, name: &str) -> String {
    let percent = |share: f64| number(share * 100.0, 2);
    let mut text = format!(
        "Against {name}\n  {} fills here, {} there (parts of an order at one price within a second \
         count as one), {} the same (market, side, price, ± 1 s)\n  \
         precision {} %, recall {} %, {} ms later on average\n",
        found.run,
        found.other,
        found.matched,
        percent(found.precision),
        percent(found.recall),
        number(found.later_ms, 2)
    );
    for alone in found.alone.iter().take(ALONE_SHOWN) {
        let print = &alone.print;
        let place = if alone.only_in == "run" { "only here " } else { "only there" };
        text += &format!(
            "  {place} {} {} {} {} at {}",
            utc(print.utc_ns),
            print.market,
            print.side,
            exact(print.qty),
            exact(print.price)
        );
        if let Some((later, price)) = alone.nearest {
            let sign = if later < 0 { "before" } else { "after" };
            let away = span(later.unsigned_abs() as f64);
            let price = exact(price);
            text += &format!("; the nearest of the other is {away} {sign}, at {price}");
        }
        text += &format!("\n    {}\n", alone.why);
    }
    let more = found.alone.len().saturating_sub(ALONE_SHOWN);
    if more > 0 {
        text += &format!("  and {more} more: see the page, or --json\n");
    }
    text
}

/// A price or quantity without the dust of its last binary digits.
fn exact(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}
