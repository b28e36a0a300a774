//! Live ports: rings to the feed and the gateway, the command ring, the clock and the histograms.

use super::rings::{Full, RingEnds};
use super::{Keys, Recorder};
use crate::clock::TscClock;
use crate::latency::Probe;
use engine::event::{Body, Command, Event, flag, kind};
use engine::id::InstrumentId;
use engine::intent::Outgoing;
use engine::ports::Ports;
use engine::time::{Clock, Nanos, Stage, Trace};
use shm::{Answer, CommandReader, Kind, Received, Target, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Most reports of one turn.
const REPORTS_A_TURN: u32 = 64;

/// Parameters that a strategy may have.
const SETS_MAX: usize = 128;

/// The engine's doors while trading.
pub struct LivePorts {
    clock: TscClock,
    ends: RingEnds,
    commands: CommandReader,
    stop: Arc<AtomicBool>,
    stop_sent: bool,
    killed: bool,
    keys: Keys,
    /// What comes before everything else, the last one first.
    queued: Vec<Event>,
    /// What a promotion changes: ids and values of `Set`.
    sets: Vec<(u64, i64)>,
    probe: Probe,
    timer_every: Nanos,
    timer_at: Nanos,
    timers: u64,
    reports_left: u32,
    turn_at: Nanos,
    popped: Nanos,
    whole: bool,
    is_market: bool,
    stamp: Nanos,
    full: [u64; 2],
    sent: bool,
    recorder: Option<Recorder>,
}

impl LivePorts {
    /// Doors over these rings. `queued` are events to begin with, the last one first; `keys` gives
    /// the number of a strategy's parameter.
    pub fn new(
        clock: TscClock,
        ends: RingEnds,
        commands: CommandReader,
        stop: Arc<AtomicBool>,
        probe: Probe,
        start: (Vec<Event>, Keys),
    ) -> Self {
        let now = clock.now();
        let mut queued = start.0;
        queued.reserve(SETS_MAX);
        Self {
            clock,
            ends,
            commands,
            stop,
            stop_sent: false,
            killed: false,
            keys: start.1,
            queued,
            sets: Vec::with_capacity(SETS_MAX),
            probe,
            timer_every: Nanos::from_ms(10),
            timer_at: now,
            timers: 0,
            reports_left: 0,
            turn_at: now,
            popped: now,
            whole: true,
            is_market: false,
            stamp: now,
            full: [0; 2],
            sent: false,
            recorder: None,
        }
    }

    /// The same with this much time between timer events.
    #[must_use]
    pub const fn timed(mut self, timer: Nanos) -> Self {
        self.timer_every = timer;
        self
    }

    /// The same with everything written into a journal.
    #[must_use]
    pub fn recorded(mut self, recorder: Option<Recorder>) -> Self {
        self.recorder = recorder;
        self
    }

    /// A new turn at `now`: what one turn may take is full again, the next timer may be due, and
    /// what waited for the disk may leave. Whatever is taken in it is taken at this time, or when
    /// it was read, if that is later: the clock is read once for all of it, unless the turn is one
    /// whose stages are stamped.
    #[inline]
    pub fn turn(&mut self, now: Nanos) {
        self.turn_at = self.turn_at.max(now);
        while let Some(item) = self.recorder.as_mut().and_then(Recorder::release) {
            self.hand_on(item);
        }
        self.reports_left = REPORTS_A_TURN;
        self.ends.turn();
        self.probe.turn();
    }

    /// How often each ring to the outside was found full: requests, resyncs.
    pub const fn full(&self) -> [u64; 2] {
        self.full
    }

    /// Best prices that were left out because newer ones already waited.
    pub fn conflated(&self) -> u64 {
        self.ends.conflated()
    }

    /// The next event is no market row, whoever it comes from.
    pub const fn not_market(&mut self) {
        self.is_market = false;
        self.whole = true;
    }

    /// Whether rows wait that nothing may come between: a session's first, or a promotion's.
    #[inline]
    pub const fn has_queued(&self) -> bool {
        !self.queued.is_empty()
    }

    /// Whether anything was sent since this was last asked.
    #[inline]
    pub const fn take_sent(&mut self) -> bool {
        std::mem::replace(&mut self.sent, false)
    }

    /// The histograms, for agents that share this thread.
    pub const fn probe(&mut self) -> &mut Probe {
        &mut self.probe
    }

    /// The clock of this thread.
    pub const fn clock(&self) -> &TscClock {
        &self.clock
    }

    /// Whether a feed is gone.
    pub fn market_is_abandoned(&self) -> bool {
        self.ends.market_is_abandoned()
    }

    /// Whether a feed or a gateway is gone.
    pub fn is_abandoned(&self) -> bool {
        self.market_is_abandoned() || self.ends.orders_are_abandoned()
    }

    /// Writes an item into the journal, if there is one; false when it must not leave. How long it
    /// took is known of turns whose stages are stamped.
    #[inline]
    pub fn write_down(&mut self, item: &Outgoing) -> bool {
        let Some(recorder) = &mut self.recorder else { return true };
        let now = self.probe.sampled().then(|| self.clock.now());
        recorder.item(item, now)
    }

    /// Whether the journal could not take something: nothing may be done after it.
    pub fn journal_is_lost(&self) -> bool {
        self.recorder.as_ref().is_some_and(Recorder::is_lost)
    }

    /// From now on the journal takes nothing, as if it had no room.
    pub fn lose_journal(&mut self) {
        self.recorder.iter_mut().for_each(Recorder::lose);
    }

    /// Writes that the session ends in order.
    pub fn end_journal(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.end();
        }
    }

    /// Into the ring of whom it is for.
    #[inline]
    fn hand_on(&mut self, item: Outgoing) {
        self.sent = true;
        match self.ends.hand_on(item) {
            Ok(()) => {}
            Err(Full::Requests) => self.full[0] += 1,
            Err(Full::Resyncs) => self.full[1] += 1,
        }
    }

    #[cold]
    fn command(&mut self, received: Received) -> Option<Event> {
        let command = received.command?;
        let event = match command.shadow {
            Some(name) => {
                let found = self.keys.promote(name.as_str(), &mut self.sets);
                found.map(|()| self.promote())
            }
            None => self.event(&command).map(Some),
        };
        let (answer, event) = match event {
            Ok(event) => (Answer::Applied, event),
            Err(answer) => (answer, None),
        };
        self.commands.answer(received.sequence, answer);
        event
    }

    /// Queues the rows of a promotion; the first of them.
    fn promote(&mut self) -> Option<Event> {
        let (now, last) = (self.clock.now(), self.queued.len());
        while let Some((id, value)) = self.sets.pop() {
            let body = Body::Command { command: Command::Set, value };
            let event = Event::new(now, InstrumentId(0), id, body);
            let more = if self.queued.len() == last { 0 } else { flag::MORE };
            self.queued.push(event.with(more));
        }
        self.queued.pop()
    }

    /// The event that a command becomes, or why it cannot be obeyed.
    fn event(&mut self, command: &shm::Command) -> Result<Event, Answer> {
        let now = self.clock.now();
        if let (Some(hold), Target::Instrument(instrument)) = (command.hold, command.target) {
            let number = u64::from(hold.number);
            return Ok(Event::new(now, instrument, number, Body::Hold(hold)));
        }
        // The engine takes every command as a whole; half of it would not be what was asked for.
        if command.target != Target::All {
            return Err(Answer::NotSupported);
        }
        let (asked, key, value) = match command.kind {
            Kind::Set => {
                let (key, value) = self.parameter(command)?;
                self.keys.was_set(key, value);
                (Command::Set, key, value)
            }
            // Nothing but a restart leaves the kill switch.
            Kind::Resume | Kind::Flatten if self.killed => return Err(Answer::NotNow),
            Kind::Pause => (Command::Pause, 0, 0),
            Kind::Resume => (Command::Resume, 0, 0),
            Kind::CancelAll => (Command::CancelAll, 0, 0),
            Kind::Flatten => (Command::Flatten, 0, 0),
            Kind::Kill => (Command::Kill, 0, 0),
            Kind::Stop => (Command::Stop, 0, 0),
            Kind::Release => {
                let body = Body::Release { number: command.number };
                return Ok(Event::new(now, InstrumentId(0), 0, body));
            }
            Kind::Hold | Kind::Promote => return Err(Answer::Malformed),
        };
        self.killed |= asked == Command::Kill;
        let body = Body::Command { command: asked, value };
        Ok(Event::new(now, InstrumentId(0), key, body))
    }

    fn parameter(&self, command: &shm::Command) -> Result<(u64, i64), Answer> {
        let (key, value) = command.set.as_ref().ok_or(Answer::Malformed)?;
        let Value::Decimal(decimal) = value else { return Err(Answer::BadValue) };
        let missing = 9_u32.checked_sub(u32::from(decimal.decimals)).ok_or(Answer::BadValue)?;
        let value = decimal.value.checked_mul(10_i64.pow(missing)).ok_or(Answer::BadValue)?;
        Ok((self.keys.number(key, value)?, value))
    }

    #[inline]
    fn timer(&mut self) -> Option<Event> {
        let now = self.turn_at;
        if now < self.timer_at {
            return None;
        }
        self.timer_at = now.after(self.timer_every);
        self.timers += 1;
        if let Some(trouble) = self.recorder.as_mut().and_then(Recorder::new_trouble) {
            let full = Body::Command { command: Command::JournalFull, value: trouble as i64 };
            return Some(Event::new(now, InstrumentId(0), 0, full));
        }
        if self.stop.load(Ordering::Relaxed) && !self.stop_sent {
            self.stop_sent = true;
            let stop = Body::Command { command: Command::Stop, value: 0 };
            return Some(Event::new(now, InstrumentId(0), 0, stop));
        }
        if self.timers.is_multiple_of(8) {
            self.probe.rotate();
        }
        Some(Event::new(now, InstrumentId(0), self.timers, Body::Timer))
    }
}

