//! Tells a [`Witness`] what an engine goes through, event by event: live journals that are read
//! again and backtests share it.
//!
//! Ask it before and after each event is applied, and for each row sent. An event that nothing
//! waits for and that is no report costs two comparisons.

use super::{
    Delayed, Filled, Funded, Leg, Look, Market as Traded, Meta, Pending, Sent as Ordered, Witness,
};
use engine::engine::Engine;
use engine::event::{Body, Event, Fill, kind};
use engine::id::{InstrumentId, OrderId, Side};
use engine::instrument::{Instrument, Kind};
use engine::market::Listing;
use engine::num::{Amount, Notional, Price, Qty};
use engine::order::{Order, Wake};
use engine::strategy::Strategy;
use engine::time::Nanos;

/// One unit of money, in the steps of [`Amount`] and [`Notional`].
const ONE: f64 = 1e8;
/// Longest that a report can have been on its way, by clocks that agree.
const WAY_MAX: u64 = 1_000_000_000;

/// Sums over all desks of one instrument, to see what an event changed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    fills: u64,
    fees: Notional,
}

/// Who looks on at an engine for a witness.
#[derive(Clone, Debug)]
pub struct Observer {
    meta: Meta,
    every: Nanos,
    next_look: Nanos,
    has_begun: bool,
    pending: Pending,
    /// P&L when it began, in the money that is counted in.
    pnl_start: Notional,
    before: Sums,
}

/// What is traded, in the words of a run; `name` is `venue:SYMBOL`.
pub fn market(instrument: &Instrument, name: &str, base: &str, quote: &str) -> Traded {
    Traded {
        name: name.to_owned(),
        base: base.to_owned(),
        quote: quote.to_owned(),
        tick: instrument.tick.step_f64(),
        lot: instrument.lot.step_f64(),
        is_margined: instrument.kind == Kind::Linear,
    }
}

fn price(instrument: &Instrument, price: Price) -> f64 {
    price.0 as f64 * instrument.tick.step_f64()
}

fn qty(instrument: &Instrument, qty: Qty) -> f64 {
    instrument.base_amount(qty).0 as f64 / ONE
}

/// The mid that was last seen; not a number where none was.
fn mid(listing: &Listing) -> f64 {
    let twice = listing.last_mid_twice.map_or(f64::NAN, |twice| twice as f64);
    twice / 2.0 * listing.instrument.tick.step_f64()
}

fn worth(notional: Notional) -> f64 {
    notional.0 as f64 / ONE
}

impl Observer {
    /// With these markets, which are the engine's instruments in the order of their ids, and a look
    /// at even steps of `every`.
    pub fn new(meta: Meta, every: Nanos) -> Self {
        Self {
            meta,
            every,
            next_look: Nanos::ZERO,
            has_begun: false,
            pending: Pending::default(),
            pnl_start: Notional(0),
            before: Sums::default(),
        }
    }

    /// The run begins with this equity, in [`Meta::asset`]: looks are told from `now` on.
    pub fn begin<S: Strategy, W: Witness>(
        &mut self,
        (now, equity): (Nanos, f64),
        engine: &Engine<S>,
        witness: &mut W,
    ) {
        self.meta.equity = equity;
        self.pnl_start = pnl(engine);
        self.next_look = now;
        self.has_begun = true;
        witness.begins(&self.meta);
    }

    /// Whether the run has begun.
    pub const fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// An event is about to be applied.
    #[inline]
    pub fn before<S: Strategy, W: Witness>(
        &mut self,
        event: &Event,
        engine: &Engine<S>,
        witness: &mut W,
    ) {
        if !self.has_begun {
            return;
        }
        self.pending.tell(event.at, |place| mid_of(engine, place), witness);
        if W::LOOKS && event.at >= self.next_look {
            self.look(event.at, engine, witness);
        }
        if event.kind == kind::FILL {
            self.before = sums(engine, event.instrument);
        }
    }

    /// It was applied.
    #[inline]
    pub fn after<S: Strategy, W: Witness>(
        &mut self,
        event: &Event,
        engine: &Engine<S>,
        witness: &mut W,
    ) {
        if !self.has_begun || !matches!(event.kind, kind::FILL | kind::FUNDING | kind::ACCEPTED) {
            return;
        }
        match event.body() {
            Some(Body::Fill(fill)) => self.fill(event, &fill, engine, witness),
            Some(Body::Funding { amount: Amount(paid), .. }) => {
                let (at, market) = (event.at, event.instrument.index());
                witness.funded(&Funded { at, market, amount: paid as f64 / ONE });
            }
            Some(Body::Accepted { order, .. }) => round_trip(event, order, engine, witness),
            _ => {}
        }
    }

    /// An order left, `span_ns` after what caused it was read.
    pub fn sent<S: Strategy, W: Witness>(
        &mut self,
        (at, span_ns): (Nanos, u32),
        (id, order): (InstrumentId, OrderId),
        (side, limit, size): (Side, Price, Qty),
        (engine, witness): (&Engine<S>, &mut W),
    ) {
        let listing = engine.market.listing(id).filter(|_| self.has_begun);
        let Some(instrument) = listing.map(|listing| &listing.instrument) else { return };
        let (market, order) = (id.index(), order.0);
        let (price, qty) = (price(instrument, limit), qty(instrument, size));
        witness.sent(&Ordered { at, market, order, side, price, qty });
        if span_ns > 0 {
            witness.delayed(&Delayed { at, leg: Leg::Decision, ns: u64::from(span_ns) });
        }
    }

