//! What a file is, seen in its first lines: its form, whose it is, and which steps its numbers lie
//! on.

use super::bands::{Bands, Shape};
use super::columns::{Columns, Mapping, What, of};
use super::error::ImportError;
use super::facts::Shown;
use super::frames::Dialect;
use super::journal;
use super::npz::Npz;
use super::number::Exact;
use super::source::Reader;
use super::table::{Csv, Table};
use super::text::{self, Lines, Tally};
use engine::instrument::Kind;
use serde_json::Value;
use std::collections::VecDeque;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Lines, rows or frames that are looked at.
const LOOKED: usize = 50_000;
/// Frames that are looked at.
const FRAMES: usize = 3_000;

/// What a person says a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Frames, `LOCAL_NS JSON` a line: of `peregrine record` or hftbacktest's collector.
    Recording,
    /// A folder of the journal.
    Journal,
    /// An event file of hftbacktest: npz or npy.
    Hftbacktest,
    /// A public dump of Binance.
    Binance,
    /// A file of Tardis.
    Tardis,
    /// Any other table.
    Csv,
}

impl Origin {
    /// All of them, by the names that a person gives.
    pub const NAMES: [(&str, Self); 6] = [
        ("recording", Self::Recording),
        ("journal", Self::Journal),
        ("hftbacktest", Self::Hftbacktest),
        ("binance", Self::Binance),
        ("tardis", Self::Tardis),
        ("csv", Self::Csv),
    ];
}

/// A form.
#[derive(Clone, Debug)]
pub(super) enum Form {
    Frames(Dialect),
    Journal,
    Npz,
    Table(Box<Columns>, bool),
    Bands(Shape),
}

/// Files of one stream, and what they are.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub files: Vec<PathBuf>,
    pub form: Form,
    pub shown: Shown,
}

/// Looks at a path.
pub(super) fn look(
    path: &Path,
    from: Option<Origin>,
    mapping: &Mapping,
) -> Result<Vec<Plan>, ImportError> {
    if from == Some(Origin::Journal) || from.is_none() && journal::is_one(path) {
        let shown = Shown::default();
        return Ok(vec![Plan { files: vec![path.into()], form: Form::Journal, shown }]);
    }
    let mut plans: Vec<Plan> = Vec::new();
    let mut groups: Vec<(String, Vec<PathBuf>)> = Vec::new();
    for file in text::files(path)? {
        if from == Some(Origin::Recording) || from.is_none() && is_frames(&file)? {
            let stem = stem(&file);
            match groups.iter_mut().find(|(one, _)| *one == stem) {
                Some((_, files)) => files.push(file),
                None => groups.push((stem, vec![file])),
            }
        } else {
            plans.push(table(file, from, mapping)?);
        }
    }
    for (stem, files) in groups {
        // What a recorder keeps there belongs to no instrument.
        if !stem.ends_with("-all") {
            plans.push(frames(&stem, files)?);
        }
    }
    if plans.is_empty() {
        return Err(ImportError::file(path, "nothing of a market is in it"));
    }
    Ok(plans)
}

fn is_frames(path: &Path) -> Result<bool, ImportError> {
    let mut bytes = text::open(path, &[".csv", ".txt", ".npy"], &Tally::default())?;
    let mut start = [0; 64];
    let have = bytes.read(&mut start).map_err(|error| ImportError::file(path, error))?;
    let digits = start[..have].iter().take_while(|byte| byte.is_ascii_digit()).count();
    Ok(digits >= 16 && start[..have].get(digits..digits + 2) == Some(b" {"))
}

/// `binance-btcusdt-20240808T093000-0.zst` and `btcusdt_20240808.gz` without time and number.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bytes = name.as_bytes();
    let is_date = |at: &usize| {
        matches!(bytes[*at], b'-' | b'_')
            && bytes.get(at + 1..at + 9).is_some_and(|date| date.iter().all(u8::is_ascii_digit))
    };
    let end = (0..bytes.len()).find(is_date);
    let end = end.or_else(|| name.find('.')).unwrap_or(name.len());
    name[..end].to_owned()
}

fn frames(stem: &str, files: Vec<PathBuf>) -> Result<Plan, ImportError> {
    // A venue may tell a remainder below the lot, which the dialects cut off.
    let mut shown = Shown { rare_ppm: 1_000, ..Shown::default() };
    let mut dialect = None;
    let Some(first) = files.first() else {
        return Err(ImportError::Usage("there is no file".into()));
    };
    let mut lines = Lines::open(first, &Tally::default())?;
    for _ in 0..FRAMES {
        let Some(line) = lines.next_line()? else { break };
        let json = line.iter().position(|byte| *byte == b' ').map_or(&[][..], |at| &line[at..]);
        // A line that is none is told where it is read in earnest.
        if let Ok(value) = serde_json::from_slice::<Value>(json) {
            dialect = dialect.or(words(&value, &mut shown));
        }
    }
    let Some(dialect) = dialect else {
        let why = "its frames are of no venue that I know: Binance, Bybit or OKX";
        return Err(ImportError::file(first, why));
    };
    let symbol = shown.symbol.clone().unwrap_or_default();
    let venue = stem.strip_suffix(&symbol.to_lowercase());
    let venue = venue.map(|venue| venue.trim_end_matches('-')).filter(|venue| !venue.is_empty());
    let own = match dialect {
        Dialect::Binance => "binance",
        Dialect::Bybit => "bybit",
        Dialect::Okx => "okx",
    };
    shown.venue = Some(venue.unwrap_or(own).to_owned());
    Ok(Plan { files, form: Form::Frames(dialect), shown })
}

