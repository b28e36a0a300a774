//! The doors of the engine: one `step`, three implementations of [`Ports`] (live, replay,
//! simulated).

use crate::event::Event;
use crate::intent::Outgoing;
use crate::time::{Nanos, Stage};

/// Everything that reaches or leaves the engine goes through these five calls.
pub trait Ports {
    /// The time to stamp the next event with; never decreases.
    fn now(&mut self) -> Nanos;
    /// The next event, `at` being when its last byte was read: commands first, then reports, then
    /// market, each bounded per turn.
    fn next(&mut self) -> Option<Event>;
    /// Writes the event down before it is applied.
    fn record(&mut self, event: &Event);
    /// Hands one item to the gateway or the feed.
    fn send(&mut self, item: Outgoing);
    /// Time stamp for the histograms; changes no state, empty in replay and simulation.
    fn mark(&mut self, stage: Stage);
}
