//! Frames and snapshots to rows. Reading allocates nothing once the largest documents were seen,
//! which [`Decoder::new`] sees to.

use super::Flavour;
#[cfg(target_arch = "x86_64")]
use super::fast::{Fast, Found};
use super::fields::{self, Fields};
use super::scan;
use crate::net::Payload;
use crate::net::frame::SPARE;
use crate::protocol::{DecodeError, Message, Snapshot, Ways};
use crate::reading::{Parser, Rows, find};
use crate::sequence::DiffHead;
use engine::event::{Event, flag};
use engine::id::{InstrumentId, Side};
use engine::instrument::Instrument;
use engine::time::Nanos;

/// How large documents may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Levels a side of a snapshot.
    pub snapshot_levels: u16,
    /// Most levels taken in one diff.
    pub diff_levels_max: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { snapshot_levels: 5_000, diff_levels_max: 20_000 }
    }
}

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
    also: Option<Event>,
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

impl Decoder {
    /// Reserves and touches what reading the largest documents needs.
    pub fn new(flavour: Flavour, instruments: &[Instrument], sizes: Sizes) -> Self {
        let snapshot_levels = usize::from(sizes.snapshot_levels);
        let mut decoder = Self {
            instruments: instruments.to_vec(),
            flavour,
            snapshot_levels,
            frames: Parser::new(64 * 1024),
            snapshots: Parser::new(1024 * 1024),
            rows: Rows::new(sizes.diff_levels_max),
            snapshot_rows: Rows::new(snapshot_levels * 2),
            last_found: 0,
            #[cfg(target_arch = "x86_64")]
            fast: Fast::new(flavour, instruments),
            also: None,
            ways: Ways::default(),
        };
        decoder.warm_up(sizes.diff_levels_max);
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

    /// The second row of the frame that was read last, a funding rate, if it had one.
    #[inline]
    pub fn also(&mut self) -> Option<Event> {
        self.also.take()
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
        let seen = match self.flavour {
            Flavour::Spot => scan::spot(&frame, at, known, &wants_best, rows),
            Flavour::Usdm => scan::usdm(&frame, at, known),
        };
        let seen = match (seen, self.flavour) {
            // The usual way of what the fastest one does not know.
            (Some(seen), Flavour::Usdm) => return Ok(seen),
            (Some(seen), Flavour::Spot) => {
                self.ways.plain += 1;
                seen
            }
            (None, _) => {
                self.ways.general += 1;
                self.general(frame.reborrow(), at, wants_best)?
            }
        };
        #[cfg(target_arch = "x86_64")]
        if matches!(
            seen,
            Seen::Depth(..)
                | Seen::Whole(Message::Best(_) | Message::Trade(_) | Message::Stale(..))
        ) {
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
        let Self { instruments, frames, rows, last_found, also, .. } = self;
        let flavour = self.flavour;
        frames.parse(frame.padded(), |nodes| {
            let Some(fields) = Fields::read(nodes)? else {
                return Ok(Seen::Whole(Message::Answer));
            };
            let usdm = flavour == Flavour::Usdm;
            match fields.event {
                "depthUpdate" | "trade" | "bookTicker" => {}
                "aggTrade" | "markPriceUpdate" | "forceOrder" if usdm => {}
                "" if fields.bid_qty != 0 => {}
                "serverShutdown" => return Ok(Seen::Whole(Message::Shutdown)),
                _ => return Ok(Seen::Whole(Message::Unknown)),
            }
            let Some(instrument) = find(instruments, fields.symbol.as_bytes(), last_found) else {
                return Ok(Seen::Whole(Message::Unknown));
            };
            let whole = match fields.event {
                "depthUpdate" => {
                    return fields::depth(nodes, &fields, instrument, (at, flavour), rows);
                }
                "trade" => fields::trade(nodes, &fields, instrument, at)?,
                "aggTrade" => fields::bundle(nodes, &fields, instrument, at)?,
                "markPriceUpdate" => fields::mark(nodes, &fields, instrument, at, also)?,
                "forceOrder" => fields::liquidation(nodes, &fields, instrument, at)?,
                _ => fields::best(nodes, &fields, instrument, at, wants_best)?,
            };
            Ok(Seen::Whole(whole))
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
