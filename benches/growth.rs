//! How the cost of a message grows: with the levels of its book, with the orders that stand, with
//! the instruments that are traded. Every size is an engine of its own, and they run by turns.
//!
//! A step is a message of ten levels through the whole engine (book, strategy, plan, reconcile,
//! risk) whose touch moves each time, so that the bid of its desk is replaced each time, and the
//! venue's answers. The desk of each instrument is its own; books have a hundred levels a side
//! where it is not their levels that grow. Orders stand on other instruments than the one that
//! moves: what its own quotes cost is what was asked for. Instruments are as busy as they are in
//! life, the n-th a n-th as often as the first; a row beside it has all of them equally busy, so
//! that each finds what it needs as cold as 199 others left it. An update is a level, anywhere in
//! the book, and both best prices.

use benches::corpus;
use benches::stage::{Bar, Contestant, Row, Stage, rows_directory};
use engine::book::ladder::Ladder;
use engine::desk::DeskSettings;
use engine::engine::{Engine, Settings, step};
use engine::event::{Body, End, Event, Link, LinkState, Reason, flag};
use engine::id::{AssetId, InstrumentId, Side};
use engine::instrument::Instrument;
use engine::intent::{Intent, Outgoing};
use engine::num::{Amount, Notional, Price, Qty};
use engine::plan::{LEVELS_MAX, Plan};
use engine::ports::Ports;
use engine::reconcile::Tolerance;
use engine::risk::Limits;
use engine::state::{Sink, Source, State};
use engine::strategy::{Reading, Strategy, View};
use engine::time::{Nanos, Stage as Mark};
use plotters::prelude::*;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::collections::VecDeque;
use std::hint::black_box;

/// Messages, or updates, of one turn.
const TURN: usize = 2_000;
/// Different messages of one instrument before they come again.
const MESSAGES: usize = 16;
const MESSAGE_LEVELS: usize = 10;
const TOUCH: i64 = 6_183_763;
/// Instruments among which the orders of the second picture stand.
const DESKS: usize = 64;
const GROWTH_MAX: f64 = 1.5;

type Failed = Box<dyn std::error::Error>;

/// Quotes so many levels behind each side's touch.
#[derive(Debug)]
struct Pegged {
    instrument: InstrumentId,
    quotes: [usize; 2],
}

impl State for Pegged {
    fn save(&self, _: &mut dyn Sink) {}
    fn load(&mut self, _: &mut dyn Source) -> Option<()> {
        Some(())
    }
}

impl Strategy for Pegged {
    fn learn(&mut self, _: &Event, _: &View<'_>) {}
    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        let Some(listing) = view.listing(self.instrument) else { return };
        let Some(((bid, _), (ask, _))) = listing.book.touch() else { return };
        let plan = &mut plans[self.instrument.index()];
        for (side, touch) in [(Side::Buy, bid), (Side::Sell, ask)] {
            for level in 1..=self.quotes[side.index()] as i64 {
                plan.quote(side, Price(touch.0 - side.sign() * level), Qty(1_000));
            }
        }
    }
    fn set(&mut self, _: u64, _: i64) -> bool {
        false
    }
    fn reading(&self, _: InstrumentId) -> Reading {
        Reading::default()
    }
}

/// A venue that answers at once what the engine asks.
#[derive(Default)]
struct Doors {
    now: Nanos,
    events: VecDeque<Event>,
    placed: u64,
}

