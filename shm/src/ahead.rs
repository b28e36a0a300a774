//! What will be read soon is brought near: for long walks over rows in memory, which are farther
//! away than the processor looks ahead by itself.

/// Asks for the memory of an item; nothing where there is none. It takes no time and changes
/// nothing that can be read.
#[inline]
pub fn bring_near<T>(items: &[T], place: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(item) = items.get(place) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint about an item of ours. It reads nothing and cannot fault.
        #[allow(unsafe_code)]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(core::ptr::from_ref(item).cast());
        }
    }
}
