//! What can go wrong between us and a peer. Each message says what, where, and what to do.

use thiserror::Error;

/// A failure of a dial, a connection or a request. `at` is the host and port, or the URL.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NetError {
    /// The address is not one that can be dialled.
    #[error(
        "{at}: not a usable address: {why}; give ws://, wss://, http:// or https:// and a host"
    )]
    Address {
        /// The address as given.
        at: String,
        /// What is wrong with it.
        why: String,
    },
    /// The host could not be found or did not take the connection.
    #[error("{at}: cannot connect: {why}; check the host, the port and the network")]
    Connect {
        /// Where to.
        at: String,
        /// What the system said.
        why: String,
    },
    /// The TLS handshake failed.
    #[error("{at}: TLS failed: {why}; check the host name, the clock and the root certificates")]
    Tls {
        /// Where to.
        at: String,
        /// What TLS said.
        why: String,
    },
    /// The peer did not agree to speak WebSocket.
    #[error("{at}: WebSocket upgrade refused: {why}; check the path, or wait if rate limited")]
    Upgrade {
        /// Where to.
        at: String,
        /// What the peer said.
        why: String,
    },
    /// Nothing came in time. What was asked for may or may not have happened.
    #[error(
        "{at}: no answer within {after_ms} ms, outcome unknown; ask again or raise the time-out"
    )]
    TimedOut {
        /// Where to.
        at: String,
        /// How long was waited, ms.
        after_ms: u64,
    },
    /// The system reported an error on an open connection.
    #[error("{at}: connection failed: {why}; reconnect")]
    Io {
        /// Where to.
        at: String,
        /// What the system said.
        why: String,
    },
    /// The peer ended the connection.
    #[error("{at}: closed by the peer; reconnect")]
    Closed {
        /// Where to.
        at: String,
    },
    /// The peer sent something that is not WebSocket.
    #[error("{at}: malformed WebSocket frame: {what}; reconnect")]
    Malformed {
        /// Where from.
        at: String,
        /// Which rule it breaks.
        what: &'static str,
    },
    /// A message or body is larger than we accept.
    #[error("{at}: {bytes} bytes are over the limit of {limit}; raise the limit if that is normal")]
    TooLarge {
        /// Where from.
        at: String,
        /// Its size as announced, or as read so far.
        bytes: u64,
        /// The most we accept.
        limit: u64,
    },
    /// More is waiting to be written than the limit allows: the peer does not read.
    #[error("{at}: {limit} bytes wait to be written and the peer does not read; reconnect")]
    Backlog {
        /// Where to.
        at: String,
        /// The most that may wait.
        limit: u64,
    },
    /// A request failed below HTTP. Its outcome is unknown unless `sent` is false.
    #[error("{at}: request failed: {why}; check the network, then ask again")]
    Request {
        /// The URL without its query, which may hold secrets.
        at: String,
        /// What the client said.
        why: String,
        /// Whether the request may have reached the peer.
        sent: bool,
    },
    /// A peer does not bring what was asked for over a connection that is well.
    #[error("{at}: {topic}: {why}; check its name, and that this address carries it")]
    Topic {
        /// The URL without its query.
        at: String,
        /// What was asked for.
        topic: String,
        /// What is wrong.
        why: String,
    },
}
