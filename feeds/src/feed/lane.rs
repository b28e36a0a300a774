//! One instrument's way through the feed: its sequence, its marks, when each stream last spoke, and
//! when its book may be asked for.

use super::FeedLimits;
use super::ahead::Ahead;
use super::chain::Chain;
use super::links::{PLACES, places_of};
use super::prints::Prints;
use crate::net::Backoff;
use crate::protocol::{BookRules, Endpoint, STREAMS, Snapshot, Stream, Topic};
use crate::sequence::{Sequence, SequenceLimits};
use crate::window::{Window, Windowed};
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::time::Nanos;

/// A resync this long after the last one is a new trouble: it is asked for at once.
const QUIET: Nanos = Nanos::from_s(10);
/// Streams whose silence breaks the book, and whose ids are followed: the first ones of [`Stream`].
const WATCHED: usize = 3;

/// Where a stream of an instrument comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carrier {
    pub endpoint: usize,
    pub topic: usize,
}

/// How a book was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    /// Over HTTP.
    Request,
    /// By a subscription, over the connection at this place, or any; it counts as failed after.
    Stream(Option<usize>, Nanos),
}

/// One instrument.
#[derive(Debug)]
pub(super) struct Lane {
    pub instrument: InstrumentId,
    pub sequence: Sequence,
    pub window: Option<Window>,
    /// What connections told of a book that comes over streams.
    pub chain: Chain,
    /// Update id of the newest best bid and ask.
    pub best: u64,
    /// Id of the newest trade.
    pub trade: u64,
    /// Ids of the newest mark price and funding rate.
    pub references: [u64; 2],
    /// Trades that wait for those before them.
    pub ahead: Ahead,
    /// Which connection was the first with a trade, or a liquidation, that has no number.
    pub prints: [Prints; 2],
    /// Whether the connection that is to take over is in step here.
    pub in_step: bool,
    carriers: [Option<Carrier>; STREAMS],
    /// The newest id that each connection has told, by stream.
    told: [[u64; WATCHED]; PLACES],
    /// Which streams spoke over each connection, one bit each.
    spoke: [u8; PLACES],
    heard: [Nanos; WATCHED],
    limits: [Nanos; WATCHED],
    stale: bool,
    asked: Option<Ask>,
    /// How often the book did not follow its subscription in time since it was whole.
    late: u32,
    /// How often it was asked for by a subscription.
    turns: u32,
    wanted: bool,
    ask_at: Nanos,
    not_before: Nanos,
    based_at: Nanos,
    backoff: Backoff,
}

impl Lane {
    pub fn new(
        (place, instrument): (usize, &Instrument),
        endpoints: &[Endpoint],
        rules: &BookRules,
        limits: &FeedLimits,
    ) -> Self {
        let rows = limits.sequence.snapshot_rows_max.max(rules.rows_max);
        let sizes = SequenceLimits { snapshot_rows_max: rows, ..limits.sequence };
        let window = rules.window.map(|levels| Window::new(instrument, levels, rules.rows_max));
        let mut lane = Self {
            instrument: instrument.id,
            sequence: Sequence::new(instrument.id, sizes),
            window,
            chain: Chain::new(rules),
            best: 0,
            trade: 0,
            references: [0; 2],
            ahead: Ahead::new(),
            prints: [Prints::new(), Prints::new()],
            in_step: false,
            carriers: [None; STREAMS],
            told: [[0; WATCHED]; PLACES],
            spoke: [0; PLACES],
            heard: [Nanos::ZERO; WATCHED],
            limits: [Nanos::ZERO; WATCHED],
            stale: false,
            asked: None,
            late: 0,
            turns: 0,
            wanted: false,
            ask_at: Nanos::ZERO,
            not_before: Nanos::ZERO,
            based_at: Nanos::ZERO,
            backoff: limits.snapshot(place),
        };
        for (endpoint, one) in endpoints.iter().enumerate() {
            let own = |(_, topic): &(usize, &Topic)| topic.place.map(usize::from) == Some(place);
            for (number, topic) in one.topics.iter().enumerate().filter(own) {
                lane.follow(Carrier { endpoint, topic: number }, topic, limits);
            }
        }
        lane
    }

    /// Streams that are not followed are never stale.
    fn follow(&mut self, carrier: Carrier, topic: &Topic, limits: &FeedLimits) {
        let stream = topic.stream as usize;
        self.carriers[stream] = Some(carrier);
        let limits = [limits.best_stale, limits.depth_stale, limits.trade_stale];
        if let Some((own, limit)) = self.limits.get_mut(stream).zip(limits.get(stream)) {
            let never = *limit == Nanos::ZERO || topic.quiet_max == Topic::RESTS;
            *own = if never { Nanos::ZERO } else { (*limit).max(topic.quiet_max) };
        }
    }

    /// Where a stream comes from; `None` when it is not followed.
    pub fn carrier(&self, stream: Stream) -> Option<Carrier> {
        self.carriers[stream as usize]
    }

    /// A new connection that does not follow on the old one. A book that comes over the stream is
    /// on its way by the subscription.
    pub fn connected(&mut self, now: Nanos, answer_max: Nanos) {
        self.sequence.start();
        (self.best, self.trade, self.references) = (0, 0, [0; 2]);
        self.heard = [now; WATCHED];
        let streamed = self.chain.streamed;
        self.asked = streamed.then(|| Ask::Stream(None, now.after(answer_max)));
        (self.stale, self.wanted, self.late) = (false, streamed, 0);
        self.ahead.clear();
    }

