//! Ids for what a venue does not number in order: made of its time and the venue's own text.
//!
//! The engine wants trade ids that are unique per instrument and go up, so that "from here on" can
//! be asked. UUIDs and numbers that repeat are neither. Here the upper 30 bits count spans of
//! 1.024 s since 2020 and the lower 34 are a hash of the text: two trades of one span collide once
//! in 17 thousand million pairs. Ids of one span are in no order, and answers may lag, so whoever
//! asks from an id asks from [`OVERLAP`] before it and knows what it has told.

/// 2020-01-01, ms since 1970.
const SINCE_MS: u64 = 1_577_836_800_000;
/// Bits of the hash.
const HASH_BITS: u32 = 34;
/// Bits of ms that a span is long.
const SPAN_BITS: u32 = 10;

/// 65 s: how far below the newest id another one may still be new.
pub const OVERLAP: u64 = 64 << HASH_BITS;

/// The id of what happened at this time, ms since 1970, and has this text for a name.
#[inline]
pub fn id(at_ms: u64, text: &[u8]) -> u64 {
    let spans = at_ms.saturating_sub(SINCE_MS) >> SPAN_BITS;
    (spans << HASH_BITS) | (hash(text) >> (64 - HASH_BITS))
}

/// The start of the span of an id, ms since 1970.
pub const fn start_ms(id: u64) -> u64 {
    ((id >> HASH_BITS) << SPAN_BITS) + SINCE_MS
}

/// The time to ask from, ms since 1970: that of an id, and within a week, as venues keep no more at
/// hand; without one the last ten minutes, so that what is there is known before anything is new.
pub const fn since(from: Option<u64>, now_ms: u64) -> u64 {
    let (at, week) = match from {
        Some(id) => (start_ms(id), now_ms.saturating_sub(7 * 86_400_000 - 60_000)),
        None => (now_ms.saturating_sub(600_000), 0),
    };
    if at > week { at } else { week }
}

/// FNV-1a (Fowler, Noll, Vo), its bits mixed once more as SplitMix64 ends (Steele et al. 2014).
#[inline]
pub(crate) fn hash(text: &[u8]) -> u64 {
    let mut value = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text {
        value = (value ^ u64::from(*byte)).wrapping_mul(0x010_0000_01b3);
    }
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_go_up_with_time_and_differ_by_text() {
        let at = 1_700_000_000_000;
        assert!(id(at, b"b") < id(at + 2_048, b"a"));
        assert_ne!(id(at, b"20f43950-d8dd-5b31"), id(at, b"20f43950-d8dd-5b32"));
        assert_eq!(id(at, b"a"), id(at + 1, b"a"), "one span");
        assert!(start_ms(id(at, b"a")) <= at && at - start_ms(id(at, b"a")) < 1_024);
        let before = start_ms(id(at + 90_000, b"a") - OVERLAP);
        assert!((at + 23_440..=at + 24_464).contains(&before), "65.536 s before");
    }

    #[test]
    fn texts_of_one_span_do_not_collide() {
        let text = |n: u32| format!("2290000000{n}");
        let mut ids: Vec<u64> =
            (0..10_000).map(|n| id(1_700_000_000_000, text(n).as_bytes())).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 10_000);
    }
}
