//! What the market's reports mean for the account, and the rows that tell of them.

use super::super::fee::FeeIn;
use super::super::order::Open;
use super::super::report::{FillReport, Refusal, Report, What};
use super::{ENDED_MAX, Ended, Held, RESERVE, SimVenue};
use engine::event::{Body, End, Event, Fill, Reason, Request};
use engine::id::{AssetId, OrderId, Side};
use engine::instrument::{Instrument, Kind};
use engine::num::{Amount, Price, Qty};
use engine::time::Nanos;

impl SimVenue {
    /// Fetches a market's reports: books them and sends them on their way, then changed balances.
    pub(super) fn settle(&mut self, board: usize) {
        while self.response.room() > RESERVE {
            let Some(report) = self.boards[board].market.report() else { return };
            self.tell(board, &report);
            self.tell_balances(report.at);
        }
        self.is_stuck = true;
        self.plan();
    }

    pub(super) fn tell_balances(&mut self, at: Nanos) {
        while let Some((asset, free, locked)) = self.ledger.next_changed() {
            self.row(at, u64::from(asset.0), Body::Balance { asset, free, locked });
        }
    }

    /// An answer, which may be lost.
    pub(super) fn answer(&mut self, row: Event, at: Nanos) {
        if !self.is_mute {
            self.push(row, at);
        }
    }

    fn tell(&mut self, board: usize, report: &Report) {
        let instrument = self.boards[board].instrument;
        let is_fill = matches!(report.what, What::Fill(_));
        let body = match report.what {
            What::Accepted { key, venue_order } => {
                self.accepted(&instrument, key, venue_order);
                Body::Accepted { order: OrderId(key), venue_order }
            }
            What::Rejected { key, why } => {
                // The newest of that key: an older one of the same key still stands.
                if let Some(place) = self.held.iter().rposition(|held| held.order.key == key) {
                    self.held.remove(place);
                }
                let (end, filled) = (End::Rejected, Some(Qty::ZERO));
                Body::Done { order: OrderId(key), end, reason: reason(why), filled }
            }
            What::Fill(fill) => self.filled(board, &instrument, &fill),
            What::Done { key, filled, why, .. } => {
                let end = if why.is_none() { End::Cancelled } else { End::Expired };
                self.release(&instrument, key, end);
                let reason = why.map_or(Reason::None, reason);
                Body::Done { order: OrderId(key), end, reason, filled: Some(filled) }
            }
            What::Amended { key, price, qty } => {
                self.amended(&instrument, key, (price, qty));
                Body::Amended { order: OrderId(key), price, qty }
            }
            What::CancelRefused { key, why } => {
                let (order, request) = (OrderId(key), Request::Cancel);
                Body::Refused { order, request, reason: reason(why) }
            }
            What::AmendRefused { key, why } => {
                let (order, request) = (OrderId(key), Request::Amend);
                Body::Refused { order, request, reason: reason(why) }
            }
        };
        let row = Event::new(report.at, instrument.id, 0, body);
        if is_fill {
            // Trades come by the private stream, whatever became of an answer.
            self.push(row, report.at);
        } else if !body.order().is_some_and(OrderId::is_foreign) {
            self.answer(row, report.at);
        }
        if is_fill && instrument.kind == Kind::Linear {
            self.tell_position(report.at, board, 0);
        }
    }

    fn accepted(&mut self, instrument: &Instrument, key: u64, venue_order: u64) {
        let Some(held) = self.held.iter_mut().rfind(|held| held.order.key == key) else { return };
        held.order.venue_order = venue_order;
        let order = held.order;
        let (asset, amount) = lock_of(instrument, order.side, order.price, order.qty);
        self.ledger.lock(asset, amount);
    }

    fn filled(&mut self, board: usize, instrument: &Instrument, fill: &FillReport) -> Body {
        self.relock(instrument, fill.key, |order| order.filled = fill.filled);
        let value = instrument.notional(fill.price, fill.qty);
        self.volume.add(value);
        let fee_asset = match fill.fee_in {
            FeeIn::Base => instrument.base,
            FeeIn::Quote => instrument.quote,
        };
        let row = Fill {
            order: OrderId(fill.key),
            trade: fill.trade,
            side: fill.side,
            price: fill.price,
            qty: fill.qty,
            fee: fill.fee,
            fee_asset,
            maker: fill.maker,
        };
        match instrument.kind {
            Kind::Spot => {
                let sign = fill.side.sign();
                let base = instrument.base_amount(fill.qty);
                self.ledger.credit(instrument.base, Amount(sign * base.0));
                self.ledger.credit(instrument.quote, Amount(-sign * value.0));
            }
            Kind::Linear => self.hold(board, &row),
        }
        self.ledger.credit(fee_asset, -fill.fee);
        if fill.leaves.is_zero() {
            self.release(instrument, fill.key, End::Filled);
        }
        Body::Fill(row)
    }

    fn amended(&mut self, instrument: &Instrument, key: u64, (price, qty): (Option<Price>, Qty)) {
        self.relock(instrument, key, |order| {
            order.qty = qty;
            order.price = price.unwrap_or(order.price);
        });
    }

    /// Changes a held order and with it what is locked for it.
    fn relock(&mut self, instrument: &Instrument, key: u64, change: impl Fn(&mut Open)) {
        let Some(held) = self.held.iter_mut().find(|held| held.order.key == key) else { return };
        let lock = |order: &Open| lock_of(instrument, order.side, order.price, order.leaves());
        let (asset, before) = lock(&held.order);
        change(&mut held.order);
        let (_, after) = lock(&held.order);
        self.ledger.lock(asset, after - before);
    }

    /// The order is no more: unlocks what is left and remembers how it ended.
    fn release(&mut self, instrument: &Instrument, key: u64, end: End) {
        let Some(place) = self.held.iter().position(|held| held.order.key == key) else { return };
        let Held { order, .. } = self.held.remove(place);
        let (asset, left) = lock_of(instrument, order.side, order.price, order.leaves());
        self.ledger.lock(asset, -left);
        if self.ended.len() >= ENDED_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back(Ended { order: OrderId(key), end, filled: order.filled });
    }
}

/// The asset and amount that an order binds while this much of it is open; orders of perpetuals
/// bind margin, which is counted over all of them.
pub(super) fn lock_of(
    instrument: &Instrument,
    side: Side,
    price: Price,
    qty: Qty,
) -> (AssetId, Amount) {
    let amount = match (instrument.kind, side) {
        (Kind::Linear, _) => Amount::ZERO,
        (Kind::Spot, Side::Buy) => Amount(instrument.notional(price, qty).0),
        (Kind::Spot, Side::Sell) => instrument.base_amount(qty),
    };
    (instrument.locks(side), amount)
}

fn reason(why: Refusal) -> Reason {
    match why {
        Refusal::WouldTake => Reason::WouldTake,
        Refusal::UnknownOrder => Reason::UnknownOrder,
        Refusal::Duplicate => Reason::Duplicate,
        Refusal::Invalid | Refusal::TooMany => Reason::Filter,
        Refusal::SelfTrade => Reason::SelfTrade,
        Refusal::Expired => Reason::Expired,
        Refusal::NotAttempted => Reason::NotAttempted,
    }
}
