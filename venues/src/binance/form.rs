//! The venue's requests, declared once: method, path and parameters. The JSON of the WebSocket API,
//! the sorted payload that is signed and the REST query are all laid out from the same declaration.

use super::{Flavor, linked};
use crate::orders::{Named, Shape, Words};
use crate::template::{Field, Piece, Pieces};
use engine::condition::{By, Condition, Watched};
use engine::id::Side;
use engine::instrument::Instrument;
use engine::intent::Tif;
use feeds::net::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// What a query percent-encodes: all but the unreserved characters of RFC 3986.
pub(crate) const RESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A parameter's value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A JSON string that is always the same.
    Text(String),
    /// A JSON number or boolean that is always the same.
    Plain(String),
    /// A JSON string filled in each time.
    Field(Field),
    /// A JSON number filled in each time.
    Number(Field),
}

/// What is the same for all requests of a session.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// Which venue.
    pub flavor: Flavor,
    /// The API key.
    pub api_key: String,
    /// How long a request stays valid after its time stamp, ms.
    pub window_ms: u32,
    /// Self-trade prevention; empty leaves the symbol's default.
    pub self_trade: &'static str,
    /// Whether requests carry no key and signature because the session is authenticated.
    pub session: bool,
    /// How long after it was set the dead-man's switch acts, ms; 0: never.
    pub switch_ms: u64,
}

