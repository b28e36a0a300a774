//! `peregrine bench`: how fast this machine runs the hot path, and what it lacks for it. Takes some
//! seconds, changes nothing, leaves one picture.
//!
//! Parts: [`work`] the hot functions, [`tick`] all of them from bytes in to order bytes out,
//! [`hop`] from thread to thread, [`spans`] the machine's own, [`measure`] by turns, [`picture`]
//! the histograms. The benches of the project use the same functions, beside rivals that the
//! product does not have.

pub mod corpus;
pub mod desk;
pub mod feed;
pub mod hop;
pub mod keep;
pub mod measure;
pub mod order;
pub mod picture;
pub mod spans;
pub mod tick;
pub mod triangular;
pub mod work;

use crate::cli::{self, BenchArgs};
use crate::exit::{Exit, Failure};
use crate::machine::{self, Check, Description, State};
use measure::{Sample, Size};
use picture::Picture;
use research::report::frame::span;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The checks of the machine that measured times depend on; `peregrine doctor` has more.
const VERDICT: [&str; 10] = [
    "governor",
    "isolated",
    "tick",
    "smt",
    "tsc",
    "clock-source",
    "timer-slack",
    "c-states",
    "steal",
    "cpu-quota",
];
/// Load of one core beside us from which on times are not to be trusted.
const LOAD_MAX: f64 = 0.5;

/// Measures, and prints.
pub fn run(args: &BenchArgs) -> Result<Exit, Failure> {
    fs::create_dir_all(&args.out).map_err(|error| {
        Failure::error(format!("{}: cannot be made: {error}", args.out.display()))
    })?;
    let root = Path::new("/");
    // Before anything is measured: the load should not be ours.
    let verdict = verdict(root);
    let description = machine::describe(root);
    if !args.json {
        cli::say(format_args!("{}", about(&description, &verdict).trim_end()));
        cli::say(format_args!("\nmeasuring, about ten seconds"));
    }
    let size = if args.smoke { Size::SMOKE } else { Size::FULL };
    let samples = measure::all(size).map_err(Failure::error)?;
    let path = args.out.join("bench.png");
    Picture::of(&samples).write(&path).map_err(Failure::error)?;
    match args.json {
        true => cli::print(&object(&description, &verdict, &samples, &path)),
        false => {
            cli::say(format_args!("{}", table(&samples).trim_end()));
            cli::say(format_args!("\nhistograms: {}", path.display()));
        }
    }
    Ok(Exit::Ok)
}

/// What the machine is like to measure on.
fn verdict(root: &Path) -> Vec<Check> {
    let checks = machine::checks(root);
    let chosen = VERDICT.iter().filter_map(|name| checks.iter().find(|one| one.name == *name));
    let mut verdict: Vec<Check> = chosen.cloned().collect();
    verdict.push(hypervisor(machine::describe(root).is_virtual));
    verdict.push(load(fs::read_to_string(root.join("proc/loadavg")).ok()));
    verdict
}

fn hypervisor(is_virtual: bool) -> Check {
    Check {
        name: "hypervisor",
        state: if is_virtual { State::Missing } else { State::Ok },
        found: if is_virtual { "this machine is virtual" } else { "none" }.to_owned(),
        wanted: "none, or one that leaves cores alone".to_owned(),
        remedy: "take a dedicated or bare-metal instance; times here wander with its neighbours"
            .to_owned(),
    }
}

fn load(told: Option<String>) -> Check {
    let load = told.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    let (state, found) = match load {
        Some(load) if load <= LOAD_MAX => (State::Ok, format!("{load:.2}")),
        Some(load) => (State::Missing, format!("{load:.2}")),
        None => (State::Unknown, "/proc/loadavg cannot be read".to_owned()),
    };
    let wanted = format!("at most {LOAD_MAX} over the last minute");
    let remedy = "stop what else runs, wait a minute, and measure again".to_owned();
    Check { name: "load", state, found, wanted, remedy }
}

/// A state in a word.
const fn word(state: State) -> &'static str {
    match state {
        State::Ok => "ok",
        State::Missing => "warn",
        State::Unknown => "cannot tell",
    }
}

fn about(description: &Description, verdict: &[Check]) -> String {
    let Description { processor, cores, kernel, .. } = description;
    let mut out = format!("{cores} cores of {processor}, Linux {kernel}\n\n");
    for Check { name, state, found, wanted, remedy } in verdict {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{:<12}{name:<13} {found}", word(*state));
        if *state == State::Missing {
            let _ = writeln!(out, "{:12}  wanted  {wanted}", "");
            let _ = writeln!(out, "{:12}  do      {remedy}", "");
        }
    }
    out
}

fn table(samples: &[Sample]) -> String {
    let mut out = format!("{:<44}{:>10}{:>10}{:>10}\n", "", "p50", "p99", "max");
    for sample in samples {
        let figure = |share| sample.ns(share).map_or("-".to_owned(), span);
        let (p50, p99, max) = (figure(0.5), figure(0.99), figure(1.0));
        let _ = writeln!(out, "{:<44}{p50:>10}{p99:>10}{max:>10}", sample.what);
    }
    out
}

fn object(
    description: &Description,
    verdict: &[Check],
    samples: &[Sample],
    picture: &Path,
) -> Value {
    let figure = |ns: Option<f64>| ns.map(|ns| (ns * 100.0).round() / 100.0);
    let one = |sample: &Sample| {
        let figures = json!({
            "what": sample.what,
            "ns_p50": figure(sample.ns(0.5)),
            "ns_p99": figure(sample.ns(0.99)),
            "ns_max": figure(sample.ns(1.0)),
            "samples": sample.histogram.len(),
        });
        (sample.name.to_owned(), figures)
    };
    let judged = |check: &Check| {
        json!({
            "name": check.name,
            "state": word(check.state),
            "found": check.found,
            "wanted": check.wanted,
            "remedy": check.remedy,
        })
    };
    json!({
        "machine": description,
        "profile": if cfg!(debug_assertions) { "debug" } else { "release" },
        "verdict": verdict.iter().map(judged).collect::<Vec<_>>(),
        "stages": samples.iter().map(one).collect::<Map<String, Value>>(),
        "picture": picture,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_is_judged() {
        let state = |text: &str| load(Some(text.to_owned())).state;
        assert_eq!(state("0.20 0.30 0.10 1/100 5"), State::Ok);
        assert_eq!(state("3.20 0.30 0.10 1/100 5"), State::Missing);
        assert_eq!((state("?"), load(None).state), (State::Unknown, State::Unknown));
    }

    #[test]
    fn each_check_of_the_verdict_is_one_that_doctor_does() {
        let checks = machine::checks(Path::new("/"));
        for name in VERDICT {
            assert!(checks.iter().any(|check| check.name == name), "{name}");
        }
    }
}
