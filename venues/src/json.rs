//! Typed looks into a simd-json tape: names instead of the library's trait zoo.

use crate::wire::WireFault;
use simd_json::prelude::{ValueAsScalar, ValueIntoString}; // not all: it gives `Vec` a boxing `iter`
use simd_json::value::tape::Object;
use simd_json::{Buffers, Tape, tape::Value};

/// A parser whose buffers are used again and again.
pub(crate) struct Reader {
    buffers: Buffers,
    tape: Tape<'static>,
}

impl core::fmt::Debug for Reader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Reader")
    }
}

impl Reader {
    pub fn new(len_expected: usize) -> Self {
        Self { buffers: Buffers::new(len_expected), tape: Tape(Vec::with_capacity(4_096)) }
    }

    /// Parses `bytes` in place and looks at the result.
    pub fn read<R>(
        &mut self,
        bytes: &mut [u8],
        look: impl FnOnce(Value<'_, '_>) -> Result<R, WireFault>,
    ) -> Result<R, WireFault> {
        let mut tape = core::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let parsed = simd_json::fill_tape(bytes, &mut self.buffers, &mut tape);
        let result = match parsed {
            Ok(()) if !tape.0.is_empty() => look(tape.as_value()),
            _ => Err(WireFault::NotJson),
        };
        self.tape = tape.reset();
        result
    }
}

/// The value as an object.
pub(crate) fn object<'t, 'i>(value: Value<'t, 'i>) -> Result<Object<'t, 'i>, WireFault> {
    value.as_object().ok_or(WireFault::Form("object expected"))
}

/// The value as text; `None` when it is of another type.
#[inline]
pub(crate) fn text<'i>(value: Value<'_, 'i>) -> Option<&'i str> {
    value.into_string()
}

/// The value as a whole number, from a JSON number.
#[inline]
pub(crate) fn number(value: Value<'_, '_>) -> Option<u64> {
    value.as_u64()
}

/// The value as a whole number that may be negative.
#[inline]
pub(crate) fn signed(value: Value<'_, '_>) -> Option<i64> {
    value.as_i64()
}

/// The value as true or false.
#[inline]
pub(crate) fn truth(value: Value<'_, '_>) -> Option<bool> {
    value.as_bool()
}

/// A whole number, from a JSON number or from text of digits.
#[inline]
pub(crate) fn whole(value: Value<'_, '_>) -> Option<u64> {
    number(value).or_else(|| text(value)?.parse().ok())
}

/// Calls `item` for each element.
pub(crate) fn each(
    list: Value<'_, '_>,
    mut item: impl FnMut(Value<'_, '_>) -> Result<(), WireFault>,
) -> Result<(), WireFault> {
    let list = list.as_array().ok_or(WireFault::Form("array expected"))?;
    list.iter().try_for_each(&mut item)
}
