//! What an account has and has chosen: balances, positions, fees, leverage, position mode, bills,
//! and the countdown that cancels its orders.

use super::channels::uid;
use super::denial::Denial;
use super::endpoints::{Asked, Reply};
use super::size::{plain, text};
use super::{instruments, views, words};
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::{Leg, SymbolId};
use crate::symbol::Product;
use crate::venue::{SETTLE, Scope};
use std::collections::BTreeSet;

/// Shortest and longest countdown, in seconds.
const COUNTDOWN_S: std::ops::RangeInclusive<u64> = 10..=120;
/// Countdowns of one account, by tag.
const COUNTDOWNS_MAX: usize = 20;

/// `account/balance`, of the currencies in `ccy` or of all.
pub(crate) fn balance(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let wanted = asked.args().get("ccy");
    let wanted: Option<Vec<String>> =
        wanted.map(|list| list.split(',').map(String::from).collect());
    Reply::one(views::account(&floor.venue, asked.account, wanted.as_deref(), asked.now_ms))
}

/// `account/positions`.
pub(crate) fn positions(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let product = instruments::product(asked.args())?;
    let names: Option<BTreeSet<&str>> =
        asked.args().get("instId").map(|list| list.split(',').collect());
    let held = views::positions(&floor.venue, asked.account);
    let fits = held.iter().filter(|(id, _)| {
        let spec = &floor.venue.listing(*id).symbol;
        instruments::fits(product, spec)
            && names.as_ref().is_none_or(|names| names.contains(spec.name.as_str()))
    });
    Reply::rows(array(
        fits.map(|(_, one)| views::position(&floor.venue, asked.account, one, asked.now_ms)),
    ))
}

/// `account/config`.
pub(crate) fn config(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let hedge = floor.venue.account(asked.account).settings.hedge;
    let uid = uid(asked.account);
    Reply::one(
        Object::new()
            .put("uid", &uid)
            .put("mainUid", &uid)
            .put("acctLv", "2")
            .put("acctStpMode", "cancel_maker")
            .put("posMode", if hedge { "long_short_mode" } else { "net_mode" })
            .put("autoLoan", false)
            .put("greeksType", "PA")
            .put("feeType", "0")
            .put("level", "Lv1")
            .put("levelTmp", "")
            .put("ctIsoMode", "automatic")
            .put("mgnIsoMode", "automatic")
            .put("roleType", "0")
            .put("label", &floor.venue.account(asked.account).name)
            .put("ip", "")
            .put("perm", "read_only,trade")
            .put("type", "0")
            .end(),
    )
}

/// `account/trade-fee`: negative is a charge.
pub(crate) fn fee(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let kind = asked.args().need("instType")?;
    let Some(Some(product)) = instruments::product(asked.args())? else {
        return Err(Denial::parameter("instType"));
    };
    let rates = floor.venue.account(asked.account).rates(product);
    let (maker, taker) = (plain(-rates.maker), plain(-rates.taker));
    let spot = product == Product::Spot;
    let only = |rate: &str, here: bool| if here { rate.to_string() } else { String::new() };
    Reply::one(
        Object::new()
            .put("category", "1")
            .put("level", "Lv1")
            .put("instType", kind)
            .put("maker", only(&maker, spot))
            .put("taker", only(&taker, spot))
            .put("makerU", only(&maker, !spot))
            .put("takerU", only(&taker, !spot))
            .put("makerUSDC", "")
            .put("takerUSDC", "")
            .put("delivery", "")
            .put("exercise", "")
            .raw("fiat", "[]")
            .put("ts", asked.now_ms.to_string())
            .end(),
    )
}

/// The swap that a setting is for.
fn swap(floor: &Floor, asked: &Asked<'_>) -> Result<SymbolId, Denial> {
    let id = instruments::addressed(floor, asked.args(), instruments::Naming::Id)?;
    if floor.venue.listing(id).mark.is_none() {
        return Err(Denial::instrument());
    }
    match asked.args().get("mgnMode") {
        None | Some("cross") => Ok(id),
        Some(_) => Err(Denial::new(51010, "Request unsupported under current account mode.")),
    }
}

