//! What a socket costs: reading it when nothing is there, the question which of several have
//! something, each option, and a round trip of 200 bytes over loopback, plain and TLS, beside the
//! ways in which others read a WebSocket.
//!
//! Behind all of them is one thread that never sleeps and sends back what it reads, so that what
//! differs is the client alone. Decisions that follow are in `runs/DECISIONS.md`.

#[path = "sockets/clients.rs"]
mod clients;
#[path = "wire/frames.rs"]
#[allow(dead_code)] // the other half is wire's
mod frames;
#[path = "sockets/server.rs"]
mod server;

use benches::stage::{Bar, Contestant, Stage};
use clients::TRIPS;
use feeds::net::{Acks, Ready, Socket, Tuning};
use server::{Server, Speaks, Trust};
use std::net::TcpStream;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// A message as long as a best bid and ask or an order.
const MESSAGE: &str = concat!(
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890",
    "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901",
    "234567890123456789"
);

/// Pins the calling thread; without the core it runs where it is put.
fn pin(id: usize) {
    let _ = core_affinity::set_for_current(core_affinity::CoreId { id });
}

const PLAIN: Tuning = Tuning { acks: Acks::System, busy_poll_us: 0, stamps: false };

/// Connected sockets of ours over plain TCP, none of which has anything to read.
fn idle(count: usize, tuning: Tuning) -> Result<(Server, Vec<Socket>), Failed> {
    let server = Server::start(vec![Speaks::WebSocket; count], None)?;
    let sockets = (0..count).map(|_| Ok(*clients::dialled(&server, None, tuning)?));
    let sockets = sockets.collect::<Result<_, Failed>>()?;
    server.turn_of()(count);
    Ok((server, sockets))
}

/// One turn over sockets that have nothing: ask first, or read all.
fn turns(stage: &mut Stage) -> Result<(), Failed> {
    for count in [1, 2, 3, 4, 8, 16] {
        let (server, sockets) = idle(count, PLAIN)?;
        let (_server, mut others) = idle(count, PLAIN)?;
        let ready = Ready::new()?;
        for (place, socket) in sockets.iter().enumerate() {
            ready.add(place, socket)?;
        }
        let ask = Contestant::new("ask, then read", || {
            for _ in 0..100 {
                assert_eq!(ready.look(), 0);
            }
        });
        let read = Contestant::new("read all", || {
            for _ in 0..100 {
                others.iter_mut().for_each(|socket| assert_eq!(socket.poll(), Ok(0)));
            }
        });
        stage.duel(&format!("turn over {count} empty sockets"), Bar::None, 100, vec![ask, read]);
        drop(server);
    }
    Ok(())
}

/// Reading an empty socket, in each way.
fn reads(stage: &mut Stage) -> Result<(), Failed> {
    let stamps = Tuning { stamps: true, ..PLAIN };
    let (_one, mut plain) = idle(1, PLAIN)?;
    let (_two, mut stamped) = idle(1, stamps)?;
    let (_three, mut unasked) = idle(1, stamps)?;
    let quick = TcpStream::connect(_one.address)?;
    let all = vec![
        Contestant::new("read", || (0..100).for_each(|_| assert_eq!(plain[0].poll(), Ok(0)))),
        Contestant::new("stamps on, not asked for", || {
            (0..100).for_each(|_| assert_eq!(unasked[0].poll(), Ok(0)));
        }),
        Contestant::new("asking for the stamp", || {
            (0..100).for_each(|_| assert_eq!(stamped[0].poll_stamped(), Ok(0)));
        }),
        Contestant::new("TCP_QUICKACK once more", || {
            (0..100).for_each(|_| {
                let _ = socket2::SockRef::from(&quick).set_tcp_quickack(true);
            });
        }),
    ];
    stage.duel("an empty socket", Bar::None, 100, all);
    Ok(())
}

/// Round trips with each option of the system.
fn options(stage: &mut Stage) -> Result<(), Failed> {
    let list = [
        ("none", PLAIN, false),
        ("acknowledged at once", Tuning { acks: Acks::AtOnce, ..PLAIN }, false),
        ("acknowledged late", Tuning { acks: Acks::Late, ..PLAIN }, false),
        ("SO_BUSY_POLL", Tuning { busy_poll_us: 50, ..PLAIN }, false),
        ("stamps, not asked for", Tuning { stamps: true, ..PLAIN }, false),
        ("stamps, asked for", Tuning { stamps: true, ..PLAIN }, true),
    ];
    let server = Server::start(vec![Speaks::WebSocket; list.len()], None)?;
    let all = list.into_iter().enumerate().map(|(place, (name, tuning, stamped))| {
        let socket = clients::dialled(&server, None, tuning)?;
        Ok(clients::ours(name, (place, &server), socket, stamped, MESSAGE.as_bytes()))
    });
    let all = all.collect::<Result<_, Failed>>()?;
    stage.duel("round trip by option, plain", Bar::None, TRIPS, all);
    Ok(())
}

/// Round trips beside others.
fn rivals(stage: &mut Stage, trust: Option<&Trust>) -> Result<(), Failed> {
    let mut speaks = vec![Speaks::WebSocket; 6];
    speaks[1] = Speaks::Bytes;
    let server = Server::start(speaks, trust)?;
    let (text, bytes) = (MESSAGE, MESSAGE.as_bytes());
    let socket = clients::dialled(&server, trust, Tuning::default())?;
    let all = vec![
        clients::ours("feeds::net::Socket", (0, &server), socket, false, bytes),
        clients::bare((1, &server), trust, bytes)?,
        clients::tungstenite("tungstenite, polled", (2, &server), trust, true, text)?,
        clients::tungstenite("tungstenite, blocking", (3, &server), trust, false, text)?,
        clients::tokio_tungstenite((4, &server), trust, text)?,
        clients::fastwebsockets((5, &server), trust, bytes)?,
    ];
    let title = if trust.is_some() { "round trip, TLS" } else { "round trip, plain" };
    stage.duel(title, Bar::None, TRIPS, all);
    Ok(())
}

fn main() -> Result<(), Failed> {
    pin(0);
    let mut stage = Stage::new("sockets");
    let trust = Trust::new()?;
    rivals(&mut stage, None)?;
    rivals(&mut stage, Some(&trust))?;
    options(&mut stage)?;
    reads(&mut stage)?;
    turns(&mut stage)?;
    stage.finish();
    Ok(())
}
