//! The dialects under test, each over the instruments of its venue, and what is asked of them.
#![allow(dead_code)] // each of the tests that share this file uses a part

use engine::asset::Assets;
use engine::condition::{By, Condition, Watched};
use engine::id::{ClientId, InstrumentId, OrderId, Side};
use engine::instrument::{Instrument, Kind, Symbol};
use engine::intent::{OrderRef, Place, Tif};
use engine::num::{Grid, Price, Qty};
use feeds::net::{HttpReply, HttpRequest};
use venues::binance_spot::{self, BinanceSpot};
use venues::binance_usdm::{self, BinanceUsdm};
use venues::bybit::{self, Bybit};
use venues::credentials::Credentials;
use venues::okx::{self, Okx};
use venues::wire::{Ask, Door, Heard, RequestId, Twin, Wire, WireFault};

/// The venue's time at which requests are made, ms since 1970.
pub const AT_MS: u64 = 1_700_000_000_000;

/// A dialect and its text.
pub struct Dialect {
    pub name: &'static str,
    pub text: &'static str,
}

impl Dialect {
    /// What its text says of a case.
    pub fn lines(&self, case: &str) -> Vec<&'static str> {
        let mut lines = self.text.lines().skip_while(|line| *line != format!("== {case}"));
        lines.next();
        lines.take_while(|line| !line.starts_with("== ")).collect()
    }
}

/// What is asked of every dialect.
pub struct Asks {
    pub requests: Vec<(String, Ask)>,
    /// The REST twins of requests that go over the socket.
    pub over_rest: Vec<(String, Ask)>,
}

const ONE: InstrumentId = InstrumentId(0);

fn order(venue_order: u64) -> OrderRef {
    let client = ClientId { order: OrderId::new(0x6a1f_3b20, 15), cause: 50_093_239_219 };
    OrderRef { client, venue_order, instrument: ONE, waits: false }
}

fn place(side: Side, tif: Tif, instrument: InstrumentId) -> Place {
    let (client, price, qty) = (order(0).client, Price(360_005), Qty(25));
    Place { client, instrument, side, price, qty, tif }
}

/// Requests about orders, one of each kind.
pub fn order_asks() -> Vec<(&'static str, Ask)> {
    let new = place(Side::Sell, Tif::PostOnly, ONE);
    let mut all = vec![
        ("place", Ask::Place(new)),
        ("replace", Ask::Replace { old: order(12), new }),
        ("move", Ask::Move { old: order(12), new }),
        ("cancel", Ask::Cancel(order(12))),
        ("cancel by name", Ask::Cancel(order(0))),
        ("amend", Ask::Amend { order: order(12), qty: Qty(9) }),
    ];
    all.extend(linked());
    all
}

/// Requests about orders that wait for a price.
fn conditional(known: u64) -> Vec<(&'static str, Ask)> {
    let waiting = OrderRef { waits: true, ..order(known) };
    let until = |watched| Condition { by: By::Price, price: Price(355_000), watched, rises: false };
    let [stop, profit] =
        [(Side::Sell, Tif::Ioc), (Side::Buy, Tif::Gtc)].map(|(side, tif)| place(side, tif, ONE));
    vec![
        ("stop", Ask::Conditional { order: stop, until: until(Watched::Last) }),
        (
            "take-profit by the mark price",
            Ask::Conditional { order: profit, until: until(Watched::Mark) },
        ),
        ("cancel one that waits", Ask::Cancel(waiting)),
        ("cancel one that waits by name", Ask::Cancel(OrderRef { waits: true, ..order(0) })),
        ("query one that waits", Ask::Query { order: waiting, by_venue_id: false, ended: false }),
        ("cancel all that wait", Ask::CancelAll { instrument: ONE, waiting: true }),
        ("open orders that wait", Ask::OpenOrders { instrument: ONE, list: 1, page: 0 }),
    ]
}

