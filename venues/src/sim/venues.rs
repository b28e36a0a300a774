//! Several simulated venues at once, each with its own account and settings: what stands in the
//! place of all gateways.

use super::rules::RuleCounts;
use super::venue::{Opening, SimVenue};
use engine::event::Event;
use engine::id::{InstrumentId, VenueId};
use engine::instrument::Instrument;
use engine::intent::{Approved, Outgoing, Reduce};
use engine::time::Nanos;

/// Never.
const NEVER: Nanos = Nanos(u64::MAX);

/// Simulated venues by their numbers.
#[derive(Debug)]
pub struct SimVenues {
    venues: Vec<SimVenue>,
    /// When each has something to tell or to do.
    nexts: Vec<Nanos>,
    next: Nanos,
    /// The venue of each instrument.
    homes: Vec<usize>,
    /// Requests for a venue that is not here.
    astray: u64,
}

impl SimVenues {
    /// Opens venues; each gets the instruments that name it.
    pub fn new(now: Nanos, instruments: &[Instrument], openings: Vec<Opening>) -> Self {
        let last = instruments.iter().map(|one| one.id.index() + 1).max().unwrap_or(0);
        let mut homes = vec![usize::MAX; last];
        let mut venues = Vec::new();
        for (place, opening) in openings.into_iter().enumerate() {
            let number = opening.settings.venue;
            let of_it = instruments.iter().filter(|one| one.venue == number);
            let own: Vec<Instrument> = of_it.copied().collect();
            own.iter().for_each(|one| homes[one.id.index()] = place);
            venues.push(SimVenue::open(now, &own, opening));
        }
        let nexts = vec![NEVER; venues.len()];
        let mut all = Self { venues, nexts, next: NEVER, homes, astray: 0 };
        (0..all.venues.len()).for_each(|place| all.note(place));
        all
    }

    /// Takes a row of the market at its own time.
    #[inline]
    pub fn on_event(&mut self, event: &Event) {
        self.on_row(event.at, event);
    }

    /// Takes a row of the market that its venue had at `at`, whenever the engine gets it. Rows of
    /// all venues come in the order of these times. False when [`SimVenues::next_at`] is what it
    /// was.
    #[inline]
    pub fn on_row(&mut self, at: Nanos, row: &Event) -> bool {
        let Some(venue) = self.homes.get(row.instrument.index()).copied() else { return false };
        let Some(sim) = self.venues.get_mut(venue) else { return false };
        sim.on_row(at, row) && self.renote(venue)
    }

    /// Takes levels of one book as long as they follow on each other: how many, and whether
    /// [`SimVenues::next_at`] is another now. What stops it is for [`SimVenues::on_row`].
    #[inline]
    pub fn on_levels<'a>(
        &mut self,
        rows: impl Fn(usize) -> Option<(Nanos, &'a Event)>,
    ) -> (usize, bool) {
        let first = rows(0).and_then(|(_, row)| self.homes.get(row.instrument.index()).copied());
        let Some(venue) = first else { return (0, false) };
        let Some(sim) = self.venues.get_mut(venue) else { return (0, false) };
        let (taken, may_change) = sim.on_levels(rows);
        (taken, may_change && self.renote(venue))
    }

    /// Looks when a venue is due; whether it is another time than before.
    fn renote(&mut self, venue: usize) -> bool {
        let next = self.venues[venue].next_at().unwrap_or(NEVER);
        let changed = next != self.nexts[venue];
        if changed {
            self.note(venue);
        }
        changed
    }

    /// Takes what the engine sends to venues; gives back what is for the feed.
    pub fn take(&mut self, now: Nanos, item: Outgoing) -> Option<InstrumentId> {
        match item {
            Outgoing::Place(approved) => self.place(now, approved),
            Outgoing::Reduce(reduce) => self.reduce(now, reduce),
            Outgoing::Resync(instrument) => return Some(instrument),
        }
        None
    }

    /// See [`SimVenue::place`].
    pub fn place(&mut self, now: Nanos, approved: Approved) {
        let home = self.home(approved.intent().place().instrument);
        if let Some(venue) = home {
            self.venues[venue].place(now, approved);
            self.note(venue);
        }
    }

    /// See [`SimVenue::reduce`].
    pub fn reduce(&mut self, now: Nanos, reduce: Reduce) {
        let home = match reduce {
            Reduce::Cancel(order) | Reduce::Query(order) | Reduce::Amend { order, .. } => {
                self.home(order.instrument)
            }
            Reduce::CancelAll(instrument) => self.home(instrument),
            Reduce::Reconcile(venue) | Reduce::Renew(venue) => self.number(venue),
        };
        if let Some(venue) = home {
            self.venues[venue].reduce(now, reduce);
            self.note(venue);
        }
    }

    /// The next row that has reached us by now: the earliest, of several at once that of the first
    /// venue.
    #[inline]
    pub fn poll(&mut self, now: Nanos) -> Option<Event> {
        while self.next <= now {
            let venue = self.nexts.iter().position(|next| *next == self.next)?;
            let row = self.venues[venue].poll(self.next);
            self.note(venue);
            if row.is_some() {
                return row;
            }
        }
        None
    }

    /// When one of them has something to tell or to do next.
    #[inline]
    pub fn next_at(&self) -> Option<Nanos> {
        (self.next < NEVER).then_some(self.next)
    }

    /// The venues, in the order in which they were opened.
    pub fn venues(&self) -> &[SimVenue] {
        &self.venues
    }

    /// The venue of an instrument.
    pub fn of(&self, instrument: InstrumentId) -> Option<&SimVenue> {
        self.venues.get(*self.homes.get(instrument.index())?)
    }

    /// Fills that could not be told of and did not happen, of all venues.
    pub fn fills_missed(&self) -> u64 {
        self.venues.iter().map(SimVenue::fills_missed).sum()
    }

    /// Rows that found no room, and requests for venues that are not here.
    pub fn rows_dropped(&self) -> u64 {
        self.venues.iter().map(SimVenue::rows_dropped).sum::<u64>() + self.astray
    }

    /// How often their rules changed what the compared backtester would have done.
    pub fn counts(&self) -> RuleCounts {
        let none = RuleCounts::default();
        self.venues.iter().fold(none, |sum, venue| sum.with(&venue.counts()))
    }

    fn home(&mut self, instrument: InstrumentId) -> Option<usize> {
        let home = self.homes.get(instrument.index()).copied();
        let home = home.filter(|home| *home < self.venues.len());
        self.astray += u64::from(home.is_none());
        home
    }

    fn number(&mut self, venue: VenueId) -> Option<usize> {
        let found = self.venues.iter().position(|one| one.number() == venue);
        self.astray += u64::from(found.is_none());
        found
    }

    fn note(&mut self, venue: usize) {
        self.nexts[venue] = self.venues[venue].next_at().unwrap_or(NEVER);
        self.next = self.nexts.iter().copied().min().unwrap_or(NEVER);
    }
}
