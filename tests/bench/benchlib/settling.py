# SPDX-License-Identifier: GPL-2.0-or-later
"""When a clock has settled, by the offsets that it reports."""

from harness import stats

SETTLED_NS = 1000
RUNNING = 8


def settling(points, limit_ns=SETTLED_NS):
    """points: [(seconds, ns)]. When the first offset below the limit came from which on the median of any eight in a row
    stays below it; None if that never came."""
    magnitudes, settled_s = [abs(offset) for _, offset in points], None
    for i in range(len(points) - 1, -1, -1):
        # The last ones belong to the last eight.
        first = max(0, min(i, len(points) - RUNNING))
        if stats.quantile(magnitudes[first:first + RUNNING], 0.5) >= limit_ns:
            break
        if magnitudes[i] < limit_ns:
            settled_s = points[i][0]
    return settled_s
