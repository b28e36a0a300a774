//! The instruments of a tape as JSON in its metadata: every fact of each, named, and read back
//! without loss.

use engine::condition::Keeps;
use engine::id::{AssetId, FeedId, InstrumentId, VenueId};
use engine::instrument::{Fees, Instrument, Kind, Status, Symbol};
use engine::num::{Grid, Notional, Price, Qty};
use serde::{Deserialize, Serialize};

/// An instrument of a tape, with the names that its numbers stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// `venue:SYMBOL`.
    pub name: String,
    /// The name of the base asset.
    pub base: String,
    /// The name of the quote asset.
    pub quote: String,
    /// Everything else; rows name it by its id.
    pub instrument: Instrument,
}

/// Decimals and step of a grid.
type Step = (u8, i64);

/// The same as plain words. Prices are in ticks, quantities in lots, money in 1e-8.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    name: String,
    base: String,
    quote: String,
    id: u16,
    venue: u8,
    feed: u8,
    kind: String,
    symbol: String,
    base_id: u16,
    quote_id: u16,
    tick: Step,
    lot: Step,
    size: Step,
    margin_ppm: i64,
    price_min: i64,
    price_max: i64,
    qty_min: i64,
    qty_max: i64,
    notional_min: i64,
    notional_max: i64,
    maker_ppm: i64,
    taker_ppm: i64,
    amends: bool,
    moves: bool,
    keeps: u64,
    status: String,
}

const KINDS: [(Kind, &str); 2] = [(Kind::Spot, "spot"), (Kind::Linear, "linear")];
const STATES: [(Status, &str); 3] =
    [(Status::Trading, "trading"), (Status::Halted, "halted"), (Status::CancelOnly, "cancel-only")];

fn word<T: PartialEq>(known: &[(T, &str)], value: &T) -> String {
    known.iter().find(|(one, _)| one == value).map_or("", |(_, word)| word).to_owned()
}

fn meaning<T: Copy>(known: &[(T, &str)], word: &str) -> Result<T, String> {
    let found = known.iter().find(|(_, one)| *one == word);
    found.map(|(value, _)| *value).ok_or_else(|| format!("`{word}` is not known"))
}

const fn step(grid: Grid) -> Step {
    (grid.decimals, grid.step)
}

fn grid((decimals, step): Step) -> Result<Grid, String> {
    if decimals > 12 || step <= 0 {
        return Err(format!("a grid of {step} at {decimals} places is none"));
    }
    Ok(Grid { decimals, step })
}

impl From<&Listed> for Plain {
    fn from(listed: &Listed) -> Self {
        // Without `..`: a fact that is added to an instrument belongs here too.
        let Instrument {
            id,
            venue,
            feed,
            kind,
            symbol,
            base,
            quote,
            tick,
            lot,
            size,
            margin_ppm,
            price_min,
            price_max,
            qty_min,
            qty_max,
            notional_min,
            notional_max,
            fees,
            amends,
            moves,
            keeps,
            status,
        } = listed.instrument;
        Self {
            name: listed.name.clone(),
            base: listed.base.clone(),
            quote: listed.quote.clone(),
            id: id.0,
            venue: venue.0,
            feed: feed.0,
            kind: word(&KINDS, &kind),
            symbol: symbol.as_str().to_owned(),
            base_id: base.0,
            quote_id: quote.0,
            tick: step(tick),
            lot: step(lot),
            size: step(size),
            margin_ppm,
            price_min: price_min.0,
            price_max: price_max.0,
            qty_min: qty_min.0,
            qty_max: qty_max.0,
            notional_min: notional_min.0,
            notional_max: notional_max.0,
            maker_ppm: fees.maker_ppm,
            taker_ppm: fees.taker_ppm,
            amends,
            moves,
            keeps: keeps.word(),
            status: word(&STATES, &status),
        }
    }
}

impl TryFrom<Plain> for Listed {
    type Error = String;

    fn try_from(plain: Plain) -> Result<Self, String> {
        let symbol = Symbol::new(&plain.symbol);
        let instrument = Instrument {
            id: InstrumentId(plain.id),
            venue: VenueId(plain.venue),
            feed: FeedId(plain.feed),
            kind: meaning(&KINDS, &plain.kind)?,
            symbol: symbol.ok_or_else(|| format!("`{}` is no symbol", plain.symbol))?,
            base: AssetId(plain.base_id),
            quote: AssetId(plain.quote_id),
            tick: grid(plain.tick)?,
            lot: grid(plain.lot)?,
            size: grid(plain.size)?,
            margin_ppm: plain.margin_ppm,
            price_min: Price(plain.price_min),
            price_max: Price(plain.price_max),
            qty_min: Qty(plain.qty_min),
            qty_max: Qty(plain.qty_max),
            notional_min: Notional(plain.notional_min),
            notional_max: Notional(plain.notional_max),
            fees: Fees { maker_ppm: plain.maker_ppm, taker_ppm: plain.taker_ppm },
            amends: plain.amends,
            moves: plain.moves,
            keeps: Keeps::from_word(plain.keeps)
                .ok_or_else(|| format!("{} says of no orders that they wait", plain.keeps))?,
            status: meaning(&STATES, &plain.status)?,
        };
        Ok(Self { name: plain.name, base: plain.base, quote: plain.quote, instrument })
    }
}

/// All of them as a JSON array.
pub(super) fn to_json(listed: &[Listed]) -> Result<String, String> {
    let plain: Vec<Plain> = listed.iter().map(Plain::from).collect();
    serde_json::to_string(&plain).map_err(|error| error.to_string())
}

/// And back.
pub(super) fn from_json(text: &str) -> Result<Vec<Listed>, String> {
    let plain: Vec<Plain> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    plain.into_iter().map(Listed::try_from).collect()
}
