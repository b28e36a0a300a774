//! The bytes of a message, some of which may be read beyond its end.

use crate::net::frame::SPARE;

/// A message of `len` bytes with at least [`SPARE`] readable ones behind it.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    bytes: &'a [u8],
    len: usize,
}

impl<'a> Text<'a> {
    /// The first `len` of these bytes; `None` when too few are behind them.
    #[inline(always)]
    pub fn new(bytes: &'a [u8], len: usize) -> Option<Self> {
        if bytes.len().checked_sub(SPARE)? < len { None } else { Some(Self { bytes, len }) }
    }

    /// How long the message is.
    #[inline(always)]
    pub const fn len(self) -> usize {
        self.len
    }

    /// Where it begins.
    #[inline(always)]
    pub(super) const fn begin(self) -> *const u8 {
        self.bytes.as_ptr()
    }

    /// N bytes from `at`, of which at most [`SPARE`] lie beyond the message; `None` when more
    /// would.
    #[inline(always)]
    pub fn window<const N: usize>(self, at: usize) -> Option<&'a [u8; N]> {
        let beyond = const { N.saturating_sub(SPARE) };
        if self.len < beyond || at > self.len - beyond {
            return None;
        }
        // SAFETY: `at + N <= len + SPARE`, and `new` saw that so many bytes are there.
        Some(unsafe { &*self.bytes.as_ptr().add(at).cast::<[u8; N]>() })
    }
}

/// M bytes of a window from `at`; `None` when they are not all in it. Where the compiler knows the
/// range of `at`, nothing is compared.
#[inline(always)]
pub fn part<const M: usize, const N: usize>(window: &[u8; N], at: usize) -> Option<&[u8; M]> {
    if at > const { N - M } {
        return None;
    }
    // SAFETY: `at + M <= N`.
    Some(unsafe { &*window.as_ptr().add(at).cast::<[u8; M]>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_end_with_the_spare_bytes() {
        let bytes = [7; 10 + SPARE];
        assert!(Text::new(&bytes, 11).is_none());
        let text = Text::new(&bytes, 10).unwrap();
        assert!(text.window::<64>(10).is_some());
        assert!(text.window::<64>(11).is_none());
        assert!(text.window::<64>(usize::MAX).is_none());
        assert!(text.window::<74>(0).is_some());
        assert!(text.window::<74>(1).is_none());
        assert!(text.window::<75>(0).is_none());
        assert!(Text::new(&bytes, 1).unwrap().window::<128>(0).is_none());
    }

    #[test]
    fn parts_lie_inside() {
        let window = [1, 2, 3, 4];
        assert_eq!(part::<2, 4>(&window, 2), Some(&[3, 4]));
        assert_eq!(part::<2, 4>(&window, 3), None);
        assert_eq!(part::<2, 4>(&window, usize::MAX), None);
    }
}
