//! The simulated venue as an engine sees it: approved orders in, event rows out, with balances.
//!
//! It stands in for the gateway in `paper` mode: the same rows in the same order as a real venue's
//! gateway gives (link, reconciliation, budget, then reports each followed by changed balances),
//! fed with the market rows that the engine itself gets.

use super::delay::{Delay, Latency};
use super::fee::{FeeIn, FeeSchedule};
use super::ledger::Ledger;
use super::market::{Market, Settings};
use super::order::{Ask, NewOrder, Open, Tif};
use super::report::{FillReport, Refusal, Report, What};
use engine::event::{Body, End, Event, Fill, Link, LinkState, Reason, Request, Standing, flag};
use engine::id::{AssetId, InstrumentId, OrderId, Side, VenueId};
use engine::instrument::{Instrument, Status};
use engine::intent::{self, Approved, Intent, Place, Reduce};
use engine::num::{Amount, Price, Qty};
use engine::time::Nanos;
use std::collections::VecDeque;

/// Room in the way back that market reports leave free for refusals and answers.
const RESERVE: usize = 1024;
/// How many ended orders a query can still ask about.
const ENDED_MAX: usize = 4096;
/// Requests after which the (never ending) budget is told again.
const BUDGET_EVERY: u32 = 64;
/// The budget that is told: paper venues do not limit rates.
const BUDGET: u32 = 1_000_000;

/// What a simulated venue is made with.
#[derive(Clone, Copy, Debug)]
pub struct VenueSettings {
    /// Which venue it stands for: the number that its rows about no instrument carry.
    pub venue: VenueId,
    /// Constant latency.
    pub latency: Latency,
    /// Take every fee in the quote asset; otherwise in the asset received.
    pub fee_in_quote: bool,
    /// Most requests on their way.
    pub asks_max: usize,
    /// Most rows on their way back.
    pub rows_max: usize,
}

impl Default for VenueSettings {
    fn default() -> Self {
        Self {
            venue: VenueId(0),
            latency: Latency::default(),
            fee_in_quote: false,
            asks_max: 1024,
            rows_max: 65_536,
        }
    }
}

#[derive(Debug)]
struct Board {
    instrument: Instrument,
    market: Market,
}

#[derive(Clone, Copy, Debug)]
enum Wish {
    Place(Intent),
    Cancel(usize, u64),
    Amend(usize, u64, Qty),
    CancelAll(usize),
    Query(InstrumentId, OrderId),
    Reconcile,
}

/// An order that stands, as the account's ledger needs it.
#[derive(Clone, Copy, Debug)]
struct Held {
    board: usize,
    order: Open,
}

#[derive(Clone, Copy, Debug)]
struct Ended {
    order: OrderId,
    end: End,
    filled: Qty,
}

/// A simulated venue with one account. See the module.
#[derive(Debug)]
pub struct SimVenue {
    /// The venue's number as rows carry it.
    venue: InstrumentId,
    boards: Vec<Board>,
    ledger: Ledger,
    held: Vec<Held>,
    ended: VecDeque<Ended>,
    entry: Delay<Wish>,
    response: Delay<Event>,
    asked: u32,
    rows_dropped: u64,
}

impl SimVenue {
    /// A venue of these instruments, with these free balances. Its first rows say that it is
    /// connected and reconciled.
    pub fn new(
        now: Nanos,
        instruments: &[Instrument],
        balances: &[(AssetId, Amount)],
        settings: VenueSettings,
    ) -> Self {
        let board = |instrument: &Instrument| {
            let fees = FeeSchedule {
                maker_ppm: instrument.fees.maker_ppm,
                taker_ppm: instrument.fees.taker_ppm,
                always_quote: settings.fee_in_quote,
            };
            let market = Settings { fees, ..Settings::new(instrument.tick, instrument.lot) };
            Board { instrument: *instrument, market: Market::new(market) }
        };
        let assets = instruments.iter().flat_map(|instrument| [instrument.base, instrument.quote]);
        let mut venue = Self {
            venue: InstrumentId(u16::from(settings.venue.0)),
            boards: instruments.iter().map(board).collect(),
            ledger: Ledger::new(balances, assets),
            held: Vec::new(),
            ended: VecDeque::with_capacity(ENDED_MAX),
            entry: Delay::new(settings.latency.entry, settings.asks_max),
            response: Delay::new(settings.latency.response, settings.rows_max.max(2 * RESERVE)),
            asked: 0,
            rows_dropped: 0,
        };
        venue.row(now, 0, Body::Link { link: Link::Orders, state: LinkState::Up });
        venue.reconcile(now);
        venue
    }

