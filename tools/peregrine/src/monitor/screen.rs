//! The terminal: taken over while the screen shows, given back however that ends.

use super::draw::{Look, draw};
use crate::exit::Failure;
use crate::logging;
use engine::time::Nanos;
use ratatui::DefaultTerminal;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use shm::Snapshot;
use std::io::Write as _;
use std::time::Duration;

/// Size of a picture that goes to a file or a pipe.
const PAPER: (u16, u16) = (132, 44);

/// The terminal while it shows the screen. Dropping it gives the terminal back; so does a panic.
#[derive(Debug)]
pub struct Screen {
    terminal: DefaultTerminal,
    colour: bool,
}

impl Screen {
    /// Takes the terminal over.
    pub fn open() -> Result<Self, Failure> {
        let colour = logging::colour_on_stdout();
        let terminal = ratatui::try_init().map_err(|error| {
            Failure::error(format!("cannot use the terminal: {error}; use --once or --json"))
        })?;
        Ok(Self { terminal, colour })
    }

    /// Draws one picture. `name` is the engine's, `now` the wall clock.
    pub fn draw(
        &mut self,
        name: &str,
        snapshot: &Snapshot,
        now: Nanos,
        note: Option<&str>,
    ) -> Result<(), Failure> {
        let look = Look { name, now, colour: self.colour, note };
        let drawn = self.terminal.draw(|frame| draw(frame, snapshot, &look));
        drawn.map(|_| ()).map_err(failed)
    }

    /// Waits up to this long for a key, and says whether it was one that leaves: q, Esc, Ctrl-C.
    pub fn left(&self, wait: Duration) -> Result<bool, Failure> {
        if !event::poll(wait).map_err(failed)? {
            return Ok(false);
        }
        let Event::Key(key) = event::read().map_err(failed)? else { return Ok(false) };
        let interrupt =
            key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
        let leaves = interrupt || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc);
        Ok(leaves && key.kind != KeyEventKind::Release)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

fn failed(error: std::io::Error) -> Failure {
    Failure::error(format!("the terminal failed: {error}"))
}

/// Prints the screen as plain text.
pub fn print_once(name: &str, snapshot: &Snapshot, now: Nanos) -> Result<(), Failure> {
    let text = picture(PAPER, snapshot, &Look { name, now, colour: false, note: Some("") });
    // A closed pipe means that nobody reads any more.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(())
}

/// The screen as lines of text, without the spaces at their ends.
pub(super) fn picture(size: (u16, u16), snapshot: &Snapshot, look: &Look<'_>) -> String {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(size.0, size.1));
    let Ok(_) = terminal.draw(|frame| draw(frame, snapshot, look));
    let buffer = terminal.backend().buffer();
    let mut out = String::new();
    for row in buffer.content.chunks(usize::from(size.0)) {
        let line: String = row.iter().map(|cell| cell.symbol()).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
