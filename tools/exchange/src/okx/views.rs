//! Orders, positions and balances as OKX tells them, for queries and channels alike.

use super::size::{of_base, plain, price, text};
use super::{algos, attached, words};
use crate::json::{Object, array};
use crate::order::{AccountId, Fill, Kind, Order, Side, Status, SymbolId, Why};
use crate::symbol::{SCALE, Symbol};
use crate::venue::{Margin, Position, SETTLE, Venue};

/// What a change of an order adds to how it stands.
#[derive(Default)]
pub(crate) struct Change<'a> {
    pub fill: Option<&'a Fill>,
    /// `amendResult` and `reqId`.
    pub amended: Option<(&'a str, &'a str)>,
    /// Where self-trade prevention has just used the order up.
    pub prevented: bool,
}

/// A price × quantity over a quantity, in 1e-8; zero over nothing.
fn average(order: &Order, symbol: &Symbol) -> i64 {
    let base = i128::from(order.filled) * i128::from(symbol.lot);
    if base == 0 {
        return 0;
    }
    (i128::from(order.quote_filled) * i128::from(SCALE) / base) as i64
}

/// `tradeId`: negative where a liquidation sent the order.
pub(crate) fn trade_id(fill: &Fill) -> String {
    format!("{}{}", if fill.liquidation { "-" } else { "" }, fill.id)
}

/// An order, and what has just happened to it.
pub(crate) fn order(venue: &Venue, order: &Order, change: &Change<'_>) -> String {
    let listing = venue.listing(order.symbol);
    let spec = &listing.symbol;
    let perp = spec.perp.is_some();
    let by_quote = order.quote_qty > 0;
    let target = match (perp, order.kind, by_quote) {
        (false, Kind::Market, true) => "quote_ccy",
        (false, Kind::Market, false) => "base_ccy",
        _ => "",
    };
    let sz = if by_quote { plain(order.quote_qty) } else { text(spec, order.qty) };
    let algo = algos::parent(venue, order);
    let market = order.kind == Kind::Market;
    let at = if market { listing.last } else { order.price };
    let worth = at.saturating_mul(order.qty).saturating_mul(spec.unit());
    let (status, why) = match change.prevented {
        true => (Status::Cancelled, Some(Why::SelfTrade)),
        false => (order.status, order.why),
    };
    let source = if status.is_open() { "" } else { words::cancel_source(why) };
    let lever = perp.then(|| venue.leverage(order.account, order.symbol).to_string());
    let out = Object::new()
        .put("instType", words::product(spec.product()))
        .put("instId", &spec.name)
        .put("ordId", order.id.to_string())
        .put("clOrdId", words::client(&order.client))
        .put("algoId", algo.map(|one| one.id.to_string()).unwrap_or_default())
        .put("algoClOrdId", algo.map_or("", algos::client))
        .put("tag", &order.tag)
        .put("px", if market { String::new() } else { price(spec, order.price) })
        .put("sz", sz)
        .put("notionalUsd", plain(worth))
        .put("ordType", words::order_type(order))
        .put("side", words::side(order.side))
        .put("posSide", words::leg(spec, order.leg))
        .put("tdMode", if perp { "cross" } else { "cash" })
        .put("tgtCcy", target)
        .put("accFillSz", text(spec, order.filled))
        .put("avgPx", if order.filled > 0 { plain(average(order, spec)) } else { String::new() })
        .put("state", words::state(status))
        .put("lever", lever.unwrap_or_default())
        .put("stpMode", words::stp(order.stp))
        .put("pnl", plain(order.realised))
        .put("category", if order.forced { "full_liquidation" } else { "normal" })
        .put("reduceOnly", if order.reduce { "true" } else { "false" })
        .put("source", "")
        .put("cancelSource", source)
        .put("cancelSourceReason", "")
        .raw("attachAlgoOrds", &attached::json(venue, order))
        .raw("linkedAlgoOrd", r#"{"algoId":""}"#)
        .put("ccy", "");
    finish(
        fees(filled(out, spec, change.fill), order, spec),
        price(spec, listing.last),
        order,
        change,
    )
}

/// What the last fill was; empty where nothing was filled just now.
fn filled(out: Object, spec: &Symbol, fill: Option<&Fill>) -> Object {
    let tell = |of: &dyn Fn(&Fill) -> String| fill.map(of).unwrap_or_default();
    out.put("fillPx", tell(&|fill| plain(fill.price)))
        .put("tradeId", tell(&|fill| if fill.liquidation { "0".into() } else { trade_id(fill) }))
        .put("fillSz", fill.map_or("0".into(), |fill| of_base(spec, fill.qty)))
        .put("fillPnl", fill.map_or("0".into(), |fill| plain(fill.realised)))
        .put("fillTime", tell(&|fill| fill.time_ms.to_string()))
        .put("fillFee", fill.map_or("0".into(), |fill| plain(-fill.fee)))
        .put("fillFeeCcy", tell(&|fill| fill.fee_asset.clone()))
        .put("fillNotionalUsd", tell(&|fill| plain(fill.quote)))
        .put("fillMarkPx", "")
        .put("execType", tell(&|fill| role(fill.maker).into()))
}

/// `execType`.
pub(crate) fn role(maker: bool) -> &'static str {
    if maker { "M" } else { "T" }
}

