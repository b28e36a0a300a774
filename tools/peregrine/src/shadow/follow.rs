//! The thread: from the journal on disk to the variants, a panel now and then, a report at the end.

use super::{Report, Shadows};
use crate::agents::{Notice, Notices};
use crate::config::Config;
use crate::exit::Failure;
use crate::replay::course::Course;
use crate::session::pin;
use shm::PanelWriter;
use shm::journal::directory::state_path;
use shm::journal::{Directory, JournalError, JournalReader, Row, StateFile, Tail};
use shm::panel::ShadowsPanel;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Rest when no row has come.
const REST: Duration = Duration::from_millis(2);
/// Between two panels.
const SHOW_EVERY: Duration = Duration::from_millis(200);
/// How long it may go on when the session is over.
const CATCH_UP: Duration = Duration::from_secs(5);
/// Rows behind from which on it is said: some seconds of a busy market.
const BEHIND_SAID: u64 = 200_000;
/// Niceness: everything that trades or keeps the journal comes first.
const NICE: i32 = 10;

/// What the thread works on.
pub struct Shadow {
    shadows: Shadows,
    tail: Tail,
}

/// Where the thread runs, and who tells it that the journal is over.
pub struct Seat {
    /// The core of what does not trade.
    pub core: Option<usize>,
    /// Every row is on disk, or will never be.
    pub written: Arc<AtomicBool>,
    /// Where what goes wrong is said.
    pub notices: Notices,
    /// Where the variants are shown.
    pub panel: PanelWriter<ShadowsPanel>,
}

impl Shadow {
    /// Beside the last session in this folder, from its beginning on; none where no shadow is
    /// configured.
    pub fn open(config: &Config, folder: &Path) -> Result<Option<Self>, Failure> {
        if config.shadows.is_empty() {
            return Ok(None);
        }
        let directory = Directory::open(folder).map_err(Failure::error)?;
        let seq = directory.segments.last().map_or(0, |place| place.seq);
        let reader = JournalReader::open(directory, seq).map_err(Failure::error)?;
        let path = state_path(folder, reader.header().epoch_first);
        let state = StateFile::read(&path).map_err(Failure::error)?;
        let damaged = || Failure::error(JournalError::Damaged { path, part: "state" });
        let course = Course::new(&state).ok_or_else(damaged)?;
        let shadows = Shadows::new(config, course)?;
        Ok(Some(Self { shadows, tail: Tail::new(folder, state.seq) }))
    }

    /// Starts the thread; it ends when the journal does.
    pub fn start(self, seat: Seat) -> Result<JoinHandle<Report>, Failure> {
        let builder = std::thread::Builder::new().name("shadow".into());
        let run = move || {
            pin(seat.core, "shadow");
            let _ = rustix::process::nice(NICE);
            self.run(seat)
        };
        builder.spawn(run).map_err(|error| Failure::error(format!("thread shadow: {error}")))
    }

    fn run(mut self, mut seat: Seat) -> Report {
        let (mut rows, mut said): (Vec<Row>, bool) = (Vec::new(), false);
        let (mut shown, mut over) = (Instant::now(), None);
        loop {
            if seat.written.load(Ordering::Acquire) {
                over = over.or_else(|| Some(Instant::now()));
            }
            match self.look(&mut rows) {
                Ok(true) if over.is_none_or(|over: Instant| over.elapsed() < CATCH_UP) => {}
                Ok(false) if over.is_none() => std::thread::park_timeout(REST),
                Ok(_) => break,
                Err(error) => {
                    let text = format!("shadows follow the journal no more: {error}");
                    let _ = seat.notices.push(Notice::Warning(text));
                    break;
                }
            }
            if shown.elapsed() >= SHOW_EVERY {
                shown = Instant::now();
                let report = self.report();
                if report.rows_behind >= BEHIND_SAID && !std::mem::replace(&mut said, true) {
                    let text = format!(
                        "shadows are {} rows behind the journal: what they show is late; run \
                         fewer of them, or give them a core",
                        report.rows_behind
                    );
                    let _ = seat.notices.push(Notice::Warning(text));
                }
                seat.panel.publish(&report.panel());
            }
        }
        let report = self.report();
        seat.panel.publish(&report.panel());
        report
    }

    /// Takes rows that came; false when none has.
    fn look(&mut self, rows: &mut Vec<Row>) -> Result<bool, JournalError> {
        rows.clear();
        let any = self.tail.look(rows)?;
        rows.iter().for_each(|row| self.shadows.take(row));
        Ok(any)
    }

    fn report(&self) -> Report {
        self.shadows.report(self.tail.behind())
    }

    /// Takes all that is on disk, for those who need no thread: what it came to.
    pub fn read(mut self) -> Result<Report, JournalError> {
        let mut rows = Vec::new();
        while self.look(&mut rows)? {}
        Ok(self.report())
    }
}
