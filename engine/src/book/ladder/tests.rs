//! The ladder beside an ordered map, under seeds.

extern crate std;
use super::*;
use crate::state::{Digest, Words};
use std::collections::BTreeMap;
use std::vec::Vec;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        ((self.0 >> 33) as i64) % limit
    }
}

/// The obvious side.
#[derive(Clone)]
struct Naive {
    side: Side,
    levels: BTreeMap<i64, i64>,
}

fn pair(level: Option<(&i64, &i64)>) -> Option<Level> {
    level.map(|(price, qty)| (Price(*price), Qty(*qty)))
}

impl Naive {
    fn set(&mut self, price: i64, qty: i64) {
        if qty == 0 {
            self.levels.remove(&price);
        } else {
            self.levels.insert(price, qty);
        }
    }

    fn best(&self) -> Option<Level> {
        match self.side {
            Side::Buy => pair(self.levels.last_key_value()),
            Side::Sell => pair(self.levels.first_key_value()),
        }
    }

    fn behind(&self, price: i64) -> Option<Level> {
        match self.side {
            Side::Buy => pair(self.levels.range(..price).next_back()),
            Side::Sell => pair(self.levels.range(price + 1..).next()),
        }
    }

    fn words(&self) -> Vec<(Price, Qty)> {
        let mut all: Vec<_> = self.levels.iter().map(|(p, q)| (Price(*p), Qty(*q))).collect();
        if self.side == Side::Buy {
            all.reverse();
        }
        all
    }
}

fn all(ladder: &Ladder) -> Vec<Level> {
    ladder.levels().collect()
}

/// How far from the touch updates come, and how the touch moves.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Like a market: mostly near, sometimes anywhere, moving by some ticks.
    Market,
    /// Jumps over thousands of ticks.
    Jumps,
    /// Anywhere within the far store's reach.
    Wide,
    /// At both ends of what a price may be.
    Ends,
}

fn price(random: &mut Random, kind: Kind, touch: &mut i64) -> i64 {
    match kind {
        Kind::Market => {
            *touch += random.below(7) - 3;
            let span = [300, 300, 300, 3_000, 5_000_000][random.below(5) as usize];
            *touch + random.below(2 * span) - span
        }
        Kind::Jumps => {
            if random.below(200) == 0 {
                *touch += random.below(40_001) - 20_000;
            }
            *touch + random.below(800) - 400
        }
        Kind::Wide => 1 + random.below(1_000) * 977,
        Kind::Ends => {
            let near = random.below(3_000);
            if random.below(2) == 0 { near } else { PRICE_MAX - near }
        }
    }
}

fn compare(kind: Kind, seed: u64, side: Side) {
    let at = std::format!("{kind:?} {side:?} seed {seed}");
    let mut random = Random(seed);
    let mut touch = 6_000_000;
    let mut ladder = Ladder::new(side);
    let mut naive = Naive { side, levels: BTreeMap::new() };
    ladder.clear(Price(touch));
    for round in 0..20_000 {
        let price = price(&mut random, kind, &mut touch);
        let qty = if random.below(2) == 0 { 0 } else { 1 + random.below(1_000) };
        ladder.set(Price(price), Qty(qty));
        naive.set(price, qty);
        if random.below(5) == 0 {
            ladder.follow();
        }
        assert_eq!(ladder.len(), naive.levels.len(), "{at} round {round}");
        assert_eq!(ladder.best(), naive.best(), "{at} round {round}");
        let probe = price + random.below(600) - 300;
        assert_eq!(ladder.behind(Price(probe)).next(), naive.behind(probe), "{at} behind {probe}");
        let qty = naive.levels.get(&probe).copied().unwrap_or(0);
        assert_eq!(ladder.qty(Price(probe)).0, qty, "{at} at {probe}");
        if round % 4_000 == 0 {
            assert_eq!(all(&ladder), naive.words(), "{at} round {round}");
            saved_and_loaded(&ladder, &at);
        }
    }
    assert_eq!(ladder.dropped(), 0, "{at}");
    ladder.settle();
    assert_eq!(all(&ladder), naive.words(), "{at}");
    ladder.clear(Price(touch + 1_000));
    assert!(ladder.is_empty() && ladder.best().is_none(), "{at}");
    assert_eq!(ladder.behind(Price(touch)).next(), None, "{at}");
}

