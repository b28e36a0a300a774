//! What a session came to: one JSON object, and a summary for people.

mod desks;

use crate::latency::Stages;
use crate::shadow::Report;
use engine::asset::Assets;
use engine::desk::DeskCounters;
use engine::engine::Engine;
use engine::num::{AMOUNT_DECIMALS, Amount, Decimal, Notional};
use engine::position::Position;
use engine::risk::Refusal;
use engine::session::{Repair, RepairKind};
use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};
use strategies::any::Any;

/// A session that has ended, as its threads left it.
pub struct Outcome {
    /// The engine, at rest.
    pub engine: Engine<Any>,
    /// Names of assets.
    pub assets: Assets,
    /// Names of instruments, by id, as the configuration has them.
    pub instruments: Vec<String>,
    /// Names of desks.
    pub desks: Vec<String>,
    /// What the shadows came to, where there were some.
    pub shadow: Option<Report>,
    /// Latency of every stage.
    pub stages: Stages,
    /// Counters of all agents, by name.
    pub counters: Vec<(String, u64)>,
    /// `inline` or `pipelined`.
    pub layout: &'static str,
    /// `spin`, `yield` or `park`.
    pub wait: &'static str,
    /// Cores of the machine.
    pub cores: usize,
    /// How long it ran, seconds.
    pub seconds: f64,
    /// What ended it, when it was not asked to end.
    pub fault: Option<String>,
}

fn money(notional: Notional) -> String {
    Decimal { value: notional.0, decimals: AMOUNT_DECIMALS }.to_string()
}

fn amount(amount: Amount) -> String {
    Decimal { value: amount.0, decimals: AMOUNT_DECIMALS }.to_string()
}

/// Count and quantiles of a histogram, ns.
pub fn quantiles(histogram: &Histogram<u64>) -> Value {
    let at = |quantile| histogram.value_at_quantile(quantile);
    json!({
        "count": histogram.len(),
        "p50": at(0.5),
        "p90": at(0.9),
        "p99": at(0.99),
        "p999": at(0.999),
        "max": histogram.max(),
    })
}

impl Outcome {
    /// The counters of all desks together.
    pub fn desk_counters(&self) -> DeskCounters {
        self.engine.desks.iter().fold(DeskCounters::default(), |mut sum, desk| {
            let one = &desk.counters;
            sum.places += one.places;
            sum.replaces += one.replaces;
            sum.amends += one.amends;
            sum.cancels += one.cancels;
            sum.queries += one.queries;
            sum.fills = [sum.fills[0] + one.fills[0], sum.fills[1] + one.fills[1]];
            sum.partial_fills += one.partial_fills;
            sum.maker_fills += one.maker_fills;
            sum.fills_in_cancel += one.fills_in_cancel;
            sum.fills_after_end += one.fills_after_end;
            sum.repeated_fills += one.repeated_fills;
            sum.post_only_rejects += one.post_only_rejects;
            sum.venue_rejects += one.venue_rejects;
            sum.unknown_orders += one.unknown_orders;
            sum.stale_withdrawals += one.stale_withdrawals;
            sum.one_sided_ns += one.one_sided_ns;
            sum
        })
    }

    fn counter(&self, name: &str) -> u64 {
        self.counters.iter().find(|(known, _)| known == name).map_or(0, |(_, value)| *value)
    }

    /// Sum over all positions of an amount of money, in the money that P&L is counted in.
    fn sum(&self, pick: impl Fn(&Position) -> Notional) -> Notional {
        let desks = self.engine.desks.iter();
        desks.fold(Notional(0), |sum, desk| sum.saturating_add(self.sum_of(desk, &pick)))
    }

    /// Profit or loss at the last mids, after fees.
    pub fn pnl(&self) -> Notional {
        let market = &self.engine.market;
        Notional(self.engine.desks.iter().map(|desk| desk.pnl(market).0).sum())
    }

    /// What quoting away from mid won, in basis points of the value traded.
    pub fn spread_captured_bps(&self) -> f64 {
        let turnover = self.sum(|position| position.turnover).0;
        if turnover == 0 {
            return 0.0;
        }
        self.sum(|position| position.spread_captured).0 as f64 / turnover as f64 * 10_000.0
    }

    /// What all desks hold of an instrument.
    fn held(&self, place: usize) -> Amount {
        Amount(self.engine.desks.iter().map(|desk| desk.positions[place].base.0).sum())
    }

    /// The position of the one instrument, or each one's by its name.
    fn positions(&self) -> Value {
        let each = self.instruments.iter().enumerate();
        let positions: Map<String, Value> =
            each.map(|(place, name)| (name.clone(), amount(self.held(place)).into())).collect();
        match positions.len() {
            1 => positions.into_iter().next().map_or(Value::Null, |(_, value)| value),
            _ => Value::Object(positions),
        }
    }

    fn refusals(&self) -> Map<String, Value> {
        let count = |refusal: Refusal| -> u64 {
            self.engine.desks.iter().map(|desk| desk.gate.refusals()[refusal.index()]).sum()
        };
        let all = Refusal::ALL.iter().map(|(refusal, name)| (name, count(*refusal)));
        all.filter(|(_, count)| *count > 0).map(|(name, n)| (name.to_string(), n.into())).collect()
    }

