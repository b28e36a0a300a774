//! Every request of a session, laid out at the start: per instrument, side and kind of order.

use super::form::{Form, Named, RESERVED, Terms};
use super::template::{Field, Template, Values};
use crate::credentials::Credentials;
use crate::sign::{Prefixed, Signer};
use crate::wire::{Ask, Kind, RequestId, WireFault};
use engine::id::{ClientId, InstrumentId, OrderId, Side};
use engine::instrument::Instrument;
use engine::intent::{OrderRef, Place, Tif};
use engine::num::Grid;
use feeds::net::{HttpRequest, Method};

const TIFS: [Tif; 4] = [Tif::PostOnly, Tif::Gtc, Tif::Ioc, Tif::Fok];

/// One request, laid out for both transports.
#[derive(Debug)]
pub(super) struct Prepared {
    json: Template,
    payload: Option<(Prefixed, Template)>,
    query: Template,
    rest: Option<(Method, &'static str)>,
    signed: bool,
}

impl Prepared {
    fn new(form: &Form, terms: &Terms, signer: &Signer, grids: (Grid, Grid)) -> Self {
        let (tick, lot) = grids;
        let payload = form.keyed(terms).then(|| {
            let template = Template::new(&form.payload(terms), tick, lot);
            (signer.prefixed(template.constant()), template)
        });
        Self {
            json: Template::new(&form.json(terms), tick, lot),
            payload,
            query: Template::new(&form.query(terms), tick, lot),
            rest: form.rest,
            signed: form.signed,
        }
    }

    /// The WebSocket message, signed where it has to be.
    #[inline]
    pub fn json(&mut self, signer: &Signer, values: Values<'_>) -> &[u8] {
        let Some((prefix, payload)) = &mut self.payload else { return self.json.fill(&values) };
        let constant = payload.constant().len();
        let text = payload.fill(&values);
        let signature = match prefix.sign(&text[constant..]) {
            Some(signature) => signature,
            None => signer.sign(text),
        };
        self.json.fill(&Values { signature: signature.as_bytes(), ..values })
    }

    /// The REST request.
    pub fn http(
        &mut self,
        credentials: &Credentials,
        base: &str,
        values: Values<'_>,
    ) -> Result<HttpRequest, WireFault> {
        let (method, path) = self.rest.ok_or(WireFault::Unsupported)?;
        let query = self.query.fill(&values);
        let mut text = String::from_utf8_lossy(query).into_owned();
        let mut headers = Vec::new();
        if self.signed {
            let signature = credentials.signer().sign(query);
            let signature = percent_encoding::utf8_percent_encode(signature.as_str(), RESERVED);
            text.push_str(&format!("&signature={signature}"));
            headers.push(("X-MBX-APIKEY".to_owned(), credentials.api_key().to_owned()));
        }
        let mark = if text.is_empty() { "" } else { "?" };
        let url = format!("{base}{path}{mark}{text}");
        Ok(HttpRequest { method, url, headers, body: None, timeout_ms: super::REST_TIMEOUT_MS })
    }
}

/// The requests about one instrument.
#[derive(Debug)]
struct Row {
    /// By side and time-in-force.
    place: Vec<Prepared>,
    /// By side, time-in-force and how the old order is named.
    replace: Vec<Prepared>,
    cancel: [Prepared; 2],
    amend: [Prepared; 2],
    query: [Prepared; 2],
    cancel_all: Prepared,
    open_orders: Prepared,
    trades: Prepared,
    newest_trade: Prepared,
    trades_of: Prepared,
}

/// All requests of a session.
#[derive(Debug)]
pub(super) struct Requests {
    time: Prepared,
    logon: Prepared,
    subscribe: Prepared,
    balances: Prepared,
    rows: Vec<Row>,
    ids: Vec<InstrumentId>,
}

const NO_GRID: (Grid, Grid) = (Grid { decimals: 0, step: 1 }, Grid { decimals: 0, step: 1 });
const NOBODY: ClientId = ClientId { order: OrderId(0), cause: 0 };

impl Requests {
    pub fn new(instruments: &[Instrument], terms: &Terms, signer: &Signer) -> Self {
        let make = |form: &Form| Prepared::new(form, terms, signer, NO_GRID);
        Self {
            time: make(&Form::time()),
            logon: make(&Form::logon()),
            subscribe: make(&Form::subscribe(terms.session)),
            balances: make(&Form::balances()),
            rows: instruments.iter().map(|one| Row::new(one, terms, signer)).collect(),
            ids: instruments.iter().map(|one| one.id).collect(),
        }
    }

    /// Lays an instrument's requests out anew, on new grids.
    pub fn set(&mut self, instrument: &Instrument, terms: &Terms, signer: &Signer) {
        if let Some(place) = self.ids.iter().position(|id| *id == instrument.id) {
            self.rows[place] = Row::new(instrument, terms, signer);
        }
    }

