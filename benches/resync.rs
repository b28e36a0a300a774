//! What the other venues notice while one of four reconnects and its ten books come anew: rows of a
//! turn, how long turns take, and how long after it was read a message is taken, before, during
//! and after.
//!
//! The four venues of `venues`, at the same 200,000 rows a second, on one spinning thread. Every so
//! often one of them loses its connections; some time later they are there again, its streams flow,
//! and the books come one a turn, as large as the venue gives them: 5000 levels a side at Binance
//! Spot. *During* is from the loss until the engine has taken the last of those rows. An engine's
//! turn takes no more rows of a feed than `rows_a_turn` says; the thread's turn has the reading of
//! all feeds in it, whole snapshots too.

use benches::fleet::dialect::Dialect;
use benches::fleet::program::{Program, tell};
use benches::fleet::rows::FEEDS_MAX;
use benches::fleet::setup::{LIMITS, setup};
use benches::fleet::speech::Whole;
use benches::fleet::{Fleet, Plays};
use benches::stage::{Bar, Row, Stage, quantile};
use engine::time::{Clock as _, Nanos};

/// Rows a second, and about how many the recordings have.
const RATE: f64 = 200_000.0;
const NATURAL: f64 = 45_000.0;
/// Wall time of one round: steady, lost, books, steady again.
const ROUND: Nanos = Nanos(1_000_000_000);
const LOST_AT: Nanos = Nanos(400_000_000);
const BACK_AT: Nanos = Nanos(500_000_000);
const BOOKS_AT: Nanos = Nanos(520_000_000);
const ROUNDS: usize = 5;
const PHASES: [&str; 3] = ["before", "during", "after"];

type Failed = Box<dyn std::error::Error>;

const STRATEGY: &str = r#"
[strategy]
kind = "market-making"
order_qty = 0.1
levels = 2
bid_spread_bps = 2.0
ask_spread_bps = 2.0
inventory_max = 10.0
tolerance_bps = 0.5
refresh_s = 0.1
"#;

/// Which venue resynchronises, and levels a side of what it tells.
const CASES: [(Dialect, usize); 3] =
    [(Dialect::Spot, 5_000), (Dialect::Usdm, 1_000), (Dialect::Okx, 400)];

/// What was seen of a phase.
#[derive(Clone, Default)]
struct Seen {
    /// ns of the engine's turns, and of the thread's, that did something.
    turns: Vec<f64>,
    threads: Vec<f64>,
    /// Rows of an engine's turn: of the other venues, and of the one.
    others: Vec<f64>,
    own: Vec<f64>,
    /// ns from read to taken of the other venues' messages.
    waits: Vec<f64>,
}

/// A round's wishes in the time of the story.
struct Timed<'a> {
    program: &'a Program,
    text: String,
    /// How much faster than life.
    faster: f64,
}

impl Timed<'_> {
    fn story(&self, wall: Nanos) -> Nanos {
        Nanos((wall.0 as f64 * self.faster) as u64)
    }

    /// One round of one venue, into what was seen by phase.
    fn round(&self, (feed, books): (usize, &[Whole]), seen: &mut [Seen; 3]) -> Result<u32, Failed> {
        let program = self.program;
        let venues = (&program.dialects[..], &program.instruments[..]);
        let plays: Vec<Plays> = program.tapes.iter().cloned().map(Plays::Frames).collect();
        let mut fleet = Fleet::open(&self.text, venues, &plays, true)?;
        program.begin(&mut fleet)?;
        fleet.counting.waits = Some(std::array::from_fn(|_| Vec::with_capacity(1 << 14)));
        let (began, mut told, mut phase) = (fleet.clock.now(), 0, 0);
        let (mut lost, mut back, mut chores_at) = (false, false, Nanos::ZERO);
        loop {
            let now = fleet.clock.now();
            let wall = now.since(began);
            if wall >= ROUND {
                break;
            }
            if wall >= chores_at {
                chores_at = wall.after(Nanos::from_ms(50));
                fleet.chores()?;
            }
            if wall >= LOST_AT && !lost {
                (lost, phase) = (true, 1);
                fleet.feeds[feed].leave(now);
            }
            if wall >= BACK_AT && !back {
                back = true;
                fleet.feeds[feed].join(now);
            }
            self.turn(&mut fleet, (feed, wall), &mut seen[phase]);
            if wall >= BOOKS_AT && told < books.len() {
                tell(&mut fleet, (feed, told), &books[told]);
                told += 1;
            } else if phase == 1 && told == books.len() && self.is_whole(&fleet, feed) {
                phase = 2;
            }
        }
        if phase != 2 {
            return Err(format!("the books did not come: {:#?}", fleet.counters()[feed]).into());
        }
        // The loss itself is told to the engine; nothing else may be missing.
        let counters = fleet.counters();
        let full: u64 = counters.iter().map(|one| one.ring_full + one.decode_errors).sum();
        if full + fleet.taken().lost > 0 {
            return Err(format!("lost: {counters:#?}, {:?}", fleet.taken()).into());
        }
        Ok(fleet.rows_a_turn)
    }

    /// One turn of the thread, timed.
    fn turn(&self, fleet: &mut Fleet, (feed, wall): (usize, Nanos), seen: &mut Seen) {
        let began = fleet.clock.now();
        let mut any = false;
        fleet.turn_watched(self.story(wall), |rows: [u64; FEEDS_MAX], span| {
            let own = rows[feed];
            let others = rows.iter().sum::<u64>() - own;
            if own + others > 0 {
                any = true;
                seen.turns.push(span.0 as f64);
                seen.own.push(own as f64);
                seen.others.push(others as f64);
            }
        });
        if any {
            seen.threads.push(fleet.clock.now().since(began).0 as f64);
        }
        for (of, waits) in fleet.counting.waits.iter_mut().flatten().enumerate() {
            let waits = waits.drain(..).map(|wait| wait as f64);
            if of != feed {
                seen.waits.extend(waits);
            }
        }
    }

    /// Whether the engine has every book of a feed.
    fn is_whole(&self, fleet: &Fleet, feed: usize) -> bool {
        let mut own = self.program.instruments.iter().filter(|one| one.feed.index() == feed);
        own.all(|one| {
            let listing = fleet.engine.market.listing(one.id);
            fleet.feeds[feed].in_sync(one.id) && listing.is_some_and(|one| one.book.is_live())
        })
    }
}

