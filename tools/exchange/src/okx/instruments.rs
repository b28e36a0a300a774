//! Instruments: their metadata, and how requests name them.

use super::args::{Args, CODE};
use super::denial::Denial;
use super::size::{plain, size};
use super::words;
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::SymbolId;
use crate::symbol::{NOTIONAL_MAX, Product, SCALE, Symbol};
use crate::venue::Venue;

/// The code of the first instrument.
const CODE_FIRST: u64 = 10_459;
/// When everything was listed.
const LIST_TIME: &str = "1611916828000";

/// `instIdCode` of a symbol.
pub(crate) fn code(symbol: SymbolId) -> u64 {
    CODE_FIRST + u64::from(symbol)
}

/// The instrument of this name; OKX names differ by product.
pub(crate) fn named(venue: &Venue, name: &str) -> Option<SymbolId> {
    [Product::Spot, Product::Perp].into_iter().find_map(|one| venue.symbol_id(one, name))
}

/// `BTC-USDT`: the underlying of a swap, and an index.
pub(crate) fn underlying(symbol: &Symbol) -> String {
    format!("{}-{}", symbol.base, symbol.quote)
}

/// How a request says which instrument it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// REST: `instId`.
    Id,
    /// Order entry over WebSocket: `instIdCode`, a JSON number.
    Code,
}

/// The instrument of an order, a cancel or an amendment.
pub(crate) fn addressed(floor: &Floor, args: &Args, naming: Naming) -> Result<SymbolId, Denial> {
    if naming == Naming::Id {
        return named(&floor.venue, args.need("instId")?).ok_or_else(Denial::instrument);
    }
    args.need(CODE)?;
    let code = args.integer(CODE)?.and_then(|code| code.checked_sub(CODE_FIRST));
    let symbol = code.and_then(|n| SymbolId::try_from(n).ok());
    let known = |symbol: &SymbolId| usize::from(*symbol) < floor.venue.listings.len();
    symbol.filter(known).ok_or_else(Denial::instrument)
}

/// The optional instrument of a query.
pub(crate) fn optional(floor: &Floor, args: &Args) -> Result<Option<SymbolId>, Denial> {
    let Some(name) = args.get("instId") else { return Ok(None) };
    named(&floor.venue, name).map(Some).ok_or_else(Denial::instrument)
}

/// The optional `instType` of a query: none is any, `Some(None)` one that nothing here has.
pub(crate) fn product(args: &Args) -> Result<Option<Option<Product>>, Denial> {
    match args.get("instType") {
        None | Some("ANY") => Ok(None),
        Some("FUTURES" | "OPTION" | "MARGIN" | "EVENTS") => Ok(Some(None)),
        Some(text) => words::read_product(text)
            .map(|one| Some(Some(one)))
            .ok_or_else(|| Denial::parameter("instType")),
    }
}

/// Whether a symbol is of the product asked for.
pub(crate) fn fits(wanted: Option<Option<Product>>, symbol: &Symbol) -> bool {
    wanted.is_none_or(|product| product == Some(symbol.product()))
}

/// `public/instruments`: those that fit `instType`, `instId` and `uly`.
pub(crate) fn list(floor: &Floor, args: &Args) -> Result<String, Denial> {
    args.need("instType")?;
    let (product, id) = (product(args)?, optional(floor, args)?);
    let under = args.get("uly").or(args.get("instFamily"));
    let all = floor.venue.listings.iter().enumerate();
    let wanted = all.filter(|(n, listing)| {
        let spec = &listing.symbol;
        fits(product, spec)
            && id.is_none_or(|id| usize::from(id) == *n)
            && under.is_none_or(|name| spec.perp.is_some() && underlying(spec) == name)
    });
    Ok(array(wanted.map(|(n, listing)| info(&listing.symbol, n as SymbolId))))
}

/// One instrument's metadata.
pub(crate) fn info(symbol: &Symbol, id: SymbolId) -> String {
    let swap = symbol.perp.as_ref();
    let under = swap.map(|_| underlying(symbol)).unwrap_or_default();
    let only = |text: &str| if swap.is_some() { text.to_string() } else { String::new() };
    let spot = |text: &str| if swap.is_some() { String::new() } else { text.to_string() };
    let step = plain(size(symbol, 1));
    let out = Object::new()
        .put("instType", words::product(symbol.product()))
        .put("instId", &symbol.name)
        .put(CODE, code(id))
        .put("instFamily", &under)
        .put("uly", &under)
        .put("baseCcy", spot(&symbol.base))
        .put("quoteCcy", spot(&symbol.quote))
        .put("settleCcy", only(&symbol.quote))
        .put("ctVal", only(&plain(symbol.contract)))
        .put("ctMult", only("1"))
        .put("ctValCcy", only(&symbol.base))
        .put("ctType", only("linear"))
        .put("tickSz", plain(symbol.tick))
        .put("lotSz", &step)
        .put("minSz", &step)
        .put("maxLmtSz", plain(size(symbol, symbol.qty_max / symbol.lot)))
        .put("maxMktSz", plain(size(symbol, symbol.market_qty_max / symbol.lot)))
        .put("maxLmtAmt", plain(NOTIONAL_MAX))
        .put("maxMktAmt", plain(NOTIONAL_MAX))
        .put("lever", swap.map(|terms| terms.leverage_max.to_string()).unwrap_or_default());
    out.put("listTime", LIST_TIME)
        .put("expTime", "")
        .put("state", "live")
        .put("ruleType", "normal")
        .put("groupId", "1")
        .put("alias", "")
        .put("category", "1")
        .put("optType", "")
        .put("stk", "")
        .put("tradeQuoteCcyList", [&symbol.quote])
        .raw("upcChg", "[]")
        .end()
}

/// `public/position-tiers`: one tier, up to the largest order.
pub(crate) fn tiers(floor: &Floor, args: &Args) -> Result<String, Denial> {
    let under = args.get("instFamily").or(args.get("uly"));
    let listings = floor.venue.listings.iter().filter(|listing| {
        under.is_none_or(|name| name.split(',').any(|one| one == underlying(&listing.symbol)))
    });
    Ok(array(listings.filter_map(|listing| {
        let (spec, terms) = (&listing.symbol, listing.symbol.perp.as_ref()?);
        let initial = SCALE / i64::from(terms.leverage_max.max(1));
        let out = Object::new()
            .put("instFamily", underlying(spec))
            .put("instId", "")
            .put("tier", "1")
            .put("minSz", "0")
            .put("maxSz", plain(size(spec, spec.qty_max / spec.lot)))
            .put("mmr", plain(terms.maintenance))
            .put("imr", plain(initial))
            .put("maxLever", terms.leverage_max.to_string());
        Some(out.put("uly", underlying(spec)).put("baseMaxLoan", "").put("quoteMaxLoan", "").end())
    })))
}
