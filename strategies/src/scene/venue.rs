//! A venue that answers at once, for worlds in which a strategy is to earn: takes are filled from
//! the book as it is shown, quotes when the market comes through their price or a taker reaches it.
#![cfg(test)]

use super::{Scene, std};
use engine::event::{Body, End, Event, Fill, Reason, flag};
use engine::id::{InstrumentId, OrderId, Side};
use engine::intent::{Intent, Outgoing, Place, Reduce, Tif};
use engine::num::{Amount, Price, Qty};
use engine::order::Order;
use std::vec::Vec;

impl Scene {
    /// Shows a book of one level a side around a mid, and has what rests answered.
    pub fn show(&mut self, at: usize, mid: f64, half_spread: f64, base: f64) {
        let spec = self.instruments[at];
        let (tick, lot) = (spec.tick.step_f64(), spec.lot.step_f64());
        let bid = Price(libm::floor((mid - half_spread) / tick) as i64);
        let ask = Price(libm::ceil((mid + half_spread) / tick) as i64);
        let qty = Qty((base / lot) as i64);
        self.update += 1;
        let row = |side, price, flags| {
            let body = Body::Level { side, price, qty };
            Event::new(self.doors.now, spec.id, self.update, body).with(flags | flag::SNAPSHOT)
        };
        let rows = [row(Side::Buy, bid, flag::FIRST), row(Side::Sell, ask, flag::LAST)];
        self.events(rows);
        self.answer();
        self.reach(at, Side::Sell, ask);
        self.reach(at, Side::Buy, bid);
    }

    /// A taker comes as far as this price: our quotes up to it are filled.
    pub fn reach(&mut self, at: usize, taker: Side, price: Price) {
        let id = InstrumentId(at as u16);
        let orders = self.engine.desks[0].orders.side(id, taker.opposite());
        let met = |order: &&Order| match taker {
            Side::Buy => order.price <= price,
            Side::Sell => order.price >= price,
        };
        let met: Vec<Order> = orders.filter(met).copied().collect();
        for order in met {
            self.filled(&order, order.price, order.remaining());
        }
        self.answer();
    }

    /// Time goes on, and the timer says so.
    pub fn pass(&mut self, time: engine::time::Nanos) {
        self.wait(time);
        self.row(0, 1, Body::Timer);
        self.answer();
    }

    /// Answers everything that was sent, and what is sent upon that.
    pub fn answer(&mut self) {
        loop {
            let sent = self.sent();
            if sent.is_empty() {
                return;
            }
            for item in sent {
                match item {
                    Outgoing::Place(approved) => match *approved.intent() {
                        Intent::Replace { old, new } => {
                            self.end(old.instrument, old.order(), End::Cancelled);
                            self.take_in(&new);
                        }
                        Intent::Place(new) | Intent::Entry(new) | Intent::Move { new, .. } => {
                            self.take_in(&new);
                        }
                        // Strategies hold none, and its instruments keep none.
                        Intent::Conditional { .. } => {}
                    },
                    Outgoing::Reduce(Reduce::Cancel(order)) => {
                        self.end(order.instrument, order.order(), End::Cancelled);
                    }
                    Outgoing::Reduce(Reduce::Amend { order, qty }) => {
                        let body = Body::Amended { order: order.order(), price: None, qty };
                        self.row(order.instrument.0, 0, body);
                    }
                    _ => {}
                }
            }
        }
    }

    fn end(&mut self, instrument: InstrumentId, order: OrderId, end: End) {
        let live = self.engine.desks[0].orders.get(order).is_some_and(|o| !o.state.is_terminal());
        if live {
            let body = Body::Done { order, end, reason: Reason::None, filled: None };
            self.row(instrument.0, 0, body);
        }
    }

    fn take_in(&mut self, place: &Place) {
        let (id, order) = (place.instrument, place.client.order);
        self.row(id.0, 0, Body::Accepted { order, venue_order: 7 });
        if place.tif != Tif::Ioc {
            return;
        }
        let book = &self.engine.market.listings()[id.index()].book;
        let best = book.best(place.side.opposite());
        let reaches = |price: Price| match place.side {
            Side::Buy => price <= place.price,
            Side::Sell => price >= place.price,
        };
        if let (Some((price, qty)), Some(known)) =
            (best.filter(|(price, _)| reaches(*price)), self.engine.desks[0].orders.get(order))
        {
            let known = *known;
            self.filled(&known, price, qty.min(known.remaining()));
        }
        self.end(id, order, End::Expired);
    }

    fn filled(&mut self, order: &Order, price: Price, qty: Qty) {
        let spec = self.instruments[order.instrument.index()];
        let maker = !order.tif.is_immediate();
        let ppm = if maker { spec.fees.maker_ppm } else { spec.fees.taker_ppm };
        let notional = i128::from(spec.notional(price, qty).0);
        let fee = Amount((notional * i128::from(ppm) / 1_000_000) as i64);
        self.trades += 1;
        let fill = Fill {
            order: order.id(),
            trade: self.trades,
            side: order.side,
            price,
            qty,
            fee,
            fee_asset: spec.quote,
            maker,
        };
        self.row(order.instrument.0, 0, Body::Fill(fill));
    }

    /// What the desk has won or lost so far, in units of the quote asset, after fees.
    pub fn pnl(&self) -> f64 {
        self.engine.desks[0].pnl(&self.engine.market).0 as f64 / 1e8
    }

    /// The same where quote assets differ: what all accounts hold now against the start, at the
    /// mids of now, in the quote asset of the first instrument; each other asset is the base of an
    /// instrument against it.
    pub fn pnl_in_first_quote(&self) -> f64 {
        let account = self.engine.account(engine::id::VenueId(0));
        let value = |asset| {
            let found = self.instruments.iter().find(|one| one.base == asset);
            let listing = found.map(|one| (&self.engine.market.listings()[one.id.index()], one));
            listing.map_or(1.0, |(listing, one)| {
                listing.last_mid_twice.unwrap_or(0) as f64 / 2.0 * one.tick.step_f64()
            })
        };
        let won = account.balances().map(|(asset, balance)| {
            (balance.total.0 - balance.start.0) as f64 / 1e8 * value(asset)
        });
        won.sum()
    }

    /// Fills so far, of all instruments.
    pub fn fills(&self) -> u64 {
        self.engine.desks[0].counters.fills.iter().sum()
    }
}
