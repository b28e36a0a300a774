//! What the venue does by itself as time goes on, in the order of time: requests arrive, funding is
//! paid, the connection goes and comes, fee tiers change.

use super::super::order::Ask;
use super::{RESERVE, SimVenue};
use engine::event::{Body, Event, Link, LinkState};
use engine::time::Nanos;

/// Never.
const NEVER: Nanos = Nanos(u64::MAX);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    /// A request arrives.
    Arrival,
    /// Funding of the instrument at this place.
    Funding(usize),
    /// The connection is lost, or comes back.
    Edge,
    /// Another day.
    Day,
}

impl SimVenue {
    /// The next of its own work.
    fn next_job(&self) -> (Nanos, Job) {
        let mut next = (self.entry.next_at().unwrap_or(NEVER), Job::Arrival);
        let mut offer = |at: Nanos, job| {
            if at < next.0 {
                next = (at, job);
            }
        };
        for (place, board) in self.boards.iter().enumerate() {
            offer(board.funding.map_or(NEVER, |funding| funding.1), Job::Funding(place));
        }
        if let Some((from, until)) = self.trouble.outage() {
            offer(if self.is_down { until } else { from }, Job::Edge);
        }
        if self.volume.has_tiers() {
            offer(self.volume.turns_at(), Job::Day);
        }
        next
    }

    /// Notes when the next of its own work is due.
    pub(super) fn plan(&mut self) {
        self.work_at = if self.is_stuck { NEVER } else { self.next_job().0 };
    }

    /// Goes on where there was no room.
    #[cold]
    pub(super) fn unstick(&mut self, now: Nanos) {
        if self.response.room() > RESERVE {
            self.is_stuck = false;
            for place in 0..self.boards.len() {
                self.settle(place);
            }
            self.work(now);
        }
    }

    /// Does all that is due by now, as long as its rows have room.
    #[inline(never)]
    pub(super) fn work(&mut self, now: Nanos) {
        loop {
            self.is_stuck |= self.response.room() <= RESERVE;
            self.plan();
            let (at, job) = self.next_job();
            if at > now || self.is_stuck {
                return;
            }
            match job {
                Job::Arrival => {
                    if let Some((at, (wish, luck))) = self.entry.pop(now) {
                        self.carry_out(at, wish, luck);
                    }
                }
                Job::Funding(place) => self.pay_funding(at, place),
                Job::Edge => self.on_edge(at),
                Job::Day => {
                    self.volume.turn(at);
                    self.set_fees(0);
                }
            }
        }
    }

    /// The connection is lost, or comes back and everything is told.
    fn on_edge(&mut self, at: Nanos) {
        self.is_down = !self.is_down;
        let state = if self.is_down { LinkState::Down } else { LinkState::Up };
        let row = Event::new(at, self.venue, 0, Body::Link { link: Link::Orders, state });
        if self.is_down {
            return self.push_local(row, at);
        }
        self.trouble.over();
        if self.response.push(at, row).is_err() {
            self.rows_dropped += 1;
        }
        self.reconcile(at);
    }

    /// Hands a request to a market.
    pub(super) fn apply(&mut self, at: Nanos, board: usize, ask: Ask) {
        // The market's reports are fetched after every call, so it has room.
        let _ = self.boards[board].market.apply(at, ask);
        self.settle(board);
    }
}
