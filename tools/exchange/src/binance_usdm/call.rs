//! What can be asked: each call's REST path, WebSocket-API name, weight, whether it is signed, and
//! who answers it.

use super::{account, algo, history, listen, public, settings, trading};
use crate::binance::api::Api;
use crate::binance::denial::Denial;
use crate::binance::params::Params;
use crate::binance::usage;
use crate::binance::ws_api::{Desk, unknown_method};
use crate::floor::Floor;
use crate::json::array;
use crate::order::{AccountId, Stp};
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
    Premium,
    FundingRate,
    FundingInfo,
    Ticker24,
    TickerPrice,
    TickerBook,
    OpenInterest,
    Place,
    Test,
    Modify,
    Cancel,
    PlaceAll,
    ModifyAll,
    CancelSeveral,
    CancelAll,
    Countdown,
    AlgoPlace,
    AlgoCancel,
    AlgoCancelAll,
    AlgoOne,
    AlgoOpen,
    AlgoAll,
    Status,
    OpenOrder,
    OpenOrders,
    AllOrders,
    Forced,
    UserTrades,
    Income,
    Balance,
    /// `all` tells flat symbols too, as the second version does.
    Account {
        all: bool,
    },
    Positions {
        all: bool,
    },
    Config,
    SymbolConfig,
    SetLeverage,
    SetMarginType,
    SetMode,
    Mode,
    MultiAssets,
    Commission,
    Brackets,
    OrderLimits,
    TradingStatus,
    ListenStart,
    ListenExtend,
    ListenStop,
}

/// Orders that a batch counts as, in each span.
const BATCH: [u64; 3] = [5, 1, 1];

/// A weight that depends on whether one symbol was asked for.
fn either(one: bool, narrow: u64, wide: u64) -> u64 {
    if one { narrow } else { wide }
}

impl Call {
    /// Calls that read the market.
    fn public(path: &str) -> Option<Self> {
        Some(match path {
            "v1/ping" => Self::Ping,
            "v1/time" => Self::Time,
            "v1/exchangeInfo" => Self::ExchangeInfo,
            "v1/depth" => Self::Depth,
            "v1/trades" | "v1/historicalTrades" => Self::Trades,
            "v1/aggTrades" => Self::AggTrades,
            "v1/klines" => Self::Klines,
            "v1/premiumIndex" => Self::Premium,
            "v1/fundingRate" => Self::FundingRate,
            "v1/fundingInfo" => Self::FundingInfo,
            "v1/ticker/24hr" => Self::Ticker24,
            "v1/ticker/price" | "v2/ticker/price" => Self::TickerPrice,
            "v1/ticker/bookTicker" => Self::TickerBook,
            "v1/openInterest" => Self::OpenInterest,
            _ => return None,
        })
    }

    /// Calls that read an account.
    fn of_account(path: &str) -> Option<Self> {
        Some(match path {
            "v1/order" => Self::Status,
            "v1/openOrder" => Self::OpenOrder,
            "v1/openOrders" => Self::OpenOrders,
            "v1/allOrders" => Self::AllOrders,
            "v1/forceOrders" => Self::Forced,
            "v1/userTrades" => Self::UserTrades,
            "v1/income" => Self::Income,
            "v2/balance" | "v3/balance" => Self::Balance,
            "v2/account" => Self::Account { all: true },
            "v3/account" => Self::Account { all: false },
            "v2/positionRisk" => Self::Positions { all: true },
            "v3/positionRisk" => Self::Positions { all: false },
            "v1/accountConfig" => Self::Config,
            "v1/symbolConfig" => Self::SymbolConfig,
            "v1/positionSide/dual" => Self::Mode,
            "v1/multiAssetsMargin" => Self::MultiAssets,
            "v1/commissionRate" => Self::Commission,
            "v1/leverageBracket" => Self::Brackets,
            "v1/rateLimit/order" => Self::OrderLimits,
            "v1/algoOrder" => Self::AlgoOne,
            "v1/openAlgoOrders" => Self::AlgoOpen,
            "v1/allAlgoOrders" => Self::AlgoAll,
            "v1/apiTradingStatus" => Self::TradingStatus,
            _ => return None,
        })
    }

