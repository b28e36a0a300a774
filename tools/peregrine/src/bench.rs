//! `peregrine bench`: how fast this machine runs the hot path, and what it lacks for it.

pub mod corpus;
pub mod desk;
pub mod feed;
pub mod keep;
pub mod order;
pub mod tick;
pub mod work;
