"""Compares what we say of luck with scipy, numpy, quantstats and arch.

One argument: the program that says it (examples/luck.rs). The formulas stand here in the words of
their papers, and drawn percentiles are compared with those that arch draws.
"""

import json
import subprocess
import sys
import warnings
from itertools import combinations

import numpy as np
import pandas as pd
import quantstats.stats as qs
from arch.bootstrap import CircularBlockBootstrap
from scipy import stats

warnings.filterwarnings("ignore")
RUNS = 20_000
PARTS = 16
SHARES = [5, 25, 50, 75, 95]


def studies():
    """Name, trials (rows) of returns (columns), how many were tried."""
    random = np.random.default_rng(11)
    noise = random.normal(0, 0.01, (30, 240))
    edge = random.normal(0, 0.01, (12, 320))
    edge[0] += 0.004
    fat = random.standard_t(3, (20, 200)) * 0.002 + 0.0002
    waves = np.cumsum(random.normal(0, 0.001, (8, 333)), axis=1)
    waves = np.diff(waves, axis=1, prepend=0.0) + 0.5 * np.roll(random.normal(0, 1e-3, (8, 333)), 1)
    idle = np.where(random.random((9, 160)) < 0.2, random.normal(2e-5, 1e-4, (9, 160)), 0.0)
    yield "noise", noise, 30
    yield "an edge, some cut short", edge, 40
    yield "fat tails", fat, 20
    yield "waves", waves, 8
    yield "mostly flat", idle, 9


def ratio(returns):
    return np.mean(returns) / np.std(returns, ddof=1)


def by_formula(trials, best, tried):
    """Bailey and López de Prado, 2012 and 2014, in their letters."""
    returns = trials[best]
    sr, t = ratio(returns), len(returns)
    g3, g4 = stats.skew(returns), stats.kurtosis(returns, fisher=False)
    v = np.var([ratio(one) for one in trials], ddof=1)
    quantile, n = stats.norm.ppf, tried
    sr0 = np.sqrt(v) * (
        (1 - np.euler_gamma) * quantile(1 - 1 / n) + np.euler_gamma * quantile(1 - 1 / (n * np.e))
    )
    sigma = np.sqrt((1 - g3 * sr + (g4 - 1) / 4 * sr**2) / (t - 1))
    yield "sharpe", "numpy", sr
    yield "skew", "scipy", g3
    yield "kurtosis", "scipy", g4
    yield "probabilistic_sharpe", "scipy", stats.norm.cdf(sr / sigma)
    yield "sharpe_by_chance", "scipy", sr0
    yield "deflated_sharpe", "scipy", stats.norm.cdf((sr - sr0) / sigma)


