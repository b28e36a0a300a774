//! The import rules: who may depend on whom in the manifests, and which part of it the sources
//! name.

use super::layout::{is_word, words};
use super::source::{Source, line_of};
use super::{Found, Offence};

/// What a room may take of another.
enum Part {
    All,
    Only(&'static [&'static str]),
}

use Part::{All, Only};

/// A crate that may be imported, and what of it.
type Edge = (&'static str, Part);

/// The table of the house: each room with what it may import. A room that is missing here has no
/// place in the house yet.
const ROOMS: &[(&str, &[Edge])] = &[
    ("engine", &[]),
    ("strategies", &[("engine", All)]),
    ("shm", &[("engine", All)]),
    ("feeds", &[("engine", All)]),
    ("venues", &[("engine", All), ("feeds", Only(&["net"]))]),
    ("tools/exchange", &[("engine", Only(&["num", "id", "time"])), ("venues", Only(&["sim"]))]),
    ("tools/peregrine", &COMMANDED),
    ("tools/research", &EVERYTHING),
    ("tools/cockpit", &EVERYTHING),
    ("benches", &MEASURED),
];

const EVERYTHING: [Edge; 6] = [
    ("engine", All),
    ("strategies", All),
    ("shm", All),
    ("feeds", All),
    ("venues", All),
    ("exchange", All),
];

/// The command line drives research too.
const COMMANDED: [Edge; 7] = [
    ("engine", All),
    ("strategies", All),
    ("shm", All),
    ("feeds", All),
    ("venues", All),
    ("exchange", All),
    ("research", All),
];

/// What is measured is everything, as it runs: `peregrine` and its own bench too.
const MEASURED: [Edge; 8] = [
    ("engine", All),
    ("strategies", All),
    ("shm", All),
    ("feeds", All),
    ("venues", All),
    ("exchange", All),
    ("peregrine", All),
    ("research", All),
];

/// The names of our crates.
const OURS: [&str; 10] = [
    "engine",
    "strategies",
    "shm",
    "feeds",
    "venues",
    "exchange",
    "peregrine",
    "research",
    "cockpit",
    "benches",
];

/// Rooms that must build without std, and the outside crates that they may use.
const BARE: [(&str, &[&str]); 2] = [("engine", &[]), ("strategies", &["libm"])];

fn edges_of(room: &str) -> Option<&'static [Edge]> {
    ROOMS.iter().find(|(name, _)| *name == room).map(|(_, edges)| *edges)
}

/// Whether a manifest's dependencies are allowed; dev-dependencies are free, but for benches, which
/// nothing may depend on.
pub fn check_manifest(path: &str, text: &str, found: &mut Found) {
    let room = path.trim_end_matches("/Cargo.toml");
    let mut push = |line, hint: String| found.push(Offence::new("edge", (path, line), hint));
    let manifest: toml::Table = match text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return push(1, format!("is not TOML: {error}")),
    };
    let Some(edges) = edges_of(room) else {
        return push(1, format!("`{room}` is not a room of the house: add it to the table"));
    };
    let (normal, dev) = dependencies(&manifest);
    for name in &normal {
        let allowed = edges.iter().any(|(crate_name, _)| crate_name == name);
        let bare = BARE.iter().find(|(bare, _)| *bare == room);
        if OURS.contains(&name.as_str()) && !allowed {
            push(line_with(text, name), format!("{room} must not import {name}"));
        } else if bare.is_some_and(|(_, outside)| !allowed && !outside.contains(&name.as_str())) {
            push(line_with(text, name), format!("{room} is a bare room: it must not use {name}"));
        }
    }
    if dev.iter().chain(&normal).any(|name| name == "benches") {
        push(line_with(text, "benches"), "nothing depends on benches".to_owned());
    }
    if manifest.get("lints").and_then(|lints| lints.get("workspace")).is_none() {
        push(1, "takes no workspace lints: add `[lints]` `workspace = true`".to_owned());
    }
}

/// Names of normal (and build) dependencies and of dev-dependencies, those of targets included.
fn dependencies(manifest: &toml::Table) -> (Vec<String>, Vec<String>) {
    let (mut normal, mut dev) = (Vec::new(), Vec::new());
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let targets = targets.into_iter().flat_map(|table| table.values());
    for table in targets.filter_map(toml::Value::as_table).chain([manifest]) {
        for section in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let Some(listed) = table.get(section).and_then(toml::Value::as_table) else { continue };
            let names = if section == "dev-dependencies" { &mut dev } else { &mut normal };
            for (name, value) in listed {
                let package = value.get("package").and_then(toml::Value::as_str);
                names.push(package.unwrap_or(name).to_owned());
            }
        }
    }
    (normal, dev)
}

fn line_with(text: &str, name: &str) -> usize {
    text.lines().position(|line| line.trim_start().starts_with(name)).map_or(1, |at| at + 1)
}

/// Whether the paths that a source names lead only where its room may look.
pub fn check_source(source: &Source, found: &mut Found) {
    let Some(edges) = edges_of(source.room()) else { return };
    let (all, starts) = source.joined();
    for name in OURS {
        let own = source.room().ends_with(name);
        let edge = edges.iter().find(|(crate_name, _)| *crate_name == name);
        for at in words(&all, name).filter(|_| !own) {
            let line = line_of(&starts, at);
            let Some(rest) = all[at + name.len()..].strip_prefix("::") else { continue };
            if !is_crate_path(&all, at) || source.test[line] {
                continue;
            }
            let hint = match edge.map(|(_, part)| part) {
                Some(All) => continue,
                Some(Only(parts)) if first_names(rest).iter().all(|n| parts.contains(n)) => {
                    continue;
                }
                Some(Only(parts)) => {
                    let parts = parts.join("`, `");
                    format!("{} may use only `{parts}` of {name}", source.room())
                }
                None => format!("{} must not know {name}", source.room()),
            };
            found.push(Offence::new("edge", (&source.path, line + 1), hint));
        }
    }
}

/// Whether a crate's name at `at` begins a path: not a module `foo::engine` and not `self.engine`.
/// A module of the crate's own is told by the `crate::` or `super::` before it.
fn is_crate_path(code: &str, at: usize) -> bool {
    let before = code[..at].trim_end();
    !before.ends_with('.') && (!before.ends_with("::") || before.trim_end_matches(':').is_empty())
}

/// The first path segments behind `crate::`: one, or those of a `{…}` group.
fn first_names(rest: &str) -> Vec<&str> {
    let Some(group) = rest.strip_prefix('{') else {
        return vec![rest.split(|one| !is_word(&one)).next().unwrap_or("")];
    };
    let (mut names, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, one) in group.char_indices() {
        match one {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(group[start..at].trim());
                start = at + 1;
                if one == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    let first = |name: &'_ str| name.split("::").next().map_or(0, str::len);
    names.iter().filter(|name| !name.is_empty()).map(|name| &name[..first(name)]).collect()
}
