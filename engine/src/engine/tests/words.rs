//! Words of scripts that mean one thing each.

use crate::condition::Watched;
use crate::event::LinkState;
use crate::event::Reason;
use crate::event::Request;
use crate::held::Hold;
use crate::held::Trigger;
use crate::id::Side;
use crate::num::Price;
use crate::num::Qty;

/// `N SIDE KIND P:Q` and then `limit L`, `group G`, `after A`, `mid` or `mark`, `here`.
pub(super) fn hold_of(rest: &[&str]) -> Hold {
    let (price, qty) = rest[3].split_once(':').unwrap();
    let after = |word: &str| {
        let place = rest.iter().position(|one| *one == word)?;
        rest[place + 1].parse::<i64>().ok()
    };
    let watched = |word: &str| rest.contains(&word);
    Hold {
        number: rest[0].parse().unwrap(),
        side: side_of(rest[1]),
        trigger: Trigger::ALL.iter().find(|(_, name)| *name == rest[2]).unwrap().0,
        watched: match (watched("mid"), watched("mark")) {
            (true, _) => Watched::Mid,
            (_, true) => Watched::Mark,
            _ => Watched::Last,
        },
        price: Price(price.parse().unwrap()),
        limit: after("limit").map(Price),
        qty: Qty(qty.parse().unwrap()),
        group: after("group").unwrap_or(0) as u16,
        after: after("after").unwrap_or(0) as u16,
        here: rest.contains(&"here"),
    }
}

pub(super) fn side_of(text: &str) -> Side {
    if text == "buy" { Side::Buy } else { Side::Sell }
}

pub(super) fn link_state(text: &str) -> LinkState {
    match text {
        "up" => LinkState::Up,
        "down" => LinkState::Down,
        "stale" => LinkState::Stale,
        _ => LinkState::Fresh,
    }
}

pub(super) fn request_of(text: &str) -> Request {
    match text {
        "place" => Request::Place,
        "cancel" => Request::Cancel,
        "amend" => Request::Amend,
        _ => Request::Query,
    }
}

pub(super) fn reason_of(text: &str) -> Reason {
    match text {
        "would-take" => Reason::WouldTake,
        "unknown-order" => Reason::UnknownOrder,
        "not-attempted" => Reason::NotAttempted,
        "rate-limit" => Reason::RateLimit,
        "balance" => Reason::Balance,
        _ => Reason::None,
    }
}
