//! A snapshot as one JSON object. Money is decimal text, times are nanoseconds since 1970 UTC.

use super::Pulse;
use super::format::milliticks;
use engine::num::Decimal;
use engine::time::Nanos;
use serde_json::{Map, Value, json};
use shm::Snapshot;
use shm::panel::{
    InstrumentPanel, Level, LinkPanel, OpenOrder, Quote, RiskPanel, SessionPanel, ShadowsPanel,
    Variant,
};

fn units(value: i64) -> String {
    Decimal { value, decimals: 8 }.to_string()
}

/// Everything that the engine named `name` shows.
pub fn json(name: &str, snapshot: &Snapshot, now: Nanos) -> Value {
    let identity = snapshot.identity;
    json!({
        "name": name,
        "pulse": Pulse::of(snapshot, now).name(),
        "alive": snapshot.alive,
        "pid": identity.pid,
        "epoch": identity.epoch,
        "started_at_ns": identity.started_at.0,
        "heartbeat_ns": snapshot.heartbeat.0,
        "heartbeat_age_ns": snapshot.heartbeat_age(now).0,
        "heartbeats": snapshot.beats,
        "session": snapshot.session.as_ref().map(session),
        "links": snapshot.links.iter().map(|panel| link(panel, now)).collect::<Vec<_>>(),
        "instruments": snapshot.instruments.iter().map(instrument).collect::<Vec<_>>(),
        "orders": orders(snapshot),
        "balances": balances(snapshot),
        "risk": snapshot.risk.as_ref().map(risk),
        "counters": counters(snapshot),
        "gauges": gauges(snapshot),
        "latency_ns": latency(snapshot),
        "shadow": snapshot.shadows.as_ref().map(shadows),
    })
}

fn session(panel: &SessionPanel) -> Value {
    json!({
        "state": panel.state.as_str(),
        "mode": panel.mode.as_str(),
        "layout": panel.layout.as_str(),
        "wait": panel.wait.as_str(),
        "strategy": panel.strategy.as_str(),
        "account": panel.account.as_str(),
        "cores": panel.cores.as_str(),
        "started_at_ns": panel.started_at.0,
        "at_ns": panel.at.0,
        "events": panel.events,
        "halt_code": panel.halt_code,
        "halt_reason": panel.halt_reason.as_str(),
    })
}

fn link(panel: &LinkPanel, now: Nanos) -> Value {
    let heard = (panel.message_at != Nanos::ZERO).then(|| now.since(panel.message_at).0);
    json!({
        "name": panel.name.as_str(),
        "state": panel.state.as_str(),
        "age_ns": heard,
        "age_limit_ns": panel.age_limit.0,
        "round_trip_ns": panel.round_trip.0,
        "messages": panel.messages,
        "bytes": panel.bytes,
        "reconnects": panel.reconnects,
        "gaps": panel.gaps,
    })
}

fn instrument(panel: &InstrumentPanel) -> Value {
    let price = |ticks: i64| panel.tick.decimal(ticks).to_string();
    let qty = |lots: i64| panel.lot.decimal(lots).to_string();
    let levels = |levels: &[Level]| -> Vec<Value> {
        levels.iter().map(|level| json!([price(level.price.0), qty(level.qty.0)])).collect()
    };
    let quotes = |quotes: &[Quote]| -> Vec<Value> {
        quotes.iter().map(|quote| json!([price(quote.price.0), qty(quote.qty.0)])).collect()
    };
    let between = |value: Option<i64>| value.map(|value| milliticks(panel.tick, value));
    let last = panel.last_trade.as_ref().map(|trade| {
        let (price, qty) = (price(trade.price.0), qty(trade.qty.0));
        json!({ "price": price, "qty": qty, "taker": side(trade.side), "at_ns": trade.at.0 })
    });
    json!({
        "symbol": panel.symbol.as_str(),
        "base": panel.base.as_str(),
        "quote": panel.quote.as_str(),
        "book": panel.book.as_str(),
        "update_id": panel.update_id,
        "updated_at_ns": panel.updated_at.0,
        "bids": levels(&panel.bids),
        "asks": levels(&panel.asks),
        "last_trade": last,
        "mid": between(panel.mid_milliticks),
        "fair": between(panel.fair_milliticks),
        "reservation": between(panel.reservation_milliticks),
        "bid_quotes": quotes(&panel.bid_quotes),
        "ask_quotes": quotes(&panel.ask_quotes),
        "position": qty(panel.position.0),
        "average": between(panel.average_milliticks),
        "realised": units(panel.realised.0),
        "unrealised": units(panel.unrealised.0),
        "fees": units(panel.fees.0),
        "turnover": units(panel.turnover.0),
        "bid_fills": panel.bid_fills,
        "ask_fills": panel.ask_fills,
    })
}

