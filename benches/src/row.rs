//! One measured row: our time, its instructions, the rivals beside it, and what it has to reach.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a row has to reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// At least so many times as fast as this rival.
    TimesFaster(f64, String),
    /// At most so many times as long as this rival takes.
    Within(f64, String),
    /// At most so many ns at the median.
    NsMax(f64),
    /// At most so many ns at p99.
    P99Max(f64),
    /// At most so many instructions.
    InstructionsMax(u64),
    /// At most so much of what this figure counts.
    FigureMax(f64, String),
    /// All of these.
    All(Vec<Bar>),
    /// None; for information.
    None,
}

impl Bar {
    /// At least so many times as fast as this rival.
    pub fn times(times: f64, rival: &str) -> Self {
        Self::TimesFaster(times, rival.to_owned())
    }

    /// At most so many times as long as this rival takes.
    pub fn within(times: f64, rival: &str) -> Self {
        Self::Within(times, rival.to_owned())
    }

    /// At most so much of what this figure counts.
    pub fn figure(most: f64, name: &str) -> Self {
        Self::FigureMax(most, name.to_owned())
    }

    /// In words.
    pub fn text(&self) -> String {
        match self {
            Self::TimesFaster(times, rival) => format!("≥ {times}× {rival}"),
            Self::Within(times, rival) => format!("within {times}× of {rival}"),
            Self::NsMax(ns) => format!("≤ {ns} ns"),
            Self::P99Max(ns) => format!("p99 ≤ {ns} ns"),
            Self::InstructionsMax(most) => format!("≤ {most} instructions"),
            Self::FigureMax(most, name) => format!("{name} ≤ {most}"),
            Self::All(bars) => bars.iter().map(Self::text).collect::<Vec<_>>().join(", "),
            Self::None => "–".to_owned(),
        }
    }
}

/// A rival's share in a row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Against {
    /// Who.
    pub name: String,
    /// Its median, ns.
    pub ns: f64,
    /// Median over the turns of its time by ours: above 1, we are faster.
    pub ratio: f64,
}

/// One measured row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// The stage.
    pub stage: String,
    /// What was measured.
    pub title: String,
    /// Our median, ns.
    pub ns: f64,
    /// Our p99, ns: of the turns' means, or of single events where they were timed one by one.
    #[serde(default)]
    pub p99_ns: Option<f64>,
    /// Of single events, where they were timed one by one: ns at p99 and p99.9.
    pub tail_ns: Option<[f64; 2]>,
    /// Instructions of one operation, as callgrind counts them.
    #[serde(default)]
    pub instructions: Option<u64>,
    /// What was measured beside times, by name with its unit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, f64>,
    /// The rivals.
    pub against: Vec<Against>,
    /// What has to be reached.
    pub bar: Bar,
}

impl Row {
    /// A median and nothing else yet.
    pub fn new(stage: &str, title: impl Into<String>, ns: f64) -> Self {
        Self {
            stage: stage.to_owned(),
            title: title.into(),
            ns,
            p99_ns: None,
            tail_ns: None,
            instructions: None,
            figures: BTreeMap::new(),
            against: Vec::new(),
            bar: Bar::None,
        }
    }

    /// With what was measured beside times.
    #[must_use]
    pub fn with<const N: usize>(mut self, figures: [(&str, f64); N]) -> Self {
        self.figures.extend(figures.map(|(name, value)| (name.to_owned(), value)));
        self
    }

    /// Whether the bar is reached; `None` where there is none. What was not measured reaches none.
    pub fn met(&self) -> Option<bool> {
        self.reaches(&self.bar)
    }

    fn reaches(&self, bar: &Bar) -> Option<bool> {
        let against = |rival: &str| self.against.iter().find(|against| against.name == rival);
        match bar {
            Bar::TimesFaster(times, rival) => {
                Some(against(rival).is_some_and(|rival| rival.ratio >= *times))
            }
            Bar::Within(times, rival) => {
                Some(against(rival).is_some_and(|rival| rival.ratio * times >= 1.0))
            }
            Bar::NsMax(ns) => Some(self.ns <= *ns),
            Bar::P99Max(ns) => Some(self.p99().is_some_and(|p99| p99 <= *ns)),
            Bar::InstructionsMax(most) => {
                Some(self.instructions.is_some_and(|counted| counted <= *most))
            }
            Bar::FigureMax(most, name) => {
                Some(self.figures.get(name).is_some_and(|figure| figure <= most))
            }
            Bar::All(bars) => {
                bars.iter().filter_map(|bar| self.reaches(bar)).reduce(|one, other| one && other)
            }
            Bar::None => None,
        }
    }

