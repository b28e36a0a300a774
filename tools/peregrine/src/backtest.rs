//! `peregrine backtest`: trades on recorded markets as a configuration says, with the engine,
//! strategies and risk gate that trade live and the venues simulated; measures what came of it.

pub mod args;
pub(crate) mod instant;
mod keep;
mod like;
mod market;
mod setup;
mod verdict;
mod warnings;

use crate::bar::Bar;
use crate::config::{Config, JournalSync, Mode};
use crate::exit::{Exit, Failure};
use crate::print;
use crate::replay::spent_s;
use args::BacktestArgs;
use engine::time::Nanos;
use keep::Folder;
use like::Like;
use market::Markets;
use research::backtest::{About, Backtest, Keep, Merged, Others, Rhythm, TapePorts, Unkept};
use research::report::Drawing;
use research::run::Witness;
use research::run::divergence::Fills;
use research::session::Shown;
use setup::Setup;
use venues::sim::Rules;
use verdict::{Ran, Verdict};

/// Between two looks at how things stand.
const LOOK_EVERY: Nanos = Nanos::from_s(1);
/// How long a snapshot takes that the engine asks for.
const RESYNC_AFTER: Nanos = Nanos::from_ms(200);

/// What is seen of it while it runs.
const FORM: &str = "{bar:30} {percent:>3} %  {events_per_s}  {msg}  {eta} left";

/// Runs it.
pub fn run(args: &BacktestArgs) -> Result<Exit, Failure> {
    let like = Like::read(args)?;
    let args = like.as_ref().map_or_else(|| args.clone(), |like| like.window(args));
    let mut config = simulated(Config::load(&args.config)?, &args);
    let mut markets = Markets::open(&config, &args)?;
    if let Some(like) = &like {
        like.settle(&mut config, &markets)?;
    }
    let shown = like.as_ref().map_or_else(Shown::default, |like| like.shown(&markets));
    let setup = Setup::new(&config, &mut markets)?;
    let bar = Bar::new(FORM, args.json);
    let around = (&config, &markets, shown);
    let mut told = (Drawing::default(), Fills::default());
    let versus = |fills: &Fills| like.as_ref().map(|like| like.versus(fills)).transpose();
    let (mut ran, versus, files) = match &args.out {
        None => {
            let (ran, _) = go(setup, around, (Unkept, &mut told), &bar)?;
            (ran, versus(&told.1)?, Vec::new())
        }
        Some(folder) => {
            let folder = Folder::create(folder)?;
            let journal = folder.journal(&config, &setup, &markets)?;
            let mut both = (told, folder.recorder()?);
            let (ran, journal) = go(setup, around, (journal, &mut both), &bar)?;
            journal.end().map_err(Failure::error)?;
            let recorder = both.1;
            told = both.0;
            let versus = versus(&told.1)?;
            let compared = versus.as_ref().map(|(found, name)| (found, name.as_str()));
            let files = folder.finish(recorder, &told.0, compared)?;
            (ran, versus, files)
        }
    };
    drop(bar);
    ran.warnings.extend(warnings::early(&markets)?);
    let (drawing, files) = (&told.0, files.as_slice());
    let versus = versus.as_ref();
    Verdict { ran, drawing, versus, files, seed: args.seed }.tell(args.json)?;
    Ok(Exit::Ok)
}

/// The configuration as the flags change it.
fn simulated(mut config: Config, args: &BacktestArgs) -> Config {
    // Its venues are simulated, whatever the file trades.
    config.mode = Mode::Paper;
    // What a cut in power takes can be made again.
    config.journal.sync = JournalSync::Off;
    for venue in config.paper.each() {
        venue.seed = args.seed.unwrap_or(venue.seed);
        if args.compat.is_some() {
            venue.rules = Rules::Hftbacktest { partial: false };
        }
    }
    config
}

/// Runs without a word or a file, for those who run many: the witness is all that remains. A share
/// of the trades, drawn by its seed, passes our orders by.
pub(crate) fn measure<W: Witness>(
    config: Config,
    args: &BacktestArgs,
    missed: (f64, u64),
    witness: &mut W,
) -> Result<(), Failure> {
    let config = simulated(config, args);
    let mut markets = Markets::open(&config, args)?;
    markets.missed = missed;
    let setup = Setup::new(&config, &mut markets)?;
    let bar = Bar::new(FORM, true);
    go(setup, (&config, &markets, Shown::default()), (Unkept, witness), &bar).map(|_| ())
}

/// A moment to the second.
fn second(at: Nanos) -> String {
    print::Utc(Nanos(at.0 / 1_000_000_000 * 1_000_000_000)).to_string()
}

/// From the first row to the last.
fn go<K: Keep, W: Witness>(
    setup: Setup,
    (config, markets, shown): (&Config, &Markets, Shown),
    (keep, witness): (K, &mut W),
    bar: &Bar,
) -> Result<(Ran, K), Failure> {
    let Setup { engine, venues, balances, began, epoch } = setup;
    let rhythm = Rhythm {
        began,
        timer_every: config.engine.timer,
        resync_after: RESYNC_AFTER,
        epoch,
        config_hash: config.hash(),
        feeds: config.venues.len(),
        instruments: markets.terms.instruments.len(),
    };
    let received = Merged::new(markets.received(began)?);
    let happened = Others::new(Merged::new(markets.happened(began)?), shown);
    let ports = TapePorts::new((received, happened), (venues, keep), rhythm);
    let mut backtest = Backtest { engine, ports };
    let before = spent_s();
    let about = About {
        witness,
        meta: markets.meta(config),
        balances: &balances,
        look_every: LOOK_EVERY,
        sign: &mut |rows, at| bar.show(rows, markets.rows(), second(at)),
    };
    let came = backtest.run(about).map_err(Failure::error)?;
    let took_s = spent_s() - before;
    let halt = backtest.engine.halt();
    let refused: u64 = backtest.engine.desks.iter().map(|desk| desk.counters.venue_rejects).sum();
    let warnings = warnings::idle(&backtest.engine, &came, markets).into_iter().collect();
    let (venues, keep) = backtest.ports.into_parts();
    let ran = Ran { came, took_s, halt, refused, venues, warnings };
    Ok((ran, keep))
}
