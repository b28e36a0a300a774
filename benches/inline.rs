//! Bytes in to order frame out on one thread: the product's feed, rings, engine with
//! Avellaneda–Stoikov, risk gate and gateway, with journal, histograms and stamps on, over real
//! sockets to a scripted venue. Each tick moves the market, so that both quotes are replaced; the
//! span is the product's own, from its stamp behind the read to its stamp before the write of the
//! first order. Between ticks the venue answers, untimed.
//!
//! `--count MESSAGE` runs a fixed number of ticks and nothing else, for callgrind to count the
//! instructions of `Rig::answering_turn`.

use benches::corpus::Walk;
use benches::rig::Rig;
use benches::row::{Bar, Row};
use benches::stage::Stage;
use hdrhistogram::Histogram;
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
    Nothing,
    Pause,
    PauseAndOther,
}

struct Course {
    rig: Rig,
    walk: Walk,
    message: Message,
    other: Vec<u8>,
}

impl Course {
    fn new(message: Message) -> Result<Self, Failed> {
        let walk = Walk::new(5);
        Ok(Self { rig: Rig::open(&walk)?, walk, message, other: vec![0; OTHER] })
    }

    fn tick(&mut self, between: Between) -> Result<Option<u64>, Failed> {
        let text = (self.message)(&mut self.walk);
        if between != Between::Nothing {
            let until = Instant::now() + PACE;
            while Instant::now() < until {
                std::hint::spin_loop();
            }
        }
        if between == Between::PauseAndOther {
            for byte in self.other.iter_mut().step_by(64) {
                *byte = byte.wrapping_add(1);
            }
        }
        self.rig.tick(&text)
    }

    /// The spans of so many ticks.
    fn run(&mut self, ticks: usize, between: Between) -> Result<Histogram<u64>, Failed> {
        let mut spans = Histogram::new_with_bounds(1, 1_000_000_000, 3)?;
        let mut silent = 0;
        for _ in 0..ticks {
            match self.tick(between)? {
                Some(span) => spans.record(span)?,
                None => silent += 1,
            }
        }
        if silent * 20 > ticks {
            return Err(format!("{silent} of {ticks} ticks caused no order").into());
        }
        Ok(spans)
    }
}

fn measure(stage: &mut Stage, title: &str, message: Message, bars: [f64; 2]) -> Result<(), Failed> {
    let mut course = Course::new(message)?;
    if stage.smoke() {
        course.run(50, Between::Nothing)?;
        println!(
            "inline/{title}: {} orders of {} bytes",
            course.rig.venue.taken.0, course.rig.venue.taken.1
        );
        return Ok(());
    }
    course.run(WARM_UP, Between::Nothing)?;
    for (how, between, ticks) in [
        ("warm", Between::Nothing, TICKS),
        ("paced 20 us", Between::Pause, TICKS / 4),
        ("paced, 3 MiB of other data between", Between::PauseAndOther, TICKS / 8),
    ] {
        let spans = course.run(ticks, between)?;
        let at = |quantile| spans.value_at_quantile(quantile) as f64;
        let mut row = Row::new("inline", format!("{title}, {how}"), at(0.5));
        row.p99_ns = Some(at(0.99));
        row.tail_ns = Some([at(0.99), at(0.999)]);
        if between == Between::Nothing {
            row.bar = Bar::All(vec![Bar::NsMax(bars[0]), Bar::P99Max(bars[1])]);
        }
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
    measure(&mut stage, "bookTicker", Walk::book_ticker, [200.0, 300.0])?;
    measure(&mut stage, "depth of 20 levels", Walk::depth, [360.0, 500.0])?;
    stage.finish();
    Ok(())
}
