//! What is heard and sent, as text. Prices are in ticks, quantities in lots, amounts in 1e-8.

use engine::id::ClientId;
use feeds::net::HttpRequest;
use venues::wire::{Execution, Heard, Leg, OrderTold, RequestId, Standing, TradeTold, Verdict};

fn name(client: Option<ClientId>) -> String {
    client.map_or("another's".to_owned(), |client| format!("#{}", client.order.counter()))
}

fn kind(id: RequestId) -> String {
    id.kind().map_or("?".to_owned(), |kind| format!("{kind:?}"))
}

fn leg(leg: &Leg) -> String {
    match leg {
        Leg::Done { venue_order, filled } => {
            format!("done {venue_order} filled {:?}", filled.map(|qty| qty.0))
        }
        Leg::Refused(refusal) => format!("refused {:?} {}", refusal.reason, refusal.code),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Placed { venue_order } => format!("placed {venue_order}"),
        Verdict::Cancelled { filled } => format!("cancelled filled {:?}", filled.map(|qty| qty.0)),
        Verdict::Replaced { cancel, place } => {
            format!("cancel {}, place {}", leg(cancel), leg(place))
        }
        Verdict::Amended { price, qty } => {
            format!("amended to {} at {:?}", qty.0, price.map(|price| price.0))
        }
        Verdict::Refused(refusal) => format!("refused {:?} {}", refusal.reason, refusal.code),
        Verdict::Unknown { code } => format!("unknown {code}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn trade(told: &TradeTold) -> String {
    format!(
        "{:?} {} at {} fee {} of {:?} {} trade {}",
        told.side,
        told.qty.0,
        told.price.0,
        told.fee.0,
        told.fee_asset.map(|asset| asset.0),
        if told.maker { "maker" } else { "taker" },
        told.trade
    )
}

fn order(told: &OrderTold) -> String {
    let standing = match told.standing {
        Standing::Live => "live".to_owned(),
        Standing::Waits => "waits".to_owned(),
        Standing::Ended(end, reason) => format!("{end:?} {reason:?}"),
    };
    format!(
        "{} of {} venue {} {:?} {} at {} filled {} {standing}",
        name(told.client),
        told.instrument.0,
        told.venue_order,
        told.side,
        told.qty.0,
        told.price.0,
        told.filled.0
    )
}

fn execution(execution: &Execution) -> String {
    match execution {
        Execution::Fill(told) => format!("fill {}", trade(told)),
        Execution::Stands { price, qty, new } => {
            format!("stands {} at {}{}", qty.0, price.0, if *new { " (new)" } else { "" })
        }
        Execution::Done { end, reason, filled } => {
            format!("done {end:?} {reason:?} filled {:?}", filled.map(|qty| qty.0))
        }
        Execution::Amended { price, qty } => {
            format!("amended to {} at {:?}", qty.0, price.map(|price| price.0))
        }
        other => format!("{other:?}").to_lowercase(),
    }
}

/// One thing that is heard.
pub fn show(heard: &Heard) -> String {
    let of = |asked: &Option<RequestId>| if asked.is_some() { "told" } else { "stream" };
    match heard {
        Heard::Answer(id, told) => format!("answer to {}: {}", kind(*id), verdict(told)),
        Heard::Untagged(kind, told) => format!("answer to the {kind:?}: {}", verdict(told)),
        Heard::More(id, page) => format!("more of {} on page {page}", kind(*id)),
        Heard::Order(_, told) => format!("order {}", order(told)),
        Heard::Ended(_, told) => format!("ended {}", order(told)),
        Heard::Trade(_, whose, told) => format!(
            "trade of {} of {} venue {}{}: {}",
            name(whose.client),
            whose.instrument.0,
            whose.venue_order,
            if whose.named { "" } else { " (to be named)" },
            trade(told)
        ),
        Heard::Balance { asked, asset, free, locked } => {
            format!("{} balance of {}: {} free {} locked", of(asked), asset.0, free.0, locked.0)
        }
        Heard::Position { asked, instrument, lots, entry } => {
            format!("{} position of {}: {} at {}", of(asked), instrument.0, lots.0, entry.0)
        }
        Heard::Funding { asked, instrument, payment, asset, amount } => {
            let (of, asset) = (of(asked), asset.map(|asset| asset.0));
            format!("{of} funding {payment} of {}: {} of {asset:?}", instrument.0, amount.0)
        }
        Heard::VenueTime(id, ms) => format!("time {ms} for {}", kind(*id)),
        Heard::Report(report) => format!(
            "report at {} of {} of {} venue {}: {}",
            report.venue_ms,
            name(report.client),
            report.instrument.0,
            report.venue_order,
            execution(&report.execution)
        ),
        Heard::Usage(usage) => format!(
            "used {} of {} {:?} of {} in {} ms",
            usage.used,
            usage.max,
            usage.limit,
            usage.bucket,
            usage.interval.as_ms()
        ),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// A REST request.
pub fn rest(request: &HttpRequest) -> String {
    let headers: Vec<String> =
        request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let verb = format!("{:?}", request.method).to_uppercase();
    let body = request.body.as_deref().unwrap_or("");
    format!("> {verb} {} [{}] {body}", request.url, headers.join(" | ")).trim_end().to_owned()
}
