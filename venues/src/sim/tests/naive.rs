//! The rules said again in the plainest way, for comparing: ordered maps, every order looked at
//! after every row, the risk-averse queue. Slow, and short enough to be checked by reading.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
struct Own {
    key: u64,
    side: Side,
    price: i64,
    leaves: i64,
    ahead: i64,
}

/// Fills as (order, price, quantity, as maker).
type Fills = Vec<(u64, i64, i64, bool)>;

struct Naive {
    partial: Option<bool>, // of the other backtester's rules; none: ours
    depth: [BTreeMap<i64, i64>; 2],
    best: Option<(u64, [(i64, i64); 2])>,
    taken: [BTreeMap<i64, i64>; 2],
    known: bool,
    edges: [Option<i64>; 2],
    own: Vec<Own>, // in the order in which they came
    fills: Fills,
}

fn beats(side: Side, price: i64, than: i64) -> bool {
    if side == Side::Buy { price > than } else { price < than }
}

impl Naive {
    fn new(partial: Option<bool>) -> Self {
        Self {
            partial,
            depth: Default::default(),
            best: None,
            taken: Default::default(),
            known: false,
            edges: [None; 2],
            own: Vec::new(),
            fills: Vec::new(),
        }
    }

    /// Displayed levels, best first.
    fn levels(&self, side: Side) -> Vec<(i64, i64)> {
        let depth = &self.depth[side.index()];
        let mut all: Vec<_> = depth.iter().map(|(price, qty)| (*price, *qty)).collect();
        if side == Side::Buy {
            all.reverse();
        }
        if let Some((_, best)) = self.best {
            let (price, qty) = best[side.index()];
            all.retain(|level| qty > 0 && beats(side, price, level.0));
            if qty > 0 {
                all.insert(0, (price, qty));
            }
        }
        all
    }

    fn at(&self, side: Side, price: i64) -> Option<i64> {
        if let Some((_, best)) = self.best {
            let (touch, qty) = best[side.index()];
            if qty == 0 || beats(side, price, touch) {
                return Some(0);
            }
            if price == touch {
                return Some(qty);
            }
        }
        self.known.then(|| self.depth[side.index()].get(&price).copied().unwrap_or(0))
    }

    fn clip(&mut self) {
        for side in Side::BOTH {
            for (price, taken) in self.taken[side.index()].clone() {
                let there = self.at(side, price).unwrap_or(0);
                self.taken[side.index()].insert(price, taken.min(there));
            }
        }
    }

    /// Own orders of a side in the order of the queue: best price first, then oldest.
    fn queue(&self, side: Side) -> Vec<usize> {
        let mut all: Vec<_> = (0..self.own.len()).filter(|at| self.own[*at].side == side).collect();
        all.sort_by_key(|at| -self.own[*at].price * side.sign());
        all
    }

    fn fill(&mut self, at: usize, price: i64, qty: i64, maker: bool) {
        self.own[at].leaves -= qty;
        self.fills.push((self.own[at].key, price, qty, maker));
    }

    fn sweep(&mut self) {
        self.own.retain(|own| own.leaves > 0);
    }

    /// Takes of the displayed levels what a limit reaches.
    fn take(&mut self, at: usize, limit: i64, maker: bool) {
        let side = self.own[at].side.opposite();
        for (price, qty) in self.levels(side) {
            if beats(side, limit, price) {
                break;
            }
            let taken = self.taken[side.index()].entry(price).or_default();
            let part = (qty - *taken).max(0).min(self.own[at].leaves);
            *taken += part;
            if part > 0 {
                self.fill(at, if maker { limit } else { price }, part, maker);
            }
        }
    }

    fn settle(&mut self) {
        for own in 0..self.own.len() {
            if let Some(there) = self.at(self.own[own].side, self.own[own].price) {
                self.own[own].ahead = self.own[own].ahead.min(there);
            }
        }
        for side in Side::BOTH {
            for at in self.queue(side) {
                self.take(at, self.own[at].price, true);
            }
        }
        self.sweep();
    }

    fn best(&mut self, id: u64, bid: (i64, i64), ask: (i64, i64)) {
        if self.partial.is_none() {
            self.best = Some((id, [bid, ask]));
            self.clip();
            self.settle();
        }
    }

    fn level(&mut self, id: u64, side: Side, price: i64, qty: i64) {
        self.best = self.best.filter(|best| best.0 > id);
        match qty {
            0 => self.depth[side.index()].remove(&price),
            _ => self.depth[side.index()].insert(price, qty),
        };
        if self.partial.is_some() {
            self.their_level(side, price, qty);
        }
    }

