//! The doors of the engine in a running process.

mod live;
mod paper;

pub use live::{Keys, LivePorts, RingEnds};
pub use paper::PaperPorts;
