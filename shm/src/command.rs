//! What an operator may ask of a running engine, as 64 bytes, and the two ends of the ring.
//!
//! ```text
//!  byte
//!     0  sequence
//!     8  kind 1 · key's kind 1 · value's kind 1 · decimals 1 · target 4 (all ones: all of them)
//!    16  key: 24 bytes of text, or a number and zeros
//!    40  value: 16 bytes of text, or a number and zeros
//!    56  check of the words before it
//!  A promotion has the name of the shadow for its key, and no value.
//!  An order to hold has 3 for the key's kind, its side for the value's kind (1: sell), and its
//!  four words from byte 16 on; its release has its number there.
//! ```

mod ends;

pub use ends::{CommandReader, CommandWriter, Received};

use crate::{
    error::CommandError,
    ring::COMMAND_WORDS,
    words::{Cells, HASH_START, Sink, Source, Text, cell_enum, hash_word},
};
use engine::{
    held::Hold,
    id::{InstrumentId, Side},
    num::{Decimal, parse_decimal},
};

/// Commands that may wait in the ring.
pub const COMMANDS_MAX: usize = 64;
/// Longest key.
pub const KEY_LEN_MAX: usize = 24;
/// Longest value that is text.
pub const VALUE_LEN_MAX: usize = 16;

cell_enum! {
    /// What is asked for.
    pub enum Kind {
        /// Withdraw quotes and do not quote until `resume`.
        Pause = "pause",
        /// Quote again.
        Resume = "resume",
        /// Cancel all open orders once.
        CancelAll = "cancel-all",
        /// Cancel all, and trade the position away.
        Flatten = "flatten",
        /// Cancel all, and approve no order until the engine is started anew.
        Kill = "kill",
        /// Change one parameter.
        Set = "set",
        /// Cancel all, wait for the venue to say so, and exit.
        Stop = "stop",
        /// Hold an order until its price is reached.
        Hold = "hold",
        /// Forget a held order.
        Release = "release",
        /// Have a desk trade with the parameters of one of its shadows.
        Promote = "promote",
    }
}

cell_enum! {
    /// What became of a command.
    pub enum Answer {
        /// It is in force.
        Applied = "applied",
        /// Its bytes are no command.
        Malformed = "malformed",
        /// There is no such parameter, or it cannot be changed while running.
        UnknownKey = "unknown key",
        /// The parameter cannot have this value.
        BadValue = "bad value",
        /// There is no such instrument.
        UnknownTarget = "unknown target",
        /// Not in the engine's present state.
        NotNow = "not now",
        /// This engine cannot do it.
        NotSupported = "not supported",
        /// It has no shadow of this name.
        UnknownShadow = "unknown shadow",
    }
}

/// Which instruments a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Every one.
    All,
    /// One.
    Instrument(InstrumentId),
}

/// Which parameter to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// By number.
    Id(u64),
    /// By name.
    Name(Text<KEY_LEN_MAX>),
}

/// What to set it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A decimal number, exactly as written.
    Decimal(Decimal),
    /// Anything else, such as `true` or `spin`.
    Text(Text<VALUE_LEN_MAX>),
}

/// One request to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// What is asked for.
    pub kind: Kind,
    /// For which instruments.
    pub target: Target,
    /// The parameter and its value, of [`Kind::Set`] only.
    pub set: Option<(Key, Value)>,
    /// The order to hold, of [`Kind::Hold`] only.
    pub hold: Option<Hold>,
    /// Which held order (0: all), of [`Kind::Release`] only.
    pub number: u16,
    /// The shadow whose parameters are to hold, of [`Kind::Promote`] only.
    pub shadow: Option<Text<KEY_LEN_MAX>>,
}

impl Command {
    /// A command without a parameter, for every instrument.
    pub const fn new(kind: Kind) -> Self {
        Self { kind, target: Target::All, set: None, hold: None, number: 0, shadow: None }
    }

    /// Has a desk trade with the parameters of its shadow of this name.
    pub fn promote(name: &str) -> Result<Self, CommandError> {
        let shadow = fitting(name)
            .ok_or_else(|| CommandError::BadKey { key: name.into(), max: KEY_LEN_MAX })?;
        Ok(Self { shadow: Some(shadow), ..Self::new(Kind::Promote) })
    }

    /// Holds an order on an instrument.
    pub const fn hold(hold: Hold, instrument: InstrumentId) -> Self {
        Self { hold: Some(hold), ..Self::new(Kind::Hold).on(instrument) }
    }

    /// Forgets a held order; 0: all.
    pub const fn release(number: u16) -> Self {
        Self { number, ..Self::new(Kind::Release) }
    }

    /// Reads `KEY=VALUE`. A value that is a decimal number of at most 18 places is kept as one.
    pub fn set(assignment: &str) -> Result<Self, CommandError> {
        let Some((key, value)) = assignment.split_once('=') else {
            return Err(CommandError::NotAnAssignment { given: assignment.into() });
        };
        let (key, value) = (key.trim(), value.trim());
        let name = fitting(key)
            .ok_or_else(|| CommandError::BadKey { key: key.into(), max: KEY_LEN_MAX })?;
        let value = match decimal(value) {
            Some(decimal) => Value::Decimal(decimal),
            None => Value::Text(fitting(value).ok_or_else(|| CommandError::BadValue {
                value: value.into(),
                max: VALUE_LEN_MAX,
            })?),
        };
        Ok(Self { set: Some((Key::Name(name), value)), ..Self::new(Kind::Set) })
    }

