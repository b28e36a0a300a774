//! Trades.
//!
//! ```text
//!  spot    {"e":"trade","E":1723161351138,"s":"BTCUSDT","t":3735685258,"p":"61784.64000000",
//!           "q":"0.00010000","T":1723161351137,"m":false,"M":true}}
//!  USDⓈ-M  {"e":"trade","E":1723161305825,"T":1723161305825,"s":"BTCUSDT","t":5266585934,
//!           "p":"61819.90","q":"0.020","X":"MARKET","m":true}}
//! ```

use super::Found;
use super::reading::{Check, Reading, is_at, pair};
use crate::binance::Flavour;
use crate::binance::look::Look;
use crate::net::frame::SPARE;
use crate::reading::venue_delta_us;
use crate::simd::avx2::{Around, Bytes, Faults};
use crate::simd::block::Row;
use crate::simd::level::Machine;
use crate::simd::text::part;
use engine::event::{flag, kind};

/// What stands behind the last quote: up to the buyer's part, and from it to the end.
struct End {
    /// Two views of the begin, which is less than two checks long.
    begin: [Check; 2],
    /// Where the second of them is.
    second: usize,
    /// How long the begin is.
    begin_len: usize,
    /// The end, when the buyer made the order and when not.
    ends: [Check; 2],
    /// How long the end is when the buyer made the order; else it is one longer.
    end_len: usize,
}

static SPOT: End = End {
    begin: [Check::new(b",\"T\":10000000000", 0), Check::new(b"000000000000,\"m\":", 1)],
    second: 7,
    begin_len: 23,
    ends: [Check::new(b"true,\"M\":true}}*", 0), Check::new(b"false,\"M\":true}}", 0)],
    end_len: 15,
};
static USDM: End = End {
    begin: [Check::new(b",\"X\":\"MARKET\",\"m\":", 0), Check::new(b",\"X\":\"MARKET\",\"m\":", 2)],
    second: 2,
    begin_len: 18,
    ends: [Check::new(b"true}}**********", 0), Check::new(b"false}}*********", 0)],
    end_len: 6,
};

/// Reads one; the row is written when nothing is wrong.
#[inline(always)]
pub(super) fn read<M: Machine>(
    reading: &Reading<'_, M>,
    look: &mut Look,
    row: &mut Row,
) -> Option<Found> {
    let Reading { lanes, text, at, .. } = *reading;
    let mut faults = lanes.faultless();
    let (stamp, mut place) = reading.opening(&mut faults)?;
    let window: &[u8; SPARE] = text.window(place)?;
    let (id, id_len) = reading.integer(window, look.trade_len, &mut faults)?;
    if !is_at(window, id_len, b",\"p\":\"") {
        return None;
    }
    place = place.wrapping_add(id_len).wrapping_add(6);
    let (price, qty, len) = pair(reading, place, b"\",\"q\":\"", look, &mut faults)?;
    place = place.wrapping_add(len).wrapping_add(1);
    let seller_took = end(reading, place, &mut faults)?;
    let four = lanes.numbers([price, qty, Bytes::ZERO, Bytes::ZERO]);
    if !lanes.is_faultless(faults) || lanes.words(four)[0] == 0 {
        return None;
    }
    look.trade_len = id_len as u8;
    let spans = u64::from(venue_delta_us(at, stamp) as u32) << 32;
    let flags = flag::LAST | if seller_took { flag::SELL } else { 0 };
    let kind = u64::from(kind::TRADE) << 16 | u64::from(flags) << 24;
    let around = Around { first: [at.0, id], last: [spans, u64::from(look.instrument.0) | kind] };
    lanes.row(around, four, row);
    Some(Found::Trade)
}

/// Whether the seller was the taker, by what stands behind the last quote. That is a coin tossed
/// anew with each trade, so no branch depends on it.
#[inline(always)]
fn end<M: Machine>(reading: &Reading<'_, M>, place: usize, faults: &mut Faults) -> Option<bool> {
    let Reading { lanes, text, flavour, .. } = *reading;
    let end = if flavour == Flavour::Spot { &SPOT } else { &USDM };
    let window: &[u8; SPARE] = text.window(place)?;
    let longer = text.len().wrapping_sub(place).wrapping_sub(end.begin_len + end.end_len);
    end.begin[0].check(lanes, part(window, 0)?, faults);
    end.begin[1].check(lanes, part(window, end.second)?, faults);
    let last = end.ends.get(longer)?;
    last.check(lanes, part(window, end.begin_len)?, faults);
    Some(longer == 0)
}
