//! Orders that stop before the socket: encoded, framed and masked like real ones, then forgotten,
//! so that templates, frame buffer and the code between are in the caches when a real one comes.

use super::line::Line;
use super::session::Phase;
use super::{Entry, Gateway};
use crate::wire::{Ask, Kind, RequestId, Wire};
use engine::id::{ClientId, OrderId, Side};
use engine::intent::{OrderRef, Place, Tif};
use engine::num::{Price, Qty};
use engine::time::Clock;

/// What rehearsed orders are called: the first of an epoch that is never given out.
const NOBODY: ClientId = ClientId { order: OrderId(0), cause: 0 };
/// A price with as many digits as usual.
const PRICE: Price = Price(1_234_567);

impl<W: Wire> Gateway<W> {
    /// Rehearses one order: a place, or a replace or move, of the `turn`th instrument and side, in
    /// a round. Nothing is sent, entered or counted against any limit. Does nothing unless the
    /// session is ready and the socket has nothing to send.
    pub fn rehearse<C: Clock>(&mut self, turn: usize, clock: &C) {
        let line = self.current.and_then(|line| self.lines.get_mut(usize::from(line))?.as_mut());
        let instruments = self.wire.instruments();
        let instrument = instruments.get(turn / 4 % instruments.len().max(1)).map(|one| one.id);
        let socket = line.and_then(Line::entry);
        let (Some(socket), Some(instrument)) = (socket, instrument) else { return };
        if self.session.phase != Phase::Ready || self.config.entry == Entry::Rest {
            return;
        }
        let side = Side::BOTH[turn % 2];
        // The quantity of the last order: it is written out already.
        let qtys = self.qtys.get(instrument.index()).copied().unwrap_or([Qty(1); 2]);
        let (price, qty, tif) = (PRICE, qtys[side.index()], Tif::PostOnly);
        let new = Place { client: NOBODY, instrument, side, price, qty, tif };
        let old = OrderRef { client: NOBODY, venue_order: 1, instrument, waits: false };
        let ask = match (turn & 2, self.session.abilities.replaces) {
            (0, _) => Ask::Place(new),
            (_, true) => Ask::Replace { old, new },
            (_, false) => Ask::Move { old, new },
        };
        let at_ms = self.session.venue_now(clock.now()).as_ms();
        if let Ok(frame) = self.wire.encode(&ask, RequestId::new(0, Kind::Place), at_ms)
            && socket.rehearse_text(frame)
        {
            self.session.counters.rehearsed += 1;
        }
    }
}
