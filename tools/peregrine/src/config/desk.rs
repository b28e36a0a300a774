//! The desks: each one strategy with its instruments, parameters, limits and tolerances.
//!
//! Without a `[[desk]]` each instrument has a desk of its own, with the strategy of `[strategy]`.

use super::instrument::InstrumentSettings;
use super::money::Risk;
use super::quotes::Quotes;
use super::section::{At, Section, suggestion};
use super::venue::Venue;
use strategies::any::{STRATEGIES, Settings};
use strategies::parameter::Parameter;

/// One strategy and what it trades.
#[derive(Clone, Debug, PartialEq)]
pub struct DeskSettings {
    /// What we call it.
    pub name: String,
    /// The strategy with its parameters.
    pub strategy: Settings,
    /// Places in [`super::Config::instruments`], in the order of the strategy's roles, each with
    /// the limits that hold for this desk.
    pub traded: Vec<(usize, Risk)>,
    /// Which differences between plan and orders are left.
    pub quotes: Quotes,
}

/// What desks are read from beside their own sections.
pub(super) struct Ground<'a> {
    pub venues: &'a [Venue],
    pub instruments: &'a [InstrumentSettings],
    /// The sections of the instruments.
    pub sections: &'a [Section<'a>],
    pub risk: Option<&'a Risk>,
    pub quotes: &'a Quotes,
}

