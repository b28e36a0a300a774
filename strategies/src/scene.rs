//! Strategies by scripts: market rows, reports and time in, requests out, all as text, through a
//! real engine with real desks.
//!
//! A script is lines of `what happens => what is sent`; questions answer on the same line.
//! Instruments are named by their place in the list, prices and quantities are decimals.
//!
//! Words: `at 1.5s` · `timer` · `book I bid P Q … ask P Q …` · `best I BID Q ASK Q` · `trade I SIDE
//! P Q` · `mark I P` · `funding I RATE in 8h` · `gap I` · `status I halted` · `filters I TICK LOT`
//! · `market V down` · `orders V down` · `accept N|all` · `fill N QTY [at P] [fee AMOUNT ASSET]` ·
//! `done N` · `reject N` · `unknown N` · `settle` (all answers that a venue without a market would
//! give: places stand, takes expire, cancels are done) · `set KEY VALUE` · `flatten`.
//! Questions: `plan I` · `held I` · `live` · `reading I` · `refused NAME`.
#![cfg(test)]

extern crate std;

mod fuzz;
mod venue;
mod words;
mod worlds;

use crate::any::{Any, Settings};
use engine::asset::Assets;
use engine::desk::DeskSettings;
use engine::engine::{Engine, Settings as Session, step};
use engine::event::{Body, Event, Link, LinkState};
use engine::id::{AssetId, FeedId, InstrumentId, OrderId, Side, VenueId};
use engine::instrument::{Fees, Instrument, Kind, Symbol};
use engine::intent::{Intent, Outgoing, Reduce, Tif};
use engine::num::{Amount, Grid, Notional, Price, Qty, parse_decimal};
use engine::ports::Ports;
use engine::reconcile::Tolerance;
use engine::risk::Limits;
use engine::time::{Nanos, Stage};
use std::collections::VecDeque;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

/// When scenes begin.
const START: Nanos = Nanos::from_s(1_000_000);

/// An instrument in words: `BTC/USDT 0 spot 0.1 0.001 fees 0 10 min 5` is venue 0, tick 0.1, lot
/// 0.001, maker and taker fees in bp, least notional 5; `perp` is margined ten to one.
fn instrument(text: &str, place: usize, assets: &mut Assets) -> Instrument {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (base, quote) = words[0].split_once('/').unwrap();
    let mut asset = |name: &str| assets.intern(Symbol::new(name).unwrap()).unwrap();
    let ids = (asset(base), asset(quote));
    let grids = [3, 4].map(|place| Grid::from_step(words[place].as_bytes()).unwrap());
    let after = |key: &str, offset: usize| -> f64 {
        let at = words.iter().position(|word| *word == key);
        at.map_or(0.0, |at| words[at + offset].parse().unwrap())
    };
    let venue = words[1].parse().unwrap();
    let name = Symbol::new(&format!("{base}{quote}")).unwrap();
    let is_spot = words[2] == "spot";
    Instrument {
        venue: VenueId(venue),
        feed: FeedId(venue),
        kind: if is_spot { Kind::Spot } else { Kind::Linear },
        margin_ppm: if is_spot { 1_000_000 } else { 100_000 },
        qty_min: Qty(1),
        notional_min: Notional((after("min", 1) * 1e8) as i64),
        fees: Fees {
            maker_ppm: (after("fees", 1) * 100.0) as i64,
            taker_ppm: (after("fees", 2) * 100.0) as i64,
        },
        ..Instrument::new(InstrumentId(place as u16), name, ids, (grids[0], grids[1]))
    }
}

#[derive(Debug, Default)]
struct Doors {
    now: Nanos,
    queue: VecDeque<Event>,
    sent: Vec<Outgoing>,
    /// The quantities that orders were last asked to take.
    amends: Vec<(OrderId, Qty)>,
}

impl Ports for Doors {
    fn now(&mut self) -> Nanos {
        self.now
    }
    fn next(&mut self) -> Option<Event> {
        self.queue.pop_front()
    }
    fn record(&mut self, _: &Event) {}
    fn send(&mut self, item: Outgoing) {
        if let Outgoing::Reduce(Reduce::Amend { order, qty }) = &item {
            self.amends.push((order.order(), *qty));
        }
        self.sent.push(item);
    }
    fn mark(&mut self, _: Stage) {}
}

