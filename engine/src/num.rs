//! Money without floats: prices in ticks, quantities in lots, amounts in 1e-8 of an asset.
//!
//! Text goes to integers exactly or not at all; nothing here rounds unless its name says so.

use core::fmt;
use core::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// Decimal places of every [`Amount`] and [`Notional`]: venues quote balances and fees in 1e-8.
pub const AMOUNT_DECIMALS: u8 = 8;

/// 10^n for n in 0..=18.
pub const POW10: [i64; 19] = {
    let mut table = [1_i64; 19];
    let mut n = 1;
    while n < 19 {
        table[n] = table[n - 1] * 10;
        n += 1;
    }
    table
};

macro_rules! integer_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[repr(transparent)]
        pub struct $name(pub i64);
        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0);
            /// Absolute value; the most negative value saturates.
            pub const fn abs(self) -> Self { Self(self.0.saturating_abs()) }
            /// Whether the value is zero.
            pub const fn is_zero(self) -> bool { self.0 == 0 }
            /// Sum that sticks at the ends of the range.
            pub const fn saturating_add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
            /// Difference that sticks at the ends of the range.
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }
        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }
        impl Neg for $name { type Output = Self; fn neg(self) -> Self { Self(-self.0) } }
        impl AddAssign for $name { fn add_assign(&mut self, other: Self) { self.0 += other.0; } }
        impl SubAssign for $name { fn sub_assign(&mut self, other: Self) { self.0 -= other.0; } }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

integer_newtype!(
    /// A price in ticks of its instrument.
    Price
);
integer_newtype!(
    /// A quantity in lots of its instrument; signed where it is a position.
    Qty
);
integer_newtype!(
    /// An amount of one asset in units of 1e-8; at most 92 billion of the asset.
    Amount
);
integer_newtype!(
    /// Price times quantity in units of 1e-8 of the settlement asset.
    Notional
);

/// Why a text is not a number on the grid asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumError {
    /// No digit at all.
    Empty,
    /// A byte that does not belong in a decimal number.
    Syntax,
    /// Finer than the decimal places or the step allow.
    OffGrid,
    /// Larger than 64 bits hold.
    Overflow,
}

impl fmt::Display for NumError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "no digits",
            Self::Syntax => "not a decimal number",
            Self::OffGrid => "finer than the instrument's step",
            Self::Overflow => "too large",
        })
    }
}

/// Reads `-?digits[.digits]` as an integer in units of 10^-`decimals`. Zeros beyond the places are
/// accepted, other digits there are [`NumError::OffGrid`].
pub fn parse_decimal(text: &[u8], decimals: u8) -> Result<i64, NumError> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some(_) => (false, text),
        None => return Err(NumError::Empty),
    };
    let mut value: i64 = 0;
    let mut places: i32 = -1;
    let mut any = false;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            any = true;
            if places == i32::from(decimals) {
                if digit != 0 {
                    return Err(NumError::OffGrid);
                }
                continue;
            }
            value = value
                .checked_mul(10)
                .and_then(|v| v.checked_add(i64::from(digit)))
                .ok_or(NumError::Overflow)?;
            if places >= 0 {
                places += 1;
            }
        } else if byte == b'.' && places < 0 {
            places = 0;
        } else {
            return Err(NumError::Syntax);
        }
    }
    if !any {
        return Err(NumError::Empty);
    }
    let missing = i32::from(decimals) - places.max(0);
    let scale = POW10.get(missing as usize).ok_or(NumError::Overflow)?;
    let value = value.checked_mul(*scale).ok_or(NumError::Overflow)?;
    Ok(if negative { -value } else { value })
}

/// Longest text that [`write_decimal`] writes.
pub const DECIMAL_LEN_MAX: usize = 40;

/// The lowest value that has more than sixteen digits.
const DIGITS_END: u64 = 10_000_000_000_000_000;

/// Sixteen decimal digits with leading zeros; of larger values the last sixteen.
///
/// Halves, quarters and eighths of the digits are split at once, several to a word (Paul Khuong,
/// "How to print integers really fast", 2017).
#[inline]
pub const fn digits(value: u64) -> [u8; 16] {
    let (high, low) = (value / 100_000_000, value % 100_000_000);
    let high = if high == 0 { 0 } else { eight_digits(high % 100_000_000) };
    let word = high as u128 | (eight_digits(low) as u128) << 64;
    (word | 0x3030_3030_3030_3030_3030_3030_3030_3030).to_le_bytes()
}

