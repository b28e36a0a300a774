//! Orders, executions, positions and the wallet as REST and the private stream tell them.

use super::conditional;
use super::tell::{plain, price, price8, qty, with_places};
use super::words;
use super::{ids, tell};
use crate::event::Funding;
use crate::json::{Object, array};
use crate::order::{AccountId, Fill, Leg, NewOrder, Order, Status, SymbolId};
use crate::symbol::{Product, SCALE, Symbol};
use crate::venue::trigger::Fate;
use crate::venue::{Position, SETTLE, Trigger, Venue};

/// One order, every documented key.
pub(crate) fn order(venue: &Venue, order: &Order) -> String {
    let product = venue.listing(order.symbol).symbol.product();
    let trigger = order.note.parse().ok().and_then(|id: u64| venue.triggers.get(&id));
    sheet(venue, order, trigger, words::status(order, product))
}

/// A conditional order that has not become an order.
pub(crate) fn trigger(venue: &Venue, one: &Trigger) -> String {
    let status = match one.fate {
        Fate::Waiting => "Untriggered",
        Fate::Fired(_) => "Triggered",
        Fate::Failed(_) => "Rejected",
        Fate::Cancelled(_) => "Deactivated",
    };
    sheet(venue, &as_order(one), Some(one), status)
}

/// A conditional order as the order that it would be.
pub(crate) fn as_order(one: &Trigger) -> Order {
    let NewOrder { symbol, side, kind, tif, post, stp, leg, reduce, price, qty, .. } = one.order;
    let why = match one.fate {
        Fate::Cancelled(why) => Some(why),
        Fate::Failed(_) => Some(crate::order::Why::Trigger),
        _ => None,
    };
    let waits = matches!(one.fate, Fate::Waiting | Fate::Fired(_));
    Order {
        id: one.id,
        account: one.account,
        symbol,
        client: one.order.client.clone(),
        side,
        kind,
        tif,
        post,
        stp,
        leg,
        reduce,
        forced: false,
        price,
        qty,
        filled: 0,
        prevented: 0,
        quote_filled: 0,
        quote_qty: one.order.quote_qty,
        fee: 0,
        fee_asset: String::new(),
        realised: 0,
        status: if waits { Status::New } else { Status::Cancelled },
        why,
        created_ms: one.created_ms,
        updated_ms: one.updated_ms,
        working: false,
        amends: 0,
        tag: String::new(),
        note: one.id.to_string(),
    }
}

/// Average price of what was filled; empty where nothing was.
fn average(symbol: &Symbol, order: &Order) -> String {
    let base = order.filled * symbol.lot;
    match base {
        0 => String::new(),
        base => price8(symbol, tell::ratio(order.quote_filled, base)),
    }
}

fn sheet(venue: &Venue, order: &Order, trigger: Option<&Trigger>, status: &str) -> String {
    let spec = &venue.listing(order.symbol).symbol;
    let product = spec.product();
    let left = if order.status.is_open() { order.left() } else { 0 };
    let fees = Object::new();
    let fees = match order.fee_asset.as_str() {
        "" => fees,
        asset => fees.put(asset, plain(order.fee)),
    };
    // An order by amount has no quantity of its own.
    let asked = match order.quote_qty {
        0 => qty(spec, order.qty),
        amount => plain(amount),
    };
    let out = Object::new()
        .put("category", words::category(product))
        .put("symbol", &spec.name)
        .put("orderId", ids::order(product, ids::number(order)))
        .put("orderLinkId", ids::link(&order.client))
        .put("blockTradeId", "")
        .put("side", words::side(order.side))
        .put("positionIdx", words::position_idx(order.leg))
        .put("orderStatus", status)
        .put("cancelType", if left > 0 { "UNKNOWN" } else { words::cancel_type(order.why) })
        .put("rejectReason", words::reject_reason(order.why))
        .put("timeInForce", words::tif(order))
        .put("isLeverage", if product == Product::Spot { "0" } else { "" })
        .put("price", price(spec, order.price))
        .put("qty", asked)
        .put("avgPrice", average(spec, order))
        .put("leavesQty", qty(spec, left))
        .put("leavesValue", plain(left * order.price * spec.unit()))
        .put("cumExecQty", qty(spec, order.filled))
        .put("cumExecValue", plain(order.quote_filled))
        .put("cumExecFee", plain(order.fee))
        .put("closedPnl", plain(order.realised))
        .put("feeCurrency", if product == Product::Spot { order.fee_asset.as_str() } else { "" });
    trigger_keys(out, spec, trigger)
        .put("orderType", words::kind(order.kind))
        .put(
            "marketUnit",
            match (order.quote_qty, product) {
                (0, _) => "baseCoin",
                _ => "quoteCoin",
            },
        )
        .put("createType", if order.forced { "CreateByLiq" } else { "CreateByUser" })
        .put("reduceOnly", order.reduce)
        .put("closeOnTrigger", false)
        .put("smpType", words::smp(order.stp))
        .put("smpGroup", 0)
        .put("smpOrderId", "")
        .put("placeType", "")
        .put("lastPriceOnCreated", "")
        .raw("cumFeeDetail", &fees.end())
        .put("rpiTakerAccess", false)
        .put("createdTime", order.created_ms.to_string())
        .put("updatedTime", order.updated_ms.to_string())
        .end()
}