    /// Takes an approved order at `now`. It arrives after the entry latency.
    pub fn place(&mut self, now: Nanos, approved: Approved) {
        self.send(now, *approved.intent());
    }

    /// Takes a request that only reduces at `now`. It arrives after the entry latency.
    pub fn reduce(&mut self, now: Nanos, reduce: Reduce) {
        let (wish, refused) = match reduce {
            Reduce::Cancel(order) => {
                let refused = Some((order.order(), Request::Cancel));
                (self.board(order.instrument).map(|at| Wish::Cancel(at, order.order().0)), refused)
            }
            Reduce::Amend { order, qty } => {
                let wish = |at| Wish::Amend(at, order.order().0, qty);
                (self.board(order.instrument).map(wish), Some((order.order(), Request::Amend)))
            }
            Reduce::CancelAll(instrument) => (self.board(instrument).map(Wish::CancelAll), None),
            Reduce::Query(order) => (Some(Wish::Query(order.instrument, order.order())), None),
            Reduce::Reconcile(_) => (Some(Wish::Reconcile), None),
            Reduce::Renew(_) => (None, None),
        };
        let Some(wish) = wish else { return };
        self.asked += 1;
        if self.entry.push(now, wish).is_err() {
            if let Some((order, request)) = refused {
                let reason = Reason::Budget;
                self.row(now, order.0, Body::Refused { order, request, reason });
            } else {
                self.rows_dropped += 1;
            }
        }
    }

    /// Takes a row of the market; other rows are of no interest to it.
    pub fn on_event(&mut self, event: &Event) {
        let at = event.at;
        self.advance(at);
        let Some(place) = self.board(event.instrument) else { return };
        let Some(body) = event.body() else { return };
        let board = &mut self.boards[place];
        match body {
            Body::Level { side, price, qty } => {
                if event.has(flag::FIRST) {
                    board.market.on_snapshot(at);
                }
                board.market.on_level(at, event.id, (side, price, qty));
                if event.has(flag::LAST) {
                    board.market.on_depth_end(at);
                }
            }
            Body::Best { bid, bid_qty, ask, ask_qty } => {
                board.market.on_best(at, event.id, (bid, bid_qty), (ask, ask_qty));
            }
            Body::Trade { price, qty, taker } => board.market.on_trade(at, price, qty, taker),
            Body::Gap { .. } => board.market.on_gap(at),
            Body::Status(status) => board.instrument.status = status,
            _ => return,
        }
        self.settle(place);
    }

    /// The next row that has reached us by now.
    pub fn poll(&mut self, now: Nanos) -> Option<Event> {
        self.advance(now);
        let (at, row) = self.response.pop(now)?;
        Some(Event { at, ..row })
    }

