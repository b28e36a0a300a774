//! A book as words. Of a blank one nothing counts but that it is blank: the next snapshot empties
//! it before it fills it.

use super::{Book, BookState, Overlay};
use crate::instrument::{PRICE_MAX, QTY_MAX};
use crate::num::{Price, Qty};
use crate::state::{Sink, Source, State};

impl State for Book {
    fn save(&self, sink: &mut dyn Sink) {
        sink.word(self.state as u64);
        sink.word(self.depth_id);
        for side in &self.sides {
            sink.word(side.dropped());
        }
        if self.state == BookState::Blank {
            return;
        }
        sink.flag(self.was_crossed);
        sink.flag(self.overlay.is_some());
        if let Some(overlay) = self.overlay {
            sink.word(overlay.id);
            for (price, qty) in overlay.levels {
                sink.int(price.0);
                sink.int(qty.0);
            }
        }
        self.sides.iter().for_each(|side| side.save(sink));
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        let states = [BookState::Blank, BookState::Partial, BookState::Live, BookState::Crossed];
        self.blank();
        let state = *states.get(source.count(states.len() - 1)?)?;
        self.depth_id = source.word()?;
        for side in &mut self.sides {
            side.clear(Price(0));
            side.set_dropped(source.word()?);
        }
        if state == BookState::Blank {
            return Some(());
        }
        self.state = state;
        self.was_crossed = source.flag()?;
        if source.flag()? {
            let id = source.word()?;
            let mut levels = [(Price(0), Qty(0)); 2];
            for level in &mut levels {
                let price = source.int().filter(|price| (0..=PRICE_MAX).contains(price))?;
                let qty = source.int().filter(|qty| (0..=QTY_MAX).contains(qty))?;
                *level = (Price(price), Qty(qty));
            }
            self.overlay = Some(Overlay { id, levels });
        }
        self.sides.iter_mut().try_for_each(|side| side.load(source))
    }
}
