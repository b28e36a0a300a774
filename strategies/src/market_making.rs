//! Pure market making: quotes at set distances around a reference price, in several levels, leaning
//! against inventory.
//!
//! **Formula.** With r the reference price (mid, micro-price or last trade), I the queue imbalance
//! and q ∈ [−1, 1] how far inventory is from its aim,
//!
//! ```text
//! c     = r · (1 + imbalance_bps · I − inventory_skew_bps · q)            bp = 1e-4
//! bidᵢ  = ⌊c · (1 − bid_spread_bps − dᵢ)⌋      size·level_growthⁱ · (1 − q)
//! askᵢ  = ⌈c · (1 + ask_spread_bps + dᵢ)⌉      size·level_growthⁱ · (1 + q)
//! d₀ = 0, dᵢ₊₁ = dᵢ + level_spacing_bps · spacing_growthⁱ
//! ```
//!
//! By `inventory = "position"`, q is (position − target) / maximum; by `"ratio"`, the value of the
//! base asset in the account is compared with a share of all that it and the quote asset are
//! worth, and q goes from −1 to 1 over the range around it.
//!
//! **Source.** Hummingbot's `pure_market_making` (levels, ping-pong, price band, inventory skew,
//! order optimisation, hanging orders, refresh tolerance); micro-price: Stoikov, "The micro-price",
//! 2018; imbalance: Gould and Bonart, "Queue imbalance as a one-tick-ahead price predictor", 2016.
//!
//! **Rules, the later one wins.** Formula; least spread; maker fees where they are added; joining
//! the best price of others; refresh (a quote stays for `refresh_s`, and while it lies within
//! `tolerance_bps`); the price band; ping-pong; inventory bound and balance; never meeting the
//! other side of the book or our own.
//!
//! A join looks at the book less our own orders; a book that is older than our last move still has
//! what we took away, so `refresh_s` is to be longer than market data take.
//!
//! **Edge.** The spread, from flow that is not informed. **Fails** when flow is: a trend fills one
//! side again and again. The inventory bound caps what that costs; spreads that do not follow
//! volatility do not avoid it.

mod hanging;
mod parameters;
mod prices;

use crate::leg::{Leg, Open, base_of};
use crate::parameter::Table;
use crate::sheet::Sheet;
use crate::tactic::{BuildError, Role, Tactic};
use crate::takes::span;
use engine::event::{Body, Event, kind};
use engine::id::{InstrumentId, Side};
use engine::instrument::{Instrument, Kind};
use engine::num::Qty;
use engine::plan::Plan;
use engine::state::{Sink, Source};
use engine::strategy::{Reading, View};
use engine::time::Nanos;
use hanging::Hanging;

pub use parameters::{Inventory, Join, PARAMETERS, Parameters, Reference};

/// The strategy on one instrument.
#[derive(Clone, Debug)]
pub struct MarketMaking {
    parameters: Parameters,
    leg: Leg,
    /// What stands as of the last plan.
    sheet: Sheet,
    /// When its prices were last taken over.
    moved_at: Nanos,
    /// When an order of each side was last filled.
    filled_at: [Nanos; 2],
    hanging: Hanging,
    /// Centre and half-spread as of the last plan, for display.
    shown: Reading,
}

impl MarketMaking {
    /// How far inventory is from its aim, from −1 (all short) to 1.
    fn lean(&self, view: &View<'_>, open: &Open<'_>, reference: f64) -> f64 {
        let p = &self.parameters;
        let lean = match p.inventory {
            Inventory::None => 0.0,
            Inventory::Position => {
                (self.leg.held(view) - p.inventory_target) / p.inventory_max.max(1e-9)
            }
            Inventory::Ratio => {
                let instrument = &open.listing.instrument;
                let venue = view.venues.get(instrument.venue.index());
                let total = |asset| venue.map_or(0.0, |at| base_of(at.account.total(asset)));
                let (quote, base) = match self.leg.kind {
                    Kind::Spot => (total(instrument.quote), total(instrument.base)),
                    // Of a perpetual the account holds the margin alone, worth what it is.
                    Kind::Linear => {
                        let held = self.leg.held(view);
                        (total(instrument.quote) - held * reference, held)
                    }
                };
                let value = base * reference;
                let target = p.inventory_ratio * (value + quote);
                let range = p.inventory_range * p.order_qty * reference;
                (value - target) / range.max(1e-9)
            }
        };
        lean.clamp(-1.0, 1.0)
    }

