//! The command line: subcommands and their flags, and how results and failures are printed.

use crate::audit::args::{ExplainArgs, JournalArgs};
use crate::backtest::args::BacktestArgs;
use crate::config::{Config, Layout, Wait};
use crate::exit::{Exit, Failure};
use crate::import::ImportArgs;
use crate::report::ReportArgs;
use crate::tune::args::TuneArgs;
use crate::{arm, audit, backtest, bench, check, ctl, demo, doctor, exchange, import, live};
use crate::{logging, monitor, record, replay, report, tune, version};
use clap::builder::Styles;
use clap::{Args, ColorChoice, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  peregrine demo                                  trade on an exchange of its own, with a screen
  peregrine check --config config/paper.toml      every fault of a configuration
  peregrine paper --config config/paper.toml      real market, simulated fills
  peregrine arm   --config live.toml              allow one configuration to trade, for 12 hours
  peregrine run   --config live.toml --live       real money
  peregrine monitor --name live                   look at a running engine
  peregrine ctl --name live pause                 withdraw its quotes
  peregrine replay out/                           the same decisions again, from its journal
  peregrine backtest --config config/backtest.toml --data btcusdt.tape    trade on the past
  peregrine report out/                           what a session came to, as a page with pictures
  peregrine tune --config config/backtest.toml --space config/space.toml --data btcusdt.tape
  peregrine record --config config/paper.toml --out recorded/    keep the market's frames
  peregrine import recorded/ --out day.tape       what was recorded, for backtests
  peregrine doctor --config live.toml             what the machine lacks for low latency

Exit codes: 0 ok, 1 error, 2 usage, 3 not running, 4 bad configuration, 5 time-out, 6 untuned.
Environment: PEREGRINE_LOG (such as debug), NO_COLOR, XDG_STATE_HOME.";

/// A low-latency market maker for crypto exchanges.
#[derive(Debug, Parser)]
#[command(name = "peregrine", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands, each in a file of its own.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Trade on a simulated exchange on this machine, then print a summary
    Demo(DemoArgs),
    /// Run the simulated exchange alone
    Exchange(Box<::exchange::Args>),
    /// Trade as a configuration says
    Run(RunArgs),
    /// Trade on the real market with simulated fills, whatever mode the configuration names
    Paper(RunArgs),
    /// Report every fault of a configuration
    Check(CheckArgs),
    /// Allow a live configuration to trade for some hours
    Arm(ArmArgs),
    /// Look at a running engine
    Monitor(MonitorArgs),
    /// Send a command to a running engine
    Ctl(CtlArgs),
    /// Run the engine on a journal again, and compare everything it sends with what was sent
    Replay(ReplayArgs),
    /// Trade on recorded markets with simulated venues, and measure what comes of it
    Backtest(BacktestArgs),
    /// Draw and measure a run: a backtest's, or a session's from its journal
    Report(ReportArgs),
    /// Search the parameters that serve best on recorded markets, and tell how much of it is luck
    Tune(Box<TuneArgs>),
    /// Tell why one order was sent, and what became of it
    Explain(ExplainArgs),
    /// Look into a journal, export it
    Journal(JournalArgs),
    /// Keep a venue's frames, byte for byte with their receive time, in files
    Record(RecordArgs),
    /// Make recordings, dumps or a journal a tape, and report what is wrong in them
    Import(Box<ImportArgs>),
    /// Tell what this machine lacks for low latency, and what to do about it
    Doctor(DoctorArgs),
    /// Measure how fast this machine runs the hot path, and say what it lacks for it
    Bench(BenchArgs),
    /// Print version and build
    Version(VersionArgs),
}

/// Flags of `record`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  peregrine record --config config/paper.toml --out recorded/
  peregrine exchange --replay recorded/
