//! What may still be sent before the venue refuses: its own weights, counted here and corrected by
//! what it reports.
//!
//! Cancels come before places, and places before queries: a part of the weight is kept for those
//! before. A place that does not fit is refused at once and never waits: by the time that it fitted
//! it would be wrong. Pure and clock-free: fed with the venue's time.
//!
//! Some limits hold for all requests, others for those of a bucket: a category, an instrument. Most
//! count over intervals of the clock, some over any span of their length.

mod window;

use crate::wire::{Cost, LimitKind, Usage};
use engine::time::Nanos;
use window::Window;

/// Most limits that are followed for all requests, and for each bucket.
const WINDOWS_MAX: usize = 8;
/// Most buckets.
const BUCKETS_MAX: usize = 1_024;

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
    /// Not enough new orders, changes or cancels are left.
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

/// The budget of one address and account.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Limits by bucket; those of bucket 0 hold for all requests.
    windows: Vec<Vec<Window>>,
    reserve: Reserve,
    /// Sent and not answered: not yet in what the venue reports.
    under_way: Cost,
    stopped_until: Nanos,
    told: Option<(u32, u32)>,
    /// Orders and changes sent since then: who was told takes them off by himself.
    sent: u32,
    rolled: bool,
}

/// What a request takes of a limit.
#[inline]
const fn part(cost: Cost, limit: LimitKind) -> u32 {
    match limit {
        LimitKind::Weight => cost.weight,
        LimitKind::Orders => cost.orders,
        LimitKind::Amends => cost.amends,
        LimitKind::Cancels => cost.cancels,
        LimitKind::Entries => cost.orders.saturating_add(cost.amends),
    }
}

impl Budget {
    /// With these limits; more are learnt as the venue reports them.
    pub fn new(limits: &[Usage], reserve: Reserve) -> Self {
        let mut budget = Self {
            windows: vec![Vec::with_capacity(WINDOWS_MAX)],
            reserve,
            under_way: Cost::default(),
            stopped_until: Nanos::ZERO,
            told: None,
            sent: 0,
            rolled: false,
        };
        for usage in limits {
            let bucket = usize::from(usage.bucket);
            if bucket < BUCKETS_MAX && budget.windows.len() <= bucket {
                budget.windows.resize(bucket + 1, Vec::new());
            }
            budget.report(usage, Nanos::ZERO);
        }
        budget
    }

    /// The limits that hold for a request.
    #[inline]
    fn holding(&mut self, bucket: u16) -> impl Iterator<Item = &mut Window> {
        let (all, buckets) = self.windows.split_at_mut(1);
        let own = usize::from(bucket).checked_sub(1).and_then(|place| buckets.get_mut(place));
        all.iter_mut().flatten().chain(own.into_iter().flatten())
    }

    /// The venue reports how much of a limit is used, before or with an answer. What is under way
    /// comes on top where all requests count: the venue may not have counted it.
    pub fn report(&mut self, usage: &Usage, now: Nanos) {
        let under_way = if usage.bucket == 0 { self.under_way } else { Cost::default() };
        let used = usage.used.saturating_add(part(under_way, usage.limit));
        let Some(windows) = self.windows.get_mut(usize::from(usage.bucket)) else { return };
        if let Some(window) = windows.iter_mut().find(|window| window.is(usage)) {
            self.rolled |= window.correct(usage.max, used, now);
        } else if windows.len() < WINDOWS_MAX {
            windows.push(Window::new(usage, used, now));
        }
    }

    /// Whether a request may be sent now.
    #[inline]
    pub fn permits(&mut self, class: Class, cost: Cost, now: Nanos) -> Result<(), Denied> {
        if now < self.stopped_until {
            return Err(Denied::Stopped(self.stopped_until));
        }
        let percent = match class {
            Class::Cancel => 0,
            Class::Place => self.reserve.cancels,
            Class::Query => self.reserve.cancels + self.reserve.places,
        };
        let mut rolled = false;
        let mut denied = None;
        for window in self.holding(cost.bucket) {
            rolled |= window.roll(now);
            let part = part(cost, window.limit);
            if window.limit == LimitKind::Weight {
                let kept = u64::from(window.max) * u64::from(percent) / 100;
                if u64::from(window.left()) < u64::from(part) + kept {
                    denied = Some(Denied::Weight);
                    break;
                }
            } else if part > 0 && window.left() < part {
                denied = Some(Denied::Orders);
                break;
            }
        }
        self.rolled |= rolled;
        denied.map_or(Ok(()), Err)
    }

