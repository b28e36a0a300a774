//! The tape that simd-json writes, read by position: what lies where, and where the next thing
//! begins.

use super::rows::Rows;
use crate::net::frame::SPARE;
use crate::protocol::DecodeError;
use engine::event::{Body, Event};
use engine::id::Side;
use engine::instrument::{Instrument, QTY_MAX};
use engine::num::{NumError, Price, Qty, parse_decimal};
use simd_json::{Buffers, Node, StaticNode, Tape, fill_tape_padded};

/// A parser whose memory is used again and again.
pub struct Parser {
    buffers: Buffers,
    tape: Tape<'static>,
}

impl Parser {
    /// For documents of about this many bytes; larger ones make it grow.
    pub fn new(len: usize) -> Self {
        Self { buffers: Buffers::new(len), tape: Tape(Vec::with_capacity(len / 4)) }
    }

    /// Parses the first `len` of `bytes` and lets `read` look at the tape.
    #[inline]
    pub fn parse<T>(
        &mut self,
        (bytes, len): (&mut [u8], usize),
        read: impl FnOnce(Nodes<'_, '_>) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let outcome = match fill_tape_padded(bytes, len, &mut self.buffers, &mut tape) {
            Ok(()) => read(Nodes(&tape.0)),
            Err(_) => Err(DecodeError::Json),
        };
        self.tape = tape.reset();
        outcome
    }
}

impl Parser {
    /// Parses the largest document that is expected once, so that parsing it later grows nothing.
    pub fn warm_up(&mut self, text: &str) {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(text.len() + SPARE, 0);
        let _ = self.parse((&mut bytes, text.len()), |_| Ok(()));
    }
}

/// A tape.
#[derive(Clone, Copy)]
pub struct Nodes<'t, 'i>(&'t [Node<'i>]);

impl<'t, 'i> Nodes<'t, 'i> {
    /// Where what begins at `place` ends.
    #[inline]
    pub fn after(self, place: usize) -> usize {
        match self.0.get(place) {
            Some(Node::Object { count, .. } | Node::Array { count, .. }) => place + 1 + count,
            _ => place + 1,
        }
    }

