//! Positions and the wallet as REST and the private stream tell them.

use super::tell::{plain, price8, qty};
use super::{stops, tell, words};
use crate::json::{Object, array};
use crate::listing::Listing;
use crate::order::{AccountId, Leg, SymbolId};
use crate::symbol::{NOTIONAL_MAX, SCALE};
use crate::venue::{SETTLE, Venue};

/// One position; a flat one has no side.
pub(crate) fn position(venue: &Venue, account: AccountId, symbol: SymbolId, leg: Leg) -> String {
    let listing = venue.listing(symbol);
    let spec = &listing.symbol;
    let one = venue.account(account).position(symbol, leg);
    let mark = listing.mark.as_ref().map_or(0, |mark| mark.price);
    let leverage = i64::from(venue.leverage(account, symbol));
    let worth = one.worth(spec, mark).abs();
    let share = spec.perp.as_ref().map_or(0, |terms| terms.maintenance);
    let maintenance = (i128::from(worth) * i128::from(share) / i128::from(SCALE)) as i64;
    let entry = price8(spec, one.entry(spec));
    let liquidation = venue.liquidation_price(account, &one).filter(|_| one.lots != 0);
    let [profit, loss, trail] = stops::of_position(venue, account, (symbol, leg));
    let at = |ticks: Option<i64>| ticks.map(|at| tell::price(spec, at)).unwrap_or_default();
    let side = match one.lots {
        0 => "",
        lots if lots > 0 => "Buy",
        _ => "Sell",
    };
    Object::new()
        .put("category", "linear")
        .put("symbol", &spec.name)
        .put("side", side)
        .put("size", qty(spec, one.lots.abs()))
        .put("positionIdx", words::position_idx(leg))
        .put("positionValue", plain(one.cost.abs()))
        .put("entryPrice", &entry)
        .put("avgPrice", &entry)
        .put("markPrice", price8(spec, mark))
        .put("leverage", leverage.to_string())
        .put("breakEvenPrice", &entry)
        .put("riskId", 1)
        .put("riskLimitValue", plain(NOTIONAL_MAX))
        .put("tradeMode", 0)
        .put("autoAddMargin", 0)
        .put("positionBalance", plain(worth / leverage))
        .put("positionIM", plain(worth / leverage))
        .put("positionMM", plain(maintenance))
        .put("liqPrice", liquidation.map_or(String::new(), |value| price8(spec, value)))
        .put("bustPrice", "")
        .put("tpslMode", "Full")
        .put("takeProfit", at(profit))
        .put("stopLoss", at(loss))
        .put("trailingStop", trail.map_or("0".into(), |ticks| tell::price(spec, ticks)))
        .put("unrealisedPnl", plain(one.unrealised(spec, mark)))
        .put("curRealisedPnl", plain(one.realised + one.funding))
        .put("cumRealisedPnl", plain(one.realised + one.funding))
        .put("positionStatus", "Normal")
        .put("adlRankIndicator", 0)
        .put("isReduceOnly", false)
        .put("mmrSysUpdatedTime", "")
        .put("leverageSysUpdatedTime", "")
        .put("seq", listing.update)
        .put("createdTime", one.updated_ms.to_string())
        .put("updatedTime", one.updated_ms.to_string())
        .end()
}

/// Dollar price of an asset in 1e-8; zero where nothing tells it.
fn dollars(venue: &Venue, asset: &str) -> i64 {
    if matches!(asset, "USDT" | "USDC" | "USD") {
        return SCALE;
    }
    let quoted = |one: &&Listing| one.symbol.base == asset && one.symbol.quote == SETTLE;
    venue.listings.iter().find(quoted).map_or(0, |one| one.last * one.symbol.tick)
}

/// The account's totals and its coins (all, or those named). Only [`SETTLE`] is margin.
pub(crate) fn wallet(venue: &Venue, account: AccountId, coins: Option<&[&str]>) -> String {
    let holder = venue.account(account);
    let margin = venue.margin(account);
    let usd = |asset: &str, amount: i64| {
        (i128::from(amount) * i128::from(dollars(venue, asset)) / i128::from(SCALE)) as i64
    };
    let mut equity = 0_i64;
    let mut wallet = 0_i64;
    let mut rows = Vec::new();
    for (asset, balance) in &holder.balances {
        let settles = asset == SETTLE;
        let total = balance.free + balance.locked;
        let unrealised = if settles { margin.unrealised } else { 0 };
        equity = equity.saturating_add(usd(asset, total + unrealised));
        wallet = wallet.saturating_add(usd(asset, total));
        if coins.is_some_and(|coins| !coins.contains(&asset.as_str())) {
            continue;
        }
        let only = |value: i64| plain(if settles { value } else { 0 });
        let realised: i64 = holder.positions.iter().map(|one| one.realised + one.funding).sum();
        let row = Object::new()
            .put("coin", asset)
            .put("equity", plain(total + unrealised))
            .put("usdValue", plain(usd(asset, total + unrealised)))
            .put("walletBalance", plain(total))
            .put("free", "")
            .put("locked", plain(balance.locked))
            .put("spotHedgingQty", "0")
            .put("borrowAmount", "0")
            .put("availableToWithdraw", "")
            .put("accruedInterest", "0")
            .put("totalOrderIM", only(margin.orders))
            .put("totalPositionIM", only(margin.positions))
            .put("totalPositionMM", only(margin.maintenance))
            .put("unrealisedPnl", plain(unrealised))
            .put("cumRealisedPnl", only(realised))
            .put("bonus", "0")
            .put("marginCollateral", settles)
            .put("collateralSwitch", settles)
            .put("spotBorrow", "0");
        rows.push(row.end());
    }
    let rate = |part: i64| plain(tell::ratio(part, margin.equity));
    let initial = margin.positions + margin.orders;
    Object::new()
        .put("accountType", "UNIFIED")
        .put("accountLTV", "")
        .put("accountIMRate", rate(initial))
        .put("accountMMRate", rate(margin.maintenance))
        .put("totalEquity", plain(equity))
        .put("totalWalletBalance", plain(wallet))
        .put("totalMarginBalance", plain(margin.equity))
        .put("totalAvailableBalance", plain(margin.available))
        .put("totalPerpUPL", plain(margin.unrealised))
        .put("totalInitialMargin", plain(initial))
        .put("totalMaintenanceMargin", plain(margin.maintenance))
        .raw("coin", &array(rows))
        .end()
}
