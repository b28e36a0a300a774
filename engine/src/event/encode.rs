//! From meaning to words.

use super::body::Body;
use super::decode::{NO_QTY, QTY_BITS, QTY_MASK};
use super::row::{flag, kind};
use crate::id::Side;
use crate::num::Grid;

const fn pack_grid(grid: Grid) -> u64 {
    (grid.step as u64) << 8 | grid.decimals as u64
}

const fn side_flag(side: Side) -> u8 {
    match side {
        Side::Buy => 0,
        Side::Sell => flag::SELL,
    }
}

#[inline]
pub(super) fn encode(body: Body) -> (u8, [u64; 4], u8) {
    match body {
        Body::Level { side, price, qty } => {
            (kind::LEVEL, [price.0 as u64, qty.0 as u64, 0, 0], side_flag(side))
        }
        Body::Best { bid, bid_qty, ask, ask_qty } => {
            let words = [bid.0 as u64, bid_qty.0 as u64, ask.0 as u64, ask_qty.0 as u64];
            (kind::BEST, words, 0)
        }
        Body::Trade { price, qty, taker } => {
            (kind::TRADE, [price.0 as u64, qty.0 as u64, 0, 0], side_flag(taker))
        }
        Body::Gap { reason, expected } => (kind::GAP, [reason as u64, expected, 0, 0], 0),
        Body::Status(status) => (kind::STATUS, [status as u64, 0, 0, 0], 0),
        Body::Filters { tick, lot, size, notional_min } => {
            let words = [pack_grid(tick), pack_grid(lot), notional_min.0 as u64, pack_grid(size)];
            (kind::FILTERS, words, 0)
        }
        Body::Mark { mark, index } => (kind::MARK, [mark.0 as u64, index.0 as u64, 0, 0], 0),
        Body::FundingRate { rate, next_ms } => {
            (kind::FUNDING_RATE, [rate.0 as u64, next_ms, 0, 0], 0)
        }
        Body::Liquidation { price, qty, taker } => {
            (kind::LIQUIDATION, [price.0 as u64, qty.0 as u64, 0, 0], side_flag(taker))
        }
        Body::Link { link, state } => (kind::LINK, [link as u64, state as u64, 0, 0], 0),
        other => encode_report(other),
    }
}

fn encode_report(body: Body) -> (u8, [u64; 4], u8) {
    match body {
        Body::Accepted { venue_order, .. } => (kind::ACCEPTED, [venue_order, 0, 0, 0], 0),
        Body::Triggered { venue_order, .. } => (kind::TRIGGERED, [venue_order, 0, 0, 0], 0),
        Body::Fill(fill) => {
            let qty = (fill.qty.0 as u64 & QTY_MASK) | u64::from(fill.fee_asset.0) << QTY_BITS;
            let maker = if fill.maker { flag::MAKER } else { 0 };
            let words = [fill.trade, fill.price.0 as u64, qty, fill.fee.0 as u64];
            (kind::FILL, words, side_flag(fill.side) | maker)
        }
        Body::Done { end, reason, filled, .. } => {
            let filled = filled.map_or(NO_QTY, |qty| qty.0 as u64);
            (kind::DONE, [end as u64, reason as u64, filled, 0], 0)
        }
        Body::Amended { price, qty, .. } => {
            let price = price.map_or(0, |price| price.0 as u64);
            (kind::AMENDED, [qty.0 as u64, price, 0, 0], 0)
        }
        Body::Refused { request, reason, .. } => {
            (kind::REFUSED, [request as u64, reason as u64, 0, 0], 0)
        }
        Body::Unknown { request, .. } => (kind::UNKNOWN, [request as u64, 0, 0, 0], 0),
        Body::Absent { .. } => (kind::ABSENT, [0; 4], 0),
        Body::Standing(s) => {
            let words = [s.venue_order, s.price.0 as u64, s.qty.0 as u64, s.filled.0 as u64];
            let waits = if s.waits { flag::WAITS } else { 0 };
            (kind::STANDING, words, side_flag(s.side) | waits)
        }
        other => encode_session(other),
    }
}

fn encode_session(body: Body) -> (u8, [u64; 4], u8) {
    match body {
        Body::Balance { free, locked, .. } => {
            (kind::BALANCE, [free.0 as u64, locked.0 as u64, 0, 0], 0)
        }
        Body::TradesTold { next } => (kind::TRADES_TOLD, [next, 0, 0, 0], 0),
        Body::Funding { asset, amount } => {
            (kind::FUNDING, [u64::from(asset.0), amount.0 as u64, 0, 0], 0)
        }
        Body::Position { lots, entry } => (kind::POSITION, [lots as u64, entry.0 as u64, 0, 0], 0),
        Body::Doubt => (kind::DOUBT, [0; 4], 0),
        Body::Reconcile { done } => (kind::RECONCILE, [u64::from(done), 0, 0, 0], 0),
        Body::Budget { orders, weight } => {
            (kind::BUDGET, [u64::from(orders), u64::from(weight), 0, 0], 0)
        }
        Body::Command { command, value } => {
            (kind::COMMAND, [command as u64, value as u64, 0, 0], 0)
        }
        Body::Conversion { asset, price } => {
            (kind::CONVERSION, [u64::from(asset.0), price.0 as u64, 0, 0], 0)
        }
        Body::Signal { source, value, ttl } => (kind::SIGNAL, [source, value as u64, ttl.0, 0], 0),
        Body::Start { epoch, config_hash } => {
            (kind::START, [u64::from(epoch), config_hash, 0, 0], 0)
        }
        Body::Hold(hold) => (kind::HOLD, hold.words(), side_flag(hold.side)),
        Body::Release { number } => (kind::RELEASE, [u64::from(number), 0, 0, 0], 0),
        Body::ClockOffset { us } => (kind::CLOCK_OFFSET, [us as u64, 0, 0, 0], 0),
        _ => (kind::TIMER, [0; 4], 0),
    }
}
