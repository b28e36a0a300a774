//! What Bybit says of itself and of our account: instruments, fees.

use super::Config;
use super::forms::category;
use super::rest::Request;
use crate::credentials::Credentials;
use crate::metadata::{Fields, is_zero, margin_ppm, money, ppm, steps};
use engine::condition::{Keeps, Watched};
use engine::instrument::{Fees, Kind, Status};
use engine::num::{Notional, Price, Qty};
use feeds::net::HttpRequest;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use crate::metadata::{Listing, Listings, MetadataError};

/// The request for the description of one instrument of a category.
pub fn listings_request(rest_url: &str, kind: Kind, symbol: &str) -> HttpRequest {
    let query = format!("category={}&symbol={symbol}", category(kind));
    Request::get("/v5/market/instruments-info", query).plain(rest_url)
}

/// Reads the body of `GET /v5/market/instruments-info`: pairs, or linear perpetuals.
pub fn listings(status: u16, body: &[u8]) -> Result<Listings, MetadataError> {
    let (raw, server_ms) = read::<RawListings>("instruments-info", status, body)?;
    let kind = if raw.category == "spot" { Kind::Spot } else { Kind::Linear };
    let dated = |one: &&RawListing| {
        kind == Kind::Spot || one.contract_type == "LinearPerpetual" || one.contract_type.is_empty()
    };
    let listings = raw.list.iter().filter(dated).map(|one| listing(one, kind));
    let listings = listings.collect::<Result<_, _>>()?;
    Ok(Listings { limits: super::limits(), listings, server_ms })
}

/// The request for the fees of an instrument; `at_ms` is the venue's time.
pub fn fees_request(
    config: &Config,
    credentials: &Credentials,
    (kind, symbol): (Kind, &str),
    at_ms: u64,
) -> HttpRequest {
    let query = format!("category={}&symbol={symbol}", category(kind));
    Request::get("/v5/account/fee-rate", query).signed(config, credentials, at_ms)
}

/// The fees of the first instrument of an answer of `GET /v5/account/fee-rate`; rounded away from
/// zero to 1e-6.
pub fn fees(status: u16, body: &[u8]) -> Result<Fees, MetadataError> {
    let what = "fee-rate";
    let (raw, _) = read::<RawFees>(what, status, body)?;
    let form = |why: &str| MetadataError::Form { what, why: why.to_owned() };
    let rate = raw.list.first().ok_or_else(|| form("an empty list"))?;
    let ppm = |rate: Decimal| ppm(rate).ok_or_else(|| form("a fee beyond measure"));
    Ok(Fees { maker_ppm: ppm(rate.maker_fee_rate)?, taker_ppm: ppm(rate.taker_fee_rate)? })
}

/// The request that makes the venue refuse a price beyond its band instead of moving it to the
/// band: to be sent once for the account, as what stands must be what we asked for. `at_ms` is the
/// venue's time.
pub fn refuse_far_prices_request(
    config: &Config,
    credentials: &Credentials,
    at_ms: u64,
) -> HttpRequest {
    let body = r#"{"category":"linear","modifyEnable":false}"#.to_owned();
    Request::post("/v5/account/set-limit-px-action", body).signed(config, credentials, at_ms)
}

