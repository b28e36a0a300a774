//! Questions about orders and trades: by either id, open ones, ended ones, since when.

use super::args::Args;
use super::denial::Denial;
use super::endpoints::{Asked, Reply};
use super::views::{self, Change};
use super::{instruments, words};
use crate::floor::Floor;
use crate::json::array;
use crate::order::{Order, SymbolId};
use crate::symbol::Product;

/// What a list of orders or trades is narrowed to.
struct Filter<'a> {
    product: Option<Option<Product>>,
    symbol: Option<SymbolId>,
    order_type: Option<&'a str>,
    state: Option<&'a str>,
    order: Option<u64>,
    /// Ids older than, and newer than, these.
    after: Option<u64>,
    before: Option<u64>,
    begin: Option<u64>,
    end: Option<u64>,
    limit: usize,
}

impl<'a> Filter<'a> {
    fn read(floor: &Floor, args: &'a Args) -> Result<Self, Denial> {
        Ok(Self {
            product: instruments::product(args)?,
            symbol: instruments::optional(floor, args)?,
            order_type: args.get("ordType"),
            state: args.get("state"),
            order: args.integer("ordId")?,
            after: args.integer("after")?,
            before: args.integer("before")?,
            begin: args.integer("begin")?,
            end: args.integer("end")?,
            limit: args.limit()?,
        })
    }

    fn takes(&self, floor: &Floor, symbol: SymbolId, id: u64, time_ms: u64) -> bool {
        self.symbol.is_none_or(|own| own == symbol)
            && instruments::fits(self.product, &floor.venue.listing(symbol).symbol)
            && self.after.is_none_or(|after| id < after)
            && self.before.is_none_or(|before| id > before)
            && self.begin.is_none_or(|begin| time_ms >= begin)
            && self.end.is_none_or(|end| time_ms <= end)
    }

    fn takes_order(&self, floor: &Floor, order: &Order) -> bool {
        let kinds = self.order_type.map(|kinds| kinds.split(','));
        self.takes(floor, order.symbol, order.id, order.created_ms)
            && kinds.is_none_or(|mut kinds| kinds.any(|one| one == words::order_type(order)))
            && self.state.is_none_or(|state| state == words::state(order.status))
    }
}

fn row(floor: &Floor, order: &Order) -> String {
    let fills = floor.venue.account(order.account).fills.iter().rev();
    let last = fills.take_while(|fill| fill.time_ms >= order.created_ms);
    let fill = last.into_iter().find(|fill| fill.order == order.id);
    views::order(&floor.venue, order, &Change { fill, ..Change::default() })
}

/// `trade/order`: by `ordId`, else the latest of `clOrdId`.
pub(crate) fn order(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let args = asked.args();
    let symbol = instruments::addressed(floor, args, instruments::Naming::Id)?;
    let own = |order: &&Order| order.account == asked.account && order.symbol == symbol;
    let orders = &floor.venue.orders;
    let found = match (args.integer("ordId")?, args.get("clOrdId")) {
        (Some(id), _) => orders.get(&id).filter(own),
        (None, Some(client)) => {
            orders.values().rev().find(|order| own(order) && order.client == client)
        }
        (None, None) => return Err(Denial::missing("ordId or clOrdId")),
    };
    Reply::one(row(floor, found.ok_or_else(Denial::no_order)?))
}

/// `trade/orders-pending`, newest first; `after` an `ordId` are older ones.
pub(crate) fn pending(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let filter = Filter::read(floor, asked.args())?;
    let open = floor.venue.account(asked.account).open.iter().rev();
    let open = open.filter_map(|id| floor.venue.orders.get(id));
    let fits = open.filter(|order| filter.takes_order(floor, order)).take(filter.limit);
    Reply::rows(array(fits.map(|order| row(floor, order))))
}

/// `trade/orders-history`: ended orders, newest first.
pub(crate) fn history(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    asked.args().need("instType")?;
    let filter = Filter::read(floor, asked.args())?;
    let all = floor.venue.orders.values().rev();
    let ended = all.filter(|order| order.account == asked.account && !order.status.is_open());
    let fits = ended.filter(|order| filter.takes_order(floor, order)).take(filter.limit);
    Reply::rows(array(fits.map(|order| row(floor, order))))
}

/// `trade/fills`: trades, newest first; pages are by `billId`.
pub(crate) fn fills(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let filter = Filter::read(floor, asked.args())?;
    let all = floor.venue.account(asked.account).fills.iter().enumerate().rev();
    let fits = all.filter(|(n, fill)| {
        let id = views::bill_id(fill.time_ms, *n, false);
        filter.takes(floor, fill.symbol, id, fill.time_ms)
            && filter.order.is_none_or(|order| order == fill.order)
    });
    let rows = fits.take(filter.limit).map(|(n, fill)| views::fill(&floor.venue, fill, n));
    Reply::rows(array(rows))
}
