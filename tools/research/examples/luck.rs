//! Says how much of a best trial is luck, of trials that standard input describes, and prints it as
//! JSON: so that others can compute the same from the same series.
//!
//! Input is one JSON object: `trials` (the returns of each), `best` (which of them is judged),
//! `tried` (how many trials there were, with those that are not told), `runs` and `seed` (of the
//! Monte Carlo on the best one's returns, which are its trades as well).
#![forbid(unsafe_code)]

use research::tune::monte::{resampled, shuffled};
use research::tune::overfit::{Moments, deflated_sharpe, expected_best, overfitting};
use research::tune::overfit::{probabilistic_sharpe, sharpe, variance};
use serde::Deserialize;
use serde_json::json;
use std::io::Write as _;

#[derive(Deserialize)]
struct Trials {
    trials: Vec<Vec<f64>>,
    best: usize,
    tried: usize,
    runs: usize,
    seed: u64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let asked: Trials = serde_json::from_reader(std::io::stdin())?;
    let best = asked.trials.get(asked.best).ok_or("best is none of the trials")?;
    let moments = Moments::of(best).ok_or("the best trial's returns do not vary")?;
    let ratios: Vec<f64> = asked.trials.iter().filter_map(|returns| sharpe(returns)).collect();
    let returns: Vec<&[f64]> = asked.trials.iter().map(Vec::as_slice).collect();
    let said = json!({
        "sharpe": moments.sharpe,
        "skew": moments.skew,
        "kurtosis": moments.kurtosis,
        "probabilistic_sharpe": probabilistic_sharpe(&moments, 0.0),
        "sharpe_by_chance": variance(&ratios).map(|of| expected_best(asked.tried, of)),
        "deflated_sharpe": deflated_sharpe(&moments, &ratios, asked.tried),
        "overfitting": overfitting(&returns),
        "resampled": resampled(best, asked.runs, asked.seed),
        "shuffled": shuffled(best, asked.runs, asked.seed),
    });
    writeln!(std::io::stdout(), "{said}")?;
    Ok(())
}
