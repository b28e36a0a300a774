//! How the numbers of an instrument look in its messages. What is speculated on is checked in each
//! message, so a look that is wrong costs time and nothing else.

use crate::simd::shape::{Decimals, shapes};
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::num::Grid;

/// Of the messages that do not look as expected, each so many-th is looked at anew.
const LEARN_EVERY: u32 = 8;
/// Places that the venue prints until something else is seen.
const PLACES: usize = 8;

/// Numbers of one kind: prices, or quantities.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// How they are read, by the place of the decimal point.
    pub shapes: &'static Decimals,
    /// How many places are printed, less one: at most 7.
    printed: u8,
    grid: u8,
}

/// How an instrument's messages look.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Prices.
    pub price: Places,
    /// Quantities.
    pub qty: Places,
    /// Whose.
    pub instrument: InstrumentId,
    /// Digits before the point of the last price.
    pub price_point: u8,
    /// Digits of update ids.
    pub id_len: u8,
    /// Digits of trade ids.
    pub trade_len: u8,
    /// Whether the grids are of powers of ten: only such numbers are read fast.
    pub readable: bool,
    misses: u32,
}

impl Places {
    fn new(grid: Grid) -> Option<Self> {
        let shapes = shapes(usize::from(grid.decimals), PLACES)?;
        let one = Self { shapes, printed: PLACES as u8 - 1, grid: grid.decimals };
        if grid.step == 1 { Some(one) } else { None }
    }

    /// How many places are printed: 1 to 8.
    #[inline(always)]
    pub const fn printed(&self) -> usize {
        (self.printed & 7) as usize + 1
    }

    fn learn(&mut self, text: &[u8]) {
        let Some(end) = text.iter().position(|byte| *byte == b'"') else { return };
        let Some(point) = text[..end].iter().position(|byte| *byte == b'.') else { return };
        let printed = end - point - 1;
        if let Some(shapes) = shapes(usize::from(self.grid), printed) {
            (self.shapes, self.printed) = (shapes, printed as u8 - 1);
        }
    }
}

impl Look {
    /// As the spot market's messages look.
    pub fn new(instrument: &Instrument) -> Option<Self> {
        let places = Places::new(instrument.tick).zip(Places::new(instrument.size));
        let plain = shapes(0, PLACES).map(|shapes| Places { shapes, printed: 7, grid: 0 })?;
        let (price, qty) = places.unwrap_or((plain, plain));
        Some(Self {
            price,
            qty,
            instrument: instrument.id,
            price_point: 5,
            id_len: 11,
            trade_len: 10,
            readable: places.is_some(),
            misses: 0,
        })
    }

    /// A message that was read in another way: where its numbers are printed otherwise than
    /// expected, they are expected so from now on.
    #[cold]
    pub fn learn(&mut self, frame: &[u8]) {
        (self.price_point, self.id_len, self.trade_len) = (0, 0, 0);
        let due = self.misses.is_multiple_of(LEARN_EVERY);
        self.misses = self.misses.wrapping_add(1);
        if !due {
            return;
        }
        let behind = |key: &[u8]| {
            let place = frame.windows(key.len()).position(|text| text == key)?;
            frame.get(place + key.len()..)
        };
        let level = behind(b":[[\"");
        let price = behind(b"\"b\":\"").or_else(|| behind(b"\"p\":\"")).or(level);
        let qty = behind(b"\"B\":\"").or_else(|| behind(b"\"q\":\""));
        let second = |text: &'_ [u8]| text.windows(3).position(|text| text == b"\",\"");
        let qty = qty.or_else(|| level.and_then(|text| text.get(second(text)? + 3..)));
        if let Some((price, qty)) = price.zip(qty) {
            self.price.learn(price);
            self.qty.learn(qty);
        }
    }
}
