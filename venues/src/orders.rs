//! Requests about orders, laid out at the start: by side, kind of order, and how an order is named.

use crate::template::Values;
use crate::wire::{Ask, WireFault};
use engine::condition::{By, Condition};
use engine::id::Side;
use engine::intent::{OrderRef, Place, Tif};

/// Kinds of orders, by number.
pub(crate) const TIFS: [Tif; 4] = [Tif::PostOnly, Tif::Gtc, Tif::Ioc, Tif::Fok];

/// What a stop and a take-profit do when they fire: rest or take.
const FIRED: [[Tif; 2]; 4] =
    [[Tif::Gtc, Tif::Gtc], [Tif::Gtc, Tif::Ioc], [Tif::Ioc, Tif::Gtc], [Tif::Ioc, Tif::Ioc]];

/// How an order is named in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// By our client order id.
    Client,
    /// By the venue's id.
    Venue,
}

impl Named {
    /// Both, by number.
    pub const BOTH: [Self; 2] = [Self::Client, Self::Venue];
}

/// What a laid-out request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Place(Side, Tif),
    Conditional(Side, Tif),
    /// A conditional order that trails, and takes when it fires.
    Trailing(Side, By),
    /// A stop and a take-profit, with what each does when it fires.
    Pair(Side, [Tif; 2]),
    /// An entry of this side that rests, and the stop and the take-profit behind it.
    Bracket(Side, [Tif; 2]),
    Replace(Side, Tif, Named),
    Move(Side, Named),
    Cancel(Named),
    /// Of a conditional order, where that is another request.
    CancelWaiting(Named),
    Amend(Named),
}

/// A venue's words for a condition: of which type its order is, and by which price it waits. `None`
/// where it cannot wait so.
pub(crate) type Words = fn(Side, &Condition) -> Option<&'static [&'static str; 2]>;

/// The requests about orders of one instrument.
#[derive(Debug)]
pub(crate) struct Orders<R> {
    place: Vec<R>,
    conditional: Vec<R>,
    /// What is asked for seldom.
    linked: Vec<(Shape, R)>,
    replace: Vec<R>,
    moves: Vec<R>,
    cancel: Vec<R>,
    cancel_waiting: Vec<R>,
    amend: Vec<R>,
    words: Words,
    /// Whether orders are named by the venue's id where it is known: the faster way at most venues.
    by_venue_id: bool,
}

impl<R> Orders<R> {
    /// Lays all of them out; `lay` gives nothing for what the venue does not have.
    pub fn new(by_venue_id: bool, words: Words, lay: impl Fn(Shape) -> Option<R>) -> Self {
        let mut all = Self {
            place: Vec::new(),
            conditional: Vec::new(),
            linked: Vec::new(),
            replace: Vec::new(),
            moves: Vec::new(),
            cancel: Vec::new(),
            cancel_waiting: Vec::new(),
            amend: Vec::new(),
            words,
            by_venue_id,
        };
        for side in Side::BOTH {
            for tif in TIFS {
                all.place.extend(lay(Shape::Place(side, tif)));
                all.conditional.extend(lay(Shape::Conditional(side, tif)));
                let named = Named::BOTH.iter();
                all.replace.extend(named.filter_map(|one| lay(Shape::Replace(side, tif, *one))));
            }
            let trailing = [By::Distance, By::Share].map(|by| Shape::Trailing(side, by));
            let pairs = FIRED.map(|tifs| Shape::Pair(side, tifs));
            let brackets = FIRED.map(|tifs| Shape::Bracket(side, tifs));
            let shapes = trailing.into_iter().chain(pairs).chain(brackets);
            all.linked.extend(shapes.filter_map(|shape| Some((shape, lay(shape)?))));
            let named = Named::BOTH.iter();
            all.moves.extend(named.filter_map(|one| lay(Shape::Move(side, *one))));
        }
        for named in Named::BOTH {
            all.cancel.extend(lay(Shape::Cancel(named)));
            all.cancel_waiting.extend(lay(Shape::CancelWaiting(named)));
            all.amend.extend(lay(Shape::Amend(named)));
        }
        all
    }

