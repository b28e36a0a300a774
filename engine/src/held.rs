//! Orders that wait until a price is reached: stops, take-profits, trailing stops, and what is
//! built of them: one-cancels-other groups and brackets.
//!
//! ```text
//!  waiting ──(the order it comes after was filled)──▶ armed ──(trigger)──▶ working ──▶ done
//!     └──(that one ended unfilled)──▶ gone             │  └──(another of its group fired)──▶ gone
//!                                                      └──▶ at the venue ──(trigger)──▶ working
//! ```
//!
//! What the venue keeps ([`Instrument::keeps`](crate::instrument::Instrument::keeps)) is given to
//! it: there it is watched while the engine is down. A stop and a take-profit that are a group of
//! their own go there together, as a pair of which the first that fires ends the other; behind an
//! entry that rests they go with it, and sleep until it is filled whole. What the venue does not
//! keep is held here and in the journal, and nobody watches it while the engine is down: other
//! members of groups than a stop (two orders would lock the same money twice), what the venue
//! refused, until it is asked again, and what was asked to be held here. A trailing stop trails
//! from when it was given to the venue. One that is let go is remembered until its order at the
//! venue is no more.
//!
//! With a limit a fired order rests at it, good till cancelled; without one it takes, again and
//! again inside the collar, until its quantity is filled. Either way it passes the risk gate.

use crate::condition::{By, Condition, Watched, share_of};
use crate::id::{InstrumentId, OrderId, Side};
use crate::num::{Price, Qty};
use crate::state::{Sink, Source};
use crate::time::Nanos;

/// Most orders that are held at once.
pub const HELD_MAX: usize = 64;

/// What makes it fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Trigger {
    /// The price goes against its position: to the trigger or below it for sells, to it or above
    /// it for buys.
    Stop = 0,
    /// The price goes in favour: the other way round.
    TakeProfit = 1,
    /// The price comes back by so many ticks from its best since it was armed.
    Trailing = 2,
    /// At once: the entry of a bracket.
    Now = 3,
    /// The price comes back by so many millionths of its best since it was armed.
    TrailingShare = 4,
}

impl Trigger {
    /// All of them with the names that people use.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Stop, "stop"),
        (Self::TakeProfit, "take-profit"),
        (Self::Trailing, "trailing-stop"),
        (Self::Now, "entry"),
        (Self::TrailingShare, "trailing-share"),
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// An order to hold, as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// A number that no other held order has; above 0.
    pub number: u16,
    /// What it is to do once it fires.
    pub side: Side,
    /// What makes it fire.
    pub trigger: Trigger,
    /// Which price is watched.
    pub watched: Watched,
    /// The price that it fires at; of a trailing stop the distance, or the share in millionths; of
    /// an entry how many are to come after it: it waits for them.
    pub price: Price,
    /// Where it rests once it fired; `None`: it takes.
    pub limit: Option<Price>,
    /// How much.
    pub qty: Qty,
    /// Of those with the same group (above 0), one that fires releases the others.
    pub group: u16,
    /// The number of the one that it comes after (0: none): it is armed with what that one filled.
    pub after: u16,
    /// Whether it is held here even where the venue would keep it.
    pub here: bool,
}

const TRIGGER_SHIFT: u32 = 48;
const WATCHED_SHIFT: u32 = 52;
const HERE: u64 = 1 << 56;
const QTY_MASK: u64 = (1 << TRIGGER_SHIFT) - 1;

impl Hold {
    /// As the payload of a row; the side is a flag of it.
    pub const fn words(&self) -> [u64; 4] {
        let limit = match self.limit {
            Some(price) => price.0 as u64,
            None => 0,
        };
        let kind = (self.trigger as u64) << TRIGGER_SHIFT | (self.watched as u64) << WATCHED_SHIFT;
        let links = self.number as u64 | (self.group as u64) << 16 | (self.after as u64) << 32;
        let here = if self.here { HERE } else { 0 };
        [self.price.0 as u64, limit, self.qty.0 as u64 & QTY_MASK | kind | here, links]
    }

