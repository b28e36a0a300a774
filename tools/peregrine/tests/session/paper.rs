//! Paper trading: the exchange's market, simulated fills, no key, and no order that leaves.

use crate::harness::{Exchange, Folder, config, ctl, engine, json, until_seen};

#[test]
fn paper_trades_without_key_and_without_orders() {
    for layout in ["inline", "pipelined"] {
        let folder = Folder::new(&format!("paper-{layout}"));
        let exchange = Exchange::start(&["--seed", "7"]);
        let key = format!("key_file = {:?}", folder.path.join("key.json"));
        let layout = format!("layout = {layout:?}\n\n[paper]\nentry_latency_us = 500");
        let changes = [
            (key.as_str(), ""),
            ("mode = \"testnet\"", "mode = \"paper\""),
            (
                "layout = \"auto\"",
                &format!("{layout}\n[paper.balances]\nBTC = \"1\"\nUSDT = \"100000\""),
            ),
        ];
        let process = engine("paper", &config(&folder, &exchange, &changes), &[]);
        let seen = until_seen(&folder, "simulated fills", |seen| {
            let instrument = &seen["instruments"][0];
            let fills = [&instrument["bid_fills"], &instrument["ask_fills"]];
            fills.iter().map(|fills| fills.as_u64().unwrap_or(0)).sum::<u64>() > 2
        });
        assert_eq!(seen["session"]["mode"], "paper");
        ctl(&folder, &["stop"], 0);
        let ended = process.ended();
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        let told = json(&ended.out);
        assert!(told["fills"].as_u64() > Some(2), "{told}");
        assert!(told["orders_sent"].as_u64() > Some(2));
        assert_ne!(told["fees_quote"], "0.00000000");
        assert_ne!(told["pnl_quote"], "0.00000000");
        assert!(told["latency_ns"]["tick_to_order"]["count"].as_u64() > Some(0));
        assert_eq!(
            (&told["open_orders_at_end"], &told["repairs"]),
            (&0.into(), &[(); 0][..].into())
        );
        let report = exchange.get("/sim/report");
        assert_eq!(report["wire"]["orders"], 0, "an order left");
        assert_eq!(report["wire"]["messages"]["api_in"], 0, "{report}");
        assert_eq!(exchange.ledger()["trades"], serde_json::json!([]));
    }
}
