//! Own orders from sending to end: what each showed in the market, and how long its requests took.

use super::{is_told, stamped};
use engine::event::{Body, Event};
use engine::id::{InstrumentId, OrderId};
use engine::num::Price;
use engine::time::Nanos;
use shm::journal::Sent;
use std::collections::{BTreeMap, BTreeSet};
use venues::sim::OrderTimes;

/// A price of an instrument's side.
type Level = (InstrumentId, usize, Price);

/// What stood of our own orders, by instrument, side and price: when it changed, and what it was
/// from then on, in lots. Times are the venue's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    levels: BTreeMap<Level, Vec<(Nanos, i64)>>,
}

impl Shown {
    /// One level.
    #[cfg(test)]
    pub(crate) fn standing(level: Level, steps: Vec<(Nanos, i64)>) -> Self {
        Self { levels: BTreeMap::from([(level, steps)]) }
    }

    /// Whether none ever stood.
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// The same by other numbers of the instruments; those without one are left out.
    #[must_use]
    pub fn numbered(&self, number: impl Fn(InstrumentId) -> Option<InstrumentId>) -> Self {
        let levels = self.levels.iter();
        let levels = levels.filter_map(|((id, side, price), steps)| {
            Some(((number(*id)?, *side, *price), steps.clone()))
        });
        Self { levels: levels.collect() }
    }

    /// How much of what a level displays is ours, where it was told at some time between two
    /// (inclusive), most likely at `at`: all of it, if at any of these times just so much was ours;
    /// else what was at that one.
    pub fn part(&self, level: Level, displayed: i64, at: Nanos, span: (Nanos, Nanos)) -> i64 {
        let Some(steps) = self.levels.get(&level) else { return 0 };
        let until = |time: Nanos| steps.partition_point(|step| step.0 <= time);
        let within = until(span.0).saturating_sub(1)..until(span.1);
        let within = steps.get(within).unwrap_or_default();
        if displayed > 0 && within.iter().any(|step| step.1 == displayed) {
            return displayed;
        }
        let then = until(at).checked_sub(1).and_then(|place| steps.get(place));
        then.map_or(0, |step| step.1.min(displayed))
    }
}

/// A request's answer: when it was known first, and when the venue gave it.
#[derive(Clone, Copy, Debug)]
struct Answer {
    told: Nanos,
    taken: Option<Nanos>,
}

impl Answer {
    /// What several rows tell of the same: the first is when it was known, and any may have the
    /// venue's time.
    fn tell(answer: &mut Option<Self>, row: &Event) {
        let first = answer.get_or_insert(Self { told: row.at, taken: None });
        first.taken = first.taken.or(stamped(row));
    }

    /// When it happened, as well as is known.
    const fn at(self) -> Nanos {
        match self.taken {
            Some(taken) => taken,
            None => self.told,
        }
    }
}

/// What happens to an order that stands.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Filled(i64),
    Amended(Option<Price>, i64),
    Ended,
}

#[derive(Debug)]
struct Order {
    level: Level,
    qty: i64,
    asked: Nanos,
    cancel_asked: Option<Nanos>,
    amend_asked: Option<Nanos>,
    accepted: Option<Answer>,
    ended: Option<Answer>,
    turns: Vec<(Nanos, Turn)>,
}

/// Gathers them from a journal's rows.
#[derive(Debug, Default)]
pub(super) struct Orders {
    orders: BTreeMap<OrderId, Order>,
    trades: BTreeSet<(OrderId, u64)>,
    times: Vec<(InstrumentId, OrderTimes)>,
}

impl Orders {
    /// Whether one was sent.
    pub fn any(&self) -> bool {
        !self.orders.is_empty()
    }

    /// A request that left.
    pub fn sent(&mut self, row: &Event, what: &Sent) {
        match *what {
            Sent::Place { order, old, side, price, qty, .. } => {
                let new = Order {
                    level: (row.instrument, side.index(), price),
                    qty: qty.0,
                    asked: row.at,
                    cancel_asked: None,
                    amend_asked: None,
                    accepted: None,
                    ended: None,
                    turns: Vec::new(),
                };
                self.orders.insert(order, new);
                if let Some(old) = old {
                    self.asks_cancel(old, row.at);
                }
            }
            Sent::Cancel(order) => self.asks_cancel(order, row.at),
            Sent::Move { order, .. } | Sent::Amend(order, _) => {
                if let Some(order) = self.orders.get_mut(&order) {
                    order.amend_asked = Some(row.at);
                }
            }
            _ => {}
        }
    }