    /// The request's layout and what to fill it with.
    #[inline]
    pub fn find(
        &mut self,
        ask: &Ask,
        id: RequestId,
        at_ms: u64,
    ) -> Result<(&mut Prepared, Values<'static>), WireFault> {
        let mut values = Values {
            id,
            at_ms,
            client: NOBODY,
            old: NOBODY,
            venue: 0,
            price: 0,
            qty: 0,
            from: 0,
            signature: &[],
        };
        match ask {
            Ask::Time => return Ok((&mut self.time, values)),
            Ask::Logon => return Ok((&mut self.logon, values)),
            Ask::Subscribe => return Ok((&mut self.subscribe, values)),
            Ask::Balances => return Ok((&mut self.balances, values)),
            _ => {}
        }
        let wanted = ask.instrument();
        let place = self.ids.iter().position(|known| *known == wanted);
        let row = &mut self.rows[place.ok_or(WireFault::Instrument)?];
        row.find(ask, &mut values).map(|prepared| (prepared, values))
    }
}

impl Row {
    fn new(instrument: &Instrument, terms: &Terms, signer: &Signer) -> Self {
        let grids = (instrument.tick, instrument.lot);
        let make = |form: &Form| Prepared::new(form, terms, signer, grids);
        let about = |kind| Named::BOTH.map(|named| make(&Form::about(instrument, kind, named)));
        let (mut place, mut replace) = (Vec::new(), Vec::new());
        for side in Side::BOTH {
            for tif in TIFS {
                place.push(make(&Form::place(instrument, side, tif, terms)));
                for named in Named::BOTH {
                    replace.push(make(&Form::replace(instrument, (side, tif), named, terms)));
                }
            }
        }
        Self {
            place,
            replace,
            cancel: about(Kind::Cancel),
            amend: about(Kind::Amend),
            query: about(Kind::Query),
            cancel_all: make(&Form::of(instrument, Kind::CancelAll)),
            open_orders: make(&Form::of(instrument, Kind::OpenOrders)),
            trades: make(&Form::trades(instrument, Some(Field::From))),
            newest_trade: make(&Form::trades(instrument, None)),
            trades_of: make(&Form::trades(instrument, Some(Field::Venue))),
        }
    }

    #[inline]
    fn find(&mut self, ask: &Ask, values: &mut Values<'_>) -> Result<&mut Prepared, WireFault> {
        Ok(match ask {
            Ask::Place(place) => {
                fill_place(place, values);
                &mut self.place[slot(place)]
            }
            Ask::Replace { old, new } => {
                let named = naming(old, true)?;
                fill_place(new, values);
                values.old = old.client;
                values.venue = old.venue_order;
                &mut self.replace[slot(new) * 2 + named as usize]
            }
            Ask::Cancel(order) => &mut self.cancel[about(order, true, values)?],
            Ask::Amend { order, qty } => {
                values.qty = qty.0;
                &mut self.amend[about(order, true, values)?]
            }
            Ask::Query { order, by_venue_id } => {
                &mut self.query[about(order, *by_venue_id, values)?]
            }
            Ask::CancelAll(_) => &mut self.cancel_all,
            Ask::OpenOrders(_) => &mut self.open_orders,
            Ask::Trades { from: None, .. } => &mut self.newest_trade,
            Ask::Trades { from: Some(from), .. } => {
                values.from = *from;
                &mut self.trades
            }
            Ask::TradesOf { venue_order, .. } => {
                values.venue = *venue_order;
                &mut self.trades_of
            }
            // Spot amends the quantity alone.
            Ask::Move { .. } | Ask::Time | Ask::Logon | Ask::Subscribe | Ask::Balances => {
                return Err(WireFault::Unsupported);
            }
        })
    }
}

const fn slot(place: &Place) -> usize {
    place.side.index() * TIFS.len() + place.tif as usize
}

#[inline]
fn fill_place(place: &Place, values: &mut Values<'_>) {
    values.client = place.client;
    values.price = place.price.0;
    values.qty = place.qty.0;
}

/// By the venue's id where it is known and wished, and for orders whose names are not of our form.
#[inline]
fn naming(order: &OrderRef, by_venue_id: bool) -> Result<Named, WireFault> {
    let foreign = order.client.order.is_foreign();
    if order.venue_order != 0 && (by_venue_id || foreign) {
        Ok(Named::Venue)
    } else if foreign {
        Err(WireFault::Unsupported)
    } else {
        Ok(Named::Client)
    }
}

#[inline]
fn about(order: &OrderRef, by_id: bool, values: &mut Values<'_>) -> Result<usize, WireFault> {
    values.client = order.client;
    values.venue = order.venue_order;
    naming(order, by_id).map(|named| named as usize)
}
