//! Proof instead of settings: a thread that does nothing but read the clock on a hot core, and how
//! long it was kept from that.

use crate::clock::TscClock;
use crate::machine::{Check, CoreSet, State};
use engine::time::{Clock as _, Nanos};
use std::path::Path;

/// Time between two readings from which on something else ran in between.
const PAUSE_MIN: Nanos = Nanos(10_000);
/// Longest pause of a core that is left alone.
const PAUSE_MAX: Nanos = Nanos(50_000);

/// What a core was kept from its work by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct Pauses {
    /// Of at least [`PAUSE_MIN`].
    count: u64,
    /// Longest time between two readings.
    longest: Nanos,
    /// All of them together.
    lost: Nanos,
    /// How long was looked.
    span: Nanos,
}

impl Pauses {
    /// Of readings of the clock, one after another.
    fn of(mut readings: impl Iterator<Item = Nanos>) -> Self {
        let mut pauses = Self::default();
        let Some(mut last) = readings.next() else { return pauses };
        for now in readings {
            let gap = now.since(last);
            pauses.span = Nanos(pauses.span.0 + gap.0);
            pauses.longest = pauses.longest.max(gap);
            if gap >= PAUSE_MIN {
                pauses.count += 1;
                pauses.lost = Nanos(pauses.lost.0 + gap.0);
            }
            last = now;
        }
        pauses
    }

    fn text(&self, core: usize) -> String {
        let seconds = self.span.0 as f64 / 1e9;
        let (longest_us, limit_us) = (self.longest.0 as f64 / 1e3, PAUSE_MIN.0 / 1_000);
        let lost = self.lost.0 as f64 * 100.0 / self.span.0.max(1) as f64;
        format!(
            "core {core}: {} pauses over {limit_us} us in {seconds:.1} s, longest {longest_us:.1} \
             us, {lost:.4} % lost",
            self.count
        )
    }
}

/// Reads the clock on a core for so long.
fn watch(core: usize, seconds: u64, clock: &TscClock) -> Result<Pauses, String> {
    if !core_affinity::set_for_current(core_affinity::CoreId { id: core }) {
        return Err(format!("core {core}: no thread can be pinned to it"));
    }
    let end = Nanos(clock.now().0 + seconds * 1_000_000_000);
    let reading = || Some(clock.now()).filter(|now| *now < end);
    Ok(Pauses::of(std::iter::from_fn(reading)))
}

/// Another process of ours on this machine.
fn other_process(root: &Path) -> Option<u32> {
    let own = std::process::id();
    let processes = std::fs::read_dir(root.join("proc")).ok()?;
    let mut numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.find(|pid| {
        let name = std::fs::read_to_string(root.join(format!("proc/{pid}/comm")));
        *pid != own && name.is_ok_and(|name| name.trim() == "peregrine")
    })
}

/// Watches all these cores at once. Beside a running engine it is not done: it would take the
/// engine's time.
pub(super) fn check(root: &Path, cores: &CoreSet, seconds: u64) -> Check {
    let check = |state, found: String| Check {
        name: "jitter",
        state,
        found,
        wanted: format!("no pause over {} us", PAUSE_MAX.0 / 1_000),
        remedy: "what is missing above; who it was: rtla osnoise top -c CORE".to_owned(),
    };
    if let Some(pid) = other_process(root) {
        let found =
            format!("process {pid} is Peregrine's: this would take its time, stop it first");
        return check(State::Unknown, found);
    }
    let clock = TscClock::start();
    let found: Vec<(usize, Result<Pauses, String>)> = std::thread::scope(|scope| {
        let start = |core| {
            let clock = clock.clone();
            (core, scope.spawn(move || watch(core, seconds, &clock)))
        };
        let threads: Vec<_> = cores.iter().map(start).collect();
        let ended = threads.into_iter().map(|(core, thread)| {
            let lost = || format!("core {core}: the watching thread died");
            (core, thread.join().unwrap_or_else(|_| Err(lost())))
        });
        ended.collect()
    });
    if found.is_empty() {
        return check(State::Unknown, "which cores are hot is not told".to_owned());
    }
    let state = found.iter().map(|(_, one)| match one {
        Ok(pauses) if pauses.longest <= PAUSE_MAX => State::Ok,
        Ok(_) => State::Missing,
        Err(_) => State::Unknown,
    });
    // One restless core is enough, whatever is known of the others.
    let rank = |state: &State| match state {
        State::Ok => 0,
        State::Unknown => 1,
        State::Missing => 2,
    };
    let state = state.max_by_key(rank).unwrap_or(State::Unknown);
    let told = found.into_iter().map(|(core, one)| match one {
        Ok(pauses) => pauses.text(core),
        Err(why) => why,
    });
    check(state, told.collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(readings_us: &[u64], text: &str) {
        let readings = readings_us.iter().map(|us| Nanos(us * 1_000));
        assert_eq!(Pauses::of(readings).text(3), text, "{readings_us:?}");
    }

    #[test]
    fn pauses_are_what_lies_between_readings() {
        check(&[], "core 3: 0 pauses over 10 us in 0.0 s, longest 0.0 us, 0.0000 % lost");
        check(&[5], "core 3: 0 pauses over 10 us in 0.0 s, longest 0.0 us, 0.0000 % lost");
        check(
            &[0, 1, 11, 20, 500_000, 500_001, 1_000_000],
            "core 3: 3 pauses over 10 us in 1.0 s, longest 499999.0 us, 99.9989 % lost",
        );
    }
}
