//! Bytes in to order frame out on one thread, with journal, histograms and stamps on. Each tick
//! moves the market, so that both quotes are replaced.
//!
//! The promised rows are of bytes in memory: decoder, rings, engine with Avellaneda–Stoikov, risk
//! gate, encoder, one after another ([`peregrine::bench::tick`]). The rows *over sockets* are the
//! product's feed, ports and gateway on real sockets to a scripted venue ([`benches::rig`]), by the
//! product's own stamps from behind the read to before the write: between their ticks lie system
//! calls and the venue itself, so that caches and predictors are never as warm.
//!
//! `--count MESSAGE` runs a fixed number of ticks and nothing else, for callgrind to count the
//! instructions of `Rig::answering_turn`.

use benches::corpus::Walk;
use benches::rig::pair::Pair;
use benches::rig::{Rig, Way};
use benches::row::{Bar, Row};
use benches::stage::Stage;
use engine::time::Nanos;
use hdrhistogram::Histogram;
use peregrine::bench::tick::{self, Tick};
use peregrine::config::Wait;
use peregrine::hot::Idle;
use std::time::{Duration, Instant};

const WARM_UP: usize = 5_000;
const TICKS: usize = 40_000;
/// Ticks that `--count` runs.
const COUNTED: usize = 1_000;
/// Time between ticks in the paced rows.
const PACE: Duration = Duration::from_micros(20);
/// What other work touches between two ticks in the cold rows.
const OTHER: usize = 3 << 20;

type Failed = Box<dyn std::error::Error>;
type Message = fn(&mut Walk) -> Vec<u8>;

/// What happens between two ticks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Between {
    /// Nothing: back to back.
    Nothing,
    /// The product's thread looks for work and finds none.
    Pause,
    /// The same, and it rehearses.
    PauseWarm,
    /// Other work goes through the caches first, then as above.
    Other,
    OtherWarm,
}

/// The rehearsals of the rows that have them.
const REHEARSE: Nanos = Nanos(5_000);

struct Course {
    rig: Rig,
    walk: Walk,
    message: Message,
    other: Vec<u8>,
}

/// How long ticks took, to the first frame and to the hand-over.
struct Spans {
    first: Histogram<u64>,
    handed: Histogram<u64>,
    silent: usize,
}

impl Spans {
    fn new() -> Result<Self, Failed> {
        let histogram = || Histogram::new_with_bounds(1, 1_000_000_000, 3);
        Ok(Self { first: histogram()?, handed: histogram()?, silent: 0 })
    }

    fn add(&mut self, way: Option<Way>) -> Result<(), Failed> {
        match way {
            Some(way) => {
                self.first.record(way.first.0)?;
                self.handed.record(way.handed.0)?;
            }
            None => self.silent += 1,
        }
        Ok(())
    }

    fn check(self, ticks: usize) -> Result<Self, Failed> {
        if self.silent * 20 > ticks {
            return Err(format!("{} of {ticks} ticks caused no order", self.silent).into());
        }
        Ok(self)
    }

    fn row(spans: &Histogram<u64>, title: String) -> Row {
        let at = |quantile| spans.value_at_quantile(quantile) as f64;
        let mut row = Row::new("inline", title, at(0.5));
        row.p99_ns = Some(at(0.99));
        row.tail_ns = Some([at(0.99), at(0.999)]);
        row
    }
}

impl Course {
    fn new(message: Message) -> Result<Self, Failed> {
        let walk = Walk::new(5);
        Ok(Self { rig: Rig::open(&walk)?, walk, message, other: vec![0; OTHER] })
    }

    fn tick(&mut self, between: Between) -> Result<Option<Way>, Failed> {
        let text = (self.message)(&mut self.walk);
        if matches!(between, Between::Other | Between::OtherWarm) {
            touch(&mut self.other);
        }
        let warm = matches!(between, Between::PauseWarm | Between::OtherWarm);
        let every = if warm { REHEARSE } else { Nanos::ZERO };
        if between != Between::Nothing {
            self.rig.idle(PACE, Idle::new(Wait::Spin, every));
        }
        self.rig.tick(&text)
    }

    /// The spans of so many ticks.
    fn run(&mut self, ticks: usize, between: Between) -> Result<Spans, Failed> {
        let mut spans = Spans::new()?;
        for _ in 0..ticks {
            spans.add(self.tick(between)?)?;
        }
        spans.check(ticks)
    }
}