/// A request for a stop that trails, by so many ticks or millionths.
fn trailing(side: Side, by: By, price: i64, watched: Watched) -> Ask {
    let (price, rises) = (Price(price), side == Side::Buy);
    let until = Condition { price, by, watched, rises };
    Ask::Conditional { order: place(side, Tif::Ioc, ONE), until }
}

/// A stop and a take-profit of the same quantity, where the venue names both or one.
fn pair(side: Side, tifs: [Tif; 2], is_named: bool) -> Ask {
    let rises = side == Side::Buy;
    let [below, above] = [355_000, 365_000].map(Price);
    let (stop, take) = if rises { (above, below) } else { (below, above) };
    let watched = Watched::Last;
    Ask::Pair {
        stop: Place { price: Price(stop.0 - 5), ..place(side, tifs[0], ONE) },
        until: Condition { price: stop, by: By::Price, watched, rises },
        take: Twin { price: Price(take.0 + 5), trigger: take, watched, tif: tifs[1], is_named },
    }
}

/// An entry, and behind it what [`pair`] makes of the other side.
fn bracket(side: Side, tifs: [Tif; 2], is_named: bool) -> Ask {
    let entry = place(side, Tif::Gtc, ONE);
    match pair(side.opposite(), tifs, is_named) {
        Ask::Pair { stop, until, take } => {
            let (price, trigger, tif) = (stop.price, until.price, stop.tif);
            let stop = Twin { price, trigger, tif, is_named: true, ..take };
            Ask::Bracket { entry, stop, take }
        }
        other => other,
    }
}

/// Requests for orders that trail or are linked.
fn linked() -> Vec<(&'static str, Ask)> {
    let (rest, take) = (Tif::Gtc, Tif::Ioc);
    vec![
        ("trailing stop by a share", trailing(Side::Sell, By::Share, 5_000, Watched::Last)),
        (
            "trailing stop by a share of the mark price",
            trailing(Side::Buy, By::Share, 12_000, Watched::Mark),
        ),
        ("trailing stop by a distance", trailing(Side::Sell, By::Distance, 250, Watched::Last)),
        ("pair that sells", pair(Side::Sell, [take, rest], true)),
        ("pair that buys", pair(Side::Buy, [rest, take], true)),
        ("pair of one name", pair(Side::Sell, [take, take], false)),
        ("bracket that buys", bracket(Side::Buy, [take, rest], true)),
        ("bracket that sells", bracket(Side::Sell, [take, take], true)),
        ("bracket of one name behind", bracket(Side::Buy, [take, take], false)),
    ]
}

/// What may be asked otherwise of another kind of instruments.
fn others(known: u64) -> Vec<(&'static str, Ask)> {
    let waiting = OrderRef { waits: true, ..order(known) };
    let (price, watched) = (Price(355_000), Watched::Last);
    let until = Condition { by: By::Price, price, watched, rises: false };
    let stop = Ask::Conditional { order: place(Side::Sell, Tif::Ioc, ONE), until };
    vec![
        ("place on the other kind", Ask::Place(place(Side::Buy, Tif::PostOnly, ONE))),
        ("stop on the other kind", stop),
        ("cancel one that waits on the other kind", Ask::Cancel(waiting)),
        ("cancel all on the other kind", Ask::CancelAll { instrument: ONE, waiting: false }),
        (
            "cancel all that wait on the other kind",
            Ask::CancelAll { instrument: ONE, waiting: true },
        ),
        ("trailing stop on the other kind", trailing(Side::Buy, By::Share, 5_000, watched)),
        ("pair on the other kind", pair(Side::Buy, [Tif::Ioc, Tif::Ioc], false)),
        ("bracket on the other kind", bracket(Side::Sell, [Tif::Ioc, Tif::Ioc], false)),
    ]
}

/// The same of another instrument.
fn on(mut ask: Ask, instrument: InstrumentId) -> Ask {
    match &mut ask {
        Ask::Place(order)
        | Ask::Conditional { order, .. }
        | Ask::Pair { stop: order, .. }
        | Ask::Bracket { entry: order, .. } => order.instrument = instrument,
        Ask::Cancel(order) => order.instrument = instrument,
        Ask::CancelAll { instrument: of, .. } => *of = instrument,
        _ => {}
    }
    ask
}

