//! Sets of cores as the kernel writes them: lists such as `0-3,8` and masks such as `f,00000001`.

use std::collections::BTreeSet;
use std::fmt;

/// Cores above this number are not believed.
const CORE_MAX: usize = 8_191;

/// Cores by number.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CoreSet(BTreeSet<usize>);

impl CoreSet {
    /// Reads a list: `0-3,8`, with strides (`0-15:1/4`), words before the numbers (the flags of
    /// `isolcpus`) passed over. Nothing, `(null)` and `none` are the empty set; `None` is
    /// something else.
    pub fn from_list(text: &str) -> Option<Self> {
        let text = text.trim();
        if matches!(text, "" | "(null)" | "none") {
            return Some(Self::default());
        }
        let mut cores = BTreeSet::new();
        for part in text.split(',').map(str::trim) {
            if part.starts_with(|first: char| first.is_ascii_alphabetic()) {
                continue;
            }
            let (range, stride) = match part.split_once(':') {
                Some((range, stride)) => (range, stride.split_once('/')?),
                None => (part, ("1", "1")),
            };
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
            let (used, group): (usize, usize) = (stride.0.parse().ok()?, stride.1.parse().ok()?);
            if first > last || last > CORE_MAX || group == 0 {
                return None;
            }
            cores.extend((first..=last).filter(|core| (core - first) % group < used));
        }
        Some(Self(cores))
    }

    /// Reads a mask: hexadecimal words of 32 cores, the highest first.
    pub fn from_mask(text: &str) -> Option<Self> {
        let mut cores = BTreeSet::new();
        for (place, word) in text.trim().rsplit(',').enumerate() {
            let word = u32::from_str_radix(word.trim(), 16).ok()?;
            if place * 32 > CORE_MAX {
                return None;
            }
            cores.extend((0..32).filter(|bit| word >> bit & 1 == 1).map(|bit| place * 32 + bit));
        }
        Some(Self(cores))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this one is in it.
    pub fn has(&self, core: usize) -> bool {
        self.0.contains(&core)
    }

    /// Their numbers, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        self.0.iter().copied()
    }

    /// Those of both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).copied().collect())
    }

    /// Those of either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).copied().collect())
    }

    /// Those that the other lacks.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).copied().collect())
    }

    /// With the word before: `core 2`, `cores 2-3`.
    pub fn named(&self) -> String {
        format!("{} {self}", if self.len() == 1 { "core" } else { "cores" })
    }

    /// As a mask, which some files take.
    pub fn mask(&self) -> String {
        let last = self.0.last().copied().unwrap_or(0);
        let word = |place: usize| {
            (0..32)
                .filter(|bit| self.has(place * 32 + bit))
                .fold(0_u32, |word, bit| word | 1 << bit)
        };
        let words: Vec<String> = (0..=last / 32)
            .rev()
            .map(|place| match place == last / 32 {
                true => format!("{:x}", word(place)),
                false => format!("{:08x}", word(place)),
            })
            .collect();
        words.join(",")
    }
}

impl FromIterator<usize> for CoreSet {
    fn from_iter<T: IntoIterator<Item = usize>>(cores: T) -> Self {
        Self(cores.into_iter().collect())
    }
}

/// As a list: `0-3,8`; the empty set is `none`.
impl fmt::Display for CoreSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for core in self.iter() {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == core => *last = core,
                _ => runs.push((core, core)),
            }
        }
        if runs.is_empty() {
            return f.write_str("none");
        }
        for (place, (first, last)) in runs.into_iter().enumerate() {
            f.write_str(if place == 0 { "" } else { "," })?;
            match first == last {
                true => write!(f, "{first}")?,
                false => write!(f, "{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(text: &str) -> String {
        CoreSet::from_list(text).map_or_else(|| "?".into(), |set| set.to_string())
    }

    #[test]
    fn lists_and_masks_are_read_as_the_kernel_writes_them() {
        let lists = [
            ("0-3,8\n", "0-3,8"),
            ("", "none"),
            ("  (null)\n", "none"),
            ("5", "5"),
            ("managed_irq,domain,2-3", "2-3"),
            ("0-15:1/4", "0,4,8,12"),
            ("3-1", "?"),
            ("0-99999999", "?"),
            ("1,,2", "?"),
            ("0-3:1/0", "?"),
        ];
        for (text, told) in lists {
            assert_eq!(list(text), told, "{text:?}");
        }
        let masks = [
            ("3\n", "0-1"),
            ("00000000,0000000c", "2-3"),
            ("1,00000000", "32"),
            ("0", "none"),
            ("x", "?"),
        ];
        for (text, told) in masks {
            let set = CoreSet::from_mask(text).map_or_else(|| "?".into(), |set| set.to_string());
            assert_eq!(set, told, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            cores in prop::collection::btree_set(0..200_usize, 0..40)
        ) {
            let set = CoreSet(cores);
            prop_assert_eq!(CoreSet::from_list(&set.to_string()), Some(set.clone()));
            prop_assert_eq!(CoreSet::from_mask(&set.mask()), Some(set));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = CoreSet::from_list(&text);
            let _ = CoreSet::from_mask(&text);
        }
    }
}
