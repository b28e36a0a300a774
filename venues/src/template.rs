//! Messages laid out once and patched for each request.
//!
//! A template owns the bytes of its message. Everything of fixed width (request id, time stamp,
//! client order ids) lies in the head and is overwritten where it stands; what varies in length
//! (price, quantity, the venue's ids, the signature) is in the tail and written behind it.

use crate::client::{COMPACT_LEN, write_compact};
use crate::sign::SIGNATURE_LEN_MAX;
use crate::wire::{Ask, REQUEST_ID_LEN, RequestId, Twin, following};
use engine::id::{CLIENT_ID_LEN, ClientId, OrderId};
use engine::num::{DECIMAL_LEN_MAX, Grid, Price, digits, write_decimal};

/// Room kept for a field of the tail: the longest is a signature.
const FIELD_LEN_MAX: usize = SIGNATURE_LEN_MAX;

/// Digits of a time stamp in ms; enough until the year 2286.
pub(crate) const TIME_LEN: usize = 13;

/// What differs from request to request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// The request's id.
    Id,
    /// The time stamp, ms.
    Time,
    /// The client id of the order that is placed or asked about.
    Client,
    /// The client id of the order that is cancelled.
    Old,
    /// The client id without dashes, for venues that take only letters and digits.
    Compact,
    /// The time until which the request may be carried out, ms.
    Until,
    /// The venue's id of the order that is cancelled or asked about.
    Venue,
    /// The same where it is not a number.
    VenueText,
    /// A price.
    Price,
    /// The price that a conditional order waits for.
    Trigger,
    /// A quantity.
    Qty,
    /// The type of a conditional order.
    Type,
    /// By which price it waits.
    By,
    /// How far a trailing stop's price comes back: as a difference of prices.
    Distance,
    /// The same as a share: in ten-thousandths.
    Bips,
    /// The same in hundredths.
    Percent,
    /// The same, where one is the whole.
    Ratio,
    /// The stop of two linked orders: the price that it waits for.
    StopTrigger,
    /// Its limit price.
    StopPrice,
    /// Its client id.
    StopClient,
    /// The same without dashes.
    StopCompact,
    /// The take-profit of two linked orders: the price that it waits for.
    TakeTrigger,
    /// Its limit price.
    TakePrice,
    /// Its client id.
    TakeClient,
    /// A trade id.
    From,
    /// The signature over the other parameters.
    Signature,
}

impl Field {
    const ALL: [Self; 26] = [
        Self::Id,
        Self::Time,
        Self::Client,
        Self::Old,
        Self::Compact,
        Self::Until,
        Self::Venue,
        Self::VenueText,
        Self::Price,
        Self::Trigger,
        Self::Qty,
        Self::Type,
        Self::By,
        Self::Distance,
        Self::Bips,
        Self::Percent,
        Self::Ratio,
        Self::StopTrigger,
        Self::StopPrice,
        Self::StopClient,
        Self::StopCompact,
        Self::TakeTrigger,
        Self::TakePrice,
        Self::TakeClient,
        Self::From,
        Self::Signature,
    ];

    const fn width(self) -> Option<usize> {
        match self {
            Self::Id => Some(REQUEST_ID_LEN),
            Self::Time | Self::Until => Some(TIME_LEN),
            Self::Compact => Some(COMPACT_LEN),
            Self::Client | Self::Old => Some(CLIENT_ID_LEN),
            _ => None,
        }
    }
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The same each time.
    Text(String),
    /// Filled in each time.
    Field(Field),
}

/// What the fields are filled with. Fields that a template does not have are not looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Values<'a> {
    pub id: RequestId,
    pub at_ms: u64,
    pub until_ms: u64,
    pub client: ClientId,
    pub old: ClientId,
    pub venue: u64,
    pub venue_text: &'a [u8],
    pub price: i64,
    pub trigger: i64,
    pub qty: i64,
    pub words: &'static [&'static str; 2],
    /// Of linked and trailing orders: all that is asked.
    pub ask: Option<&'a Ask>,
    pub from: u64,
    pub signature: &'a [u8],
}

const NOBODY: ClientId = ClientId { order: OrderId(0), cause: 0 };

impl Values<'_> {
    /// Of a request of this id and time; nothing else is known of it.
    #[inline]
    pub const fn new(id: RequestId, at_ms: u64) -> Self {
        Self {
            id,
            at_ms,
            until_ms: at_ms,
            client: NOBODY,
            old: NOBODY,
            venue: 0,
            venue_text: &[],
            price: 0,
            trigger: 0,
            qty: 0,
            words: &[""; 2],
            ask: None,
            from: 0,
            signature: &[],
        }
    }
}

/// A short text, copied whole with what lies behind it: a copy of a fixed length is two stores.
const SHORT: usize = 32;

