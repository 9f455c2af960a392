# SPDX-License-Identifier: GPL-2.0-or-later
"""Was the machine ours alone? What others took of its CPUs, and what the hypervisor did, while we measured."""

import os
import time

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
# Of one CPU. The kernel's own threads take about 1 %.
BUSY_SHARE = 0.06
STEAL_SHARE = 0.02


def _cpu_times():
    """(busy, stolen) seconds of all CPUs since boot."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq) / TICKS_A_SECOND, steal / TICKS_A_SECOND


def _own_time():
    """Seconds of CPU of this process and of its children that have ended and were waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Watch:
    """with Watch() as watch: ... ; all children of the block must have ended in it."""

    def __enter__(self):
        self._begin_s, self._cpu, self._own = time.monotonic(), _cpu_times(), _own_time()
        self.load_before = os.getloadavg()[0]
        return self

    def __exit__(self, *_):
        elapsed_s = max(time.monotonic() - self._begin_s, 1e-3)
        busy, stolen = (after - before for after, before in zip(_cpu_times(), self._cpu))
        self.others = max(0.0, busy - (_own_time() - self._own)) / elapsed_s
        self.steal = stolen / elapsed_s

    @property
    def is_quiet(self):
        return self.others < BUSY_SHARE and self.steal < STEAL_SHARE

    def __str__(self):
        return f"others {self.others:.0%}, stolen {self.steal:.0%} of a CPU" + ("" if self.is_quiet else ": NOT QUIET")


def wait_for_quiet(limit_s, say=print):
    """Waits until nobody else uses the CPUs for three seconds; False when that does not come."""
    deadline_s = time.monotonic() + limit_s
    said = False
    while True:
        with Watch() as watch:
            time.sleep(3)
        if watch.is_quiet:
            return True
        if time.monotonic() > deadline_s:
            return False
        if not said:
            say(f"waiting for a quiet machine ({watch})")
            said = True
