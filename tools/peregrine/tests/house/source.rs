//! A Rust source file as the rules see it: code without its comments and texts, the comments by
//! line, and which lines are test code. A scanner and not a parser: it also reads macros' insides,
//! needs no dependency, and sees the layout that the rules are about.

/// One file, scanned.
pub struct Source {
    /// Path from the workspace root, with `/`.
    pub path: String,
    /// Lines as they are written.
    pub lines: Vec<String>,
    /// The same lines with comments, texts and characters blanked out.
    pub code: Vec<String>,
    /// What is comment on each line, empty where nothing is.
    pub comments: Vec<String>,
    /// Whether a line belongs to tests.
    pub test: Vec<bool>,
    /// Modules that are declared for tests alone (`#[cfg(test)] mod name;`).
    pub test_modules: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Code,
    Line,
    Block(usize),
    Text,
    Raw(usize),
}

impl Source {
    /// Scans a text that lies at this path.
    pub fn new(path: &str, text: &str) -> Self {
        let (code, comments) = split(text);
        let mut source = Self {
            path: path.to_owned(),
            lines: text.lines().map(str::to_owned).collect(),
            test: vec![is_test_path(path); code.len()],
            code,
            comments,
            test_modules: Vec::new(),
        };
        source.mark_tests();
        source
    }

    /// The crate's directory, `engine` or `tools/exchange`.
    pub fn room(&self) -> &str {
        let depth = if self.path.starts_with("tools/") { 2 } else { 1 };
        let end = self.path.match_indices('/').nth(depth - 1).map_or(self.path.len(), |at| at.0);
        &self.path[..end]
    }

    /// All code as one text, and where each line of it begins.
    pub fn joined(&self) -> (String, Vec<usize>) {
        let mut starts = Vec::with_capacity(self.code.len());
        let mut all = String::new();
        for line in &self.code {
            starts.push(all.len());
            all.push_str(line);
            all.push('\n');
        }
        (all, starts)
    }

    fn mark_tests(&mut self) {
        let (all, starts) = self.joined();
        let whole = all.contains("#![cfg(test)]");
        for mark in ["#[cfg(test)]", "#[cfg(all(test", "#[test]"] {
            for (at, _) in all.match_indices(mark) {
                let end = item_end(&all, at);
                let item = &all[at..end];
                if let Some(name) = item.strip_suffix(';').and_then(|rest| rest.rsplit_once("mod "))
                {
                    self.test_modules.push(name.1.trim().to_owned());
                }
                for line in line_of(&starts, at)..=line_of(&starts, end.saturating_sub(1)) {
                    self.test[line] = true;
                }
            }
        }
        if whole {
            self.test.fill(true);
        }
    }
}

/// The line, from 0, that a place of the joined code is on.
pub fn line_of(starts: &[usize], at: usize) -> usize {
    starts.partition_point(|start| *start <= at).saturating_sub(1)
}

/// Whether a path holds tests by where it lies.
fn is_test_path(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs"))
}

/// The end of the item whose attributes begin at `at`: behind its `;` or its closing brace.
pub fn item_end(code: &str, at: usize) -> usize {
    let mut depth = 0_i32;
    for (place, byte) in code.bytes().enumerate().skip(at) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' => depth -= 1,
            b'}' => {
                depth -= 1;
                if depth <= 0 {
                    return place + 1;
                }
            }
            b';' if depth == 0 => return place + 1,
            _ => {}
        }
    }
    code.len()
}

/// Code and comments of each line, each with the other (and texts) blanked out.
fn split(text: &str) -> (Vec<String>, Vec<String>) {
    let chars: Vec<char> = text.chars().collect();
    let (mut code, mut comments) = (String::new(), String::new());
    let mut state = State::Code;
    let mut at = 0;
    while at < chars.len() {
        if chars[at] == '\n' {
            code.push('\n');
            comments.push('\n');
            if state == State::Line {
                state = State::Code;
            }
            at += 1;
            continue;
        }
        let (next, length) = advance(&chars, at, state);
        let comment = |state| matches!(state, State::Line | State::Block(_));
        for one in chars.iter().skip(at).take(length) {
            let in_comment = comment(state) || comment(next);
            if *one == '\n' {
                code.push('\n');
                comments.push('\n');
                continue;
            }
            let is_code = state == State::Code && next == State::Code && length == 1;
            code.push(if is_code { *one } else { ' ' });
            if in_comment {
                comments.push(*one);
            }
        }
        state = next;
        at += length;
    }
    (code.lines().map(str::to_owned).collect(), comments.lines().map(str::to_owned).collect())
}

/// What state follows, and how many characters it takes.
fn advance(chars: &[char], at: usize, state: State) -> (State, usize) {
    let next = chars.get(at + 1).copied().unwrap_or(' ');
    match (state, chars[at], next) {
        (State::Code, '/', '/') => (State::Line, 2),
        (State::Code, '/', '*') => (State::Block(1), 2),
        (State::Code, '"', _) => match raw_hashes(chars, at) {
            Some(hashes) => (State::Raw(hashes), 1),
            None => (State::Text, 1),
        },
        (State::Code, '\'', _) => match literal_length(chars, at) {
            Some(length) => (State::Code, length),
            None => (State::Code, 1),
        },
        (State::Block(depth), '/', '*') => (State::Block(depth + 1), 2),
        (State::Block(1), '*', '/') => (State::Code, 2),
        (State::Block(depth), '*', '/') => (State::Block(depth - 1), 2),
        (State::Text, '\\', _) => (State::Text, 2),
        (State::Text, '"', _) => (State::Code, 1),
        (State::Raw(hashes), '"', _) => {
            let closes = chars.iter().skip(at + 1).take_while(|one| **one == '#').count() >= hashes;
            if closes { (State::Code, 1 + hashes) } else { (state, 1) }
        }
        _ => (state, 1),
    }
}

/// How many `#` a raw text's opening quote at `at` has before it; `None` for a plain text.
fn raw_hashes(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[..at].iter().rev().take_while(|one| **one == '#').count();
    let before = chars[..at - hashes].iter().rev();
    let mut before = before.copied();
    let raw = before.next() == Some('r');
    let word = before.next().is_some_and(|one| one.is_alphanumeric() && one != 'b' && one != 'c');
    (raw && !word).then_some(hashes)
}

/// Length of a character literal at `at`; `None` when it is a lifetime.
fn literal_length(chars: &[char], at: usize) -> Option<usize> {
    if chars.get(at + 1) == Some(&'\\') {
        let close = chars.iter().skip(at + 3).position(|one| *one == '\'')?;
        return Some(close + 4);
    }
    (chars.get(at + 2) == Some(&'\'')).then_some(3)
}
