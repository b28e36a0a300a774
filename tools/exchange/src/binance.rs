//! What Binance's two protocols share: parameters, refusals, words, and market-stream connections.

pub(crate) mod denial;
pub(crate) mod params;
pub(crate) mod streams;
pub(crate) mod words;

/// A market event as a connection wants it: bare, or with its stream's name around it.
pub(crate) fn wrapped(wrapping: u8, stream: &str, json: &str) -> String {
    match wrapping {
        streams::COMBINED => format!(r#"{{"stream":"{stream}","data":{json}}}"#),
        _ => json.into(),
    }
}
