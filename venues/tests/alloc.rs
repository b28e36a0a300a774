//! Between an approved order and its bytes, and between a report's bytes and what they say, nothing
//! is allocated: a counting allocator over every dialect. Nor while the simulated venue takes the
//! market in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "conformance/dialects.rs"]
mod dialects;

use dialects::{AT_MS, bybit, okx, order_asks, spot, usdm};
use engine::event::{Body, Event, flag};
use engine::id::{AssetId, InstrumentId, Side};
use engine::instrument::{Instrument, Symbol};
use engine::num::{Grid, Price, Qty};
use engine::time::Nanos;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use venues::sim::{Ask, Market, NewOrder, QueueModel, Settings, SimVenue, Tif, VenueSettings};
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

const GRID: Grid = Grid { decimals: 1, step: 1 };

/// A market that goes to and fro: a depth message of three levels a turn, and a trade.
fn walk(turn: u64, mut take: impl FnMut(Event)) {
    let (at, ins) = (Nanos(turn), InstrumentId(0));
    let mid = 5_000 + (turn % 97) as i64 - (turn % 31) as i64;
    let level = |side, price, qty| Body::Level { side, price: Price(price), qty: Qty(qty) };
    take(Event::new(at, ins, turn, level(Side::Buy, mid - 1, 1 + turn as i64 % 9)));
    take(Event::new(at, ins, turn, level(Side::Buy, mid, 0)));
    take(Event::new(at, ins, turn, level(Side::Sell, mid + 1, 5)).with(flag::LAST));
    let (price, qty, taker) = (Price(mid), Qty(2), Side::Sell);
    take(Event::new(at, ins, turn, Body::Trade { price, qty, taker }));
}

#[test]
fn market_rows_allocate_nothing_in_the_simulated_venue() {
    let symbol = Symbol::new("BTCUSDT").unwrap();
    let assets = (AssetId(0), AssetId(1));
    let instrument = Instrument::new(InstrumentId(0), symbol, assets, (GRID, GRID));
    let mut venue = SimVenue::new(Nanos(0), &[instrument], &[], VenueSettings::default());
    while venue.poll(Nanos(1)).is_some() {}
    let mut rows = 0;
    let made = allocations(|| {
        (1..20_000).for_each(|turn| {
            walk(turn, |row| {
                venue.on_row(row.at, &row);
                rows += 1;
            });
        });
    });
    assert_eq!((made, rows), (0, 4 * 19_999));
    // The same with own orders in the book, far from the touch and filled at it.
    let queue = QueueModel::Power(2.0);
    let mut market = Market::new(Settings { queue, ..Settings::new(GRID, GRID) });
    walk(1, |row| hand(&mut market, &row));
    for key in 1..=30 {
        let side = if key % 2 == 0 { Side::Buy } else { Side::Sell };
        let limit = Some(Price(5_000 - side.sign() * 4 * key));
        let order = NewOrder { key: key.unsigned_abs(), side, limit, qty: Qty(3), tif: Tif::Gtc };
        market.apply(Nanos(1), Ask::New(order)).unwrap();
    }
    let mut reports = 0;
    let made = allocations(|| {
        (2..20_000).for_each(|turn| {
            walk(turn, |row| hand(&mut market, &row));
            while market.report().is_some() {
                reports += 1;
            }
        });
    });
    assert_eq!(made, 0);
    assert!(reports > 30, "only {reports} reports");
}

fn hand(market: &mut Market, row: &Event) {
    match row.body().unwrap() {
        Body::Level { side, price, qty } => {
            market.on_level(row.at, row.id, (side, price, qty));
            if row.has(flag::LAST) {
                market.on_depth_end(row.at);
            }
        }
        Body::Trade { price, qty, taker } => market.on_trade(row.at, price, qty, taker),
        _ => {}
    }
}
