//! An account's own channels: orders, fills, positions, account, balance and position.

use super::channels::{Feed, Private as Feeding};
use super::orders::amend_note;
use super::size::{of_base, plain};
use super::views::{self, Change};
use super::{algos, words};
use crate::event::{Cause, Execution, Private, What};
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::{AccountId, Fill, Leg, Post, SymbolId, Why};
use crate::venue::{Position, USERS};

/// Tells an event to the channels that carry it. `traded` gathers trades until the holdings that
/// they moved are told.
pub(crate) fn event(
    floor: &mut Floor,
    account: AccountId,
    what: &Private,
    traded: &mut Vec<String>,
    now_ms: u64,
) {
    match what {
        Private::Order(one) => {
            if let What::Trade(fill) = &one.what {
                let name = &floor.venue.listing(fill.symbol).symbol.name;
                let trade = Object::new().put("instId", name);
                traded.push(trade.put("tradeId", views::trade_id(fill)).end());
                tell_fill(floor, account, fill);
            }
            tell_order(floor, account, one);
        }
        Private::Holdings { assets, positions, cause } => {
            let trades = std::mem::take(traded);
            tell_account(floor, account, assets, now_ms);
            if !positions.is_empty() {
                tell_positions(floor, account, positions, now_ms);
            }
            let kind = match cause {
                Cause::Order if trades.is_empty() => return,
                Cause::Order => "filled",
                Cause::Funding => "funding_fee",
                Cause::Deposit => "transferred",
                Cause::Liquidation => "liquidation",
            };
            tell_both(floor, account, (assets, positions), (kind, &trades), now_ms);
        }
        Private::Trigger(one) => {
            if algos::is_told(&floor.venue, one) {
                let row = algos::row(&floor.venue, one);
                send(floor, account, Feed::Algos, Some(one.order.symbol), &row);
            }
        }
        // Holdings tell of the money; margin calls have a channel of their own, which this exchange
        // does not offer.
        Private::Deposit { .. }
        | Private::Funding(_)
        | Private::MarginCall { .. }
        | Private::List(_) => {}
    }
}

