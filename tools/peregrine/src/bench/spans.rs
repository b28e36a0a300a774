//! What the machine itself costs: a time stamp, how long after its time a sleeping thread wakes,
//! and how long a spinning one is interrupted.

use super::measure::Sample;
use super::work::Unfit;
use crate::clock::TscClock;
use engine::time::Clock as _;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

/// Stamps of a turn.
const STAMPS: usize = 1_024;
/// How long each sleep is meant to last.
const SLEEP: Duration = Duration::from_micros(100);

/// A time stamp; its turns' means.
pub fn stamp(turns: usize) -> Result<Sample, Unfit> {
    let clock = TscClock::start();
    let mut sample = Sample::new("clock_stamp", "a time stamp")?;
    for _ in 0..turns {
        let start = Instant::now();
        for _ in 0..STAMPS {
            black_box(clock.now());
        }
        sample.turn(start.elapsed(), STAMPS);
    }
    Ok(sample)
}

/// How late sleeps of 100 µs end: the timer's slack, and the way out of the idle state.
pub fn oversleep(sleeps: usize) -> Result<Sample, Unfit> {
    let mut sample = Sample::new("oversleep", "woken after a sleep of 100 µs, too late by")?;
    for _ in 0..sleeps {
        let start = Instant::now();
        thread::sleep(SLEEP);
        sample.event(start.elapsed().saturating_sub(SLEEP));
    }
    Ok(sample)
}

/// Gaps between looks at the clock of a thread that does nothing else; those of more than a
/// microsecond are interruptions.
pub fn jitter(span: Duration) -> Result<Sample, Unfit> {
    let clock = TscClock::start();
    let mut sample = Sample::new("jitter", "interruptions over 1 µs of a spinning thread")?;
    let start = clock.now();
    let mut last = start;
    while u128::from(last.since(start).0) < span.as_nanos() {
        let now = clock.now();
        let gap = now.since(last).0;
        if gap > 1_000 {
            sample.event(Duration::from_nanos(gap));
        }
        last = now;
    }
    Ok(sample)
}
