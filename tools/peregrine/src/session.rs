//! One session from configuration to outcome: connects, starts the threads, keeps house beside
//! them, and ends in order.
//!
//! ```text
//!  this thread        dials, merges histograms, publishes counters, logs, draws, hears signals
//!  engine thread      inline: feed, engine and gateway; pipelined: the engine alone
//!  io thread          pipelined only: feed and gateway
//!  guard thread       inline only: cancels all over a connection of its own if the engine dies
//!  journal, follower  with a journal: rows to disk; checkpoints behind them
//!  shadow             with [[shadow]]: other parameters on the rows that are on disk
//! ```

use crate::assemble;
pub use crate::assemble::credentials;
use crate::clock::TscClock;
use crate::config::{Config, Venue};
use crate::exit::Failure;
use crate::housekeeping::{Beside, House};
use crate::journal::Journal;
use crate::lock::lock_memory;
use crate::machine::cores_set_aside;
use crate::outcome::Outcome;
use crate::threads::Build;
use engine::time::Clock as _;
use feeds::net::{HttpRequest, Method, dial_pair};
use shm::journal::JournalError;
use shm::journal::directory::Lock;
use shm::{Birth, Region, RegionError, RegionPath, Writers};
use std::path::{Path, PathBuf};
use venues::credentials::Credentials;

/// Whether a session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// It does.
    On,
    /// It is to stop in order.
    Stop,
}

/// How a session is run, beyond its configuration.
pub struct SessionOptions<'a> {
    /// Stop in order after so long.
    pub seconds: Option<u64>,
    /// Another name in shared memory, where the configured one is taken.
    pub second_name: Option<String>,
    /// Folder of the journal; none where none is kept.
    pub journal: Option<PathBuf>,
    /// Draw the monitor's screen.
    pub screen: bool,
    /// Called some twenty times a second beside the trading.
    pub during: Box<dyn FnMut() -> Go + 'a>,
}

/// Fetches one page over HTTP.
pub fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let (mut port, dialer) = dial_pair(1);
    let request = HttpRequest {
        method: Method::Get,
        url: url.to_owned(),
        headers: Vec::new(),
        body: None,
        timeout_ms: 10_000,
    };
    let reply = runtime().map_err(|failure| failure.to_string())?.block_on(async {
        tokio::select! {
            reply = assemble::ask(&mut port, request) => reply.map_err(|error| error.to_string()),
            () = dialer.run() => Err("the dialer ended".to_owned()),
        }
    })?;
    match reply.status {
        200 => Ok(reply.body),
        status => Err(format!("{url}: answered {status}")),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::error(format!("cannot start the runtime: {error}")))
}

/// Pins the calling thread; a core that is not there is said and ignored.
pub fn pin(core: Option<usize>, what: &str) {
    let Some(id) = core else { return };
    if !core_affinity::set_for_current(core_affinity::CoreId { id }) {
        tracing::warn!("{what}: cannot be pinned to core {id}; it runs where the system puts it");
    }
}

/// Where threads go when the configuration does not say: with two or three cores, the engine on the
/// last and everything else on the first.
pub fn cores(config: &Config, count: usize) -> crate::config::Cores {
    let mut cores = config.engine.cores;
    if (2..4).contains(&count) && cores == crate::config::Cores::default() {
        cores.engine = Some(count - 1);
        cores.cold = Some(0);
    }
    cores
}

/// The session's shared memory, under its first name or else its second.
fn region(
    config: &Config,
    birth: Birth,
    second: Option<&str>,
) -> Result<(RegionPath, (Region, Writers)), Failure> {
    let path = config.shm.path()?;
    match (Region::create(&path, birth), second) {
        (Err(RegionError::InUse { .. }), Some(name)) => {
            let path = RegionPath::within(&config.shm.directory, name)?;
            let created = Region::create(&path, birth)?;
            Ok((path, created))
        }
        (created, _) => Ok((path, created?)),
    }
}

/// Runs a session to its end.
pub fn run(config: &Config, options: SessionOptions<'_>) -> Result<Outcome, Failure> {
    let counted = std::thread::available_parallelism().map_or(1, usize::from);
    let count = counted + cores_set_aside(Path::new("/"));
    let cores = cores(config, count);
    pin(cores.cold, "housekeeping");
    if config.engine.lock_memory
        && let Err(why) = lock_memory()
    {
        tracing::warn!("{why}");
    }
    let clock = TscClock::start();
    let runtime = runtime()?;
    let keys: Option<Vec<Credentials>> = match assemble::is_paper(config) {
        true => None,
        false => Some(config.venues.iter().map(credentials).collect::<Result<_, _>>()?),
    };
    let pairs = config.venues.iter().zip(keys.iter().flatten());
    let accounts: Vec<Lock> =
        pairs.map(|(venue, key)| account_lock(config, venue, key)).collect::<Result<_, _>>()?;
    let journal = options.journal.as_deref();
    let journal = journal.map(|folder| Journal::open(folder, config)).transpose()?;
    if journal.is_none() && !config.shadows.is_empty() {
        return Err(Failure::usage(
            "[[shadow]] follows the journal: name its folder with --out DIR, or folder in \
             [journal]",
        ));
    }
    if journal.is_none() {
        tracing::info!("no journal is kept: --out DIR, or folder in [journal], names one");
    }
    let (mut port, dialer) = dial_pair(4);
    let assets = journal.as_ref().map_or_else(Default::default, Journal::assets);
    let terms = runtime.block_on(async {
        tokio::select! {
            terms = assemble::terms(config, &mut port, keys.as_deref(), assets) => terms,
            () = dialer.run() => Err(Failure::error("the dialer ended")),
        }
    })?;
    let seconds = u32::try_from(clock.now().0 / 1_000_000_000).unwrap_or(u32::MAX);
    let epoch = seconds.max(journal.as_ref().map_or(0, Journal::epoch_min));
    let birth = Birth { epoch: epoch.into(), started_at: clock.now() };
    let (path, (region, writers)) = region(config, birth, options.second_name.as_deref())?;
    let layout = config.engine.layout.on(count);
    let build = Build { config, clock: &clock, cores, layout, epoch };
    let beside = {
        let _runtime = runtime.enter();
        Beside::open(config, &path, &options)?
    };
    let started = build.start(terms, writers, keys, journal)?;
    let house = House { config, options, runtime: &runtime, clock: &clock, cores: count };
    let outcome = house.keep(started, beside);
    // The names go away, so that whoever looks is told that no engine runs.
    if let Err(error) = region.remove() {
        tracing::warn!("{error}");
    }
    drop(accounts);
    outcome
}

/// Where the lock of an account lies.
pub fn account_path(config: &Config, venue: &Venue, key: &Credentials) -> PathBuf {
    let venue = shm::words::hash_text(shm::words::HASH_START, &venue.endpoints.rest);
    let account = shm::words::hash_text(venue, key.api_key());
    config.shm.directory.join(format!("peregrine-account-{account:016x}.lock"))
}

/// The right to trade on this account from this machine, for as long as it lives: two engines on
/// one account would take each other's orders for strange ones.
fn account_lock(config: &Config, venue: &Venue, key: &Credentials) -> Result<Lock, Failure> {
    Lock::take(&account_path(config, venue, key)).map_err(|error| match error {
        JournalError::InUse { pid, .. } => Failure::error(format!(
            "process {pid} trades on this account already: two engines cannot; stop that one, or \
             give this one an account of its own"
        )),
        other => Failure::error(other),
    })
}
