//! A venue of a few threads on loopback, each blocking, for what is not timed: REST, and the order
//! connections until they are set up. The connections that are timed are handed to the driver.

use super::frames::{Frames, send, send_text};
use super::ledger::{Ledger, limits, now_ms};
use benches::corpus::Walk;
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// A connection that is to be timed.
pub enum End {
    /// Market streams.
    Market(TcpStream),
    /// Orders, subscribed to the private stream.
    Orders(TcpStream),
}

/// What all connections share.
pub struct Venue {
    pub ledger: Mutex<Ledger>,
    pub walk: Mutex<Walk>,
    /// Hand over order connections at once: whoever connects does not set them up.
    bare: bool,
}

/// A lock whose holder panicked holds what it held.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts one, on threads that end when their connections do.
pub fn start(bare: bool) -> std::io::Result<(SocketAddr, Arc<Venue>, Receiver<End>)> {
    let venue = Arc::new(Venue {
        ledger: Mutex::new(Ledger::default()),
        walk: Mutex::new(Walk::new(7)),
        bare,
    });
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (ends, taken) = channel();
    let shared = venue.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (shared, ends) = (shared.clone(), ends.clone());
            std::thread::spawn(move || serve(stream, &shared, &ends));
        }
    });
    Ok((address, venue, taken))
}

fn serve(mut stream: TcpStream, venue: &Venue, ends: &Sender<End>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    loop {
        let head = head(&mut stream)?;
        let path = head.split(' ').nth(1)?.to_owned();
        let Some(key) = header(&head, "sec-websocket-key") else {
            let body = rest(&path, venue);
            let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
            let body = body.unwrap_or_default();
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
            stream.write_all(head.as_bytes()).ok()?;
            continue;
        };
        let accept = derive_accept_key(key.as_bytes());
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-accept: {accept}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).ok()?;
        if path.starts_with("/stream") {
            return ends.send(End::Market(stream)).ok();
        }
        if venue.bare || set_up(&stream, venue)? {
            return ends.send(End::Orders(stream)).ok();
        }
    }
}

/// One HTTP head; bodies are not expected.
fn head(stream: &mut TcpStream) -> Option<String> {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        text.push(byte[0]);
    }
    String::from_utf8(text).ok()
}

fn header(head: &str, name: &str) -> Option<String> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value.trim().to_owned())
}

fn rest(path: &str, venue: &Venue) -> Option<String> {
    match path.split('?').next()? {
        "/api/v3/exchangeInfo" => Some(exchange_info()),
        "/api/v3/account" => Some(Ledger::account().to_string()),
        "/api/v3/depth" => String::from_utf8(locked(&venue.walk).snapshot(1_000)).ok(),
        _ => None,
    }
}

fn exchange_info() -> String {
    json!({"timezone": "UTC", "serverTime": now_ms(), "rateLimits": limits(), "symbols": [
        {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT",
            "baseAssetPrecision": 8, "quoteAssetPrecision": 8, "cancelReplaceAllowed": true,
            "amendAllowed": true, "defaultSelfTradePreventionMode": "NONE",
            "allowedSelfTradePreventionModes": ["NONE"], "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01000000",
                "maxPrice": "1000000.00000000", "tickSize": "0.01000000"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000",
                "stepSize": "0.00001000"},
            {"filterType": "NOTIONAL", "minNotional": "5.00000000",
                "maxNotional": "9000000.00000000"}]}]})
    .to_string()
}

/// Answers until the connection has subscribed to the private stream: then it is the one that
/// trades. The guard's never does.
fn set_up(stream: &TcpStream, venue: &Venue) -> Option<bool> {
    let (mut frames, mut space) = (Frames::default(), [0; 4096]);
    loop {
        let mut reader: &TcpStream = stream;
        let count = reader.read(&mut space).ok().filter(|count| *count > 0)?;
        frames.take(&space[..count]);
        while let Some(frame) = frames.next() {
            match frame.opcode {
                1 => {}
                9 => {
                    send(stream, &[0x8a, 0]).ok()?;
                    continue;
                }
                _ => return None,
            }
            let (method, told) = locked(&venue.ledger).answer(&frame.payload);
            told.iter().try_for_each(|text| send_text(stream, text)).ok()?;
            if method.starts_with("userDataStream.subscribe") {
                return Some(true);
            }
        }
    }
}
