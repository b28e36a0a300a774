//! A venue that does what a test tells it: axum's own WebSocket and HTTP on loopback.

use axum::Router;
use axum::body::Body;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, Request};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

enum Order {
    Send(String),
    Ping(String),
    Drop,
    Hush,
}

/// The venue's end of one connection.
pub struct Peer {
    pub path: String,
    orders: UnboundedSender<Order>,
    closed: Arc<AtomicBool>,
    hushed: Arc<AtomicBool>,
    pongs: Arc<Mutex<Vec<String>>>,
    texts: Arc<Mutex<Vec<String>>>,
}

/// Waits for a flag, for a time that no sane machine needs.
fn set(flag: &AtomicBool) -> bool {
    let end = Instant::now() + Duration::from_secs(30);
    while Instant::now() < end && !flag.load(Ordering::Acquire) {
        std::thread::yield_now();
    }
    flag.load(Ordering::Acquire)
}

impl Peer {
    pub fn send(&self, text: &str) {
        self.orders.send(Order::Send(text.to_string())).unwrap();
    }

    pub fn ping(&self, text: &str) {
        self.orders.send(Order::Ping(text.to_string())).unwrap();
    }

    /// Ends the connection without a good-bye.
    pub fn drop_line(&self) {
        self.orders.send(Order::Drop).unwrap();
    }

    /// Reads nothing and answers nothing from now on; waits until that is so.
    pub fn hush(&self) {
        self.orders.send(Order::Hush).unwrap();
        assert!(set(&self.hushed));
    }

    /// Whether the client said good-bye; waits for it.
    pub fn closed(&self) -> bool {
        set(&self.closed)
    }

    pub fn pongs(&self) -> Vec<String> {
        self.pongs.lock().unwrap().clone()
    }

    /// Text messages that the client sent since this was asked last.
    pub fn texts(&self) -> Vec<String> {
        std::mem::take(&mut self.texts.lock().unwrap())
    }
}

type Answer = (u16, String, Vec<(&'static str, &'static str)>);

#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<String>,
    refuse: AtomicBool,
}

pub struct Venue {
    pub runtime: Runtime,
    pub ws: String,
    pub http: String,
    peers: mpsc::Receiver<Peer>,
    script: Arc<Script>,
}

impl Venue {
    pub fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let at = listener.local_addr().unwrap();
        let (arrivals, peers) = mpsc::channel();
        let script = Arc::new(Script::default());
        let (told, heard) = (Arc::clone(&script), Arc::clone(&script));
        let stream = move |upgrade: WebSocketUpgrade, request: Request| {
            let path = request.uri().to_string();
            let (arrivals, refuse) = (arrivals.clone(), told.refuse.load(Ordering::Acquire));
            async move {
                if refuse {
                    return StatusCode::SERVICE_UNAVAILABLE.into_response();
                }
                upgrade.on_upgrade(move |socket| serve(socket, path, arrivals))
            }
        };
        let depth = get(move |RawQuery(query): RawQuery| answer(Arc::clone(&heard), query));
        // Each venue has its own paths of streams.
        let app = Router::new()
            .route("/api/v3/depth", depth.clone())
            .route("/fapi/v1/depth", depth)
            .fallback(stream);
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { runtime, ws: format!("ws://{at}"), http: format!("http://{at}"), peers, script }
    }

    pub fn peer(&self) -> Option<Peer> {
        self.peers.try_recv().ok()
    }

    /// The next snapshot asked for stands at this id and has two levels, or one for an odd ring.
    pub fn snapshot(&self, id: u64) {
        let body = format!(r#"{{"lastUpdateId":{id},"bids":[["4","9"]],"asks":[]}}"#);
        self.answer(200, &body, &[]);
    }

    /// What the next request is answered with.
    pub fn answer(&self, status: u16, body: &str, headers: &[(&'static str, &'static str)]) {
        let answer = (status, body.to_string(), headers.to_vec());
        self.script.answers.lock().unwrap().push_back(answer);
    }

    pub fn asked(&self) -> String {
        self.script.asked.lock().unwrap().clone()
    }

    /// Whether connections are refused.
    pub fn refuse(&self, refuse: bool) {
        self.script.refuse.store(refuse, Ordering::Release);
    }
}

/// Answers when the test has said what with.
async fn answer(script: Arc<Script>, query: Option<String>) -> Response<Body> {
    *script.asked.lock().unwrap() = query.unwrap_or_default();
    loop {
        let answer = script.answers.lock().unwrap().pop_front();
        if let Some((status, body, headers)) = answer {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            return response.body(Body::from(body)).unwrap();
        }
        tokio::task::yield_now().await;
    }
}

async fn serve(mut socket: WebSocket, path: String, arrivals: mpsc::Sender<Peer>) {
    let (orders, mut told): (_, UnboundedReceiver<Order>) = unbounded_channel();
    let peer = Peer {
        path,
        orders,
        closed: Arc::default(),
        hushed: Arc::default(),
        pongs: Arc::default(),
        texts: Arc::default(),
    };
    let (closed, hushed) = (Arc::clone(&peer.closed), Arc::clone(&peer.hushed));
    let (pongs, texts) = (Arc::clone(&peer.pongs), Arc::clone(&peer.texts));
    arrivals.send(peer).unwrap();
    loop {
        tokio::select! {
            order = told.recv() => match order {
                Some(Order::Send(text)) => socket.send(Message::text(text)).await.unwrap(),
                Some(Order::Ping(text)) => socket.send(Message::Ping(text.into())).await.unwrap(),
                Some(Order::Hush) => {
                    hushed.store(true, Ordering::Release);
                    std::future::pending().await
                }
                Some(Order::Drop) | None => return,
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Pong(text))) => {
                    pongs.lock().unwrap().push(String::from_utf8_lossy(&text).into_owned());
                }
                Some(Ok(Message::Text(text))) => texts.lock().unwrap().push(text.to_string()),
                Some(Ok(Message::Close(_))) => closed.store(true, Ordering::Release),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
        }
    }
}
