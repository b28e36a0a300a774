//! Feeds whose streams are subscribed to by requests, and feeds of several endpoints, over real
//! sockets: what is sent, what answers do, how a topic is mended while the others go on.
#![allow(clippy::unwrap_used, clippy::panic)]

mod rig;

use engine::time::Nanos;
use feeds::binance_usdm::{BinanceUsdm, BinanceUsdmConfig, Streams};
use feeds::bybit::{Bybit, BybitConfig, Market};
use feeds::feed::FeedLimits;
use feeds::okx::{Okx, OkxConfig};
use feeds::protocol::Protocol;
use rig::venue::{Peer, Venue};
use rig::{Rig, instrument};

/// Limits with a connection that is pinged so often.
fn limits(ping_every_ms: u64) -> FeedLimits {
    let limits = FeedLimits { ping_every: Nanos::from_ms(ping_every_ms), ..rig::limits() };
    let (connection_stale, depth_stale) = (Nanos::from_s(100), Nanos::from_s(200));
    FeedLimits { connection_stale, depth_stale, best_stale: Nanos::ZERO, ..limits }
}

impl<P: Protocol> Rig<P> {
    /// The next text that the client sends over a connection.
    fn sent(&mut self, peer: &Peer) -> String {
        let mut all = Vec::new();
        self.until("a text", |_| {
            all.extend(peer.texts());
            !all.is_empty()
        });
        all.join(" ")
    }
}

fn bybit() -> Rig<Bybit> {
    let venue = Venue::start();
    let config = BybitConfig::new(&venue.ws, Market::Spot, vec![instrument("BTCUSDT")]);
    assert_eq!(config.check(), Vec::<String>::new());
    Rig::with(venue, Bybit::new(&config), limits(60_000), 1_000)
}

