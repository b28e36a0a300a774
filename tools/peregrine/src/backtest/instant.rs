//! Instants as people write them: `2024-08-08`, `2024-08-08T23:55`, `2024-08-08T23:55:00.5Z`, or
//! nanoseconds since 1970.

use engine::time::Nanos;

const HELP: &str = "must be a time in UTC such as 2024-08-08T23:55:00, or nanoseconds since 1970";

/// Reads one.
pub(crate) fn parse(text: &str) -> Result<Nanos, String> {
    if text.len() > 10 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map(Nanos).map_err(|_| HELP.to_owned());
    }
    read(text.strip_suffix('Z').unwrap_or(text)).ok_or_else(|| HELP.to_owned())
}

fn read(text: &str) -> Option<Nanos> {
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "0:0"));
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let mut parts = time.splitn(3, ':');
    let hour: u64 = parts.next()?.parse().ok()?;
    let minute: u64 = parts.next()?.parse().ok()?;
    let (second, fraction) =
        parts.next().map_or(("0", ""), |second| second.split_once('.').unwrap_or((second, "")));
    let second: u64 = second.parse().ok()?;
    let is_known = (1970..=2200).contains(&year)
        && (1..=12).contains(&month)
        && (1..=month_days(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60
        && fraction.len() <= 9
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !is_known {
        return None;
    }
    let nanos: u64 = format!("{fraction:0<9}").parse().ok()?;
    let seconds = days(year, month, day)? * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Nanos(seconds * 1_000_000_000 + nanos))
}

fn month_days(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970, by H. Hinnant's `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> Option<u64> {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * month + 2) / 5 + day - 1;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    u64::try_from(era * 146_097 + of_era - 719_468).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        let seconds = |text: &str| parse(text).map(|at| at.0 as f64 * 1e-9).ok();
        assert_eq!(seconds("1970-01-02"), Some(86_400.0));
        assert_eq!(seconds("2024-08-08T23:54:15"), Some(1_723_161_255.0));
        assert_eq!(seconds("2024-02-29T00:00:00.5Z"), Some(1_709_164_800.5));
        assert_eq!(parse("1723161255030314667"), Ok(Nanos(1_723_161_255_030_314_667)));
        for wrong in ["", "yesterday", "2023-02-29", "2024-13-01", "2024-01-01T25:00", "12"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        // The printer of journals writes what this reads.
        let at = Nanos(1_723_161_255_030_314_667);
        assert_eq!(parse(&crate::print::Utc(at).to_string()), Ok(at));
    }
}