    #[inline]
    pub fn text(self, place: usize, field: &'static str) -> Result<&'i str, DecodeError> {
        match self.0.get(place) {
            Some(Node::String(text)) => Ok(text),
            _ => Err(DecodeError::Field(field)),
        }
    }

    #[inline]
    pub fn number(self, place: usize, field: &'static str) -> Result<u64, DecodeError> {
        match self.0.get(place) {
            Some(Node::Static(StaticNode::U64(number))) => Ok(*number),
            Some(Node::Static(StaticNode::I64(number))) => {
                u64::try_from(*number).map_err(|_| DecodeError::Field(field))
            }
            _ => Err(DecodeError::Field(field)),
        }
    }

    #[inline]
    pub fn truth(self, place: usize, field: &'static str) -> Result<bool, DecodeError> {
        match self.0.get(place) {
            Some(Node::Static(StaticNode::Bool(truth))) => Ok(*truth),
            _ => Err(DecodeError::Field(field)),
        }
    }

    /// How many members the object at `place` has.
    #[inline]
    pub fn members(self, place: usize, field: &'static str) -> Result<usize, DecodeError> {
        match self.0.get(place) {
            Some(Node::Object { len, .. }) => Ok(*len),
            _ => Err(DecodeError::Field(field)),
        }
    }

    /// The places behind each key of the object at `place`.
    #[inline]
    pub fn each(
        self,
        place: usize,
        mut read: impl FnMut(&'i str, usize) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let members = self.members(place, "object")?;
        let mut place = place + 1;
        for _ in 0..members {
            let key = self.text(place, "key")?;
            read(key, place + 1)?;
            place = self.after(place + 1);
        }
        Ok(())
    }

    /// How many elements the list at `place` has.
    #[inline]
    pub fn elements(self, place: usize, field: &'static str) -> Result<usize, DecodeError> {
        match self.0.get(place) {
            Some(Node::Array { len, .. }) => Ok(*len),
            _ => Err(DecodeError::Field(field)),
        }
    }

    /// The place of each element of the list at `place`.
    #[inline]
    pub fn every(
        self,
        place: usize,
        field: &'static str,
        mut read: impl FnMut(usize) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let elements = self.elements(place, field)?;
        let mut place = place + 1;
        for _ in 0..elements {
            read(place)?;
            place = self.after(place);
        }
        Ok(())
    }

    /// A whole number that may be negative.
    #[inline]
    pub fn integer(self, place: usize, field: &'static str) -> Result<i64, DecodeError> {
        match self.0.get(place) {
            Some(Node::Static(StaticNode::I64(number))) => Ok(*number),
            _ => i64::try_from(self.number(place, field)?).map_err(|_| DecodeError::Field(field)),
        }
    }

    /// Whether the quantity at `place` is one of whole lots.
    #[inline]
    pub fn is_exact(self, place: usize, instrument: &Instrument) -> bool {
        self.text(place, "").is_ok_and(|text| instrument.qty(text.as_bytes()).is_ok())
    }

    /// A whole number that is written as a text.
    #[inline]
    pub fn number_text(self, place: usize, field: &'static str) -> Result<u64, DecodeError> {
        self.text(place, field)?.parse().map_err(|_| DecodeError::Field(field))
    }

    /// The price at `place`, in ticks; 0 is let through, some fields mean "none" by it.
    #[inline]
    pub fn price(
        self,
        place: usize,
        instrument: &Instrument,
        field: &'static str,
    ) -> Result<Price, DecodeError> {
        let text = self.text(place, field)?;
        match instrument.price(text.as_bytes()) {
            Ok(price) if price.0 >= 0 => Ok(price),
            Ok(_) => Err(DecodeError::Range(field)),
            Err(why) => Err(DecodeError::Number { field, why }),
        }
    }

    /// The quantity at `place`, in lots. Quantities off the lot grid stand on real books since lot
    /// sizes were changed under them: those are rounded down, but never to nothing.
    #[inline]
    pub fn qty(
        self,
        place: usize,
        instrument: &Instrument,
        field: &'static str,
    ) -> Result<Qty, DecodeError> {
        let text = self.text(place, field)?;
        match instrument.qty(text.as_bytes()) {
            Ok(qty) if qty.0 >= 0 => Ok(qty),
            Ok(_) => Err(DecodeError::Range(field)),
            Err(why) => whole_lots(text, instrument, why).ok_or(DecodeError::Number { field, why }),
        }
    }

    /// The levels `[["price","qty"],…]` at `place` as rows like `row`, at most `levels_max`.
    #[inline]
    pub fn levels(
        self,
        place: usize,
        (instrument, side): (&Instrument, Side),
        (row, levels_max): (Event, usize),
        rows: &mut Rows,
    ) -> Result<(), DecodeError> {
        let field = if side == Side::Buy { "bids" } else { "asks" };
        let Some(Node::Array { len, .. }) = self.0.get(place) else {
            return Err(DecodeError::Field(field));
        };
        let level = Body::Level { side, price: Price(0), qty: Qty(0) };
        let made = Event::new(row.at, row.instrument, row.id, level);
        let mut made = Event { venue_delta_us: row.venue_delta_us, ..made }.with(row.flags);
        let mut place = place + 1;
        for _ in 0..(*len).min(levels_max) {
            if !matches!(self.0.get(place), Some(Node::Array { len, .. }) if *len >= 2) {
                return Err(DecodeError::Field(field));
            }
            let price = self.price(place + 1, instrument, field)?;
            let qty = self.qty(place + 2, instrument, field)?;
            if price.is_zero() {
                return Err(DecodeError::Range(field));
            }
            made.payload = [price.0 as u64, qty.0 as u64, 0, 0];
            if !rows.push(made) {
                return Err(DecodeError::Levels(rows.len()));
            }
            place = self.after(place);
        }
        Ok(())
    }
}

/// A positive quantity off the lot grid, rounded down to whole lots, one at least.
#[cold]
fn whole_lots(text: &str, instrument: &Instrument, why: NumError) -> Option<Qty> {
    let lot = instrument.size;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if why != NumError::OffGrid || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept = whole.len() + 1 + usize::from(lot.decimals).min(fraction.len());
    let kept = text.get(..kept.min(text.len()))?;
    let lots = parse_decimal(kept.as_bytes(), lot.decimals).ok()? / lot.step;
    if text.starts_with('-') || lots > QTY_MAX { None } else { Some(Qty(lots.max(1))) }
}

/// The instrument of this name; the one found last is tried first.
#[inline]
pub fn find<'a>(
    table: &'a [Instrument],
    symbol: &[u8],
    last: &mut usize,
) -> Option<&'a Instrument> {
    let is_it = |instrument: &&Instrument| instrument.symbol.as_bytes() == symbol;
    if let Some(instrument) = table.get(*last).filter(is_it) {
        return Some(instrument);
    }
    *last = table.iter().position(|instrument| is_it(&instrument))?;
    table.get(*last)
}
