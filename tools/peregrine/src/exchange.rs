//! `peregrine exchange`: the simulated exchange as a process of its own.

use crate::cli;
use crate::exit::{Exit, Failure};
use serde_json::json;

/// Set by a parent process whose end is to be this one's too: standard input is its pipe.
pub const WITH_PARENT: &str = "PEREGRINE_WITH_PARENT";

/// Serves until interrupted or terminated, or describes the generated market.
pub fn run(args: &::exchange::Args) -> Result<Exit, Failure> {
    if args.describe {
        return describe(args);
    }
    let options = args.options()?;
    let keys = match options.ledger.is_none() && options.keys.is_empty() {
        true => options.demo_keys(),
        false => Vec::new(), // the user's own, or files in the ledger directory
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::error(format!("cannot start the exchange's thread: {error}")))?;
    let venues: Vec<&str> = match &options.world {
        Some(world) => world.venues().into_iter().map(::exchange::VenueKind::name).collect(),
        None => vec![::exchange::VenueKind::BinanceSpot.name()],
    };
    let json = args.json;
    let summary = runtime.block_on(async move {
        let shutdown = shutdown_asked()?;
        let ready = move |address: std::net::SocketAddr| announce(address, &venues, &keys, json);
        ::exchange::serve(options, ready, shutdown).await.map_err(Failure::from)
    })?;
    tracing::info!(?summary, "the exchange ended");
    Ok(Exit::Ok)
}

/// Prints how the generated market compares with a recording.
fn describe(args: &::exchange::Args) -> Result<Exit, Failure> {
    let recording = args.recording.as_deref();
    let description = ::exchange::describe(args.seed, args.describe_seconds, recording)?;
    match args.json {
        true => crate::cli::say(format_args!("{}", description.json())),
        false => crate::cli::say(format_args!("{}", description.table().trim_end())),
    }
    Ok(Exit::Ok)
}

/// Says where it listens, and with which keys: play money, made from the seed, so no secret.
fn announce(
    address: std::net::SocketAddr,
    venues: &[&str],
    keys: &[::exchange::KeyFile],
    json: bool,
) {
    if json {
        cli::print(&json!({
            "rest": format!("http://{address}"),
            "stream": format!("ws://{address}"),
            "ws_api": format!("ws://{address}/ws-api/v3"),
            "venues": venues,
            "keys": keys,
        }));
    } else {
        crate::cli::say(format_args!(
            "exchange: REST http://{address}, streams ws://{address}/ws, /stream,"
        ));
        crate::cli::say(format_args!(
            "          WebSocket API ws://{address}/ws-api/v3; Ctrl-C ends it"
        ));
        if venues != ["binance-spot"] {
            crate::cli::say(format_args!("venues: {}; {address}/sim/world", venues.join(", ")));
        }
        for key in keys {
            crate::cli::say(format_args!("demonstration key: {}", serde_json::json!(key)));
        }
    }
}

/// Completes at SIGINT or SIGTERM, and at the end of the parent process where it asked for that.
fn shutdown_asked() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |error| Failure::error(format!("cannot listen for signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let (orphaned, orphan) = tokio::sync::oneshot::channel::<()>();
    if std::env::var_os(WITH_PARENT).is_some() {
        let read = move || {
            // Its end of file is all that is waited for.
            let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
            let _ = orphaned.send(());
        };
        std::thread::Builder::new().name("parent".into()).spawn(read).map_err(failed)?;
    } else {
        std::mem::forget(orphaned);
    }
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = orphan => {}
        }
    })
}
