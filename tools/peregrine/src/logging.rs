//! Log lines for people, to standard error. Hot threads write none: what they have to say are
//! counters, and cold threads turn those into lines.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// The variable that chooses what is logged, such as `debug` or `warn,feeds=debug`.
pub const VARIABLE: &str = "PEREGRINE_LOG";

/// Starts logging; at `info` unless [`VARIABLE`] says otherwise. A second call changes nothing.
pub fn start() {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
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
        eprintln!(
            "peregrine: fault in thread {name} at {place}: {text}\n\
             This is an error in Peregrine. The gateway cancels all orders; check at the venue."
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
