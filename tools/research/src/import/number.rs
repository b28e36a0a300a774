//! Decimal numbers and times as files have them, kept exactly until the instrument's steps are
//! known; and those steps found out, where nobody says them.

use engine::num::{Grid, POW10};

/// A decimal number: `value` by ten to the power of `places`, without needless zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Exact {
    pub value: i64,
    pub places: u8,
}

impl Exact {
    /// Of text such as `-12.50` or `1e-05`.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let said = || format!("`{}` is not a number", String::from_utf8_lossy(text));
        let (negative, digits) = match text.split_first() {
            Some((b'-', rest)) => (true, rest),
            Some(_) => (false, text),
            None => return Err("a number is missing".into()),
        };
        let (mut value, mut places, mut point, mut zeros) = (0_i64, 0_u8, false, 0_u32);
        let mut any = false;
        for &byte in digits {
            match byte {
                b'0' if point => zeros += 1,
                b'0'..=b'9' => {
                    let shift = if point { zeros + 1 } else { 1 };
                    let scale = POW10.get(shift as usize).ok_or_else(said)?;
                    value = value.checked_mul(*scale).ok_or_else(said)?;
                    value = value.checked_add(i64::from(byte - b'0')).ok_or_else(said)?;
                    if point {
                        places = places.checked_add(shift as u8).ok_or_else(said)?;
                    }
                    zeros = 0;
                }
                b'.' if !point => point = true,
                b'e' | b'E' if any => return Self::of_float(text).ok_or_else(said),
                _ => return Err(said()),
            }
            any |= byte.is_ascii_digit();
        }
        if !any || places > 18 {
            return Err(said());
        }
        Ok(Self { value: if negative { -value } else { value }, places })
    }

    fn of_float(text: &[u8]) -> Option<Self> {
        let float: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
        Self::of(float)
    }

    /// The shortest decimal that a float is read from.
    pub fn of(float: f64) -> Option<Self> {
        if !float.is_finite() {
            return None;
        }
        // A float's text has an exponent only when asked for.
        Self::parse(format!("{float}").as_bytes()).ok()
    }

    /// In units of 1e-8; what is finer is cut off.
    pub fn hundred_millionths(self) -> Option<i64> {
        match 8_i32 - i32::from(self.places) {
            up @ 0.. => self.value.checked_mul(*POW10.get(up as usize)?),
            down => Some(self.value / POW10.get(down.unsigned_abs() as usize)?),
        }
    }

    /// As whole steps of a grid.
    pub fn steps(self, grid: Grid) -> Option<i64> {
        let up = i32::from(grid.decimals) - i32::from(self.places);
        let value = i128::from(self.value);
        let scaled = match up {
            0.. => value.checked_mul(i128::from(*POW10.get(up as usize)?))?,
            down => {
                let scale = i128::from(*POW10.get(down.unsigned_abs() as usize)?);
                (value % scale == 0).then(|| value / scale)?
            }
        };
        let step = i128::from(grid.step);
        if scaled % step != 0 {
            return None;
        }
        i64::try_from(scaled / step).ok()
    }
}

impl std::fmt::Display for Exact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        engine::num::Decimal { value: self.value, decimals: self.places }.fmt(f)
    }
}

/// Most places that a step may have.
const PLACES_MAX: usize = 12;

/// The coarsest step that numbers seen lie on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fineness {
    /// By how many places they have: their greatest common divisor in units of the last place, and
    /// how many there were.
    seen: [(i128, u64); PLACES_MAX + 1],
}

fn divisor(mut one: i128, mut two: i128) -> i128 {
    while two != 0 {
        (one, two) = (two, one % two);
    }
    one
}

impl Fineness {
    pub fn see(&mut self, number: Exact) {
        let places = usize::from(number.places).min(PLACES_MAX);
        if let Some((step, count)) = self.seen.get_mut(places) {
            *step = divisor(*step, i128::from(number.value.unsigned_abs()));
            *count += 1;
        }
    }

    /// The step: at most one unit of the last place, and of whole numbers at most one. Numbers that
    /// have more places than that may be so many of a million.
    pub fn grid(self, rare_ppm: u64) -> Option<Grid> {
        let all: u64 = self.seen.iter().map(|(_, count)| count).sum();
        let rare = all * rare_ppm / 1_000_000;
        let is_used = |place: &usize| {
            let finer: u64 = self.seen.iter().skip(*place).map(|(_, count)| count).sum();
            finer > rare
        };
        let places = (0..=PLACES_MAX).rev().find(is_used)?;
        let parts = self.seen.iter().take(places + 1).enumerate();
        let step = parts.fold(0, |step, (place, (part, _))| {
            divisor(step, part * i128::from(POW10[places - place]))
        });
        // Few numbers may share more than the market's step has: 1, 2 and 5 are what venues use.
        let step = match step {
            0 => return None,
            5 | 25 => step,
            many if many % 5 == 0 => 5,
            many if many % 2 == 0 => 2,
            _ => 1,
        };
        let step = if places == 0 { 1 } else { step };
        Some(Grid { decimals: places as u8, step: i64::try_from(step).ok()? })
    }
}

