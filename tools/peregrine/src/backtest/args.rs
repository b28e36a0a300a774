//! The flags of `peregrine backtest`.

use super::instant;
use clap::Args;
use engine::time::Nanos;
use std::path::PathBuf;

/// Flags of `backtest`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  peregrine backtest --config config/backtest.toml --data btcusdt.tape
  peregrine backtest --config config/backtest.toml --data monday.tape tuesday.tape --out backtest/
  peregrine backtest --config config/backtest.toml --data btcusdt.tape \\
      --from 2024-08-08T23:55 --to 2024-08-08T23:58 --json | jq '.pnl, .sharpe, .events_per_s'
  peregrine backtest --config config/backtest.toml --data recorded/ --compat hftbacktest
  peregrine backtest --config config/steady.toml --like session/
                                                  does a backtest find the session's fills again?
  peregrine report backtest/                      the run that --out kept, as a page with pictures
The configuration is the one that trades; its [paper] section says how the simulated venues queue,
delay and charge. Tapes are made by peregrine import; other files are imported on the way. The same
input gives the same bytes.")]
pub struct BacktestArgs {
    /// Configuration: venues, instruments, strategies, limits; venues need no keys here
    #[arg(long, value_name = "FILE", env = "PEREGRINE_CONFIG")]
    pub config: PathBuf,
    /// Tapes, recordings or dumps of its instruments, merged by time
    #[arg(long, value_name = "TAPE", num_args = 1.., required_unless_present = "like")]
    pub data: Vec<PathBuf>,
    /// Journal of a live session to trade again: its market without our own orders, its measured
    /// latencies, its balances, from the moment it was ready; then compare fills
    #[arg(long, value_name = "JOURNAL", conflicts_with_all = ["data", "compat"])]
    pub like: Option<PathBuf>,
    /// Begin with what was received from then on (UTC), such as 2024-08-08T23:55:00
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    pub from: Option<Nanos>,
    /// End before that
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    pub to: Option<Nanos>,
    /// Keep the run, its journal and its report in this folder, which must not be there
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Seed of what the simulated venues draw, instead of the configuration's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Fill by the rules of another backtester, for comparing
    #[arg(long, value_name = "NAME", value_parser = ["hftbacktest"])]
    pub compat: Option<String>,
}
