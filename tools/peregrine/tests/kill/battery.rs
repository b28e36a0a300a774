//! The battery itself: one engine and one exchange, killed again and again, each time from where
//! the time before has left them.

use crate::books::{Books, on_disk};
use crate::compare::{differences, key};
use crate::exchange::Exchange;
use crate::harness::{Folder, ctl, json, until};
use crate::plan::{Aim, KILLS, Kill};
use crate::trader::{Change, Trader, orders, state};
use crate::wire::Wire;
use engine::id::ClientId;
use serde_json::Value;
use shm::Snapshot;
use shm::panel::EngineState;
use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Two instruments, small orders, close to the market: many fills. Segments change each second.
const CHANGES: [Change; 2] = [("journal", "rotate_s", "1"), ("strategy", "order_qty", "0.004")];

/// What was so at a kill.
#[derive(Debug, Default)]
struct Seen {
    phase: &'static str,
    uptime_ms: u128,
    /// Milliseconds since 1970, after it was dead.
    at_ms: u64,
    /// Row behind the last on disk, and the session of it.
    on_disk: (u64, u32),
    live: usize,
    in_flight: usize,
    unread: usize,
    rows_in_memory: u64,
}

/// The stage and everybody on it.
struct Battery {
    trader: Trader,
    wire: Wire,
    exchange: Exchange,
    folder: Folder,
    books: Books,
    began: Instant,
    /// Kills with a request in flight, with an unread fill, of both.
    counts: [u64; 3],
}

#[test]
fn battery_of_kills_loses_nothing() {
    let kills = std::env::var("PEREGRINE_KILLS").map_or(20, |text| text.parse().unwrap());
    let mut battery = Battery::begin();
    for place in 0..kills.min(KILLS) {
        battery.cycle(place, Kill::of(place));
    }
    battery.end(kills.min(KILLS));
}

impl Battery {
    fn begin() -> Self {
        let folder = Folder::new("kills");
        let exchange = Exchange::start(&folder);
        let wire = Wire::to(exchange.address);
        let mut trader = Trader::new(&folder, &exchange, &wire, &CHANGES);
        let books = Books::of(&trader.journal);
        trader.start();
        let began = Instant::now();
        Self { trader, wire, exchange, folder, books, began, counts: [0; 3] }
    }

    /// One kill and what comes after, up to an engine that quotes again.
    fn cycle(&mut self, place: u64, kill: Kill) {
        if kill.in_order_first {
            self.stop_in_order();
            self.trader.start();
            self.began = Instant::now();
        }
        let mut seen = self.kill(kill);
        self.wire.delay(0, 0);
        std::thread::sleep(Duration::from_millis(kill.dead_ms));
        if kill.aim == Aim::Both {
            self.exchange.restart();
        }
        self.trader.start();
        self.began = Instant::now();
        self.trader.until_quotes();
        let recovered = self.began.elapsed().as_millis();
        self.all_orders_are_known();
        self.pause();
        let (ours, theirs) = self.agree(kill.seed);
        self.fill_in(&mut seen, &ours, &theirs);
        let fills = self.books.trades.len();
        self.resume();
        self.trader.until_quotes();
        let is = [seen.in_flight > 0, seen.unread > 0, kill.aim == Aim::Both];
        for (count, is) in self.counts.iter_mut().zip(is) {
            *count += u64::from(is);
        }
        let Seen { phase, uptime_ms, live, in_flight, unread, rows_in_memory, .. } = seen;
        let Kill { seed, aim, after_ms, wire_ms, .. } = kill;
        let rows = seen.on_disk.0 + rows_in_memory;
        let both = if aim == Aim::Both { ", exchange too" } else { "" };
        say(&format!(
            "kill {place:3} seed {seed} at {uptime_ms:5} ms, {aim:?} + {after_ms} ms, wire \
             {wire_ms:?} ms, phase {phase}{both}: live {live}, in flight {in_flight}, unread fills \
             {unread}, rows in memory {rows_in_memory} of {rows}; quotes after {recovered} ms, \
             {fills} fills agree"
        ));
    }

