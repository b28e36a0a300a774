//! What is known of the instruments: what a person says, what a configuration says, and what the
//! files show.

use super::error::ImportError;
use super::number::Fineness;
use crate::tape::Listed;
use engine::asset::Assets;
use engine::id::{FeedId, InstrumentId, VenueId};
use engine::instrument::{Fees, Instrument, Kind, Symbol};
use engine::num::{Grid, Notional};
use std::path::Path;

/// Quote assets by which a symbol without a dash is taken apart.
const QUOTES: [&str; 15] = [
    "USDT", "USDC", "FDUSD", "BUSD", "TUSD", "DAI", "USD", "EUR", "GBP", "TRY", "BRL", "JPY",
    "BTC", "ETH", "BNB",
];

/// An instrument as a configuration has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// `venue:SYMBOL`.
    pub name: String,
    /// The venue's name of it.
    pub symbol: String,
    /// What owning it means.
    pub kind: Kind,
    /// Fees.
    pub fees: Fees,
    /// Initial margin, millionths of the notional.
    pub margin_ppm: i64,
}

/// What is said before files are read. Steps are given for all, or for `SYMBOL` or `venue:SYMBOL`
/// alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The venue's name; `import` where nobody says it.
    pub venue: Option<String>,
    /// The symbol, where files have none.
    pub symbol: Option<String>,
    /// Spot or perpetual.
    pub kind: Option<Kind>,
    /// Tick sizes: whose, and the step as text.
    pub ticks: Vec<(Option<String>, String)>,
    /// Lot sizes.
    pub lots: Vec<(Option<String>, String)>,
    /// What is bought.
    pub base: Option<String>,
    /// What it is paid with.
    pub quote: Option<String>,
    /// Fees.
    pub fees: Option<Fees>,
    /// Initial margin, millionths of the notional.
    pub margin_ppm: Option<i64>,
    /// Smallest price times quantity of an order.
    pub notional_min: Option<Notional>,
    /// The instruments of a configuration.
    pub known: Vec<Known>,
}

/// What a file shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    pub symbol: Option<String>,
    pub venue: Option<String>,
    pub kind: Option<Kind>,
    pub price: Fineness,
    pub qty: Fineness,
    /// How many of a million numbers may lie off the steps, because their reader cuts them.
    pub rare_ppm: u64,
}

fn step<'a>(said: &'a [(Option<String>, String)], name: &str, symbol: &str) -> Option<&'a str> {
    let of = |whose: Option<&str>| {
        let found = said.iter().find(|(one, _)| one.as_deref() == whose);
        found.map(|(_, step)| step.as_str())
    };
    of(Some(name)).or_else(|| of(Some(symbol))).or_else(|| of(None))
}

/// Base and quote of a symbol.
fn assets(symbol: &str) -> Option<(String, String)> {
    if let Some((base, rest)) = symbol.split_once(['-', '_', '/']) {
        let quote = rest.split(['-', '_']).next().unwrap_or(rest);
        return Some((base.to_uppercase(), quote.to_uppercase()));
    }
    let upper = symbol.to_uppercase();
    QUOTES.iter().find_map(|quote| {
        let base = upper.strip_suffix(quote).filter(|base| !base.is_empty())?;
        Some((base.to_owned(), (*quote).to_owned()))
    })
}

/// The instrument of a configuration that a file is of: of the venue that is said, or the only one
/// of that symbol, or the one of the venue and the kind that the file shows.
fn known<'a>(
    all: &'a [Known],
    symbol: &str,
    said: Option<&str>,
    shown: &Shown,
) -> Option<&'a Known> {
    let venue = |known: &Known| known.name.split_once(':').map(|(venue, _)| venue.to_owned());
    let is_of = |known: &&Known, wanted: &str| venue(known).as_deref() == Some(wanted);
    let mut found: Vec<&Known> = all.iter().filter(|known| known.symbol == symbol).collect();
    if let Some(said) = said {
        found.retain(|known| is_of(known, said));
    } else if found.len() > 1 {
        found.retain(|known| shown.venue.as_deref().is_none_or(|venue| is_of(known, venue)));
    }
    if found.len() > 1 {
        found.retain(|known| shown.kind.is_none_or(|kind| kind == known.kind));
    }
    if found.len() == 1 { found.first().copied() } else { None }
}

/// The instruments of a tape as they come up.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub listed: Vec<Listed>,
    pub notes: Vec<String>,
    assets: Assets,
    venues: Vec<String>,
}

