//! A connected WebSocket client that is polled: plain or TLS, never blocking, no async, and over
//! plain TCP no allocation after it was made.

use super::frame::{CLOSE, CONTROL_MAX, Fault, FrameReader, FrameWriter, PING, PONG, TEXT};
use super::stream::Stream;
use super::{Frame, NetError};
use engine::time::Nanos;
use rustls::{ClientConnection, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

/// How much a socket may hold.
#[derive(Clone, Copy, Debug)]
pub struct SocketLimits {
    /// Longest message taken, bytes.
    pub message_max: usize,
    /// Most bytes that wait for the peer to read.
    pub unsent_max: usize,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self { message_max: 16 << 20, unsent_max: 1 << 20 }
    }
}

/// The two ways to a peer.
pub(crate) enum Wire {
    Plain(Stream),
    Tls(Box<StreamOwned<ClientConnection, Stream>>),
}

impl Wire {
    #[inline]
    fn stream(&self) -> &Stream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => &stream.sock,
        }
    }

    #[inline]
    fn stream_mut(&mut self) -> &mut Stream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => &mut stream.sock,
        }
    }

    /// Whether TLS holds what was read and not taken.
    #[inline]
    fn holds(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => !stream.conn.wants_read(),
        }
    }

    #[inline]
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(space),
            Self::Tls(stream) => stream.read(space),
        }
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    /// Hands on what TLS holds sealed but unwritten.
    fn flush(&mut self) -> io::Result<()> {
        let Self::Tls(stream) = self else { return Ok(()) };
        while stream.conn.wants_write() {
            stream.conn.write_tls(&mut stream.sock)?;
        }
        Ok(())
    }
}

/// A connected WebSocket client.
pub struct Socket {
    wire: Wire,
    reader: FrameReader,
    writer: FrameWriter,
    unsent_max: usize,
    message_max: usize,
    /// Something came since the kernel was told last when to acknowledge.
    came: bool,
    at: Box<str>,
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Socket").field("at", &self.at).finish_non_exhaustive()
    }
}

/// For a thread that parks until something came.
impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wire.stream().as_fd()
    }
}

impl Socket {
    /// Over a stream on which the upgrade is done; `early` came behind its answer.
    pub(crate) fn new(wire: Wire, at: &str, limits: SocketLimits, early: &[u8]) -> Self {
        let mut reader = FrameReader::new(limits.message_max.max(early.len()));
        let mut rest = early;
        while !rest.is_empty() {
            let space = reader.space();
            let count = space.len().min(rest.len());
            space[..count].copy_from_slice(&rest[..count]);
            reader.filled(count);
            rest = &rest[count..];
        }
        Self {
            wire,
            reader,
            writer: FrameWriter::new(limits.unsent_max, rand::random()),
            unsent_max: limits.unsent_max,
            message_max: limits.message_max,
            came: true,
            at: at.into(),
        }
    }

    /// Host and port of the peer.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// One non-blocking read; writes first what could not be written before. Returns how many bytes
    /// came, 0 when none are there now. Frames handed out before are gone after this.
    #[inline]
    pub fn poll(&mut self) -> Result<usize, NetError> {
        self.poll_asking(false)
    }

    /// The same, and asks the kernel when what it reads came: see [`Socket::arrived`]. It costs
    /// some 50 ns more, so it is for turns that are measured.
    #[inline]
    pub fn poll_stamped(&mut self) -> Result<usize, NetError> {
        self.poll_asking(true)
    }

    /// When the last packet of what the last [`Socket::poll_stamped`] read came, by the system's
    /// clock (UTC); `None` where the kernel did not say.
    #[inline]
    pub fn arrived(&self) -> Option<Nanos> {
        self.wire.stream().arrived()
    }

    /// Whether there is something to do although the system has nothing new: TLS holds bytes that
    /// were not taken yet, some wait to be written, or what came has not been acknowledged. Such a
    /// socket is to be polled.
    #[inline]
    pub fn is_pending(&self) -> bool {
        self.came || self.wire.holds() || !self.writer.unsent().is_empty()
    }

    /// Options that the system did not grant, by name.
    pub fn refused(&self) -> &[&'static str] {
        self.wire.stream().refused()
    }

