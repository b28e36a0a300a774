//! The engine's doors in a backtest: rows of a tape by receipt, timers, and the simulated venues'
//! reports, each at its time.
//!
//! The venues are never ahead of anything that the engine could still send: they take rows up to
//! the next instant at which a request arrives, a report reaches us, or the engine gets a row or a
//! timer, and no further.

use super::journal::Keep;
use super::rows::{Failed, Rows, moment_at_venue};
use super::world::World;
use super::{Came, Resyncs};
use engine::event::{Body, Event, Link, LinkState, kind};
use engine::id::{FeedId, InstrumentId};
use engine::intent::Outgoing;
use engine::ports::Ports;
use engine::time::{Nanos, Stage};
use std::collections::VecDeque;

/// Behind all rows.
const NEVER: Nanos = Nanos(u64::MAX);

/// How a run is paced, and how it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// The first instant: that of the first row received, or later.
    pub began: Nanos,
    /// Between two timers.
    pub timer_every: Nanos,
    /// Between two looks at how things stand.
    pub look_every: Nanos,
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

impl<R: Rows> Cursor<R> {
    const fn new(rows: R) -> Self {
        Self { rows, place: 0 }
    }

    /// When the next row is; [`NEVER`] at the end.
    #[inline]
    fn at(&self) -> Nanos {
        self.rows.rows().get(self.place).map_or(NEVER, |row| row.at)
    }

    /// Has a row at hand unless there is none.
    #[inline]
    fn fill(&mut self) -> Result<(), Failed> {
        if self.place < self.rows.rows().len() {
            return Ok(());
        }
        self.place = 0;
        self.rows.turn().map(|_| ())
    }
}

/// A fill as the venue had it, before we knew of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub at: Nanos,
    pub mid_twice: Option<i64>,
}

/// What the witness is to be told.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Fills, and funding, as they were told to the engine.
    pub events: Vec<Event>,
    /// Orders that left.
    pub sent: Vec<(Nanos, engine::intent::Place)>,
}

/// Doors of an engine on a tape.
#[derive(Debug)]
pub struct TapePorts<R, V, W, K> {
    received: Cursor<R>,
    happened: Cursor<V>,
    world: W,
    keep: K,
    rhythm: Rhythm,
    now: Nanos,
    /// Rows of the batch at hand up to here are of this instant.
    run: usize,
    timer_at: Nanos,
    timers: u64,
    pause_at: Nanos,
    paused: bool,
    /// What comes before everything else, the last one first.
    begin: Vec<Event>,
    resyncs: Resyncs,
    came: Came,
    fills: u64,
    moments: Vec<(u64, VecDeque<Moment>)>,
    pub(super) news: News,
    failed: Option<Failed>,
}

