//! How far a tuning is, on terminals.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use research::tune::plan::Progress;
use std::io::IsTerminal as _;

/// A line that is written over; nothing where nobody looks.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// Hidden where the result is for programs, or standard error is no terminal.
    pub fn new(is_quiet: bool) -> Self {
        let target = match is_quiet || !std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        };
        let bar = ProgressBar::with_draw_target(Some(1), target);
        let form = "{bar:30} {pos} of {len}  {msg}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Shows it.
    pub fn shows(&mut self, progress: &Progress) {
        let Progress { fold, folds, stage, done, of, best } = *progress;
        self.0.set_length(of as u64);
        self.0.set_position(done as u64);
        let fold =
            if folds > 1 { format!("fold {} of {folds}, ", fold + 1) } else { String::new() };
        let best = best.map_or_else(String::new, |best| format!(", best {best:.4}"));
        self.0.set_message(format!("{fold}{stage}{best}"));
    }

    /// Clears it.
    pub fn ends(&self) {
        self.0.finish_and_clear();
    }
}
