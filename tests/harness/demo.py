#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo: the lab with a ptp4l grandmaster, the box and ptp4l clients, shown while it runs, then
judged. The box is a boundary clock, or with --tc a transparent one. tests/demo installs and builds what it
needs and calls it."""

import argparse
import math
import os
import pathlib
import shutil
import signal
import sys
import time

sys.path[0] = str(pathlib.Path(__file__).resolve().parents[1])

from harness import programs, session, stats  # noqa: E402
from harness.lab import Lab  # noqa: E402

LAB_CONFIG = programs.TREE / "config" / "lab.conf"
TC_CONFIG = programs.TREE / "config" / "lab-tc.conf"
# In sync: half of the absolute offsets of the run's second half are below this. Ten times what an
# idle machine shows, so that a busy one does not fail.
IN_SYNC_NS = 5000
# A path delay up to this is a cable's, whatever the stay in the box. A larger one must be less than this part of
# the stay: what is not corrected lengthens the path by all of it.
CABLE_NS = 5000
UNCORRECTED_PART = 0.25
# A host whose last offset is older than this is not in sync any more.
FRESH_S = 3.0
LOCKED_NS = 1000
RECENT_S = 10.0


def read_global_options(path):
    """The [global] section of a configuration file in ptp4l's format."""
    options, section = {}, "[global]"
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.split(None, 1)
        if not words or words[0].startswith("#"):
            continue
        if words[0].startswith("["):
            section = words[0]
        elif section == "[global]" and len(words) == 2:
            options[words[0]] = words[1].strip()
    return options


def in_ns(value):
    if value is None:
        return "-"
    if abs(value) < 100_000:
        return f"{value:.0f} ns"
    return f"{value / 1000:.0f} us" if abs(value) < 10_000_000 else f"{value / 1e6:.0f} ms"


def path_faults(label, delays_ns, stays_ns):
    """Why a client's path delays do not look corrected: a box that corrects nothing delays both directions by the
    same, so that offsets alone do not show it. `stays_ns`: the p50 of each way that its messages take in the box."""
    if not delays_ns or not stays_ns:
        return []
    p50, limit_ns = stats.quantile(delays_ns, 0.5), max(CABLE_NS, UNCORRECTED_PART * min(stays_ns))
    if p50 <= limit_ns:
        return []
    return [f"{label}: half of its path delays are above {in_ns(p50)} (limit {in_ns(limit_ns)}): the stay in the box is in them"]


class Follower:
    """A program that follows a master on its first port, and the offsets that it saw."""

    def __init__(self, label, program, samples):
        self.label = label
        self.program = program
        self._samples = samples  # () -> [(mono_s, offset_ns, path_delay_ns)]

    def samples(self, since_mono_s=0.0):
        return [sample for sample in self._samples() if sample[0] >= since_mono_s]

    def locked_at(self):
        """When the first offset below 1 us came, or None."""
        return next((mono_s for mono_s, offset_ns, _ in self._samples() if abs(offset_ns) < LOCKED_NS), None)

    def faults(self, since_mono_s, grandmaster):
        """Why it is not in sync, a list of reasons."""
        if not self.program.is_running():
            return [f"{self.label}: {self.program.argv[0]} has ended, status {self.program.status}:\n"
                    + self.program.tail()]
        state = self.program.states.get(1, "no state")
        if state not in programs.FOLLOWING:
            return [f"{self.label}: its port is {state}"]
        if self.program.grandmaster != grandmaster:
            return [f"{self.label}: follows {self.program.grandmaster}, the grandmaster is {grandmaster}"]
        if not self.samples(time.monotonic() - FRESH_S):
            return [f"{self.label}: no offset in the last {FRESH_S:.0f} s"]
        p50 = stats.quantile([abs(offset_ns) for _, offset_ns, _ in self.samples(since_mono_s)], 0.5)
        if p50 > IN_SYNC_NS:
            return [f"{self.label}: half of its offsets are above {in_ns(p50)} (limit {in_ns(IN_SYNC_NS)})"]
        return []


