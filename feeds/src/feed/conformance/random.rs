//! Random faults: whatever frames are lost, repeated, late, or cut off by a lost connection, over
//! one connection or two, the book that comes out is the venue's at its id, or known to be none.

use super::scribe::{Level, Scribe};
use super::scribes::{BYBIT_SPOT, LINEAR, Spot, Swap, Usdm};
use super::stage::{INSTRUMENT, Stage};
use super::teller::stamped;
use engine::id::Side;
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};

/// Rows in the ring: a few messages.
const RING: usize = 64;

type Sides = [BTreeMap<i64, i64>; 2];

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// The venue's book changes, and over each connection the frame arrives, is lost, or comes
    /// twice.
    Change(Vec<(bool, i64, i64)>, [Fate; 2]),
    /// The venue's numbers start anew.
    Restart(Vec<(bool, i64, i64)>),
    /// An older frame comes again over a connection.
    Again(usize, usize),
    /// A best price.
    Best,
    /// A connection is lost and comes back.
    Cut(usize),
    /// So many of the frames that are on their way over a connection arrive.
    Deliver(usize, usize),
    /// Time passes, requests are granted, books that were asked for come.
    Serve(u64),
    /// The engine stops to read its ring, or goes on.
    Stall(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Arrives,
    Lost,
    Twice,
}

fn changes() -> impl Strategy<Value = Vec<(bool, i64, i64)>> {
    prop::collection::vec((any::<bool>(), 1_i64..8, 0_i64..4), 1..4)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fate =
        || prop_oneof![8 => Just(Fate::Arrives), 1 => Just(Fate::Lost), 1 => Just(Fate::Twice)];
    let step = prop_oneof![
        12 => (changes(), [fate(), fate()]).prop_map(|(all, fates)| Step::Change(all, fates)),
        2 => changes().prop_map(Step::Restart),
        1 => (0_usize..2, 1_usize..6).prop_map(|(by, back)| Step::Again(by, back)),
        2 => Just(Step::Best),
        2 => (0_usize..2).prop_map(Step::Cut),
        12 => (0_usize..2, 1_usize..4).prop_map(|(by, count)| Step::Deliver(by, count)),
        5 => prop_oneof![Just(0_u64), Just(1_500)].prop_map(Step::Serve),
        2 => any::<bool>().prop_map(Step::Stall),
    ];
    prop::collection::vec(step, 10..200)
}

/// The venue, what it told, and what a client believes.
struct World<S: Scribe> {
    stage: Stage<S>,
    /// Frames on their way over each connection.
    ways: Vec<VecDeque<String>>,
    /// Whether the venue tells each connection about the book.
    follows: Vec<bool>,
    book: Sides,
    id: u64,
    /// The venue's book at each id, of all numberings, newest last.
    history: Vec<(u64, Sides)>,
    frames: Vec<String>,
    believed: Option<(u64, Sides)>,
    /// How often a whole book was believed.
    whole: usize,
}

impl<S: Scribe> World<S> {
    fn new(scribe: S, connections: usize) -> Self {
        let mut book = Sides::default();
        book[0].insert(1, 1);
        book[1].insert(101, 1);
        let stage = Stage::with_ring(scribe, RING);
        let history = vec![(10, book.clone())];
        let ways = vec![VecDeque::new(); connections];
        let follows = vec![!stage.scribe.has().streamed; connections];
        Self {
            stage,
            ways,
            follows,
            book,
            id: 10,
            history,
            frames: Vec::new(),
            believed: None,
            whole: 0,
        }
    }

    /// The changed levels; bids lie below all asks.
    fn change(&mut self, all: &[(bool, i64, i64)], id: u64) -> Vec<Level> {
        let mut levels = Vec::new();
        for (buys, price, qty) in all {
            let (side, price) = if *buys { (Side::Buy, *price) } else { (Side::Sell, price + 100) };
            match qty {
                0 => self.book[side.index()].remove(&price),
                qty => self.book[side.index()].insert(price, *qty),
            };
            levels.retain(|level: &Level| (level.0, level.1) != (side, price));
            levels.push((side, price, *qty));
        }
        self.id = id;
        self.history.push((id, self.book.clone()));
        levels
    }

    fn whole(&self) -> Vec<Level> {
        let side = |side: Side| {
            self.book[side.index()].iter().map(move |(price, qty)| (side, *price, *qty))
        };
        let bids = side(Side::Buy);
        let all: Vec<Level> = bids.chain(side(Side::Sell)).collect();
        all
    }

    fn step(&mut self, step: &Step) {
        let has = self.stage.scribe.has();
        match step {
            Step::Change(all, fates) => {
                let before = self.id;
                let levels = self.change(all, before + 1);
                let text = self.stamped(&self.stage.scribe.diff(before, self.id, &levels));
                for (by, fate) in (0..self.ways.len()).zip(fates) {
                    let times = [1, 0, 2][*fate as usize];
                    (0..times).for_each(|_| self.send(by, &text));
                }
                self.frames.push(text);
            }
            Step::Restart(all) if has.restarts && self.id > 1 => {
                let before = self.id;
                let levels = self.change(all, 1);
                let text = self.stage.scribe.restart(before, 1, &levels, &self.whole());
                let text = self.stamped(&text);
                (0..self.ways.len()).for_each(|by| self.send(by, &text));
                self.frames.clear();
            }
            Step::Restart(_) => {}
            Step::Again(by, back) => {
                let at = self.frames.len().checked_sub(*back).filter(|_| *by < self.ways.len());
                if let Some(text) = at.map(|at| self.frames[at].clone()) {
                    self.send(*by, &text);
                }
            }
            Step::Best => {
                let best = |side: &BTreeMap<i64, i64>, last: bool| {
                    let level = if last { side.last_key_value() } else { side.first_key_value() };
                    level.map_or((0, 0), |(price, qty)| (*price, *qty))
                };
                let levels = [best(&self.book[0], true), best(&self.book[1], false)];
                let text = self.stage.scribe.best(self.id, levels);
                (0..self.ways.len()).for_each(|by| self.send(by, &text));
            }
            Step::Cut(by) if *by < self.ways.len() => {
                self.ways[*by].clear();
                self.follows[*by] = !has.streamed;
                self.stage.leaves(*by);
                self.stage.joins(*by);
            }
            Step::Cut(_) => {}
            Step::Deliver(by, count) => (0..*count).for_each(|_| self.deliver(*by)),
            Step::Serve(ms) => self.serve(*ms),
            Step::Stall(stalled) => self.stage.stalled = *stalled,
        }
        self.look();
    }