impl Ports for Doors {
    fn now(&mut self) -> Nanos {
        self.now
    }
    fn next(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
    fn record(&mut self, event: &Event) {
        black_box(event);
    }
    fn send(&mut self, item: Outgoing) {
        let Outgoing::Place(approved) = item else { return };
        let (old, new) = match *approved.intent() {
            Intent::Place(new) | Intent::Entry(new) => (None, new),
            Intent::Replace { old, new } => (Some(old), new),
            Intent::Move { .. } | Intent::Conditional { .. } => return,
        };
        self.placed += 1;
        let mut answer = |body| {
            self.events.push_back(Event::new(self.now, new.instrument, 0, body));
        };
        if let Some(old) = old {
            let (end, reason) = (End::Cancelled, Reason::None);
            answer(Body::Done { order: old.order(), end, reason, filled: Some(Qty(0)) });
        }
        answer(Body::Accepted { order: new.client.order, venue_order: self.placed });
    }
    fn mark(&mut self, _: Mark) {}
}

/// How large an engine is.
#[derive(Clone, Copy)]
struct Size {
    levels: i64,
    orders: usize,
    instruments: usize,
    /// Instruments that move; the others only hold orders.
    moving: usize,
    /// Whether they move equally often.
    evenly: bool,
}

/// An engine of some size, its venue, and the messages that it will get.
struct Scene {
    engine: Engine<Pegged>,
    doors: Doors,
    /// The same for each instrument, as they come out of the same buffer.
    messages: Vec<Vec<Event>>,
    /// Which instrument moves next, and how often each has moved.
    order: Vec<u16>,
    moved: Vec<usize>,
    at: usize,
}

impl Scene {
    fn new(size: Size) -> Result<Self, Failed> {
        let instruments: Vec<Instrument> = (0..size.instruments)
            .map(|place| Instrument { id: InstrumentId(place as u16), ..corpus::spot() })
            .collect();
        let mut rest = size.orders - size.moving;
        let mut desks = Vec::new();
        for instrument in &instruments {
            let moves = instrument.id.index() < size.moving;
            let more = if moves { 0 } else { rest.min(2 * LEVELS_MAX) };
            rest -= more;
            let quotes = if moves { [1, 0] } else { [more.div_ceil(2), more / 2] };
            let tolerance =
                Tolerance { price_ticks: 0, excess_ppm: 0, shortage_ppm: 0, life_min: Nanos::ZERO };
            let settings = DeskSettings::alike(&[instrument.id], tolerance, limits());
            desks.push((settings, Pegged { instrument: instrument.id, quotes }));
        }
        let mut scene = Self {
            engine: Engine::new(instruments, desks, Settings::default()),
            doors: Doors { now: Nanos::from_s(1), ..Doors::default() },
            messages: messages(size.levels, &mut SmallRng::seed_from_u64(9)),
            order: order(size),
            moved: vec![0; size.moving],
            at: 0,
        };
        scene.open(size)?;
        Ok(scene)
    }

    fn open(&mut self, size: Size) -> Result<(), Failed> {
        let up = LinkState::Up;
        let big = Amount(1_000_000_000_000_000);
        let balance = |asset| Body::Balance { asset, free: big, locked: Amount(0) };
        for (id, body) in [
            (1, Body::Start { epoch: 1, config_hash: 0 }),
            (0, Body::Link { link: Link::Market, state: up }),
            (0, Body::Link { link: Link::Orders, state: up }),
            (0, Body::Reconcile { done: false }),
            (0, balance(AssetId(0))),
            (1, balance(AssetId(1))),
            (0, Body::Reconcile { done: true }),
        ] {
            self.doors.events.push_back(Event::new(self.doors.now, InstrumentId(0), id, body));
        }
        for place in 0..size.instruments {
            self.doors.events.extend(snapshot(InstrumentId(place as u16), size.levels));
            self.turn();
        }
        let round = 8 * TURN;
        (0..round).for_each(|_| self.message());
        let (live, before) = (self.engine.live_orders(), self.doors.placed);
        (0..round).for_each(|_| self.message());
        let placed = self.doors.placed - before;
        if live != size.orders || placed != round as u64 {
            let refused = self.engine.desks[0].gate.refusals();
            return Err(format!("{live} orders stand, {placed} were placed, {refused:?}").into());
        }
        Ok(())
    }

    fn turn(&mut self) {
        while step(&mut self.engine, &mut self.doors) {}
    }

