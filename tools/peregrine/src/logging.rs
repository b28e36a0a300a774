//! Log lines for people, to standard error. Hot threads write none: what they have to say are
//! counters, and cold threads turn those into lines.

use std::io::{IsTerminal as _, Write as _};
use tracing_subscriber::EnvFilter;

/// The variable that chooses what is logged, such as `debug` or `warn,feeds=debug`.
pub const VARIABLE: &str = "PEREGRINE_LOG";

/// Standard error, whether or not anybody still reads it.
struct Careless;

impl std::io::Write for Careless {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _ = std::io::stderr().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let _ = std::io::stderr().flush();
        Ok(())
    }
}

/// Starts logging; at `info` unless [`VARIABLE`] says otherwise. A second call changes nothing.
pub fn start() {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Careless)
        .log_internal_errors(false)
        .with_ansi(colour_on_stderr())
        .with_target(false)
        .try_init();
    // Somebody else's subscriber, as in tests, is as good.
    drop(started);
}

/// Says of a panic where it was and that it is a fault of ours, in one line.
pub fn explain_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let text = text.unwrap_or("no message");
        let place = panic.location().map_or_else(|| "?".into(), ToString::to_string);
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed");
        // A panic while saying so would end the process with orders at the venue.
        let _ = writeln!(
            std::io::stderr(),
            "peregrine: fault in thread {name} at {place}: {text}\n\
             This is an error in Peregrine. Whatever trades is stopped; check at the venue."
        );
    }));
}

/// Whether people look at standard output.
pub fn on_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether colours may be used on standard error.
pub fn colour_on_stderr() -> bool {
    colour(std::io::stderr().is_terminal())
}

/// Whether colours may be used on standard output.
pub fn colour_on_stdout() -> bool {
    colour(on_terminal())
}

fn colour(terminal: bool) -> bool {
    terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
