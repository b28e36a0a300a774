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
//! **Invariants.** Same input, same bytes: nothing here reads a clock or draws a number. Of a tape
//! no more is held than the rows at hand, however long it is.

mod equity;
mod journal;
mod merge;
mod others;
mod ports;
mod resync;
mod rows;
mod tape;

pub use journal::{Keep, Unkept, Written};
pub use merge::Merged;
pub use others::Others;
pub use ports::{Rhythm, TapePorts};
pub use rows::{Failed, Held, HeldMoments, Moments, Rows, by_venue};
pub use tape::{Numbers, TapeRows};

use crate::run::{Meta, Observer, Witness};
use engine::engine::{Engine, step};
use engine::event::Event;
use engine::id::AssetId;
use engine::num::Amount;
use engine::strategy::Strategy;
use engine::time::Nanos;
use resync::Resyncs;

/// Rows between two signs of life.
const SIGN_EVERY: u64 = 1 << 16;

/// What a run came to, beside what its witness was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// Rows of the market that the engine took: what speed is counted by.
    pub events: u64,
    /// Rows of the market that the venues took.
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

/// Who is told what, and how a run is called.
pub struct About<'a, T> {
    /// Who is told what happens.
    pub witness: &'a mut T,
    /// The run's name and markets; its equity follows from the balances.
    pub meta: Meta,
    /// Balances at the start.
    pub balances: &'a [(AssetId, Amount)],
    /// Between two looks at how things stand.
    pub look_every: Nanos,
    /// Called now and then with the rows taken so far and the time they are of.
    pub sign: &'a mut dyn FnMut(u64, Nanos),
}

/// An engine on its way through a tape.
pub struct Backtest<S, P> {
    /// The engine.
    pub engine: Engine<S>,
    /// Its doors.
    pub ports: P,
}

impl<S, R, V, K> Backtest<S, TapePorts<R, V, K>>
where
    S: Strategy,
    R: Rows,
    V: Moments,
    K: Keep,
{
    /// Runs to the end of the tape.
    ///
    /// # Errors
    ///
    /// When the tape cannot be read on or the journal cannot be written.
    pub fn run<T: Witness>(&mut self, about: About<'_, T>) -> Result<Came, Failed> {
        let About { witness, meta, balances, look_every, sign } = about;
        let mut observer = Observer::new(meta, look_every);
        let mut sign_at = SIGN_EVERY;
        while let Some(head) = self.ports.prepare()? {
            self.turn(&head, balances, &mut observer, witness);
            if self.ports.came().events >= sign_at {
                sign_at = self.ports.came().events + SIGN_EVERY;
                sign(self.ports.came().events, head.at);
                self.ports.check()?;
            }
        }
        self.ports.check()?;
        let came = self.ports.came();
        if !observer.has_begun() {
            let equity = equity::worth(&self.engine, balances);
            observer.begin((came.ended, equity), &self.engine, witness);
        }
        observer.end(came.ended, &self.engine, witness);
        Ok(came)
    }

    /// One report or timer, or the market's rows of one instant, the first of which is `head`.
    ///
    /// What is measured begins when the worth of all that is held is known, and at the latest with
    /// the first order.
    #[inline]
    fn turn<T: Witness>(
        &mut self,
        head: &Event,
        balances: &[(AssetId, Amount)],
        observer: &mut Observer,
        witness: &mut T,
    ) {
        let Self { engine, ports } = self;
        observer.before(head, engine, witness);
        loop {
            ports.take_inner(engine);
            if !step(engine, ports) {
                break;
            }
        }
        if !observer.has_begun() && (ports.has_orders() || equity::is_known(engine)) {
            let equity = equity::worth(engine, balances);
            observer.begin((head.at, equity), engine, witness);
        }
        observer.after(head, engine, witness);
        for (at, place) in ports.orders() {
            let names = (place.instrument, place.client.order);
            let order = (place.side, place.price, place.qty);
            observer.sent((at, 0), names, order, (engine, witness));
        }
    }
}
