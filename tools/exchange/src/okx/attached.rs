//! A take-profit and a stop-loss attached to an order: `attachAlgoOrds`. Once it is filled to the
//! last lot they become an algo order of their own, under the client's `attachAlgoClOrdId`.

use super::algos::{self, NOTE};
use super::args::Args;
use super::denial::Denial;
use super::size::price;
use super::{orders, words};
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::{Kind, Leg, NewOrder, Order, Tif};
use crate::venue::trigger::{By, When};
use crate::venue::{Follower, Venue};

/// What a request attaches to its order; nothing where it attaches nothing.
pub(crate) fn read(floor: &Floor, args: &Args, parent: &NewOrder) -> Result<Vec<Follower>, Denial> {
    let Some(text) = args.get("attachAlgoOrds") else { return Ok(Vec::new()) };
    let wrong = || Denial::parameter("attachAlgoOrds");
    let all = Args::from_body(text).map_err(|_| wrong())?;
    let [one] = all.as_slice() else { return Err(wrong()) };
    let client = orders::name(one, "attachAlgoClOrdId", 32)?.unwrap_or("");
    let symbol = parent.symbol;
    let perp = floor.venue.listing(symbol).symbol.perp.is_some();
    let side = parent.side.other();
    let mut legs = Vec::new();
    for profit in [true, false] {
        let Some((kind, (when, by), own)) = algos::bracket(floor, symbol, one, side, profit)?
        else {
            continue;
        };
        let order = NewOrder {
            symbol,
            side,
            kind: if own.is_some() { Kind::Limit } else { Kind::Market },
            tif: if own.is_some() { Tif::Gtc } else { Tif::Ioc },
            stp: parent.stp,
            leg: parent.leg,
            reduce: perp && parent.leg == Leg::Net,
            price: own.unwrap_or(0),
            tag: parent.tag.clone(),
            note: format!("{NOTE}{kind}:{client}"),
            ..NewOrder::default()
        };
        legs.push(Follower { when, by, order, tied: false, sole: false });
    }
    if legs.is_empty() { Err(Denial::missing("tpTriggerPx or slTriggerPx")) } else { Ok(legs) }
}

/// `tpTriggerPxType` and its like.
pub(crate) fn price_type(by: By) -> &'static str {
    match by {
        By::Last => "last",
        By::Mark => "mark",
        By::Index => "index",
    }
}

/// `attachAlgoOrds` of an order.
pub(crate) fn json(venue: &Venue, order: &Order) -> String {
    let Some(one) = venue.attached.get(&order.id) else { return "[]".into() };
    let spec = &venue.listing(order.symbol).symbol;
    let kind_of = |leg: &Follower| {
        let note = leg.order.note.strip_prefix(NOTE).unwrap_or_default();
        note.split_once(':').map(|(kind, client)| (kind.to_string(), client.to_string()))
    };
    let client = one.legs.first().and_then(kind_of).map(|(_, client)| client);
    let find = |kind: &str| {
        one.legs.iter().find(|leg| kind_of(leg).is_some_and(|(found, _)| found == kind))
    };
    let mut out = Object::new()
        .put("attachAlgoId", one.id.to_string())
        .put("attachAlgoClOrdId", client.unwrap_or_default())
        .put("sz", "");
    for kind in ["tp", "sl"] {
        let leg = find(kind);
        let at = leg.map(|leg| match leg.when {
            When::Above(at) | When::Below(at) => price(spec, at),
            When::Trailing { .. } => String::new(),
        });
        let own = leg.map(|leg| match leg.order.kind {
            Kind::Market => "-1".to_string(),
            Kind::Limit => price(spec, leg.order.price),
        });
        out = out
            .put(&format!("{kind}TriggerPx"), at.unwrap_or_default())
            .put(&format!("{kind}TriggerPxType"), leg.map_or("", |leg| price_type(leg.by)))
            .put(&format!("{kind}OrdPx"), own.unwrap_or_default());
    }
    let tag = words::client(&order.tag);
    array([out.put("tag", tag).put("failCode", "").put("failReason", "").end()])
}
