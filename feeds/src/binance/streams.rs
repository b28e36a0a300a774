//! Which stream a frame is of, by the 24 bytes from where its name begins: one look into a table,
//! whatever the number of instruments.
//!
//! ```text
//!  {"stream":"btcusdt@bookTicker","data":{"u":50093250107,"s":"BTCUSDT","b":"61849.49…
//!             └── looked up ──┘                           └───── mid ─────┘
//!  └────────────────── head ─────────────────┘
//! ```

use super::Flavour;
use crate::simd::text::part;
use engine::instrument::Instrument;

/// Where the name of a combined frame's stream begins.
const NAME_AT: usize = 11;
/// Longest head.
pub const HEAD_MAX: usize = 80;
/// Shortest head: it is compared in pieces of 32 bytes.
const HEAD_MIN: usize = 32;
/// Longest text between the first number and the next.
const MID_MAX: usize = 32;
/// Most slots that are looked at.
const PROBES: usize = 8;

/// What a stream tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Best bid and ask.
    Best,
    /// Diffs.
    Depth,
    /// Trades.
    Trade,
}

/// The streams of an instrument by their names, as venues have them.
const NAMES: [(&str, Kind); 8] = [
    ("bookTicker", Kind::Best),
    ("trade", Kind::Trade),
    ("depth@100ms", Kind::Depth),
    ("depth", Kind::Depth),
    ("depth@1000ms", Kind::Depth),
    ("depth@0ms", Kind::Depth),
    ("depth@250ms", Kind::Depth),
    ("depth@500ms", Kind::Depth),
];

/// The text that frames of one stream have in common.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Stream {
    /// All up to the first number.
    pub head: [u8; HEAD_MAX],
    /// From the first number to the next (of USDⓈ-M trades and diffs: from the second).
    pub mid: [u8; MID_MAX],
    /// Length of `head`, 32 to 80.
    pub head_len: u8,
    /// Length of `mid`.
    pub mid_len: u8,
    /// What it tells.
    pub kind: Kind,
    /// The instrument's place among those that are followed.
    pub place: u16,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    print: u32,
    /// One more than the stream's place; 0 in an empty slot.
    stream: u32,
}

/// All streams of a feed.
#[derive(Debug)]
pub struct Streams {
    all: Vec<Stream>,
    slots: Vec<Slot>,
}

impl Streams {
    /// The streams of these instruments. One whose name is too long, or begins like another's, is
    /// left out.
    pub fn new(instruments: &[Instrument], flavour: Flavour) -> Self {
        let all: Vec<Stream> = (instruments.iter().enumerate())
            .flat_map(|(place, i)| {
                NAMES.map(|(name, kind)| stream(place, i, (name, kind), flavour))
            })
            .flatten()
            .collect();
        let size = (all.len() * 4).next_power_of_two().max(16);
        let mut streams = Self { all, slots: vec![Slot::default(); size] };
        for place in 0..streams.all.len() {
            streams.enter(place);
        }
        streams
    }

    fn enter(&mut self, place: usize) {
        let Some(key) = self.all[place].head[NAME_AT..].first_chunk() else { return };
        let (print, start) = mixed(key);
        let mask = self.slots.len() - 1;
        for slot in start..start + PROBES {
            let slot = &mut self.slots[slot & mask];
            if slot.stream == 0 {
                *slot = Slot { print, stream: place as u32 + 1 };
                return;
            }
            if slot.print == print {
                return;
            }
        }
    }

    /// The stream that a frame is likely of.
    #[inline(always)]
    pub fn find(&self, frame: &[u8; 128]) -> Option<&Stream> {
        let key = frame[NAME_AT..].first_chunk()?;
        let (print, start) = mixed(key);
        let mask = self.slots.len().wrapping_sub(1);
        for probe in 0..PROBES {
            let slot = self.slots.get(start.wrapping_add(probe) & mask)?;
            if slot.print == print {
                return self.all.get((slot.stream as usize).wrapping_sub(1));
            }
            if slot.stream == 0 {
                return None;
            }
        }
        None
    }
}