Ctrl-C ends it in order. What a killed recorder leaves is kept, and can be read.")]
pub struct RecordArgs {
    /// Configuration: its venue and its instruments are recorded
    #[arg(long, value_name = "FILE", env = "PEREGRINE_CONFIG")]
    pub config: PathBuf,
    /// Folder of the files; a file that is there is never overwritten
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Stop in order after this many seconds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub seconds: Option<u64>,
    /// Begin the next file when one has so many MiB on disk; a part such as 0.5 will do
    #[arg(long, value_name = "N", default_value_t = 256.0, value_parser = mebibytes)]
    pub segment_mib: f64,
    /// Begin the next file when one is so old
    #[arg(long, value_name = "N", default_value_t = 3_600,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub segment_s: u64,
    /// Print one JSON object at the end
    #[arg(long)]
    pub json: bool,
}

/// Flags of `replay`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  peregrine replay out/
  peregrine replay out/ --print --from 120000 --until 120500 --instrument BTCUSDT
  peregrine replay out/ --what-if gamma=0.2
Exit code 0 only when everything is identical.")]
pub struct ReplayArgs {
    /// Folder of the journal, as --out named it
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Begin with the last state at or before this row
    #[arg(long, value_name = "SEQ")]
    pub from: Option<u64>,
    /// End behind this row
    #[arg(long, value_name = "SEQ")]
    pub until: Option<u64>,
    /// Print only rows of this instrument
    #[arg(long, value_name = "SYMBOL", requires = "print")]
    pub instrument: Option<String>,
    /// Print the rows as text, sent ones with ->
    #[arg(long, conflicts_with_all = ["json", "what_if"])]
    pub print: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Compare with the plans of other parameters on the recorded state, such as gamma=0.2
    #[arg(long, value_name = "KEY=VALUE", num_args = 1.., value_parser = assignment)]
    pub what_if: Vec<String>,
    /// Let a simulated venue answer the other parameters' orders, instead of the recorded reports
    #[arg(long, requires = "what_if")]
    pub closed_loop: bool,
}

/// Flags of `demo`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  peregrine demo --seconds 10 --seed 3 --json
  peregrine demo --scenario arb --seconds 20
  peregrine demo --scenario arb --edge off      the same market without what it earns from
  peregrine demo --fault exchange-kill@10s,restart@12s
  peregrine demo --replay recording.gz")]
pub struct DemoArgs {
    /// How long to trade
    #[arg(long, value_name = "N", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub seconds: u64,
    /// Seed of the market, and of everything else that is drawn
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// World of the exchange, with the strategy that lives on it
    #[arg(long, value_name = "NAME", value_parser = scenarios(), conflicts_with = "replay")]
    pub scenario: Option<String>,
    /// Whether that world has the edge that the strategy lives on
    #[arg(long, value_enum, default_value = "on", requires = "scenario")]
    pub edge: ::exchange::Edge,
    /// Publish a recorded stream instead of the generated market
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
    /// What goes wrong, and when, such as drop@5s or exchange-kill@10s,restart@12s
    #[arg(long, value_name = "SPEC")]
    pub fault: Vec<String>,
    /// Print one JSON object instead of screen and summary
    #[arg(long)]
    pub json: bool,
    /// No live screen, only the summary
    #[arg(long)]
    pub no_screen: bool,
    /// Thread layout, instead of the configuration's
    #[arg(long, value_name = "LAYOUT", value_parser = layout)]
    pub layout: Option<Layout>,
    /// Wait strategy, instead of the configuration's
    #[arg(long, value_name = "WAIT", value_parser = wait)]
    pub wait: Option<Wait>,
    /// Configuration instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Keep the journal in this folder, which must not hold one
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Flags of `run` and `paper`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  peregrine run --config config/testnet.toml
  peregrine run --config live.toml --live         after: peregrine arm --config live.toml")]
pub struct RunArgs {
    /// Configuration
    #[arg(long, value_name = "FILE", env = "PEREGRINE_CONFIG")]
    pub config: PathBuf,
    /// Trade real money; needs mode = "live" and `peregrine arm` too
    #[arg(long)]
    pub live: bool,
    /// Stop in order after this many seconds
    #[arg(long, value_name = "N")]
    pub seconds: Option<u64>,
    /// Keep the journal in this folder, and go on with what is in it
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Show the monitor's screen meanwhile
    #[arg(long)]
    pub screen: bool,
    /// Print a summary as one JSON object at the end
    #[arg(long)]
    pub json: bool,
}

/// Flags of `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Configuration
    #[arg(long, value_name = "FILE", env = "PEREGRINE_CONFIG")]
    pub config: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Flags of `arm`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "The account's name is typed once, so that nobody arms the wrong one.
Any change of the configuration ends it, and so does the time.")]
pub struct ArmArgs {
    /// Configuration, with mode = "live"
    #[arg(long, value_name = "FILE", env = "PEREGRINE_CONFIG")]
    pub config: PathBuf,
    /// How long it may trade
    #[arg(long, value_name = "N", default_value_t = 12,
          value_parser = clap::value_parser!(u64).range(1..=168))]
    pub hours: u64,
    /// Take the permission back
    #[arg(long)]
    pub disarm: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Which engine is meant.
