//! The engine's side: making the files, holding the name, publishing.
//!
//! A file is built under another name, whole, and then renamed: no reader ever sees a half-made
//! one, and readers of the engine before keep its last state until they look for the new one. Who
//! may do this is decided by a lock on a file that stays; the kernel frees it however the engine
//! ends.

use crate::{
    command::CommandReader,
    error::RegionError,
    header::{Identity, MAGIC_COMMANDS, MAGIC_REGION, process_start},
    layout::{CommandSegment, Placed, Segment},
    mapping::{Mapped, Mapping},
    panel::{
        BalancesPanel, CountersPanel, GaugesPanel, InstrumentPanel, LatencyPanel, LinkPanel,
        OrdersPanel, Panel, RiskPanel, SessionPanel, ShadowsPanel,
    },
    seqlock::Written,
};
use engine::time::Nanos;
use rustix::fs::{FallocateFlags, OFlags, fallocate};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    marker::PhantomData,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Longest name of an instance.
const NAME_LEN_MAX: usize = 48;

/// Where an instance's files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionPath {
    directory: PathBuf,
    name: String,
}

impl RegionPath {
    /// In `/dev/shm`, where files are memory.
    pub fn new(name: &str) -> Result<Self, RegionError> {
        Self::within("/dev/shm", name)
    }

    /// In another directory. On a disk it works too, but the kernel's write-back stalls writers.
    pub fn within(directory: impl Into<PathBuf>, name: &str) -> Result<Self, RegionError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || name.len() > NAME_LEN_MAX || !name.bytes().all(plain) {
            return Err(RegionError::BadName { name: name.into() });
        }
        Ok(Self { directory: directory.into(), name: name.into() })
    }

    /// The instance.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The panels.
    pub fn region(&self) -> PathBuf {
        self.directory.join(format!("peregrine-{}", self.name))
    }

    /// The command ring. A dot cannot be in a name, so no instance is called like this.
    pub fn commands(&self) -> PathBuf {
        self.directory.join(format!("peregrine-{}.commands", self.name))
    }

    /// The lock.
    pub fn lock(&self) -> PathBuf {
        self.directory.join(format!("peregrine-{}.lock", self.name))
    }
}

/// What a new region says of its engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Birth {
    /// Number of the session.
    pub epoch: u64,
    /// When the engine started, UTC; also its first heartbeat.
    pub started_at: Nanos,
}

/// The mappings, and the lock that is held as long as anything may still write to them.
pub(crate) struct Owned {
    pub(crate) segment: Mapping<Segment>,
    pub(crate) commands: Mapping<CommandSegment>,
    _lock: File,
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.segment.header.end();
        self.commands.header.end();
    }
}

/// An instance's files, while its engine runs. Dropping it leaves them, so that the last state can
/// still be looked at; [`Region::remove`] does not.
pub struct Region {
    path: RegionPath,
    identity: Identity,
    owned: Arc<Owned>,
}

/// The right to publish one panel; move it to the thread that does.
pub struct PanelWriter<P> {
    owned: Arc<Owned>,
    index: usize,
    written: Written,
    kind: PhantomData<fn(P)>,
}

impl<P: Placed> PanelWriter<P> {
    /// Makes the panel visible as a whole: some hundred stores, no system call, no allocation.
    #[inline]
    pub fn publish(&mut self, panel: &P) {
        panel.store(&self.owned.segment, self.index, &mut self.written);
    }
}

/// The right to say that the engine lives.
pub struct Heartbeat {
    owned: Arc<Owned>,
}

impl Heartbeat {
    /// The engine lived at this time, UTC.
    #[inline]
    pub fn beat(&mut self, at: Nanos) {
        self.owned.segment.header.beat(at);
    }
}

/// Everything that an engine may write, each once.
pub struct Writers {
    /// The engine's heartbeat.
    pub heartbeat: Heartbeat,
    /// Commands from operators.
    pub commands: CommandReader,
    /// The engine as a whole.
    pub session: PanelWriter<SessionPanel>,
    /// Connections.
    pub links: [PanelWriter<LinkPanel>; LinkPanel::COUNT],
    /// Instruments.
    pub instruments: [PanelWriter<InstrumentPanel>; InstrumentPanel::COUNT],
    /// Open orders.
    pub orders: PanelWriter<OrdersPanel>,
    /// Balances.
    pub balances: PanelWriter<BalancesPanel>,
    /// The gate.
    pub risk: PanelWriter<RiskPanel>,
    /// Counters.
    pub counters: PanelWriter<CountersPanel>,
    /// Strategies' own numbers.
    pub gauges: PanelWriter<GaugesPanel>,
    /// Latencies.
    pub latency: PanelWriter<LatencyPanel>,
    /// Variants of the desks.
    pub shadows: PanelWriter<ShadowsPanel>,
}

