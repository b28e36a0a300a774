//! The fast way through frames that look as they always do: fields in the venue's usual order,
//! numbers as plain decimals. One pass, straight to integers.
//!
//! Whatever is unusual in any way makes it give up with `None`, and the general reader decides:
//! this one accepts nothing that the other would not read the same.

use super::decode::{Seen, venue_delta_us};
use super::rows::Rows;
use crate::protocol::Message;
use crate::sequence::DiffHead;
use engine::event::{Body, Event, flag};
use engine::id::{InstrumentId, Side};
use engine::instrument::{Instrument, PRICE_MAX, QTY_MAX};
use engine::num::{Grid, POW10, Price, Qty};
use engine::time::Nanos;

/// Most digits that surely fit 63 bits.
const DIGITS_MAX: usize = 18;

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    #[inline]
    fn skip(&mut self, literal: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(literal)?;
        Some(())
    }

    /// Plain characters up to a quote, which is passed over.
    #[inline]
    fn name(&mut self) -> Option<&'a [u8]> {
        let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        let len = self.0.iter().position(|byte| !plain(byte))?;
        let (name, rest) = self.0.split_at(len);
        self.0 = rest.strip_prefix(b"\"")?;
        Some(name)
    }

    #[inline]
    fn number(&mut self) -> Option<u64> {
        let (mut value, mut len) = (0_u64, 0);
        for byte in self.0 {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            len += 1;
        }
        if len == 0 || len > DIGITS_MAX || len > 1 && self.0[0] == b'0' {
            return None;
        }
        self.0 = &self.0[len..];
        Some(value)
    }

    /// A decimal up to a quote, which is passed over, in steps of the grid; and whether it was
    /// finer than the grid's places, which are all that count.
    #[inline]
    fn decimal(&mut self, grid: Grid, most: i64) -> Option<(i64, bool)> {
        let (mut value, mut digits, mut places, mut finer) = (0_i64, 0, 0, false);
        let (mut point, decimals) = (false, usize::from(grid.decimals));
        for (at, byte) in self.0.iter().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit <= 9 {
                digits += 1;
                if places == decimals && point {
                    finer |= digit != 0;
                    continue;
                }
                value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
                places += usize::from(point);
            } else if *byte == b'.' && !point {
                point = true;
            } else {
                let missing = decimals - places;
                if *byte != b'"' || digits == 0 || digits + missing > DIGITS_MAX {
                    return None;
                }
                self.0 = &self.0[at + 1..];
                let value = value.wrapping_mul(POW10[missing]);
                let steps = if grid.step == 1 { value } else { value / grid.step };
                finer |= grid.step != 1 && value % grid.step != 0;
                return if steps <= most { Some((steps, finer)) } else { None };
            }
        }
        None
    }

    #[inline]
    fn price(&mut self, instrument: &Instrument) -> Option<Price> {
        let (ticks, finer) = self.decimal(instrument.tick, PRICE_MAX)?;
        if finer { None } else { Some(Price(ticks)) }
    }

    /// Finer than a lot, it is rounded down, but never to nothing.
    #[inline]
    fn qty(&mut self, instrument: &Instrument) -> Option<Qty> {
        let (lots, finer) = self.decimal(instrument.lot, QTY_MAX)?;
        Some(Qty(if finer { lots.max(1) } else { lots }))
    }

    #[inline]
    fn truth(&mut self) -> Option<bool> {
        match self.skip(b"true") {
            Some(()) => Some(true),
            None => self.skip(b"false").map(|()| false),
        }
    }

    #[inline]
    fn levels(
        &mut self,
        (instrument, mut row): (&Instrument, Event),
        rows: &mut Rows,
    ) -> Option<()> {
        if self.skip(b"]").is_some() {
            return Some(());
        }
        loop {
            self.skip(b"[\"")?;
            let price = self.price(instrument)?;
            self.skip(b",\"")?;
            let qty = self.qty(instrument)?;
            row.payload = [price.0 as u64, qty.0 as u64, 0, 0];
            if price.is_zero() || !rows.push(row) {
                return None;
            }
            self.skip(b"]")?;
            if self.skip(b",").is_none() {
                return self.skip(b"]");
            }
        }
    }
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
        cursor.levels((instrument, Event { venue_delta_us, ..row }), rows)?;
    }
    cursor.skip(b"}")?;
    rows.flag_last();
    Some(Seen::Depth(instrument.id, DiffHead { before, last, at }))
}
