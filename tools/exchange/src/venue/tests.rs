//! The venue as text in and text out, and what must hold whatever happens.

use super::*;
use crate::account::Fees;
use crate::order::{Back, Trail};
use crate::symbol::{SCALE, Symbol};
use proptest::prelude::*;

const MAKER: AccountId = USERS;
const TAKER: AccountId = USERS + 1;

pub(super) fn venue() -> Venue {
    let mut venue = Venue::new(vec![Listing::new(Symbol::btcusdt(), 100, 1000)]);
    let start = [("BTC".to_string(), 10 * SCALE), ("USDT".to_string(), 1_000_000 * SCALE)];
    for name in ["maker", "taker"] {
        venue.accounts.push(Account::new(
            name,
            false,
            &start,
            BTreeMap::from([(Product::Spot, Fees::default())]),
        ));
    }
    venue
}

/// `ACCOUNT SIDE TYPE[/TIF] QTY[@PRICE] [#CLIENT] [STP]`, `cancel #CLIENT` or
/// `amend #CLIENT QTY`; prices in ticks above 6,000,000, quantities in lots. With `up@PRICE` or
/// `down@PRICE` an order sleeps until then; `pulse` looks for such. Says what came of it.
pub(super) fn act(venue: &mut Venue, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let find = |venue: &Venue, client: &str| {
        let open = |account| venue.find_open(account, 0, None, Some(client));
        open(MAKER).or_else(|| open(TAKER))
    };
    let out = match words.as_slice() {
        ["list", account, rest @ ..] => super::list_tests::place(venue, account_of(account), rest),
        ["pulse"] => {
            venue.pulse(1);
            "ok".into()
        }
        ["show", client] => match venue.orders.values().rev().find(|one| one.client == *client) {
            Some(order) if order.sleeps() && order.status == Status::New => {
                format!("sleeps {}", told(order))
            }
            Some(order) => told(order),
            None => "unknown".into(),
        },
        ["free", account] => {
            let id = account_of(account);
            let lots = |asset| venue.account(id).balance(asset).free / 1000;
            format!("{} {}", lots("BTC"), lots("USDT") / 100_000)
        }
        ["cancel", client] => match find(venue, client) {
            Some(id) => venue.cancel(id, Why::User, "x", 1).map(|o| told(&o)).unwrap_or_default(),
            None => "unknown".into(),
        },
        ["amend", client, qty] => match find(venue, client) {
            Some(id) => {
                let to = Amend { qty: qty.parse().ok(), ..Amend::default() };
                match venue.amend(id, &to, 1) {
                    Ok(_) => told(&venue.orders[&id]),
                    Err(refusal) => format!("{refusal:?}"),
                }
            }
            None => "unknown".into(),
        },
        [account, side, kind, size, rest @ ..] => {
            let account = account_of(account);
            let new = read(venue, [side, kind, size], rest);
            match venue.place(account, new, 1) {
                Ok(placed) => {
                    let fills: Vec<String> = placed
                        .fills
                        .iter()
                        .map(|f| format!("{}@{}", f.qty / 1000, f.price / 1_000_000 - 6_000_000))
                        .collect();
                    format!("{} {}", told(&placed.order), fills.join(" ")).trim().into()
                }
                Err(refusal) => format!("{refusal:?}"),
            }
        }
        _ => panic!("{line}"),
    };
    venue.commit(1);
    out
}

fn account_of(name: &str) -> AccountId {
    if name == "maker" { MAKER } else { TAKER }
}

