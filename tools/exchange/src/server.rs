//! The listening process: routes, the market's clock, timed streams, faults, and the end.

use crate::account::{Account, Fees};
use crate::error::Error;
use crate::fault::{Fault, FaultKind};
use crate::floor::{App, Floor, SharedFloor, wall_ms};
use crate::flow::{Flow, Style};
use crate::hub::Out;
use crate::journal::Journal;
use crate::keys::{KeyFile, Keys, demo_keys, write_demo_keys};
use crate::kind::VenueKind;
use crate::limits::{Limits, Rates};
use crate::listing::Listing;
use crate::recording::Recording;
use crate::replay::Recorded;
use crate::sim::Pages;
use crate::socket::Heartbeat;
use crate::symbol::{SCALE, Symbol};
use crate::venue::{OWN_TRADES, Venue};
use axum::serve::ListenerExt;
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
    /// Symbols; with a recording, only the recorded one.
    pub symbols: Vec<Symbol>,
    /// Keys; empty means the demonstration keys of the seed or of the ledger directory.
    pub keys: Vec<KeyFile>,
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
            symbols: vec![Symbol::btcusdt(), Symbol::ethusdt()],
            keys: Vec::new(),
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
    let (floor, market) = assemble(&options)?;
    let causes = floor.causes.clone();
    let floor = SharedFloor::new(floor);
    let app = App {
        floor: floor.clone(),
        causes,
        latency: options.latency,
        heartbeat: options.heartbeat,
    };
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
    let router = crate::dialect::routes(VenueKind::BinanceSpot, app.clone())
        .merge(crate::sim::routes(Pages { apps: vec![(VenueKind::BinanceSpot, app)] }))
        .fallback(async || crate::sim::refuse(404, "Path not found."));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    ready(address);
    let server = axum::serve(listener, service);
    tokio::select! {
        result = async { server.await } => result.map_err(Error::Serve)?,
        () = market.run(floor.clone()) => {}
        () = run_timers(floor.clone()) => {}
        () = run_faults(floor.clone(), options.faults.clone()) => {}
        () = shutdown => {}
    }
    let mut floor = floor.lock();
    floor.hub.tell_all(false, &Out::Close);
    Ok(summary(&floor))
}

fn summary(floor: &Floor) -> Summary {
    Summary {
        trades: floor.venue.listings.iter().map(|listing| listing.trades).sum(),
        updates: floor.venue.listings.iter().map(|listing| listing.updates).sum(),
        user_fills: floor.venue.accounts.iter().map(|account| account.fills.len() as u64).sum(),
        faults: floor.faults_done.clone(),
        journal_errors: floor.venue.journal_errors,
    }
}

/// Builds the venue from options and ledger.
pub(crate) fn assemble(options: &Options) -> Result<(Floor, Play), Error> {
    let recording = options.replay.as_deref().map(Recording::read).transpose()?;
    let symbols = match &recording {
        Some(recording) => vec![recording.spec(&options.symbols)],
        None => options.symbols.clone(),
    };
    if let Some(fault) = symbols.iter().find_map(Symbol::fault) {
        return Err(Error::Symbol(fault));
    }
    let listings = symbols.iter().enumerate().map(|(n, symbol)| {
        // Each symbol counts in a range of its own, so that an update id names its symbol.
        let first = (50 - 10 * n as u64) * 1_000_000_000;
        Listing::new(symbol.clone(), first, 3_700_000_001 - 1_000_000_000 * n as u64)
    });
    let mut venue = Venue::new(listings.collect());
    if let (Some(recording), Some(listing)) = (&recording, venue.listings.first_mut()) {
        let recorded = Recorded::new(&listing.symbol, recording);
        (listing.update, listing.trade) = (recorded.update, OWN_TRADES);
        listing.recorded = Some(recorded);
    }
    let given = match (&options.ledger, options.keys.is_empty()) {
        (_, false) => options.keys.clone(),
        (Some(dir), true) => write_demo_keys(dir, options.seed)
            .map_err(|source| Error::Ledger { dir: dir.clone(), source })?
            .to_vec(),
        (None, true) => demo_keys(options.seed).to_vec(),
    };
    if let Some(dir) = &options.ledger {
        let wrong = |source| Error::Ledger { dir: dir.clone(), source };
        std::fs::create_dir_all(dir).map_err(wrong)?;
        if let Some(snapshot) = Journal::recover(dir).map_err(wrong)? {
            let generation = snapshot.generation;
            venue.restore(snapshot);
            venue.journal = Some(Journal::start(dir, venue.snapshot(generation)).map_err(wrong)?);
        }
    }
    let mut keys = Keys::default();
    for key in &given {
        let name = key.account.as_deref().unwrap_or("demo");
        let account = venue.account_named(name).unwrap_or_else(|| {
            venue.accounts.push(Account::new(name, false, &options.start, options.fees.clone()));
            venue.accounts.len() as u32 - 1
        });
        keys.add(key, account).map_err(Error::Key)?;
    }
    let mut flows = Vec::new();
    if options.market && recording.is_none() {
        for symbol in 0..venue.listings.len() as u16 {
            let mut flow = Flow::new(&venue, symbol, options.seed, style(symbol));
            flow.open(&mut venue, wall_ms());
            flows.push(flow);
        }
        venue.commit(wall_ms());
        venue.events.clear();
    }
    if let (Some(dir), None) = (&options.ledger, &venue.journal) {
        let journal = Journal::start(dir, venue.snapshot(0));
        venue.journal = Some(journal.map_err(|source| Error::Ledger { dir: dir.clone(), source })?);
    }
    let play = match recording {
        Some(recording) => Play::Recorded(recording, options.replay_speed),
        None => Play::Generated(flows),
    };
    let floor = Floor::new(VenueKind::BinanceSpot, venue, keys, Limits::new(options.rates));
    Ok((floor, play))
}

/// Where the public market comes from.
pub(crate) enum Play {
    Generated(Vec<Flow>),
    Recorded(Recording, f64),
}

impl Play {
    async fn run(self, floor: SharedFloor) {
        match self {
            Self::Generated(flows) => run_market(floor, flows).await,
            Self::Recorded(recording, speed) => crate::replay::run(floor, recording, speed).await,
        }
    }
}

/// The first symbol is the measured one; the others are quieter and cheaper.
pub(crate) fn style(symbol: u16) -> Style {
    match symbol {
        0 => Style::MEASURED,
        _ => Style { distance: 0.05, size: 20.0, rate: 0.3 },
    }
}

/// Events carried out at one go before connections get their turn.
const BURST: usize = 32;

/// Lets the generated markets run in real time.
async fn run_market(floor: SharedFloor, mut flows: Vec<Flow>) {
    let mut start = Instant::now();
    loop {
        let Some(flow) = flows.iter_mut().min_by_key(|flow| flow.due_us()) else {
            return std::future::pending().await;
        };
        let due = start + Duration::from_micros(flow.due_us());
        let now = Instant::now();
        if due > now {
            tokio::time::sleep_until(due).await;
        } else if now.duration_since(due) > Duration::from_secs(1) {
            // The process stood still: the market goes on from now rather than catching up.
            start += now.duration_since(due);
        }
        let until = Instant::now().duration_since(start).as_micros() as u64;
        {
            let mut floor = floor.lock();
            for _ in 0..BURST {
                let Some(flow) = flows.iter_mut().min_by_key(|flow| flow.due_us()) else { break };
                if flow.due_us() > until {
                    break;
                }
                let now_ms = wall_ms();
                flow.step(&mut floor.venue, now_ms);
                floor.flush(now_ms);
            }
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
    faults.retain(Fault::is_ours);
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
