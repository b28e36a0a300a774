//! Several connections against one perfect one: whatever is lost on some of them and however they
//! overtake each other, as long as one copy of each message arrives the same rows come out.

use super::*;
use crate::binance_spot::{BinanceSpot, BinanceSpotConfig};
use crate::protocol::{Intake as _, Message};
use crate::sequence::{DiffHead, Loaded};
use engine::id::{AssetId, Side};
use engine::instrument::{Instrument, Symbol};
use engine::num::{Grid, Price, Qty};
use proptest::prelude::*;
use rtrb::{Consumer, RingBuffer};

const BTC: InstrumentId = InstrumentId(0);
const NOW: Nanos = Nanos(1_000);

/// What the venue says at one update id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Best,
    Trade,
    /// A diff, of this many ids.
    Depth(u64),
}

/// One message with its place in the venue's numbering.
#[derive(Clone, Copy, Debug)]
struct Sent {
    said: Said,
    before: u64,
    id: u64,
    trade: u64,
}

fn numbered(said: &[Said]) -> Vec<Sent> {
    let (mut id, mut depth, mut trade) = (0, 0, 0);
    let message = |said: &Said| {
        id += if let Said::Depth(ids) = said { *ids } else { 1 };
        trade += u64::from(*said == Said::Trade);
        let before = depth;
        if let Said::Depth(_) = said {
            depth = id;
        }
        Sent { said: *said, before, id, trade }
    };
    said.iter().map(message).collect()
}

fn level(id: u64, price: i64) -> Event {
    let body = Body::Level { side: Side::Buy, price: Price(price), qty: Qty(1) };
    Event::new(NOW, BTC, id, body)
}

/// Books, the ring behind them, and everything that came out of it.
struct Bench {
    books: Books,
    ring: Consumer<Event>,
    based: bool,
}

impl Bench {
    fn new(connections: usize) -> Self {
        let (producer, ring) = RingBuffer::new(10_000);
        let grids = (Grid { decimals: 0, step: 1 }, Grid { decimals: 0, step: 1 });
        let (symbol, assets) = (Symbol::new("BTCUSDT").unwrap(), (AssetId(0), AssetId(1)));
        let instrument = Instrument::new(BTC, symbol, assets, grids);
        let config = BinanceSpotConfig::new("ws://h", "http://h", vec![instrument]);
        let venue = BinanceSpot::new(&BinanceSpotConfig {
            snapshot_levels: 5,
            diff_levels_max: 8,
            ..config
        });
        let mut books = Books::new(&venue, producer, &FeedLimits::default());
        (0..connections).for_each(|place| {
            books.joined(place, NOW);
        });
        Self { books, ring, based: false }
    }

    /// The snapshot before the first message comes; asked for again until it fits.
    fn base(&mut self) {
        if !self.based {
            let row = level(0, 1).with(flag::SNAPSHOT | flag::FIRST | flag::LAST);
            self.based = self.books.snapshot(0, 0, &[row]) == Some(Loaded::Base);
        }
    }

    fn deliver(&mut self, by: usize, sent: &Sent) {
        self.books.reads(by, NOW);
        match sent.said {
            Said::Best if !self.books.wants_best(BTC, sent.id) => {
                self.books.take(Message::Stale(BTC, NOW));
            }
            Said::Best => {
                let (bid, ask, qty) = (Price(1), Price(2), Qty(1));
                let body = Body::Best { bid, bid_qty: qty, ask, ask_qty: qty };
                self.books.take(Message::Best(Event::new(NOW, BTC, sent.id, body)));
            }
            Said::Trade => {
                let body = Body::Trade { price: Price(1), qty: Qty(1), taker: Side::Buy };
                self.books.take(Message::Trade(Event::new(NOW, BTC, sent.trade, body)));
            }
            Said::Depth(ids) => {
                let rows: Vec<Event> = (0..ids).map(|n| level(sent.id, n as i64 + 1)).collect();
                let head = DiffHead { before: sent.before, last: sent.id, at: NOW };
                self.books.take(Message::Depth { instrument: BTC, head, rows: &rows });
            }
        }
    }

    /// Ids of bests, trades and levels that came out, and how many gaps.
    fn told(&mut self) -> ([Vec<u64>; 3], usize) {
        let (mut ids, mut gaps) = (<[Vec<u64>; 3]>::default(), 0);
        while let Ok(row) = self.ring.pop() {
            match row.body().unwrap() {
                Body::Best { .. } => ids[0].push(row.id),
                Body::Trade { .. } => ids[1].push(row.id),
                Body::Level { .. } if !row.has(flag::SNAPSHOT) => ids[2].push(row.id),
                Body::Gap { .. } => gaps += 1,
                _ => {}
            }
        }
        (ids, gaps)
    }
}

/// What one perfect connection brings.
fn perfect(sent: &[Sent]) -> [Vec<u64>; 3] {
    let mut bench = Bench::new(1);
    bench.base();
    sent.iter().for_each(|one| bench.deliver(0, one));
    bench.told().0
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        2 => Just(Said::Best),
        2 => Just(Said::Trade),
        3 => (1..4_u64).prop_map(Said::Depth),
    ]
}

/// A market, and on how many connections; who loses what; who is next; when the snapshot comes.
type Case = (Vec<Said>, usize, Vec<u8>, Vec<u8>, usize);

