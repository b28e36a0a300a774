//! Perpetuals: positions, margin, funding, liquidation.
//!
//! All perpetuals that settle in one asset share its balance (cross margin). A position is worth
//! its amount at the mark price; what it has won or lost against its average cost counts with the
//! balance. An order must find its initial margin, where orders that would close are free; when
//! balance and open profit fall below the maintenance margin, all orders are cancelled and all
//! positions closed at what the book gives, for a fee. What is then missing the venue bears.

use super::super::order::{Ask, NewOrder, Tif};
use super::{Board, SimVenue};
use engine::event::{Body, Event, Fill};
use engine::id::{AssetId, OrderId, Side};
use engine::instrument::Kind;
use engine::intent::Place;
use engine::num::{Amount, Notional, Price, Qty};
use engine::time::Nanos;

/// What perpetuals must keep. Initial margin is the instrument's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarginSettings {
    /// Maintenance margin, in millionths of what positions are worth.
    pub maintenance_ppm: i64,
    /// What a liquidation costs on top of the taker's fee, in millionths.
    pub liquidation_ppm: i64,
}

impl Default for MarginSettings {
    fn default() -> Self {
        Self { maintenance_ppm: 5_000, liquidation_ppm: 5_000 }
    }
}

/// An amount at a price in 1e-8, toward zero.
fn worth(amount: Amount, price: Notional) -> i64 {
    per(i128::from(amount.0) * i128::from(price.0), 100_000_000)
}

/// Millionths of a sum, toward zero.
fn part(of: i64, ppm: i64) -> i64 {
    per(i128::from(of) * i128::from(ppm), 1_000_000)
}

