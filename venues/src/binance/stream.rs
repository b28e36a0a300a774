//! The private stream: execution reports, balances, and the ends of connection and subscription.

use super::result::{PENDING, balance, client, is_conditional, wallet};
use crate::json::{each, number, object, signed, text, truth};
use crate::names::{Names, amount, amount_or_none, price, qty};
use crate::wire::{Execution, Hear, Heard, Report, TradeTold, WireFault};
use engine::event::{End, Reason};
use engine::id::{ClientId, Side};
use engine::instrument::Instrument;
use engine::num::{Amount, Notional};
use simd_json::tape::Value;

/// One event.
pub(super) fn event<H: Hear>(
    value: Value<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    let fields = object(value)?;
    let kind = fields.get("e").and_then(text).ok_or(WireFault::Form("event without e"))?;
    match kind {
        "executionReport" => execution(Fields::read(value)?, names, sink),
        "ORDER_TRADE_UPDATE" => {
            let order = fields.get("o").ok_or(WireFault::Form("o"))?;
            let event_ms = fields.get("E").and_then(number).unwrap_or(0);
            execution(Fields { event_ms, ..Fields::read(order)? }, names, sink)
        }
        "ALGO_UPDATE" => {
            let event_ms = fields.get("E").and_then(number).unwrap_or(0);
            algo(fields.get("o").ok_or(WireFault::Form("o"))?, event_ms, names, sink)
        }
        "ACCOUNT_UPDATE" => account(fields.get("a").ok_or(WireFault::Form("a"))?, names, sink),
        "outboundAccountPosition" => {
            let list = fields.get("B").ok_or(WireFault::Form("B"))?;
            each(list, |item| balance(None, item, names, sink))
        }
        "serverShutdown" => {
            sink.hear(Heard::Closing);
            Ok(())
        }
        "eventStreamTerminated" | "listenKeyExpired" => {
            sink.hear(Heard::StreamEnded);
            Ok(())
        }
        // Deposits and locks come as balances too, and of a list of orders each tells for itself.
        // The fast form of a fill has no fee: the whole one follows.
        _ => {
            sink.hear(Heard::Ignored);
            Ok(())
        }
    }
}

/// A conditional order of USDⓈ-M. Once it fired, its order tells of itself under an id of its own.
fn algo<H: Hear>(
    value: Value<'_, '_>,
    venue_ms: u64,
    names: &Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    let fields = object(value)?;
    let word = |key: &str| fields.get(key).and_then(text).unwrap_or("");
    let id = fields.get("aid").and_then(number).ok_or(WireFault::Form("aid"))?;
    let done = |end, reason| Execution::Done { end, reason, filled: None };
    let became = word("ai").parse().ok().filter(|id| *id > 0);
    let (venue_order, execution) = match (word("X"), became) {
        ("NEW", _) => (id, Execution::Accepted),
        ("TRIGGERED" | "FINISHED", Some(order)) => (order, Execution::Triggered),
        ("CANCELED", _) => (id, done(End::Cancelled, Reason::None)),
        ("REJECTED", _) => (id, done(End::Rejected, Reason::Other)),
        ("EXPIRED", _) => (id, done(End::Expired, Reason::Other)),
        _ => (0, Execution::Accepted),
    };
    let instrument = names.instrument(word("s")).filter(|_| venue_order > 0);
    sink.hear(match instrument.map(|one| one.id) {
        Some(instrument) => Heard::Report(Report {
            instrument,
            venue_order,
            client: client(word("caid")),
            venue_ms,
            execution,
        }),
        None => Heard::Ignored,
    });
    Ok(())
}

/// Balances and positions that changed, and why.
fn account<H: Hear>(
    value: Value<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    let fields = object(value)?;
    if let Some(list) = fields.get("B") {
        each(list, |item| wallet(None, item, names, sink))?;
    }
    if let Some(list) = fields.get("P") {
        each(list, |item| position(item, names, sink))?;
    }
    if fields.get("m").and_then(text) == Some("FUNDING_FEE") {
        // The event holds neither number nor symbol of the payment.
        sink.hear(Heard::FundingDue);
    }
    Ok(())
}

