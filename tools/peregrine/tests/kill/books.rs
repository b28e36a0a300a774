//! What a journal says, read from its files alone: our trades, the orders that stand, and what was
//! under way when a session broke off.

use engine::event::{Body, Event, Fill};
use engine::id::{InstrumentId, OrderId, Side};
use shm::journal::sent::{self, Sent};
use shm::journal::{Directory, JournalError, JournalReader, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What makes a trade of ours one of its own: both sides of a match may be ours.
pub type TradeKey = (InstrumentId, Side, u64);

/// A trade of ours as the journal first tells it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The trade.
    pub fill: Fill,
    /// Row that first told it.
    pub seq: u64,
    /// How many rows tell it.
    pub rows: u32,
}

/// An order that may stand.
#[derive(Clone, Copy, Debug)]
struct Standing {
    qty: i64,
    filled: i64,
}

/// A session as the journal has it, at its end.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// Its number.
    pub epoch: u32,
    /// Row behind its last one.
    pub end: u64,
    /// Orders that might stand.
    pub live: usize,
    /// Requests about orders that nothing had answered.
    pub in_flight: usize,
    /// Whether its last row says that it ended in order.
    pub in_order: bool,
}

/// The journal's own ledger.
pub struct Books {
    folder: PathBuf,
    next: u64,
    current: Session,
    /// Sessions that are over, oldest first.
    pub sessions: Vec<Session>,
    /// Our trades.
    pub trades: BTreeMap<TradeKey, Told>,
    live: BTreeMap<OrderId, Standing>,
    /// Requests that wait: the order, and 0 for a place, 1 for anything else about it.
    waiting: BTreeSet<(OrderId, u8)>,
    /// All orders that we ever sent or took over.
    pub orders: BTreeSet<OrderId>,
}

impl Books {
    /// Of a folder, nothing read yet.
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: folder.into(),
            next: 0,
            current: Session::default(),
            sessions: Vec::new(),
            trades: BTreeMap::new(),
            live: BTreeMap::new(),
            waiting: BTreeSet::new(),
            orders: BTreeSet::new(),
        }
    }

    /// Row behind the last that was read.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Orders that may stand.
    pub fn live(&self) -> usize {
        self.live.len()
    }

    /// Reads what has come since.
    pub fn read(&mut self) -> Result<(), JournalError> {
        let mut reader = JournalReader::open(Directory::open(&self.folder)?, self.next)?;
        assert_eq!(reader.seq(), self.next, "rows are missing in {}", self.folder.display());
        loop {
            // The header of a segment counts only with its first row.
            let Some(row) = reader.next_row()? else { return Ok(()) };
            self.enter(reader.header().epoch);
            self.take(&row);
            self.next = row.seq + 1;
        }
    }

    /// Where another session begins, the one before it is over.
    fn enter(&mut self, epoch: u32) {
        if epoch == self.current.epoch {
            return;
        }
        assert!(epoch > self.current.epoch, "epoch {epoch} after {}", self.current.epoch);
        let mut over =
            std::mem::replace(&mut self.current, Session { epoch, ..Session::default() });
        (over.end, over.live, over.in_flight) = (self.next, self.live.len(), self.waiting.len());
        self.waiting.clear();
        if over.epoch > 0 {
            self.sessions.push(over);
        }
    }

    fn take(&mut self, row: &Row) {
        self.current.in_order = row.is_end();
        if row.is_sent() {
            self.sent(&row.event);
        } else if !row.is_end() {
            self.learnt(row);
        }
    }

    fn sent(&mut self, row: &Event) {
        match sent::read(row).unwrap_or_else(|| panic!("row {} says nothing: {row:?}", self.next)) {
            Sent::Place { order, qty, .. } => {
                self.orders.insert(order);
                self.live.insert(order, Standing { qty: qty.0, filled: 0 });
                self.waiting.insert((order, 0));
            }
            Sent::Cancel(order)
            | Sent::Amend(order, _)
            | Sent::Move { order, .. }
            | Sent::Query(order) => {
                self.waiting.insert((order, 1));
            }
            Sent::CancelAll | Sent::Reconcile | Sent::Renew | Sent::Resync => {}
        }
    }

    fn learnt(&mut self, row: &Row) {
        let Some(body) = row.event.body() else { panic!("row {} means nothing", row.seq) };
        let Some(order) = body.order() else { return };
        // Whatever is told of an order answers its place; the rest waits for its own kind.
        self.waiting.remove(&(order, 0));
        match body {
            Body::Fill(fill) => self.fill(row, fill),
            Body::Accepted { .. } => {}
            Body::Done { .. } | Body::Absent { .. } => self.over(order),
            Body::Amended { qty, .. } => {
                self.live.entry(order).and_modify(|standing| standing.qty = qty.0);
                self.waiting.remove(&(order, 1));
            }
            Body::Standing(standing) => {
                let (qty, filled) = (standing.qty.0, standing.filled.0);
                self.orders.insert(order);
                self.live.insert(order, Standing { qty, filled });
                self.waiting.remove(&(order, 1));
            }
            _ => drop(self.waiting.remove(&(order, 1))),
        }
    }

    fn fill(&mut self, row: &Row, fill: Fill) {
        let key = (row.event.instrument, fill.side, fill.trade);
        let told = self.trades.entry(key).or_insert(Told { fill, seq: row.seq, rows: 0 });
        told.rows += 1;
        let same = |fill: &Fill| (fill.order, fill.price, fill.qty, fill.fee, fill.fee_asset);
        assert_eq!(same(&told.fill), same(&fill), "row {} tells another {key:?}", row.seq);
        if told.rows > 1 {
            return;
        }
        if let Some(standing) = self.live.get_mut(&fill.order) {
            standing.filled += fill.qty.0;
            if standing.filled >= standing.qty {
                self.over(fill.order);
            }
        }
    }

    fn over(&mut self, order: OrderId) {
        self.live.remove(&order);
        self.waiting.remove(&(order, 0));
        self.waiting.remove(&(order, 1));
    }
}

/// Row behind the last on disk, and the session it is of; as a kill left it.
pub fn on_disk(folder: &Path) -> (u64, u32) {
    let Ok(directory) = Directory::open(folder) else { return (0, 0) };
    let Some(last) = directory.segments.last() else { return (0, 0) };
    let rows = shm::journal::SegmentRows::read(&last.path).unwrap();
    let mut next = rows.header.first;
    while rows.row(next).unwrap().is_some() {
        next += 1;
    }
    (next, rows.header.epoch)
}
