//! Bybit v5 order entry, spot and linear perpetuals in one account: orders over the trade socket,
//! reports over the private one, questions over REST.
//!
//! Answers to orders only say that they were taken on; what became of them is on the private
//! stream, which does not say which change of an order was made: an order that stands as it was to
//! be has been changed. Orders are named by our client ids; the venue's are UUIDs, of which a
//! bounded table remembers the newest. Nothing replaces an order in one request. Trades have UUIDs
//! for ids, so they are told by time and text ([`crate::timed`]). Positions are of one way.
//!
//! Stops of perpetuals and of spot (`orderFilter` is `StopOrder`) are orders of ours. Once one of
//! spot fires, "the order ID will be kept the same" (the documentation's page of pilot features),
//! and so is our name of it. Those of spot lock nothing until then; they are listed with the others
//! and cancelled apart.
//!
//! What trails or is linked the engine holds, for at this venue it would have no name of ours.
//! Trailing stops and what comes after an entry are parts of a position: "Passing these parameters
//! will create conditional orders by the system internally" (`POST /v5/position/trading-stop`), and
//! its `orderLinkId` is none of the parameters. What spot attaches to an order (`takeProfit`,
//! `stopLoss`) has none either: "you can't give them your own `orderLinkId`"
//! (`bybit-exchange/pybit/issues/213`). Spot's `OcoOrder` is listed and cancelled over the API, and
//! not created.
//!
//! The faster stream of executions is not used: it gives no fee, and the whole one follows within a
//! few ms. There is no dead-man's switch that a client renews; where the venue has switched on its
//! disconnect protection for the account, the window is set once a connection, and it acts when all
//! private streams are lost.

mod answer;
mod forms;
mod ids;
pub mod metadata;
mod refusal;
mod rest;
mod stream;

use crate::credentials::{Credentials, CredentialsError};
use crate::framed::Framed;
use crate::orders::{Named, Orders, naming};
use crate::template::Values;
use crate::timed;
use crate::wire::{
    Abilities, Ask, Cost, Door, Hear, Kind, LimitKind, RequestId, Step, Switch, Usage, Wire,
    WireFault,
};
use answer::Decoder;
use engine::asset::Assets;
use engine::id::InstrumentId;
use engine::instrument::{self, Instrument};
use engine::intent::OrderRef;
use engine::time::Nanos;
use feeds::net::{HttpReply, HttpRequest};

/// How long a log-on may take to arrive, ms.
const LOGON_MS: u64 = 10_000;

/// What a session with the venue is made from.
#[derive(Debug)]
pub struct Config {
    /// Order entry, such as `wss://stream.bybit.com/v5/trade`.
    pub trade_url: String,
    /// Private stream, such as `wss://stream.bybit.com/v5/private`.
    pub stream_url: String,
    /// REST, such as `https://api.bybit.com`; without a slash at its end.
    pub rest_url: String,
    /// How long a request stays valid after its time stamp, ms.
    pub recv_window_ms: u32,
    /// What happens when our own orders would trade with each other.
    pub self_trade_prevention: SelfTrade,
    /// Window of the venue's disconnect protection, s, 3 to 300; 0: it is not used. Only for
    /// accounts for which the venue has switched it on.
    pub protect_s: u16,
    /// The account's limits; see [`limits`].
    pub limits: Vec<Usage>,
}

/// What happens when our own orders would trade with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SelfTrade {
    /// As the venue's default says: they trade.
    #[default]
    Default,
    /// The taking one ends.
    CancelTaker,
    /// The resting one ends.
    CancelMaker,
    /// Both end.
    CancelBoth,
}

impl SelfTrade {
    const fn word(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::CancelTaker => "CancelTaker",
            Self::CancelMaker => "CancelMaker",
            Self::CancelBoth => "CancelBoth",
        }
    }
}

/// Buckets of the limits: each category has its own.
const fn bucket(kind: instrument::Kind) -> u16 {
    match kind {
        instrument::Kind::Spot => 1,
        instrument::Kind::Linear => 2,
    }
}

