//! Symbols: grids, filters and how `exchangeInfo` tells them.

use crate::json::Object;
use crate::order::{Kind, NewOrder, Refusal, Side};
use engine::num::parse_decimal;
use serde::{Deserialize, Serialize};

/// Scale of every price, quantity and amount that is not in ticks or lots.
pub(crate) const SCALE: i64 = 100_000_000;

/// One tradable pair with its filters. Prices, quantities and amounts in 1e-8.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Symbol {
    /// Such as `BTCUSDT`.
    pub name: String,
    /// Base asset, such as `BTC`.
    pub base: String,
    /// Quote asset, such as `USDT`.
    pub quote: String,
    /// Price step in 1e-8.
    pub tick: i64,
    /// Quantity step in 1e-8; tick × lot must be a multiple of 1e8.
    pub lot: i64,
    /// Largest quantity of a limit order in 1e-8.
    pub qty_max: i64,
    /// Largest quantity of a market order in 1e-8.
    pub market_qty_max: i64,
    /// Smallest price × quantity in 1e-8 of the quote asset.
    pub notional_min: i64,
    /// Most open orders an account may have.
    pub orders_max: usize,
    /// Where the generated market starts, in 1e-8.
    pub start_price: i64,
}

impl Symbol {
    /// BTCUSDT with the real venue's tick, lot and smallest notional.
    pub fn btcusdt() -> Self {
        Self {
            name: "BTCUSDT".into(),
            base: "BTC".into(),
            quote: "USDT".into(),
            tick: SCALE / 100,
            lot: SCALE / 100_000,
            qty_max: 9_000 * SCALE,
            market_qty_max: 100 * SCALE,
            notional_min: 5 * SCALE,
            orders_max: 200,
            start_price: 61_837 * SCALE,
        }
    }

    /// ETHUSDT with the real venue's tick, lot and smallest notional.
    pub fn ethusdt() -> Self {
        Self {
            name: "ETHUSDT".into(),
            base: "ETH".into(),
            lot: SCALE / 10_000,
            market_qty_max: 2_000 * SCALE,
            start_price: 2_680 * SCALE,
            ..Self::btcusdt()
        }
    }

    /// Quote amount, in 1e-8, of one lot at one tick.
    pub(crate) fn unit(&self) -> i64 {
        (i128::from(self.tick) * i128::from(self.lot) / i128::from(SCALE)) as i64
    }

    /// What makes the symbol unusable, if anything.
    pub(crate) fn fault(&self) -> Option<String> {
        let product = i128::from(self.tick) * i128::from(self.lot);
        let exact = self.tick > 0 && self.lot > 0 && product % i128::from(SCALE) == 0;
        (!exact).then(|| format!("{}: tick × lot is not a whole number of 1e-8", self.name))
    }

    /// A price text in ticks.
    pub(crate) fn ticks(&self, text: &str) -> Result<i64, Refusal> {
        let value = number("price", text)?;
        if value <= 0 || value % self.tick != 0 || value > 1_000_000 * SCALE {
            return Err(Refusal::filter("PRICE_FILTER"));
        }
        Ok(value / self.tick)
    }

    /// A quantity text in lots.
    pub(crate) fn lots(&self, name: &str, text: &str, kind: Kind) -> Result<i64, Refusal> {
        let value = number(name, text)?;
        if value < self.lot || value % self.lot != 0 || value > self.qty_max {
            return Err(Refusal::filter("LOT_SIZE"));
        }
        if kind == Kind::Market && value > self.market_qty_max {
            return Err(Refusal::filter("MARKET_LOT_SIZE"));
        }
        Ok(value / self.lot)
    }

    /// The filters that need the market: distance from the last price (ticks) and notional.
    pub(crate) fn check(&self, order: &NewOrder, last: i64) -> Result<(), Refusal> {
        if order.kind != Kind::Market && last > 0 {
            let (up, down) = (last.saturating_mul(5), last / 5);
            if order.price > up || order.price < down {
                return Err(Refusal::filter("PERCENT_PRICE_BY_SIDE"));
            }
        }
        let price = if order.kind == Kind::Market { last } else { order.price };
        let notional = if order.quote_qty > 0 {
            order.quote_qty
        } else {
            price.saturating_mul(order.qty).saturating_mul(self.unit())
        };
        if notional < self.notional_min || notional > 9_000_000 * SCALE {
            return Err(Refusal::filter("NOTIONAL"));
        }
        Ok(())
    }

    /// The asset that an order of this side pays with.
    pub(crate) fn pays(&self, side: Side) -> &str {
        match side {
            Side::Buy => &self.quote,
            Side::Sell => &self.base,
        }
    }

