//! What OKX says of itself and of our account: instruments with their numbers, fees, one-way mode.

use super::Config;
use super::rest::{Request, word};
use crate::credentials::Credentials;
use crate::metadata::{Fields, Listing, Listings, MetadataError, margin_ppm, ppm, steps};
use engine::condition::{Keeps, Pairs, Watched};
use engine::instrument::{Fees, Kind, Status};
use engine::num::{Grid, Notional, Price, Qty};
use feeds::net::HttpRequest;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The request for the description of one instrument.
pub fn listings_request(rest_url: &str, kind: Kind, symbol: &str) -> HttpRequest {
    let kind = word(kind);
    Request::get(format!("/api/v5/public/instruments?instType={kind}&instId={symbol}"))
        .plain(rest_url)
}

/// Reads the body of `GET /api/v5/public/instruments`: pairs, and swaps margined in their quote
/// asset.
pub fn listings(status: u16, body: &[u8]) -> Result<Listings, MetadataError> {
    let raw: Vec<RawListing> = read("instruments", status, body)?;
    let ours = |one: &&RawListing| one.inst_type == "SPOT" || one.ct_type == "linear";
    let listings = raw.iter().filter(ours).map(listing).collect::<Result<Vec<_>, _>>()?;
    Ok(Listings { limits: super::limits(listings.len()), listings, server_ms: 0 })
}

/// The request for the fees of a kind of instruments; `at_ms` is the venue's time.
pub fn fees_request(
    config: &Config,
    credentials: &Credentials,
    kind: Kind,
    at_ms: u64,
) -> HttpRequest {
    let path = format!("/api/v5/account/trade-fee?instType={}", word(kind));
    Request::get(path).signed(config, credentials, at_ms)
}

/// The fees, from the body of `GET /api/v5/account/trade-fee`; rounded away from zero to 1e-6. The
/// venue's are negative when they are paid; of swaps margined in USDT they are apart.
pub fn fees(kind: Kind, status: u16, body: &[u8]) -> Result<Fees, MetadataError> {
    let what = "trade-fee";
    let raw: Vec<RawFee> = read(what, status, body)?;
    let form = |why: &str| MetadataError::Form { what, why: why.to_owned() };
    let rate = raw.first().ok_or_else(|| form("an empty list"))?;
    let both = match kind {
        Kind::Linear if !rate.maker_u.is_empty() => (&rate.maker_u, &rate.taker_u),
        _ => (&rate.maker, &rate.taker),
    };
    let ppm = |text: &str| {
        let rate = text.parse::<Decimal>().ok().and_then(|rate| ppm(-rate));
        rate.ok_or_else(|| form("a fee that is no number"))
    };
    Ok(Fees { maker_ppm: ppm(both.0)?, taker_ppm: ppm(both.1)? })
}

/// The request for the account's settings; `at_ms` is the venue's time.
pub fn mode_request(config: &Config, credentials: &Credentials, at_ms: u64) -> HttpRequest {
    Request::get("/api/v5/account/config".to_owned()).signed(config, credentials, at_ms)
}

/// Whether positions are of one way, as we need them, from the body of
/// `GET /api/v5/account/config`.
pub fn is_one_way(status: u16, body: &[u8]) -> Result<bool, MetadataError> {
    let raw: Vec<RawMode> = read("account/config", status, body)?;
    Ok(raw.iter().all(|one| one.pos_mode == "net_mode"))
}

/// What the venue keeps of all instruments. What trails, trails the last price.
const KEEPS: Keeps = Keeps::NOTHING
    .and_stops(Watched::Last)
    .and_distances(Watched::Last)
    .and_shares(Watched::Last, false)
    .and_pairs(Pairs::One)
    .and_brackets();

