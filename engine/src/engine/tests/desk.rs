//! The bench of the scripts: an engine, a strategy that quotes what it is told, ports that
//! remember.

use super::words::{hold_of, link_state, reason_of, request_of, side_of};
use crate::condition::{By, Keeps, Pairs, Watched};
use crate::desk::DeskSettings;
use crate::engine::{Engine, Settings, step};
use crate::event::{Body, Command, End, Event, Fill, GapReason, Link, Reason, Standing, flag};
use crate::held::Held;
use crate::id::{AssetId, FeedId, InstrumentId, OrderId, Side, VenueId};
use crate::instrument::{Instrument, Kind, Status, Symbol};
use crate::intent::{Intent, Outgoing, Reduce, Tif};
use crate::num::{Amount, Grid, Notional, Price, Qty};
use crate::plan::{Plan, Quote, Take};
use crate::ports::Ports;
use crate::reconcile::Tolerance;
use crate::risk::{Limits, Refusal};
use crate::state::{Sink, Source, State};
use crate::strategy::{Reading, Strategy, View};
use crate::time::{Nanos, Stage};
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

pub(super) const ONE: i64 = 100_000_000;

/// Quotes what it is told, by instrument and side.
#[derive(Debug, Default)]
pub(super) struct Told {
    quotes: [[Vec<Quote>; 2]; 2],
    takes: [Option<Take>; 2],
    /// Leaves what stands as it is.
    keeps: bool,
    learnt: u64,
}

impl State for Told {
    fn save(&self, _: &mut dyn Sink) {}
    fn load(&mut self, _: &mut dyn Source) -> Option<()> {
        Some(())
    }
}

impl Strategy for Told {
    fn learn(&mut self, _: &Event, _: &View<'_>) {
        self.learnt += 1;
    }
    fn plan(&mut self, _: &View<'_>, plans: &mut [Plan]) {
        for (index, plan) in plans.iter_mut().enumerate().take(2) {
            plan.take = self.takes[index];
            if self.keeps {
                plan.keep();
                continue;
            }
            for side in Side::BOTH {
                for quote in &self.quotes[index][side.index()] {
                    plan.quote(side, quote.price, quote.qty);
                }
            }
        }
    }
    fn set(&mut self, key: u64, _: i64) -> bool {
        key == 1
    }
    fn reading(&self, _: InstrumentId) -> Reading {
        Reading::default()
    }
}

#[derive(Debug, Default)]
struct Doors {
    now: Nanos,
    queue: VecDeque<Event>,
    sent: Vec<String>,
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
        self.sent.push(text_of(&item));
    }
    fn mark(&mut self, _: Stage) {}
}

fn name(order: OrderId) -> String {
    match order.epoch() {
        OrderId::FOREIGN_EPOCH => format!("#f-{}", order.counter()),
        100 => format!("#{}", order.counter()),
        other => format!("#{other}-{}", order.counter()),
    }
}

fn order_of(text: &str) -> OrderId {
    let text = text.trim_start_matches('#');
    match text.split_once('-') {
        Some(("f", counter)) => OrderId::new(OrderId::FOREIGN_EPOCH, counter.parse().unwrap()),
        Some((epoch, counter)) => OrderId::new(epoch.parse().unwrap(), counter.parse().unwrap()),
        None => OrderId::new(100, text.parse().unwrap()),
    }
}

