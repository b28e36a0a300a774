//! A recorded stream read from its files: gzip or zstd text, one `LOCAL_NS JSON` line a frame, as
//! `peregrine record` writes it.
//!
//! Two connections may have carried the same messages for a while: what comes twice is left out by
//! its id. Marks of something missing, and words between venue and recorder, are no frames.

mod lines;

use crate::error::Error;
use crate::symbol::{SCALE, Symbol};
use engine::num::parse_decimal;
use lines::Lines;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeSet;
use std::path::Path;

/// Price and quantity in 1e-8.
pub(crate) type Pair = (i64, i64);

/// One recorded message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Frame {
    Best { update: u64, bid: Pair, ask: Pair },
    Depth { event_ms: u64, first: u64, last: u64, prev: Option<u64>, sides: [Vec<Pair>; 2] },
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
    #[serde(default)]
    gap: Option<Gap>,
    /// Answers, errors and announcements have one of these.
    #[serde(default, rename = "e")]
    event: Option<IgnoredAny>,
    #[serde(default)]
    error: Option<IgnoredAny>,
    #[serde(default)]
    id: Option<IgnoredAny>,
}

/// A mark that frames are missing.
#[derive(Deserialize)]
struct Gap {
    /// How many; 0 when nobody knows.
    dropped: u64,
}

/// The keys of all three stream messages; `b` and `a` are texts in one and levels in another.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "E", default)]
    event_ms: u64,
    #[serde(rename = "s", borrow, default)]
    symbol: &'a str,
    #[serde(rename = "U", default)]
    first: u64,
    #[serde(rename = "u", default)]
    last: u64,
    /// The last id of the message before, where the venue tells it.
    #[serde(rename = "pu", default)]
    prev: Option<u64>,
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
/// Newest trades that may come twice.
const TRADES_SEEN: usize = 10_000;

/// The newest ids of a recording.
#[derive(Debug, Default)]
struct Seen {
    depth: u64,
    best: u64,
    trades: BTreeSet<u64>,
    /// Whether the connection was another one: then nothing can come twice.
    broken: bool,
}

impl Seen {
    /// Whether a frame comes for the first time.
    fn is_news(&mut self, frame: &Frame) -> Result<bool, String> {
        match frame {
            Frame::Depth { last, .. } => {
                if *last <= self.depth && self.broken {
                    let before = self.depth;
                    return Err(format!(
                        "update ids go back from {before} to {last}: these are two recordings at \
                         the same time, or of two markets; replay them one by one"
                    ));
                }
                self.broken = false;
                let news = *last > self.depth;
                self.depth = self.depth.max(*last);
                Ok(news)
            }
            Frame::Best { update, .. } => {
                let news = *update > self.best;
                self.best = self.best.max(*update);
                Ok(news)
            }
            Frame::Trade { id, .. } => {
                let oldest = self.trades.first().copied().unwrap_or(0);
                if self.trades.len() >= TRADES_SEEN && *id < oldest {
                    return Ok(false);
                }
                let news = self.trades.insert(*id);
                if self.trades.len() > TRADES_SEEN {
                    self.trades.pop_first();
                }
                Ok(news)
            }
            Frame::Snapshot { .. } => Ok(true),
        }
    }
}

impl Recording {
    /// Reads a file whole, or all files of a directory, or those whose names begin so.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let mut recording = Self::default();
        let mut seen = Seen::default();
        for file in lines::files(path)? {
            let mut lines = Lines::open(&file)?;
            while let Some(line) = lines.next_line()? {
                let taken = recording.push(line, &mut seen);
                taken.map_err(|reason| lines.wrong(reason))?;
                if recording.frames.len() > FRAMES_MAX {
                    return Err(lines
                        .wrong(format!("over {FRAMES_MAX} frames; replay fewer files at a time")));
                }
            }
        }
        if recording.snapshot().is_none() {
            let reason = "no snapshot of the book in it".into();
            return Err(Error::Recording { path: path.into(), reason });
        }
        Ok(recording)
    }

    fn push(&mut self, line: &str, seen: &mut Seen) -> Result<(), String> {
        let (local, json) = line.trim_end().split_once(' ').ok_or("not `LOCAL_NS JSON`")?;
        let local: u64 = local.parse().map_err(|_| "the receive time is not a number")?;
        let line: Line<'_> = serde_json::from_str(json).map_err(|error| error.to_string())?;
        if let Some(gap) = &line.gap {
            seen.broken |= gap.dropped == 0;
            return Ok(());
        }
        let frame = match (line.stream, line.data, line.update) {
            // An announcement to all connections.
            (Some(stream), ..) if stream.starts_with('!') => return Ok(()),
            (Some(stream), Some(data), _) => {
                if self.symbol.is_empty() {
                    self.symbol = data.symbol.to_string();
                }
                if self.symbol != data.symbol {
                    let (one, two) = (data.symbol, &self.symbol);
                    return Err(format!(
                        "{one} in a recording of {two}; replay one instrument, such as \
                         DIR/binance-{}",
                        two.to_lowercase()
                    ));
                }
                frame(stream, data)?
            }
            (None, None, Some(update)) => {
                Frame::Snapshot { update, sides: [levels(&line.bids)?, levels(&line.asks)?] }
            }
            (None, None, None)
                if line.event.is_some() || line.error.is_some() || line.id.is_some() =>
            {
                return Ok(());
            }
            _ => return Err("neither a stream message nor a snapshot".into()),
        };
        if seen.is_news(&frame)? {
            self.frames.push((local, frame));
        }
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
            prev: data.prev,
            sides: [levels(&bids)?, levels(&asks)?],
        }),
        _ => Err(format!("unknown stream {stream}")),
    }
}

#[cfg(test)]
mod tests;
