//! Where everything lies in the two files, drawn above the structures that make it so.
//!
//! `peregrine-<name>`: readers map it read-only.
//!
//! ```text
//! +--------------+---------+----------+------------------+--------+----------+------+-...
//! | Header 256 B | session | link ×8  | instrument ×64   | orders | balances | risk | counters ...
//! +--------------+---------+----------+------------------+--------+----------+------+-...
//!                 \_ each a SeqLock on its own 128-byte lines:
//!                    | version | word 0 | word 1 | ... | word N-1 | padding |
//! ```
//!
//! `peregrine-<name>.commands`: the engine and operators' processes map it for writing.
//!
//! ```text
//! +--------------+------------+------------+-------------+------------------------+
//! | Header 256 B | tail 128 B | head 128 B | answers ×64 | 64-byte commands ×64   |
//! +--------------+------------+------------+-------------+------------------------+
//! ```
//!
//! `peregrine-<name>.lock` holds the engine's process id, and its lock says who may create the
//! other two. It is never replaced: a lock on a file whose name another file took guards nothing.

use crate::{
    command::COMMANDS_MAX,
    header::{HEADER_BYTES, Header},
    panel::{
        BalancesPanel, CountersPanel, GaugesPanel, InstrumentPanel, LatencyPanel, LinkPanel,
        OrdersPanel, Panel, RiskPanel, SessionPanel, ShadowsPanel,
    },
    ring::CommandRing,
    seqlock::{SeqLock, Written},
    words::{Cells, HASH_START, Sink, Source, hash_text, hash_word},
};
use std::mem::offset_of;

/// A panel that has its place in a [`Segment`].
pub trait Placed: Panel {
    /// Writes the panel at `index`; does nothing when there is no such place.
    fn store(&self, segment: &Segment, index: usize, written: &mut Written);
    /// Reads the panel at `index`; see [`SeqLock::read`] for `None`.
    fn load(segment: &Segment, index: usize) -> Option<Self>;
}

/// Declares the segment, the order of its panels and its hash from one list.
macro_rules! segment {
    ($($field:ident: $panel:ty,)*) => {
        /// A region as it lies in the file: the header, then one row of locks per kind of panel.
        #[repr(C)]
        #[derive(Debug)]
        pub struct Segment {
            pub(crate) header: Header,
            $($field: [SeqLock<{ <$panel as Cells>::WORDS }>; <$panel as Panel>::COUNT],)*
        }

        /// Changes whenever a field, a type, a name, a count or the order of panels changes.
        pub const LAYOUT_HASH: u64 = {
            let hash = hash_word(HASH_START, size_of::<Segment>() as u64);
            let hash = hash_word(hash, size_of::<CommandSegment>() as u64);
            $(
                let hash = hash_text(hash, <$panel as Panel>::NAME);
                let hash = hash_word(hash, <$panel as Cells>::SHAPE);
                let hash = hash_word(hash, <$panel as Panel>::COUNT as u64);
            )*
            hash
        };

        $(impl Placed for $panel {
            #[inline]
            fn store(&self, segment: &Segment, index: usize, written: &mut Written) {
                let Some(lock) = segment.$field.get(index) else { return };
                let mut words = [0; <$panel as Cells>::WORDS];
                let mut sink = Sink::new(&mut words);
                self.put(&mut sink);
                let used = sink.used();
                // Words behind the last one used keep old values; the panel's counts hide them.
                if let Some(used) = words.get(..used) {
                    lock.write(written, used);
                }
            }

            fn load(segment: &Segment, index: usize) -> Option<Self> {
                let mut words = [0; <$panel as Cells>::WORDS];
                segment.$field.get(index)?.read(&mut words)?;
                Self::get(&mut Source::new(&words))
            }
        })*
    };
}

segment! {
    session: SessionPanel,
    links: LinkPanel,
    instruments: InstrumentPanel,
    orders: OrdersPanel,
    balances: BalancesPanel,
    risk: RiskPanel,
    counters: CountersPanel,
    gauges: GaugesPanel,
    latency: LatencyPanel,
    shadows: ShadowsPanel,
}

/// A command file as it lies in the file.
#[repr(C)]
#[derive(Debug)]
pub struct CommandSegment {
    pub(crate) header: Header,
    pub(crate) ring: CommandRing<COMMANDS_MAX>,
}

const _: () = {
    assert!(offset_of!(Segment, session) == HEADER_BYTES);
    assert!(offset_of!(Segment, links).is_multiple_of(128));
    assert!(offset_of!(Segment, instruments).is_multiple_of(128));
    assert!(offset_of!(CommandSegment, ring) == HEADER_BYTES);
    // A page has to hold what is aligned in it, and a region should stay in the second cache.
    assert!(align_of::<Segment>() <= 4096 && align_of::<CommandSegment>() <= 4096);
    assert!(size_of::<Segment>() <= 256 * 1024);
};
