//! Request parameters: one map for REST queries, REST bodies and WebSocket-API objects.

use crate::binance::denial::Denial;
use engine::num::{NumError, parse_decimal};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Parameters by name, in ASCII order of the names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Params(BTreeMap<String, String>);

/// Parameters of one request.
const PARAMS_MAX: usize = 64;

impl Params {
    /// From `a=1&b=2` texts (query, then body), percent-decoded.
    pub(crate) fn from_form(parts: &[&str]) -> Result<Self, Denial> {
        let mut all = BTreeMap::new();
        for pair in parts.iter().flat_map(|part| part.split('&')).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text: &str| {
                let plain = text.replace('+', " ");
                percent_decode_str(&plain).decode_utf8().map(|t| t.into_owned())
            };
            let (Ok(name), Ok(value)) = (decode(name), decode(value)) else {
                return Err(Denial::new(-1100, "Illegal characters found in a parameter."));
            };
            if all.insert(name.clone(), value).is_some() {
                return Err(Denial::new(
                    -1101,
                    format!("Duplicate values for parameter '{name}'."),
                ));
            }
            if all.len() > PARAMS_MAX {
                return Err(Denial::new(-1101, "Too many parameters sent for this endpoint."));
            }
        }
        Ok(Self(all))
    }

    /// Words picked from another request.
    pub(crate) fn of<'a>(words: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self(words.map(|(name, value)| (name.to_string(), value.to_string())).collect())
    }

    /// From the `params` object of a WebSocket request; numbers keep their text.
    pub(crate) fn from_json(json: Option<&RawValue>) -> Result<Self, Denial> {
        let Some(json) = json.filter(|json| json.get() != "null") else {
            return Ok(Self::default());
        };
        let bad = |_| Denial::new(-1102, "'params' must be a JSON object.");
        let raw: BTreeMap<String, &RawValue> = serde_json::from_str(json.get()).map_err(bad)?;
        if raw.len() > PARAMS_MAX {
            return Err(Denial::new(-1101, "Too many parameters sent for this endpoint."));
        }
        let plain = |value: &RawValue| {
            let mut reader = serde_json::Deserializer::from_str(value.get());
            String::deserialize(&mut reader).unwrap_or_else(|_| value.get().to_string())
        };
        Ok(Self(raw.into_iter().map(|(name, value)| (name, plain(value))).collect()))
    }

    /// What a WebSocket signature covers: all but the signature, sorted, `k=v` joined by `&`.
    pub(crate) fn payload(&self) -> String {
        let mut out = String::new();
        for (name, value) in self.0.iter().filter(|(name, _)| *name != "signature") {
            if !out.is_empty() {
                out.push('&');
            }
            out.push_str(name);
            out.push('=');
            out.push_str(value);
        }
        out
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A mandatory parameter.
    pub(crate) fn need(&self, name: &str) -> Result<&str, Denial> {
        self.get(name).ok_or_else(|| {
            Denial::new(
                -1102,
                format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed."),
            )
        })
    }

    /// An optional whole number.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<u64>, Denial> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let legal = text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|_| legal).map(Some).ok_or_else(|| {
            Denial::new(
                -1100,
                format!(
                    "Illegal characters found in parameter '{name}'; legal range is \
                     '^[0-9]{{1,20}}$'."
                ),
            )
        })
    }

    /// An optional decimal in 1e-8.
    pub(crate) fn decimal(&self, name: &str) -> Result<Option<i64>, Denial> {
        self.get(name).map(|text| number(name, text)).transpose()
    }

    /// Refuses a parameter that does not belong here.
    pub(crate) fn forbid(&self, name: &str) -> Result<(), Denial> {
        match self.get(name) {
            None => Ok(()),
            Some(_) => {
                Err(Denial::new(-1106, format!("Parameter '{name}' sent when not required.")))
            }
        }
    }

    /// Timestamp against the venue's clock: less than a second ahead, at most `recvWindow` behind.
    /// Microseconds are told by their size.
    pub(crate) fn check_time(&self, now_us: u64) -> Result<(), Denial> {
        self.need("timestamp")?;
        let stamp = self.integer("timestamp")?.unwrap_or(0);
        let stamp_us =
            if stamp >= 100_000_000_000_000 { stamp } else { stamp.saturating_mul(1000) };
        let window_us = match self.get("recvWindow") {
            None => 5_000_000,
            Some(text) => number("recvWindow", text)? / 100_000,
        } as u64;
        if window_us > 60_000_000 {
            return Err(Denial::new(-1131, "recvWindow must be less than 60000."));
        }
        if stamp_us >= now_us + 1_000_000 {
            return Err(Denial::new(
                -1021,
                "Timestamp for this request was 1000ms ahead of the server's time.",
            ));
        }
        if now_us.saturating_sub(stamp_us) > window_us {
            return Err(Denial::new(
                -1021,
                "Timestamp for this request is outside of the recvWindow.",
            ));
        }
        Ok(())
    }
}

