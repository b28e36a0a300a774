//! Faults on this protocol: what a client sees of each.

use crate::common::{Client, Exchange};
use crate::party::{Party, SPOT, SWAP, asks, busy, key, options};
use exchange::{Fault, Options};
use serde_json::{Value, json};

fn with(options: Options, faults: &str) -> Options {
    Options { faults: Fault::parse_list(faults).unwrap(), ..options }
}

/// An exchange on which one fault has just been carried out, and a party on it.
async fn after(fault: &str) -> (Exchange, Party) {
    let exchange = Exchange::start(with(options(), fault));
    exchange.after_faults(1).await;
    let party = Party::enter(&exchange, &key(0)).await;
    (exchange, party)
}

const ORDER: &str = "BTC-USDT buy limit 60000 0.01 x";

async fn state(exchange: &Exchange) -> Value {
    let path = format!("/api/v5/trade/order?instId={SPOT}&clOrdId=x");
    let answer = asks(exchange, &key(0), &path).await;
    if answer["code"] == "0" { answer["data"][0]["state"].clone() } else { answer["code"].clone() }
}

#[tokio::test]
async fn orders_are_refused_unknown_or_lost() {
    let (_exchange, mut party) = after("reject@0s").await;
    assert_eq!(party.place(ORDER).await, "51006");
    assert_eq!(party.place(ORDER).await, "0");
    let (_exchange, mut party) = after("okx:reject@0s:51008").await;
    assert_eq!(party.place(ORDER).await, "51008");
    let (exchange, mut party) = after("timeout@0s").await;
    let args = json!([party.order(ORDER)]);
    let unknown = party.op("order", args).await;
    assert_eq!((&unknown["code"], &unknown["data"]), (&json!("50004"), &json!([])));
    assert_eq!(state(&exchange).await, "live");
    let (exchange, mut party) = after("lost@0s").await;
    let args = json!([party.order(ORDER)]);
    assert_eq!(party.op("order", args).await["code"], "50004");
    assert_eq!(state(&exchange).await, "51603");
}

#[tokio::test]
async fn too_many_requests_are_told_on_both_ways() {
    let exchange = Exchange::start(with(options(), "429@1s:20s"));
    let mut party = Party::enter(&exchange, &key(0)).await;
    exchange.after_faults(1).await;
    assert_eq!(party.place(ORDER).await, "50011");
    assert_eq!(asks(&exchange, &key(0), "/api/v5/account/config").await["code"], "50011");
}

#[tokio::test]
async fn the_book_stream_gaps_repeats_and_breaks() {
    let faults = "skip@1200ms,dup@1600ms,checksum@2000ms,malformed@2200ms,shutdown@2400ms:100ms";
    let exchange = Exchange::start(with(busy(), faults));
    let mut client = Client::connect(exchange.address, "/ws/v5/public").await;
    let args = json!([{"channel": "books", "instId": SWAP}]);
    client.send(&json!({"op": "subscribe", "args": args})).await;
    let (mut last, mut gaps, mut twice, mut sums, mut bad, mut notices) = (0, 0, 0, 0, 0, 0);
    while let Some(message) = client.receive().await {
        bad += u32::from(message.get("bad").is_some());
        notices += u32::from(message["code"] == "64008");
        let row = &message["data"][0];
        let (Some(seq), Some(before)) = (row["seqId"].as_i64(), row["prevSeqId"].as_i64()) else {
            continue;
        };
        sums += u32::from(row["checksum"] != 0);
        if seq == last {
            twice += 1;
        } else if before != -1 {
            gaps += u32::from(before != last);
        }
        last = seq;
    }
    assert_eq!((gaps, twice, sums, bad, notices), (1, 1, 1, 1, 1));
    assert_eq!(exchange.stop().faults.len(), 5);
}

#[tokio::test]
async fn connections_drop_and_stall() {
    let exchange = Exchange::start(with(options(), "stall@1s:300ms,drop@1500ms"));
    let mut party = Party::enter(&exchange, &key(0)).await;
    exchange.after_faults(1).await;
    assert_eq!(party.place(ORDER).await, "0", "a stalled connection answers in the end");
    assert_eq!(party.hears("x").await, "live 0");
    exchange.after_faults(2).await;
    while party.socket.receive().await.is_some() {}
    assert_eq!(state(&exchange).await, "live", "orders outlive connections");
}
