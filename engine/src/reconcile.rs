//! From plan and standing orders to the fewest requests, for one side of one instrument.
//!
//! A difference inside the tolerance is no action; a smaller quantity is an amend that keeps the
//! queue place; any other change is one cancel-replace. A side with an unknown order gets nothing
//! new until the order is known. An order whose last request is not answered is waited for, and one
//! whose last request was refused is left alone for a moment, so that refusals do not chase each
//! other.

use crate::id::{OrderId, Side};
use crate::num::{Price, Qty};
use crate::order::{Order, OrderState};
use crate::plan::{LEVELS_MAX, Quote};
use crate::time::Nanos;

/// Which differences are worth a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tolerance {
    /// A price this many ticks off is left.
    pub price_ticks: i64,
    /// A quantity this many millionths of the plan too large is left.
    pub excess_ppm: i64,
    /// A quantity this many millionths of the plan too small (by fills) is left.
    pub shortage_ppm: i64,
    /// An order younger than this is not moved, only cancelled.
    pub life_min: Nanos,
}

/// One request that brings orders nearer to the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Take it away.
    Cancel(OrderId),
    /// Make its whole quantity this.
    Amend(OrderId, Qty),
    /// Move it.
    Replace(OrderId, Quote),
    /// Add one.
    Place(Quote),
}

/// How long an order is left alone after a request about it was refused.
pub const RETRY_AFTER: Nanos = Nanos::from_ms(20);

/// Most wishes of one side in one turn.
pub const WISHES_MAX: usize = 2 * LEVELS_MAX;

/// The wishes of one side, in the order they were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wishes {
    items: [Wish; WISHES_MAX],
    len: usize,
}

impl Wishes {
    /// None.
    pub const EMPTY: Self = Self { items: [Wish::Cancel(OrderId(0)); WISHES_MAX], len: 0 };

    /// More than fit wait for the next turn, which finds the same differences again.
    #[inline]
    fn push(&mut self, wish: Wish) {
        if let Some(place) = self.items.get_mut(self.len) {
            *place = wish;
            self.len += 1;
        }
    }

    /// All of them.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = Wish> + '_ {
        self.items[..self.len].iter().copied()
    }

    /// One of them by its place.
    #[inline]
    pub fn get(&self, place: usize) -> Option<Wish> {
        self.items[..self.len].get(place).copied()
    }

    /// Forgets them.
    #[inline]
    pub const fn clear(&mut self) {
        self.len = 0;
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Everything that [`reconcile`] looks at besides orders.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Which side.
    pub side: Side,
    /// What should stand.
    pub quotes: &'a [Quote],
    /// Which differences matter.
    pub tolerance: Tolerance,
    /// Whether the venue can reduce in place.
    pub amends: bool,
    /// Event time.
    pub now: Nanos,
}

/// Compares the live orders of a side (the first 64, oldest first) with what is wanted; what they
/// call for takes the place of the wishes that were there.
#[inline]
pub fn reconcile<'a>(
    wanted: &Wanted<'_>,
    orders: impl Iterator<Item = &'a Order> + Clone,
    wishes: &mut Wishes,
) {
    wishes.clear();
    if is_as_wanted(wanted, orders.clone()) {
        return;
    }
    let mut side = Standing::EMPTY;
    let (mut blocked, mut count) = (false, 0);
    for order in orders {
        blocked |= order.state == OrderState::Unknown;
        count += 1;
        side.add(order);
    }
    let (mut used, mut met) = (0_u64, 0_u32);
    for (level, quote) in wanted.quotes.iter().enumerate() {
        let found = side.find(quote.price, wanted.tolerance.price_ticks, used);
        if let Some((place, order)) = found {
            used |= 1 << place;
            met |= 1 << level;
            adjust(wanted, order, quote, blocked, wishes);
        }
    }
    if met.count_ones() as usize == wanted.quotes.len() && used.count_ones() == count {
        return;
    }
    let quotes = wanted.quotes.iter().enumerate();
    let mut open_quotes = quotes.filter(|(level, _)| met & (1 << level) == 0);
    let others = side.without(used);
    // Orders with an answer outstanding stand for a quote until the answer comes.
    for _ in others.clone().filter(|order| order.state != OrderState::Open) {
        open_quotes.next();
    }
    for order in others.filter(|order| order.state == OrderState::Open) {
        let young = wanted.now.since(order.sent_at) < wanted.tolerance.life_min;
        match open_quotes.next() {
            _ if refused_lately(order, wanted.now) => {}
            Some(_) if young => {}
            Some((_, quote)) if !blocked => wishes.push(Wish::Replace(order.id(), *quote)),
            _ => wishes.push(Wish::Cancel(order.id())),
        }
    }
    if !blocked {
        for (_, quote) in open_quotes {
            wishes.push(Wish::Place(*quote));
        }
    }
}

