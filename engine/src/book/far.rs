//! Levels that have no page, exact at any price: sorted leaves behind a sorted index.
//!
//! An update is two binary searches and a move of at most one leaf; leaves split when they are
//! full and join their neighbour when they are thin, so that a given number of levels always finds
//! room.

use alloc::boxed::Box;
use alloc::vec;

/// Levels it has room for.
pub(super) const FAR_LEVELS_MAX: usize = 8_192;
const LEAF: usize = 64;
/// A leaf that is not alone holds no fewer.
const THIN: usize = 24;
/// Two neighbours join when they hold no more together, so that a leaf just joined is not full.
const JOINED_MAX: usize = 56;
const LEAVES: usize = FAR_LEVELS_MAX / THIN + 2;

/// Levels by key, in order.
pub(super) struct Far {
    levels: usize,
    leaves: usize,
    /// By rank: the leaf's lowest key.
    fences: Box<[i64]>,
    /// By rank: the leaf's number; behind the ranks in use, the numbers of free leaves.
    order: Box<[u16]>,
    /// By number: how many levels it holds.
    sizes: Box<[u8]>,
    /// By number: its keys, ascending.
    keys: Box<[i64]>,
    /// In the places of their keys.
    qty: Box<[i64]>,
}

/// Where a key is or would be.
#[derive(Clone, Copy)]
struct Spot {
    rank: usize,
    leaf: usize,
    size: usize,
    slot: usize,
}

impl Spot {
    const fn at(&self) -> usize {
        self.leaf * LEAF + self.slot
    }
    const fn end(&self) -> usize {
        self.leaf * LEAF + self.size
    }
}

impl Far {
    pub fn new() -> Self {
        Self {
            levels: 0,
            leaves: 0,
            fences: vec![0; LEAVES].into_boxed_slice(),
            order: (0..LEAVES as u16).collect(),
            sizes: vec![0; LEAVES].into_boxed_slice(),
            keys: vec![0; LEAVES * LEAF].into_boxed_slice(),
            qty: vec![0; LEAVES * LEAF].into_boxed_slice(),
        }
    }

    pub const fn len(&self) -> usize {
        self.levels
    }

    pub fn clear(&mut self) {
        (self.levels, self.leaves) = (0, 0);
    }

    /// Puts a quantity at a key: true when nothing stood there. Asks for room, which
    /// [`FAR_LEVELS_MAX`] levels have.
    pub fn put(&mut self, key: i64, qty: i64) -> bool {
        let spot = self.find(key);
        if self.stands(spot, key) {
            self.qty[spot.at()] = qty;
            return false;
        }
        self.insert(spot, key, qty);
        true
    }

    /// Removes a key: true when something stood there.
    pub fn remove(&mut self, key: i64) -> bool {
        let spot = self.find(key);
        let stood = self.stands(spot, key);
        if stood {
            self.drop(spot);
        }
        stood
    }

    #[inline]
    fn stands(&self, spot: Spot, key: i64) -> bool {
        spot.slot < spot.size && self.keys[spot.at()] == key
    }

    /// The quantity at a key.
    pub fn qty(&self, key: i64) -> i64 {
        self.first_from(key).filter(|(found, _)| *found == key).map_or(0, |(_, qty)| qty)
    }

    /// Its lowest key at or above this one, and what stands there.
    pub fn first_from(&self, from: i64) -> Option<(i64, i64)> {
        let spot = self.find(from);
        let at = if spot.slot < spot.size {
            spot.at()
        } else if spot.rank + 1 < self.leaves {
            usize::from(self.order[spot.rank + 1]) * LEAF
        } else {
            return None;
        };
        Some((self.keys[at], self.qty[at]))
    }

    /// Removes the levels from a key to before another and hands them over, lowest first.
    pub fn take(&mut self, from: i64, to: i64, mut take: impl FnMut(i64, i64)) {
        while let Some((key, qty)) = self.first_from(from).filter(|(key, _)| *key < to) {
            self.remove(key);
            take(key, qty);
        }
    }