    /// The symbol's entry in `exchangeInfo`.
    pub(crate) fn info(&self) -> String {
        Object::new()
            .put("symbol", &self.name)
            .put("status", "TRADING")
            .put("baseAsset", &self.base)
            .put("baseAssetPrecision", 8)
            .put("quoteAsset", &self.quote)
            .put("quotePrecision", 8)
            .put("quoteAssetPrecision", 8)
            .put("baseCommissionPrecision", 8)
            .put("quoteCommissionPrecision", 8)
            .put("orderTypes", ["LIMIT", "LIMIT_MAKER", "MARKET"])
            .put("icebergAllowed", false)
            .put("ocoAllowed", false)
            .put("otoAllowed", false)
            .put("opoAllowed", false)
            .put("quoteOrderQtyMarketAllowed", true)
            .put("allowTrailingStop", false)
            .put("cancelReplaceAllowed", true)
            .put("amendAllowed", true)
            .put("pegInstructionsAllowed", false)
            .put("isSpotTradingAllowed", true)
            .put("isMarginTradingAllowed", false)
            .raw("filters", &self.filters())
            .raw("permissions", "[]")
            .raw("permissionSets", "[[\"SPOT\"]]")
            .put("defaultSelfTradePreventionMode", "EXPIRE_MAKER")
            .put(
                "allowedSelfTradePreventionModes",
                ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"],
            )
            .end()
    }

    fn filters(&self) -> String {
        let filter = |name: &str| Object::new().put("filterType", name);
        let all = [
            filter("PRICE_FILTER")
                .dec("minPrice", self.tick)
                .dec("maxPrice", 1_000_000 * SCALE)
                .dec("tickSize", self.tick),
            filter("LOT_SIZE")
                .dec("minQty", self.lot)
                .dec("maxQty", self.qty_max)
                .dec("stepSize", self.lot),
            filter("ICEBERG_PARTS").put("limit", 10),
            filter("MARKET_LOT_SIZE")
                .dec("minQty", 0)
                .dec("maxQty", self.market_qty_max)
                .dec("stepSize", 0),
            filter("PERCENT_PRICE_BY_SIDE")
                .put("bidMultiplierUp", "5")
                .put("bidMultiplierDown", "0.2")
                .put("askMultiplierUp", "5")
                .put("askMultiplierDown", "0.2")
                .put("avgPriceMins", 5),
            filter("NOTIONAL")
                .dec("minNotional", self.notional_min)
                .put("applyMinToMarket", true)
                .dec("maxNotional", 9_000_000 * SCALE)
                .put("applyMaxToMarket", false)
                .put("avgPriceMins", 5),
            filter("MAX_NUM_ORDERS").put("maxNumOrders", self.orders_max),
            filter("MAX_NUM_ALGO_ORDERS").put("maxNumAlgoOrders", 5),
            filter("MAX_NUM_ORDER_AMENDS").put("maxNumOrderAmends", AMENDS_MAX),
        ];
        crate::json::array(all.into_iter().map(Object::end))
    }
}

/// Most amends of one order.
pub(crate) const AMENDS_MAX: u32 = 10;

/// A decimal parameter in 1e-8, refused in the venue's words.
pub(crate) fn number(name: &str, text: &str) -> Result<i64, Refusal> {
    let legal = !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && text.starts_with(|c: char| c.is_ascii_digit())
        && !text.ends_with('.')
        && text.bytes().filter(|b| *b == b'.').count() <= 1;
    if !legal {
        return Err(Refusal::new(
            -1100,
            format!(
                "Illegal characters found in parameter '{name}'; legal range is \
                 '^([0-9]{{1,20}})(\\.[0-9]{{1,20}})?$'."
            ),
        ));
    }
    match parse_decimal(text.as_bytes(), 8) {
        Ok(value) => Ok(value),
        Err(engine::num::NumError::OffGrid) => {
            Err(Refusal::new(-1111, format!("Parameter '{name}' has too much precision.")))
        }
        Err(_) => {
            Err(Refusal::new(-1130, format!("Data sent for parameter '{name}' is not valid.")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_refused_in_the_venues_words() {
        let symbol = Symbol::btcusdt();
        let check = |text: &str, expect: Result<i64, i32>| {
            assert_eq!(symbol.ticks(text).map_err(|r| r.code), expect, "{text}");
        };
        check("61837.63", Ok(6_183_763));
        check("61837.63000000", Ok(6_183_763));
        check("61837.635", Err(-1013));
        check("0", Err(-1013));
        check("1.123456789", Err(-1111));
        check("-1", Err(-1100));
        check("1e5", Err(-1100));
        check("", Err(-1100));
        check("1.", Err(-1100));
        check("99999999999999999999", Err(-1130));
        assert_eq!(symbol.lots("quantity", "0.00001", Kind::Limit), Ok(1));
        assert_eq!(
            symbol.lots("quantity", "101", Kind::Market).map_err(|r| r.msg).err().as_deref(),
            Some("Filter failure: MARKET_LOT_SIZE")
        );
        assert_eq!(symbol.unit(), 10);
        assert!(symbol.fault().is_none() && Symbol::ethusdt().fault().is_none());
    }
}