#[derive(Clone, Debug, Args)]
pub struct Instance {
    /// Name of the engine: `name` in its configuration's [shm] section
    #[arg(long, value_name = "NAME", default_value = "demo", env = "PEREGRINE_NAME")]
    pub name: String,
    /// Directory of its shared memory
    #[arg(long, value_name = "DIR", default_value = "/dev/shm", hide = true)]
    pub directory: PathBuf,
}

impl Instance {
    /// Where its files are.
    pub fn path(&self) -> Result<shm::RegionPath, shm::RegionError> {
        shm::RegionPath::within(&self.directory, &self.name)
    }
}

/// Flags of `monitor`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Keys: q leaves. Examples:
  peregrine monitor --name paper
  peregrine monitor --name paper --once --json | jq .session.state")]
pub struct MonitorArgs {
    /// Which engine.
    #[command(flatten)]
    pub instance: Instance,
    /// Print once and exit, instead of a screen
    #[arg(long)]
    pub once: bool,
    /// Print one JSON object; implies --once
    #[arg(long)]
    pub json: bool,
}

/// Flags of `ctl`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  peregrine ctl pause
  peregrine ctl --name live set gamma=0.2")]
pub struct CtlArgs {
    /// Which engine.
    #[command(flatten)]
    pub instance: Instance,
    /// How long to wait for the engine's answer
    #[arg(long, value_name = "MS", default_value_t = 5_000,
          value_parser = clap::value_parser!(u64).range(1..=600_000))]
    pub timeout_ms: u64,
    /// Print one JSON object
    #[arg(long, global = true)]
    pub json: bool,
    /// The command.
    #[command(subcommand)]
    pub order: CtlOrder,
}

/// What an engine can be told.
#[derive(Clone, Debug, Subcommand)]
pub enum CtlOrder {
    /// Withdraw quotes and place none until `resume`
    Pause,
    /// Quote again
    Resume,
    /// Cancel all open orders, then as `pause`
    CancelAll,
    /// Cancel all, and trade the position back to its target
    Flatten,
    /// Cancel all, and refuse every order until restarted
    Kill,
    /// Cancel all, wait for the confirmation, and exit
    Stop,
    /// Hold an order in the engine until its price is reached: a stop, take-profit or trailing stop
    Hold(Box<HoldArgs>),
    /// Forget held orders; what has fired of them is cancelled
    Release {
        /// Which; all of them without it
        #[arg(value_name = "NUMBER")]
        number: Option<u16>,
    },
    /// Change a parameter of the strategy
    Set {
        /// Such as gamma=0.2
        #[arg(value_name = "KEY=VALUE")]
        assignment: String,
    },
    /// Have a desk trade with the parameters of one of its shadows, until the next start
    Promote {
        /// The shadow's name in the configuration
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// An order that is to be held.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  peregrine ctl hold --instrument BTCUSDT --side sell --qty 0.01 --stop 60000
  peregrine ctl hold --instrument BTCUSDT --side sell --qty 0.01 --trailing 250 --on mid
  peregrine ctl hold --instrument BTCUSDT --side sell --qty 0.01 --trailing-share 0.5%
One cancels the other:
  peregrine ctl hold --instrument BTCUSDT --side sell --qty 0.01 --stop 60000 --take-profit 66000
Bracket: an entry, and a pair of the other side that comes after it was filled:
  peregrine ctl hold --instrument BTCUSDT --side buy --qty 0.01 --now --limit 62000 --stop 60000 \
    --take-profit 66000
More of a group, or with limits of their own: one by one, with the same --group and --after.
What the venue keeps is given to it: it watches that while the engine is down. All else, and what
--here asks for, is held by the engine and its journal, and nobody watches it while the engine is
down. `peregrine monitor` shows which is where.")]
#[command(group(clap::ArgGroup::new("trigger").required(true).multiple(true)
          .args(["stop", "take_profit", "trailing", "trailing_share", "now"])))]
