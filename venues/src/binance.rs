//! What the dialects of Binance Spot and Binance USDⓈ-M share: the framing of the WebSocket API,
//! its signatures, answers, errors, the private stream's letters, and listings.
//!
//! [`Flavor`] says which of the two it is; where they differ, a table or a small function asks it.

pub(crate) mod answer;
pub(crate) mod form;
mod linked;
pub(crate) mod listing;
pub(crate) mod prepared;
mod refusal;
mod result;
mod stream;

use crate::wire::{Hear, Heard, LimitKind, Usage};
use engine::time::Nanos;
use feeds::net::HttpReply;

/// How long a REST request may take, ms: the venue itself gives up after ten seconds.
pub(crate) const REST_TIMEOUT_MS: u32 = 10_000;

/// Which of Binance's venues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    /// Spot.
    Spot,
    /// Perpetuals margined in USDⓈ.
    Usdm,
}

/// What happens when our own orders would trade with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SelfTrade {
    /// As the symbol's default says.
    #[default]
    Default,
    /// They trade.
    None,
    /// The taking one ends.
    ExpireTaker,
    /// The resting one ends.
    ExpireMaker,
    /// Both end.
    ExpireBoth,
}

impl SelfTrade {
    /// The venue's word for it; empty for the symbol's default.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::None => "NONE",
            Self::ExpireTaker => "EXPIRE_TAKER",
            Self::ExpireMaker => "EXPIRE_MAKER",
            Self::ExpireBoth => "EXPIRE_BOTH",
        }
    }
}

/// Tells what the headers of a REST answer say of the limits; `max` holds those of a minute's
/// weight and of ten seconds' orders where the venue has not told them.
pub(crate) fn usage<H: Hear>(reply: &HttpReply, limits: &[Usage], max: [u32; 2], sink: &mut H) {
    let weight = (LimitKind::Weight, Nanos::from_s(60), reply.used_weight, max[0]);
    let orders = (LimitKind::Orders, Nanos::from_s(10), reply.order_count_10s, max[1]);
    for (limit, interval, used, otherwise) in [weight, orders] {
        let Some(used) = used else { continue };
        let same = |usage: &&Usage| usage.limit == limit && usage.interval == interval;
        let max = limits.iter().find(same).map_or(otherwise, |usage| usage.max);
        sink.hear(Heard::Usage(Usage::aligned(limit, interval, max, used)));
    }
}
