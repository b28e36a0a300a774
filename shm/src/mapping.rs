//! The one place where a file becomes a structure: a mapping seen as a reference to atomics.
//!
//! Other processes change the bytes at any time, so a mapping can only ever be a structure of
//! atomic words, for which every bit pattern is a value. What remains is a file that is made
//! shorter while it is mapped: touching the missing pages raises SIGBUS, and no length check done
//! before excludes it wholly. Readers check before each use, and the files are writable by their
//! owner only.

use crate::layout::{CommandSegment, Segment};
use memmap2::{MmapOptions, MmapRaw};
use std::{fs::File, io, marker::PhantomData, ops::Deref};

/// Structures that may lie in memory that others write.
///
/// # Safety
/// The type is `repr(C)`, consists of `AtomicU64` and padding only, and has no destructor.
pub(crate) unsafe trait Mapped {}

// SAFETY: a header of atomics and arrays of locks of atomics, all `repr(C)`.
unsafe impl Mapped for Segment {}
// SAFETY: a header of atomics and a ring of atomics, all `repr(C)`.
unsafe impl Mapped for CommandSegment {}

/// A file mapped as a `T` for as long as this lives.
pub(crate) struct Mapping<T> {
    map: MmapRaw,
    kind: PhantomData<T>,
}

impl<T: Mapped> Mapping<T> {
    /// Maps for writing, with all pages present.
    pub(crate) fn writable(file: &File) -> io::Result<Self> {
        let map = MmapOptions::new().len(size_of::<T>()).populate().map_raw(file)?;
        // Best effort: without the privilege the pages may be swapped out, which costs time only.
        let _ = map.lock();
        Self::checked(map)
    }

    /// Maps for reading. Storing through it would kill the process, so that readers are given only
    /// what loads.
    pub(crate) fn readable(file: &File) -> io::Result<Self> {
        let map = MmapOptions::new().len(size_of::<T>()).populate().map_raw_read_only(file)?;
        Self::checked(map)
    }

    fn checked(map: MmapRaw) -> io::Result<Self> {
        let fits = map.len() >= size_of::<T>() && map.as_ptr().cast::<T>().is_aligned();
        if fits {
            Ok(Self { map, kind: PhantomData })
        } else {
            Err(io::Error::other("the mapping is too short or lies askew"))
        }
    }
}

impl<T: Mapped> Deref for Mapping<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: `checked` saw that the mapping is long enough and aligned; it lives as long as
        // `self`. `T: Mapped` is atomics only: any bytes are valid, and others' stores are no data
        // race. Read-only mappings are only loaded from, relaxed, which Rust allows there.
        unsafe { &*self.map.as_mut_ptr().cast::<T>() }
    }
}