    /// The layout of a request, with its values filled in; `None` where it is not about orders in
    /// this way.
    #[inline]
    pub fn find<'a>(
        &mut self,
        ask: &'a Ask,
        values: &mut Values<'a>,
    ) -> Option<Result<&mut R, WireFault>> {
        let by_venue_id = self.by_venue_id;
        let (list, place) = match ask {
            Ask::Place(new) => {
                fill_place(new, values);
                (&mut self.place, Ok(slot(new)))
            }
            Ask::Pair { .. } | Ask::Bracket { .. } => return Some(self.find_linked(ask, values)),
            Ask::Conditional { until, .. } if until.by != By::Price => {
                return Some(self.find_linked(ask, values));
            }
            Ask::Conditional { order, until } => {
                fill_place(order, values);
                values.trigger = until.price.0;
                let words = (self.words)(order.side, until).ok_or(WireFault::Unsupported);
                let place = words.map(|words| {
                    values.words = words;
                    slot(order)
                });
                (&mut self.conditional, place)
            }
            Ask::Replace { old, new } => {
                fill_place(new, values);
                values.old = old.client;
                values.venue = old.venue_order;
                let named = naming(old, by_venue_id);
                (&mut self.replace, named.map(|named| slot(new) * 2 + named as usize))
            }
            Ask::Move { old, new } => {
                fill_place(new, values);
                values.client = old.client;
                values.venue = old.venue_order;
                let named = naming(old, by_venue_id);
                (&mut self.moves, named.map(|named| new.side.index() * 2 + named as usize))
            }
            // Its own id is another one than that of the order that it becomes.
            Ask::Cancel(order) if order.waits && !self.cancel_waiting.is_empty() => {
                (&mut self.cancel_waiting, about(order, by_venue_id, values))
            }
            Ask::Cancel(order) => (&mut self.cancel, about(order, by_venue_id, values)),
            Ask::Amend { order, qty } => {
                values.qty = qty.0;
                (&mut self.amend, about(order, by_venue_id, values))
            }
            _ => return None,
        };
        Some(place.and_then(|place| list.get_mut(place).ok_or(WireFault::Unsupported)))
    }

    /// The same of orders that trail or are linked.
    #[cold]
    fn find_linked<'a>(
        &mut self,
        ask: &'a Ask,
        values: &mut Values<'a>,
    ) -> Result<&mut R, WireFault> {
        values.ask = Some(ask);
        let (shape, side, until) = match ask {
            Ask::Conditional { order, until } => {
                fill_place(order, values);
                (Shape::Trailing(order.side, until.by), order.side, *until)
            }
            Ask::Pair { stop, until, take } => {
                fill_place(stop, values);
                (Shape::Pair(stop.side, [stop.tif, take.tif]), stop.side, *until)
            }
            Ask::Bracket { entry, stop, take } => {
                fill_place(entry, values);
                let side = entry.side.opposite();
                let until = stop.until(side == Side::Buy);
                (Shape::Bracket(entry.side, [stop.tif, take.tif]), side, until)
            }
            _ => return Err(WireFault::Unsupported),
        };
        values.words = (self.words)(side, &until).ok_or(WireFault::Unsupported)?;
        let found = self.linked.iter_mut().find(|(laid, _)| *laid == shape);
        found.map(|(_, form)| form).ok_or(WireFault::Unsupported)
    }
}

const fn slot(place: &Place) -> usize {
    place.side.index() * TIFS.len() + place.tif as usize
}

#[inline]
fn fill_place(place: &Place, values: &mut Values<'_>) {
    values.client = place.client;
    values.price = place.price.0;
    values.qty = place.qty.0;
}

/// By the venue's id where it is known and wished, and for orders whose names are not of our form.
#[inline]
pub(crate) fn naming(order: &OrderRef, by_venue_id: bool) -> Result<Named, WireFault> {
    let foreign = order.client.order.is_foreign();
    if order.venue_order != 0 && (by_venue_id || foreign) {
        Ok(Named::Venue)
    } else if foreign {
        Err(WireFault::Unsupported)
    } else {
        Ok(Named::Client)
    }
}

/// Fills in an order and says how it is named.
#[inline]
pub(crate) fn about(
    order: &OrderRef,
    by_id: bool,
    values: &mut Values<'_>,
) -> Result<usize, WireFault> {
    values.client = order.client;
    values.venue = order.venue_order;
    naming(order, by_id).map(|named| named as usize)
}
