//! Where the fills of two runs differ: a backtest against the session that it tells again.
//!
//! Fills are the same when market, side and price are and their times are within a tolerance; each
//! is matched once. Parts of one order at one price within the tolerance count as one, for a venue
//! fills an order in as many parts as there are others to meet it.

use super::{Filled, Meta, Sent, Witness};
use engine::id::Side;
use engine::time::Nanos;
use serde::Serialize;
use std::collections::BTreeMap;

/// How far apart in time two fills may be and be the same, ns.
pub const WITHIN_NS: i64 = 1_000_000_000;

/// How long before a fill an order may have left for its price.
const LOOK_BACK_NS: i64 = 60_000_000_000;

/// A fill, or all parts of one, by the clock of the world.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Print {
    /// When, UTC ns.
    pub utc_ns: i64,
    /// The market's symbol.
    pub market: String,
    /// `buy` or `sell`.
    pub side: &'static str,
    /// The price.
    pub price: f64,
    /// How much, of all parts together.
    pub qty: f64,
}

/// Gathers the fills of a run.
#[derive(Clone, Debug, Default)]
pub struct Fills {
    meta: Option<Meta>,
    /// By market, what it is matched by.
    keys: Vec<String>,
    order: BTreeMap<u64, usize>,
    ticks: Vec<i64>,
    prints: Vec<Print>,
    /// By market, side and price: when an order left for it.
    sent: BTreeMap<(String, &'static str, i64), Vec<i64>>,
    /// Fills, each part counted.
    pub parts: u64,
}

impl Witness for Fills {
    const LOOKS: bool = false;

    fn begins(&mut self, meta: &Meta) {
        self.keys = keys(meta);
        self.meta = Some(meta.clone());
    }

    fn sent(&mut self, sent: &Sent) {
        let Some((utc_ns, tick)) = self.place(sent.at, sent.market, sent.price) else { return };
        let market = self.keys.get(sent.market).cloned().unwrap_or_default();
        self.sent.entry((market, named(sent.side), tick)).or_default().push(utc_ns);
    }

    fn filled(&mut self, fill: &Filled) {
        let Some((utc_ns, tick)) = self.place(fill.at, fill.market, fill.price) else { return };
        self.parts += 1;
        if let Some(place) = self.order.get(&fill.order)
            && let Some(print) = self.prints.get_mut(*place)
            && self.ticks[*place] == tick
            && Some(&print.market) == self.keys.get(fill.market)
            && utc_ns.abs_diff(print.utc_ns) <= WITHIN_NS as u64
        {
            print.qty += fill.qty;
            return;
        }
        self.order.insert(fill.order, self.prints.len());
        self.ticks.push(tick);
        let side = named(fill.side);
        let market = self.keys.get(fill.market).cloned().unwrap_or_default();
        let (price, qty) = (fill.price, fill.qty);
        self.prints.push(Print { utc_ns, market, side, price, qty });
    }
}

const fn named(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

impl Fills {
    /// A time by the clock of the world, and a price in ticks.
    fn place(&self, at: Nanos, market: usize, price: f64) -> Option<(i64, i64)> {
        let meta = self.meta.as_ref()?;
        let market = meta.markets.get(market)?;
        let utc_ns = meta.utc_ns.saturating_add(i64::try_from(at.0).unwrap_or(i64::MAX));
        Some((utc_ns, (price / market.tick).round() as i64))
    }

    /// Why these have no fill where another run has one, most likely.
    fn why(&self, print: &Print, tick: i64, nearest: Option<(i64, f64)>) -> &'static str {
        let key = (print.market.clone(), print.side, tick);
        let asked = self.sent.get(&key).map_or(&[][..], Vec::as_slice);
        let stood =
            |at: &i64| (print.utc_ns - LOOK_BACK_NS..=print.utc_ns + WITHIN_NS).contains(at);
        let is_same = |(later, price): (i64, f64)| {
            later.abs() <= LOOK_BACK_NS && price.to_bits() == print.price.to_bits()
        };
        if nearest.is_some_and(is_same) {
            "filled there at another time: another place in the queue, or matched already"
        } else if asked.iter().any(stood) {
            "an order left for this price there and was not reached: it stood elsewhere in the \
             queue, or not at that time"
        } else {
            "no order left for this price there: it quoted otherwise"
        }
    }
}

/// What markets are matched by: their symbols, for a venue may be called otherwise in another
/// configuration; the second market of a symbol is `SYMBOL 2`.
fn keys(meta: &Meta) -> Vec<String> {
    let symbol = |name: &str| name.split_once(':').map_or(name, |(_, symbol)| symbol).to_owned();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let keys = meta.markets.iter().map(|market| {
        let symbol = symbol(&market.name);
        let count = seen.entry(symbol.clone()).or_default();
        *count += 1;
        if *count == 1 { symbol } else { format!("{symbol} {count}") }
    });
    keys.collect()
}

/// A fill that the other run has not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alone {
    /// Which.
    #[serde(flatten)]
    pub print: Print,
    /// `run` or `other`: who has it.
    pub only_in: &'static str,
    /// The nearest in time of the other run in this market and of this side: how much later it is,
    /// ns, and its price; none where there is none.
    pub nearest: Option<(i64, f64)>,
    /// Why, most likely.
    pub why: &'static str,
}