/// What a conditional order has beside the rest; empty for others.
fn trigger_keys(out: Object, spec: &Symbol, trigger: Option<&Trigger>) -> Object {
    let (at, rises) = trigger.map_or((0, false), |one| conditional::trigger_price(one.when));
    let text = if at > 0 { price(spec, at) } else { String::new() };
    let direction = trigger.map_or(0, |_| if rises { 1 } else { 2 });
    let kind = trigger.map_or("", |_| conditional::stop_type(spec.product()));
    out.put("stopOrderType", kind)
        .put("orderIv", "")
        .put("triggerPrice", text)
        .put("triggerBy", trigger.map_or("", |one| conditional::by(one.by)))
        .put("triggerDirection", direction)
        .put("takeProfit", "")
        .put("stopLoss", "")
        .put("tpslMode", "")
        .put("tpTriggerBy", "")
        .put("slTriggerBy", "")
}

/// One fill. REST's rows and the stream's have the same keys.
pub(crate) fn execution(venue: &Venue, fill: &Fill) -> String {
    let listing = venue.listing(fill.symbol);
    let spec = &listing.symbol;
    let product = spec.product();
    let order = venue.orders.get(&fill.order);
    let rate = tell::ratio(
        fill.fee,
        match product {
            // Spot's fee is a share of what came in.
            Product::Spot if fill.buyer => fill.qty,
            _ => fill.quote,
        },
    );
    let lots = |value: i64| with_places(value, tell::places(spec.lot));
    let closed = if fill.realised != 0 { lots(fill.qty) } else { "0".into() };
    let mark = listing.mark.as_ref().map_or(0, |mark| mark.price);
    let number = order.map_or(fill.order, ids::number);
    Object::new()
        .put("category", words::category(product))
        .put("symbol", &spec.name)
        .put("orderId", ids::order(product, number))
        .put("orderLinkId", ids::link(&fill.client))
        .put("side", if fill.buyer { "Buy" } else { "Sell" })
        .put("orderPrice", order.map_or(String::new(), |order| price(spec, order.price)))
        .put("orderQty", order.map_or(String::new(), |order| qty(spec, order.qty)))
        .put("leavesQty", order.map_or("0".into(), |order| qty(spec, order.left())))
        .put("createType", if fill.liquidation { "CreateByLiq" } else { "CreateByUser" })
        .put("orderType", order.map_or("UNKNOWN", |order| words::kind(order.kind)))
        .put("stopOrderType", "")
        .put("execFee", plain(fill.fee))
        .put("feeCurrency", if product == Product::Spot { fill.fee_asset.as_str() } else { "" })
        .put("execId", ids::fill(product, fill))
        .put("execPrice", price8(spec, fill.price))
        .put("execQty", lots(fill.qty))
        .put("execPnl", plain(fill.realised))
        .put("execType", if fill.liquidation { "BustTrade" } else { "Trade" })
        .put("execValue", plain(fill.quote))
        .put("execTime", fill.time_ms.to_string())
        .put("isMaker", fill.maker)
        .put("feeRate", plain(rate))
        .put("tradeIv", "")
        .put("markIv", "")
        .put("markPrice", if mark > 0 { price8(spec, mark) } else { String::new() })
        .put("indexPrice", "")
        .put("underlyingPrice", "")
        .put("blockTradeId", "")
        .put("closedSize", closed)
        .put("isLeverage", if product == Product::Spot { "0" } else { "" })
        .put("extraFees", "")
        .put("seq", listing.update)
        .end()
}

