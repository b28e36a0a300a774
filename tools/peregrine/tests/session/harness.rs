//! Real processes for tests: an exchange, engines over it, and what an onlooker can ask them. Each
//! ends by itself, even when a test fails: an exchange with its parent, an engine after a while.

// Each test file uses a part of it.
#![allow(dead_code)]

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Longest wait for any one thing.
pub const PATIENCE: Duration = Duration::from_secs(40);
/// An engine that a failed test left alone ends after so many seconds.
const LEFT_ALONE: &str = "100";

/// Looks until there is something to see; says what was waited for otherwise.
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, look)
}

/// The same with another patience.
pub fn until_within<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(began.elapsed() < patience, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// One object of JSON, or the text that is none.
pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The binary with these arguments.
pub fn peregrine(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peregrine"));
    command.args(args).env_remove("PEREGRINE_LOG").stdin(Stdio::null());
    command
}

/// A process whose words are kept.
pub struct Process {
    child: Child,
    words: [Arc<Mutex<String>>; 2],
    readers: Vec<JoinHandle<()>>,
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Process {
    /// Starts it.
    pub fn start(mut command: Command) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap();
        let words = [Arc::default(), Arc::default()];
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let readers = vec![keep(out, &words[0]), keep(err, &words[1])];
        Self { child, words, readers }
    }

    /// Starts it with a standard error that nobody reads.
    pub fn unheard(mut command: Command) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap();
        drop(child.stderr.take());
        let words = [Arc::default(), Arc::default()];
        let readers = vec![keep(child.stdout.take().unwrap(), &words[0])];
        Self { child, words, readers }
    }

    /// What it has written to standard output so far.
    pub fn out(&self) -> String {
        self.words[0].lock().unwrap().clone()
    }

    /// What it has written to standard error so far.
    pub fn err(&self) -> String {
        self.words[1].lock().unwrap().clone()
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Whether it has ended.
    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    pub fn ended(self) -> Ended {
        self.ended_within(PATIENCE)
    }

    /// Waits so long for its end.
    pub fn ended_within(mut self, patience: Duration) -> Ended {
        let status =
            until_within(patience, "the end of a process", || self.child.try_wait().unwrap());
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        Ended { code: status.code(), out: self.out(), err: self.err() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("its output: {}\nits errors: {}", self.out(), self.err());
        }
    }
}

fn keep(mut pipe: impl Read + Send + 'static, words: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let words = Arc::clone(words);
    std::thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(count @ 1..) = pipe.read(&mut part) {
            words.lock().unwrap().push_str(&String::from_utf8_lossy(&part[..count]));
        }
    })
}

/// A folder of one test, gone after it together with its engines' shared memory.
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    name: String,
}

