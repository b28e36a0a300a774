//! How an order is told: its words, its average price, its state as every answer has it.

use crate::binance::{places, words};
use crate::json::Object;
use crate::order::{Kind, Leg, Order, Post, Tif};
use crate::symbol::{SCALE, Symbol};

/// What this protocol remembers of an order: `<price match>/<good till>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Note {
    /// Empty where the order brought its price along.
    matched: String,
    /// When a GTD order is cancelled; zero for others.
    pub good_till_ms: u64,
}

impl Note {
    pub(crate) fn new(matched: &str, good_till_ms: u64) -> Self {
        Self { matched: matched.into(), good_till_ms }
    }

    pub(crate) fn read(text: &str) -> Self {
        let (matched, till) = text.split_once('/').unwrap_or_default();
        Self::new(matched, till.parse().unwrap_or(0))
    }

    pub(crate) fn write(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        format!("{}/{}", self.matched, self.good_till_ms)
    }

    pub(crate) fn price_match(&self) -> &str {
        if self.matched.is_empty() { "NONE" } else { &self.matched }
    }
}

pub(crate) fn kind(order: &Order) -> &'static str {
    if order.kind == Kind::Market { "MARKET" } else { "LIMIT" }
}

/// Time in force; GTX is post-only, GTD ends by the clock.
pub(crate) fn tif(order: &Order) -> &'static str {
    match order.tif {
        _ if order.post != Post::No => "GTX",
        Tif::Gtc if Note::read(&order.note).good_till_ms > 0 => "GTD",
        tif => words::tif(tif),
    }
}

/// Position side.
pub(crate) fn leg(leg: Leg) -> &'static str {
    match leg {
        Leg::Net => "BOTH",
        Leg::Long => "LONG",
        Leg::Short => "SHORT",
    }
}

pub(crate) fn read_leg(text: &str) -> Option<Leg> {
    [Leg::Net, Leg::Long, Leg::Short].into_iter().find(|one| leg(*one) == text)
}

/// Average price of what was filled, in 1e-8; zero where nothing was.
pub(crate) fn average(symbol: &Symbol, order: &Order) -> i64 {
    let base = i128::from(order.filled) * i128::from(symbol.lot);
    if base == 0 {
        return 0;
    }
    (i128::from(order.quote_filled) * i128::from(SCALE) / base) as i64
}

/// Maintenance margin of a position that is worth so much.
pub(crate) fn maintenance(symbol: &Symbol, worth: i64) -> i64 {
    let share = symbol.perp.as_ref().map_or(0, |terms| terms.maintenance);
    (i128::from(worth.abs()) * i128::from(share) / i128::from(SCALE)) as i64
}

/// An order's state as answers tell it.
pub(crate) fn order(symbol: &Symbol, order: &Order) -> String {
    let [price, qty] = places(symbol);
    let note = Note::read(&order.note);
    Object::new()
        .put("orderId", order.id)
        .put("symbol", &symbol.name)
        .put("status", words::status(order))
        .put("clientOrderId", &order.client)
        .fixed("price", order.price * symbol.tick, price)
        .dec("avgPrice", average(symbol, order))
        .fixed("origQty", order.qty * symbol.lot, qty)
        .fixed("executedQty", order.filled * symbol.lot, qty)
        .fixed("cumQty", order.filled * symbol.lot, qty)
        .dec("cumQuote", order.quote_filled)
        .put("timeInForce", tif(order))
        .put("type", kind(order))
        .put("reduceOnly", order.reduce)
        .put("closePosition", false)
        .put("side", words::side(order.side))
        .put("positionSide", leg(order.leg))
        .put("stopPrice", "0")
        .put("workingType", "CONTRACT_PRICE")
        .put("priceProtect", false)
        .put("origType", kind(order))
        .put("priceMatch", note.price_match())
        .put("selfTradePreventionMode", words::stp(order.stp))
        .put("goodTillDate", note.good_till_ms)
        .put("time", order.created_ms)
        .put("updateTime", order.updated_ms)
        .end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_read_back_as_written() {
        for note in [Note::default(), Note::new("QUEUE_5", 0), Note::new("", 1_700_000_000_000)] {
            assert_eq!(Note::read(&note.write()), note);
        }
        assert_eq!(Note::default().price_match(), "NONE");
        assert_eq!(read_leg("SHORT"), Some(Leg::Short));
    }
}
