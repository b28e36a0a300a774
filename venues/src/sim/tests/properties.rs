//! Whatever is asked and whatever happens in the market: what must always hold.

use super::*;
use proptest::prelude::*;

/// A step of a random session: what and how much.
type Step = (u8, i64, i64, u8, u64);

fn step_of(line: &mut Line, now: Nanos, id: u64, step: Step) -> Option<Ask> {
    let (what, price, qty, kind, key) = step;
    let side = if kind & 1 == 0 { Side::Buy } else { Side::Sell };
    let tif = [Tif::PostOnly, Tif::Gtc, Tif::Ioc, Tif::Fok][usize::from(kind >> 1) % 4];
    let new = NewOrder { key: id, side, limit: Some(Price(price)), qty: Qty(qty), tif };
    let ask = match what {
        0..=2 => {
            line.on_trade(now, Price(price), Qty(qty), side);
            return None;
        }
        3..=4 => {
            let width = i64::from(kind % 3);
            line.on_best(now, id, (Price(price), Qty(qty)), (Price(price + 1 + width), Qty(qty)));
            return None;
        }
        5 => {
            line.on_level(now, id, (side, Price(price), Qty(qty - 1)));
            line.on_depth_end(now);
            return None;
        }
        6..=8 => Ask::New(new),
        9 => Ask::Cancel(key),
        10 => Ask::Amend { key, qty: Qty(qty) },
        11 => Ask::Replace { old: key, new },
        _ => Ask::CancelAll,
    };
    line.submit(now, ask).ok().map(|()| ask)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Never more than was ordered, nor before it arrived, nor beyond the limit, nor after the end;
    /// trade ids are unique and go upwards; of one trade no more is filled than it traded.
    #[test]
    fn fills_stay_within_what_was_asked_and_traded(
        steps in prop::collection::vec(
            (0..13_u8, 95..106_i64, 1..9_i64, 0..8_u8, 1..120_u64),
            1..120,
        ),
    ) {
        let mut line = Line::new(settings(), LATENCY, 256);
        let mut sent: std::collections::BTreeMap<u64, (NewOrder, Nanos)> = Default::default();
        let mut filled: std::collections::BTreeMap<u64, i64> = Default::default();
        let mut ended: std::collections::BTreeSet<u64> = Default::default();
        let mut trade_last = 0;
        for (id, step) in steps.iter().enumerate() {
            let now = Nanos::from_ms(id as u64);
            let before: i64 = line.market().open().map(|order| order.filled.0).sum();
            line.advance(now);
            let by_key = |line: &Line| -> Vec<(u64, i64)> {
                line.market().open().map(|order| (order.key, order.leaves().0)).collect()
            };
            let open = by_key(&line);
            let ask = step_of(&mut line, now, id as u64 + 1, *step);
            if step.0 <= 2 {
                let after = by_key(&line);
                let left = |key| after.iter().find(|row| row.0 == key).map_or(0, |row| row.1);
                let took: i64 = open.iter().map(|(key, leaves)| leaves - left(*key)).sum();
                prop_assert!(took <= step.2, "a trade of {} filled {took} ({before})", step.2);
            }
            if let Some(Ask::New(new) | Ask::Replace { new, .. }) = ask {
                sent.insert(new.key, (new, now));
            }
            for order in line.market().open() {
                prop_assert!(order.leaves().0 > 0 && order.ahead.0 >= 0);
            }
            while let Some((seen, report)) = line.poll(now) {
                prop_assert!(seen == report.at.after(LATENCY.response));
                let What::Fill(fill) = report.what else {
                    if let What::Done { key, .. } | What::Rejected { key, .. } = report.what {
                        prop_assert!(ended.insert(key), "order {key} ended twice");
                    }
                    continue;
                };
                let (new, at) = &sent[&fill.key];
                prop_assert!(report.at >= at.after(LATENCY.entry), "filled before it arrived");
                let limit = new.limit.unwrap();
                prop_assert!((limit.0 - fill.price.0) * new.side.sign() >= 0, "beyond its limit");
                prop_assert!(!(fill.maker && fill.price != limit), "a maker fills at its price");
                prop_assert!(new.tif != Tif::PostOnly || fill.maker);
                prop_assert!(!ended.contains(&fill.key), "filled after its end");
                prop_assert!(fill.trade > trade_last && fill.qty.0 > 0);
                trade_last = fill.trade;
                let sum = filled.entry(fill.key).or_default();
                *sum += fill.qty.0;
                prop_assert_eq!(*sum, fill.filled.0);
                prop_assert!(*sum <= new.qty.0);
            }
        }
    }

    /// Of two own orders at one price, the later one is never filled while the earlier one is open.
    #[test]
    fn own_orders_at_one_price_fill_first_in_first_out(
        trades in prop::collection::vec((99..102_i64, 1..9_i64), 1..40),
        display in 0..20_i64,
    ) {
        let mut line = Line::new(settings(), Latency::default(), 64);
        line.on_best(Nanos(0), 1, (Price(100), Qty(display)), (Price(105), Qty(1)));
        for key in 1..=5 {
            let (side, limit, tif) = (Side::Buy, Some(Price(100)), Tif::PostOnly);
            let order = NewOrder { key, side, limit, qty: Qty(3), tif };
            line.submit(Nanos(0), Ask::New(order)).unwrap();
        }
        let mut first = 1;
        for (price, qty) in trades {
            line.on_trade(Nanos(1), Price(price), Qty(qty), Side::Sell);
            while let Some((_, report)) = line.poll(Nanos(1)) {
                if let What::Fill(fill) = report.what {
                    prop_assert_eq!(fill.key, first);
                    first += u64::from(fill.leaves.is_zero());
                }
            }
        }
    }
}