/// What two runs have in common.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Divergence {
    /// Fills of the run, and of the other, each part counted.
    pub parts: [u64; 2],
    /// Fills of the run, parts as one.
    pub run: u64,
    /// Fills of the other.
    pub other: u64,
    /// Fills of both.
    pub matched: u64,
    /// Share of the run's fills that the other has.
    pub precision: f64,
    /// Share of the other's fills that the run has.
    pub recall: f64,
    /// Mean of how much later the run's fill was than the other's, ms, of those matched.
    pub later_ms: f64,
    /// What is not common, in order of time.
    pub alone: Vec<Alone>,
}

/// By market, side and price: times and places, in order of time.
type Shelf<'a> = BTreeMap<(&'a str, &'static str, i64), Vec<(i64, usize)>>;

fn shelf(fills: &Fills) -> Shelf<'_> {
    let mut shelf = Shelf::new();
    for (place, (print, tick)) in fills.prints.iter().zip(&fills.ticks).enumerate() {
        let key = (print.market.as_str(), print.side, *tick);
        shelf.entry(key).or_default().push((print.utc_ns, place));
    }
    shelf.values_mut().for_each(|one| one.sort_unstable());
    shelf
}

/// Matches in order of time, which finds the most pairs that a tolerance allows.
fn matches(ours: &[(i64, usize)], theirs: &[(i64, usize)]) -> Vec<(usize, usize)> {
    let (mut found, mut one, mut two) = (Vec::new(), 0, 0);
    while let (Some((our, our_place)), Some((their, their_place))) =
        (ours.get(one), theirs.get(two))
    {
        if our.abs_diff(*their) <= WITHIN_NS as u64 {
            found.push((*our_place, *their_place));
            one += 1;
            two += 1;
        } else if our < their {
            one += 1;
        } else {
            two += 1;
        }
    }
    found
}

impl Divergence {
    /// Of a run from another one, which is taken for the truth.
    pub fn of(run: &Fills, other: &Fills) -> Self {
        let (ours, theirs) = (shelf(run), shelf(other));
        let mut pairs = Vec::new();
        for (key, one) in &ours {
            pairs.extend(matches(one, theirs.get(key).map_or(&[], Vec::as_slice)));
        }
        let mut has = [vec![false; run.prints.len()], vec![false; other.prints.len()]];
        let mut later = 0.0;
        for (one, two) in &pairs {
            (has[0][*one], has[1][*two]) = (true, true);
            later += (run.prints[*one].utc_ns - other.prints[*two].utc_ns) as f64 / 1e6;
        }
        let mut alone = lonely(run, &has[0], other, "run");
        alone.extend(lonely(other, &has[1], run, "other"));
        alone.sort_by(|one, two| {
            let key = |alone: &Alone| (alone.print.utc_ns, alone.only_in, alone.print.side);
            key(one).cmp(&key(two)).then(one.print.price.total_cmp(&two.print.price))
        });
        let (count, [ours, theirs]) = (pairs.len(), has.map(|has| has.len()));
        Self {
            parts: [run.parts, other.parts],
            run: ours as u64,
            other: theirs as u64,
            matched: count as u64,
            precision: count as f64 / ours as f64,
            recall: count as f64 / theirs as f64,
            later_ms: later / count as f64,
            alone,
        }
    }
}