/// Bytes in memory, back to back, paced, and with other work between.
fn in_memory(
    stage: &mut Stage,
    title: &str,
    message: tick::Message,
    bars: [f64; 2],
) -> Result<(), Failed> {
    let (mut tick, mut other) = (Tick::new(message)?, vec![0_u8; OTHER]);
    for (how, between, ticks) in [
        ("", Between::Nothing, TICKS),
        (", paced", Between::Pause, TICKS / 4),
        (", cold", Between::Other, TICKS / 8),
    ] {
        let ticks = if stage.smoke() { 50 } else { ticks };
        let (mut spans, warm_up) = (Spans::new()?, ticks / 8);
        for number in 0..warm_up + ticks {
            let frame = tick.next_frame();
            if between != Between::Nothing {
                let until = Instant::now() + PACE;
                while Instant::now() < until {
                    std::hint::spin_loop();
                }
            }
            if between == Between::Other {
                touch(&mut other);
            }
            let way = tick.tick(&frame).map(|(read, first, done)| Way {
                first: first.since(read),
                handed: done.since(read),
            });
            tick.settle();
            if number >= warm_up {
                spans.add(way)?;
            }
        }
        let spans = spans.check(ticks)?;
        if stage.smoke() {
            continue;
        }
        let mut row = Spans::row(&spans.first, format!("{title}{how} to first order"));
        if between == Between::Nothing {
            row.bar = Bar::All(vec![Bar::NsMax(bars[0]), Bar::P99Max(bars[1])]);
        }
        stage.keep(row);
    }
    Ok(())
}

/// Pushes everything else out of the caches.
fn touch(other: &mut [u8]) {
    for byte in other.iter_mut().step_by(64) {
        *byte = byte.wrapping_add(1);
    }
}

/// The product's thread over sockets.
fn over_sockets(stage: &mut Stage, title: &str, message: Message) -> Result<(), Failed> {
    let mut course = Course::new(message)?;
    if stage.smoke() {
        course.run(50, Between::OtherWarm)?;
        let (orders, bytes) = course.rig.venue.taken;
        println!("inline/{title}: {orders} orders of {bytes} bytes");
        return Ok(());
    }
    course.run(WARM_UP, Between::Nothing)?;
    for (how, between, ticks) in [
        ("", Between::Nothing, TICKS),
        (", paced", Between::Pause, TICKS / 4),
        (", paced and rehearsed", Between::PauseWarm, TICKS / 4),
        (", cold", Between::Other, TICKS / 8),
        (", cold and rehearsed", Between::OtherWarm, TICKS / 8),
    ] {
        let spans = course.run(ticks, between)?;
        let title = format!("{title}{how}, over sockets");
        stage.keep(Spans::row(&spans.first, format!("{title}, to first order")));
        stage.keep(Spans::row(&spans.handed, format!("{title}, to both handed over")));
    }
    Ok(())
}

/// The engine on a thread of its own. Beside it, on the same two cores: what one row's hop costs.
fn pipelined(stage: &mut Stage) -> Result<(), Failed> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let [first, second, ..] = cores[..] else {
        println!("inline/pipelined: needs two cores");
        return Ok(());
    };
    let mut walk = Walk::new(5);
    let rig = Rig::open(&walk)?;
    core_affinity::set_for_current(first);
    let mut pair = Pair::split(rig, Some(second));
    let ticks = if stage.smoke() { 50 } else { TICKS / 2 };
    let mut spans = Spans::new()?;
    for number in 0..ticks + ticks / 8 {
        let way = pair.tick(&walk.book_ticker())?;
        if number >= ticks / 8 {
            spans.add(way)?;
        }
    }
    let spans = spans.check(ticks)?;
    if !stage.smoke() {
        let mut row = Spans::row(&spans.first, "bookTicker, pipelined".into());
        row.bar = Bar::NsMax(450.0);
        stage.keep(row);
    }
    Ok(())
}

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(place) = arguments.iter().position(|one| one == "--count") {
        let depth = arguments.get(place + 1).is_some_and(|one| one == "depth");
        let mut course = Course::new(if depth { Walk::depth } else { Walk::book_ticker })?;
        course.run(COUNTED, Between::Nothing)?;
        println!("{COUNTED} ticks");
        return Ok(());
    }
    let mut stage = Stage::new("inline");
    let (best, depth) = ("bookTicker", "depth of 20 levels");
    in_memory(&mut stage, best, tick::Message::BookTicker, [200.0, 300.0])?;
    in_memory(&mut stage, depth, tick::Message::Diff, [360.0, 500.0])?;
    over_sockets(&mut stage, best, Walk::book_ticker)?;
    over_sockets(&mut stage, depth, Walk::depth)?;
    pipelined(&mut stage)?;
    stage.finish();
    Ok(())
}