    /// p99, ns, where one is known.
    pub fn p99(&self) -> Option<f64> {
        self.p99_ns.or_else(|| self.tail_ns.map(|[p99, _]| p99))
    }

    /// The bar in words.
    pub fn bar_text(&self) -> String {
        self.bar.text()
    }

    /// As a line for people.
    pub fn line(&self) -> String {
        let mut text = format!("== {}/{}: {:.1} ns", self.stage, self.title, self.ns);
        match (self.tail_ns, self.p99()) {
            (Some([p99, p999]), _) => text += &format!(" (p99 {p99:.0}, p99.9 {p999:.0})"),
            (None, Some(p99)) => text += &format!(" (p99 {p99:.1})"),
            (None, None) => {}
        }
        if let Some(instructions) = self.instructions {
            text += &format!(" · {instructions} instructions");
        }
        for (name, figure) in &self.figures {
            text += &format!(" · {name} {}", (figure * 100.0).round() / 100.0);
        }
        for against in &self.against {
            text += &format!(" · {} {:.1} ns = {:.2}×", against.name, against.ns, against.ratio);
        }
        match self.met() {
            Some(true) => text + &format!(" · {}: met", self.bar_text()),
            Some(false) => text + &format!(" · {}: MISSED", self.bar_text()),
            None => text,
        }
    }
}

/// The middle value.
pub fn median(values: Vec<f64>) -> f64 {
    quantile(values, 0.5)
}

/// The value that a share of all others does not exceed; the upper one where it lies between two.
pub fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len() as f64 * share) as usize;
    values.get(place.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(bar: Bar) -> Row {
        let against = vec![Against { name: "rival".to_owned(), ns: 50.0, ratio: 5.0 }];
        let row = Row::new("stage", "what", 10.0).with([("cpu_percent", 30.0)]);
        Row { p99_ns: Some(12.0), against, bar, ..row }
    }

    #[test]
    fn a_row_that_misses_its_bar_says_so() {
        let missed = row(Bar::All(vec![Bar::NsMax(11.0), Bar::times(6.0, "rival")]));
        assert_eq!(missed.met(), Some(false));
        assert_eq!(
            missed.line(),
            "== stage/what: 10.0 ns (p99 12.0) · cpu_percent 30 · rival 50.0 ns = 5.00× · ≤ 11 ns, \
             ≥ 6× rival: MISSED"
        );
        let met = row(Bar::All(vec![Bar::None, Bar::NsMax(11.0), Bar::times(5.0, "rival")]));
        assert_eq!(met.met(), Some(true));
        assert!(met.line().ends_with("met"), "{}", met.line());
    }

    #[test]
    fn each_kind_of_bar_has_its_edge() {
        for (bar, met) in [
            (Bar::NsMax(10.0), Some(true)),
            (Bar::NsMax(9.9), Some(false)),
            (Bar::P99Max(12.0), Some(true)),
            (Bar::P99Max(11.9), Some(false)),
            (Bar::within(0.2, "rival"), Some(true)),
            (Bar::within(0.19, "rival"), Some(false)),
            (Bar::times(5.0, "nobody"), Some(false)),
            // What nobody counted is not reached.
            (Bar::InstructionsMax(1_000), Some(false)),
            (Bar::figure(30.0, "cpu_percent"), Some(true)),
            (Bar::figure(29.0, "cpu_percent"), Some(false)),
            (Bar::figure(29.0, "unknown"), Some(false)),
            (Bar::None, None),
            (Bar::All(vec![Bar::None]), None),
        ] {
            assert_eq!(row(bar.clone()).met(), met, "{}", bar.text());
        }
    }

    #[test]
    fn rows_of_before_are_still_read() {
        let text = r#"{"stage":"s","title":"t","ns":1.0,"tail_ns":null,"against":[],
            "bar":{"ns_max":2.0}}"#;
        let row: Row = serde_json::from_str(text).unwrap();
        assert_eq!((row.met(), row.instructions), (Some(true), None));
    }

    #[test]
    fn quantiles() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((median(values.clone()), quantile(values, 0.99)), (51.0, 100.0));
        assert_eq!(quantile(vec![7.0], 0.99), 7.0);
    }
}
