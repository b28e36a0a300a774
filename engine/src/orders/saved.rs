//! A table of orders as words: by place, because places decide which ended orders are forgotten.

use super::{LIVE_MAX, ORDERS_MAX, Orders, TRADES_MAX};
use crate::id::{InstrumentId, OrderId, Side};
use crate::order::Order;
use crate::state::{Sink, Source, State};

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
        self.live.iter().for_each(|place| sink.word(u64::from(*place)));
        sink.word(self.trades.len() as u64);
        for (instrument, side, trade) in &self.trades {
            sink.word(u64::from(instrument.0) << 1 | side.index() as u64);
            sink.word(*trade);
        }
        sink.word(self.trade_next as u64);
        sink.word(self.trade_high);
        sink.word(self.untracked);
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        *self = Self::new();
        for _ in 0..source.count(ORDERS_MAX)? {
            let place = source.count(ORDERS_MAX - 1)?;
            self.slots[place] = Some(Order::restore(source)?);
        }
        for _ in 0..source.count(LIVE_MAX)? {
            let place = source.count(ORDERS_MAX - 1)?;
            self.slots[place].filter(|order| !order.state.is_terminal())?;
            self.live.push(place as u16);
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
    pub fn doubt_all(&mut self) -> usize {
        for place in &self.live {
            if let Some(order) = &mut self.slots[usize::from(*place)] {
                order.doubt(crate::time::Nanos::ZERO);
                order.named = false;
            }
        }
        self.live.len()
    }

    /// The live ones' ids.
    pub fn live_ids(&self) -> impl Iterator<Item = OrderId> + '_ {
        self.live().map(Order::id)
    }
}
