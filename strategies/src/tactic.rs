//! What each strategy offers beside its rules: how it is built from parameters and instruments,
//! how parameters change while it trades, and what of it is kept. [`crate::any`] makes one closed
//! type of all of them.

use crate::parameter::{ParameterError, Table};
use alloc::vec::Vec;
use core::fmt;
use engine::event::Event;
use engine::id::InstrumentId;
use engine::instrument::{Instrument, Kind, Symbol};
use engine::plan::Plan;
use engine::state::{Sink, Source, Words};
use engine::strategy::{Reading, View};

/// What one of a strategy's instruments is for. Instruments are given in the order of the roles;
/// those beyond the last role have the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: &'static str,
    /// The kind that it must have, where that matters.
    pub kind: Option<Kind>,
    /// What the strategy does with it.
    pub help: &'static str,
}

impl Role {
    /// A role for an instrument of any kind.
    pub const fn any(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: None, help }
    }

    /// A role for an instrument of one kind.
    pub const fn of(kind: Kind, name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Some(kind), help }
    }
}

/// One of the strategies. Instruments of `learn` and `plan` are those that it was built for.
pub trait Tactic: Clone {
    /// What can be set.
    type Parameters: Table;
    /// What its instruments are for.
    const ROLES: &'static [Role];
    /// Most instruments that it takes; beyond the roles, all have the last one.
    const INSTRUMENTS_MAX: usize = Self::ROLES.len();

    /// For these instruments, which are in the order of the roles; refuses parameters that are not
    /// valid and instruments that do not fit. Allocates all it will ever need.
    fn build(parameters: Self::Parameters, instruments: &[Instrument]) -> Result<Self, BuildError>;

    /// The parameters as they are now.
    fn parameters(&self) -> &Self::Parameters;

    /// Takes other (valid) parameters over; what was learnt stays as far as it means the same.
    fn configure(&mut self, parameters: Self::Parameters);

    /// Learns from a market event, a fill or the timer, after the books have taken it.
    fn learn(&mut self, event: &Event, view: &View<'_>);

    /// Writes what should stand now.
    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]);

    /// What it shows of itself on an instrument.
    fn reading(&self, instrument: InstrumentId) -> Reading;

    /// Gives every word of what it has learnt.
    fn save_learnt(&self, sink: &mut dyn Sink);

    /// Takes them back; `None` (it is to be discarded) when they do not fit.
    fn load_learnt(&mut self, source: &mut dyn Source) -> Option<()>;

    /// A session begins with what an earlier one had learnt.
    fn wake(&mut self) {}

    /// Changes one parameter by its number; refused, and nothing changed, where the whole would
    /// not be valid.
    fn change(&mut self, id: u16, value: f64) -> Result<(), ParameterError> {
        let parameters = self.parameters().with(id, value)?;
        self.configure(parameters);
        Ok(())
    }

    /// Takes over what another one has learnt, as far as it means the same under these parameters.
    fn carry(&mut self, old: &Self) {
        let mut words: Vec<u64> = Vec::new();
        old.save_learnt(&mut words);
        let mut next = self.clone();
        if next.load_learnt(&mut Words::new(&words)).is_some() {
            next.wake();
            *self = next;
        }
    }
}

/// Why a strategy cannot be built for its instruments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BuildError {
    /// A parameter is not valid.
    Parameter(ParameterError),
    /// Too few or too many instruments.
    Count {
        /// Their roles.
        roles: &'static [Role],
        /// The most that there may be.
        most: usize,
        /// How many were given.
        given: usize,
    },
    /// An instrument of the wrong kind.
    Kind {
        /// What it was to be.
        role: &'static Role,
        /// Which.
        symbol: Symbol,
    },
    /// Instruments that do not belong together; says which and why.
    Mismatch {
        /// One of them.
        one: Symbol,
        /// The other.
        other: Symbol,
        /// What must be the same, or different.
        why: &'static str,
    },
    /// The instruments offer nothing that the strategy could do; says what is missing.
    Nothing(&'static str),
}

impl From<ParameterError> for BuildError {
    fn from(error: ParameterError) -> Self {
        Self::Parameter(error)
    }
}

impl BuildError {
    /// Checks number and kinds of instruments against their roles.
    pub fn check(
        roles: &'static [Role],
        most: usize,
        instruments: &[Instrument],
    ) -> Result<(), Self> {
        let given = instruments.len();
        if given < roles.len() || given > most {
            return Err(Self::Count { roles, most, given });
        }
        for (place, instrument) in instruments.iter().enumerate() {
            let Some(role) = roles.get(place).or(roles.last()) else { continue };
            if role.kind.is_some_and(|kind| kind != instrument.kind) {
                return Err(Self::Kind { role, symbol: instrument.symbol });
            }
            let twice = instruments.iter().take(place).find(|other| other.id == instrument.id);
            if let Some(other) = twice {
                let (one, other) = (instrument.symbol, other.symbol);
                let why = "each role needs an instrument of its own";
                return Err(Self::Mismatch { one, other, why });
            }
        }
        Ok(())
    }

    /// The same where there are as many instruments as roles, and these.
    pub fn exactly<const N: usize>(
        roles: &'static [Role],
        instruments: &[Instrument],
    ) -> Result<[Instrument; N], Self> {
        Self::check(roles, roles.len(), instruments)?;
        let count = Self::Count { roles, most: roles.len(), given: instruments.len() };
        <[Instrument; N]>::try_from(instruments).map_err(|_| count)
    }

    /// Refuses instruments that are not of the same base and quote asset.
    pub fn same_assets(one: &Instrument, other: &Instrument) -> Result<(), Self> {
        let (one_name, other_name) = (one.symbol, other.symbol);
        let mismatch = |why| Self::Mismatch { one: one_name, other: other_name, why };
        if one.base != other.base {
            return Err(mismatch("both must have the same base asset: what is bought is sold"));
        }
        if one.quote != other.quote {
            return Err(mismatch("both must have the same quote asset: prices are compared"));
        }
        Ok(())
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(error) => error.fmt(f),
            Self::Count { roles, most, given } => {
                let (least, many) =
                    (roles.len(), if *most > roles.len() { "at least " } else { "" });
                write!(f, "{given} instruments given, {many}{least} needed:")?;
                for role in *roles {
                    write!(f, " {} ({})", role.name, role.help)?;
                }
                if *most > least { write!(f, "; {most} at most") } else { Ok(()) }
            }
            Self::Kind { role, symbol } => {
                let kind = match role.kind {
                    Some(Kind::Linear) => "a perpetual",
                    _ => "a spot instrument",
                };
                write!(f, "{symbol} is to be the {} ({}) and must be {kind}", role.name, role.help)
            }
            Self::Mismatch { one, other, why } => write!(f, "{one} and {other}: {why}"),
            Self::Nothing(what) => f.write_str(what),
        }
    }
}

impl core::error::Error for BuildError {}
