//! Closed loop: the recorded market and the operators' commands, and a simulated venue that
//! answers what other parameters send, as far away as the journal says that the real one was.
//!
//! Everything that comes out of it is simulated and says so.

use super::course::restore;
use super::latency::Observed;
use super::simulated::{SimPorts, is_public};
use super::walk::Watch;
use super::what_if::Change;
use engine::engine::Engine;
use engine::event::{Body, Command, Event, kind};
use engine::id::{AssetId, VenueId};
use engine::num::{AMOUNT_DECIMALS, Amount, Decimal, Notional};
use engine::state::State as _;
use engine::strategy::Strategy as _;
use engine::time::Nanos;
use serde_json::{Value, json};
use shm::journal::{Row, SegmentHeader};
use std::collections::BTreeMap;
use strategies::any::Any;
use venues::sim::{Opening, SimVenues, VenueSettings};

/// What trading came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// Fills.
    pub fills: u64,
    /// Sum of what they were worth.
    pub turnover: Notional,
    /// Fees.
    pub fees: Notional,
    /// Profit or loss at the last mids.
    pub pnl: Notional,
    /// Held by instrument.
    pub positions: Vec<Amount>,
}

impl Came {
    fn of(engine: &Engine<Any>) -> Self {
        let mut came =
            Self { positions: vec![Amount(0); engine.market.listings().len()], ..Self::default() };
        for desk in &engine.desks {
            came.pnl = came.pnl.saturating_add(desk.pnl(&engine.market));
            for (sum, position) in came.positions.iter_mut().zip(&desk.positions) {
                *sum = sum.saturating_add(position.base);
                came.fills += position.fills[0] + position.fills[1];
                came.turnover = came.turnover.saturating_add(position.turnover);
                came.fees = came.fees.saturating_add(position.fees);
            }
        }
        came
    }

    /// What came since.
    fn since(mut self, start: &Self) -> Self {
        self.fills -= start.fills;
        self.turnover = self.turnover.saturating_sub(start.turnover);
        self.fees = self.fees.saturating_sub(start.fees);
        self.pnl = self.pnl.saturating_sub(start.pnl);
        self
    }

    fn json(&self) -> Value {
        let money = |value: i64| Decimal { value, decimals: AMOUNT_DECIMALS }.to_string();
        let held: Vec<String> = self.positions.iter().map(|held| money(held.0)).collect();
        json!({
            "fills": self.fills,
            "turnover": money(self.turnover.0),
            "fees": money(self.fees.0),
            "pnl": money(self.pnl.0),
            "positions": held,
        })
    }

    fn text(&self) -> String {
        let money = |value: i64| Decimal { value, decimals: AMOUNT_DECIMALS };
        let held: Vec<String> =
            self.positions.iter().map(|held| money(held.0).to_string()).collect();
        format!(
            "fills {}  turnover {}  fees {}  P&L {}  position {}",
            self.fills,
            money(self.turnover.0),
            money(self.fees.0),
            money(self.pnl.0),
            held.join(" ")
        )
    }
}

/// One session, recorded and simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The session.
    pub epoch: u32,
    /// What the journal says about the venue.
    pub observed: Observed,
    /// As it was.
    pub recorded: Came,
    /// As it might have been.
    pub simulated: Came,
    /// What the simulated engine sent.
    pub sent: u64,
}

struct Sim {
    epoch: u32,
    engine: Engine<Any>,
    ports: SimPorts,
    start: Came,
}

/// Runs the simulated engine beside the recorded one.
pub struct ClosedLoop {
    changes: Vec<Change>,
    observed: BTreeMap<u32, Observed>,
    sim: Option<Sim>,
    /// A strategy refused the parameters.
    pub refused: bool,
    /// By session.
    pub outcomes: Vec<Outcome>,
}

impl ClosedLoop {
    /// With these parameters, and what was observed of the venue by session.
    pub const fn new(changes: Vec<Change>, observed: BTreeMap<u32, Observed>) -> Self {
        Self { changes, observed, sim: None, refused: false, outcomes: Vec::new() }
    }

