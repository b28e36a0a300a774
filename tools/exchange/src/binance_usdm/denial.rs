//! Refusals in USDⓈ-M's codes and words, where they differ from spot's.

use crate::binance::denial::Denial;
use crate::binance::places;
use crate::json::fixed;
use crate::refusal::Refusal;
use crate::symbol::{BAND, Symbol};

pub(crate) fn told(refusal: Refusal) -> Denial {
    let (code, msg) = match refusal {
        Refusal::Price => (-4014, "Price not increased by tick size."),
        Refusal::Quantity => (-4023, "Qty not increased by step size."),
        Refusal::MarketQuantity => (-4005, "Quantity greater than max quantity."),
        Refusal::PriceBand => (-4016, "Limit price is too far from the market."),
        Refusal::Notional => (
            -4164,
            "Order's notional must be no smaller than the symbol's \
                                      minimum (unless you choose reduce only).",
        ),
        Refusal::OpenOrders => (-2025, "Reach max open order limit."),
        Refusal::Amends => (-5026, "Exceed maximum modify order limit."),
        Refusal::Duplicate => (-4116, "ClientOrderId is duplicated."),
        Refusal::WouldTake => (
            -5022,
            "Due to the order could not be executed as maker, the Post \
                                       Only order will be rejected. The order will not be \
                                       recorded in the order history.",
        ),
        Refusal::WouldTrigger => (-2021, "Order would immediately trigger."),
        Refusal::Balance => (-2019, "Margin is insufficient."),
        Refusal::Amend | Refusal::Same => (-5027, "No need to modify the order."),
        other => return other.into(),
    };
    Denial::new(code, msg)
}

/// A limit price that is too far from the last price, both in ticks.
pub(crate) fn out_of_band(symbol: &Symbol, price: i64, last: i64) -> Denial {
    let told = |ticks: i64| fixed(ticks * symbol.tick, places(symbol)[0]);
    if price > last {
        let msg = format!("Limit price can't be higher than {}.", told(last.saturating_mul(BAND)));
        return Denial::new(-4016, msg);
    }
    Denial::new(-4024, format!("Limit price can't be lower than {}.", told(last / BAND)))
}

/// A FOK order that the book cannot fill at once.
pub(crate) fn unfillable() -> Denial {
    Denial::new(
        -5021,
        "Due to the order could not be filled immediately, the FOK order has been rejected. The \
         order will not be recorded in the order history.",
    )
}

/// A parameter whose value is none of those that there are.
pub(crate) fn invalid(name: &str) -> Denial {
    Denial::new(-1130, format!("Data sent for parameter '{name}' is not valid."))
}

/// An order that nobody knows.
pub(crate) fn no_order() -> Denial {
    Denial::new(-2013, "Order does not exist.")
}

/// Neither id of an order was sent.
pub(crate) fn no_id() -> Denial {
    Denial::new(
        -1102,
        "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    )
}