impl Folder {
    /// An empty one.
    pub fn new(name: &str) -> Self {
        let name = format!("test-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(format!("peregrine-{name}"));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self { path, name }
    }

    /// Writes a file with this mode.
    pub fn file(&self, name: &str, mode: u32, text: &str) -> PathBuf {
        let path = self.path.join(name);
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(mode).open(&path);
        file.unwrap().write_all(text.as_bytes()).unwrap();
        path
    }

    /// The name of this test's engine.
    pub fn engine(&self) -> &str {
        &self.name
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() && std::env::var_os("PEREGRINE_KEEP").is_some() {
            return eprintln!("kept: {}", self.path.display());
        }
        // The lock of an account that was made for this test alone.
        let config = peregrine::config::Config::load(&self.path.join("engine.toml"));
        if let Ok(config) = config
            && let Ok(key) = peregrine::session::credentials(config.home())
        {
            let _ = std::fs::remove_file(peregrine::session::account_path(
                &config,
                config.home(),
                &key,
            ));
        }
        let _ = std::fs::remove_dir_all(&self.path);
        for end in ["", ".commands", ".lock"] {
            let _ = std::fs::remove_file(format!("/dev/shm/peregrine-{}{end}", self.name));
        }
    }
}

/// A running exchange.
pub struct Exchange {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its HMAC and its Ed25519 key, as files hold them.
    pub keys: [Value; 2],
    child: Child,
}

impl Exchange {
    /// Starts one with these arguments beside the seed's.
    pub fn start(args: &[&str]) -> Self {
        let mut command = peregrine(&[&["exchange", "--json"][..], args].concat());
        command.env("PEREGRINE_WITH_PARENT", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told = json(&line);
        let address = told["rest"].as_str().unwrap().strip_prefix("http://").unwrap();
        let keys = [told["keys"][0].clone(), told["keys"][1].clone()];
        assert_eq!((&keys[0]["kind"], &keys[1]["kind"]), (&"hmac".into(), &"ed25519".into()));
        Self { address: address.parse().unwrap(), keys, child }
    }

    /// A page of its own.
    pub fn get(&self, path: &str) -> Value {
        http(self.address, "GET", path, "")
    }

    /// Its ledger of the demonstration account.
    pub fn ledger(&self) -> Value {
        self.get(&format!("/sim/ledger?apiKey={}", self.keys[0]["api_key"].as_str().unwrap()))
    }

    /// How many orders stand.
    pub fn open(&self) -> usize {
        self.ledger()["openOrders"].as_array().unwrap().len()
    }

    /// Waits until orders stand, or none does.
    pub fn until_open(&self, some: bool) {
        let what = if some { "orders at the exchange" } else { "no order at the exchange" };
        until(what, || ((self.open() > 0) == some).then_some(()));
    }

    /// A request with the HMAC key, as a client of our own would make it.
    pub fn signed(&self, method: &str, path: &str, params: &str) -> Value {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let query = format!("{params}&timestamp={at}");
        let secret = self.keys[0]["secret"].as_str().unwrap();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(query.as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        let path = format!("{path}?{query}&signature={signature}");
        http(self.address, method, &path, self.keys[0]["api_key"].as_str().unwrap())
    }

    /// Ends it with signal 9.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request over HTTP; the answer is JSON.
pub fn http(address: SocketAddr, method: &str, path: &str, key: &str) -> Value {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nX-MBX-APIKEY: {key}\r\n");
    write!(stream, "{head}Content-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    json(answer.split_once("\r\n\r\n").unwrap().1)
}

/// The demo's configuration, patient with a machine that stands still for seconds, with some of its
/// lines changed: each text must be there once.
pub fn demo_config(changes: &[(&str, &str)]) -> String {
    shipped_config("demo", changes)
}

/// The same of another file of `config/`.
pub fn shipped_config(name: &str, changes: &[(&str, &str)]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
    let file = folder.join(name).with_extension("toml");
    let mut text = std::fs::read_to_string(file).unwrap();
    let patient = [
        ("heartbeat_limit_ms = 3000", "heartbeat_limit_ms = 20000\nanswer_limit_ms = 10000"),
        ("connection_stale_ms = 3000", "connection_stale_ms = 10000"),
    ];
    for (from, to) in patient.iter().chain(changes) {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    }
    text
}

/// An engine's configuration over an exchange: parked, with the Ed25519 key, and some changes.
pub fn config(folder: &Folder, exchange: &Exchange, changes: &[(&str, &str)]) -> PathBuf {
    let key = folder.file("key.json", 0o600, &exchange.keys[1].to_string());
    let at = exchange.address;
    let venue = format!(
        "preset = \"local\"\nstream_url = \"ws://{at}\"\nws_api_url = \"ws://{at}/ws-api/v3\"\n\
         rest_url = \"http://{at}\"\nkey_file = {key:?}\nrecv_window_ms = 1000"
    );
    let name = format!("name = {:?}", folder.engine());
    let mut text = demo_config(&[
        ("preset = \"local\"", &venue),
        ("wait = \"spin\"", "wait = \"park\""),
        ("name = \"demo\"", &name),
    ]);
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
        text = text.replace(from, to);
    }
    folder.file("engine.toml", 0o600, &text)
}

/// Starts `run` or `paper` with a configuration.
pub fn engine(command: &str, config: &Path, environment: &[(&str, &str)]) -> Process {
    let config = config.to_str().unwrap();
    let mut run = peregrine(&[command, "--config", config, "--json", "--seconds", LEFT_ALONE]);
    run.envs(environment.iter().copied());
    Process::start(run)
}

/// `config/market-making.toml` on another market, with quotes so many basis points from the mid.
pub fn market_maker(folder: &Folder, venue: &str, instrument: &str, bps: &str) -> PathBuf {
    let name = format!("name = {:?}", folder.engine());
    let text = shipped_config(
        "market-making",
        &[
            ("[venue.binance-spot]", &format!("[venue.{venue}]")),
            ("symbol = \"BTCUSDT\"", instrument),
            ("name = \"market-making\"", &name),
            ("bid_spread_bps = 2.5 ", &format!("bid_spread_bps = {bps} ")),
            ("ask_spread_bps = 2.5", &format!("ask_spread_bps = {bps}")),
        ],
    );
    folder.file("engine.toml", 0o600, &text)
}

/// Starts `run` with a standard error that nobody reads.
pub fn unheard_engine(config: &Path) -> Process {
    let config = config.to_str().unwrap();
    Process::unheard(peregrine(&["run", "--config", config, "--json", "--seconds", LEFT_ALONE]))
}

/// Runs something short to its end.
pub fn run(args: &[&str]) -> Ended {
    Process::start(peregrine(args)).ended()
}

/// What the monitor shows, once the engine is there.
pub fn look(folder: &Folder) -> Option<Value> {
    let seen = run(&["monitor", "--once", "--json", "--name", folder.engine()]);
    (seen.code == Some(0)).then(|| json(&seen.out))
}

/// Looks at the monitor until it shows what is wanted.
pub fn until_seen(folder: &Folder, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    until(what, || look(folder).filter(&wanted))
}

/// Waits until the engine has this state.
pub fn until_state(folder: &Folder, state: &str) -> Value {
    until_seen(folder, state, |seen| seen["session"]["state"] == state)
}

/// Sends the engine a command; the exit code must be this.
pub fn ctl(folder: &Folder, order: &[&str], code: i32) -> Ended {
    let ended = run(&[&["ctl", "--name", folder.engine()][..], order].concat());
    assert_eq!(ended.code, Some(code), "{order:?}: {}{}", ended.out, ended.err);
    ended
}