    /// A request is sent.
    #[inline]
    pub fn spend(&mut self, cost: Cost, now: Nanos) {
        let sum = &mut self.under_way;
        sum.weight = sum.weight.saturating_add(cost.weight);
        sum.orders = sum.orders.saturating_add(cost.orders);
        sum.amends = sum.amends.saturating_add(cost.amends);
        sum.cancels = sum.cancels.saturating_add(cost.cancels);
        let entries = cost.orders.saturating_add(cost.amends);
        self.sent = self.sent.saturating_add(entries);
        let mut rolled = false;
        for window in self.holding(cost.bucket) {
            rolled |= window.roll(now);
            window.spend(part(cost, window.limit), now);
        }
        self.rolled |= rolled;
    }

    /// An order or change was not sent after all: who was told took it off nevertheless.
    #[inline]
    pub const fn not_sent(&mut self) {
        self.sent = self.sent.saturating_add(1);
    }

    /// A request is answered, or given up.
    #[inline]
    pub fn settle(&mut self, cost: Cost) {
        let sum = &mut self.under_way;
        sum.weight = sum.weight.saturating_sub(cost.weight);
        sum.orders = sum.orders.saturating_sub(cost.orders);
        sum.amends = sum.amends.saturating_sub(cost.amends);
        sum.cancels = sum.cancels.saturating_sub(cost.cancels);
    }

    /// The venue says that nothing may be sent before this instant.
    pub fn stop(&mut self, until: Nanos) {
        self.stopped_until = self.stopped_until.max(until);
    }

    /// Until when nothing may be sent; in the past when nothing is forbidden.
    pub const fn stopped_until(&self) -> Nanos {
        self.stopped_until
    }

    /// What places may still use: orders and weight. The least over all limits that hold for every
    /// request, and of buckets what the one with the most may: the others are refused when they
    /// ask.
    pub fn left(&mut self, now: Nanos) -> (u32, u32) {
        let (mut orders, mut weight, mut best) = (u32::MAX, u32::MAX, None);
        for (bucket, windows) in self.windows.iter_mut().enumerate() {
            let mut own = u32::MAX;
            for window in windows {
                self.rolled |= window.roll(now) && bucket == 0;
                match window.limit {
                    LimitKind::Orders | LimitKind::Entries => own = own.min(window.left()),
                    LimitKind::Weight if bucket == 0 => {
                        let kept = u64::from(window.max) * u64::from(self.reserve.cancels) / 100;
                        weight = weight.min(window.left().saturating_sub(kept as u32));
                    }
                    _ => {}
                }
            }
            match bucket {
                0 => orders = own,
                _ => best = best.max(Some(own)),
            }
        }
        orders = orders.min(best.unwrap_or(u32::MAX));
        if now < self.stopped_until { (0, 0) } else { (orders, weight) }
    }

