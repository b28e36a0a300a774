//! The lines of recorded files: which files a path means, and their text, whichever way it is
//! compressed. What compresses a file is seen in its first bytes, not in its name.

use crate::error::Error;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const BUFFER: usize = 1 << 16;
/// Longest line: a frame of the largest size that a socket takes.
const LINE_MAX: u64 = 32 << 20;

fn wrong(path: &Path, reason: impl ToString) -> Error {
    Error::Recording { path: path.into(), reason: reason.to_string() }
}

/// Whether a file's recorder may not have ended it.
fn is_cut(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".part") || name.ends_with(".cut.zst")
}

/// The files that a path means, in the order of their names: itself, all of a directory, or those
/// whose names begin with it, such as `recorded/binance-btcusdt`.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return beginning(path, &error),
        Err(error) => return Err(wrong(path, error)),
    };
    if !found.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let files = within(path, "").map_err(|error| wrong(path, error))?;
    if files.is_empty() {
        return Err(wrong(path, "no file in this directory; give one with recorded files"));
    }
    Ok(files)
}

fn beginning(path: &Path, error: &io::Error) -> Result<Vec<PathBuf>, Error> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(wrong(path, error));
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match within(folder, &name.to_string_lossy()) {
        Ok(files) if !files.is_empty() => Ok(files),
        _ => Err(wrong(path, format!("{error}, and no file's name begins so"))),
    }
}

/// Regular files that are not hidden. An empty one that a killed recorder left says nothing.
fn within(folder: &Path, start: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || !name.starts_with(start) {
            continue;
        }
        let found = std::fs::metadata(&path)?;
        if found.is_file() && !(found.len() == 0 && is_cut(&path)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The lines of one file.
pub(super) struct Lines {
    reader: BufReader<Box<dyn Read>>,
    path: PathBuf,
    number: u64,
    line: Vec<u8>,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|error| wrong(path, error))?;
        let mut file = BufReader::with_capacity(BUFFER, file);
        let start = file.fill_buf().map_err(|error| wrong(path, error))?;
        let text: Box<dyn Read> = if start.starts_with(&GZIP) {
            Box::new(MultiGzDecoder::new(file))
        } else if start.starts_with(&ZSTD) {
            let decoder = zstd::stream::read::Decoder::with_buffer(file);
            Box::new(decoder.map_err(|error| wrong(path, error))?)
        } else {
            let what = if start.is_empty() { "it is empty" } else { "neither gzip nor zstd" };
            return Err(wrong(path, format!("{what}; a recording is a file of `record`")));
        };
        let reader = BufReader::with_capacity(BUFFER, text);
        Ok(Self { reader, path: path.into(), number: 0, line: Vec::new() })
    }

    /// An error about the line that was read last.
    pub(super) fn wrong(&self, reason: impl std::fmt::Display) -> Error {
        wrong(&self.path, format!("line {}: {reason}", self.number))
    }

    /// The next whole line. Where a recorder was killed, the last whole one is the end.
    pub(super) fn next_line(&mut self) -> Result<Option<&str>, Error> {
        self.line.clear();
        self.number += 1;
        let read = self.reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut self.line);
        let ended = match read {
            Ok(_) => !self.line.ends_with(b"\n"),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && is_cut(&self.path) => {
                true
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(self.wrong("the file ends too early: it is damaged, or still written"));
            }
            Err(error) => return Err(self.wrong(error)),
        };
        if ended {
            return match self.line.len() as u64 {
                0 => Ok(None),
                LINE_MAX.. => Err(self.wrong(format!("longer than {LINE_MAX} bytes"))),
                _ if is_cut(&self.path) => Ok(None),
                // Other programs' files may lack the last line's end.
                _ => self.text(),
            };
        }
        self.text()
    }

    fn text(&self) -> Result<Option<&str>, Error> {
        match std::str::from_utf8(&self.line) {
            Ok(text) => Ok(Some(text)),
            Err(error) => Err(self.wrong(error)),
        }
    }
}
