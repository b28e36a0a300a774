//! The other end of all contestants: one thread that never sleeps, reads the connection whose turn
//! it is and sends back what it read, over plain TCP or TLS, as WebSocket or as it is.

use super::frames::Frames;
use super::{Failed, pin};
use benches::corpus::frame;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// What is spoken over a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// WebSocket.
    WebSocket,
    /// Bytes.
    Bytes,
}

/// A stream of either kind.
pub trait Both: Read + Write + Send {}
impl<S: Read + Write + Send> Both for S {}

/// A certificate for `localhost` and who believes it.
pub struct Trust {
    server: Arc<ServerConfig>,
    /// For clients that take a configuration.
    pub client: Arc<ClientConfig>,
    /// For clients that take roots.
    pub roots: RootCertStore,
}

impl Trust {
    pub fn new() -> Result<Self, Failed> {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)?;
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone())?;
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        Ok(Self { server: Arc::new(server), client: Arc::new(client), roots })
    }
}

/// The server, until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    turn: Arc<AtomicUsize>,
}

const OVER: usize = usize::MAX;

impl Drop for Server {
    fn drop(&mut self) {
        self.turn.store(OVER, Ordering::Relaxed);
    }
}

impl Server {
    /// Takes as many connections as are listed, in this order, then serves one at a time.
    pub fn start(list: Vec<Speaks>, trust: Option<&Trust>) -> Result<Self, Failed> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, turn) = (listener.local_addr()?, Arc::new(AtomicUsize::new(0)));
        let (tls, told) = (trust.map(|trust| trust.server.clone()), turn.clone());
        std::thread::spawn(move || {
            pin(1);
            let mut taken = Vec::new();
            for speaks in list {
                match take(&listener, tls.clone(), speaks) {
                    Ok(one) => taken.push((one, speaks, Frames::default())),
                    Err(error) => return eprintln!("the echo took no connection: {error}"),
                }
            }
            serve(&mut taken, &told);
        });
        Ok(Self { address, turn })
    }

    /// From now on it is this connection's turn.
    pub fn turn_of(&self) -> impl Fn(usize) + use<> {
        let turn = self.turn.clone();
        move |place| turn.store(place, Ordering::Relaxed)
    }
}

type Taken = (Box<dyn Both>, Speaks, Frames);

fn take(
    listener: &TcpListener,
    tls: Option<Arc<ServerConfig>>,
    speaks: Speaks,
) -> Result<Box<dyn Both>, Failed> {
    let (stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    let later = stream.try_clone()?;
    let mut one: Box<dyn Both> = match tls {
        Some(tls) => Box::new(StreamOwned::new(ServerConnection::new(tls)?, stream)),
        None => Box::new(stream),
    };
    if speaks == Speaks::WebSocket {
        let head = head(&mut one)?;
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let key = lines.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"));
        let accept = derive_accept_key(key.ok_or("no upgrade")?.1.as_bytes());
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-accept: {accept}\r\n\r\n"
        );
        one.write_all(head.as_bytes())?;
        one.flush()?;
    } else {
        // One byte each way ends the handshake of TLS.
        let mut byte = [0];
        one.read_exact(&mut byte)?;
        one.write_all(&byte)?;
        one.flush()?;
    }
    later.set_nonblocking(true)?;
    Ok(one)
}

/// One HTTP head.
pub fn head(stream: &mut dyn Both) -> Result<String, Failed> {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        text.push(byte[0]);
    }
    Ok(String::from_utf8(text)?)
}

fn serve(taken: &mut [Taken], turn: &AtomicUsize) {
    let mut space = vec![0; 1 << 16];
    loop {
        let place = turn.load(Ordering::Relaxed);
        let Some((stream, speaks, frames)) = taken.get_mut(place) else {
            if place == OVER {
                return;
            }
            continue;
        };
        let count = match stream.read(&mut space) {
            Ok(count) if count > 0 => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            // It left: whose turn is next is not ours to say.
            _ => {
                std::thread::yield_now();
                continue;
            }
        };
        let answer = match speaks {
            Speaks::Bytes => space[..count].to_vec(),
            Speaks::WebSocket => {
                frames.take(&space[..count]);
                frames.next().map_or(Vec::new(), |read| frame(&read.payload))
            }
        };
        if stream.write_all(&answer).and_then(|()| stream.flush()).is_err() {
            return;
        }
    }
}
