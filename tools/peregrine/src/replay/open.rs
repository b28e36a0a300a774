//! Open loop: what other parameters would have planned on the recorded state, at every instant at
//! which the recorded ones planned. Nothing feeds back: books, positions and orders are those that
//! were.

use super::walk::Watch;
use super::what_if::Change;
use engine::engine::Engine;
use engine::event::Event;
use engine::id::{InstrumentId, Side};
use engine::instrument::Instrument;
use engine::market::Market;
use engine::plan::{Plan, Quote};
use engine::state::{Restore, Sink, Source, State};
use engine::strategy::{Reading, Strategy, View};
use engine::time::Nanos;
use serde_json::{Value, json};
use shm::journal::{Row, SegmentHeader};
use std::cell::RefCell;
use std::rc::Rc;
use strategies::any::Any;

/// Longest time that one plan counts for: then nothing was planned because nothing could stand.
const PLAN_SPAN_MAX: u64 = 1_000_000_000;

/// What differs on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sided {
    /// Plans in which both quote.
    pub both: u64,
    /// Plans in which only the recorded, only the other one quotes.
    pub only: [u64; 2],
    /// Sum and largest of the differences of the best price, ticks, where both quote.
    pub price: (u64, u64),
    /// The same of its quantity, lots.
    pub qty: (u64, u64),
    /// How long each would have quoted, ns.
    pub quoting_ns: [u64; 2],
}

/// The first plan that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct First {
    /// When.
    pub at: Nanos,
    /// Instrument.
    pub instrument: InstrumentId,
    /// Place of the event that it was planned on.
    pub seq: Option<u64>,
    /// As recorded.
    pub recorded: Plan,
    /// Of the other parameters.
    pub other: Plan,
}

/// What was compared on one desk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Plans.
    pub plans: u64,
    /// Of them different.
    pub differ: u64,
    /// By side.
    pub sides: [Sided; 2],
    /// How long plans were made, ns.
    pub planned_ns: u64,
    /// The first difference.
    pub first: Option<First>,
    last: Option<(Nanos, [[bool; 2]; 2])>,
}

impl Compared {
    fn add(&mut self, now: Nanos, recorded: &[Plan], other: &[Plan]) {
        self.plans += 1;
        self.add_time(now);
        let mut differ = false;
        let mut quoting = [[false; 2]; 2];
        for (place, (one, two)) in recorded.iter().zip(other).enumerate() {
            let same = Side::BOTH.iter().all(|side| one.quotes(*side) == two.quotes(*side))
                && one.take == two.take;
            if !same {
                differ = true;
                let instrument = InstrumentId(place as u16);
                let (recorded, other) = (*one, *two);
                let first = First { at: now, instrument, seq: None, recorded, other };
                self.first.get_or_insert(first);
            }
            for side in Side::BOTH {
                let best = [one.quotes(side).first(), two.quotes(side).first()];
                let flags = best.map(|quote| quote.is_some());
                let sided = &mut self.sides[side.index()];
                for (sum, flag) in quoting[side.index()].iter_mut().zip(flags) {
                    *sum |= flag;
                }
                sided.add(best);
            }
        }
        self.differ += u64::from(differ);
        self.last = Some((now, quoting));
    }

    fn add_time(&mut self, now: Nanos) {
        let Some((then, quoting)) = self.last else { return };
        let span = now.since(then).0.min(PLAN_SPAN_MAX);
        self.planned_ns += span;
        for (sided, flags) in self.sides.iter_mut().zip(quoting) {
            for (sum, flag) in sided.quoting_ns.iter_mut().zip(flags) {
                *sum += if flag { span } else { 0 };
            }
        }
    }
}

impl Sided {
    fn add(&mut self, best: [Option<&Quote>; 2]) {
        let [one, two] = match best {
            [Some(one), Some(two)] => [one, two],
            [one, two] => {
                self.only[0] += u64::from(one.is_some());
                self.only[1] += u64::from(two.is_some());
                return;
            }
        };
        self.both += 1;
        for (sum, away) in [
            (&mut self.price, one.price.0.abs_diff(two.price.0)),
            (&mut self.qty, one.qty.0.abs_diff(two.qty.0)),
        ] {
            *sum = (sum.0.saturating_add(away), sum.1.max(away));
        }
    }

    fn mean(&self, sum: u64) -> f64 {
        sum as f64 / self.both.max(1) as f64
    }
}

/// The recorded strategy, which decides, and the other one beside it.
#[derive(Debug)]
pub struct Shadow {
    recorded: Any,
    other: Any,
    changes: Rc<[Change]>,
    plans: Vec<Plan>,
    compared: Rc<RefCell<Compared>>,
}

impl Restore for Shadow {
    fn restore(source: &mut dyn Source, instruments: &[Instrument]) -> Option<Self> {
        let recorded = Any::restore(source, instruments)?;
        let other = recorded.clone();
        let (changes, plans) = (Rc::from(Vec::new()), Vec::new());
        Some(Self { recorded, other, changes, plans, compared: Rc::default() })
    }
}

impl State for Shadow {
    fn save(&self, sink: &mut dyn Sink) {
        self.recorded.save(sink);
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.recorded.load(source)
    }
}

impl Strategy for Shadow {
    #[inline]
    fn learn(&mut self, event: &Event, view: &View<'_>) {
        self.recorded.learn(event, view);
        self.other.learn(event, view);
    }

