//! What the account holds and has chosen: wallet, positions, fees, leverage, position mode, and
//! protection against lost connections.

use super::call::Call;
use super::denial::Denial;
use super::orders::{chosen, need_scope};
use super::params::Params;
use super::{holdings, private, tell, words};
use crate::account::Account;
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::{AccountId, Leg, SymbolId};
use crate::refusal::Refusal;
use crate::symbol::Product;

pub(crate) fn answer(
    floor: &mut Floor,
    call: Call,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let window_ms = floor.guards_of(account).next().map(|guard| guard.window_ms);
    match call {
        Call::Positions => positions(floor, params, account),
        Call::SetLeverage => set_leverage(floor, params, account),
        Call::SwitchMode => switch_mode(floor, params, account),
        Call::Wallet => wallet(floor, params, account),
        Call::CoinBalances => Ok(balances(floor.venue.account(account), params, account)),
        Call::Coins => Ok(coins(floor.venue.account(account), params)),
        Call::FeeRate => fee_rate(floor, params, account),
        Call::Account => Ok(Object::new()
            .put("unifiedMarginStatus", 6)
            .put("marginMode", "REGULAR_MARGIN")
            .put("isMasterTrader", false)
            .put("spotHedgingStatus", "OFF")
            .put("updatedTime", now_ms.to_string())
            .put("dcpStatus", if window_ms.is_some() { "ON" } else { "OFF" })
            .put("timeWindow", window_ms.unwrap_or(0) / 1000)
            .put("smpGroup", 0)
            .end()),
        Call::ApiKey => Ok(api_key(account)),
        Call::SetProtection => protect(floor, params, account),
        Call::QueryProtection => Ok(protection(floor, account)),
        // Prices out of bounds are always refused here, as with `modifyEnable` false.
        Call::PriceLimitAction => Ok("{}".into()),
        _ => Err(Denial::params("request not supported")),
    }
}

/// `GET /v5/position/list`. A symbol that is named is told even where nothing is held.
fn positions(floor: &Floor, params: &Params, account: AccountId) -> Result<String, Denial> {
    let product = params.category()?;
    if product == Product::Spot {
        return Err(Denial::params("params error: Category is invalid"));
    }
    need_scope(params, product)?;
    let one = params.symbol_if_any(floor, product)?;
    let limit = params.limit(20, 200)?;
    let from = params.integer("cursor")?.unwrap_or(0) as usize;
    let fits = chosen(floor, params, product)?;
    let venue = &floor.venue;
    let holder = venue.account(account);
    let legs: &[Leg] = if holder.settings.hedge { &[Leg::Long, Leg::Short] } else { &[Leg::Net] };
    let mut rows: Vec<(SymbolId, Leg)> = Vec::new();
    for symbol in venue.symbols(product).filter(|symbol| fits(*symbol)) {
        let held = |leg: &Leg| holder.position(symbol, *leg).lots != 0 || one.is_some();
        rows.extend(legs.iter().copied().filter(held).map(|leg| (symbol, leg)));
    }
    let list = array(
        rows.iter()
            .skip(from)
            .take(limit)
            .map(|(symbol, leg)| holdings::position(venue, account, *symbol, *leg)),
    );
    let next = from.saturating_add(limit);
    let cursor = if next < rows.len() { next.to_string() } else { String::new() };
    Ok(tell::page("linear", &list, &cursor))
}

fn set_leverage(floor: &mut Floor, params: &Params, account: AccountId) -> Result<String, Denial> {
    let symbol = params.symbol(floor, Product::Perp)?;
    let read = |name: &str| -> Result<u32, Denial> {
        let text = params.need(name)?;
        let whole = text.split('.').next().and_then(|whole| whole.parse().ok());
        whole.ok_or_else(|| Denial::params(format!("params error: {name} invalid")))
    };
    let (buy, sell) = (read("buyLeverage")?, read("sellLeverage")?);
    if buy != sell {
        return Err(Denial::params("buy leverage must equal sell leverage in one-way mode"));
    }
    if floor.venue.leverage(account, symbol) == buy {
        return Err(Denial::new(110043, "leverage not modified"));
    }
    let set = floor.venue.set_leverage(account, symbol, buy);
    set.map_err(|refusal| Denial::refused(Product::Perp, refusal))?;
    Ok("{}".into())
}

/// `POST /v5/position/switch-mode`: 0 is one position a symbol, 3 two. Here it holds for all
/// symbols.
fn switch_mode(floor: &mut Floor, params: &Params, account: AccountId) -> Result<String, Denial> {
    if params.get("coin").is_none() {
        params.symbol(floor, Product::Perp)?;
    }
    let hedge = match params.need("mode")? {
        "0" => false,
        "3" => true,
        _ => return Err(Denial::params("params error: mode invalid")),
    };
    if floor.venue.account(account).settings.hedge == hedge {
        return Err(Denial::new(110025, "Position mode is not modified"));
    }
    let holds = floor.venue.account(account).positions.iter().any(|one| one.lots != 0);
    floor.venue.set_hedge(account, hedge).map_err(|refusal| match refusal {
        Refusal::PositionMode if !holds => {
            Denial::new(110028, "You have existing open orders, so the mode cannot be switched")
        }
        refusal => Denial::refused(Product::Perp, refusal),
    })?;
    Ok("{}".into())
}

