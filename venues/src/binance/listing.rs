//! Listings and rate limits as both of Binance's venues describe them.

use super::Flavor;
use crate::metadata::{Fields, Listing, Listings, MetadataError, money, ppm, steps};
use crate::wire::{LimitKind, Usage};
use engine::condition::{Keeps, Pairs, Watched};
use engine::instrument::{Kind, Status};
use engine::num::{Notional, Price, Qty};
use engine::time::Nanos;
use rust_decimal::Decimal;
use serde::Deserialize;

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
    oco_allowed: bool,
    #[serde(default)]
    oto_allowed: bool,
    #[serde(default)]
    allow_trailing_stop: bool,
    #[serde(default)]
    margin_asset: String,
    #[serde(default)]
    contract_type: String,
    #[serde(default)]
    required_margin_percent: String,
    #[serde(default)]
    default_self_trade_prevention_mode: String,
    #[serde(default)]
    allowed_self_trade_prevention_modes: Vec<String>,
    #[serde(default)]
    order_types: Vec<String>,
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
    notional: String,
    limit: u32,
    min_trailing_above_delta: u32,
    max_trailing_above_delta: u32,
    min_trailing_below_delta: u32,
    max_trailing_below_delta: u32,
}

#[derive(Deserialize)]
struct RawError {
    code: i64,
    msg: String,
}

/// Seconds of an interval's name.
pub(crate) fn interval_s(name: &str) -> Option<u64> {
    Some(match name {
        "SECOND" => 1,
        "MINUTE" => 60,
        "HOUR" => 3_600,
        "DAY" => 86_400,
        _ => return None,
    })
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

/// Reads the body of `exchangeInfo`; of USDⓈ-M the perpetuals alone.
pub(crate) fn parse(body: &[u8], flavor: Flavor) -> Result<Listings, MetadataError> {
    let raw: RawListings = serde_json::from_slice(body)
        .map_err(|fault| MetadataError::Form { what: "exchangeInfo", why: fault.to_string() })?;
    let limits = raw.rate_limits.iter().filter_map(usage).collect();
    let ours =
        |one: &&RawSymbol| flavor == Flavor::Spot || one.contract_type.ends_with("PERPETUAL");
    let listings = raw.symbols.iter().filter(ours).map(|one| listing(one, flavor));
    let listings = listings.collect::<Result<_, _>>()?;
    Ok(Listings { limits, listings, server_ms: raw.server_time })
}

fn usage(raw: &RawLimit) -> Option<Usage> {
    let limit = match raw.rate_limit_type.as_str() {
        "REQUEST_WEIGHT" => LimitKind::Weight,
        "ORDERS" => LimitKind::Orders,
        _ => return None,
    };
    let seconds = interval_s(&raw.interval)?.checked_mul(raw.interval_num)?;
    Some(Usage::aligned(limit, Nanos::from_s(seconds), raw.limit, 0))
}

fn listing(raw: &RawSymbol, flavor: Flavor) -> Result<Listing, MetadataError> {
    let spot = flavor == Flavor::Spot;
    let none = RawFilter::default();
    let of =
        |kind: &str| raw.filters.iter().find(|filter| filter.filter_type == kind).unwrap_or(&none);
    let (prices, lots) = (of("PRICE_FILTER"), of("LOT_SIZE"));
    let fields = Fields(&raw.symbol);
    // A field of zero switches the rule off: what remains is the asset's precision.
    let tick = fields.grid("tickSize", &prices.tick_size, Some(raw.quote_asset_precision))?;
    let lot = fields.grid("stepSize", &lots.step_size, Some(raw.base_asset_precision))?;
    let price = |text: &str| Price(steps(tick, text));
    let qty = |text: &str| Qty(steps(lot, text));
    let least = ["NOTIONAL", "MIN_NOTIONAL"].map(of);
    let notional = if least[0].filter_type.is_empty() { least[1] } else { least[0] };
    let notional = match spot {
        true => (money(&notional.min_notional), money(&notional.max_notional)),
        false => (money(&notional.notional), Notional(0)),
    };
    let percent = raw.required_margin_percent.parse::<Decimal>().ok();
    let margin = percent.and_then(|percent| ppm(percent / Decimal::ONE_HUNDRED));
    let orders = of("MAX_NUM_ORDERS");
    Ok(Listing {
        symbol: fields.symbol(&raw.symbol)?,
        kind: if spot { Kind::Spot } else { Kind::Linear },
        base: fields.symbol(&raw.base_asset)?,
        quote: fields.symbol(if spot { &raw.quote_asset } else { &raw.margin_asset })?,
        tick,
        lot,
        size: lot,
        price: (price(&prices.min_price), price(&prices.max_price)),
        qty: (qty(&lots.min_qty), qty(&lots.max_qty)),
        notional,
        margin_ppm: margin.filter(|ppm| *ppm > 0).unwrap_or(1_000_000),
        status: status(&raw.status),
        amends: raw.amend_allowed,
        moves: !spot,
        keeps: keeps(raw, flavor),
        replaces: raw.cancel_replace_allowed,
        orders_max: orders.max_num_orders.max(orders.limit),
        code: 0,
        self_trade_modes: raw.allowed_self_trade_prevention_modes.clone(),
        self_trade_default: raw.default_self_trade_prevention_mode.clone(),
    })
}

/// Trailing stops that the engine asks for, from and to, in ten-thousandths.
const TRAILS: (u32, u32) = (10, 1_000);

/// Which orders that wait it keeps, and by which prices.
fn keeps(raw: &RawSymbol, flavor: Flavor) -> Keeps {
    let takes = |kind: &str| raw.order_types.iter().any(|one| one == kind);
    let mut keeps = Keeps::NOTHING;
    match flavor {
        Flavor::Spot if takes("STOP_LOSS_LIMIT") => {
            keeps = keeps.and_stops(Watched::Last);
            if raw.allow_trailing_stop && raw.filters.iter().all(RawFilter::lets_trail) {
                keeps = keeps.and_shares(Watched::Last, false);
            }
            if raw.oco_allowed && takes("TAKE_PROFIT_LIMIT") {
                keeps = keeps.and_pairs(Pairs::Two);
                if raw.oto_allowed {
                    keeps = keeps.and_brackets();
                }
            }
        }
        Flavor::Usdm => {
            for watched in [Watched::Last, Watched::Mark] {
                if takes("STOP") {
                    keeps = keeps.and_stops(watched);
                }
                if takes("TRAILING_STOP_MARKET") {
                    keeps = keeps.and_shares(watched, true);
                }
            }
        }
        Flavor::Spot => {}
    }
    keeps
}

impl RawFilter {
    /// Whether it is none of trailing stops, or lets all of them pass.
    fn lets_trail(&self) -> bool {
        let least = self.min_trailing_above_delta.max(self.min_trailing_below_delta);
        let most = self.max_trailing_above_delta.min(self.max_trailing_below_delta);
        self.filter_type != "TRAILING_DELTA" || least <= TRAILS.0 && most >= TRAILS.1
    }
}

/// The venue's word for an instrument's status; unknown ones take nothing.
pub fn status(word: &str) -> Status {
    match word {
        "TRADING" => Status::Trading,
        "CANCEL_ONLY" => Status::CancelOnly,
        _ => Status::Halted,
    }
}
