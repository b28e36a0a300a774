//! Rows and meanings, there and back; words out of range mean nothing.

use super::*;
use crate::asset::ASSETS_MAX;
use crate::condition::Watched;
use crate::held::{Hold, Trigger};
use crate::id::{AssetId, InstrumentId, OrderId, Side};
use crate::instrument::{PRICE_MAX, QTY_MAX, Status};
use crate::num::{Amount, Grid, Notional, Price, Qty};
use crate::time::Nanos;

#[test]
fn every_meaning_survives_its_row() {
    let order = OrderId::new(7, 9);
    let grid = Grid { decimals: 2, step: 5 };
    let fill = Fill {
        order,
        trade: u64::MAX,
        side: Side::Sell,
        price: Price(PRICE_MAX),
        qty: Qty(QTY_MAX),
        fee: Amount(-5),
        fee_asset: AssetId(ASSETS_MAX as u16 - 1),
        maker: true,
    };
    let hold = Hold {
        number: 7,
        side: Side::Sell,
        trigger: Trigger::Trailing,
        watched: Watched::Mid,
        price: Price(PRICE_MAX),
        limit: Some(Price(9)),
        qty: Qty(QTY_MAX),
        group: u16::MAX,
        here: true,
        after: 6,
    };
    let bodies = bodies(fill, grid, hold);
    for body in bodies {
        let id = if let Body::Balance { asset, .. } = body { u64::from(asset.0) } else { 1 };
        let row = Event::new(Nanos(5), InstrumentId(2), id, body);
        assert_eq!(row.body(), Some(body));
    }
    assert_eq!(Event { kind: 200, ..Event::default() }.body(), None);
}

/// One of each kind.
fn bodies(fill: Fill, grid: Grid, hold: Hold) -> [Body; 36] {
    let order = fill.order;
    [
        Body::Level { side: Side::Sell, price: Price(1), qty: Qty(0) },
        Body::Best { bid: Price(1), bid_qty: Qty(2), ask: Price(3), ask_qty: Qty(4) },
        Body::Trade { price: Price(1), qty: Qty(2), taker: Side::Sell },
        Body::Gap { reason: GapReason::Crossed, expected: 5 },
        Body::Status(Status::CancelOnly),
        Body::Filters { tick: grid, lot: grid, size: grid, notional_min: Notional(5) },
        Body::Mark { mark: Notional(7), index: Notional(0) },
        Body::FundingRate { rate: Amount(-38_167), next_ms: 1_562_306_400_000 },
        Body::Liquidation { price: Price(1), qty: Qty(2), taker: Side::Sell },
        Body::Funding { asset: AssetId(3), amount: Amount(-12) },
        Body::Position { lots: -QTY_MAX, entry: Notional(9) },
        Body::Link { link: Link::Orders, state: LinkState::Fresh },
        Body::Accepted { order, venue_order: 77 },
        Body::Triggered { order, venue_order: 78 },
        Body::Fill(fill),
        Body::Done { order, end: End::Expired, reason: Reason::Closed, filled: Some(Qty(3)) },
        Body::Done { order, end: End::Cancelled, reason: Reason::None, filled: None },
        Body::Amended { order, price: None, qty: Qty(4) },
        Body::Amended { order, price: Some(Price(3)), qty: Qty(4) },
        Body::Refused { order, request: Request::Amend, reason: Reason::UnknownOrder },
        Body::Unknown { order, request: Request::Query },
        Body::Absent { order },
        Body::Standing(Standing {
            order,
            venue_order: 1,
            side: Side::Sell,
            price: Price(2),
            qty: Qty(3),
            filled: Qty(1),
            waits: true,
        }),
        Body::Balance { asset: AssetId(3), free: Amount(1), locked: Amount(-2) },
        Body::Reconcile { done: true },
        Body::Doubt,
        Body::TradesTold { next: u64::MAX },
        Body::Budget { orders: 1, weight: 2 },
        Body::Timer,
        Body::Command { command: Command::Set, value: -1 },
        Body::Conversion { asset: AssetId(2), price: Notional(6) },
        Body::Signal { source: 1, value: -2, ttl: Nanos(3) },
        Body::Start { epoch: 1, config_hash: 2 },
        Body::ClockOffset { us: -9 },
        Body::Hold(hold),
        Body::Release { number: 0 },
    ]
}

