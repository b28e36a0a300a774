//! A tuning as lines for a terminal: the winner, what each fold came to, and what is luck in it.

use super::monte::Spread;
use super::page::{bands, verdicts};
use super::plan::Tuned;
use crate::report::frame::number;
use crate::report::numbers::{Group, Line, Tone, plain};

/// The lines, in groups.
pub fn groups(tuned: &Tuned) -> Vec<Group> {
    let line = |key: &str, name: String, text: String, tone: Tone| Line {
        key: key.to_owned(),
        name,
        text,
        tone,
    };
    let list = |scores: Option<&Vec<f64>>| {
        let scores = scores.into_iter().flatten().map(|&score| number(score, 4));
        let text = scores.collect::<Vec<_>>().join(", ");
        if text.is_empty() { "–".to_owned() } else { text }
    };
    let mut winner = Vec::new();
    if let Some(found) = tuned.folds.last() {
        for ((key, value), share) in tuned.params.iter().zip(&found.values).zip(&tuned.importance) {
            let share = number(share * 100.0, 0);
            let text = format!("{value:<12}  explains {share} % of the score");
            winner.push(line(key, key.clone(), text, Tone::Plain));
        }
    }
    let folds = tuned.folds.iter().enumerate().map(|(place, found)| {
        let [whole, pruned, failed] = found.ended;
        let text = format!(
            "train {}  validate {}  test {}  as given {}  (trial {} of {whole} whole, {pruned} cut \
             short, {failed} failed)",
            list(Some(&found.train)),
            list(found.validate.as_ref()),
            list(found.test.as_ref()),
            list(found.given.as_ref()),
            found.trial,
        );
        let tone = match found.test.as_ref().and_then(|scores| scores.first()) {
            Some(score) if *score > 0.0 => Tone::Good,
            Some(score) if *score < 0.0 => Tone::Bad,
            _ => Tone::Plain,
        };
        let name = format!("fold {place}, {}", tuned.scores.join(", "));
        line("folds", name, text, tone)
    });
    let luck = verdicts(tuned).into_iter().map(|(name, meaning, value)| {
        let text = value.map_or_else(|| "–".to_owned(), |value| number(value, 4));
        line(name, name.to_owned(), format!("{text:>10}  {meaning}"), Tone::Plain)
    });
    let other = bands(tuned).into_iter().map(|(luck, of_it, spread)| {
        let Spread { p5, p25, p50, p75, p95 } = spread;
        let values = [p5, p25, p50, p75, p95].map(|value| format!("{:>12}", plain(value)));
        line(luck, of_it.to_owned(), format!("{}  {luck}", values.concat()), Tone::Plain)
    });
    let shares = ["5 %", "25 %", "50 %", "75 %", "95 %"].map(|share| format!("{share:>12}"));
    let shares = line("shares", "of 100 runs below".to_owned(), shares.concat(), Tone::Plain);
    let other = std::iter::once(shares).chain(other).collect();
    vec![
        ("Winner", winner),
        ("Walk-forward", folds.collect()),
        ("Luck", luck.collect()),
        ("The winner with other luck", other),
    ]
}
