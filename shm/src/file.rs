//! A file's bytes without reading it: what others than the engine keep on disk, mapped read-only.

use memmap2::Mmap;
use std::fs::File;
use std::io;

/// The bytes of a whole file, brought in by the system as they are touched.
///
/// For files that are written once, under another name, and then renamed: nobody changes them. One
/// that is nevertheless cut short while it is mapped raises SIGBUS where it is touched.
#[derive(Debug)]
pub struct FileBytes(Mmap);

impl FileBytes {
    /// Maps an open file; it may be closed then.
    ///
    /// # Errors
    /// When the system refuses, as it does for what is no regular file.
    pub fn map(file: &File) -> io::Result<Self> {
        // SAFETY: the bytes are those of a file that nobody writes to once it has its name (see
        // above), so that the slice does not change under its readers.
        unsafe { Mmap::map(file) }.map(Self)
    }
}

impl AsRef<[u8]> for FileBytes {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
