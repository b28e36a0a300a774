//! The words of scenes: each line becomes rows for the engine, or an answer.
#![cfg(test)]

use super::{START, Scene, short, side_of, std, units};
use engine::event::{
    Body, Command, End, Event, Fill, GapReason, Link, LinkState, Reason, Request, flag,
};
use engine::id::{InstrumentId, OrderId, Side, VenueId};
use engine::instrument::Status;
use engine::intent::Tif;
use engine::num::{Amount, Grid, Notional};
use engine::order::{Order, OrderState};
use engine::risk::Refusal;
use engine::strategy::Strategy;
use engine::time::Nanos;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

/// `1.5s`, `250ms` or `8h` as nanoseconds.
fn span(text: &str) -> Nanos {
    let digits = text.trim_end_matches(char::is_alphabetic);
    let unit = match &text[digits.len()..] {
        "ms" => 1e6,
        "s" => 1e9,
        "h" => 3600e9,
        other => panic!("{other} is no unit of time"),
    };
    Nanos((digits.parse::<f64>().unwrap() * unit) as u64)
}

fn link_state(text: &str) -> LinkState {
    match text {
        "up" => LinkState::Up,
        "down" => LinkState::Down,
        "stale" => LinkState::Stale,
        _ => LinkState::Fresh,
    }
}

impl Scene {
    /// Says one line and returns what was sent or answered.
    pub fn say(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (verb, rest) = words.split_first().unwrap();
        if let Some(answer) = self.question(verb, rest) {
            return answer;
        }
        let known = self.market_word(verb, rest)
            || self.report_word(verb, rest)
            || self.session_word(verb, rest);
        assert!(known, "what is {line:?}?");
        self.told()
    }

    fn session_word(&mut self, verb: &str, rest: &[&str]) -> bool {
        match verb {
            "at" => {
                let at = START.after(span(rest[0]));
                assert!(at >= self.doors.now, "time goes back to {}", rest[0]);
                self.doors.now = at;
            }
            "timer" => self.row(0, 1, Body::Timer),
            "orders" => {
                let state = link_state(rest[1]);
                self.row(rest[0].parse().unwrap(), 0, Body::Link { link: Link::Orders, state });
                if state == LinkState::Up {
                    self.row(rest[0].parse().unwrap(), 0, Body::Reconcile { done: false });
                    self.row(rest[0].parse().unwrap(), 0, Body::Reconcile { done: true });
                }
            }
            "set" => {
                let listed = self.settings.listed();
                let (key, value) = listed.set_event(rest[0], rest[1].parse().unwrap()).unwrap();
                self.row(0, key, Body::Command { command: Command::Set, value });
            }
            "flatten" => self.row(0, 0, Body::Command { command: Command::Flatten, value: 0 }),
            "pause" => self.row(0, 0, Body::Command { command: Command::Pause, value: 0 }),
            "resume" => self.row(0, 0, Body::Command { command: Command::Resume, value: 0 }),
            _ => return false,
        }
        true
    }

