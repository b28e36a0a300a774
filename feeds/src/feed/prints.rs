//! Which of several connections was the first to bring a trade that the venue does not number: each
//! print is remembered for a while, with those who told it.

use super::links::PLACES;

/// Most prints remembered of one stream: what one connection may be behind another. One message of
/// the largest kind is that long.
const PRINTS_MAX: usize = 1_024;

const _: () = assert!(PLACES <= 32);

/// The newest prints of a stream.
#[derive(Debug)]
pub(super) struct Prints {
    /// Each with the connections that told it, one bit a place.
    all: Box<[(u64, u32)]>,
    /// Where the next one goes, over the oldest.
    next: usize,
}

impl Prints {
    /// None; all memory is reserved here.
    pub fn new() -> Self {
        Self { all: vec![(0, u32::MAX); PRINTS_MAX].into(), next: 0 }
    }

    /// A new connection at this place has told nothing yet.
    pub fn joined(&mut self, place: usize) {
        for (_, told) in self.all.iter_mut().filter(|(_, told)| *told != u32::MAX) {
            *told &= !(1 << place);
        }
    }

    /// The connection at this place tells this print; whether it is the first to do so. Two of the
    /// same over one connection are two. While it is alone nothing is looked up.
    #[inline]
    pub fn is_first(&mut self, place: usize, print: u64, alone: bool) -> bool {
        let bit = 1 << place;
        if !alone {
            let (newer, older) = self.all.split_at_mut(self.next);
            let mut from_newest = newer.iter_mut().rev().chain(older.iter_mut().rev());
            if let Some((_, told)) =
                from_newest.find(|(one, told)| *one == print && told & bit == 0)
            {
                *told |= bit;
                return false;
            }
        }
        if let Some(slot) = self.all.get_mut(self.next) {
            *slot = (print, bit);
        }
        self.next = (self.next + 1) % PRINTS_MAX;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_to_tell_is_the_first() {
        let mut prints = Prints::new();
        let mut said = |place, print| prints.is_first(place, print, false);
        assert!(said(0, 7) && said(0, 7), "two of the same are two");
        assert!(!said(1, 7) && !said(1, 7));
        assert!(said(1, 7) && said(1, 8));
        assert!(!said(0, 7) && !said(0, 8) && said(0, 9) && said(0, 0));
        assert!(!said(1, 9));
        prints.joined(1);
        assert!(!prints.is_first(1, 9, false), "a new connection may repeat what the old one told");
    }

    #[test]
    fn what_came_over_one_alone_is_known_when_another_joins() {
        let mut prints = Prints::new();
        (0..2_000).for_each(|print| assert!(prints.is_first(0, print, true)));
        assert!(!prints.is_first(1, 1_999, false) && !prints.is_first(1, 1_500, false));
    }

    proptest! {
        /// However connections overtake each other, and wherever each begins: what at least one of
        /// them tells comes out once.
        #[test]
        fn each_comes_out_once(
            begins in [0_usize..40, 0_usize..40, 0_usize..40],
            turns in prop::collection::vec(0_usize..3, 0..200),
        ) {
            let (mut prints, mut at, mut out) = (Prints::new(), begins, Vec::new());
            for place in turns.into_iter().chain((0..3).flat_map(|place| vec![place; 60])) {
                if at[place] < 60 {
                    if prints.is_first(place, at[place] as u64, false) {
                        out.push(at[place]);
                    }
                    at[place] += 1;
                }
            }
            out.sort_unstable();
            let least = begins.into_iter().min().unwrap_or(0);
            prop_assert_eq!(out, (least..60).collect::<Vec<_>>());
        }
    }
}
