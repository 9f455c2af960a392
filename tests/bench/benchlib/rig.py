# SPDX-License-Identifier: GPL-2.0-or-later
"""The rig: a ptp4l grandmaster, what is compared (a cable, our box, ptp4l as a box), a client's host.

A ptp4l box has a clock of its own (own_clock.c): without it, it would serve the very clock that the
grandmaster has, and its servo could do nothing wrong."""

import contextlib
import os

from benchlib.built import built
from benchlib.own_clock import OwnClock
from harness import network, programs
from harness.lab import Lab
from harness.process import Process

# What stands between grandmaster and client, by name: our program's options, or ptp4l's.
CABLE = "cable"
OURS = "ebpf-bc"
SOFTWARE = "ebpf-bc-software"
BOXES = {
    OURS: {},
    "ebpf-bc-other": {},  # another build, see --other-build
    "ebpf-bc-start-xmit": {"tx_stamp_point": "start_xmit"},
    # Stamps by sockets; its virtual clock is in no map that true_time.py could read.
    SOFTWARE: {"time_stamping": "software", "local_clock": "virtual"},
    "ebpf-bc-pi": {"clock_servo": "pi"},
    "ebpf-bc-linreg": {"clock_servo": "linreg"},
    "ptp4l": {"clock_servo": "linreg"},
    "ptp4l-pi": {"clock_servo": "pi"},
}
# At a box's start, so that there is something to follow.
START_OFFSET_NS = 100_000_000


def is_ours(name):
    return name.startswith(OURS)


def program_of(name):
    """The program of one of our sides; None for the one under test."""
    return os.environ["EBC_OTHER_PROGRAM"] if name == "ebpf-bc-other" else None


class Rig:
    """Namespaces and programs of one leg, from the start of the grandmaster to the end of everything."""

    def __init__(self, name, *, log_sync=-4, log_delay_req=-3, n_clients=1, gm_clock=None, box_options=None,
                 summary_interval=4, preload=True, starts_box=True, gm_program="ptp4l"):
        self.name, self.log_sync = name, log_sync
        self.gm_clock = gm_clock
        self.box = None
        self.box_clock = None  # ptp4l's own
        self._box_options = {"summary_interval": summary_interval, **(box_options or {})}
        self._preload = preload
        self._common = {"logSyncInterval": log_sync, "logMinDelayReqInterval": log_delay_req,
                        "logAnnounceInterval": 0}
        with contextlib.ExitStack() as stack:
            if name == CABLE:
                self.gm_host = stack.enter_context(network.Namespace("gm"))
                self.clients = [stack.enter_context(network.Namespace("c1"))]
                network.cable(self.gm_host, "eth0", self.clients[0], "eth0")
                self.lab = None
            else:
                self.lab = stack.enter_context(Lab(n_clients))
                self.gm_host, self.clients = self.lab.gm, self.lab.clients
            self.gm = self._start_gm(gm_program)
            stack.callback(self.gm.stop)
            stack.callback(self._stop_box)
            self.gm.wait_for_state(1, ("MASTER", "GRAND_MASTER"), 15)
            if self.lab and starts_box:
                self.start_box()
                self.box.wait_for_state(1, "SLAVE" if is_ours(name) or preload else programs.FOLLOWING, 60)
                for port in range(2, len(self.lab.ports) + 1):
                    self.box.wait_for_state(port, "MASTER", 20)
            self._stack = stack.pop_all()

    def _start_gm(self, gm_program):
        """ptp4l, or our own program, which then serves the machine's clock as it is."""
        options = {**self._common, "logAnnounceInterval": -1}
        if gm_program == OURS:
            return programs.EbpfBc(self.gm_host, ["eth0"], config={
                "priority1": 10, "network_transport": "L2", "utc_offset": 0, **options})
        return programs.Ptp4l(self.gm_host, "eth0", "gm", options=options,
                              env=self.gm_clock.env if self.gm_clock else None)

    def start_box(self):
        options = {**self._common, **BOXES[self.name], **self._box_options}
        if is_ours(self.name):
            self.box = programs.EbpfBc(self.lab.box, self.lab.ports, config={
                "clock_type": "BC", "priority1": 200, "network_transport": "L2", "utc_offset": 0,
                "virtual_clock_start_offset": START_OFFSET_NS, **options}, program=program_of(self.name))
        else:
            clock = self.box_clock = OwnClock(START_OFFSET_NS) if self._preload else None
            self.box = programs.Ptp4l(
                self.lab.box, self.lab.ports, "bc", with_monitor=False, env=clock.env if clock else None,
                options={"free_running": 0 if clock else 1, "freq_est_interval": 1, "priority1": 200, **options})

    def _stop_box(self):
        if self.box:
            self.box.stop()

    def stop_box(self):
        self._stop_box()
        self.box = None

    @property
    def programs(self):
        return [program for program in (self.gm, self.box) if program]

    def state_changes_since(self, mono_s):
        return [(program.name, change) for program in self.programs for change in program.state_changes
                if change.mono_s >= mono_s]

    def start_probe(self, seconds, requests_per_s, client=0):
        return Process([built("bench-probe"), "eth0", seconds, requests_per_s], namespace=self.clients[client],
                       name="probe")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()
