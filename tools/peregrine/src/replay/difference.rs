//! The first difference between what was recorded and what replay does, and the parts of the state
//! that differ.

use super::course::Tally;
use crate::print::Text;
use engine::engine::Engine;
use engine::event::Event;
use engine::market::Market;
use engine::state::State;
use engine::strategy::Strategy;
use serde_json::{Value, json};
use strategies::avellaneda_stoikov::PARAMETERS;

/// What differs.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// Something sent: one of both may be missing.
    Intent {
        /// As the journal has it.
        recorded: Option<Event>,
        /// As replay has it.
        replayed: Option<Event>,
    },
    /// The event was not stamped as it was recorded.
    Event {
        /// As the journal has it.
        recorded: Event,
    },
    /// The digest of all that was sent before a row.
    Tally {
        /// The row.
        before: u64,
        /// As the journal says.
        recorded: Tally,
        /// As replay has it.
        replayed: Tally,
    },
    /// The state before a row.
    State {
        /// The row.
        before: u64,
    },
    /// The state that a session began with is not the one that its segment names.
    Start {
        /// The row.
        before: u64,
    },
}

/// A part of the state that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which.
    pub name: String,
    /// How.
    pub detail: String,
}

/// The parts that differ before one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDifference {
    /// The row.
    pub before: u64,
    /// The parts.
    pub parts: Vec<Part>,
}

/// A difference and its place.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Place of the event after which it shows.
    pub seq: u64,
    /// That event; none where it shows before the first one.
    pub event: Option<Event>,
    /// What differs.
    pub what: What,
    /// The state at the nearest checkpoint from there on, if there is one.
    pub state: Option<StateDifference>,
}

impl Difference {
    /// What the event, the recorded and the replayed side say, for people.
    pub fn sides(&self, market: &Market) -> [Option<String>; 3] {
        let text = |event: &Event| Text::new(event, market).to_string();
        let tally = |tally: &Tally| format!("{} sent, digest {:016x}", tally.count, tally.digest);
        let (recorded, replayed) = match &self.what {
            What::Intent { recorded, replayed } => {
                (recorded.as_ref().map(text), replayed.as_ref().map(text))
            }
            What::Event { recorded } => (Some(text(recorded)), None),
            What::Tally { recorded, replayed, .. } => {
                (Some(tally(recorded)), Some(tally(replayed)))
            }
            What::State { .. } | What::Start { .. } => (None, None),
        };
        [self.event.as_ref().map(text), recorded, replayed]
    }

    /// One word for what differs.
    pub const fn kind(&self) -> &'static str {
        match self.what {
            What::Intent { .. } => "intent",
            What::Event { .. } => "event",
            What::Tally { .. } => "digest of what was sent",
            What::State { .. } => "state",
            What::Start { .. } => "start state",
        }
    }

    /// As one JSON object.
    pub fn json(&self, market: &Market) -> Value {
        let [event, recorded, replayed] = self.sides(market);
        let parts = |state: &StateDifference| {
            let one = |part: &Part| json!({ "part": part.name, "detail": part.detail });
            let parts: Vec<Value> = state.parts.iter().map(one).collect();
            json!({ "before": state.before, "parts": parts })
        };
        json!({
            "seq": self.place(),
            "what": self.kind(),
            "event": event,
            "recorded": recorded,
            "replayed": replayed,
            "state": self.state.as_ref().map(parts),
        })
    }

    /// The place to name: the event's, or the row before which a digest differs.
    pub const fn place(&self) -> u64 {
        match self.what {
            What::Intent { .. } | What::Event { .. } => self.seq,
            What::Tally { before, .. } | What::State { before } | What::Start { before } => before,
        }
    }

    /// For people, over several lines.
    pub fn report(&self, market: &Market) -> String {
        let [event, recorded, replayed] = self.sides(market);
        let none = || "nothing".to_owned();
        let mut text = format!("first difference: {} at row {}\n", self.kind(), self.place());
        if let Some(event) = event {
            text += &format!("  event     {} {event}\n", self.seq);
        }
        if !matches!(self.what, What::State { .. } | What::Start { .. }) {
            text += &format!("  recorded  {}\n", recorded.unwrap_or_else(none));
            text += &format!("  replayed  {}\n", replayed.unwrap_or_else(none));
        }
        match &self.state {
            Some(state) if state.parts.is_empty() => {
                text += &format!("  state before row {}: the same\n", state.before);
            }
            Some(state) => {
                text += &format!("  state before row {} differs in\n", state.before);
                for part in &state.parts {
                    text += &format!("    {}: {}\n", part.name, part.detail);
                }
            }
            None => text += "  state: no checkpoint behind it to compare with\n",
        }
        text
    }
}

