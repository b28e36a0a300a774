//! What is checked of every dialect's configuration: each fault is named with what to do.

use engine::instrument::Instrument;

/// Streams are at a WebSocket URL.
pub fn socket_url(url: &str, wrong: &mut Vec<String>) {
    if !url.starts_with("ws://") && !url.starts_with("wss://") {
        wrong.push(format!("{url}: streams are at a ws:// or wss:// URL"));
    }
}

/// Snapshots are at an HTTP URL.
pub fn rest_url(url: &str, wrong: &mut Vec<String>) {
    if !url.starts_with("http://") && !url.starts_with("https://") {
        wrong.push(format!("{url}: snapshots are at an http:// or https:// URL"));
    }
}

/// There are some, and no two of the same id or name.
pub fn instruments(all: &[Instrument], wrong: &mut Vec<String>) {
    if all.is_empty() {
        wrong.push("no instrument is followed; name at least one".to_string());
    }
    for (place, one) in all.iter().enumerate() {
        let twice = |two: &&Instrument| two.id == one.id || two.symbol == one.symbol;
        if let Some(two) = all[..place].iter().find(twice) {
            wrong.push(format!("{} and {} share an id or a name", two.symbol, one.symbol));
        }
    }
}

/// Depth is followed.
pub fn depth(followed: bool, wrong: &mut Vec<String>) {
    if !followed {
        wrong.push("the depth stream is left out; without it no book is whole".to_string());
    }
}

/// A number of something is 1 to `most`.
pub fn count(what: &str, count: usize, most: usize, wrong: &mut Vec<String>) {
    if count == 0 || count > most {
        wrong.push(format!("{count} {what}; the venue has 1 to {most}"));
    }
}