/// Eight digits as bytes 0 to 9, the first one lowest.
#[inline]
const fn eight_digits(value: u64) -> u64 {
    let fours = (value / 10_000) | ((value % 10_000) << 32);
    let hundreds = (fours.wrapping_mul(10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | (fours - hundreds * 100) << 16;
    let tens = (twos.wrapping_mul(103) >> 10) & 0x000f_000f_000f_000f;
    tens | (twos - tens * 10) << 8
}

/// Writes `value` (units of 10^-`decimals`) with exactly that many places; returns the length.
/// `out` must hold [`DECIMAL_LEN_MAX`] bytes; a shorter one gets nothing and 0 is returned. What
/// lies behind the length is scratch.
#[inline]
pub fn write_decimal(value: i64, decimals: u8, out: &mut [u8]) -> usize {
    let Some(out) = out.first_chunk_mut::<DECIMAL_LEN_MAX>() else { return 0 };
    let places = usize::from(decimals);
    if value < 0 || value as u64 >= DIGITS_END || places > 15 {
        return write_any(value, places.min(18), out);
    }
    let text = digits(value as u64);
    let mut padded = [b'0'; 32];
    padded[..16].copy_from_slice(&text);
    let zeros = (u128::from_le_bytes(text) ^ 0x3030_3030_3030_3030_3030_3030_3030_3030)
        .trailing_zeros() as usize
        / 8;
    // At least one digit stands before the point.
    let first = zeros.min(15 - places);
    let point = 16 - places;
    let whole = point - first;
    copy16(&padded, first, out, 0);
    if places == 0 {
        return whole;
    }
    copy16(&padded, point, out, whole + 1);
    out[whole] = b'.';
    whole + 1 + places
}

/// Sixteen bytes from one place to another: of a fixed length, it is one load and one store.
#[inline]
fn copy16(from: &[u8; 32], at: usize, out: &mut [u8; DECIMAL_LEN_MAX], to: usize) {
    if let (Some(from), Some(out)) =
        (from[at & 31..].first_chunk::<16>(), out[to & 31..].first_chunk_mut::<16>())
    {
        *out = *from;
    }
}

/// Any number, digit by digit.
#[cold]
fn write_any(value: i64, decimals: usize, out: &mut [u8; DECIMAL_LEN_MAX]) -> usize {
    let mut reversed = [0_u8; DECIMAL_LEN_MAX];
    let mut length = 0;
    let mut rest = value.unsigned_abs();
    while length < decimals || length == 0 || rest > 0 {
        if length == decimals && decimals > 0 {
            break;
        }
        reversed[length] = b'0' + (rest % 10) as u8;
        rest /= 10;
        length += 1;
    }
    if decimals > 0 {
        reversed[length] = b'.';
        length += 1;
        loop {
            reversed[length] = b'0' + (rest % 10) as u8;
            rest /= 10;
            length += 1;
            if rest == 0 {
                break;
            }
        }
    }
    if value < 0 {
        reversed[length] = b'-';
        length += 1;
    }
    for (to, from) in out.iter_mut().zip(reversed[..length].iter().rev()) {
        *to = *from;
    }
    length
}

/// A decimal number with its places, for `{}` output: `Decimal { value: 6183763, decimals: 2 }`
/// prints `61837.63`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// The digits.
    pub value: i64,
    /// How many of them stand behind the point.
    pub decimals: u8,
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0_u8; DECIMAL_LEN_MAX];
        let length = write_decimal(self.value, self.decimals, &mut text);
        f.pad(core::str::from_utf8(&text[..length]).unwrap_or("?"))
    }
}

/// A step grid: prices of an instrument lie on multiples of the tick, quantities on multiples of
/// the lot. `step` is in units of 10^-`decimals`; tick size 0.05 is `{ decimals: 2, step: 5 }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Decimal places of the step.
    pub decimals: u8,
    /// The step in units of 10^-`decimals`; at least 1.
    pub step: i64,
}

impl Grid {
    /// The grid whose step is this decimal text, such as `0.01000000`. Errors when it is not
    /// positive or has over 12 places.
    pub fn from_step(text: &[u8]) -> Result<Self, NumError> {
        let mut decimals = 0_u8;
        if let Some(point) = text.iter().position(|b| *b == b'.') {
            let fraction = &text[point + 1..];
            let used = fraction.iter().rposition(|b| *b != b'0').map_or(0, |last| last + 1);
            decimals = u8::try_from(used).map_err(|_| NumError::OffGrid)?;
        }
        if decimals > 12 {
            return Err(NumError::OffGrid);
        }
        let step = parse_decimal(text, decimals)?;
        if step <= 0 { Err(NumError::Syntax) } else { Ok(Self { decimals, step }) }
    }