    /// The same for one instrument.
    #[must_use]
    pub const fn on(self, instrument: InstrumentId) -> Self {
        Self { target: Target::Instrument(instrument), ..self }
    }

    pub(crate) fn encode(&self, sequence: u64) -> [u64; COMMAND_WORDS] {
        let mut words = [0; COMMAND_WORDS];
        let mut sink = Sink::new(&mut words);
        sink.put(sequence);
        let (key_kind, value_kind, decimals) = match (self.set, &self.hold) {
            (None, None) if self.shadow.is_some() => (2, 0, 0),
            (None, None) => (0, 0, 0),
            (None, Some(hold)) => (3, hold.side.index() as u64, 0),
            (Some((key, value)), _) => {
                let key_kind = if matches!(key, Key::Id(_)) { 1 } else { 2 };
                match value {
                    Value::Decimal(number) => (key_kind, 1, u64::from(number.decimals)),
                    Value::Text(_) => (key_kind, 2, 0),
                }
            }
        };
        let target = match self.target {
            Target::All => u64::from(u32::MAX),
            Target::Instrument(id) => u64::from(id.0),
        };
        let kind = self.kind as u64;
        sink.put(kind | key_kind << 8 | value_kind << 16 | decimals << 24 | target << 32);
        match (self.set, &self.hold) {
            (None, None) => match self.shadow {
                Some(name) => {
                    name.put(&mut sink);
                    sink.skip(2);
                }
                None => {
                    sink.put(u64::from(self.number));
                    sink.skip(4);
                }
            },
            (None, Some(hold)) => {
                hold.words().into_iter().for_each(|word| sink.put(word));
                sink.skip(1);
            }
            (Some((key, value)), _) => {
                match key {
                    Key::Id(id) => {
                        sink.put(id);
                        sink.skip(2);
                    }
                    Key::Name(name) => name.put(&mut sink),
                }
                match value {
                    Value::Decimal(number) => {
                        sink.put(number.value as u64);
                        sink.skip(1);
                    }
                    Value::Text(text) => text.put(&mut sink),
                }
            }
        }
        let check = check_of(&words);
        if let Some(last) = words.last_mut() {
            *last = check;
        }
        words
    }

    /// `None` when the words are not what [`Self::encode`] makes for this sequence.
    pub(crate) fn decode(sequence: u64, words: &[u64; COMMAND_WORDS]) -> Option<Self> {
        if words.last().copied() != Some(check_of(words)) {
            return None;
        }
        let mut source = Source::new(words);
        if source.next_word()? != sequence {
            return None;
        }
        let meta = source.next_word()?;
        let byte = |at: u32| (meta >> (at * 8)) & 0xff;
        let kind = Kind::ALL.iter().copied().find(|kind| *kind as u64 == byte(0))?;
        let target = match (meta >> 32) as u32 {
            u32::MAX => Target::All,
            id => Target::Instrument(InstrumentId(u16::try_from(id).ok()?)),
        };
        let mut command = Self { target, ..Self::new(kind) };
        match (kind, byte(1)) {
            (Kind::Hold, 3) => {
                let side = *Side::BOTH.get(byte(2) as usize)?;
                let mut hold = || source.next_word();
                let words = [hold()?, hold()?, hold()?, hold()?];
                command.hold = Some(Hold::from_words(&words, side)?);
                return Some(command);
            }
            (Kind::Release, 0) => {
                command.number = u16::try_from(source.next_word()?).ok()?;
                return Some(command);
            }
            (Kind::Promote, 2) if byte(2) == 0 => {
                command.shadow = Some(Text::get(&mut source)?);
                return Some(command);
            }
            (Kind::Hold | Kind::Release | Kind::Promote, _) => return None,
            _ => {}
        }
        let key = match byte(1) {
            0 => None,
            1 => {
                let id = source.next_word()?;
                source.skip(2);
                Some(Key::Id(id))
            }
            2 => Some(Key::Name(Text::get(&mut source)?)),
            _ => return None,
        };
        let value = match byte(2) {
            0 => None,
            1 => {
                let decimals = u8::try_from(byte(3)).ok().filter(|places| *places <= 18)?;
                Some(Value::Decimal(Decimal { value: i64::get(&mut source)?, decimals }))
            }
            2 => Some(Value::Text(Text::get(&mut source)?)),
            _ => return None,
        };
        // A parameter has both or neither, and `set` is the one kind that has one.
        if key.is_some() != value.is_some() || key.is_some() != (kind == Kind::Set) {
            return None;
        }
        command.set = key.zip(value);
        Some(command)
    }
}

