//! A listing's row in `GET /v5/market/instruments-info`.

use super::tell::{places, plain};
use crate::json::Object;
use crate::order::SymbolId;
use crate::symbol::{PRICE_MAX, SCALE, Symbol, Terms};

/// When all contracts were launched.
const LAUNCH_MS: &str = "1584230400000";

/// The row of a symbol.
pub(crate) fn row(id: SymbolId, symbol: &Symbol) -> String {
    match &symbol.perp {
        None => spot(id, symbol),
        Some(terms) => linear(id, symbol, terms),
    }
}

fn spot(id: SymbolId, symbol: &Symbol) -> String {
    let lots = Object::new()
        .put("basePrecision", plain(symbol.lot))
        .put("quotePrecision", plain(symbol.unit().max(1)))
        .put("minOrderQty", plain(symbol.lot))
        .put("maxOrderQty", plain(symbol.qty_max))
        .put("minOrderAmt", plain(symbol.notional_min))
        .put("maxOrderAmt", plain(crate::symbol::NOTIONAL_MAX))
        .put("maxLimitOrderQty", plain(symbol.qty_max))
        .put("maxMarketOrderQty", plain(symbol.market_qty_max))
        .put("postOnlyMaxLimitOrderSize", plain(symbol.qty_max));
    let price = Object::new().put("tickSize", plain(symbol.tick));
    let risk = Object::new().put("priceLimitRatioX", "0.01").put("priceLimitRatioY", "0.02");
    Object::new()
        .put("symbol", &symbol.name)
        .put("symbolId", u64::from(id) + 1)
        .put("baseCoin", &symbol.base)
        .put("quoteCoin", &symbol.quote)
        .put("innovation", "0")
        .put("status", "Trading")
        .put("marginTrading", "none")
        .put("stTag", "0")
        .put("symbolType", "")
        .raw("lotSizeFilter", &lots.end())
        .raw("priceFilter", &price.end())
        .raw("riskParameters", &risk.end())
        .end()
}

fn linear(id: SymbolId, symbol: &Symbol, terms: &Terms) -> String {
    let leverage = Object::new()
        .put("minLeverage", "1")
        .put("maxLeverage", format!("{}.00", terms.leverage_max))
        .put("leverageStep", "1");
    let price = Object::new()
        .put("minPrice", plain(symbol.tick))
        .put("maxPrice", plain(PRICE_MAX / symbol.tick * symbol.tick))
        .put("tickSize", plain(symbol.tick));
    let lots = Object::new()
        .put("maxOrderQty", plain(symbol.qty_max))
        .put("minOrderQty", plain(symbol.lot))
        .put("qtyStep", plain(symbol.lot))
        .put("postOnlyMaxOrderQty", plain(symbol.qty_max))
        .put("maxMktOrderQty", plain(symbol.market_qty_max))
        .put("minNotionalValue", plain(symbol.notional_min));
    let risk = Object::new().put("priceLimitRatioX", "0.01").put("priceLimitRatioY", "0.02");
    Object::new()
        .put("symbol", &symbol.name)
        .put("symbolId", u64::from(id) + 1)
        .put("contractType", "LinearPerpetual")
        .put("status", "Trading")
        .put("baseCoin", &symbol.base)
        .put("quoteCoin", &symbol.quote)
        .put("symbolType", "")
        .put("launchTime", LAUNCH_MS)
        .put("deliveryTime", "0")
        .put("deliveryFeeRate", "")
        .put("priceScale", places(symbol.tick).to_string())
        .raw("leverageFilter", &leverage.end())
        .raw("priceFilter", &price.end())
        .raw("lotSizeFilter", &lots.end())
        .put("unifiedMarginTrade", true)
        .put("fundingInterval", (terms.funding_ms / 60_000).max(1))
        .put("settleCoin", &symbol.quote)
        .put("copyTrading", "none")
        .put("upperFundingRate", plain(terms.funding_cap))
        .put("lowerFundingRate", plain(-terms.funding_cap))
        .put("displayName", "")
        .put("forbidUplWithdrawal", false)
        .raw("riskParameters", &risk.end())
        .put("isPreListing", false)
        .put("preListingInfo", None::<u8>)
        .put("skipCallAuction", false)
        .end()
}

/// The one risk tier of a perpetual.
pub(crate) fn tier(id: SymbolId, symbol: &Symbol, terms: &Terms) -> String {
    Object::new()
        .put("id", u64::from(id) + 1)
        .put("symbol", &symbol.name)
        .put("riskLimitValue", plain(crate::symbol::NOTIONAL_MAX))
        .put("maintenanceMargin", plain(terms.maintenance))
        .put("initialMargin", plain(SCALE / i64::from(terms.leverage_max.max(1))))
        .put("isLowestRisk", 1)
        .put("maxLeverage", format!("{}.00", terms.leverage_max))
        .put("mmDeduction", "")
        .end()
}
