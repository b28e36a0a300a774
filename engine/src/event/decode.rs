//! From words to meaning, checked: the one door where ranges are judged, so that sums and products
//! of what passes it stay inside their words.

use super::body::{Body, Fill, Standing};
use super::row::{Event, flag, kind};
use super::word::{Command, End, GapReason, Link, LinkState, Reason, Request};
use crate::asset::ASSETS_MAX;
use crate::held::Hold;
use crate::id::{AssetId, OrderId, Side};
use crate::instrument::{PRICE_MAX, QTY_MAX, Status};
use crate::num::{Amount, Grid, Notional, Price, Qty};
use crate::time::Nanos;

pub(super) const QTY_BITS: u32 = 48;
pub(super) const QTY_MASK: u64 = (1 << QTY_BITS) - 1;
pub(super) const NO_QTY: u64 = QTY_MASK;

#[inline]
const fn price_from(word: u64, least: u64) -> Option<Price> {
    if word >= least && word <= PRICE_MAX as u64 { Some(Price(word as i64)) } else { None }
}

#[inline]
const fn qty_from(word: u64, least: u64) -> Option<Qty> {
    if word >= least && word <= QTY_MAX as u64 { Some(Qty(word as i64)) } else { None }
}

/// Largest rate of one funding, either way: the whole notional.
const RATE_MAX: u64 = 100_000_000;

#[inline]
const fn money_from(word: u64, least: u64) -> Option<Notional> {
    if word >= least && word <= i64::MAX as u64 { Some(Notional(word as i64)) } else { None }
}

const fn asset_from(word: u64) -> Option<AssetId> {
    if word < ASSETS_MAX as u64 { Some(AssetId(word as u16)) } else { None }
}

const fn grid_from(word: u64) -> Option<Grid> {
    let grid = Grid { decimals: word as u8, step: (word >> 8) as i64 };
    if grid.step <= 0 || grid.decimals > 12 { None } else { Some(grid) }
}

const fn side_of(flags: u8) -> Side {
    if flags & flag::SELL == 0 { Side::Buy } else { Side::Sell }
}

const fn request_from(code: u64) -> Option<Request> {
    Some(match code {
        0 => Request::Place,
        1 => Request::Cancel,
        2 => Request::Amend,
        3 => Request::Query,
        _ => return None,
    })
}

impl Event {
    /// What it means; `None` when the words are not of any kind or out of range.
    #[inline]
    pub fn body(&self) -> Option<Body> {
        if self.kind < kind::ACCEPTED { self.market_body() } else { self.report_body() }
    }

    /// [`Event::body`] of a row that is known to be a level.
    #[inline]
    pub fn level(&self) -> Option<Body> {
        let [price, qty, ..] = self.payload;
        let (price, qty) = (price_from(price, 1)?, qty_from(qty, 0)?);
        Some(Body::Level { side: side_of(self.flags), price, qty })
    }

    #[inline]
    fn market_body(&self) -> Option<Body> {
        let p = &self.payload;
        Some(match self.kind {
            kind::LEVEL => return self.level(),
            kind::BEST => {
                let (bid, ask) = (price_from(p[0], 0)?, price_from(p[2], 0)?);
                let (bid_qty, ask_qty) = (qty_from(p[1], 0)?, qty_from(p[3], 0)?);
                // A venue's best prices never meet; a side that is empty is 0.
                if bid.0 > 0 && ask.0 > 0 && bid >= ask {
                    return None;
                }
                Body::Best { bid, bid_qty, ask, ask_qty }
            }
            kind::TRADE => Body::Trade {
                price: price_from(p[0], 1)?,
                qty: qty_from(p[1], 0)?,
                taker: side_of(self.flags),
            },
            _ => return self.state_body(),
        })
    }

    fn state_body(&self) -> Option<Body> {
        let p = &self.payload;
        Some(match self.kind {
            kind::GAP => Body::Gap { reason: GapReason::from_code(p[0])?, expected: p[1] },
            kind::STATUS => Body::Status(match p[0] {
                0 => Status::Trading,
                1 => Status::Halted,
                2 => Status::CancelOnly,
                _ => return None,
            }),
            kind::FILTERS => Body::Filters {
                tick: grid_from(p[0])?,
                lot: grid_from(p[1])?,
                notional_min: Notional(i64::try_from(p[2]).ok()?),
                size: grid_from(p[3])?,
            },
            kind::MARK => Body::Mark { mark: money_from(p[0], 1)?, index: money_from(p[1], 0)? },
            kind::FUNDING_RATE => {
                let rate = p[0] as i64;
                if rate.unsigned_abs() > RATE_MAX {
                    return None;
                }
                Body::FundingRate { rate: Amount(rate), next_ms: p[1] }
            }
            kind::LIQUIDATION => Body::Liquidation {
                price: price_from(p[0], 1)?,
                qty: qty_from(p[1], 1)?,
                taker: side_of(self.flags),
            },
            kind::LINK => Body::Link {
                link: match p[0] {
                    0 => Link::Market,
                    1 => Link::Orders,
                    _ => return None,
                },
                state: match p[1] {
                    0 => LinkState::Up,
                    1 => LinkState::Down,
                    2 => LinkState::Stale,
                    3 => LinkState::Fresh,
                    _ => return None,
                },
            },
            _ => return None,
        })
    }

