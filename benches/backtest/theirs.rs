//! The grid in hftbacktest: its own loop, its own processors, the wishes of our `reconcile`. A
//! quote that moves is modified, which there is a cancel and a new order that ends when the cancel
//! fails: what our engine's cancel-replace is. They have no risk gate, so that the one refusal of
//! ours that this strategy can meet is made here: no quote at or beyond an own one of the other
//! side, one on its way out included.

use super::grid::{EVERY, Grid};
use engine::id::Side;
use hftbacktest::backtest::assettype::LinearAsset;
use hftbacktest::backtest::data::Data;
use hftbacktest::backtest::models::{
    CommonFees, ConstantLatency, PowerProbQueueFunc, ProbQueueModel, TradingValueFeeModel,
};
use hftbacktest::backtest::{Backtest, DataSource, ExchangeKind, L2AssetBuilder};
use hftbacktest::depth::{MarketDepth, ROIVectorMarketDepth};
use hftbacktest::types::{Bot, ElapseResult, Event, OrdType, Status, TimeInForce};

/// The market's facts that their models need.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Tick and lot.
    pub steps: (f64, f64),
    /// A price of the market; the array book holds 10 % around it.
    pub near: f64,
    /// Way of requests, ns.
    pub entry: i64,
    /// Way of reports, ns.
    pub response: i64,
    /// Exponent of the queue model.
    pub power: f64,
}

/// One fill: when it was told, side, price in ticks.
pub type Fill = (i64, Side, i64);

type Their = Backtest<ROIVectorMarketDepth>;

/// A backtest of these rows.
pub fn build(rows: &[Event], terms: &Terms) -> Option<Their> {
    let Terms { steps: (tick, lot), near, entry, response, power } = *terms;
    let data = DataSource::Data(Data::from_data(rows));
    let asset = L2AssetBuilder::new()
        .data(vec![data])
        .parallel_load(false)
        .latency_model(ConstantLatency::new(entry, response))
        .asset_type(LinearAsset::new(1.0))
        .fee_model(TradingValueFeeModel::new(CommonFees::new(0.0, 0.0)))
        .queue_model(ProbQueueModel::new(PowerProbQueueFunc::new(power)))
        .exchange(ExchangeKind::NoPartialFillExchange)
        .depth(move || ROIVectorMarketDepth::new(tick, lot, near * 0.9, near * 1.1))
        .build()
        .ok()?;
    Backtest::builder().add_asset(asset).build().ok()
}

/// One order of the grid, oldest first.
#[derive(Clone, Copy, Debug)]
struct Own {
    id: u64,
    price: i64,
    /// Where it stands until its last move is answered.
    left: i64,
}

#[derive(Debug, Default)]
struct Sides {
    own: [Vec<Own>; 2],
    next: u64,
    sent: u64,
    /// Not sent, as they would have met an own one.
    refused: u64,
}

impl Sides {
    /// Whether a quote at this price would meet one of ours.
    fn meets(&self, bot: &Their, side: Side, price: i64) -> bool {
        self.own[side.opposite().index()].iter().any(|one| {
            let is_moving = bot.orders(0).get(&one.id).is_none_or(|order| order.pending());
            let meets = |at: i64| match side {
                Side::Buy => price >= at,
                Side::Sell => price <= at,
            };
            meets(one.price) || is_moving && meets(one.left)
        })
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Came {
    /// The fills as they were told.
    pub fills: Vec<Fill>,
    /// Requests sent.
    pub sent: u64,
    /// Requests that were not, as they would have met an own order.
    pub refused: u64,
}

/// Runs it to the end.
pub fn run(bot: &mut Their, grid: &Grid, terms: &Terms) -> Came {
    let (mut sides, mut fills) = (Sides::default(), Vec::new());
    sides.next = 1;
    while matches!(bot.elapse(EVERY.0 as i64), Ok(ElapseResult::Ok)) {
        if grid.levels == 0 {
            continue;
        }
        collect(bot, &mut sides, &mut fills);
        bot.clear_inactive_orders(Some(0));
        let depth = bot.depth(0);
        let (bid, ask) = (depth.best_bid_tick(), depth.best_ask_tick());
        if bid <= i64::MIN / 2 || ask >= i64::MAX / 2 {
            continue;
        }
        for side in Side::BOTH {
            quote(bot, &mut sides, (side, bid + ask), (grid, terms));
        }
    }
    collect(bot, &mut sides, &mut fills);
    fills.sort_by_key(|(at, side, price)| (*at, side.index(), *price));
    Came { fills, sent: sides.sent, refused: sides.refused }
}

/// Takes out what has ended.
fn collect(bot: &Their, sides: &mut Sides, fills: &mut Vec<Fill>) {
    for side in Side::BOTH {
        sides.own[side.index()].retain_mut(|own| {
            let Some(order) = bot.orders(0).get(&own.id) else { return false };
            if order.status == Status::Filled {
                fills.push((order.exch_timestamp, side, order.exec_price_tick));
            }
            own.price = order.price_tick;
            let ended = matches!(order.status, Status::Filled | Status::Expired | Status::Canceled);
            !ended || order.req != Status::None
        });
    }
}

/// What `reconcile` would wish, sent.
fn quote(
    bot: &mut Their,
    sides: &mut Sides,
    (side, mid_twice): (Side, i64),
    (grid, terms): (&Grid, &Terms),
) {
    let mut own = core::mem::take(&mut sides.own[side.index()]);
    let (tick, lot) = terms.steps;
    let qty = grid.lots as f64 * lot;
    let (mut used, mut open) = (0_u64, Vec::new());
    for level in 0..grid.levels {
        let price = grid.price(side, mid_twice, level);
        let free = |place: &usize| used & (1 << place) == 0 && own[*place].price == price;
        match (0..own.len()).find(free) {
            Some(place) => used |= 1 << place,
            None => open.push(price),
        }
    }
    let mut open = open.into_iter();
    let is_pending = |one: &Own| bot.orders(0).get(&one.id).is_none_or(|order| order.pending());
    let pending: Vec<bool> = own.iter().map(is_pending).collect();
    let others: Vec<usize> = (0..own.len()).filter(|place| used & (1 << place) == 0).collect();
    for _ in others.iter().filter(|place| pending[**place]) {
        open.next();
    }
    let mut moved: Vec<Own> = Vec::new();
    for place in others.into_iter().filter(|place| !pending[*place]) {
        let Own { id, price: left, .. } = own[place];
        match open.next() {
            Some(price) if sides.meets(bot, side, price) => sides.refused += 1,
            Some(price) => {
                let _ = bot.modify(0, id, price as f64 * tick, qty, false);
                moved.push(Own { id, price, left });
                sides.sent += 1;
            }
            None => {
                let _ = bot.cancel(0, id, false);
                sides.sent += 1;
            }
        }
    }
    // The newest stand last.
    own.retain(|one| moved.iter().all(|other| other.id != one.id));
    own.append(&mut moved);
    for price in open {
        if sides.meets(bot, side, price) {
            sides.refused += 1;
            continue;
        }
        let (id, at) = (sides.next, price as f64 * tick);
        sides.next += 1;
        sides.sent += 1;
        let (tif, kind) = (TimeInForce::GTX, OrdType::Limit);
        let _ = match side {
            Side::Buy => bot.submit_buy_order(0, id, at, qty, tif, kind, false),
            Side::Sell => bot.submit_sell_order(0, id, at, qty, tif, kind, false),
        };
        own.push(Own { id, price, left: price });
    }
    sides.own[side.index()] = own;
}
