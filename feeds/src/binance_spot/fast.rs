//! The fastest way through frames that look as their stream's frames always do: every byte is
//! checked against what is expected while numbers go straight to ticks and lots, many bytes at a
//! time, and what is wrong is looked at once, in the end.
//!
//! Whatever differs in any way makes it give up with [`Found::Nothing`], and another reader
//! decides: this one accepts nothing that the general reader would not read the same. One thing it
//! leaves out: of a best bid and ask that nobody wants, it reads the id and the symbol alone.

mod best;
mod depth;
mod trade;

use super::look::{Look, Places};
use super::rows::Rows;
use super::streams::{Kind, Stream, Streams};
use super::{BinanceSpotConfig, Flavour, Width};
use crate::net::frame::SPARE;
use crate::sequence::DiffHead;
use crate::simd::avx2::{Avx2, Bytes, Faults};
use crate::simd::block::{self, Block, PLACES};
use crate::simd::level::{Level, Machine, Task};
use crate::simd::shape::INTEGERS;
use crate::simd::text::{Text, part};
use engine::event::Event;
use engine::id::InstrumentId;
use engine::time::Nanos;

/// Digits of the venue's stamps, in ms: from 2001 to 2286.
const STAMP_LEN: usize = 13;

/// What a frame was. Its rows are left with the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Not for this reader.
    Nothing,
    /// A best bid and ask, in [`Fast::row`].
    Best,
    /// A trade, in [`Fast::row`].
    Trade,
    /// A diff of this instrument, its head in [`Fast::head`].
    Depth(InstrumentId),
    /// A best bid and ask of this instrument that was not wanted.
    Stale(InstrumentId),
}

/// The reader's tables and what it found last.
#[derive(Debug)]
pub(super) struct Fast {
    level: Option<Level>,
    flavour: Flavour,
    streams: Streams,
    looks: Vec<Look>,
    scratch: Box<Scratch>,
    /// The row of the last best bid and ask or trade.
    pub row: Event,
    /// The head of the last diff.
    pub head: DiffHead,
}

/// Memory for the levels of one message.
#[derive(Debug)]
struct Scratch {
    block: Block,
    points: block::Places,
}

/// A frame to be read.
struct Frame<'a, W> {
    text: Text<'a>,
    at: Nanos,
    wants_best: &'a W,
    fast: &'a mut Fast,
    rows: &'a mut Rows,
}

impl Fast {
    /// With the highest level that this machine has.
    pub fn new(config: &BinanceSpotConfig) -> Self {
        let looks: Vec<Look> = config.instruments.iter().filter_map(Look::new).collect();
        let whole = looks.len() == config.instruments.len();
        Self {
            level: Level::detect().filter(|_| whole),
            flavour: config.flavour,
            streams: Streams::new(&config.instruments, config.flavour),
            looks,
            scratch: Box::new(Scratch { block: Block::new(), points: [0; PLACES] }),
            row: Event::default(),
            head: DiffHead { before: 0, last: 0, at: Nanos::ZERO },
        }
    }

    /// Reads with this width from now on, where the machine has it; with one byte, it finds nothing.
    pub fn set_width(&mut self, width: Width) -> bool {
        let has = |level: &Level| match level {
            Level::Avx2(_) => width == Width::Avx2,
            Level::Avx512(_) => width == Width::Avx512,
        };
        let level = Level::all().into_iter().find(has);
        if level.is_some() || width == Width::Plain {
            self.level = level;
        }
        level.is_some() || width == Width::Plain
    }

    /// Reads a frame.
    #[inline]
    pub fn read<W>(
        &mut self,
        frame: (&[u8], usize),
        at: Nanos,
        wants_best: &W,
        rows: &mut Rows,
    ) -> Found
    where
        W: Fn(InstrumentId, u64) -> bool,
    {
        let text = Text::new(frame.0, frame.1);
        let Some((level, text)) = self.level.zip(text) else { return Found::Nothing };
        level.run(Frame { text, at, wants_best, fast: self, rows })
    }

