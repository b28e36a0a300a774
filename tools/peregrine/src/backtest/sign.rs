//! How far a backtest is, on terminals.

use engine::time::Nanos;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// Between two signs.
const EVERY: Duration = Duration::from_millis(200);
const WIDTH: usize = 30;

/// A line that is written over.
pub(super) struct Sign {
    rows: u64,
    began: Instant,
    shown: Option<Instant>,
    is_shown: bool,
}

impl Sign {
    /// Of so many rows; none is shown where nobody looks.
    pub fn new(rows: u64, json: bool) -> Self {
        let is_shown = !json && std::io::stderr().is_terminal();
        Self { rows, began: Instant::now(), shown: None, is_shown }
    }

    /// So many rows are done, and time is this.
    pub fn show(&mut self, done: u64, at: Nanos) {
        let now = Instant::now();
        let is_due = self.shown.is_none_or(|shown| now.duration_since(shown) >= EVERY);
        if !self.is_shown || !is_due {
            return;
        }
        self.shown = Some(now);
        let share = done as f64 / self.rows.max(1) as f64;
        let full = ((share * WIDTH as f64) as usize).min(WIDTH);
        let per_s = done as f64 / now.duration_since(self.began).as_secs_f64().max(1e-9);
        // A terminal that went away is no error.
        let _ = write!(
            std::io::stderr().lock(),
            "\r\x1b[K{}{} {:3.0} %  {:.1} million events/s  {}",
            "█".repeat(full),
            "░".repeat(WIDTH - full),
            share * 100.0,
            per_s / 1e6,
            crate::print::Utc(Nanos(at.0 / 1_000_000_000 * 1_000_000_000)),
        );
    }
}

impl Drop for Sign {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }
}