/// Whether such a request was carried out.
pub fn done(status: u16, body: &[u8]) -> Result<(), MetadataError> {
    read::<serde_json::Value>("set-limit-px-action", status, body).map(|_| ())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw<R> {
    ret_code: i64,
    #[serde(default)]
    ret_msg: String,
    result: Option<R>,
    #[serde(default)]
    time: u64,
}

#[derive(Deserialize)]
struct RawListings {
    #[serde(default)]
    category: String,
    list: Vec<RawListing>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawListing {
    symbol: String,
    #[serde(default)]
    contract_type: String,
    status: String,
    base_coin: String,
    quote_coin: String,
    #[serde(default)]
    settle_coin: String,
    #[serde(default)]
    leverage_filter: RawLeverage,
    price_filter: RawPrice,
    lot_size_filter: RawLot,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawLeverage {
    max_leverage: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawPrice {
    min_price: String,
    max_price: String,
    tick_size: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawLot {
    base_precision: String,
    qty_step: String,
    min_order_qty: String,
    max_order_qty: String,
    max_limit_order_qty: String,
    min_order_amt: String,
    min_notional_value: String,
}

#[derive(Deserialize)]
struct RawFees {
    list: Vec<RawFee>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawFee {
    maker_fee_rate: Decimal,
    taker_fee_rate: Decimal,
}

fn read<R: DeserializeOwned>(
    what: &'static str,
    status: u16,
    body: &[u8],
) -> Result<(R, u64), MetadataError> {
    let form = |why: String| MetadataError::Form { what, why };
    let raw = serde_json::from_slice::<Raw<R>>(body);
    let refused = |text: String| MetadataError::Refused { what, status, text };
    match raw {
        Ok(Raw { ret_code: 0, result: Some(result), time, .. }) if status == 200 => {
            Ok((result, time))
        }
        Ok(raw) => Err(refused(format!("{} {}", raw.ret_code, raw.ret_msg))),
        Err(fault) if status == 200 => Err(form(fault.to_string())),
        Err(_) => Err(refused(String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned())),
    }
}

fn listing(raw: &RawListing, kind: Kind) -> Result<Listing, MetadataError> {
    let fields = Fields(&raw.symbol);
    let lots = &raw.lot_size_filter;
    let (step, most, least) = match kind {
        Kind::Spot => {
            let most = [&lots.max_limit_order_qty, &lots.max_order_qty];
            let most = most.into_iter().find(|text| !text.is_empty());
            (&lots.base_precision, most.map_or("", String::as_str), &lots.min_order_amt)
        }
        Kind::Linear => (&lots.qty_step, lots.max_order_qty.as_str(), &lots.min_notional_value),
    };
    let tick = fields.grid("tickSize", &raw.price_filter.tick_size, None)?;
    let lot = fields.grid("qtyStep", step, None)?;
    let price = |text: &str| Price(if is_zero(text) { 0 } else { steps(tick, text) });
    let quote = if kind == Kind::Spot { &raw.quote_coin } else { &raw.settle_coin };
    Ok(Listing {
        symbol: fields.symbol(&raw.symbol)?,
        kind,
        base: fields.symbol(&raw.base_coin)?,
        quote: fields.symbol(quote)?,
        tick,
        lot,
        size: lot,
        price: (price(&raw.price_filter.min_price), price(&raw.price_filter.max_price)),
        qty: (Qty(steps(lot, &lots.min_order_qty)), Qty(steps(lot, most))),
        notional: (money(least), Notional(0)),
        margin_ppm: margin_ppm(&raw.leverage_filter.max_leverage),
        status: if raw.status == "Trading" { Status::Trading } else { Status::Halted },
        amends: true,
        moves: true,
        keeps: match kind {
            Kind::Spot => Keeps::NOTHING.and_stops(Watched::Last),
            Kind::Linear => Keeps::NOTHING.and_stops(Watched::Last).and_stops(Watched::Mark),
        },
        replaces: false,
        orders_max: 500,
        code: 0,
        self_trade_modes: Vec::new(),
        self_trade_default: "None".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::num::Grid;

    const LINEAR: &[u8] = br#"{"retCode":0,"retMsg":"OK","result":{"category":"linear","list":[
        {"symbol":"BTCUSDT","contractType":"LinearPerpetual","status":"Trading","baseCoin":"BTC",
         "quoteCoin":"USDT","settleCoin":"USDT","priceScale":"2",
         "leverageFilter":{"minLeverage":"1","maxLeverage":"100.00","leverageStep":"0.01"},
         "priceFilter":{"minPrice":"0.10","maxPrice":"1999999.80","tickSize":"0.10"},
         "lotSizeFilter":{"maxOrderQty":"1190.000","minOrderQty":"0.001","qtyStep":"0.001",
         "postOnlyMaxOrderQty":"1190.000","maxMktOrderQty":"500.000","minNotionalValue":"5"}}],
        "nextPageCursor":""},"retExtInfo":{},"time":1700000000000}"#;
    const SPOT: &[u8] = br#"{"retCode":0,"retMsg":"OK","result":{"category":"spot","list":[
        {"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT","status":"Trading",
         "lotSizeFilter":{"basePrecision":"0.000001","quotePrecision":"0.00000001",
         "minOrderQty":"0.000048","maxOrderQty":"71.73956243","minOrderAmt":"1",
         "maxLimitOrderQty":"83"},"priceFilter":{"tickSize":"0.01"}}]},"time":1}"#;

    #[test]
    fn both_categories_are_read() {
        let told = listings(200, LINEAR).unwrap();
        let one = told.listing("BTCUSDT").unwrap();
        assert_eq!((one.kind, one.margin_ppm), (Kind::Linear, 10_000));
        let three = Grid { decimals: 3, step: 1 };
        assert_eq!((one.tick, one.lot, one.size), (Grid { decimals: 1, step: 1 }, three, three));
        assert_eq!((one.qty, one.notional.0), ((Qty(1), Qty(1_190_000)), Notional(500_000_000)));
        assert!(one.moves && !one.replaces && told.server_ms == 1_700_000_000_000);
        let told = listings(200, SPOT).unwrap();
        let one = told.listing("BTCUSDT").unwrap();
        assert_eq!(
            (one.kind, one.quote.as_str(), one.qty.1),
            (Kind::Spot, "USDT", Qty(83_000_000))
        );
        assert_eq!(one.notional.0, Notional(100_000_000));
        let text = listings(200, br#"{"retCode":10001,"retMsg":"no such"}"#).unwrap_err();
        assert_eq!(text.to_string(), "instruments-info: the venue answered 200: 10001 no such");
    }

    #[test]
    fn fees_are_exact() {
        let body = br#"{"retCode":0,"result":{"list":[{"symbol":"BTCUSDT","takerFeeRate":"0.00055",
            "makerFeeRate":"0.0002"}]}}"#;
        assert_eq!(fees(200, body).unwrap(), Fees { maker_ppm: 200, taker_ppm: 550 });
        assert!(fees(200, br#"{"retCode":0,"result":{"list":[]}}"#).is_err());
        assert!(done(200, br#"{"retCode":0,"retMsg":"","result":{}}"#).is_ok());
        assert!(done(200, br#"{"retCode":10005,"retMsg":"Permission denied"}"#).is_err());
    }
}
