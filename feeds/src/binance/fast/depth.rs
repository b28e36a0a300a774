//! Diffs of the book, in three steps that do not wait for each other: the places of all decimal
//! points; from them each level's text, which is checked and taken apart into digits; and from the
//! digits of a block of levels their rows.
//!
//! ```text
//!  spot    {"e":"depthUpdate","E":1723161455704,"s":"BTCUSDT","U":50093325276,"u":50093325283,
//!           "b":[["61725.99000000","2.91393000"],…],"a":[["61727.99000000","0.23547000"],…]}}
//!  USDⓈ-M  {"e":"depthUpdate","E":1723161361118,"T":1723161361118,"s":"BTCUSDT",
//!           "U":5123116208655,"u":5123116214046,"pu":5123116207845,"b":[…],"a":[…]}}
//! ```

use super::reading::{Reading, is_at};
use super::{Found, Scratch};
use crate::binance::Flavour;
use crate::binance::look::Look;
use crate::net::frame::SPARE;
use crate::reading::Rows;
use crate::reading::venue_delta_us;
use crate::sequence::DiffHead;
use crate::simd::avx2::{Around, Faults};
use crate::simd::block::Block;
use crate::simd::level::Machine;
use crate::simd::levels::LevelShapes;
use engine::event::{Event, flag, kind};

/// Longest message: places are told by 16 bits.
const LEN_MAX: usize = 65_000;

/// A side's levels: where they go, and what their rows have in common.
struct Side<'a> {
    block: &'a mut Block,
    rows: &'a mut Rows,
    like: Event,
}

/// Reads one; rows and head are whole when nothing is wrong.
#[inline(always)]
pub(super) fn read<M: Machine>(
    reading: &Reading<'_, M>,
    look: &mut Look,
    scratch: &mut Scratch,
    (head, rows): (&mut DiffHead, &mut Rows),
) -> Option<Found> {
    let Reading { machine, lanes, text, at, .. } = *reading;
    let mut faults = lanes.faultless();
    if text.len() > LEN_MAX {
        return None;
    }
    let (stamp, place) = reading.opening(&mut faults)?;
    let (ids, mut place) = ids(reading, place, look, &mut faults)?;
    let [before, first, last] = ids;
    if first > last || before > last {
        return None;
    }
    let Scratch { block, points } = scratch;
    machine.points(text, place, points)?;
    let mut pairs = points.as_chunks::<2>().0;
    rows.clear();
    let spans = u64::from(venue_delta_us(at, stamp) as u32) << 32;
    for (opening, side) in [(b",\"b\":[", 0), (b",\"a\":[", flag::SELL)] {
        if !is_at(text.window(place)?, 0, opening) {
            return None;
        }
        let flags = u64::from(kind::LEVEL) << 16 | u64::from(side) << 24;
        let around =
            Around { first: [at.0, last], last: [spans, u64::from(look.instrument.0) | flags] };
        let side = Side { block, rows, like: lanes.like(around).0 };
        place = levels(reading, place.wrapping_add(6), look, (side, &mut pairs), &mut faults)?;
    }
    let ends = text.len().wrapping_sub(place) == 2 && is_at(text.window(place)?, 0, b"}}");
    if !ends || !lanes.is_faultless(faults) {
        return None;
    }
    rows.flag_last();
    *head = DiffHead { before, last, at };
    Some(Found::Depth(look.instrument))
}

/// The id that the book has before the diff, its first and its last, and where the levels begin.
#[inline(always)]
fn ids<M: Machine>(
    reading: &Reading<'_, M>,
    mut place: usize,
    look: &mut Look,
    faults: &mut Faults,
) -> Option<([u64; 3], usize)> {
    let text = reading.text;
    let (first, len) = reading.integer(text.window(place)?, look.id_len, faults)?;
    place = place.wrapping_add(len);
    if !is_at(text.window(place)?, 0, b",\"u\":") {
        return None;
    }
    place = place.wrapping_add(5);
    let (last, len) = reading.integer(text.window(place)?, look.id_len, faults)?;
    look.id_len = len as u8;
    place = place.wrapping_add(len);
    if reading.flavour == Flavour::Spot {
        return Some(([first.wrapping_sub(1), first, last], place));
    }
    if !is_at(text.window(place)?, 0, b",\"pu\":") {
        return None;
    }
    place = place.wrapping_add(6);
    let (before, len) = reading.integer(text.window(place)?, look.id_len, faults)?;
    Some(([before, first, last], place.wrapping_add(len)))
}

/// Levels from behind the opening bracket, and where the text goes on behind the closing one.
#[inline(always)]
fn levels<M: Machine>(
    reading: &Reading<'_, M>,
    mut place: usize,
    look: &Look,
    (mut side, pairs): (Side<'_>, &mut &[[u16; 2]]),
    faults: &mut Faults,
) -> Option<usize> {
    let text = reading.text;
    let window: &[u8; SPARE] = text.window(place)?;
    if window[0] == b']' {
        return Some(place.wrapping_add(1));
    }
    if !is_at(window, 0, b"[\"") {
        return None;
    }
    let shapes = LevelShapes {
        price: look.price.shapes,
        qty: look.qty.shapes,
        price_printed: look.price.printed(),
        qty_printed: look.qty.printed(),
    };
    loop {
        let slots = &mut side.block.slots;
        let read = reading.lanes.level_digits(text, place, (&shapes, pairs), slots, faults)?;
        *pairs = pairs.get(read.count..)?;
        side.write(reading, read.count)?;
        place = read.place;
        if !read.more {
            return Some(place);
        }
        if read.count == 0 {
            return None;
        }
    }
}

impl Side<'_> {
    /// Makes the levels of the block rows.
    #[inline(always)]
    fn write<M: Machine>(&mut self, reading: &Reading<'_, M>, count: usize) -> Option<()> {
        self.block.fill(count, reading.lanes.one_digits());
        let room = self.rows.room(count)?;
        reading.machine.levels(self.block, count, &self.like, room)?;
        self.rows.wrote(count);
        Some(())
    }
}
