//! `peregrine arm`, and the three yeses that real money needs.
//!
//! A live session starts only with `mode = "live"` in the file, `--live` on the command line, and a
//! token that `arm` left after somebody typed the account's name. The token is bound to the hash of
//! the file, the account and a time; it lies with mode 600 under the user's state directory.

use crate::cli::{self, ArmArgs};
use crate::config::{Config, Mode};
use crate::exit::{Exit, Failure};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What a token file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// SHA-256 of the configuration's text, hexadecimal.
    pub config_sha256: String,
    /// The account's name.
    pub account: String,
    /// When it was made, seconds since 1970 UTC.
    pub made_at: u64,
    /// Until when it holds, seconds since 1970 UTC.
    pub expires_at: u64,
}

/// A yes that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// `mode = "live"` in the file.
    Mode {
        /// What the file says instead.
        found: &'static str,
    },
    /// `--live` on the command line.
    Flag,
    /// No token was ever made, or it was taken back.
    NotArmed,
    /// The token is of another text of the file, or another account.
    Changed,
    /// Its time is over.
    Expired {
        /// For how long, seconds.
        seconds: u64,
    },
    /// The token file cannot be trusted.
    Unsafe {
        /// Why not, and what to do.
        why: String,
    },
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mode { found } => {
                write!(f, "the file says mode = \"{found}\"; write mode = \"live\"")
            }
            Self::Flag => f.write_str("the command line lacks --live"),
            Self::NotArmed => f.write_str("it is not armed; run `peregrine arm`"),
            Self::Changed => f.write_str(
                "the file or the account changed since it was armed; run `peregrine arm` again",
            ),
            Self::Expired { seconds } => {
                write!(f, "arming ended {seconds} s ago; run `peregrine arm` again")
            }
            Self::Unsafe { why } => f.write_str(why),
        }
    }
}

/// Why a live session may not start: every yes that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// At least one.
    pub missing: Vec<Missing>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("live trading is refused")?;
        for missing in &self.missing {
            write!(f, "\n  - {missing}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::error(refusal)
    }
}

/// Why arming failed.
#[derive(Debug, thiserror::Error)]
pub enum ArmError {
    /// Only live configurations are armed.
    #[error("{file}: mode is \"{mode}\", and only mode = \"live\" is armed")]
    NotLive {
        /// The configuration.
        file: String,
        /// Its mode.
        mode: &'static str,
    },
    /// Another name was typed.
    #[error("that is not the account's name ({account}); nothing was armed")]
    WrongName {
        /// The account's name.
        account: String,
    },
    /// There is no place for the token.
    #[error("neither XDG_STATE_HOME nor HOME is set; set one of them")]
    NoStateDirectory,
    /// The system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Where this user's state is kept: `$XDG_STATE_HOME/peregrine` or `~/.local/state/peregrine`.
pub fn state_directory() -> Result<PathBuf, ArmError> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .map(|base| base.join("peregrine"))
        .ok_or(ArmError::NoStateDirectory)
}

/// The token file of an account.
fn token_path(directory: &Path, account: &str) -> PathBuf {
    directory.join(format!("armed-{account}.json"))
}

/// Checks all three yeses for a live session at this moment; names each that is missing.
pub fn verify(config: &Config, live_flag: bool) -> Result<(), Refusal> {
    let token = match state_directory() {
        Ok(directory) => verify_token(config, &token_path(&directory, &config.account()), now()),
        Err(error) => Err(Missing::Unsafe { why: error.to_string() }),
    };
    let mode = match config.mode {
        Mode::Live => Ok(()),
        other => Err(Missing::Mode { found: other.name() }),
    };
    let flag = if live_flag { Ok(()) } else { Err(Missing::Flag) };
    let missing: Vec<Missing> = [mode, flag, token].into_iter().filter_map(Result::err).collect();
    if missing.is_empty() { Ok(()) } else { Err(Refusal { missing }) }
}

