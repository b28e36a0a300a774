//! What the venue says of itself: instruments with their filters, rate limits, fees. Read at the
//! start and after a refused filter, over REST; cold, so serde does it.

use crate::credentials::Credentials;
use crate::wire::{LimitKind, Usage};
use engine::asset::Assets;
use engine::id::{InstrumentId, VenueId};
use engine::instrument::{Fees, Instrument, Status, Symbol};
use engine::num::{AMOUNT_DECIMALS, Grid, Notional, NumError, Price, Qty, parse_decimal};
use engine::time::Nanos;
use feeds::net::{HttpRequest, Method};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Deserialize;
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

pub use Listings as ExchangeInfo; // the venue's own word for it

/// One instrument as `exchangeInfo` describes it.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The venue's name.
    pub symbol: Symbol,
    /// What is bought and sold.
    pub base: Symbol,
    /// What is paid.
    pub quote: Symbol,
    /// Grids, limits and status; ids and fees are filled in by [`Listing::instrument`].
    pub tick: Grid,
    /// Lot size.
    pub lot: Grid,
    /// Lowest and highest price; 0 is no limit.
    pub price: (Price, Price),
    /// Smallest and largest quantity; 0 is no limit.
    pub qty: (Qty, Qty),
    /// Smallest and largest price times quantity; 0 is no limit.
    pub notional: (Notional, Notional),
    /// Whether it takes orders.
    pub status: Status,
    /// Whether `order.amend.keepPriority` is allowed.
    pub amends: bool,
    /// Whether `order.cancelReplace` is allowed.
    pub replaces: bool,
    /// Most open orders; 0 is no limit.
    pub orders_max: u32,
    /// Self-trade prevention modes that orders may ask for.
    pub self_trade_modes: Vec<String>,
    /// The one that holds when an order asks for none.
    pub self_trade_default: String,
}

