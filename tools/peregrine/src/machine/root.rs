//! The one way to the machine: files below a root, and programs that only tell. A test gives a
//! folder of its own for the root, the product `/`.

use super::CoreSet;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longest file or answer that is read, bytes; /proc/cpuinfo of a big machine is the longest.
const TEXT_LEN_MAX: u64 = 4 << 20;
/// Most names of a folder that are looked at.
const NAMES_MAX: usize = 65_536;
/// How long a program may take.
const PROGRAM_LIMIT: Duration = Duration::from_secs(10);
/// How often is looked whether it has ended.
const PROGRAM_LOOK: Duration = Duration::from_millis(5);
/// Where programs are looked for.
const PROGRAM_FOLDERS: [&str; 5] =
    ["usr/sbin", "usr/bin", "sbin", "bin", "run/current-system/sw/bin"];

/// Where `/proc`, `/sys` and the programs lie.
#[derive(Clone, Debug)]
pub struct Root {
    path: PathBuf,
}

impl Root {
    /// Below this folder.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The text of a file, without blanks around it; else why not, for people.
    pub fn text(&self, path: &str) -> Result<String, String> {
        let bytes = self.bytes(path)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    /// The bytes of a file; else why not, for people.
    pub fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        let failed = |error: std::io::Error| {
            let why = match error.kind() {
                ErrorKind::NotFound => "no such file".to_owned(),
                ErrorKind::PermissionDenied => "only root may read it".to_owned(),
                _ => error.to_string(),
            };
            format!("/{path}: {why}")
        };
        let file = File::open(self.path.join(path)).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(TEXT_LEN_MAX).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    /// A file with a list of cores.
    pub fn cores(&self, path: &str) -> Result<CoreSet, String> {
        let text = self.text(path)?;
        CoreSet::from_list(&text).ok_or_else(|| format!("/{path}: `{text}` is no list of cores"))
    }

    /// A file with a mask of cores.
    pub fn mask(&self, path: &str) -> Result<CoreSet, String> {
        let text = self.text(path)?;
        CoreSet::from_mask(&text).ok_or_else(|| format!("/{path}: `{text}` is no mask of cores"))
    }

    /// A file with one whole number.
    pub fn number(&self, path: &str) -> Result<i64, String> {
        let text = self.text(path)?;
        text.parse().map_err(|_| format!("/{path}: `{text}` is no whole number"))
    }

    /// Names in a folder, in the order of their numbers; none where there is no folder.
    pub fn names(&self, path: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path.join(path)) else { return Vec::new() };
        let entries = entries.take(NAMES_MAX).filter_map(Result::ok);
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        // Shorter ones first, so that cpu10 comes after cpu2.
        names.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
        names
    }

    /// Whether something of that name is there.
    pub fn has(&self, path: &str) -> bool {
        self.path.join(path).exists()
    }

    /// Whether a folder of that name is there.
    pub fn is_folder(&self, path: &str) -> bool {
        self.path.join(path).is_dir()
    }

    /// What a program that only tells prints, which must be shorter than a pipe holds; else why
    /// not. It gets ten seconds.
    pub fn ask(&self, program: &str, args: &[&str]) -> Result<String, String> {
        let places = PROGRAM_FOLDERS.iter().map(|folder| self.path.join(folder).join(program));
        let Some(path) = places.into_iter().find(|path| path.is_file()) else {
            return Err(format!("{program} is not installed"));
        };
        let failed = |error: std::io::Error| format!("{program}: {error}");
        let mut command = Command::new(path);
        command.args(args).env("LC_ALL", "C").stdin(Stdio::null());
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(failed)?;
        let start = Instant::now();
        let status = loop {
            match child.try_wait().map_err(failed)? {
                Some(status) => break status,
                None if start.elapsed() > PROGRAM_LIMIT => {
                    // It may have ended just now: then there is nothing to end.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(format!("{program} did not answer in time"));
                }
                None => std::thread::sleep(PROGRAM_LOOK),
            }
        };
        let mut answer = Vec::new();
        if let Some(out) = child.stdout.take() {
            out.take(TEXT_LEN_MAX).read_to_end(&mut answer).map_err(failed)?;
        }
        match status.success() {
            true => Ok(String::from_utf8_lossy(&answer).trim().to_owned()),
            false => Err(format!("{program} {} failed", args.join(" "))),
        }
    }

    /// Whether a process of this name runs (as /proc/PID/comm has it, 15 letters at most). `None`:
    /// the machine's processes cannot be seen from here, as in a container.
    pub fn runs(&self, name: &str) -> Option<bool> {
        let name = &name[..name.len().min(15)];
        let digits = |pid: &String| pid.bytes().all(|byte| byte.is_ascii_digit());
        let mut commands = self.names("proc").into_iter().filter(digits);
        let found =
            commands.any(|pid| self.text(&format!("proc/{pid}/comm")).is_ok_and(|it| it == name));
        let sees_all = self.text("proc/2/comm").is_ok_and(|it| it == "kthreadd");
        (found || sees_all).then_some(found)
    }
}
