//! Frames and snapshots to rows. Reading allocates nothing once the largest documents were seen,
//! which [`Decoder::new`] sees to.

#[cfg(target_arch = "x86_64")]
use super::fast::{Fast, Found};
use super::rows::Rows;
use super::scan;
use super::tape::{Nodes, Parser};
use super::{BinanceSpotConfig, Flavour};
use crate::net::Payload;
use crate::net::frame::SPARE;
use crate::protocol::{DecodeError, Message, Snapshot, Ways};
use crate::sequence::DiffHead;
use engine::event::{Body, Event, flag};
use engine::id::{InstrumentId, Side};
use engine::instrument::Instrument;
use engine::time::Nanos;

/// Times of the venue at or above this are in µs, below in ms (the year 5138 in ms).
const MICROS_FROM: u64 = 100_000_000_000_000;

/// The decoder of one feed.
pub struct Decoder {
    instruments: Vec<Instrument>,
    flavour: Flavour,
    snapshot_levels: usize,
    frames: Parser,
    snapshots: Parser,
    rows: Rows,
    snapshot_rows: Rows,
    last_found: usize,
    #[cfg(target_arch = "x86_64")]
    fast: Fast,
    ways: Ways,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("instruments", &self.instruments).finish_non_exhaustive()
    }
}

/// How many bytes are read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// One: on any machine.
    Plain,
    /// Sixteen, with AVX2.
    Avx2,
    /// Sixty-four, with AVX-512 VBMI2.
    Avx512,
}

impl Width {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Avx2, Self::Avx512];
}

/// What a frame was, its rows left with the decoder.
pub(super) enum Seen {
    Depth(InstrumentId, DiffHead),
    Whole(Message<'static>),
}

/// The fields of an event, as far as they were there. Places of 0 are none: the root lies there.
#[derive(Default)]
struct Fields<'i> {
    event: &'i str,
    symbol: &'i str,
    venue_time: u64,
    first: Option<u64>,
    last: Option<u64>,
    previous: Option<u64>,
    trade: Option<u64>,
    buyer_made: Option<bool>,
    bid: usize,
    bid_qty: usize,
    ask: usize,
    ask_qty: usize,
    price: usize,
    qty: usize,
}

impl Decoder {
    /// Reserves and touches what reading the largest documents needs.
    pub fn new(config: &BinanceSpotConfig) -> Self {
        let mut decoder = Self {
            instruments: config.instruments.clone(),
            flavour: config.flavour,
            snapshot_levels: usize::from(config.snapshot_levels),
            frames: Parser::new(64 * 1024),
            snapshots: Parser::new(1024 * 1024),
            rows: Rows::new(config.diff_levels_max),
            snapshot_rows: Rows::new(config.snapshot_rows_max()),
            last_found: 0,
            #[cfg(target_arch = "x86_64")]
            fast: Fast::new(config),
            ways: Ways::default(),
        };
        decoder.warm_up(config.diff_levels_max);
        decoder
    }

