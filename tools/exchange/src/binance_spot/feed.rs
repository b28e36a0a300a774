//! Subscriptions to an account's private events over the WebSocket API.

use crate::binance::denial::Denial;
use crate::binance::params::Params;
use crate::binance::ws_api::{Desk, prove, unknown_method};
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::AccountId;

pub(crate) fn answer(
    floor: &mut Floor,
    desk: &mut Desk,
    method: &str,
    params: &Params,
) -> Result<String, Denial> {
    match method {
        "userDataStream.subscribe" => {
            let account = desk.session.as_ref().map(|session| session.account);
            let account = account.ok_or_else(Denial::wrong_key)?;
            subscribe(floor, desk, account)
        }
        "userDataStream.subscribe.signature" => {
            let (_, account) = prove(floor, params)?;
            subscribe(floor, desk, account)
        }
        "userDataStream.unsubscribe" => {
            let which = params.integer("subscriptionId")?;
            let Some(connection) = floor.hub.get(desk.id) else { return Ok("{}".into()) };
            let before = connection.feeds.len();
            connection.feeds.retain(|feed| which.is_some_and(|which| u64::from(feed.0) != which));
            if connection.feeds.len() == before {
                return Err(Denial::new(-2036, "User Data Stream subscription not active."));
            }
            Ok("{}".into())
        }
        "session.subscriptions" => {
            let feeds = floor.hub.get(desk.id).map(|c| c.feeds.clone()).unwrap_or_default();
            Ok(array(feeds.iter().map(|feed| {
                let out = Object::new().put("subscriptionId", feed.0);
                out.put("subscriptionType", "userDataStream").end()
            })))
        }
        _ => Err(unknown_method(method)),
    }
}

fn subscribe(floor: &mut Floor, desk: &mut Desk, account: AccountId) -> Result<String, Denial> {
    let Some(connection) = floor.hub.get(desk.id) else {
        return Err(Denial::new(-1000, "Connection is closing."));
    };
    if connection.feeds.iter().any(|feed| feed.1 == account) {
        return Err(Denial::new(-2035, "User Data Stream subscription already active."));
    }
    let id = desk.next_feed;
    desk.next_feed += 1;
    connection.feeds.push((id, account));
    Ok(Object::new().put("subscriptionId", id).end())
}