/// Fees so far: negative is a cost. The currency is the one received, a swap's the settlement's.
fn fees(out: Object, order: &Order, spec: &Symbol) -> Object {
    let asset = match order.side {
        Side::Buy if spec.perp.is_none() => &spec.base,
        _ => &spec.quote,
    };
    let asset = if order.fee_asset.is_empty() { asset } else { &order.fee_asset };
    let out = out.put("feeCcy", asset).put("fee", plain((-order.fee).min(0)));
    out.put("rebateCcy", asset).put("rebate", plain((-order.fee).max(0)))
}

fn finish(out: Object, last: String, order: &Order, change: &Change<'_>) -> String {
    let (result, request) = change.amended.unwrap_or(("", ""));
    out.put("lastPx", last)
        .put("amendSource", if result.is_empty() { "" } else { "1" })
        .put("reqId", request)
        .put("amendResult", result)
        .put("quickMgnType", "")
        .put("code", "0")
        .put("msg", "")
        .put("uTime", order.updated_ms.to_string())
        .put("cTime", order.created_ms.to_string())
        .end()
}

/// A trade as `fills` tells it; `bill` is its number in the account's books.
pub(crate) fn fill(venue: &Venue, fill: &Fill, bill: usize) -> String {
    let spec = &venue.listing(fill.symbol).symbol;
    let order = venue.orders.get(&fill.order);
    Object::new()
        .put("instType", words::product(spec.product()))
        .put("instId", &spec.name)
        .put("tradeId", trade_id(fill))
        .put("ordId", fill.order.to_string())
        .put("clOrdId", words::client(&fill.client))
        .put("billId", bill_id(fill.time_ms, bill, false).to_string())
        .put("subType", if fill.buyer { "1" } else { "2" })
        .put("tag", order.map_or("", |order| &order.tag))
        .put("fillPx", plain(fill.price))
        .put("fillSz", of_base(spec, fill.qty))
        .put("fillIdxPx", "")
        .put("fillPnl", plain(fill.realised))
        .put("fillMarkPx", "")
        .put("side", if fill.buyer { "buy" } else { "sell" })
        .put("posSide", words::leg(spec, fill.leg))
        .put("execType", role(fill.maker))
        .put("feeCcy", &fill.fee_asset)
        .put("fee", plain(-fill.fee))
        .put("feeRate", "")
        .put("ts", fill.time_ms.to_string())
        .put("fillTime", fill.time_ms.to_string())
        .end()
}

/// `billId` of an account's n-th trade, or funding payment: they go up with the time.
pub(crate) fn bill_id(time_ms: u64, n: usize, funding: bool) -> u64 {
    time_ms * 1000 + (n % 500) as u64 + if funding { 500 } else { 0 }
}

/// A position as it stands.
pub(crate) fn position(venue: &Venue, account: AccountId, one: &Position, now_ms: u64) -> String {
    let listing = venue.listing(one.symbol);
    let spec = &listing.symbol;
    let mark = listing.mark.as_ref().map_or(0, |mark| mark.price);
    let worth = one.worth(spec, mark).abs();
    let upl = one.unrealised(spec, mark);
    let leverage = venue.leverage(account, one.symbol);
    let maintenance = spec.perp.as_ref().map_or(0, |terms| terms.maintenance);
    let mmr = (i128::from(worth) * i128::from(maintenance) / i128::from(SCALE)) as i64;
    let held = one.lots != 0;
    let told = |text: String| if held { text } else { String::new() };
    let liquidation = venue.liquidation_price(account, one).filter(|_| held);
    let initial = worth / i64::from(leverage);
    let ratio = if initial > 0 { upl as f64 / initial as f64 } else { 0.0 };
    let last = venue.account(account).fills.iter().rev().find(|fill| fill.symbol == one.symbol);
    Object::new()
        .put("instType", "SWAP")
        .put("instId", &spec.name)
        .put("mgnMode", "cross")
        .put("posId", position_id(account, one))
        .put("posSide", words::leg(spec, one.leg))
        .put("pos", size_of(spec, one))
        .put("availPos", told(size_of(spec, one).trim_start_matches('-').into()))
        .put("avgPx", told(plain(one.entry(spec))))
        .put("upl", told(plain(upl)))
        .put("uplRatio", told(format!("{ratio:.8}")))
        .put("lever", leverage.to_string())
        .put("liqPx", liquidation.map(plain).unwrap_or_default())
        .put("markPx", plain(mark))
        .put("last", price(spec, listing.last))
        .put("imr", told(plain(initial)))
        .put("mmr", told(plain(mmr)))
        .put("margin", "")
        .put("mgnRatio", "")
        .put("notionalUsd", told(plain(worth)))
        .put("tradeId", last.map(trade_id).unwrap_or_default())
        .put("ccy", &spec.quote)
        .put("posCcy", "")
        .put("adl", "1")
        .put("realizedPnl", plain(one.realised + one.funding))
        .put("pnl", plain(one.realised))
        .put("fundingFee", plain(one.funding))
        .put("interest", "")
        .put("liab", "")
        .put("liabCcy", "")
        .put("cTime", one.updated_ms.to_string())
        .put("uTime", one.updated_ms.to_string())
        .put("pTime", now_ms.to_string())
        .end()
}

