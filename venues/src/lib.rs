//! venues
pub mod sim;
