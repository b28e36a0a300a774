//! What is traded: its grids, limits, fees and whether it trades now.

use crate::condition::Keeps;
use crate::id::{AssetId, FeedId, InstrumentId, Side, VenueId};
use crate::num::{AMOUNT_DECIMALS, Amount, Grid, Notional, NumError, POW10, Price, Qty};
use core::fmt;

/// A short upper-case name such as `BTCUSDT`, held in place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    bytes: [u8; 23],
    len: u8,
}

impl Symbol {
    /// What has no name.
    pub const UNNAMED: Self = {
        let mut bytes = [0; 23];
        bytes[0] = b'?';
        Self { bytes, len: 1 }
    };

    /// From text of at most 23 bytes; `None` when it is longer or empty.
    pub fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; 23];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        if text.is_empty() { None } else { Some(Self { bytes, len: text.len() as u8 }) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or("?")
    }

    /// The name as bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether an instrument takes orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// Orders are taken.
    Trading = 0,
    /// Nothing is taken.
    Halted = 1,
    /// Only cancels are taken.
    CancelOnly = 2,
}

/// What owning it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Kind {
    /// Base and quote change hands.
    #[default]
    Spot = 0,
    /// A perpetual that is margined and settled in the quote asset: only profit, loss, fees and
    /// funding change hands, and a position may be short.
    Linear = 1,
}

/// Fees are in millionths of the notional: 1000 is 0.1 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Fees {
    /// For orders that rest; negative is a rebate.
    pub maker_ppm: i64,
    /// For orders that take.
    pub taker_ppm: i64,
}

/// An instrument of one venue. Limits of 0 are no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Dense id.
    pub id: InstrumentId,
    /// Where it trades, and whose account pays.
    pub venue: VenueId,
    /// Which feed brings its market.
    pub feed: FeedId,
    /// What owning it means.
    pub kind: Kind,
    /// The venue's name of it.
    pub symbol: Symbol,
    /// What is bought and sold.
    pub base: AssetId,
    /// What is paid; P&L is in it.
    pub quote: AssetId,
    /// Tick size.
    pub tick: Grid,
    /// Lot size, in the base asset.
    pub lot: Grid,
    /// One lot in the unit that the venue counts quantities in: the same as `lot`, but for
    /// contracts. Dialects read and write by it; nothing else does.
    pub size: Grid,
    /// Initial margin of a [`Kind::Linear`], in millionths of the notional: 100 000 is tenfold
    /// leverage.
    pub margin_ppm: i64,
    /// Lowest price of an order.
    pub price_min: Price,
    /// Highest price of an order.
    pub price_max: Price,
    /// Smallest quantity of an order.
    pub qty_min: Qty,
    /// Largest quantity of an order.
    pub qty_max: Qty,
    /// Smallest price times quantity of an order.
    pub notional_min: Notional,
    /// Largest price times quantity of an order.
    pub notional_max: Notional,
    /// Expected fees, for formulas; what is booked is what the venue reports.
    pub fees: Fees,
    /// Whether quantity can be reduced in place without losing the queue place.
    pub amends: bool,
    /// Whether price and quantity of an order can be changed in place. Where not, one order takes
    /// the place of another.
    pub moves: bool,
    /// What of orders that wait the venue keeps.
    pub keeps: Keeps,
    /// Whether it takes orders.
    pub status: Status,
}

impl Instrument {
    /// An instrument with these grids and no limits, trading, without fees.
    pub fn new(
        id: InstrumentId,
        symbol: Symbol,
        assets: (AssetId, AssetId),
        grids: (Grid, Grid),
    ) -> Self {
        Self {
            id,
            venue: VenueId(0),
            feed: FeedId(0),
            kind: Kind::Spot,
            symbol,
            base: assets.0,
            quote: assets.1,
            tick: grids.0,
            lot: grids.1,
            size: grids.1,
            margin_ppm: 1_000_000,
            price_min: Price(0),
            price_max: Price(0),
            qty_min: Qty(0),
            qty_max: Qty(0),
            notional_min: Notional(0),
            notional_max: Notional(0),
            fees: Fees::default(),
            amends: true,
            moves: false,
            keeps: Keeps::NOTHING,
            status: Status::Trading,
        }
    }

    /// Price text to ticks, exactly; refuses more than rows can carry.
    #[inline]
    pub fn price(&self, text: &[u8]) -> Result<Price, NumError> {
        let ticks = self.tick.parse(text)?;
        if ticks > PRICE_MAX { Err(NumError::Overflow) } else { Ok(Price(ticks)) }
    }

    /// Quantity text, in the venue's unit, to lots, exactly; refuses more than [`Qty`] rows can
    /// carry.
    #[inline]
    pub fn qty(&self, text: &[u8]) -> Result<Qty, NumError> {
        let lots = self.size.parse(text)?;
        if lots.unsigned_abs() > QTY_MAX as u64 { Err(NumError::Overflow) } else { Ok(Qty(lots)) }
    }

