//! Perpetuals: margin, funding and liquidation, in scripts whose sums can be done by head.

use super::*;
use engine::event::{Body, Event, flag};
use engine::id::{AssetId, ClientId, InstrumentId, OrderId};
use engine::instrument::{Fees, Instrument, Kind, Symbol};
use engine::intent::{self, Intent, Place, Reduce};
use engine::num::{Amount, Notional};
use engine::position::Position;

const USD: i64 = 100_000_000;

/// Tenfold leverage; makers pay 0.1 %.
fn instrument() -> Instrument {
    let symbol = Symbol::new("BTCUSDT").unwrap();
    let fees = Fees { maker_ppm: 1000, taker_ppm: 2000 };
    let assets = (AssetId(0), AssetId(1));
    let base = Instrument::new(InstrumentId(0), symbol, assets, (TICK, LOT));
    Instrument { kind: Kind::Linear, fees, margin_ppm: 100_000, ..base }
}

struct Rig {
    venue: SimVenue,
    at: u64,
    orders: u32,
}

impl Rig {
    fn new(usd: i64) -> Self {
        let start = [(AssetId(1), Amount(usd * USD))];
        let margin = MarginSettings { maintenance_ppm: 50_000, liquidation_ppm: 10_000 };
        let settings = VenueSettings { margin, ..VenueSettings::default() };
        let mut rig = Self {
            venue: SimVenue::new(Nanos(0), &[instrument()], &start, settings),
            at: 0,
            orders: 0,
        };
        rig.rows();
        rig
    }

    fn row(&mut self, body: Body) {
        self.at += 1;
        let row = Event::new(Nanos::from_ms(self.at), InstrumentId(0), self.at, body);
        self.venue.on_event(&row.with(flag::LAST));
    }

    fn best(&mut self, bid: &str, ask: &str, lots: &str) {
        let (bid, ask) = (price(bid), price(ask));
        self.row(Body::Best { bid, bid_qty: qty(lots), ask, ask_qty: qty(lots) });
    }

    fn order(&mut self, side: Side, at: &str, lots: &str, tif: intent::Tif) {
        self.orders += 1;
        let client = ClientId { order: OrderId::new(1, self.orders), cause: 0 };
        let (instrument, price, qty) = (InstrumentId(0), price(at), qty(lots));
        let place = Place { client, instrument, side, price, qty, tif };
        self.venue.send(Nanos::from_ms(self.at), Intent::Place(place));
    }

    fn mark(&mut self, usd: i64) {
        let mark = Notional(usd * USD);
        self.row(Body::Mark { mark, index: mark });
    }

    /// What is told of orders, positions and funding.
    fn rows(&mut self) -> Vec<String> {
        let mut out = Vec::new();
        while let Some(event) = self.venue.poll(Nanos::from_ms(self.at)) {
            out.push(match event.body().unwrap() {
                Body::Accepted { .. } | Body::Reconcile { .. } | Body::Budget { .. } => continue,
                Body::Link { .. } => continue,
                Body::Balance { asset: AssetId(1), free, locked } => {
                    assert!(locked.is_zero());
                    format!("usd {}", Grid { decimals: 8, step: 1 }.decimal(free.0))
                }
                Body::Balance { .. } => continue,
                Body::Fill(fill) => {
                    let whose = if fill.order.is_foreign() { "theirs" } else { "ours" };
                    let (at, lots) = (TICK.decimal(fill.price.0), LOT.decimal(fill.qty.0));
                    format!("fill {whose} {lots} at {at}")
                }
                Body::Position { lots, entry } => {
                    format!("position {} at {}", LOT.decimal(lots), entry.0 / USD)
                }
                Body::Done { end, reason, .. } => format!("done {end:?} {reason:?}"),
                Body::Funding { amount, .. } => {
                    format!("funding {}", Grid { decimals: 8, step: 1 }.decimal(amount.0))
                }
                other => format!("{other:?}"),
            });
        }
        out
    }

    fn usd(&self) -> i64 {
        self.venue.balances().find(|row| row.0 == AssetId(1)).unwrap().1.0
    }
}

#[test]
fn only_what_was_realised_and_fees_change_hands() {
    let mut rig = Rig::new(100);
    rig.best("100.0", "100.1", "50");
    rig.order(Side::Buy, "100.1", "2", intent::Tif::Ioc);
    // 2 at 100.1 cost 0.2 % of 200.2.
    assert_eq!(rig.rows(), ["fill ours 2.00 at 100.1", "position 2.00 at 100", "usd 99.59960000"]);
    rig.best("110.0", "110.1", "50");
    rig.order(Side::Sell, "110.0", "3", intent::Tif::Ioc);
    // 2 x 9.9 won, 0.66 paid; one is short now.
    let told = ["fill ours 3.00 at 110.0", "position -1.00 at 110", "usd 118.73960000"];
    assert_eq!(rig.rows(), told);
}

