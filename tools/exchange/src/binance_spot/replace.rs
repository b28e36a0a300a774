//! `order.cancelReplace`: a cancel and a new order in one request, not transactional.
//!
//! Words, filters and the order count are checked before either leg. 409 and −2021 mean that
//! exactly one leg failed, 400 and −2022 that both failed or the second was not attempted.

use super::intake::new_order;
use super::trading::{cancel_named, placed_json, rejection};
use crate::binance::denial::Denial;
use crate::binance::entry::may_order;
use crate::binance::params::Params;
use crate::floor::Floor;
use crate::json::Object;
use crate::order::AccountId;
use crate::refusal::Refusal;

pub(crate) fn cancel_replace(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let stop_on_failure = match params.need("cancelReplaceMode")? {
        "STOP_ON_FAILURE" => true,
        "ALLOW_FAILURE" => false,
        _ => {
            return Err(Denial::new(
                -1130,
                "Data sent for parameter 'cancelReplaceMode' is not valid.",
            ));
        }
    };
    let (new, reply) = new_order(floor, params)?;
    match floor.venue.check(account, &new) {
        // The order that leaves makes room for the one that comes.
        Ok(()) | Err(Refusal::OpenOrders | Refusal::StopOrders) => {}
        Err(refusal) => return Err(refusal.into()),
    }
    if let Some(code) = floor.pending.reject.take() {
        return Err(rejection(code));
    }
    let names = ["cancelOrderId", "cancelOrigClientOrderId", "cancelNewClientOrderId"];
    let cancelled = cancel_named(floor, params, account, names, now_ms);
    if let Err(refusal) = &cancelled
        && refusal.code != -2011
    {
        return cancelled;
    }
    // With CANCEL_ONLY the cancel has gone ahead although no order may follow it.
    let over = may_order(floor, account, now_ms);
    let placed = if cancelled.is_err() && stop_on_failure {
        None
    } else if let Err(refusal) = over {
        Some(Err(refusal))
    } else {
        let placed = floor.venue.place(account, new, now_ms).map_err(Denial::from);
        Some(placed.map(|placed| placed_json(floor, &placed, reply)))
    };
    outcome(&cancelled, placed)
}

/// Both legs in one answer.
fn outcome(
    cancelled: &Result<String, Denial>,
    placed: Option<Result<String, Denial>>,
) -> Result<String, Denial> {
    let cancel_result = if cancelled.is_ok() { "SUCCESS" } else { "FAILURE" };
    let new_result = match &placed {
        None => "NOT_ATTEMPTED",
        Some(Ok(_)) => "SUCCESS",
        Some(Err(_)) => "FAILURE",
    };
    let told = |result: &Result<String, Denial>| match result {
        Ok(json) => json.clone(),
        Err(denial) => denial.json(),
    };
    let data = Object::new()
        .put("cancelResult", cancel_result)
        .put("newOrderResult", new_result)
        .raw("cancelResponse", &told(cancelled))
        .raw("newOrderResponse", &placed.as_ref().map_or_else(|| "null".into(), told))
        .end();
    match (cancelled.is_ok(), placed.is_some_and(|placed| placed.is_ok())) {
        (true, true) => Ok(data),
        (false, false) => Err(Denial {
            status: 400,
            code: -2022,
            msg: "Order cancel-replace failed.".into(),
            data: Some(data),
        }),
        _ => Err(Denial {
            status: 409,
            code: -2021,
            msg: "Order cancel-replace partially failed.".into(),
            data: Some(data),
        }),
    }
}
