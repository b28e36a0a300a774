//! A hole in the depth messages of a recording, closed by a later snapshot as a venue's client
//! would close it. The messages after the hole go out as they are, so that clients notice it too;
//! what the snapshot then shows to be different goes out with the next message.

use crate::recording::Pair;
use std::collections::{BTreeMap, VecDeque};

/// Messages kept since the hole: more than come between a connection and its snapshot.
const KEPT_MAX: usize = 10_000;

/// A depth message: first and last update id, and its levels.
struct Message {
    ids: (u64, u64),
    sides: [Vec<Pair>; 2],
}

/// What is known of a hole.
#[derive(Default)]
pub(super) struct Mend {
    open: bool,
    since: VecDeque<Message>,
    /// Levels that still have to go out.
    patch: [BTreeMap<i64, i64>; 2],
}

impl Mend {
    /// A depth message was applied; `chained` when nothing is missing before it.
    pub(super) fn on_depth(&mut self, chained: bool, ids: (u64, u64), sides: &[Vec<Pair>; 2]) {
        self.open |= !chained;
        if self.open {
            if self.since.len() == KEPT_MAX {
                self.since.pop_front();
            }
            self.since.push_back(Message { ids, sides: sides.clone() });
        }
    }

    /// The book as a snapshot and the messages since show it; none when nothing is open, or when
    /// the snapshot is older than the hole.
    pub(super) fn close(
        &mut self,
        update: u64,
        sides: &[Vec<Pair>; 2],
    ) -> Option<[BTreeMap<i64, i64>; 2]> {
        if !self.open {
            return None;
        }
        self.since.retain(|message| message.ids.1 > update);
        if self.since.front().is_some_and(|message| message.ids.0 > update + 1) {
            return None;
        }
        let mut book = [BTreeMap::new(), BTreeMap::new()];
        let since = self.since.iter().map(|message| &message.sides);
        for sides in [sides].into_iter().chain(since) {
            for (book, levels) in book.iter_mut().zip(sides) {
                for (price, qty) in levels {
                    match qty {
                        0 => book.remove(price),
                        _ => book.insert(*price, *qty),
                    };
                }
            }
        }
        self.since.clear();
        self.open = false;
        Some(book)
    }

    /// Keeps levels for the next message.
    pub(super) fn keep(&mut self, levels: &[Vec<Pair>; 2]) {
        for (patch, levels) in self.patch.iter_mut().zip(levels) {
            patch.extend(levels.iter().copied());
        }
    }

    /// The levels of a message that goes out, with those that were kept for it.
    pub(super) fn patched(&mut self, sides: &[Vec<Pair>; 2]) -> [Vec<Pair>; 2] {
        for (patch, levels) in self.patch.iter_mut().zip(sides) {
            patch.extend(levels.iter().copied());
        }
        std::mem::take(&mut self.patch).map(|patch| patch.into_iter().collect())
    }

    /// Whether something waits to go out.
    pub(super) fn is_waiting(&self) -> bool {
        self.patch.iter().any(|patch| !patch.is_empty())
    }
}