impl Table {
    /// The instrument that a file is of: one that is there already, or a new one. `said` is the
    /// venue that a person names, which counts more than the one that a file's name shows.
    pub fn take(
        &mut self,
        facts: &Facts,
        shown: &Shown,
        said: Option<&str>,
        path: &Path,
    ) -> Result<Instrument, ImportError> {
        let missing = |what: &str| ImportError::file(path, what);
        let symbol = shown.symbol.clone().or_else(|| facts.symbol.clone());
        let symbol = symbol.ok_or_else(|| {
            missing("it does not say its symbol; name it: venue:SYMBOL=FILE, or --symbol")
        })?;
        let venue = said.map(str::to_owned).or_else(|| shown.venue.clone());
        let known = known(&facts.known, &symbol, said, shown);
        if known.is_none() && !facts.known.is_empty() {
            let names: Vec<&str> = facts.known.iter().map(|known| known.name.as_str()).collect();
            let venue = venue.unwrap_or_default();
            return Err(missing(&format!(
                "{venue}:{symbol} is not in the configuration, which has {}; say which it is \
                 with --venue, or venue:SYMBOL=FILE",
                names.join(", ")
            )));
        }
        let name = known.map_or_else(
            || format!("{}:{symbol}", venue.as_deref().unwrap_or("import")),
            |known| known.name.clone(),
        );
        if let Some(listed) = self.listed.iter().find(|listed| listed.name == name) {
            return Ok(listed.instrument);
        }
        let made = self.made(facts, shown, (&name, &symbol, known)).map_err(|why| missing(&why))?;
        self.listed.push(made.clone());
        Ok(made.instrument)
    }

    fn made(
        &mut self,
        facts: &Facts,
        shown: &Shown,
        (name, symbol, known): (&str, &str, Option<&Known>),
    ) -> Result<Listed, String> {
        let (pair, rare) = (assets(symbol), shown.rare_ppm);
        let part = |said: &Option<String>, found: Option<String>, what: &str| {
            said.clone()
                .or(found)
                .ok_or_else(|| format!("the {what} asset of {symbol} is not known; give --{what}"))
        };
        let base = part(&facts.base, pair.as_ref().map(|pair| pair.0.clone()), "base")?;
        let quote = part(&facts.quote, pair.map(|pair| pair.1), "quote")?;
        let tick =
            self.grid(step(&facts.ticks, name, symbol), shown.price.grid(rare), (name, "tick"))?;
        let lot =
            self.grid(step(&facts.lots, name, symbol), shown.qty.grid(rare), (name, "lot"))?;
        let symbol = Symbol::new(symbol).ok_or_else(|| format!("`{symbol}` is no symbol"))?;
        let mut intern = |name: &str| {
            let symbol = Symbol::new(name).ok_or_else(|| format!("`{name}` is no asset"))?;
            self.assets.intern(symbol).ok_or_else(|| "these are too many assets".to_owned())
        };
        let ids = (intern(&base)?, intern(&quote)?);
        let id = u16::try_from(self.listed.len()).map_err(|_| "too many instruments")?;
        let mut one = Instrument::new(InstrumentId(id), symbol, ids, (tick, lot));
        let of = name.split_once(':').map_or(name, |(venue, _)| venue);
        let place = self.venues.iter().position(|venue| venue == of);
        let place = place.unwrap_or_else(|| {
            self.venues.push(of.to_owned());
            self.venues.len() - 1
        });
        let place = u8::try_from(place).map_err(|_| "too many venues")?;
        (one.venue, one.feed) = (VenueId(place), FeedId(place));
        let kind = known.map(|known| known.kind).or(facts.kind).or(shown.kind);
        one.kind = kind.unwrap_or_default();
        one.fees = facts.fees.or_else(|| known.map(|known| known.fees)).unwrap_or_default();
        let margin = facts.margin_ppm.or_else(|| known.map(|known| known.margin_ppm));
        one.margin_ppm = margin.unwrap_or(one.margin_ppm);
        one.notional_min = facts.notional_min.unwrap_or_default();
        Ok(Listed { name: name.to_owned(), base, quote, instrument: one })
    }

    /// A step that was said, or else the one that all numbers lie on, which is noted.
    fn grid(
        &mut self,
        said: Option<&str>,
        seen: Option<Grid>,
        (name, what): (&str, &str),
    ) -> Result<Grid, String> {
        if let Some(text) = said {
            let wrong = |why| format!("--{what} {text}: {why}; give a step such as 0.01");
            return Grid::from_step(text.as_bytes()).map_err(wrong);
        }
        let grid = seen.ok_or_else(|| {
            format!("the {what} size of {name} is not known and cannot be seen; give --{what}")
        })?;
        let step = grid.decimal(1);
        self.notes.push(format!("{name}: {what} {step}, the step that its numbers lie on"));
        Ok(grid)
    }
}