    /// From such a payload; `None` when it means nothing.
    pub fn from_words(words: &[u64; 4], side: Side) -> Option<Self> {
        let place = |word: u64, shift: u32| (word >> shift & 15) as usize;
        let price = |word: u64| {
            let ticks = i64::try_from(word).ok()?;
            (ticks <= crate::instrument::PRICE_MAX).then_some(Price(ticks))
        };
        let qty = Qty((words[2] & QTY_MASK) as i64);
        let hold = Self {
            number: words[3] as u16,
            side,
            trigger: Trigger::ALL.get(place(words[2], TRIGGER_SHIFT))?.0,
            watched: Watched::ALL.get(place(words[2], WATCHED_SHIFT))?.0,
            price: price(words[0])?,
            limit: Some(price(words[1])?).filter(|limit| limit.0 > 0),
            qty,
            group: (words[3] >> 16) as u16,
            after: (words[3] >> 32) as u16,
            here: words[2] & HERE != 0,
        };
        let priced = hold.price.0 > 0 || hold.trigger == Trigger::Now;
        let sized = (1..=crate::instrument::QTY_MAX).contains(&qty.0);
        let shared = hold.trigger != Trigger::TrailingShare || hold.price.0 < 1_000_000;
        let named = hold.number > 0 && hold.after != hold.number;
        (named && priced && sized && shared).then_some(hold)
    }

    /// What the venue would have to watch for; `None` of what is never left to it.
    pub fn condition(&self) -> Option<Condition> {
        let (by, rises) = match self.trigger {
            Trigger::Stop => (By::Price, self.side == Side::Buy),
            Trigger::TakeProfit => (By::Price, self.side == Side::Sell),
            // What fires takes: venues keep no limit that trails.
            Trigger::Trailing if self.limit.is_none() => (By::Distance, self.side == Side::Buy),
            Trigger::TrailingShare if self.limit.is_none() => (By::Share, self.side == Side::Buy),
            Trigger::Trailing | Trigger::TrailingShare | Trigger::Now => return None,
        };
        let Self { price, watched, .. } = *self;
        (!self.here).then_some(Condition { price, by, watched, rises })
    }
}

/// Where a held order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldState {
    /// For the one that it comes after.
    Waiting,
    /// For its price; the best price since, of a trailing stop.
    Armed(Option<Price>),
    /// For its price, as a conditional order at the venue.
    AtVenue(OrderId),
    /// For its price, in the order of the other one of its group, which is at the venue.
    Beside(OrderId),
    /// It is forgotten once its order at the venue is no more.
    Releasing(OrderId),
    /// An order of it is at the venue or on its way, or is to be sent (again) at this time.
    Working(Option<OrderId>, Nanos),
}

impl HeldState {
    /// The name that people read.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waits",
            Self::Armed(_) => "held",
            Self::AtVenue(_) | Self::Beside(_) => "at venue",
            Self::Releasing(_) => "releasing",
            Self::Working(..) => "fired",
        }
    }
}

/// One held order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// What was asked for; `qty` is what is left of it.
    pub hold: Hold,
    /// Of what.
    pub instrument: InstrumentId,
    /// Where it stands.
    pub state: HeldState,
    /// How much of it was filled.
    pub filled: Qty,
    /// How often in a row the venue would not have it, and before when it is not asked again.
    pub refused: u8,
    /// See `refused`.
    pub not_before: Nanos,
}

/// How long after a first refusal the venue is asked again; twice as long after each further one.
const ASK_AGAIN: Nanos = Nanos::from_ms(250);
/// Refusals after which the wait grows no more.
const DOUBLINGS_MAX: u8 = 8;

impl Held {
    /// One that was just asked for.
    pub const fn new(hold: Hold, instrument: InstrumentId) -> Self {
        let state = if hold.after == 0 { HeldState::Armed(None) } else { HeldState::Waiting };
        let (filled, refused, not_before) = (Qty(0), 0, Nanos::ZERO);
        Self { hold, instrument, state, filled, refused, not_before }
    }

    /// The venue would not have it, or took it away: it waits here, and is given anew later.
    pub(crate) fn take_back(&mut self, now: Nanos) {
        self.state = HeldState::Armed(None);
        self.not_before = now.after(Nanos(ASK_AGAIN.0 << self.refused));
        self.refused = (self.refused + 1).min(DOUBLINGS_MAX);
    }

    /// Whether it fires at this price; a trailing stop remembers the best one.
    pub fn sees(&mut self, price: Price) -> bool {
        let mut none = None;
        let best = match &mut self.state {
            HeldState::Armed(best) => best,
            HeldState::AtVenue(_) | HeldState::Beside(_) => &mut none,
            HeldState::Waiting | HeldState::Releasing(_) | HeldState::Working(..) => return false,
        };
        let Hold { side, trigger, price: at, .. } = self.hold;
        match (trigger, side) {
            (Trigger::Now, _) => true,
            (Trigger::Stop, Side::Sell) | (Trigger::TakeProfit, Side::Buy) => price <= at,
            (Trigger::Stop, Side::Buy) | (Trigger::TakeProfit, Side::Sell) => price >= at,
            (Trigger::Trailing | Trigger::TrailingShare, Side::Sell) => {
                let top = best.map_or(price, |best| best.max(price));
                *best = Some(top);
                price.0 <= top.0.saturating_sub(back(trigger, top, at))
            }
            (Trigger::Trailing | Trigger::TrailingShare, Side::Buy) => {
                let bottom = best.map_or(price, |best| best.min(price));
                *best = Some(bottom);
                price.0 >= bottom.0.saturating_add(back(trigger, bottom, at))
            }
        }
    }

