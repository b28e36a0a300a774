//! Backtests of drawn markets: the same as the slow way, the same twice, in bounded memory.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../alloc/live.rs"]
mod live;
mod naive;
mod rig;

use engine::event::{Body, Event, flag, kind};
use engine::id::Side;
use engine::intent::Outgoing;
use engine::num::{Price, Qty};
use engine::state::Digest;
use engine::time::Nanos;
use research::backtest::{
    About, Backtest, Came, Failed, Held, HeldMoments, Keep, Merged, Rows, TapePorts, Unkept,
    by_venue,
};
use research::run::{Filled, Look, Meta, Nobody, Sent, Witness};

#[global_allocator]
static ALLOCATOR: live::Counting = live::Counting;

/// Writes what is sent as text.
#[derive(Default)]
struct Texts(Vec<String>, Nanos);

impl Keep for Texts {
    fn event(&mut self, event: &Event) {
        self.1 = event.at;
    }
    fn item(&mut self, item: &Outgoing) {
        self.0.push(format!("{} {item:?}", self.1.0));
    }
    fn failed(&self) -> Option<Failed> {
        None
    }
}

/// Writes what it is told as text.
#[derive(Default)]
struct Log(Vec<String>);

impl Witness for Log {
    const LOOKS: bool = true;
    fn begins(&mut self, meta: &Meta) {
        self.0.push(format!("{meta:?}"));
    }
    fn looks(&mut self, look: &Look) {
        self.0.push(format!("{look:?}"));
    }
    fn sent(&mut self, sent: &Sent) {
        self.0.push(format!("{sent:?}"));
    }
    fn filled(&mut self, filled: &Filled) {
        self.0.push(format!("{filled:?}"));
    }
    fn ends(&mut self, at: Nanos) {
        self.0.push(format!("{at:?}"));
    }
}

fn about<T: Witness>(witness: &mut T) -> About<'_, T> {
    // A sign of life is of no concern here.
    let sign: &mut dyn FnMut(u64, Nanos) = Box::leak(Box::new(|_, _| {}));
    let balances = Box::leak(Box::new(rig::balances()));
    About { witness, meta: rig::meta(), balances, look_every: Nanos::from_s(1), sign }
}

fn run<T: Witness>(received: &[Event], witness: &mut T) -> (u64, Came, Vec<String>) {
    let at_venue = naive::happened(received);
    let doors = (Held::new(received), Held::new(at_venue.as_slice()));
    let ports = TapePorts::new(doors, (rig::venues(), Texts::default()), rig::rhythm());
    let mut backtest = Backtest { engine: rig::engine(), ports };
    let came = backtest.run(about(witness)).unwrap();
    let digest = Digest::of(&backtest.engine);
    (digest, came, backtest.ports.into_parts().1.0)
}

#[test]
fn it_is_what_the_slow_way_gives() {
    for seed in 1..=6 {
        let received = rig::market(seed, 3_000);
        let (engine, sent) = naive::run(&received, &naive::happened(&received));
        let (digest, came, texts) = run(&received, &mut Nobody);
        assert_eq!(texts, sent, "seed {seed}");
        assert_eq!(digest, Digest::of(&engine), "seed {seed}");
        assert_eq!(came.events, received.len() as u64, "seed {seed}");
        assert!(came.fills > 5 && came.sent > 100, "seed {seed}: too quiet: {came:?}");
        // The same rows, held once and gone through in two orders.
        let order = by_venue(&received);
        let doors = (Held::new(received.as_slice()), HeldMoments::new(&received, &order));
        let ports = TapePorts::new(doors, (rig::venues(), Texts::default()), rig::rhythm());
        let mut held = Backtest { engine: rig::engine(), ports };
        assert_eq!(held.run(about(&mut Nobody)).unwrap(), came, "seed {seed}");
        assert_eq!(held.ports.into_parts().1.0, texts, "seed {seed}");
    }
}

