//! JSON text in the venue's own key order.
//!
//! Clients may read keys by place, so answers and events are written key by key rather than through
//! a sorted map.

use serde::Serialize;

/// A JSON object under construction; keys appear in the order of the calls.
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        let mut text = String::with_capacity(256);
        text.push('{');
        Self(text)
    }

    fn key(&mut self, key: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(key);
        self.0.push_str("\":");
    }

    /// Adds a value that serde can write.
    pub(crate) fn put(mut self, key: &str, value: impl Serialize) -> Self {
        self.key(key);
        self.0.push_str(&text(&value));
        self
    }

    /// Adds a value that is JSON text already.
    pub(crate) fn raw(mut self, key: &str, json: &str) -> Self {
        self.key(key);
        self.0.push_str(json);
        self
    }

    /// Adds an amount, price or quantity in 1e-8 as the venue's text with eight places.
    pub(crate) fn dec(mut self, key: &str, value: i64) -> Self {
        self.key(key);
        self.0.push('"');
        self.0.push_str(&dec8(value));
        self.0.push('"');
        self
    }

    /// Adds a value in 1e-8 with so many decimal places, at most eight; what is finer is cut off.
    pub(crate) fn fixed(mut self, key: &str, value: i64, places: u8) -> Self {
        self.key(key);
        self.0.push('"');
        self.0.push_str(&fixed(value, places));
        self.0.push('"');
        self
    }

    /// Closes the object.
    pub(crate) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// Any value as JSON text; a value that cannot be written is `null`.
pub(crate) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}

/// An array of JSON texts.
pub(crate) fn array<I: IntoIterator<Item = String>>(items: I) -> String {
    let mut out = String::from("[");
    for (n, item) in items.into_iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        out.push_str(&item);
    }
    out.push(']');
    out
}

/// A number in units of 1e-8 with eight places.
pub(crate) fn dec8(value: i64) -> String {
    engine::num::Decimal { value, decimals: 8 }.to_string()
}

/// A number in units of 1e-8 with so many decimal places, at most eight.
pub(crate) fn fixed(value: i64, places: u8) -> String {
    let places = places.min(8);
    let value = value / 10_i64.pow(u32::from(8 - places));
    engine::num::Decimal { value, decimals: places }.to_string()
}

/// Book levels as the venue writes them: `[["price","quantity"],…]`, both in 1e-8.
pub(crate) fn levels(levels: &[(i64, i64)]) -> String {
    levels_in(levels, [8, 8])
}

/// Book levels with so many decimal places of price and quantity.
pub(crate) fn levels_in(levels: &[(i64, i64)], places: [u8; 2]) -> String {
    let mut out = String::with_capacity(2 + levels.len() * 34);
    out.push('[');
    for (n, (price, qty)) in levels.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        out.push_str("[\"");
        out.push_str(&fixed(*price, places[0]));
        out.push_str("\",\"");
        out.push_str(&fixed(*qty, places[1]));
        out.push_str("\"]");
    }
    out.push(']');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_in_order() {
        let text = Object::new().put("z", 1).dec("a", 150_000_000).raw("m", "[]").end();
        assert_eq!(text, r#"{"z":1,"a":"1.50000000","m":[]}"#);
        assert_eq!(levels(&[(100, 0)]), r#"[["0.00000100","0.00000000"]]"#);
        let book = [(6_180_020_000_000, 14_000_000)];
        assert_eq!(levels_in(&book, [2, 3]), r#"[["61800.20","0.140"]]"#);
        assert_eq!(fixed(300_000_000, 0), "3");
    }
}
