//! Three ledgers side by side: the exchange's, the one that our journal adds up to, and the
//! engine's own. They agree to the last unit, or the differences are named.

use crate::books::{Books, TradeKey};
use engine::event::Fill;
use engine::id::{InstrumentId, Side};
use engine::num::{AMOUNT_DECIMALS, Grid, parse_decimal};
use serde_json::Value;
use shm::Snapshot;
use shm::panel::InstrumentPanel;
use std::collections::BTreeMap;

/// Amounts of assets in 1e-8, and what belongs to them.
type Sums<'a> = BTreeMap<&'a str, i128>;

/// Of a decimal text, 1e-8.
fn units(value: &Value) -> i128 {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no amount"));
    parse_decimal(text.as_bytes(), AMOUNT_DECIMALS).unwrap().into()
}

/// Steps of a grid, 1e-8.
fn on(grid: Grid, steps: i64) -> i128 {
    let steps = i128::from(steps) * i128::from(grid.step);
    steps * 10_i128.pow(u32::from(AMOUNT_DECIMALS - grid.decimals))
}

/// A trade as text: the same for both sides if they agree about all of it.
fn line([price, qty, fee]: [i128; 3], asset: &str, maker: bool) -> String {
    format!("{qty} at {price}, fee {fee} {asset}, {}", if maker { "maker" } else { "taker" })
}

/// All differences, in words; the engine has to be at rest.
pub fn differences(theirs: &Value, books: &Books, ours: &Snapshot) -> Vec<String> {
    let mut out = Vec::new();
    trades(theirs, books, ours, &mut out);
    sums(theirs, books, ours, &mut out);
    let open = theirs["openOrders"].as_array().unwrap();
    if !open.is_empty() {
        out.push(format!("orders stand at the exchange: {open:?}"));
    }
    let shown = ours.orders.as_ref().map_or(0, |panel| panel.open);
    if shown > 0 || books.live() > 0 {
        out.push(format!("live orders: the engine's {shown}, the journal's {}", books.live()));
    }
    out
}

fn assets(ours: &Snapshot) -> Vec<&str> {
    let panel = ours.balances.as_ref().unwrap();
    panel.balances.iter().map(|balance| balance.asset.as_str()).collect()
}

fn panel_of(ours: &Snapshot, id: InstrumentId) -> &InstrumentPanel {
    ours.instruments.iter().find(|panel| panel.id == id).unwrap()
}

/// Key of a trade of the exchange.
pub fn key(trade: &Value, ours: &Snapshot) -> TradeKey {
    let panel = ours.instruments.iter().find(|panel| trade["symbol"] == panel.symbol.as_str());
    let side = if trade["isBuyer"].as_bool().unwrap() { Side::Buy } else { Side::Sell };
    (panel.unwrap().id, side, trade["id"].as_u64().unwrap())
}

/// Each trade of the exchange is in the journal with the same numbers, and no other is.
fn trades(theirs: &Value, books: &Books, ours: &Snapshot, out: &mut Vec<String>) {
    let assets = assets(ours);
    let mut left = books.trades.clone();
    for trade in theirs["trades"].as_array().unwrap() {
        let key = key(trade, ours);
        let numbers = ["price", "qty", "commission"].map(|name| units(&trade[name]));
        let asset = trade["commissionAsset"].as_str().unwrap();
        let their_line = line(numbers, asset, trade["isMaker"].as_bool().unwrap());
        let Some(told) = left.remove(&key) else {
            out.push(format!("trade {key:?} of {} is not in the journal", trade["clientOrderId"]));
            continue;
        };
        let Fill { price, qty, fee, fee_asset, maker, .. } = told.fill;
        let panel = panel_of(ours, key.0);
        let numbers = [on(panel.tick, price.0), on(panel.lot, qty.0), fee.0.into()];
        let our_line = line(numbers, assets[fee_asset.index()], maker);
        if our_line != their_line {
            out.push(format!("trade {key:?}: ours {our_line}, theirs {their_line}"));
        }
    }
    if !left.is_empty() {
        out.push(format!("trades that the exchange does not know: {:?}", left.keys()));
    }
}

/// What the journal's trades add up to: amounts moved, fees paid.
fn added<'a>(books: &Books, ours: &'a Snapshot) -> [Sums<'a>; 2] {
    let assets = assets(ours);
    let [mut moved, mut fees] = [Sums::new(), Sums::new()];
    for (key, told) in &books.trades {
        let panel = panel_of(ours, key.0);
        let qty = on(panel.lot, told.fill.qty.0);
        let quote = qty * on(panel.tick, told.fill.price.0) / 10_i128.pow(8);
        let sign = i128::from(key.1.sign());
        *moved.entry(panel.base.as_str()).or_default() += sign * qty;
        *moved.entry(panel.quote.as_str()).or_default() -= sign * quote;
        let (asset, fee) = (assets[told.fill.fee_asset.index()], i128::from(told.fill.fee.0));
        *moved.entry(asset).or_default() -= fee;
        *fees.entry(asset).or_default() += fee;
    }
    [moved, fees]
}

/// Balances and fees of each asset, and positions.
fn sums(theirs: &Value, books: &Books, ours: &Snapshot, out: &mut Vec<String>) {
    let [moved, fees] = added(books, ours);
    let mut differ = |what: String, one: i128, other: i128| {
        if one != other {
            out.push(format!("{what}: {one} and {other}, difference {}", one - other));
        }
    };
    let panel = ours.balances.as_ref().unwrap();
    for entry in theirs["balances"].as_array().unwrap() {
        let name = entry["asset"].as_str().unwrap();
        let total = units(&entry["total"]);
        let by_journal = units(&entry["start"]) + moved.get(name).copied().unwrap_or(0);
        differ(format!("{name} by the journal and at the exchange"), by_journal, total);
        if let Some(balance) = panel.balances.iter().find(|one| one.asset.as_str() == name) {
            let [free, locked, reserved] =
                [balance.free.0, balance.locked.0, balance.reserved.0].map(i128::from);
            let held = free + locked + reserved;
            differ(format!("{name} by the engine and at the exchange"), held, total);
        }
    }
    for entry in theirs["fees"].as_array().unwrap() {
        let name = entry["asset"].as_str().unwrap();
        let paid = fees.get(name).copied().unwrap_or(0);
        differ(format!("fees in {name}"), paid, units(&entry["amount"]));
    }
    for instrument in &ours.instruments {
        let moved = moved.get(instrument.base.as_str()).copied().unwrap_or(0);
        let lots = moved / on(instrument.lot, 1);
        let symbol = instrument.symbol.as_str();
        let held = instrument.position.0.into();
        differ(format!("{symbol} position, lots, journal and engine"), lots, held);
    }
}
