//! The strategy's parameters: one list gives the struct, its documentation, the ranges and the
//! numbers by which commands change them while trading.
//!
//! A price unit is one unit of the quote asset for one of the base asset; an order unit is
//! `order_qty` of the base asset: holding one order's worth is q = 1.

use core::fmt;

/// Which T − t the formulas see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Horizon {
    /// Sessions of `horizon_s` one after the other: T − t falls to 0 and starts again, so that
    /// inventory is worked off towards each end.
    Session,
    /// T − t stands at `horizon_s`: the same quotes at all times.
    #[default]
    Rolling,
    /// The paper's infinite horizon with its rate ω.
    Infinite,
}

impl Horizon {
    /// The names that configuration uses; the place in the list is the number.
    pub const NAMES: &'static [&'static str] = &["session", "rolling", "infinite"];
}

/// One parameter: what configuration, commands and help know of it.
#[derive(Clone, Copy, Debug)]
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
    /// Names of its values 0, 1, …, where they have names.
    pub names: &'static [&'static str],
    /// What it does.
    pub help: &'static str,
    /// Reads it.
    pub get: fn(&Parameters) -> f64,
    set: fn(&mut Parameters, f64) -> bool,
}

/// A type that a parameter can have; each crosses a command as one number.
trait Value: Sized {
    const NAMES: &'static [&'static str] = &[];
    fn number(&self) -> f64;
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

impl Value for Horizon {
    const NAMES: &'static [&'static str] = Self::NAMES;
    fn number(&self) -> f64 {
        f64::from(*self as u8)
    }
    fn from_number(number: f64) -> Option<Self> {
        match u32::from_number(number)? {
            0 => Some(Self::Session),
            1 => Some(Self::Rolling),
            2 => Some(Self::Infinite),
            _ => None,
        }
    }
}

macro_rules! parameters {
    ($($id:literal $key:ident: $type:ty = $default:expr,
       $unit:literal, $min:literal to $max:literal, $help:literal;)*) => {
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
        pub const PARAMETERS: &[Parameter] = &[$(
            Parameter {
                id: $id,
                key: stringify!($key),
                unit: $unit,
                min: $min,
                max: $max,
                names: <$type as Value>::NAMES,
                help: $help,
                get: |parameters| parameters.$key.number(),
                set: |parameters, number| match <$type>::from_number(number) {
                    Some(value) => { parameters.$key = value; true }
                    None => false,
                },
            },
        )*];
    };
}

