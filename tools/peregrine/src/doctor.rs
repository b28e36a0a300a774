//! `peregrine doctor`: what this machine lacks for low latency, and what to do about it. It
//! changes nothing. Every check stands in `config/TUNING.md` under its name.

mod jitter;

use crate::cli::{self, DoctorArgs};
use crate::config::{Config, Layout};
use crate::exit::{Exit, Failure};
use crate::logging;
use crate::machine::{self, Check, Description, Pinned, State, Wishes};
use crate::session;
use clap::builder::styling::{AnsiColor, Style};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Where each check is explained.
const GUIDE: &str = "config/TUNING.md";
/// Width of the longest name of a check.
const NAME_WIDTH: usize = 16;

/// Looks, and prints. Something missing gives [`Exit::Untuned`]; what cannot be told does not.
pub fn run(args: &DoctorArgs) -> Result<Exit, Failure> {
    let config = args.config.as_deref().map(Config::load).transpose()?;
    let description = machine::describe(&args.root);
    let count = machine::usable_cores(&args.root).unwrap_or(description.cores);
    let wishes = config.map(|config| wishes(&config, count));
    let mut checks = match &wishes {
        Some(wishes) => machine::checks_for(&args.root, wishes),
        None => machine::checks(&args.root),
    };
    if let Some(seconds) = args.jitter {
        let cores = machine::hot_cores(&args.root, wishes.as_ref());
        checks.push(jitter::check(&args.root, &cores, seconds));
    }
    match args.json {
        true => cli::print(&object(&description, &checks)),
        false => {
            let text = render(&description, &checks, logging::colour_on_stdout());
            cli::say(format_args!("{}", text.trim_end()));
        }
    }
    Ok(match tally(&checks, State::Missing) {
        0 => Exit::Ok,
        _ => Exit::Untuned,
    })
}

/// What a configuration wants of a machine with this many cores.
pub fn wishes(config: &Config, count: usize) -> Wishes {
    let cores = session::cores(config, count);
    let engine = Pinned { thread: "engine", core: cores.engine, is_hot: true };
    let io = Pinned { thread: "io", core: cores.io, is_hot: true };
    let cold = Pinned { thread: "cold", core: cores.cold, is_hot: false };
    let threads = match config.engine.layout.on(count) {
        Layout::Inline => vec![engine, cold],
        _ => vec![engine, io, cold],
    };
    let engine = &config.engine;
    Wishes { threads, wait: engine.wait.name(), lock_memory: engine.lock_memory }
}

fn tally(checks: &[Check], state: State) -> usize {
    checks.iter().filter(|check| check.state == state).count()
}

/// All of it as one JSON object.
fn object(description: &Description, checks: &[Check]) -> Value {
    json!({
        "machine": description,
        "guide": GUIDE,
        "ok": tally(checks, State::Ok),
        "missing": tally(checks, State::Missing),
        "unknown": tally(checks, State::Unknown),
        "checks": checks,
    })
}

/// A state's word, and its colour.
const fn word(state: State) -> (&'static str, AnsiColor) {
    match state {
        State::Ok => ("ok", AnsiColor::Green),
        State::Missing => ("missing", AnsiColor::Red),
        State::Unknown => ("cannot tell", AnsiColor::Yellow),
    }
}

/// All of it for people.
pub fn render(description: &Description, checks: &[Check], colour: bool) -> String {
    let Description { processor, cores, kernel, is_virtual } = description;
    let below = if *is_virtual { ", on a hypervisor" } else { "" };
    let mut out = format!("{cores} cores of {processor}, Linux {kernel}{below}\n\n");
    for check in checks {
        let (word, hue) = word(check.state);
        let style = if colour { hue.on_default().bold() } else { Style::new() };
        // Writing to a string cannot fail.
        let _ = write!(out, "{style}{word:<12}{style:#}");
        let _ = writeln!(out, "{:<NAME_WIDTH$} {}", check.name, check.found);
        if check.state != State::Ok {
            let _ = writeln!(out, "{:12}  wanted  {}", "", check.wanted);
            let _ = writeln!(out, "{:12}  do      {}", "", check.remedy);
            let _ = writeln!(out, "{:12}  see     {GUIDE}#{}", "", check.name);
        }
    }
    let counted = |state| tally(checks, state);
    let _ = writeln!(
        out,
        "\n{} ok, {} missing, {} cannot be told",
        counted(State::Ok),
        counted(State::Missing),
        counted(State::Unknown)
    );
    out
}
