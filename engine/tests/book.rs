//! The book beside a naive one, row by row under seeds: best prices, levels, quantities, and all
//! that is asked of the depth. What is saved comes back the same.

use engine::book::depth::{Fraction, Taken};
use engine::book::{Book, BookState, Change, Level};
use engine::event::{Body, Event, GapReason, flag};
use engine::id::{InstrumentId, Side};
use engine::num::{Price, Qty};
use engine::state::{Digest, State, Words};
use engine::time::Nanos;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;

/// The book as one would write it down.
#[derive(Default)]
struct Naive {
    sides: [BTreeMap<i64, i64>; 2],
    overlay: Option<(u64, [(i64, i64); 2])>,
    id: u64,
    live: bool,
    blank: bool,
    crossed: bool,
}

impl Naive {
    fn new() -> Self {
        Self { blank: true, ..Self::default() }
    }

    fn forget(&mut self) {
        (self.blank, self.live, self.crossed, self.overlay) = (true, false, false, None);
    }

    fn apply(&mut self, event: &Event) {
        match event.body() {
            Some(Body::Level { side, price, qty }) => {
                if event.has(flag::FIRST | flag::SNAPSHOT) {
                    let id = self.id;
                    *self = Self { id, ..Self::default() };
                } else if self.blank {
                    return;
                }
                self.live = false;
                self.sides[side.index()].insert(price.0, qty.0);
                self.sides[side.index()].retain(|_, qty| *qty != 0);
                if event.has(flag::LAST) {
                    self.whole(event.id);
                }
            }
            Some(Body::Best { bid, bid_qty, ask, ask_qty }) => {
                let newest = self.overlay.map_or(self.id, |(id, _)| id);
                if !self.blank && event.id > newest {
                    self.overlay = Some((event.id, [(bid.0, bid_qty.0), (ask.0, ask_qty.0)]));
                }
            }
            Some(Body::Gap { .. }) => self.forget(),
            _ => {}
        }
    }

    fn whole(&mut self, id: u64) {
        self.id = id;
        self.overlay = self.overlay.filter(|(newer, _)| *newer > id);
        let bid = self.sides[0].last_key_value();
        let ask = self.sides[1].first_key_value();
        let crossed = bid.zip(ask).is_some_and(|(bid, ask)| bid.0 >= ask.0);
        match (crossed, self.crossed) {
            (true, true) => self.forget(),
            (true, false) => self.crossed = true,
            (false, _) => (self.live, self.crossed) = (true, false),
        }
    }

    fn levels(&self, side: Side) -> Vec<Level> {
        let mut all: Vec<(i64, i64)> =
            self.sides[side.index()].iter().map(|(price, qty)| (*price, *qty)).collect();
        if side == Side::Buy {
            all.reverse();
        }
        if let Some((_, best)) = self.overlay {
            let best = best[side.index()];
            if best.0 == 0 || best.1 == 0 {
                return Vec::new();
            }
            all.retain(|level| (level.0 - best.0) * side.sign() < 0);
            all.insert(0, best);
        }
        all.into_iter().map(|(price, qty)| (Price(price), Qty(qty))).collect()
    }
}

/// Messages as a venue might send them, and some that it should not.
struct Market {
    random: SmallRng,
    mid: i64,
    id: u64,
    far: i64,
}

impl Market {
    fn new(seed: u64) -> Self {
        let mut random = SmallRng::seed_from_u64(seed);
        let mid = [20_000, 6_000_000, 1 << 45][random.random_range(0..3)];
        let far = [300, 20_000, 4_000_000][random.random_range(0..3)];
        Self { random, mid, id: 1, far }
    }

    fn level(&mut self) -> Body {
        let near = self.random.random_bool(0.8);
        let span = if near { 40 } else { self.far.min(self.mid - 100) };
        let side = Side::BOTH[usize::from(self.random.random_bool(0.5))];
        // Rarely on the wrong side: books cross.
        let nearest = if self.random.random_bool(0.002) { -3 } else { 1 };
        let away = self.random.random_range(nearest..span);
        let price = Price((self.mid - side.sign() * away).max(1));
        let gone = self.random.random_bool(0.4);
        let qty = Qty(if gone { 0 } else { self.random.random_range(1..1_000) });
        Body::Level { side, price, qty }
    }

    fn message(&mut self) -> Vec<Event> {
        self.id += self.random.random_range(1..4);
        let row = |id, body| Event::new(Nanos(0), InstrumentId(0), id, body);
        let (kind, id) = (self.random.random_range(0..1_000), self.id);
        if kind < 5 {
            let body = Body::Gap { reason: GapReason::Sequence, expected: 0 };
            return vec![row(id, body)];
        }
        if kind < 200 {
            let [bid_qty, ask_qty] = [0; 2].map(|_| Qty(self.random.random_range(0..9)));
            let (bid, ask) = (Price(self.mid - 1), Price(self.mid + 1));
            let id = id.saturating_sub(self.random.random_range(0..4));
            return vec![row(id, Body::Best { bid, bid_qty, ask, ask_qty })];
        }
        let snapshot = kind < 215;
        let count = self.random.random_range(1..if snapshot { 400 } else { 30 });
        self.mid += self.random.random_range(-2..=2);
        let mut rows: Vec<Event> = (0..count).map(|_| row(id, self.level())).collect();
        if snapshot {
            rows.iter_mut().for_each(|row| row.flags |= flag::SNAPSHOT);
            rows[0].flags |= flag::FIRST;
        }
        rows[count - 1].flags |= flag::LAST;
        // What moved past the mid goes, as a venue tells it.
        let last = rows.len() - 1;
        let body = Body::Level { side: Side::Buy, price: Price(self.mid), qty: Qty(0) };
        let flags = rows[last].flags;
        rows[last].flags &= !flag::LAST;
        rows.push(row(id, body).with(flags & !flag::FIRST & !flag::SELL));
        rows
    }
}

