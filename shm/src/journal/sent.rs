//! Rows of what the engine sent.
//!
//! ```text
//!  kind         id           payload 0     payload 1   payload 2     flags
//!  PLACE        order        price ticks   qty lots    0             side, time in force
//!  REPLACE      new order    price ticks   qty lots    old order     side, time in force
//!  MOVE         order        price ticks   qty lots    0             side, time in force
//!  CONDITIONAL  order        price ticks   qty lots    trigger       side, time in force
//!               (trigger: its ticks, distance or share; bits 48: which price is watched, 50: which
//!               of the three it is, 52: alone, first or second of two, 56: it rises)
//!  ENTRY        order        price ticks   qty lots    0             side, time in force
//!  CANCEL       order        venue order
//!  AMEND        order        venue order   qty lots
//!  CANCEL_ALL   0
//!  QUERY        order        venue order
//!  RECONCILE, RENEW  0       (instrument: the venue)
//!  RESYNC       0
//!  all: payload 3 = seq of the event that caused it, at = its time, recv = ns from the read of
//!  the message that caused it until it was handed on (not compared by replay)
//! ```

use engine::condition::{By, Condition, Tie, Watched};
use engine::event::Event;
use engine::id::{InstrumentId, OrderId, Side};
use engine::intent::{Intent, OrderRef, Outgoing, Place, Reduce, Tif};
use engine::num::{Price, Qty};
use engine::time::Nanos;

/// Numbers of the kinds, fixed for ever.
pub mod kind {
    #![allow(missing_docs)]
    pub const PLACE: u8 = 128;
    pub const REPLACE: u8 = 129;
    pub const CANCEL: u8 = 130;
    pub const AMEND: u8 = 131;
    pub const CANCEL_ALL: u8 = 132;
    pub const QUERY: u8 = 133;
    pub const RECONCILE: u8 = 134;
    pub const RENEW: u8 = 135;
    pub const RESYNC: u8 = 136;
    pub const MOVE: u8 = 137;
    pub const CONDITIONAL: u8 = 138;
    pub const ENTRY: u8 = 139;
}

const SELL: u8 = 1;
const TIF_SHIFT: u8 = 1;
const WATCHED_SHIFT: u32 = 48;
const BY_SHIFT: u32 = 50;
const TIE_SHIFT: u32 = 52;
const RISES: u64 = 1 << 56;
const TICKS: u64 = (1 << WATCHED_SHIFT) - 1;

/// What a row of this family says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A new order, in place of another where `old` is one.
    Place {
        /// Its id.
        order: OrderId,
        /// The order that it takes the place of.
        old: Option<OrderId>,
        /// Buy or sell.
        side: Side,
        /// Limit price.
        price: Price,
        /// Quantity.
        qty: Qty,
        /// How long it stands.
        tif: Tif,
        /// What the venue is to wait for, and whether it is one of two.
        until: Option<(Condition, Tie)>,
        /// Whether two that sleep until it is filled belong to it.
        is_entry: bool,
    },
    /// An order changed in place.
    Move {
        /// Its id.
        order: OrderId,
        /// Buy or sell.
        side: Side,
        /// Limit price.
        price: Price,
        /// Whole quantity.
        qty: Qty,
    },
    /// Cancel of an order.
    Cancel(OrderId),
    /// A smaller whole quantity.
    Amend(OrderId, Qty),
    /// Cancel of all orders of the row's instrument.
    CancelAll,
    /// A question for an order.
    Query(OrderId),
    /// Reconcile anew.
    Reconcile,
    /// Renew the dead-man's switch.
    Renew,
    /// Fetch a snapshot of the row's instrument.
    Resync,
}

/// The row of an item that the event of `cause` made at `at`; `span_ns` is how long after the read
/// of the message that caused it.
#[inline]
pub fn row(item: &Outgoing, cause: u64, at: Nanos, span_ns: u32) -> Event {
    let mut row = Event { at, recv_delta_ns: span_ns, ..Event::default() };
    row.payload[3] = cause;
    match item {
        Outgoing::Place(approved) => match approved.intent() {
            Intent::Place(place) => put_place(&mut row, kind::PLACE, place),
            Intent::Entry(place) => put_place(&mut row, kind::ENTRY, place),
            Intent::Conditional { order, until, tie } => {
                put_place(&mut row, kind::CONDITIONAL, order);
                row.payload[2] = word(until, *tie);
            }
            Intent::Replace { old, new } => {
                put_place(&mut row, kind::REPLACE, new);
                row.payload[2] = old.order().0;
            }
            Intent::Move { new, .. } => put_place(&mut row, kind::MOVE, new),
        },
        Outgoing::Reduce(reduce) => put_reduce(&mut row, reduce),
        Outgoing::Resync(instrument) => {
            row.kind = kind::RESYNC;
            row.instrument = *instrument;
        }
    }
    row
}

fn word(until: &Condition, tie: Tie) -> u64 {
    let rises = if until.rises { RISES } else { 0 };
    let (watched, by) = ((until.watched as u64) << WATCHED_SHIFT, (until.by as u64) << BY_SHIFT);
    until.price.0 as u64 & TICKS | watched | by | (tie as u64) << TIE_SHIFT | rises
}