    fn market_word(&mut self, verb: &str, rest: &[&str]) -> bool {
        let place = || rest[0].parse::<u16>().unwrap();
        let number = |at: usize| rest[at].as_bytes();
        self.update += 1;
        match verb {
            "book" => self.book(rest),
            "best" => {
                let spec = self.spec(rest[0]);
                let price = |at| spec.price(number(at)).unwrap();
                let qty = |at| spec.qty(number(at)).unwrap();
                let body =
                    Body::Best { bid: price(1), bid_qty: qty(2), ask: price(3), ask_qty: qty(4) };
                self.row(place(), self.update, body);
            }
            "trade" => {
                let spec = self.spec(rest[0]);
                let (price, qty) = (spec.price(number(2)).unwrap(), spec.qty(number(3)).unwrap());
                let body = Body::Trade { price, qty, taker: side_of(rest[1]) };
                self.row(place(), self.update, body);
            }
            "mark" => {
                let mark = Notional(units(rest[1]));
                self.row(place(), self.update, Body::Mark { mark, index: mark });
            }
            "funding" => {
                let rate = Amount(units(rest[1]));
                let next_ms = self.doors.now.after(span(rest[3])).as_ms();
                self.row(place(), self.update, Body::FundingRate { rate, next_ms });
            }
            "gap" => {
                let body = Body::Gap { reason: GapReason::Sequence, expected: 1 };
                self.row(place(), self.update, body);
            }
            "status" => {
                let halted = rest[1] == "halted";
                let status = if halted { Status::Halted } else { Status::Trading };
                self.row(place(), self.update, Body::Status(status));
            }
            "filters" => {
                let [tick, lot] = [1, 2].map(|at| Grid::from_step(number(at)).unwrap());
                let at = usize::from(place());
                self.instruments[at].tick = tick;
                self.instruments[at].lot = lot;
                self.instruments[at].size = lot;
                let body = Body::Filters { tick, lot, size: lot, notional_min: Notional(0) };
                self.row(place(), self.update, body);
            }
            "market" => {
                let state = link_state(rest[1]);
                self.row(place(), 0, Body::Link { link: Link::Market, state });
            }
            _ => return false,
        }
        true
    }

    fn book(&mut self, rest: &[&str]) {
        let spec = self.spec(rest[0]);
        let mut side = Side::Buy;
        let mut bodies: Vec<Body> = Vec::new();
        let mut words = rest[1..].iter();
        while let Some(word) = words.next() {
            if matches!(*word, "bid" | "ask") {
                side = side_of(word);
                continue;
            }
            let qty = words.next().unwrap();
            let price = spec.price(word.as_bytes()).unwrap();
            bodies.push(Body::Level { side, price, qty: spec.qty(qty.as_bytes()).unwrap() });
        }
        let last = bodies.len().saturating_sub(1);
        let rows = bodies.into_iter().enumerate().map(|(at, body)| {
            let first = if at == 0 { flag::FIRST } else { 0 };
            let end = if at == last { flag::LAST } else { 0 };
            let flags = flag::SNAPSHOT | first | end;
            Event::new(self.doors.now, spec.id, self.update, body).with(flags)
        });
        let rows: Vec<Event> = rows.collect();
        self.events(rows);
    }

    /// An order by the number that it was sent under.
    fn order(&self, number: &str) -> Order {
        let id = OrderId::new(100, number.trim_start_matches('#').parse().unwrap());
        let found = self.engine.desks[0].orders.get(id).copied();
        found.unwrap_or_else(|| panic!("no order {number}"))
    }

    fn report_word(&mut self, verb: &str, rest: &[&str]) -> bool {
        match verb {
            "accept" if rest[0] == "all" => {
                let pending = self.live(|order| order.state == OrderState::PendingNew);
                pending.iter().for_each(|order| self.accept(order));
            }
            "accept" => self.accept(&self.order(rest[0])),
            "settle" => self.settle(),
            "fill" => {
                let order = self.order(rest[0]);
                let spec = self.instruments[order.instrument.index()];
                let word = |key: &str, offset: usize| {
                    rest.iter().position(|word| *word == key).map(|at| rest[at + offset])
                };
                let qty = spec.qty(rest[1].as_bytes()).unwrap();
                let price =
                    word("at", 1).map_or(order.price, |at| spec.price(at.as_bytes()).unwrap());
                let maker = !order.tif.is_immediate();
                let ppm = if maker { spec.fees.maker_ppm } else { spec.fees.taker_ppm };
                let (mut fee, mut fee_asset) =
                    (Amount(spec.notional(price, qty).0 / 1_000_000 * ppm), spec.quote);
                if let (Some(amount), Some(name)) = (word("fee", 1), word("fee", 2)) {
                    fee = Amount(units(amount));
                    fee_asset = self.assets.id(name.as_bytes()).unwrap();
                }
                self.trades += 1;
                let (trade, side) = (self.trades, order.side);
                let fill =
                    Fill { order: order.id(), trade, side, price, qty, fee, fee_asset, maker };
                self.row(order.instrument.0, 0, Body::Fill(fill));
            }
            "done" => self.done(&self.order(rest[0]), End::Cancelled),
            "reject" => self.done(&self.order(rest[0]), End::Rejected),
            "unknown" => {
                let order = self.order(rest[0]);
                let body = Body::Unknown { order: order.id(), request: Request::Place };
                self.row(order.instrument.0, 0, body);
            }
            _ => return false,
        }
        true
    }

