//! Tells a witness what happens: from whole numbers to those that people think in.

use super::journal::Keep;
use super::ports::{Rhythm, TapePorts};
use super::rows::Rows;
use super::world::World;
use crate::run::{Filled, Funded, Look, Market, Meta, Sent, Witness};
use engine::engine::Engine;
use engine::event::{Body, Event};
use engine::id::{AssetId, InstrumentId, OrderId, Side};
use engine::instrument::{Instrument, Kind};
use engine::market::Listing;
use engine::num::{AMOUNT_DECIMALS, Amount, Grid, POW10, Price, Qty};
use engine::strategy::Strategy;
use engine::time::Nanos;

/// One whole unit of an amount.
const UNIT: f64 = POW10[AMOUNT_DECIMALS as usize] as f64;

/// What a run and its markets are called, and what it began with.
#[derive(Clone, Debug, PartialEq)]
pub struct Names {
    /// What people call the run.
    pub run: String,
    /// By instrument id: its name, base and quote asset.
    pub markets: Vec<(String, String, String)>,
    /// Balances at the start.
    pub balances: Vec<(AssetId, Amount)>,
}

/// Tells one witness.
pub(super) struct Teller<'a, T> {
    names: &'a Names,
    witness: &'a mut T,
    began: Nanos,
    equity: f64,
    has_begun: bool,
}

impl<'a, T: Witness> Teller<'a, T> {
    pub(super) fn new(names: &'a Names, witness: &'a mut T, rhythm: &Rhythm) -> Self {
        Self { names, witness, began: rhythm.began, equity: 0.0, has_begun: false }
    }

    /// Says what the run is, with equity at the first known mids.
    fn begin<S: Strategy>(&mut self, engine: &Engine<S>) {
        self.has_begun = true;
        let listings = engine.market.listings();
        let names = listings.iter().zip(&self.names.markets);
        let market = |(listing, (name, base, quote)): (&Listing, &(String, String, String))| {
            let one = &listing.instrument;
            Market {
                name: name.clone(),
                base: base.clone(),
                quote: quote.clone(),
                tick: step(one.tick),
                lot: step(one.lot),
                is_margined: one.kind == Kind::Linear,
            }
        };
        let markets: Vec<Market> = names.map(market).collect();
        self.equity = self.names.balances.iter().map(|held| worth(listings, *held)).sum();
        let asset = markets.first().map_or_else(String::new, |first| first.quote.clone());
        self.witness.begins(&Meta {
            name: self.names.run.clone(),
            markets,
            equity: self.equity,
            asset,
            // Event time is nanoseconds since 1970.
            utc_ns: 0,
        });
    }

    /// What left and what was filled since.
    pub(super) fn news<S, R, V, W, K>(
        &mut self,
        engine: &Engine<S>,
        ports: &mut TapePorts<R, V, W, K>,
    ) where
        S: Strategy,
        R: Rows,
        V: Rows,
        W: World,
        K: Keep,
    {
        if !self.has_begun {
            self.begin(engine);
        }
        for (at, place) in ports.news.sent.drain(..) {
            let Some(one) = instrument(engine, place.instrument) else { continue };
            self.witness.sent(&Sent {
                at,
                market: place.instrument.index(),
                order: u64::from(place.client.order.counter()),
                side: place.side,
                price: price(one, place.price),
                qty: qty(one, place.qty),
            });
        }
        let events = std::mem::take(&mut ports.news.events);
        for event in &events {
            match event.body() {
                Some(Body::Fill(_)) => self.fill(engine, event, ports.moment(event.instrument)),
                Some(Body::Funding { asset, amount }) => {
                    self.funding(engine, event, (asset, amount))
                }
                _ => {}
            }
        }
        ports.news.events = events;
        ports.news.events.clear();
    }

    fn fill<S: Strategy>(
        &mut self,
        engine: &Engine<S>,
        event: &Event,
        moment: Option<super::ports::Moment>,
    ) {
        let Some(Body::Fill(fill)) = event.body() else { return };
        let Some(listing) = engine.market.listing(event.instrument) else { return };
        let one = &listing.instrument;
        let at_price = price(one, fill.price);
        let paid = fill.fee.0 as f64 / UNIT;
        let fee = if fill.fee_asset == one.base { paid * at_price } else { paid };
        let mid = moment.and_then(|moment| moment.mid_twice);
        self.witness.filled(&Filled {
            at: moment.map_or(event.at, |moment| moment.at),
            market: event.instrument.index(),
            desk: owner(engine, fill.order),
            order: u64::from(fill.order.counter()),
            side: fill.side,
            price: at_price,
            qty: qty(one, fill.qty),
            fee,
            is_maker: fill.maker,
            mid: mid.map_or(f64::NAN, |mid| mid as f64 / 2.0 * step(one.tick)),
        });
    }

