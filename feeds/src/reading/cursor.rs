//! One pass over text whose fields come in the order in which a venue always writes them, straight
//! to integers. Whatever is unusual in any way makes it give up with `None`.

use super::numbers::Places;
use engine::instrument::{Instrument, PRICE_MAX, QTY_MAX};
use engine::num::{Grid, POW10, Price, Qty};

/// Most digits that surely fit 63 bits.
const DIGITS_MAX: usize = 18;

/// What is still to be read.
pub struct Cursor<'a>(pub &'a [u8]);

/// A decimal in steps of a grid.
struct Steps {
    steps: i64,
    /// Whether it was finer than the grid, so that something was cut off.
    finer: bool,
    places: Places,
}

impl<'a> Cursor<'a> {
    /// Passes over these bytes.
    #[inline]
    pub fn skip(&mut self, literal: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(literal)?;
        Some(())
    }

    /// Whether these bytes come next; passes over them if so.
    #[inline]
    pub fn skips(&mut self, literal: &[u8]) -> bool {
        self.skip(literal).is_some()
    }

    /// Plain characters up to a quote, which is passed over.
    #[inline]
    pub fn name(&mut self) -> Option<&'a [u8]> {
        let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        let len = self.0.iter().position(|byte| !plain(byte))?;
        let (name, rest) = self.0.split_at(len);
        self.0 = rest.strip_prefix(b"\"")?;
        Some(name)
    }

    /// A whole number.
    #[inline]
    pub fn number(&mut self) -> Option<u64> {
        let (mut value, mut len) = (0_u64, 0);
        for byte in self.0 {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            len += 1;
        }
        if len == 0 || len > DIGITS_MAX || len > 1 && self.0[0] == b'0' {
            return None;
        }
        self.0 = &self.0[len..];
        Some(value)
    }

    /// A whole number between quotes, the first of which was passed over.
    #[inline]
    pub fn quoted_number(&mut self) -> Option<u64> {
        let number = self.number()?;
        self.skip(b"\"")?;
        Some(number)
    }

    /// A whole number that may be negative.
    #[inline]
    pub fn signed(&mut self) -> Option<i64> {
        let negative = self.skips(b"-");
        let number = self.number()? as i64;
        // Parsers differ about -0.
        if negative && number == 0 {
            return None;
        }
        Some(if negative { -number } else { number })
    }

    /// A decimal up to a quote, which is passed over, in steps of the grid; what is finer than the
    /// grid's places is cut off.
    #[inline]
    fn decimal(&mut self, grid: Grid, most: i64) -> Option<Steps> {
        let (mut value, mut digits, mut places, mut finer) = (0_i64, 0, 0, false);
        let (mut point, decimals) = (None, usize::from(grid.decimals));
        for (at, byte) in self.0.iter().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit <= 9 {
                digits += 1;
                if places == decimals && point.is_some() {
                    finer |= digit != 0;
                    continue;
                }
                value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
                places += usize::from(point.is_some());
            } else if *byte == b'.' && point.is_none() {
                point = Some(at);
            } else {
                let missing = decimals - places;
                if *byte != b'"' || digits == 0 || digits + missing > DIGITS_MAX {
                    return None;
                }
                self.0 = &self.0[at + 1..];
                let value = value.wrapping_mul(POW10[missing]);
                let steps = if grid.step == 1 { value } else { value / grid.step };
                finer |= grid.step != 1 && value % grid.step != 0;
                let places = Places(point.map_or(0, |point| (at - point - 1).min(255) as u8));
                return if steps <= most { Some(Steps { steps, finer, places }) } else { None };
            }
        }
        None
    }

    /// A price on the instrument's grid, and the places printed; 0 is let through.
    #[inline]
    pub fn price_printed(&mut self, instrument: &Instrument) -> Option<(Price, Places)> {
        let Steps { steps, finer, places } = self.decimal(instrument.tick, PRICE_MAX)?;
        if finer { None } else { Some((Price(steps), places)) }
    }

    /// A quantity, and the places printed, unless it was finer than a lot: then it is rounded down,
    /// but never to nothing.
    #[inline]
    pub fn qty_printed(&mut self, instrument: &Instrument) -> Option<(Qty, Option<Places>)> {
        let Steps { steps, finer, places } = self.decimal(instrument.size, QTY_MAX)?;
        Some(if finer { (Qty(steps.max(1)), None) } else { (Qty(steps), Some(places)) })
    }

    /// A price on the instrument's grid; 0 is let through.
    #[inline]
    pub fn price(&mut self, instrument: &Instrument) -> Option<Price> {
        self.price_printed(instrument).map(|(price, _)| price)
    }

    /// A quantity. Finer than a lot, it is rounded down, but never to nothing.
    #[inline]
    pub fn qty(&mut self, instrument: &Instrument) -> Option<Qty> {
        self.qty_printed(instrument).map(|(qty, _)| qty)
    }

    /// A level's price and quantity, from behind the first quote to behind the last.
    #[inline]
    pub fn level(&mut self, instrument: &Instrument) -> Option<(Price, Qty)> {
        let price = self.price(instrument)?;
        self.skip(b",\"")?;
        Some((price, self.qty(instrument)?))
    }

    /// Levels from behind the bracket that opens their list to behind the one that closes it. Each
    /// is read from behind its first quote to before its closing bracket.
    #[inline]
    pub fn levels(&mut self, mut read: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        if self.skips(b"]") {
            return Some(());
        }
        loop {
            self.skip(b"[\"")?;
            read(self)?;
            self.skip(b"]")?;
            if !self.skips(b",") {
                return self.skip(b"]");
            }
        }
    }

    /// `true` or `false`.
    #[inline]
    pub fn truth(&mut self) -> Option<bool> {
        match self.skip(b"true") {
            Some(()) => Some(true),
            None => self.skip(b"false").map(|()| false),
        }
    }
}
