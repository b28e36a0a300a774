//! Frames of any shape, by the tape.

use super::reader::{Numbers, Reader, Seen, Ticker};
use crate::protocol::{Asked, DecodeError, Intake, Message, Stream};
use crate::reading::{Nodes, best_row, floor_price, hundred_millionths, print_of, venue_delta_us};
use engine::event::{Body, Event, flag};
use engine::id::Side;
use engine::instrument::Instrument;
use engine::num::{Price, Qty};
use engine::time::Nanos;

/// The fields of a frame, as far as they were there. Places of 0 are none: the root lies there.
#[derive(Default)]
struct Envelope<'i> {
    topic: &'i str,
    kind: &'i str,
    op: &'i str,
    why: &'i str,
    request: &'i str,
    success: Option<bool>,
    ts: u64,
    cts: u64,
    data: usize,
}

/// The text of the largest message, for what reading it needs.
pub(super) fn largest(rows: usize) -> String {
    let levels = vec!["[\"000000000.00000000\",\"000000000.00000000\"]"; rows].join(",");
    format!("{{\"topic\":\"x\",\"data\":{{\"b\":[{levels}],\"a\":[]}}}}")
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
            "topic" => frame.topic = nodes.text(place, "topic")?,
            "type" => frame.kind = nodes.text(place, "type")?,
            "op" => frame.op = nodes.text(place, "op")?,
            "ret_msg" => frame.why = nodes.text(place, "ret_msg")?,
            "req_id" => frame.request = nodes.text(place, "req_id")?,
            "success" => frame.success = Some(nodes.truth(place, "success")?),
            "ts" => frame.ts = nodes.number(place, "ts")?,
            "cts" => frame.cts = nodes.number(place, "cts")?,
            "data" => frame.data = place,
            _ => {}
        }
        Ok(())
    })?;
    if frame.topic.is_empty() {
        intake.take(answer(&frame));
        return Ok(());
    }
    let (name, symbol) = frame.topic.rsplit_once('.').unwrap_or((frame.topic, ""));
    let depth = str::from_utf8(&reader.depth).unwrap_or_default().trim_end_matches('.');
    let stream = match name {
        "orderbook.1" => Stream::Best,
        "publicTrade" => Stream::Trade,
        "tickers" => Stream::Mark,
        "allLiquidation" => Stream::Liquidation,
        _ if name.strip_prefix("orderbook.") == Some(depth) => Stream::Depth,
        _ => {
            intake.take(Message::Unknown);
            return Ok(());
        }
    };
    let Some(instrument) = reader.find(symbol.as_bytes()) else {
        intake.take(Message::Unknown);
        return Ok(());
    };
    let (frame, instrument) = (&frame, &instrument);
    let seen = match stream {
        Stream::Best => best(nodes, frame, instrument, at, intake)?,
        Stream::Depth => levels(nodes, frame, instrument, (at, reader))?,
        Stream::Trade => trades(nodes, frame, instrument, (at, reader))?,
        Stream::Mark => return ticker(nodes, frame, instrument, (at, reader), intake),
        _ => liquidations(nodes, frame, instrument, (at, reader))?,
    };
    reader.hand_on(seen, at, intake);
    Ok(())
}

/// What an answer to a request says: the venue has three shapes of it.
fn answer<'i>(frame: &Envelope<'i>) -> Message<'i> {
    if frame.op == "pong" || frame.op == "ping" || frame.why == "pong" {
        return Message::Answer;
    }
    let asked = frame.request.parse().map_or(Asked::Unsaid, Asked::Request);
    match (frame.op, frame.success) {
        ("subscribe", Some(true)) => Message::Granted(asked),
        ("unsubscribe", _) => Message::Answer,
        (_, Some(false)) => Message::Refused(asked, frame.why),
        _ => Message::Unknown,
    }
}