/// The limits of an account without a special level: orders, changes and cancels a second on spot
/// and on linear, and REST requests of an address.
pub fn limits() -> Vec<Usage> {
    let second = Nanos::from_s(1);
    let mut all = vec![Usage::rolling(LimitKind::Weight, 0, Nanos::from_s(5), 600)];
    for (kind, orders, amends, cancels) in
        [(instrument::Kind::Spot, 20, 10, 20), (instrument::Kind::Linear, 10, 10, 10)]
    {
        let of = |limit, max| Usage::rolling(limit, bucket(kind), second, max);
        all.push(of(LimitKind::Orders, orders));
        all.push(of(LimitKind::Amends, amends));
        all.push(of(LimitKind::Cancels, cancels));
    }
    all
}

const SET_UP: [Step; 6] = [
    // The first one opens the connection too, and measures that.
    Step::Ask(Ask::Time, Door::Rest),
    Step::Ask(Ask::Time, Door::Rest),
    Step::Ask(Ask::Logon, Door::Entry),
    Step::DialStream,
    Step::Ask(Ask::Logon, Door::Stream),
    Step::Ask(Ask::Subscribe, Door::Stream),
];

/// The dialect of Bybit v5.
#[derive(Debug)]
pub struct Bybit {
    config: Config,
    credentials: Credentials,
    rows: Vec<Orders<Framed>>,
    decoder: Decoder,
    abilities: Abilities,
    switches: Vec<InstrumentId>,
    /// The last message that is made anew each time.
    text: String,
    /// Room for the venue's id of an order.
    named: [u8; ids::ID_LEN],
}

impl Bybit {
    /// For these instruments. Names of assets that are not among `assets` are added as they come.
    /// Refuses keys that do not sign with HMAC.
    pub fn new(
        config: Config,
        credentials: Credentials,
        instruments: &[Instrument],
        assets: Assets,
    ) -> Result<Self, CredentialsError> {
        let credentials = credentials.hmac_for("Bybit")?;
        let protects = config.protect_s > 0;
        let abilities = Abilities {
            replaces: false,
            cancels_at_once: 0,
            lists_waiting: 0,
            cancels_apart: true,
            trade_overlap: timed::OVERLAP,
            ended_apart: true,
            key_every: Nanos::ZERO,
            switch: if protects { Switch::Link } else { Switch::None },
            ping: Some(r#"{"op":"ping"}"#),
        };
        // One of each category stands for all of it.
        let first = |kind| instruments.iter().find(move |one: &&Instrument| one.kind == kind);
        let both = [instrument::Kind::Spot, instrument::Kind::Linear];
        let switches = both.into_iter().filter_map(first).filter(|_| protects);
        Ok(Self {
            rows: instruments.iter().map(|one| forms::lay(one, &config)).collect(),
            switches: switches.map(|one| one.id).collect(),
            decoder: Decoder::new(instruments.to_vec(), assets),
            config,
            credentials,
            abilities,
            text: String::new(),
            named: [0; ids::ID_LEN],
        })
    }

    /// New grids or limits of an instrument: its requests are laid out anew. Not for the hot path.
    pub fn set_instrument(&mut self, instrument: &Instrument) {
        if let Some(place) = self.place(instrument.id) {
            self.rows[place] = forms::lay(instrument, &self.config);
        }
        self.decoder.names.set(instrument);
    }

    /// The assets by id, those included that answers added.
    pub const fn assets(&self) -> &Assets {
        self.decoder.names.assets()
    }

    #[inline]
    fn place(&self, id: InstrumentId) -> Option<usize> {
        self.decoder.names.instruments().iter().position(|one| one.id == id)
    }

    fn instrument(&self, id: InstrumentId) -> Result<Instrument, WireFault> {
        let place = self.place(id).ok_or(WireFault::Instrument)?;
        Ok(self.decoder.names.instruments()[place])
    }

    /// The layout of a request about an order, and what to fill it with.
    #[inline]
    fn order<'s: 'a, 'a>(
        &'s mut self,
        ask: &'a Ask,
        id: RequestId,
        at_ms: u64,
    ) -> Result<(&'s mut Framed, Values<'a>), WireFault> {
        let place = self.place(ask.instrument()).ok_or(WireFault::Instrument)?;
        let mut values = Values::new(id, at_ms);
        let about = match ask {
            Ask::Cancel(order) | Ask::Amend { order, .. } => Some(order),
            Ask::Move { old, .. } => Some(old),
            _ => None,
        };
        let mut len = 0;
        if let Some(order) = about
            && naming(order, false)? == Named::Venue
        {
            len = self.decoder.ids.text(order.venue_order, &mut self.named);
            if len == 0 {
                return Err(WireFault::Unsupported);
            }
        }
        let found = self.rows[place].find(ask, &mut values).ok_or(WireFault::Unsupported)?;
        values.venue_text = &self.named[..len];
        Ok((found?, values))
    }

