//! One order and its states: a table from (state, report) to state.
//!
//! Fills are not in the table's way: they apply in any state, terminal ones included, and only
//! decide whether the order is full. A time-out makes an order unknown, never failed.

use crate::event::{End, Request};
use crate::id::{ClientId, InstrumentId, OrderId, Side};
use crate::intent::{OrderRef, Place, Tif};
use crate::num::{Price, Qty};
use crate::time::Nanos;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum OrderState {
    /// Sent, not answered.
    PendingNew = 0,
    /// At the venue.
    Open = 1,
    /// At the venue, a cancel was sent.
    PendingCancel = 2,
    /// At the venue, an amend was sent.
    PendingAmend = 3,
    /// The venue may or may not have it; it is asked for by client id.
    Unknown = 4,
    /// Filled whole.
    Filled = 5,
    /// Cancelled.
    Cancelled = 6,
    /// Refused; it never stood.
    Rejected = 7,
    /// Ended by its time-in-force or by the venue.
    Expired = 8,
}

impl OrderState {
    /// All of them, in order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::PendingNew,
        Self::Open,
        Self::PendingCancel,
        Self::PendingAmend,
        Self::Unknown,
        Self::Filled,
        Self::Cancelled,
        Self::Rejected,
        Self::Expired,
    ];

    /// Nothing of it stands at the venue any more.
    #[inline]
    pub const fn is_terminal(self) -> bool {
        self as u8 >= Self::Filled as u8
    }

    /// Waiting for the answer to a request.
    #[inline]
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::PendingNew | Self::PendingCancel | Self::PendingAmend)
    }

    /// The name that people read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PendingNew => "pending-new",
            Self::Open => "open",
            Self::PendingCancel => "pending-cancel",
            Self::PendingAmend => "pending-amend",
            Self::Unknown => "unknown",
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }
}

/// What a report says about an order's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The venue has it.
    Accepted,
    /// A fill that leaves some of it.
    PartFill,
    /// The fill that completes it.
    FullFill,
    /// It ended.
    Done(End),
    /// Its quantity was reduced.
    Amended,
    /// A cancel or amend was refused because the venue does not know the order.
    RefusedUnknown,
    /// A cancel or amend was refused for another reason: it stands as before.
    Refused(Request),
    /// A request about it has an open outcome.
    Unknown(Request),
    /// The venue, asked conclusively, does not have it.
    Absent,
    /// The venue, asked, has it.
    Standing,
}

/// The table. Every pair has an answer.
pub const fn next(state: OrderState, report: Report) -> OrderState {
    use OrderState::{
        Cancelled, Expired, Filled, Open, PendingAmend, PendingCancel, PendingNew, Rejected,
        Unknown,
    };
    if state.is_terminal() {
        return match report {
            // The venue shows what we took for ended: ask before believing either.
            Report::Standing => Unknown,
            // So it stood after all, whatever told us that it never did.
            Report::Accepted | Report::PartFill if matches!(state, Rejected) => Unknown,
            Report::FullFill => Filled,
            _ => state,
        };
    }
    match report {
        Report::FullFill | Report::Done(End::Filled) => Filled,
        Report::Done(End::Cancelled) => Cancelled,
        Report::Done(End::Rejected) => Rejected,
        Report::Done(End::Expired) => Expired,
        Report::Absent => match state {
            PendingNew | Unknown => Rejected,
            _ => Cancelled,
        },
        Report::RefusedUnknown => Unknown,
        Report::Unknown(Request::Query) => state,
        Report::Unknown(_) => Unknown,
        Report::Accepted => match state {
            PendingNew | Unknown => Open,
            _ => state,
        },
        Report::Standing => match state {
            PendingNew | Unknown => Open,
            _ => state,
        },
        Report::PartFill => match state {
            PendingNew => Open,
            _ => state,
        },
        Report::Amended | Report::Refused(Request::Amend) => match state {
            PendingAmend => Open,
            _ => state,
        },
        Report::Refused(Request::Cancel) => match state {
            PendingAmend | PendingCancel => Open,
            _ => state,
        },
        Report::Refused(Request::Place | Request::Query) => state,
    }
}

