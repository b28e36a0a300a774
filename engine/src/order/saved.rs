//! An order as words.

use super::{Order, OrderState, Report, Wake};
use crate::event::{End, Request};
use crate::id::{ClientId, InstrumentId, OrderId, Side};
use crate::intent::Tif;
use crate::num::{Price, Qty};
use crate::state::{Sink, Source};
use crate::time::Nanos;

/// Reports by their number in saved words, fixed as long as the version of the walk is.
const REPORTS: [Report; 18] = [
    Report::Accepted,
    Report::PartFill,
    Report::FullFill,
    Report::Done(End::Cancelled),
    Report::Done(End::Rejected),
    Report::Done(End::Expired),
    Report::Done(End::Filled),
    Report::Amended,
    Report::RefusedUnknown,
    Report::Refused(Request::Place),
    Report::Refused(Request::Cancel),
    Report::Refused(Request::Amend),
    Report::Refused(Request::Query),
    Report::Unknown(Request::Place),
    Report::Unknown(Request::Cancel),
    Report::Unknown(Request::Amend),
    Report::Absent,
    Report::Standing,
];
const TIFS: [Tif; 4] = [Tif::PostOnly, Tif::Gtc, Tif::Ioc, Tif::Fok];

impl Order {
    /// Gives every word of it.
    pub(crate) fn save(&self, sink: &mut dyn Sink) {
        sink.word(self.client.order.0);
        sink.word(self.client.cause);
        sink.word(self.venue_order);
        sink.word(u64::from(self.instrument.0));
        sink.word(self.side.index() as u64);
        sink.word(self.tif as u64);
        sink.word(self.state as u64);
        sink.flag(self.named);
        sink.flag(self.apart);
        sink.word(self.wake as u64);
        sink.flag(self.covered);
        sink.flag(self.amend_refused);
        sink.word(u64::from(self.asked));
        [self.price.0, self.qty.0, self.filled.0].into_iter().for_each(|n| sink.int(n));
        let (price, qty) = self.moving.unwrap_or_default();
        sink.flag(self.moving.is_some());
        sink.int(price.0);
        sink.int(qty.0);
        let times = [self.sent_at, self.asked_at, self.refused_at];
        times.into_iter().for_each(|at| sink.word(at.0));
        sink.flag(self.awaits.is_some());
        if let Some((report, qty)) = self.awaits {
            let number = REPORTS.iter().position(|one| *one == report);
            sink.word(number.unwrap_or(REPORTS.len()) as u64);
            sink.int(qty.0);
        }
    }

    /// Makes one of such words; `None` when they do not fit.
    pub(crate) fn restore(source: &mut dyn Source) -> Option<Self> {
        let client = ClientId { order: OrderId(source.word()?), cause: source.word()? };
        let mut order = Self {
            client,
            venue_order: source.word()?,
            instrument: InstrumentId(u16::try_from(source.word()?).ok()?),
            side: Side::BOTH[source.count(1)?],
            tif: *TIFS.get(source.count(TIFS.len() - 1)?)?,
            state: *OrderState::ALL.get(source.count(OrderState::ALL.len() - 1)?)?,
            named: source.flag()?,
            apart: source.flag()?,
            wake: [Wake::Awake, Wake::Asleep, Wake::Due, Wake::Dormant][source.count(3)?],
            covered: source.flag()?,
            amend_refused: source.flag()?,
            asked: u32::try_from(source.word()?).ok()?,
            price: Price(source.int()?),
            qty: Qty(source.int()?),
            filled: Qty(source.int()?),
            moving: {
                let there = source.flag()?;
                let moving = (Price(source.int()?), Qty(source.int()?));
                there.then_some(moving)
            },
            sent_at: Nanos(source.word()?),
            asked_at: Nanos(source.word()?),
            refused_at: Nanos(source.word()?),
            awaits: None,
        };
        if source.flag()? {
            let report = *REPORTS.get(source.count(REPORTS.len() - 1)?)?;
            order.awaits = Some((report, Qty(source.int()?)));
        }
        Some(order)
    }
}