    /// A frame of the n-th instrument was read by another reader.
    #[cold]
    pub fn missed(&mut self, place: usize, frame: &[u8]) {
        if let Some(look) = self.looks.get_mut(place) {
            look.learn(frame);
        }
    }
}

impl<W: Fn(InstrumentId, u64) -> bool> Task for Frame<'_, W> {
    type Out = Found;

    #[inline(always)]
    fn run<M: Machine>(self, machine: M) -> Found {
        let Self { text, at, wants_best, fast, rows } = self;
        let Fast { streams, looks, scratch, row, head, flavour, .. } = fast;
        let Some((stream, look)) = stream_of(machine.avx2(), text, streams, looks) else {
            return Found::Nothing;
        };
        let reading =
            Reading { machine, lanes: machine.avx2(), text, at, stream, flavour: *flavour };
        let found = match stream.kind {
            Kind::Best => best::read(&reading, look, wants_best, row),
            Kind::Trade => trade::read(&reading, look, row),
            Kind::Depth => depth::read(&reading, look, scratch, (head, rows)),
        };
        found.unwrap_or(Found::Nothing)
    }
}

/// The stream whose head the frame has, and how its instrument's messages look.
#[inline(always)]
fn stream_of<'s>(
    lanes: Avx2,
    text: Text<'_>,
    streams: &'s Streams,
    looks: &'s mut [Look],
) -> Option<(&'s Stream, &'s mut Look)> {
    let window = text.window::<128>(0)?;
    let stream = streams.find(window)?;
    let len = usize::from(stream.head_len);
    let (middle, last) = (len.wrapping_sub(32).min(32), len.wrapping_sub(32));
    let same = lanes.all_same([
        (part(window, 0)?, part(&stream.head, 0)?),
        (part(window, middle)?, part(&stream.head, middle)?),
        (part(window, last)?, part(&stream.head, last)?),
    ]);
    let look = looks.get_mut(usize::from(stream.place))?;
    if same && look.readable { Some((stream, look)) } else { None }
}

/// One frame on its way.
struct Reading<'a, M> {
    machine: M,
    lanes: Avx2,
    text: Text<'a>,
    at: Nanos,
    stream: &'a Stream,
    flavour: Flavour,
}

impl<M: Machine> Reading<'_, M> {
    /// An integer at the begin of the window with a comma behind it, and its length, which is
    /// likely that of the last one.
    #[inline(always)]
    fn integer(
        &self,
        window: &[u8; SPARE],
        likely: u8,
        faults: &mut Faults,
    ) -> Option<(u64, usize)> {
        let mut len = usize::from(likely & 15);
        let bytes = self.lanes.load(part(window, 0)?);
        if window[len] != b',' {
            len = self.lanes.find(bytes, b',') & 15;
        }
        if window[0] == b'0' || len == 0 {
            return None;
        }
        let digits = self.lanes.digits(bytes, &INTEGERS[len], faults);
        Some((self.lanes.number(digits), len))
    }

    /// A stamp with a comma behind it.
    #[inline(always)]
    fn stamp(&self, window: &[u8; 16], faults: &mut Faults) -> Option<u64> {
        let bytes = self.lanes.load(window);
        let digits = self.lanes.digits(bytes, &INTEGERS[STAMP_LEN], faults);
        if window[0] == b'0' { None } else { Some(self.lanes.number(digits)) }
    }

    /// Of trades and diffs: the stamp, and where the number behind the symbol begins.
    #[inline(always)]
    fn opening(&self, faults: &mut Faults) -> Option<(u64, usize)> {
        let start = usize::from(self.stream.head_len);
        let window: &[u8; SPARE] = self.text.window(start)?;
        let stamp = self.stamp(part(window, 0)?, faults)?;
        let mut mid = STAMP_LEN;
        if self.flavour == Flavour::Usdm {
            if !is_at(window, mid, b",\"T\":") {
                return None;
            }
            self.stamp(part(window, mid + 5)?, faults)?;
            mid += 5 + STAMP_LEN;
        }
        if !self.has_mid(part(window, mid)?) {
            return None;
        }
        Some((stamp, start.wrapping_add(mid).wrapping_add(usize::from(self.stream.mid_len))))
    }

    /// Whether the text between the numbers is what it should be.
    #[inline(always)]
    fn has_mid(&self, window: &[u8; 32]) -> bool {
        self.lanes.begins(window, &self.stream.mid, u32::from(self.stream.mid_len))
    }
}

