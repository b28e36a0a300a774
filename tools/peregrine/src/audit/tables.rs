//! Rows of the tables of events, decisions and fills.

use super::table::{Kind, Schema, Value};
use crate::print::{self, Text};
use engine::engine::Engine;
use engine::event::{Body, flag};
use engine::id::{CAUSE_MAX, InstrumentId, OrderId, Side};
use engine::instrument::Instrument;
use engine::num::{AMOUNT_DECIMALS, Amount, Decimal, Price, Qty};
use shm::journal::{Row, Sent, sent};
use strategies::any::Any;

/// Columns of events: what all have, what many have, and the whole as text.
pub const EVENTS: Schema = &[
    ("seq", Kind::Int),
    ("at", Kind::Time),
    ("read_at", Kind::Time),
    ("kind", Kind::Int),
    ("instrument", Kind::Text),
    ("id", Kind::Int),
    ("order", Kind::Text),
    ("side", Kind::Text),
    ("price", Kind::Decimal),
    ("qty", Kind::Decimal),
    ("last_of_message", Kind::Flag),
    ("venue_delta_us", Kind::Int),
    ("text", Kind::Text),
];

/// Columns of decisions.
pub const DECISIONS: Schema = &[
    ("seq", Kind::Int),
    ("at", Kind::Time),
    ("action", Kind::Text),
    ("instrument", Kind::Text),
    ("order", Kind::Text),
    ("old_order", Kind::Text),
    ("side", Kind::Text),
    ("price", Kind::Decimal),
    ("qty", Kind::Decimal),
    ("time_in_force", Kind::Text),
    ("cause_seq", Kind::Int),
    ("cause_kind", Kind::Int),
    ("cause_id", Kind::Int),
    ("read_to_sent_ns", Kind::Int),
    ("phase", Kind::Text),
    ("best_bid", Kind::Decimal),
    ("best_ask", Kind::Decimal),
    ("position", Kind::Decimal),
];

/// Columns of fills.
pub const FILLS: Schema = &[
    ("seq", Kind::Int),
    ("at", Kind::Time),
    ("instrument", Kind::Text),
    ("order", Kind::Text),
    ("trade", Kind::Int),
    ("side", Kind::Text),
    ("price", Kind::Decimal),
    ("qty", Kind::Decimal),
    ("fee", Kind::Decimal),
    ("fee_asset", Kind::Int),
    ("maker", Kind::Flag),
    ("asked", Kind::Flag),
    ("venue_delta_us", Kind::Int),
    ("position_after", Kind::Decimal),
    ("mid", Kind::Decimal),
];

pub(super) fn instrument(engine: &Engine<Any>, id: InstrumentId) -> Option<&Instrument> {
    engine.market.listing(id).map(|listing| &listing.instrument)
}

pub(super) fn price(instrument: Option<&Instrument>, price: Price) -> Value {
    instrument.map_or(Value::None, |one| Value::Decimal(one.tick.decimal(price.0)))
}

pub(super) fn qty(instrument: Option<&Instrument>, qty: Qty) -> Value {
    instrument.map_or(Value::None, |one| Value::Decimal(one.lot.decimal(qty.0)))
}

pub(super) const fn amount(amount: Amount) -> Value {
    Value::Decimal(Decimal { value: amount.0, decimals: AMOUNT_DECIMALS })
}

pub(super) fn side(side: Side) -> Value {
    Value::text(if side == Side::Buy { "buy" } else { "sell" })
}

fn symbol(instrument: Option<&Instrument>) -> Value {
    instrument.map_or(Value::None, |one| Value::text(one.symbol))
}

fn position(engine: &Engine<Any>, id: InstrumentId) -> Value {
    let held = engine.desks.iter().filter(|desk| desk.trades(id));
    let held = held.filter_map(|desk| desk.positions.get(id.index()));
    amount(Amount(held.map(|position| position.base.0).sum()))
}

/// An event as a row.
pub fn event(row: &Row, engine: &Engine<Any>) -> Vec<Value> {
    let event = &row.event;
    let one = print::instrument(event).and_then(|id| instrument(engine, id));
    let body = event.body();
    let (taken, at, size) = match body {
        Some(Body::Level { side, price, qty }) => (Some(side), Some(price), Some(qty)),
        Some(Body::Trade { price, qty, taker }) => (Some(taker), Some(price), Some(qty)),
        Some(Body::Fill(fill)) => (Some(fill.side), Some(fill.price), Some(fill.qty)),
        Some(Body::Standing(order)) => (Some(order.side), Some(order.price), Some(order.qty)),
        Some(Body::Amended { qty, .. }) => (None, None, Some(qty)),
        _ => (None, None, None),
    };
    let order = body.and_then(|body| body.order());
    vec![
        Value::int(row.seq),
        Value::Time(event.at),
        Value::Time(event.read_at()),
        Value::Int(i64::from(event.kind)),
        symbol(one),
        Value::int(event.id),
        order.map_or(Value::None, Value::text),
        taken.map_or(Value::None, side),
        at.map_or(Value::None, |at| price(one, at)),
        size.map_or(Value::None, |size| qty(one, size)),
        Value::Flag(event.has(flag::LAST)),
        Value::Int(i64::from(event.venue_delta_us)),
        Value::text(Text::new(event, &engine.market)),
    ]
}

