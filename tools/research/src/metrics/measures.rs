//! Who measures a run as it goes.

use super::formulas::{self, YEAR_S, defined};
use super::returns::{Drawdown, Returns};
use super::trades::{Lots, Tradings};
use super::{Held, Metrics, Tally, Trade};
use crate::run::{AFTER, Filled, Funded, Look, Marked, Market, Meta, Sent, Witness};
use engine::time::Nanos;
use std::collections::VecDeque;

/// Trades that are kept: the newest ones.
pub const TRADES_KEPT: usize = 500;
/// The distance of [`AFTER`] that adverse selection is told at.
const ADVERSE: usize = 2;
const BPS: f64 = 1e4;

/// One market.
#[derive(Clone, Debug)]
struct Place {
    market: Market,
    rate: f64,
    position: f64,
    inventory: Tally,
}

/// A mean weighted by value.
#[derive(Clone, Copy, Debug, Default)]
struct Weighted {
    sum: f64,
    weight: f64,
}

impl Weighted {
    /// Adds an amount of money that was won on this value; one that is not known is left out.
    fn push(&mut self, amount: f64, value: f64) {
        if amount.is_finite() {
            self.sum += amount;
            self.weight += value;
        }
    }

    fn bps(&self) -> f64 {
        defined(self.sum, self.weight) * BPS
    }
}

/// Sums over quotes at looks.
#[derive(Clone, Copy, Debug, Default)]
struct Quoting {
    looks: u64,
    both: u64,
    best: u64,
}

/// Measures a run.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    places: Vec<Place>,
    start: f64,
    equity: f64,
    span: Option<(Nanos, Nanos)>,
    returns: Returns,
    drawdown: Drawdown,
    lots: Lots,
    tradings: Tradings,
    trades: VecDeque<Trade>,
    holding: Option<Tally>,
    quoting: Quoting,
    fills: u64,
    orders: u64,
    turnover: f64,
    turnover_made: f64,
    sent: f64,
    fees: f64,
    funding: f64,
    spread: Weighted,
    slippage: Weighted,
    markouts: [Weighted; AFTER.len()],
    adverse: [Weighted; AFTER.len()],
}

impl Witness for Measures {
    const LOOKS: bool = true;

    fn begins(&mut self, meta: &Meta) {
        let place = |market: &Market| Place {
            market: market.clone(),
            rate: 1.0,
            position: 0.0,
            inventory: Tally::new(market.lot),
        };
        self.places = meta.markets.iter().map(place).collect();
        (self.start, self.equity) = (meta.equity, meta.equity);
        // Milliseconds to begin with.
        self.holding = Some(Tally::new(1e-3));
    }

    fn looks(&mut self, look: &Look) {
        let Some(place) = self.places.get_mut(look.market) else { return };
        (place.rate, place.position) = (look.rate, look.position);
        place.inventory.push(look.position);
        let half = place.market.tick / 2.0;
        let quoting = &mut self.quoting;
        quoting.looks += 1;
        quoting.both += u64::from(look.own_bid.is_finite() && look.own_ask.is_finite());
        quoting.best += u64::from(look.own_bid > look.bid - half);
        quoting.best += u64::from(look.own_ask < look.ask + half);
        let is_new = self.span.is_none_or(|(_, last)| look.at > last);
        if is_new && look.equity.is_finite() {
            self.span = Some((self.span.map_or(look.at, |(first, _)| first), look.at));
            self.equity = look.equity;
            self.returns.push(look.at, look.equity);
            self.drawdown.push(look.at, look.equity);
        }
    }

    fn sent(&mut self, sent: &Sent) {
        self.orders += 1;
        self.sent += sent.price * sent.qty * self.rate(sent.market);
    }

    fn filled(&mut self, fill: &Filled) {
        let rate = self.rate(fill.market);
        let value = fill.price * fill.qty * rate;
        let sign = fill.side.sign() as f64;
        let edge = sign * (fill.mid - fill.price) * fill.qty * rate;
        self.fills += 1;
        self.turnover += value;
        self.fees += fill.fee * rate;
        self.spread.push(edge, value);
        if fill.is_maker {
            self.turnover_made += value;
        } else {
            self.slippage.push(-edge, value);
        }
        let Some(place) = self.places.get_mut(fill.market) else { return };
        // Until the next look tells it.
        place.position += sign * fill.qty;
        let Self { lots, tradings, trades, holding, .. } = self;
        lots.fill(fill, place.market.lot / 2.0, |trade| {
            tradings.push(trade.pnl * rate);
            if let Some(holding) = holding {
                holding.push(trade.closed.since(trade.opened).as_s_f64());
            }
            if trades.len() == TRADES_KEPT {
                trades.pop_front();
            }
            trades.push_back(trade);
        });
    }

