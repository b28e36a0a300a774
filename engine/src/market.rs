//! The market: instruments with their books and last trades, the same for every desk.

use crate::book::{Book, Change};
use crate::event::{Body, Event, Link, LinkState};
use crate::id::{AssetId, FeedId, InstrumentId, Side};
use crate::instrument::{Instrument, Status};
use crate::num::{Amount, Notional, Price, Qty};
use crate::time::Nanos;
use alloc::vec::Vec;

/// The last public trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastTrade {
    /// Its price.
    pub price: Price,
    /// Its quantity.
    pub qty: Qty,
    /// The side that took.
    pub taker: Side,
    /// When it was read.
    pub at: Nanos,
}

/// What a perpetual is valued and funded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Reference {
    /// Mark price, 1e-8 of the quote asset; 0 before the first.
    pub mark: Notional,
    /// Index of the underlying's price, the same; 0 where it is not told.
    pub index: Notional,
    /// Rate of the next funding as things stand, 1e-8 of the notional; longs pay when above 0.
    pub funding: Amount,
    /// When that is, ms since 1970; 0 before it is told.
    pub funding_at_ms: u64,
}

/// One instrument and all that is known of it.
#[derive(Debug)]
pub struct Listing {
    /// Its definition; filters and status change with events.
    pub instrument: Instrument,
    /// Its order book.
    pub book: Book,
    /// Its last public trade.
    pub last_trade: Option<LastTrade>,
    /// The last mid of a live book, twice, in ticks; stays when the book is blanked.
    pub last_mid_twice: Option<i64>,
    /// Value of one unit of its quote asset in the money that the market counts in (the first
    /// instrument's quote asset), 1e-8; 0 while that is not known.
    pub rate: i64,
    /// What it is valued and funded by, where it is a perpetual.
    pub reference: Reference,
    /// When the last row of its book was read.
    pub updated_at: Nanos,
}

/// What an event did to the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing that a strategy can see.
    None,
    /// A book moved: strategies run.
    Moved(InstrumentId),
    /// A trade printed: strategies learn.
    Traded(InstrumentId),
    /// Mark price, funding or a liquidation was told: strategies learn.
    Referred(InstrumentId),
    /// A book cannot be believed: quotes on it are withdrawn.
    Blanked(InstrumentId),
    /// As `Blanked`, and a new snapshot must be asked for.
    Resync(InstrumentId),
    /// Market data came back or went away for all instruments of a feed.
    Link(LinkState),
    /// The row means nothing, or is of an instrument that is not configured.
    Odd,
}

mod saved;

/// All instruments, by dense id.
#[derive(Debug)]
pub struct Market {
    listings: Vec<Listing>,
    /// By feed.
    links: Vec<LinkState>,
    /// By instrument, another whose price values its quote asset.
    bridges: Vec<Option<InstrumentId>>,
    /// By instrument, whether it is another's bridge.
    bears: Vec<bool>,
    blanks: u64,
    crossings: u64,
}

impl Market {
    /// Blank books for these instruments, whose ids must be their places.
    pub fn new(instruments: Vec<Instrument>) -> Self {
        let feeds = instruments.iter().map(|one| one.feed.index() + 1).max().unwrap_or(1);
        let bridges: Vec<_> = instruments.iter().map(|one| bridge(&instruments, one)).collect();
        let bears = |id| bridges.contains(&Some(InstrumentId(id as u16)));
        let bears = (0..instruments.len()).map(bears).collect();
        let counted = instruments.first().map(|first| first.quote);
        let listings = instruments
            .into_iter()
            .map(|instrument| Listing {
                rate: if Some(instrument.quote) == counted { ONE } else { 0 },
                instrument,
                book: Book::new(),
                last_trade: None,
                last_mid_twice: None,
                reference: Reference::default(),
                updated_at: Nanos::ZERO,
            })
            .collect();
        let links = alloc::vec![LinkState::Down; feeds];
        Self { listings, links, bridges, bears, blanks: 0, crossings: 0 }
    }

    /// One instrument; `None` for an id that is not configured.
    #[inline]
    pub fn listing(&self, id: InstrumentId) -> Option<&Listing> {
        self.listings.get(id.index())
    }

    /// All of them, in the order of their ids.
    pub fn listings(&self) -> &[Listing] {
        &self.listings
    }

    /// Takes over the mid that was last seen, twice, in ticks.
    pub(crate) fn remember_mid(&mut self, id: InstrumentId, mid_twice: Option<i64>) {
        if let Some(listing) = self.listings.get_mut(id.index()) {
            listing.last_mid_twice = mid_twice;
        }
    }

    /// State of a feed's link.
    #[inline]
    pub fn link(&self, feed: FeedId) -> LinkState {
        self.links.get(feed.index()).copied().unwrap_or(LinkState::Down)
    }

    /// Whether market data of a feed flows.
    #[inline]
    pub fn flows(&self, feed: FeedId) -> bool {
        matches!(self.link(feed), LinkState::Up | LinkState::Fresh)
    }

    /// How many times a book was blanked by a gap.
    pub const fn blanks(&self) -> u64 {
        self.blanks
    }

    /// How many times a book was blanked because it stayed crossed.
    pub const fn crossings(&self) -> u64 {
        self.crossings
    }

    /// Takes a level row in the midst of a message: nothing that a strategy can see. False when it
    /// means nothing, or is of an instrument that is not configured.
    #[inline]
    pub fn apply_inner(&mut self, event: &Event) -> bool {
        let Some(listing) = self.listings.get_mut(event.instrument.index()) else { return false };
        let Some(Body::Level { side, price, qty }) = event.level() else { return false };
        listing.updated_at = event.read_at();
        listing.book.take_inner(event, side, price, qty);
        true
    }

