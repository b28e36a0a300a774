//! The engine against a random venue that keeps its protocol: nothing passes a limit, nothing is
//! lost.
//!
//! A run is named by its seed; `PEREGRINE_CASES` says how many runs there are.

mod shared;

use engine::engine::{Engine, Found, step};
use engine::event::{Body, Command, End, Event, GapReason, Link, LinkState, flag};
use engine::id::{InstrumentId, OrderId, Side};
use engine::num::{Price, Qty};
use engine::order::OrderState;
use engine::session::{Halt, Phase};
use engine::state::{Digest, State, Words};
use engine::time::Nanos;
use shared::venue::Venue;
use shared::{Doors, ONE, Random, Restless, limits};

const EPOCH: u32 = 77;
const TICK: u64 = 5_000_000;

struct Run {
    seed: u64,
    random: Random,
    engine: Engine<Restless>,
    doors: Doors,
    venue: Venue,
    update: u64,
    last_id: u64,
    sent: Vec<String>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let found = if seed.is_multiple_of(2) { Found::Adopt } else { Found::Cancel };
        let doors = Doors { now: Nanos::from_s(1_700_000_000), ..Doors::default() };
        let mut run = Self {
            seed,
            random: Random::new(seed),
            engine: shared::engine(found),
            doors,
            venue: Venue::new(),
            update: 1,
            last_id: 0,
            sent: Vec::new(),
        };
        run.venue.stand(OrderId::new(EPOCH - 1, 3), Side::Buy, 990, 2);
        run.venue.stand(OrderId::new(OrderId::FOREIGN_EPOCH, 9), Side::Sell, 1010, 3);
        run.apply(Body::Start { epoch: EPOCH, config_hash: 1 }, 0);
        run.apply(Body::Link { link: Link::Market, state: LinkState::Up }, 0);
        run.snapshot();
        run
    }

    /// One event into the engine, what it sends onto its way, and what must hold after each.
    fn apply_event(&mut self, mut event: Event) {
        event.at = self.doors.now;
        self.doors.next = Some(event);
        assert!(step(&mut self.engine, &mut self.doors));
        for item in std::mem::take(&mut self.doors.sent) {
            self.sent.push(format!("{item:?}"));
            if let engine::intent::Outgoing::Place(approved) = &item {
                let id = approved.intent().place().client.order.0;
                assert!(id > self.last_id, "seed {}: ids rise", self.seed);
                self.last_id = id;
            }
            self.venue.send(&item, &mut self.random);
        }
        for side in Side::BOTH {
            let (lots, _) = self.venue.worst(side);
            let worst = (self.venue.position * side.sign() + lots) * ONE / 100;
            assert!(
                worst <= limits().position_max.0,
                "seed {} after {event:?}: {side:?} could reach {worst}",
                self.seed
            );
        }
        let open: usize = Side::BOTH.iter().map(|side| self.venue.worst(*side).1).sum();
        assert!(open <= limits().open_orders_max as usize, "seed {}: {open} open", self.seed);
    }

    fn apply(&mut self, body: Body, flags: u8) {
        let id = if matches!(body, Body::Command { .. }) { 1 } else { self.update };
        self.apply_event(Event::new(Nanos(0), InstrumentId(0), id, body).with(flags));
    }

    fn snapshot(&mut self) {
        self.update += 1;
        let (bid, ask) = self.venue.touch;
        let level = |side, price| Body::Level { side, price: Price(price), qty: Qty(9) };
        self.apply(level(Side::Buy, bid), flag::SNAPSHOT | flag::FIRST);
        self.apply(level(Side::Sell, ask), flag::SNAPSHOT | flag::LAST);
    }

    fn market(&mut self) {
        self.update += 1;
        if self.random.once_in(200) {
            self.apply(Body::Gap { reason: GapReason::Sequence, expected: 1 }, flag::LAST);
            return;
        }
        if self.random.once_in(100) || !self.engine.market.listings()[0].book.is_live() {
            return self.snapshot();
        }
        let step = self.random.below(5) as i64 - 2;
        let bid = (self.venue.touch.0 + step).clamp(900, 1100);
        self.venue.touch = (bid, bid + 2);
        let body =
            Body::Best { bid: Price(bid), bid_qty: Qty(9), ask: Price(bid + 2), ask_qty: Qty(9) };
        self.apply(body, flag::LAST);
    }

    fn command(&mut self) {
        let command = match self.random.below(8) {
            0 => Command::Pause,
            1 => Command::CancelAll,
            2 => Command::Flatten,
            3 => Command::Set,
            _ => Command::Resume,
        };
        self.apply(Body::Command { command, value: self.update as i64 }, 0);
    }

    /// A moment: time passes, the venue works, rows arrive.
    fn turn(&mut self, lively: bool) {
        self.doors.now = self.doors.now.after(Nanos(TICK));
        let now = self.doors.now.0;
        if lively {
            self.trouble();
        }
        while let Some(event) = self.venue.work(now, &mut self.random) {
            self.apply_event(event);
        }
        if (now / TICK).is_multiple_of(10) {
            self.apply(Body::Timer, 0);
        }
        if !lively && (now / TICK).is_multiple_of(100) {
            self.snapshot();
        }
    }

    fn trouble(&mut self) {
        if self.random.once_in(2) {
            self.market();
        }
        if self.random.once_in(6) {
            let live = self.venue.live();
            if !live.is_empty() {
                let id = live[self.random.below(live.len() as u64) as usize];
                let qty = 1 + self.random.below(12) as i64;
                self.venue.fill(OrderId(id), qty, &mut self.random);
            }
        }
        if self.random.once_in(60) {
            let live = self.venue.live();
            if !live.is_empty() {
                let id = live[self.random.below(live.len() as u64) as usize];
                self.venue.end(OrderId(id), End::Expired, &mut self.random);
            }
        }
        if self.random.once_in(150) {
            self.command();
        }
        if self.venue.up && self.random.once_in(250) {
            let event = self.venue.cut(&mut self.random);
            self.apply_event(event);
        } else if !self.venue.up && self.random.once_in(10) {
            self.venue.connect(&mut self.random);
        }
    }

    /// Until nothing is under way and nothing more is sent.
    fn quiet(&mut self) {
        self.venue.faulty = false;
        if !self.venue.up {
            self.venue.connect(&mut self.random);
        }
        let mut still = 0;
        for _ in 0..20_000 {
            let before = self.sent.len();
            self.turn(false);
            let unknown = self.engine.desks[0]
                .orders
                .live()
                .any(|order| order.state == OrderState::Unknown || order.state.is_pending());
            let busy = unknown || !self.venue.is_idle() || self.sent.len() > before;
            still = if busy { 0 } else { still + 1 };
            if still > 300 {
                return;
            }
        }
        let live: Vec<_> = self.engine.desks[0].orders.live().collect();
        unreachable!("seed {}: no quiet; live {live:?}", self.seed);
    }

    fn agree(&self) {
        let seed = self.seed;
        let desk = &self.engine.desks[0];
        let mut ours: Vec<(u64, i64)> =
            desk.orders.live().map(|order| (order.id().0, order.remaining().0)).collect();
        ours.sort_unstable();
        let theirs: Vec<(u64, i64)> =
            self.venue.live().iter().map(|id| (*id, self.venue.orders[id].left())).collect();
        assert_eq!(ours, theirs, "seed {seed}: live orders");
        let held = self.venue.position * ONE / 100;
        assert_eq!(desk.positions[0].base.0, held, "seed {seed}: position");
        for (asset, total) in self.venue.totals.iter().enumerate() {
            let balance = self
                .engine
                .account(engine::id::VenueId(0))
                .balance(engine::id::AssetId(asset as u16));
            assert_eq!(balance.total.0, *total, "seed {seed}: asset {asset}");
        }
        let odd = self.engine.counters.odd_rows;
        assert_eq!(odd, 0, "seed {seed}: odd rows");
        assert_eq!(self.engine.halt(), Halt::None, "seed {seed}");
    }
}