fn text_of(item: &Outgoing) -> String {
    let side = |side: Side| if side == Side::Buy { "buy" } else { "sell" };
    let at = |id: InstrumentId| if id.0 == 0 { String::new() } else { format!("@{}", id.0) };
    match item {
        Outgoing::Place(approved) => {
            let new = approved.intent().place();
            let quote = format!("{}:{}", new.price, new.qty);
            let ioc = if new.tif == Tif::Ioc { " ioc" } else { "" };
            let (id, at) = (name(new.client.order), at(new.instrument));
            match approved.intent() {
                Intent::Place(_) => format!("place{at} {id} {} {quote}{ioc}", side(new.side)),
                Intent::Entry(_) => format!("entry{at} {id} {} {quote}{ioc}", side(new.side)),
                Intent::Conditional { until, tie, .. } => {
                    let way = match (until.by, until.rises) {
                        (By::Price, true) => "up to",
                        (By::Price, false) => "down to",
                        (By::Distance, true) => "up by",
                        (By::Distance, false) => "down by",
                        (By::Share, true) => "up by ppm",
                        (By::Share, false) => "down by ppm",
                    };
                    let tie = ["", " and", " or"][*tie as usize];
                    let on = Watched::ALL[until.watched as usize].1;
                    let when = format!("{on} {way} {}", until.price);
                    format!("stop{at} {id} {} {quote}{ioc} when {when}{tie}", side(new.side))
                }
                Intent::Replace { old, .. } => {
                    format!("replace{at} {}→{id} {quote}", name(old.order()))
                }
                Intent::Move { .. } => format!("move{at} {id} {quote}"),
            }
        }
        Outgoing::Reduce(Reduce::Cancel(order)) => format!("cancel {}", name(order.order())),
        Outgoing::Reduce(Reduce::Amend { order, qty }) => {
            format!("amend {} {qty}", name(order.order()))
        }
        Outgoing::Reduce(Reduce::CancelAll(id)) => format!("cancel-all{}", at(*id)),
        Outgoing::Reduce(Reduce::Query(order)) => format!("query {}", name(order.order())),
        Outgoing::Reduce(other) => format!("{other:?}"),
        Outgoing::Resync(id) => format!("resync{}", at(*id)),
    }
}

/// Words: `+MS` time · `ready` · `book B A` · `row SIDE P Q [first|last]` · `tick` · `gap` ·
/// `trade P` · `mark P` · `status S` · `quote buy P:Q … sell P:Q …` · `keep` ·
/// `take ID SIDE P:Q [DESK]` ·
/// `accept N` · `fill N TRADE QTY [P]` · `done N END [FILLED] [REASON]` · `amended N Q [P]` ·
/// `refused N REQUEST REASON` · `unknown N REQUEST` · `absent N` · `triggered N` ·
/// `standing N SIDE P Q FILLED [waits|as-new]` · `balance ASSET FREE LOCKED` ·
/// `position LOTS ENTRY` · `funding ASSET AMOUNT ID` · `begin` `end`
/// · `market|orders up|down|stale|fresh` · `budget N` · `timer` · `pause` … `stop`; a report that
/// ends in `asked` was learnt by asking. Questions: `phase` · `count NAME` · `order N` · `held` ·
/// `funded` · `repairs` · `total ASSET` · `free ASSET` · `reserved ASSET`. `@1` behind a word is
/// the second instrument, of a word about no instrument the second venue (and feed).
#[derive(Debug)]
pub(super) struct Bench {
    pub engine: Engine<Told>,
    doors: Doors,
    update: u64,
    touch: [(i64, i64); 2],
}

impl Bench {
    /// One desk on two instruments of which scripts mostly use the first.
    pub fn new(change: impl FnOnce(&mut Limits, &mut Settings)) -> Self {
        Self::with_desks(&[&[0, 1]], change)
    }

    pub fn with_desks(desks: &[&[u16]], change: impl FnOnce(&mut Limits, &mut Settings)) -> Self {
        Self::with_instruments(desks, |_| {}, change)
    }

    /// The second instrument is a perpetual at a venue of its own: tenfold leverage, orders move.
    pub fn with_perpetual(desks: &[&[u16]]) -> Self {
        let perpetual = |all: &mut Vec<Instrument>| {
            all[1] = Instrument {
                venue: VenueId(1),
                feed: FeedId(1),
                kind: Kind::Linear,
                margin_ppm: 100_000,
                moves: true,
                ..all[1]
            };
        };
        Self::with_instruments(desks, perpetual, |_, _| {})
    }

    /// The first instrument's venue keeps orders that wait for the last price.
    pub fn with_stops() -> Self {
        let keep =
            |all: &mut Vec<Instrument>| all[0].keeps = Keeps::NOTHING.and_stops(Watched::Last);
        Self::with_instruments(&[&[0, 1]], keep, |_, _| {})
    }

