# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab of a chain of boundary clocks, all of one side, behind a grandmaster with a clock of its own:

    gm eth0 --- bc0 b1 bc1 --- bc0 b2 bc1 --- ... --- eth0 client

Cable i is 10.77.i.0/24; the end towards the grandmaster has address 1 there, the other one 2."""

import contextlib

from benchlib import rig
from benchlib.own_clock import OwnClock
from harness import load, network, programs, wire
from harness.rawport import RawPort

UP, DOWN = "bc0", "bc1"
# What a box can be, by name: the options of our program, or of ptp4l.
SIDES = {
    **{side: options for side, options in rig.BOXES.items() if side != rig.SOFTWARE},
    "ebpf-bc-driver": {"tx_stamp_point": "driver"},
    "ebpf-bc-tc-stamps": {"tx_stamp_point": "tc", "rx_stamp_point": "tc"},
}
# The servo whose settling takes longest.
PI_SETTLE_S, SETTLE_S = 40.0, 15.0
MAX_HOPS = 16
BULK_OCTETS = 1400
HEADERS_OCTETS = 42  # Ethernet, IPv4, UDP


def settle_s(side):
    return PI_SETTLE_S if SIDES[side].get("clock_servo") == "pi" else SETTLE_S


class Chain:
    """Namespaces, cables and the grandmaster, until the end of the block; boxes as they are started."""

    def __init__(self, side, n_hops, *, gm_clock, log_sync=-3, log_delay_req=-3, is_raw_logged=False,
                 egress_latency_ns=0):
        """egress_latency_ns: egressLatency of our boxes' ports that follow (ptp4l's stay at their default, 0)."""
        self.side = side
        self._up_options = {UP: {"egressLatency": egress_latency_ns}} if egress_latency_ns else None
        self.boxes, self.clocks, self.client = [], [], None
        self._is_raw_logged = is_raw_logged
        self._common = {"logSyncInterval": log_sync, "logMinDelayReqInterval": log_delay_req,
                        "logAnnounceInterval": 0}
        with contextlib.ExitStack() as stack:
            self.gm_host = stack.enter_context(network.Namespace("gm"))
            self.hosts = [stack.enter_context(network.Namespace(f"b{k + 1}")) for k in range(n_hops)]
            self.client_host = stack.enter_context(network.Namespace("client"))
            self._lay_cables()
            self.gm = programs.Ptp4l(self.gm_host, "eth0", "gm", env=gm_clock.env,
                                     options={**self._common, "logAnnounceInterval": -1})
            stack.callback(self.gm.stop)
            stack.callback(self._stop_followers)
            self.gm.wait_for_state(1, ("MASTER", "GRAND_MASTER"), 15)
            self._stack = stack.pop_all()

    def _lay_cables(self):
        ends = [(self.gm_host, "eth0")] + [end for host in self.hosts for end in ((host, UP), (host, DOWN))]
        ends.append((self.client_host, "eth0"))
        for i, ((near, near_port), (far, far_port)) in enumerate(zip(ends[::2], ends[1::2])):
            network.cable(near, near_port, far, far_port)
            near.add_address(near_port, f"10.77.{i}.1/24")
            far.add_address(far_port, f"10.77.{i}.2/24")

    def _stop_followers(self):
        for follower in reversed(self.programs[1:]):
            follower.stop()

    def start_box(self):
        """The next box of the chain, START_OFFSET_NS wrong. Returns what tells its clock: the program, or its OwnClock."""
        host = self.hosts[len(self.boxes)]
        options = {**self._common, **SIDES[self.side], "summary_interval": 4}
        if rig.is_ours(self.side):
            box = programs.EbpfBc(host, [UP, DOWN], program=rig.program_of(self.side), config={
                "clock_type": "BC", "priority1": 200, "network_transport": "L2", "utc_offset": 0,
                "virtual_clock_start_offset": rig.START_OFFSET_NS, **options},
                port_options=self._up_options, arguments=["-l", "7"] if self._is_raw_logged else [])
            clock = box
        else:
            clock = OwnClock(offset_ns=rig.START_OFFSET_NS)
            box = programs.Ptp4l(host, [UP, DOWN], "bc", with_monitor=False, env=clock.env, options={
                "free_running": 0, "freq_est_interval": 1, "priority1": 200, **options})
        self.boxes.append(box)
        self.clocks.append(clock)
        return clock

    def tap(self):
        """A packet socket for wait_for_first_sync(), to be opened before the first box is started."""
        return RawPort(self.hosts[0], UP)

    def wait_for_first_sync(self, port):
        """time.monotonic() of the first Sync that the first box can use."""
        box = self.boxes[0]
        # Whatever comes before is not the box's to use: it has not opened the port.
        box.wait_for(r"port 1.*INITIALIZING to LISTENING", 10)
        listening_s = box.state_changes[0].mono_s
        return port.wait_for(lambda c: c.mono_s >= listening_s and c.ptp is not None
                             and c.ptp.message.type == wire.SYNC, 5, "a Sync").mono_s

    def start_further_boxes(self):
        """One after the other: a box that follows one which is not set yet would be set wrong first, and then creep."""
        while len(self.boxes) < len(self.hosts):
            self._wait_until_serving(self.boxes[-1])
            self.start_box()

    def start_client(self, side):
        """An unmodified ptp4l that follows the last box, as wrong as the boxes were. Returns its OwnClock."""
        self._wait_until_serving(self.boxes[-1])
        clock = OwnClock(offset_ns=rig.START_OFFSET_NS)
        self.client = programs.Ptp4l(self.client_host, "eth0", "client", with_monitor=False, env=clock.env, options={
            "free_running": 0, "freq_est_interval": 1, **self._common, **SIDES[side], "summary_interval": 4})
        return clock

    @staticmethod
    def _wait_until_serving(box):
        box.wait_for_state(1, "SLAVE", 60)
        box.wait_for_state(2, "MASTER", 20)

    @contextlib.contextmanager
    def bulk(self, mbit_per_s):
        """UDP from the grandmaster's host to the client's, routed by each box, within the block; 0 is none."""
        if not mbit_per_s:
            yield
            return
        target = f"10.77.{len(self.hosts)}.2"
        for i, host in enumerate([self.gm_host, *self.hosts[:-1]]):
            host.ip("route", "add", target, "via", f"10.77.{i}.2")
        for host in self.hosts:
            host.sysctl("net/ipv4/ip_forward", 1)
        per_s = mbit_per_s * 1e6 / 8 / (BULK_OCTETS + HEADERS_OCTETS)
        flood = load.UdpFlood(self.gm_host, target, size=BULK_OCTETS, rate_per_s=per_s)
        try:
            yield
        finally:
            flood.kill()

    @property
    def programs(self):
        return [self.gm, *self.boxes, *([self.client] if self.client else [])]

    def state_changes_since(self, mono_s):
        return [(program.name, change) for program in self.programs for change in program.state_changes
                if change.mono_s >= mono_s]

    def tails(self):
        return "\n".join(program.tail() for program in self.programs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()
