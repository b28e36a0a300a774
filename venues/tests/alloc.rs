//! Between an approved order and its bytes, and between a report's bytes and what they say, nothing
//! is allocated: a counting allocator over every dialect.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "conformance/dialects.rs"]
mod dialects;

use dialects::{AT_MS, bybit, okx, order_asks, spot, usdm};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use venues::wire::{RequestId, Wire};

struct Counting;

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    if WATCHED.get() {
        COUNT.set(COUNT.get() + 1);
    }
}

// SAFETY: every call goes to the system's allocator unchanged; counting touches no heap.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(place, layout) }
    }
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often something is allocated in there.
fn allocations(what: impl FnOnce()) -> u64 {
    COUNT.set(0);
    WATCHED.set(true);
    what();
    WATCHED.set(false);
    COUNT.get()
}

fn check<W: Wire>(name: &str, mut wire: W, text: &str) {
    let mut sent = 0;
    for (what, ask) in order_asks() {
        let mut one = |n: u64| wire.encode(&ask, RequestId::new(n, ask.kind()), AT_MS + n).is_ok();
        if one(1) {
            sent += 1;
            assert_eq!(allocations(|| assert!((2..100).all(&mut one))), 0, "{name}: {what}");
        }
    }
    assert!(sent >= 4, "{name}: only {sent} kinds of orders");
    let mut heard = 0;
    for line in text.lines().filter(|line| line.starts_with("< {")) {
        let id = "0000000000000023";
        let bytes = line[2..].replace("ID", id).into_bytes();
        let copies: Vec<Vec<u8>> = vec![bytes; 20];
        let mut copies = copies.into_iter();
        let mut read = |wire: &mut W, mut bytes: Vec<u8>| {
            let _ = wire.on_bytes(&mut bytes, &mut |_| heard += 1);
            // Freeing is not counted.
        };
        read(&mut wire, copies.next().unwrap());
        let made = allocations(|| copies.for_each(|bytes| read(&mut wire, bytes)));
        assert_eq!(made, 0, "{name}: {line}");
    }
    assert!(heard > 200, "{name}: only {heard} things were heard");
}

#[test]
fn no_dialect_allocates_for_orders_and_reports() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1_u8]))), 1, "it counts");
    check("binance_spot", spot(), include_str!("conformance/binance_spot.txt"));
    check("binance_usdm", usdm(), include_str!("conformance/binance_usdm.txt"));
    check("bybit", bybit(), include_str!("conformance/bybit.txt"));
    check("okx", okx(), include_str!("conformance/okx.txt"));
}
