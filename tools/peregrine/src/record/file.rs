//! One recorded file: lines through zstd onto a disk that may become full.
//!
//! Room for the end is reserved ahead of what is written, so that a full disk is noticed while the
//! file can still be closed whole.

use super::name::Names;
use super::tally::{Tally, add};
use engine::time::Nanos;
use rustix::fs::{FallocateFlags, fallocate};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zstd::stream::write::Encoder;

/// Level of compression: 3 is zstd's default.
const LEVEL: i32 = 3;
/// Room that is kept for closing: what the encoder holds, and the rest of one line.
const END_BYTES: u64 = 1 << 20;
/// Room that is reserved at once.
const STEP_BYTES: u64 = 4 << 20;

/// When a file is closed and the next one begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// At this many bytes on disk.
    pub bytes: u64,
    /// At this age.
    pub age: Duration,
}

impl Rotation {
    /// From MiB, of which a part will do, and seconds.
    pub fn new(mib: f64, seconds: u64) -> Self {
        Self { bytes: (mib * 1_048_576.0) as u64, age: Duration::from_secs(seconds) }
    }
}

/// The file below the encoder.
struct Room {
    file: File,
    len: u64,
    reserved: u64,
    reserves: bool,
    closing: bool,
    tally: Arc<Tally>,
}

impl Room {
    /// Sees to it that the end fits behind `more` bytes. A file system that reserves nothing is
    /// taken as it is.
    fn reserve(&mut self, more: u64) -> io::Result<()> {
        let needed = self.len + more + END_BYTES;
        if !self.reserves || self.closing || needed <= self.reserved {
            return Ok(());
        }
        let wanted = [needed.next_multiple_of(STEP_BYTES), needed];
        for to in wanted {
            let len = to - self.len;
            match fallocate(&self.file, FallocateFlags::KEEP_SIZE, self.len, len) {
                Ok(()) => {
                    self.reserved = to;
                    return Ok(());
                }
                Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
                    self.reserves = false;
                    return Ok(());
                }
                Err(error) if to == needed => return Err(error.into()),
                Err(_) => {}
            }
        }
        Ok(())
    }
}

impl Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.reserve(bytes.len() as u64)?;
        let count = self.file.write(bytes)?;
        self.len += count as u64;
        add(&self.tally.bytes_written, count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that is written.
pub struct Recorded {
    encoder: Encoder<'static, Room>,
    names: Names,
    line: Vec<u8>,
    began: Instant,
    unflushed: bool,
}

impl Recorded {
    /// Begins one with the next free name.
    pub fn create(
        folder: &Path,
        instrument: &str,
        at: Nanos,
        tally: &Arc<Tally>,
    ) -> io::Result<Self> {
        let (names, file) = Names::create(folder, instrument, at)?;
        let tally = Arc::clone(tally);
        add(&tally.files, 1);
        let room = Room { file, len: 0, reserved: 0, reserves: true, closing: false, tally };
        let mut encoder = Encoder::new(room, LEVEL)?;
        encoder.include_checksum(true)?;
        Ok(Self { encoder, names, line: Vec::new(), began: Instant::now(), unflushed: false })
    }

    /// Its name now.
    pub fn path(&self) -> PathBuf {
        self.names.part()
    }

    /// Writes one line. After an error only [`Recorded::close`] makes sense, which writes its rest.
    pub fn line(&mut self, at: Nanos, text: &[u8]) -> io::Result<()> {
        self.unflushed = true;
        self.line.clear();
        write!(self.line, "{} ", at.0)?;
        let breaks = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
        self.line.extend(text.iter().map(breaks));
        self.line.push(b'\n');
        self.rest()
    }

    fn rest(&mut self) -> io::Result<()> {
        while !self.line.is_empty() {
            match self.encoder.write(&self.line) {
                Ok(count) => drop(self.line.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Hands everything so far to the system, so that it outlives this process.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.unflushed {
            self.encoder.flush()?;
            self.unflushed = false;
        }
        Ok(())
    }

    /// Whether the next line belongs to the next file.
    pub fn is_over(&self, rotation: Rotation) -> bool {
        self.encoder.get_ref().len >= rotation.bytes || self.began.elapsed() >= rotation.age
    }

    /// Ends it and gives it its name; what does not succeed stays a `.part`.
    pub fn close(mut self) -> io::Result<PathBuf> {
        self.encoder.get_mut().closing = true;
        self.rest()?;
        self.encoder.do_finish()?;
        let room = self.encoder.get_ref();
        // Gives back what was reserved and not used.
        room.file.set_len(room.len)?;
        room.file.sync_all()?;
        self.names.finish()
    }
}
