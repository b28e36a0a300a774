//! Trades and preventions booked on orders, balances and the fee account.

use super::*;
use crate::symbol::SCALE;

impl Venue {
    /// Trades and preventions, maker by maker.
    pub(super) fn settle(&mut self, taker: u64, steps: &[Step], now_ms: u64) {
        let Some(order) = self.orders.get(&taker) else { return };
        let (symbol, side) = (order.symbol, order.side);
        let mut group: Option<(u64, Tick)> = None;
        for step in steps {
            match *step {
                Step::Trade { maker, price, lots } if lots > 0 => {
                    let tick = self.trade(symbol, side, (maker, taker), (price, lots), now_ms);
                    group = match group {
                        Some((first, mut sum)) if sum.price == price => {
                            (sum.lots, sum.id) = (sum.lots + lots, tick.id);
                            Some((first, sum))
                        }
                        before => {
                            self.publish_agg(symbol, before);
                            Some((tick.id, tick))
                        }
                    };
                }
                Step::Trade { .. } => {}
                Step::Prevented { maker, price, maker_lots, taker_lots, maker_gone } => {
                    self.prevent(maker, taker, maker_lots, price, now_ms);
                    self.prevent(taker, maker, taker_lots, price, now_ms);
                    if maker_gone {
                        self.end(maker, Status::Expired, Some(Why::SelfTrade), now_ms);
                    }
                }
            }
        }
        self.publish_agg(symbol, group);
    }

    pub(super) fn publish_agg(&mut self, symbol: SymbolId, group: Option<(u64, Tick)>) {
        if let Some((first, tick)) = group.filter(|_| self.listing(symbol).recorded.is_none()) {
            let listing = self.listing_mut(symbol);
            let id = listing.agg;
            listing.agg += 1;
            let agg = Agg { id, first, sum: tick };
            listing.aggregate(agg);
            self.events.push(Event::Agg { symbol, agg });
        }
    }

    /// One trade between a maker (0: the recorded market) and a taker.
    pub(super) fn trade(
        &mut self,
        symbol: SymbolId,
        taker_side: Side,
        (maker, taker): (u64, u64),
        (price, lots): (i64, i64),
        now_ms: u64,
    ) -> Tick {
        let listing = self.listing_mut(symbol);
        let id = listing.trade;
        listing.trade += 1;
        let buyer_maker = taker_side == Side::Sell;
        let tick = Tick { id, price, lots, time_ms: now_ms, buyer_maker };
        if listing.recorded.is_none() {
            listing.print(tick);
            self.events.push(Event::Trade { symbol, tick });
        }
        let is_house = |order: u64| self.orders.get(&order).is_none_or(|o| o.account == HOUSE);
        let both_house = is_house(maker) && is_house(taker);
        for (order, is_maker) in [(maker, true), (taker, false)] {
            if order == 0 {
                let side = if is_maker { taker_side.other() } else { taker_side };
                self.house_side(symbol, side, price, lots);
            } else {
                self.fill(order, &tick, is_maker, both_house, now_ms);
            }
        }
        tick
    }

    /// The recorded market's side of a trade, booked against the house account.
    pub(super) fn house_side(&mut self, symbol: SymbolId, side: Side, price: i64, lots: i64) {
        let spec = self.listing(symbol).symbol.clone();
        let base = lots * spec.lot;
        let quote = price * lots * spec.unit();
        let sign = if side == Side::Buy { 1 } else { -1 };
        self.account_mut(HOUSE).entry(&spec.base).free += sign * base;
        self.account_mut(HOUSE).entry(&spec.quote).free -= sign * quote;
        self.touch_balance(HOUSE, &spec.base);
        self.touch_balance(HOUSE, &spec.quote);
    }

    /// A resting order's fill in a recorded market.
    pub(crate) fn recorded_fill(&mut self, id: u64, price: i64, lots: i64, now_ms: u64) {
        let Some(order) = self.orders.get(&id).filter(|order| order.status.is_open()) else {
            return;
        };
        let (symbol, side, lots) = (order.symbol, order.side, lots.min(order.left()));
        if lots > 0 {
            self.trade_resting(symbol, side, id, (price, lots), now_ms);
        }
    }

