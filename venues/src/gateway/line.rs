//! One connection: its socket, its pulse, and how far its set-up is.

use super::Config;
use engine::time::Nanos;
use feeds::net::{Liveness, NetError, Pulse, Socket};

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// The clocks are being measured.
    Clock,
    /// Being authenticated.
    Logon,
    /// The private stream is being asked for.
    Subscribe,
    /// In use.
    Up,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Line {
    pub socket: Box<Socket>,
    pub stage: Stage,
    pub up_at: Nanos,
    /// Its successor is in use: it is closed when nothing waits on it, at the latest then.
    pub drain_by: Option<Nanos>,
    pulse: Liveness,
}

impl Line {
    /// A connection that came up now.
    pub fn new(socket: Box<Socket>, config: &Config, now: Nanos) -> Self {
        let pulse = Liveness::new(config.ping_every, config.stale_after, now);
        Self { socket, stage: Stage::Clock, up_at: now, drain_by: None, pulse }
    }

    /// Something came.
    #[inline]
    pub fn heard(&mut self, now: Nanos) {
        self.pulse.heard(now);
    }

    /// Pings when it is time; whether the connection went silent.
    #[inline]
    pub fn beat(&mut self, now: Nanos) -> Result<bool, NetError> {
        if self.pulse.ping_due(now) {
            self.socket.ping(b"")?;
        }
        Ok(self.pulse.look(now) == Pulse::Stale)
    }
}
