//! Why the exchange could not start or go on.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the exchange could not start or go on; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; give another --listen, port 0 for a free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The listener failed later.
    #[error("the listener failed: {0}")]
    Serve(io::Error),
    /// The ledger directory cannot be used.
    #[error("ledger {}: {source}; give a directory that this user may write", dir.display())]
    Ledger {
        /// The directory.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A key cannot be used.
    #[error(
        "{0}; a key file is {{\"kind\":\"hmac\",\"api_key\":…,\"secret\":…}} or \
             {{\"kind\":\"ed25519\",\"api_key\":…,\"private_key_pem\":…}}"
    )]
    Key(String),
    /// A key file cannot be read.
    #[error("keys: {0}")]
    KeyFile(io::Error),
    /// A symbol's grid is not exact.
    #[error("symbol {0}; choose steps whose product is a multiple of 1e-8")]
    Symbol(String),
    /// A recording cannot be read.
    #[error("recording {}: {reason}", path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        reason: String,
    },
    /// A world that cannot be.
    #[error("world: {0}")]
    World(String),
    /// A world's file cannot be read.
    #[error("world {}: {source}", path.display())]
    WorldFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A command line that contradicts itself.
    #[error("{0}")]
    Usage(String),
}