/// What one frame shows.
fn words(frame: &Value, shown: &mut Shown) -> Option<Dialect> {
    if let Some(topic) = frame["topic"].as_str() {
        let symbol = topic.rsplit('.').next().map(str::to_owned);
        shown.symbol = shown.symbol.take().or(symbol);
        return Some(Dialect::Bybit);
    }
    if let Some(id) = frame["arg"]["instId"].as_str() {
        shown.symbol = shown.symbol.take().or(Some(id.to_owned()));
        let kind = if id.ends_with("-SWAP") { Kind::Linear } else { Kind::Spot };
        shown.kind = Some(kind);
        return Some(Dialect::Okx);
    }
    let is_snapshot = frame["lastUpdateId"].is_u64();
    let data = if is_snapshot { frame } else { &frame["data"] };
    if !is_snapshot && frame["stream"].as_str().is_none_or(|stream| stream.starts_with('!')) {
        return None;
    }
    if let Some(symbol) = data["s"].as_str() {
        shown.symbol = shown.symbol.take().or(Some(symbol.to_owned()));
    }
    if data["pu"].is_u64() {
        shown.kind = Some(Kind::Linear);
    }
    let exact = |value: &Value| value.as_str().and_then(|text| Exact::parse(text.as_bytes()).ok());
    for (price, qty) in [("b", "B"), ("a", "A"), ("p", "q")] {
        // Mark prices and funding rates have `p` too, on no grid.
        if let (Some(price), Some(qty)) = (exact(&data[price]), exact(&data[qty])) {
            shown.price.see(price);
            shown.qty.see(qty);
        }
    }
    for levels in ["b", "a", "bids", "asks"] {
        for level in data[levels].as_array().into_iter().flatten() {
            if let (Some(price), Some(qty)) = (exact(&level[0]), exact(&level[1])) {
                shown.price.see(price);
                shown.qty.see(qty);
            }
        }
    }
    Some(Dialect::Binance)
}

fn table(path: PathBuf, from: Option<Origin>, mapping: &Mapping) -> Result<Plan, ImportError> {
    let npz = from == Some(Origin::Hftbacktest) || from.is_none() && is_array(&path)?;
    let mut shown = Shown::default();
    if npz {
        measure(Npz::open(&path, &Tally::default())?, &mut shown)?;
        return Ok(Plan { files: vec![path], form: Form::Npz, shown });
    }
    let mut csv = Csv::open(&path, &Tally::default())?;
    let dump = dump(&path, &mut csv, from)?;
    if let Some((form, symbol)) = dump {
        shown.symbol = symbol;
        let named = path.to_string_lossy().to_ascii_lowercase();
        let is_linear =
            !csv.header.is_empty() || named.contains("futures") || named.contains("/um/");
        let only = matches!(form, Form::Bands(Shape::Depth));
        shown.kind = (is_linear || only).then_some(Kind::Linear);
        return planned(path, csv, form, shown);
    }
    if let Some(shape) = Shape::of_books(&csv.header) {
        named(&mut csv, &mut shown)?;
        return planned(path, csv, Form::Bands(shape), shown);
    }
    let mut header = csv.header.clone();
    if header.is_empty() {
        if !csv.next()? {
            return Err(csv.wrong("it has no line"));
        }
        header = (1..=csv.width()).map(|number| number.to_string()).collect();
        csv = Csv::open(&path, &Tally::default())?;
    }
    let mut columns =
        Columns::named(&header, mapping).map_err(|why| ImportError::line(&path, 1, why))?;
    if columns.what == What::Trades && path.to_string_lossy().contains("liquidations") {
        columns.what = What::Liquidations;
    }
    columns.check().map_err(|why| ImportError::line(&path, 1, why))?;
    shown.kind = columns.kind;
    named(&mut csv, &mut shown)?;
    // A day of Tardis begins with a whole book; a table of a person's own with an empty one.
    let begins_empty = columns.place(of::SNAPSHOT).is_none();
    planned(path, csv, Form::Table(Box::new(columns), begins_empty), shown)
}

fn is_array(path: &Path) -> Result<bool, ImportError> {
    let mut start = [0; 6];
    let mut bytes = text::open(path, &[".npy", ".csv", ".txt"], &Tally::default())?;
    Ok(bytes.read_exact(&mut start).is_ok() && start == *b"\x93NUMPY")
}

