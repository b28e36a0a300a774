//! A session's journal as a run: the engine goes through its rows again, and who wants to measure
//! or draw it is told as a backtest would tell.

use crate::exit::Failure;
use crate::journal;
use crate::replay::walk::{Replay, Watch};
use engine::asset::Assets;
use engine::engine::Engine;
use engine::event::{Event, flag, kind};
use engine::id::{AssetId, VenueId};
use engine::instrument::{Instrument, Kind};
use engine::market::Listing;
use engine::num::{AMOUNT_DECIMALS, Notional, POW10};
use engine::time::Nanos;
use research::run::{Delayed, Leg, Meta, Observer, Witness, market};
use shm::journal::{Row, SegmentHeader, Sent, sent};
use std::path::Path;
use strategies::any::Any;

/// Steps of the looks.
const EVERY: Nanos = Nanos::from_s(1);
/// One market message in so many tells how long it was on its way.
const FEED_SAMPLE: u32 = 64;
const ONE: f64 = POW10[AMOUNT_DECIMALS as usize] as f64;

/// Tells the journal of a folder to a witness; gives what is to be warned of.
pub fn play<W: Witness>(folder: &Path, witness: &mut W) -> Result<Vec<String>, Failure> {
    let mut replay = Replay::<Any>::open(folder, 0, u64::MAX - 1)?;
    let name = folder
        .file_name()
        .map_or_else(|| folder.display().to_string(), |name| name.to_string_lossy().into_owned());
    let mut teller = Teller {
        name,
        names: journal::instruments(folder),
        assets: journal::assets(folder),
        observer: None,
        instruments: Vec::new(),
        is_other: false,
        fed: 0,
        witness,
        warnings: Vec::new(),
    };
    let found = replay.run(&mut teller)?;
    if let Some(found) = found {
        return Err(Failure::error(format!(
            "{}: this program decides otherwise than the one that wrote the journal, from row {} \
             on: nothing is reported; peregrine replay shows the difference",
            folder.display(),
            found.seq
        )));
    }
    if let Some(engine) = replay.engine() {
        teller.finish(engine);
    }
    Ok(teller.warnings)
}

struct Teller<'a, W> {
    name: String,
    names: Vec<String>,
    assets: Assets,
    observer: Option<Observer>,
    instruments: Vec<Instrument>,
    /// This session trades something else than the first.
    is_other: bool,
    fed: u32,
    witness: &'a mut W,
    warnings: Vec<String>,
}

/// Whether two sessions trade the same: grids may have been changed by the venue meanwhile.
fn same(ours: &[Instrument], engine: &Engine<Any>) -> bool {
    let theirs = engine.market.listings();
    let pairs = ours.iter().zip(theirs);
    ours.len() == theirs.len()
        && pairs.into_iter().all(|(one, two)| {
            let two = &two.instrument;
            (one.symbol, one.venue, one.kind) == (two.symbol, two.venue, two.kind)
        })
}

impl<W: Witness> Teller<'_, W> {
    fn meta(&self, engine: &Engine<Any>) -> Meta {
        let asset = |id| self.assets.name(id).map_or_else(|| "?".to_owned(), ToString::to_string);
        let listings = engine.market.listings();
        let markets = listings.iter().enumerate().map(|(place, listing)| {
            let one = &listing.instrument;
            let name = self.names.get(place).cloned().unwrap_or_else(|| one.symbol.to_string());
            market(one, &name, &asset(one.base), &asset(one.quote))
        });
        let counted = listings.first().map(|listing| asset(listing.instrument.quote));
        Meta {
            name: self.name.clone(),
            markets: markets.collect(),
            equity: 0.0,
            asset: counted.unwrap_or_default(),
            utc_ns: 0,
        }
    }

    /// Begins once the balances are told and every market has shown a price, and at the latest with
    /// the first order or fill.
    fn start(&mut self, event: &Event, is_order: bool, engine: &Engine<Any>) {
        let Some(observer) = &mut self.observer else { return };
        if observer.has_begun() {
            return;
        }
        let listings = engine.market.listings();
        let ready = listings.iter().all(|listing| {
            listing.last_mid_twice.is_some() && engine.account(listing.instrument.venue).started()
        });
        if ready || is_order || event.kind == kind::FILL {
            observer.begin((event.at, equity(engine)), engine, self.witness);
        }
    }

    fn finish(&mut self, engine: &Engine<Any>) {
        let Some(observer) = &mut self.observer else { return };
        if !observer.has_begun() {
            observer.begin((engine.now(), equity(engine)), engine, self.witness);
        }
        if !self.is_other {
            observer.end(engine.now(), engine, self.witness);
        }
    }

    fn feed(&mut self, event: &Event) {
        let public = matches!(event.kind, kind::LEVEL | kind::BEST | kind::TRADE);
        if !public || event.is_inner() || event.has(flag::SNAPSHOT) || event.venue_delta_us <= 0 {
            return;
        }
        self.fed += 1;
        if self.fed.is_multiple_of(FEED_SAMPLE) {
            let ns = u64::from(event.venue_delta_us.unsigned_abs()) * 1_000;
            self.witness.delayed(&Delayed { at: event.at, leg: Leg::Feed, ns });
        }
    }
}

