//! The instruments: where each trades, its fees, and which limits and parameters are its own.

use super::Config;
use super::money::Risk;
use super::section::{At, Section, suggestion};
use super::venue::Venue;
use engine::instrument::{Fees, Kind, Symbol};
use rust_decimal::Decimal;

/// One instrument to follow, and perhaps to trade.
#[derive(Clone, Debug, PartialEq)]
pub struct InstrumentSettings {
    /// Place of its venue in [`Config::venues`].
    pub venue: usize,
    /// The venue's name of it, such as `BTCUSDT`.
    pub symbol: String,
    /// What owning it means.
    pub kind: Kind,
    /// Leverage of a perpetual: its margin is the notional by this.
    pub leverage: u32,
    /// Fees for formulas and for `paper`; what is booked is what the venue reports.
    pub fees: Fees,
    /// Limits, with what the instrument's own section changes.
    pub risk: Risk,
}

impl InstrumentSettings {
    /// What a desk's list calls it.
    pub fn name(&self, venues: &[Venue]) -> String {
        let venue = venues.get(self.venue).map_or("?", |venue| venue.name.as_str());
        let perpetual = self.kind == Kind::Linear;
        let both = venues.get(self.venue).is_some_and(|venue| venue.kind.has_both());
        let suffix = if perpetual && both { ":linear" } else { "" };
        format!("{venue}:{}{suffix}", self.symbol)
    }

    /// Whether a name in a desk's list means it: with or without its venue and kind.
    pub fn is_called(&self, name: &str, venues: &[Venue]) -> bool {
        let whole = self.name(venues);
        name == whole
            || whole.strip_suffix(":linear") == Some(name)
            || whole.split_once(':').is_some_and(|(_, rest)| rest == name)
            || self.symbol == name
    }
}

/// Reads all of them.
pub(super) fn instruments(
    root: &Section<'_>,
    sections: &[Section<'_>],
    venues: &[Venue],
    risk: Option<&Risk>,
) -> Vec<InstrumentSettings> {
    if sections.is_empty() && !root.has("instrument") {
        root.missing("instrument", "add [[instrument]] with symbol = \"BTCUSDT\"");
    }
    let mut out: Vec<InstrumentSettings> = Vec::new();
    for (place, section) in sections.iter().enumerate() {
        if place == Config::INSTRUMENTS_MAX {
            let message = format!("is more than {} instruments", Config::INSTRUMENTS_MAX);
            section.problem(section.span(), "symbol", message, "run a second engine for the rest");
        }
        let venue = venue(section, venues);
        let kind = kind(section, venue.and_then(|place| venues.get(place)));
        let symbol = symbol(section, venue.and_then(|place| venues.get(place)));
        let fee = |key| section.decimal(key).and_then(|at| fee_ppm(section, key, at)).unwrap_or(0);
        let fees = Fees { maker_ppm: fee("maker_fee_bps"), taker_ppm: fee("taker_fee_bps") };
        let leverage = section.whole("leverage", 1..=100, "times").unwrap_or(5);
        let own_risk = section.table("risk");
        let risk = risk.and_then(|base| Risk::read(&own_risk, Some(base)));
        own_risk.finish_if(risk.is_some());
        let (Some(venue), Some(At { value: symbol, span }), Some(kind)) = (venue, symbol, kind)
        else {
            continue;
        };
        let same =
            |one: &InstrumentSettings| (one.venue, &one.symbol, one.kind) == (venue, &symbol, kind);
        if out.iter().any(same) {
            let message = format!("{symbol} is there twice");
            section.problem(span, "symbol", message, "remove one of them");
            continue;
        }
        if let Some(risk) = risk {
            let leverage = u32::try_from(leverage).unwrap_or(1);
            out.push(InstrumentSettings { venue, symbol, kind, leverage, fees, risk });
        }
    }
    out
}

/// The place of an instrument's venue, which need not be named where there is one alone. Nothing is
/// judged where the venues themselves have faults.
fn venue(section: &Section<'_>, venues: &[Venue]) -> Option<usize> {
    let named = section.text("venue");
    if venues.is_empty() {
        return None;
    }
    let Some(At { value, span }) = named else {
        if venues.len() > 1 && !section.has("venue") {
            let help = format!("add venue = \"{}\"", venues[0].name);
            section.missing("venue", help);
            return None;
        }
        return Some(0);
    };
    let found = venues.iter().position(|venue| venue.name == value);
    if found.is_none() {
        let help = suggestion(&value, venues.iter().map(|venue| venue.name.as_str()));
        section.problem(span, "venue", format!("there is no [venue.{value}]"), help);
    }
    found
}

/// Spot or perpetual: said where the venue has both, known elsewhere.
fn kind(section: &Section<'_>, venue: Option<&Venue>) -> Option<Kind> {
    let names = [("spot", Kind::Spot), ("linear", Kind::Linear)];
    let given = section.choice("market", &names);
    let known = match venue?.kind {
        super::VenueKind::BinanceSpot => Some(Kind::Spot),
        super::VenueKind::BinanceUsdm => Some(Kind::Linear),
        super::VenueKind::Okx => {
            let symbol = section.peek("symbol").unwrap_or_default();
            Some(if symbol.ends_with("-SWAP") { Kind::Linear } else { Kind::Spot })
        }
        super::VenueKind::Bybit => None,
    };
    match (given, known) {
        (Some(given), Some(known)) if given.value != known => {
            let message = "does not fit venue and symbol".to_owned();
            section.problem(given.span, "market", message, "leave it out");
            None
        }
        (Some(given), _) => Some(given.value),
        (None, Some(known)) => Some(known),
        (None, None) => {
            if !section.has("market") {
                section.missing("market", "add market = \"spot\" or \"linear\"");
            }
            None
        }
    }
}

fn symbol(section: &Section<'_>, venue: Option<&Venue>) -> Option<At<String>> {
    let example = venue.map_or("BTCUSDT", |venue| venue.kind.example());
    let text = section.text("symbol");
    let Some(At { value, span }) = text else {
        if !section.has("symbol") {
            section.missing("symbol", format!("add symbol = \"{example}\""));
        }
        return None;
    };
    let more = venue?.kind.symbol_bytes();
    let plain =
        |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || more.contains(&byte);
    if !value.bytes().all(plain) || Symbol::new(&value).is_none() {
        let fits = |byte: &char| u8::try_from(*byte).is_ok_and(plain);
        let upper: String = value.to_uppercase().chars().filter(fits).collect();
        let message = format!("`{value}` is not a symbol of this venue");
        section.problem(span, "symbol", message, format!("did you mean \"{upper}\"?"));
        return None;
    }
    Some(At { value, span })
}

pub(super) fn fee_ppm(section: &Section<'_>, key: &str, at: At<Decimal>) -> Option<i64> {
    use rust_decimal::prelude::ToPrimitive;
    let ppm = at.value * Decimal::ONE_HUNDRED;
    let limit = Decimal::from(100_000);
    if ppm.is_integer() && ppm.abs() <= limit {
        return ppm.to_i64();
    }
    let help = "basis points: from -1000 to 1000 in steps of 0.01; 10 is 0.1 %";
    section.problem(at.span, key, format!("{} is no such fee", at.value), help);
    None
}