/// A piece of the tail.
#[derive(Debug)]
enum Tail {
    Short([u8; SHORT], usize),
    Long(Box<[u8]>),
    Field(Field),
}

impl Tail {
    fn new(piece: &Piece) -> Self {
        match piece {
            Piece::Field(field) => Self::Field(*field),
            Piece::Text(text) if text.len() <= SHORT => {
                let mut bytes = [b' '; SHORT];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                Self::Short(bytes, text.len())
            }
            Piece::Text(text) => Self::Long(text.as_bytes().into()),
        }
    }

    /// Most bytes of it.
    fn len_max(&self) -> usize {
        match self {
            Self::Short(_, len) => *len,
            Self::Long(text) => text.len(),
            Self::Field(field) => field.width().unwrap_or(FIELD_LEN_MAX),
        }
    }
}

/// A quantity as text: most orders of a strategy are of the one before's.
#[derive(Debug)]
struct Written {
    qty: i64,
    text: [u8; DECIMAL_LEN_MAX],
    len: usize,
}

impl Written {
    fn new(lot: Grid) -> Self {
        let mut text = [b' '; DECIMAL_LEN_MAX];
        let len = lot.write(0, &mut text);
        Self { qty: 0, text, len }
    }
}

/// Pieces in the making; neighbouring texts become one.
#[derive(Default)]
pub(crate) struct Pieces(pub Vec<Piece>);

impl Pieces {
    /// Adds text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        match self.0.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.0.push(Piece::Text(text.to_owned())),
        }
        self
    }

    /// Adds a field.
    pub fn field(&mut self, field: Field) -> &mut Self {
        self.0.push(Piece::Field(field));
        self
    }

    /// Adds text in which `<Name>` stands for a field, such as `"px":"<Price>"`.
    pub fn form(&mut self, text: &str) -> &mut Self {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('<') {
            let (name, behind) = after.split_once('>').unwrap_or((after, ""));
            self.text(before);
            match Field::ALL.iter().find(|field| format!("{field:?}") == name) {
                Some(field) => self.field(*field),
                None => self.text("<").text(name).text(">"),
            };
            rest = behind;
        }
        self.text(rest)
    }
}

/// One message, laid out.
#[derive(Debug)]
pub(crate) struct Template {
    bytes: Vec<u8>,
    /// The time that stands in the head.
    at_ms: u64,
    qty: Written,
    patches: Vec<(usize, Field)>,
    head: usize,
    tail: Vec<Tail>,
    tick: Grid,
    lot: Grid,
}

impl Template {
    /// Lays the pieces out. Prices and quantities are written on these grids.
    pub fn new(pieces: &[Piece], tick: Grid, lot: Grid) -> Self {
        let mut bytes = Vec::new();
        let mut patches = Vec::new();
        let mut rest = pieces.iter();
        let mut tail = Vec::new();
        for piece in rest.by_ref() {
            match piece {
                Piece::Text(text) => bytes.extend_from_slice(text.as_bytes()),
                Piece::Field(field) => match field.width() {
                    Some(width) => {
                        patches.push((bytes.len(), *field));
                        bytes.resize(bytes.len() + width, b'0');
                    }
                    None => {
                        tail.push(Tail::new(piece));
                        break;
                    }
                },
            }
        }
        tail.extend(rest.map(Tail::new));
        let head = bytes.len();
        // Short pieces are copied with what lies behind them.
        let room = tail.iter().map(Tail::len_max).sum::<usize>() + SHORT.max(DECIMAL_LEN_MAX);
        bytes.resize(head + room, b' ');
        let (at_ms, qty) = (0, Written::new(lot));
        Self { bytes, at_ms, qty, patches, head, tail, tick, lot }
    }

    /// How many bytes at its beginning never change.
    pub fn constant(&self) -> &[u8] {
        let end = self.patches.first().map_or(self.head, |(at, _)| *at);
        &self.bytes[..end]
    }

    /// The message with these values; allocates nothing.
    #[inline]
    pub fn fill(&mut self, values: &Values<'_>) -> &[u8] {
        let same_time = values.at_ms == self.at_ms;
        self.at_ms = values.at_ms;
        for (at, field) in &self.patches {
            if !(same_time && *field == Field::Time) {
                patch(&mut self.bytes[*at..], *field, values);
            }
        }
        if self.qty.qty != values.qty {
            self.qty.qty = values.qty;
            self.qty.len = self.lot.write(values.qty, &mut self.qty.text);
        }
        let mut end = self.head;
        for piece in &self.tail {
            let out = &mut self.bytes[end..];
            end += match piece {
                Tail::Short(text, len) => copy_whole(text, *len, out),
                Tail::Long(text) => copy(text, out),
                Tail::Field(Field::Price) => self.tick.write(values.price, out),
                Tail::Field(Field::Qty) => copy_whole(&self.qty.text, self.qty.len, out),
                Tail::Field(Field::Venue) => write_u64(values.venue, out),
                Tail::Field(Field::VenueText) => copy(values.venue_text, out),
                Tail::Field(Field::From) => write_u64(values.from, out),
                Tail::Field(Field::Signature) => copy(values.signature, out),
                Tail::Field(fixed) if fixed.width().is_some() => patch(out, *fixed, values),
                Tail::Field(field) => condition(self.tick, *field, values, out),
            };
        }
        &self.bytes[..end]
    }
}

