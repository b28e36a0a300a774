//! A symbol's entry in `exchangeInfo`, and its leverage brackets.

use crate::binance::places;
use crate::json::{Object, array};
use crate::symbol::{BAND, NOTIONAL_MAX, PRICE_MAX, Symbol};
use engine::num::Decimal;

/// When every symbol is said to have been listed, and when a perpetual is delivered: never.
const LISTED_MS: u64 = 1_569_398_400_000;
const NEVER_MS: u64 = 4_133_404_800_000;

/// Order types, those of the algo endpoints included.
const TYPES: [&str; 7] = [
    "LIMIT",
    "MARKET",
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
];

/// The symbol's entry in `exchangeInfo`.
pub(crate) fn info(symbol: &Symbol) -> String {
    let [price, qty] = places(symbol);
    let terms = symbol.perp.as_ref();
    Object::new()
        .put("symbol", &symbol.name)
        .put("pair", &symbol.name)
        .put("contractType", "PERPETUAL")
        .put("deliveryDate", NEVER_MS)
        .put("onboardDate", LISTED_MS)
        .put("status", "TRADING")
        .put("maintMarginPercent", "2.5000")
        .put("requiredMarginPercent", "5.0000")
        .put("baseAsset", &symbol.base)
        .put("quoteAsset", &symbol.quote)
        .put("marginAsset", &symbol.quote)
        .put("pricePrecision", price)
        .put("quantityPrecision", qty)
        .put("baseAssetPrecision", 8)
        .put("quotePrecision", 8)
        .put("underlyingType", "COIN")
        .raw("underlyingSubType", "[]")
        .put("triggerProtect", "0.0500")
        .dec("liquidationFee", terms.map_or(0, |terms| terms.liquidation_fee))
        .put("marketTakeBound", "0.05")
        .put("maxMoveOrderLimit", symbol.amends_max)
        .raw("filters", &filters(symbol))
        .put("orderTypes", TYPES)
        .put("timeInForce", ["GTC", "IOC", "FOK", "GTX", "GTD"])
        .put("permissionSets", ["GRID"])
        .end()
}

fn filters(symbol: &Symbol) -> String {
    let [price, qty] = places(symbol);
    let filter = |name: &str| Object::new().put("filterType", name);
    let lots = |name: &str, most: i64| {
        filter(name)
            .fixed("minQty", symbol.lot, qty)
            .fixed("maxQty", most, qty)
            .fixed("stepSize", symbol.lot, qty)
    };
    let all = [
        filter("PRICE_FILTER")
            .fixed("minPrice", symbol.tick, price)
            .fixed("maxPrice", PRICE_MAX, price)
            .fixed("tickSize", symbol.tick, price),
        lots("LOT_SIZE", symbol.qty_max),
        lots("MARKET_LOT_SIZE", symbol.market_qty_max),
        filter("MAX_NUM_ORDERS").put("limit", symbol.orders_max),
        filter("MAX_NUM_ALGO_ORDERS").put("limit", 200),
        filter("MIN_NOTIONAL").fixed("notional", symbol.notional_min, 2),
        filter("PERCENT_PRICE")
            .put("multiplierUp", BAND.to_string())
            .put("multiplierDown", Decimal { value: 10 / BAND, decimals: 1 }.to_string())
            .put("multiplierDecimal", "4"),
    ];
    array(all.into_iter().map(Object::end))
}

/// The one bracket that a symbol has.
pub(crate) fn bracket(symbol: &Symbol) -> String {
    let terms = symbol.perp.as_ref();
    let share = terms.map_or(0.0, |terms| terms.maintenance as f64 / 1e8);
    let inner = Object::new()
        .put("bracket", 1)
        .put("initialLeverage", terms.map_or(1, |terms| terms.leverage_max))
        .put("notionalCap", NOTIONAL_MAX / 100_000_000)
        .put("notionalFloor", 0)
        .put("maintMarginRatio", share)
        .put("cum", 0.0)
        .end();
    let out = Object::new().put("symbol", &symbol.name).put("notionalCoef", 1.0);
    out.raw("brackets", &array([inner])).end()
}