fn leverage_rows(floor: &Floor, asked: &Asked<'_>, id: SymbolId) -> String {
    let leverage = floor.venue.leverage(asked.account, id).to_string();
    let spec = &floor.venue.listing(id).symbol;
    let hedge = floor.venue.account(asked.account).settings.hedge;
    let legs: &[Leg] = if hedge { &[Leg::Long, Leg::Short] } else { &[Leg::Net] };
    array(legs.iter().map(|leg| {
        Object::new()
            .put("instId", &spec.name)
            .put("mgnMode", "cross")
            .put("posSide", words::leg(spec, *leg))
            .put("ccy", "")
            .put("lever", &leverage)
            .end()
    }))
}

/// `account/leverage-info`.
pub(crate) fn leverage(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let id = swap(floor, asked)?;
    Reply::rows(leverage_rows(floor, asked, id))
}

/// `account/set-leverage`.
pub(crate) fn set_leverage(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let id = swap(floor, asked)?;
    let lever = asked.args().integer("lever")?.ok_or_else(|| Denial::missing("lever"))?;
    let lever = u32::try_from(lever).map_err(|_| Denial::parameter("lever"))?;
    floor.venue.set_leverage(asked.account, id, lever)?;
    Reply::rows(leverage_rows(floor, asked, id))
}

/// `account/set-position-mode`.
pub(crate) fn set_mode(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let mode = asked.args().need("posMode")?;
    let hedge = match mode {
        "net_mode" => false,
        "long_short_mode" => true,
        _ => return Err(Denial::parameter("posMode")),
    };
    floor.venue.set_hedge(asked.account, hedge)?;
    Reply::one(Object::new().put("posMode", mode).end())
}

/// `account/max-size`: what the free money could buy or sell at the last price.
pub(crate) fn max_size(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let id = instruments::addressed(floor, asked.args(), instruments::Naming::Id)?;
    let (venue, account) = (&floor.venue, asked.account);
    let listing = venue.listing(id);
    let spec = &listing.symbol;
    let one_lot = listing.last.saturating_mul(spec.unit()).max(1);
    let (buy, sell) = if spec.perp.is_some() {
        let room = venue.margin(account).available.max(0);
        let lots = room.saturating_mul(i64::from(venue.leverage(account, id))) / one_lot;
        (lots, lots)
    } else {
        let free = |asset: &str| venue.account(account).balance(asset).free.max(0);
        (free(&spec.quote) / one_lot, free(&spec.base) / spec.lot)
    };
    let out = Object::new().put("instId", &spec.name).put("ccy", &spec.quote);
    Reply::one(out.put("maxBuy", text(spec, buy)).put("maxSell", text(spec, sell)).end())
}

