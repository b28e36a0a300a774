//! After warm-up nothing is allocated in a turn: a counting allocator over a million events.

mod shared;

use engine::engine::{Engine, Found, step};
use engine::event::{Body, Command, End, Event, Fill, GapReason, Link, LinkState, Reason, flag};
use engine::id::{AssetId, InstrumentId, OrderId, Side};
use engine::intent::{Intent, Outgoing, Reduce};
use engine::num::{Amount, Price, Qty};
use engine::ports::Ports;
use engine::time::{Nanos, Stage};
use shared::Restless;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::VecDeque;

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

/// Answers every request at once, out of buffers that were made before.
struct Echo {
    now: Nanos,
    queue: VecDeque<Event>,
    trade: u64,
    fills: u64,
    net: i64,
    places: u64,
    resyncs: u64,
}

impl Echo {
    fn push(&mut self, id: u64, body: Body, flags: u8) {
        let event = Event::new(self.now, InstrumentId(0), id, body).with(flags);
        self.queue.push_back(event);
    }

    fn done(&mut self, order: OrderId) {
        let reason = Reason::None;
        self.push(0, Body::Done { order, end: End::Cancelled, reason, filled: None }, 0);
    }

    fn fill(&mut self, order: OrderId, side: Side, price: Price) {
        self.trade += 1;
        self.fills += 1;
        let fill = Fill {
            order,
            trade: self.trade,
            side,
            price,
            qty: Qty(1),
            fee: Amount(1),
            fee_asset: AssetId(1),
            maker: true,
        };
        self.push(0, Body::Fill(fill), 0);
    }
}

impl Ports for Echo {
    fn now(&mut self) -> Nanos {
        self.now
    }
    fn next(&mut self) -> Option<Event> {
        self.queue.pop_front()
    }
    fn record(&mut self, _: &Event) {}
    fn send(&mut self, item: Outgoing) {
        match item {
            Outgoing::Place(approved) => {
                self.places += 1;
                if let Intent::Replace { old, .. } = approved.intent() {
                    self.done(old.order());
                }
                let new = *approved.intent().place();
                let order = new.client.order;
                self.push(0, Body::Accepted { order, venue_order: 1 }, 0);
                // Always back to zero, so that the position never stops quoting.
                if self.places.is_multiple_of(4) && self.net * new.side.sign() <= 0 {
                    self.net += new.side.sign();
                    self.fill(order, new.side, new.price);
                }
                if new.tif.is_immediate() {
                    self.done(order);
                }
            }
            Outgoing::Reduce(Reduce::Cancel(order)) => self.done(order.order()),
            Outgoing::Reduce(Reduce::Amend { order, qty }) => {
                self.push(0, Body::Amended { order: order.order(), price: None, qty }, 0);
            }
            Outgoing::Resync(_) => self.resyncs += 1,
            Outgoing::Reduce(_) => {}
        }
    }
    fn mark(&mut self, _: Stage) {}
}

fn turn(engine: &mut Engine<Restless>, echo: &mut Echo, count: u64) {
    echo.now = echo.now.after(Nanos::from_ms(1));
    let id = 10 + 3 * count;
    let bid = 1000 + (count / 4 % 40) as i64;
    let level = |side, price, qty| Body::Level { side, price: Price(price), qty: Qty(qty) };
    if count.is_multiple_of(20_000) {
        // Crossed for longer than a message: the engine asks for a snapshot, which follows.
        for _ in 0..2 {
            echo.push(id, level(Side::Buy, 2000, 5), flag::LAST);
        }
    }
    if count.is_multiple_of(10_000) {
        let reason = GapReason::Reconnect;
        echo.push(id, Body::Gap { reason, expected: 0 }, flag::LAST);
        echo.push(id, level(Side::Buy, bid, 5), flag::SNAPSHOT | flag::FIRST);
        echo.push(id, level(Side::Sell, bid + 90, 5), flag::SNAPSHOT | flag::LAST);
        echo.push(1, Body::Command { command: Command::Set, value: count as i64 / 10_000 }, 0);
    }
    echo.push(id, level(Side::Buy, bid - 20 - (count % 900) as i64, 1 + count as i64 % 3), 0);
    echo.push(id, level(Side::Sell, 1200 + (count % 900) as i64, count as i64 % 3), flag::LAST);
    let (bid_qty, ask_qty) = (Qty(3), Qty(3));
    let (bid, ask) = (Price(bid), Price(bid + 2));
    echo.push(id + 1, Body::Best { bid, bid_qty, ask, ask_qty }, flag::LAST);
    let trade = Body::Trade { price: bid, qty: Qty(1), taker: Side::Sell };
    echo.push(id, trade, flag::LAST);
    if count.is_multiple_of(100) {
        echo.push(0, Body::Timer, 0);
    }
    while step(engine, echo) {}
}

#[test]
fn a_million_events_allocate_nothing() {
    let mut engine = shared::engine(Found::Cancel);
    let mut echo = Echo {
        now: Nanos::from_s(1_700_000_000),
        queue: VecDeque::with_capacity(4096),
        trade: 0,
        fills: 0,
        net: 0,
        places: 0,
        resyncs: 0,
    };
    for link in [Link::Market, Link::Orders] {
        echo.push(0, Body::Link { link, state: LinkState::Up }, 0);
    }
    echo.push(0, Body::Start { epoch: 5, config_hash: 0 }, 0);
    echo.push(0, Body::Reconcile { done: false }, 0);
    for asset in [0, 1] {
        let free = Amount(i64::MAX / 4);
        let body = Body::Balance { asset: AssetId(asset), free, locked: Amount(0) };
        echo.push(u64::from(asset), body, 0);
    }
    echo.push(0, Body::Reconcile { done: true }, 0);
    for count in 0..1000 {
        turn(&mut engine, &mut echo, count);
    }
    let before = engine.counters.events;
    WATCHED.set(true);
    let mut count = 1000;
    while engine.counters.events - before < 1_000_000 {
        turn(&mut engine, &mut echo, count);
        count += 1;
    }
    WATCHED.set(false);
    assert_eq!(COUNT.get(), 0, "allocations in a million events");
    let refusals = engine.desks[0].gate.refusals();
    assert!(echo.places > 10_000, "{} places, {:?} {refusals:?}", echo.places, engine.phase());
    assert!(echo.fills > 1_000, "{} fills", echo.fills);
    assert!(echo.resyncs >= 10, "{} resyncs", echo.resyncs);
}