fn cases() -> impl Strategy<Value = Case> {
    let said = prop::collection::vec(said(), 1..60);
    (said, 2..=4_usize).prop_flat_map(|(said, connections)| {
        let (count, all) = (said.len(), said.len() * connections);
        let lost = prop::collection::vec(any::<u8>(), count);
        let turns = prop::collection::vec(any::<u8>(), all);
        (Just(said), Just(connections), lost, turns, 0..count)
    })
}

/// Delivers what is not lost, each connection in order, in an order among them that is drawn.
fn deliver(bench: &mut Bench, sent: &[Sent], case: &Case) {
    let (_, connections, lost, turns, base_at) = case;
    // A connection that a message is spared on is drawn by the mask itself.
    let has = |place: usize, number: usize| {
        let mask = usize::from(lost[number]);
        mask >> place & 1 == 0 || mask % connections == place
    };
    let mut queues: Vec<Vec<usize>> = (0..*connections)
        .map(|place| (0..sent.len()).rev().filter(|number| has(place, *number)).collect())
        .collect();
    for (turn, draw) in turns.iter().enumerate() {
        if turn >= *base_at {
            bench.base();
        }
        let waiting: Vec<usize> = (0..*connections).filter(|c| !queues[*c].is_empty()).collect();
        let Some(place) = waiting.get(usize::from(*draw) % waiting.len().max(1)) else { break };
        if let Some(number) = queues[*place].pop() {
            bench.deliver(*place, &sent[number]);
        }
        // One that has nothing more to say may as well be gone, unless it is the last.
        let last = bench.books.up.count_ones() == 1;
        if queues[*place].is_empty() && draw % 2 == 0 && !last {
            bench.books.left(*place, NOW);
        }
        bench.books.turn(NOW);
    }
    bench.base();
    bench.books.turn(NOW);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn one_copy_is_enough(case in cases()) {
        let sent = numbered(&case.0);
        let mut bench = Bench::new(case.1);
        deliver(&mut bench, &sent, &case);
        let (told, gaps) = bench.told();
        let wanted = perfect(&sent);
        prop_assert_eq!(gaps, 0);
        // Trades have no snapshot to begin at: they begin with the first that comes.
        prop_assert!(wanted[1].ends_with(&told[1]), "trades {:?}", told[1]);
        prop_assert_eq!(told[1].last(), wanted[1].last());
        prop_assert_eq!(&told[2], &wanted[2], "levels");
        // A best price that comes after a newer one is no news: what is left only ever advances.
        prop_assert!(told[0].is_sorted_by(|a, b| a < b), "bests {:?}", told[0]);
        prop_assert_eq!(bench.books.counters.missed_trades, 0);
    }

    #[test]
    fn without_loss_the_order_is_that_of_one_connection(case in cases()) {
        let case = (case.0, case.1, vec![0; case.2.len()], case.3, 0);
        let sent = numbered(&case.0);
        let (mut bench, mut alone) = (Bench::new(case.1), Bench::new(1));
        bench.base();
        alone.base();
        deliver(&mut bench, &sent, &case);
        sent.iter().for_each(|one| alone.deliver(0, one));
        let all = |bench: &mut Bench| -> Vec<Event> {
            std::iter::from_fn(|| bench.ring.pop().ok()).collect()
        };
        prop_assert_eq!(all(&mut bench), all(&mut alone));
        let firsts: u64 = bench.books.firsts.iter().sum();
        prop_assert!(firsts <= sent.len() as u64);
    }
}

#[test]
fn what_no_connection_will_bring_is_a_gap_at_once() {
    let sent = numbered(&[Said::Depth(1); 4]);
    let mut bench = Bench::new(2);
    bench.base();
    for (by, number) in [(0, 0), (1, 0), (0, 2)] {
        bench.deliver(by, &sent[number]);
        bench.books.turn(NOW);
    }
    assert_eq!(bench.told(), ([vec![], vec![], vec![1]], 0), "the other may still bring it");
    bench.deliver(1, &sent[3]);
    bench.books.turn(NOW);
    assert_eq!(bench.told().1, 1, "both are beyond it");
}

#[test]
fn a_lost_connection_is_not_waited_for() {
    let sent = numbered(&[Said::Depth(1), Said::Trade, Said::Depth(1), Said::Trade, Said::Trade]);
    let mut bench = Bench::new(2);
    bench.base();
    bench.deliver(0, &sent[1]);
    bench.deliver(0, &sent[2]);
    bench.deliver(0, &sent[4]);
    assert_eq!(bench.told(), ([vec![], vec![1], vec![]], 0));
    bench.books.left(1, NOW);
    bench.books.turn(NOW);
    let told = bench.told();
    assert_eq!((&told.0[1], told.1), (&vec![3], 1), "the trade goes on, the book is broken");
    assert_eq!(bench.books.counters.missed_trades, 1);
}

#[test]
fn a_connection_that_hangs_is_waited_for_only_so_long() {
    let sent = numbered(&[Said::Depth(1), Said::Trade, Said::Trade, Said::Depth(2)]);
    let mut bench = Bench::new(2);
    bench.base();
    bench.deliver(0, &sent[1]);
    bench.deliver(1, &sent[0]);
    bench.deliver(0, &sent[3]);
    assert_eq!(bench.told().0, [vec![], vec![1], vec![1, 5, 5]]);
    bench.deliver(0, &Sent { said: Said::Depth(1), before: 6, id: 7, trade: 0 });
    bench.books.turn(NOW.after(Nanos::from_ms(499)));
    assert_eq!(bench.told().1, 0);
    bench.books.turn(NOW.after(Nanos::from_ms(500)));
    assert_eq!((bench.told().1, bench.books.counters.gaps), (1, 1));
}
