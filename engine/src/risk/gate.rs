//! The gate itself: the one place that makes [`Approved`].

use super::{Bucket, Limits, Refusal};
use crate::condition::Tie;
use crate::id::{OrderId, Side};
use crate::instrument::{Instrument, Kind, Status};
use crate::intent::{Approved, Intent, Place};
use crate::num::{Amount, Notional, Price, Qty};
use crate::time::Nanos;
use alloc::vec::Vec;

/// What the gate judges an order by; gathered by the engine for each order anew, worst case first:
/// pending, unknown and cancelling orders count as if they would fill.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Event time.
    pub now: Nanos,
    /// When the last byte of the causing message was read.
    pub read_at: Nanos,
    /// What is traded.
    pub instrument: &'a Instrument,
    /// Its place among the desk's instruments.
    pub lane: usize,
    /// The order's notional in the money that the market counts in; `None` while its quote asset
    /// has no value.
    pub notional: Option<Notional>,
    /// Which of the limits that all desks share it would pass: gross notional, open orders, rate.
    pub shared: [bool; 3],
    /// Whether orders are allowed in this phase.
    pub quoting: bool,
    /// Twice the mid of a live book.
    pub mid_twice: Option<i64>,
    /// Price of the last public trade.
    pub last_trade: Option<Price>,
    /// When the book's last row was read.
    pub market_at: Nanos,
    /// Held of the base asset by this desk.
    pub position: Amount,
    /// What live orders of the same side could still fill.
    pub remaining: Qty,
    /// How much of the order can only close a margined position, and needs no margin.
    pub closes: Qty,
    /// Live orders.
    pub open_orders: usize,
    /// Notional of all live orders and the position.
    pub gross: Notional,
    /// Spendable of the asset that this order would lock: what is free of it less what orders lock.
    pub spendable: Amount,
    /// Best price of our live orders of the other side.
    pub own_opposite: Option<Price>,
    /// Profit or loss since the start of the day.
    pub day_pnl: Notional,
    /// Whether an order of this side is unknown.
    pub side_unknown: bool,
    /// Whether the order table has room for this id.
    pub id_free: bool,
}

/// The gate of one desk.
#[derive(Debug)]
pub struct Gate {
    /// By instrument of the desk.
    limits: Vec<Limits>,
    bucket: Bucket,
    killed: bool,
    last_id: OrderId,
    approved: u64,
    refusals: [u64; Refusal::ALL.len()],
}

impl Gate {
    /// A gate with these limits, one for each instrument of its desk; those of the whole desk are
    /// the first's.
    pub fn new(limits: Vec<Limits>) -> Self {
        let first = limits.first().copied().unwrap_or_default();
        Self {
            limits,
            bucket: Bucket::new(first.orders_per_s, first.orders_burst),
            killed: false,
            last_id: OrderId(0),
            approved: 0,
            refusals: [0; Refusal::ALL.len()],
        }
    }

    /// The limits of an instrument, by its place among the desk's.
    #[inline]
    pub fn limits(&self, lane: usize) -> &Limits {
        const NONE: Limits = Limits::NOTHING;
        self.limits.get(lane).unwrap_or(&NONE)
    }

    /// Sets the kill switch; nothing passes any more in this process.
    pub const fn kill(&mut self) {
        self.killed = true;
    }

    /// Whether the kill switch is set.
    pub const fn is_killed(&self) -> bool {
        self.killed
    }

    /// Whether an order could pass the rate limit now; asking refuses and counts nothing.
    #[inline]
    pub fn has_token(&mut self, now: Nanos) -> bool {
        self.bucket.has(now)
    }

    /// How many orders passed.
    pub const fn approved(&self) -> u64 {
        self.approved
    }

    /// How many orders each reason refused, by [`Refusal::index`].
    pub const fn refusals(&self) -> &[u64; Refusal::ALL.len()] {
        &self.refusals
    }

    /// Judges an order. A token leaves the bucket only when it passes.
    #[inline]
    pub fn check(&mut self, intent: Intent, facts: &Facts<'_>) -> Result<Approved, Refusal> {
        let token = self.bucket.has(facts.now);
        // The second of two may be the same order as the first.
        let moves =
            matches!(intent, Intent::Move { .. } | Intent::Conditional { tie: Tie::Second, .. });
        match self.judge(intent.place(), moves, facts, token) {
            Ok(()) => {
                self.bucket.take();
                self.last_id = intent.place().client.order.max(self.last_id);
                self.approved += 1;
                Ok(Approved::new(intent, facts.read_at, facts.now))
            }
            Err(refusal) => {
                self.refusals[refusal.index()] += 1;
                Err(refusal)
            }
        }
    }

    /// Whether an order would pass, by all that it is judged by. Asking leaves no trace: nothing is
    /// approved, refused or counted.
    #[inline]
    pub fn would_pass(&self, place: &Place, facts: &Facts<'_>) -> bool {
        self.would_pass_after(0, place, facts)
    }

    /// The same after so many others.
    pub fn would_pass_after(&self, others: u32, place: &Place, facts: &Facts<'_>) -> bool {
        let mut bucket = self.bucket;
        for _ in 0..others {
            bucket.has(facts.now);
            bucket.take();
        }
        self.judge(place, false, facts, bucket.has(facts.now)).is_ok()
    }

