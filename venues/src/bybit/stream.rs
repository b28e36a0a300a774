//! Orders, executions, balances and positions, as the private stream tells them one by one and REST
//! in lists: the same fields for both.

use super::answer::{kind_of, stamp};
use super::ids::Ids;
use crate::holdings::{CoinKeys, Position, coin};
use crate::json::{each, object, text, truth};
use crate::names::{Names, amount, amount_or_none, price, qty};
use crate::timed;
use crate::wire::{
    Execution, Hear, Heard, OrderTold, Report, RequestId, Standing, TradeTold, Whose, WireFault,
};
use engine::event::{End, Reason};
use engine::id::{ClientId, Side};
use engine::instrument::Instrument;
use engine::num::Amount;
use simd_json::tape::Value;

/// One message of the private stream.
pub(super) fn topic<H: Hear>(
    root: Value<'_, '_>,
    (names, ids): (&mut Names, &mut Ids),
    sink: &mut H,
) -> Result<(), WireFault> {
    let fields = object(root)?;
    let topic = fields.get("topic").and_then(text).ok_or(WireFault::Form("topic"))?;
    let venue_ms = stamp(fields.get("creationTime"));
    let list = fields.get("data");
    let list = || list.ok_or(WireFault::Form("data"));
    // Topics of one category are called `order.linear` and so on.
    match topic.split('.').next().unwrap_or("") {
        "order" => each(list()?, |item| order(item, venue_ms, (names, ids), sink)),
        "execution" if !topic.starts_with("execution.fast") => {
            each(list()?, |item| execution(item, venue_ms, (names, ids), sink))
        }
        "wallet" => each(list()?, |item| wallet(None, item, names, sink)),
        "position" => each(list()?, |item| {
            Position::tell(position(item, "", names)?, sink);
            Ok(())
        }),
        _ => {
            sink.hear(Heard::Ignored);
            Ok(())
        }
    }
}

/// The fields of an order that we use.
#[derive(Default)]
struct OrderFields<'i> {
    category: &'i str,
    symbol: &'i str,
    venue_order: u64,
    client: Option<ClientId>,
    sell: bool,
    price: &'i str,
    qty: &'i str,
    filled: &'i str,
    status: &'i str,
    /// Of what type it is, where it waits for a price or did.
    stop: &'i str,
    cancel: &'i str,
    reject: &'i str,
}

impl<'i> OrderFields<'i> {
    fn read(value: Value<'_, 'i>, ids: &mut Ids) -> Result<Self, WireFault> {
        let mut all = Self::default();
        for (key, value) in object(value)?.iter() {
            let word = || text(value).unwrap_or("");
            match key {
                "category" => all.category = word(),
                "symbol" => all.symbol = word(),
                "orderId" => all.venue_order = ids.number(word()),
                "orderLinkId" => all.client = ClientId::parse(word().as_bytes()),
                "side" => all.sell = word() == "Sell",
                "price" => all.price = word(),
                "qty" => all.qty = word(),
                "cumExecQty" => all.filled = word(),
                "orderStatus" => all.status = word(),
                "stopOrderType" => all.stop = word(),
                "cancelType" => all.cancel = word(),
                "rejectReason" => all.reject = word(),
                _ => {}
            }
        }
        Ok(all)
    }

    fn is_conditional(&self) -> bool {
        !matches!(self.stop, "" | "UNKNOWN")
    }

    /// How it ended; `None` while it stands, or may come to stand. The fills of an order that is
    /// filled are told as such.
    fn end(&self) -> Option<(End, Reason)> {
        let stopped = match self.reject {
            "EC_PostOnlyWillTakeLiquidity" => Some((End::Rejected, Reason::WouldTake)),
            "EC_NoImmediateQtyToFill" | "EC_CancelForNoFullFill" => {
                Some((End::Expired, Reason::Expired))
            }
            _ if self.cancel == "CancelBySmp" => Some((End::Expired, Reason::SelfTrade)),
            _ => None,
        };
        Some(match self.status {
            "Filled" => (End::Filled, Reason::None),
            "Rejected" => stopped.unwrap_or((End::Rejected, Reason::Other)),
            "Cancelled" | "PartiallyFilledCanceled" | "Deactivated" => {
                let by_us = matches!(self.cancel, "" | "CancelByUser" | "UNKNOWN");
                let reason = if by_us { Reason::None } else { Reason::Other };
                stopped.unwrap_or((End::Cancelled, reason))
            }
            _ => return None,
        })
    }
}