/// `known` is a venue's id of an order that the dialect has heard of.
fn asks(instruments: &[Instrument], known: u64) -> Asks {
    let named = |by_venue_id, ended| Ask::Query { order: order(known), by_venue_id, ended };
    let new = Place { price: Price(360_010), ..place(Side::Sell, Tif::PostOnly, ONE) };
    let foreign = ClientId { order: OrderId::new(OrderId::FOREIGN_EPOCH, 4), cause: 0 };
    let id = Some((1_699_999_000_000 - 1_577_836_800_000_u64) >> 10 << 34);
    let from = if known < 1 << 40 { Some(55) } else { id };
    let trades = |from, page| Ask::Trades { instrument: ONE, from, page };
    let mut requests: Vec<(&str, Ask)> = vec![
        ("time", Ask::Time),
        ("log-on", Ask::Logon),
        ("key of the stream", Ask::Key),
        ("subscribe", Ask::Subscribe),
        ("place post-only", Ask::Place(place(Side::Buy, Tif::PostOnly, ONE))),
        ("place good till cancelled", Ask::Place(place(Side::Sell, Tif::Gtc, ONE))),
        ("place immediate or cancel", Ask::Place(place(Side::Buy, Tif::Ioc, ONE))),
        ("place fill or kill", Ask::Place(place(Side::Sell, Tif::Fok, ONE))),
        ("replace", Ask::Replace { old: order(0), new }),
        ("replace one that the venue named", Ask::Replace { old: order(known), new }),
        ("move", Ask::Move { old: order(0), new }),
        ("move one that the venue named", Ask::Move { old: order(known), new }),
        ("amend", Ask::Amend { order: order(known), qty: Qty(9) }),
        ("cancel", Ask::Cancel(order(0))),
        ("cancel one that the venue named", Ask::Cancel(order(known))),
        ("cancel another's", Ask::Cancel(OrderRef { client: foreign, ..order(known) })),
        ("cancel one that nobody named", Ask::Cancel(OrderRef { client: foreign, ..order(0) })),
        ("cancel all", Ask::CancelAll { instrument: ONE, waiting: false }),
        ("cancel some", Ask::CancelSome(ONE)),
        ("query", named(false, false)),
        ("query by the venue's id", named(true, false)),
        ("query among the ended", named(false, true)),
        ("open orders", Ask::OpenOrders { instrument: ONE, list: 0, page: 0 }),
        ("balances", Ask::Balances),
        ("position", Ask::Position(ONE)),
        ("newest trades", trades(None, 0)),
        ("trades from", trades(from, 0)),
        ("trades of an order", Ask::TradesOf(order(known))),
        ("newest payments of funding", Ask::Payments { from: None, page: 0 }),
        ("payments of funding from", Ask::Payments { from: id, page: 0 }),
        ("renew the dead-man's switch", Ask::Renew(ONE)),
    ];
    requests.extend(conditional(known));
    requests.extend(linked());
    if let Some(other) = instruments.get(1) {
        let asks = others(known).into_iter();
        requests.extend(asks.map(|(name, ask)| (name, on(ask, other.id))));
    }
    let over_rest = vec![
        ("over REST: place", Ask::Place(place(Side::Buy, Tif::PostOnly, ONE))),
        ("over REST: replace", Ask::Replace { old: order(known), new }),
        ("over REST: move", Ask::Move { old: order(known), new }),
        ("over REST: amend", Ask::Amend { order: order(known), qty: Qty(9) }),
        ("over REST: cancel", Ask::Cancel(order(known))),
        ("over REST: cancel some", Ask::CancelSome(ONE)),
        ("over REST: trailing", trailing(Side::Buy, By::Share, 1_000, Watched::Last)),
        ("over REST: pair", pair(Side::Sell, [Tif::Gtc, Tif::Gtc], true)),
        ("over REST: bracket", bracket(Side::Sell, [Tif::Gtc, Tif::Gtc], true)),
    ];
    let owned = |list: Vec<(&str, Ask)>| {
        list.into_iter().map(|(name, ask)| (name.to_owned(), ask)).collect()
    };
    Asks { requests: owned(requests), over_rest: owned(over_rest) }
}

