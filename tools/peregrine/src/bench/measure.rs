//! Measuring: works by turns, so that a noisy machine slows all of them alike; single events where
//! one by one they say more than their mean.

use super::hop::{self, Echo};
use super::spans;
use super::tick::{Message, Tick};
use super::work::{self, Unfit, Work};
use hdrhistogram::Histogram;
use std::time::{Duration, Instant};

/// Longer spans than a minute count as one.
const LONGEST_PS: u64 = 60_000_000_000_000;

/// What was measured under one name, in picoseconds: some of it takes less than a nanosecond.
pub struct Sample {
    /// Its name, in JSON too.
    pub name: &'static str,
    /// For people.
    pub what: &'static str,
    /// Picoseconds.
    pub histogram: Histogram<u64>,
}

impl Sample {
    /// Nothing yet.
    pub fn new(name: &'static str, what: &'static str) -> Result<Self, Unfit> {
        let histogram = Histogram::new_with_bounds(1, LONGEST_PS, 3).map_err(Unfit::new)?;
        Ok(Self { name, what, histogram })
    }

    /// A turn of so many operations took this long.
    pub fn turn(&mut self, took: Duration, ops: usize) {
        self.add(took.as_nanos() as f64 * 1e3 / ops.max(1) as f64);
    }

    /// One event took this long.
    pub fn event(&mut self, took: Duration) {
        self.add(took.as_nanos() as f64 * 1e3);
    }

    fn add(&mut self, picoseconds: f64) {
        self.histogram.saturating_record(picoseconds as u64);
    }

    /// ns that a share of the samples does not exceed; `None` where there is none.
    pub fn ns(&self, share: f64) -> Option<f64> {
        let value = self.histogram.value_at_quantile(share) as f64 / 1e3;
        (!self.histogram.is_empty()).then_some(value)
    }
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// How long works run by turns.
    works: Duration,
    /// Turns at least.
    turns: usize,
    /// Ticks of each kind.
    ticks: usize,
    /// Ticks before those that count.
    warm_up: usize,
    /// Round trips of a turn.
    trips: usize,
    sleeps: usize,
    jitter: Duration,
}

impl Size {
    /// Some seconds.
    pub const FULL: Self = Self {
        works: Duration::from_secs(3),
        turns: 31,
        ticks: 20_000,
        warm_up: 5_000,
        trips: 1_000,
        sleeps: 500,
        jitter: Duration::from_secs(2),
    };

    /// Everything once or a few times, for tests.
    pub const SMOKE: Self = Self {
        works: Duration::ZERO,
        turns: 2,
        ticks: 50,
        warm_up: 10,
        trips: 10,
        sleeps: 3,
        jitter: Duration::from_millis(5),
    };
}

/// The works that are told, for people. The journal's and the ticks' are within the ticks.
const WORKS: [(&str, &str); 10] = [
    ("book_ticker_decode", "bookTicker to a row"),
    ("trade_decode", "trade to a row"),
    ("diff_20_decode", "diff of 20 levels to rows"),
    ("diff_100_decode", "diff of 100 levels to rows"),
    ("book_update_best", "level row into the book, best prices read"),
    ("quote_avellaneda_stoikov", "Avellaneda-Stoikov quotes"),
    ("reconcile_2x5", "plan against 2x5 orders, unchanged"),
    ("gate", "order through the risk gate"),
    ("order_frame", "order to a masked frame, logged on"),
    ("order_hmac", "order to a masked frame, HMAC"),
];

/// All samples, in the order of the data's way.
pub fn all(size: Size) -> Result<Vec<Sample>, Unfit> {
    let mut samples = works(size)?;
    samples.push(ticks(size, "tick_to_order", "bookTicker to first order frame", {
        Message::BookTicker
    })?);
    samples.push(ticks(size, "diff_to_order", "20-level diff to first order frame", {
        Message::Diff
    })?);
    samples.extend(hops(size)?);
    samples.push(spans::stamp(size.turns.max(31))?);
    samples.push(spans::oversleep(size.sleeps)?);
    samples.push(spans::jitter(size.jitter)?);
    Ok(samples)
}

fn works(size: Size) -> Result<Vec<Sample>, Unfit> {
    let mut all: Vec<(Box<dyn Work>, Sample)> = Vec::new();
    for (name, what) in WORKS {
        let mut work = work::make(name)?;
        work.prepare();
        work.run();
        all.push((work, Sample::new(name, what)?));
    }
    let start = Instant::now();
    let mut round = 0;
    while round < size.turns || start.elapsed() < size.works {
        for (work, sample) in &mut all {
            work.prepare();
            let start = Instant::now();
            let ops = work.run();
            sample.turn(start.elapsed(), ops);
        }
        round += 1;
    }
    Ok(all.into_iter().map(|(_, sample)| sample).collect())
}

fn ticks(
    size: Size,
    name: &'static str,
    what: &'static str,
    message: Message,
) -> Result<Sample, Unfit> {
    let mut tick = Tick::new(message)?;
    let mut sample = Sample::new(name, what)?;
    for number in 0..size.warm_up + size.ticks {
        let frame = tick.next_frame();
        if let Some((read, first, _)) = tick.tick(&frame)
            && number >= size.warm_up
        {
            sample.event(Duration::from_nanos(first.since(read).0));
        }
        tick.settle();
    }
    Ok(sample)
}

/// The ring's hop and the raw one beside it, on the first two cores; none where there is one core.
fn hops(size: Size) -> Result<Vec<Sample>, Unfit> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let (Some(first), Some(second)) = (cores.first().copied(), cores.get(1).copied()) else {
        return Ok(Vec::new());
    };
    // On a thread of its own, so that what comes after it is not pinned.
    let measured = std::thread::spawn(move || {
        core_affinity::set_for_current(first);
        let (ours, raw) = (hop::ours(), hop::raw());
        let echo = Echo::start(vec![ours.answer, raw.answer], size.trips, Some(second));
        let mut sides = [
            (ours.begin, Sample::new("ring_hop", "row through a ring to another thread")?),
            (raw.begin, Sample::new("atomic_hop", "one atomic word to another thread")?),
        ];
        for _ in 0..size.turns.max(2) * 8 {
            for (place, (begin, sample)) in sides.iter_mut().enumerate() {
                let start = Instant::now();
                echo.tell(place);
                begin(size.trips);
                sample.turn(start.elapsed(), 2 * size.trips);
            }
        }
        Ok(sides.map(|(_, sample)| sample))
    });
    let measured = measured.join().map_err(|_| Unfit::new("the hops ended in a panic"))?;
    measured.map(Vec::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_tell_less_than_a_nanosecond() {
        let mut sample = Sample::new("s", "what").unwrap();
        assert_eq!(sample.ns(0.5), None);
        sample.turn(Duration::from_nanos(640), 1_024);
        assert!((sample.ns(0.5).unwrap() - 0.625).abs() < 0.001);
        sample.event(Duration::from_millis(3));
        assert!((sample.ns(1.0).unwrap() / 3e6 - 1.0).abs() < 0.002, "and more than a few");
    }
}