/// Whether each order stands for the quote of its own place: the usual case, and what the whole
/// comparison would find too, as an order that is oldest of those left is looked at first.
#[inline]
fn is_as_wanted<'a>(wanted: &Wanted<'_>, mut orders: impl Iterator<Item = &'a Order>) -> bool {
    let within = wanted.tolerance.price_ticks.unsigned_abs();
    for quote in wanted.quotes {
        let Some(order) = orders.next() else { return false };
        let stands = order.state == OrderState::Open && !order.tif.is_immediate();
        let is_near = order.price.0.abs_diff(quote.price.0) <= within;
        if !stands || !is_near || order.remaining() != quote.qty {
            return false;
        }
    }
    orders.next().is_none()
}

/// Most orders of a side that are compared.
const COMPARED_MAX: usize = 64;

/// The orders of a side in one place, with a bit for each.
struct Standing<'a> {
    orders: [Option<&'a Order>; COMPARED_MAX],
    len: usize,
    /// Those that may stand for a quote.
    good: u64,
}

impl<'a> Standing<'a> {
    const EMPTY: Self = Self { orders: [None; COMPARED_MAX], len: 0, good: 0 };

    /// One more, behind the others. Takes end by themselves and stand for no quote.
    #[inline]
    fn add(&mut self, order: &'a Order) {
        if order.tif.is_immediate() {
            return;
        }
        if let Some(place) = self.orders.get_mut(self.len) {
            *place = Some(order);
            let gone = matches!(order.state, OrderState::PendingCancel | OrderState::Unknown);
            self.good |= u64::from(!gone) << self.len;
            self.len += 1;
        }
    }

    /// The first good one that is not used yet, at a price or so near to it.
    #[inline]
    fn find(&self, price: Price, within: i64, used: u64) -> Option<(usize, &'a Order)> {
        let mut left = self.good & !used;
        while left != 0 {
            let place = left.trailing_zeros() as usize;
            left &= left - 1;
            let order = self.orders.get(place).copied().flatten()?;
            if order.price.0.abs_diff(price.0) <= within.unsigned_abs() {
                return Some((place, order));
            }
        }
        None
    }

    /// Those whose bits are not set.
    #[inline]
    fn without(&self, used: u64) -> impl Iterator<Item = &'a Order> + Clone {
        let all = self.orders.iter().enumerate().take(self.len);
        all.filter(move |(place, _)| used & (1 << place) == 0).filter_map(|(_, order)| *order)
    }
}

#[inline]
fn refused_lately(order: &Order, now: Nanos) -> bool {
    order.refused_at > Nanos::ZERO && now.since(order.refused_at) < RETRY_AFTER
}

