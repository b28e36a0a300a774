//! The trading floor: one venue with its keys, limits, connections and faults, behind one lock.
//!
//! Whoever changes the venue ends with [`Floor::flush`]: the journal is written first, then the
//! venue's protocol renders every event for those who subscribed to it.

use crate::cause::Causes;
use crate::dialect::{Best, Dialect};
use crate::event::Event;
use crate::fault::{Fault, FaultKind};
use crate::hub::{Hub, Out};
use crate::keys::Keys;
use crate::kind::VenueKind;
use crate::limits::Limits;
use crate::order::{AccountId, Side, SymbolId, Why};
use crate::socket::Heartbeat;
use crate::tokens::Tokens;
use crate::venue::Venue;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the next order or message meets instead of the venue's ordinary ways.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pending {
    /// The next order is refused: with this code, or as the protocol likes.
    pub reject: Option<Option<i32>>,
    /// The next order is executed, its answer says that its fate is unknown.
    pub timeout: bool,
    /// The next order is not executed, its answer says that its fate is unknown.
    pub lost: bool,
    skip: bool,
    duplicate: bool,
    checksum: bool,
}

impl Pending {
    /// How often the next incremental book message is to be sent: once, not at all (a gap), or
    /// twice. Asking uses the fault up.
    pub(crate) fn copies(&mut self) -> usize {
        if std::mem::take(&mut self.skip) {
            return 0;
        }
        1 + usize::from(std::mem::take(&mut self.duplicate))
    }

    /// Whether the next checksum is to be wrong. Asking uses the fault up.
    pub(crate) fn bad_checksum(&mut self) -> bool {
        std::mem::take(&mut self.checksum)
    }
}

/// Protection against losing all private connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Guard {
    /// How long all of them may be gone.
    pub window_ms: u64,
    /// The number of the private subscription that counts; any where it is none.
    pub number: Option<u32>,
    /// Since when they are gone; none while there is one, or before there was any.
    gone_ms: Option<u64>,
    armed: bool,
}

/// Everything that one venue's connections share.
pub(crate) struct Floor {
    pub kind: VenueKind,
    pub venue: Venue,
    pub hub: Hub,
    pub keys: Keys,
    pub limits: Limits,
    pub causes: Arc<Causes>,
    pub pending: Pending,
    /// Tokens that stand for accounts, where the protocol has such.
    pub tokens: Tokens,
    /// Faults carried out so far, as text.
    pub faults_done: Vec<String>,
    guards: BTreeMap<AccountId, Guard>,
    /// Absent only while it is being called.
    dialect: Option<Box<dyn Dialect>>,
    /// Best prices and quantities last told, per symbol.
    told: Vec<Best>,
}

/// The floor behind its lock.
#[derive(Clone)]
pub(crate) struct SharedFloor(Arc<Mutex<Floor>>);

