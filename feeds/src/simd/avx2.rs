//! Sixteen bytes at a time with AVX2: finding a byte, reading numbers by their shapes, comparing
//! text, writing rows.

use super::block::{Block, GROUP, Places, Row};
use super::level::Machine;
use super::shape::Shape;
use super::text::Text;
use core::arch::x86_64::*;
use engine::event::Event;

/// Proof that the machine has AVX2, BMI1, BMI2, LZCNT and POPCNT. The methods are compiled for them
/// inside of [`super::level::Level::run`] only.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

/// Sixteen bytes of text, or the digits of a number.
#[derive(Clone, Copy, Debug)]
pub struct Bytes(pub(super) __m128i);

/// What was found wrong so far; looked at once, in the end.
#[derive(Clone, Copy, Debug)]
pub struct Faults(__m128i);

/// Four numbers.
#[derive(Clone, Copy, Debug)]
pub struct Four(__m256i);

/// The first two words of a row, and the last two.
#[derive(Clone, Copy, Debug)]
pub struct Around {
    /// When it was read, and its id.
    pub first: [u64; 2],
    /// Spans of time; instrument, kind and flags.
    pub last: [u64; 2],
}

impl Bytes {
    /// Sixteen zeros, without any proof: no instruction is needed for them.
    pub const ZERO: Self = Self(ZERO);
}

const ZERO: __m128i = {
    // SAFETY: any 16 bytes are a vector.
    unsafe { core::mem::transmute::<[u8; 16], __m128i>([0; 16]) }
};