    fn report_body(&self) -> Option<Body> {
        let p = &self.payload;
        let order = OrderId(self.id);
        Some(match self.kind {
            kind::ACCEPTED => Body::Accepted { order, venue_order: p[0] },
            kind::TRIGGERED => Body::Triggered { order, venue_order: p[0] },
            kind::FILL => Body::Fill(Fill {
                order,
                trade: p[0],
                side: side_of(self.flags),
                price: price_from(p[1], 1)?,
                qty: qty_from(p[2] & QTY_MASK, 1)?,
                fee: Amount(p[3] as i64),
                fee_asset: asset_from(p[2] >> QTY_BITS)?,
                maker: self.flags & flag::MAKER != 0,
            }),
            kind::DONE => Body::Done {
                order,
                end: match p[0] {
                    0 => End::Cancelled,
                    1 => End::Rejected,
                    2 => End::Expired,
                    3 => End::Filled,
                    _ => return None,
                },
                reason: Reason::from_code(p[1]),
                filled: if p[2] == NO_QTY { None } else { Some(qty_from(p[2], 0)?) },
            },
            kind::AMENDED => Body::Amended {
                order,
                price: if p[1] == 0 { None } else { Some(price_from(p[1], 1)?) },
                qty: qty_from(p[0], 1)?,
            },
            kind::REFUSED => Body::Refused {
                order,
                request: request_from(p[0])?,
                reason: Reason::from_code(p[1]),
            },
            kind::UNKNOWN => Body::Unknown { order, request: request_from(p[0])? },
            kind::ABSENT => Body::Absent { order },
            // Orders of others may have no price of their own.
            kind::STANDING => Body::Standing(Standing {
                order,
                venue_order: p[0],
                side: side_of(self.flags),
                price: price_from(p[1], 0)?,
                qty: qty_from(p[2], 1)?,
                filled: qty_from(p[3], 0)?,
                waits: self.flags & flag::WAITS != 0,
            }),
            _ => return self.session_body(),
        })
    }

    fn session_body(&self) -> Option<Body> {
        let p = &self.payload;
        let number = |word: u64| u32::try_from(word).unwrap_or(u32::MAX);
        Some(match self.kind {
            kind::BALANCE => Body::Balance {
                asset: asset_from(self.id)?,
                free: Amount(p[0] as i64),
                locked: Amount(p[1] as i64),
            },
            kind::TRADES_TOLD => Body::TradesTold { next: p[0] },
            kind::FUNDING => {
                Body::Funding { asset: asset_from(p[0])?, amount: Amount(p[1] as i64) }
            }
            kind::POSITION => {
                let lots = p[0] as i64;
                if lots.unsigned_abs() > QTY_MAX as u64 {
                    return None;
                }
                Body::Position { lots, entry: money_from(p[1], 0)? }
            }
            kind::DOUBT => Body::Doubt,
            kind::RECONCILE => Body::Reconcile { done: p[0] != 0 },
            kind::BUDGET => Body::Budget { orders: number(p[0]), weight: number(p[1]) },
            kind::TIMER => Body::Timer,
            kind::COMMAND => {
                Body::Command { command: Command::from_code(p[0])?, value: p[1] as i64 }
            }
            kind::CONVERSION => {
                Body::Conversion { asset: asset_from(p[0])?, price: Notional(p[1] as i64) }
            }
            kind::SIGNAL => Body::Signal { source: p[0], value: p[1] as i64, ttl: Nanos(p[2]) },
            kind::START => {
                let epoch = u32::try_from(p[0]).ok()?;
                if epoch == OrderId::FOREIGN_EPOCH {
                    return None;
                }
                Body::Start { epoch, config_hash: p[1] }
            }
            kind::HOLD => Body::Hold(Hold::from_words(p, side_of(self.flags))?),
            kind::RELEASE => Body::Release { number: u16::try_from(p[0]).ok()? },
            kind::CLOCK_OFFSET => Body::ClockOffset { us: p[0] as i64 },
            _ => return None,
        })
    }
}
