//! What can be set of a strategy: one list gives a struct, its documentation, the ranges, and the
//! numbers by which commands change it while trading. All strategies share this mechanism.
//!
//! A list is written with `parameters!`, a parameter that is one of a few names with `choices!`.
//! Every value crosses a command as one number; `true` is 1, a name is its place.

use core::fmt;
use engine::state::{Sink, Source};

/// One parameter: what configuration, commands and help know of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its number in `Set` events; fixed for ever, because journals keep it.
    pub id: u16,
    /// Its name.
    pub key: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Lowest value allowed.
    pub min: f64,
    /// Highest value allowed.
    pub max: f64,
    /// The value where nothing is said.
    pub default: f64,
    /// Names of its values 0, 1, …, where they have names.
    pub names: &'static [&'static str],
    /// What it does.
    pub help: &'static str,
}

impl Parameter {
    /// That a value is outside what this parameter allows.
    pub const fn range(&self, value: f64) -> ParameterError {
        let Self { key, unit, min, max, .. } = *self;
        ParameterError::Range { key, value, unit, min, max }
    }

    fn holds(&self, value: f64) -> bool {
        value >= self.min && value <= self.max
    }
}

/// A type that a parameter can have.
pub trait Value: Sized {
    /// Names of the values 0, 1, …, where they have names.
    const NAMES: &'static [&'static str] = &[];
    /// As a number.
    fn number(&self) -> f64;
    /// From a number; `None` where it stands for no value of the type.
    fn from_number(number: f64) -> Option<Self>;
}

impl Value for f64 {
    fn number(&self) -> f64 {
        *self
    }
    fn from_number(number: f64) -> Option<Self> {
        number.is_finite().then_some(number)
    }
}

impl Value for u32 {
    fn number(&self) -> f64 {
        f64::from(*self)
    }
    fn from_number(number: f64) -> Option<Self> {
        let whole = number as Self;
        (f64::from(whole) == number).then_some(whole)
    }
}

impl Value for bool {
    const NAMES: &'static [&'static str] = &["false", "true"];
    fn number(&self) -> f64 {
        f64::from(u8::from(*self))
    }
    fn from_number(number: f64) -> Option<Self> {
        u32::from_number(number).filter(|number| *number <= 1).map(|number| number == 1)
    }
}

/// The parameters of one strategy, by number.
pub trait Table: Copy + Default + PartialEq + fmt::Debug + 'static {
    /// All of them, in the order of their numbers.
    const ALL: &'static [Parameter];

    /// One of them as a number; `None` where no parameter has this id.
    fn get(&self, id: u16) -> Option<f64>;

    /// Changes one, whatever its range; false where its type has no such value.
    fn put(&mut self, id: u16, number: f64) -> bool;

    /// What must hold between several of them.
    fn agree(&self) -> Result<(), ParameterError>;

    /// By its number.
    fn by_id(id: u16) -> Option<&'static Parameter> {
        Self::ALL.iter().find(|parameter| parameter.id == id)
    }

    /// By its name.
    fn by_key(key: &str) -> Option<&'static Parameter> {
        Self::ALL.iter().find(|parameter| parameter.key == key)
    }

    /// Changes one; refused (and unchanged) outside its range. The whole is to be validated after.
    fn set(&mut self, id: u16, value: f64) -> Result<(), ParameterError> {
        let parameter = Self::by_id(id).ok_or(ParameterError::Unknown { id })?;
        let inside = parameter.holds(value);
        if inside && self.put(id, value) { Ok(()) } else { Err(parameter.range(value)) }
    }

    /// These with one changed, if that is allowed: what a `Set` event does.
    fn with(&self, id: u16, value: f64) -> Result<Self, ParameterError> {
        let mut changed = *self;
        changed.set(id, value)?;
        changed.validate()?;
        Ok(changed)
    }

    /// The first thing that is wrong with it.
    fn validate(&self) -> Result<(), ParameterError> {
        for parameter in Self::ALL {
            let value = self.get(parameter.id).unwrap_or(f64::NAN);
            if !parameter.holds(value) {
                return Err(parameter.range(value));
            }
        }
        self.agree()
    }

    /// Gives every value, in the order of the numbers.
    fn save(&self, sink: &mut dyn Sink) {
        for parameter in Self::ALL {
            sink.float(self.get(parameter.id).unwrap_or(parameter.default));
        }
    }

    /// Takes them back; `None` when they are not valid.
    fn load(source: &mut dyn Source) -> Option<Self> {
        let mut parameters = Self::default();
        for parameter in Self::ALL {
            parameters.set(parameter.id, source.float()?).ok()?;
        }
        parameters.validate().ok()?;
        Some(parameters)
    }
}

/// The number that a `Set` event carries in units of 1e-9.
pub fn from_nano(value: i64) -> f64 {
    value as f64 / 1e9
}