    #[inline]
    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        self.recorded.plan(view, plans);
        self.plans.clear();
        self.plans.resize(plans.len(), Plan::default());
        self.other.plan(view, &mut self.plans);
        self.compared.borrow_mut().add(view.now, plans, &self.plans);
    }

    fn set(&mut self, key: u64, value: i64) -> bool {
        // What is asked about stays as it is asked, whatever the operator set meanwhile.
        if self.changes.iter().all(|change| change.id != key) {
            self.other.set(key, value);
        }
        self.recorded.set(key, value)
    }

    fn reading(&self, instrument: InstrumentId) -> Reading {
        self.recorded.reading(instrument)
    }

    fn carry(&mut self, _: &Self) {}
}

/// Looks at the plans of both while a journal is replayed.
#[derive(Debug)]
pub struct OpenLoop {
    changes: Rc<[Change]>,
    desks: Vec<Rc<RefCell<Compared>>>,
    /// A desk whose strategy refused the parameters, with their names.
    pub refused: bool,
}

impl OpenLoop {
    /// With these parameters.
    pub fn new(changes: &[Change]) -> Self {
        Self { changes: changes.into(), desks: Vec::new(), refused: false }
    }

    /// What was compared, by desk.
    pub fn desks(&self) -> Vec<Compared> {
        self.desks.iter().map(|desk| *desk.borrow()).collect()
    }
}

impl Watch<Shadow> for OpenLoop {
    fn begin(&mut self, engine: &mut Engine<Shadow>, _: &SegmentHeader) {
        for (place, desk) in engine.desks.iter_mut().enumerate() {
            if self.desks.len() <= place {
                self.desks.push(Rc::default());
            }
            let shadow = &mut desk.strategy;
            shadow.compared = self.desks[place].clone();
            shadow.compared.borrow_mut().last = None;
            shadow.changes = self.changes.clone();
            for change in self.changes.iter() {
                let own = change.is_for(&shadow.other);
                self.refused |= own && !shadow.other.set(change.id, change.value);
            }
        }
    }

    #[inline]
    fn after(&mut self, row: &Row, _: &Engine<Shadow>) {
        for desk in &self.desks {
            if let Some(first) = &mut desk.borrow_mut().first {
                first.seq.get_or_insert(row.seq);
            }
        }
    }
}

/// A plan as text: bids, asks.
fn quotes(plan: &Plan, instrument: Option<&Instrument>) -> String {
    let one = |quote: &Quote| match instrument {
        Some(instrument) => {
            let (price, qty) = (quote.price.0, quote.qty.0);
            format!("{} x {}", instrument.tick.decimal(price), instrument.lot.decimal(qty))
        }
        None => format!("{} x {}", quote.price.0, quote.qty.0),
    };
    let side = |side: Side, name: &str| {
        let all: Vec<String> = plan.quotes(side).iter().map(one).collect();
        if all.is_empty() { format!("no {name}") } else { format!("{name} {}", all.join(", ")) }
    };
    format!("{}, {}", side(Side::Buy, "bid"), side(Side::Sell, "ask"))
}

impl Compared {
    /// As one JSON object.
    pub fn json(&self, desk: usize, market: &Market) -> Value {
        let share = |ns: u64| ns as f64 / self.planned_ns.max(1) as f64;
        let side = |sided: &Sided| {
            json!({
                "both_quote": sided.both,
                "only_recorded_quotes": sided.only[0],
                "only_other_quotes": sided.only[1],
                "price_ticks_mean": sided.mean(sided.price.0),
                "price_ticks_max": sided.price.1,
                "qty_lots_mean": sided.mean(sided.qty.0),
                "qty_lots_max": sided.qty.1,
                "recorded_quoting_share": share(sided.quoting_ns[0]),
                "other_quoting_share": share(sided.quoting_ns[1]),
            })
        };
        let first = self.first.as_ref().map(|first| {
            let instrument = market.listing(first.instrument).map(|listing| &listing.instrument);
            json!({
                "seq": first.seq,
                "at_ns": first.at.0,
                "recorded": quotes(&first.recorded, instrument),
                "other": quotes(&first.other, instrument),
            })
        });
        json!({
            "desk": desk,
            "plans": self.plans,
            "differ": self.differ,
            "bid": side(&self.sides[0]),
            "ask": side(&self.sides[1]),
            "first_difference": first,
        })
    }

    /// For people.
    pub fn text(&self, desk: usize, market: &Market) -> String {
        let mut text = format!("desk {desk}: {} of {} plans differ\n", self.differ, self.plans);
        for (sided, name) in self.sides.iter().zip(["bid", "ask"]) {
            let percent = |ns: u64| ns as f64 * 100.0 / self.planned_ns.max(1) as f64;
            let [recorded, other] = sided.quoting_ns.map(percent);
            text += &format!(
                "  {name}: price differs by {:.3} ticks on average, {} at most; quantity by {:.1} \
                 lots, {} at most; quoting {recorded:.2} % recorded, {other:.2} % other\n",
                sided.mean(sided.price.0),
                sided.price.1,
                sided.mean(sided.qty.0),
                sided.qty.1,
            );
        }
        if let Some(first) = &self.first {
            let instrument = market.listing(first.instrument).map(|listing| &listing.instrument);
            text += &format!(
                "  first at row {}\n    recorded  {}\n    other     {}\n",
                first.seq.unwrap_or_default(),
                quotes(&first.recorded, instrument),
                quotes(&first.other, instrument)
            );
        }
        text
    }
}
