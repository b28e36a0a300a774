//! Tables of one record a line: trades, levels, best prices, liquidations and mark prices, as
//! Binance's dumps, Tardis and others write them.

use super::check::Fault;
use super::columns::{Columns, What, of};
use super::error::ImportError;
use super::number::{Exact, time};
use super::record::{Part, Record, Told};
use super::source::{Place, Reader};
use super::text::{self, Bytes, Tally};
use csv::ByteRecord;
use engine::id::Side;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

/// The lines of a csv file, taken apart.
pub(super) struct Csv {
    pub path: Arc<Path>,
    pub line: u64,
    /// Names of its columns; empty where it has no header.
    pub header: Vec<String>,
    reader: csv::Reader<Bytes>,
    row: ByteRecord,
    /// The first line, where it is no header.
    held: bool,
}

impl Csv {
    pub fn open(path: &Path, tally: &Tally) -> Result<Self, ImportError> {
        let bytes = text::open(path, &[".csv", ".txt"], tally)?;
        let mut builder = csv::ReaderBuilder::new();
        let reader = builder.has_headers(false).flexible(true).from_reader(bytes);
        let row = ByteRecord::new();
        let mut made =
            Self { path: path.into(), line: 0, header: Vec::new(), reader, row, held: false };
        if !made.next()? {
            return Err(made.wrong("it has no line"));
        }
        let letter = |field: &[u8]| field.first().is_some_and(u8::is_ascii_alphabetic);
        let first = made.row.get(0).unwrap_or_default().trim_ascii();
        let first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
        if letter(first) {
            let text = |field: &[u8]| {
                let text = String::from_utf8_lossy(field);
                text.trim_start_matches('\u{feff}').trim().to_owned()
            };
            made.header = made.row.iter().map(text).collect();
        } else {
            made.held = true;
        }
        Ok(made)
    }

    /// Goes to the next line; false at the end.
    pub fn next(&mut self) -> Result<bool, ImportError> {
        if std::mem::take(&mut self.held) {
            return Ok(true);
        }
        let more = self.reader.read_byte_record(&mut self.row);
        self.line = match self.row.position() {
            Some(position) => position.line(),
            None => self.line + 1,
        };
        more.map_err(|error| self.wrong(error))
    }

    /// How many columns the line has.
    pub fn width(&self) -> usize {
        self.row.len()
    }

    pub fn field(&self, place: usize) -> &[u8] {
        self.row.get(place).unwrap_or_default().trim_ascii()
    }

    pub fn wrong(&self, why: impl std::fmt::Display) -> ImportError {
        ImportError::line(&self.path, self.line, why)
    }

    pub fn place(&self) -> Place {
        Place { path: self.path.clone(), line: self.line }
    }
}

/// A column that must be there.
pub(super) fn number(csv: &Csv, place: usize, what: &str) -> Result<Exact, String> {
    if place >= csv.width() {
        let width = csv.width();
        return Err(format!("the line has {width} columns, {what} is the {}th", place + 1));
    }
    Exact::parse(csv.field(place)).map_err(|why| format!("{what}: {why}"))
}

/// A table of one record a line.
pub(super) struct Table {
    csv: Csv,
    columns: Columns,
    begins_empty: bool,
    /// Only lines of this symbol, where lines have one.
    symbol: Option<String>,
    others: u64,
    last_id: u64,
    last: (Exact, Side),
    unsided: u64,
    hole: Option<String>,
    /// The last mark and rate told.
    marked: (Option<Told>, Option<Told>),
}

impl Table {
    pub fn new(csv: Csv, columns: Columns, begins_empty: bool, symbol: Option<String>) -> Self {
        Self {
            csv,
            columns,
            begins_empty,
            symbol,
            others: 0,
            last_id: 0,
            last: (Exact::default(), Side::Buy),
            unsided: 0,
            hole: None,
            marked: (None, None),
        }
    }

    fn text(&self, meaning: usize) -> Option<&[u8]> {
        let field = self.csv.field(self.columns.place(meaning)?);
        Some(field).filter(|field| !field.is_empty())
    }

    fn number(&self, meaning: usize) -> Result<Exact, String> {
        let name = super::columns::MEANINGS[meaning][0];
        self.columns.place(meaning).map_or_else(
            || Err(format!("no column is its {name}")),
            |place| number(&self.csv, place, name),
        )
    }

    /// A number that is 0 where its field is empty: one side of a book may be.
    fn perhaps(&self, meaning: usize) -> Result<Exact, String> {
        if self.text(meaning).is_none() { Ok(Exact::default()) } else { self.number(meaning) }
    }

    fn stamp(&self, meaning: usize) -> Result<u64, String> {
        self.text(meaning).map_or(Ok(0), time)
    }

