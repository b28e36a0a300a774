//! An engine over a wire, with a journal: started, killed, looked at through shared memory.

use crate::exchange::Exchange;
use crate::harness::{Ended, Folder, Process, demo_config, peregrine, until};
use crate::wire::Wire;
use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use shm::journal::{Directory, SegmentRows};
use shm::panel::EngineState;
use shm::{Reader, RegionPath, Snapshot};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An engine that nobody stops ends after so many seconds.
const LEFT_ALONE: &str = "100";

/// A key of the configuration that is set: its section, its name, its value.
pub type Change<'a> = (&'a str, &'a str, &'a str);

/// Where an engine lives, and its process while there is one.
pub struct Trader {
    /// The journal.
    pub journal: PathBuf,
    config: PathBuf,
    region: RegionPath,
    process: Option<Process>,
}

impl Trader {
    /// An engine of this folder's name, its journal in `journal` there, with changes of the
    /// configuration (section, key and value as text); not started yet.
    pub fn new(folder: &Folder, exchange: &Exchange, at: &Wire, changes: &[Change]) -> Self {
        let config = folder.file("engine.toml", 0o600, &config(folder, exchange, at, changes));
        let region = RegionPath::new(folder.engine()).unwrap();
        Self { journal: folder.path.join("journal"), config, region, process: None }
    }

    /// Starts it. Where a file must not grow, its writes fail, and no signal ends it.
    pub fn start(&mut self) {
        let config = self.config.to_str().unwrap();
        let own = peregrine(&["run", "--config", config, "--json", "--seconds", LEFT_ALONE]);
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(own.get_program());
        command.args(own.get_args()).arg("--out").arg(&self.journal);
        command.env_remove("PEREGRINE_LOG").stdin(Stdio::null());
        self.process = Some(Process::start(command));
    }

    /// From now on no file of its can grow: its disk is full.
    pub fn fill_disk(&self) {
        let pid = Pid::from_raw(i32::try_from(self.process().id()).unwrap());
        let none = Rlimit { current: Some(4096), maximum: Some(4096) };
        prlimit(pid, Resource::Fsize, none).unwrap();
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        self.process.as_ref().unwrap()
    }

    /// Ends it with signal 9.
    pub fn kill(&mut self) {
        let ended = self.kill_or_find_ended();
        assert_eq!(ended.code, None, "it had ended before: {}", ended.err);
    }

    /// Ends it with signal 9 unless it has ended.
    pub fn kill_or_find_ended(&mut self) -> Ended {
        self.process().signal(Signal::KILL);
        self.ended()
    }

    /// Waits for its end.
    pub fn ended(&mut self) -> Ended {
        let ended = self.process.take().unwrap().ended();
        for word in ["panicked at", "checkpoints"] {
            assert!(!ended.err.contains(word), "{word} in {}", ended.err);
        }
        ended
    }

    /// What it shows, once it is there.
    pub fn look(&self) -> Option<Snapshot> {
        let seen = Reader::open(&self.region).ok()?.snapshot().ok()?;
        (seen.alive && seen.identity.pid == u64::from(self.process().id())).then_some(seen)
    }

    /// Looks until it shows what is wanted; an engine that ended never will.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        until(what, || {
            if self.process.as_mut().unwrap().is_over() {
                let ended = self.process.take().unwrap().ended();
                panic!("it ended with {:?} while waiting for {what}: {}", ended.code, ended.err);
            }
            self.look().filter(&wanted)
        })
    }

    /// Looks until it quotes.
    pub fn until_quotes(&mut self) -> Snapshot {
        self.until("quotes", |seen| state(seen) == EngineState::Quoting && orders(seen) > 0)
    }
}

impl Drop for Trader {
    /// Takes away what a killed engine left in memory.
    fn drop(&mut self) {
        self.process = None;
        let keep = std::thread::panicking() && std::env::var_os("PEREGRINE_KEEP").is_some();
        let segments = Directory::open(&self.journal).map_or(Vec::new(), |all| all.segments);
        let header = segments.first().and_then(|first| SegmentRows::read(&first.path).ok());
        let Some(journal) = header.map(|rows| rows.header.journal).filter(|_| !keep) else {
            return;
        };
        let prefix = format!("peregrine-journal-{journal:016x}-");
        for entry in std::fs::read_dir("/dev/shm").unwrap().map_while(Result::ok) {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Where it stands.
pub fn state(seen: &Snapshot) -> EngineState {
    seen.session.as_ref().map_or(EngineState::Starting, |session| session.state)
}

/// How many orders it thinks may stand.
pub fn orders(seen: &Snapshot) -> u64 {
    seen.orders.as_ref().map_or(0, |panel| panel.open)
}

fn config(folder: &Folder, exchange: &Exchange, wire: &Wire, changes: &[Change]) -> String {
    let (at, key) = (wire.address, exchange.key());
    let mut table: toml::Table = demo_config(&[]).parse().unwrap();
    let own = [
        ("venue.binance", "stream_url", format!("\"ws://{at}\"")),
        ("venue.binance", "ws_api_url", format!("\"ws://{at}/ws-api/v3\"")),
        ("venue.binance", "rest_url", format!("\"http://{at}\"")),
        ("venue.binance", "key_file", format!("{key:?}")),
        ("venue.binance", "recv_window_ms", "1000".into()),
        ("engine", "wait", "\"park\"".into()),
        ("shm", "name", format!("{:?}", folder.engine())),
        ("risk", "daily_loss_max", "\"1000000\"".into()),
        ("journal", "segment_mib", "1".into()),
    ];
    let own = own.iter().map(|(section, key, value)| (*section, *key, value.as_str()));
    let mut second = table["instrument"][0].clone();
    second["symbol"] = "ETHUSDT".into();
    table["instrument"].as_array_mut().unwrap().push(second);
    for (section, key, value) in own.chain(changes.iter().copied()) {
        let mut at = &mut table;
        for part in section.split('.') {
            let empty = || toml::Value::Table(toml::Table::new());
            at = at.entry(part).or_insert_with(empty).as_table_mut().unwrap();
        }
        let value: toml::Table = format!("it = {value}").parse().unwrap();
        at.insert(key.into(), value["it"].clone());
    }
    table.to_string()
}

/// The files of a folder and what is in them, but for the lock.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.is_file() && path.file_name().unwrap() != "lock")
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}