    fn find(&self, key: i64) -> Spot {
        if self.leaves == 0 {
            return Spot { rank: 0, leaf: 0, size: 0, slot: 0 };
        }
        let above = self.fences[..self.leaves].partition_point(|fence| *fence <= key);
        let rank = above.saturating_sub(1);
        let leaf = usize::from(self.order[rank]);
        let size = usize::from(self.sizes[leaf]);
        let keys = &self.keys[leaf * LEAF..][..size];
        Spot { rank, leaf, size, slot: keys.partition_point(|there| *there < key) }
    }

    /// Its highest key.
    pub fn last(&self) -> Option<i64> {
        let leaf = usize::from(self.order[self.leaves.checked_sub(1)?]);
        Some(self.keys[leaf * LEAF + usize::from(self.sizes[leaf]) - 1])
    }

    /// A key that is not there, where it would be.
    fn insert(&mut self, mut spot: Spot, key: i64, qty: i64) {
        if self.leaves == 0 {
            self.open(0);
            spot = self.find(key);
        }
        if spot.size == LEAF {
            self.split(spot.rank);
            spot = self.find(key);
        }
        self.keys.copy_within(spot.at()..spot.end(), spot.at() + 1);
        self.qty.copy_within(spot.at()..spot.end(), spot.at() + 1);
        self.keys[spot.at()] = key;
        self.qty[spot.at()] = qty;
        self.sizes[spot.leaf] += 1;
        self.levels += 1;
        self.fence(spot.rank);
    }

    fn drop(&mut self, spot: Spot) {
        self.keys.copy_within(spot.at() + 1..spot.end(), spot.at());
        self.qty.copy_within(spot.at() + 1..spot.end(), spot.at());
        self.sizes[spot.leaf] -= 1;
        self.levels -= 1;
        if spot.size == 1 {
            self.close(spot.rank);
        } else {
            self.fence(spot.rank);
            if spot.size <= THIN && self.leaves > 1 {
                self.fatten(spot.rank.min(self.leaves - 2));
            }
        }
    }

    /// Writes the lowest key of a leaf where it is looked for.
    fn fence(&mut self, rank: usize) {
        self.fences[rank] = self.keys[usize::from(self.order[rank]) * LEAF];
    }

    /// An empty leaf gets a rank.
    fn open(&mut self, rank: usize) {
        self.order[rank..=self.leaves].rotate_right(1);
        self.fences.copy_within(rank..self.leaves, rank + 1);
        self.leaves += 1;
        self.sizes[usize::from(self.order[rank])] = 0;
    }

    /// A leaf loses its rank and is free.
    fn close(&mut self, rank: usize) {
        self.order[rank..self.leaves].rotate_left(1);
        self.fences.copy_within(rank + 1..self.leaves, rank);
        self.leaves -= 1;
    }

    fn split(&mut self, rank: usize) {
        self.open(rank + 1);
        self.share(rank, LEAF / 2);
    }

    /// Two neighbours, one of which is thin, join or share evenly.
    fn fatten(&mut self, rank: usize) {
        let size = |rank: usize| usize::from(self.sizes[usize::from(self.order[rank])]);
        let both = size(rank) + size(rank + 1);
        if both <= JOINED_MAX {
            self.share(rank, both);
            self.close(rank + 1);
        } else {
            self.share(rank, both / 2);
        }
    }

    /// Moves levels between two neighbours until the first has so many.
    fn share(&mut self, rank: usize, goal: usize) {
        let (left, right) = (usize::from(self.order[rank]), usize::from(self.order[rank + 1]));
        let (less, more) = (usize::from(self.sizes[left]), usize::from(self.sizes[right]));
        for words in [&mut self.keys, &mut self.qty] {
            if goal >= less {
                let moved = goal - less;
                words.copy_within(right * LEAF..right * LEAF + moved, left * LEAF + less);
                words.copy_within(right * LEAF + moved..right * LEAF + more, right * LEAF);
            } else {
                let moved = less - goal;
                words.copy_within(right * LEAF..right * LEAF + more, right * LEAF + moved);
                words.copy_within(left * LEAF + goal..left * LEAF + less, right * LEAF);
            }
        }
        self.sizes[left] = goal as u8;
        self.sizes[right] = (less + more - goal) as u8;
        self.fence(rank);
        if less + more > goal {
            self.fence(rank + 1);
        }
    }
}