fn assets() -> Assets {
    let mut assets = Assets::default();
    for name in ["BTC", "USDT", "BNB"] {
        assets.intern(Symbol::new(name).unwrap()).unwrap();
    }
    assets
}

fn instrument(id: u16, symbol: &str, kind: Kind, lots: (u8, u8)) -> Instrument {
    let assets = assets();
    let pair = (assets.id(b"BTC").unwrap(), assets.id(b"USDT").unwrap());
    let grid = |decimals| Grid { decimals, step: 1 };
    let symbol = Symbol::new(symbol).unwrap();
    let mut one = Instrument::new(InstrumentId(id), symbol, pair, (grid(1), grid(lots.0)));
    one.kind = kind;
    one.size = grid(lots.1);
    one
}

fn key() -> Credentials {
    let text =
        br#"{"kind":"hmac","api_key":"key","secret":"secretsecret","passphrase":"password"}"#;
    Credentials::from_json(text, "test").unwrap()
}

/// The dialect over its instruments.
pub fn spot() -> BinanceSpot {
    let config = binance_spot::Config {
        ws_api_url: "wss://ws-api.binance.com:443/ws-api/v3".to_owned(),
        rest_url: "https://api.binance.com".to_owned(),
        recv_window_ms: 5_000,
        self_trade_prevention: binance_spot::SelfTrade::ExpireTaker,
        limits: Vec::new(),
    };
    BinanceSpot::new(config, key(), &[instrument(0, "BTCUSDT", Kind::Spot, (5, 5))], assets())
}

/// The dialect over its instruments.
pub fn usdm() -> BinanceUsdm {
    let config = binance_usdm::Config {
        ws_api_url: "wss://ws-fapi.binance.com/ws-fapi/v1".to_owned(),
        stream_url: "wss://fstream.binance.com/private".to_owned(),
        rest_url: "https://fapi.binance.com".to_owned(),
        recv_window_ms: 5_000,
        self_trade_prevention: binance_usdm::SelfTrade::ExpireTaker,
        switch_ms: 30_000,
        limits: Vec::new(),
    };
    BinanceUsdm::new(config, key(), &[instrument(0, "BTCUSDT", Kind::Linear, (3, 3))], assets())
}

/// The id of an order at Bybit.
const UUID: &str = "a4c1718e-4a3b-4b8e-9f0a-0123456789ab";

/// The dialect over its instruments.
pub fn bybit() -> Bybit {
    let config = bybit::Config {
        trade_url: "wss://stream.bybit.com/v5/trade".to_owned(),
        stream_url: "wss://stream.bybit.com/v5/private".to_owned(),
        rest_url: "https://api.bybit.com".to_owned(),
        recv_window_ms: 5_000,
        self_trade_prevention: bybit::SelfTrade::CancelTaker,
        protect_s: 10,
        limits: bybit::limits(),
    };
    let both = [
        instrument(0, "BTCUSDT", Kind::Linear, (3, 3)),
        instrument(1, "BTCUSDT", Kind::Spot, (6, 6)),
    ];
    let mut wire = Bybit::new(config, key(), &both, assets()).unwrap();
    Wire::on_bytes(&mut wire, &mut heard_of().into_bytes(), &mut |_| {}).unwrap();
    wire
}

/// A message of Bybit by which the id of an order becomes known.
fn heard_of() -> String {
    format!(
        r#"{{"topic":"order","creationTime":1,"data":[{{"category":"linear","symbol":"BTCUSDT",
         "orderId":"{UUID}","orderStatus":"Untriggered"}}]}}"#
    )
}