    fn message(&mut self) {
        self.doors.now = self.doors.now.after(Nanos(1_000));
        let instrument = InstrumentId(self.order[self.at]);
        self.at = (self.at + 1) % self.order.len();
        let moved = &mut self.moved[instrument.index()];
        let rows = &self.messages[*moved % MESSAGES];
        *moved += 1;
        self.doors.events.extend(rows.iter().map(|row| Event { instrument, ..*row }));
        self.turn();
    }
}

/// Which instrument moves when, for some turns.
fn order(size: Size) -> Vec<u16> {
    let mut random = SmallRng::seed_from_u64(3);
    let weight = |place: usize| if size.evenly { 1.0 } else { 1.0 / (place + 1) as f64 };
    let sum: f64 = (0..size.moving).map(weight).sum();
    let mut draw = |at: usize| {
        if size.evenly {
            return at % size.moving;
        }
        let mut rest = random.random_range(0.0..sum);
        let passed = |place: &usize| {
            rest -= weight(*place);
            rest >= 0.0
        };
        (0..size.moving - 1).take_while(passed).count()
    };
    (0..4 * TURN).map(|at| draw(at) as u16).collect()
}

fn limits() -> Limits {
    Limits {
        collar_mid_ppm: 20_000,
        collar_trade_ppm: 30_000,
        order_qty_max: Qty(100_000),
        order_notional_max: Notional(10_000_000_000_000),
        position_max: Amount(1_000_000_000_000),
        open_orders_max: 64,
        gross_notional_max: Notional(i64::MAX / 2),
        orders_per_s: 100_000_000,
        orders_burst: 1_000_000,
        market_age_max: Nanos::from_s(1_000_000),
        daily_loss_max: Notional(i64::MAX / 2),
    }
}

fn level(instrument: InstrumentId, side: Side, (away, qty): (i64, i64)) -> Event {
    let price = Price(if side == Side::Buy { TOUCH - away } else { TOUCH + 3 + away });
    Event::new(Nanos(0), instrument, 1, Body::Level { side, price, qty: Qty(qty) })
}

/// A level on each tick, so many a side.
fn snapshot(instrument: InstrumentId, levels: i64) -> Vec<Event> {
    let all = (0..levels).flat_map(|away| Side::BOTH.map(|side| (side, away)));
    let mut rows: Vec<Event> = all
        .map(|(side, away)| level(instrument, side, (away, 5_000)).with(flag::SNAPSHOT))
        .collect();
    let last = rows.len() - 1;
    rows[0].flags |= flag::FIRST;
    rows[last].flags |= flag::LAST;
    rows
}

/// Messages that move the bid by a tick to and fro and change levels anywhere behind the touch.
fn messages(levels: i64, random: &mut SmallRng) -> Vec<Vec<Event>> {
    let message = |number: usize| {
        let stands = if number.is_multiple_of(2) { 700 } else { 0 };
        let instrument = InstrumentId(0);
        let mut rows = vec![level(instrument, Side::Buy, (-1, stands))];
        for place in 1..MESSAGE_LEVELS {
            rows.push(level(instrument, Side::BOTH[place % 2], change(levels, random)));
        }
        rows[MESSAGE_LEVELS - 1].flags |= flag::LAST;
        rows
    };
    (0..MESSAGES).map(message).collect()
}

/// How far behind the touch a level changes, and to what.
fn change(levels: i64, random: &mut SmallRng) -> (i64, i64) {
    let gone = random.random_bool(0.2);
    (random.random_range(1..levels), if gone { 0 } else { random.random_range(1..9_000) })
}

/// The two sides of a book that are updated anywhere.
struct Levels {
    sides: [Ladder; 2],
    updates: Vec<(Side, Price, Qty)>,
}

impl Levels {
    fn new(levels: i64) -> Self {
        let mut random = SmallRng::seed_from_u64(5);
        let mut sides = Side::BOTH.map(Ladder::new);
        sides.iter_mut().for_each(|side| side.clear(Price(TOUCH)));
        let price = |side: Side, away: i64| Price(TOUCH - side.sign() * away);
        for (side, ladder) in Side::BOTH.into_iter().zip(&mut sides) {
            (1..=levels).for_each(|away| ladder.set(price(side, away), Qty(1)));
            ladder.settle();
        }
        let updates = (0..TURN)
            .map(|number| {
                let (away, qty) = change(levels + 1, &mut random);
                let side = Side::BOTH[number % 2];
                (side, price(side, away), Qty(qty))
            })
            .collect();
        Self { sides, updates }
    }

