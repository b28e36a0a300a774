//! The fields of an event as the tape has them, and the messages that they are.

use super::Flavour;
use super::decode::Seen;
use crate::protocol::{DecodeError, Message};
use crate::reading::{Nodes, Rows, floor_price, hundred_millionths, print_of, venue_delta_us};
use crate::sequence::DiffHead;
use engine::event::{Body, Event, flag};
use engine::id::{InstrumentId, Side};
use engine::instrument::Instrument;
use engine::num::{Amount, Notional};
use engine::time::Nanos;

/// The fields of an event, as far as they were there. Places of 0 are none: the root lies there.
#[derive(Default)]
pub(super) struct Fields<'i> {
    pub event: &'i str,
    pub symbol: &'i str,
    venue_time: u64,
    first: Option<u64>,
    last: Option<u64>,
    previous: Option<u64>,
    trade: Option<u64>,
    buyer_made: Option<bool>,
    bid: usize,
    pub bid_qty: usize,
    ask: usize,
    ask_qty: usize,
    price: usize,
    average: usize,
    qty: usize,
    index: usize,
    rate: usize,
    time: usize,
    side: usize,
}

impl<'i> Fields<'i> {
    /// Those of the event, whether wrapped or raw; `None` for an answer to a request.
    #[inline]
    pub fn read(nodes: Nodes<'_, 'i>) -> Result<Option<Self>, DecodeError> {
        let mut fields = Self::default();
        let (mut data, mut result, mut order) = (0, 0, 0);
        nodes.each(0, |key, place| {
            match key {
                "data" => data = place,
                "result" => result = place,
                "stream" => {}
                "o" => order = place,
                _ => return fields.take(nodes, key, place),
            }
            Ok(())
        })?;
        if data != 0 {
            nodes.each(data, |key, place| match key {
                "o" => {
                    order = place;
                    Ok(())
                }
                _ => fields.take(nodes, key, place),
            })?;
        }
        if fields.event == "forceOrder" {
            nodes.each(order, |key, place| fields.take(nodes, key, place))?;
        }
        Ok(if result != 0 && data == 0 { None } else { Some(fields) })
    }

    #[inline]
    fn take(
        &mut self,
        nodes: Nodes<'_, 'i>,
        key: &'i str,
        place: usize,
    ) -> Result<(), DecodeError> {
        match key {
            "e" => self.event = nodes.text(place, "e")?,
            "E" => self.venue_time = nodes.number(place, "E")?,
            "s" => self.symbol = nodes.text(place, "s")?,
            "U" => self.first = Some(nodes.number(place, "U")?),
            "u" => self.last = Some(nodes.number(place, "u")?),
            "pu" => self.previous = Some(nodes.number(place, "pu")?),
            "t" => self.trade = Some(nodes.number(place, "t")?),
            "m" => self.buyer_made = Some(nodes.truth(place, "m")?),
            "b" => self.bid = place,
            "B" => self.bid_qty = place,
            "a" => self.ask = place,
            "A" => self.ask_qty = place,
            "p" => self.price = place,
            "ap" => self.average = place,
            "q" => self.qty = place,
            "i" => self.index = place,
            "r" => self.rate = place,
            "T" => self.time = place,
            "S" => self.side = place,
            _ => {}
        }
        Ok(())
    }

    /// A row of this meaning.
    fn row(&self, at: Nanos, instrument: &Instrument, id: u64, body: Body) -> Event {
        let row = Event::new(at, instrument.id, id, body).with(flag::LAST);
        Event { venue_delta_us: venue_delta_us(at, self.venue_time), ..row }
    }
}

/// Changed levels.
#[inline]
pub(super) fn depth(
    nodes: Nodes<'_, '_>,
    fields: &Fields<'_>,
    instrument: &Instrument,
    (at, flavour): (Nanos, Flavour),
    rows: &mut Rows,
) -> Result<Seen, DecodeError> {
    let last = fields.last.ok_or(DecodeError::Field("u"))?;
    let first = fields.first.ok_or(DecodeError::Field("U"))?;
    let before = match flavour {
        Flavour::Spot => first.checked_sub(1).ok_or(DecodeError::Ids)?,
        Flavour::Usdm => fields.previous.ok_or(DecodeError::Field("pu"))?,
    };
    if first > last || before > last {
        return Err(DecodeError::Ids);
    }
    let venue_delta_us = venue_delta_us(at, fields.venue_time);
    let row = Event { at, id: last, instrument: instrument.id, venue_delta_us, ..Event::default() };
    rows.clear();
    nodes.levels(fields.bid, (instrument, Side::Buy), (row, usize::MAX), rows)?;
    nodes.levels(fields.ask, (instrument, Side::Sell), (row, usize::MAX), rows)?;
    rows.flag_last();
    Ok(Seen::Depth(instrument.id, DiffHead { before, last, at }))
}

/// A trade.
#[inline]
pub(super) fn trade(
    nodes: Nodes<'_, '_>,
    fields: &Fields<'_>,
    instrument: &Instrument,
    at: Nanos,
) -> Result<Message<'static>, DecodeError> {
    let id = fields.trade.ok_or(DecodeError::Field("t"))?;
    traded(nodes, fields, instrument, (at, id)).map(Message::Trade)
}