/// A change of an order.
fn order<H: Hear>(
    item: Value<'_, '_>,
    venue_ms: u64,
    (names, ids): (&Names, &mut Ids),
    sink: &mut H,
) -> Result<(), WireFault> {
    let fields = OrderFields::read(item, ids)?;
    let kind = kind_of(fields.category);
    let Some(instrument) = kind.and_then(|kind| names.instrument_of(kind, fields.symbol)) else {
        sink.hear(Heard::Ignored);
        return Ok(());
    };
    let execution = match (fields.end(), fields.status) {
        // Its fills say so, on a stream of their own.
        (Some((End::Filled, _)), _) => {
            sink.hear(Heard::Ignored);
            return Ok(());
        }
        (Some((end, reason)), _) => {
            Execution::Done { end, reason, filled: Some(qty(instrument, fields.filled)?) }
        }
        (None, "Untriggered") => Execution::Accepted,
        (None, "New") if fields.is_conditional() => Execution::Triggered,
        (None, status @ ("New" | "PartiallyFilled")) => Execution::Stands {
            price: price(instrument, fields.price)?,
            qty: qty(instrument, fields.qty)?,
            new: status == "New",
        },
        (None, _) => {
            sink.hear(Heard::Ignored);
            return Ok(());
        }
    };
    let (instrument, venue_order, client) = (instrument.id, fields.venue_order, fields.client);
    sink.hear(Heard::Report(Report { instrument, venue_order, client, venue_ms, execution }));
    Ok(())
}

/// An order of an answer; `None` when it is of nothing that is followed.
pub(super) fn order_told(
    item: Value<'_, '_>,
    category: &str,
    (names, ids): (&Names, &mut Ids),
) -> Result<Option<OrderTold>, WireFault> {
    let fields = OrderFields::read(item, ids)?;
    let kind = kind_of(category);
    let Some(instrument) = kind.and_then(|kind| names.instrument_of(kind, fields.symbol)) else {
        return Ok(None);
    };
    Ok(Some(OrderTold {
        instrument: instrument.id,
        venue_order: fields.venue_order,
        client: fields.client,
        side: if fields.sell { Side::Sell } else { Side::Buy },
        price: price(instrument, fields.price)?,
        qty: qty(instrument, fields.qty)?,
        filled: qty(instrument, fields.filled)?,
        standing: match fields.end() {
            Some((end, reason)) => Standing::Ended(end, reason),
            None if fields.status == "Untriggered" => Standing::Waits,
            None => Standing::Live,
        },
    }))
}

/// The fields of an execution that we use.
#[derive(Default)]
struct Executed<'i> {
    category: &'i str,
    symbol: &'i str,
    venue_order: u64,
    client: Option<ClientId>,
    sell: bool,
    price: &'i str,
    qty: &'i str,
    fee: &'i str,
    fee_asset: &'i str,
    id: &'i str,
    kind: &'i str,
    at_ms: u64,
    maker: bool,
}

impl<'i> Executed<'i> {
    fn read(value: Value<'_, 'i>, ids: &mut Ids) -> Result<Self, WireFault> {
        let mut all = Self::default();
        for (key, value) in object(value)?.iter() {
            let word = || text(value).unwrap_or("");
            match key {
                "category" => all.category = word(),
                "symbol" => all.symbol = word(),
                "orderId" => all.venue_order = ids.number(word()),
                "orderLinkId" => all.client = ClientId::parse(word().as_bytes()),
                "side" => all.sell = word() == "Sell",
                "execPrice" => all.price = word(),
                "execQty" => all.qty = word(),
                "execFee" => all.fee = word(),
                "feeCurrency" => all.fee_asset = word(),
                "execId" => all.id = word(),
                "execType" => all.kind = word(),
                "execTime" => all.at_ms = stamp(Some(value)),
                "isMaker" => all.maker = truth(value).unwrap_or(false),
                _ => {}
            }
        }
        Ok(all)
    }

    /// Of the kinds of executions these are fills: by trade, by deleveraging, by liquidation.
    fn is_fill(&self) -> bool {
        matches!(self.kind, "Trade" | "AdlTrade" | "BustTrade")
    }

    fn id(&self) -> Result<u64, WireFault> {
        if self.id.is_empty() || self.at_ms == 0 {
            return Err(WireFault::Form("execution without id or time"));
        }
        Ok(timed::id(self.at_ms, self.id.as_bytes()))
    }

