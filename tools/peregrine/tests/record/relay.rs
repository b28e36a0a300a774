//! A relay between recorder and exchange that keeps every byte which the exchange sent, and can
//! end its connections. A server's frames are not masked, so that their text is in those bytes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

type Shared<T> = Arc<Mutex<Vec<T>>>;

/// A relay; it ends with the process.
pub struct Relay {
    /// Where it listens.
    pub address: SocketAddr,
    bytes: Shared<u8>,
    open: Shared<TcpStream>,
}

impl Relay {
    /// Starts one that leads to this address.
    pub fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let relay = Self { address, bytes: Arc::default(), open: Arc::default() };
        let (bytes, open) = (Arc::clone(&relay.bytes), Arc::clone(&relay.open));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(to).unwrap());
                open.lock()
                    .unwrap()
                    .extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
                let (from, into) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || pass(from, into, &Arc::default()));
                let bytes = Arc::clone(&bytes);
                std::thread::spawn(move || pass(server, client, &bytes));
            }
        });
        relay
    }

    /// Ends all connections.
    pub fn cut(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// All of these were sent, in this order.
    pub fn sent<'a>(&self, texts: impl Iterator<Item = &'a str>) {
        let bytes = self.bytes.lock().unwrap();
        let mut rest = bytes.as_slice();
        for text in texts {
            let text = text.as_bytes();
            let starts = rest.windows(text.len()).position(|window| window == text);
            let start = starts.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(text)));
            // Between two frames is a header of the second, and perhaps a frame of control.
            assert!(start < 4096, "{start} bytes between two frames");
            rest = &rest[start + text.len()..];
        }
    }
}

fn pass(mut from: TcpStream, mut into: TcpStream, kept: &Shared<u8>) {
    let mut part = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut part) {
        kept.lock().unwrap().extend_from_slice(&part[..count]);
        if into.write_all(&part[..count]).is_err() {
            break;
        }
    }
    let _ = into.shutdown(Shutdown::Both);
}
