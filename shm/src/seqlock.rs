//! One writer, any number of readers, no waiting on either side: a version counter around words.
//!
//! The writer makes the version odd, stores the words, makes it even again. A reader copies the
//! words between two looks at the version and keeps the copy only when both looks saw the same
//! even number. The payload is atomic words: the usual "volatile copy, discard when torn" is a data
//! race, which is undefined whatever is done with the copy.
//!
//! Readers map the memory read-only. Rust allows only *relaxed* atomic loads there, so the
//! acquiring is done by fences.
//!
//! To check it through every interleaving:
//! `RUSTFLAGS="--cfg loom" cargo test -p shm --release --lib loom`; and for undefined behaviour:
//! `cargo +nightly miri test -p shm --lib seqlock`.

use crate::sync::{AtomicU64, Ordering, fence, spin_loop};

/// How often [`SeqLock::read`] tries before it gives up: enough to pass a burst of writes, and a
/// bound for a writer that died half-way and left the version odd for ever.
pub const READ_TRIES_MAX: u32 = 64;

/// The writer's own count of what it wrote; whoever holds it is the writer. Not `Clone`: two
/// writers would interleave their words, which is no data race but a mix.
///
/// A writer that counts for itself need not load what readers poll, and loom needs it so: its
/// search takes a thread's own load of a word for the last access to it, and then misses that a
/// store after it could have come before the loads of others.
#[derive(Debug, Default)]
pub struct Written(u64);

/// `N` words that are read whole or not at all.
///
/// On two cache lines, since processors prefetch in pairs. Zeroed memory is a valid lock that was
/// never written.
#[repr(C, align(128))]
#[derive(Debug)]
pub struct SeqLock<const N: usize> {
    /// Even: stable; odd: being written; zero: never written.
    version: AtomicU64,
    words: [AtomicU64; N],
}

impl<const N: usize> SeqLock<N> {
    /// A lock that was never written.
    pub fn new() -> Self {
        Self { version: AtomicU64::new(0), words: std::array::from_fn(|_| AtomicU64::new(0)) }
    }

    /// Stores `words` from the front; what lies behind them keeps its old value, and words beyond
    /// `N` are ignored. `written` starts with the lock and goes with it.
    #[inline]
    pub fn write(&self, written: &mut Written, words: &[u64]) {
        let odd = written.0.wrapping_add(1);
        written.0 = odd.wrapping_add(1);
        self.version.store(odd, Ordering::Relaxed);
        // Partner: the acquire fence *after* the copy in `try_read`. A reader that saw any word
        // stored below sees at least this odd version in its second look, and discards.
        fence(Ordering::Release);
        for (to, from) in self.words.iter().zip(words) {
            to.store(*from, Ordering::Relaxed);
        }
        // Partner: the acquire fence *before* the copy in `try_read`. A reader that saw this
        // version sees all words above.
        self.version.store(written.0, Ordering::Release);
    }

    /// One try to copy the words into `out`. `None` when nothing was written yet, or when a write
    /// was under way.
    #[inline]
    pub fn try_read(&self, out: &mut [u64; N]) -> Option<u64> {
        let before = self.version.load(Ordering::Relaxed);
        // Partner: the release store at the end of `write`.
        fence(Ordering::Acquire);
        if before == 0 || before & 1 == 1 {
            return None;
        }
        for (to, from) in out.iter_mut().zip(&self.words) {
            *to = from.load(Ordering::Relaxed);
        }
        // Partner: the release fence at the start of `write`.
        fence(Ordering::Acquire);
        (self.version.load(Ordering::Relaxed) == before).then_some(before)
    }

    /// Copies the words into `out`, trying [`READ_TRIES_MAX`] times; returns the version, which
    /// grows by two with each write. `None`: never written, or the writer was busy all the time.
    pub fn read(&self, out: &mut [u64; N]) -> Option<u64> {
        for _ in 0..READ_TRIES_MAX {
            if let Some(version) = self.try_read(out) {
                return Some(version);
            }
            if self.version.load(Ordering::Relaxed) == 0 {
                return None;
            }
            spin_loop();
        }
        None
    }
}