    #[inline]
    fn poll_asking(&mut self, asks: bool) -> Result<usize, NetError> {
        self.flush()?;
        self.wire.stream_mut().ask_arrival(asks);
        let space = self.reader.space();
        if space.is_empty() {
            return Ok(0);
        }
        match self.wire.read(space) {
            Ok(0) => Err(self.closed()),
            Ok(count) => {
                self.reader.filled(count);
                self.came = true;
                Ok(count)
            }
            Err(error) => {
                // Nothing is here now: time for what is not urgent.
                if self.came {
                    self.came = false;
                    self.wire.stream().say_acks();
                }
                self.unless_later(error).map(|()| 0)
            }
        }
    }

    /// The next whole message or control frame that was read. Pings are the caller's to answer.
    #[inline]
    pub fn frame(&mut self) -> Result<Option<Frame<'_>>, NetError> {
        match self.reader.next_frame() {
            Ok(frame) => Ok(frame),
            Err(Fault::Malformed(what)) => {
                Err(NetError::Malformed { at: self.at.to_string(), what })
            }
            Err(Fault::TooLarge(bytes)) => {
                let limit = self.message_max as u64;
                Err(NetError::TooLarge { at: self.at.to_string(), bytes, limit })
            }
        }
    }

    /// Sends a text message: framed, masked and handed to the system at once. What the system does
    /// not take is kept and written by [`Socket::poll`]; when too much waits, nothing is added.
    #[inline]
    pub fn send_text(&mut self, payload: &[u8]) -> Result<(), NetError> {
        self.send(TEXT, [payload, &[]])
    }

    /// The first half of [`Socket::send_text`]: the message is framed and masked, and leaves with
    /// the next [`Socket::flush`].
    #[inline]
    pub fn frame_text(&mut self, payload: &[u8]) -> Result<(), NetError> {
        self.push(TEXT, [payload, &[]])
    }

    /// Frames and masks a text message as if it were to leave, and forgets it; for what has to stay
    /// in the caches. Does nothing, and returns false, while something waits to be written.
    #[inline]
    pub fn rehearse_text(&mut self, payload: &[u8]) -> bool {
        self.writer.rehearse(payload)
    }

    /// Sends a ping; its payload is cut to 125 bytes.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), NetError> {
        self.send(PING, [&payload[..payload.len().min(CONTROL_MAX)], &[]])
    }

    /// Sends a pong; its payload is cut to 125 bytes.
    pub fn pong(&mut self, payload: &[u8]) -> Result<(), NetError> {
        self.send(PONG, [&payload[..payload.len().min(CONTROL_MAX)], &[]])
    }

    /// Says good-bye; the reason is cut to 123 bytes. Nothing may be sent after it.
    pub fn close(&mut self, code: u16, reason: &[u8]) -> Result<(), NetError> {
        let reason = &reason[..reason.len().min(CONTROL_MAX - 2)];
        self.send(CLOSE, [&code.to_be_bytes(), reason])
    }

    /// How many bytes wait to be written.
    pub fn unsent(&self) -> usize {
        self.writer.unsent().len()
    }

    #[inline]
    fn send(&mut self, opcode: u8, parts: [&[u8]; 2]) -> Result<(), NetError> {
        self.push(opcode, parts)?;
        self.flush()
    }

    #[inline]
    fn push(&mut self, opcode: u8, parts: [&[u8]; 2]) -> Result<(), NetError> {
        if self.writer.push(opcode, parts) {
            return Ok(());
        }
        let limit = self.unsent_max as u64;
        Err(NetError::Backlog { at: self.at.to_string(), limit })
    }

    /// Hands what is framed to the system; what it does not take is written by
    /// [`Socket::poll`].
    #[inline]
    pub fn flush(&mut self) -> Result<(), NetError> {
        while !self.writer.unsent().is_empty() {
            match self.wire.write(self.writer.unsent()) {
                Ok(0) => return Err(self.closed()),
                Ok(count) => self.writer.wrote(count),
                Err(error) => return self.unless_later(error),
            }
        }
        match self.wire.flush() {
            Ok(()) => Ok(()),
            Err(error) => self.unless_later(error),
        }
    }

    #[inline]
    fn unless_later(&self, error: io::Error) -> Result<(), NetError> {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(()),
            ErrorKind::UnexpectedEof => Err(self.closed()),
            _ => Err(self.failed(&error)),
        }
    }

    /// What a connection that the peer ended is called. It and its like allocate the words, so they
    /// are functions of their own: the proof that nothing else allocates names them.
    #[cold]
    #[inline(never)]
    pub(crate) fn closed(&self) -> NetError {
        NetError::Closed { at: self.at.to_string() }
    }

    #[cold]
    #[inline(never)]
    fn failed(&self, error: &io::Error) -> NetError {
        NetError::Io { at: self.at.to_string(), why: error.to_string() }
    }
}
