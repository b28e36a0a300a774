//! WebSocket frames (RFC 6455, client side) over a reused buffer: nothing is allocated or cleared
//! per read, and payloads are handed out in place, mutable, with spare bytes behind them for SIMD
//! loads.
//!
//! Sans-I/O: [`FrameReader`] takes bytes in any pieces, [`FrameWriter`] keeps what is to be
//! written. Text is not checked for UTF-8 here; whoever reads it as JSON does that anyway.

use super::backoff::split_mix;
use std::ops::{Deref, DerefMut};

/// Bytes that may be read behind every payload.
pub const SPARE: usize = 64;
/// Most that is taken from a connection at once.
const READ_MAX: usize = 64 * 1024;
/// Longest frame header: 2 bytes, 8 of length, 4 of mask.
const HEADER_MAX: usize = 14;
/// Longest payload of a ping, pong or close.
pub const CONTROL_MAX: usize = 125;
/// The close code that stands for "none was given".
pub const CLOSE_NONE: u16 = 1005;

const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// A payload in its buffer. It reads and writes as a slice; [`Payload::padded`] gives the slice
/// with its spare bytes, as `simd_json::fill_tape_padded` wants it.
#[derive(Debug)]
pub struct Payload<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl<'a> Payload<'a> {
    /// The first `len` of `bytes`; `None` unless [`SPARE`] more lie behind them.
    pub fn new(bytes: &'a mut [u8], len: usize) -> Option<Self> {
        if bytes.len().checked_sub(SPARE)? < len { None } else { Some(Self { bytes, len }) }
    }

    /// The payload with its spare bytes, and the payload's own length. The spare bytes belong to
    /// what follows: leave them as they were.
    #[inline]
    pub fn padded(self) -> (&'a mut [u8], usize) {
        (self.bytes, self.len)
    }

    /// A shorter borrow of the same payload.
    #[inline]
    pub fn reborrow(&mut self) -> Payload<'_> {
        Payload { bytes: self.bytes, len: self.len }
    }
}

impl Deref for Payload<'_> {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl DerefMut for Payload<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.len]
    }
}