    pub(super) fn trade_resting(
        &mut self,
        symbol: SymbolId,
        side: Side,
        id: u64,
        (price, lots): (i64, i64),
        now_ms: u64,
    ) {
        let listing = self.listing_mut(symbol);
        let buyer_maker = side == Side::Buy;
        let tick = Tick { id: listing.trade, price, lots, time_ms: now_ms, buyer_maker };
        listing.trade += 1;
        self.house_side(symbol, side.other(), price, lots);
        self.fill(id, &tick, true, false, now_ms);
    }

    /// Books one side of a trade: order, balances, fee, report.
    pub(super) fn fill(
        &mut self,
        id: u64,
        tick: &Tick,
        maker: bool,
        both_house: bool,
        now_ms: u64,
    ) {
        self.part(id, now_ms);
        let Some(order) = self.orders.get_mut(&id) else { return };
        let spec = &self.listings[usize::from(order.symbol)].symbol;
        let quote = tick.price * tick.lots * spec.unit();
        let base = tick.lots * spec.lot;
        let first = order.filled == 0;
        order.filled += tick.lots;
        order.quote_filled += quote;
        order.updated_ms = now_ms;
        let full = order.qty > 0 && order.left() == 0;
        order.status = if full { Status::Filled } else { Status::PartiallyFilled };
        if both_house {
            if maker && full {
                self.orders.remove(&id);
            }
            return;
        }
        let (symbol, account, side, leg) = (order.symbol, order.account, order.side, order.leg);
        let (locked_at, forced) = (order.kind != Kind::Market, order.forced);
        let locked_at = locked_at.then_some(order.price);
        let client = order.client.clone();
        let price = tick.price * spec.tick;
        let is_perp = spec.perp.is_some();
        let (fee_asset, fee, realised) = if is_perp {
            self.pay_perp(account, (symbol, leg), side, tick, (maker, forced))
        } else {
            let (asset, fee) = self.pay(account, symbol, side, tick, locked_at, maker);
            (asset, fee, 0)
        };
        if account < USERS {
            if maker && full {
                self.orders.remove(&id);
            }
            return;
        }
        let fill = Fill {
            symbol,
            id: tick.id,
            order: id,
            client,
            price,
            qty: base,
            quote,
            fee,
            fee_asset,
            time_ms: now_ms,
            buyer: side == Side::Buy,
            maker,
            leg,
            realised,
            liquidation: forced,
        };
        if let Some(order) = self.orders.get_mut(&id) {
            order.fee += fill.fee;
            order.fee_asset.clone_from(&fill.fee_asset);
            order.realised += fill.realised;
        }
        self.note_fill(account, id, fill, first);
        if full && maker {
            self.retire(id);
        }
    }

    /// Moves the money of one side of a trade; returns the fee and its asset. `locked_at` is the
    /// limit at which the order had set its money aside; none for a market order.
    fn pay(
        &mut self,
        account: AccountId,
        symbol: SymbolId,
        side: Side,
        tick: &Tick,
        locked_at: Option<i64>,
        maker: bool,
    ) -> (String, i64) {
        let spec = &self.listings[usize::from(symbol)].symbol;
        let quote = tick.price * tick.lots * spec.unit();
        let base = (spec.base.clone(), tick.lots * spec.lot);
        let (paid, got, better) = match side {
            Side::Buy => {
                let better = locked_at.map_or(0, |limit| limit - tick.price);
                ((spec.quote.clone(), quote), base, better * tick.lots * spec.unit())
            }
            Side::Sell => (base, (spec.quote.clone(), quote), 0),
        };
        let holder = &mut self.accounts[account as usize];
        holder.pay(&paid.0, paid.1, locked_at.is_some());
        holder.unlock(&paid.0, better);
        let (fee_asset, fee) = holder.fee(maker, (&got.0, got.1), quote);
        holder.entry(&got.0).free += got.1;
        holder.entry(&fee_asset).free -= fee;
        self.accounts[VENUE as usize].entry(&fee_asset).free += fee;
        for asset in [&paid.0, &got.0, &fee_asset] {
            self.touch_balance(account, asset);
        }
        self.touch_balance(VENUE, &fee_asset);
        (fee_asset, fee)
    }