/// The order of side, type and size, and the words that follow.
pub(super) fn read(venue: &Venue, [side, kind, size]: [&str; 3], rest: &[&str]) -> NewOrder {
    let (kind, tif) = kind.split_once('/').unwrap_or((kind, "GTC"));
    let (qty, price) = size.split_once('@').unwrap_or((size, "-6000000"));
    let (kind, post) = match kind {
        "POST" => ("LIMIT", Post::Refuse),
        "POST_CANCEL" => ("LIMIT", Post::Cancel),
        kind => (kind, Post::No),
    };
    let mut new = NewOrder {
        side: Side::word(side).unwrap(),
        kind: Kind::word(kind).unwrap(),
        tif: Tif::word(tif).unwrap(),
        post,
        stp: Stp::ExpireMaker,
        price: price.parse::<i64>().unwrap() + 6_000_000,
        ..NewOrder::default()
    };
    match qty.strip_suffix("usdt") {
        Some(amount) => new.quote_qty = amount.parse::<i64>().unwrap() * SCALE,
        None => new.qty = qty.parse().unwrap(),
    }
    new.client = format!("auto{}", venue.next_order);
    for word in rest {
        match (Stp::word(word), word.split_once('@')) {
            (Some(stp), _) => new.stp = stp,
            (None, Some((way, at))) => {
                let price = at.parse::<i64>().unwrap();
                let rising = if way == "trail" { new.side == Side::Buy } else { way == "up" };
                let mut stop = Stop { price: price + 6_000_000, rising, ..Stop::default() };
                if way == "trail" {
                    let back = Back::Ticks(price);
                    stop.price = 0;
                    stop.trail = Some(Trail { back, best: None, since_ms: None, hold: 0 });
                }
                new.stop = Some(stop);
            }
            (None, None) => new.client = (*word).into(),
        }
    }
    new
}

pub(super) fn told(order: &Order) -> String {
    let why = order.why.map(|why| format!(" {why:?}")).unwrap_or_default();
    format!("{}{why} {}/{}", order.status.text(), order.filled, order.qty)
}

pub(super) fn check(script: &str) {
    let mut venue = venue();
    let total = totals(&venue);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (input, expect) = line.split_once("=>").unwrap();
        assert_eq!(act(&mut venue, input), expect.trim(), "{line}");
        assert_eq!(totals(&venue), total, "{line}");
        consistent(&venue);
    }
}

/// Sum of each asset over all accounts, the house's debts and the collected fees included.
fn totals(venue: &Venue) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for account in &venue.accounts {
        for (asset, balance) in &account.balances {
            *sums.entry(asset.clone()).or_insert(0) += balance.free + balance.locked;
        }
    }
    sums
}

/// What an open order needs, counted anew.
fn needed(venue: &Venue, order: &Order) -> i64 {
    let spec = &venue.listing(order.symbol).symbol;
    let price = match order.kind {
        Kind::Limit => order.price,
        Kind::Market => order.stop.unwrap().holds_at(),
    };
    match order.side {
        _ if order.status == Status::Pending => 0,
        Side::Buy => price * order.left() * spec.unit(),
        Side::Sell => order.left() * spec.lot,
    }
}

/// Locked amounts are exactly what open orders need, and nothing a user holds is negative.
fn consistent(venue: &Venue) {
    for (n, account) in venue.accounts.iter().enumerate().skip(USERS as usize) {
        let mut locked = BTreeMap::<&str, i64>::new();
        for order in account.open.iter().map(|id| &venue.orders[id]) {
            assert!(order.status.is_open() && order.left() > 0);
            let spec = &venue.listing(order.symbol).symbol;
            let need = needed(venue, order);
            let twin = order.list.map(|list| venue.lists[&list].pair);
            let twin = twin.filter(|pair| pair.contains(&order.id)).and_then(|pair| {
                let twin = &venue.orders[&pair[usize::from(pair[0] == order.id)]];
                twin.status.is_open().then(|| (needed(venue, twin), twin.id))
            });
            // A pair holds what its dearer leg needs, once.
            if twin.is_none_or(|twin| (need, order.id) > twin) {
                *locked.entry(spec.pays(order.side)).or_default() += need;
            }
        }
        for (asset, balance) in &account.balances {
            assert!(balance.free >= 0 && balance.locked >= 0, "account {n} {asset} {balance:?}");
            assert_eq!(balance.locked, locked.get(asset.as_str()).copied().unwrap_or(0), "{asset}");
        }
    }
    let best = [Side::Buy, Side::Sell].map(|side| venue.listing(0).best(side));
    if let [Some(bid), Some(ask)] = best {
        assert!(bid.0 < ask.0, "crossed");
    }
}

