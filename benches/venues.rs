//! One engine thread over four venues with ten instruments each: Binance Spot and USDⓈ-M, Bybit's
//! linear perpetuals, OKX' swaps, a market maker on every one of the forty.
//!
//! What their sockets would bring is played from memory ([`benches::fleet`]): recorded streams of
//! USDⓈ-M bitcoin and ether, told in each venue's own words, the same asset at all venues at once,
//! in the bursts that it came in. The thread does what the product's inline thread does: frames,
//! dialects, books, rings, journal, strategies, risk gate, encoders; requests are acknowledged a
//! turn later. Other rows beside it have the rows decoded beforehand, or the frames come over
//! loopback from a server on another thread, read by the product's feeds.
//!
//! *Paced*: the recording runs so much faster than life that 200,000 rows a second come; where
//! nothing is due the thread sleeps as the product's parking one does, so that its processor time
//! is what it needs, the waking included; where it spins, what its turns with work take is told
//! beside it. *At full speed*: in chunks, between which the journal goes to disk.

use benches::fleet::dialect::Dialect;
use benches::fleet::program::Program;
use benches::fleet::server::{Go, serve};
use benches::fleet::setup::{LIMITS, setup};
use benches::fleet::{Fleet, Plays};
use benches::stage::{Bar, Row, Stage, median, quantile};
use engine::time::{Clock as _, Nanos};
use peregrine::hot::PARK;
use rustix::time::{ClockId, clock_gettime};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rows a second that are promised.
const RATE: f64 = 200_000.0;
/// What of a core they may take.
const CPU_PERCENT_MAX: f64 = 30.0;
/// How long the paced rows take, s.
const PACED_S: f64 = 10.0;
/// Rows a second that the recordings have, about: what is rendered follows from it.
const NATURAL: f64 = 45_000.0;
/// How long a session with nothing to do is looked at, s.
const IDLE_S: f64 = 2.0;
/// How long connections and books may take.
const CONNECT_MAX: Duration = Duration::from_secs(20);
/// One measured piece of the story at full speed, and one of wall time when paced.
const CHUNK: Nanos = Nanos(50_000_000);
const WINDOW: Nanos = Nanos(100_000_000);

type Failed = Box<dyn std::error::Error>;

/// Processor time of this thread so far, ns.
fn spent() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Two levels a side on each instrument, moved no more than ten times a second.
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

/// What became of a paced story.
struct Paced {
    fleet: Fleet,
    /// Processor time and rows of each window.
    windows: Vec<[f64; 2]>,
    /// Rows, processor time and wall time of all.
    all: [f64; 3],
}

struct Course<'a> {
    program: &'a Program,
    /// What the feeds play, and how that is called.
    plays: (Vec<Plays>, &'static str),
    /// Rows of the whole story.
    rows: u64,
    span: Nanos,
}

