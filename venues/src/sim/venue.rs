//! The simulated venue as an engine sees it: approved orders in, event rows out, with balances.
//!
//! It stands in for the gateway in `paper` mode and in backtests: the same rows in the same order
//! as a real venue's gateway gives (link, reconciliation, budget, then reports each followed by
//! changed balances), fed with the market rows that the engine itself gets.
//!
//! What it tells carries the venue's own time: how long the answer took is in
//! [`Event::venue_delta_us`].

mod account;
mod perpetual;
mod requests;
mod timetable;

use super::delay::Delay;
use super::faults::{Faults, Luck, Trouble};
use super::fee::FeeSchedule;
use super::latency::{Course, Ways};
use super::ledger::Ledger;
use super::market::{Market, Settings};
use super::order::Open;
use super::queue::QueueModel;
use super::rules::{Priority, RuleCounts, Rules};
use super::tiers::{Tiers, Volume};
use engine::event::{Body, End, Event, Link, LinkState, kind};
use engine::id::{AssetId, InstrumentId, OrderId, VenueId};
use engine::instrument::{Instrument, Kind};
use engine::intent::Intent;
use engine::num::{Amount, Notional, Qty};
use engine::position::Position;
use engine::time::Nanos;
pub use perpetual::MarginSettings;
use std::collections::VecDeque;

/// Room in the way back that market reports leave free for refusals and answers.
const RESERVE: usize = 1024;
/// How many ended orders a query can still ask about.
const ENDED_MAX: usize = 4096;
/// Requests after which the (never ending) budget is told again.
const BUDGET_EVERY: u32 = 64;
/// The budget that is told: simulated venues do not limit rates.
const BUDGET: u32 = 1_000_000;
/// Rows of the gateway's own that wait.
const LOCAL_MAX: usize = 4096;

/// What a simulated venue is made with.
#[derive(Clone, Debug)]
pub struct VenueSettings {
    /// Which venue it stands for: the number that its rows about no instrument carry.
    pub venue: VenueId,
    /// How long requests and answers take.
    pub latency: Ways,
    /// How places in the queue are estimated.
    pub queue: QueueModel,
    /// By which rules orders are filled.
    pub rules: Rules,
    /// What an amended order keeps.
    pub priority: Priority,
    /// Take every fee in the quote asset; otherwise in the asset received. Perpetuals always pay in
    /// the quote asset.
    pub fee_in_quote: bool,
    /// Fees by volume, over those of the instruments.
    pub tiers: Tiers,
    /// What perpetuals must keep.
    pub margin: MarginSettings,
    /// What goes wrong.
    pub faults: Faults,
    /// Where chance begins: the same seed gives the same rows.
    pub seed: u64,
    /// Most requests on their way.
    pub asks_max: usize,
    /// Most rows on their way back.
    pub rows_max: usize,
}

impl Default for VenueSettings {
    fn default() -> Self {
        Self {
            venue: VenueId(0),
            latency: Ways::default(),
            queue: QueueModel::default(),
            rules: Rules::default(),
            priority: Priority::default(),
            fee_in_quote: false,
            tiers: Tiers::default(),
            margin: MarginSettings::default(),
            faults: Faults::default(),
            seed: 1,
            asks_max: 1024,
            rows_max: 65_536,
        }
    }
}

/// What a venue begins with.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// What it is made with; `settings.venue` says which venue it stands for.
    pub settings: VenueSettings,
    /// Its free balances.
    pub balances: Vec<(AssetId, Amount)>,
    /// Positions in perpetuals from before; none of the others.
    pub positions: Vec<(InstrumentId, Position)>,
}

/// One instrument: its market, and of a perpetual what is held and told of it.
#[derive(Debug)]
struct Board {
    instrument: Instrument,
    market: Market,
    position: Position,
    /// The newest mark price, 1e-8; 0 before the first.
    mark: Notional,
    /// The rate of the next funding, 1e-8, and when it is.
    funding: Option<(Amount, Nanos)>,
    /// When the last one was.
    funded: Nanos,
}

#[derive(Clone, Copy, Debug)]
enum Wish {
    Place(Intent),
    Cancel(usize, u64),
    Amend(usize, u64, Qty),
    CancelAll(usize),
    Query(InstrumentId, OrderId),
    Reconcile,
}

/// An order that stands, as the account's ledger needs it.
#[derive(Clone, Copy, Debug)]
struct Held {
    board: usize,
    order: Open,
}

