//! One variant: an engine with one desk, its own account and simulated venues.

use super::meter::Meter;
use super::rank::Standing;
use crate::assemble;
use crate::config::{Config, DeskSettings};
use crate::exit::Failure;
use crate::replay::simulated::{SimPorts, is_public};
use engine::condition::Keeps;
use engine::engine::{Engine, Netting};
use engine::event::{Command, Event, kind};
use engine::id::VenueId;
use engine::instrument::Instrument;
use engine::strategy::Strategy as _;
use engine::time::Nanos;
use strategies::any::{Any, Settings};
use venues::sim::{Opening, SimVenues, VenueSettings};

/// See the file.
pub(super) struct Variant {
    /// The desk that it is a variant of.
    pub desk: usize,
    name: String,
    /// Whether it has the parameters that the desk has, whatever those are.
    follows: bool,
    engine: Engine<Any>,
    ports: SimPorts,
    meter: Meter,
}

impl Variant {
    /// With a name and parameters; `follows` says whether those of the live desk are taken over
    /// when they change. What the live strategy has learnt in sessions before is where it begins.
    pub fn new(
        config: &Config,
        desk: usize,
        (name, strategy, follows): (&str, Settings, bool),
        live: &Engine<Any>,
    ) -> Result<Self, Failure> {
        let own = DeskSettings { strategy, ..config.desks[desk].clone() };
        let config = Config {
            desks: vec![own],
            shadows: Vec::new(),
            shared: None,
            netting: Netting::Refuse,
            ..config.clone()
        };
        // The simulated venue keeps no conditional orders: the engine holds them.
        let simple = |one: &Instrument| Instrument { keeps: Keeps::NOTHING, ..*one };
        let listed = live.market.listings().iter().map(|listing| simple(&listing.instrument));
        let instruments: Vec<Instrument> = listed.collect();
        let mut engine = assemble::engine(&config, &instruments)?;
        engine.desks[0].strategy.carry(&live.desks[desk].strategy);
        let (ports, meter, name) = (SimPorts::default(), Meter::default(), name.to_owned());
        Ok(Self { desk, name, follows, engine, ports, meter })
    }

    /// Takes a row of the journal as far as it is of its world.
    pub fn take(&mut self, event: &Event) {
        if let Some(event) = self.meant(event) {
            self.ports.take(&mut self.engine, &event);
        }
    }

    /// The row as it is for this one. Parameters and held orders are for the live desk, and for
    /// what follows it.
    fn meant(&self, event: &Event) -> Option<Event> {
        match event.kind {
            kind::COMMAND if is_set(event) => {
                let (key, desk) = Command::set_of(event.id);
                let own = desk.is_none_or(|desk| usize::from(desk) == self.desk);
                (own && self.follows).then_some(Event { id: key, ..*event })
            }
            kind::HOLD | kind::RELEASE => self.follows.then_some(*event),
            _ => is_public(event).then_some(*event),
        }
    }

    /// Opens its venues, with accounts like the live ones and no position.
    pub fn open(&mut self, venues: &[VenueSettings], live: &Engine<Any>, now: Nanos) {
        let opening = |(number, settings): (usize, &VenueSettings)| {
            let account = live.account(VenueId(number as u8));
            let held = account.balances().map(|(asset, balance)| (asset, balance.total));
            let (settings, balances) = (settings.clone(), held.collect());
            Opening { settings, balances, positions: Vec::new() }
        };
        let listings = self.engine.market.listings().iter();
        let instruments: Vec<Instrument> = listings.map(|listing| listing.instrument).collect();
        let openings = venues.iter().enumerate().map(opening).collect();
        let venues = SimVenues::new(now, &instruments, openings);
        self.ports.open(venues, now, &self.engine);
        self.meter = Meter::begin(now, &self.engine.desks[0], &self.engine.market);
    }

    /// Looks whether it quotes.
    pub fn look(&mut self, now: Nanos) {
        self.meter.look(now, &self.engine.desks[0]);
    }

    /// How it stands, as a variant of the desk of this name.
    pub fn standing(&self, of: &str) -> Standing {
        let (desk, market) = (&self.engine.desks[0], &self.engine.market);
        let standing = self.meter.standing((&self.name, of), desk, market);
        // Until it is ranked.
        Standing { rank: 1, ..standing }
    }
}

fn is_set(event: &Event) -> bool {
    use engine::event::Body;
    matches!(event.body(), Some(Body::Command { command: Command::Set, .. }))
}
