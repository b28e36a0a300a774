//! Messages laid out once and patched for each request.
//!
//! A template owns the bytes of its message. Everything of fixed width (request id, time stamp,
//! client order ids) lies in the head and is overwritten where it stands; what varies in length
//! (price, quantity, the venue's ids, the signature) is in the tail and written behind it.

use crate::wire::{REQUEST_ID_LEN, RequestId};
use engine::id::{CLIENT_ID_LEN, ClientId};
use engine::num::{DECIMAL_LEN_MAX, Grid, digits, write_decimal};

/// Room kept behind the head for the tail: four numbers, a signature and what lies between.
const TAIL_LEN_MAX: usize = 768;

/// Digits of a time stamp in ms; enough until the year 2286.
pub(super) const TIME_LEN: usize = 13;

/// What differs from request to request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// The request's id.
    Id,
    /// The time stamp, ms.
    Time,
    /// The client id of the order that is placed or asked about.
    Client,
    /// The client id of the order that is cancelled.
    Old,
    /// The venue's id of the order that is cancelled or asked about.
    Venue,
    /// A price.
    Price,
    /// A quantity.
    Qty,
    /// A trade id.
    From,
    /// The signature over the other parameters.
    Signature,
}

impl Field {
    const fn width(self) -> Option<usize> {
        match self {
            Self::Id => Some(REQUEST_ID_LEN),
            Self::Time => Some(TIME_LEN),
            Self::Client | Self::Old => Some(CLIENT_ID_LEN),
            _ => None,
        }
    }
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// The same each time.
    Text(String),
    /// Filled in each time.
    Field(Field),
}

/// What the fields are filled with. Fields that a template does not have are not looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'a> {
    pub id: RequestId,
    pub at_ms: u64,
    pub client: ClientId,
    pub old: ClientId,
    pub venue: u64,
    pub price: i64,
    pub qty: i64,
    pub from: u64,
    pub signature: &'a [u8],
}

/// A short text, copied whole with what lies behind it: a copy of a fixed length is two stores.
const SHORT: usize = 32;

/// A piece of the tail.
#[derive(Debug)]
enum Tail {
    Short([u8; SHORT], usize),
    Long(Box<[u8]>),
    Field(Field),
}

impl Tail {
    fn new(piece: &Piece) -> Self {
        match piece {
            Piece::Field(field) => Self::Field(*field),
            Piece::Text(text) if text.len() <= SHORT => {
                let mut bytes = [b' '; SHORT];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                Self::Short(bytes, text.len())
            }
            Piece::Text(text) => Self::Long(text.as_bytes().into()),
        }
    }
}

/// A quantity as text: most orders of a strategy are of the one before's.
#[derive(Debug)]
struct Written {
    qty: i64,
    text: [u8; DECIMAL_LEN_MAX],
    len: usize,
}

impl Written {
    fn new(lot: Grid) -> Self {
        let mut text = [b' '; DECIMAL_LEN_MAX];
        let len = lot.write(0, &mut text);
        Self { qty: 0, text, len }
    }
}

/// One message, laid out.
#[derive(Debug)]
pub(super) struct Template {
    bytes: Vec<u8>,
    /// The time that stands in the head.
    at_ms: u64,
    qty: Written,
    patches: Vec<(usize, Field)>,
    head: usize,
    tail: Vec<Tail>,
    tick: Grid,
    lot: Grid,
}

impl Template {
    /// Lays the pieces out. Prices and quantities are written on these grids.
    pub fn new(pieces: &[Piece], tick: Grid, lot: Grid) -> Self {
        let mut bytes = Vec::new();
        let mut patches = Vec::new();
        let mut rest = pieces.iter();
        let mut tail = Vec::new();
        for piece in rest.by_ref() {
            match piece {
                Piece::Text(text) => bytes.extend_from_slice(text.as_bytes()),
                Piece::Field(field) => match field.width() {
                    Some(width) => {
                        patches.push((bytes.len(), *field));
                        bytes.resize(bytes.len() + width, b'0');
                    }
                    None => {
                        tail.push(Tail::new(piece));
                        break;
                    }
                },
            }
        }
        tail.extend(rest.map(Tail::new));
        let head = bytes.len();
        bytes.resize(head + TAIL_LEN_MAX, b' ');
        let (at_ms, qty) = (0, Written::new(lot));
        Self { bytes, at_ms, qty, patches, head, tail, tick, lot }
    }

