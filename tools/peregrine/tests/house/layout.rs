//! Rules about how a file looks: its opening line, lengths, comments and names.

use super::source::{Source, item_end, line_of};
use super::{Found, Offence};

const COLUMNS_MAX: usize = 100;
const FUNCTION_MAX: usize = 70;
const FILE_MAX: usize = 600;

/// Parts of names that say nothing, with what to do instead.
const EMPTY_NAMES: [&str; 12] = [
    "Manager", "Handler", "Service", "Helper", "Helpers", "Util", "Utils", "Common", "Base",
    "Context", "Data", "Info",
];

/// Words in comments that speak of tickets, plans or the past.
const HISTORY: [&str; 13] = [
    "TODO",
    "FIXME",
    "XXX",
    "HACK",
    "issue #",
    "issue 1",
    "issue 2",
    "ticket",
    "pull request",
    "formerly",
    "used to be",
    "refactored",
    "legacy",
];

/// All rules of this file.
pub fn check(source: &Source, found: &mut Found) {
    opening(source, found);
    columns(source, found);
    length(source, found);
    functions(source, found);
    history(source, found);
    names(source, found);
}

fn opening(source: &Source, found: &mut Found) {
    if !source.lines.first().is_some_and(|line| line.starts_with("//! ")) {
        found.push(Offence::new(
            "opening",
            (&source.path, 1),
            "the first line says what the file is and why: begin it with `//! `",
        ));
    }
}

fn columns(source: &Source, found: &mut Found) {
    for (at, line) in source.lines.iter().enumerate() {
        let columns = line.chars().count();
        if columns > COLUMNS_MAX {
            let hint = format!("{columns} columns: break the line at {COLUMNS_MAX}");
            found.push(Offence::new("columns", (&source.path, at + 1), hint));
        }
    }
}

/// A long file gives its reason in the first paragraph of its opening comment, with a "because".
fn length(source: &Source, found: &mut Found) {
    let first = source.lines.iter().take_while(|line| line.starts_with("//! "));
    let reasoned = first.into_iter().any(|line| line.contains("because"));
    if source.lines.len() > FILE_MAX && !reasoned {
        let hint = format!(
            "{} lines: split it by concept, or say in its first paragraph that it is one file \
             because …",
            source.lines.len()
        );
        found.push(Offence::new("file-length", (&source.path, 1), hint));
    }
}

fn functions(source: &Source, found: &mut Found) {
    let (all, starts) = source.joined();
    for at in words(&all, "fn") {
        let name: String = all[at + 2..].trim_start().chars().take_while(is_word).collect();
        if name.is_empty() {
            continue;
        }
        let first = line_of(&starts, at);
        let lines = line_of(&starts, item_end(&all, at).saturating_sub(1)) + 1 - first;
        if lines > FUNCTION_MAX {
            let hint = format!("`{name}` has {lines} lines: {FUNCTION_MAX} are the most, split it");
            found.push(Offence::new("function-length", (&source.path, first + 1), hint));
        }
    }
}

fn history(source: &Source, found: &mut Found) {
    for (at, comment) in source.comments.iter().enumerate() {
        for word in HISTORY {
            let hit = comment.match_indices(word).any(|(place, _)| {
                let before = comment[..place].chars().next_back();
                let after = comment[place + word.len()..].chars().next();
                !before.is_some_and(|one| one.is_alphanumeric())
                    && (word.ends_with('#') || !after.is_some_and(|one| one.is_alphanumeric()))
            });
            if hit {
                let hint = format!(
                    "`{word}`: comments say why, in the present tense; git has the history"
                );
                found.push(Offence::new("history", (&source.path, at + 1), hint));
            }
        }
    }
}

fn names(source: &Source, found: &mut Found) {
    let (all, starts) = source.joined();
    for keyword in ["struct", "enum", "trait", "type", "union"] {
        for at in words(&all, keyword) {
            let rest = all[at + keyword.len()..].trim_start();
            let name: String = rest.chars().take_while(is_word).collect();
            let parts = parts_of(&name);
            if let Some(part) = parts.iter().find(|part| EMPTY_NAMES.contains(&part.as_str())) {
                let hint = format!("`{name}`: `{part}` says nothing; name what a trader would say");
                found.push(Offence::new("name", (&source.path, line_of(&starts, at) + 1), hint));
            }
        }
    }
    let stem = source.path.rsplit('/').next().unwrap_or("").trim_end_matches(".rs");
    for part in stem.split('_') {
        if EMPTY_NAMES.iter().any(|empty| empty.eq_ignore_ascii_case(part)) {
            let hint =
                format!("file `{stem}.rs`: `{part}` says nothing; name the one concept in it");
            found.push(Offence::new("name", (&source.path, 1), hint));
        }
    }
}

/// `ExchangeInfo` is `Exchange`, `Info`.
fn parts_of(name: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for one in name.chars() {
        match parts.last_mut() {
            Some(part) if !one.is_uppercase() => part.push(one),
            _ => parts.push(one.to_string()),
        }
    }
    parts
}

/// Where a word stands alone in code.
pub fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|hit| hit.0).filter(move |at| {
        let before = code[..*at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(|one| is_word(&one)) && !after.is_some_and(|one| is_word(&one))
    })
}

/// Whether a character belongs to a name.
pub fn is_word(one: &char) -> bool {
    one.is_alphanumeric() || *one == '_'
}
