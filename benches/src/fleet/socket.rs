//! A venue's market feed over sockets: the product's own, on a server that plays
//! ([`super::server`]).

use super::dialect::Dialect;
use super::player::Player;
use engine::event::Event;
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::time::{Nanos, NoTrace};
use feeds::feed::{Counters, Feed, FeedLimits, FeedPorts};
use feeds::net::{Dialer, dial_pair};
use feeds::protocol::Protocol;
use feeds::sequence::SequenceLimits;
use feeds::{binance_spot, binance_usdm, bybit, okx};
use peregrine::clock::TscClock;
use rtrb::{Consumer, Producer};
use std::net::SocketAddr;

struct Live<P: Protocol> {
    feed: Feed<P>,
    clock: TscClock,
}

impl<P: Protocol> Player for Live<P> {
    #[inline]
    fn read(&mut self, _: Nanos, clock: &TscClock) -> usize {
        self.feed.read(clock, &mut NoTrace)
    }

    /// What a server sends and when is not known here.
    fn next_at(&self) -> Option<Nanos> {
        None
    }

    fn counters(&self) -> Counters {
        self.feed.counters()
    }

    fn tend(&mut self, _: Nanos) {
        self.feed.tend(&self.clock);
    }

    fn in_sync(&self, instrument: InstrumentId) -> bool {
        self.feed.in_sync(instrument)
    }
}

/// The ends of a feed's rings.
pub type Rings = (Producer<Event>, Consumer<InstrumentId>);

/// The feed of a venue's instruments at an address.
pub fn feed(
    dialect: Dialect,
    instruments: &[Instrument],
    address: SocketAddr,
    (rings, clock): (Rings, &TscClock),
) -> Box<dyn Player> {
    let (stream, rest) = (format!("ws://{address}"), format!("http://{address}"));
    let all = instruments.to_vec();
    match dialect {
        Dialect::Spot => {
            let mut config = binance_spot::BinanceSpotConfig::new(&stream, &rest, all);
            config.snapshot_levels = 1_000;
            let most = config.snapshot_rows_max();
            live(binance_spot::BinanceSpot::new(&config), most, (rings, clock))
        }
        Dialect::Usdm => {
            let mut config = binance_usdm::BinanceUsdmConfig::new(&stream, &rest, all);
            // The server has no marks, and a stream that should speak and does not is dialled anew.
            config.streams.mark = false;
            let most = config.snapshot_rows_max();
            live(binance_usdm::BinanceUsdm::new(&config), most, (rings, clock))
        }
        Dialect::Bybit => {
            let mut config = bybit::BybitConfig::new(&stream, bybit::Market::Linear, all);
            config.streams.mark = false;
            let most = config.snapshot_rows_max();
            live(bybit::Bybit::new(&config), most, (rings, clock))
        }
        Dialect::Okx => {
            let mut config = okx::OkxConfig::new(&stream, &rest, all);
            config.streams.mark = false;
            let most = config.snapshot_rows_max();
            live(okx::Okx::new(&config), most, (rings, clock))
        }
    }
}

fn live<P: Protocol + 'static>(
    protocol: P,
    snapshot_rows_max: usize,
    ((events, wishes), clock): (Rings, &TscClock),
) -> Box<dyn Player> {
    let sequence = SequenceLimits { snapshot_rows_max, ..SequenceLimits::default() };
    let limits = FeedLimits { sequence, ..FeedLimits::default() };
    let (dial, dialer) = dial_pair(32);
    run(dialer);
    let feed = Feed::new(protocol, limits, FeedPorts { dial, events, wishes });
    Box::new(Live { feed, clock: clock.clone() })
}

/// A thread that dials; it ends when nobody asks any more.
fn run(dialer: Dialer) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if let Ok(runtime) = runtime {
            runtime.block_on(dialer.run());
        }
    });
}
