# SPDX-License-Identifier: GPL-2.0-or-later
"""How sure one can be of figures of correlated samples: a bootstrap of blocks. A clock's error of now is its error
of a moment ago, so single samples tell less than their number; what is drawn again are blocks longer than that memory
(Kuensch, Annals of Statistics 17, 1989), or whole rounds."""

import math
import random

from harness import stats

QUANTILES = (0.5, 0.97, 0.99)
ABOUT_MEAN = "p99 about mean"


def blocks_of(rounds, n_samples):
    """Rounds, each a list of samples, cut into blocks of about n_samples."""
    blocks = []
    for samples in rounds:
        n = max(1, round(len(samples) / n_samples))
        edges = [len(samples) * k // n for k in range(n + 1)]
        blocks += [samples[a:b] for a, b in zip(edges, edges[1:]) if b > a]
    return blocks


def figures(samples):
    """{name: figure} of errors: mean and sd, max and quantiles of the absolute values, and what p99 would be without
    the constant part."""
    mean = math.fsum(samples) / len(samples)
    differences, magnitudes = [x - mean for x in samples], sorted(map(abs, samples))
    return {"mean": mean, "sd": math.sqrt(math.fsum(x * x for x in differences) / len(samples)), "max": magnitudes[-1],
            **{f"p{100 * q:g}": stats.quantile(magnitudes, q) for q in QUANTILES},
            ABOUT_MEAN: stats.quantile([abs(x) for x in differences], 0.99)}


class Draws:
    """Figures of samples and of resamples of their blocks."""

    def __init__(self, blocks, *, resamples=400, seed=1):
        rng = random.Random(seed)
        self.figures = figures([x for block in blocks for x in block])
        self._resampled = [figures([x for block in rng.choices(blocks, k=len(blocks)) for x in block])
                           for _ in range(resamples)]

    def ratio(self, other, name, confidence=0.95):
        """A stats.Ratio of one figure, ours to the other's."""
        divide = (lambda a, b: a / b if b else math.inf if a else 1.0)
        ratios = sorted(divide(a[name], b[name]) for a, b in zip(self._resampled, other._resampled))
        tail = (1 - confidence) / 2
        return stats.Ratio(divide(self.figures[name], other.figures[name]), stats.quantile(ratios, tail),
                           stats.quantile(ratios, 1 - tail))
