//! Rows of a journal as text: what was learnt and what was sent, in the field's own words, values
//! as decimals by the grids of the instrument.

use engine::asset::Assets;
use engine::condition::{By, Condition, Tie, Watched};
use engine::event::{
    Body, Command, End, Event, Fill, GapReason, Link, LinkState, Reason, Request, Standing, flag,
    kind,
};
use engine::id::{AssetId, InstrumentId, OrderId, Side};
use engine::instrument::{Instrument, Status};
use engine::intent::Tif;
use engine::market::Market;
use engine::num::{AMOUNT_DECIMALS, Amount, Decimal, Price, Qty};
use engine::time::Nanos;
use research::report::frame::date;
use shm::journal::row::{END, OUTGOING};
use shm::journal::{Row, Sent, sent};
use std::fmt;

/// A row as one line: place, time, and what it says.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    row: &'a Row,
    market: &'a Market,
    assets: Option<&'a Assets>,
}

impl<'a> Line<'a> {
    /// With the grids that this market has.
    pub const fn new(row: &'a Row, market: &'a Market) -> Self {
        Self { row, market, assets: None }
    }

    /// The same with names of assets.
    #[must_use]
    pub const fn named(mut self, assets: &'a Assets) -> Self {
        self.assets = Some(assets);
        self
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seq, event) = (self.row.seq, &self.row.event);
        let text = Text { event, market: self.market, assets: self.assets };
        write!(f, "{seq:>10} {} {text}", Utc(event.at))
    }
}

/// An instant in UTC, to the nanosecond.
#[derive(Clone, Copy, Debug)]
pub struct Utc(pub Nanos);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0.day().cast_signed());
        let nanos = self.0.0 % 86_400_000_000_000;
        let (s, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        let (hour, minute, second) = (s / 3_600, s / 60 % 60, s % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{rest:09}Z")
    }
}

/// What one row says.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    event: &'a Event,
    market: &'a Market,
    assets: Option<&'a Assets>,
}

impl<'a> Text<'a> {
    /// With the grids that this market has.
    pub const fn new(event: &'a Event, market: &'a Market) -> Self {
        Self { event, market, assets: None }
    }

    fn values(&self) -> Values<'a> {
        Values { instrument: self.instrument(), assets: self.assets }
    }

    fn instrument(&self) -> Option<&'a Instrument> {
        self.market.listing(self.event.instrument).map(|listing| &listing.instrument)
    }
}

/// The instrument that a row is about, where it is about one.
pub fn instrument(event: &Event) -> Option<InstrumentId> {
    match event.kind {
        END => None,
        OUTGOING.. => sent::instrument(event),
        kind::LINK => None,
        kind::LEVEL..=kind::FILTERS
        | kind::MARK..=kind::LIQUIDATION
        | kind::ACCEPTED..=kind::STANDING
        | kind::TRADES_TOLD..=kind::TRIGGERED
        | kind::HOLD => Some(event.instrument),
        _ => None,
    }
}

/// Numbers as people read them: decimals by the instrument's grids (bare steps where it is not
/// known), assets by their names.
struct Values<'a> {
    instrument: Option<&'a Instrument>,
    assets: Option<&'a Assets>,
}

impl Values<'_> {
    fn price(&self, price: Price) -> Decimal {
        let bare = Decimal { value: price.0, decimals: 0 };
        self.instrument.map_or(bare, |instrument| instrument.tick.decimal(price.0))
    }

    fn qty(&self, qty: Qty) -> Decimal {
        let bare = Decimal { value: qty.0, decimals: 0 };
        self.instrument.map_or(bare, |instrument| instrument.lot.decimal(qty.0))
    }

    fn asset(&self, id: AssetId) -> String {
        let name = self.assets.and_then(|assets| assets.name(id));
        name.map_or_else(|| format!("asset {}", id.0), ToString::to_string)
    }
}

const fn amount(amount: Amount) -> Decimal {
    Decimal { value: amount.0, decimals: AMOUNT_DECIMALS }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = self.event;
        if event.kind == END {
            return write!(f, "end of the session, {} sent", event.id);
        }
        if event.kind >= OUTGOING {
            return self.sent(f);
        }
        let Some(body) = event.body() else {
            return write!(f, "row of kind {} that means nothing", event.kind);
        };
        match instrument(event) {
            Some(id) => match self.instrument() {
                Some(instrument) => write!(f, "{} {} ", word(event.kind), instrument.symbol)?,
                None => write!(f, "{} instrument {} ", word(event.kind), id.0)?,
            },
            None => write!(f, "{} ", word(event.kind))?,
        }
        let values = self.values();
        match event.kind {
            ..=kind::LIQUIDATION => market(f, event, body, &values),
            kind::ACCEPTED..=kind::TRIGGERED => report(f, event, body, &values),
            _ => session(f, event, body, &values),
        }
    }
}

