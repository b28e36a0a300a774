//! Orders, fills, balances and positions, as the private stream tells them one by one and REST in
//! lists: the same fields for both.

use super::refusal::amend_reason;
use crate::client::parse_compact;
use crate::holdings::{CoinKeys, Position, coin};
use crate::json::{each, object, text, whole};
use crate::names::{Names, amount, amount_or_none, price, qty};
use crate::timed;
use crate::wire::{
    Execution, Hear, Heard, OrderTold, Report, RequestId, Standing, TradeTold, Whose, WireFault,
};
use engine::event::{End, Reason};
use engine::id::{ClientId, Side};
use engine::instrument::Instrument;
use engine::num::{Amount, Price, Qty};
use simd_json::tape::Value;

/// One message of a channel.
pub(super) fn channel<H: Hear>(
    name: &str,
    data: Value<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    match name {
        "orders" => each(data, |item| order(item, names, sink)),
        "account" => each(data, |item| balances(None, item, names, sink)),
        "positions" => each(data, |item| {
            Position::tell(position(item, names)?, sink);
            Ok(())
        }),
        "balance_and_position" => each(data, |item| {
            let why = object(item)?.get("eventType").and_then(text);
            // It holds neither number nor amount of the payment. What else it tells comes by the
            // other channels.
            sink.hear(if why == Some("funding_fee") { Heard::FundingDue } else { Heard::Ignored });
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
    symbol: &'i str,
    venue_order: u64,
    named: Option<ClientId>,
    /// Of an algo order, and of the order that it became.
    algo: u64,
    algo_named: Option<ClientId>,
    algo_price: &'i str,
    /// Of a pair: the prices of stop and take-profit, and whether it is the latter that fired.
    pair_price: [&'i str; 2],
    took: bool,
    sell: bool,
    price: &'i str,
    qty: &'i str,
    filled: &'i str,
    state: &'i str,
    stopped: &'i str,
    amended: &'i str,
    code: &'i str,
    trade: Trade<'i>,
    at_ms: u64,
}

/// The fields of a fill that we use.
#[derive(Clone, Copy, Default)]
struct Trade<'i> {
    id: &'i str,
    price: &'i str,
    qty: &'i str,
    at_ms: u64,
    /// Negative is paid.
    fee: &'i str,
    fee_asset: &'i str,
    maker: bool,
}

impl<'i> OrderFields<'i> {
    fn read(value: Value<'_, 'i>) -> Result<Self, WireFault> {
        let mut all = Self::default();
        for (key, value) in object(value)?.iter() {
            let word = || text(value).unwrap_or("");
            match key {
                "instId" => all.symbol = word(),
                "ordId" if !word().is_empty() => all.venue_order = whole(value).unwrap_or(0),
                // Of an algo order: that other field is to go.
                "ordIdList" if all.venue_order == 0 => {
                    let first = value.as_array().and_then(|list| list.get(0));
                    all.venue_order = first.and_then(whole).unwrap_or(0);
                }
                "clOrdId" => all.named = parse_compact(word().as_bytes()),
                "algoId" => all.algo = whole(value).unwrap_or(0),
                "algoClOrdId" => all.algo_named = parse_compact(word().as_bytes()),
                "ordPx" => all.algo_price = word(),
                "slOrdPx" => all.pair_price[0] = word(),
                "tpOrdPx" => all.pair_price[1] = word(),
                "actualSide" => all.took = word() == "tp",
                "side" => all.sell = word() == "sell",
                "px" => all.price = word(),
                "sz" => all.qty = word(),
                "accFillSz" => all.filled = word(),
                "state" => all.state = word(),
                "cancelSource" => all.stopped = word(),
                "amendResult" => all.amended = word(),
                "code" => all.code = word(),
                "uTime" => all.at_ms = whole(value).unwrap_or(0),
                "tradeId" => all.trade.id = word(),
                "fillPx" => all.trade.price = word(),
                "fillSz" => all.trade.qty = word(),
                "fillTime" => all.trade.at_ms = whole(value).unwrap_or(0),
                "fillFee" => all.trade.fee = word(),
                "fillFeeCcy" => all.trade.fee_asset = word(),
                "execType" => all.trade.maker = word() == "M",
                _ => {}
            }
        }
        Ok(all)
    }

    /// Our name of it: what an algo order becomes bears that one's name.
    fn client(&self) -> Option<ClientId> {
        self.named.or(self.algo_named)
    }

    /// Its limit price; empty where it has none.
    fn price(&self) -> &'i str {
        let of_pair = self.pair_price[usize::from(self.took)];
        let all = [self.price, self.algo_price, if self.algo > 0 { of_pair } else { "" }];
        let first = all.into_iter().find(|text| !text.is_empty()).unwrap_or("");
        // It stands for a market order.
        if first == "-1" { "" } else { first }
    }

    const fn side(&self) -> Side {
        if self.sell { Side::Sell } else { Side::Buy }
    }

    /// How it ended; `None` while it stands. The fills of one that is filled are told as such.
    fn end(&self) -> Option<(End, Reason)> {
        Some(match (self.state, self.stopped) {
            ("filled", _) => (End::Filled, Reason::None),
            ("order_failed", _) => (End::Rejected, Reason::Other),
            ("canceled" | "mmp_canceled", source) => match source {
                "31" => (End::Rejected, Reason::WouldTake),
                "13" | "14" | "33" => (End::Expired, Reason::Expired),
                "15" | "27" => (End::Expired, Reason::Filter),
                "32" => (End::Expired, Reason::SelfTrade),
                "7" | "10" => (End::Expired, Reason::Closed),
                "" | "1" | "20" => (End::Cancelled, Reason::None),
                _ => (End::Cancelled, Reason::Other),
            },
            _ => return None,
        })
    }
}

impl Trade<'_> {
    fn is_there(&self) -> bool {
        !matches!(self.id, "") && !self.qty.bytes().all(|byte| matches!(byte, b'0' | b'.'))
    }

    /// Its id, from what is the same wherever it is told. The numbers of liquidations differ from
    /// place to place: there the trade itself stands for its number.
    fn id(&self, venue_order: u64, price: Price, qty: Qty) -> Result<u64, WireFault> {
        if self.at_ms == 0 {
            return Err(WireFault::Form("fill without time"));
        }
        let mut text = [0_u8; 40];
        text[..8].copy_from_slice(&venue_order.to_le_bytes());
        match self.id.parse::<u64>() {
            Ok(number) if number > 0 => text[8..16].copy_from_slice(&number.to_le_bytes()),
            _ => {
                text[16..24].copy_from_slice(&price.0.to_le_bytes());
                text[24..32].copy_from_slice(&qty.0.to_le_bytes());
                text[32..].copy_from_slice(&self.at_ms.to_le_bytes());
            }
        }
        Ok(timed::id(self.at_ms, &text))
    }

    fn told(
        &self,
        (one, side, venue_order): (&Instrument, Side, u64),
        names: &mut Names,
    ) -> Result<TradeTold, WireFault> {
        let (price, qty) = (price(one, self.price)?, qty(one, self.qty)?);
        let fee = amount_or_none(self.fee)?;
        let named = !self.fee_asset.is_empty();
        Ok(TradeTold {
            trade: self.id(venue_order, price, qty)?,
            side,
            price,
            qty,
            fee: Amount(-fee.0),
            fee_asset: if named { names.asset(self.fee_asset) } else { Some(one.quote) },
            maker: self.maker,
        })
    }
}

/// A change of an order: a fill, an amendment and an end may be one message.
fn order<H: Hear>(item: Value<'_, '_>, names: &mut Names, sink: &mut H) -> Result<(), WireFault> {
    let fields = OrderFields::read(item)?;
    let Some(one) = names.instrument(fields.symbol).copied() else {
        sink.hear(Heard::Ignored);
        return Ok(());
    };
    let (instrument, venue_order, client) = (one.id, fields.venue_order, fields.client());
    let venue_ms = fields.at_ms;
    let report =
        |execution| Heard::Report(Report { instrument, venue_order, client, venue_ms, execution });
    let traded = fields.trade.is_there();
    if traded && fields.algo > 0 {
        sink.hear(report(Execution::Triggered));
    }
    if traded {
        let told = fields.trade.told((&one, fields.side(), venue_order), names)?;
        sink.hear(report(Execution::Fill(told)));
    }
    match fields.amended {
        "0" => {
            let (price, qty) = (Some(price(&one, fields.price)?), qty(&one, fields.qty)?);
            sink.hear(report(Execution::Amended { price, qty }));
        }
        "-1" => {
            let reason = amend_reason(fields.code.parse().unwrap_or(0));
            sink.hear(report(Execution::AmendRefused(reason)));
        }
        _ => {}
    }
    match fields.end() {
        Some((End::Filled, _)) => {}
        Some((end, reason)) => {
            let filled = Some(qty(&one, fields.filled)?);
            sink.hear(report(Execution::Done { end, reason, filled }));
        }
        None if fields.state == "live" && !traded && fields.amended.is_empty() => {
            let triggered = fields.algo > 0;
            let execution = if triggered { Execution::Triggered } else { Execution::Accepted };
            sink.hear(report(execution));
        }
        None => {}
    }
    Ok(())
}

/// An order of an answer; `None` when it is of nothing that is followed.
pub(super) fn order_told(
    item: Value<'_, '_>,
    names: &Names,
) -> Result<Option<OrderTold>, WireFault> {
    let fields = OrderFields::read(item)?;
    let Some(one) = names.instrument(fields.symbol) else { return Ok(None) };
    // An algo order has no other id before its price comes.
    let waits = fields.venue_order == 0 && fields.algo > 0;
    Ok(Some(OrderTold {
        instrument: one.id,
        venue_order: if waits { fields.algo } else { fields.venue_order },
        client: fields.client(),
        side: fields.side(),
        price: price(one, fields.price())?,
        qty: qty(one, fields.qty)?,
        filled: qty(one, fields.filled)?,
        standing: match fields.end() {
            Some((end, reason)) => Standing::Ended(end, reason),
            None if waits => Standing::Waits,
            None => Standing::Live,
        },
    }))
}

/// A fill of an answer; returns the number by which the next page is named.
pub(super) fn trade<H: Hear>(
    id: RequestId,
    item: Value<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<u64, WireFault> {
    let mut fields = OrderFields::read(item)?;
    let (mut bill, mut at_ms) = (0, 0);
    for (key, value) in object(item)?.iter() {
        match key {
            "billId" => bill = whole(value).unwrap_or(0),
            "ts" => at_ms = whole(value).unwrap_or(0),
            // Here they are called otherwise than on the stream.
            "fee" => fields.trade.fee = text(value).unwrap_or(""),
            "feeCcy" => fields.trade.fee_asset = text(value).unwrap_or(""),
            _ => {}
        }
    }
    if fields.trade.at_ms == 0 {
        fields.trade.at_ms = at_ms;
    }
    let Some(one) = names.instrument(fields.symbol).copied() else { return Ok(bill) };
    if !fields.trade.is_there() {
        return Ok(bill);
    }
    let (instrument, venue_order, client) = (one.id, fields.venue_order, fields.client());
    let told = fields.trade.told((&one, fields.side(), venue_order), names)?;
    // What an algo order became is not named here; a liquidation may have no order at all.
    let named = client.is_some() || venue_order == 0;
    let whose = Whose { instrument, venue_order, client, named };
    sink.hear(Heard::Trade(id, whose, told));
    Ok(bill)
}

/// A payment of funding of an answer; returns the number by which the next page is named.
pub(super) fn payment<H: Hear>(
    id: RequestId,
    item: Value<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<u64, WireFault> {
    let fields = object(item)?;
    let word = |key: &'static str| fields.get(key).and_then(text).ok_or(WireFault::Form(key));
    let at_ms = fields.get("ts").and_then(whole).ok_or(WireFault::Form("ts"))?;
    let bill = word("billId")?;
    let instrument = fields.get("instId").and_then(text).and_then(|name| names.instrument(name));
    if let (Some(instrument), "8") = (instrument.map(|one| one.id), word("type")?) {
        let payment = timed::id(at_ms, bill.as_bytes());
        let amount = amount(word("balChg")?)?;
        let asset = names.asset(word("ccy")?);
        sink.hear(Heard::Funding { asked: Some(id), instrument, payment, asset, amount });
    }
    Ok(bill.parse().unwrap_or(0))
}

/// What the venue calls the parts of a balance.
const COIN: CoinKeys = CoinKeys { coin: "ccy", total: "cashBal", locked: "ordFrozen" };

/// The balances of an account.
pub(super) fn balances<H: Hear>(
    asked: Option<RequestId>,
    account: Value<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    let details = object(account)?.get("details").ok_or(WireFault::Form("details"))?;
    each(details, |item| coin(asked, item, &COIN, names, sink))
}

/// One position.
pub(super) fn position(item: Value<'_, '_>, names: &Names) -> Result<Option<Position>, WireFault> {
    let (mut symbol, mut side, mut size, mut entry) = ("", "", "", "");
    for (key, value) in object(item)?.iter() {
        let word = || text(value).unwrap_or("");
        match key {
            "instId" => symbol = word(),
            "posSide" => side = word(),
            "pos" => size = word(),
            "avgPx" => entry = word(),
            _ => {}
        }
    }
    let Some(instrument) = names.instrument(symbol) else { return Ok(None) };
    let ways = (side == "short", matches!(side, "net" | ""));
    Position::new(instrument, (size, entry), ways).map(Some)
}
