//! The command line of Peregrine: see `peregrine --help`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A second provider cannot be installed, and the first one is this one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    peregrine::logging::explain_panics();
    peregrine::cli::run()
}