const fn word(number: u8) -> &'static str {
    match number {
        kind::LEVEL => "level",
        kind::BEST => "best",
        kind::TRADE => "trade",
        kind::GAP => "gap",
        kind::STATUS => "status",
        kind::FILTERS => "filters",
        kind::LINK => "link",
        kind::MARK => "mark",
        kind::FUNDING_RATE => "funding-rate",
        kind::LIQUIDATION => "liquidation",
        kind::FUNDING => "funding",
        kind::POSITION => "position",
        kind::ACCEPTED => "accepted",
        kind::TRIGGERED => "triggered",
        kind::FILL => "fill",
        kind::DONE => "done",
        kind::AMENDED => "amended",
        kind::REFUSED => "refused",
        kind::UNKNOWN => "unknown",
        kind::ABSENT => "absent",
        kind::STANDING => "standing",
        kind::BALANCE => "balance",
        kind::RECONCILE => "reconcile",
        kind::BUDGET => "budget",
        kind::DOUBT => "doubt",
        kind::TRADES_TOLD => "trades-told",
        kind::TIMER => "timer",
        kind::COMMAND => "command",
        kind::CONVERSION => "conversion",
        kind::SIGNAL => "signal",
        kind::START => "start",
        kind::CLOCK_OFFSET => "clock-offset",
        kind::HOLD => "hold",
        kind::RELEASE => "release",
        _ => "?",
    }
}

fn market(
    f: &mut fmt::Formatter<'_>,
    event: &Event,
    body: Body,
    values: &Values<'_>,
) -> fmt::Result {
    match body {
        Body::Level { side, price, qty } => {
            let side = if side == Side::Buy { "bid" } else { "ask" };
            let (price, qty) = (values.price(price), values.qty(qty));
            write!(f, "{side} {price} x {qty} id {}", event.id)?;
            let flags =
                [(flag::FIRST, "first"), (flag::SNAPSHOT, "snapshot"), (flag::LAST, "last")];
            flags
                .into_iter()
                .filter(|(bit, _)| event.has(*bit))
                .try_for_each(|(_, name)| write!(f, " {name}"))
        }
        Body::Best { bid, bid_qty, ask, ask_qty } => {
            let (bid, ask) = (values.price(bid), values.price(ask));
            let (bid_qty, ask_qty) = (values.qty(bid_qty), values.qty(ask_qty));
            write!(f, "bid {bid} x {bid_qty} ask {ask} x {ask_qty} id {}", event.id)
        }
        Body::Trade { price, qty, taker } => {
            let (price, qty) = (values.price(price), values.qty(qty));
            write!(f, "{price} x {qty} taker {} id {}", name(taker), event.id)
        }
        Body::Gap { reason, expected } => {
            let reason = match reason {
                GapReason::Sequence => "an update is missing",
                GapReason::Reconnect => "reconnected",
                GapReason::RingFull => "ring full",
                GapReason::Malformed => "malformed",
                GapReason::Crossed => "crossed",
                GapReason::Stale => "stale",
            };
            write!(f, "{reason}, expected id {expected}, came {}", event.id)
        }
        Body::Status(status) => f.write_str(match status {
            Status::Trading => "trading",
            Status::Halted => "halted",
            Status::CancelOnly => "cancel-only",
        }),
        Body::Filters { tick, lot, notional_min, .. } => {
            let least = amount(Amount(notional_min.0));
            write!(f, "tick {} lot {} least notional {least}", tick.decimal(1), lot.decimal(1))
        }
        Body::Mark { mark, index } => {
            write!(f, "{} index {}", amount(Amount(mark.0)), amount(Amount(index.0)))
        }
        Body::FundingRate { rate, next_ms } => write!(f, "{} next {next_ms} ms", amount(rate)),
        Body::Liquidation { price, qty, taker } => {
            write!(f, "{} {} x {}", name(taker), values.price(price), values.qty(qty))
        }
        Body::Link { link, state } => {
            let link = if link == Link::Market { "market" } else { "orders" };
            let state = match state {
                LinkState::Up => "up",
                LinkState::Down => "down",
                LinkState::Stale => "stale",
                LinkState::Fresh => "fresh",
            };
            write!(f, "{link} {state}")
        }
        _ => Ok(()),
    }
}

