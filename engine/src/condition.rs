//! What an order at the venue waits for, and what of it a venue keeps.
//!
//! A condition is a price that is reached, or how far a price comes back from its best: by a
//! distance or by a share of it, as venues know either. Two conditional orders may be linked: the
//! first that fires ends the other (OCO), and both may sleep until an entry is filled (bracket).

use crate::num::Price;

/// Which price is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Watched {
    /// The last public trade.
    Last = 0,
    /// The mark price of a perpetual.
    Mark = 1,
    /// The mid of the book.
    Mid = 2,
}

impl Watched {
    /// All of them with the names that people use.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Last, "last"), (Self::Mark, "mark"), (Self::Mid, "mid")];

    /// Its bit in [`Keeps`].
    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// How the price of a [`Condition`] is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum By {
    /// The price to be reached.
    Price = 0,
    /// So many ticks back from the best price since.
    Distance = 1,
    /// So many millionths back from the best price since.
    Share = 2,
}

impl By {
    /// All of them, by number.
    pub const ALL: [Self; 3] = [Self::Price, Self::Distance, Self::Share];
}

/// What an order at the venue waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The price: see `by`.
    pub price: Price,
    /// How it is meant.
    pub by: By,
    /// Which price is watched.
    pub watched: Watched,
    /// Whether that price has to rise to it, or to fall.
    pub rises: bool,
}

impl Condition {
    /// The price at which it would fire if the watched one turned now.
    pub fn trigger(&self, now: Price) -> Price {
        let back = match self.by {
            By::Price => return self.price,
            By::Distance => self.price.0,
            By::Share => share_of(now, self.price.0),
        };
        Price(if self.rises { now.0.saturating_add(back) } else { now.0.saturating_sub(back) })
    }
}

/// So many millionths of a price, in whole ticks, at least one.
pub fn share_of(price: Price, ppm: i64) -> i64 {
    let ticks = i128::from(price.0) * i128::from(ppm) / 1_000_000;
    i64::try_from(ticks).unwrap_or(i64::MAX).max(1)
}

/// Whether a conditional order stands alone. Linked ones leave one after the other, and the gateway
/// makes one request of them: an [`Entry`](crate::intent::Intent::Entry) where it is a bracket, the
/// first, the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tie {
    /// It does.
    Alone = 0,
    /// The one that follows at once belongs to it.
    First = 1,
    /// It belongs to the one before.
    Second = 2,
}

impl Tie {
    /// All of them, by number.
    pub const ALL: [Self; 3] = [Self::Alone, Self::First, Self::Second];
}

/// How a venue keeps a pair of orders of which the first that fires ends the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// As two orders, each with a name of its own.
    Two,
    /// As one order with two prices, under the name of the first.
    One,
}

/// Smallest and largest share of a trailing stop that venues keep, in millionths.
const SHARES: core::ops::RangeInclusive<i64> = 1_000..=100_000;

const DISTANCE_SHIFT: u32 = 4;
const SHARE_SHIFT: u32 = 8;
const COARSE: u32 = 1 << 12;
const PAIRS_TWO: u32 = 1 << 13;
const PAIRS_ONE: u32 = 1 << 14;
const BRACKETS: u32 = 1 << 15;
const ALL: u32 = 0x777 | COARSE | PAIRS_TWO | PAIRS_ONE | BRACKETS;

/// What of orders that wait a venue keeps, for one instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keeps(u32);

impl Keeps {
    /// Nothing.
    pub const NOTHING: Self = Self(0);

    /// Stops and take-profits by this price, too.
    pub const fn and_stops(self, watched: Watched) -> Self {
        Self(self.0 | watched.bit())
    }

    /// Trailing stops by a distance from this price, too.
    pub const fn and_distances(self, watched: Watched) -> Self {
        Self(self.0 | watched.bit() << DISTANCE_SHIFT)
    }

