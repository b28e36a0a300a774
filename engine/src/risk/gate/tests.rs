//! Each limit refuses with its own reason, counts it, and lets pass what is just inside.

extern crate std;
use super::*;
use crate::asset::Assets;
use crate::id::{ClientId, InstrumentId};
use crate::instrument::Symbol;
use crate::intent::Tif;
use crate::num::Grid;

const ONE: i64 = 100_000_000;

fn instrument() -> Instrument {
    let mut assets = Assets::default();
    let mut asset = |name| assets.intern(Symbol::new(name).unwrap()).unwrap();
    let pair = (asset("BTC"), asset("USDT"));
    let grids = (Grid { decimals: 2, step: 1 }, Grid { decimals: 3, step: 1 });
    let symbol = Symbol::new("BTCUSDT").unwrap();
    Instrument {
        qty_min: Qty(2),
        notional_min: Notional(ONE),
        ..Instrument::new(InstrumentId(0), symbol, pair, grids)
    }
}

fn limits() -> Limits {
    Limits {
        collar_mid_ppm: 10_000,
        collar_trade_ppm: 20_000,
        order_qty_max: Qty(500),
        order_notional_max: Notional(45 * ONE),
        position_max: Amount(2 * ONE),
        open_orders_max: 4,
        gross_notional_max: Notional(1000 * ONE),
        orders_per_s: 1,
        orders_burst: 2,
        market_age_max: Nanos(100),
        daily_loss_max: Notional(50 * ONE),
    }
}