fn position<H: Hear>(item: Value<'_, '_>, names: &Names, sink: &mut H) -> Result<(), WireFault> {
    let fields = object(item)?;
    let word = |key: &'static str| fields.get(key).and_then(text).ok_or(WireFault::Form(key));
    let one_way = matches!(word("ps")?, "BOTH" | "");
    sink.hear(match names.instrument(word("s")?) {
        Some(instrument) if one_way => Heard::Position {
            asked: None,
            instrument: instrument.id,
            lots: qty(instrument, word("pa")?)?,
            entry: Notional(amount_or_none(word("ep")?)?.0),
        },
        _ => Heard::Ignored,
    });
    Ok(())
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
    conditional: bool,
    on_book: bool,
    status: &'i str,
    reject: &'i str,
    expiry: &'i str,
    tif: &'i str,
    price: &'i str,
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
                "o" => all.conditional = is_conditional(word()),
                "w" => all.on_book = truth(value).unwrap_or(false),
                "X" => all.status = word(),
                "r" => all.reject = word(),
                "eR" | "er" => all.expiry = word(),
                "f" => all.tif = word(),
                "p" => all.price = word(),
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

fn execution<H: Hear>(
    fields: Fields<'_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    let Some(instrument) = names.instrument(fields.symbol).copied() else {
        sink.hear(Heard::Ignored);
        return Ok(());
    };
    let execution = match fields.kind {
        // It sleeps until the entry of its bracket is filled: then it is new once more.
        _ if fields.status == PENDING => {
            sink.hear(Heard::Ignored);
            return Ok(());
        }
        "NEW" if fields.conditional && fields.on_book => Execution::Triggered,
        "NEW" => Execution::Accepted,
        "TRADE" => Execution::Fill(fill(&fields, &instrument, names)?),
        // A liquidation: of our position, by an order of the venue's.
        "CALCULATED" if fields.trade > 0 => Execution::Fill(fill(&fields, &instrument, names)?),
        "REPLACED" => Execution::Amended { price: None, qty: qty(&instrument, fields.qty)? },
        "AMENDMENT" => {
            let price = price(&instrument, fields.price)?;
            Execution::Amended { price: Some(price), qty: qty(&instrument, fields.qty)? }
        }
        "TRADE_PREVENTION" if fields.status != "EXPIRED_IN_MATCH" => {
            let whole = qty(&instrument, fields.qty)?;
            let left = whole - qty(&instrument, fields.prevented)?;
            Execution::Amended { price: None, qty: left }
        }
        "CANCELED" | "REJECTED" | "EXPIRED" | "TRADE_PREVENTION" => {
            let filled = qty(&instrument, fields.filled)?;
            let (end, reason) = end(&fields, filled.is_zero());
            Execution::Done { end, reason, filled: Some(filled) }
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
    let named = !fields.fee_asset.is_empty();
    Ok(TradeTold {
        trade,
        side: if fields.sell { Side::Sell } else { Side::Buy },
        price: price(instrument, fields.last_price)?,
        qty: qty(instrument, fields.last_qty)?,
        fee: if fields.fee.is_empty() { Amount::ZERO } else { amount(fields.fee)? },
        // Without a fee the asset is null; any will do for an amount of zero.
        fee_asset: if named { names.asset(fields.fee_asset) } else { Some(instrument.quote) },
        maker: fields.maker,
    })
}

fn end(fields: &Fields<'_>, unfilled: bool) -> (End, Reason) {
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
        _ => match fields.expiry {
            "EXECUTION_RULE_PRICE_RANGE_EXCEEDED" => (End::Expired, Reason::Filter),
            "EXCHANGE_CANCELED" | "7" => (End::Expired, Reason::Closed),
            "1" | "3" => (End::Expired, Reason::SelfTrade),
            "4" | "5" | "6" | "8" => (End::Expired, Reason::Other),
            // It came to its price, or its entry was filled, and the book would not have it.
            "REJECTED" => (End::Rejected, Reason::Other),
            // Taken in, and at the matching it would have taken.
            "" | "0" if fields.tif == "GTX" && unfilled => (End::Rejected, Reason::WouldTake),
            _ => (End::Expired, Reason::Expired),
        },
    }
}
