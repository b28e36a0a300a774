//! Which venues there are, and how each is named.

use std::fmt;
use std::str::FromStr;

/// A venue of the simulated world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VenueKind {
    /// Binance Spot.
    BinanceSpot,
    /// Binance USDⓈ-M Futures.
    BinanceUsdm,
    /// Bybit v5: spot and linear perpetuals on one account.
    Bybit,
    /// OKX v5: spot and swaps on one account.
    Okx,
}

impl VenueKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::BinanceSpot, Self::BinanceUsdm, Self::Bybit, Self::Okx];

    /// The name on the command line, in world files and of the ledger's directory.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BinanceSpot => "binance-spot",
            Self::BinanceUsdm => "binance-usdm",
            Self::Bybit => "bybit",
            Self::Okx => "okx",
        }
    }
}

impl fmt::Display for VenueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A venue's name that is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("no venue `{0}`; there are binance-spot, binance-usdm, bybit and okx")]
pub struct UnknownVenue(String);

impl FromStr for VenueKind {
    type Err = UnknownVenue;

    fn from_str(text: &str) -> Result<Self, UnknownVenue> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| UnknownVenue(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_as_written() {
        for kind in VenueKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        let error = "mtgox".parse::<VenueKind>().unwrap_err().to_string();
        assert!(error.contains("bybit"), "{error}");
    }
}