    /// Whether the venue wakes it when the one that it comes after is filled.
    pub const fn is_attached(&self) -> bool {
        self.hold.after != 0 && !matches!(self.state, HeldState::Waiting)
    }

    /// Gives every word of it.
    pub(crate) fn save(&self, sink: &mut dyn Sink) {
        sink.word(self.hold.side.index() as u64);
        self.hold.words().into_iter().for_each(|word| sink.word(word));
        sink.word(u64::from(self.instrument.0));
        sink.int(self.filled.0);
        sink.word(u64::from(self.refused));
        sink.word(self.not_before.0);
        match self.state {
            HeldState::Waiting => sink.word(0),
            HeldState::Armed(best) => {
                sink.word(1);
                sink.maybe(best.map(|price| price.0 as u64));
            }
            HeldState::Working(order, at) => {
                sink.word(2);
                sink.maybe(order.map(|order| order.0));
                sink.word(at.0);
            }
            HeldState::AtVenue(order) => {
                sink.word(3);
                sink.word(order.0);
            }
            HeldState::Releasing(order) => {
                sink.word(4);
                sink.word(order.0);
            }
            HeldState::Beside(order) => {
                sink.word(5);
                sink.word(order.0);
            }
        }
    }

    /// Makes one of such words; `None` when they do not fit.
    pub(crate) fn restore(source: &mut dyn Source) -> Option<Self> {
        let side = Side::BOTH[source.count(1)?];
        let words = [source.word()?, source.word()?, source.word()?, source.word()?];
        Some(Self {
            hold: Hold::from_words(&words, side)?,
            instrument: InstrumentId(u16::try_from(source.word()?).ok()?),
            filled: Qty(source.int()?),
            refused: source.count(usize::from(DOUBLINGS_MAX))? as u8,
            not_before: Nanos(source.word()?),
            state: match source.word()? {
                0 => HeldState::Waiting,
                1 => HeldState::Armed(source.maybe()?.map(|ticks| Price(ticks as i64))),
                2 => HeldState::Working(source.maybe()?.map(OrderId), Nanos(source.word()?)),
                3 => HeldState::AtVenue(OrderId(source.word()?)),
                4 => HeldState::Releasing(OrderId(source.word()?)),
                5 => HeldState::Beside(OrderId(source.word()?)),
                _ => return None,
            },
        })
    }
}

/// How far the price comes back from its best, in ticks.
fn back(trigger: Trigger, best: Price, at: Price) -> i64 {
    if trigger == Trigger::TrailingShare { share_of(best, at.0) } else { at.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::VecDeque;

    #[derive(Default)]
    struct Words(VecDeque<u64>);

    impl Sink for Words {
        fn word(&mut self, word: u64) {
            self.0.push_back(word);
        }
    }

    impl Source for Words {
        fn word(&mut self) -> Option<u64> {
            self.0.pop_front()
        }
    }

    #[test]
    fn every_state_comes_back_as_it_went() {
        let hold = Hold {
            number: 7,
            side: Side::Sell,
            trigger: Trigger::TrailingShare,
            watched: Watched::Mark,
            price: Price(5_000),
            limit: None,
            qty: Qty(4),
            group: 3,
            after: 2,
            here: true,
        };
        let id = OrderId::new(9, 4);
        for state in [
            HeldState::Waiting,
            HeldState::Armed(None),
            HeldState::Armed(Some(Price(8))),
            HeldState::AtVenue(id),
            HeldState::Beside(id),
            HeldState::Releasing(id),
            HeldState::Working(Some(id), Nanos(6)),
        ] {
            let held = Held { state, refused: 2, ..Held::new(hold, InstrumentId(1)) };
            let mut words = Words::default();
            held.save(&mut words);
            assert_eq!(Held::restore(&mut words), Some(held), "{state:?}");
        }
        let whole = Hold { price: Price(1_000_000), ..hold };
        assert_eq!(Hold::from_words(&whole.words(), Side::Sell), None, "nothing would be left");
    }
}