    /// Free and locked per asset, as the venue has them now.
    pub fn balances(&self) -> impl Iterator<Item = (AssetId, Amount, Amount)> + '_ {
        self.ledger.rows()
    }

    /// How many orders stand.
    pub fn open_orders(&self) -> usize {
        self.held.len()
    }

    /// Rows and requests that found no room although some is kept for them.
    pub const fn rows_dropped(&self) -> u64 {
        self.rows_dropped
    }

    /// Fills that were due while no room was left to tell of them, and did not happen.
    pub fn fills_missed(&self) -> u64 {
        self.boards.iter().map(|board| board.market.fills_missed()).sum()
    }

    /// When the next request arrives or the next row reaches us; the end of time when none is on
    /// its way.
    pub fn next_at(&self) -> Nanos {
        let never = Nanos(u64::MAX);
        self.entry.next_at().unwrap_or(never).min(self.response.next_at().unwrap_or(never))
    }

    /// Carries out what has arrived by now.
    pub fn bring(&mut self, now: Nanos) {
        self.advance(now);
    }

    /// The displayed market of an instrument.
    pub fn displayed(&self, instrument: InstrumentId) -> Option<&super::Displayed> {
        self.board(instrument).map(|place| self.boards[place].market.displayed())
    }

    /// Fills so far of one instrument.
    pub fn fills_of(&self, instrument: InstrumentId) -> u64 {
        self.board(instrument).map_or(0, |place| self.boards[place].market.fills())
    }

    /// Fills so far.
    pub fn fills(&self) -> u64 {
        self.boards.iter().map(|board| board.market.fills()).sum()
    }

    pub(super) fn send(&mut self, now: Nanos, intent: Intent) {
        self.asked += 1;
        if self.entry.push(now, Wish::Place(intent)).is_err() {
            self.reject(now, intent.place(), Reason::Budget);
        }
    }

    fn board(&self, instrument: InstrumentId) -> Option<usize> {
        self.boards.iter().position(|board| board.instrument.id == instrument)
    }

    /// Carries out what has arrived by now, as long as its reports have room.
    fn advance(&mut self, now: Nanos) {
        for place in 0..self.boards.len() {
            self.settle(place);
        }
        while self.response.room() > RESERVE {
            let Some((at, wish)) = self.entry.pop(now) else { break };
            self.carry_out(at, wish);
        }
    }

    fn carry_out(&mut self, at: Nanos, wish: Wish) {
        match wish {
            Wish::Place(intent) => self.arrive(at, &intent),
            Wish::Cancel(place, key) => self.apply(at, place, Ask::Cancel(key)),
            Wish::Amend(place, key, qty) => self.apply(at, place, Ask::Amend { key, qty }),
            Wish::CancelAll(place) => self.apply(at, place, Ask::CancelAll),
            Wish::Query(instrument, order) => self.query(at, instrument, order),
            Wish::Reconcile => self.reconcile(at),
        }
        if self.asked >= BUDGET_EVERY {
            self.asked = 0;
            self.row(at, 0, Body::Budget { orders: BUDGET, weight: BUDGET });
        }
    }

    fn arrive(&mut self, at: Nanos, intent: &Intent) {
        let new = intent.place();
        let Some(board) = self.board(new.instrument) else {
            return self.reject(at, new, Reason::Filter);
        };
        let old = match intent {
            Intent::Place(_) => None,
            Intent::Replace { old, .. } => Some(old.order().0),
            // Its instruments say that they cannot.
            Intent::Conditional { .. } => return self.reject(at, new, Reason::Other),
            Intent::Move { old, .. } => {
                let (order, request) = (old.order(), Request::Amend);
                let refused = Body::Refused { order, request, reason: Reason::Other };
                return self.push(Event::new(at, new.instrument, 0, refused), at);
            }
        };
        if let Some(reason) = self.refusal(board, new, old) {
            let cancels = old.is_none_or(|key| self.held.iter().any(|held| held.order.key == key));
            if let Some(key) = old {
                self.apply(at, board, Ask::Cancel(key));
            }
            return self.reject(at, new, if cancels { reason } else { Reason::NotAttempted });
        }
        let order = NewOrder {
            key: new.client.order.0,
            side: new.side,
            limit: Some(new.price),
            qty: new.qty,
            tif: tif(new.tif),
        };
        self.held.push(Held { board, order: open(&order, new.price) });
        let ask = match old {
            None => Ask::New(order),
            Some(old) => Ask::Replace { old, new: order },
        };
        self.apply(at, board, ask);
    }

    /// Why the venue would not even hand the order to its market.
    fn refusal(&self, board: usize, new: &Place, old: Option<u64>) -> Option<Reason> {
        let instrument = &self.boards[board].instrument;
        if instrument.status != Status::Trading {
            return Some(Reason::Closed);
        }
        let over = |value: i64, limit: i64| limit > 0 && value > limit;
        let notional = instrument.notional(new.price, new.qty);
        let outside = new.price < instrument.price_min
            || over(new.price.0, instrument.price_max.0)
            || new.qty < instrument.qty_min
            || over(new.qty.0, instrument.qty_max.0)
            || notional < instrument.notional_min
            || over(notional.0, instrument.notional_max.0);
        if outside {
            return Some(Reason::Filter);
        }
        let (asset, cost) = lock_of(instrument, new.side, new.price, new.qty);
        let freed = self.held.iter().find(|held| Some(held.order.key) == old);
        let freed = freed.map_or(Amount::ZERO, |held| {
            let (side, price, leaves) = (held.order.side, held.order.price, held.order.leaves());
            let (of, amount) = lock_of(&self.boards[held.board].instrument, side, price, leaves);
            if of == asset { amount } else { Amount::ZERO }
        });
        (self.ledger.free(asset).saturating_add(freed) < cost).then_some(Reason::Balance)
    }

    fn apply(&mut self, at: Nanos, board: usize, ask: Ask) {
        // The market's reports are fetched after every call, so it has room.
        let _ = self.boards[board].market.apply(at, ask);
        self.settle(board);
    }

    /// Fetches a market's reports: books them and sends them on their way, then changed balances.
    fn settle(&mut self, board: usize) {
        while self.response.room() > RESERVE {
            let Some(report) = self.boards[board].market.report() else { break };
            self.tell(board, &report);
            while let Some((asset, free, locked)) = self.ledger.next_changed() {
                self.row(report.at, u64::from(asset.0), Body::Balance { asset, free, locked });
            }
        }
    }

    fn tell(&mut self, board: usize, report: &Report) {
        let instrument = self.boards[board].instrument;
        let body = match report.what {
            What::Accepted { key, venue_order } => {
                self.accepted(&instrument, key, venue_order);
                Body::Accepted { order: OrderId(key), venue_order }
            }
            What::Rejected { key, why } => {
                // The newest of that key: an older one of the same key still stands.
                if let Some(place) = self.held.iter().rposition(|held| held.order.key == key) {
                    self.held.remove(place);
                }
                let (end, filled) = (End::Rejected, Some(Qty::ZERO));
                Body::Done { order: OrderId(key), end, reason: reason(why), filled }
            }
            What::Fill(fill) => self.filled(&instrument, &fill),
            What::Done { key, filled, why, .. } => {
                let end = if why.is_none() { End::Cancelled } else { End::Expired };
                self.release(&instrument, key, end);
                let reason = why.map_or(Reason::None, reason);
                Body::Done { order: OrderId(key), end, reason, filled: Some(filled) }
            }
            What::Amended { key, qty } => {
                self.amended(&instrument, key, qty);
                Body::Amended { order: OrderId(key), price: None, qty }
            }
            What::CancelRefused { key, why } => {
                let (order, request) = (OrderId(key), Request::Cancel);
                Body::Refused { order, request, reason: reason(why) }
            }
            What::AmendRefused { key, why } => {
                let (order, request) = (OrderId(key), Request::Amend);
                Body::Refused { order, request, reason: reason(why) }
            }
        };
        self.push(Event::new(report.at, instrument.id, 0, body), report.at);
    }

    fn accepted(&mut self, instrument: &Instrument, key: u64, venue_order: u64) {
        let Some(held) = self.held.iter_mut().rfind(|held| held.order.key == key) else { return };
        held.order.venue_order = venue_order;
        let order = held.order;
        let (asset, amount) = lock_of(instrument, order.side, order.price, order.qty);
        self.ledger.lock(asset, amount);
    }

    fn filled(&mut self, instrument: &Instrument, fill: &FillReport) -> Body {
        self.relock(instrument, fill.key, |order| order.filled = fill.filled);
        let value = Amount(instrument.notional(fill.price, fill.qty).0);
        let base = instrument.base_amount(fill.qty);
        let sign = fill.side.sign();
        self.ledger.credit(instrument.base, Amount(sign * base.0));
        self.ledger.credit(instrument.quote, Amount(-sign * value.0));
        let fee_asset = match fill.fee_in {
            FeeIn::Base => instrument.base,
            FeeIn::Quote => instrument.quote,
        };
        self.ledger.credit(fee_asset, -fill.fee);
        if fill.leaves.is_zero() {
            self.release(instrument, fill.key, End::Filled);
        }
        Body::Fill(Fill {
            order: OrderId(fill.key),
            trade: fill.trade,
            side: fill.side,
            price: fill.price,
            qty: fill.qty,
            fee: fill.fee,
            fee_asset,
            maker: fill.maker,
        })
    }

    fn amended(&mut self, instrument: &Instrument, key: u64, qty: Qty) {
        self.relock(instrument, key, |order| order.qty = qty);
    }

    /// Changes a held order and with it what is locked for it.
    fn relock(&mut self, instrument: &Instrument, key: u64, change: impl Fn(&mut Open)) {
        let Some(held) = self.held.iter_mut().find(|held| held.order.key == key) else { return };
        let lock = |order: &Open| lock_of(instrument, order.side, order.price, order.leaves());
        let (asset, before) = lock(&held.order);
        change(&mut held.order);
        let (_, after) = lock(&held.order);
        self.ledger.lock(asset, after - before);
    }

    /// The order is no more: unlocks what is left and remembers how it ended.
    fn release(&mut self, instrument: &Instrument, key: u64, end: End) {
        let Some(place) = self.held.iter().position(|held| held.order.key == key) else { return };
        let Held { order, .. } = self.held.remove(place);
        let (asset, left) = lock_of(instrument, order.side, order.price, order.leaves());
        self.ledger.lock(asset, -left);
        if self.ended.len() >= ENDED_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back(Ended { order: OrderId(key), end, filled: order.filled });
    }

    fn reject(&mut self, at: Nanos, new: &Place, reason: Reason) {
        let order = new.client.order;
        let body = Body::Done { order, end: End::Rejected, reason, filled: Some(Qty::ZERO) };
        self.push(Event::new(at, new.instrument, 0, body), at);
    }

    fn query(&mut self, at: Nanos, instrument: InstrumentId, order: OrderId) {
        let held = self.held.iter().find(|held| held.order.key == order.0);
        let ended = self.ended.iter().rfind(|ended| ended.order == order);
        let body = match (held, ended) {
            (Some(held), _) => Body::Standing(standing(&held.order)),
            (None, Some(ended)) => {
                let (end, filled) = (ended.end, Some(ended.filled));
                Body::Done { order, end, reason: Reason::None, filled }
            }
            (None, None) => Body::Absent { order },
        };
        self.push(Event::new(at, instrument, 0, body).with(flag::ASKED), at);
    }

    fn reconcile(&mut self, at: Nanos) {
        self.row(at, 0, Body::Reconcile { done: false });
        for place in 0..self.held.len() {
            let Held { board, order } = self.held[place];
            let instrument = self.boards[board].instrument.id;
            let row = Event::new(at, instrument, 0, Body::Standing(standing(&order)));
            self.push(row.with(flag::ASKED), at);
        }
        let balances: Vec<_> = self.ledger.rows().collect();
        for (asset, free, locked) in balances {
            let row = Body::Balance { asset, free, locked };
            let row = Event::new(at, self.venue, u64::from(asset.0), row);
            self.push(row.with(flag::ASKED), at);
        }
        self.ledger.all_told();
        self.row(at, 0, Body::Budget { orders: BUDGET, weight: BUDGET });
        self.row(at, 0, Body::Reconcile { done: true });
    }

    fn row(&mut self, at: Nanos, id: u64, body: Body) {
        self.push(Event::new(at, self.venue, id, body), at);
    }

    fn push(&mut self, row: Event, at: Nanos) {
        if self.response.push(at, row).is_err() {
            self.rows_dropped += 1;
        }
    }
}

