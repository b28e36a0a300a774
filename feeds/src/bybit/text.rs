//! Frames as the venue always writes them, by one pass over their text.
//!
//! ```text
//!  {"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1687940967466,
//!   "data":{"s":"BTCUSDT","b":[["30240.00","0"]],"a":[],"u":177400507,"seq":66544703342},
//!   "cts":1687940967464}
//!  {"topic":"orderbook.1.BTCUSDT","ts":1687940967466,"type":"snapshot","data":…,"cts":…}
//!  {"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,"data":[{"T":1672304486865,
//!   "s":"BTCUSDT","S":"Buy","v":"0.001","p":"16578.50","L":"PlusTick","i":"20f43950-…",
//!   "BT":false,"RPI":false,"seq":1783284617}]}
//! ```

use super::reader::{Numbers, Reader, Seen};
use crate::protocol::{Intake, Stream};
use crate::reading::{Cursor, best_row, print_of, venue_delta_us};
use engine::event::{Body, Event, flag};
use engine::id::Side;
use engine::instrument::Instrument;
use engine::num::{Price, Qty};
use engine::time::Nanos;

/// Reads a frame; its rows are left with the reader.
#[inline]
pub(super) fn read<I: Intake>(
    frame: &[u8],
    at: Nanos,
    reader: &mut Reader,
    intake: &I,
) -> Option<Seen> {
    let mut cursor = Cursor(frame);
    cursor.skip(b"{\"topic\":\"")?;
    if cursor.skips(b"publicTrade.") {
        return trades(&mut cursor, at, reader);
    }
    cursor.skip(b"orderbook.")?;
    let is_best = cursor.skips(b"1.");
    if !is_best {
        cursor.skip(&reader.depth)?;
    }
    let instrument = reader.find(cursor.name()?)?;
    let (whole, ts) = heading(&mut cursor)?;
    cursor.skip(b",\"data\":{\"s\":\"")?;
    cursor.name()?;
    if is_best {
        return best(&mut cursor, (at, ts, whole), &instrument, intake);
    }
    reader.rows.clear();
    for (literal, side) in [(&b",\"b\":["[..], Side::Buy), (&b",\"a\":["[..], Side::Sell)] {
        cursor.skip(literal)?;
        let level = Body::Level { side, price: Price(0), qty: Qty(0) };
        let mut row = Event::new(at, instrument.id, 0, level);
        cursor.levels(|cursor| {
            let (price, qty) = cursor.level(&instrument)?;
            row.payload = [price.0 as u64, qty.0 as u64, 0, 0];
            if price.is_zero() || !reader.rows.push(row) { None } else { Some(()) }
        })?;
    }
    let numbers = numbers(&mut cursor, ts, whole)?;
    reader.finish(instrument.id, numbers, at);
    Some(Seen::Levels(instrument.id, numbers))
}

/// Type and time, in either order; whether it is a whole book.
#[inline]
fn heading(cursor: &mut Cursor<'_>) -> Option<(bool, u64)> {
    let mut ts = None;
    if cursor.skips(b",\"ts\":") {
        ts = Some(cursor.number()?);
    }
    cursor.skip(b",\"type\":\"")?;
    let whole = match cursor.name()? {
        b"snapshot" => true,
        b"delta" => false,
        _ => return None,
    };
    if ts.is_none() {
        cursor.skip(b",\"ts\":")?;
        ts = Some(cursor.number()?);
    }
    Some((whole, ts?))
}

/// What stands behind the levels, to the end of the frame.
#[inline]
fn numbers(cursor: &mut Cursor<'_>, ts: u64, whole: bool) -> Option<Numbers> {
    cursor.skip(b",\"u\":")?;
    let u = cursor.number().filter(|u| *u != 0)?;
    cursor.skip(b",\"seq\":")?;
    let seq = cursor.number()?;
    cursor.skip(b"}")?;
    let cts = if cursor.skips(b",\"cts\":") { cursor.number()? } else { 0 };
    cursor.skip(b"}")?;
    let stamp = if cts == 0 { ts } else { cts };
    if cursor.0.is_empty() { Some(Numbers { u, seq, stamp, whole }) } else { None }
}

#[inline]
fn best<I: Intake>(
    cursor: &mut Cursor<'_>,
    (at, ts, whole): (Nanos, u64, bool),
    instrument: &Instrument,
    intake: &I,
) -> Option<Seen> {
    let mut levels = [(Price(0), Qty(0)); 2];
    for (literal, level) in [&b",\"b\":["[..], b",\"a\":["].into_iter().zip(&mut levels) {
        cursor.skip(literal)?;
        if !cursor.skips(b"]") {
            cursor.skip(b"[\"")?;
            *level = cursor.level(instrument)?;
            cursor.skip(b"]]")?;
        }
    }
    let numbers = numbers(cursor, ts, whole)?;
    if !intake.wants_best(instrument.id, numbers.seq) {
        return Some(Seen::Stale(instrument.id));
    }
    best_row(instrument.id, levels, (numbers.seq, numbers.stamp), (at, "b")).ok().map(Seen::Best)
}

#[inline]
fn trades(cursor: &mut Cursor<'_>, at: Nanos, reader: &mut Reader) -> Option<Seen> {
    let instrument = reader.find(cursor.name()?)?;
    heading(cursor)?;
    cursor.skip(b",\"data\":[")?;
    reader.prints.clear();
    loop {
        let (row, print) = trade(cursor, at, &instrument)?;
        if let Some(row) = row {
            reader.prints.push(row, print).ok()?;
        }
        if !cursor.skips(b",") {
            break;
        }
    }
    cursor.skip(b"]}")?;
    let seen = Seen::Prints(instrument.id, Stream::Trade);
    if cursor.0.is_empty() { Some(seen) } else { None }
}

/// A trade; no row for one that was not made on the book.
#[inline]
fn trade(
    cursor: &mut Cursor<'_>,
    at: Nanos,
    instrument: &Instrument,
) -> Option<(Option<Event>, u64)> {
    cursor.skip(b"{\"T\":")?;
    let stamp = cursor.number()?;
    cursor.skip(b",\"s\":\"")?;
    cursor.name()?;
    cursor.skip(b",\"S\":\"")?;
    let taker = match cursor.name()? {
        b"Buy" => Side::Buy,
        b"Sell" => Side::Sell,
        _ => return None,
    };
    cursor.skip(b",\"v\":\"")?;
    let qty = cursor.qty(instrument)?;
    cursor.skip(b",\"p\":\"")?;
    let price = cursor.price(instrument)?;
    if cursor.skips(b",\"L\":\"") {
        cursor.name()?;
    }
    cursor.skip(b",\"i\":\"")?;
    let name = cursor.name()?;
    cursor.skip(b",\"BT\":")?;
    let block = cursor.truth()?;
    if cursor.skips(b",\"RPI\":") {
        cursor.truth()?;
    }
    cursor.skip(b",\"seq\":")?;
    let seq = cursor.number()?;
    cursor.skip(b"}")?;
    if price.is_zero() || name.is_empty() {
        return None;
    }
    let row = Event::new(at, instrument.id, seq, Body::Trade { price, qty, taker });
    let row = Event { venue_delta_us: venue_delta_us(at, stamp), ..row.with(flag::LAST) };
    Some((Some(row).filter(|_| !block), print_of(&[name])))
}
