//! An account's settings: leverage, position mode, margin type, fees.

use super::intake::flag;
use super::public::symbol;
use super::{denial, listen, private, symbols};
use crate::binance::denial::Denial;
use crate::binance::params::Params;
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::AccountId;
use crate::refusal::Refusal;
use crate::symbol::{NOTIONAL_MAX, Product};

/// What an answer says that has nothing to tell.
pub(crate) fn done() -> String {
    Object::new().put("code", 200).put("msg", "success").end()
}

/// `POST leverage`.
pub(crate) fn set_leverage(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let id = symbol(floor, params)?;
    params.need("leverage")?;
    let leverage = params.integer("leverage")?.unwrap_or(0).min(1000) as u32;
    let wrong = |_| Denial::new(-4028, format!("Leverage {leverage} is not valid"));
    floor.venue.set_leverage(account, id, leverage).map_err(wrong)?;
    let name = floor.venue.listing(id).symbol.name.clone();
    listen::publish(floor, account, &private::leverage(&name, leverage, now_ms));
    Ok(Object::new()
        .put("leverage", leverage)
        .dec("maxNotionalValue", NOTIONAL_MAX)
        .put("symbol", name)
        .end())
}

/// `POST marginType`: everything is cross.
pub(crate) fn set_margin_type(floor: &Floor, params: &Params) -> Result<String, Denial> {
    symbol(floor, params)?;
    match params.need("marginType")? {
        "CROSSED" => Err(Denial::new(-4046, "No need to change margin type.")),
        "ISOLATED" => Err(Denial::new(-4168, "Unable to adjust to isolated-margin mode.")),
        _ => Err(denial::invalid("marginType")),
    }
}

/// `POST positionSide/dual`.
pub(crate) fn set_mode(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
) -> Result<String, Denial> {
    params.need("dualSidePosition")?;
    let hedge = flag(params, "dualSidePosition")?;
    let holder = floor.venue.account(account);
    if holder.settings.hedge == hedge {
        return Err(Denial::new(-4059, "No need to change position side."));
    }
    let orders = !holder.open.is_empty();
    floor.venue.set_hedge(account, hedge).map_err(|refusal| match refusal {
        Refusal::PositionMode if orders => {
            Denial::new(-4067, "Position side cannot be changed if there exists open orders.")
        }
        other => denial::told(other),
    })?;
    Ok(done())
}

/// `GET positionSide/dual`.
pub(crate) fn mode(floor: &Floor, account: AccountId) -> String {
    let hedge = floor.venue.account(account).settings.hedge;
    Object::new().put("dualSidePosition", hedge).end()
}

/// `GET accountConfig`.
pub(crate) fn config(floor: &Floor, account: AccountId) -> String {
    Object::new()
        .put("feeTier", 0)
        .put("canTrade", true)
        .put("canDeposit", true)
        .put("canWithdraw", true)
        .put("dualSidePosition", floor.venue.account(account).settings.hedge)
        .put("updateTime", 0)
        .put("multiAssetsMargin", false)
        .put("tradeGroupId", -1)
        .end()
}

/// `GET symbolConfig`.
pub(crate) fn symbol_config(
    floor: &Floor,
    params: &Params,
    account: AccountId,
) -> Result<String, Denial> {
    let only = params.get("symbol").map(|_| symbol(floor, params)).transpose()?;
    let ids = floor.venue.symbols(Product::Perp).filter(|id| only.is_none_or(|only| *id == only));
    Ok(array(ids.map(|id| {
        Object::new()
            .put("symbol", &floor.venue.listing(id).symbol.name)
            .put("marginType", "CROSSED")
            .put("isAutoAddMargin", false)
            .put("leverage", floor.venue.leverage(account, id))
            .dec("maxNotionalValue", NOTIONAL_MAX)
            .end()
    })))
}

/// `GET leverageBracket`.
pub(crate) fn brackets(floor: &Floor, params: &Params) -> Result<String, Denial> {
    if params.get("symbol").is_some() {
        let id = symbol(floor, params)?;
        return Ok(array([symbols::bracket(&floor.venue.listing(id).symbol)]));
    }
    let ids = floor.venue.symbols(Product::Perp);
    Ok(array(ids.map(|id| symbols::bracket(&floor.venue.listing(id).symbol))))
}

/// `GET commissionRate`.
pub(crate) fn commission(
    floor: &Floor,
    params: &Params,
    account: AccountId,
) -> Result<String, Denial> {
    let id = symbol(floor, params)?;
    let fees = floor.venue.account(account).rates(Product::Perp);
    Ok(Object::new()
        .put("symbol", &floor.venue.listing(id).symbol.name)
        .dec("makerCommissionRate", fees.maker)
        .dec("takerCommissionRate", fees.taker)
        .end())
}

/// `GET apiTradingStatus`: nothing stands against the account.
pub(crate) fn trading_status(now_ms: u64) -> String {
    Object::new().raw("indicators", "{}").put("updateTime", now_ms).end()
}
