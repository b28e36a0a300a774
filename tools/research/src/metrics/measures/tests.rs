//! A small run measured by hand, and drawn runs against a naive measuring that keeps everything.

use super::*;
use engine::id::Side;
use proptest::prelude::*;

fn market(name: &str, tick: f64, lot: f64) -> Market {
    let (base, quote) = ("BTC".into(), "USDT".into());
    Market { name: name.into(), base, quote, tick, lot, is_margined: true }
}

fn meta(equity: f64) -> Meta {
    let markets = vec![market("sim:ONE", 0.5, 0.1), market("sim:TWO", 0.5, 0.1)];
    Meta { name: "test".into(), markets, equity, asset: "USDT".into(), utc_ns: 0 }
}

fn near(one: f64, two: f64) {
    assert!((one - two).abs() <= 1e-9 * two.abs().max(1.0), "{one} is not {two}");
}

/// `look s bid ask own_bid own_ask position equity`, `fill s side price qty fee maker|taker mid`,
/// `mark after side price qty mid_then mid`, `sent price qty`, `fund amount`; `-` is no number.
fn measured(script: &str) -> Measures {
    let mut measures = Measures::default();
    measures.begins(&meta(1_000.0));
    for line in script.trim().lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |place: usize| words[place].parse::<f64>().unwrap_or(f64::NAN);
        let side = |place: usize| if words[place] == "buy" { Side::Buy } else { Side::Sell };
        let at = |place: usize| Nanos((number(place) * 1e9) as u64);
        match words[0] {
            "look" => measures.looks(&Look {
                at: at(1),
                market: 0,
                bid: number(2),
                ask: number(3),
                own_bid: number(4),
                own_ask: number(5),
                position: number(6),
                rate: 1.0,
                equity: number(7),
            }),
            "fill" => measures.filled(&Filled {
                at: at(1),
                market: 0,
                desk: 0,
                order: 1,
                side: side(2),
                price: number(3),
                qty: number(4),
                fee: number(5),
                is_maker: words[6] == "maker",
                mid: number(7),
            }),
            "mark" => measures.marked(&Marked {
                at: Nanos::ZERO,
                market: 0,
                after: number(1) as usize,
                side: side(2),
                price: number(3),
                qty: number(4),
                mid_then: number(5),
                mid: number(6),
            }),
            "sent" => measures.sent(&Sent {
                at: Nanos::ZERO,
                market: 0,
                order: 1,
                side: Side::Buy,
                price: number(1),
                qty: number(2),
            }),
            "fund" => {
                measures.funded(&Funded { at: Nanos::ZERO, market: 0, amount: number(1) });
            }
            other => panic!("{other}"),
        }
    }
    measures
}

#[test]
fn a_small_run_is_as_computed_by_hand() {
    let found = measured(
        "look 0 99.5 100.5 99.5 101.0 0 1000
         sent 99.5 2
         sent 101 2
         fill 0.5 buy 99.5 2 0.4 maker 100
         mark 2 buy 99.5 2 100 99
         mark 0 buy 99.5 2 100 100.5
         look 1 98.5 99.5 - 100.5 2 997.6
         fill 1.5 sell 98.5 1 0.2 taker 99
         fund -0.5
         look 2 99.5 100.5 99.0 100.5 1 997.9",
    )
    .metrics();
    near(found.seconds, 2.0);
    near(found.pnl, -2.1);
    // 2 x 0.5 made, 1 x 0.5 paid.
    near(found.pnl_spread, 0.5);
    near(found.pnl_fees, -0.6);
    near(found.pnl_funding, -0.5);
    // 2 from 100 to 99, 1 from 99 to 100, but for the half that selling at mid 99 missed.
    near(found.pnl_inventory, -1.5);
    near(found.total_return, -0.0021);
    near(found.turnover, 199.0 + 98.5);
    near(found.fill_ratio, 297.5 / 401.0);
    near(found.maker_share, 199.0 / 297.5);
    // Both sides stood at two looks of three; at best: bid once, ask once.
    near(found.quote_uptime, 2.0 / 3.0);
    near(found.time_at_best, 2.0 / 6.0);
    near(found.spread_captured, 0.5 / 297.5 * 1e4);
    near(found.slippage, 0.5 / 98.5 * 1e4);
    near(found.markout_100ms, 2.0 / 199.0 * 1e4);
    near(found.markout_10s, -1.0 / 199.0 * 1e4);
    near(found.adverse_selection, 2.0 / 199.0 * 1e4);
    assert!(found.markout_60s.is_nan() && found.sqn.is_nan() && found.profit_factor.is_nan());
    assert_eq!((found.trades, found.fills, found.orders), (0, 2, 2));
    near(found.max_drawdown, 0.0024);
    near(found.max_drawdown_quote, 2.4);
    near(found.max_drawdown_s, 2.0);
    assert_eq!(
        found.position,
        Held::Each([("sim:ONE".into(), 1.0), ("sim:TWO".into(), 0.0)].into())
    );
}

#[test]
fn every_metric_is_a_number_or_null_in_json() {
    let json = serde_json::to_value(Measures::default().metrics()).unwrap();
    let names = "total_return annualised_return sharpe sortino calmar max_drawdown max_drawdown_s \
        win_rate profit_factor expectancy sqn ulcer_index var_95 cvar_95 turnover fill_ratio \
        maker_share quote_uptime time_at_best spread_captured markout_100ms markout_1s \
        markout_10s markout_60s adverse_selection pnl pnl_spread pnl_inventory pnl_fees \
        pnl_funding slippage fills equity trades";
    for name in names.split_whitespace() {
        let value = &json[name];
        assert!(value.is_number() || value.is_null(), "{name}: {value}");
        assert!(json.as_object().unwrap().contains_key(name), "{name}");
    }
}