/// The asset and amount that an order binds while this much of it is open.
fn lock_of(instrument: &Instrument, side: Side, price: Price, qty: Qty) -> (AssetId, Amount) {
    match side {
        Side::Buy => (instrument.quote, Amount(instrument.notional(price, qty).0)),
        Side::Sell => (instrument.base, instrument.base_amount(qty)),
    }
}

fn open(order: &NewOrder, price: Price) -> Open {
    Open {
        key: order.key,
        venue_order: 0,
        side: order.side,
        price,
        qty: order.qty,
        filled: Qty::ZERO,
        ahead: Qty::ZERO,
    }
}

fn standing(order: &Open) -> Standing {
    Standing {
        order: OrderId(order.key),
        venue_order: order.venue_order,
        side: order.side,
        price: order.price,
        qty: order.qty,
        filled: order.filled,
        waits: false,
    }
}

fn tif(tif: intent::Tif) -> Tif {
    match tif {
        intent::Tif::PostOnly => Tif::PostOnly,
        intent::Tif::Gtc => Tif::Gtc,
        intent::Tif::Ioc => Tif::Ioc,
        intent::Tif::Fok => Tif::Fok,
    }
}

fn reason(why: Refusal) -> Reason {
    match why {
        Refusal::WouldTake => Reason::WouldTake,
        Refusal::UnknownOrder => Reason::UnknownOrder,
        Refusal::Duplicate => Reason::Duplicate,
        Refusal::Invalid | Refusal::TooMany => Reason::Filter,
        Refusal::SelfTrade => Reason::SelfTrade,
        Refusal::Expired => Reason::Expired,
        Refusal::NotAttempted => Reason::NotAttempted,
    }
}
