//! How far a backtest is, on a terminal.

use engine::time::Nanos;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;

/// A bar; nothing where nobody looks.
pub(super) struct Sign(ProgressBar);

impl Sign {
    /// Of so many rows.
    pub fn new(rows: u64, is_quiet: bool) -> Self {
        let target = match is_quiet || !std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        };
        let bar = ProgressBar::with_draw_target(Some(rows), target);
        let form = "{bar:30} {percent:>3} %  {per_sec}  {msg}  {eta} left";
        let style = ProgressStyle::with_template(form).map(|style| {
            style.with_key(
                "per_sec",
                |state: &indicatif::ProgressState, out: &mut dyn std::fmt::Write| {
                    // A terminal that went away is no error.
                    let _ = write!(out, "{:.2} million events/s", state.per_sec() / 1e6);
                },
            )
        });
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// So many rows are done, and time is this.
    pub fn show(&mut self, done: u64, at: Nanos) {
        self.0.set_position(done);
        self.0.set_message(
            crate::print::Utc(Nanos(at.0 / 1_000_000_000 * 1_000_000_000)).to_string(),
        );
    }
}

impl Drop for Sign {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
