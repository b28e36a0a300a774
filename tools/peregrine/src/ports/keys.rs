//! The names of parameters that operators may set while trading, and of the shadows whose
//! parameters may be promoted.

use crate::config::{DeskSettings, ShadowSettings};
use engine::event::Command;
use shm::{Answer, Key};
use strategies::any::{Listed, Settings};
use strategies::parameter::{Parameter, from_nano, to_nano};

/// What can be set of the desks that trade.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Their strategies, each once.
    listed: Vec<&'static Listed>,
    /// The desks' parameters as they are now.
    desks: Vec<Settings>,
    shadows: Vec<ShadowSettings>,
}

impl Keys {
    /// Those of these desks, which begin with the parameters of the file.
    pub fn new(desks: &[DeskSettings], shadows: &[ShadowSettings]) -> Self {
        let desks: Vec<Settings> = desks.iter().map(|desk| desk.strategy).collect();
        let mut listed: Vec<&'static Listed> = Vec::new();
        for desk in &desks {
            if listed.iter().all(|known| known.number != desk.listed().number) {
                listed.push(desk.listed());
            }
        }
        Self { listed, desks, shadows: shadows.to_vec() }
    }

    /// A `Set` event of this key and value leaves for all desks.
    pub fn was_set(&mut self, key: u64, value: i64) {
        let id = (key & 0xffff) as u16;
        for desk in &mut self.desks {
            if u64::from(desk.listed().number) == key >> 16
                && let Some(next) = step(desk, id, from_nano(value))
            {
                *desk = next;
            }
        }
    }

    /// The ids and values of the `Set` events that give a desk the parameters of its shadow of this
    /// name, in an order in which the whole is valid after each of them.
    pub fn promote(&mut self, name: &str, out: &mut Vec<(u64, i64)>) -> Result<(), Answer> {
        let found = self.steps(name, out);
        if found.is_err() {
            out.clear();
        }
        found
    }

    fn steps(&mut self, name: &str, out: &mut Vec<(u64, i64)>) -> Result<(), Answer> {
        let shadow = self.shadows.iter().find(|shadow| shadow.name == name);
        let shadow = shadow.ok_or(Answer::UnknownShadow)?;
        let desk = self.desks.get_mut(shadow.desk).ok_or(Answer::UnknownShadow)?;
        let number = u8::try_from(shadow.desk).map_err(|_| Answer::NotSupported)?;
        let (listed, mut now) = (desk.listed(), *desk);
        loop {
            let (mut left, before) = (0, out.len());
            for parameter in listed.parameters {
                let wanted = shadow.strategy.get(parameter.id).and_then(to_nano);
                let wanted = wanted.ok_or(Answer::BadValue)?;
                // The file's number, as far as an event can carry it.
                if now.get(parameter.id).and_then(to_nano) == Some(wanted) {
                    continue;
                }
                match step(&now, parameter.id, from_nano(wanted)) {
                    Some(next) => {
                        now = next;
                        out.push((Command::set_id(listed.key(parameter), Some(number)), wanted));
                    }
                    None => left += 1,
                }
            }
            if left == 0 {
                *desk = now;
                return Ok(());
            }
            if out.len() == before {
                // Some can only change at once, which no row says.
                return Err(Answer::BadValue);
            }
        }
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
                return Listed::of_key(*id).filter(|(listed, _)| {
                    self.listed.iter().any(|one| one.number == listed.number)
                });
            }
        };
        let (of, name) = name.split_once('.').map_or((None, name), |(of, name)| (Some(of), name));
        let asked =
            self.listed.iter().copied().filter(|listed| of.is_none_or(|of| listed.name == of));
        let mut found = asked.filter_map(|listed| Some((listed, listed.parameter(name)?)));
        let first = found.next()?;
        // A name that two strategies have would change both or the wrong one.
        found.next().is_none().then_some(first)
    }
}

/// These with one parameter changed, where the strategy takes that.
fn step(settings: &Settings, id: u16, value: f64) -> Option<Settings> {
    let mut next = *settings;
    next.set(id, value).ok()?;
    next.validate().ok()?;
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Quotes;

    fn changed(changes: &[(&str, f64)]) -> Settings {
        let mut settings = Settings::of("avellaneda-stoikov").unwrap();
        for (key, value) in changes {
            let parameter = settings.listed().parameter(key).unwrap();
            settings.set(parameter.id, *value).unwrap();
        }
        settings.validate().unwrap();
        settings
    }

    fn keys(start: Settings, shadow: Settings) -> Keys {
        let desk = |name: &str, strategy| DeskSettings {
            name: name.to_owned(),
            strategy,
            traded: Vec::new(),
            quotes: Quotes {
                price_tolerance_ticks: 0,
                qty_excess_pct: 0,
                qty_shortage_pct: 0,
                life_min: engine::time::Nanos::ZERO,
            },
        };
        let desks = [desk("other", changed(&[])), desk("main", start)];
        let wide = ShadowSettings { name: "wide".to_owned(), desk: 1, strategy: shadow };
        Keys::new(&desks, &[wide])
    }

    /// Every step is taken by a strategy with the parameters of that moment, and the last one
    /// leaves what the shadow has.
    fn check(start: Settings, shadow: Settings, sets: &[(u64, i64)]) {
        let mut keys = keys(start, shadow);
        let mut now = start;
        for (key, value) in sets {
            keys.was_set(*key, *value);
            now = step(&now, (*key & 0xffff) as u16, from_nano(*value)).unwrap_or(now);
        }
        let mut rows = Vec::new();
        keys.promote("wide", &mut rows).unwrap();
        for (id, value) in &rows {
            let (key, desk) = Command::set_of(*id);
            assert_eq!(desk, Some(1));
            now = step(&now, (key & 0xffff) as u16, from_nano(*value)).unwrap();
        }
        assert_eq!(now, shadow);
        let mut again = Vec::new();
        keys.promote("wide", &mut again).unwrap();
        assert_eq!(again, []);
    }

    #[test]
    fn promotion_changes_what_differs_in_an_order_that_is_always_valid() {
        let low = changed(&[("spread_min_bps", 1.0), ("spread_max_bps", 2.0)]);
        let high = changed(&[("spread_min_bps", 30.0), ("spread_max_bps", 40.0), ("gamma", 0.5)]);
        check(low, high, &[]);
        check(high, low, &[]);
        check(low, low, &[]);
        let set = low.listed().set_event("gamma", 0.25).unwrap();
        check(low, low, &[set]);
        check(low, high, &[set]);
    }

    #[test]
    fn an_unknown_shadow_changes_nothing() {
        let mut rows = Vec::new();
        let found = keys(changed(&[]), changed(&[("gamma", 0.5)])).promote("tight", &mut rows);
        assert_eq!((found, rows.len()), (Err(Answer::UnknownShadow), 0));
    }
}