/// Trades at one price by one taker. Its quantity is all that was traded (`q`), that against orders
/// of retail price improvement included, which are in no book; `nq` is without them.
pub(super) fn bundle(
    nodes: Nodes<'_, '_>,
    fields: &Fields<'_>,
    instrument: &Instrument,
    at: Nanos,
) -> Result<Message<'static>, DecodeError> {
    let id = nodes.number(fields.ask, "a")?;
    let row = traded(nodes, fields, instrument, (at, id))?;
    Ok(Message::Bundle { row, first: id })
}

#[inline]
fn traded(
    nodes: Nodes<'_, '_>,
    fields: &Fields<'_>,
    instrument: &Instrument,
    (at, id): (Nanos, u64),
) -> Result<Event, DecodeError> {
    let buyer_made = fields.buyer_made.ok_or(DecodeError::Field("m"))?;
    let price = nodes.price(fields.price, instrument, "p")?;
    if price.is_zero() {
        return Err(DecodeError::Range("p"));
    }
    let qty = nodes.qty(fields.qty, instrument, "q")?;
    let taker = if buyer_made { Side::Sell } else { Side::Buy };
    Ok(fields.row(at, instrument, id, Body::Trade { price, qty, taker }))
}

/// Mark price and index, and in `also` the funding rate.
pub(super) fn mark(
    nodes: Nodes<'_, '_>,
    fields: &Fields<'_>,
    instrument: &Instrument,
    at: Nanos,
    also: &mut Option<Event>,
) -> Result<Message<'static>, DecodeError> {
    let amount = |place: usize, field: &'static str| {
        let text = nodes.text(place, field)?;
        hundred_millionths(text.as_bytes()).ok_or(DecodeError::Range(field))
    };
    let mark = Notional(amount(fields.price, "p")?);
    // Dated futures have no funding, and say so by an empty text.
    let told = |place: usize, field| match nodes.text(place, field) {
        Ok("") | Err(_) => Ok(None),
        Ok(_) => amount(place, field).map(Some),
    };
    let index = Notional(told(fields.index, "i")?.unwrap_or(0));
    let row = fields.row(at, instrument, fields.venue_time, Body::Mark { mark, index });
    if row.body().is_none() {
        return Err(DecodeError::Range("p"));
    }
    if let Some(rate) = told(fields.rate, "r")? {
        let next_ms = nodes.number(fields.time, "T")?;
        let body = Body::FundingRate { rate: Amount(rate), next_ms };
        let rate = fields.row(at, instrument, fields.venue_time, body);
        if rate.body().is_none() {
            return Err(DecodeError::Range("r"));
        }
        *also = Some(rate).filter(|_| next_ms != 0);
    }
    Ok(Message::Reference(row))
}

/// The largest liquidation of a second, at its average price.
pub(super) fn liquidation(
    nodes: Nodes<'_, '_>,
    fields: &Fields<'_>,
    instrument: &Instrument,
    at: Nanos,
) -> Result<Message<'static>, DecodeError> {
    let taker = match nodes.text(fields.side, "S")? {
        "BUY" => Side::Buy,
        "SELL" => Side::Sell,
        _ => return Err(DecodeError::Field("S")),
    };
    let (limit, size) = (nodes.text(fields.price, "p")?, nodes.text(fields.qty, "q")?);
    let average = nodes.text(fields.average, "ap").unwrap_or(limit);
    let price = floor_price(instrument, average.as_bytes());
    let price = price.or_else(|| floor_price(instrument, limit.as_bytes()));
    let price = price.ok_or(DecodeError::Range("p"))?;
    let qty = nodes.qty(fields.qty, instrument, "q")?;
    if qty.is_zero() {
        return Err(DecodeError::Range("q"));
    }
    let time = nodes.number(fields.time, "T")?;
    let side = [taker as u8];
    let print = print_of(&[&time.to_le_bytes(), &side, limit.as_bytes(), size.as_bytes()]);
    let row = fields.row(at, instrument, time, Body::Liquidation { price, qty, taker });
    Ok(Message::Print { row, print })
}

/// Best bid and ask.
#[inline]
pub(super) fn best(
    nodes: Nodes<'_, '_>,
    fields: &Fields<'_>,
    instrument: &Instrument,
    at: Nanos,
    wants_best: impl Fn(InstrumentId, u64) -> bool,
) -> Result<Message<'static>, DecodeError> {
    let id = fields.last.ok_or(DecodeError::Field("u"))?;
    if !wants_best(instrument.id, id) {
        return Ok(Message::Stale(instrument.id, at));
    }
    let bid = nodes.price(fields.bid, instrument, "b")?;
    let bid_qty = nodes.qty(fields.bid_qty, instrument, "B")?;
    let ask = nodes.price(fields.ask, instrument, "a")?;
    let ask_qty = nodes.qty(fields.ask_qty, instrument, "A")?;
    // A side that is empty is 0.
    if bid >= ask && !ask.is_zero() {
        return Err(DecodeError::Range("b"));
    }
    let body = Body::Best { bid, bid_qty, ask, ask_qty };
    Ok(Message::Best(fields.row(at, instrument, id, body)))
}
