//! A tuning as one HTML page: the folds, what is luck in them, the best trials and the
//! pictures, with nothing from outside and no script.

use super::monte::Spread;
use super::pictures::pictures;
use super::plan::{Found, Tuned};
use super::space::{Space, Value};
use super::study::{Ended, Trial};
use crate::report::frame::{Fault, number, utc};
use crate::report::page::{CLOSING, escaped, head, inline, opening, row};
use std::fmt::Write as _;

/// Trials in the table of the best.
const BEST: usize = 25;

/// The page. `zero` is what event time zero is in UTC nanoseconds.
pub fn page(
    tuned: &Tuned,
    space: &Space,
    trials: &[Trial],
    (title, zero): (&str, i64),
) -> Result<String, Fault> {
    let about = format!(
        "{} trials by {}, seed {}, for {}",
        trials.len(),
        tuned.sampler.name(),
        tuned.seed,
        tuned.objective.name()
    );
    let mut out = opening(title, &about);
    out += &folds(tuned, zero);
    out += &luck(tuned);
    for picture in pictures(tuned, space, trials)? {
        let title = escaped(&picture.title);
        let _ = writeln!(out, "<h2>{title}</h2>\n{}", inline(&picture));
    }
    out += &best(tuned, trials);
    Ok(out + CLOSING)
}

fn text(cell: impl ToString) -> (String, &'static str) {
    (cell.to_string(), "")
}

/// A number with four places, or a dash.
fn cell(value: Option<f64>) -> (String, &'static str) {
    (value.map_or_else(|| "–".to_owned(), |value| number(value, 4)), "number")
}

fn scores(of: Option<&Vec<f64>>) -> (String, &'static str) {
    let all = of.map(|scores| scores.iter().map(|&score| number(score, 4)).collect::<Vec<_>>());
    (all.map_or_else(|| "–".to_owned(), |all| all.join(", ")), "number")
}

fn folds(tuned: &Tuned, zero: i64) -> String {
    let at = |ns: u64| utc(zero.saturating_add(i64::try_from(ns).unwrap_or(i64::MAX)));
    let mut out = format!("<h2>Walk-forward: {}</h2>\n", escaped(&tuned.scores.join(", ")));
    out += "<p>Each fold is searched on its training stretch, chosen on the next, and judged on \
            the one behind that, which nothing had seen.</p>\n<div class=\"scroll\"><table>\n";
    out += &head(&[
        ("fold", ""),
        ("train from", ""),
        ("test from", ""),
        ("trials", "number"),
        ("cut short", "number"),
        ("failed", "number"),
        ("chosen", "number"),
        ("train", "number"),
        ("validate", "number"),
        ("test", "number"),
        ("as given", "number"),
    ]);
    for (place, found) in tuned.folds.iter().enumerate() {
        let Found { fold, ended: [whole, pruned, failed], .. } = found;
        let trials = (whole + pruned + failed).to_string();
        out += &row(
            &[
                text(place),
                text(at(fold.train.from)),
                text(if fold.test.is_empty() { "–".into() } else { at(fold.test.from) }),
                (trials, "number"),
                (pruned.to_string(), "number"),
                (failed.to_string(), "number"),
                (format!("#{}", found.trial), "number"),
                scores(Some(&found.train)),
                scores(found.validate.as_ref()),
                scores(found.test.as_ref()),
                scores(found.given.as_ref()),
            ],
            "td",
        );
    }
    out += "</table></div>\n<h2>The winner</h2>\n<table>\n";
    out += &head(&[("parameter", ""), ("value", "number"), ("explains of the score", "number")]);
    if let Some(winner) = tuned.folds.last() {
        for ((key, value), share) in tuned.params.iter().zip(&winner.values).zip(&tuned.importance)
        {
            let share = format!("{} %", number(share * 100.0, 0));
            out += &row(&[text(key), (value.to_string(), "number"), (share, "number")], "td");
        }
    }
    out + "</table>\n"
}