fn saved_and_loaded(ladder: &Ladder, at: &str) {
    let mut words: Vec<u64> = Vec::new();
    ladder.save(&mut words);
    let side = if ladder.flip == 0 { Side::Sell } else { Side::Buy };
    let mut again = Ladder::new(side);
    let mut source = Words::new(&words);
    assert!(again.load(&mut source).is_some() && source.is_empty(), "{at}");
    assert_eq!(Digest::of(&again), Digest::of(ladder), "{at}");
    assert_eq!(all(&again), all(ladder), "{at}");
}

#[test]
fn agrees_with_a_sorted_map() {
    for seed in 1..=4 {
        for kind in [Kind::Market, Kind::Jumps, Kind::Wide, Kind::Ends] {
            for side in Side::BOTH {
                compare(kind, seed, side);
            }
        }
    }
}

/// More levels than there is room for: the nearest stay, the rest is counted, and those that stay
/// are as they were told; however far apart they lie.
#[test]
fn the_farthest_goes_when_there_is_no_room() {
    for side in Side::BOTH {
        for (inward, apart) in [(false, 1), (false, 100), (true, 1), (true, 100), (true, 5_000)] {
            let mut ladder = Ladder::new(side);
            let touch = 200_000_000;
            ladder.clear(Price(touch));
            let count = 2 * LEVELS_MAX as i64;
            let price = |away: i64| Price(touch - side.sign() * away * apart);
            for number in 0..count {
                let away = if inward { count - 1 - number } else { number };
                ladder.set(price(away), Qty(1 + away));
                if number % 20 == 0 {
                    ladder.follow();
                }
            }
            assert_eq!(ladder.len(), LEVELS_MAX);
            assert_eq!(ladder.dropped(), LEVELS_MAX as u64);
            assert_eq!(ladder.best(), Some((price(0), Qty(1))));
            let levels = all(&ladder);
            assert_eq!(levels.len(), LEVELS_MAX);
            for (away, level) in (0..).zip(levels) {
                assert_eq!(level, (price(away), Qty(1 + away)), "{side:?} {inward} {apart}");
            }
            saved_and_loaded(&ladder, "full");
        }
    }
}

/// The window catches up with a touch that left it, a bounded piece at a time, and nothing shows.
#[test]
fn the_window_follows() {
    for side in Side::BOTH {
        for better in [100, 2_500, 5_000_000, -100, -2_500, -700_000] {
            let at = std::format!("{side:?} better by {better}");
            let mut ladder = Ladder::new(side);
            let price = |touch: i64, tick: i64| Price(touch - side.sign() * tick);
            let (old, new) = (10_000_000, 10_000_000 + side.sign() * better);
            ladder.clear(Price(old));
            for tick in 0..1_500 {
                ladder.set(price(old, tick), Qty(1 + tick));
            }
            for tick in 0..if better > 0 { 0 } else { 1_500 } {
                ladder.set(price(old, tick), Qty(0));
            }
            for tick in 0..1_500 {
                ladder.set(price(new, tick), Qty(9 + tick));
            }
            let before = all(&ladder);
            let turns = (0..200).take_while(|_| ladder.follow()).count();
            assert!(turns < 100, "{at}: {turns} turns");
            assert_eq!(all(&ladder), before, "{at}");
            assert_eq!(ladder.best(), Some((Price(new), Qty(9))), "{at}");
            assert!(ladder.window.spans(ladder.turned(new)), "{at}");
            assert!(ladder.window.block(ladder.turned(new)) != Block::NONE, "{at}");
        }
    }
}