impl Course<'_> {
    fn fleet(&self, aside: bool) -> Result<Fleet, Failed> {
        let program = self.program;
        let venues = (&program.dialects[..], &program.instruments[..]);
        let text = setup(venues, &[STRATEGY, LIMITS]);
        let mut fleet = Fleet::open(&text, venues, &self.plays.0, aside)?;
        program.begin(&mut fleet)?;
        Ok(fleet)
    }

    /// Rows that went into the rings so far.
    fn rows(fleet: &Fleet) -> u64 {
        fleet.counters().iter().map(|one| one.rows).sum()
    }

    fn describe(&self, fleet: &Fleet, how: &str) {
        let (taken, conflated) = (fleet.taken(), fleet.conflated());
        let general: u64 = fleet.counters().iter().map(|one| one.decode_general).sum();
        println!(
            "venues/{how}{}: {} rows, {} requests of {} bytes, {conflated} best prices conflated, \
             {general} frames read the general way",
            self.plays.1,
            Self::rows(fleet),
            taken.requests,
            taken.bytes,
        );
    }

    /// All of the story as fast as it goes; ns of processor time a row, by chunks.
    fn full_speed(&self) -> Result<(Fleet, Vec<f64>), Failed> {
        let mut fleet = self.fleet(false)?;
        let (mut times, mut due) = (Vec::new(), Nanos::ZERO);
        while due < self.span {
            due = due.after(CHUNK);
            let (rows, before) = (Self::rows(&fleet), spent());
            while fleet.feeds.iter().any(|feed| feed.next_at().is_some_and(|at| at <= due)) {
                fleet.turn(due);
            }
            let took = spent() - before;
            times.push(took / (Self::rows(&fleet) - rows).max(1) as f64);
            fleet.chores()?;
        }
        fleet.settle();
        fleet.check()?;
        self.describe(&fleet, "full speed");
        Ok((fleet, times))
    }

    /// The story at the promised rate: processor time and rows of each window, and of all.
    /// Where it spins, the time of turns that did something stands for processor time.
    fn paced(&self, spins: bool) -> Result<Paced, Failed> {
        let mut fleet = self.fleet(true)?;
        let faster = RATE * self.span.0 as f64 / 1e9 / self.rows as f64;
        let (mut windows, began) = (Vec::new(), fleet.clock.now());
        let (rows, cpu) = (Self::rows(&fleet), spent());
        let mut window = (began, rows, cpu);
        let mut busy = 0.0;
        while fleet.feeds.iter().any(|feed| feed.next_at().is_some()) {
            let now = fleet.clock.now();
            if now.since(window.0) >= WINDOW {
                let next = (now, Self::rows(&fleet), spent());
                windows.push([next.2 - window.2, (next.1 - window.1) as f64]);
                window = next;
            }
            let due = Nanos((now.since(began).0 as f64 * faster) as u64);
            let did = fleet.turn(due) > 0;
            match (did, spins) {
                (true, true) => busy += fleet.clock.now().since(now).0 as f64,
                (false, true) => std::hint::spin_loop(),
                (false, false) => std::thread::sleep(PARK),
                (true, false) => {}
            }
        }
        let wall = fleet.clock.now().since(began).0 as f64;
        let cpu = if spins { busy } else { spent() - cpu };
        let all = [(Self::rows(&fleet) - rows) as f64, cpu, wall];
        fleet.check()?;
        self.describe(&fleet, "paced");
        Ok(Paced { fleet, windows, all })
    }

    fn measure(&self, stage: &mut Stage) -> Result<(), Failed> {
        let how = self.plays.1;
        let (fleet, times) = self.full_speed()?;
        if stage.smoke() {
            assert_eq!(Self::rows(&fleet), self.rows, "every row of the story was handed on");
            assert!(fleet.taken().requests > 0, "the market makers quoted");
            return Ok(());
        }
        let ns = median(times.clone());
        let row = Row::new("venues", format!("full speed, a row{how}"), ns);
        let figures = [("rows_per_s", 1e9 / ns), ("rows_lost", fleet.lost() as f64)];
        stage.keep(Row { p99_ns: Some(quantile(times, 0.99)), ..row.with(figures) });
        let Paced { fleet, all: [rows, busy, wall], .. } = self.paced(true)?;
        let row =
            Row::new("venues", format!("200,000 rows a second, spinning, a row{how}"), busy / rows);
        let figures = [("busy_percent", busy / wall * 100.0), ("rows_lost", fleet.lost() as f64)];
        stage.keep(row.with(figures));
        drop(fleet);
        let Paced { fleet, windows, all: [rows, cpu, wall] } = self.paced(false)?;
        let each: Vec<f64> =
            windows.iter().filter(|one| one[1] > 0.0).map(|[cpu, rows]| cpu / rows).collect();
        let row = Row::new("venues", format!("200,000 rows a second, a row{how}"), cpu / rows);
        let peak = windows.iter().map(|one| one[1] * 1e9 / WINDOW.0 as f64).fold(0.0, f64::max);
        let figures = [
            ("cpu_percent", cpu / wall * 100.0),
            ("rows_lost", fleet.lost() as f64),
            ("rows_per_s", rows / wall * 1e9),
            ("rows_per_s_max", peak),
            ("requests_per_s", fleet.taken().requests as f64 / wall * 1e9),
        ];
        let bar = Bar::All(vec![
            Bar::figure(CPU_PERCENT_MAX, "cpu_percent"),
            Bar::figure(0.0, "rows_lost"),
        ]);
        stage.keep(Row { p99_ns: Some(quantile(each, 0.99)), bar, ..row.with(figures) });
        Ok(())
    }
}

