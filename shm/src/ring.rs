//! The ring that commands go through: writers take turns under a lock, the engine never waits.
//!
//! A writer fills a slot and then moves `tail`; if it dies in between, `tail` still points at the
//! half-filled slot and the next writer fills it anew. The lock is the file's, so the kernel frees
//! it with its holder. The engine looks at `tail` once per poll, takes slots in order, and answers
//! each by number: `sequence << 16 | code` in one word, so that no answer is ever half there.

use crate::sync::{AtomicU64, Ordering};

/// Words of one command, its sequence and check included: 64 bytes.
pub(crate) const COMMAND_WORDS: usize = 8;

/// A word on its own pair of cache lines.
#[repr(C, align(128))]
#[derive(Debug)]
struct Line(AtomicU64);

#[repr(C, align(64))]
#[derive(Debug)]
struct Slot([AtomicU64; COMMAND_WORDS]);

/// The ring; zeroed memory is an empty one.
#[repr(C)]
#[derive(Debug)]
pub struct CommandRing<const N: usize> {
    /// Sequence of the last command written; the first is 1.
    tail: Line,
    /// Sequence of the last command taken.
    head: Line,
    answers: [AtomicU64; N],
    slots: [Slot; N],
}

/// What a poll found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Popped {
    /// The command with this sequence, as written.
    Words(u64, [u64; COMMAND_WORDS]),
    /// `tail` was moved as no writer moves it; all up to this sequence is skipped.
    Overrun(u64),
}

impl<const N: usize> CommandRing<N> {
    /// Writes a command, whose first word becomes its sequence; returns that. `None`: full. The
    /// caller holds the writers' lock.
    pub(crate) fn push(&self, fill: impl FnOnce(u64) -> [u64; COMMAND_WORDS]) -> Option<u64> {
        // Partner: the release store below, by the writer that held the lock before.
        let tail = self.tail.0.load(Ordering::Acquire);
        // Partner: the release store in `pop`: the engine has read a slot before it is reused.
        let head = self.head.0.load(Ordering::Acquire);
        if tail.wrapping_sub(head) >= N as u64 {
            return None;
        }
        let sequence = tail.wrapping_add(1);
        let slot = self.slots.get(place::<N>(sequence))?;
        for (to, from) in slot.0.iter().zip(fill(sequence)) {
            to.store(from, Ordering::Relaxed);
        }
        // Partner: the acquire load in `pop`, which then sees the words above.
        self.tail.0.store(sequence, Ordering::Release);
        Some(sequence)
    }

    /// Takes the next command after `head`, which belongs to the one reader. One load when empty.
    #[inline]
    pub(crate) fn pop(&self, head: &mut u64) -> Option<Popped> {
        // Partner: the release store in `push`.
        let tail = self.tail.0.load(Ordering::Acquire);
        if tail == *head {
            return None;
        }
        Some(self.take(head, tail))
    }

    #[cold]
    fn take(&self, head: &mut u64, tail: u64) -> Popped {
        let waiting = tail.wrapping_sub(*head);
        let slot = self.slots.get(place::<N>(head.wrapping_add(1)));
        let popped = match slot {
            Some(slot) if waiting <= N as u64 => {
                *head = head.wrapping_add(1);
                let mut words = [0; COMMAND_WORDS];
                for (to, from) in words.iter_mut().zip(&slot.0) {
                    *to = from.load(Ordering::Relaxed);
                }
                Popped::Words(*head, words)
            }
            _ => {
                *head = tail;
                Popped::Overrun(tail)
            }
        };
        // Partner: the acquire load of `head` in `push`.
        self.head.0.store(*head, Ordering::Release);
        popped
    }

    /// Stores the answer to a command.
    pub(crate) fn answer(&self, sequence: u64, code: u16) {
        if let Some(word) = self.answers.get(place::<N>(sequence)) {
            // Partner: the acquire load in `answer_to`: what the engine did before is done.
            word.store(sequence << 16 | u64::from(code), Ordering::Release);
        }
    }

    /// The answer to a command: `Ok(None)` not yet, `Err` when a later one's took its place.
    pub(crate) fn answer_to(&self, sequence: u64) -> Result<Option<u16>, ()> {
        let Some(word) = self.answers.get(place::<N>(sequence)) else { return Ok(None) };
        // Partner: the release store in `answer`.
        let word = word.load(Ordering::Acquire);
        let (found, wanted) = (word >> 16, sequence & (u64::MAX >> 16));
        match found.cmp(&wanted) {
            std::cmp::Ordering::Less => Ok(None),
            std::cmp::Ordering::Equal => Ok(Some((word & 0xffff) as u16)),
            std::cmp::Ordering::Greater => Err(()),
        }
    }

