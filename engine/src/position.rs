//! A position with its cost, by the average-cost method, all in whole units of 1e-8.

use crate::event::Fill;
use crate::id::Side;
use crate::instrument::Instrument;
use crate::num::{Amount, Notional, Price, Qty};
use crate::state::{Sink, Source, State};

/// What one desk holds of one instrument's base asset through its own fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Position {
    /// Held; negative when short. Fees paid in the base asset are taken off.
    pub base: Amount,
    /// What the held amount cost (negative when short: what it brought).
    pub cost: Notional,
    /// Proceeds less cost of what was closed, without fees.
    pub realised: Notional,
    /// Fees paid, at the value they had in the quote asset when paid.
    pub fees: Notional,
    /// The part of `fees` that was paid in the base asset.
    pub fees_in_base: Notional,
    /// Sum of |price x quantity| of all fills.
    pub turnover: Notional,
    /// Sum of (mid - price) x quantity x sign at the time of each fill: what quoting away from mid
    /// won.
    pub spread_captured: Notional,
    /// Fills bought and sold.
    pub fills: [u64; 2],
    /// Funding received, less what was paid.
    pub funding: Notional,
}

impl State for Position {
    fn save(&self, sink: &mut dyn Sink) {
        let amounts = [self.base.0, self.cost.0, self.realised.0, self.fees.0, self.fees_in_base.0];
        amounts.into_iter().for_each(|amount| sink.int(amount));
        sink.int(self.turnover.0);
        sink.int(self.spread_captured.0);
        self.fills.iter().for_each(|fills| sink.word(*fills));
        sink.int(self.funding.0);
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.base = Amount(source.int()?);
        self.cost = Notional(source.int()?);
        self.realised = Notional(source.int()?);
        self.fees = Notional(source.int()?);
        self.fees_in_base = Notional(source.int()?);
        self.turnover = Notional(source.int()?);
        self.spread_captured = Notional(source.int()?);
        self.fills = [source.word()?, source.word()?];
        self.funding = Notional(source.int()?);
        Some(())
    }
}

impl Position {
    /// Both together, each with its own cost: those of two desks in one instrument.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let [bought, sold] = [0, 1].map(|side| self.fills[side].saturating_add(other.fills[side]));
        let captured = self.spread_captured.saturating_add(other.spread_captured);
        Self {
            base: self.base.saturating_add(other.base),
            cost: self.cost.saturating_add(other.cost),
            realised: self.realised.saturating_add(other.realised),
            fees: self.fees.saturating_add(other.fees),
            fees_in_base: self.fees_in_base.saturating_add(other.fees_in_base),
            turnover: self.turnover.saturating_add(other.turnover),
            spread_captured: captured,
            fills: [bought, sold],
            funding: self.funding.saturating_add(other.funding),
        }
    }

    /// Adds a fill. `fee_base` is the part of the fee paid in the base asset, `fee_value` the whole
    /// fee in the quote asset, `mid_twice` twice the mid in ticks when it happened.
    pub fn apply(
        &mut self,
        instrument: &Instrument,
        fill: &Fill,
        fee_base: Amount,
        fee_value: Notional,
        mid_twice: Option<i64>,
    ) {
        let notional = instrument.notional(fill.price, fill.qty);
        let sign = fill.side.sign();
        let amount = Amount(instrument.base_amount(fill.qty).0.saturating_mul(sign));
        self.trade(amount, Notional(notional.0.saturating_mul(sign)));
        self.base = self.base.saturating_sub(fee_base);
        self.fees = self.fees.saturating_add(fee_value);
        if !fee_base.is_zero() {
            self.fees_in_base = self.fees_in_base.saturating_add(fee_value);
        }
        self.turnover = self.turnover.saturating_add(notional);
        self.fills[fill.side.index()] += 1;
        if let Some(mid) = mid_twice {
            let twice = instrument.notional(Price(mid - 2 * fill.price.0), fill.qty);
            let edge = Notional((twice.0 / 2).saturating_mul(sign));
            self.spread_captured = self.spread_captured.saturating_add(edge);
        }
    }

    /// Takes over from another desk, or gives to it: no fee, no turnover at the venue.
    pub fn pass(&mut self, instrument: &Instrument, side: Side, (price, qty): (Price, Qty)) {
        let sign = side.sign();
        let amount = Amount(instrument.base_amount(qty).0.saturating_mul(sign));
        let value = Notional(instrument.notional(price, qty).0.saturating_mul(sign));
        self.trade(amount, value);
    }

    /// `amount` and `value` carry the sign of the side.
    fn trade(&mut self, amount: Amount, value: Notional) {
        let closes = self.base.0 != 0 && (self.base.0 > 0) != (amount.0 > 0);
        if !closes {
            self.base = self.base.saturating_add(amount);
            self.cost = self.cost.saturating_add(value);
            return;
        }
        let closed = amount.0.unsigned_abs().min(self.base.0.unsigned_abs());
        let part_cost = share(self.cost.0, closed, self.base.0.unsigned_abs());
        let part_value = share(value.0, closed, amount.0.unsigned_abs());
        let lost = Notional(part_cost).saturating_add(Notional(part_value));
        self.realised = self.realised.saturating_sub(lost);
        self.cost = self.cost.saturating_sub(Notional(part_cost));
        self.base = self.base.saturating_add(amount);
        if closed < amount.0.unsigned_abs() {
            self.cost = Notional(value.0.saturating_sub(part_value));
        }
    }

    /// Value less cost of what is held, at this mid.
    pub fn unrealised(&self, instrument: &Instrument, mid_twice: i64) -> Notional {
        let twice = instrument.value(self.base, Price(mid_twice));
        Notional((twice.0 / 2).saturating_sub(self.cost.0))
    }

    /// What all fills won or lost at this mid, after fees and funding.
    ///
    /// Fees paid in the base asset were taken off what is held, so they are already lost value
    /// there; they are not subtracted a second time.
    pub fn pnl(&self, instrument: &Instrument, mid_twice: Option<i64>) -> Notional {
        let unrealised =
            mid_twice.map_or(Notional(0), |mid_twice| self.unrealised(instrument, mid_twice));
        let paid = self.fees.saturating_sub(self.fees_in_base);
        let won = self.realised.saturating_add(unrealised).saturating_add(self.funding);
        won.saturating_sub(paid)
    }

    /// Average price of what is held, in ticks toward zero; `None` when flat.
    pub fn average(&self, instrument: &Instrument) -> Option<Price> {
        let one_tick = instrument.value(self.base, Price(1)).0;
        if one_tick == 0 { None } else { Some(Price(self.cost.0 / one_tick)) }
    }
}

fn share(whole: i64, part: u64, of: u64) -> i64 {
    (i128::from(whole) * i128::from(part) / i128::from(of.max(1))) as i64
}

/// Sign of a side's effect on the base asset and, opposite, on the quote asset.
pub const fn flows(side: Side, base: Amount, quote: Notional) -> (Amount, Amount) {
    match side {
        Side::Buy => (base, Amount(quote.0.saturating_neg())),
        Side::Sell => (Amount(base.0.saturating_neg()), Amount(quote.0)),
    }
}
