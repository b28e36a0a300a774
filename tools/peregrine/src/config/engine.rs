//! Threads, rings and rhythms of the engine.

use super::section::Section;
use engine::time::Nanos;

/// What a thread does when it finds nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Looks again at once: lowest latency, one core a thread.
    Spin,
    /// Lets other threads run, then looks again.
    Yield,
    /// Sleeps until a socket or a timer wakes it: 25–50 µs later.
    Park,
}

impl Wait {
    /// The names that the file and the command line use.
    pub const NAMES: [(&'static str, Self); 3] =
        [("spin", Self::Spin), ("yield", Self::Yield), ("park", Self::Park)];

    /// The name that the file uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spin => "spin",
            Self::Yield => "yield",
            Self::Park => "park",
        }
    }
}

/// Which agents share a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `Inline` with fewer than 4 cores, `Pipelined` otherwise.
    Auto,
    /// Feed and gateway on one thread, the engine on another.
    Pipelined,
    /// One thread from socket to socket.
    Inline,
}

impl Layout {
    /// The names that the file and the command line use.
    pub const NAMES: [(&'static str, Self); 3] =
        [("auto", Self::Auto), ("pipelined", Self::Pipelined), ("inline", Self::Inline)];

    /// The name that the file uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Pipelined => "pipelined",
            Self::Inline => "inline",
        }
    }

    /// What `Auto` means on a machine with this many cores; the others mean themselves.
    #[must_use]
    pub const fn on(self, cores: usize) -> Self {
        match self {
            Self::Auto if cores < 4 => Self::Inline,
            Self::Auto => Self::Pipelined,
            chosen => chosen,
        }
    }
}

/// Cores that threads are pinned to; none: the system chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Cores {
    /// The engine's thread; in `inline` the only one.
    pub engine: Option<usize>,
    /// Feed and gateway, in `pipelined`.
    pub io: Option<usize>,
    /// Everything that is not hot: dialling, publishing, the guard.
    pub cold: Option<usize>,
}

/// How many rows each ring holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rings {
    /// Feed to engine.
    pub market: usize,
    /// Gateway to engine.
    pub reports: usize,
    /// Engine to gateway.
    pub orders: usize,
}

/// Threads, rings and rhythms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineSettings {
    /// What a thread does when it finds nothing to do.
    pub wait: Wait,
    /// Which agents share a thread.
    pub layout: Layout,
    /// Where they are pinned.
    pub cores: Cores,
    /// Whether all memory of the process is locked.
    pub lock_memory: bool,
    /// Inner stages are stamped on one turn in this many.
    pub sample_every: u32,
    /// From how many waiting market rows on best prices that are already replaced are left out; 0:
    /// never.
    pub conflate_behind: usize,
    /// Most market rows that one feed may give in a turn of the engine, so that none waits for the
    /// burst of another.
    pub rows_a_turn: u32,
    /// Span without work after which a spinning thread walks the order's way without sending
    /// anything; zero: never.
    pub rehearse: Nanos,
    /// Time between timer events.
    pub timer: Nanos,
    /// Time between publications of panels.
    pub publish: Nanos,
    /// Age of the engine's heartbeat at which the gateway cancels all by itself.
    pub heartbeat_limit: Nanos,
    /// When an answer is overdue and its order unknown.
    pub answer_limit: Nanos,
    /// How long a shutdown waits for cancels to be confirmed.
    pub shutdown_limit: Nanos,
    /// How many rows each ring holds.
    pub rings: Rings,
}

impl EngineSettings {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let ms = |key, range, default| {
            Nanos::from_ms(section.whole(key, range, "ms").unwrap_or(default))
        };
        let sample = section.whole("sample_every", 1..=1_000_000, "turns").unwrap_or(64);
        let wait = section.choice("wait", &Wait::NAMES);
        let layout = section.choice("layout", &Layout::NAMES);
        Self {
            wait: wait.map_or(Wait::Spin, |choice| choice.value),
            layout: layout.map_or(Layout::Auto, |choice| choice.value),
            cores: cores(section.table("cores")),
            lock_memory: section.flag("lock_memory").unwrap_or(false),
            sample_every: u32::try_from(sample).unwrap_or(64),
            conflate_behind: section
                .whole("conflate_behind", 0..=1 << 22, "rows")
                .map_or(8, |rows| rows as usize),
            rows_a_turn: section
                .whole("rows_a_turn", 16..=1 << 20, "rows")
                .map_or(1_024, |rows| rows as u32),
            rehearse: Nanos(
                section.whole("rehearse_us", 0..=1_000_000, "µs").unwrap_or(100) * 1_000,
            ),
            timer: ms("timer_ms", 1..=1_000, 10),
            publish: ms("publish_ms", 1..=10_000, 50),
            heartbeat_limit: ms("heartbeat_limit_ms", 50..=60_000, 1_000),
            answer_limit: ms("answer_limit_ms", 50..=60_000, 3_000),
            shutdown_limit: ms("shutdown_limit_ms", 100..=60_000, 10_000),
            rings: rings(section.table("rings")),
        }
    }
}

fn cores(section: Section<'_>) -> Cores {
    let core = |key| section.whole(key, 0..=1_023, "(number of a core)").map(|core| core as usize);
    let cores = Cores { engine: core("engine"), io: core("io"), cold: core("cold") };
    if cores.engine.is_some() && cores.engine == cores.io {
        let help = "give each spinning thread a core of its own, or choose layout = \"inline\"";
        section.problem(section.span(), "io", "is the engine's core".into(), help);
    }
    section.finish();
    cores
}

fn rings(section: Section<'_>) -> Rings {
    let size = |key, default| {
        section.whole(key, 64..=1 << 22, "rows").map_or(default, |rows| rows as usize)
    };
    let (market, reports, orders) =
        (size("market", 65_536), size("reports", 16_384), size("orders", 4_096));
    section.finish();
    Rings { market, reports, orders }
}