    /// The same, which keeps all that venues keep, pairs as so many orders.
    pub fn with_pairs(pairs: Pairs) -> Self {
        Self::with_pairs_within(pairs, |_| {})
    }

    pub fn with_pairs_within(pairs: Pairs, change: impl FnOnce(&mut Limits)) -> Self {
        let keeps = Keeps::NOTHING
            .and_stops(Watched::Last)
            .and_distances(Watched::Last)
            .and_shares(Watched::Last, true)
            .and_pairs(pairs)
            .and_brackets();
        Self::with_instruments(
            &[&[0, 1]],
            |all: &mut Vec<Instrument>| all[0].keeps = keeps,
            |limits, _| change(limits),
        )
    }

    fn with_instruments(
        desks: &[&[u16]],
        make: impl FnOnce(&mut Vec<Instrument>),
        change: impl FnOnce(&mut Limits, &mut Settings),
    ) -> Self {
        let grids = (Grid { decimals: 0, step: 1 }, Grid { decimals: 0, step: 1 });
        let mut instruments: Vec<Instrument> = (0..2)
            .map(|id| Instrument {
                qty_min: Qty(1),
                notional_min: Notional(10 * ONE),
                ..Instrument::new(
                    InstrumentId(id),
                    Symbol::new("BTCUSDT").unwrap(),
                    (AssetId(2 * id), AssetId(1)),
                    grids,
                )
            })
            .collect();
        make(&mut instruments);
        let mut limits = Limits {
            collar_mid_ppm: 100_000,
            collar_trade_ppm: 200_000,
            order_qty_max: Qty(100),
            order_notional_max: Notional(100_000 * ONE),
            position_max: Amount(1000 * ONE),
            open_orders_max: 20,
            gross_notional_max: Notional(1_000_000 * ONE),
            orders_per_s: 1000,
            orders_burst: 1000,
            market_age_max: Nanos::from_s(60),
            daily_loss_max: Notional(10_000 * ONE),
        };
        let mut settings = Settings::default();
        change(&mut limits, &mut settings);
        let tolerance = Tolerance {
            price_ticks: 0,
            excess_ppm: 0,
            shortage_ppm: 500_000,
            life_min: Nanos::ZERO,
        };
        let desks = desks
            .iter()
            .map(|ids| {
                let ids: Vec<_> = ids.iter().copied().map(InstrumentId).collect();
                (DeskSettings::alike(&ids, tolerance, limits), Told::default())
            })
            .collect();
        let doors = Doors { now: Nanos::from_s(1_000_000), ..Doors::default() };
        let engine = Engine::new(instruments, desks, settings);
        Self { engine, doors, update: 10, touch: [(100, 102); 2] }
    }

    fn row(&mut self, instrument: u16, id: u64, body: Body, flags: u8) {
        let event = Event::new(self.doors.now, InstrumentId(instrument), id, body).with(flags);
        self.doors.queue.push_back(event);
        while step(&mut self.engine, &mut self.doors) {}
    }

    fn tick(&mut self, instrument: u16) {
        self.update += 1;
        let (bid, ask) = self.touch[usize::from(instrument)];
        let (bid_qty, ask_qty) = (Qty(9), Qty(9));
        let body = Body::Best { bid: Price(bid), bid_qty, ask: Price(ask), ask_qty };
        self.row(instrument, self.update, body, flag::LAST);
    }

    fn book(&mut self, instrument: u16, bid: i64, ask: i64) {
        self.touch[usize::from(instrument)] = (bid, ask);
        self.update += 1;
        let level = |side, price| Body::Level { side, price: Price(price), qty: Qty(9) };
        let first = flag::SNAPSHOT | flag::FIRST;
        self.row(instrument, self.update, level(Side::Buy, bid), first);
        self.row(instrument, self.update, level(Side::Sell, ask), flag::SNAPSHOT | flag::LAST);
    }

