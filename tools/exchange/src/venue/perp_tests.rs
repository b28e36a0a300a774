//! Perpetuals as text in and text out: positions, margin, funding, liquidation, reduce-only; and
//! that money and positions are neither made nor lost, whatever happens.

use super::*;
use crate::account::Fees;
use crate::symbol::{SCALE, Symbol, Terms};
use proptest::prelude::*;

/// One lot is one coin, one tick is one USDT: 5@100 is worth 500 USDT.
fn symbol() -> Symbol {
    Symbol {
        name: "XUSDT".into(),
        base: "X".into(),
        tick: SCALE,
        lot: SCALE,
        qty_max: 1_000_000 * SCALE,
        market_qty_max: 1_000_000 * SCALE,
        notional_min: SCALE,
        start_price: 100 * SCALE,
        perp: Some(Terms {
            leverage_max: 10,
            maintenance: SCALE / 20,
            funding_ms: 1000,
            interest: 0,
            funding_cap: SCALE / 10,
            liquidation_fee: SCALE / 100,
        }),
        ..Symbol::btcusdt()
    }
}

const NAMES: [&str; 3] = ["ann", "bob", "cat"];

pub(super) fn venue(taker_fee: i64) -> Venue {
    let spot = Symbol { perp: None, ..symbol() };
    let listings = [symbol(), spot].map(|symbol| Listing::new(symbol, 100, 1000));
    let mut venue = Venue::new(listings.into());
    let fees = Fees { maker: 0, taker: taker_fee, third: None };
    let fees = BTreeMap::from([(Product::Perp, fees.clone()), (Product::Spot, fees)]);
    for name in NAMES {
        let start = [("USDT".to_string(), 1000 * SCALE), ("X".to_string(), 10 * SCALE)];
        venue.accounts.push(Account::new(name, false, &start, fees.clone()));
    }
    venue
}

pub(super) fn account(venue: &Venue, name: &str) -> AccountId {
    venue.account_named(name).unwrap()
}

/// Sets the mark price and lets the venue look at margins.
pub(super) fn mark(venue: &mut Venue, price: i64) {
    if let Some(mark) = &mut venue.listing_mut(0).mark {
        (mark.index, mark.price) = (price * SCALE, price * SCALE);
    }
    venue.watch_margin(1);
    venue.unwind(1);
}

fn show_position(venue: &Venue, name: &str) -> String {
    let id = account(venue, name);
    let held = venue.account(id).positions.iter().filter(|one| one.lots != 0);
    let spec = &venue.listing(0).symbol;
    let tell = |one: &Position| {
        let leg = if one.leg == Leg::Net { String::new() } else { format!(" {}", one.leg.text()) };
        format!("{}@{}{leg}", one.lots, one.entry(spec) / SCALE)
    };
    let held: Vec<String> = held.map(tell).collect();
    let wallet = venue.account(id).balance("USDT");
    let wallet = (wallet.free + wallet.locked) as f64 / SCALE as f64;
    format!("{} {wallet}", if held.is_empty() { "flat".into() } else { held.join(" ") })
}

