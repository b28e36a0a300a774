//! Requests for orders that trail or are linked: orders and order lists of Spot, and the algo
//! service of USDⓈ-M.
//!
//! ```text
//!  sell   above: TAKE_PROFIT_LIMIT    below: STOP_LOSS_LIMIT
//!  buy    above: STOP_LOSS_LIMIT      below: TAKE_PROFIT_LIMIT
//! ```
//!
//! Each leg of a list is an order with a name of its own. Of the entry of an OTOCO the other two
//! know nothing until all of it is filled. The venue may ask at once for the funds of all three
//! (its documentation promises only of the younger OPO that those of the entry suffice): an account
//! that has them not is refused, and the engine holds the two itself. The limit of a take-profit
//! has to lie beyond the last price as well as its trigger: one whose limit is behind its trigger,
//! because it is to take, is refused while the last price is nearer than that.

use super::form::{Form, Terms, Value, algo_params, stop_params, text, word};
use crate::template::Field;
use engine::id::Side;
use engine::instrument::Instrument;
use engine::intent::Tif;
use feeds::net::Method;

/// Names of the parameters of a leg: type, time in force, client id, the price it waits for, limit.
type Leg = [&'static str; 5];

const PAIR: [Leg; 2] = [
    ["aboveType", "aboveTimeInForce", "aboveClientOrderId", "aboveStopPrice", "abovePrice"],
    ["belowType", "belowTimeInForce", "belowClientOrderId", "belowStopPrice", "belowPrice"],
];
const PENDING: [Leg; 2] = [
    [
        "pendingAboveType",
        "pendingAboveTimeInForce",
        "pendingAboveClientOrderId",
        "pendingAboveStopPrice",
        "pendingAbovePrice",
    ],
    [
        "pendingBelowType",
        "pendingBelowTimeInForce",
        "pendingBelowClientOrderId",
        "pendingBelowStopPrice",
        "pendingBelowPrice",
    ],
];

const STOP: (&str, [Field; 3]) =
    ("STOP_LOSS_LIMIT", [Field::StopClient, Field::StopTrigger, Field::StopPrice]);
const TAKE: (&str, [Field; 3]) =
    ("TAKE_PROFIT_LIMIT", [Field::TakeClient, Field::TakeTrigger, Field::TakePrice]);

/// Parameters by name.
type Params = Vec<(&'static str, Value)>;

/// What an order list begins with.
fn head(instrument: &Instrument, terms: &Terms) -> Params {
    let mut params =
        vec![("symbol", text(instrument.symbol.as_str())), ("newOrderRespType", text("ACK"))];
    if !terms.self_trade.is_empty() {
        params.push(("selfTradePreventionMode", text(terms.self_trade)));
    }
    params
}

const fn tif(tif: Tif) -> &'static str {
    if matches!(tif, Tif::Ioc) { "IOC" } else { "GTC" }
}

/// Adds the legs of a side; what is always the same comes first.
fn add_legs(params: &mut Params, side: Side, tifs: [Tif; 2], names: [Leg; 2]) {
    let [stop, take] = [(STOP, tif(tifs[0])), (TAKE, tif(tifs[1]))];
    let legs = if side == Side::Buy { [stop, take] } else { [take, stop] };
    for ([kind, tif, ..], ((is, _), lasts)) in names.into_iter().zip(legs) {
        params.push((kind, text(is)));
        params.push((tif, text(lasts)));
    }
    for ([_, _, named, ..], ((_, [client, ..]), _)) in names.into_iter().zip(legs) {
        params.push((named, Value::Field(client)));
    }
    for ([_, _, _, waits, limit], ((_, [_, trigger, price]), _)) in names.into_iter().zip(legs) {
        params.push((waits, Value::Field(trigger)));
        params.push((limit, Value::Field(price)));
    }
}

/// A stop and a take-profit, of which the first that fires ends the other.
pub(super) fn pair(instrument: &Instrument, side: Side, tifs: [Tif; 2], terms: &Terms) -> Form {
    let mut params = head(instrument, terms);
    params.push(("side", text(word(side))));
    add_legs(&mut params, side, tifs, PAIR);
    params.push(("quantity", Value::Field(Field::Qty)));
    Form::new("orderList.place.oco", Some((Method::Post, "/api/v3/orderList/oco")), params)
}

/// An entry that rests, and the pair behind it.
pub(super) fn bracket(instrument: &Instrument, side: Side, tifs: [Tif; 2], terms: &Terms) -> Form {
    let mut params = head(instrument, terms);
    params.extend([
        ("workingType", text("LIMIT")),
        ("workingTimeInForce", text("GTC")),
        ("workingSide", text(word(side))),
        ("pendingSide", text(word(side.opposite()))),
        ("workingClientOrderId", Value::Field(Field::Client)),
    ]);
    add_legs(&mut params, side.opposite(), tifs, PENDING);
    params.extend([
        ("workingPrice", Value::Field(Field::Price)),
        ("workingQuantity", Value::Field(Field::Qty)),
        ("pendingQuantity", Value::Field(Field::Qty)),
    ]);
    Form::new("orderList.place.otoco", Some((Method::Post, "/api/v3/orderList/otoco")), params)
}

/// A stop of Spot that trails by a share: any other stop, but that the price it waits for follows.
pub(super) fn trailing_spot(instrument: &Instrument, side: Side, terms: &Terms) -> Form {
    let mut params = stop_params(instrument, side, Tif::Ioc, terms);
    params.retain(|(name, _)| *name != "stopPrice");
    params.push(("trailingDelta", Value::Number(Field::Bips)));
    Form::new("order.place", Some((Method::Post, "/api/v3/order")), params)
}

/// The same of USDⓈ-M: a market order when it fires, for the venue takes no limit here.
pub(super) fn trailing_usdm(instrument: &Instrument, side: Side, terms: &Terms) -> Form {
    let mut params = algo_params(instrument, side, Tif::Ioc, terms);
    params.retain(|(name, _)| !["timeInForce", "type", "triggerPrice", "price"].contains(name));
    params.insert(3, ("type", text("TRAILING_STOP_MARKET")));
    params.push(("callbackRate", Value::Field(Field::Percent)));
    Form::new("algoOrder.place", Some((Method::Post, "/fapi/v1/algoOrder")), params)
}
