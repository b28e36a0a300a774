//! What a journal tells, over one of a real demo: tables whose sums are the session's, and orders
//! whose story is whole.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "session/harness.rs"]
mod harness;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Decimal128Type, Int64Type};
use harness::{Process, json, peregrine};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rust_decimal::Decimal;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("peregrine-audit-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn at(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn ask(args: &[&str], code: i32) -> harness::Ended {
    let ended = Process::start(peregrine(args)).ended();
    assert_eq!(ended.code, Some(code), "{args:?}: {}{}", ended.out, ended.err);
    ended
}

/// Rows of a csv file as objects by column.
fn csv_rows(path: &Path) -> Vec<Value> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let names = reader.headers().unwrap().clone();
    let row = |row: csv::StringRecord| {
        names
            .iter()
            .zip(row.iter())
            .map(|(name, text)| (name.to_owned(), Value::from(text)))
            .collect()
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

fn number(row: &Value, column: &str) -> Decimal {
    row[column].as_str().unwrap().parse().unwrap()
}

fn sum_of_parquet(path: &str, column: &str) -> (Decimal, usize) {
    let file = fs::File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let (mut sum, mut rows) = (Decimal::ZERO, 0);
    for batch in reader {
        let batch = batch.unwrap();
        rows += batch.num_rows();
        let values = batch.column_by_name(column).unwrap().as_primitive::<Decimal128Type>();
        sum += values
            .iter()
            .flatten()
            .map(|one| Decimal::from_i128_with_scale(one, 12))
            .sum::<Decimal>();
        let seqs = batch.column_by_name("seq").unwrap().as_primitive::<Int64Type>();
        assert!(seqs.iter().flatten().is_sorted());
    }
    (sum, rows)
}

fn stories_are_whole(journal: &str, orders: &[Value]) {
    let last = orders.last().unwrap()["client_id"].as_str().unwrap();
    let story = json(&ask(&["explain", last, "--journal", journal, "--json"], 0).out);
    assert_eq!(story["client_id"], last);
    assert_eq!(story["replay_identical"], true);
    assert_eq!(story["cause"]["seq"].to_string(), orders.last().unwrap()["cause_seq"]);
    assert!(!story["bids"].as_array().unwrap().is_empty() && story["limits"].is_array());
    assert!(story["stages_ns"][2]["ns"].as_u64().unwrap() > 0);
    assert!(!story["later"].as_array().unwrap().is_empty());
    let text = ask(&["explain", last, "--journal", journal], 0).out;
    assert!(text.contains("what became of it") && text.contains("gross_notional_max"), "{text}");
    let unknown = ask(&["explain", "pg-00000001-00000001-00000000000000", "--journal", journal], 1);
    assert!(unknown.err.contains("holds no order"), "{}", unknown.err);
    ask(&["explain", "nonsense", "--journal", journal], 2);
}

#[test]
fn tables_and_stories_agree_with_the_session() {
    let folder = Folder::new();
    let (journal, tables) = (folder.at("journal"), folder.at("tables"));
    let demo = ["demo", "--seconds", "6", "--seed", "4", "--json", "--out", &journal];
    let session = json(&ask(&demo, 0).out);
    assert_eq!(session["ledger_match"], true);

    let list = json(&ask(&["journal", "list", &journal, "--json"], 0).out);
    let check = json(&ask(&["journal", "check", &journal, "--json"], 0).out);
    assert_eq!(check["ended_in_order"], true);
    assert_eq!(list["segments"][0]["rows"], check["rows"]);
    ask(&["journal", "upgrade", &journal], 0);

    let all = "orders,fills,events,decisions";
    let export = |to: &str, code: i32, more: &[&str]| {
        let mut args =
            vec!["journal", "export", &journal, "--to", to, "--what", all, "--out", &tables];
        args.extend(more);
        ask(&args, code)
    };
    export("csv", 0, &[]);
    export("parquet", 0, &["--json"]);
    assert!(export("csv", 1, &[]).err.contains("--force"));
    export("csv", 0, &["--force"]);

    let fills = csv_rows(&folder.0.join("tables/fills.csv"));
    let signed = |row: &Value| {
        let qty = number(row, "qty");
        if row["side"] == "buy" { qty } else { -qty }
    };
    let held: Decimal = fills.iter().map(signed).sum();
    let fees_in_base = fills.iter().filter(|row| row["fee_asset"] == "0");
    let fees_in_base: Decimal = fees_in_base.map(|row| number(row, "fee")).sum();
    let position: Decimal = session["position"].as_str().unwrap().parse().unwrap();
    assert_eq!(held - fees_in_base, position);
    assert_eq!(fills.len() as u64, session["fills"].as_u64().unwrap());
    let (in_parquet, rows) = sum_of_parquet(&folder.at("tables/fills.parquet"), "qty");
    assert_eq!(rows, fills.len());
    assert_eq!(in_parquet, fills.iter().map(|row| number(row, "qty")).sum::<Decimal>());

    let orders = csv_rows(&folder.0.join("tables/orders.csv"));
    assert_eq!(orders.len() as u64, session["orders_sent"].as_u64().unwrap());
    let filled: Decimal = orders.iter().map(|row| number(row, "filled")).sum();
    assert_eq!(filled, fills.iter().map(|row| number(row, "qty")).sum::<Decimal>());
    for order in &orders {
        assert!(number(order, "cause_seq") < number(order, "placed_seq"), "{order}");
        assert!(
            ["filled", "cancelled", "rejected", "expired"]
                .contains(&order["state"].as_str().unwrap()),
            "{order}"
        );
    }

    stories_are_whole(&journal, &orders);

    let segment = folder.0.join("journal").join("00000000000000000000.pgj");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[4096 + 64 * 7 + 3] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let damaged = ask(&["journal", "check", &journal], 1);
    assert!(damaged.err.contains("row 7 at byte 4544"), "{}", damaged.err);
    let refused = export("parquet", 1, &["--force"]);
    assert!(refused.err.contains("row 7"), "{}", refused.err);
    let left = fs::read_dir(&tables).unwrap().filter_map(Result::ok);
    assert!(left.into_iter().all(|one| !one.file_name().to_string_lossy().ends_with(".part")));
}
