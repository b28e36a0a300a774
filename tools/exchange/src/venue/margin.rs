//! Margin of perpetuals: one pool per account, in the quote asset, shared by all its positions.
//!
//! Initial margin of a symbol is the worth of the largest position that its open orders could make,
//! over the leverage; maintenance margin is a share of what positions are worth at the mark price.
//! Other assets are no collateral.

use super::position::{Position, worth};
use super::*;
use crate::symbol::SCALE;

/// The asset that perpetuals are margined and settled in.
pub(crate) const SETTLE: &str = "USDT";

/// An account's margin, in 1e-8 of [`SETTLE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Margin {
    /// Money, what spot orders have locked included.
    pub wallet: i64,
    /// Profit of all positions at their mark prices.
    pub unrealised: i64,
    /// Wallet and unrealised profit.
    pub equity: i64,
    /// Initial margin of positions.
    pub positions: i64,
    /// Initial margin of open orders beside that.
    pub orders: i64,
    pub maintenance: i64,
    /// What new orders may still use.
    pub available: i64,
}

/// What one leg's open orders could add, in worth.
#[derive(Clone, Copy, Default)]
struct Adding {
    buys: i64,
    sells: i64,
}

impl Venue {
    /// An account's leverage in a symbol.
    pub(crate) fn leverage(&self, account: AccountId, symbol: SymbolId) -> u32 {
        let set = self.account(account).settings.leverage.get(&symbol).copied();
        let terms = self.listing(symbol).symbol.perp.as_ref();
        set.or(terms.map(|terms| terms.leverage_max)).unwrap_or(1).max(1)
    }

    /// Sets an account's leverage in a symbol.
    pub(crate) fn set_leverage(
        &mut self,
        account: AccountId,
        symbol: SymbolId,
        leverage: u32,
    ) -> Result<(), Refusal> {
        let terms = self.listing(symbol).symbol.perp.as_ref().ok_or(Refusal::Leverage)?;
        if leverage == 0 || leverage > terms.leverage_max {
            return Err(Refusal::Leverage);
        }
        let before = self.account_mut(account).settings.leverage.insert(symbol, leverage);
        if self.margin(account).available < 0 {
            let list = &mut self.account_mut(account).settings.leverage;
            match before {
                Some(before) => list.insert(symbol, before),
                None => list.remove(&symbol),
            };
            return Err(Refusal::Leverage);
        }
        self.touched.settings.insert(account);
        Ok(())
    }

    /// Chooses between one position per symbol and two (hedge mode).
    pub(crate) fn set_hedge(&mut self, account: AccountId, hedge: bool) -> Result<(), Refusal> {
        let holder = self.account(account);
        if holder.settings.hedge == hedge {
            return Ok(());
        }
        let held = holder.positions.iter().any(|position| position.lots != 0);
        let orders = holder.open.iter().filter_map(|id| self.orders.get(id));
        let open = orders.into_iter().any(|order| self.is_perp(order.symbol));
        if held || open {
            return Err(Refusal::PositionMode);
        }
        self.account_mut(account).settings.hedge = hedge;
        self.touched.settings.insert(account);
        Ok(())
    }

    pub(super) fn is_perp(&self, symbol: SymbolId) -> bool {
        self.listing(symbol).symbol.perp.is_some()
    }

    /// An account's margin as it stands.
    pub(crate) fn margin(&self, account: AccountId) -> Margin {
        self.margin_with(account, None)
    }

    /// The margin, were an order of this worth added: symbol, leg, side and worth.
    fn margin_with(&self, account: AccountId, extra: Option<(SymbolId, Leg, Side, i64)>) -> Margin {
        let holder = self.account(account);
        let balance = holder.balance(SETTLE);
        let mut adding = BTreeMap::<(SymbolId, Leg), Adding>::new();
        let orders = holder.open.iter().filter_map(|id| self.orders.get(id));
        let orders = orders
            .filter(|order| self.is_perp(order.symbol) && !order.only_reduces())
            .map(|order| {
                let price = order.price * self.listing(order.symbol).symbol.tick;
                let symbol = &self.listing(order.symbol).symbol;
                (order.symbol, order.leg, order.side, worth(symbol, order.left(), price))
            });
        for (symbol, leg, side, sum) in orders.chain(extra) {
            let slot = adding.entry((symbol, leg)).or_default();
            let side = if side == Side::Buy { &mut slot.buys } else { &mut slot.sells };
            *side = side.saturating_add(sum);
        }
        let mut out = Margin { wallet: balance.free + balance.locked, ..Margin::default() };
        for position in &holder.positions {
            let adding = adding.remove(&(position.symbol, position.leg)).unwrap_or_default();
            self.add_margin(account, position, adding, &mut out);
        }
        for ((symbol, leg), adding) in adding {
            let flat = Position { symbol, leg, ..Position::default() };
            self.add_margin(account, &flat, adding, &mut out);
        }
        out.equity = out.wallet + out.unrealised;
        out.available = out.equity - balance.locked - out.positions - out.orders;
        out
    }

