# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a computer's tuning is said to matter to time stamps, switched for one run and put back: C-states, P-states,
turbo, hyper-threading, the clock's process on a CPU of its own. What the machine does not allow is named.

The files are those below `root`, which is / but for tests."""

import contextlib
import os
import pathlib
import struct
from typing import NamedTuple

CPU_FOLDER = "sys/devices/system/cpu"


class Unavailable(Exception):
    """This machine does not have it or does not allow it; says why."""


class Change(NamedTuple):
    what: str
    before: str
    after: str


def _read(path):
    """Its text, or None."""
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return None


class Switch:
    """One thing that can be tuned. switch() -> [Change] or Unavailable, put_back() undoes all of it, also half of it."""

    name = ""

    def __init__(self, root="/"):
        self.root = pathlib.Path(root)
        self._undo = []

    def switch(self):
        raise NotImplementedError

    def put_back(self):
        """An interruption (there is at most one) is kept until everything is back; so is what fails."""
        held_back = None
        while self._undo:
            try:
                self._undo[-1]()
                self._undo.pop()
            except KeyboardInterrupt as interruption:
                held_back = interruption
            except OSError as error:
                self._undo.pop()
                held_back = held_back or error
        if held_back:
            raise held_back

    def place(self, pid):
        """Called with each box's process, as soon as it runs."""

    def _write(self, path, value):
        """Writes to a file of the kernel, to be undone with what is there now."""
        before = _read(path)
        if before is None:
            raise Unavailable(f"{path.name} cannot be read")
        if before == value:
            raise Unavailable(f"{path.name} is {value} already")
        self._undo.append(lambda: path.write_text(before, encoding="ascii"))
        try:
            path.write_text(value, encoding="ascii")
        except OSError as error:
            self._undo.pop()
            raise Unavailable(f"{path.name}: {error.strerror}") from None
        after = _read(path)
        if after != value:
            raise Unavailable(f"{path.name} stays {after}")
        return Change("/" + str(path.relative_to(self.root)), before, after)

    @property
    def _cpus(self):
        return self.root / CPU_FOLDER


class CStates(Switch):
    """The CPUs do not sleep while somebody holds a latency of 0 us."""

    name = "C-states"

    def switch(self):
        path = self.root / "dev/cpu_dma_latency"
        driver = _read(self._cpus / "cpuidle/current_driver")
        if not path.exists():
            raise Unavailable("no /dev/cpu_dma_latency")
        if driver in (None, "none"):
            raise Unavailable("no cpuidle driver, so nothing heeds /dev/cpu_dma_latency")
        try:
            # The wish lasts as long as the file is open.
            file = open(path, "r+b", buffering=0)
            self._undo.append(file.close)
            before_us, = struct.unpack("=i", file.read(4))
            file.seek(0)
            file.write(struct.pack("=i", 0))
        except OSError as error:
            raise Unavailable(f"/dev/cpu_dma_latency: {error.strerror}") from None
        return [Change(f"/dev/cpu_dma_latency (us; cpuidle driver {driver})", str(before_us), "0")]


class PStates(Switch):
    """The CPUs' clocks do not follow the load."""

    name = "P-states"

    def switch(self):
        paths = sorted(self._cpus.glob("cpu[0-9]*/cpufreq/scaling_governor"))
        if not paths:
            raise Unavailable("no cpufreq")
        if "performance" not in (_read(paths[0].with_name("scaling_available_governors")) or "").split():
            raise Unavailable("no governor performance")
        changed = [path for path in paths if _read(path) != "performance"]
        if not changed:
            raise Unavailable("the governor is performance already")
        before = [self._write(path, "performance").before for path in changed]
        return [Change(f"scaling_governor of {len(changed)} CPUs", ",".join(sorted(set(before))), "performance")]


class Turbo(Switch):
    """No CPU runs above its nominal clock, which depends on how many others sleep."""

    name = "turbo"

    def switch(self):
        for path, off in (("intel_pstate/no_turbo", "1"), ("cpufreq/boost", "0")):
            if (self._cpus / path).exists():
                return [self._write(self._cpus / path, off)]
        raise Unavailable("no intel_pstate/no_turbo, no cpufreq/boost")


class HyperThreading(Switch):
    """No two threads share the units of one core."""

    name = "hyper-threading"

    def switch(self):
        path = self._cpus / "smt/control"
        state = _read(path)
        if state != "on":
            raise Unavailable(f"smt/control says {state}" if state else "no smt/control")
        return [self._write(path, "off")]


class Pinning(Switch):
    """The box's process has the last CPU, all other processes of the experiment have the rest."""

    name = "pinning"

    def __init__(self, root="/"):
        super().__init__(root)
        # Not when it is switched: CPUs that hyper-threading took off for a while would be missing.
        self._before = os.sched_getaffinity(0)

    def switch(self):
        cpus = sorted(os.sched_getaffinity(0))
        if len(cpus) < 2:
            raise Unavailable("one CPU only")
        self._undo.append(lambda: os.sched_setaffinity(0, self._before))
        self._box_cpu = cpus[-1]
        # Whatever is started from now on inherits it.
        os.sched_setaffinity(0, cpus[:-1])
        every = ",".join(map(str, cpus))
        return [Change("CPUs of the box's process", every, str(cpus[-1])),
                Change("CPUs of everything else", every, ",".join(map(str, cpus[:-1])))]

    def place(self, pid):
        for tid in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(tid), [self._box_cpu])


class All(Switch):
    """Several together. Without the hyper-threads there may be no second CPU to pin to: what does not go beside
    the others is left out."""

    name = "all"

    def __init__(self, switches):
        super().__init__()
        self._switches = switches
        self._switched = []

    def switch(self):
        changes, self._switched = [], []
        for one in self._switches:
            self._undo.append(one.put_back)
            try:
                changes += one.switch()
                self._switched.append(one)
            except Unavailable:
                one.put_back()
        return changes

    def place(self, pid):
        for one in self._switched:
            one.place(pid)


class Nothing(Switch):
    name = "as it is"

    def switch(self):
        return []


def switches(root="/"):
    return [kind(root) for kind in (CStates, PStates, Turbo, HyperThreading, Pinning)]


@contextlib.contextmanager
def switched(switch):
    """The changes, made until the end of the block."""
    try:
        yield switch.switch()
    finally:
        switch.put_back()


class Try(NamedTuple):
    """A row of table 1: what was changed, or why not."""
    switch: Switch
    changes: list
    reason: str

    def cells(self):
        if not self.changes:
            return [(self.switch.name, "", "", "", self.reason)]
        return [(self.switch.name, change.what, change.before, change.after, "") for change in self.changes]


def tried(switch):
    """Switches and puts back at once, to see what would change."""
    try:
        with switched(switch) as changes:
            return Try(switch, changes, "")
    except Unavailable as reason:
        return Try(switch, [], str(reason))


def settings(tries):
    """What to compare: nothing, each that can be switched, and if there are several all of them."""
    available = [one.switch for one in tries if one.changes]
    return [Nothing(), *available] + ([All(available)] if len(available) > 1 else [])