/// The dialect over its instruments.
pub fn okx() -> Okx {
    let config = okx::Config {
        ws_url: "wss://ws.okx.com/ws/v5/private".to_owned(),
        rest_url: "https://www.okx.com".to_owned(),
        demo: false,
        order_window_ms: 5_000,
        margin: okx::Margin::Cross,
        self_trade_prevention: okx::SelfTrade::CancelTaker,
        switch_s: 30,
        codes: vec![(InstrumentId(0), 11), (InstrumentId(1), 10)],
        limits: okx::limits(2),
    };
    let both = [
        instrument(0, "BTC-USDT-SWAP", Kind::Linear, (4, 2)),
        instrument(1, "BTC-USDT", Kind::Spot, (8, 8)),
    ];
    let mut wire = Okx::new(config, key(), &both, assets()).unwrap();
    wire.doom(&[order(71), order(0)]);
    wire
}

/// A dialect behind one type.
pub trait AnyWire {
    fn door(&self, ask: &Ask) -> Door;
    fn encode(&mut self, ask: &Ask, id: RequestId) -> Result<String, WireFault>;
    fn encode_http(&mut self, ask: &Ask) -> Result<HttpRequest, WireFault>;
    fn on_bytes(&mut self, bytes: &mut [u8]) -> (Vec<Heard>, Result<(), WireFault>);
    fn on_http(&mut self, id: RequestId, reply: &mut HttpReply) -> Vec<Heard>;
}

impl<W: Wire> AnyWire for W {
    fn door(&self, ask: &Ask) -> Door {
        Wire::door(self, ask)
    }

    fn encode(&mut self, ask: &Ask, id: RequestId) -> Result<String, WireFault> {
        Wire::encode(self, ask, id, AT_MS).map(|text| String::from_utf8(text.to_vec()).unwrap())
    }

    fn encode_http(&mut self, ask: &Ask) -> Result<HttpRequest, WireFault> {
        Wire::encode_http(self, ask, AT_MS)
    }

    fn on_bytes(&mut self, bytes: &mut [u8]) -> (Vec<Heard>, Result<(), WireFault>) {
        let mut heard = Vec::new();
        let read = Wire::on_bytes(self, bytes, &mut |what| heard.push(what));
        (heard, read)
    }

    fn on_http(&mut self, id: RequestId, reply: &mut HttpReply) -> Vec<Heard> {
        let mut heard = Vec::new();
        Wire::on_http(self, id, reply, &mut |what| heard.push(what));
        heard
    }
}

/// Makes a dialect anew.
pub type Make = dyn Fn() -> Box<dyn AnyWire>;

/// Calls `check` for each dialect.
pub fn for_each(mut check: impl FnMut(&Dialect, &Asks, &Make)) {
    let (known, far) = (12_569_099_453, 452_197_707_845_865_472);
    let mut one = |name, text, asks: Asks, make: &Make| check(&Dialect { name, text }, &asks, make);
    let text = include_str!("binance_spot.txt");
    one("binance_spot", text, asks(spot().instruments(), known), &|| Box::new(spot()));
    let text = include_str!("binance_usdm.txt");
    one("binance_usdm", text, asks(usdm().instruments(), known), &|| Box::new(usdm()));
    let text = include_str!("bybit.txt");
    one("bybit", text, asks(bybit().instruments(), uuid_number()), &|| Box::new(bybit()));
    let text = include_str!("okx.txt");
    one("okx", text, asks(okx().instruments(), far), &|| Box::new(okx()));
}

/// The number that stands for [`UUID`].
fn uuid_number() -> u64 {
    let mut number = 0;
    let text = heard_of()
        .replace("Untriggered", "New")
        .replace(r#""orderStatus""#, r#""price":"1","qty":"1","orderStatus""#);
    let mut wire = bybit();
    let read = Wire::on_bytes(&mut wire, &mut text.into_bytes(), &mut |heard| {
        if let Heard::Report(report) = heard {
            number = report.venue_order;
        }
    });
    read.unwrap();
    number
}