    /// The quotes that the formula asks for, before what stands is looked at.
    fn fresh(&mut self, view: &View<'_>, open: &Open<'_>) -> Option<Sheet> {
        let p = self.parameters;
        let reference = prices::reference(&p, &self.leg, open)?;
        let lean = self.lean(view, open, reference);
        let centre = prices::centre(&p, open, reference, lean);
        let half = prices::half_spreads(&p, self.leg.maker, centre);
        self.show(centre, (half[0] + half[1]) / 2.0);
        let mut sheet = Sheet::default();
        for side in Side::BOTH {
            if view.now.since(self.filled_at[side.index()]) < span(p.fill_pause_s) {
                continue;
            }
            let sign = side.sign() as f64;
            let mut distance = half[side.index()];
            let mut size = p.order_qty * (1.0 - lean * sign);
            let mut spacing = p.level_spacing_bps / 1e4 * centre;
            for _ in 0..p.levels {
                let price = self.leg.outward(side, centre - sign * distance);
                if let Some(price) = price {
                    sheet.push(side, price, self.leg.lots(size).min(Qty(self.leg.scale.most())));
                }
                distance += spacing;
                spacing *= p.spacing_growth;
                size *= p.level_growth;
            }
            if p.join != Join::Off {
                self.join(view, open, side, &mut sheet);
            }
        }
        Some(sheet)
    }

    /// Moves quotes that are better than they need be behind the best price of others, or one tick
    /// before it.
    fn join(&self, view: &View<'_>, open: &Open<'_>, side: Side, sheet: &mut Sheet) {
        let depth = self.leg.lots(self.parameters.join_depth);
        let Some(best) = open.best_of_others(view, side, depth) else { return };
        let step = i64::from(self.parameters.join == Join::Improve) * side.sign();
        let inner = sheet.side(side).first().map(|quote| quote.price.0);
        let Some(inner) = inner else { return };
        // All levels move by as much as the first does, so that their distances stay.
        let shift = match side {
            Side::Buy => (best.0 + step - inner).min(0),
            Side::Sell => (best.0 + step - inner).max(0),
        };
        sheet.keep(side, |quote| {
            quote.price.0 += shift;
            quote.price.0 > 0
        });
    }

    /// Prices stay while they are near to the fresh ones, and for the refresh time; a level that
    /// comes or goes does so at once.
    fn refresh(&mut self, now: Nanos, mut fresh: Sheet) -> Sheet {
        let p = &self.parameters;
        let near = |price: i64, other: i64| {
            (price - other).unsigned_abs() as f64 <= p.tolerance_bps / 1e4 * other as f64
        };
        let is_near = Side::BOTH.into_iter().all(|side| {
            let pairs = self.sheet.side(side).iter().zip(fresh.side(side));
            pairs.into_iter().all(|(old, new)| near(old.price.0, new.price.0))
        });
        let is_first = Side::BOTH.into_iter().all(|side| self.sheet.side(side).is_empty());
        if is_first || !is_near && now.since(self.moved_at) >= span(p.refresh_s) {
            self.moved_at = now;
            return fresh;
        }
        for side in Side::BOTH {
            let mut old = self.sheet.side(side).iter();
            fresh.keep(side, |quote| {
                if let Some(old) = old.next() {
                    quote.price = old.price;
                }
                true
            });
        }
        fresh
    }

    /// How much may stand on a side: by the inventory bound, by ping-pong and by the balance.
    fn room(&self, view: &View<'_>, open: &Open<'_>, side: Side) -> Qty {
        let p = &self.parameters;
        let against = (p.inventory_target - self.leg.held(view)) * side.sign() as f64;
        let least = self.leg.base(self.leg.least(open.bid.0));
        let mut room = self.leg.lots((p.inventory_max + against).max(0.0));
        if p.ping_pong && libm::fabs(against) >= least {
            room = room.min(self.leg.lots(against.max(0.0)));
        }
        room.min(self.leg.affordable(view, side, self.leg.price(open.best(side).0)))
    }

