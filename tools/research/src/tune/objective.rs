//! What a search looks for: names of objectives, and how they are read from a trial's metrics.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The metrics of a run by name, as a backtest prints them.
pub type Numbers = BTreeMap<String, f64>;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// The highest Sharpe ratio.
    Sharpe,
    /// The highest Sortino ratio.
    Sortino,
    /// The highest Calmar ratio.
    Calmar,
    /// The most money.
    Pnl,
    /// The most return for the deepest drawdown.
    ProfitDrawdown,
    /// A front of the most money and the least drawdown.
    Multi,
}

impl Objective {
    /// The names that people use.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("sharpe", Self::Sharpe),
        ("sortino", Self::Sortino),
        ("calmar", Self::Calmar),
        ("pnl", Self::Pnl),
        ("profit-drawdown", Self::ProfitDrawdown),
        ("multi", Self::Multi),
    ];

    /// The name that people use.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, one)| *one == self).map_or("", |(name, _)| name)
    }

    /// What its scores are called; larger is better in each.
    pub const fn scores(self) -> &'static [&'static str] {
        match self {
            Self::Sharpe => &["sharpe"],
            Self::Sortino => &["sortino"],
            Self::Calmar => &["calmar"],
            Self::Pnl => &["pnl"],
            Self::ProfitDrawdown => &["profit_drawdown"],
            Self::Multi => &["pnl", "-max_drawdown"],
        }
    }

    /// The scores of a run; none where a metric is missing or no number, as the Sharpe ratio of
    /// a run that never traded.
    pub fn of(self, metrics: &Numbers) -> Option<Vec<f64>> {
        let metric = |name: &str| metrics.get(name).copied().filter(|value| value.is_finite());
        let scores = match self {
            Self::Sharpe => vec![metric("sharpe")?],
            Self::Sortino => vec![metric("sortino")?],
            Self::Calmar => vec![metric("calmar")?],
            Self::Pnl => vec![metric("pnl")?],
            Self::ProfitDrawdown => {
                let (total, fall) = (metric("total_return")?, metric("max_drawdown")?.abs());
                vec![(fall > 0.0).then(|| total / fall)?]
            }
            Self::Multi => vec![metric("pnl")?, -metric("max_drawdown")?.abs()],
        };
        Some(scores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_read_from_metrics() {
        let metrics = [
            ("sharpe", 1.5),
            ("sortino", f64::NAN),
            ("pnl", 20.0),
            ("total_return", 0.02),
            ("max_drawdown", 0.01),
        ];
        let metrics = metrics.map(|(name, value)| (name.to_owned(), value)).into();
        assert_eq!(Objective::Sharpe.of(&metrics), Some(vec![1.5]));
        assert_eq!(Objective::Sortino.of(&metrics), None, "no number");
        assert_eq!(Objective::Calmar.of(&metrics), None, "missing");
        assert_eq!(Objective::ProfitDrawdown.of(&metrics), Some(vec![2.0]));
        assert_eq!(Objective::Multi.of(&metrics), Some(vec![20.0, -0.01]));
        for (name, objective) in Objective::NAMES {
            assert_eq!(objective.name(), name);
            let scores = objective.of(&metrics);
            assert!(scores.is_none_or(|scores| scores.len() == objective.scores().len()));
        }
    }
}