pub struct HoldArgs {
    /// Which instrument, by its symbol
    #[arg(long, value_name = "SYMBOL")]
    pub instrument: String,
    /// What it does once it fires: buy or sell
    #[arg(long, value_name = "SIDE", value_parser = ["buy", "sell"])]
    pub side: String,
    /// How much, in the base asset
    #[arg(long, value_name = "QTY")]
    pub qty: String,
    /// Fires when the price comes to this against the position: falling for sells
    #[arg(long, value_name = "PRICE")]
    pub stop: Option<String>,
    /// Fires when the price comes to this in favour: rising for sells
    #[arg(long, value_name = "PRICE")]
    pub take_profit: Option<String>,
    /// Fires when the price comes back by this much from its best
    #[arg(long, value_name = "DISTANCE")]
    pub trailing: Option<String>,
    /// Fires when the price comes back by this share of its best: such as 0.5%
    #[arg(long, value_name = "PERCENT")]
    pub trailing_share: Option<String>,
    /// Fires at once: the entry of a bracket
    #[arg(long)]
    pub now: bool,
    /// Rests at this price once it fired; without it, takes inside the collar until filled
    #[arg(long, value_name = "PRICE")]
    pub limit: Option<String>,
    /// Which price is watched: last, mark or mid
    #[arg(long, value_name = "PRICE", default_value = "last",
          value_parser = ["last", "mark", "mid"])]
    pub on: String,
    /// Its number, which no other held order has; made from the clock without it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub number: Option<u16>,
    /// Of those with the same group, one that fires releases the others
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub group: u16,
    /// Comes after the held order of this number: armed with what that one filled
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub after: u16,
    /// Held by the engine even where the venue would keep it
    #[arg(long)]
    pub here: bool,
}

/// Flags of `doctor`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  peregrine doctor
  peregrine doctor --config live.toml             the cores that it pins threads to as well
  peregrine doctor --json | jq -r '.checks[] | select(.state == \"missing\") | .remedy'
  peregrine doctor --jitter 10                    how long hot cores are kept from their work
It changes nothing. config/TUNING.md explains each check under its name. Run it as the service's
user, or by root: limits are those of whoever runs it.
Exit code 0 when nothing is missing, 6 when something is; what cannot be told counts for nothing.")]
pub struct DoctorArgs {
    /// Configuration whose pinned cores are checked too
    #[arg(long, value_name = "FILE", env = "PEREGRINE_CONFIG")]
    pub config: Option<PathBuf>,
    /// Watch the hot cores for so long: what pauses are left. Not beside a running engine
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub jitter: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Where /proc and /sys lie
    #[arg(long, value_name = "DIR", default_value = "/", hide = true)]
    pub root: PathBuf,
}

/// Flags of `bench`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  peregrine bench
  peregrine bench --json --out /tmp | jq .stages.tick_to_order
Takes about ten seconds on two cores that should have nothing else to do. What a machine lacks,
and how to give it that: peregrine doctor.")]
pub struct BenchArgs {
    /// Folder of the picture of the histograms, bench.png
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Everything a few times only: for tests
    #[arg(long, hide = true)]
    pub smoke: bool,
}