    /// The frame with the venue's time: another one for each change, which its book has too.
    fn stamped(&self, text: &str) -> String {
        stamped(text, 1_000_000_000 + self.history.len() as u64)
    }

    /// A frame leaves over a connection that follows the book.
    fn send(&mut self, by: usize, text: &str) {
        if self.follows[by] {
            self.put(by, text.to_string());
        }
    }

    /// A frame leaves; over one connection alone it arrives at once.
    fn put(&mut self, by: usize, text: String) {
        self.ways[by].push_back(text);
        if self.ways.len() == 1 {
            self.deliver(by);
        }
    }

    fn deliver(&mut self, by: usize) {
        if let Some(text) = self.ways.get_mut(by).and_then(VecDeque::pop_front) {
            self.stage.frame(by, &text);
        }
    }

    /// Time passes, and the venue does what it was asked.
    fn serve(&mut self, ms: u64) {
        self.stage.wait(ms);
        let book = self.stamped(&self.stage.scribe.book(self.id, &self.whole()));
        for (by, wanted) in self.stage.requests() {
            let mut said = self.stage.scribe.grant(&wanted);
            if wanted.is_depth() {
                self.follows[by] = !wanted.leaves;
                said.extend((!wanted.leaves).then(|| book.clone()));
            }
            said.into_iter().for_each(|text| self.put(by, text));
        }
        if self.stage.requested {
            // Where books come over the stream, the stream has to do.
            let streamed = self.stage.scribe.has().streamed;
            self.stage.reply(if streamed { "{}" } else { &book });
        }
    }

    /// Reads the rows, and compares what they make of the book.
    fn look(&mut self) {
        for line in self.stage.said_rows() {
            let mut words = line.split_whitespace();
            match words.next().unwrap() {
                "gap" => self.believed = None,
                "link" if line.ends_with("Down") => self.believed = None,
                kind @ ("book" | "diff") => {
                    let id = words.next().unwrap().parse().unwrap();
                    if kind == "book" {
                        self.believed = Some((id, Sides::default()));
                        self.whole += 1;
                    }
                    let Some((at, sides)) = &mut self.believed else {
                        panic!("{line}: a change without a book");
                    };
                    *at = id;
                    for (side, price, qty) in super::teller::levels(&words.collect::<Vec<_>>()) {
                        match qty {
                            0 => sides[side.index()].remove(&price),
                            qty => sides[side.index()].insert(price, qty),
                        };
                    }
                }
                _ => {}
            }
        }
        let Some((id, sides)) = &self.believed else { return };
        let mut at_id = self.history.iter().filter(|(at, _)| at == id);
        let name = std::any::type_name::<S>();
        assert!(at_id.any(|(_, book)| book == sides), "{name}: no such book at {id}: {sides:?}");
        let lane = &self.stage.books.lanes[0];
        assert_eq!(lane.instrument, INSTRUMENT);
        if self.stage.stalled {
            return;
        }
        if let Some(book) = lane.sequence.row_id() {
            assert_eq!(book, *id, "the feed's id");
        }
    }
}

fn run<S: Scribe>(scribe: S, steps: &[Step], connections: usize) {
    let mut world = World::new(scribe, connections);
    (0..connections).for_each(|number| world.stage.joins(number));
    world.step(&Step::Serve(0));
    for step in steps {
        world.step(step);
    }
    // In the end all is well again.
    world.step(&Step::Stall(false));
    for _ in 0..40 {
        world.step(&Step::Serve(1_500));
        world.step(&Step::Change(vec![(true, 1, 5)], [Fate::Arrives; 2]));
        world.step(&Step::Best);
        (0..connections).for_each(|by| world.step(&Step::Deliver(by, 1_000)));
    }
    let counted = world.stage.books.counted();
    let name = std::any::type_name::<S>();
    let Some((id, _)) = world.believed.as_ref() else { panic!("{name}: no book: {counted:?}") };
    assert_eq!(*id, world.id, "{name}: up to date in the end");
    assert!(world.whole > 0);
}

/// So many cases as `PROPTEST_CASES` says, for long runs; else as many as take a second.
fn cases() -> ProptestConfig {
    let own = ProptestConfig::default();
    let cases = std::env::var_os("PROPTEST_CASES").map_or(300, |_| own.cases);
    ProptestConfig { cases, ..own }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_fault_of_one_connection_leads_to_a_wrong_book(steps in steps()) {
        run(Spot, &steps, 1);
        run(Usdm, &steps, 1);
        run(LINEAR, &steps, 1);
        run(BYBIT_SPOT, &steps, 1);
        run(Swap, &steps, 1);
    }

    #[test]
    fn no_fault_of_two_connections_leads_to_a_wrong_book(steps in steps()) {
        run(Spot, &steps, 2);
        run(Usdm, &steps, 2);
        run(LINEAR, &steps, 2);
        run(BYBIT_SPOT, &steps, 2);
        run(Swap, &steps, 2);
    }
}