/// A whole message, or a control frame.
#[derive(Debug)]
pub enum Frame<'a> {
    /// A text message, fragments joined.
    Text(Payload<'a>),
    /// A binary message, fragments joined.
    Binary(Payload<'a>),
    /// To be answered with a pong of the same payload.
    Ping(&'a [u8]),
    /// The answer to a ping, or sent unasked.
    Pong(&'a [u8]),
    /// The peer closes: its code ([`CLOSE_NONE`] when it gave none) and reason.
    Close(u16, &'a [u8]),
}

/// Why bytes are not a WebSocket stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It breaks this rule.
    Malformed(&'static str),
    /// A message of at least so many bytes.
    TooLarge(u64),
}

struct Header {
    opcode: u8,
    last: bool,
    size: usize,
    len: usize,
}

/// Turns bytes from the server into frames.
#[derive(Debug)]
pub struct FrameReader {
    buffer: Vec<u8>,
    head: usize,
    tail: usize,
    joined: Vec<u8>,
    joining: Option<u8>,
    limit: usize,
}

impl FrameReader {
    /// Takes messages of at most `limit` bytes. Memory is reserved here and touched when needed.
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: vec![0; limit + HEADER_MAX + READ_MAX + SPARE],
            head: 0,
            tail: 0,
            joined: Vec::with_capacity(limit + SPARE),
            joining: None,
            limit,
        }
    }

    /// Where to read to; empty only while whole frames wait to be taken. Frames handed out before
    /// are gone after this.
    pub fn space(&mut self) -> &mut [u8] {
        let end = self.buffer.len() - SPARE;
        if self.head == self.tail {
            (self.head, self.tail) = (0, 0);
        } else if self.head >= READ_MAX || end - self.tail < READ_MAX {
            self.buffer.copy_within(self.head..self.tail, 0);
            (self.head, self.tail) = (0, self.tail - self.head);
        }
        let end = end.min(self.tail + READ_MAX);
        &mut self.buffer[self.tail..end]
    }

    /// So many bytes were read into [`FrameReader::space`].
    pub fn filled(&mut self, count: usize) {
        self.tail = (self.tail + count).min(self.buffer.len() - SPARE);
    }

    /// The next whole frame; `None` when more bytes are needed.
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Fault> {
        loop {
            let Some(header) = header(&self.buffer[self.head..self.tail], self.limit)? else {
                return Ok(None);
            };
            let start = self.head + header.size;
            let end = start + header.len;
            if end > self.tail {
                return Ok(None);
            }
            self.head = end;
            if header.opcode >= CLOSE {
                return control(header.opcode, &self.buffer[start..end]).map(Some);
            }
            if header.last && header.opcode != CONTINUATION && self.joining.is_none() {
                let bytes = &mut self.buffer[start..end + SPARE];
                return Ok(Some(message(header.opcode, bytes, header.len)));
            }
            if let Some(opcode) = self.join(&header, start)? {
                let len = self.joined.len();
                self.joined.resize(len + SPARE, 0);
                return Ok(Some(message(opcode, &mut self.joined, len)));
            }
        }
    }

    /// Adds a fragment; the opcode of the message when that was its last.
    fn join(&mut self, header: &Header, start: usize) -> Result<Option<u8>, Fault> {
        let opcode = match (self.joining, header.opcode) {
            (Some(opcode), CONTINUATION) => opcode,
            (Some(_), _) => return Err(Fault::Malformed("a new message inside a fragmented one")),
            (None, CONTINUATION) => return Err(Fault::Malformed("a continuation of nothing")),
            (None, opcode) => {
                self.joined.clear();
                opcode
            }
        };
        let total = self.joined.len() + header.len;
        if total > self.limit {
            return Err(Fault::TooLarge(total as u64));
        }
        self.joined.extend_from_slice(&self.buffer[start..start + header.len]);
        self.joining = if header.last { None } else { Some(opcode) };
        Ok(if header.last { Some(opcode) } else { None })
    }
}

#[inline]
fn message(opcode: u8, bytes: &mut [u8], len: usize) -> Frame<'_> {
    let payload = Payload { bytes, len };
    if opcode == TEXT { Frame::Text(payload) } else { Frame::Binary(payload) }
}

fn control(opcode: u8, payload: &[u8]) -> Result<Frame<'_>, Fault> {
    Ok(match (opcode, payload) {
        (PING, _) => Frame::Ping(payload),
        (PONG, _) => Frame::Pong(payload),
        (_, []) => Frame::Close(CLOSE_NONE, payload),
        (_, [high, low, reason @ ..]) => Frame::Close(u16::from_be_bytes([*high, *low]), reason),
        _ => return Err(Fault::Malformed("a close code of one byte")),
    })
}

#[inline]
fn header(bytes: &[u8], limit: usize) -> Result<Option<Header>, Fault> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    let (opcode, last) = (first & 15, first & 0x80 != 0);
    if first & 0x70 != 0 {
        return Err(Fault::Malformed("reserved bits set, but no extension was agreed"));
    }
    if second & 0x80 != 0 {
        return Err(Fault::Malformed("masked by the server"));
    }
    if opcode > PONG || opcode > BINARY && opcode < CLOSE {
        return Err(Fault::Malformed("an unknown opcode"));
    }
    let (len, size) = match second & 0x7f {
        126 => match rest.first_chunk() {
            Some(text) => (u64::from(u16::from_be_bytes(*text)), 4),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(text) => (u64::from_be_bytes(*text), 10),
            None => return Ok(None),
        },
        short => (u64::from(short), 2),
    };
    if opcode >= CLOSE && (len > CONTROL_MAX as u64 || !last) {
        return Err(Fault::Malformed("a control frame that is fragmented or over 125 bytes"));
    }
    match usize::try_from(len) {
        Ok(len) if len <= limit => Ok(Some(Header { opcode, last, size, len })),
        _ => Err(Fault::TooLarge(len)),
    }
}

