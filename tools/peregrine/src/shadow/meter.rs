//! What a desk came to since its variants began.

use super::rank::Standing;
use engine::desk::Desk;
use engine::id::Side;
use engine::market::Market;
use engine::num::{Amount, Notional};
use engine::strategy::Strategy;
use engine::time::Nanos;
use strategies::any::Any;

/// What a desk came to by some moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Came {
    pnl: Notional,
    fees: Notional,
    fills: u64,
    /// Of the base asset, by instrument of the desk.
    positions: Vec<Amount>,
}

impl Came {
    fn of<S: Strategy>(desk: &Desk<S>, market: &Market) -> Self {
        let mut came = Self { pnl: desk.pnl(market), ..Self::default() };
        for id in &desk.instruments {
            let held = desk.positions.get(id.index());
            let (Some(listing), Some(position)) = (market.listing(*id), held) else { continue };
            came.fees = came.fees.saturating_add(listing.counted(position.fees));
            came.fills += position.fills[0] + position.fills[1];
            came.positions.push(position.base);
        }
        came
    }
}

/// Measures one desk.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter {
    start: Came,
    /// When it began, and when it was looked at last.
    began: Nanos,
    looked: Nanos,
    /// How long quotes stood on both sides.
    quoted: Nanos,
}

impl Meter {
    /// From now on.
    pub fn begin(now: Nanos, desk: &Desk<Any>, market: &Market) -> Self {
        Self { start: Came::of(desk, market), began: now, looked: now, quoted: Nanos::ZERO }
    }

    /// Looks whether it quotes: as it is now, it was since the last look.
    pub fn look(&mut self, now: Nanos, desk: &Desk<Any>) {
        let first = desk.instruments.first();
        let stands = |side| first.is_some_and(|id| desk.own_best(*id, side).is_some());
        if Side::BOTH.into_iter().all(stands) {
            self.quoted = self.quoted.after(now.since(self.looked));
        }
        self.looked = now;
    }

    /// How the desk stands, under this name and its desk's.
    pub fn standing(
        &self,
        (name, of): (&str, &str),
        desk: &Desk<Any>,
        market: &Market,
    ) -> Standing {
        let now = Came::of(desk, market);
        let before = |at: usize| self.start.positions.get(at).copied().unwrap_or_default();
        let won = |(at, held): (usize, &Amount)| held.saturating_sub(before(at));
        let span = u128::from(self.looked.since(self.began).0.max(1));
        let quoted = u128::from(self.quoted.0) * 1_000_000 / span;
        Standing {
            name: name.to_owned(),
            desk: of.to_owned(),
            rank: 0,
            pnl: now.pnl.saturating_sub(self.start.pnl),
            fees: now.fees.saturating_sub(self.start.fees),
            fills: now.fills - self.start.fills,
            positions: now.positions.iter().enumerate().map(won).collect(),
            quoted_ppm: u32::try_from(quoted).unwrap_or(u32::MAX),
        }
    }
}
