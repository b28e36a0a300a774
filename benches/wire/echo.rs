//! The floor: a thread that does nothing but read a socket and write back what it read, without
//! ever sleeping.

use super::frames::{read, send};
use super::pin;
use std::net::{TcpListener, TcpStream};
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
