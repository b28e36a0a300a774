//! `peregrine ctl`: puts one command into a running engine's ring and waits for its answer.

mod hold;

use crate::cli::{self, CtlArgs, CtlOrder};
use crate::exit::{Exit, Failure};
use crate::shadow::{LIVE, SIMULATED};
use serde_json::json;
use shm::panel::ShadowsPanel;
use shm::{Answer, Command, CommandError, CommandWriter, Key, Kind, Reader, RegionError};
use std::time::{Duration, Instant};
use strategies::any::{Listed, STRATEGIES};

/// Pause between looks for the answer.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Sends, waits, reports.
pub fn run(args: &CtlArgs) -> Result<Exit, Failure> {
    let path = args.instance.path()?;
    let commands = match &args.order {
        CtlOrder::Hold(order) => hold::commands(order, &path)?,
        order => vec![command(order)?],
    };
    let mut writer = CommandWriter::open(&path)?;
    let mut taken = Vec::new();
    for command in &commands {
        let before = command.hold.map(|hold| hold::Shown::seen(&path, hold.number));
        let (sequence, answer) = send(&mut writer, command, args.timeout_ms)?;
        let is_taken = command
            .hold
            .zip(before)
            .is_none_or(|(hold, before)| before.then_taken(&path, hold.number));
        if answer == Answer::Applied && !is_taken {
            // All of it or nothing.
            for number in taken {
                send(&mut writer, &Command::release(number), args.timeout_ms)?;
            }
            return Err(Failure::error(hold::NOT_TAKEN));
        }
        taken.extend(command.hold.map(|hold| hold.number));
        if answer != Answer::Applied || command == &commands[commands.len() - 1] {
            return Ok(report(args, command, (sequence, answer), &taken));
        }
    }
    Ok(Exit::Ok)
}

/// Sends one command; its number and the engine's answer.
fn send(
    writer: &mut CommandWriter,
    command: &Command,
    timeout_ms: u64,
) -> Result<(u64, Answer), Failure> {
    let until = Instant::now() + Duration::from_millis(timeout_ms);
    let mut go_on = || {
        std::thread::sleep(LOOK_EVERY);
        Instant::now() < until
    };
    let sequence = writer.send(command, &mut go_on)?;
    let answer = match writer.wait(sequence, &mut go_on) {
        // An engine that was told to stop may be gone before it is asked whether it heard.
        Err(CommandError::Region(RegionError::OwnerGone { .. })) if command.kind == Kind::Stop => {
            Answer::Applied
        }
        other => other?,
    };
    Ok((sequence, answer))
}

/// Says what the engine answered; of several orders to hold what it answered to the last.
fn report(
    args: &CtlArgs,
    command: &Command,
    (sequence, answer): (u64, Answer),
    numbers: &[u16],
) -> Exit {
    let kind = command.kind.as_str();
    if args.json {
        let answer = answer.as_str();
        let mut told = json!({ "command": kind, "sequence": sequence, "answer": answer });
        if let Some(first) = numbers.first() {
            told["number"] = (*first).into();
            told["numbers"] = numbers.into();
        }
        cli::print(&told);
    } else if answer == Answer::Applied {
        let numbers: String = numbers.iter().map(|number| format!(" {number}")).collect();
        crate::cli::say(format_args!("{}: {kind}{numbers} is in force", args.instance.name));
    } else {
        crate::cli::complain(format_args!(
            "peregrine: {} refused {kind}: {answer}",
            args.instance.name
        ));
    }
    if answer == Answer::UnknownShadow
        && let Some(known) = shadows(args)
    {
        crate::cli::complain(format_args!("it has {known}"));
    }
    if answer == Answer::Applied { Exit::Ok } else { Exit::Error }
}

/// The shadows of the engine, as it shows them.
fn shadows(args: &CtlArgs) -> Option<String> {
    let path = args.instance.path().ok()?;
    let panel: ShadowsPanel = Reader::open(&path).ok()?.read(0).ok()??;
    let shown = panel.variants.iter().map(|one| one.name.as_str());
    let names: Vec<&str> = shown.filter(|name| ![LIVE, SIMULATED].contains(name)).collect();
    Some(if names.is_empty() { "none".to_owned() } else { names.join(", ") })
}

fn command(order: &CtlOrder) -> Result<Command, Failure> {
    Ok(Command::new(match order {
        CtlOrder::Pause => Kind::Pause,
        CtlOrder::Resume => Kind::Resume,
        CtlOrder::CancelAll => Kind::CancelAll,
        CtlOrder::Flatten => Kind::Flatten,
        CtlOrder::Kill => Kind::Kill,
        CtlOrder::Stop => Kind::Stop,
        CtlOrder::Hold(_) => Kind::Hold,
        CtlOrder::Release { number } => return Ok(Command::release(number.unwrap_or(0))),
        CtlOrder::Promote { name } => return Ok(Command::promote(name)?),
        CtlOrder::Set { assignment } => return set(&numbered(assignment)),
    }))
}

/// A parameter that is named with its strategy goes by its number: names of both would be too long.
fn set(assignment: &str) -> Result<Command, Failure> {
    let (key, value) = assignment.split_once('=').unwrap_or((assignment, ""));
    let Some((of, name)) = key.trim().split_once('.') else { return Ok(Command::set(assignment)?) };
    let found = Listed::by_name(of).and_then(|listed| Some((listed, listed.parameter(name)?)));
    let (listed, parameter) = found
        .ok_or_else(|| Failure::usage(format!("no strategy has a parameter `{}`", key.trim())))?;
    let mut command = Command::set(&format!("{name}={value}"))?;
    command.set = command.set.map(|(_, value)| (Key::Id(listed.key(parameter)), value));
    Ok(command)
}

/// A value that has a name, such as `horizon=session`, by the number that commands carry. The
/// parameter may be named with its strategy before it: `avellaneda-stoikov.horizon=session`.
fn numbered(assignment: &str) -> String {
    let Some((key, value)) = assignment.split_once('=') else { return assignment.to_owned() };
    let name = key.trim();
    let (of, name) = name.split_once('.').map_or((None, name), |(of, name)| (Some(of), name));
    let meant = STRATEGIES.iter().filter(|listed| of.is_none_or(|of| listed.name == of));
    let mut names = meant.filter_map(|listed| Some(listed.parameter(name)?.names));
    let number = names.find_map(|names| names.iter().position(|name| *name == value.trim()));
    match number {
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
        assert_eq!(numbered("avellaneda-stoikov.horizon=session"), "avellaneda-stoikov.horizon=0");
    }

    #[test]
    fn a_parameter_with_its_strategy_goes_by_number() {
        let command = set("market-making.levels=3").unwrap();
        let (listed, id) = match command.set {
            Some((Key::Id(id), _)) => (Listed::of_key(id).unwrap(), id),
            other => panic!("{other:?}"),
        };
        assert_eq!((listed.0.name, listed.1.key), ("market-making", "levels"), "{id}");
        assert!(set("market-making.gamma=3").is_err());
        assert!(matches!(set("gamma=3").unwrap().set, Some((Key::Name(_), _))));
    }
}
