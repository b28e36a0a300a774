//! What the gateway remembers of orders: their names by the venue's ids, and when places were sent.

use engine::id::{ClientId, InstrumentId, OrderId};
use engine::time::Nanos;

const WAYS: usize = 4;
const SETS: usize = 4_096;

#[derive(Clone, Copy, Default)]
struct Name {
    venue_order: u64,
    client: Option<ClientId>,
    instrument: InstrumentId,
    learnt: u32,
    /// The private stream told its end.
    ended: bool,
}

/// Names of orders by the venue's ids: a bounded table in which the longest known gives way. One
/// that is no longer here is asked for.
pub(crate) struct Known {
    names: Vec<[Name; WAYS]>,
    count: u32,
}

impl core::fmt::Debug for Known {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Known({})", self.count)
    }
}

impl Known {
    pub fn new() -> Self {
        Self { names: vec![[Name::default(); WAYS]; SETS], count: 0 }
    }

    #[inline]
    fn set(instrument: InstrumentId, venue_order: u64) -> usize {
        (venue_order as usize).wrapping_add(instrument.index() * 257) & (SETS - 1)
    }

    /// The order's name: `Some(None)` for one that is known not to be of our form.
    #[inline]
    pub fn name(&self, instrument: InstrumentId, venue_order: u64) -> Option<Option<ClientId>> {
        let set = &self.names[Self::set(instrument, venue_order)];
        let same = |name: &&Name| {
            name.learnt != 0 && name.venue_order == venue_order && name.instrument == instrument
        };
        set.iter().find(same).map(|name| name.client)
    }

    /// The order's end was told.
    #[inline]
    pub fn ended(&mut self, instrument: InstrumentId, venue_order: u64) {
        let set = &mut self.names[Self::set(instrument, venue_order)];
        for name in set {
            name.ended |= name.venue_order == venue_order && name.instrument == instrument;
        }
    }

    /// Whether its end was told: an answer that says it stands is older than that.
    #[inline]
    pub fn has_ended(&self, instrument: InstrumentId, venue_order: u64) -> bool {
        self.names[Self::set(instrument, venue_order)].iter().any(|name| {
            name.ended && name.venue_order == venue_order && name.instrument == instrument
        })
    }

    /// Remembers a name. The first one stays: the venue may rename an order that is cancelled.
    #[inline]
    pub fn learn(&mut self, instrument: InstrumentId, venue_order: u64, client: Option<ClientId>) {
        if venue_order == 0 || self.name(instrument, venue_order).is_some() {
            return;
        }
        self.count = self.count.wrapping_add(1).max(1);
        let set = &mut self.names[Self::set(instrument, venue_order)];
        let count = self.count;
        if let Some(oldest) = set.iter_mut().min_by_key(|name| name.learnt) {
            let ended = false;
            *oldest = Name { venue_order, client, instrument, learnt: count, ended };
        }
    }
}

const SENT: usize = 4_096;

/// When the newest places of this session were sent.
pub(crate) struct SentPlaces {
    places: Vec<(OrderId, Nanos)>,
    started_at: Option<Nanos>,
}

impl core::fmt::Debug for SentPlaces {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SentPlaces")
    }
}

impl SentPlaces {
    pub fn new() -> Self {
        Self { places: vec![(OrderId(0), Nanos::ZERO); SENT], started_at: None }
    }

    /// The gateway runs at this time; the first call counts as its start.
    pub fn running(&mut self, now: Nanos) {
        self.started_at.get_or_insert(now);
    }

    /// A place of this order is sent.
    #[inline]
    pub fn sent(&mut self, order: OrderId, now: Nanos) {
        self.places[order.counter() as usize % SENT] = (order, now);
    }

    /// The latest time at which a place of this order can have been sent. Of an earlier session
    /// that is our start, of one that is no longer remembered the oldest that is.
    pub fn latest(&self, order: OrderId) -> Nanos {
        let started_at = self.started_at.unwrap_or(Nanos::ZERO);
        let (known, at) = self.places[order.counter() as usize % SENT];
        if known == order || known.epoch() == order.epoch() && known.counter() > order.counter() {
            return at;
        }
        started_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_name_gives_way_and_the_first_one_stays() {
        let mut known = Known::new();
        let name = |n| Some(ClientId { order: OrderId::new(1, n), cause: 0 });
        for n in 0..5 {
            known.learn(InstrumentId(0), 7 + u64::from(n) * SETS as u64, name(n));
        }
        assert_eq!(known.name(InstrumentId(0), 7), None, "the fifth of its set pushed it out");
        for n in 1..5 {
            assert_eq!(known.name(InstrumentId(0), 7 + u64::from(n) * SETS as u64), Some(name(n)));
        }
        known.learn(InstrumentId(0), 7 + SETS as u64, None);
        assert_eq!(known.name(InstrumentId(0), 7 + SETS as u64), Some(name(1)));
        assert_eq!(known.name(InstrumentId(1), 7 + SETS as u64), None);
    }

    #[test]
    fn a_place_is_never_thought_older_than_it_is() {
        let mut sent = SentPlaces::new();
        sent.running(Nanos(50));
        let order = OrderId::new(9, 3);
        assert_eq!(sent.latest(order), Nanos(50));
        sent.sent(order, Nanos(70));
        sent.running(Nanos(80));
        assert_eq!(sent.latest(order), Nanos(70));
        sent.sent(OrderId::new(9, 3 + SENT as u32), Nanos(90));
        assert_eq!(sent.latest(order), Nanos(90), "pushed out by a later one: at most as late");
        assert_eq!(sent.latest(OrderId::new(8, 3)), Nanos(50));
    }
}
