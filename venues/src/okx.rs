//! OKX v5 order entry, spot and USDT-margined swaps in one account: orders and reports over one
//! socket, questions over REST.
//!
//! Requests name an instrument by the venue's number over the socket and by its name over REST.
//! Quantities of swaps are contracts: [`Instrument::size`] writes them. Client ids hold letters and
//! digits only, so ours go out in the compact form. Answers to orders only say that they were taken
//! on; a change is told on the stream with its outcome. Each order carries the time until which the
//! venue may take it. There is no cancel-all: open orders are asked for and cancelled twenty at a
//! time. A timer of the account cancels all unless it is renewed.
//!
//! Stops, pairs (`oco`) and trailing stops (`move_order_stop`) are algo orders: over REST, with ids
//! and lists of their own until they fire, and then an order of the book that bears their name. A
//! pair is one of them. One that is attached to an order comes to be when that one is filled whole:
//! "TP/SL algo order will be generated only when this order is filled fully" (notes to
//! `POST /api/v5/trade/order`, which later say only "filled"); what becomes of it after a part of
//! the order was filled is not said, so the engine cancels what may be there and gives it anew.
//! That one ended is told on a socket of its own (`/ws/v5/business`, channel `orders-algo`), which
//! is not used: whoever waits for it asks.
//!
//! Trade ids are no numbers that go up (those of liquidations are negative, some are empty): trades
//! are told by time and text ([`crate::timed`]). The fast stream of fills is not used: it gives no
//! fee, and the whole one follows. Positions are of one way (`net`).

mod answer;
mod forms;
pub mod metadata;
mod refusal;
mod rest;
mod stream;

use crate::credentials::{Credentials, CredentialsError};
use crate::framed::Framed;
use crate::orders::Orders;
use crate::template::Values;
use crate::timed;
use crate::wire::{
    Abilities, Ask, Cost, Door, Hear, Kind, LimitKind, RequestId, Step, Switch, Usage, Wire,
    WireFault,
};
use answer::Decoder;
use engine::asset::Assets;
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::intent::OrderRef;
use engine::time::Nanos;
use feeds::net::{HttpReply, HttpRequest};

/// Orders that one request cancels: as many as the venue takes of algo orders, of others it takes
/// twenty.
const CANCELS_AT_ONCE: usize = 10;

/// What a session with the venue is made from.
#[derive(Debug)]
pub struct Config {
    /// Order entry and private stream, such as `wss://ws.okx.com/ws/v5/private`.
    pub ws_url: String,
    /// REST, such as `https://openapi.okx.com`; without a slash at its end.
    pub rest_url: String,
    /// Whether it is the venue's demo, which a header has to say.
    pub demo: bool,
    /// How long after it was sent the venue may still take an order or a change, ms.
    pub order_window_ms: u64,
    /// How swaps are margined.
    pub margin: Margin,
    /// What happens when our own orders would trade with each other.
    pub self_trade_prevention: SelfTrade,
    /// After how long without renewal the venue cancels all orders of the account, s, 10 to 120;
    /// 0: never. It acts on orders of others on the account too.
    pub switch_s: u16,
    /// The venue's number of each instrument: `Listing::code`.
    pub codes: Vec<(InstrumentId, u64)>,
    /// The account's limits; see [`limits`].
    pub limits: Vec<Usage>,
}

/// How swaps are margined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Margin {
    /// By all of the account.
    #[default]
    Cross,
    /// Each position by its own.
    Isolated,
}

/// What happens when our own orders would trade with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SelfTrade {
    /// As the venue's default says: the resting one ends.
    #[default]
    Default,
    /// The taking one ends.
    CancelTaker,
    /// The resting one ends.
    CancelMaker,
    /// Both end; not for fill-or-kill.
    CancelBoth,
}

impl SelfTrade {
    const fn word(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::CancelTaker => "cancel_taker",
            Self::CancelMaker => "cancel_maker",
            Self::CancelBoth => "cancel_both",
        }
    }
}

/// The limits of an account without a special level: 60 orders, changes and cancels in 2 s for each
/// of so many instruments, 1000 orders and changes together, and 60 questions.
pub fn limits(instruments: usize) -> Vec<Usage> {
    let two = Nanos::from_s(2);
    let mut all = vec![
        Usage::rolling(LimitKind::Entries, 0, two, 1_000),
        Usage::rolling(LimitKind::Weight, 0, two, 60),
    ];
    for place in 1..=u16::try_from(instruments).unwrap_or(u16::MAX) {
        for limit in [LimitKind::Orders, LimitKind::Amends, LimitKind::Cancels] {
            all.push(Usage::rolling(limit, place, two, 60));
        }
    }
    all
}

const SET_UP: [Step; 4] = [
    // The first one opens the connection too, and measures that.
    Step::Ask(Ask::Time, Door::Rest),
    Step::Ask(Ask::Time, Door::Rest),
    Step::Ask(Ask::Logon, Door::Entry),
    Step::Ask(Ask::Subscribe, Door::Entry),
];

/// The dialect of OKX v5.
#[derive(Debug)]
pub struct Okx {
    config: Config,
    credentials: Credentials,
    rows: Vec<Orders<Framed>>,
    decoder: Decoder,
    abilities: Abilities,
    switches: Vec<InstrumentId>,
    doomed: Vec<OrderRef>,
    /// The last message that is made anew each time.
    text: String,
}

