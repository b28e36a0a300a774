//! The book against a naive one: a flat list, searched anew for every lot.

use super::*;
use proptest::prelude::*;

/// The specification: all resting orders in one list, in arrival order.
#[derive(Clone, Debug, Default)]
struct Naive(Vec<(Side, i64, Entry)>);

impl Naive {
    /// Best price first, then arrival.
    fn front(&self, side: Side) -> Option<usize> {
        let mut best: Option<usize> = None;
        for (n, (s, price, _)) in self.0.iter().enumerate() {
            let beats = best.is_none_or(|best| match side {
                Side::Buy => *price > self.0[best].1,
                Side::Sell => *price < self.0[best].1,
            });
            if *s == side && beats {
                best = Some(n);
            }
        }
        best
    }

    fn take(&mut self, taker: &Taker) -> Taken {
        let mut out = Taken::default();
        let mut lots_left = if let Want::Lots(lots) = taker.want { lots } else { 0 };
        let mut money = if let Want::Quote { amount, .. } = taker.want { amount } else { 0 };
        loop {
            let Some(n) = self.front(taker.side.other()) else {
                out.dry = lots_left > 0 || money > 0;
                break;
            };
            let (_, price, entry) = self.0[n].clone();
            let wanted = match taker.want {
                Want::Lots(_) => lots_left,
                Want::Quote { unit, .. } => money / (unit * price),
            };
            let fits = taker.limit.is_none_or(|limit| match taker.side {
                Side::Buy => price <= limit,
                Side::Sell => price >= limit,
            });
            if wanted == 0 || !fits {
                break;
            }
            let part = wanted.min(entry.lots);
            let own = entry.account == taker.account && taker.stp != Stp::None;
            let (maker_lots, taker_lots, stop) = match (own, taker.stp) {
                (false, _) => (part, part, false),
                (true, Stp::ExpireMaker) => (entry.lots, 0, false),
                (true, Stp::ExpireBoth) => (entry.lots, 0, true),
                (true, Stp::Decrement) => (part, part, part == wanted),
                (true, _) => (0, 0, true),
            };
            self.0[n].2.lots -= maker_lots;
            let maker_gone = self.0[n].2.lots == 0;
            if maker_gone {
                self.0.remove(n);
            }
            let maker = entry.id;
            out.steps.push(if own {
                Step::Prevented { maker, price, maker_lots, taker_lots, maker_gone }
            } else {
                Step::Trade { maker, price, lots: part }
            });
            lots_left -= if matches!(taker.want, Want::Lots(_)) { taker_lots } else { 0 };
            if let Want::Quote { unit, .. } = taker.want {
                money -= taker_lots * price * unit;
            }
            if stop {
                out.prevented = true;
                break;
            }
        }
        out.left = lots_left;
        out
    }
}

#[derive(Clone, Debug)]
enum Op {
    Rest { side: Side, price: i64, account: u32, lots: i64 },
    Take(Taker),
    Remove(usize),
    Shrink(usize, i64),
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn op() -> impl Strategy<Value = Op> {
    let stp = prop_oneof![
        Just(Stp::None),
        Just(Stp::ExpireMaker),
        Just(Stp::ExpireTaker),
        Just(Stp::ExpireBoth),
        Just(Stp::Decrement)
    ];
    let want = prop_oneof![
        (1..60_i64).prop_map(Want::Lots),
        (1..9_000_i64).prop_map(|amount| Want::Quote { amount, unit: 3 })
    ];
    let taker = (0..3_u32, side(), proptest::option::of(90..111_i64), want, stp)
        .prop_map(|(account, side, limit, want, stp)| Taker { account, side, limit, want, stp });
    prop_oneof![
        4 => (side(), 0..10_i64, 0..3_u32, 1..40_i64).prop_map(|(side, step, account, lots)| {
            let price = if side == Side::Buy { 99 - step } else { 101 + step };
            Op::Rest { side, price, account, lots }
        }),
        3 => taker.prop_map(Op::Take),
        1 => (0..50_usize).prop_map(Op::Remove),
        1 => (0..50_usize, 1..40_i64).prop_map(|(n, lots)| Op::Shrink(n, lots)),
    ]
}

fn same(book: &Book, naive: &Naive) {
    for side in [Side::Buy, Side::Sell] {
        let mut left = naive.clone();
        let listed: Vec<(i64, Entry)> = std::iter::from_fn(|| {
            let n = left.front(side)?;
            let (_, price, entry) = left.0.remove(n);
            Some((price, entry))
        })
        .collect();
        let entries: Vec<(i64, Entry)> = book.entries(side).map(|(p, e)| (p, e.clone())).collect();
        assert_eq!(entries, listed);
        for (price, lots) in book.levels(side) {
            let sum: i64 = listed.iter().filter(|(p, _)| *p == price).map(|(_, e)| e.lots).sum();
            assert_eq!(lots, sum);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn book_and_naive_book_agree(ops in proptest::collection::vec(op(), 1..120)) {
        let (mut book, mut naive) = (Book::default(), Naive::default());
        for (n, op) in ops.into_iter().enumerate() {
            match op {
                Op::Rest { side, price, account, lots } => {
                    let entry = Entry { id: n as u64 + 1, account, lots, watched: false };
                    book.rest(side, price, entry.clone());
                    naive.0.push((side, price, entry));
                }
                Op::Take(taker) => prop_assert_eq!(book.take(&taker), naive.take(&taker)),
                Op::Remove(n) if !naive.0.is_empty() => {
                    let (side, price, entry) = naive.0.remove(n % naive.0.len());
                    prop_assert_eq!(book.remove(side, price, entry.id), Some(entry.lots));
                }
                Op::Shrink(n, lots) if !naive.0.is_empty() => {
                    let n = n % naive.0.len();
                    let (side, price, entry) = naive.0[n].clone();
                    let shrunk = book.shrink(side, price, entry.id, lots);
                    prop_assert_eq!(shrunk, lots <= entry.lots);
                    if shrunk {
                        naive.0[n].2.lots = lots;
                    }
                }
                Op::Remove(_) | Op::Shrink(..) => {}
            }
            same(&book, &naive);
        }
    }
}

#[test]
fn available_counts_what_can_be_taken_at_once() {
    let mut book = Book::default();
    for (id, account, price) in [(1, 1, 101), (2, 2, 101), (3, 1, 102)] {
        book.rest(Side::Sell, price, Entry { id, account, lots: 5, watched: false });
    }
    let taker = |limit, stp| Taker { account: 2, side: Side::Buy, limit, want: Want::Lots(9), stp };
    assert_eq!(book.available(&taker(Some(101), Stp::None)), 10);
    assert_eq!(book.available(&taker(Some(101), Stp::ExpireMaker)), 5);
    assert_eq!(book.available(&taker(None, Stp::None)), 15);
    assert_eq!(book.cost(Side::Buy, 12), 10 * 101 + 2 * 102);
}
