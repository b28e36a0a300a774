//! Amendments, triggers, pairs and countdowns as text in and text out.

use super::perp_tests::{account, act as act_perp, consistent, mark, read, sums, venue};

use super::trigger::{By, Fate, Pair, When};
use super::*;
use crate::order::Back;
use crate::symbol::SCALE;

/// What `perp_tests::act` does, and `wait NAME WHEN PRICE BY ORDER` (`above`, `below`, or `trail`
/// by ticks; `last` or `mark`), `pulse MS`, `waiting NAME`, `countdown NAME MS`.
fn act(venue: &mut Venue, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let out = match words.as_slice() {
        ["wait", name, when, price, by, side, size, rest @ ..] => {
            let price = price.parse().unwrap();
            let when = match *when {
                "above" => When::Above(price),
                "below" => When::Below(price),
                _ => When::Trailing { back: Back::Ticks(price), from: None, best: None },
            };
            let by = if *by == "mark" { By::Mark } else { By::Last };
            let pair = rest.iter().find_map(|word| word.strip_prefix("with="));
            let pair = pair.map(|client| pair_of(venue, name, client));
            let rest: Vec<&str> =
                rest.iter().copied().filter(|word| !word.starts_with("with=")).collect();
            let order = read(venue, side, size, &rest);
            match venue.wait(account(venue, name), (when, by), order, pair, 1) {
                Ok(_) => "ok".into(),
                Err(refusal) => format!("{refusal:?}"),
            }
        }
        ["pulse", ms] => {
            let ms = ms.parse().unwrap();
            venue.fire(ms);
            venue.count_down(ms);
            "ok".into()
        }
        ["countdown", name, ms] => {
            let scope = Scope { account: account(venue, name), ..Scope::default() };
            format!("{}", venue.countdown(scope, ms.parse().ok()))
        }
        ["waiting", name] => {
            let id = account(venue, name);
            let all = venue.triggers.values().filter(|one| one.account == id);
            let tell = |one: &Trigger| match one.fate {
                Fate::Waiting => format!("{} waits", one.order.client),
                Fate::Fired(order) => {
                    let told = super::perp_tests::told(&venue.orders[&order]);
                    format!("{} fired {told}", one.order.client)
                }
                Fate::Failed(why) => format!("{} failed {why:?}", one.order.client),
                Fate::Cancelled(why) => format!("{} cancelled {why:?}", one.order.client),
            };
            all.map(tell).collect::<Vec<_>>().join(", ")
        }
        _ => return act_perp(venue, line),
    };
    venue.commit(1);
    out
}

fn pair_of(venue: &Venue, name: &str, client: &str) -> Pair {
    let id = account(venue, name);
    match venue.find_open(id, 0, None, Some(client)) {
        Some(order) => Pair::Order(order),
        None => Pair::Trigger(venue.waiting(id).find(|one| one.order.client == client).unwrap().id),
    }
}

fn check(script: &str) {
    let mut venue = venue(0);
    let before = sums(&venue);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (input, expect) = line.split_once("=>").unwrap();
        assert_eq!(act(&mut venue, input), expect.trim(), "{line}");
        assert_eq!(sums(&venue), before, "{line}");
        consistent(&venue);
    }
}

#[test]
fn only_less_of_an_order_keeps_its_place() {
    check(
        "ann BUY 5@99 #a => NEW 0/5
         bob BUY 5@99 #b => NEW 0/5
         amend ann #a 4@99 => NEW 0/4
         house SELL 4@99 => ok
         open ann => none
         cat BUY 5@99 #c => NEW 0/5
         amend bob #b 6@99 => NEW 0/6
         house SELL 5@99 => ok
         open cat => none
         open bob => #b 6@99",
    );
}

#[test]
fn amendments_may_trade_and_are_refused_whole() {
    check(
        "house SELL 3@101 => ok
         ann BUY 5@99 #a => NEW 0/5
         amend ann #a 5@99 => Same
         amend ann #a 0@99 => Amend
         amend ann #a 5@600 => PriceBand
         amend ann #a 150@99 => Margin
         open ann => #a 5@99
         amend ann #a 5@101 => PARTIALLY_FILLED 3/5
         amend ann #a 3@101 => Amend
         amend ann #a 4@100 => PARTIALLY_FILLED 3/4
         house SELL 1@100 => ok
         show ann => 4@100 1000",
    );
}