fn naive_taken(levels: &[Level], mut rest: i64) -> Taken {
    let mut taken = Taken::default();
    for (price, qty) in levels {
        let here = qty.0.min(rest);
        if here <= 0 {
            break;
        }
        rest -= here;
        taken.qty.0 += here;
        taken.value += i128::from(price.0) * i128::from(here);
        taken.worst = *price;
        taken.levels += 1;
    }
    taken
}

fn ask_everything(book: &Book, naive: &Naive, random: &mut SmallRng, at: &str) {
    let sides = Side::BOTH.map(|side| naive.levels(side));
    let sum = |levels: &[Level]| levels.iter().map(|(_, qty)| qty.0).sum::<i64>();
    for side in Side::BOTH {
        let levels = &sides[side.index()];
        assert_eq!(book.levels(side).collect::<Vec<_>>(), *levels, "{at} {side:?}");
        let qty = random.random_range(0..20_000);
        assert_eq!(book.take_off(side, Qty(qty)), naive_taken(levels, qty), "{at} {side:?} {qty}");
        let count = random.random_range(0..30).min(levels.len());
        let (best, most) = (&levels[..count], Qty(i64::MAX));
        assert_eq!(book.depth_of(side, count, most).0, sum(best), "{at} {side:?} {count}");
        let reached = (1..count).find(|count| sum(&best[..*count]) >= qty).unwrap_or(count);
        let depth = book.depth_of(side, count, Qty(qty)).0;
        assert_eq!(depth, sum(&best[..reached]), "{at} {side:?} {count} up to {qty}");
        let to = levels.get(count).or(levels.last()).map_or(0, |level| level.0.0);
        let to = Price((to + random.random_range(-1..=1)).max(0));
        let beyond = |level: &Level| (level.0.0 - to.0) * side.sign() >= 0;
        let better: Vec<Level> = levels.iter().copied().filter(beyond).collect();
        assert_eq!(book.depth_to(side, to).0, sum(&better), "{at} {side:?} to {to}");
        let stands = levels.iter().find(|level| level.0 == to).map_or(0, |level| level.1.0);
        assert_eq!(book.qty(side, to).0, stands, "{at} {side:?} at {to}");
    }
    let [bids, asks] = &sides;
    let touch = bids.first().zip(asks.first()).filter(|_| naive.live);
    let micro = touch.map(|(bid, ask)| Fraction {
        numerator: i128::from(bid.0.0 * ask.1.0) + i128::from(ask.0.0 * bid.1.0),
        denominator: bid.1.0 + ask.1.0,
    });
    assert_eq!(book.micro_price(), micro, "{at}");
    let count = random.random_range(1..10);
    let best = |levels: &Vec<Level>| sum(&levels[..count.min(levels.len())]);
    let imbalance = touch.map(|_| Fraction {
        numerator: i128::from(best(bids) - best(asks)),
        denominator: best(bids) + best(asks),
    });
    assert_eq!(book.imbalance(count), imbalance, "{at}");
}

fn again(book: &Book, at: &str) -> Book {
    let mut words: Vec<u64> = Vec::new();
    book.save(&mut words);
    let mut loaded = Book::new();
    let mut source = Words::new(&words);
    assert!(loaded.load(&mut source).is_some() && source.is_empty(), "{at}: does not load");
    assert_eq!(Digest::of(&loaded), Digest::of(book), "{at}");
    loaded
}

#[test]
fn agrees_with_the_naive_book() {
    let (mut live, mut crossed_out) = (0, 0);
    for seed in 1..=12 {
        let mut market = Market::new(seed);
        let mut random = SmallRng::seed_from_u64(seed);
        let (mut book, mut naive) = (Book::new(), Naive::new());
        for number in 0..1_500 {
            let at = format!("seed {seed} message {number}");
            for row in market.message() {
                crossed_out += u32::from(book.apply(&row) == Change::CrossedOut);
                naive.apply(&row);
            }
            assert_eq!(book.state() == BookState::Blank, naive.blank, "{at}");
            assert_eq!(book.is_live(), naive.live, "{at}");
            if naive.blank {
                continue;
            }
            live += u32::from(naive.live);
            ask_everything(&book, &naive, &mut random, &at);
            if number % 100 == 0 {
                // Goes on from what was saved, as a process that was restarted does.
                book = again(&book, &at);
            }
        }
    }
    assert!(live > 3_000 && crossed_out > 10, "live {live}, crossed out {crossed_out}");
}

#[test]
fn fractions_round_down() {
    let check = |numerator, denominator, steps, expect| {
        assert_eq!(Fraction { numerator, denominator }.floor(steps), expect);
    };
    check(7, 2, 1, 3);
    check(-7, 2, 1, -4);
    check(7, 2, 1_000, 3_500);
    check(i128::MAX, 1, i64::MAX, i64::MAX);
    check(i128::MIN, 1, 1, i64::MIN);
}
