//! Cross-exchange market making: quotes on a maker venue at prices at which the taker venue pays
//! for every fill, and a hedge there at once.
//!
//! **Formula.** With v the size-weighted price of the hedge on the taker venue (selling for a bid,
//! buying for an ask), s the slippage allowed for, f the fees and m the profit asked for,
//!
//! ```text
//! bid = ⌊ v_sell · (1 − s)(1 − f_taker) / (1 + f_maker + m) ⌋
//! ask = ⌈ v_buy  · (1 + s)(1 + f_taker) / (1 − f_maker − m) ⌉
//! ```
//!
//! so that a fill at the quote and a hedge at v, both after fees, leave m of the maker's notional.
//!
//! **Source.** The rule of Hummingbot's `cross_exchange_market_making`, with slippage and hedging
//! of partial fills in the formula; size-weighted hedge price as in its `get_vwap_for_volume`.
//!
//! **Moving.** A quote stands while it lies within `drift_bps` of where it would be put now and
//! still earns `profit_min_bps`; it moves no more often than `move_pause_s`. One that no longer
//! earns the least is taken away at once, whatever the pause.
//!
//! **Hedging** goes by position, not by reports of fills: what both legs hold together, live takes
//! counted as filled, is brought to zero by IOC orders on the taker venue, no more often than
//! `hedge_pause_s`, no farther than `hedge_cap_bps` beyond its best price. A fill that arrives
//! while a quote is being cancelled changes the position and is hedged like any other. When more
//! than `unhedged_max` is open, or anything for longer than `unhedged_s`, the side that adds to it
//! is not quoted, hedges reach `late_cap_bps`, and where the taker venue cannot be dealt with, the
//! position is closed on the maker venue.
//!
//! **Edge.** The taker venue is deeper or leads; quoting its price elsewhere earns the spread there
//! without carrying the position. **Fails** when the hedge is slower than those who take the quote
//! for the same reason (each fill is then a loss of the move), and when one venue drifts from the
//! other for good: balances run out on one side of each, and nobody moves them here.

mod parameters;
mod quotes;

use crate::leg::{Leg, base_of};
use crate::parameter::Table;
use crate::sheet::Sheet;
use crate::tactic::{BuildError, Role, Tactic};
use crate::takes::{Lapse, Progress, Reach, Takes, span};
use engine::event::{Event, kind};
use engine::id::{InstrumentId, Side};
use engine::instrument::Instrument;
use engine::num::Amount;
use engine::plan::Plan;
use engine::state::{Sink, Source};
use engine::strategy::{Reading, View};
use engine::time::Nanos;

pub use parameters::{PARAMETERS, Parameters};

/// The strategy on its two instruments.
#[derive(Clone, Debug)]
pub struct CrossMarket {
    parameters: Parameters,
    maker: Leg,
    taker: Leg,
    /// What stands as of the last plan, one quote a side.
    sheet: Sheet,
    moved_at: [Nanos; 2],
    hedges: Takes,
    /// Takes that close on the maker venue what the taker venue cannot.
    exits: Takes,
    /// Since when something is open that could be hedged.
    open: Lapse,
    shown: Reading,
}

/// How the hedge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hedge {
    /// What both legs hold together.
    held: Amount,
    /// The same with live takes counted as filled.
    left: Amount,
    /// Whether it is open for too long, or too much.
    is_late: bool,
}

impl CrossMarket {
    /// What is open, and for how long it has been: what lies below the taker venue's least order
    /// does not count.
    fn watch(&mut self, view: &View<'_>) -> Hedge {
        let held = view.position(self.maker.id).saturating_add(view.position(self.taker.id));
        let left = view.position(self.maker.id).saturating_add(self.taker.heading(view));
        let best = view.listing(self.taker.id).and_then(|one| one.book.best(Side::Buy));
        let least = best.map_or(self.taker.scale.qty_min, |(price, _)| self.taker.least(price));
        let p = &self.parameters;
        let is_open = self.taker.lots_of(held.abs()) >= least;
        let is_old = self.open.watch(view.now, is_open) > span(p.unhedged_s);
        let is_much = base_of(held.abs()) > p.unhedged_max;
        Hedge { held, left, is_late: is_much || is_old }
    }

