//! The engine by scripts: market rows, reports, commands and time in, requests out, all as text.
//!
//! A script is lines of `what happens => what is sent`; asking for a counter or a state answers on
//! the same line. See [`desk::Bench`] for the words.

mod desk;
mod holding;
mod limits;
mod market;
mod orders;
mod pairs;
mod rehearse;
mod session;
mod shared;
mod venues;
mod words;

use alloc::string::String;
use desk::Bench;

/// Runs a script over one desk with generous limits and compares what was sent.
fn check(script: &str) {
    check_on(Bench::new(|_, _| {}), script);
}

/// The same over a bench of one's own.
fn check_on(mut bench: Bench, script: &str) {
    let mut actual = String::new();
    let mut expect = String::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (said, wanted) = line.split_once("=>").unwrap_or((line, ""));
        let answer = bench.say(said.trim());
        for (text, answer) in [(&mut actual, answer.as_str()), (&mut expect, wanted.trim())] {
            text.push_str(said.trim());
            if !answer.is_empty() {
                text.push_str(" => ");
                text.push_str(answer);
            }
            text.push('\n');
        }
    }
    assert!(actual == expect, "\nactual:\n{actual}\nexpected:\n{expect}");
}
