//! A backtest's cost of a row of the market beside hftbacktest's, on the recorded USDⓈ-M stream,
//! in the same run and by turns: nothing traded, one quote a side, and a grid of eight a side, each
//! looked at anew every 100 ms.
//!
//! Both take rows that are decoded already; a row is one of theirs, which they apply to two books
//! (the venue's and ours), as we do. Processor time of the thread, not wall time. Before anything
//! is timed, the fills of both are compared one by one, by their rules; then what each of our rules
//! changes is counted. `--test` does that much and no more.

#[path = "backtest/feed.rs"]
mod feed;
#[path = "backtest/grid.rs"]
mod grid;
#[path = "backtest/ours.rs"]
mod ours;
#[path = "backtest/theirs.rs"]
mod theirs;

use benches::recorded::Failed;
use benches::stage::{Against, Bar, Row, Stage, median};
use engine::event::Event;
use engine::id::{AssetId, InstrumentId};
use engine::instrument::{Instrument, Kind, Symbol};
use engine::num::Grid as Steps;
use engine::risk::Refusal;
use engine::time::Nanos;
use grid::Grid;
use hftbacktest::types::Event as Theirs;
use research::backtest::by_venue;
use research::run::Nobody;
use rustix::time::{ClockId, clock_gettime};
use theirs::Terms;
use venues::sim::Rules;

const NAME: &str = "usdm/btcusdt_20240808.gz";
const RIVAL: &str = "hftbacktest";
const ROUNDS: usize = 15;

/// What is raced: a name, and the shape of the grid.
const RACES: [(&str, Grid); 3] = [
    ("replay only", Grid { levels: 0, half: 1, step: 1, lots: 1 }),
    ("1+1 quotes", Grid { levels: 1, half: 2, step: 1, lots: 10 }),
    ("8+8 quotes", Grid { levels: 8, half: 2, step: 2, lots: 10 }),
];

/// Processor time of this thread so far, ns.
fn spent() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

fn instrument() -> Option<Instrument> {
    let grids = (Steps { decimals: 1, step: 1 }, Steps { decimals: 3, step: 1 });
    let symbol = Symbol::new("BTCUSDT")?;
    let spot = Instrument::new(InstrumentId(0), symbol, (AssetId(0), AssetId(1)), grids);
    Some(Instrument { kind: Kind::Linear, ..spot })
}

/// The market in both forms.
struct Market {
    instrument: Instrument,
    received: Vec<Event>,
    by_venue: Vec<(Nanos, u32)>,
    theirs: Vec<Theirs>,
    terms: Terms,
}

impl Market {
    fn read() -> Option<Self> {
        let instrument = instrument()?;
        let received = feed::rows(NAME, instrument);
        let theirs = feed::theirs(&received, &instrument);
        let near = theirs.first()?.px;
        let steps = (instrument.tick.step_f64(), instrument.lot.step_f64());
        let terms = Terms { steps, near, entry: 5_000_000, response: 5_000_000, power: 2.0 };
        Some(Self { by_venue: by_venue(&received), instrument, received, theirs, terms })
    }

    /// ns of all rows with us.
    fn ours(&self, grid: &Grid) -> Result<f64, Failed> {
        let rows = (self.received.as_slice(), self.by_venue.as_slice());
        let mut run = ours::build(rows, self.instrument, (grid, &self.terms, Rules::Own));
        let before = spent();
        ours::run(&mut run, &mut Nobody)?;
        Ok(spent() - before)
    }

    /// ns of all rows with them.
    fn theirs(&self, grid: &Grid) -> Result<f64, Failed> {
        let mut bot = theirs::build(&self.theirs, &self.terms).ok_or("their backtest")?;
        let before = spent();
        theirs::run(&mut bot, grid, &self.terms);
        Ok(spent() - before)
    }
}

