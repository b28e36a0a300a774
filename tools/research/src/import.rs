//! Import: whatever markets were recorded by, ours or others', becomes a [`crate::tape`].
//!
//! ```text
//!  files ─look─▶ plans ─▶ instruments ─▶ sources ─merge by receipt─▶ check ─▶ tape
//!                (form)   (steps seen     (one a     (one clock)     (faults counted,
//!                          or said)        stream)                    placed)
//! ```
//!
//! | what | form | read by |
//! |---|---|---|
//! | `peregrine record`, hftbacktest's collector | `LOCAL_NS JSON` lines, gz or zst | `frames` |
//! | our journals | a folder | `journal` |
//! | hftbacktest's event files | npz, npy | `npz` |
//! | Binance's public dumps | csv, zip; with header or without; ms or µs | `table`, `bands` |
//! | Tardis | csv, gz | `table`, `bands` |
//! | anything else with columns | csv | `table`, by a mapping |
//!
//! Everything is streamed: memory does not grow with the files. A file that cannot be read ends
//! the import with its name and line, and leaves no tape.

mod bands;
mod check;
mod columns;
mod error;
mod facts;
mod frames;
mod journal;
mod look;
mod npz;
mod number;
mod record;
mod report;
mod run;
mod source;
mod table;
mod text;

pub use check::{Fault, Faults, Found};
pub use columns::Mapping;
pub use error::ImportError;
pub use facts::{Facts, Known};
pub use look::Origin;
pub use report::Report;
pub use run::import;

use std::path::PathBuf;

/// A file or folder, and the name of its instrument where a person gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// The venue's name.
    pub venue: Option<String>,
    /// The venue's name of the instrument.
    pub symbol: Option<String>,
    /// What to read.
    pub path: PathBuf,
}

impl Input {
    /// From `PATH`, or `venue:SYMBOL=PATH`.
    pub fn parse(text: &str) -> Self {
        let named = text.split_once('=').and_then(|(name, path)| {
            let (venue, symbol) = name.split_once(':')?;
            (!name.contains('/') && !path.is_empty()).then_some((venue, symbol, path))
        });
        match named {
            Some((venue, symbol, path)) => Self {
                venue: Some(venue.to_owned()),
                symbol: Some(symbol.to_owned()),
                path: path.into(),
            },
            None => Self { path: text.into(), ..Self::default() },
        }
    }
}

/// What is to be imported, and how.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// What to read; merged by the time of receipt.
    pub inputs: Vec<Input>,
    /// The tape.
    pub out: PathBuf,
    /// What the inputs are, where that is not to be seen.
    pub from: Option<Origin>,
    /// What is known of the instruments.
    pub facts: Facts,
    /// Which column says what.
    pub mapping: Mapping,
    /// Our clock and the venue's differ: move the venue's times so that the least latency of each
    /// venue is this many µs. It takes one more pass over the files.
    pub least_latency_us: Option<u32>,
    /// How long the way to us is taken to be, µs, where files say only the venue's time.
    pub latency_us: u32,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read of the files.
    pub bytes: u64,
    /// Bytes to read.
    pub bytes_all: u64,
    /// Rows written.
    pub rows: u64,
}