    fn end(&mut self) {
        self.known = true;
        if self.partial.is_none() {
            self.clip();
            self.settle();
        }
    }

    fn beyond(&self, side: Side, price: i64) -> Option<i64> {
        self.levels(side).into_iter().map(|level| level.0).find(|level| beats(side, price, *level))
    }

    fn their_level(&mut self, side: Side, price: i64, qty: i64) {
        for own in self.own.iter_mut().filter(|own| (own.side, own.price) == (side, price)) {
            own.ahead = own.ahead.min(qty);
        }
        let (this, other) = (side.index(), side.opposite().index());
        if qty == 0 {
            if self.edges[this] == Some(price) {
                self.edges[this] = self.beyond(side, price);
            }
            return;
        }
        if !self.edges[this].is_none_or(|edge| beats(side, price, edge)) {
            return;
        }
        self.edges[this] = Some(price);
        if self.edges[other].is_some_and(|edge| !beats(side, edge, price)) {
            self.edges[other] = self.beyond(side.opposite(), price);
        }
        let mut left = qty;
        for at in self.queue(side.opposite()) {
            let Own { price: own, leaves, .. } = self.own[at];
            if !beats(side, own, price) {
                let part = if self.partial == Some(true) { leaves.min(left) } else { leaves };
                left -= part;
                if part > 0 {
                    self.fill(at, own, part, true);
                }
            }
        }
        self.sweep();
    }

    fn trade(&mut self, price: i64, qty: i64, taker: Side) {
        let side = taker.opposite();
        let mut taken = 0;
        for at in self.queue(side) {
            let Own { price: own, leaves, ahead, .. } = self.own[at];
            if beats(side, price, own) {
                continue;
            }
            let is_at = own == price;
            let mut part = match self.partial {
                None => leaves.min(qty - taken),
                Some(true) if !is_at => leaves.min(qty - taken),
                _ => leaves,
            };
            if is_at && ahead == i64::MAX {
                part = 0;
            } else if is_at {
                let through = (qty - taken).max(0) - ahead;
                self.own[at].ahead = (-through).max(0);
                let reached = through.max(0);
                part = match self.partial {
                    Some(false) => {
                        if reached > 0 {
                            leaves
                        } else {
                            0
                        }
                    }
                    _ => leaves.min(reached),
                };
            } else if self.partial.is_none() {
                self.own[at].ahead = 0;
            }
            if part > 0 {
                self.fill(at, own, part, true);
                if is_at || self.partial != Some(false) {
                    taken += part;
                }
            }
        }
        self.sweep();
    }

    fn new_order(&mut self, new: &NewOrder) {
        let (side, limit) = (new.side, new.limit.unwrap().0);
        let touch = match self.partial {
            None => self.levels(side.opposite()).first().map(|level| level.0),
            Some(_) => self.edges[side.opposite().index()],
        };
        let takes = touch.is_some_and(|touch| !beats(side, touch, limit));
        let of_other = |own: &&Own| own.side != side && !beats(side, own.price, limit);
        let meets = self.partial.is_none() && self.own.iter().find(of_other).is_some();
        if meets || (new.tif == Tif::PostOnly && takes) {
            return;
        }
        let (key, price, leaves) = (new.key, limit, new.qty.0);
        let ahead = match self.partial {
            None => self.at(side, limit).unwrap_or(i64::MAX),
            Some(_) => self.depth[side.index()].get(&limit).copied().unwrap_or(0),
        };
        self.own.push(Own { key, side, price, leaves, ahead });
        let at = self.own.len() - 1;
        match (self.partial, touch.filter(|_| takes)) {
            (None, Some(_)) => self.take_all(at, new.tif),
            (Some(false), Some(touch)) => self.fill(at, touch, leaves, false),
            (Some(true), Some(touch)) => self.their_walk(at, touch, new.tif),
            (_, None) => {}
        }
        if matches!(new.tif, Tif::Ioc | Tif::Fok) {
            self.own[at].leaves = 0;
        }
        self.sweep();
    }

    fn take_all(&mut self, at: usize, tif: Tif) {
        let Own { side, price, leaves, .. } = self.own[at];
        let other = side.opposite();
        let within = self.levels(other).into_iter().filter(|level| !beats(other, price, level.0));
        let taken = |price| self.taken[other.index()].get(&price).copied().unwrap_or(0);
        let there: i64 = within.map(|(price, qty)| (qty - taken(price)).max(0)).sum();
        if tif != Tif::Fok || there >= leaves {
            self.take(at, price, false);
        }
    }