    fn fill(&self, one: &Instrument, names: &mut Names) -> Result<TradeTold, WireFault> {
        let named = !self.fee_asset.is_empty();
        Ok(TradeTold {
            trade: self.id()?,
            side: if self.sell { Side::Sell } else { Side::Buy },
            price: price(one, self.price)?,
            qty: qty(one, self.qty)?,
            fee: amount_or_none(self.fee)?,
            // Perpetuals settle in the quote asset and need not say so.
            fee_asset: if named { names.asset(self.fee_asset) } else { Some(one.quote) },
            maker: self.maker,
        })
    }
}

fn find(names: &Names, category: &str, symbol: &str) -> Option<Instrument> {
    names.instrument_of(kind_of(category)?, symbol).copied()
}

/// An execution of the stream: a fill or funding.
fn execution<H: Hear>(
    item: Value<'_, '_>,
    venue_ms: u64,
    (names, ids): (&mut Names, &mut Ids),
    sink: &mut H,
) -> Result<(), WireFault> {
    let fields = Executed::read(item, ids)?;
    if fields.kind == "Funding" {
        return payment(None, &fields, fields.category, names, sink);
    }
    let Some(one) = find(names, fields.category, fields.symbol).filter(|_| fields.is_fill()) else {
        sink.hear(Heard::Ignored);
        return Ok(());
    };
    let execution = Execution::Fill(fields.fill(&one, names)?);
    let (instrument, venue_order, client) = (one.id, fields.venue_order, fields.client);
    sink.hear(Heard::Report(Report { instrument, venue_order, client, venue_ms, execution }));
    Ok(())
}

/// An execution of an answer, where it is a fill.
pub(super) fn trade<H: Hear>(
    id: RequestId,
    item: Value<'_, '_>,
    category: &str,
    (names, ids): (&mut Names, &mut Ids),
    sink: &mut H,
) -> Result<(), WireFault> {
    let fields = Executed::read(item, ids)?;
    let Some(one) = find(names, category, fields.symbol).filter(|_| fields.is_fill()) else {
        return Ok(());
    };
    let trade = fields.fill(&one, names)?;
    let (instrument, venue_order, client) = (one.id, fields.venue_order, fields.client);
    let whose = Whose { instrument, venue_order, client, named: true };
    sink.hear(Heard::Trade(id, whose, trade));
    Ok(())
}

/// An execution of an answer, where it is funding.
pub(super) fn funding<H: Hear>(
    asked: Option<RequestId>,
    item: Value<'_, '_>,
    category: &str,
    names: &mut Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    // A payment is of no order.
    let fields = Executed::read(item, &mut Ids::none())?;
    if fields.kind != "Funding" {
        return Ok(());
    }
    payment(asked, &fields, category, names, sink)
}

/// What the venue calls the fee of a funding execution is what we pay.
fn payment<H: Hear>(
    asked: Option<RequestId>,
    fields: &Executed<'_>,
    category: &str,
    names: &mut Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    let payment = fields.id()?;
    let paid = amount(fields.fee)?;
    let Some(one) = find(names, category, fields.symbol) else {
        sink.hear(Heard::Ignored);
        return Ok(());
    };
    let asset = match fields.fee_asset {
        "" => Some(one.quote),
        name => names.asset(name),
    };
    let (instrument, amount) = (one.id, Amount(-paid.0));
    sink.hear(Heard::Funding { asked, instrument, payment, asset, amount });
    Ok(())
}

/// What the venue calls the parts of a balance.
const COIN: CoinKeys = CoinKeys { coin: "coin", total: "walletBalance", locked: "locked" };

/// The balances of an account.
pub(super) fn wallet<H: Hear>(
    asked: Option<RequestId>,
    account: Value<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    let coins = object(account)?.get("coin").ok_or(WireFault::Form("coin"))?;
    each(coins, |item| coin(asked, item, &COIN, names, sink))
}

/// One position; `category` is that of the list where it does not say its own.
pub(super) fn position(
    item: Value<'_, '_>,
    category: &str,
    names: &Names,
) -> Result<Option<Position>, WireFault> {
    let (mut symbol, mut side, mut size, mut entry, mut index) = ("", "", "", "", 0);
    let mut category = category;
    for (key, value) in object(item)?.iter() {
        let word = || text(value).unwrap_or("");
        match key {
            "category" => category = word(),
            "symbol" => symbol = word(),
            "side" => side = word(),
            "size" => size = word(),
            // The stream and REST call it differently.
            "entryPrice" | "avgPrice" => entry = word(),
            "positionIdx" => index = stamp(Some(value)),
            _ => {}
        }
    }
    let found = kind_of(category).and_then(|kind| names.instrument_of(kind, symbol));
    let Some(instrument) = found else { return Ok(None) };
    Position::new(instrument, (size, entry), (side == "Sell", index == 0)).map(Some)
}
