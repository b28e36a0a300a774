//! A venue as simple as can be: orders, fills, balances, and channels that delay, lose and cut.
//!
//! Answers and the private stream are two channels, each in order, not with each other.

use super::{ONE, Random, instrument};
use engine::event::{Body, End, Event, Fill, Link, LinkState, Reason, Request, Standing, flag};
use engine::id::{AssetId, InstrumentId, OrderId, Side};
use engine::intent::{Intent, Outgoing, Place, Reduce, Tif};
use engine::num::{Amount, Notional, Price, Qty};
use engine::time::Nanos;
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub venue_id: u64,
    pub side: Side,
    pub price: i64,
    pub qty: i64,
    pub filled: i64,
    pub live: bool,
    pub end: End,
}

impl Order {
    pub fn left(&self) -> i64 {
        if self.live { self.qty - self.filled } else { 0 }
    }
}

#[derive(Clone, Copy, Debug)]
enum Ask {
    Place(Place),
    Replace(OrderId, Place),
    Cancel(OrderId),
    Amend(OrderId, i64),
    CancelAll,
    Query(OrderId),
}

#[derive(Clone, Copy, Debug)]
struct InFlight {
    at: u64,
    ask: Ask,
    answered: bool,
}

type Channel = BTreeMap<(u64, u64), Event>;

/// The venue, the way to it and the gateway in between.
#[derive(Debug)]
pub struct Venue {
    pub orders: BTreeMap<u64, Order>,
    pub totals: [i64; 3],
    pub position: i64,
    pub touch: (i64, i64),
    pub up: bool,
    pub faulty: bool,
    trades: Vec<Fill>,
    ways: Vec<InFlight>,
    answers: Channel,
    stream: Channel,
    last: [u64; 3],
    rows: u64,
    next_trade: u64,
    now: u64,
}

impl Venue {
    pub fn new() -> Self {
        Self {
            orders: BTreeMap::new(),
            totals: [5 * ONE, 100_000 * ONE, 10 * ONE],
            position: 0,
            touch: (1000, 1002),
            up: false,
            faulty: true,
            trades: Vec::new(),
            ways: Vec::new(),
            answers: Channel::new(),
            stream: Channel::new(),
            last: [0; 3],
            rows: 0,
            next_trade: 1,
            now: 0,
        }
    }

    pub fn stand(&mut self, id: OrderId, side: Side, price: i64, qty: i64) {
        self.rows += 1;
        let venue_id = self.rows;
        let order =
            Order { venue_id, side, price, qty, filled: 0, live: true, end: End::Cancelled };
        self.orders.insert(id.0, order);
    }

    /// What buys or sells that stand or are under way could still fill.
    pub fn worst(&self, side: Side) -> (i64, usize) {
        let standing = self.orders.values().filter(|order| order.live && order.side == side);
        let standing: Vec<i64> = standing.map(Order::left).collect();
        let coming = self.ways.iter().filter_map(|way| match way.ask {
            Ask::Place(new) | Ask::Replace(_, new) if new.side == side => Some(new.qty.0),
            _ => None,
        });
        let all: Vec<i64> = standing.into_iter().chain(coming).collect();
        (all.iter().sum(), all.len())
    }

    pub fn is_idle(&self) -> bool {
        self.ways.is_empty() && self.answers.is_empty() && self.stream.is_empty()
    }

    /// The engine's requests enter the way to the venue; some are lost, or their answers are.
    pub fn send(&mut self, item: &Outgoing, random: &mut Random) {
        let ask = match item {
            Outgoing::Place(approved) => match approved.intent() {
                Intent::Place(new) | Intent::Entry(new) => Ask::Place(*new),
                Intent::Replace { old, new } => Ask::Replace(old.order(), *new),
                Intent::Move { .. } | Intent::Conditional { .. } => return,
            },
            Outgoing::Reduce(Reduce::Cancel(order)) => Ask::Cancel(order.order()),
            Outgoing::Reduce(Reduce::Amend { order, qty }) => Ask::Amend(order.order(), qty.0),
            Outgoing::Reduce(Reduce::CancelAll(_)) => Ask::CancelAll,
            Outgoing::Reduce(Reduce::Query(order)) => Ask::Query(order.order()),
            _ => return,
        };
        if !self.up {
            return;
        }
        let lost = self.faulty && random.once_in(40);
        let muted = self.faulty && random.once_in(40);
        let answered = !lost && !muted;
        if !answered {
            self.tell_unknown(ask);
        }
        if !lost {
            let at = (self.now + random.below(30_000_000)).max(self.last[2]);
            self.last[2] = at;
            self.ways.push(InFlight { at, ask, answered });
        }
    }

    /// After its time-out the gateway says that the outcome is open.
    fn tell_unknown(&mut self, ask: Ask) {
        let at = self.now + 150_000_000;
        let mut say = |order, request| {
            self.rows += 1;
            let event = row(Body::Unknown { order, request }, 0);
            self.answers.insert((at, self.rows), event);
        };
        match ask {
            Ask::Place(new) => say(new.client.order, Request::Place),
            Ask::Replace(old, new) => {
                say(old, Request::Cancel);
                say(new.client.order, Request::Place);
            }
            Ask::Cancel(id) => say(id, Request::Cancel),
            Ask::Amend(id, _) => say(id, Request::Amend),
            Ask::Query(id) => say(id, Request::Query),
            Ask::CancelAll => {}
        }
    }

