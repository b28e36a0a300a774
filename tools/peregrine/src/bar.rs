//! How far long work is, on terminals; nothing elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::io::IsTerminal as _;

/// A line on standard error that is written over, and gone when the work ends.
pub struct Bar(ProgressBar);

impl Bar {
    /// In indicatif's words, and `{events_per_s}`. Hidden where the result is for programs, or
    /// standard error is no terminal.
    pub fn new(form: &str, is_quiet: bool) -> Self {
        let target = match is_quiet || !std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        };
        let bar = ProgressBar::with_draw_target(Some(1), target);
        let speed = |state: &ProgressState, out: &mut dyn Write| {
            // A terminal that went away is no error.
            let _ = write!(out, "{:.2} million events/s", state.per_sec() / 1e6);
        };
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style.with_key("events_per_s", speed));
        }
        Self(bar)
    }

    /// So much of so much is done, and what is to be said of it.
    pub fn show(&self, done: u64, of: u64, what: String) {
        self.0.set_length(of);
        self.0.set_position(done);
        self.0.set_message(what);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