    /// What is followed.
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// Reads with instructions of this width from now on: the results are the same. `false`, and
    /// nothing changed, where the machine has none such.
    pub fn set_width(&mut self, width: Width) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self.fast.set_width(width);
        #[cfg(not(target_arch = "x86_64"))]
        return width == Width::Plain;
    }

    /// How frames were read that did not look as usual.
    pub const fn ways(&self) -> Ways {
        self.ways
    }

    /// Reads one frame, whose last byte was read at `at`. `wants_best` tells whether a best bid and
    /// ask of this update id is news; one that is not is left unread.
    #[inline]
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
    pub fn decode(
        &mut self,
        mut frame: Payload<'_>,
        at: Nanos,
        wants_best: impl Fn(InstrumentId, u64) -> bool,
    ) -> Result<Message<'_>, DecodeError> {
        #[cfg(target_arch = "x86_64")]
        {
            let (bytes, len) = frame.reborrow().padded();
            match self.fast.read((bytes, len), at, &wants_best, &mut self.rows) {
                Found::Best => return Ok(Message::Best(self.fast.row.0)),
                Found::Trade => return Ok(Message::Trade(self.fast.row.0)),
                Found::Stale(instrument) => return Ok(Message::Stale(instrument, at)),
                Found::Depth(instrument) => {
                    let (head, rows) = (self.fast.head, self.rows.as_slice());
                    return Ok(Message::Depth { instrument, head, rows });
                }
                Found::Nothing => {}
            }
        }
        let seen = self.unusual(frame, at, wants_best)?;
        Ok(self.message(seen))
    }

    /// Reads what does not look as it always does.
    #[cold]
    fn unusual(
        &mut self,
        mut frame: Payload<'_>,
        at: Nanos,
        wants_best: impl Fn(InstrumentId, u64) -> bool,
    ) -> Result<Seen, DecodeError> {
        let Self { instruments, rows, last_found, .. } = self;
        let known = |symbol: &[u8]| find(instruments, symbol, last_found);
        let seen = if self.flavour == Flavour::Spot {
            scan::spot(&frame, at, known, &wants_best, rows)
        } else {
            None
        };
        let seen = match seen {
            Some(seen) => {
                self.ways.plain += 1;
                seen
            }
            None => {
                self.ways.general += 1;
                self.general(frame.reborrow(), at, wants_best)?
            }
        };
        #[cfg(target_arch = "x86_64")]
        if !matches!(seen, Seen::Whole(Message::Answer | Message::Unknown | Message::Shutdown)) {
            self.fast.missed(self.last_found, &frame);
        }
        Ok(seen)
    }

    /// As [`Decoder::decode`], for frames of any shape: fields in any order, more fields than
    /// known.
    pub fn decode_any(
        &mut self,
        frame: Payload<'_>,
        at: Nanos,
        wants_best: impl Fn(InstrumentId, u64) -> bool,
    ) -> Result<Message<'_>, DecodeError> {
        let seen = self.general(frame, at, wants_best)?;
        Ok(self.message(seen))
    }

    fn general(
        &mut self,
        frame: Payload<'_>,
        at: Nanos,
        wants_best: impl Fn(InstrumentId, u64) -> bool,
    ) -> Result<Seen, DecodeError> {
        let Self { instruments, frames, rows, last_found, .. } = self;
        let flavour = self.flavour;
        frames.parse(frame.padded(), |nodes| {
            let Some(fields) = fields(nodes)? else { return Ok(Seen::Whole(Message::Answer)) };
            match fields.event {
                "depthUpdate" | "trade" | "bookTicker" => {}
                "" if fields.bid_qty != 0 => {}
                "serverShutdown" => return Ok(Seen::Whole(Message::Shutdown)),
                _ => return Ok(Seen::Whole(Message::Unknown)),
            }
            let Some(instrument) = find(instruments, fields.symbol.as_bytes(), last_found) else {
                return Ok(Seen::Whole(Message::Unknown));
            };
            match fields.event {
                "depthUpdate" => depth(nodes, &fields, instrument, (at, flavour), rows),
                "trade" => trade(nodes, &fields, instrument, at),
                _ => best(nodes, &fields, instrument, at, wants_best),
            }
        })
    }

    #[inline]
    fn message(&self, seen: Seen) -> Message<'_> {
        match seen {
            Seen::Depth(instrument, head) => {
                Message::Depth { instrument, head, rows: self.rows.as_slice() }
            }
            Seen::Whole(message) => message,
        }
    }

    /// Reads the body of a snapshot of the n-th instrument; levels beyond those asked for are left
    /// out.
    pub fn snapshot(
        &mut self,
        place: usize,
        body: &mut Vec<u8>,
        at: Nanos,
    ) -> Result<Snapshot<'_>, DecodeError> {
        let instrument = self.instruments.get(place).ok_or(DecodeError::Field("symbol"))?;
        let (rows, levels_max) = (&mut self.snapshot_rows, self.snapshot_levels);
        let len = body.len();
        body.resize(len + SPARE, 0);
        rows.clear();
        let last = self.snapshots.parse((body, len), |nodes| {
            let (mut last, mut bids, mut asks) = (None, 0, 0);
            nodes.each(0, |key, place| {
                match key {
                    "lastUpdateId" => last = Some(nodes.number(place, "lastUpdateId")?),
                    "bids" => bids = place,
                    "asks" => asks = place,
                    _ => {}
                }
                Ok(())
            })?;
            let last = last.ok_or(DecodeError::Field("lastUpdateId"))?;
            let row = Event { at, id: last, instrument: instrument.id, ..Event::default() };
            let row = row.with(flag::SNAPSHOT);
            nodes.levels(bids, (instrument, Side::Buy), (row, levels_max), rows)?;
            nodes.levels(asks, (instrument, Side::Sell), (row, levels_max), rows)?;
            Ok(last)
        })?;
        if rows.len() == 0 {
            return Err(DecodeError::Ids);
        }
        rows.flag_first(flag::FIRST);
        rows.flag_last();
        Ok(Snapshot { last, rows: rows.as_slice() })
    }

    /// Reads the largest documents that are expected once, so that reading them later grows
    /// nothing.
    fn warm_up(&mut self, diff_levels: usize) {
        let Some(symbol) = self.instruments.first().map(|instrument| instrument.symbol) else {
            return;
        };
        let level = "[\"000000000.00000000\",\"000000000.00000000\"],";
        let side = |count: usize| {
            let mut text = level.repeat(count);
            text.pop();
            text
        };
        let levels = side(self.snapshot_levels);
        let text = format!("{{\"lastUpdateId\":1,\"bids\":[{levels}],\"asks\":[{levels}]}}");
        let _ = self.snapshot(0, &mut text.into_bytes(), Nanos::ZERO);
        let levels = side(diff_levels);
        let mut text = format!(
            "{{\"stream\":\"x\",\"data\":{{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"{symbol}\",\
             \"U\":1,\"u\":2,\"pu\":0,\"b\":[{levels}],\"a\":[]}}}}"
        )
        .into_bytes();
        let len = text.len();
        text.resize(len + SPARE, 0);
        if let Some(frame) = Payload::new(&mut text, len) {
            let _ = self.decode_any(frame, Nanos::ZERO, |_, _| true);
        }
    }
}

