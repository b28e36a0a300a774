//! What can be asked: each call's REST path, WebSocket-API name, weight and whether it is signed.

use super::{feed, public, trading};
use crate::binance::api::Api;
use crate::binance::denial::Denial;
use crate::binance::params::Params;
use crate::binance::ws_api::Desk;
use crate::floor::Floor;
use crate::order::AccountId;
use axum::http::Method;

/// One call of the venue's API, whichever way it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Ping,
    Time,
    ExchangeInfo,
    Depth,
    Trades,
    AggTrades,
    Klines,
    AvgPrice,
    Ticker24,
    TickerPrice,
    TickerBook,
    Place,
    Test,
    Status,
    Cancel,
    CancelReplace,
    Amend,
    OpenOrders,
    CancelAll,
    AllOrders,
    Account,
    Commission,
    MyTrades,
    OrderLimits,
    Oco,
    Otoco,
    CancelList,
    ListStatus,
    OpenLists,
    AllLists,
}

impl Api for Call {
    const SPANS: &'static [usize] = &[0, 2];
    const TIMEOUT: u16 = 504;
    const RAW_REQUESTS: Option<u64> = Some(300_000);

    fn rest(method: &Method, path: &str) -> Option<Self> {
        Some(match (method.as_str(), path.strip_prefix("/api/v3/")?) {
            ("GET", "ping") => Self::Ping,
            ("GET", "time") => Self::Time,
            ("GET", "exchangeInfo") => Self::ExchangeInfo,
            ("GET", "depth") => Self::Depth,
            ("GET", "trades" | "historicalTrades") => Self::Trades,
            ("GET", "aggTrades") => Self::AggTrades,
            ("GET", "klines" | "uiKlines") => Self::Klines,
            ("GET", "avgPrice") => Self::AvgPrice,
            ("GET", "ticker/24hr" | "ticker/tradingDay" | "ticker") => Self::Ticker24,
            ("GET", "ticker/price") => Self::TickerPrice,
            ("GET", "ticker/bookTicker") => Self::TickerBook,
            ("POST", "order") => Self::Place,
            ("POST", "order/test") => Self::Test,
            ("GET", "order") => Self::Status,
            ("DELETE", "order") => Self::Cancel,
            ("POST", "order/cancelReplace") => Self::CancelReplace,
            ("PUT", "order/amend/keepPriority") => Self::Amend,
            ("GET", "openOrders") => Self::OpenOrders,
            ("DELETE", "openOrders") => Self::CancelAll,
            ("GET", "allOrders") => Self::AllOrders,
            ("GET", "account") => Self::Account,
            ("GET", "account/commission") => Self::Commission,
            ("GET", "myTrades") => Self::MyTrades,
            ("GET", "rateLimit/order") => Self::OrderLimits,
            ("POST", "orderList/oco") => Self::Oco,
            ("POST", "orderList/otoco") => Self::Otoco,
            ("DELETE", "orderList") => Self::CancelList,
            ("GET", "orderList") => Self::ListStatus,
            ("GET", "openOrderList") => Self::OpenLists,
            ("GET", "allOrderList") => Self::AllLists,
            _ => return None,
        })
    }

