//! Opens a world: venues from options or from a world's text, with keys, ledgers and traders.

use super::build::{Plan, VenuePlan, rates, venues};
use super::latent::{Latent, Noise, stream};
use super::{Market, Room, Tie, World, WorldText};
use crate::account::{Account, Fees};
use crate::error::Error;
use crate::floor::{App, Floor, SharedFloor};
use crate::flow::{Drive, Flow, Style};
use crate::journal::Journal;
use crate::keys::{KeyFile, Keys, venue_keys, write_demo_keys};
use crate::kind::VenueKind;
use crate::limits::{Limits, Rates};
use crate::listing::Listing;
use crate::recording::Recording;
use crate::replay::Recorded;
use crate::server::Options;
use crate::symbol::{Product, SCALE, Symbol};
use crate::venue::{OWN_TRADES, SETTLE, Venue};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A venue to be opened.
struct Opening {
    kind: VenueKind,
    symbols: Vec<Symbol>,
    start: Vec<(String, i64)>,
    fees: BTreeMap<Product, Fees>,
    rates: Rates,
    latency: Duration,
}

impl Opening {
    /// The one venue that options without a world describe.
    fn plain(options: &Options, symbols: Vec<Symbol>) -> Self {
        let fees = [Product::Spot, Product::Perp].map(|one| (one, options.fees.clone()));
        Self {
            kind: VenueKind::BinanceSpot,
            symbols,
            start: options.start.clone(),
            fees: BTreeMap::from(fees),
            rates: options.rates,
            latency: options.latency,
        }
    }

    fn planned(plan: &VenuePlan) -> Self {
        Self {
            kind: plan.kind,
            symbols: plan.listings.iter().map(|listing| listing.symbol.clone()).collect(),
            start: plan.start.clone(),
            fees: plan.fees.clone(),
            rates: plan.rates.unwrap_or_else(|| rates(plan.kind)),
            latency: Duration::from_micros(plan.latency_us),
        }
    }
}

/// Opens the world that the options describe; with it comes the recording that is to be played.
pub(crate) fn open(options: &Options, now_ms: u64) -> Result<(World, Option<Recording>), Error> {
    match &options.world {
        Some(text) if options.replay.is_none() => Ok((open_text(options, text, now_ms)?, None)),
        Some(_) => {
            Err(Error::Usage("a recording plays on Binance Spot alone, not in a world".into()))
        }
        None => open_plain(options, now_ms),
    }
}

fn open_plain(options: &Options, now_ms: u64) -> Result<(World, Option<Recording>), Error> {
    let recording = options.replay.as_deref().map(Recording::read).transpose()?;
    let symbols = match &recording {
        Some(recording) => vec![recording.spec(&options.symbols)],
        None => options.symbols.clone(),
    };
    let opening = Opening::plain(options, symbols);
    let room = open_room(options, &opening, options.ledger.as_deref(), recording.as_ref())?;
    let mut world = World::new(vec![room], Vec::new(), options.seed);
    if options.market && recording.is_none() {
        let mut floor = world.rooms[0].app.floor.lock();
        for symbol in 0..floor.venue.listings.len() as u16 {
            let style = style(symbol);
            let mut flow = Flow::new(&floor.venue, symbol, options.seed, style, Drive::Own);
            flow.open(&mut floor.venue, now_ms);
            world.markets.push(Market { room: 0, symbol, flow, tie: None });
        }
    }
    settle(&mut world, now_ms)?;
    Ok((world, recording))
}

/// The first symbol is the measured one; the others are quieter and cheaper.
fn style(symbol: u16) -> Style {
    match symbol {
        0 => Style::MEASURED,
        _ => Style { distance: 0.05, size: 20.0, rate: 0.3, ..Style::MEASURED },
    }
}

