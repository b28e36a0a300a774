//! The folder of a backtest that is kept: the run, its journal, its report. What ends early leaves
//! nothing behind.
//!
//! ```text
//!  DIR/run/       what happened, for peregrine report
//!     /journal/   every event and every request, for peregrine replay
//!     /report/    the page and its pictures
//! ```

use super::market::Markets;
use super::setup::Setup;
use crate::config::Config;
use crate::exit::Failure;
use crate::journal::{Facts, Journal};
use crate::unfinished::Unfinished;
use engine::event::Event;
use engine::intent::Outgoing;
use research::backtest::{Failed, Keep, Written};
use research::report::{self, Drawing};
use research::run::divergence::Divergence;
use research::run::folder::Recorder;
use shm::journal::directory::Lock;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder; removed unless finished.
pub(super) struct Folder {
    path: PathBuf,
    is_whole: bool,
    _unfinished: Unfinished,
}

/// The journal, with its lock.
pub(super) struct Locked {
    written: Written,
    _lock: Lock,
}

impl Keep for Locked {
    #[inline]
    fn event(&mut self, event: &Event) {
        self.written.event(event);
    }

    #[inline]
    fn item(&mut self, item: &Outgoing) {
        self.written.item(item);
    }

    fn failed(&self) -> Option<Failed> {
        self.written.failed()
    }
}

impl Locked {
    /// Writes that it ends in order.
    pub fn end(self) -> Result<(), Failed> {
        self.written.end()
    }
}

impl Folder {
    /// Makes it; one that is there is never written into.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let has_some = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
        if has_some || path.is_file() {
            let text = format!("{} is there already: name another folder", path.display());
            return Err(Failure::usage(text));
        }
        let unfinished = Unfinished::new(path);
        fs::create_dir_all(path).map_err(|error| {
            Failure::error(format!("cannot create the folder {}: {error}", path.display()))
        })?;
        Ok(Self { path: path.into(), is_whole: false, _unfinished: unfinished })
    }

    /// Begins the journal.
    pub fn journal(
        &self,
        config: &Config,
        setup: &Setup,
        markets: &Markets,
    ) -> Result<Locked, Failure> {
        let journal = Journal::open(&self.path.join("journal"), config)?;
        let rows = markets.rows().rotate_left(40);
        let journal = journal.repeatable(config.hash() ^ setup.began.0.rotate_left(20) ^ rows | 1);
        let names = (markets.terms.instruments.as_slice(), &markets.terms.assets);
        let facts = Facts::new(config, names, (setup.epoch, setup.began.0));
        let at = (facts, setup.epoch, setup.began);
        let (writer, work) = journal.begin((config, &setup.engine), at)?;
        let (lock, drain) = work.into_parts();
        Ok(Locked { written: Written::new(writer, drain), _lock: lock })
    }

    /// Begins the run.
    pub fn recorder(&self) -> Result<Recorder, Failure> {
        Recorder::create(&self.path.join("run")).map_err(Failure::error)
    }

    /// Ends the run, and writes the report, compared with a session; what there is then.
    pub fn finish(
        mut self,
        recorder: Recorder,
        drawing: &Drawing,
        versus: Option<(&Divergence, &str)>,
    ) -> Result<Vec<PathBuf>, Failure> {
        let run = recorder.finish().map_err(Failure::error)?;
        let pages = report::write(&self.path.join("report"), drawing, versus);
        let pages = pages.map_err(Failure::error)?;
        // Nobody writes there any more, and which process did is of no interest.
        let _ = fs::remove_file(self.path.join("journal/lock"));
        self.is_whole = true;
        let mut files = vec![run, self.path.join("journal")];
        files.extend(pages.into_iter().take(1));
        Ok(files)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.is_whole {
            // What cannot be removed is of no use to anyone.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