/// What is said about luck: a name, what it means, and the number.
pub fn verdicts(tuned: &Tuned) -> Vec<(&'static str, &'static str, Option<f64>)> {
    let pbo = tuned.overfitting.as_ref();
    let drawn = tuned.monte_carlo.resampled.as_ref();
    vec![
        ("walk-forward efficiency", "score of tests over score of training", tuned.efficiency),
        (
            "deflated Sharpe ratio",
            "how likely the winner beats the luckiest of so many that differ as much",
            tuned.deflated_sharpe,
        ),
        ("Sharpe ratio of one period", "in training, not annualised", tuned.sharpe_of_period),
        ("the same by chance", "what the luckiest would have reached", tuned.sharpe_by_chance),
        (
            "probability of overfitting",
            "how often the best of one half of the time is below the middle in the other",
            pbo.map(|pbo| pbo.probability),
        ),
        (
            "loses in the other half",
            "how often that best one loses there",
            pbo.map(|pbo| pbo.loss_probability),
        ),
        (
            "loses with other returns",
            "share of runs with its returns drawn again that lose",
            drawn.map(|drawn| drawn.loss_probability),
        ),
    ]
}

/// What the winner came to with other luck, in percentiles: which luck, what of it, and how it is
/// spread.
pub fn bands(tuned: &Tuned) -> Vec<(&'static str, &'static str, Spread)> {
    const SHUFFLED: &str = "trades shuffled, a tenth missed";
    const DRAWN: &str = "returns drawn again in blocks";
    const NOISE: &str = "other latencies and fills";
    let luck = &tuned.monte_carlo;
    let mut all = Vec::new();
    if let Some(one) = &luck.shuffled {
        all.extend([(SHUFFLED, "return", one.total), (SHUFFLED, "drawdown", one.drawdown)]);
    }
    if let Some(one) = &luck.resampled {
        all.extend([(DRAWN, "return", one.total), (DRAWN, "drawdown", one.drawdown)]);
        all.extend(one.sharpe.map(|sharpe| (DRAWN, "Sharpe ratio of one period", sharpe)));
    }
    if let Some(one) = &luck.noise {
        all.extend([(NOISE, "return", one.total), (NOISE, "drawdown", one.drawdown)]);
        all.extend(one.score.map(|score| (NOISE, "score", score)));
    }
    all
}

fn luck(tuned: &Tuned) -> String {
    let mut out = String::from("<h2>Luck</h2>\n<table>\n");
    for (name, meaning, value) in verdicts(tuned) {
        out += &row(&[text(name), text(meaning), cell(value)], "td");
    }
    out += "</table>\n<h2>The winner with other luck</h2>\n<p>So many of 100 runs are below; \
            returns and drawdowns are shares of the equity at the start.</p>\n<table>\n";
    let shares = ["5 %", "25 %", "50 %", "75 %", "95 %"].map(|share| (share, "number"));
    out += &head(&[&[("luck", ""), ("of it", "")][..], &shares[..]].concat());
    for (luck, of_it, Spread { p5, p25, p50, p75, p95 }) in bands(tuned) {
        let cells = [p5, p25, p50, p75, p95].map(|value| (number(value, 6), "number"));
        out += &row(&[&[text(luck), text(of_it)][..], &cells[..]].concat(), "td");
    }
    out + "</table>\n"
}

fn best(tuned: &Tuned, trials: &[Trial]) -> String {
    let whole: Vec<&Trial> = trials.iter().filter(|trial| trial.ended == Ended::Whole).collect();
    let all: Vec<&[f64]> = whole.iter().map(|trial| trial.scores.as_slice()).collect();
    let mut names: Vec<(&str, &'static str)> = vec![("trial", "number")];
    names.extend(tuned.scores.iter().map(|name| (name.as_str(), "number")));
    names.extend([("fills", "number"), ("pnl", "number"), ("max_drawdown", "number")]);
    names.extend(tuned.params.iter().map(|name| (name.as_str(), "number")));
    let mut out = format!(
        "<h2>The best trials</h2>\n<p>In training; all {} are in the study file.</p>\n\
         <div class=\"scroll\"><table>\n{}",
        trials.len(),
        head(&names)
    );
    for place in super::choose::ranked(&all).into_iter().take(BEST) {
        let trial = whole[place];
        let mut cells = vec![(format!("#{}", trial.trial), "number")];
        cells.extend(trial.scores.iter().map(|&score| cell(Some(score))));
        let metrics = ["fills", "pnl", "max_drawdown"];
        cells.extend(metrics.map(|name| cell(trial.metrics.get(name).copied())));
        cells.extend(trial.values.iter().map(|value: &Value| (value.to_string(), "number")));
        out += &row(&cells, "td");
    }
    out + "</table></div>\n"
}
