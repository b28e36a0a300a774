//! The recorded markets of a backtest: its tapes, and which of their instruments the configuration
//! means.

use super::args::BacktestArgs;
use crate::assemble::Terms;
use crate::config::{Config, InstrumentSettings};
use crate::exit::Failure;
use crate::import;
use engine::asset::Assets;
use engine::condition::Keeps;
use engine::event::{Event, flag};
use engine::id::{AssetId, FeedId, InstrumentId, VenueId};
use engine::instrument::{Instrument, Kind, Status, Symbol};
use engine::time::Nanos;
use research::backtest::{Numbers, TapeRows};
use research::run::{Meta, market};
use research::tape::{Listed, Tape};
use std::io::Read as _;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// Tapes, and the run's instruments on them.
pub(super) struct Markets {
    tapes: Vec<(Tape, Numbers)>,
    span: (Nanos, Nanos),
    /// The share of the trades that the simulated venues do not see, and the seed of which.
    pub missed: (f64, u64),
    /// What the venues would say of the run's instruments, in the order of the configuration.
    pub terms: Terms,
    listed: Vec<Listed>,
}

impl Markets {
    /// Opens what `--data` names and finds the configuration's instruments in it.
    pub fn open(config: &Config, args: &BacktestArgs) -> Result<Self, Failure> {
        let span = (args.from.unwrap_or(Nanos::ZERO), args.to.unwrap_or(Nanos(u64::MAX)));
        if span.0 >= span.1 {
            return Err(Failure::usage("--from is not before --to: nothing lies between"));
        }
        for (place, path) in args.data.iter().enumerate() {
            let real = |path: &Path| path.canonicalize().ok();
            let before = args.data[..place].iter().map(|path| real(path));
            if real(path).is_some_and(|path| before.flatten().any(|other| other == path)) {
                let text =
                    format!("--data names {} twice: its trades would count twice", path.display());
                return Err(Failure::usage(text));
            }
        }
        let opened: Result<Vec<Tape>, Failure> =
            args.data.iter().map(|path| open(path, config, false)).collect();
        let mut tapes = opened?;
        if let Some(journal) = &args.like {
            tapes.push(open(journal, config, true)?);
        }
        let mut assets = Assets::default();
        let (mut instruments, mut listed) = (Vec::new(), Vec::new());
        let names = config.instrument_names();
        for (place, settings) in config.instruments.iter().enumerate() {
            let name = names[place].clone();
            let found = find(&tapes, settings, (&name, &names))?;
            instruments.push(instrument((place, settings), &found, &mut assets)?);
            listed.push(Listed { name, ..found });
        }
        let mut numbered = Vec::new();
        for tape in tapes {
            let numbers = numbers(&tape, config, (&instruments, &listed))?;
            numbered.push((tape, numbers));
        }
        let (limits, codes, conversions) = (Vec::new(), Vec::new(), Vec::new());
        let terms = Terms { instruments, assets, limits, codes, conversions };
        Ok(Self { tapes: numbered, span, missed: (0.0, 0), terms, listed })
    }

    /// Rows of all tapes.
    pub fn rows(&self) -> u64 {
        self.tapes.iter().map(|(tape, _)| tape.rows()).sum()
    }

    /// When the first row of the window was received.
    pub fn began(&self) -> Result<Nanos, Failure> {
        let inside = |span: &(Nanos, Nanos)| span.1 >= self.span.0 && span.0 < self.span.1;
        let spans = self.tapes.iter().filter_map(|(tape, _)| tape.span()).filter(inside);
        let first = spans.map(|span| span.0).min();
        first.map(|first| first.max(self.span.0)).ok_or_else(|| {
            let spans = self.tapes.iter().filter_map(|(tape, _)| tape.span());
            let utc = crate::print::Utc;
            let text: Vec<String> =
                spans.map(|(from, to)| format!("{} to {}", utc(from), utc(to))).collect();
            Failure::usage(format!(
                "no row lies between --from and --to; there are {}",
                text.join(", ")
            ))
        })
    }

