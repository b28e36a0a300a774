//! What Binance Spot says of itself: instruments with their filters, rate limits, fees.

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

/// The request for the description of these instruments.
pub fn exchange_info_request(rest_url: &str, symbols: &[&str]) -> HttpRequest {
    let list: Vec<String> = symbols.iter().map(|one| format!("\"{one}\"")).collect();
    let list = format!("[{}]", list.join(","));
    let list = percent_encoding::utf8_percent_encode(&list, RESERVED);
    HttpRequest {
        method: Method::Get,
        url: format!("{rest_url}/api/v3/exchangeInfo?symbols={list}"),
        headers: Vec::new(),
        body: None,
        timeout_ms: REST_TIMEOUT_MS,
    }
}

/// The request for the account, whose answer holds the fees; `at_ms` is the venue's time.
pub fn account_request(rest_url: &str, credentials: &Credentials, at_ms: u64) -> HttpRequest {
    let query = format!("omitZeroBalances=true&recvWindow=5000&timestamp={at_ms}");
    let signature = credentials.signer().sign(query.as_bytes());
    let signature = percent_encoding::utf8_percent_encode(signature.as_str(), RESERVED);
    HttpRequest {
        method: Method::Get,
        url: format!("{rest_url}/api/v3/account?{query}&signature={signature}"),
        headers: vec![("X-MBX-APIKEY".to_owned(), credentials.api_key().to_owned())],
        body: None,
        timeout_ms: REST_TIMEOUT_MS,
    }
}

/// Reads the body of `GET /api/v3/exchangeInfo`.
pub fn listings(body: &[u8]) -> Result<Listings, MetadataError> {
    parse(body, Flavor::Spot)
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
    let ppm = |rate: Decimal| ppm(rate).ok_or_else(|| form(format!("fee of {rate}")));
    let rates = raw.commission_rates;
    Ok(Fees { maker_ppm: ppm(rates.maker)?, taker_ppm: ppm(rates.taker)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::asset::Assets;
    use engine::condition::{By, Condition, Keeps, Pairs, Watched};
    use engine::id::{InstrumentId, VenueId};
    use engine::num::{Grid, Notional, Price, Qty};
    use engine::time::Nanos;

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
        let info = listings(INFO).unwrap();
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
    fn what_waits_is_kept_as_the_symbol_says() {
        let kept = |fields: &str, most: u32| {
            let text = String::from_utf8(INFO.to_vec()).unwrap();
            let filter = format!(
                r#"{{"filterType":"TRAILING_DELTA","minTrailingAboveDelta":10,
                "maxTrailingAboveDelta":2000,"minTrailingBelowDelta":10,
                "maxTrailingBelowDelta":{most}}},{{"filterType":"MAX_NUM_ORDERS""#
            );
            let text = text
                .replace(r#"{"filterType":"MAX_NUM_ORDERS""#, &filter)
                .replace(r#""amendAllowed""#, &format!(r#"{fields},"amendAllowed""#));
            listings(text.as_bytes()).unwrap().listing("BTCUSDT").unwrap().keeps
        };
        let types = r#""orderTypes":["LIMIT","STOP_LOSS_LIMIT","TAKE_PROFIT_LIMIT"]"#;
        let all = format!(
            r#"{types},"ocoAllowed":true,"otoAllowed":true,"opoAllowed":true,
            "allowTrailingStop":true"#
        );
        let trails = |keeps: Keeps| {
            let (price, by, watched) = (Price(5_100), By::Share, Watched::Last);
            keeps.waits_for(&Condition { price, by, watched, rises: true })
        };
        let keeps = kept(&all, 2_000);
        assert_eq!(
            (keeps.pairs(), keeps.brackets(), trails(keeps)),
            (Some(Pairs::Two), true, true)
        );
        let keeps = kept(&all, 999);
        assert!(!trails(keeps) && keeps.brackets(), "the filter lets not all of them pass");
        let without =
            |field: &str| kept(&all.replace(&format!(r#""{field}":true"#), "\"x\":0"), 2_000);
        assert!(!trails(without("allowTrailingStop")));
        assert_eq!(without("ocoAllowed").pairs(), None);
        let keeps = without("otoAllowed");
        assert_eq!((keeps.pairs(), keeps.brackets()), (Some(Pairs::Two), false));
        assert_eq!(kept(r#""ocoAllowed":true"#, 2_000), Keeps::NOTHING, "without the types");
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
