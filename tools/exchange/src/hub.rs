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
/// Most topics of one connection.
pub(crate) const TOPICS_MAX: usize = 1024;

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
    /// Market streams subscribed to, by the protocol's names.
    pub topics: BTreeSet<String>,
    /// How frames of this connection are wrapped; the protocol gives the number its meaning.
    pub wrapping: u8,
    /// Private subscriptions: the protocol's number of it, and the account.
    pub feeds: Vec<(u32, AccountId)>,
}

/// All connections.
pub(crate) struct Hub {
    connections: BTreeMap<u64, Connection>,
    next: u64,
    causes: Arc<Causes>,
    /// Topics that anyone has; recounted when a subscription changes.
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

    /// A new connection; `market` where it carries market streams.
    pub(crate) fn enter(&mut self, market: bool, wrapping: u8) -> (u64, mpsc::Receiver<Out>) {
        let (out, queue) = mpsc::channel(QUEUE);
        let id = self.next;
        self.next += 1;
        let connection =
            Connection { out, market, topics: BTreeSet::new(), wrapping, feeds: Vec::new() };
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

    /// Brings the table of wanted topics up to date after a change of subscriptions.
    pub(crate) fn recount(&mut self) {
        self.wanted.clear();
        for connection in self.connections.values() {
            for topic in &connection.topics {
                *self.wanted.entry(topic.clone()).or_default() += 1;
            }
        }
        self.watched |= !self.wanted.is_empty();
    }

    /// Whether anyone is subscribed to a topic.
    pub(crate) fn wants(&self, topic: &str) -> bool {
        self.wanted.contains_key(topic)
    }

    /// Connections that carry private events of an account, those of subscription `number` where
    /// one is given.
    pub(crate) fn private(&self, account: AccountId, number: Option<u32>) -> usize {
        let fits = |feed: &(u32, AccountId)| {
            feed.1 == account && number.is_none_or(|number| feed.0 == number)
        };
        self.connections.values().filter(|one| one.feeds.iter().any(fits)).count()
    }

    /// Sends one market event to all who want it; `wrap` writes it for a wrapping.
    pub(crate) fn publish(
        &mut self,
        topic: &str,
        update: Option<u64>,
        wrap: impl Fn(u8) -> String,
    ) {
        if !self.wants(topic) {
            return;
        }
        let mut texts = BTreeMap::<u8, Utf8Bytes>::new();
        let mut slow = Vec::new();
        for (id, connection) in &self.connections {
            if connection.topics.contains(topic) {
                let wrapping = connection.wrapping;
                let text = texts.entry(wrapping).or_insert_with(|| wrap(wrapping).into());
                self.causes.count(Counted::MarketOut);
                if connection.out.try_send(Out::Text(text.clone(), update)).is_err() {
                    slow.push(*id);
                }
            }
        }
        self.close_slow(&slow);
    }

    /// Sends one private event to an account's subscriptions; `wrap` writes it for a wrapping and
    /// the subscription's number, where that one carries it.
    pub(crate) fn publish_private(
        &mut self,
        account: AccountId,
        wrap: impl Fn(u8, u32) -> Option<String>,
    ) {
        let mut slow = Vec::new();
        for (id, connection) in &self.connections {
            for (number, _) in connection.feeds.iter().filter(|feed| feed.1 == account) {
                let Some(text) = wrap(connection.wrapping, *number) else { continue };
                self.causes.count(Counted::PrivateOut);
                if connection.out.try_send(Out::Text(text.into(), None)).is_err() {
                    slow.push(*id);
                }
            }
        }
        self.close_slow(&slow);
    }

    /// Ends all private subscriptions of an account; its connections stay open and silent.
    pub(crate) fn silence(&mut self, account: AccountId) {
        for connection in self.connections.values_mut() {
            connection.feeds.retain(|feed| feed.1 != account);
        }
    }

    /// Sends a text to every connection; `wrap` writes it for market streams or not and a wrapping.
    pub(crate) fn announce(&mut self, wrap: impl Fn(bool, u8) -> String) {
        for connection in self.connections.values() {
            let text = wrap(connection.market, connection.wrapping);
            let _ = connection.out.try_send(Out::Text(text.into(), None));
        }
    }

    /// Sends a text to one connection, behind what it has waiting.
    pub(crate) fn post(&mut self, id: u64, text: String) {
        let Some(connection) = self.connections.get(&id) else { return };
        if connection.out.try_send(Out::Text(text.into(), None)).is_err() {
            self.close_slow(&[id]);
        }
    }

    /// Numbers of an account's private subscriptions, each once.
    pub(crate) fn feeds(&self, account: AccountId) -> BTreeSet<u32> {
        let feeds = self.connections.values().flat_map(|connection| &connection.feeds);
        feeds.filter(|feed| feed.1 == account).map(|feed| feed.0).collect()
    }

    /// Ids of all connections.
    pub(crate) fn ids(&self) -> Vec<u64> {
        self.connections.keys().copied().collect()
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
}