#[test]
fn limit_orders_match_by_price_then_time() {
    check(
        "maker SELL LIMIT 100@101 #a => NEW 0/100
         maker SELL LIMIT 100@100 #b => NEW 0/100
         maker SELL LIMIT 100@100 #c => NEW 0/100
         taker BUY LIMIT 150@100 => FILLED 150/150 100@100 50@100
         taker BUY LIMIT 100@101 => FILLED 100/100 50@100 50@101
         amend #a 70 => PARTIALLY_FILLED 50/70
         amend #a 70 => Same
         amend #a 50 => Amend
         cancel #a => CANCELLED User 50/70
         cancel #b => unknown",
    );
}

#[test]
fn amend_keeps_the_place_in_the_queue() {
    check(
        "maker BUY LIMIT 100@50 #a => NEW 0/100
         maker BUY LIMIT 100@50 #b => NEW 0/100
         amend #a 40 => NEW 0/40
         taker SELL LIMIT/IOC 60@50 => FILLED 60/60 40@50 20@50
         cancel #b => CANCELLED User 20/100",
    );
}

#[test]
fn time_in_force_and_post_only() {
    check(
        "maker SELL LIMIT 100@10 #a => NEW 0/100
         taker BUY LIMIT/FOK 101@10 => EXPIRED Fok 0/101
         taker BUY LIMIT/FOK 40@10 => FILLED 40/40 40@10
         taker BUY LIMIT/IOC 100@10 => EXPIRED Ioc 60/100 60@10
         maker BUY POST 100@9 #b => NEW 0/100
         taker SELL POST 100@9 => WouldTake
         taker SELL POST_CANCEL 100@9 => EXPIRED PostOnly 0/100
         taker SELL POST 100@10 => NEW 0/100
         maker BUY LIMIT 10@8 #b => Duplicate",
    );
}

#[test]
fn market_orders_by_quantity_and_by_amount() {
    check(
        "maker SELL LIMIT 1000@0 #a => NEW 0/1000
         taker BUY MARKET 600usdt => FILLED 1000/1000 1000@0
         taker BUY MARKET 600usdt => EXPIRED NoLiquidity 0/0
         maker BUY LIMIT 1000@0 #b => NEW 0/1000
         taker SELL MARKET 600 => FILLED 600/600 600@0
         taker SELL MARKET 600 => EXPIRED NoLiquidity 400/600 400@0",
    );
}

#[test]
fn filters_and_balance_refuse() {
    check(
        "maker BUY LIMIT 1@0 => Notional
         maker BUY LIMIT 100@99999999 => PriceBand
         maker SELL LIMIT 1000001@100 => Balance
         maker BUY LIMIT 2000000@0 => Balance
         taker SELL MARKET 1000001 => Balance",
    );
}

#[test]
fn self_trades_are_prevented_as_asked() {
    check(
        "maker SELL LIMIT 100@10 #a => NEW 0/100
         maker BUY LIMIT 50@10 EXPIRE_TAKER => EXPIRED SelfTrade 0/50
         maker BUY LIMIT 40@10 DECREMENT => EXPIRED SelfTrade 0/40
         taker BUY LIMIT 10@10 => FILLED 10/10 10@10
         maker BUY LIMIT 50@10 #b EXPIRE_MAKER => NEW 0/50
         cancel #a => unknown
         maker SELL LIMIT 80@10 EXPIRE_BOTH => EXPIRED SelfTrade 0/80
         cancel #b => unknown
         maker SELL LIMIT 20@10 #c => NEW 0/20
         maker BUY LIMIT 20@10 NONE => FILLED 20/20 20@10",
    );
}

#[test]
fn fees_come_out_of_what_is_received_and_reports_tell_them() {
    let mut venue = venue();
    act(&mut venue, "maker SELL LIMIT 100000@0 #a");
    venue.events.clear();
    act(&mut venue, "taker BUY LIMIT 100000@0 #b");
    assert_eq!(venue.account(TAKER).balance("BTC").free, 11 * SCALE - SCALE / 1000);
    assert_eq!(venue.account(MAKER).balance("USDT").free, 1_060_000 * SCALE - 60 * SCALE);
    assert_eq!(venue.account(VENUE).balance("USDT").free, 60 * SCALE);
    let reports: Vec<&Execution> = venue
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Private { what: Private::Order(execution), .. } => Some(&**execution),
            _ => None,
        })
        .collect();
    let [new, maker, taker] = reports.as_slice() else { panic!("{reports:?}") };
    assert_eq!(new.what, What::New);
    let (What::Trade(one), What::Trade(other)) = (&maker.what, &taker.what) else {
        panic!("{reports:?}")
    };
    assert!(one.maker && !other.maker && one.id == other.id && maker.id < taker.id);
    assert_eq!((one.fee, one.fee_asset.as_str()), (60 * SCALE, "USDT"));
    assert_eq!((maker.order.fee, maker.order.status), (60 * SCALE, Status::Filled));
}