    /// The rows of each tape by receipt, books that stand at the beginning first.
    pub fn received(&self, began: Nanos) -> Result<Vec<TapeRows<'_>>, Failure> {
        self.each(began, TapeRows::received)
    }

    /// The same by the venue's time.
    pub fn happened(&self, began: Nanos) -> Result<Vec<TapeRows<'_>>, Failure> {
        let (share, seed) = self.missed;
        self.each(began, |tape, span, numbers| {
            TapeRows::happened(tape, span, numbers).missing(share, seed)
        })
    }

    fn each<'a>(
        &'a self,
        began: Nanos,
        rows: impl Fn(&'a Tape, (Nanos, Nanos), &'a Numbers) -> TapeRows<'a>,
    ) -> Result<Vec<TapeRows<'a>>, Failure> {
        let mut out = Vec::new();
        for (tape, numbers) in &self.tapes {
            let starts_within = tape.span().is_none_or(|span| span.0 >= began);
            let books: Vec<Event> = match starts_within {
                true => Vec::new(),
                false => tape.books(began).map_err(Failure::error)?,
            };
            out.push(rows(tape, (began, self.span.1), numbers).after(&books, began));
        }
        Ok(out)
    }

    /// The name of one of the run's instruments.
    pub fn name(&self, place: usize) -> &str {
        self.listed.get(place).map_or("?", |listed| listed.name.as_str())
    }

    /// Of each tape the share of its first rows that were received before they happened.
    pub fn early(&self) -> Result<Vec<(&Path, f64)>, Failure> {
        let of_it = |(tape, _): &'_ (Tape, Numbers)| -> Result<f64, Failure> {
            let mut window = tape.window(Nanos::ZERO, Nanos(u64::MAX));
            let rows = window.next_rows().map_err(Failure::error)?.unwrap_or_default();
            let told = |row: &&Event| row.venue_delta_us != 0 && !row.has(flag::SNAPSHOT);
            let (mut all, mut early) = (0_u32, 0_u32);
            for row in rows.iter().filter(told) {
                all += 1;
                early += u32::from(row.venue_delta_us < 0);
            }
            Ok(f64::from(early) / f64::from(all.max(1)))
        };
        self.tapes.iter().map(|one| Ok((one.0.path(), of_it(one)?))).collect()
    }

    /// What a tape's instrument is in the run, of the last tape.
    pub fn number(&self, id: InstrumentId) -> Option<InstrumentId> {
        let (_, numbers) = self.tapes.last()?;
        numbers.instruments.get(id.index()).copied().flatten()
    }

    /// What the run is called, and its markets.
    pub fn meta(&self, config: &Config) -> Meta {
        let both = self.terms.instruments.iter().zip(&self.listed);
        let markets =
            both.map(|(one, listed)| market(one, &listed.name, &listed.base, &listed.quote));
        let markets: Vec<_> = markets.collect();
        let names: Vec<&str> = self.listed.iter().map(|listed| listed.name.as_str()).collect();
        let name = format!("{} on {}", config.strategies(), names.join(", "));
        let asset = self.listed.first().map_or_else(String::new, |first| first.quote.clone());
        Meta { name, markets, equity: 0.0, asset, utc_ns: 0 }
    }
}

/// A tape, or what can be made one: then a file that is gone as soon as it is open.
fn open(path: &Path, config: &Config, clock_kept: bool) -> Result<Tape, Failure> {
    if is_tape(path) {
        return Tape::open(path).map_err(Failure::error);
    }
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("peregrine-backtest-{}-{number}.tape", std::process::id());
    let file = std::env::temp_dir().join(name);
    import::on_the_way(config, (path, &file), clock_kept)?;
    let tape = Tape::open(&file).map_err(Failure::error);
    // What is mapped stays readable.
    let _ = std::fs::remove_file(&file);
    tape
}

/// Whether a file begins as tapes do.
fn is_tape(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && &start == b"PAR1"
}