fn run(seed: u64, turns: u32) -> Run {
    let mut run = Run::new(seed);
    run.venue.connect(&mut run.random);
    for _ in 0..turns / 2 {
        run.turn(true);
    }
    run.quiet();
    run.agree();
    run.venue.faulty = true;
    for _ in 0..turns / 2 {
        run.turn(true);
    }
    run.apply(Body::Command { command: Command::Stop, value: 0 }, 0);
    run.quiet();
    run.agree();
    assert_eq!(run.engine.phase(), Phase::Stopped, "seed {seed}");
    assert!(run.venue.live().is_empty(), "seed {seed}: orders stand after the stop");
    run
}

/// The recorded events again, into a fresh engine.
fn again(first: &Run) -> Vec<String> {
    let found = if first.seed.is_multiple_of(2) { Found::Adopt } else { Found::Cancel };
    let mut engine = shared::engine(found);
    let mut doors = Doors::default();
    let mut sent = Vec::new();
    for event in &first.doors.recorded {
        doors.now = event.at;
        doors.next = Some(Event { at: event.read_at(), ..*event });
        assert!(step(&mut engine, &mut doors));
        sent.extend(doors.sent.drain(..).map(|item| format!("{item:?}")));
    }
    sent
}

fn words(engine: &Engine<Restless>) -> Vec<u64> {
    let mut words: Vec<u64> = Vec::new();
    engine.save(&mut words);
    words
}

fn restored(words: &[u64]) -> Option<Engine<Restless>> {
    let mut source = Words::new(words);
    Engine::restore(&mut source).filter(|_| source.is_empty())
}

