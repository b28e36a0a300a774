//! How a number stands in 16 bytes of text: for each byte what it has to be, and for each digit
//! that counts its place in the number. Reading by a shape checks all of that at once.
//!
//! ```text
//!  text    6  1  8  4  9  .  4  9  0  0  0  0  0  0  "  ,     tick 0.01, 8 places printed
//!  zero    0  0  0  0  0  .  0  0  0  0  0  0  0  0  "        what is taken off each byte
//!  most    9  9  9  9  9  0  9  9  0  0  0  0  0  0  0  255   what may be left of it
//!  order   -  -  -  -  -  -  -  -  -  0  1  2  3  4  6  7     which byte becomes which digit
//! ```
//!
//! The number is then 6184949 ticks, with no division: the places that the grid does not have must
//! be zeros and are left out.

/// Most decimal places, of a grid or printed, that there are shapes for.
pub const PLACES_MAX: usize = 8;

/// Most digits of a number: all such numbers fit the words of rows.
const DIGITS_MAX: usize = 14;

/// For [`Shape::order`]: no byte, the digit is 0.
const NOTHING: u8 = 0x80;

/// One shape.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Shape {
    /// What is taken off each byte.
    pub zero: [u8; 16],
    /// What may be left of each byte.
    pub most: [u8; 16],
    /// Which byte becomes which digit, the last one being the units.
    pub order: [u8; 16],
    /// What the eight bytes behind the 16 have to be, where `tail_mask` has ones.
    pub tail: u64,
    /// Which of the eight bytes behind the 16 belong to the number or the quote behind it.
    pub tail_mask: u64,
}

/// Shapes by the place of the decimal point.
pub type Decimals = [Shape; 16];

/// Integers by how many digits they have, with a comma behind them; none has 0.
pub static INTEGERS: [Shape; 16] = integers();

static DECIMALS: [[Decimals; PLACES_MAX]; PLACES_MAX + 1] = decimals();

/// The shapes of numbers that are printed with so many places and counted with so many of a grid;
/// `None` where either has too many, or none are printed.
pub fn shapes(grid: usize, printed: usize) -> Option<&'static Decimals> {
    DECIMALS.get(grid)?.get(printed.checked_sub(1)?)
}

const fn blank() -> Shape {
    Shape { zero: [0; 16], most: [255; 16], order: [NOTHING; 16], tail: 0, tail_mask: 0 }
}

const fn integers() -> [Shape; 16] {
    let mut shapes = [blank(); 16];
    let mut len = 0;
    while len < 16 {
        let mut place = 0;
        while place < len {
            shapes[len].zero[place] = b'0';
            shapes[len].most[place] = 9;
            shapes[len].order[16 - len + place] = place as u8;
            place += 1;
        }
        shapes[len].zero[len] = b',';
        shapes[len].most[len] = 0;
        len += 1;
    }
    shapes
}

const fn decimals() -> [[Decimals; PLACES_MAX]; PLACES_MAX + 1] {
    let mut all = [[[blank(); 16]; PLACES_MAX]; PLACES_MAX + 1];
    let mut grid = 0;
    while grid <= PLACES_MAX {
        let mut printed = 1;
        while printed <= PLACES_MAX {
            let mut point = 0;
            while point < 16 {
                all[grid][printed - 1][point] = decimal(grid, printed, point);
                point += 1;
            }
            printed += 1;
        }
        grid += 1;
    }
    all
}

/// A decimal with the point at this place, up to the quote behind it.
const fn decimal(grid: usize, printed: usize, point: usize) -> Shape {
    let mut shape = blank();
    let kept = if grid < printed { grid } else { printed };
    if point + grid > DIGITS_MAX || point + 1 + kept > 16 {
        // Too long: the point that is there must not be there.
        shape.zero[point] = b'x';
        shape.most[point] = 0;
        return shape;
    }
    let end = point + 1 + printed;
    let mut place = 0;
    while place <= end && place < 16 {
        let (zero, most) = if place == point {
            (b'.', 0)
        } else if place == end {
            (b'"', 0)
        } else if place > point + kept {
            (b'0', 0)
        } else {
            (b'0', 9)
        };
        shape.zero[place] = zero;
        shape.most[place] = most;
        if most == 9 {
            let digit = if place < point { place + 16 - point } else { 15 + place - point };
            shape.order[digit - grid] = place as u8;
        }
        place += 1;
    }
    while place <= end {
        let byte = if place == end { b'"' } else { b'0' };
        shape.tail |= (byte as u64) << (8 * (place - 16));
        shape.tail_mask |= 0xff << (8 * (place - 16));
        place += 1;
    }
    shape
}