/// The instrument of this name; the one found last is tried first.
#[inline]
fn find<'a>(table: &'a [Instrument], symbol: &[u8], last: &mut usize) -> Option<&'a Instrument> {
    let is_it = |instrument: &&Instrument| instrument.symbol.as_bytes() == symbol;
    if let Some(instrument) = table.get(*last).filter(is_it) {
        return Some(instrument);
    }
    *last = table.iter().position(|instrument| is_it(&instrument))?;
    table.get(*last)
}

/// The fields of the event, whether wrapped or raw; `None` for an answer to a request.
#[inline]
fn fields<'i>(nodes: Nodes<'_, 'i>) -> Result<Option<Fields<'i>>, DecodeError> {
    let mut fields = Fields::default();
    let (mut data, mut result) = (0, 0);
    nodes.each(0, |key, place| {
        match key {
            "data" => data = place,
            "result" => result = place,
            "stream" => {}
            _ => return field(nodes, key, place, &mut fields),
        }
        Ok(())
    })?;
    if data != 0 {
        nodes.each(data, |key, place| field(nodes, key, place, &mut fields))?;
    }
    Ok(if result != 0 && data == 0 { None } else { Some(fields) })
}

#[inline]
fn field<'i>(
    nodes: Nodes<'_, 'i>,
    key: &'i str,
    place: usize,
    fields: &mut Fields<'i>,
) -> Result<(), DecodeError> {
    match key {
        "e" => fields.event = nodes.text(place, "e")?,
        "E" => fields.venue_time = nodes.number(place, "E")?,
        "s" => fields.symbol = nodes.text(place, "s")?,
        "U" => fields.first = Some(nodes.number(place, "U")?),
        "u" => fields.last = Some(nodes.number(place, "u")?),
        "pu" => fields.previous = Some(nodes.number(place, "pu")?),
        "t" => fields.trade = Some(nodes.number(place, "t")?),
        "m" => fields.buyer_made = Some(nodes.truth(place, "m")?),
        "b" => fields.bid = place,
        "B" => fields.bid_qty = place,
        "a" => fields.ask = place,
        "A" => fields.ask_qty = place,
        "p" => fields.price = place,
        "q" => fields.qty = place,
        _ => {}
    }
    Ok(())
}

#[inline]
fn depth(
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

#[inline]
fn trade(
    nodes: Nodes<'_, '_>,
    fields: &Fields<'_>,
    instrument: &Instrument,
    at: Nanos,
) -> Result<Seen, DecodeError> {
    let id = fields.trade.ok_or(DecodeError::Field("t"))?;
    let buyer_made = fields.buyer_made.ok_or(DecodeError::Field("m"))?;
    let price = nodes.price(fields.price, instrument, "p")?;
    if price.is_zero() {
        return Err(DecodeError::Range("p"));
    }
    let qty = nodes.qty(fields.qty, instrument, "q")?;
    let taker = if buyer_made { Side::Sell } else { Side::Buy };
    let body = Body::Trade { price, qty, taker };
    let row = Event::new(at, instrument.id, id, body).with(flag::LAST);
    let venue_delta_us = venue_delta_us(at, fields.venue_time);
    Ok(Seen::Whole(Message::Trade(Event { venue_delta_us, ..row })))
}

#[inline]
fn best(
    nodes: Nodes<'_, '_>,
    fields: &Fields<'_>,
    instrument: &Instrument,
    at: Nanos,
    wants_best: impl Fn(InstrumentId, u64) -> bool,
) -> Result<Seen, DecodeError> {
    let id = fields.last.ok_or(DecodeError::Field("u"))?;
    if !wants_best(instrument.id, id) {
        return Ok(Seen::Whole(Message::Stale(instrument.id, at)));
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
    let row = Event::new(at, instrument.id, id, body).with(flag::LAST);
    let venue_delta_us = venue_delta_us(at, fields.venue_time);
    Ok(Seen::Whole(Message::Best(Event { venue_delta_us, ..row })))
}

/// Our reading minus the venue's stamp (ms or µs, told apart by size), µs; sticks at the ends; 0
/// when there is no stamp.
#[inline]
pub(super) fn venue_delta_us(at: Nanos, stamp: u64) -> i32 {
    if stamp == 0 {
        return 0;
    }
    let stamp_us = if stamp < MICROS_FROM { stamp * 1_000 } else { stamp };
    let delta = (at.0 / 1_000) as i64 - i64::try_from(stamp_us).unwrap_or(i64::MAX);
    i32::try_from(delta).unwrap_or(if delta < 0 { i32::MIN } else { i32::MAX })
}