impl Avx2 {
    /// Where the machine has all of it.
    pub fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt");
        if has { Some(Self(())) } else { None }
    }

    /// Sixteen bytes.
    #[inline(always)]
    pub fn load(self, bytes: &[u8; 16]) -> Bytes {
        // SAFETY: `self` proves AVX2; the bytes are there.
        Bytes(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
    }

    /// The place of the first such byte; 16 where there is none.
    #[inline(always)]
    pub fn find(self, bytes: Bytes, byte: u8) -> usize {
        // SAFETY: `self` proves AVX2.
        let found = unsafe {
            let same = _mm_cmpeq_epi8(bytes.0, _mm_set1_epi8(byte as i8));
            _mm_movemask_epi8(same) as u32
        };
        (found | 0x1_0000).trailing_zeros() as usize
    }

    /// The digits of one.
    #[inline(always)]
    pub fn one_digits(self) -> Bytes {
        self.load(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    }

    /// Nothing wrong yet.
    #[inline(always)]
    pub fn faultless(self) -> Faults {
        // SAFETY: `self` proves AVX2.
        Faults(unsafe { _mm_setzero_si128() })
    }

    /// Whether nothing was wrong.
    #[inline(always)]
    pub fn is_faultless(self, faults: Faults) -> bool {
        // SAFETY: `self` proves AVX2.
        unsafe { _mm_testz_si128(faults.0, faults.0) == 1 }
    }

    /// The digits of a number of this shape; what differs from the shape goes to `faults`.
    #[inline(always)]
    pub fn digits(self, bytes: Bytes, shape: &Shape, faults: &mut Faults) -> Bytes {
        // SAFETY: `self` proves AVX2; each part of a shape is 16 bytes, aligned to them.
        unsafe {
            let left = _mm_sub_epi8(bytes.0, _mm_load_si128(shape.zero.as_ptr().cast()));
            let most = _mm_load_si128(shape.most.as_ptr().cast());
            faults.0 = _mm_or_si128(faults.0, _mm_subs_epu8(left, most));
            Bytes(_mm_shuffle_epi8(left, _mm_load_si128(shape.order.as_ptr().cast())))
        }
    }

    /// Whether all of these bytes are as they have to be: `zero` taken off, at most `most` is left.
    #[inline(always)]
    pub fn check(self, bytes: Bytes, zero: &[u8; 16], most: &[u8; 16], faults: &mut Faults) {
        let (zero, most) = (self.load(zero), self.load(most));
        // SAFETY: `self` proves AVX2.
        unsafe {
            let left = _mm_sub_epi8(bytes.0, zero.0);
            faults.0 = _mm_or_si128(faults.0, _mm_subs_epu8(left, most.0));
        }
    }

    /// The number that 16 digits make, at most 14 of them used.
    #[inline(always)]
    pub fn number(self, digits: Bytes) -> u64 {
        // SAFETY: `self` proves AVX2.
        let halves = unsafe {
            let tens = _mm_maddubs_epi16(digits.0, _mm_set1_epi16(0x010a));
            let hundreds = _mm_madd_epi16(tens, _mm_set1_epi32(0x0001_0064));
            let words = _mm_packus_epi32(hundreds, hundreds);
            let halves = _mm_madd_epi16(words, _mm_set1_epi32(0x0001_2710));
            _mm_cvtsi128_si64(halves) as u64
        };
        (halves & 0xffff_ffff).wrapping_mul(100_000_000).wrapping_add(halves >> 32)
    }

    /// The numbers that four times 16 digits make.
    #[inline(always)]
    pub fn numbers(self, [one, two, three, four]: [Bytes; 4]) -> Four {
        // SAFETY: `self` proves AVX2.
        Four(unsafe { numbers([one, two, three, four]) })
    }

    /// The four numbers as words.
    #[inline(always)]
    pub fn words(self, four: Four) -> [u64; 4] {
        let mut words = [0; 4];
        // SAFETY: `self` proves AVX2; there is room for four words.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), four.0) };
        words
    }

    /// Whether `text` begins with the first `len` bytes of `want`.
    #[inline(always)]
    pub fn begins(self, text: &[u8; 32], want: &[u8; 32], len: u32) -> bool {
        // SAFETY: `self` proves AVX2 and BMI2; 32 bytes are on both sides.
        unsafe {
            let text = _mm256_loadu_si256(text.as_ptr().cast());
            let same = _mm256_cmpeq_epi8(text, _mm256_loadu_si256(want.as_ptr().cast()));
            _bzhi_u32(!_mm256_movemask_epi8(same) as u32, len) == 0
        }
    }

    /// Whether both of each pair are the same.
    #[inline(always)]
    pub fn all_same<const N: usize>(self, pairs: [(&[u8; 32], &[u8; 32]); N]) -> bool {
        // SAFETY: `self` proves AVX2; 32 bytes are on each side.
        unsafe {
            let mut other = _mm256_setzero_si256();
            for (one, two) in pairs {
                let one = _mm256_loadu_si256(one.as_ptr().cast());
                let two = _mm256_loadu_si256(two.as_ptr().cast());
                other = _mm256_or_si256(other, _mm256_xor_si256(one, two));
            }
            _mm256_testz_si256(other, other) == 1
        }
    }

    /// A row of these words, written in two pieces of 32 bytes, so that reading any 16 of either
    /// does not wait for the writes to be done.
    #[inline(always)]
    pub fn row(self, around: Around, payload: Four, row: &mut Row) {
        let to: *mut __m256i = core::ptr::from_mut(row).cast();
        // SAFETY: `self` proves AVX2; a row is 64 bytes, any of them mean a row, and it is aligned.
        // The writes are volatile only for that no compiler splits them.
        unsafe {
            let (first, last) = halves(around, payload);
            to.write_volatile(first);
            to.add(1).write_volatile(last);
        }
    }

    /// A row of these words and zeros, for others to be made like it.
    #[inline(always)]
    pub fn like(self, around: Around) -> Row {
        let mut row = Row(Event::default());
        let to: *mut __m256i = core::ptr::from_mut(&mut row).cast();
        // SAFETY: `self` proves AVX2; a row is 64 bytes, any of them mean a row, and it is aligned.
        unsafe {
            let (first, last) = halves(around, Four(_mm256_setzero_si256()));
            to.write(first);
            to.add(1).write(last);
        }
        row
    }
}

#[inline(always)]
unsafe fn halves(around: Around, payload: Four) -> (__m256i, __m256i) {
    let [at, id] = around.first.map(u64::cast_signed);
    let [spans, kind] = around.last.map(u64::cast_signed);
    // SAFETY: the caller has AVX2.
    unsafe {
        let first = _mm256_castsi128_si256(_mm_set_epi64x(id, at));
        let last = _mm256_castsi128_si256(_mm_set_epi64x(kind, spans));
        let first = _mm256_permute2x128_si256(first, payload.0, 0x20);
        (first, _mm256_permute2x128_si256(payload.0, last, 0x21))
    }
}

#[inline(always)]
unsafe fn numbers([one, two, three, four]: [Bytes; 4]) -> __m256i {
    // SAFETY: the caller has AVX2.
    unsafe {
        let odd = _mm256_inserti128_si256(_mm256_castsi128_si256(one.0), three.0, 1);
        let even = _mm256_inserti128_si256(_mm256_castsi128_si256(two.0), four.0, 1);
        let tens = _mm256_set1_epi16(0x010a);
        let hundreds = _mm256_set1_epi32(0x0001_0064);
        let odd = _mm256_madd_epi16(_mm256_maddubs_epi16(odd, tens), hundreds);
        let even = _mm256_madd_epi16(_mm256_maddubs_epi16(even, tens), hundreds);
        let words = _mm256_packus_epi32(odd, even);
        let halves = _mm256_madd_epi16(words, _mm256_set1_epi32(0x0001_2710));
        let high = _mm256_mul_epu32(halves, _mm256_set1_epi64x(100_000_000));
        _mm256_add_epi64(high, _mm256_srli_epi64(halves, 32))
    }
}

impl Machine for Avx2 {
    #[inline(always)]
    fn avx2(self) -> Self {
        self
    }

    #[inline(always)]
    fn points(self, text: Text<'_>, from: usize, places: &mut Places) -> Option<()> {
        let (mut at, mut count) = (from, 0_usize);
        while at < text.len() {
            let window = text.window::<64>(at)?;
            // SAFETY: `self` proves AVX2; 64 bytes are there.
            let mut found = unsafe {
                let point = _mm256_set1_epi8(b'.' as i8);
                let first: *const __m256i = window.as_ptr().cast();
                let low = _mm256_cmpeq_epi8(_mm256_loadu_si256(first), point);
                let high = _mm256_cmpeq_epi8(_mm256_loadu_si256(first.add(1)), point);
                let high = _mm256_movemask_epi8(high) as u32;
                u64::from(_mm256_movemask_epi8(low) as u32) | u64::from(high) << 32
            };
            let more = found.count_ones() as usize;
            let room = places.get_mut(count..)?.as_chunks_mut::<4>().0;
            for four in room.get_mut(..more.div_ceil(4))? {
                for place in four {
                    *place = (at as u16).wrapping_add(found.trailing_zeros() as u16);
                    found &= found.wrapping_sub(1);
                }
            }
            count = count.wrapping_add(more);
            at = at.wrapping_add(64);
        }
        Some(())
    }

    #[inline(always)]
    fn levels(self, block: &Block, count: usize, like: &Event, rows: &mut [Event]) -> Option<()> {
        let wanted = count.div_ceil(GROUP);
        let groups = block.slots.as_chunks::<GROUP>().0.get(..wanted)?;
        let rows = rows.as_chunks_mut::<GROUP>().0.get_mut(..wanted)?;
        let like: *const __m256i = core::ptr::from_ref(like).cast();
        // SAFETY: `self` proves AVX2; rows are 64 bytes of any bits.
        unsafe {
            let (first, last) = (_mm256_loadu_si256(like), _mm256_loadu_si256(like.add(1)));
            let mut zeros = _mm256_setzero_si256();
            for (group, rows) in groups.iter().zip(rows) {
                let (slots, rows) = (group.as_chunks::<2>().0, rows.as_chunks_mut::<2>().0);
                for ([one, two], rows) in slots.iter().zip(rows) {
                    let both = numbers([one.0[0], one.0[1], two.0[0], two.0[1]]);
                    let none = _mm256_cmpeq_epi64(both, _mm256_setzero_si256());
                    zeros = _mm256_or_si256(zeros, none);
                    let to: *mut __m256i = rows.as_mut_ptr().cast();
                    _mm256_storeu_si256(to, _mm256_permute2x128_si256(first, both, 0x20));
                    _mm256_storeu_si256(to.add(1), last);
                    _mm256_storeu_si256(to.add(2), _mm256_blend_epi32(first, both, 0xf0));
                    _mm256_storeu_si256(to.add(3), last);
                }
            }
            let prices = _mm256_set_epi64x(0, -1, 0, -1);
            if _mm256_testz_si256(zeros, prices) == 1 { Some(()) } else { None }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape::shapes;
    use super::*;
    use engine::num::parse_decimal;
    use proptest::prelude::*;

    proptest! {
        /// By its shape a number is read as digit by digit, or not at all.
        #[test]
        fn numbers_are_read_as_digit_by_digit(
            (grid, printed) in (0_usize..9, 1_usize..9),
            (whole, fraction, cut) in (0_u64..99_999_999, 0_u64..100_000_000, 0_u32..9),
            (place, byte) in (0_usize..40, any::<u8>()),
        ) {
            let Some(machine) = Avx2::detect() else { return Ok(()) };
            let fraction = fraction / 10_u64.pow(cut) * 10_u64.pow(cut);
            let fraction = format!("{fraction:08}");
            let mut text = format!("{whole}.{}\"", &fraction[..printed]).into_bytes();
            if let Some(change) = text.get_mut(place) {
                *change = byte;
            }
            let (end, mut bytes) = (text.len() - 1, text.clone());
            bytes.resize(64, b'7');
            let first = machine.load(bytes.first_chunk().unwrap());
            let point = machine.find(first, b'.') & 15;
            let shape = &shapes(grid, printed).unwrap()[point];
            let tail = u64::from_le_bytes(bytes[16..24].try_into().unwrap());
            let mut faults = machine.faultless();
            let digits = machine.digits(first, shape, &mut faults);
            let fits = (tail ^ shape.tail) & shape.tail_mask == 0 && machine.is_faultless(faults);
            if fits {
                let number = i64::try_from(machine.number(digits)).unwrap();
                prop_assert_eq!(parse_decimal(&text[..end], grid as u8), Ok(number));
            } else if place >= text.len() {
                let whole = whole.to_string().len();
                let long = whole + grid > 14 || whole + 1 + grid.min(printed) > 16;
                let fine = fraction[grid.min(printed)..printed].bytes().any(|byte| byte != b'0');
                prop_assert!(long || fine, "{}", String::from_utf8_lossy(&text));
            }
        }
    }
}