    /// The run is over: a last look, and the end.
    pub fn end<S: Strategy, W: Witness>(
        &mut self,
        now: Nanos,
        engine: &Engine<S>,
        witness: &mut W,
    ) {
        if !self.has_begun {
            return;
        }
        self.pending.tell(now, |place| mid_of(engine, place), witness);
        if W::LOOKS {
            self.look(now, engine, witness);
            // What it came to, where no step falls on the end.
            if self.next_look != now.after(self.every) {
                self.look_at(now, engine, witness);
            }
        }
        witness.ends(now);
    }

    /// How all markets stand, as they have since the last event: at every step that is due, but
    /// over a silence of hours only at its first and its last.
    #[cold]
    fn look<S: Strategy, W: Witness>(&mut self, now: Nanos, engine: &Engine<S>, witness: &mut W) {
        const STEPS_MAX: u64 = 3_600;
        let every = self.every.0.max(1);
        let steps = now.since(self.next_look).0 / every;
        if steps > STEPS_MAX {
            self.look_at(self.next_look, engine, witness);
            self.next_look = Nanos(self.next_look.0 + steps * every);
        }
        while self.next_look <= now {
            self.look_at(self.next_look, engine, witness);
            self.next_look = self.next_look.after(Nanos(every));
        }
    }

    fn look_at<S: Strategy, W: Witness>(&self, at: Nanos, engine: &Engine<S>, witness: &mut W) {
        let won = pnl(engine).saturating_sub(self.pnl_start);
        let equity = self.meta.equity + worth(won);
        for (market, listing) in engine.market.listings().iter().enumerate() {
            let instrument = &listing.instrument;
            let touch = |side| {
                let level = listing.book.is_live().then(|| listing.book.best(side)).flatten();
                level.map_or(f64::NAN, |(level, _)| price(instrument, level))
            };
            // What a venue is not known to have is no quote of ours yet.
            let own = |side: Side| {
                let orders =
                    engine.desks.iter().flat_map(|desk| desk.orders.side(instrument.id, side));
                let stands = |order: &&Order| {
                    order.venue_order != 0 && !matches!(order.wake, Wake::Asleep | Wake::Dormant)
                };
                let prices = orders.filter(stands).map(|order| price(instrument, order.price));
                let better = if side == Side::Buy { f64::max } else { f64::min };
                prices.fold(f64::NAN, better)
            };
            let held = engine.desks.iter().filter_map(|desk| desk.positions.get(market));
            let held: f64 = held.map(|position| position.base.0 as f64 / ONE).sum();
            witness.looks(&Look {
                at,
                market,
                bid: touch(Side::Buy),
                ask: touch(Side::Sell),
                own_bid: own(Side::Buy),
                own_ask: own(Side::Sell),
                position: held,
                rate: worth(listing.counted(Notional(ONE as i64))),
                equity,
            });
        }
    }

    fn fill<S: Strategy, W: Witness>(
        &mut self,
        event: &Event,
        fill: &Fill,
        engine: &Engine<S>,
        witness: &mut W,
    ) {
        let Some(listing) = engine.market.listing(event.instrument) else { return };
        let now = sums(engine, event.instrument);
        if now.fills == self.before.fills {
            // Told before, or nobody's.
            return;
        }
        let way = u64::try_from(event.venue_delta_us).unwrap_or(0).saturating_mul(1_000);
        let way = if way <= WAY_MAX { way } else { 0 };
        let desk = engine.desks.iter().position(|desk| desk.knows(fill.order)).unwrap_or(0);
        let filled = Filled {
            at: Nanos(event.read_at().0.saturating_sub(way)),
            market: event.instrument.index(),
            desk,
            order: fill.order.0,
            side: fill.side,
            price: price(&listing.instrument, fill.price),
            qty: qty(&listing.instrument, fill.qty),
            fee: worth(now.fees.saturating_sub(self.before.fees)),
            is_maker: fill.maker,
            mid: mid(listing),
        };
        self.pending.add(&filled);
        witness.filled(&filled);
        if way > 0 {
            witness.delayed(&Delayed { at: event.at, leg: Leg::Response, ns: way });
        }
    }
}

fn round_trip<S: Strategy, W: Witness>(
    event: &Event,
    order: OrderId,
    engine: &Engine<S>,
    witness: &mut W,
) {
    let sent = engine.desks.iter().find_map(|desk| desk.orders.get(order));
    let Some(sent) = sent.filter(|sent| sent.sent_at > Nanos::ZERO) else { return };
    let ns = event.read_at().since(sent.sent_at).0;
    if ns > 0 {
        witness.delayed(&Delayed { at: event.at, leg: Leg::RoundTrip, ns });
    }
}

fn mid_of<S>(engine: &Engine<S>, place: usize) -> f64 {
    engine.market.listings().get(place).map_or(f64::NAN, mid)
}

fn pnl<S: Strategy>(engine: &Engine<S>) -> Notional {
    let desks = engine.desks.iter();
    desks.fold(Notional(0), |sum, desk| sum.saturating_add(desk.pnl(&engine.market)))
}

fn sums<S>(engine: &Engine<S>, id: InstrumentId) -> Sums {
    let positions = engine.desks.iter().filter_map(|desk| desk.positions.get(id.index()));
    positions.fold(Sums::default(), |sums, position| Sums {
        fills: sums.fills + position.fills[0] + position.fills[1],
        fees: sums.fees.saturating_add(position.fees),
    })
}
