//! What a journal tells those who ask later: tables for other programs, one order's whole story,
//! and whether every byte is as it was written.

pub mod args;
mod explain;
mod export;
mod inspect;
mod orders;
mod parquet;
mod table;
mod tables;

pub use explain::run as explain;

use crate::exit::{Exit, Failure};
use args::{JournalArgs, JournalCommand};

/// Runs `peregrine journal …`.
pub fn run(args: &JournalArgs) -> Result<Exit, Failure> {
    match &args.command {
        JournalCommand::Export(args) => export::run(args),
        JournalCommand::List(args) => inspect::list(args),
        JournalCommand::Check(args) => inspect::check(args),
        JournalCommand::Upgrade(args) => inspect::upgrade(args),
    }
}
