//! Every request of a session, laid out at the start: per instrument, side and kind of order.

use super::form::{Form, RESERVED, Terms, words};
use super::{Flavor, REST_TIMEOUT_MS};
use crate::credentials::Credentials;
use crate::orders::{Named, Orders, about};
use crate::sign::{Prefixed, Signer};
use crate::template::{Field, Template, Values};
use crate::wire::{Ask, WireFault};
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::num::Grid;
use feeds::net::{HttpRequest, Method};

/// One request, laid out for both transports.
#[derive(Debug)]
pub(crate) struct Prepared {
    json: Template,
    payload: Option<(Prefixed, Template)>,
    query: Template,
    rest: Option<(Method, &'static str)>,
    signed: bool,
    named: bool,
}

impl Prepared {
    fn new(form: &Form, terms: &Terms, signer: &Signer, grids: (Grid, Grid)) -> Self {
        let (tick, size) = grids;
        let payload = form.keyed(terms).then(|| {
            let template = Template::new(&form.payload(terms), tick, size);
            (signer.prefixed(template.constant()), template)
        });
        Self {
            json: Template::new(&form.json(terms), tick, size),
            payload,
            query: Template::new(&form.rest_query(terms), tick, size),
            rest: form.rest,
            signed: form.signed,
            named: form.named,
        }
    }

    /// The WebSocket message, signed where it has to be.
    #[inline]
    pub fn json(&mut self, signer: &Signer, values: &Values<'_>) -> &[u8] {
        let Some((prefix, payload)) = &mut self.payload else { return self.json.fill(values) };
        let constant = payload.constant().len();
        let text = payload.fill(values);
        let signature = match prefix.sign(&text[constant..]) {
            Some(signature) => signature,
            None => signer.sign(text),
        };
        self.json.fill(&Values { signature: signature.as_bytes(), ..*values })
    }

    /// The REST request.
    pub fn http(
        &mut self,
        credentials: &Credentials,
        base: &str,
        values: &Values<'_>,
    ) -> Result<HttpRequest, WireFault> {
        let (method, path) = self.rest.ok_or(WireFault::Unsupported)?;
        let query = self.query.fill(values);
        let mut text = String::from_utf8_lossy(query).into_owned();
        let mut headers = Vec::new();
        if self.signed {
            let signature = credentials.signer().sign(query);
            let signature = percent_encoding::utf8_percent_encode(signature.as_str(), RESERVED);
            text.push_str(&format!("&signature={signature}"));
        }
        if self.named {
            headers.push(("X-MBX-APIKEY".to_owned(), credentials.api_key().to_owned()));
        }
        let mark = if text.is_empty() { "" } else { "?" };
        let url = format!("{base}{path}{mark}{text}");
        Ok(HttpRequest { method, url, headers, body: None, timeout_ms: REST_TIMEOUT_MS })
    }
}

/// The requests about one instrument.
#[derive(Debug)]
struct Row {
    orders: Orders<Prepared>,
    /// Of the two lists of orders: first those of the book, then those that wait for a price.
    query: [[Prepared; 2]; 2],
    cancel_all: [Prepared; 2],
    open_orders: [Prepared; 2],
    position: Prepared,
    renew: Prepared,
    trades: Prepared,
    newest_trade: Prepared,
    trades_of: Prepared,
}

/// All requests of a session.
#[derive(Debug)]
pub(crate) struct Requests {
    time: Prepared,
    logon: Prepared,
    key: Prepared,
    subscribe: Prepared,
    balances: Prepared,
    payments: Prepared,
    rows: Vec<Row>,
    ids: Vec<InstrumentId>,
    flavor: Flavor,
}

/// Whether a list of orders is that of those that wait for a price.
const LISTS: [bool; 2] = [false, true];
const NO_GRID: (Grid, Grid) = (Grid { decimals: 0, step: 1 }, Grid { decimals: 0, step: 1 });

impl Requests {
    pub fn new(instruments: &[Instrument], terms: &Terms, signer: &Signer) -> Self {
        let make = |form: &Form| Prepared::new(form, terms, signer, NO_GRID);
        Self {
            time: make(&Form::time(terms.flavor)),
            logon: make(&Form::logon()),
            key: make(&Form::key()),
            subscribe: make(&Form::subscribe(terms.session)),
            balances: make(&Form::balances(terms.flavor)),
            payments: make(&Form::payments()),
            rows: instruments.iter().map(|one| Row::new(one, terms, signer)).collect(),
            ids: instruments.iter().map(|one| one.id).collect(),
            flavor: terms.flavor,
        }
    }

