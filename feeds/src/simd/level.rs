//! Which wide instructions this machine has, found out once, and the way into code compiled for
//! them.

use super::avx2::Avx2;
use super::avx512::Avx512;
use super::block::{Block, Places};
use super::text::Text;
use engine::event::Event;

/// What differs between the levels.
pub trait Machine: Copy {
    /// What all levels have.
    fn avx2(self) -> Avx2;

    /// The places of all decimal points of a message of up to 64 KiB from `from` on, and no more of
    /// what was in `places` means anything; `None` where there are too many.
    fn points(self, text: Text<'_>, from: usize, places: &mut Places) -> Option<()>;

    /// Makes the first `count` levels rows like `like`, and of the rest of their last group as
    /// well; `None` where a price is zero or there is no room.
    fn levels(self, block: &Block, count: usize, like: &Event, rows: &mut [Event]) -> Option<()>;
}

/// Work that is compiled once for each level. What it calls must be `#[inline(always)]`.
pub trait Task {
    /// What comes of it.
    type Out;
    /// Does it.
    fn run<M: Machine>(self, machine: M) -> Self::Out;
}

/// What this machine has.
#[derive(Clone, Copy, Debug)]
pub enum Level {
    /// AVX2.
    Avx2(Avx2),
    /// AVX-512 VBMI2.
    Avx512(Avx512),
}

impl Level {
    /// The highest that this machine has; `None` where it has none of them.
    pub fn detect() -> Option<Self> {
        Self::all().pop()
    }

    /// All that this machine has, the highest last.
    pub fn all() -> Vec<Self> {
        let levels = [Avx2::detect().map(Self::Avx2), Avx512::detect().map(Self::Avx512)];
        levels.into_iter().flatten().collect()
    }

    /// Does the task with all that this level has.
    #[inline]
    pub fn run<T: Task>(self, task: T) -> T::Out {
        match self {
            // SAFETY: the proof tells that the machine has these.
            Self::Avx2(machine) => unsafe { avx2(machine, task) },
            // SAFETY: the proof tells that the machine has these.
            Self::Avx512(machine) => unsafe { avx512(machine, task) },
        }
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn avx2<T: Task>(machine: Avx2, task: T) -> T::Out {
    task.run(machine)
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512vbmi2")]
fn avx512<T: Task>(machine: Avx512, task: T) -> T::Out {
    task.run(machine)
}