    /// Says one line and returns what was sent or answered.
    pub fn engine(&mut self) -> &mut Engine<Told> {
        &mut self.engine
    }

    pub fn say(&mut self, line: &str) -> String {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        let asked = words.last() == Some(&"asked");
        if asked {
            words.pop();
        }
        let (verb, rest) = words.split_first().unwrap();
        if let Some(answer) = self.question(verb, rest) {
            return answer;
        }
        let (verb, instrument) = match verb.split_once('@') {
            Some((verb, id)) => (verb, id.parse().unwrap()),
            None => (*verb, 0_u16),
        };
        if let Some(ms) = verb.strip_prefix('+') {
            self.doors.now = self.doors.now.after(Nanos::from_ms(ms.parse().unwrap()));
        } else if !self.market_word(verb, instrument, rest) {
            let body = session_body(verb, rest)
                .or_else(|| self.report_body(verb, rest))
                .unwrap_or_else(|| panic!("what is {line:?}?"));
            let flags = if asked { flag::ASKED } else { 0 };
            let id = match (verb, rest.first()) {
                ("balance" | "set", Some(id)) => id.parse().unwrap(),
                ("funding", Some(_)) => rest[2].parse().unwrap(),
                _ => 0,
            };
            self.row(instrument, id, body, flags);
        }
        core::mem::take(&mut self.doors.sent).join(", ")
    }

    fn market_word(&mut self, verb: &str, instrument: u16, rest: &[&str]) -> bool {
        let number = |place: usize| rest[place].parse::<i64>().unwrap();
        match verb {
            "ready" => {
                for line in [
                    "start",
                    "market up",
                    "orders up",
                    "begin",
                    "balance 0 1000 0",
                    "balance 1 1000000 0",
                    "balance 2 1000 0",
                    "end",
                    "book 100 102",
                    "book@1 100 102",
                ] {
                    self.say(line);
                }
            }
            "book" => self.book(instrument, number(0), number(1)),
            "tick" => self.tick(instrument),
            "row" => {
                let side = side_of(rest[0]);
                let body = Body::Level { side, price: Price(number(1)), qty: Qty(number(2)) };
                let flags = match rest.get(3) {
                    Some(&"last") => flag::LAST,
                    Some(&"first") => flag::FIRST | flag::SNAPSHOT,
                    _ => 0,
                };
                self.row(instrument, self.update, body, flags);
            }
            "hold" => {
                let hold = hold_of(rest);
                self.row(instrument, u64::from(hold.number), Body::Hold(hold), 0);
            }
            "mark" => {
                let (mark, index) = (Notional(number(0) * ONE), Notional(0));
                self.row(instrument, 1, Body::Mark { mark, index }, flag::LAST);
            }
            "gap" => {
                let body = Body::Gap { reason: GapReason::Sequence, expected: 1 };
                self.row(instrument, self.update, body, flag::LAST);
            }
            "trade" => {
                let (price, qty) = (Price(number(0)), Qty(1));
                self.row(instrument, 1, Body::Trade { price, qty, taker: Side::Buy }, flag::LAST);
            }
            "status" => {
                let status = match rest[0] {
                    "trading" => Status::Trading,
                    "halted" => Status::Halted,
                    _ => Status::CancelOnly,
                };
                self.row(instrument, 1, Body::Status(status), flag::LAST);
            }
            "filters" => {
                let grid = |place: usize| Grid { decimals: number(place) as u8, step: 1 };
                let (tick, lot) = (grid(0), grid(1));
                let body = Body::Filters { tick, lot, size: lot, notional_min: Notional(1) };
                self.row(instrument, 1, body, flag::LAST);
            }
            "quote" => self.quote(instrument, rest),
            "keep" => self.engine.desks.iter_mut().for_each(|desk| desk.strategy.keeps = true),
            "take" => self.take(instrument, rest),
            _ => return false,
        }
        true
    }