    /// What reconciliation mended, one object each.
    pub fn repairs(&self) -> Vec<Value> {
        self.engine.repairs().iter().map(|repair| self.repair(repair)).collect()
    }

    fn repair(&self, repair: &Repair) -> Value {
        let mut object = json!({ "kind": repair.kind.name(), "at_ns": repair.at.0 });
        match repair.kind {
            RepairKind::BalanceDifference | RepairKind::CostBasis => {
                let name = self.assets.name(repair.asset).map_or("?", |name| name.as_str());
                object["asset"] = name.into();
                object["amount"] = amount(repair.detail).into();
            }
            RepairKind::MissedFill | RepairKind::FillOfUnknownOrder => {
                object["order"] = repair.order.to_string().into();
                object["trade"] = repair.detail.0.into();
            }
            _ => object["order"] = repair.order.to_string().into(),
        }
        object
    }

    fn ring_full(&self) -> Map<String, Value> {
        let full = self.counters.iter().filter(|(name, _)| name.contains("ring_full"));
        full.map(|(name, count)| (name.clone(), (*count).into())).collect()
    }

    /// The whole as one JSON object.
    pub fn json(&self) -> Value {
        let desk = self.desk_counters();
        let latency: Map<String, Value> = self
            .stages
            .named()
            .map(|(name, histogram)| (name.to_owned(), quantiles(histogram)))
            .collect();
        let counters: Map<String, Value> =
            self.counters.iter().map(|(name, count)| (name.clone(), (*count).into())).collect();
        let mut told = json!({
            "seconds": self.seconds,
            "market_events": self.engine.counters.market_events,
            "orders_sent": desk.places + desk.replaces,
            "replaces": desk.replaces,
            "amends": desk.amends,
            "cancels": desk.cancels,
            "fills": desk.fills[0] + desk.fills[1],
            "fills_bought": desk.fills[0],
            "fills_sold": desk.fills[1],
            "partial_fills": desk.partial_fills,
            "fills_in_cancel": desk.fills_in_cancel,
            "post_only_rejects": desk.post_only_rejects,
            "venue_rejects": desk.venue_rejects,
            "unknown_orders": desk.unknown_orders,
            "stale_withdrawals": desk.stale_withdrawals,
            "one_sided_ms": desk.one_sided_ns / 1_000_000,
            "risk_refusals": self.refusals(),
            "open_orders_at_end": self.engine.live_orders(),
            "position": self.positions(),
            "pnl_quote": money(self.pnl()),
            "fees_quote": money(self.sum(|position| position.fees)),
            "funding_quote": money(self.sum(|position| position.funding)),
            "spread_captured_bps": (self.spread_captured_bps() * 1e4).round() / 1e4,
            "desks": self.desks_json(),
            "repairs": self.repairs(),
            "layout": self.layout,
            "wait": self.wait,
            "cores": self.cores,
            "book_gaps": self.engine.market.blanks(),
            "book_crossings": self.engine.market.crossings(),
            "ring_full": self.ring_full(),
            "latency_ns": latency,
            "counters": counters,
            "halt": self.engine.halt().name(),
            "fault": self.fault,
        });
        if let Some(shadow) = &self.shadow {
            told["shadow"] = shadow.ranking();
            told["shadow_live"] = shadow.live();
            told["shadow_rows_behind"] = shadow.rows_behind.into();
        }
        told
    }

    /// A few lines for people.
    pub fn summary(&self) -> String {
        let desk = self.desk_counters();
        let mut out = format!(
            "{:.1} s, {} market events, layout {}, wait {}, {} cores\n",
            self.seconds, self.engine.counters.market_events, self.layout, self.wait, self.cores
        );
        let orders = desk.places + desk.replaces;
        out += &format!(
            "orders {orders} sent, {} amended, {} cancelled; \
             fills {} bought, {} sold ({} partial)\n",
            desk.amends, desk.cancels, desk.fills[0], desk.fills[1], desk.partial_fills
        );
        let positions = match self.positions() {
            Value::String(one) => one,
            Value::Object(each) => {
                let each = each
                    .iter()
                    .map(|(name, held)| format!("{name} {}", held.as_str().unwrap_or_default()));
                each.collect::<Vec<_>>().join(", ")
            }
            _ => String::new(),
        };
        out += &format!(
            "position {positions}; P&L {} after fees {}, spread captured {:.3} bp\n",
            money(self.pnl()),
            money(self.sum(|position| position.fees)),
            self.spread_captured_bps()
        );
        out += &self.desks_summary();
        out += &self.shadow.as_ref().map_or_else(String::new, Report::text);
        for (name, histogram) in self.stages.named().filter(|(_, histogram)| !histogram.is_empty())
        {
            let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
            out += &format!(
                "  {name:<14} {:>9} x  p50 {:>9.2} us  p99 {:>9.2} us  max {:>9.2} us\n",
                histogram.len(),
                at(0.5),
                at(0.99),
                histogram.max() as f64 / 1000.0
            );
        }
        let gaps = self.engine.market.blanks();
        let repairs = self.engine.repairs().len();
        let open = self.engine.live_orders();
        out += &format!("open orders {open}, book gaps {gaps}, repairs {repairs}\n");
        if self.counter("feed.decode_errors") > 0 {
            out += &format!("decode errors {}\n", self.counter("feed.decode_errors"));
        }
        out
    }
}
