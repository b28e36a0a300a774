//! From one session to the next: what a fresh engine takes over from one that died or ended.
//!
//! Orders that were not over become unknown, because nobody knows what the venue did since; they
//! count at their worst until it has told. Positions, balances, the day's loss and what the
//! strategies have learnt go on. Parameters, limits and settings are those of the fresh engine.

use super::Engine;
use crate::id::InstrumentId;
use crate::instrument::Symbol;
use crate::session::{Halt, Phase};
use crate::strategy::Strategy;
use core::fmt;

/// What was taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Carried {
    /// Orders that are unknown now.
    pub unknown_orders: usize,
    /// Instruments with a position.
    pub positions: usize,
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unknown_orders, positions } = self;
        write!(
            f,
            "{unknown_orders} orders are unknown until the venue has told, \
             {positions} positions go on"
        )
    }
}

/// Why nothing was taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarryError {
    /// The instruments or their places differ: the one at this place was another.
    Instruments(usize, Option<Symbol>),
    /// There were more or fewer desks.
    Desks(usize),
}

impl fmt::Display for CarryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instruments(place, Some(symbol)) => write!(
                f,
                "the journal's instrument {place} is {symbol}, the configuration has another: \
                 list the same instruments in the same order, or name a new folder"
            ),
            Self::Instruments(place, None) => write!(
                f,
                "the journal has only {place} instruments, the configuration has more: list the \
                 same ones, or name a new folder"
            ),
            Self::Desks(count) => write!(
                f,
                "the journal has {count} desks, the configuration another number: restore the \
                 strategies, or name a new folder"
            ),
        }
    }
}

impl core::error::Error for CarryError {}

impl<S: Strategy> Engine<S> {
    /// Takes over what outlives a session; `died` when it did not end in order: then a halt and the
    /// kill switch outlive it too, because nobody who restarted it has seen them. On an error
    /// `self` is as it was.
    pub fn carry(&mut self, old: Self, died: bool) -> Result<Carried, CarryError> {
        let count = self.market.listings().len().max(old.market.listings().len());
        for place in 0..count {
            let symbol = |engine: &Self| {
                engine.market.listings().get(place).map(|listing| listing.instrument.symbol)
            };
            if symbol(self) != symbol(&old) {
                return Err(CarryError::Instruments(place, symbol(&old)));
            }
        }
        let mut pairs = self.desks.iter().zip(&old.desks);
        let differ = pairs.any(|(one, two)| one.instruments != two.instruments);
        if differ || self.desks.len() != old.desks.len() {
            return Err(CarryError::Desks(old.desks.len()));
        }
        let mut carried = Carried::default();
        for (desk, old) in self.desks.iter_mut().zip(old.desks) {
            carried.unknown_orders += desk.carry(old, died, &mut self.exposure);
            carried.positions += desk.positions.iter().filter(|one| !one.base.is_zero()).count();
        }
        for place in 0..count {
            let (Some(new), Some(old)) =
                (self.market.listings().get(place), old.market.listings().get(place))
            else {
                continue;
            };
            let id = new.instrument.id;
            let grids = (old.instrument.tick, old.instrument.lot);
            if grids != (new.instrument.tick, new.instrument.lot) {
                self.rebase(id, grids);
            } else {
                // A position is worth something before the book is back.
                self.market.remember_mid(id, old.last_mid_twice);
            }
        }
        self.recount();
        for (venue, old) in self.venues.iter_mut().zip(old.venues) {
            venue.account = old.account;
            venue.account.forget_told();
        }
        self.next_trades = old.next_trades;
        self.held = old.held;
        self.now = old.now;
        let lasting = matches!(
            old.halt,
            Halt::Killed | Halt::DailyLoss | Halt::BalanceDifference | Halt::PositionDifference
        );
        if died && lasting {
            self.halt = old.halt;
            self.phase = Phase::Halted;
        }
        Ok(carried)
    }

    /// Per instrument, the first own trade that has not been told; 0 where nothing is known.
    pub fn next_trades(&self) -> impl Iterator<Item = (InstrumentId, u64)> + '_ {
        let all = self.next_trades.iter().enumerate();
        all.map(|(place, next)| (InstrumentId(place as u16), *next))
    }

    /// Own trades below this one have been told.
    pub(super) fn trades_told(&mut self, instrument: InstrumentId, next: u64) {
        if let Some(known) = self.next_trades.get_mut(instrument.index()) {
            *known = next.max(*known);
        }
    }
}
