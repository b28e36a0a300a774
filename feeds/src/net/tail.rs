//! A stream that lends itself to an HTTP upgrade and keeps what came behind the answer: a server
//! may send its first frame in the same packet, and the handshake's buffer would swallow it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const END: &[u8; 4] = b"\r\n\r\n";

/// Gives the handshake bytes up to and including the blank line that ends the answer.
#[derive(Debug)]
pub struct Tail<S> {
    stream: S,
    matched: usize,
    tail: Vec<u8>,
}

impl<S> Tail<S> {
    /// Over a connected stream.
    pub const fn new(stream: S) -> Self {
        Self { stream, matched: 0, tail: Vec::new() }
    }

    /// The stream and what was read behind the answer.
    pub fn into_parts(self) -> (S, Vec<u8>) {
        (self.stream, self.tail)
    }

    /// How many of these bytes still belong to the answer.
    fn take(&mut self, bytes: &[u8]) -> usize {
        for (place, byte) in bytes.iter().enumerate() {
            self.matched = match *byte == END[self.matched] {
                true => self.matched + 1,
                false => usize::from(*byte == END[0]),
            };
            if self.matched == END.len() {
                return place + 1;
            }
        }
        bytes.len()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tail<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.matched == END.len() {
            return Poll::Ready(Err(io::Error::other("read behind the end of the upgrade")));
        }
        let mut chunk = [0; 4096];
        let room = chunk.len().min(buffer.remaining());
        let mut piece = ReadBuf::new(&mut chunk[..room]);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut piece))?;
        let bytes = piece.filled();
        let count = self.take(bytes);
        buffer.put_slice(&bytes[..count]);
        self.tail.extend_from_slice(&bytes[count..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tail<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_ends_at_its_blank_line_wherever_it_is_cut() {
        let answer = b"HTTP/1.1 101 x\r\nA: b\r\r\n\r\n";
        let stream = [&answer[..], b"\x81\x01z"].concat();
        for cut in 0..answer.len() {
            let mut tail = Tail::new(());
            let taken = tail.take(&stream[..cut]);
            assert_eq!(taken, cut, "cut at {cut}");
            assert_eq!(cut + tail.take(&stream[cut..]), answer.len(), "cut at {cut}");
        }
    }
}
