//! Order ids of the venue as numbers: decimal ones are themselves, UUIDs get a number of their own
//! and a place in a bounded table in which the longest known gives way.

use crate::timed::hash;

/// Longest text of an order id.
pub(super) const ID_LEN: usize = 40;

const WAYS: usize = 4;
const SETS: usize = 4_096;
/// Set in the numbers of UUIDs: no decimal id is so large.
const UUID: u64 = 1 << 63;

#[derive(Clone, Copy, Default)]
struct Slot {
    number: u64,
    uuid: u128,
    learnt: u32,
}

/// The table.
pub(super) struct Ids {
    sets: Vec<[Slot; WAYS]>,
    count: u32,
    forgotten: u64,
}

impl core::fmt::Debug for Ids {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Ids({})", self.count)
    }
}

impl Ids {
    pub fn new() -> Self {
        Self { sets: vec![[Slot::default(); WAYS]; SETS], count: 0, forgotten: 0 }
    }

    /// One that remembers nothing, for messages whose orders do not matter.
    pub const fn none() -> Self {
        Self { sets: Vec::new(), count: 0, forgotten: 0 }
    }

    /// How many gave way.
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The number of an id, remembered; 0 for text that is none.
    pub fn number(&mut self, text: &str) -> u64 {
        if let Ok(number) = text.parse::<u64>() {
            return if number < UUID { number } else { 0 };
        }
        let Some(uuid) = parse(text.as_bytes()) else { return 0 };
        let number = hash(&uuid.to_le_bytes()) | UUID;
        let Some(set) = self.sets.get_mut(number as usize & (SETS - 1)) else { return 0 };
        if set.iter().any(|slot| slot.number == number) {
            return number;
        }
        self.count = self.count.wrapping_add(1).max(1);
        if let Some(oldest) = set.iter_mut().min_by_key(|slot| slot.learnt) {
            self.forgotten += u64::from(oldest.learnt > 0);
            *oldest = Slot { number, uuid, learnt: self.count };
        }
        number
    }

    /// The text of a number; returns its length, 0 when it is not known any more.
    pub fn text(&self, number: u64, out: &mut [u8; ID_LEN]) -> usize {
        if number & UUID == 0 {
            return crate::template::write_u64(number, out);
        }
        let Some(set) = self.sets.get(number as usize & (SETS - 1)) else { return 0 };
        let Some(slot) = set.iter().find(|slot| slot.number == number) else { return 0 };
        let halves = [(slot.uuid >> 64) as u64, slot.uuid as u64].map(engine::id::hex);
        let digits = halves.as_flattened();
        let mut len = 0;
        for (place, digit) in digits.iter().enumerate() {
            if matches!(place, 8 | 12 | 16 | 20) {
                out[len] = b'-';
                len += 1;
            }
            out[len] = *digit;
            len += 1;
        }
        len
    }
}

/// A UUID of the usual form: 8-4-4-4-12 lower-case hexadecimal digits.
fn parse(text: &[u8]) -> Option<u128> {
    if text.len() != 36 {
        return None;
    }
    text.iter().enumerate().try_fold(0_u128, |value, (place, byte)| {
        if matches!(place, 8 | 13 | 18 | 23) {
            return (*byte == b'-').then_some(value);
        }
        let digit = (*byte as char).to_digit(16).filter(|_| !byte.is_ascii_uppercase())?;
        Some(value << 4 | u128::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_until_they_give_way() {
        let mut ids = Ids::new();
        let text = |ids: &Ids, number| {
            let mut out = [0; ID_LEN];
            let len = ids.text(number, &mut out);
            String::from_utf8(out[..len].to_vec()).unwrap()
        };
        let uuid = "a4c1718e-4a3b-4b8e-9f0a-0123456789ab";
        let number = ids.number(uuid);
        assert_eq!((text(&ids, number).as_str(), ids.number(uuid)), (uuid, number));
        let plain = ids.number("1523347543495541248");
        assert_eq!(text(&ids, plain), "1523347543495541248");
        for bad in ["", "a4c1718e", "a4c1718e-4a3b-4b8e-9f0a-0123456789aX", "18446744073709551615"]
        {
            assert_eq!(ids.number(bad), 0, "{bad}");
        }
        for n in 0..40_000_u64 {
            ids.number(&format!("a4c1718e-4a3b-4b8e-9f0a-{n:012x}"));
        }
        assert!(ids.forgotten() > 20_000);
        assert_eq!(text(&ids, number), "", "gave way");
    }
}
