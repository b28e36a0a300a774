//! Index and mark prices of perpetuals, and funding.
//!
//! The mark price is the index plus the smoothed distance of the perpetual's mid from it, as the
//! real venues compute theirs. The funding rate is F = P + clamp(I − P, ±0.05 %), within the cap: P
//! is the mean premium of mid over index since the last payment, I the interest.

use super::*;
use crate::event::Funding;
use crate::symbol::{SCALE, Terms};

/// Time constant of the smoothing.
const SMOOTH_MS: f64 = 5000.0;
/// Farthest that the mark price is from the index.
const FARTHEST: f64 = 0.01;
/// How far the interest moves the rate, at most.
const DAMP: f64 = 0.0005;
/// Time between events of one symbol.
const TELL_MS: u64 = 100;
/// Payments that an account remembers.
const FUNDINGS_MAX: usize = 10_000;

/// Prices of a perpetual beside its book's, in 1e-8, and its funding.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    pub index: i64,
    /// Mark price.
    pub price: i64,
    /// Rate of the next payment, as it would be now, in 1e-8.
    pub rate: i64,
    /// Rate of the last payment.
    pub last_rate: i64,
    /// When the next payment is; zero before the first look at the clock.
    pub next_ms: u64,
    basis: f64,
    premium: f64,
    premiums: u64,
    seen_ms: u64,
    told_ms: u64,
}

impl Mark {
    pub(crate) fn new(price: i64) -> Self {
        Self {
            index: price,
            price,
            rate: 0,
            last_rate: 0,
            next_ms: 0,
            basis: 0.0,
            premium: 0.0,
            premiums: 0,
            seen_ms: 0,
            told_ms: 0,
        }
    }

    /// Looks at the book: `mid` in 1e-8, none where a side is empty.
    fn look(&mut self, mid: Option<f64>, terms: &Terms, now_ms: u64) {
        let index = self.index as f64;
        let away = mid.map_or(0.0, |mid| mid - index);
        let span_ms = now_ms.saturating_sub(self.seen_ms) as f64;
        let part = if self.seen_ms == 0 { 1.0 } else { 1.0 - (-span_ms / SMOOTH_MS).exp() };
        self.seen_ms = now_ms;
        self.basis += (away - self.basis) * part;
        let most = index * FARTHEST;
        self.price = ((index + self.basis.clamp(-most, most)) as i64).max(1);
        self.premium += away / index;
        self.premiums += 1;
        let premium = self.premium / self.premiums as f64;
        let interest = terms.interest as f64 / SCALE as f64;
        let cap = terms.funding_cap as f64 / SCALE as f64;
        let rate = premium + (interest - premium).clamp(-DAMP, DAMP);
        self.rate = (rate.clamp(-cap, cap) * SCALE as f64) as i64;
        if self.next_ms == 0 {
            self.next_ms = (now_ms / terms.funding_ms + 1) * terms.funding_ms;
        }
    }
}

impl Venue {
    /// The index price of a perpetual moved, in 1e-8.
    pub(crate) fn set_index(&mut self, symbol: SymbolId, price: i64) {
        if let Some(mark) = &mut self.listing_mut(symbol).mark {
            mark.index = price.max(1);
        }
    }

    /// Marks a perpetual, and pays funding when it is time.
    pub(super) fn mark(&mut self, symbol: SymbolId, now_ms: u64) {
        let listing = self.listing_mut(symbol);
        let best = [listing.best(Side::Buy), listing.best(Side::Sell)];
        let tick = listing.symbol.tick as f64;
        let mid = match best {
            [Some(bid), Some(ask)] => Some((bid.0 + ask.0) as f64 / 2.0 * tick),
            _ => None,
        };
        let (Some(terms), Some(mark)) = (&listing.symbol.perp, &mut listing.mark) else { return };
        mark.look(mid, terms, now_ms);
        if now_ms >= mark.next_ms {
            let rate = mark.rate;
            mark.last_rate = rate;
            (mark.premium, mark.premiums) = (0.0, 0);
            mark.next_ms = (now_ms / terms.funding_ms + 1) * terms.funding_ms;
            self.pay_funding(symbol, rate, now_ms);
        }
        let Some(mark) = &mut self.listing_mut(symbol).mark else { return };
        if now_ms / TELL_MS != mark.told_ms / TELL_MS {
            mark.told_ms = now_ms;
            self.events.push(Event::Mark { symbol });
        }
    }

    /// Longs pay shorts where the rate is positive; the house's part is what makes the sum zero.
    pub(super) fn pay_funding(&mut self, symbol: SymbolId, rate: i64, now_ms: u64) {
        let spec = &self.listings[usize::from(symbol)].symbol;
        let price = self.listing(symbol).mark.as_ref().map_or(0, |mark| mark.price);
        let mut payments = Vec::new();
        for (account, holder) in self.accounts.iter().enumerate().skip(1) {
            for one in holder.positions.iter().filter(|one| one.symbol == symbol && one.lots != 0) {
                let due = i128::from(one.worth(spec, price)) * i128::from(rate);
                let amount = -(due / i128::from(SCALE)) as i64;
                payments.push((account as AccountId, one.leg, one.lots, amount));
            }
        }
        let quote = spec.quote.clone();
        let mut sum = 0;
        for (account, leg, lots, amount) in payments {
            sum += amount;
            let funding = Funding { symbol, leg, lots, rate, mark: price, amount, time_ms: now_ms };
            self.credit_funding(account, &quote, funding);
        }
        if sum != 0 {
            self.account_mut(HOUSE).entry(&quote).free -= sum;
            self.touch_balance(HOUSE, &quote);
        }
        self.touched.cause = Cause::Funding;
        self.commit(now_ms);
    }

    fn credit_funding(&mut self, account: AccountId, quote: &str, funding: Funding) {
        let holder = self.account_mut(account);
        holder.entry(quote).free += funding.amount;
        holder.position_mut(funding.symbol, funding.leg).funding += funding.amount;
        if holder.fundings.len() == FUNDINGS_MAX {
            holder.fundings.remove(0);
        }
        holder.fundings.push(funding);
        let house = holder.house;
        self.touch_balance(account, quote);
        self.touch_position(account, funding.symbol, funding.leg);
        self.touched.fundings.push((account, funding));
        if !house {
            self.tell(account, Private::Funding(funding));
        }
    }
}
