//! One stage's bench: contestants run by turns, so that a noisy machine slows all of them alike,
//! and ratios are taken turn by turn. Criterion measures each of them as well, for its statistics.

pub use crate::results::directory as rows_directory;
use crate::results::{self, Counts, Kept};
pub use crate::row::{Against, Bar, Row, median, quantile};
use crate::setting;
use criterion::Criterion;
use std::time::{Duration, Instant};

/// How long a duel lasts.
const DUEL: Duration = Duration::from_millis(2_500);
const ROUNDS_MIN: usize = 31;

/// Someone who does the work of one turn: `prepare` is not timed, `run` is.
pub struct Contestant<'a> {
    name: &'static str,
    prepare: Box<dyn FnMut() + 'a>,
    run: Box<dyn FnMut() + 'a>,
}

impl<'a> Contestant<'a> {
    /// Nothing has to be prepared.
    pub fn new(name: &'static str, run: impl FnMut() + 'a) -> Self {
        Self { name, prepare: Box::new(|| ()), run: Box::new(run) }
    }

    /// State that both parts need is handed to them.
    pub fn with<S: 'a>(
        name: &'static str,
        state: S,
        prepare: impl FnMut(&mut S) + 'a,
        run: impl FnMut(&mut S) + 'a,
    ) -> Self {
        let state = std::rc::Rc::new(std::cell::RefCell::new(state));
        let (other, mut prepare, mut run) = (state.clone(), prepare, run);
        Self {
            name,
            prepare: Box::new(move || prepare(&mut state.borrow_mut())),
            run: Box::new(move || run(&mut other.borrow_mut())),
        }
    }

    /// One turn, timed.
    fn turn(&mut self) -> Duration {
        (self.prepare)();
        let start = Instant::now();
        (self.run)();
        start.elapsed()
    }
}

/// The bench of one stage.
pub struct Stage {
    name: &'static str,
    criterion: Criterion,
    smoke: bool,
    rows: Vec<Row>,
    commit: String,
    load: f64,
    counts: Counts,
}

impl Stage {
    /// From the command line; with `--test` everything runs once and no time is kept.
    pub fn new(name: &'static str) -> Self {
        let criterion = Criterion::default()
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_millis(800))
            .sample_size(20)
            .configure_from_args();
        let (commit, load) = (setting::commit(), setting::load());
        let counts = results::counts(&commit);
        Self { name, criterion, smoke: is_smoke(), rows: Vec::new(), commit, load, counts }
    }

    /// Whether everything runs just once.
    pub const fn smoke(&self) -> bool {
        self.smoke
    }

    /// Measures contestants, the first of which is ours, whose turns are `ops` operations each.
    pub fn duel(&mut self, title: &str, bar: Bar, ops: usize, mut all: Vec<Contestant<'_>>) {
        let mut group = self.criterion.benchmark_group(format!("{}/{title}", self.name));
        for one in &mut all {
            group.bench_function(one.name, |bencher| {
                bencher.iter_custom(|iterations| {
                    let turns = iterations.div_ceil(ops as u64).max(1);
                    let total: Duration = (0..turns).map(|_| one.turn()).sum();
                    total.mul_f64(iterations as f64 / (turns * ops as u64) as f64)
                });
            });
        }
        group.finish();
        if self.smoke {
            return;
        }
        let times = by_turns(&mut all, ops);
        let ours = &times[0];
        let against = all.iter().zip(&times).skip(1).map(|(one, theirs)| Against {
            name: one.name.to_owned(),
            ns: median(theirs.clone()),
            ratio: median(theirs.iter().zip(ours).map(|(theirs, ours)| theirs / ours).collect()),
        });
        let row = Row {
            p99_ns: Some(quantile(ours.clone(), 0.99)),
            against: against.collect(),
            bar,
            ..Row::new(self.name, title, median(ours.clone()))
        };
        self.keep(row);
    }

    /// Keeps a row that was measured in another way.
    pub fn keep(&mut self, row: Row) {
        let row = results::with_count(row, &self.counts);
        println!("{}", row.line());
        self.rows.push(row);
    }

    /// The rows so far.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Leaves the rows where `record` finds them, and `bench.json` with all that was run so far.
    pub fn finish(self) {
        if self.smoke {
            return;
        }
        self.criterion.final_summary();
        let (profile, load) = (setting::profile(), self.load);
        let kept = Kept { commit: self.commit, profile: profile.clone(), load, rows: self.rows };
        let written = results::keep(self.name, &kept).and_then(|()| results::leave(&profile));
        match written {
            Ok(path) => println!("{}: left in {}", self.name, path.display()),
            Err(error) => eprintln!("{}: the rows are not kept: {error}", self.name),
        }
    }
}

/// Whether the command line asks to run everything just once.
pub fn is_smoke() -> bool {
    std::env::args().any(|argument| argument == "--test")
}

/// ns an operation of each contestant, turn by turn; who begins changes from turn to turn.
fn by_turns(all: &mut [Contestant<'_>], ops: usize) -> Vec<Vec<f64>> {
    let mut times = vec![Vec::new(); all.len()];
    let start = Instant::now();
    let mut round = 0;
    while round < ROUNDS_MIN || start.elapsed() < DUEL {
        for place in 0..all.len() {
            let who = (place + round) % all.len();
            times[who].push(all[who].turn().as_nanos() as f64 / ops as f64);
        }
        round += 1;
    }
    times
}
