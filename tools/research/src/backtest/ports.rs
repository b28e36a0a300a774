//! The engine's doors in a backtest: rows of a tape by receipt, timers, and the simulated venues'
//! reports, each at its time.
//!
//! The venues are never ahead of anything that the engine could still send: they take rows up to
//! the next instant at which a request arrives, a report reaches us, or the engine gets a row or a
//! timer, and no further.

use super::journal::Keep;
use super::rows::{Failed, Moments, Rows};
use super::{Came, Resyncs};
use crate::tape::venue_at;
use engine::engine::Engine;
use engine::event::{Body, Event, Link, LinkState, kind};
use engine::id::{FeedId, InstrumentId};
use engine::intent::{Outgoing, Place};
use engine::ports::Ports;
use engine::strategy::Strategy;
use engine::time::{Nanos, Stage};
use venues::sim::SimVenues;

/// Between two timers lies so small a part of the silence at least.
const SILENCE_STEPS: u64 = 1_000;
/// Behind all rows.
const NEVER: Nanos = Nanos(u64::MAX);

/// How a run is paced, and how it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// The first instant: that of the first row received, or later.
    pub began: Nanos,
    /// Between two timers.
    pub timer_every: Nanos,
    /// How long after the engine asked for it a snapshot of a book reaches it.
    pub resync_after: Nanos,
    /// Number of the session, for client order ids and the start row.
    pub epoch: u32,
    /// Of the configuration, for the start row.
    pub config_hash: u64,
    /// How many feeds the instruments have.
    pub feeds: usize,
    /// How many instruments there are.
    pub instruments: usize,
}

/// A batch of rows and how far it is used.
#[derive(Debug)]
struct Cursor<R> {
    rows: R,
    place: usize,
}

impl<R: Moments> Cursor<R> {
    const fn new(rows: R) -> Self {
        Self { rows, place: 0 }
    }

    /// When the next row is; [`NEVER`] at the end.
    #[inline]
    fn at(&self) -> Nanos {
        self.rows.moment(self.place).map_or(NEVER, |(at, _)| at)
    }

    /// Has a row at hand unless there is none.
    #[inline]
    fn fill(&mut self) -> Result<(), Failed> {
        if self.rows.moment(self.place).is_some() {
            return Ok(());
        }
        self.place = 0;
        self.rows.turn().map(|_| ())
    }
}

/// Doors of an engine on a tape.
#[derive(Debug)]
pub struct TapePorts<R, V, K> {
    received: Cursor<R>,
    happened: Cursor<V>,
    venues: SimVenues,
    keep: K,
    rhythm: Rhythm,
    now: Nanos,
    /// Rows of the batch at hand up to here are of this instant.
    run: usize,
    timer_at: Nanos,
    timers: u64,
    /// When the market was last heard of.
    heard_at: Nanos,
    /// The next event, where it is no row of the run.
    head: Option<Event>,
    /// What comes before everything else, the last one first.
    begin: Vec<Event>,
    resyncs: Resyncs,
    came: Came,
    /// Orders that left and were not told of.
    orders: Vec<(Nanos, Place)>,
}

impl<R: Rows, V: Moments, K: Keep> TapePorts<R, V, K> {
    /// Doors to these rows: as they were received, and as they happened.
    pub fn new(
        (received, happened): (R, V),
        (venues, keep): (SimVenues, K),
        rhythm: Rhythm,
    ) -> Self {
        let began = rhythm.began;
        let up = Body::Link { link: Link::Market, state: LinkState::Up };
        let feed = |id: usize| FeedId(u8::try_from(id).unwrap_or(u8::MAX));
        let link = |id| Event::new(began, InstrumentId(u16::from(feed(id).0)), 0, up);
        let start = Body::Start { epoch: rhythm.epoch, config_hash: rhythm.config_hash };
        let mut begin: Vec<Event> = (0..rhythm.feeds).rev().map(link).collect();
        begin.push(Event::new(began, InstrumentId(0), u64::from(rhythm.epoch), start));
        Self {
            received: Cursor::new(received),
            happened: Cursor::new(happened),
            venues,
            keep,
            now: began,
            run: 0,
            timer_at: began.after(rhythm.timer_every),
            timers: 0,
            heard_at: began,
            head: None,
            begin,
            resyncs: Resyncs::new(rhythm.instruments),
            came: Came { began, ended: began, ..Came::default() },
            orders: Vec::new(),
            rhythm,
        }
    }

