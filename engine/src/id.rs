//! Names of things as small integers, and the client order id that a venue sees.

use core::fmt;

macro_rules! id_newtype {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[repr(transparent)]
        pub struct $name(pub $inner);
        impl $name {
            /// As an index into a dense table.
            #[inline]
            pub const fn index(self) -> usize { self.0 as usize }
        }
    };
}

id_newtype!(
    /// A venue, in the order of the configuration.
    VenueId, u8
);
id_newtype!(
    /// A market feed: the streams of one venue that come over the same connections.
    FeedId, u8
);
id_newtype!(
    /// An instrument, dense from 0 in the order of the configuration.
    InstrumentId, u16
);
id_newtype!(
    /// An asset of an account, dense from 0.
    AssetId, u16
);
id_newtype!(
    /// A desk: one strategy with its orders, positions and limits.
    DeskId, u8
);

/// Buy or sell. Of a trade it is the taker's side, of a book level the side that rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Side {
    /// Bids; buys.
    Buy = 0,
    /// Asks; sells.
    Sell = 1,
}

impl Side {
    /// Both sides, bid first.
    pub const BOTH: [Self; 2] = [Self::Buy, Self::Sell];

    /// The other side.
    #[inline]
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// +1 for a buy, -1 for a sell.
    #[inline]
    pub const fn sign(self) -> i64 {
        match self {
            Self::Buy => 1,
            Self::Sell => -1,
        }
    }

    /// 0 for a buy, 1 for a sell.
    #[inline]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// An order of ours: session epoch in the high half, a counter that starts at 1 in the low half.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct OrderId(pub u64);

impl OrderId {
    /// The epoch given to orders at the venue whose client id is not of our form.
    pub const FOREIGN_EPOCH: u32 = u32::MAX;

    /// From its two halves.
    pub const fn new(epoch: u32, counter: u32) -> Self {
        Self((epoch as u64) << 32 | counter as u64)
    }

    /// The session that placed it (seconds since 1970 when that session began).
    pub const fn epoch(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The how-manieth order of its session.
    pub const fn counter(self) -> u32 {
        self.0 as u32
    }

    /// Whether it stands for an order whose client id is not of our form.
    pub const fn is_foreign(self) -> bool {
        self.epoch() == Self::FOREIGN_EPOCH
    }
}

impl fmt::Debug for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:08x}-{:08x}", self.epoch(), self.counter())
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Length of every client order id of ours.
pub const CLIENT_ID_LEN: usize = 35;
/// Highest cause that a client order id can carry.
pub const CAUSE_MAX: u64 = (1 << 56) - 1;

/// An order as the venue knows it by our own name: `pg-EEEEEEEE-CCCCCCCC-UUUUUUUUUUUUUU`,
/// lower-case hexadecimal, where E is the epoch, C the counter and U the update id of the market
/// event that caused it (0: none did). All places fixed, so that a template is patched and never
/// formatted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientId {
    /// The order.
    pub order: OrderId,
    /// Update id of the market event that caused it; at most [`CAUSE_MAX`].
    pub cause: u64,
}

impl ClientId {
    /// The text that the venue sees.
    #[inline]
    pub fn write(self, out: &mut [u8; CLIENT_ID_LEN]) {
        let (order, cause) = (hex(self.order.0), hex(self.cause & CAUSE_MAX));
        // From the end, so that dashes are written over the zeros before the cause.
        out[19..35].copy_from_slice(&cause);
        out[20] = b'-';
        out[12..20].copy_from_slice(&order[8..]);
        out[11] = b'-';
        out[3..11].copy_from_slice(&order[..8]);
        out[..3].copy_from_slice(b"pg-");
    }

    /// Reads such a text back; `None` when it is not of this form.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() != CLIENT_ID_LEN || !text.starts_with(b"pg-") {
            return None;
        }
        if text[11] != b'-' || text[20] != b'-' {
            return None;
        }
        let epoch = u32::try_from(hex_read(&text[3..11])?).ok()?;
        let counter = u32::try_from(hex_read(&text[12..20])?).ok()?;
        Some(Self { order: OrderId::new(epoch, counter), cause: hex_read(&text[21..35])? })
    }
}

/// Sixteen lower-case hexadecimal digits, made eight at a time.
#[inline]
pub const fn hex(value: u64) -> [u8; 16] {
    let (high, low) = (eight_hex(value >> 32), eight_hex(value & 0xffff_ffff));
    ((low as u128) << 64 | high as u128).to_le_bytes()
}

/// Eight digits as text, the first one lowest.
#[inline]
const fn eight_hex(value: u64) -> u64 {
    let fours = (value << 16 | value) & 0x0000_ffff_0000_ffff;
    let twos = (fours << 8 | fours) & 0x00ff_00ff_00ff_00ff;
    let ones = (twos << 4 | twos) & 0x0f0f_0f0f_0f0f_0f0f;
    // A nibble over 9 carries into the next one when 6 is added.
    let letters = ((ones + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    (ones + 0x3030_3030_3030_3030 + letters * 0x27).swap_bytes()
}

fn hex_read(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0_u64, |value, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_reads_back_and_nothing_else_does() {
        let id = ClientId { order: OrderId::new(0x6a1f_3b20, 15), cause: 50_093_239_219 };
        let mut text = [0; CLIENT_ID_LEN];
        id.write(&mut text);
        assert_eq!(&text, b"pg-6a1f3b20-0000000f-00000ba9ca2bb3");
        assert_eq!(ClientId::parse(&text), Some(id));
        assert_eq!(ClientId::parse(b"x-web-12"), None);
        text[21] = b'G';
        assert_eq!(ClientId::parse(&text), None);
    }
}