/// The order stands at the right price: is its quantity right?
#[inline]
fn adjust(wanted: &Wanted<'_>, order: &Order, quote: &Quote, blocked: bool, wishes: &mut Wishes) {
    if order.state != OrderState::Open || refused_lately(order, wanted.now) {
        return;
    }
    let excess = order.remaining().0 - quote.qty.0;
    if excess == 0 {
        return;
    }
    let part = |ppm: i64| (i128::from(quote.qty.0) * i128::from(ppm) / 1_000_000) as i64;
    if excess > part(wanted.tolerance.excess_ppm) {
        let qty = order.filled.saturating_add(quote.qty);
        if wanted.amends && !order.amend_refused {
            wishes.push(Wish::Amend(order.id(), qty));
        } else if !blocked {
            wishes.push(Wish::Replace(order.id(), *quote));
        }
    } else if -excess > part(wanted.tolerance.shortage_ppm)
        && !blocked
        && wanted.now.since(order.sent_at) >= wanted.tolerance.life_min
    {
        wishes.push(Wish::Replace(order.id(), *quote));
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::id::{ClientId, InstrumentId};
    use crate::intent::{Place, Tif};
    use crate::num::Price;
    use std::string::String;
    use std::vec::Vec;

    /// `#3 open 100 5/2` is order 3 at 100 for 5, 2 filled; quotes are `100:5`.
    fn order(text: &str) -> Order {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (qty, filled) = words[3].split_once('/').unwrap_or((words[3], "0"));
        let order = OrderId::new(1, words[0][1..].parse().unwrap());
        let place = Place {
            client: ClientId { order, cause: 0 },
            instrument: InstrumentId(0),
            side: Side::Buy,
            price: Price(words[2].parse().unwrap()),
            qty: Qty(qty.parse().unwrap()),
            tif: Tif::PostOnly,
        };
        let state = OrderState::ALL.into_iter().find(|state| state.name() == words[1]).unwrap();
        Order { state, filled: Qty(filled.parse().unwrap()), ..Order::new(&place, Nanos(0)) }
    }

    fn check(orders: &[&str], quotes: &str, expect: &str) {
        let orders: Vec<Order> = orders.iter().map(|text| order(text)).collect();
        let quotes: Vec<Quote> = quotes
            .split_whitespace()
            .map(|text| {
                let (price, qty) = text.split_once(':').unwrap();
                Quote { price: Price(price.parse().unwrap()), qty: Qty(qty.parse().unwrap()) }
            })
            .collect();
        let wanted = Wanted {
            side: Side::Buy,
            quotes: &quotes,
            tolerance: Tolerance {
                price_ticks: 1,
                excess_ppm: 100_000,
                shortage_ppm: 500_000,
                life_min: Nanos(0),
            },
            amends: true,
            now: Nanos(0),
        };
        let mut wishes = Wishes::EMPTY;
        reconcile(&wanted, orders.iter(), &mut wishes);
        let text: Vec<String> = wishes
            .iter()
            .map(|wish| match wish {
                Wish::Cancel(id) => std::format!("cancel #{}", id.counter()),
                Wish::Amend(id, qty) => std::format!("amend #{} {qty}", id.counter()),
                Wish::Replace(id, q) => {
                    std::format!("replace #{} {}:{}", id.counter(), q.price, q.qty)
                }
                Wish::Place(q) => std::format!("place {}:{}", q.price, q.qty),
            })
            .collect();
        assert_eq!(text.join(", "), expect, "{orders:?}");
    }

    #[test]
    fn the_fewest_requests() {
        check(&[], "100:5 98:5", "place 100:5, place 98:5");
        check(&["#1 open 100 5"], "100:5", "");
        check(&["#1 open 100 5"], "101:5", "");
        check(&["#1 open 100 5"], "102:5", "replace #1 102:5");
        check(&["#1 open 100 5"], "", "cancel #1");
        check(&["#1 open 100 5", "#2 open 98 5"], "98:5", "cancel #1");
        check(&["#1 open 100 5", "#2 open 98 5"], "98:5 96:5", "replace #1 96:5");
        check(&["#1 open 100 5", "#2 open 98 5", "#3 open 96 5"], "98:5", "cancel #1, cancel #3");
    }

    #[test]
    fn a_smaller_quantity_keeps_its_place() {
        check(&["#1 open 100 10"], "100:5", "amend #1 5");
        check(&["#1 open 100 10/3"], "100:5", "amend #1 8");
        check(&["#1 open 100 5/2"], "100:5", "");
        check(&["#1 open 100 5/3"], "100:5", "replace #1 100:5");
    }

    #[test]
    fn an_order_that_the_venue_does_not_amend_is_replaced() {
        let refused = Order { amend_refused: true, ..order("#1 open 100 10") };
        let quotes = [Quote { price: Price(100), qty: Qty(5) }];
        let tolerance =
            Tolerance { price_ticks: 0, excess_ppm: 0, shortage_ppm: 0, life_min: Nanos(0) };
        let (side, now) = (Side::Buy, Nanos(0));
        let wanted = Wanted { side, quotes: &quotes, tolerance, amends: true, now };
        let mut wishes = Wishes::EMPTY;
        reconcile(&wanted, [refused].iter(), &mut wishes);
        assert_eq!(wishes.iter().collect::<Vec<_>>(), [Wish::Replace(refused.id(), quotes[0])]);
    }

    #[test]
    fn what_is_not_answered_is_waited_for() {
        check(&["#1 pending-new 100 5"], "105:5", "");
        check(&["#1 pending-cancel 100 5"], "105:5", "");
        check(&["#1 pending-cancel 100 5", "#2 pending-new 105 5"], "105:5", "");
        check(&["#1 pending-amend 100 5"], "100:2", "");
    }

    #[test]
    fn an_unknown_order_blocks_its_side_but_not_what_reduces() {
        check(&["#1 unknown 100 5"], "100:5 98:5", "");
        check(&["#1 unknown 100 5", "#2 open 98 5"], "96:5 95:5", "cancel #2");
        check(&["#1 unknown 100 5", "#2 open 98 5"], "98:2", "amend #2 2");
        check(&["#1 unknown 100 5", "#2 open 98 5"], "", "cancel #2");
    }
}