#[test]
fn house_orders_do_not_stay_behind() {
    let mut venue = venue();
    for n in 0..50 {
        venue.house_limit(0, Side::Sell, (6_000_000 + n, 10), Tif::Gtc, 1);
        venue.house_limit(0, Side::Buy, (6_000_000 + n, 20), Tif::Ioc, 1);
        venue.commit(1);
    }
    assert!(venue.orders.is_empty());
    assert_eq!(totals(&venue), totals(&self::venue()));
}

/// What kind of order sleeps, and until when.
fn stop() -> impl Strategy<Value = (&'static str, String)> {
    let kind = prop_oneof![Just("LIMIT"), Just("LIMIT/IOC"), Just("LIMIT/FOK"), Just("MARKET")];
    let way = prop_oneof![2 => Just("up"), 2 => Just("down"), 1 => Just("trail")];
    (kind, way, 0..6_i64).prop_map(|(kind, way, at)| (kind, format!("{way}@{at}")))
}

fn step() -> impl Strategy<Value = String> {
    let account = prop_oneof![Just("maker"), Just("taker")];
    let side = prop_oneof![Just("BUY"), Just("SELL")];
    let kind = prop_oneof![Just("LIMIT"), Just("LIMIT/IOC"), Just("LIMIT/FOK"), Just("POST")];
    let stp = prop_oneof![
        Just("NONE"),
        Just("EXPIRE_MAKER"),
        Just("EXPIRE_TAKER"),
        Just("EXPIRE_BOTH"),
        Just("DECREMENT")
    ];
    prop_oneof![
        6 => (account.clone(), side.clone(), kind, 9..300_i64, 0..6_i64, 0..40_u8, stp.clone())
            .prop_map(|(account, side, kind, qty, price, client, stp)| {
                format!("{account} {side} {kind} {qty}@{price} c{client} {stp}")
            }),
        1 => (account.clone(), side.clone(), 9..300_i64)
            .prop_map(|(account, side, qty)| format!("{account} {side} MARKET {qty}")),
        1 => (account.clone(), side.clone(), 6..90_i64)
            .prop_map(|(account, side, usdt)| format!("{account} {side} MARKET {usdt}usdt")),
        2 => (account, side, 9..300_i64, 0..6_i64, 0..40_u8, stop(), stp)
            .prop_map(|(account, side, qty, price, client, (kind, stop), stp)| {
                let price = if kind == "MARKET" { String::new() } else { format!("@{price}") };
                format!("{account} {side} {kind} {qty}{price} c{client} {stop} {stp}")
            }),
        2 => Just("pulse".to_string()),
        2 => super::list_tests::list(),
        2 => (0..40_u8).prop_map(|client| format!("cancel c{client}")),
        1 => (0..40_u8, 1..200_i64).prop_map(|(client, qty)| format!("amend c{client} {qty}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_made_or_lost(steps in proptest::collection::vec(step(), 1..80)) {
        let mut venue = venue();
        let total = totals(&venue);
        let mut ids = (0, 0);
        for (n, step) in steps.iter().enumerate() {
            if n % 3 == 0 {
                let side = if n % 2 == 0 { Side::Buy } else { Side::Sell };
                venue.house_limit(0, side, (6_000_000 + n as i64 % 6, 30), Tif::Gtc, 1);
                venue.commit(1);
            }
            act(&mut venue, step);
            consistent(&venue);
            prop_assert_eq!(&totals(&venue), &total);
            let now = (venue.next_order, venue.next_execution);
            prop_assert!(now.0 >= ids.0 && now.1 >= ids.1);
            ids = now;
        }
    }
}
