//! Sixty-four bytes at a time with AVX-512: the places of all decimal points of a message, and
//! levels to rows.

use super::avx2::{Avx2, Bytes};
use super::block::{Block, GROUP, Places};
use super::level::Machine;
use super::text::Text;
use core::arch::x86_64::*;
use engine::event::Event;

/// Proof that the machine has AVX-512 F, BW, VL and VBMI2 beside what [`Avx2`] proves.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(Avx2);

/// Most points in 64 bytes: a level has two, and is longer than eight bytes.
const POINTS_MAX: usize = 16;

static COUNT_UP: [u8; 64] = {
    let mut all = [0; 64];
    let mut place = 0;
    while place < 64 {
        all[place] = place as u8;
        place += 1;
    }
    all
};

impl Avx512 {
    /// Where the machine has all of it.
    pub fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vbmi2");
        if has { Avx2::detect().map(Self) } else { None }
    }
}

/// Four times 16 bytes in one.
#[inline(always)]
unsafe fn four([one, two, three, four]: [Bytes; 4]) -> __m512i {
    // SAFETY: the caller has AVX-512.
    unsafe {
        let low = _mm256_inserti128_si256(_mm256_castsi128_si256(one.0), two.0, 1);
        let high = _mm256_inserti128_si256(_mm256_castsi128_si256(three.0), four.0, 1);
        _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1)
    }
}

impl Machine for Avx512 {
    #[inline(always)]
    fn avx2(self) -> Avx2 {
        self.0
    }

    #[inline(always)]
    fn points(self, text: Text<'_>, from: usize, places: &mut Places) -> Option<()> {
        let (mut at, mut count) = (from, 0_usize);
        while at < text.len() {
            let window = text.window::<64>(at)?;
            let room = places.get_mut(count..)?.first_chunk_mut::<POINTS_MAX>()?;
            // SAFETY: `self` proves AVX-512 with VBMI2; 64 bytes are there to be read, and room for
            // 16 places.
            let found = unsafe {
                let bytes = _mm512_loadu_si512(window.as_ptr().cast());
                let found = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'.' as i8));
                let all = _mm512_loadu_si512(COUNT_UP.as_ptr().cast());
                let these = _mm512_castsi512_si128(_mm512_maskz_compress_epi8(found, all));
                let these = _mm256_cvtepu8_epi16(these);
                let these = _mm256_add_epi16(these, _mm256_set1_epi16(at as i16));
                _mm256_storeu_si256(room.as_mut_ptr().cast(), these);
                found
            };
            let more = found.count_ones() as usize;
            if more > POINTS_MAX {
                return None;
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
        // SAFETY: `self` proves AVX-512; rows are 64 bytes of any bits.
        unsafe {
            let like = _mm512_loadu_si512(core::ptr::from_ref(like).cast());
            let tens = _mm512_set1_epi16(0x010a);
            let hundreds = _mm512_set1_epi32(0x0001_0064);
            let mut zeros = 0;
            for (group, rows) in groups.iter().zip(rows) {
                let prices = four([group[0].0[0], group[1].0[0], group[2].0[0], group[3].0[0]]);
                let qtys = four([group[0].0[1], group[1].0[1], group[2].0[1], group[3].0[1]]);
                let one = _mm512_maddubs_epi16(prices, tens);
                let two = _mm512_maddubs_epi16(qtys, tens);
                let one = _mm512_madd_epi16(one, hundreds);
                let two = _mm512_madd_epi16(two, hundreds);
                let words = _mm512_packus_epi32(one, two);
                let halves = _mm512_madd_epi16(words, _mm512_set1_epi32(0x0001_2710));
                let high = _mm512_mul_epu32(halves, _mm512_set1_epi64(100_000_000));
                let all = _mm512_add_epi64(high, _mm512_srli_epi64(halves, 32));
                zeros |= _mm512_testn_epi64_mask(all, all) & 0b0101_0101;
                let to: *mut __m512i = rows.as_mut_ptr().cast();
                // Words 2 and 3 of each row are its price and quantity.
                for (place, word) in [0, 2, 4, 6].into_iter().enumerate() {
                    let order = _mm512_set_epi64(0, 0, 0, 0, word + 1, word, 0, 0);
                    let row = _mm512_mask_permutexvar_epi64(like, 0b1100, order, all);
                    _mm512_storeu_si512(to.add(place), row);
                }
            }
            if zeros == 0 { Some(()) } else { None }
        }
    }
}
