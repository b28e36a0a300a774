//! The listening process: routes, the world's clock, timed streams, faults, and the end.

use crate::account::Fees;
use crate::error::Error;
use crate::fault::{Fault, FaultKind};
use crate::floor::{SharedFloor, wall_ms};
use crate::hub::Out;
use crate::keys::{KeyFile, venue_keys};
use crate::kind::VenueKind;
use crate::limits::Rates;
use crate::recording::Recording;
use crate::sim::Pages;
use crate::socket::Heartbeat;
use crate::symbol::{SCALE, Symbol};
use crate::world::{Room, World, WorldText};
use axum::serve::ListenerExt;
use futures_util::future::join_all;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::Instant;

/// What the exchange is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Seed of the generated market and of the demonstration keys.
    pub seed: u64,
    /// Directory of the ledger; none keeps it in memory.
    pub ledger: Option<PathBuf>,
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
    /// A recording to publish instead of the generated market.
    pub replay: Option<PathBuf>,
    /// Speed of the recording; 1.0 is its own pace.
    pub replay_speed: f64,
    /// Keys; empty means the demonstration keys of the seed or of the ledger directory.
    pub keys: Vec<KeyFile>,
    /// Several venues over one world; none is Binance Spot alone, as the next five say.
    pub world: Option<WorldText>,
    /// Symbols; with a recording, only the recorded one.
    pub symbols: Vec<Symbol>,
    /// Money that each account starts with: asset and amount in 1e-8.
    pub start: Vec<(String, i64)>,
    /// Commission of each account.
    pub fees: Fees,
    /// Rate limits.
    pub rates: Rates,
    /// Time from an order's arrival to its matching.
    pub latency: Duration,
    /// Pings and life time of connections.
    pub heartbeat: Heartbeat,
    /// Whether the generated market trades (off: an empty book, for tests).
    pub market: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: 1,
            ledger: None,
            faults: Vec::new(),
            replay: None,
            replay_speed: 1.0,
            keys: Vec::new(),
            world: None,
            symbols: vec![Symbol::btcusdt(), Symbol::ethusdt()],
            start: vec![
                ("BTC".into(), 10 * SCALE),
                ("ETH".into(), 200 * SCALE),
                ("USDT".into(), 1_000_000 * SCALE),
                ("BNB".into(), 100 * SCALE),
            ],
            fees: Fees::default(),
            rates: Rates::default(),
            latency: Duration::from_millis(1),
            heartbeat: Heartbeat::default(),
            market: true,
        }
    }
}

impl Options {
    /// The demonstration keys that an exchange without ledger and keys of its own makes. In a world
    /// each names its venue.
    pub fn demo_keys(&self) -> Vec<KeyFile> {
        let Some(world) = &self.world else {
            return venue_keys(VenueKind::BinanceSpot, self.seed);
        };
        let keys = world.venues().into_iter().flat_map(|kind| {
            let named = move |key| KeyFile { venue: Some(kind.name().into()), ..key };
            venue_keys(kind, self.seed).into_iter().map(named)
        });
        keys.collect()
    }
}

/// What the exchange did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Public trades.
    pub trades: u64,
    /// Book changes.
    pub updates: u64,
    /// Trades of users' accounts.
    pub user_fills: u64,
    /// Faults carried out.
    pub faults: Vec<String>,
    /// Journal writes that failed.
    pub journal_errors: u64,
}

