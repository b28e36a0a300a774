//! The async side: tokio looks up names, connects, shakes hands and asks over HTTP, on a thread
//! that the tools start; what comes out is a [`Socket`] or an [`HttpReply`].
//!
//! A [`DialPort`] belongs to one agent and never blocks it. The two sides share two bounded queues;
//! no more is under way than they hold, so no answer is ever dropped.

use super::frame::SPARE;
use super::socket::Wire;
use super::stream::{Stream, Tuning};
use super::tail::Tail;
use super::{NetError, Roots, Socket, SocketLimits};
use crossbeam::queue::ArrayQueue;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, StreamOwned};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::Error as UpgradeError;
use tokio_tungstenite::tungstenite::http::Uri;

/// A request method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// DELETE.
    Delete,
}

/// One HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// `http://` or `https://`, sent as it stands: what is signed must already be encoded.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body, if any.
    pub body: Option<String>,
    /// How long the whole answer may take, ms. After it the outcome is unknown.
    pub timeout_ms: u32,
}

impl HttpRequest {
    /// A GET without headers.
    pub const fn get(url: String, timeout_ms: u32) -> Self {
        Self { method: Method::Get, url, headers: Vec::new(), body: None, timeout_ms }
    }
}

/// What a server answered, whatever the status.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct HttpReply {
    /// The status code.
    pub status: u16,
    /// `Retry-After`, seconds.
    pub retry_after_s: Option<u32>,
    /// `X-MBX-USED-WEIGHT-1M`: request weight spent this minute, as the venue counts.
    pub used_weight: Option<u32>,
    /// `X-MBX-ORDER-COUNT-10S`: orders placed in these 10 s, as the venue counts.
    pub order_count_10s: Option<u32>,
    /// The body, with capacity for [`SPARE`] bytes more, so that a parser can pad it in place.
    pub body: Vec<u8>,
}

/// What to dial. The tag comes back with the answer.
#[derive(Clone, Debug)]
pub enum Dial {
    /// Connect a WebSocket.
    WebSocket {
        /// The caller's name for it.
        tag: u32,
        /// `ws://` or `wss://`.
        url: String,
    },
    /// Ask over HTTP. It is sent at most once.
    Http {
        /// The caller's name for it.
        tag: u32,
        /// What to ask.
        request: HttpRequest,
    },
    /// Ask over HTTP what was made ready before: handing it over allocates nothing. Answered as
    /// [`Dialed::Http`].
    Ready {
        /// The caller's name for it.
        tag: u32,
        /// What to ask.
        request: Arc<HttpRequest>,
    },
}

/// What became of a dial.
#[derive(Debug)]
pub enum Dialed {
    /// Of a WebSocket.
    WebSocket {
        /// The caller's name for it.
        tag: u32,
        /// A connected socket, or why not.
        result: Result<Box<Socket>, NetError>,
    },
    /// Of an HTTP request.
    Http {
        /// The caller's name for it.
        tag: u32,
        /// The answer, or why there is none.
        result: Result<HttpReply, NetError>,
    },
}

/// What dials may use.
#[derive(Clone, Debug)]
pub struct DialConfig {
    /// Which certificates are believed.
    pub roots: Roots,
    /// Sizes of the sockets that are made.
    pub socket: SocketLimits,
    /// What those sockets ask of the system.
    pub tuning: Tuning,
    /// How long look-up, connect and handshakes of a WebSocket may take together, ms.
    pub connect_ms_max: u32,
    /// Longest HTTP body taken, bytes.
    pub body_max: usize,
}

impl Default for DialConfig {
    fn default() -> Self {
        Self {
            roots: Roots::Public,
            socket: SocketLimits::default(),
            tuning: Tuning::default(),
            connect_ms_max: 10_000,
            body_max: 32 << 20,
        }
    }
}

struct Shared {
    asks: ArrayQueue<Dial>,
    answers: ArrayQueue<Dialed>,
    open: AtomicBool,
    woken: Notify,
}

/// The agent's end: asks are handed over and answers picked up without waiting.
pub struct DialPort {
    shared: Arc<Shared>,
    under_way: usize,
}

impl std::fmt::Debug for DialPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DialPort").field("under_way", &self.under_way).finish_non_exhaustive()
    }
}

impl DialPort {
    /// Hands a dial over; false when as many are under way as the capacity allows.
    pub fn ask(&mut self, dial: Dial) -> bool {
        if self.under_way >= self.shared.asks.capacity() || self.shared.asks.push(dial).is_err() {
            return false;
        }
        self.under_way += 1;
        self.shared.woken.notify_one();
        true
    }