    /// A new connection at this place has told nothing yet.
    pub fn joined(&mut self, place: usize) {
        self.told[place] = [0; WATCHED];
        self.spoke[place] = 0;
        self.chain.joined(place);
        self.prints.iter_mut().for_each(|prints| prints.joined(place));
    }

    /// The connection at this place is gone; a book that was asked for over it does not come.
    pub fn left(&mut self, place: usize, now: Nanos) {
        self.chain.joined(place);
        if matches!(self.asked, Some(Ask::Stream(Some(by), _)) if by == place) {
            self.answered(false, now);
            self.ask_at = now;
        }
    }

    /// The connection at this place has told this id.
    #[inline]
    pub fn told(&mut self, place: usize, stream: Stream, id: u64) {
        if let Some(told) = self.told[place].get_mut(stream as usize) {
            *told = id;
        }
    }

    /// What it has told last; 0 for nothing.
    #[inline]
    pub fn last_of(&self, place: usize, stream: Stream) -> u64 {
        self.told[place].get(stream as usize).copied().unwrap_or(0)
    }

    /// The lowest of the newest ids that these connections have told: what follows it may still
    /// come. `u64::MAX` when there are none.
    #[inline]
    pub fn slowest(&self, stream: Stream, up: u32) -> u64 {
        let Some(carrier) = self.carrier(stream) else { return u64::MAX };
        let mut places = up & places_of(carrier.endpoint);
        if stream == Stream::Depth {
            places &= self.chain.usable();
        }
        let mut slowest = u64::MAX;
        while places != 0 {
            let place = places.trailing_zeros() as usize;
            places &= places - 1;
            slowest = slowest.min(self.last_of(place, stream));
        }
        slowest
    }

    /// A stream spoke over the connection at this place.
    #[inline]
    pub fn heard(&mut self, place: usize, stream: Stream, at: Nanos) {
        self.spoke[place] |= 1 << stream as u8;
        if let Some(heard) = self.heard.get_mut(stream as usize) {
            *heard = at;
        }
    }

    /// Whether a stream ever spoke over the connection at this place.
    pub fn spoke(&self, place: usize, stream: Stream) -> bool {
        self.spoke[place] >> stream as u8 & 1 != 0
    }

    /// A stream is asked for again over the connection at this place: what it said is forgotten.
    pub fn forget(&mut self, place: usize, stream: Stream) {
        self.spoke[place] &= !(1 << stream as u8);
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

    /// Its sequence, and the way out of it.
    #[inline]
    pub fn way<'a, O>(&'a mut self, out: &'a mut O) -> (&'a mut Sequence, Windowed<'a, O>) {
        (&mut self.sequence, Windowed { window: self.window.as_mut(), out })
    }

    /// Whether the book that is held here is the very same.
    pub fn is_at(&self, book: &Snapshot<'_>) -> bool {
        let same_id = self.sequence.book_id() == Some(book.last);
        same_id && self.window.as_ref().is_some_and(|window| window.is(book.rows))
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

    /// Whether to ask for the book now. The book of a stale stream is not asked for over HTTP: it
    /// would stand still.
    pub fn asks(&self, now: Nanos) -> bool {
        let due = now >= self.ask_at && now >= self.not_before;
        let stale = self.stale && !self.chain.streamed;
        self.wanted && self.asked.is_none() && !stale && due
    }

    /// Whether the next try is one over HTTP, where that is possible: of a book that comes over the
    /// stream, each other one after two that brought nothing.
    pub const fn tries_request(&self) -> bool {
        !self.chain.streamed || self.late >= 2 && self.late.is_multiple_of(2)
    }

    /// It was asked for over HTTP: from now on what connections tell is kept for it.
    pub fn asked(&mut self) {
        self.chain.based_otherwise();
        self.asked = Some(Ask::Request);
        self.late += u32::from(self.chain.streamed);
    }

    /// It was asked for by a subscription over the connection at this place.
    pub fn subscribed(&mut self, place: usize, until: Nanos) {
        self.asked = Some(Ask::Stream(Some(place), until));
        self.turns = self.turns.wrapping_add(1);
    }

    /// How often it was asked for by a subscription.
    pub const fn turns(&self) -> u32 {
        self.turns
    }

    /// Whether the book that was to follow a subscription did not come in time: then another try is
    /// due after a wait.
    pub fn gives_up(&mut self, now: Nanos) -> bool {
        let late = matches!(self.asked, Some(Ask::Stream(_, until)) if now >= until);
        if late {
            self.answered(false, now);
            self.late = self.late.saturating_add(1);
        }
        late
    }

    /// The answer came: a base of the book, or another try is due after a wait.
    pub fn answered(&mut self, base: bool, now: Nanos) {
        self.asked = None;
        if base {
            self.based_at = now;
            self.wanted = false;
            self.late = 0;
        } else {
            self.ask_at = now.after(self.backoff.next());
        }
    }

    /// The venue wants no request before this.
    pub fn wait_until(&mut self, at: Nanos) {
        self.not_before = at;
    }
}
