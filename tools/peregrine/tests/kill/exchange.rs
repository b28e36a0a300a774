//! An exchange that is killed and started again on its ledger and its port.

use crate::harness::{Folder, http, json, peregrine};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Stdio};

/// A running exchange with a ledger on disk.
pub struct Exchange {
    /// Where it listens.
    pub address: SocketAddr,
    ledger: PathBuf,
    child: Child,
}

impl Exchange {
    /// Starts one whose ledger is in this folder.
    pub fn start(folder: &Folder) -> Self {
        let ledger = folder.path.join("exchange");
        std::fs::create_dir_all(&ledger).unwrap();
        let (child, address) = spawn(&ledger, "127.0.0.1:0");
        Self { address, ledger, child }
    }

    /// Ends it with signal 9.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again where it was.
    pub fn restart(&mut self) {
        let (child, address) = spawn(&self.ledger, &self.address.to_string());
        assert_eq!(address, self.address);
        self.child = child;
    }

    /// The file of the key that engines log on with.
    pub fn key(&self) -> PathBuf {
        self.ledger.join("demo-ed25519.key")
    }

    /// What it has written down of the account.
    pub fn ledger(&self) -> Value {
        let key = json(&std::fs::read_to_string(self.key()).unwrap());
        let key = key["api_key"].as_str().unwrap();
        http(self.address, "GET", &format!("/sim/ledger?apiKey={key}"), "")
    }

    /// How many orders stand.
    pub fn open(&self) -> usize {
        self.ledger()["openOrders"].as_array().unwrap().len()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(ledger: &std::path::Path, listen: &str) -> (Child, SocketAddr) {
    let mut command = peregrine(&["exchange", "--json", "--seed", "11", "--listen", listen]);
    // Hundreds of restarts within minutes are not what rate limits are for.
    command.args(["--weight-1m", "10000000", "--orders-10s", "1000", "--ledger"]).arg(ledger);
    command.env("PEREGRINE_WITH_PARENT", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let told = json(&line);
    let address = told["rest"].as_str().unwrap().strip_prefix("http://").unwrap();
    (child, address.parse().unwrap())
}
