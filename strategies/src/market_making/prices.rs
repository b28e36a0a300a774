//! The prices that pure market making goes by: reference, centre and distances.

use super::{Parameters, Reference};
use crate::leg::{Leg, Open};

/// The reference price; `None` where there is none yet.
pub fn reference(parameters: &Parameters, leg: &Leg, open: &Open<'_>) -> Option<f64> {
    let mid = (leg.price(open.bid.0) + leg.price(open.ask.0)) / 2.0;
    match parameters.reference {
        Reference::Mid => Some(mid),
        Reference::MicroPrice => {
            let micro = open.listing.book.micro_price()?;
            Some(micro.numerator as f64 / micro.denominator as f64 * leg.scale.tick)
        }
        Reference::LastTrade => {
            let trade = open.listing.last_trade.map(|trade| leg.price(trade.price));
            Some(trade.unwrap_or(mid))
        }
    }
}

/// The reference, moved by the book's imbalance and against inventory.
pub fn centre(parameters: &Parameters, open: &Open<'_>, reference: f64, lean: f64) -> f64 {
    let p = parameters;
    let imbalance = if p.imbalance_bps == 0.0 {
        0.0
    } else {
        let share = open.listing.book.imbalance(p.imbalance_levels as usize);
        share.map_or(0.0, |share| share.numerator as f64 / share.denominator as f64)
    };
    reference * (1.0 + (p.imbalance_bps * imbalance - p.inventory_skew_bps * lean) / 1e4)
}

/// How far the first bid lies below the centre and the first ask above it, price units.
pub fn half_spreads(parameters: &Parameters, fee: f64, centre: f64) -> [f64; 2] {
    let p = parameters;
    let fee = if p.fees_added { fee } else { 0.0 };
    let [bid, ask] = [p.bid_spread_bps / 1e4 + fee, p.ask_spread_bps / 1e4 + fee];
    let wider = ((p.spread_min_bps / 1e4 - bid - ask) / 2.0).max(0.0);
    [(bid + wider) * centre, (ask + wider) * centre]
}
