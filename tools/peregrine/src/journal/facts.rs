//! `session.json`: what a person or an exporter wants to know of each session of a journal, and
//! what its rows only have numbers for.

use crate::config::Config;
use crate::exit::Failure;
use engine::asset::Assets;
use engine::id::AssetId;
use engine::instrument::{Instrument, Symbol};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// One session.
#[derive(Clone, Debug)]
pub struct Facts(Value);

/// Name of the file.
pub const FILE: &str = "session.json";

impl Facts {
    /// What is known at the start.
    pub fn new(
        config: &Config,
        (instruments, assets): (&[Instrument], &Assets),
        (epoch, started_at_ns): (u32, u64),
    ) -> Self {
        let instruments: Vec<Value> = instruments
            .iter()
            .zip(config.instrument_names())
            .map(|(one, name)| {
                json!({
                    "name": name,
                    "symbol": one.symbol.to_string(),
                    "tick": { "step": one.tick.step, "decimals": one.tick.decimals },
                    "lot": { "step": one.lot.step, "decimals": one.lot.decimals },
                    "base": assets.name(one.base).map(|name| name.to_string()),
                    "quote": assets.name(one.quote).map(|name| name.to_string()),
                })
            })
            .collect();
        let names: Vec<Option<String>> = (0..=u16::MAX)
            .map_while(|id| assets.name(AssetId(id)))
            .map(|name| Some(name.to_string()))
            .collect();
        Self(json!({
            "epoch": epoch,
            "started_at_ns": started_at_ns,
            "mode": config.mode.name(),
            "account": config.account(),
            "strategy": config.strategies(),
            "config_file": config.file,
            "config_hash": format!("{:016x}", config.hash()),
            "binary": env!("CARGO_PKG_VERSION"),
            "binary_id": format!("{:016x}", binary_id()),
            "instruments": instruments,
            "assets": names,
        }))
    }

    /// Adds it to those of the folder; the file is whole at every instant.
    pub fn append(mut self, folder: &Path, first_seq: u64) -> Result<(), Failure> {
        self.0["first_seq"] = first_seq.into();
        let path = folder.join(FILE);
        let mut all = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                Failure::error(format!("{}: {error}; move it away", path.display()))
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => json!({"sessions": []}),
            Err(error) => return Err(failed(&path, &error)),
        };
        if let Some(sessions) = all["sessions"].as_array_mut() {
            sessions.push(self.0);
        }
        let beside = path.with_extension("json.part");
        fs::write(&beside, format!("{all:#}\n")).map_err(|error| failed(&beside, &error))?;
        fs::rename(&beside, &path).map_err(|error| failed(&path, &error))
    }
}

/// What is known of the last session of a folder; nothing where that cannot be read.
fn last(folder: &Path) -> Value {
    let read = || -> Option<Value> {
        let all: Value = serde_json::from_slice(&fs::read(folder.join(FILE)).ok()?).ok()?;
        all["sessions"].as_array()?.last().cloned()
    };
    read().unwrap_or_default()
}

/// Refuses a folder of another account: its positions are not ours.
pub fn check(folder: &Path, config: &Config) -> Result<(), Failure> {
    let last = last(folder);
    let account = config.account();
    let ours = [("account", account.as_str()), ("mode", config.mode.name())];
    for (what, ours) in ours {
        if let Some(theirs) = last[what].as_str().filter(|theirs| *theirs != ours) {
            let text = format!(
                "the journal {} is of {what} `{theirs}`, the configuration says `{ours}`: name \
                 another folder",
                folder.display()
            );
            return Err(Failure::error(text));
        }
    }
    Ok(())
}

/// What the instruments are called, by number, as the last session of a folder had them; nothing
/// where that is not known.
pub fn instruments(folder: &Path) -> Vec<String> {
    let last = last(folder);
    let all = last["instruments"].as_array().into_iter().flatten();
    all.map_while(|one| one["name"].as_str().map(str::to_owned)).collect()
}

/// Names of assets by number, as the last session of a folder had them.
pub fn assets(folder: &Path) -> Assets {
    let mut assets = Assets::default();
    let last = last(folder);
    for name in last["assets"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if let Some(name) = Symbol::new(name) {
            assets.intern(name);
        }
    }
    assets
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::error(format!("cannot write {}: {error}", path.display()))
}

/// Tells builds apart: version, and size and age of the program's file. Information only.
pub fn binary_id() -> u64 {
    let text = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    let version = shm::words::hash_text(shm::words::HASH_START, text);
    let found = std::env::current_exe().and_then(fs::metadata);
    found.map_or(version, |found| {
        let changed = found.modified().ok();
        let changed = changed.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let age = changed.map_or(0, |age| age.as_nanos() as u64);
        shm::words::hash_word(shm::words::hash_word(version, found.len()), age)
    })
}