    /// A payment names its instrument where the row does; otherwise the first perpetual of the
    /// venue that settles in the asset.
    fn funding<S: Strategy>(
        &mut self,
        engine: &Engine<S>,
        event: &Event,
        (asset, amount): (AssetId, Amount),
    ) {
        let listings = engine.market.listings();
        let is_paid =
            |one: &&Listing| one.instrument.kind == Kind::Linear && one.instrument.quote == asset;
        let named = listings.get(event.instrument.index()).filter(is_paid);
        let Some(listing) = named.or_else(|| listings.iter().find(is_paid)) else { return };
        self.witness.funded(&Funded {
            at: event.at,
            market: listing.instrument.id.index(),
            amount: amount.0 as f64 / UNIT,
        });
    }

    /// How all markets stand at this instant.
    pub(super) fn looks<S: Strategy>(&mut self, engine: &Engine<S>, at: Nanos) {
        if !self.has_begun {
            let is_known = |one: &Listing| one.last_mid_twice.is_some();
            if !engine.market.listings().iter().any(is_known) {
                return;
            }
            self.begin(engine);
        }
        let gained = engine.desks.iter().map(|desk| desk.pnl(&engine.market).0 as f64 / UNIT);
        let equity = self.equity + gained.sum::<f64>();
        for (market, listing) in engine.market.listings().iter().enumerate() {
            let (id, one) = (listing.instrument.id, &listing.instrument);
            let best = |side| {
                let live = Some(&listing.book).filter(|book| book.is_live());
                let best = live.and_then(|book| book.best(side));
                best.map_or(f64::NAN, |(at, _)| price(one, at))
            };
            let own = |side: Side| {
                let all = engine.desks.iter().filter_map(|desk| desk.own_best(id, side));
                let best = if side == Side::Buy { all.max() } else { all.min() };
                best.map_or(f64::NAN, |at| price(one, at))
            };
            let held = engine.desks.iter().filter_map(|desk| desk.positions.get(id.index()));
            let position = held.map(|held| held.base.0 as f64 / UNIT).sum();
            self.witness.looks(&Look {
                at,
                market,
                bid: best(Side::Buy),
                ask: best(Side::Sell),
                own_bid: own(Side::Buy),
                own_ask: own(Side::Sell),
                position,
                equity,
            });
        }
    }

    /// The last look, and that it is over.
    pub(super) fn end<S: Strategy>(&mut self, engine: &Engine<S>, at: Nanos) {
        if T::LOOKS && at > self.began {
            self.looks(engine, at);
        }
        if !self.has_begun {
            self.begin(engine);
        }
        self.witness.ends(at);
    }
}

/// What an amount is worth in the quote asset of the first market; nothing where no market prices
/// it.
fn worth(listings: &[Listing], (asset, amount): (AssetId, Amount)) -> f64 {
    let units = amount.0 as f64 / UNIT;
    let counted = listings.first().map(|first| first.instrument.quote);
    if Some(asset) == counted {
        return units;
    }
    let quoted = listings.iter().find(|one| one.instrument.quote == asset && one.rate > 0);
    if let Some(one) = quoted {
        return units * one.rate as f64 / UNIT;
    }
    let priced = listings.iter().find(|one| one.instrument.base == asset && one.rate > 0);
    let at = priced.and_then(|one| Some((one.last_mid_twice?, one)));
    at.map_or(0.0, |(mid, one)| {
        units * mid as f64 / 2.0 * step(one.instrument.tick) * one.rate as f64 / UNIT
    })
}

fn instrument<S: Strategy>(engine: &Engine<S>, id: InstrumentId) -> Option<&Instrument> {
    engine.market.listing(id).map(|listing| &listing.instrument)
}

/// The desk that knows the order; the first where none does.
fn owner<S: Strategy>(engine: &Engine<S>, order: OrderId) -> usize {
    engine.desks.iter().position(|desk| desk.knows(order)).unwrap_or(0)
}

fn step(grid: Grid) -> f64 {
    grid.step as f64 / POW10[usize::from(grid.decimals)] as f64
}

fn price(one: &Instrument, price: Price) -> f64 {
    decimal(price.0, one.tick)
}

fn qty(one: &Instrument, qty: Qty) -> f64 {
    decimal(qty.0, one.lot)
}

/// The nearest number to so many steps.
fn decimal(count: i64, grid: Grid) -> f64 {
    (count as f64 * grid.step as f64) / POW10[usize::from(grid.decimals)] as f64
}
