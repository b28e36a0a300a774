//! Binance USDⓈ-M Futures order entry: orders over the WebSocket API, questions over REST, the
//! private stream on a connection of its own that a listen key opens.
//!
//! What it shares with Spot is in the room `binance`. Here price and quantity of an order
//! change in place by `order.modify` (the queue place is lost), nothing replaces an order in one
//! request, and a countdown of each symbol cancels its orders unless it is renewed. Positions are
//! of one way: a position on both sides of a hedged account is told as their sum when asked for.
//! Trades come in order of their numbers; funding payments do not, and are asked for when the
//! stream says that one happened, as it names no number.
//!
//! Orders that wait are those of the venue's algo service: stops and take-profits with a limit, and
//! stops that trail by a share (`TRAILING_STOP_MARKET`), which are market orders when they fire.
//! Pairs and brackets it has none: its only algo type is `CONDITIONAL`, one order each, and no
//! request links two (documentation of `algoOrder.place`, and the list of trade requests).

pub mod metadata;

use crate::binance::Flavor;
use crate::binance::answer::Decoder;
use crate::binance::form::Terms;
use crate::binance::prepared::Requests;
use crate::credentials::Credentials;
use crate::template::Values;
use crate::wire::{
    Abilities, Ask, Cost, Door, Hear, Heard, Kind, RequestId, Step, Switch, Usage, Wire, WireFault,
};
use engine::asset::Assets;
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::time::Nanos;
use feeds::net::{HttpReply, HttpRequest};
use serde::Deserialize;

pub use crate::binance::SelfTrade;

/// What a session with the venue is made from.
#[derive(Debug)]
pub struct Config {
    /// WebSocket API, such as `wss://ws-fapi.binance.com/ws-fapi/v1`.
    pub ws_api_url: String,
    /// Private stream, such as `wss://fstream.binance.com/private`; the listen key is added.
    pub stream_url: String,
    /// REST, such as `https://fapi.binance.com`; without a slash at its end.
    pub rest_url: String,
    /// How long a request stays valid after its time stamp, ms; at most 60,000.
    pub recv_window_ms: u32,
    /// Self-trade prevention sent with each order. The venue's words about its default contradict
    /// each other: say which.
    pub self_trade_prevention: SelfTrade,
    /// After how long without renewal the venue cancels a symbol's orders, ms; 0: never.
    pub switch_ms: u64,
    /// The venue's limits as `exchangeInfo` told them; may be empty, answers tell them too.
    pub limits: Vec<Usage>,
}

const SET_UP: [Step; 5] = [
    // The first one opens the connection too, and measures that.
    Step::Ask(Ask::Time, Door::Rest),
    Step::Ask(Ask::Time, Door::Rest),
    Step::Ask(Ask::Logon, Door::Entry),
    Step::Ask(Ask::Key, Door::Rest),
    Step::DialStream,
];
/// With a key that signs each request there is nothing to log on with.
const SET_UP_SIGNED: [Step; 4] = [SET_UP[0], SET_UP[1], SET_UP[3], SET_UP[4]];

