//! The doors of the engine in a running process.

mod keys;
mod live;
mod market;
mod paper;
mod recorder;
mod rings;

pub use keys::Keys;
pub use live::LivePorts;
pub use market::MarketRing;
pub use paper::PaperPorts;
pub use recorder::Recorder;
pub use rings::RingEnds;
