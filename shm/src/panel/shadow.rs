//! Variants of the desks: other parameters on the same market, ranked beside what is live.

use crate::words::{Text, cells};
use arrayvec::ArrayVec;
use engine::num::{Amount, Notional};

/// Most lines that are shown: sixteen shadows, and for each of their desks what is live, as it is
/// and simulated.
pub const VARIANTS_MAX: usize = 48;

cells! {
    /// How one variant of a desk stands, all since the shadows began.
    pub struct Variant {
        /// Its name.
        pub name: Text<24>,
        /// The desk that it is a variant of.
        pub desk: Text<24>,
        /// Its place by P&L among the desk's simulated ones, from 1; 0 of the live desk itself.
        pub rank: u8,
        /// Whether its orders meet a simulated venue; the live desk's own do not.
        pub simulated: bool,
        /// Profit or loss after fees at the last mids, 1e-8 of the money that is counted in.
        pub pnl: Notional,
        /// Fees of it, 1e-8.
        pub fees: Notional,
        /// Fills.
        pub fills: u64,
        /// What was won of the base asset of its first instrument, 1e-8.
        pub position: Amount,
        /// Share of the time with quotes on both sides of its first instrument, millionths.
        pub quoted_ppm: u32,
    }

    /// The shadows.
    pub struct ShadowsPanel {
        /// Rows of the journal that are on disk and that they have not taken.
        pub rows_behind: u64,
        /// Rows that they have taken.
        pub rows: u64,
        /// By desk: the live one, then its variants by rank.
        pub variants: ArrayVec<Variant, VARIANTS_MAX>,
    }
}
