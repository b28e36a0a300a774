//! A margined position of the account: what was traded, what it ties up, and what the venue says.

use crate::event::Fill;
use crate::instrument::Instrument;
use crate::num::{Amount, Notional};
use crate::position::Position;
use crate::state::{Sink, Source, State};
use crate::time::Nanos;

/// What the account holds of one perpetual, all desks together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Held amount and cost; of the rest only `realised` is kept.
    pub position: Position,
    /// Initial margin that it ties up at its mark price.
    pub margin: Notional,
    /// Value less cost at its mark price.
    pub unrealised: Notional,
    /// Lots and average price as the venue last said.
    pub told: Option<(i64, Notional)>,
    /// Since when the venue's lots differ from ours.
    pub differs_since: Option<Nanos>,
    /// Funding below this number was booked.
    pub next_funding: u64,
    /// What the mark price was when margin and value were taken.
    pub(super) mark: Notional,
}

/// An amount at a price in 1e-8, toward zero.
pub(super) fn worth(amount: Amount, price: Notional) -> Notional {
    let product = i128::from(amount.0) * i128::from(price.0) / 100_000_000;
    Notional(i64::try_from(product).unwrap_or(if product < 0 { i64::MIN } else { i64::MAX }))
}

impl Holding {
    /// Adds a fill; what it realised, without fees.
    pub(super) fn fill(&mut self, instrument: &Instrument, fill: &Fill) -> Notional {
        let before = self.position.realised;
        self.position.apply(instrument, fill, Amount(0), Notional(0), None);
        self.value(instrument);
        self.settle(instrument);
        self.position.realised.saturating_sub(before)
    }

    /// A new mark price.
    pub(super) fn mark(&mut self, instrument: &Instrument, mark: Notional) {
        self.mark = mark;
        self.value(instrument);
    }

    /// Takes margin and value anew. Before the first mark price it is worth what it cost.
    fn value(&mut self, instrument: &Instrument) {
        let value = match self.mark {
            Notional(0) => self.position.cost,
            mark => worth(self.position.base, mark),
        };
        let margin = i128::from(value.0.unsigned_abs()) * i128::from(instrument.margin_ppm);
        self.margin = Notional(i64::try_from(margin / 1_000_000).unwrap_or(i64::MAX));
        self.unrealised = value.saturating_sub(self.position.cost);
    }

    /// The venue says what it has: taken over before the start, compared after.
    pub(super) fn told(
        &mut self,
        instrument: &Instrument,
        (lots, entry): (i64, Notional),
        started: bool,
        at: Nanos,
    ) {
        self.told = Some((lots, entry));
        if !started {
            let base = instrument.base_amount(crate::num::Qty(lots));
            self.position = Position { base, cost: worth(base, entry), ..Position::default() };
            self.value(instrument);
        }
        self.differs_since = self.differs_since.or(Some(at));
        self.settle(instrument);
    }

    /// By how many lots the venue has more.
    pub(super) fn difference(&self, instrument: &Instrument) -> i64 {
        let own = instrument.lots(self.position.base).0;
        self.told.map_or(0, |(lots, _)| lots.saturating_sub(own))
    }

    fn settle(&mut self, instrument: &Instrument) {
        if self.difference(instrument) == 0 {
            self.differs_since = None;
        }
    }
}

impl State for Holding {
    fn save(&self, sink: &mut dyn Sink) {
        self.position.save(sink);
        sink.int(self.margin.0);
        sink.int(self.unrealised.0);
        sink.flag(self.told.is_some());
        let (lots, entry) = self.told.unwrap_or_default();
        sink.int(lots);
        sink.int(entry.0);
        sink.maybe(self.differs_since.map(|at| at.0));
        sink.word(self.next_funding);
        sink.int(self.mark.0);
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.position.load(source)?;
        self.margin = Notional(source.int()?);
        self.unrealised = Notional(source.int()?);
        let there = source.flag()?;
        let told = (source.int()?, Notional(source.int()?));
        self.told = there.then_some(told);
        self.differs_since = source.maybe()?.map(Nanos);
        self.next_funding = source.word()?;
        self.mark = Notional(source.int()?);
        Some(())
    }
}
