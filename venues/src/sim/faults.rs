//! What goes wrong on demand: requests refused or lost, and times without a connection.

use engine::time::Nanos;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A time without a connection to the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// When it begins, from the start of the venue on.
    pub after: Nanos,
    /// How long it lasts.
    pub span: Nanos,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Faults {
    /// How many requests to place, of a million, the venue refuses for no reason of ours.
    pub reject_ppm: u32,
    /// How many requests of a million are lost, half of them on the way there, half as answers.
    pub lose_ppm: u32,
    /// When there is no connection. What happens meanwhile is told at its end.
    pub outages: Vec<Outage>,
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Luck {
    Good,
    Rejected,
    /// It never arrives.
    Lost,
    /// It is carried out, and its answer is lost.
    Mute,
}

/// Faults as they come.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    faults: Faults,
    start: Nanos,
    /// The outages before this one are over.
    outage: usize,
    random: StdRng,
}

impl Trouble {
    pub fn new(mut faults: Faults, start: Nanos, seed: u64) -> Self {
        faults.outages.sort_by_key(|outage| outage.after);
        Self { faults, start, outage: 0, random: StdRng::seed_from_u64(seed) }
    }

    /// Draws for one request; only places are rejected.
    pub fn draw(&mut self, is_place: bool) -> Luck {
        if self.faults.reject_ppm == 0 && self.faults.lose_ppm == 0 {
            return Luck::Good;
        }
        let rejected = self.random.random_range(0..1_000_000);
        let lost = self.random.random_range(0..2_000_000);
        if is_place && rejected < self.faults.reject_ppm {
            Luck::Rejected
        } else if lost < self.faults.lose_ppm {
            Luck::Lost
        } else if lost < self.faults.lose_ppm.saturating_mul(2) {
            Luck::Mute
        } else {
            Luck::Good
        }
    }

    /// From when till when the current or next outage is.
    pub fn outage(&self) -> Option<(Nanos, Nanos)> {
        let outage = self.faults.outages.get(self.outage)?;
        let from = self.start.after(outage.after);
        Some((from, from.after(outage.span)))
    }

    /// The current outage is over.
    pub const fn over(&mut self) {
        self.outage += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luck_is_the_seed_s_and_as_bad_as_asked_for() {
        let faults = Faults { reject_ppm: 100_000, lose_ppm: 200_000, ..Faults::default() };
        let draws = |seed| -> Vec<Luck> {
            let mut trouble = Trouble::new(faults.clone(), Nanos::ZERO, seed);
            (0..10_000).map(|_| trouble.draw(true)).collect()
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
        let of = |luck| draws(1).iter().filter(|drawn| **drawn == luck).count();
        assert!((900..1_100).contains(&of(Luck::Rejected)), "{}", of(Luck::Rejected));
        assert!((800..1_000).contains(&of(Luck::Lost)), "{}", of(Luck::Lost));
        assert!((800..1_000).contains(&of(Luck::Mute)), "{}", of(Luck::Mute));
    }

    #[test]
    fn outages_come_in_order_from_the_start_on() {
        let outage = |after, span| Outage { after: Nanos(after), span: Nanos(span) };
        let outages = vec![outage(50, 5), outage(10, 2)];
        let mut trouble = Trouble::new(Faults { outages, ..Faults::default() }, Nanos(100), 1);
        assert_eq!(trouble.outage(), Some((Nanos(110), Nanos(112))));
        trouble.over();
        assert_eq!(trouble.outage(), Some((Nanos(150), Nanos(155))));
        trouble.over();
        assert_eq!(trouble.outage(), None);
    }
}