/// One fill as `execution.fast` tells it; a maker's has no client id.
pub(crate) fn execution_fast(venue: &Venue, fill: &Fill) -> String {
    let listing = venue.listing(fill.symbol);
    let spec = &listing.symbol;
    let product = spec.product();
    let number = venue.orders.get(&fill.order).map_or(fill.order, ids::number);
    Object::new()
        .put("category", words::category(product))
        .put("symbol", &spec.name)
        .put("execId", ids::fill(product, fill))
        .put("execPrice", price8(spec, fill.price))
        .put("execQty", with_places(fill.qty, tell::places(spec.lot)))
        .put("orderId", ids::order(product, number))
        .put("orderLinkId", if fill.maker { "" } else { ids::link(&fill.client) })
        .put("side", if fill.buyer { "Buy" } else { "Sell" })
        .put("execTime", fill.time_ms.to_string())
        .put("isMaker", fill.maker)
        .put("seq", listing.update)
        .end()
}

/// A funding payment as an execution: what was paid is a fee.
pub(crate) fn funding(venue: &Venue, one: &Funding) -> String {
    let listing = venue.listing(one.symbol);
    let spec = &listing.symbol;
    let worth = crate::venue::Position { lots: one.lots, ..Position::default() };
    Object::new()
        .put("category", "linear")
        .put("symbol", &spec.name)
        .put("orderId", ids::funding(one.symbol, one.time_ms))
        .put("orderLinkId", "")
        .put("side", if one.lots > 0 { "Buy" } else { "Sell" })
        .put("orderPrice", "0")
        .put("orderQty", "0")
        .put("leavesQty", "0")
        .put("createType", "")
        .put("orderType", "UNKNOWN")
        .put("stopOrderType", "UNKNOWN")
        .put("execFee", plain(-one.amount))
        .put("feeCurrency", &spec.quote)
        .put("execId", ids::funding(one.symbol, one.time_ms))
        .put("execPrice", price8(spec, one.mark))
        .put("execQty", qty(spec, one.lots.abs()))
        .put("execPnl", "0")
        .put("execType", "Funding")
        .put("execValue", plain(worth.worth(spec, one.mark).abs()))
        .put("execTime", one.time_ms.to_string())
        .put("isMaker", false)
        .put("feeRate", plain(one.rate * one.lots.signum()))
        .put("markPrice", price8(spec, one.mark))
        .put("closedSize", "0")
        .put("isLeverage", "")
        .put("extraFees", "")
        .put("seq", listing.update)
        .end()
}

/// One position; a flat one has no side.
pub(crate) fn position(venue: &Venue, account: AccountId, symbol: SymbolId, leg: Leg) -> String {
    let listing = venue.listing(symbol);
    let spec = &listing.symbol;
    let one = venue.account(account).position(symbol, leg);
    let mark = listing.mark.as_ref().map_or(0, |mark| mark.price);
    let leverage = i64::from(venue.leverage(account, symbol));
    let worth = one.worth(spec, mark).abs();
    let share = spec.perp.as_ref().map_or(0, |terms| terms.maintenance);
    let maintenance = (i128::from(worth) * i128::from(share) / i128::from(SCALE)) as i64;
    let entry = price8(spec, one.entry(spec));
    let liquidation = venue.liquidation_price(account, &one).filter(|_| one.lots != 0);
    let side = match one.lots {
        0 => "",
        lots if lots > 0 => "Buy",
        _ => "Sell",
    };
    Object::new()
        .put("category", "linear")
        .put("symbol", &spec.name)
        .put("side", side)
        .put("size", qty(spec, one.lots.abs()))
        .put("positionIdx", words::position_idx(leg))
        .put("positionValue", plain(one.cost.abs()))
        .put("entryPrice", &entry)
        .put("avgPrice", &entry)
        .put("markPrice", price8(spec, mark))
        .put("leverage", leverage.to_string())
        .put("breakEvenPrice", &entry)
        .put("riskId", 1)
        .put("riskLimitValue", plain(crate::symbol::NOTIONAL_MAX))
        .put("tradeMode", 0)
        .put("autoAddMargin", 0)
        .put("positionBalance", plain(worth / leverage))
        .put("positionIM", plain(worth / leverage))
        .put("positionMM", plain(maintenance))
        .put("liqPrice", liquidation.map_or(String::new(), |value| price8(spec, value)))
        .put("bustPrice", "")
        .put("takeProfit", "")
        .put("stopLoss", "")
        .put("trailingStop", "0")
        .put("unrealisedPnl", plain(one.unrealised(spec, mark)))
        .put("curRealisedPnl", plain(one.realised + one.funding))
        .put("cumRealisedPnl", plain(one.realised + one.funding))
        .put("positionStatus", "Normal")
        .put("adlRankIndicator", 0)
        .put("isReduceOnly", false)
        .put("mmrSysUpdatedTime", "")
        .put("leverageSysUpdatedTime", "")
        .put("seq", listing.update)
        .put("createdTime", one.updated_ms.to_string())
        .put("updatedTime", one.updated_ms.to_string())
        .end()
}

