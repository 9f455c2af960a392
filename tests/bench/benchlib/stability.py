# SPDX-License-Identifier: GPL-2.0-or-later
"""Stability of a clock from its time error: TDEV, ADEV and MTIE over an observation interval tau, as ITU-T G.810
defines them (annex II: the estimators used here). Pure; a series is a list of ns at a regular spacing, and
several rounds of one measurement are several series, never joined."""

import bisect
import collections
import itertools
import math


def regular(points, interval_s, longest_gap_s=0.5):
    """[(mono_ns, error_ns)] in the order of time to one list of ns at a regular spacing, by straight lines between
    neighbours. The longest stretch without a gap of more than longest_gap_s counts; [] of too few."""
    stretch = max(_stretches(points, longest_gap_s * 1e9), key=lambda s: s[-1][0] - s[0][0], default=[])
    if len(stretch) < 2:
        return []
    times = [t for t, _ in stretch]
    step_ns = interval_s * 1e9
    series = []
    for k in range(int((times[-1] - times[0]) / step_ns + 1e-9) + 1):
        t = times[0] + k * step_ns
        i = min(bisect.bisect_right(times, t), len(times) - 1)
        (t0, x0), (t1, x1) = stretch[i - 1], stretch[i]
        series.append(x0 + (x1 - x0) * (t - t0) / (t1 - t0))
    return series


def _stretches(points, longest_gap_ns):
    stretch = []
    for point in points:
        if stretch and point[0] <= stretch[-1][0]:
            continue
        if stretch and point[0] - stretch[-1][0] > longest_gap_ns:
            yield stretch
            stretch = []
        stretch.append(point)
    if stretch:
        yield stretch


def _second_differences(series, n):
    return [series[i + 2 * n] - 2 * series[i + n] + series[i] for i in range(len(series) - 2 * n)]


def adev(rounds, interval_s, n):
    """Allan deviation at tau = n intervals, as a plain number (ns/s would be 1e-9); None of too short series."""
    differences = [d for series in rounds for d in _second_differences(series, n)]
    if not differences:
        return None
    tau_s = n * interval_s
    return math.sqrt(math.fsum(d * d for d in differences) / (2 * len(differences))) * 1e-9 / tau_s


def tdev(rounds, n):
    """Time deviation at tau = n intervals, ns; None where no series has 3n values."""
    squares = []
    for series in rounds:
        # The sum of n successive second differences, from running sums.
        sums = [0.0, *itertools.accumulate(_second_differences(series, n))]
        squares += [(sums[j + n] - sums[j]) ** 2 for j in range(len(sums) - n)]
    if not squares:
        return None
    return math.sqrt(math.fsum(squares) / (6 * len(squares))) / n


def mtie(rounds, n):
    """Maximum time interval error at tau = n intervals: the largest difference of two values not further apart
    than that, ns; None where no series has n + 1 values."""
    largest = None
    for series in rounds:
        if len(series) <= n:
            continue
        high, low = collections.deque(), collections.deque()  # places of the window's extremes, in order
        for i, value in enumerate(series):
            for extremes, is_worse in ((high, value.__ge__), (low, value.__le__)):
                while extremes and is_worse(series[extremes[-1]]):
                    extremes.pop()
                extremes.append(i)
                if extremes[0] < i - n:
                    extremes.popleft()
            if i >= n:
                largest = max(largest or 0.0, series[high[0]] - series[low[0]])
    return largest


def octaves(rounds, interval_s):
    """Numbers of intervals from one on, each twice the one before, as far as TDEV of the longest series goes."""
    longest = max((len(series) for series in rounds), default=0)
    return [1 << k for k in range(longest.bit_length()) if 3 << k <= longest and (1 << k) * interval_s < 1e6]