    /// Takes what is open off the taker venue, or, late and where that is closed, off the maker.
    fn hedge(&mut self, view: &View<'_>, hedge: &Hedge, plans: &mut [Plan]) -> bool {
        let p = &self.parameters;
        let cap = if hedge.is_late { p.late_cap_bps } else { p.hedge_cap_bps } / 1e4;
        let reach = Reach { cap, clip: p.hedge_clip, pause: span(p.hedge_pause_s) };
        let open = Amount(hedge.left.0.saturating_neg());
        let progress = self.hedges.close(view, &self.taker, open, &reach, plans);
        if progress != Progress::Blocked || !hedge.is_late {
            return false;
        }
        // Takes that are under way here change what is left when they end.
        if self.maker.is_busy(view) {
            return true;
        }
        self.exits.close(view, &self.maker, open, &reach, plans);
        true
    }
}

impl Tactic for CrossMarket {
    type Parameters = Parameters;
    const ROLES: &'static [Role] =
        &[Role::any("maker", "where quotes stand"), Role::any("taker", "where fills are hedged")];

    fn build(parameters: Parameters, instruments: &[Instrument]) -> Result<Self, BuildError> {
        parameters.validate()?;
        let [maker, taker] = BuildError::exactly(Self::ROLES, instruments)?;
        BuildError::same_assets(&maker, &taker)?;
        Ok(Self {
            parameters,
            maker: Leg::of(&maker),
            taker: Leg::of(&taker),
            sheet: Sheet::default(),
            moved_at: [Nanos::ZERO; 2],
            hedges: Takes::default(),
            exits: Takes::default(),
            open: Lapse::default(),
            shown: Reading::default(),
        })
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn configure(&mut self, parameters: Parameters) {
        self.parameters = parameters;
        self.moved_at = [Nanos::ZERO; 2];
    }

    fn learn(&mut self, event: &Event, view: &View<'_>) {
        if event.kind != kind::FILTERS {
            return;
        }
        for leg in [&mut self.maker, &mut self.taker] {
            if let Some(listing) = view.listing(leg.id).filter(|_| leg.id == event.instrument) {
                *leg = Leg::of(&listing.instrument);
                self.sheet = Sheet::default();
            }
        }
    }

    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        let hedge = self.watch(view);
        if self.hedge(view, &hedge, plans) {
            self.sheet = Sheet::default();
            return;
        }
        self.quote(view, &hedge);
        if let Some(plan) = plans.get_mut(self.maker.id.index()) {
            self.sheet.write(plan);
        }
    }

    fn reading(&self, instrument: InstrumentId) -> Reading {
        if instrument == self.maker.id { self.shown } else { Reading::default() }
    }

    fn save_learnt(&self, sink: &mut dyn Sink) {
        self.sheet.save(sink);
        self.moved_at.iter().for_each(|at| sink.word(at.0));
        self.hedges.save(sink);
        self.exits.save(sink);
        self.open.save(sink);
        sink.int(self.shown.reservation);
        sink.int(self.shown.half_spread);
    }

    fn load_learnt(&mut self, source: &mut dyn Source) -> Option<()> {
        self.sheet = Sheet::load(source)?;
        self.moved_at = [Nanos(source.word()?), Nanos(source.word()?)];
        self.hedges.load(source)?;
        self.exits.load(source)?;
        self.open.load(source)?;
        self.shown.reservation = source.int()?;
        self.shown.half_spread = source.int()?;
        Some(())
    }

    /// What stood is unknown; what is open is counted anew.
    fn wake(&mut self) {
        self.sheet = Sheet::default();
        self.open = Lapse::default();
    }
}

#[cfg(test)]
mod tests;