    fn is_public(self) -> bool {
        matches!(
            self,
            Self::Ping
                | Self::Time
                | Self::ExchangeInfo
                | Self::Depth
                | Self::Trades
                | Self::AggTrades
                | Self::Klines
                | Self::Premium
                | Self::FundingRate
                | Self::FundingInfo
                | Self::Ticker24
                | Self::TickerPrice
                | Self::TickerBook
                | Self::OpenInterest
        )
    }

    fn signed(
        self,
        floor: &mut Floor,
        params: &Params,
        who: AccountId,
        now_ms: u64,
    ) -> Result<String, Denial> {
        match self {
            Self::Place => trading::place(floor, params, who, Stp::ExpireMaker, now_ms),
            Self::Test => trading::test(floor, params, who, now_ms),
            Self::Modify => trading::modify(floor, params, who, now_ms),
            Self::Cancel => trading::cancel(floor, params, who, now_ms),
            Self::PlaceAll => trading::place_all(floor, params, who, now_ms),
            Self::ModifyAll => trading::modify_all(floor, params, who, now_ms),
            Self::CancelSeveral => trading::cancel_several(floor, params, who, now_ms),
            Self::CancelAll => trading::cancel_all(floor, params, who, now_ms),
            Self::Countdown => trading::countdown(floor, params, who, now_ms),
            Self::AlgoPlace => algo::place(floor, params, who, now_ms),
            Self::AlgoCancel => algo::cancel(floor, params, who, now_ms),
            Self::AlgoCancelAll => algo::cancel_all(floor, params, who, now_ms),
            Self::AlgoOne => algo::one(floor, params, who),
            Self::AlgoOpen => algo::list(floor, params, who, true),
            Self::AlgoAll => algo::list(floor, params, who, false),
            Self::Status => history::order(floor, params, who, false),
            Self::OpenOrder => history::order(floor, params, who, true),
            Self::OpenOrders => history::open_orders(floor, params, who),
            Self::AllOrders => history::all_orders(floor, params, who, false),
            Self::Forced => history::all_orders(floor, params, who, true),
            Self::UserTrades => history::trades(floor, params, who),
            Self::Income => history::income(floor, params, who),
            Self::Balance => Ok(account::balances(floor, who)),
            Self::Account { all } => Ok(account::whole(floor, who, all)),
            Self::Positions { all } => account::positions(floor, params, who, all),
            Self::Config => Ok(settings::config(floor, who)),
            Self::SymbolConfig => settings::symbol_config(floor, params, who),
            Self::SetLeverage => settings::set_leverage(floor, params, who, now_ms),
            Self::SetMarginType => settings::set_margin_type(floor, params),
            Self::SetMode => settings::set_mode(floor, params, who),
            Self::Mode => Ok(settings::mode(floor, who)),
            Self::MultiAssets => Ok("{\"multiAssetsMargin\":false}".into()),
            Self::Commission => settings::commission(floor, params, who),
            Self::Brackets => settings::brackets(floor, params),
            Self::OrderLimits => Ok(array(usage::orders::<Self>(&mut floor.limits, who, now_ms))),
            Self::TradingStatus => Ok(settings::trading_status(now_ms)),
            Self::ListenStart => Ok(listen::start(floor, who, now_ms)),
            Self::ListenExtend => listen::extend(floor, who, now_ms),
            Self::ListenStop => Ok(listen::stop(floor, who)),
            _ => public::answer(floor, self, params, now_ms),
        }
    }
}

impl Api for Call {
    const SPANS: &'static [usize] = &[0, 1];
    const TIMEOUT: u16 = 408;
    const RAW_REQUESTS: Option<u64> = None;

    fn rest(method: &Method, path: &str) -> Option<Self> {
        let path = path.strip_prefix("/fapi/")?;
        Some(match (method.as_str(), path) {
            ("GET", path) => return Self::public(path).or_else(|| Self::of_account(path)),
            ("POST", "v1/order") => Self::Place,
            ("POST", "v1/order/test") => Self::Test,
            ("PUT", "v1/order") => Self::Modify,
            ("DELETE", "v1/order") => Self::Cancel,
            ("POST", "v1/batchOrders") => Self::PlaceAll,
            ("PUT", "v1/batchOrders") => Self::ModifyAll,
            ("DELETE", "v1/batchOrders") => Self::CancelSeveral,
            ("DELETE", "v1/allOpenOrders") => Self::CancelAll,
            ("POST", "v1/countdownCancelAll") => Self::Countdown,
            ("POST", "v1/algoOrder") => Self::AlgoPlace,
            ("DELETE", "v1/algoOrder") => Self::AlgoCancel,
            ("DELETE", "v1/algoOpenOrders") => Self::AlgoCancelAll,
            ("POST", "v1/leverage") => Self::SetLeverage,
            ("POST", "v1/marginType") => Self::SetMarginType,
            ("POST", "v1/positionSide/dual") => Self::SetMode,
            ("POST", "v1/listenKey") => Self::ListenStart,
            ("PUT", "v1/listenKey") => Self::ListenExtend,
            ("DELETE", "v1/listenKey") => Self::ListenStop,
            _ => return None,
        })
    }

