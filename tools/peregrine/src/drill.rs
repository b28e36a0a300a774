//! A drill: a hot thread panics or hangs on purpose, or finds its journal full, so that a test sees
//! who cancels then.
//!
//! `PEREGRINE_TEST_FAULT=panic-engine@3s`, `hang-engine@3s` or `fill-engine@3s` (its journal), and
//! where the gateway has a thread of its own `panic-gateway@3s` or `hang-gateway@3s`; the time
//! counts from the start. Obeyed only where the money is play money of this machine: mode
//! `testnet`, preset `local` and an address of this machine, as `demo` has them.

use crate::config::{Config, Mode, Preset};
use crate::exit::Failure;
use engine::time::Nanos;
use std::time::Duration;

/// The variable that asks for a drill.
pub const VARIABLE: &str = "PEREGRINE_TEST_FAULT";

/// Which thread is hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The engine's.
    Engine,
    /// That of feed and gateway, in the pipelined layout.
    Gateway,
}

/// What happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Panic,
    Hang,
    Fill,
}

/// One drill, and its time after the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drill {
    target: Target,
    kind: Kind,
    after: Nanos,
}

impl Drill {
    /// The drill that the environment asks for; none where it would not be a drill.
    pub fn asked(config: &Config) -> Result<Option<Self>, Failure> {
        let local = config.venues.iter().all(|venue| {
            venue.preset == Preset::Local && venue.endpoints.rest.starts_with("http://127.0.0.1:")
        });
        let harmless = config.mode == Mode::Testnet && local;
        match std::env::var(VARIABLE) {
            Ok(text) if harmless => Self::parse(&text).map(Some),
            Ok(_) => {
                let only =
                    "it needs mode = \"testnet\", preset = \"local\" and 127.0.0.1; unset it";
                Err(Failure::usage(format!("{VARIABLE} is set, but this is no drill: {only}")))
            }
            Err(_) => Ok(None),
        }
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let found = text.split_once('@').and_then(|(name, at)| {
            let (kind, target) = match name {
                "panic-engine" => (Kind::Panic, Target::Engine),
                "hang-engine" => (Kind::Hang, Target::Engine),
                "fill-engine" => (Kind::Fill, Target::Engine),
                "panic-gateway" => (Kind::Panic, Target::Gateway),
                "hang-gateway" => (Kind::Hang, Target::Gateway),
                _ => return None,
            };
            let seconds: u64 = at.strip_suffix('s')?.parse().ok()?;
            Some(Self { target, kind, after: Nanos::from_s(seconds) })
        });
        found.ok_or_else(|| {
            Failure::usage(format!(
                "{VARIABLE}={text}: write panic-engine@3s, or hang- or fill-, or -gateway, or \
                 unset it"
            ))
        })
    }

    /// The drill, if it is this thread's.
    pub fn of(self, target: Target) -> Option<Self> {
        (self.target == target).then_some(self)
    }

    /// Carries it out once its time has come. It returns only where it is the journal that is to be
    /// full, and says so.
    #[cold]
    #[allow(clippy::panic, reason = "a panic is what is drilled")]
    pub fn carry_out(self, started: Nanos, now: Nanos) -> bool {
        if now.since(started) < self.after {
            return false;
        }
        match self.kind {
            Kind::Fill => true,
            Kind::Panic => std::panic::panic_any("a drill that was asked for"),
            Kind::Hang => loop {
                std::thread::sleep(Duration::from_secs(1));
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_drills_are_read() {
        let drill = Drill::parse("hang-engine@3s").unwrap();
        let (target, kind) = (Target::Engine, Kind::Hang);
        assert_eq!(drill, Drill { target, kind, after: Nanos::from_s(3) });
        assert_eq!((drill.of(Target::Engine), drill.of(Target::Gateway)), (Some(drill), None));
        let full = Drill::parse("fill-engine@1s").unwrap();
        assert!(full.carry_out(Nanos(0), Nanos::from_s(1)), "the journal is to be full");
        assert!(!full.carry_out(Nanos(0), Nanos(1)), "not before its time");
        for text in [
            "",
            "fill-gateway@3s",
            "hang-engine",
            "hang-engine@3",
            "hang-feed@3s",
            "panic-engine@-1s",
        ] {
            let error = Drill::parse(text).unwrap_err().to_string();
            assert!(error.contains("write panic-engine@3s"), "{error}");
        }
    }
}
