//! Other parameters than the recorded ones, as the command line names them.

use crate::exit::Failure;
use engine::num::Decimal;
use strategies::any::STRATEGIES;
use strategies::avellaneda_stoikov::{PARAMETERS, Parameters};
use strategies::parameter::Table;

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
    /// From `KEY=VALUE`; values that have names may be given by them.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        let (key, value) = (key.trim(), value.trim());
        let parameter = Parameters::by_key(key).ok_or_else(|| {
            let keys: Vec<&str> = PARAMETERS.iter().map(|parameter| parameter.key).collect();
            Failure::usage(format!("no parameter is named `{key}`; there are {}", keys.join(", ")))
        })?;
        let bad = |why: String| Failure::usage(format!("{key}={value}: {why}"));
        let number = match parameter.names.iter().position(|name| *name == value) {
            Some(number) => number as f64,
            None => value.parse().map_err(|_| bad("not a number".into()))?,
        };
        Parameters::default().set(parameter.id, number).map_err(|error| bad(error.to_string()))?;
        let event = STRATEGIES[0].set_event(key, number);
        let (id, value) = event.ok_or_else(|| bad("too large".into()))?;
        Ok(Self { key: parameter.key, id, value })
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
    changes.iter().map(one).collect::<Vec<_>>().join(" ")
}
