//! A symbol's entry in `exchangeInfo`.

use super::intake::TRAILING_DELTA;
use crate::binance::words;
use crate::json::Object;
use crate::symbol::{BAND, LISTS_MAX, NOTIONAL_MAX, PRICE_MAX, STOPS_MAX, Symbol};
use engine::num::Decimal;

/// The symbol's entry in `exchangeInfo`.
pub(crate) fn info(symbol: &Symbol) -> String {
    Object::new()
        .put("symbol", &symbol.name)
        .put("status", "TRADING")
        .put("baseAsset", &symbol.base)
        .put("baseAssetPrecision", 8)
        .put("quoteAsset", &symbol.quote)
        .put("quotePrecision", 8)
        .put("quoteAssetPrecision", 8)
        .put("baseCommissionPrecision", 8)
        .put("quoteCommissionPrecision", 8)
        .put("orderTypes", words::SPOT_TYPES.map(|one| one.word))
        .put("icebergAllowed", false)
        .put("ocoAllowed", true)
        .put("otoAllowed", true)
        .put("opoAllowed", false)
        .put("quoteOrderQtyMarketAllowed", true)
        .put("allowTrailingStop", true)
        .put("cancelReplaceAllowed", true)
        .put("amendAllowed", true)
        .put("pegInstructionsAllowed", false)
        .put("isSpotTradingAllowed", true)
        .put("isMarginTradingAllowed", false)
        .raw("filters", &filters(symbol))
        .raw("permissions", "[]")
        .raw("permissionSets", "[[\"SPOT\"]]")
        .put("defaultSelfTradePreventionMode", "EXPIRE_MAKER")
        .put("allowedSelfTradePreventionModes", words::STP.map(words::stp))
        .end()
}

fn filters(symbol: &Symbol) -> String {
    let filter = |name: &str| Object::new().put("filterType", name);
    let up = BAND.to_string();
    let down = Decimal { value: 10 / BAND, decimals: 1 }.to_string();
    let all = [
        filter("PRICE_FILTER")
            .dec("minPrice", symbol.tick)
            .dec("maxPrice", PRICE_MAX)
            .dec("tickSize", symbol.tick),
        filter("LOT_SIZE")
            .dec("minQty", symbol.lot)
            .dec("maxQty", symbol.qty_max)
            .dec("stepSize", symbol.lot),
        filter("ICEBERG_PARTS").put("limit", 10),
        filter("MARKET_LOT_SIZE")
            .dec("minQty", 0)
            .dec("maxQty", symbol.market_qty_max)
            .dec("stepSize", 0),
        filter("PERCENT_PRICE_BY_SIDE")
            .put("bidMultiplierUp", &up)
            .put("bidMultiplierDown", &down)
            .put("askMultiplierUp", &up)
            .put("askMultiplierDown", &down)
            .put("avgPriceMins", 5),
        filter("NOTIONAL")
            .dec("minNotional", symbol.notional_min)
            .put("applyMinToMarket", true)
            .dec("maxNotional", NOTIONAL_MAX)
            .put("applyMaxToMarket", false)
            .put("avgPriceMins", 5),
        filter("TRAILING_DELTA")
            .put("minTrailingAboveDelta", TRAILING_DELTA.start())
            .put("maxTrailingAboveDelta", TRAILING_DELTA.end())
            .put("minTrailingBelowDelta", TRAILING_DELTA.start())
            .put("maxTrailingBelowDelta", TRAILING_DELTA.end()),
        filter("MAX_NUM_ORDERS").put("maxNumOrders", symbol.orders_max),
        filter("MAX_NUM_ALGO_ORDERS").put("maxNumAlgoOrders", STOPS_MAX),
        filter("MAX_NUM_ORDER_LISTS").put("maxNumOrderLists", LISTS_MAX),
        filter("MAX_NUM_ORDER_AMENDS").put("maxNumOrderAmends", symbol.amends_max),
    ];
    crate::json::array(all.into_iter().map(Object::end))
}
