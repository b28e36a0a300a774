//! A story in a venue's own words: frames as the venue writes them, with its own ids, decimals and
//! windows. Rendered from what was recorded of one venue, as nobody records four at once.

use super::dialect::Dialect;
use super::story::{Book, Level, Story, Told, What};
use engine::id::Side;
use engine::time::Nanos;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A price that is not of its tick is none of the venue's, so all prices here are of the coarsest.
const HUNDREDTHS: i64 = 100;

/// UTC of the beginning, ms.
const BEGAN_MS: u64 = 1_723_161_255_030;

/// How a whole book is told.
#[derive(Clone, Debug)]
pub enum Whole {
    /// As a message of the stream.
    Frame(String),
    /// As the answer to a request.
    Body(String),
}

/// One market's voice.
#[derive(Debug)]
pub struct Speaker {
    dialect: Dialect,
    asset: usize,
    symbol: String,
    /// The name that the venue's streams have.
    stream: String,
    book: Book,
    /// What of the book the stream has told, best first, where it tells a window.
    shown: [Vec<Level>; 2],
    /// The number of the last change, where the venue counts them.
    changes: u64,
    last: u64,
}

impl Speaker {
    /// Of an asset's market, whose book stands so at this number.
    pub fn new(dialect: Dialect, asset: usize, (last, book): (u64, Book)) -> Self {
        let symbol = dialect.symbol(asset);
        let stream = symbol.to_lowercase();
        let shown = [Vec::new(), Vec::new()];
        let mut speaker =
            Self { dialect, asset, symbol, stream, book, shown, changes: 1_000, last };
        speaker.shown = speaker.best_levels();
        speaker
    }

    /// Makes the book so deep, by levels of a tick behind the last ones.
    pub fn deepen(&mut self, levels: usize) {
        let step = if self.asset.is_multiple_of(2) { 10 } else { 1 };
        for (side, step) in self.book.iter_mut().zip([-step, step]) {
            let ends = if step < 0 { side.first_key_value() } else { side.last_key_value() };
            let mut price = ends.map_or(0, |(price, _)| *price);
            while side.len() < levels && price + step > 0 {
                price += step;
                side.insert(price, 1_000);
            }
        }
    }

    /// Levels of the book, bids and asks.
    pub fn levels(&self) -> usize {
        self.book.iter().map(BTreeMap::len).sum()
    }

    fn best_levels(&self) -> [Vec<Level>; 2] {
        let most = self.dialect.window().unwrap_or(usize::MAX);
        let level = |(price, qty): (&i64, &i64)| (*price, *qty);
        [
            self.book[0].iter().rev().take(most).map(level).collect(),
            self.book[1].iter().take(most).map(level).collect(),
        ]
    }