    /// Books one side of a perpetual's trade: position, realised profit, fee.
    fn pay_perp(
        &mut self,
        account: AccountId,
        (symbol, leg): (SymbolId, Leg),
        side: Side,
        tick: &Tick,
        (maker, forced): (bool, bool),
    ) -> (String, i64, i64) {
        let at = (tick.price, tick.lots);
        let realised = self.book_position(account, (symbol, leg), side, at, tick.time_ms);
        let spec = &self.listings[usize::from(symbol)].symbol;
        let rates = self.accounts[account as usize].rates(Product::Perp);
        // A liquidated account pays the liquidation fee instead, to whom it is insured with.
        let (rate, to) = match (&spec.perp, forced) {
            (Some(terms), true) => (terms.liquidation_fee, INSURANCE),
            _ => (if maker { rates.maker } else { rates.taker }, VENUE),
        };
        let quote = i128::from(tick.price * tick.lots * spec.unit());
        let fee = (quote * i128::from(rate) / i128::from(SCALE)) as i64;
        let asset = spec.quote.clone();
        self.accounts[account as usize].entry(&asset).free -= fee;
        self.accounts[to as usize].entry(&asset).free += fee;
        self.touch_balance(account, &asset);
        self.touch_balance(to, &asset);
        (asset, fee, realised)
    }

    /// Books lots on a position, and what that realises on the wallet.
    pub(super) fn book_position(
        &mut self,
        account: AccountId,
        (symbol, leg): (SymbolId, Leg),
        side: Side,
        (price, lots): (i64, i64),
        now_ms: u64,
    ) -> i64 {
        let spec = &self.listings[usize::from(symbol)].symbol;
        let (unit, quote) = (spec.unit(), spec.quote.clone());
        let holder = &mut self.accounts[account as usize];
        let position = holder.position_mut(symbol, leg);
        let realised = position.apply(side, lots, price, unit);
        position.updated_ms = now_ms;
        holder.entry(&quote).free += realised;
        self.touch_balance(account, &quote);
        self.touch_position(account, symbol, leg);
        realised
    }

    pub(super) fn note_fill(&mut self, account: AccountId, id: u64, fill: Fill, first: bool) {
        if first {
            self.credits.push((account, fill.maker));
        }
        self.report(id, What::Trade(fill.clone()));
        if self.attached.contains_key(&id) {
            self.touched.attached.insert(id);
        }
        self.accounts[account as usize].fills.push(fill.clone());
        self.touched.fills.push((account, fill));
        self.touched.orders.insert(id);
    }

    /// Self-trade prevention takes lots from an order.
    pub(super) fn prevent(&mut self, id: u64, counter: u64, lots: i64, price: i64, now_ms: u64) {
        if lots == 0 {
            return;
        }
        self.part(id, now_ms);
        let Some(order) = self.orders.get_mut(&id) else { return };
        order.prevented += lots;
        order.updated_ms = now_ms;
        let (kind, side, symbol, account) = (order.kind, order.side, order.symbol, order.account);
        let limit = order.price;
        if kind != Kind::Market {
            self.release(account, symbol, side, limit, lots);
        }
        self.report(id, What::Prevented { lots, price, counter });
    }

    /// Gives back what an order had set aside for some lots.
    pub(super) fn release(
        &mut self,
        account: AccountId,
        symbol: SymbolId,
        side: Side,
        price: i64,
        lots: i64,
    ) {
        if account < USERS || self.is_perp(symbol) {
            return;
        }
        let spec = &self.listings[usize::from(symbol)].symbol;
        let (asset, amount) = match side {
            Side::Buy => (spec.quote.clone(), price * lots * spec.unit()),
            Side::Sell => (spec.base.clone(), lots * spec.lot),
        };
        self.accounts[account as usize].unlock(&asset, amount);
        self.touch_balance(account, &asset);
    }
}
