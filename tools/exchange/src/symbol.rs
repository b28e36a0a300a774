//! Symbols: what is traded, its grid, and the rules that an order has to satisfy.

use crate::order::{Kind, NewOrder, Side};
use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};

/// Scale of every price, quantity and amount that is not in ticks or lots.
pub(crate) const SCALE: i64 = 100_000_000;
/// Largest price in 1e-8.
pub(crate) const PRICE_MAX: i64 = 1_000_000 * SCALE;
/// Largest price × quantity of one order in 1e-8.
pub(crate) const NOTIONAL_MAX: i64 = 9_000_000 * SCALE;
/// A limit price may be this many times the last price, or the last price this many times it.
pub(crate) const BAND: i64 = 5;
/// Most orders of an account that may wait for a price of one symbol.
pub(crate) const STOPS_MAX: usize = 5;
/// Most open lists of orders of one symbol that an account may have.
pub(crate) const LISTS_MAX: usize = 20;

/// What kind of thing a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Product {
    /// One asset for another.
    Spot,
    /// A linear perpetual: margined and settled in the quote asset.
    Perp,
}

/// What a perpetual has beside what every symbol has. Rates in 1e-8.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// Largest leverage, which is what an account has until it sets another.
    pub leverage_max: u32,
    /// Maintenance margin as a share of the position's worth at the mark price.
    pub maintenance: i64,
    /// Time between funding payments.
    pub funding_ms: u64,
    /// Interest part of the funding rate, per payment.
    pub interest: i64,
    /// Largest funding rate, per payment and either way.
    pub funding_cap: i64,
    /// Share of a liquidated position's worth that goes to the insurance account.
    pub liquidation_fee: i64,
}

impl Default for Terms {
    /// Like BTCUSDT's on the real venues: 0.4 % maintenance, 0.01 % interest each eight hours.
    fn default() -> Self {
        Self {
            leverage_max: 20,
            maintenance: SCALE / 250,
            funding_ms: 8 * 3_600_000,
            interest: SCALE / 10_000,
            funding_cap: SCALE * 3 / 1000,
            liquidation_fee: SCALE / 200,
        }
    }
}

/// One tradable symbol. Prices, quantities (in the base asset) and amounts in 1e-8.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Symbol {
    /// In the venue's own writing, such as `BTCUSDT` or `BTC-USDT-SWAP`.
    pub name: String,
    /// Base asset, such as `BTC`.
    pub base: String,
    /// Quote asset, such as `USDT`.
    pub quote: String,
    /// Price step.
    pub tick: i64,
    /// Quantity step; tick × lot must be a multiple of 1e8.
    pub lot: i64,
    /// Base quantity of one contract: SCALE where quantities are in the base asset.
    pub contract: i64,
    /// Largest quantity of a limit order.
    pub qty_max: i64,
    /// Largest quantity of a market order.
    pub market_qty_max: i64,
    /// Smallest price × quantity in the quote asset.
    pub notional_min: i64,
    /// Most open orders an account may have.
    pub orders_max: usize,
    /// Most amends of one order.
    pub amends_max: u32,
    /// Where the generated market starts.
    pub start_price: i64,
    /// Terms of a perpetual; none for spot.
    pub perp: Option<Terms>,
}

impl Symbol {
    /// BTCUSDT with Binance Spot's tick, lot and smallest notional.
    pub fn btcusdt() -> Self {
        Self {
            name: "BTCUSDT".into(),
            base: "BTC".into(),
            quote: "USDT".into(),
            tick: SCALE / 100,
            lot: SCALE / 100_000,
            contract: SCALE,
            qty_max: 9_000 * SCALE,
            market_qty_max: 100 * SCALE,
            notional_min: 5 * SCALE,
            orders_max: 200,
            amends_max: 10,
            start_price: 61_837 * SCALE,
            perp: None,
        }
    }

    /// ETHUSDT with Binance Spot's tick, lot and smallest notional.
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

    /// Spot or perpetual.
    pub fn product(&self) -> Product {
        if self.perp.is_some() { Product::Perp } else { Product::Spot }
    }

    /// Quote amount, in 1e-8, of one lot at one tick.
    pub(crate) fn unit(&self) -> i64 {
        (i128::from(self.tick) * i128::from(self.lot) / i128::from(SCALE)) as i64
    }

