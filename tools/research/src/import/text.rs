//! Bytes of files, whichever way they are packed: plain, gzip, zstd, or the one file of a zip. What
//! packs a file is seen in its first bytes, not in its name.

use super::error::ImportError;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use zip::{CompressionMethod, ZipArchive};

const BUFFER: usize = 1 << 16;
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const ZIP: &[u8] = b"PK\x03\x04";
/// Longest line.
const LINE_MAX: u64 = 32 << 20;

/// Bytes read from disk by all sources together: how far an import is.
pub(super) type Tally = Arc<AtomicU64>;

/// Counts what is read.
struct Counted<R> {
    inner: R,
    tally: Tally,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        // Shown to people only: no other memory is ordered by it.
        self.tally.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// The unpacked bytes of a file.
pub(super) type Bytes = BufReader<Box<dyn Read>>;

/// Opens a file. Of a zip the one file in it whose name ends in one of `ends`.
pub(super) fn open(path: &Path, ends: &[&str], tally: &Tally) -> Result<Bytes, ImportError> {
    let wrong = |error: io::Error| ImportError::file(path, error);
    let mut file = File::open(path).map_err(wrong)?;
    let mut start = [0; 4];
    let mut have = 0;
    while have < start.len() {
        match file.read(&mut start[have..]).map_err(wrong)? {
            0 => break,
            more => have += more,
        }
    }
    file.seek(SeekFrom::Start(0)).map_err(wrong)?;
    let start = &start[..have];
    if start.is_empty() {
        return Err(ImportError::file(path, "it is empty"));
    }
    let text: Box<dyn Read> = if start.starts_with(ZIP) {
        return zipped(path, file, ends, tally);
    } else {
        let file = BufReader::with_capacity(BUFFER, Counted { inner: file, tally: tally.clone() });
        if start.starts_with(GZIP) {
            Box::new(MultiGzDecoder::new(file))
        } else if start.starts_with(ZSTD) {
            Box::new(zstd::stream::read::Decoder::with_buffer(file).map_err(wrong)?)
        } else {
            Box::new(file)
        }
    };
    Ok(BufReader::with_capacity(BUFFER, text))
}

fn zipped(path: &Path, file: File, ends: &[&str], tally: &Tally) -> Result<Bytes, ImportError> {
    let wrong = |error: zip::result::ZipError| ImportError::file(path, error);
    let again = file.try_clone().map_err(|error| ImportError::file(path, error))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(wrong)?;
    let fits = |name: &&str| ends.iter().any(|end| name.ends_with(end));
    let names: Vec<&str> = archive.file_names().collect();
    let found: Vec<&str> = names.iter().copied().filter(fits).collect();
    let [name] = found[..] else {
        let names = names.join(", ");
        let why = format!("a zip with one file of {} is wanted; it has {names}", ends.join(", "));
        return Err(ImportError::file(path, why));
    };
    let name = name.to_owned();
    let place = archive.index_for_name(&name).unwrap_or(0);
    let entry = archive.by_index_raw(place).map_err(wrong)?;
    let (begin, len, method) = (entry.data_start(), entry.compressed_size(), entry.compression());
    let mut packed = again;
    packed.seek(SeekFrom::Start(begin)).map_err(|error| ImportError::file(path, error))?;
    let packed = Counted { inner: packed.take(len), tally: tally.clone() };
    let text: Box<dyn Read> = match method {
        CompressionMethod::Stored => Box::new(packed),
        CompressionMethod::Deflated => {
            Box::new(DeflateDecoder::new(BufReader::with_capacity(BUFFER, packed)))
        }
        other => {
            let why = format!("{name} is packed by {other}; pack it by deflate");
            return Err(ImportError::file(path, why));
        }
    };
    Ok(BufReader::with_capacity(BUFFER, text))
}

/// Whether a file's recorder may not have ended it.
fn is_cut(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".part") || name.ends_with(".cut.zst")
}

/// The lines of one file, numbered from 1.
pub(super) struct Lines {
    pub path: Arc<Path>,
    pub number: u64,
    reader: Bytes,
    line: Vec<u8>,
}

impl Lines {
    pub fn open(path: &Path, tally: &Tally) -> Result<Self, ImportError> {
        let reader = open(path, &[".csv", ".txt"], tally)?;
        Ok(Self { path: path.into(), number: 0, reader, line: Vec::new() })
    }

    /// The next whole line, without its end. Where a recorder was killed, the last whole one is
    /// the end.
    pub fn next_line(&mut self) -> Result<Option<&mut Vec<u8>>, ImportError> {
        self.line.clear();
        self.number += 1;
        let read = self.reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut self.line);
        let whole = self.line.ends_with(b"\n");
        match read {
            Ok(0) => return Ok(None),
            Err(_) if is_cut(&self.path) => return Ok(None),
            Err(error) => return Err(self.wrong(error)),
            Ok(_) if !whole && is_cut(&self.path) => return Ok(None),
            Ok(_) if !whole && self.line.len() as u64 >= LINE_MAX => {
                return Err(self.wrong("the line is over 32 MiB; is this a text file?"));
            }
            Ok(_) => {}
        }
        while self.line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            self.line.pop();
        }
        Ok(Some(&mut self.line))
    }

    /// An error about the line that was read last.
    pub fn wrong(&self, why: impl std::fmt::Display) -> ImportError {
        ImportError::line(&self.path, self.number, why)
    }
}

/// The files that a path means: itself, or all of a folder in the order of their names, but for
/// hidden ones and for empty ones that a killed recorder left.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let wrong = |error: io::Error| ImportError::file(path, error);
    if !std::fs::metadata(path).map_err(wrong)?.is_dir() {
        return Ok(vec![path.into()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let found = std::fs::metadata(&path).map_err(wrong)?;
        if found.is_file() && !hidden && !(found.len() == 0 && is_cut(&path)) {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(ImportError::file(path, "no file in this folder"));
    }
    Ok(files)
}