fn wallet(floor: &Floor, params: &Params, account: AccountId) -> Result<String, Denial> {
    if !matches!(params.need("accountType")?, "UNIFIED" | "SPOT" | "CONTRACT") {
        return Err(Denial::params("accountType only support UNIFIED."));
    }
    let coins: Option<Vec<&str>> = params.get("coin").map(|coins| coins.split(',').collect());
    let row = holdings::wallet(&floor.venue, account, coins.as_deref());
    Ok(Object::new().raw("list", &array([row])).end())
}

/// Balances as the wallet's transfers see them.
fn balances(holder: &Account, params: &Params, account: AccountId) -> String {
    let wanted = params.get("coin");
    let all = holder.balances.iter();
    let all =
        all.filter(|(asset, _)| wanted.is_none_or(|list| list.split(',').any(|a| a == *asset)));
    let rows = array(all.map(|(asset, balance)| {
        Object::new()
            .put("coin", asset)
            .put("walletBalance", tell::plain(balance.free + balance.locked))
            .put("transferBalance", tell::plain(balance.free))
            .put("bonus", "")
            .end()
    }));
    Object::new()
        .put("memberId", (1000 + account).to_string())
        .put("accountType", params.get("accountType").unwrap_or("UNIFIED"))
        .raw("balance", &rows)
        .end()
}

fn coins(holder: &Account, params: &Params) -> String {
    let wanted = params.get("coin");
    let names = holder.balances.keys().filter(|asset| wanted.is_none_or(|coin| coin == *asset));
    let rows = array(names.map(|asset| {
        Object::new()
            .put("name", asset)
            .put("coin", asset)
            .put("remainAmount", "0")
            .raw("chains", "[]")
            .end()
    }));
    Object::new().raw("rows", &rows).end()
}

fn fee_rate(floor: &Floor, params: &Params, account: AccountId) -> Result<String, Denial> {
    let product = params.category()?;
    let fits = chosen(floor, params, product)?;
    let rates = floor.venue.account(account).rates(product);
    let names = floor.venue.symbols(product).filter(|symbol| fits(*symbol));
    let list = array(names.map(|symbol| {
        Object::new()
            .put("symbol", &floor.venue.listing(symbol).symbol.name)
            .put("baseCoin", "")
            .put("takerFeeRate", tell::plain(rates.taker))
            .put("makerFeeRate", tell::plain(rates.maker))
            .end()
    }));
    Ok(Object::new().put("category", words::category(product)).raw("list", &list).end())
}

/// What the key may do.
fn api_key(account: AccountId) -> String {
    let may = Object::new()
        .put("ContractTrade", ["Order", "Position"])
        .put("Spot", ["SpotTrade"])
        .put("Wallet", ["AccountTransfer"])
        .put("Options", [""; 0])
        .put("Derivatives", ["DerivativesTrade"]);
    Object::new()
        .put("id", account.to_string())
        .put("note", "simulated")
        .put("readOnly", 0)
        .raw("permissions", &may.end())
        .put("ips", ["*"])
        .put("type", 1)
        .put("unified", 0)
        .put("uta", 1)
        .put("userID", 1000 + account)
        .put("inviterID", 0)
        .put("vipLevel", "No VIP")
        .put("isMaster", true)
        .put("parentUid", "0")
        .end()
}

/// The product of a protection, and the private topic whose subscribers are watched for it.
fn watched(product: &str) -> Option<(Product, u32)> {
    match product {
        "DERIVATIVES" => Some((Product::Perp, private::DCP_FUTURE)),
        "SPOT" => Some((Product::Spot, private::DCP_SPOT)),
        _ => None,
    }
}

fn protect(floor: &mut Floor, params: &Params, account: AccountId) -> Result<String, Denial> {
    let product = params.get("product").unwrap_or("OPTIONS");
    let invalid = || Denial::params("params error: product invalid");
    let (product, topic) = watched(product).ok_or_else(invalid)?;
    params.need("timeWindow")?;
    let window = params.integer("timeWindow")?.unwrap_or(0);
    if !(3..=300).contains(&window) {
        return Err(Denial::params("params error: timeWindow is 3 to 300"));
    }
    floor.guard((account, product), window * 1000, topic);
    Ok("{}".into())
}

fn protection(floor: &Floor, account: AccountId) -> String {
    let list = array(floor.guards_of(account).map(|guard| {
        let spot = guard.product == Product::Spot;
        Object::new()
            .put("product", if spot { "SPOT" } else { "DERIVATIVES" })
            .put("dcpStatus", "ON")
            .put("timeWindow", (guard.window_ms / 1000).to_string())
            .end()
    }));
    Object::new().raw("dcpInfos", &list).end()
}
