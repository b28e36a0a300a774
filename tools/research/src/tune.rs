//! Tuning.
pub mod sampler;
pub mod space;
