//! Runs the simulated exchange by itself:
//! `cargo run -p exchange --example exchange -- --listen 127.0.0.1:0 --ledger DIR`.

use clap::Parser;
use std::process::ExitCode;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: exchange::Args,
}

fn main() -> ExitCode {
    let command = Command::parse();
    match run(&command.args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("exchange: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &exchange::Args) -> Result<(), Box<dyn std::error::Error>> {
    if args.describe {
        let description =
            exchange::describe(args.seed, args.describe_seconds, args.recording.as_deref())?;
        print!("{}", if args.json { description.json() + "\n" } else { description.table() });
        return Ok(());
    }
    let options = args.options()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if options.ledger.is_none() && options.keys.is_empty() {
        for key in options.demo_keys() {
            println!("key {}", serde_json::to_string(&key)?);
        }
    }
    let summary = runtime.block_on(exchange::serve(
        options,
        |address| println!("listening on http://{address}"),
        async {
            let _ = tokio::signal::ctrl_c().await;
        },
    ))?;
    println!("{summary:?}");
    Ok(())
}