#[inline]
fn put_place(row: &mut Event, kind: u8, place: &Place) {
    row.kind = kind;
    row.id = place.client.order.0;
    row.instrument = place.instrument;
    row.payload[0] = place.price.0 as u64;
    row.payload[1] = place.qty.0 as u64;
    let sell = if place.side == Side::Sell { SELL } else { 0 };
    row.flags = sell | (place.tif as u8) << TIF_SHIFT;
}

fn put_reduce(row: &mut Event, reduce: &Reduce) {
    let mut about = |kind: u8, order: &OrderRef| {
        row.kind = kind;
        row.id = order.order().0;
        row.instrument = order.instrument;
        row.payload[0] = order.venue_order;
    };
    match reduce {
        Reduce::Cancel(order) => about(kind::CANCEL, order),
        Reduce::Amend { order, qty } => {
            about(kind::AMEND, order);
            row.payload[1] = qty.0 as u64;
        }
        Reduce::Query(order) => about(kind::QUERY, order),
        Reduce::CancelAll(instrument) => {
            row.kind = kind::CANCEL_ALL;
            row.instrument = *instrument;
        }
        Reduce::Reconcile(venue) => {
            row.kind = kind::RECONCILE;
            row.instrument = InstrumentId(u16::from(venue.0));
        }
        Reduce::Renew(venue) => {
            row.kind = kind::RENEW;
            row.instrument = InstrumentId(u16::from(venue.0));
        }
    }
}

/// Whether two rows say the same: everything but how long it took.
#[inline]
pub fn same(one: &Event, other: &Event) -> bool {
    (one.at, one.id, one.payload, one.instrument, one.kind, one.flags)
        == (other.at, other.id, other.payload, other.instrument, other.kind, other.flags)
}

/// The `seq` of the event that caused a sent row.
pub const fn cause(row: &Event) -> u64 {
    row.payload[3]
}

/// What the row says; `None` when it is none of this family.
pub fn read(row: &Event) -> Option<Sent> {
    let order = OrderId(row.id);
    let qty = Qty(row.payload[1] as i64);
    Some(match row.kind {
        kind::PLACE | kind::REPLACE | kind::CONDITIONAL | kind::ENTRY => Sent::Place {
            order,
            old: (row.kind == kind::REPLACE).then_some(OrderId(row.payload[2])),
            side: if row.flags & SELL == 0 { Side::Buy } else { Side::Sell },
            price: Price(row.payload[0] as i64),
            qty,
            tif: tif(row.flags >> TIF_SHIFT)?,
            until: (row.kind == kind::CONDITIONAL).then(|| until(row.payload[2])).flatten(),
            is_entry: row.kind == kind::ENTRY,
        },
        kind::MOVE => Sent::Move {
            order,
            side: if row.flags & SELL == 0 { Side::Buy } else { Side::Sell },
            price: Price(row.payload[0] as i64),
            qty,
        },
        kind::CANCEL => Sent::Cancel(order),
        kind::AMEND => Sent::Amend(order, qty),
        kind::CANCEL_ALL => Sent::CancelAll,
        kind::QUERY => Sent::Query(order),
        kind::RECONCILE => Sent::Reconcile,
        kind::RENEW => Sent::Renew,
        kind::RESYNC => Sent::Resync,
        _ => return None,
    })
}

fn until(word: u64) -> Option<(Condition, Tie)> {
    let place = |shift: u32| (word >> shift & 3) as usize;
    let until = Condition {
        price: Price((word & TICKS) as i64),
        by: *By::ALL.get(place(BY_SHIFT))?,
        watched: Watched::ALL.get(place(WATCHED_SHIFT))?.0,
        rises: word & RISES != 0,
    };
    Some((until, *Tie::ALL.get(place(TIE_SHIFT))?))
}

fn tif(number: u8) -> Option<Tif> {
    [Tif::PostOnly, Tif::Gtc, Tif::Ioc, Tif::Fok].into_iter().find(|tif| *tif as u8 == number)
}

/// Where a row of this kind is about an instrument of its own.
pub const fn instrument(row: &Event) -> Option<InstrumentId> {
    match row.kind {
        kind::RECONCILE | kind::RENEW => None,
        _ => Some(row.instrument),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_order_waits_for_comes_back_as_it_went() {
        for (by, watched, tie, rises) in [
            (By::Price, Watched::Last, Tie::Alone, true),
            (By::Distance, Watched::Mark, Tie::First, false),
            (By::Share, Watched::Mid, Tie::Second, true),
        ] {
            let until = Condition { price: Price(123_456), by, watched, rises };
            assert_eq!(super::until(word(&until, tie)), Some((until, tie)));
        }
        // As journals have it that know neither ties nor what trails.
        let old = 95 | 1 << WATCHED_SHIFT | RISES;
        let mark = Watched::Mark;
        let until = Condition { price: Price(95), by: By::Price, watched: mark, rises: true };
        assert_eq!(super::until(old), Some((until, Tie::Alone)));
        assert_eq!(super::until(3 << BY_SHIFT), None);
    }
}