def pbo(trials):
    """Bailey, Borwein, López de Prado and Zhu, 2017: the steps of section 3, one by one."""
    m = trials.T
    rows = m.shape[0]
    blocks = [m[-(-p * rows // PARTS) : -(-(p + 1) * rows // PARTS)] for p in range(PARTS)]
    logits, losses = [], []
    for inside in combinations(range(PARTS), PARTS // 2):
        outside = [place for place in range(PARTS) if place not in inside]
        j = np.concatenate([blocks[place] for place in inside])
        j_bar = np.concatenate([blocks[place] for place in outside])
        r = j.mean(axis=0) / j.std(axis=0)
        r_bar = j_bar.mean(axis=0) / j_bar.std(axis=0)
        n = np.argmax(r)
        omega = stats.rankdata(r_bar)[n] / (len(r_bar) + 1)
        logits.append(np.log(omega / (1 - omega)))
        losses.append(r_bar[n] < 0)
    return np.mean(np.array(logits) <= 1e-12), np.mean(losses), len(logits)


def deepest(changes):
    level = np.concatenate([[0.0], np.cumsum(changes)])
    return np.max(np.maximum.accumulate(level) - level)


def redrawn(returns, block):
    """Total, ratio and drawdown of returns that arch draws again."""
    boot = CircularBlockBootstrap(block, returns, seed=np.random.default_rng(5))
    seen = boot.apply(lambda drawn: np.array([drawn.sum(), ratio(drawn), deepest(drawn)]), RUNS)
    return dict(zip(["total", "sharpe", "drawdown"], seen.T))


def reshuffled(returns):
    random = np.random.default_rng(6)
    total, fall = [], []
    for _ in range(RUNS):
        order = random.permutation(returns)
        order = order[random.random(len(order)) >= 0.1]
        total.append(order.sum())
        fall.append(deepest(order))
    return {"total": np.array(total), "drawdown": np.array(fall)}


class Table:
    def __init__(self):
        self.passed = self.failed = 0
        print(f"{'study':<24} {'number':<26} {'by':<11} {'theirs':>22} {'ours':>22}")

    def row(self, study, number, who, theirs, ours, room):
        same = ours is not None and abs(ours - theirs) <= room
        self.passed, self.failed = self.passed + same, self.failed + (not same)
        mark = "" if same else "  <-- differs"
        print(f"{study:<24} {number:<26} {who:<11} {theirs:>22.12g} {ours!s:>22}{mark}")


def spreads(table, name, what, who, ours, theirs):
    """Percentiles of two drawings agree within what chance leaves of them."""
    for key, drawn in theirs.items():
        for share in SHARES:
            value = np.percentile(drawn, share)
            # The error of a percentile is √(p q / n) over the density there, which is a twelfth of
            # a deviation's at the ends and a quarter inside; both sides have it. Five of them.
            thin = 12 if share in (5, 95) else 4
            error = np.sqrt(2 * share * (100 - share) / 1e4 / RUNS)
            room = 5 * error * thin * np.std(drawn)
            table.row(name, f"{what} {key} {share} %", who, value, ours[key][f"p{share}"], room)


def main():
    table = Table()
    for name, trials, tried in studies():
        best = int(np.argmax([ratio(one) for one in trials]))
        asked = {"trials": trials.tolist(), "best": best, "tried": tried, "runs": RUNS, "seed": 3}
        done = subprocess.run(
            [sys.argv[1]], input=json.dumps(asked), capture_output=True, text=True
        )
        if done.returncode != 0:
            sys.exit(f"{sys.argv[1]} failed: {done.stderr.strip()}")
        ours = json.loads(done.stdout)
        for number, who, value in by_formula(trials, best, tried):
            table.row(name, number, who, value, ours[number], 1e-9 * max(abs(value), 1e-3))
        # Theirs takes moments without bias, ours and the paper's as they are.
        theirs = qs.probabilistic_sharpe_ratio(pd.Series(trials[best]))
        room = 0.1 / np.sqrt(trials.shape[1])
        ps = ours["probabilistic_sharpe"]
        table.row(name, "probabilistic_sharpe", "quantstats", theirs, ps, room)
        probability, losses, splits = pbo(trials)
        found = ours["overfitting"]
        table.row(name, "overfitting, splits", "itertools", splits, found["splits"], 0)
        table.row(name, "overfitting", "numpy", probability, found["probability"], 1e-9)
        lost = found["loss_probability"]
        table.row(name, "loses in the other half", "numpy", losses, lost, 1e-9)
        block = ours["resampled"]["block"]
        drawn = redrawn(trials[best], block)
        spreads(table, name, "drawn again", "arch", ours["resampled"], drawn)
        theirs, lost = np.mean(drawn["total"] < 0), ours["resampled"]["loss_probability"]
        room = 5 * np.sqrt(2 * 0.25 / RUNS)
        table.row(name, "drawn again, loses", "arch", theirs, lost, room)
        spreads(table, name, "shuffled", "numpy", ours["shuffled"], reshuffled(trials[best]))
    print(f"{table.passed} passed, {table.failed} failed")
    sys.exit(1 if table.failed else 0)


main()
