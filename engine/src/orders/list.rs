//! A list that runs through a table: each place holds its neighbours, so that an order joins and
//! leaves without a search.

/// No place.
pub(super) const NONE: u16 = u16::MAX;

/// The neighbours of a place in one list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links {
    prev: u16,
    pub next: u16,
}

impl Default for Links {
    fn default() -> Self {
        Self { prev: NONE, next: NONE }
    }
}

/// A list's ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    first: u16,
    last: u16,
    len: u16,
}

impl Default for List {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl List {
    /// Nothing.
    pub const EMPTY: Self = Self { first: NONE, last: NONE, len: 0 };

    /// The oldest place; [`NONE`] when there is none.
    #[inline]
    pub const fn first(&self) -> u16 {
        self.first
    }

    /// How many places.
    #[inline]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Adds a place behind all others. `which` of a place's links are this list's.
    #[inline]
    pub fn push(&mut self, links: &mut [[Links; 2]], which: usize, place: u16) {
        links[usize::from(place)][which] = Links { prev: self.last, next: NONE };
        match links.get_mut(usize::from(self.last)) {
            Some(last) => last[which].next = place,
            None => self.first = place,
        }
        self.last = place;
        self.len += 1;
    }

    /// Takes a place out.
    #[inline]
    pub fn remove(&mut self, links: &mut [[Links; 2]], which: usize, place: u16) {
        let Links { prev, next } = links[usize::from(place)][which];
        match links.get_mut(usize::from(prev)) {
            Some(links) => links[which].next = next,
            None => self.first = next,
        }
        match links.get_mut(usize::from(next)) {
            Some(links) => links[which].prev = prev,
            None => self.last = prev,
        }
        self.len -= 1;
    }
}
