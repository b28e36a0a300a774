//! Does the exchange's own ledger agree with ours, to the last unit?
//!
//! Ours is the start plus our own fills; theirs is what the exchange wrote down for itself.

use engine::asset::Assets;
use engine::engine::Engine;
use engine::id::{AssetId, VenueId};
use engine::instrument::Symbol;
use engine::num::{AMOUNT_DECIMALS, Amount, Decimal, parse_decimal};
use engine::strategy::Strategy;
use serde_json::Value;

/// One difference, in words.
pub type Difference = String;

/// Compares balances, fees, number of fills, positions and open orders; empty when they agree.
pub fn compare<S: Strategy>(
    engine: &Engine<S>,
    assets: &Assets,
    theirs: &Value,
) -> Vec<Difference> {
    let mut out = Vec::new();
    balances(engine, assets, theirs, &mut out);
    fees(engine, assets, theirs, &mut out);
    trades(engine, theirs, &mut out);
    let open = theirs["openOrders"].as_array().map_or(0, Vec::len);
    if open != engine.live_orders() {
        out.push(format!("open orders: ours {}, theirs {open}", engine.live_orders()));
    }
    out
}

fn amount(value: &Value) -> Option<Amount> {
    parse_decimal(value.as_str()?.as_bytes(), AMOUNT_DECIMALS).ok().map(Amount)
}

fn shown(amount: Amount) -> Decimal {
    Decimal { value: amount.0, decimals: AMOUNT_DECIMALS }
}

fn balances<S: Strategy>(
    engine: &Engine<S>,
    assets: &Assets,
    theirs: &Value,
    out: &mut Vec<Difference>,
) {
    let Some(list) = theirs["balances"].as_array() else {
        out.push("the exchange's ledger has no balances".into());
        return;
    };
    for entry in list {
        let name = entry["asset"].as_str().unwrap_or("?");
        let (Some(start), Some(total)) = (amount(&entry["start"]), amount(&entry["total"])) else {
            out.push(format!("{name}: the exchange's ledger is not readable"));
            continue;
        };
        let Some(id) = Symbol::new(name).and_then(|name| assets.id(name.as_bytes())) else {
            if start != total {
                out.push(format!("{name}: moved at the exchange, unknown to us"));
            }
            continue;
        };
        let ours = engine.account(VenueId(0)).balance(id);
        if ours.start != start {
            let (ours, theirs) = (shown(ours.start), shown(start));
            out.push(format!("{name} start: ours {ours}, theirs {theirs}"));
        }
        if ours.total != total {
            let (ours, theirs) = (shown(ours.total), shown(total));
            out.push(format!("{name} total: ours {ours}, theirs {theirs}"));
        }
    }
}

fn fees<S: Strategy>(
    engine: &Engine<S>,
    assets: &Assets,
    theirs: &Value,
    out: &mut Vec<Difference>,
) {
    for place in 0..assets.len() {
        let id = AssetId(place as u16);
        let Some(name) = assets.name(id) else { continue };
        let list = theirs["fees"].as_array();
        let entry = list.and_then(|list| list.iter().find(|fee| fee["asset"] == name.as_str()));
        let told = entry.and_then(|entry| amount(&entry["amount"])).unwrap_or(Amount(0));
        let ours = engine.account(VenueId(0)).balance(id).fees;
        if ours != told {
            out.push(format!("{name} fees: ours {}, theirs {}", shown(ours), shown(told)));
        }
    }
}

/// Number of trades, and for each instrument the position that its trades add up to.
fn trades<S: Strategy>(engine: &Engine<S>, theirs: &Value, out: &mut Vec<Difference>) {
    let empty = Vec::new();
    let list = theirs["trades"].as_array().unwrap_or(&empty);
    let ours: u64 = engine.desks.iter().map(|desk| desk.counters.fills.iter().sum::<u64>()).sum();
    if ours != list.len() as u64 {
        out.push(format!("fills: ours {ours}, theirs {}", list.len()));
    }
    for listing in engine.market.listings() {
        let spec = &listing.instrument;
        let mut position = Amount(0);
        for trade in list.iter().filter(|trade| trade["symbol"] == spec.symbol.as_str()) {
            let buys = trade["isBuyer"].as_bool().unwrap_or(false);
            let (Some(qty), Some(fee)) = (amount(&trade["qty"]), amount(&trade["commission"]))
            else {
                out.push(format!("{}: a trade of the exchange is not readable", spec.symbol));
                continue;
            };
            position = Amount(position.0 + if buys { qty.0 } else { -qty.0 });
            let base = spec.symbol.as_str().strip_suffix(quote_of(trade)).unwrap_or_default();
            if trade["commissionAsset"] == base {
                position -= fee;
            }
        }
        let held = |desk: &engine::desk::Desk<S>| desk.positions[spec.id.index()].base.0;
        let ours = Amount(engine.desks.iter().map(held).sum());
        if ours != position {
            let (ours, theirs) = (shown(ours), shown(position));
            out.push(format!("{} position: ours {ours}, theirs {theirs}", spec.symbol));
        }
    }
}

/// Quote assets that the simulated exchange lists.
fn quote_of(trade: &Value) -> &'static str {
    let symbol = trade["symbol"].as_str().unwrap_or_default();
    ["USDT", "USDC", "BTC"].into_iter().find(|quote| symbol.ends_with(quote)).unwrap_or("USDT")
}