    /// The next answer, if one is there.
    #[inline]
    pub fn poll(&mut self) -> Option<Dialed> {
        let answer = self.shared.answers.pop()?;
        self.under_way = self.under_way.saturating_sub(1);
        Some(answer)
    }

    /// How many dials have no answer picked up yet.
    pub const fn under_way(&self) -> usize {
        self.under_way
    }
}

impl Drop for DialPort {
    fn drop(&mut self) {
        // Pairs with the load in `Dialer::run`.
        self.shared.open.store(false, Ordering::Release);
        self.shared.woken.notify_one();
    }
}

/// The other end, to be run on a tokio runtime with I/O and time.
pub struct Dialer {
    shared: Arc<Shared>,
    config: DialConfig,
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialer").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A port and its dialer for at most `capacity` dials at a time, believing public certificates.
pub fn dial_pair(capacity: usize) -> (DialPort, Dialer) {
    dial_pair_with(capacity, DialConfig::default())
}

/// A port and its dialer for at most `capacity` dials at a time.
pub fn dial_pair_with(capacity: usize, config: DialConfig) -> (DialPort, Dialer) {
    let capacity = capacity.max(1);
    let shared = Arc::new(Shared {
        asks: ArrayQueue::new(capacity),
        answers: ArrayQueue::new(capacity),
        open: AtomicBool::new(true),
        woken: Notify::new(),
    });
    (DialPort { shared: Arc::clone(&shared), under_way: 0 }, Dialer { shared, config })
}

impl Dialer {
    /// Serves until its port is dropped; what is under way then is abandoned.
    pub async fn run(self) {
        let dialing = Arc::new(Dialing::new(self.config));
        let mut tasks = JoinSet::new();
        // Pairs with the store in `DialPort::drop`.
        while self.shared.open.load(Ordering::Acquire) {
            while let Some(dial) = self.shared.asks.pop() {
                let (dialing, shared) = (Arc::clone(&dialing), Arc::clone(&self.shared));
                tasks.spawn(async move {
                    let answer = dialing.answer(dial).await;
                    // There is room: the port counts what is under way.
                    let _ = shared.answers.push(answer);
                });
            }
            tokio::select! {
                () = self.shared.woken.notified() => {}
                Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            }
        }
    }
}

/// What all dials share: the TLS configuration and the pool of HTTP connections.
struct Dialing {
    config: DialConfig,
    tls: Result<Arc<ClientConfig>, String>,
    http: Result<reqwest::Client, String>,
}

impl Dialing {
    fn new(config: DialConfig) -> Self {
        let tls = config.roots.client().map_err(|error| error.to_string());
        let http = tls.clone().and_then(|tls| {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls)
                .http1_only()
                .no_proxy()
                .tcp_nodelay(true)
                .pool_idle_timeout(None)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .build()
                .map_err(|error| error.to_string())
        });
        Self { config, tls: tls.map(Arc::new), http }
    }

    async fn answer(&self, dial: Dial) -> Dialed {
        match dial {
            Dial::WebSocket { tag, url } => {
                let limit = u64::from(self.config.connect_ms_max);
                let connect = self.web_socket(&url);
                let result = match tokio::time::timeout(Duration::from_millis(limit), connect).await
                {
                    Ok(result) => result,
                    Err(_) => Err(NetError::TimedOut { at: without_query(&url), after_ms: limit }),
                };
                Dialed::WebSocket { tag, result }
            }
            Dial::Http { tag, request } => Dialed::Http { tag, result: self.http(&request).await },
            Dial::Ready { tag, request } => Dialed::Http { tag, result: self.http(&request).await },
        }
    }

    async fn web_socket(&self, url: &str) -> Result<Box<Socket>, NetError> {
        let target = Target::parse(url)?;
        let at = target.at.as_str();
        let failed = |why: String| NetError::Connect { at: at.to_string(), why };
        let stream = TcpStream::connect((target.host.as_str(), target.port))
            .await
            .map_err(|error| failed(error.to_string()))?;
        stream.set_nodelay(true).map_err(|error| failed(error.to_string()))?;
        let (wire, early) = if target.secure {
            let failed = |why: String| NetError::Tls { at: at.to_string(), why };
            let tls = self.tls.clone().map_err(failed)?;
            let name = ServerName::try_from(target.host.clone())
                .map_err(|error| failed(error.to_string()))?;
            let stream = TlsConnector::from(tls)
                .connect(name, stream)
                .await
                .map_err(|error| failed(error.to_string()))?;
            let (stream, early) = upgrade(url, stream, at).await?;
            let (stream, connection) = stream.into_inner();
            let stream = stream.into_std().map_err(|error| failed(error.to_string()))?;
            (Wire::Tls(Box::new(StreamOwned::new(connection, self.stream(stream)))), early)
        } else {
            let (stream, early) = upgrade(url, stream, at).await?;
            let stream = stream.into_std().map_err(|error| failed(error.to_string()))?;
            (Wire::Plain(self.stream(stream)), early)
        };
        Ok(Box::new(Socket::new(wire, at, self.config.socket, &early)))
    }

