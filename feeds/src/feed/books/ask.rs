//! What is asked of the venue over connections, and what becomes of that.

use super::Books;
use crate::feed::lane::Lane;
use crate::feed::links::{PLACES, endpoint_of, places_of};
use crate::feed::topics::{Topics, Trouble};
use crate::net::{HttpReply, HttpRequest, NetError};
use crate::protocol::{Asked, DecodeError, Endpoint, Protocol, Silence, Stream};
use crate::sequence::Loaded;
use engine::event::Event;
use engine::time::Nanos;
use std::sync::Arc;

/// Whether the n-th topic of an endpoint ever spoke over the connection at this place.
fn spoke<'a>(
    endpoint: &'a Endpoint,
    lanes: &'a [Lane],
    place: usize,
) -> impl Fn(usize) -> bool + 'a {
    move |number| {
        let topic = endpoint.topics.get(number);
        let lane = topic.and_then(|topic| lanes.get(usize::from(topic.place?)));
        topic.zip(lane).is_some_and(|(topic, lane)| lane.spoke(place, topic.stream))
    }
}

impl Books {
    /// Writes the next request to be sent over the connection at this place, which counts as sent;
    /// false when there is none.
    #[inline]
    pub fn write_request(
        &mut self,
        place: usize,
        now: Nanos,
        protocol: &impl Protocol,
        out: &mut Vec<u8>,
    ) -> bool {
        let Some(due) = self.topics.get_mut(place).and_then(|topics| topics.due(now)) else {
            return false;
        };
        let Some(endpoint) = self.endpoints.get(endpoint_of(place)) else { return false };
        out.clear();
        protocol.write_request(&due.request(endpoint), out);
        true
    }

    /// Looks at what was asked for over the connection at this place; false when only another
    /// connection can bring it.
    pub fn look(&mut self, place: usize, now: Nanos) -> bool {
        let Self { topics, endpoints, lanes, counters, .. } = self;
        let endpoint = endpoints.get(endpoint_of(place));
        let Some((topics, endpoint)) = topics.get_mut(place).zip(endpoint) else { return true };
        let (mut trouble, mut well) = (None, true);
        topics.look((endpoint, now), spoke(endpoint, lanes, place), |number, what| {
            match what {
                Trouble::Unanswered => counters.subscriptions_unanswered += 1,
                _ => counters.silent_topics += 1,
            }
            well &= what != Trouble::Deaf;
            trouble = trouble.or(Some((number, what)));
        });
        if let Some((number, what)) = trouble {
            let why = match what {
                Trouble::Unanswered => "the subscription was not answered",
                Trouble::Silent | Trouble::Mended => "subscribed to, but nothing came",
                Trouble::Deaf => "nothing came; another connection is made",
            };
            self.tell(place, number, why);
        }
        well
    }

    #[cold]
    #[inline(never)]
    fn tell(&mut self, place: usize, number: usize, why: &str) {
        let Some(endpoint) = self.endpoints.get(endpoint_of(place)) else { return };
        let topic = endpoint.topics.get(number).map_or("a topic", |topic| topic.name.as_str());
        let at = endpoint.url.split('?').next().unwrap_or_default();
        let (at, topic, why) = (at.to_string(), topic.to_string(), why.to_string());
        self.trouble = Some(NetError::Topic { at, topic, why });
    }

    pub(super) fn granted(&mut self, asked: Asked) {
        let now = self.now;
        if let Some(topics) = self.topics.get_mut(self.by) {
            self.counters.subscriptions += topics.granted(asked, now) as u64;
        }
    }

    #[cold]
    pub(super) fn refused(&mut self, asked: Asked, why: &str) {
        let (by, now) = (self.by, self.now);
        let Self { topics, endpoints, lanes, .. } = self;
        let endpoint = endpoints.get(endpoint_of(by));
        let Some((topics, endpoint)) = topics.get_mut(by).zip(endpoint) else { return };
        let first = topics.refused(asked, now, spoke(endpoint, lanes, by));
        self.counters.subscriptions_refused += 1;
        self.tell(by, first.unwrap_or(usize::MAX), why);
    }

    /// Asks for the n-th lane's book, where it is wanted now: by a subscription, or by the request
    /// that is returned, where there is one. What did not follow its subscription in time is told.
    pub fn ask(
        &mut self,
        place: usize,
        now: Nanos,
        request: impl FnOnce() -> Option<Arc<HttpRequest>>,
    ) -> Option<Arc<HttpRequest>> {
        let lane = self.lanes.get_mut(place)?;
        self.counters.resyncs += u64::from(lane.broke(now));
        if lane.gives_up(now) {
            self.counters.snapshot_errors += 1;
            if let Some(carrier) = lane.carrier(Stream::Depth) {
                let by = (0..PLACES).find(|by| endpoint_of(*by) == carrier.endpoint).unwrap_or(0);
                self.tell(by, carrier.topic, "no book followed the subscription");
            }
        }
        let lane = self.lanes.get(place).filter(|lane| lane.asks(now))?;
        let (request, first) = (request(), lane.tries_request());
        if (request.is_none() || !first) && self.renew(place, now) { None } else { request }
    }