/// A time as nanoseconds since 1970: seconds, ms, µs or ns, told apart by size; or
/// `2024-08-08 09:30:00`, UTC, with or without a fraction, `T` and `Z`.
pub(super) fn time(text: &[u8]) -> Result<u64, String> {
    let wrong = || format!("`{}` is no time", String::from_utf8_lossy(text));
    if text.contains(&b'-') {
        return date(text).ok_or_else(wrong);
    }
    let number = Exact::parse(text).map_err(|_| wrong())?;
    let size = number.value / POW10.get(usize::from(number.places)).ok_or_else(wrong)?;
    let exponent: usize = match size {
        ..0 => return Err(wrong()),
        0..100_000_000_000 => 9,
        100_000_000_000..100_000_000_000_000 => 6,
        100_000_000_000_000..100_000_000_000_000_000 => 3,
        _ => 0,
    };
    let nanos = match exponent.checked_sub(usize::from(number.places)) {
        Some(up) => number.value.checked_mul(POW10[up]),
        None => Some(number.value / POW10[usize::from(number.places) - exponent]),
    };
    nanos.and_then(|nanos| u64::try_from(nanos).ok()).ok_or_else(wrong)
}

/// Days by H. Hinnant's `days_from_civil`, for years from 1970.
fn date(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?.trim_end_matches('Z').trim_end_matches("+00:00");
    let (date, clock) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<u64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let valid = (1970..10_000).contains(&year) && (1..13).contains(&month);
    if !valid || !(1..32).contains(&day) {
        return None;
    }
    let shifted = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (shifted / 400, shifted % 400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = whole.splitn(3, ':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if hour > 23 || minute > 59 || second > 60 || fraction.len() > 9 {
        return None;
    }
    let nanos = format!("{fraction:0<9}").parse::<u64>().ok()?;
    Some((days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000_000_000 + nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_exactly() {
        let exact = |text: &str| Exact::parse(text.as_bytes()).map(|one| (one.value, one.places));
        assert_eq!(exact("57410.30"), Ok((574_103, 1)));
        assert_eq!(exact("0.00100"), Ok((1, 3)));
        assert_eq!(exact("-10"), Ok((-10, 0)));
        assert_eq!(exact("1.0005"), Ok((10_005, 4)));
        assert_eq!(exact("1e-05"), Ok((1, 5)));
        assert!(exact("").is_err() && exact("1.2.3").is_err() && exact("nan").is_err());
        let grid = Grid { decimals: 2, step: 5 };
        let steps = |text: &str| Exact::parse(text.as_bytes()).unwrap().steps(grid);
        assert_eq!(
            (steps("1.05"), steps("1.050"), steps("1.01"), steps("1.001")),
            (Some(21), Some(21), None, None)
        );
    }

    #[test]
    fn the_step_is_found_from_what_lies_on_it() {
        let found = |all: &[&str]| {
            let mut fineness = Fineness::default();
            all.iter().for_each(|one| fineness.see(Exact::parse(one.as_bytes()).unwrap()));
            fineness.grid(0).map(|grid| (grid.decimals, grid.step))
        };
        assert_eq!(found(&["57410.30", "57410.20", "1"]), Some((1, 1)));
        assert_eq!(found(&["1.25", "1.50", "2"]), Some((2, 25)));
        assert_eq!(found(&["1.05", "1.50"]), Some((2, 5)));
        assert_eq!(found(&["100", "300"]), Some((0, 1)));
        assert_eq!(found(&[]), None);
        let mut fineness = Fineness::default();
        (0..999).for_each(|value| fineness.see(Exact { value, places: 2 }));
        fineness.see(Exact { value: 1, places: 6 });
        let finest = |rare_ppm| fineness.grid(rare_ppm).map(|grid| grid.decimals);
        assert_eq!((finest(0), finest(1_000)), (Some(6), Some(2)));
    }

    #[test]
    fn times_of_every_size_are_read() {
        let nanos = 1_723_109_400_123_000_000;
        for text in [
            "1723109400.123",
            "1723109400123",
            "1723109400123000",
            "1723109400123000000",
            "2024-08-08 09:30:00.123",
            "2024-08-08T09:30:00.123Z",
        ] {
            assert_eq!(time(text.as_bytes()), Ok(nanos), "{text}");
        }
        assert!(time(b"2024-13-01 00:00:00").is_err() && time(b"-5").is_err());
    }
}
