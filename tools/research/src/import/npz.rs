//! Event files of hftbacktest: a zip with one array, or the array alone, of rows of 64 bytes.
//!
//! ```text
//!  ev u64 │ exch_ts i64 │ local_ts i64 │ px f64 │ qty f64 │ order_id u64 │ ival i64 │ fval f64
//! ```
//!
//! The low byte of `ev` is the kind, its high bits say the side and by whom the row is seen. A row
//! whose time of arrival breaks the order is there twice, once for each; the one that we receive is
//! taken, for a tape has both times in one row. Single orders (kinds 10 to 12) become the levels
//! that they make.

use super::error::ImportError;
use super::number::Exact;
use super::record::{Part, Record, Told};
use super::source::{Place, Reader};
use super::text::{self, Bytes, Tally};
use engine::id::Side;
use std::collections::{BTreeMap, VecDeque};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

const BUY: u64 = 1 << 29;
const SELL: u64 = 1 << 28;
const EXCH: u64 = 1 << 31;
const LOCAL: u64 = 1 << 30;
const ROW: usize = 64;
/// Columns of the array, as its header names them.
const NAMES: [&str; 8] = ["ev", "exch_ts", "local_ts", "px", "qty", "order_id", "ival", "fval"];

mod kind {
    pub const DEPTH: u8 = 1;
    pub const TRADE: u8 = 2;
    pub const CLEAR: u8 = 3;
    pub const SNAPSHOT: u8 = 4;
    pub const BEST: u8 = 5;
    pub const ADD: u8 = 10;
    pub const CANCEL: u8 = 11;
    pub const MODIFY: u8 = 12;
    pub const FILL: u8 = 13;
}

/// One row.
#[derive(Clone, Copy, Debug)]
struct Row {
    ev: u64,
    exch: i64,
    local: i64,
    px: f64,
    qty: f64,
    order: u64,
}

/// A level's key, ordered as prices are: floats of one file are equal when their bits are.
type Level = u64;

/// The rows of a file.
pub(super) struct Npz {
    path: Arc<Path>,
    bytes: Bytes,
    row: u64,
    rows: u64,
    /// What is displayed, by side and price, for rows that clear.
    book: [BTreeMap<Level, f64>; 2],
    /// Single orders: side, price, quantity.
    orders: BTreeMap<u64, (Side, f64, f64)>,
    /// The last best bid and ask.
    best: [Option<(Exact, Exact)>; 2],
    unknown: u64,
    singles: u64,
}

impl Npz {
    pub fn open(path: &Path, tally: &Tally) -> Result<Self, ImportError> {
        let mut bytes = text::open(path, &[".npy"], tally)?;
        let rows = header(&mut bytes).map_err(|why| ImportError::file(path, why))?;
        Ok(Self {
            path: path.into(),
            bytes,
            row: 0,
            rows,
            book: Default::default(),
            orders: BTreeMap::new(),
            best: [None; 2],
            unknown: 0,
            singles: 0,
        })
    }

