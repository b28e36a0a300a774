//! All cycles over some instruments, found once, and which of them go through each.

use crate::tactic::BuildError;
use alloc::vec::Vec;
use engine::id::{AssetId, Side};
use engine::instrument::Instrument;

/// Longest cycle.
pub const STEPS_MAX: usize = 4;
/// Most cycles.
const CYCLES_MAX: usize = 1 << 16;

/// One step: an instrument, by its place, and what is done on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The instrument's place in the list.
    pub leg: u8,
    /// Buying turns quote into base, selling base into quote.
    pub side: Side,
}

/// Steps that lead from an asset back to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cycle {
    steps: [Step; STEPS_MAX],
    len: u8,
    /// How the asset that it begins with is valued: the place of an instrument between it and the
    /// numeraire, and whether it is the base there; nothing where it is the numeraire.
    pub value: Option<(u8, bool)>,
}

impl Cycle {
    /// Its steps, in order.
    #[inline]
    pub fn steps(&self) -> &[Step] {
        &self.steps[..usize::from(self.len).min(STEPS_MAX)]
    }
}

/// All cycles, by number, and by the instruments that they go through.
#[derive(Clone, Debug)]
pub struct Cycles {
    all: Vec<Cycle>,
    /// Numbers of cycles, those through the first instrument first.
    numbers: Vec<u32>,
    /// Where the numbers of each instrument begin, and the end.
    starts: Vec<u32>,
}

/// The asset that a step takes and the one that it gives.
fn ends(instrument: &Instrument, side: Side) -> (AssetId, AssetId) {
    match side {
        Side::Buy => (instrument.quote, instrument.base),
        Side::Sell => (instrument.base, instrument.quote),
    }
}

impl Cycles {
    /// All cycles of three up to `length` steps, each once and in both directions; on one venue
    /// each, where that is asked for. Left out are cycles that neither pass the quote asset of the
    /// first instrument nor begin with an asset that an instrument prices in it.
    pub fn find(
        instruments: &[Instrument],
        length: usize,
        same_venue: bool,
    ) -> Result<Self, BuildError> {
        let mut search =
            Search { instruments, length: length.min(STEPS_MAX), same_venue, found: Vec::new() };
        for instrument in instruments {
            for start in [instrument.base, instrument.quote] {
                // From each asset once, at the instrument that names it first.
                let first = instruments.iter().find(|one| [one.base, one.quote].contains(&start));
                if first.is_some_and(|one| one.id == instrument.id) {
                    search.go_on(start, start, &mut Vec::new())?;
                }
            }
        }
        let all = search.found;
        if all.is_empty() {
            return Err(BuildError::Nothing(
                "the instruments make no cycle of three: name, for instance, BTC/USDT, ETH/USDT \
                 and ETH/BTC of one venue",
            ));
        }
        let mut cycles = Self { all, numbers: Vec::new(), starts: Vec::new() };
        for leg in 0..instruments.len() {
            cycles.starts.push(cycles.numbers.len() as u32);
            let through = |cycle: &&Cycle| cycle.steps().iter().any(|s| usize::from(s.leg) == leg);
            let numbers = cycles.all.iter().enumerate().filter(|(_, cycle)| through(cycle));
            cycles.numbers.extend(numbers.map(|(number, _)| number as u32));
        }
        cycles.starts.push(cycles.numbers.len() as u32);
        Ok(cycles)
    }

    /// All of them.
    pub fn all(&self) -> &[Cycle] {
        &self.all
    }

    /// One by its number.
    #[inline]
    pub fn get(&self, number: usize) -> Option<&Cycle> {
        self.all.get(number)
    }

    /// Numbers of the cycles through an instrument.
    #[inline]
    pub fn through(&self, leg: usize) -> &[u32] {
        let (Some(start), Some(end)) = (self.starts.get(leg), self.starts.get(leg + 1)) else {
            return &[];
        };
        self.numbers.get(*start as usize..*end as usize).unwrap_or(&[])
    }
}

struct Search<'a> {
    instruments: &'a [Instrument],
    length: usize,
    same_venue: bool,
    found: Vec<Cycle>,
}

impl Search<'_> {
    /// Continues a path from `start` that has reached `here`. A cycle is taken from its lowest
    /// asset alone, so that it is found once.
    fn go_on(
        &mut self,
        start: AssetId,
        here: AssetId,
        path: &mut Vec<Step>,
    ) -> Result<(), BuildError> {
        for (leg, instrument) in self.instruments.iter().enumerate() {
            for side in Side::BOTH {
                let (from, to) = ends(instrument, side);
                let step = Step { leg: leg as u8, side };
                if from != here || !self.may_follow(path, &step) {
                    continue;
                }
                if to == start && path.len() >= 2 {
                    path.push(step);
                    self.take(path)?;
                    path.pop();
                } else if to > start && path.len() + 1 < self.length && !self.passed(path, to) {
                    path.push(step);
                    self.go_on(start, to, path)?;
                    path.pop();
                }
            }
        }
        Ok(())
    }

    fn may_follow(&self, path: &[Step], step: &Step) -> bool {
        let venue = |step: &Step| self.instruments[usize::from(step.leg)].venue;
        let fits = path.first().is_none_or(|first| venue(first) == venue(step));
        path.iter().all(|other| other.leg != step.leg) && (fits || !self.same_venue)
    }

    fn passed(&self, path: &[Step], asset: AssetId) -> bool {
        path.iter().any(|s| ends(&self.instruments[usize::from(s.leg)], s.side).1 == asset)
    }

    /// Keeps a cycle, begun at the numeraire where it passes there.
    fn take(&mut self, path: &[Step]) -> Result<(), BuildError> {
        if self.found.len() >= CYCLES_MAX {
            return Err(BuildError::Nothing(
                "the instruments make more than 65536 cycles: name fewer, or length_max = 3",
            ));
        }
        let numeraire = self.instruments[0].quote;
        let begins = |step: &Step| ends(&self.instruments[usize::from(step.leg)], step.side).0;
        let at = path.iter().position(|step| begins(step) == numeraire);
        let value = match at {
            Some(_) => None,
            None => {
                let asset = begins(&path[0]);
                let prices = |one: &Instrument, base, quote| one.base == base && one.quote == quote;
                let mut all = self.instruments.iter();
                let found = all
                    .position(|one| prices(one, asset, numeraire) || prices(one, numeraire, asset));
                let Some(place) = found else { return Ok(()) };
                Some((place as u8, self.instruments[place].base == asset))
            }
        };
        let mut steps = [Step { leg: 0, side: Side::Buy }; STEPS_MAX];
        for (place, step) in steps.iter_mut().zip(path.iter().cycle().skip(at.unwrap_or(0))) {
            *place = *step;
        }
        self.found.push(Cycle { steps, len: path.len() as u8, value });
        Ok(())
    }
}