impl Okx {
    /// For these instruments. Names of assets that are not among `assets` are added as they come.
    /// Refuses keys that do not sign with HMAC or have no passphrase.
    pub fn new(
        config: Config,
        credentials: Credentials,
        instruments: &[Instrument],
        assets: Assets,
    ) -> Result<Self, CredentialsError> {
        let credentials = credentials.hmac_for("OKX")?;
        if credentials.passphrase().is_empty() {
            return Err(CredentialsError::NoPassphrase { venue: "OKX" });
        }
        let counts_down = config.switch_s > 0;
        let abilities = Abilities {
            replaces: false,
            cancels_at_once: CANCELS_AT_ONCE,
            lists_waiting: rest::WAITING.len() as u8,
            cancels_apart: false,
            trade_overlap: timed::OVERLAP,
            ended_apart: false,
            key_every: Nanos::ZERO,
            switch: if counts_down { Switch::Timer } else { Switch::None },
            ping: Some("ping"),
        };
        // One timer for the account: one instrument stands for all.
        let switches = instruments.iter().take(usize::from(counts_down)).map(|one| one.id);
        Ok(Self {
            rows: instruments.iter().map(|one| forms::lay(one, &config)).collect(),
            switches: switches.collect(),
            decoder: Decoder::new(instruments.to_vec(), assets),
            doomed: Vec::with_capacity(CANCELS_AT_ONCE),
            config,
            credentials,
            abilities,
            text: String::new(),
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

    fn instrument(&self, id: InstrumentId) -> Result<&Instrument, WireFault> {
        let place = self.place(id).ok_or(WireFault::Instrument)?;
        self.decoder.names.instruments().get(place).ok_or(WireFault::Instrument)
    }

    /// Whether what is to be cancelled are conditional orders.
    fn dooms_waiting(&self) -> bool {
        self.doomed.first().is_some_and(|order| order.waits)
    }

    /// The layout of a request about an order, and what to fill it with.
    #[inline]
    fn order<'a>(
        &mut self,
        ask: &'a Ask,
        id: RequestId,
        at_ms: u64,
    ) -> Result<(&mut Framed, Values<'a>), WireFault> {
        let place = self.place(ask.instrument()).ok_or(WireFault::Instrument)?;
        let mut values = Values::new(id, at_ms);
        values.until_ms = at_ms + self.config.order_window_ms;
        let found = self.rows[place].find(ask, &mut values).ok_or(WireFault::Unsupported)?;
        Ok((found?, values))
    }
}

impl Wire for Okx {
    fn url(&self, _door: Door) -> &str {
        &self.config.ws_url
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
        match ask {
            // The socket's `order` knows no attached ones.
            Ask::Conditional { .. } | Ask::Pair { .. } | Ask::Bracket { .. } => return Door::Rest,
            Ask::Cancel(order) if order.waits => return Door::Rest,
            Ask::CancelSome(_) if self.dooms_waiting() => return Door::Rest,
            _ => {}
        }
        match ask.kind() {
            Kind::Place
            | Kind::Move
            | Kind::Amend
            | Kind::Cancel
            | Kind::CancelSome
            | Kind::Logon
            | Kind::Subscribe => Door::Entry,
            _ => Door::Rest,
        }
    }

    fn window(&self) -> Nanos {
        Nanos::from_ms(self.config.order_window_ms)
    }

    /// Questions about the account have a sixth of the limit of the others. Whatever is of algo
    /// orders has a third.
    #[inline]
    fn cost(&self, ask: &Ask) -> Cost {
        let bucket = self.place(ask.instrument()).map_or(0, |place| place as u16 + 1);
        let none = Cost { bucket, ..Cost::default() };
        let is_algo = match ask {
            Ask::Conditional { .. } | Ask::Pair { .. } => true,
            Ask::Cancel(order) | Ask::Query { order, .. } => order.waits,
            Ask::OpenOrders { list, .. } => *list > 0,
            _ => false,
        };
        let share = if is_algo { 3 } else { 1 };
        match ask.kind() {
            Kind::Place => Cost { orders: share, ..none },
            Kind::Move | Kind::Amend => Cost { amends: 1, ..none },
            Kind::Cancel => Cost { cancels: share, ..none },
            // Cancels of many have a limit of their own, of 300 orders.
            Kind::Logon | Kind::Subscribe | Kind::CancelSome => Cost::default(),
            Kind::Balances | Kind::Position | Kind::Payments => {
                Cost { weight: 6, ..Cost::default() }
            }
            _ => Cost { weight: share, ..Cost::default() },
        }
    }

    fn limits(&self) -> &[Usage] {
        &self.config.limits
    }

    fn switches(&self) -> &[InstrumentId] {
        &self.switches
    }

    fn doom(&mut self, orders: &[OrderRef]) {
        self.doomed.clear();
        self.doomed.extend(orders.iter().take(CANCELS_AT_ONCE));
    }

    #[inline]
    fn encode(&mut self, ask: &Ask, id: RequestId, at_ms: u64) -> Result<&[u8], WireFault> {
        match ask {
            Ask::Logon => self.text = forms::logon(&self.credentials, at_ms / 1_000),
            Ask::Subscribe => {
                let channels = forms::channels(self.instruments());
                self.decoder.awaits(channels.len());
                self.text = forms::subscribe(&channels, id);
            }
            Ask::CancelSome(instrument) => {
                let whose = forms::code(*instrument, &self.config);
                self.text = forms::cancel_some(&whose, &self.doomed, Some(id))?;
            }
            _ => {
                let (framed, values) = self.order(ask, id, at_ms)?;
                return Ok(framed.frame(&values));
            }
        }
        Ok(self.text.as_bytes())
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
}