#[test]
fn a_spot_amendment_moves_what_is_set_aside() {
    let mut venue = venue(0);
    let ann = account(&venue, "ann");
    act(&mut venue, "ann BUY 5@100 spot #a");
    let id = venue.find_open(ann, 1, None, Some("#a")).unwrap();
    let amend = |venue: &mut Venue, qty, price| {
        let to = Amend { qty: Some(qty), price: Some(price), ..Amend::default() };
        let result = venue.amend(id, &to, 1).map(|_| ());
        venue.commit(1);
        (result, venue.account(ann).balance("USDT").locked / SCALE)
    };
    assert_eq!(amend(&mut venue, 6, 110), (Ok(()), 660));
    assert_eq!(amend(&mut venue, 20, 110), (Err(Refusal::Balance), 660));
    assert_eq!(amend(&mut venue, 2, 90), (Ok(()), 180));
    assert_eq!(amend(&mut venue, 1, 90), (Ok(()), 90));
}

#[test]
fn stops_and_take_profits_fire_at_their_price() {
    check(
        "house SELL 10@100 => ok
         house BUY 10@95 => ok
         ann BUY 5@100 => FILLED 5/5
         wait ann above 100 last SELL 5 #late => WouldTrigger
         wait ann below 96 last SELL 5 #stop reduce => ok
         wait ann above 105 mark SELL 5@104 #profit reduce => ok
         pulse 10 => ok
         waiting ann => #stop waits, #profit waits
         bob SELL 1 => FILLED 1/1
         pulse 20 => ok
         waiting ann => #stop fired FILLED 5/5, #profit waits
         show ann => flat 975
         mark 106 => ok
         pulse 30 => ok
         waiting ann => #stop fired FILLED 5/5, #profit failed ReduceOnly",
    );
}

#[test]
fn a_spike_between_two_looks_fires_too() {
    check(
        "house BUY 1@90 => ok
         house BUY 20@89 => ok
         ann BUY 1@80 #other => NEW 0/1
         wait ann below 90 last SELL 2@88 #stop => ok
         bob SELL 1 => FILLED 1/1
         house SELL 1@99 => ok
         cat BUY 1 => FILLED 1/1
         pulse 10 => ok
         waiting ann => #stop fired FILLED 2/2",
    );
}

#[test]
fn a_trailing_stop_follows_the_best_price() {
    check(
        "house BUY 9@80 => ok
         wait ann trail 5 mark SELL 1 #trail => ok
         mark 98 => ok
         pulse 1 => ok
         mark 110 => ok
         pulse 2 => ok
         mark 106 => ok
         pulse 3 => ok
         waiting ann => #trail waits
         mark 105 => ok
         pulse 4 => ok
         waiting ann => #trail fired FILLED 1/1",
    );
}

#[test]
fn one_of_a_pair_cancels_the_other() {
    check(
        "house SELL 4@100 => ok
         ann BUY 4@100 => FILLED 4/4
         ann SELL 4@110 #profit reduce => NEW 0/4
         wait ann below 95 mark SELL 4 #stop reduce with=#profit => ok
         house BUY 1@110 => ok
         pulse 1 => ok
         waiting ann => #stop cancelled Pair
         wait ann below 95 mark SELL 3 #stop2 reduce => ok
         wait ann above 115 mark SELL 3@115 #far reduce with=#stop2 => ok
         house BUY 9@94 => ok
         mark 94 => ok
         pulse 2 => ok
         waiting ann => #stop cancelled Pair, #stop2 fired FILLED 3/3, #far cancelled Pair
         open ann => none",
    );
}

#[test]
fn a_countdown_that_is_not_renewed_cancels() {
    check(
        "ann BUY 1@90 #a => NEW 0/1
         bob BUY 1@90 #b => NEW 0/1
         countdown ann 100 => true
         pulse 99 => ok
         countdown ann 200 => true
         pulse 100 => ok
         open ann => #a 1@90
         pulse 200 => ok
         open ann => none
         open bob => #b 1@90
         countdown bob 300 => true
         countdown bob off => true
         pulse 300 => ok
         open bob => #b 1@90",
    );
}

#[test]
fn waiting_triggers_outlive_the_process() {
    let dir = std::env::temp_dir().join(format!("exchange-triggers-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    let mut first = venue(0);
    first.journal = Some(Journal::start(&dir, first.snapshot(0)).unwrap());
    act(&mut first, "wait ann trail 5 mark SELL 1 #trail");
    act(&mut first, "wait ann below 90 mark SELL 1 #stop");
    mark(&mut first, 110);
    act(&mut first, "pulse 1");
    let mut again = venue(0);
    again.restore(Journal::recover(&dir).unwrap().unwrap());
    assert_eq!(again.triggers, first.triggers);
    assert!(again.next_order >= first.next_order);
    let _ = std::fs::remove_dir_all(&dir);
}