#[test]
fn words_out_of_range_mean_nothing() {
    let row = |kind, id, payload| Event { kind, id, payload, ..Event::default() }.body();
    let (far, many) = (PRICE_MAX as u64 + 1, QTY_MAX as u64 + 1);
    let minus = -1_i64 as u64;
    for price in [0, far, minus] {
        assert_eq!(row(kind::LEVEL, 1, [price, 1, 0, 0]), None);
        assert_eq!(row(kind::TRADE, 1, [price, 1, 0, 0]), None);
        assert_eq!(row(kind::FILL, 1, [1, price, 1, 0]), None);
    }
    for qty in [many, minus] {
        assert_eq!(row(kind::LEVEL, 1, [5, qty, 0, 0]), None);
        assert_eq!(row(kind::BEST, 1, [5, qty, 6, 1]), None);
        assert_eq!(row(kind::AMENDED, 1, [qty, 0, 0, 0]), None);
        assert_eq!(row(kind::DONE, 1, [0, 0, qty, 0]), None);
        assert_eq!(row(kind::STANDING, 1, [1, 5, 1, qty]), None);
    }
    assert_eq!(row(kind::BEST, 1, [6, 1, 6, 1]), None, "best prices never meet");
    assert!(row(kind::BEST, 1, [6, 1, 0, 0]).is_some(), "an empty side");
    assert_eq!(row(kind::BALANCE, 1 << 16, [1, 1, 0, 0]), None, "no such asset");
    assert_eq!(row(kind::CONVERSION, 0, [ASSETS_MAX as u64, 1, 0, 0]), None);
    assert_eq!(row(kind::MARK, 0, [0, 1, 0, 0]), None, "a mark price of nothing");
    assert_eq!(row(kind::MARK, 0, [minus, 1, 0, 0]), None);
    assert_eq!(row(kind::FUNDING_RATE, 0, [100_000_001, 0, 0, 0]), None);
    assert_eq!(row(kind::FUNDING_RATE, 0, [i64::MIN as u64, 0, 0, 0]), None);
    assert_eq!(row(kind::LIQUIDATION, 0, [5, 0, 0, 0]), None);
    assert_eq!(row(kind::POSITION, 0, [many, 1, 0, 0]), None);
    assert_eq!(row(kind::POSITION, 0, [i64::MIN as u64, 1, 0, 0]), None);
    assert_eq!(row(kind::HOLD, 0, [5, 0, 0, 1]), None, "no quantity");
    assert_eq!(row(kind::HOLD, 0, [0, 0, 1, 1]), None, "no price");
    assert_eq!(row(kind::HOLD, 0, [5, 0, 1, 0]), None, "no number");
    assert_eq!(row(kind::HOLD, 0, [5, 0, 1 | 9 << 48, 1]), None, "no such trigger");
    assert_eq!(row(kind::HOLD, 0, [5, far, 1, 1]), None);
    assert_eq!(row(kind::START, 0, [u64::from(u32::MAX), 0, 0, 0]), None, "the foreign epoch");
    let budget = Body::Budget { orders: u32::MAX, weight: 7 };
    assert_eq!(row(kind::BUDGET, 0, [u64::MAX, 7, 0, 0]), Some(budget));
}

#[test]
fn a_set_is_for_one_desk_or_for_all() {
    for key in [0, 1, 0x5_0003, 0xffff_ffff] {
        assert_eq!(Command::set_of(key), (key, None));
        for desk in [0, 1, 255] {
            let id = Command::set_id(key, Some(desk));
            assert_eq!(Command::set_of(id), (key, Some(desk)));
        }
        assert_eq!(Command::set_of(Command::set_id(key, None)), (key, None));
    }
    // What no writer makes is no key of any strategy.
    assert_eq!(Command::set_of(u64::MAX), (u64::MAX, None));
}