    fn their_walk(&mut self, at: usize, touch: i64, tif: Tif) {
        let Own { side, price: limit, leaves, .. } = self.own[at];
        let other = side.opposite();
        let levels = self.levels(other).into_iter();
        let inside = |price: i64| !beats(other, price, touch) && !beats(other, limit, price);
        let levels: Vec<_> = levels.filter(|level| inside(level.0)).collect();
        if tif == Tif::Fok && levels.iter().map(|level| level.1).sum::<i64>() < leaves {
            return;
        }
        for (price, qty) in levels {
            let is_last = tif == Tif::Gtc && price == limit;
            let part = if is_last { self.own[at].leaves } else { self.own[at].leaves.min(qty) };
            if part > 0 {
                self.fill(at, price, part, false);
            }
        }
        if tif == Tif::Gtc && self.own[at].leaves > 0 {
            let left = self.own[at].leaves;
            self.fill(at, limit, left, false);
        }
    }
}

/// A step: what, side and kind, price, quantity, another price.
type Step = (u8, u8, i64, i64, i64);

fn play_both(partial: Option<bool>, steps: &[Step]) -> (Fills, Fills) {
    let rules = partial.map_or(Rules::Own, |partial| Rules::Hftbacktest { partial });
    let mut market = Market::new(Settings { rules, ..settings() });
    let mut naive = Naive::new(partial);
    let mut fills = Vec::new();
    for (id, (what, kind, price, qty, other)) in steps.iter().copied().enumerate() {
        let (at, id) = (Nanos(id as u64), id as u64 + 1);
        let side = if kind & 1 == 0 { Side::Buy } else { Side::Sell };
        match what {
            0..=2 => {
                market.on_trade(at, Price(price), Qty(qty), side);
                naive.trade(price, qty, side);
            }
            3 => {
                let (bid, ask) = ((price, qty), (price + 1 + other % 3, other % 5));
                let level = |level: (i64, i64)| (Price(level.0), Qty(level.1));
                market.on_best(at, id, level(bid), level(ask));
                naive.best(id, bid, ask);
            }
            4..=8 => {
                for (side, price, qty) in [(side, price, qty - 1), (side.opposite(), other, qty)] {
                    market.on_level(at, id, (side, Price(price), Qty(qty)));
                    naive.level(id, side, price, qty);
                }
                market.on_depth_end(at);
                naive.end();
            }
            9 => {
                let key = other.unsigned_abs();
                let _ = market.apply(at, Ask::Cancel(key));
                naive.own.retain(|own| own.key != key);
            }
            _ => {
                let tif = [Tif::PostOnly, Tif::Gtc, Tif::Ioc, Tif::Fok][usize::from(kind >> 1) % 4];
                let new = NewOrder { key: id, side, limit: Some(Price(price)), qty: Qty(qty), tif };
                let _ = market.apply(at, Ask::New(new));
                naive.new_order(&new);
            }
        }
        while let Some(report) = market.report() {
            if let What::Fill(fill) = report.what {
                fills.push((fill.key, fill.price.0, fill.qty.0, fill.maker));
            }
        }
        let ahead = |market: &Market| -> Vec<(u64, i64, i64)> {
            let row = |order: &Open| (order.key, order.leaves().0, order.ahead.0);
            let mut rows: Vec<_> = market.open().map(row).collect();
            rows.sort_unstable();
            rows
        };
        let mut plain: Vec<_> =
            naive.own.iter().map(|own| (own.key, own.leaves, own.ahead)).collect();
        plain.sort_unstable();
        assert_eq!(ahead(&market), plain, "after step {id} of {steps:?}");
    }
    (fills, naive.fills)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(600)
    })]

    /// Same rows, same requests: the same fills in the same order, and the same places.
    #[test]
    fn the_market_does_as_the_plain_one(
        rules in 0..3_u8,
        steps in prop::collection::vec(
            (0..14_u8, 0..8_u8, 95..106_i64, 1..9_i64, 95..106_i64),
            1..80,
        ),
    ) {
        let partial = [None, Some(false), Some(true)][usize::from(rules)];
        let (fast, plain) = play_both(partial, &steps);
        prop_assert_eq!(fast, plain);
    }
}
