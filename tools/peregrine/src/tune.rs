//! `peregrine tune`: which parameters of a configuration serve an objective best on recorded
//! markets, how much of that is luck, and the configuration with the winner's.

pub mod args;
mod ground;

use crate::bar::Bar;
use crate::cli;
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::logging;
use args::TuneArgs;
use ground::Tapes;
use research::report::numbers;
use research::tape::Tape;
use research::tune::ground::Stretch;
use research::tune::page::page;
use research::tune::plan::{Plan, Progress, TuneError, Tuned};
use research::tune::sampler::SamplerError;
use research::tune::space::Space;
use research::tune::study::Trial;
use research::tune::table;
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

/// Largest space file that is read, bytes.
const SPACE_LEN_MAX: u64 = 1 << 20;

/// Tunes, and tells what was found.
pub fn run(args: &TuneArgs) -> Result<Exit, Failure> {
    let config = Config::load(&args.config)?;
    let text = read(&args.space, "space")?;
    let space = Space::parse(&text)
        .map_err(|error| Failure::usage(format!("{}: {error}", args.space.display())))?;
    let text = read(&args.config, "configuration")?;
    let ground = Tapes { args, text: &text, space: &space };
    let (tuned, trials) = search(&ground, &config)?;
    let files = write(&ground, (&tuned, &trials))?;
    tell(args, &tuned, &files)
}

/// Where every trial is kept.
fn study(args: &TuneArgs) -> PathBuf {
    args.study.clone().unwrap_or_else(|| args.out.join("study.jsonl"))
}

/// Searches: the result, with the trials of the last fold.
fn search(ground: &Tapes<'_>, config: &Config) -> Result<(Tuned, Vec<Trial>), Failure> {
    let Tapes { args, space, .. } = *ground;
    // What is wrong with a key is said once, and not by each trial.
    let middle = space.values(&vec![0.5; space.dims()]);
    ground.config(&middle).map_err(|error| {
        let path = args.space.display();
        Failure::usage(format!("{path}: the configuration does not take its parameters: {error}"))
    })?;
    let (span, tapes) = tapes(args)?;
    let plan = plan(args, config, (space, span), tapes)?;
    fs::create_dir_all(&args.out).map_err(|error| unwritten(&args.out, &error))?;
    let bar = Bar::new("{bar:30} {pos} of {len}  {msg}  {eta} left", args.json);
    let mut show = |told: Progress| bar.show(told.done as u64, told.of as u64, said(&told));
    let tuned = plan.run(ground, &study(args), &mut show);
    drop(bar);
    tuned.map_err(|error| match error {
        TuneError::Sampler(SamplerError::Multi(_) | SamplerError::Grid(_)) => Failure::usage(error),
        other => Failure::error(other),
    })
}

fn said(progress: &Progress) -> String {
    let Progress { fold, folds, stage, best, .. } = *progress;
    let fold = if folds > 1 { format!("fold {} of {folds}, ", fold + 1) } else { String::new() };
    let best = best.map_or_else(String::new, |best| format!(", best {best:.4}"));
    format!("{fold}{stage}{best}")
}

fn read(path: &Path, what: &str) -> Result<String, Failure> {
    let failed = |error: &str| Failure::error(format!("{what} {}: {error}", path.display()));
    let length = fs::metadata(path).map_err(|error| failed(&error.to_string()))?.len();
    if length > SPACE_LEN_MAX {
        return Err(failed("is too large; is it the right file?"));
    }
    fs::read_to_string(path).map_err(|error| failed(&error.to_string()))
}

fn unwritten(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::error(format!("{}: cannot be written: {error}", path.display()))
}

