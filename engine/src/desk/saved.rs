//! A desk as words. Plans and wishes are not among them: between two events there are none.

use super::{Desk, DeskCounters, DeskSettings, Lane, Traded};
use crate::exposure::Exposure;
use crate::id::{DeskId, InstrumentId};
use crate::instrument::Instrument;
use crate::num::Notional;
use crate::reconcile::Tolerance;
use crate::state::{Restore, Sink, Source, State};
use crate::strategy::Strategy;
use crate::time::Nanos;
use alloc::vec::Vec;

impl DeskCounters {
    fn words(&mut self) -> [&mut u64; 18] {
        let [bought, sold] = &mut self.fills;
        [
            &mut self.places,
            &mut self.replaces,
            &mut self.moves,
            &mut self.amends,
            &mut self.cancels,
            &mut self.queries,
            bought,
            sold,
            &mut self.partial_fills,
            &mut self.maker_fills,
            &mut self.fills_in_cancel,
            &mut self.fills_after_end,
            &mut self.repeated_fills,
            &mut self.post_only_rejects,
            &mut self.venue_rejects,
            &mut self.unknown_orders,
            &mut self.stale_withdrawals,
            &mut self.one_sided_ns,
        ]
    }
}

impl Lane {
    fn save(&self, sink: &mut dyn Sink) {
        sink.word(self.last_take);
        sink.maybe(self.one_sided_since.map(|at| at.0));
        sink.word(self.flatten_at.0);
        sink.flag(self.is_flat);
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.last_take = source.word()?;
        self.one_sided_since = source.maybe()?.map(Nanos);
        self.flatten_at = Nanos(source.word()?);
        self.is_flat = source.flag()?;
        Some(())
    }
}

impl State for Tolerance {
    fn save(&self, sink: &mut dyn Sink) {
        sink.int(self.price_ticks);
        sink.int(self.excess_ppm);
        sink.int(self.shortage_ppm);
        sink.word(self.life_min.0);
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.price_ticks = source.int()?;
        self.excess_ppm = source.int()?;
        self.shortage_ppm = source.int()?;
        self.life_min = Nanos(source.word()?);
        Some(())
    }
}

impl<S: Strategy> Desk<S> {
    /// Gives every word of it.
    pub(crate) fn save(&self, sink: &mut dyn Sink) {
        sink.word(self.lanes.len() as u64);
        for lane in &self.lanes {
            sink.word(u64::from(lane.instrument.0));
            lane.tolerance.save(sink);
        }
        self.strategy.save(sink);
        self.gate.save(sink);
        self.orders.save(sink);
        self.positions.iter().for_each(|position| position.save(sink));
        let mut counters = self.counters;
        counters.words().into_iter().for_each(|count| sink.word(*count));
        sink.word(self.day_start.0);
        sink.int(self.day_start.1.0);
        self.lanes.iter().for_each(|lane| lane.save(sink));
    }

    /// Takes over what outlives a session from the desk of an earlier one: orders as unknown,
    /// positions, the day, what the strategy has learnt. How many orders became unknown.
    pub(crate) fn carry(&mut self, old: Self, died: bool, exposure: &mut Exposure) -> usize {
        self.orders = old.orders;
        let unknown = self.orders.doubt_all(exposure);
        self.counters.unknown_orders = unknown as u64;
        for (position, old) in self.positions.iter_mut().zip(old.positions) {
            *position = old;
        }
        self.day_start = old.day_start;
        self.gate.carry(&old.gate, died);
        self.strategy.carry(&old.strategy);
        for (lane, old) in self.lanes.iter_mut().zip(old.lanes) {
            lane.last_take = old.last_take;
        }
        unknown
    }
}

impl<S: Strategy + Restore> Desk<S> {
    /// Makes one of such words; `None` when they do not fit.
    pub(crate) fn restore(
        place: usize,
        source: &mut dyn Source,
        all: &[Instrument],
    ) -> Option<Self> {
        let mut traded = Vec::new();
        for _ in 0..source.count(all.len())? {
            let instrument = InstrumentId(u16::try_from(source.word()?).ok()?);
            let mut one = Traded { instrument, ..Traded::default() };
            one.tolerance.load(source)?;
            traded.push(one);
        }
        let known = |one: &Traded| all.get(one.instrument.index()).copied();
        let own: Vec<Instrument> = traded.iter().map(known).collect::<Option<_>>()?;
        let strategy = S::restore(source, &own)?;
        let settings = DeskSettings { traded };
        let mut desk = Self::new(DeskId(u8::try_from(place).ok()?), settings, strategy, all.len());
        desk.gate.load(source)?;
        desk.orders.load(source)?;
        desk.positions.iter_mut().try_for_each(|position| position.load(source))?;
        for count in desk.counters.words() {
            *count = source.word()?;
        }
        desk.day_start = (source.word()?, Notional(source.int()?));
        desk.lanes.iter_mut().try_for_each(|lane| lane.load(source))?;
        Some(desk)
    }
}
