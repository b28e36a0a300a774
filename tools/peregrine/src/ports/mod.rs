//! The doors of the engine in a running process.

mod live;
mod paper;

pub use live::{LivePorts, RingEnds};
pub use paper::PaperPorts;