/// `posId`, which stays over the position's life.
pub(crate) fn position_id(account: AccountId, one: &Position) -> String {
    let place = u64::from(account) * 1_000_000 + u64::from(one.symbol) * 3 + one.leg as u64;
    (350_000_000_000_000_000 + place).to_string()
}

/// `pos`: signed in net mode, positive where there are two legs.
pub(crate) fn size_of(spec: &Symbol, one: &Position) -> String {
    let lots = if one.leg == crate::order::Leg::Net { one.lots } else { one.lots.abs() };
    text(spec, lots)
}

/// What one unit of an asset is worth in USDT, in 1e-8: by the last price of its market.
fn worth(venue: &Venue, asset: &str) -> i64 {
    if asset == SETTLE {
        return SCALE;
    }
    let pays = |spec: &Symbol| spec.base == asset && spec.quote == SETTLE;
    let market = venue.listings.iter().find(|listing| pays(&listing.symbol));
    market.map_or(0, |listing| listing.last * listing.symbol.tick)
}

fn product(one: i64, other: i64) -> i64 {
    (i128::from(one) * i128::from(other) / i128::from(SCALE)) as i64
}

/// An account's money: of the assets named, or all.
pub(crate) fn account(
    venue: &Venue,
    account: AccountId,
    wanted: Option<&[String]>,
    now_ms: u64,
) -> String {
    let (holder, margin) = (venue.account(account), venue.margin(account));
    let held = holder.balances.iter().map(|(asset, balance)| {
        let cash = balance.free + balance.locked;
        cash + if asset == SETTLE { margin.unrealised } else { 0 }
    });
    let worths = holder.balances.keys().map(|asset| worth(venue, asset));
    let total: i64 = held.zip(worths).map(|(eq, worth)| product(eq, worth)).sum();
    let fits = |asset: &str| wanted.is_none_or(|list| list.iter().any(|one| one == asset));
    let details = holder.balances.keys().filter(|asset| fits(asset));
    let details = array(details.map(|asset| detail(venue, account, asset, now_ms)));
    let imr = margin.positions + margin.orders;
    let ratio = match margin.maintenance {
        0 => String::new(),
        most => format!("{:.4}", margin.equity as f64 / most as f64),
    };
    Object::new()
        .put("uTime", holder.updated_ms.max(1).to_string())
        .put("totalEq", plain(total))
        .put("isoEq", "0")
        .put("adjEq", "")
        .put("ordFroz", "")
        .put("imr", plain(imr))
        .put("mmr", plain(margin.maintenance))
        .put("mgnRatio", ratio)
        .put("notionalUsd", "")
        .put("upl", plain(margin.unrealised))
        .raw("details", &details)
        .end()
}

fn detail(venue: &Venue, account: AccountId, asset: &str, now_ms: u64) -> String {
    let holder = venue.account(account);
    let balance = holder.balance(asset);
    let cash = balance.free + balance.locked;
    let margin = if asset == SETTLE { venue.margin(account) } else { Margin::default() };
    let eq = cash + margin.unrealised;
    let (imr, free) = match asset == SETTLE {
        true => (margin.positions + margin.orders, margin.available),
        false => (0, balance.free),
    };
    let avail = free.min(balance.free).max(0);
    Object::new()
        .put("ccy", asset)
        .put("eq", plain(eq))
        .put("cashBal", plain(cash))
        .put("availBal", plain(avail))
        .put("availEq", plain(free.max(0)))
        .put("frozenBal", plain(cash - avail))
        .put("ordFrozen", plain(balance.locked + margin.orders))
        .put("eqUsd", plain(product(eq, worth(venue, asset))))
        .put("disEq", plain(product(eq, worth(venue, asset))))
        .put("liab", "0")
        .put("upl", plain(margin.unrealised))
        .put("imr", plain(imr))
        .put("mmr", plain(margin.maintenance))
        .put("uTime", holder.updated_ms.max(1).min(now_ms).to_string())
        .end()
}

/// Positions that an account holds.
pub(crate) fn positions(venue: &Venue, account: AccountId) -> Vec<(SymbolId, Position)> {
    let held = venue.account(account).positions.iter().filter(|one| one.lots != 0);
    held.map(|one| (one.symbol, *one)).collect()
}
