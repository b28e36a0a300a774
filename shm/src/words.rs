//! How a panel's fields become 64-bit words and come back: plain old data without `unsafe`.
//!
//! Each type says how many words it takes and what its shape is. The shape is hashed from names and
//! types, and the hashes of all panels together are the layout hash in the region's header: whoever
//! changes a field changes the hash, and an old reader is told so instead of showing nonsense.
//! Reading never trusts the words: what no writer of this layout can have written is `None`.

use arrayvec::{ArrayString, ArrayVec};
use engine::{
    id::{InstrumentId, OrderId, Side},
    num::{Amount, Grid, Notional, Price, Qty},
    time::Nanos,
};

/// Text of at most `N` bytes, kept in place.
pub type Text<const N: usize> = ArrayString<N>;

/// As much of `text` as fits in `N` bytes, cut between characters and before a zero byte.
pub fn text<const N: usize>(text: &str) -> Text<N> {
    let text = text.split('\0').next().unwrap_or_default();
    let mut out = Text::new();
    for letter in text.chars() {
        if out.try_push(letter).is_err() {
            break;
        }
    }
    out
}

/// Where words are written to; beyond the end they are dropped.
#[derive(Debug)]
pub struct Sink<'a> {
    words: &'a mut [u64],
    at: usize,
    used: usize,
}

impl<'a> Sink<'a> {
    /// Starts at the first of `words`.
    pub fn new(words: &'a mut [u64]) -> Self {
        Self { words, at: 0, used: 0 }
    }

    /// Appends one word.
    #[inline]
    pub fn put(&mut self, word: u64) {
        if let Some(slot) = self.words.get_mut(self.at) {
            *slot = word;
        }
        self.at += 1;
        self.used = self.at;
    }

    /// Leaves out `count` words that no reader looks at.
    #[inline]
    pub fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// How many words from the front matter: those behind are skipped ones.
    pub fn used(&self) -> usize {
        self.used
    }
}

/// Where words are read from.
#[derive(Debug)]
pub struct Source<'a> {
    words: &'a [u64],
    at: usize,
}

impl<'a> Source<'a> {
    /// Starts at the first of `words`.
    pub fn new(words: &'a [u64]) -> Self {
        Self { words, at: 0 }
    }

    /// The next word; `None` beyond the end.
    #[inline]
    pub fn next_word(&mut self) -> Option<u64> {
        let word = self.words.get(self.at).copied();
        self.at += 1;
        word
    }

    /// Leaves out `count` words.
    #[inline]
    pub fn skip(&mut self, count: usize) {
        self.at += count;
    }
}

