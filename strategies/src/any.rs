//! All strategies as one closed type, so that the engine calls them without indirection and
//! configuration picks one by name.

use crate::arbitrage::Arbitrage;
use crate::avellaneda_stoikov::AvellanedaStoikov;
use crate::basis::Basis;
use crate::cross_market::CrossMarket;
use crate::execution::Execution;
use crate::gueant_lehalle::GueantLehalle;
use crate::market_making::MarketMaking;
use crate::pairs::Pairs;
use crate::parameter::{Parameter, ParameterError, Table, from_nano, to_nano};
use crate::tactic::{BuildError, Role, Tactic};
use crate::triangular::Triangular;
use engine::event::Event;
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::plan::Plan;
use engine::state::{Restore, Sink, Source, State};
use engine::strategy::{Reading, Strategy, View};

/// One strategy as configuration and help know it.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// Its number in journals and `Set` events; fixed for ever.
    pub number: u16,
    /// The name that configuration uses.
    pub name: &'static str,
    /// What can be set.
    pub parameters: &'static [Parameter],
    /// What its instruments are for; there are at least as many.
    pub roles: &'static [Role],
    /// Most instruments that it takes.
    pub instruments_max: usize,
}

impl Listed {
    /// By the name that configuration uses.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        STRATEGIES.iter().find(|listed| listed.name == name)
    }

    /// One of its parameters by name.
    pub fn parameter(&self, key: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.key == key)
    }

    /// The key of a `Set` event: strategies number their parameters each from 1, so the upper bits
    /// are the strategy's number.
    pub const fn key(&self, parameter: &Parameter) -> u64 {
        (self.number as u64) << 16 | parameter.id as u64
    }

    /// A parameter's key and value as a `Set` event carries them; `None` where there is no such
    /// parameter or the value does not fit.
    pub fn set_event(&self, key: &str, value: f64) -> Option<(u64, i64)> {
        Some((self.key(self.parameter(key)?), to_nano(value)?))
    }

    /// The strategy and parameter that a `Set` event's key stands for.
    pub fn of_key(key: u64) -> Option<(&'static Self, &'static Parameter)> {
        let listed = STRATEGIES.iter().find(|listed| u64::from(listed.number) == key >> 16)?;
        let mut parameters = listed.parameters.iter();
        let parameter = parameters.find(|parameter| u64::from(parameter.id) == key & 0xffff)?;
        Some((listed, parameter))
    }
}

