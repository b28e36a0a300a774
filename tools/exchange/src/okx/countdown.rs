//! The dead-man's switch: every order of an account, or of one tag of it, goes unless the countdown
//! is set again in time.

use super::denial::Denial;
use super::endpoints::{Asked, Reply};
use crate::floor::Floor;
use crate::json::Object;
use crate::venue::Scope;

/// Shortest and longest countdown, in seconds.
const COUNTDOWN_S: std::ops::RangeInclusive<u64> = 10..=120;
/// Countdowns of one account, by tag.
const COUNTDOWNS_MAX: usize = 20;

/// `trade/cancel-all-after`; zero seconds stop the countdown.
pub(crate) fn cancel_all_after(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let seconds = asked.args().integer("timeOut")?.ok_or_else(|| Denial::missing("timeOut"))?;
    if seconds != 0 && !COUNTDOWN_S.contains(&seconds) {
        return Err(Denial::parameter("timeOut"));
    }
    let tag = asked.args().get("tag").unwrap_or("").to_string();
    let scope = Scope { account: asked.account, symbol: None, tag: tag.clone() };
    let end_ms = (seconds > 0).then(|| asked.now_ms + seconds * 1000);
    let new = end_ms.is_some() && floor.venue.deadline(&scope).is_none();
    let full = new && floor.venue.deadlines(asked.account) >= COUNTDOWNS_MAX;
    if full || !floor.venue.countdown(scope, end_ms) {
        let msg = "You've reached the maximum number of tags for Cancel All After.";
        return Err(Denial::new(51071, msg));
    }
    Reply::one(
        Object::new()
            .put("triggerTime", end_ms.unwrap_or(0).to_string())
            .put("tag", tag)
            .put("ts", asked.now_ms.to_string())
            .end(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::Out;
    use crate::kind::VenueKind;
    use crate::okx::args::Args;
    use crate::okx::channels::{Feed, Private};
    use crate::order::{AccountId, NewOrder, SymbolId};
    use crate::server::Options;
    use crate::symbol::Product;
    use crate::world::{World, WorldText, open};

    /// OKX alone, with empty books.
    fn okx() -> World {
        let mut text = WorldText::scenario("four", true).unwrap();
        text.restrict(&[VenueKind::Okx]).unwrap();
        open(&Options { world: Some(text), market: false, ..Options::default() }, 0).unwrap().0
    }

    fn ask(floor: &mut Floor, account: AccountId, query: &str, now_ms: u64) -> String {
        let items = [Args::from_query(query).unwrap()];
        let path = "trade/cancel-all-after";
        let asked = Asked { items: &items, account, path, now_ms };
        cancel_all_after(floor, &asked).map_or_else(|no| no.code.to_string(), |yes| yes.rows)
    }

    fn place(floor: &mut Floor, account: AccountId, symbol: SymbolId, tag: &str) {
        let price = floor.venue.listing(symbol).last;
        let client = format!("{tag}{symbol}");
        let new = NewOrder { symbol, price, qty: 1000, client, ..NewOrder::default() };
        floor.venue.place(account, NewOrder { tag: tag.into(), ..new }, 0).unwrap();
    }

    /// Client ids of what is open, in order.
    fn open_now(floor: &Floor, account: AccountId) -> Vec<&str> {
        let venue = &floor.venue;
        let all = venue.open_orders(account, |_| true);
        all.iter().map(|id| venue.orders[id].client.as_str()).collect()
    }

    #[test]
    fn orders_of_a_tag_go_when_its_countdown_is_not_set_again() {
        let world = okx();
        let mut floor = world.floor(VenueKind::Okx).unwrap().lock();
        let account = floor.venue.account_named("demo").unwrap();
        let (id, mut queue) = floor.hub.enter(false, 0);
        let orders = Private { feed: Feed::Orders, product: None, symbol: None };
        floor.hub.get(id).unwrap().feeds.push((orders.number(), account));
        let spot = floor.venue.symbol_id(Product::Spot, "BTC-USDT").unwrap();
        let swap = floor.venue.symbol_id(Product::Perp, "BTC-USDT-SWAP").unwrap();
        for (symbol, tag) in [(spot, "mm"), (swap, "mm"), (spot, "arb")] {
            place(&mut floor, account, symbol, tag);
        }
        floor.flush(0);
        while queue.try_recv().is_ok() {}
        for (query, code) in [("", "50014"), ("timeOut=9", "51000"), ("timeOut=121", "51000")] {
            assert_eq!(ask(&mut floor, account, query, 0), code);
        }
        let set = ask(&mut floor, account, "timeOut=10&tag=mm", 1_000);
        assert_eq!(set, r#"[{"triggerTime":"11000","tag":"mm","ts":"1000"}]"#);
        floor.pulse(10_999);
        ask(&mut floor, account, "timeOut=10&tag=mm", 10_999);
        floor.pulse(20_998);
        assert_eq!(open_now(&floor, account).len(), 3, "it was set again");
        floor.pulse(20_999);
        assert_eq!(open_now(&floor, account), [format!("arb{spot}")]);
        for symbol in [spot, swap] {
            let Ok(Out::Text(told, _)) = queue.try_recv() else { panic!("nothing was told") };
            for part in [
                format!(r#""clOrdId":"mm{symbol}""#),
                r#""state":"canceled""#.into(),
                r#""cancelSource":"20""#.into(),
            ] {
                assert!(told.contains(&part), "{part} in {told}");
            }
        }
        ask(&mut floor, account, "timeOut=10", 30_000);
        ask(&mut floor, account, "timeOut=0", 30_001);
        floor.pulse(50_000);
        assert_eq!(open_now(&floor, account).len(), 1, "it was stopped");
        ask(&mut floor, account, "timeOut=120", 50_000);
        floor.pulse(170_000);
        assert!(open_now(&floor, account).is_empty(), "without a tag it is for all");
    }

    #[test]
    fn an_account_has_a_countdown_for_each_of_twenty_tags() {
        let world = okx();
        let mut floor = world.floor(VenueKind::Okx).unwrap().lock();
        let account = floor.venue.account_named("demo").unwrap();
        let set = |floor: &mut Floor, n: usize| {
            ask(floor, account, &format!("timeOut=60&tag=t{n}"), 0).starts_with('[')
        };
        assert!((0..COUNTDOWNS_MAX).all(|n| set(&mut floor, n)));
        assert!(!set(&mut floor, COUNTDOWNS_MAX));
        assert!(set(&mut floor, 3), "one that runs may be set again");
        floor.pulse(60_000);
        assert!(set(&mut floor, COUNTDOWNS_MAX), "those that ended leave room");
    }
}
