//! Frames of any shape, by the tape.

use super::reader::{Numbers, Reader, Seen};
use crate::protocol::{Asked, DecodeError, Intake, Message, Stream};
use crate::reading::{
    Nodes, Places, best_row, floor_price, hundred_millionths, print_of, venue_delta_us,
};
use engine::event::{Body, Event, flag};
use engine::id::Side;
use engine::instrument::Instrument;
use engine::num::{Amount, Price, Qty};
use engine::time::Nanos;

/// The fields of a frame, as far as they were there. Places of 0 are none: the root lies there.
#[derive(Default)]
struct Envelope<'i> {
    event: &'i str,
    code: &'i str,
    why: &'i str,
    request: &'i str,
    action: &'i str,
    channel: &'i str,
    of: &'i str,
    data: usize,
}

/// The text of the largest message, for what reading it needs.
pub(super) fn largest(rows: usize) -> String {
    let levels = vec!["[\"000000000.00000000\",\"000000000.00000000\",\"0\",\"1000\"]"; rows];
    format!("{{\"arg\":{{}},\"data\":[{{\"asks\":[{}],\"bids\":[]}}]}}", levels.join(","))
}

/// Reads a frame and hands on what it says.
pub(super) fn read<I: Intake>(
    nodes: Nodes<'_, '_>,
    at: Nanos,
    reader: &mut Reader,
    intake: &mut I,
) -> Result<(), DecodeError> {
    let mut frame = Envelope::default();
    nodes.each(0, |key, place| {
        match key {
            "event" => frame.event = nodes.text(place, "event")?,
            "code" => frame.code = nodes.text(place, "code")?,
            "msg" => frame.why = nodes.text(place, "msg")?,
            "id" => frame.request = nodes.text(place, "id")?,
            "action" => frame.action = nodes.text(place, "action")?,
            "data" => frame.data = place,
            "arg" => nodes.each(place, |key, place| {
                match key {
                    "channel" => frame.channel = nodes.text(place, "channel")?,
                    "instId" | "instType" => frame.of = nodes.text(place, "instId")?,
                    _ => {}
                }
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    if !frame.event.is_empty() || frame.data == 0 {
        intake.take(answer(&frame, reader));
        return Ok(());
    }
    let frame = &frame;
    match frame.channel {
        "mark-price" => return marks(nodes, frame, ("markPx", Stream::Mark), (at, reader), intake),
        "index-tickers" => {
            return marks(nodes, frame, ("idxPx", Stream::Index), (at, reader), intake);
        }
        "liquidation-orders" => {
            liquidations(nodes, frame, (at, reader))?;
            reader.hand_on(Seen::Liquidations, at, intake);
            return Ok(());
        }
        _ => {}
    }
    let Some(instrument) = reader.find(frame.of.as_bytes()) else {
        intake.take(Message::Unknown);
        return Ok(());
    };
    let instrument = &instrument;
    let seen = match frame.channel {
        "books" => levels(nodes, frame, instrument, (at, reader))?,
        "bbo-tbt" => best(nodes, frame, instrument, at, intake)?,
        "trades" => trades(nodes, frame, instrument, (at, reader))?,
        "funding-rate" => return funding(nodes, frame, instrument, at, intake),
        _ => {
            intake.take(Message::Unknown);
            return Ok(());
        }
    };
    reader.hand_on(seen, at, intake);
    Ok(())
}

/// What an answer to a request, or a notice, says.
fn answer<'i>(frame: &Envelope<'i>, reader: &Reader) -> Message<'i> {
    let asked = match reader.topic(frame.channel, frame.of) {
        Asked::Unsaid => frame.request.parse().map_or(Asked::Unsaid, Asked::Request),
        topic => topic,
    };
    match (frame.event, frame.code) {
        ("subscribe", _) => Message::Granted(asked),
        ("unsubscribe" | "channel-conn-count", _) => Message::Answer,
        ("error" | "channel-conn-count-error", _) => Message::Refused(asked, frame.why),
        // The connection is closed for a service upgrade within a minute.
        ("notice", "64008") => Message::Shutdown,
        _ => Message::Unknown,
    }
}

/// The fields of the book at `place`: its numbers, and where its asks and bids are.
fn numbers(nodes: Nodes<'_, '_>, place: usize) -> Result<(Numbers, [usize; 2], bool), DecodeError> {
    let (mut sides, mut seq, mut before, mut numbers) = ([0, 0], None, None, Numbers::default());
    nodes.each(place, |key, place| {
        match key {
            "asks" => sides[0] = place,
            "bids" => sides[1] = place,
            "ts" => numbers.stamp = nodes.number_text(place, "ts")?,
            "checksum" => numbers.checksum = nodes.integer(place, "checksum")?,
            "seqId" => seq = Some(nodes.number(place, "seqId")?),
            "prevSeqId" => before = Some(nodes.integer(place, "prevSeqId")?),
            _ => {}
        }
        Ok(())
    })?;
    numbers.seq = seq.ok_or(DecodeError::Field("seqId"))?;
    numbers.before = before.and_then(|before| u64::try_from(before).ok());
    Ok((numbers, sides, before.is_some_and(|before| before < 0)))
}

fn levels(
    nodes: Nodes<'_, '_>,
    frame: &Envelope<'_>,
    instrument: &Instrument,
    (at, reader): (Nanos, &mut Reader),
) -> Result<Seen, DecodeError> {
    if nodes.elements(frame.data, "data")? != 1 {
        return Err(DecodeError::Field("data"));
    }
    let (mut numbers, sides, first) = numbers(nodes, frame.data + 1)?;
    match frame.action {
        "snapshot" => numbers.before = None,
        "update" if first => return Err(DecodeError::Ids),
        "update" if numbers.before.is_none() => return Err(DecodeError::Field("prevSeqId")),
        "update" => {}
        _ => return Err(DecodeError::Field("action")),
    }
    book(nodes, sides, instrument, (at, reader))?;
    reader.finish(instrument.id, numbers, at);
    Ok(Seen::Levels(instrument.id, numbers))
}

/// The levels of both sides, asks first as the venue has them.
fn book(
    nodes: Nodes<'_, '_>,
    sides: [usize; 2],
    instrument: &Instrument,
    (at, reader): (Nanos, &mut Reader),
) -> Result<(), DecodeError> {
    reader.rows.clear();
    for (place, side) in sides.into_iter().zip([Side::Sell, Side::Buy]) {
        let field = if side == Side::Buy { "bids" } else { "asks" };
        let level = Body::Level { side, price: Price(0), qty: Qty(0) };
        let like = Event::new(at, instrument.id, 0, level);
        nodes.every(place, field, |level| {
            if nodes.elements(level, field)? < 2 {
                return Err(DecodeError::Field(field));
            }
            let price = nodes.price(level + 1, instrument, field)?;
            let qty = nodes.qty(level + 2, instrument, field)?;
            if price.is_zero() {
                return Err(DecodeError::Range(field));
            }
            let places = |at: usize| nodes.text(at, field).map(|text| Places::of(text.as_bytes()));
            let printed = (places(level + 1)?, places(level + 2)?);
            // A quantity that was rounded to lots cannot be printed as the venue did.
            let exact = nodes.is_exact(level + 2, instrument);
            let row = Reader::level(&like, (price, qty), Some(printed).filter(|_| exact));
            if reader.rows.push(row) { Ok(()) } else { Err(DecodeError::Levels(reader.rows.len())) }
        })?;
    }
    Ok(())
}

/// The answer to a request for a snapshot; its rows are left with the reader.
pub(super) fn snapshot(
    nodes: Nodes<'_, '_>,
    instrument: &Instrument,
    at: Nanos,
    reader: &mut Reader,
) -> Result<u64, DecodeError> {
    let mut data = 0;
    nodes.each(0, |key, place| {
        data = if key == "data" { place } else { data };
        Ok(())
    })?;
    if nodes.elements(data, "data")? != 1 {
        return Err(DecodeError::Field("data"));
    }
    let (numbers, sides, _) = numbers(nodes, data + 1)?;
    let numbers = Numbers { before: None, checksum: 0, ..numbers };
    book(nodes, sides, instrument, (at, reader))?;
    reader.finish(instrument.id, numbers, at);
    Ok(numbers.seq)
}

fn best<I: Intake>(
    nodes: Nodes<'_, '_>,
    frame: &Envelope<'_>,
    instrument: &Instrument,
    at: Nanos,
    intake: &mut I,
) -> Result<Seen, DecodeError> {
    if nodes.elements(frame.data, "data")? != 1 {
        return Err(DecodeError::Field("data"));
    }
    let (numbers, [asks, bids], _) = numbers(nodes, frame.data + 1)?;
    if !intake.wants_best(instrument.id, numbers.seq) {
        return Ok(Seen::Stale(instrument.id));
    }
    let side = |place: usize, field: &'static str| -> Result<(Price, Qty), DecodeError> {
        if nodes.elements(place, field)? == 0 {
            return Ok((Price(0), Qty(0)));
        }
        let price = nodes.price(place + 2, instrument, field)?;
        Ok((price, nodes.qty(place + 3, instrument, field)?))
    };
    let levels = [side(bids, "bids")?, side(asks, "asks")?];
    best_row(instrument.id, levels, (numbers.seq, numbers.stamp), (at, "bids")).map(Seen::Best)
}

fn trades(
    nodes: Nodes<'_, '_>,
    frame: &Envelope<'_>,
    instrument: &Instrument,
    (at, reader): (Nanos, &mut Reader),
) -> Result<Seen, DecodeError> {
    reader.prints.clear();
    nodes.every(frame.data, "data", |trade| {
        let (mut stamp, mut id, mut count) = (0, None, 1);
        let (mut side, mut price, mut qty) = ("", 0, 0);
        nodes.each(trade, |key, place| {
            match key {
                "ts" => stamp = nodes.number_text(place, "ts")?,
                "tradeId" => id = Some(nodes.number_text(place, "tradeId")?),
                "count" => count = nodes.number_text(place, "count")?,
                "side" => side = nodes.text(place, "side")?,
                "px" => price = place,
                "sz" => qty = place,
                _ => {}
            }
            Ok(())
        })?;
        let id = id.ok_or(DecodeError::Field("tradeId"))?;
        let taker = side_of(side)?;
        let price = nodes.price(price, instrument, "px")?;
        let qty = nodes.qty(qty, instrument, "sz")?;
        if price.is_zero() {
            return Err(DecodeError::Range("px"));
        }
        let row = Event::new(at, instrument.id, id, Body::Trade { price, qty, taker });
        let row = Event { venue_delta_us: venue_delta_us(at, stamp), ..row.with(flag::LAST) };
        reader.prints.push(row, first_of(id, count))
    })?;
    Ok(Seen::Trades(instrument.id))
}

/// The first of the ids that a trade stands for.
pub(super) const fn first_of(id: u64, count: u64) -> u64 {
    id.saturating_sub(count.saturating_sub(1))
}

fn side_of(side: &str) -> Result<Side, DecodeError> {
    match side {
        "buy" => Ok(Side::Buy),
        "sell" => Ok(Side::Sell),
        _ => Err(DecodeError::Field("side")),
    }
}

/// Mark or index prices.
fn marks<I: Intake>(
    nodes: Nodes<'_, '_>,
    frame: &Envelope<'_>,
    (field, stream): (&'static str, Stream),
    (at, reader): (Nanos, &mut Reader),
    intake: &mut I,
) -> Result<(), DecodeError> {
    let mut known = false;
    nodes.every(frame.data, "data", |one| {
        let (mut price, mut stamp) = (None, 0);
        nodes.each(one, |key, place| {
            if key == field {
                let text = nodes.text(place, field)?;
                price = hundred_millionths(text.as_bytes());
            } else if key == "ts" {
                stamp = nodes.number_text(place, "ts")?;
            }
            Ok(())
        })?;
        let price = price.ok_or(DecodeError::Field(field))?;
        for place in 0..reader.instruments.len() {
            if reader.followers(frame.channel, frame.of).any(|follower| follower == place) {
                known = true;
                reader.hand_on_mark((place, stream), (price, stamp), at, intake)?;
            }
        }
        Ok(())
    })?;
    if !known {
        intake.take(Message::Unknown);
    }
    Ok(())
}

/// The rate that is paid at `fundingTime`.
fn funding<I: Intake>(
    nodes: Nodes<'_, '_>,
    frame: &Envelope<'_>,
    instrument: &Instrument,
    at: Nanos,
    intake: &mut I,
) -> Result<(), DecodeError> {
    nodes.every(frame.data, "data", |one| {
        let (mut rate, mut next_ms, mut stamp) = (None, None, 0);
        nodes.each(one, |key, place| {
            match key {
                "fundingRate" => {
                    rate = hundred_millionths(nodes.text(place, "fundingRate")?.as_bytes());
                }
                "fundingTime" => next_ms = Some(nodes.number_text(place, "fundingTime")?),
                "ts" => stamp = nodes.number_text(place, "ts")?,
                _ => {}
            }
            Ok(())
        })?;
        let rate = Amount(rate.ok_or(DecodeError::Field("fundingRate"))?);
        let next_ms = next_ms.ok_or(DecodeError::Field("fundingTime"))?;
        let body = Body::FundingRate { rate, next_ms };
        let row = Event::new(at, instrument.id, stamp, body).with(flag::LAST);
        if row.body().is_none() {
            return Err(DecodeError::Range("fundingRate"));
        }
        let venue_delta_us = venue_delta_us(at, stamp);
        intake.take(Message::Reference(Event { venue_delta_us, ..row }));
        Ok(())
    })
}

/// Liquidations of all swaps; those of instruments that are not followed are passed over.
fn liquidations(
    nodes: Nodes<'_, '_>,
    frame: &Envelope<'_>,
    (at, reader): (Nanos, &mut Reader),
) -> Result<(), DecodeError> {
    reader.prints.clear();
    nodes.every(frame.data, "data", |one| {
        let (mut symbol, mut details) = ("", 0);
        nodes.each(one, |key, place| {
            match key {
                "instId" => symbol = nodes.text(place, "instId")?,
                "details" => details = place,
                _ => {}
            }
            Ok(())
        })?;
        let Some(instrument) = reader.find(symbol.as_bytes()) else { return Ok(()) };
        nodes.every(details, "details", |detail| {
            let (mut side, mut price, mut size, mut stamp, mut qty) = ("", "", "", "", 0);
            nodes.each(detail, |key, place| {
                match key {
                    "side" => side = nodes.text(place, "side")?,
                    "bkPx" => price = nodes.text(place, "bkPx")?,
                    "sz" => (size, qty) = (nodes.text(place, "sz")?, place),
                    "ts" => stamp = nodes.text(place, "ts")?,
                    _ => {}
                }
                Ok(())
            })?;
            let taker = side_of(side)?;
            let ticks = floor_price(&instrument, price.as_bytes());
            let ticks = ticks.ok_or(DecodeError::Range("bkPx"))?;
            let qty = nodes.qty(qty, &instrument, "sz")?;
            if qty.is_zero() {
                return Err(DecodeError::Range("sz"));
            }
            let time = stamp.parse().map_err(|_| DecodeError::Field("ts"))?;
            let body = Body::Liquidation { price: ticks, qty, taker };
            let row = Event::new(at, instrument.id, time, body).with(flag::LAST);
            let row = Event { venue_delta_us: venue_delta_us(at, time), ..row };
            let parts = [symbol, stamp, side, price, size].map(str::as_bytes);
            reader.prints.push(row, print_of(&parts))
        })
    })
}