impl<const N: usize> Default for SeqLock<N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    const WRITES: u64 = if cfg!(miri) { 200 } else { 200_000 };

    #[test]
    fn seqlock_is_empty_until_written() {
        let lock = SeqLock::<3>::new();
        let mut out = [7; 3];
        assert_eq!(lock.read(&mut out), None);
        lock.write(&mut Written::default(), &[1, 2, 3]);
        assert_eq!(lock.read(&mut out), Some(2));
        assert_eq!(out, [1, 2, 3]);
    }

    #[test]
    fn seqlock_keeps_what_a_shorter_write_leaves() {
        let (lock, mut written) = (SeqLock::<3>::new(), Written::default());
        let mut out = [0; 3];
        lock.write(&mut written, &[1, 2, 3]);
        lock.write(&mut written, &[9]);
        assert_eq!((lock.read(&mut out), out), (Some(4), [9, 2, 3]));
        lock.write(&mut written, &[4, 5, 6, 7, 8]);
        assert_eq!((lock.read(&mut out), out), (Some(6), [4, 5, 6]));
    }

    #[test]
    fn seqlock_left_odd_by_a_dead_writer_reads_as_none() {
        let (lock, mut written) = (SeqLock::<1>::new(), Written::default());
        lock.write(&mut written, &[1]);
        lock.version.store(3, Ordering::Relaxed);
        assert_eq!(lock.read(&mut [0]), None);
    }

    #[test]
    fn seqlock_readers_never_see_a_mix() {
        let lock = SeqLock::<8>::new();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reader = || {
                let mut latest = 0;
                let mut out = [0; 8];
                while !done.load(Ordering::Acquire) {
                    if lock.read(&mut out).is_some() {
                        assert!(out.iter().all(|word| *word == out[0]), "torn: {out:?}");
                        assert!(out[0] >= latest, "went back from {latest} to {}", out[0]);
                        latest = out[0];
                    }
                }
            };
            scope.spawn(reader);
            scope.spawn(reader);
            let mut written = Written::default();
            for count in 1..=WRITES {
                lock.write(&mut written, &[count; 8]);
            }
            done.store(true, Ordering::Release);
        });
        let mut out = [0; 8];
        assert!(lock.read(&mut out).is_some());
        assert_eq!(out, [WRITES; 8]);
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::{sync::Arc, thread};
    use std::{collections::BTreeSet, sync::Mutex};

    /// Every copy that any interleaving lets a reader make. The writer runs first and the reader is
    /// spawned, since loom searches backwards from the later loads.
    #[test]
    fn loom_seqlock_copies_are_whole_and_never_go_back() {
        let seen = std::sync::Arc::new(Mutex::new(BTreeSet::new()));
        let model_seen = seen.clone();
        loom::model(move || {
            let lock = Arc::new(SeqLock::<2>::new());
            let reader = {
                let (lock, seen) = (lock.clone(), model_seen.clone());
                thread::spawn(move || {
                    let mut latest = 0;
                    for _ in 0..2 {
                        let mut out = [0; 2];
                        let found = lock.try_read(&mut out);
                        seen.lock().unwrap().insert(found);
                        if let Some(version) = found {
                            assert_eq!(out[0], out[1], "torn");
                            assert_eq!(version, out[0] * 2, "words of another version");
                            assert!(version >= latest, "went back");
                            latest = version;
                        }
                    }
                })
            };
            let mut written = Written::default();
            lock.write(&mut written, &[1, 1]);
            lock.write(&mut written, &[2, 2]);
            reader.join().unwrap();
            let mut out = [0; 2];
            assert_eq!(lock.try_read(&mut out), Some(4));
            assert_eq!(out, [2, 2]);
        });
        // A model that never lets the reader in between would prove nothing.
        let expect = BTreeSet::from([None, Some(2), Some(4)]);
        assert_eq!(*seen.lock().unwrap(), expect);
    }
}