/// `house SIDE QTY@PRICE`, `NAME SIDE QTY@PRICE|QTY WORD…`, `mark PRICE`, `fund BP`,
/// `show NAME|open NAME|margin NAME|liquidated-at NAME|insurance`, `lever NAME N`, `hedge NAME`,
/// `cancel NAME #CLIENT`, `amend NAME #CLIENT QTY@PRICE`.
pub(super) fn act(venue: &mut Venue, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let said =
        |result: Result<(), Refusal>| result.map_or_else(|r| format!("{r:?}"), |()| "ok".into());
    let out = match words.as_slice() {
        ["mark", price] => {
            mark(venue, price.parse().unwrap());
            "ok".into()
        }
        ["fund", bp] => {
            venue.pay_funding(0, bp.parse::<i64>().unwrap() * SCALE / 10_000, 1);
            "ok".into()
        }
        ["show", name] => show_position(venue, name),
        ["insurance"] => show_position(venue, "insurance"),
        ["open", name] => show_open(venue, name),
        ["margin", name] => {
            let margin = venue.margin(account(venue, name));
            let whole = |sum: i64| sum / SCALE;
            format!(
                "equity {} positions {} orders {} available {}",
                whole(margin.equity),
                whole(margin.positions),
                whole(margin.orders),
                whole(margin.available)
            )
        }
        ["liquidated-at", name] => {
            let id = account(venue, name);
            let position = venue.account(id).position(0, Leg::Net);
            venue
                .liquidation_price(id, &position)
                .map_or("never".into(), |price| format!("{:.2}", price as f64 / SCALE as f64))
        }
        ["lever", name, n] => said(venue.set_leverage(account(venue, name), 0, n.parse().unwrap())),
        ["hedge", name] => said(venue.set_hedge(account(venue, name), true)),
        ["cancel", name, client] => {
            let id = venue.find_open(account(venue, name), 0, None, Some(client)).unwrap();
            venue.cancel(id, Why::User, "", 1).map(|order| order.status.text()).unwrap()
        }
        ["amend", name, client, size] => {
            let (qty, price) = size.split_once('@').unwrap();
            let to = Amend { qty: qty.parse().ok(), price: price.parse().ok(), ..Amend::default() };
            match venue.find_open(account(venue, name), 0, None, Some(client)) {
                None => "unknown".into(),
                Some(id) => match venue.amend(id, &to, 1) {
                    Ok(_) => told(&venue.orders[&id]),
                    Err(refusal) => format!("{refusal:?}"),
                },
            }
        }
        ["house", side, size] => {
            let (qty, price) = size.split_once('@').unwrap();
            let at = (price.parse().unwrap(), qty.parse().unwrap());
            venue.house_limit(0, Side::word(side).unwrap(), at, Tif::Gtc, 1);
            "ok".into()
        }
        [name, side, size, rest @ ..] => {
            let new = read(venue, side, size, rest);
            match venue.place(account(venue, name), new, 1) {
                Ok(placed) => told(&placed.order),
                Err(refusal) => format!("{refusal:?}"),
            }
        }
        _ => panic!("{line}"),
    };
    venue.commit(1);
    out
}

pub(super) fn read(venue: &Venue, side: &str, size: &str, words: &[&str]) -> NewOrder {
    let mut new = NewOrder {
        side: Side::word(side).unwrap(),
        client: format!("auto{}", venue.next_order),
        ..NewOrder::default()
    };
    match size.split_once('@') {
        Some((qty, price)) => (new.qty, new.price) = (qty.parse().unwrap(), price.parse().unwrap()),
        None => (new.qty, new.kind) = (size.parse().unwrap(), Kind::Market),
    }
    for word in words {
        match *word {
            "reduce" => new.reduce = true,
            "spot" => new.symbol = 1,
            "ioc" => new.tif = Tif::Ioc,
            "long" => new.leg = Leg::Long,
            "short" => new.leg = Leg::Short,
            client => new.client = client.into(),
        }
    }
    new
}

pub(super) fn told(order: &Order) -> String {
    let why = order.why.map(|why| format!(" {why:?}")).unwrap_or_default();
    format!("{}{why} {}/{}", order.status.text(), order.filled, order.qty)
}

fn show_open(venue: &Venue, name: &str) -> String {
    let open = venue.account(account(venue, name)).open.iter().map(|id| &venue.orders[id]);
    let open: Vec<String> =
        open.map(|order| format!("{} {}@{}", order.client, order.left(), order.price)).collect();
    if open.is_empty() { "none".into() } else { open.join(", ") }
}

/// Wallets less costs over all accounts, and all lots: neither is ever made or lost by a trade, a
/// payment or a liquidation.
pub(super) fn sums(venue: &Venue) -> (i64, i64, i64) {
    let mut out = (0, 0, 0);
    for account in &venue.accounts {
        let balance = account.balance("USDT");
        out.0 += balance.free + balance.locked;
        out.2 += account.balance("X").free + account.balance("X").locked;
        for position in &account.positions {
            out.0 -= position.cost;
            out.1 += position.lots;
        }
    }
    out
}

