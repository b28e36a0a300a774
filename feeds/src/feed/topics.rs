//! What was asked for over one connection, and what became of it: each topic is asked for, granted
//! or refused, and expected to speak.
//!
//! ```text
//!  Wanted ──request──▶ Asked ──granted, or it speaks──▶ Up ──silent for too long──▶ told once,
//!    ▲  ▲                │ refused, or no answer           │                        or Wanted
//!    │  └── wait, alone ─┘                                 │ its book is wanted anew
//!    └──────────────────────── left, and asked for again ──┘
//! ```
//!
//! A request of several topics that fails says little about each: the next time each is asked for
//! alone, after a wait that grows.

use super::FeedLimits;
use crate::net::Backoff;
use crate::protocol::{Asked, Asks, Endpoint, Request, Silence};
use engine::time::Nanos;

/// How often the times of topics are looked at.
const LOOK_EVERY: Nanos = Nanos::from_ms(100);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// To be asked for from then on.
    Wanted(Nanos),
    /// Asked for by this request, at.
    Asked(u32, Nanos),
    /// It is followed since.
    Up(Nanos),
}

#[derive(Debug)]
struct State {
    step: Step,
    /// Whether it is to be left before it is asked for.
    leaves: bool,
    /// Whether it is asked for without others.
    alone: bool,
    /// Whether its silence was told.
    told: bool,
    backoff: Backoff,
}

/// What is wrong with a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No answer came in time.
    Unanswered,
    /// It says nothing, and that may be all right.
    Silent,
    /// It says nothing, and is asked for again.
    Mended,
    /// It says nothing, and only another connection can ask for it again.
    Deaf,
}

/// A request that is to be sent: topics from `first` on, so many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub leaves: bool,
    pub id: u32,
    first: usize,
    count: usize,
}

impl Due {
    /// The request itself.
    pub fn request<'e>(&self, endpoint: &'e Endpoint) -> Request<'e> {
        let topics = endpoint.topics.get(self.first..self.first + self.count).unwrap_or_default();
        Request { leaves: self.leaves, id: self.id, topics }
    }
}

/// The topics of one connection.
#[derive(Debug)]
pub(super) struct Topics {
    states: Vec<State>,
    batch: usize,
    requests: u32,
    /// Whether there may be something to ask for or to watch.
    busy: bool,
    look_at: Nanos,
    answer_max: Nanos,
    first_max: Nanos,
}

impl Topics {
    /// Those of an endpoint, nothing asked yet; all memory is reserved here.
    pub fn new(endpoint: &Endpoint, limits: &FeedLimits, place: usize) -> Self {
        let state = |number: usize| State {
            step: Step::Wanted(Nanos::ZERO),
            leaves: false,
            alone: false,
            told: false,
            backoff: limits.snapshot(place * 1_000 + number),
        };
        Self {
            states: (0..endpoint.topics.len()).map(state).collect(),
            batch: if let Asks::Requests(batch) = endpoint.asks { batch.max(1) } else { 0 },
            requests: 0,
            busy: false,
            look_at: Nanos::ZERO,
            answer_max: limits.answer_max,
            first_max: limits.first_message_max,
        }
    }

    /// A new connection is up: topics that its URL names are followed, the others are wanted.
    pub fn joined(&mut self, now: Nanos) {
        let step = if self.batch == 0 { Step::Up(now) } else { Step::Wanted(now) };
        for state in &mut self.states {
            (state.step, state.leaves, state.alone, state.told) = (step, false, false, false);
            state.backoff.reset();
        }
        (self.busy, self.look_at) = (true, now);
    }

    /// The connection is gone.
    pub fn left(&mut self) {
        self.busy = false;
    }

    /// Whether topics can be asked for again over this connection.
    pub const fn asks(&self) -> bool {
        self.batch > 0
    }

    /// How long to wait before a topic is asked for again that failed.
    pub fn wait(&mut self, topic: usize) -> Nanos {
        self.states.get_mut(topic).map_or(Nanos::ZERO, |state| state.backoff.next())
    }

    /// Leaves a topic and asks for it again, from `at` on; nothing when that is under way.
    pub fn renew(&mut self, topic: usize, at: Nanos) {
        let Some(state) = self.states.get_mut(topic).filter(|_| self.batch > 0) else { return };
        if let Step::Up(_) | Step::Asked(..) = state.step {
            (state.step, state.leaves, state.alone) = (Step::Wanted(at), true, true);
            self.busy = true;
        }
    }