/// An engine with one desk, and the doors that a script stands at.
pub struct Scene {
    pub engine: Engine<Any>,
    pub instruments: Vec<Instrument>,
    assets: Assets,
    settings: Settings,
    doors: Doors,
    update: u64,
    trades: u64,
}

/// Limits that no script reaches.
fn generous() -> Limits {
    Limits {
        collar_mid_ppm: 900_000,
        collar_trade_ppm: 10_000_000,
        order_qty_max: Qty(i64::MAX),
        order_notional_max: Notional(i64::MAX),
        position_max: Amount(i64::MAX),
        open_orders_max: 100,
        gross_notional_max: Notional(i64::MAX),
        orders_per_s: 1000,
        orders_burst: 1000,
        market_age_max: Nanos::from_s(3600),
        daily_loss_max: Notional(i64::MAX),
    }
}

impl Scene {
    /// A strategy by name, with these parameters, on these instruments; every account holds 1000
    /// of each base and 1 000 000 of each quote asset, and everything is connected.
    pub fn new(name: &str, parameters: &[(&str, f64)], instruments: &[&str]) -> Self {
        let mut scene = Self::closed(name, parameters, instruments);
        let rich: Vec<(&str, f64)> = Vec::new();
        scene.open(&rich);
        scene
    }

    /// The same with other balances, the same at each venue; an asset not named has as above.
    pub fn with_funds(
        name: &str,
        parameters: &[(&str, f64)],
        instruments: &[&str],
        funds: &[(&str, f64)],
    ) -> Self {
        let mut scene = Self::closed(name, parameters, instruments);
        scene.open(funds);
        scene
    }

    fn closed(name: &str, parameters: &[(&str, f64)], instruments: &[&str]) -> Self {
        let mut assets = Assets::default();
        let texts = instruments.iter().enumerate();
        let instruments: Vec<Instrument> =
            texts.map(|(place, text)| instrument(text, place, &mut assets)).collect();
        let mut settings = Settings::of(name).unwrap();
        for (key, value) in parameters {
            let id = settings.listed().parameter(key).unwrap_or_else(|| panic!("no {key}")).id;
            settings.set(id, *value).unwrap();
        }
        settings.validate().unwrap();
        let strategy = settings.build(&instruments).unwrap_or_else(|error| panic!("{error}"));
        let ids: Vec<_> = instruments.iter().map(|one| one.id).collect();
        let tolerance = Tolerance { shortage_ppm: 0, ..Tolerance::default() };
        let desk = DeskSettings::alike(&ids, tolerance, generous());
        let engine =
            Engine::new(instruments.clone(), std::vec![(desk, strategy)], Session::default());
        let doors = Doors { now: START, ..Doors::default() };
        Self { engine, instruments, assets, settings, doors, update: 0, trades: 0 }
    }

    fn open(&mut self, funds: &[(&str, f64)]) {
        self.row(0, 0, Body::Start { epoch: 100, config_hash: 1 });
        let venues = self.instruments.iter().map(|one| one.venue.0).max().unwrap_or(0);
        for venue in 0..=u16::from(venues) {
            self.row(venue, 0, Body::Link { link: Link::Market, state: LinkState::Up });
            self.row(venue, 0, Body::Link { link: Link::Orders, state: LinkState::Up });
            self.row(venue, 0, Body::Reconcile { done: false });
            for place in 0..self.assets.len() {
                let id = AssetId(place as u16);
                let name = self.assets.name(id).unwrap().as_str();
                let is_quote = self.instruments.iter().any(|one| one.quote == id);
                let usual = if is_quote { 1e6 } else { 1e3 };
                let found = funds.iter().find(|(known, _)| *known == name);
                let free = Amount((found.map_or(usual, |(_, units)| *units) * 1e8) as i64);
                let body = Body::Balance { asset: id, free, locked: Amount(0) };
                self.row(venue, u64::from(id.0), body);
            }
            self.row(venue, 0, Body::Reconcile { done: true });
        }
    }

