//! A scripted venue on loopback: it says what a session wants to hear and takes every order. It is
//! driven by the bench's own thread, so that nothing else runs while something is measured.

use crate::corpus::frame;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Both connections and what was said on them.
pub struct Venue {
    address: SocketAddr,
    came: mpsc::Receiver<(bool, TcpStream)>,
    snapshot: Arc<Mutex<Vec<u8>>>,
    market: Option<TcpStream>,
    orders: Option<TcpStream>,
    read: Vec<u8>,
    /// Requests that wait to be answered.
    asked: VecDeque<Value>,
    next_order: u64,
    /// Requests for orders so far, and their bytes.
    pub taken: (u64, usize),
}

impl Venue {
    /// Starts to listen; the snapshot is what REST tells of the book.
    pub fn start(snapshot: Vec<u8>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let snapshot = Arc::new(Mutex::new(snapshot));
        let (sender, came) = mpsc::channel();
        let told = snapshot.clone();
        // It ends with the process: a bench connects a few times and is over.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let _ = greet(stream, &told, &sender);
            }
        });
        Ok(Self {
            address,
            came,
            snapshot,
            market: None,
            orders: None,
            read: Vec::new(),
            asked: VecDeque::new(),
            next_order: 12_569_099_453,
            taken: (0, 0),
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What REST tells of the book from now on.
    pub fn set_snapshot(&self, snapshot: Vec<u8>) {
        if let Ok(mut told) = self.snapshot.lock() {
            *told = snapshot;
        }
    }

    /// Takes connections over that came, and whatever was asked on them; answers are given by
    /// [`Venue::answer`].
    pub fn listen(&mut self) -> io::Result<()> {
        while let Ok((is_market, stream)) = self.came.try_recv() {
            stream.set_nodelay(true)?;
            stream.set_nonblocking(!is_market)?;
            *(if is_market { &mut self.market } else { &mut self.orders }) = Some(stream);
        }
        let Some(orders) = &mut self.orders else { return Ok(()) };
        let mut space = [0; 16_384];
        loop {
            match orders.read(&mut space) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.read.extend_from_slice(&space[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        while let Some((opcode, text)) = take_frame(&mut self.read) {
            if opcode == 1 {
                self.asked.push_back(serde_json::from_slice(&text)?);
                self.taken.1 += text.len();
            }
        }
        Ok(())
    }

    /// One frame of the market, at once.
    pub fn tell(&mut self, frame: &[u8]) -> io::Result<()> {
        match &mut self.market {
            Some(market) => market.write_all(frame),
            None => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// Whether the market's connection is up.
    pub const fn has_market(&self) -> bool {
        self.market.is_some()
    }

    /// Answers everything that was asked; how many requests there were.
    pub fn answer(&mut self) -> io::Result<usize> {
        let mut count = 0;
        while let Some(ask) = self.asked.pop_front() {
            count += 1;
            let method = ask["method"].as_str().unwrap_or_default();
            let (result, events) = self.reply(method, &ask["params"]);
            let answer = json!({"id": ask["id"], "status": 200, "result": result});
            let Some(orders) = &mut self.orders else { break };
            let mut bytes = frame(answer.to_string().as_bytes());
            for event in events {
                let event = json!({"subscriptionId": 0, "event": event});
                bytes.extend_from_slice(&frame(event.to_string().as_bytes()));
            }
            orders.write_all(&bytes)?;
        }
        Ok(count)
    }

    fn reply(&mut self, method: &str, params: &Value) -> (Value, Vec<Value>) {
        match method {
            "time" => (json!({"serverTime": now_ms()}), vec![]),
            "account.status" => {
                let of = |asset| json!({"asset": asset, "free": "10000000.0", "locked": "0.0"});
                (json!({"balances": [of("BTC"), of("USDT")]}), vec![])
            }
            "openOrders.status" | "myTrades" => (json!([]), vec![]),
            "order.place" => {
                let (placed, event) = self.place(params);
                (placed, vec![event])
            }
            "order.cancelReplace" => {
                let gone = cancelled(params, &params["cancelOrderId"]);
                let (placed, event) = self.place(params);
                let result = json!({"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS",
                    "cancelResponse": gone.0, "newOrderResponse": placed});
                (result, vec![gone.1, event])
            }
            "order.cancel" => {
                let gone = cancelled(params, &params["orderId"]);
                (gone.0, vec![gone.1])
            }
            _ => (json!({"subscriptionId": 0}), vec![]),
        }
    }

    fn place(&mut self, params: &Value) -> (Value, Value) {
        self.next_order += 1;
        self.taken.0 += 1;
        let (id, client) = (self.next_order, &params["newClientOrderId"]);
        let placed = json!({"symbol": params["symbol"], "orderId": id, "orderListId": -1,
            "clientOrderId": client, "transactTime": now_ms()});
        (placed, report("NEW", params, (id.into(), client.clone(), json!(""))))
    }
}

fn cancelled(params: &Value, id: &Value) -> (Value, Value) {
    let gone = json!({"symbol": params["symbol"], "orderId": id, "orderListId": -1,
        "origClientOrderId": "?", "clientOrderId": "web", "executedQty": "0.00000000",
        "status": "CANCELED"});
    (gone, report("CANCELED", params, (id.clone(), json!("web"), json!("?"))))
}

fn report(kind: &str, params: &Value, (id, client, old): (Value, Value, Value)) -> Value {
    let of = |key: &str, otherwise: &str| match &params[key] {
        Value::Null => json!(otherwise),
        known => known.clone(),
    };
    json!({"e": "executionReport", "E": now_ms(), "s": params["symbol"], "c": client,
        "S": of("side", "BUY"), "o": "LIMIT_MAKER", "f": "GTC", "q": of("quantity", "0.0"),
        "p": of("price", "0.0"), "P": "0.0", "F": "0.0", "g": -1, "C": old, "x": kind, "X": kind,
        "r": "NONE", "i": id, "l": "0.0", "z": "0.0", "L": "0.0", "n": "0", "N": null,
        "T": now_ms(), "t": -1, "w": true, "m": false, "O": now_ms(), "Z": "0.0", "Y": "0.0",
        "Q": "0.0", "V": "NONE"})
}

fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as u64)
}

/// Upgrades a connection and hands it over, or answers its one request.
fn greet(
    mut stream: TcpStream,
    snapshot: &Mutex<Vec<u8>>,
    came: &mpsc::Sender<(bool, TcpStream)>,
) -> io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
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
        let body = snapshot.lock().map(|told| told.clone()).unwrap_or_default();
        let length = body.len();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
        return stream.write_all(&body);
    };
    let accept = derive_accept_key(key.as_bytes());
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )?;
    let _ = came.send((head.starts_with("GET /stream"), stream));
    Ok(())
}

/// The first whole frame of a client, unmasked.
pub fn take_frame(bytes: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let (opcode, short) = (bytes.first()? & 15, usize::from(bytes.get(1)? & 0x7f));
    let (len, mask) = match short {
        126 => (usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])), 4),
        127 => return None,
        short => (short, 2),
    };
    let start = mask + 4;
    let masked = bytes.get(start..start + len)?;
    let text = masked.iter().zip(bytes[mask..start].iter().cycle()).map(|(a, b)| a ^ b).collect();
    bytes.drain(..start + len);
    Some((opcode, text))
}
