//! The wire between engine and exchange: TCP that takes its time both ways, and outlives either
//! end. What was on its way when one end died still arrives, as on a real one.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Parts of a stream that may be on their way.
const PARTS_MAX: usize = 8192;

/// A request about an order has more bytes, a ping has fewer.
const REQUEST_BYTES: usize = 150;

/// What both directions of all connections share.
#[derive(Default)]
struct Weather {
    /// Milliseconds to the exchange, and back from it.
    delays: [AtomicU64; 2],
    /// Reports of our own trades that have left the exchange.
    fills: AtomicU64,
    /// Requests that have left an engine.
    requests: AtomicU64,
    over: AtomicBool,
}

/// A listening end that engines are pointed at.
pub struct Wire {
    /// Where engines connect to.
    pub address: SocketAddr,
    weather: Arc<Weather>,
}

impl Wire {
    /// One that leads to this address.
    pub fn to(exchange: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let weather = Arc::<Weather>::default();
        let shared = weather.clone();
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if shared.over.load(Ordering::Relaxed) {
                    break;
                }
                // While the exchange is dead nobody answers: the engine sees its end closed.
                if let Ok(far) = TcpStream::connect(exchange) {
                    join(&near, &far, &shared);
                }
            }
        });
        Self { address, weather }
    }

    /// How long everything takes from now on, milliseconds there and back.
    pub fn delay(&self, there: u64, back: u64) {
        for (delay, ms) in self.weather.delays.iter().zip([there, back]) {
            delay.store(ms, Ordering::Relaxed);
        }
    }

    /// Reports of own trades that have left the exchange, arrived or not.
    pub fn fills(&self) -> u64 {
        self.weather.fills.load(Ordering::Relaxed)
    }

    /// Requests to the order entry that have left an engine, arrived or not.
    pub fn requests(&self) -> u64 {
        self.weather.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.weather.over.store(true, Ordering::Relaxed);
        // Wakes the listening thread, which then ends.
        let _ = TcpStream::connect(self.address);
    }
}

/// Carries bytes both ways until either end is gone.
fn join(near: &TcpStream, far: &TcpStream, weather: &Arc<Weather>) {
    for (way, from, to) in [(0, near, far), (1, far, near)] {
        let _ = to.set_nodelay(true);
        let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { return };
        let (put, take) = sync_channel(PARTS_MAX);
        let weather = weather.clone();
        thread::spawn(move || listen(from, &put, &weather, way));
        thread::spawn(move || tell(&take, to));
    }
}

fn listen(mut from: TcpStream, put: &SyncSender<(Instant, Vec<u8>)>, over: &Weather, way: usize) {
    let mut part = [0; 16_384];
    let mut is_entry = false;
    while let Ok(count @ 1..) = from.read(&mut part) {
        let bytes = &part[..count];
        let wanted = br#""x":"TRADE""#;
        if way == 1 && bytes.windows(wanted.len()).any(|some| some == wanted) {
            over.fills.fetch_add(1, Ordering::Relaxed);
        }
        if way == 0 && is_entry && count > REQUEST_BYTES {
            over.requests.fetch_add(1, Ordering::Relaxed);
        }
        is_entry |= bytes.starts_with(b"GET /ws-api");
        let wait = Duration::from_millis(over.delays[way].load(Ordering::Relaxed));
        if put.send((Instant::now() + wait, bytes.to_vec())).is_err() {
            break;
        }
    }
}

fn tell(take: &Receiver<(Instant, Vec<u8>)>, mut to: TcpStream) {
    while let Ok((due, bytes)) = take.recv() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    // The other direction ends by it too.
    let _ = to.shutdown(Shutdown::Both);
}