    /// The answer to the n-th lane's request came: its book, or why there is none. What could not
    /// be read is returned.
    pub fn answered<P: Protocol>(
        &mut self,
        place: usize,
        protocol: &mut P,
        result: Result<HttpReply, NetError>,
        now: Nanos,
    ) -> Result<(), DecodeError> {
        let (mut base, mut wait, mut refused) = (false, Nanos::ZERO, Ok(()));
        match result {
            Ok(mut reply) if reply.status == 200 => {
                match protocol.on_snapshot(place, &mut reply.body, now) {
                    Ok(book) => {
                        base = self.snapshot(place, book.last, book.rows) == Some(Loaded::Base);
                    }
                    Err(error) => {
                        self.counters.snapshot_errors += 1;
                        refused = Err(error);
                    }
                }
            }
            Ok(reply) => {
                self.counters.snapshot_errors += 1;
                wait = Nanos::from_s(u64::from(reply.retry_after_s.unwrap_or(0)));
                let at = protocol.snapshot_request(place);
                let at = at.map_or(String::new(), |request| request.url.clone());
                let why = format!("HTTP {}", reply.status);
                self.trouble = Some(NetError::Request { at, why, sent: true });
            }
            Err(error) => {
                self.counters.snapshot_errors += 1;
                self.trouble = Some(error);
            }
        }
        if let Some(lane) = self.lanes.get_mut(place) {
            lane.answered(base, now);
        }
        if wait != Nanos::ZERO {
            self.lanes.iter_mut().for_each(|lane| lane.wait_until(now.after(wait)));
        }
        refused
    }

    /// Takes a snapshot for the n-th lane that was asked for.
    pub fn snapshot(&mut self, place: usize, last: u64, rows: &[Event]) -> Option<Loaded> {
        let lane = self.lanes.get_mut(place)?;
        let (sequence, mut way) = lane.way(&mut self.out);
        let loaded = sequence.on_snapshot(last, rows, &mut way);
        if loaded == Loaded::Base {
            lane.chain.based_otherwise();
            self.counters.snapshots += 1;
        }
        self.counters.old_snapshots += u64::from(loaded == Loaded::TooOld);
        self.judge(place);
        Some(loaded)
    }

    /// Asks for the n-th lane's book by a subscription, over one connection after the other; false
    /// when there is none.
    fn renew(&mut self, place: usize, now: Nanos) -> bool {
        let Some(lane) = self.lanes.get_mut(place) else { return false };
        let Some(carrier) = lane.carrier(Stream::Depth) else { return false };
        let up = self.up & places_of(carrier.endpoint);
        let turn = lane.turns() as usize % (up.count_ones() as usize).max(1);
        let Some(by) = (0..PLACES).filter(|by| up >> by & 1 != 0).nth(turn) else { return false };
        if !self.topics.get(by).is_some_and(Topics::asks) {
            return false;
        }
        lane.subscribed(by, now.after(self.answer_max));
        self.renew_at(place, by, now)
    }

    /// Asks a connection that is not believed for its book, after a wait.
    pub(super) fn renew_later(&mut self, place: usize, by: usize) {
        let now = self.now;
        let topic = self.lanes.get(place).and_then(|lane| lane.carrier(Stream::Depth));
        let wait = self.topics.get_mut(by).zip(topic).map(|(all, one)| all.wait(one.topic));
        self.renew_at(place, by, now.after(wait.unwrap_or(Nanos::ZERO)));
    }

    fn renew_at(&mut self, place: usize, by: usize, at: Nanos) -> bool {
        let Some(lane) = self.lanes.get_mut(place) else { return false };
        let Some(carrier) = lane.carrier(Stream::Depth) else { return false };
        lane.chain.mute(by);
        lane.told(by, Stream::Depth, 0);
        lane.forget(by, Stream::Depth);
        self.counters.resubscriptions += 1;
        if let Some(topics) = self.topics.get_mut(by) {
            topics.renew(carrier.topic, at);
        }
        true
    }

    /// Whether the newcomer brings what the connection that it replaces did: books that it could go
    /// on with, or a word of each stream that always speaks.
    pub fn is_in_step(&self, newcomer: usize) -> bool {
        if endpoint_of(newcomer) == self.main {
            return self.lanes.iter().all(|lane| lane.in_step);
        }
        let Some(endpoint) = self.endpoints.get(endpoint_of(newcomer)) else { return true };
        let spoke = spoke(endpoint, &self.lanes, newcomer);
        let topics = endpoint.topics.iter().enumerate();
        topics
            .filter(|(_, topic)| topic.silence == Silence::Mended)
            .all(|(number, _)| spoke(number))
    }
}
