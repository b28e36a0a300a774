//! Sockets and requests against servers that others wrote, over plain TCP and TLS on loopback.
#![allow(clippy::unwrap_used, clippy::panic)]

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::any;
use feeds::net::{
    Dial, DialConfig, DialPort, Dialed, Frame, HttpReply, HttpRequest, Method, NetError, Roots,
    Socket, SocketLimits, dial_pair_with,
};
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::PrivateKeyDer;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Turns until something is there; gives up after a time that no sane machine needs.
fn wait<T>(what: &str, mut turn: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(30);
    while Instant::now() < end {
        if let Some(found) = turn() {
            return found;
        }
        std::thread::yield_now();
    }
    panic!("{what} did not come");
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn config(roots: Roots) -> DialConfig {
    let socket = SocketLimits { message_max: 1 << 20, unsent_max: 4 << 20 };
    DialConfig { roots, socket, connect_ms_max: 5_000, body_max: 1_000, ..DialConfig::default() }
}

fn port(runtime: &Runtime, config: DialConfig) -> DialPort {
    let (port, dialer) = dial_pair_with(4, config);
    runtime.spawn(dialer.run());
    port
}

fn dial(port: &mut DialPort, url: String) -> Result<Box<Socket>, NetError> {
    assert!(port.ask(Dial::WebSocket { tag: 7, url }));
    wait("an answer to the dial", || match port.poll()? {
        Dialed::WebSocket { tag: 7, result } => Some(result),
        other => panic!("{other:?}"),
    })
}

fn http(port: &mut DialPort, request: HttpRequest) -> Result<HttpReply, NetError> {
    assert!(port.ask(Dial::Http { tag: 8, request }));
    wait("an answer to the request", || match port.poll()? {
        Dialed::Http { tag: 8, result } => Some(result),
        other => panic!("{other:?}"),
    })
}

fn next(socket: &mut Socket) -> Result<String, NetError> {
    wait("a frame", || {
        let told = match socket.frame() {
            Ok(Some(Frame::Text(text))) => format!("text {}", String::from_utf8_lossy(&text)),
            Ok(Some(Frame::Ping(text))) => format!("ping {}", String::from_utf8_lossy(text)),
            Ok(Some(Frame::Pong(text))) => format!("pong {}", String::from_utf8_lossy(text)),
            Ok(Some(Frame::Close(code, _))) => format!("close {code}"),
            Ok(Some(Frame::Binary(_))) => "binary".to_string(),
            Ok(None) => return socket.poll().err().map(Err),
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(told))
    })
}

/// Says hello, then echoes; answers pings, as tungstenite does by itself.
async fn echo<S: AsyncRead + AsyncWrite + Unpin>(stream: S) {
    let mut peer = tokio_tungstenite::accept_async(stream).await.unwrap();
    peer.send(Message::text("hello")).await.unwrap();
    while let Some(Ok(message)) = peer.next().await {
        match message {
            Message::Text(text) if text.as_str() == "ping me" => {
                peer.send(Message::Ping("p1".into())).await.unwrap();
            }
            Message::Text(text) => peer.send(Message::Text(text)).await.unwrap(),
            Message::Pong(payload) => {
                let text = format!("ponged {}", String::from_utf8_lossy(&payload));
                peer.send(Message::text(text)).await.unwrap();
            }
            _ => {}
        }
    }
}

struct Authority {
    acceptor: tokio_rustls::TlsAcceptor,
    roots: Roots,
}

fn authority() -> Authority {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let issuer = rcgen::CertifiedIssuer::self_signed(params, key).unwrap();
    let leaf_key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["localhost".to_string()]).unwrap();
    let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::try_from(leaf_key.serialize_der()).unwrap();
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(issuer.der().clone()).unwrap();
    Authority { acceptor: Arc::new(server).into(), roots: Roots::Only(roots) }
}