    /// The next request to be sent, if one is due; it counts as sent.
    pub fn due(&mut self, now: Nanos) -> Option<Due> {
        if !self.busy {
            return None;
        }
        let wanted = |state: &State| matches!(state.step, Step::Wanted(at) if now >= at);
        let first = self.states.iter().position(wanted)?;
        let state = &mut self.states[first];
        self.requests = self.requests.wrapping_add(1).max(1);
        let id = self.requests;
        if std::mem::take(&mut state.leaves) {
            return Some(Due { leaves: true, id, first, count: 1 });
        }
        let most = if state.alone { 1 } else { self.batch };
        let joins = |state: &&mut State| wanted(state) && !state.leaves;
        let mut count = 0;
        for state in self.states[first..].iter_mut().take(most).take_while(joins) {
            if count > 0 && state.alone {
                break;
            }
            state.step = Step::Asked(id, now);
            count += 1;
        }
        Some(Due { leaves: false, id, first, count })
    }

    /// The venue granted what was asked for; how many topics that is news for.
    pub fn granted(&mut self, asked: Asked, now: Nanos) -> usize {
        let mut count = 0;
        for (number, state) in self.states.iter_mut().enumerate() {
            let meant = match (asked, state.step) {
                (Asked::Request(id), Step::Asked(by, _)) => id == by,
                (Asked::Topic(topic), Step::Asked(..) | Step::Wanted(_)) => {
                    topic == number && !state.leaves
                }
                _ => false,
            };
            if meant {
                state.step = Step::Up(now);
                count += 1;
            }
        }
        count
    }

    /// The venue refused: what is meant is asked for again later, each alone, unless it speaks all
    /// the same (venues refuse what is followed already). The first of them, if the venue said
    /// which.
    pub fn refused(
        &mut self,
        asked: Asked,
        now: Nanos,
        spoke: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let mut first = None;
        for (number, state) in self.states.iter_mut().enumerate() {
            let meant = match (asked, state.step) {
                (Asked::Request(id), Step::Asked(by, _)) => id == by,
                (Asked::Topic(topic), Step::Asked(..)) => topic == number,
                _ => false,
            };
            if meant && spoke(number) {
                state.step = Step::Up(now);
            } else if meant {
                state.step = Step::Wanted(now.after(state.backoff.next()));
                state.alone = true;
                first = first.or(Some(number));
                self.busy = true;
            }
        }
        first
    }

    /// Looks at the times: who was not answered, who says nothing. `spoke` says whether a topic
    /// ever spoke over this connection.
    pub fn look(
        &mut self,
        (endpoint, now): (&Endpoint, Nanos),
        spoke: impl Fn(usize) -> bool,
        mut tell: impl FnMut(usize, Trouble),
    ) {
        if !self.busy || now < self.look_at {
            return;
        }
        self.look_at = now.after(LOOK_EVERY);
        let mut busy = false;
        // A connection over which nothing comes at all is deaf, whatever its streams are.
        let deaf = self.batch == 0 && !(0..self.states.len()).any(&spoke);
        for (number, state) in self.states.iter_mut().enumerate() {
            let speaks = spoke(number);
            let silence = endpoint.topics.get(number).map_or(Silence::Rest, |topic| topic.silence);
            match state.step {
                Step::Up(_) if speaks || silence == Silence::Rest || state.told => continue,
                Step::Up(since) if now.since(since) >= self.first_max => {
                    let trouble = match silence {
                        Silence::Mended if self.batch > 0 => Trouble::Mended,
                        Silence::Mended => Trouble::Deaf,
                        _ if deaf => Trouble::Deaf,
                        _ => Trouble::Silent,
                    };
                    tell(number, trouble);
                    state.told = trouble != Trouble::Mended;
                    if trouble == Trouble::Mended {
                        state.step = Step::Wanted(now.after(state.backoff.next()));
                        (state.leaves, state.alone) = (true, true);
                    }
                }
                Step::Asked(_, at) if now.since(at) >= self.answer_max => {
                    if speaks {
                        state.step = Step::Up(now);
                        continue;
                    }
                    tell(number, Trouble::Unanswered);
                    state.step = Step::Wanted(now.after(state.backoff.next()));
                    state.alone = true;
                }
                _ => {}
            }
            busy = true;
        }
        self.busy = busy;
    }

    /// Whether all that was asked for is followed.
    #[cfg(test)]
    pub fn all_up(&self) -> bool {
        self.states.iter().all(|state| matches!(state.step, Step::Up(_)))
    }
}

#[cfg(test)]
mod tests;