fn per(product: i128, unit: i128) -> i64 {
    let value = product / unit;
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

impl Board {
    /// What the position is worth: at the mark price, before the first one at its cost.
    fn worth(&self) -> i64 {
        match self.mark {
            Notional(0) => self.position.cost.0,
            mark => worth(self.position.base, mark),
        }
    }

    fn settles_in(&self, asset: AssetId) -> bool {
        self.instrument.kind == Kind::Linear && self.instrument.quote == asset
    }
}

impl SimVenue {
    /// A fill of a perpetual: what it realised comes in and nothing else.
    pub(super) fn hold(&mut self, place: usize, fill: &Fill) {
        let board = &mut self.boards[place];
        let before = board.position.realised;
        board.position.apply(&board.instrument, fill, Amount(0), Notional(0), None);
        let won = board.position.realised.0 - before.0;
        self.ledger.credit(board.instrument.quote, Amount(won));
    }

    pub(super) fn tell_position(&mut self, at: Nanos, place: usize, flags: u8) {
        let board = &self.boards[place];
        let (instrument, position) = (&board.instrument, &board.position);
        let lots = instrument.lots(position.base).0;
        let entry = match position.base.0 {
            0 => 0,
            base => per(i128::from(position.cost.0) * 100_000_000, i128::from(base)),
        };
        let body = Body::Position { lots, entry: Notional(entry) };
        self.push(Event::new(at, instrument.id, 0, body).with(flags), at);
    }

    /// Balance of a settlement asset with what open positions have won or lost.
    fn equity(&self, asset: AssetId) -> i64 {
        let own = self.boards.iter().filter(|board| board.settles_in(asset));
        let open = own.fold(0_i64, |sum, board| {
            sum.saturating_add(board.worth().saturating_sub(board.position.cost.0))
        });
        self.ledger.total(asset).0.saturating_add(open)
    }

    /// Initial margin that an instrument needs when all its orders of either side are filled, with
    /// `new` and without the order `old`.
    fn needed(&self, place: usize, new: Option<&Place>, old: Option<u64>) -> i64 {
        let board = &self.boards[place];
        let mut sums = [0_i64; 2];
        for held in self.held.iter().filter(|held| held.board == place) {
            if Some(held.order.key) != old {
                let value = board.instrument.notional(held.order.price, held.order.leaves());
                let sum = &mut sums[held.order.side.index()];
                *sum = sum.saturating_add(value.0);
            }
        }
        if let Some(new) = new {
            let value = board.instrument.notional(new.price, new.qty);
            let sum = &mut sums[new.side.index()];
            *sum = sum.saturating_add(value.0);
        }
        let worth = board.worth();
        let long = worth.saturating_add(sums[Side::Buy.index()]).saturating_abs();
        let short = worth.saturating_sub(sums[Side::Sell.index()]).saturating_abs();
        part(long.max(short), board.instrument.margin_ppm)
    }

    /// Whether an order finds its margin: one that needs no more than there was needed always does.
    pub(super) fn has_margin(&self, place: usize, new: &Place, old: Option<u64>) -> bool {
        let asset = self.boards[place].instrument.quote;
        let (before, after) = (self.needed(place, None, None), self.needed(place, Some(new), old));
        if after <= before {
            return true;
        }
        let others = (0..self.boards.len())
            .filter(|other| *other != place && self.boards[*other].settles_in(asset))
            .fold(0_i64, |sum, other| sum.saturating_add(self.needed(other, None, None)));
        let locked = self.ledger.locked(asset).0;
        self.equity(asset).saturating_sub(locked) >= others.saturating_add(after)
    }

    /// A new mark price: what is held may have become too little for it.
    pub(super) fn on_mark(&mut self, at: Nanos, place: usize, mark: Notional) {
        self.boards[place].mark = mark;
        let Board { instrument, position, .. } = &self.boards[place];
        if instrument.kind != Kind::Linear || position.base.is_zero() {
            return;
        }
        let asset = instrument.quote;
        let own = self.boards.iter().filter(|board| board.settles_in(asset));
        let held = own.fold(0_i64, |sum, board| sum.saturating_add(board.worth().saturating_abs()));
        if self.equity(asset) < part(held, self.margin.maintenance_ppm) {
            self.liquidate(at, asset);
        }
    }

    /// Closes all positions that settle in an asset.
    fn liquidate(&mut self, at: Nanos, asset: AssetId) {
        self.liquidations += 1;
        for place in 0..self.boards.len() {
            if self.boards[place].settles_in(asset) {
                self.apply(at, place, Ask::CancelAll);
            }
        }
        for place in 0..self.boards.len() {
            let board = &self.boards[place];
            let lots = board.instrument.lots(board.position.base).0;
            if lots == 0 || !board.settles_in(asset) {
                continue;
            }
            let side = if lots > 0 { Side::Sell } else { Side::Buy };
            let key = OrderId::new(OrderId::FOREIGN_EPOCH, self.liquidations).0;
            let (limit, qty) = (None::<Price>, Qty(lots.abs()));
            let order = NewOrder { key, side, limit, qty, tif: Tif::Ioc };
            // It costs its fee beside that of taking; the fill tells both.
            self.set_fees(self.margin.liquidation_ppm);
            self.apply(at, place, Ask::New(order));
            self.set_fees(0);
        }
        let flat = |board: &Board| !board.settles_in(asset) || board.position.base.is_zero();
        let left = self.ledger.total(asset).0;
        if left < 0 && self.boards.iter().all(flat) {
            self.shortfall = self.shortfall.saturating_add(Notional(-left));
            self.ledger.credit(asset, Amount(-left));
        }
        self.tell_balances(at);
    }

    /// The time of a funding has come: longs pay shorts when the rate is above 0.
    pub(super) fn pay_funding(&mut self, at: Nanos, place: usize) {
        let board = &mut self.boards[place];
        let Some((rate, due)) = board.funding.take() else { return };
        board.funded = due;
        if board.instrument.kind != Kind::Linear || board.position.base.is_zero() {
            return;
        }
        let asset = board.instrument.quote;
        let paid = per(i128::from(board.worth()) * i128::from(rate.0), 100_000_000);
        let instrument = board.instrument.id;
        let amount = Amount(-paid);
        self.ledger.credit(asset, amount);
        let row = Event::new(at, instrument, at.as_ms(), Body::Funding { asset, amount });
        self.push(row, at);
        self.tell_balances(at);
    }
}
