//! The market as words.

use super::{LastTrade, Listing, Market, Reference};
use crate::event::LinkState;
use crate::id::Side;
use crate::instrument::Instrument;
use crate::num::{Amount, Notional, Price, Qty};
use crate::state::{Sink, Source, State};
use crate::time::Nanos;
use alloc::vec::Vec;

/// Instruments of one engine at most.
const INSTRUMENTS_MAX: usize = 1024;

impl State for Market {
    fn save(&self, sink: &mut dyn Sink) {
        sink.word(self.listings.len() as u64);
        self.listings.iter().for_each(|listing| listing.instrument.save(sink));
        self.links.iter().for_each(|link| sink.word(*link as u64));
        sink.word(self.blanks);
        sink.word(self.crossings);
        self.listings.iter().for_each(|listing| listing.save(sink));
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        let count = source.count(INSTRUMENTS_MAX)?;
        let instruments: Vec<Instrument> =
            (0..count).map(|_| Instrument::restore(source)).collect::<Option<_>>()?;
        let placed = instruments.iter().enumerate().all(|(place, one)| one.id.index() == place);
        if !placed {
            return None;
        }
        *self = Self::new(instruments);
        let links = [LinkState::Up, LinkState::Down, LinkState::Stale, LinkState::Fresh];
        for link in &mut self.links {
            *link = *links.get(source.count(links.len() - 1)?)?;
        }
        self.blanks = source.word()?;
        self.crossings = source.word()?;
        self.listings.iter_mut().try_for_each(|listing| listing.load(source))
    }
}

impl Listing {
    fn save(&self, sink: &mut dyn Sink) {
        sink.flag(self.last_trade.is_some());
        if let Some(trade) = self.last_trade {
            sink.int(trade.price.0);
            sink.int(trade.qty.0);
            sink.word(trade.taker.index() as u64);
            sink.word(trade.at.0);
        }
        sink.maybe(self.last_mid_twice.map(|mid| mid as u64));
        sink.word(self.updated_at.0);
        sink.int(self.rate);
        let Reference { mark, index, funding, funding_at_ms } = self.reference;
        [mark.0, index.0, funding.0].into_iter().for_each(|one| sink.int(one));
        sink.word(funding_at_ms);
        self.book.save(sink);
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        if source.flag()? {
            self.last_trade = Some(LastTrade {
                price: Price(source.int()?),
                qty: Qty(source.int()?),
                taker: Side::BOTH[source.count(1)?],
                at: Nanos(source.word()?),
            });
        }
        self.last_mid_twice = source.maybe()?.map(|mid| mid as i64);
        self.updated_at = Nanos(source.word()?);
        self.rate = source.int()?;
        self.reference = Reference {
            mark: Notional(source.int()?),
            index: Notional(source.int()?),
            funding: Amount(source.int()?),
            funding_at_ms: source.word()?,
        };
        self.book.load(source)
    }
}
