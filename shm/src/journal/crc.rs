//! CRC-32C of one row, by the processor's instruction where it has one.
//!
//! A row is seven words and a half, so that a loop for lengths, alignments and three streams at a
//! time costs more than the sum itself. Without the instruction it is the crate's.

use super::row::Words;

/// CRC-32C of the first 60 bytes, going on from `seed`.
#[inline]
pub(super) fn checksum(words: &Words, seed: u32) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("sse4.2") {
        // SAFETY: the processor has the instructions of SSE 4.2, as was asked just now.
        return unsafe { by_instruction(words, seed) };
    }
    by_crate(words, seed)
}

/// The same, 8 bytes at a time.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "sse4.2")]
fn by_instruction(words: &Words, seed: u32) -> u32 {
    use std::arch::x86_64::{_mm_crc32_u32, _mm_crc32_u64};
    let [whole @ .., half] = words;
    let crc = whole.iter().fold(u64::from(!seed), |crc, word| _mm_crc32_u64(crc, *word));
    !_mm_crc32_u32(crc as u32, *half as u32)
}

/// The same for every machine.
#[inline]
fn by_crate(words: &Words, seed: u32) -> u32 {
    let mut bytes = [0; 64];
    for (to, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        *to = word.to_le_bytes();
    }
    crc32c::crc32c_append(seed, &bytes[..60])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_agree() {
        let mut word = 0x9e37_79b9_7f4a_7c15_u64;
        for seed in 0..10_000 {
            let words: Words = std::array::from_fn(|_| {
                word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                word ^ word >> 29
            });
            assert_eq!(checksum(&words, seed), by_crate(&words, seed), "{words:x?}");
        }
    }
}