/// Resting reduce-only orders never exceed their position, and flat positions cost nothing.
pub(super) fn consistent(venue: &Venue) {
    for (n, account) in venue.accounts.iter().enumerate().skip(USERS as usize) {
        let mut reducing = BTreeMap::<Leg, i64>::new();
        for order in account.open.iter().map(|id| &venue.orders[id]) {
            assert!(order.status.is_open() && order.left() > 0, "{order:?}");
            if order.only_reduces() {
                let most = venue.reducible(n as AccountId, 0, order.leg, order.side);
                let sum = reducing.entry(order.leg).or_default();
                *sum += order.left();
                assert!(*sum <= most, "account {n}: {sum} reduce {most}");
            }
        }
        for position in &account.positions {
            assert!(position.lots != 0 || position.cost == 0, "{position:?}");
        }
    }
}

fn check_with(fee: i64, script: &str) {
    let mut venue = venue(fee);
    let before = sums(&venue);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (input, expect) = line.split_once("=>").unwrap();
        assert_eq!(act(&mut venue, input), expect.trim(), "{line}");
        assert_eq!(sums(&venue), before, "{line}");
        consistent(&venue);
    }
}

fn check(script: &str) {
    check_with(0, script);
}

#[test]
fn positions_are_opened_turned_and_closed() {
    check(
        "ann SELL 5@100 => NEW 0/5
         bob BUY 5@100 => FILLED 5/5
         show bob => 5@100 1000
         show ann => -5@100 1000
         margin bob => equity 1000 positions 50 orders 0 available 950
         mark 110 => ok
         margin bob => equity 1050 positions 55 orders 0 available 995
         cat BUY 8@110 => NEW 0/8
         bob SELL 8@110 => FILLED 8/8
         show bob => -3@110 1050
         ann BUY 3@112 => NEW 0/3
         bob SELL 3@112 => FILLED 3/3
         show ann => -2@100 964
         margin ann => equity 944 positions 22 orders 0 available 922",
    );
}

#[test]
fn fees_and_funding_are_paid_in_the_settlement_asset() {
    check_with(
        SCALE / 100,
        "ann SELL 5@100 => NEW 0/5
         bob BUY 5@100 => FILLED 5/5
         show bob => 5@100 995
         fund 100 => ok
         show bob => 5@100 990
         show ann => -5@100 1005
         house BUY 5@100 => ok
         bob SELL 5 => FILLED 5/5
         fund -100 => ok
         show bob => flat 985
         show ann => -5@100 1000",
    );
}

#[test]
fn margin_limits_what_can_be_opened() {
    check(
        "ann BUY 101@100 => Margin
         ann BUY 100@100 #a => NEW 0/100
         margin ann => equity 1000 positions 0 orders 1000 available 0
         ann SELL 99@101 #b => NEW 0/99
         cancel ann #a => CANCELLED
         cancel ann #b => CANCELLED
         lever ann 11 => Leverage
         lever ann 5 => ok
         ann BUY 51@100 => Margin
         ann BUY 50@100 #c => NEW 0/50
         lever ann 2 => Leverage
         ann BUY 1@100 spot => Balance
         cancel ann #c => CANCELLED
         ann BUY 5@100 spot => NEW 0/5
         margin ann => equity 1000 positions 0 orders 0 available 500
         ann BUY 26@100 => Margin
         ann BUY 1@100 reduce spot => Leg
         ann BUY 1@100 long => Leg",
    );
}

#[test]
fn a_loss_is_margined_before_it_is_made() {
    check(
        "house SELL 200@120 => ok
         bob BUY 32 => Margin
         ann BUY 31 => FILLED 31/31
         margin ann => equity 380 positions 310 orders 0 available 70",
    );
}

#[test]
fn reduce_only_orders_are_cut_and_follow_the_position() {
    check(
        "ann SELL 5@100 reduce => ReduceOnly
         house SELL 10@100 => ok
         ann BUY 10@100 => FILLED 10/10
         ann BUY 1@90 reduce => ReduceOnly
         ann SELL 30@105 #far reduce => NEW 0/10
         ann SELL 4@103 #near reduce => NEW 0/4
         open ann => #far 6@105, #near 4@103
         house BUY 7@99 => ok
         ann SELL 7 => FILLED 7/7
         open ann => #near 3@103
         house BUY 9@103 => ok
         show ann => flat 1002
         open ann => none",
    );
}

