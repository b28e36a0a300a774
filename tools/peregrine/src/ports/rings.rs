//! The engine's ends of its rings: one market ring a feed, one pair of rings a venue.
//!
//! Feeds take turns, a whole message each, so that none waits for the burst of another; and none
//! gives more rows in a turn of the engine than it is allowed.

use super::MarketRing;
use engine::event::Event;
use engine::id::{FeedId, InstrumentId, VenueId};
use engine::instrument::Instrument;
use engine::intent::{Outgoing, Reduce};

/// The rings of all feeds and venues.
#[derive(Debug)]
pub struct RingEnds {
    /// Market rows, by feed.
    pub markets: Vec<MarketRing>,
    /// Reports, by venue.
    pub reports: Vec<rtrb::Consumer<Event>>,
    /// Requests, by venue.
    pub requests: Vec<rtrb::Producer<Outgoing>>,
    /// Wishes for a snapshot, by feed.
    pub resyncs: Vec<rtrb::Producer<InstrumentId>>,
    /// By instrument: its venue and its feed.
    places: Vec<(VenueId, FeedId)>,
    /// Rows that each feed may still give in this turn.
    left: Vec<u32>,
    rows_a_turn: u32,
    /// Which feed is next.
    at: usize,
    /// Which venue's reports are next.
    report_at: usize,
}

/// Which ring had no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Requests to a gateway.
    Requests,
    /// Wishes for snapshots.
    Resyncs,
}

impl RingEnds {
    /// The ends of rings by feed and by venue. A feed gives at most `rows_a_turn` rows a turn.
    pub fn new(
        (markets, resyncs): (Vec<MarketRing>, Vec<rtrb::Producer<InstrumentId>>),
        (reports, requests): (Vec<rtrb::Consumer<Event>>, Vec<rtrb::Producer<Outgoing>>),
        instruments: &[Instrument],
        rows_a_turn: u32,
    ) -> Self {
        Self {
            left: vec![rows_a_turn; markets.len()],
            places: instruments.iter().map(|one| (one.venue, one.feed)).collect(),
            markets,
            reports,
            requests,
            resyncs,
            rows_a_turn,
            at: 0,
            report_at: 0,
        }
    }

    /// What each feed may give in a turn is full again.
    #[inline]
    pub fn turn(&mut self) {
        self.left.fill(self.rows_a_turn);
    }

    /// The next report of any venue, by turns.
    #[inline]
    pub fn report(&mut self) -> Option<Event> {
        for _ in 0..self.reports.len() {
            let at = self.report_at;
            if let Ok(event) = self.reports[at].pop() {
                return Some(event);
            }
            self.report_at = if at + 1 >= self.reports.len() { 0 } else { at + 1 };
        }
        None
    }

    /// The next market row: of the same feed while its message goes on, then of the next one.
    #[inline]
    pub fn market(&mut self) -> Option<Event> {
        for _ in 0..self.markets.len() {
            let at = self.at;
            if self.left[at] > 0
                && let Some(event) = self.markets[at].pop()
            {
                self.left[at] -= 1;
                if !event.is_inner() {
                    self.pass();
                }
                return Some(event);
            }
            self.pass();
        }
        None
    }

    #[inline]
    fn pass(&mut self) {
        self.at = if self.at + 1 >= self.markets.len() { 0 } else { self.at + 1 };
    }

    /// Into the ring of whom it is for; which ring had no room.
    #[inline]
    pub fn hand_on(&mut self, item: Outgoing) -> Result<(), Full> {
        let instrument = match &item {
            Outgoing::Place(approved) => approved.intent().place().instrument,
            Outgoing::Reduce(Reduce::Cancel(order) | Reduce::Query(order)) => order.instrument,
            Outgoing::Reduce(Reduce::Amend { order, .. }) => order.instrument,
            Outgoing::Reduce(Reduce::CancelAll(instrument)) => *instrument,
            Outgoing::Reduce(Reduce::Reconcile(venue) | Reduce::Renew(venue)) => {
                return self.request(*venue, item);
            }
            Outgoing::Resync(instrument) => {
                let feed = self.places.get(instrument.index()).map_or(0, |place| place.1.index());
                let ring = self.resyncs.get_mut(feed).ok_or(Full::Resyncs)?;
                return ring.push(*instrument).map_err(|_| Full::Resyncs);
            }
        };
        let venue = self.places.get(instrument.index()).map_or(VenueId(0), |place| place.0);
        self.request(venue, item)
    }

    #[inline]
    fn request(&mut self, venue: VenueId, item: Outgoing) -> Result<(), Full> {
        let ring = self.requests.get_mut(venue.index()).ok_or(Full::Requests)?;
        ring.push(item).map_err(|_| Full::Requests)
    }

    /// Best prices that were left out because newer ones already waited.
    pub fn conflated(&self) -> u64 {
        self.markets.iter().map(MarketRing::conflated).sum()
    }

    /// Whether a feed is gone.
    pub fn market_is_abandoned(&self) -> bool {
        self.markets.iter().any(MarketRing::is_abandoned)
    }

    /// Whether a gateway is gone.
    pub fn orders_are_abandoned(&self) -> bool {
        self.requests.iter().any(rtrb::Producer::is_abandoned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::event::{flag, kind};
    use rtrb::RingBuffer;

    fn row(feed: u64, number: u64, last: bool) -> Event {
        let flags = if last { flag::LAST } else { 0 };
        Event { id: feed * 100 + number, kind: kind::LEVEL, flags, ..Event::default() }
    }

    fn ends(rows: &[&[bool]], rows_a_turn: u32) -> RingEnds {
        let (mut markets, mut resyncs) = (Vec::new(), Vec::new());
        for (feed, lasts) in rows.iter().enumerate() {
            let (mut ring, market) = RingBuffer::new(64);
            for (number, last) in lasts.iter().enumerate() {
                ring.push(row(feed as u64, number as u64, *last)).unwrap();
            }
            markets.push(MarketRing::new(market, 0));
            resyncs.push(RingBuffer::new(4).0);
        }
        RingEnds::new((markets, resyncs), (Vec::new(), Vec::new()), &[], rows_a_turn)
    }

    fn ids(ends: &mut RingEnds) -> Vec<u64> {
        std::iter::from_fn(|| ends.market()).map(|event| event.id).collect()
    }

    #[test]
    fn feeds_take_turns_a_message_each() {
        let mut ends = ends(&[&[false, true, true], &[true, false, false, true]], 100);
        assert_eq!(ids(&mut ends), [0, 1, 100, 2, 101, 102, 103]);
    }

    #[test]
    fn a_burst_of_one_feed_gives_no_more_than_its_rows_a_turn() {
        let mut ends = ends(&[&[false; 10], &[true, true, true]], 4);
        assert_eq!(ids(&mut ends), [0, 1, 2, 3, 100, 101, 102]);
        ends.turn();
        assert_eq!(ids(&mut ends), [4, 5, 6, 7]);
    }
}