    /// Trailing stops by a share of this price, too; `coarse`: in steps of a thousandth, else of a
    /// ten-thousandth.
    pub const fn and_shares(self, watched: Watched, coarse: bool) -> Self {
        let step = if coarse { COARSE } else { 0 };
        Self(self.0 | watched.bit() << SHARE_SHIFT | step)
    }

    /// Pairs, too.
    pub const fn and_pairs(self, pairs: Pairs) -> Self {
        Self(match pairs {
            Pairs::Two => self.0 | PAIRS_TWO,
            Pairs::One => self.0 | PAIRS_ONE,
        })
    }

    /// Pairs that sleep until the order that opens the position is filled, too.
    pub const fn and_brackets(self) -> Self {
        Self(self.0 | BRACKETS)
    }

    /// Whether it keeps an order that waits for this.
    pub fn waits_for(self, until: &Condition) -> bool {
        let step = if self.0 & COARSE != 0 { 1_000 } else { 100 };
        let (shift, fits) = match until.by {
            By::Price => (0, true),
            By::Distance => (DISTANCE_SHIFT, true),
            By::Share => {
                let ppm = until.price.0;
                (SHARE_SHIFT, SHARES.contains(&ppm) && ppm % step == 0)
            }
        };
        fits && self.0 & until.watched.bit() << shift != 0
    }

    /// Whether and how it keeps pairs.
    pub const fn pairs(self) -> Option<Pairs> {
        if self.0 & PAIRS_TWO != 0 {
            Some(Pairs::Two)
        } else if self.0 & PAIRS_ONE != 0 {
            Some(Pairs::One)
        } else {
            None
        }
    }

    /// Whether it keeps pairs that sleep until an entry is filled.
    pub const fn brackets(self) -> bool {
        self.0 & BRACKETS != 0
    }

    /// As a word.
    pub const fn word(self) -> u64 {
        self.0 as u64
    }

    /// From such a word.
    pub fn from_word(word: u64) -> Option<Self> {
        u32::try_from(word).ok().filter(|bits| bits & !ALL == 0).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_venue_keeps_what_it_says_and_nothing_else() {
        let all = Keeps::NOTHING
            .and_stops(Watched::Last)
            .and_distances(Watched::Mark)
            .and_shares(Watched::Last, true);
        let kept = |by, price, watched| {
            all.waits_for(&Condition { price: Price(price), by, watched, rises: false })
        };
        assert!(kept(By::Price, 5, Watched::Last) && !kept(By::Price, 5, Watched::Mark));
        assert!(kept(By::Distance, 5, Watched::Mark) && !kept(By::Distance, 5, Watched::Last));
        assert!(kept(By::Share, 5_000, Watched::Last));
        for ppm in [999, 5_100, 101_000] {
            assert!(!kept(By::Share, ppm, Watched::Last), "{ppm}");
        }
        let fine = Keeps::NOTHING.and_shares(Watched::Last, false);
        let until = |ppm| Condition {
            price: Price(ppm),
            by: By::Share,
            watched: Watched::Last,
            rises: true,
        };
        assert!(fine.waits_for(&until(5_100)) && !fine.waits_for(&until(5_150)));
        assert_eq!(Keeps::from_word(all.word()), Some(all));
        assert_eq!(Keeps::from_word(1 << 20), None);
        assert_eq!(all.and_pairs(Pairs::One).pairs(), Some(Pairs::One));
        assert_eq!(
            (all.pairs(), all.brackets(), all.and_brackets().brackets()),
            (None, false, true)
        );
    }

    #[test]
    fn what_trails_would_fire_so_far_from_where_the_price_is() {
        let at = |by, price, rises| {
            Condition { price: Price(price), by, watched: Watched::Last, rises }
                .trigger(Price(2000))
        };
        assert_eq!(at(By::Price, 1900, false), Price(1900));
        assert_eq!(at(By::Distance, 50, false), Price(1950));
        assert_eq!(at(By::Distance, 50, true), Price(2050));
        assert_eq!(at(By::Share, 5_000, false), Price(1990));
    }
}
