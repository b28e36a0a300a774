//! Between bytes in and bytes out nothing is allocated after start: the product's own session, on
//! its own allocator under a counting wrapper, trades a scripted venue over real sockets.
//!
//! The session is started as the binary starts it ([`peregrine::session::run`]), in the layout with
//! one thread from socket to socket, and that thread is watched: feed, decoder, book, strategy,
//! gate, gateway, histograms and panels. What is not counted is named in [`EXCLUDED`].
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic)] // clippy knows tests by attribute only

#[path = "alloc/count.rs"]
mod count;
#[path = "alloc/ledger.rs"]
mod ledger;
#[path = "alloc/market.rs"]
mod market;
#[path = "alloc/venue.rs"]
mod venue;

use peregrine::config::{Config, KeySource};
use peregrine::session::{self, Go, SessionOptions};
use shm::{Command, CommandWriter, Kind, Reader};
use std::collections::BTreeMap;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[global_allocator]
static ALLOCATOR: count::Counting = count::Counting;

/// What may allocate on the hot thread, because no bytes lead to an order there: a connection is
/// lost, or another one is dialled. A stack belongs to the first one all of whose names it has.
const EXCLUDED: [(&[&str], &str); 6] = [
    (&["feeds::net::socket::Socket::closed"], "words for a connection that the peer ended"),
    (&["feeds::net::socket::Socket::failed"], "words for a connection that broke"),
    (&["agents::GatewayAgent", "core::clone::Clone"], "the same words, once more for the log"),
    (&["feeds::feed::Feed", "::dial_next"], "the URL of the market connection, to dial it"),
    (&["venues::gateway::Gateway", "::dial_next"], "the URL of the order connection, to dial it"),
    (&["venues::sign::base64_of", "::advance"], "the signature of a log-on with an Ed25519 key"),
];
/// Most of it for one lost connection: the words are put together bit by bit, once for the
/// connection and once for the good-bye that it no longer takes.
const EXCLUDED_MAX: u64 = 16;

/// Least numbers of the watched time.
const LEAST: [(&str, u64); 10] = [
    ("market_events", 1_000_000),
    ("gateway.places", 10_000),
    ("conflated_bests", 1_000),
    ("gateway.rehearsed", 1),
    ("fills", 1_000),
    ("feed.resyncs", 10),
    ("parameters", 1),
    ("feed.reconnects", 1),
    ("gateway.disconnects", 1),
    ("gateway.amends", 1),
];
/// Places after which the watch begins: the session has started.
const WARM: u64 = 1;
const LONGEST: Duration = Duration::from_secs(120);

/// Keys that sign every request, and a key that signs a session once.
const HMAC: &str = r#"{"kind":"hmac","api_key":"alloc","secret":"not a secret at all"}"#;
const ED25519: &str = concat!(
    r#"{"kind":"ed25519","api_key":"alloc","private_key_pem":"-----BEGIN PRIVATE KEY-----\n"#,
    r#"MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u\n"#,
    r#"-----END PRIVATE KEY-----\n"}"#
);

type Counts = BTreeMap<String, u64>;

/// Milliseconds since 1970.
fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

/// Where the test is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Warming,
    Watching,
    Over,
}

/// Leads the session: watches, sets parameters, breaks connections, ends.
struct Director {
    config: Config,
    venue: Arc<venue::Orders>,
    /// The whole numbers are divided by this.
    part: u64,
    stage: Stage,
    began: Instant,
    start: Counts,
    looks: u64,
    parameters: u64,
    dropped: [bool; 2],
    /// What was counted in the watched time.
    counts: Counts,
}

impl Director {
    fn new(config: &Config, venue: Arc<venue::Orders>, part: u64) -> Self {
        Self {
            config: config.clone(),
            venue,
            part,
            stage: Stage::Warming,
            began: Instant::now(),
            start: Counts::new(),
            looks: 0,
            parameters: 0,
            dropped: [false; 2],
            counts: Counts::new(),
        }
    }

    /// What the session shows of its counters, as other processes see it.
    fn shown(&self) -> Counts {
        let reader = Reader::open(&self.config.shm.path().unwrap()).unwrap();
        let panel = reader.snapshot().unwrap().counters;
        let counters = panel.map(|panel| panel.counters).unwrap_or_default();
        counters.iter().map(|one| (one.name.as_str().to_owned(), one.count)).collect()
    }

    /// Counts since the watch began. What is shown is older than what is: nothing is claimed that
    /// was not watched.
    fn watched(&self) -> Counts {
        let since = |(name, count): (String, u64)| {
            let start = self.start.get(&name).copied().unwrap_or(0);
            (name, count - start)
        };
        let mut counts: Counts = self.shown().into_iter().map(since).collect();
        counts.insert("parameters".to_owned(), self.parameters);
        counts
    }

    fn command(&mut self, command: Command) {
        let mut writer = CommandWriter::open(&self.config.shm.path().unwrap()).unwrap();
        writer.send(&command, &mut || true).unwrap();
    }

    fn look(&mut self) -> Go {
        if self.began.elapsed() > LONGEST {
            self.over();
        }
        match self.stage {
            Stage::Warming if self.shown().get("gateway.places").is_some_and(|n| *n >= WARM) => {
                count::watch("engine");
                self.stage = Stage::Watching;
            }
            Stage::Warming => {}
            Stage::Watching => self.lead(),
            Stage::Over => return Go::Stop,
        }
        Go::On
    }

    fn least(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let part = self.part;
        LEAST.into_iter().map(move |(name, least)| (name, (least / part).max(1)))
    }

    fn over(&mut self) {
        if self.stage == Stage::Watching {
            self.counts = self.watched();
        }
        count::rest();
        self.stage = Stage::Over;
    }

