//! All strategies as one closed type, so that the engine calls them without indirection and
//! configuration picks one by name.

use crate::avellaneda_stoikov::{AvellanedaStoikov, PARAMETERS, Parameter};
use engine::event::Event;
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::plan::Plan;
use engine::state::{Restore, Sink, Source, State};
use engine::strategy::{Reading, Strategy, View};

/// One of the strategies.
#[derive(Clone, Debug)]
pub enum Any {
    /// M. Avellaneda and S. Stoikov, 2008.
    AvellanedaStoikov(AvellanedaStoikov),
}

/// The names that configuration uses, each with its parameters.
pub const STRATEGIES: &[(&str, &[Parameter])] = &[("avellaneda-stoikov", PARAMETERS)];

impl Any {
    /// The name that configuration uses.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AvellanedaStoikov(_) => STRATEGIES[0].0,
        }
    }

    /// The parameters that it takes.
    pub const fn parameters(&self) -> &'static [Parameter] {
        match self {
            Self::AvellanedaStoikov(_) => STRATEGIES[0].1,
        }
    }
}

impl Strategy for Any {
    #[inline]
    fn learn(&mut self, event: &Event, view: &View<'_>) {
        match self {
            Self::AvellanedaStoikov(strategy) => strategy.learn(event, view),
        }
    }

    #[inline]
    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        match self {
            Self::AvellanedaStoikov(strategy) => strategy.plan(view, plans),
        }
    }

    fn set(&mut self, key: u64, value: i64) -> bool {
        match self {
            Self::AvellanedaStoikov(strategy) => strategy.set(key, value),
        }
    }

    fn carry(&mut self, old: &Self) {
        match (self, old) {
            (Self::AvellanedaStoikov(strategy), Self::AvellanedaStoikov(old)) => {
                strategy.carry(old);
            }
        }
    }

    fn reading(&self, instrument: InstrumentId) -> Reading {
        match self {
            Self::AvellanedaStoikov(strategy) => strategy.reading(instrument),
        }
    }
}

impl Restore for Any {
    fn restore(source: &mut dyn Source, instruments: &[Instrument]) -> Option<Self> {
        match source.word()? {
            0 => AvellanedaStoikov::restore(source, instruments.first()?)
                .map(Self::AvellanedaStoikov),
            _ => None,
        }
    }
}

impl State for Any {
    fn save(&self, sink: &mut dyn Sink) {
        match self {
            Self::AvellanedaStoikov(strategy) => {
                sink.word(0);
                strategy.save(sink);
            }
        }
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        let number = source.word()?;
        match self {
            Self::AvellanedaStoikov(strategy) if number == 0 => strategy.load(source),
            Self::AvellanedaStoikov(_) => None,
        }
    }
}