    fn take(&mut self, instrument: u16, rest: &[&str]) {
        let (price, qty) = rest[2].split_once(':').unwrap();
        let (price, qty) = (Price(price.parse().unwrap()), Qty(qty.parse().unwrap()));
        let take = Take { id: rest[0].parse().unwrap(), side: side_of(rest[1]), price, qty };
        let only = rest.get(3).and_then(|desk| desk.parse::<usize>().ok());
        for (place, desk) in self.engine.desks.iter_mut().enumerate() {
            if only.is_none_or(|only| only == place) {
                desk.strategy.takes[usize::from(instrument)] = Some(take);
            }
        }
        self.tick(instrument);
    }

    fn quote(&mut self, instrument: u16, rest: &[&str]) {
        let mut quotes: [Vec<Quote>; 2] = Default::default();
        let mut side = Side::Buy;
        for word in rest {
            match word.split_once(':') {
                None => side = side_of(word),
                Some((price, qty)) => quotes[side.index()].push(Quote {
                    price: Price(price.parse().unwrap()),
                    qty: Qty(qty.parse().unwrap()),
                }),
            }
        }
        for desk in self.engine.desks.iter_mut().filter(|d| d.trades(InstrumentId(instrument))) {
            desk.strategy.quotes[usize::from(instrument)] = quotes.clone();
            desk.strategy.keeps = false;
        }
        self.tick(instrument);
    }

    fn report_body(&self, verb: &str, rest: &[&str]) -> Option<Body> {
        let order = order_of(rest.first()?.trim_start_matches('#'));
        let number = |place: usize| rest[place].parse::<i64>().unwrap();
        Some(match verb {
            "accept" => Body::Accepted { order, venue_order: 7 },
            "fill" => {
                let known = self.engine.desks.iter().find_map(|desk| desk.orders.get(order));
                let (side, price) = known.map_or((Side::Buy, 100), |o| (o.side, o.price.0));
                Body::Fill(Fill {
                    order,
                    trade: number(1) as u64,
                    side,
                    price: Price(rest.get(3).map_or(price, |p| p.parse().unwrap())),
                    qty: Qty(number(2)),
                    fee: Amount(0),
                    fee_asset: AssetId(1),
                    maker: true,
                })
            }
            "done" => Body::Done {
                order,
                end: match rest[1] {
                    "cancelled" => End::Cancelled,
                    "rejected" => End::Rejected,
                    "expired" => End::Expired,
                    _ => End::Filled,
                },
                filled: rest.get(2).and_then(|qty| qty.parse().ok()).map(Qty),
                reason: rest.last().map_or(Reason::None, |word| reason_of(word)),
            },
            "amended" => {
                let price = rest.get(2).map(|price| Price(price.parse().unwrap()));
                Body::Amended { order, price, qty: Qty(number(1)) }
            }
            "refused" => {
                Body::Refused { order, request: request_of(rest[1]), reason: reason_of(rest[2]) }
            }
            "triggered" => Body::Triggered { order, venue_order: 8 },
            "unknown" => Body::Unknown { order, request: request_of(rest[1]) },
            "absent" => Body::Absent { order },
            "standing" => Body::Standing(Standing {
                order,
                venue_order: if rest.contains(&"as-new") { 9 } else { 7 },
                side: side_of(rest[1]),
                price: Price(number(2)),
                qty: Qty(number(3)),
                filled: Qty(number(4)),
                waits: rest.contains(&"waits"),
            }),
            _ => return None,
        })
    }

