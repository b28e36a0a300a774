//! What happens in a run, as those see it who measure and draw it: plain numbers, each in the unit
//! that people think in.
//!
//! A backtest, a journal that is read again and a session's shadow all tell a [`Witness`]; metrics
//! and pictures are made of nothing else.

use engine::id::Side;
use engine::time::Nanos;

/// One market of a run, said before anything happens in it.
#[derive(Clone, Debug, PartialEq)]
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
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    /// What people call it.
    pub name: String,
    /// Its markets; [`Filled`] and [`Look`] name them by place.
    pub markets: Vec<Market>,
    /// Equity at the start, in the quote asset of the first market.
    pub equity: f64,
    /// The asset that equity is counted in.
    pub asset: String,
    /// UTC nanoseconds of event time zero.
    pub utc_ns: i64,
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
    /// Equity of the whole run, in [`Meta::asset`].
    pub equity: f64,
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

    /// Funding was paid.
    fn funded(&mut self, _funded: &Funded) {}

    /// The run is over.
    fn ends(&mut self, _at: Nanos) {}
}

/// Nobody: for runs that are only measured for speed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Witness for Nobody {
    const LOOKS: bool = false;
}