    fn websocket(method: &str) -> Option<Self> {
        Some(match method {
            "ping" => Self::Ping,
            "time" => Self::Time,
            "depth" => Self::Depth,
            "ticker.price" => Self::TickerPrice,
            "ticker.book" => Self::TickerBook,
            "order.place" => Self::Place,
            "order.modify" => Self::Modify,
            "order.cancel" => Self::Cancel,
            "algoOrder.place" => Self::AlgoPlace,
            "algoOrder.cancel" => Self::AlgoCancel,
            "order.status" => Self::Status,
            "account.position" => Self::Positions { all: true },
            "v2/account.position" => Self::Positions { all: false },
            "account.balance" | "v2/account.balance" => Self::Balance,
            "account.status" => Self::Account { all: true },
            "v2/account.status" => Self::Account { all: false },
            "userDataStream.start" => Self::ListenStart,
            "userDataStream.ping" => Self::ListenExtend,
            "userDataStream.stop" => Self::ListenStop,
            _ => return None,
        })
    }

    fn is_signed(self) -> bool {
        !self.is_public() && !self.is_keyed()
    }

    fn is_keyed(self) -> bool {
        matches!(self, Self::ListenStart | Self::ListenExtend | Self::ListenStop)
    }

    fn is_order(self) -> bool {
        matches!(
            self,
            Self::Place
                | Self::Test
                | Self::Modify
                | Self::Cancel
                | Self::PlaceAll
                | Self::ModifyAll
                | Self::CancelSeveral
                | Self::CancelAll
                | Self::AlgoPlace
                | Self::AlgoCancel
                | Self::AlgoCancelAll
        )
    }

    fn is_free(self) -> bool {
        false
    }

    fn orders(self) -> Option<[u64; 3]> {
        match self {
            Self::Place | Self::Modify | Self::AlgoPlace => Some([1; 3]),
            Self::PlaceAll | Self::ModifyAll => Some(BATCH),
            _ => None,
        }
    }

    fn weight(self, params: &Params) -> u64 {
        let one = params.get("symbol").is_some();
        match self {
            Self::Place | Self::Modify | Self::Test | Self::AlgoPlace => 0,
            Self::Depth => match params.integer("limit").ok().flatten().unwrap_or(500) {
                0..=50 => 2,
                51..=100 => 5,
                101..=500 => 10,
                _ => 20,
            },
            Self::Trades | Self::PlaceAll | Self::ModifyAll => 5,
            Self::AggTrades => 20,
            Self::Forced => either(one, 20, 50),
            Self::TickerPrice => either(one, 1, 2),
            Self::TickerBook => either(one, 2, 5),
            Self::Premium => either(one, 1, 10),
            Self::Ticker24 => either(one, 1, 40),
            Self::OpenOrders => either(one, 1, 40),
            Self::AlgoOpen => either(one, 1, 40),
            Self::AllOrders => either(one, 5, 40),
            Self::AlgoAll | Self::UserTrades | Self::Balance => 5,
            Self::Account { .. } | Self::Positions { .. } => 5,
            Self::Config | Self::SymbolConfig => 5,
            Self::Countdown => 10,
            Self::Commission => 20,
            Self::Income | Self::Mode | Self::MultiAssets => 30,
            _ => 1,
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
            Some(account) => self.signed(floor, params, account, now_ms),
            None => public::answer(floor, self, params, now_ms),
        }
    }

    fn feed(
        _floor: &mut Floor,
        _desk: &mut Desk,
        method: &str,
        _params: &Params,
    ) -> Result<String, Denial> {
        Err(unknown_method(method))
    }
}
