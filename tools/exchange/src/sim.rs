//! The exchange's own pages, outside every venue's API, under `/sim/`: `ledger?apiKey=…`, `report`,
//! `world` (what runs), and `deposit?apiKey=…&asset=…&amount=…` (POST). `venue=NAME` chooses one of
//! several venues; the first is meant where it is left out.

use crate::floor::{App, Floor, wall_ms};
use crate::json::{Object, array};
use crate::kind::VenueKind;
use crate::world::WorldText;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{Method, header};
use axum::response::Response;
use engine::num::parse_decimal;
use percent_encoding::percent_decode_str;

/// All venues of the process, as the pages see them.
#[derive(Clone)]
pub(crate) struct Pages {
    pub apps: Vec<(VenueKind, App)>,
    /// The world, where there is one.
    pub world: Option<Box<WorldText>>,
    pub seed: u64,
}

/// The pages' routes.
pub(crate) fn routes(pages: Pages) -> axum::Router {
    axum::Router::new().route("/sim/{page}", axum::routing::any(answer)).with_state(pages)
}

/// A page that does not exist, or a request that cannot be carried out.
pub(crate) fn refuse(status: u16, msg: &str) -> Response {
    reply(status, Object::new().put("code", -1000).put("msg", msg).end())
}

fn reply(status: u16, json: String) -> Response {
    let response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json;charset=UTF-8")
        .header(header::CACHE_CONTROL, "no-cache, no-store, must-revalidate");
    response.body(Body::from(json)).unwrap_or_default()
}

/// A parameter of the query.
fn get(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()?;
    percent_decode_str(value).decode_utf8().ok().map(|text| text.into_owned())
}

async fn answer(
    State(pages): State<Pages>,
    Path(page): Path<String>,
    method: Method,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    if page == "world" {
        return reply(200, world(&pages));
    }
    let wanted = get(&query, "venue");
    let fits = |kind: VenueKind| wanted.as_deref().is_none_or(|name| name == kind.name());
    let Some((_, app)) = pages.apps.iter().find(|(kind, _)| fits(*kind)) else {
        return refuse(404, "No such venue runs here.");
    };
    let mut floor = app.floor.lock();
    match page.as_str() {
        "deposit" if method == Method::POST => match deposit(&mut floor, &query) {
            Ok(()) => reply(200, "{}".into()),
            Err(why) => refuse(400, why),
        },
        "ledger" => {
            let key = get(&query, "apiKey").unwrap_or_default();
            match floor.keys.account(&key) {
                Ok(account) => reply(200, crate::ledger::json(&floor.venue, account)),
                Err(_) => refuse(401, "Unknown apiKey."),
            }
        }
        "report" => reply(200, report(&floor)),
        _ => refuse(404, "Path not found."),
    }
}

/// Money from outside.
fn deposit(floor: &mut Floor, query: &str) -> Result<(), &'static str> {
    let key = get(query, "apiKey").unwrap_or_default();
    let account = floor.keys.account(&key).map_err(|_| "Unknown apiKey.")?;
    let asset = get(query, "asset").ok_or("No asset.")?;
    let amount = get(query, "amount").unwrap_or_default();
    let amount = parse_decimal(amount.as_bytes(), 8).map_err(|_| "The amount is no number.")?;
    floor.venue.deposit(account, &asset, amount);
    floor.flush(wall_ms());
    Ok(())
}

/// What runs: the world, its venues, and what each lists.
fn world(pages: &Pages) -> String {
    let venues = array(pages.apps.iter().map(|(kind, app)| {
        let floor = app.floor.lock();
        let listings = array(floor.venue.listings.iter().map(|listing| {
            let spec = &listing.symbol;
            let out = Object::new()
                .put("symbol", &spec.name)
                .put("product", spec.product())
                .put("base", &spec.base)
                .put("quote", &spec.quote)
                .dec("tick", spec.tick)
                .dec("lot", spec.lot)
                .dec("contract", spec.contract)
                .dec("last", listing.last * spec.tick);
            match &listing.mark {
                None => out.end(),
                Some(mark) => out
                    .dec("index", mark.index)
                    .dec("mark", mark.price)
                    .dec("fundingRate", mark.rate)
                    .put("nextFunding", mark.next_ms)
                    .end(),
            }
        }));
        Object::new()
            .put("venue", kind.name())
            .put("latencyUs", app.latency.as_micros() as u64)
            .raw("listings", &listings)
            .end()
    }));
    let text = pages.world.as_deref();
    Object::new()
        .put("name", text.map(|text| &text.name))
        .put("about", text.map(|text| &text.about))
        .put("seed", pages.seed)
        .raw("venues", &venues)
        .end()
}

fn report(floor: &Floor) -> String {
    let market = floor.venue.listings.iter().map(|listing| {
        Object::new()
            .put("symbol", &listing.symbol.name)
            .put("product", listing.symbol.product())
            .put("trades", listing.trades)
            .put("updates", listing.updates)
            .put("lastUpdateId", listing.update)
            .end()
    });
    Object::new()
        .put("venue", floor.kind.name())
        .raw("wire", &floor.causes.report())
        .raw("market", &array(market))
        .put("connections", floor.hub.count())
        .put("faults", &floor.faults_done)
        .put("journal_errors", floor.venue.journal_errors)
        .end()
}