    fn answer(&mut self, answered: bool, body: Body, flags: u8, random: &mut Random) {
        if answered {
            let at = (self.now + random.below(30_000_000)).max(self.last[0]);
            self.last[0] = at;
            self.rows += 1;
            self.answers.insert((at, self.rows), row(body, flags));
        }
    }

    fn publish(&mut self, body: Body, flags: u8, random: &mut Random) {
        let at = (self.now + random.below(30_000_000)).max(self.last[1]);
        self.last[1] = at;
        if self.up {
            self.rows += 1;
            self.stream.insert((at, self.rows), row(body, flags));
        }
    }

    /// Requests that arrived by now are done; then the next row that is due, if any.
    pub fn work(&mut self, now: u64, random: &mut Random) -> Option<Event> {
        self.now = now;
        while let Some(way) = self.ways.first().copied().filter(|way| way.at <= now) {
            self.ways.remove(0);
            self.execute(way, random);
        }
        let due = |channel: &Channel| channel.keys().next().copied().filter(|(at, _)| *at <= now);
        let channel = match (due(&self.answers), due(&self.stream)) {
            (Some(_), Some(_)) if random.once_in(2) => &mut self.answers,
            (_, Some(_)) => &mut self.stream,
            (Some(_), None) => &mut self.answers,
            (None, None) => return None,
        };
        channel.pop_first().map(|(_, event)| event)
    }

    fn execute(&mut self, way: InFlight, random: &mut Random) {
        match way.ask {
            Ask::Place(new) => self.place(&new, way.answered, random),
            Ask::Replace(old, new) => {
                if self.cancel(old, way.answered, random) {
                    self.place(&new, way.answered, random);
                } else {
                    let reason = Reason::NotAttempted;
                    let order = new.client.order;
                    let body = Body::Done { order, end: End::Rejected, reason, filled: None };
                    self.answer(way.answered, body, 0, random);
                }
            }
            Ask::Cancel(id) => {
                self.cancel(id, way.answered, random);
            }
            Ask::Amend(id, qty) => self.amend(id, qty, way.answered, random),
            Ask::CancelAll => {
                let ids: Vec<u64> =
                    self.orders.iter().filter(|(_, o)| o.live).map(|(id, _)| *id).collect();
                for id in ids {
                    self.cancel(OrderId(id), way.answered, random);
                }
            }
            Ask::Query(id) => self.query(id, way.answered, random),
        }
    }

    fn place(&mut self, new: &Place, answered: bool, random: &mut Random) {
        let order = new.client.order;
        let crosses = match new.side {
            Side::Buy => new.price.0 >= self.touch.1,
            Side::Sell => new.price.0 <= self.touch.0,
        };
        let refusal = if new.tif == Tif::PostOnly && crosses {
            Some(Reason::WouldTake)
        } else if self.faulty && random.once_in(60) {
            Some(Reason::Other)
        } else {
            None
        };
        if let Some(reason) = refusal {
            let body = Body::Done { order, end: End::Rejected, reason, filled: None };
            return self.answer(answered, body, 0, random);
        }
        self.stand(order, new.side, new.price.0, new.qty.0);
        let venue_order = self.orders[&order.0].venue_id;
        self.publish(Body::Accepted { order, venue_order }, 0, random);
        self.answer(answered, Body::Accepted { order, venue_order }, 0, random);
        if new.tif == Tif::Ioc {
            if crosses {
                let qty = 1 + random.below(new.qty.0 as u64) as i64;
                self.fill(order, qty, random);
            }
            if self.orders[&order.0].live {
                self.end(order, End::Expired, random);
            }
        }
    }

    fn cancel(&mut self, id: OrderId, answered: bool, random: &mut Random) -> bool {
        let known = self.orders.get(&id.0).copied().filter(|order| order.live);
        let Some(order) = known else {
            let reason = Reason::UnknownOrder;
            let body = Body::Refused { order: id, request: Request::Cancel, reason };
            self.answer(answered, body, 0, random);
            return false;
        };
        self.end(id, End::Cancelled, random);
        let filled = Some(Qty(order.filled));
        let body = Body::Done { order: id, end: End::Cancelled, reason: Reason::None, filled };
        self.answer(answered, body, 0, random);
        true
    }

    /// The order ends without being filled whole.
    pub fn end(&mut self, id: OrderId, end: End, random: &mut Random) {
        let Some(order) = self.orders.get_mut(&id.0) else { return };
        (order.live, order.end) = (false, end);
        let filled = Some(Qty(order.filled));
        self.publish(Body::Done { order: id, end, reason: Reason::None, filled }, 0, random);
    }

