//! Changes of orders under way, for venues whose stream does not say that a change was made: an
//! order that stands as it was to be has been changed.

use engine::id::OrderId;
use engine::num::{Price, Qty};
use std::collections::VecDeque;

/// Most that are remembered; the oldest gives way, and its order is asked for when the engine
/// waits too long.
const MOVES_MAX: usize = 256;

#[derive(Clone, Copy, Debug)]
struct Move {
    order: OrderId,
    /// `None` leaves it as it is.
    price: Option<Price>,
    qty: Qty,
}

/// Changes under way.
#[derive(Debug)]
pub(crate) struct Moves(VecDeque<Move>);

impl Moves {
    pub fn new() -> Self {
        Self(VecDeque::with_capacity(MOVES_MAX))
    }

    /// A change is sent.
    #[inline]
    pub fn sent(&mut self, order: OrderId, price: Option<Price>, qty: Qty) {
        if self.0.len() >= MOVES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Move { order, price, qty });
    }

    /// The order stands so; whether that is what one of its changes was to make of it.
    #[inline]
    pub fn made(&mut self, order: OrderId, price: Price, qty: Qty) -> bool {
        let same = |one: &Move| {
            one.order == order && one.qty == qty && one.price.is_none_or(|asked| asked == price)
        };
        let Some(place) = self.0.iter().position(same) else { return false };
        // Those that were sent before it are over too.
        let mut index = 0;
        self.0.retain(|one| {
            index += 1;
            one.order != order || index > place + 1
        });
        true
    }

    /// No change of the order is under way any more.
    #[inline]
    pub fn over(&mut self, order: OrderId) {
        if !self.0.is_empty() {
            self.0.retain(|one| one.order != order);
        }
    }
}
