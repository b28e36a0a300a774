//! Rules about what code may call and use, by room: no panics outside tests, no clock where time is
//! an event, no floats where money is, no hash order, and `unsafe` in two places with its reason.

use super::layout::words;
use super::source::{Source, line_of};
use super::{Found, Offence};

/// Rooms whose code is polled with a clock and starts no thread.
const CLOCKLESS: [&str; 5] = ["engine", "strategies", "feeds", "venues", "shm"];

/// Where `unsafe` lives.
const UNSAFE: [&str; 2] = ["shm/", "feeds/src/simd"];

/// Tests that count allocations: a wrapper over the allocator cannot be written without `unsafe`.
const COUNTS: &str = "/tests/alloc";

/// Engine files that carry strategies' floats: as bits in saved state, as a step or a span of time
/// handed to formulas, as the value of a parameter.
const FLOATS: [&str; 4] =
    ["engine/src/state.rs", "engine/src/num.rs", "engine/src/time.rs", "engine/src/strategy.rs"];

/// What no product code calls, and what it does instead.
const PANICS: [(&str, &str); 8] = [
    (".unwrap()", "return an error or handle `None`"),
    (".unwrap_err()", "match on the result"),
    (".expect(", "return an error that says what, where and what to do"),
    ("panic!", "return an error, or count the event"),
    ("todo!", "write it"),
    ("unimplemented!", "write it"),
    ("dbg!", "remove it"),
    ("unreachable!", "make the case unrepresentable, or count it"),
];

const PRINTS: [&str; 4] = ["println!", "eprintln!", "print!", "eprint!"];

const CLOCKS: [(&str, &str); 6] = [
    ("Instant::now", "take the time as an argument or from the `Clock` handed in"),
    ("SystemTime", "take the time as an argument or from the `Clock` handed in"),
    ("quanta::", "stamps are taken by the `Trace` handed in"),
    ("thread::spawn", "only tools start threads: offer `work()`"),
    ("thread::sleep", "only tools wait: return from `work()`"),
    ("thread::Builder", "only tools start threads: offer `work()`"),
];

/// All rules of this file.
pub fn check(source: &Source, found: &mut Found) {
    banned(source, found);
    hashes(source, found);
    floats(source, found);
    unsafety(source, found);
    crate_root(source, found);
}

fn in_room(source: &Source, rooms: &[&str]) -> bool {
    rooms.contains(&source.room())
}

/// One offence for each line outside tests that has the text as a whole word.
fn ban(source: &Source, rule: &'static str, text: &str, hint: &str, found: &mut Found) {
    for (at, line) in source.code.iter().enumerate() {
        let mut hits = line.match_indices(text).filter(|(place, _)| {
            let first = text.chars().next().is_some_and(|one| !super::layout::is_word(&one));
            first || !line[..*place].chars().next_back().is_some_and(|c| super::layout::is_word(&c))
        });
        if !source.test[at] && hits.next().is_some() {
            let hint = format!("`{text}`: {hint}");
            found.push(Offence::new(rule, (&source.path, at + 1), hint));
        }
    }
}

fn banned(source: &Source, found: &mut Found) {
    if !in_room(source, &["benches"]) {
        for (text, hint) in PANICS {
            ban(source, "panic", text, hint, found);
        }
    }
    if !source.path.starts_with("tools/") && !in_room(source, &["benches"]) {
        for text in PRINTS {
            ban(source, "print", text, "only tools speak: return what there is to say", found);
        }
    }
    if in_room(source, &CLOCKLESS) {
        for (text, hint) in CLOCKS {
            ban(source, "clock", text, hint, found);
        }
    }
}

fn hashes(source: &Source, found: &mut Found) {
    for text in ["HashMap", "HashSet"] {
        let hint = "its order is random: use a BTreeMap, a BTreeSet or a dense table";
        ban(source, "hash", text, hint, found);
    }
}

fn floats(source: &Source, found: &mut Found) {
    if in_room(source, &["engine"]) && !FLOATS.contains(&source.path.as_str()) {
        for text in ["f32", "f64"] {
            ban(source, "float", text, "engine counts in integers: use a type of `num`", found);
        }
    }
}

fn unsafety(source: &Source, found: &mut Found) {
    let (all, starts) = source.joined();
    for at in words(&all, "unsafe") {
        let line = line_of(&starts, at);
        let counts = source.path.contains(COUNTS);
        if !counts && !UNSAFE.iter().any(|place| source.path.starts_with(place)) {
            let hint = "`unsafe` lives in shm and feeds/src/simd alone: use a safe API";
            found.push(Offence::new("unsafe", (&source.path, line + 1), hint));
        } else if !all[at + "unsafe".len()..].trim_start().starts_with("fn ")
            && !reasoned(source, line)
        {
            // What an `unsafe fn` does needs a block, and so a reason, of its own.
            let hint = "say in a `// SAFETY:` comment right above why it is sound";
            found.push(Offence::new("safety", (&source.path, line + 1), hint));
        }
    }
}

/// A `SAFETY:` (or a `# Safety` section) on the line or in the comment that ends at most two lines
/// of code above it.
fn reasoned(source: &Source, line: usize) -> bool {
    let says = |at: usize| {
        let comment = &source.comments[at];
        comment.contains("SAFETY:") || comment.contains("# Safety")
    };
    if says(line) {
        return true;
    }
    let mut code_lines = 0;
    for at in (0..line).rev() {
        if says(at) {
            return true;
        }
        let is_comment = !source.comments[at].is_empty() && source.code[at].trim().is_empty();
        let is_attribute = source.code[at].trim().starts_with("#[");
        if !is_comment && !is_attribute {
            code_lines += 1;
        }
        if code_lines > 2 {
            return false;
        }
    }
    false
}

/// What the root file of a crate must declare.
fn crate_root(source: &Source, found: &mut Found) {
    let root = format!("{}/src/lib.rs", source.room());
    let main = format!("{}/src/main.rs", source.room());
    if source.path != root && source.path != main {
        return;
    }
    let declares = |text: &str| source.code.iter().any(|line| line.trim() == text);
    let mut want = |rule, text: &str, why: &str| {
        if !declares(text) {
            let hint = format!("declare `{text}`: {why}");
            found.push(Offence::new(rule, (&source.path, 1), hint));
        }
    };
    if in_room(source, &["engine", "strategies"]) {
        want("no-std", "#![no_std]", "a clock or a hash map must not compile here");
    }
    if !in_room(source, &["shm", "feeds", "benches"]) {
        want(
            "forbid-unsafe",
            "#![forbid(unsafe_code)]",
            "`unsafe` lives in shm and feeds/src/simd",
        );
    }
}