/// An order and facts that pass: buy 0.4 at 100.00, mid 100.00.
fn check(
    change: impl FnOnce(&mut Place, &mut Facts<'_>, &mut Instrument, &mut Limits),
    expect: Result<(), Refusal>,
) {
    let (template, mut limits) = (instrument(), limits());
    let mut place = Place {
        client: ClientId { order: OrderId::new(1, 1), cause: 0 },
        instrument: InstrumentId(0),
        side: Side::Buy,
        price: Price(10_000),
        qty: Qty(400),
        tif: Tif::PostOnly,
    };
    let mut facts = Facts {
        now: Nanos(1000),
        read_at: Nanos(990),
        instrument: &template,
        lane: 0,
        notional: Some(Notional(0)),
        shared: [false; 3],
        quoting: true,
        mid_twice: Some(20_000),
        last_trade: Some(Price(10_000)),
        market_at: Nanos(900),
        position: Amount(0),
        remaining: Qty(0),
        closes: Qty(0),
        open_orders: 3,
        gross: Notional(0),
        spendable: Amount(40 * ONE),
        own_opposite: Some(Price(10_001)),
        day_pnl: Notional(-49 * ONE),
        side_unknown: false,
        id_free: true,
    };
    let mut changed = template;
    change(&mut place, &mut facts, &mut changed, &mut limits);
    let notional = facts.notional.map(|_| changed.notional(place.price, place.qty));
    let facts = Facts { instrument: &changed, notional, ..facts };
    let mut gate = Gate::new(std::vec![limits]);
    let got = gate.check(Intent::Place(place), &facts);
    assert_eq!(got.as_ref().map(|_| ()).map_err(|refusal| *refusal), expect, "{place:?}");
    let counted = gate.refusals().iter().sum::<u64>();
    assert_eq!((gate.approved(), counted), (u64::from(expect.is_ok()), u64::from(expect.is_err())));
    if let Err(refusal) = expect {
        assert_eq!(gate.refusals()[refusal.index()], 1);
    }
}

#[test]
fn what_is_inside_every_limit_passes() {
    check(|_, _, _, _| {}, Ok(()));
    check(|p, _, _, _| p.price = Price(9900), Ok(()));
    check(|p, f, _, _| (p.qty, f.position) = (Qty(400), Amount(160_000_000)), Ok(()));
}

#[test]
fn each_limit_refuses_by_its_own_name() {
    check(|_, f, _, _| f.notional = None, Err(Refusal::BlankBook));
    check(|_, f, _, _| f.shared = [true, false, true], Err(Refusal::SharedGross));
    check(|_, f, _, _| f.shared = [false, true, true], Err(Refusal::SharedOrders));
    check(|_, f, _, _| f.shared = [false, false, true], Err(Refusal::SharedRate));
    check(|_, f, _, _| f.lane = 1, Err(Refusal::StaleBook));
    check(|_, f, _, _| f.quoting = false, Err(Refusal::NotQuoting));
    check(|_, _, i, _| i.status = Status::CancelOnly, Err(Refusal::Closed));
    check(|_, f, _, _| f.mid_twice = None, Err(Refusal::BlankBook));
    check(|_, f, _, _| f.market_at = Nanos(899), Err(Refusal::StaleBook));
    check(|_, f, _, _| f.side_unknown = true, Err(Refusal::UnknownSide));
    check(|_, f, _, _| f.id_free = false, Err(Refusal::DuplicateId));
    check(|p, _, _, _| p.price = Price(9899), Err(Refusal::CollarMid));
    check(|_, f, _, _| f.last_trade = Some(Price(9803)), Err(Refusal::CollarTrade));
    check(|p, _, _, _| p.price = Price(10_001), Err(Refusal::SelfCross));
    check(|p, _, _, _| p.qty = Qty(1), Err(Refusal::Filter));
    check(|_, _, i, _| i.notional_min = Notional(41 * ONE), Err(Refusal::Filter));
    check(|_, _, i, _| i.price_max = Price(9999), Err(Refusal::Filter));
    check(|_, _, _, l| l.order_qty_max = Qty(399), Err(Refusal::OrderQty));
    check(|_, _, _, l| l.order_notional_max = Notional(39 * ONE), Err(Refusal::OrderNotional));
    check(|_, f, _, _| f.spendable = Amount(40 * ONE - 1), Err(Refusal::Balance));
    check(|_, f, _, _| f.position = Amount(160_000_001), Err(Refusal::Position));
    check(|_, f, _, _| f.remaining = Qty(1601), Err(Refusal::Position));
    check(|_, f, _, _| f.open_orders = 4, Err(Refusal::OpenOrders));
    check(|_, f, _, _| f.gross = Notional(961 * ONE), Err(Refusal::GrossNotional));
    check(|_, f, _, _| f.day_pnl = Notional(-50 * ONE), Err(Refusal::DailyLoss));
    check(|_, _, _, l| l.orders_burst = 0, Err(Refusal::Rate));
}

#[test]
fn sells_lock_the_base_asset_and_reduce_a_position_over_its_limit() {
    let sell = |p: &mut Place, f: &mut Facts<'_>| {
        p.side = Side::Sell;
        f.own_opposite = Some(Price(9999));
    };
    check(
        |p, f, _, _| {
            sell(p, f);
            f.spendable = Amount(40_000_000);
            f.position = Amount(5 * ONE);
        },
        Ok(()),
    );
    check(
        |p, f, _, _| {
            sell(p, f);
            f.spendable = Amount(39_999_999);
        },
        Err(Refusal::Balance),
    );
}

#[test]
fn ids_only_go_up_and_the_kill_switch_stays() {
    let mut gate = Gate::new(std::vec![limits()]);
    let template = instrument();
    let mut place = Place {
        client: ClientId { order: OrderId::new(1, 5), cause: 0 },
        instrument: InstrumentId(0),
        side: Side::Buy,
        price: Price(10_000),
        qty: Qty(20),
        tif: Tif::PostOnly,
    };
    let facts = Facts {
        now: Nanos(1000),
        read_at: Nanos(990),
        instrument: &template,
        lane: 0,
        notional: Some(Notional(0)),
        shared: [false; 3],
        quoting: true,
        mid_twice: Some(20_000),
        last_trade: None,
        market_at: Nanos(1000),
        position: Amount(0),
        remaining: Qty(0),
        closes: Qty(0),
        open_orders: 0,
        gross: Notional(0),
        spendable: Amount(40 * ONE),
        own_opposite: None,
        day_pnl: Notional(0),
        side_unknown: false,
        id_free: true,
    };
    assert!(gate.check(Intent::Place(place), &facts).is_ok());
    assert_eq!(gate.check(Intent::Place(place), &facts), Err(Refusal::DuplicateId));
    place.client.order = OrderId::new(1, 6);
    gate.kill();
    assert_eq!(gate.check(Intent::Place(place), &facts), Err(Refusal::Killed));
}
