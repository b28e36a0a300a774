//! Requests about orders, laid out at the start: by side, kind of order, and how an order is named.

use crate::template::Values;
use crate::wire::{Ask, WireFault};
use engine::held::Condition;
use engine::id::Side;
use engine::intent::{OrderRef, Place, Tif};

/// Kinds of orders, by number.
pub(crate) const TIFS: [Tif; 4] = [Tif::PostOnly, Tif::Gtc, Tif::Ioc, Tif::Fok];

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
    pub fn find(
        &mut self,
        ask: &Ask,
        values: &mut Values<'_>,
    ) -> Option<Result<&mut R, WireFault>> {
        let by_venue_id = self.by_venue_id;
        let (list, place) = match ask {
            Ask::Place(new) => {
                fill_place(new, values);
                (&mut self.place, Ok(slot(new)))
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