impl<R: Rows, V: Rows, W: World, K: Keep> TapePorts<R, V, W, K> {
    /// Doors to these rows: as they were received, and as they happened.
    pub fn new((received, happened): (R, V), (world, keep): (W, K), rhythm: Rhythm) -> Self {
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
            world,
            keep,
            now: began,
            run: 0,
            timer_at: began.after(rhythm.timer_every),
            timers: 0,
            pause_at: began.after(rhythm.look_every),
            paused: false,
            begin,
            resyncs: Resyncs::new(rhythm.instruments),
            came: Came { began, ended: began, ..Came::default() },
            fills: 0,
            moments: vec![(0, VecDeque::new()); rhythm.instruments],
            news: News::default(),
            failed: None,
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
    pub const fn world(&self) -> &W {
        &self.world
    }

    /// The venues and the journal, at the end.
    pub fn into_parts(self) -> (W, K) {
        (self.world, self.keep)
    }

    /// Makes no pauses for looks.
    pub(super) const fn never_pause(&mut self) {
        self.pause_at = NEVER;
    }

    /// The instant at which it waits for a look; none at the end of the tape.
    pub(super) fn paused_at(&self) -> Option<Nanos> {
        self.paused.then_some(self.pause_at)
    }

    /// Goes on to the next pause.
    pub(super) fn go_on(&mut self) {
        self.paused = false;
        self.pause_at = self.pause_at.after(self.rhythm.look_every);
    }

    /// Whether there is something to tell.
    #[inline]
    pub(super) fn has_news(&self) -> bool {
        !self.news.events.is_empty() || !self.news.sent.is_empty()
    }

    /// What is known of the oldest fill of an instrument that has not been told.
    pub(super) fn moment(&mut self, instrument: InstrumentId) -> Option<Moment> {
        self.moments.get_mut(instrument.index())?.1.pop_front()
    }

    /// Whether all went well.
    pub(super) fn check(&self) -> Result<(), Failed> {
        match self.failed.clone().or_else(|| self.keep.failed()) {
            None => Ok(()),
            Some(failed) => Err(failed),
        }
    }

    /// Brings the venues up to an instant, or to the one before it at which something arrives: that
    /// instant.
    #[inline]
    fn bring(&mut self, until: Nanos) -> Result<Nanos, Failed> {
        let mut limit = until.min(self.world.next_at());
        loop {
            let rows = self.happened.rows.rows();
            let from = self.happened.place;
            for row in &rows[from..] {
                if row.at > limit {
                    break;
                }
                self.world.market(row);
                self.happened.place += 1;
                limit = limit.min(self.world.next_at()).max(row.at);
                if self.world.fills() != self.fills {
                    break;
                }
            }
            self.came.venue_events += (self.happened.place - from) as u64;
            if self.world.fills() != self.fills {
                let at = self.happened.rows.rows()[self.happened.place - 1].at;
                self.remember(at);
                continue;
            }
            if self.happened.place < self.happened.rows.rows().len() {
                break;
            }
            self.happened.fill()?;
            if self.happened.at() > limit {
                break;
            }
        }
        self.world.advance(limit);
        if self.world.fills() != self.fills {
            self.remember(limit);
        }
        Ok(limit)
    }

    /// Keeps the mids of fills that happened just now.
    #[cold]
    fn remember(&mut self, at: Nanos) {
        self.fills = self.world.fills();
        for (place, (known, moments)) in self.moments.iter_mut().enumerate() {
            let id = InstrumentId(u16::try_from(place).unwrap_or(u16::MAX));
            let fills = self.world.fills_of(id);
            let mid_twice = self.world.mid_twice(id);
            while *known < fills {
                *known += 1;
                moments.push_back(Moment { at, mid_twice });
            }
        }
    }

    /// The next event, or that something cannot be read.
    fn seek(&mut self) -> Result<Option<Event>, Failed> {
        if let Some(event) = self.begin.pop() {
            return Ok(Some(event));
        }
        loop {
            if let Some(row) = self.resyncs.row(self.now) {
                return Ok(Some(row));
            }
            if let Some(report) = self.world.poll(self.now) {
                self.came.reports += 1;
                return Ok(Some(report));
            }
            self.received.fill()?;
            let market = self.received.at();
            if market == NEVER {
                return Ok(None);
            }
            let next = market.min(self.timer_at).min(self.resyncs.next_at());
            if next > self.pause_at {
                self.paused = true;
                return Ok(None);
            }
            let reached = self.bring(next)?;
            self.now = self.now.max(reached);
            if reached < next {
                continue;
            }
            if market == next {
                let rows = &self.received.rows.rows()[self.received.place..];
                let run = rows.partition_point(|row| row.at == market);
                self.run = self.received.place + run;
                return Ok(self.row());
            }
            if self.resyncs.next_at() == next {
                self.resyncs.take(next, &self.world);
                continue;
            }
            if let Some(report) = self.world.poll(self.now) {
                self.came.reports += 1;
                return Ok(Some(report));
            }
            return Ok(Some(self.timer()));
        }
    }

    /// The next row of the instant at hand, those that a newer snapshot has overtaken left out.
    fn row(&mut self) -> Option<Event> {
        while self.received.place < self.run {
            let row = self.received.rows.rows()[self.received.place];
            self.received.place += 1;
            self.came.events += 1;
            let late = self.resyncs.any_stale() && self.resyncs.is_stale(&row);
            if !late {
                return Some(row);
            }
        }
        self.run = 0;
        None
    }

    fn timer(&mut self) -> Event {
        let at = self.timer_at;
        self.timer_at = at.after(self.rhythm.timer_every);
        self.timers += 1;
        Event::new(at, InstrumentId(0), self.timers, Body::Timer)
    }
}

impl<R: Rows, V: Rows, W: World, K: Keep> Ports for TapePorts<R, V, W, K> {
    #[inline]
    fn now(&mut self) -> Nanos {
        self.now
    }

    #[inline]
    fn next(&mut self) -> Option<Event> {
        if self.received.place < self.run
            && let Some(row) = self.row()
        {
            return Some(row);
        }
        self.run = 0;
        match self.seek() {
            Ok(event) => event,
            Err(failed) => {
                self.failed = Some(failed);
                None
            }
        }
    }

    #[inline]
    fn record(&mut self, event: &Event) {
        self.keep.event(event);
        if event.kind == kind::FILL || event.kind == kind::FUNDING {
            self.came.fills += u64::from(event.kind == kind::FILL);
            self.news.events.push(*event);
        }
    }

    #[inline]
    fn send(&mut self, item: Outgoing) {
        self.came.sent += 1;
        self.keep.item(&item);
        match item {
            Outgoing::Place(approved) => {
                self.news.sent.push((self.now, *approved.intent().place()));
                self.world.place(self.now, approved);
            }
            Outgoing::Reduce(reduce) => self.world.reduce(self.now, reduce),
            Outgoing::Resync(id) => self.resyncs.ask(id, self.now.after(self.rhythm.resync_after)),
        }
    }

    #[inline]
    fn mark(&mut self, _: Stage) {}
}

/// Whether a row happened at its venue no later than this.
pub(super) fn is_no_newer(row: &Event, than: Nanos) -> bool {
    moment_at_venue(row) <= than
}