/// Fills of both by their rules, one by one: when, which side, at which price.
fn compare(market: &Market, (name, grid): (&str, &Grid)) -> Result<(), Failed> {
    let ours = fills(market, grid, Rules::Hftbacktest { partial: false })?;
    let mut bot = theirs::build(&market.theirs, &market.terms).ok_or("their backtest")?;
    let theirs::Came { fills: theirs, sent, refused } = theirs::run(&mut bot, grid, &market.terms);
    let same = ours.all.iter().zip(&theirs).take_while(|(one, two)| one == two).count();
    println!(
        "backtest/{name}: {} rows; by their rules {} fills of {} requests ({} kept back), \
         theirs {} of {sent} ({refused})",
        market.theirs.len(),
        ours.all.len(),
        ours.sent,
        ours.refused,
        theirs.len(),
    );
    if ours.all != theirs || ours.sent != sent || ours.refused != refused {
        let next = |all: &[theirs::Fill]| format!("{:?}", all.get(same..all.len().min(same + 4)));
        let (ours, theirs) = (next(&ours.all), next(&theirs));
        return Err(
            format!("fills differ from the {same}th on: ours {ours} theirs {theirs}").into()
        );
    }
    if grid.levels > 0 && theirs.len() < 10 {
        return Err(format!("too few fills to compare: {}", theirs.len()).into());
    }
    let own = fills(market, grid, Rules::Own)?;
    let counts = own.counts.rows().filter(|(_, count)| *count > 0);
    let counts: Vec<String> = counts.map(|(name, count)| format!("{name} {count}")).collect();
    println!("  by our own rules {} fills: {}", own.all.len(), counts.join(", "));
    Ok(())
}

/// Our fills by these rules, in order of time.
fn fills(market: &Market, grid: &Grid, rules: Rules) -> Result<ours::Fills, Failed> {
    let rows = (market.received.as_slice(), market.by_venue.as_slice());
    let mut run = ours::build(rows, market.instrument, (grid, &market.terms, rules));
    let mut fills = ours::Fills::new(market.terms.steps.0);
    fills.sent = ours::run(&mut run, &mut fills)?.sent;
    fills.all.sort_by_key(|(at, side, price)| (*at, side.index(), *price));
    let many = |why: Refusal| -> u64 {
        run.engine.desks.iter().map(|desk| desk.gate.refusals()[why.index()]).sum()
    };
    fills.refused = many(Refusal::SelfCross);
    let refused = Refusal::ALL.iter().filter(|(why, _)| *why != Refusal::SelfCross);
    let refused = refused.map(|(why, name)| (many(*why), name)).filter(|(many, _)| *many > 0);
    let refused: Vec<String> = refused.map(|(many, name)| format!("{many} {name}")).collect();
    if !refused.is_empty() {
        let refused = refused.join(", ");
        return Err(format!("our risk gate refused orders that they send: {refused}").into());
    }
    fills.counts = run.ports.venues().counts();
    Ok(fills)
}

fn race(stage: &mut Stage, market: &Market, (name, grid): (&str, &Grid)) -> Result<(), Failed> {
    compare(market, (name, grid))?;
    if stage.smoke() {
        return Ok(());
    }
    let rows = market.theirs.len() as f64;
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (one, two) = if round % 2 == 0 {
            let one = market.ours(grid)?;
            (one, market.theirs(grid)?)
        } else {
            let two = market.theirs(grid)?;
            (market.ours(grid)?, two)
        };
        ours.push(one / rows);
        theirs.push(two / rows);
        ratios.push(two / one);
    }
    let against = Against { name: RIVAL.to_owned(), ns: median(theirs), ratio: median(ratios) };
    let row = Row {
        against: vec![against],
        bar: Bar::times(2.0, RIVAL),
        ..Row::new("backtest", name, median(ours))
    };
    stage.keep(row);
    Ok(())
}

fn main() -> Result<(), Failed> {
    let mut stage = Stage::new("backtest");
    let Some(market) = Market::read() else {
        println!("backtest: skipped: no recording at ../shared/data/{NAME}");
        return Ok(());
    };
    for (name, grid) in &RACES {
        race(&mut stage, &market, (name, grid))?;
    }
    stage.finish();
    Ok(())
}
