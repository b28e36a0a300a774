//! A session over recorded streams that writes a journal as the live engine does: levels, best
//! prices and trades as they came, the simulated venue answering its orders. No clock: the times of
//! its events are made up, about as dense as they were.

use crate::corpus;
use engine::desk::DeskSettings;
use engine::engine::{Engine, Settings, step};
use engine::event::{Body, Event, Link, LinkState};
use engine::id::{AssetId, InstrumentId};
use engine::instrument::Instrument;
use engine::intent::Outgoing;
use engine::num::{Amount, Notional, Qty};
use engine::ports::Ports;
use engine::reconcile::Tolerance;
use engine::risk::Limits;
use engine::state::{Digest, State as _};
use engine::time::{Nanos, Stage as Mark};
use feeds::binance::{Decoder, Flavour, Sizes};
use feeds::net::Payload;
use feeds::net::frame::SPARE;
use feeds::protocol::Message;
use shm::journal::{Drain, JournalWriter, Start, Sync, WriterSettings, begin, sent};
use std::path::Path;
use strategies::any::Any;
use strategies::avellaneda_stoikov::{AvellanedaStoikov, Parameters};
use venues::sim::{Latency, SimVenue, VenueSettings};

const BEGAN: Nanos = Nanos(1_723_161_255_000_000_000);
const TIMER_EVERY: Nanos = Nanos(10_000_000);

/// What ends a bench that cannot go on.
pub type Failed = Box<dyn std::error::Error>;

/// Messages of a recording as rows, one list a message, each with its receive time.
pub fn stream(name: &str, instrument: Instrument, flavour: Flavour) -> Vec<Vec<Event>> {
    let mut decoder = Decoder::new(flavour, &[instrument], Sizes::default());
    let messages = corpus::recording(name);
    let mut all = Vec::new();
    let (mut newest, mut at) = (0, BEGAN);
    let is_answer = |message: &&Vec<u8>| message.starts_with(b"{\"lastUpdateId\"");
    if let Some(answer) = messages.iter().find(is_answer)
        && let Ok(snapshot) = decoder.snapshot(0, &mut answer.clone(), at)
    {
        newest = snapshot.last;
        all.push(snapshot.rows.to_vec());
    }
    for message in messages.iter().filter(|message| !is_answer(message)) {
        // About as dense as it was: the recording's own times are not kept.
        at = at.after(Nanos(3_000_000));
        let mut bytes = message.clone();
        bytes.resize(message.len() + SPARE, 0);
        let Some(payload) = Payload::new(&mut bytes, message.len()) else { continue };
        match decoder.decode(payload, at, |_, _| true) {
            Ok(Message::Best(row) | Message::Trade(row)) => all.push(vec![row]),
            Ok(Message::Depth { head, rows, .. }) if head.last > newest => {
                all.push(rows.to_vec());
            }
            _ => {}
        }
    }
    all
}

/// Doors that write the journal.
pub struct Doors {
    /// The journal.
    pub writer: JournalWriter,
    /// Answers the orders; without one, answers are among the events.
    pub venue: Option<SimVenue>,
    /// Every event that was recorded, where they are wanted.
    pub seen: Option<Vec<Event>>,
    now: Nanos,
    next: Option<Event>,
    cause: u64,
    failed: bool,
}

impl Ports for Doors {
    fn now(&mut self) -> Nanos {
        self.now
    }
    fn next(&mut self) -> Option<Event> {
        self.next.take()
    }
    fn record(&mut self, event: &Event) {
        match self.writer.record(event) {
            Some(seq) => self.cause = seq,
            None => self.failed = true,
        }
        if let Some(venue) = &mut self.venue {
            venue.on_event(event);
        }
        if let Some(seen) = &mut self.seen {
            seen.push(*event);
        }
    }
    fn send(&mut self, item: Outgoing) {
        self.failed |= self.writer.sent(&sent::row(&item, self.cause, self.now, 0)).is_none();
        match (&mut self.venue, item) {
            (Some(venue), Outgoing::Place(approved)) => venue.place(self.now, approved),
            (Some(venue), Outgoing::Reduce(reduce)) => venue.reduce(self.now, reduce),
            _ => {}
        }
    }
    fn mark(&mut self, _: Mark) {}
}