    /// How an order is named in the query of a question.
    fn named(&mut self, order: &OrderRef, by_venue_id: bool) -> Result<String, WireFault> {
        let mut text = [0; ids::ID_LEN];
        let wished = by_venue_id || naming(order, false)? == Named::Venue;
        let len = if wished { self.decoder.ids.text(order.venue_order, &mut text) } else { 0 };
        if len > 0 {
            return Ok(format!("orderId={}", String::from_utf8_lossy(&text[..len])));
        }
        if order.client.order.is_foreign() {
            return Err(WireFault::Unsupported);
        }
        let mut client = [0; engine::id::CLIENT_ID_LEN];
        order.client.write(&mut client);
        Ok(format!("orderLinkId={}", String::from_utf8_lossy(&client)))
    }
}

impl Wire for Bybit {
    fn url(&self, door: Door) -> &str {
        match door {
            Door::Stream => &self.config.stream_url,
            _ => &self.config.trade_url,
        }
    }

    fn instruments(&self) -> &[Instrument] {
        self.decoder.names.instruments()
    }

    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn set_up(&self) -> &[Step] {
        &SET_UP
    }

    #[inline]
    fn door(&self, ask: &Ask) -> Door {
        match ask.kind() {
            Kind::Place | Kind::Move | Kind::Amend | Kind::Cancel | Kind::Logon => Door::Entry,
            Kind::Subscribe => Door::Stream,
            _ => Door::Rest,
        }
    }

    fn window(&self) -> Nanos {
        Nanos::from_ms(u64::from(self.config.recv_window_ms))
    }

    #[inline]
    fn cost(&self, ask: &Ask) -> Cost {
        let place = self.place(ask.instrument());
        let instrument = place.and_then(|place| self.instruments().get(place));
        let bucket = instrument.map_or(0, |one| bucket(one.kind));
        let none = Cost { bucket, ..Cost::default() };
        match ask.kind() {
            Kind::Place => Cost { orders: 1, ..none },
            Kind::Move | Kind::Amend => Cost { amends: 1, ..none },
            Kind::Cancel => Cost { cancels: 1, ..none },
            Kind::Logon | Kind::Subscribe => Cost::default(),
            _ => Cost { weight: 1, ..Cost::default() },
        }
    }

    fn limits(&self) -> &[Usage] {
        &self.config.limits
    }

    fn switches(&self) -> &[InstrumentId] {
        &self.switches
    }

    #[inline]
    fn encode(&mut self, ask: &Ask, id: RequestId, at_ms: u64) -> Result<&[u8], WireFault> {
        match ask {
            Ask::Logon => {
                self.text = forms::logon(&self.credentials, at_ms + LOGON_MS);
                return Ok(self.text.as_bytes());
            }
            Ask::Subscribe => {
                self.text = forms::subscribe(self.instruments(), &self.config, id);
                return Ok(self.text.as_bytes());
            }
            _ => {}
        }
        let bucket = self.cost(ask).bucket;
        self.decoder.sent(id, bucket);
        let (framed, values) = self.order(ask, id, at_ms)?;
        Ok(framed.frame(&values))
    }

    fn encode_http(&mut self, ask: &Ask, at_ms: u64) -> Result<HttpRequest, WireFault> {
        let request = rest::request(self, ask, at_ms)?;
        Ok(match ask {
            // Asked before the clocks are known to agree: a signed one may be refused for that.
            Ask::Time => request.plain(&self.config.rest_url),
            _ => request.signed(&self.config, &self.credentials, at_ms),
        })
    }

    fn on_bytes<H: Hear>(&mut self, bytes: &mut [u8], sink: &mut H) -> Result<(), WireFault> {
        self.decoder.message(bytes, sink)
    }

    fn on_http<H: Hear>(&mut self, id: RequestId, reply: &mut HttpReply, sink: &mut H) {
        self.decoder.http(id, reply.status, &mut reply.body, sink);
    }

    fn ids_forgotten(&self) -> u64 {
        self.decoder.ids.forgotten()
    }
}