fn keep(stage: &mut Stage, what: &str, seen: &[Seen; 3], rows_a_turn: u32) {
    let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let at = |values: &[f64], share| quantile(values.to_vec(), share);
    for (phase, seen) in PHASES.iter().zip(seen) {
        let row = Row::new("resync", format!("{what}, {phase}"), at(&seen.turns, 0.5));
        let figures = [
            ("others_rows_p50", at(&seen.others, 0.5)),
            ("others_rows_p99", at(&seen.others, 0.99)),
            ("own_rows_p99", at(&seen.own, 0.99)),
            ("own_rows_max", most(&seen.own)),
            ("rows_a_turn", f64::from(rows_a_turn)),
            ("others_wait_ns_p50", at(&seen.waits, 0.5)),
            ("others_wait_ns_p99", at(&seen.waits, 0.99)),
            ("thread_turn_ns_p50", at(&seen.threads, 0.5)),
            ("thread_turn_ns_p99", at(&seen.threads, 0.99)),
            ("thread_turn_ns_max", most(&seen.threads)),
        ];
        let bar = Bar::figure(f64::from(rows_a_turn), "own_rows_max");
        let p99_ns = Some(at(&seen.turns, 0.99));
        stage.keep(Row { p99_ns, bar, ..row.with(figures) });
    }
}

fn main() -> Result<(), Failed> {
    let mut stage = Stage::new("resync");
    let span = Nanos((ROUND.0 as f64 * RATE / NATURAL) as u64);
    let Some(program) = Program::of(&Dialect::ALL, 10, span) else { return Ok(()) };
    let rows: u64 = program.rows().iter().map(|rows| rows.len() as u64).sum();
    let venues = (&program.dialects[..], &program.instruments[..]);
    let text = setup(venues, &[STRATEGY, LIMITS]);
    let faster = RATE * span.0 as f64 / 1e9 / rows as f64;
    let timed = Timed { program: &program, text, faster };
    let cases = if stage.smoke() { &CASES[..1] } else { &CASES[..] };
    for (dialect, levels) in cases {
        let feed = Dialect::ALL.iter().position(|one| one == dialect).unwrap_or(0);
        let books = program.books(*dialect, timed.story(BOOKS_AT), *levels);
        let rounds = if stage.smoke() { 1 } else { ROUNDS };
        let (mut seen, mut rows_a_turn) = (<[Seen; 3]>::default(), 0);
        for _ in 0..rounds {
            rows_a_turn = timed.round((feed, &books), &mut seen)?;
        }
        let most = seen.iter().flat_map(|seen| &seen.own).copied().fold(0.0, f64::max);
        assert!(most <= f64::from(rows_a_turn), "{most} rows of one venue in a turn");
        if !stage.smoke() {
            keep(&mut stage, &format!("{} of {levels} levels", dialect.name()), &seen, rows_a_turn);
        }
    }
    stage.finish();
    Ok(())
}
