//! The same engine on the rows of a journal.

pub mod course;

pub use course::{Course, Difference, What};
