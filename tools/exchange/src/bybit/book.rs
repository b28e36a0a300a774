//! Order book streams: what the subscribers of one topic have been told, and what changed since.
//!
//! Depth 1 is snapshots alone. Deeper ones are windows of N levels a side: a level that falls out
//! of the window is told as a deletion and told again when it comes back. All subscribers of a
//! topic share its update ids `u`; each begins with a snapshot of what the others have by now.

use super::tell;
use super::words::category;
use crate::json::Object;
use crate::listing::Listing;
use crate::order::Side;
use std::collections::BTreeMap;

/// A depth that is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Depth {
    /// What stands in the topic.
    pub name: &'static str,
    pub levels: usize,
    /// Time between messages.
    pub every_ms: u64,
    /// Whether a subscriber is told the whole book first; of the full book only REST tells it.
    pub snapshots: bool,
}

/// All depths.
pub(crate) const DEPTHS: [Depth; 5] = [
    Depth { name: "1", levels: 1, every_ms: 10, snapshots: true },
    Depth { name: "50", levels: 50, every_ms: 20, snapshots: true },
    Depth { name: "200", levels: 200, every_ms: 100, snapshots: true },
    Depth { name: "1000", levels: 1000, every_ms: 200, snapshots: true },
    Depth { name: "full", levels: 10_000, every_ms: 200, snapshots: false },
];
/// An unchanged best price is told again after this long.
const AGAIN_MS: u64 = 3000;

type Levels = BTreeMap<i64, i64>;

/// The window of a topic's subscribers.
pub(crate) struct View {
    depth: Depth,
    /// Bids and asks by price in ticks, in lots.
    sides: [Levels; 2],
    /// Update id of the topic.
    pub u: u64,
    /// Cross sequence: the book's own change number.
    pub seq: u64,
    /// When the book was last told.
    told_ms: u64,
}

fn window(listing: &Listing, depth: Depth) -> [Levels; 2] {
    [Side::Buy, Side::Sell].map(|side| listing.book.levels(side).take(depth.levels).collect())
}

/// What turns one side into another: price and lots, zero where it is gone.
fn changes(before: &Levels, now: &Levels) -> Vec<(i64, i64)> {
    let gone = before.keys().filter(|price| !now.contains_key(*price)).map(|price| (*price, 0));
    let new = now.iter().filter(|(price, lots)| before.get(*price) != Some(*lots));
    gone.chain(new.map(|(price, lots)| (*price, *lots))).collect()
}

impl View {
    /// A window as the book stands. Its ids begin above all that an earlier one can have used.
    pub(crate) fn new(listing: &Listing, depth: Depth, now_ms: u64) -> Self {
        let sides = window(listing, depth);
        Self { depth, sides, u: listing.update.max(2), seq: listing.update, told_ms: now_ms }
    }

    /// The next message, if there is one.
    pub(crate) fn next(&mut self, listing: &Listing, now_ms: u64) -> Option<String> {
        let single = self.depth.levels == 1;
        if single && now_ms.saturating_sub(self.told_ms) >= AGAIN_MS {
            self.told_ms = now_ms;
            return Some(self.snapshot(listing, now_ms));
        }
        if self.seq == listing.update {
            return None;
        }
        let now = window(listing, self.depth);
        if now == self.sides {
            return None;
        }
        let changed = [0, 1].map(|side| changes(&self.sides[side], &now[side]));
        self.sides = now;
        self.seq = listing.update;
        self.told_ms = now_ms;
        if single {
            self.u = listing.update;
            return Some(self.snapshot(listing, now_ms));
        }
        self.u += 1;
        let [bids, asks] = &changed;
        let data = self.data(listing, bids.iter().rev().copied(), asks.iter().copied());
        Some(frame(listing, self.depth, "delta", &data, now_ms))
    }

    /// The whole window as a message.
    pub(crate) fn snapshot(&self, listing: &Listing, now_ms: u64) -> String {
        frame(listing, self.depth, "snapshot", &self.whole(listing), now_ms)
    }

    fn whole(&self, listing: &Listing) -> String {
        let of = |side: usize| self.sides[side].iter().map(|(price, lots)| (*price, *lots));
        self.data(listing, of(0).rev(), of(1))
    }

    fn data(
        &self,
        listing: &Listing,
        bids: impl Iterator<Item = (i64, i64)>,
        asks: impl Iterator<Item = (i64, i64)>,
    ) -> String {
        Object::new()
            .put("s", &listing.symbol.name)
            .raw("b", &tell::levels(&listing.symbol, bids))
            .raw("a", &tell::levels(&listing.symbol, asks))
            .put("u", self.u)
            .put("seq", self.seq)
            .end()
    }

    /// The answer of REST: at most `limit` levels a side, with the ids of this window.
    pub(crate) fn answer(&self, listing: &Listing, limit: usize, now_ms: u64) -> String {
        let of = |side: usize| self.sides[side].iter().map(|(price, lots)| (*price, *lots));
        Object::new()
            .put("s", &listing.symbol.name)
            .raw("b", &tell::levels(&listing.symbol, of(0).rev().take(limit)))
            .raw("a", &tell::levels(&listing.symbol, of(1).take(limit)))
            .put("ts", now_ms)
            .put("u", self.u)
            .put("seq", self.seq)
            .put("cts", now_ms)
            .end()
    }
}

/// A message. Futures name the type before the time, but not at depth 1.
fn frame(listing: &Listing, depth: Depth, kind: &str, data: &str, now_ms: u64) -> String {
    let spec = &listing.symbol;
    let out = Object::new().put("topic", format!("orderbook.{}.{}", depth.name, spec.name));
    let out = match category(spec.product()) {
        "linear" if depth.levels > 1 => out.put("type", kind).put("ts", now_ms),
        _ => out.put("ts", now_ms).put("type", kind),
    };
    out.raw("data", data).put("cts", now_ms).end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbol::Symbol;

    #[test]
    fn a_window_tells_what_falls_out_and_comes_back() {
        let levels = |all: &[(i64, i64)]| all.iter().copied().collect::<Levels>();
        let before = levels(&[(1, 5), (2, 5), (3, 5)]);
        let now = levels(&[(2, 5), (3, 4), (4, 1)]);
        assert_eq!(changes(&before, &now), [(1, 0), (3, 4), (4, 1)]);
        assert_eq!(changes(&now, &now), []);
    }

    #[test]
    fn an_unchanged_best_price_is_told_again_with_its_id() {
        let listing = Listing::new(Symbol::btcusdt(), 7, 1);
        let mut view = View::new(&listing, DEPTHS[0], 1000);
        assert_eq!(view.next(&listing, 3999), None);
        let again = view.next(&listing, 4000).unwrap();
        assert!(again.contains(r#""type":"snapshot""#) && again.contains(r#""u":7"#), "{again}");
        assert_eq!(view.next(&listing, 4001), None);
    }
}
