//! `peregrine import`: recordings, dumps and journals become a tape, with a report of what is wrong
//! in them and a bar that shows how far it is.

use crate::bar::Bar;
use crate::cli;
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::unfinished::Unfinished;
use clap::Args;
use engine::instrument::{Fees, Kind};
use engine::num::{AMOUNT_DECIMALS, Notional, parse_decimal};
use research::import::{
    Facts, ImportError, Input, Known, Mapping, Origin, Report, Request, import,
};
use research::tape::TapeWriter;
use std::path::{Path, PathBuf};

/// The least latency that `--clock shift` leaves, µs.
const LEAST_US: u32 = 1_000;

/// Flags of `import`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  peregrine import recorded/ --out day.tape
  peregrine import btcusdt_20240808.gz --out day.tape --clock shift
  peregrine import out/ --out session.tape --venue binance            a journal
  peregrine import btcusdt.npz --out day.tape --symbol BTCUSDT --tick 0.1 --lot 0.001
  peregrine import BTCUSDT-trades-2024-08-08.zip BTCUSDT-bookTicker-2024-08-08.zip --out day.tape
  peregrine import binance:BTCUSDT=mine.csv --map time=ts,price=px,qty=size,side=side --out my.tape
Several inputs become one tape, merged by the time of receipt. Steps that nobody says are taken from
the numbers, and the report says so. After an error there is no tape.")]
pub struct ImportArgs {
    /// Files and folders; venue:SYMBOL=PATH names the instrument of one
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<String>,
    /// The tape; a file that is there is never overwritten
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// What the inputs are, where that is not to be seen
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub from: Option<Origin>,
    /// Configuration whose instruments they are: names, fees, margin
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Name of the venue
    #[arg(long, value_name = "NAME")]
    pub venue: Option<String>,
    /// Symbol, where the files have none
    #[arg(long, value_name = "SYMBOL")]
    pub symbol: Option<String>,
    /// What the instruments are: spot or linear
    #[arg(long, value_name = "MARKET", value_parser = market)]
    pub market: Option<Kind>,
    /// Tick size; SYMBOL=STEP for one of several instruments
    #[arg(long, value_name = "STEP")]
    pub tick: Vec<String>,
    /// Lot size in the base asset, likewise
    #[arg(long, value_name = "STEP")]
    pub lot: Vec<String>,
    /// What is bought and sold, where the symbol does not say
    #[arg(long, value_name = "ASSET")]
    pub base: Option<String>,
    /// What it is paid with
    #[arg(long, value_name = "ASSET")]
    pub quote: Option<String>,
    /// Fee of a maker in basis points; a rebate is negative
    #[arg(long, value_name = "BPS", value_parser = fee_ppm, allow_negative_numbers = true)]
    pub maker_bps: Option<i64>,
    /// Fee of a taker
    #[arg(long, value_name = "BPS", value_parser = fee_ppm, allow_negative_numbers = true)]
    pub taker_bps: Option<i64>,
    /// Smallest price times quantity of an order
    #[arg(long, value_name = "AMOUNT", value_parser = money)]
    pub notional_min: Option<Notional>,
    /// keep: times as they are; shift: the venue's are moved until the least latency is 1 ms
    #[arg(long, value_name = "HOW", default_value = "keep", value_parser = ["keep", "shift"])]
    pub clock: String,
    /// How long the way to us is taken to be, where a file says only the venue's time
    #[arg(long, value_name = "US", default_value_t = 0)]
    pub latency_us: u32,
    /// Which column of a table says what: time=ts,price=px,qty=size,side=side. Keys: local, time,
    /// id, price, qty, side, buyer_maker, bid, bid_qty, ask, ask_qty, snapshot, mark, index, rate,
    /// next, as (trades, levels, best, liquidations or marks)
    #[arg(long, value_name = "KEY=COLUMN,…", default_value = "", value_parser = Mapping::parse)]
    pub map: Mapping,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

fn kind(text: &str) -> Result<Origin, String> {
    cli::pick(text, &Origin::NAMES)
}

fn market(text: &str) -> Result<Kind, String> {
    cli::pick(text, &[("spot", Kind::Spot), ("linear", Kind::Linear)])
}

fn fee_ppm(text: &str) -> Result<i64, String> {
    let ppm = parse_decimal(text.as_bytes(), 2).ok().filter(|ppm| ppm.abs() <= 100_000);
    ppm.ok_or_else(|| "basis points from -1000 to 1000 in steps of 0.01; 10 is 0.1 %".into())
}

fn money(text: &str) -> Result<Notional, String> {
    let amount = parse_decimal(text.as_bytes(), AMOUNT_DECIMALS);
    amount.map(Notional).map_err(|why| format!("{why}; give an amount such as 5"))
}

/// `0.1` for all, `BTCUSDT=0.1` for one.
fn steps(said: &[String]) -> Vec<(Option<String>, String)> {
    let parted = |text: &String| match text.split_once('=') {
        Some((whose, step)) => (Some(whose.to_owned()), step.to_owned()),
        None => (None, text.clone()),
    };
    said.iter().map(parted).collect()
}

/// The instruments of a configuration, in its order.
fn known(config: &Config) -> Vec<Known> {
    let one = |one: &crate::config::InstrumentSettings| Known {
        name: one.name(&config.venues),
        symbol: one.symbol.clone(),
        kind: one.kind,
        fees: one.fees,
        margin_ppm: match one.kind {
            Kind::Spot => 1_000_000,
            Kind::Linear => 1_000_000 / i64::from(one.leverage.max(1)),
        },
    };
    config.instruments.iter().map(one).collect()
}

fn facts(args: &ImportArgs) -> Result<Facts, Failure> {
    let fees = match (args.maker_bps, args.taker_bps) {
        (None, None) => None,
        (maker, taker) => {
            Some(Fees { maker_ppm: maker.unwrap_or(0), taker_ppm: taker.unwrap_or(0) })
        }
    };
    let config = args.config.as_deref().map(Config::load).transpose()?;
    Ok(Facts {
        venue: args.venue.clone(),
        symbol: args.symbol.clone(),
        kind: args.market,
        ticks: steps(&args.tick),
        lots: steps(&args.lot),
        base: args.base.clone(),
        quote: args.quote.clone(),
        fees,
        margin_ppm: None,
        notional_min: args.notional_min,
        known: config.as_ref().map(known).unwrap_or_default(),
    })
}

/// Makes a tape of what lies at `path`, for who needs one on the way: the instruments of the
/// configuration; clocks set so that nothing comes before it was sent, or kept.
pub(crate) fn on_the_way(
    config: &Config,
    (path, out): (&Path, &Path),
    clock_kept: bool,
) -> Result<(), Failure> {
    let request = Request {
        inputs: vec![Input::parse(&path.display().to_string())],
        out: out.to_owned(),
        from: None,
        facts: Facts { known: known(config), ..Facts::default() },
        mapping: Mapping::default(),
        least_latency_us: (!clock_kept).then_some(LEAST_US),
        latency_us: 0,
    };
    shown(&request, false).map(|_| ()).map_err(Failure::error)
}

/// Imports, reports.
pub fn run(args: &ImportArgs) -> Result<Exit, Failure> {
    let request = Request {
        inputs: args.inputs.iter().map(|text| Input::parse(text)).collect(),
        out: args.out.clone(),
        from: args.from,
        facts: facts(args)?,
        mapping: args.map.clone(),
        least_latency_us: (args.clock == "shift").then_some(LEAST_US),
        latency_us: args.latency_us,
    };
    let report = shown(&request, args.json).map_err(|error| match error {
        ImportError::Usage(_) => Failure::usage(error),
        other => Failure::error(other),
    })?;
    if args.json {
        cli::print(&report.json());
    } else {
        cli::say(format_args!("{}", report.text().trim_end()));
    }
    Ok(Exit::Ok)
}

/// Imports, and shows how far it is.
fn shown(request: &Request, is_quiet: bool) -> Result<Report, ImportError> {
    let form = "{bar:30} {percent:>3} %  {bytes} of {total_bytes}  {msg}  {eta} left";
    let bar = Bar::new(form, is_quiet);
    let _unfinished = Unfinished::new(&TapeWriter::part(&request.out));
    import(request, &mut |told| bar.show(told.bytes, told.bytes_all, format!("{} rows", told.rows)))
}
