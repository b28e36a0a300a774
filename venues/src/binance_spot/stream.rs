//! The private stream: execution reports, balances, and the ends of connection and subscription.

use super::answer::{Names, amount, balance, client};
use super::json::{number, object, signed, text, truth};
use crate::wire::{Execution, Hear, Heard, Report, TradeTold, WireFault};
use engine::event::{End, Reason};
use engine::id::{ClientId, Side};
use engine::instrument::Instrument;
use engine::num::{Amount, Qty};
use simd_json::tape::Value;

/// One event, as wrapped by the WebSocket API.
pub(super) fn event<H: Hear>(
    value: Value<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    let fields = object(value)?;
    let kind = fields.get("e").and_then(text).ok_or(WireFault::Form("event without e"))?;
    match kind {
        "executionReport" => execution(value, names, sink),
        "outboundAccountPosition" => {
            let list = fields.get("B").ok_or(WireFault::Form("B"))?;
            let list = list.as_array().ok_or(WireFault::Form("B"))?;
            list.iter().try_for_each(|item| balance(None, item, names, sink))
        }
        "serverShutdown" => {
            sink.hear(Heard::Closing);
            Ok(())
        }
        "eventStreamTerminated" => {
            sink.hear(Heard::StreamEnded);
            Ok(())
        }
        // Deposits and locks come as balances too; list states concern orders we never send.
        _ => {
            sink.hear(Heard::Ignored);
            Ok(())
        }
    }
}

/// The fields of an execution report that we use, by the venue's letters.
#[derive(Default)]
struct Fields<'i> {
    event_ms: u64,
    symbol: &'i str,
    client: &'i str,
    original: &'i str,
    sell: bool,
    kind: &'i str,
    status: &'i str,
    reject: &'i str,
    expiry: &'i str,
    qty: &'i str,
    prevented: &'i str,
    last_qty: &'i str,
    filled: &'i str,
    last_price: &'i str,
    fee: &'i str,
    fee_asset: &'i str,
    trade: i64,
    venue_order: u64,
    maker: bool,
}

impl<'i> Fields<'i> {
    fn read(value: Value<'_, 'i>) -> Result<Self, WireFault> {
        let mut all = Self { trade: -1, ..Self::default() };
        for (key, value) in object(value)?.iter() {
            let word = || text(value).unwrap_or("");
            match key {
                "E" => all.event_ms = number(value).unwrap_or(0),
                "s" => all.symbol = word(),
                "c" => all.client = word(),
                "C" => all.original = word(),
                "S" => all.sell = word() == "SELL",
                "x" => all.kind = word(),
                "X" => all.status = word(),
                "r" => all.reject = word(),
                "eR" => all.expiry = word(),
                "q" => all.qty = word(),
                "A" => all.prevented = word(),
                "l" => all.last_qty = word(),
                "z" => all.filled = word(),
                "L" => all.last_price = word(),
                "n" => all.fee = word(),
                "N" => all.fee_asset = word(),
                "t" => all.trade = signed(value).unwrap_or(-1),
                "i" => all.venue_order = number(value).ok_or(WireFault::Form("i"))?,
                "m" => all.maker = truth(value).unwrap_or(false),
                _ => {}
            }
        }
        Ok(all)
    }

    /// The order's own name: on a cancel or replace it is the original one.
    fn name(&self) -> Option<ClientId> {
        client(if self.original.is_empty() { self.client } else { self.original })
    }
}

fn qty(instrument: &Instrument, value: &str) -> Result<Qty, WireFault> {
    instrument.qty(value.as_bytes()).map_err(|_| WireFault::Form("quantity off the grid"))
}

fn execution<H: Hear>(
    value: Value<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    let fields = Fields::read(value)?;
    let Some(instrument) = names.instrument(fields.symbol).copied() else {
        sink.hear(Heard::Ignored);
        return Ok(());
    };
    let execution = match fields.kind {
        "NEW" => Execution::Accepted,
        "TRADE" => Execution::Fill(fill(&fields, &instrument, names)?),
        "REPLACED" => Execution::Amended { price: None, qty: qty(&instrument, fields.qty)? },
        "TRADE_PREVENTION" if fields.status != "EXPIRED_IN_MATCH" => {
            let prevented = if fields.prevented.is_empty() { "0" } else { fields.prevented };
            let whole = qty(&instrument, fields.qty)?;
            Execution::Amended { price: None, qty: whole - qty(&instrument, prevented)? }
        }
        "CANCELED" | "REJECTED" | "EXPIRED" | "TRADE_PREVENTION" => {
            let (end, reason) = end(&fields);
            Execution::Done { end, reason, filled: qty(&instrument, fields.filled)? }
        }
        _ => {
            sink.hear(Heard::Ignored);
            return Ok(());
        }
    };
    sink.hear(Heard::Report(Report {
        instrument: instrument.id,
        venue_order: fields.venue_order,
        client: fields.name(),
        venue_ms: fields.event_ms,
        execution,
    }));
    Ok(())
}

fn fill(
    fields: &Fields<'_>,
    instrument: &Instrument,
    names: &mut Names,
) -> Result<TradeTold, WireFault> {
    let trade = u64::try_from(fields.trade).map_err(|_| WireFault::Form("trade without t"))?;
    let price = instrument.price(fields.last_price.as_bytes());
    let named = !fields.fee_asset.is_empty();
    Ok(TradeTold {
        trade,
        side: if fields.sell { Side::Sell } else { Side::Buy },
        price: price.map_err(|_| WireFault::Form("price off the grid"))?,
        qty: qty(instrument, fields.last_qty)?,
        fee: if fields.fee.is_empty() { Amount::ZERO } else { amount(fields.fee)? },
        // Without a fee the asset is null; any will do for an amount of zero.
        fee_asset: if named { names.asset(fields.fee_asset) } else { Some(instrument.quote) },
        maker: fields.maker,
    })
}

fn end(fields: &Fields<'_>) -> (End, Reason) {
    match fields.kind {
        "CANCELED" => (End::Cancelled, Reason::None),
        "REJECTED" => {
            let reason = match fields.reject {
                "WOULD_MATCH_IMMEDIATELY" => Reason::WouldTake,
                "INSUFFICIENT_BALANCES" => Reason::Balance,
                _ => Reason::Other,
            };
            (End::Rejected, reason)
        }
        _ if fields.status == "EXPIRED_IN_MATCH" => (End::Expired, Reason::SelfTrade),
        _ if fields.expiry == "EXECUTION_RULE_PRICE_RANGE_EXCEEDED" => {
            (End::Expired, Reason::Filter)
        }
        _ if fields.expiry == "EXCHANGE_CANCELED" => (End::Expired, Reason::Closed),
        _ => (End::Expired, Reason::Expired),
    }
}
