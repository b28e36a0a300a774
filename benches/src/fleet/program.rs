//! What all feeds play: one story of each asset, told by every venue at once, as markets of one
//! asset move together. Assets of the same recording begin at different places of it.

use super::Fleet;
use super::dialect::{Dialect, instruments};
use super::player::{self, Rows, Tape};
use super::server::Shelf;
use super::speech::{Speaker, Whole};
use super::story::{Book, Story};
use crate::corpus;
use crate::rig::Failed;
use engine::instrument::Instrument;
use engine::time::{Clock as _, Nanos};
use feeds::net::frame::SPARE;
use peregrine::clock::TscClock;
use rtrb::RingBuffer;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How far into a recording each next asset of it begins.
const APART: Nanos = Nanos::from_s(45);
/// Most levels a side of a snapshot that is asked for at the beginning.
const SNAPSHOT_LEVELS: usize = 1_000;
/// The recordings: of the assets at even places, and of the others.
const RECORDINGS: [&str; 2] = ["usdm/btcusdt_20240808.gz", "usdm/ethusdt_20240808.gz"];

/// Tapes of some venues.
pub struct Program {
    /// The venues.
    pub dialects: Vec<Dialect>,
    /// What is traded, venue by venue.
    pub instruments: Vec<Instrument>,
    /// What each feed plays.
    pub tapes: Vec<Arc<Tape>>,
    stories: [Story; 2],
    assets: usize,
    begins: Vec<Vec<Whole>>,
}

impl Program {
    /// So much of the stories of so many assets at these venues; `None`, and that is said, where
    /// the recordings are absent.
    pub fn of(dialects: &[Dialect], assets: usize, span: Nanos) -> Option<Self> {
        let [even, odd] = RECORDINGS.map(Story::read);
        let stories = [even?, odd?];
        let mut program = Self {
            dialects: dialects.to_vec(),
            instruments: instruments(dialects, assets),
            tapes: Vec::new(),
            stories,
            assets,
            begins: Vec::new(),
        };
        let books: Vec<(u64, Book)> =
            (0..assets).map(|asset| program.book(asset, Nanos::ZERO)).collect();
        for dialect in dialects {
            let (mut frames, mut begins) = (Vec::new(), Vec::new());
            for (asset, book) in books.iter().enumerate() {
                let mut speaker = Speaker::new(*dialect, asset, book.clone());
                begins.push(speaker.whole(Nanos::ZERO, SNAPSHOT_LEVELS));
                let (story, begin) = program.place(asset);
                let told = story.told.iter().filter(|one| one.at >= begin);
                for one in told.take_while(|one| one.at < begin.after(span)) {
                    if let Some((endpoint, text)) = speaker.say(one, story) {
                        frames.push((one.at.since(begin), endpoint, text));
                    }
                }
            }
            frames.sort_by_key(|frame| frame.0);
            let mut tape = Tape::default();
            for (at, endpoint, text) in &frames {
                tape.push(*at, *endpoint, &corpus::frame(text.as_bytes()));
            }
            program.tapes.push(Arc::new(tape));
            program.begins.push(begins);
        }
        Some(program)
    }

    /// The story of an asset and where in it it begins.
    fn place(&self, asset: usize) -> (&Story, Nanos) {
        (&self.stories[asset % 2], Nanos(APART.0 * (asset as u64 / 2)))
    }

    fn book(&self, asset: usize, at: Nanos) -> (u64, Book) {
        let (story, begin) = self.place(asset);
        story.book(begin.after(at))
    }

    /// The books of one venue as they are this long after the beginning, at least so deep where
    /// the venue tells all levels.
    pub fn books(&self, dialect: Dialect, at: Nanos, levels: usize) -> Vec<Whole> {
        let whole = |asset| {
            let mut speaker = Speaker::new(dialect, asset, self.book(asset, at));
            if dialect.window().is_none() {
                speaker.deepen(levels);
            }
            speaker.whole(at, levels)
        };
        (0..self.assets).map(whole).collect()
    }

