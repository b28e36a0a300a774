//! Frames as the venue always writes them, by one pass over their text.
//!
//! ```text
//!  {"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":
//!   [["8476.98","0","0","0"]],"bids":[],"ts":"1597026383185","checksum":0,"prevSeqId":123456,
//!   "seqId":123457}]}
//!  {"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[["111.06","5","0","2"]],
//!   "bids":[["111.05","7","0","2"]],"ts":"1670324386802","seqId":363996337}]}
//!  {"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT",
//!   "tradeId":"130639474","px":"42219.9","sz":"0.12060306","side":"buy","ts":"1630048897897",
//!   "count":"3","source":"0","seqId":1234}]}
//! ```

use super::reader::{Numbers, Reader, Seen};
use super::tape::first_of;
use crate::protocol::Intake;
use crate::reading::{Cursor, best_row, venue_delta_us};
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
    cursor.skip(b"{\"arg\":{\"channel\":\"")?;
    let channel = cursor.name()?;
    if !matches!(channel, b"books" | b"bbo-tbt" | b"trades") {
        return None;
    }
    cursor.skip(b",\"instId\":\"")?;
    let instrument = reader.find(cursor.name()?)?;
    cursor.skip(b"}")?;
    match channel {
        b"trades" => trades(&mut cursor, at, &instrument, reader),
        b"books" => levels(&mut cursor, at, &instrument, reader),
        _ => best(&mut cursor, at, &instrument, intake),
    }
}

/// What is in a level behind its quantity.
#[inline]
fn rest(cursor: &mut Cursor<'_>) -> Option<()> {
    while cursor.skips(b",\"") {
        cursor.name()?;
    }
    Some(())
}

#[inline]
fn levels(
    cursor: &mut Cursor<'_>,
    at: Nanos,
    instrument: &Instrument,
    reader: &mut Reader,
) -> Option<Seen> {
    cursor.skip(b",\"action\":\"")?;
    let whole = match cursor.name()? {
        b"snapshot" => true,
        b"update" => false,
        _ => return None,
    };
    cursor.skip(b",\"data\":[{\"asks\":[")?;
    reader.rows.clear();
    for side in [Side::Sell, Side::Buy] {
        if side == Side::Buy {
            cursor.skip(b",\"bids\":[")?;
        }
        let level = Body::Level { side, price: Price(0), qty: Qty(0) };
        let like = Event::new(at, instrument.id, 0, level);
        cursor.levels(|cursor| {
            let (price, printed) = cursor.price_printed(instrument)?;
            cursor.skip(b",\"")?;
            let (qty, qty_printed) = cursor.qty_printed(instrument)?;
            rest(cursor)?;
            let printed = qty_printed.map(|qty| (printed, qty));
            let row = Reader::level(&like, (price, qty), printed);
            if price.is_zero() || !reader.rows.push(row) { None } else { Some(()) }
        })?;
    }
    let mut numbers = numbers(cursor)?;
    if whole {
        numbers.before = None;
    } else if numbers.before.is_none() {
        return None;
    }
    reader.finish(instrument.id, numbers, at);
    Some(Seen::Levels(instrument.id, numbers))
}

/// What stands behind the levels, in whatever order, to the end of the frame. Each once.
#[inline]
fn numbers(cursor: &mut Cursor<'_>) -> Option<Numbers> {
    let (mut numbers, mut seen) = (Numbers::default(), 0_u8);
    while !cursor.skips(b"}]}") {
        let bit = if cursor.skips(b",\"ts\":\"") {
            numbers.stamp = cursor.quoted_number()?;
            1
        } else if cursor.skips(b",\"checksum\":") {
            numbers.checksum = cursor.signed()?;
            2
        } else if cursor.skips(b",\"prevSeqId\":") {
            numbers.before = u64::try_from(cursor.signed()?).ok();
            4
        } else {
            cursor.skip(b",\"seqId\":")?;
            numbers.seq = cursor.number()?;
            8
        };
        if seen & bit != 0 {
            return None;
        }
        seen |= bit;
    }
    if seen & 8 != 0 && cursor.0.is_empty() { Some(numbers) } else { None }
}

#[inline]
fn best<I: Intake>(
    cursor: &mut Cursor<'_>,
    at: Nanos,
    instrument: &Instrument,
    intake: &I,
) -> Option<Seen> {
    let mut levels = [(Price(0), Qty(0)); 2];
    for (literal, side) in
        [(&b",\"data\":[{\"asks\":["[..], Side::Sell), (b",\"bids\":[", Side::Buy)]
    {
        cursor.skip(literal)?;
        if !cursor.skips(b"]") {
            cursor.skip(b"[\"")?;
            levels[side.index()] = cursor.level(instrument)?;
            rest(cursor)?;
            cursor.skip(b"]]")?;
        }
    }
    let numbers = numbers(cursor)?;
    if !intake.wants_best(instrument.id, numbers.seq) {
        return Some(Seen::Stale(instrument.id));
    }
    best_row(instrument.id, levels, (numbers.seq, numbers.stamp), (at, "bids")).ok().map(Seen::Best)
}

#[inline]
fn trades(
    cursor: &mut Cursor<'_>,
    at: Nanos,
    instrument: &Instrument,
    reader: &mut Reader,
) -> Option<Seen> {
    cursor.skip(b",\"data\":[")?;
    reader.prints.clear();
    loop {
        let (row, first) = trade(cursor, at, instrument)?;
        reader.prints.push(row, first).ok()?;
        if !cursor.skips(b",") {
            break;
        }
    }
    cursor.skip(b"]}")?;
    if cursor.0.is_empty() { Some(Seen::Trades(instrument.id)) } else { None }
}

#[inline]
fn trade(cursor: &mut Cursor<'_>, at: Nanos, instrument: &Instrument) -> Option<(Event, u64)> {
    cursor.skip(b"{\"instId\":\"")?;
    cursor.name()?;
    cursor.skip(b",\"tradeId\":\"")?;
    let id = cursor.quoted_number()?;
    cursor.skip(b",\"px\":\"")?;
    let price = cursor.price(instrument)?;
    cursor.skip(b",\"sz\":\"")?;
    let qty = cursor.qty(instrument)?;
    cursor.skip(b",\"side\":\"")?;
    let taker = match cursor.name()? {
        b"buy" => Side::Buy,
        b"sell" => Side::Sell,
        _ => return None,
    };
    cursor.skip(b",\"ts\":\"")?;
    let stamp = cursor.quoted_number()?;
    let mut count = 1;
    if cursor.skips(b",\"count\":\"") {
        count = cursor.quoted_number()?;
    }
    if cursor.skips(b",\"source\":\"") {
        cursor.name()?;
    }
    if cursor.skips(b",\"seqId\":") {
        cursor.number()?;
    }
    cursor.skip(b"}")?;
    if price.is_zero() {
        return None;
    }
    let row = Event::new(at, instrument.id, id, Body::Trade { price, qty, taker });
    let row = Event { venue_delta_us: venue_delta_us(at, stamp), ..row.with(flag::LAST) };
    Some((row, first_of(id, count)))
}