/// Frames and masks what goes to the server, into one reused buffer of a fixed size.
#[derive(Debug)]
pub struct FrameWriter {
    buffer: Vec<u8>,
    sent: usize,
    capacity: usize,
    random: u64,
}

impl FrameWriter {
    /// Holds at most `capacity` unsent bytes; masks are drawn from `seed`, which the peer must not
    /// know.
    pub fn new(capacity: usize, seed: u64) -> Self {
        Self { buffer: Vec::with_capacity(capacity), sent: 0, capacity, random: seed }
    }

    /// Adds a text message as one frame; false, and nothing added, when it does not fit.
    #[inline]
    pub fn text(&mut self, payload: &[u8]) -> bool {
        self.push(TEXT, [payload, &[]])
    }

    /// Adds a frame; false, and nothing added, when it does not fit.
    #[inline]
    pub(crate) fn push(&mut self, opcode: u8, parts: [&[u8]; 2]) -> bool {
        let len = parts[0].len() + parts[1].len();
        if self.buffer.len() + len + HEADER_MAX > self.capacity {
            self.buffer.drain(..self.sent);
            self.sent = 0;
            if self.buffer.len() + len + HEADER_MAX > self.capacity {
                return false;
            }
        }
        self.random = split_mix(self.random);
        let mask = self.random as u32;
        let [high, low] = (len as u16).to_be_bytes();
        let masked = 0x80;
        if len <= CONTROL_MAX {
            self.buffer.extend_from_slice(&[0x80 | opcode, masked | len as u8]);
        } else if len <= usize::from(u16::MAX) {
            self.buffer.extend_from_slice(&[0x80 | opcode, masked | 126, high, low]);
        } else {
            self.buffer.extend_from_slice(&[0x80 | opcode, masked | 127]);
            self.buffer.extend_from_slice(&(len as u64).to_be_bytes());
        }
        self.buffer.extend_from_slice(&mask.to_ne_bytes());
        let start = self.buffer.len();
        self.buffer.resize(start + len, 0);
        let (first, second) = self.buffer[start..].split_at_mut(parts[0].len());
        copy_masked(parts[0], first, mask);
        copy_masked(parts[1], second, mask.rotate_right(8 * (parts[0].len() % 4) as u32));
        true
    }

    /// Adds a text message and takes it away again. False, and nothing done, while anything is
    /// unsent, or when it would not fit.
    #[inline]
    pub(crate) fn rehearse(&mut self, payload: &[u8]) -> bool {
        if !self.buffer.is_empty() || !self.text(payload) {
            return false;
        }
        self.buffer.clear();
        true
    }

    /// What is still to be written.
    #[inline]
    pub fn unsent(&self) -> &[u8] {
        &self.buffer[self.sent..]
    }

    /// So many bytes of it were written.
    #[inline]
    pub fn wrote(&mut self, count: usize) {
        self.sent = (self.sent + count).min(self.buffer.len());
        if self.sent == self.buffer.len() {
            self.buffer.clear();
            self.sent = 0;
        }
    }
}

/// Copies with the mask laid over it, whose lowest byte meets the first one.
#[inline]
fn copy_masked(from: &[u8], to: &mut [u8], mask: u32) {
    let wide = u128::from(u32::from_le(mask)) * 0x0000_0001_0000_0001_0000_0001_0000_0001;
    let ((from, from_rest), (to, to_rest)) = (from.as_chunks::<16>(), to.as_chunks_mut::<16>());
    for (from, to) in from.iter().zip(to) {
        *to = (u128::from_le_bytes(*from) ^ wide).to_le_bytes();
    }
    for ((from, to), mask) in from_rest.iter().zip(to_rest).zip(wide.to_le_bytes()) {
        *to = from ^ mask;
    }
}

#[cfg(test)]
mod tests;