    fn stream(&self, tcp: std::net::TcpStream) -> Stream {
        Stream::new(tcp, self.config.tuning)
    }

    async fn http(&self, request: &HttpRequest) -> Result<HttpReply, NetError> {
        let at = without_query(&request.url);
        let unsent = |why: String| NetError::Request { at: at.clone(), why, sent: false };
        let client = self.http.as_ref().map_err(|why| unsent(why.clone()))?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let limit = Duration::from_millis(u64::from(request.timeout_ms));
        let mut ask = client.request(method, &request.url).timeout(limit);
        for (name, value) in &request.headers {
            ask = ask.header(name, value);
        }
        if let Some(body) = &request.body {
            ask = ask.body(body.clone());
        }
        let failed = |error: reqwest::Error| told(error, &at, u64::from(request.timeout_ms));
        let mut response = ask.send().await.map_err(failed)?;
        let number = |name: &str| response.headers().get(name)?.to_str().ok()?.trim().parse().ok();
        let mut reply = HttpReply {
            status: response.status().as_u16(),
            retry_after_s: number("retry-after"),
            used_weight: number("x-mbx-used-weight-1m"),
            order_count_10s: number("x-mbx-order-count-10s"),
            body: Vec::new(),
        };
        while let Some(piece) = response.chunk().await.map_err(failed)? {
            let (bytes, limit) = (reply.body.len() + piece.len(), self.config.body_max);
            if bytes > limit {
                return Err(NetError::TooLarge { at, bytes: bytes as u64, limit: limit as u64 });
            }
            reply.body.extend_from_slice(&piece);
        }
        reply.body.reserve(SPARE);
        Ok(reply)
    }
}

/// The WebSocket upgrade; gives the stream back with what came behind the answer.
async fn upgrade<S>(url: &str, stream: S, at: &str) -> Result<(S, Vec<u8>), NetError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match tokio_tungstenite::client_async(url, Tail::new(stream)).await {
        Ok((stream, _)) => Ok(stream.into_inner().into_parts()),
        Err(error) => {
            let why = match error {
                UpgradeError::Http(response) => {
                    let wait = response.headers().get("retry-after");
                    let wait = wait.and_then(|value| value.to_str().ok());
                    let wait = wait.map_or(String::new(), |s| format!(", retry after {s} s"));
                    format!("HTTP {}{wait}", response.status())
                }
                other => other.to_string(),
            };
            Err(NetError::Upgrade { at: at.to_string(), why })
        }
    }
}

struct Target {
    secure: bool,
    host: String,
    port: u16,
    at: String,
}

impl Target {
    fn parse(url: &str) -> Result<Self, NetError> {
        let wrong = |why: &str| NetError::Address { at: without_query(url), why: why.to_string() };
        let uri: Uri = url.parse().map_err(|_| wrong("not a URL"))?;
        let secure = match uri.scheme_str() {
            Some("ws") => false,
            Some("wss") => true,
            _ => return Err(wrong("neither ws:// nor wss://")),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| wrong("no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_string();
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let at = format!("{}:{port}", uri.host().unwrap_or_default());
        Ok(Self { secure, host, port, at })
    }
}

/// Queries of signed requests hold keys and signatures: they appear in no message.
fn without_query(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_string()
}

fn told(error: reqwest::Error, at: &str, after_ms: u64) -> NetError {
    let (at, error) = (at.to_string(), error.without_url());
    if error.is_timeout() {
        return NetError::TimedOut { at, after_ms };
    }
    let mut why = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(deeper) = cause {
        why = format!("{why}: {deeper}");
        cause = deeper.source();
    }
    if error.is_connect() {
        return NetError::Connect { at, why };
    }
    if error.is_builder() {
        return NetError::Address { at, why };
    }
    NetError::Request { at, why, sent: true }
}
