//! `peregrine ctl`: puts one command into a running engine's ring and waits for its answer.

use crate::cli::{self, CtlArgs, CtlOrder};
use crate::exit::{Exit, Failure};
use serde_json::json;
use shm::{Answer, Command, CommandError, CommandWriter, Kind, RegionError};
use std::time::{Duration, Instant};
use strategies::avellaneda_stoikov::Parameters;
use strategies::parameter::Table;

/// Pause between looks for the answer.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Sends, waits, reports.
pub fn run(args: &CtlArgs) -> Result<Exit, Failure> {
    let path = args.instance.path()?;
    let command = command(&args.order)?;
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
        CtlOrder::Set { assignment } => return Ok(Command::set(&numbered(assignment))?),
    }))
}

/// A value that has a name, such as `horizon=session`, by the number that commands carry.
fn numbered(assignment: &str) -> String {
    let Some((key, value)) = assignment.split_once('=') else { return assignment.to_owned() };
    let parameter = Parameters::by_key(key.trim());
    let names = parameter.map_or(&[][..], |parameter| parameter.names);
    match names.iter().position(|name| *name == value.trim()) {
        Some(number) => format!("{key}={number}"),
        None => assignment.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_have_names_are_sent_as_their_numbers() {
        assert_eq!(numbered("horizon=session"), "horizon=0");
        assert_eq!(numbered("kappa_estimated = true"), "kappa_estimated =1");
        assert_eq!(numbered("gamma=0.2"), "gamma=0.2");
        assert_eq!(numbered("horizon=never"), "horizon=never");
        assert_eq!(numbered("nonsense"), "nonsense");
    }
}
