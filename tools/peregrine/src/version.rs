//! `peregrine version`: what this binary is, for bug reports and for journals that refuse others.

use crate::cli::{self, VersionArgs};
use crate::exit::{Exit, Failure};
use serde_json::json;

/// Prints it.
pub fn run(args: &VersionArgs) -> Result<Exit, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    let (architecture, system) = (std::env::consts::ARCH, std::env::consts::OS);
    let layout = format!("{:016x}", shm::layout::LAYOUT_HASH);
    if args.json {
        cli::print(&json!({
            "version": version,
            "profile": profile,
            "architecture": architecture,
            "system": system,
            "shm_format": shm::header::VERSION,
            "shm_layout": layout,
        }));
    } else {
        crate::cli::say(format_args!("peregrine {version} ({profile}, {architecture}-{system})"));
        crate::cli::say(format_args!(
            "shared memory: format {}, layout {layout}",
            shm::header::VERSION
        ));
    }
    Ok(Exit::Ok)
}
