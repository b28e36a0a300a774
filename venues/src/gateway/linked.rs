//! Linked orders: they come from the engine one by one, each approved by itself, and leave as one
//! request.
//!
//! ```text
//!  [entry] first second ─▶ Pair, or Bracket where an entry came before
//! ```

use crate::wire::{Ask, Twin, following};
use engine::condition::{Condition, Tie};
use engine::intent::{Intent, Place};
use engine::time::Nanos;
use std::collections::VecDeque;

/// What has come of a request so far.
#[derive(Debug, Default)]
pub(super) struct Linked {
    entry: Option<Place>,
    first: Option<(Place, Condition)>,
}

impl Linked {
    /// Takes the next one; adds the request that it completes, or is.
    #[cold]
    pub fn take(
        &mut self,
        intent: Intent,
        places: &mut VecDeque<(Ask, [Nanos; 2])>,
        times: [Nanos; 2],
    ) {
        let ask = match intent {
            Intent::Entry(entry) => {
                (self.entry, self.first) = (Some(entry), None);
                return;
            }
            Intent::Conditional { order, until, tie: Tie::First } => {
                // An entry whose others found the ring full is none of this one's.
                self.entry = self.entry.filter(|entry| following(entry.client, 1) == order.client);
                self.first = Some((order, until));
                return;
            }
            Intent::Conditional { order, until, tie: Tie::Second } => {
                match (self.entry.take(), self.first.take()) {
                    (Some(entry), Some((stop, when))) => {
                        let take = twin(&order, &until, order.client != stop.client);
                        Ask::Bracket { entry, stop: twin(&stop, &when, true), take }
                    }
                    (None, Some((stop, when))) => {
                        let take = twin(&order, &until, order.client != stop.client);
                        Ask::Pair { stop, until: when, take }
                    }
                    (_, None) => Ask::from(intent),
                }
            }
            other => Ask::from(other),
        };
        places.push_back((ask, times));
    }
}

const fn twin(order: &Place, until: &Condition, is_named: bool) -> Twin {
    let Place { price, tif, .. } = *order;
    Twin { price, trigger: until.price, watched: until.watched, tif, is_named }
}