macro_rules! closed {
    ($($(#[$doc:meta])* $number:literal $name:literal $variant:ident($strategy:ty);)*) => {
        /// One of the strategies.
        #[derive(Clone, Debug)]
        // Each desk has one, in place: a box would be an indirection on the hot path.
        #[allow(clippy::large_enum_variant)]
        pub enum Any {
            $($(#[$doc])* $variant($strategy),)*
        }

        /// The parameters of one of the strategies.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[allow(clippy::large_enum_variant)]
        pub enum Settings {
            $($(#[$doc])* $variant(<$strategy as Tactic>::Parameters),)*
        }

        /// All strategies.
        pub const STRATEGIES: &[Listed] = &[$(Listed {
            number: $number,
            name: $name,
            parameters: <<$strategy as Tactic>::Parameters as Table>::ALL,
            roles: <$strategy as Tactic>::ROLES,
            instruments_max: <$strategy as Tactic>::INSTRUMENTS_MAX,
        },)*];

        /// The same for each of them.
        macro_rules! each {
            ($any:expr, $one:ident => $body:expr) => {
                match $any {
                    $(Any::$variant($one) => $body,)*
                }
            };
        }

        impl Settings {
            /// The defaults of a strategy by the name that configuration uses.
            pub fn of(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant(Default::default())),)*
                    _ => None,
                }
            }

            /// Which strategy they are of.
            pub fn listed(&self) -> &'static Listed {
                let number: u16 = match self {
                    $(Self::$variant(_) => $number,)*
                };
                &STRATEGIES[usize::from(number)]
            }

            /// One of them as a number; `None` where no parameter has this id.
            pub fn get(&self, id: u16) -> Option<f64> {
                match self {
                    $(Self::$variant(parameters) => parameters.get(id),)*
                }
            }

            /// Changes one; refused (and unchanged) outside its range. The whole is to be
            /// validated after.
            pub fn set(&mut self, id: u16, value: f64) -> Result<(), ParameterError> {
                match self {
                    $(Self::$variant(parameters) => parameters.set(id, value),)*
                }
            }

            /// The first thing that is wrong with them.
            pub fn validate(&self) -> Result<(), ParameterError> {
                match self {
                    $(Self::$variant(parameters) => parameters.validate(),)*
                }
            }

            /// The strategy with these parameters, for instruments in the order of its roles.
            pub fn build(&self, instruments: &[Instrument]) -> Result<Any, BuildError> {
                match self {
                    $(Self::$variant(parameters) => {
                        <$strategy as Tactic>::build(*parameters, instruments).map(Any::$variant)
                    })*
                }
            }

            fn load(source: &mut dyn Source) -> Option<Self> {
                match source.word()? {
                    $($number => Some(Self::$variant(Table::load(source)?)),)*
                    _ => None,
                }
            }
        }

        impl Any {
            /// Which one it is.
            pub fn listed(&self) -> &'static Listed {
                let number: u16 = match self {
                    $(Self::$variant(_) => $number,)*
                };
                &STRATEGIES[usize::from(number)]
            }

            /// Its parameters as they are now.
            pub fn settings(&self) -> Settings {
                match self {
                    $(Self::$variant(strategy) => {
                        Settings::$variant(*Tactic::parameters(strategy))
                    })*
                }
            }

            fn configure(&mut self, settings: &Settings) -> Option<()> {
                match (self, settings) {
                    $((Self::$variant(strategy), Settings::$variant(parameters)) => {
                        Tactic::configure(strategy, *parameters);
                        Some(())
                    })*
                    #[allow(unreachable_patterns)]
                    _ => None,
                }
            }

            fn carry_like(&mut self, old: &Self) {
                match (self, old) {
                    $((Self::$variant(strategy), Self::$variant(old)) => {
                        Tactic::carry(strategy, old);
                    })*
                    #[allow(unreachable_patterns)]
                    _ => {}
                }
            }
        }
    };
}

closed! {
    /// M. Avellaneda and S. Stoikov, 2008.
    0 "avellaneda-stoikov" AvellanedaStoikov(AvellanedaStoikov);
    /// Levels around a reference price.
    1 "market-making" MarketMaking(MarketMaking);
    /// Quotes on one venue, hedges on another.
    2 "cross-market" CrossMarket(CrossMarket);
    /// Buys on one venue what it sells on another.
    3 "arbitrage" Arbitrage(Arbitrage);
    /// O. Guéant, C.-A. Lehalle and J. Fernandez-Tapia, 2013.
    4 "gueant-lehalle" GueantLehalle(GueantLehalle);
    /// Around cycles of instruments.
    5 "triangular" Triangular(Triangular);
    /// A perpetual against its spot.
    6 "basis" Basis(Basis);
    /// Two assets that go together.
    7 "pairs" Pairs(Pairs);
    /// One large order.
    8 "execution" Execution(Execution);
}

impl Strategy for Any {
    #[inline]
    fn learn(&mut self, event: &Event, view: &View<'_>) {
        each!(self, one => Tactic::learn(one, event, view));
    }

    #[inline]
    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        each!(self, one => Tactic::plan(one, view, plans));
    }

    /// Keys are those of [`Listed::key`]; one of another strategy is refused.
    fn set(&mut self, key: u64, value: i64) -> bool {
        if key >> 16 != u64::from(self.listed().number) {
            return false;
        }
        let id = (key & 0xffff) as u16;
        each!(self, one => Tactic::change(one, id, from_nano(value)).is_ok())
    }

    /// What another kind of strategy has learnt means nothing here.
    fn carry(&mut self, old: &Self) {
        self.carry_like(old);
    }

    fn reading(&self, instrument: InstrumentId) -> Reading {
        each!(self, one => Tactic::reading(one, instrument))
    }
}

impl Restore for Any {
    fn restore(source: &mut dyn Source, instruments: &[Instrument]) -> Option<Self> {
        let mut any = Settings::load(source)?.build(instruments).ok()?;
        each!(&mut any, one => Tactic::load_learnt(one, source))?;
        Some(any)
    }
}

/// The strategy's number, its parameters, what it has learnt.
impl State for Any {
    fn save(&self, sink: &mut dyn Sink) {
        sink.word(u64::from(self.listed().number));
        each!(self, one => {
            Tactic::parameters(one).save(sink);
            Tactic::save_learnt(one, sink);
        });
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        let settings = Settings::load(source)?;
        self.configure(&settings)?;
        each!(self, one => Tactic::load_learnt(one, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_unique_and_defaults_are_valid() {
        for (place, listed) in STRATEGIES.iter().enumerate() {
            assert_eq!(usize::from(listed.number), place, "{}", listed.name);
            assert_eq!(Listed::by_name(listed.name).unwrap().number, listed.number);
            let settings = Settings::of(listed.name).unwrap();
            assert_eq!(settings.listed().name, listed.name);
            settings.validate().unwrap();
            for (place, parameter) in listed.parameters.iter().enumerate() {
                assert_eq!(usize::from(parameter.id), place + 1, "{}", parameter.key);
                assert_eq!(settings.get(parameter.id), Some(parameter.default));
                assert!(parameter.names.is_empty() || parameter.unit == "name");
                let (key, _) = listed.set_event(parameter.key, parameter.default).unwrap();
                let (of, same) = Listed::of_key(key).unwrap();
                assert_eq!((of.name, same.key), (listed.name, parameter.key));
            }
        }
        assert!(Listed::of_key(u64::MAX).is_none());
    }
}
