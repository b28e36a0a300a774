//! One instrument: its book, what we quote in it, and how that goes.

use crate::words::{Text, cell_enum, cells};
use arrayvec::ArrayVec;
use engine::{
    id::{InstrumentId, Side},
    num::{Grid, Notional, Price, Qty},
    time::Nanos,
};

cell_enum! {
    /// Whether a book can be quoted on.
    pub enum BookState {
        /// Nothing is known; nothing may be quoted.
        Blank = "blank",
        /// A snapshot was asked for and differences are being kept.
        Syncing = "syncing",
        /// Exact as of the last update.
        Live = "live",
        /// Its best bid is not below its best ask.
        Crossed = "crossed",
        /// Exact once, but its stream is silent for longer than its limit.
        Stale = "stale",
    }
}

cells! {
    /// One price of a book.
    pub struct Level {
        /// In ticks.
        pub price: Price,
        /// In lots.
        pub qty: Qty,
    }

    /// One of our standing quotes.
    pub struct Quote {
        /// In ticks.
        pub price: Price,
        /// What is still open, in lots.
        pub qty: Qty,
    }

    /// The last trade in the market.
    pub struct LastTrade {
        /// In ticks.
        pub price: Price,
        /// In lots.
        pub qty: Qty,
        /// The taker's side.
        pub side: Side,
        /// When it was received, UTC.
        pub at: Nanos,
    }

    /// One instrument. Prices between ticks are in thousandths of a tick: `_milliticks`.
    pub struct InstrumentPanel {
        /// Its place in the configuration.
        pub id: InstrumentId,
        /// The venue's own name.
        pub symbol: Text<24>,
        /// The asset bought.
        pub base: Text<16>,
        /// The asset paid with; P&L and fees are in it.
        pub quote: Text<16>,
        /// Ticks to decimal prices.
        pub tick: Grid,
        /// Lots to decimal quantities.
        pub lot: Grid,
        /// Whether the book can be quoted on.
        pub book: BookState,
        /// The venue's number of the last update in the book.
        pub update_id: u64,
        /// When the book last changed, UTC.
        pub updated_at: Nanos,
        /// Best first.
        pub bids: ArrayVec<Level, 10>,
        /// Best first.
        pub asks: ArrayVec<Level, 10>,
        /// The last trade in the market.
        pub last_trade: Option<LastTrade>,
        /// Between best bid and best ask.
        pub mid_milliticks: Option<i64>,
        /// What the strategy thinks it is worth.
        pub fair_milliticks: Option<i64>,
        /// The same, moved for the inventory (the paper's reservation price).
        pub reservation_milliticks: Option<i64>,
        /// Our bids, best first.
        pub bid_quotes: ArrayVec<Quote, 4>,
        /// Our asks, best first.
        pub ask_quotes: ArrayVec<Quote, 4>,
        /// Held, in lots; negative is short.
        pub position: Qty,
        /// What it was entered at; none when flat.
        pub average_milliticks: Option<i64>,
        /// Profit of closed positions, before fees.
        pub realised: Notional,
        /// Profit of the open position at mid.
        pub unrealised: Notional,
        /// Fees paid, converted; negative is a rebate.
        pub fees: Notional,
        /// Value traded by us.
        pub turnover: Notional,
        /// Fills of our bids.
        pub bid_fills: u64,
        /// Fills of our asks.
        pub ask_fills: u64,
    }
}

impl InstrumentPanel {
    /// The best bid, when there is one.
    pub fn best_bid(&self) -> Option<&Level> {
        self.bids.first()
    }

    /// The best ask, when there is one.
    pub fn best_ask(&self) -> Option<&Level> {
        self.asks.first()
    }

    /// A panel that knows the instrument and nothing of its market.
    pub fn blank(id: InstrumentId, symbol: &str, tick: Grid, lot: Grid) -> Self {
        Self {
            id,
            symbol: crate::words::text(symbol),
            base: Text::new(),
            quote: Text::new(),
            tick,
            lot,
            book: BookState::Blank,
            update_id: 0,
            updated_at: Nanos(0),
            bids: ArrayVec::new(),
            asks: ArrayVec::new(),
            last_trade: None,
            mid_milliticks: None,
            fair_milliticks: None,
            reservation_milliticks: None,
            bid_quotes: ArrayVec::new(),
            ask_quotes: ArrayVec::new(),
            position: Qty(0),
            average_milliticks: None,
            realised: Notional(0),
            unrealised: Notional(0),
            fees: Notional(0),
            turnover: Notional(0),
            bid_fills: 0,
            ask_fills: 0,
        }
    }
}