class Demo:
    config = LAB_CONFIG

    def __init__(self, box_program, seconds):
        self.box_program = box_program
        self.seconds = seconds

    def start(self, lab):
        self.lab = lab
        self.options = read_global_options(self.config)
        self.transport = self.options.get("network_transport", "L2" if not self.options else "UDPv4")
        self.common = {"domainNumber": self.options.get("domainNumber", 0),
                       "logSyncInterval": self.options.get("logSyncInterval", -3),
                       "logMinDelayReqInterval": self.options.get("logMinDelayReqInterval", -3),
                       "logAnnounceInterval": self.options.get("logAnnounceInterval", 0)}
        # A grandmaster that speaks up before the others give up waiting makes a quick start.
        self.gm = programs.Ptp4l(lab.gm, "eth0", "gm", transport=self.transport,
                                 options={**self.common, "logAnnounceInterval": -1})
        self.followers = self.start_box()
        for namespace in lab.clients:
            client = programs.Ptp4l(namespace, "eth0", "client", transport=self.transport, options=self.common)
            self.followers.append(Follower(namespace.name, client, self.raw_samples(client)))
        self.begin_s = time.monotonic()

    def start_box(self):
        """Sets self.box; a list of it as a follower."""
        if self.box_program == "ptp4l":
            self.box = programs.Ptp4l(self.lab.box, self.lab.ports, "bc", transport=self.transport, options=self.common)
            return [Follower("box", self.box, self.raw_samples(self.box))]
        self.box = programs.EbpfBc(self.lab.box, config=self.config)
        return [Follower("box", self.box,
                         lambda: [(o.mono_s, o.offset_ns, o.path_delay_ns) for o in list(self.box.offsets)])]

    @staticmethod
    def raw_samples(ptp4l):
        return lambda: list(ptp4l.monitor.raw_offsets)

    def elapsed_s(self):
        return time.monotonic() - self.begin_s

    def faults(self):
        half_s = self.begin_s + self.elapsed_s() / 2
        reasons = [] if self.gm.is_running() else [f"gm: ptp4l has ended:\n{self.gm.tail()}"]
        for follower in self.followers:
            reasons += follower.faults(half_s, self.gm.grandmaster)
        return reasons + self.box_faults(half_s)

    def ask_for_counters(self):
        """For what a line is to show the next time."""

    def box_faults(self, _since_mono_s):
        if not self.box.is_running():
            return []  # told of it as a follower
        states = {(number, port): self.box.states.get(number, "no state")
                  for number, port in enumerate(self.lab.ports[1:], 2)}
        return [f"box: port {number} ({port}) is {state}, not MASTER" for (number, port), state in states.items()
                if state != "MASTER"]

    @staticmethod
    def row(*cells):
        widths = (5, 5, 13, 11, 11, 11, 11, 8)
        return "".join(f"{cell:<{width}}" if i < 3 else f"{cell:>{width}}"
                       for i, (cell, width) in enumerate(zip(cells, widths)))

    def follower_row(self, follower, port):
        state = follower.program.states.get(1, "-")
        samples = follower.samples()
        recent = [abs(offset_ns) for _, offset_ns, _ in follower.samples(time.monotonic() - RECENT_S)]
        last = samples[-1] if samples else (None, None, None)
        p50, p99 = (stats.quantile(recent, 0.5), stats.quantile(recent, 0.99)) if recent else (None, None)
        return self.row(follower.label, port, state, in_ns(last[1]), in_ns(p50), in_ns(p99), in_ns(last[2]),
                        len(samples))

    def table(self):
        lines = [
            f"{os.path.basename(self.box.argv[0])} as a boundary clock: {self.elapsed_s():.0f} of {self.seconds:g} s",
            "All hosts share this machine's clock, so the clients (free-running ptp4l)",
            "leave it alone: they show the box's true error and stay UNCALIBRATED.",
            "",
            self.row("host", "port", "state", "offset", "p50 *", "p99 *", "path delay", "samples"),
            self.row("gm", "eth0", self.gm.states.get(1, "-"), "", "", "", "", "").rstrip()
            + f"       grandmaster {self.gm.grandmaster or '-'}",
            self.follower_row(self.followers[0], self.lab.ports[0]),
        ]
        for number, port in enumerate(self.lab.ports[1:], 2):
            lines.append(self.row("", port, self.box.states.get(number, "-"), "", "", "", "", ""))
        lines += [self.follower_row(follower, "eth0") for follower in self.followers[1:]]
        lines.append("")
        lines.append(f"The box follows {self.box.grandmaster or 'nobody yet'}.   * of |offset| in the last {RECENT_S:.0f} s")
        return [line.rstrip() for line in lines]

    def ports_word(self):
        return "ports " + " ".join(self.box.states.get(i + 1, "-") for i in range(len(self.lab.ports)))

    def plain_line(self):
        parts = [f"{self.elapsed_s():5.1f} s", self.ports_word()]
        for follower in self.followers:
            samples = follower.samples()
            parts.append(f"{follower.label} {in_ns(samples[-1][1] if samples else None)}")
        return ", ".join(parts)

    def summary(self):
        lines = ["", f"after {self.elapsed_s():.0f} s:"]
        for follower in self.followers:
            samples = follower.samples()
            locked_s, first_s = follower.locked_at(), samples[0][0] if samples else None
            when = "no offset at all" if not samples else f"first offset {in_ns(samples[0][1])}, never below 1 us"
            if locked_s is not None:
                when = (f"first offset {in_ns(samples[0][1])}; below 1 us {locked_s - first_s:.1f} s after it, "
                        f"{locked_s - self.begin_s:.1f} s after the start")
            half_s = self.begin_s + self.elapsed_s() / 2
            lines.append(f"  {follower.label:<4}{when}")
            lines.append(f"      second half: {stats.summary([o for _, o, _ in follower.samples(half_s)])}")
        faults = self.faults()
        lines += [f"  {reason}" for reason in faults]
        lines.append("verdict: in sync" if not faults else "verdict: NOT in sync")
        return lines, not faults

    def watch(self):
        is_terminal = sys.stdout.isatty()
        period_s = 0.5 if is_terminal else 2.0
        shown, next_s = 0, time.monotonic()
        while self.elapsed_s() < self.seconds and self.box.is_running() and self.gm.is_running():
            self.ask_for_counters()
            if is_terminal:
                columns = shutil.get_terminal_size().columns
                table = [line[:columns - 1] for line in self.table()]  # a wrapped line would count as two
                # Back to the table's first line, and each line cleared behind its new text.
                print((f"\033[{shown}F" if shown else "") + "".join(f"{line}\033[K\n" for line in table), end="",
                      flush=True)
                shown = len(table)
            else:
                print(self.plain_line(), flush=True)
            next_s += period_s
            time.sleep(max(0.0, min(next_s - time.monotonic(), self.seconds - self.elapsed_s())))
        if not is_terminal:
            print("\n".join(self.table()))