    /// An empty ring outside a mapping.
    #[cfg(test)]
    pub(crate) fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            tail: Line(zero()),
            head: Line(zero()),
            answers: std::array::from_fn(|_| zero()),
            slots: std::array::from_fn(|_| Slot(std::array::from_fn(|_| zero()))),
        }
    }
}

fn place<const N: usize>(sequence: u64) -> usize {
    (sequence % N as u64) as usize
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn words(sequence: u64) -> [u64; COMMAND_WORDS] {
        [sequence; COMMAND_WORDS]
    }

    #[test]
    fn ring_gives_in_order_and_says_when_it_is_full() {
        let ring = CommandRing::<4>::new();
        let mut head = 0;
        assert_eq!(ring.pop(&mut head), None);
        for round in 0..10 {
            for count in 1..=4 {
                assert_eq!(ring.push(words), Some(round * 4 + count));
            }
            assert_eq!(ring.push(words), None, "the fifth of four");
            for count in 1..=4 {
                let sequence = round * 4 + count;
                assert_eq!(ring.pop(&mut head), Some(Popped::Words(sequence, words(sequence))));
            }
            assert_eq!(ring.pop(&mut head), None);
        }
    }

    #[test]
    fn ring_answers_by_number() {
        let ring = CommandRing::<4>::new();
        let mut head = 0;
        ring.push(words);
        assert_eq!(ring.answer_to(1), Ok(None));
        ring.pop(&mut head);
        ring.answer(1, 7);
        assert_eq!(ring.answer_to(1), Ok(Some(7)));
        assert_eq!(ring.answer_to(5), Ok(None), "same place, not yet answered");
        ring.answer(5, 0);
        assert_eq!(ring.answer_to(5), Ok(Some(0)));
        assert_eq!(ring.answer_to(1), Err(()), "overwritten");
    }

    #[test]
    fn ring_skips_what_a_wild_tail_promises() {
        let ring = CommandRing::<4>::new();
        let mut head = 0;
        ring.tail.0.store(1_000_000, Ordering::Relaxed);
        assert_eq!(ring.pop(&mut head), Some(Popped::Overrun(1_000_000)));
        assert_eq!(ring.pop(&mut head), None);
        ring.push(words);
        assert_eq!(ring.pop(&mut head), Some(Popped::Words(1_000_001, words(1_000_001))));
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::{sync::Arc, thread};
    use std::{collections::BTreeSet, sync::Mutex};

    /// One writer that laps a ring of one slot: it may refill it only when the reader is done. The
    /// lock between writers is the kernel's and is not modelled; under it there is one at a time.
    ///
    /// The order "read the slot, then let it be refilled" cannot fail here: loom never lets a load
    /// see a store that comes later, which only weaker machines do. It rests on the pair named at
    /// `head`.
    #[test]
    fn loom_ring_gives_whole_commands_in_order() {
        let seen = std::sync::Arc::new(Mutex::new(BTreeSet::new()));
        let model_seen = seen.clone();
        loom::model(move || {
            let ring = Arc::new(CommandRing::<1>::new());
            let reader = {
                let (ring, seen) = (ring.clone(), model_seen.clone());
                thread::spawn(move || {
                    let mut head = 0;
                    for _ in 0..2 {
                        match ring.pop(&mut head) {
                            Some(Popped::Words(sequence, words)) => {
                                assert_eq!(sequence, head);
                                assert_eq!(words[0], sequence, "torn");
                                assert_eq!(words[7], sequence, "torn");
                            }
                            Some(Popped::Overrun(_)) => panic!("no writer overruns"),
                            None => {}
                        }
                    }
                    seen.lock().unwrap().insert(head);
                })
            };
            let words = |sequence| [sequence, 0, 0, 0, 0, 0, 0, sequence];
            for _ in 0..2 {
                ring.push(words);
            }
            reader.join().unwrap();
        });
        assert_eq!(*seen.lock().unwrap(), BTreeSet::from([0, 1, 2]));
    }

    /// Who sees the answer sees what the engine did before it.
    #[test]
    fn loom_ring_answers_follow_their_effects() {
        loom::model(|| {
            let (ring, effect) = (Arc::new(CommandRing::<1>::new()), Arc::new(AtomicU64::new(0)));
            let operator = {
                let (ring, effect) = (ring.clone(), effect.clone());
                thread::spawn(move || {
                    if ring.answer_to(1) == Ok(Some(0)) {
                        assert_eq!(effect.load(Ordering::Relaxed), 7);
                    }
                })
            };
            effect.store(7, Ordering::Relaxed);
            ring.answer(1, 0);
            operator.join().unwrap();
        });
    }
}
