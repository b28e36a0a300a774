//! The doors of the engine in a running process.

mod live;
mod market;
mod paper;
mod recorder;

pub use live::{Keys, LivePorts, RingEnds};
pub use market::MarketRing;
pub use paper::PaperPorts;
pub use recorder::Recorder;
