//! WebSocket as a server speaks it, as plainly as it can be done: what the driver reads are masked
//! frames, what it writes are not.

use benches::corpus::frame;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

/// Bytes of one connection until they make up frames.
#[derive(Default)]
pub struct Frames {
    bytes: Vec<u8>,
}

/// One frame.
pub struct Frame {
    pub opcode: u8,
    pub payload: Vec<u8>,
}

impl Frames {
    /// Takes bytes that were read.
    pub fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole frame.
    pub fn next(&mut self) -> Option<Frame> {
        let [first, second, ..] = *self.bytes else { return None };
        let (start, len) = match second & 0x7f {
            126 => {
                let wide = self.bytes.get(2..4)?;
                (4, usize::from(u16::from_be_bytes([wide[0], wide[1]])))
            }
            127 => return None,
            short => (2, usize::from(short)),
        };
        let mask = self.bytes.get(start..start + 4)?.to_vec();
        let payload = self.bytes.get(start + 4..start + 4 + len)?;
        let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        let payload = payload.collect();
        self.bytes.drain(..start + 4 + len);
        Some(Frame { opcode: first & 15, payload })
    }
}

/// Writes all of it to a socket that does not block.
pub fn send(mut socket: &TcpStream, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        match socket.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes a text message.
pub fn send_text(socket: &TcpStream, text: &str) -> std::io::Result<()> {
    send(socket, &frame(text.as_bytes()))
}

/// Reads what is there: how many bytes, 0 when there are none now.
pub fn read(mut socket: &TcpStream, space: &mut [u8]) -> std::io::Result<usize> {
    match socket.read(space) {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(count) => Ok(count),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        Err(error) => Err(error),
    }
}
