//! The four venues and what is traded there: the same ten assets, each by the venue's own name,
//! grids and kind.

use engine::id::{AssetId, FeedId, InstrumentId, VenueId};
use engine::instrument::{Fees, Instrument, Kind, Symbol};
use engine::num::Grid;

/// A venue's market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Binance Spot.
    Spot,
    /// Binance USDⓈ-M Futures.
    Usdm,
    /// Bybit's linear perpetuals.
    Bybit,
    /// OKX' swaps.
    Okx,
}

/// Assets that are traded against USDT. Those of even places move as bitcoin was recorded, the
/// others as ether.
pub const ASSETS: [&str; 10] =
    ["BTC", "ETH", "SOL", "XRP", "BNB", "DOGE", "ADA", "LTC", "LINK", "AVAX"];

/// The number of USDT; those of the assets follow.
pub const USDT: AssetId = AssetId(0);

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Spot, Self::Usdm, Self::Bybit, Self::Okx];

    /// Its name, as a section of the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spot => "binance-spot",
            Self::Usdm => "binance-usdm",
            Self::Bybit => "bybit",
            Self::Okx => "okx",
        }
    }

    /// Levels a side of the book that its stream keeps; `None` for all of them, with snapshots over
    /// REST.
    pub const fn window(self) -> Option<usize> {
        match self {
            Self::Spot | Self::Usdm => None,
            Self::Bybit => Some(50),
            Self::Okx => Some(400),
        }
    }

    /// Its name of an asset's market.
    pub fn symbol(self, asset: usize) -> String {
        let asset = ASSETS[asset];
        match self {
            Self::Okx => format!("{asset}-USDT-SWAP"),
            _ => format!("{asset}USDT"),
        }
    }

    /// Decimals of prices of an asset.
    pub const fn price_decimals(self, asset: usize) -> u8 {
        match self {
            Self::Spot => 2,
            _ => 1 + (asset % 2) as u8,
        }
    }

    /// An asset's market under this number, at the venue of this one.
    fn instrument(self, id: InstrumentId, (venue, asset): (u8, usize)) -> Instrument {
        // All names are shorter than a symbol may be.
        let symbol = Symbol::new(&self.symbol(asset)).unwrap_or(Symbol::UNNAMED);
        let tick = Grid { decimals: self.price_decimals(asset), step: 1 };
        let lot = match self {
            Self::Spot => Grid { decimals: 5, step: 1 },
            _ => Grid { decimals: 3, step: 1 },
        };
        let assets = (AssetId(asset as u16 + 1), USDT);
        let plain = Instrument::new(id, symbol, assets, (tick, lot));
        let spot = self == Self::Spot;
        Instrument {
            venue: VenueId(venue),
            feed: FeedId(venue),
            kind: if spot { Kind::Spot } else { Kind::Linear },
            // A contract of OKX is a hundredth of the asset.
            size: if self == Self::Okx { Grid { decimals: 1, step: 1 } } else { plain.size },
            margin_ppm: if spot { plain.margin_ppm } else { 100_000 },
            fees: Fees { maker_ppm: 0, taker_ppm: 500 },
            amends: self != Self::Usdm,
            moves: !spot,
            ..plain
        }
    }
}

/// So many assets at each of these venues, venue by venue, all numbered from 0; a venue has one
/// feed.
pub fn instruments(dialects: &[Dialect], assets: usize) -> Vec<Instrument> {
    let all = (0_u8..).zip(dialects);
    let all = all.flat_map(|(venue, one)| (0..assets).map(move |asset| (one, (venue, asset))));
    all.zip(0..).map(|((one, place), id)| one.instrument(InstrumentId(id), place)).collect()
}