/// The dialect of Binance USDⓈ-M Futures.
#[derive(Debug)]
pub struct BinanceUsdm {
    config: Config,
    credentials: Credentials,
    terms: Terms,
    requests: Requests,
    decoder: Decoder,
    abilities: Abilities,
    switches: Vec<InstrumentId>,
    listen_key: String,
    stream_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawKey {
    listen_key: String,
}

impl BinanceUsdm {
    /// For these instruments. Names of assets that are not among `assets` are added as they come.
    pub fn new(
        config: Config,
        credentials: Credentials,
        instruments: &[Instrument],
        assets: Assets,
    ) -> Self {
        let terms = Terms {
            flavor: Flavor::Usdm,
            api_key: credentials.api_key().to_owned(),
            window_ms: config.recv_window_ms.min(60_000),
            self_trade: config.self_trade_prevention.word(),
            session: credentials.signer().logs_on(),
            switch_ms: config.switch_ms,
        };
        let counts_down = config.switch_ms > 0;
        let abilities = Abilities {
            replaces: false,
            cancels_at_once: 0,
            lists_waiting: 1,
            cancels_apart: true,
            trade_overlap: 0,
            ended_apart: false,
            // It lives for an hour.
            key_every: Nanos::from_s(1_200),
            switch: if counts_down { Switch::Timer } else { Switch::None },
            ping: None,
        };
        let switches = instruments.iter().filter(|_| counts_down).map(|one| one.id).collect();
        Self {
            requests: Requests::new(instruments, &terms, credentials.signer()),
            decoder: Decoder::new(Flavor::Usdm, instruments.to_vec(), assets),
            stream_url: config.stream_url.clone(),
            listen_key: String::new(),
            config,
            credentials,
            terms,
            abilities,
            switches,
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

    /// The listen key was made or made to last: asking again gives the same one while it lives. A
    /// new one means that the stream of the one before has ended.
    fn keep<H: Hear>(&mut self, body: &[u8], sink: &mut H) {
        let Ok(raw) = serde_json::from_slice::<RawKey>(body) else { return };
        if raw.listen_key == self.listen_key {
            return;
        }
        if !self.listen_key.is_empty() {
            sink.hear(Heard::StreamEnded);
        }
        self.stream_url = format!("{}/ws/{}", self.config.stream_url, raw.listen_key);
        self.listen_key = raw.listen_key;
    }
}

impl Wire for BinanceUsdm {
    fn url(&self, door: Door) -> &str {
        match door {
            Door::Stream => &self.stream_url,
            _ => &self.config.ws_api_url,
        }
    }

    fn instruments(&self) -> &[Instrument] {
        self.decoder.names().instruments()
    }

    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn set_up(&self) -> &[Step] {
        if self.terms.session { &SET_UP } else { &SET_UP_SIGNED }
    }

    #[inline]
    fn door(&self, ask: &Ask) -> Door {
        match ask {
            // The venue answers questions about conditional orders over REST alone.
            Ask::Query { order, .. } if order.waits => Door::Rest,
            _ => match ask.kind() {
                Kind::Place | Kind::Move | Kind::Cancel | Kind::Query | Kind::Logon => Door::Entry,
                _ => Door::Rest,
            },
        }
    }

    fn window(&self) -> Nanos {
        Nanos::from_ms(u64::from(self.terms.window_ms))
    }

    /// As documented; what was really counted comes back with each answer.
    #[inline]
    fn cost(&self, ask: &Ask) -> Cost {
        let weight = match ask.kind() {
            Kind::Place | Kind::Move => 0,
            Kind::Logon => 2,
            Kind::Balances | Kind::Position | Kind::Trades | Kind::TradesOf => 5,
            Kind::Renew => 10,
            Kind::Payments => 30,
            _ => 1,
        };
        // A change counts as a new order.
        let orders = u32::from(matches!(ask.kind(), Kind::Place | Kind::Move));
        Cost { weight, orders, ..Cost::default() }
    }

    fn limits(&self) -> &[Usage] {
        &self.config.limits
    }

    fn switches(&self) -> &[InstrumentId] {
        &self.switches
    }

    #[inline]
    fn encode(&mut self, ask: &Ask, id: RequestId, at_ms: u64) -> Result<&[u8], WireFault> {
        if self.door(ask) != Door::Entry {
            return Err(WireFault::Unsupported);
        }
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
        crate::binance::usage(reply, &self.config.limits, [2_400, 300], sink);
        if reply.status == 200 && id.kind() == Some(Kind::Key) {
            self.keep(&reply.body, sink);
        }
        let retry_ms = u64::from(reply.retry_after_s.unwrap_or(0)) * 1_000;
        self.decoder.http(id, (reply.status, retry_ms), &mut reply.body, sink);
    }
}
