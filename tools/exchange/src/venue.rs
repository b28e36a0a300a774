//! The venue's state machine: orders in, fills, balances and events out.
//!
//! Pure but for the journal: time comes in with each call. Every public method leaves the books,
//! balances and events consistent; [`Venue::commit`] ends a transaction: journal first, then the
//! events are free to leave.

use crate::account::Account;
use crate::event::{Agg, Cause, Event, Execution, Funding, Private, What};
use crate::journal::{Counters, Journal, Snapshot, SymbolCounters, Transaction};
use crate::listing::{Listing, Tick};
use crate::matching::{Entry, Step, Taken, Taker, Want};
use crate::order::{
    AccountId, Amend, Fill, Kind, Leg, NewOrder, Order, Post, Side, Status, Stop, Stp, SymbolId,
    Tif, Why,
};
use crate::refusal::Refusal;
use crate::symbol::{Product, STOPS_MAX};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

mod amend;
pub(crate) mod attached;
mod booking;
mod closing;
mod countdown;
mod funding;
mod keeping;
mod liquidation;
pub(crate) mod list;
mod margin;
mod position;
mod reduce;
mod stop;
pub(crate) mod trigger;

pub(crate) use attached::{Attached, Follower};
pub(crate) use countdown::Scope;
pub(crate) use funding::Mark;
pub(crate) use list::OrderList;
pub(crate) use margin::{Margin, SETTLE};
pub(crate) use position::Position;
pub(crate) use trigger::Trigger;

/// The account of all generated (and recorded) traders.
pub(crate) const HOUSE: AccountId = 0;
/// The account that collects fees.
pub(crate) const VENUE: AccountId = 1;
/// The account that stands in for liquidated ones.
pub(crate) const INSURANCE: AccountId = 2;
/// The first account of a user.
pub(crate) const USERS: AccountId = 3;
/// First id of own trades where the market is a recording.
pub(crate) const OWN_TRADES: u64 = 9_000_000_000_000;

/// What a transaction has touched so far.
#[derive(Default)]
struct Touched {
    orders: BTreeSet<u64>,
    balances: BTreeMap<AccountId, BTreeSet<String>>,
    fills: Vec<(AccountId, Fill)>,
    positions: BTreeSet<(AccountId, SymbolId, Leg)>,
    fundings: Vec<(AccountId, Funding)>,
    settings: BTreeSet<AccountId>,
    triggers: BTreeSet<u64>,
    lists: BTreeSet<u64>,
    /// Orders of which what follows them has to be looked at, and such that were.
    attached: BTreeSet<u64>,
    told: BTreeSet<u64>,
    cause: Cause,
}

/// The whole venue.
pub(crate) struct Venue {
    pub listings: Vec<Listing>,
    pub accounts: Vec<Account>,
    pub orders: BTreeMap<u64, Order>,
    /// Orders that wait for a price, and such that have ended.
    pub triggers: BTreeMap<u64, Trigger>,
    /// Orders placed as one, and such that have ended.
    pub lists: BTreeMap<u64, OrderList>,
    /// What follows orders, by the order.
    pub attached: BTreeMap<u64, Attached>,
    countdowns: BTreeMap<Scope, u64>,
    pub next_order: u64,
    pub next_execution: u64,
    pub events: Vec<Event>,
    /// First fills since the last look: account and whether as maker.
    pub credits: Vec<(AccountId, bool)>,
    pub journal: Option<Journal>,
    /// Journal writes that failed.
    pub journal_errors: u64,
    touched: Touched,
    /// The order that is being matched.
    taking: Option<u64>,
    ended: VecDeque<u64>,
    counters_noted: (u64, u64),
}

/// Ended orders of users kept for queries.
const ENDED_MAX: usize = 200_000;
/// Transactions after which the journal starts a new generation.
const COMPACT_AFTER: u64 = 200_000;

/// Makers that one order may meet.
const STEPS_MAX: usize = 100_000;

/// An accepted order as it stands, and the fills it got at once.
pub(crate) struct Placed {
    pub order: Order,
    pub fills: Vec<Fill>,
}

impl Venue {
    pub(crate) fn new(listings: Vec<Listing>) -> Self {
        let free = |name: &str| Account::new(name, true, &[], BTreeMap::new());
        Self {
            listings,
            accounts: vec![free("house"), free("venue"), free("insurance")],
            orders: BTreeMap::new(),
            triggers: BTreeMap::new(),
            lists: BTreeMap::new(),
            attached: BTreeMap::new(),
            countdowns: BTreeMap::new(),
            next_order: 1_000_001,
            next_execution: 2_000_001,
            events: Vec::with_capacity(64),
            credits: Vec::new(),
            journal: None,
            journal_errors: 0,
            touched: Touched::default(),
            taking: None,
            ended: VecDeque::new(),
            counters_noted: (0, 0),
        }
    }