#[derive(Clone, Debug)]
struct Step {
    market: usize,
    move_ticks: i64,
    fill: Option<(bool, i64, u64)>,
    funding: i64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fill = proptest::option::of((any::<bool>(), -3..=3_i64, 1..20_u64));
    let step = (0..2_usize, -3..=3_i64, fill, -2..=2_i64)
        .prop_map(|(market, move_ticks, fill, funding)| Step { market, move_ticks, fill, funding });
    proptest::collection::vec(step, 2..200)
}

proptest! {
    /// Equity is kept as an exchange would: money and positions at mids.
    #[test]
    fn the_split_is_what_each_part_is_by_itself(steps in steps()) {
        let rates = [1.0, 2.0];
        let (mut mids, mut held) = ([100.0, 50.0], [0.0, 0.0]);
        let mut money = 10_000.0;
        let [mut spread, mut drift, mut fees, mut funding, mut turnover] = [0.0; 5];
        let mut equities = Vec::new();
        let mut measures = Measures::default();
        measures.begins(&meta(money));
        for (s, step) in steps.iter().enumerate() {
            let at = Nanos::from_s(s as u64);
            let place = step.market;
            let equity = |money: f64, held: &[f64; 2], mids: &[f64; 2]| {
                money + held[0] * mids[0] * rates[0] + held[1] * mids[1] * rates[1]
            };
            for market in 0..2 {
                let (bid, ask) = (mids[market] - 0.5, mids[market] + 0.5);
                measures.looks(&Look {
                    at, market, bid, ask, own_bid: f64::NAN, own_ask: f64::NAN,
                    position: held[market], rate: rates[market],
                    equity: equity(money, &held, &mids),
                });
            }
            equities.push(equity(money, &held, &mids));
            if let Some((buys, ticks, lots)) = step.fill {
                let (side, sign) = if buys { (Side::Buy, 1.0) } else { (Side::Sell, -1.0) };
                let (price, qty) = (mids[place] + ticks as f64 * 0.5, lots as f64 * 0.1);
                let fee = qty * 0.01;
                measures.filled(&Filled {
                    at, market: place, desk: 0, order: s as u64, side, price, qty, fee,
                    is_maker: true, mid: mids[place],
                });
                held[place] += sign * qty;
                money -= (sign * price * qty + fee) * rates[place];
                spread += sign * (mids[place] - price) * qty * rates[place];
                fees += fee * rates[place];
                turnover += price * qty * rates[place];
            }
            let amount = step.funding as f64;
            measures.funded(&Funded { at, market: place, amount });
            money += amount * rates[place];
            funding += amount * rates[place];
            let change = step.move_ticks as f64 * 0.5;
            mids[place] += change;
            drift += held[place] * change * rates[place];
        }
        let last = money + held[0] * mids[0] + held[1] * mids[1] * 2.0;
        let at = Nanos::from_s(steps.len() as u64);
        for market in 0..2 {
            measures.looks(&Look {
                at, market, bid: 0.0, ask: 1.0, own_bid: f64::NAN, own_ask: f64::NAN,
                position: held[market], rate: rates[market], equity: last,
            });
        }
        equities.push(last);
        let found = measures.metrics();
        let close = |one: f64, two: f64| (one - two).abs() < 1e-6;
        prop_assert!(close(found.pnl, last - 10_000.0));
        prop_assert!(close(found.pnl_spread, spread));
        prop_assert!(close(found.pnl_inventory, drift), "{} is not {drift}", found.pnl_inventory);
        prop_assert!(close(found.pnl_fees, -fees));
        prop_assert!(close(found.pnl_funding, funding));
        prop_assert!(close(found.turnover, turnover));
        let whole = found.pnl_spread + found.pnl_inventory + found.pnl_fees + found.pnl_funding;
        prop_assert!(close(whole, found.pnl));
        naive(&equities, &found)?;
    }
}

/// Returns by the second and the drawdowns, from all equities at once.
fn naive(equities: &[f64], found: &Metrics) -> Result<(), TestCaseError> {
    let returns: Vec<f64> = equities.windows(2).map(|two| two[1] / two[0] - 1.0).collect();
    let close = |one: f64, two: f64| {
        one.is_nan() && two.is_nan() || (one - two).abs() <= 1e-9 * two.abs().max(1.0)
    };
    if equities.len() < 1_800 {
        prop_assert_eq!(found.returns as usize, returns.len());
        prop_assert!(close(found.sharpe, formulas::sharpe(&returns, YEAR_S)));
        prop_assert!(close(found.var_95, formulas::value_at_risk(&returns, 0.05)));
    }
    let falls: Vec<f64> = (0..equities.len())
        .map(|place| {
            let peak = equities[..=place].iter().copied().fold(f64::MIN, f64::max);
            (peak - equities[place]) / peak
        })
        .collect();
    let deepest = falls.iter().copied().fold(0.0, f64::max);
    prop_assert!(close(found.max_drawdown, deepest));
    let squares: f64 = falls.iter().map(|fall| fall * fall).sum();
    prop_assert!(close(found.ulcer_index, (squares / falls.len() as f64).sqrt()));
    let mut longest = 0;
    let mut since = 0;
    for (place, fall) in falls.iter().enumerate() {
        if *fall > 0.0 {
            longest = longest.max(place - since);
        } else {
            if place > 0 && falls[place - 1] > 0.0 {
                longest = longest.max(place - since);
            }
            since = place;
        }
    }
    prop_assert!(close(found.max_drawdown_s, longest as f64));
    Ok(())
}
