//! What venues say of themselves, in one form for all: listings with their grids and limits, rate
//! limits, fees. Cold: read at the start and after a refused filter, over REST.

use crate::wire::Usage;
use engine::asset::Assets;
use engine::condition::Keeps;
use engine::id::{InstrumentId, VenueId};
use engine::instrument::{Fees, Instrument, Kind, Status, Symbol};
use engine::num::{AMOUNT_DECIMALS, Grid, Notional, NumError, Price, Qty, parse_decimal};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use thiserror::Error;

/// Why what the venue says of itself cannot be used.
#[derive(Debug, Error)]
pub enum MetadataError {
    /// The answer is not of the documented form.
    #[error("{what}: the venue's answer cannot be read: {why}; is the REST address right?")]
    Form {
        /// Which answer.
        what: &'static str,
        /// What the parser said.
        why: String,
    },
    /// An instrument is not traded there.
    #[error("{symbol}: the venue does not list it; check the spelling (upper case, no separator)")]
    Unlisted {
        /// The name asked for.
        symbol: String,
    },
    /// A filter cannot be represented.
    #[error("{symbol}: {filter} is {value:?}, which is {why}; this instrument cannot be traded")]
    Filter {
        /// The instrument.
        symbol: String,
        /// Which filter's field.
        filter: &'static str,
        /// Its text.
        value: String,
        /// What is wrong with it.
        why: NumError,
    },
    /// More assets than an account can follow, or a name that is too long.
    #[error("{asset}: no room for this asset; trade fewer instruments")]
    Asset {
        /// Its name.
        asset: String,
    },
    /// The venue answered with an error.
    #[error("{what}: the venue answered {status}: {text}")]
    Refused {
        /// Which request.
        what: &'static str,
        /// HTTP status.
        status: u16,
        /// Its words.
        text: String,
    },
}

/// One instrument as a venue describes it.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The venue's name.
    pub symbol: Symbol,
    /// What owning it means.
    pub kind: Kind,
    /// What is bought and sold.
    pub base: Symbol,
    /// What is paid, and what a perpetual is margined in.
    pub quote: Symbol,
    /// Tick size.
    pub tick: Grid,
    /// Lot size in the base asset.
    pub lot: Grid,
    /// One lot in the unit that the venue counts in: contracts, where it does.
    pub size: Grid,
    /// Lowest and highest price; 0 is no limit.
    pub price: (Price, Price),
    /// Smallest and largest quantity; 0 is no limit.
    pub qty: (Qty, Qty),
    /// Smallest and largest price times quantity; 0 is no limit.
    pub notional: (Notional, Notional),
    /// Initial margin at the highest leverage that the venue offers, in millionths. What the
    /// account is set to may be more.
    pub margin_ppm: i64,
    /// Whether it takes orders.
    pub status: Status,
    /// Whether quantity can be reduced in place without losing the queue place.
    pub amends: bool,
    /// Whether price and quantity can be changed in place.
    pub moves: bool,
    /// What of orders that wait the venue keeps.
    pub keeps: Keeps,
    /// Whether a cancel and a place can be one request.
    pub replaces: bool,
    /// Most open orders; 0 is no limit.
    pub orders_max: u32,
    /// The venue's number of it, where requests name it by one; 0 where not.
    pub code: u64,
    /// Self-trade prevention modes that orders may ask for; empty where the venue does not say.
    pub self_trade_modes: Vec<String>,
    /// The one that holds when an order asks for none.
    pub self_trade_default: String,
}

/// What a venue says of its instruments.
#[derive(Clone, Debug)]
pub struct Listings {
    /// Weight and order limits, where the answer holds them.
    pub limits: Vec<Usage>,
    /// Instruments.
    pub listings: Vec<Listing>,
    /// The venue's clock when it answered, ms since 1970; 0 where it does not say.
    pub server_ms: u64,
}

impl Listings {
    /// The listing of a name.
    pub fn listing(&self, symbol: &str) -> Result<&Listing, MetadataError> {
        let same = |one: &&Listing| one.symbol.as_str() == symbol;
        let unlisted = || MetadataError::Unlisted { symbol: symbol.to_owned() };
        self.listings.iter().find(same).ok_or_else(unlisted)
    }
}

impl Listing {
    /// As the engine's instrument; its assets are added to the table.
    pub fn instrument(
        &self,
        id: InstrumentId,
        venue: VenueId,
        assets: &mut Assets,
        fees: Fees,
    ) -> Result<Instrument, MetadataError> {
        let mut asset = |name: Symbol| {
            let full = || MetadataError::Asset { asset: name.as_str().to_owned() };
            assets.intern(name).ok_or_else(full)
        };
        let both = (asset(self.base)?, asset(self.quote)?);
        let mut instrument = Instrument::new(id, self.symbol, both, (self.tick, self.lot));
        instrument.venue = venue;
        instrument.kind = self.kind;
        instrument.size = self.size;
        instrument.margin_ppm = self.margin_ppm;
        (instrument.price_min, instrument.price_max) = self.price;
        (instrument.qty_min, instrument.qty_max) = self.qty;
        (instrument.notional_min, instrument.notional_max) = self.notional;
        instrument.fees = fees;
        instrument.amends = self.amends;
        instrument.moves = self.moves;
        instrument.keeps = self.keeps;
        instrument.status = self.status;
        Ok(instrument)
    }
}

/// Reads fields of one listing, so that each error names the instrument and the field.
pub(crate) struct Fields<'a>(pub &'a str);

impl Fields<'_> {
    /// A grid from its step; `otherwise` holds its places where the venue switches the rule off.
    pub fn grid(
        &self,
        filter: &'static str,
        step: &str,
        otherwise: Option<u8>,
    ) -> Result<Grid, MetadataError> {
        if let (true, Some(decimals)) = (is_zero(step), otherwise) {
            return Ok(Grid { decimals: decimals.min(12), step: 1 });
        }
        Grid::from_step(step.as_bytes()).map_err(|why| MetadataError::Filter {
            symbol: self.0.to_owned(),
            filter,
            value: step.to_owned(),
            why,
        })
    }

    /// A name of the instrument or of an asset.
    pub fn symbol(&self, name: &str) -> Result<Symbol, MetadataError> {
        Symbol::new(name).ok_or_else(|| MetadataError::Asset { asset: name.to_owned() })
    }
}

/// Steps of a limit; what is not told, or beyond what 64 bits hold, is no limit for us.
pub(crate) fn steps(grid: Grid, text: &str) -> i64 {
    grid.parse(text.as_bytes()).unwrap_or(0)
}

/// A limit in money; what is not told is none.
pub(crate) fn money(text: &str) -> Notional {
    Notional(parse_decimal(text.as_bytes(), AMOUNT_DECIMALS).unwrap_or(0))
}

pub(crate) fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'0' || byte == b'.')
}

/// A rate in millionths, rounded away from zero; `None` where that does not fit.
pub(crate) fn ppm(rate: Decimal) -> Option<i64> {
    let scaled = rate.checked_mul(Decimal::from(1_000_000_u32))?;
    scaled.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::AwayFromZero).to_i64()
}

/// The initial margin at a leverage, in millionths, up to the next one.
pub(crate) fn margin_ppm(leverage: &str) -> i64 {
    let leverage = leverage.parse::<Decimal>().ok().filter(|one| *one >= Decimal::ONE);
    leverage.and_then(|one| ppm(Decimal::ONE / one)).unwrap_or(1_000_000)
}