    fn asks_cancel(&mut self, order: OrderId, at: Nanos) {
        if let Some(order) = self.orders.get_mut(&order) {
            order.cancel_asked.get_or_insert(at);
        }
    }

    /// A report that came.
    pub fn told(&mut self, row: &Event) {
        if !is_told(row) {
            return;
        }
        let Some(body) = row.body() else { return };
        let id = body.order().unwrap_or_default();
        let Some(order) = self.orders.get_mut(&id) else { return };
        let at = stamped(row).unwrap_or(row.at);
        match body {
            Body::Accepted { .. } => Answer::tell(&mut order.accepted, row),
            Body::Done { .. } => Answer::tell(&mut order.ended, row),
            Body::Fill(fill) if self.trades.insert((id, fill.trade)) => {
                order.turns.push((at, Turn::Filled(fill.qty.0)));
            }
            Body::Amended { price, qty, .. } => {
                order.turns.push((at, Turn::Amended(price, qty.0)));
                if let (Some(asked), Some(taken)) = (order.amend_asked, stamped(row)) {
                    order.amend_asked = None;
                    self.times.push((order.level.0, times(asked, taken, row.at)));
                }
            }
            _ => {}
        }
    }

    /// What stood, and how long requests took.
    pub fn finish(mut self) -> (Shown, Vec<(InstrumentId, OrderTimes)>) {
        let mut changes: BTreeMap<Level, Vec<(Nanos, i64)>> = BTreeMap::new();
        for order in self.orders.into_values() {
            let mut time = |asked: Nanos, answer: Answer| {
                if let Some(taken) = answer.taken {
                    self.times.push((order.level.0, times(asked, taken, answer.told)));
                }
            };
            if let Some(accepted) = order.accepted {
                time(order.asked, accepted);
            }
            if let (Some(asked), Some(ended)) = (order.cancel_asked, order.ended) {
                time(asked, ended);
            }
            order.stands(&mut changes);
        }
        let levels = changes.into_iter().map(|(level, changes)| (level, sums(changes))).collect();
        self.times.sort_by_key(|(_, times)| times.asked);
        (Shown { levels }, self.times)
    }
}

impl Order {
    /// By how many lots it changed what stood at a price, and when.
    fn stands(mut self, changes: &mut BTreeMap<Level, Vec<(Nanos, i64)>>) {
        let Some(accepted) = self.accepted else { return };
        let from = accepted.at();
        if let Some(ended) = self.ended {
            self.turns.push((ended.at(), Turn::Ended));
        }
        self.turns.sort_by_key(|turn| turn.0);
        let (mut level, mut leaves) = (self.level, self.qty);
        changes.entry(level).or_default().push((from, leaves));
        let mut filled = 0;
        for (at, turn) in self.turns {
            let before = (level, leaves);
            match turn {
                Turn::Filled(lots) => {
                    filled += lots;
                    leaves -= lots.min(leaves);
                }
                Turn::Amended(price, qty) => {
                    level.2 = price.unwrap_or(level.2);
                    leaves = (qty - filled).max(0);
                }
                Turn::Ended => leaves = 0,
            }
            let at = at.max(from);
            if level == before.0 {
                changes.entry(level).or_default().push((at, leaves - before.1));
            } else {
                changes.entry(before.0).or_default().push((at, -before.1));
                changes.entry(level).or_default().push((at, leaves));
            }
        }
    }
}

/// A venue's stamps are cut to whole milliseconds: what it says to have had before we asked, it had
/// at once.
fn times(asked: Nanos, taken: Nanos, told: Nanos) -> OrderTimes {
    let signed = |at: Nanos| i64::try_from(at.0).unwrap_or(i64::MAX);
    let taken = taken.max(asked);
    OrderTimes { asked: signed(asked), taken: signed(taken), told: signed(told.max(taken)) }
}

