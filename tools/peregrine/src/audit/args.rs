//! Flags of `journal` and `explain`.

use super::export::What;
use super::table::Format;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What can be done with a journal.
#[derive(Clone, Debug, Subcommand)]
pub enum JournalCommand {
    /// Write tables for other programs
    Export(ExportArgs),
    /// What lies in the folder
    List(FolderArgs),
    /// Read everything and judge every checksum
    Check(FolderArgs),
    /// Convert a journal of an older release
    Upgrade(FolderArgs),
}

impl JournalCommand {
    /// Whether the result is to be JSON.
    pub const fn json(&self) -> bool {
        match self {
            Self::Export(args) => args.json,
            Self::List(args) | Self::Check(args) | Self::Upgrade(args) => args.json,
        }
    }
}

/// Flags of `journal`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  peregrine journal list out/
  peregrine journal check out/ --json
  peregrine journal export out/ --to parquet --what orders,fills --out tables/")]
pub struct JournalArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: JournalCommand,
}

/// A journal's folder.
#[derive(Clone, Debug, Args)]
pub struct FolderArgs {
    /// Folder of the journal
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Flags of `journal export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// Folder of the journal
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Format of the files
    #[arg(long, value_enum)]
    pub to: Format,
    /// Which tables
    #[arg(long, value_enum, value_delimiter = ',', required = true)]
    pub what: Vec<What>,
    /// Folder of the files
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// First row
    #[arg(long, value_name = "SEQ")]
    pub from: Option<u64>,
    /// Last row
    #[arg(long, value_name = "SEQ")]
    pub until: Option<u64>,
    /// Write over files that are there
    #[arg(long)]
    pub force: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Flags of `explain`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  peregrine explain pg-6b011a9c-00000002-00000ba43b8303 --journal out/
  peregrine explain '#6b011a9c-00000002' --journal out/ --json")]
pub struct ExplainArgs {
    /// The order: its client id, or the number that replay --print shows
    #[arg(value_name = "ORDER_ID")]
    pub order: String,
    /// Folder of the journal
    #[arg(long, value_name = "DIR")]
    pub journal: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