    /// Every test is made, whatever the ones before it said: how long it takes tells nothing and
    /// depends on nothing, and there is no branch to guess wrong. The first that fails is the
    /// reason.
    #[inline]
    fn judge(
        &self,
        place: &Place,
        moves: bool,
        facts: &Facts<'_>,
        token: bool,
    ) -> Result<(), Refusal> {
        let (limits, desk) = (self.limits(facts.lane), self.limits(0));
        let stale = facts.now.since(facts.market_at) > limits.market_age_max;
        let fails = [
            self.killed,
            !facts.quoting,
            facts.instrument.status != Status::Trading,
            facts.mid_twice.is_none() | facts.notional.is_none(),
            stale,
            facts.side_unknown,
            !moves & (!facts.id_free | (place.client.order <= self.last_id)),
        ];
        let session = bits(fails);
        let price = bits(price_tests(place, facts, limits));
        let size = bits(size_tests(place, facts, limits, desk));
        let loss = facts.day_pnl.0 <= desk.daily_loss_max.0.saturating_neg();
        let [gross, open, rate] = facts.shared;
        let last = bits([loss, !token, gross, open, rate]);
        let all = session | price << PRICE | size << SIZE | last << LAST;
        match REASONS.get(all.trailing_zeros() as usize) {
            Some(refusal) => Err(*refusal),
            None => Ok(()),
        }
    }
}

/// Where the tests of price, of size, and the last ones begin among [`REASONS`].
const PRICE: u32 = 7;
const SIZE: u32 = 11;
const LAST: u32 = 18;

/// The tests in the order in which they give the reason.
const REASONS: [Refusal; 23] = [
    Refusal::Killed,
    Refusal::NotQuoting,
    Refusal::Closed,
    Refusal::BlankBook,
    Refusal::StaleBook,
    Refusal::UnknownSide,
    Refusal::DuplicateId,
    Refusal::Filter,
    Refusal::CollarMid,
    Refusal::CollarTrade,
    Refusal::SelfCross,
    Refusal::Filter,
    Refusal::OrderQty,
    Refusal::OrderNotional,
    Refusal::Balance,
    Refusal::Position,
    Refusal::OpenOrders,
    Refusal::GrossNotional,
    Refusal::DailyLoss,
    Refusal::Rate,
    Refusal::SharedGross,
    Refusal::SharedOrders,
    Refusal::SharedRate,
];

/// The first of them lowest.
#[inline]
fn bits<const N: usize>(fails: [bool; N]) -> u32 {
    let mut word = 0;
    for (place, fails) in fails.into_iter().enumerate() {
        word |= u32::from(fails) << place;
    }
    word
}

#[inline]
fn price_tests(place: &Place, facts: &Facts<'_>, limits: &Limits) -> [bool; 4] {
    let (instrument, price) = (facts.instrument, place.price);
    let twice = price.0.saturating_add(price.0);
    let off = |reference_twice: i64, ppm: i64| {
        let gap = twice.saturating_sub(reference_twice).unsigned_abs();
        u128::from(gap) * 1_000_000
            > u128::from(reference_twice.unsigned_abs()) * u128::from(ppm.unsigned_abs())
    };
    // Without a reference the order is its own.
    let trade_twice = facts.last_trade.map_or(twice, |trade| trade.0.saturating_add(trade.0));
    let (buys, own) = (place.side == Side::Buy, facts.own_opposite);
    let crosses = own.map_or([false; 2], |own| [price >= own, price <= own]);
    [
        (price.0 <= 0)
            | (price < instrument.price_min)
            | (instrument.price_max.0 > 0) & (price > instrument.price_max),
        off(facts.mid_twice.unwrap_or(twice), limits.collar_mid_ppm),
        off(trade_twice, limits.collar_trade_ppm),
        buys & crosses[0] | !buys & crosses[1],
    ]
}

#[inline]
fn size_tests(place: &Place, facts: &Facts<'_>, limits: &Limits, desk: &Limits) -> [bool; 7] {
    let (instrument, qty) = (facts.instrument, place.qty);
    let notional = instrument.notional(place.price, qty);
    let amount = instrument.base_amount(qty);
    let needed = match (instrument.kind, place.side) {
        (Kind::Spot, Side::Buy) => notional.0,
        (Kind::Spot, Side::Sell) => amount.0,
        (Kind::Linear, _) => {
            let opens = qty.saturating_sub(facts.closes);
            instrument.margin(instrument.notional(place.price, opens)).0
        }
    };
    let counted = facts.notional.unwrap_or(notional);
    let added = instrument.base_amount(facts.remaining).saturating_add(amount);
    let held = match place.side {
        Side::Buy => facts.position.0,
        Side::Sell => facts.position.0.saturating_neg(),
    };
    [
        (qty.0 <= 0)
            | (qty < instrument.qty_min)
            | (instrument.qty_max.0 > 0) & (qty > instrument.qty_max)
            | (notional < instrument.notional_min)
            | (instrument.notional_max.0 > 0) & (notional > instrument.notional_max),
        qty > limits.order_qty_max,
        counted > limits.order_notional_max,
        needed > facts.spendable.0,
        held.saturating_add(added.0) > limits.position_max.0,
        facts.open_orders >= desk.open_orders_max as usize,
        facts.gross.saturating_add(counted) > desk.gross_notional_max,
    ]
}

mod saved;
#[cfg(test)]
mod tests;
