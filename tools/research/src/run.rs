//! What happens in a run, as those see it who measure and draw it: plain numbers, each in the unit
//! that people think in.
//!
//! A backtest, a journal that is read again and a session's shadow all tell a [`Witness`]; metrics
//! and pictures are made of nothing else.

pub mod divergence;
pub mod folder;
pub mod kept;
mod observer;
mod pending;
pub mod table;

pub use observer::{Observer, market};
pub use pending::Pending;

use engine::id::Side;
use engine::time::Nanos;
use serde::{Deserialize, Serialize};

/// One market of a run, said before anything happens in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Market {
    /// Its name: `venue:SYMBOL`.
    pub name: String,
    /// What is bought and sold.
    pub base: String,
    /// What it is paid with: prices, fees and P&L of this market are in it.
    pub quote: String,
    /// One price step.
    pub tick: f64,
    /// One quantity step.
    pub lot: f64,
    /// Whether it is margined: bought with margin, and funded.
    pub is_margined: bool,
}

/// The facts of a run that hold for all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// What people call it.
    pub name: String,
    /// Its markets; [`Filled`] and [`Look`] name them by place.
    pub markets: Vec<Market>,
    /// Equity at the start, in the quote asset of the first market; text where it is written, so
    /// that it is read as exactly the same number.
    #[serde(with = "exact")]
    pub equity: f64,
    /// The asset that equity is counted in.
    pub asset: String,
    /// UTC nanoseconds of event time zero.
    pub utc_ns: i64,
}

mod exact {
    //! Numbers as text that gives the very same number again.

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&value.to_string())
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<f64, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// One fill of ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Filled {
    /// When it happened at the venue, as event time.
    pub at: Nanos,
    /// Which market.
    pub market: usize,
    /// Which desk's.
    pub desk: usize,
    /// The order's counter: fills of one order have the same.
    pub order: u64,
    /// Buy or sell.
    pub side: Side,
    /// The price.
    pub price: f64,
    /// How much of the base asset.
    pub qty: f64,
    /// What it cost, in the quote asset; rebates are negative.
    pub fee: f64,
    /// Whether it rested.
    pub is_maker: bool,
    /// The mid of the book when it happened; not a number where there was none.
    pub mid: f64,
}

/// How one market stands at a moment: told at even steps of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// When.
    pub at: Nanos,
    /// Which market.
    pub market: usize,
    /// The best bid; not a number where there is none.
    pub bid: f64,
    /// The best ask; not a number where there is none.
    pub ask: f64,
    /// Our own best bid that rests; not a number where there is none.
    pub own_bid: f64,
    /// Our own best ask that rests; not a number where there is none.
    pub own_ask: f64,
    /// Inventory in base units, shorts negative; of spot what was gained since the start.
    pub position: f64,
    /// What one unit of the market's quote asset is worth, in [`Meta::asset`]; 1 where that is the
    /// same.
    pub rate: f64,
    /// Equity of the whole run, in [`Meta::asset`].
    pub equity: f64,
}

/// How long after a fill its markouts are taken.
pub const AFTER: [Nanos; 4] =
    [Nanos::from_ms(100), Nanos::from_s(1), Nanos::from_s(10), Nanos::from_s(60)];

/// The mid some time after a fill of ours: told once for each of [`AFTER`], unless the run ends
/// before. [`Pending`] knows when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marked {
    /// When, as event time.
    pub at: Nanos,
    /// Which market.
    pub market: usize,
    /// Side of the fill.
    pub side: Side,
    /// Its price.
    pub price: f64,
    /// How much of the base asset.
    pub qty: f64,
    /// The mid when it happened; not a number where there was none.
    pub mid_then: f64,
    /// Place in [`AFTER`].
    pub after: usize,
    /// The mid now; not a number where there is none.
    pub mid: f64,
}

/// A way that takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leg {
    /// From the venue's stamp of a market message until it was read; of a sample of them.
    Feed,
    /// From the read of a message until the order that it caused was handed on.
    Decision,
    /// From sending an order until the venue had it.
    Entry,
    /// From what the venue did until its report was read.
    Response,
    /// From sending an order until its acknowledgement was read.
    RoundTrip,
}

impl Leg {
    /// All of them with their names, by place.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Feed, "feed"),
        (Self::Decision, "decision"),
        (Self::Entry, "entry"),
        (Self::Response, "response"),
        (Self::RoundTrip, "round_trip"),
    ];
}

/// How long something took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delayed {
    /// When it ended, as event time.
    pub at: Nanos,
    /// Which way.
    pub leg: Leg,
    /// How long, ns.
    pub ns: u64,
}

/// One payment of funding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Funded {
    /// When.
    pub at: Nanos,
    /// Which market.
    pub market: usize,
    /// What came in, in the quote asset; what was paid is negative.
    pub amount: f64,
}

/// One order on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sent {
    /// When it was sent.
    pub at: Nanos,
    /// Which market.
    pub market: usize,
    /// The order's counter.
    pub order: u64,
    /// Buy or sell.
    pub side: Side,
    /// Its limit.
    pub price: f64,
    /// How much.
    pub qty: f64,
}

/// Who is told what happens. Whatever is not of interest is left out.
pub trait Witness {
    /// Whether it wants [`Look`]s; without, none is made.
    const LOOKS: bool;

    /// The run begins.
    fn begins(&mut self, _meta: &Meta) {}

    /// How a market stands.
    fn looks(&mut self, _look: &Look) {}

    /// An order left.
    fn sent(&mut self, _sent: &Sent) {}

    /// An order was filled.
    fn filled(&mut self, _filled: &Filled) {}

    /// The mid after a fill.
    fn marked(&mut self, _marked: &Marked) {}

    /// Something took its time.
    fn delayed(&mut self, _delayed: &Delayed) {}

    /// Funding was paid.
    fn funded(&mut self, _funded: &Funded) {}

    /// The run is over.
    fn ends(&mut self, _at: Nanos) {}
}

/// Two witnesses who are told the same.
impl<A: Witness, B: Witness> Witness for (A, B) {
    const LOOKS: bool = A::LOOKS || B::LOOKS;

    fn begins(&mut self, meta: &Meta) {
        self.0.begins(meta);
        self.1.begins(meta);
    }

    fn looks(&mut self, look: &Look) {
        self.0.looks(look);
        self.1.looks(look);
    }

    fn sent(&mut self, sent: &Sent) {
        self.0.sent(sent);
        self.1.sent(sent);
    }

    fn filled(&mut self, filled: &Filled) {
        self.0.filled(filled);
        self.1.filled(filled);
    }

    fn marked(&mut self, marked: &Marked) {
        self.0.marked(marked);
        self.1.marked(marked);
    }

    fn delayed(&mut self, delayed: &Delayed) {
        self.0.delayed(delayed);
        self.1.delayed(delayed);
    }

    fn funded(&mut self, funded: &Funded) {
        self.0.funded(funded);
        self.1.funded(funded);
    }

    fn ends(&mut self, at: Nanos) {
        self.0.ends(at);
        self.1.ends(at);
    }
}

/// Nobody: for runs that are only measured for speed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Witness for Nobody {
    const LOOKS: bool = false;
}
