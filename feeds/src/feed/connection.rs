//! One connection of a feed: its socket, its pulse and its age.

use super::FeedLimits;
use super::books::Books;
use crate::net::frame::CONTROL_MAX;
use crate::net::{Frame, Liveness, NetError, Pulse, Socket};
use crate::protocol::{DecodeError, Ping, Protocol};
use engine::time::{Clock, Nanos, Stage, Trace};

#[derive(Debug)]
pub(super) struct Connection {
    socket: Box<Socket>,
    beat: Liveness,
    /// What it is pinged with; `None` for a ping of WebSocket's own.
    ping: Option<&'static str>,
    pub up_at: Nanos,
    /// When its silence is no longer waited out.
    give_up: Nanos,
}

impl Connection {
    pub fn new(socket: Box<Socket>, limits: &FeedLimits, ping: Ping, now: Nanos) -> Self {
        let (ping, every) = match ping {
            Ping::Frame => (None, limits.ping_every),
            Ping::Text(text, every) => (Some(text), limits.ping_every.min(every)),
        };
        let beat = Liveness::new(every, limits.connection_stale, now);
        let give_up = Nanos(limits.connection_stale.0.saturating_mul(2));
        Self { socket, beat, ping, up_at: now, give_up }
    }

    /// Pings when it is time; says whether the connection fell silent or spoke again.
    pub fn look(&mut self, now: Nanos) -> Result<Pulse, NetError> {
        if self.beat.ping_due(now) {
            match self.ping {
                Some(text) => self.socket.send_text(text.as_bytes())?,
                None => self.socket.ping(b"")?,
            }
        }
        if now.since(self.beat.heard_at()) >= self.give_up {
            let (at, after_ms) = (self.socket.at().to_string(), self.give_up.as_ms());
            return Err(NetError::TimedOut { at, after_ms });
        }
        Ok(self.beat.look(now))
    }

    /// Reads once and takes every whole message in it; returns how many frames came.
    pub fn read<P: Protocol>(
        &mut self,
        place: usize,
        protocol: &mut P,
        books: &mut Books,
        (clock, trace): (&impl Clock, &mut impl Trace),
        refused: &mut Option<DecodeError>,
    ) -> Result<usize, NetError> {
        let sampled = trace.sampled();
        let bytes = if sampled { self.socket.poll_stamped()? } else { self.socket.poll()? };
        // The first look goes to what came with the upgrade.
        if bytes == 0 && self.beat.heard_at() != self.up_at {
            return Ok(0);
        }
        let at = clock.now();
        if sampled && let Some(arrived) = self.socket.arrived() {
            trace.record(Stage::Kernel, at.since(clock.of_system(arrived)));
        }
        if bytes > 0 {
            self.beat.heard(at.max(Nanos(self.up_at.0 + 1)));
        }
        books.reads(place, at);
        books.counters.bytes += bytes as u64;
        let mut frames = 0;
        loop {
            let mut ping = [0; CONTROL_MAX];
            let mut answer = None;
            match self.socket.frame()? {
                None => break,
                Some(Frame::Text(payload) | Frame::Binary(payload)) => {
                    if let Err(error) = protocol.on_bytes(payload, at, books) {
                        books.counters.decode_errors += 1;
                        *refused = Some(error);
                    }
                    if sampled {
                        trace.record(Stage::Decode, clock.now().since(at));
                    }
                }
                Some(Frame::Ping(payload)) => {
                    ping[..payload.len()].copy_from_slice(payload);
                    answer = Some(payload.len());
                }
                Some(Frame::Pong(_)) => {}
                Some(Frame::Close(code, _)) => {
                    let _ = self.socket.close(code.max(1000), b"");
                    return Err(self.socket.closed());
                }
            }
            if let Some(len) = answer {
                self.socket.pong(&ping[..len])?;
            }
            books.counters.frames += 1;
            frames += 1;
        }
        Ok(frames)
    }

    /// Sends a text message.
    pub fn send(&mut self, text: &[u8]) -> Result<(), NetError> {
        self.socket.send_text(text)
    }

    /// Whether the last look found it silent.
    pub const fn is_stale(&self) -> bool {
        self.beat.is_stale()
    }

    /// Whether there may be something to do that the system does not know of: what came with the
    /// upgrade, or what the socket itself holds.
    pub fn is_pending(&self) -> bool {
        self.beat.heard_at() == self.up_at || self.socket.is_pending()
    }

    /// Its socket.
    pub const fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Says good-bye, without waiting for the answer.
    pub fn close(&mut self) {
        let _ = self.socket.close(1000, b"");
    }
}
