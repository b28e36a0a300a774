//! Liquidation: when an account's equity no longer covers its maintenance margin, its orders go and
//! the venue takes over its positions.
//!
//! Each position is offered to the book down to its bankruptcy price, at which the account has
//! nothing left; what nobody takes there the insurance account takes over at that price and sells
//! or buys back as the book allows. Whatever an account still owes then, the insurance account
//! pays, so no money is made or lost. Nobody is deleveraged: the insurance account may owe.

use super::position::Position;
use super::*;
use crate::event::Liquidation;
use crate::symbol::SCALE;

/// Share of equity that maintenance margin must pass for a margin call, and where it is taken back.
const CALL: (i64, i64) = (8, 10);
const CALM: (i64, i64) = (6, 10);
/// How far from the mark price the insurance account deals, as a share of it.
const REACH: i64 = 200;

impl Venue {
    /// Looks at the margin of every account that has a position.
    pub(super) fn watch_margin(&mut self, now_ms: u64) {
        for account in USERS..self.accounts.len() as AccountId {
            let holder = self.account(account);
            if holder.positions.iter().all(|position| position.lots == 0) {
                continue;
            }
            let called = holder.called;
            let margin = self.margin(account);
            if margin.equity < margin.maintenance {
                self.liquidate(account, now_ms);
                continue;
            }
            let passes = |(part, whole): (i64, i64)| {
                i128::from(margin.maintenance) * i128::from(whole)
                    > i128::from(margin.equity) * i128::from(part)
            };
            if !called && passes(CALL) {
                let (equity, maintenance) = (margin.equity, margin.maintenance);
                self.tell(account, Private::MarginCall { equity, maintenance });
            }
            self.account_mut(account).called = passes(if called { CALM } else { CALL });
        }
    }

    /// Cancels everything, then closes the largest positions until the rest is covered.
    fn liquidate(&mut self, account: AccountId, now_ms: u64) {
        self.touched.cause = Cause::Liquidation;
        let open: Vec<u64> = self.account(account).open.iter().copied().collect();
        for id in open {
            self.cancel(id, Why::Liquidation, "", now_ms);
        }
        let waiting: Vec<u64> = self.waiting(account).map(|trigger| trigger.id).collect();
        for id in waiting {
            self.cancel_trigger(id, Why::Liquidation, now_ms);
        }
        let worth = |one: &Position, venue: &Self| {
            let listing = venue.listing(one.symbol);
            one.worth(&listing.symbol, listing.mark.as_ref().map_or(0, |mark| mark.price)).abs()
        };
        let mut held: Vec<Position> = self.account(account).positions.clone();
        held.retain(|position| position.lots != 0);
        held.sort_by_key(|position| std::cmp::Reverse(worth(position, self)));
        for position in held {
            let margin = self.margin(account);
            if margin.equity >= margin.maintenance {
                break;
            }
            self.close_out(account, &position, margin.equity, now_ms);
        }
        self.cover(account);
        self.commit(now_ms);
    }

    /// Price in ticks at which closing a position leaves an account nothing.
    fn bankruptcy(&self, position: &Position, equity: i64) -> i64 {
        let listing = self.listing(position.symbol);
        let mark = listing.mark.as_ref().map_or(0, |mark| mark.price);
        let base = i128::from(position.lots) * i128::from(listing.symbol.lot);
        let away = i128::from(equity) * i128::from(SCALE) / base;
        let tick = i128::from(listing.symbol.tick);
        let price = i128::from(mark) - away;
        // Rounded to the account's good; at least one tick.
        let ticks =
            if position.lots > 0 { (price + tick - 1).div_euclid(tick) } else { price / tick };
        ticks.clamp(1, i128::from(crate::symbol::PRICE_MAX) / tick) as i64
    }

    /// Offers a position to the book down to its bankruptcy price; the insurance account takes the
    /// rest there.
    fn close_out(&mut self, account: AccountId, one: &Position, equity: i64, now_ms: u64) {
        let Some(side) = one.closing() else { return };
        let (symbol, leg) = (one.symbol, one.leg);
        let price = self.bankruptcy(one, equity);
        let lots = one.lots.abs();
        let new = NewOrder {
            symbol,
            side,
            tif: Tif::Ioc,
            leg,
            reduce: true,
            price,
            qty: lots,
            client: format!("autoclose-{}", self.next_order),
            ..NewOrder::default()
        };
        let id = self.open(account, &new, now_ms);
        if let Some(order) = self.orders.get_mut(&id) {
            order.forced = true;
        }
        self.report(id, What::New);
        self.meet(id, &new, now_ms);
        self.publish_changes(symbol);
        let order = self.orders.get(&id);
        let (filled, sum) = order.map_or((0, 0), |order| (order.filled, order.quote_filled));
        let rest = lots - filled;
        if rest > 0 {
            self.take_over(account, (symbol, leg, side), rest, price, now_ms);
        }
        let unit = self.listing(symbol).symbol.unit();
        let average = if filled > 0 { sum / unit / filled } else { price };
        let liquidation = Liquidation { side, price, average, lots, time_ms: now_ms };
        self.events.push(Event::Liquidation { symbol, liquidation });
    }

    /// The insurance account takes lots of a position at a price in ticks.
    fn take_over(
        &mut self,
        account: AccountId,
        (symbol, leg, side): (SymbolId, Leg, Side),
        lots: i64,
        price: i64,
        now_ms: u64,
    ) {
        for (holder, leg, side) in [(account, leg, side), (INSURANCE, Leg::Net, side.other())] {
            self.book_position(holder, (symbol, leg), side, (price, lots), now_ms);
        }
    }

    /// The insurance account pays what an account owes.
    fn cover(&mut self, account: AccountId) {
        let settle = margin::SETTLE;
        let flat = self.account(account).positions.iter().all(|position| position.lots == 0);
        let owed = -self.account(account).balance(settle).free;
        if flat && owed > 0 {
            for (holder, sum) in [(account, owed), (INSURANCE, -owed)] {
                self.account_mut(holder).entry(settle).free += sum;
                self.touch_balance(holder, settle);
            }
        }
    }

    /// The insurance account gets rid of what it took over, near the mark price.
    pub(super) fn unwind(&mut self, now_ms: u64) {
        for n in 0..self.account(INSURANCE).positions.len() {
            let one = self.account(INSURANCE).positions[n];
            let Some(side) = one.closing() else { continue };
            let listing = self.listing(one.symbol);
            let mark = listing.mark.as_ref().map_or(0, |mark| mark.price) / listing.symbol.tick;
            let price = (mark + side.sign() * mark / REACH).max(1);
            let new = NewOrder {
                symbol: one.symbol,
                side,
                tif: Tif::Ioc,
                price,
                qty: one.lots.abs(),
                ..NewOrder::default()
            };
            self.house_order(INSURANCE, &new, now_ms);
        }
    }
}
