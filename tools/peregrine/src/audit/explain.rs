//! `peregrine explain`: one order from the event that caused it to its end.

use super::args::ExplainArgs;
use super::orders::{cause_of, client_text};
use crate::cli;
use crate::exit::{Exit, Failure};
use crate::print::{Line, Text, Utc};
use crate::replay::walk::{Replay, Watch};
use engine::desk::Desk;
use engine::engine::Engine;
use engine::event::Body;
use engine::id::{ClientId, InstrumentId, OrderId, Side};
use engine::num::{AMOUNT_DECIMALS, Decimal, Notional};
use engine::time::Nanos;
use serde_json::{Value, json};
use shm::journal::sent::kind::{CONDITIONAL, ENTRY, PLACE, REPLACE};
use shm::journal::{Directory, JournalError, JournalReader, Row, sent};
use strategies::any::Any;

/// Levels of the book that are shown.
const DEPTH: usize = 5;
/// Rows of what became of it that are shown.
const LATER_MAX: usize = 200;

/// Tells the story of one order.
pub fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let order = parse(&args.order)?;
    let found = find(args, order).map_err(Failure::error)?;
    let Some((placed, later)) = found else {
        let text = format!(
            "{} holds no order {}: give its client id (pg-…) or the number that replay --print \
             shows",
            args.journal.display(),
            args.order
        );
        return Err(Failure::error(text));
    };
    let cause = sent::cause(&placed.event);
    let replay = Replay::<Any>::open(&args.journal, cause, cause);
    let mut replay = replay.map_err(Failure::error)?;
    let mut moment = Moment { cause, row: None };
    let differs = replay.run(&mut moment).map_err(Failure::error)?.is_some();
    let (Some(engine), Some(event)) = (replay.engine(), moment.row) else {
        return Err(Failure::error(format!("row {cause}, which caused it, is not in the journal")));
    };
    let story = Story { order, placed, event, later, engine, differs };
    if args.json {
        cli::print(&story.json());
    } else {
        cli::say(format_args!("{}", story.text().trim_end()));
    }
    Ok(Exit::Ok)
}

fn parse(text: &str) -> Result<OrderId, Failure> {
    let plain = text.trim_start_matches('#');
    let pair = || {
        let (epoch, counter) = plain.split_once('-')?;
        let part = |part: &str| u32::from_str_radix(part, 16).ok();
        Some(OrderId::new(part(epoch)?, part(counter)?))
    };
    let client = ClientId::parse(text.as_bytes()).map(|client| client.order);
    let number = || plain.parse().ok().map(OrderId);
    client.or_else(pair).or_else(number).ok_or_else(|| {
        Failure::usage(format!("`{text}` is no order: such as pg-6b011a9c-00000002-00000000000000"))
    })
}

/// Rows that place an order.
const PLACES: [u8; 4] = [PLACE, REPLACE, CONDITIONAL, ENTRY];

/// The row that placed it, and everything about it behind that.
fn find(args: &ExplainArgs, order: OrderId) -> Result<Option<(Row, Vec<Row>)>, JournalError> {
    let mut reader = JournalReader::open(Directory::open(&args.journal)?, 0)?;
    let mut placed: Option<Row> = None;
    let mut later = Vec::new();
    while let Some(row) = reader.next_row()? {
        let event = &row.event;
        let replaces = event.kind == REPLACE && event.payload[2] == order.0;
        match &placed {
            None if PLACES.contains(&event.kind) && event.id == order.0 => placed = Some(row),
            Some(_) if replaces || about(&row) == Some(order) => later.push(row),
            _ => {}
        }
        if later.len() >= LATER_MAX {
            break;
        }
    }
    Ok(placed.map(|placed| (placed, later)))
}

fn about(row: &Row) -> Option<OrderId> {
    use shm::journal::Sent;
    if !row.is_sent() {
        return row.event.body().and_then(|body| body.order());
    }
    match sent::read(&row.event)? {
        Sent::Place { order, .. } | Sent::Move { order, .. } => Some(order),
        Sent::Cancel(order) | Sent::Amend(order, _) | Sent::Query(order) => Some(order),
        _ => None,
    }
}

/// Waits for the event that caused it.
struct Moment {
    cause: u64,
    row: Option<Row>,
}

impl Watch<Any> for Moment {
    fn after(&mut self, row: &Row, _: &Engine<Any>) {
        if row.seq == self.cause {
            self.row = Some(*row);
        }
    }
}

/// One order's.
struct Story<'a> {
    order: OrderId,
    placed: Row,
    event: Row,
    later: Vec<Row>,
    engine: &'a Engine<Any>,
    differs: bool,
}