    /// The whole book, at most so many levels a side, where it is asked for.
    pub fn whole(&self, at: Nanos, most: usize) -> Whole {
        let [bids, asks] = self.best_levels().map(|mut side| {
            side.truncate(most);
            self.pairs(&side)
        });
        let (symbol, last, ms) = (&self.symbol, self.last, BEGAN_MS + at.as_ms());
        match self.dialect {
            Dialect::Spot | Dialect::Usdm => {
                Whole::Body(format!(r#"{{"lastUpdateId":{last},"bids":[{bids}],"asks":[{asks}]}}"#))
            }
            Dialect::Bybit => Whole::Frame(
                format!(r#"{{"topic":"orderbook.50.{symbol}","type":"snapshot","ts":{ms},"#)
                    + &format!(
                        r#""data":{{"s":"{symbol}","b":[{bids}],"a":[{asks}],"u":{},"#,
                        self.changes
                    )
                    + &format!(r#""seq":{last}}},"cts":{ms}}}"#),
            ),
            Dialect::Okx => Whole::Frame(self.okx_book("snapshot", (&bids, &asks), (ms, None))),
        }
    }

    /// A happening as a frame, and over which endpoint it comes; `None` where the stream does not
    /// tell it.
    pub fn say(&mut self, told: &Told, story: &Story) -> Option<(u8, String)> {
        let ms = BEGAN_MS + told.at.as_ms();
        match &told.what {
            What::Best(best) => Some((0, self.best(best, told.id, ms))),
            What::Trade(level, buyer_made) => {
                let endpoint = u8::from(self.dialect == Dialect::Usdm);
                Some((endpoint, self.trade(*level, (told.id, *buyer_made), ms)))
            }
            What::Depth { before, levels } => {
                story.apply(levels, &mut self.book);
                let sides = match self.dialect.window() {
                    Some(_) => self.moved(),
                    None => {
                        let of = |side| {
                            let all = story.levels[levels.clone()].iter();
                            all.filter(move |one| one.0 == side).map(|one| one.1).collect()
                        };
                        Side::BOTH.map(of)
                    }
                };
                if self.dialect.window().is_some() && sides.iter().all(Vec::is_empty) {
                    return None;
                }
                let pairs = sides.map(|side| self.pairs(&side));
                Some((0, self.depth((&pairs[0], &pairs[1]), (*before, told.id), ms)))
            }
        }
    }

    /// What changed of the window since it was told last.
    fn moved(&mut self) -> [Vec<Level>; 2] {
        let now = self.best_levels();
        let old = std::mem::replace(&mut self.shown, now.clone());
        let mut sides = [Vec::new(), Vec::new()];
        for ((side, old), now) in sides.iter_mut().zip(old).zip(now) {
            let (old, now) = (BTreeMap::from_iter(old), BTreeMap::from_iter(now));
            let news = now.iter().filter(|(price, qty)| old.get(price) != Some(qty));
            side.extend(news.map(|(price, qty)| (*price, *qty)));
            let gone = old.keys().filter(|price| !now.contains_key(price));
            side.extend(gone.map(|price| (*price, 0)));
        }
        sides
    }

    fn price(&self, hundredths: i64) -> String {
        let (whole, rest) = (hundredths / HUNDREDTHS, hundredths % HUNDREDTHS);
        match (self.dialect, self.asset % 2) {
            (Dialect::Spot, _) => format!("{whole}.{rest:02}000000"),
            (Dialect::Okx, 0) => format!("{whole}.{}", rest / 10),
            _ => format!("{whole}.{rest:02}"),
        }
    }

    fn qty(&self, thousandths: i64) -> String {
        let (whole, rest) = (thousandths / 1_000, thousandths % 1_000);
        match self.dialect {
            Dialect::Spot => format!("{whole}.{rest:03}00000"),
            // Contracts of a hundredth.
            Dialect::Okx if thousandths == 0 => "0".to_owned(),
            Dialect::Okx => format!("{}.{}", thousandths / 10, thousandths % 10),
            Dialect::Usdm | Dialect::Bybit => format!("{whole}.{rest:03}"),
        }
    }

    fn pairs(&self, levels: &[Level]) -> String {
        let mut text = String::new();
        for (price, qty) in levels {
            let (price, amount) = (self.price(*price), self.qty(*qty));
            let comma = if text.is_empty() { "" } else { "," };
            // Writing to a text cannot fail.
            let _ = match self.dialect {
                Dialect::Okx => write!(text, r#"{comma}["{price}","{amount}","0","1"]"#),
                _ => write!(text, r#"{comma}["{price}","{amount}"]"#),
            };
        }
        text
    }

    /// Best bid and ask of this number.
    pub fn best(&self, best: &[Level; 2], id: u64, ms: u64) -> String {
        let (symbol, stream) = (&self.symbol, &self.stream);
        let [(b, bq), (a, aq)] = best.map(|(price, qty)| (self.price(price), self.qty(qty)));
        let [bid, ask] = best.map(|level| self.pairs(&[level]));
        match self.dialect {
            Dialect::Spot => {
                format!(r#"{{"stream":"{stream}@bookTicker","data":{{"u":{id},"s":"{symbol}","#)
                    + &format!(r#""b":"{b}","B":"{bq}","a":"{a}","A":"{aq}"}}}}"#)
            }
            Dialect::Usdm => {
                format!(r#"{{"stream":"{stream}@bookTicker","data":{{"e":"bookTicker","u":{id},"#)
                    + &format!(r#""s":"{symbol}","b":"{b}","B":"{bq}","a":"{a}","A":"{aq}","#)
                    + &format!(r#""T":{ms},"E":{ms}}}}}"#)
            }
            Dialect::Bybit => {
                format!(r#"{{"topic":"orderbook.1.{symbol}","ts":{ms},"type":"snapshot","#)
                    + &format!(r#""data":{{"s":"{symbol}","b":[{bid}],"a":[{ask}],"#)
                    + &format!(r#""u":{id},"seq":{id}}},"cts":{ms}}}"#)
            }
            Dialect::Okx => {
                format!(r#"{{"arg":{{"channel":"bbo-tbt","instId":"{symbol}"}},"data":[{{"#)
                    + &format!(r#""asks":[{ask}],"bids":[{bid}],"ts":"{ms}","seqId":{id}}}]}}"#)
            }
        }
    }

    fn trade(&self, (price, qty): Level, (id, buyer_made): (u64, bool), ms: u64) -> String {
        let (symbol, stream) = (&self.symbol, &self.stream);
        let (p, q) = (self.price(price), self.qty(qty));
        match self.dialect {
            Dialect::Spot => {
                format!(
                    r#"{{"stream":"{stream}@trade","data":{{"e":"trade","E":{ms},"s":"{symbol}","#
                ) + &format!(
                    r#""t":{id},"p":"{p}","q":"{q}","T":{ms},"m":{buyer_made},"M":true}}}}"#
                )
            }
            Dialect::Usdm => {
                format!(r#"{{"stream":"{stream}@aggTrade","data":{{"e":"aggTrade","E":{ms},"#)
                    + &format!(
                        r#""s":"{symbol}","a":{id},"p":"{p}","q":"{q}","f":{id},"l":{id},"T":{ms},"#
                    )
                    + &format!(r#""m":{buyer_made}}}}}"#)
            }
            Dialect::Bybit => {
                let side = if buyer_made { "Sell" } else { "Buy" };
                format!(r#"{{"topic":"publicTrade.{symbol}","type":"snapshot","ts":{ms},"#)
                    + &format!(r#""data":[{{"T":{ms},"s":"{symbol}","S":"{side}","v":"{q}","#)
                    + &format!(r#""p":"{p}","L":"PlusTick","i":"20f43950-d8dd-5b31-9112-"#)
                    + &format!(r#"{id:012x}","BT":false,"RPI":false,"seq":{id}}}]}}"#)
            }
            Dialect::Okx => {
                let side = if buyer_made { "sell" } else { "buy" };
                format!(r#"{{"arg":{{"channel":"trades","instId":"{symbol}"}},"data":[{{"#)
                    + &format!(r#""instId":"{symbol}","tradeId":"{id}","px":"{p}","sz":"{q}","#)
                    + &format!(r#""side":"{side}","ts":"{ms}","count":"1","source":"0","#)
                    + &format!(r#""seqId":{id}}}]}}"#)
            }
        }
    }

    fn depth(&mut self, (bids, asks): (&str, &str), (before, last): (u64, u64), ms: u64) -> String {
        // Where the window did not change nothing is told, so that the next change follows on the
        // last one that was.
        let told = std::mem::replace(&mut self.last, last);
        let (symbol, stream) = (&self.symbol, &self.stream);
        let first = before + 1;
        match self.dialect {
            Dialect::Spot => {
                format!(r#"{{"stream":"{stream}@depth@100ms","data":{{"e":"depthUpdate","E":{ms},"#)
                    + &format!(
                        r#""s":"{symbol}","U":{first},"u":{last},"b":[{bids}],"a":[{asks}]}}}}"#
                    )
            }
            Dialect::Usdm => {
                format!(r#"{{"stream":"{stream}@depth@100ms","data":{{"e":"depthUpdate","E":{ms},"#)
                    + &format!(r#""T":{ms},"s":"{symbol}","U":{first},"u":{last},"pu":{before},"#)
                    + &format!(r#""b":[{bids}],"a":[{asks}]}}}}"#)
            }
            Dialect::Bybit => {
                self.changes += 1;
                let changes = self.changes;
                format!(r#"{{"topic":"orderbook.50.{symbol}","type":"delta","ts":{ms},"#)
                    + &format!(r#""data":{{"s":"{symbol}","b":[{bids}],"a":[{asks}],"#)
                    + &format!(r#""u":{changes},"seq":{last}}},"cts":{ms}}}"#)
            }
            Dialect::Okx => self.okx_book("update", (bids, asks), (ms, Some(told))),
        }
    }

    fn okx_book(
        &self,
        action: &str,
        (bids, asks): (&str, &str),
        (ms, before): (u64, Option<u64>),
    ) -> String {
        let (symbol, last) = (&self.symbol, self.last);
        let before = before.map_or("-1".to_owned(), |before| before.to_string());
        format!(r#"{{"arg":{{"channel":"books","instId":"{symbol}"}},"action":"{action}","#)
            + &format!(r#""data":[{{"asks":[{asks}],"bids":[{bids}],"ts":"{ms}","#)
            + &format!(r#""checksum":0,"prevSeqId":{before},"seqId":{last}}}]}}"#)
    }
}
