//! Which venues are spoken with, and the addresses that have a name.

use super::venue::{Endpoints, Preset};

/// A venue's dialect and kind of market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VenueKind {
    /// Binance Spot.
    BinanceSpot,
    /// Binance USDⓈ-margined futures.
    BinanceUsdm,
    /// Bybit v5, unified account: spot and linear perpetuals.
    Bybit,
    /// OKX v5, unified account: spot and linear swaps.
    Okx,
}

impl VenueKind {
    /// The names that the file uses.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("binance-spot", Self::BinanceSpot),
        ("binance-usdm", Self::BinanceUsdm),
        ("bybit", Self::Bybit),
        ("okx", Self::Okx),
    ];

    /// The name that the file uses.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, kind)| *kind == self).map_or("?", |(name, _)| *name)
    }

    /// What a section `[venue.NAME]` means that names no kind.
    pub fn by_section(name: &str) -> Option<Self> {
        match name {
            "binance" => Some(Self::BinanceSpot),
            other => Self::NAMES.iter().find(|(name, _)| *name == other).map(|(_, kind)| *kind),
        }
    }

    /// Whether it has spot markets and perpetuals, so that an instrument has to say which.
    pub const fn has_both(self) -> bool {
        matches!(self, Self::Bybit | Self::Okx)
    }

    /// Bytes that its symbols are made of, beside capital letters and digits.
    pub const fn symbol_bytes(self) -> &'static [u8] {
        match self {
            Self::Okx => b"-",
            _ => b"",
        }
    }

    /// A symbol of this venue, for advice.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Okx => "BTC-USDT",
            _ => "BTCUSDT",
        }
    }

    /// The addresses of a preset.
    pub fn endpoints(self, preset: Preset) -> Endpoints {
        let (stream, ws_api, rest) = match (self, preset) {
            (_, Preset::Local) => {
                let local = "ws://127.0.0.1:28080";
                (local, local, "http://127.0.0.1:28080")
            }
            (Self::BinanceSpot, preset) => spot(preset),
            (Self::BinanceUsdm, Preset::Mainnet) => (
                "wss://fstream.binance.com",
                "wss://ws-fapi.binance.com/ws-fapi/v1",
                "https://fapi.binance.com",
            ),
            (Self::BinanceUsdm, _) => (
                "wss://demo-fstream.binance.com",
                "wss://testnet.binancefuture.com/ws-fapi/v1",
                "https://demo-fapi.binance.com",
            ),
            (Self::Bybit, Preset::Mainnet) => {
                ("wss://stream.bybit.com", "wss://stream.bybit.com", "https://api.bybit.com")
            }
            (Self::Bybit, Preset::Demo) => (
                "wss://stream.bybit.com",
                "wss://stream-demo.bybit.com",
                "https://api-demo.bybit.com",
            ),
            (Self::Bybit, _) => (
                "wss://stream-testnet.bybit.com",
                "wss://stream-testnet.bybit.com",
                "https://api-testnet.bybit.com",
            ),
            (Self::Okx, Preset::Mainnet) => {
                ("wss://ws.okx.com", "wss://ws.okx.com", "https://openapi.okx.com")
            }
            (Self::Okx, _) => {
                ("wss://wspap.okx.com", "wss://wspap.okx.com", "https://openapi.okx.com")
            }
        };
        let ws_api = match (self, preset) {
            (Self::BinanceSpot, Preset::Local) => format!("{ws_api}/ws-api/v3"),
            (Self::BinanceUsdm, Preset::Local) => format!("{ws_api}/ws-fapi/v1"),
            _ => ws_api.to_owned(),
        };
        Endpoints { stream: stream.into(), ws_api, rest: rest.into() }
    }
}

const fn spot(preset: Preset) -> (&'static str, &'static str, &'static str) {
    match preset {
        Preset::Testnet => (
            "wss://stream.testnet.binance.vision",
            "wss://ws-api.testnet.binance.vision/ws-api/v3",
            "https://testnet.binance.vision",
        ),
        Preset::Demo => (
            "wss://demo-stream.binance.com",
            "wss://demo-ws-api.binance.com/ws-api/v3",
            "https://demo-api.binance.com",
        ),
        _ => (
            "wss://stream.binance.com:9443",
            "wss://ws-api.binance.com:443/ws-api/v3",
            "https://api.binance.com",
        ),
    }
}
