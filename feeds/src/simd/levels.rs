//! The text of levels, one after the other: checked, and taken apart into digits.
//!
//! ```text
//!  ["61725.99000000","2.91393000"],["61725.72000000","0.04059000"],…]]
//!  │      │           │            └ the next level
//!  │      │           └ point of the quantity, up to 15 bytes behind where it begins
//!  │      └ point of the price, up to 15 bytes behind where it begins
//!  └ place
//! ```
//!
//! Where a number ends, and so where the next one begins, follows from its point and from how many
//! places are printed; the points of a whole message are found before. So no level waits for the
//! one before.

use super::avx2::{Avx2, Faults};
use super::block::Slot;
use super::shape::{Decimals, Shape};
use super::text::Text;

/// Farthest a point is from the begin of its number.
const POINT_MAX: usize = 15;

/// How the numbers of levels look.
#[derive(Clone, Copy, Debug)]
pub struct LevelShapes {
    /// Of prices.
    pub price: &'static Decimals,
    /// Of quantities.
    pub qty: &'static Decimals,
    /// How many places prices are printed with, 1 to 8.
    pub price_printed: usize,
    /// How many places quantities are printed with, 1 to 8.
    pub qty_printed: usize,
}

/// Levels that were read.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    /// How many.
    pub count: usize,
    /// Where the text goes on: with the next level, or behind the last one's bracket.
    pub place: usize,
    /// Whether another level follows.
    pub more: bool,
}

impl Avx2 {
    /// Reads levels from `place` on, until there are no more of them, or no more slots or points.
    #[inline(always)]
    pub fn level_digits(
        self,
        text: Text<'_>,
        mut place: usize,
        (shapes, points): (&LevelShapes, &[[u16; 2]]),
        slots: &mut [Slot],
        faults: &mut Faults,
    ) -> Option<Read> {
        let LevelShapes { price, qty, .. } = *shapes;
        // From a price's point to where the quantity begins, and from that one's to the next level.
        let to_qty = (shapes.price_printed - 1) % 8 + 5;
        let to_next = (shapes.qty_printed - 1) % 8 + 5;
        let mut count = 0_usize;
        for (slot, points) in slots.iter_mut().zip(points) {
            let (first, second) = (usize::from(points[0]), usize::from(points[1]));
            let point = first.wrapping_sub(place).wrapping_sub(2);
            let qty_point = second.wrapping_sub(first).wrapping_sub(to_qty);
            if place > text.len() || point > POINT_MAX || qty_point > POINT_MAX {
                return None;
            }
            let (shape, qty_shape) = (&price[point & POINT_MAX], &qty[qty_point & POINT_MAX]);
            let begin = text.begin();
            // SAFETY: the level begins at most at the message's end. From there, the price begins
            // after 2 bytes, its point is at most 15 further, the quantity begins at most 12 after
            // that, its point is at most 15 further, and the next level begins at most 12 after
            // that: 56 in all. What is read ends at most 24 bytes behind where a number begins, and
            // 2 behind where the next level does: less than the 64 spare bytes.
            unsafe {
                let qty_at = begin.add(first).add(to_qty);
                if !has_tail(begin.add(place).add(2), shape) || !has_tail(qty_at, qty_shape) {
                    return None;
                }
                let price = self.load(&*begin.add(place).add(2).cast());
                slot.0[0] = self.digits(price, shape, faults);
                if four(qty_at.sub(3)) & 0x00ff_ffff != u32::from_le_bytes(*b"\",\"\0") {
                    return None;
                }
                slot.0[1] = self.digits(self.load(&*qty_at.cast()), qty_shape, faults);
                count = count.wrapping_add(1);
                place = second.wrapping_add(to_next);
                let end = four(begin.add(place).sub(2));
                if end == u32::from_le_bytes(*b"],[\"") {
                    continue;
                }
                let last = end & 0xffff == u32::from(u16::from_le_bytes(*b"]]"));
                return if last { Some(Read { count, place, more: false }) } else { None };
            }
        }
        Some(Read { count, place, more: true })
    }
}

/// Whether what lies behind the 16 bytes of a long number is as it has to be.
#[inline(always)]
unsafe fn has_tail(number: *const u8, shape: &Shape) -> bool {
    // SAFETY: the caller knows that 24 bytes are there.
    let tail = || unsafe { number.add(16).cast::<u64>().read_unaligned() };
    shape.tail_mask == 0 || (tail() ^ shape.tail) & shape.tail_mask == 0
}

#[inline(always)]
unsafe fn four(at: *const u8) -> u32 {
    // SAFETY: the caller knows that four bytes are there.
    u32::from_le(unsafe { at.cast::<u32>().read_unaligned() })
}