fn lonely(from: &Fills, has: &[bool], to: &Fills, only_in: &'static str) -> Vec<Alone> {
    let mut times: BTreeMap<(&str, &str), Vec<(i64, f64)>> = BTreeMap::new();
    for print in &to.prints {
        let key = (print.market.as_str(), print.side);
        times.entry(key).or_default().push((print.utc_ns, print.price));
    }
    times.values_mut().for_each(|one| one.sort_by_key(|print| print.0));
    let all = from.prints.iter().zip(&from.ticks).zip(has);
    let alone = all.filter(|(_, has)| !**has).map(|((print, tick), _)| {
        let there = times.get(&(print.market.as_str(), print.side)).map_or(&[][..], |one| one);
        let at = there.partition_point(|(at, _)| *at < print.utc_ns);
        let near = [at.checked_sub(1), Some(at)].into_iter().flatten();
        let near = near.filter_map(|place| there.get(place));
        let nearest = near.min_by_key(|(at, _)| at.abs_diff(print.utc_ns));
        let nearest = nearest.map(|(at, price)| (at - print.utc_ns, *price));
        let why = to.why(print, *tick, nearest);
        Alone { print: print.clone(), only_in, nearest, why }
    });
    alone.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Market;

    /// `order ms side price qty` a line; `zero` is the UTC time of event time 0, ms.
    fn fills(zero: i64, script: &str) -> Fills {
        let market = Market {
            // The venue is called otherwise in the other run.
            name: if zero == 0 { "sim:BTCUSDT".into() } else { "live:BTCUSDT".into() },
            base: "BTC".into(),
            quote: "USDT".into(),
            tick: 0.1,
            lot: 0.001,
            is_margined: false,
        };
        let meta = Meta {
            name: "test".into(),
            markets: vec![market],
            equity: 1.0,
            asset: "USDT".into(),
            utc_ns: zero * 1_000_000,
        };
        let mut fills = Fills::default();
        fills.begins(&meta);
        for line in script.trim().lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            fills.filled(&Filled {
                at: Nanos::from_ms(words[1].parse().unwrap()),
                market: 0,
                desk: 0,
                order: words[0].parse().unwrap(),
                side: if words[2] == "buy" { Side::Buy } else { Side::Sell },
                price: words[3].parse().unwrap(),
                qty: words[4].parse().unwrap(),
                fee: 0.0,
                is_maker: true,
                mid: f64::NAN,
            });
        }
        fills
    }

    fn check(run: &str, other: &str, expected: &str) {
        let found = Divergence::of(&fills(0, run), &fills(5_000, other));
        let mut text = format!("{} of {} and {}\n", found.matched, found.run, found.other);
        for alone in &found.alone {
            let Alone { print, only_in, nearest, .. } = alone;
            let (ms, side, price) = (print.utc_ns / 1_000_000, print.side, print.price);
            text += &format!("{only_in} {ms} {side} {price}");
            if let Some((later, price)) = nearest {
                text += &format!(", nearest {} at {price}", later / 1_000_000);
            }
            text.push('\n');
        }
        let lines: Vec<&str> = expected.trim().lines().map(str::trim).collect();
        assert_eq!(text.trim().lines().collect::<Vec<_>>(), lines);
    }

    #[test]
    fn the_same_fills_match_by_the_clock_of_the_world() {
        check(
            "1 6000 buy 100.0 1\n2 9000 sell 100.1 1",
            "7 1500 buy 100 1\n8 3000 sell 100.1 1",
            "2 of 2 and 2",
        );
    }

    #[test]
    fn side_price_and_time_must_agree() {
        check(
            "1 6000 buy 100.0 1\n2 6000 buy 100.1 1\n3 20000 sell 101 1",
            "1 1000 sell 100 1\n2 1000 buy 100.2 1\n3 16001 sell 101 1",
            "0 of 3 and 3
             other 6000 buy 100.2, nearest 0 at 100
             other 6000 sell 100, nearest 14000 at 101
             run 6000 buy 100, nearest 0 at 100.2
             run 6000 buy 100.1, nearest 0 at 100.2
             run 20000 sell 101, nearest 1001 at 101
             other 21001 sell 101, nearest -1001 at 101",
        );
    }

    #[test]
    fn what_is_alone_has_a_reason() {
        let mut run = fills(5_000, "");
        for (ms, price) in [(1_000, 100.1), (1_500, 100.2)] {
            run.sent(&Sent {
                at: Nanos::from_ms(ms),
                market: 0,
                order: ms,
                side: Side::Buy,
                price,
                qty: 1.0,
            });
        }
        run.parts = 0;
        let other = "1 9000 buy 100.1 1\n2 9000 buy 100.3 1\n3 9000 sell 100.1 1";
        let found = Divergence::of(&run, &fills(0, other));
        let why: Vec<&str> = found.alone.iter().map(|one| &one.why[..8]).collect();
        assert_eq!(why, ["an order", "no order", "no order"]);
        check(
            "1 9000 buy 100 1",
            "1 1000 buy 100 1",
            "0 of 1 and 1
             other 6000 buy 100, nearest 3000 at 100
             run 9000 buy 100, nearest -3000 at 100",
        );
    }

    #[test]
    fn each_fill_is_matched_once_and_as_many_as_can_be() {
        // The first of the other could take either; the second only the later one.
        check(
            "1 10000 buy 100 1\n2 11000 buy 100 1\n3 11500 buy 100 1",
            "1 5900 buy 100 1\n2 6900 buy 100 1",
            "2 of 3 and 2
             run 11500 buy 100, nearest 400 at 100",
        );
    }

    #[test]
    fn parts_of_one_order_count_as_one_and_an_amended_price_does_not() {
        let script = "1 10000 buy 100 1\n1 10400 buy 100 2\n1 10500 buy 100.1 1";
        let found = fills(0, script);
        assert_eq!((found.parts, found.prints.len(), found.prints[0].qty), (3, 2, 3.0));
        check(script, "4 5000 buy 100 3\n4 5100 buy 100.1 1", "2 of 2 and 2");
    }

    /// The most pairs that there can be, by augmenting paths.
    fn most(ours: &[i64], theirs: &[i64]) -> usize {
        fn find(one: usize, edges: &[Vec<usize>], seen: &mut [bool], of: &mut [usize]) -> bool {
            for two in &edges[one] {
                if !std::mem::replace(&mut seen[*two], true)
                    && (of[*two] == usize::MAX || find(of[*two], edges, seen, of))
                {
                    of[*two] = one;
                    return true;
                }
            }
            false
        }
        let near = |one: i64| -> Vec<usize> {
            let all = theirs.iter().enumerate();
            all.filter(|(_, two)| one.abs_diff(**two) <= WITHIN_NS as u64)
                .map(|two| two.0)
                .collect()
        };
        let edges: Vec<Vec<usize>> = ours.iter().map(|one| near(*one)).collect();
        let mut of = vec![usize::MAX; theirs.len()];
        let found = (0..ours.len())
            .filter(|one| find(*one, &edges, &mut vec![false; theirs.len()], &mut of));
        found.count()
    }

    proptest::proptest! {
        #[test]
        fn no_other_matching_has_more_pairs(
            mut ours in proptest::collection::vec(0..10_000_i64, 0..30),
            mut theirs in proptest::collection::vec(0..10_000_i64, 0..30),
        ) {
            for times in [&mut ours, &mut theirs] {
                times.iter_mut().for_each(|ms| *ms *= 1_000_000);
                times.sort_unstable();
            }
            let placed = |times: &[i64]| -> Vec<(i64, usize)> {
                times.iter().enumerate().map(|(place, at)| (*at, place)).collect()
            };
            let found = matches(&placed(&ours), &placed(&theirs));
            proptest::prop_assert_eq!(found.len(), most(&ours, &theirs));
        }
    }
}