/// Whether an order can meet another one: a conditional order is in no book before its price comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Wake {
    /// It stands in the book, or did.
    Awake = 0,
    /// The venue keeps it until its price comes.
    Asleep = 1,
    /// Its price was seen here; the venue has told nothing yet.
    Due = 2,
    /// The venue wakes it when the entry of its bracket is filled.
    Dormant = 3,
}

/// An order of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Our id and the update id that caused it.
    pub client: ClientId,
    /// The venue's id; 0 until it is known.
    pub venue_order: u64,
    /// What is traded.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// How long it stands.
    pub tif: Tif,
    /// Where it stands.
    pub state: OrderState,
    /// Whether the running reconciliation has named it.
    pub named: bool,
    /// Whether it stands apart from the strategy's plan: an order of a held one.
    pub apart: bool,
    /// Whether it waits for a price at the venue.
    pub wake: Wake,
    /// Whether another one is counted in its stead, because only one of the two can be filled.
    pub covered: bool,
    /// Whether the venue refused to amend it: from then on it is replaced instead.
    pub amend_refused: bool,
    /// How often it was asked for since it became unknown.
    pub asked: u32,
    /// Limit price.
    pub price: Price,
    /// Whole quantity.
    pub qty: Qty,
    /// Price and whole quantity that it was asked to take, and may have taken by now.
    pub moving: Option<(Price, Qty)>,
    /// Filled so far, by fills that we have.
    pub filled: Qty,
    /// When its last request was sent.
    pub sent_at: Nanos,
    /// When it was last asked for.
    pub asked_at: Nanos,
    /// When a cancel or amend of it was last refused; zero: never.
    pub refused_at: Nanos,
    /// What the venue told of it while counting fills that are missing here: the report, and how
    /// much was filled by then. Taken up once the fills came; until then the order is unknown.
    pub awaits: Option<(Report, Qty)>,
}

impl Order {
    /// A new order, about to be sent.
    pub const fn new(place: &Place, at: Nanos) -> Self {
        Self {
            client: place.client,
            venue_order: 0,
            instrument: place.instrument,
            side: place.side,
            tif: place.tif,
            state: OrderState::PendingNew,
            named: false,
            apart: false,
            wake: Wake::Awake,
            covered: false,
            amend_refused: false,
            asked: 0,
            price: place.price,
            qty: place.qty,
            moving: None,
            filled: Qty(0),
            sent_at: at,
            asked_at: Nanos::ZERO,
            refused_at: Nanos::ZERO,
            awaits: None,
        }
    }

    /// Applies a report: the table, and beyond it what fills say. An order that ended while fills
    /// of it are missing here is unknown until they came, whatever else is told meanwhile.
    #[inline]
    pub fn apply(&mut self, report: Report) {
        self.state = next(self.state, report);
        if matches!(report, Report::Amended | Report::Refused(Request::Amend) | Report::Standing) {
            self.moving = None;
        }
        if report == Report::Amended && !self.state.is_terminal() && self.filled >= self.qty {
            self.state = OrderState::Filled;
        }
        let Some((told, filled)) = self.awaits else { return };
        if self.filled < filled.min(self.qty) {
            self.state = OrderState::Unknown;
            return;
        }
        self.awaits = None;
        if self.filled < self.qty {
            self.state = next(OrderState::Unknown, told);
        }
    }

    /// Makes it unknown, to be asked for from `asked_at` on.
    #[inline]
    pub const fn doubt(&mut self, asked_at: Nanos) {
        self.state = OrderState::Unknown;
        self.asked = 0;
        self.asked_at = asked_at;
    }

    /// Our id.
    #[inline]
    pub const fn id(&self) -> OrderId {
        self.client.order
    }

    /// The highest price that it may have: a move that is under way counts as done and as not done.
    #[inline]
    pub fn highest_price(&self) -> Price {
        self.moving.map_or(self.price, |(price, _)| price.max(self.price))
    }

