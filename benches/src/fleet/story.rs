//! What happened in a recording, without the words of the venue that told it: best prices, trades
//! and changes of the book, in whole units, so that each venue can tell it in its own words.

use crate::corpus;
use engine::id::Side;
use engine::time::Nanos;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;

/// Price in hundredths, quantity in thousandths.
pub type Level = (i64, i64);

/// One happening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Best bid and ask.
    Best([Level; 2]),
    /// A trade; whether its maker bought.
    Trade(Level, bool),
    /// Changes of the book that follow on those up to `before`.
    Depth {
        /// The id of the changes before.
        before: u64,
        /// Which of the story's levels.
        levels: Range<usize>,
    },
}

/// When and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// When it was received, since the beginning.
    pub at: Nanos,
    /// Its number: of books and best prices in one sequence, of trades in another.
    pub id: u64,
    /// What.
    pub what: What,
}

/// A book by side: price to quantity.
pub type Book = [BTreeMap<i64, i64>; 2];

/// A recording.
#[derive(Debug)]
pub struct Story {
    /// In order.
    pub told: Vec<Told>,
    /// All changes of books.
    pub levels: Vec<(Side, Level)>,
    /// The number that the book began with, and the book.
    pub begins: (u64, Book),
}

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    data: Said<'a>,
}

type Pairs<'a> = Vec<(&'a str, &'a str)>;

/// The fields of all kinds of messages; those of the others are not there.
#[derive(Deserialize)]
struct Said<'a> {
    e: &'a str,
    #[serde(default)]
    u: u64,
    #[serde(default)]
    pu: u64,
    #[serde(default)]
    t: u64,
    #[serde(default)]
    p: Option<&'a str>,
    #[serde(default)]
    q: Option<&'a str>,
    #[serde(default)]
    m: bool,
    #[serde(default, borrow)]
    b: Option<Bids<'a>>,
    #[serde(default, borrow)]
    a: Option<Bids<'a>>,
    #[serde(default, rename = "B")]
    bid_qty: Option<&'a str>,
    #[serde(default, rename = "A")]
    ask_qty: Option<&'a str>,
}

/// A side: of a best price its price, of a change its levels.
#[derive(Deserialize)]
#[serde(untagged)]
enum Bids<'a> {
    Price(&'a str),
    #[serde(borrow)]
    Levels(Pairs<'a>),
}

#[derive(Deserialize)]
struct Snapshot<'a> {
    #[serde(rename = "lastUpdateId")]
    last: u64,
    #[serde(borrow)]
    bids: Pairs<'a>,
    #[serde(borrow)]
    asks: Pairs<'a>,
}

/// A decimal as a whole number of units of this many decimals; what is finer is cut off.
fn whole(text: &str, decimals: usize) -> Option<i64> {
    let (units, rest) = text.split_once('.').unwrap_or((text, ""));
    let mut value: i64 = units.parse().ok()?;
    for place in 0..decimals {
        let digit = rest.as_bytes().get(place).map_or(0, |digit| i64::from(digit - b'0'));
        value = value * 10 + digit;
    }
    Some(value)
}

fn level((price, qty): (&str, &str)) -> Option<Level> {
    Some((whole(price, 2)?, whole(qty, 3)?))
}

impl Story {
    /// A recording of USDⓈ-M Futures; `None`, and that is said, where it is absent.
    pub fn read(name: &str) -> Option<Self> {
        let mut story = Self { told: Vec::new(), levels: Vec::new(), begins: Default::default() };
        let mut began = None;
        for (at, text) in corpus::recorded_lines(name) {
            let began = *began.get_or_insert(at);
            let text = std::str::from_utf8(&text).ok()?;
            match serde_json::from_str::<Wrapped<'_>>(text) {
                Ok(wrapped) => story.add(Nanos(at - began), wrapped.data)?,
                Err(_) => story.begins = begins(serde_json::from_str(text).ok()?)?,
            }
        }
        let base = story.begins.0;
        let covers = |told: &Told| !matches!(told.what, What::Depth { .. }) || told.id > base;
        story.told.retain(covers);
        if story.told.is_empty() { None } else { Some(story) }
    }

    fn add(&mut self, at: Nanos, said: Said<'_>) -> Option<()> {
        let (id, what) = match (said.e, said.b, said.a) {
            ("bookTicker", Some(Bids::Price(bid)), Some(Bids::Price(ask))) => {
                let best = [level((bid, said.bid_qty?))?, level((ask, said.ask_qty?))?];
                (said.u, What::Best(best))
            }
            ("depthUpdate", Some(Bids::Levels(bids)), Some(Bids::Levels(asks))) => {
                let first = self.levels.len();
                for (side, pairs) in [(Side::Buy, bids), (Side::Sell, asks)] {
                    for pair in pairs {
                        self.levels.push((side, level(pair)?));
                    }
                }
                (said.u, What::Depth { before: said.pu, levels: first..self.levels.len() })
            }
            ("trade", ..) => (said.t, What::Trade(level((said.p?, said.q?))?, said.m)),
            _ => return Some(()),
        };
        // What has no price is no trade of the book.
        let is_odd = matches!(what, What::Trade((price, qty), _) if price == 0 || qty == 0);
        if !is_odd {
            self.told.push(Told { at, id, what });
        }
        Some(())
    }

    /// Number and book as they were at this time.
    pub fn book(&self, at: Nanos) -> (u64, Book) {
        let (mut id, mut book) = self.begins.clone();
        for told in self.told.iter().take_while(|told| told.at < at) {
            if let What::Depth { levels, .. } = &told.what {
                id = told.id;
                self.apply(levels, &mut book);
            }
        }
        (id, book)
    }

    /// Takes changes into a book.
    pub fn apply(&self, levels: &Range<usize>, book: &mut Book) {
        for (side, (price, qty)) in &self.levels[levels.clone()] {
            let side = &mut book[side.index()];
            match qty {
                0 => side.remove(price),
                qty => side.insert(*price, *qty),
            };
        }
    }
}

fn begins(snapshot: Snapshot<'_>) -> Option<(u64, Book)> {
    let side = |pairs: Pairs<'_>| pairs.into_iter().map(level).collect::<Option<BTreeMap<_, _>>>();
    Some((snapshot.last, [side(snapshot.bids)?, side(snapshot.asks)?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_whole_units() {
        assert_eq!(whole("61800.2", 2), Some(6_180_020));
        assert_eq!(whole("0.0149", 3), Some(14));
        assert_eq!(whole("7", 3), Some(7_000));
        assert_eq!(whole("", 2), None);
    }

    #[test]
    fn a_story_has_all_kinds_in_order() {
        let Some(story) = Story::read("usdm/btcusdt_20240808.gz") else { return };
        assert!(story.told.is_sorted_by_key(|told| told.at));
        let (first, half) = (story.book(Nanos::ZERO), story.book(Nanos::from_s(60)));
        assert!(half.0 > first.0 && half.1[0] != first.1[0]);
        let [bids, asks] = &half.1;
        assert!(bids.last_key_value() < asks.first_key_value(), "the book is not crossed");
    }
}
