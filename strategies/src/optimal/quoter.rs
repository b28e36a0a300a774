//! From σ, κ, T − t and the position to prices and quantities on the instrument's grid.
//!
//! The formulas are evaluated when the model is refreshed (a timer) and when the position changes
//! (a fill), and kept as offsets from the mid in 2^-16 ticks. A tick of the market then costs a few
//! integer additions: no float, no division, no logarithm.
//!
//! ```text
//! bid₀ = ⌊mid − offset⌋   ask₀ = ⌈mid + offset⌉    rounding is outward, always
//! ```
//!
//! Order of the rules, the later one wins: the paper's optimum; least and largest spread, widened
//! or narrowed evenly around the reservation price; rounding outward (which may add up to two ticks
//! to the largest spread); strictly behind the opposite best, so that nothing takes (which may do
//! so too); inner levels before outer ones, a tick apart at least.

use super::{Quoting, Shape};
use crate::scale::{AMOUNT_ONE, Scale};
use crate::signal::weight;
use engine::id::Side;
use engine::num::{Amount, Price, Qty};
use engine::plan::LEVELS_MAX;
use engine::state::{Sink, Source, State};

/// Binary places of an offset in ticks.
const PLACES: u32 = 16;
/// One tick in offsets.
const ONE: f64 = (1_u64 << PLACES) as f64;
/// Binary places of a ratio such as a spread over the mid.
const RATIO_PLACES: u32 = 32;
/// Highest price in ticks that is quoted around; keeps all sums within 63 bits.
pub const PRICE_MAX: Price = Price(1 << 44);
/// Largest offset, in 2^-16 ticks.
const OFFSET_MAX: i64 = 1 << 58;
/// Largest distance between levels, in 2^-16 ticks.
const SPACING_MAX: i64 = 1 << 54;

/// What the estimators say, at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// σ, price per √second.
    pub sigma: f64,
    /// T − t, seconds.
    pub left_s: f64,
    /// κ of the flow that fills our bid (sell takers) and our ask (buy takers), 1/price.
    pub kappa: [f64; 2],
    /// A of the same, orders per second.
    pub rate: [f64; 2],
    /// Mid that relative parameters are turned to prices with, in half ticks.
    pub mid: i64,
}

/// The cached terms and what they came from.
#[derive(Clone, Debug)]
pub struct Quoter<P> {
    parameters: P,
    shape: Shape,
    scale: Scale,
    model: Option<Model>,
    position: Amount,
    /// Offset of the first level from the mid, by side; `None` withdraws the side.
    offsets: [Option<i64>; 2],
    /// Quantities by side and level.
    sizes: [[Qty; LEVELS_MAX]; 2],
    spacing: i64,
    spread_min: u64,
    spread_max: u64,
}

impl<P: Quoting> Quoter<P> {
    /// Quotes nothing until there is a model.
    pub fn new(parameters: P, scale: Scale) -> Self {
        let mut quoter = Self {
            parameters,
            shape: parameters.shape(),
            scale,
            model: None,
            position: Amount::ZERO,
            offsets: [None; 2],
            sizes: [[Qty::ZERO; LEVELS_MAX]; 2],
            spacing: 0,
            spread_min: 0,
            spread_max: 0,
        };
        quoter.configure(parameters, scale);
        quoter
    }

    /// Takes other parameters or grids over.
    pub fn configure(&mut self, parameters: P, scale: Scale) {
        let ratio = (1_u64 << RATIO_PLACES) as f64 / 10_000.0;
        self.parameters = parameters;
        self.shape = parameters.shape();
        self.scale = scale;
        self.spread_min = libm::ceil(self.shape.spread_min_bps * ratio) as u64;
        self.spread_max = libm::floor(self.shape.spread_max_bps * ratio) as u64;
        self.compute();
    }

    /// Takes a new model over; `None` withdraws all quotes.
    pub fn set_model(&mut self, model: Option<Model>) {
        self.model = model;
        self.compute();
    }

    /// Takes the position over, of the base asset.
    #[inline]
    pub fn set_position(&mut self, position: Amount) {
        if position != self.position {
            self.position = position;
            self.compute();
        }
    }

    /// The instrument's grids.
    pub const fn scale(&self) -> &Scale {
        &self.scale
    }

    /// The model in use.
    pub const fn model(&self) -> Option<&Model> {
        self.model.as_ref()
    }

    /// Inventory q in order units: what is held beyond the target, over one order's quantity.
    pub fn inventory(&self) -> f64 {
        let held = self.position.0 as f64 / AMOUNT_ONE;
        (held - self.shape.inventory_target) / self.shape.order_qty
    }

    /// Reservation price and half-spread in ticks, before rounding, for display: middle and half
    /// distance of the first levels. `None` while a side is withdrawn.
    pub fn centre(&self, mid: i64) -> Option<(f64, f64)> {
        let [Some(bid), Some(ask)] = self.offsets else { return None };
        let lean = (ask as f64 - bid as f64) / (2.0 * ONE);
        Some((mid as f64 / 2.0 + lean, (ask as f64 + bid as f64) / (2.0 * ONE)))
    }

