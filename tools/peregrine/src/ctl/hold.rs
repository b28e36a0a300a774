//! `peregrine ctl hold`: one order to hold, a pair of which one ends the other, or a bracket.

use super::LOOK_EVERY;
use crate::cli::HoldArgs;
use crate::exit::Failure;
use engine::condition::Watched;
use engine::held::{Hold, Trigger};
use engine::id::{OrderId, Side};
use engine::num::{Grid, Price, Qty};
use shm::panel::InstrumentPanel;
use shm::{Command, Reader, RegionPath};
use std::time::{Duration, Instant};

/// Within which the engine shows what it holds.
const SHOWN_WITHIN: Duration = Duration::from_millis(500);
/// Why the engine did not take one.
pub(super) const NOT_TAKEN: &str = "the engine did not take it: its --number is taken, nothing of \
    the number that it is to come --after is held, no strategy trades its instrument, or 64 are \
    held already";
/// Numbers made from the clock end here, so that those of a bracket fit above.
const NUMBERS: u64 = 65_530;

/// What an engine shows of an order to hold.
#[derive(Clone, Copy, Default)]
pub(super) struct Shown {
    /// Whether it shows one of this number.
    is_there: bool,
    /// How many it has refused so far.
    refused: u64,
}

impl Shown {
    pub fn seen(path: &RegionPath, number: u16) -> Self {
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
    pub fn then_taken(self, path: &RegionPath, number: u16) -> bool {
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

/// The instrument as the engine shows it.
fn instrument(args: &HoldArgs, path: &RegionPath) -> Result<InstrumentPanel, Failure> {
    let snapshot = Reader::open(path)?.snapshot()?;
    let of = |panel: &&InstrumentPanel| panel.symbol.as_str() == args.instrument;
    let mut found = snapshot.instruments.iter().filter(of);
    match (found.next(), found.next()) {
        (Some(panel), None) => Ok(panel.clone()),
        (first, _) => {
            let known: Vec<&str> =
                snapshot.instruments.iter().map(|panel| panel.symbol.as_str()).collect();
            let what = if first.is_some() { "several instruments are" } else { "no instrument is" };
            Err(Failure::usage(format!(
                "{what} called {}; the engine has {}",
                args.instrument,
                known.join(", ")
            )))
        }
    }
}

/// What is asked for, by the grids of its instrument as the engine shows them.
pub(super) fn commands(args: &HoldArgs, path: &RegionPath) -> Result<Vec<Command>, Failure> {
    let panel = instrument(args, path)?;
    let holds = holds(args, (&panel.tick, &panel.lot))?;
    Ok(holds.into_iter().map(|hold| Command::hold(hold, panel.id)).collect())
}

fn holds(args: &HoldArgs, (tick, lot): (&Grid, &Grid)) -> Result<Vec<Hold>, Failure> {
    let price = |name: &str, text: &Option<String>| {
        text.as_deref().map(|text| number(name, text, tick)).transpose()
    };
    let triggers = [
        (Trigger::Stop, price("stop", &args.stop)?),
        (Trigger::TakeProfit, price("take-profit", &args.take_profit)?),
        (Trigger::Trailing, price("trailing", &args.trailing)?),
        (Trigger::TrailingShare, args.trailing_share.as_deref().map(share).transpose()?),
    ];
    // The stop last: by then its partner is there, and both go to the venue as a pair.
    let asked: Vec<(Trigger, i64)> =
        triggers.into_iter().rev().filter_map(|(trigger, at)| Some((trigger, at?))).collect();
    let pair = matches!(asked[..], [(Trigger::TakeProfit, _), (Trigger::Stop, _)]);
    if asked.len() > 1 && !pair || args.now && !(asked.is_empty() || pair) {
        return Err(Failure::usage(
            "of several, only --stop with --take-profit go together: a pair of which one ends the \
             other; with --now a bracket",
        ));
    }
    if pair && !args.now && args.limit.is_some() {
        return Err(Failure::usage(
            "--limit is that of one order: give the two of a pair one by one, with the same \
             --group",
        ));
    }
    let watched = Watched::ALL.iter().find(|(_, name)| *name == args.on);
    let first = args.number.unwrap_or((crate::monitor::now().as_ms() % NUMBERS) as u16 + 1);
    let side = if args.side == "buy" { Side::Buy } else { Side::Sell };
    let one = Hold {
        number: first,
        side,
        trigger: Trigger::Now,
        watched: watched.map_or(Watched::Last, |(watched, _)| *watched),
        price: Price(0),
        limit: price("limit", &args.limit)?.map(Price),
        qty: Qty(number("qty", &args.qty, lot)?),
        group: args.group,
        after: args.after,
        here: args.here,
    };
    let mut holds = Vec::new();
    if args.now {
        // It waits for those behind it, so that a venue that keeps brackets gets all at once.
        let group = if asked.is_empty() { one.group } else { 0 };
        holds.push(Hold { price: Price(asked.len() as i64), group, ..one });
    }
    let group = if pair && args.group == 0 { first } else { args.group };
    for (trigger, at) in asked {
        let hold = Hold { trigger, price: Price(at), group, ..one };
        let number = first.saturating_add(holds.len() as u16);
        holds.push(match args.now {
            false => Hold { number, ..hold },
            true => Hold { number, side: side.opposite(), after: first, limit: None, ..hold },
        });
    }
    Ok(holds)
}

fn number(name: &str, text: &str, grid: &Grid) -> Result<i64, Failure> {
    let steps = grid.parse(text.as_bytes()).ok().filter(|steps| *steps > 0);
    steps.ok_or_else(|| {
        let step = grid.decimal(1);
        Failure::usage(format!("--{name} {text}: a number above 0 in steps of {step}"))
    })
}

/// Percent, with or without its sign, as millionths.
fn share(text: &str) -> Result<i64, Failure> {
    let percent = Grid { decimals: 4, step: 1 };
    let ppm = percent.parse(text.trim_end_matches('%').as_bytes()).ok();
    ppm.filter(|ppm| (1..1_000_000).contains(ppm)).ok_or_else(|| {
        Failure::usage(format!("--trailing-share {text}: a share such as 0.5%, below 100%"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command as Asked, CtlOrder};
    use clap::Parser as _;

    fn said(words: &str) -> Result<String, String> {
        let all = "peregrine ctl hold --instrument BTCUSDT --qty 2 --number 7";
        let cli = Cli::try_parse_from(format!("{all} {words}").split(' ')).unwrap();
        let Asked::Ctl(args) = cli.command else { panic!("{words}") };
        let CtlOrder::Hold(order) = args.order else { panic!("{words}") };
        let grid = Grid { decimals: 0, step: 1 };
        let text = |hold: &Hold| {
            let Hold { number, side, trigger, price, group, after, .. } = hold;
            let limit = hold.limit.map_or(String::new(), |limit| format!(" limit {limit}"));
            format!("{number} {side:?} {} {price}{limit} {group}<{after}", trigger.name())
        };
        let holds = holds(&order, (&grid, &grid)).map_err(|error| error.to_string())?;
        Ok(holds.iter().map(text).collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn one_order_a_pair_or_a_bracket_is_asked_for_in_one_line() {
        assert_eq!(said("--side sell --stop 95").unwrap(), "7 Sell stop 95 0<0");
        assert_eq!(
            said("--side sell --stop 95 --take-profit 110").unwrap(),
            "7 Sell take-profit 110 7<0, 8 Sell stop 95 7<0"
        );
        assert_eq!(
            said("--side buy --now --limit 101 --stop 95 --take-profit 110 --group 2").unwrap(),
            "7 Buy entry 2 limit 101 0<0, 8 Sell take-profit 110 2<7, 9 Sell stop 95 2<7"
        );
        assert_eq!(
            said("--side sell --trailing-share 0.5%").unwrap(),
            "7 Sell trailing-share 5000 0<0"
        );
    }

    #[test]
    fn what_does_not_go_together_is_said() {
        for (words, why) in [
            ("--side sell --stop 95 --trailing 5", "only --stop with --take-profit"),
            ("--side buy --now --stop 95", "only --stop with --take-profit"),
            ("--side sell --stop 95 --take-profit 110 --limit 9", "one by one"),
            ("--side sell --trailing-share 100%", "below 100%"),
            ("--side sell --stop 0", "above 0"),
        ] {
            let error = said(words).unwrap_err();
            assert!(error.contains(why), "{words}: {error}");
        }
    }
}
