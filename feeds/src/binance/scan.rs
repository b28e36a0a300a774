//! The fast way through frames that look as they always do: fields in the venue's usual order,
//! numbers as plain decimals. One pass, straight to integers.
//!
//! Whatever is unusual in any way makes it give up with `None`, and the general reader decides:
//! this one accepts nothing that the other would not read the same.

use super::decode::Seen;
use crate::protocol::Message;
use crate::reading::{Cursor, Rows, venue_delta_us};
use crate::sequence::DiffHead;
use engine::event::{Body, Event, flag};
use engine::id::{InstrumentId, Side};
use engine::instrument::Instrument;
use engine::num::{Price, Qty};
use engine::time::Nanos;

/// Levels from behind the opening bracket, as rows like this one.
#[inline]
fn levels(
    cursor: &mut Cursor<'_>,
    (instrument, mut row): (&Instrument, Event),
    rows: &mut Rows,
) -> Option<()> {
    cursor.levels(|cursor| {
        let (price, qty) = cursor.level(instrument)?;
        row.payload = [price.0 as u64, qty.0 as u64, 0, 0];
        if price.is_zero() || !rows.push(row) { None } else { Some(()) }
    })
}

/// A bundle of trades of USDⓈ-M futures in its usual shape, wrapped or raw.
#[inline]
pub fn usdm<'t>(
    frame: &[u8],
    at: Nanos,
    mut find: impl FnMut(&[u8]) -> Option<&'t Instrument>,
) -> Option<Seen> {
    let mut cursor = Cursor(frame);
    let wrapped = cursor.skips(b"{\"stream\":\"");
    if wrapped {
        cursor.name()?;
        cursor.skip(b",\"data\":")?;
    }
    cursor.skip(b"{\"e\":\"aggTrade\",\"E\":")?;
    let stamp = cursor.number()?;
    cursor.skip(b",\"s\":\"")?;
    let instrument = find(cursor.name()?)?;
    cursor.skip(b",\"a\":")?;
    let id = cursor.number()?;
    cursor.skip(b",\"p\":\"")?;
    let price = cursor.price(instrument)?;
    cursor.skip(b",\"q\":\"")?;
    let qty = cursor.qty(instrument)?;
    if cursor.skips(b",\"nq\":\"") {
        cursor.name()?;
    }
    for field in [&b",\"f\":"[..], b",\"l\":", b",\"T\":"] {
        cursor.skip(field)?;
        cursor.number()?;
    }
    cursor.skip(b",\"m\":")?;
    let taker = if cursor.truth()? { Side::Sell } else { Side::Buy };
    cursor.skip(if wrapped { b"}}" } else { b"}" })?;
    if price.is_zero() || !cursor.0.is_empty() {
        return None;
    }
    let row = Event::new(at, instrument.id, id, Body::Trade { price, qty, taker }).with(flag::LAST);
    let row = Event { venue_delta_us: venue_delta_us(at, stamp), ..row };
    Some(Seen::Whole(Message::Bundle { row, first: id }))
}

/// A frame of the spot market in its usual shape, wrapped or raw; levels go to `rows`.
#[inline]
pub fn spot<'t>(
    frame: &[u8],
    at: Nanos,
    mut find: impl FnMut(&[u8]) -> Option<&'t Instrument>,
    wants_best: impl Fn(InstrumentId, u64) -> bool,
    rows: &mut Rows,
) -> Option<Seen> {
    let mut cursor = Cursor(frame);
    let wrapped = cursor.skip(b"{\"stream\":\"").is_some();
    if wrapped {
        cursor.name()?;
        cursor.skip(b",\"data\":")?;
    }
    let seen = if cursor.skip(b"{\"u\":").is_some() {
        best(&mut cursor, at, &mut find, wants_best)?
    } else {
        cursor.skip(b"{\"e\":\"")?;
        if cursor.skip(b"trade\",\"E\":").is_some() {
            trade(&mut cursor, at, &mut find)?
        } else {
            cursor.skip(b"depthUpdate\",\"E\":")?;
            depth(&mut cursor, at, &mut find, rows)?
        }
    };
    if wrapped {
        cursor.skip(b"}")?;
    }
    if cursor.0.is_empty() { Some(seen) } else { None }
}