    fn marked(&mut self, marked: &Marked) {
        let scale = marked.side.sign() as f64 * marked.qty * self.rate(marked.market);
        let value = marked.price * marked.qty * self.rate(marked.market);
        if let Some(markout) = self.markouts.get_mut(marked.after) {
            markout.push((marked.mid - marked.price) * scale, value);
        }
        if let Some(adverse) = self.adverse.get_mut(marked.after) {
            adverse.push((marked.mid_then - marked.mid) * scale, value);
        }
    }

    fn funded(&mut self, funded: &Funded) {
        self.funding += funded.amount * self.rate(funded.market);
    }
}

impl Measures {
    fn rate(&self, market: usize) -> f64 {
        self.places.get(market).map_or(1.0, |place| place.rate)
    }

    /// The newest trades, the oldest of them first.
    pub fn trades(&self) -> impl Iterator<Item = &Trade> {
        self.trades.iter()
    }

    /// The distribution of inventory of each market, at looks.
    pub fn inventories(&self) -> impl Iterator<Item = (&str, &Tally)> {
        self.places.iter().map(|place| (place.market.name.as_str(), &place.inventory))
    }

    /// The distribution of how long trades were held, seconds.
    pub const fn holding(&self) -> Option<&Tally> {
        self.holding.as_ref()
    }

    /// Markouts by [`AFTER`], basis points.
    pub fn markouts(&self) -> [f64; AFTER.len()] {
        self.markouts.map(|markout| markout.bps())
    }

    /// How far the mid went against the fills, by [`AFTER`], basis points.
    pub fn adverse(&self) -> [f64; AFTER.len()] {
        self.adverse.map(|adverse| adverse.bps())
    }

    /// The first and the last look.
    pub const fn span(&self) -> Option<(Nanos, Nanos)> {
        self.span
    }

    /// What it comes to so far.
    pub fn metrics(&self) -> Metrics {
        let seconds = self.span.map_or(0.0, |(first, last)| last.since(first).as_s_f64());
        let pnl = self.equity - self.start;
        let total_return = if self.start > 0.0 { pnl / self.start } else { f64::NAN };
        let annualised_return = formulas::annualised(total_return, seconds);
        let (returns, period_s) = self.returns.series();
        let a_year = YEAR_S / period_s;
        let [markout_100ms, markout_1s, markout_10s, markout_60s] = self.markouts();
        let looks = self.quoting.looks as f64;
        let holding = self.holding.clone().unwrap_or_else(|| Tally::new(1e-3));
        Metrics {
            seconds,
            equity_start: self.start,
            equity: self.equity,
            position: self.position(),
            pnl,
            pnl_spread: self.spread.sum,
            pnl_inventory: pnl - self.spread.sum + self.fees - self.funding,
            pnl_fees: -self.fees,
            pnl_funding: self.funding,
            total_return,
            annualised_return,
            return_period_s: period_s,
            returns: returns.len() as u64,
            sharpe: formulas::sharpe(returns, a_year),
            sortino: formulas::sortino(returns, a_year),
            calmar: defined(annualised_return, self.drawdown.depth),
            max_drawdown: self.drawdown.depth,
            max_drawdown_quote: self.drawdown.money,
            max_drawdown_s: self.drawdown.length.as_s_f64(),
            ulcer_index: self.drawdown.ulcer(),
            var_95: formulas::value_at_risk(returns, 0.05),
            cvar_95: formulas::conditional_value_at_risk(returns, 0.05),
            trades: self.tradings.count,
            win_rate: self.tradings.won as f64 / self.tradings.count as f64,
            profit_factor: defined(self.tradings.gains.0, -self.tradings.gains.1),
            expectancy: self.tradings.expectancy(),
            sqn: self.tradings.sqn(),
            fills: self.fills,
            orders: self.orders,
            turnover: self.turnover,
            fill_ratio: defined(self.turnover, self.sent),
            maker_share: defined(self.turnover_made, self.turnover),
            quote_uptime: self.quoting.both as f64 / looks,
            time_at_best: self.quoting.best as f64 / (2.0 * looks),
            spread_captured: self.spread.bps(),
            markout_100ms,
            markout_1s,
            markout_10s,
            markout_60s,
            adverse_selection: self.adverse[ADVERSE].bps(),
            slippage: self.slippage.bps(),
            inventory: self
                .inventories()
                .map(|(name, tally)| (name.to_owned(), tally.quantiles()))
                .collect(),
            holding_s: holding.quantiles(),
        }
    }

    fn position(&self) -> Held {
        match self.places.as_slice() {
            [one] => Held::One(one.position),
            all => {
                Held::Each(all.iter().map(|one| (one.market.name.clone(), one.position)).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests;
