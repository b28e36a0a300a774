//! A folder for each test, and a tape's rows as text.

use engine::event::{Body, Event, flag, kind};
use engine::id::Side;
use engine::time::Nanos;
use research::import::{Facts, Input, Report, Request, import};
use research::tape::{Listed, Tape, venue_at};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that is removed afterwards.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("peregrine-import-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file; gives its path.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// What lies in it, but for the files that a test wrote.
    pub fn left(&self, written: &[&str]) -> Vec<String> {
        let names = std::fs::read_dir(&self.0).unwrap();
        let names = names.map(|one| one.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| !written.contains(&name.as_str())).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a person would say of BTCUSDT.
pub fn facts(tick: &str, lot: &str) -> Facts {
    let said = |step: &str| match step {
        "" => Vec::new(),
        step => vec![(None, step.to_owned())],
    };
    Facts { ticks: said(tick), lots: said(lot), ..Facts::default() }
}

/// A request for these files.
pub fn request(folder: &Folder, files: &[PathBuf], facts: Facts) -> Request {
    let inputs = files.iter().map(|path| Input { path: path.clone(), ..Input::default() });
    let out = folder.0.join("out.tape");
    Request { inputs: inputs.collect(), out, facts, ..Request::default() }
}

/// Imports; gives the report and the tape's rows as text, or the error.
pub fn imported(request: &Request) -> Result<(Report, Vec<String>), String> {
    let report = import(request, &mut |_| {}).map_err(|error| error.to_string())?;
    let tape = Tape::open(&request.out).unwrap();
    let mut window = tape.window(Nanos(0), Nanos(u64::MAX));
    let mut rows = Vec::new();
    while let Some(some) = window.next_rows().unwrap() {
        rows.extend(some.iter().map(|row| show(row, tape.instruments())));
    }
    Ok((report, rows))
}

/// `AT-VENUE NAME WHAT …`, times in µs since the start of 2024-08-08T09:30:00Z.
pub fn show(row: &Event, listed: &[Listed]) -> String {
    const START: u64 = 1_723_109_400_000_000;
    let one = listed.iter().find(|one| one.instrument.id == row.instrument).unwrap();
    let (symbol, instrument) = (one.instrument.symbol, &one.instrument);
    let at = (row.at.0 / 1_000) as i64 - START as i64;
    let venue = match row.venue_delta_us {
        0 => "?".to_owned(),
        _ => ((venue_at(row).0 / 1_000) as i64 - START as i64).to_string(),
    };
    let way = |side: Side| if side == Side::Buy { "buy" } else { "sell" };
    let price = |price: engine::num::Price| instrument.tick.decimal(price.0);
    let qty = |qty: engine::num::Qty| instrument.lot.decimal(qty.0);
    let what = match row.body().unwrap() {
        Body::Level { side, price: at, qty: lots } => {
            let side = if side == Side::Buy { "bid" } else { "ask" };
            format!("{side} {} {}", price(at), qty(lots))
        }
        Body::Best { bid, bid_qty, ask, ask_qty } => {
            format!("best {} {} {} {}", price(bid), qty(bid_qty), price(ask), qty(ask_qty))
        }
        Body::Trade { price: at, qty: lots, taker } => {
            format!("{} {} {}", way(taker), price(at), qty(lots))
        }
        Body::Liquidation { price: at, qty: lots, taker } => {
            format!("liquidation {} {} {}", way(taker), price(at), qty(lots))
        }
        other => format!("{other:?}"),
    };
    let id = if row.kind == kind::TRADE && row.id != row.at.0 {
        format!(" #{}", row.id)
    } else {
        String::new()
    };
    let flags = [(flag::FIRST, " first"), (flag::SNAPSHOT, " whole"), (flag::LAST, " .")];
    let flags = flags.iter().filter(|(bit, _)| row.has(*bit)).map(|(_, text)| *text);
    format!("{at} {venue} {symbol} {what}{id}{}", flags.collect::<String>())
}

/// Compares rows with lines of text.
#[track_caller]
pub fn same(rows: &[String], expect: &str) {
    let expect: Vec<&str> = expect.trim().lines().map(str::trim).collect();
    assert_eq!(rows, expect, "\n{}\n", rows.join("\n"));
}
