//! `peregrine ctl`: puts one command into a running engine's ring and waits for its answer.

use crate::cli::{self, CtlArgs, CtlOrder};
use crate::exit::{Exit, Failure};
use serde_json::json;
use shm::{Answer, Command, CommandError, CommandWriter, Kind, Reader, RegionError, RegionPath};
use std::time::{Duration, Instant};

/// Pause between looks for the answer.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Sends, waits, reports.
pub fn run(args: &CtlArgs) -> Result<Exit, Failure> {
    let path = args.instance.path()?;
    let mut command = command(&args.order)?;
    if let Some(symbol) = &args.instrument {
        command = on_instrument(command, symbol, &path)?;
    }
    let mut writer = CommandWriter::open(&path)?;
    let until = Instant::now() + Duration::from_millis(args.timeout_ms);
    let mut go_on = || {
        std::thread::sleep(LOOK_EVERY);
        Instant::now() < until
    };
    let sequence = writer.send(&command, &mut go_on)?;
    let answer = match writer.wait(sequence, &mut go_on) {
        // An engine that was told to stop may be gone before it is asked whether it heard.
        Err(CommandError::Region(RegionError::OwnerGone { .. })) if command.kind == Kind::Stop => {
            Answer::Applied
        }
        other => other?,
    };
    let exit = if answer == Answer::Applied { Exit::Ok } else { Exit::Error };
    let kind = command.kind.as_str();
    if args.json {
        let answer = answer.as_str();
        cli::print(&json!({ "command": kind, "sequence": sequence, "answer": answer }));
    } else if answer == Answer::Applied {
        crate::cli::say(format_args!("{}: {kind} is in force", args.instance.name));
    } else {
        crate::cli::complain(format_args!(
            "peregrine: {} refused {kind}: {answer}",
            args.instance.name
        ));
    }
    Ok(exit)
}

fn command(order: &CtlOrder) -> Result<Command, Failure> {
    Ok(Command::new(match order {
        CtlOrder::Pause => Kind::Pause,
        CtlOrder::Resume => Kind::Resume,
        CtlOrder::CancelAll => Kind::CancelAll,
        CtlOrder::Flatten => Kind::Flatten,
        CtlOrder::Kill => Kind::Kill,
        CtlOrder::Stop => Kind::Stop,
        CtlOrder::Set { assignment } => return Ok(Command::set(assignment)?),
    }))
}

fn on_instrument(command: Command, symbol: &str, path: &RegionPath) -> Result<Command, Failure> {
    let snapshot = Reader::open(path)?.snapshot()?;
    let found = snapshot.instruments.iter().find(|panel| panel.symbol.as_str() == symbol);
    match found {
        Some(panel) => Ok(command.on(panel.id)),
        None => {
            let known: Vec<&str> =
                snapshot.instruments.iter().map(|panel| panel.symbol.as_str()).collect();
            let known = known.join(", ");
            Err(Failure::usage(format!("{symbol} is not traded by {}: {known}", path.name())))
        }
    }
}
