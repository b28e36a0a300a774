//! What a recorder left, read without the product's own reader.

use std::io::{BufReader, Read};
use std::path::Path;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Receive time, ns.
    pub at: u64,
    /// The JSON.
    pub text: String,
}

/// Everything in a folder.
#[derive(Debug, Default)]
pub struct Kept {
    /// Names of files, sorted.
    pub files: Vec<String>,
    /// Their lines, one file after the other.
    pub lines: Vec<Line>,
    /// Their size on disk.
    pub bytes: u64,
}

/// The names of the files in a folder, sorted; none when it is not there.
pub fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Reads a folder. Only a file that its recorder did not close may end early.
pub fn kept(folder: &Path) -> Kept {
    let mut kept = Kept { files: names(folder), ..Kept::default() };
    for name in &kept.files {
        // A file may be renamed between the two looks.
        let Ok(bytes) = std::fs::read(folder.join(name)) else { continue };
        kept.bytes += bytes.len() as u64;
        let mut text = Vec::new();
        let mut decoder =
            zstd::stream::read::Decoder::with_buffer(BufReader::new(bytes.as_slice())).unwrap();
        let mut part = [0; 4096];
        loop {
            match decoder.read(&mut part) {
                Ok(0) => break,
                Ok(count) => text.extend_from_slice(&part[..count]),
                Err(error) => {
                    let cut = name.ends_with(".part") || name.ends_with(".cut.zst");
                    assert!(cut, "{name}: {error}");
                    break;
                }
            }
        }
        let text = String::from_utf8(text).unwrap();
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let (at, text) = line.trim_end_matches('\n').split_once(' ').unwrap();
            kept.lines.push(Line { at: at.parse().unwrap(), text: text.to_owned() });
        }
    }
    kept
}