class TcDemo(Demo):
    """The box as a transparent clock: it follows nobody; its ports have no states, but count what they corrected."""

    config = TC_CONFIG

    def start_box(self):
        if self.box_program == "ptp4l":
            self.box = programs.Ptp4l(self.lab.box, self.lab.ports, "tc", transport=self.transport,
                                      options={**self.common, "clock_type": self.options["clock_type"]})
        else:
            self.box = programs.EbpfBc(self.lab.box, config=self.config)
            self.box.control_path = self.options["control_socket"]
        return []

    def link(self, number):
        states = self.box.find_all(rf"port {number} \(.*\): link (\w+)")
        return states[-1][1] if states else "-"

    def ways(self):
        """What the control socket tells: (ingress, egress, type, count, p50_ns) of all messages measured so far."""
        if self.box_program == "ptp4l" or not self.box.is_running():
            return []
        try:
            measured = programs.residences(self.box)["residences"]
        except (RuntimeError, ValueError):
            return []  # nothing passed yet, or it is about to end
        return [(one["ingress"], one["egress"], one["type"], one["total"]["count"], one["total"]["p50_ns"])
                for one in measured]

    def corrected(self):
        """{port: messages that it corrected}, as last told."""
        return {port: self.box.counters.get(number, {}).get("bpf_tx_corrected", 0)
                for number, port in enumerate(self.lab.ports, 1)}

    def ask_for_counters(self):
        # Not before it listens to signals, which is before its first link is up.
        if self.box_program != "ptp4l" and self.box.is_running() and self.link(1) != "-":
            self.box.signal(signal.SIGUSR1)

    def box_faults(self, since_mono_s):
        if not self.box.is_running():
            return [f"box: {self.box.argv[0]} has ended, status {self.box.status}:\n" + self.box.tail()]
        if self.box_program == "ptp4l":
            return []
        ways = self.ways()
        towards = {egress for _, egress, kind, _, _ in ways if kind == "sync"}
        reasons = [f"box: no Sync left by {port}" for port in self.lab.ports[1:] if port not in towards]
        if self.link(1) != "-":
            self.box.read_counters()
        reasons += [f"box: {port} corrected nothing" for port, count in self.corrected().items() if count == 0]
        for follower, port in zip(self.followers, self.lab.ports[1:]):
            stays_ns = [p50_ns for ingress, egress, _, _, p50_ns in ways
                        if {ingress, egress} == {self.lab.ports[0], port}]
            reasons += path_faults(follower.label, [delay_ns for _, _, delay_ns in follower.samples(since_mono_s)], stays_ns)
        return reasons

    @staticmethod
    def way_row(*cells):
        widths = (5, 5, 13, 21, 10, 11)
        return "".join(f"{cell:<{width}}" if i < 4 else f"{cell:>{width}}"
                       for i, (cell, width) in enumerate(zip(cells, widths)))

    def table(self):
        ways = self.ways()
        lines = [
            f"{os.path.basename(self.box.argv[0])} as a transparent clock: {self.elapsed_s():.0f} of {self.seconds:g} s",
            "All hosts share this machine's clock, so the clients (free-running ptp4l)",
            "leave it alone: they show the box's true error and stay UNCALIBRATED.",
            "",
            f"gm   eth0    {self.gm.states.get(1, '-'):<13}grandmaster {self.gm.grandmaster or '-'}",
        ]
        if self.box_program != "ptp4l":
            lines += ["", self.way_row("box", "port", "link", "left by it", "messages", "p50 stay")]
            for number, port in enumerate(self.lab.ports, 1):
                rows = sorted(way for way in ways if way[1] == port)
                for i, (ingress, _, kind, count, p50_ns) in enumerate(rows or [("", "", "", 0, None)]):
                    first = ("", port, self.link(number)) if i == 0 else ("", "", "")
                    what = f"{kind}, from {ingress}" if kind else "nothing yet"
                    lines.append(self.way_row(*first, what, count, in_ns(p50_ns)))
        lines += ["", self.row("host", "port", "state", "offset", "p50 *", "p99 *", "path delay", "samples")]
        lines += [self.follower_row(follower, "eth0") for follower in self.followers]
        lines += ["", "What is corrected is the time that messages stayed in the box" + (
            f" ({sum(self.corrected().values())} so far)" if self.box_program != "ptp4l" else "")
            + f".   * of |offset| in the last {RECENT_S:.0f} s"]
        return [line.rstrip() for line in lines]

    def ports_word(self):
        if self.box_program == "ptp4l":
            return super().ports_word()
        return "corrected " + " ".join(f"{port} {count}" for port, count in self.corrected().items())


