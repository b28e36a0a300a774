"""Compares our metrics of some series with those of empyrical, quantstats and scipy.

One argument: the program that measures a series (examples/metrics.rs).
"""

import json
import subprocess
import sys
import warnings

import empyrical
import numpy as np
import pandas as pd
import quantstats.stats as qs
from scipy import stats

warnings.filterwarnings("ignore")
YEAR_S = 365 * 86_400
TOLERANCE = 1e-9


def series():
    """Name, seconds of a return, returns, P&L of trades."""
    random = np.random.default_rng(7)
    steady = random.normal(0.001, 0.01, 400)
    fat = random.standard_t(3, 500) * 0.002
    crash = np.concatenate([np.full(100, 0.002), [-0.35], random.normal(0.003, 0.02, 200)])
    sparse = np.where(random.random(600) < 0.1, random.normal(0, 1e-4, 600), 0.0)
    losing = random.normal(-0.0005, 0.004, 1000)
    first = np.array([-0.05, 0.02] + [0.01, -0.01] * 30)
    yield "days, steady", 86_400, steady, random.normal(1, 10, 300)
    yield "days, a crash", 86_400, crash, random.exponential(5, 80) - 4
    yield "days, first falls", 86_400, first, np.array([3.0, -1.0, 2.5, -2.0])
    yield "hours, fat tails", 3_600, fat, random.standard_t(2, 500)
    yield "minutes, losing", 60, losing, random.normal(-1, 3, 1000)
    yield "seconds, mostly flat", 1, sparse, random.choice([1.0, -1.0, 2.0], 60)


def theirs(period_s, returns, trades):
    """Metric, who computes it, and their value."""
    year = YEAR_S / period_s
    index = pd.date_range("2024-01-01", periods=len(returns), freq=pd.Timedelta(seconds=period_s))
    frame = pd.Series(returns, index=index)
    pnl = pd.Series(trades)
    n = len(returns)
    yield "total_return", "empyrical", empyrical.cum_returns_final(frame)
    yield "annualised_return", "empyrical", empyrical.annual_return(frame, annualization=year)
    yield "annualised_return", "quantstats", qs.cagr(frame, periods=year)
    yield "sharpe", "empyrical", empyrical.sharpe_ratio(frame, annualization=year)
    yield "sharpe", "quantstats", qs.sharpe(frame, periods=year)
    yield "sortino", "empyrical", empyrical.sortino_ratio(frame, annualization=year)
    yield "sortino", "quantstats", qs.sortino(frame, periods=year)
    yield "calmar", "empyrical", empyrical.calmar_ratio(frame, annualization=year)
    # Theirs are negative.
    yield "max_drawdown", "empyrical", -empyrical.max_drawdown(frame)
    yield "max_drawdown", "quantstats", -qs.max_drawdown(frame)
    # Theirs divides by n - 1 returns, Martin's and ours by all n + 1 points of the curve.
    yield "ulcer_index", "quantstats", qs.ulcer_index(frame) * ((n - 1) / (n + 1)) ** 0.5
    yield "var_95", "empyrical", empyrical.value_at_risk(frame)
    yield "cvar_95", "empyrical", empyrical.conditional_value_at_risk(frame)
    yield "win_rate", "quantstats", qs.win_rate(pnl, prepare_returns=False)
    yield "profit_factor", "quantstats", qs.profit_factor(pnl, prepare_returns=False)
    yield "expectancy", "numpy", np.mean(trades)
    # The system quality number is Student's t of the trades.
    yield "sqn", "scipy", stats.ttest_1samp(trades, 0).statistic


def main():
    passed = failed = 0
    print(f"{'series':<22} {'metric':<18} {'by':<11} {'theirs':>24} {'ours':>24}")
    for name, period_s, returns, trades in series():
        text = json.dumps(
            {"period_s": period_s, "returns": returns.tolist(), "trades": trades.tolist()}
        )
        done = subprocess.run([sys.argv[1]], input=text, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{sys.argv[1]} failed: {done.stderr.strip()}")
        ours = json.loads(done.stdout)
        if (ours["return_period_s"], ours["returns"]) != (period_s, len(returns)):
            sys.exit(f"{name}: measured {ours['returns']} returns of {ours['return_period_s']} s")
        for metric, who, value in theirs(period_s, returns, trades):
            mine, value = ours[metric], float(value)
            # What has no number in JSON is not a number, or has no end.
            if mine is None:
                same = not np.isfinite(value)
            else:
                # Prices near 10000 carry the P&L of a trade: eight digits of it.
                room = 1e-7 if metric in ("expectancy", "sqn", "profit_factor") else TOLERANCE
                same = abs(mine - value) <= room * max(abs(value), 1e-6)
            passed, failed = passed + same, failed + (not same)
            mark = "" if same else "  <-- differs"
            print(f"{name:<22} {metric:<18} {who:<11} {value:>24.15g} {mine!s:>24}{mark}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
