//! The flags of `peregrine tune`.

use crate::backtest::args::BacktestArgs;
use crate::backtest::instant;
use crate::cli::pick;
use clap::Args;
use engine::time::Nanos;
use research::tune::objective::Objective;
use research::tune::prune::Pruning;
use research::tune::sampler::SamplerKind;
use research::tune::walk::Split;
use std::path::PathBuf;

/// Flags of `tune`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  peregrine tune --config config/backtest.toml --space config/space.toml --data btcusdt.tape
  peregrine tune --config config/backtest.toml --space config/space.toml --data btcusdt.tape \\
      --trials 400 --objective sortino --sampler cma-es --folds 4
  peregrine tune ... --objective multi            a front of most money and least drawdown
  peregrine tune ... --prune median --parts 4     trials that fall behind are cut short
  peregrine tune ... --json | jq '.winner, .deflated_sharpe, .overfitting.probability'
  peregrine check --config tune/winner.toml       the configuration with the winner's parameters
Each fold is searched on its training stretch, the best five are compared on the validation
stretch, and the chosen one is judged on the test stretch, which nothing had seen. The study file
keeps every trial: the same command goes on where it was cut off, and --trials may grow. The same
seed gives the same study for any number of jobs. --out gets study.jsonl, tune.html, tune.json and
winner.toml.")]
pub struct TuneArgs {
    /// Configuration whose parameters are tuned
    #[arg(long, value_name = "FILE", env = "PEREGRINE_CONFIG")]
    pub config: PathBuf,
    /// Which parameters may change, and between which bounds; config/space.toml explains it
    #[arg(long, value_name = "FILE")]
    pub space: PathBuf,
    /// Tapes of its instruments, merged by time
    #[arg(long, value_name = "TAPE", num_args = 1.., required = true)]
    pub data: Vec<PathBuf>,
    /// Begin with what was received from then on (UTC), such as 2024-08-08T23:55:00
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    pub from: Option<Nanos>,
    /// End before that
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    pub to: Option<Nanos>,
    /// Trials of each fold
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = count(1, 1_000_000))]
    pub trials: u64,
    /// What is looked for: sharpe, sortino, calmar, pnl, profit-drawdown or multi
    #[arg(long, value_name = "NAME", default_value = "sharpe",
          value_parser = |text: &str| pick(text, &Objective::NAMES))]
    pub objective: Objective,
    /// Where new points come from: grid, random, sobol, tpe, cma-es or nsga2; tpe without it, and
    /// nsga2 for multi
    #[arg(long, value_name = "NAME", value_parser = |text: &str| pick(text, &SamplerKind::NAMES))]
    pub sampler: Option<SamplerKind>,
    /// Seed of everything that is drawn
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Trials at once; one for each core without it
    #[arg(long, value_name = "N", value_parser = count(1, 1_024))]
    pub jobs: Option<u64>,
    /// Cut trials short by a rule: none, median or halving
    #[arg(long, value_name = "RULE", default_value = "none",
          value_parser = |text: &str| pick(text, &Pruning::NAMES))]
    pub prune: Pruning,
    /// Parts that a training stretch is run in, one by one; the score is their mean. 1 without it,
    /// or 4 with --prune
    #[arg(long, value_name = "N", value_parser = count(1, 1_000))]
    pub parts: Option<u64>,
    /// Relative lengths of train, validate and test
    #[arg(long, value_name = "A/B/C", default_value = "60/20/20", value_parser = Split::parse)]
    pub split: Split,
    /// Folds that roll forward by the length of the test
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count(1, 1_000))]
    pub folds: u64,
    /// Fewest fills of a run that counts
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub fills_min: u64,
    /// Monte Carlo runs on the winner's trades and returns
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = count(1, 100_000))]
    pub runs: u64,
    /// Backtests of the winner with other latencies, and a tenth of the market's trades missed
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = count(0, 100_000))]
    pub noise: u64,
    /// Study file, instead of study.jsonl in --out
    #[arg(long, value_name = "FILE")]
    pub study: Option<PathBuf>,
    /// Folder of what is written; it is made where it is missing
    #[arg(long, value_name = "DIR", default_value = "tune")]
    pub out: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

fn count(least: u64, most: u64) -> clap::builder::RangedU64ValueParser<u64> {
    clap::value_parser!(u64).range(least..=most)
}

impl TuneArgs {
    /// Where points come from.
    pub fn sampler(&self) -> SamplerKind {
        self.sampler.unwrap_or(match self.objective {
            Objective::Multi => SamplerKind::Nsga2,
            _ => SamplerKind::Tpe,
        })
    }

    /// Parts of a training stretch.
    pub fn parts(&self) -> u64 {
        self.parts.unwrap_or(if self.prune == Pruning::None { 1 } else { 4 })
    }

    /// The backtest of one stretch.
    pub fn backtest(&self, (from, to): (Nanos, Nanos), seed: Option<u64>) -> BacktestArgs {
        BacktestArgs {
            config: self.config.clone(),
            data: self.data.clone(),
            like: None,
            from: Some(from),
            to: Some(to),
            out: None,
            json: true,
            seed,
            compat: None,
        }
    }
}