impl Kind {
    /// The kind that is typed like this.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

/// `text` when it is neither empty nor too long, nor holds a zero byte.
fn fitting<const N: usize>(text: &str) -> Option<Text<N>> {
    let fits = !text.is_empty() && !text.contains('\0');
    fits.then(|| Text::from(text).ok()).flatten()
}

fn decimal(text: &str) -> Option<Decimal> {
    let places = text.split_once('.').map_or(0, |(_, places)| places.len());
    let decimals = u8::try_from(places).ok().filter(|places| *places <= 18)?;
    let value = parse_decimal(text.as_bytes(), decimals).ok()?;
    Some(Decimal { value, decimals })
}

fn check_of(words: &[u64; COMMAND_WORDS]) -> u64 {
    words.iter().take(COMMAND_WORDS - 1).fold(HASH_START, |hash, word| hash_word(hash, *word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::condition::Watched;
    use engine::held::Trigger;
    use engine::num::{Price, Qty};
    use proptest::prelude::*;

    #[test]
    fn assignments_are_read_or_refused_with_a_reason() {
        let check = |text: &str, expect: &str| {
            let found = match Command::set(text) {
                Ok(Command { set: Some((Key::Name(key), value)), .. }) => match value {
                    Value::Decimal(number) => format!("{key} = number {number}"),
                    Value::Text(text) => format!("{key} = text {text}"),
                },
                Ok(other) => format!("{other:?}"),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expect, "{text}");
        };
        check("gamma=0.10", "gamma = number 0.10");
        check(" levels = 3 ", "levels = number 3");
        check("skew=-5", "skew = number -5");
        check("wait=spin", "wait = text spin");
        check("a=b=c", "a = text b=c");
        check("gamma", "`gamma` is not KEY=VALUE; write for example `min_spread_bps=5`");
        check("=5", "the key `` is empty or longer than 24 bytes");
        check("x=", "the value `` is empty or longer than 16 bytes");
        check("x=12345678901234567", "x = number 12345678901234567");
        check(
            "x=not a number and too long",
            "the value `not a number and too long` is empty or longer than 16 bytes",
        );
    }

    #[test]
    fn kinds_are_typed_as_they_print() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(*kind));
        }
        assert_eq!(Kind::parse("explode"), None);
    }

    /// Prints the failing case and writes no files.
    fn unsaved() -> ProptestConfig {
        ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
    }

    fn any_command() -> impl Strategy<Value = Command> {
        let key = prop_oneof![
            any::<u64>().prop_map(Key::Id),
            "[a-z_.]{1,24}".prop_map(|text| Key::Name(crate::words::text(&text))),
        ];
        let value = prop_oneof![
            (any::<i64>(), 0..=18_u8)
                .prop_map(|(value, decimals)| Value::Decimal(Decimal { value, decimals })),
            "[a-zA-Z0-9é]{1,16}".prop_map(|text| Value::Text(crate::words::text(&text))),
        ];
        let target = prop_oneof![
            Just(Target::All),
            any::<u16>().prop_map(|id| Target::Instrument(InstrumentId(id))),
        ];
        let hold = (1..u16::MAX, any::<bool>(), 0..4_usize, 0..3_usize, 1..1_000_000_i64);
        let hold = (hold, 0..9_i64, 1..1_000_000_i64, any::<u16>()).prop_map(
            |((number, sell, trigger, watched, price), limit, qty, group)| Hold {
                number,
                side: Side::BOTH[usize::from(sell)],
                trigger: Trigger::ALL[trigger].0,
                watched: Watched::ALL[watched].0,
                price: Price(price),
                limit: (limit > 0).then_some(Price(limit)),
                qty: Qty(qty),
                group,
                after: number - 1,
                here: sell,
            },
        );
        let name = "[a-zA-Z0-9._-]{1,24}";
        let all = (0..Kind::ALL.len(), target, key, value, (hold, name));
        all.prop_map(|(kind, target, key, value, (hold, name))| {
            let kind = Kind::ALL[kind];
            let set = (kind == Kind::Set).then_some((key, value));
            let number = if kind == Kind::Release { hold.number } else { 0 };
            let shadow = (kind == Kind::Promote).then(|| crate::words::text(&name));
            let hold = (kind == Kind::Hold).then_some(hold);
            Command { kind, target, set, hold, number, shadow }
        })
    }

    proptest! {
        #![proptest_config(unsaved())]

        #[test]
        fn commands_come_back_as_they_went(command in any_command(), sequence in any::<u64>()) {
            let words = command.encode(sequence);
            prop_assert_eq!(Command::decode(sequence, &words), Some(command));
            prop_assert_eq!(Command::decode(sequence ^ 1, &words), None);
        }

        #[test]
        fn any_changed_bit_is_noticed(command in any_command(), bit in 0..512_usize) {
            let mut words = command.encode(9);
            words[bit / 64] ^= 1 << (bit % 64);
            prop_assert_eq!(Command::decode(9, &words), None);
        }

        #[test]
        fn any_words_are_read_or_refused(mut words in any::<[u64; COMMAND_WORDS]>()) {
            words[1] &= 0xffff_0303_0307;
            words[7] = check_of(&words);
            let _ = Command::decode(words[0], &words);
        }
    }
}
