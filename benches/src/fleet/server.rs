//! The venues of a program on loopback: they answer what a feed asks at the beginning, and play
//! their tapes into its connections in time with a beginning that somebody else names.

use super::player::Tape;
use super::speech::Whole;
use crate::corpus::frame;
use crate::rig::Failed;
use crate::venue::take_frame;
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// How long the player sleeps when nothing is due.
const NAP: Duration = Duration::from_micros(50);

/// What one venue tells.
pub struct Shelf {
    /// Its tape.
    pub tape: Arc<Tape>,
    /// Its first books, by place of the instrument, with the instrument's name.
    pub books: Vec<(String, Whole)>,
}

/// When playing begins, and how much faster than life it goes.
pub type Go = Arc<OnceLock<(Instant, f64)>>;

/// A connection: whose, over which endpoint, and what was read of it.
struct Line {
    venue: usize,
    endpoint: u8,
    stream: TcpStream,
    read: Vec<u8>,
    /// What it is told first. The player tells it: who has heard it can be played to.
    first: Vec<u8>,
}

/// Starts to listen, one address a venue; everything ends with the process.
pub fn serve(shelves: Vec<Shelf>, go: Go) -> Result<Vec<SocketAddr>, Failed> {
    let (sender, came) = channel();
    let (mut addresses, mut tapes) = (Vec::new(), Vec::new());
    for (venue, Shelf { tape, books }) in shelves.into_iter().enumerate() {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        addresses.push(listener.local_addr()?);
        tapes.push(tape);
        let sender = sender.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Whoever hangs up at once asks again.
                let _ = greet(stream, (venue, &books), &sender);
            }
        });
    }
    std::thread::spawn(move || {
        // The end of a connection is the end of a session.
        let _ = play(&tapes, &came, &go);
    });
    Ok(addresses)
}

/// Answers a request, or upgrades a connection and hands it on.
fn greet(
    mut stream: TcpStream,
    (venue, books): (usize, &[(String, Whole)]),
    came: &Sender<Line>,
) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim().to_owned())
    });
    let Some(key) = key else {
        let asked = |symbol: &str| head.contains(&format!("symbol={symbol}&"));
        let body = books.iter().find_map(|(symbol, whole)| match whole {
            Whole::Body(body) if asked(symbol) => Some(body.as_str()),
            _ => None,
        });
        let body = body.unwrap_or("{}");
        let length = body.len();
        return write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
    };
    let accept = derive_accept_key(key.as_bytes());
    let upgrade = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    let mut first = upgrade.into_bytes();
    for (_, whole) in books {
        if let Whole::Frame(text) = whole {
            first.extend(frame(text.as_bytes()));
        }
    }
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_millis(1)))?;
    let endpoint = u8::from(head.starts_with("GET /market"));
    let _ = came.send(Line { venue, endpoint, stream, read: Vec::new(), first });
    Ok(())
}

/// Answers subscriptions until playing begins, then plays all tapes to their ends.
fn play(tapes: &[Arc<Tape>], came: &Receiver<Line>, go: &Go) -> std::io::Result<()> {
    let mut lines: Vec<Line> = Vec::new();
    let (began, faster) = loop {
        for mut line in came.try_iter() {
            line.stream.write_all(&line.first)?;
            lines.push(line);
        }
        for line in &mut lines {
            line.answer()?;
        }
        match go.get() {
            Some(go) => break *go,
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    };
    let mut at = vec![0; tapes.len()];
    let mut rest = true;
    while rest {
        let due = (began.elapsed().as_nanos() as f64 * faster) as u64;
        let (mut wrote, before) = (false, at.clone());
        rest = false;
        for (venue, (tape, at)) in tapes.iter().zip(&mut at).enumerate() {
            while let Some((endpoint, bytes, next)) = tape.due(*at, due) {
                let mut own = lines.iter_mut();
                let line = own.find(|line| line.venue == venue && line.endpoint == endpoint);
                if let Some(line) = line {
                    line.stream.write_all(bytes)?;
                }
                *at = next;
            }
            wrote |= *at > before[venue];
            rest |= *at < tape.len();
        }
        if !wrote {
            std::thread::sleep(NAP);
        }
    }
    // Connections stay up until whoever reads has read all: the process ends them.
    std::thread::park();
    Ok(())
}

impl Line {
    /// Takes what was asked and grants it.
    fn answer(&mut self) -> std::io::Result<()> {
        let mut space = [0; 16_384];
        match self.stream.read(&mut space) {
            Ok(count) => self.read.extend_from_slice(&space[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
        while let Some((opcode, text)) = take_frame(&mut self.read) {
            let Ok(ask) = serde_json::from_slice::<Value>(&text) else { continue };
            if opcode != 1 || ask["op"] != "subscribe" {
                continue;
            }
            for answer in granted(&ask) {
                self.stream.write_all(&frame(answer.to_string().as_bytes()))?;
            }
        }
        Ok(())
    }
}

/// What a subscription is answered with: of Bybit the request, of OKX each topic.
fn granted(ask: &Value) -> Vec<Value> {
    match ask.get("req_id") {
        Some(id) => vec![json!({"success": true, "ret_msg": "", "conn_id": "bench",
            "req_id": id, "op": "subscribe"})],
        None => {
            let topics = ask["args"].as_array().into_iter().flatten();
            let one = |arg| json!({"event": "subscribe", "arg": arg, "connId": "bench"});
            topics.map(one).collect()
        }
    }
}
