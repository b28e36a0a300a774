//! Orders that hang: when one side is filled, the quotes of the other stay where they are, beside
//! the fresh ones, until they are filled too or the market has gone too far away.

use crate::leg::{Leg, Open};
use crate::sheet::Sheet;
use engine::id::{InstrumentId, Side};
use engine::num::{Price, Qty};
use engine::plan::Quote;
use engine::state::{Sink, Source};
use engine::strategy::View;

/// Most that hang on a side.
const HANGING_MAX: usize = 4;

/// The prices at which orders hang, by side; 0 is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hanging {
    prices: [[Price; HANGING_MAX]; 2],
}

impl Hanging {
    /// These quotes hang from now on, as far as there is room; the first come first.
    pub fn take(&mut self, side: Side, quotes: &[Quote]) {
        let prices = &mut self.prices[side.index()];
        for quote in quotes {
            if !prices.contains(&quote.price)
                && let Some(free) = prices.iter_mut().find(|price| price.is_zero())
            {
                *free = quote.price;
            }
        }
    }

    /// How much hangs on a side.
    pub fn qty(&self, view: &View<'_>, id: InstrumentId, side: Side) -> Qty {
        let prices = self.prices[side.index()].iter().filter(|price| !price.is_zero());
        Qty(prices.map(|price| standing(view, id, side, *price).0).sum())
    }

    /// Adds what hangs to the fresh quotes, and forgets what was filled, is gone or lies too far
    /// away.
    pub fn join(
        &mut self,
        view: &View<'_>,
        leg: &Leg,
        open: &Open<'_>,
        max_bps: f64,
        sheet: &mut Sheet,
    ) {
        let mid = (open.bid.0.0 + open.ask.0.0) as f64 / 2.0;
        for side in Side::BOTH {
            for price in &mut self.prices[side.index()] {
                let qty = standing(view, leg.id, side, *price);
                let far = (price.0 as f64 - mid) * side.sign() as f64 / mid < -max_bps / 1e4;
                if qty.is_zero() || far {
                    *price = Price(0);
                } else {
                    sheet.insert(side, *price, qty);
                }
            }
        }
        sheet.settle(open);
    }

    /// Gives every word of it.
    pub fn save(&self, sink: &mut dyn Sink) {
        self.prices.iter().flatten().for_each(|price| sink.int(price.0));
    }

    /// Takes them back.
    pub fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        for price in self.prices.iter_mut().flatten() {
            *price = Price(source.int()?);
        }
        Some(())
    }
}

/// What our orders at a price could still fill.
fn standing(view: &View<'_>, id: InstrumentId, side: Side, price: Price) -> Qty {
    let at = view.orders.side(id, side).filter(|order| order.price == price);
    Qty(at.map(|order| order.remaining().0).sum())
}
