//! `peregrine bench`: how fast this machine runs the hot path, and what it lacks for it.

pub mod corpus;
