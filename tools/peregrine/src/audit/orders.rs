//! One row an order: where it came from, what was filled, how it ended.

use super::table::{Kind, Schema, Value};
use super::tables::{amount, instrument, price, qty, side};
use engine::engine::Engine;
use engine::event::{Body, Reason};
use engine::id::{CAUSE_MAX, CLIENT_ID_LEN, ClientId, InstrumentId, OrderId, Side};
use engine::instrument::Instrument;
use engine::num::{Amount, Price, Qty};
use engine::time::Nanos;
use shm::journal::{Row, Sent, sent};
use std::collections::BTreeMap;
use std::path::Path;
use strategies::any::Any;

/// Columns of orders.
pub const SCHEMA: Schema = &[
    ("order", Kind::Text),
    ("client_id", Kind::Text),
    ("epoch", Kind::Int),
    ("instrument", Kind::Text),
    ("side", Kind::Text),
    ("price", Kind::Decimal),
    ("qty", Kind::Decimal),
    ("filled", Kind::Decimal),
    ("fills", Kind::Int),
    ("fee", Kind::Decimal),
    ("fee_asset", Kind::Text),
    ("state", Kind::Text),
    ("reason", Kind::Text),
    ("venue_order", Kind::Int),
    ("placed_at", Kind::Time),
    ("accepted_at", Kind::Time),
    ("done_at", Kind::Time),
    ("cause_seq", Kind::Int),
    ("placed_seq", Kind::Int),
    ("tick_to_order_ns", Kind::Int),
    ("order_to_ack_ns", Kind::Int),
];

struct Story {
    client: ClientId,
    instrument: Option<Instrument>,
    side: Side,
    price: Price,
    qty: Qty,
    filled: Qty,
    fills: i64,
    fee: Amount,
    fee_asset: Option<u16>,
    state: &'static str,
    reason: Reason,
    venue_order: u64,
    placed_at: Nanos,
    accepted_at: Option<Nanos>,
    done_at: Option<Nanos>,
    cause_seq: u64,
    placed_seq: u64,
    tick_ns: u32,
}

/// The orders of a journal.
pub struct Orders {
    stories: BTreeMap<u64, Story>,
    assets: engine::asset::Assets,
}

/// The text that the venue knows an order by.
pub fn client_text(client: ClientId) -> String {
    let mut text = [0; CLIENT_ID_LEN];
    client.write(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// The cause that a client order id carries when this event caused the order.
pub fn cause_of(cause: Option<&Row>) -> u64 {
    use engine::event::kind::{BEST, LEVEL};
    let cause = cause.map(|cause| cause.event).filter(|event| matches!(event.kind, LEVEL | BEST));
    cause.map_or(0, |event| event.id & CAUSE_MAX)
}

impl Orders {
    /// None yet; names of assets are those of the journal in this folder.
    pub fn new(folder: &Path) -> Self {
        Self { stories: BTreeMap::new(), assets: crate::journal::assets(folder) }
    }

    /// Takes a row that was just applied.
    pub fn take(&mut self, row: &Row, cause: Option<&Row>, engine: &Engine<Any>) {
        if row.is_sent() {
            self.sent(row, cause, engine);
            return;
        }
        let event = &row.event;
        let Some(body) = event.body() else { return };
        let Some(order) = body.order() else { return };
        let Some(story) = self.stories.get_mut(&order.0) else { return };
        match body {
            Body::Accepted { venue_order, .. } => {
                story.venue_order = venue_order;
                story.accepted_at.get_or_insert(event.read_at());
            }
            Body::Fill(fill) => {
                story.filled = story.filled.saturating_add(fill.qty);
                story.fills += 1;
                story.fee = story.fee.saturating_add(fill.fee);
                story.fee_asset = Some(fill.fee_asset.0);
            }
            Body::Amended { qty, .. } => story.qty = qty,
            Body::Done { reason, .. } => story.reason = reason,
            Body::Standing(standing) => story.venue_order = standing.venue_order,
            _ => {}
        }
        let known = engine.desks.iter().find_map(|desk| desk.orders.get(order));
        if let Some(known) = known {
            story.state = known.state.name();
            if known.state.is_terminal() {
                story.done_at.get_or_insert(event.at);
            }
        }
    }

    fn sent(&mut self, row: &Row, cause: Option<&Row>, engine: &Engine<Any>) {
        let event = &row.event;
        let Some(Sent::Place { order, side, price, qty, .. }) = sent::read(event) else { return };
        let story = Story {
            client: ClientId { order, cause: cause_of(cause) },
            instrument: instrument(engine, InstrumentId(event.instrument.0)).copied(),
            side,
            price,
            qty,
            filled: Qty(0),
            fills: 0,
            fee: Amount(0),
            fee_asset: None,
            state: "pending-new",
            reason: Reason::None,
            venue_order: 0,
            placed_at: event.at,
            accepted_at: None,
            done_at: None,
            cause_seq: sent::cause(event),
            placed_seq: row.seq,
            tick_ns: event.recv_delta_ns,
        };
        self.stories.insert(order.0, story);
    }

    /// All of them, in the order of their ids.
    pub fn rows(&self) -> impl Iterator<Item = Vec<Value>> + '_ {
        self.stories.iter().map(|(id, story)| self.row(OrderId(*id), story))
    }

    fn row(&self, id: OrderId, story: &Story) -> Vec<Value> {
        let one = story.instrument.as_ref();
        let time = |at: Option<Nanos>| at.map_or(Value::None, Value::Time);
        let asset = story.fee_asset.map(engine::id::AssetId);
        let name = asset.and_then(|asset| self.assets.name(asset));
        let ack = story.accepted_at.map(|at| at.since(story.placed_at).0);
        let reason = (story.reason != Reason::None).then(|| format!("{:?}", story.reason));
        vec![
            Value::text(id),
            Value::Text(client_text(story.client)),
            Value::Int(i64::from(id.epoch())),
            one.map_or(Value::None, |one| Value::text(one.symbol)),
            side(story.side),
            price(one, story.price),
            qty(one, story.qty),
            qty(one, story.filled),
            Value::Int(story.fills),
            amount(story.fee),
            name.map_or(Value::None, Value::text),
            Value::text(story.state),
            reason.map_or(Value::None, Value::Text),
            Value::int(story.venue_order),
            Value::Time(story.placed_at),
            time(story.accepted_at),
            time(story.done_at),
            Value::int(story.cause_seq),
            Value::int(story.placed_seq),
            Value::Int(i64::from(story.tick_ns)),
            ack.map_or(Value::None, Value::int),
        ]
    }
}