#[derive(Deserialize)]
struct Raw<R> {
    code: String,
    #[serde(default)]
    msg: String,
    data: Option<R>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawListing {
    inst_type: String,
    inst_id: String,
    inst_id_code: u64,
    base_ccy: String,
    quote_ccy: String,
    settle_ccy: String,
    ct_val: String,
    ct_mult: String,
    ct_val_ccy: String,
    ct_type: String,
    tick_sz: String,
    lot_sz: String,
    min_sz: String,
    max_lmt_sz: String,
    lever: String,
    state: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawFee {
    maker: String,
    taker: String,
    #[serde(rename = "makerU")]
    maker_u: String,
    #[serde(rename = "takerU")]
    taker_u: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMode {
    pos_mode: String,
}

fn read<R: DeserializeOwned>(
    what: &'static str,
    status: u16,
    body: &[u8],
) -> Result<R, MetadataError> {
    let refused = |text: String| MetadataError::Refused { what, status, text };
    match serde_json::from_slice::<Raw<R>>(body) {
        Ok(Raw { code, data: Some(data), .. }) if code == "0" && status == 200 => Ok(data),
        Ok(raw) => Err(refused(format!("{} {}", raw.code, raw.msg))),
        Err(fault) if status == 200 => Err(MetadataError::Form { what, why: fault.to_string() }),
        Err(_) => Err(refused(String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned())),
    }
}

fn listing(raw: &RawListing) -> Result<Listing, MetadataError> {
    let fields = Fields(&raw.inst_id);
    let kind = if raw.inst_type == "SPOT" { Kind::Spot } else { Kind::Linear };
    let tick = fields.grid("tickSz", &raw.tick_sz, None)?;
    let size = fields.grid("lotSz", &raw.lot_sz, None)?;
    let (base, quote, lot) = match kind {
        Kind::Spot => (&raw.base_ccy, &raw.quote_ccy, size),
        Kind::Linear => (&raw.ct_val_ccy, &raw.settle_ccy, coins(raw, &fields)?),
    };
    Ok(Listing {
        symbol: fields.symbol(&raw.inst_id)?,
        kind,
        base: fields.symbol(base)?,
        quote: fields.symbol(quote)?,
        tick,
        lot,
        size,
        price: (Price(0), Price(0)),
        qty: (Qty(steps(size, &raw.min_sz)), Qty(steps(size, &raw.max_lmt_sz))),
        notional: (Notional(0), Notional(0)),
        margin_ppm: margin_ppm(&raw.lever),
        status: if raw.state == "live" { Status::Trading } else { Status::Halted },
        amends: true,
        moves: true,
        keeps: match kind {
            Kind::Spot => KEEPS,
            Kind::Linear => KEEPS.and_stops(Watched::Mark),
        },
        replaces: false,
        orders_max: 500,
        code: raw.inst_id_code,
        self_trade_modes: Vec::new(),
        self_trade_default: "cancel_maker".to_owned(),
    })
}

/// One lot of contracts in coins: the lot times the contract's value and multiplier.
fn coins(raw: &RawListing, fields: &Fields<'_>) -> Result<Grid, MetadataError> {
    let factors = [&raw.lot_sz, &raw.ct_val, &raw.ct_mult].map(|text| text.parse::<Decimal>().ok());
    let product = factors.into_iter().try_fold(Decimal::ONE, |all, one| all.checked_mul(one?));
    let text = product.map_or(String::new(), |all| all.normalize().to_string());
    fields.grid("ctVal", &text, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::asset::Assets;
    use engine::id::{InstrumentId, VenueId};

    const LISTED: &[u8] = br#"{"code":"0","msg":"","data":[
        {"instType":"SWAP","instId":"BTC-USDT-SWAP","instIdCode":10459,"instFamily":"BTC-USDT",
         "uly":"BTC-USDT","baseCcy":"","quoteCcy":"","settleCcy":"USDT","ctVal":"0.01",
         "ctMult":"1","ctValCcy":"BTC","ctType":"linear","tickSz":"0.1","lotSz":"0.01",
         "minSz":"0.01","maxLmtSz":"100000000","maxMktSz":"12000","lever":"100","state":"live"},
        {"instType":"SWAP","instId":"BTC-USD-SWAP","ctType":"inverse","settleCcy":"BTC"},
        {"instType":"SPOT","instId":"BTC-USDT","instIdCode":10,"baseCcy":"BTC",
         "quoteCcy":"USDT","tickSz":"0.1","lotSz":"0.00000001","minSz":"0.00001",
         "maxLmtSz":"9999999999","lever":"10","state":"suspend"}]}"#;

    #[test]
    fn contracts_become_coins() {
        let told = listings(200, LISTED).unwrap();
        assert_eq!(told.listings.len(), 2, "no inverse ones");
        let swap = told.listing("BTC-USDT-SWAP").unwrap();
        assert_eq!((swap.code, swap.kind, swap.margin_ppm), (10_459, Kind::Linear, 10_000));
        assert_eq!(swap.lot, Grid { decimals: 4, step: 1 }, "0.01 contracts of 0.01 BTC");
        assert_eq!(swap.size, Grid { decimals: 2, step: 1 });
        let mut assets = Assets::default();
        let one =
            swap.instrument(InstrumentId(0), VenueId(3), &mut assets, Fees::default()).unwrap();
        assert_eq!(one.qty(b"0.61").unwrap(), Qty(61));
        assert_eq!(one.base_amount(Qty(61)).0, 610_000, "0.0061 BTC");
        assert_eq!(assets.name(one.base).unwrap().as_str(), "BTC");
        let spot = told.listing("BTC-USDT").unwrap();
        assert_eq!((spot.code, spot.status, spot.qty.0), (10, Status::Halted, Qty(1_000)));
        let fault = listings(200, br#"{"code":"51001","msg":"Instrument ID does not exist"}"#);
        let text = fault.unwrap_err().to_string();
        assert_eq!(text, "instruments: the venue answered 200: 51001 Instrument ID does not exist");
    }

    #[test]
    fn the_account_is_read() {
        let body = br#"{"code":"0","data":[{"maker":"-0.0008","taker":"-0.001","makerU":"-0.0002",
            "takerU":"-0.0005"}]}"#;
        let of = |kind| fees(kind, 200, body).unwrap();
        assert_eq!(of(Kind::Spot), Fees { maker_ppm: 800, taker_ppm: 1_000 });
        assert_eq!(of(Kind::Linear), Fees { maker_ppm: 200, taker_ppm: 500 });
        let mode = |word: &str| {
            let body = format!(r#"{{"code":"0","data":[{{"acctLv":"2","posMode":"{word}"}}]}}"#);
            is_one_way(200, body.as_bytes()).unwrap()
        };
        assert!(mode("net_mode") && !mode("long_short_mode"));
    }
}