    /// Takes away what lies beyond the band or the room.
    fn bound(&self, view: &View<'_>, open: &Open<'_>, sheet: &mut Sheet) {
        let p = &self.parameters;
        for side in Side::BOTH {
            let beyond = |price: f64| match side {
                Side::Buy => p.price_ceiling > 0.0 && price > p.price_ceiling,
                Side::Sell => price < p.price_floor,
            };
            let hangs = self.hanging.qty(view, self.leg.id, side);
            let room = self.room(view, open, side).saturating_sub(hangs);
            let leg = &self.leg;
            sheet.keep(side, |quote| !beyond(leg.price(quote.price)));
            sheet.cut(leg, side, room);
        }
    }

    fn show(&mut self, centre: f64, half: f64) {
        let milli = |price: f64| libm::round(price / self.leg.scale.tick * 1e3) as i64;
        self.shown = Reading { reservation: milli(centre), half_spread: milli(half), ..self.shown };
    }

    fn on_fill(&mut self, at: Nanos, side: Side) {
        self.filled_at[side.index()] = at;
        if self.parameters.hanging {
            self.hanging.take(side.opposite(), self.sheet.side(side.opposite()));
        }
    }
}

impl Tactic for MarketMaking {
    type Parameters = Parameters;
    const ROLES: &'static [Role] = &[Role::any("instrument", "what is quoted")];

    fn build(parameters: Parameters, instruments: &[Instrument]) -> Result<Self, BuildError> {
        parameters.validate()?;
        let [instrument] = BuildError::exactly(Self::ROLES, instruments)?;
        Ok(Self {
            parameters,
            leg: Leg::of(&instrument),
            sheet: Sheet::default(),
            moved_at: Nanos::ZERO,
            filled_at: [Nanos::ZERO; 2],
            hanging: Hanging::default(),
            shown: Reading::default(),
        })
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn configure(&mut self, parameters: Parameters) {
        self.parameters = parameters;
        self.moved_at = Nanos::ZERO;
    }

    fn learn(&mut self, event: &Event, view: &View<'_>) {
        if event.instrument != self.leg.id {
            return;
        }
        match event.kind {
            kind::FILL => {
                if let Some(Body::Fill(fill)) = event.body() {
                    self.on_fill(event.at, fill.side);
                }
            }
            kind::FILTERS => {
                if let Some(listing) = view.listing(self.leg.id) {
                    self.leg = Leg::of(&listing.instrument);
                    self.sheet = Sheet::default();
                    self.hanging = Hanging::default();
                }
            }
            _ => {}
        }
    }

    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        let Some(plan) = plans.get_mut(self.leg.id.index()) else { return };
        let sheet = self.leg.open(view).and_then(|open| {
            let fresh = self.fresh(view, &open)?;
            let mut sheet = self.refresh(view.now, fresh);
            sheet.settle(&open);
            self.bound(view, &open, &mut sheet);
            Some((open, sheet))
        });
        let Some((open, mut sheet)) = sheet else {
            self.sheet = Sheet::default();
            self.moved_at = Nanos::ZERO;
            return;
        };
        self.sheet = sheet;
        if self.parameters.hanging {
            self.hanging.join(view, &self.leg, &open, self.parameters.hanging_max_bps, &mut sheet);
            for side in Side::BOTH {
                sheet.cut(&self.leg, side, self.room(view, &open, side));
            }
        }
        sheet.write(plan);
    }

    fn reading(&self, instrument: InstrumentId) -> Reading {
        if instrument == self.leg.id { self.shown } else { Reading::default() }
    }

    fn save_learnt(&self, sink: &mut dyn Sink) {
        self.sheet.save(sink);
        sink.word(self.moved_at.0);
        self.filled_at.iter().for_each(|at| sink.word(at.0));
        self.hanging.save(sink);
        sink.int(self.shown.reservation);
        sink.int(self.shown.half_spread);
    }

    fn load_learnt(&mut self, source: &mut dyn Source) -> Option<()> {
        self.sheet = Sheet::load(source)?;
        self.moved_at = Nanos(source.word()?);
        self.filled_at = [Nanos(source.word()?), Nanos(source.word()?)];
        self.hanging.load(source)?;
        self.shown.reservation = source.int()?;
        self.shown.half_spread = source.int()?;
        Some(())
    }

    /// What stood is unknown.
    fn wake(&mut self) {
        self.sheet = Sheet::default();
        self.hanging = Hanging::default();
    }
}

#[cfg(test)]
mod tests;
