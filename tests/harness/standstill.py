# SPDX-License-Identifier: GPL-2.0-or-later
"""How long the machine has stood still, or kept those waiting who wanted a CPU: seen by a thread on each that wakes up now
and then. A frame whose two stamps lie on both sides of that is off by as much."""

import os
import threading
import time

PERIOD_NS = 5_000_000
_longest_ns = {}  # by CPU


def _watch(cpu):
    os.sched_setaffinity(0, {cpu})  # of this thread
    last_mono_ns = time.monotonic_ns()
    while True:
        time.sleep(PERIOD_NS / 1e9)
        now_mono_ns = time.monotonic_ns()
        _longest_ns[cpu] = max(_longest_ns.get(cpu, 0), now_mono_ns - last_mono_ns)
        last_mono_ns = now_mono_ns


def start():
    """Once a process; it ends with it."""
    for cpu in os.sched_getaffinity(0):
        threading.Thread(target=_watch, args=(cpu,), daemon=True).start()


def longest_ns():
    """Longer than any standstill since start() until shortly before now; PERIOD_NS at the least, ns."""
    return max(PERIOD_NS, *_longest_ns.values()) if _longest_ns else PERIOD_NS
