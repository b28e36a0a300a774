//! Binance Spot order entry: the WebSocket API, its REST twin and the private stream.
//!
//! With an Ed25519 key the session is authenticated once and orders carry no signature; with an
//! HMAC key each request is signed over its sorted parameters. Requests are laid out at the start
//! and patched; answers are read with simd-json over reused buffers.

mod answer;
mod form;
mod json;
pub mod metadata;
mod prepared;
mod refusal;
mod stream;
mod template;

use crate::credentials::Credentials;
use crate::wire::{Ask, Cost, Hear, Kind, LimitKind, RequestId, Usage, Wire, WireFault};
use answer::Decoder;
use engine::asset::Assets;
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::time::Nanos;
use feeds::net::{HttpReply, HttpRequest};
use form::Terms;
use prepared::Requests;

/// How long a REST request may take, ms: the venue itself gives up after ten seconds.
const REST_TIMEOUT_MS: u32 = 10_000;

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

/// What happens when our own orders would trade with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SelfTrade {
    /// As the symbol's default says.
    #[default]
    Default,
    /// They trade.
    None,
    /// The taking one ends.
    ExpireTaker,
    /// The resting one ends.
    ExpireMaker,
    /// Both end.
    ExpireBoth,
}

impl SelfTrade {
    /// The venue's word for it; empty for the symbol's default.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::None => "NONE",
            Self::ExpireTaker => "EXPIRE_TAKER",
            Self::ExpireMaker => "EXPIRE_MAKER",
            Self::ExpireBoth => "EXPIRE_BOTH",
        }
    }
}

/// The dialect of Binance Spot.
#[derive(Debug)]
pub struct BinanceSpot {
    config: Config,
    credentials: Credentials,
    terms: Terms,
    requests: Requests,
    ids: Vec<InstrumentId>,
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
            api_key: credentials.api_key().to_owned(),
            window_ms: config.recv_window_ms.min(60_000),
            self_trade: config.self_trade_prevention.word(),
            session: credentials.signer().logs_on(),
        };
        Self {
            requests: Requests::new(instruments, &terms, credentials.signer()),
            ids: instruments.iter().map(|one| one.id).collect(),
            decoder: Decoder::new(instruments.to_vec(), assets),
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
        self.decoder.assets()
    }
}

impl Wire for BinanceSpot {
    fn url(&self) -> &str {
        &self.config.ws_api_url
    }

    fn instruments(&self) -> &[InstrumentId] {
        &self.ids
    }

    fn logs_on(&self) -> bool {
        self.terms.session
    }

    fn window(&self) -> Nanos {
        Nanos::from_ms(u64::from(self.terms.window_ms))
    }

    /// As documented; what was really counted comes back with each answer.
    fn cost(&self, ask: &Ask) -> Cost {
        let weight = match ask.kind() {
            Kind::Time | Kind::Place | Kind::Replace | Kind::Cancel | Kind::CancelAll => 1,
            Kind::Logon | Kind::Subscribe => 2,
            Kind::Amend | Kind::Move | Kind::Query => 4,
            Kind::OpenOrders => 6,
            Kind::TradesOf => 5,
            Kind::Balances | Kind::Trades => 20,
        };
        Cost { weight, orders: u32::from(matches!(ask.kind(), Kind::Place | Kind::Replace)) }
    }

    fn limits(&self) -> &[Usage] {
        &self.config.limits
    }

    #[inline]
    fn encode(&mut self, ask: &Ask, id: RequestId, at_ms: u64) -> Result<&[u8], WireFault> {
        let (prepared, values) = self.requests.find(ask, id, at_ms)?;
        Ok(prepared.json(self.credentials.signer(), values))
    }

    fn encode_http(&mut self, ask: &Ask, at_ms: u64) -> Result<HttpRequest, WireFault> {
        let (prepared, values) = self.requests.find(ask, RequestId::default(), at_ms)?;
        prepared.http(&self.credentials, &self.config.rest_url, values)
    }

    fn on_bytes<H: Hear>(&mut self, bytes: &mut [u8], sink: &mut H) -> Result<(), WireFault> {
        self.decoder.message(bytes, sink)
    }

    fn on_http<H: Hear>(&mut self, id: RequestId, reply: &mut HttpReply, sink: &mut H) {
        let minute = Nanos::from_s(60);
        if let Some(used) = reply.used_weight {
            let max = self.known(LimitKind::Weight, minute, 6_000);
            let limit = LimitKind::Weight;
            sink.hear(crate::wire::Heard::Usage(Usage { limit, interval: minute, max, used }));
        }
        if let Some(used) = reply.order_count_10s {
            let (limit, interval) = (LimitKind::Orders, Nanos::from_s(10));
            let max = self.known(limit, interval, 50);
            sink.hear(crate::wire::Heard::Usage(Usage { limit, interval, max, used }));
        }
        let retry_ms = u64::from(reply.retry_after_s.unwrap_or(0)) * 1_000;
        self.decoder.http(id, (reply.status, retry_ms), &mut reply.body, sink);
    }
}

impl BinanceSpot {
    fn known(&self, limit: LimitKind, interval: Nanos, otherwise: u32) -> u32 {
        let same = |usage: &&Usage| usage.limit == limit && usage.interval == interval;
        self.config.limits.iter().find(same).map_or(otherwise, |usage| usage.max)
    }
}
