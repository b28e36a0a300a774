//! One connection to the venue: order entry and, where the venue has it apart, the private stream.
//! They come and go together: what is lost on either is mended by the same reconciliation.

use super::Config;
use crate::wire::{Door, Kind};
use engine::time::Nanos;
use feeds::net::{Liveness, NetError, Pulse, Socket};

/// One socket with its pulse.
#[derive(Debug)]
struct Opened {
    socket: Box<Socket>,
    pulse: Liveness,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Line {
    /// By door.
    doors: [Option<Opened>; 2],
    /// Which step of its set-up comes next.
    pub step: usize,
    /// What that set-up waits for, when it is an answer.
    pub waits: Option<Kind>,
    /// In use.
    pub up: bool,
    pub up_at: Nanos,
    /// When the key of its stream was last renewed.
    pub key_at: Nanos,
    /// Its successor is in use: it is closed when nothing waits on it, at the latest then.
    pub drain_by: Option<Nanos>,
}

/// How many sockets a connection has at most.
pub(crate) const DOORS: usize = 2;

impl Line {
    /// One whose order entry came up now.
    pub fn new(socket: Box<Socket>, config: &Config, now: Nanos) -> Self {
        let mut line = Self {
            doors: [None, None],
            step: 0,
            waits: None,
            up: false,
            up_at: now,
            key_at: now,
            drain_by: None,
        };
        line.open(Door::Entry, socket, config, now);
        line
    }

    /// Another of its sockets came up.
    pub fn open(&mut self, door: Door, socket: Box<Socket>, config: &Config, now: Nanos) {
        let pulse = Liveness::new(config.ping_every, config.stale_after, now);
        if let Some(place) = self.doors.get_mut(door as usize) {
            *place = Some(Opened { socket, pulse });
        }
    }

    /// The socket of order entry.
    #[inline]
    pub fn entry(&mut self) -> Option<&mut Socket> {
        self.doors[Door::Entry as usize].as_mut().map(|opened| &mut *opened.socket)
    }

    /// The socket of a door.
    #[inline]
    pub fn socket(&mut self, door: Door) -> Option<&mut Socket> {
        Some(&mut *self.doors.get_mut(door as usize)?.as_mut()?.socket)
    }

    /// The socket of this number, and how to note that something came on it.
    #[inline]
    pub fn door(&mut self, number: usize) -> Option<(&mut Socket, &mut Liveness)> {
        let opened = self.doors.get_mut(number)?.as_mut()?;
        Some((&mut *opened.socket, &mut opened.pulse))
    }

    /// All that are open.
    pub fn sockets(&self) -> impl Iterator<Item = &Socket> {
        self.doors.iter().flatten().map(|opened| &*opened.socket)
    }

    /// Says good-bye on all of them. One that does not get through changes nothing.
    pub fn close(&mut self) {
        for opened in self.doors.iter_mut().flatten() {
            let _ = opened.socket.close(1_000, b"");
        }
    }

    /// Pings when it is time, by the venue's own message where it has one; whether a socket went
    /// silent.
    #[inline]
    pub fn beat(&mut self, ping: Option<&str>, now: Nanos) -> Result<bool, NetError> {
        let mut silent = false;
        for opened in self.doors.iter_mut().flatten() {
            if opened.pulse.ping_due(now) {
                match ping {
                    Some(text) => opened.socket.send_text(text.as_bytes())?,
                    None => opened.socket.ping(b"")?,
                }
            }
            silent |= opened.pulse.look(now) == Pulse::Stale;
        }
        Ok(silent)
    }
}