parameters! {
    1 gamma: f64 = 0.01, "1/(price·order)", 0.0 to 1e6,
        "γ, risk aversion: holding one order moves the quotes by γσ²(T − t).";
    2 horizon: Horizon = Horizon::Rolling, "name", 0.0 to 2.0,
        "Which T − t the formulas see: session, rolling or infinite.";
    3 horizon_s: f64 = 10.0, "s", 0.001 to 604800.0,
        "T, the length of a session, or T − t where it rolls.";
    4 omega: f64 = 0.0, "1/s", 0.0 to 1e9,
        "ω of the infinite horizon, raised where it allows under one order of inventory; 0 takes \
         the natural one, ½γ²σ²(inventory_max + 1)².";
    5 order_qty: f64 = 0.001, "base", 1e-9 to 1e9,
        "Quantity of the first level; the unit in which inventory is measured.";
    6 inventory_target: f64 = 0.0, "base", -1e9 to 1e9,
        "Position that is aimed at.";
    7 inventory_max: f64 = 10.0, "orders", 1.0 to 1e6,
        "Distance from the target at which the side that would add to it is withdrawn.";
    8 eta: f64 = 0.0, "1/order", 0.0 to 100.0,
        "η, shape of the quantity: the side that adds to inventory q is cut by exp(−η·|q|).";
    9 levels: u32 = 1, "count", 1.0 to 8.0,
        "Levels on each side.";
    10 level_spacing_bps: f64 = 1.0, "bp", 0.0 to 1000.0,
        "Distance between levels, of the mid; at least one tick.";
    11 level_growth: f64 = 1.0, "factor", 0.1 to 10.0,
        "Quantity of a level, of the one before it.";
    12 spread_min_bps: f64 = 0.0, "bp", 0.0 to 5000.0,
        "Least spread between the first levels, of the mid.";
    13 spread_max_bps: f64 = 200.0, "bp", 0.01 to 10000.0,
        "Largest spread between the first levels, of the mid, before rounding outward to ticks.";
    14 refresh_s: f64 = 0.1, "s", 0.001 to 60.0,
        "How often σ, κ and T − t are taken over into the quotes.";
    15 sigma_half_life_s: f64 = 60.0, "s", 0.1 to 86400.0,
        "Time in which a change of the mid loses half its weight.";
    16 sigma_sample_s: f64 = 0.0, "s", 0.0 to 60.0,
        "Shortest time between two mids that are compared, against bid-ask bounce.";
    17 sigma_floor: f64 = 1e-9, "price/√s", 1e-12 to 1e9,
        "Least σ believed.";
    18 sigma_cap: f64 = 1e9, "price/√s", 1e-12 to 1e9,
        "Largest σ believed.";
    19 sigma_start: f64 = 0.0, "price/√s", 0.0 to 1e9,
        "σ believed at the start; 0: none, quotes wait for sigma_warm_up_s.";
    20 sigma_warm_up_s: f64 = 10.0, "s", 0.0 to 86400.0,
        "Seconds to be seen before quoting where there is no start value.";
    21 kappa_estimated: bool = true, "name", 0.0 to 1.0,
        "Whether A and κ are estimated for each side; else kappa_start stands.";
    22 kappa_half_life_s: f64 = 300.0, "s", 1.0 to 86400.0,
        "Time in which a taker order loses half its weight.";
    23 kappa_range_bps: f64 = 20.0, "bp", 0.01 to 1000.0,
        "Distances from the mid over which κ is fitted, of the mid; beyond, orders are counted.";
    24 kappa_distance_bps: f64 = 0.0, "bp", 0.0 to 1000.0,
        "Distance from the mid below which orders are left out of the fit.";
    25 kappa_floor: f64 = 1e-9, "1/price", 1e-12 to 1e12,
        "Least κ believed.";
    26 kappa_cap: f64 = 1e9, "1/price", 1e-12 to 1e12,
        "Largest κ believed.";
    27 kappa_start: f64 = 0.0, "1/price", 0.0 to 1e12,
        "κ believed at the start; 0: none, quotes wait for kappa_warm_up_orders.";
    28 rate_floor: f64 = 1e-6, "1/s", 1e-12 to 1e6,
        "Least A believed.";
    29 rate_cap: f64 = 1e6, "1/s", 1e-12 to 1e6,
        "Largest A believed.";
    30 rate_start: f64 = 1.0, "1/s", 1e-9 to 1e6,
        "A believed at the start, where κ has a start value.";
    31 kappa_warm_up_orders: f64 = 30.0, "orders", 1.0 to 1e6,
        "Taker orders to be seen on each side before quoting where there is no start value.";
    32 trade_lag_s: f64 = 0.005, "s", 0.0 to 1.0,
        "How long a mid must have stood before a trade to be the one that it reached away from.";
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
    /// A floor above its cap.
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
    /// κ is neither estimated nor given.
    NoKappa,
    /// The infinite horizon divides by γ.
    NoGamma,
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
            Self::NoKappa => f.write_str(
                "kappa_estimated = false needs kappa_start above 0: give κ in 1/price, or let it \
                 be estimated",
            ),
            Self::NoGamma => f.write_str(
                "horizon = \"infinite\" needs gamma above 0: raise gamma, or take \"rolling\"",
            ),
        }
    }
}

impl core::error::Error for ParameterError {}