    /// The price at which it may meet the other side, by the same rule.
    #[inline]
    pub fn nearest_price(&self) -> Price {
        match (self.moving, self.side) {
            (None, _) => self.price,
            (Some((price, _)), Side::Buy) => price.max(self.price),
            (Some((price, _)), Side::Sell) => price.min(self.price),
        }
    }

    /// What may still be filled: nothing of a terminal order, the larger quantity of a moving one.
    #[inline]
    pub fn remaining(&self) -> Qty {
        if self.state.is_terminal() {
            return Qty(0);
        }
        let whole = self.moving.map_or(self.qty, |(_, qty)| qty.max(self.qty));
        let left = whole.0.saturating_sub(self.filled.0);
        Qty(if left > 0 { left } else { 0 })
    }

    /// As both sides name it.
    #[inline]
    pub const fn reference(&self) -> OrderRef {
        OrderRef {
            client: self.client,
            venue_order: self.venue_order,
            instrument: self.instrument,
            waits: !matches!(self.wake, Wake::Awake),
        }
    }
}

mod saved;

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use OrderState::*;

    const REPORTS: [Report; 17] = [
        Report::Accepted,
        Report::PartFill,
        Report::FullFill,
        Report::Done(End::Cancelled),
        Report::Done(End::Rejected),
        Report::Done(End::Expired),
        Report::Done(End::Filled),
        Report::Amended,
        Report::RefusedUnknown,
        Report::Refused(Request::Cancel),
        Report::Refused(Request::Amend),
        Report::Unknown(Request::Place),
        Report::Unknown(Request::Cancel),
        Report::Unknown(Request::Amend),
        Report::Unknown(Request::Query),
        Report::Absent,
        Report::Standing,
    ];

    /// The whole table as text: a row a state, a column a report.
    #[test]
    fn the_table_is_this() {
        let initial = |state: OrderState| match state {
            PendingNew => 'n',
            Open => 'O',
            PendingCancel => 'c',
            PendingAmend => 'a',
            Unknown => '?',
            Filled => 'F',
            Cancelled => 'C',
            Rejected => 'R',
            Expired => 'E',
        };
        let table: std::vec::Vec<std::string::String> = OrderState::ALL
            .iter()
            .map(|state| {
                let row = REPORTS.iter().map(|report| initial(next(*state, *report)));
                std::format!("{} {}", initial(*state), row.collect::<std::string::String>())
            })
            .collect();
        // Columns: accepted part full | cancelled rejected expired filled | amended refused-unknown
        // refused cancel, amend | unknown place cancel amend query | absent standing.
        let expect = [
            "n OOFCREFn?nn???nRO",
            "O OOFCREFO?OO???OCO",
            "c ccFCREFc?Oc???cCc",
            "a aaFCREFO?OO???aCa",
            "? O?FCREF????????RO",
            "F FFFFFFFFFFFFFFFF?",
            "C CCFCCCCCCCCCCCCC?",
            "R ??FRRRRRRRRRRRRR?",
            "E EEFEEEEEEEEEEEEE?",
        ]
        .map(std::string::String::from);
        assert_eq!(table, expect);
    }

    #[test]
    fn an_end_waits_for_the_fills_that_it_counts() {
        let place = Place {
            client: ClientId { order: OrderId::new(1, 1), cause: 0 },
            instrument: InstrumentId(0),
            side: Side::Buy,
            price: Price(100),
            qty: Qty(5),
            tif: Tif::PostOnly,
        };
        let mut order = Order::new(&place, Nanos(1));
        order.awaits = Some((Report::Done(End::Cancelled), Qty(3)));
        for report in [Report::Done(End::Cancelled), Report::Accepted, Report::Standing] {
            order.apply(report);
            assert_eq!(order.state, Unknown, "{report:?}");
        }
        order.filled = Qty(3);
        order.apply(Report::PartFill);
        assert_eq!((order.state, order.awaits, order.remaining()), (Cancelled, None, Qty(0)));
        let mut order =
            Order { state: PendingAmend, filled: Qty(2), ..Order::new(&place, Nanos(1)) };
        order.qty = Qty(2);
        order.apply(Report::Amended);
        assert_eq!(order.state, Filled, "reduced to what was filled meanwhile");
    }
}