/// Runs the exchange until `shutdown` completes. `ready` is called with the bound address once it
/// listens. Needs a tokio runtime with time and I/O; a current-thread one is right.
pub async fn serve(
    options: Options,
    ready: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<Summary, Error> {
    let (world, recording) = crate::world::open(&options, wall_ms())?;
    let listener = TcpListener::bind(options.listen)
        .await
        .map_err(|source| Error::Listen { address: options.listen, source })?;
    let address = listener
        .local_addr()
        .map_err(|source| Error::Listen { address: options.listen, source })?;
    let listener = listener.tap_io(|stream| {
        // A peer that is already gone shows at the first read.
        let _ = stream.set_nodelay(true);
    });
    let service = router(&world, &options).into_make_service_with_connect_info::<SocketAddr>();
    let floors: Vec<SharedFloor> =
        world.rooms().iter().map(|room| room.app.floor.clone()).collect();
    let faults = floors.iter().map(|floor| run_faults(floor.clone(), options.faults.clone()));
    let faults = join_all(faults);
    let timers = join_all(floors.iter().map(|floor| run_timers(floor.clone())));
    ready(address);
    let server = axum::serve(listener, service);
    tokio::select! {
        result = async { server.await } => result.map_err(Error::Serve)?,
        () = run_world(world) => {}
        () = play(floors[0].clone(), recording, options.replay_speed) => {}
        _ = timers => {}
        _ = faults => {}
        () = shutdown => {}
    }
    Ok(summary(&floors))
}

/// The routes of every venue, whose paths are disjoint, and the exchange's own pages.
fn router(world: &World, options: &Options) -> axum::Router {
    let room = |room: &Room| (room.kind, room.app.clone());
    let pages = Pages {
        apps: world.rooms().iter().map(room).collect(),
        world: options.world.clone().map(Box::new),
        seed: options.seed,
    };
    let mut protocols = axum::Router::new();
    for room in world.rooms() {
        let mut routes = axum::Router::new();
        room.app.floor.lock().speak(|dialect, _| routes = dialect.routes(room.app.clone()));
        protocols = protocols.merge(routes);
    }
    protocols
        .merge(crate::sim::routes(pages))
        .fallback(async || crate::sim::refuse(404, "Path not found."))
}

/// Says farewell to every connection, and what there was.
fn summary(floors: &[SharedFloor]) -> Summary {
    let mut all = Summary::default();
    for floor in floors {
        let mut floor = floor.lock();
        floor.hub.tell_all(false, &Out::Close);
        let venue = &floor.venue;
        all.trades += venue.listings.iter().map(|listing| listing.trades).sum::<u64>();
        all.updates += venue.listings.iter().map(|listing| listing.updates).sum::<u64>();
        let fills = venue.accounts.iter().map(|account| account.fills.len() as u64);
        all.user_fills += fills.sum::<u64>();
        all.journal_errors += venue.journal_errors;
        all.faults.extend(floor.faults_done.iter().cloned());
    }
    all
}

/// Publishes a recording, where there is one.
async fn play(floor: SharedFloor, recording: Option<Recording>, speed: f64) {
    match recording {
        Some(recording) => crate::replay::run(floor, recording, speed).await,
        None => std::future::pending().await,
    }
}

/// Events carried out at one go before connections get their turn.
const BURST: usize = 32;

/// Lets the world run in real time.
async fn run_world(mut world: World) {
    let mut start = Instant::now();
    loop {
        let due = start + Duration::from_micros(world.due_us());
        let now = Instant::now();
        if due > now {
            tokio::time::sleep_until(due).await;
        } else if now.duration_since(due) > Duration::from_secs(1) {
            // The process stood still: the world goes on from now rather than catching up.
            start += now.duration_since(due);
        }
        let until = Instant::now().duration_since(start).as_micros() as u64;
        for _ in 0..BURST {
            if world.due_us() > until {
                break;
            }
            world.step(wall_ms());
        }
        tokio::task::yield_now().await;
    }
}

/// The streams that speak by the clock.
async fn run_timers(floor: SharedFloor) {
    let mut beat_ms = 100;
    floor.lock().speak(|dialect, _| beat_ms = dialect.beat_ms());
    let mut timer = tokio::time::interval(Duration::from_millis(beat_ms));
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    for count in 0.. {
        timer.tick().await;
        let now_ms = wall_ms();
        floor.lock().speak(|dialect, floor| dialect.beat(floor, count, now_ms));
    }
}

async fn run_faults(floor: SharedFloor, mut faults: Vec<Fault>) {
    let start = Instant::now();
    let kind = floor.lock().kind;
    faults.retain(|fault| fault.is_ours() && fault.venue.is_none_or(|venue| venue == kind));
    faults.sort_by_key(|fault| fault.at);
    for fault in faults {
        tokio::time::sleep_until(start + fault.at).await;
        let next = {
            let mut floor = floor.lock();
            floor.fault(&fault, wall_ms());
            floor.hub.next()
        };
        if let FaultKind::Shutdown(span) = fault.kind {
            let floor = floor.clone();
            tokio::spawn(async move {
                tokio::time::sleep(span).await;
                // Whoever came after the announcement came to another server.
                floor.lock().hub.close_older(next);
            });
        }
    }
    std::future::pending().await
}