#[derive(Clone, Copy, Debug)]
struct Ended {
    order: OrderId,
    end: End,
    filled: Qty,
}

/// A simulated venue with one account. See the module.
#[derive(Debug)]
pub struct SimVenue {
    /// The venue's number as rows carry it.
    venue: InstrumentId,
    boards: Vec<Board>,
    /// Places of boards by instrument; [`NO_BOARD`] where it is none of this venue's.
    places: Vec<u16>,
    ledger: Ledger,
    held: Vec<Held>,
    ended: VecDeque<Ended>,
    /// Requests on their way.
    entry: Delay<(Wish, Luck)>,
    /// Rows on their way back.
    response: Delay<Event>,
    /// Rows of what stands in the gateway's place: they take no time.
    local: Delay<Event>,
    entering: Course,
    answering: Course,
    /// When the newest answer was given, and when it is known.
    answered: Option<(Nanos, Nanos)>,
    /// How long market rows take to us, where they do not say it.
    feed: Nanos,
    /// How long the newest that said it took, by the clocks as they are; 0 before the first.
    feed_us: i32,
    offset_us: i64,
    trouble: Trouble,
    is_down: bool,
    /// Answers are lost now.
    is_mute: bool,
    volume: Volume,
    margin: MarginSettings,
    /// Market rows come before requests of the same instant.
    rows_first: bool,
    fee_in_quote: bool,
    /// When the next of its own work is due; before that, market rows pass it by.
    work_at: Nanos,
    /// Work or reports wait for room on the way back.
    is_stuck: bool,
    asked: u32,
    rows_dropped: u64,
    liquidations: u32,
    shortfall: Notional,
}

const NO_BOARD: u16 = u16::MAX;

impl SimVenue {
    /// A venue of these instruments, with these free balances. Its first rows say that it is
    /// connected and reconciled.
    pub fn new(
        now: Nanos,
        instruments: &[Instrument],
        balances: &[(AssetId, Amount)],
        settings: VenueSettings,
    ) -> Self {
        let balances = balances.to_vec();
        Self::open(now, instruments, Opening { settings, balances, positions: Vec::new() })
    }

    /// The same with all that it may begin with.
    pub fn open(now: Nanos, instruments: &[Instrument], opening: Opening) -> Self {
        let Opening { settings, balances, positions } = opening;
        let last = instruments.iter().map(|one| one.id.index() + 1).max().unwrap_or(0);
        let mut places = vec![NO_BOARD; last];
        for (place, instrument) in instruments.iter().enumerate() {
            places[instrument.id.index()] = place as u16;
        }
        let assets = instruments.iter().flat_map(|instrument| [instrument.base, instrument.quote]);
        let [entry, response, trouble] = [1, 2, 3].map(|way| settings.seed.wrapping_mul(4) + way);
        let mut venue = Self {
            venue: InstrumentId(u16::from(settings.venue.0)),
            boards: instruments.iter().map(|one| board(one, &settings)).collect(),
            places,
            ledger: Ledger::new(&balances, assets),
            held: Vec::with_capacity(64),
            ended: VecDeque::with_capacity(ENDED_MAX),
            entry: Delay::new(settings.asks_max),
            response: Delay::new(settings.rows_max.max(2 * RESERVE)),
            local: Delay::new(LOCAL_MAX),
            entering: Course::new(settings.latency.entry, entry),
            answering: Course::new(settings.latency.response, response),
            answered: None,
            feed: Nanos::ZERO,
            feed_us: 0,
            offset_us: 0,
            trouble: Trouble::new(settings.faults, now, trouble),
            is_down: false,
            is_mute: false,
            volume: Volume::new(settings.tiers, now),
            margin: settings.margin,
            rows_first: settings.rules != Rules::Own,
            fee_in_quote: settings.fee_in_quote,
            work_at: Nanos::ZERO,
            is_stuck: false,
            asked: 0,
            rows_dropped: 0,
            liquidations: 0,
            shortfall: Notional(0),
        };
        venue.set_fees(0);
        for (instrument, position) in positions {
            if let Some(place) = venue.board(instrument) {
                venue.boards[place].position = position;
            }
        }
        venue.row(now, 0, Body::Link { link: Link::Orders, state: LinkState::Up });
        venue.reconcile(now);
        venue.plan();
        venue
    }

    /// Takes a row of the market at its own time; other rows are of no interest to it.
    pub fn on_event(&mut self, event: &Event) {
        self.on_row(event.at, event);
    }