    /// Lays an instrument's requests out anew, on new grids.
    pub fn set(&mut self, instrument: &Instrument, terms: &Terms, signer: &Signer) {
        if let Some(place) = self.ids.iter().position(|id| *id == instrument.id) {
            self.rows[place] = Row::new(instrument, terms, signer);
        }
    }

    /// The layout of a request; what it says of its own is put into the values.
    #[inline]
    pub fn find<'a>(
        &mut self,
        ask: &'a Ask,
        values: &mut Values<'a>,
    ) -> Result<&mut Prepared, WireFault> {
        let margined = self.flavor == Flavor::Usdm;
        match ask {
            Ask::Time => return Ok(&mut self.time),
            Ask::Logon => return Ok(&mut self.logon),
            Ask::Key if margined => return Ok(&mut self.key),
            Ask::Subscribe if !margined => return Ok(&mut self.subscribe),
            Ask::Balances => return Ok(&mut self.balances),
            Ask::Payments { from, page } if margined => {
                values.from = crate::timed::since(*from, values.at_ms).max(*page);
                return Ok(&mut self.payments);
            }
            Ask::Position(_) | Ask::Renew(_) if !margined => return Err(WireFault::Unsupported),
            _ => {}
        }
        let wanted = ask.instrument();
        let place = self.ids.iter().position(|known| *known == wanted);
        let row = &mut self.rows[place.ok_or(WireFault::Instrument)?];
        row.find(ask, values)
    }
}

impl Row {
    fn new(instrument: &Instrument, terms: &Terms, signer: &Signer) -> Self {
        let (grids, flavor) = ((instrument.tick, instrument.size), terms.flavor);
        let make = |form: &Form| Prepared::new(form, terms, signer, grids);
        let trades = |by| make(&Form::trades(instrument, by, terms.flavor));
        Self {
            orders: Orders::new(true, words(terms.flavor), |shape| {
                Form::order(instrument, shape, terms).map(|form| make(&form))
            }),
            query: LISTS.map(|waiting| {
                Named::BOTH.map(|named| {
                    make(&Form::query(instrument, named, waiting && flavor == Flavor::Usdm, flavor))
                })
            }),
            cancel_all: LISTS.map(|waiting| make(&Form::cancel_all(instrument, waiting, flavor))),
            open_orders: LISTS.map(|waiting| make(&Form::open_orders(instrument, waiting, flavor))),
            position: make(&Form::position(instrument)),
            renew: make(&Form::renew(instrument, terms)),
            trades: trades(Some(Field::From)),
            newest_trade: trades(None),
            trades_of: trades(Some(Field::Venue)),
        }
    }

    #[inline]
    fn find<'a>(
        &mut self,
        ask: &'a Ask,
        values: &mut Values<'a>,
    ) -> Result<&mut Prepared, WireFault> {
        if let Some(found) = self.orders.find(ask, values) {
            return found;
        }
        Ok(match ask {
            Ask::Query { order, by_venue_id, .. } => {
                let list = usize::from(order.waits);
                &mut self.query[list][about(order, *by_venue_id, values)?]
            }
            Ask::CancelAll { waiting, .. } => &mut self.cancel_all[usize::from(*waiting)],
            Ask::OpenOrders { list, .. } => &mut self.open_orders[usize::from(*list > 0)],
            Ask::Position(_) => &mut self.position,
            Ask::Renew(_) => &mut self.renew,
            Ask::Trades { from: None, page: 0, .. } => &mut self.newest_trade,
            Ask::Trades { from, page, .. } => {
                values.from = from.unwrap_or(0).max(*page);
                &mut self.trades
            }
            Ask::TradesOf(order) => {
                values.venue = order.venue_order;
                &mut self.trades_of
            }
            _ => return Err(WireFault::Unsupported),
        })
    }
}
