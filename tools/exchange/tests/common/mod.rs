//! A small client for the tests: raw HTTP, tokio-tungstenite, and signatures made by other crates
//! (hmac + sha2, aws-lc-rs) than those that the exchange verifies with.
#![allow(dead_code)]
// Each test file uses a part of it.
// The allowance for tests in .clippy.toml reaches functions marked as tests only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use base64::Engine as _;
use exchange::{KeyFile, Options, demo_keys};
use futures_util::{SinkExt, StreamExt};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

/// Longest wait for any one thing.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running exchange; it stops when this is dropped.
pub struct Exchange {
    pub address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<exchange::Summary>>,
}

impl Exchange {
    pub fn start(options: Options) -> Self {
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (told, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let ready = move |address| told.send(address).unwrap();
            let shutdown = async {
                let _ = stopped.await;
            };
            runtime.block_on(exchange::serve(options, ready, shutdown)).unwrap()
        });
        let address = address.recv_timeout(PATIENCE).unwrap();
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    /// Waits until this many faults have been carried out.
    pub async fn after_faults(&self, count: usize) {
        for _ in 0..100_000 {
            let report = get(self.address, "/sim/report").await;
            if report["faults"].as_array().unwrap().len() >= count {
                return;
            }
        }
        panic!("the faults did not come");
    }

    pub fn stop(mut self) -> exchange::Summary {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An exchange without a generated market and without latency.
pub fn quiet() -> Options {
    Options { market: false, latency: Duration::ZERO, ..Options::default() }
}

pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

pub fn hmac_key() -> KeyFile {
    demo_keys(1)[0].clone()
}

pub fn ed25519_key() -> KeyFile {
    demo_keys(1)[1].clone()
}

/// Signs a payload as the key's owner would.
pub fn sign(key: &KeyFile, payload: &str) -> String {
    if let Some(secret) = &key.secret {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(payload.as_bytes());
        return hex::encode(mac.finalize().into_bytes());
    }
    let pem = key.private_key_pem.as_ref().unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let engine = base64::engine::general_purpose::STANDARD;
    let der = engine.decode(body).unwrap();
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).unwrap();
    engine.encode(pair.sign(payload.as_bytes()))
}

/// An HTTP answer: status, headers in lower case, JSON.
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub json: Value,
}

pub async fn http(address: SocketAddr, method: &str, path: &str, key: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: {key}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut text)).await.unwrap().unwrap();
    let text = String::from_utf8(text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let json = serde_json::from_str(body).unwrap_or(Value::Null);
    Answer { status, headers: head.to_lowercase(), json }
}

pub async fn get(address: SocketAddr, path: &str) -> Value {
    http(address, "GET", path, "", "").await.json
}

/// A signed REST request; parameters in the query.
pub async fn signed(
    address: SocketAddr,
    key: &KeyFile,
    method: &str,
    path: &str,
    params: &str,
) -> Answer {
    let stamp = now_ms();
    let query = if params.is_empty() {
        format!("timestamp={stamp}")
    } else {
        format!("{params}&timestamp={stamp}")
    };
    let signature = sign(key, &query);
    let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let path = format!("{path}?{query}&signature={signature}");
    http(address, method, &path, &key.api_key, "").await
}

type Stream =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A WebSocket client that keeps messages until they are asked for.
pub struct Client {
    stream: Stream,
    kept: Vec<Value>,
    next: u64,
}

impl Client {
    pub async fn connect(address: SocketAddr, path: &str) -> Self {
        let url = format!("ws://{address}{path}");
        let (stream, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        Self { stream, kept: Vec::new(), next: 1 }
    }

    pub async fn send(&mut self, json: &Value) {
        self.stream.send(Message::text(json.to_string())).await.unwrap();
    }

    pub async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// The next text message; none when the connection ended.
    pub async fn receive(&mut self) -> Option<Value> {
        loop {
            match tokio::time::timeout(PATIENCE, self.stream.next()).await.unwrap() {
                Some(Ok(Message::Text(text))) => {
                    return Some(serde_json::from_str(&text).unwrap_or(json!({"bad": &*text})));
                }
                Some(Ok(Message::Ping(payload))) => {
                    self.stream.send(Message::Pong(payload)).await.unwrap();
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The first message, kept or to come, that fits.
    pub async fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(n) = self.kept.iter().position(&fits) {
            return self.kept.remove(n);
        }
        for _ in 0..100_000 {
            let message = self.receive().await.expect("the connection ended");
            if fits(&message) {
                return message;
            }
            self.kept.push(message);
        }
        panic!("no such message");
    }

    /// A WebSocket-API request and its answer; signed where a key is given.
    pub async fn call(&mut self, method: &str, mut params: Value, key: Option<&KeyFile>) -> Value {
        if let Some(key) = key {
            params["apiKey"] = json!(key.api_key);
            params["timestamp"] = json!(now_ms());
            let sorted: std::collections::BTreeMap<String, Value> =
                serde_json::from_value(params.clone()).unwrap();
            let pairs = sorted.iter().map(|(name, value)| match value {
                Value::String(text) => format!("{name}={text}"),
                other => format!("{name}={other}"),
            });
            let payload = pairs.collect::<Vec<_>>().join("&");
            params["signature"] = json!(sign(key, &payload));
        }
        let id = self.next;
        self.next += 1;
        self.send(&json!({"id": id, "method": method, "params": params})).await;
        self.until(|message| message["id"] == json!(id)).await
    }

    /// A private event of this kind.
    pub async fn event(&mut self, kind: &str, what: &str) -> Value {
        let message = self
            .until(|message| {
                message["event"]["e"] == json!(kind)
                    && (what.is_empty() || message["event"]["x"] == json!(what))
            })
            .await;
        message["event"].clone()
    }
}
