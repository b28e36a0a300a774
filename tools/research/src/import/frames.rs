//! Recorded frames, `LOCAL_NS JSON` a line: of `peregrine record`, and of hftbacktest's collector.
//! They go through the very dialects and books that read them live, so that a tape says what an
//! engine would have been told: snapshot and diffs joined by the venue's rule, what comes twice
//! left out, gaps told.

use super::check::Fault;
use super::error::ImportError;
use super::source::{Place, Source};
use super::text::{Lines, Tally};
use crate::tape::venue_at;
use engine::event::{Event, flag, kind};
use engine::instrument::{Instrument, Kind};
use engine::time::Nanos;
use feeds::binance_spot::{BinanceSpot, BinanceSpotConfig};
use feeds::binance_usdm::{BinanceUsdm, BinanceUsdmConfig};
use feeds::bybit::{Bybit, BybitConfig, Market};
use feeds::feed::{Counters, FeedLimits, Playback};
use feeds::net::Payload;
use feeds::net::frame::SPARE;
use feeds::okx::{Okx, OkxConfig};
use feeds::protocol::Protocol;
use feeds::sequence::SequenceLimits;
use rtrb::{Consumer, RingBuffer};
use std::collections::VecDeque;
use std::path::PathBuf;

/// Whose words the frames are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Binance Spot, and Binance USDⓈ-M by the instrument's kind.
    Binance,
    /// Bybit v5.
    Bybit,
    /// OKX v5.
    Okx,
}

/// Rows that one line may become: a snapshot, and all diffs that waited for it.
const RING: usize = 1 << 18;
/// Addresses that nobody dials.
const NOWHERE: &str = "wss://recorded";
const NOR_HERE: &str = "https://recorded";

/// A feed that is played, of whichever dialect.
trait Play {
    fn frame(&mut self, line: &mut Vec<u8>, at: Nanos) -> Result<(), String>;
    fn snapshot(&mut self, body: &mut Vec<u8>, at: Nanos) -> Result<(), String>;
    fn turn(&mut self, at: Nanos) -> usize;
    fn counters(&self) -> Counters;
}

impl<P: Protocol> Play for Playback<P> {
    fn frame(&mut self, line: &mut Vec<u8>, at: Nanos) -> Result<(), String> {
        let len = line.len();
        line.resize(len + SPARE, 0);
        let frame = Payload::new(line, len).ok_or("the frame is too long")?;
        Self::frame(self, 0, frame, at).map_err(|error| error.to_string())
    }

    fn snapshot(&mut self, body: &mut Vec<u8>, at: Nanos) -> Result<(), String> {
        Self::snapshot(self, 0, body, at).map(|_| ()).map_err(|error| error.to_string())
    }

    fn turn(&mut self, at: Nanos) -> usize {
        Self::turn(self, at)
    }

    fn counters(&self) -> Counters {
        Self::counters(self)
    }
}

/// Nothing is stale in a recording: a market that rests is at rest.
fn limits() -> FeedLimits {
    let sequence = SequenceLimits { rows_max: RING / 2, ..SequenceLimits::default() };
    FeedLimits { best_stale: Nanos::ZERO, depth_stale: Nanos::ZERO, sequence, ..Default::default() }
}

fn playback<P: Protocol + 'static>(protocol: P) -> (Box<dyn Play>, Consumer<Event>) {
    let (events, ring) = RingBuffer::new(RING);
    let mut play = Playback::new(protocol, &limits(), events);
    play.join(Nanos::ZERO);
    (Box::new(play), ring)
}

fn player(dialect: Dialect, instrument: Instrument) -> (Box<dyn Play>, Consumer<Event>) {
    let linear = instrument.kind == Kind::Linear;
    let all = vec![instrument];
    match dialect {
        Dialect::Binance if linear => {
            let config = BinanceUsdmConfig::new(NOWHERE, NOR_HERE, all);
            playback(BinanceUsdm::new(&BinanceUsdmConfig { routed: false, ..config }))
        }
        Dialect::Binance => {
            playback(BinanceSpot::new(&BinanceSpotConfig::new(NOWHERE, NOR_HERE, all)))
        }
        Dialect::Bybit => {
            let market = if linear { Market::Linear } else { Market::Spot };
            playback(Bybit::new(&BybitConfig::new(NOWHERE, market, all)))
        }
        Dialect::Okx => playback(Okx::new(&OkxConfig::new(NOWHERE, NOR_HERE, all))),
    }
}

/// The files of one recording, in their order.
pub(super) struct Frames {
    files: VecDeque<PathBuf>,
    tally: Tally,
    lines: Lines,
    play: Box<dyn Play>,
    ring: Consumer<Event>,
    /// Messages of the last line that were not given yet, each ended by a row that is its last.
    waiting: VecDeque<Event>,
    at: Nanos,
    missed: u64,
    faults: Vec<(Fault, u64, String)>,
}

impl Frames {
    pub fn open(
        files: Vec<PathBuf>,
        dialect: Dialect,
        instrument: Instrument,
        tally: &Tally,
    ) -> Result<Self, ImportError> {
        let mut files = VecDeque::from(files);
        let first = files.pop_front();
        let first = first.ok_or_else(|| ImportError::Usage("there is no file".into()))?;
        let (play, ring) = player(dialect, instrument);
        Ok(Self {
            lines: Lines::open(&first, tally)?,
            files,
            tally: tally.clone(),
            play,
            ring,
            waiting: VecDeque::new(),
            at: Nanos::ZERO,
            missed: 0,
            faults: Vec::new(),
        })
    }