    /// Waits for what the kill aims at and a time of its own, and kills.
    fn kill(&mut self, kill: Kill) -> Seen {
        if kill.aim == Aim::Start {
            // The running one goes first, so that there is a start to hit.
            self.trader.kill();
            self.wire.delay(kill.wire_ms[0] / 2, kill.wire_ms[1] / 2);
            self.trader.start();
            self.began = Instant::now();
        } else {
            self.trader.until_quotes();
            self.wire.delay(kill.wire_ms[0], kill.wire_ms[1]);
        }
        match kill.aim {
            Aim::Fill => {
                let before = self.wire.fills();
                until("a fill", || (self.wire.fills() > before).then_some(()));
            }
            Aim::Request => {
                let before = self.wire.requests();
                until("a request", || (self.wire.requests() > before).then_some(()));
            }
            Aim::Pause => drop(ctl(&self.folder, &["pause"], 0)),
            Aim::Full => self.trader.fill_disk(),
            Aim::Quotes | Aim::Start | Aim::Both => {}
        }
        let due = Instant::now() + Duration::from_millis(kill.after_ms);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let phase = self.trader.look().map_or("unborn", |seen| state(&seen).as_str());
        if kill.aim == Aim::Both && kill.seed.is_multiple_of(2) {
            self.exchange.kill();
            self.trader.kill();
        } else if kill.aim == Aim::Full {
            let ended = self.trader.kill_or_find_ended();
            assert!(matches!(ended.code, None | Some(1)), "{:?}: {}", ended.code, ended.err);
        } else {
            self.trader.kill();
            if kill.aim == Aim::Both {
                self.exchange.kill();
            }
        }
        let at_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
        let on_disk = on_disk(&self.trader.journal);
        let uptime_ms = self.began.elapsed().as_millis();
        Seen { phase, uptime_ms, at_ms, on_disk, ..Seen::default() }
    }

    /// Each order at the exchange is one that the engine has, at some moment soon.
    fn all_orders_are_known(&self) {
        until("an engine that knows all orders at the exchange", || {
            let theirs = self.exchange.ledger();
            let ours = self.trader.look()?.orders?;
            let known = |order: &Value| {
                let text = order["clientOrderId"].as_str().unwrap();
                let id = ClientId::parse(text.as_bytes());
                id.is_some_and(|id| ours.orders.iter().any(|one| one.id == id.order))
            };
            theirs["openOrders"].as_array().unwrap().iter().all(known).then_some(())
        });
    }

    fn pause(&mut self) {
        ctl(&self.folder, &["pause"], 0);
        self.trader.until("no order", |seen| orders(seen) == 0);
        until("no order at the exchange", || (self.exchange.open() == 0).then_some(()));
    }

    fn resume(&mut self) {
        ctl(&self.folder, &["resume"], 0);
        self.trader.until("quoting", |seen| state(seen) == EngineState::Quoting);
    }

    /// Waits until the three ledgers agree; nothing moves any more, so that this is soon or never.
    fn agree(&mut self, seed: u64) -> (Snapshot, Value) {
        let began = Instant::now();
        loop {
            let ours = self.trader.look().unwrap();
            let theirs = self.exchange.ledger();
            let different = match self.books.read() {
                Ok(()) => differences(&theirs, &self.books, &ours),
                // It is being written to: a part may be there.
                Err(error) => vec![error.to_string()],
            };
            if different.is_empty() {
                return (ours, theirs);
            }
            let told = different.join("\n  ");
            assert!(began.elapsed() < Duration::from_secs(5), "seed {seed}: DIFFERS\n  {told}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What only the salvaged journal tells about the moment of the kill.
    fn fill_in(&self, seen: &mut Seen, ours: &Snapshot, theirs: &Value) {
        let (disk, epoch) = seen.on_disk;
        let Some(session) = self.books.sessions.iter().rfind(|one| one.epoch <= epoch) else {
            return;
        };
        seen.live = session.live;
        if session.epoch == epoch {
            seen.in_flight = session.in_flight;
        }
        seen.rows_in_memory = session.end.saturating_sub(disk);
        let trades = theirs["trades"].as_array().unwrap().iter();
        let happened = trades.filter(|trade| trade["time"].as_u64() <= Some(seen.at_ms));
        let unread = |trade: &&Value| self.books.trades[&key(trade, ours)].seq >= session.end;
        seen.unread = happened.filter(unread).count();
    }

    /// A session that ends as it should says so itself, and leaves nothing to recover.
    fn stop_in_order(&mut self) {
        ctl(&self.folder, &["stop"], 0);
        let ended = self.trader.ended();
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert_eq!(self.exchange.open(), 0);
        let told = json(&ended.out);
        assert_eq!((&told["open_orders_at_end"], &told["fault"]), (&0.into(), &Value::Null));
    }

    fn end(mut self, kills: u64) {
        self.stop_in_order();
        self.books.read().unwrap();
        let repeated = self.books.trades.values().filter(|told| told.rows > 1).count();
        let [in_flight, unread, both] = self.counts;
        say(&format!(
            "{kills} kills: {in_flight} with a request in flight, {unread} with an unread fill, \
             {both} of engine and exchange; {} fills, {repeated} of them told again; {} rows, {} \
             sessions",
            self.books.trades.len(),
            self.books.next(),
            self.books.sessions.len() + 1,
        ));
        let enough = in_flight >= kills / 4 && unread >= kills / 4 && both >= kills / 10;
        assert!(enough, "of {kills} kills: {in_flight}, {unread}, {both}");
    }
}

/// Past the test harness, which shows the output of failures only.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