    /// Gives the quotes that should stand beside this best bid and ask, first level first. Nothing
    /// for a book that is crossed, or outside 1..=[`PRICE_MAX`].
    #[inline]
    pub fn quote(&self, bid: Price, ask: Price, mut put: impl FnMut(Side, Price, Qty)) {
        if bid.0 < 1 || ask <= bid || ask > PRICE_MAX {
            return;
        }
        let mid = (bid.0 + ask.0) << (PLACES - 1);
        let [bid_offset, ask_offset] = self.held(mid);
        let levels = self.shape.levels as usize;
        if let Some(offset) = bid_offset {
            let (mut line, mut limit) = (mid - offset, ask.0 - 1);
            for size in self.sizes[Side::Buy.index()].iter().take(levels) {
                let price = (line >> PLACES).min(limit);
                if price < 1 {
                    break;
                }
                if !size.is_zero() {
                    put(Side::Buy, Price(price), *size);
                }
                line -= self.spacing;
                limit = price - 1;
            }
        }
        if let Some(offset) = ask_offset {
            let (mut line, mut limit) = (mid + offset, bid.0 + 1);
            for size in self.sizes[Side::Sell.index()].iter().take(levels) {
                // The negated shift of the negated line is the shift rounded up.
                let price = (-(-line >> PLACES)).max(limit);
                if !size.is_zero() {
                    put(Side::Sell, Price(price), *size);
                }
                line += self.spacing;
                limit = price + 1;
            }
        }
    }

    /// Offsets with the spread held between its limits at this mid (in 2^-16 ticks, positive).
    #[inline]
    fn held(&self, mid: i64) -> [Option<i64>; 2] {
        let [Some(bid), Some(ask)] = self.offsets else { return self.offsets };
        let wide = |ratio: u64, up: u128| {
            let product = (mid as u64 as u128).wrapping_mul(u128::from(ratio));
            (product.wrapping_add(up) >> RATIO_PLACES) as i64
        };
        let width = bid + ask;
        let least = wide(self.spread_min, (1 << RATIO_PLACES) - 1);
        let most = wide(self.spread_max, 0).max(least);
        let change = if width < least {
            (least - width + 1) >> 1
        } else if width > most {
            -((width - most + 1) >> 1)
        } else {
            0
        };
        [Some(bid + change), Some(ask + change)]
    }

    /// Evaluates the formulas for the model, the position and the parameters as they are.
    fn compute(&mut self) {
        let Some(model) = self.model else {
            self.offsets = [None; 2];
            return;
        };
        let fixed = |price: f64| {
            let offset = libm::ceil(price / self.scale.tick * ONE) as i64;
            offset.clamp(-OFFSET_MAX, OFFSET_MAX)
        };
        let [bid, ask] = self.parameters.distances(self.inventory(), &model);
        self.offsets = [bid.map(fixed), ask.map(fixed)];
        let mid = model.mid as f64 / 2.0 * ONE;
        let spacing = mid * self.shape.level_spacing_bps / 10_000.0;
        self.spacing = (libm::ceil(spacing) as i64).clamp(0, SPACING_MAX);
        self.size(&model);
    }

    /// Quantities: the order's, grown by level, cut by exp(−η·|q|) on the side that adds to
    /// inventory, and by what is left up to its bound; nothing where the venue's minimum is missed.
    fn size(&mut self, model: &Model) {
        let Shape { order_qty, inventory_max, .. } = self.shape;
        let q = self.inventory();
        for side in Side::BOTH {
            let adds = (q * side.sign() as f64).max(0.0);
            let shape = libm::exp(-self.shape.eta * adds);
            let room = (inventory_max - q * side.sign() as f64).max(0.0);
            let mut room = self.scale.lots(room * order_qty);
            let least = self.least(side, model);
            let mut base = order_qty * shape;
            for size in &mut self.sizes[side.index()] {
                let lots = self.scale.lots(base).min(self.scale.most()).min(room);
                *size = if lots >= least { Qty(lots) } else { Qty::ZERO };
                room -= size.0;
                base *= self.shape.level_growth;
            }
        }
    }

    /// Fewest lots that the venue takes on a side: its own least, or the least notional at a price
    /// one percent below the outermost level, as of the last refresh.
    fn least(&self, side: Side, model: &Model) -> i64 {
        let [bid, ask] = self.offsets;
        let outer = match side {
            Side::Buy => bid.unwrap_or(0).saturating_add(self.spacing * LEVELS_MAX as i64),
            Side::Sell => ask.unwrap_or(0).saturating_neg(),
        };
        let ticks = model.mid as f64 / 2.0 - (outer as f64 / ONE).max(0.0);
        let price = (ticks * 0.99).max(1.0) * self.scale.tick;
        self.scale.least(price)
    }
}

/// Saved are the model and the position; the cached terms follow from them.
impl<P: Quoting> State for Quoter<P> {
    fn save(&self, sink: &mut dyn Sink) {
        let none = Model { sigma: 0.0, left_s: 0.0, kappa: [0.0; 2], rate: [0.0; 2], mid: 0 };
        let model = self.model.unwrap_or(none);
        sink.word(u64::from(self.model.is_some()));
        let Model { sigma, left_s, kappa: [bid, ask], rate, .. } = model;
        for value in [sigma, left_s, bid, ask, rate[0], rate[1]] {
            sink.float(value);
        }
        sink.int(model.mid);
        sink.int(self.position.0);
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        let full = source.word()? == 1;
        let [sigma, left_s] = [weight(source)?, weight(source)?];
        let kappa = [weight(source)?, weight(source)?];
        let rate = [weight(source)?, weight(source)?];
        let model = Model { sigma, left_s, kappa, rate, mid: source.int()? };
        self.position = Amount(source.int()?);
        self.set_model(full.then_some(model));
        Some(())
    }
}

#[cfg(test)]
mod tests;
