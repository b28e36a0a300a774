//! Connections and what each is subscribed to; one place from which everything is sent.
//!
//! Each connection has a bounded queue. One that does not drain it is closed and counted, as the
//! venue does with slow readers.

use crate::cause::{Causes, Message as Counted};
use crate::order::AccountId;
use axum::extract::ws::Utf8Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Messages a connection may have waiting.
pub(crate) const QUEUE: usize = 16_384;
/// Most streams of one connection.
pub(crate) const STREAMS_MAX: usize = 1024;

/// What a connection's task is told to do.
#[derive(Clone, Debug)]
pub(crate) enum Out {
    /// Write a text frame; the update id in it, where it is a book message, is stamped.
    Text(Utf8Bytes, Option<u64>),
    /// Do nothing for this long.
    Pause(Duration),
    /// Close with a frame.
    Close,
    /// Vanish.
    Abort,
}

/// One connection.
pub(crate) struct Connection {
    out: mpsc::Sender<Out>,
    /// Market streams (else the WebSocket API).
    market: bool,
    pub streams: BTreeSet<String>,
    pub combined: bool,
    /// User-data subscriptions: id and account.
    pub feeds: Vec<(u32, AccountId)>,
}

/// All connections.
pub(crate) struct Hub {
    connections: BTreeMap<u64, Connection>,
    next: u64,
    causes: Arc<Causes>,
    /// Streams that anyone has; recounted when a subscription changes.
    wanted: BTreeMap<String, u32>,
    /// Whether anyone has ever asked for a market stream.
    pub watched: bool,
}

impl Hub {
    pub(crate) fn new(causes: Arc<Causes>) -> Self {
        Self {
            connections: BTreeMap::new(),
            next: 1,
            causes,
            wanted: BTreeMap::new(),
            watched: false,
        }
    }

    pub(crate) fn enter(&mut self, market: bool, combined: bool) -> (u64, mpsc::Receiver<Out>) {
        let (out, queue) = mpsc::channel(QUEUE);
        let id = self.next;
        self.next += 1;
        let connection =
            Connection { out, market, streams: BTreeSet::new(), combined, feeds: Vec::new() };
        self.connections.insert(id, connection);
        (id, queue)
    }

    pub(crate) fn leave(&mut self, id: u64) {
        self.connections.remove(&id);
        self.recount();
    }

    pub(crate) fn get(&mut self, id: u64) -> Option<&mut Connection> {
        self.connections.get_mut(&id)
    }

    /// Open connections.
    pub(crate) fn count(&self) -> usize {
        self.connections.len()
    }

    /// Brings the table of wanted streams up to date after a change of subscriptions.
    pub(crate) fn recount(&mut self) {
        self.wanted.clear();
        for connection in self.connections.values() {
            for stream in &connection.streams {
                *self.wanted.entry(stream.clone()).or_default() += 1;
            }
        }
        self.watched |= !self.wanted.is_empty();
    }

    /// Whether anyone is subscribed to a stream.
    pub(crate) fn wants(&self, stream: &str) -> bool {
        self.wanted.contains_key(stream)
    }

    /// Sends one market event to all who want it.
    pub(crate) fn publish(&mut self, stream: &str, json: &str, update: Option<u64>) {
        if !self.wants(stream) {
            return;
        }
        let plain: Utf8Bytes = json.into();
        let wrapped: Utf8Bytes = format!(r#"{{"stream":"{stream}","data":{json}}}"#).into();
        let mut slow = Vec::new();
        for (id, connection) in &self.connections {
            if connection.streams.contains(stream) {
                let text = if connection.combined { wrapped.clone() } else { plain.clone() };
                self.causes.count(Counted::MarketOut);
                if connection.out.try_send(Out::Text(text, update)).is_err() {
                    slow.push(*id);
                }
            }
        }
        self.close_slow(&slow);
    }

    /// Sends one private event to an account's subscriptions.
    pub(crate) fn publish_private(&mut self, account: AccountId, json: &str) {
        let mut slow = Vec::new();
        for (id, connection) in &self.connections {
            for (subscription, _) in connection.feeds.iter().filter(|feed| feed.1 == account) {
                let text = format!(r#"{{"subscriptionId":{subscription},"event":{json}}}"#);
                self.causes.count(Counted::PrivateOut);
                if connection.out.try_send(Out::Text(text.into(), None)).is_err() {
                    slow.push(*id);
                }
            }
        }
        self.close_slow(&slow);
    }

    fn close_slow(&mut self, slow: &[u64]) {
        for id in slow {
            self.causes.count(Counted::SlowClient);
            // Dropping the sender ends the connection's task.
            self.leave(*id);
        }
    }

    /// Tells every connection (or the market ones only).
    pub(crate) fn tell_all(&mut self, market_only: bool, out: &Out) {
        for connection in self.connections.values() {
            if connection.market || !market_only {
                let _ = connection.out.try_send(out.clone());
            }
        }
    }

    /// Closes every connection that is older than the one with this id.
    pub(crate) fn close_older(&mut self, id: u64) {
        for connection in self.connections.range(..id).map(|(_, connection)| connection) {
            let _ = connection.out.try_send(Out::Close);
        }
    }

    /// The id of the next connection.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// `serverShutdown` in each connection's own wrapping.
    pub(crate) fn announce_shutdown(&mut self, now_ms: u64) {
        let event = format!(r#"{{"e":"serverShutdown","E":{now_ms}}}"#);
        for connection in self.connections.values() {
            let text = match (connection.market, connection.combined) {
                (true, false) => event.clone(),
                (true, true) => format!(r#"{{"stream":"!serverShutdown","data":{event}}}"#),
                (false, _) => format!(r#"{{"event":{event}}}"#),
            };
            let _ = connection.out.try_send(Out::Text(text.into(), None));
        }
    }
}
