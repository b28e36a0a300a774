//! Everybody else's side: looking at an engine without its noticing, across its restarts.

use crate::{
    error::RegionError,
    header::{Identity, MAGIC_REGION, validate},
    layout::{Placed, Segment},
    mapping::Mapping,
    region::{RegionPath, check_ours},
    snapshot::Snapshot,
};
use engine::time::Nanos;
use rustix::fs::OFlags;
use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

/// What [`Reader::refresh`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The same region as before.
    Same,
    /// Another engine took the name; this reads its region now.
    Restarted,
    /// The region was removed; this still reads its last state.
    Removed,
}

/// A read-only view of a region. It never writes, locks or signals, so that no number of them can
/// slow an engine down.
pub struct Reader {
    path: RegionPath,
    file: File,
    segment: Mapping<Segment>,
    identity: Identity,
}

impl Reader {
    /// Opens the region of an engine, running or dead: see [`Self::owner_alive`].
    pub fn open(path: &RegionPath) -> Result<Self, RegionError> {
        let place = path.region();
        let bytes = size_of::<Segment>();
        let (file, identity) = open_checked(path, &place, MAGIC_REGION, bytes, false)?;
        let segment = Mapping::readable(&file).map_err(|source| RegionError::Io {
            doing: "map",
            path: place,
            source,
        })?;
        Ok(Self { path: path.clone(), file, segment, identity })
    }

    /// Looks whether the file still has its name, and opens the one that took it. After an error
    /// this still reads the region that it read before.
    pub fn refresh(&mut self) -> Result<Freshness, RegionError> {
        let metadata = self.metadata()?;
        if metadata.nlink() > 0 {
            return Ok(Freshness::Same);
        }
        match Self::open(&self.path) {
            Ok(reader) => {
                *self = reader;
                Ok(Freshness::Restarted)
            }
            Err(RegionError::NotRunning { .. }) => Ok(Freshness::Removed),
            Err(error) => Err(error),
        }
    }

    /// Whose region it is.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Whether the engine's process lives and has not let go of the region. See
    /// [`Identity::is_alive`] for what this cannot see.
    pub fn owner_alive(&self) -> Result<bool, RegionError> {
        Ok(!self.checked()?.header.ended() && self.identity.is_alive())
    }

    /// The engine's last heartbeat, UTC, and how many there were.
    pub fn heartbeat(&self) -> Result<(Nanos, u64), RegionError> {
        let header = &self.checked()?.header;
        Ok((header.heartbeat(), header.beats()))
    }

    /// The panel at `index` of its kind. `None`: never published, no such place, or its writer died
    /// half-way through it.
    pub fn read<P: Placed>(&self, index: usize) -> Result<Option<P>, RegionError> {
        Ok(P::load(self.checked()?, index))
    }

    /// All panels that were ever published. Each is whole; they are not of one instant.
    pub fn snapshot(&self) -> Result<Snapshot, RegionError> {
        Snapshot::take(self)
    }

    /// The segment, when the file was long enough a moment ago.
    fn checked(&self) -> Result<&Segment, RegionError> {
        let bytes = self.metadata()?.len();
        let expected = size_of::<Segment>() as u64;
        if bytes < expected {
            return Err(RegionError::Truncated { path: self.path.region(), bytes, expected });
        }
        Ok(&self.segment)
    }

    fn metadata(&self) -> Result<std::fs::Metadata, RegionError> {
        let path = || self.path.region();
        self.file.metadata().map_err(|source| RegionError::Io {
            doing: "examine",
            path: path(),
            source,
        })
    }
}

/// Opens one of an instance's files and judges all that can be judged without mapping it.
pub(crate) fn open_checked(
    path: &RegionPath,
    place: &Path,
    magic: u64,
    bytes: usize,
    write: bool,
) -> Result<(File, Identity), RegionError> {
    let opened = OpenOptions::new()
        .read(true)
        .write(write)
        .custom_flags(OFlags::NOFOLLOW.bits() as i32)
        .open(place);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(RegionError::NotRunning { name: path.name().into(), path: place.into() });
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(RegionError::Foreign { path: place.into() });
        }
        Err(source) => {
            return Err(RegionError::Io { doing: "open", path: place.into(), source });
        }
    };
    check_ours(&file, place)?;
    let identity = validate(&file, place, magic, bytes)?;
    Ok((file, identity))
}