    /// Tells a fleet its first books; it quotes then.
    pub fn begin(&self, fleet: &mut Fleet) -> Result<(), Failed> {
        fleet.settle();
        for (feed, begins) in self.begins.iter().enumerate() {
            for (place, whole) in begins.iter().enumerate() {
                tell(fleet, (feed, place), whole);
                fleet.settle();
            }
        }
        for one in &self.instruments {
            if !fleet.feeds[one.feed.index()].in_sync(one.id) {
                return Err(format!("no book of {}: {:?}", one.symbol, fleet.counters()).into());
            }
        }
        fleet.check()
    }

    /// What each venue's server tells.
    pub fn shelves(&self) -> Vec<Shelf> {
        let each = self.dialects.iter().zip(&self.tapes).zip(&self.begins);
        let shelf = |((dialect, tape), begins): ((&Dialect, &Arc<Tape>), &Vec<Whole>)| {
            let books = begins.iter().enumerate();
            let books = books.map(|(asset, whole)| (dialect.symbol(asset), whole.clone()));
            Shelf { tape: tape.clone(), books: books.collect() }
        };
        each.map(shelf).collect()
    }

    /// Turns of a fleet on servers until all its books are there.
    pub fn connect(&self, fleet: &mut Fleet, within: Duration) -> Result<(), Failed> {
        let began = Instant::now();
        let is_whole = |fleet: &Fleet| {
            let mut all = self.instruments.iter();
            all.all(|one| fleet.feeds[one.feed.index()].in_sync(one.id))
        };
        while !is_whole(fleet) {
            fleet.turn(Nanos::ZERO);
            if began.elapsed() > within {
                return Err(format!("books are missing: {:#?}", fleet.counters()).into());
            }
        }
        fleet.settle();
        fleet.check()
    }

    /// The rows that all frames become, with those of the beginning.
    pub fn rows(&self) -> Vec<Arc<Rows>> {
        let clock = TscClock::start();
        let each = self.dialects.iter().enumerate().zip(&self.tapes).zip(&self.begins);
        let rows = each.map(|(((venue, dialect), tape), begins)| {
            let own = self.instruments.iter().filter(|one| one.venue.index() == venue);
            let own: Vec<Instrument> = own.copied().collect();
            let (ring, mut market) = RingBuffer::new(1 << 16);
            let mut feed = player::frames(*dialect, &own, tape.clone(), ring);
            let mut rows = Rows::default();
            let mut take = |at| rows.push(at, std::iter::from_fn(|| market.pop().ok()));
            feed.join(Nanos::ZERO);
            for (place, whole) in begins.iter().enumerate() {
                match whole {
                    Whole::Body(text) => {
                        feed.snapshot(place, &mut padded(text), Nanos::ZERO);
                    }
                    Whole::Frame(text) => {
                        feed.frame(0, &corpus::frame(text.as_bytes()), &clock);
                    }
                }
                take(Nanos::ZERO);
            }
            while let Some(at) = feed.next_at() {
                feed.read(at, &clock);
                take(at);
            }
            Arc::new(rows)
        });
        rows.collect()
    }
}

/// Tells a fleet's feed the whole book of its n-th instrument.
pub fn tell(fleet: &mut Fleet, (feed, place): (usize, usize), whole: &Whole) {
    let now = fleet.clock.now();
    match whole {
        Whole::Body(text) => {
            fleet.feeds[feed].snapshot(place, &mut padded(text), now);
        }
        Whole::Frame(text) => {
            fleet.feeds[feed].frame(0, &corpus::frame(text.as_bytes()), &fleet.clock);
        }
    }
}

/// A body with the room behind it that parsers want.
fn padded(text: &str) -> Vec<u8> {
    let mut body = Vec::with_capacity(text.len() + SPARE);
    body.extend_from_slice(text.as_bytes());
    body
}