/// What a conditional order has besides: never in a hurry.
#[cold]
fn condition(tick: Grid, field: Field, values: &Values<'_>, out: &mut [u8]) -> usize {
    match field {
        Field::Trigger => tick.write(values.trigger, out),
        Field::Type => copy(values.words[0].as_bytes(), out),
        Field::By => copy(values.words[1].as_bytes(), out),
        _ => values.ask.map_or(0, |ask| linked(tick, field, ask, out)),
    }
}

/// What linked and trailing orders have besides.
fn linked(tick: Grid, field: Field, ask: &Ask, out: &mut [u8]) -> usize {
    let back = match ask {
        Ask::Conditional { until, .. } => until.price.0,
        _ => 0,
    };
    let (first, stop, take) = match ask {
        Ask::Pair { stop, until, take } => (stop.client, (0, stop.price, until.price), (1, take)),
        Ask::Bracket { entry, stop, take } => {
            (entry.client, (1, stop.price, stop.trigger), (2, take))
        }
        _ => (NOBODY, (0, Price(0), Price(0)), (0, &Twin::NONE)),
    };
    let client = |many: u32, field: Field, out: &mut [u8]| {
        let values =
            Values { client: following(first, many), ..Values::new(RequestId::default(), 0) };
        patch(out, field, &values)
    };
    match field {
        Field::Distance => tick.write(back, out),
        Field::Bips => write_decimal(back / 100, 0, out),
        Field::Percent => write_decimal(back / 1_000, 1, out),
        Field::Ratio => write_decimal(back / 100, 4, out),
        Field::StopTrigger => tick.write(stop.2.0, out),
        Field::StopPrice => tick.write(stop.1.0, out),
        Field::StopClient => client(stop.0, Field::Client, out),
        Field::StopCompact => client(stop.0, Field::Compact, out),
        Field::TakeTrigger => tick.write(take.1.trigger.0, out),
        Field::TakePrice => tick.write(take.1.price.0, out),
        Field::TakeClient => client(take.0, Field::Client, out),
        _ => 0,
    }
}

/// Writes a field of fixed width; returns the width, or 0 when there is no room.
#[inline]
fn patch(out: &mut [u8], field: Field, values: &Values<'_>) -> usize {
    match field {
        Field::Id => match out.first_chunk_mut::<REQUEST_ID_LEN>() {
            Some(place) => values.id.write(place),
            None => return 0,
        },
        Field::Time => match out.first_chunk_mut::<TIME_LEN>() {
            Some(place) => write_time(values.at_ms, place),
            None => return 0,
        },
        Field::Until => match out.first_chunk_mut::<TIME_LEN>() {
            Some(place) => write_time(values.until_ms, place),
            None => return 0,
        },
        Field::Compact => match out.first_chunk_mut::<COMPACT_LEN>() {
            Some(place) => write_compact(values.client, place),
            None => return 0,
        },
        Field::Client | Field::Old => match out.first_chunk_mut::<CLIENT_ID_LEN>() {
            Some(place) if field == Field::Client => values.client.write(place),
            Some(place) => values.old.write(place),
            None => return 0,
        },
        _ => return 0,
    }
    field.width().unwrap_or(0)
}

#[inline]
fn copy_whole<const N: usize>(text: &[u8; N], len: usize, out: &mut [u8]) -> usize {
    match out.first_chunk_mut::<N>() {
        Some(place) => {
            *place = *text;
            len
        }
        None => 0,
    }
}

#[inline]
fn copy(text: &[u8], out: &mut [u8]) -> usize {
    match out.get_mut(..text.len()) {
        Some(place) => {
            place.copy_from_slice(text);
            text.len()
        }
        None => 0,
    }
}

/// Thirteen digits, leading zeros included: they only occur before the year 2001.
#[inline]
fn write_time(ms: u64, out: &mut [u8; TIME_LEN]) {
    out.copy_from_slice(&digits(ms)[16 - TIME_LEN..]);
}

/// Decimal digits; returns how many, or 0 when there is no room. Ids above 63 bits are none of any
/// venue's and stick there.
#[inline]
pub(crate) fn write_u64(value: u64, out: &mut [u8]) -> usize {
    write_decimal(i64::try_from(value).unwrap_or(i64::MAX), 0, out)
}