fn side(side: engine::id::Side) -> &'static str {
    match side {
        engine::id::Side::Buy => "buy",
        engine::id::Side::Sell => "sell",
    }
}

fn orders(snapshot: &Snapshot) -> Value {
    let order = |order: &OpenOrder| {
        let of = snapshot.instruments.iter().find(|panel| panel.id == order.instrument);
        let price = of.map(|of| of.tick.decimal(order.price.0).to_string());
        let qty = |lots: i64| of.map(|of| of.lot.decimal(lots).to_string());
        json!({
            "id": order.id.to_string(),
            "symbol": of.map(|of| of.symbol.as_str()),
            "side": side(order.side),
            "price": price,
            "qty": qty(order.qty.0),
            "filled": qty(order.filled.0),
            "state": order.state.as_str(),
            "placed_at_ns": order.placed_at.0,
        })
    };
    snapshot.orders.as_ref().map_or(Value::Null, |panel| {
        let shown: Vec<Value> = panel.orders.iter().map(order).collect();
        json!({ "open": panel.open, "orders": shown })
    })
}

fn balances(snapshot: &Snapshot) -> Value {
    let Some(panel) = &snapshot.balances else { return Value::Null };
    let row = |balance: &shm::panel::Balance| {
        let value = json!({
            "free": units(balance.free.0),
            "locked": units(balance.locked.0),
            "reserved": units(balance.reserved.0),
        });
        (balance.asset.to_string(), value)
    };
    Value::Object(panel.balances.iter().map(row).collect::<Map<_, _>>())
}

fn risk(panel: &RiskPanel) -> Value {
    let limits: Vec<Value> = panel
        .limits
        .iter()
        .map(|limit| {
            let number = |value| Decimal { value, decimals: limit.decimals.min(18) }.to_string();
            json!({
                "name": limit.name.as_str(),
                "instrument": limit.instrument.map(|id| id.0),
                "limit": number(limit.limit),
                "used": number(limit.used),
            })
        })
        .collect();
    let refusals: Map<String, Value> = panel
        .refusals
        .iter()
        .map(|refusal| (refusal.reason.to_string(), refusal.count.into()))
        .collect();
    json!({
        "killed": panel.killed,
        "approved": panel.approved,
        "refused": panel.refused,
        "limits": limits,
        "refusals": refusals,
    })
}

fn counters(snapshot: &Snapshot) -> Value {
    let Some(panel) = &snapshot.counters else { return Value::Null };
    let row = |counter: &shm::panel::Counter| (counter.name.to_string(), counter.count.into());
    Value::Object(panel.counters.iter().map(row).collect::<Map<_, _>>())
}

fn gauges(snapshot: &Snapshot) -> Value {
    let Some(panel) = &snapshot.gauges else { return Value::Null };
    let row = |gauge: &shm::panel::Gauge| {
        let value = Decimal { value: gauge.value, decimals: gauge.decimals.min(18) }.to_string();
        json!({
            "name": gauge.name.as_str(),
            "instrument": gauge.instrument.map(|id| id.0),
            "value": value,
        })
    };
    Value::Array(panel.gauges.iter().map(row).collect())
}

fn latency(snapshot: &Snapshot) -> Value {
    let Some(panel) = &snapshot.latency else { return Value::Null };
    let row = |stage: &shm::panel::StageLatency| {
        let value = json!({
            "count": stage.count,
            "p50": stage.p50_ns,
            "p90": stage.p90_ns,
            "p99": stage.p99_ns,
            "p999": stage.p999_ns,
            "max": stage.max_ns,
        });
        (stage.name.to_string(), value)
    };
    Value::Object(panel.stages.iter().map(row).collect::<Map<_, _>>())
}

fn shadows(panel: &ShadowsPanel) -> Value {
    let variant = |one: &Variant| {
        json!({
            "rank": one.simulated.then_some(one.rank),
            "name": one.name.as_str(),
            "desk": one.desk.as_str(),
            "simulated": one.simulated,
            "pnl_quote": units(one.pnl.0),
            "fees_quote": units(one.fees.0),
            "fills": one.fills,
            "position": units(one.position.0),
            "quote_uptime": f64::from(one.quoted_ppm) / 1e6,
        })
    };
    let of = |simulated: bool| -> Vec<Value> {
        let variants = panel.variants.iter().filter(|one| one.simulated == simulated);
        variants.map(variant).collect()
    };
    json!({
        "rows": panel.rows,
        "rows_behind": panel.rows_behind,
        "ranking": of(true),
        "live": of(false),
    })
}
