//! Parameters of a request: a REST query, one object of a body, or one element of `args`.

use super::denial::Denial;
use engine::num::{NumError, parse_decimal};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Parameters by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Args(BTreeMap<String, String>);

/// The one parameter that has to be a JSON number.
pub(crate) const CODE: &str = "instIdCode";
/// Parameters of one request.
const ARGS_MAX: usize = 64;

impl Args {
    /// From `a=1&b=2`, percent-decoded.
    pub(crate) fn from_query(query: &str) -> Result<Self, Denial> {
        let mut all = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()).take(ARGS_MAX) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value).decode_utf8();
            let value = value.map_err(|_| Denial::parameter(name))?;
            all.insert(name.into(), value.into_owned());
        }
        Ok(Self(all))
    }

    /// From a JSON object. Texts lose their quotes, but not that of [`CODE`]; nulls are left out.
    pub(crate) fn from_json(json: &str) -> Result<Self, Denial> {
        let wrong = |_| Denial::new(50002, "JSON syntax error");
        let raw: BTreeMap<String, &RawValue> = serde_json::from_str(json).map_err(wrong)?;
        let plain = |name: &str, value: &RawValue| {
            if name == CODE {
                return value.get().to_string();
            }
            let mut reader = serde_json::Deserializer::from_str(value.get());
            String::deserialize(&mut reader).unwrap_or_else(|_| value.get().to_string())
        };
        let all = raw.into_iter().filter(|(_, value)| value.get() != "null").take(ARGS_MAX);
        Ok(Self(all.map(|(name, value)| (name.clone(), plain(&name, value))).collect()))
    }

    /// A body: one object, or an array of them.
    pub(crate) fn from_body(body: &str) -> Result<Vec<Self>, Denial> {
        if body.trim().is_empty() {
            return Ok(vec![Self::default()]);
        }
        if !body.trim_start().starts_with('[') {
            return Ok(vec![Self::from_json(body)?]);
        }
        let wrong = |_| Denial::new(50002, "JSON syntax error");
        let list: Vec<&RawValue> = serde_json::from_str(body).map_err(wrong)?;
        list.into_iter().map(|one| Self::from_json(one.get())).collect()
    }

    /// A parameter that is neither absent nor empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A mandatory parameter.
    pub(crate) fn need(&self, name: &str) -> Result<&str, Denial> {
        self.get(name).ok_or_else(|| Denial::missing(name))
    }

    /// An optional whole number.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<u64>, Denial> {
        let Some(text) = self.get(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Denial::parameter(name))
    }

    /// An optional flag.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Denial> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Denial::parameter(name)),
        }
    }

    /// An optional positive decimal in 1e-8; none-zero digits beyond that are `OffGrid`.
    pub(crate) fn decimal(&self, name: &str) -> Result<Option<Result<i64, NumError>>, Denial> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if !digits || !text.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(Denial::parameter(name));
        }
        match parse_decimal(text.as_bytes(), 8) {
            Err(NumError::OffGrid) => Ok(Some(Err(NumError::OffGrid))),
            Err(_) => Err(Denial::parameter(name)),
            Ok(value) => Ok(Some(Ok(value))),
        }
    }

    /// `limit` between 1 and 100.
    pub(crate) fn limit(&self) -> Result<usize, Denial> {
        let limit = self.integer("limit")?.unwrap_or(100);
        Ok(limit.clamp(1, 100) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_one_object_or_many_and_numbers_keep_their_text() {
        let text = r#"[{"instIdCode":7,"sz":"0.10","reduceOnly":true,"px":1.50},{"a":null}]"#;
        let [first, second] = Args::from_body(text).unwrap().try_into().unwrap();
        assert_eq!(first.get(CODE), Some("7"));
        assert_eq!((first.get("sz"), first.get("px")), (Some("0.10"), Some("1.50")));
        assert_eq!(first.flag("reduceOnly"), Ok(true));
        assert_eq!(second, Args::default());
        let quoted = Args::from_json(r#"{"instIdCode":"7"}"#).unwrap();
        assert!(quoted.integer(CODE).is_err(), "the code is a number, not a text");
        assert_eq!(Args::from_body("[1]").unwrap_err().code, 50002);
        assert_eq!(Args::from_query("a=1%2C2&b").unwrap().get("a"), Some("1,2"));
    }
}
