//! The venue's state machine: orders in, fills, balances and events out.
//!
//! Pure but for the journal: time comes in with each call. Every public method leaves the books,
//! balances and events consistent; [`Venue::commit`] ends a transaction: journal first, then the
//! events are free to leave.

use crate::account::{Account, Fees};
use crate::journal::{Counters, Journal, Snapshot, SymbolCounters, Transaction};
use crate::listing::{Listing, Tick};
use crate::matching::{Entry, Step, Taker, Want};
use crate::order::{
    AccountId, Fill, Kind, NewOrder, Order, Refusal, Side, Status, Stp, SymbolId, Tif,
};
use crate::report::{self, Execution};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The account of all generated (and recorded) traders.
pub(crate) const HOUSE: AccountId = 0;
/// The account that collects fees.
pub(crate) const VENUE: AccountId = 1;
/// First id of own trades where the market is a recording.
pub(crate) const OWN_TRADES: u64 = 9_000_000_000_000;

/// Something that others may see.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    Trade { symbol: SymbolId, tick: Tick },
    Agg { symbol: SymbolId, id: u64, first: u64, tick: Tick },
    /// The best price or quantity of a side changed.
    Touch { symbol: SymbolId },
    /// A private event of one account.
    Private { account: AccountId, json: String },
}

/// What a transaction has touched so far.
#[derive(Default)]
struct Touched {
    orders: BTreeSet<u64>,
    balances: BTreeMap<AccountId, BTreeSet<String>>,
    fills: Vec<(AccountId, Fill)>,
}

/// The whole venue.
pub(crate) struct Venue {
    pub listings: Vec<Listing>,
    pub accounts: Vec<Account>,
    pub orders: BTreeMap<u64, Order>,
    pub next_order: u64,
    pub next_execution: u64,
    pub events: Vec<Event>,
    /// First fills since the last look: account and whether as maker.
    pub credits: Vec<(AccountId, bool)>,
    pub journal: Option<Journal>,
    /// Journal writes that failed.
    pub journal_errors: u64,
    touched: Touched,
    ended: VecDeque<u64>,
    counters_noted: (u64, u64),
}

/// Ended orders of users kept for queries.
const ENDED_MAX: usize = 200_000;
/// Transactions after which the journal starts a new generation.
const COMPACT_AFTER: u64 = 200_000;

/// An accepted order as it stands, and the fills it got at once.
pub(crate) struct Placed {
    pub order: Order,
    pub fills: Vec<Fill>,
}

impl Venue {
    pub(crate) fn new(listings: Vec<Listing>) -> Self {
        let free = |name: &str| {
            Account::new(name, true, &[], Fees { maker: 0, taker: 0, third: None })
        };
        Self {
            listings,
            accounts: vec![free("house"), free("venue")],
            orders: BTreeMap::new(),
            next_order: 1_000_001,
            next_execution: 2_000_001,
            events: Vec::with_capacity(64),
            credits: Vec::new(),
            journal: None,
            journal_errors: 0,
            touched: Touched::default(),
            ended: VecDeque::new(),
            counters_noted: (0, 0),
        }
    }