/// The numbers of a book's message.
fn numbers(
    nodes: Nodes<'_, '_>,
    frame: &Envelope<'_>,
) -> Result<(Numbers, [usize; 2]), DecodeError> {
    let (mut sides, mut u, mut seq) = ([0, 0], None, None);
    nodes.each(frame.data, |key, place| {
        match key {
            "b" => sides[0] = place,
            "a" => sides[1] = place,
            "u" => u = Some(nodes.number(place, "u")?),
            "seq" => seq = Some(nodes.number(place, "seq")?),
            _ => {}
        }
        Ok(())
    })?;
    let whole = match frame.kind {
        "snapshot" => true,
        "delta" => false,
        _ => return Err(DecodeError::Field("type")),
    };
    let u = u.filter(|u| *u != 0).ok_or(DecodeError::Field("u"))?;
    let seq = seq.ok_or(DecodeError::Field("seq"))?;
    let stamp = if frame.cts == 0 { frame.ts } else { frame.cts };
    Ok((Numbers { u, seq, stamp, whole }, sides))
}

fn best<I: Intake>(
    nodes: Nodes<'_, '_>,
    frame: &Envelope<'_>,
    instrument: &Instrument,
    at: Nanos,
    intake: &mut I,
) -> Result<Seen, DecodeError> {
    let (numbers, sides) = numbers(nodes, frame)?;
    if !intake.wants_best(instrument.id, numbers.seq) {
        return Ok(Seen::Stale(instrument.id));
    }
    let mut levels = [(Price(0), Qty(0)); 2];
    for (level, (place, field)) in levels.iter_mut().zip(sides.into_iter().zip(["b", "a"])) {
        if nodes.elements(place, field)? > 0 {
            let price = nodes.price(place + 2, instrument, field)?;
            *level = (price, nodes.qty(place + 3, instrument, field)?);
        }
    }
    best_row(instrument.id, levels, (numbers.seq, numbers.stamp), (at, "b")).map(Seen::Best)
}

fn levels(
    nodes: Nodes<'_, '_>,
    frame: &Envelope<'_>,
    instrument: &Instrument,
    (at, reader): (Nanos, &mut Reader),
) -> Result<Seen, DecodeError> {
    let (numbers, sides) = numbers(nodes, frame)?;
    reader.rows.clear();
    let row = Event { at, instrument: instrument.id, ..Event::default() };
    for (place, side) in sides.into_iter().zip(Side::BOTH) {
        nodes.levels(place, (instrument, side), (row, usize::MAX), &mut reader.rows)?;
    }
    reader.finish(instrument.id, numbers, at);
    Ok(Seen::Levels(instrument.id, numbers))
}

/// Trades on the book; those that were agreed elsewhere (`BT`) are left out.
fn trades(
    nodes: Nodes<'_, '_>,
    frame: &Envelope<'_>,
    instrument: &Instrument,
    (at, reader): (Nanos, &mut Reader),
) -> Result<Seen, DecodeError> {
    reader.prints.clear();
    nodes.every(frame.data, "data", |trade| {
        let (mut stamp, mut seq, mut block) = (0, None, false);
        let (mut side, mut name, mut price, mut qty) = ("", "", 0, 0);
        nodes.each(trade, |key, place| {
            match key {
                "T" => stamp = nodes.number(place, "T")?,
                "S" => side = nodes.text(place, "S")?,
                "i" => name = nodes.text(place, "i")?,
                "p" => price = place,
                "v" => qty = place,
                "seq" => seq = Some(nodes.number(place, "seq")?),
                "BT" => block = nodes.truth(place, "BT")?,
                _ => {}
            }
            Ok(())
        })?;
        let taker = side_of(side)?;
        let price = nodes.price(price, instrument, "p")?;
        let qty = nodes.qty(qty, instrument, "v")?;
        let seq = seq.ok_or(DecodeError::Field("seq"))?;
        if price.is_zero() {
            return Err(DecodeError::Range("p"));
        }
        if name.is_empty() {
            return Err(DecodeError::Field("i"));
        }
        let row = Event::new(at, instrument.id, seq, Body::Trade { price, qty, taker });
        let row = Event { venue_delta_us: venue_delta_us(at, stamp), ..row.with(flag::LAST) };
        if block { Ok(()) } else { reader.prints.push(row, print_of(&[name.as_bytes()])) }
    })?;
    Ok(Seen::Prints(instrument.id, Stream::Trade))
}