fn verify_token(config: &Config, path: &Path, now: u64) -> Result<(), Missing> {
    let distrust = |why: &str| Missing::Unsafe { why: format!("{}: {why}", path.display()) };
    let mut options = OpenOptions::new();
    let nofollow = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    let file = match options.read(true).custom_flags(nofollow).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Missing::NotArmed),
        Err(error) => return Err(distrust(&format!("cannot be read: {error}"))),
    };
    let metadata = file.metadata().map_err(|error| distrust(&error.to_string()))?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(distrust("belongs to another user; remove it and run `peregrine arm`"));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(distrust("others may write or read it; remove it and run `peregrine arm`"));
    }
    let token: Token = serde_json::from_reader(io::Read::take(file, 4_096))
        .map_err(|_| distrust("is not a token; remove it and run `peregrine arm`"))?;
    if token.config_sha256 != hex::encode(config.sha256) || token.account != config.account() {
        return Err(Missing::Changed);
    }
    match now.checked_sub(token.expires_at) {
        None if now >= token.made_at => Ok(()),
        None => Err(distrust("was made in the future; check the clock")),
        Some(seconds) => Err(Missing::Expired { seconds }),
    }
}

/// Has the account's name typed and leaves the token, or takes it back.
pub fn run(args: &ArmArgs) -> Result<Exit, Failure> {
    let config = Config::load(&args.config)?;
    let directory = state_directory()?;
    let path = token_path(&directory, &config.account());
    if args.disarm {
        disarm(&path)?;
        let what = serde_json::json!({ "armed": false, "account": config.account() });
        report(args.json, &what, &format!("{} is not armed any more", config.account()));
        return Ok(Exit::Ok);
    }
    if config.mode != Mode::Live {
        let (file, mode) = (config.file.clone(), config.mode.name());
        return Err(ArmError::NotLive { file, mode }.into());
    }
    ask_name(&config)?;
    let made_at = now();
    let token = Token {
        config_sha256: hex::encode(config.sha256),
        account: config.account(),
        made_at,
        expires_at: made_at + args.hours * 3_600,
    };
    write_token(&directory, &path, &token)?;
    let what = serde_json::json!({
        "armed": true,
        "account": token.account,
        "config_sha256": token.config_sha256,
        "expires_at": token.expires_at,
    });
    let text = format!(
        "armed: {} may trade as {} says for {} h; start it with\n  \
         peregrine run --config {} --live",
        token.account, config.file, args.hours, config.file
    );
    report(args.json, &what, &text);
    Ok(Exit::Ok)
}

fn report(json: bool, what: &serde_json::Value, text: &str) {
    if json { cli::print(what) } else { crate::cli::say(format_args!("{text}")) }
}

fn ask_name(config: &Config) -> Result<(), ArmError> {
    let account = config.account();
    let places: Vec<&str> =
        config.venues.iter().map(|venue| venue.endpoints.ws_api.as_str()).collect();
    if io::stdin().is_terminal() {
        crate::cli::complain(format_args!(
            "{} trades real money at {}.\nType the account's name ({}) to arm it:",
            config.file,
            places.join(", "),
            if places.len() > 1 { "all of them, joined by +" } else { "as the file has it" }
        ));
    }
    let mut typed = String::new();
    let read = io::stdin().lock().take_line(&mut typed);
    read.map_err(|source| ArmError::Io { doing: "read", path: "standard input".into(), source })?;
    match typed.trim_end_matches(['\r', '\n']) == account {
        true => Ok(()),
        false => Err(ArmError::WrongName { account: account.clone() }),
    }
}

/// One line of bounded length.
trait TakeLine {
    fn take_line(&mut self, out: &mut String) -> io::Result<usize>;
}

impl TakeLine for io::StdinLock<'_> {
    fn take_line(&mut self, out: &mut String) -> io::Result<usize> {
        io::Read::take(self, 256).read_line(out)
    }
}

fn write_token(directory: &Path, path: &Path, token: &Token) -> Result<(), ArmError> {
    let failed = |doing, path: &Path| {
        let path = path.to_owned();
        move |source| ArmError::Io { doing, path, source }
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(failed("create", directory))?;
    let new = path.with_extension("new");
    let _ = std::fs::remove_file(&new); // left by an `arm` that was killed
    let text = serde_json::to_vec(token).map_err(|error| failed("write", &new)(error.into()))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(&new).map_err(failed("create", &new))?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed("write", &new))?;
    std::fs::rename(&new, path).map_err(failed("put in place", path))
}

fn disarm(path: &Path) -> Result<(), ArmError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(ArmError::Io { doing: "remove", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
