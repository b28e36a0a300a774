//! The names of parameters that operators may set while trading.

use shm::{Answer, Key};
use strategies::any::{Listed, Settings};
use strategies::parameter::Parameter;

/// The strategies that trade, each once.
#[derive(Clone, Debug, Default)]
pub struct Keys(Vec<&'static Listed>);

impl Keys {
    /// Those of these desks.
    pub fn new(desks: impl Iterator<Item = &'static Listed>) -> Self {
        let mut list: Vec<&'static Listed> = Vec::new();
        for listed in desks {
            if list.iter().all(|known| known.number != listed.number) {
                list.push(listed);
            }
        }
        Self(list)
    }

    /// The number of a parameter as a `Set` event carries it, if it may have this value, in 1e-9.
    /// With several strategies a name that more than one has is taken with its strategy's name
    /// before it: `market-making.levels`.
    pub fn number(&self, key: &Key, value: i64) -> Result<u64, Answer> {
        let (listed, parameter) = self.find(key).ok_or(Answer::UnknownKey)?;
        let mut settings = Settings::of(listed.name).ok_or(Answer::UnknownKey)?;
        settings.set(parameter.id, value as f64 / 1e9).map_err(|_| Answer::BadValue)?;
        Ok(listed.key(parameter))
    }

    fn find(&self, key: &Key) -> Option<(&'static Listed, &'static Parameter)> {
        let name = match key {
            Key::Name(name) => name.as_str(),
            Key::Id(id) => {
                return Listed::of_key(*id)
                    .filter(|(listed, _)| self.0.iter().any(|one| one.number == listed.number));
            }
        };
        let (of, name) = name.split_once('.').map_or((None, name), |(of, name)| (Some(of), name));
        let asked = self.0.iter().copied().filter(|listed| of.is_none_or(|of| listed.name == of));
        let mut found = asked.filter_map(|listed| Some((listed, listed.parameter(name)?)));
        let first = found.next()?;
        // A name that two strategies have would change both or the wrong one.
        found.next().is_none().then_some(first)
    }
}