    fn live(&self, which: impl Fn(&Order) -> bool) -> Vec<Order> {
        self.engine.desks[0].orders.live().filter(|order| which(order)).copied().collect()
    }

    fn accept(&mut self, order: &Order) {
        self.row(order.instrument.0, 0, Body::Accepted { order: order.id(), venue_order: 7 });
    }

    fn done(&mut self, order: &Order, end: End) {
        let body = Body::Done { order: order.id(), end, reason: Reason::None, filled: None };
        self.row(order.instrument.0, 0, body);
    }

    /// What a venue without other traders answers, until nothing is open.
    fn settle(&mut self) {
        for _ in 0..8 {
            let pending = self.live(|order| order.state.is_pending());
            for order in &pending {
                match order.state {
                    OrderState::PendingCancel => self.done(order, End::Cancelled),
                    OrderState::PendingNew if order.tif == Tif::Ioc => {
                        self.done(order, End::Expired);
                    }
                    OrderState::PendingNew => self.accept(order),
                    _ => {
                        let asked = self.doors.amends.iter().rev();
                        let qty = asked.clone().find(|(id, _)| *id == order.id());
                        let qty = qty.map_or(order.qty, |(_, qty)| *qty);
                        let body = Body::Amended { order: order.id(), price: None, qty };
                        self.row(order.instrument.0, 0, body);
                    }
                }
            }
            if pending.is_empty() {
                return;
            }
        }
    }

    fn question(&self, verb: &str, rest: &[&str]) -> Option<String> {
        let desk = &self.engine.desks[0];
        Some(match verb {
            "plan" => {
                let spec = self.spec(rest[0]);
                let plan = &desk.plans[spec.id.index()];
                let mut parts = Vec::new();
                for side in Side::BOTH {
                    for quote in plan.quotes(side) {
                        parts.push(self.order_text(&spec, side, quote.price, quote.qty));
                    }
                }
                if let Some(take) = plan.take {
                    let order = self.order_text(&spec, take.side, take.price, take.qty);
                    parts.push(format!("take {order}"));
                }
                parts.join(", ")
            }
            "held" => {
                let held = desk.positions[self.spec(rest[0]).id.index()].base;
                short(engine::num::Decimal { value: held.0, decimals: 8 })
            }
            "live" => {
                let orders = desk.orders.live();
                let one = |o: &Order| {
                    let spec = &self.instruments[o.instrument.index()];
                    format!(
                        "{} {}",
                        o.instrument.0,
                        self.order_text(spec, o.side, o.price, o.remaining())
                    )
                };
                orders.map(one).collect::<Vec<_>>().join(", ")
            }
            "reading" => {
                let reading = desk.strategy.reading(InstrumentId(rest[0].parse().unwrap()));
                format!("{} ± {}", reading.reservation, reading.half_spread)
            }
            "refused" => {
                let found = Refusal::ALL.iter().find(|(_, name)| *name == rest[0]);
                desk.gate.refusals()[found.unwrap().0.index()].to_string()
            }
            "free" => {
                let venue = VenueId(rest[0].parse().unwrap());
                let asset = self.assets.id(rest[1].as_bytes()).unwrap();
                let value = self.engine.account(venue).free(asset).0;
                short(engine::num::Decimal { value, decimals: 8 })
            }
            _ => return None,
        })
    }
}
