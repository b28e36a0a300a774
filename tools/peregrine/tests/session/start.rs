//! Sessions that cannot begin: one clear message, exit code 1, no panic, and no secret shown.

use crate::harness::{Ended, Exchange, Folder, PATIENCE, config, engine, json};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Instant;

/// It must fail with one line that says all of this, and soon.
fn check(file: &Path, environment: &[(&str, &str)], words: &[&str], secrets: &[&str]) -> Ended {
    let began = Instant::now();
    let ended = engine("run", file, environment).ended();
    assert!(began.elapsed() < PATIENCE);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let lines: Vec<&str> =
        ended.err.lines().filter(|line| line.starts_with("peregrine: ")).collect();
    assert_eq!(lines.len(), 1, "one message: {}", ended.err);
    for word in words {
        assert!(lines[0].contains(word), "{word} in {}", ended.err);
    }
    for secret in secrets {
        assert!(!ended.err.contains(secret) && !ended.out.contains(secret), "a secret is shown");
    }
    assert!(!ended.err.contains("panicked at"), "{}", ended.err);
    assert_eq!(json(&ended.out)["exit"], 1, "{}", ended.out);
    ended
}

fn text<'a>(key: &'a Value, name: &str) -> &'a str {
    key[name].as_str().unwrap()
}

#[test]
fn wrong_keys_are_told_and_not_shown() {
    let (folder, exchange) = (Folder::new("keys"), Exchange::start(&["--seed", "6"]));
    let file = config(&folder, &exchange, &[]);
    let [hmac, ed25519] = &exchange.keys;
    let secret = text(hmac, "secret");

    let mut wrong = hmac.clone();
    wrong["api_key"] = "A".repeat(64).into();
    folder.file("key.json", 0o600, &wrong.to_string());
    check(&file, &[], &["-2015", "API-key"], &[secret]);

    let mut wrong = hmac.clone();
    wrong["secret"] = "B".repeat(64).into();
    folder.file("key.json", 0o600, &wrong.to_string());
    check(&file, &[], &["-1022", "ignature"], &[&"B".repeat(64), secret]);

    let mut wrong = ed25519.clone();
    wrong["api_key"] = hmac["api_key"].clone();
    folder.file("key.json", 0o600, &wrong.to_string());
    let pem = text(ed25519, "private_key_pem");
    let body = pem.lines().nth(1).unwrap();
    check(&file, &[], &["-1022"], &[body]);

    folder.file("key.json", 0o600, "{\"kind\": \"hmac\", \"secret\": \"CCCCCCCC\"}");
    check(&file, &[], &["not credentials", "key.json"], &["CCCCCCCC"]);
    assert_eq!(exchange.get("/sim/report")["wire"]["orders"], 0);
}

#[test]
fn keys_that_others_may_read_are_refused() {
    let (folder, exchange) = (Folder::new("modes"), Exchange::start(&["--seed", "6"]));
    let file = config(&folder, &exchange, &[]);
    let key = exchange.keys[0].to_string();
    std::fs::remove_file(folder.path.join("key.json")).unwrap();
    check(&file, &[], &["cannot read the credentials file", "key.json"], &[]);
    folder.file("key.json", 0o644, &key);
    check(&file, &[], &["mode is 644", "chmod 600"], &[text(&exchange.keys[0], "secret")]);

    let line = format!("key_file = {:?}", folder.path.join("key.json"));
    let file = config(&folder, &exchange, &[(&line, "key_env = \"PG_TEST\"")]);
    check(&file, &[], &["PG_TEST_KIND is not set"], &[]);
    let some = [("PG_TEST_KIND", "hmac"), ("PG_TEST_API_KEY", "abc")];
    check(&file, &some, &["PG_TEST_SECRET is not set"], &[]);
}

/// Answers every request with these bytes.
fn answering(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(bytes);
        }
    });
    address
}

#[test]
fn hosts_that_are_not_there_or_talk_nonsense_are_told() {
    let (folder, exchange) = (Folder::new("hosts"), Exchange::start(&["--seed", "6"]));
    let rest = format!("rest_url = \"http://{}\"", exchange.address);
    let at = |address: SocketAddr| {
        let to = format!("rest_url = \"http://{address}\"");
        config(&folder, &exchange, &[(&rest, &to)])
    };
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let port = closed.port().to_string();
    check(&at(closed), &[], &["cannot connect", &port, "check the host"], &[]);
    check(&at(answering(b"what do you want?\r\n\r\n")), &[], &["HTTP"], &[]);
    let html = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>no</html>";
    check(&at(answering(html)), &[], &["exchangeInfo"], &[]);
    let gone =
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    check(&at(answering(gone)), &[], &["exchangeInfo", "503"], &[]);
}

#[test]
fn a_stream_that_talks_nonsense_is_dialled_again() {
    let (folder, exchange) = (Folder::new("streams"), Exchange::start(&["--seed", "6"]));
    let nonsense = answering(b"HTTP/1.1 101 Gibberish\r\n\r\n\xff\xfe\xfd");
    let stream = format!("stream_url = \"ws://{}\"", exchange.address);
    let api = format!("ws_api_url = \"ws://{}/ws-api/v3\"", exchange.address);
    let to =
        [format!("stream_url = \"ws://{nonsense}\""), format!("ws_api_url = \"ws://{nonsense}\"")];
    let file = config(&folder, &exchange, &[(&stream, &to[0]), (&api, &to[1])]);
    let process = engine("run", &file, &[]);
    crate::harness::until("complaints about both links", || {
        let err = process.err();
        (err.contains("market link: ") && err.contains("orders link: ")).then_some(())
    });
    crate::harness::ctl(&folder, &["stop"], 0);
    let ended = process.ended();
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
    assert_eq!(exchange.get("/sim/report")["wire"]["orders"], 0);
}