/// `Buy` is a long that was liquidated: whoever takes it over sells.
fn liquidations(
    nodes: Nodes<'_, '_>,
    frame: &Envelope<'_>,
    instrument: &Instrument,
    (at, reader): (Nanos, &mut Reader),
) -> Result<Seen, DecodeError> {
    reader.prints.clear();
    nodes.every(frame.data, "data", |one| {
        let (mut stamp, mut side, mut price, mut size, mut qty) = (0, "", "", "", 0);
        nodes.each(one, |key, place| {
            match key {
                "T" => stamp = nodes.number(place, "T")?,
                "S" => side = nodes.text(place, "S")?,
                "p" => price = nodes.text(place, "p")?,
                "v" => (size, qty) = (nodes.text(place, "v")?, place),
                _ => {}
            }
            Ok(())
        })?;
        let taker = side_of(side)?.opposite();
        let ticks = floor_price(instrument, price.as_bytes()).ok_or(DecodeError::Range("p"))?;
        let qty = nodes.qty(qty, instrument, "v")?;
        if qty.is_zero() {
            return Err(DecodeError::Range("v"));
        }
        let body = Body::Liquidation { price: ticks, qty, taker };
        let row = Event::new(at, instrument.id, stamp, body).with(flag::LAST);
        let row = Event { venue_delta_us: venue_delta_us(at, stamp), ..row };
        let parts = [&stamp.to_le_bytes()[..], side.as_bytes(), price.as_bytes(), size.as_bytes()];
        reader.prints.push(row, print_of(&parts))
    })?;
    Ok(Seen::Prints(instrument.id, Stream::Liquidation))
}

fn side_of(side: &str) -> Result<Side, DecodeError> {
    match side {
        "Buy" => Ok(Side::Buy),
        "Sell" => Ok(Side::Sell),
        _ => Err(DecodeError::Field("S")),
    }
}

/// What changed of mark price, index and funding rate.
fn ticker<I: Intake>(
    nodes: Nodes<'_, '_>,
    frame: &Envelope<'_>,
    instrument: &Instrument,
    (at, reader): (Nanos, &mut Reader),
    intake: &mut I,
) -> Result<(), DecodeError> {
    let known = reader.tickers.get(reader.last_found).copied().unwrap_or_default();
    if frame.ts < known.ts {
        // Another connection was faster.
        intake.take(Message::Heard(instrument.id, Stream::Mark, at));
        return Ok(());
    }
    let whole = frame.kind == "snapshot";
    let mut ticker = if whole { Ticker::default() } else { known };
    ticker.ts = frame.ts;
    let mut moved = [false; 2];
    nodes.each(frame.data, |key, place| {
        let (number, field) = match key {
            "markPrice" => (0, "markPrice"),
            "indexPrice" => (1, "indexPrice"),
            "fundingRate" => (2, "fundingRate"),
            "nextFundingTime" => (3, "nextFundingTime"),
            _ => return Ok(()),
        };
        let text = nodes.text(place, field)?;
        if text.is_empty() {
            return Ok(());
        }
        let amount = || hundred_millionths(text.as_bytes()).ok_or(DecodeError::Range(field));
        match number {
            0 => ticker.mark = amount()?,
            1 => ticker.index = amount()?,
            2 => ticker.rate = Some(amount()?),
            _ => ticker.next_ms = text.parse().map_err(|_| DecodeError::Field(field))?,
        }
        moved[number / 2] = true;
        Ok(())
    })?;
    reader.hand_on_ticker(instrument.id, ticker, (at, moved), intake)
}
