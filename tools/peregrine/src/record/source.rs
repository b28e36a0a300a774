//! What is recorded of one venue: its streams, its snapshots, and to which instrument a frame
//! belongs. A venue with another dialect is another `Source`.

use crate::config::{Config, FeedSettings, Preset};
use feeds::net::{HttpRequest, Method};

/// The streams of each instrument.
const STREAMS: [&str; 3] = ["bookTicker", "depth@100ms", "trade"];
/// How long a snapshot may take, ms.
const SNAPSHOT_MS: u32 = 10_000;

/// A venue to record.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name in file names.
    pub venue: String,
    /// Its instruments, as streams name them.
    pub symbols: Vec<String>,
    /// Connects and subscribes to everything.
    pub stream_url: String,
    /// Limits of connections.
    pub feed: FeedSettings,
    rest_url: String,
}

impl Source {
    /// The venue and the instruments of a configuration.
    pub fn new(config: &Config) -> Self {
        let venue = match config.home().preset {
            Preset::Mainnet => "binance".to_owned(),
            other => format!("binance-{}", other.name()),
        };
        let symbols: Vec<String> =
            config.instruments.iter().map(|one| one.symbol.to_lowercase()).collect();
        let names =
            symbols.iter().flat_map(|symbol| STREAMS.map(|name| format!("{symbol}@{name}")));
        let names: Vec<String> = names.collect();
        Self {
            venue,
            stream_url: format!(
                "{}/stream?streams={}",
                config.home().endpoints.stream,
                names.join("/")
            ),
            symbols,
            feed: config.feed,
            rest_url: config.home().endpoints.rest.clone(),
        }
    }

    /// Beginnings of file names: of each instrument, and of what belongs to none.
    pub fn file_names(&self) -> Vec<String> {
        let names = self.symbols.iter().map(String::as_str).chain(["all"]);
        names.map(|name| format!("{}-{name}", self.venue)).collect()
    }

    /// How to ask for a snapshot of an instrument.
    pub fn snapshot_request(&self, place: usize) -> Option<HttpRequest> {
        let (rest, symbol) = (&self.rest_url, self.symbols.get(place)?.to_uppercase());
        Some(HttpRequest {
            method: Method::Get,
            url: format!("{rest}/api/v3/depth?symbol={symbol}&limit={}", self.feed.snapshot_levels),
            headers: Vec::new(),
            body: None,
            timeout_ms: SNAPSHOT_MS,
        })
    }

    /// Whose frame this is.
    pub fn route(&self, frame: &[u8]) -> Routed {
        let name = frame.strip_prefix(b"{\"stream\":\"").unwrap_or_default();
        let name = name.split(|byte| *byte == b'"').next().unwrap_or_default();
        let at = name.iter().position(|byte| *byte == b'@').unwrap_or(name.len());
        let (symbol, stream) = name.split_at(at);
        let place = self.symbols.iter().position(|known| known.as_bytes() == symbol);
        let Some(place) = place else {
            let leaving = frame.len() < 256 && find(frame, b"serverShutdown").is_some();
            return Routed { place: self.symbols.len(), first_id: None, leaving };
        };
        let depth = stream.starts_with(b"@depth");
        let first_id = if depth { number(frame, b"\"U\":") } else { None };
        Routed { place, first_id, leaving: false }
    }
}

/// What a frame is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routed {
    /// Place of its file name.
    pub place: usize,
    /// First update id, of a depth frame.
    pub first_id: Option<u64>,
    /// The server goes away soon.
    pub leaving: bool,
}

/// The update id of a snapshot; none where this is no snapshot.
pub fn snapshot_id(body: &[u8]) -> Option<u64> {
    number(body.get(..body.len().min(256))?, b"\"lastUpdateId\":")
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn number(text: &[u8], key: &[u8]) -> Option<u64> {
    let rest = &text[find(text, key)? + key.len()..];
    let rest = rest.trim_ascii_start();
    let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    std::str::from_utf8(&rest[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_go_to_their_instruments() {
        let text = include_str!("../../../../config/demo.toml");
        let config = Config::parse("demo.toml", text).unwrap();
        let source = Source::new(&config);
        let streams = "btcusdt@bookTicker/btcusdt@depth@100ms/btcusdt@trade";
        assert!(source.stream_url.ends_with(&format!("/stream?streams={streams}")));
        assert_eq!(source.file_names(), ["binance-local-btcusdt", "binance-local-all"]);
        let routed = |place, first_id, leaving| Routed { place, first_id, leaving };
        for (frame, want) in [
            (r#"{"stream":"btcusdt@trade","data":{"U":1}}"#, routed(0, None, false)),
            (
                r#"{"stream":"btcusdt@depth@100ms","data":{"U": 12,"u":13}}"#,
                routed(0, Some(12), false),
            ),
            (
                r#"{"stream":"!serverShutdown","data":{"e":"serverShutdown"}}"#,
                routed(1, None, true),
            ),
            (r#"{"stream":"ethusdt@trade","data":{}}"#, routed(1, None, false)),
            ("", routed(1, None, false)),
        ] {
            assert_eq!(source.route(frame.as_bytes()), want, "{frame}");
        }
        assert_eq!(snapshot_id(br#"{"lastUpdateId":7,"bids":[]}"#), Some(7));
        assert_eq!(snapshot_id(br#"{"code":-1121}"#), None);
    }
}
