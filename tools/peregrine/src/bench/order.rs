//! The way out: an order's text by the gateway's encoder, framed and masked as the socket does it.

use super::corpus;
use super::work::{Unfit, Work};
use engine::asset::Assets;
use engine::id::{ClientId, OrderId, Side};
use engine::instrument::Instrument;
use engine::intent::{Place, Tif};
use engine::num::{Price, Qty};
use feeds::net::frame::FrameWriter;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::hint::black_box;
use venues::binance_spot::{BinanceSpot, Config, SelfTrade};
use venues::credentials::Credentials;
use venues::sign::Signer;
use venues::wire::{Ask, RequestId, Wire};

const OPS: usize = 256;
const AT_MS: u64 = 1_723_161_254_087;

/// How an order is made believable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// The session is logged on: not at all.
    Session,
    /// Each order by HMAC-SHA256.
    Hmac,
}

/// A gateway's encoder.
pub fn wire(instrument: Instrument, signing: Signing) -> Result<BinanceSpot, Unfit> {
    let config = Config {
        ws_api_url: "wss://host".to_owned(),
        rest_url: "https://host".to_owned(),
        recv_window_ms: 5_000,
        self_trade_prevention: SelfTrade::ExpireTaker,
        limits: Vec::new(),
    };
    let signer = match signing {
        Signing::Session => Signer::ed25519(corpus::PEM),
        Signing::Hmac => Signer::hmac(&[b'k'; 64]),
    };
    let key = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
    let credentials = Credentials::new(key, signer.map_err(Unfit::new)?, "bench");
    let credentials = credentials.map_err(Unfit::new)?;
    Ok(BinanceSpot::new(config, credentials, &[instrument], Assets::default()))
}

/// Orders to frames.
pub struct Frame {
    wire: BinanceSpot,
    asks: Vec<(RequestId, Ask)>,
    frames: FrameWriter,
}

impl Frame {
    /// Post-only orders, each with its own price, quantity and id.
    pub fn new(signing: Signing) -> Result<Self, Unfit> {
        let instrument = corpus::spot();
        let mut random = SmallRng::seed_from_u64(4);
        let ask = |counter: usize| {
            let place = Place {
                client: ClientId {
                    order: OrderId::new(1_723_161_254, counter as u32 + 1),
                    cause: 50_093_239_212 + random.random_range(0..1_000_000),
                },
                instrument: instrument.id,
                side: if random.random_bool(0.5) { Side::Buy } else { Side::Sell },
                price: Price(random.random_range(6_000_000..6_400_000)),
                qty: Qty(random.random_range(10..500_000)),
                tif: Tif::PostOnly,
            };
            let ask = Ask::Place(place);
            (RequestId::new(counter as u64 + 1, ask.kind()), ask)
        };
        let asks = (0..OPS).map(ask).collect();
        let frames = FrameWriter::new(64 << 10, 7);
        let mut frame = Self { wire: wire(instrument, signing)?, asks, frames };
        let first = frame.asks.first().map(|(id, ask)| frame.wire.encode(ask, *id, AT_MS).is_ok());
        match first {
            Some(true) => Ok(frame),
            _ => Err(Unfit::new("the gateway encodes no order")),
        }
    }
}

impl Work for Frame {
    fn run(&mut self) -> usize {
        for (id, ask) in &self.asks {
            if let Ok(text) = self.wire.encode(ask, *id, AT_MS) {
                self.frames.text(text);
            }
            let len = black_box(self.frames.unsent()).len();
            self.frames.wrote(len);
        }
        self.asks.len()
    }
}