    /// Price times quantity, toward zero where the grids are finer than 1e-8 together; sticks at
    /// the ends of the range.
    #[inline]
    pub fn notional(&self, price: Price, qty: Qty) -> Notional {
        if let Some(notional) = self.small_notional(price, qty) {
            return Notional(notional);
        }
        let steps = i128::from(self.tick.step) * i128::from(self.lot.step);
        let product = (i128::from(price.0) * i128::from(qty.0)).saturating_mul(steps);
        let places = usize::from(self.tick.decimals) + usize::from(self.lot.decimals);
        let goal = usize::from(AMOUNT_DECIMALS);
        let scaled = if places <= goal {
            product.saturating_mul(i128::from(POW10[goal - places]))
        } else {
            product / i128::from(POW10[(places - goal).min(18)])
        };
        Notional(saturate(scaled))
    }

    /// The same where everything fits 64 bits and nothing is cut off: almost always.
    #[inline]
    fn small_notional(&self, price: Price, qty: Qty) -> Option<i64> {
        let places = usize::from(self.tick.decimals) + usize::from(self.lot.decimals);
        let scale = *POW10.get(usize::from(AMOUNT_DECIMALS).checked_sub(places)?)?;
        let steps = self.tick.step.checked_mul(self.lot.step)?.checked_mul(scale)?;
        price.0.checked_mul(qty.0)?.checked_mul(steps)
    }

    /// The asset that an order of this side locks.
    #[inline]
    pub const fn locks(&self, side: Side) -> AssetId {
        match (self.kind, side) {
            (Kind::Spot, Side::Sell) => self.base,
            _ => self.quote,
        }
    }

    /// Initial margin of so much notional, toward zero.
    #[inline]
    pub fn margin(&self, notional: Notional) -> Notional {
        let product = match notional.0.checked_mul(self.margin_ppm) {
            Some(product) => return Notional(product / 1_000_000),
            None => i128::from(notional.0) * i128::from(self.margin_ppm),
        };
        Notional(saturate(product / 1_000_000))
    }

    /// A quantity as an amount of the base asset, exact up to 8 places, beyond them toward zero.
    #[inline]
    pub fn base_amount(&self, qty: Qty) -> Amount {
        let (places, goal) = (usize::from(self.lot.decimals), usize::from(AMOUNT_DECIMALS));
        if let Some(scale) = goal.checked_sub(places).and_then(|missing| POW10.get(missing))
            && let Some(amount) =
                qty.0.checked_mul(self.lot.step).and_then(|n| n.checked_mul(*scale))
        {
            return Amount(amount);
        }
        let units = i128::from(qty.0) * i128::from(self.lot.step);
        let scaled = if places <= goal {
            units.saturating_mul(i128::from(POW10[goal - places]))
        } else {
            units / i128::from(POW10[places - goal])
        };
        Amount(saturate(scaled))
    }

    /// An amount of the base asset in whole lots, toward zero.
    #[inline]
    pub fn lots(&self, amount: Amount) -> Qty {
        let one = self.base_amount(Qty(1)).0.max(1);
        Qty(amount.0 / one)
    }

    /// The value of an amount of the base asset at a price, toward zero.
    #[inline]
    pub fn value(&self, amount: Amount, price: Price) -> Notional {
        let part = POW10[usize::from(self.tick.decimals)];
        let small = amount.0.checked_mul(price.0).and_then(|n| n.checked_mul(self.tick.step));
        if let Some(small) = small {
            return Notional(small / part);
        }
        let units = i128::from(amount.0) * i128::from(price.0);
        let product = units.saturating_mul(i128::from(self.tick.step));
        Notional(saturate(product / i128::from(part)))
    }
}

mod saved;

/// Most lots that one row can carry.
pub const QTY_MAX: i64 = (1 << 47) - 1;
/// Highest price in ticks that one row can carry: exact as a float, and sums of a few stay in
/// range.
pub const PRICE_MAX: i64 = (1 << 53) - 1;

#[inline]
fn saturate(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn btc() -> Instrument {
        let grids = (Grid { decimals: 2, step: 1 }, Grid { decimals: 5, step: 1 });
        let symbol = Symbol::new("BTCUSDT").unwrap();
        Instrument::new(InstrumentId(0), symbol, (AssetId(0), AssetId(1)), grids)
    }

    #[test]
    fn notional_is_exact_where_the_grids_allow_it() {
        let btc = btc();
        let price = btc.price(b"61837.63000000").unwrap();
        let qty = btc.qty(b"0.00123000").unwrap();
        assert_eq!(btc.notional(price, qty), Notional(7_606_028_490));
        assert_eq!(btc.base_amount(qty), Amount(123_000));
        assert_eq!(btc.value(Amount(123_000), price), Notional(7_606_028_490));
        assert_eq!(btc.lots(Amount(123_999)), Qty(123));
        assert_eq!(btc.qty(b"9999999999999999"), Err(NumError::Overflow));
    }
}
