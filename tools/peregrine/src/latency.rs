//! Histograms of every stage: written by hot threads, merged and shown by the housekeeping thread.
//!
//! A hot thread owns its set of histograms and now and then swaps it for an empty one through a
//! pair of rings, so that recording costs no allocation, no lock and no sharing.

use engine::time::{Nanos, Stage, Trace};
use hdrhistogram::Histogram;

const STAGES: usize = Stage::ALL.len();

/// One histogram a stage.
#[derive(Clone, Debug)]
pub struct Stages(Vec<Histogram<u64>>);

/// How finely histograms tell spans apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Longest span that is told apart; longer ones count as this.
    pub span_max: Nanos,
    /// Decimal digits that are kept.
    pub digits: u8,
}

impl Stages {
    /// Empty histograms.
    pub fn new(scale: Scale) -> Self {
        let empty = || Histogram::new_with_bounds(1, scale.span_max.0.max(2), scale.digits.min(5));
        Self((0..STAGES).filter_map(|_| empty().ok()).collect())
    }

    #[inline]
    fn record(&mut self, stage: Stage, span: Nanos) {
        if let Some(histogram) = self.0.get_mut(stage.index()) {
            histogram.saturating_record(span.0);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.iter_mut().for_each(Histogram::reset);
    }

    /// Adds what another set of the same scale recorded.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            // Same bounds on both sides: adding cannot fail.
            let _ = mine.add(theirs);
        }
    }

    /// Stages by name with their histograms.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &Histogram<u64>)> {
        Stage::ALL.iter().map(|(_, name)| *name).zip(&self.0)
    }
}

/// The hot thread's end: records without allocation.
#[derive(Debug)]
pub struct Probe {
    active: Box<Stages>,
    full: rtrb::Producer<Box<Stages>>,
    empty: rtrb::Consumer<Box<Stages>>,
    sample_every: u32,
    turn: u32,
    touched: bool,
    decode: Nanos,
}

impl Probe {
    /// A new turn of the loop begins; decides whether its inner stages are stamped. Turns that
    /// found nothing to do are not counted, else almost every sample would be of one of them.
    #[inline]
    pub fn turn(&mut self) {
        if self.touched {
            self.touched = false;
            self.turn += 1;
            if self.turn >= self.sample_every {
                self.turn = 0;
            }
        }
    }

    /// The newest decoding of this thread, once: what of a row's way is not the ring's.
    #[inline]
    pub const fn take_decode(&mut self) -> Nanos {
        std::mem::replace(&mut self.decode, Nanos(0))
    }

    /// This turn found something to do.
    #[inline]
    pub const fn touch(&mut self) {
        self.touched = true;
    }

    /// Hands over what was recorded, when the other side has given an empty set back.
    pub fn rotate(&mut self) {
        if let Ok(empty) = self.empty.pop() {
            let full = std::mem::replace(&mut self.active, empty);
            // There are as many places as sets, so this always fits.
            let _ = self.full.push(full);
        }
    }
}

impl Trace for Probe {
    #[inline]
    fn record(&mut self, stage: Stage, span: Nanos) {
        if stage == Stage::Decode {
            self.decode = span;
        }
        self.active.record(stage, span);
    }

    #[inline]
    fn sampled(&self) -> bool {
        self.turn == 0
    }
}

/// The housekeeping thread's end: everything recorded so far.
#[derive(Debug)]
pub struct Tally {
    total: Stages,
    interval: Stages,
    full: rtrb::Consumer<Box<Stages>>,
    empty: rtrb::Producer<Box<Stages>>,
}

impl Tally {
    /// Takes over what the hot thread handed out; true when there was anything.
    pub fn collect(&mut self) -> bool {
        let mut any = false;
        while let Ok(mut stages) = self.full.pop() {
            self.total.add(&stages);
            self.interval.add(&stages);
            stages.clear();
            let _ = self.empty.push(stages);
            any = true;
        }
        any
    }

    /// All that was collected.
    pub const fn total(&self) -> &Stages {
        &self.total
    }

    /// Moves what was collected since this was last called into a sum.
    pub fn drain(&mut self, sum: &mut Stages) {
        sum.add(&self.interval);
        self.interval.clear();
    }
}

/// The two ends. Inner stages are stamped on each `sample_every`th turn.
pub fn pair(sample_every: u32, scale: Scale) -> (Probe, Tally) {
    let (full_in, full_out) = rtrb::RingBuffer::new(4);
    let (mut empty_in, empty_out) = rtrb::RingBuffer::new(4);
    let _ = empty_in.push(Box::new(Stages::new(scale)));
    let active = Box::new(Stages::new(scale));
    let sample_every = sample_every.max(1);
    let decode = Nanos(0);
    let probe = Probe {
        active,
        full: full_in,
        empty: empty_out,
        sample_every,
        turn: 0,
        touched: false,
        decode,
    };
    let (total, interval) = (Stages::new(scale), Stages::new(scale));
    (probe, Tally { total, interval, full: full_out, empty: empty_in })
}

/// Adds the totals of several threads.
pub fn merged<'a>(tallies: impl IntoIterator<Item = &'a Tally>, scale: Scale) -> Stages {
    let mut sum = Stages::new(scale);
    for tally in tallies {
        sum.add(&tally.total);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Scale = Scale { span_max: Nanos::from_s(60), digits: 3 };

    #[test]
    fn what_a_hot_thread_records_arrives_once_and_is_logged() {
        let (mut probe, mut tally) = pair(4, SCALE);
        let mut sampled = 0;
        for turn in 1..=100_u64 {
            probe.turn();
            probe.touch();
            sampled += u32::from(probe.sampled());
            probe.record(Stage::TickToOrder, Nanos(turn * 1000));
            if turn % 10 == 0 {
                probe.rotate();
                tally.collect();
            }
        }
        assert_eq!(sampled, 25);
        let total = tally.total().clone();
        let (_, histogram) = total.named().find(|(name, _)| *name == "tick_to_order").unwrap();
        assert_eq!(histogram.len(), 100);
        assert!((50_000..51_000).contains(&histogram.value_at_quantile(0.5)));
        let mut interval = Stages::new(SCALE);
        tally.drain(&mut interval);
        tally.drain(&mut interval);
        let (_, histogram) = interval.named().find(|(name, _)| *name == "tick_to_order").unwrap();
        assert_eq!(histogram.len(), 100);
    }
}