/// A dump of Binance, by the name that it has, or by how many columns it has: the form, and the
/// symbol that the name begins with.
fn dump(
    path: &Path,
    csv: &mut Csv,
    from: Option<Origin>,
) -> Result<Option<(Form, Option<String>)>, ImportError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut parts = name.split('-');
    let symbol = parts.next().filter(|symbol| {
        symbol.len() > 4 && symbol.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    });
    let kinds = ["trades", "aggTrades", "bookDepth", "bookTicker", "klines"];
    let middle = parts.next().unwrap_or_default();
    let is_span = |part: &str| {
        let (number, unit) = part.split_at(part.len().saturating_sub(1));
        number.parse::<u16>().is_ok() && ["s", "m", "h", "d", "w", "M"].contains(&unit)
    };
    let named = kinds.into_iter().find(|kind| *kind == middle);
    let named = named.or_else(|| is_span(middle).then_some("klines"));
    if from != Some(Origin::Binance) && (from.is_some() || symbol.is_none() || named.is_none()) {
        return Ok(None);
    }
    let width = if csv.header.is_empty() {
        csv.next()?;
        csv.width()
    } else {
        csv.header.len()
    };
    let has = |column: &str| csv.header.iter().any(|name| name.eq_ignore_ascii_case(column));
    let kind = named.unwrap_or(match width {
        12 => "klines",
        4 => "bookDepth",
        8 => "aggTrades",
        7 if has("best_bid_price") => "bookTicker",
        7 if has("agg_trade_id") => "aggTrades",
        6 | 7 => "trades",
        _ => return Err(csv.wrong("it is no dump of Binance; give --from csv with --map")),
    });
    // Behind the trade's own columns is whether the buyer rested; dumps of spot have one more.
    let trades = |time: usize| {
        let mut columns = Columns::places(
            What::Trades,
            &[
                (of::ID, 0),
                (of::PRICE, 1),
                (of::QTY, 2),
                (of::TIME, time),
                (of::BUYER_MAKER, time + 1),
            ],
        );
        columns.chained = true;
        Form::Table(Box::new(columns), true)
    };
    let form = match kind {
        "trades" => trades(4),
        "aggTrades" => trades(5),
        "bookTicker" => Form::Table(
            Box::new(Columns::places(
                What::Best,
                &[(of::BID, 1), (of::BID_QTY, 2), (of::ASK, 3), (of::ASK_QTY, 4), (of::TIME, 5)],
            )),
            true,
        ),
        "bookDepth" => Form::Bands(Shape::Depth),
        _ => Form::Bands(Shape::Candles),
    };
    Ok(Some((form, symbol.map(str::to_owned))))
}

/// Symbol and exchange of the first line, where lines have them.
fn named(csv: &mut Csv, shown: &mut Shown) -> Result<(), ImportError> {
    let place = |csv: &Csv, name: &str| csv.header.iter().position(|one| one == name);
    let (symbol, venue) = (place(csv, "symbol"), place(csv, "exchange"));
    let path = csv.path.clone();
    let mut first = Csv::open(&path, &Tally::default())?;
    if !first.next()? {
        return Ok(());
    }
    let text = |place: Option<usize>| {
        place.map(|place| String::from_utf8_lossy(first.field(place)).into_owned())
    };
    shown.symbol = text(symbol).map(|symbol| symbol.to_uppercase());
    shown.venue = text(venue);
    let perpetual = |venue: &String| ["futures", "swap", "perp"].iter().any(|w| venue.contains(w));
    if shown.venue.as_ref().is_some_and(perpetual) {
        shown.kind = Some(Kind::Linear);
    }
    Ok(())
}

fn planned(path: PathBuf, csv: Csv, form: Form, mut shown: Shown) -> Result<Plan, ImportError> {
    drop(csv);
    let fresh = Csv::open(&path, &Tally::default())?;
    match &form {
        Form::Table(columns, _) => {
            let symbol = shown.symbol.clone();
            measure(Table::new(fresh, *columns.clone(), true, symbol), &mut shown)?;
        }
        Form::Bands(shape @ Shape::Books { .. }) => {
            measure(Bands::new(fresh, shape.clone(), None), &mut shown)?;
        }
        // Quantities of candles, and all of bands, are made up: no step is to be seen in them.
        Form::Bands(shape @ Shape::Candles) => {
            let qty = shown.qty;
            measure(Bands::new(fresh, shape.clone(), None), &mut shown)?;
            shown.qty = qty;
        }
        _ => {}
    }
    Ok(Plan { files: vec![path], form, shown })
}

fn measure(mut reader: impl Reader, shown: &mut Shown) -> Result<(), ImportError> {
    let (mut out, mut seen) = (VecDeque::new(), 0);
    while seen < LOOKED && reader.read(&mut out)? {
        for record in out.drain(..) {
            record.measure(&mut shown.price, &mut shown.qty);
            seen += 1;
        }
    }
    Ok(())
}