/// The engine is thrown away now and then, and one made of its words goes on.
#[test]
fn the_words_are_all_there_is() {
    for seed in 1..=4 {
        let first = run(seed, 4000);
        let found = if seed.is_multiple_of(2) { Found::Adopt } else { Found::Cancel };
        let (mut one, mut other) = (shared::engine(found), shared::engine(found));
        let mut random = Random::new(seed + 100);
        let mut doors = Doors::default();
        for (number, event) in first.doors.recorded.iter().enumerate() {
            for engine in [&mut one, &mut other] {
                doors.now = event.at;
                doors.next = Some(Event { at: event.read_at(), ..*event });
                assert!(step(engine, &mut doors));
            }
            let sent = std::mem::take(&mut doors.sent);
            let (left, right) = sent.split_at(sent.len() / 2);
            assert_eq!(left, right, "seed {seed} event {number}");
            if random.once_in(50) {
                let saved = words(&other);
                other = restored(&saved).expect("words that were saved");
                assert_eq!(words(&other), saved, "seed {seed} event {number}");
                assert_eq!(Digest::of(&one), Digest::of(&other), "seed {seed} event {number}");
            }
        }
    }
}

#[test]
fn words_that_do_not_fit_make_no_engine() {
    let saved = words(&run(3, 600).engine);
    let mut random = Random::new(9);
    for length in 0..saved.len() {
        if length < 400 || random.once_in(20) {
            assert!(restored(&saved[..length]).is_none(), "{length} of {} words", saved.len());
        }
    }
    for _ in 0..400 {
        let mut wrong = saved.clone();
        let place = random.below(wrong.len() as u64) as usize;
        wrong[place] = u64::MAX >> random.below(64);
        // Whatever comes of it is no panic, and no more memory than an engine has.
        let _ = restored(&wrong);
    }
}

/// The engine dies at any event, and a fresh one takes over what its words say: each fill counts
/// once, whoever was dead when it happened.
#[test]
fn what_dies_is_taken_over() {
    let mut deaths = 0;
    let mut unknown = 0;
    for seed in 1..=6 {
        let mut run = Run::new(seed);
        run.venue.connect(&mut run.random);
        let mut epoch = EPOCH;
        for _ in 0..4000 {
            run.turn(true);
            if run.random.once_in(150) {
                deaths += 1;
                epoch += 1;
                let old = restored(&words(&run.engine)).expect("words that were saved");
                let found = if seed.is_multiple_of(2) { Found::Adopt } else { Found::Cancel };
                let mut fresh = shared::engine(found);
                unknown += fresh.carry(old, true).expect("the same instruments").unknown_orders;
                run.engine = fresh;
                run.apply(Body::Start { epoch, config_hash: 1 }, 0);
                run.apply(Body::Link { link: Link::Market, state: LinkState::Up }, 0);
                if run.venue.up {
                    let event = run.venue.cut(&mut run.random);
                    run.apply_event(event);
                }
                run.snapshot();
            }
        }
        run.apply(Body::Command { command: Command::Stop, value: 0 }, 0);
        run.quiet();
        run.agree();
        assert_eq!(run.engine.phase(), Phase::Stopped, "seed {seed}");
    }
    assert!(deaths > 50 && unknown > 50, "{deaths} deaths, {unknown} orders unknown");
}

#[test]
fn nothing_passes_a_limit_and_nothing_is_lost() {
    let cases = std::env::var("PEREGRINE_CASES").ok().and_then(|text| text.parse().ok());
    let (mut fills, mut unknown, mut repairs) = (0, 0, 0);
    for seed in 1..=cases.unwrap_or(8) {
        let run = run(seed, 6000);
        assert!(run.sent == again(&run), "seed {seed}: a second run sent something else");
        let counters = &run.engine.desks[0].counters;
        fills += counters.fills[0] + counters.fills[1];
        unknown += counters.unknown_orders;
        repairs += run.engine.repairs().len();
    }
    assert!(fills > 100 && unknown > 100 && repairs > 10, "{fills} {unknown} {repairs}");
    println!("{fills} fills, {unknown} unknown orders, {repairs} repairs");
}

#[test]
fn a_kill_outlives_a_death_and_not_an_end() {
    for died in [true, false] {
        let mut run = Run::new(2);
        run.venue.connect(&mut run.random);
        for _ in 0..500 {
            run.turn(true);
        }
        run.apply(Body::Command { command: Command::Kill, value: 0 }, 0);
        let old = restored(&words(&run.engine)).expect("words that were saved");
        let mut fresh = shared::engine(Found::Adopt);
        fresh.carry(old, died).expect("the same instruments");
        let wanted =
            if died { (Halt::Killed, Phase::Halted) } else { (Halt::None, Phase::Reconciling) };
        assert_eq!((fresh.halt(), fresh.phase()), wanted);
        assert_eq!(fresh.desks[0].gate.is_killed(), died);
    }
}

#[test]
fn other_instruments_are_not_taken_over() {
    let old = shared::engine(Found::Adopt);
    let symbol = engine::instrument::Symbol::new("ETHUSDT").expect("short");
    let other = engine::instrument::Instrument { symbol, ..shared::instrument() };
    let mut fresh: Engine<Restless> = Engine::new(vec![other], Vec::new(), Default::default());
    let refused = fresh.carry(old, true).expect_err("another instrument").to_string();
    assert!(refused.contains("BTCUSDT"), "{refused}");
}
