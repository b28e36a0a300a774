//! Who is at the other end of the wire, and holds the watch: sends a tick, spins until the first
//! bytes of an order are there, and answers all orders when the time is taken.

use super::frames::{Frames, read, send, send_text};
use super::venue::{End, Venue, locked};
use benches::corpus::frame;
use std::net::TcpStream;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// Longest wait for an order after a tick.
const LONGEST: Duration = Duration::from_millis(5);
/// So long nothing came: all is answered.
const QUIET: Duration = Duration::from_micros(60);
/// Longest wait for the connections, and for the first order.
const START: Duration = Duration::from_secs(30);

/// What was timed.
#[derive(Default)]
pub struct Timed {
    /// From a tick handed to the system to an order's first bytes read, ns.
    pub ns: Vec<u64>,
    /// Ticks that no order followed.
    pub silent: usize,
}

/// The driver.
pub struct Driver<'a> {
    venue: &'a Venue,
    market: TcpStream,
    orders: TcpStream,
    frames: Frames,
    space: Vec<u8>,
    /// Whether orders are answered.
    answers: bool,
    seen: usize,
}

impl<'a> Driver<'a> {
    /// Waits for both connections.
    pub fn new(venue: &'a Venue, ends: &Receiver<End>, answers: bool) -> Option<Self> {
        let (mut market, mut orders) = (None, None);
        while market.is_none() || orders.is_none() {
            match ends.recv_timeout(START).ok()? {
                End::Market(stream) => market = Some(stream),
                End::Orders(stream) => orders = Some(stream),
            }
        }
        let (market, orders) = (market?, orders?);
        market.set_nonblocking(true).ok()?;
        orders.set_nonblocking(true).ok()?;
        let (frames, space) = (Frames::default(), vec![0; 1 << 16]);
        Some(Self { venue, market, orders, frames, space, answers, seen: 0 })
    }

    /// Takes what was read: whether an order was in it.
    fn take(&mut self, count: usize) -> std::io::Result<bool> {
        if !self.answers {
            self.seen += 1;
            return Ok(true);
        }
        let mut any = false;
        self.frames.take(&self.space[..count]);
        while let Some(frame) = self.frames.next() {
            match frame.opcode {
                1 => {}
                9 => {
                    send(&self.orders, &[0x8a, 0])?;
                    continue;
                }
                _ => continue,
            }
            let (method, told) = locked(&self.venue.ledger).answer(&frame.payload);
            any |= method.starts_with("order.");
            told.iter().try_for_each(|text| send_text(&self.orders, text))?;
        }
        self.seen += usize::from(any);
        Ok(any)
    }

    /// Answers until nothing comes any more.
    fn settle(&mut self) -> std::io::Result<()> {
        let mut since = Instant::now();
        while since.elapsed() < QUIET {
            let count = read(&self.orders, &mut self.space)?;
            if count > 0 {
                self.take(count)?;
                since = Instant::now();
            }
        }
        Ok(())
    }

    /// One tick: ns to the first bytes of an order.
    fn tick(&mut self) -> std::io::Result<Option<u64>> {
        let tick = frame(&locked(&self.venue.walk).book_ticker());
        let start = Instant::now();
        send(&self.market, &tick)?;
        loop {
            let count = read(&self.orders, &mut self.space)?;
            let taken = start.elapsed();
            if count > 0 {
                let ns = u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX);
                return Ok(self.take(count)?.then_some(ns));
            }
            if taken > LONGEST {
                return Ok(None);
            }
        }
    }

    /// Ticks until orders follow, then some more to warm up, then those that are timed.
    pub fn drive(&mut self, warm_up: usize, ticks: usize) -> std::io::Result<Timed> {
        let end = Instant::now() + START;
        while self.seen < 10 && Instant::now() < end {
            self.tick()?;
            self.settle()?;
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut timed = Timed::default();
        for tick in 0..warm_up + ticks {
            let ns = self.tick()?;
            if tick >= warm_up {
                timed.ns.extend(ns);
                timed.silent += usize::from(ns.is_none());
            }
            self.settle()?;
        }
        Ok(timed)
    }

    /// Answers until the other end closes.
    pub fn see_off(mut self) {
        while self.settle().is_ok() {}
    }
}