/// A value as `Set` events carry it; `None` where it does not fit.
pub fn to_nano(value: f64) -> Option<i64> {
    let nano = libm::round(value * 1e9);
    (libm::fabs(nano) < 9.2e18).then_some(nano as i64)
}

/// Why a set of parameters is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ParameterError {
    /// No parameter has this number.
    Unknown {
        /// The number asked for.
        id: u16,
    },
    /// Outside its range, not a whole number, or not a number.
    Range {
        /// Which.
        key: &'static str,
        /// What was given.
        value: f64,
        /// Its unit.
        unit: &'static str,
        /// Lowest value allowed.
        min: f64,
        /// Highest value allowed.
        max: f64,
    },
    /// Two that are in the wrong order, such as a floor above its cap.
    Order {
        /// The parameter that has to be the lower one.
        low: &'static str,
        /// Its value.
        low_value: f64,
        /// The parameter that has to be the higher one.
        high: &'static str,
        /// Its value.
        high_value: f64,
    },
    /// Values that do not go together; says which, and what to do.
    Conflict(&'static str),
}

impl ParameterError {
    /// Refuses the first pair whose lower one lies above its higher one.
    pub fn ordered(pairs: &[(&'static str, f64, &'static str, f64)]) -> Result<(), Self> {
        for (low, low_value, high, high_value) in pairs.iter().copied() {
            if low_value > high_value {
                return Err(Self::Order { low, low_value, high, high_value });
            }
        }
        Ok(())
    }
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { id } => write!(f, "no parameter has number {id}"),
            Self::Range { key, value, unit, min, max } => {
                write!(f, "{key} = {value} {unit}: must be from {min} to {max}")?;
                if *unit == "count" { f.write_str(", a whole number") } else { Ok(()) }
            }
            Self::Order { low, low_value, high, high_value } => {
                write!(f, "{low} = {low_value} lies above {high} = {high_value}: lower it, ")?;
                write!(f, "or raise {high}")
            }
            Self::Conflict(what) => f.write_str(what),
        }
    }
}

impl core::error::Error for ParameterError {}

/// A default as a number, where constants are made.
macro_rules! number {
    (f64, $value:expr) => {
        $value
    };
    (u32, $value:expr) => {
        $value as f64
    };
    ($other:tt, $value:expr) => {
        $value as u8 as f64
    };
}

/// The struct `Parameters`, its list `PARAMETERS` and its [`Table`]; what must hold between values
/// is `Parameters::relations`, written beside it.
macro_rules! parameters {
    ($($id:literal $key:ident: $type:tt = $default:expr,
       $unit:literal, $min:literal to $max:literal, $help:expr;)*) => {
        /// What can be set. See [`PARAMETERS`] for numbers, units and ranges.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct Parameters {
            $(
                #[doc = concat!($help, " Unit: ", $unit, "; from ", stringify!($min), " to ",
                    stringify!($max), "; default ", stringify!($default), ".")]
                pub $key: $type,
            )*
        }

        impl Default for Parameters {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        /// All parameters, in the order of their numbers.
        pub const PARAMETERS: &[$crate::parameter::Parameter] = &[$(
            $crate::parameter::Parameter {
                id: $id,
                key: stringify!($key),
                unit: $unit,
                min: $min,
                max: $max,
                default: $crate::parameter::number!($type, $default),
                names: <$type as $crate::parameter::Value>::NAMES,
                help: $help,
            },
        )*];

        impl $crate::parameter::Table for Parameters {
            const ALL: &'static [$crate::parameter::Parameter] = PARAMETERS;

            fn get(&self, id: u16) -> Option<f64> {
                use $crate::parameter::Value;
                match id {
                    $($id => Some(self.$key.number()),)*
                    _ => None,
                }
            }

            fn put(&mut self, id: u16, number: f64) -> bool {
                use $crate::parameter::Value;
                match id {
                    $($id => match <$type>::from_number(number) {
                        Some(value) => {
                            self.$key = value;
                            true
                        }
                        None => false,
                    },)*
                    _ => false,
                }
            }

            fn agree(&self) -> Result<(), $crate::parameter::ParameterError> {
                self.relations()
            }
        }
    };
}

/// An enum whose values have the names that configuration uses.
macro_rules! choices {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$item_doc:meta])* $item:ident = $number:literal $text:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$item_doc])* $item = $number,)*
        }

        impl $crate::parameter::Value for $name {
            const NAMES: &'static [&'static str] = &[$($text,)*];
            fn number(&self) -> f64 {
                f64::from(*self as u8)
            }
            fn from_number(number: f64) -> Option<Self> {
                match u32::from_number(number)? {
                    $($number => Some(Self::$item),)*
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use {choices, number, parameters};
