//! One limit over one interval: of the clock, or over any span of its length.

use crate::wire::{LimitKind, Usage};
use engine::time::Nanos;

/// Most uses that a rolling limit remembers one by one.
const USES_MAX: u32 = 65_536;

/// How uses are counted.
#[derive(Clone, Debug)]
enum Count {
    /// Since an interval of the clock began.
    Aligned { used: u32, began: Nanos },
    /// The times of the last uses, as many as there may be in a span: the oldest one tells when
    /// there is room again.
    Rolling { uses: Vec<Nanos>, next: usize, left: u32 },
}

/// One limit.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub limit: LimitKind,
    pub max: u32,
    interval: Nanos,
    count: Count,
}

impl Window {
    pub fn new(usage: &Usage, used: u32, now: Nanos) -> Self {
        let count = if usage.rolling {
            let size = usage.max.clamp(1, USES_MAX) as usize;
            Count::Rolling { uses: vec![Nanos::ZERO; size], next: 0, left: size as u32 }
        } else {
            Count::Aligned { used: 0, began: Nanos::ZERO }
        };
        let (limit, interval) = (usage.limit, usage.interval);
        let mut window = Self { limit, max: usage.max, interval, count };
        window.roll(now);
        window.spend(used, now);
        window
    }

    /// Whether it is the one that the venue reports of.
    pub fn is(&self, usage: &Usage) -> bool {
        self.limit == usage.limit && self.interval == usage.interval
    }

    /// The venue counts so much as used. What we know of that it does not is never forgotten by a
    /// rolling limit: its uses run out by themselves.
    pub fn correct(&mut self, max: u32, used: u32, now: Nanos) -> bool {
        let rolled = self.roll(now);
        let more = used.saturating_sub(self.max.saturating_sub(self.left()));
        match &mut self.count {
            Count::Aligned { used: known, .. } => {
                self.max = max;
                *known = used;
            }
            Count::Rolling { .. } => self.spend(more, now),
        }
        rolled
    }

    /// Time passed; whether anything became free.
    #[inline]
    pub fn roll(&mut self, now: Nanos) -> bool {
        match &mut self.count {
            Count::Aligned { used, began } => {
                let over = now.since(*began) >= self.interval;
                if over {
                    let length = self.interval.0.max(1);
                    *began = Nanos(now.0 / length * length);
                    *used = 0;
                }
                over
            }
            Count::Rolling { uses, next, left } => {
                // The way to the venue is not always equally long: a twentieth more is waited.
                let span = Nanos(self.interval.0 + self.interval.0 / 20);
                let (size, before) = (uses.len(), *left);
                while (*left as usize) < size {
                    let oldest = (*next + *left as usize) % size;
                    if now.since(uses[oldest]) < span {
                        break;
                    }
                    *left += 1;
                }
                *left != before
            }
        }
    }

    /// So much is used now.
    #[inline]
    pub fn spend(&mut self, part: u32, now: Nanos) {
        match &mut self.count {
            Count::Aligned { used, .. } => *used = used.saturating_add(part),
            Count::Rolling { uses, next, left } => {
                for _ in 0..part.min(uses.len() as u32) {
                    uses[*next] = now;
                    *next = (*next + 1) % uses.len();
                    *left = left.saturating_sub(1);
                }
            }
        }
    }

    #[inline]
    pub fn left(&self) -> u32 {
        match &self.count {
            Count::Aligned { used, .. } => self.max.saturating_sub(*used),
            Count::Rolling { left, .. } => *left,
        }
    }
}
