//! Every fault on every protocol: what a client of each venue sees of it, as one table.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests, too.

#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code)] // These two are shared with the tests of one protocol.
#[path = "../okx/party.rs"]
mod party;
#[allow(dead_code)]
#[path = "../bybit/rig.rs"]
mod rig;
mod seat;

use common::{Client, Exchange, get, http};
use exchange::{KeyFile, Options, VenueKind, WorldText};
use futures_util::future::join_all;
use seat::{Fate, Seat, Told};
use serde_json::json;

/// Each cell is what its client saw; codes are the venue's, over the socket and over REST.
const TABLE: &str = "\
fault     | binance-spot     | binance-usdm     | bybit              | okx
drop      | ends, order open | ends, order open | ends, order open   | ends, order open
stall     | all wait         | all wait         | all wait           | all wait
delay     | market waits     | market waits     | market waits       | market waits
skip      | gap              | gap              | gap                | gap
dup       | twice            | twice            | twice              | twice
checksum  | has none         | has none         | has none           | wrong sum
malformed | not JSON         | not JSON         | not JSON           | not JSON
reject    | -1013 -1013 none | -2019 -2019 none | 110003 110003 none | 51006 51006 none
reject:n  | -1008 -1008 none | -1008 -1008 none | 110007 110007 none | 51008 51008 none
timeout   | -1007 -1007 open | -1007 -1007 open | 10000 10000 open   | 50004 50004 open
lost      | -1007 -1007 none | -1007 -1007 none | 10000 10000 none   | 50004 50004 none
429       | -1003 -1003 none | -1003 -1003 none | 10006 10006 none   | 50011 50011 none
shutdown  | notice, ends     | ends             | notice, ends       | notice, ends
";

/// Requests after which whatever the exchange had to say before has been said.
const TRIPS: usize = 30;
/// Attempts to find a connection silent: what was under way when it fell silent comes first.
const ROUNDS: usize = 5;
/// Longer than any test.
const FOR_EVER: &str = "600s";

struct Case<'a> {
    exchange: &'a Exchange,
    keys: &'a [KeyFile],
    kind: VenueKind,
}