#[test]
fn days_of_silence_are_soon_over_and_seconds_are_not_skipped() {
    /// How many timers come.
    struct Timers(u64);
    impl Keep for Timers {
        fn event(&mut self, event: &Event) {
            self.0 += u64::from(event.kind == kind::TIMER);
        }
        fn item(&mut self, _: &Outgoing) {}
        fn failed(&self) -> Option<Failed> {
            None
        }
    }
    let timers = |silence: Nanos| {
        let mut rows = rig::market(5, 1_000);
        let quiet = rows.len() / 2;
        rows[quiet..].iter_mut().for_each(|row| row.at = row.at.after(silence));
        let at_venue = naive::happened(&rows);
        let doors = (Held::new(rows.as_slice()), Held::new(at_venue.as_slice()));
        let ports = TapePorts::new(doors, (rig::venues(), Timers(0)), rig::rhythm());
        let mut backtest = Backtest { engine: rig::engine(), ports };
        let came = backtest.run(about(&mut Nobody)).unwrap();
        assert_eq!(came.events, rows.len() as u64);
        backtest.ports.into_parts().1.0
    };
    let every = rig::rhythm().timer_every;
    let without = timers(Nanos::ZERO);
    let short = timers(Nanos(every.0 * 500)) - without;
    assert!((499..=501).contains(&short), "{short} timers in a silence of 500");
    let long = timers(Nanos::from_s(30 * 86_400)) - without;
    assert!((2_000..30_000).contains(&long), "{long} timers in a month");
}

#[test]
fn the_same_twice_and_who_looks_changes_nothing() {
    let received = rig::market(11, 3_000);
    let (mut one, mut two) = (Log::default(), Log::default());
    let first = run(&received, &mut one);
    assert_eq!(first, run(&received, &mut two));
    assert_eq!(one.0, two.0);
    assert_eq!(first, run(&received, &mut Nobody));
    let fills = one.0.iter().filter(|line| line.starts_with("Filled")).count() as u64;
    assert_eq!(fills, first.1.fills);
    // What is measured begins with the first order at the latest.
    let told = one.0.iter().filter(|line| line.starts_with("Sent")).count();
    assert_eq!(told, first.2.iter().filter(|text| text.contains("Place(")).count());
    let looks = one.0.iter().filter(|line| line.starts_with("Look")).count() as u64;
    // One a second from the first known mid on, and one at the end.
    let seconds = (first.1.ended.0 - first.1.began.0) / 1_000_000_000;
    assert!((seconds + 1..=seconds + 2).contains(&looks), "{looks} in {seconds} s");
}

#[test]
fn fills_are_told_with_the_moment_of_the_venue() {
    #[derive(Default)]
    struct Fills(Vec<Filled>);
    impl Witness for Fills {
        const LOOKS: bool = false;
        fn filled(&mut self, filled: &Filled) {
            self.0.push(*filled);
        }
    }
    let received = rig::market(3, 3_000);
    let moments = naive::happened(&received);
    let mut fills = Fills::default();
    run(&received, &mut fills);
    assert!(fills.0.len() > 5);
    for fill in &fills.0 {
        // Reports say it in microseconds.
        let is_moment = |row: &Event| row.at.0.abs_diff(fill.at.0) < 1_000;
        assert!(moments.iter().any(is_moment), "{fill:?} at no moment of the market");
        assert!((fill.mid / 61_837.0 - 1.0).abs() < 0.1, "{fill:?}");
    }
}