/// The instrument of the tapes that one of the configuration means: the one of the same name, or
/// the only one of its symbol and kind that is no other instrument's namesake.
fn find(
    tapes: &[Tape],
    settings: &InstrumentSettings,
    (name, names): (&str, &[String]),
) -> Result<Listed, Failure> {
    let all = || tapes.iter().flat_map(|tape| tape.instruments());
    let is_alike = |one: &&Listed| {
        one.instrument.symbol.as_str() == settings.symbol && one.instrument.kind == settings.kind
    };
    if let Some(same) = all().filter(is_alike).find(|one| one.name == name) {
        return Ok(same.clone());
    }
    let is_free = |one: &&Listed| !names.contains(&one.name);
    let mut alike: Vec<&Listed> = all().filter(is_alike).filter(is_free).collect();
    alike.sort_by(|one, two| one.name.cmp(&two.name));
    alike.dedup_by(|one, two| one.name == two.name);
    match alike.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let kind = |kind| if kind == Kind::Spot { "spot" } else { "a perpetual" };
            let named = |one: &Listed| format!("{} ({})", one.name, kind(one.instrument.kind));
            let mut names: Vec<String> = all().map(named).collect();
            names.sort_unstable();
            names.dedup();
            let kind = kind(settings.kind);
            Err(Failure::error(format!(
                "no data of {name} ({kind}): --data has {}; import it, or take it out of the \
                 configuration",
                names.join(", ")
            )))
        }
        several => {
            let names: Vec<&str> = several.iter().map(|one| one.name.as_str()).collect();
            Err(Failure::error(format!(
                "--data has several {}: {}; name the venue in the configuration as the tape does",
                settings.symbol,
                names.join(", ")
            )))
        }
    }
}

/// The instrument as the engine and the simulated venue trade it: facts of the tape, fees and
/// leverage of the configuration.
fn instrument(
    (place, settings): (usize, &InstrumentSettings),
    found: &Listed,
    assets: &mut Assets,
) -> Result<Instrument, Failure> {
    let mut intern = |name: &str| -> Result<AssetId, Failure> {
        let asset = Symbol::new(name).and_then(|name| assets.intern(name));
        asset.ok_or_else(|| Failure::error(format!("`{name}` cannot name an asset")))
    };
    let venue = u8::try_from(settings.venue).unwrap_or(u8::MAX);
    let mut one = Instrument {
        id: InstrumentId(u16::try_from(place).unwrap_or(u16::MAX)),
        venue: VenueId(venue),
        feed: FeedId(venue),
        base: intern(&found.base)?,
        quote: intern(&found.quote)?,
        fees: settings.fees,
        // The simulated venue keeps no conditional orders: the engine holds them.
        keeps: Keeps::NOTHING,
        status: Status::Trading,
        ..found.instrument
    };
    if one.kind == Kind::Linear {
        let margin = 1_000_000 / i64::from(settings.leverage.max(1));
        one.margin_ppm = margin.max(if one.margin_ppm < 1_000_000 { one.margin_ppm } else { 0 });
    }
    Ok(one)
}

/// What a tape's numbers are in the run. Grids that differ from another tape's are refused.
fn numbers(
    tape: &Tape,
    config: &Config,
    (instruments, listed): (&[Instrument], &[Listed]),
) -> Result<Numbers, Failure> {
    let (mut numbers, names) = (Numbers::default(), config.instrument_names());
    for one in tape.instruments() {
        let place = listed.iter().enumerate().position(|(place, known)| {
            let settings = &config.instruments[place];
            let found = find(std::slice::from_ref(tape), settings, (&known.name, &names));
            found.is_ok_and(|found| found.name == one.name)
        });
        let number = place.map(|place| instruments[place].id);
        if let Some(place) = place {
            let (ours, theirs) = (&instruments[place], &one.instrument);
            if (ours.tick, ours.lot) != (theirs.tick, theirs.lot) {
                return Err(Failure::error(format!(
                    "{}: {} has another tick or lot here than on another tape; import both anew \
                     with the same",
                    tape.path().display(),
                    one.name
                )));
            }
        }
        let at = one.instrument.id.index();
        if numbers.instruments.len() <= at {
            numbers.instruments.resize(at + 1, None);
        }
        numbers.instruments[at] = number;
    }
    Ok(numbers)
}
