//! TCP as trading wants it: nothing held back, acknowledgements out of the way, the network card
//! polled by whoever reads, and the kernel's own time of arrival where it is asked for.
//!
//! When a connection only listens, the kernel sends an acknowledgement from within each read,
//! before it gives the bytes back: a whole way down the stack in front of every tick. One that is
//! taken for a conversation (`TCP_QUICKACK` off) leaves it to a timer, or to what is sent next. The
//! kernel changes its mind when that timer fires, so it is told again after what came has been
//! dealt with.
//!
//! Everything but the first is best effort: what the system does not grant is remembered by name
//! and trading goes on without it. What each option costs and brings: `benches/sockets.rs`.

use engine::time::Nanos;
use nix::sys::socket::sockopt::Timestamping;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, TimestampingFlag, Timestamps, recvmsg, setsockopt,
};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use socket2::SockRef;
use std::io::{self, IoSliceMut, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// When what came is acknowledged (`TCP_QUICKACK`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// After what came has been dealt with: with what is sent next, or after at most 40 ms.
    Late,
    /// From within the read, before its bytes are given back.
    AtOnce,
    /// As the kernel likes.
    System,
}

impl Acks {
    /// The names that a configuration uses.
    pub const NAMES: [(&'static str, Self); 3] =
        [("late", Self::Late), ("at-once", Self::AtOnce), ("system", Self::System)];
}

/// What a socket asks of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// When what came is acknowledged.
    pub acks: Acks,
    /// Longest time that a read polls the network card, µs (`SO_BUSY_POLL`); 0 is never.
    pub busy_poll_us: u32,
    /// Have the kernel stamp what arrives (`SO_TIMESTAMPING`).
    pub stamps: bool,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { acks: Acks::Late, busy_poll_us: 50, stamps: true }
    }
}

/// A connected, non-blocking TCP stream.
#[derive(Debug)]
pub(crate) struct Stream {
    tcp: TcpStream,
    tuning: Tuning,
    refused: Vec<&'static str>,
    /// Whether the next read asks for the time of arrival.
    asks: bool,
    arrived: Option<Nanos>,
    control: Vec<u8>,
}

impl Stream {
    /// Over a stream that does not block; options are set here.
    pub fn new(tcp: TcpStream, tuning: Tuning) -> Self {
        let control = nix::cmsg_space!(Timestamps);
        let refused = Vec::new();
        let mut stream = Self { tcp, tuning, refused, asks: false, arrived: None, control };
        stream.tune();
        stream
    }

    fn tune(&mut self) {
        let socket = SockRef::from(&self.tcp);
        let mut grant = |name, granted: bool| {
            if !granted {
                self.refused.push(name);
            }
            granted
        };
        grant("TCP_NODELAY", socket.set_tcp_nodelay(true).is_ok());
        if self.tuning.acks != Acks::System {
            let at_once = self.tuning.acks == Acks::AtOnce;
            if !grant("TCP_QUICKACK", socket.set_tcp_quickack(at_once).is_ok()) {
                self.tuning.acks = Acks::System;
            }
        }
        if self.tuning.busy_poll_us > 0 {
            let polls = socket.set_busy_poll(self.tuning.busy_poll_us);
            grant("SO_BUSY_POLL", polls.is_ok());
        }
        if self.tuning.stamps {
            let software = TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE
                | TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE;
            let stamps = setsockopt(&self.tcp, Timestamping, &software);
            self.tuning.stamps = grant("SO_TIMESTAMPING", stamps.is_ok());
        }
    }

    /// Options that the system did not grant.
    pub fn refused(&self) -> &[&'static str] {
        &self.refused
    }

    /// Says again when to acknowledge, as the kernel forgets. A system call, so not between a
    /// message and its answer.
    pub fn say_acks(&self) {
        if self.tuning.acks != Acks::System {
            let at_once = self.tuning.acks == Acks::AtOnce;
            // It was granted before; without it acknowledgements come at another time.
            let _ = SockRef::from(&self.tcp).set_tcp_quickack(at_once);
        }
    }