fn open_text(options: &Options, text: &WorldText, now_ms: u64) -> Result<World, Error> {
    let plans = venues(text)?;
    let mut rooms = Vec::new();
    for plan in &plans {
        let dir = options.ledger.as_ref().map(|dir| ledger_dir(dir, plan.kind, plans.len()));
        rooms.push(open_room(options, &Opening::planned(plan), dir.as_deref(), None)?);
    }
    let assets: Vec<&String> = text.latent.keys().collect();
    let place = |asset: &str| assets.iter().position(|one| *one == asset);
    let latents = text.latent.iter();
    let latents = latents.map(|(asset, one)| Latent::new(asset, one, place, options.seed));
    let mut world = World::new(rooms, latents.collect(), options.seed);
    go_on(&mut world);
    if options.market {
        for (room, plan) in plans.iter().enumerate() {
            for (symbol, listing) in plan.listings.iter().enumerate() {
                let place = (room, symbol as u16);
                let market = open_market(&world, place, listing, options.seed, now_ms);
                world.markets.extend(market);
            }
        }
    }
    settle(&mut world, now_ms)?;
    Ok(world)
}

/// After a restart the latent prices go on from where the ledgers left the markets, leaders first.
fn go_on(world: &mut World) {
    let mut order: Vec<usize> = (0..world.latents.len()).collect();
    order.sort_by_key(|n| world.latents[*n].follows.is_some());
    for n in order {
        let asset = world.latents[n].asset.clone();
        let last = world.rooms.iter().filter(|room| room.recovered).find_map(|room| {
            let floor = room.app.floor.lock();
            let mut listings = floor.venue.listings.iter();
            let fits = |one: &&Listing| one.symbol.base == asset && one.symbol.quote == SETTLE;
            listings.find(fits).map(|one| (one.last * one.symbol.tick) as f64 / SCALE as f64)
        });
        if let Some(last) = last.filter(|last| *last > 0.0) {
            let away = last.ln() - world.log_price(n);
            world.latents[n].shift(away);
        }
    }
}

/// One venue's ledger is the directory itself; several have one each in it.
fn ledger_dir(dir: &Path, kind: VenueKind, venues: usize) -> PathBuf {
    if venues == 1 { dir.into() } else { dir.join(kind.name()) }
}

/// A listing's traders; none where its base asset has no latent price.
fn open_market(
    world: &World,
    (room, symbol): (usize, u16),
    plan: &Plan,
    seed: u64,
    now_ms: u64,
) -> Option<Market> {
    let seed = seed ^ stream(&plan.stream);
    let place = |asset: &str| world.latents.iter().position(|latent| latent.asset == asset);
    let (base, quote) = (place(&plan.base)?, place(&plan.quote));
    let known = world.log_price(base) - quote.map_or(0.0, |quote| world.log_price(quote));
    let tie = Tie {
        base,
        quote,
        delay_us: plan.delay_us,
        noise: Noise::new(plan.noise_bp, plan.noise_half_life_s, true),
        noise_at_us: 0,
        basis: plan.basis,
        known,
        random: StdRng::seed_from_u64(seed ^ stream("noise")),
        tick: plan.symbol.tick as f64 / SCALE as f64,
    };
    let mut floor = world.rooms[room].app.floor.lock();
    // A recovered listing goes on from where it was; its traders come back to the latent price.
    floor.venue.listing_mut(symbol).last = tie.fair() as i64;
    let mut flow = Flow::new(&floor.venue, symbol, seed, plan.style, Drive::Followed);
    flow.open(&mut floor.venue, now_ms);
    Some(Market { room, symbol, flow, tie: Some(tie) })
}

/// Ends the opening: nobody hears of it, and ledgers begin.
fn settle(world: &mut World, now_ms: u64) -> Result<(), Error> {
    for room in &world.rooms {
        let mut floor = room.app.floor.lock();
        floor.venue.commit(now_ms);
        floor.venue.events.clear();
        if let Some(dir) = room.ledger.as_ref().filter(|_| floor.venue.journal.is_none()) {
            let journal = Journal::start(dir, floor.venue.snapshot(0));
            let wrong = |source| Error::Ledger { dir: dir.clone(), source };
            floor.venue.journal = Some(journal.map_err(wrong)?);
        }
    }
    world.start();
    Ok(())
}