/// Words of one part.
fn words(state: &impl State) -> Vec<u64> {
    let mut words: Vec<u64> = Vec::new();
    state.save(&mut words);
    words
}

/// How two lists of words differ; `None` when they do not.
fn differ(recorded: &[u64], replayed: &[u64]) -> Option<String> {
    let pairs = recorded.iter().zip(replayed);
    let first = pairs.clone().position(|(one, other)| one != other);
    let count = pairs.filter(|(one, other)| one != other).count();
    let (len, other_len) = (recorded.len(), replayed.len());
    match first {
        Some(at) => Some(format!(
            "{count} of {len} words, first word {at}: recorded {:#x}, replayed {:#x}",
            recorded[at], replayed[at]
        )),
        None if len != other_len => Some(format!("{len} words recorded, {other_len} replayed")),
        None => None,
    }
}

/// The parts in which two engines differ, recorded first.
pub fn parts<S: Strategy>(recorded: &Engine<S>, replayed: &Engine<S>) -> Vec<Part> {
    let mut found = Vec::new();
    let mut note = |name: String, detail: Option<String>| {
        if let Some(detail) = detail {
            found.push(Part { name, detail });
        }
    };
    let markets = recorded.market.listings().iter().zip(replayed.market.listings());
    let mut books = 0;
    for (one, other) in markets {
        let detail = differ(&words(&one.book), &words(&other.book));
        books += usize::from(detail.is_some());
        note(format!("book {}", one.instrument.symbol), detail);
    }
    if books == 0 {
        note("market".into(), differ(&words(&recorded.market), &words(&replayed.market)));
    }
    for (place, (one, other)) in recorded.desks.iter().zip(&replayed.desks).enumerate() {
        let name = |part: &str| format!("desk {place} {part}");
        note(name("strategy"), strategy(&words(&one.strategy), &words(&other.strategy)));
        note(name("limits"), differ(&words(&one.gate), &words(&other.gate)));
        note(name("orders"), orders(one, other));
        note(name("positions"), debugged(&one.positions, &other.positions));
        note(name("counters"), debugged(&one.counters, &other.counters));
        note(name("day"), debugged(&one.day_start, &other.day_start));
    }
    for (place, (one, other)) in recorded.venues.iter().zip(&replayed.venues).enumerate() {
        note(format!("venue {place} account"), differ(&words(one), &words(other)));
    }
    note("counters".into(), debugged(&recorded.counters, &replayed.counters));
    let session = |one: &Engine<S>| (one.phase(), one.halt(), one.epoch(), one.is_reconciled());
    note("session".into(), debugged(&session(recorded), &session(replayed)));
    if found.is_empty() {
        let detail = differ(&words(recorded), &words(replayed));
        found.extend(detail.map(|detail| Part { name: "session".into(), detail }));
    }
    found
}

/// Names the first parameter that differs: behind the strategy's number come its parameters.
fn strategy(recorded: &[u64], replayed: &[u64]) -> Option<String> {
    let all = differ(recorded, replayed)?;
    let pairs = recorded.iter().zip(replayed).skip(1);
    let mut parameters = PARAMETERS.iter().zip(pairs);
    Some(match parameters.find(|(_, (one, other))| one != other) {
        Some((parameter, (one, other))) => format!(
            "{}: recorded {}, replayed {}; {all}",
            parameter.key,
            f64::from_bits(*one),
            f64::from_bits(*other)
        ),
        None => format!("what it has learnt: {all}"),
    })
}

fn debugged<T: PartialEq + std::fmt::Debug>(recorded: &T, replayed: &T) -> Option<String> {
    (recorded != replayed).then(|| format!("recorded {recorded:?}, replayed {replayed:?}"))
}

/// Names the first live order that differs.
fn orders<S>(recorded: &engine::desk::Desk<S>, replayed: &engine::desk::Desk<S>) -> Option<String> {
    let all = differ(&words(&recorded.orders), &words(&replayed.orders))?;
    let (one, other) = (recorded.orders.live(), replayed.orders.live());
    if one.clone().eq(other.clone()) {
        return Some(format!("ended ones or trades: {all}"));
    }
    let pair = one.clone().zip(other.clone()).find(|(one, other)| one != other);
    let (live, other_live) = (one.count(), other.count());
    Some(match pair {
        Some((one, other)) => format!("recorded {one:?}, replayed {other:?}"),
        None => format!("{live} live ones recorded, {other_live} replayed"),
    })
}
