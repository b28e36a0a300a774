//! Several venues in one process, over loopback: what runs, whose keys are whose, faults by venue.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests, too.

mod common;

use common::{Exchange, get, quiet, signed};
use exchange::{Fault, Options, VenueKind, WorldText, venue_keys};
use serde_json::json;

fn four() -> Options {
    Options { world: Some(WorldText::scenario("four", true).unwrap()), ..quiet() }
}

#[tokio::test]
async fn one_address_is_four_venues() {
    let exchange = Exchange::start(four());
    let at = exchange.address;
    let world = get(at, "/sim/world").await;
    let names: Vec<&str> =
        world["venues"].as_array().unwrap().iter().map(|v| v["venue"].as_str().unwrap()).collect();
    assert_eq!(names, ["binance-spot", "binance-usdm", "bybit", "okx"]);
    let okx = world["venues"][3]["listings"].as_array().unwrap();
    let swap = okx.iter().find(|one| one["symbol"] == "BTC-USDT-SWAP").unwrap();
    assert_eq!((&swap["product"], &swap["contract"]), (&json!("perp"), &json!("0.01000000")));
    assert!(swap["mark"].as_str().unwrap().starts_with("618"), "{swap}");
    for kind in VenueKind::ALL {
        for key in venue_keys(kind, 1) {
            let path = |venue: &str| format!("/sim/ledger?venue={venue}&apiKey={}", key.api_key);
            let ledger = get(at, &path(kind.name())).await;
            assert_eq!(ledger["account"], "demo", "{kind}: {ledger}");
            assert_eq!(ledger["positions"], json!([]));
            let other = if kind == VenueKind::Okx { "bybit" } else { "okx" };
            assert_eq!(get(at, &path(other)).await["code"], -1000);
        }
    }
    let key = venue_keys(VenueKind::BinanceSpot, 1).remove(0);
    let order = "symbol=ETHBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.04";
    let placed = signed(at, &key, "POST", "/api/v3/order", order).await;
    assert_eq!(placed.json["status"], "NEW", "{}", placed.json);
    assert_eq!(get(at, "/sim/ledger?venue=mtgox").await["msg"], "No such venue runs here.");
}

#[tokio::test]
async fn faults_are_of_one_venue_or_of_all() {
    let faults = Fault::parse_list("okx:skip@0s,dup@10ms").unwrap();
    let exchange = Exchange::start(Options { faults, ..four() });
    exchange.after_faults(1).await;
    for (kind, expect) in [
        (VenueKind::BinanceSpot, json!(["dup@10ms"])),
        (VenueKind::Okx, json!(["okx:skip@0ms", "dup@10ms"])),
    ] {
        let mut told = json!([]);
        for _ in 0..100_000 {
            let report = get(exchange.address, &format!("/sim/report?venue={kind}")).await;
            told = report["faults"].clone();
            if told == expect {
                break;
            }
        }
        assert_eq!(told, expect, "{kind}");
    }
}
