//! Named counters of all threads, where the housekeeping thread finds them.
//!
//! Each agent stores copies of its own numbers now and then; nobody waits for anybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// All counters, by name.
#[derive(Debug, Default)]
pub struct Board {
    names: Vec<String>,
    cells: Vec<AtomicU64>,
}

/// One agent's counters on the board.
#[derive(Clone, Debug)]
pub struct Part {
    board: Arc<Board>,
    start: usize,
    len: usize,
}

/// Collects names before threads start.
#[derive(Debug, Default)]
pub struct BoardBuilder {
    board: Board,
    parts: Vec<(usize, usize)>,
}

impl BoardBuilder {
    /// Reserves places for an agent's counters; `prefix` and a dot come before each name.
    pub fn part<'a>(&mut self, prefix: &str, names: impl IntoIterator<Item = &'a str>) {
        let start = self.board.names.len();
        for name in names {
            let whole =
                if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
            self.board.names.push(whole);
            self.board.cells.push(AtomicU64::new(0));
        }
        self.parts.push((start, self.board.names.len() - start));
    }

    /// The board and the parts in the order they were reserved.
    pub fn finish(self) -> (Arc<Board>, Vec<Part>) {
        let board = Arc::new(self.board);
        let part = |(start, len): (usize, usize)| Part { board: board.clone(), start, len };
        let parts = self.parts.into_iter().map(part).collect();
        (board, parts)
    }
}

impl Part {
    /// Stores the agent's numbers, in the order of their names.
    #[inline]
    pub fn store(&self, values: impl IntoIterator<Item = u64>) {
        let cells = &self.board.cells[self.start..self.start + self.len];
        for (cell, value) in cells.iter().zip(values) {
            // Each number stands alone, so no ordering with another is needed.
            cell.store(value, Ordering::Relaxed);
        }
    }
}

impl Board {
    /// All counters as they are now.
    pub fn read(&self) -> impl Iterator<Item = (&str, u64)> {
        let values = self.cells.iter().map(|cell| cell.load(Ordering::Relaxed));
        self.names.iter().map(String::as_str).zip(values)
    }

    /// One counter by its whole name; 0 when there is none.
    pub fn get(&self, name: &str) -> u64 {
        self.read().find(|(known, _)| *known == name).map_or(0, |(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_agent_has_its_own_places() {
        let mut builder = BoardBuilder::default();
        builder.part("feed", ["gaps", "rows"]);
        builder.part("", ["events"]);
        let (board, parts) = builder.finish();
        parts[1].store([7]);
        parts[0].store([1, 2]);
        let all: Vec<_> = board.read().collect();
        assert_eq!(all, [("feed.gaps", 1), ("feed.rows", 2), ("events", 7)]);
        assert_eq!((board.get("feed.rows"), board.get("none")), (2, 0));
    }
}