/// Opens one venue: symbols, recovered ledger, keys and accounts.
fn open_room(
    options: &Options,
    opening: &Opening,
    ledger: Option<&Path>,
    recording: Option<&Recording>,
) -> Result<Room, Error> {
    if let Some(fault) = opening.symbols.iter().find_map(Symbol::fault) {
        return Err(Error::Symbol(fault));
    }
    let listings = opening.symbols.iter().enumerate().map(|(n, symbol)| {
        let (update, trade) = first_ids(n as u64);
        Listing::new(symbol.clone(), update, trade)
    });
    let mut venue = Venue::new(listings.collect());
    if let (Some(recording), Some(listing)) = (recording, venue.listings.first_mut()) {
        let recorded = Recorded::new(&listing.symbol, recording);
        (listing.update, listing.trade) = (recorded.update, OWN_TRADES);
        listing.recorded = Some(recorded);
    }
    let given = keys(options, opening.kind, ledger)?;
    let mut recovered = false;
    if let Some(dir) = ledger {
        let wrong = |source| Error::Ledger { dir: dir.into(), source };
        std::fs::create_dir_all(dir).map_err(wrong)?;
        if let Some(snapshot) = Journal::recover(dir).map_err(wrong)? {
            let generation = snapshot.generation;
            recovered = true;
            venue.restore(snapshot);
            venue.journal = Some(Journal::start(dir, venue.snapshot(generation)).map_err(wrong)?);
        }
    }
    let mut keys = Keys::default();
    for key in &given {
        let name = key.account.as_deref().unwrap_or("demo");
        let account = venue.account_named(name).unwrap_or_else(|| {
            let fees = opening.fees.clone();
            venue.accounts.push(Account::new(name, false, &opening.start, fees));
            venue.accounts.len() as u32 - 1
        });
        keys.add(key, account).map_err(Error::Key)?;
    }
    let floor = Floor::new(opening.kind, venue, keys, Limits::new(opening.rates));
    let causes = floor.causes.clone();
    let app = App {
        floor: SharedFloor::new(floor),
        causes,
        latency: opening.latency,
        heartbeat: options.heartbeat,
    };
    Ok(Room { kind: opening.kind, app, recovered, ledger: ledger.map(Path::to_path_buf) })
}

/// First update and trade id of a venue's n-th symbol: each counts in a range of its own, so that
/// an update id names its symbol.
fn first_ids(n: u64) -> (u64, u64) {
    let update = if n < 5 { 50 - 10 * n } else { 10 * (n + 1) };
    let trade = if n < 4 { 3_700_000_001 - 1_000_000_000 * n } else { 1_000_000_000 * n + 1 };
    (update * 1_000_000_000, trade)
}

/// The keys of a venue: those given for it, or its demonstration keys.
fn keys(options: &Options, kind: VenueKind, ledger: Option<&Path>) -> Result<Vec<KeyFile>, Error> {
    let here = |key: &&KeyFile| key.venue.as_deref().is_none_or(|name| name == kind.name());
    let given: Vec<KeyFile> = options.keys.iter().filter(here).cloned().collect();
    match ledger {
        _ if !given.is_empty() => Ok(given),
        Some(dir) => write_demo_keys(dir, kind, options.seed)
            .map_err(|source| Error::Ledger { dir: dir.into(), source }),
        None => Ok(venue_keys(kind, options.seed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_counts_in_a_range_of_its_own() {
        let ids: Vec<(u64, u64)> = (0..30).map(first_ids).collect();
        for (n, one) in ids.iter().enumerate() {
            for other in &ids[..n] {
                assert!(one.0.abs_diff(other.0) >= 1_000_000_000 && one.0 > 0);
                assert!(one.1.abs_diff(other.1) >= 100_000_000 && one.1 > 0);
            }
        }
        assert_eq!(ids[..2], [(50_000_000_000, 3_700_000_001), (40_000_000_000, 2_700_000_001)]);
    }
}