    fn lead(&mut self) {
        self.looks += 1;
        // What happened until a while after the watch began is not claimed.
        if self.looks == 4 {
            self.start = self.shown();
        }
        if self.looks < 4 {
            return;
        }
        let counts = self.watched();
        let at = |name: &str| counts.get(name).copied().unwrap_or(0);
        if self.looks.is_multiple_of(5) {
            let set = ["order_qty=0.004", "gamma=0.002", "order_qty=0.01", "gamma=0.001"];
            self.command(Command::set(set[self.parameters as usize % set.len()]).unwrap());
            self.parameters += 1;
        }
        match self.looks % 40 {
            20 => self.command(Command::new(Kind::Pause)),
            22 => self.command(Command::new(Kind::Resume)),
            _ => {}
        }
        let [market, private] = &mut self.dropped;
        if !*market && at("feed.resyncs") >= 4 / self.part {
            *market = true;
            self.venue.drop_market.store(true, Ordering::Relaxed);
        } else if !*private && at("gateway.places") >= 3_000 / self.part {
            *private = true;
            self.venue.drop_private.store(true, Ordering::Relaxed);
        }
        if self.least().all(|(name, least)| at(name) >= least) {
            self.over();
        }
    }
}

/// The configuration, pointed at the scripted venue.
fn config(address: std::net::SocketAddr, secret: &str) -> Config {
    // In memory: a disk that is busy with something else would have the journal stop the trading.
    let memory = std::path::Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.into() } else { std::env::temp_dir() };
    let directory = base.join(format!("peregrine-alloc-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let key = directory.join("key.json");
    let mut file = std::fs::OpenOptions::new();
    let mut file = file.write(true).create(true).truncate(true).mode(0o600).open(&key).unwrap();
    std::io::Write::write_all(&mut file, secret.as_bytes()).unwrap();
    let mut config = Config::parse("session.toml", include_str!("alloc/session.toml"))
        .unwrap_or_else(|problems| panic!("{problems:?}"));
    config.venues[0].endpoints.stream = format!("ws://{address}");
    config.venues[0].endpoints.ws_api = format!("ws://{address}/ws-api/v3");
    config.venues[0].endpoints.rest = format!("http://{address}");
    config.venues[0].key = Some(KeySource::File(key));
    config.shm.directory = directory;
    config.shm.name = "alloc".to_owned();
    config
}

/// Sorts what was allocated into what is excluded, by reason, and what is not.
fn sorted() -> (BTreeMap<&'static str, u64>, BTreeMap<String, u64>) {
    let (mut excluded, mut others) = (BTreeMap::new(), BTreeMap::new());
    let (total, stacks) = count::take();
    assert_eq!(total, stacks.len() as u64, "more allocations than stacks are kept of");
    for (bytes, stack) in stacks {
        let has = |part: &&str| stack.iter().any(|name| name.contains(part));
        match EXCLUDED.iter().find(|(parts, _)| parts.iter().all(&has)) {
            Some((_, why)) => *excluded.entry(*why).or_default() += 1,
            None => {
                let text = format!("{bytes} bytes\n    {}", stack.join("\n    "));
                *others.entry(text).or_default() += 1;
            }
        }
    }
    (excluded, others)
}

/// Trades with this key until a part of the numbers is reached; what the watch counted is added.
fn trade(secret: &str, part: u64, losses: &mut u64) {
    let (address, venue) = venue::start();
    let config = config(address, secret);
    let mut director = Director::new(&config, venue, part);
    let during = Box::new(|| director.look());
    let journal = Some(config.shm.directory.join("journal"));
    let options =
        SessionOptions { seconds: None, second_name: None, journal, screen: false, during };
    let outcome = session::run(&config, options);
    let _ = std::fs::remove_dir_all(&config.shm.directory);
    let outcome = outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let counts = &director.counts;
    let at = |name: &str| counts.get(name).copied().unwrap_or(0);
    let shown: Vec<_> = counts.iter().filter(|(_, count)| **count > 0).collect();
    println!("{:.1} s, fault {:?}, watched: {shown:?}", outcome.seconds, outcome.fault);
    for (name, least) in director.least() {
        assert!(at(name) >= least, "{name}: {}, wanted {least}", at(name));
    }
    *losses += at("feed.reconnects") + at("gateway.disconnects");
}

/// That the wrapper sees what a watched thread does, and knows from where.
fn the_wrapper_counts() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (ready, up) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::Builder::new().name("watched".into()).spawn(move || {
        ready.send(()).unwrap();
        wait.recv().unwrap();
        std::hint::black_box(Vec::<u8>::with_capacity(12_345));
    });
    up.recv().unwrap();
    count::watch("watched");
    drop(std::hint::black_box(vec![0_u8; 23_456]));
    go.send(()).unwrap();
    thread.unwrap().join().unwrap();
    count::rest();
    let seen: Vec<_> = count::take().1.into_iter().map(|(bytes, _)| bytes).collect();
    assert!(seen.contains(&12_345) && !seen.contains(&23_456), "{seen:?}");
}

#[test]
fn between_bytes_in_and_bytes_out_nothing_is_allocated() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    the_wrapper_counts();
    let mut losses = 0;
    trade(HMAC, 1, &mut losses);
    trade(ED25519, 10, &mut losses);
    let (excluded, others) = sorted();
    println!("excluded, in {losses} lost connections: {excluded:#?}");
    for (stack, times) in &others {
        println!("{times} x {stack}");
    }
    let apart = excluded.values().sum::<u64>();
    assert!(others.is_empty(), "{} kinds of allocations on the hot thread", others.len());
    assert!(apart <= losses * EXCLUDED_MAX, "{apart} excluded in {losses} losses: {excluded:?}");
}
