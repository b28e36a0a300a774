//! The connections of a feed: those of an endpoint carry the same streams, each at its place.

use super::connection::Connection;
use crate::net::{Ready, Socket};

/// Most endpoints of a feed.
pub const ENDPOINTS_MAX: usize = 3;
/// Most connections to an endpoint that may be asked for.
pub const CONNECTIONS_MAX: usize = 4;
/// Places for them, and for one that is to replace another.
const EACH: usize = CONNECTIONS_MAX + 1;
/// Places of all endpoints.
pub(super) const PLACES: usize = ENDPOINTS_MAX * EACH;
/// Up to so many sockets are read each turn without asking which have something: the question costs
/// less than half a read of an empty socket, and delays the read of one that is not empty
/// (`benches/sockets.rs`).
const READ_ALL_MAX: u32 = 2;

/// The endpoint that a place belongs to.
#[inline]
pub(super) const fn endpoint_of(place: usize) -> usize {
    place / EACH
}

/// Which connection of its endpoint one at this place is.
#[inline]
pub(super) const fn number_of(place: usize) -> usize {
    place % EACH
}

/// The first place of an endpoint.
#[inline]
pub(super) const fn first_of(endpoint: usize) -> usize {
    endpoint * EACH
}

/// The places of an endpoint, one bit each.
#[inline]
pub(super) const fn places_of(endpoint: usize) -> u32 {
    ((1 << EACH) - 1) << (endpoint * EACH)
}

/// Connections by place.
#[derive(Debug, Default)]
pub(super) struct Links {
    places: [Option<Connection>; PLACES],
    up: u32,
    ready: Option<Ready>,
}

impl Links {
    /// None yet; asks the system which to read where there will be many.
    pub fn new(connections: usize) -> Self {
        let many = connections > READ_ALL_MAX as usize;
        // Without an answer all are read, which is slower and nothing worse.
        Self { ready: if many { Ready::new().ok() } else { None }, ..Self::default() }
    }

    /// How many there are to an endpoint.
    #[inline]
    pub const fn count(&self, endpoint: usize) -> usize {
        (self.up & places_of(endpoint)).count_ones() as usize
    }

    /// The one at this place.
    #[inline]
    pub fn at(&mut self, place: usize) -> Option<&mut Connection> {
        self.places.get_mut(place)?.as_mut()
    }

    /// The places that have one.
    #[inline]
    pub fn places(&self) -> impl Iterator<Item = usize> + use<> {
        let mut left = self.up;
        std::iter::from_fn(move || {
            let place = left.trailing_zeros() as usize;
            left &= left.checked_sub(1)?;
            Some(place)
        })
    }

    /// All with their places.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Connection)> {
        self.places().filter_map(|place| Some((place, self.places.get(place)?.as_ref()?)))
    }

    /// All.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Connection> {
        self.places.iter_mut().flatten()
    }

    /// Their sockets.
    pub fn sockets(&self) -> impl Iterator<Item = &Socket> {
        self.places.iter().flatten().map(Connection::socket)
    }

    /// Puts one at a free place of an endpoint, and says which; `None` when there is none.
    pub fn insert(&mut self, endpoint: usize, connection: Connection) -> Option<usize> {
        let mut places = endpoint * EACH..(endpoint + 1) * EACH;
        let place = places.find(|place| self.places.get(*place).is_some_and(Option::is_none))?;
        if let Some(ready) = &self.ready
            && ready.add(place, connection.socket()).is_err()
        {
            self.ready = None;
        }
        self.places[place] = Some(connection);
        self.up |= 1 << place;
        Some(place)
    }

    /// Takes one out.
    pub fn take(&mut self, place: usize) -> Option<Connection> {
        self.up &= !(1 << place);
        self.places.get_mut(place)?.take()
    }

    /// Which to read now, one bit a place.
    #[inline]
    pub fn to_read(&self) -> u32 {
        if self.up.count_ones() <= READ_ALL_MAX { self.up } else { self.ask() }
    }

    fn ask(&self) -> u32 {
        let Some(ready) = &self.ready else { return self.up };
        let pending = self.places.iter().enumerate().fold(0, |all, (place, one)| {
            let pending = one.as_ref().is_some_and(Connection::is_pending);
            all | u32::from(pending) << place
        });
        (ready.look() | pending) & self.up
    }
}