/// `account/bills`: trades (type 2) and funding payments (type 8), newest first.
pub(crate) fn bills(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let args = asked.args();
    let (kind, after) = (args.get("type"), args.integer("after")?);
    let (begin, end) = (args.integer("begin")?, args.integer("end")?);
    let only = instruments::optional(floor, args)?;
    let product = instruments::product(args)?;
    let holder = floor.venue.account(asked.account);
    let row = |symbol: SymbolId, kind: &str, amount: i64, ccy: &str, (id, ts): (u64, u64)| {
        let spec = &floor.venue.listing(symbol).symbol;
        let sub = if kind == "8" && amount < 0 { "173" } else { "174" };
        let json = Object::new()
            .put("billId", id.to_string())
            .put("type", kind)
            .put("subType", if kind == "8" { sub } else { "1" })
            .put("instType", words::product(spec.product()))
            .put("instId", &spec.name)
            .put("ccy", ccy)
            .put("balChg", plain(amount))
            .put("pnl", plain(amount))
            .put("bal", plain(holder.balance(ccy).free + holder.balance(ccy).locked))
            .put("mgnMode", if spec.perp.is_some() { "cross" } else { "cash" })
            .put("ts", ts.to_string())
            .end();
        (id, symbol, ts, json)
    };
    let mut rows = Vec::new();
    if kind.is_none_or(|kind| kind == "8") {
        rows.extend(holder.fundings.iter().enumerate().map(|(n, one)| {
            let id = views::bill_id(one.time_ms, n, true);
            row(one.symbol, "8", one.amount, SETTLE, (id, one.time_ms))
        }));
    }
    if kind.is_none_or(|kind| kind == "2") {
        rows.extend(holder.fills.iter().enumerate().map(|(n, one)| {
            let id = views::bill_id(one.time_ms, n, false);
            let ccy = &floor.venue.listing(one.symbol).symbol.quote;
            let amount = match floor.venue.listing(one.symbol).symbol.product() {
                Product::Perp => one.realised - one.fee,
                Product::Spot if one.buyer => -one.quote,
                Product::Spot => one.quote - one.fee,
            };
            row(one.symbol, "2", amount, ccy, (id, one.time_ms))
        }));
    }
    rows.retain(|(id, symbol, ts, _)| {
        after.is_none_or(|after| *id < after)
            && only.is_none_or(|only| only == *symbol)
            && instruments::fits(product, &floor.venue.listing(*symbol).symbol)
            && begin.is_none_or(|begin| *ts >= begin)
            && end.is_none_or(|end| *ts <= end)
    });
    rows.sort_by_key(|(id, ..)| std::cmp::Reverse(*id));
    Reply::rows(array(rows.into_iter().take(args.limit()?).map(|(.., json)| json)))
}

/// `asset/currencies`: every asset that something here is traded in.
pub(crate) fn currencies(floor: &mut Floor, _: &Asked<'_>) -> Result<Reply, Denial> {
    let all = floor.venue.listings.iter();
    let all: BTreeSet<&str> =
        all.flat_map(|one| [one.symbol.base.as_str(), one.symbol.quote.as_str()]).collect();
    Reply::rows(array(all.into_iter().map(|asset| {
        Object::new()
            .put("ccy", asset)
            .put("chain", format!("{asset}-Simulated"))
            .put("name", asset)
            .put("canDep", false)
            .put("canWd", false)
            .put("canInternal", false)
            .put("minDep", "0")
            .put("minWd", "0")
            .put("maxWd", "0")
            .put("fee", "0")
            .put("wdTickSz", "8")
            .put("mainNet", true)
            .end()
    })))
}

/// `trade/account-rate-limit`.
pub(crate) fn rate_limit(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let most = floor.limits.rates.orders_10s;
    let limit = if most == u64::MAX { 1000 } else { most / 5 };
    Reply::one(
        Object::new()
            .put("accRateLimit", limit.to_string())
            .put("nextAccRateLimit", limit.to_string())
            .put("fillRatio", "")
            .put("mainFillRatio", "")
            .put("ts", asked.now_ms.to_string())
            .end(),
    )
}

/// `trade/cancel-all-after`: every order goes unless this is called again in time; one countdown a
/// tag, and zero seconds stop it.
pub(crate) fn cancel_all_after(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let seconds = asked.args().integer("timeOut")?.ok_or_else(|| Denial::missing("timeOut"))?;
    if seconds != 0 && !COUNTDOWN_S.contains(&seconds) {
        return Err(Denial::parameter("timeOut"));
    }
    let tag = asked.args().get("tag").unwrap_or("").to_string();
    let scope = Scope { account: asked.account, symbol: None, tag: tag.clone() };
    let end_ms = (seconds > 0).then(|| asked.now_ms + seconds * 1000);
    let new = end_ms.is_some() && floor.venue.deadline(&scope).is_none();
    let full = new && floor.venue.deadlines(asked.account) >= COUNTDOWNS_MAX;
    if full || !floor.venue.countdown(scope, end_ms) {
        let msg = "You've reached the maximum number of tags for Cancel All After.";
        return Err(Denial::new(51071, msg));
    }
    Reply::one(
        Object::new()
            .put("triggerTime", end_ms.unwrap_or(0).to_string())
            .put("tag", tag)
            .put("ts", asked.now_ms.to_string())
            .end(),
    )
}