/// Flags of `version`.
#[derive(Clone, Debug, Args)]
pub struct VersionArgs {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

fn assignment(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok(text.to_owned()),
        _ => Err("must be KEY=VALUE; name the folder before --what-if".to_owned()),
    }
}

fn mebibytes(text: &str) -> Result<f64, String> {
    let told = text.parse::<f64>().ok().filter(|mib| (0.001..=1e6).contains(mib));
    told.ok_or_else(|| "must be a number from 0.001 to 1000000".to_owned())
}

fn scenarios() -> [&'static str; ::exchange::SCENARIOS.len()] {
    ::exchange::SCENARIOS.map(|(name, _)| name)
}

fn layout(text: &str) -> Result<Layout, String> {
    pick(text, &Layout::NAMES)
}

fn wait(text: &str) -> Result<Wait, String> {
    pick(text, &Wait::NAMES)
}

/// The value that one of some names stands for.
pub fn pick<T: Copy>(text: &str, names: &[(&str, T)]) -> Result<T, String> {
    let found = names.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        format!("must be one of {}", names.join(", "))
    })
}

impl Command {
    const fn json(&self) -> bool {
        match self {
            Self::Demo(args) => args.json,
            Self::Exchange(args) => args.json,
            Self::Run(args) | Self::Paper(args) => args.json,
            Self::Check(args) => args.json,
            Self::Arm(args) => args.json,
            Self::Monitor(args) => args.json,
            Self::Ctl(args) => args.json,
            Self::Replay(args) => args.json,
            Self::Backtest(args) => args.json,
            Self::Report(args) => args.json,
            Self::Tune(args) => args.json,
            Self::Explain(args) => args.json,
            Self::Journal(args) => args.command.json(),
            Self::Record(args) => args.json,
            Self::Import(args) => args.json,
            Self::Doctor(args) => args.json,
            Self::Bench(args) => args.json,
            Self::Version(args) => args.json,
        }
    }

    fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Demo(args) => demo::run(args),
            Self::Exchange(args) => exchange::run(&args),
            Self::Run(args) => live::run(Config::load(&args.config)?, args),
            Self::Paper(args) => {
                let mut config = Config::load(&args.config)?;
                config.mode = crate::config::Mode::Paper;
                live::run(config, args)
            }
            Self::Check(args) => check::run(&args),
            Self::Arm(args) => arm::run(&args),
            Self::Monitor(args) => monitor::run(&args),
            Self::Ctl(args) => ctl::run(&args),
            Self::Replay(args) => replay::run(&args),
            Self::Backtest(args) => backtest::run(&args),
            Self::Report(args) => report::run(&args),
            Self::Tune(args) => tune::run(&args),
            Self::Explain(args) => audit::explain(&args),
            Self::Journal(args) => audit::run(&args),
            Self::Record(args) => record::run(&args),
            Self::Import(args) => import::run(&args),
            Self::Doctor(args) => doctor::run(&args),
            Self::Bench(args) => bench::run(&args),
            Self::Version(args) => version::run(&args),
        }
    }
}

/// Reads the command line, does what it says, prints a failure, and gives the exit code.
pub fn run() -> ExitCode {
    let choice = match logging::colour_on_stdout() {
        true => ColorChoice::Auto,
        false => ColorChoice::Never,
    };
    let matches = Cli::command().color(choice).styles(Styles::styled()).get_matches();
    let command = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli.command,
        Err(error) => error.exit(),
    };
    logging::start();
    let json = command.json();
    match command.run() {
        Ok(exit) => exit.into(),
        Err(failure) => {
            complain(format_args!("{}", failure.render(logging::colour_on_stderr())));
            if json {
                print(&failure.json());
            }
            failure.exit.into()
        }
    }
}

/// Prints one JSON object on standard output; a reader that went away is no error.
pub fn print(value: &serde_json::Value) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    // A closed pipe means that nobody reads any more.
    let _ = writeln!(out, "{value}");
}

/// A line for people on standard output; a reader that went away is no error.
pub fn say(text: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// The same for standard error.
pub fn complain(text: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