/// A declared request.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    /// Method of the WebSocket API.
    pub name: &'static str,
    /// REST method and path; `None` where there is no twin.
    pub rest: Option<(Method, &'static str)>,
    /// Whether it wants key, time stamp and signature.
    pub signed: bool,
    /// Whether REST wants the key, signed or not.
    pub named: bool,
    /// Whether it is signed even when the session is authenticated.
    pub always: bool,
    /// Parameters, those of fixed width first.
    pub params: Vec<(&'static str, Value)>,
}

pub(super) fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn plain(value: &str) -> Value {
    Value::Plain(value.to_owned())
}

pub(super) const fn word(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

const fn naming(named: Named) -> (&'static str, Value) {
    match named {
        Named::Client => ("origClientOrderId", Value::Field(Field::Client)),
        Named::Venue => ("orderId", Value::Number(Field::Venue)),
    }
}

const fn waiting(named: Named) -> (&'static str, Value) {
    match named {
        Named::Client => ("clientAlgoId", Value::Field(Field::Client)),
        Named::Venue => ("algoId", Value::Number(Field::Venue)),
    }
}

impl Form {
    pub(super) fn new(
        name: &'static str,
        rest: Option<(Method, &'static str)>,
        params: Vec<(&'static str, Value)>,
    ) -> Self {
        Self { name, rest, signed: true, named: true, always: false, params }
    }

    /// `time`: the venue's clock.
    pub fn time(flavor: Flavor) -> Self {
        let path = match flavor {
            Flavor::Spot => "/api/v3/time",
            Flavor::Usdm => "/fapi/v1/time",
        };
        let form = Self::new("time", Some((Method::Get, path)), Vec::new());
        Self { signed: false, named: false, ..form }
    }

    /// `session.logon`.
    pub fn logon() -> Self {
        Self { always: true, ..Self::new("session.logon", None, Vec::new()) }
    }

    /// Subscription to the private stream: by signature where the session is not authenticated.
    pub fn subscribe(session: bool) -> Self {
        if session {
            let form = Self::new("userDataStream.subscribe", None, Vec::new());
            return Self { signed: false, ..form };
        }
        Self::new("userDataStream.subscribe.signature", None, Vec::new())
    }

    /// The listen key: made anew, or the same one for another hour.
    pub fn key() -> Self {
        let rest = Some((Method::Post, "/fapi/v1/listenKey"));
        Self { signed: false, ..Self::new("userDataStream.start", rest, Vec::new()) }
    }

    /// Balances, on Spot those above zero.
    pub fn balances(flavor: Flavor) -> Self {
        match flavor {
            Flavor::Spot => {
                let params = vec![("omitZeroBalances", plain("true"))];
                Self::new("account.status", Some((Method::Get, "/api/v3/account")), params)
            }
            Flavor::Usdm => {
                let rest = Some((Method::Get, "/fapi/v3/balance"));
                Self::new("v2/account.balance", rest, Vec::new())
            }
        }
    }

    /// Funding payments since a time.
    pub fn payments() -> Self {
        let params = vec![
            ("incomeType", text("FUNDING_FEE")),
            ("limit", plain("1000")),
            ("startTime", Value::Number(Field::From)),
        ];
        Self::new("income", Some((Method::Get, "/fapi/v1/income")), params)
    }

    /// A request about an order; `None` for what the venue does not have.
    pub fn order(instrument: &Instrument, shape: Shape, terms: &Terms) -> Option<Self> {
        let spot = terms.flavor == Flavor::Spot;
        let path = if spot { "/api/v3/order" } else { "/fapi/v1/order" };
        Some(match shape {
            Shape::Place(side, tif) => {
                let params = order_params(instrument, side, tif, terms);
                Self::new("order.place", Some((Method::Post, path)), params)
            }
            Shape::Conditional(side, tif) if spot => {
                let params = stop_params(instrument, side, tif, terms);
                Self::new("order.place", Some((Method::Post, path)), params)
            }
            Shape::Conditional(side, tif) => {
                let params = algo_params(instrument, side, tif, terms);
                let rest = Some((Method::Post, "/fapi/v1/algoOrder"));
                Self::new("algoOrder.place", rest, params)
            }
            Shape::Trailing(side, By::Share) if spot => {
                linked::trailing_spot(instrument, side, terms)
            }
            Shape::Trailing(side, By::Share) => linked::trailing_usdm(instrument, side, terms),
            Shape::Pair(side, tifs) if spot => linked::pair(instrument, side, tifs, terms),
            Shape::Bracket(side, tifs) if spot => linked::bracket(instrument, side, tifs, terms),
            Shape::CancelWaiting(named) if !spot => {
                let params = vec![waiting(named)];
                let rest = Some((Method::Delete, "/fapi/v1/algoOrder"));
                Self::new("algoOrder.cancel", rest, params)
            }
            Shape::Replace(side, tif, named) if spot => {
                Self::replace(instrument, (side, tif), named, terms)
            }
            Shape::Move(side, named) if !spot => {
                let mut params =
                    vec![("symbol", text(instrument.symbol.as_str())), ("side", text(word(side)))];
                params.push(naming(named));
                params.push(("price", Value::Field(Field::Price)));
                params.push(("quantity", Value::Field(Field::Qty)));
                Self::new("order.modify", Some((Method::Put, path)), params)
            }
            Shape::Cancel(named) => {
                let params = vec![("symbol", text(instrument.symbol.as_str())), naming(named)];
                Self::new("order.cancel", Some((Method::Delete, path)), params)
            }
            Shape::Amend(named) if spot => {
                let params = vec![
                    ("symbol", text(instrument.symbol.as_str())),
                    // Without it the venue would give the order a random new name.
                    ("newClientOrderId", Value::Field(Field::Client)),
                    naming(named),
                    ("newQty", Value::Field(Field::Qty)),
                ];
                let rest = Some((Method::Put, "/api/v3/order/amend/keepPriority"));
                Self::new("order.amend.keepPriority", rest, params)
            }
            _ => return None,
        })
    }

    /// `order.cancelReplace`, stopping when the cancel fails.
    fn replace(
        instrument: &Instrument,
        (side, tif): (Side, Tif),
        named: Named,
        terms: &Terms,
    ) -> Self {
        let mut params = vec![("cancelReplaceMode", text("STOP_ON_FAILURE"))];
        if named == Named::Client {
            params.push(("cancelOrigClientOrderId", Value::Field(Field::Old)));
        }
        params.extend(order_params(instrument, side, tif, terms));
        if named == Named::Venue {
            params.push(("cancelOrderId", Value::Number(Field::Venue)));
        }
        let rest = Some((Method::Post, "/api/v3/order/cancelReplace"));
        Self::new("order.cancelReplace", rest, params)
    }

    /// What became of an order.
    pub fn query(instrument: &Instrument, named: Named, waiting: bool, flavor: Flavor) -> Self {
        if waiting {
            let rest = Some((Method::Get, "/fapi/v1/algoOrder"));
            return Self::new("algoOrder.status", rest, vec![self::waiting(named)]);
        }
        let path = if flavor == Flavor::Spot { "/api/v3/order" } else { "/fapi/v1/order" };
        let params = vec![("symbol", text(instrument.symbol.as_str())), naming(named)];
        Self::new("order.status", Some((Method::Get, path)), params)
    }

    /// Cancels all open orders of an instrument.
    pub fn cancel_all(instrument: &Instrument, waiting: bool, flavor: Flavor) -> Self {
        let (name, path) = match (flavor, waiting) {
            (Flavor::Spot, _) => ("openOrders.cancelAll", "/api/v3/openOrders"),
            (Flavor::Usdm, false) => ("allOpenOrders", "/fapi/v1/allOpenOrders"),
            (Flavor::Usdm, true) => ("algoOpenOrders", "/fapi/v1/algoOpenOrders"),
        };
        let params = vec![("symbol", text(instrument.symbol.as_str()))];
        Self::new(name, Some((Method::Delete, path)), params)
    }

    /// Open orders of an instrument.
    pub fn open_orders(instrument: &Instrument, waiting: bool, flavor: Flavor) -> Self {
        let (name, path) = match (flavor, waiting) {
            (Flavor::Spot, _) => ("openOrders.status", "/api/v3/openOrders"),
            (Flavor::Usdm, false) => ("openOrders", "/fapi/v1/openOrders"),
            (Flavor::Usdm, true) => ("openAlgoOrders", "/fapi/v1/openAlgoOrders"),
        };
        let params = vec![("symbol", text(instrument.symbol.as_str()))];
        Self::new(name, Some((Method::Get, path)), params)
    }

    /// The position in an instrument.
    pub fn position(instrument: &Instrument) -> Self {
        let params = vec![("symbol", text(instrument.symbol.as_str()))];
        Self::new("v3/position", Some((Method::Get, "/fapi/v3/positionRisk")), params)
    }

    /// Sets or renews the dead-man's switch of an instrument.
    pub fn renew(instrument: &Instrument, terms: &Terms) -> Self {
        let params = vec![
            ("symbol", text(instrument.symbol.as_str())),
            ("countdownTime", plain(&terms.switch_ms.to_string())),
        ];
        Self::new("countdown", Some((Method::Post, "/fapi/v1/countdownCancelAll")), params)
    }

    /// Own trades: from an id on, of one order, or (`None`) the newest one.
    pub fn trades(instrument: &Instrument, by: Option<Field>, flavor: Flavor) -> Self {
        let mut params = vec![("symbol", text(instrument.symbol.as_str()))];
        params.push(("limit", plain(if by.is_some() { "1000" } else { "1" })));
        match by {
            Some(Field::Venue) => params.push(("orderId", Value::Number(Field::Venue))),
            Some(_) => params.push(("fromId", Value::Number(Field::From))),
            None => {}
        }
        let path = if flavor == Flavor::Spot { "/api/v3/myTrades" } else { "/fapi/v1/userTrades" };
        Self::new("myTrades", Some((Method::Get, path)), params)
    }

    /// The parameters of a signed request besides its signature, in order of their declaration.
    fn all(&self, terms: &Terms, keyed: bool) -> Vec<(&'static str, Value)> {
        if !self.signed {
            return self.params.clone();
        }
        let mut all = Vec::new();
        if keyed {
            all.push(("apiKey", text(&terms.api_key)));
        }
        if self.name != "session.logon" {
            all.push(("recvWindow", Value::Plain(terms.window_ms.to_string())));
        }
        all.push(("timestamp", Value::Number(Field::Time)));
        all.extend(self.params.iter().cloned());
        all
    }

    /// Whether it carries key and signature over the WebSocket.
    pub const fn keyed(&self, terms: &Terms) -> bool {
        self.signed && (self.always || !terms.session)
    }

    /// The message of the WebSocket API.
    pub fn json(&self, terms: &Terms) -> Vec<Piece> {
        let mut out = Pieces::default();
        out.text("{\"id\":\"").field(Field::Id);
        out.text("\",\"method\":\"").text(self.name).text("\"");
        let keyed = self.keyed(terms);
        let params = self.all(terms, keyed);
        if !params.is_empty() {
            out.text(",\"params\":{");
            for (place, (key, value)) in params.iter().enumerate() {
                out.text(if place == 0 { "\"" } else { ",\"" }).text(key).text("\":");
                match value {
                    Value::Text(text) => out.text("\"").text(text).text("\""),
                    Value::Plain(text) => out.text(text),
                    Value::Field(field) => out.text("\"").field(*field).text("\""),
                    Value::Number(field) => out.field(*field),
                };
            }
            if keyed {
                out.text(",\"signature\":\"").field(Field::Signature).text("\"");
            }
            out.text("}");
        }
        out.text("}");
        out.0
    }

    /// What is signed for the WebSocket API: parameters sorted by key, not percent-encoded.
    pub fn payload(&self, terms: &Terms) -> Vec<Piece> {
        let mut params = self.all(terms, true);
        params.sort_by_key(|(key, _)| *key);
        joined(&params, |text| text.to_owned())
    }

    /// The REST query without its signature; the key travels in a header.
    pub fn rest_query(&self, terms: &Terms) -> Vec<Piece> {
        joined(&self.all(terms, false), |text| {
            percent_encoding::utf8_percent_encode(text, RESERVED).to_string()
        })
    }
}

fn order_params(
    instrument: &Instrument,
    side: Side,
    tif: Tif,
    terms: &Terms,
) -> Vec<(&'static str, Value)> {
    let (kind, tif) = match tif {
        Tif::PostOnly if terms.flavor == Flavor::Spot => ("LIMIT_MAKER", None),
        Tif::PostOnly => ("LIMIT", Some("GTX")),
        Tif::Gtc => ("LIMIT", Some("GTC")),
        Tif::Ioc => ("LIMIT", Some("IOC")),
        Tif::Fok => ("LIMIT", Some("FOK")),
    };
    let mut params = vec![
        ("symbol", text(instrument.symbol.as_str())),
        ("side", text(word(side))),
        ("type", text(kind)),
        ("newOrderRespType", text("ACK")),
    ];
    if let Some(tif) = tif {
        params.push(("timeInForce", text(tif)));
    }
    if !terms.self_trade.is_empty() {
        params.push(("selfTradePreventionMode", text(terms.self_trade)));
    }
    params.push(("newClientOrderId", Value::Field(Field::Client)));
    params.push(("price", Value::Field(Field::Price)));
    params.push(("quantity", Value::Field(Field::Qty)));
    params
}

/// A conditional order of Spot: an order like others, with a type and a price to wait for.
pub(super) fn stop_params(
    instrument: &Instrument,
    side: Side,
    tif: Tif,
    terms: &Terms,
) -> Vec<(&'static str, Value)> {
    let mut params = order_params(instrument, side, tif, terms);
    params.retain(|(name, _)| *name != "type" && *name != "timeInForce");
    params.insert(2, ("timeInForce", text(if tif == Tif::Ioc { "IOC" } else { "GTC" })));
    params.push(("type", Value::Field(Field::Type)));
    params.push(("stopPrice", Value::Field(Field::Trigger)));
    params
}

/// A conditional order of USDⓈ-M: one of the venue's algo service.
pub(super) fn algo_params(
    instrument: &Instrument,
    side: Side,
    tif: Tif,
    terms: &Terms,
) -> Vec<(&'static str, Value)> {
    let mut params = vec![
        ("algoType", text("CONDITIONAL")),
        ("symbol", text(instrument.symbol.as_str())),
        ("side", text(word(side))),
        ("timeInForce", text(if tif == Tif::Ioc { "IOC" } else { "GTC" })),
    ];
    if !terms.self_trade.is_empty() {
        params.push(("selfTradePreventionMode", text(terms.self_trade)));
    }
    params.push(("clientAlgoId", Value::Field(Field::Client)));
    params.push(("type", Value::Field(Field::Type)));
    params.push(("workingType", Value::Field(Field::By)));
    params.push(("triggerPrice", Value::Field(Field::Trigger)));
    params.push(("price", Value::Field(Field::Price)));
    params.push(("quantity", Value::Field(Field::Qty)));
    params
}

/// The venue's words for a condition.
pub(crate) fn words(flavor: Flavor) -> Words {
    match flavor {
        Flavor::Spot => |side, until| match (until.watched, stops(side, until)) {
            (Watched::Last, true) => Some(&["STOP_LOSS_LIMIT", ""]),
            (Watched::Last, false) => Some(&["TAKE_PROFIT_LIMIT", ""]),
            _ => None,
        },
        Flavor::Usdm => |side, until| match (until.watched, stops(side, until)) {
            (Watched::Last, true) => Some(&["STOP", "CONTRACT_PRICE"]),
            (Watched::Last, false) => Some(&["TAKE_PROFIT", "CONTRACT_PRICE"]),
            (Watched::Mark, true) => Some(&["STOP", "MARK_PRICE"]),
            (Watched::Mark, false) => Some(&["TAKE_PROFIT", "MARK_PRICE"]),
            (Watched::Mid, _) => None,
        },
    }
}

/// Whether the price has to go against the position.
fn stops(side: Side, until: &Condition) -> bool {
    until.rises == (side == Side::Buy)
}

fn joined(params: &[(&'static str, Value)], written: impl Fn(&str) -> String) -> Vec<Piece> {
    let mut out = Pieces::default();
    for (place, (key, value)) in params.iter().enumerate() {
        out.text(if place == 0 { "" } else { "&" }).text(key).text("=");
        match value {
            Value::Text(text) | Value::Plain(text) => out.text(&written(text)),
            Value::Field(field) | Value::Number(field) => out.field(*field),
        };
    }
    out.0
}
