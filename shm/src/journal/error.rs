//! What can be wrong with a journal, said with the place and with what to do about it.

use std::{io, path::PathBuf};

/// Why a journal cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum JournalError {
    /// The file system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    /// There is nothing.
    #[error("{} holds no journal: no .pgj file is in it; give the folder that --out named",
        path.display())]
    Empty { path: PathBuf },
    /// The first bytes are not ours.
    #[error("{} is no journal of Peregrine; move it out of the folder", path.display())]
    Foreign { path: PathBuf },
    /// Another release wrote it.
    #[error("{} was written by another release ({what} {found}, this one reads {expected}); \
        replay it with that release, or convert it: peregrine journal upgrade", path.display())]
    OtherVersion { path: PathBuf, what: &'static str, found: u64, expected: u64 },
    /// Header or state file fails its checksum.
    #[error("{} is damaged in its {part}: its checksum fails; restore it from a copy",
        path.display())]
    Damaged { path: PathBuf, part: &'static str },
    /// A row fails its checksum.
    #[error("{} is damaged: row {seq} at byte {byte} fails its checksum; rows before it are good",
        path.display())]
    Row { path: PathBuf, seq: u64, byte: u64 },
    /// It ends before it should.
    #[error("{} is truncated, or its successor is missing: it ends before row {seq}, and the next \
        segment in the folder begins at row {expected}", path.display())]
    Truncated { path: PathBuf, seq: u64, expected: u64 },
    /// The file's name and its header disagree.
    #[error("{} says in its header that it begins with row {seq}: it was renamed or belongs to \
        another place", path.display())]
    Misplaced { path: PathBuf, seq: u64 },
    /// Segments of two journals in one folder.
    #[error("{} belongs to another journal than the segment before it; move it out of the folder",
        path.display())]
    Mixed { path: PathBuf },
    /// Somebody writes it.
    #[error("{} is in use by process {pid}: two engines cannot write one journal; stop that one \
        or choose another folder", path.display())]
    InUse { path: PathBuf, pid: String },
    /// No state to begin from.
    #[error("{} is missing: without it nothing can begin at row {seq}", path.display())]
    NoState { path: PathBuf, seq: u64 },
    /// A session would begin in the middle of another's rows.
    #[error("{} already holds rows from row {seq} on: a session begins behind the last row; \
        nothing was overwritten", path.display())]
    Occupied { path: PathBuf, seq: u64 },
    /// Memory that nobody has looked into.
    #[error("{} was left by an engine that died: what it holds has to be saved before another \
        session begins; nothing was overwritten", path.display())]
    Unsalvaged { path: PathBuf },
}

/// Names what was being done to which file.
pub(crate) fn io_error(
    doing: &'static str,
    path: &std::path::Path,
) -> impl FnOnce(io::Error) -> JournalError + use<> {
    let path = path.to_path_buf();
    move |source| JournalError::Io { doing, path, source }
}
