//! One suite that every dialect passes: frames in, rows out, as text. A script says what happens at
//! the venue, a [`Scribe`] writes it as the venue would, and the rows that come out are the same
//! for all.
//!
//! Everything of a feed is here but sockets and dials. To add a dialect: write its scribe.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod full;
#[cfg(test)]
mod oddities;
#[cfg(test)]
mod random;
#[cfg(test)]
mod scribe;
#[cfg(test)]
mod scribes;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod teller;
#[cfg(test)]
mod trial;