    /// How many bytes at its beginning never change.
    pub fn constant(&self) -> &[u8] {
        let end = self.patches.first().map_or(self.head, |(at, _)| *at);
        &self.bytes[..end]
    }

    /// The message with these values; allocates nothing.
    #[inline]
    pub fn fill(&mut self, values: &Values<'_>) -> &[u8] {
        let same_time = values.at_ms == self.at_ms;
        self.at_ms = values.at_ms;
        for (at, field) in &self.patches {
            if !(same_time && *field == Field::Time) {
                patch(&mut self.bytes[*at..], *field, values);
            }
        }
        if self.qty.qty != values.qty {
            self.qty.qty = values.qty;
            self.qty.len = self.lot.write(values.qty, &mut self.qty.text);
        }
        let mut end = self.head;
        for piece in &self.tail {
            let out = &mut self.bytes[end..];
            end += match piece {
                Tail::Short(text, len) => copy_whole(text, *len, out),
                Tail::Long(text) => copy(text, out),
                Tail::Field(Field::Price) => self.tick.write(values.price, out),
                Tail::Field(Field::Qty) => copy_whole(&self.qty.text, self.qty.len, out),
                Tail::Field(Field::Venue) => write_u64(values.venue, out),
                Tail::Field(Field::From) => write_u64(values.from, out),
                Tail::Field(Field::Signature) => copy(values.signature, out),
                Tail::Field(fixed) => patch(out, *fixed, values),
            };
        }
        &self.bytes[..end]
    }
}

/// Writes a field of fixed width; returns the width, or 0 when there is no room.
#[inline]
fn patch(out: &mut [u8], field: Field, values: &Values<'_>) -> usize {
    match field {
        Field::Id => match out.first_chunk_mut::<REQUEST_ID_LEN>() {
            Some(place) => values.id.write(place),
            None => return 0,
        },
        Field::Time => match out.first_chunk_mut::<TIME_LEN>() {
            Some(place) => write_time(values.at_ms, place),
            None => return 0,
        },
        Field::Client | Field::Old => match out.first_chunk_mut::<CLIENT_ID_LEN>() {
            Some(place) if field == Field::Client => values.client.write(place),
            Some(place) => values.old.write(place),
            None => return 0,
        },
        _ => return 0,
    }
    field.width().unwrap_or(0)
}

#[inline]
fn copy_whole<const N: usize>(text: &[u8; N], len: usize, out: &mut [u8]) -> usize {
    match out.first_chunk_mut::<N>() {
        Some(place) => {
            *place = *text;
            len
        }
        None => 0,
    }
}

#[inline]
fn copy(text: &[u8], out: &mut [u8]) -> usize {
    match out.get_mut(..text.len()) {
        Some(place) => {
            place.copy_from_slice(text);
            text.len()
        }
        None => 0,
    }
}

/// Thirteen digits, leading zeros included: they only occur before the year 2001.
#[inline]
fn write_time(ms: u64, out: &mut [u8; TIME_LEN]) {
    out.copy_from_slice(&digits(ms)[16 - TIME_LEN..]);
}

/// Decimal digits; returns how many, or 0 when there is no room. Ids above 63 bits are none of any
/// venue's and stick there.
#[inline]
pub(super) fn write_u64(value: u64, out: &mut [u8]) -> usize {
    write_decimal(i64::try_from(value).unwrap_or(i64::MAX), 0, out)
}
