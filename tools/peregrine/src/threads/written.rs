//! The threads that a session's journal brings: its own two, and the shadows that read it.

use super::{Build, Started};
use crate::agents::Notices;
use crate::assemble::Terms;
use crate::clock::TscClock;
use crate::config::JournalSync;
use crate::exit::Failure;
use crate::journal::{Facts, Journal, JournalWork};
use crate::ports::Recorder;
use crate::shadow::{Report, Seat, Shadow};
use engine::engine::Engine;
use engine::time::Clock as _;
use shm::PanelWriter;
use shm::panel::ShadowsPanel;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;
use strategies::any::Any;

/// A journal that has begun, before its threads do.
pub(super) struct Written {
    work: JournalWork,
    shadow: Option<Shadow>,
}

/// Threads that end after the engine.
#[derive(Default)]
pub(super) struct Beside {
    pub journal: Vec<JoinHandle<()>>,
    pub shadow: Option<JoinHandle<Report>>,
}

impl Build<'_> {
    /// Begins the journal's session, with the engine as it is now.
    pub(super) fn journal(
        &self,
        journal: Option<Journal>,
        engine: &Engine<Any>,
        terms: &Terms,
    ) -> Result<(Option<Recorder>, Option<Written>), Failure> {
        let Some(journal) = journal else { return Ok((None, None)) };
        let (now, folder) = (self.clock.now(), journal.folder().to_owned());
        let names = (terms.instruments.as_slice(), &terms.assets);
        let facts = Facts::new(self.config, names, (self.epoch, now.0));
        let (writer, work) = journal.begin((self.config, engine), (facts, self.epoch, now))?;
        let holds = self.config.journal.sync == JournalSync::Each;
        let shadow = Shadow::open(self.config, &folder)?;
        Ok((Some(Recorder::new(writer, holds)), Some(Written { work, shadow })))
    }
}

impl Written {
    /// Starts the threads; they end some time after `done` is set.
    pub(super) fn start(
        self,
        clock: &TscClock,
        (core, done): (Option<usize>, &Arc<AtomicBool>),
        (notices, panel): (&Notices, PanelWriter<ShadowsPanel>),
    ) -> Result<Beside, Failure> {
        let written = self.work.written();
        let journal = self.work.start(clock.clone(), (core, done.clone()), notices.clone())?;
        let seat = Seat { core, written, notices: notices.clone(), panel };
        let shadow = self.shadow.map(|shadow| shadow.start(seat)).transpose()?;
        Ok(Beside { journal, shadow })
    }
}

impl Started {
    /// What the shadows came to, where there were some and their thread has ended.
    pub fn shadows(&mut self) -> Option<Report> {
        let thread = self.shadow.take().filter(JoinHandle::is_finished)?;
        // A thread that panicked has said so on standard error already.
        thread.join().ok()
    }
}
