//! What both kinds of WebSocket share: writing in batches, pings, life time, pauses.

use crate::cause::Causes;
use crate::hub::Out;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use futures_util::SinkExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;

/// How long a connection lives and how it is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Time between the server's pings.
    pub ping: Duration,
    /// A connection that answered no ping for this long is closed.
    pub pong_limit: Duration,
    /// A connection is closed after this long.
    pub life: Duration,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self {
            ping: Duration::from_secs(20),
            pong_limit: Duration::from_secs(60),
            life: Duration::from_secs(86_400),
        }
    }
}

const READ_BUFFER: usize = 8 * 1024;
const MESSAGE_MAX: usize = 64 * 1024;

/// A WebSocket request with this exchange's bounds.
pub(crate) fn upgrade(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade.read_buffer_size(READ_BUFFER).max_message_size(MESSAGE_MAX)
}

/// One socket with its watch.
pub(crate) struct Link {
    pub socket: WebSocket,
    causes: Arc<Causes>,
    heartbeat: Heartbeat,
    born: Instant,
    next_ping: Instant,
    last_pong: Instant,
    pings: u64,
}

/// Why a link ended; the caller stops.
pub(crate) struct Ended;

/// Messages written before a flush.
const BATCH: usize = 64;

impl Link {
    pub(crate) fn new(socket: WebSocket, causes: Arc<Causes>, heartbeat: Heartbeat) -> Self {
        let now = Instant::now();
        let next_ping = now + heartbeat.ping;
        Self { socket, causes, heartbeat, born: now, next_ping, last_pong: now, pings: 0 }
    }

    /// When [`Link::watch`] is due.
    pub(crate) fn due(&self) -> Instant {
        self.next_ping.min(self.born + self.heartbeat.life)
    }

    /// Pings, and ends a link that is too old or does not answer.
    pub(crate) async fn watch(&mut self) -> Result<(), Ended> {
        let now = Instant::now();
        if now >= self.born + self.heartbeat.life {
            self.close().await;
            return Err(Ended);
        }
        if now.duration_since(self.last_pong) > self.heartbeat.pong_limit {
            return Err(Ended);
        }
        self.next_ping = now + self.heartbeat.ping;
        self.pings += 1;
        let payload = self.pings.to_string().into_bytes();
        self.socket.send(Message::Ping(payload.into())).await.map_err(|_| Ended)
    }

    /// A pong counts only with the payload of a ping sent.
    pub(crate) fn pong(&mut self, payload: &[u8]) {
        let number = std::str::from_utf8(payload).ok().and_then(|text| text.parse::<u64>().ok());
        if number.is_some_and(|number| number >= 1 && number <= self.pings) {
            self.last_pong = Instant::now();
        }
    }

    pub(crate) async fn send(&mut self, text: Utf8Bytes) -> Result<(), Ended> {
        self.socket.send(Message::Text(text)).await.map_err(|_| Ended)
    }

    async fn close(&mut self) {
        self.close_with(1000, Utf8Bytes::from_static("")).await;
    }

    /// Closes with a code of the protocol's own; the peer may be gone already.
    pub(crate) async fn close_with(&mut self, code: u16, reason: Utf8Bytes) {
        let frame = CloseFrame { code, reason };
        let _ = self.socket.send(Message::Close(Some(frame))).await;
    }

    /// Writes what is queued, `first` and more, in one flush.
    pub(crate) async fn drain(
        &mut self,
        first: Out,
        queue: &mut Receiver<Out>,
    ) -> Result<(), Ended> {
        let mut next = Some(first);
        let mut stamps = [0_u64; BATCH];
        let mut stamped = 0;
        for _ in 0..BATCH {
            let Some(out) = next.take().or_else(|| queue.try_recv().ok()) else { break };
            match out {
                Out::Text(text, update) => {
                    if let Some(update) = update {
                        stamps[stamped] = update;
                        stamped += 1;
                    }
                    self.socket.feed(Message::Text(text)).await.map_err(|_| Ended)?;
                }
                Out::Pause(span) => {
                    self.flush(&stamps[..stamped]).await?;
                    tokio::time::sleep(span).await;
                    return Ok(());
                }
                Out::Close => {
                    self.close().await;
                    return Err(Ended);
                }
                Out::Abort => return Err(Ended),
            }
        }
        self.flush(&stamps[..stamped]).await
    }

    async fn flush(&mut self, stamps: &[u64]) -> Result<(), Ended> {
        let now_ns = self.causes.now_ns();
        for update in stamps {
            self.causes.published(*update, now_ns);
        }
        self.socket.flush().await.map_err(|_| Ended)
    }
}