#[inline]
fn best<'t>(
    cursor: &mut Cursor<'_>,
    at: Nanos,
    find: &mut impl FnMut(&[u8]) -> Option<&'t Instrument>,
    wants_best: impl Fn(InstrumentId, u64) -> bool,
) -> Option<Seen> {
    let id = cursor.number()?;
    cursor.skip(b",\"s\":\"")?;
    let instrument = find(cursor.name()?)?;
    let wanted = wants_best(instrument.id, id);
    cursor.skip(b",\"b\":\"")?;
    let bid = cursor.price(instrument)?;
    cursor.skip(b",\"B\":\"")?;
    let bid_qty = cursor.qty(instrument)?;
    cursor.skip(b",\"a\":\"")?;
    let ask = cursor.price(instrument)?;
    cursor.skip(b",\"A\":\"")?;
    let ask_qty = cursor.qty(instrument)?;
    cursor.skip(b"}")?;
    if !wanted {
        return Some(Seen::Whole(Message::Stale(instrument.id, at)));
    }
    if bid >= ask {
        return None;
    }
    let body = Body::Best { bid, bid_qty, ask, ask_qty };
    let row = Event::new(at, instrument.id, id, body).with(flag::LAST);
    Some(Seen::Whole(Message::Best(row)))
}

#[inline]
fn trade<'t>(
    cursor: &mut Cursor<'_>,
    at: Nanos,
    find: &mut impl FnMut(&[u8]) -> Option<&'t Instrument>,
) -> Option<Seen> {
    let stamp = cursor.number()?;
    cursor.skip(b",\"s\":\"")?;
    let instrument = find(cursor.name()?)?;
    cursor.skip(b",\"t\":")?;
    let id = cursor.number()?;
    cursor.skip(b",\"p\":\"")?;
    let price = cursor.price(instrument)?;
    cursor.skip(b",\"q\":\"")?;
    let qty = cursor.qty(instrument)?;
    cursor.skip(b",\"T\":")?;
    cursor.number()?;
    cursor.skip(b",\"m\":")?;
    let taker = if cursor.truth()? { Side::Sell } else { Side::Buy };
    if cursor.skip(b",\"M\":").is_some() {
        cursor.truth()?;
    }
    cursor.skip(b"}")?;
    if price.is_zero() {
        return None;
    }
    let row = Event::new(at, instrument.id, id, Body::Trade { price, qty, taker }).with(flag::LAST);
    let venue_delta_us = venue_delta_us(at, stamp);
    Some(Seen::Whole(Message::Trade(Event { venue_delta_us, ..row })))
}

#[inline]
fn depth<'t>(
    cursor: &mut Cursor<'_>,
    at: Nanos,
    find: &mut impl FnMut(&[u8]) -> Option<&'t Instrument>,
    rows: &mut Rows,
) -> Option<Seen> {
    let stamp = cursor.number()?;
    cursor.skip(b",\"s\":\"")?;
    let instrument = find(cursor.name()?)?;
    cursor.skip(b",\"U\":")?;
    let first = cursor.number()?;
    cursor.skip(b",\"u\":")?;
    let last = cursor.number()?;
    let before = first.checked_sub(1)?;
    if first > last {
        return None;
    }
    let venue_delta_us = venue_delta_us(at, stamp);
    rows.clear();
    for (literal, side) in [(&b",\"b\":["[..], Side::Buy), (&b",\"a\":["[..], Side::Sell)] {
        cursor.skip(literal)?;
        let level = Body::Level { side, price: Price(0), qty: Qty(0) };
        let row = Event::new(at, instrument.id, last, level);
        levels(cursor, (instrument, Event { venue_delta_us, ..row }), rows)?;
    }
    cursor.skip(b"}")?;
    rows.flag_last();
    Some(Seen::Depth(instrument.id, DiffHead { before, last, at }))
}
