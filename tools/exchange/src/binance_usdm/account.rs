//! What an account holds: balances, the whole account, positions at risk.

use super::public::symbol;
use super::tell;
use crate::account::Account;
use crate::binance::denial::Denial;
use crate::binance::params::Params;
use crate::binance::places;
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::{AccountId, Leg, Side, SymbolId};
use crate::symbol::Product;
use crate::venue::Position;
use std::collections::BTreeSet;

/// The asset that perpetuals are margined in.
const SETTLE: &str = "USDT";

/// When an account last changed; zero would say that its balances were never set.
fn updated_ms(holder: &Account) -> u64 {
    holder.updated_ms.max(1)
}

/// `balance`: one entry per asset.
pub(crate) fn balances(floor: &Floor, account: AccountId) -> String {
    let holder = floor.venue.account(account);
    let margin = floor.venue.margin(account);
    array(holder.balances.iter().map(|(asset, balance)| {
        let wallet = balance.free + balance.locked;
        let settles = asset == SETTLE;
        let available = if settles { margin.available.max(0) } else { wallet };
        Object::new()
            .put("accountAlias", format!("sim{account}"))
            .put("asset", asset)
            .dec("balance", wallet)
            .dec("crossWalletBalance", wallet)
            .dec("crossUnPnl", if settles { margin.unrealised } else { 0 })
            .dec("availableBalance", available)
            .dec("maxWithdrawAmount", available.min(wallet))
            .put("marginAvailable", true)
            .put("updateTime", updated_ms(holder))
            .end()
    }))
}

/// `account`: sums, assets and positions; `all` tells flat symbols too.
pub(crate) fn whole(floor: &Floor, account: AccountId, all: bool) -> String {
    let holder = floor.venue.account(account);
    let margin = floor.venue.margin(account);
    let available = margin.available.max(0);
    let assets = array(holder.balances.iter().map(|(asset, balance)| {
        let wallet = balance.free + balance.locked;
        let part = |sum: i64| if asset == SETTLE { sum } else { 0 };
        let available = if asset == SETTLE { available } else { wallet };
        Object::new()
            .put("asset", asset)
            .dec("walletBalance", wallet)
            .dec("unrealizedProfit", part(margin.unrealised))
            .dec("marginBalance", wallet + part(margin.unrealised))
            .dec("maintMargin", part(margin.maintenance))
            .dec("initialMargin", part(margin.positions + margin.orders))
            .dec("positionInitialMargin", part(margin.positions))
            .dec("openOrderInitialMargin", part(margin.orders))
            .dec("crossWalletBalance", wallet)
            .dec("crossUnPnl", part(margin.unrealised))
            .dec("availableBalance", available)
            .dec("maxWithdrawAmount", available.min(wallet))
            .put("marginAvailable", true)
            .put("updateTime", updated_ms(holder))
            .end()
    }));
    let positions = held(floor, account, None, all);
    let positions = array(positions.iter().map(|one| position(floor, account, one, true)));
    Object::new()
        .put("feeTier", 0)
        .put("canTrade", true)
        .put("canDeposit", true)
        .put("canWithdraw", true)
        .put("multiAssetsMargin", false)
        .put("updateTime", updated_ms(holder))
        .dec("totalInitialMargin", margin.positions + margin.orders)
        .dec("totalMaintMargin", margin.maintenance)
        .dec("totalWalletBalance", margin.wallet)
        .dec("totalUnrealizedProfit", margin.unrealised)
        .dec("totalMarginBalance", margin.equity)
        .dec("totalPositionInitialMargin", margin.positions)
        .dec("totalOpenOrderInitialMargin", margin.orders)
        .dec("totalCrossWalletBalance", margin.wallet)
        .dec("totalCrossUnPnl", margin.unrealised)
        .dec("availableBalance", available)
        .dec("maxWithdrawAmount", available.min(margin.wallet))
        .raw("assets", &assets)
        .raw("positions", &positions)
        .end()
}