/// Reads all of them; `strategy` is the section that instruments without a `[[desk]]` share.
pub(super) fn desks(
    desks: &[Section<'_>],
    strategy: &Section<'_>,
    ground: &Ground<'_>,
) -> Vec<DeskSettings> {
    if desks.is_empty() {
        return one_each(strategy, ground);
    }
    let mut out: Vec<DeskSettings> = Vec::new();
    for section in desks {
        if let Some(desk) = desk(section, &out, ground) {
            out.push(desk);
        }
    }
    out
}

/// One desk an instrument.
fn one_each(section: &Section<'_>, ground: &Ground<'_>) -> Vec<DeskSettings> {
    let kind = settings(section, "kind", 1);
    // Without a strategy its keys are read all the same, so that only unknown ones are reported.
    let read = kind.or_else(|| Settings::of(STRATEGIES[0].name));
    let base = read.and_then(|read| parameters(section, read)).filter(|_| kind.is_some());
    let mut out = Vec::new();
    for (place, instrument) in ground.instruments.iter().enumerate() {
        let own = ground.sections.iter().find(|own| {
            let named = own.peek("venue").is_none_or(|venue| {
                ground.venues.get(instrument.venue).is_some_and(|known| known.name == venue)
            });
            named && own.peek("symbol").as_deref() == Some(instrument.symbol.as_str())
        });
        let strategy = own.map_or(base, |own| {
            let own = own.table("strategy");
            let read = base.and_then(|base| parameters(&own, base));
            own.finish_if(base.is_some());
            read
        });
        if let Some(strategy) = strategy {
            out.push(DeskSettings {
                name: instrument.symbol.clone(),
                strategy,
                traded: vec![(place, instrument.risk.clone())],
                quotes: *ground.quotes,
            });
        }
    }
    out
}

fn desk(
    section: &Section<'_>,
    before: &[DeskSettings],
    ground: &Ground<'_>,
) -> Option<DeskSettings> {
    let name = named(section, "desk", |name| before.iter().any(|desk| desk.name == name));
    let places = traded(section, ground);
    let strategy = settings(section, "strategy", places.len());
    let own_risk = section.table("risk");
    let shared = ground.risk.and_then(|base| Risk::read(&own_risk, Some(base)));
    own_risk.finish_if(ground.risk.is_some());
    let own_quotes = section.table("quotes");
    let quotes = Quotes::read(&own_quotes, Some(ground.quotes));
    own_quotes.finish();
    let table = section.table("parameters");
    let read = strategy.and_then(|base| parameters(&table, base));
    table.finish_if(strategy.is_some());
    let strategy = read;
    let (shared, base) = (shared?, ground.risk?);
    let traded = places.into_iter().map(|place| {
        // What the instrument's own section changes comes before what the desk's changes.
        let own = &ground.instruments[place].risk;
        (place, own.over(base, &shared))
    });
    Some(DeskSettings { name: name?, strategy: strategy?, traded: traded.collect(), quotes })
}

/// The name that a section gives, of a `what`; `taken` says which ones are there already.
pub(super) fn named(
    section: &Section<'_>,
    what: &str,
    taken: impl Fn(&str) -> bool,
) -> Option<String> {
    let Some(At { value, span }) = section.text("name") else {
        if !section.has("name") {
            section.missing("name", "add name = \"main\", or any other");
        }
        return None;
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if value.is_empty() || value.len() > 23 || !value.bytes().all(plain) {
        let message = format!("`{value}` cannot name a {what}");
        section.problem(span, "name", message, "1 to 23 of a-z, A-Z, 0-9, - _ .");
        return None;
    }
    if taken(&value) {
        section.problem(span, "name", format!("{value} is there twice"), "choose another");
        return None;
    }
    Some(value)
}

/// The instruments that a desk lists, in its order.
fn traded(section: &Section<'_>, ground: &Ground<'_>) -> Vec<usize> {
    let mut out = Vec::new();
    let listed = section.texts("instruments");
    if listed.is_empty() && !section.has("instruments") {
        section.missing("instruments", "add instruments = [\"binance:BTCUSDT\"]");
    }
    // What a list means is open while instruments have faults.
    let whole = ground.instruments.len() == ground.sections.len();
    for At { value, span } in listed.into_iter().filter(|_| whole) {
        let all = ground.instruments.iter().enumerate();
        let mut found = all.filter(|(_, one)| one.is_called(&value, ground.venues));
        let (first, second) = (found.next(), found.next());
        let exact = ground.instruments.iter().position(|one| one.name(ground.venues) == value);
        let known: Vec<String> =
            ground.instruments.iter().map(|one| one.name(ground.venues)).collect();
        match (exact.or(first.map(|(place, _)| place)), second) {
            (Some(place), None) if !out.contains(&place) => out.push(place),
            (Some(place), Some(_)) if exact.is_some() && !out.contains(&place) => out.push(place),
            (Some(_), Some(_)) if exact.is_none() => {
                let message = format!("`{value}` could be several instruments");
                let help = format!("name the venue: one of {}", known.join(", "));
                section.problem(span, "instruments", message, help);
            }
            (Some(_), _) => {
                let message = format!("{value} is there twice");
                section.problem(span, "instruments", message, "remove one of them");
            }
            (None, _) => {
                let message = format!("there is no [[instrument]] {value}");
                let help = suggestion(&value, known.iter().map(String::as_str));
                section.problem(span, "instruments", message, help);
            }
        }
    }
    out
}

/// The strategy that a section names, with its defaults, if it may have so many instruments.
fn settings(section: &Section<'_>, key: &'static str, count: usize) -> Option<Settings> {
    let names: Vec<_> = STRATEGIES.iter().map(|one| (one.name, one.name)).collect();
    let Some(At { value, span }) = section.choice(key, &names) else {
        if !section.has(key) {
            section.missing(key, format!("add {key} = \"{}\"", STRATEGIES[0].name));
        }
        return None;
    };
    let settings = Settings::of(value)?;
    let listed = settings.listed();
    if count > 0 && !(listed.roles.len()..=listed.instruments_max).contains(&count) {
        let roles: Vec<&str> = listed.roles.iter().map(|role| role.name).collect();
        let message = format!("{value} cannot trade {count} instruments");
        let help =
            format!("it takes {} to {}: {}", roles.len(), listed.instruments_max, roles.join(", "));
        section.problem(span, key, message, help);
        return None;
    }
    Some(settings)
}

/// Reads all parameters over some; wrong ones are reported and the rest is checked together.
pub(super) fn parameters(section: &Section<'_>, mut settings: Settings) -> Option<Settings> {
    let mut whole = true;
    for parameter in settings.listed().parameters {
        let Parameter { id, key, names, min, max, unit, .. } = *parameter;
        let Some(At { value, span }) = section.number(key, names) else {
            whole &= !section.has(key);
            continue;
        };
        if settings.set(id, value).is_err() {
            whole = false;
            let kind = if unit == "count" { ", a whole number" } else { "" };
            let help = format!("from {min} to {max} {unit}{kind}. {}", parameter.help);
            section.problem(span, key, format!("{value} is out of range"), help);
        }
    }
    match settings.validate() {
        Ok(()) if whole => Some(settings),
        Err(error) if whole => {
            section.problem(section.span(), "", error.to_string(), "");
            None
        }
        _ => None,
    }
}