#[test]
fn a_snapshot_that_is_asked_for_is_the_venues_book_and_older_rows_are_left_out() {
    let level = |ms: u64, way_us: i32, flags: u8, (side, price, qty): (Side, i64, i64)| {
        let body = Body::Level { side, price: Price(price), qty: Qty(qty) };
        let at = Nanos(rig::BEGAN.0 + ms * 1_000_000);
        let row = Event::new(at, rig::instrument(0).id, ms, body).with(flags);
        Event { venue_delta_us: way_us, ..row }
    };
    let (buy, sell) = (Side::Buy, Side::Sell);
    let whole = flag::SNAPSHOT | flag::FIRST;
    let mut rows: Vec<Event> = vec![level(10, 500, whole, (buy, 100, 20))];
    rows.extend((93..100).map(|price| level(10, 500, flag::SNAPSHOT, (buy, price, 20))));
    rows.extend((102..109).map(|price| level(10, 500, flag::SNAPSHOT, (sell, price, 20))));
    rows.push(level(10, 500, flag::SNAPSHOT | flag::LAST, (sell, 109, 20)));
    // The market falls; that three bids went is lost on the way, and so the book crosses.
    let lost: Vec<Event> = (98..=100).map(|price| level(20, 500, 0, (buy, price, 0))).collect();
    let last = |ms, way_us, what| level(ms, way_us, flag::LAST, what);
    let (fall, more) = (last(20, 500, (sell, 99, 5)), last(25, 500, (sell, 100, 5)));
    // On its way when the snapshot comes, and older than it; what came after it is lost.
    let (old, new) = (last(60, 30_000, (buy, 96, 7)), last(61, 25_000, (buy, 96, 9)));
    let after = last(70, 500, (sell, 98, 3));
    let mut full = rows.clone();
    full.extend(lost.iter().chain([&fall, &more, &old, &new, &after]));
    rows.extend([fall, more, old, after]);
    let at_venue = naive::happened(&full);
    let doors = (Held::new(rows.as_slice()), Held::new(at_venue.as_slice()));
    let ports = TapePorts::new(doors, (rig::venues(), Texts::default()), rig::rhythm());
    let mut backtest = Backtest { engine: rig::engine(), ports };
    backtest.run(about(&mut Nobody)).unwrap();
    assert_eq!(backtest.engine.market.crossings(), 1);
    let book = &backtest.engine.market.listings()[0].book;
    assert!(book.is_live());
    assert_eq!(book.best(buy), Some((Price(97), Qty(20))));
    assert_eq!(book.best(sell), Some((Price(98), Qty(3))));
    assert_eq!(book.qty(buy, Price(96)), Qty(9));
    let texts = backtest.ports.into_parts().1.0;
    assert_eq!(texts.iter().filter(|text| text.contains("Resync")).count(), 1, "{texts:?}");
}

/// Peak of what a run of a market of so many messages holds, bytes.
fn peak(messages: usize) -> isize {
    live::peak(|| {
        let doors = (rig::Stream::new(5, messages, false), rig::Stream::new(5, messages, true));
        let ports = TapePorts::new(doors, (rig::venues(), Unkept), rig::rhythm());
        let mut backtest = Backtest { engine: rig::engine(), ports };
        let came = backtest.run(about(&mut Nobody)).unwrap();
        assert!(came.fills > messages as u64 / 1_000, "{came:?}");
    })
}

#[test]
fn memory_does_not_grow_with_the_length_of_the_tape() {
    let (short, long) = (peak(20_000), peak(160_000));
    println!("peak {short} bytes of a tape, {long} of one eight times as long");
    assert!(long <= short + short / 20, "{short} {long}");
}

#[test]
fn sources_are_merged_by_time_and_no_message_is_broken() {
    let draw = |seed, id: u16| {
        let mut rows = rig::market(seed, 2_000);
        rows.iter_mut().for_each(|row| row.instrument.0 = id);
        rows
    };
    let all = [draw(1, 0), draw(2, 1), draw(3, 2)];
    let mut merged = Merged::new(all.iter().map(|rows| Held::new(rows.as_slice())));
    let mut out = Vec::new();
    while merged.turn().unwrap() {
        out.extend_from_slice(merged.rows());
    }
    let mut naive: Vec<Event> = all.concat();
    naive.sort_by_key(|row| row.at);
    assert_eq!(out, naive);
}
