//! One suite that every dialect passes: frames in, rows out, as text. A script says what happens at
//! the venue, a [`Scribe`] writes it as the venue would, and the rows that come out are the same
//! for all.
//!
//! Everything of a feed is here but sockets and dials. To add a dialect: write its scribe.

mod cases;
mod random;
mod scribe;
mod scribes;
mod stage;