#[test]
fn a_sweep_stops_at_what_a_reduce_only_order_may_still_do() {
    check(
        "house SELL 10@100 => ok
         ann BUY 10@100 => FILLED 10/10
         ann SELL 10@102 #r reduce => NEW 0/10
         ann SELL 8@101 #plain => NEW 0/8
         bob BUY 30@102 => PARTIALLY_FILLED 10/30
         show ann => flat 1012
         open ann => none
         show bob => 10@101 1000",
    );
}

#[test]
fn hedge_mode_keeps_two_positions() {
    check(
        "hedge ann => ok
         house SELL 5@100 => ok
         house BUY 9@99 => ok
         ann BUY 5@100 => Leg
         ann BUY 5@100 long => FILLED 5/5
         ann SELL 3@99 short => FILLED 3/3
         show ann => 5@100 LONG -3@99 SHORT 1000
         ann SELL 9@101 long #close => NEW 0/5
         ann BUY 1@98 short #other => NEW 0/1
         margin ann => equity 997 positions 80 orders 0 available 917
         hedge ann => ok
         bob BUY 5@101 => FILLED 5/5
         show ann => -3@99 SHORT 1005
         ann SELL 1@101 long => ReduceOnly",
    );
}

#[test]
fn mode_changes_need_a_flat_account() {
    check(
        "ann BUY 1@99 #a => NEW 0/1
         hedge ann => PositionMode
         cancel ann #a => CANCELLED
         house SELL 1@100 => ok
         ann BUY 1@100 => FILLED 1/1
         hedge ann => PositionMode",
    );
}

#[test]
fn liquidation_sells_into_the_book_and_the_insurance_account_takes_the_rest() {
    check(
        "house SELL 90@100 => ok
         ann BUY 90@100 => FILLED 90/90
         ann BUY 1@80 #rests => NEW 0/1
         liquidated-at ann => 93.57
         mark 94 => ok
         show ann => 90@100 1000
         house BUY 40@92 => ok
         mark 93 => ok
         open ann => none
         insurance => 50@89 36.8
         show ann => flat 93.2
         house BUY 90@93 => ok
         mark 93 => ok
         insurance => flat 236.8",
    );
}

#[test]
fn a_debt_is_covered_by_the_insurance_account() {
    check(
        "house SELL 90@100 => ok
         ann BUY 90@100 => FILLED 90/90
         mark 80 => ok
         show ann => flat 10
         insurance => 90@89 0
         house BUY 90@80 => ok
         mark 80 => ok
         insurance => flat -810",
    );
}

#[test]
fn shorts_are_liquidated_upwards() {
    check(
        "house BUY 90@100 => ok
         ann SELL 90@100 => FILLED 90/90
         liquidated-at ann => 105.82
         house SELL 90@107 => ok
         mark 106 => ok
         show ann => flat 273.7
         insurance => flat 96.3",
    );
}

#[test]
fn a_margin_call_comes_once_before_the_liquidation() {
    let mut venue = venue(0);
    act(&mut venue, "house SELL 90@100");
    act(&mut venue, "ann BUY 90@100");
    let mut calls = Vec::new();
    for price in [98, 96, 94, 94, 95, 100, 94] {
        venue.events.clear();
        act(&mut venue, &format!("mark {price}"));
        let called = |event: &&Event| {
            matches!(event, Event::Private { what: Private::MarginCall { .. }, .. })
        };
        calls.push(venue.events.iter().filter(called).count());
    }
    assert_eq!(calls, [0, 0, 1, 0, 0, 0, 1]);
}

