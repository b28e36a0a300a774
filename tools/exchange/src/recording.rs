//! A recorded stream read from its file: gzip text, one `LOCAL_NS JSON` line a frame.

use crate::error::Error;
use crate::symbol::{SCALE, Symbol};
use engine::num::parse_decimal;
use flate2::read::GzDecoder;
use serde::Deserialize;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Price and quantity in 1e-8.
pub(crate) type Pair = (i64, i64);

/// One recorded message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Frame {
    Best { update: u64, bid: Pair, ask: Pair },
    Depth { event_ms: u64, first: u64, last: u64, sides: [Vec<Pair>; 2] },
    Trade { event_ms: u64, trade_ms: u64, id: u64, price: i64, qty: i64, buyer_maker: bool },
    Snapshot { update: u64, sides: [Vec<Pair>; 2] },
}

/// A whole recording in memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Recording {
    pub symbol: String,
    /// Local receive time in ns, and the message.
    pub frames: Vec<(u64, Frame)>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    stream: Option<&'a str>,
    #[serde(borrow, default)]
    data: Option<Message<'a>>,
    #[serde(rename = "lastUpdateId", default)]
    update: Option<u64>,
    #[serde(borrow, default)]
    bids: Vec<[&'a str; 2]>,
    #[serde(borrow, default)]
    asks: Vec<[&'a str; 2]>,
}

/// The keys of all three stream messages; `b` and `a` are texts in one and levels in another.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "E", default)]
    event_ms: u64,
    #[serde(rename = "s", borrow)]
    symbol: &'a str,
    #[serde(rename = "U", default)]
    first: u64,
    #[serde(rename = "u", default)]
    last: u64,
    #[serde(rename = "b", borrow, default)]
    bid: Option<Side<'a>>,
    #[serde(rename = "a", borrow, default)]
    ask: Option<Side<'a>>,
    #[serde(rename = "B", borrow, default)]
    bid_qty: &'a str,
    #[serde(rename = "A", borrow, default)]
    ask_qty: &'a str,
    #[serde(rename = "T", default)]
    trade_ms: u64,
    #[serde(rename = "t", default)]
    id: u64,
    #[serde(rename = "p", borrow, default)]
    price: &'a str,
    #[serde(rename = "q", borrow, default)]
    qty: &'a str,
    #[serde(rename = "m", default)]
    buyer_maker: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Side<'a> {
    #[serde(borrow)]
    Price(&'a str),
    Levels(Vec<[&'a str; 2]>),
    /// A number: an order id of older `trade` messages.
    Other(#[allow(dead_code)] u64),
}

/// Frames of one recording.
const FRAMES_MAX: usize = 20_000_000;

impl Recording {
    /// Reads a file whole.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Recording { path: path.into(), reason };
        let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
        let mut reader = BufReader::with_capacity(1 << 16, GzDecoder::new(file));
        let mut recording = Self::default();
        let mut line = String::new();
        for number in 1..=FRAMES_MAX {
            line.clear();
            let read = reader.read_line(&mut line);
            if read.map_err(|error| wrong(format!("line {number}: {error}")))? == 0 {
                break;
            }
            recording.push(&line).map_err(|reason| wrong(format!("line {number}: {reason}")))?;
        }
        if recording.snapshot().is_none() {
            return Err(wrong("no snapshot of the book in it".into()));
        }
        Ok(recording)
    }

    fn push(&mut self, line: &str) -> Result<(), String> {
        let (local, json) = line.trim_end().split_once(' ').ok_or("not `LOCAL_NS JSON`")?;
        let local: u64 = local.parse().map_err(|_| "the receive time is not a number")?;
        let line: Line<'_> = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let frame = match (line.stream, line.data, line.update) {
            (Some(stream), Some(data), _) => {
                if self.symbol.is_empty() {
                    self.symbol = data.symbol.to_string();
                }
                if self.symbol != data.symbol {
                    return Err(format!("{} in a recording of {}", data.symbol, self.symbol));
                }
                frame(stream, data)?
            }
            (None, None, Some(update)) => {
                Frame::Snapshot { update, sides: [levels(&line.bids)?, levels(&line.asks)?] }
            }
            _ => return Err("neither a stream message nor a snapshot".into()),
        };
        self.frames.push((local, frame));
        Ok(())
    }

    /// The first snapshot.
    pub(crate) fn snapshot(&self) -> Option<(u64, &[Vec<Pair>; 2])> {
        self.frames.iter().find_map(|(_, frame)| match frame {
            Frame::Snapshot { update, sides } => Some((*update, sides)),
            _ => None,
        })
    }

    /// The symbol recorded, with the grid of the default symbol of that name, or of BTCUSDT.
    pub(crate) fn spec(&self, known: &[Symbol]) -> Symbol {
        let mut spec = known.iter().find(|symbol| symbol.name == self.symbol).cloned();
        let spec = spec.get_or_insert_with(|| {
            let base = self.symbol.strip_suffix("USDT").unwrap_or(&self.symbol);
            Symbol { name: self.symbol.clone(), base: base.into(), ..Symbol::btcusdt() }
        });
        let best = self.snapshot().and_then(|(_, sides)| sides[0].first().copied());
        spec.start_price = best.map_or(SCALE, |(price, _)| price / spec.tick * spec.tick);
        spec.clone()
    }
}

fn number(text: &str) -> Result<i64, String> {
    parse_decimal(text.as_bytes(), 8).map_err(|error| format!("`{text}`: {error}"))
}

fn levels(levels: &[[&str; 2]]) -> Result<Vec<Pair>, String> {
    levels.iter().map(|[price, qty]| Ok((number(price)?, number(qty)?))).collect()
}

fn frame(stream: &str, data: Message<'_>) -> Result<Frame, String> {
    let (_, suffix) = stream.split_once('@').ok_or("the stream has no `@`")?;
    if suffix == "bookTicker" {
        let (Some(Side::Price(bid)), Some(Side::Price(ask))) = (data.bid, data.ask) else {
            return Err("a bookTicker without prices".into());
        };
        return Ok(Frame::Best {
            update: data.last,
            bid: (number(bid)?, number(data.bid_qty)?),
            ask: (number(ask)?, number(data.ask_qty)?),
        });
    }
    if suffix == "trade" {
        return Ok(Frame::Trade {
            event_ms: data.event_ms,
            trade_ms: data.trade_ms,
            id: data.id,
            price: number(data.price)?,
            qty: number(data.qty)?,
            buyer_maker: data.buyer_maker,
        });
    }
    match (suffix.starts_with("depth"), data.bid, data.ask) {
        (true, Some(Side::Levels(bids)), Some(Side::Levels(asks))) => Ok(Frame::Depth {
            event_ms: data.event_ms,
            first: data.first,
            last: data.last,
            sides: [levels(&bids)?, levels(&asks)?],
        }),
        _ => Err(format!("unknown stream {stream}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_bad_ones_say_why() {
        let mut recording = Recording::default();
        let mut push = |text: &str| recording.push(text);
        let data = |stream: &str, data: &str| {
            format!(r#"5 {{"stream":"btcusdt@{stream}","data":{{"s":"BTCUSDT",{data}}}}}"#)
        };
        push(&data("bookTicker", r#""u":7,"b":"1.5","B":"2","a":"1.6","A":"3""#)).unwrap();
        let depth = r#""e":"depthUpdate","E":1,"U":6,"u":8,"b":[["1.5","0"]],"a":[]"#;
        push(&data("depth@100ms", depth)).unwrap();
        let trade = r#""e":"trade","E":2,"t":3,"p":"1.5","q":"1","b":88,"a":50,"T":1,"m":true"#;
        push(&data("trade", trade)).unwrap();
        push(r#"8 {"lastUpdateId":6,"bids":[["1.5","2"]],"asks":[]}"#).unwrap();
        for bad in
            ["", "x {}", "1 {}", r#"1 {"stream":"btcusdt@kline","data":{"s":"BTCUSDT"}}"#, "1 {"]
        {
            assert!(push(bad).is_err(), "{bad}");
        }
        assert_eq!(recording.frames.len(), 4);
        assert_eq!(recording.snapshot().unwrap().0, 6);
        assert_eq!(recording.spec(&[]).start_price, 150_000_000);
    }
}
