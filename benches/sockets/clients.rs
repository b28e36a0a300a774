//! The contestants: each makes a connection of its own and then sends a message and waits for it to
//! come back, in the way of its library.

use super::Failed;
use super::server::{Both, Server, Trust, head};
use benches::stage::Contestant;
use feeds::net::{Dial, DialConfig, Dialed, Frame, Roots, Socket, Tuning, dial_pair_with};
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Builder, Runtime};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

/// Round trips of one turn.
pub const TRIPS: usize = 100;

/// One round trip, again and again, when it is this one's turn.
fn contestant(
    name: &'static str,
    place: usize,
    server: &Server,
    mut trip: impl FnMut() + 'static,
) -> Contestant<'static> {
    let turn_of = server.turn_of();
    let run = move |(): &mut ()| (0..TRIPS).for_each(|_| trip());
    Contestant::with(name, (), move |()| turn_of(place), run)
}

fn runtime() -> Result<Runtime, Failed> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// A connected stream, over TLS where somebody is trusted.
fn stream(server: &Server, trust: Option<&Trust>) -> Result<(Box<dyn Both>, TcpStream), Failed> {
    let tcp = TcpStream::connect(server.address)?;
    tcp.set_nodelay(true)?;
    let own = tcp.try_clone()?;
    let Some(trust) = trust else { return Ok((Box::new(tcp), own)) };
    let name = ServerName::try_from("localhost")?;
    let tls = ClientConnection::new(trust.client.clone(), name)?;
    Ok((Box::new(StreamOwned::new(tls, tcp)), own))
}

fn upgrade(stream: &mut dyn Both) -> Result<(), Failed> {
    let ask = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
               sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(ask.as_bytes())?;
    stream.flush()?;
    head(stream).map(drop)
}

/// Our own socket, dialled as the product dials.
pub fn dialled(
    server: &Server,
    trust: Option<&Trust>,
    tuning: Tuning,
) -> Result<Box<Socket>, Failed> {
    let roots = trust.map_or(Roots::Public, |trust| Roots::Only(trust.roots.clone()));
    let (mut port, dialer) = dial_pair_with(1, DialConfig { roots, tuning, ..Default::default() });
    let scheme = if trust.is_some() { "wss" } else { "ws" };
    let url = format!("{scheme}://localhost:{}/", server.address.port());
    port.ask(Dial::WebSocket { tag: 0, url });
    let answer = async {
        loop {
            match port.poll() {
                Some(Dialed::WebSocket { result, .. }) => return result,
                _ => tokio::task::yield_now().await,
            }
        }
    };
    let socket = runtime()?.block_on(async {
        tokio::select! {
            socket = answer => Some(socket),
            () = dialer.run() => None,
        }
    });
    Ok(socket.ok_or("the dialer ended")??)
}

/// Round trips of our socket.
pub fn ours(
    name: &'static str,
    (place, server): (usize, &Server),
    mut socket: Box<Socket>,
    stamped: bool,
    message: &'static [u8],
) -> Contestant<'static> {
    contestant(name, place, server, move || {
        let _ = socket.send_text(message);
        loop {
            let _ = if stamped { socket.poll_stamped() } else { socket.poll() };
            if let Ok(Some(Frame::Text(text))) = socket.frame() {
                assert_eq!(text.len(), message.len());
                return;
            }
        }
    })
}

/// Reads and writes of the system alone, without sleeping: the floor.
pub fn bare(
    (place, server): (usize, &Server),
    trust: Option<&Trust>,
    message: &'static [u8],
) -> Result<Contestant<'static>, Failed> {
    let (mut stream, tcp) = stream(server, trust)?;
    let mut byte = [0];
    stream.write_all(&byte)?;
    stream.flush()?;
    stream.read_exact(&mut byte)?;
    tcp.set_nonblocking(true)?;
    let mut space = vec![0; 1 << 16];
    Ok(contestant("bare busy poll", place, server, move || {
        let _ = stream.write_all(message).and_then(|()| stream.flush());
        let mut got = 0;
        while got < message.len() {
            got += stream.read(&mut space).unwrap_or(0);
        }
    }))
}

/// tungstenite on a socket of the standard library: sleeping in reads, or polled.
pub fn tungstenite(
    name: &'static str,
    (place, server): (usize, &Server),
    trust: Option<&Trust>,
    polled: bool,
    message: &'static str,
) -> Result<Contestant<'static>, Failed> {
    let (mut stream, tcp) = stream(server, trust)?;
    upgrade(&mut stream)?;
    tcp.set_nonblocking(polled)?;
    let config = WebSocketConfig::default().read_buffer_size(4 << 10);
    let mut socket = tungstenite::WebSocket::from_raw_socket(stream, Role::Client, Some(config));
    Ok(contestant(name, place, server, move || {
        let _ = socket.send(Message::text(message));
        loop {
            match socket.read() {
                Ok(read) => return assert_eq!(read.len(), message.len()),
                Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return eprintln!("{name}: {error}"),
            }
        }
    }))
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// A connected stream of tokio's, upgraded.
fn async_stream(
    runtime: &Runtime,
    server: &Server,
    trust: Option<&Trust>,
) -> Result<Box<dyn Stream>, Failed> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    runtime.block_on(async {
        let tcp = tokio::net::TcpStream::connect(server.address).await?;
        tcp.set_nodelay(true)?;
        let mut stream: Box<dyn Stream> = match trust {
            Some(trust) => {
                let connector = tokio_rustls::TlsConnector::from(trust.client.clone());
                Box::new(connector.connect(ServerName::try_from("localhost")?, tcp).await?)
            }
            None => Box::new(tcp),
        };
        let ask = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\n\
                   upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(ask.as_bytes()).await?;
        stream.flush().await?;
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            text.push(stream.read_u8().await?);
        }
        Ok(stream)
    })
}

/// tokio-tungstenite, whose thread sleeps until it is woken.
pub fn tokio_tungstenite(
    (place, server): (usize, &Server),
    trust: Option<&Trust>,
    message: &'static str,
) -> Result<Contestant<'static>, Failed> {
    let runtime = runtime()?;
    let stream = async_stream(&runtime, server, trust)?;
    let config = WebSocketConfig::default().read_buffer_size(4 << 10);
    let socket = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config));
    let mut socket = runtime.block_on(socket);
    Ok(contestant("tokio-tungstenite", place, server, move || {
        runtime.block_on(async {
            let _ = socket.send(Message::text(message)).await;
            let read = socket.next().await;
            assert!(read.is_some_and(|read| read.is_ok()));
        });
    }))
}

/// fastwebsockets on tokio.
pub fn fastwebsockets(
    (place, server): (usize, &Server),
    trust: Option<&Trust>,
    message: &'static [u8],
) -> Result<Contestant<'static>, Failed> {
    use fastwebsockets::{Frame, Payload, Role, WebSocket};
    let runtime = runtime()?;
    let stream = async_stream(&runtime, server, trust)?;
    let mut socket = WebSocket::after_handshake(stream, Role::Client);
    socket.set_writev(false);
    Ok(contestant("fastwebsockets", place, server, move || {
        runtime.block_on(async {
            let _ = socket.write_frame(Frame::text(Payload::Borrowed(message))).await;
            let read = socket.read_frame().await;
            assert!(read.is_ok_and(|read| read.payload.len() == message.len()));
        });
    }))
}