fn exchange_frames(mut socket: Box<Socket>) {
    assert_eq!(next(&mut socket).unwrap(), "text hello");
    socket.send_text(b"one").unwrap();
    socket.ping(b"beat").unwrap();
    assert_eq!(next(&mut socket).unwrap(), "text one");
    assert_eq!(next(&mut socket).unwrap(), "pong beat");
    socket.send_text(b"ping me").unwrap();
    assert_eq!(next(&mut socket).unwrap(), "ping p1");
    socket.pong(b"p1").unwrap();
    assert_eq!(next(&mut socket).unwrap(), "text ponged p1");
    let large = "x".repeat(900_000);
    socket.send_text(large.as_bytes()).unwrap();
    assert_eq!(next(&mut socket).unwrap(), format!("text {large}"));
    for count in 0..1_000 {
        socket.send_text(format!("message {count}").as_bytes()).unwrap();
    }
    for count in 0..1_000 {
        assert_eq!(next(&mut socket).unwrap(), format!("text message {count}"));
    }
    assert_eq!(socket.unsent(), 0);
    socket.close(1000, b"done").unwrap();
    assert_eq!(next(&mut socket).unwrap(), "close 1000");
    assert!(matches!(next(&mut socket), Err(NetError::Closed { .. } | NetError::Io { .. })));
}

#[test]
fn frames_go_both_ways_over_plain_tcp() {
    let runtime = runtime();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    runtime.spawn(async move { echo(listener.accept().await.unwrap().0).await });
    let mut port = port(&runtime, config(Roots::Public));
    exchange_frames(dial(&mut port, url).unwrap());
}

#[test]
fn frames_go_both_ways_over_tls_and_only_trusted_roots_are_taken() {
    let runtime = runtime();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let at = listener.local_addr().unwrap().port();
    let Authority { acceptor, roots } = authority();
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                tokio::spawn(echo(stream));
            }
        }
    });
    let url = format!("wss://localhost:{at}/ws");
    let mut trusting = port(&runtime, config(roots));
    exchange_frames(dial(&mut trusting, url.clone()).unwrap());
    let error = dial(&mut port(&runtime, config(Roots::Public)), url).unwrap_err();
    assert!(matches!(error, NetError::Tls { .. }), "{error}");
    let error = dial(&mut trusting, format!("wss://127.0.0.1:{at}/ws")).unwrap_err();
    assert!(matches!(error, NetError::Tls { .. }), "{error}");
}

/// A server that answers the upgrade and then writes these bytes, all in one piece.
fn raw_server(runtime: &Runtime, bytes: &'static [u8]) -> String {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    runtime.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        let request = String::from_utf8(request).unwrap();
        let key = request.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim().to_string())
        });
        let accept = derive_accept_key(key.unwrap().as_bytes());
        let mut answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        )
        .into_bytes();
        answer.extend_from_slice(bytes);
        stream.write_all(&answer).await.unwrap();
        std::future::pending::<()>().await;
    });
    url
}

#[test]
fn what_comes_with_the_upgrade_is_kept_and_faults_are_errors() {
    let runtime = runtime();
    let mut port = port(&runtime, config(Roots::Public));
    let url = raw_server(&runtime, b"\x81\x05early\x81\x83abcdefg");
    let mut socket = dial(&mut port, url).unwrap();
    assert_eq!(next(&mut socket).unwrap(), "text early");
    let error = next(&mut socket).unwrap_err();
    assert!(error.to_string().contains("masked by the server"), "{error}");
    let url = raw_server(&runtime, b"\x81\x7f\0\0\0\0\x7f\0\0\0");
    let error = next(&mut dial(&mut port, url).unwrap()).unwrap_err();
    assert!(matches!(error, NetError::TooLarge { limit: 1_048_576, .. }), "{error}");
}

