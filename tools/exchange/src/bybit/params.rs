//! Request parameters: a REST query, a REST body, or the object in a WebSocket request.

use super::denial::Denial;
use super::words::read_category;
use crate::floor::Floor;
use crate::order::SymbolId;
use crate::symbol::Product;
use engine::num::parse_decimal;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Parameters of one request.
const PARAMS_MAX: usize = 100;

/// Parameters by name; lists and objects are JSON text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    /// From `a=1&b=2`, percent-decoded.
    pub(crate) fn from_query(query: &str) -> Result<Self, Denial> {
        let mut all = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = value.replace('+', " ");
            let value = percent_decode_str(&value).decode_utf8();
            let value = value.map_err(|_| Denial::params(format!("{name} is not UTF-8")))?;
            all.insert(name.to_string(), value.into_owned());
        }
        Self(all).bounded()
    }

    /// From a JSON object; an empty body is an empty object.
    pub(crate) fn from_body(body: &[u8]) -> Result<Self, Denial> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => Self::from_object(&object),
            _ => Err(Denial::params("json body is not an object")),
        }
    }

    pub(crate) fn from_object(object: &Map<String, Value>) -> Result<Self, Denial> {
        let plain = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        Self(object.iter().map(|(name, value)| (name.clone(), plain(value))).collect()).bounded()
    }

    fn bounded(self) -> Result<Self, Denial> {
        match self.0.len() <= PARAMS_MAX {
            true => Ok(self),
            false => Err(Denial::params("too many parameters")),
        }
    }

    /// The same with another parameter.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A mandatory parameter.
    pub(crate) fn need(&self, name: &str) -> Result<&str, Denial> {
        self.get(name).ok_or_else(|| {
            Denial::params(format!("Missing some parameters that must be filled in, {name}"))
        })
    }

    /// An optional whole number.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<u64>, Denial> {
        let read = |text: &str| text.parse().map_err(|_| invalid(name));
        self.get(name).map(read).transpose()
    }

    /// `limit` between 1 and a maximum.
    pub(crate) fn limit(&self, default: u64, max: u64) -> Result<usize, Denial> {
        Ok(self.integer("limit")?.unwrap_or(default).clamp(1, max) as usize)
    }

    /// An optional decimal in 1e-8.
    pub(crate) fn decimal(&self, name: &str) -> Result<Option<i64>, Denial> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let value = parse_decimal(text.as_bytes(), 8).ok().filter(|_| digits);
        value.map(Some).ok_or_else(|| invalid(name))
    }

    /// An optional truth value.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some("true" | "1"))
    }

    /// The category.
    pub(crate) fn category(&self) -> Result<Product, Denial> {
        let text = self.need("category")?;
        read_category(text).ok_or_else(|| Denial::params("params error: Category is invalid"))
    }

    /// The symbol that is named, which must be listed in the category.
    pub(crate) fn symbol(&self, floor: &Floor, product: Product) -> Result<SymbolId, Denial> {
        let name = self.need("symbol")?;
        floor.venue.symbol_id(product, name).ok_or_else(|| match product {
            Product::Spot => Denial::new(170121, "Invalid symbol."),
            Product::Perp => Denial::params(format!("params error: symbol invalid {name}")),
        })
    }

    /// The symbol, where one is named.
    pub(crate) fn symbol_if_any(
        &self,
        floor: &Floor,
        product: Product,
    ) -> Result<Option<SymbolId>, Denial> {
        self.get("symbol").map(|_| self.symbol(floor, product)).transpose()
    }
}

fn invalid(name: &str) -> Denial {
    Denial::params(format!("params error: {name} invalid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_and_queries_read_alike() {
        let body = br#"{"category":"linear","positionIdx":0,"reduceOnly":false,"x":null}"#;
        let body = Params::from_body(body).unwrap();
        let query = "category=linear&positionIdx=0&reduceOnly=false&x=";
        assert_eq!(body, Params::from_query(query).unwrap());
        assert_eq!(body.category(), Ok(Product::Perp));
        assert_eq!(body.get("x"), None);
        assert!(!body.flag("reduceOnly"));
        assert_eq!(body.need("symbol").unwrap_err().code, 10001);
    }

    #[test]
    fn decimals_are_exact_or_refused() {
        let check = |text: &str, expect: Option<i64>| {
            let params = Params::from_query(&format!("a={text}")).unwrap();
            assert_eq!(params.decimal("a").ok().flatten(), expect, "{text}");
        };
        check("0.00000001", Some(1));
        check("61837.5", Some(6_183_750_000_000));
        for text in ["-1", "1e5", "x", "0.000000001", "99999999999999999999", "1..2", "+1"] {
            check(text, None);
        }
    }
}