impl<'a> Case<'a> {
    async fn enter(&self) -> Seat<'a> {
        Seat::enter(self.exchange, self.keys, self.kind).await
    }

    /// Lets a fault happen now, on this venue alone.
    async fn strike(&self, name: &str, detail: &str) {
        let detail = if detail.is_empty() { String::new() } else { format!(":{detail}") };
        let path = format!("/sim/fault?is={}:{name}@0s{detail}", self.kind.name());
        let done = http(self.exchange.address, "POST", &path, "", "").await;
        assert_eq!(done.status, 200, "{path}: {}", done.json);
    }

    /// Market messages that the venue has handed to its connections.
    async fn published(&self) -> u64 {
        let path = format!("/sim/report?venue={}", self.kind.name());
        let report = get(self.exchange.address, &path).await;
        report["wire"]["messages"]["market_out"].as_u64().unwrap()
    }

    /// Whether the market connection becomes silent although there is something to tell.
    async fn is_silent(&self, seat: &mut Seat<'_>) -> bool {
        for _ in 0..ROUNDS {
            let before = self.published().await;
            while self.published().await < before + 10 {}
            self.trips().await;
            if seat.market.drain() == 0 {
                return true;
            }
        }
        false
    }

    /// Whether nothing is told of orders that are placed.
    async fn is_untold(&self, seat: &mut Seat<'_>) -> bool {
        for n in 0..ROUNDS {
            assert_eq!(seat.post(&format!("untold{n}")).await, 0);
            self.trips().await;
            if seat.events().drain() == 0 {
                return true;
            }
        }
        false
    }

    async fn trips(&self) {
        for _ in 0..TRIPS {
            self.published().await;
        }
    }

    /// The cell of a fault.
    async fn cell(&self, fault: &str) -> String {
        match fault {
            "drop" => self.drop().await,
            "stall" => self.stall().await,
            "delay" => self.delay().await,
            "skip" | "dup" | "checksum" | "malformed" => self.book(fault).await,
            "reject" => self.refused("reject", "").await,
            "reject:n" => {
                let code = match self.kind {
                    VenueKind::BinanceSpot | VenueKind::BinanceUsdm => "-1008",
                    VenueKind::Bybit => "110007",
                    VenueKind::Okx => "51008",
                };
                self.refused("reject", code).await
            }
            "timeout" | "lost" => self.refused(fault, "").await,
            "429" => self.too_many().await,
            "shutdown" => self.shutdown().await,
            _ => panic!("no such fault: {fault}"),
        }
    }

    async fn drop(&self) -> String {
        let mut seat = self.enter().await;
        assert_eq!(seat.place("drop1").await, 0);
        self.strike("drop", "").await;
        while !matches!(seat.step().await, Told::End) {}
        while seat.api.receive().await.is_some() {}
        let mut seat = self.enter().await;
        assert_eq!(seat.place("drop2").await, 0);
        format!("ends, order {:?}", seat.fate("drop1").await).to_lowercase()
    }

    /// Nothing is written for as long as the stall lasts; then all goes on.
    async fn stall(&self) -> String {
        let mut seat = self.enter().await;
        self.strike("stall", "100ms").await;
        assert_eq!(seat.place("stall").await, 0);
        seat.hear("stall").await;
        assert!(matches!(seat.step().await, Told::Step { .. }));
        self.strike("stall", FOR_EVER).await;
        let waits = self.is_silent(&mut seat).await && self.is_untold(&mut seat).await;
        String::from(if waits { "all wait" } else { "not all wait" })
    }

    /// Only market messages wait.
    async fn delay(&self) -> String {
        let mut seat = self.enter().await;
        self.strike("delay", "100ms").await;
        assert!(matches!(seat.step().await, Told::Step { .. }));
        self.strike("delay", FOR_EVER).await;
        let market = self.is_silent(&mut seat).await;
        assert_eq!(seat.place("delay").await, 0);
        seat.hear("delay").await;
        String::from(if market { "market waits" } else { "nothing waits" })
    }

    /// What is wrong with the first message of the book stream that is not as it should be.
    async fn book(&self, fault: &str) -> String {
        let mut seat = self.enter().await;
        let mut last = None;
        for n in 0..200 {
            if n == 3 {
                self.strike(fault, "").await;
            }
            let (before, now, sum) = match seat.step().await {
                Told::Step { before, last, sum } => (before, last, sum),
                Told::Bad => return "not JSON".into(),
                Told::Notice | Told::End => panic!("the stream ended"),
            };
            match last {
                Some(last) if now == last => return "twice".into(),
                Some(last) if before != last => return "gap".into(),
                _ if sum != 0 => return "wrong sum".into(),
                _ => last = Some(now),
            }
            if n == 20 && fault == "checksum" && self.kind != VenueKind::Okx {
                return "has none".into();
            }
        }
        panic!("the fault was not seen");
    }

    /// Codes of an order over the socket and over REST, and what became of it.
    async fn refused(&self, fault: &str, detail: &str) -> String {
        let mut seat = self.enter().await;
        let name = |way: &str| format!("{fault}{}{way}", detail.replace('-', ""));
        self.strike(fault, detail).await;
        let socket = seat.place(&name("s")).await;
        self.strike(fault, detail).await;
        let rest = seat.post(&name("r")).await;
        let [one, other] = [seat.fate(&name("s")).await, seat.fate(&name("r")).await];
        assert_eq!(one, other, "{fault} on {}", self.kind.name());
        assert_eq!(seat.place(&name("t")).await, 0, "the next one is as usual");
        let fate = if one == Fate::Open { "open" } else { "none" };
        format!("{socket} {rest} {fate}")
    }

    async fn too_many(&self) -> String {
        let mut seat = self.enter().await;
        self.strike("429", FOR_EVER).await;
        let (socket, rest) = (seat.place("many1").await, seat.post("many2").await);
        self.strike("429", "0s").await;
        let fate = seat.fate("many1").await;
        assert_eq!((fate, seat.place("many3").await), (Fate::Unknown, 0));
        format!("{socket} {rest} none")
    }

    async fn shutdown(&self) -> String {
        let mut seat = self.enter().await;
        let mut status = None;
        if self.kind == VenueKind::Bybit {
            let mut client = Client::connect(self.exchange.address, "/v5/public/misc/status").await;
            client.send(&json!({"op": "subscribe", "args": ["system.status"]})).await;
            client.until(|m| m["op"] == "subscribe").await;
            status = Some(client);
        }
        self.strike("shutdown", "500ms").await;
        let mut told = false;
        if let Some(client) = &mut status {
            client.until(|m| m["topic"] == "system.status").await;
            told = true;
        }
        let mut new = self.enter().await;
        loop {
            match seat.step().await {
                Told::Notice => told = true,
                Told::End => break,
                _ => {}
            }
        }
        while seat.api.receive().await.is_some() {}
        assert_eq!(new.place("shutdown").await, 0, "new connections stay");
        if told { "notice, ends".into() } else { "ends".into() }
    }
}

#[tokio::test]
async fn every_fault_reaches_every_protocol() {
    let mut world = WorldText::scenario("four", true).unwrap();
    for venue in world.venue.values_mut() {
        venue.orders_10s = Some(100_000);
    }
    let options = Options { world: Some(world), ..Options::default() };
    let keys = options.demo_keys();
    let exchange = Exchange::start(options);
    let rows = TABLE.lines().skip(1).map(|row| row.split('|').next().unwrap().trim());
    let mut table = TABLE.lines().next().unwrap().to_string() + "\n";
    for fault in rows {
        let cells = VenueKind::ALL.map(|kind| {
            let case = Case { exchange: &exchange, keys: &keys, kind };
            async move { case.cell(fault).await }
        });
        let cells = join_all(cells).await;
        let [spot, usdm, bybit, okx] = &cells[..] else { panic!("four venues") };
        let row = format!("{fault:<9} | {spot:<16} | {usdm:<16} | {bybit:<18} | {okx}\n");
        print!("{row}");
        table += &row;
    }
    assert!(table == TABLE, "found\n{table}\nwanted\n{TABLE}");
}