    fn side(&mut self, price: Exact) -> Result<Side, String> {
        if let Some(text) = self.text(of::BUYER_MAKER) {
            return match text.to_ascii_lowercase().as_slice() {
                b"true" | b"1" => Ok(Side::Sell),
                b"false" | b"0" => Ok(Side::Buy),
                _ => Err(format!("`{}` is neither true nor false", String::from_utf8_lossy(text))),
            };
        }
        match self.text(of::SIDE).map(<[u8]>::to_ascii_lowercase).as_deref() {
            Some(b"buy" | b"bid" | b"bids" | b"b" | b"1") => Ok(Side::Buy),
            Some(b"sell" | b"ask" | b"asks" | b"a" | b"s" | b"-1" | b"2") => Ok(Side::Sell),
            None | Some(b"unknown") if self.columns.what == What::Trades => {
                // The tick rule: a trade above the last one was bought, one below it sold.
                self.unsided += 1;
                let (before, side) = self.last;
                let same = before.places.max(price.places);
                let whole = |one: Exact| {
                    i128::from(one.value) * 10_i128.pow(u32::from(same.min(30) - one.places))
                };
                Ok(match whole(price).cmp(&whole(before)) {
                    std::cmp::Ordering::Greater => Side::Buy,
                    std::cmp::Ordering::Less => Side::Sell,
                    std::cmp::Ordering::Equal => side,
                })
            }
            None => Err("the side is missing".into()),
            Some(text) => {
                Err(format!("`{}` is no side: buy or sell", String::from_utf8_lossy(text)))
            }
        }
    }

    fn id(&mut self) -> u64 {
        let text = self.text(of::ID).and_then(|text| std::str::from_utf8(text).ok());
        let id = text.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        let expected = self.last_id + 1;
        if self.columns.chained && self.last_id > 0 && id > expected {
            let missing = id - expected;
            self.hole = Some(format!("trades {expected} to {} are missing ({missing})", id - 1));
        }
        self.last_id = self.last_id.max(id);
        id
    }

    fn record(&mut self, out: &mut VecDeque<Record>) -> Result<(), String> {
        let (local, venue) = (self.stamp(of::LOCAL)?, self.stamp(of::TIME)?);
        if local == 0 && venue == 0 {
            return Err("the time is missing".into());
        }
        let line = self.csv.line;
        let mut record = Record {
            line,
            local,
            venue,
            id: 0,
            part: Part::Change,
            told: Told::Mark { mark: Exact::default(), index: None },
        };
        record.told = match self.columns.what {
            What::Levels => {
                let is_whole = self.text(of::SNAPSHOT).map(<[u8]>::to_ascii_lowercase);
                if matches!(is_whole.as_deref(), Some(b"true" | b"1")) {
                    record.part = Part::Whole;
                }
                let (price, qty) = (self.number(of::PRICE)?, self.number(of::QTY)?);
                Told::Level { side: self.side(price)?, price, qty }
            }
            What::Best => Told::Best {
                bid: self.perhaps(of::BID)?,
                bid_qty: self.perhaps(of::BID_QTY)?,
                ask: self.perhaps(of::ASK)?,
                ask_qty: self.perhaps(of::ASK_QTY)?,
            },
            What::Trades | What::Liquidations => {
                let (price, qty) = (self.number(of::PRICE)?, self.number(of::QTY)?);
                let taker = self.side(price)?;
                self.last = (price, taker);
                record.id = self.id();
                match self.columns.what {
                    What::Trades => Told::Trade { price, qty, taker },
                    _ => Told::Liquidation { price, qty, taker },
                }
            }
            What::Marks => return self.marks(record, out),
        };
        out.push_back(record);
        Ok(())
    }

    /// A mark price and a funding rate, each where it is another one than before.
    fn marks(&mut self, record: Record, out: &mut VecDeque<Record>) -> Result<(), String> {
        if self.text(of::MARK).is_some() {
            let index = self.text(of::INDEX).map(Exact::parse).transpose()?;
            let told = Told::Mark { mark: self.number(of::MARK)?, index };
            if self.marked.0.replace(told) != Some(told) {
                out.push_back(Record { told, ..record });
            }
        }
        if self.text(of::RATE).is_some() {
            let next_ms = self.stamp(of::NEXT)? / 1_000_000;
            let told = Told::Rate { rate: self.number(of::RATE)?, next_ms };
            if self.marked.1.replace(told) != Some(told) {
                out.push_back(Record { told, ..record });
            }
        }
        Ok(())
    }
}

impl Reader for Table {
    fn read(&mut self, out: &mut VecDeque<Record>) -> Result<bool, ImportError> {
        if !self.csv.next()? {
            return Ok(false);
        }
        if let (Some(wanted), Some(of)) = (self.symbol.as_deref(), self.text(of::SYMBOL))
            && !of.eq_ignore_ascii_case(wanted.as_bytes())
        {
            self.others += 1;
            return Ok(true);
        }
        let read = self.record(out);
        read.map_err(|why| self.csv.wrong(why))?;
        Ok(true)
    }

    fn place(&self) -> Place {
        self.csv.place()
    }

    fn begins_empty(&self) -> bool {
        self.begins_empty
    }

    fn faults(&mut self, take: &mut dyn FnMut(Fault, u64, String)) {
        if let Some(hole) = self.hole.take() {
            take(Fault::Gap, self.csv.line, hole);
        }
    }

    fn notes(&self) -> Vec<String> {
        let path = self.csv.path.display();
        let mut notes = Vec::new();
        if self.unsided > 0 {
            let count = self.unsided;
            notes.push(format!("{path}: {count} trades have no side; the tick rule gave it"));
        }
        if self.others > 0 {
            notes.push(format!("{path}: {} lines are of other symbols, left out", self.others));
        }
        notes
    }
}