/// A whole book or a change of it, as Bybit writes it.
fn book(kind: &str, u: u64) -> String {
    let data = format!(r#"{{"s":"BTCUSDT","b":[["5","1"]],"a":[["6","1"]],"u":{u},"seq":{u}}}"#);
    let head = format!(r#""topic":"orderbook.50.BTCUSDT","type":"{kind}","ts":2"#);
    format!(r#"{{{head},"data":{data},"cts":1}}"#)
}

fn granted(id: u64) -> String {
    format!(r#"{{"success":true,"ret_msg":"","conn_id":"c","req_id":"{id}","op":"subscribe"}}"#)
}

#[test]
fn topics_are_asked_for_and_their_book_follows() {
    let mut rig = bybit();
    let peer = rig.peer();
    assert_eq!(peer.path, "/v5/public/spot");
    assert_eq!(
        rig.sent(&peer),
        r#"{"req_id":"1","op":"subscribe","args":["orderbook.1.BTCUSDT","#.to_owned()
            + r#""orderbook.50.BTCUSDT","publicTrade.BTCUSDT"]}"#
    );
    peer.send(&granted(1));
    rig.counted("the grant", |counters| counters.subscriptions == 3);
    peer.send(&book("delta", 4));
    peer.send(&book("snapshot", 10));
    peer.send(&book("delta", 11));
    assert_eq!(rig.rows("depth 11"), "link Up, base 10, base 10, depth 11");
    // A missing change: the topic is left and asked for again, and nothing else.
    peer.send(&book("delta", 13));
    assert_eq!(rig.rows("gap Sequence 12"), "depth 11, gap Sequence 12");
    rig.advance(1_000);
    let leave = r#"{"req_id":"2","op":"unsubscribe","args":["orderbook.50.BTCUSDT"]}"#;
    let ask = leave.replace('2', "3").replace("unsub", "sub");
    let mut sent = rig.sent(&peer);
    if !sent.contains(' ') {
        sent = format!("{sent} {}", rig.sent(&peer));
    }
    assert_eq!(sent, format!("{leave} {ask}"));
    peer.send(&book("delta", 14));
    peer.send(&granted(3));
    peer.send(&book("snapshot", 15));
    assert_eq!(rig.rows("base 15"), "base 15");
    let counters = rig.feed.counters();
    assert_eq!((counters.gaps, counters.resyncs, counters.resubscriptions), (1, 1, 1));
    assert_eq!((counters.snapshots, counters.reconnects), (2, 0));
}

#[test]
fn a_refusal_is_told_with_the_venues_words_and_tried_again() {
    let mut rig = bybit();
    let peer = rig.peer();
    rig.sent(&peer);
    let why = r#""success":false,"ret_msg":"Invalid topic :[orderbook.50.BTCUSDT]","conn_id":"c""#;
    peer.send(&format!(r#"{{{why},"req_id":"1","op":"subscribe"}}"#));
    rig.counted("the refusal", |counters| counters.subscriptions_refused == 1);
    let told = rig.feed.lost().unwrap().to_string();
    assert!(told.contains("/v5/public/spot") && told.contains("Invalid topic"), "{told}");
    rig.advance(1_000);
    let again = rig.sent(&peer);
    assert!(again.starts_with(r#"{"req_id":"2","op":"subscribe","args":["orderbook.1"#), "{again}");
}

#[test]
fn the_venue_is_pinged_in_its_own_words() {
    let mut rig = bybit();
    let peer = rig.peer();
    rig.sent(&peer);
    peer.send(&granted(1));
    rig.counted("the grant", |counters| counters.subscriptions == 3);
    // Its own limit is 20 s, ours a minute.
    rig.advance(20_000);
    let ping = r#"{"req_id":"ping","op":"ping"}"#;
    let mut sent = String::new();
    rig.until("a ping", |_| {
        sent += &peer.texts().join(" ");
        sent.contains(ping)
    });
    let frames = rig.feed.counters().frames;
    peer.send(r#"{"success":true,"ret_msg":"pong","conn_id":"c","op":"ping"}"#);
    rig.counted("the pong", |counters| counters.frames > frames);
    assert_eq!(rig.feed.counters().unknown_frames, 0);
    let venue = Venue::start();
    let config = OkxConfig::new(&venue.ws, &venue.http, vec![instrument("BTC-USDT")]);
    let mut rig = Rig::with(venue, Okx::new(&config), limits(2_000), 10_000);
    let peer = rig.peer();
    assert_eq!(peer.path, "/ws/v5/public");
    assert!(rig.sent(&peer).starts_with(r#"{"id":"1","op":"subscribe","args":[{"channel":"bbo-"#));
    rig.advance(2_000);
    assert_eq!(rig.sent(&peer), "ping");
    peer.send("pong");
    rig.counted("the pong", |counters| counters.frames == 1);
    assert_eq!(rig.feed.counters().decode_errors, 0);
}

#[test]
fn a_notice_of_okx_is_heeded_before_the_connection_is_gone() {
    let venue = Venue::start();
    let config = OkxConfig::new(&venue.ws, &venue.http, vec![instrument("BTC-USDT")]);
    let mut rig = Rig::with(venue, Okx::new(&config), limits(2_000), 10_000);
    let old = rig.peer();
    let book = |rest: &str| {
        let sides = r#""asks":[["6","1","0","1"]],"bids":[["5","1","0","1"]],"ts":"1""#;
        let arg = r#""arg":{"channel":"books","instId":"BTC-USDT"}"#;
        let action = if rest.contains("-1") { "snapshot" } else { "update" };
        format!(r#"{{{arg},"action":"{action}","data":[{{{sides},"checksum":0,{rest}}}]}}"#)
    };
    old.send(&book(r#""prevSeqId":-1,"seqId":10"#));
    rig.rows("base 10");
    old.send(r#"{"event":"notice","code":"64008","msg":"Please reconnect.","connId":"c"}"#);
    let new = rig.peer();
    rig.counted("both connections", |counters| counters.connects == 2);
    // The same book over the new one: it is trusted, and takes over.
    new.send(&book(r#""prevSeqId":-1,"seqId":10"#));
    rig.counted("the hand-over", |counters| counters.rollovers == 1);
    assert!(old.closed(), "the old connection hears a good-bye");
    new.send(&book(r#""prevSeqId":10,"seqId":12"#));
    assert_eq!(rig.rows("depth 12"), "base 10, depth 12");
    let counters = rig.feed.counters();
    assert_eq!((counters.shutdowns, counters.gaps, counters.resyncs), (1, 0, 0));
}

fn usdm() -> (Rig<BinanceUsdm>, Peer, Peer) {
    let venue = Venue::start();
    let config = BinanceUsdmConfig::new(&venue.ws, &venue.http, vec![instrument("BTCUSDT")]);
    let streams = Streams { trade: false, liquidation: false, ..Streams::default() };
    let config = BinanceUsdmConfig { snapshot_levels: 5, streams, ..config };
    assert_eq!(config.check(), Vec::<String>::new());
    let mut rig = Rig::with(venue, BinanceUsdm::new(&config), limits(2_000), 1_000);
    rig.venue.snapshot(10);
    let mut peers = [rig.peer(), rig.peer()];
    rig.counted("both endpoints", |counters| counters.connects == 2);
    peers.sort_by(|one, two| two.path.cmp(&one.path));
    let [public, market] = peers;
    assert_eq!(public.path, "/public/stream?streams=btcusdt@bookTicker/btcusdt@depth@100ms");
    assert_eq!(market.path, "/market/stream?streams=btcusdt@markPrice@1s");
    (rig, public, market)
}

fn mark(stamp: u64) -> String {
    let data = format!(r#""e":"markPriceUpdate","E":{stamp},"s":"BTCUSDT","p":"5","i":"5""#);
    format!(r#"{{"stream":"btcusdt@markPrice@1s","data":{{{data},"r":"","T":0}}}}"#)
}

fn diff(pu: u64, u: u64) -> String {
    let data = format!(r#""e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","U":{u},"u":{u},"pu":{pu}"#);
    format!(r#"{{"stream":"btcusdt@depth@100ms","data":{{{data},"b":[["5","1"]],"a":[]}}}}"#)
}

#[test]
fn two_endpoints_are_one_feed() {
    let (mut rig, public, market) = usdm();
    market.send(&mark(1));
    let told = rig.rows("mark 1");
    assert!(told.starts_with("link Up"), "{told}");
    public.send(&diff(10, 11));
    let told = format!("{told}, {}", rig.rows("depth 11"));
    assert!(told.contains("base 10"), "{told}");
    // The one without books is lost: they go on, and the engine knows that something is missing.
    market.drop_line();
    assert_eq!(rig.rows("link Stale"), "link Stale");
    public.send(&diff(11, 12));
    assert_eq!(rig.rows("depth 12"), "depth 12");
    rig.advance(1_000);
    let market = rig.peer();
    assert_eq!(rig.rows("link Fresh"), "link Fresh");
    market.send(&mark(2));
    assert_eq!(rig.rows("mark 2"), "mark 2");
    // The one with them is lost: they are blank.
    public.drop_line();
    assert_eq!(rig.rows("link Down"), "gap Reconnect 13, link Down");
    let counters = rig.feed.counters();
    assert_eq!((counters.reconnects, counters.gaps, counters.connects), (2, 0, 3));
}

#[test]
fn a_path_that_says_nothing_is_connected_to_anew() {
    let (mut rig, public, market) = usdm();
    public.send(&diff(10, 11));
    rig.rows("depth 11");
    let best =
        r#""e":"bookTicker","u":12,"s":"BTCUSDT","b":"5","B":"1","a":"6","A":"1","T":1,"E":1"#;
    public.send(&format!(r#"{{"stream":"btcusdt@bookTicker","data":{{{best}}}}}"#));
    assert!(rig.rows("best 12").ends_with("best 12"));
    rig.advance(20_000);
    rig.counted("the silence", |counters| counters.silent_topics == 1);
    let told = rig.feed.lost().unwrap().to_string();
    assert!(told.contains("/market/stream") && told.contains("btcusdt@markPrice@1s"), "{told}");
    rig.advance(1_000);
    let again = rig.peer();
    assert_eq!(again.path, market.path);
    assert_eq!(rig.feed.counters().reconnects, 1);
}
