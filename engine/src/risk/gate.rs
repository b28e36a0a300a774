//! The gate itself: the one place that makes [`Approved`].

use super::{Bucket, Limits, Refusal};
use crate::id::{OrderId, Side};
use crate::instrument::{Instrument, Status};
use crate::intent::{Approved, Intent, Place};
use crate::num::{Amount, Notional, Price, Qty};
use crate::time::Nanos;

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
    /// Live orders.
    pub open_orders: usize,
    /// Notional of all live orders and the position.
    pub gross: Notional,
    /// Spendable: total less all reserves, of the asset that this order would lock.
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
    limits: Limits,
    bucket: Bucket,
    killed: bool,
    last_id: OrderId,
    approved: u64,
    refusals: [u64; Refusal::ALL.len()],
}

impl Gate {
    /// A gate with these limits.
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            bucket: Bucket::new(limits.orders_per_s, limits.orders_burst),
            killed: false,
            last_id: OrderId(0),
            approved: 0,
            refusals: [0; Refusal::ALL.len()],
        }
    }

    /// Its limits.
    pub const fn limits(&self) -> &Limits {
        &self.limits
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
        match self.judge(intent.place(), facts) {
            Ok(()) => {
                self.bucket.take();
                self.last_id = intent.place().client.order;
                self.approved += 1;
                Ok(Approved::new(intent, facts.read_at, facts.now))
            }
            Err(refusal) => {
                self.refusals[refusal.index()] += 1;
                Err(refusal)
            }
        }
    }

    #[inline]
    fn judge(&mut self, place: &Place, facts: &Facts<'_>) -> Result<(), Refusal> {
        let limits = &self.limits;
        if self.killed {
            return Err(Refusal::Killed);
        }
        if !facts.quoting {
            return Err(Refusal::NotQuoting);
        }
        if facts.instrument.status != Status::Trading {
            return Err(Refusal::Closed);
        }
        let Some(mid_twice) = facts.mid_twice else { return Err(Refusal::BlankBook) };
        if facts.now.since(facts.market_at) > limits.market_age_max {
            return Err(Refusal::StaleBook);
        }
        if facts.side_unknown {
            return Err(Refusal::UnknownSide);
        }
        if !facts.id_free || place.client.order <= self.last_id {
            return Err(Refusal::DuplicateId);
        }
        price_checks(place, facts, limits, mid_twice)?;
        size_checks(place, facts, limits)?;
        if facts.day_pnl.0 <= limits.daily_loss_max.0.saturating_neg() {
            return Err(Refusal::DailyLoss);
        }
        if !self.bucket.has(facts.now) {
            return Err(Refusal::Rate);
        }
        Ok(())
    }
}

#[inline]
fn price_checks(
    place: &Place,
    facts: &Facts<'_>,
    limits: &Limits,
    mid_twice: i64,
) -> Result<(), Refusal> {
    let instrument = facts.instrument;
    let low = place.price.0 <= 0 || place.price < instrument.price_min;
    if low || (instrument.price_max.0 > 0 && place.price > instrument.price_max) {
        return Err(Refusal::Filter);
    }
    let off = |reference_twice: i64, ppm: i64| {
        let gap = (i128::from(place.price.0) * 2 - i128::from(reference_twice)).unsigned_abs();
        gap * 1_000_000
            > i128::from(reference_twice).unsigned_abs() * u128::from(ppm.unsigned_abs())
    };
    if off(mid_twice, limits.collar_mid_ppm) {
        return Err(Refusal::CollarMid);
    }
    if facts.last_trade.is_some_and(|trade| off(trade.0.saturating_mul(2), limits.collar_trade_ppm))
    {
        return Err(Refusal::CollarTrade);
    }
    let crosses = |own: Price| match place.side {
        Side::Buy => place.price >= own,
        Side::Sell => place.price <= own,
    };
    if facts.own_opposite.is_some_and(crosses) { Err(Refusal::SelfCross) } else { Ok(()) }
}

#[inline]
fn size_checks(place: &Place, facts: &Facts<'_>, limits: &Limits) -> Result<(), Refusal> {
    let instrument = facts.instrument;
    let notional = instrument.notional(place.price, place.qty);
    let breaks_filter = place.qty.0 <= 0
        || place.qty < instrument.qty_min
        || (instrument.qty_max.0 > 0 && place.qty > instrument.qty_max)
        || notional < instrument.notional_min
        || (instrument.notional_max.0 > 0 && notional > instrument.notional_max);
    if breaks_filter {
        return Err(Refusal::Filter);
    }
    if place.qty > limits.order_qty_max {
        return Err(Refusal::OrderQty);
    }
    if notional > limits.order_notional_max {
        return Err(Refusal::OrderNotional);
    }
    let amount = instrument.base_amount(place.qty);
    let needed = match place.side {
        Side::Buy => Amount(notional.0),
        Side::Sell => amount,
    };
    if needed > facts.spendable {
        return Err(Refusal::Balance);
    }
    let added = instrument.base_amount(facts.remaining).saturating_add(amount);
    let sign = place.side.sign();
    let worst = facts.position.0.saturating_mul(sign).saturating_add(added.0);
    if worst > limits.position_max.0 {
        return Err(Refusal::Position);
    }
    if facts.open_orders >= limits.open_orders_max as usize {
        return Err(Refusal::OpenOrders);
    }
    if facts.gross.saturating_add(notional) > limits.gross_notional_max {
        return Err(Refusal::GrossNotional);
    }
    Ok(())
}

mod saved;
#[cfg(test)]
mod tests;
