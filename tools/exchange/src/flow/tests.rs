//! What the generated market does to somebody who quotes in it.

use super::*;
use crate::account::{Account, Fees};
use crate::event::{Event, Private, What};
use crate::listing::Listing;
use crate::order::{NewOrder, Post, Status};
use crate::symbol::Product;
use crate::symbol::{SCALE, Symbol};

/// A naive maker: looks at the book, and what it decides reaches the venue a latency later.
struct Maker {
    /// Ticks behind the best price.
    behind: i64,
    standing: [Option<(u64, i64)>; 2],
    fills: [u32; 2],
    partial: u32,
    late_cancels: u32,
    refused: u32,
}

const ACCOUNT: u32 = crate::venue::USERS;
const LOOK_US: u64 = 100; // It looks again as soon as it has acted.
const LATENCY_US: u64 = 1_500;

impl Maker {
    /// Where the quotes should be now.
    fn decide(&self, venue: &Venue) -> [Option<i64>; 2] {
        let listing = venue.listing(0);
        let price = |side, sign: i64| listing.best(side).map(|(p, _)| p - sign * self.behind);
        [price(Side::Buy, 1), price(Side::Sell, -1)]
    }

    /// Carries out a decision made a latency ago.
    fn quote(&mut self, venue: &mut Venue, wanted: [Option<i64>; 2], number: u64) {
        for (n, side) in [Side::Buy, Side::Sell].into_iter().enumerate() {
            let Some(price) = wanted[n] else { continue };
            if let Some((id, at)) = self.standing[n] {
                if (at - price).abs() <= 10 {
                    continue;
                }
                self.standing[n] = None;
                if venue.account(ACCOUNT).open.contains(&id) {
                    venue.cancel(id, Why::User, "x", 1);
                } else {
                    self.late_cancels += 1;
                    continue;
                }
            }
            let new = NewOrder {
                side,
                post: Post::Refuse,
                price,
                qty: 1000,
                client: format!("m{n}-{number}"),
                ..NewOrder::default()
            };
            match venue.place(ACCOUNT, new, 1) {
                Ok(placed) => self.standing[n] = Some((placed.order.id, price)),
                Err(_) => self.refused += 1,
            }
        }
    }

    fn hear(&mut self, what: &Private) {
        if let Private::Order(execution) = what
            && let What::Trade(fill) = &execution.what
        {
            self.fills[usize::from(!fill.buyer)] += 1;
            self.partial += u32::from(execution.order.status == Status::PartiallyFilled);
        }
    }
}

fn run(seed: u64, behind: i64, seconds: u64) -> Maker {
    let mut venue = Venue::new(vec![Listing::new(Symbol::btcusdt(), 1, 1)]);
    let start = [("BTC".to_string(), 1000 * SCALE), ("USDT".to_string(), 90_000_000 * SCALE)];
    venue.accounts.push(Account::new(
        "maker",
        false,
        &start,
        BTreeMap::from([(Product::Spot, Fees::default())]),
    ));
    let mut flow = Flow::new(&venue, 0, seed, Style::MEASURED, Drive::Own);
    flow.open(&mut venue, 0);
    let mut maker = Maker {
        behind,
        standing: [None; 2],
        fills: [0; 2],
        partial: 0,
        late_cancels: 0,
        refused: 0,
    };
    let (mut look_us, mut decided) = (0, None);
    for number in 0.. {
        let next = flow.due_us().min(decided.map_or(look_us, |(at, _)| at));
        if next > seconds * 1_000_000 {
            return maker;
        }
        if next == flow.due_us() {
            flow.step(&mut venue, 0);
        } else if let Some((_, wanted)) = decided.take() {
            maker.quote(&mut venue, wanted, number);
            look_us = next + LOOK_US;
        } else {
            decided = Some((next + LATENCY_US, maker.decide(&venue)));
        }
        venue.commit(0);
        for event in std::mem::take(&mut venue.events) {
            if let Event::Private { account: ACCOUNT, what } = event {
                maker.hear(&what);
            }
        }
    }
    maker
}

#[test]
fn a_maker_near_the_touch_gets_fills_partial_fills_and_late_cancels() {
    for behind in [0, 50, 150] {
        let (mut fills, mut partial, mut late, mut refused) = ([0; 2], 0, 0, 0);
        for seed in 1..=5 {
            let maker = run(seed, behind, 30);
            fills = [fills[0] + maker.fills[0], fills[1] + maker.fills[1]];
            partial += maker.partial;
            late += maker.late_cancels;
            refused += maker.refused;
        }
        println!("behind {behind}: {fills:?} partial {partial} late {late} refused {refused}");
        assert!(fills[0] >= 50 && fills[1] >= 50 && partial >= 5, "behind {behind}: {fills:?}");
        assert!(late >= 5 && (refused >= 1 || behind > 50), "late {late}, refused {refused}");
    }
}
