//! A table of orders as words: by place, because places decide which ended orders are forgotten.

use super::{Cursor, Orders, Share, TRADES_MAX};
use crate::exposure::Exposure;
use crate::id::{InstrumentId, Side};
use crate::order::{Order, OrderState, Wake};
use crate::state::{Sink, Source, State};
use alloc::vec::Vec;

impl State for Orders {
    fn save(&self, sink: &mut dyn Sink) {
        sink.word(self.slots.iter().flatten().count() as u64);
        for (place, order) in self.slots.iter().enumerate() {
            if let Some(order) = order {
                sink.word(place as u64);
                order.save(sink);
            }
        }
        sink.word(self.live.len() as u64);
        for order in self.live() {
            sink.word(self.place_of(order.id()).unwrap_or(0) as u64);
        }
        sink.word(self.trades.len() as u64);
        for (instrument, side, trade) in &self.trades {
            sink.word(u64::from(instrument.0) << 1 | side.index() as u64);
            sink.word(*trade);
        }
        sink.word(self.trade_next as u64);
        sink.word(self.trade_high);
        sink.word(self.untracked);
    }

    /// Into an empty table; sums over the account are to be added after.
    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        let kept = self.slots.len();
        for _ in 0..source.count(kept)? {
            let place = source.count(kept - 1)?;
            let order = Order::restore(source)?;
            self.ids[place] = order.id();
            self.slots[place] = Some(order);
        }
        for _ in 0..source.count(self.live_max)? {
            let place = source.count(kept - 1)?;
            let order = self.slots[place].filter(|order| !order.state.is_terminal())?;
            self.lanes.get(order.instrument.index())?;
            self.join(place, (order.instrument, order.side));
            self.weigh(&order, Share::none(order.price), &mut Exposure::new(Vec::new()));
        }
        for _ in 0..source.count(TRADES_MAX)? {
            let word = source.word()?;
            let instrument = InstrumentId(u16::try_from(word >> 1).ok()?);
            self.trades.push((instrument, Side::BOTH[(word & 1) as usize], source.word()?));
        }
        self.trade_next = source.count(TRADES_MAX - 1)?;
        self.trade_high = source.word()?;
        self.untracked = source.word()?;
        Some(())
    }
}

impl Orders {
    /// Everything live becomes unknown, to be asked for at once: what the venue did since is not
    /// known. How many there were.
    pub fn doubt_all(&mut self, exposure: &mut Exposure) -> usize {
        let mut cursor = Cursor::default();
        while let Some(id) = self.walk(&mut cursor) {
            self.update(id, exposure, |order| {
                order.named = false;
                // What sleeps behind an entry is asked for when that is no more.
                if order.wake != Wake::Dormant {
                    order.doubt(crate::time::Nanos::ZERO);
                }
            });
        }
        self.live().filter(|order| order.state == OrderState::Unknown).count()
    }
}
