//! Wire to wire over loopback, plain WebSocket: a tick is handed to the system by a busy-polling
//! client, the product answers with an order, and the watch stops at the order's first bytes.
//!
//! What is measured is what runs: `peregrine::session::run` with its feed, engine
//! (Avellaneda–Stoikov, gate), gateway, journal, histograms and panels, layout `inline`, on real
//! sockets. Beside it in the same run, by turns: a bare thread that never sleeps and answers each
//! tick with the bytes of an order, led by the same driver at the same pace, which is the floor;
//! the same back to back, on one socket; and the same engine behind tokio-tungstenite, which sleeps
//! until it is woken. On two cores the contestants cannot run at once, so each round lets each of
//! them run alone for a while; ratios are of medians, round by round.

#[path = "wire/driver.rs"]
mod driver;
#[path = "wire/echo.rs"]
mod echo;
#[path = "wire/frames.rs"]
mod frames;
#[path = "wire/ledger.rs"]
mod ledger;
#[path = "wire/parked.rs"]
mod parked;
#[path = "wire/venue.rs"]
mod venue;

use benches::corpus::{self, Walk};
use benches::stage::{Against, Bar, Row, Stage, median, quantile};
use driver::{Driver, Timed};
use peregrine::config::{Config, KeySource};
use peregrine::session::{self, Go, SessionOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const ROUNDS: usize = 7;
const WARM_UP: usize = 500;
const TICKS: usize = 3_000;
/// A parked run below this is of a machine whose wake-ups are quick: then less is asked.
const QUICK_WAKE_NS: f64 = 40_000.0;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Pins the calling thread; without the core it runs where it is put.
fn pin(id: usize) {
    let _ = core_affinity::set_for_current(core_affinity::CoreId { id });
}

/// A folder of this process that is gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("peregrine-wire-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn config(folder: &Path) -> Result<Config, Failed> {
    let key = folder.join("key.json");
    let mut file = std::fs::OpenOptions::new();
    let mut file = file.write(true).create(true).truncate(true).mode(0o600).open(&key)?;
    let told = serde_json::json!({"kind": "ed25519", "api_key": "wire",
        "private_key_pem": corpus::PEM});
    std::io::Write::write_all(&mut file, told.to_string().as_bytes())?;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/wire/session.toml");
    let parsed = Config::load(Path::new(path));
    let mut config = parsed.map_err(|problems| format!("{problems:?}"))?;
    config.venues[0].key = Some(KeySource::File(key));
    config.shm.directory = folder.to_owned();
    config.shm.name = "wire".to_owned();
    Ok(config)
}

/// Ticks to orders by the product, in a session of its own.
fn product(config: &Config, part: usize) -> Result<Timed, Failed> {
    let (address, venue, ends) = venue::start(false)?;
    let mut config = config.clone();
    config.venues[0].endpoints.stream = format!("ws://{address}");
    config.venues[0].endpoints.ws_api = format!("ws://{address}/ws-api/v3");
    config.venues[0].endpoints.rest = format!("http://{address}");
    let done = Arc::new(AtomicBool::new(false));
    let told = done.clone();
    let driver = std::thread::spawn(move || {
        pin(0);
        let driven = Driver::new(&venue, &ends, true).map(|mut driver| {
            let timed = driver.drive(WARM_UP / part, TICKS / part);
            told.store(true, Ordering::Relaxed);
            driver.see_off();
            timed
        });
        told.store(true, Ordering::Relaxed);
        driven
    });
    let journal = Some(config.shm.directory.join("journal"));
    let during = || if done.load(Ordering::Relaxed) { Go::Stop } else { Go::On };
    let during = Box::new(during);
    let options =
        SessionOptions { seconds: Some(120), second_name: None, journal, screen: false, during };
    let outcome = session::run(&config, options).map_err(|failure| failure.render(false))?;
    if let Some(fault) = outcome.fault {
        return Err(fault.into());
    }
    for (name, histogram) in outcome.stages.named().filter(|(_, stage)| !stage.is_empty()) {
        let at = |quantile| histogram.value_at_quantile(quantile);
        println!("  {name}: p50 {} ns, p99 {} ns", at(0.5), at(0.99));
    }
    let driven = driver.join().map_err(|_| "the driver panicked")?;
    Ok(driven.ok_or("the product did not connect")??)
}

/// On a thread of its own: whoever pins it leaves the next one free.
fn apart<T: Send>(run: impl FnOnce() -> Result<T, Failed> + Send) -> Result<T, Failed> {
    std::thread::scope(|scope| scope.spawn(run).join()).map_err(|_| "a contestant panicked")?
}

fn as_ns(values: &[u64]) -> Vec<f64> {
    values.iter().map(|ns| *ns as f64).collect()
}

/// What all rounds brought: the medians, and all values.
#[derive(Default)]
struct Rounds {
    medians: Vec<f64>,
    all: Vec<f64>,
}

impl Rounds {
    fn add(&mut self, name: &str, timed: &Timed) -> Result<(), Failed> {
        let ns = as_ns(&timed.ns);
        if timed.silent * 5 > ns.len() {
            return Err(format!("{name}: {} ticks caused no order", timed.silent).into());
        }
        let p50 = median(ns.clone());
        println!("{name}: p50 {p50:.0} ns, {} ticks, {} silent", ns.len(), timed.silent);
        self.medians.push(p50);
        self.all.extend(ns);
        Ok(())
    }

    fn against(&self, name: &str, ours: &Self) -> Against {
        let pairs = self.medians.iter().zip(&ours.medians);
        let ratio = median(pairs.map(|(theirs, ours)| theirs / ours).collect());
        Against { name: name.to_owned(), ns: median(self.medians.clone()), ratio }
    }
}

fn main() -> Result<(), Failed> {
    let mut stage = Stage::new("wire");
    let (rounds, part) = if stage.smoke() { (1, 100) } else { (ROUNDS, 1) };
    let folder = Folder::new()?;
    let config = config(&folder.0)?;
    let message = corpus::frame(&Walk::new(7).book_ticker());
    let [mut ours, mut bare, mut round_trip, mut parked] = <[Rounds; 4]>::default();
    for round in 0..rounds {
        for turn in 0..4 {
            match (turn + round) % 4 {
                0 => {
                    let ns =
                        apart(|| Ok(echo::measure(&message, WARM_UP / part, 4 * TICKS / part)?))?;
                    round_trip.add("echo, back to back", &Timed { ns, silent: 0 })?;
                }
                1 => bare.add("busy-polling echo", &apart(|| echo::led(part))?)?,
                2 => ours.add("peregrine", &apart(|| product(&config, part))?)?,
                _ => {
                    let timed = apart(|| parked::measure(&config, part))?;
                    parked.add("parked tokio-tungstenite", &timed)?;
                }
            }
        }
    }
    if stage.smoke() {
        return Ok(());
    }
    let (echo, rival) = ("busy-polling echo", "parked tokio-tungstenite");
    let against = vec![
        bare.against(echo, &ours),
        parked.against(rival, &ours),
        round_trip.against("echo, back to back", &ours),
    ];
    let faster = if against[1].ns < QUICK_WAKE_NS { 4.0 } else { 5.0 };
    let at = |share| quantile(ours.all.clone(), share);
    stage.keep(Row {
        tail_ns: Some([at(0.99), at(0.999)]),
        against,
        bar: Bar::All(vec![Bar::within(1.25, echo), Bar::times(faster, rival)]),
        ..Row::new("wire", "bookTicker to order, plain WebSocket", median(ours.medians.clone()))
    });
    stage.finish();
    Ok(())
}
