//! What each desk came to, and how the order stands that an execution works on.

use super::{Outcome, money};
use engine::desk::Desk;
use engine::num::Notional;
use engine::position::Position;
use serde_json::{Value, json};
use strategies::any::Any;
use strategies::execution::Execution;

impl Outcome {
    /// Sum over a desk's positions of an amount of money, in the money that P&L is counted in.
    pub(super) fn sum_of(
        &self,
        desk: &Desk<Any>,
        pick: &dyn Fn(&Position) -> Notional,
    ) -> Notional {
        let listings = self.engine.market.listings().iter();
        listings.zip(&desk.positions).fold(Notional(0), |sum, (listing, position)| {
            sum.saturating_add(listing.counted(pick(position)))
        })
    }

    fn named(&self) -> impl Iterator<Item = (&str, &Desk<Any>)> {
        self.desks.iter().map(String::as_str).zip(&self.engine.desks)
    }

    /// One object a desk.
    pub(super) fn desks_json(&self) -> Vec<Value> {
        let one = |(name, desk): (&str, &Desk<Any>)| {
            let fills = desk.counters.fills;
            json!({
                "name": name,
                "strategy": desk.strategy.settings().listed().name,
                "orders_sent": desk.counters.places + desk.counters.replaces,
                "fills": fills[0] + fills[1],
                "pnl_quote": money(desk.pnl(&self.engine.market)),
                "fees_quote": money(self.sum_of(desk, &|position| position.fees)),
                "funding_quote": money(self.sum_of(desk, &|position| position.funding)),
                "turnover_quote": money(self.sum_of(desk, &|position| position.turnover)),
                "execution": execution(&desk.strategy),
            })
        };
        self.named().map(one).collect()
    }

    /// A line for each of several desks, and for each execution.
    pub(super) fn desks_summary(&self) -> String {
        let mut out = String::new();
        for (name, desk) in self.named() {
            if self.desks.len() > 1 {
                let pnl = money(desk.pnl(&self.engine.market));
                let fills = desk.counters.fills;
                out += &format!("  {name}: P&L {pnl}, fills {}\n", fills[0] + fills[1]);
            }
            if let Some(progress) = progress(&desk.strategy) {
                out += &format!(
                    "  {name}: {} done at {:.8}, {:.3} bp worse than {:.8} on arrival\n",
                    progress.done, progress.mean, progress.slippage_bps, progress.arrival
                );
            }
        }
        out
    }
}

fn progress(strategy: &Any) -> Option<strategies::execution::Progress> {
    match strategy {
        Any::Execution(one) => Execution::progress(one),
        _ => None,
    }
}

/// How its order stands, where the strategy is an execution that has begun.
fn execution(strategy: &Any) -> Value {
    progress(strategy).map_or(Value::Null, |progress| {
        json!({
            "done_base": progress.done,
            "mean_price": progress.mean,
            "arrival_price": progress.arrival,
            "slippage_bps": progress.slippage_bps,
        })
    })
}
