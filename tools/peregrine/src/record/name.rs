//! Names of recorded files, and those that a killed recorder left. Nothing is ever overwritten:
//! a name is taken by creating its file, and a file is renamed only to a name that is free.

use crate::print::Utc;
use engine::time::Nanos;
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// What a file's name ends in while it is written.
pub const PART: &str = ".zst.part";
/// When it is whole.
pub const WHOLE: &str = ".zst";
/// When its recorder did not end in order.
pub const CUT: &str = ".cut.zst";

/// Files of one instrument that may begin within one second.
const SAME_SECOND_MAX: u32 = 10_000;

/// `20240808T093000`.
fn stamp(at: Nanos) -> String {
    let text = Utc(at).to_string();
    text.chars().filter(|one| !matches!(one, '-' | ':')).take(15).collect()
}

/// Renames to a name that nobody has.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        // Some file systems cannot: then it is looked at first.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) if !to.exists() => {
            std::fs::rename(from, to)
        }
        Err(error) => Err(error.into()),
    }
}

/// Where one file is, and will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    stem: PathBuf,
}

impl Names {
    fn with(&self, end: &str) -> PathBuf {
        let mut name = self.stem.clone().into_os_string();
        name.push(end);
        name.into()
    }

    /// Creates the first free name for a file that begins `at`. Its lock tells other recorders
    /// that it is written.
    pub fn create(folder: &Path, instrument: &str, at: Nanos) -> io::Result<(Self, File)> {
        for number in 0..SAME_SECOND_MAX {
            let stem = folder.join(format!("{instrument}-{}-{number}", stamp(at)));
            let names = Self { stem };
            if [WHOLE, CUT].iter().any(|end| names.with(end).exists()) {
                continue;
            }
            match OpenOptions::new().write(true).create_new(true).open(names.part()) {
                Ok(file) => {
                    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
                    return Ok((names, file));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other(format!("{SAME_SECOND_MAX} files began in one second")))
    }

    /// Its name while it is written.
    pub fn part(&self) -> PathBuf {
        self.with(PART)
    }

    /// Gives it its name for good.
    pub fn finish(&self) -> io::Result<PathBuf> {
        let whole = self.with(WHOLE);
        rename(&self.part(), &whole)?;
        Ok(whole)
    }
}

/// Renames the files in a folder that nobody writes any more; gives their new names.
pub fn rename_left(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut renamed = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(PART) else { continue };
        let file = OpenOptions::new().write(true).open(&path)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            // Another recorder writes it.
            continue;
        }
        // Gives back what was reserved behind its end.
        file.set_len(file.metadata()?.len())?;
        let cut = folder.join(format!("{stem}{CUT}"));
        rename(&path, &cut)?;
        renamed.push(cut);
    }
    Ok(renamed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_free_ones_and_what_was_left_is_kept() {
        let folder = std::env::temp_dir().join(format!("peregrine-names-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let at = Nanos::from_s(1_723_109_400);
        let create = || Names::create(&folder, "binance-btcusdt", at).unwrap();
        let (first, held) = create();
        assert_eq!(first.part(), folder.join("binance-btcusdt-20240808T093000-0.zst.part"));
        let (second, left) = create();
        drop(left);
        // The first is still locked: another recorder writes it.
        let cut = folder.join("binance-btcusdt-20240808T093000-1.cut.zst");
        assert_eq!(rename_left(&folder).unwrap(), std::slice::from_ref(&cut));
        assert!(cut.exists() && !second.part().exists());
        let whole = first.finish().unwrap();
        assert_eq!(whole, folder.join("binance-btcusdt-20240808T093000-0.zst"));
        drop(held);
        let (third, _held) = create();
        assert_eq!(third.part(), folder.join("binance-btcusdt-20240808T093000-2.zst.part"));
        std::fs::write(third.with(WHOLE), "mine").unwrap();
        assert!(third.finish().is_err());
        assert_eq!(std::fs::read(third.with(WHOLE)).unwrap(), b"mine");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
