//! What may still be sent before the venue refuses: its own weights, counted here and corrected by
//! what it reports.
//!
//! Cancels come before places, and places before queries: a part of the weight is kept for those
//! before. A place that does not fit is refused at once and never waits: by the time that it fitted
//! it would be wrong. Pure and clock-free: fed with the venue's time.

use crate::wire::{Cost, LimitKind, Usage};
use engine::time::Nanos;

/// Most limits that are followed.
const WINDOWS_MAX: usize = 8;

/// What a request is for, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Takes risk off: cancels, amends, cancel-alls.
    Cancel,
    /// Puts risk on.
    Place,
    /// Asks.
    Query,
}

/// Why a request must not be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The venue said to stop until this instant.
    Stopped(Nanos),
    /// Not enough weight is left for this class.
    Weight,
    /// Not enough new orders are left.
    Orders,
}

/// How much of the weight is kept back, in hundredths of each limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// Kept for cancels.
    pub cancels: u32,
    /// Kept, besides, for places.
    pub places: u32,
}

impl Default for Reserve {
    fn default() -> Self {
        Self { cancels: 10, places: 10 }
    }
}

/// One limit over one interval. Intervals begin at multiples of their length, as the venue's do.
#[derive(Clone, Copy, Debug)]
struct Window {
    limit: LimitKind,
    interval: Nanos,
    max: u32,
    used: u32,
    began: Nanos,
}

impl Window {
    fn roll(&mut self, now: Nanos) -> bool {
        let over = now.since(self.began) >= self.interval;
        if over {
            let length = self.interval.0.max(1);
            self.began = Nanos(now.0 / length * length);
            self.used = 0;
        }
        over
    }

    const fn left(&self) -> u32 {
        self.max.saturating_sub(self.used)
    }
}

/// The budget of one address and account.
#[derive(Clone, Debug)]
pub struct Budget {
    windows: Vec<Window>,
    reserve: Reserve,
    /// Sent and not answered: not yet in what the venue reports.
    under_way: Cost,
    stopped_until: Nanos,
    told: Option<(u32, u32)>,
    rolled: bool,
}

impl Budget {
    /// With these limits; more are learnt as the venue reports them.
    pub fn new(limits: &[Usage], reserve: Reserve) -> Self {
        let mut budget = Self {
            windows: Vec::with_capacity(WINDOWS_MAX),
            reserve,
            under_way: Cost::default(),
            stopped_until: Nanos::ZERO,
            told: None,
            rolled: false,
        };
        for usage in limits {
            budget.report(usage, Nanos::ZERO);
        }
        budget
    }

    /// The venue reports how much of a limit is used, before or with an answer. What is under way
    /// comes on top: the venue may not have counted it.
    pub fn report(&mut self, usage: &Usage, now: Nanos) {
        let pending = match usage.limit {
            LimitKind::Weight => self.under_way.weight,
            LimitKind::Orders => self.under_way.orders,
        };
        let same =
            |window: &&mut Window| window.limit == usage.limit && window.interval == usage.interval;
        if let Some(window) = self.windows.iter_mut().find(same) {
            self.rolled |= window.roll(now);
            window.max = usage.max;
            window.used = usage.used.saturating_add(pending);
        } else if self.windows.len() < WINDOWS_MAX {
            let (limit, interval, max) = (usage.limit, usage.interval, usage.max);
            let mut window = Window { limit, interval, max, used: 0, began: Nanos::ZERO };
            window.roll(now);
            window.used = usage.used.saturating_add(pending);
            self.windows.push(window);
        }
    }

    /// Whether a request may be sent now.
    #[inline]
    pub fn permits(&mut self, class: Class, cost: Cost, now: Nanos) -> Result<(), Denied> {
        if now < self.stopped_until {
            return Err(Denied::Stopped(self.stopped_until));
        }
        for window in &mut self.windows {
            self.rolled |= window.roll(now);
            match window.limit {
                LimitKind::Weight => {
                    let percent = match class {
                        Class::Cancel => 0,
                        Class::Place => self.reserve.cancels,
                        Class::Query => self.reserve.cancels + self.reserve.places,
                    };
                    let kept = u64::from(window.max) * u64::from(percent) / 100;
                    if u64::from(window.left()) < u64::from(cost.weight) + kept {
                        return Err(Denied::Weight);
                    }
                }
                LimitKind::Orders => {
                    if cost.orders > 0 && window.left() < cost.orders {
                        return Err(Denied::Orders);
                    }
                }
            }
        }
        Ok(())
    }

    /// A request is sent.
    #[inline]
    pub fn spend(&mut self, cost: Cost, now: Nanos) {
        self.under_way.weight = self.under_way.weight.saturating_add(cost.weight);
        self.under_way.orders = self.under_way.orders.saturating_add(cost.orders);
        for window in &mut self.windows {
            self.rolled |= window.roll(now);
            let part = match window.limit {
                LimitKind::Weight => cost.weight,
                LimitKind::Orders => cost.orders,
            };
            window.used = window.used.saturating_add(part);
        }
    }

    /// A request is answered, or given up.
    #[inline]
    pub fn settle(&mut self, cost: Cost) {
        self.under_way.weight = self.under_way.weight.saturating_sub(cost.weight);
        self.under_way.orders = self.under_way.orders.saturating_sub(cost.orders);
    }

    /// The venue says that nothing may be sent before this instant.
    pub fn stop(&mut self, until: Nanos) {
        self.stopped_until = self.stopped_until.max(until);
    }

    /// Until when nothing may be sent; in the past when nothing is forbidden.
    pub const fn stopped_until(&self) -> Nanos {
        self.stopped_until
    }

