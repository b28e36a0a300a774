//! Which of several sockets have something, asked once for all of them.
//!
//! A read of an empty socket costs more than twice this question, so that from a few sockets on it
//! pays to ask before reading (`benches/sockets.rs` measures from how many on). What a socket holds
//! already is not the system's to know: see [`Socket::is_pending`].

use super::{NetError, Socket};
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

/// Most sockets that one of these looks after.
pub const PLACES_MAX: usize = 32;

/// A question that does not wait for its answer.
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Sockets by place, from 0 to [`PLACES_MAX`] - 1.
#[derive(Debug)]
pub struct Ready {
    epoll: OwnedFd,
}

impl Ready {
    /// Looks after none yet.
    pub fn new() -> Result<Self, NetError> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(|error| failed(&error))?;
        Ok(Self { epoll })
    }

    /// Looks after this socket too, until it is closed.
    pub fn add(&self, place: usize, socket: &Socket) -> Result<(), NetError> {
        debug_assert!(place < PLACES_MAX);
        let told = epoll::EventData::new_u64(place as u64);
        // A socket that the peer closed is readable: its end is read.
        epoll::add(&self.epoll, socket, told, epoll::EventFlags::IN).map_err(|error| failed(&error))
    }

    /// One bit a place: those that have something to read. All of them when the system does not
    /// answer, as reading for nothing does no harm.
    #[inline]
    pub fn look(&self) -> u32 {
        let mut found = [MaybeUninit::<epoll::Event>::uninit(); PLACES_MAX];
        match epoll::wait(&self.epoll, &mut found, Some(&AT_ONCE)) {
            Ok((found, _)) => {
                found.iter().fold(0, |all, one| all | 1_u32.wrapping_shl(one.data.u64() as u32))
            }
            Err(_) => u32::MAX,
        }
    }
}

#[cold]
fn failed(error: &Errno) -> NetError {
    NetError::Io { at: "epoll".to_owned(), why: error.to_string() }
}