/// Sends rows to every subscription of a channel that covers the instrument.
fn send(floor: &mut Floor, account: AccountId, feed: Feed, symbol: Option<SymbolId>, row: &str) {
    let venue = &floor.venue;
    let covers = |one: &Feeding| {
        symbol.is_none_or(|symbol| one.covers(symbol, &venue.listing(symbol).symbol))
    };
    let mut numbers: Vec<(u32, String)> = Vec::new();
    for number in floor.hub.feeds(account) {
        let Some(one) = Feeding::of(number).filter(|one| one.feed == feed && covers(one)) else {
            continue;
        };
        numbers.push((number, one.arg(floor, account)));
    }
    floor.hub.publish_private(account, |_, number| {
        let (_, arg) = numbers.iter().find(|(wanted, _)| *wanted == number)?;
        Some(match feed {
            Feed::Account | Feed::Positions => {
                let event = r#""eventType":"event_update""#;
                format!(r#"{{"arg":{arg},{event},"data":[{row}]}}"#)
            }
            _ => format!(r#"{{"arg":{arg},"data":[{row}]}}"#),
        })
    });
}

fn tell_order(floor: &mut Floor, account: AccountId, one: &Execution) {
    let order = &one.order;
    let now = floor.venue.orders.get(&order.id);
    let crossed = now.is_some_and(|order| order.why == Some(Why::PostOnly));
    let mut change = Change { amended: amend_note(order), ..Change::default() };
    match &one.what {
        // One that would have taken is told once, as cancelled.
        What::New if order.post == Post::Cancel && crossed => return,
        What::Prevented { .. } if order.left() > 0 => return,
        What::Prevented { .. } => change.prevented = true,
        What::Trade(fill) => (change.fill, change.amended) = (Some(fill), None),
        _ => {}
    }
    let row = views::order(&floor.venue, order, &change);
    send(floor, account, Feed::Orders, Some(order.symbol), &row);
}

fn tell_fill(floor: &mut Floor, account: AccountId, fill: &Fill) {
    let spec = &floor.venue.listing(fill.symbol).symbol;
    let row = Object::new()
        .put("instId", &spec.name)
        .put("fillSz", of_base(spec, fill.qty))
        .put("fillPx", plain(fill.price))
        .put("side", if fill.buyer { "buy" } else { "sell" })
        .put("ts", fill.time_ms.to_string())
        .put("ordId", fill.order.to_string())
        .put("clOrdId", words::client(&fill.client))
        .put("tradeId", views::trade_id(fill))
        .put("execType", views::role(fill.maker))
        .put("count", "1")
        .end();
    send(floor, account, Feed::Fills, Some(fill.symbol), &row);
}

fn tell_account(floor: &mut Floor, account: AccountId, assets: &[String], now_ms: u64) {
    let row = views::account(&floor.venue, account, Some(assets), now_ms);
    send(floor, account, Feed::Account, None, &row);
}

fn tell_positions(
    floor: &mut Floor,
    account: AccountId,
    positions: &[(SymbolId, Leg)],
    now_ms: u64,
) {
    for (symbol, leg) in positions {
        let one = floor.venue.account(account).position(*symbol, *leg);
        let row = views::position(&floor.venue, account, &one, now_ms);
        send(floor, account, Feed::Positions, Some(*symbol), &row);
    }
}

fn tell_both(
    floor: &mut Floor,
    account: AccountId,
    (assets, positions): (&[String], &[(SymbolId, Leg)]),
    (kind, trades): (&str, &[String]),
    now_ms: u64,
) {
    let holder = floor.venue.account(account);
    let held: Vec<Position> =
        positions.iter().map(|(symbol, leg)| holder.position(*symbol, *leg)).collect();
    let row = both_row(floor, account, (assets, &held), (kind, trades), now_ms);
    send(floor, account, Feed::Both, None, &row);
}

fn both_row(
    floor: &Floor,
    account: AccountId,
    (assets, positions): (&[String], &[Position]),
    (kind, trades): (&str, &[String]),
    now_ms: u64,
) -> String {
    let holder = floor.venue.account(account);
    let balances = array(assets.iter().map(|asset| {
        let balance = holder.balance(asset);
        Object::new()
            .put("ccy", asset)
            .put("cashBal", plain(balance.free + balance.locked))
            .put("uTime", holder.updated_ms.to_string())
            .end()
    }));
    let positions = array(positions.iter().map(|one| {
        let spec = &floor.venue.listing(one.symbol).symbol;
        let last = holder.fills.iter().rev().find(|fill| fill.symbol == one.symbol);
        Object::new()
            .put("posId", views::position_id(account, one))
            .put("tradeId", last.map(views::trade_id).unwrap_or_default())
            .put("instId", &spec.name)
            .put("instType", "SWAP")
            .put("mgnMode", "cross")
            .put("posSide", words::leg(spec, one.leg))
            .put("pos", views::size_of(spec, one))
            .put("ccy", &spec.quote)
            .put("posCcy", "")
            .put("avgPx", plain(one.entry(spec)))
            .put("uTime", one.updated_ms.to_string())
            .end()
    }));
    Object::new()
        .put("pTime", now_ms.to_string())
        .put("eventType", kind)
        .raw("balData", &balances)
        .raw("posData", &positions)
        .raw("trades", &array(trades.iter().cloned()))
        .end()
}

/// A snapshot frame, all of it on one page.
fn snapshot(arg: &str, rows: &str) -> String {
    format!(r#"{{"arg":{arg},"eventType":"snapshot","curPage":1,"lastPage":true,"data":{rows}}}"#)
}

/// What a subscription begins with, and what account and positions are told again and again.
fn standing(floor: &Floor, account: AccountId, one: &Feeding, now_ms: u64) -> Option<String> {
    let venue = &floor.venue;
    let rows = match one.feed {
        Feed::Account => array([views::account(venue, account, None, now_ms)]),
        Feed::Positions => {
            let held = views::positions(venue, account);
            let held = held.iter().filter(|(id, _)| one.covers(*id, &venue.listing(*id).symbol));
            array(held.map(|(_, position)| views::position(venue, account, position, now_ms)))
        }
        Feed::Both => {
            let assets: Vec<String> = venue.account(account).balances.keys().cloned().collect();
            let held = views::positions(venue, account);
            let held: Vec<Position> = held.into_iter().map(|(_, one)| one).collect();
            array([both_row(floor, account, (&assets, &held), ("snapshot", &[]), now_ms)])
        }
        Feed::Orders | Feed::Fills | Feed::Algos => return None,
    };
    let arg = one.arg(floor, account);
    Some(match one.feed {
        Feed::Both => format!(r#"{{"arg":{arg},"data":{rows}}}"#),
        _ => snapshot(&arg, &rows),
    })
}

/// Sends a new subscription how things stand.
pub(crate) fn join(
    floor: &mut Floor,
    connection: u64,
    account: AccountId,
    number: u32,
    now_ms: u64,
) {
    let one = Feeding::of(number);
    if let Some(text) = one.and_then(|one| standing(floor, account, &one, now_ms)) {
        floor.hub.post(connection, text);
    }
}

/// Tells accounts and positions as they stand to all who have the channels.
pub(crate) fn regular(floor: &mut Floor, now_ms: u64) {
    for account in USERS..floor.venue.accounts.len() as AccountId {
        for number in floor.hub.feeds(account) {
            let Some(one) = Feeding::of(number) else { continue };
            if !matches!(one.feed, Feed::Account | Feed::Positions) {
                continue;
            }
            let Some(text) = standing(floor, account, &one, now_ms) else { continue };
            floor.hub.publish_private(account, |_, to| (to == number).then(|| text.clone()));
        }
    }
}