/// Two numbers that depend on every bit of a key: one to tell it, one to place it.
#[inline(always)]
fn mixed(key: &[u8; 24]) -> (u32, usize) {
    let word = |at| part::<8, 24>(key, at).map_or(0, |word| u64::from_le_bytes(*word));
    let (one, two, three) = (word(0), word(8), word(16));
    let low = one ^ three.rotate_left(31) ^ 0x9e37_79b9_7f4a_7c15;
    let high = two ^ three ^ 0xd1b5_4a32_d192_ed03;
    let product = u128::from(low) * u128::from(high);
    let mixed = (product >> 64) as u64 ^ product as u64;
    // A print of 0 is that of an empty slot.
    ((mixed >> 32) as u32 | 1, mixed as usize)
}

/// A stream; `None` when a text is too long.
fn stream(
    place: usize,
    instrument: &Instrument,
    (name, kind): (&str, Kind),
    flavour: Flavour,
) -> Option<Stream> {
    let symbol = instrument.symbol.as_str();
    let event = match (kind, flavour) {
        (Kind::Best, Flavour::Spot) => "\"u\":",
        (Kind::Best, Flavour::Usdm) => "\"e\":\"bookTicker\",\"u\":",
        (Kind::Trade, _) => "\"e\":\"trade\",\"E\":",
        (Kind::Depth, _) => "\"e\":\"depthUpdate\",\"E\":",
    };
    let lower = symbol.to_lowercase();
    let head_text = format!("{{\"stream\":\"{lower}@{name}\",\"data\":{{{event}");
    let next = match kind {
        Kind::Best => "\"b\":\"",
        Kind::Trade => "\"t\":",
        Kind::Depth => "\"U\":",
    };
    let mid_text = format!(",\"s\":\"{symbol}\",{next}");
    let (mut head, mut mid) = ([0; HEAD_MAX], [0; MID_MAX]);
    head.get_mut(..head_text.len())?.copy_from_slice(head_text.as_bytes());
    mid.get_mut(..mid_text.len())?.copy_from_slice(mid_text.as_bytes());
    if head_text.len() < HEAD_MIN {
        return None;
    }
    Some(Stream {
        head,
        mid,
        head_len: head_text.len() as u8,
        mid_len: mid_text.len() as u8,
        kind,
        place: u16::try_from(place).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::id::{AssetId, InstrumentId};
    use engine::instrument::Symbol;
    use engine::num::Grid;

    #[test]
    fn every_stream_of_many_instruments_is_found_and_no_other() {
        let grid = Grid { decimals: 2, step: 1 };
        let instruments: Vec<Instrument> = (0..400_u16)
            .map(|id| {
                let symbol = Symbol::new(&format!("COIN{id}USDT")).unwrap();
                let assets = (AssetId(0), AssetId(1));
                Instrument::new(InstrumentId(id), symbol, assets, (grid, grid))
            })
            .collect();
        let streams = Streams::new(&instruments, Flavour::Spot);
        let frame = |symbol: &str, name: &str| {
            let mut frame = [b' '; 128];
            let text =
                format!("{{\"stream\":\"{symbol}@{name}\",\"data\":{{\"e\":\"x\",\"u\":1}}}}");
            frame[..text.len()].copy_from_slice(text.as_bytes());
            frame
        };
        for (place, instrument) in instruments.iter().enumerate() {
            let symbol = instrument.symbol.as_str().to_lowercase();
            for (name, kind) in NAMES {
                let found = streams.find(&frame(&symbol, name)).unwrap();
                assert_eq!(
                    (usize::from(found.place), found.kind),
                    (place, kind),
                    "{symbol}@{name}"
                );
            }
            let other = streams.find(&frame(&symbol, "kline_1m"));
            assert!(
                other
                    .is_none_or(|stream| stream.head[11..35] != frame(&symbol, "kline_1m")[11..35])
            );
        }
    }
}