#[test]
fn an_order_needs_its_margin_and_one_that_closes_does_not() {
    let mut rig = Rig::new(50);
    rig.best("100.0", "100.1", "50");
    // 50 at tenfold leverage carry less than 5 at 100.
    rig.order(Side::Buy, "100.0", "5.1", intent::Tif::PostOnly);
    assert_eq!(rig.rows(), ["done Rejected Balance"]);
    rig.order(Side::Buy, "100.0", "3", intent::Tif::PostOnly);
    rig.order(Side::Sell, "100.1", "3", intent::Tif::PostOnly);
    assert_eq!(rig.rows(), [""; 0], "either side needs it, not both");
    rig.order(Side::Buy, "99.0", "3", intent::Tif::PostOnly);
    assert_eq!(rig.rows(), ["done Rejected Balance"]);
    rig.row(Body::Trade { price: price("99.9"), qty: qty("3"), taker: Side::Sell });
    rig.mark(90);
    rig.venue.reduce(Nanos::from_ms(rig.at), Reduce::CancelAll(InstrumentId(0)));
    rig.rows();
    // 30 lost of 50: nothing can be opened, but the position can be closed.
    rig.order(Side::Buy, "80.0", "1", intent::Tif::PostOnly);
    rig.order(Side::Sell, "100.0", "3", intent::Tif::Ioc);
    let told = rig.rows();
    assert_eq!(told[0], "done Rejected Balance");
    assert_eq!(told[1], "fill ours 3.00 at 100.0", "{told:?}");
}

#[test]
fn funding_is_paid_once_at_its_time_by_what_is_held_then() {
    let mut rig = Rig::new(1000);
    rig.best("100.0", "100.1", "50");
    let rate = |rate, next_ms| Body::FundingRate { rate: Amount(rate), next_ms };
    rig.row(rate(10_000, 20));
    rig.mark(100);
    rig.order(Side::Buy, "100.1", "2", intent::Tif::Ioc);
    rig.rows();
    assert_eq!(rig.venue.next_at(), Some(Nanos::from_ms(20)));
    rig.at = 30;
    // 200 x 0.0001.
    assert_eq!(rig.rows(), ["funding -0.02000000", "usd 999.57960000"]);
    rig.row(rate(10_000, 20));
    rig.row(rate(-20_000, 40));
    rig.mark(110);
    assert_eq!(rig.venue.next_at(), Some(Nanos::from_ms(40)));
    rig.at = 39;
    rig.best("100.0", "100.1", "50");
    // Longs are paid when the rate is below 0: 220 x 0.0002.
    assert_eq!(rig.rows(), ["funding 0.04400000", "usd 999.62360000"]);
    rig.at = 99;
    assert!(rig.rows().is_empty());
}

#[test]
fn too_little_margin_closes_everything_for_a_fee() {
    let mut rig = Rig::new(50);
    rig.best("100.0", "100.1", "50");
    rig.mark(100);
    rig.order(Side::Buy, "100.1", "4", intent::Tif::Ioc);
    rig.order(Side::Buy, "90.0", "0.5", intent::Tif::PostOnly);
    rig.rows();
    rig.best("91.0", "92.0", "50");
    // Equity is 49.2 - 24.4 at 94, more than 5 % of 376; at 92 it is 16.8, less than of 368.
    rig.mark(94);
    assert!(rig.rows().iter().all(|row| !row.contains("theirs")), "enough at 94");
    rig.mark(92);
    assert_eq!(rig.venue.liquidations(), 1);
    let told = rig.rows();
    assert_eq!(told[0], "done Cancelled None");
    assert_eq!(told[1], "fill theirs 4.00 at 91.0");
    assert_eq!(told[2], "position 0.00 at 0");
    // 50 - 0.8008 - 4 x 9.1 - 0.728 - 3.64
    assert_eq!(told.last().unwrap(), "usd 8.43120000", "{told:?}");
    assert_eq!((rig.venue.open_orders(), rig.venue.shortfall()), (0, Notional(0)));
    rig.mark(50);
    assert!(rig.rows().is_empty(), "nothing is left to lose");
}

#[test]
fn what_a_liquidation_loses_beyond_the_account_the_venue_bears() {
    let mut rig = Rig::new(50);
    rig.best("100.0", "100.1", "50");
    rig.order(Side::Buy, "100.1", "4", intent::Tif::Ioc);
    rig.best("60.0", "61.0", "50");
    rig.mark(60);
    assert_eq!((rig.venue.liquidations(), rig.usd()), (1, 0));
    assert!(rig.venue.shortfall().0 > 100 * USD);
}

#[test]
fn an_earlier_session_s_position_goes_on() {
    let position =
        Position { base: Amount(2 * USD), cost: Notional(190 * USD), ..Position::default() };
    let opening = Opening {
        balances: vec![(AssetId(1), Amount(100 * USD))],
        positions: vec![(InstrumentId(0), position)],
        ..Opening::default()
    };
    let venue = SimVenue::open(Nanos(0), &[instrument()], opening);
    let mut rig = Rig { venue, at: 0, orders: 0 };
    assert_eq!(rig.rows(), ["usd 100.00000000", "position 2.00 at 95"]);
}
