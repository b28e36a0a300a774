//! Which order a request names: by `orderId`, which wins, or by `orderLinkId`.

use super::denial::Denial;
use super::ids;
use super::params::Params;
use crate::floor::Floor;
use crate::order::{AccountId, SymbolId};
use crate::symbol::Product;
use crate::venue::Trigger;
use crate::venue::trigger::Fate;

/// What was found among what stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Order(u64),
    /// An order that waits for its price.
    Trigger(u64),
}

/// The open or waiting order that a request names.
pub(crate) fn find(
    floor: &Floor,
    params: &Params,
    account: AccountId,
    product: Product,
    symbol: SymbolId,
) -> Result<Found, Denial> {
    let missing = || Denial::no_order(product);
    let venue = &floor.venue;
    let Some(text) = params.get("orderId") else {
        let client = params.need("orderLinkId")?;
        if let Some(id) = venue.find_open(account, symbol, None, Some(client)) {
            return Ok(Found::Order(id));
        }
        let named = |one: &&Trigger| one.order.client == client && one.order.symbol == symbol;
        let found = venue.waiting(account).find(named).map(|one| Found::Trigger(one.id));
        return found.ok_or_else(missing);
    };
    let number = ids::read_order(product, text).ok_or_else(missing)?;
    let id = match venue.triggers.get(&number).filter(|one| one.account == account) {
        Some(one) if one.fate == Fate::Waiting && one.order.symbol == symbol => {
            return Ok(Found::Trigger(number));
        }
        Some(one) => fired(one).ok_or_else(missing)?,
        None => number,
    };
    venue.find_open(account, symbol, Some(id), None).map(Found::Order).ok_or_else(missing)
}

/// The order that a conditional order became.
pub(crate) fn fired(trigger: &Trigger) -> Option<u64> {
    match trigger.fate {
        Fate::Fired(id) => Some(id),
        _ => None,
    }
}