/// Something sent as a row, with the event that caused it.
pub fn decision(row: &Row, cause: Option<&Row>, engine: &Engine<Any>) -> Vec<Value> {
    let event = &row.event;
    let id = sent::instrument(event);
    let one = id.and_then(|id| instrument(engine, id));
    let (order, size);
    let (mut old, mut taken, mut at, mut tif) =
        (Value::None, Value::None, Value::None, Value::None);
    let action = match sent::read(event) {
        Some(Sent::Place {
            order: id,
            old: was,
            side: way,
            price: level,
            qty: lots,
            tif: force,
            until,
            is_entry,
        }) => {
            (order, taken) = (Value::text(id), side(way));
            (at, size) = (price(one, level), qty(one, lots));
            tif = Value::text(format!("{force:?}").to_lowercase());
            old = was.map_or(Value::None, Value::text);
            match (was, until) {
                (Some(_), _) => "replace",
                (None, Some(_)) => "conditional",
                (None, None) if is_entry => "entry",
                (None, None) => "place",
            }
        }
        Some(Sent::Move { order: id, side: way, price: level, qty: lots }) => {
            (order, taken) = (Value::text(id), side(way));
            (at, size) = (price(one, level), qty(one, lots));
            "move"
        }
        said => {
            let (name, id, lots) = reduction(said);
            order = id.map_or(Value::None, Value::text);
            size = lots.map_or(Value::None, |lots| qty(one, lots));
            name
        }
    };
    let best = |way: Side| {
        let listing = id.and_then(|id| engine.market.listing(id));
        let level = listing.filter(|listing| listing.book.is_live());
        let level = level.and_then(|listing| listing.book.best(way));
        level.map_or(Value::None, |(level, _)| price(one, level))
    };
    let cause = cause.map(|cause| &cause.event);
    vec![
        Value::int(row.seq),
        Value::Time(event.at),
        Value::text(action),
        symbol(one),
        order,
        old,
        taken,
        at,
        size,
        tif,
        Value::int(sent::cause(event)),
        cause.map_or(Value::None, |cause| Value::Int(i64::from(cause.kind))),
        cause.map_or(Value::None, |cause| Value::int(cause.id & CAUSE_MAX)),
        Value::Int(i64::from(event.recv_delta_ns)),
        Value::text(engine.phase().name()),
        best(Side::Buy),
        best(Side::Sell),
        id.map_or(Value::None, |id| position(engine, id)),
    ]
}

/// Name, order and quantity of what only reduces, or asks.
const fn reduction(said: Option<Sent>) -> (&'static str, Option<OrderId>, Option<Qty>) {
    match said {
        Some(Sent::Cancel(id)) => ("cancel", Some(id), None),
        Some(Sent::Amend(id, lots)) => ("amend", Some(id), Some(lots)),
        Some(Sent::Query(id)) => ("query", Some(id), None),
        Some(Sent::CancelAll) => ("cancel-all", None, None),
        Some(Sent::Reconcile) => ("reconcile", None, None),
        Some(Sent::Renew) => ("renew", None, None),
        Some(Sent::Resync) => ("resync", None, None),
        _ => ("?", None, None),
    }
}

/// A fill as a row, if the event is one.
pub fn fill(row: &Row, engine: &Engine<Any>) -> Option<Vec<Value>> {
    let event = &row.event;
    let Some(Body::Fill(fill)) = event.body() else { return None };
    let one = instrument(engine, event.instrument);
    let mid = engine.market.listing(event.instrument).and_then(|listing| listing.last_mid_twice);
    let mid = mid.zip(one).map_or(Value::None, |(twice, one)| {
        // Half ticks have one place more.
        let Decimal { value, decimals } = one.tick.decimal(twice);
        let value = value.saturating_mul(5);
        Value::Decimal(Decimal { value, decimals: decimals + 1 })
    });
    Some(vec![
        Value::int(row.seq),
        Value::Time(event.at),
        symbol(one),
        Value::text(fill.order),
        Value::int(fill.trade),
        side(fill.side),
        price(one, fill.price),
        qty(one, fill.qty),
        amount(fill.fee),
        Value::Int(i64::from(fill.fee_asset.0)),
        Value::Flag(fill.maker),
        Value::Flag(event.has(flag::ASKED)),
        Value::Int(i64::from(event.venue_delta_us)),
        position(engine, event.instrument),
        mid,
    ])
}