#[test]
fn funding_is_paid_by_the_clock_at_the_mean_premium() {
    let mut venue = venue(0);
    act(&mut venue, "house SELL 10@102");
    act(&mut venue, "house BUY 10@100");
    act(&mut venue, "ann SELL 5@101");
    act(&mut venue, "bob BUY 5@101");
    for now_ms in (10..=2000).step_by(10) {
        venue.pulse(now_ms);
        venue.commit(now_ms);
    }
    // The mid is 1 % above the index: 1 % less the 0.05 % that interest may take off, twice.
    let mark = venue.listing(0).mark.clone().unwrap();
    assert_eq!((mark.last_rate, mark.next_ms, mark.price), (950_000, 3000, 101 * SCALE));
    let paid = venue.account(account(&venue, "bob")).fundings.clone();
    assert_eq!(paid.len(), 2);
    assert_eq!(paid[0].amount, -5 * 101 * 950_000);
    let marks = venue.events.iter().filter(|event| matches!(event, Event::Mark { .. })).count();
    assert_eq!(marks, 20, "at most one event each 100 ms");
}

#[test]
fn positions_and_payments_outlive_the_process() {
    let dir = std::env::temp_dir().join(format!("exchange-perps-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    let mut first = venue(SCALE / 1000);
    first.journal = Some(Journal::start(&dir, first.snapshot(0)).unwrap());
    for line in [
        "lever ann 7",
        "house SELL 10@100",
        "ann BUY 5@100",
        "bob SELL 3@99",
        "hedge cat",
        "fund 20",
        "house BUY 2@98",
        "ann SELL 9@105 #r reduce",
        "ann SELL 2",
    ] {
        act(&mut first, line);
    }
    // The log was written before each answer: what a kill leaves is what lies there now.
    let mut again = venue(0);
    again.restore(Journal::recover(&dir).unwrap().unwrap());
    // A mark price begins with the last trade's and is made anew with the next pulse.
    mark(&mut again, 100);
    let state = |venue: &Venue| {
        let tell = |name| crate::ledger::json(venue, account(venue, name));
        (NAMES.map(tell), sums(venue), venue.leverage(account(venue, "ann"), 0))
    };
    assert_eq!(state(&again), state(&first));
    assert!(again.account(account(&again, "cat")).settings.hedge);
    assert_eq!(show_open(&again, "ann"), "#r 3@105");
    let _ = std::fs::remove_dir_all(&dir);
}

fn step() -> impl Strategy<Value = String> {
    let name = prop_oneof![Just("ann"), Just("bob"), Just("cat")];
    let side = prop_oneof![Just("BUY"), Just("SELL")];
    let word = prop_oneof![4 => Just(""), 3 => Just("reduce"), 1 => Just("ioc"), 1 => Just("spot")];
    prop_oneof![
        6 => (name.clone(), side.clone(), 1..40_i64, 95..106_i64, 0..30_u8, word).prop_map(
            |(name, side, qty, price, client, word)| {
                format!("{name} {side} {qty}@{price} {word} c{client}")
            }
        ),
        2 => (name.clone(), side.clone(), 1..40_i64)
            .prop_map(|(name, side, qty)| format!("{name} {side} {qty}")),
        3 => (side, 1..60_i64, 95..106_i64)
            .prop_map(|(side, qty, price)| format!("house {side} {qty}@{price}")),
        3 => (name.clone(), 1..40_i64, 95..106_i64, 0..30_u8)
            .prop_map(|(name, qty, price, client)| format!("amend {name} c{client} {qty}@{price}")),
        2 => (80..125_i64).prop_map(|price| format!("mark {price}")),
        1 => (-300..300_i64).prop_map(|bp| format!("fund {bp}")),
        1 => (name.clone(), 1..12_u32).prop_map(|(name, n)| format!("lever {name} {n}")),
        1 => name.prop_map(|name| format!("hedge {name}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn money_and_positions_are_conserved(steps in proptest::collection::vec(step(), 1..120)) {
        let mut venue = venue(SCALE / 1000);
        let before = sums(&venue);
        for step in &steps {
            // Hedged accounts name a leg; the side decides which, so that they open and close.
            let name = step.split(' ').next().unwrap_or("");
            let hedged = venue.account_named(name).is_some_and(|id| {
                venue.account(id).settings.hedge && !step.contains("spot")
            });
            let hedged = hedged && !step.starts_with("amend");
            let leg = if step.len() % 2 == 0 { "long" } else { "short" };
            let step = if hedged { format!("{step} {leg}") } else { step.clone() };
            act(&mut venue, &step);
            prop_assert_eq!(sums(&venue), before, "{}", step);
            consistent(&venue);
        }
    }
}
