//! `peregrine ctl`: puts one command into a running engine's ring and waits for its answer.

use crate::cli::{self, CtlArgs, CtlOrder, HoldArgs};
use crate::exit::{Exit, Failure};
use engine::condition::Watched;
use engine::held::{Hold, Trigger};
use engine::id::{OrderId, Side};
use engine::num::{Grid, Price, Qty};
use serde_json::json;
use shm::panel::InstrumentPanel;
use shm::{
    Answer, Command, CommandError, CommandWriter, Key, Kind, Reader, RegionError, RegionPath,
};
use std::time::{Duration, Instant};
use strategies::any::{Listed, STRATEGIES};

/// Pause between looks for the answer.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Within which the engine shows what it holds.
const SHOWN_WITHIN: Duration = Duration::from_millis(500);

/// Sends, waits, reports.
pub fn run(args: &CtlArgs) -> Result<Exit, Failure> {
    let path = args.instance.path()?;
    let command = command(&args.order, &path)?;
    let mut writer = CommandWriter::open(&path)?;
    let before = command.hold.map(|hold| Held::seen(&path, hold.number));
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
    let taken = |(hold, before): (Hold, Held)| before.then_taken(&path, hold.number);
    if answer == Answer::Applied && command.hold.zip(before).is_some_and(|both| !taken(both)) {
        return Err(Failure::error(
            "the engine did not take it: its --number is taken, nothing of the number that it is \
             to come --after is held, no strategy trades its instrument, or 64 are held already",
        ));
    }
    let exit = if answer == Answer::Applied { Exit::Ok } else { Exit::Error };
    let kind = command.kind.as_str();
    if args.json {
        let answer = answer.as_str();
        let mut told = json!({ "command": kind, "sequence": sequence, "answer": answer });
        if let Some(hold) = command.hold {
            told["number"] = hold.number.into();
        }
        cli::print(&told);
    } else if answer == Answer::Applied {
        let number = command.hold.map_or(String::new(), |hold| format!(" {}", hold.number));
        crate::cli::say(format_args!("{}: {kind}{number} is in force", args.instance.name));
    } else {
        crate::cli::complain(format_args!(
            "peregrine: {} refused {kind}: {answer}",
            args.instance.name
        ));
    }
    Ok(exit)
}

/// What an engine shows of an order to hold.
#[derive(Clone, Copy, Default)]
struct Held {
    /// Whether it shows one of this number.
    is_there: bool,
    /// How many it has refused so far.
    refused: u64,
}

impl Held {
    fn seen(path: &RegionPath, number: u16) -> Self {
        let Ok(seen) = Reader::open(path).and_then(|reader| reader.snapshot()) else {
            return Self::default();
        };
        let id = OrderId::new(0, u32::from(number));
        let orders = seen.orders.iter().flat_map(|panel| panel.orders.iter());
        let counters = seen.counters.iter().flat_map(|panel| panel.counters.iter());
        let refused = counters.filter(|one| one.name.as_str() == "holds_refused");
        Self {
            is_there: orders.map(|order| order.id).any(|one| one == id),
            refused: refused.map(|one| one.count).sum(),
        }
    }

    /// Whether one that was sent after this was taken: it is shown, and no refusal is. What is over
    /// at once shows neither, and was taken.
    fn then_taken(self, path: &RegionPath, number: u16) -> bool {
        let until = Instant::now() + SHOWN_WITHIN;
        while !self.is_there && Instant::now() < until {
            let now = Self::seen(path, number);
            if now.is_there || now.refused > self.refused {
                return now.is_there;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        !self.is_there
    }
}

fn command(order: &CtlOrder, path: &RegionPath) -> Result<Command, Failure> {
    Ok(Command::new(match order {
        CtlOrder::Pause => Kind::Pause,
        CtlOrder::Resume => Kind::Resume,
        CtlOrder::CancelAll => Kind::CancelAll,
        CtlOrder::Flatten => Kind::Flatten,
        CtlOrder::Kill => Kind::Kill,
        CtlOrder::Stop => Kind::Stop,
        CtlOrder::Hold(hold) => return held(hold, path),
        CtlOrder::Release { number } => return Ok(Command::release(number.unwrap_or(0))),
        CtlOrder::Set { assignment } => return set(&numbered(assignment)),
    }))
}

/// An order to hold, by the grids of its instrument as the engine shows them.
fn held(args: &HoldArgs, path: &RegionPath) -> Result<Command, Failure> {
    let snapshot = Reader::open(path)?.snapshot()?;
    let of = |panel: &&InstrumentPanel| panel.symbol.as_str() == args.instrument;
    let mut found = snapshot.instruments.iter().filter(of);
    let (first, second) = (found.next(), found.next());
    let (Some(panel), None) = (first, second) else {
        let known: Vec<&str> =
            snapshot.instruments.iter().map(|panel| panel.symbol.as_str()).collect();
        let what = if first.is_some() { "several instruments are" } else { "no instrument is" };
        return Err(Failure::usage(format!(
            "{what} called {}; the engine has {}",
            args.instrument,
            known.join(", ")
        )));
    };
    let number = |name: &str, text: &str, grid: &Grid| {
        let steps = grid.parse(text.as_bytes()).ok().filter(|steps| *steps > 0);
        steps.ok_or_else(|| {
            let step = grid.decimal(1);
            Failure::usage(format!("--{name} {text}: a number above 0 in steps of {step}"))
        })
    };
    let price = |name: &str, text: &Option<String>| {
        text.as_deref().map(|text| number(name, text, &panel.tick)).transpose()
    };
    let triggers = [
        (Trigger::Stop, price("stop", &args.stop)?),
        (Trigger::TakeProfit, price("take-profit", &args.take_profit)?),
        (Trigger::Trailing, price("trailing", &args.trailing)?),
    ];
    let fires = triggers.into_iter().find_map(|(trigger, at)| Some((trigger, at?)));
    let (trigger, at) = fires.unwrap_or((Trigger::Now, 0));
    let watched = Watched::ALL.iter().find(|(_, name)| *name == args.on);
    let clock = (crate::monitor::now().as_ms() % 65_535) as u16 + 1;
    let hold = Hold {
        number: args.number.unwrap_or(clock),
        side: if args.side == "buy" { Side::Buy } else { Side::Sell },
        trigger,
        watched: watched.map_or(Watched::Last, |(watched, _)| *watched),
        price: Price(at),
        limit: price("limit", &args.limit)?.map(Price),
        qty: Qty(number("qty", &args.qty, &panel.lot)?),
        group: args.group,
        after: args.after,
        here: args.here,
    };
    Ok(Command::hold(hold, panel.id))
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