impl SharedFloor {
    pub(crate) fn new(floor: Floor) -> Self {
        Self(Arc::new(Mutex::new(floor)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Floor> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What every connection of one venue gets.
#[derive(Clone)]
pub(crate) struct App {
    pub floor: SharedFloor,
    pub causes: Arc<Causes>,
    /// Time from an order's arrival to its matching.
    pub latency: Duration,
    pub heartbeat: Heartbeat,
}

/// Milliseconds since 1970.
pub(crate) fn wall_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis() as u64
}

impl Floor {
    pub(crate) fn new(kind: VenueKind, mut venue: Venue, keys: Keys, limits: Limits) -> Self {
        let causes = Arc::new(Causes::new());
        let told = vec![[None; 2]; venue.listings.len()];
        let dialect = crate::dialect::of(kind);
        for listing in &mut venue.listings {
            listing.views.resize_with(dialect.views(), Default::default);
        }
        Self {
            kind,
            venue,
            hub: Hub::new(causes.clone()),
            keys,
            limits,
            causes,
            pending: Pending::default(),
            tokens: Tokens::default(),
            faults_done: Vec::new(),
            guards: BTreeMap::new(),
            dialect: Some(dialect),
            told,
        }
    }

    /// Lets the protocol act on the floor; nothing while it is acting already.
    pub(crate) fn speak(&mut self, act: impl FnOnce(&mut dyn Dialect, &mut Self)) {
        if let Some(mut dialect) = self.dialect.take() {
            act(dialect.as_mut(), self);
            self.dialect = Some(dialect);
        }
    }

    /// Cancels all of an account's orders once its private connections (those of subscription
    /// `number`, where given) have all been gone for this long; none stops that. It begins to watch
    /// with the first of them.
    pub(crate) fn guard(
        &mut self,
        account: AccountId,
        window_ms: Option<u64>,
        number: Option<u32>,
    ) {
        match window_ms {
            None => {
                self.guards.remove(&account);
            }
            Some(window_ms) => {
                let armed = self.hub.private(account, number) > 0;
                self.guards.insert(account, Guard { window_ms, number, gone_ms: None, armed });
            }
        }
    }

    /// An account's protection, if it has one.
    pub(crate) fn guarded(&self, account: AccountId) -> Option<&Guard> {
        self.guards.get(&account)
    }

    /// What the venue does by the clock.
    pub(crate) fn pulse(&mut self, now_ms: u64) {
        for (account, guard) in &mut self.guards {
            if self.hub.private(*account, guard.number) > 0 {
                (guard.armed, guard.gone_ms) = (true, None);
            } else if guard.armed
                && now_ms.saturating_sub(*guard.gone_ms.get_or_insert(now_ms)) >= guard.window_ms
            {
                (guard.armed, guard.gone_ms) = (false, None);
                self.venue.cancel_all(*account, |_| true, Why::Disconnect, now_ms);
            }
        }
        self.venue.pulse(now_ms);
        self.flush(now_ms);
    }

    /// Ends a change: journal, then events.
    pub(crate) fn flush(&mut self, now_ms: u64) {
        self.venue.commit(now_ms);
        for (account, maker) in std::mem::take(&mut self.venue.credits) {
            self.limits.credit(account, maker, now_ms);
        }
        let events = std::mem::take(&mut self.venue.events);
        self.speak(|dialect, floor| {
            for event in &events {
                floor.render(dialect, event, now_ms);
            }
        });
    }

    fn render(&mut self, dialect: &mut dyn Dialect, event: &Event, now_ms: u64) {
        match event {
            Event::Private { account, what } => dialect.private(self, *account, what, now_ms),
            Event::Trade { symbol, tick } => dialect.trade(self, *symbol, tick, now_ms),
            Event::Agg { symbol, agg } => dialect.aggregate(self, *symbol, agg, now_ms),
            Event::Touch { symbol } => self.touch(dialect, *symbol, now_ms),
            Event::Mark { symbol } => dialect.mark(self, *symbol, now_ms),
            Event::Liquidation { symbol, liquidation } => {
                dialect.liquidation(self, *symbol, liquidation, now_ms);
            }
        }
    }

    /// Tells the best prices where they have changed.
    fn touch(&mut self, dialect: &mut dyn Dialect, symbol: SymbolId, now_ms: u64) {
        let listing = self.venue.listing(symbol);
        let best = [listing.best(Side::Buy), listing.best(Side::Sell)];
        let update = listing.update;
        if best == self.told[usize::from(symbol)] {
            return;
        }
        self.told[usize::from(symbol)] = best;
        dialect.best(self, symbol, update, best, now_ms);
    }

    /// Carries out one fault now.
    pub(crate) fn fault(&mut self, fault: &Fault, now_ms: u64) {
        self.faults_done.push(fault.to_string());
        match fault.kind {
            FaultKind::Drop => self.hub.tell_all(false, &Out::Abort),
            FaultKind::Stall(span) => self.hub.tell_all(false, &Out::Pause(span)),
            FaultKind::Delay(span) => self.hub.tell_all(true, &Out::Pause(span)),
            FaultKind::Skip => self.pending.skip = true,
            FaultKind::Duplicate => self.pending.duplicate = true,
            FaultKind::Checksum => self.pending.checksum = true,
            FaultKind::Reject(code) => self.pending.reject = Some(code),
            FaultKind::TooMany(span) => {
                self.limits.stop_until_ms = now_ms + span.as_millis() as u64;
            }
            FaultKind::Timeout => self.pending.timeout = true,
            FaultKind::Lost => self.pending.lost = true,
            FaultKind::Malformed => {
                self.speak(|dialect, floor| {
                    floor.hub.tell_all(true, &Out::Text(dialect.malformed().into(), None));
                });
            }
            FaultKind::Shutdown(_) => {
                self.speak(|dialect, floor| dialect.farewell(floor, now_ms));
            }
            FaultKind::ExchangeKill | FaultKind::Restart => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Account;
    use crate::limits::Rates;
    use crate::listing::Listing;
    use crate::order::NewOrder;
    use crate::symbol::{SCALE, Symbol};
    use crate::venue::USERS;

    /// A floor with one account that has an open order.
    fn floor() -> Floor {
        let mut venue = Venue::new(vec![Listing::new(Symbol::btcusdt(), 1, 1)]);
        let start = [("USDT".to_string(), 1_000_000 * SCALE)];
        venue.accounts.push(Account::new("a", false, &start, BTreeMap::new()));
        let new = NewOrder { price: 6_000_000, qty: 1000, ..NewOrder::default() };
        venue.place(USERS, new, 1).unwrap();
        let limits = Limits::new(Rates::default());
        Floor::new(VenueKind::Bybit, venue, Keys::default(), limits)
    }

    fn open(floor: &Floor) -> usize {
        floor.venue.account(USERS).open.len()
    }

    #[test]
    fn orders_go_when_all_private_connections_are_gone_for_too_long() {
        let mut floor = floor();
        floor.guard(USERS, Some(100), Some(7));
        floor.pulse(1000);
        floor.pulse(2000);
        assert_eq!(open(&floor), 1, "it has not begun to watch");
        let connections = [0, 1].map(|_| floor.hub.enter(false, 0));
        for (id, _) in &connections {
            floor.hub.get(*id).unwrap().feeds.push((7, USERS));
        }
        floor.pulse(3000);
        floor.hub.leave(connections[0].0);
        floor.pulse(4000);
        assert_eq!(open(&floor), 1);
        floor.hub.get(connections[1].0).unwrap().feeds = vec![(8, USERS)];
        floor.pulse(5000);
        floor.pulse(5099);
        assert_eq!(open(&floor), 1);
        floor.pulse(5100);
        assert_eq!(open(&floor), 0);
        let order = floor.venue.orders.values().next().unwrap();
        assert_eq!(order.why, Some(Why::Disconnect));
    }

    #[test]
    fn faults_wait_for_the_next_message_or_order() {
        let mut floor = floor();
        for fault in ["skip@0s", "dup@0s", "checksum@0s", "reject@0s:7"] {
            floor.fault(&fault.parse().unwrap(), 1);
        }
        assert_eq!([0, 1, 2].map(|_| floor.pending.copies()), [0, 2, 1]);
        assert_eq!([0, 1].map(|_| floor.pending.bad_checksum()), [true, false]);
        assert_eq!(floor.pending.reject.take(), Some(Some(7)));
        assert_eq!(floor.faults_done.len(), 4);
    }
}