/// The digits of a decimal that begins at `start` of the window, its point `point` bytes further.
#[inline(always)]
fn decimal(
    lanes: Avx2,
    (window, start): (&[u8; SPARE], usize),
    (places, point): (&Places, usize),
    faults: &mut Faults,
) -> Option<Bytes> {
    let shape = &places.shapes[point & 15];
    if shape.tail_mask != 0 {
        let tail = u64::from_le_bytes(*part(window, start.wrapping_add(16))?);
        if (tail ^ shape.tail) & shape.tail_mask != 0 {
            return None;
        }
    }
    Some(lanes.digits(lanes.load(part(window, start)?), shape, faults))
}

/// A price that begins at `place`, the text `between`, a quantity; and how long all is up to the
/// quote behind it. The point of the price is likely where that of the last one was.
#[inline(always)]
fn pair<M: Machine>(
    reading: &Reading<'_, M>,
    place: usize,
    between: &[u8; 7],
    look: &mut Look,
    faults: &mut Faults,
) -> Option<(Bytes, Bytes, usize)> {
    let lanes = reading.lanes;
    let window = reading.text.window(place)?;
    let mut point = usize::from(look.price_point & 15);
    if window[point] != b'.' {
        point = lanes.find(lanes.load(part(window, 0)?), b'.') & 15;
        look.price_point = point as u8;
    }
    let price = decimal(lanes, (window, 0), (&look.price, point), faults)?;
    let quote = point.wrapping_add(1).wrapping_add(look.price.printed());
    if !is_at(window, quote, between) {
        return None;
    }
    let start = quote.wrapping_add(between.len());
    let point = lanes.find(lanes.load(part(window, start)?), b'.') & 15;
    let qty = decimal(lanes, (window, start), (&look.qty, point), faults)?;
    let end = start.wrapping_add(point).wrapping_add(1).wrapping_add(look.qty.printed());
    Some((price, qty, end))
}

/// Whether the N bytes of the window at `at`, at most eight, are these.
#[inline(always)]
fn is_at<const N: usize>(window: &[u8; SPARE], at: usize, want: &[u8; N]) -> bool {
    // One load of four or eight bytes, of which those behind the N are shifted out.
    if N > 4 {
        let Some(bytes) = part(window, at) else { return false };
        let mut wanted = [0; 8];
        wanted[8 - N..].copy_from_slice(want);
        u64::from_le_bytes(*bytes) << (64 - 8 * N) == u64::from_le_bytes(wanted)
    } else {
        let Some(bytes) = part(window, at) else { return false };
        let mut wanted = [0; 4];
        wanted[4 - N..].copy_from_slice(want);
        u32::from_le_bytes(*bytes) << (32 - 8 * N) == u32::from_le_bytes(wanted)
    }
}

/// Sixteen bytes that are known, but for the digits of stamps and what comes behind the message.
struct Check {
    zero: [u8; 16],
    most: [u8; 16],
}

impl Check {
    /// Of the sixteen bytes of `text` from `at`: zeros stand for any digit, ones for any but zero,
    /// stars for anything.
    const fn new<const N: usize>(text: &[u8; N], at: usize) -> Self {
        let mut check = Self { zero: [0; 16], most: [0; 16] };
        let mut place = 0;
        while place < 16 {
            let byte = text[at + place];
            check.zero[place] = byte;
            check.most[place] = match byte {
                b'0' => 9,
                b'1' => 8,
                b'*' => 255,
                _ => 0,
            };
            place += 1;
        }
        check
    }

    #[inline(always)]
    fn check(&self, lanes: Avx2, text: &[u8; 16], faults: &mut Faults) {
        lanes.check(lanes.load(text), &self.zero, &self.most, faults);
    }
}