    fn run(&mut self) {
        for (side, price, qty) in &self.updates {
            self.sides[side.index()].set(*price, *qty);
            black_box((self.sides[0].best(), self.sides[1].best()));
        }
    }
}

/// One axis: what grows, its sizes as they are named and as numbers, the smallest last.
struct Axis {
    title: &'static str,
    unit: &'static str,
    sizes: [(&'static str, usize); 4],
}

const LEVELS: [(&str, usize); 4] =
    [("10,000 levels", 10_000), ("1,000 levels", 1_000), ("100 levels", 100), ("10 levels", 10)];
const ORDERS: [(&str, usize); 4] =
    [("1,000 orders", 1_000), ("100 orders", 100), ("10 orders", 10), ("1 order", 1)];
const INSTRUMENTS: [(&str, usize); 4] =
    [("200 instruments", 200), ("50 instruments", 50), ("10 instruments", 10), ("1 instrument", 1)];

const EVENLY: &str = "instruments, all equally busy";

fn size(title: &str, size: usize) -> Size {
    let base = Size { levels: 100, orders: 1, instruments: 1, moving: 1, evenly: false };
    match title {
        "levels" => Size { levels: size as i64, ..base },
        "standing orders" => Size { orders: size, instruments: DESKS, ..base },
        _ => {
            let evenly = title == EVENLY;
            Size { orders: size, instruments: size, moving: size, evenly, ..base }
        }
    }
}

fn steps(stage: &mut Stage, axis: &Axis) -> Result<(), Failed> {
    let mut all = Vec::new();
    for (name, number) in axis.sizes {
        let scene = Scene::new(size(axis.title, number))?;
        all.push(Contestant::with(
            name,
            scene,
            |_| (),
            |scene| (0..TURN).for_each(|_| scene.message()),
        ));
    }
    duel(stage, axis, all);
    Ok(())
}

fn updates(stage: &mut Stage, axis: &Axis) {
    let all = axis.sizes.map(|(name, number)| {
        Contestant::with(name, Levels::new(number as i64), |_| (), Levels::run)
    });
    duel(stage, axis, all.into());
}

fn duel(stage: &mut Stage, axis: &Axis, all: Vec<Contestant<'_>>) {
    let bar =
        if axis.title == EVENLY { Bar::None } else { Bar::within(GROWTH_MAX, axis.sizes[3].0) };
    stage.duel(axis.title, bar, TURN, all);
}

/// ns by size, smallest first.
fn curve(row: &Row, axis: &Axis) -> Vec<(usize, f64)> {
    let mut points = vec![(axis.sizes[0].1, row.ns)];
    for against in &row.against {
        if let Some((_, number)) = axis.sizes.iter().find(|(name, _)| *name == against.name) {
            points.push((*number, against.ns));
        }
    }
    points.reverse();
    points
}

/// One picture a row: ns a message over the size, the bar as a line, and the figures beneath.
fn plot(rows: &[(Vec<(usize, f64)>, &Axis)]) -> Result<(), Failed> {
    let path = rows_directory().join("growth.svg");
    std::fs::create_dir_all(rows_directory())?;
    let root = SVGBackend::new(&path, (1_300, 1_000)).into_drawing_area();
    root.fill(&WHITE)?;
    for (area, (points, axis)) in root.split_evenly((3, 2)).iter().zip(rows) {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { continue };
        let limit = first.1 * GROWTH_MAX;
        let top = points.iter().fold(limit, |top, point| top.max(point.1)) * 1.25;
        let label = |(number, ns): &(usize, f64)| format!("{number}: {ns:.1} ns");
        let table = points.iter().map(label).collect::<Vec<_>>().join(" · ");
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .caption(format!("{} ({table})", axis.title), ("sans-serif", 15))
            .x_label_area_size(36)
            .y_label_area_size(56)
            .build_cartesian_2d((first.0..last.0).log_scale(), 0.0..top)?;
        chart.configure_mesh().x_desc(axis.title).y_desc(axis.unit).draw()?;
        chart.draw_series(LineSeries::new([(first.0, limit), (last.0, limit)], &RED))?;
        chart.draw_series(LineSeries::new(points.iter().copied(), &BLUE))?;
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 4, BLUE.filled())))?;
    }
    root.present()?;
    println!("{}", path.display());
    Ok(())
}

fn main() -> Result<(), Failed> {
    let mut stage = Stage::new("growth");
    let unit = "ns a message";
    let axes = [
        Axis { title: "levels", unit, sizes: LEVELS },
        Axis { title: "standing orders", unit, sizes: ORDERS },
        Axis { title: "instruments", unit, sizes: INSTRUMENTS },
        Axis { title: EVENLY, unit, sizes: INSTRUMENTS },
    ];
    for axis in &axes {
        steps(&mut stage, axis)?;
    }
    let update = Axis { title: "levels, an update", unit: "ns an update", sizes: LEVELS };
    updates(&mut stage, &update);
    let rows: Vec<_> = stage
        .rows()
        .iter()
        .zip(axes.iter().chain([&update]))
        .map(|(row, axis)| (curve(row, axis), axis))
        .collect();
    if !stage.smoke() {
        plot(&rows)?;
    }
    stage.finish();
    Ok(())
}