    /// The pace.
    pub const fn rhythm(&self) -> &Rhythm {
        &self.rhythm
    }

    /// What happened so far.
    pub fn came(&self) -> Came {
        Came { ended: self.now, ..self.came }
    }

    /// The venues.
    pub const fn venues(&self) -> &SimVenues {
        &self.venues
    }

    /// The venues and the journal, at the end.
    pub fn into_parts(self) -> (SimVenues, K) {
        (self.venues, self.keep)
    }

    /// Whether any order left since they were asked for.
    pub(super) const fn has_orders(&self) -> bool {
        !self.orders.is_empty()
    }

    /// Orders that left since they were asked for.
    pub(super) fn orders(&mut self) -> std::vec::Drain<'_, (Nanos, Place)> {
        self.orders.drain(..)
    }

    /// Whether all went well.
    pub(super) fn check(&self) -> Result<(), Failed> {
        self.keep.failed().map_or(Ok(()), Err)
    }

    /// Has the next report, timer or run of rows at hand; its first event, as it is to be stamped.
    /// None at the end.
    #[inline]
    pub(super) fn prepare(&mut self) -> Result<Option<Event>, Failed> {
        let found = self.seek()?;
        let stamped = found.map(|event| Event { at: self.now, ..event });
        if self.run == 0 {
            self.head = found;
        }
        Ok(stamped)
    }

    /// When something arrives at a venue, or a report reaches us.
    #[inline]
    fn due(&self) -> Nanos {
        self.venues.next_at().unwrap_or(NEVER)
    }

    /// Brings the venues up to an instant, or to the one before it at which something arrives: that
    /// instant.
    #[inline]
    fn bring(&mut self, until: Nanos) -> Result<Nanos, Failed> {
        let mut limit = until.min(self.due());
        loop {
            let from = self.happened.place;
            let mut place = from;
            loop {
                let rows = &self.happened.rows;
                let ahead = |more: usize| rows.moment(place + more).filter(|row| row.0 <= limit);
                let (levels, changed) = self.venues.on_levels(ahead);
                place += levels;
                if changed && let Some((at, _)) = rows.moment(place - 1) {
                    limit = limit.min(self.venues.next_at().unwrap_or(NEVER).max(at));
                }
                let Some((at, row)) = rows.moment(place).filter(|row| row.0 <= limit) else {
                    break;
                };
                place += 1;
                if self.venues.on_row(at, row) {
                    limit = limit.min(self.venues.next_at().unwrap_or(NEVER).max(at));
                }
            }
            self.happened.place = place;
            self.came.venue_events += (place - from) as u64;
            self.happened.fill()?;
            if self.happened.at() > limit {
                break;
            }
        }
        Ok(limit)
    }

    /// The next event, or the first row of the next run.
    fn seek(&mut self) -> Result<Option<Event>, Failed> {
        if let Some(event) = self.begin.pop() {
            return Ok(Some(event));
        }
        loop {
            if let Some(row) = self.resyncs.row(self.now) {
                return Ok(Some(row));
            }
            if let Some(report) = self.venues.poll(self.now) {
                self.came.reports += 1;
                return Ok(Some(report));
            }
            self.received.fill()?;
            let market = self.received.at();
            if market == NEVER {
                return Ok(None);
            }
            let next = market.min(self.timer_at).min(self.resyncs.next_at());
            let reached = self.bring(next)?;
            self.now = self.now.max(reached);
            if reached < next {
                continue;
            }
            if market == next {
                return Ok(Some(self.begin_run(market)));
            }
            if self.resyncs.next_at() == next {
                self.resyncs.take(next, &self.venues);
            } else if let Some(report) = self.venues.poll(self.now) {
                self.came.reports += 1;
                return Ok(Some(report));
            } else {
                return Ok(Some(self.timer()));
            }
        }
    }

    /// The market's rows of this instant are next; the first of them.
    #[inline]
    fn begin_run(&mut self, at: Nanos) -> Event {
        let rows = &self.received.rows.rows()[self.received.place..];
        let end = rows.iter().position(|row| row.at != at).unwrap_or(rows.len());
        self.heard_at = at;
        self.timer_at = self.timer_at.min(at.after(self.rhythm.timer_every));
        self.run = self.received.place + end;
        rows[0]
    }

    /// The next row of the instant at hand, those that a newer snapshot has overtaken left out.
    #[inline]
    fn row(&mut self) -> Option<Event> {
        while self.received.place < self.run {
            let place = self.received.place;
            self.received.place += 1;
            self.came.events += 1;
            let row = self.received.rows.rows().get(place)?;
            if !self.resyncs.any_stale() || !self.resyncs.is_stale(row) {
                return Some(*row);
            }
        }
        self.run = 0;
        None
    }

    /// Gives the engine the rows of the instant at hand that are in the midst of a message at once.
    #[inline]
    pub(super) fn take_inner<S: Strategy>(&mut self, engine: &mut Engine<S>) {
        let rows = self.received.rows.rows().get(self.received.place..self.run);
        let rows = rows.filter(|_| !self.resyncs.any_stale()).unwrap_or_default();
        let Some(first) = rows.first() else { return };
        let is_more = |row: &&Event| row.is_inner() && row.instrument == first.instrument;
        let rows = &rows[..rows.iter().take_while(is_more).count()];
        let (read_at, at) = (first.at, self.now.max(engine.now()));
        let recv_delta_ns = u32::try_from(at.since(read_at).0).unwrap_or(u32::MAX);
        for row in rows {
            self.keep.event(&Event { at, recv_delta_ns, ..*row });
        }
        engine.observe_inner(rows, (read_at, at));
        self.received.place += rows.len();
        self.came.events += rows.len() as u64;
    }

    /// In a long silence of the market they come more and more seldom: days of it are soon over.
    fn timer(&mut self) -> Event {
        let at = self.timer_at;
        let seldom = Nanos(at.since(self.heard_at).0 / SILENCE_STEPS);
        self.timer_at = at.after(self.rhythm.timer_every.max(seldom));
        self.timers += 1;
        Event::new(at, InstrumentId(0), self.timers, Body::Timer)
    }
}

impl<R: Rows, V: Moments, K: Keep> Ports for TapePorts<R, V, K> {
    #[inline]
    fn now(&mut self) -> Nanos {
        self.now
    }

    #[inline]
    fn next(&mut self) -> Option<Event> {
        if self.run == 0 {
            return self.head.take();
        }
        self.row()
    }

    #[inline]
    fn record(&mut self, event: &Event) {
        self.keep.event(event);
        self.came.fills += u64::from(event.kind == kind::FILL);
    }

    #[inline]
    fn send(&mut self, item: Outgoing) {
        self.came.sent += 1;
        self.keep.item(&item);
        match item {
            Outgoing::Place(approved) => {
                self.orders.push((self.now, *approved.intent().place()));
                self.venues.place(self.now, approved);
            }
            Outgoing::Reduce(reduce) => self.venues.reduce(self.now, reduce),
            Outgoing::Resync(id) => self.resyncs.ask(id, self.now.after(self.rhythm.resync_after)),
        }
    }

    #[inline]
    fn mark(&mut self, _: Stage) {}
}

/// Whether a row happened at its venue no later than this.
pub(super) fn is_no_newer(row: &Event, than: Nanos) -> bool {
    venue_at(row) <= than
}