    fn amend(&mut self, id: OrderId, qty: i64, answered: bool, random: &mut Random) {
        let Some(order) = self.orders.get_mut(&id.0).filter(|order| order.live) else {
            let reason = Reason::UnknownOrder;
            let body = Body::Refused { order: id, request: Request::Amend, reason };
            return self.answer(answered, body, 0, random);
        };
        if qty <= order.filled || qty >= order.qty {
            let body = Body::Refused { order: id, request: Request::Amend, reason: Reason::Filter };
            return self.answer(answered, body, 0, random);
        }
        order.qty = qty;
        self.publish(Body::Amended { order: id, price: None, qty: Qty(qty) }, 0, random);
        self.answer(answered, Body::Amended { order: id, price: None, qty: Qty(qty) }, 0, random);
    }

    fn query(&mut self, id: OrderId, answered: bool, random: &mut Random) {
        let Some(order) = self.orders.get(&id.0).copied() else {
            return self.answer(answered, Body::Absent { order: id }, flag::ASKED, random);
        };
        let fills: Vec<Fill> = self.trades.iter().filter(|t| t.order == id).copied().collect();
        for fill in fills {
            self.answer(answered, Body::Fill(fill), flag::ASKED, random);
        }
        let body = if order.live {
            standing(id, &order)
        } else {
            let filled = Some(Qty(order.filled));
            Body::Done { order: id, end: order.end, reason: Reason::None, filled }
        };
        self.answer(answered, body, flag::ASKED, random);
    }

    /// Somebody trades against one of our orders.
    pub fn fill(&mut self, id: OrderId, qty: i64, random: &mut Random) {
        let Some(order) = self.orders.get_mut(&id.0).filter(|order| order.live) else { return };
        let qty = qty.min(order.left());
        order.filled += qty;
        if order.filled == order.qty {
            (order.live, order.end) = (false, End::Filled);
        }
        let (side, price) = (order.side, order.price);
        let trade = self.next_trade;
        self.next_trade += 1 + random.below(5);
        let (fee_asset, fee) = if random.once_in(2) { (1, 1 + price * qty) } else { (2, 7) };
        let fill = Fill {
            order: id,
            trade,
            side,
            price: Price(price),
            qty: Qty(qty),
            fee: Amount(fee),
            fee_asset: AssetId(fee_asset),
            maker: true,
        };
        let spec = instrument();
        let base = spec.base_amount(Qty(qty)).0 * side.sign();
        let Notional(quote) = spec.notional(Price(price), Qty(qty));
        self.totals[0] += base;
        self.totals[1] -= quote * side.sign();
        self.totals[usize::from(fee_asset)] -= fee;
        self.position += qty * side.sign();
        self.trades.push(fill);
        self.publish(Body::Fill(fill), 0, random);
        for body in self.balances() {
            self.publish(body, 0, random);
        }
    }

    fn balances(&self) -> [Body; 3] {
        [0, 1, 2].map(|asset: u16| Body::Balance {
            asset: AssetId(asset),
            free: Amount(self.totals[usize::from(asset)]),
            locked: Amount(0),
        })
    }

    /// The connection is lost with all that is on it; what was sent may or may not have arrived.
    pub fn cut(&mut self, random: &mut Random) -> Event {
        self.up = false;
        for way in std::mem::take(&mut self.ways) {
            if random.once_in(2) {
                self.execute(way, random);
            }
        }
        self.answers.clear();
        self.stream.clear();
        row(Body::Link { link: Link::Orders, state: LinkState::Down }, 0)
    }

    /// The connection is back: the gateway tells what stands, what was traded, what is held.
    pub fn connect(&mut self, random: &mut Random) {
        self.up = true;
        self.publish(Body::Link { link: Link::Orders, state: LinkState::Up }, 0, random);
        self.publish(Body::Reconcile { done: false }, 0, random);
        let mut told: Vec<Body> = self
            .orders
            .iter()
            .filter(|(_, order)| order.live)
            .map(|(id, order)| standing(OrderId(*id), order))
            .collect();
        let missed = self.trades.len().saturating_sub(300);
        let trades = self.trades[missed..].iter().map(|fill| Body::Fill(*fill));
        if random.once_in(2) {
            told.extend(trades);
        } else {
            told = trades.chain(told).collect();
        }
        for body in told {
            self.publish(body, flag::ASKED, random);
        }
        for body in self.balances() {
            self.publish(body, 0, random);
        }
        self.publish(Body::Reconcile { done: true }, 0, random);
    }

    pub fn live(&self) -> Vec<u64> {
        self.orders.iter().filter(|(_, order)| order.live).map(|(id, _)| *id).collect()
    }
}

fn standing(order: OrderId, known: &Order) -> Body {
    Body::Standing(Standing {
        order,
        venue_order: known.venue_id,
        side: known.side,
        price: Price(known.price),
        qty: Qty(known.qty),
        filled: Qty(known.filled),
        waits: false,
    })
}

fn row(body: Body, flags: u8) -> Event {
    let id = if let Body::Balance { asset, .. } = body { u64::from(asset.0) } else { 0 };
    Event::new(Nanos(0), InstrumentId(0), id, body).with(flags)
}