    /// What makes the symbol unusable, if anything.
    pub(crate) fn fault(&self) -> Option<String> {
        let product = i128::from(self.tick) * i128::from(self.lot);
        let exact = self.tick > 0 && self.lot > 0 && product % i128::from(SCALE) == 0;
        if !exact {
            return Some(format!("{}: tick × lot is not a whole number of 1e-8", self.name));
        }
        let whole = self.contract > 0
            && i128::from(self.lot) * i128::from(SCALE) % i128::from(self.contract) == 0;
        (!whole).then(|| format!("{}: a lot is not a whole number of 1e-8 contracts", self.name))
    }

    /// A price in 1e-8 as ticks.
    pub(crate) fn ticks(&self, price: i64) -> Result<i64, Refusal> {
        if price <= 0 || price % self.tick != 0 || price > PRICE_MAX {
            return Err(Refusal::Price);
        }
        Ok(price / self.tick)
    }

    /// A base quantity in 1e-8 as lots.
    pub(crate) fn lots(&self, qty: i64, kind: Kind) -> Result<i64, Refusal> {
        if qty < self.lot || qty % self.lot != 0 || qty > self.qty_max {
            return Err(Refusal::Quantity);
        }
        if kind == Kind::Market && qty > self.market_qty_max {
            return Err(Refusal::MarketQuantity);
        }
        Ok(qty / self.lot)
    }

    /// Contracts in 1e-8 as a base quantity in 1e-8: none where that is not a whole number.
    pub(crate) fn base_of(&self, contracts: i64) -> Option<i64> {
        let product = i128::from(contracts) * i128::from(self.contract);
        let whole = product % i128::from(SCALE) == 0;
        i64::try_from(product / i128::from(SCALE)).ok().filter(|_| whole)
    }

    /// Lots as contracts in 1e-8.
    pub(crate) fn contracts_of(&self, lots: i64) -> i64 {
        let base = i128::from(lots) * i128::from(self.lot);
        (base * i128::from(SCALE) / i128::from(self.contract)) as i64
    }

    /// The rules that need the market: distance from the last price (ticks) and notional.
    pub(crate) fn check(&self, order: &NewOrder, last: i64) -> Result<(), Refusal> {
        if order.kind != Kind::Market && last > 0 {
            let (up, down) = (last.saturating_mul(BAND), last / BAND);
            if order.price > up || order.price < down {
                return Err(Refusal::PriceBand);
            }
        }
        let price = if order.kind == Kind::Market { last } else { order.price };
        let notional = if order.quote_qty > 0 {
            order.quote_qty
        } else {
            price.saturating_mul(order.qty).saturating_mul(self.unit())
        };
        let small = notional < self.notional_min && !order.only_reduces();
        if small || notional > NOTIONAL_MAX {
            return Err(Refusal::Notional);
        }
        Ok(())
    }

    /// The asset that a spot order of this side pays with.
    pub(crate) fn pays(&self, side: Side) -> &str {
        match side {
            Side::Buy => &self.quote,
            Side::Sell => &self.base,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_and_quantities_are_put_on_the_grid() {
        let symbol = Symbol::btcusdt();
        assert_eq!(symbol.ticks(6_183_763 * SCALE / 100), Ok(6_183_763));
        for price in [0, -SCALE, SCALE / 1000, 2 * PRICE_MAX] {
            assert_eq!(symbol.ticks(price), Err(Refusal::Price), "{price}");
        }
        assert_eq!(symbol.lots(SCALE / 100_000, Kind::Limit), Ok(1));
        assert_eq!(symbol.lots(1, Kind::Limit), Err(Refusal::Quantity));
        assert_eq!(symbol.lots(101 * SCALE, Kind::Market), Err(Refusal::MarketQuantity));
        assert_eq!(symbol.unit(), 10);
        assert!(symbol.fault().is_none() && Symbol::ethusdt().fault().is_none());
        assert!(Symbol { lot: 1, ..Symbol::btcusdt() }.fault().is_some());
    }

    #[test]
    fn contracts_are_counted_exactly() {
        // OKX's BTC-USDT-SWAP: 0.01 BTC a contract, in steps of 0.01 contracts.
        let swap = Symbol { contract: SCALE / 100, lot: SCALE / 10_000, ..Symbol::btcusdt() };
        assert!(swap.fault().is_none());
        assert_eq!(swap.base_of(25 * SCALE / 100), Some(SCALE / 400));
        assert_eq!(swap.base_of(1), None);
        assert_eq!(swap.contracts_of(25), 25 * SCALE / 100);
    }
}
