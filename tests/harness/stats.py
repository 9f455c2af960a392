# SPDX-License-Identifier: GPL-2.0-or-later
"""Quantiles of samples, and how sure one can be of the ratio of two of them."""

import math
import random
from typing import NamedTuple


def quantile(samples, q):
    """The smallest sample that at least a part q of them does not exceed; q in (0, 1]."""
    return _quantile_sorted(sorted(samples), q)


def _quantile_sorted(ordered, q):
    if not ordered:
        raise ValueError("no samples")
    return ordered[_rank(len(ordered), q)]


def _rank(n, q):
    # The small number takes back what 0.99 * 100 is above 99 in binary.
    return min(n - 1, max(0, math.ceil(q * n - 1e-9) - 1))


class Ratio(NamedTuple):
    ratio: float
    low: float
    high: float


def quantile_ratio(ours, theirs, q, *, confidence=0.95, resamples=2000, seed=1):
    """quantile(ours) / quantile(theirs) with a bootstrap interval; each side a list of samples.

    A bootstrap resample's k-th smallest value is the original's at a Beta(k, n + 1 - k) distributed place
    (the order statistic of n uniform numbers), so nothing is resampled or sorted."""
    rng = random.Random(seed)
    ours, theirs = sorted(ours), sorted(theirs)

    def draw(ordered):
        n = len(ordered)
        k = _rank(n, q) + 1
        return ordered[min(n - 1, int(rng.betavariate(k, n + 1 - k) * n))]

    ratios = [_divide(draw(ours), draw(theirs)) for _ in range(resamples)]
    return _interval(_divide(_quantile_sorted(ours, q), _quantile_sorted(theirs, q)), ratios, confidence)


def quantile_ratio_of_rounds(ours, theirs, q, *, confidence=0.95, resamples=500, seed=1):
    """The same for lists of rounds, each a list of samples: whole rounds are resampled. Wider and more
    honest than quantile_ratio() where rounds differ more than the samples within one."""
    rng = random.Random(seed)

    def pooled_quantile(rounds):
        return quantile([sample for one in rounds for sample in one], q)

    ratios = [_divide(pooled_quantile(rng.choices(ours, k=len(ours))),
                      pooled_quantile(rng.choices(theirs, k=len(theirs)))) for _ in range(resamples)]
    return _interval(_divide(pooled_quantile(ours), pooled_quantile(theirs)), ratios, confidence)


def _divide(a, b):
    return a / b if b else math.inf if a else 1.0


def _interval(ratio, ratios, confidence):
    ratios.sort()
    tail = (1 - confidence) / 2
    return Ratio(ratio, _quantile_sorted(ratios, tail), _quantile_sorted(ratios, 1 - tail))


def summary(samples):
    """One line about the absolute values of samples in nanoseconds."""
    magnitudes = sorted(abs(sample) for sample in samples)
    if not magnitudes:
        return "no samples"
    return (f"|offset| p50 {_quantile_sorted(magnitudes, 0.5):.0f} ns, p99 {_quantile_sorted(magnitudes, 0.99):.0f} ns, "
            f"max {magnitudes[-1]:.0f} ns, {len(magnitudes)} samples")