fn engine(instrument: Instrument) -> Result<Engine<Any>, Failed> {
    let limits = Limits {
        collar_mid_ppm: 20_000,
        collar_trade_ppm: 30_000,
        order_qty_max: Qty(100_000),
        order_notional_max: Notional(10_000_000_000_000),
        position_max: Amount(1_000_000_000_000),
        open_orders_max: 64,
        gross_notional_max: Notional(i64::MAX / 2),
        orders_per_s: 100_000_000,
        orders_burst: 1_000_000,
        market_age_max: Nanos::from_s(10),
        daily_loss_max: Notional(i64::MAX / 2),
    };
    let tolerance =
        Tolerance { price_ticks: 0, excess_ppm: 0, shortage_ppm: 0, life_min: Nanos::ZERO };
    let parameters = Parameters { kappa_start: 0.5, sigma_start: 1.0, ..Parameters::default() };
    let desk = DeskSettings::alike(&[instrument.id], tolerance, limits);
    let strategy = Any::AvellanedaStoikov(AvellanedaStoikov::new(parameters, &instrument)?);
    Ok(Engine::new(vec![instrument], vec![(desk, strategy)], Settings::default()))
}

/// Where a session goes on from.
pub struct GoesOn {
    /// The journal.
    pub journal: u64,
    /// Place of its next row.
    pub first: u64,
    /// Number of the session.
    pub epoch: u32,
    /// The engine as the one before left it.
    pub old: Engine<Any>,
    /// How much later it is than at the beginning.
    pub shift: Nanos,
}

/// A session being recorded.
pub struct Session {
    /// The engine.
    pub engine: Engine<Any>,
    /// Its doors.
    pub doors: Doors,
    /// What moves rows to disk.
    pub drain: Drain,
    timer_at: Nanos,
    /// How much later than the recording it is, having gone through it before.
    pub shift: Nanos,
}

impl Session {
    /// One that begins in a folder, where the journal ends if there is one: with this engine, or a
    /// fresh one. Segments have so many rows.
    pub fn begin(
        folder: &Path,
        instrument: Instrument,
        (segment_rows, goes_on): (u64, Option<GoesOn>),
    ) -> Result<Self, Failed> {
        let mut engine = engine(instrument)?;
        let (journal, first, epoch, shift) = match goes_on {
            Some(GoesOn { journal, first, epoch, old, shift }) => {
                engine.carry(old, true)?;
                (Some(journal), first, epoch, shift)
            }
            None => (None, 0, 1, Nanos::ZERO),
        };
        let began = BEGAN.after(shift);
        let mut words: Vec<u64> = Vec::new();
        engine.save(&mut words);
        let start = Start {
            journal,
            config: 0,
            binary: 0,
            epoch,
            first,
            started_at: began,
            digest: Digest::of(&engine),
            words: &words,
        };
        let settings = WriterSettings {
            folder: folder.into(),
            pool_folder: folder.join("pool"),
            segment_rows,
            pool: 3,
            reserve_rows: 1_024,
            rotate_every: Nanos::from_s(1_000_000),
            sync: Sync::Off,
        };
        let (writer, drain) = begin(settings, &start)?;
        let big = Amount(1_000_000_000_000_000);
        let balances = [(AssetId(0), big), (AssetId(1), big)];
        let latency = Latency { entry: Nanos(2_000_000), response: Nanos(2_000_000) };
        let settings = VenueSettings {
            latency: latency.into(),
            fee_in_quote: true,
            ..VenueSettings::default()
        };
        let venue = SimVenue::new(began, &[instrument], &balances, settings);
        let (venue, seen) = (Some(venue), None);
        let doors = Doors { writer, venue, seen, now: began, next: None, cause: 0, failed: false };
        let timer_at = began;
        let mut session = Self { engine, doors, drain, timer_at, shift };
        let up = Body::Link { link: Link::Market, state: LinkState::Up };
        for (id, body) in [(1, Body::Start { epoch, config_hash: 0 }), (0, up)] {
            session.take(Event::new(began, InstrumentId(0), id, body))?;
        }
        Ok(session)
    }

    /// One event through the engine, into the journal.
    #[inline]
    pub fn take(&mut self, event: Event) -> Result<(), Failed> {
        self.doors.now = self.doors.now.max(event.at);
        self.doors.next = Some(event);
        step(&mut self.engine, &mut self.doors);
        if self.doors.failed {
            return Err("the journal has no room".into());
        }
        Ok(())
    }

    /// One message of the stream, and what the venue says meanwhile.
    pub fn message(&mut self, rows: &[Event]) -> Result<(), Failed> {
        let Some(first) = rows.first() else { return Ok(()) };
        let now = first.at.after(self.shift);
        while let Some(report) = self.doors.venue.as_mut().and_then(|venue| venue.poll(now)) {
            self.take(report)?;
        }
        if now >= self.timer_at {
            self.timer_at = now.after(TIMER_EVERY);
            self.take(Event::new(now, InstrumentId(0), 0, Body::Timer))?;
        }
        for row in rows {
            self.take(Event { at: now, ..*row })?;
        }
        while self.drain.work(now)? > 0 {}
        Ok(())
    }

    /// The stream begins anew behind this instant.
    pub fn again(&mut self) {
        self.shift = self.doors.now.since(BEGAN);
    }
}
