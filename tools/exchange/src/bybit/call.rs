//! What can be asked over REST: each call's path, its rate limit, and whether it is signed.

use crate::symbol::Product;
use axum::http::Method;

/// One call of the venue's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Time,
    Instruments,
    OrderBook,
    FullBook,
    Tickers,
    Trades,
    Kline,
    FundingHistory,
    PriceLimit,
    RiskLimit,
    Create,
    Amend,
    Cancel,
    CreateBatch,
    AmendBatch,
    CancelBatch,
    CancelAll,
    OpenOrders,
    OrderHistory,
    Executions,
    Positions,
    SetLeverage,
    TradingStop,
    SwitchMode,
    Wallet,
    CoinBalances,
    Coins,
    FeeRate,
    Account,
    ApiKey,
    SetProtection,
    QueryProtection,
    PriceLimitAction,
}

impl Call {
    /// The call of a REST request; `path` is what follows `/v5/`.
    pub(crate) fn rest(method: &Method, path: &str) -> Option<Self> {
        Some(match (method.as_str(), path) {
            ("GET", "market/time") => Self::Time,
            ("GET", "market/instruments-info") => Self::Instruments,
            ("GET", "market/orderbook") => Self::OrderBook,
            ("GET", "market/full_orderbook") => Self::FullBook,
            ("GET", "market/tickers") => Self::Tickers,
            ("GET", "market/recent-trade") => Self::Trades,
            ("GET", "market/kline") => Self::Kline,
            ("GET", "market/funding/history") => Self::FundingHistory,
            ("GET", "market/price-limit") => Self::PriceLimit,
            ("GET", "market/risk-limit") => Self::RiskLimit,
            ("POST", "order/create") => Self::Create,
            ("POST", "order/amend") => Self::Amend,
            ("POST", "order/cancel") => Self::Cancel,
            ("POST", "order/create-batch") => Self::CreateBatch,
            ("POST", "order/amend-batch") => Self::AmendBatch,
            ("POST", "order/cancel-batch") => Self::CancelBatch,
            ("POST", "order/cancel-all") => Self::CancelAll,
            ("GET", "order/realtime") => Self::OpenOrders,
            ("GET", "order/history") => Self::OrderHistory,
            ("GET", "execution/list") => Self::Executions,
            ("GET", "position/list") => Self::Positions,
            ("POST", "position/set-leverage") => Self::SetLeverage,
            ("POST", "position/trading-stop") => Self::TradingStop,
            ("POST", "position/switch-mode") => Self::SwitchMode,
            ("GET", "account/wallet-balance") => Self::Wallet,
            ("GET", "account/instruments-info") => Self::Instruments,
            ("GET", "asset/transfer/query-account-coins-balance") => Self::CoinBalances,
            ("GET", "asset/coin/query-info") => Self::Coins,
            ("GET", "account/fee-rate") => Self::FeeRate,
            ("GET", "account/info") => Self::Account,
            ("GET", "user/query-api") => Self::ApiKey,
            ("POST", "order/disconnected-cancel-all") => Self::SetProtection,
            ("GET", "account/query-dcp-info") => Self::QueryProtection,
            ("POST", "account/set-limit-px-action") => Self::PriceLimitAction,
            _ => return None,
        })
    }

    /// The call of an operation on the trade socket.
    pub(crate) fn operation(op: &str) -> Option<Self> {
        Some(match op {
            "order.create" => Self::Create,
            "order.amend" => Self::Amend,
            "order.cancel" => Self::Cancel,
            "order.create-batch" => Self::CreateBatch,
            "order.amend-batch" => Self::AmendBatch,
            "order.cancel-batch" => Self::CancelBatch,
            _ => return None,
        })
    }

    /// Whether it needs no key.
    pub(crate) fn is_public(self) -> bool {
        matches!(
            self,
            Self::Time
                | Self::Instruments
                | Self::OrderBook
                | Self::FullBook
                | Self::Tickers
                | Self::Trades
                | Self::Kline
                | Self::FundingHistory
                | Self::PriceLimit
                | Self::RiskLimit
        )
    }

    /// Whether the call goes to the matching engine.
    pub(crate) fn is_order(self) -> bool {
        self.single().is_some()
            || matches!(self, Self::Create | Self::Amend | Self::Cancel)
            || self == Self::CancelAll
    }

    /// Whether it brings new orders.
    pub(crate) fn places(self) -> bool {
        matches!(self, Self::Create | Self::CreateBatch)
    }

    /// What a batch is a batch of.
    pub(crate) fn single(self) -> Option<Self> {
        match self {
            Self::CreateBatch => Some(Self::Create),
            Self::AmendBatch => Some(Self::Amend),
            Self::CancelBatch => Some(Self::Cancel),
            _ => None,
        }
    }

    /// Name of its bucket and requests a second, of an account without a higher tier.
    pub(crate) fn rate(self, product: Product) -> (&'static str, u64) {
        let spot = product == Product::Spot;
        let of = |spot_limit: u64, limit: u64| if spot { spot_limit } else { limit };
        match self {
            Self::Create => (if spot { "create-spot" } else { "create-linear" }, of(20, 10)),
            Self::Amend => (if spot { "amend-spot" } else { "amend-linear" }, 10),
            Self::Cancel => (if spot { "cancel-spot" } else { "cancel-linear" }, of(20, 10)),
            Self::CreateBatch => {
                (if spot { "create-batch-spot" } else { "create-batch-linear" }, of(20, 10))
            }
            Self::AmendBatch => {
                (if spot { "amend-batch-spot" } else { "amend-batch-linear" }, of(20, 10))
            }
            Self::CancelBatch => {
                (if spot { "cancel-batch-spot" } else { "cancel-batch-linear" }, of(20, 10))
            }
            Self::CancelAll => {
                (if spot { "cancel-all-spot" } else { "cancel-all-linear" }, of(20, 10))
            }
            Self::Executions => ("executions", 50),
            Self::Positions => ("positions", 50),
            Self::Wallet => ("wallet", 50),
            Self::OrderHistory => ("history", 50),
            Self::OpenOrders => ("realtime", 50),
            _ => ("other", 50),
        }
    }
}
