# SPDX-License-Identifier: GPL-2.0-or-later
"""How long the machine has stood still, or kept those waiting who wanted a CPU: seen by a thread on each that wakes up now
and then. A frame whose two stamps lie on both sides of that is off by as much."""

import atexit
import os
import threading
import time

PERIOD_NS = 5_000_000
_longest_ns = {}  # by CPU
_ended = threading.Event()


def _watch(cpu):
    os.sched_setaffinity(0, {cpu})  # of this thread
    last_mono_ns = time.monotonic_ns()
    while not _ended.wait(PERIOD_NS / 1e9):
        now_mono_ns = time.monotonic_ns()
        _longest_ns[cpu] = max(_longest_ns.get(cpu, 0), now_mono_ns - last_mono_ns)
        last_mono_ns = now_mono_ns


def start():
    """Once a process, until that ends."""
    for cpu in os.sched_getaffinity(0):
        thread = threading.Thread(target=_watch, args=(cpu,), daemon=True)
        thread.start()
        # One that the interpreter's end meets running needs a library that not every machine has.
        atexit.register(thread.join)
    atexit.register(_ended.set)


def longest_ns():
    """Longer than any standstill since start() until shortly before now; PERIOD_NS at the least, ns."""
    return max(PERIOD_NS, *_longest_ns.values()) if _longest_ns else PERIOD_NS