    fn question(&self, verb: &str, rest: &[&str]) -> Option<String> {
        let desk = &self.engine.desks[0];
        let (verb, at) = verb.split_once('@').unwrap_or((verb, "0"));
        let place: u16 = at.parse().unwrap_or_default();
        let venue = VenueId(place as u8);
        Some(match verb {
            "phase" => format!("{}, {}", self.engine.phase().name(), self.engine.halt().name()),
            "order" => {
                let order = desk.orders.get(order_of(rest[0]));
                order.map_or("none".to_string(), |o| {
                    format!("{} {}/{} at {}", o.state.name(), o.qty, o.filled, o.price)
                })
            }
            "venue-id" => {
                let order = desk.orders.get(order_of(rest[0])).unwrap();
                order.venue_order.to_string()
            }
            "holds" => {
                let text = |held: &Held| {
                    let hold = held.hold;
                    let name = hold.trigger.name();
                    format!("{name} {} {} x{}", hold.number, held.state.name(), hold.qty)
                };
                self.engine.held().iter().map(text).collect::<Vec<_>>().join(", ")
            }
            "held" => (desk.positions[usize::from(place)].base.0 / ONE).to_string(),
            "funded" => (desk.positions[usize::from(place)].funding.0 / ONE).to_string(),
            "live" => self.engine.live_orders().to_string(),
            "total" => {
                let asset = AssetId(rest[0].parse().unwrap());
                (self.engine.account(venue).balance(asset).total.0 / ONE).to_string()
            }
            "free" => {
                let asset = AssetId(rest[0].parse().unwrap());
                let free = self.engine.account(venue).free(asset);
                let left = free.saturating_sub(self.engine.reserved(venue, asset));
                (left.0 / ONE).to_string()
            }
            "reserved" => {
                let asset = AssetId(rest[0].parse().unwrap());
                (self.engine.reserved(venue, asset).0 / ONE).to_string()
            }
            "repairs" => {
                let text = |repair: &crate::session::Repair| {
                    let order = if repair.order == OrderId(0) {
                        format!("asset {}", repair.asset.0)
                    } else {
                        name(repair.order)
                    };
                    format!("{} {order}", repair.kind.name())
                };
                self.engine.repairs().iter().map(text).collect::<Vec<_>>().join(", ")
            }
            "count" => self.count(rest[0]).to_string(),
            _ => return None,
        })
    }

    /// A counter by its name: of the gate's refusals, the desk or the engine.
    fn count(&self, name: &str) -> u64 {
        let desk = &self.engine.desks[0];
        if let Some((refusal, _)) = Refusal::ALL.iter().find(|(_, known)| *known == name) {
            return desk.gate.refusals()[refusal.index()];
        }
        let text = format!("{:?} {:?}", desk.counters, self.engine.counters);
        let start = text.find(&format!(" {name}: ")).unwrap() + name.len() + 3;
        let end = text[start..].find([',', ' ']).unwrap();
        text[start..start + end].parse().unwrap()
    }
}

fn session_body(verb: &str, rest: &[&str]) -> Option<Body> {
    let amount = |place: usize| Amount(rest[place].parse::<i64>().unwrap() * ONE);
    Some(match verb {
        "start" => Body::Start { epoch: 100, config_hash: 1 },
        "market" => Body::Link { link: Link::Market, state: link_state(rest[0]) },
        "orders" => Body::Link { link: Link::Orders, state: link_state(rest[0]) },
        "begin" => Body::Reconcile { done: false },
        "end" => Body::Reconcile { done: true },
        "doubt" => Body::Doubt,
        "balance" => Body::Balance {
            asset: AssetId(rest[0].parse().unwrap()),
            free: amount(1),
            locked: amount(2),
        },
        "funding" => Body::Funding { asset: AssetId(rest[0].parse().unwrap()), amount: amount(1) },
        "position" => {
            Body::Position { lots: rest[0].parse().unwrap(), entry: Notional(amount(1).0) }
        }
        "release" => Body::Release { number: rest[0].parse().unwrap() },
        "budget" => Body::Budget { orders: rest[0].parse().unwrap(), weight: 100 },
        "timer" => Body::Timer,
        "set" => Body::Command { command: Command::Set, value: 1 },
        "pause" => Body::Command { command: Command::Pause, value: 0 },
        "resume" => Body::Command { command: Command::Resume, value: 0 },
        "cancel-all" => Body::Command { command: Command::CancelAll, value: 0 },
        "flatten" => Body::Command { command: Command::Flatten, value: 0 },
        "kill" => Body::Command { command: Command::Kill, value: 0 },
        "stop" => Body::Command { command: Command::Stop, value: 0 },
        "journal-full" => Body::Command { command: Command::JournalFull, value: 0 },
        _ => return None,
    })
}
