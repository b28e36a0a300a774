//! The floor: a thread that does nothing but read a socket and write, without ever sleeping. Once
//! back to back, as fast as bytes go round; and once led by the very driver that leads the product,
//! over the same two connections and at the same pace, so that what differs is the product alone.

use super::driver::{Driver, Timed};
use super::frames::{read, send};
use super::{Failed, TICKS, WARM_UP, pin, venue};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Instant;

/// A connected pair of sockets that do not block.
pub fn pair() -> std::io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    for one in [&near, &far] {
        one.set_nodelay(true)?;
        one.set_nonblocking(true)?;
    }
    Ok((near, far))
}

/// Round trips of this message, ns.
pub fn measure(message: &[u8], warm_up: usize, times: usize) -> std::io::Result<Vec<u64>> {
    let (near, far) = pair()?;
    let echo = std::thread::spawn(move || {
        pin(1);
        let mut space = vec![0; 1 << 16];
        while let Ok(count) = read(&far, &mut space) {
            if count > 0 && send(&far, &space[..count]).is_err() {
                break;
            }
        }
    });
    pin(0);
    let (mut all, mut space) = (Vec::new(), vec![0; 1 << 16]);
    for time in 0..warm_up + times {
        let start = Instant::now();
        send(&near, message)?;
        let mut got = 0;
        while got < message.len() {
            got += read(&near, &mut space)?;
        }
        let taken = start.elapsed();
        if time >= warm_up {
            all.push(u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX));
        }
    }
    drop(near);
    let _ = echo.join();
    Ok(all)
}

/// An upgraded connection that does not block.
fn connect(address: SocketAddr, path: &str) -> Result<TcpStream, Failed> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let ask = format!("GET /{path} HTTP/1.1\r\nsec-websocket-key: dGhlIHNhbXBsZQ==\r\n\r\n");
    stream.write_all(ask.as_bytes())?;
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    stream.set_nonblocking(true)?;
    Ok(stream)
}

/// An order as a client frames it, as long as ours.
fn order() -> Vec<u8> {
    let text = serde_json::json!({"id": "p0000000000000001", "method": "order.place", "params": {
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT_MAKER", "price": "61837.63000000",
        "quantity": "0.01000000", "newClientOrderId": "x-000000000000000000000001",
        "newOrderRespType": "ACK", "selfTradePreventionMode": "EXPIRE_TAKER",
        "recvWindow": 5000, "timestamp": 1_723_161_255_343_u64}})
    .to_string();
    let mut bytes = vec![0x81, 0x80 | 126];
    bytes.extend_from_slice(&(text.len() as u16).to_be_bytes());
    // A mask of zeros leaves the text as it is.
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// An order for each tick, whatever it says.
fn reply(address: SocketAddr) -> Result<(), Failed> {
    let (market, orders) = (connect(address, "stream")?, connect(address, "ws-api/v3")?);
    let (order, mut space) = (order(), vec![0; 1 << 16]);
    loop {
        // An end of either connection is the end of the run.
        let (Ok(ticks), Ok(_)) = (read(&market, &mut space), read(&orders, &mut space)) else {
            return Ok(());
        };
        if ticks > 0 {
            send(&orders, &order)?;
        }
    }
}

/// Ticks to orders by a thread that does nothing between reading and writing.
pub fn led(part: usize) -> Result<Timed, Failed> {
    let (address, venue, ends) = venue::start(true)?;
    let echo = std::thread::spawn(move || {
        pin(1);
        reply(address).map_err(|error| error.to_string())
    });
    pin(0);
    let mut driver = Driver::new(&venue, &ends, true).ok_or("the echo did not connect")?;
    let timed = driver.drive(WARM_UP / part, TICKS / part)?;
    drop(driver);
    echo.join().map_err(|_| "the echo panicked")??;
    Ok(timed)
}