    /// What places may still use: orders and weight, the least over all limits.
    pub fn left(&mut self, now: Nanos) -> (u32, u32) {
        let (mut orders, mut weight) = (u32::MAX, u32::MAX);
        for window in &mut self.windows {
            self.rolled |= window.roll(now);
            match window.limit {
                LimitKind::Orders => orders = orders.min(window.left()),
                LimitKind::Weight => {
                    let kept = u64::from(window.max) * u64::from(self.reserve.cancels) / 100;
                    weight = weight.min(window.left().saturating_sub(kept as u32));
                }
            }
        }
        if now < self.stopped_until { (0, 0) } else { (orders, weight) }
    }

    /// What is left when it changed notably since it was last told: by a tenth, to or from nothing,
    /// or because an interval began anew.
    pub fn news(&mut self, now: Nanos) -> Option<(u32, u32)> {
        let left = self.left(now);
        let rolled = core::mem::take(&mut self.rolled);
        let notable = match self.told {
            None => true,
            Some(told) => {
                let far = |now: u32, then: u32| {
                    now.abs_diff(then) > then / 10 || (now == 0) != (then == 0)
                };
                let changed = told != left;
                changed && (rolled || far(left.0, told.0) || far(left.1, told.1))
            }
        };
        notable.then(|| *self.told.insert(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLACE: Cost = Cost { weight: 1, orders: 1 };
    const CANCEL: Cost = Cost { weight: 1, orders: 0 };

    fn limits() -> [Usage; 2] {
        let of = |limit, interval, max| Usage { limit, interval, max, used: 0 };
        [
            of(LimitKind::Weight, Nanos::from_s(60), 100),
            of(LimitKind::Orders, Nanos::from_s(10), 10),
        ]
    }

    #[test]
    fn cancels_outlive_places_and_places_outlive_queries() {
        let mut budget = Budget::new(&limits(), Reserve::default());
        let now = Nanos::from_s(1_000);
        let of = |budget: &mut Budget| {
            [Class::Cancel, Class::Place, Class::Query]
                .map(|class| budget.permits(class, CANCEL, now).is_ok())
        };
        assert_eq!(of(&mut budget), [true, true, true]);
        budget.spend(Cost { weight: 80, orders: 0 }, now);
        assert_eq!(of(&mut budget), [true, true, false]);
        budget.spend(Cost { weight: 10, orders: 0 }, now);
        assert_eq!(of(&mut budget), [true, false, false]);
        budget.spend(Cost { weight: 10, orders: 0 }, now);
        assert_eq!(of(&mut budget), [false, false, false]);
        let later = Nanos::from_s(1_020);
        assert_eq!(budget.permits(Class::Query, CANCEL, later), Ok(()), "a new minute began");
    }

    #[test]
    fn a_stop_holds_until_its_end() {
        let mut budget = Budget::new(&limits(), Reserve::default());
        budget.stop(Nanos::from_s(30));
        let denied = Err(Denied::Stopped(Nanos::from_s(30)));
        assert_eq!(budget.permits(Class::Cancel, CANCEL, Nanos::from_s(29)), denied);
        assert_eq!(budget.news(Nanos::from_s(29)), Some((0, 0)));
        assert_eq!(budget.permits(Class::Cancel, CANCEL, Nanos::from_s(30)), Ok(()));
        assert_eq!(budget.news(Nanos::from_s(30)), Some((10, 90)));
    }

    #[test]
    fn what_is_under_way_comes_on_top_of_what_is_reported() {
        let mut budget = Budget::new(&limits(), Reserve::default());
        let now = Nanos::from_s(1_000);
        for _ in 0..4 {
            budget.spend(PLACE, now);
        }
        budget.settle(PLACE);
        budget.settle(PLACE);
        budget.report(&Usage { used: 1, ..limits()[1] }, now);
        assert_eq!(budget.left(now).0, 7, "one counted by the venue, two under way");
    }

    proptest! {
        /// Against a venue that counts every request in the same windows: it never has to refuse.
        #[test]
        fn the_venue_never_has_to_refuse(
            turns in prop::collection::vec((0_u64..4_000, 0_u8..3, any::<bool>()), 1..400),
        ) {
            let mut budget = Budget::new(&limits(), Reserve::default());
            let mut now_ms = 1_000_000_u64;
            let (mut minute, mut weight, mut tens, mut orders) = (0, 0_u32, 0, 0_u32);
            for (wait_ms, class, answered) in turns {
                now_ms += wait_ms;
                let now = Nanos::from_ms(now_ms);
                if now_ms / 60_000 != minute { minute = now_ms / 60_000; weight = 0; }
                if now_ms / 10_000 != tens { tens = now_ms / 10_000; orders = 0; }
                let (class, cost) = match class {
                    0 => (Class::Cancel, CANCEL),
                    1 => (Class::Place, PLACE),
                    _ => (Class::Query, Cost { weight: 4, orders: 0 }),
                };
                if budget.permits(class, cost, now).is_ok() {
                    budget.spend(cost, now);
                    weight += cost.weight;
                    orders += cost.orders;
                    if answered {
                        budget.report(&Usage { used: weight, ..limits()[0] }, now);
                        budget.report(&Usage { used: orders, ..limits()[1] }, now);
                    }
                    budget.settle(cost);
                }
                prop_assert!(weight <= 100 && orders <= 10);
                let may = |class| budget.clone().permits(class, CANCEL, now).is_ok();
                prop_assert!(may(Class::Cancel) || !may(Class::Place));
                prop_assert!(may(Class::Place) || !may(Class::Query));
            }
        }
    }
}
