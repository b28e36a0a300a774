//! The demo's exchange: a process of its own, killed and started again where a fault asks for it.

use exchange::{Edge, WorldText};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How to start it.
#[derive(Clone, Debug)]
pub struct ExchangeOptions {
    /// Seed of the generated market.
    pub seed: u64,
    /// A recording to publish instead.
    pub replay: Option<PathBuf>,
    /// The world to open; none is Binance Spot alone.
    pub world: Option<String>,
    /// Whether the world has the edge that its strategy lives on.
    pub edge: Edge,
    /// Faults that the exchange itself carries out.
    pub faults: Theirs,
}

/// A running exchange and its ledger directory, both gone when this is dropped.
#[derive(Debug)]
pub struct Exchange {
    options: ExchangeOptions,
    directory: PathBuf,
    address: SocketAddr,
    child: Child,
    began: Instant,
}

impl Exchange {
    /// Starts one on a free port and waits until it listens.
    pub fn start(options: ExchangeOptions) -> Result<Self, String> {
        let directory = std::env::temp_dir().join(format!("peregrine-demo-{}", std::process::id()));
        std::fs::create_dir_all(&directory)
            .map_err(|error| format!("cannot create {}: {error}", directory.display()))?;
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let faults = options.faults.after(Duration::ZERO);
        let (child, address) = spawn(&options, &directory, any, faults.as_deref())?;
        Ok(Self { options, directory, address, child, began: Instant::now() })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it keeps its ledger and the demo's keys.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The key that it made for the demo at one of its venues.
    pub fn key(&self, venue: &str) -> PathBuf {
        let world = self.options.world.as_deref();
        let world = world.and_then(|name| WorldText::scenario(name, true).ok());
        let several = world.is_some_and(|world| world.venues().len() > 1);
        let folder = if several { self.directory.join(venue) } else { self.directory.clone() };
        // The stronger kind of key, where the venue knows it.
        let files = ["demo-ed25519.key", "demo-hmac.key"].map(|name| folder.join(name));
        let found = files.iter().find(|path| path.exists());
        found.unwrap_or(&files[0]).clone()
    }

    /// Ends it with signal 9, as a power switch would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on the same address and ledger, with the faults that are still to come.
    pub fn restart(&mut self) -> Result<(), String> {
        let faults = self.options.faults.after(self.began.elapsed());
        let (child, _) = spawn(&self.options, &self.directory, self.address, faults.as_deref())?;
        self.child = child;
        Ok(())
    }

    /// Whether its process still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn spawn(
    options: &ExchangeOptions,
    directory: &Path,
    listen: SocketAddr,
    faults: Option<&str>,
) -> Result<(Child, SocketAddr), String> {
    let program = std::env::current_exe()
        .map_err(|error| format!("cannot find the program's own file: {error}"))?;
    let mut command = Command::new(program);
    command.arg("exchange").arg("--listen").arg(listen.to_string());
    command.arg("--seed").arg(options.seed.to_string()).arg("--ledger").arg(directory);
    if let Some(file) = &options.replay {
        command.arg("--replay").arg(file);
    }
    if let Some(world) = &options.world {
        command.arg("--scenario").arg(world);
        command.arg("--edge").arg(if options.edge.is_on() { "on" } else { "off" });
    }
    if let Some(faults) = faults {
        command.arg("--fault").arg(faults);
    }
    // A terminal's Ctrl-C is for the engine, which still has to cancel its orders here; the pipe
    // tells the exchange when this process is gone.
    command.process_group(0).env(crate::exchange::WITH_PARENT, "1");
    command.arg("--json").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child =
        command.spawn().map_err(|error| format!("cannot start the exchange: {error}"))?;
    match listening(&mut child) {
        Ok(address) => Ok((child, address)),
        Err(error) => {
            let _ = child.kill();
            let _ = child.wait();
            Err(error)
        }
    }
}

/// Reads the one line that says where it listens; its end of file says that it could not.
fn listening(child: &mut Child) -> Result<SocketAddr, String> {
    let stdout = child.stdout.take().ok_or("the exchange has no output")?;
    let mut lines = BufReader::new(stdout);
    let mut line = String::new();
    lines.read_line(&mut line).map_err(|error| format!("the exchange's output: {error}"))?;
    let told: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
    let address = told["rest"].as_str().and_then(|url| url.strip_prefix("http://"));
    let address = address
        .and_then(|address| address.parse().ok())
        .ok_or_else(|| format!("the exchange did not start; it said: {:?}", line.trim()))?;
    // Whatever it prints later must not fill the pipe.
    let drain = move || lines.lines().map_while(Result::ok).for_each(drop);
    std::thread::Builder::new()
        .name("exchange-out".into())
        .spawn(drain)
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    Ok(address)
}

/// What the demo itself does to the exchange, in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// Kill it.
    Kill,
    /// Start it again.
    Restart,
}

/// Splits a fault specification into what the exchange does and what the demo does.
pub fn split_faults(text: &str) -> Result<(Theirs, Vec<(Duration, Blow)>), String> {
    let mut theirs = Theirs::default();
    let mut ours = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let list = exchange::Fault::parse_list(part).map_err(|error| error.to_string())?;
        for fault in list {
            match fault.kind {
                exchange::FaultKind::ExchangeKill => ours.push((fault.at, Blow::Kill)),
                exchange::FaultKind::Restart => ours.push((fault.at, Blow::Restart)),
                _ => theirs.0.push((fault.at, part.to_owned())),
            }
        }
    }
    ours.sort_by_key(|(at, _)| *at);
    Ok((theirs, ours))
}

/// Faults that the exchange carries out, each with its time after the demo's start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theirs(Vec<(Duration, String)>);

impl Theirs {
    /// Those still to come, as one specification for an exchange that starts now.
    pub fn after(&self, elapsed: Duration) -> Option<String> {
        let mut left = Vec::new();
        for (at, text) in self.0.iter().filter(|(at, _)| *at >= elapsed) {
            let (name, rest) = text.split_once('@').unwrap_or((text, ""));
            let detail = rest.split_once(':').map(|(_, detail)| format!(":{detail}"));
            let wait = (*at - elapsed).as_millis();
            left.push(format!("{name}@{wait}ms{}", detail.unwrap_or_default()));
        }
        (!left.is_empty()).then(|| left.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_go_to_whom_they_concern() {
        let (theirs, ours) =
            split_faults("restart@12s, okx:delay@15s:200ms,exchange-kill@10s,timeout@1s").unwrap();
        let second = Duration::from_secs;
        assert_eq!(
            theirs.after(second(0)).as_deref(),
            Some("okx:delay@15000ms:200ms,timeout@1000ms")
        );
        assert_eq!(theirs.after(second(12)).as_deref(), Some("okx:delay@3000ms:200ms"));
        assert_eq!(theirs.after(second(16)), None);
        assert_eq!(ours, [(second(10), Blow::Kill), (second(12), Blow::Restart)]);
        assert_eq!(split_faults(""), Ok((Theirs::default(), vec![])));
        assert!(split_faults("nonsense@1s").is_err());
    }
}
