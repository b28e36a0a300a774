//! An instrument as words.

use super::{Fees, Instrument, Kind, Status, Symbol};
use crate::condition::Keeps;
use crate::id::{AssetId, FeedId, InstrumentId, VenueId};
use crate::num::{Grid, Notional, Price, Qty};
use crate::state::{Sink, Source};

impl Instrument {
    /// Gives every word of it.
    pub fn save(&self, sink: &mut dyn Sink) {
        for chunk in self.symbol.bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            sink.word(u64::from_le_bytes(word));
        }
        sink.word(u64::from(self.symbol.len));
        let ids = [self.id.0, u16::from(self.venue.0), self.base.0, self.quote.0];
        ids.into_iter().for_each(|id| sink.word(u64::from(id)));
        sink.word(u64::from(self.feed.0));
        sink.word(self.kind as u64);
        for grid in [self.tick, self.lot, self.size] {
            sink.word(u64::from(grid.decimals));
            sink.int(grid.step);
        }
        sink.int(self.margin_ppm);
        let limits = [self.price_min.0, self.price_max.0, self.qty_min.0, self.qty_max.0];
        limits.into_iter().for_each(|limit| sink.int(limit));
        sink.int(self.notional_min.0);
        sink.int(self.notional_max.0);
        sink.int(self.fees.maker_ppm);
        sink.int(self.fees.taker_ppm);
        sink.flag(self.amends);
        sink.flag(self.moves);
        sink.word(self.keeps.word());
        sink.word(self.status as u64);
    }

    /// Makes one of such words; `None` when they do not fit.
    pub fn restore(source: &mut dyn Source) -> Option<Self> {
        let mut bytes = [0; 24];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&source.word()?.to_le_bytes());
        }
        let len = source.count(23)?;
        let symbol = Symbol::new(core::str::from_utf8(&bytes[..len]).ok()?)?;
        let mut id = || u16::try_from(source.word()?).ok();
        let (id, venue, base, quote) = (id()?, id()?, id()?, id()?);
        let feed = FeedId(u8::try_from(source.word()?).ok()?);
        let kind = [Kind::Spot, Kind::Linear][source.count(1)?];
        let mut grid = || {
            let decimals = source.count(12)? as u8;
            let step = source.int().filter(|step| *step > 0)?;
            Some(Grid { decimals, step })
        };
        let (tick, lot, size) = (grid()?, grid()?, grid()?);
        Some(Self {
            id: InstrumentId(id),
            venue: VenueId(venue.try_into().ok()?),
            feed,
            kind,
            symbol,
            base: AssetId(base),
            quote: AssetId(quote),
            tick,
            lot,
            size,
            margin_ppm: source.int()?,
            price_min: Price(source.int()?),
            price_max: Price(source.int()?),
            qty_min: Qty(source.int()?),
            qty_max: Qty(source.int()?),
            notional_min: Notional(source.int()?),
            notional_max: Notional(source.int()?),
            fees: Fees { maker_ppm: source.int()?, taker_ppm: source.int()? },
            amends: source.flag()?,
            moves: source.flag()?,
            keeps: Keeps::from_word(source.word()?)?,
            status: match source.word()? {
                0 => Status::Trading,
                1 => Status::Halted,
                2 => Status::CancelOnly,
                _ => return None,
            },
        })
    }
}