    /// Whether reads ask for the time of arrival from now on.
    #[inline]
    pub const fn ask_arrival(&mut self, asks: bool) {
        self.asks = asks && self.tuning.stamps;
        self.arrived = None;
    }

    /// When the last packet of what was read last came, by the system's clock; `None` where it was
    /// not asked for or the kernel does not know.
    #[inline]
    pub const fn arrived(&self) -> Option<Nanos> {
        self.arrived
    }

    fn read_stamped(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let mut parts = [IoSliceMut::new(space)];
        let control = Some(self.control.as_mut_slice());
        let flags = MsgFlags::empty();
        let got = recvmsg::<()>(self.tcp.as_raw_fd(), &mut parts, control, flags)?;
        for message in got.cmsgs()? {
            if let ControlMessageOwned::ScmTimestampsns(stamps) = message {
                let (s, ns) = (stamps.system.tv_sec(), stamps.system.tv_nsec());
                let known = u64::try_from(s).unwrap_or(0);
                let at = Nanos::from_s(known).after(Nanos(u64::try_from(ns).unwrap_or(0)));
                self.arrived = (known > 0).then_some(at);
            }
        }
        Ok(got.bytes)
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tcp.as_fd()
    }
}

impl Read for Stream {
    #[inline]
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        if self.asks {
            return self.read_stamped(space);
        }
        // The bare call: the C library's makes sure each time that the thread may be cancelled.
        let (count, _) = recv(&self.tcp, space, RecvFlags::empty())?;
        Ok(count)
    }
}

impl Write for Stream {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(send(&self.tcp, bytes, SendFlags::NOSIGNAL)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::time::{SystemTime, UNIX_EPOCH};

    fn pair(tuning: Tuning) -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        near.set_nonblocking(true).unwrap();
        (Stream::new(near, tuning), far)
    }

    fn utc() -> Nanos {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Nanos(u64::try_from(now.as_nanos()).unwrap())
    }

    fn read(stream: &mut Stream) -> Vec<u8> {
        let mut space = [0; 64];
        loop {
            match stream.read(&mut space) {
                Ok(count) => return space[..count].to_vec(),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn the_kernel_says_when_bytes_came_where_it_is_asked() {
        let (mut stream, mut far) = pair(Tuning { busy_poll_us: 0, ..Tuning::default() });
        assert_eq!(stream.refused(), [""; 0]);
        // The kernel begins to stamp some packets after it was asked to.
        let stamped = (0..100_000).find_map(|_| {
            let before = utc();
            far.write_all(b"one").unwrap();
            stream.ask_arrival(true);
            assert_eq!(read(&mut stream), b"one");
            stream.arrived().map(|arrived| (before, arrived))
        });
        let (before, arrived) = stamped.unwrap();
        assert!(before <= arrived && arrived <= utc(), "{before:?} {arrived:?}");
        far.write_all(b"two").unwrap();
        stream.ask_arrival(false);
        assert_eq!(read(&mut stream), b"two");
        assert_eq!(stream.arrived(), None);
        drop(far);
        stream.ask_arrival(true);
        assert_eq!(read(&mut stream), b"");
        assert_eq!(stream.arrived(), None);
    }

    #[test]
    fn what_is_not_asked_for_is_not_set() {
        let tuning = Tuning { acks: Acks::System, busy_poll_us: 0, stamps: false };
        let (mut stream, mut far) = pair(tuning);
        stream.ask_arrival(true);
        far.write_all(b"one").unwrap();
        assert_eq!(read(&mut stream), b"one");
        assert_eq!((stream.arrived(), stream.refused().len()), (None, 0));
        assert!(stream.tcp.nodelay().unwrap());
    }

    #[test]
    fn an_option_out_of_range_is_told_by_name() {
        let (stream, _far) = pair(Tuning { busy_poll_us: u32::MAX, ..Tuning::default() });
        assert_eq!(stream.refused(), ["SO_BUSY_POLL"]);
    }
}