    pub(crate) fn symbol_id(&self, name: &str) -> Option<SymbolId> {
        self.listings.iter().position(|listing| listing.symbol.name == name).map(|n| n as SymbolId)
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
            return Err(Refusal::filter("MAX_NUM_ORDERS"));
        }
        Ok(())
    }

    fn check_match(&self, account: AccountId, new: &NewOrder) -> Result<(), Refusal> {
        if self.account(account).clients.contains_key(&new.client) {
            return Err(Refusal::new(-2010, "Duplicate order sent."));
        }
        if new.kind == Kind::LimitMaker {
            let crosses = self.listing(new.symbol).crosses(new.side, new.price);
            if crosses {
                return Err(Refusal::new(-2010, "Order would immediately match and take."));
            }
        }
        Ok(())
    }

    /// The amount that an order needs: what a limit order locks, what a market order may cost.
    fn need(&self, new: &NewOrder) -> i64 {
        let listing = self.listing(new.symbol);
        let (unit, lot) = (listing.symbol.unit(), listing.symbol.lot);
        match (new.side, new.kind) {
            (Side::Sell, Kind::Market) if new.quote_qty > 0 => 0,
            (Side::Sell, _) => new.qty.saturating_mul(lot),
            (Side::Buy, Kind::Market) if new.quote_qty > 0 => new.quote_qty,
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
        new: NewOrder,
        now_ms: u64,
    ) -> Result<Placed, Refusal> {
        self.check(account, &new)?;
        self.check_match(account, &new)?;
        let need = self.need(&new);
        let asset = self.listing(new.symbol).symbol.pays(new.side).to_string();
        let holder = self.account_mut(account);
        if new.kind == Kind::Market {
            if !holder.house && holder.balance(&asset).free < need {
                return Err(Refusal::insufficient());
            }
        } else {
            holder.lock(&asset, need)?;
            self.touch_balance(account, &asset);
        }
        let id = self.open(account, &new, now_ms);
        self.report(id, &Execution { what: "NEW", ..Default::default() }, now_ms);
        let before = self.touched.fills.len();
        self.meet(id, &new, now_ms);
        let fills = self.touched.fills[before..].iter();
        let fills = fills.filter(|(_, fill)| fill.order == id).map(|(_, f)| f.clone()).collect();
        self.publish_changes(new.symbol);
        let order = self.orders.get(&id).cloned();
        match order {
            Some(order) => Ok(Placed { order, fills }),
            None => Err(Refusal::new(-1000, "An unknown error occurred while processing the request.")),
        }
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
            stp: new.stp,
            price: new.price,
            qty: new.qty,
            filled: 0,
            prevented: 0,
            quote_filled: 0,
            quote_qty: new.quote_qty,
            status: Status::New,
            created_ms: now_ms,
            updated_ms: now_ms,
            working: true,
            amends: 0,
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
        let listing = self.listing_mut(new.symbol);
        if new.tif == Tif::Fok && listing.available(&taker) < new.qty {
            self.end(id, Status::Expired, Some("UNFILLED_FOK_ORDER_EXPIRED"), now_ms);
            return;
        }
        let rests = new.tif == Tif::Gtc && new.kind != Kind::Market;
        let taken = listing.take(id, &taker, rests);
        self.settle(id, &taken.steps, now_ms);
        let Some(order) = self.orders.get_mut(&id) else { return };
        if new.quote_qty > 0 {
            // An order by amount has the quantity it got.
            order.qty = order.filled;
            let done = !taken.dry && !taken.prevented && order.filled > 0;
            let status = if done { Status::Filled } else { Status::Expired };
            self.end(id, status, (!done).then_some("INSUFFICIENT_LIQUIDITY"), now_ms);
        } else if taken.prevented || (order.left() == 0 && order.prevented > 0) {
            self.end(id, Status::ExpiredInMatch, None, now_ms);
        } else if order.left() == 0 {
            self.end(id, Status::Filled, None, now_ms);
        } else if new.kind == Kind::Market {
            self.end(id, Status::Expired, Some("INSUFFICIENT_LIQUIDITY"), now_ms);
        } else if new.tif != Tif::Gtc {
            self.end(id, Status::Expired, Some("UNFILLED_IOC_QUANTITY_EXPIRED"), now_ms);
        } else {
            let (side, price, lots) = (order.side, order.price, order.left());
            let listing = self.listing_mut(new.symbol);
            // In a recorded market it stands already.
            if listing.recorded.is_none() {
                listing.book.rest(side, price, Entry { id, account, lots });
            }
        }
    }

    /// Trades and preventions, maker by maker.
    fn settle(&mut self, taker: u64, steps: &[Step], now_ms: u64) {
        let Some(order) = self.orders.get(&taker) else { return };
        let (symbol, side) = (order.symbol, order.side);
        let mut group: Option<(u64, Tick)> = None;
        for step in steps {
            match *step {
                Step::Trade { maker, price, lots } if lots > 0 => {
                    let tick = self.trade(symbol, side, (maker, taker), (price, lots), now_ms);
                    group = match group {
                        Some((first, mut sum)) if sum.price == price => {
                            (sum.lots, sum.id) = (sum.lots + lots, tick.id);
                            Some((first, sum))
                        }
                        before => {
                            self.publish_agg(symbol, before);
                            Some((tick.id, tick))
                        }
                    };
                }
                Step::Trade { .. } => {}
                Step::Prevented { maker, price, maker_lots, taker_lots, maker_gone } => {
                    self.prevent(maker, taker, maker_lots, price, now_ms);
                    self.prevent(taker, maker, taker_lots, price, now_ms);
                    if maker_gone {
                        self.end(maker, Status::ExpiredInMatch, None, now_ms);
                    }
                }
            }
        }
        self.publish_agg(symbol, group);
    }

    fn publish_agg(&mut self, symbol: SymbolId, group: Option<(u64, Tick)>) {
        if let Some((first, tick)) = group.filter(|_| self.listing(symbol).recorded.is_none()) {
            let listing = self.listing_mut(symbol);
            let id = listing.agg;
            listing.agg += 1;
            self.events.push(Event::Agg { symbol, id, first, tick });
        }
    }

    /// One trade between a maker (0: the recorded market) and a taker.
    fn trade(
        &mut self,
        symbol: SymbolId,
        taker_side: Side,
        (maker, taker): (u64, u64),
        (price, lots): (i64, i64),
        now_ms: u64,
    ) -> Tick {
        let listing = self.listing_mut(symbol);
        let id = listing.trade;
        listing.trade += 1;
        let buyer_maker = taker_side == Side::Sell;
        let tick = Tick { id, price, lots, time_ms: now_ms, buyer_maker };
        if listing.recorded.is_none() {
            listing.print(tick);
            self.events.push(Event::Trade { symbol, tick });
        }
        let is_house = |order: u64| self.orders.get(&order).is_none_or(|o| o.account == HOUSE);
        let both_house = is_house(maker) && is_house(taker);
        for (order, is_maker) in [(maker, true), (taker, false)] {
            if order == 0 {
                let side = if is_maker { taker_side.other() } else { taker_side };
                self.house_side(symbol, side, price, lots);
            } else {
                self.fill(order, &tick, is_maker, both_house, now_ms);
            }
        }
        tick
    }

    /// The recorded market's side of a trade, booked against the house account.
    fn house_side(&mut self, symbol: SymbolId, side: Side, price: i64, lots: i64) {
        let spec = self.listing(symbol).symbol.clone();
        let base = lots * spec.lot;
        let quote = price * lots * spec.unit();
        let sign = if side == Side::Buy { 1 } else { -1 };
        self.account_mut(HOUSE).entry(&spec.base).free += sign * base;
        self.account_mut(HOUSE).entry(&spec.quote).free -= sign * quote;
        self.touch_balance(HOUSE, &spec.base);
        self.touch_balance(HOUSE, &spec.quote);
    }

    /// A resting order's fill in a recorded market.
    pub(crate) fn recorded_fill(&mut self, id: u64, price: i64, lots: i64, now_ms: u64) {
        let Some(order) = self.orders.get(&id).filter(|order| order.status.is_open()) else { return };
        let (symbol, side, lots) = (order.symbol, order.side, lots.min(order.left()));
        if lots > 0 {
            self.trade_resting(symbol, side, id, (price, lots), now_ms);
        }
    }

    fn trade_resting(
        &mut self,
        symbol: SymbolId,
        side: Side,
        id: u64,
        (price, lots): (i64, i64),
        now_ms: u64,
    ) {
        let listing = self.listing_mut(symbol);
        let buyer_maker = side == Side::Buy;
        let tick = Tick { id: listing.trade, price, lots, time_ms: now_ms, buyer_maker };
        listing.trade += 1;
        self.house_side(symbol, side.other(), price, lots);
        self.fill(id, &tick, true, false, now_ms);
    }

    /// Books one side of a trade: order, balances, fee, report.
    fn fill(&mut self, id: u64, tick: &Tick, maker: bool, both_house: bool, now_ms: u64) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        let spec = &self.listings[usize::from(order.symbol)].symbol;
        let quote = tick.price * tick.lots * spec.unit();
        let base = tick.lots * spec.lot;
        let first = order.filled == 0;
        order.filled += tick.lots;
        order.quote_filled += quote;
        order.updated_ms = now_ms;
        let full = order.quote_qty == 0 && order.left() == 0;
        order.status = if full { Status::Filled } else { Status::PartiallyFilled };
        if both_house {
            if maker && full {
                self.orders.remove(&id);
            }
            return;
        }
        let buyer = order.side == Side::Buy;
        let locked = order.kind != Kind::Market;
        let (symbol, account, limit) = (order.symbol, order.account, order.price);
        let client = order.client.clone();
        let (paid, got) = if buyer {
            ((spec.quote.clone(), quote), (spec.base.clone(), base))
        } else {
            ((spec.base.clone(), base), (spec.quote.clone(), quote))
        };
        let better = if buyer && locked { (limit - tick.price) * tick.lots * spec.unit() } else { 0 };
        let price = tick.price * spec.tick;
        let holder = &mut self.accounts[account as usize];
        holder.pay(&paid.0, paid.1, locked);
        holder.unlock(&paid.0, better);
        let (fee_asset, fee) = holder.fee(maker, (&got.0, got.1), quote);
        holder.entry(&got.0).free += got.1;
        holder.entry(&fee_asset).free -= fee;
        self.accounts[VENUE as usize].entry(&fee_asset).free += fee;
        for asset in [&paid.0, &got.0, &fee_asset] {
            self.touch_balance(account, asset);
        }
        self.touch_balance(VENUE, &fee_asset);
        if account == HOUSE {
            if maker && full {
                self.orders.remove(&id);
            }
            return;
        }
        let fill = Fill {
            symbol,
            id: tick.id,
            order: id,
            client,
            price,
            qty: base,
            quote,
            fee,
            fee_asset,
            time_ms: now_ms,
            buyer,
            maker,
        };
        self.note_fill(account, id, fill, first, now_ms);
        if full && maker {
            self.retire(id);
        }
    }

    fn note_fill(&mut self, account: AccountId, id: u64, fill: Fill, first: bool, now_ms: u64) {
        if first {
            self.credits.push((account, fill.maker));
        }
        self.report(id, &Execution { what: "TRADE", fill: Some(&fill), ..Default::default() }, now_ms);
        self.accounts[account as usize].fills.push(fill.clone());
        self.touched.fills.push((account, fill));
        self.touched.orders.insert(id);
    }

    /// Self-trade prevention takes lots from an order.
    fn prevent(&mut self, id: u64, counter: u64, lots: i64, price: i64, now_ms: u64) {
        if lots == 0 {
            return;
        }
        let Some(order) = self.orders.get_mut(&id) else { return };
        order.prevented += lots;
        order.updated_ms = now_ms;
        let (kind, side, symbol, account) = (order.kind, order.side, order.symbol, order.account);
        let limit = order.price;
        if kind != Kind::Market {
            self.release(account, symbol, side, limit, lots);
        }
        let execution = Execution {
            what: "TRADE_PREVENTION",
            prevented: Some((lots, price)),
            counter_order: counter,
            ..Default::default()
        };
        self.report(id, &execution, now_ms);
    }

    /// Gives back what an order had set aside for some lots.
    fn release(&mut self, account: AccountId, symbol: SymbolId, side: Side, price: i64, lots: i64) {
        if account == HOUSE {
            return;
        }
        let spec = &self.listings[usize::from(symbol)].symbol;
        let (asset, amount) = match side {
            Side::Buy => (spec.quote.clone(), price * lots * spec.unit()),
            Side::Sell => (spec.base.clone(), lots * spec.lot),
        };
        self.accounts[account as usize].unlock(&asset, amount);
        self.touch_balance(account, &asset);
    }

    /// Ends an order that is not (or no longer) in the book.
    fn end(&mut self, id: u64, status: Status, why: Option<&str>, now_ms: u64) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        order.status = status;
        let (account, symbol, side) = (order.account, order.symbol, order.side);
        let (kind, price, left) = (order.kind, order.price, order.left());
        if left > 0 && kind != Kind::Market {
            self.release(account, symbol, side, price, left);
        }
        if matches!(status, Status::Expired | Status::ExpiredInMatch) {
            let what = if why.is_none() && left == 0 { "TRADE_PREVENTION" } else { "EXPIRED" };
            if what == "EXPIRED" {
                self.report(id, &Execution { what, expiry: why, ..Default::default() }, now_ms);
            }
        }
        self.retire(id);
    }

    /// Moves an order from the open ones to the ended ones.
    fn retire(&mut self, id: u64) {
        let Some(order) = self.orders.get(&id) else { return };
        let holder = &mut self.accounts[order.account as usize];
        if holder.house {
            // The caller still reads a taker's order; commit drops it.
            self.ended.push_front(id);
            return;
        }
        holder.clients.remove(&order.client);
        holder.open.remove(&id);
        self.touched.orders.insert(id);
        self.ended.push_back(id);
    }

    /// The open order that a request names, by id, by client id, or by both.
    pub(crate) fn find_open(
        &self,
        account: AccountId,
        symbol: SymbolId,
        id: Option<u64>,
        client: Option<&str>,
    ) -> Option<u64> {
        let holder = self.account(account);
        let id = match (id, client) {
            (Some(id), None) => id,
            (None, Some(client)) => *holder.clients.get(client)?,
            (Some(id), Some(client)) => {
                holder.clients.get(client).copied().filter(|found| *found == id)?
            }
            (None, None) => return None,
        };
        let order = self.orders.get(&id)?;
        (holder.open.contains(&id) && order.symbol == symbol).then_some(id)
    }

    /// Cancels an open order; the answer carries the order as it ended.
    pub(crate) fn cancel(&mut self, id: u64, client: &str, now_ms: u64) -> Option<Order> {
        let order = self.orders.get_mut(&id)?;
        let (symbol, side, price) = (order.symbol, order.side, order.price);
        order.status = Status::Canceled;
        order.updated_ms = now_ms;
        let (account, left) = (order.account, order.left());
        let original = order.client.clone();
        let listing = self.listing_mut(symbol);
        match &mut listing.recorded {
            Some(recorded) => recorded.cancel(id),
            None => {
                listing.book.remove(side, price, id)?;
            }
        }
        if account == HOUSE {
            self.orders.remove(&id);
            self.publish_changes(symbol);
            return None;
        }
        self.release(account, symbol, side, price, left);
        let execution = Execution {
            what: "CANCELED",
            client: Some(client),
            original: &original,
            ..Default::default()
        };
        self.report(id, &execution, now_ms);
        self.retire(id);
        self.publish_changes(symbol);
        self.orders.get(&id).cloned()
    }

    /// Lowers an open order's quantity to `qty` lots, its place in the queue kept. Returns the
    /// execution id.
    pub(crate) fn amend(
        &mut self,
        id: u64,
        qty: i64,
        client: &str,
        now_ms: u64,
    ) -> Result<u64, Refusal> {
        let refuse = || Refusal::new(-2038, "The requested order amendment is not allowed.");
        let order = self.orders.get_mut(&id).ok_or_else(refuse)?;
        let less = order.qty - qty;
        if less <= 0 || order.left() - less <= 0 {
            return Err(refuse());
        }
        if order.amends >= crate::symbol::AMENDS_MAX {
            return Err(Refusal::filter("MAX_NUM_ORDER_AMENDS"));
        }
        order.qty = qty;
        order.amends += 1;
        order.updated_ms = now_ms;
        let original = std::mem::replace(&mut order.client, client.to_string());
        let (account, symbol, side) = (order.account, order.symbol, order.side);
        let (price, left) = (order.price, order.left());
        let listing = self.listing_mut(symbol);
        match &mut listing.recorded {
            Some(recorded) => recorded.shrink(id, left),
            None => {
                listing.book.shrink(side, price, id, left);
            }
        }
        self.release(account, symbol, side, price, less);
        let clients = &mut self.account_mut(account).clients;
        clients.remove(&original);
        clients.insert(client.to_string(), id);
        let execution = self.next_execution;
        let what = Execution { what: "REPLACED", original: &original, ..Default::default() };
        self.report(id, &what, now_ms);
        self.publish_changes(symbol);
        Ok(execution)
    }

    /// Adds (or takes) money otherwise than by a trade.
    pub(crate) fn deposit(&mut self, account: AccountId, asset: &str, delta: i64, now_ms: u64) {
        self.account_mut(account).entry(asset).free += delta;
        *self.account_mut(account).start.entry(asset.into()).or_default() += delta;
        self.touch_balance(account, asset);
        let json = report::balance_update(asset, delta, now_ms);
        self.events.push(Event::Private { account, json });
    }

    fn report(&mut self, id: u64, execution: &Execution<'_>, now_ms: u64) {
        let number = self.next_execution;
        self.next_execution += 1;
        let Some(order) = self.orders.get(&id) else { return };
        if order.account == HOUSE {
            return;
        }
        let symbol = &self.listings[usize::from(order.symbol)].symbol;
        let execution = Execution { id: number, ..*execution };
        let json = report::execution(order, symbol, &execution, now_ms);
        self.events.push(Event::Private { account: order.account, json });
        self.touched.orders.insert(id);
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

    fn counters(&self) -> Counters {
        let list = self.listings.iter().map(|listing| SymbolCounters {
            update: listing.update,
            trade: listing.trade,
            last: listing.last,
        });
        Counters { order: self.next_order, execution: self.next_execution, list: list.collect() }
    }

    /// Ends a transaction: positions are reported, the journal is written, ended house orders go.
    pub(crate) fn commit(&mut self, now_ms: u64) {
        while self.ended.front().is_some_and(|id| self.is_house_order(*id)) {
            if let Some(id) = self.ended.pop_front() {
                self.orders.remove(&id);
            }
        }
        while self.ended.len() > ENDED_MAX {
            if let Some(id) = self.ended.pop_front() {
                self.orders.remove(&id);
            }
        }
        let touched = std::mem::take(&mut self.touched);
        for (account, assets) in &touched.balances {
            let holder = &mut self.accounts[*account as usize];
            holder.updated_ms = now_ms;
            if !holder.house {
                let json = report::position(holder, assets.iter().map(String::as_str), now_ms);
                self.events.push(Event::Private { account: *account, json });
            }
        }
        self.write_down(touched);
    }

    fn is_house_order(&self, id: u64) -> bool {
        self.orders.get(&id).is_none_or(|order| order.account == HOUSE)
    }

    fn write_down(&mut self, touched: Touched) {
        if self.journal.is_none() {
            return;
        }
        let mut transaction = Transaction {
            orders: touched.orders.iter().filter_map(|id| self.orders.get(id).cloned()).collect(),
            fills: touched.fills,
            balances: Vec::new(),
            counters: Counters::default(),
        };
        for (account, assets) in touched.balances {
            for asset in assets {
                let balance = self.account(account).balance(&asset);
                transaction.balances.push((account, asset, balance));
            }
        }
        let counters = self.counters();
        let noted = (self.next_execution, self.listings.iter().map(|l| l.update + l.trade).sum());
        let Some(journal) = &mut self.journal else { return };
        if !transaction.is_empty() {
            transaction.counters = counters;
            if let Err(error) = journal.append(&transaction) {
                self.journal_errors += 1;
                eprintln!("ledger: {error}; the last transaction would not survive a restart");
            }
        } else if self.counters_noted != noted && journal.mark(&counters).is_err() {
            self.journal_errors += 1;
        }
        self.counters_noted = noted;
        if journal.written > COMPACT_AFTER {
            self.compact();
        }
    }

    fn compact(&mut self) {
        let Some((dir, generation)) =
            self.journal.as_ref().map(|journal| (journal.place().0.to_path_buf(), journal.place().1))
        else {
            return;
        };
        match Journal::start(&dir, self.snapshot(generation)) {
            Ok(journal) => self.journal = Some(journal),
            Err(error) => {
                self.journal_errors += 1;
                eprintln!("ledger: {}: {error}; the old journal goes on", dir.display());
            }
        }
    }

    /// The whole ledger, users' orders only.
    pub(crate) fn snapshot(&self, generation: u64) -> Snapshot {
        let fills = self.accounts.iter().enumerate();
        let fills = fills.flat_map(|(n, a)| a.fills.iter().map(move |f| (n as AccountId, f.clone())));
        Snapshot {
            generation,
            accounts: self.accounts.clone(),
            orders: self.orders.values().filter(|order| order.account != HOUSE).cloned().collect(),
            fills: fills.collect(),
            counters: self.counters(),
        }
    }

    /// Takes over a recovered ledger: balances, trades, ids, and open orders back in the book in the
    /// order of their ids.
    pub(crate) fn restore(&mut self, snapshot: Snapshot) {
        for (n, account) in snapshot.accounts.into_iter().enumerate() {
            match self.accounts.get_mut(n) {
                Some(slot) => *slot = account,
                None => self.accounts.push(account),
            }
        }
        for (account, fill) in snapshot.fills {
            if let Some(account) = self.accounts.get_mut(account as usize) {
                account.fills.push(fill);
            }
        }
        let counters = snapshot.counters;
        self.next_order = self.next_order.max(counters.order);
        self.next_execution = self.next_execution.max(counters.execution);
        for (listing, counters) in self.listings.iter_mut().zip(&counters.list) {
            listing.update = listing.update.max(counters.update);
            listing.trade = listing.trade.max(counters.trade);
            listing.agg = listing.agg.max(listing.trade);
            if counters.last > 0 {
                listing.last = counters.last;
            }
        }
        for order in snapshot.orders {
            let id = order.id;
            if order.status.is_open() && usize::from(order.symbol) < self.listings.len() {
                self.reopen(&order);
            } else {
                self.ended.push_back(id);
            }
            self.orders.insert(id, order);
        }
        for symbol in 0..self.listings.len() {
            self.publish_changes(symbol as SymbolId);
        }
        self.events.clear();
    }

    fn reopen(&mut self, order: &Order) {
        let entry = Entry { id: order.id, account: order.account, lots: order.left() };
        let listing = &mut self.listings[usize::from(order.symbol)];
        match &mut listing.recorded {
            Some(recorded) => recorded.reopen(order.id, order.side, order.price, order.left()),
            None => listing.book.rest(order.side, order.price, entry),
        }
        if let Some(holder) = self.accounts.get_mut(order.account as usize) {
            holder.open.insert(order.id);
            holder.clients.insert(order.client.clone(), order.id);
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
        let new = NewOrder {
            symbol,
            side,
            kind: Kind::Limit,
            tif,
            stp: Stp::None,
            price,
            qty: lots,
            quote_qty: 0,
            client: String::new(),
            reply: crate::order::Reply::Ack,
        };
        let id = self.open(HOUSE, &new, now_ms);
        self.meet(id, &new, now_ms);
        self.publish_changes(symbol);
        let rests = self.orders.get(&id).is_some_and(|order| order.status.is_open());
        rests.then_some(id)
    }
}
