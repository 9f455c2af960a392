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


def _strangers():
    """How many ebpf-bc run that are not ours: their programs hang at the same hooks and lie on our path."""
    found = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                name, _, rest = file.read().partition("(")[2].rpartition(")")
        except OSError:
            continue
        state, parent = rest.split()[:2]
        found += name == "ebpf-bc" and state not in "ZX" and int(parent) != os.getpid()
    return found


class Watch:
    """with Watch() as watch: ... ; all children of the block must have ended in it."""

    def __enter__(self):
        self._begin_s, self._cpu, self._own = time.monotonic(), _cpu_times(), _own_time()
        self.strangers = _strangers()
        return self

    def __exit__(self, *_):
        elapsed_s = max(time.monotonic() - self._begin_s, 1e-3)
        busy, stolen = (after - before for after, before in zip(_cpu_times(), self._cpu))
        self.others = max(0.0, busy - (_own_time() - self._own)) / elapsed_s
        self.steal = stolen / elapsed_s
        self.strangers += _strangers()

    @property
    def is_quiet(self):
        return self.others < BUSY_SHARE and self.steal < STEAL_SHARE and not self.strangers

    def __str__(self):
        return f"others {self.others:.0%}, stolen {self.steal:.0%} of a CPU" + (
            ", another ebpf-bc ran" if self.strangers else "") + ("" if self.is_quiet else ": NOT QUIET")


def measured_quietly(measure, options, say):
    """measure() -> something with a Watch as `watch`, again while the machine was not quiet, at most
    options.redo times more; of all the quietest."""
    legs = []
    for attempt in range(options.redo + 1):
        if options.wait_quiet:
            wait_for_quiet(options.wait_quiet, say)
        legs.append(measure())
        if legs[-1].watch.is_quiet:
            break
        if attempt < options.redo:
            say(f"once more: {legs[-1].watch}")
    return min(legs, key=lambda leg: (leg.watch.strangers, leg.watch.others))


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