/// A value with a fixed number of words.
pub trait Cells: Sized {
    /// How many words it takes, always.
    const WORDS: usize;
    /// Hash of its names and types.
    const SHAPE: u64;
    /// Writes exactly [`Self::WORDS`] words, skipped ones included.
    fn put(&self, sink: &mut Sink<'_>);
    /// Reads exactly [`Self::WORDS`] words; `None` when no writer can have written them.
    fn get(source: &mut Source<'_>) -> Option<Self>;
}

/// FNV-1a of `text`, going on from `hash`: known at compile time, and no secret.
pub const fn hash_text(mut hash: u64, text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    hash_word(hash, bytes.len() as u64)
}

/// FNV-1a step with a whole word.
pub const fn hash_word(hash: u64, word: u64) -> u64 {
    let mixed = (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
    mixed ^ (mixed >> 29)
}

/// Where hashes start.
pub const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;

macro_rules! one_word {
    ($($type:ty: $to:expr, $from:expr;)*) => {$(
        impl Cells for $type {
            const WORDS: usize = 1;
            const SHAPE: u64 = hash_text(HASH_START, stringify!($type));
            #[inline]
            fn put(&self, sink: &mut Sink<'_>) {
                let to: fn(&$type) -> u64 = $to;
                sink.put(to(self));
            }
            #[inline]
            fn get(source: &mut Source<'_>) -> Option<Self> {
                let from: fn(u64) -> Option<$type> = $from;
                from(source.next_word()?)
            }
        }
    )*};
}

one_word! {
    u64: |value| *value, Some;
    i64: |value| *value as u64, |word| Some(word as i64);
    u32: |value| u64::from(*value), |word| u32::try_from(word).ok();
    u16: |value| u64::from(*value), |word| u16::try_from(word).ok();
    u8: |value| u64::from(*value), |word| u8::try_from(word).ok();
    bool: |value| u64::from(*value), |word| if word < 2 { Some(word == 1) } else { None };
    Price: |value| value.0 as u64, |word| Some(Price(word as i64));
    Qty: |value| value.0 as u64, |word| Some(Qty(word as i64));
    Amount: |value| value.0 as u64, |word| Some(Amount(word as i64));
    Notional: |value| value.0 as u64, |word| Some(Notional(word as i64));
    Nanos: |value| value.0, |word| Some(Nanos(word));
    OrderId: |value| value.0, |word| Some(OrderId(word));
    InstrumentId: |value| u64::from(value.0), |word| u16::try_from(word).ok().map(InstrumentId);
    Side: |value| *value as u64, |word| Side::BOTH.into_iter().find(|side| *side as u64 == word);
}

impl Cells for Grid {
    const WORDS: usize = 2;
    const SHAPE: u64 = hash_text(HASH_START, "Grid");

    fn put(&self, sink: &mut Sink<'_>) {
        self.decimals.put(sink);
        self.step.put(sink);
    }

    fn get(source: &mut Source<'_>) -> Option<Self> {
        let grid = Self { decimals: u8::get(source)?, step: i64::get(source)? };
        (grid.decimals <= 18 && grid.step >= 1).then_some(grid)
    }
}

impl<T: Cells> Cells for Option<T> {
    const WORDS: usize = 1 + T::WORDS;
    const SHAPE: u64 = hash_word(hash_text(HASH_START, "Option"), T::SHAPE);

    #[inline]
    fn put(&self, sink: &mut Sink<'_>) {
        self.is_some().put(sink);
        match self {
            Some(value) => value.put(sink),
            None => sink.skip(T::WORDS),
        }
    }

    #[inline]
    fn get(source: &mut Source<'_>) -> Option<Self> {
        if bool::get(source)? {
            Some(Some(T::get(source)?))
        } else {
            source.skip(T::WORDS);
            Some(None)
        }
    }
}

impl<T: Cells, const N: usize> Cells for ArrayVec<T, N> {
    const WORDS: usize = 1 + N * T::WORDS;
    const SHAPE: u64 = hash_word(hash_word(hash_text(HASH_START, "ArrayVec"), T::SHAPE), N as u64);

    #[inline]
    fn put(&self, sink: &mut Sink<'_>) {
        sink.put(self.len() as u64);
        for item in self {
            item.put(sink);
        }
        sink.skip((N - self.len()) * T::WORDS);
    }

    #[inline]
    fn get(source: &mut Source<'_>) -> Option<Self> {
        let length = usize::try_from(source.next_word()?).ok().filter(|length| *length <= N)?;
        let mut out = Self::new();
        for _ in 0..length {
            out.try_push(T::get(source)?).ok()?;
        }
        source.skip((N - length) * T::WORDS);
        Some(out)
    }
}

impl<const N: usize> Cells for Text<N> {
    const WORDS: usize = N.div_ceil(8);
    const SHAPE: u64 = hash_word(hash_text(HASH_START, "Text"), N as u64);

    #[inline]
    fn put(&self, sink: &mut Sink<'_>) {
        let mut rest = self.as_bytes();
        for _ in 0..Self::WORDS {
            let (chunk, tail) = rest.split_at(rest.len().min(8));
            let mut word = [0; 8];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            sink.put(u64::from_le_bytes(word));
            rest = tail;
        }
    }

    #[inline]
    fn get(source: &mut Source<'_>) -> Option<Self> {
        let mut bytes = [0; N];
        for at in 0..Self::WORDS {
            let word = source.next_word()?.to_le_bytes();
            for (to, from) in bytes.iter_mut().skip(at * 8).zip(word) {
                *to = from;
            }
        }
        let length = bytes.iter().position(|byte| *byte == 0).unwrap_or(N);
        let text = std::str::from_utf8(bytes.get(..length)?).ok()?;
        Self::from(text).ok()
    }
}

/// Declares a struct whose fields lie one after another in words.
macro_rules! cells {
    ($(
        $(#[$doc:meta])*
        pub struct $name:ident { $($(#[$field_doc:meta])* pub $field:ident: $type:ty,)* }
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

        impl $crate::words::Cells for $name {
            const WORDS: usize = 0 $(+ <$type as $crate::words::Cells>::WORDS)*;
            const SHAPE: u64 = {
                let hash = $crate::words::hash_text($crate::words::HASH_START, stringify!($name));
                $(
                    let hash = $crate::words::hash_text(hash, stringify!($field));
                    let hash = $crate::words::hash_word(
                        hash,
                        <$type as $crate::words::Cells>::SHAPE,
                    );
                )*
                hash
            };
            #[inline]
            fn put(&self, sink: &mut $crate::words::Sink<'_>) {
                $(<$type as $crate::words::Cells>::put(&self.$field, sink);)*
            }
            #[inline]
            fn get(source: &mut $crate::words::Source<'_>) -> Option<Self> {
                Some(Self { $($field: <$type as $crate::words::Cells>::get(source)?,)* })
            }
        }
    )*};
}

/// Declares an enum that is one word, with the name that people read for each variant.
macro_rules! cell_enum {
    (
        $(#[$doc:meta])*
        pub enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// All, in the order of their words.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];
            /// The name that people read and type.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl $crate::words::Cells for $name {
            const WORDS: usize = 1;
            const SHAPE: u64 = {
                let hash = $crate::words::hash_text($crate::words::HASH_START, stringify!($name));
                $(let hash = $crate::words::hash_text(hash, $text);)*
                hash
            };
            #[inline]
            fn put(&self, sink: &mut $crate::words::Sink<'_>) {
                sink.put(*self as u64);
            }
            #[inline]
            fn get(source: &mut $crate::words::Source<'_>) -> Option<Self> {
                let word = source.next_word()?;
                Self::ALL.iter().copied().find(|value| *value as u64 == word)
            }
        }
    };
}

pub(crate) use {cell_enum, cells};