    fn next_row(&mut self) -> Result<Option<Row>, ImportError> {
        if self.row >= self.rows {
            return Ok(None);
        }
        self.row += 1;
        let mut row = [0; ROW];
        self.bytes.read_exact(&mut row).map_err(|error| {
            let why = format!("{error}; the array says that it has {} rows", self.rows);
            ImportError::line(&self.path, self.row, why)
        })?;
        let mut words = [0; 8];
        for (word, chunk) in words.iter_mut().zip(row.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*chunk);
        }
        let [ev, exch, local, px, qty, order, ..] = words;
        let (px, qty) = (f64::from_bits(px), f64::from_bits(qty));
        Ok(Some(Row { ev, exch: exch as i64, local: local as i64, px, qty, order }))
    }

    fn take(&mut self, row: &Row, out: &mut VecDeque<Record>) -> Result<(), String> {
        let side = match (row.ev & BUY != 0, row.ev & SELL != 0) {
            (true, false) => Some(Side::Buy),
            (false, true) => Some(Side::Sell),
            _ => None,
        };
        if row.local <= 0 && row.exch <= 0 {
            return Err("it has no time".into());
        }
        let sided = side.ok_or("it is neither of the bid nor of the ask");
        let told = match row.ev as u8 {
            kind::DEPTH | kind::SNAPSHOT => self.level(sided?, row.px, row.qty)?,
            kind::TRADE => {
                let (price, qty) = (exact(row.px)?, exact(row.qty)?);
                // A trade without a side moves no queue of ours either way.
                Told::Trade { price, qty, taker: side.unwrap_or(Side::Buy) }
            }
            kind::CLEAR => return self.clear(row, side, out),
            kind::BEST => {
                let one = (exact(row.px)?, exact(row.qty)?);
                self.best[sided?.index()] = Some(one);
                let [Some((bid, bid_qty)), Some((ask, ask_qty))] = self.best else {
                    return Ok(());
                };
                Told::Best { bid, bid_qty, ask, ask_qty }
            }
            kind::ADD | kind::CANCEL | kind::MODIFY => return self.single(row, side, out),
            kind::FILL => return Ok(()),
            _ => {
                self.unknown += 1;
                return Ok(());
            }
        };
        out.push_back(self.record(row, told));
        Ok(())
    }

    fn record(&self, row: &Row, told: Told) -> Record {
        let stamp = |at: i64| u64::try_from(at).unwrap_or(0);
        let (local, venue) = (stamp(row.local), stamp(row.exch));
        Record { line: self.row, local, venue, id: 0, part: Part::Change, told }
    }

    fn level(&mut self, side: Side, px: f64, qty: f64) -> Result<Told, String> {
        let (price, lots) = (exact(px)?, exact(qty)?);
        match lots.value {
            0 => self.book[side.index()].remove(&px.to_bits()),
            _ => self.book[side.index()].insert(px.to_bits(), qty),
        };
        Ok(Told::Level { side, price, qty: lots })
    }

    /// The levels from the best one to a price, of one side or of both, are gone.
    fn clear(
        &mut self,
        row: &Row,
        side: Option<Side>,
        out: &mut VecDeque<Record>,
    ) -> Result<(), String> {
        for one in Side::BOTH.into_iter().filter(|one| side.is_none_or(|side| side == *one)) {
            let all = side.is_none() || !row.px.is_finite() || row.px <= 0.0;
            let goes = |level: f64| match one {
                _ if all => true,
                Side::Buy => level >= row.px,
                Side::Sell => level <= row.px,
            };
            let levels = self.book[one.index()].keys().map(|bits| f64::from_bits(*bits));
            let gone: Vec<f64> = levels.filter(|level| goes(*level)).collect();
            for level in gone {
                let told = self.level(one, level, 0.0)?;
                out.push_back(self.record(row, told));
            }
        }
        Ok(())
    }

    /// A single order comes, changes or goes: the levels that it was and is in change.
    fn single(
        &mut self,
        row: &Row,
        side: Option<Side>,
        out: &mut VecDeque<Record>,
    ) -> Result<(), String> {
        self.singles += 1;
        let before = self.orders.remove(&row.order);
        let side = side.or(before.map(|before| before.0)).ok_or("it is of no side")?;
        let after = match row.ev as u8 {
            kind::CANCEL => None,
            _ if row.qty <= 0.0 => None,
            _ => Some((side, row.px, row.qty)),
        };
        if let Some(after) = after {
            self.orders.insert(row.order, after);
        }
        let changes = [before.map(|(of, px, qty)| (of, px, -qty)), after];
        for (of, px, change) in changes.into_iter().flatten() {
            let held = self.book[of.index()].get(&px.to_bits()).copied().unwrap_or(0.0);
            // Sums of decimals leave dust behind; no market's lot is that small.
            let sum = ((held + change).max(0.0) * 1e9).round() / 1e9;
            let told = self.level(of, px, sum)?;
            out.push_back(self.record(row, told));
        }
        Ok(())
    }
}

fn exact(float: f64) -> Result<Exact, String> {
    Exact::of(float).ok_or_else(|| format!("{float} is no price or quantity"))
}

/// Reads the array's own header; gives the number of rows.
fn header(bytes: &mut Bytes) -> Result<u64, String> {
    let mut start = [0; 8];
    bytes.read_exact(&mut start).map_err(|error| error.to_string())?;
    if !start.starts_with(b"\x93NUMPY") {
        return Err("it holds no numpy array".into());
    }
    let mut len = [0; 4];
    let wide = if start[6] >= 2 { 4 } else { 2 };
    bytes.read_exact(&mut len[..wide]).map_err(|error| error.to_string())?;
    let len = u32::from_le_bytes(len);
    if len > 1 << 16 {
        return Err("its header is too long".into());
    }
    let mut text = vec![0; len as usize];
    bytes.read_exact(&mut text).map_err(|error| error.to_string())?;
    let text: String =
        String::from_utf8_lossy(&text).chars().filter(|one| !one.is_whitespace()).collect();
    let mut from = 0;
    for name in NAMES {
        let found = text[from..].find(&format!("('{name}',"));
        from += found.ok_or_else(|| {
            let names = NAMES.join(", ");
            format!("its columns are not {names}: is it an event file of hftbacktest 2?")
        })?;
    }
    let types: Vec<&str> = text.matches("'<").collect();
    let rows = text.split("'shape':(").nth(1).and_then(|rest| rest.split([',', ')']).next());
    let rows = rows.and_then(|rows| rows.parse().ok());
    match rows {
        Some(rows) if types.len() == NAMES.len() => Ok(rows),
        _ => Err("its shape or its types are not those of an event file".into()),
    }
}

impl Reader for Npz {
    fn read(&mut self, out: &mut VecDeque<Record>) -> Result<bool, ImportError> {
        let Some(row) = self.next_row()? else { return Ok(false) };
        let seen = (row.ev & LOCAL != 0, row.ev & EXCH != 0);
        if seen == (false, true) {
            return Ok(true);
        }
        self.take(&row, out).map_err(|why| ImportError::line(&self.path, self.row, why))?;
        Ok(true)
    }

    fn place(&self) -> Place {
        Place { path: self.path.clone(), line: self.row }
    }

    fn notes(&self) -> Vec<String> {
        let path = self.path.display();
        let mut notes = Vec::new();
        if self.unknown > 0 {
            notes.push(format!("{path}: {} rows are of kinds of its user's own", self.unknown));
        }
        if self.singles > 0 {
            let count = self.singles;
            notes.push(format!("{path}: {count} rows of single orders became levels"));
        }
        notes
    }
}