    /// Text to a count of steps, exactly.
    #[inline]
    pub fn parse(&self, text: &[u8]) -> Result<i64, NumError> {
        let value = parse_decimal(text, self.decimals)?;
        if self.step == 1 {
            return Ok(value);
        }
        if value % self.step != 0 { Err(NumError::OffGrid) } else { Ok(value / self.step) }
    }

    /// A count of steps as a decimal number; sticks at the ends of 64 bits.
    pub fn decimal(&self, steps: i64) -> Decimal {
        Decimal { value: steps.saturating_mul(self.step), decimals: self.decimals }
    }

    /// Writes a count of steps as text, all places given; returns the length (0 when `out` is
    /// short).
    #[inline]
    pub fn write(&self, steps: i64, out: &mut [u8]) -> usize {
        write_decimal(steps.saturating_mul(self.step), self.decimals, out)
    }

    /// An amount in 1e-8 as a count of steps, toward zero; sticks at the ends of 64 bits.
    pub fn steps_in(&self, amount: i64) -> i64 {
        let (places, goal) = (usize::from(self.decimals), usize::from(AMOUNT_DECIMALS));
        let fine = i128::from(POW10[places.saturating_sub(goal).min(18)]);
        let coarse = i128::from(POW10[goal.saturating_sub(places).min(18)]);
        let steps = i128::from(amount) * fine / (coarse * i128::from(self.step.max(1)));
        i64::try_from(steps).unwrap_or(if steps < 0 { i64::MIN } else { i64::MAX })
    }

    /// The step as a float, for strategies' formulas and for pictures only.
    pub fn step_f64(&self) -> f64 {
        self.step as f64 / POW10[usize::from(self.decimals)] as f64
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn text_goes_in_exactly_or_not_at_all() {
        let check = |text: &str, decimals, expect: Result<i64, NumError>| {
            assert_eq!(parse_decimal(text.as_bytes(), decimals), expect, "{text} at {decimals}");
        };
        check("61837.63000000", 2, Ok(6_183_763));
        check("61837.63000001", 2, Err(NumError::OffGrid));
        check("-0.5", 8, Ok(-50_000_000));
        check("0", 0, Ok(0));
        check("", 2, Err(NumError::Empty));
        check(".", 2, Err(NumError::Empty));
        check("-", 2, Err(NumError::Empty));
        check("1e5", 2, Err(NumError::Syntax));
        check("1.2.3", 2, Err(NumError::Syntax));
        check("92233720368.54775807", 8, Ok(i64::MAX));
        check("92233720368.54775808", 8, Err(NumError::Overflow));
    }

    #[test]
    fn what_is_written_reads_back() {
        for decimals in 0..=12_u8 {
            for value in [0, 1, -1, 9, 10, 99, 100, -12_345_678, i64::MAX, i64::MIN + 1] {
                let text = Decimal { value, decimals }.to_string();
                assert_eq!(parse_decimal(text.as_bytes(), decimals), Ok(value), "{text}");
            }
        }
        for value in (0..63).flat_map(|bit| [(1_i64 << bit) - 1, 1 << bit, (1 << bit) + 7]) {
            assert_eq!(digits(value as u64), digit_by_digit(value as u64), "{value}");
            for decimals in 0..=18 {
                let (mut fast, mut slow) = ([0; DECIMAL_LEN_MAX], [0; DECIMAL_LEN_MAX]);
                let len = write_decimal(value, decimals, &mut fast);
                let naive = write_any(value, usize::from(decimals), &mut slow);
                assert_eq!(fast[..len], slow[..naive], "{value} with {decimals} places");
            }
        }
        assert_eq!(Decimal { value: 6_183_763, decimals: 2 }.to_string(), "61837.63");
        assert_eq!(Decimal { value: -5, decimals: 3 }.to_string(), "-0.005");
        assert_eq!(Decimal { value: 5, decimals: 0 }.to_string(), "5");
    }

    fn digit_by_digit(value: u64) -> [u8; 16] {
        let mut rest = value;
        let mut text = [b'0'; 16];
        for place in text.iter_mut().rev() {
            *place += (rest % 10) as u8;
            rest /= 10;
        }
        text
    }

    #[test]
    fn grids_refuse_what_lies_between() {
        let grid = Grid::from_step(b"0.05000000").unwrap();
        assert_eq!(grid, Grid { decimals: 2, step: 5 });
        assert_eq!(grid.parse(b"1.10"), Ok(22));
        assert_eq!(grid.parse(b"1.11"), Err(NumError::OffGrid));
        assert_eq!(grid.decimal(22).to_string(), "1.10");
        assert_eq!(Grid::from_step(b"0.00"), Err(NumError::Syntax));
    }
}