impl Writers {
    fn new(owned: &Arc<Owned>) -> Self {
        fn at<P>(owned: &Arc<Owned>, index: usize) -> PanelWriter<P> {
            PanelWriter {
                owned: owned.clone(),
                index,
                written: Written::default(),
                kind: PhantomData,
            }
        }
        Self {
            heartbeat: Heartbeat { owned: owned.clone() },
            commands: CommandReader::new(owned.clone()),
            session: at(owned, 0),
            links: std::array::from_fn(|index| at(owned, index)),
            instruments: std::array::from_fn(|index| at(owned, index)),
            orders: at(owned, 0),
            balances: at(owned, 0),
            risk: at(owned, 0),
            counters: at(owned, 0),
            gauges: at(owned, 0),
            latency: at(owned, 0),
            shadows: at(owned, 0),
        }
    }
}

impl Region {
    /// Takes the name and puts new, empty files in the place of those of the engine before.
    pub fn create(path: &RegionPath, birth: Birth) -> Result<(Self, Writers), RegionError> {
        let lock = take_lock(path)?;
        let pid = u64::from(std::process::id());
        let identity = Identity {
            pid,
            pid_start: process_start(pid).unwrap_or_default(),
            started_at: birth.started_at,
            epoch: birth.epoch,
        };
        let segment = build::<Segment>(&path.region())?;
        let commands = build::<CommandSegment>(&path.commands())?;
        segment.header.write(MAGIC_REGION, size_of::<Segment>(), &identity);
        segment.header.beat(birth.started_at);
        commands.header.write(MAGIC_COMMANDS, size_of::<CommandSegment>(), &identity);
        // Commands first: who finds the region finds the ring that belongs to it.
        publish(&path.commands())?;
        publish(&path.region())?;
        let owned = Arc::new(Owned { segment, commands, _lock: lock });
        let writers = Writers::new(&owned);
        Ok((Self { path: path.clone(), identity, owned }, writers))
    }

    /// Whose region it is.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Takes the names away: whoever looks from now on is told that no such engine is running.
    /// The name's lock is free when the writers are dropped too.
    pub fn remove(self) -> Result<(), RegionError> {
        self.owned.segment.header.end();
        self.owned.commands.header.end();
        for path in [self.path.region(), self.path.commands()] {
            fs::remove_file(&path).map_err(|source| RegionError::Io {
                doing: "remove",
                path,
                source,
            })?;
        }
        Ok(())
    }
}

fn take_lock(path: &RegionPath) -> Result<File, RegionError> {
    let place = path.lock();
    let failed = |doing| {
        let path = place.clone();
        move |source| RegionError::Io { doing, path, source }
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits() as i32)
        .open(&place)
        .map_err(failed("create"))?;
    check_ours(&file, &place)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            // Only for the message; whoever holds the lock may not have written it yet.
            let _ = (&mut file).take(20).read_to_string(&mut pid);
            let pid = if pid.trim().is_empty() { "unknown" } else { pid.trim() }.to_owned();
            return Err(RegionError::InUse { name: path.name.clone(), pid });
        }
        Err(TryLockError::Error(source)) => return Err(failed("lock")(source)),
    }
    file.set_len(0).map_err(failed("empty"))?;
    writeln!(file, "{}", std::process::id()).map_err(failed("write"))?;
    Ok(file)
}

/// The file that `path` will be.
fn unpublished(path: &Path) -> PathBuf {
    path.with_added_extension("new")
}

/// A new file of zeros under its unpublished name, with all its memory set aside: when there is too
/// little, this is an error and not a SIGBUS in the middle of trading.
fn build<T: Mapped>(path: &Path) -> Result<Mapping<T>, RegionError> {
    let place = unpublished(path);
    let failed = |doing| {
        let path = place.clone();
        move |source| RegionError::Io { doing, path, source }
    };
    // Left by an engine that died while building; the lock says that nobody builds now.
    if let Err(source) = fs::remove_file(&place)
        && source.kind() != io::ErrorKind::NotFound
    {
        return Err(failed("remove")(source));
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&place)
        .map_err(failed("create"))?;
    fallocate(&file, FallocateFlags::empty(), 0, size_of::<T>() as u64)
        .map_err(|error| failed("set aside memory for")(error.into()))?;
    Mapping::writable(&file).map_err(failed("map"))
}

fn publish(path: &Path) -> Result<(), RegionError> {
    fs::rename(unpublished(path), path).map_err(|source| RegionError::Io {
        doing: "put in place",
        path: path.into(),
        source,
    })
}

/// That a file in a directory where everybody may write was made by this user, or is read by root.
pub(crate) fn check_ours(file: &File, path: &Path) -> Result<(), RegionError> {
    let metadata = file.metadata().map_err(|source| RegionError::Io {
        doing: "examine",
        path: path.into(),
        source,
    })?;
    let us = rustix::process::geteuid();
    if us.is_root() || metadata.uid() == us.as_raw() {
        Ok(())
    } else {
        Err(RegionError::Foreign { path: path.into() })
    }
}