    fn websocket(method: &str) -> Option<Self> {
        Some(match method.strip_prefix("v3/").unwrap_or(method) {
            "ping" => Self::Ping,
            "time" => Self::Time,
            "exchangeInfo" => Self::ExchangeInfo,
            "depth" => Self::Depth,
            "trades.recent" | "trades.historical" => Self::Trades,
            "trades.aggregate" => Self::AggTrades,
            "klines" | "uiKlines" => Self::Klines,
            "avgPrice" => Self::AvgPrice,
            "ticker.24hr" | "ticker.tradingDay" | "ticker" => Self::Ticker24,
            "ticker.price" => Self::TickerPrice,
            "ticker.book" => Self::TickerBook,
            "order.place" => Self::Place,
            "order.test" => Self::Test,
            "order.status" => Self::Status,
            "order.cancel" => Self::Cancel,
            "order.cancelReplace" => Self::CancelReplace,
            "order.amend.keepPriority" => Self::Amend,
            "openOrders.status" => Self::OpenOrders,
            "openOrders.cancelAll" => Self::CancelAll,
            "allOrders" => Self::AllOrders,
            "account.status" => Self::Account,
            "account.commission" => Self::Commission,
            "myTrades" => Self::MyTrades,
            "account.rateLimits.orders" => Self::OrderLimits,
            "orderList.place.oco" => Self::Oco,
            "orderList.place.otoco" => Self::Otoco,
            "orderList.cancel" => Self::CancelList,
            "orderList.status" => Self::ListStatus,
            "openOrderLists.status" => Self::OpenLists,
            "allOrderLists" => Self::AllLists,
            _ => return None,
        })
    }

    fn is_signed(self) -> bool {
        self.is_order()
            || matches!(
                self,
                Self::Status
                    | Self::OpenOrders
                    | Self::AllOrders
                    | Self::Account
                    | Self::Commission
                    | Self::MyTrades
                    | Self::OrderLimits
                    | Self::ListStatus
                    | Self::OpenLists
                    | Self::AllLists
            )
    }

    fn is_keyed(self) -> bool {
        false
    }

    fn is_order(self) -> bool {
        matches!(
            self,
            Self::Place
                | Self::Test
                | Self::Cancel
                | Self::CancelReplace
                | Self::Amend
                | Self::CancelAll
                | Self::Oco
                | Self::Otoco
                | Self::CancelList
        )
    }

    fn is_free(self) -> bool {
        self.is_order() && self != Self::Test
    }

    fn orders(self) -> Option<[u64; 3]> {
        match self {
            Self::Place | Self::CancelReplace => Some([1; 3]),
            Self::Oco => Some([2; 3]),
            Self::Otoco => Some([3; 3]),
            _ => None,
        }
    }

    fn weight(self, params: &Params) -> u64 {
        let one = params.get("symbol").is_some();
        match self {
            Self::Ping | Self::Time | Self::Place | Self::Cancel => 1,
            Self::CancelReplace | Self::CancelAll => 1,
            Self::Oco | Self::Otoco | Self::CancelList => 1,
            Self::ListStatus => 4,
            Self::OpenLists => 6,
            Self::Test if params.get("computeCommissionRates") == Some("true") => 20,
            Self::Test => 1,
            Self::Depth => match params.integer("limit").ok().flatten().unwrap_or(100) {
                0..=100 => 5,
                101..=500 => 25,
                501..=1000 => 50,
                _ => 250,
            },
            Self::Trades => 25,
            Self::AggTrades => 4,
            Self::Klines | Self::AvgPrice => 2,
            Self::Ticker24 => {
                if one {
                    2
                } else {
                    80
                }
            }
            Self::TickerPrice | Self::TickerBook => {
                if one {
                    2
                } else {
                    4
                }
            }
            Self::Status | Self::Amend => 4,
            Self::OpenOrders => {
                if one {
                    6
                } else {
                    80
                }
            }
            Self::MyTrades if params.get("orderId").is_some() => 5,
            Self::OrderLimits => 40,
            Self::ExchangeInfo | Self::Account | Self::Commission => 20,
            Self::AllOrders | Self::MyTrades | Self::AllLists => 20,
        }
    }
    fn answer(
        self,
        floor: &mut Floor,
        params: &Params,
        account: Option<AccountId>,
        now_ms: u64,
    ) -> Result<String, Denial> {
        match account {
            Some(account) => trading::answer(floor, self, params, account, now_ms),
            None => public::answer(floor, self, params, now_ms),
        }
    }

    fn feed(
        floor: &mut Floor,
        desk: &mut Desk,
        method: &str,
        params: &Params,
    ) -> Result<String, Denial> {
        feed::answer(floor, desk, method, params)
    }
}