impl Parameter {
    /// By its number.
    pub fn by_id(id: u16) -> Option<&'static Self> {
        PARAMETERS.iter().find(|parameter| parameter.id == id)
    }

    /// By its name.
    pub fn by_key(key: &str) -> Option<&'static Self> {
        PARAMETERS.iter().find(|parameter| parameter.key == key)
    }

    /// Changes it; refused (and unchanged) outside its range. The whole is to be validated after.
    pub fn set(&self, parameters: &mut Parameters, value: f64) -> Result<(), ParameterError> {
        let inside = value >= self.min && value <= self.max;
        if inside && (self.set)(parameters, value) { Ok(()) } else { Err(self.range(value)) }
    }

    const fn range(&self, value: f64) -> ParameterError {
        let Self { key, unit, min, max, .. } = *self;
        ParameterError::Range { key, value, unit, min, max }
    }
}

impl Parameters {
    /// The first thing that is wrong with it.
    pub fn validate(&self) -> Result<(), ParameterError> {
        for parameter in PARAMETERS {
            let value = (parameter.get)(self);
            if !(value >= parameter.min && value <= parameter.max) {
                return Err(parameter.range(value));
            }
        }
        let pairs = [
            ("spread_min_bps", self.spread_min_bps, "spread_max_bps", self.spread_max_bps),
            ("sigma_floor", self.sigma_floor, "sigma_cap", self.sigma_cap),
            ("kappa_floor", self.kappa_floor, "kappa_cap", self.kappa_cap),
            ("rate_floor", self.rate_floor, "rate_cap", self.rate_cap),
        ];
        for (low, low_value, high, high_value) in pairs {
            if low_value > high_value {
                return Err(ParameterError::Order { low, low_value, high, high_value });
            }
        }
        if !self.kappa_estimated && self.kappa_start <= 0.0 {
            return Err(ParameterError::NoKappa);
        }
        if self.horizon == Horizon::Infinite && self.gamma <= 0.0 {
            return Err(ParameterError::NoGamma);
        }
        Ok(())
    }

    /// These with one changed, if that is allowed: what a `Set` event does.
    pub fn with(&self, id: u16, value: f64) -> Result<Self, ParameterError> {
        let mut changed = *self;
        Parameter::by_id(id).ok_or(ParameterError::Unknown { id })?.set(&mut changed, value)?;
        changed.validate()?;
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use engine::plan::LEVELS_MAX;
    use std::string::ToString;

    #[test]
    fn numbers_and_names_are_unique_and_defaults_are_valid() {
        for (place, parameter) in PARAMETERS.iter().enumerate() {
            assert_eq!(usize::from(parameter.id), place + 1, "{}", parameter.key);
            assert_eq!(Parameter::by_key(parameter.key).unwrap().id, parameter.id);
        }
        Parameters::default().validate().unwrap();
        assert_eq!(LEVELS_MAX as f64, Parameter::by_key("levels").unwrap().max);
    }

    #[test]
    fn errors_say_what_and_how_to_mend_it() {
        let check = |key: &str, value: f64, expect: &str| {
            let id = Parameter::by_key(key).unwrap().id;
            let result = Parameters::default().with(id, value);
            assert_eq!(result.map_or_else(|e| e.to_string(), |_| "ok".to_string()), expect);
        };
        check("gamma", 0.2, "ok");
        check("gamma", -1.0, "gamma = -1 1/(price·order): must be from 0 to 1000000");
        check("gamma", f64::NAN, "gamma = NaN 1/(price·order): must be from 0 to 1000000");
        check("levels", 1.5, "levels = 1.5 count: must be from 1 to 8, a whole number");
        check(
            "spread_min_bps",
            300.0,
            "spread_min_bps = 300 lies above spread_max_bps = 200: lower it, or raise \
             spread_max_bps",
        );
        check(
            "kappa_estimated",
            0.0,
            "kappa_estimated = false needs kappa_start above 0: give κ in 1/price, or let it be \
             estimated",
        );
        assert_eq!(
            Parameters::default().with(999, 0.0).unwrap_err().to_string(),
            "no parameter has number 999"
        );
    }
}
