//! Orders that an engine finds at its start: of an earlier session, and of somebody else.

use crate::harness::{Exchange, Folder, config, ctl, engine, json, until_seen};
use serde_json::Value;

const ORDER: &str = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01000";

/// Two orders far from the market: one of an earlier session of ours, one of another program.
fn leave(exchange: &Exchange) {
    let ticker = exchange.get("/api/v3/ticker/bookTicker?symbol=BTCUSDT");
    let bid: f64 = ticker["bidPrice"].as_str().unwrap().parse().unwrap();
    let price = format!("{:.2}", (bid * 0.9).floor());
    for client in ["pg-00000007-00000001-00000000000001", "by-hand-1"] {
        let params = format!("{ORDER}&price={price}&newClientOrderId={client}");
        let placed = exchange.signed("POST", "/api/v3/order", &params);
        assert_eq!(placed["status"], "NEW", "{placed}");
    }
    assert_eq!(exchange.open(), 2);
}

fn kinds(repairs: &Value) -> Vec<&str> {
    repairs.as_array().unwrap().iter().map(|repair| repair["kind"].as_str().unwrap()).collect()
}

#[test]
fn found_orders_are_cancelled_where_that_is_asked() {
    let (folder, exchange) = (Folder::new("cancel"), Exchange::start(&["--seed", "8"]));
    leave(&exchange);
    let process = engine("run", &config(&folder, &exchange, &[]), &[]);
    until_seen(&folder, "quotes", |seen| seen["orders"]["open"].as_u64() > Some(0));
    let ledger = exchange.ledger();
    let left = ledger["openOrders"].as_array().unwrap().iter();
    let clients: Vec<&str> = left.map(|order| order["clientOrderId"].as_str().unwrap()).collect();
    assert!(!clients.contains(&"by-hand-1"), "{clients:?}");
    assert!(!clients.contains(&"pg-00000007-00000001-00000000000001"), "{clients:?}");
    ctl(&folder, &["stop"], 0);
    let ended = process.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(exchange.open(), 0);
    let told = json(&ended.out);
    assert_eq!(kinds(&told["repairs"]), ["order_cancelled", "order_cancelled"], "{told}");
}

#[test]
fn found_orders_are_adopted_where_that_is_asked() {
    let (folder, exchange) = (Folder::new("adopt"), Exchange::start(&["--seed", "8"]));
    leave(&exchange);
    let changes = [("found = \"cancel\"", "found = \"adopt\"")];
    let process = engine("run", &config(&folder, &exchange, &changes), &[]);
    // Adopted orders are ours to move: what the plan does not want goes.
    until_seen(&folder, "quotes", |seen| seen["orders"]["open"].as_u64() > Some(0));
    ctl(&folder, &["stop"], 0);
    let ended = process.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(exchange.open(), 0);
    let told = json(&ended.out);
    assert_eq!(kinds(&told["repairs"]), ["order_adopted", "order_adopted"], "{told}");
}
