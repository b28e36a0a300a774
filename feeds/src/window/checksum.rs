//! The checksum that OKX put behind each book message until June 2026, as in recordings: CRC-32 of
//! the 25 best levels, a bid and an ask in turn, `price:quantity` joined by `:`, in the venue's own
//! digits. A side that is exhausted is passed over. (OKX API v5, order book channel.)
//!
//! The digits follow from the number and from how many places were printed, which rows carry.

use super::{Places, Standing};
use engine::instrument::Instrument;
use engine::num::{Grid, POW10};

/// Levels a side that count.
const LEVELS: usize = 25;
/// Longest number: 19 digits and a point.
const NUMBER_MAX: usize = 20;
/// Longest text.
pub const TEXT_MAX: usize = 2 * LEVELS * 2 * (NUMBER_MAX + 1);

/// The checksum of these levels, best last; `None` when the venue's digits are not known.
pub fn of(instrument: &Instrument, sides: &[Vec<Standing>; 2], text: &mut Vec<u8>) -> Option<u32> {
    text.clear();
    for place in 0..LEVELS {
        for side in sides {
            let Some(standing) = side.len().checked_sub(place + 1).and_then(|at| side.get(at))
            else {
                continue;
            };
            let (price, qty) = standing.printed?;
            write(standing.key.abs(), instrument.tick, price, text)?;
            write(standing.qty, instrument.size, qty, text)?;
        }
    }
    text.pop();
    Some(crc32fast::hash(text))
}

/// Writes steps of a grid with so many places, and a colon. `None` when they do not do.
fn write(steps: i64, grid: Grid, places: Places, text: &mut Vec<u8>) -> Option<()> {
    let places = usize::from(places.0);
    let value = steps.checked_mul(grid.step)?;
    let decimals = usize::from(grid.decimals);
    let value = if places >= decimals {
        value.checked_mul(*POW10.get(places - decimals)?)?
    } else {
        value / POW10.get(decimals - places)?
    };
    let mut digits = [b'0'; NUMBER_MAX];
    let (mut at, mut rest) = (NUMBER_MAX, value);
    while rest > 0 || NUMBER_MAX - at <= places {
        at = at.checked_sub(1)?;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let (whole, fraction) = digits.get(at..)?.split_at(NUMBER_MAX - at - places);
    text.extend_from_slice(whole);
    if places > 0 {
        text.push(b'.');
        text.extend_from_slice(fraction);
    }
    text.push(b':');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::id::{AssetId, InstrumentId};
    use engine::instrument::Symbol;

    #[test]
    fn numbers_are_written_as_they_were_printed() {
        let grid = Grid { decimals: 2, step: 5 };
        let written = |steps, places| {
            let mut text = Vec::new();
            write(steps, grid, Places(places), &mut text).map(|()| String::from_utf8(text).unwrap())
        };
        assert_eq!(written(3, 2).unwrap(), "0.15:");
        assert_eq!(written(2_000, 0).unwrap(), "100:");
        assert_eq!(written(2_010, 1).unwrap(), "100.5:");
        assert_eq!(written(3, 4).unwrap(), "0.1500:");
        assert_eq!(written(3, 40), None);
    }

    /// The example of the protocol's notes.
    #[test]
    fn the_venues_example_is_met() {
        let grids = (Grid { decimals: 1, step: 1 }, Grid { decimals: 0, step: 1 });
        let symbol = Symbol::new("ETH-USDT-SWAP").unwrap();
        let one = Instrument::new(InstrumentId(0), symbol, (AssetId(0), AssetId(1)), grids);
        let standing =
            |key, qty, places| Standing { key, qty, printed: Some((Places(places), Places(0))) };
        // 3366.1:7:3366.8:9:3366:6:3368:8, whose signed value is -1881014294.
        let bids = vec![standing(33_660, 6, 0), standing(33_661, 7, 1)];
        let asks = vec![standing(-33_680, 8, 0), standing(-33_668, 9, 1)];
        let mut text = Vec::with_capacity(TEXT_MAX);
        assert_eq!(of(&one, &[bids, asks], &mut text), Some(-1_881_014_294_i32 as u32));
        assert_eq!(text, b"3366.1:7:3366.8:9:3366:6:3368:8");
    }
}
