//! The venue's requests, declared once: method, path and parameters. The JSON of the WebSocket API,
//! the sorted payload that is signed and the REST query are all laid out from the same declaration.

use super::template::{Field, Piece};
use crate::wire::Kind;
use engine::id::Side;
use engine::instrument::Instrument;
use engine::intent::Tif;
use feeds::net::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// What a query percent-encodes: all but the unreserved characters of RFC 3986.
pub(super) const RESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A parameter's value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A JSON string that is always the same.
    Text(String),
    /// A JSON number or boolean that is always the same.
    Plain(String),
    /// A JSON string filled in each time.
    Field(Field),
    /// A JSON number filled in each time.
    Number(Field),
}

/// How an order is named in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// By our client order id.
    Client,
    /// By the venue's id: the faster way.
    Venue,
}

impl Named {
    pub const BOTH: [Self; 2] = [Self::Client, Self::Venue];
}

/// What is the same for all requests of a session.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// The API key.
    pub api_key: String,
    /// How long a request stays valid after its time stamp, ms.
    pub window_ms: u32,
    /// Self-trade prevention; empty leaves the symbol's default.
    pub self_trade: &'static str,
    /// Whether requests carry no key and signature because the session is authenticated.
    pub session: bool,
}

/// A declared request.
#[derive(Clone, Debug)]
pub(super) struct Form {
    /// Method of the WebSocket API.
    pub name: &'static str,
    /// REST method and path; `None` where there is no twin.
    pub rest: Option<(Method, &'static str)>,
    /// Whether it wants key, time stamp and signature.
    pub signed: bool,
    /// Whether it is signed even when the session is authenticated.
    pub always: bool,
    /// Parameters, those of fixed width first.
    pub params: Vec<(&'static str, Value)>,
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

impl Form {
    fn new(
        name: &'static str,
        rest: Option<(Method, &'static str)>,
        params: Vec<(&'static str, Value)>,
    ) -> Self {
        Self { name, rest, signed: true, always: false, params }
    }

    /// `time`: the venue's clock.
    pub fn time() -> Self {
        let rest = Some((Method::Get, "/api/v3/time"));
        Self { signed: false, ..Self::new("time", rest, Vec::new()) }
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

    /// `account.status`, balances above zero.
    pub fn balances() -> Self {
        let params = vec![("omitZeroBalances", Value::Plain("true".to_owned()))];
        Self::new("account.status", Some((Method::Get, "/api/v3/account")), params)
    }

    /// `order.place`.
    pub fn place(instrument: &Instrument, side: Side, tif: Tif, terms: &Terms) -> Self {
        let params = order_params(instrument, side, tif, terms);
        Self::new("order.place", Some((Method::Post, "/api/v3/order")), params)
    }

    /// `order.cancelReplace`, stopping when the cancel fails.
    pub fn replace(
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

    /// Requests about one order.
    pub fn about(instrument: &Instrument, kind: Kind, named: Named) -> Self {
        let (name, rest) = match kind {
            Kind::Cancel => ("order.cancel", (Method::Delete, "/api/v3/order")),
            Kind::Amend => {
                let path = "/api/v3/order/amend/keepPriority";
                ("order.amend.keepPriority", (Method::Put, path))
            }
            _ => ("order.status", (Method::Get, "/api/v3/order")),
        };
        let mut params = vec![("symbol", text(instrument.symbol.as_str()))];
        if kind == Kind::Amend {
            // Without it the venue would give the order a random new name.
            params.push(("newClientOrderId", Value::Field(Field::Client)));
        }
        params.push(match named {
            Named::Client => ("origClientOrderId", Value::Field(Field::Client)),
            Named::Venue => ("orderId", Value::Number(Field::Venue)),
        });
        if kind == Kind::Amend {
            params.push(("newQty", Value::Field(Field::Qty)));
        }
        Self::new(name, Some(rest), params)
    }

    /// Requests about all of an instrument.
    pub fn of(instrument: &Instrument, kind: Kind) -> Self {
        let (name, rest) = match kind {
            Kind::CancelAll => ("openOrders.cancelAll", (Method::Delete, "/api/v3/openOrders")),
            _ => ("openOrders.status", (Method::Get, "/api/v3/openOrders")),
        };
        Self::new(name, Some(rest), vec![("symbol", text(instrument.symbol.as_str()))])
    }

    /// `myTrades`: from an id on, of one order, or (`None`) the newest one.
    pub fn trades(instrument: &Instrument, by: Option<Field>) -> Self {
        let mut params = vec![("symbol", text(instrument.symbol.as_str()))];
        let limit = if by.is_some() { "1000" } else { "1" };
        params.push(("limit", Value::Plain(limit.to_owned())));
        match by {
            Some(Field::Venue) => params.push(("orderId", Value::Number(Field::Venue))),
            Some(_) => params.push(("fromId", Value::Number(Field::From))),
            None => {}
        }
        Self::new("myTrades", Some((Method::Get, "/api/v3/myTrades")), params)
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
    pub fn query(&self, terms: &Terms) -> Vec<Piece> {
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
    let side = if side == Side::Buy { "BUY" } else { "SELL" };
    let (kind, tif) = match tif {
        Tif::PostOnly => ("LIMIT_MAKER", None),
        Tif::Gtc => ("LIMIT", Some("GTC")),
        Tif::Ioc => ("LIMIT", Some("IOC")),
        Tif::Fok => ("LIMIT", Some("FOK")),
    };
    let mut params = vec![
        ("symbol", text(instrument.symbol.as_str())),
        ("side", text(side)),
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

/// Pieces in the making; neighbouring texts become one.
#[derive(Default)]
struct Pieces(Vec<Piece>);

impl Pieces {
    fn text(&mut self, text: &str) -> &mut Self {
        match self.0.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.0.push(Piece::Text(text.to_owned())),
        }
        self
    }

    fn field(&mut self, field: Field) -> &mut Self {
        self.0.push(Piece::Field(field));
        self
    }
}
