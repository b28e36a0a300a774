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
            self.ask_halt(|instrument| Ask::OpenOrders { instrument, page: 0 });
        } else {
            self.ask_halt(Ask::CancelAll);
        }
    }

    fn ask_halt(&mut self, ask: impl Fn(InstrumentId) -> Ask) {
        self.asks.clear();
        self.reconciliation.waiting = self.instruments.len() as u32;
        for instrument in &self.instruments {
            self.asks.push_back((ask(*instrument), Then::Halt));
        }
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
            self.ask_halt(|instrument| Ask::OpenOrders { instrument, page: 0 });
        }
    }
}