    fn observed(&self, epoch: u32) -> Observed {
        self.observed.get(&epoch).cloned().unwrap_or_default()
    }
}

impl Sim {
    fn take(&mut self, event: &Event, observed: &Observed) {
        let Self { engine, ports, .. } = self;
        if !ports.is_open() {
            ports.open(venues(engine, event.at, observed), event.at, engine);
        }
        ports.take(engine, event);
    }
}

/// Venues as the engine believes them to be, without its orders: those are asked for and absent.
fn venues(engine: &Engine<Any>, now: Nanos, observed: &Observed) -> SimVenues {
    let instruments: Vec<_> =
        engine.market.listings().iter().map(|listing| listing.instrument).collect();
    let last = instruments.iter().map(|one| one.venue.0).max().unwrap_or(0);
    let opening = |number: u8| {
        let account = engine.account(VenueId(number));
        let balances: Vec<(AssetId, Amount)> = match account.started() {
            true => account.balances().map(|(asset, balance)| (asset, balance.total)).collect(),
            false => observed.balances.iter().map(|(asset, amount)| (*asset, *amount)).collect(),
        };
        let settings = VenueSettings {
            venue: VenueId(number),
            latency: observed.latency().into(),
            // The simulated venue knows no third asset.
            fee_in_quote: observed
                .fee_asset
                .is_some_and(|asset| instruments.iter().all(|one| one.base != asset)),
            ..VenueSettings::default()
        };
        Opening { settings, balances, positions: Vec::new() }
    };
    SimVenues::new(now, &instruments, (0..=last).map(opening).collect())
}

impl Watch<Any> for ClosedLoop {
    fn begin(&mut self, engine: &mut Engine<Any>, header: &SegmentHeader) {
        let mut words: Vec<u64> = Vec::new();
        engine.save(&mut words);
        let Some(mut other) = restore::<Any>(&words) else { return };
        for desk in &mut other.desks {
            for change in &self.changes {
                let own = change.is_for(&desk.strategy);
                self.refused |= own && !desk.strategy.set(change.id, change.value);
            }
        }
        let start = Came::of(engine);
        let epoch = header.epoch;
        self.sim = Some(Sim { epoch, engine: other, ports: SimPorts::default(), start });
    }

    fn before(&mut self, row: &Row, _: &Engine<Any>) {
        if row.is_sent() || row.is_end() || !is_public(&row.event) {
            return;
        }
        let Some(sim) = &mut self.sim else { return };
        let set = row.event.kind == kind::COMMAND
            && self.changes.iter().any(|change| change.id == Command::set_of(row.event.id).0)
            && matches!(row.event.body(), Some(Body::Command { command: Command::Set, .. }));
        if !set {
            let observed = self.observed.entry(sim.epoch).or_default();
            sim.take(&row.event, observed);
        }
    }

    fn end(&mut self, engine: &Engine<Any>) {
        let Some(sim) = self.sim.take() else { return };
        let observed = self.observed(sim.epoch);
        self.outcomes.push(Outcome {
            epoch: sim.epoch,
            observed,
            recorded: Came::of(engine).since(&sim.start),
            simulated: Came::of(&sim.engine).since(&sim.start),
            sent: sim.ports.sent,
        });
    }
}

impl Outcome {
    /// As one JSON object.
    pub fn json(&self) -> Value {
        let latency = self.observed.latency();
        json!({
            "simulated": true,
            "epoch": self.epoch,
            "entry_ns": latency.entry.0,
            "response_ns": latency.response.0,
            "sent": self.sent,
            "recorded": self.recorded.json(),
            "other": self.simulated.json(),
        })
    }

    /// For people; each line says that it is simulated.
    pub fn text(&self) -> String {
        let latency = self.observed.latency();
        format!(
            "simulated: session {:08x}, {} us to the venue, {} us back, {} requests sent\n\
             simulated:   recorded  {}\n\
             simulated:   other     {}\n",
            self.epoch,
            latency.entry.0 / 1_000,
            latency.response.0 / 1_000,
            self.sent,
            self.recorded.text(),
            self.simulated.text()
        )
    }
}