/// Changes as what stood from each on.
fn sums(mut changes: Vec<(Nanos, i64)>) -> Vec<(Nanos, i64)> {
    changes.sort_by_key(|change| change.0);
    let mut sum = 0;
    for change in &mut changes {
        sum += change.1;
        change.1 = sum;
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::event::{End, Fill, Reason};
    use engine::id::{AssetId, Side};
    use engine::intent::Tif;
    use engine::num::{Amount, Qty};

    const ID: InstrumentId = InstrumentId(0);

    fn place(orders: &mut Orders, ms: u64, order: u64, old: Option<u64>, price: i64) {
        let row = Event { at: Nanos::from_ms(ms), instrument: ID, ..Event::default() };
        let what = Sent::Place {
            order: OrderId(order),
            old: old.map(OrderId),
            side: Side::Buy,
            price: Price(price),
            qty: Qty(10),
            tif: Tif::PostOnly,
            until: None,
            is_entry: false,
        };
        orders.sent(&row, &what);
    }

    /// A report of `taken` ms that was read at `ms`.
    fn tell(orders: &mut Orders, (ms, taken): (u64, Option<u64>), body: Body) {
        let row = Event::new(Nanos::from_ms(ms), ID, 0, body);
        let delta = taken.map_or(0, |taken| (ms - taken) as i32 * 1_000);
        orders.told(&Event { venue_delta_us: delta, ..row });
    }

    fn fill(order: u64, trade: u64, qty: i64) -> Body {
        Body::Fill(Fill {
            order: OrderId(order),
            trade,
            side: Side::Buy,
            price: Price(100),
            qty: Qty(qty),
            fee: Amount::ZERO,
            fee_asset: AssetId(0),
            maker: true,
        })
    }

    fn scene() -> (Shown, Vec<(InstrumentId, OrderTimes)>) {
        let mut orders = Orders::default();
        place(&mut orders, 1_000, 1, None, 100);
        let accepted = |order| Body::Accepted { order: OrderId(order), venue_order: order };
        // The answer comes first, the stream with the venue's time after it.
        tell(&mut orders, (1_005, None), accepted(1));
        tell(&mut orders, (1_006, Some(1_003)), accepted(1));
        for _ in 0..2 {
            tell(&mut orders, (1_052, Some(1_050)), fill(1, 7, 4));
        }
        place(&mut orders, 1_100, 2, Some(1), 101);
        let (end, reason) = (End::Cancelled, Reason::None);
        let done = Body::Done { order: OrderId(1), end, reason, filled: None };
        tell(&mut orders, (1_104, Some(1_102)), done);
        tell(&mut orders, (1_104, Some(1_102)), accepted(2));
        orders.finish()
    }

    #[test]
    fn an_order_is_shown_from_its_arrival_to_its_end() {
        let (shown, _) = scene();
        let part = |price, displayed, ms| {
            let at = Nanos::from_ms(ms);
            shown.part((ID, Side::Buy.index(), Price(price)), displayed, at, (at, at))
        };
        let seen = [1_002, 1_003, 1_049, 1_050, 1_101, 1_102].map(|ms| part(100, 50, ms));
        assert_eq!(seen, [0, 10, 10, 6, 6, 0]);
        assert_eq!((part(101, 50, 1_101), part(101, 50, 1_102), part(102, 50, 1_102)), (0, 10, 0));
        assert_eq!(part(100, 3, 1_010), 3, "never more than is displayed");
    }

    #[test]
    fn what_is_ours_to_the_lot_is_ours_though_it_was_told_late() {
        let (shown, _) = scene();
        let level = (ID, Side::Buy.index(), Price(100));
        let span = (Nanos::from_ms(1_100), Nanos::from_ms(1_105));
        assert_eq!(shown.part(level, 6, span.1, span), 6);
        assert_eq!(shown.part(level, 7, span.1, span), 0, "others stand there now");
    }

    #[test]
    fn requests_take_as_long_as_the_first_word_of_them_says() {
        let (_, times) = scene();
        let ms = |ns: i64| ns / 1_000_000;
        let times = times.iter().map(|(_, one)| (ms(one.asked), ms(one.taken), ms(one.told)));
        let expected = [(1_000, 1_003, 1_005), (1_100, 1_102, 1_104), (1_100, 1_102, 1_104)];
        assert_eq!(times.collect::<Vec<_>>(), expected);
    }
}
