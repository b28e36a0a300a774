//! The configuration: TOML text, read key by key, then checked as a whole.
//!
//! Two steps: `section` finds every fault of single keys, `build` checks what belongs
//! together, and only a file without a fault becomes a [`Config`]. Money is decimal text until an
//! instrument's grid is known; nothing here is a float except the parameters of formulas.

mod build;
mod check;
mod desk;
mod engine;
mod hosts;
mod instrument;
mod journal;
mod kind;
mod money;
mod paper;
mod problem;
mod quotes;
mod section;
mod shadow;
mod shared;
mod venue;

pub use desk::DeskSettings;
pub use engine::{Cores, EngineSettings, Layout, Rings, Wait};
pub use instrument::InstrumentSettings;
pub use journal::{JournalSettings, JournalSync};
pub use kind::VenueKind;
pub use money::{MoneyError, Risk, decimal_text};
pub use paper::{Paper, PaperVenue, TierSettings, WaySettings};
pub use problem::{Problem, Problems};
pub use quotes::Quotes;
pub use shadow::{SHADOWS_MAX, ShadowSettings};
pub use venue::{Endpoints, Entry, KeySource, Preset, SelfTrade, Venue};

use ::engine::engine::Netting;
use ::engine::risk::SharedLimits;
use ::engine::time::Nanos;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Largest configuration that is read, bytes.
const FILE_LEN_MAX: u64 = 1 << 20;

/// What trades where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Real market, simulated fills: no key, no order leaves.
    Paper,
    /// A venue's test network, or an exchange on this machine.
    Testnet,
    /// Real money.
    Live,
}

impl Mode {
    /// The names that the file uses.
    pub const NAMES: [(&'static str, Self); 3] =
        [("paper", Self::Paper), ("testnet", Self::Testnet), ("live", Self::Live)];

    /// The name that the file uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Testnet => "testnet",
            Self::Live => "live",
        }
    }
}

/// What to do with open orders that an earlier session left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Take them over as own orders.
    Adopt,
    /// Cancel them.
    Cancel,
}

/// Limits and rhythms of the market feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedSettings {
    /// Connections to the same streams; what the first of them brings is taken.
    pub connections: usize,
    /// Longest time that a read polls the network card, µs; 0 is never.
    pub busy_poll_us: u32,
    /// When what arrives is acknowledged.
    pub acks: feeds::net::Acks,
    /// Whether the kernel stamps what arrives, for the first stage of the histograms.
    pub kernel_stamps: bool,
    /// How often a connection is pinged.
    pub ping_every: Nanos,
    /// A connection is stale when nothing at all came for this long.
    pub connection_stale: Nanos,
    /// A stream is stale when nothing of it came for this long.
    pub stream_stale: Nanos,
    /// First pause before connecting again.
    pub backoff_min: Nanos,
    /// Longest pause before connecting again.
    pub backoff_max: Nanos,
    /// Age at which a connection is replaced by a new one, before the venue ends it.
    pub roll_over: Nanos,
    /// Levels a side that a snapshot asks for.
    pub snapshot_levels: u32,
}

/// How latency is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatencySettings {
    /// Longest span that a histogram tells apart.
    pub span_max: Nanos,
    /// Decimal digits that a histogram keeps.
    pub digits: u8,
    /// Where interval histograms go, in HdrHistogram's log format; none when they are not written.
    pub log: Option<PathBuf>,
    /// Length of one interval of that log.
    pub log_every: Nanos,
}

/// Where the state is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShmSettings {
    /// Name of the instance, for monitor and ctl.
    pub name: String,
    /// Directory of the files, in memory.
    pub directory: PathBuf,
}

impl ShmSettings {
    /// The files of this instance.
    pub fn path(&self) -> Result<shm::RegionPath, shm::RegionError> {
        shm::RegionPath::within(&self.directory, &self.name)
    }
}

/// A configuration without a fault.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file as it was named.
    pub file: String,
    /// SHA-256 of its text: what `arm` binds to.
    pub sha256: [u8; 32],
    /// What trades where.
    pub mode: Mode,
    /// The venues and our accounts there, at least one.
    pub venues: Vec<Venue>,
    /// At least one, at most [`Config::INSTRUMENTS_MAX`].
    pub instruments: Vec<InstrumentSettings>,
    /// Strategies with what they trade, at least one.
    pub desks: Vec<DeskSettings>,
    /// Other parameters that are tried beside the desks' own, at most [`SHADOWS_MAX`].
    pub shadows: Vec<ShadowSettings>,
    /// Limits that all desks share.
    pub shared: Option<SharedLimits>,
    /// What becomes of orders of two desks that would meet.
    pub netting: Netting,
    /// Limits for instruments that change none.
    pub risk: Risk,
    /// Which differences between plan and orders are left.
    pub quotes: Quotes,
    /// Threads, rings and timers.
    pub engine: EngineSettings,
    /// The market feed.
    pub feed: FeedSettings,
    /// What to do with orders found at the start.
    pub found: Found,
    /// How often to reconcile while trading; none when only after (re)connecting.
    pub reconcile_every: Option<Nanos>,
    /// The simulated venues of `paper`, and our accounts there.
    pub paper: Paper,
    /// How latency is recorded.
    pub latency: LatencySettings,
    /// Where the state is shown.
    pub shm: ShmSettings,
    /// Where everything is written down.
    pub journal: JournalSettings,
}

impl Config {
    /// Most instruments of one engine: the panels that its region has.
    pub const INSTRUMENTS_MAX: usize = <shm::panel::InstrumentPanel as shm::panel::Panel>::COUNT;

    /// Reads and checks a file.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        let file = path.display().to_string();
        let failed = |error: std::io::Error| {
            let help = "name a configuration with --config FILE; config/paper.toml is an example";
            Problems::of_file(&file, format!("cannot read the file: {error}"), help)
        };
        let found = std::fs::metadata(path).map_err(failed)?;
        let length = found.len();
        if !found.is_file() {
            // A device or a pipe could be read for ever.
            let message = "it is not a regular file".to_owned();
            return Err(Problems::of_file(&file, message, "name a file with the configuration"));
        }
        if length > FILE_LEN_MAX {
            let message = format!("the file has {length} bytes; at most {FILE_LEN_MAX} are read");
            return Err(Problems::of_file(&file, message, "is it the right file?"));
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        Self::parse(&file, &text)
    }

    /// Checks a text; `file` is for messages.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problems> {
        build::build(file, text, Sha256::digest(text).into())
    }

    /// The first venue: the only one of most configurations.
    pub fn home(&self) -> &Venue {
        &self.venues[0]
    }

    /// What the instruments are called, in their order.
    pub fn instrument_names(&self) -> Vec<String> {
        self.instruments.iter().map(|one| one.name(&self.venues)).collect()
    }

    /// The names of the accounts, as one text: what `arm` has typed.
    pub fn account(&self) -> String {
        let names: Vec<&str> = self.venues.iter().map(|venue| venue.account.as_str()).collect();
        names.join("+")
    }

    /// The names of the strategies, each once, as one text.
    pub fn strategies(&self) -> String {
        let mut names: Vec<&str> =
            self.desks.iter().map(|desk| desk.strategy.listed().name).collect();
        names.dedup();
        names.join(", ")
    }

    /// The hash that goes into the start event.
    pub fn hash(&self) -> u64 {
        let mut word = [0; 8];
        word.copy_from_slice(&self.sha256[..8]);
        u64::from_be_bytes(word)
    }
}

#[cfg(test)]
pub(crate) mod tests;