impl<W: Witness> Watch<Any> for Teller<'_, W> {
    fn begin(&mut self, engine: &mut Engine<Any>, header: &SegmentHeader) {
        if self.observer.is_none() {
            self.observer = Some(Observer::new(self.meta(engine), EVERY));
            let listings = engine.market.listings().iter();
            self.instruments = listings.map(|listing| listing.instrument).collect();
            return;
        }
        self.is_other = !same(&self.instruments, engine);
        if self.is_other {
            self.warnings.push(format!(
                "the session from row {} on trades other instruments than the first one: it is \
                 left out",
                header.first
            ));
        }
    }

    fn before(&mut self, row: &Row, engine: &Engine<Any>) {
        if row.is_sent() || row.is_end() || self.is_other {
            return;
        }
        if row.event.kind == kind::FILL {
            self.start(&row.event, false, engine);
        }
        if let Some(observer) = &mut self.observer {
            observer.before(&row.event, engine, self.witness);
        }
    }

    fn after(&mut self, row: &Row, engine: &Engine<Any>) {
        if row.is_end() || self.is_other {
            return;
        }
        let event = &row.event;
        if !row.is_sent() {
            // Before what this event sends is told.
            self.start(event, false, engine);
        } else if matches!(sent::read(event), Some(Sent::Place { .. } | Sent::Move { .. })) {
            self.start(event, true, engine);
        }
        let Some(observer) = &mut self.observer else { return };
        if !row.is_sent() {
            observer.after(event, engine, self.witness);
            self.feed(event);
            return;
        }
        let (order, side, price, qty) = match sent::read(event) {
            Some(
                Sent::Place { order, side, price, qty, .. }
                | Sent::Move { order, side, price, qty },
            ) => (order, side, price, qty),
            _ => return,
        };
        let Some(id) = sent::instrument(event) else { return };
        let when = (event.at, event.recv_delta_ns);
        observer.sent(when, (id, order), (side, price, qty), (engine, self.witness));
    }
}

fn money(amount: i64) -> f64 {
    amount as f64 / ONE
}

/// What the accounts hold at the mids as they are, in the quote asset of the first instrument; what
/// cannot be valued counts for nothing.
fn equity(engine: &Engine<Any>) -> f64 {
    let listings = engine.market.listings();
    let venues = listings.iter().map(|listing| listing.instrument.venue.index()).max();
    let all = (0..=venues.unwrap_or(0)).map(|place| {
        let account = engine.account(VenueId(place as u8));
        let held = account.balances().map(|(asset, balance)| {
            let total = money(balance.total.0.saturating_add(balance.unrealised.0));
            if total == 0.0 { 0.0 } else { total * value(asset, listings) }
        });
        held.sum::<f64>()
    });
    all.sum()
}

/// What one unit of an asset is worth.
fn value(asset: AssetId, listings: &[Listing]) -> f64 {
    let rate = |listing: &Listing| money(listing.counted(Notional(ONE as i64)).0);
    if listings.first().is_some_and(|first| first.instrument.quote == asset) {
        return 1.0;
    }
    let quoted = listings.iter().find(|listing| listing.instrument.quote == asset);
    if let Some(rate) = quoted.map(rate).filter(|rate| *rate > 0.0) {
        return rate;
    }
    let traded = listings.iter().find(|listing| {
        let one = &listing.instrument;
        one.base == asset && one.kind == Kind::Spot && listing.last_mid_twice.is_some()
    });
    traded.map_or(0.0, |listing| {
        let twice = listing.last_mid_twice.unwrap_or(0) as f64;
        twice / 2.0 * listing.instrument.tick.step_f64() * rate(listing)
    })
}
