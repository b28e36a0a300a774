//! Best bids and asks.
//!
//! ```text
//!  spot    {"u":50093250107,"s":"BTCUSDT","b":"61849.49000000","B":"2.15174000",
//!           "a":"61849.50000000","A":"1.14730000"}}
//!  USDⓈ-M  {"e":"bookTicker","u":5123108688124,"s":"BTCUSDT","b":"61808.50","B":"0.319",
//!           "a":"61808.60","A":"5.761","T":1723161266991,"E":1723161266991}}
//! ```
//!
//! Since June 2026 USDⓈ-M may say class and pair behind the stamps: `,"st":1,"ps":"BTCUSDT"`.

use super::Found;
use super::reading::{Check, Reading, STAMP_LEN, is_at, pair};
use crate::binance::Flavour;
use crate::binance::look::Look;
use crate::net::frame::SPARE;
use crate::reading::venue_delta_us;
use crate::simd::avx2::{Around, Faults};
use crate::simd::block::Row;
use crate::simd::level::Machine;
use crate::simd::shape::Shape;
use crate::simd::text::part;
use engine::event::{flag, kind};
use engine::id::InstrumentId;

/// What USDⓈ-M adds behind the last quote, the numbers standing for any of their length.
const STAMPS: &[u8; 38] = b",\"T\":1000000000000,\"E\":1000000000000}}";
/// The same with class and pair behind it.
const CLASSED: &[u8; 38] = b",\"T\":1000000000000,\"E\":1000000000000,\"";
/// Where the second stamp begins there.
const STAMP_AT: usize = 23;
/// Bytes of `,"st":1,"ps":"`, and of the `"}}` behind the pair.
const CLASS: (usize, usize) = (14, 3);

static FIRST: Check = Check::new(STAMPS, 0);
static SECOND: Check = Check::new(STAMPS, 6);
static LAST: Shape = last(STAMPS);
static LAST_CLASSED: Shape = last(CLASSED);

const fn last(stamps: &[u8; 38]) -> Shape {
    let check = Check::new(stamps, 22);
    let mut order = [0x80; 16];
    let mut digit = 0;
    while digit < STAMP_LEN {
        order[16 - STAMP_LEN + digit] = (STAMP_AT - 22 + digit) as u8;
        digit += 1;
    }
    let (mut zero, mut most) = (check.zero, check.most);
    (zero[STAMP_AT - 22], most[STAMP_AT - 22]) = (b'0', 9);
    Shape { zero, most, order, tail: 0, tail_mask: 0 }
}

/// Reads one; the row is written when it is wanted and nothing is wrong.
#[inline(always)]
pub(super) fn read<M: Machine>(
    reading: &Reading<'_, M>,
    look: &mut Look,
    wants_best: &impl Fn(InstrumentId, u64) -> bool,
    row: &mut Row,
) -> Option<Found> {
    let Reading { lanes, text, at, stream, .. } = *reading;
    let mut faults = lanes.faultless();
    let mut place = usize::from(stream.head_len);
    let window: &[u8; SPARE] = text.window(place)?;
    let (id, id_len) = reading.integer(window, look.id_len, &mut faults)?;
    if !reading.has_mid(part(window, id_len)?) {
        return None;
    }
    if !wants_best(look.instrument, id) {
        return if lanes.is_faultless(faults) { Some(Found::Stale(look.instrument)) } else { None };
    }
    place = place.wrapping_add(id_len).wrapping_add(usize::from(stream.mid_len));
    let (bid, bid_qty, len) = pair(reading, place, b"\",\"B\":\"", look, &mut faults)?;
    place = place.wrapping_add(len);
    if !is_at(text.window(place)?, 0, b"\",\"a\":\"") {
        return None;
    }
    place = place.wrapping_add(7);
    let (ask, ask_qty, len) = pair(reading, place, b"\",\"A\":\"", look, &mut faults)?;
    place = place.wrapping_add(len).wrapping_add(1);
    let stamp = end(reading, place, &mut faults)?;
    let four = lanes.numbers([bid, bid_qty, ask, ask_qty]);
    let words = lanes.words(four);
    if !lanes.is_faultless(faults) || words[0] >= words[2] {
        return None;
    }
    look.id_len = id_len as u8;
    let spans = u64::from(venue_delta_us(at, stamp) as u32) << 32;
    let instrument = u64::from(look.instrument.0);
    let flags = u64::from(kind::BEST) << 16 | u64::from(flag::LAST) << 24;
    let around = Around { first: [at.0, id], last: [spans, instrument | flags] };
    lanes.row(around, four, row);
    Some(Found::Best)
}

/// What stands behind the last quote; the venue's stamp, 0 when there is none.
#[inline(always)]
fn end<M: Machine>(reading: &Reading<'_, M>, place: usize, faults: &mut Faults) -> Option<u64> {
    let Reading { lanes, text, .. } = *reading;
    let rest = text.len().wrapping_sub(place);
    let window: &[u8; SPARE] = text.window(place)?;
    if reading.flavour == Flavour::Spot {
        return if rest == 2 && is_at(window, 0, b"}}") { Some(0) } else { None };
    }
    let plain = rest == STAMPS.len();
    if window[STAMP_AT] == b'0' || !(plain || is_classed(reading, place, rest)) {
        return None;
    }
    FIRST.check(lanes, part(window, 0)?, faults);
    SECOND.check(lanes, part(window, 6)?, faults);
    let last = if plain { &LAST } else { &LAST_CLASSED };
    let digits = lanes.digits(lanes.load(part(window, 22)?), last, faults);
    Some(lanes.number(digits))
}

/// Whether class and pair stand behind the stamps, and nothing else.
#[inline(always)]
fn is_classed<M: Machine>(reading: &Reading<'_, M>, place: usize, rest: usize) -> bool {
    // What is behind the first quote of the text between the numbers: `,"s":"BTCUSDT","b":"`.
    let mid = reading.stream.mid.get(6..usize::from(reading.stream.mid_len).wrapping_sub(7));
    let Some(symbol) = mid else { return false };
    let Some(window) = reading.text.window(place.wrapping_add(STAMPS.len() - 2)) else {
        return false;
    };
    let end = CLASS.0.wrapping_add(symbol.len());
    rest == STAMPS.len() - 2 + end + CLASS.1
        && is_at(window, 0, b",\"st\":1,")
        && is_at(window, 8, b"\"ps\":\"")
        && window.get(CLASS.0..end) == Some(symbol)
        && is_at(window, end, b"\"}}")
}
