//! Fees in the base, quote and a third asset; the venue's sums compared, not copied.

extern crate std;
use super::*;
use crate::id::{InstrumentId, OrderId, Side};
use crate::instrument::Symbol;
use crate::num::{Grid, Price, Qty};
use crate::position::Position;

const BASE: AssetId = AssetId(0);
const QUOTE: AssetId = AssetId(1);
const THIRD: AssetId = AssetId(2);
const ONE: i64 = 100_000_000;

fn instrument() -> Instrument {
    let grids = (Grid { decimals: 2, step: 1 }, Grid { decimals: 3, step: 1 });
    Instrument::new(InstrumentId(0), Symbol::new("BTCUSDT").unwrap(), (BASE, QUOTE), grids)
}

fn fill(side: Side, price: i64, qty: i64, fee: i64, fee_asset: AssetId) -> Fill {
    Fill {
        order: OrderId::new(1, 1),
        trade: 1,
        side,
        price: Price(price),
        qty: Qty(qty),
        fee: Amount(fee),
        fee_asset,
        maker: true,
    }
}

#[test]
fn each_fee_leaves_the_asset_it_was_paid_in() {
    let instrument = instrument();
    let mut account = Account::new(&[]);
    let now = Nanos(1);
    for (asset, amount) in [(BASE, 10), (QUOTE, 1000), (THIRD, 5)] {
        account.told(asset, Amount(amount * ONE), Amount(0), now);
    }
    account.start();
    account.convert(THIRD, Notional(500 * ONE));
    // Buy 1.000 at 100.00, fee 0.001 of the base.
    let (base, value) = account.fill(&instrument, &fill(Side::Buy, 10_000, 1000, 100_000, BASE));
    assert_eq!((base, value), (Amount(100_000), Notional(ONE / 10)));
    assert_eq!(account.balance(BASE).total, Amount(11 * ONE - 100_000));
    assert_eq!(account.balance(QUOTE).total, Amount(900 * ONE));
    // Sell 1.000 at 110.00, fee 0.11 of the quote.
    let sold = fill(Side::Sell, 11_000, 1000, ONE / 100 * 11, QUOTE);
    assert_eq!(account.fill(&instrument, &sold), (Amount(0), Notional(ONE / 100 * 11)));
    assert_eq!(account.balance(QUOTE).total, Amount(1010 * ONE - ONE / 100 * 11));
    // Sell 1.000 at 110.00, fee 0.0002 of a third asset worth 500: 0.1.
    let sold = fill(Side::Sell, 11_000, 1000, 20_000, THIRD);
    assert_eq!(account.fill(&instrument, &sold), (Amount(0), Notional(ONE / 10)));
    assert_eq!(account.balance(THIRD).total, Amount(5 * ONE - 20_000));
    assert_eq!(account.balance(THIRD).fees, Amount(20_000));
}

#[test]
fn what_the_venue_says_is_compared_and_each_difference_named_once() {
    let mut account = Account::new(&[]);
    account.told(QUOTE, Amount(100), Amount(0), Nanos(1));
    account.start();
    account.told(QUOTE, Amount(40), Amount(50), Nanos(10));
    assert_eq!(account.balance(QUOTE).total, Amount(100), "never copied");
    assert_eq!(account.differences(Nanos(11), Nanos(5)).count(), 0, "not yet");
    let named: std::vec::Vec<_> = account.differences(Nanos(15), Nanos(5)).collect();
    assert_eq!(named, [(QUOTE, Amount(-10))]);
    assert_eq!(account.differences(Nanos(99), Nanos(5)).count(), 0, "once");
    account.told(QUOTE, Amount(50), Amount(50), Nanos(100));
    assert_eq!(account.balance(QUOTE).differs_since, None);
}

