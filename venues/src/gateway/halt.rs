//! The cancelling of everything when the engine died: until the venue says that nothing stands.

use super::pending::{Entry, Then};
use super::reconcile::RETRY_AFTER;
use super::session::{Phase, Session};
use crate::wire::{Ask, Kind};
use engine::id::InstrumentId;
use engine::time::Nanos;

impl Session {
    /// Cancels all, then looks whether anything stands, until nothing does.
    pub fn begin_halt(&mut self) {
        self.phase = Phase::Halting;
        let state = &mut self.reconciliation;
        (state.failed, state.found, state.retry_at) = (false, 0, None);
        if self.abilities.cancels_at_once > 0 {
            // It can only cancel what it finds.
            self.look_halt();
        } else {
            let all = self.abilities.cancel_alls().iter();
            self.ask_halt(all, |instrument, waiting| Ask::CancelAll {
                instrument,
                waiting: *waiting,
            });
        }
    }

    fn look_halt(&mut self) {
        let looks = |instrument, list| Ask::OpenOrders { instrument, list, page: 0 };
        self.ask_halt(self.abilities.lists(), looks);
    }

    fn ask_halt<I>(
        &mut self,
        which: impl Iterator<Item = I> + Clone,
        ask: impl Fn(InstrumentId, I) -> Ask,
    ) {
        self.asks.clear();
        for instrument in &self.instruments {
            for one in which.clone() {
                self.asks.push_back((ask(*instrument, one), Then::Halt));
            }
        }
        self.reconciliation.waiting = self.asks.len() as u32;
        if self.instruments.is_empty() {
            self.phase = Phase::Halted;
        }
    }

    /// One of a halt's requests is answered.
    pub(super) fn halt_answer(&mut self, entry: &Entry, done: bool, at: Nanos) {
        if self.phase != Phase::Halting {
            return;
        }
        let state = &mut self.reconciliation;
        state.waiting = state.waiting.saturating_sub(1);
        state.failed |= !done;
        let looking = entry.ask.kind() == Kind::OpenOrders;
        if looking {
            state.found += entry.items;
        }
        if state.waiting > 0 {
            return;
        }
        if state.failed || looking && state.found > 0 {
            let stopped_until = self.budget.stopped_until();
            let wait = stopped_until.since(self.venue_now(at)).max(RETRY_AFTER);
            self.reconciliation.retry_at = Some(at.after(wait));
            if self.abilities.cancels_at_once > 0 {
                for place in 0..self.instruments.len() {
                    self.cancel_doomed(self.instruments[place]);
                }
            }
        } else if looking {
            self.phase = Phase::Halted;
        } else {
            self.look_halt();
        }
    }
}