fn report(
    f: &mut fmt::Formatter<'_>,
    event: &Event,
    body: Body,
    values: &Values<'_>,
) -> fmt::Result {
    match body {
        Body::Accepted { order, venue_order } | Body::Triggered { order, venue_order } => {
            write!(f, "{order} venue order {venue_order}")?;
        }
        Body::Fill(fill) => print_fill(f, &fill, values)?,
        Body::Done { order, end, reason, filled } => {
            write!(f, "{order} {}", end_name(end))?;
            if reason != Reason::None {
                write!(f, ", {}", reason_name(reason))?;
            }
            if let Some(filled) = filled {
                write!(f, ", filled {}", values.qty(filled))?;
            }
        }
        Body::Amended { order, price, qty } => {
            write!(f, "{order} to {}", values.qty(qty))?;
            if let Some(price) = price {
                write!(f, " at {}", values.price(price))?;
            }
        }
        Body::Refused { order, request, reason } => {
            write!(f, "{order} {}, {}", request_name(request), reason_name(reason))?;
        }
        Body::Unknown { order, request } => write!(f, "{order} {}", request_name(request))?,
        Body::Absent { order } => write!(f, "{order}")?,
        Body::Standing(Standing { order, venue_order, side, price, qty, filled, waits }) => {
            let (price, qty) = (values.price(price), values.qty(qty));
            let filled = values.qty(filled);
            write!(f, "{order} {} {price} x {qty}, filled {filled}, ", name(side))?;
            write!(f, "venue order {venue_order}{}", if waits { ", waits" } else { "" })?;
        }
        Body::Balance { asset: of, free, locked } => {
            write!(f, "{} free {} locked {}", values.asset(of), amount(free), amount(locked))?;
        }
        Body::Reconcile { done } => f.write_str(if done { "done" } else { "begins" })?,
        Body::Budget { orders, weight } => write!(f, "{orders} orders, weight {weight}")?,
        Body::Funding { asset: of, amount: paid } => {
            write!(f, "{} {}, id {}", amount(paid), values.asset(of), event.id)?;
        }
        Body::Position { lots, entry } => {
            write!(f, "{} at {}", values.qty(Qty(lots)), amount(Amount(entry.0)))?;
        }
        Body::TradesTold { next } => write!(f, "before id {next}")?,
        _ => {}
    }
    if event.has(flag::ASKED) { f.write_str(" (asked)") } else { Ok(()) }
}

fn print_fill(f: &mut fmt::Formatter<'_>, fill: &Fill, values: &Values<'_>) -> fmt::Result {
    let (price, qty) = (values.price(fill.price), values.qty(fill.qty));
    let rest = if fill.maker { "maker" } else { "taker" };
    write!(f, "{} {} {price} x {qty} {rest}, trade {}", fill.order, name(fill.side), fill.trade)?;
    write!(f, ", fee {} of {}", amount(fill.fee), values.asset(fill.fee_asset))
}

fn session(
    f: &mut fmt::Formatter<'_>,
    event: &Event,
    body: Body,
    values: &Values<'_>,
) -> fmt::Result {
    match body {
        Body::Timer => write!(f, "{}", event.id),
        Body::Command { command: Command::Set, value } => {
            let (key, desk) = Command::set_of(event.id);
            let key = strategies::any::Listed::of_key(key);
            let key = key.map_or("parameter?", |(_, parameter)| parameter.key);
            write!(f, "set {key}={}", Decimal { value, decimals: 9 })?;
            desk.map_or(Ok(()), |desk| write!(f, " of desk {desk}"))
        }
        Body::Command { command, .. } => f.write_str(match command {
            Command::Pause => "pause",
            Command::Resume => "resume",
            Command::CancelAll => "cancel-all",
            Command::Flatten => "flatten",
            Command::Kill => "kill",
            Command::Set => "set",
            Command::Stop => "stop",
            Command::JournalFull => "journal-full",
        }),
        Body::Conversion { asset: of, price } => {
            write!(f, "{} is worth {}", values.asset(of), amount(Amount(price.0)))
        }
        Body::Signal { source, value, ttl } => {
            let value = Decimal { value, decimals: 9 };
            write!(f, "source {source} key {} value {value} for {} ms", event.id, ttl.as_ms())
        }
        Body::Hold(hold) => {
            let (price, qty) = (values.price(hold.price), values.qty(hold.qty));
            let (trigger, side) = (hold.trigger.name(), name(hold.side));
            write!(f, "{} {trigger} {side} {qty} at {price}", hold.number)
        }
        Body::Release { number } => write!(f, "{number}"),
        Body::Start { epoch, config_hash } => {
            write!(f, "epoch {epoch:08x} config {config_hash:016x}")
        }
        Body::ClockOffset { us } => write!(f, "{us} us"),
        _ => Ok(()),
    }
}

