//! What the benches feed on: the product's own generated messages, and real recorded ones where
//! they lie beside the project (`../shared/data`).

use flate2::read::GzDecoder;
pub use peregrine::bench::corpus::*;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// The messages of a recording, without their receive times, in order; none where it is absent, and
/// that is said.
pub fn recording(name: &str) -> Vec<Vec<u8>> {
    recorded_lines(name).map(|(_, message)| message).collect()
}

/// The same with their receive times, ns.
pub fn recorded_lines(name: &str) -> impl Iterator<Item = (u64, Vec<u8>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
    let file = File::open(&path).ok();
    if file.is_none() {
        println!("no recording {name}: rows of recorded messages are skipped");
    }
    let lines = file.map(|file| BufReader::new(GzDecoder::new(file)).split(b'\n'));
    lines.into_iter().flatten().map_while(Result::ok).filter_map(|line| {
        let place = line.iter().position(|byte| *byte == b' ')?;
        let at = std::str::from_utf8(&line[..place]).ok()?.parse().ok()?;
        Some((at, line[place + 1..].to_vec()))
    })
}

/// The messages that hold this text, spread over the whole recording, at most so many.
pub fn pick(messages: &[Vec<u8>], text: &str, most: usize) -> Vec<Vec<u8>> {
    let has =
        |message: &&Vec<u8>| message.windows(text.len()).any(|window| window == text.as_bytes());
    let all: Vec<&Vec<u8>> = messages.iter().filter(has).collect();
    let every = all.len().div_ceil(most.max(1)).max(1);
    all.into_iter().step_by(every).cloned().collect()
}
