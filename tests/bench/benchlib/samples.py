# SPDX-License-Identifier: GPL-2.0-or-later
"""From the stamps of bench-probe to offsets, computed as ptp4l does: each Sync against the moving median
of the last ten path delays."""

import bisect
import collections
import statistics
from typing import NamedTuple

# ptp4l's delay_filter_length.
WINDOW = 10


class Exchange(NamedTuple):
    t1_ns: int
    t2_ns: int
    sequence_id: int
    wake_ns: int


class Sample(NamedTuple):
    real_ns: int  # t2
    sequence_id: int
    offset_ns: float
    down_ns: int  # t2 - t1: what the Sync took, with the clocks' difference
    delay_ns: float  # the median in use
    wake_ns: int  # until the client's process had it


class ProbeData(NamedTuple):
    syncs: list  # Exchange
    delays: list  # (t3_ns, t4_ns)
    lost: dict
    real_minus_mono_ns: tuple = None  # bounds


def parse_probe(lines):
    syncs, delays, lost, clocks = [], [], {}, None
    for line in lines:
        words = line.split()
        if not words:
            continue
        if words[0] == "sync":
            sequence, t1, t2, wake = map(int, words[1:])
            syncs.append(Exchange(t1, t2, sequence, wake))
        elif words[0] == "delay":
            delays.append((int(words[2]), int(words[3])))
        elif words[0] == "lost" and int(words[2]):
            lost[words[1]] = int(words[2])
        elif words[0] == "real_minus_mono":
            clocks = int(words[1]), int(words[2])
    return ProbeData(sorted(syncs, key=lambda s: s.t2_ns), sorted(delays), lost, clocks)


def offsets(data, ahead_ns=None):
    """[Sample] from the tenth path delay on. ahead_ns(real_ns): by how much the master's own time scale is
    ahead of the client's clock; it is taken out."""
    ahead_ns = ahead_ns or (lambda real_ns: 0)
    syncs, delays = data.syncs, data.delays
    times = [sync.t2_ns for sync in syncs]
    # The delays as they become known: each with the Sync before it.
    known = []
    for t3_ns, t4_ns in delays:
        i = bisect.bisect(times, t3_ns) - 1
        if i < 0:
            continue
        sync = syncs[i]
        down_ns = sync.t2_ns - sync.t1_ns + ahead_ns(sync.t2_ns)
        up_ns = t4_ns - t3_ns - ahead_ns(t3_ns)
        known.append((t3_ns, (down_ns + up_ns) / 2))
    window, next_delay, samples = collections.deque(maxlen=WINDOW), 0, []
    for sync in syncs:
        while next_delay < len(known) and known[next_delay][0] < sync.t2_ns:
            window.append(known[next_delay][1])
            next_delay += 1
        if len(window) < WINDOW:
            continue
        delay_ns = statistics.median(window)
        # Integers first: a double has no room for the nanoseconds since 1970.
        down_ns = sync.t2_ns - sync.t1_ns + ahead_ns(sync.t2_ns)
        samples.append(Sample(sync.t2_ns, sync.sequence_id, down_ns - delay_ns, round(down_ns), delay_ns, sync.wake_ns))
    return samples
