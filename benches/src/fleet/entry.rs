//! Order entry without a venue: requests are encoded by the venue's real dialect, framed and masked
//! as its socket would, thrown away, and acknowledged in the next turn.

use super::dialect::Dialect;
use crate::corpus;
use engine::asset::Assets;
use engine::event::{Body, End, Event, Reason};
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::intent::{Outgoing, Reduce};
use engine::num::Qty;
use engine::time::{Clock as _, Nanos};
use feeds::net::frame::FrameWriter;
use peregrine::clock::TscClock;
use rtrb::{Consumer, Producer};
use std::collections::VecDeque;
use venues::credentials::Credentials;
use venues::sign::Signer;
use venues::wire::{Ask, RequestId, Wire};
use venues::{binance_spot, binance_usdm, bybit, okx};

/// What an entry counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Requests that were encoded.
    pub requests: u64,
    /// Their bytes, framed.
    pub bytes: u64,
    /// Requests that the dialect could not write, or that a ring had no room for.
    pub lost: u64,
}

/// A venue's order entry.
pub trait Entry {
    /// Writes what the engine asked for; when the first frame of an order was whole.
    fn send(&mut self, clock: &TscClock) -> Option<Nanos>;
    /// Acknowledges what was sent; how much that was.
    fn answer(&mut self, now: Nanos) -> usize;
    /// What was counted.
    fn taken(&self) -> Taken;
}

/// The ends of an entry's rings.
pub type Rings = (Consumer<Outgoing>, Producer<Event>);

struct Sink<W> {
    wire: W,
    frames: FrameWriter,
    requests: Consumer<Outgoing>,
    reports: Producer<Event>,
    answers: VecDeque<(InstrumentId, Body)>,
    taken: Taken,
}

impl<W: Wire> Sink<W> {
    /// What becomes of a request, as the venue will tell it.
    fn promise(&mut self, ask: &Ask) {
        let number = self.taken.requests;
        let mut tell = |body| self.answers.push_back((ask.instrument(), body));
        let gone = |order| {
            let (end, reason, filled) = (End::Cancelled, Reason::None, Some(Qty(0)));
            Body::Done { order, end, reason, filled }
        };
        match *ask {
            Ask::Place(new) => {
                tell(Body::Accepted { order: new.client.order, venue_order: number });
            }
            Ask::Replace { old, new } => {
                tell(gone(old.order()));
                tell(Body::Accepted { order: new.client.order, venue_order: number });
            }
            Ask::Move { old, new } => {
                tell(Body::Amended { order: old.order(), price: Some(new.price), qty: new.qty });
            }
            Ask::Amend { order, qty } => {
                tell(Body::Amended { order: order.order(), price: None, qty });
            }
            Ask::Cancel(order) => tell(gone(order.order())),
            _ => self.taken.lost += 1,
        }
    }
}

impl<W: Wire> Entry for Sink<W> {
    #[inline]
    fn send(&mut self, clock: &TscClock) -> Option<Nanos> {
        let mut first = None;
        while let Ok(item) = self.requests.pop() {
            let (ask, at) = match &item {
                Outgoing::Place(approved) => (Ask::from(*approved.intent()), approved.at()),
                Outgoing::Reduce(Reduce::Cancel(order)) => (Ask::Cancel(*order), clock.now()),
                Outgoing::Reduce(Reduce::Amend { order, qty }) => {
                    (Ask::Amend { order: *order, qty: *qty }, clock.now())
                }
                _ => {
                    self.taken.lost += 1;
                    continue;
                }
            };
            self.taken.requests += 1;
            let id = RequestId::new(self.taken.requests, ask.kind());
            match self.wire.encode(&ask, id, at.as_ms()) {
                Ok(text) => {
                    self.frames.text(text);
                    first = first.or_else(|| Some(clock.now()));
                    self.promise(&ask);
                }
                Err(_) => self.taken.lost += 1,
            }
        }
        let written = std::hint::black_box(self.frames.unsent()).len();
        self.frames.wrote(written);
        self.taken.bytes += written as u64;
        first
    }

    fn answer(&mut self, now: Nanos) -> usize {
        let count = self.answers.len();
        while let Some((instrument, body)) = self.answers.pop_front() {
            let row = Event::new(now, instrument, 0, body);
            self.taken.lost += u64::from(self.reports.push(row).is_err());
        }
        count
    }

    fn taken(&self) -> Taken {
        self.taken
    }
}

type Failed = Box<dyn std::error::Error>;

/// The entry of a venue for these instruments, logged on.
pub fn entry(
    dialect: Dialect,
    instruments: &[Instrument],
    rings: Rings,
) -> Result<Box<dyn Entry>, Failed> {
    let assets = Assets::default();
    let (limits, window) = (Vec::new(), 5_000);
    Ok(match dialect {
        Dialect::Spot => {
            let config = binance_spot::Config {
                ws_api_url: "wss://host".into(),
                rest_url: "https://host".into(),
                recv_window_ms: window,
                self_trade_prevention: binance_spot::SelfTrade::ExpireTaker,
                limits,
            };
            sink(binance_spot::BinanceSpot::new(config, key(true)?, instruments, assets), rings)
        }
        Dialect::Usdm => {
            let config = binance_usdm::Config {
                ws_api_url: "wss://host".into(),
                stream_url: "wss://host".into(),
                rest_url: "https://host".into(),
                recv_window_ms: window,
                self_trade_prevention: binance_usdm::SelfTrade::ExpireTaker,
                switch_ms: 0,
                limits,
            };
            sink(binance_usdm::BinanceUsdm::new(config, key(true)?, instruments, assets), rings)
        }
        Dialect::Bybit => {
            let config = bybit::Config {
                trade_url: "wss://host".into(),
                stream_url: "wss://host".into(),
                rest_url: "https://host".into(),
                recv_window_ms: window,
                self_trade_prevention: bybit::SelfTrade::CancelTaker,
                protect_s: 0,
                limits,
            };
            sink(bybit::Bybit::new(config, key(false)?, instruments, assets)?, rings)
        }
        Dialect::Okx => {
            let codes = instruments.iter().map(|one| (one.id, 1_000 + u64::from(one.id.0)));
            let config = okx::Config {
                ws_url: "wss://host".into(),
                rest_url: "https://host".into(),
                demo: false,
                order_window_ms: u64::from(window),
                margin: okx::Margin::Cross,
                self_trade_prevention: okx::SelfTrade::CancelTaker,
                switch_s: 0,
                codes: codes.collect(),
                limits,
            };
            sink(okx::Okx::new(config, key(false)?, instruments, assets)?, rings)
        }
    })
}

fn sink<W: Wire + 'static>(wire: W, (requests, reports): Rings) -> Box<dyn Entry> {
    let (frames, answers) = (FrameWriter::new(1 << 20, 7), VecDeque::with_capacity(4_096));
    Box::new(Sink { wire, frames, requests, reports, answers, taken: Taken::default() })
}

/// A key that signs nothing real.
fn key(ed25519: bool) -> Result<Credentials, Failed> {
    let signer = if ed25519 { Signer::ed25519(corpus::PEM)? } else { Signer::hmac(&[b'k'; 64])? };
    Ok(Credentials::new("bench", signer, "bench")?.with_passphrase("bench", "bench")?)
}
