//! What the engine sends is taken from its ring and sorted: cancels leave before places, and places
//! before queries.

use super::session::Phase;
use super::{Gateway, QUEUE_MAX, TAKEN_MAX};
use crate::wire::{Ask, Wire, following};
use engine::event::Reason;
use engine::id::OrderId;
use engine::intent::{Intent, Outgoing, Reduce};
use engine::time::{Clock, Nanos};
use rtrb::Consumer;

impl<W: Wire> Gateway<W> {
    #[inline]
    pub(super) fn take<C: Clock>(&mut self, clock: &C) -> usize {
        let mut taken = 0;
        while taken < TAKEN_MAX && self.queries.len() < QUEUE_MAX {
            let Some(Ok(item)) = self.orders.as_mut().map(Consumer::pop) else { break };
            taken += 1;
            match item {
                Outgoing::Place(approved) => {
                    let times = [approved.read_at(), approved.at()];
                    match *approved.intent() {
                        // Two requests that leave together, each told on its own.
                        Intent::Replace { old, new } if !self.session.abilities.replaces => {
                            self.cancels.push_back(Ask::Cancel(old));
                            self.places.push_back((Ask::Place(new), times));
                        }
                        Intent::Entry(_) | Intent::Conditional { .. } => {
                            self.linked.take(*approved.intent(), &mut self.places, times);
                        }
                        intent => self.places.push_back((Ask::from(intent), times)),
                    }
                }
                Outgoing::Reduce(reduce) => self.take_reduce(reduce, clock),
                Outgoing::Resync(_) => self.session.counters.ignored += 1,
            }
        }
        taken
    }

    fn take_reduce<C: Clock>(&mut self, reduce: Reduce, clock: &C) {
        match reduce {
            Reduce::Cancel(order) => {
                if !self.withdraw(|ask| concerns(ask, order.order()), clock) {
                    self.cancels.push_back(Ask::Cancel(order));
                }
            }
            Reduce::Amend { order, qty } => self.cancels.push_back(Ask::Amend { order, qty }),
            Reduce::CancelAll(instrument) => {
                self.withdraw(|ask| ask.instrument() == instrument, clock);
                if self.session.abilities.cancels_at_once == 0 {
                    let all = self.session.abilities.cancel_alls().iter();
                    let ask = |waiting: &bool| Ask::CancelAll { instrument, waiting: *waiting };
                    self.cancels.extend(all.map(ask));
                } else if self.session.phase != Phase::Halting {
                    self.session.cancel_found(instrument);
                }
            }
            Reduce::Query(order) => {
                let by_venue_id = order.order().is_foreign();
                self.queries.push_back(Ask::Query { order, by_venue_id, ended: false });
            }
            Reduce::Reconcile(_) => {
                if self.session.phase == Phase::Ready {
                    self.session.begin_reconcile(clock.now());
                }
            }
            Reduce::Renew(_) => self.renew_at = Nanos::ZERO,
        }
    }

    /// Withdraws places that were taken in this same turn and are cancelled in it too: cancels
    /// leave first, and would miss them. Whether there were any.
    fn withdraw<C: Clock>(&mut self, which: impl Fn(&Ask) -> bool, clock: &C) -> bool {
        let (mut place, mut any) = (0, false);
        while let Some((ask, _)) = self.places.get(place).copied() {
            if !which(&ask) {
                place += 1;
                continue;
            }
            self.places.remove(place);
            match ask {
                // It stands, and is cancelled as it is.
                Ask::Move { .. } => self.session.refuse(&ask, Reason::NotAttempted, clock.now()),
                Ask::Replace { old, .. } => self.cancels.push_back(Ask::Cancel(old)),
                _ => {}
            }
            if let Some((new, more)) = ask.places() {
                any = true;
                for many in 0..=more {
                    let order = following(new.client, many).order;
                    self.session.withdraw(order, ask.instrument(), clock.now());
                }
            }
        }
        any
    }
}

/// Whether a request places or changes this order.
fn concerns(ask: &Ask, order: OrderId) -> bool {
    match ask {
        Ask::Move { old, .. } => old.order() == order,
        _ => ask.places().is_some_and(|(new, more)| {
            (0..=more).any(|many| following(new.client, many).order == order)
        }),
    }
}