/// What `exchangeInfo` says.
#[derive(Clone, Debug)]
pub struct Listings {
    /// Weight and order limits.
    pub limits: Vec<Usage>,
    /// Instruments.
    pub listings: Vec<Listing>,
    /// The venue's clock when it answered, ms since 1970.
    pub server_ms: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawListings {
    #[serde(default)]
    server_time: u64,
    #[serde(default)]
    rate_limits: Vec<RawLimit>,
    symbols: Vec<RawSymbol>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLimit {
    rate_limit_type: String,
    interval: String,
    interval_num: u64,
    limit: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSymbol {
    symbol: String,
    status: String,
    base_asset: String,
    quote_asset: String,
    #[serde(default = "eight")]
    base_asset_precision: u8,
    #[serde(default = "eight")]
    quote_asset_precision: u8,
    #[serde(default)]
    cancel_replace_allowed: bool,
    #[serde(default)]
    amend_allowed: bool,
    #[serde(default)]
    default_self_trade_prevention_mode: String,
    #[serde(default)]
    allowed_self_trade_prevention_modes: Vec<String>,
    #[serde(default)]
    filters: Vec<RawFilter>,
}

const fn eight() -> u8 {
    8
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawFilter {
    filter_type: String,
    min_price: String,
    max_price: String,
    tick_size: String,
    min_qty: String,
    max_qty: String,
    step_size: String,
    min_notional: String,
    max_notional: String,
    max_num_orders: u32,
}

#[derive(Deserialize)]
struct RawError {
    code: i64,
    msg: String,
}

/// Seconds of an interval's name.
pub(super) fn interval_s(name: &str) -> Option<u64> {
    Some(match name {
        "SECOND" => 1,
        "MINUTE" => 60,
        "HOUR" => 3_600,
        "DAY" => 86_400,
        _ => return None,
    })
}

/// The request for the description of these instruments.
pub fn exchange_info_request(rest_url: &str, symbols: &[&str]) -> HttpRequest {
    let list: Vec<String> = symbols.iter().map(|one| format!("\"{one}\"")).collect();
    let list = format!("[{}]", list.join(","));
    let list = percent_encoding::utf8_percent_encode(&list, super::form::RESERVED);
    HttpRequest {
        method: Method::Get,
        url: format!("{rest_url}/api/v3/exchangeInfo?symbols={list}"),
        headers: Vec::new(),
        body: None,
        timeout_ms: super::REST_TIMEOUT_MS,
    }
}

/// The request for the account, whose answer holds the fees; `at_ms` is the venue's time.
pub fn account_request(rest_url: &str, credentials: &Credentials, at_ms: u64) -> HttpRequest {
    let query = format!("omitZeroBalances=true&recvWindow=5000&timestamp={at_ms}");
    let signature = credentials.signer().sign(query.as_bytes());
    let signature =
        percent_encoding::utf8_percent_encode(signature.as_str(), super::form::RESERVED);
    HttpRequest {
        method: Method::Get,
        url: format!("{rest_url}/api/v3/account?{query}&signature={signature}"),
        headers: vec![("X-MBX-APIKEY".to_owned(), credentials.api_key().to_owned())],
        body: None,
        timeout_ms: super::REST_TIMEOUT_MS,
    }
}

/// The body of a REST answer when it is one, the venue's own words when it is an error.
pub fn body<'a>(
    what: &'static str,
    status: u16,
    body: &'a [u8],
) -> Result<&'a [u8], MetadataError> {
    if status == 200 {
        return Ok(body);
    }
    let text = match serde_json::from_slice::<RawError>(body) {
        Ok(error) => format!("{} {}", error.code, error.msg),
        Err(_) => String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned(),
    };
    Err(MetadataError::Refused { what, status, text })
}

impl Listings {
    /// Reads the body of `GET /api/v3/exchangeInfo`.
    pub fn parse(body: &[u8]) -> Result<Self, MetadataError> {
        let raw: RawListings = serde_json::from_slice(body).map_err(|fault| {
            MetadataError::Form { what: "exchangeInfo", why: fault.to_string() }
        })?;
        let limits = raw.rate_limits.iter().filter_map(usage).collect();
        let listings = raw.symbols.iter().map(listing).collect::<Result<_, _>>()?;
        Ok(Self { limits, listings, server_ms: raw.server_time })
    }

    /// The listing of a name.
    pub fn listing(&self, symbol: &str) -> Result<&Listing, MetadataError> {
        let same = |one: &&Listing| one.symbol.as_str() == symbol;
        let unlisted = || MetadataError::Unlisted { symbol: symbol.to_owned() };
        self.listings.iter().find(same).ok_or_else(unlisted)
    }
}

fn usage(raw: &RawLimit) -> Option<Usage> {
    let limit = match raw.rate_limit_type.as_str() {
        "REQUEST_WEIGHT" => LimitKind::Weight,
        "ORDERS" => LimitKind::Orders,
        _ => return None,
    };
    let seconds = interval_s(&raw.interval)?.checked_mul(raw.interval_num)?;
    Some(Usage { limit, interval: Nanos::from_s(seconds), max: raw.limit, used: 0 })
}

fn listing(raw: &RawSymbol) -> Result<Listing, MetadataError> {
    let of = |kind: &str| raw.filters.iter().find(|filter| filter.filter_type == kind);
    let wrong = |filter: &'static str, value: &str, why| MetadataError::Filter {
        symbol: raw.symbol.clone(),
        filter,
        value: value.to_owned(),
        why,
    };
    let grid = |filter: &'static str, step: Option<&str>, decimals: u8| match step {
        // A field of zero switches the rule off: what remains is the asset's precision.
        Some(step) if !is_zero(step) => {
            Grid::from_step(step.as_bytes()).map_err(|why| wrong(filter, step, why))
        }
        _ => Ok(Grid { decimals: decimals.min(12), step: 1 }),
    };
    let (prices, lots) = (of("PRICE_FILTER"), of("LOT_SIZE"));
    let tick_text = prices.map(|filter| filter.tick_size.as_str());
    let tick = grid("tickSize", tick_text, raw.quote_asset_precision)?;
    let lot_text = lots.map(|filter| filter.step_size.as_str());
    let lot = grid("stepSize", lot_text, raw.base_asset_precision)?;
    // Limits beyond what 64 bits hold are no limits for us.
    let steps = |grid: &Grid, text: Option<&str>| {
        text.and_then(|text| grid.parse(text.as_bytes()).ok()).unwrap_or(0)
    };
    let price = |text| Price(steps(&tick, text));
    let qty = |text| Qty(steps(&lot, text));
    let notional = of("NOTIONAL").or_else(|| of("MIN_NOTIONAL"));
    let money = |text: Option<&str>| {
        let value = text.and_then(|text| parse_decimal(text.as_bytes(), AMOUNT_DECIMALS).ok());
        Notional(value.unwrap_or(0))
    };
    let symbol = |name: &str| {
        Symbol::new(name).ok_or_else(|| MetadataError::Asset { asset: name.to_owned() })
    };
    Ok(Listing {
        symbol: symbol(&raw.symbol)?,
        base: symbol(&raw.base_asset)?,
        quote: symbol(&raw.quote_asset)?,
        tick,
        lot,
        price: (
            price(prices.map(|filter| filter.min_price.as_str())),
            price(prices.map(|filter| filter.max_price.as_str())),
        ),
        qty: (
            qty(lots.map(|filter| filter.min_qty.as_str())),
            qty(lots.map(|filter| filter.max_qty.as_str())),
        ),
        notional: (
            money(notional.map(|filter| filter.min_notional.as_str())),
            money(notional.map(|filter| filter.max_notional.as_str())),
        ),
        status: status(&raw.status),
        amends: raw.amend_allowed,
        replaces: raw.cancel_replace_allowed,
        orders_max: of("MAX_NUM_ORDERS").map_or(0, |filter| filter.max_num_orders),
        self_trade_modes: raw.allowed_self_trade_prevention_modes.clone(),
        self_trade_default: raw.default_self_trade_prevention_mode.clone(),
    })
}

fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'0' || byte == b'.')
}

/// The venue's word for an instrument's status; unknown ones take nothing.
pub fn status(word: &str) -> Status {
    match word {
        "TRADING" => Status::Trading,
        "CANCEL_ONLY" => Status::CancelOnly,
        _ => Status::Halted,
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
        (instrument.price_min, instrument.price_max) = self.price;
        (instrument.qty_min, instrument.qty_max) = self.qty;
        (instrument.notional_min, instrument.notional_max) = self.notional;
        instrument.fees = fees;
        instrument.amends = self.amends;
        instrument.status = self.status;
        Ok(instrument)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAccount {
    commission_rates: RawRates,
}

#[derive(Deserialize)]
struct RawRates {
    maker: Decimal,
    taker: Decimal,
}

/// The account's fees, from the body of `GET /api/v3/account`; rounded away from zero to 1e-6.
pub fn fees(body: &[u8]) -> Result<Fees, MetadataError> {
    let form = |why: String| MetadataError::Form { what: "account", why };
    let raw: RawAccount = serde_json::from_slice(body).map_err(|fault| form(fault.to_string()))?;
    let ppm = |rate: Decimal| {
        let scaled = rate.checked_mul(Decimal::from(1_000_000_u32));
        let scaled = scaled.map(|rate| {
            let away = rust_decimal::RoundingStrategy::AwayFromZero;
            rate.round_dp_with_strategy(0, away)
        });
        scaled.and_then(|rate| rate.to_i64()).ok_or_else(|| form(format!("fee of {rate}")))
    };
    let rates = raw.commission_rates;
    Ok(Fees { maker_ppm: ppm(rates.maker)?, taker_ppm: ppm(rates.taker)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &[u8] = br#"{"timezone":"UTC","serverTime":1700000000000,
        "rateLimits":[
          {"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000},
          {"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":50},
          {"rateLimitType":"RAW_REQUESTS","interval":"MINUTE","intervalNum":5,"limit":300000}],
        "symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT",
          "baseAssetPrecision":8,"quoteAssetPrecision":8,"cancelReplaceAllowed":true,
          "amendAllowed":true,"defaultSelfTradePreventionMode":"EXPIRE_MAKER",
          "allowedSelfTradePreventionModes":["EXPIRE_TAKER","EXPIRE_MAKER"],
          "filters":[
            {"filterType":"PRICE_FILTER","minPrice":"0.01000000","maxPrice":"1000000.00000000",
             "tickSize":"0.01000000"},
            {"filterType":"LOT_SIZE","minQty":"0.00001000","maxQty":"9000.00000000",
             "stepSize":"0.00001000"},
            {"filterType":"MARKET_LOT_SIZE","minQty":"0","maxQty":"1","stepSize":"0"},
            {"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true,
             "maxNotional":"9000000.00000000","applyMaxToMarket":false,"avgPriceMins":5},
            {"filterType":"MAX_NUM_ORDERS","maxNumOrders":200}]}]}"#;

    #[test]
    fn a_listing_becomes_an_instrument() {
        let info = Listings::parse(INFO).unwrap();
        assert_eq!(info.limits.len(), 2);
        assert_eq!((info.limits[1].max, info.limits[1].interval), (50, Nanos::from_s(10)));
        let mut assets = Assets::default();
        let btc = info.listing("BTCUSDT").unwrap();
        let id = InstrumentId(3);
        let fees = Fees { maker_ppm: 1000, taker_ppm: 1000 };
        let one = btc.instrument(id, VenueId(0), &mut assets, fees).unwrap();
        assert_eq!(one.tick, Grid { decimals: 2, step: 1 });
        assert_eq!(one.lot, Grid { decimals: 5, step: 1 });
        assert_eq!((one.price_min, one.price_max), (Price(1), Price(100_000_000)));
        assert_eq!((one.qty_min, one.qty_max), (Qty(1), Qty(900_000_000)));
        assert_eq!(one.notional_min, Notional(500_000_000));
        assert_eq!(assets.name(one.quote).unwrap().as_str(), "USDT");
        assert_eq!((btc.orders_max, one.amends), (200, true));
        let text = info.listing("BTC-USDT").unwrap_err().to_string();
        assert!(text.contains("BTC-USDT: the venue does not list it"), "{text}");
    }

    #[test]
    fn fees_are_exact() {
        let body = br#"{"commissionRates":{"maker":"0.00150000","taker":"0.00150001"}}"#;
        assert_eq!(fees(body).unwrap(), Fees { maker_ppm: 1500, taker_ppm: 1501 });
        assert!(fees(b"[]").unwrap_err().to_string().contains("account"));
    }

    #[test]
    fn an_error_is_told_in_the_venues_words() {
        let text = body("account", 401, br#"{"code":-2015,"msg":"Invalid API-key"}"#);
        let text = text.unwrap_err().to_string();
        assert_eq!(text, "account: the venue answered 401: -2015 Invalid API-key");
    }
}