/// `positionRisk`: positions, and symbols with open orders; all symbols where `all`.
pub(crate) fn positions(
    floor: &Floor,
    params: &Params,
    account: AccountId,
    all: bool,
) -> Result<String, Denial> {
    let symbol = params.get("symbol").map(|_| symbol(floor, params)).transpose()?;
    let positions = held(floor, account, symbol, all);
    Ok(array(positions.iter().map(|one| position(floor, account, one, false))))
}

/// An account's positions: those that are held or have open orders, or of all symbols.
fn held(floor: &Floor, account: AccountId, only: Option<SymbolId>, all: bool) -> Vec<Position> {
    let holder = floor.venue.account(account);
    let legs: &[Leg] = if holder.settings.hedge { &[Leg::Long, Leg::Short] } else { &[Leg::Net] };
    let orders = holder.open.iter().filter_map(|id| floor.venue.orders.get(id));
    let ordered: BTreeSet<(SymbolId, Leg)> = orders.map(|one| (one.symbol, one.leg)).collect();
    let symbols = floor.venue.symbols(Product::Perp);
    let symbols = symbols.filter(|id| only.is_none_or(|only| *id == only));
    let each = symbols.flat_map(|id| legs.iter().map(move |leg| (id, *leg)));
    let shown = |one: &Position| all || one.lots != 0 || ordered.contains(&(one.symbol, one.leg));
    each.map(|(id, leg)| holder.position(id, leg)).filter(shown).collect()
}

/// What a leg's open orders of one side are worth.
fn ordered(floor: &Floor, account: AccountId, one: &Position, side: Side) -> i64 {
    let orders = floor.venue.account(account).open.iter();
    let orders = orders.filter_map(|id| floor.venue.orders.get(id));
    let fits =
        orders.filter(|order| (order.symbol, order.leg, order.side) == (one.symbol, one.leg, side));
    let unit = floor.venue.listing(one.symbol).symbol.unit();
    fits.fold(0, |sum, order| {
        let worth = order.price.saturating_mul(order.left()).saturating_mul(unit);
        i64::saturating_add(sum, worth)
    })
}

/// One position; `account` and `positionRisk` write the profit differently.
fn position(floor: &Floor, account: AccountId, one: &Position, in_account: bool) -> String {
    let listing = floor.venue.listing(one.symbol);
    let spec = &listing.symbol;
    let [price, qty] = places(spec);
    let mark = listing.mark.as_ref().map_or(0, |mark| mark.price);
    let leverage = floor.venue.leverage(account, one.symbol);
    let worth = one.worth(spec, mark);
    let bids = ordered(floor, account, one, Side::Buy);
    let asks = ordered(floor, account, one, Side::Sell);
    let most = worth.abs().max((worth + bids).abs()).max((worth - asks).abs());
    let [initial, open] = [worth.abs(), most - worth.abs()].map(|sum| sum / i64::from(leverage));
    let liquidation = floor.venue.liquidation_price(account, one).filter(|_| one.lots != 0);
    let profit = if in_account { "unrealizedProfit" } else { "unRealizedProfit" };
    Object::new()
        .put("symbol", &spec.name)
        .put("positionSide", tell::leg(one.leg))
        .fixed("positionAmt", one.lots * spec.lot, qty)
        .dec("entryPrice", one.entry(spec))
        .dec("breakEvenPrice", one.entry(spec))
        .dec("markPrice", mark)
        .dec(profit, one.unrealised(spec, mark))
        .fixed("liquidationPrice", liquidation.unwrap_or(0), price)
        .dec("isolatedMargin", 0)
        .dec("notional", worth)
        .put("marginAsset", &spec.quote)
        .dec("isolatedWallet", 0)
        .dec("initialMargin", initial + open)
        .dec("maintMargin", tell::maintenance(spec, worth))
        .dec("positionInitialMargin", initial)
        .dec("openOrderInitialMargin", open)
        .put("adl", 0)
        .dec("bidNotional", bids)
        .dec("askNotional", asks)
        .put("leverage", leverage.to_string())
        .put("marginType", "cross")
        .put("isolated", false)
        .put("isAutoAddMargin", "false")
        .put("updateTime", one.updated_ms)
        .end()
}
