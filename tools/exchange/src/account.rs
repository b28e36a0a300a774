//! Accounts: balances per asset, fees, open client ids and trades.

use crate::event::Funding;
use crate::order::{Fill, Leg, SymbolId};
use crate::refusal::Refusal;
use crate::symbol::{Product, SCALE};
use crate::venue::Position;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Free and locked amounts of one asset in 1e-8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Balance {
    pub free: i64,
    pub locked: i64,
}

/// Commission rates and the asset they are taken in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fees {
    /// Maker rate in 1e-8 (100,000 is 0.1 %).
    pub maker: i64,
    /// Taker rate in 1e-8.
    pub taker: i64,
    /// A third asset that pays the fee while its free balance suffices, and its price in the quote
    /// asset in 1e-8. None: the fee comes out of what the trade brings in.
    pub third: Option<(String, i64)>,
}

impl Default for Fees {
    fn default() -> Self {
        Self { maker: 100_000, taker: 100_000, third: None }
    }
}

/// What an account has chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// Two positions per perpetual, one long and one short.
    pub hedge: bool,
    /// Leverage by symbol, where it is not the largest.
    pub leverage: BTreeMap<SymbolId, u32>,
}

/// One account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub name: String,
    /// House accounts may owe; nothing is checked or reported for them.
    pub house: bool,
    /// Rates by product.
    pub fees: BTreeMap<Product, Fees>,
    pub start: BTreeMap<String, i64>,
    pub balances: BTreeMap<String, Balance>,
    /// Positions in perpetuals, flat ones included once they were held.
    pub positions: Vec<Position>,
    pub settings: Settings,
    /// The last funding payments, oldest first.
    pub fundings: Vec<Funding>,
    /// Whether a margin call stands.
    #[serde(skip)]
    pub called: bool,
    /// Client ids of open orders.
    #[serde(skip)]
    pub clients: BTreeMap<String, u64>,
    /// Open orders, oldest first.
    #[serde(skip)]
    pub open: BTreeSet<u64>,
    #[serde(skip)]
    pub fills: Vec<Fill>,
    pub updated_ms: u64,
}

impl Account {
    pub(crate) fn new(
        name: &str,
        house: bool,
        start: &[(String, i64)],
        fees: BTreeMap<Product, Fees>,
    ) -> Self {
        let start: BTreeMap<String, i64> = start.iter().cloned().collect();
        let balances =
            start.iter().map(|(asset, free)| (asset.clone(), Balance { free: *free, locked: 0 }));
        Self {
            name: name.into(),
            house,
            fees,
            balances: balances.collect(),
            start,
            ..Self::default()
        }
    }

    pub(crate) fn balance(&self, asset: &str) -> Balance {
        self.balances.get(asset).copied().unwrap_or_default()
    }

    pub(crate) fn entry(&mut self, asset: &str) -> &mut Balance {
        self.balances.entry(asset.to_string()).or_default()
    }

    /// The position of a symbol and leg; flat where there is none.
    pub(crate) fn position(&self, symbol: SymbolId, leg: Leg) -> Position {
        let found = self.positions.iter().find(|one| (one.symbol, one.leg) == (symbol, leg));
        found.copied().unwrap_or(Position { symbol, leg, ..Position::default() })
    }

    pub(crate) fn position_mut(&mut self, symbol: SymbolId, leg: Leg) -> &mut Position {
        let place = self.positions.iter().position(|one| (one.symbol, one.leg) == (symbol, leg));
        let place = place.unwrap_or_else(|| {
            self.positions.push(Position { symbol, leg, ..Position::default() });
            self.positions.len() - 1
        });
        &mut self.positions[place]
    }

    /// Sets an amount aside for an order.
    pub(crate) fn lock(&mut self, asset: &str, amount: i64) -> Result<(), Refusal> {
        if self.house {
            return Ok(());
        }
        let balance = self.entry(asset);
        if balance.free < amount {
            return Err(Refusal::Balance);
        }
        balance.free -= amount;
        balance.locked += amount;
        Ok(())
    }

    /// Gives back an amount set aside.
    pub(crate) fn unlock(&mut self, asset: &str, amount: i64) {
        if !self.house {
            let balance = self.entry(asset);
            balance.free += amount;
            balance.locked -= amount;
        }
    }

    /// Pays `amount`, out of what was set aside or (a market order) out of the free balance.
    pub(crate) fn pay(&mut self, asset: &str, amount: i64, from_locked: bool) {
        let house = self.house;
        let balance = self.entry(asset);
        if from_locked && !house {
            balance.locked -= amount;
        } else {
            balance.free -= amount;
        }
    }

    /// Rates of a product; zero where none are set.
    pub(crate) fn rates(&self, product: Product) -> Fees {
        self.fees.get(&product).cloned().unwrap_or(Fees { maker: 0, taker: 0, third: None })
    }

    /// Fee of a spot trade: asset and amount, rounded down to 1e-8. `received` is in the asset that
    /// the trade brings in, `quote` its worth in the quote asset.
    pub(crate) fn fee(&self, maker: bool, received: (&str, i64), quote: i64) -> (String, i64) {
        let Some(fees) = self.fees.get(&Product::Spot) else { return (received.0.into(), 0) };
        let rate = i128::from(if maker { fees.maker } else { fees.taker });
        let scale = i128::from(SCALE);
        if let Some((asset, price)) = &fees.third {
            // Paid in the third asset, the venue takes a quarter off.
            let worth = i128::from(quote) * rate * 3 / 4;
            let amount = (worth / i128::from((*price).max(1))) as i64;
            if asset != received.0 && self.balance(asset).free >= amount {
                return (asset.clone(), amount);
            }
        }
        (received.0.to_string(), (i128::from(received.1) * rate / scale) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(fees: Fees) -> BTreeMap<Product, Fees> {
        BTreeMap::from([(Product::Spot, fees)])
    }

    #[test]
    fn fee_comes_from_the_received_or_the_third_asset() {
        let start = [("BNB".to_string(), SCALE)];
        let mut account = Account::new("a", false, &start, spot(Fees::default()));
        assert_eq!(account.fee(true, ("BTC", SCALE), 60_000 * SCALE), ("BTC".into(), SCALE / 1000));
        let third = Some(("BNB".into(), 600 * SCALE));
        account.fees = spot(Fees { third, ..Fees::default() });
        // 60 USDT of fee, less a quarter, at 600 USDT.
        assert_eq!(account.fee(true, ("BTC", 0), 60_000 * SCALE), ("BNB".into(), 7_500_000));
        assert_eq!(account.fee(true, ("BTC", SCALE), 60_000_000 * SCALE).0, "BTC");
    }

    #[test]
    fn locking_needs_the_money() {
        let mut account = Account::new("a", false, &[("USDT".into(), 10)], BTreeMap::new());
        assert!(account.lock("USDT", 11).is_err());
        assert!(account.lock("USDT", 10).is_ok());
        assert_eq!(account.balance("USDT"), Balance { free: 0, locked: 10 });
        account.unlock("USDT", 4);
        account.pay("USDT", 6, true);
        assert_eq!(account.balance("USDT"), Balance { free: 4, locked: 0 });
    }
}