    /// Takes a row of the market that the venue had at `at`, whenever the engine gets it. False
    /// when it has nothing to tell or to do at another time than before.
    #[inline]
    pub fn on_row(&mut self, at: Nanos, row: &Event) -> bool {
        if row.kind == kind::LEVEL && at < self.work_at {
            return self.on_levels(|place| (place == 0).then_some((at, row))).1;
        }
        self.on_any(at, row);
        true
    }

    /// Takes levels of one book, each with when the venue had it, as long as they follow on each
    /// other, nothing else is due and nothing comes of them. How many, and whether something came
    /// of the last one.
    #[inline]
    pub fn on_levels<'a>(
        &mut self,
        rows: impl Fn(usize) -> Option<(Nanos, &'a Event)>,
    ) -> (usize, bool) {
        let Some(first) = rows(0).map(|(_, row)| row.instrument) else { return (0, false) };
        let Some(place) = self.board(first) else { return (0, false) };
        let market = &mut self.boards[place].market;
        let (mut taken, mut feed_us) = (0, self.feed_us);
        while let Some((at, row)) = rows(taken)
            && at < self.work_at
            && row.kind == kind::LEVEL
            && row.instrument == first
            && let Some(Body::Level { side, price, qty }) = row.level()
        {
            taken += 1;
            if row.venue_delta_us != 0 {
                feed_us = row.venue_delta_us;
            }
            market.on_depth_row(at, row, (side, price, qty));
            if market.has_reports() {
                break;
            }
        }
        self.feed_us = feed_us;
        let has_reports = market.has_reports();
        if has_reports {
            self.settle(place);
        }
        (taken, has_reports)
    }

    /// How long market rows take to us now.
    fn feed(&self) -> Nanos {
        if self.feed_us == 0 {
            return self.feed;
        }
        let took_us = i64::from(self.feed_us).saturating_add(self.offset_us);
        Nanos(took_us.max(0).unsigned_abs().saturating_mul(1_000))
    }

    /// A row of any kind, after what is due before it.
    #[inline(never)]
    fn on_any(&mut self, at: Nanos, row: &Event) {
        let before = if self.rows_first { Nanos(at.0.saturating_sub(1)) } else { at };
        if self.work_at <= before {
            self.work(before);
        }
        let Some(body) = row.body() else { return };
        if row.venue_delta_us != 0 {
            self.feed_us = row.venue_delta_us;
        }
        let Some(place) = self.board(row.instrument) else { return };
        let market = &mut self.boards[place].market;
        match body {
            Body::Level { side, price, qty } => {
                market.on_depth_row(at, row, (side, price, qty));
            }
            Body::Best { bid, bid_qty, ask, ask_qty } => {
                market.on_best(at, row.id, (bid, bid_qty), (ask, ask_qty));
            }
            Body::Trade { price, qty, taker } => market.on_trade(at, price, qty, taker),
            other => return self.on_rare(at, place, other),
        }
        if market.has_reports() {
            self.settle(place);
        }
    }

    /// Rows that are seldom.
    #[cold]
    fn on_rare(&mut self, at: Nanos, place: usize, body: Body) {
        let board = &mut self.boards[place];
        match body {
            Body::Gap { .. } => board.market.on_gap(at),
            Body::Status(status) => board.instrument.status = status,
            Body::ClockOffset { us } => self.offset_us = us,
            Body::Mark { mark, .. } => self.on_mark(at, place, mark),
            Body::FundingRate { rate, next_ms } => {
                let next = Nanos::from_ms(next_ms);
                // Rows of a funding that was paid may still come.
                if next > board.funded && next > at {
                    board.funding = Some((rate, next));
                    self.plan();
                }
            }
            _ => {}
        }
    }

    /// How long market rows take to us now, where rows do not say it themselves.
    pub const fn set_feed_latency(&mut self, took: Nanos) {
        (self.feed, self.feed_us) = (took, 0);
    }

    /// The next row that has reached us by now.
    #[inline]
    pub fn poll(&mut self, now: Nanos) -> Option<Event> {
        if self.work_at <= now {
            self.work(now);
        }
        let [local, back] = [self.local.next_at(), self.response.next_at()]
            .map(|next| next.unwrap_or(Nanos(u64::MAX)));
        let (at, row) = match local <= back {
            true => self.local.pop(now)?,
            false => self.response.pop(now)?,
        };
        if self.is_stuck {
            self.unstick(now);
        }
        let took_us = at.since(row.at).0 / 1_000;
        let venue_delta_us = i32::try_from(took_us).unwrap_or(i32::MAX);
        Some(Event { at, venue_delta_us, ..row })
    }

