//! What Binance USDⓈ-M says of itself and of our account: perpetuals, limits, fees, one-way mode.

use crate::binance::form::RESERVED;
use crate::binance::listing::parse;
use crate::binance::{Flavor, REST_TIMEOUT_MS};
use crate::credentials::Credentials;
use crate::metadata::ppm;
use engine::instrument::Fees;
use feeds::net::{HttpRequest, Method};
use rust_decimal::Decimal;
use serde::Deserialize;

pub use crate::binance::listing::{body, status};
pub use crate::metadata::{Listing, Listings, MetadataError};

/// The request for the description of all instruments: the venue has no other.
pub fn listings_request(rest_url: &str) -> HttpRequest {
    get(format!("{rest_url}/fapi/v1/exchangeInfo"), Vec::new())
}

/// Reads the body of `GET /fapi/v1/exchangeInfo`: the perpetuals.
pub fn listings(body: &[u8]) -> Result<Listings, MetadataError> {
    parse(body, Flavor::Usdm)
}

/// The request for the fees of a symbol; `at_ms` is the venue's time.
pub fn fees_request(
    rest_url: &str,
    credentials: &Credentials,
    symbol: &str,
    at_ms: u64,
) -> HttpRequest {
    signed(rest_url, credentials, "commissionRate", &format!("symbol={symbol}&"), at_ms)
}

/// The fees, from the body of `GET /fapi/v1/commissionRate`; rounded away from zero to 1e-6.
pub fn fees(body: &[u8]) -> Result<Fees, MetadataError> {
    let form = |why: String| MetadataError::Form { what: "commissionRate", why };
    let raw: RawRate = serde_json::from_slice(body).map_err(|fault| form(fault.to_string()))?;
    let ppm = |rate: Decimal| ppm(rate).ok_or_else(|| form(format!("fee of {rate}")));
    let (maker, taker) = (raw.maker_commission_rate, raw.taker_commission_rate);
    Ok(Fees { maker_ppm: ppm(maker)?, taker_ppm: ppm(taker)? })
}

/// The request for the position mode; `at_ms` is the venue's time.
pub fn mode_request(rest_url: &str, credentials: &Credentials, at_ms: u64) -> HttpRequest {
    signed(rest_url, credentials, "positionSide/dual", "", at_ms)
}

/// Whether positions are of one way, as we need them, from the body of
/// `GET /fapi/v1/positionSide/dual`.
pub fn is_one_way(body: &[u8]) -> Result<bool, MetadataError> {
    let raw: RawMode = serde_json::from_slice(body).map_err(|fault| MetadataError::Form {
        what: "positionSide/dual",
        why: fault.to_string(),
    })?;
    Ok(!raw.dual_side_position)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRate {
    maker_commission_rate: Decimal,
    taker_commission_rate: Decimal,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMode {
    dual_side_position: bool,
}

fn signed(
    rest_url: &str,
    credentials: &Credentials,
    path: &str,
    query: &str,
    at_ms: u64,
) -> HttpRequest {
    let query = format!("{query}recvWindow=5000&timestamp={at_ms}");
    let signature = credentials.signer().sign(query.as_bytes());
    let signature = percent_encoding::utf8_percent_encode(signature.as_str(), RESERVED);
    let url = format!("{rest_url}/fapi/v1/{path}?{query}&signature={signature}");
    get(url, vec![("X-MBX-APIKEY".to_owned(), credentials.api_key().to_owned())])
}

const fn get(url: String, headers: Vec<(String, String)>) -> HttpRequest {
    HttpRequest { method: Method::Get, url, headers, body: None, timeout_ms: REST_TIMEOUT_MS }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::asset::Assets;
    use engine::condition::{By, Condition, Watched};
    use engine::id::{InstrumentId, VenueId};
    use engine::instrument::Kind;
    use engine::num::{Grid, Notional, Price, Qty};

    const LISTED: &[u8] = br#"{"rateLimits":[
          {"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":2400},
          {"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":300},
          {"rateLimitType":"ORDERS","interval":"MINUTE","intervalNum":1,"limit":1200}],
        "symbols":[{"symbol":"BTCUSDT_260327","contractType":"CURRENT_QUARTER","status":"TRADING",
          "baseAsset":"BTC","quoteAsset":"USDT","marginAsset":"USDT","filters":[]},
          {"symbol":"BTCUSDT","pair":"BTCUSDT","contractType":"PERPETUAL","status":"TRADING",
          "orderTypes":["LIMIT","MARKET","STOP","TRAILING_STOP_MARKET"],
          "requiredMarginPercent":"5.0000","baseAsset":"BTC","quoteAsset":"USDT",
          "marginAsset":"USDT","pricePrecision":2,"quantityPrecision":3,
          "filters":[
            {"filterType":"PRICE_FILTER","minPrice":"556.80","maxPrice":"4529764",
             "tickSize":"0.10"},
            {"filterType":"LOT_SIZE","minQty":"0.001","maxQty":"1000","stepSize":"0.001"},
            {"filterType":"MARKET_LOT_SIZE","minQty":"0.001","maxQty":"120","stepSize":"0.001"},
            {"filterType":"MAX_NUM_ORDERS","limit":200},
            {"filterType":"MIN_NOTIONAL","notional":"100"},
            {"filterType":"PERCENT_PRICE","multiplierUp":"1.0500","multiplierDown":"0.9500",
             "multiplierDecimal":"4"}]}]}"#;

    #[test]
    fn a_perpetual_becomes_an_instrument() {
        let told = listings(LISTED).unwrap();
        assert_eq!((told.limits.len(), told.listings.len()), (3, 1), "perpetuals alone");
        let btc = told.listing("BTCUSDT").unwrap();
        let mut assets = Assets::default();
        let (id, venue) = (InstrumentId(0), VenueId(2));
        let one = btc.instrument(id, venue, &mut assets, Fees::default()).unwrap();
        assert_eq!((one.kind, one.venue, one.margin_ppm), (Kind::Linear, venue, 50_000));
        assert_eq!(
            (one.tick, one.lot),
            (Grid { decimals: 1, step: 1 }, Grid { decimals: 3, step: 1 })
        );
        assert_eq!((one.notional_min, one.qty_max), (Notional(10_000_000_000), Qty(1_000_000)));
        assert!(one.moves && !one.amends && btc.orders_max == 200);
        let keeps = one.keeps;
        assert_eq!((keeps.pairs(), keeps.brackets()), (None, false));
        for (watched, ppm, kept) in [
            (Watched::Last, 5_000, true),
            (Watched::Mark, 100_000, true),
            (Watched::Mark, 5_100, false),
            (Watched::Mid, 5_000, false),
        ] {
            let until = Condition { price: Price(ppm), by: By::Share, watched, rises: false };
            assert_eq!(keeps.waits_for(&until), kept, "{watched:?} {ppm}");
        }
    }

    #[test]
    fn the_account_is_read() {
        let rates = br#"{"symbol":"BTCUSDT","makerCommissionRate":"0.0002",
            "takerCommissionRate":"0.00050001"}"#;
        assert_eq!(fees(rates).unwrap(), Fees { maker_ppm: 200, taker_ppm: 501 });
        assert!(!is_one_way(br#"{"dualSidePosition":true}"#).unwrap());
        assert!(is_one_way(b"{}").unwrap_err().to_string().contains("positionSide/dual"));
    }
}
