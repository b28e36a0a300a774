//! REST endpoints: path, whether it is private, its limit, and who answers it.

use super::args::Args;
use super::denial::Denial;
use super::orders::{Batch, Op};
use super::{accounts, algos, countdown, instruments::Naming, orders, public, queries};
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::AccountId;

/// A request whose sender is known.
pub(crate) struct Asked<'a> {
    /// Query, or objects of the body.
    pub items: &'a [Args],
    /// Zero for a public call.
    pub account: AccountId,
    /// The path below `/api/v5/`.
    pub path: &'a str,
    pub now_ms: u64,
}

impl Asked<'_> {
    /// The query, or the first object of the body.
    pub(crate) fn args(&self) -> &Args {
        static NONE: std::sync::LazyLock<Args> = std::sync::LazyLock::new(Args::default);
        self.items.first().unwrap_or(&NONE)
    }

    /// Most rows that a call for market data gives.
    pub(crate) fn rows_max(&self) -> u64 {
        match self.path {
            "market/books-full" => 5000,
            "market/books" => 400,
            "market/candles" => 300,
            "market/trades" => 500,
            _ => 100,
        }
    }
}

/// An answer: `code` and `msg` of the whole, rows as a JSON array.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    pub code: &'static str,
    pub msg: &'static str,
    pub rows: String,
}

impl Reply {
    pub(crate) fn rows(rows: String) -> Result<Self, Denial> {
        Ok(Self { code: "0", msg: "", rows })
    }

    pub(crate) fn one(row: String) -> Result<Self, Denial> {
        Self::rows(array([row]))
    }

    /// `{"code":…,"data":…,"msg":…}`, with the times (µs) of an order request.
    pub(crate) fn json(&self, times_us: Option<(u64, u64)>) -> String {
        let out = Object::new().put("code", self.code).raw("data", &self.rows).put("msg", self.msg);
        match times_us {
            None => out.end(),
            Some((came, goes)) => {
                out.put("inTime", came.to_string()).put("outTime", goes.to_string()).end()
            }
        }
    }
}

type Answer = fn(&mut Floor, &Asked<'_>) -> Result<Reply, Denial>;

/// One endpoint.
pub(crate) struct Endpoint {
    pub method: &'static str,
    pub path: &'static str,
    pub private: bool,
    /// Requests per two seconds; orders are counted by instrument instead.
    pub limit: u64,
    pub work: Work,
}

/// What an endpoint does.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    Answer(Answer),
    Orders(Op, Batch),
}

const fn public(path: &'static str, limit: u64, answer: Answer) -> Endpoint {
    Endpoint { method: "GET", path, private: false, limit, work: Work::Answer(answer) }
}

const fn read(path: &'static str, limit: u64, answer: Answer) -> Endpoint {
    Endpoint { method: "GET", path, private: true, limit, work: Work::Answer(answer) }
}

const fn write(path: &'static str, limit: u64, answer: Answer) -> Endpoint {
    Endpoint { method: "POST", path, private: true, limit, work: Work::Answer(answer) }
}

const fn trade(path: &'static str, op: Op, batch: Batch) -> Endpoint {
    Endpoint { method: "POST", path, private: true, limit: u64::MAX, work: Work::Orders(op, batch) }
}

/// All of them.
const ALL: &[Endpoint] = &[
    public("public/time", 20, public::time),
    public("public/instruments", 40, public::instruments),
    public("public/position-tiers", 20, public::tiers),
    public("public/mark-price", 20, |f, a| public::swaps(f, a, "mark-price")),
    public("public/funding-rate", 40, |f, a| public::swaps(f, a, "funding-rate")),
    public("public/funding-rate-history", 20, public::funding_history),
    public("public/open-interest", 40, |f, a| public::swaps(f, a, "open-interest")),
    public("public/price-limit", 40, |f, a| public::swaps(f, a, "price-limit")),
    public("market/index-tickers", 40, public::index_tickers),
    public("market/books", 80, public::book),
    public("market/books-full", 20, public::book),
    public("market/ticker", 40, public::ticker),
    public("market/tickers", 40, public::tickers),
    public("market/trades", 200, public::trades),
    public("market/history-trades", 40, public::trades),
    public("market/candles", 80, public::candles),
    public("market/history-candles", 40, public::candles),
    public("system/status", 2, public::status),
    trade("trade/order", Op::Place, Batch::Single),
    trade("trade/batch-orders", Op::Place, Batch::Many),
    trade("trade/cancel-order", Op::Cancel, Batch::Single),
    trade("trade/cancel-batch-orders", Op::Cancel, Batch::Many),
    trade("trade/amend-order", Op::Amend, Batch::Single),
    trade("trade/amend-batch-orders", Op::Amend, Batch::Many),
    write("trade/order-algo", 20, algos::place),
    write("trade/cancel-algos", 20, algos::cancel),
    read("trade/order-algo", 20, algos::one),
    read("trade/orders-algo-pending", 20, |f, a| algos::list(f, a, true)),
    read("trade/orders-algo-history", 20, |f, a| algos::list(f, a, false)),
    write("trade/close-position", 20, orders::close_position),
    write("trade/cancel-all-after", 2, countdown::cancel_all_after),
    read("trade/order", 60, queries::order),
    read("trade/orders-pending", 60, queries::pending),
    read("trade/orders-history", 40, queries::history),
    read("trade/orders-history-archive", 20, queries::history),
    read("trade/fills", 60, queries::fills),
    read("trade/fills-history", 10, queries::fills),
    read("trade/account-rate-limit", 1, accounts::rate_limit),
    read("account/instruments", 20, public::instruments),
    read("account/balance", 10, accounts::balance),
    read("account/positions", 10, accounts::positions),
    read("account/config", 5, accounts::config),
    read("account/trade-fee", 5, accounts::fee),
    read("account/leverage-info", 20, accounts::leverage),
    write("account/set-leverage", 20, accounts::set_leverage),
    write("account/set-position-mode", 5, accounts::set_mode),
    read("account/max-size", 20, accounts::max_size),
    read("account/bills", 5, accounts::bills),
    read("account/bills-archive", 5, accounts::bills),
    read("asset/currencies", 12, accounts::currencies),
];

/// The endpoint of a request; `path` is what follows `/api/v5/`. A path that is there for another
/// method is refused as such.
pub(crate) fn find(method: &str, path: &str) -> Result<&'static Endpoint, Denial> {
    if let Some(found) = ALL.iter().find(|one| one.method == method && one.path == path) {
        return Ok(found);
    }
    if ALL.iter().any(|one| one.path == path) {
        return Err(Denial::new(50405, "Method Not Allowed"));
    }
    Err(Denial::new(50404, "Not Found"))
}

/// How REST names instruments in orders.
pub(crate) const NAMING: Naming = Naming::Id;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_found_by_method_and_path() {
        assert!(find("GET", "trade/order").is_ok_and(|one| matches!(one.work, Work::Answer(_))));
        assert!(find("POST", "trade/order").is_ok_and(|one| one.private));
        assert_eq!(find("GET", "trade/batch-orders").map(|_| ()).unwrap_err().code, 50405);
        assert_eq!(find("GET", "trade/fly").map(|_| ()).unwrap_err().code, 50404);
    }
}