    /// When it has something to tell or to do next.
    #[inline]
    pub fn next_at(&self) -> Option<Nanos> {
        let told = [self.local.next_at(), self.response.next_at()].into_iter().flatten();
        let next = told.fold(self.work_at, Nanos::min);
        (next < Nanos(u64::MAX)).then_some(next)
    }

    /// Free and locked per asset, as the venue has them now.
    pub fn balances(&self) -> impl Iterator<Item = (AssetId, Amount, Amount)> + '_ {
        self.ledger.rows()
    }

    /// The position in a perpetual, as the venue has it now.
    pub fn position(&self, instrument: InstrumentId) -> Option<&Position> {
        Some(&self.boards[self.board(instrument)?].position)
    }

    /// The market of an instrument.
    pub fn market(&self, instrument: InstrumentId) -> Option<&Market> {
        Some(&self.boards[self.board(instrument)?].market)
    }

    /// Which venue it stands for.
    pub const fn number(&self) -> VenueId {
        VenueId(self.venue.0 as u8)
    }

    /// How many orders stand.
    pub fn open_orders(&self) -> usize {
        self.held.len()
    }

    /// Rows and requests that found no room although some is kept for them.
    pub const fn rows_dropped(&self) -> u64 {
        self.rows_dropped
    }

    /// Fills that were due while no room was left to tell of them, and did not happen.
    pub fn fills_missed(&self) -> u64 {
        self.boards.iter().map(|board| board.market.fills_missed()).sum()
    }

    /// How often its rules changed what the compared backtester would have done.
    pub fn counts(&self) -> RuleCounts {
        let none = RuleCounts::default();
        self.boards.iter().fold(none, |sum, board| sum.with(board.market.counts()))
    }

    /// How often positions were closed for want of margin.
    pub const fn liquidations(&self) -> u32 {
        self.liquidations
    }

    /// What liquidations lost beyond what the account had; the venue bore it.
    pub const fn shortfall(&self) -> Notional {
        self.shortfall
    }

    #[inline]
    fn board(&self, instrument: InstrumentId) -> Option<usize> {
        let place = *self.places.get(instrument.index())?;
        (place != NO_BOARD).then_some(usize::from(place))
    }

    /// Fees as the volume gives them now, and so much more for takers.
    fn set_fees(&mut self, taker_more_ppm: i64) {
        for board in &mut self.boards {
            let own = self.volume.fees(fees(&board.instrument, self.fee_in_quote));
            let taker_ppm = own.taker_ppm + taker_more_ppm;
            board.market.set_fees(FeeSchedule { taker_ppm, ..own });
        }
    }

    fn row(&mut self, at: Nanos, id: u64, body: Body) {
        self.push(Event::new(at, self.venue, id, body), at);
    }

    /// A row on its way back.
    fn push(&mut self, row: Event, at: Nanos) {
        let known_at = match self.answered {
            Some((given, known_at)) if given == at => known_at,
            _ => at.after(self.answering.response(at, self.feed())),
        };
        self.answered = Some((at, known_at));
        let due = match self.trouble.outage() {
            Some((from, until)) if (from..until).contains(&known_at) => until,
            _ => known_at,
        };
        if self.response.push(due, row).is_err() {
            self.rows_dropped += 1;
        }
    }

    /// A row of what stands in the gateway's place.
    fn push_local(&mut self, row: Event, at: Nanos) {
        if self.local.push(at, row).is_err() {
            self.rows_dropped += 1;
        }
    }
}

fn fees(instrument: &Instrument, in_quote: bool) -> FeeSchedule {
    FeeSchedule {
        maker_ppm: instrument.fees.maker_ppm,
        taker_ppm: instrument.fees.taker_ppm,
        always_quote: in_quote || instrument.kind == Kind::Linear,
    }
}

fn board(instrument: &Instrument, settings: &VenueSettings) -> Board {
    let market = Settings {
        fees: fees(instrument, settings.fee_in_quote),
        queue: settings.queue,
        rules: settings.rules,
        priority: settings.priority,
        ..Settings::new(instrument.tick, instrument.lot)
    };
    Board {
        instrument: *instrument,
        market: Market::new(market),
        position: Position::default(),
        mark: Notional(0),
        funding: None,
        funded: Nanos::ZERO,
    }
}
