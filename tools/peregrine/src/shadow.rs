//! Shadows: other parameters of the desks, tried on the market of the session while it trades.
//!
//! ```text
//!  engine ─▶ journal ─▶ disk ─▶ Tail ─▶ Shadows ─┬─▶ the live engine again ─▶ accounts, live P&L
//!                                                ├─▶ live (simulated) ─▶ simulated venues
//!                                                └─▶ wide, tight, … ──▶ simulated venues
//! ```
//!
//! One thread follows the journal: each row is read and decoded once, and given to the variants in
//! turn. A variant is an engine of its own with one desk, and not one of several desks of one
//! engine: there, orders of two desks meet (netting), one account pays for all, and one desk's halt
//! stops the others, which is right for desks that trade side by side and wrong for what are
//! instead of each other. It has the desk's limits, an account like the live one's when that was
//! first known, flat in perpetuals, and venues that are simulated as `[paper]` says. The desk's own
//! parameters run as a variant too, because what is simulated compares only with what is simulated;
//! that one follows what operators set and promote.
//!
//! **Invariants.** Nothing here waits for the engine or the journal's writer, and nothing there
//! waits for this: what falls behind is counted and said. Same rows, same ranking. Memory is that
//! of the engines and of one look at the journal.

mod follow;
mod meter;
mod rank;
mod variant;

pub use follow::{Seat, Shadow};
pub use rank::{Report, Standing};

use crate::assemble;
use crate::config::Config;
use crate::exit::Failure;
use crate::replay::course::Course;
use engine::engine::Engine;
use engine::event::kind;
use engine::id::VenueId;
use meter::Meter;
use shm::journal::Row;
use strategies::any::Any;
use variant::Variant;
use venues::sim::VenueSettings;

/// The live desk itself.
pub const LIVE: &str = "live";
/// The desk's own parameters on simulated venues.
pub const SIMULATED: &str = "live (simulated)";

/// A desk that has shadows.
struct Watched {
    /// Its place.
    desk: usize,
    name: String,
    meter: Meter,
}

/// All variants, and the live engine as its rows give it again.
pub struct Shadows {
    live: Course<Any>,
    watched: Vec<Watched>,
    /// By desk, each desk's own parameters first.
    variants: Vec<Variant>,
    venues: Vec<VenueSettings>,
    has_begun: bool,
    /// Rows that were taken.
    rows: u64,
}

impl Shadows {
    /// The variants that a configuration names, beside the engine of a session that has just begun.
    pub fn new(config: &Config, live: Course<Any>) -> Result<Self, Failure> {
        let mut watched = Vec::new();
        let mut variants = Vec::new();
        for (place, desk) in config.desks.iter().enumerate() {
            let own: Vec<_> = config.shadows.iter().filter(|one| one.desk == place).collect();
            if own.is_empty() {
                continue;
            }
            let all = own.iter().map(|one| (one.name.as_str(), one.strategy, false));
            let first = (SIMULATED, desk.strategy, true);
            for of in std::iter::once(first).chain(all) {
                variants.push(Variant::new(config, place, of, &live.engine)?);
            }
            watched.push(Watched { desk: place, name: desk.name.clone(), meter: Meter::default() });
        }
        let mut venues = Vec::new();
        for (number, venue) in config.venues.iter().enumerate() {
            let settings = assemble::simulated_settings(config.paper.of(&venue.name))?;
            let number = VenueId(u8::try_from(number).unwrap_or(u8::MAX));
            venues.push(VenueSettings { venue: number, ..settings });
        }
        Ok(Self { live, watched, variants, venues, has_begun: false, rows: 0 })
    }

    /// Takes the next row of the journal.
    pub fn take(&mut self, row: &Row) {
        self.rows += 1;
        if row.is_sent() || row.is_end() {
            return;
        }
        self.live.follow(row);
        for variant in &mut self.variants {
            variant.take(&row.event);
        }
        if !self.has_begun {
            self.begin(row);
        } else if row.event.kind == kind::TIMER {
            self.look(row);
        }
    }

    /// From here on all trade: as soon as the live accounts are known.
    fn begin(&mut self, row: &Row) {
        let Self { live, watched, variants, venues, .. } = self;
        let engine = &live.engine;
        let known = (0..venues.len()).all(|at| engine.account(VenueId(at as u8)).started());
        if row.event.is_inner() || !known || !engine.is_reconciled() {
            return;
        }
        self.has_begun = true;
        let now = row.event.at;
        for variant in variants {
            variant.open(venues, engine, now);
        }
        for one in watched {
            one.meter = Meter::begin(now, &engine.desks[one.desk], &engine.market);
        }
    }

    /// Who quotes now.
    fn look(&mut self, row: &Row) {
        for one in &mut self.watched {
            one.meter.look(row.event.at, &self.live.engine.desks[one.desk]);
        }
        for variant in &mut self.variants {
            variant.look(row.event.at);
        }
    }

    /// The live engine as it is now.
    pub const fn live(&self) -> &Engine<Any> {
        &self.live.engine
    }

    /// How all stand: of each desk the live one, then its variants by P&L.
    pub fn report(&self, rows_behind: u64) -> Report {
        let mut standings = Vec::new();
        for one in &self.watched {
            let (engine, own) = (&self.live.engine, &one.name);
            let live = one.meter.standing((LIVE, own), &engine.desks[one.desk], &engine.market);
            standings.push(live);
            let of_it = self.variants.iter().filter(|variant| variant.desk == one.desk);
            standings.extend(rank::ranked(of_it.map(|variant| variant.standing(own))));
        }
        Report { rows: self.rows, rows_behind, standings }
    }
}