#[test]
fn a_peer_that_does_not_read_is_a_backlog_and_not_a_growing_buffer() {
    let runtime = runtime();
    let mut port = port(&runtime, config(Roots::Public));
    let mut socket = dial(&mut port, raw_server(&runtime, b"")).unwrap();
    let chunk = vec![b'x'; 1 << 20];
    let error = (0..64).find_map(|_| socket.send_text(&chunk).err()).unwrap();
    assert!(matches!(error, NetError::Backlog { .. }), "{error}");
    assert!(socket.unsent() <= 4 << 20);
}

#[test]
fn what_cannot_be_dialled_says_what_and_where() {
    let runtime = runtime();
    let mut port = port(&runtime, config(Roots::Public));
    let free = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap().local_addr().unwrap();
    let mut check = |url: &str, expect: &str| {
        let error = dial(&mut port, url.to_string()).unwrap_err().to_string();
        assert!(error.contains(expect), "{error} lacks {expect}");
    };
    check(&format!("ws://{free}/?signature=s"), &format!("{free}: cannot connect"));
    check("http://127.0.0.1/", "neither ws:// nor wss://");
    check("ws://", "not a usable address");
    check("nonsense?secret=1", "nonsense: not a usable address");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let refuse = any(|| async { (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "9")]) });
    let app = axum::Router::new().route("/ws", refuse);
    runtime.spawn(async move { axum::serve(listener, app).await });
    check(&url, "HTTP 429 Too Many Requests, retry after 9 s");
}

#[test]
fn requests_are_answered_with_status_limits_and_body() {
    let runtime = runtime();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let told = any(|headers: HeaderMap, request: Request| async move {
        let key = headers["x-key"].to_str().unwrap().to_string();
        let told = format!("{} {} {key}", request.method(), request.uri());
        let body = axum::body::to_bytes(request.into_body(), 100).await.unwrap();
        let told = format!("{told} {}", String::from_utf8_lossy(&body));
        let headers = [("retry-after", "3"), ("x-mbx-used-weight-1m", "250")];
        (StatusCode::IM_A_TEAPOT, headers, told)
    });
    let app = axum::Router::new()
        .route("/told", told)
        .route("/large", any(|| async { "x".repeat(1_001) }))
        .route("/never", any(std::future::pending::<String>));
    runtime.spawn(async move { axum::serve(listener, app).await });
    let mut port = port(&runtime, config(Roots::Public));
    let ask = |path: &str, timeout_ms| HttpRequest {
        method: Method::Put,
        url: format!("{base}{path}"),
        headers: vec![("x-key".to_string(), "k".to_string())],
        body: Some("b=1".to_string()),
        timeout_ms,
    };
    let reply = http(&mut port, ask("/told?a=%2F", 5_000)).unwrap();
    assert_eq!((reply.status, reply.retry_after_s, reply.used_weight), (418, Some(3), Some(250)));
    assert_eq!(String::from_utf8(reply.body).unwrap(), "PUT /told?a=%2F k b=1");
    let error = http(&mut port, ask("/large", 5_000)).unwrap_err();
    assert!(matches!(error, NetError::TooLarge { limit: 1_000, .. }), "{error}");
    let error = http(&mut port, ask("/never?signature=s", 20)).unwrap_err();
    assert!(matches!(error, NetError::TimedOut { after_ms: 20, .. }), "{error}");
    assert!(!error.to_string().contains("signature"));
}

#[test]
fn no_more_is_under_way_than_the_capacity_and_the_dialer_ends_with_its_port() {
    let runtime = runtime();
    let (mut port, dialer) = dial_pair_with(2, config(Roots::Public));
    let dialing = runtime.spawn(dialer.run());
    let dial = || Dial::WebSocket { tag: 1, url: "bad".to_string() };
    assert!(port.ask(dial()) && port.ask(dial()) && !port.ask(dial()));
    wait("an answer", || port.poll());
    assert!(port.ask(dial()));
    drop(port);
    runtime.block_on(dialing).unwrap();
}
