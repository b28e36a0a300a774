//! Numbers that are no prices or quantities: stamps, money, rates, and the print of a name.

use engine::event::Event;
use engine::instrument::{Instrument, PRICE_MAX};
use engine::num::{NumError, Price, parse_decimal};
use engine::time::Nanos;

/// Times of the venue at or above this are in µs, below in ms (the year 5138 in ms).
const MICROS_FROM: u64 = 100_000_000_000_000;

/// How many places behind the point a text of digits has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places(pub u8);

impl Places {
    /// Of a decimal's text.
    #[inline]
    pub fn of(text: &[u8]) -> Self {
        let point = text.iter().position(|byte| *byte == b'.');
        Self(point.map_or(0, |point| (text.len() - point - 1).min(255) as u8))
    }
}

/// Our reading minus the venue's stamp (ms or µs, told apart by size), µs; sticks at the ends; 0
/// when there is no stamp.
#[inline]
pub fn venue_delta_us(at: Nanos, stamp: u64) -> i32 {
    if stamp == 0 {
        return 0;
    }
    let stamp_us = if stamp < MICROS_FROM { stamp * 1_000 } else { stamp };
    let delta = (at.0 / 1_000) as i64 - i64::try_from(stamp_us).unwrap_or(i64::MAX);
    i32::try_from(delta).unwrap_or(if delta < 0 { i32::MIN } else { i32::MAX })
}

/// The venue's time of a row, µs since 1970: the same over every connection.
#[inline]
pub const fn stamp_us(row: &Event) -> u64 {
    (row.at.0 / 1_000).wrapping_sub(row.venue_delta_us as u64)
}

/// A decimal in units of 1e-8; what is finer is cut off. `None` when it is none, or too large.
pub fn hundred_millionths(text: &[u8]) -> Option<i64> {
    let kept = match text.iter().position(|byte| *byte == b'.') {
        Some(point) => {
            let end = text.len().min(point + 1 + 8);
            let (kept, cut) = text.split_at(end);
            if !cut.iter().all(u8::is_ascii_digit) {
                return None;
            }
            kept
        }
        None => text,
    };
    parse_decimal(kept, 8).ok()
}

/// A price that need not be on the grid (an average, a bankruptcy price), in whole ticks below it,
/// one at least. `None` when it is not above 0.
pub fn floor_price(instrument: &Instrument, text: &[u8]) -> Option<Price> {
    let ticks = match instrument.price(text) {
        Ok(price) => price.0,
        Err(NumError::OffGrid) => {
            let point = text.iter().position(|byte| *byte == b'.')?;
            let end = text.len().min(point + 1 + usize::from(instrument.tick.decimals));
            let (kept, cut) = text.split_at(end);
            if !cut.iter().all(u8::is_ascii_digit) || text.first() == Some(&b'-') {
                return None;
            }
            (parse_decimal(kept, instrument.tick.decimals).ok()? / instrument.tick.step).max(1)
        }
        Err(_) => return None,
    };
    if ticks > 0 && ticks <= PRICE_MAX { Some(Price(ticks)) } else { None }
}

/// A number that stands for a name (FNV-1a, 64 bits): the same name gives the same over every
/// connection.
#[inline]
pub fn print_of(parts: &[&[u8]]) -> u64 {
    let mut print = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in *part {
            print = (print ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        // So that "ab", "c" and "a", "bc" differ.
        print = (print ^ 0xff).wrapping_mul(0x0000_0100_0000_01b3);
    }
    print
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::id::{AssetId, InstrumentId};
    use engine::instrument::Symbol;
    use engine::num::Grid;

    #[test]
    fn money_is_cut_at_eight_places() {
        assert_eq!(hundred_millionths(b"11784.62659091"), Some(1_178_462_659_091));
        assert_eq!(hundred_millionths(b"0.0001875391284828"), Some(18_753));
        assert_eq!(hundred_millionths(b"-0.00038167"), Some(-38_167));
        assert_eq!(hundred_millionths(b"7"), Some(700_000_000));
        for wrong in [&b""[..], b"-", b"1e-8", b"0.000000001x", b"99999999999999999"] {
            assert_eq!(hundred_millionths(wrong), None, "{}", String::from_utf8_lossy(wrong));
        }
    }

    #[test]
    fn prices_off_the_grid_are_whole_ticks_below() {
        let grids = (Grid { decimals: 1, step: 5 }, Grid { decimals: 0, step: 1 });
        let symbol = Symbol::new("X").unwrap();
        let one = Instrument::new(InstrumentId(0), symbol, (AssetId(0), AssetId(1)), grids);
        assert_eq!(floor_price(&one, b"10.5"), Some(Price(21)));
        assert_eq!(floor_price(&one, b"10.9"), Some(Price(21)));
        assert_eq!(floor_price(&one, b"0.04499"), Some(Price(1)));
        assert_eq!(floor_price(&one, b"0"), None);
        assert_eq!(floor_price(&one, b"-3.7"), None);
        assert_eq!(floor_price(&one, b"3.7x"), None);
    }

    #[test]
    fn prints_tell_parts_apart() {
        assert_ne!(print_of(&[b"ab", b"c"]), print_of(&[b"a", b"bc"]));
        assert_eq!(print_of(&[b"ab"]), print_of(&[b"ab"]));
    }
}
