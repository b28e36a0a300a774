//! Tick-out → order-in, measured from the exchange's side.
//!
//! A client order id of the form `pg-<epoch, 8 hex>-<counter, 8 hex>-<update id, 14 hex>` names
//! the book update that caused it; where a venue takes only letters and digits, the dashes are
//! left out. The time of the last write of each update id to a socket is kept in a bounded ring;
//! when the order comes in, the difference goes into a histogram.

use crate::json::Object;
use hdrhistogram::Histogram;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Update ids remembered; a cause older than this counts as forgotten.
const RING: usize = 1 << 16;

struct Inner {
    ring: Vec<(u64, u64)>,
    histogram: Option<Histogram<u64>>,
    orders: u64,
    caused: u64,
    uncaused: u64,
    forgotten: u64,
    messages: [u64; Message::COUNT],
}

/// What is counted beside the times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    MarketOut,
    PrivateOut,
    ApiIn,
    ApiOut,
    RestIn,
    SlowClient,
    BadFrame,
}

impl Message {
    const COUNT: usize = 7;
    const NAMES: [&'static str; Self::COUNT] =
        ["market_out", "private_out", "api_in", "api_out", "rest_in", "slow_client", "bad_frame"];
}

/// The ring of publications and the histogram; shared by all connections.
pub(crate) struct Causes {
    start: Instant,
    inner: Mutex<Inner>,
}

impl Causes {
    pub(crate) fn new() -> Self {
        let inner = Inner {
            ring: vec![(0, 0); RING],
            histogram: Histogram::new_with_bounds(1, 60_000_000_000, 3).ok(),
            orders: 0,
            caused: 0,
            uncaused: 0,
            forgotten: 0,
            messages: [0; Message::COUNT],
        };
        Self { start: Instant::now(), inner: Mutex::new(inner) }
    }

    /// Monotonic nanoseconds since the start.
    pub(crate) fn now_ns(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    fn with<T>(&self, f: impl FnOnce(&mut Inner) -> T) -> T {
        f(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// An update id is about to be written to a socket.
    pub(crate) fn published(&self, update: u64, at_ns: u64) {
        self.with(|inner| inner.ring[update as usize % RING] = (update, at_ns));
    }

    /// A new order came in.
    pub(crate) fn order(&self, client: &str, at_ns: u64) {
        self.with(|inner| {
            inner.orders += 1;
            match cause_of(client) {
                None => inner.uncaused += 1,
                Some(update) => match inner.ring[update as usize % RING] {
                    (id, out_ns) if id == update => {
                        inner.caused += 1;
                        if let Some(histogram) = &mut inner.histogram {
                            histogram.saturating_record(at_ns.saturating_sub(out_ns).max(1));
                        }
                    }
                    _ => inner.forgotten += 1,
                },
            }
        });
    }

    pub(crate) fn count(&self, message: Message) {
        self.with(|inner| inner.messages[message as usize] += 1);
    }

    /// The report served at `/sim/report`.
    pub(crate) fn report(&self) -> String {
        self.with(|inner| {
            let mut messages = Object::new();
            for (name, count) in Message::NAMES.iter().zip(inner.messages) {
                messages = messages.put(name, count);
            }
            let mut times = Object::new();
            if let Some(histogram) = &inner.histogram {
                times = times.put("count", histogram.len());
                for (name, q) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)] {
                    times = times.put(name, histogram.value_at_quantile(q));
                }
                times = times.put("max", histogram.max());
            }
            Object::new()
                .put("orders", inner.orders)
                .put("caused", inner.caused)
                .put("uncaused", inner.uncaused)
                .put("forgotten", inner.forgotten)
                .raw("tick_to_order_ns", &times.end())
                .raw("messages", &messages.end())
                .end()
        })
    }
}

/// The update id that a client order id names; none where it names none (or zero).
pub(crate) fn cause_of(client: &str) -> Option<u64> {
    let mut rest = client.strip_prefix("pg")?;
    let dash = if rest.starts_with('-') { "-" } else { "" };
    let mut value = 0;
    for length in [8, 8, 14] {
        let (part, after) = rest.strip_prefix(dash)?.split_at_checked(length)?;
        if !part.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        value = u64::from_str_radix(part, 16).ok()?;
        rest = after;
    }
    (rest.is_empty() && value > 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cause_is_read_from_the_exact_form_only() {
        assert_eq!(cause_of("pg-00000001-0000002a-0000000ba9c1d3"), Some(0xba9c1d3));
        assert_eq!(cause_of("pg000000010000002a0000000ba9c1d3"), Some(0xba9c1d3));
        for text in [
            "",
            "x",
            "pg",
            "pg-1-2-3",
            "pg-00000001-0000002a",
            "pg-00000001-0000002a-00000000000000",
            "pg-00000001-0000002a-0000000ba9c1d3-",
            "pg-000000010000002a0000000ba9c1d3",
            "pg00000001-0000002a-0000000ba9c1d3",
            "pg000000010000002a00000000000000",
            "pg000000010000002a0000000ba9c1d",
            "pg000000010000002a0000000ba9c1d34",
            "pg000000010000002a0000000ba9c1g3",
            "pg000000010000002é0000000ba9c1d",
        ] {
            assert_eq!(cause_of(text), None, "{text}");
        }
    }

    #[test]
    fn orders_without_a_known_cause_are_counted_apart() {
        let causes = Causes::new();
        causes.published(77, 1_000);
        causes.order("pg-00000001-00000001-0000000000004d", 4_000);
        causes.order("pg-00000001-00000002-0000000000004e", 4_000);
        causes.order("mine", 4_000);
        causes.order("pg00000001000000030000000000004d", 5_000);
        let report: serde_json::Value = serde_json::from_str(&causes.report()).unwrap();
        assert_eq!(report["orders"], 4);
        assert_eq!(report["caused"], 2);
        assert_eq!(report["forgotten"], 1);
        assert_eq!(report["uncaused"], 1);
        assert_eq!(report["tick_to_order_ns"]["count"], 2);
    }
}
