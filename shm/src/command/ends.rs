//! The two ends of the command ring: the engine's, which only polls, and the operator's.

use super::{Answer, COMMANDS_MAX, Command};
use crate::{
    error::{CommandError, RegionError},
    header::{Identity, MAGIC_COMMANDS},
    layout::CommandSegment,
    mapping::Mapping,
    reader::open_checked,
    region::{Owned, RegionPath},
    ring::Popped,
    words::{Cells, Source},
};
use std::{fs::File, fs::TryLockError, os::unix::fs::MetadataExt, sync::Arc};

/// A command as the engine finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its number, to be given back with the answer.
    pub sequence: u64,
    /// What is asked for; `None` when the bytes are no command, which is already answered.
    pub command: Option<Command>,
}

/// The engine's end. There is one per region.
pub struct CommandReader {
    owned: Arc<Owned>,
    head: u64,
}

impl CommandReader {
    pub(crate) fn new(owned: Arc<Owned>) -> Self {
        Self { owned, head: 0 }
    }

    /// The next command, if there is one: one atomic load when there is none, no system call ever.
    /// Each is to be answered with [`Self::answer`].
    #[inline]
    pub fn poll(&mut self) -> Option<Received> {
        let popped = self.owned.commands.ring.pop(&mut self.head)?;
        Some(self.judge(popped))
    }

    #[cold]
    fn judge(&self, popped: Popped) -> Received {
        let received = match popped {
            Popped::Words(sequence, words) => {
                Received { sequence, command: Command::decode(sequence, &words) }
            }
            Popped::Overrun(sequence) => Received { sequence, command: None },
        };
        if received.command.is_none() {
            self.answer(received.sequence, Answer::Malformed);
        }
        received
    }

    /// Says what became of a command.
    pub fn answer(&self, sequence: u64, answer: Answer) {
        self.owned.commands.ring.answer(sequence, answer as u16);
    }
}

/// An operator's end: any number of them, in any number of processes.
pub struct CommandWriter {
    path: RegionPath,
    file: File,
    segment: Mapping<CommandSegment>,
    identity: Identity,
}

impl CommandWriter {
    /// Opens the ring of a running engine.
    pub fn open(path: &RegionPath) -> Result<Self, RegionError> {
        let bytes = size_of::<CommandSegment>();
        let (file, identity) = open_checked(path, &path.commands(), MAGIC_COMMANDS, bytes, true)?;
        let segment = Mapping::writable(&file).map_err(|source| RegionError::Io {
            doing: "map",
            path: path.commands(),
            source,
        })?;
        let writer = Self { path: path.clone(), file, segment, identity };
        writer.check()?;
        Ok(writer)
    }

    /// Whose ring it is.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Appends a command and returns its number. While another process holds the lock, `go_on` is
    /// called between tries: it may sleep, and ends the waiting by returning false.
    pub fn send(
        &mut self,
        command: &Command,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<u64, CommandError> {
        loop {
            self.check()?;
            match self.file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if go_on() => {}
                Err(TryLockError::WouldBlock) => return Err(CommandError::Busy),
                Err(TryLockError::Error(source)) => {
                    let path = self.path.commands();
                    return Err(RegionError::Io { doing: "lock", path, source }.into());
                }
            }
        }
        let sequence = self.segment.ring.push(|sequence| command.encode(sequence));
        // Closing the file frees the lock too, so a failure here costs nothing.
        let _ = self.file.unlock();
        sequence.ok_or(CommandError::Full { waiting: COMMANDS_MAX })
    }

    /// The answer to a command, if there is one yet.
    pub fn answer(&self, sequence: u64) -> Result<Option<Answer>, CommandError> {
        self.segment_checked()?
            .ring
            .answer_to(sequence)
            .map(|code| code.map(answer_from))
            .map_err(|()| CommandError::Overwritten { sequence })
    }

    /// Waits for the answer. `go_on` is called between looks: it may sleep, and ends the waiting by
    /// returning false. An engine that ends meanwhile is an error too; after `stop`, that is how
    /// it may end.
    pub fn wait(
        &self,
        sequence: u64,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Answer, CommandError> {
        loop {
            // Liveness first: an engine that answers and then ends has answered.
            let alive = self.check();
            if let Some(answer) = self.answer(sequence)? {
                return Ok(answer);
            }
            alive?;
            if !go_on() {
                return Err(CommandError::TimedOut { sequence });
            }
        }
    }

    fn segment_checked(&self) -> Result<&CommandSegment, RegionError> {
        self.check_length()?;
        Ok(&self.segment)
    }

    fn check_length(&self) -> Result<u64, RegionError> {
        let path = || self.path.commands();
        let metadata = self.file.metadata().map_err(|source| RegionError::Io {
            doing: "examine",
            path: path(),
            source,
        })?;
        let expected = size_of::<CommandSegment>() as u64;
        if metadata.len() < expected {
            return Err(RegionError::Truncated { path: path(), bytes: metadata.len(), expected });
        }
        Ok(metadata.nlink())
    }

    /// That the file is whole, still has its name, and its engine lives.
    fn check(&self) -> Result<(), RegionError> {
        let links = self.check_length()?;
        if links == 0 || self.segment.header.ended() || !self.identity.is_alive() {
            let name = self.path.name().to_owned();
            return Err(RegionError::OwnerGone { name, pid: self.identity.pid });
        }
        Ok(())
    }
}

/// An answer that this build does not know is still a refusal.
fn answer_from(code: u16) -> Answer {
    let words = [u64::from(code)];
    Answer::get(&mut Source::new(&words)).unwrap_or(Answer::NotSupported)
}