    /// Plays one line; false at the end of the last file.
    fn play(&mut self) -> Result<bool, ImportError> {
        let Some(line) = self.lines.next_line()? else {
            let Some(next) = self.files.pop_front() else { return Ok(false) };
            self.lines = Lines::open(&next, &self.tally)?;
            return Ok(true);
        };
        let played = played(self.play.as_mut(), line);
        match played {
            Ok(Played::Frame(at)) => self.at = at,
            Ok(Played::Gap(at, why)) => {
                self.at = at;
                self.faults.push((Fault::Gap, self.lines.number, why));
            }
            Ok(Played::Nothing) => return Ok(true),
            Err(why) => return Err(self.lines.wrong(why)),
        }
        let start = self.waiting.len();
        loop {
            while let Ok(row) = self.ring.pop() {
                if row.kind < kind::ACCEPTED && row.kind != kind::LINK {
                    self.waiting.push_back(self.taken(row));
                }
            }
            if self.play.turn(self.at) == 0 {
                break;
            }
        }
        self.stamp(start);
        let missed = self.play.counters().missed_trades;
        if missed > self.missed {
            let count = missed - self.missed;
            self.missed = missed;
            let why = format!("{count} trades are missing");
            self.faults.push((Fault::Gap, self.lines.number, why));
        }
        Ok(true)
    }

    /// As an engine would have taken it: now, though it may have been read before.
    fn taken(&self, row: Event) -> Event {
        let waited = self.at.since(row.at);
        let recv_delta_ns = u32::try_from(waited.0).unwrap_or(u32::MAX);
        Event { at: self.at.max(row.at), recv_delta_ns, ..row }
    }

    /// Snapshots have no stamp. The diffs that follow at once were made after it, so at the venue
    /// it belongs before the first of them.
    fn stamp(&mut self, start: usize) {
        let rows = self.waiting.make_contiguous().get_mut(start..).unwrap_or_default();
        let is_unstamped = |row: &Event| row.has(flag::SNAPSHOT) && row.venue_delta_us == 0;
        let diffs = rows.iter().filter(|row| row.kind == kind::LEVEL && !is_unstamped(row));
        let Some(first) = diffs.map(venue_at).min() else { return };
        for row in rows.iter_mut().filter(|row| is_unstamped(row)) {
            row.venue_delta_us = super::record::delta_us(row.read_at(), first.0);
        }
    }
}

/// What a line was.
enum Played {
    Frame(Nanos),
    Gap(Nanos, String),
    Nothing,
}

fn played(play: &mut dyn Play, line: &mut Vec<u8>) -> Result<Played, String> {
    if line.is_empty() {
        return Ok(Played::Nothing);
    }
    let space = line.iter().position(|byte| *byte == b' ').ok_or("it is not `LOCAL_NS JSON`")?;
    let at = std::str::from_utf8(&line[..space]).ok().and_then(|at| at.parse::<u64>().ok());
    let at = Nanos(at.ok_or("the receive time is not a number of nanoseconds")?);
    line.drain(..=space);
    let text = line.trim_ascii();
    if text.first() != Some(&b'{') || text.last() != Some(&b'}') {
        return Err("the frame is no whole JSON object; is the file cut?".into());
    }
    if text.starts_with(b"{\"gap\":") {
        return Ok(Played::Gap(at, gap(text)?));
    }
    if text.starts_with(b"{\"lastUpdateId\":") {
        play.snapshot(line, at)?;
    } else {
        play.frame(line, at)?;
    }
    Ok(Played::Frame(at))
}

/// What a recorder says of what is missing.
fn gap(text: &[u8]) -> Result<String, String> {
    let value: serde_json::Value =
        serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let gap = &value["gap"];
    let (dropped, reason) = (gap["dropped"].as_u64(), gap["reason"].as_str());
    let reason = reason.unwrap_or("no reason told");
    Ok(match dropped {
        Some(0) | None => format!("the recorder says: {reason}"),
        Some(count) => format!("the recorder says: {count} frames dropped, {reason}"),
    })
}

impl Source for Frames {
    fn next(&mut self, rows: &mut Vec<Event>) -> Result<bool, ImportError> {
        while self.waiting.is_empty() {
            if !self.play()? {
                return Ok(false);
            }
        }
        while let Some(row) = self.waiting.pop_front() {
            let ends = row.kind != kind::LEVEL || row.has(flag::LAST);
            rows.push(row);
            if ends {
                break;
            }
        }
        Ok(true)
    }

    fn place(&self) -> Place {
        Place { path: self.lines.path.clone(), line: self.lines.number }
    }

    fn faults(&mut self, take: &mut dyn FnMut(Fault, u64, String)) {
        for (fault, line, why) in self.faults.drain(..) {
            take(fault, line, why);
        }
    }

    fn notes(&self) -> Vec<String> {
        let Counters { unknown_frames, stale_best_dropped, old_diffs, .. } = self.play.counters();
        let said = [
            (unknown_frames, "frames are of other streams or symbols"),
            (stale_best_dropped, "best prices were no news beside the book, as live"),
            (old_diffs, "diffs were older than the book, as live"),
        ];
        let path = self.lines.path.display();
        let counted = said.into_iter().filter(|(count, _)| *count > 0);
        counted.map(|(count, what)| format!("{path}: {count} {what}; left out")).collect()
    }
}
