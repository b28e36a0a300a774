//! What is told in a run as rows, one kind a table.
//!
//! Each row begins with `seq`, its place among everything that was told, so that a folder that is
//! read again tells the same in the same order. Times (`at`) are event time in ns; sides are
//! `is_buy`.

use super::table::{Cell, Columns, Kind};
use super::{Delayed, Filled, Funded, Leg, Look, Marked, Sent, Witness};
use engine::id::Side;
use engine::time::Nanos;

use Kind::{Flag, Float, Int};

/// Names of the tables' files, by place.
pub const FILES: [&str; 6] = [
    "looks.parquet",
    "sent.parquet",
    "fills.parquet",
    "marked.parquet",
    "delays.parquet",
    "funding.parquet",
];

/// Columns of the tables, by place.
pub const COLUMNS: [Columns; 6] = [
    &[
        ("seq", Int),
        ("at", Int),
        ("market", Int),
        ("bid", Float),
        ("ask", Float),
        ("own_bid", Float),
        ("own_ask", Float),
        ("position", Float),
        ("rate", Float),
        ("equity", Float),
    ],
    &[
        ("seq", Int),
        ("at", Int),
        ("market", Int),
        ("order", Int),
        ("is_buy", Flag),
        ("price", Float),
        ("qty", Float),
    ],
    &[
        ("seq", Int),
        ("at", Int),
        ("market", Int),
        ("desk", Int),
        ("order", Int),
        ("is_buy", Flag),
        ("price", Float),
        ("qty", Float),
        ("fee", Float),
        ("is_maker", Flag),
        ("mid", Float),
    ],
    &[
        ("seq", Int),
        ("at", Int),
        ("market", Int),
        ("is_buy", Flag),
        ("price", Float),
        ("qty", Float),
        ("mid_then", Float),
        ("after", Int),
        ("mid", Float),
    ],
    &[("seq", Int), ("at", Int), ("leg", Int), ("ns", Int)],
    &[("seq", Int), ("at", Int), ("market", Int), ("amount", Float)],
];

/// Anything that is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    /// How a market stands.
    Look(Look),
    /// An order left.
    Sent(Sent),
    /// A fill.
    Filled(Filled),
    /// The mid after one.
    Marked(Marked),
    /// Something took its time.
    Delayed(Delayed),
    /// Funding.
    Funded(Funded),
}

const fn int(value: usize) -> Cell {
    Cell::Int(value as u64)
}

const fn at(at: Nanos) -> Cell {
    Cell::Int(at.0)
}

fn buys(side: Side) -> Cell {
    Cell::Flag(side == Side::Buy)
}

fn side(cell: Cell) -> Side {
    if cell.flag() { Side::Buy } else { Side::Sell }
}

impl Told {
    /// Which table it belongs to.
    pub const fn table(&self) -> usize {
        match self {
            Self::Look(_) => 0,
            Self::Sent(_) => 1,
            Self::Filled(_) => 2,
            Self::Marked(_) => 3,
            Self::Delayed(_) => 4,
            Self::Funded(_) => 5,
        }
    }

    /// As a row.
    pub fn cells(&self, seq: u64, row: &mut Vec<Cell>) {
        use Cell::Float as F;
        row.clear();
        row.push(Cell::Int(seq));
        match *self {
            Self::Look(look) => row.extend([
                at(look.at),
                int(look.market),
                F(look.bid),
                F(look.ask),
                F(look.own_bid),
                F(look.own_ask),
                F(look.position),
                F(look.rate),
                F(look.equity),
            ]),
            Self::Sent(sent) => row.extend([
                at(sent.at),
                int(sent.market),
                Cell::Int(sent.order),
                buys(sent.side),
                F(sent.price),
                F(sent.qty),
            ]),
            Self::Filled(fill) => row.extend([
                at(fill.at),
                int(fill.market),
                int(fill.desk),
                Cell::Int(fill.order),
                buys(fill.side),
                F(fill.price),
                F(fill.qty),
                F(fill.fee),
                Cell::Flag(fill.is_maker),
                F(fill.mid),
            ]),
            Self::Marked(marked) => row.extend([
                at(marked.at),
                int(marked.market),
                buys(marked.side),
                F(marked.price),
                F(marked.qty),
                F(marked.mid_then),
                int(marked.after),
                F(marked.mid),
            ]),
            Self::Delayed(delayed) => {
                row.extend([at(delayed.at), int(delayed.leg as usize), Cell::Int(delayed.ns)]);
            }
            Self::Funded(funded) => {
                row.extend([at(funded.at), int(funded.market), F(funded.amount)]);
            }
        }
    }

    /// From a row of a table, without its `seq`; `None` where it is too short or names no leg.
    pub fn read(table: usize, row: &[Cell]) -> Option<Self> {
        let at = Nanos(row.first()?.int());
        Some(match (table, row) {
            (0, &[_, market, bid, ask, own_bid, own_ask, position, rate, equity]) => {
                Self::Look(Look {
                    at,
                    market: market.int() as usize,
                    bid: bid.float(),
                    ask: ask.float(),
                    own_bid: own_bid.float(),
                    own_ask: own_ask.float(),
                    position: position.float(),
                    rate: rate.float(),
                    equity: equity.float(),
                })
            }
            (1, &[_, market, order, buys, price, qty]) => Self::Sent(Sent {
                at,
                market: market.int() as usize,
                order: order.int(),
                side: side(buys),
                price: price.float(),
                qty: qty.float(),
            }),
            (2, &[_, market, desk, order, buys, price, qty, fee, maker, mid]) => {
                Self::Filled(Filled {
                    at,
                    market: market.int() as usize,
                    desk: desk.int() as usize,
                    order: order.int(),
                    side: side(buys),
                    price: price.float(),
                    qty: qty.float(),
                    fee: fee.float(),
                    is_maker: maker.flag(),
                    mid: mid.float(),
                })
            }
            (3, &[_, market, buys, price, qty, mid_then, after, mid]) => Self::Marked(Marked {
                at,
                market: market.int() as usize,
                side: side(buys),
                price: price.float(),
                qty: qty.float(),
                mid_then: mid_then.float(),
                after: after.int() as usize,
                mid: mid.float(),
            }),
            (4, &[_, leg, ns]) => {
                let (leg, _) = *Leg::ALL.get(leg.int() as usize)?;
                Self::Delayed(Delayed { at, leg, ns: ns.int() })
            }
            (5, &[_, market, amount]) => {
                Self::Funded(Funded { at, market: market.int() as usize, amount: amount.float() })
            }
            _ => return None,
        })
    }

    /// Tells it.
    pub fn tell<W: Witness>(&self, witness: &mut W) {
        match self {
            Self::Look(look) => witness.looks(look),
            Self::Sent(sent) => witness.sent(sent),
            Self::Filled(filled) => witness.filled(filled),
            Self::Marked(marked) => witness.marked(marked),
            Self::Delayed(delayed) => witness.delayed(delayed),
            Self::Funded(funded) => witness.funded(funded),
        }
    }
}