#[test]
fn average_cost_through_zero_and_back() {
    let instrument = instrument();
    let mut position = Position::default();
    let mut trade = |side, price, qty| {
        let fill = fill(side, price, qty, 0, QUOTE);
        position.apply(&instrument, &fill, Amount(0), Notional(0), Some(20_000));
        position
    };
    let held = trade(Side::Buy, 10_000, 2000);
    assert_eq!((held.base, held.cost), (Amount(2 * ONE), Notional(200 * ONE)));
    assert_eq!(held.average(&instrument), Some(Price(10_000)));
    let closed = trade(Side::Sell, 11_000, 1000);
    assert_eq!((closed.realised, closed.cost), (Notional(10 * ONE), Notional(100 * ONE)));
    let short = trade(Side::Sell, 12_000, 3000);
    assert_eq!((short.base, short.realised), (Amount(-2 * ONE), Notional(30 * ONE)));
    assert_eq!(short.cost, Notional(-240 * ONE));
    let flat = trade(Side::Buy, 11_500, 2000);
    assert_eq!((flat.base, flat.cost, flat.realised), (Amount(0), Notional(0), Notional(40 * ONE)));
    assert_eq!(flat.fills, [2, 2]);
}

/// Fills of a perpetual, each (side, ticks, lots).
type Fills<'a> = &'a [(Side, i64, i64)];

/// An account whose perpetual was filled so; the venue tells lots, entry and wallet of `theirs`.
fn perpetual(ours: Fills<'_>, theirs: Fills<'_>, wallet_more: i64) -> (Account, Instrument) {
    let perp = Instrument { kind: Kind::Linear, ..instrument() };
    let booked = |fills: Fills<'_>| {
        let mut account = Account::new(&[perp]);
        account.told(QUOTE, Amount(1000 * ONE), Amount(0), Nanos(1));
        account.start();
        for (side, price, qty) in fills {
            account.fill(&perp, &fill(*side, *price, *qty, 0, QUOTE));
        }
        account
    };
    let (mut account, venue) = (booked(ours), booked(theirs));
    let held = venue.holding(perp.id).position;
    let lots = perp.lots(held.base).0;
    let entry = if lots == 0 { 0 } else { held.cost.0 * 1_000 / lots };
    account.told_position(&perp, (lots, Notional(entry)), Nanos(10));
    let wallet = Amount(venue.balance(QUOTE).total.0 + wallet_more);
    account.told(QUOTE, wallet, Amount(0), Nanos(10));
    (account, perp)
}

#[test]
fn fills_in_another_order_than_the_venue_s_change_what_is_realised_and_nothing_else() {
    use Side::{Buy, Sell};
    let ours = [(Buy, 10_000, 100), (Buy, 10_700, 30), (Sell, 10_300, 60)];
    let theirs = [(Buy, 10_000, 100), (Sell, 10_300, 60), (Buy, 10_700, 30)];
    let times = (Nanos(20), Nanos(5));
    let (mut account, perp) = perpetual(&ours, &theirs, 0);
    let equity = |account: &Account| {
        account.balance(QUOTE).total.0 - account.holding(perp.id).position.cost.0
    };
    let before = equity(&account);
    let early: std::vec::Vec<_> =
        account.take_costs([perp].iter(), (Nanos(12), Nanos(5))).collect();
    assert!(early.is_empty(), "it may settle by itself");
    let taken: std::vec::Vec<_> = account.take_costs([perp].iter(), times).collect();
    assert_eq!(taken.len(), 1);
    assert!((equity(&account) - before).abs() <= DUST_OF_A_TEST, "{taken:?}");
    assert_eq!(account.balance(QUOTE).told, Some((account.balance(QUOTE).total, Amount(0))));
    assert_eq!(account.differences(Nanos(99), Nanos(5)).count(), 0);
    // Money that is really missing is a difference, and so is a position.
    let (mut account, perp) = perpetual(&ours, &theirs, -ONE / 100);
    assert_eq!(account.take_costs([perp].iter(), times).count(), 0);
    assert_eq!(account.differences(times.0, times.1).count(), 1);
    let (mut account, perp) = perpetual(&ours, &theirs[..2], 0);
    assert_eq!(account.take_costs([perp].iter(), times).count(), 0);
}

/// What rounding an average price may leave.
const DUST_OF_A_TEST: i64 = 1_000;
