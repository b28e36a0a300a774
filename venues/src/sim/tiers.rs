//! Fees that fall with what was traded in 30 days.

use super::fee::FeeSchedule;
use engine::num::Notional;
use engine::time::Nanos;

/// Days that count.
const DAYS: usize = 30;

/// Fees from a volume on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// What must have been traded in 30 days, in the quote asset.
    pub volume: Notional,
    /// For orders that rest, in millionths; negative is a rebate.
    pub maker_ppm: i64,
    /// For orders that take, in millionths.
    pub taker_ppm: i64,
}

/// A venue's fee tiers, and where we start.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tiers {
    /// In any order; none where the instruments' own fees hold.
    pub rows: Vec<Tier>,
    /// What was traded in the 30 days before the start; it counts less with each day that passes.
    pub volume: Notional,
}

/// Volume by day, and the tier that it gives; a tier changes at the turn of a day (UTC).
#[derive(Clone, Debug)]
pub(super) struct Volume {
    tiers: Tiers,
    days: [i64; DAYS],
    day: u64,
}

impl Volume {
    pub fn new(mut tiers: Tiers, now: Nanos) -> Self {
        tiers.rows.sort_by_key(|tier| tier.volume);
        let share = tiers.volume.0 / DAYS as i64;
        let mut days = [share; DAYS];
        // The day that begins has no volume yet; its share counts with the oldest day's.
        let today = place(now.day());
        days[today] = 0;
        days[(today + 1) % DAYS] = tiers.volume.0 - share * (DAYS as i64 - 2);
        Self { tiers, days, day: now.day() }
    }

    /// What was traded in 30 days.
    pub fn sum(&self) -> Notional {
        Notional(self.days.iter().fold(0, |sum: i64, day| sum.saturating_add(*day)))
    }

    /// A fill of ours.
    pub fn add(&mut self, worth: Notional) {
        let today = &mut self.days[place(self.day)];
        *today = today.saturating_add(worth.0.saturating_abs());
    }

    /// The turn of the next day.
    pub fn turns_at(&self) -> Nanos {
        Nanos((self.day + 1).saturating_mul(86_400_000_000_000))
    }

    /// Time goes on: true when it is another day.
    pub fn turn(&mut self, now: Nanos) -> bool {
        let is_new = now.day() > self.day;
        for day in (self.day + 1..=now.day()).take(DAYS) {
            self.days[place(day)] = 0;
        }
        self.day = self.day.max(now.day());
        is_new
    }

    /// Fees as they are now, over those of an instrument where there are no tiers.
    pub fn fees(&self, own: FeeSchedule) -> FeeSchedule {
        let sum = self.sum();
        match self.tiers.rows.iter().rfind(|tier| tier.volume <= sum) {
            Some(Tier { maker_ppm, taker_ppm, .. }) => {
                FeeSchedule { maker_ppm: *maker_ppm, taker_ppm: *taker_ppm, ..own }
            }
            None => own,
        }
    }

    /// Whether there are tiers at all.
    pub fn has_tiers(&self) -> bool {
        !self.tiers.rows.is_empty()
    }
}

const fn place(day: u64) -> usize {
    (day % DAYS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000_000_000;

    fn volume(start: i64) -> Volume {
        let tier = |volume, maker_ppm| Tier { volume: Notional(volume), maker_ppm, taker_ppm: 500 };
        let rows = vec![tier(1_000, -50), tier(0, 100), tier(100, 20)];
        Volume::new(Tiers { rows, volume: Notional(start) }, Nanos(7 * DAY))
    }

    #[test]
    fn the_tier_follows_the_volume_of_thirty_days() {
        let own = FeeSchedule { maker_ppm: 1, taker_ppm: 2, always_quote: true };
        let mut volume = volume(0);
        let maker = |volume: &Volume| volume.fees(own).maker_ppm;
        assert_eq!((maker(&volume), volume.fees(own).always_quote), (100, true));
        volume.add(Notional(-999));
        assert_eq!(maker(&volume), 20, "the side does not matter");
        volume.add(Notional(1));
        assert_eq!(maker(&volume), -50, "a rebate");
        assert!(!volume.turn(Nanos(8 * DAY - 1)) && volume.turn(Nanos(8 * DAY)));
        volume.turn(Nanos(36 * DAY));
        assert_eq!(maker(&volume), -50, "day 7 counts on day 36");
        volume.turn(Nanos(37 * DAY));
        assert_eq!((maker(&volume), volume.sum()), (100, Notional(0)));
    }

    #[test]
    fn volume_before_the_start_fades() {
        let mut volume = volume(3_000);
        assert_eq!(volume.sum(), Notional(3_000));
        volume.turn(Nanos(22 * DAY));
        assert!((1_000..2_000).contains(&volume.sum().0), "{:?}", volume.sum());
        volume.turn(Nanos(99 * DAY));
        assert_eq!(volume.sum(), Notional(0));
    }
}