/// The story at the promised rate from servers on loopback, read by the product's own feeds.
fn sockets(stage: &mut Stage, whole: &Course<'_>) -> Result<(), Failed> {
    let (program, go) = (whole.program, Go::default());
    let addresses = serve(program.shelves(), go.clone())?;
    let plays = (addresses.into_iter().map(Plays::Sockets).collect(), ", over sockets");
    let course = Course { program, plays, rows: whole.rows, span: whole.span };
    let venues = (&program.dialects[..], &program.instruments[..]);
    let text = setup(venues, &[STRATEGY, LIMITS]);
    let mut fleet = Fleet::open(&text, venues, &course.plays.0, true)?;
    program.connect(&mut fleet, CONNECT_MAX)?;
    let faster = RATE * course.span.0 as f64 / 1e9 / course.rows as f64;
    let _ = go.set((Instant::now(), faster));
    let (began, rows, cpu) = (fleet.clock.now(), Course::rows(&fleet), spent());
    let most = Nanos((course.span.0 as f64 / faster * 2.0) as u64).after(Nanos::from_s(5));
    while Course::rows(&fleet) < course.rows {
        if fleet.turn(Nanos::ZERO) == 0 {
            std::thread::sleep(PARK);
        }
        if fleet.clock.now().since(began) > most {
            return Err(format!("rows are missing: {:#?}", fleet.counters()).into());
        }
    }
    let (wall, cpu) = (fleet.clock.now().since(began).0 as f64, spent() - cpu);
    let rows = (Course::rows(&fleet) - rows) as f64;
    fleet.check()?;
    course.describe(&fleet, "paced");
    if !stage.smoke() {
        let row = Row::new("venues", "200,000 rows a second, a row, over sockets", cpu / rows);
        stage.keep(row.with([
            ("cpu_percent", cpu / wall * 100.0),
            ("rows_lost", fleet.lost() as f64),
            ("rows_per_s", rows / wall * 1e9),
        ]));
    }
    Ok(())
}

/// What the same thread needs when nothing comes: it sleeps, looks, and takes a timer now and then.
fn idle(stage: &mut Stage, program: &Program) -> Result<(), Failed> {
    let nothing = |_| Plays::Frames(Arc::default());
    let plays = (program.dialects.iter().map(nothing).collect(), "");
    let mut fleet = Course { program, plays, rows: 0, span: Nanos::ZERO }.fleet(true)?;
    let (began, before, mut turns) = (fleet.clock.now(), spent(), 0_u32);
    let span = Nanos((IDLE_S * 1e9) as u64);
    while fleet.clock.now().since(began) < span {
        fleet.turn(Nanos::ZERO);
        std::thread::sleep(PARK);
        turns += 1;
    }
    let (cpu, wall) = (spent() - before, fleet.clock.now().since(began).0 as f64);
    let row = Row::new("venues", "nothing comes, a look", cpu / f64::from(turns));
    stage.keep(row.with([("cpu_percent", cpu / wall * 100.0)]));
    Ok(())
}

fn main() -> Result<(), Failed> {
    let mut stage = Stage::new("venues");
    let seconds = if stage.smoke() { 1.0 } else { PACED_S * RATE / NATURAL };
    let span = Nanos((seconds * 1e9) as u64);
    let Some(program) = Program::of(&Dialect::ALL, 10, span) else { return Ok(()) };
    let decoded = program.rows();
    let rows = decoded.iter().map(|rows| rows.len() as u64).sum();
    let frames: usize = program.tapes.iter().map(|tape| tape.len()).sum();
    println!("venues: {frames} frames of {rows} rows in {seconds:.1} s of the recordings");
    let tapes: Vec<Plays> = program.tapes.iter().cloned().map(Plays::Frames).collect();
    let decoded = decoded.into_iter().map(Plays::Rows).collect();
    for plays in [(tapes, ""), (decoded, ", decoded beforehand")] {
        Course { program: &program, plays, rows, span }.measure(&mut stage)?;
    }
    let nothing = (Vec::new(), "");
    sockets(&mut stage, &Course { program: &program, plays: nothing, rows, span })?;
    if !stage.smoke() {
        idle(&mut stage, &program)?;
    }
    stage.finish();
    Ok(())
}
