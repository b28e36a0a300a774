//! Who is asking: `login` on a WebSocket, and the `OK-ACCESS-…` headers of REST.

use super::args::Args;
use super::denial::Denial;
use crate::floor::Floor;
use crate::keys::{Form, KeyFault};
use crate::order::AccountId;
use axum::http::HeaderMap;

/// How far a request's time may be from the venue's.
const WINDOW_MS: u64 = 30_000;

/// Checks one element of a `login`; epoch seconds, signed with a fixed path.
pub(crate) fn websocket(floor: &Floor, args: &Args, now_ms: u64) -> Result<AccountId, Denial> {
    let wrong = |code, msg: &str| Err(Denial::new(code, msg));
    let (key, phrase) = (args.get("apiKey"), args.get("passphrase"));
    let Some(key) = key else { return wrong(60005, "Invalid apiKey") };
    if floor.keys.account(key).is_err() {
        return wrong(60005, "Invalid apiKey");
    }
    let stamp = args.get("timestamp").unwrap_or("");
    let Some(seconds) = seconds(stamp) else { return wrong(60004, "Invalid timestamp") };
    if now_ms.abs_diff((seconds * 1000.0) as u64) > WINDOW_MS {
        return wrong(60006, "Timestamp request expired");
    }
    if !floor.keys.has_passphrase(key, phrase.unwrap_or("")) {
        return wrong(60024, "Wrong passphrase");
    }
    let payload = format!("{stamp}GET/users/self/verify");
    let tag = args.get("sign").unwrap_or("");
    floor
        .keys
        .verify(key, payload.as_bytes(), tag, Form::Base64)
        .or_else(|_| wrong(60007, "Invalid sign"))
}

fn seconds(text: &str) -> Option<f64> {
    let legal = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text.parse().ok().filter(|_| legal)
}

/// Checks the headers of a private REST request; `path` carries the query.
pub(crate) fn rest(
    floor: &Floor,
    headers: &HeaderMap,
    (method, path, body): (&str, &str, &str),
    now_ms: u64,
) -> Result<AccountId, Denial> {
    let need = |name: &str, code: i32| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        let value = value.filter(|value| !value.is_empty());
        let msg = format!("Request header \"{name}\" cannot be empty.");
        value.ok_or_else(|| Denial::new(code, msg))
    };
    let key = need("OK-ACCESS-KEY", 50103)?;
    let phrase = need("OK-ACCESS-PASSPHRASE", 50104)?;
    let tag = need("OK-ACCESS-SIGN", 50106)?;
    let stamp = need("OK-ACCESS-TIMESTAMP", 50107)?;
    let at_ms = iso_ms(stamp).ok_or_else(|| Denial::new(50112, "Invalid OK-ACCESS-TIMESTAMP"))?;
    if now_ms.abs_diff(at_ms) > WINDOW_MS {
        return Err(Denial::new(50102, "Timestamp request expired"));
    }
    if floor.keys.account(key).is_err() {
        return Err(Denial::new(50111, "Invalid OK-ACCESS-KEY"));
    }
    if !floor.keys.has_passphrase(key, phrase) {
        let msg = "Request header \"OK-ACCESS-PASSPHRASE\" incorrect.";
        return Err(Denial::new(50105, msg));
    }
    let payload = format!("{stamp}{method}{path}{body}");
    floor.keys.verify(key, payload.as_bytes(), tag, Form::Base64).map_err(|fault| match fault {
        KeyFault::Unknown => Denial::new(50111, "Invalid OK-ACCESS-KEY"),
        KeyFault::Signature => Denial::new(50113, "Invalid Sign"),
    })
}

/// Milliseconds since 1970 of `2020-12-08T09:08:57.715Z`.
fn iso_ms(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.splitn(3, ':');
    let hour: u64 = time.next()?.parse().ok()?;
    let minute: u64 = time.next()?.parse().ok()?;
    let (second, milli) = time.next()?.split_once('.')?;
    let second: u64 = second.parse().ok()?;
    let milli: u64 = milli.parse().ok().filter(|_| milli.len() == 3)?;
    let legal = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    if !legal {
        return None;
    }
    // Days since 1970 of the proleptic Gregorian calendar, years counted from March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    let days = u64::try_from(days - 719_468).ok()?;
    Some(((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + milli)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_millisecond() {
        assert_eq!(iso_ms("1970-01-01T00:00:00.000Z"), Some(0));
        assert_eq!(iso_ms("2023-11-14T22:13:20.000Z"), Some(1_700_000_000_000));
        assert_eq!(iso_ms("2024-02-29T00:00:00.001Z"), Some(1_709_164_800_001));
        for wrong in ["", "1700000000000", "2023-11-14T22:13:20Z", "2023-13-14T22:13:20.000Z"] {
            assert_eq!(iso_ms(wrong), None, "{wrong}");
        }
    }
}
