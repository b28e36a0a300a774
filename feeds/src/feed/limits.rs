//! How long and how much: the times and sizes of a feed, plain, and what is wrong with them.

use super::links::CONNECTIONS_MAX;
use crate::net::Backoff;
use crate::sequence::SequenceLimits;
use engine::time::Nanos;

/// Limits of one feed. All spans are of our own clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedLimits {
    /// Connections to the same streams of each endpoint: what the first of them brings is taken.
    pub connections: usize,
    /// How long what is missing may be waited for while another connection may still bring it.
    pub hole_max: Nanos,
    /// How often the server is pinged; more often where the venue wants that.
    pub ping_every: Nanos,
    /// A connection is stale when nothing, not even a pong, came for so long; after twice that it
    /// is given up.
    pub connection_stale: Nanos,
    /// A best-bid-and-ask stream is stale after so long; 0 is never.
    pub best_stale: Nanos,
    /// A depth stream is stale after so long; 0 is never.
    pub depth_stale: Nanos,
    /// A trade stream is stale after so long; 0 is never, as markets may rest.
    pub trade_stale: Nanos,
    /// First wait before connecting again.
    pub reconnect_min: Nanos,
    /// Longest wait before connecting again.
    pub reconnect_max: Nanos,
    /// How long the answer to a subscription, or the book that follows it, may take.
    pub answer_max: Nanos,
    /// How long a stream that always speaks may say nothing after it was subscribed to.
    pub first_message_max: Nanos,
    /// First wait before asking for a snapshot, or for a topic, again.
    pub snapshot_min: Nanos,
    /// Longest wait before asking for a snapshot, or for a topic, again.
    pub snapshot_max: Nanos,
    /// A connection of this age is replaced by a new one.
    pub rollover_after: Nanos,
    /// How long the new connection may take to be in step before it replaces the old one anyway.
    pub rollover_settle: Nanos,
    /// What is held while a snapshot is awaited.
    pub sequence: SequenceLimits,
    /// Seed of the jitter.
    pub seed: u64,
}

impl Default for FeedLimits {
    fn default() -> Self {
        Self {
            connections: 1,
            hole_max: Nanos::from_ms(500),
            ping_every: Nanos::from_s(2),
            connection_stale: Nanos::from_s(5),
            best_stale: Nanos::from_s(30),
            depth_stale: Nanos::from_s(30),
            trade_stale: Nanos::ZERO,
            reconnect_min: Nanos::from_ms(250),
            reconnect_max: Nanos::from_s(30),
            answer_max: Nanos::from_s(10),
            first_message_max: Nanos::from_s(20),
            snapshot_min: Nanos::from_ms(500),
            snapshot_max: Nanos::from_s(30),
            rollover_after: Nanos::from_s((23 * 60 + 50) * 60),
            rollover_settle: Nanos::from_s(10),
            sequence: SequenceLimits::default(),
            seed: 1,
        }
    }
}

impl FeedLimits {
    /// What is wrong with these limits for a ring of so many rows; empty when nothing is.
    pub fn check(&self, ring_rows: usize) -> Vec<String> {
        let mut wrong = Vec::new();
        let snapshot = self.sequence.snapshot_rows_max;
        if ring_rows <= snapshot {
            wrong.push(format!(
                "a ring of {ring_rows} rows never has room for a snapshot of {snapshot}; make the \
                 ring larger or ask for fewer levels"
            ));
        }
        if !(1..=CONNECTIONS_MAX).contains(&self.connections) {
            let count = self.connections;
            wrong.push(format!("{count} connections; give 1 to {CONNECTIONS_MAX}"));
        }
        if self.connection_stale <= self.ping_every {
            wrong.push("connection_stale is not longer than ping_every; make it longer".into());
        }
        for (name, span) in [
            ("best_stale", self.best_stale),
            ("depth_stale", self.depth_stale),
            ("trade_stale", self.trade_stale),
        ] {
            if span != Nanos::ZERO && span < self.connection_stale {
                wrong.push(format!("{name} is shorter than connection_stale; make it longer"));
            }
        }
        for (name, min, max) in [
            ("reconnect", self.reconnect_min, self.reconnect_max),
            ("snapshot", self.snapshot_min, self.snapshot_max),
        ] {
            if min == Nanos::ZERO || min > max {
                wrong.push(format!("{name}_min is 0 or over {name}_max; give 0 < min <= max"));
            }
        }
        for (name, span) in
            [("answer_max", self.answer_max), ("first_message_max", self.first_message_max)]
        {
            if span == Nanos::ZERO {
                wrong.push(format!("{name} is 0; give the venue a time to answer"));
            }
        }
        if self.rollover_after == Nanos::ZERO {
            wrong.push("rollover_after is 0; give a span below the venue's 24 h".into());
        }
        wrong
    }

    pub(super) fn reconnect(&self, endpoint: usize) -> Backoff {
        let seed = self.seed ^ (endpoint as u64) << 32;
        Backoff::new(self.reconnect_min, self.reconnect_max, 2, 50, seed)
    }

    /// Of snapshots and topics: each of its own number draws its own waits.
    pub(super) fn snapshot(&self, place: usize) -> Backoff {
        let seed = self.seed.wrapping_add(place as u64 + 1);
        Backoff::new(self.snapshot_min, self.snapshot_max, 2, 50, seed)
    }
}