    fn add_margin(&self, account: AccountId, one: &Position, adding: Adding, out: &mut Margin) {
        let listing = self.listing(one.symbol);
        let (Some(terms), Some(mark)) = (&listing.symbol.perp, &listing.mark) else { return };
        let leverage = i64::from(self.leverage(account, one.symbol));
        let now = one.worth(&listing.symbol, mark.price);
        let most = now.abs().max((now + adding.buys).abs()).max((now - adding.sells).abs());
        out.unrealised += one.unrealised(&listing.symbol, mark.price);
        out.positions += now.abs() / leverage;
        out.orders += (most - now.abs()) / leverage;
        out.maintenance +=
            (i128::from(now.abs()) * i128::from(terms.maintenance) / i128::from(SCALE)) as i64;
    }

    /// Whether a perpetual order has the margin that it needs.
    pub(super) fn check_margin(&self, account: AccountId, new: &NewOrder) -> Result<(), Refusal> {
        if self.account(account).house || new.only_reduces() {
            return Ok(());
        }
        let listing = self.listing(new.symbol);
        let Some(mark) = &listing.mark else { return Err(Refusal::Margin) };
        let spec = &listing.symbol;
        let sum = if new.kind == Kind::Market {
            let want = Want::Lots(new.qty);
            let taker = Taker { account, side: new.side, limit: None, want, stp: new.stp };
            let cost = listing.cost(&taker, new.qty).saturating_mul(spec.unit());
            cost.max(worth(spec, new.qty, mark.price))
        } else {
            new.price.saturating_mul(new.qty).saturating_mul(spec.unit())
        };
        let at_mark = worth(spec, new.qty, mark.price);
        let loss = ((sum - at_mark) * new.side.sign()).max(0);
        let rate = self.account(account).rates(Product::Perp).taker;
        let fee = (i128::from(sum) * i128::from(rate) / i128::from(SCALE)) as i64;
        let after = self.margin_with(account, Some((new.symbol, new.leg, new.side, sum)));
        let more = after.orders > self.margin(account).orders;
        if more && after.available < loss + fee {
            return Err(Refusal::Margin);
        }
        Ok(())
    }

    /// What a spot order may pay with: free money that positions do not need.
    pub(super) fn spendable(&self, account: AccountId, asset: &str) -> i64 {
        let holder = self.account(account);
        let free = holder.balance(asset).free;
        let margined = asset == SETTLE
            && (holder.positions.iter().any(|one| one.lots != 0)
                || holder
                    .open
                    .iter()
                    .any(|id| self.orders.get(id).is_some_and(|order| self.is_perp(order.symbol))));
        if margined { free.min(self.margin(account).available) } else { free }
    }

    /// Price in 1e-8 at which a position would be liquidated, all else as it stands; none where
    /// there is no such price.
    pub(crate) fn liquidation_price(&self, account: AccountId, position: &Position) -> Option<i64> {
        let listing = self.listing(position.symbol);
        let (terms, mark) = (listing.symbol.perp.as_ref()?, listing.mark.as_ref()?);
        let margin = self.margin(account);
        let share = terms.maintenance as f64 / SCALE as f64;
        let now = position.worth(&listing.symbol, mark.price) as f64;
        let base = position.lots as f64 * listing.symbol.lot as f64;
        let rest = margin.maintenance as f64 - now.abs() * share;
        // equity + base · (p − mark) = rest + share · |base| · p
        let turn = base - share * base.abs();
        let price = (now - margin.equity as f64 + rest) / turn * SCALE as f64;
        (price.is_finite() && price > 0.0 && price < i64::MAX as f64).then_some(price as i64)
    }
}
