//! A backtest: the engine, strategies and risk gate that trade live, on a recorded market, with the
//! simulated venue in the venues' place.
//!
//! ```text
//!            ┌─ rows by the venue's time ─▶ simulated venue ◀─ orders, after the entry latency ─┐
//!  tape ─────┤                                    │                                             │
//!            └─ rows by receipt ─▶ ┐              └─ reports, after the response latency ─┐     │
//!                                  ├─▶ TapePorts ─▶ step ─▶ Engine ───────────────────────┼─────┘
//!                        timers ─▶ ┘        ▲                                             │
//!                                           └─────────────────────────────────────────────┘
//! ```
//!
//! Time is the tape's: a row reaches the venue at the venue's moment and the engine when it was
//! received, so that the feed's latency is the recorded one. What happens at the same instant comes
//! in this order: the market's rows, reports, timers; at the venue rows before requests.
//!
//! **Invariants.** Same input, same bytes: nothing here reads a clock or draws a number. Of the tape
//! no more is held than the rows at hand, however long it is.

mod journal;
mod merge;
mod ports;
mod resync;
mod rows;
mod tell;
mod world;

pub use journal::{Keep, Unkept, Written};
pub use merge::Merged;
pub use ports::{Rhythm, TapePorts};
pub use rows::{Failed, Held, Rows, happened, moment_at_venue};
pub use tell::Names;
pub use world::World;

use crate::run::Witness;
use engine::engine::{Engine, step};
use engine::strategy::Strategy;
use engine::time::Nanos;
use resync::Resyncs;
use tell::Teller;

/// What a run came to, beside what its witness was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// Rows of the market that the engine took: what speed is counted by.
    pub events: u64,
    /// Rows of the market that the venue took.
    pub venue_events: u64,
    /// Reports that the engine took.
    pub reports: u64,
    /// Fills among them.
    pub fills: u64,
    /// Requests that the engine sent.
    pub sent: u64,
    /// The first instant.
    pub began: Nanos,
    /// The last one.
    pub ended: Nanos,
}

/// An engine on its way through a tape.
pub struct Backtest<S, P> {
    /// The engine.
    pub engine: Engine<S>,
    /// Its doors.
    pub ports: P,
}

impl<S, R, V, W, K> Backtest<S, TapePorts<R, V, W, K>>
where
    S: Strategy,
    R: Rows,
    V: Rows,
    W: World,
    K: Keep,
{
    /// Runs to the end of the tape. `every` is called now and then with the rows taken so far, for
    /// progress.
    ///
    /// # Errors
    ///
    /// When the tape cannot be read on or the journal cannot be written.
    pub fn run<T: Witness>(
        &mut self,
        (names, witness): (&Names, &mut T),
        every: &mut dyn FnMut(u64, Nanos),
    ) -> Result<Came, Failed> {
        let Self { engine, ports } = self;
        let mut teller = Teller::new(names, witness, ports.rhythm());
        if !T::LOOKS {
            ports.never_pause();
        }
        loop {
            while step(engine, ports) {
                if ports.has_news() {
                    teller.news(engine, ports);
                }
            }
            let Some(at) = ports.paused_at() else { break };
            teller.looks(engine, at);
            every(ports.came().events, at);
            ports.go_on();
        }
        ports.check()?;
        let came = ports.came();
        teller.end(engine, came.ended);
        Ok(came)
    }
}
