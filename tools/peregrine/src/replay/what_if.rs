//! Other parameters than the recorded ones, as the command line names them.

use crate::exit::Failure;
use engine::num::Decimal;
use strategies::any::{Any, Listed, STRATEGIES, Settings};

/// One parameter and its other value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub key: &'static str,
    /// Its number, as `Set` events carry it.
    pub id: u64,
    /// Its value in 1e-9.
    pub value: i64,
}

impl Change {
    /// From `KEY=VALUE`, or `STRATEGY.KEY=VALUE` for one strategy alone; values that have names may
    /// be given by them. One change for each strategy that has such a parameter.
    pub fn parse(text: &str) -> Result<Vec<Self>, Failure> {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        let (key, value) = (key.trim(), value.trim());
        let (of, key) = key.split_once('.').map_or((None, key), |(of, key)| (Some(of), key));
        let meant = STRATEGIES.iter().filter(|listed| of.is_none_or(|of| listed.name == of));
        let found: Vec<_> =
            meant.filter_map(|listed| Some((listed, listed.parameter(key)?))).collect();
        if found.is_empty() {
            let listed = of.and_then(Listed::by_name).unwrap_or(&STRATEGIES[0]);
            let keys: Vec<&str> = listed.parameters.iter().map(|parameter| parameter.key).collect();
            return Err(Failure::usage(format!(
                "no parameter is named `{key}`; {} has {}",
                listed.name,
                keys.join(", ")
            )));
        }
        let bad = |why: String| Failure::usage(format!("{key}={value}: {why}"));
        found
            .into_iter()
            .map(|(listed, parameter)| {
                let number = match parameter.names.iter().position(|name| *name == value) {
                    Some(number) => number as f64,
                    None => value.parse().map_err(|_| bad("not a number".into()))?,
                };
                if let Some(mut settings) = Settings::of(listed.name) {
                    let set = settings.set(parameter.id, number);
                    set.map_err(|error| bad(error.to_string()))?;
                }
                let event = listed.set_event(key, number);
                let (id, value) = event.ok_or_else(|| bad("too large".into()))?;
                Ok(Self { key: parameter.key, id, value })
            })
            .collect()
    }

    /// Whether it is a parameter of this strategy.
    pub fn is_for(&self, strategy: &Any) -> bool {
        Listed::of_key(self.id).is_some_and(|(listed, _)| listed.number == strategy.listed().number)
    }

    /// The value as a decimal number.
    pub const fn decimal(&self) -> Decimal {
        Decimal { value: self.value, decimals: 9 }
    }
}

/// All of them as text.
pub fn name(changes: &[Change]) -> String {
    let one = |change: &Change| {
        let value = change.decimal().to_string();
        format!("{}={}", change.key, value.trim_end_matches('0').trim_end_matches('.'))
    };
    let mut all: Vec<String> = changes.iter().map(one).collect();
    // One for each strategy that has the parameter.
    all.dedup();
    all.join(" ")
}
