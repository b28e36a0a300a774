//! What the readers of all kinds of frames have in common: integers, decimals and the text between
//! them, each checked while it is read.

use crate::binance::Flavour;
use crate::binance::look::{Look, Places};
use crate::binance::streams::Stream;
use crate::net::frame::SPARE;
use crate::simd::avx2::{Avx2, Bytes, Faults};
use crate::simd::shape::INTEGERS;
use crate::simd::text::{Text, part};
use engine::time::Nanos;

/// Digits of the venue's stamps, in ms: from 2001 to 2286.
pub const STAMP_LEN: usize = 13;

/// One frame on its way.
pub struct Reading<'a, M> {
    pub machine: M,
    pub lanes: Avx2,
    pub text: Text<'a>,
    pub at: Nanos,
    pub stream: &'a Stream,
    pub flavour: Flavour,
}

impl<M> Reading<'_, M> {
    /// An integer at the begin of the window with a comma behind it, and its length, which is
    /// likely that of the last one.
    #[inline(always)]
    pub fn integer(
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
    pub fn opening(&self, faults: &mut Faults) -> Option<(u64, usize)> {
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
    pub fn has_mid(&self, window: &[u8; 32]) -> bool {
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
pub fn pair<M>(
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
pub fn is_at<const N: usize>(window: &[u8; SPARE], at: usize, want: &[u8; N]) -> bool {
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
pub struct Check {
    pub zero: [u8; 16],
    pub most: [u8; 16],
}

impl Check {
    /// Of the sixteen bytes of `text` from `at`: zeros stand for any digit, ones for any but zero,
    /// stars for anything.
    pub const fn new<const N: usize>(text: &[u8; N], at: usize) -> Self {
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
    pub fn check(&self, lanes: Avx2, text: &[u8; 16], faults: &mut Faults) {
        lanes.check(lanes.load(text), &self.zero, &self.most, faults);
    }
}