impl Ports for LivePorts {
    #[inline]
    fn now(&mut self) -> Nanos {
        if self.whole && self.probe.sampled() {
            let now = self.clock.now();
            if self.is_market {
                let decode = self.probe.take_decode();
                self.probe.record(Stage::Ring, now.since(self.stamp.after(decode)));
            }
            self.popped = now;
            self.stamp = now;
        } else if self.whole {
            self.popped = self.turn_at.max(self.stamp);
        }
        self.popped
    }

    #[inline]
    fn next(&mut self) -> Option<Event> {
        self.is_market = false;
        self.whole = true;
        self.stamp = Nanos::ZERO;
        if let Some(event) = self.queued.pop() {
            return Some(event);
        }
        if let Some(received) = self.commands.poll()
            && let Some(event) = self.command(received)
        {
            return Some(event);
        }
        if self.reports_left > 0
            && let Some(event) = self.ends.report()
        {
            self.reports_left -= 1;
            self.stamp = event.at;
            return Some(event);
        }
        if let Some(event) = self.timer() {
            return Some(event);
        }
        let event = self.ends.market()?;
        self.is_market = true;
        self.probe.touch();
        // Rows within a message share the time of its first; the last one is stamped anew.
        self.whole = event.kind != kind::LEVEL || event.has(flag::LAST);
        self.stamp = Nanos(event.at.0 + u64::from(event.recv_delta_ns));
        Some(event)
    }

    #[inline]
    fn record(&mut self, event: &Event) {
        if let Some(recorder) = &mut self.recorder {
            recorder.event(event);
        }
    }

    #[inline]
    fn send(&mut self, item: Outgoing) {
        if !self.write_down(&item) {
            return;
        }
        match &mut self.recorder {
            Some(recorder) if recorder.holds() => {
                self.full[0] += u64::from(!recorder.hold(item));
            }
            _ => self.hand_on(item),
        }
    }

    #[inline]
    fn mark(&mut self, stage: Stage) {
        if !self.probe.sampled() || !self.is_market || !self.whole {
            return;
        }
        let now = self.clock.now();
        self.probe.record(stage, now.since(self.stamp));
        self.stamp = now;
    }
}