    /// [`Market::apply_inner`] for rows of one instrument that were read at once; how many mean
    /// nothing.
    #[inline]
    pub(crate) fn apply_inner_rows(&mut self, rows: &[Event], read_at: Nanos) -> usize {
        let id = rows.first().map(|row| row.instrument.index());
        let Some(listing) = id.and_then(|id| self.listings.get_mut(id)) else { return rows.len() };
        let mut odd = 0;
        for row in rows {
            if let Some(Body::Level { side, price, qty }) = row.level() {
                listing.book.take_inner(row, side, price, qty);
            } else {
                odd += 1;
            }
        }
        if odd < rows.len() {
            listing.updated_at = read_at;
        }
        odd
    }

    /// One unit of an asset is worth this much of what the market counts in: for quote assets that
    /// no instrument prices.
    pub(crate) fn convert(&mut self, asset: AssetId, price: Notional) {
        for (listing, bridge) in self.listings.iter_mut().zip(&self.bridges) {
            if bridge.is_none() && listing.instrument.quote == asset && listing.rate != ONE {
                listing.rate = price.0;
            }
        }
    }

    /// A bridge's price values the quote assets of others.
    #[cold]
    fn bear(&mut self, id: InstrumentId, mid_twice: i64) {
        let Some(spec) = self.listings.get(id.index()).map(|listing| listing.instrument) else {
            return;
        };
        let price = spec.value(Amount(ONE), Price(mid_twice)).0 / 2;
        for (listing, bridge) in self.listings.iter_mut().zip(&self.bridges) {
            if *bridge == Some(id) {
                listing.rate = price;
            }
        }
    }

    /// Takes one market row.
    #[inline]
    pub fn apply(&mut self, event: &Event) -> Effect {
        let Some(body) = event.body() else { return Effect::Odd };
        if let Body::Link { link: Link::Market, state } = body {
            let feed = event.feed();
            let Some(link) = self.links.get_mut(feed.index()) else { return Effect::Odd };
            *link = state;
            if state == LinkState::Down {
                // What comes after may not follow on what was here.
                let of_it = self.listings.iter_mut().filter(|one| one.instrument.feed == feed);
                of_it.for_each(|listing| listing.book.blank());
            }
            return Effect::Link(state);
        }
        let id = event.instrument;
        let Some(listing) = self.listings.get_mut(id.index()) else { return Effect::Odd };
        if let Some(effect) = listing.refer(&body) {
            return effect;
        }
        listing.updated_at = event.read_at();
        match body {
            Body::Trade { price, qty, taker } => {
                let at = event.read_at();
                listing.last_trade = Some(LastTrade { price, qty, taker, at });
                return Effect::Traded(id);
            }
            Body::Status(status) => {
                listing.instrument.status = status;
                return if status == Status::Trading {
                    Effect::Moved(id)
                } else {
                    Effect::Blanked(id)
                };
            }
            Body::Filters { tick, lot, size, notional_min } => {
                listing.instrument.tick = tick;
                listing.instrument.lot = lot;
                listing.instrument.size = size;
                listing.instrument.notional_min = notional_min;
                listing.last_mid_twice = None;
                listing.last_trade = None;
            }
            _ => {}
        }
        match listing.book.take(event, &body) {
            Change::None => Effect::None,
            Change::Moved => {
                if let Some(mid) = listing.book.mid_twice() {
                    listing.last_mid_twice = Some(mid);
                    if self.bears.get(id.index()) == Some(&true) {
                        self.bear(id, mid);
                    }
                }
                Effect::Moved(id)
            }
            Change::Blanked => {
                self.blanks += 1;
                Effect::Blanked(id)
            }
            Change::CrossedOut => {
                self.crossings += 1;
                Effect::Resync(id)
            }
        }
    }
}

/// One unit of an [`Amount`].
const ONE: i64 = 100_000_000;

/// The instrument whose price values the quote asset of another: spot at the same venue before any
/// other.
fn bridge(all: &[Instrument], one: &Instrument) -> Option<InstrumentId> {
    let counted = all.first()?.quote;
    if one.quote == counted {
        return None;
    }
    let fits = |two: &&Instrument| two.base == one.quote && two.quote == counted;
    let order = |two: &&Instrument| (two.kind as u8, two.venue != one.venue, two.id);
    all.iter().filter(fits).min_by_key(order).map(|two| two.id)
}

impl Listing {
    /// An amount of its quote asset in the money that the market counts in, toward zero.
    #[inline]
    pub fn counted(&self, amount: Notional) -> Notional {
        if self.rate == ONE {
            return amount;
        }
        let product = i128::from(amount.0) * i128::from(self.rate) / i128::from(ONE);
        Notional(i64::try_from(product).unwrap_or(if product < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Takes what a perpetual is valued and funded by; `None` when the row is about its book.
    #[inline]
    fn refer(&mut self, body: &Body) -> Option<Effect> {
        let reference = &mut self.reference;
        match *body {
            Body::Mark { mark, index } => {
                reference.mark = mark;
                reference.index = if index.is_zero() { reference.index } else { index };
            }
            Body::FundingRate { rate, next_ms } => {
                (reference.funding, reference.funding_at_ms) = (rate, next_ms);
            }
            Body::Liquidation { .. } => {}
            _ => return None,
        }
        Some(Effect::Referred(self.instrument.id))
    }
}
