//! One connection of a recorder: the product's own socket, waited for by tokio.

use super::now;
use engine::time::Nanos;
use feeds::net::{Frame, Liveness, NetError, Pulse, Socket};
use std::future::poll_fn;
use std::io;
use std::os::fd::AsFd as _;
use std::task::Poll;
use tokio::io::Interest;
use tokio::net::TcpStream;

/// Reads before others have their turn.
const READS_MAX: usize = 64;

/// A connection.
pub struct Link {
    socket: Box<Socket>,
    /// The same connection, for tokio to wait on.
    waits: TcpStream,
    beat: Liveness,
    limit: Nanos,
    /// When it came up, on the clock of its follower.
    pub up_at: Nanos,
    /// Whether a frame came.
    pub heard: bool,
}

impl Link {
    /// Over a connected socket; what came with the upgrade is read by the first
    /// [`Link::frames`].
    pub fn new(
        socket: Box<Socket>,
        (ping_every, limit): (Nanos, Nanos),
        up_at: Nanos,
    ) -> io::Result<Self> {
        let beat = Liveness::new(ping_every, limit, up_at);
        let same = std::net::TcpStream::from(socket.as_fd().try_clone_to_owned()?);
        let waits = TcpStream::from_std(same)?;
        Ok(Self { socket, waits, beat, limit, up_at, heard: false })
    }

    /// Takes whole frames, each with the time at which its last byte was read.
    pub fn frames(
        &mut self,
        at: Nanos,
        mut take: impl FnMut(Nanos, &[u8]),
    ) -> Result<(), NetError> {
        let socket = &mut self.socket;
        loop {
            let mut ping = None;
            match socket.frame()? {
                None => return Ok(()),
                Some(Frame::Text(text) | Frame::Binary(text)) => {
                    self.heard = true;
                    take(at, &text);
                }
                Some(Frame::Ping(payload)) => ping = Some(payload.to_vec()),
                Some(Frame::Pong(_)) => {}
                Some(Frame::Close(code, _)) => {
                    let _ = socket.close(code.max(1000), b"");
                    return Err(NetError::Closed { at: socket.at().to_owned() });
                }
            }
            if let Some(payload) = ping {
                socket.pong(&payload)?;
            }
        }
    }

    /// Reads what is there now; `heard_at` is on the clock of its follower.
    pub fn read(
        &mut self,
        heard_at: Nanos,
        mut take: impl FnMut(Nanos, &[u8]),
    ) -> Result<(), NetError> {
        for _ in 0..READS_MAX {
            let mut at = Nanos(0);
            let mut read = Ok(0);
            let socket = &mut self.socket;
            // That nothing is there any more is what makes tokio wait again.
            let _ = self.waits.try_io(Interest::READABLE, || {
                read = socket.poll();
                at = now();
                match read {
                    Ok(0) => Err(io::Error::from(io::ErrorKind::WouldBlock)),
                    _ => Ok(()),
                }
            });
            if read? == 0 {
                return Ok(());
            }
            self.beat.heard(heard_at);
            self.frames(at, &mut take)?;
        }
        Ok(())
    }

    /// Pings when it is time; an error when it was silent for too long.
    pub fn look(&mut self, now: Nanos) -> Result<(), NetError> {
        let socket = &mut self.socket;
        if self.beat.ping_due(now) {
            socket.ping(b"")?;
        }
        match self.beat.look(now) {
            Pulse::Stale => {
                let at = socket.at().to_owned();
                Err(NetError::TimedOut { at, after_ms: self.limit.as_ms() })
            }
            _ => Ok(()),
        }
    }

    /// Says good-bye, without waiting for the answer.
    pub fn close(mut self) {
        let _ = self.socket.close(1000, b"");
    }
}

/// Waits until one of them has something to read; the oldest first.
pub async fn readable(links: &[Link]) -> usize {
    poll_fn(|context| {
        for (place, link) in links.iter().enumerate() {
            // An error is told by reading.
            if link.waits.poll_read_ready(context).is_ready() {
                return Poll::Ready(place);
            }
        }
        Poll::Pending
    })
    .await
}