fn money(value: Notional) -> String {
    Decimal { value: value.0, decimals: AMOUNT_DECIMALS }.to_string()
}

impl Story<'_> {
    fn instrument(&self) -> InstrumentId {
        self.placed.event.instrument
    }

    fn desk(&self) -> Option<&Desk<Any>> {
        self.engine.desks.iter().find(|desk| desk.trades(self.instrument()))
    }

    fn client(&self) -> String {
        client_text(ClientId { order: self.order, cause: cause_of(Some(&self.event)) })
    }

    fn line(&self, row: &Row) -> String {
        Line::new(row, &self.engine.market).to_string()
    }

    /// Names and spans of the stages, ns; why one is missing.
    fn stages(&self) -> Vec<(&'static str, Result<u64, &'static str>)> {
        let (event, placed) = (&self.event.event, &self.placed.event);
        let read_to_taken = u64::from(event.recv_delta_ns);
        let read_to_sent = u64::from(placed.recv_delta_ns);
        let sent_at = event.read_at().after(Nanos(read_to_sent));
        let answer = self.later.iter().find(|row| {
            !row.is_sent()
                && matches!(
                    row.event.body(),
                    Some(Body::Accepted { .. } | Body::Done { .. } | Body::Fill(_))
                )
        });
        let ack = answer.map(|row| row.event.read_at().since(sent_at).0);
        let venue = i64::from(event.venue_delta_us);
        vec![
            (
                "venue stamped to read",
                match venue {
                    0 => Err("the message has no time stamp of the venue"),
                    _ => Ok(venue.max(0).cast_unsigned() * 1_000),
                },
            ),
            ("read to taken by the engine", Ok(read_to_taken)),
            (
                "taken to handed on: book, plan, risk",
                match read_to_sent {
                    0 => Err("the turn was not one whose stages are stamped: engine.sample_every"),
                    _ => Ok(read_to_sent.saturating_sub(read_to_taken)),
                },
            ),
            ("handed on to acknowledged: encode, wire, venue", ack.ok_or("no answer came")),
        ]
    }

    /// Price and quantity of the first levels of a side.
    fn levels(&self, side: Side) -> Vec<[String; 2]> {
        let Some(listing) = self.engine.market.listing(self.instrument()) else {
            return Vec::new();
        };
        let one = &listing.instrument;
        let text = |(price, qty): engine::book::Level| {
            [one.tick.decimal(price.0).to_string(), one.lot.decimal(qty.0).to_string()]
        };
        listing.book.levels(side).take(DEPTH).map(text).collect()
    }

    /// What the strategy believed.
    fn estimates(&self) -> Vec<(&'static str, String)> {
        let Some(desk) = self.desk() else { return Vec::new() };
        use engine::strategy::Strategy as _;
        let reading = desk.strategy.reading(self.instrument());
        let listing = self.engine.market.listing(self.instrument());
        let tick = listing.map_or(1.0, |listing| listing.instrument.tick.step_f64());
        let ticks = |milli: i64| format!("{:.6}", milli as f64 / 1e3 * tick);
        let nano = |value: i64| Decimal { value, decimals: 9 }.to_string();
        vec![
            ("reservation price", ticks(reading.reservation)),
            ("half spread", ticks(reading.half_spread)),
            ("sigma, price/√s", nano(reading.sigma)),
            ("kappa bid, 1/price", nano(reading.kappa[0])),
            ("kappa ask, 1/price", nano(reading.kappa[1])),
            ("arrival bid, 1/s", nano(reading.arrival[0])),
            ("arrival ask, 1/s", nano(reading.arrival[1])),
        ]
    }

    /// Limits of the gate, each with what was used of it after the event.
    fn limits(&self) -> Vec<(&'static str, String, String)> {
        let Some(desk) = self.desk() else { return Vec::new() };
        let lane = desk.instruments.iter().position(|id| *id == self.instrument()).unwrap_or(0);
        let (limits, market) = (desk.gate.limits(lane), &self.engine.market);
        let held = desk.positions.get(self.instrument().index()).map_or(0, |one| one.base.0);
        let places = AMOUNT_DECIMALS;
        let amount = |value: i64| Decimal { value, decimals: places }.to_string();
        let listing = market.listing(self.instrument());
        let age = listing.map_or(0, |one| self.engine.now().since(one.updated_at).as_ms());
        let lots = |lots: i64| {
            listing.map_or(lots.to_string(), |one| one.instrument.lot.decimal(lots).to_string())
        };
        let qty = self.placed.event.payload[1].cast_signed();
        let price = engine::num::Price(self.placed.event.payload[0].cast_signed());
        let notional = listing
            .map(|one| one.instrument.notional(price, engine::num::Qty(qty)))
            .unwrap_or_default();
        vec![
            ("order_qty_max", lots(limits.order_qty_max.0), lots(qty)),
            ("order_notional_max", money(limits.order_notional_max), money(notional)),
            ("position_max", amount(limits.position_max.0), amount(held)),
            (
                "open_orders_max",
                limits.open_orders_max.to_string(),
                desk.orders.live_len().to_string(),
            ),
            ("gross_notional_max", money(limits.gross_notional_max), money(desk.gross(market))),
            ("daily_loss_max", money(limits.daily_loss_max), money(desk.day_pnl(market))),
            ("market_age_max_ms", limits.market_age_max.as_ms().to_string(), age.to_string()),
        ]
    }

    /// Live orders of the desk right after.
    fn standing(&self) -> Vec<String> {
        let Some(desk) = self.desk() else { return Vec::new() };
        let text = |order: &engine::order::Order| {
            let listing = self.engine.market.listing(order.instrument);
            let values = listing.map_or_else(String::new, |listing| {
                let one = &listing.instrument;
                format!("{} at {}", one.lot.decimal(order.qty.0), one.tick.decimal(order.price.0))
            });
            let side = if order.side == Side::Buy { "buy" } else { "sell" };
            format!("{} {side} {values} {}", order.id(), order.state.name())
        };
        desk.orders.live().map(text).collect()
    }

    fn json(&self) -> Value {
        let market = &self.engine.market;
        let stage = |(name, span): (&str, Result<u64, &str>)| match span {
            Ok(ns) => json!({ "stage": name, "ns": ns }),
            Err(why) => json!({ "stage": name, "ns": null, "why": why }),
        };
        let row = |row: &Row| {
            json!({
                "seq": row.seq,
                "at": Utc(row.event.at).to_string(),
                "text": Text::new(&row.event, market).to_string(),
            })
        };
        let estimates: serde_json::Map<String, Value> =
            self.estimates().into_iter().map(|(name, v)| (name.to_owned(), v.into())).collect();
        let limits: Vec<Value> = self
            .limits()
            .into_iter()
            .map(|(name, most, used)| json!({ "limit": name, "value": most, "used": used }))
            .collect();
        json!({
            "order": self.order.to_string(),
            "client_id": self.client(),
            "placed": row(&self.placed),
            "cause": row(&self.event),
            "cause_update_id": cause_of(Some(&self.event)),
            "replay_identical": !self.differs,
            "phase": self.engine.phase().name(),
            "bids": self.levels(Side::Buy),
            "asks": self.levels(Side::Sell),
            "estimates": estimates,
            "limits": limits,
            "standing": self.standing(),
            "stages_ns": self.stages().into_iter().map(stage).collect::<Vec<_>>(),
            "later": self.later.iter().map(row).collect::<Vec<_>>(),
        })
    }

    fn text(&self) -> String {
        let mut text = format!("order {} ({})\n", self.order, self.client());
        text += &format!("placed  {}\n", self.line(&self.placed).trim_start());
        text += &format!("cause   {}\n", self.line(&self.event).trim_start());
        if self.differs {
            text += "warning: this program decides otherwise than the journal's\n";
        }
        text += &format!("phase   {}\n\nbook right after the cause\n", self.engine.phase().name());
        let (bids, asks) = (self.levels(Side::Buy), self.levels(Side::Sell));
        for place in 0..bids.len().max(asks.len()) {
            let level = |list: &[[String; 2]]| {
                list.get(place).map_or([String::new(), String::new()], Clone::clone)
            };
            let ([bid, bid_qty], [ask, ask_qty]) = (level(&bids), level(&asks));
            text += &format!("  {bid_qty:>14} {bid:>14} | {ask:<14} {ask_qty:<14}\n");
        }
        text += "\nwhat the strategy believed\n";
        for (name, value) in self.estimates() {
            text += &format!("  {name:<24} {value}\n");
        }
        text += "\nlimits, and what was used of them with this order\n";
        for (name, limit, used) in self.limits() {
            text += &format!("  {name:<24} {used:>20} of {limit}\n");
        }
        text += "\norders that stood or were under way\n";
        for line in self.standing() {
            text += &format!("  {line}\n");
        }
        text += "\nhow long each stage took\n";
        for (name, span) in self.stages() {
            let span = span.map_or_else(|why| format!("– ({why})"), |ns| format!("{ns} ns"));
            text += &format!("  {name:<50} {span}\n");
        }
        text += "\nwhat became of it\n";
        for row in &self.later {
            text += &format!("  {}\n", self.line(row).trim_start());
        }
        if self.later.len() >= LATER_MAX {
            text += &format!("  … only the first {LATER_MAX} rows are shown\n");
        }
        text
    }
}
