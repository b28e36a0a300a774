//! Atomics, or loom's model of them, chosen in this one place.
//!
//! Everything in this crate that is shared between threads or processes is made of these words, so
//! that `--cfg loom` can run the lock-free parts through every interleaving that the memory model
//! allows. loom's atomics cannot lie in a mapped file: the parts that map are left out there.

#[cfg(not(all(loom, test)))]
pub(crate) use std::{
    hint::spin_loop,
    sync::atomic::{AtomicU64, Ordering, fence},
};

#[cfg(all(loom, test))]
pub(crate) use loom::{
    hint::spin_loop,
    sync::atomic::{AtomicU64, Ordering, fence},
};