def main():
    parser = argparse.ArgumentParser(
        prog="tests/demo", description="a ptp4l grandmaster, a boundary or transparent clock, and two ptp4l clients on this machine",
        epilog="Exit status: 0 in sync, 1 not, 128 + signal when interrupted.")
    parser.add_argument("--seconds", type=float, default=30, help="how long, default 30; settling takes about 10")
    parser.add_argument("--tc", action="store_true", help="the box as a transparent clock instead")
    parser.add_argument("--box", choices=("ebpf-bc", "ptp4l"), default="ebpf-bc",
                        help="the box; ptp4l for comparison: as a free-running boundary clock it passes on the "
                             "machine's clock")
    arguments = parser.parse_args()
    if not math.isfinite(arguments.seconds) or arguments.seconds <= 0:
        parser.error("--seconds must be more than 0")
    if os.geteuid() != 0:
        print("tests/demo: needs root, for network namespaces", file=sys.stderr)
        return 2
    demo = (TcDemo if arguments.tc else Demo)(arguments.box, round(arguments.seconds, 1))
    try:
        with Lab() as lab:
            demo.start(lab)
            demo.watch()
            lines, is_in_sync = demo.summary()
    except (RuntimeError, FileNotFoundError) as error:
        print(f"tests/demo: the lab cannot be built: {error}", file=sys.stderr)
        return 1
    # Only now: whoever reads the verdict may rely on everything being gone.
    session.current().close()
    print("\n".join(lines), flush=True)
    return 0 if is_in_sync else 1


if __name__ == "__main__":
    session.run_main(main)
