//! The doors of the engine in a running process.

mod live;
mod paper;
mod recorder;

pub use live::{Keys, LivePorts, RingEnds};
pub use paper::PaperPorts;
pub use recorder::Recorder;