    /// Puts one row through the engine.
    pub fn row(&mut self, instrument: u16, id: u64, body: Body) {
        let event = Event::new(self.doors.now, InstrumentId(instrument), id, body);
        self.events([event.with(engine::event::flag::LAST)]);
    }

    /// Puts rows through the engine as they are.
    pub fn events(&mut self, events: impl IntoIterator<Item = Event>) {
        self.doors.queue.extend(events);
        while step(&mut self.engine, &mut self.doors) {}
    }

    /// The strategy.
    pub fn strategy(&self) -> &Any {
        &self.engine.desks[0].strategy
    }

    /// Event time goes on by so much.
    pub fn wait(&mut self, time: Nanos) {
        self.doors.now = self.doors.now.after(time);
    }

    /// Event time.
    pub fn now(&self) -> Nanos {
        self.doors.now
    }

    /// What was sent since it was last asked.
    pub fn sent(&mut self) -> Vec<Outgoing> {
        core::mem::take(&mut self.doors.sent)
    }

    /// Runs a script and compares what was sent and answered.
    pub fn check(&mut self, script: &str) {
        let (mut actual, mut expect) = (String::new(), String::new());
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (said, wanted) = line.split_once("=>").unwrap_or((line, ""));
            let answer = self.say(said.trim());
            for (text, answer) in [(&mut actual, answer.as_str()), (&mut expect, wanted.trim())] {
                text.push_str(said.trim());
                if !answer.is_empty() {
                    text.push_str(" => ");
                    text.push_str(answer);
                }
                text.push('\n');
            }
        }
        assert!(actual == expect, "\nactual:\n{actual}\nexpected:\n{expect}");
    }

    fn spec(&self, place: &str) -> Instrument {
        self.instruments[place.parse::<usize>().unwrap()]
    }

    /// What was sent, in words.
    fn told(&mut self) -> String {
        let sent = self.sent();
        sent.iter().map(|item| self.text(item)).collect::<Vec<_>>().join(", ")
    }

    fn text(&self, item: &Outgoing) -> String {
        let name = |id: OrderId| format!("#{}", id.counter());
        match item {
            Outgoing::Place(approved) => {
                let new = approved.intent().place();
                let spec = &self.instruments[new.instrument.index()];
                let (id, at) = (name(new.client.order), new.instrument.0);
                let order = self.order_text(spec, new.side, new.price, new.qty);
                match approved.intent() {
                    Intent::Place(_) if new.tif == Tif::Ioc => format!("take {at} {id} {order}"),
                    Intent::Place(_) | Intent::Entry(_) => format!("place {at} {id} {order}"),
                    Intent::Replace { old, .. } => {
                        format!("replace {at} {}→{id} {order}", name(old.order()))
                    }
                    Intent::Move { .. } => format!("move {at} {id} {order}"),
                    Intent::Conditional { .. } => format!("stop {at} {id} {order}"),
                }
            }
            Outgoing::Reduce(Reduce::Cancel(order)) => format!("cancel {}", name(order.order())),
            Outgoing::Reduce(Reduce::Amend { order, qty }) => {
                let spec = &self.instruments[order.instrument.index()];
                format!("amend {} {}", name(order.order()), short(spec.lot.decimal(qty.0)))
            }
            Outgoing::Reduce(Reduce::CancelAll(id)) => format!("cancel-all {}", id.0),
            Outgoing::Reduce(Reduce::Query(order)) => format!("query {}", name(order.order())),
            other => format!("{other:?}"),
        }
    }

    fn order_text(&self, spec: &Instrument, side: Side, price: Price, qty: Qty) -> String {
        let (price, qty) = (short(spec.tick.decimal(price.0)), short(spec.lot.decimal(qty.0)));
        format!("{} {qty} at {price}", if side == Side::Buy { "buy" } else { "sell" })
    }
}

/// A decimal without zeros at its end.
fn short(number: engine::num::Decimal) -> String {
    let text = number.to_string();
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    }
}

/// Decimal text in units of 1e-8.
fn units(text: &str) -> i64 {
    parse_decimal(text.as_bytes(), 8).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn side_of(text: &str) -> Side {
    match text {
        "buy" | "bid" => Side::Buy,
        "sell" | "ask" => Side::Sell,
        _ => panic!("{text} is no side"),
    }
}