    /// What is left when it is notably other than what was told last, less what was sent since: by
    /// a tenth, to or from nothing, or because an interval began anew.
    pub fn news(&mut self, now: Nanos) -> Option<(u32, u32)> {
        let left = self.left(now);
        let rolled = core::mem::take(&mut self.rolled);
        let notable = match self.told {
            None => true,
            Some(told) => {
                let known = told.0.saturating_sub(self.sent);
                let far = |now: u32, then: u32| {
                    now.abs_diff(then) > then / 10 || (now == 0) != (then == 0)
                };
                let changed = told != left;
                let less = left.0 != known && far(left.0, known);
                changed && (rolled || far(left.1, told.1)) || less
            }
        };
        notable.then(|| {
            self.sent = 0;
            *self.told.insert(left)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CANCEL: Cost = Cost { weight: 1, orders: 0, amends: 0, cancels: 0, bucket: 0 };
    const PLACE: Cost = Cost { orders: 1, ..CANCEL };

    fn limits() -> [Usage; 2] {
        let of = |limit, interval, max| Usage::aligned(limit, interval, max, 0);
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
        budget.spend(Cost { weight: 80, ..CANCEL }, now);
        assert_eq!(of(&mut budget), [true, true, false]);
        budget.spend(Cost { weight: 10, ..CANCEL }, now);
        assert_eq!(of(&mut budget), [true, false, false]);
        budget.spend(Cost { weight: 10, ..CANCEL }, now);
        assert_eq!(of(&mut budget), [false, false, false]);
        let later = Nanos::from_s(1_020);
        assert_eq!(budget.permits(Class::Query, CANCEL, later), Ok(()), "a new minute began");
    }

    #[test]
    fn who_counts_what_he_sent_is_told_when_more_is_left() {
        let second = Nanos::from_s(1);
        let limits = [1, 2].map(|bucket| Usage::rolling(LimitKind::Orders, bucket, second, 40));
        let mut budget = Budget::new(&limits, Reserve::default());
        let now = Nanos::from_s(1_000);
        assert_eq!(budget.news(now).map(|left| left.0), Some(40));
        let one = Cost { orders: 1, bucket: 1, ..Cost::default() };
        budget.spend(one, now);
        budget.not_sent();
        assert_eq!(budget.news(now), None, "38 there, 40 here: near");
        budget.spend(one, now);
        budget.not_sent();
        assert_eq!(budget.news(now).map(|left| left.0), Some(40), "the other bucket has all");
        assert_eq!(budget.news(now), None);
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

    #[test]
    fn buckets_have_limits_of_their_own_and_all_share_one() {
        let second = Nanos::from_s(1);
        let limits = [
            Usage::rolling(LimitKind::Orders, 1, second, 2),
            Usage::rolling(LimitKind::Orders, 2, second, 4),
            Usage::rolling(LimitKind::Entries, 0, second, 5),
        ];
        let mut budget = Budget::new(&limits, Reserve::default());
        let now = Nanos::from_s(1_000);
        let of = |bucket| Cost { orders: 1, bucket, ..Cost::default() };
        assert_eq!(budget.left(now).0, 4, "the bucket with the most");
        for _ in 0..2 {
            assert_eq!(budget.permits(Class::Place, of(1), now), Ok(()));
            budget.spend(of(1), now);
        }
        assert_eq!(budget.permits(Class::Place, of(1), now), Err(Denied::Orders));
        let amend = Cost { amends: 1, bucket: 1, ..Cost::default() };
        assert_eq!(budget.permits(Class::Place, amend, now), Ok(()), "counted apart");
        for _ in 0..3 {
            budget.spend(of(2), now);
        }
        assert_eq!(budget.permits(Class::Place, of(2), now), Err(Denied::Orders), "of all");
        assert_eq!(budget.permits(Class::Cancel, Cost::default(), now), Ok(()));
        assert_eq!(budget.permits(Class::Place, of(1), now.after(Nanos::from_ms(1_051))), Ok(()));
    }

    proptest! {
        /// Against a venue that counts any span of the length: it never has to refuse.
        #[test]
        fn no_span_ever_holds_more_than_the_limit(
            turns in prop::collection::vec((0_u64..400, any::<bool>()), 1..200),
        ) {
            let second = Nanos::from_s(1);
            let limit = Usage::rolling(LimitKind::Orders, 0, second, 7);
            let mut budget = Budget::new(&[limit], Reserve::default());
            let mut sent: Vec<u64> = Vec::new();
            let (mut now_ms, mut refused) = (1_000_000_u64, 0);
            for (wait_ms, two) in turns {
                now_ms += wait_ms;
                let cost = Cost { orders: 1 + u32::from(two), ..Cost::default() };
                if budget.permits(Class::Place, cost, Nanos::from_ms(now_ms)).is_ok() {
                    budget.spend(cost, Nanos::from_ms(now_ms));
                    sent.extend(vec![now_ms; cost.orders as usize]);
                } else {
                    refused += 1;
                    let recent = sent.iter().filter(|at| now_ms - **at < 1_060).count();
                    prop_assert!(recent + cost.orders as usize > 7, "refused without need");
                }
                let span = sent.iter().filter(|at| now_ms - **at < 1_000).count();
                prop_assert!(span <= 7, "{span} in one second, {refused} refused");
            }
        }

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
                    _ => (Class::Query, Cost { weight: 4, ..CANCEL }),
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
