//! The binary's allocator under a wrapper that counts what one thread takes from it, and keeps from
//! where.

use mimalloc::MiMalloc;
use std::alloc::{GlobalAlloc, Layout};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

/// Most allocations whose stacks are kept; more are counted all the same.
const KEPT_MAX: usize = 256;

/// The watched thread's number; 0 while none is.
static WATCHED: AtomicI32 = AtomicI32::new(0);
static COUNT: AtomicU64 = AtomicU64::new(0);
static KEPT: Mutex<Vec<(usize, Backtrace)>> = Mutex::new(Vec::new());

thread_local! {
    /// This thread's number, once it was asked for.
    static NUMBER: Cell<i32> = const { Cell::new(0) };
    /// Whether this thread is taking down a stack, which allocates.
    static KEEPING: Cell<bool> = const { Cell::new(false) };
}

/// The wrapper. Threads other than the watched one pay one load.
pub struct Counting;

fn count(bytes: usize) {
    let watched = WATCHED.load(Ordering::Relaxed);
    if watched == 0 || KEEPING.get() {
        return;
    }
    if NUMBER.get() == 0 {
        NUMBER.set(rustix::thread::gettid().as_raw_nonzero().get());
    }
    if NUMBER.get() != watched {
        return;
    }
    COUNT.fetch_add(1, Ordering::Relaxed);
    KEEPING.set(true);
    if let Ok(mut kept) = KEPT.lock()
        && kept.len() < KEPT_MAX
    {
        // Addresses only: names are looked up when it is shown.
        kept.push((bytes, Backtrace::force_capture()));
    }
    KEEPING.set(false);
}

// SAFETY: every call goes on to the wrapped allocator unchanged; what counting itself allocates is
// marked, so that it does not come back here.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { MiMalloc.realloc(place, layout, size) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { MiMalloc.dealloc(place, layout) }
    }
}

/// Watches the thread of this name from now on.
pub fn watch(name: &str) {
    let mut found = Vec::new();
    for task in fs::read_dir("/proc/self/task").unwrap().flatten() {
        let called = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        if called.trim() == name {
            found.push(task.file_name().to_string_lossy().parse().unwrap());
        }
    }
    assert_eq!(found.len(), 1, "threads called {name}: {found:?}");
    WATCHED.store(found[0], Ordering::SeqCst);
}

/// Watches none any more.
pub fn rest() {
    WATCHED.store(0, Ordering::SeqCst);
}

/// Sizes and stacks of those that were kept, innermost function first. Counting begins anew.
pub fn take() -> (u64, Vec<(usize, Vec<String>)>) {
    let kept = std::mem::take(&mut *KEPT.lock().unwrap());
    let shown = |(bytes, stack): (usize, Backtrace)| (bytes, functions(&stack.to_string()));
    (COUNT.swap(0, Ordering::SeqCst), kept.into_iter().map(shown).collect())
}

/// The functions of a stack, without the wrapper's own and what lies below the thread's start.
fn functions(stack: &str) -> Vec<String> {
    let name = |line: &str| {
        let (place, name) = line.trim().split_once(": ")?;
        place.parse::<usize>().ok().map(|_| name.to_owned())
    };
    let inner = |name: &String| name.contains("count::") || name.contains("backtrace");
    let outer = |name: &String| !name.contains("__rust_begin_short_backtrace");
    stack.lines().filter_map(name).take_while(outer).filter(|name| !inner(name)).collect()
}
