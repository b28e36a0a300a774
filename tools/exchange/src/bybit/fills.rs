//! Fills and funding payments as executions: REST's rows, the stream's, and the fast stream's.

use super::tell::{plain, price, price8, qty, with_places};
use super::words;
use super::{conditional, ids, stops, tell};
use crate::event::Funding;
use crate::json::Object;
use crate::order::Fill;
use crate::symbol::Product;
use crate::venue::{Position, Venue};

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
    let trigger = venue.triggers.get(&number);
    let created = order.and_then(|order| stops::create_type(&order.tag));
    let created = created.unwrap_or_else(|| "CreateByUser".into());
    Object::new()
        .put("category", words::category(product))
        .put("symbol", &spec.name)
        .put("orderId", ids::order(product, number))
        .put("orderLinkId", ids::link(&fill.client))
        .put("side", if fill.buyer { "Buy" } else { "Sell" })
        .put("orderPrice", order.map_or(String::new(), |order| price(spec, order.price)))
        .put("orderQty", order.map_or(String::new(), |order| qty(spec, order.qty)))
        .put("leavesQty", order.map_or("0".into(), |order| qty(spec, order.left())))
        .put("createType", if fill.liquidation { "CreateByLiq" } else { &created })
        .put("orderType", order.map_or("UNKNOWN", |order| words::kind(order.kind)))
        .put("stopOrderType", order.map_or("", |order| conditional::stop_type(order, trigger)))
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
    let worth = Position { lots: one.lots, ..Position::default() };
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
