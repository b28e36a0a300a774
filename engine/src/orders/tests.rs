//! The sums and lists beside naive ones, through random lives of orders.

extern crate std;
use super::*;
use crate::id::{AssetId, ClientId, VenueId};
use crate::instrument::{Instrument, Symbol};
use crate::intent::{Place, Tif};
use crate::num::{Amount, Grid};
use crate::time::Nanos;
use proptest::prelude::*;
use std::vec::Vec;

fn instruments() -> Vec<Instrument> {
    let symbol = Symbol::new("BTCUSDT").unwrap();
    let make = |id: u16, decimals| {
        let grids = (Grid { decimals: 2, step: 1 }, Grid { decimals, step: 3 });
        Instrument::new(InstrumentId(id), symbol, (AssetId(id), AssetId(9)), grids)
    };
    Vec::from([make(0, 5), make(1, 8), make(2, 0)])
}

fn place(counter: u32, instrument: u16, side: Side, price: i64, qty: i64) -> Place {
    let order = OrderId::new(7, counter);
    let client = ClientId { order, cause: 0 };
    let (price, qty) = (Price(price), Qty(qty));
    Place { client, instrument: InstrumentId(instrument), side, price, qty, tif: Tif::PostOnly }
}

fn check(orders: &Orders, naive: &[Order], exposure: &Exposure) {
    let all = instruments();
    let mut locked = [0_i64; 10];
    let mut notional = 0;
    for (id, side) in (0..3).flat_map(|id| Side::BOTH.map(|side| (InstrumentId(id), side))) {
        let own = |order: &&Order| order.instrument == id && order.side == side;
        let expect: Vec<OrderId> = naive.iter().filter(own).map(Order::id).collect();
        let found: Vec<OrderId> = orders.side(id, side).map(Order::id).collect();
        assert_eq!(found, expect, "{id:?} {side:?}");
        let remaining = naive.iter().filter(own).map(|order| order.remaining().0).sum();
        assert_eq!(orders.remaining(id, side), Qty(remaining));
        let unknown = naive.iter().filter(own).any(|order| order.state == OrderState::Unknown);
        assert_eq!(orders.is_unknown(id, side), unknown);
        assert_eq!(orders.side_len(id, side), expect.len());
        for order in naive.iter().filter(own) {
            let instrument = &all[id.index()];
            let worth = instrument.notional(order.price, order.remaining()).0;
            notional += worth;
            match side {
                Side::Buy => locked[instrument.quote.index()] += worth,
                Side::Sell => {
                    locked[instrument.base.index()] += instrument.base_amount(order.remaining()).0;
                }
            }
        }
    }
    let live: Vec<OrderId> = orders.live().map(Order::id).collect();
    assert_eq!(live, naive.iter().map(Order::id).collect::<Vec<_>>());
    assert_eq!(orders.notional(), Notional(notional));
    for (asset, locked) in locked.iter().enumerate() {
        assert_eq!(
            exposure.locked(VenueId(0), AssetId(asset as u16)),
            Amount(*locked),
            "asset {asset}"
        );
    }
}

proptest! {
    #[test]
    fn lists_and_sums_are_those_of_the_live_orders(
        turns in prop::collection::vec(
            (0_u8..6, 0_u32..70, 0_u16..3, any::<bool>(), 1_i64..9_000),
            1..300,
        ),
    ) {
        let mut orders = Orders::new(1, 3);
        let mut exposure = Exposure::new(instruments());
        let mut naive: Vec<Order> = Vec::new();
        let mut counter = 0;
        for (what, which, instrument, buys, size) in turns {
            let side = if buys { Side::Buy } else { Side::Sell };
            let known = naive.get(which as usize % naive.len().max(1)).map(Order::id);
            // One that nobody knows, so that nothing changes.
            let id = known.unwrap_or(OrderId::new(8, which + 1));
            let change = |order: &mut Order| match what {
                2 => order.state = OrderState::Unknown,
                3 => order.filled = Qty((order.filled.0 + 7).min(order.qty.0)),
                4 => order.qty = Qty(size),
                _ => order.state = OrderState::Cancelled,
            };
            if what < 2 {
                counter += 1;
                let order = Order::new(&place(counter, instrument, side, size * 3, size), Nanos(1));
                if orders.insert(order, &mut exposure) {
                    naive.push(order);
                }
                prop_assert_eq!(naive.len() < 57, true);
            } else {
                orders.update(id, &mut exposure, change);
                naive.iter_mut().filter(|order| order.id() == id).for_each(change);
                naive.retain(|order| !order.state.is_terminal());
            }
            check(&orders, &naive, &exposure);
        }
        let mut again = Exposure::new(instruments());
        orders.expose(&mut again);
        check(&orders, &naive, &again);
    }
}