/// Dollar price of an asset in 1e-8; zero where nothing tells it.
fn dollars(venue: &Venue, asset: &str) -> i64 {
    if matches!(asset, "USDT" | "USDC" | "USD") {
        return SCALE;
    }
    let quoted =
        |one: &&crate::listing::Listing| one.symbol.base == asset && one.symbol.quote == SETTLE;
    venue.listings.iter().find(quoted).map_or(0, |one| one.last * one.symbol.tick)
}

/// The account's totals and its coins (all, or those named). Only [`SETTLE`] is margin.
pub(crate) fn wallet(venue: &Venue, account: AccountId, coins: Option<&[&str]>) -> String {
    let holder = venue.account(account);
    let margin = venue.margin(account);
    let usd = |asset: &str, amount: i64| {
        (i128::from(amount) * i128::from(dollars(venue, asset)) / i128::from(SCALE)) as i64
    };
    let mut equity = 0_i64;
    let mut wallet = 0_i64;
    let mut rows = Vec::new();
    for (asset, balance) in &holder.balances {
        let settles = asset == SETTLE;
        let total = balance.free + balance.locked;
        let unrealised = if settles { margin.unrealised } else { 0 };
        equity = equity.saturating_add(usd(asset, total + unrealised));
        wallet = wallet.saturating_add(usd(asset, total));
        if coins.is_some_and(|coins| !coins.contains(&asset.as_str())) {
            continue;
        }
        let only = |value: i64| plain(if settles { value } else { 0 });
        let realised: i64 = holder.positions.iter().map(|one| one.realised + one.funding).sum();
        let row = Object::new()
            .put("coin", asset)
            .put("equity", plain(total + unrealised))
            .put("usdValue", plain(usd(asset, total + unrealised)))
            .put("walletBalance", plain(total))
            .put("free", "")
            .put("locked", plain(balance.locked))
            .put("spotHedgingQty", "0")
            .put("borrowAmount", "0")
            .put("availableToWithdraw", "")
            .put("accruedInterest", "0")
            .put("totalOrderIM", only(margin.orders))
            .put("totalPositionIM", only(margin.positions))
            .put("totalPositionMM", only(margin.maintenance))
            .put("unrealisedPnl", plain(unrealised))
            .put("cumRealisedPnl", only(realised))
            .put("bonus", "0")
            .put("marginCollateral", settles)
            .put("collateralSwitch", settles)
            .put("spotBorrow", "0");
        rows.push(row.end());
    }
    let rate = |part: i64| plain(tell::ratio(part, margin.equity));
    let initial = margin.positions + margin.orders;
    Object::new()
        .put("accountType", "UNIFIED")
        .put("accountLTV", "")
        .put("accountIMRate", rate(initial))
        .put("accountMMRate", rate(margin.maintenance))
        .put("totalEquity", plain(equity))
        .put("totalWalletBalance", plain(wallet))
        .put("totalMarginBalance", plain(margin.equity))
        .put("totalAvailableBalance", plain(margin.available))
        .put("totalPerpUPL", plain(margin.unrealised))
        .put("totalInitialMargin", plain(initial))
        .put("totalMaintenanceMargin", plain(margin.maintenance))
        .raw("coin", &array(rows))
        .end()
}
