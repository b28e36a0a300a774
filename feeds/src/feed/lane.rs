//! One instrument's way through the feed: its sequence, its marks, when each stream last spoke, and
//! when a snapshot may be asked for.

use super::FeedLimits;
use super::ahead::Ahead;
use super::links::PLACES;
use crate::net::Backoff;
use crate::sequence::Sequence;
use engine::id::InstrumentId;
use engine::time::Nanos;

/// A resync this long after the last one is a new trouble: it is asked for at once.
const QUIET: Nanos = Nanos::from_s(10);

/// A stream of an instrument, as an index.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    Best = 0,
    Depth = 1,
    Trade = 2,
}

/// One instrument.
#[derive(Debug)]
pub(super) struct Lane {
    pub sequence: Sequence,
    /// Update id of the newest best bid and ask.
    pub best: u64,
    /// Id of the newest trade.
    pub trade: u64,
    /// Trades that wait for those before them.
    pub ahead: Ahead,
    /// Whether the connection that is to take over is in step here.
    pub in_step: bool,
    /// The newest id that each connection has told, by stream.
    told: [[u64; 3]; PLACES],
    heard: [Nanos; 3],
    limits: [Nanos; 3],
    stale: bool,
    asked: bool,
    wanted: bool,
    ask_at: Nanos,
    not_before: Nanos,
    based_at: Nanos,
    backoff: Backoff,
}

impl Lane {
    pub fn new(instrument: InstrumentId, place: usize, limits: &FeedLimits) -> Self {
        Self {
            sequence: Sequence::new(instrument, limits.sequence),
            best: 0,
            trade: 0,
            ahead: Ahead::new(),
            in_step: false,
            told: [[0; 3]; PLACES],
            heard: [Nanos::ZERO; 3],
            limits: [limits.best_stale, limits.depth_stale, limits.trade_stale],
            stale: false,
            asked: false,
            wanted: false,
            ask_at: Nanos::ZERO,
            not_before: Nanos::ZERO,
            based_at: Nanos::ZERO,
            backoff: limits.snapshot(place),
        }
    }

    /// A new connection that does not follow on the old one.
    pub fn connected(&mut self, now: Nanos) {
        self.sequence.start();
        (self.best, self.trade) = (0, 0);
        self.heard = [now; 3];
        (self.stale, self.asked, self.wanted) = (false, false, false);
        self.ahead.clear();
    }

    /// A new connection at this place has told nothing yet.
    pub fn joined(&mut self, place: usize) {
        self.told[place] = [0; 3];
    }

    /// The connection at this place has told this id.
    #[inline]
    pub fn told(&mut self, place: usize, stream: Stream, id: u64) {
        self.told[place][stream as usize] = id;
    }

    /// The lowest of the newest ids that these connections have told: what follows it may still
    /// come. `u64::MAX` when there are none.
    #[inline]
    pub fn slowest(&self, stream: Stream, places: u32) -> u64 {
        let told = self.told.iter().enumerate();
        let some = told.filter(|(place, _)| places >> place & 1 != 0);
        some.map(|(_, told)| told[stream as usize]).min().unwrap_or(u64::MAX)
    }

    #[inline]
    pub fn heard(&mut self, stream: Stream, at: Nanos) {
        self.heard[stream as usize] = at;
    }

    /// Whether a stream just became stale.
    pub fn turns_stale(&mut self, now: Nanos) -> bool {
        let over =
            |(heard, limit): (&Nanos, &Nanos)| *limit != Nanos::ZERO && now.since(*heard) >= *limit;
        let stale = self.heard.iter().zip(&self.limits).any(over);
        let turns = stale && !self.stale;
        self.stale = stale;
        turns
    }

    /// Looks whether the book broke since the last look, and plans when to ask for it: at once, or
    /// later when it was whole only for a short time. True when it had been whole before.
    pub fn broke(&mut self, now: Nanos) -> bool {
        let wanted = self.sequence.wants_snapshot();
        let broke = wanted && !self.wanted;
        self.wanted = wanted;
        if broke {
            if now.since(self.based_at) >= QUIET {
                self.backoff.reset();
                self.ask_at = now;
            } else {
                self.ask_at = now.after(self.backoff.next());
            }
        }
        broke && self.based_at != Nanos::ZERO
    }

    /// Whether to ask for a snapshot now. The book of a stale stream is not asked for: it would
    /// stand still.
    pub fn asks(&self, now: Nanos) -> bool {
        let due = now >= self.ask_at && now >= self.not_before;
        self.wanted && !self.asked && !self.stale && due
    }

    pub fn asked(&mut self) {
        self.asked = true;
    }

    /// The answer came: a base of the book, or another try is due after a wait.
    pub fn answered(&mut self, base: bool, now: Nanos) {
        self.asked = false;
        if base {
            self.based_at = now;
            self.wanted = false;
        } else {
            self.ask_at = now.after(self.backoff.next());
        }
    }

    /// The venue wants no request before this.
    pub fn wait_until(&mut self, at: Nanos) {
        self.not_before = at;
    }
}