    /// The symbol of this name; a venue may list one name as spot and as a perpetual.
    pub(crate) fn symbol_id(&self, product: Product, name: &str) -> Option<SymbolId> {
        let fits =
            |listing: &Listing| listing.symbol.name == name && listing.symbol.product() == product;
        self.listings.iter().position(fits).map(|n| n as SymbolId)
    }

    /// All symbols of a product.
    pub(crate) fn symbols(&self, product: Product) -> impl Iterator<Item = SymbolId> + '_ {
        let all = self.listings.iter().enumerate();
        all.filter(move |(_, one)| one.symbol.product() == product).map(|(n, _)| n as SymbolId)
    }

    pub(crate) fn listing(&self, symbol: SymbolId) -> &Listing {
        &self.listings[usize::from(symbol)]
    }

    pub(crate) fn listing_mut(&mut self, symbol: SymbolId) -> &mut Listing {
        &mut self.listings[usize::from(symbol)]
    }

    pub(crate) fn account(&self, id: AccountId) -> &Account {
        &self.accounts[id as usize]
    }

    pub(crate) fn account_mut(&mut self, id: AccountId) -> &mut Account {
        &mut self.accounts[id as usize]
    }

    pub(crate) fn account_named(&self, name: &str) -> Option<AccountId> {
        self.accounts.iter().position(|account| account.name == name).map(|n| n as AccountId)
    }

    /// Everything that a new order must satisfy before it gets an id.
    pub(crate) fn check(&self, account: AccountId, new: &NewOrder) -> Result<(), Refusal> {
        let listing = self.listing(new.symbol);
        let holder = self.account(account);
        listing.symbol.check(new, listing.last)?;
        let open = holder.open.iter().filter_map(|id| self.orders.get(id));
        if !holder.house
            && open.filter(|o| o.symbol == new.symbol).count() >= listing.symbol.orders_max
        {
            return Err(Refusal::OpenOrders);
        }
        if new.stop.is_some() && self.sleepers(account, new.symbol) >= STOPS_MAX {
            return Err(Refusal::StopOrders);
        }
        Ok(())
    }

    /// Everything about money, legs and post-only that a new order must satisfy.
    fn check_match(&self, account: AccountId, new: &NewOrder) -> Result<(), Refusal> {
        if self.account(account).clients.contains_key(&new.client) {
            return Err(Refusal::Duplicate);
        }
        if new.post == Post::Refuse && self.would_take(new) {
            return Err(Refusal::WouldTake);
        }
        match new.stop {
            None => Ok(()),
            Some(stop) => self.check_stop(new.symbol, &stop),
        }
    }

    /// Whether a post-only order would take.
    fn would_take(&self, new: &NewOrder) -> bool {
        new.post != Post::No && self.listing(new.symbol).crosses(new.side, new.price)
    }

    /// The amount that an order needs: what a limit order locks, what a market order may cost.
    fn need(&self, new: &NewOrder) -> i64 {
        let listing = self.listing(new.symbol);
        let (unit, lot) = (listing.symbol.unit(), listing.symbol.lot);
        match (new.side, new.kind) {
            (Side::Sell, Kind::Market) if new.quote_qty > 0 => 0,
            (Side::Sell, _) => new.qty.saturating_mul(lot),
            (Side::Buy, Kind::Market) if new.quote_qty > 0 => new.quote_qty,
            (Side::Buy, Kind::Market) if let Some(stop) = new.stop => {
                stop.holds_at().saturating_mul(new.qty).saturating_mul(unit)
            }
            (Side::Buy, Kind::Market) => {
                let want = Want::Lots(new.qty);
                let taker =
                    Taker { account: HOUSE, side: Side::Buy, limit: None, want, stp: Stp::None };
                listing.cost(&taker, new.qty).saturating_mul(unit)
            }
            (Side::Buy, _) => new.price.saturating_mul(new.qty).saturating_mul(unit),
        }
    }

    /// Accepts and matches an order, or refuses it with nothing changed.
    pub(crate) fn place(
        &mut self,
        account: AccountId,
        mut new: NewOrder,
        now_ms: u64,
    ) -> Result<Placed, Refusal> {
        if new.stop.is_some() {
            // What was traded before it came does not wake it.
            self.fire(now_ms);
            self.arm(&mut new, now_ms);
        }
        self.check_leg(account, &new)?;
        self.cut(account, &mut new)?;
        self.check(account, &new)?;
        self.check_match(account, &new)?;
        if self.is_perp(new.symbol) {
            self.check_margin(account, &new)?;
        } else {
            self.set_aside(account, &new)?;
        }
        let id = self.open(account, &new, now_ms);
        self.report(id, What::New);
        let before = self.touched.fills.len();
        if new.stop.is_none() {
            self.meet(id, &new, now_ms);
        }
        if self.is_perp(new.symbol) {
            self.trim(account, new.symbol, new.leg, now_ms);
        }
        let fills = self.touched.fills[before..].iter();
        let fills = fills.filter(|(_, fill)| fill.order == id).map(|(_, f)| f.clone()).collect();
        self.publish_changes(new.symbol);
        let order = self.orders.get(&id).cloned().ok_or(Refusal::UnknownOrder)?;
        Ok(Placed { order, fills })
    }

    /// Sets the money of a spot order aside; a market order only has to have it.
    fn set_aside(&mut self, account: AccountId, new: &NewOrder) -> Result<(), Refusal> {
        let need = self.need(new);
        let asset = self.listing(new.symbol).symbol.pays(new.side).to_string();
        if !self.account(account).house && self.spendable(account, &asset) < need {
            return Err(Refusal::Balance);
        }
        if new.kind != Kind::Market || new.stop.is_some() {
            self.account_mut(account).lock(&asset, need)?;
            self.touch_balance(account, &asset);
        }
        Ok(())
    }

    /// Gives an order its id and enters it among the open ones.
    fn open(&mut self, account: AccountId, new: &NewOrder, now_ms: u64) -> u64 {
        let id = self.next_order;
        self.next_order += 1;
        let order = Order {
            id,
            account,
            symbol: new.symbol,
            client: new.client.clone(),
            side: new.side,
            kind: new.kind,
            tif: new.tif,
            post: new.post,
            stp: new.stp,
            leg: new.leg,
            reduce: new.reduce,
            forced: false,
            price: new.price,
            qty: new.qty,
            filled: 0,
            prevented: 0,
            quote_filled: 0,
            quote_qty: new.quote_qty,
            fee: 0,
            fee_asset: String::new(),
            realised: 0,
            status: Status::New,
            why: None,
            created_ms: now_ms,
            updated_ms: now_ms,
            working: new.stop.is_none(),
            amends: 0,
            tag: new.tag.clone(),
            note: new.note.clone(),
            stop: new.stop,
            list: None,
            entered_ms: None,
        };
        self.orders.insert(id, order);
        let holder = self.account_mut(account);
        if !holder.house {
            holder.clients.insert(new.client.clone(), id);
            holder.open.insert(id);
            self.touched.orders.insert(id);
        }
        id
    }

    /// The order meets the other side; what is left rests or ends.
    fn meet(&mut self, id: u64, new: &NewOrder, now_ms: u64) {
        let Some(order) = self.orders.get(&id) else { return };
        let account = order.account;
        let unit = self.listing(new.symbol).symbol.unit();
        let want = if new.quote_qty > 0 {
            Want::Quote { amount: new.quote_qty, unit }
        } else {
            Want::Lots(new.qty)
        };
        let limit = (new.kind != Kind::Market).then_some(new.price);
        let taker = Taker { account, side: new.side, limit, want, stp: new.stp };
        if self.would_take(new) {
            self.end(id, Status::Expired, Some(Why::PostOnly), now_ms);
            return;
        }
        let listing = self.listing_mut(new.symbol);
        if new.tif == Tif::Fok && listing.available(&taker) < new.qty {
            self.end(id, Status::Expired, Some(Why::Fok), now_ms);
            return;
        }
        let rests = new.tif == Tif::Gtc && new.kind != Kind::Market;
        let taken = match listing.mark {
            None => listing.take(id, &taker, rests),
            Some(_) => self.take_perp(id, taker, now_ms),
        };
        let done = !taken.dry && !taken.prevented && !taken.steps.is_empty();
        if let Some(order) = self.orders.get_mut(&id).filter(|_| new.quote_qty > 0 && done) {
            // An order by amount has the quantity that it gets, and its last fill says so.
            order.qty = taken.steps.iter().map(Step::taker_lots).sum();
        }
        self.settle(id, &taken.steps, now_ms);
        let Some(order) = self.orders.get_mut(&id) else { return };
        if new.quote_qty > 0 {
            order.qty = order.filled + order.prevented;
            let done = done && order.filled > 0;
            let status = if done { Status::Filled } else { Status::Expired };
            self.end(id, status, (!done).then_some(Why::NoLiquidity), now_ms);
        } else if taken.prevented || (order.left() == 0 && order.prevented > 0) {
            self.end(id, Status::Expired, Some(Why::SelfTrade), now_ms);
        } else if order.left() == 0 {
            self.end(id, Status::Filled, None, now_ms);
        } else if new.kind == Kind::Market {
            self.end(id, Status::Expired, Some(Why::NoLiquidity), now_ms);
        } else if new.tif != Tif::Gtc {
            self.end(id, Status::Expired, Some(Why::Ioc), now_ms);
        } else {
            let (side, price, lots) = (order.side, order.price, order.left());
            let listing = self.listing_mut(new.symbol);
            // In a recorded market it stands already.
            if listing.recorded.is_none() {
                let watched = listing.mark.is_some() && account >= USERS;
                listing.book.rest(side, price, Entry { id, account, lots, watched });
            }
        }
    }

    /// Takes from a perpetual's book. After each trade with a user's order that user's reduce-only
    /// orders are brought down to the position, before more is taken. What was booked already is
    /// not among the steps that come back.
    fn take_perp(&mut self, id: u64, mut taker: Taker, now_ms: u64) -> Taken {
        self.taking = Some(id);
        let symbol = self.orders.get(&id).map_or(0, |order| order.symbol);
        let mut booked = 0;
        loop {
            let mut taken = self.listing_mut(symbol).book.take(&taker);
            booked += taken.steps.len();
            let steps = std::mem::take(&mut taken.steps);
            self.settle(id, &steps, now_ms);
            for step in &steps {
                let (Step::Trade { maker, .. } | Step::Prevented { maker, .. }) = step;
                let maker = self.orders.get(maker);
                let maker = maker.map(|maker| (maker.account, maker.leg));
                if let Some((account, leg)) = maker {
                    self.trim(account, symbol, leg, now_ms);
                }
            }
            if !taken.paused || booked > STEPS_MAX {
                self.taking = None;
                return taken;
            }
            taker.want = Want::Lots(taken.left);
        }
    }

    /// Adds (or takes) money otherwise than by a trade.
    pub(crate) fn deposit(&mut self, account: AccountId, asset: &str, delta: i64) {
        self.account_mut(account).entry(asset).free += delta;
        *self.account_mut(account).start.entry(asset.into()).or_default() += delta;
        self.touch_balance(account, asset);
        self.touched.cause = Cause::Deposit;
        self.tell(account, Private::Deposit { asset: asset.into(), delta });
    }

    /// What the venue does by the clock.
    pub(crate) fn pulse(&mut self, now_ms: u64) {
        for symbol in 0..self.listings.len() as SymbolId {
            if self.is_perp(symbol) {
                self.mark(symbol, now_ms);
            }
        }
        self.watch_margin(now_ms);
        self.unwind(now_ms);
        self.fire(now_ms);
        self.count_down(now_ms);
    }

    /// Notes a private event.
    fn tell(&mut self, account: AccountId, what: Private) {
        self.events.push(Event::Private { account, what });
    }

    /// Tells an order's owner what happened to it; house orders have nobody to tell.
    fn report(&mut self, id: u64, what: What) {
        let number = self.next_execution;
        self.next_execution += 1;
        let Some(order) = self.orders.get(&id) else { return };
        let account = order.account;
        if account < USERS {
            return;
        }
        let execution = Execution { id: number, order: order.clone(), what };
        self.tell(account, Private::Order(Box::new(execution)));
        self.touched.orders.insert(id);
    }

    /// Has a position told again.
    pub(crate) fn touch_position(&mut self, account: AccountId, symbol: SymbolId, leg: Leg) {
        self.touched.positions.insert((account, symbol, leg));
    }

    fn touch_balance(&mut self, account: AccountId, asset: &str) {
        let assets = self.touched.balances.entry(account).or_default();
        if !assets.contains(asset) {
            assets.insert(asset.to_string());
        }
    }

    /// Numbers the book's changes and tells when a best price or quantity moved.
    fn publish_changes(&mut self, symbol: SymbolId) {
        if self.listing_mut(symbol).number_changes() {
            self.events.push(Event::Touch { symbol });
        }
    }

    /// A generated trader's limit order (post-only where `rest`); returns its id if it rests.
    pub(crate) fn house_limit(
        &mut self,
        symbol: SymbolId,
        side: Side,
        (price, lots): (i64, i64),
        tif: Tif,
        now_ms: u64,
    ) -> Option<u64> {
        if price <= 0 || lots <= 0 {
            return None;
        }
        let new = NewOrder { symbol, side, tif, price, qty: lots, ..NewOrder::default() };
        let id = self.house_order(HOUSE, &new, now_ms);
        let rests = self.orders.get(&id).is_some_and(|order| order.status.is_open());
        rests.then_some(id)
    }

    /// An order of one of the venue's own accounts.
    fn house_order(&mut self, account: AccountId, new: &NewOrder, now_ms: u64) -> u64 {
        let id = self.open(account, new, now_ms);
        self.meet(id, new, now_ms);
        self.publish_changes(new.symbol);
        id
    }
}

#[cfg(test)]
mod attached_tests;
#[cfg(test)]
mod list_tests;
#[cfg(test)]
mod perp_tests;
#[cfg(test)]
mod stop_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trigger_tests;