/// A decimal parameter in 1e-8, refused in Binance's words.
pub(crate) fn number(name: &str, text: &str) -> Result<i64, Denial> {
    let legal = !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && text.starts_with(|c: char| c.is_ascii_digit())
        && !text.ends_with('.')
        && text.bytes().filter(|b| *b == b'.').count() <= 1;
    if !legal {
        return Err(Denial::new(
            -1100,
            format!(
                "Illegal characters found in parameter '{name}'; legal range is \
                 '^([0-9]{{1,20}})(\\.[0-9]{{1,20}})?$'."
            ),
        ));
    }
    match parse_decimal(text.as_bytes(), 8) {
        Ok(value) => Ok(value),
        Err(NumError::OffGrid) => {
            Err(Denial::new(-1111, format!("Parameter '{name}' has too much precision.")))
        }
        Err(_) => {
            Err(Denial::new(-1130, format!("Data sent for parameter '{name}' is not valid.")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn websocket_payload_is_sorted_and_keeps_number_text() {
        let raw: &RawValue = serde_json::from_str(
            r#"{"symbol":"BTCUSDT","price":52000.00,"apiKey":"K","signature":"x","on":true,
                "u":"\u00e9"}"#,
        )
        .unwrap();
        let params = Params::from_json(Some(raw)).unwrap();
        assert_eq!(params.payload(), "apiKey=K&on=true&price=52000.00&symbol=BTCUSDT&u=é");
    }

    #[test]
    fn time_window_is_the_venues() {
        let check = |text: &str, now_ms: u64, code: Option<i32>| {
            let params = Params::from_form(&[text]).unwrap();
            assert_eq!(params.check_time(now_ms * 1000).err().map(|r| r.code), code, "{text}");
        };
        check("timestamp=10000", 10_000, None);
        check("timestamp=10999", 10_000, None);
        check("timestamp=11000", 10_000, Some(-1021));
        check("timestamp=10000", 15_000, None);
        check("timestamp=10000", 15_001, Some(-1021));
        check("timestamp=10000&recvWindow=60000", 70_000, None);
        check("timestamp=10000&recvWindow=60000.001", 10_000, Some(-1131));
        check("timestamp=10000&recvWindow=0.5", 10_001, Some(-1021));
        check("recvWindow=5", 10_001, Some(-1102));
        check("timestamp=1x", 10_001, Some(-1100));
        check("timestamp=1700000000000000&recvWindow=100", 1_700_000_000_099, None);
    }

    #[test]
    fn forms_are_decoded_and_doubles_refused() {
        let params = Params::from_form(&["symbols=%5B%22A%22%5D&a=1", "b=x%2By"]).unwrap();
        assert_eq!(params.get("symbols"), Some("[\"A\"]"));
        assert_eq!(params.get("b"), Some("x+y"));
        assert_eq!(Params::from_form(&["a=1", "a=2"]).unwrap_err().code, -1101);
    }

    #[test]
    fn numbers_are_refused_in_binances_words() {
        let check = |text: &str, expect: Result<i64, i32>| {
            assert_eq!(number("price", text).map_err(|denial| denial.code), expect, "{text}");
        };
        check("61837.63", Ok(6_183_763_000_000));
        check("61837.63000000", Ok(6_183_763_000_000));
        check("0", Ok(0));
        check("1.123456789", Err(-1111));
        check("-1", Err(-1100));
        check("1e5", Err(-1100));
        check("", Err(-1100));
        check("1.", Err(-1100));
        check("99999999999999999999", Err(-1130));
    }
}
