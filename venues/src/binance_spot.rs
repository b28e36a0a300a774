//! Binance Spot order entry: the WebSocket API, its REST twin and the private stream.
//!
//! With an Ed25519 key the session is authenticated once and orders carry no signature; with an
//! HMAC key each request is signed over its sorted parameters. Requests are laid out at the start
//! and patched; answers are read with simd-json over reused buffers.
//!
//! Of orders that wait the venue keeps stops and take-profits with a limit, stops that trail by a
//! share, pairs (OCO) and brackets (OTOCO), as `exchangeInfo` says of each symbol. The legs of a
//! list are orders with names of their own: they are told, asked for and listed like others, and
//! a cancel of one ends its list.

pub mod metadata;

use crate::binance::Flavor;
use crate::binance::answer::Decoder;
use crate::binance::form::Terms;
use crate::binance::prepared::Requests;
use crate::credentials::Credentials;
use crate::template::Values;
use crate::wire::{
    Abilities, Ask, Cost, Door, Hear, Kind, RequestId, Step, Switch, Usage, Wire, WireFault,
};
use engine::asset::Assets;
use engine::instrument::Instrument;
use engine::time::Nanos;
use feeds::net::{HttpReply, HttpRequest};

pub use crate::binance::SelfTrade;

/// What a session with the venue is made from.
#[derive(Debug)]
pub struct Config {
    /// WebSocket API, such as `wss://ws-api.binance.com:443/ws-api/v3`.
    pub ws_api_url: String,
    /// REST, such as `https://api.binance.com`; without a slash at its end.
    pub rest_url: String,
    /// How long a request stays valid after its time stamp, ms; at most 60,000.
    pub recv_window_ms: u32,
    /// Self-trade prevention sent with each order; empty leaves the symbol's default.
    pub self_trade_prevention: SelfTrade,
    /// The venue's limits as `exchangeInfo` told them; may be empty, answers tell them too.
    pub limits: Vec<Usage>,
}

const ABILITIES: Abilities = Abilities {
    replaces: true,
    cancels_at_once: 0,
    lists_waiting: 0,
    cancels_apart: false,
    trade_overlap: 0,
    ended_apart: false,
    key_every: Nanos::ZERO,
    switch: Switch::None,
    ping: None,
};

const SET_UP: [Step; 3] = [
    Step::Ask(Ask::Time, Door::Entry),
    Step::Ask(Ask::Logon, Door::Entry),
    Step::Ask(Ask::Subscribe, Door::Entry),
];
/// With a key that signs each request there is nothing to log on with.
const SET_UP_SIGNED: [Step; 2] =
    [Step::Ask(Ask::Time, Door::Entry), Step::Ask(Ask::Subscribe, Door::Entry)];

/// The dialect of Binance Spot.
#[derive(Debug)]
pub struct BinanceSpot {
    config: Config,
    credentials: Credentials,
    terms: Terms,
    requests: Requests,
    decoder: Decoder,
}

impl BinanceSpot {
    /// For these instruments. Names of assets that are not among `assets` are added as they come.
    pub fn new(
        config: Config,
        credentials: Credentials,
        instruments: &[Instrument],
        assets: Assets,
    ) -> Self {
        let terms = Terms {
            flavor: Flavor::Spot,
            api_key: credentials.api_key().to_owned(),
            window_ms: config.recv_window_ms.min(60_000),
            self_trade: config.self_trade_prevention.word(),
            session: credentials.signer().logs_on(),
            switch_ms: 0,
        };
        Self {
            requests: Requests::new(instruments, &terms, credentials.signer()),
            decoder: Decoder::new(Flavor::Spot, instruments.to_vec(), assets),
            config,
            credentials,
            terms,
        }
    }

    /// New grids or limits of an instrument: its requests are laid out anew. Not for the hot path.
    pub fn set_instrument(&mut self, instrument: &Instrument) {
        self.requests.set(instrument, &self.terms, self.credentials.signer());
        self.decoder.set(instrument);
    }

    /// The assets by id, those included that answers added.
    pub const fn assets(&self) -> &Assets {
        self.decoder.names().assets()
    }
}

impl Wire for BinanceSpot {
    fn url(&self, _door: Door) -> &str {
        &self.config.ws_api_url
    }

    fn instruments(&self) -> &[Instrument] {
        self.decoder.names().instruments()
    }

    fn abilities(&self) -> &Abilities {
        &ABILITIES
    }

    fn set_up(&self) -> &[Step] {
        if self.terms.session { &SET_UP } else { &SET_UP_SIGNED }
    }

    #[inline]
    fn door(&self, _ask: &Ask) -> Door {
        Door::Entry
    }

    fn window(&self) -> Nanos {
        Nanos::from_ms(u64::from(self.terms.window_ms))
    }

    /// As documented; what was really counted comes back with each answer.
    #[inline]
    fn cost(&self, ask: &Ask) -> Cost {
        let weight = match ask.kind() {
            Kind::Logon | Kind::Subscribe => 2,
            Kind::Amend | Kind::Query => 4,
            Kind::OpenOrders => 6,
            Kind::TradesOf => 5,
            Kind::Balances | Kind::Trades => 20,
            _ => 1,
        };
        let orders = ask.places().map_or(0, |(_, more)| 1 + more);
        Cost { weight, orders, ..Cost::default() }
    }

    fn limits(&self) -> &[Usage] {
        &self.config.limits
    }

    #[inline]
    fn encode(&mut self, ask: &Ask, id: RequestId, at_ms: u64) -> Result<&[u8], WireFault> {
        let mut values = Values::new(id, at_ms);
        let prepared = self.requests.find(ask, &mut values)?;
        Ok(prepared.json(self.credentials.signer(), &values))
    }

    fn encode_http(&mut self, ask: &Ask, at_ms: u64) -> Result<HttpRequest, WireFault> {
        let mut values = Values::new(RequestId::default(), at_ms);
        let prepared = self.requests.find(ask, &mut values)?;
        prepared.http(&self.credentials, &self.config.rest_url, &values)
    }

    fn on_bytes<H: Hear>(&mut self, bytes: &mut [u8], sink: &mut H) -> Result<(), WireFault> {
        self.decoder.message(bytes, sink)
    }

    fn on_http<H: Hear>(&mut self, id: RequestId, reply: &mut HttpReply, sink: &mut H) {
        crate::binance::usage(reply, &self.config.limits, [6_000, 50], sink);
        let retry_ms = u64::from(reply.retry_after_s.unwrap_or(0)) * 1_000;
        self.decoder.http(id, (reply.status, retry_ms), &mut reply.body, sink);
    }
}