impl Text<'_> {
    /// What a conditional order waits for.
    fn until(&self, f: &mut fmt::Formatter<'_>, until: &Condition, tie: Tie) -> fmt::Result {
        let way = if until.rises { "rises" } else { "falls" };
        let watched = Watched::ALL[until.watched as usize].1;
        write!(f, " once {watched} {way} ")?;
        match until.by {
            By::Price => write!(f, "to {}", self.values().price(until.price))?,
            By::Distance => write!(f, "by {} from its best", self.values().price(until.price))?,
            By::Share => write!(f, "by {} ppm of its best", until.price.0)?,
        }
        f.write_str(match tie {
            Tie::Alone => "",
            Tie::First => ", or the next one",
            Tie::Second => ", or the one before",
        })
    }

    fn sent(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = self.event;
        let Some(said) = sent::read(event) else {
            return write!(f, "-> row of kind {} that means nothing", event.kind);
        };
        let values = self.values();
        f.write_str("-> ")?;
        match said {
            Sent::Place { order, old, side, price, qty, tif, until, is_entry } => {
                self.about(f, if old.is_some() { "replace" } else { "place" })?;
                let (price, qty) = (values.price(price), values.qty(qty));
                write!(f, " {} {price} x {qty} {} {order}", name(side), tif_name(tif))?;
                old.map_or(Ok(()), |old| write!(f, " for {old}"))?;
                if is_entry {
                    f.write_str(", with two that it wakes")?;
                }
                if let Some((until, tie)) = until {
                    self.until(f, &until, tie)?;
                }
            }
            Sent::Move { order, price, qty, .. } => {
                self.about_order(f, "move", order)?;
                write!(f, " to {} x {}", values.price(price), values.qty(qty))?;
            }
            Sent::Cancel(order) => self.about_order(f, "cancel", order)?,
            Sent::Amend(order, qty) => {
                self.about_order(f, "amend", order)?;
                write!(f, " to {}", values.qty(qty))?;
            }
            Sent::Query(order) => self.about_order(f, "query", order)?,
            Sent::CancelAll => self.about(f, "cancel-all")?,
            Sent::Resync => self.about(f, "resync")?,
            Sent::Reconcile => f.write_str("reconcile")?,
            Sent::Renew => f.write_str("renew")?,
        }
        write!(f, " because of {}", sent::cause(event))
    }

    fn about(&self, f: &mut fmt::Formatter<'_>, what: &str) -> fmt::Result {
        match self.instrument() {
            Some(instrument) => write!(f, "{what} {}", instrument.symbol),
            None => write!(f, "{what} instrument {}", self.event.instrument.0),
        }
    }

    fn about_order(&self, f: &mut fmt::Formatter<'_>, what: &str, order: OrderId) -> fmt::Result {
        self.about(f, what)?;
        write!(f, " {order}")
    }
}

const fn name(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

const fn tif_name(tif: Tif) -> &'static str {
    match tif {
        Tif::PostOnly => "post-only",
        Tif::Gtc => "gtc",
        Tif::Ioc => "ioc",
        Tif::Fok => "fok",
    }
}

const fn end_name(end: End) -> &'static str {
    match end {
        End::Cancelled => "cancelled",
        End::Rejected => "rejected",
        End::Expired => "expired",
        End::Filled => "filled",
    }
}

const fn request_name(request: Request) -> &'static str {
    match request {
        Request::Place => "place",
        Request::Cancel => "cancel",
        Request::Amend => "amend",
        Request::Query => "query",
    }
}

const fn reason_name(reason: Reason) -> &'static str {
    match reason {
        Reason::None => "no reason given",
        Reason::WouldTake => "would take",
        Reason::Balance => "balance does not suffice",
        Reason::Filter => "filter of the venue",
        Reason::RateLimit => "rate limit of the venue",
        Reason::Budget => "budget spent",
        Reason::NotConnected => "not connected",
        Reason::Duplicate => "duplicate",
        Reason::UnknownOrder => "unknown order",
        Reason::Expired => "expired",
        Reason::SelfTrade => "self-trade prevention",
        Reason::Timestamp => "time stamp outside the window",
        Reason::NotAttempted => "not attempted",
        Reason::Closed => "closed",
        Reason::Auth => "key, permission or signature",
        Reason::Other => "other",
    }
}