/// What lies between `--from` and `--to`, and what the tapes are known by.
fn tapes(args: &TuneArgs) -> Result<(Stretch, Vec<String>), Failure> {
    let (mut first, mut last, mut names) = (u64::MAX, 0, Vec::new());
    for path in &args.data {
        let tape = Tape::open(path).map_err(|error| {
            Failure::error(format!("{error}; tune reads tapes: make one with peregrine import"))
        })?;
        if let Some((from, to)) = tape.span() {
            (first, last) = (first.min(from.0), last.max(to.0 + 1));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let (rows, span) = (tape.rows(), tape.span().unwrap_or_default());
        names.push(format!("{name}: {rows} rows from {} to {} ns", span.0.0, span.1.0));
    }
    let from = args.from.map_or(first, |from| from.0.max(first));
    let to = args.to.map_or(last, |to| to.0.min(last));
    if from >= to {
        return Err(Failure::usage("no row of --data lies between --from and --to"));
    }
    Ok((Stretch { from, to }, names))
}

fn plan(
    args: &TuneArgs,
    config: &Config,
    (space, span): (&Space, Stretch),
    tapes: Vec<String>,
) -> Result<Plan, Failure> {
    let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let folds = u32::try_from(args.folds).unwrap_or(u32::MAX);
    let cores = available_parallelism().map_or(1, |count| count.get());
    Ok(Plan {
        space: space.clone(),
        sampler: args.sampler(),
        seed: args.seed,
        objective: args.objective,
        pruning: args.prune,
        parts: size(args.parts()),
        fills_min: args.fills_min,
        trials: size(args.trials),
        jobs: args.jobs.map_or(cores, size),
        folds: args.split.folds(span, folds).map_err(Failure::usage)?,
        runs: size(args.runs),
        noise: size(args.noise),
        config: hex::encode(config.sha256),
        tapes,
    })
}

/// Writes what people want: the page, the numbers and the configuration of the winner.
fn write(ground: &Tapes<'_>, (tuned, trials): (&Tuned, &[Trial])) -> Result<Vec<PathBuf>, Failure> {
    let Tapes { args, space, .. } = *ground;
    let mut files = Vec::new();
    let mut put = |name: &str, text: &str| {
        let path = args.out.join(name);
        // Whole at every instant, for whoever has it open.
        let part = args.out.join(format!(".{name}.part"));
        let put = fs::write(&part, text).and_then(|()| fs::rename(&part, &path));
        put.map_err(|error| unwritten(&path, &error))?;
        files.push(path);
        Ok::<_, Failure>(())
    };
    let title = format!("Tuning {}", args.config.display());
    let html = page(tuned, space, trials, (&title, 0)).map_err(Failure::error)?;
    put("tune.html", &html)?;
    let numbers = serde_json::to_string_pretty(tuned).map_err(Failure::error)?;
    put("tune.json", &(numbers + "\n"))?;
    if let Some(found) = tuned.folds.last() {
        let text = ground.written(&found.values).map_err(Failure::error)?;
        let text = format!("{}{text}", heading(args, tuned));
        Config::parse("winner.toml", &text)?;
        put("winner.toml", &text)?;
    }
    Ok(files)
}

/// What the winner's configuration begins with.
fn heading(args: &TuneArgs, tuned: &Tuned) -> String {
    let Some(found) = tuned.folds.last() else { return String::new() };
    let list = |scores: Option<&Vec<f64>>| match scores {
        Some(scores) => {
            let scores = scores.iter().map(|score| format!("{score:.4}")).collect::<Vec<_>>();
            scores.join(", ")
        }
        None => "not judged".to_owned(),
    };
    format!(
        "# Tuned from {} for {}: {} in training, {} on what it had not seen.\n",
        args.config.display(),
        args.objective.name(),
        list(Some(&found.train)),
        list(found.test.as_ref())
    )
}

fn tell(args: &TuneArgs, tuned: &Tuned, files: &[PathBuf]) -> Result<Exit, Failure> {
    let study = study(args);
    let shown: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    if args.json {
        let mut object = serde_json::to_value(tuned).map_err(Failure::error)?;
        let values = tuned.folds.last().map_or(&[][..], |found| &found.values);
        let winner = tuned.params.iter().zip(values);
        let winner: Map<String, Value> =
            winner.map(|(key, value)| (key.clone(), json!(value))).collect();
        if let Some(object) = object.as_object_mut() {
            object.insert("winner".to_owned(), winner.into());
            object.insert("study".to_owned(), json!(study.display().to_string()));
            object.insert("files".to_owned(), json!(shown));
        }
        cli::print(&object);
        return Ok(Exit::Ok);
    }
    let groups = table::groups(tuned);
    let text = numbers::text(&groups, logging::colour_on_stdout());
    cli::say(format_args!("{text}\n{}\n{}", study.display(), shown.join("\n")));
    Ok(Exit::Ok)
}
